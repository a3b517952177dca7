/** A text that templates put together is followed up to this length, and where it may be one of so many. */
const MAX_TEXT = 200;
const MAX_TEXTS = 200;

/** The functions that make names of keys; undefined where what they make isn't certain. */
const FOLDS: ReadonlyMap<string, (...texts: string[]) => string | undefined> = new Map<
  string,
  (...texts: string[]) => string | undefined
>([
  ['print', (...texts) => texts.join('')],
  ['printf', (format = '', ...texts) => formatted(format, texts)],
  ['toString', (text) => text],
  ['lower', (text) => text?.toLowerCase()],
  ['upper', (text) => text?.toUpperCase()],
  ['trim', (text) => text?.trim()],
  ['trimPrefix', (prefix = '', text = '') => (text.startsWith(prefix) ? text.slice(prefix.length) : text)],
  [
    'trimSuffix',
    (suffix = '', text = '') => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text),
  ],
  ['replace', (from = '', to = '', text = '') => text.replaceAll(from, () => to)],
  ['camelcase', (text = '') => camelCase(text)],
  ['untitle', (text = '') => (/^\S+$/.test(text) ? text.replace(/^./, (letter) => letter.toLowerCase()) : undefined)],
]);

function formatted(format: string, texts: readonly string[]): string | undefined {
  const verbs = format.match(/%./g) ?? [];
  if (verbs.length !== texts.length || !verbs.every((verb) => verb === '%s' || verb === '%v')) return undefined;
  let next = 0;
  return format.replace(/%./g, () => texts[next++] ?? '');
}

/** Of plain lower case words only: how others come out depends on the version of sprig. */
function camelCase(text: string): string | undefined {
  if (!/^[a-z][a-z0-9]*(?:[_-][a-z][a-z0-9]*)*$/.test(text)) return undefined;
  return text.replace(/(?:^|[_-])(.)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * What a function makes of texts that are known, such as the names of keys; each argument may be one of several. Undefined where
 * that isn't certain.
 */
export function textsFrom(name: string, args: readonly (readonly string[])[]): string[] | undefined {
  const fold = FOLDS.get(name);
  if (!fold || args.reduce((product, own) => product * own.length, 1) > MAX_TEXTS) return undefined;
  const combinations = args.reduce<string[][]>(
    (all, own) => all.flatMap((list) => own.map((text) => [...list, text])),
    [[]],
  );
  const texts = combinations.map((list) => fold(...list));
  return texts.every((text) => text !== undefined && text.length <= MAX_TEXT) ? (texts as string[]) : undefined;
}
