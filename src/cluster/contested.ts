import { isDeepStrictEqual } from 'node:util';
import { compareScopes, type Path, type Resource } from '../resource.ts';
import { type Cluster, derived } from './cluster.ts';
import { asMap } from './workloads.ts';

const definitions = derived((cluster) => {
  const byIdentity = new Map<string, Resource[]>();
  for (const resource of cluster.resources) {
    const id = identityOf(resource);
    const same = byIdentity.get(id);
    if (same) same.push(resource);
    else byIdentity.set(id, [resource]);
  }
  return byIdentity;
});

/** Whether targets define an object differently, so that nobody knows which of them the cluster holds. */
export function contested(cluster: Cluster, resource: Resource): boolean {
  const repeated = repeatedIdentities(cluster);
  return repeated.size > 0 && repeated.has(identityOf(resource));
}

/** Nearly always none: what every rule asks is answered without a look at the resource. */
const repeatedIdentities = derived(
  (cluster): ReadonlySet<string> =>
    new Set([...definitions(cluster)].filter(([, same]) => same.length > 1).map(([id]) => id)),
);

/** The objects that are rendered more than once, with all their definitions, which differ. Without what only has a generateName. */
export const contestedDefinitions = derived((cluster): readonly (readonly Resource[])[] =>
  [...definitions(cluster).values()].filter((same) => same.length > 1 && same[0]?.object.metadata.name !== undefined),
);

/** Where two values differ: the deepest path to which all differences belong, and no further than the first list. */
export function differenceOf(a: unknown, b: unknown): Path {
  const [one, other] = [asMap(a), asMap(b)];
  if (!one || !other) return [];
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const different = keys.filter((key) => !isDeepStrictEqual(own(one, key), own(other, key)));
  const [key] = different;
  if (key === undefined || different.length > 1) return [];
  return [key, ...differenceOf(own(one, key), own(other, key))];
}

function own(map: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** Whether two resources of one kind may be one object: of one name, in namespaces that may be the same. */
export function mayBeOne(a: Resource, b: Resource): boolean {
  return a.name === b.name && compareScopes(a.scope, b.scope) !== 'different';
}

/**
 * The same without existing objects that may be one of the rendered ones among them, as the cluster holds what was deployed before.
 * For few objects of one kind.
 */
export function withoutDeployed<T>(items: readonly T[], resourceOf: (item: T) => Resource): readonly T[] {
  const rendered = items.map(resourceOf).filter(({ existing }) => !existing);
  if (rendered.length === 0 || rendered.length === items.length) return items;
  return items.filter((item) => {
    const resource = resourceOf(item);
    return !resource.existing || !rendered.some((other) => other.group === resource.group && mayBeOne(other, resource));
  });
}

function identityOf({ group, kind, scope, name }: Resource): string {
  return JSON.stringify([group, kind, scope, name]);
}
