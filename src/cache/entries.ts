import { readdirSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What one file of the cache is, for those who tidy up. */
interface Kept {
  path: string;
  /** Bytes. */
  size: number;
  /** When it was last used, in milliseconds. */
  used: number;
  /** Not yet renamed to what it is to be. */
  partial: boolean;
}

const SHARD = /^[0-9a-f]{2}$/;
const ENTRY = /^[0-9a-f]{62}$/;
const PARTIAL = /^\.[0-9a-f]{16}\.tmp$/;

/** Bytes that all entries together may have, and what is left of them where they have more. */
const MOST = 200e6;
const LEFT = 150e6;
const HOUR = 3_600_000;
/** Milliseconds after which what nobody has used is removed. */
const LIFE = 30 * 24 * HOUR;
/** An entry is marked as used once in so many milliseconds. */
const TOUCH = 24 * HOUR;

/** Marks the cache as tidied up, by the time of its change. */
const SWEPT = 'swept';

/** Where an entry lies, by its id (64 hexadecimal digits). */
export function entryPath(directory: string, id: string): { shard: string; file: string } {
  const shard = join(directory, id.slice(0, 2));
  return { shard, file: join(shard, id.slice(2)) };
}

/** Notes that an entry was used. Where that can't be noted, it is removed earlier than it need be. */
export function touch(file: string, used: number, now = Date.now()): void {
  if (now - used < TOUCH) return;
  try {
    utimesSync(file, now / 1000, now / 1000);
  } catch {
    // It lies where nothing can be written.
  }
}

/** Removes what nobody has used for long, and what is too much, once an hour. Never throws. */
export function sweep(directory: string, now = Date.now()): void {
  const mark = join(directory, SWEPT);
  try {
    if (now - statSync(mark).mtimeMs < HOUR) return;
  } catch {
    // It was never tidied up.
  }
  try {
    writeFileSync(mark, '', { mode: 0o600 });
    utimesSync(mark, now / 1000, now / 1000);
  } catch {
    return;
  }
  const all = kept(directory).sort((a, b) => b.used - a.used);
  const isTooMuch = all.reduce((sum, { size }) => sum + size, 0) > MOST;
  let sum = 0;
  for (const { path, size, used, partial } of all) {
    sum += size;
    if (now - used > (partial ? HOUR : LIFE) || (isTooMuch && sum > LEFT)) remove(path);
  }
}

/** Removes every entry, and nothing else that may lie there. Returns how many there were, and their bytes. */
export function clear(directory: string): { entries: number; bytes: number; failures: string[] } {
  const failures: string[] = [];
  let entries = 0;
  let bytes = 0;
  for (const { path, size, partial } of kept(directory)) {
    const failure = remove(path);
    if (failure !== undefined) failures.push(failure);
    else {
      bytes += size;
      if (!partial) entries++;
    }
  }
  remove(join(directory, SWEPT));
  for (const path of [...namesIn(directory, SHARD, 'directory'), directory]) {
    try {
      rmdirSync(path);
    } catch {
      // Somebody else has just written there, or keeps something in it.
    }
  }
  return { entries, bytes, failures };
}

/** Every entry, and what was left of those that were being written. Links are not followed. */
function kept(directory: string): Kept[] {
  return namesIn(directory, SHARD, 'directory').flatMap((shard) => {
    return [...namesIn(shard, ENTRY, 'file'), ...namesIn(shard, PARTIAL, 'file')].flatMap((path) => {
      try {
        const { size, mtimeMs } = statSync(path);
        return [{ path, size, used: mtimeMs, partial: path.endsWith('.tmp') }];
      } catch {
        // Somebody else has just removed it.
        return [];
      }
    });
  });
}

function namesIn(directory: string, pattern: RegExp, what: 'file' | 'directory'): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => pattern.test(entry.name) && (what === 'file' ? entry.isFile() : entry.isDirectory()))
      .map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}

/** Why a file could not be removed. */
function remove(path: string): string | undefined {
  try {
    rmSync(path, { force: true });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
