import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { relativePath } from './below.ts';

interface Level {
  /** Absolute: the directory that the patterns are relative to. */
  directory: string;
  patterns: Ignore;
}

/**
 * What git ignores at one place of a repository: its .gitignore files from the root down, the deepest decides, and
 * .git/info/exclude (gitignore(5)). What a user's own git is told to ignore doesn't count: the result must not differ in CI.
 */
export class GitIgnore {
  /** The nearest last. */
  readonly #levels: readonly Level[];

  private constructor(levels: readonly Level[]) {
    this.#levels = levels;
  }

  /**
   * What applies to a directory from above it, in the repository with that root. A directory that is ignored itself was
   * asked for by hand: then only what it holds counts.
   */
  static async above(directory: string, root: string): Promise<GitIgnore> {
    const none = new GitIgnore([]);
    let current = none.#with(root, await readExclude(root));
    const parts = relative(root, directory)
      .split(sep)
      .filter((part) => part !== '');
    for (const [i, part] of parts.entries()) {
      const parent = join(root, ...parts.slice(0, i));
      current = await current.enter(parent);
      if (current.ignores(join(parent, part), true)) return none;
    }
    return current;
  }

  /** The same with what a directory below adds. */
  async enter(directory: string): Promise<GitIgnore> {
    return this.#with(directory, await readText(join(directory, '.gitignore')));
  }

  /** Whether a path in or below the directory that was entered last is ignored. Its parents are known not to be. */
  ignores(path: string, isDirectory: boolean): boolean {
    for (const { directory, patterns } of this.#levels.toReversed()) {
      const inside = relativePath(directory, path);
      if (!ignore.isPathValid(inside)) continue;
      const { ignored, unignored } = patterns.test(isDirectory ? `${inside}/` : inside);
      if (ignored || unignored) return ignored;
    }
    return false;
  }

  #with(directory: string, text: string | undefined): GitIgnore {
    if (text === undefined) return this;
    const ignorecase = process.platform === 'darwin' || process.platform === 'win32';
    return new GitIgnore([...this.#levels, { directory, patterns: ignore({ ignorecase }).add(text) }]);
  }
}

/** `.git` is a directory; in a worktree or a submodule a file that names one, and a worktree shares that of its repository. */
async function readExclude(root: string): Promise<string | undefined> {
  const dotGit = join(root, '.git');
  const link = /^gitdir: *(.+)$/m.exec((await readText(dotGit)) ?? '')?.[1];
  const own = link === undefined ? dotGit : resolve(root, link.trim());
  const common = (await readText(join(own, 'commondir')))?.trim();
  const shared = common === undefined ? own : isAbsolute(common) ? common : join(own, common);
  return readText(join(shared, 'info', 'exclude'));
}

/** Nobody writes longer ones; a link may lead to a device, which never ends. */
const MAX_BYTES = 10_000_000;

async function readText(file: string): Promise<string | undefined> {
  try {
    const stats = await stat(file);
    return stats.isFile() && stats.size <= MAX_BYTES ? await readFile(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
