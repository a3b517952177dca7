import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is in use now, so that nothing is left behind when this process exits in between. */
const inUse = new Set<string>();

process.on('exit', () => {
  for (const directory of inUse) rmSync(directory, { recursive: true, force: true });
});

/**
 * Gives a directory that only this user may read (mode 0700) to a function, and removes it when the function is done, has
 * thrown or was aborted. Its name tells what for.
 */
export async function withPrivateDirectory<T>(
  use: (directory: string) => Promise<T>,
  purpose: 'helm' | 'since' = 'helm',
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), `k8s-lint-${purpose}-`));
  inUse.add(directory);
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
    inUse.delete(directory);
  }
}
