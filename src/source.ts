import { lstatSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { isBelow, relativePath } from './below.ts';
import type { At, Location, Path } from './resource.ts';
import { commentsByLine } from './yaml/comments.ts';
import { YamlError } from './yaml/events.ts';
import { LineTable } from './yaml/lines.ts';
import { YamlPositions } from './yaml/positions.ts';
import { splitYaml, type YamlChunk } from './yaml/split.ts';
import { withoutBom } from './yaml.ts';

/** Larger files are refused before they are read. No manifest that a cluster accepts comes near. */
const MAX_MEGABYTES = 50;

/** A source file that can't be read. The message names it, the reason doesn't. */
export class SourceError extends Error {
  readonly reason: string;

  constructor(file: string, reason: string) {
    super(`${file}: ${reason}`);
    this.reason = reason;
  }
}

interface Source {
  text: string;
  lines?: string[];
  table?: LineTable;
  chunks?: YamlChunk[];
  comments?: Map<number, string>;
  documents: Map<number, YamlPositions | undefined>;
}

/**
 * The files that people edit, with the places of what they say. Everything is read once, when it is first asked for.
 * Files are named by paths relative to `cwd`, or absolute; locations name them relative, with `/`.
 */
export class SourceFiles {
  readonly cwd: string;
  private readonly within: string | undefined;
  private readonly sources = new Map<string, Source | SourceError>();

  /** With `within`, an absolute path, nothing is read outside of that directory, through links neither, nor what git keeps. */
  constructor(cwd: string, within?: string) {
    this.cwd = cwd;
    this.within = within;
  }

  /** Gives a file's text, for what is no file: standard input, tests. */
  add(file: string, text: string): void {
    this.sources.set(this.shown(file), { text: withoutBom(text), documents: new Map() });
  }

  /** The file's text without byte order mark. Throws SourceError for what is no readable UTF-8 file of a sane size. */
  text(file: string): string {
    return this.source(file).text;
  }

  /** The file's lines, without line breaks. Throws SourceError. */
  lines(file: string): string[] {
    const source = this.source(file);
    source.lines ??= source.text.split(/\r?\n/);
    return source.lines;
  }

  /** The comments of a YAML file or Helm template, from their `#` on, by 1-based line. Throws SourceError. */
  commentsByLine(file: string): Map<number, string> {
    const source = this.source(file);
    source.comments ??= commentsByLine(source.text);
    return source.comments;
  }

  /** The places of one document, by its index in `readYaml`; undefined where it can't be read. Throws SourceError. */
  document(file: string, index: number): YamlPositions | undefined {
    const source = this.source(file);
    if (!source.documents.has(index)) source.documents.set(index, readPositions(source, index));
    return source.documents.get(index);
  }

  /** `find` without saying whether the location is exact. */
  locate(file: string, document: number, path: Path, at: At = 'value'): Location {
    return this.find(file, document, path, at).location;
  }

  /**
   * Where a path of a document stands: a scalar's own start, the key of another value, an item's start in a sequence, and
   * always the key (or item) with `at: 'key'`. Where the path doesn't exist, its nearest existing parent with `exact: false`;
   * where the document can't be read, only the file. Never throws.
   */
  find(file: string, document: number, path: Path, at: At = 'value'): { location: Location; exact: boolean } {
    const place = this.positions(file, document)?.find(path, at);
    if (!place) return { location: this.whole(file), exact: false };
    return { location: this.location(file, place.offset), exact: place.exact };
  }

  /**
   * Where the character at `offset` of the string at `path` stands: exact in literal block scalars (`|`) and in what is
   * written on one line without escapes, else the value's start. Never throws.
   */
  locateWithin(file: string, document: number, path: Path, offset: number): Location {
    const place = this.positions(file, document)?.within(path, offset);
    if (!place) return this.locate(file, document, path);
    const location = this.location(file, place.offset);
    if (!('lines' in place)) return location;
    return { ...location, line: (location.line ?? 1) + place.lines, column: place.column };
  }

  /** A file as a whole. Never throws. */
  whole(file: string): Location {
    return { file: this.shown(file) };
  }

  private positions(file: string, document: number): YamlPositions | undefined {
    try {
      return this.document(file, document);
    } catch (error) {
      if (error instanceof SourceError) return undefined;
      throw error;
    }
  }

  private location(file: string, offset: number): Location {
    const source = this.source(file);
    source.table ??= new LineTable(source.text);
    return { file: this.shown(file), ...source.table.at(offset) };
  }

  private source(file: string): Source {
    const name = this.shown(file);
    let source = this.sources.get(name);
    if (!source) {
      const path = resolve(this.cwd, file);
      source = this.isOutside(path) ? new SourceError(name, 'outside of the repository') : readSource(path, name);
      this.sources.set(name, source);
    }
    if (source instanceof SourceError) throw source;
    return source;
  }

  private isOutside(path: string): boolean {
    if (this.within === undefined) return false;
    try {
      const inside = relative(realpathSync(this.within), realpathSync(path)).split(sep);
      return inside[0] === '..' || inside.includes('.git') || isAbsolute(inside.join(sep));
    } catch {
      return !isBelow(path, this.within);
    }
  }

  private shown(file: string): string {
    return relativePath(this.cwd, resolve(this.cwd, file)) || '.';
  }
}

function readPositions(source: Source, index: number): YamlPositions | undefined {
  source.chunks ??= splitYaml(source.text);
  const chunk = source.chunks[index];
  if (!chunk || chunk.badSeparator || source.text.includes('\0')) return undefined;
  try {
    return new YamlPositions(chunk);
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

/** Reads a regular file; what went wrong is returned, so that it is found out only once. */
function readSource(path: string, name: string): Source | SourceError {
  try {
    const stats = statSync(path);
    const refusal = whyNotRead(stats);
    if (refusal !== undefined) return new SourceError(name, refusal);
    const bytes = readFileSync(path);
    if (isUtf16(bytes)) return new SourceError(name, 'UTF-16 text; save it as UTF-8');
    // Bytes that aren't UTF-8 become U+FFFD, as kubectl takes them.
    return { text: new TextDecoder().decode(bytes), documents: new Map() };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && isLink(path)) return new SourceError(name, 'a symbolic link that leads nowhere');
    return new SourceError(name, REASONS.get(code) ?? `cannot be read (${code || String(error)})`);
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

const REASONS = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ELOOP', 'a symbolic link that leads back to itself'],
  ['ENAMETOOLONG', 'the name is too long'],
]);

function whyNotRead(stats: Stats): string | undefined {
  if (stats.isDirectory()) return 'a directory, not a file';
  // Opening a pipe or a device would wait for its other end.
  if (!stats.isFile()) return 'not a regular file (a pipe, socket or device)';
  const megabytes = stats.size / 1e6;
  if (megabytes > MAX_MEGABYTES) return `${Math.ceil(megabytes)} MB, more than the ${MAX_MEGABYTES} MB that are read`;
  return undefined;
}

function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return bytes.length >= 4 && (first === 0) !== (second === 0) && (bytes[2] === 0) !== (bytes[3] === 0);
}
