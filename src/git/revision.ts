import { nearestOf } from '../nearest.ts';
import { UsageError } from '../usage-error.ts';
import { askGit, firstError, gitOutput } from './ask.ts';
import type { Repository } from './repository.ts';

/** The commit that is compared with. */
export interface Revision {
  /** As it was asked for. */
  ref: string;
  /** In full: where HEAD left `ref`, which is what a review of HEAD compares with; `ref` itself where nobody knows. */
  commit: string;
  /** Why it is `ref` itself. */
  note?: string;
}

/** Finds the commit that HEAD is to be compared with. Throws UsageError, with what to run, where it isn't there. */
export async function resolveRevision(ref: string, repository: Repository): Promise<Revision> {
  const { git, shallow } = repository;
  const tip = await commitOf(ref, repository);
  if (tip === undefined) throw new UsageError(await missing(ref, repository));
  const { code, stdout, stderr } = await askGit(['merge-base', '--end-of-options', tip, 'HEAD'], git);
  const base = stdout.toString().trim().split('\n')[0];
  if (code === 0 && base) return { ref, commit: base };
  if (code > 1 && (await commitOf('HEAD', repository)) !== undefined) {
    throw new UsageError(`--since: git can't compare ${ref} with HEAD: ${firstError(stderr)}`);
  }
  const why = shallow
    ? 'this clone is shallow, so that nobody knows where HEAD left it'
    : `HEAD and ${ref} have no commit in common`;
  return { ref, commit: tip, note: `compared with ${ref} itself: ${why}` };
}

async function commitOf(ref: string, { git }: Repository): Promise<string | undefined> {
  // git takes no name that starts so for a revision, but for an option.
  if (ref.startsWith('-') || ref.includes('\0') || ref === '') return undefined;
  const { code, stdout } = await askGit(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`],
    git,
  );
  const commit = stdout.toString().trim();
  return code === 0 && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
}

/** Says of a revision that isn't there which one might be meant, and how to get it. */
async function missing(ref: string, repository: Repository): Promise<string> {
  const { git, shallow } = repository;
  const output = await gitOutput(['for-each-ref', '--format=%(refname)'], git);
  const names = output
    .toString()
    .split('\n')
    .filter((name) => name !== '' && !name.endsWith('/HEAD'))
    .map((name) => name.replace(/^refs\/(?:heads|tags|remotes)\//, ''));
  if (names.length === 0 && (await commitOf('HEAD', repository)) === undefined) {
    return `--since ${ref}: this repository has no commits yet: there is nothing to compare with`;
  }
  const same = names.filter((name) => name.endsWith(`/${ref}`) || ref.endsWith(`/${name}`));
  const near = same.length > 0 ? same.slice(0, 3) : [nearestOf(ref, names)].filter((name) => name !== undefined);
  const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '';
  const what = `--since ${ref}: there is no such commit in this clone${shallow ? ', which is shallow' : ''}${hint}`;
  const fetch = await fetchOf(ref, repository);
  if (fetch === undefined) return what;
  return `${what}\nto get it: ${fetch} (with actions/checkout: fetch-depth: 0)`;
}

/** The command that brings a revision, undefined for what is no plain name of one or where there is nowhere to get it. */
async function fetchOf(ref: string, { git, shallow }: Repository): Promise<string | undefined> {
  const remotes = (await gitOutput(['remote'], git)).toString().split('\n').filter(Boolean);
  const named = remotes.find((remote) => ref.startsWith(`${remote}/`));
  const remote = named ?? (remotes.includes('origin') ? 'origin' : remotes[0]);
  if (remote === undefined) return undefined;
  if (/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(ref)) return `git fetch --depth=1 ${remote} ${ref}`;
  if (!/^[\w][\w./-]*$/.test(ref)) return shallow ? `git fetch --unshallow ${remote}` : undefined;
  const branch = named === undefined ? ref : ref.slice(named.length + 1);
  const then = named === undefined ? `, then --since ${remote}/${branch}` : '';
  return `git fetch --depth=1 ${remote} ${branch}:refs/remotes/${remote}/${branch}${then}`;
}
