import { resolve } from 'node:path';
import { relativePath } from '../below.ts';
import { UsageError } from '../usage-error.ts';
import { askGit, firstError, type GitOptions, gitOutput } from './ask.ts';

/** The git repository of a working directory. */
export interface Repository {
  /** Absolute: where its work tree starts. */
  root: string;
  /** The working directory relative to it, with `/`; `''` at the root. */
  prefix: string;
  /** Absolute: where git keeps what all work trees of the repository share. */
  commonDirectory: string;
  /** Its history was cut off when it was cloned. */
  shallow: boolean;
  /** For asking git at its root. */
  git: GitOptions;
}

/** Finds the repository that a directory stands in. Throws UsageError where there is none, or none with a work tree. */
export async function openRepository(options: GitOptions): Promise<Repository> {
  const { cwd } = options;
  const asked = await askGit(
    ['rev-parse', '--is-inside-work-tree', '--is-shallow-repository', '--git-common-dir'],
    options,
  );
  if (asked.code !== 0) {
    if (/not a git repository/.test(asked.stderr)) {
      throw new UsageError('--since: this directory is in no git repository: there is no other side to compare with');
    }
    throw new UsageError(`--since: git can't read this repository: ${firstError(asked.stderr)}`);
  }
  const [inside, shallow, ...common] = asked.stdout.toString().split('\n');
  if (inside !== 'true') {
    throw new UsageError('--since: this git repository has no work tree here: run it where the files are checked out');
  }
  const up = (await gitOutput(['rev-parse', '--show-cdup'], options)).toString().replace(/\n$/, '');
  const root = resolve(cwd, up);
  return {
    root,
    prefix: relativePath(root, cwd),
    commonDirectory: resolve(cwd, common.join('\n').replace(/\n$/, '')),
    shallow: shallow === 'true',
    git: { ...options, cwd: root },
  };
}
