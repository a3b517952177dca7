import { lstatSync } from 'node:fs';
import { relative, sep } from 'node:path';

/** Whether a path is that directory or lies below it; both absolute. Links are not followed. */
export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** The way from a directory to a path, with `/` on every system; `''` where both are the same. */
export function relativePath(directory: string, path: string): string {
  return relative(directory, path).split(sep).join('/');
}

/** Whether something stands at a path, be it a link that leads nowhere. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Longer than a name can be, or below a file.
    return false;
  }
}
