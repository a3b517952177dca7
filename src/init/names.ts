/** Directories whose children are environments, whatever they are called. */
const PARENTS: ReadonlySet<string> = new Set(['overlays', 'environments', 'envs', 'clusters', 'stages']);

/** Words by which teams know an environment. */
const WORDS: ReadonlySet<string> = new Set(
  'prod production prd live preprod prelive nonprod stage staging stg dev develop development qa uat sandbox sbx dr'.split(
    ' ',
  ),
);

/** Words that name environments only beside those: alone, they are where a repository tests or shows itself. */
const WORDS_OF_TESTS: ReadonlySet<string> = new Set(
  'test testing smoke local ci e2e int integration preview review canary'.split(' '),
);

/** Parts of a repository that show or test something, or serve it itself: nothing of them is deployed. */
const SHOWN = /^(demos?|examples?|samples?|tests|testdata|fixtures|__tests__|docs?|tutorials?|vendor|\..+)$/i;

/**
 * The environment that the relative path of a directory speaks of: `clusters/prod/apps` → prod. A child of `overlays` and the like is
 * one, as is a part that is `known` as one; else the last part that sounds like one.
 */
export function environmentOfPath(path: string, known: ReadonlySet<string> = new Set()): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const child = parts.find((part, i) => PARENTS.has(parts[i - 1] ?? '') && !PARENTS.has(part));
  return child ?? parts.findLast((part) => known.has(part)) ?? parts.findLast(isEnvironment);
}

/** The same for a file, whose name may hold more than that: `certificate-production.yaml` → production. */
export function environmentOfFile(path: string, known: ReadonlySet<string> = new Set()): string | undefined {
  const parts = path.replace(/\.\w+$/, '').split('/');
  const name = parts.pop() ?? '';
  if (known.has(name)) return name;
  const tokens = name.split(/(?<=[-_.])/);
  const first = tokens.findIndex(isEnvironment);
  const directory = environmentOfPath(parts.join('/'), known);
  return first === -1 || (directory !== undefined && known.has(directory)) ? directory : tokens.slice(first).join('');
}

/** Whether a directory's place says that it is an environment: `overlays/acme`. */
export function isChildOfEnvironments(path: string): boolean {
  return PARENTS.has(path.split('/').at(-2) ?? '');
}

/**
 * Whether a name is one of an environment beside others that the repository gives: `prod` is by itself, `acme-staging` where there is
 * `acme-prod`, and `manifest_uat` alone isn't.
 */
export function isOneOf(name: string, names: ReadonlySet<string>): boolean {
  const own = tokens(name);
  if (own.length === 1) return true;
  return [...names].some((other) => other !== name && tokens(other).some((token) => own.includes(token)));
}

/** Whether a word names an environment, by itself or with what tells it from others: `prod`, `prod-eu`, `acme-staging`. */
function isEnvironment(word: string): boolean {
  return isSurelyEnvironment(word) || tokens(word).some((token) => WORDS_OF_TESTS.has(token));
}

/** Whether a word names an environment wherever it stands. */
export function isSurelyEnvironment(word: string): boolean {
  return tokens(word).some((token) => WORDS.has(token));
}

function tokens(word: string): string[] {
  return word.toLowerCase().split(/[-_.]/);
}

/** Whether a relative path is that of an example, a test or a document, and not of something that is deployed. */
export function isShown(path: string): boolean {
  return shownDirectory(path) !== undefined;
}

/** The directory that says so of a relative path: `docs/examples`. */
export function shownDirectory(path: string): string | undefined {
  const parts = path.split('/');
  const end = parts.findIndex((part) => PARENTS.has(part));
  const before = parts.slice(0, end === -1 ? undefined : end);
  const at = parts[0] === 'test' ? 0 : before.findIndex((part) => part !== '..' && SHOWN.test(part));
  return at === -1 ? undefined : parts.slice(0, at + 1).join('/');
}

/** The environment that a values file is for, by its name or its directory: `values-prod.yaml`, `prod/values.yaml`. */
export function environmentOfValues(path: string): string | undefined {
  return environmentOfFile(path.replace(/[-_.]values(?=\.ya?ml$)/, ''));
}
