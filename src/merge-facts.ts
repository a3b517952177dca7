import { asMap } from './cluster/workloads.ts';

/**
 * Adds to what one file of facts says of an object what another one says: keys that it lacks, and texts that it leaves empty, as a
 * snapshot leaves values. Lists and everything else stay as they are.
 */
export function addFacts(into: Record<string, unknown>, from: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(from)) {
    const known = Object.hasOwn(into, key) ? into[key] : undefined;
    const [knownMap, map] = [asMap(known), asMap(value)];
    if (knownMap && map) addFacts(knownMap, map);
    else if (known === undefined || known === '') Object.defineProperty(into, key, { ...PLAIN, value });
  }
}

/** A field of any name, `__proto__` too. */
const PLAIN = { configurable: true, enumerable: true, writable: true };
