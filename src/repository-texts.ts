import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of the repository: what people and tools say there may change what a manifest means. */
export interface RepositoryText {
  /** Absolute. */
  file: string;
  text: string;
}

/** More than this is not searched. */
const MAX_FILES = 20_000;
const MAX_FILE_BYTES = 1_000_000;
const SKIPPED = new Set(['.git', 'node_modules']);

/** The small files below a directory, read once, and only when asked for. */
export class RepositoryTexts {
  readonly #root: string;
  #texts: readonly RepositoryText[] | 'too many' | undefined;

  /** `root` is absolute. */
  constructor(root: string) {
    this.#root = root;
  }

  /** `too many`: nobody can say what is not in them. Never throws. */
  get all(): readonly RepositoryText[] | 'too many' {
    this.#texts ??= readTexts(this.#root);
    return this.#texts;
  }
}

function readTexts(root: string): RepositoryText[] | 'too many' {
  const texts: RepositoryText[] = [];
  const directories = [root];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const entry of entriesOf(directory)) {
      const file = join(directory, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) directories.push(file);
      else if (entry.isFile()) {
        if (texts.length >= MAX_FILES) return 'too many';
        const text = readSmall(file);
        if (text !== undefined) texts.push({ file, text });
      }
    }
  }
  return texts;
}

/** What can't be read can't be searched; whoever needs the file itself reports it. */
function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function readSmall(path: string): string | undefined {
  try {
    return lstatSync(path).size <= MAX_FILE_BYTES ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
