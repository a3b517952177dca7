import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a directory holds, by name, sorted. */
export interface Listing {
  directory: string;
  /** Regular files, and links to such. */
  files: string[];
  directories: string[];
  /** Links to directories. They aren't followed: they may lead back up, or out of the repository. */
  links: string[];
  /** Links that lead nowhere, or in a circle; pipes, sockets and devices, since reading them may never end. */
  broken: string[];
  /** Why the directory can't be read: `EACCES` … */
  error?: NodeJS.ErrnoException;
}

/** How many directories are read at once: enough to keep the disk busy, far below the limit of open files. */
const AT_ONCE = 64;

/**
 * Visits a directory and, level by level, the subdirectories that `visit` returns the names of. Never throws because of the
 * file system: what can't be read has its error in the listing.
 */
export async function walk(
  start: string,
  visit: (listing: Listing) => Promise<readonly string[]> | readonly string[],
): Promise<void> {
  let level = [start];
  while (level.length > 0) {
    const below: string[][] = [];
    for (let i = 0; i < level.length; i += AT_ONCE) {
      const batch = level.slice(i, i + AT_ONCE).map(async (directory) => {
        const names = await visit(await list(directory));
        return names.map((name) => join(directory, name));
      });
      below.push(...(await Promise.all(batch)));
    }
    level = below.flat();
  }
}

/** What a directory holds; with an error and nothing in it where it can't be read. */
export async function list(directory: string): Promise<Listing> {
  const listing: Listing = { directory, files: [], directories: [], links: [], broken: [] };
  try {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isFile()) listing.files.push(entry.name);
      else if (entry.isDirectory()) listing.directories.push(entry.name);
      else if (entry.isSymbolicLink()) await addLink(listing, entry.name);
      else listing.broken.push(entry.name);
    }
  } catch (error) {
    listing.error = error as NodeJS.ErrnoException;
  }
  for (const names of [listing.files, listing.directories, listing.links, listing.broken]) names.sort();
  return listing;
}

async function addLink(listing: Listing, name: string): Promise<void> {
  try {
    const target = await stat(join(listing.directory, name));
    if (target.isFile()) listing.files.push(name);
    else if (target.isDirectory()) listing.links.push(name);
    else listing.broken.push(name);
  } catch {
    listing.broken.push(name);
  }
}

/** Why the file system refused something, in words. */
export function describeFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS.get(code) ?? (error as Error).message;
}

const REASONS = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENOENT', 'it does not exist'],
  ['ENOTDIR', 'a part of its path is a file'],
  ['ELOOP', 'its symbolic links lead in a circle'],
  ['ENAMETOOLONG', 'its name is too long'],
]);
