import { constants, copyFileSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, parse, relative, resolve } from 'node:path';
import { isBelow, relativePath } from '../below.ts';
import type { Environment } from '../config/config.ts';
import { filesOfTarget } from '../config/select.ts';
import { exportCommit, type Gap } from '../git/export.ts';
import { findRenames } from '../git/renames.ts';
import type { Repository } from '../git/repository.ts';
import { listTree } from '../git/tree.ts';
import { listWorkTree } from '../git/work-tree.ts';
import type { SourceFiles } from '../source.ts';
import { UsageError } from '../usage-error.ts';
import { oldDirectories } from './same.ts';

/** What a commit held, laid out in a directory of its own. */
export interface OtherSide {
  /** Absolute: what stands for the root of the repository. */
  root: string;
  /** Absolute: what stands for the working directory. */
  cwd: string;
  /** Files with another name today: old → new, from the root of the repository. */
  renames: ReadonlyMap<string, string>;
  /** What could not be laid out. */
  gaps: readonly Gap[];
}

/**
 * Lays out what a commit held below a private directory. What git ignores is in no commit, nor is what is outside of the repository: what
 * today's environments read of it stands at both sides. Throws UsageError.
 */
export async function layOut(
  commit: string,
  repository: Repository,
  today: { environments: readonly Environment[]; sources: SourceFiles },
  directory: string,
): Promise<OtherSide> {
  const { root, prefix } = repository;
  // Below the whole of its path: what leads out of the repository leads to what stands for that.
  const tree = join(realpathSync(directory), 'tree');
  const there = join(tree, pathIn(root) || 'root');
  // What searches for the root of the repository finds it here.
  mkdirSync(join(there, '.git', 'info'), { recursive: true, mode: 0o700 });
  const exclude = await readFile(join(repository.commonDirectory, 'info', 'exclude')).catch(() => undefined);
  if (exclude) writeFileSync(join(there, '.git', 'info', 'exclude'), exclude, { mode: 0o600 });
  const [entries, workTree] = await Promise.all([listTree(commit, repository.git), listWorkTree(repository)]);
  const renames = await findRenames(commit, entries, workTree, repository, join(directory, 'scratch'));
  const gaps = await exportCommit(commit, entries, repository, there, workTree.sparse);
  const moved = oldDirectories(renames);
  const cwd = join(there, entries.some(({ path }) => isIn(path, prefix)) ? prefix : formerly(prefix, moved));
  try {
    mkdirSync(cwd, { recursive: true, mode: 0o700 });
  } catch {
    throw new UsageError(`--since: ${prefix} was no directory then: run it at the root of the repository`);
  }
  const known = new Set([...workTree.present, ...entries.map(({ path }) => path.toString('latin1'))]);
  for (const file of await filesRead(today)) {
    if (!isBelow(file, root)) {
      copyInto(tree, file, join(tree, pathIn(file)));
      continue;
    }
    const path = relativePath(root, file);
    // Below what is known are the files of a submodule.
    if (pathsTo(path).some((at) => known.has(Buffer.from(at).toString('latin1')))) continue;
    for (const place of new Set([path, formerly(path, moved)])) copyInto(there, file, resolve(there, place));
  }
  return { root: there, cwd, renames, gaps };
}

/** An absolute path without what it starts at: `/`, or a drive. */
function pathIn(path: string): string {
  return relative(parse(path).root, path);
}

/** Absolute paths of all that environments read. */
async function filesRead({
  environments,
  sources,
}: {
  environments: readonly Environment[];
  sources: SourceFiles;
}): Promise<Set<string>> {
  const files = new Set(environments.flatMap(({ existing }) => existing));
  const targets = environments.flatMap((environment) => environment.targets);
  for (const target of targets) for (const file of await filesOfTarget(target, sources)) files.add(file);
  return files;
}

/** A path, and those of the directories above it. */
function pathsTo(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

function isIn(path: Buffer, directory: string): boolean {
  return path.subarray(0, Buffer.byteLength(directory) + 1).equals(Buffer.from(`${directory}/`));
}

/** Where something stood before it, or a directory that holds it, got another name. */
function formerly(path: string, moved: ReadonlyMap<string, string>): string {
  for (let directory = path; directory !== '' && directory !== '.'; directory = dirname(directory)) {
    const old = moved.get(directory);
    if (old !== undefined) return old + path.slice(directory.length);
  }
  return path;
}

/** Copies a file to a path below `root`, unless something is there or a link of the commit leads out of it. */
export function copyInto(root: string, from: string, to: string): void {
  try {
    if (!statSync(from).isFile() || !isBelow(realParent(to), root)) return;
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  } catch {
    // It stood there before, or can't be read: then neither side gets it.
  }
}

/** The nearest directory above a path that is there, links resolved. */
function realParent(path: string): string {
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    try {
      return realpathSync(parent);
    } catch {
      if (dirname(parent) === parent) return parent;
    }
  }
}
