import { sep } from 'node:path';

/** Whether a path is that directory or lies below it; both absolute. Links are not followed. */
export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
