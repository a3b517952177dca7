import { randomBytes } from 'node:crypto';
import { lstatSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';

/**
 * Writes a report to an absolute path. Throws where that can't be done, and where the path stands in the repository but a
 * symbolic link leads out of it: whoever wrote the pull request must not choose what is overwritten.
 */
export function writeOutput(file: string, text: string, root: string): void {
  refuseLinksOut(file, root);
  writeFileSync(file, text);
}

/** The same in one step, so that nobody ever reads half of it: a file beside it takes its place. Devices are written to as they are. */
export function replaceOutput(file: string, text: string, root: string): void {
  refuseLinksOut(file, root);
  const place = realPlace(file) ?? file;
  const old = lstatSync(place, { throwIfNoEntry: false });
  if (old && !old.isFile()) {
    writeFileSync(place, text);
    return;
  }
  const partial = join(dirname(place), `.${basename(place)}.${randomBytes(8).toString('hex')}`);
  try {
    writeFileSync(partial, text, { flag: 'wx', ...(old ? { mode: old.mode } : {}) });
    renameSync(partial, place);
  } finally {
    rmSync(partial, { force: true });
  }
}

function refuseLinksOut(file: string, root: string): void {
  if (isWithin(file, root)) {
    const real = realPlace(file);
    if (real === undefined || !isWithin(real, realpathSync(root))) {
      throw new Error(
        `${relative(root, file)} is a symbolic link that leads out of the repository: nothing is written there`,
      );
    }
  }
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
