import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../src/cluster/cluster.ts';
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

interface Original {
  object: Manifest;
  side: 'now' | 'existing' | 'before';
}

/** The objects of an example's stream, each with what it stands for. */
async function objectsOf(example: Rule['examples']['good'][number]): Promise<Original[]> {
  const { files, before } = readExample(example);
  const texts = { now: files['manifest.yaml'], existing: files['existing.yaml'], before: before?.['manifest.yaml'] };
  const found: Original[] = [];
  for (const side of ['now', 'existing', 'before'] as const) {
    const sources = new SourceFiles('/');
    sources.add('/manifest.yaml', texts[side] ?? '');
    const { objects } = await load(readManifests('manifest.yaml', sources).objects);
    for (const { object } of objects) found.push({ object: object as unknown as Manifest, side });
  }
  return found;
}

function clusterOfSides(objects: readonly Original[]): Cluster {
  const only = (...sides: Original['side'][]) =>
    objects
      .filter(({ side }) => sides.includes(side))
      .map(({ object, side }) =>
        resourceOf({ ...object, metadata: object.metadata ?? {} }, { existing: side === 'existing' }),
      );
  const before = clusterOf(only('before', 'existing'));
  const isCompared = objects.some(({ side }) => side === 'before');
  return clusterOf(only('now', 'existing'), [], { targets: [], ...(isCompared && { before }) });
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
          const cluster = clusterOfSides(objects);
          const absent: unknown[] = [];
          for (const rule of rules) {
            for (const item of rule.check?.(cluster) ?? []) {
              if ('unchecked' in item || !item.resource) continue;
              let value: unknown = item.resource.object;
              for (const key of item.path ?? []) {
                if (!Object.hasOwn(Object(value), key)) {
                  absent.push([rule.id, item.path]);
                  break;
                }
                value = (value as Record<string | number, unknown>)[key];
              }
            }
          }
          expect(absent).toEqual([]);
        }),
        { numRuns: 40 },
      );
    }
  });
});
