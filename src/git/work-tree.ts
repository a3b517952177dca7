import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { gitOutput, zeroTerminated } from './ask.ts';
import type { Repository } from './repository.ts';

/** What stands in the work tree, by paths from the root of the repository; keys are bytes as latin1. */
export interface WorkTree {
  /** Tracked and there, or untracked and not ignored. */
  present: ReadonlySet<string>;
  /** Tracked, and left out by a sparse checkout: not there, and not deleted. */
  sparse: ReadonlySet<string>;
}

/** Asks git what stands in the work tree. It looks at the index and at directories, and reads no file. Throws UsageError. */
export async function listWorkTree({ git }: Repository): Promise<WorkTree> {
  const output = await gitOutput(
    ['ls-files', '-z', '-t', '--cached', '--deleted', '--others', '--exclude-standard'],
    git,
  );
  const present = new Set<string>();
  const sparse = new Set<string>();
  const deleted: string[] = [];
  for (const line of zeroTerminated(output)) {
    const path = line.toString('latin1', 2);
    const tag = String.fromCharCode(line[0] ?? 0);
    if (tag === 'S') sparse.add(path);
    else if (tag === 'R') deleted.push(path);
    else present.add(path);
  }
  for (const path of deleted) present.delete(path);
  return { present, sparse };
}

/** Whether something stands at a path of the repository, ignored or not. `path` is its bytes as latin1. */
export function stands(path: string, root: string): boolean {
  try {
    return lstatSync(Buffer.concat([Buffer.from(join(root, '/')), Buffer.from(path, 'latin1')])) !== undefined;
  } catch {
    return false;
  }
}
