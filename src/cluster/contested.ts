import type { Resource } from '../resource.ts';
import { type Cluster, derived } from './cluster.ts';

const identities = derived((cluster) => {
  const counts = new Map<string, number>();
  for (const resource of cluster.resources) {
    const id = identityOf(resource);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
});

/** Whether targets define an object differently, so that nobody knows which of them the cluster holds. */
export function contested(cluster: Cluster, resource: Resource): boolean {
  return (identities(cluster).get(identityOf(resource)) ?? 0) > 1;
}

function identityOf({ group, kind, scope, name }: Resource): string {
  return JSON.stringify([group, kind, scope, name]);
}
