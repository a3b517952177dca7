import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { load } from '../src/load.ts';
import { readManifests } from '../src/render/manifests.ts';
import type { Rule } from '../src/rule.ts';
import { rules } from '../src/rules/index.ts';
import { SourceFiles } from '../src/source.ts';
import { readExample } from './examples.ts';
import { clusterOf, type Manifest, resourceOf } from './in-memory.ts';

/** What may stand where something else is meant. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    ' ',
    '0',
    'a',
    '${A}',
    '$(A)',
    '__proto__',
    'constructor',
    '1e3',
    '1..2',
    '::',
  ),
  fc.constantFrom<unknown>(
    0,
    -1,
    0.5,
    1e21,
    65536,
    [],
    {},
    [null],
    [[]],
    [{}],
    ['a', 'a'],
    { '': null },
    { toString: 'x' },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Where to change an example, as a share of its places, and what to put there; undefined takes the place away. */
const change = fc.record({
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  to: fc.option(odd, { nil: undefined }),
});

/** The objects of an example's stream, those that exist marked. */
async function objectsOf(
  example: Rule['examples']['good'][number],
): Promise<{ object: Manifest; existing: boolean }[]> {
  const { files } = readExample(example);
  const found: { object: Manifest; existing: boolean }[] = [];
  for (const file of ['manifest.yaml', 'existing.yaml']) {
    const sources = new SourceFiles('/');
    sources.add(`/${file}`, files[file] ?? '');
    const { objects } = await load(readManifests(file, sources).objects);
    for (const { object } of objects) {
      found.push({ object: object as unknown as Manifest, existing: file === 'existing.yaml' });
    }
  }
  return found;
}

/** Every place of a value, as its container and key. */
function placesIn(value: unknown, places: { holder: Record<string, unknown>; key: string }[] = []) {
  if (typeof value !== 'object' || value === null) return places;
  for (const key of Object.keys(value)) {
    places.push({ holder: value as Record<string, unknown>, key });
    placesIn((value as Record<string, unknown>)[key], places);
  }
  return places;
}

describe.each(rules.map((rule) => [rule.id, rule] as const))('the examples of %s, with odd values', (_, owner) => {
  it('break no rule', async () => {
    const examples = [...owner.examples.bad, ...owner.examples.good].filter((example) => typeof example === 'string');
    for (const example of examples) {
      const originals = await objectsOf(example);
      expect(originals).not.toEqual([]);
      const changes = fc.array(change, { minLength: 1, maxLength: 3 });
      fc.assert(
        fc.property(changes, (list) => {
          const objects = structuredClone(originals);
          for (const { at, to } of list) {
            const places = placesIn(
              objects.map(({ object }) => [object.metadata, object.spec, object.data, object.status]),
            );
            const place = places[Math.floor(at * places.length)];
            if (!place) continue;
            if (to === undefined) delete place.holder[place.key];
            else place.holder[place.key] = structuredClone(to);
          }
          const cluster = clusterOf(
            objects.map(({ object, existing }) =>
              resourceOf({ ...object, metadata: object.metadata ?? {} }, { existing }),
            ),
          );
          for (const rule of rules) {
            for (const item of rule.check?.(cluster) ?? []) {
              if ('unchecked' in item || !item.resource) continue;
              let value: unknown = item.resource.object;
              for (const key of item.path ?? []) {
                expect([rule.id, item.path, Object.hasOwn(Object(value), key)]).toEqual([rule.id, item.path, true]);
                value = (value as Record<string | number, unknown>)[key];
              }
            }
          }
        }),
        { numRuns: 40 },
      );
    }
  });
});
