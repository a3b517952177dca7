import picomatch from 'picomatch';
import { waysToMatch } from '../tame-pattern.ts';

/** No path that people write is longer, and none that file systems take has longer names. */
const MAX_GLOB = 4096;
const MAX_NAME = 255;
/** Four wildcards that match any length. */
const MAX_WAYS = 2 * (MAX_NAME + 1) ** 4;

/** Whether a glob of paths can be matched in a time that nobody notices. Each name between slashes is matched by itself. */
export function isTameGlob(glob: string): boolean {
  return glob.length <= MAX_GLOB && glob.split('/').every((name) => name === '' || name === '**' || isTameName(name));
}

function isTameName(name: string): boolean {
  return waysToMatch(picomatch.makeRe(name, { nonegate: true }).source, MAX_NAME) <= MAX_WAYS;
}
