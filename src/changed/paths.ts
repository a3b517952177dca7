import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { isThere } from '../below.ts';

/** A path that was changed: made, edited or deleted. */
export interface ChangedPath {
  /** Absolute, with the links above it resolved; what it leads to itself is not looked at. */
  path: string;
  /** Something is there. */
  exists: boolean;
  /** A directory, such as a submodule: what changed below it isn't known. */
  isDirectory: boolean;
}

/** How many links a path may lead through: Linux has 40. */
const MAX_LINKS = 40;

/** Changed paths, and which of the files that something reads are among them, whatever links lead to these. */
export class ChangedPaths {
  readonly all: readonly ChangedPath[];
  readonly #exact = new Set<string>();
  readonly #directories = new Set<string>();
  readonly #trails = new Map<string, Trail>();

  /** `paths` are absolute; a directory that is gone ends with a separator. */
  constructor(paths: readonly string[]) {
    this.all = [...new Set(paths)].map((given) => {
      const real = this.real(resolve(given));
      const path = join(this.#trail(dirname(resolve(given))).real, basename(given));
      // Both a link and what it leads to: an editor names a file by the path it was opened by.
      for (const own of [path, real]) this.#exact.add(folded(own));
      const isDirectory = /[/\\]$/.test(given) || isDirectoryAt(real);
      if (isDirectory) for (const own of [path, real]) this.#directories.add(folded(own));
      return { path, exists: isThere(path), isDirectory };
    });
  }

  /** Whether a file, a link on the way to it, or a directory that holds either was changed. The path is absolute; nothing need be there. */
  touch(file: string): boolean {
    const { real, links } = this.#trail(file);
    return [real, ...links].some((path) => this.#holds(folded(path)));
  }

  /** Where an absolute path leads; of what isn't there, as far as it is. */
  real(path: string): string {
    return this.#trail(path).real;
  }

  /** The changed paths in or below a directory, and the changed directories above it, whatever links lead to it. */
  below(directory: string): ChangedPath[] {
    const start = folded(this.real(directory));
    return this.all.filter((changed) => {
      const path = folded(changed.path);
      return path === start || path.startsWith(start + sep) || (changed.isDirectory && start.startsWith(path + sep));
    });
  }

  #holds(path: string): boolean {
    if (this.#exact.has(path)) return true;
    if (this.#directories.size === 0) return false;
    for (let above = path; dirname(above) !== above; above = dirname(above)) {
      if (this.#directories.has(above)) return true;
    }
    return false;
  }

  /** Where a path leads, and through which links; of what isn't there, as far as it is. */
  #trail(path: string, depth = 0): Trail {
    const known = this.#trails.get(path);
    if (known) return known;
    const parent = dirname(path);
    if (parent === path) return { real: path, links: [] };
    const above = this.#trail(parent, depth);
    const real = join(above.real, basename(path));
    const target = depth < MAX_LINKS ? linkAt(real) : undefined;
    const next = target === undefined ? undefined : this.#trail(resolve(above.real, target), depth + 1);
    const trail = next
      ? { real: next.real, links: [...above.links, real, ...next.links] }
      : { real, links: above.links };
    if (depth === 0) this.#trails.set(path, trail);
    return trail;
  }
}

interface Trail {
  real: string;
  links: readonly string[];
}

/** File systems of these take `Base` for `base`, and git says it as the index has it. */
const FOLDS = process.platform === 'darwin' || process.platform === 'win32';

function folded(path: string): string {
  return FOLDS ? path.normalize('NFC').toLowerCase() : path;
}

function linkAt(path: string): string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}

function isDirectoryAt(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
