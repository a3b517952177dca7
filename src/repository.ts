import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The git root at or above a directory, else the directory itself. A worktree's `.git` is a file. */
export function repositoryRoot(directory: string): string {
  for (let current = directory; ; current = dirname(current)) {
    if (existsSync(join(current, '.git'))) return current;
    if (dirname(current) === current) return directory;
  }
}
