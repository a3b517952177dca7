import { UsageError } from '../usage-error.ts';
import { askGit, firstError, type GitOptions } from './ask.ts';

/** Larger ones are passed over: no file of that size is ever read. */
const MAX_BYTES = 50_000_000;

/** Why a blob has no content here. */
export type Unread = 'missing' | 'too large';

/**
 * Reads blobs of a commit by one `git cat-file --batch`, and gives each, in the order of the ids, to `take` as soon as it is there.
 * Filters and attributes have no say in it. Rejects with what `take` throws, and with UsageError where git fails.
 */
export async function readBlobs(
  ids: readonly string[],
  commit: string,
  options: GitOptions,
  take: (id: string, content: Buffer | Unread) => void,
): Promise<void> {
  const failed = await read(ids, options, take);
  if (failed === undefined) return;
  // Of a partial clone, git wants to fetch what is missing, may not, and ends there.
  const missing = /promisor/.test(failed.stderr) ? await missingOf(commit, options) : new Set<string>();
  const rest = ids.slice(failed.count);
  for (const id of rest) if (missing.has(id)) take(id, 'missing');
  const again =
    missing.size === 0
      ? failed
      : await read(
          rest.filter((id) => !missing.has(id)),
          options,
          take,
        );
  if (again) throw new UsageError(`--since: git can't read the other side: ${firstError(again.stderr)}`);
}

/** Resolves to how far it came, where git fails. */
async function read(
  ids: readonly string[],
  options: GitOptions,
  take: (id: string, content: Buffer | Unread) => void,
): Promise<{ count: number; stderr: string } | undefined> {
  if (ids.length === 0) return undefined;
  const reader = new BatchReader(take);
  const { code, stderr } = await askGit(['cat-file', '--batch', '--buffer'], {
    ...options,
    input: `${ids.join('\n')}\n`,
    onOutput: (chunk) => reader.push(chunk),
  });
  if (reader.failure !== undefined) throw reader.failure;
  return code === 0 && reader.count === ids.length ? undefined : { count: reader.count, stderr };
}

/** The objects of a commit that aren't here. */
async function missingOf(commit: string, options: GitOptions): Promise<Set<string>> {
  const { stdout } = await askGit(['rev-list', '--objects', '--no-walk', '--missing=print', commit], options);
  const lines = stdout.toString('latin1').split('\n');
  return new Set(lines.filter((line) => line.startsWith('?')).map((line) => line.slice(1)));
}

/** What brings the content that a partial clone lacks. */
export const PARTIAL = ' (a partial clone: fetch what it lacks with git fetch --refetch --no-filter)';

/** Takes `<id> blob <size>\n<content>\n` and `<id> missing\n` apart, wherever the chunks are cut. */
class BatchReader {
  count = 0;
  failure: unknown;
  readonly #take: (id: string, content: Buffer | Unread) => void;
  #header = '';
  #id = '';
  /** Bytes of the content, with its line feed, that are yet to come. */
  #left = 0;
  #parts: Buffer[] | undefined;

  constructor(take: (id: string, content: Buffer | Unread) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    if (this.failure !== undefined) return;
    try {
      let at = 0;
      while (at < chunk.length) at = this.#left > 0 ? this.#content(chunk, at) : this.#head(chunk, at);
    } catch (error) {
      this.failure = error;
    }
  }

  #head(chunk: Buffer, start: number): number {
    const end = chunk.indexOf(0x0a, start);
    this.#header += chunk.toString('latin1', start, end === -1 ? undefined : end);
    if (end === -1) return chunk.length;
    const [id = '', type, size] = this.#header.split(' ');
    this.#header = '';
    this.#id = id;
    if (type === 'missing') this.#give('missing');
    else {
      this.#left = Number(size) + 1;
      this.#parts = Number(size) > MAX_BYTES ? undefined : [];
    }
    return end + 1;
  }

  #content(chunk: Buffer, start: number): number {
    const part = chunk.subarray(start, start + this.#left);
    this.#left -= part.length;
    this.#parts?.push(part);
    if (this.#left === 0) this.#give(this.#parts ? Buffer.concat(this.#parts).subarray(0, -1) : 'too large');
    return start + part.length;
  }

  #give(content: Buffer | Unread): void {
    this.count++;
    this.#take(this.#id, content);
  }
}
