import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** What a path leads to. */
export interface State {
  what: 'file' | 'directory' | 'absent';
  /** Of a file's content, or of a directory with all below it; `''` of a directory whose content nobody reads. */
  digest: string;
  /** The path without symbolic links; of what isn't there, as it is. */
  realPath: string;
  /** A chart's templates may ask for the time. */
  clock: boolean;
  /** A chart's templates may ask for other files of the chart. */
  files: boolean;
  /** A chart's schema may ask for files outside of it, or something on this machine. */
  outside: boolean;
}

/** What can't be told apart by its content: pipes, devices, what may not be read, or is too much. */
export class UnknownInput extends Error {}

/** Bytes of one file, and files of one directory, that are hashed. No chart or generator input that a cluster takes comes near. */
const MAX_BYTES = 200_000_000;
const MAX_FILES = 20_000;
const MAX_DEPTH = 60;
/** Bytes that an archive may unpack to, to be searched. */
const MAX_UNPACKED = 200 * 1024 * 1024;

/**
 * Functions of templates that take the time: `now` and `ago` wherever they stand, others (of what is no time, they take the
 * current one) where a function does. Words of comments count as well, which costs a render a day.
 */
const CLOCK =
  /\b(?:now|ago)\b|(?:\{\{-?|\||\()\s*(?:date|htmlDate|dateInZone|htmlDateInZone|date_in_zone|durationRound|unixEpoch|must_?[dD]ate_?[mM]odify|date_?[mM]odify)\b/;

/** References of a schema to something else than itself and the network, which tools are kept from. */
const OUTSIDE =
  /"(?:\$(?:ref|schema|dynamicRef|recursiveRef)"\s*:\s*"(?!#|https?:\/\/(?!localhost|127\.|\[|0\.))|[^"\n]*\\u0024)/;

/** What files hold, found out once in a run; and whether they still hold it. */
export class Digests {
  readonly #states = new Map<string, State>();
  readonly #trees = new Map<string, { state: State; paths: string[] }>();
  /** What each path looked like right before it was read. */
  readonly #signatures = new Map<string, string>();
  readonly #realDirectories = new Map<string, string>();

  /** A file, or that something else or nothing is there. Throws UnknownInput. */
  path(path: string): State {
    let state = this.#states.get(path);
    if (!state) {
      state = this.#look(path);
      this.#states.set(path, state);
    }
    return state;
  }

  /**
   * A file, or a directory as helm reads a chart: with all that lies below it, links followed, but without `.git`. `paths` are
   * all that it depends on. Throws UnknownInput.
   */
  tree(path: string): { state: State; paths: string[] } {
    let tree = this.#trees.get(path);
    if (!tree) {
      tree = this.#walk(path);
      this.#trees.set(path, tree);
    }
    return tree;
  }

  /** Whether paths that were asked for look as they did then. */
  unchanged(paths: Iterable<string>): boolean {
    for (const path of paths) if (signatureOf(path) !== this.#signatures.get(path)) return false;
    return true;
  }

  #look(path: string): State {
    const link = statsOf(path, lstatSync);
    const stats = link?.isSymbolicLink() ? statsOf(path, statSync) : link;
    this.#signatures.set(path, describe(link, stats));
    const bare = { digest: '', clock: false, files: false, outside: false };
    if (!stats) return { what: 'absent', realPath: path, ...bare };
    const realPath = link?.isSymbolicLink()
      ? realpathSync(path)
      : join(this.#realDirectory(dirname(path)), nameOf(path));
    if (stats.isDirectory()) return { what: 'directory', realPath, ...bare };
    if (!stats.isFile() || stats.size > MAX_BYTES) throw new UnknownInput();
    const content = attempt(() => readFileSync(path));
    return { what: 'file', digest: sha256(content), realPath, ...mayAskFor(path, content) };
  }

  #walk(root: string): { state: State; paths: string[] } {
    const top = this.path(root);
    const paths = [root];
    if (top.what !== 'directory') return { state: top, paths };
    const lines: string[] = [];
    const asks = { clock: false, files: false, outside: false };
    let hasGit = false;
    const visit = (directory: string, name: string, above: readonly string[]) => {
      const real = attempt(() => realpathSync(directory));
      // helm would go round in circles.
      if (above.includes(real) || above.length > MAX_DEPTH) throw new UnknownInput();
      for (const entry of attempt(() => readdirSync(directory)).sort()) {
        if (entry === '.git') {
          hasGit = true;
          continue;
        }
        const path = join(directory, entry);
        const inside = name === '' ? entry : `${name}/${entry}`;
        const state = this.path(path);
        paths.push(path);
        if (paths.length > MAX_FILES) throw new UnknownInput();
        lines.push(JSON.stringify([inside, state.what, state.digest]));
        asks.clock ||= state.clock;
        asks.files ||= state.files;
        asks.outside ||= state.outside;
        if (state.what === 'directory') visit(path, inside, [...above, real]);
      }
    };
    visit(root, '', []);
    // It changes with every commit, and a template that lists files would see that.
    if (hasGit && asks.files && !ignoresGit(root)) throw new UnknownInput();
    return { state: { ...top, digest: sha256(lines.join('\n')), ...asks }, paths };
  }

  #realDirectory(directory: string): string {
    let real = this.#realDirectories.get(directory);
    if (real === undefined) {
      real = attempt(() => realpathSync(directory));
      this.#realDirectories.set(directory, real);
    }
    return real;
  }
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new UnknownInput();
  }
}

/** Undefined for what isn't there, a link that leads nowhere included. Throws UnknownInput for what can't be reached. */
function statsOf(
  path: string,
  stat: (path: string, options: { bigint: true }) => BigIntStats,
): BigIntStats | undefined {
  try {
    return stat(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UnknownInput();
  }
}

function signatureOf(path: string): string | undefined {
  try {
    const link = statsOf(path, lstatSync);
    return describe(link, link?.isSymbolicLink() ? statsOf(path, statSync) : link);
  } catch (error) {
    if (error instanceof UnknownInput) return undefined;
    throw error;
  }
}

function describe(link: BigIntStats | undefined, stats: BigIntStats | undefined): string {
  const parts = [link, stats].map((own) =>
    own ? [own.dev, own.ino, own.mode, own.size, own.mtimeNs, own.ctimeNs].join(':') : 'absent',
  );
  return parts.join(' ');
}

function nameOf(path: string): string {
  return path.slice(dirname(path).length).replace(/^[\\/]/, '');
}

/** What a template in a file, or in any that an archive packs, may ask for. An archive that can't be read may hold anything. */
function mayAskFor(path: string, content: Buffer): Pick<State, 'clock' | 'files' | 'outside'> {
  const isPacked = /\.(?:tgz|tar\.gz)$/i.test(path);
  const text = isPacked ? unpacked(content) : content;
  if (text === undefined) return { clock: true, files: true, outside: true };
  const isSchema = isPacked || nameOf(path) === 'values.schema.json';
  const isTemplate = text.includes('{{');
  const read = isSchema || isTemplate ? text.toString('latin1') : '';
  return {
    clock: isTemplate && CLOCK.test(read),
    files: isTemplate && read.includes('Files'),
    outside: isSchema && OUTSIDE.test(read),
  };
}

function unpacked(archive: Buffer): Buffer | undefined {
  try {
    return gunzipSync(archive, { maxOutputLength: MAX_UNPACKED });
  } catch {
    return undefined;
  }
}

/** Whether a chart keeps helm out of its `.git`, as the .helmignore of `helm create` does. */
function ignoresGit(chart: string): boolean {
  try {
    return /^\.git\/?[ \t\r]*$/m.test(readFileSync(join(chart, '.helmignore'), 'utf8'));
  } catch {
    return false;
  }
}
