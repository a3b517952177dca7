import { lstatSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';

/**
 * Writes a report to an absolute path. Throws where that can't be done, and where the path stands in the repository but a
 * symbolic link leads out of it: whoever wrote the pull request must not choose what is overwritten.
 */
export function writeOutput(file: string, text: string, root: string): void {
  if (isWithin(file, root)) {
    const real = realPlace(file);
    if (real === undefined || !isWithin(real, realpathSync(root))) {
      throw new Error(
        `${relative(root, file)} is a symbolic link that leads out of the repository: nothing is written there`,
      );
    }
  }
  writeFileSync(file, text);
}

/** Where a file is or would be, links resolved; undefined where a link leads nowhere. */
function realPlace(file: string): string | undefined {
  if (!lstatSync(file, { throwIfNoEntry: false })) return join(realpathSync(dirname(file)), basename(file));
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

function isWithin(path: string, directory: string): boolean {
  const inside = relative(directory, path);
  return inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}
