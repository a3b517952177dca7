import type { Path, Resource } from '../resource.ts';
import type { Cluster } from './cluster.ts';
import { contested } from './contested.ts';
import { isUnknown } from './unknown.ts';
import { asList, asMap, valueAt, type Workload } from './workloads.ts';

/** A PersistentVolumeClaim that a workload's pods mount by name. */
export interface MountedClaim {
  name: string;
  /** The path of the name in the workload. */
  path: Path;
  /** Undefined where it isn't known, or targets define it differently. */
  claim: Resource | undefined;
}

/** The claims that a pod template names; not those that a StatefulSet makes of its templates. */
export function mountedClaims(cluster: Cluster, { resource, pod, path }: Workload): MountedClaim[] {
  return asList(pod.volumes).flatMap((volume, i) => {
    const name = asMap(asMap(volume)?.persistentVolumeClaim)?.claimName;
    if (typeof name !== 'string') return [];
    const claim = isUnknown(name) ? undefined : claimOf(cluster, resource.scope, name);
    return [{ name, path: [...path, 'volumes', i, 'persistentVolumeClaim', 'claimName'], claim }];
  });
}

function claimOf(cluster: Cluster, scope: string, name: string): Resource | undefined {
  const claim = cluster.get('', 'PersistentVolumeClaim', scope, name);
  return claim && !contested(cluster, claim) ? claim : undefined;
}

/** The access modes that a claim asks for. */
export function accessModes(claim: Resource): readonly unknown[] {
  return asList(valueAt(claim.object, ['spec', 'accessModes']));
}

/** Whether only the pods of one Node at a time can mount a claim's volume; undefined where its access modes don't say. */
export function isReadWriteOnce(claim: Resource): boolean | undefined {
  const modes = accessModes(claim);
  if (modes.length === 0 || modes.some(isUnknown)) return undefined;
  return modes.every((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
}
