import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';
import type { Referent } from './references.ts';

/** One entry of a Flux object's `spec.dependsOn`. It names an object of the same kind, by default of the same namespace. */
export interface Dependency {
  readonly resource: Resource;
  /** The path of the name. */
  readonly path: Path;
  readonly referent: Referent;
  /** The object that is meant, where it is here. */
  readonly on: Resource | undefined;
  /** It must be ready, not only there. */
  readonly untilReady: boolean;
}

const KINDS = [
  ['kustomize.toolkit.fluxcd.io', 'Kustomization'],
  ['helm.toolkit.fluxcd.io', 'HelmRelease'],
  ['fluxcd.controlplane.io', 'ResourceSet'],
] as const;

/**
 * What Flux objects wait for: https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies. A ResourceSet names kinds of
 * its own choice, and only those of its own kind are followed.
 */
export const dependenciesOf = derived((cluster: Cluster): ReadonlyMap<Resource, readonly Dependency[]> => {
  const all = new Map<Resource, readonly Dependency[]>();
  for (const [group, kind] of KINDS) {
    for (const resource of cluster.list(group, kind)) {
      const dependencies = asList(valueAt(resource.object, ['spec', 'dependsOn'])).flatMap((item, i) => {
        const { name, namespace, kind: other = kind, ready, readyExpr } = asMap(item) ?? {};
        if (typeof name !== 'string' || isUnknown(name) || isUnknown(namespace) || other !== kind) return [];
        const scope = typeof namespace === 'string' && namespace !== '' ? namespace : resource.scope;
        const path = ['spec', 'dependsOn', i, 'name'];
        const on = cluster.get(group, kind, scope, name);
        // An expression of one's own takes the place of readiness; a ResourceSet waits for it only where it says so.
        const untilReady = !readyExpr && (kind !== 'ResourceSet' || ready === true);
        return [{ resource, path, referent: { group, kind, scope, name }, on, untilReady }];
      });
      if (dependencies.length > 0) all.set(resource, dependencies);
    }
  }
  return all;
});

/** The circles of what waits until another is ready, each once: its entries in order, from the first object of the environment that is in it. */
export const dependencyCycles = derived((cluster: Cluster): readonly (readonly Dependency[])[] => {
  const dependencies = dependenciesOf(cluster);
  const done = new Set<Resource>();
  const cycles: Dependency[][] = [];
  for (const start of dependencies.keys()) {
    if (done.has(start)) continue;
    // Depth first, without recursion: a chain may be as long as the environment.
    const way: { resource: Resource; next: number; by: Dependency | undefined }[] = [
      { resource: start, next: 0, by: undefined },
    ];
    const onTheWay = new Map<Resource, number>([[start, 0]]);
    for (let step = way.at(-1); step; step = way.at(-1)) {
      const dependency = dependencies.get(step.resource)?.[step.next++];
      if (!dependency) {
        done.add(step.resource);
        onTheWay.delete(step.resource);
        way.pop();
        continue;
      }
      const { on, untilReady } = dependency;
      if (!on || !untilReady || done.has(on)) continue;
      const at = onTheWay.get(on);
      if (at !== undefined) {
        cycles.push([...way.slice(at + 1).flatMap(({ by }) => by ?? []), dependency]);
        continue;
      }
      onTheWay.set(on, way.length);
      way.push({ resource: on, next: 0, by: dependency });
    }
  }
  return cycles;
});
