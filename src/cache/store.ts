import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { describeFailure } from '../walk.ts';
import { entryPath, sweep, touch } from './entries.ts';

/** Changes where entries are written otherwise than before. */
const FORMAT = 1;
const CIPHER = 'aes-256-gcm';
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
/** Bytes that an entry may unpack to; what a tool may print is less. */
const MAX_UNPACKED = 600e6;
/** The fastest level makes manifests as small as matters. */
const LEVEL = 1;

/**
 * Values by what they were made of. Name and key of an entry come from all of that, so that only who has it at hand can find
 * and read the entry. Nothing here throws: what can't be read isn't there, and what can't be written isn't kept.
 */
export class Store {
  readonly directory: string;
  readonly #warn: (message: string) => void;
  /** Whether nobody else may write there: undefined until it is known. */
  #trusted: boolean | undefined;
  #writable = true;
  #swept = false;

  /** `warn` gets one line at most. */
  constructor(directory: string, warn: (message: string) => void) {
    this.directory = directory;
    this.#warn = warn;
  }

  /** What was kept of `material`; undefined for what is missing, damaged or not from here. */
  get(material: string): string | undefined {
    if (!this.#isTrusted()) return undefined;
    const { id, key } = secrets(material);
    const sealed = read(entryPath(this.directory, id).file);
    return sealed && open(sealed, id, key);
  }

  /** Keeps a value; another process may do the same. */
  put(material: string, value: string): void {
    if (!this.#writable || !this.#isTrusted()) return;
    const { id, key } = secrets(material);
    const { shard, file } = entryPath(this.directory, id);
    const partial = join(shard, `.${randomBytes(8).toString('hex')}.tmp`);
    try {
      mkdirSync(shard, { recursive: true, mode: 0o700 });
      // At once: an interrupt comes before it or after it.
      writeFileSync(partial, seal(value, id, key), { flag: 'wx', mode: 0o600 });
      renameSync(partial, file);
    } catch (error) {
      this.#writable = false;
      discard(partial);
      this.#warn(`the cache in ${this.directory} can't be written (${reasonOf(error)}): what is rendered is not kept`);
      return;
    }
    if (!this.#swept) sweep(this.directory);
    this.#swept = true;
  }

  #isTrusted(): boolean {
    if (this.#trusted === undefined) {
      const reason = whyNotTrusted(this.directory);
      this.#trusted = reason === undefined;
      if (reason !== undefined) this.#warn(`the cache in ${this.directory} is not used: ${reason}`);
    }
    return this.#trusted;
  }
}

/** What others may write could tell anything. */
function whyNotTrusted(directory: string): string | undefined {
  const user = process.getuid?.();
  try {
    const { uid, mode } = statSync(directory);
    if (user === undefined) return undefined;
    if (uid !== user) return 'it belongs to another user';
    return (mode & 0o022) === 0 ? undefined : 'other users may write to it';
  } catch {
    // It is made where something is to be kept.
    return undefined;
  }
}

function secrets(material: string): { id: string; key: Buffer } {
  const derive = (label: string) => createHmac('sha256', `k8s-lint cache ${FORMAT} ${label}`).update(material).digest();
  return { id: derive('name').toString('hex'), key: derive('key') };
}

/** The initialization vector is random: what a chart makes of random numbers has several values for one key. */
function seal(value: string, id: string, key: Buffer): Buffer {
  const iv = randomBytes(IV_LENGTH);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_LENGTH }).setAAD(Buffer.from(id));
  const body = Buffer.concat([cipher.update(deflateRawSync(value, { level: LEVEL })), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

function open(sealed: Buffer, id: string, key: Buffer): string | undefined {
  try {
    const iv = sealed.subarray(0, IV_LENGTH);
    const body = sealed.subarray(IV_LENGTH + TAG_LENGTH);
    const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_LENGTH }).setAAD(Buffer.from(id));
    decipher.setAuthTag(sealed.subarray(IV_LENGTH, IV_LENGTH + TAG_LENGTH));
    const packed = Buffer.concat([decipher.update(body), decipher.final()]);
    return inflateRawSync(packed, { maxOutputLength: MAX_UNPACKED }).toString('utf8');
  } catch {
    return undefined;
  }
}

function read(file: string): Buffer | undefined {
  try {
    const handle = openSync(file, 'r');
    try {
      const stats = fstatSync(handle);
      if (!stats.isFile()) return undefined;
      touch(file, stats.mtimeMs);
      return readFileSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}

function discard(partial: string): void {
  try {
    rmSync(partial, { force: true });
  } catch {
    // Where it can't be looked for, it isn't.
  }
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full';
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'EFBIG') return 'the file would be too large';
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'a part of its path is a file';
  return describeFailure(error);
}
