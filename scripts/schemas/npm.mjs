import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'fflate';

const run = promisify(execFile);

/** @typedef {{ name: string, version: string, integrity: string }} Source */

/**
 * The files of published packages whose path in them matches `wanted`, as text. Nothing of a package is run or installed.
 * Throws when npm can't fetch one, or when its tarball isn't the one that `integrity` (as in a lock file) names.
 *
 * @param {readonly Source[]} sources
 * @param {RegExp} wanted
 * @returns {Promise<Map<string, string>[]>} in the order of the sources
 */
export async function readPackages(sources, wanted) {
  const directory = await mkdtemp(join(tmpdir(), 'k8s-lint-schemas-'));
  try {
    const specs = sources.map(({ name, version }) => `${name}@${version}`);
    await run('npm', ['pack', ...specs, '--ignore-scripts', '--silent', '--pack-destination', directory]);
    return await Promise.all(sources.map((source) => readTarball(source, directory, wanted)));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * @param {Source} source
 * @param {string} directory
 * @param {RegExp} wanted
 */
async function readTarball({ name, version, integrity }, directory, wanted) {
  const tarball = await readFile(join(directory, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`));
  const actual = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  if (actual !== integrity) throw new Error(`${name}@${version} is ${actual}, not ${integrity}`);
  return untar(gunzipSync(tarball), wanted);
}

/**
 * The files of a ustar archive, which is what npm packs: 512-byte headers, each followed by its padded file; a long path
 * stands in a pax header of its own. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 *
 * @param {Uint8Array} archive
 * @param {RegExp} wanted
 */
function untar(archive, wanted) {
  const decoder = new TextDecoder();
  const text = (/** @type {number} */ start, /** @type {number} */ length) =>
    decoder.decode(archive.subarray(start, start + length));
  const field = (/** @type {number} */ start, /** @type {number} */ length) => text(start, length).split('\0', 1)[0];
  /** @type {Map<string, string>} */
  const files = new Map();
  /** @type {string | undefined} */
  let longPath;
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(field(at + 124, 12), 8);
    const type = field(at + 156, 1);
    if (type === 'x') longPath = /^\d+ path=(.*)$/m.exec(text(at + 512, size))?.[1];
    else {
      const path = longPath ?? [field(at + 345, 155), field(at, 100)].filter(Boolean).join('/');
      const inside = path.slice(path.indexOf('/') + 1);
      if ((type === '0' || type === '') && wanted.test(inside)) files.set(inside, text(at + 512, size));
      longPath = undefined;
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
