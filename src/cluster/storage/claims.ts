import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { parseQuantity } from '../quota/quantity.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt, type Workload } from '../workloads.ts';

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

/**
 * The PersistentVolume that a claim surely gets: the claim names it, or it names the claim (FindMatchingVolume of
 * k8s.io/component-helpers/storage/volume). `claim` is its object, or the template that it is made of.
 */
export function volumeOfClaim(cluster: Cluster, scope: string, name: string, claim: unknown): Resource | undefined {
  const volumeName = valueAt(claim, ['spec', 'volumeName']);
  const volume =
    typeof volumeName === 'string' && volumeName !== ''
      ? cluster.get('', 'PersistentVolume', '', volumeName)
      : volumesByClaim(cluster).get(JSON.stringify([scope, name]));
  if (volume === undefined || contested(cluster, volume) || !suffices(volume, claim)) return undefined;
  const { claimRef } = asMap(valueAt(volume.object, ['spec'])) ?? {};
  const { namespace = scope, name: claimed = name } = asMap(claimRef) ?? {};
  const { phase } = asMap((volume.object as { status?: unknown }).status) ?? {};
  const isFree = phase !== 'Released' && phase !== 'Failed';
  return isFree && namespace === scope && claimed === name ? volume : undefined;
}

const volumesByClaim = derived((cluster) => {
  const volumes = new Map<string, Resource>();
  for (const volume of cluster.list('', 'PersistentVolume')) {
    const { namespace, name } = asMap(valueAt(volume.object, ['spec', 'claimRef'])) ?? {};
    if (typeof namespace === 'string' && typeof name === 'string')
      volumes.set(JSON.stringify([namespace, name]), volume);
  }
  return volumes;
});

/** Whether a volume is as large as a claim asks for, and offers its access modes. */
function suffices(volume: Resource, claim: unknown): boolean {
  const offered = asList(valueAt(volume.object, ['spec', 'accessModes']));
  const asked = asList(valueAt(claim, ['spec', 'accessModes']));
  const capacity = parseQuantity(valueAt(volume.object, ['spec', 'capacity', 'storage']));
  const size = parseQuantity(valueAt(claim, ['spec', 'resources', 'requests', 'storage']));
  if (capacity === undefined || size === undefined || size > capacity) return false;
  return asked.length > 0 && asked.every((mode) => offered.includes(mode));
}
