import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isBelow } from '../../below.ts';

/** The stats of what a path leads to, undefined where it leads nowhere. */
export function stats(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

/** Whether nothing is there, as opposed to something that can't be reached: a loop of links, a closed directory. */
export function isAbsent(file: string): boolean {
  try {
    statSync(file);
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}

/** The path without symbolic links; of what isn't there, as it is. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Where a dangling symbolic link points, undefined for everything else. */
export function danglingLink(file: string): string | undefined {
  try {
    return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether kustomize's default load restrictor refuses a file: what it leads to isn't in or below the root (RestrictionRootOnly). */
export function isOutside(root: string, file: string): boolean {
  try {
    return !isBelow(dirname(realpathSync(file)), root);
  } catch {
    return false;
  }
}
