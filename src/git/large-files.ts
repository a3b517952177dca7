import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The pointer that Git LFS commits in a file's place (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\nsize (\d+)\n$/;
const MAX_POINTER = 1024;
const MAX_BYTES = 50_000_000;

const START = Buffer.from('version ');

/** The content of files in Git LFS, as far as it is on this machine. Git LFS itself is not run. */
export class LargeFiles {
  readonly #root: string;
  readonly #store: string;

  /** `commonDirectory` is that of git's own files, absolute. */
  constructor(root: string, commonDirectory: string) {
    this.#root = root;
    this.#store = join(commonDirectory, 'lfs', 'objects');
  }

  /** What the blob of a path stands for: itself where it is no pointer; undefined where that is not here. */
  contentOf(path: Buffer, blob: Buffer): Buffer | undefined {
    if (blob.length > MAX_POINTER || !blob.subarray(0, START.length).equals(START)) return blob;
    const [, id, size] = POINTER.exec(blob.toString('latin1')) ?? [];
    if (id === undefined || size === undefined) return blob;
    const places = [join(this.#root, path.toString()), join(this.#store, id.slice(0, 2), id.slice(2, 4), id)];
    for (const file of places) {
      const content = readOfSize(file, Number(size));
      if (content && createHash('sha256').update(content).digest('hex') === id) return content;
    }
    return undefined;
  }
}

function readOfSize(file: string, size: number): Buffer | undefined {
  try {
    const stats = statSync(file);
    return stats.isFile() && stats.size === size && size <= MAX_BYTES ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}
