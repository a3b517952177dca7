import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { relativePath } from '../below.ts';
import { repositoryRoot } from '../repository.ts';
import { type GitResult, git } from './git.ts';

export interface CommitChanges {
  /** Absolute; a submodule ends with `/`. What isn't UTF-8 in a name is U+FFFD. */
  paths: string[];
  /** Why git could not tell, where there is a repository. */
  failure?: string;
}

export interface CommitOptions {
  /** Absolute. */
  cwd: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}

/**
 * What the commit in the making changes: what it deletes, and with `all` the rest too. That is the index against HEAD; where
 * pre-commit runs for a push or for two revisions, what lies between these, from where they parted (`pre-commit run --from-ref`).
 * Renamed is deleted and added. Outside of a repository there is nothing. Rejects only when aborted.
 */
export async function changedByCommit(all: boolean, options: CommitOptions): Promise<CommitChanges> {
  const { env = process.env } = options;
  if (!isRepository(options)) return { paths: [] };
  const diff = (...what: string[]) => {
    const filter = all ? [] : ['--diff-filter=D'];
    const args = ['--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff', '--no-textconv', ...filter];
    return git(['diff', ...args, ...what, '--'], options);
  };
  const { PRE_COMMIT_FROM_REF: from, PRE_COMMIT_TO_REF: to } = env;
  const [top, result] = await Promise.all([
    git(['rev-parse', '--show-toplevel'], options),
    from && to ? between(from, to, diff) : diff('--cached', '--ignore-submodules=none'),
  ]);
  if (top.kind !== 'ok') return { paths: [], failure: describe(top) };
  if (result.kind !== 'ok') return { paths: [], failure: describe(result) };
  return { paths: pathsOf(result.stdout, firstLine(top.stdout)) };
}

/**
 * What files held before the commit in the making, by the absolute paths that were asked for; those that it adds, and all where
 * git can't tell, are left out. Rejects only when aborted.
 */
export async function contentsBefore(paths: readonly string[], options: CommitOptions): Promise<Map<string, string>> {
  const { env = process.env } = options;
  const contents = new Map<string, string>();
  if (!isRepository(options)) return contents;
  const top = await git(['rev-parse', '--show-toplevel'], options);
  if (top.kind !== 'ok') return contents;
  const inside = (path: string) => relativePath(firstLine(top.stdout), path);
  const asked = paths.filter((path) => !/\n|\ufffd/.test(path) && !inside(path).startsWith('../'));
  const input = asked.map((path) => `${env.PRE_COMMIT_FROM_REF || 'HEAD'}:${inside(path)}\n`).join('');
  const result = await git(['cat-file', '--batch'], { ...options, input });
  if (result.kind !== 'ok') return contents;
  const { stdout } = result;
  let at = 0;
  for (const path of asked) {
    const end = stdout.indexOf('\n', at);
    const header = stdout.toString('utf8', at, end);
    at = end + 1;
    const [, type, size] = /^[0-9a-f]+ (\w+) (\d+)$/.exec(header) ?? [];
    if (size === undefined) continue;
    if (type === 'blob') contents.set(path, stdout.toString('utf8', at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

function isRepository({ cwd, env = process.env }: CommitOptions): boolean {
  return Boolean(env.GIT_DIR) || existsSync(join(repositoryRoot(cwd), '.git'));
}

function firstLine(output: Buffer): string {
  return output.toString('utf8').replace(/\r?\n$/, '');
}

/** From where two revisions parted; where they have nothing in common, all that differs, as pre-commit has it. */
async function between(from: string, to: string, diff: (...what: string[]) => Promise<GitResult>): Promise<GitResult> {
  const result = await diff('--end-of-options', `${from}...${to}`);
  return result.kind === 'failed' ? diff('--end-of-options', `${from}..${to}`) : result;
}

/** `:100644 000000 1f7391f… 0000000… D`, and after a NUL the path: gitdiff-core(7), git-diff(1) on `--raw -z`. */
function pathsOf(output: Buffer, top: string): string[] {
  const parts = output.toString('utf8').split('\0');
  const paths: string[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const isSubmodule = parts[i]?.startsWith(':160000 ') ?? false;
    paths.push(`${join(top, parts[i + 1] ?? '')}${isSubmodule ? '/' : ''}`);
  }
  return paths;
}

function describe(result: Exclude<GitResult, { kind: 'ok' }>): string {
  if (result.kind === 'missing') return 'there is no git on PATH';
  const [line = ''] = result.stderr.split('\n').filter((text) => /^(fatal|error): /.test(text));
  return `git can't tell: ${line.replace(/^\w+: /, '') || 'it says nothing'}`;
}
