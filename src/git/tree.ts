import { type GitOptions, gitOutput, zeroTerminated } from './ask.ts';

/** Something that a commit holds. */
export interface TreeEntry {
  kind: 'file' | 'link' | 'submodule';
  /** Of its content; of a submodule, its commit. */
  id: string;
  /** Its path in the repository as bytes: it needn't be UTF-8. */
  path: Buffer;
}

const KINDS = new Map<string, TreeEntry['kind']>([
  ['100', 'file'],
  ['120', 'link'],
  ['160', 'submodule'],
]);

/** Everything that a commit holds. `commit` is an object's id. Throws UsageError where its trees aren't all there. */
export async function listTree(commit: string, options: GitOptions): Promise<TreeEntry[]> {
  const output = await gitOutput(['ls-tree', '-r', '-z', '--full-tree', commit], options);
  const entries: TreeEntry[] = [];
  for (const line of zeroTerminated(output)) {
    const tab = line.indexOf(0x09);
    const [mode = '', , id = ''] = line.toString('latin1', 0, tab).split(' ');
    const kind = KINDS.get(mode.slice(0, 3));
    if (kind) entries.push({ kind, id, path: line.subarray(tab + 1) });
  }
  return entries;
}

/**
 * Whether a path can be written below a directory without leaving it or becoming something to git. git makes no such trees, and
 * takes them from nobody, but objects can be made by hand.
 */
export function isSafePath(path: Buffer): boolean {
  return path
    .toString('latin1')
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !/^\.git$/i.test(part));
}
