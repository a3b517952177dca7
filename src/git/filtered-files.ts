import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pointer that Git LFS commits in a file's place (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\nsize (\d+)\n$/;
const MAX_POINTER = 1024;
const MAX_BYTES = 50_000_000;

const START = Buffer.from('version ');
/** What a file begins with that git-crypt keeps (https://github.com/AGWA/git-crypt). */
const ENCRYPTED = Buffer.from('\0GITCRYPT\0');

/** The content of files that filters keep out of commits, Git LFS and git-crypt, as far as it is on this machine. No filter is run. */
export class FilteredFiles {
  readonly #root: string;
  readonly #store: string;

  /** `commonDirectory` is that of git's own files, absolute. */
  constructor(root: string, commonDirectory: string) {
    this.#root = root;
    this.#store = join(commonDirectory, 'lfs', 'objects');
  }

  /** What the blob of a path stands for: itself where it is no pointer; undefined where that is not here. */
  contentOf(path: Buffer, blob: Buffer): Buffer | undefined {
    if (startsWith(blob, ENCRYPTED)) return this.#decrypted(path) ?? blob;
    if (blob.length > MAX_POINTER || !startsWith(blob, START)) return blob;
    const [, id, size] = POINTER.exec(blob.toString('latin1')) ?? [];
    if (id === undefined || size === undefined) return blob;
    const places = [join(this.#root, path.toString()), join(this.#store, id.slice(0, 2), id.slice(2, 4), id)];
    for (const file of places) {
      const content = readOfSize(file, Number(size));
      if (content && createHash('sha256').update(content).digest('hex') === id) return content;
    }
    return undefined;
  }

  /** What stands there today, in the clear: as for what is in no commit at all, both sides have the same. */
  #decrypted(path: Buffer): Buffer | undefined {
    const content = readOfSize(join(this.#root, path.toString()));
    return content && !startsWith(content, ENCRYPTED) ? content : undefined;
  }
}

function startsWith(content: Buffer, start: Buffer): boolean {
  return content.subarray(0, start.length).equals(start);
}

/** A regular file that isn't larger than what is read, of that size where one is given. */
function readOfSize(file: string, size?: number): Buffer | undefined {
  try {
    const stats = lstatSync(file);
    const isIt = stats.isFile() && stats.size <= MAX_BYTES && (size === undefined || stats.size === size);
    return isIt ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}
