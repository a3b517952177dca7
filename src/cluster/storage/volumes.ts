import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { parseQuantity } from '../quota/quantity.ts';
import { holdsUnknown, isUnknown } from '../unknown.ts';
import { asList, asMap, type PodContainer, valueAt, type Workload } from '../workloads.ts';

/** What is behind a volume of a pod. */
export interface Volume {
  readonly name: string;
  /** The field of the volume that says what it is: `emptyDir`, `hostPath`, `persistentVolumeClaim` …; `claimTemplate` of a StatefulSet. */
  readonly source: string;
  /** That field's value: for claims, the claim's spec, where it is known. */
  readonly spec: Readonly<Record<string, unknown>> | undefined;
  /** The volume itself is read-only, wherever it is mounted. */
  readonly readOnly: boolean;
  /** The path of the volume, or of the claim template, in the workload. */
  readonly path: Path;
  /** The PersistentVolumes that a claim may be bound to, among those that somebody made by hand; empty where none fits. */
  readonly candidates: readonly Resource[];
}

/** A volume where a container mounts it. */
export interface Mount {
  readonly volume: Volume;
  /** Without a slash at its end. */
  readonly mountPath: string;
  /** Only a directory or a file of the volume is mounted. */
  readonly subPath: boolean;
  readonly readOnly: boolean;
  readonly path: Path;
}

/** The volumes of a workload's pods by name: a StatefulSet's claim templates replace volumes of the same name. Without those that aren't known. */
export function volumesOf(cluster: Cluster, workload: Workload): ReadonlyMap<string, Volume> {
  const { resource, pod, path } = workload;
  const volumes = new Map<string, Volume>();
  for (const [i, item] of asList(pod.volumes).entries()) {
    const { name, ...sources } = asMap(item) ?? {};
    const [source] = Object.keys(sources);
    if (typeof name !== 'string' || source === undefined) continue;
    const written = asMap(sources[source]);
    const claim =
      source === 'persistentVolumeClaim'
        ? claimOf(cluster, resource, written?.claimName)
        : { spec: written, candidates: [] };
    volumes.set(name, { name, source, ...claim, readOnly: written?.readOnly === true, path: [...path, 'volumes', i] });
  }
  if (resource.kind !== 'StatefulSet') return volumes;
  for (const [i, item] of asList(valueAt(resource.object, ['spec', 'volumeClaimTemplates'])).entries()) {
    const name = valueAt(item, ['metadata', 'name']);
    const spec = asMap(asMap(item)?.spec);
    if (typeof name !== 'string') continue;
    const claim = { base: `${name}-${resource.name}`, isTemplate: true, scope: resource.scope, spec: spec ?? {} };
    const candidates = spec === undefined ? [] : candidatesOf(cluster, claim);
    volumes.set(name, {
      name,
      source: 'claimTemplate',
      spec,
      readOnly: false,
      path: ['spec', 'volumeClaimTemplates', i],
      candidates,
    });
  }
  return volumes;
}

/** The mounts of a container whose volume is known. */
export function mountsOf(volumes: ReadonlyMap<string, Volume>, { container, path }: PodContainer): Mount[] {
  return asList(container.volumeMounts).flatMap((item, i) => {
    const { name, mountPath, subPath, subPathExpr, readOnly } = asMap(item) ?? {};
    const volume = typeof name === 'string' ? volumes.get(name) : undefined;
    if (!volume || typeof mountPath !== 'string' || isUnknown(mountPath)) return [];
    const at = mountPath.replace(/(?!^)\/+$/, '');
    return [
      {
        volume,
        mountPath: at,
        subPath: Boolean(subPath ?? subPathExpr),
        readOnly: readOnly === true || volume.readOnly,
        path: [...path, 'volumeMounts', i],
      },
    ];
  });
}

/** The mount that a file or directory of a container lies in: the longest mount path wins. */
export function mountOver(mounts: readonly Mount[], directory: string): Mount | undefined {
  const over = mounts.filter(({ mountPath }) => mountPath === '/' || `${directory}/`.startsWith(`${mountPath}/`));
  return over.reduce<Mount | undefined>(
    (longest, mount) => (mount.mountPath.length > (longest?.mountPath.length ?? -1) ? mount : longest),
    undefined,
  );
}

/** A hostPath behind a volume: the pod's own, or that of each PersistentVolume that its claim may be bound to. */
export interface HostPath {
  readonly directory: string;
  /** `DirectoryOrCreate` …, empty where none is written. */
  readonly type: string;
  /** The PersistentVolume that it stands in. */
  readonly resource: Resource | undefined;
}

/** The hostPath that a volume is for sure, undefined where it is something else, or one of several things. */
export function hostPathOf({ source, spec, candidates }: Volume): HostPath | undefined {
  if (source === 'hostPath') return readHostPath(spec, undefined);
  const [first, ...others] = candidates.map((resource) =>
    readHostPath(asMap(valueAt(resource.object, ['spec', 'hostPath'])), resource),
  );
  return others.every((other) => other !== undefined && other.type === first?.type) ? first : undefined;
}

function readHostPath(
  spec: Readonly<Record<string, unknown>> | undefined,
  resource: Resource | undefined,
): HostPath | undefined {
  const { path, type = '' } = spec ?? {};
  if (typeof path !== 'string' || typeof type !== 'string' || isUnknown(path) || isUnknown(type)) return undefined;
  return { directory: path, type, resource };
}

function claimOf(cluster: Cluster, { scope }: Resource, name: unknown): Pick<Volume, 'spec' | 'candidates'> {
  const resource = typeof name === 'string' ? cluster.get('', 'PersistentVolumeClaim', scope, name) : undefined;
  const spec = resource && asMap(valueAt(resource.object, ['spec']));
  if (!resource || !spec || contested(cluster, resource)) return { spec: undefined, candidates: [] };
  return { spec, candidates: candidatesOf(cluster, { base: resource.name, isTemplate: false, scope, spec }) };
}

interface Claim {
  /** Its name; for a claim template, without the ordinal. */
  base: string;
  isTemplate: boolean;
  scope: string;
  spec: Readonly<Record<string, unknown>>;
}

/** PersistentVolumes by their class, and those that are kept for a claim by its namespace and its name up to an ordinal. */
const persistentVolumes = derived((cluster) => {
  const free = new Map<string, Resource[]>();
  const kept = new Map<string, Resource[]>();
  for (const volume of cluster.list('', 'PersistentVolume')) {
    const { storageClassName, claimRef } = asMap(valueAt(volume.object, ['spec'])) ?? {};
    const reference = asMap(claimRef);
    const map = reference ? kept : free;
    const id = reference
      ? keyOf(reference.namespace, reference.name)
      : typeof storageClassName === 'string'
        ? storageClassName
        : '';
    const same = map.get(id);
    if (same) same.push(volume);
    else map.set(id, [volume]);
  }
  return { free, kept };
});

function keyOf(namespace: unknown, name: unknown): string {
  return JSON.stringify([namespace, String(name).replace(/-\d+$/, '')]);
}

/**
 * The PersistentVolumes that the controller may bind a claim to (pkg/controller/volume/persistentvolume): the one that the claim
 * names, those that are kept for it, else those of its class with room, modes and labels. A claim without a class gets one that
 * nobody knows here.
 */
function candidatesOf(cluster: Cluster, { base, isTemplate, scope, spec }: Claim): readonly Resource[] {
  const { volumeName, storageClassName } = spec;
  if (typeof volumeName === 'string' && volumeName !== '') {
    const volume = cluster.get('', 'PersistentVolume', '', volumeName);
    return volume ? [volume] : [];
  }
  const { free, kept } = persistentVolumes(cluster);
  const reserved = (kept.get(keyOf(scope, isTemplate ? `${base}-0` : base)) ?? []).filter(({ object }) => {
    const name = String(valueAt(object, ['spec', 'claimRef', 'name']));
    return isTemplate ? name.startsWith(`${base}-`) : name === base;
  });
  if (reserved.length > 0) return reserved;
  if (typeof storageClassName !== 'string' || holdsUnknown(spec)) return [];
  return (free.get(storageClassName) ?? []).filter((volume) => fits(volume, spec));
}

function fits({ object }: Resource, claim: Readonly<Record<string, unknown>>): boolean {
  const spec = asMap(valueAt(object, ['spec'])) ?? {};
  const room = parseQuantity(asMap(spec.capacity)?.storage);
  const wanted = parseQuantity(valueAt(claim, ['resources', 'requests', 'storage']));
  const modes = asList(spec.accessModes);
  const labels = asMap(valueAt(object, ['metadata', 'labels'])) ?? {};
  const selector = asMap(claim.selector) ?? {};
  return (
    room !== undefined &&
    wanted !== undefined &&
    room >= wanted &&
    asList(claim.accessModes).every((mode) => modes.includes(mode)) &&
    asList(selector.matchExpressions).length === 0 &&
    Object.entries(asMap(selector.matchLabels) ?? {}).every(([key, value]) => labels[key] === value)
  );
}
