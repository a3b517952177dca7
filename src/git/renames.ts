import { lstatSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gitOutput, zeroTerminated } from './ask.ts';
import type { Repository } from './repository.ts';
import type { TreeEntry } from './tree.ts';
import { stands, type WorkTree } from './work-tree.ts';

/** More of them are not compared but by their whole content, as `diff.renameLimit` has it. */
const LIMIT = 1000;
const MAX_BYTES = 50_000_000;

/**
 * The files of a commit that have another name in the work tree, as git detects renames: old path → new path, from the root of the
 * repository. An index and objects of its own, below `scratch`, stand for the work tree, so that neither the repository's are touched
 * nor filters are run. Paths that aren't UTF-8 are left out. Throws UsageError.
 */
export async function findRenames(
  commit: string,
  entries: readonly TreeEntry[],
  workTree: WorkTree,
  repository: Repository,
  scratch: string,
): Promise<Map<string, string>> {
  const { root, git, commonDirectory } = repository;
  const old = new Map(
    entries.filter(({ kind }) => kind === 'file').map(({ id, path }) => [path.toString('latin1'), id]),
  );
  const { present, sparse } = workTree;
  const deleted = [...old.keys()].filter((path) => !present.has(path) && !sparse.has(path) && !stands(path, root));
  const known = new Set(entries.map(({ path }) => path.toString('latin1')));
  const added = [...present].filter((path) => !known.has(path) && isText(path)).filter((path) => isSmall(path, root));
  if (deleted.length === 0 || added.length === 0) return new Map();

  const objects = join(scratch, 'objects');
  await mkdir(objects, { recursive: true, mode: 0o700 });
  const own = { GIT_INDEX_FILE: join(scratch, 'index'), GIT_OBJECT_DIRECTORY: objects };
  const env = { ...own, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(commonDirectory, 'objects') };
  const ask = (args: string[], input?: string) =>
    gitOutput(args, { ...git, env, ...(input === undefined ? {} : { input }) });
  const names = added.map((path) => Buffer.from(path, 'latin1').toString());
  // Without the repository's objects at hand: git would set the time of those that it finds there anew.
  const ids = await gitOutput(['hash-object', '-w', '--no-filters', '--stdin-paths'], {
    ...git,
    env: own,
    input: `${names.join('\n')}\n`,
  });
  await ask(['read-tree', commit]);
  const gone = deleted.filter(isText).map((path) => `0 ${'0'.repeat(commit.length)}\t${fromLatin1(path)}\0`);
  const come = ids
    .toString()
    .trim()
    .split('\n')
    .map((id, i) => `100644 ${id}\t${names[i]}\0`);
  await ask(['update-index', '-z', '--index-info'], [...gone, ...come].join(''));
  const diff = await ask([
    ...['diff-index', '--cached', '--raw', '-z', '-M', `-l${LIMIT}`, '--diff-filter=R', '--no-ext-diff'],
    ...['--no-textconv', '--ignore-submodules=all', commit, '--'],
  ]);
  const renames = new Map<string, string>();
  const parts = [...zeroTerminated(diff)];
  // `:100644 100644 <id> <id> R097`, the old path, the new path.
  for (let i = 0; i + 2 < parts.length; i += 3) renames.set(String(parts[i + 1]), String(parts[i + 2]));
  return renames;
}

function fromLatin1(path: string): string {
  return Buffer.from(path, 'latin1').toString();
}

/** Whether a path can be given to git in a line of text. */
function isText(path: string): boolean {
  const text = fromLatin1(path);
  return !text.includes('\ufffd') && !/[\n"]/.test(text);
}

function isSmall(path: string, root: string): boolean {
  try {
    const stats = lstatSync(join(root, fromLatin1(path)));
    return stats.isFile() && stats.size <= MAX_BYTES;
  } catch {
    return false;
  }
}
