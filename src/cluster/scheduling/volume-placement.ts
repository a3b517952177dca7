import type { Path, Resource } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { mountedClaims, volumeOfClaim } from '../storage/claims.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt, type Workload } from '../workloads.ts';
import { matchesAffinity, type NodeLabels, type NodeRequirement, nodeSelectorTerms } from './node-affinity.ts';

/** A PersistentVolume that a pod needs, and the Nodes that can mount it. */
export interface PlacedVolume {
  volume: Resource;
  claim: string;
  /** What in the workload asks for it. */
  path: Path;
  /** The terms of its node affinity, of which a Node must meet one; undefined for any Node. */
  terms: NodeRequirement[][] | undefined;
  /** The zone and region labels, with the values that a Node may have. */
  zones: readonly { key: string; values: readonly string[] }[];
}

const TERMS: Path = ['spec', 'nodeAffinity', 'required', 'nodeSelectorTerms'];

/** The labels that the VolumeZone plugin of the scheduler compares, with what took their place. */
const ZONE_LABELS: ReadonlyMap<string, string> = new Map([
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['topology.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'topology.kubernetes.io/region'],
]);

/** The volumes that are surely bound to the claims that a workload's pods mount. */
export function placedVolumes(cluster: Cluster, workload: Workload): PlacedVolume[] {
  if (cluster.list('', 'PersistentVolume').length === 0) return [];
  return mountedClaims(cluster, workload).flatMap(({ name, path, claim }) => {
    const volume = claim && volumeOfClaim(cluster, claim.scope, name, claim.object);
    return volume ? [place(volume, name, path)] : [];
  });
}

/** More pods of a StatefulSet than this aren't told apart. */
const MOST_ORDINALS = 20;

/** The volumes of each pod of a StatefulSet, behind the claims that are made of its templates: `data-web-0`, `data-web-1`. */
export function volumesByOrdinal(cluster: Cluster, { resource, replicas = 0 }: Workload): PlacedVolume[][] {
  const templates = asList(valueAt(resource.object, ['spec', 'volumeClaimTemplates']));
  if (resource.kind !== 'StatefulSet' || cluster.list('', 'PersistentVolume').length === 0) return [];
  const first = valueAt(resource.object, ['spec', 'ordinals', 'start']) ?? 0;
  if (typeof first !== 'number') return [];
  const pods = Array.from({ length: Math.max(0, Math.min(replicas, MOST_ORDINALS)) }, (_, i) => first + i);
  return pods.map((ordinal) =>
    templates.flatMap((template, i) => {
      const own = valueAt(template, ['metadata', 'name']);
      const name = `${own}-${resource.name}-${ordinal}`;
      const made = cluster.get('', 'PersistentVolumeClaim', resource.scope, name)?.object ?? template;
      const volume = typeof own === 'string' ? volumeOfClaim(cluster, resource.scope, name, made) : undefined;
      return volume ? [place(volume, name, ['spec', 'volumeClaimTemplates', i])] : [];
    }),
  );
}

function place(volume: Resource, claim: string, path: Path): PlacedVolume {
  const labels = asMap(volume.object.metadata.labels) ?? {};
  const zones = [...ZONE_LABELS.keys()].flatMap((key) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    // Several zones are written as one label (LabelZonesToSet of k8s.io/cloud-provider/volume/helpers).
    return typeof value === 'string' && !isUnknown(value) ? [{ key, values: value.split('__') }] : [];
  });
  return { volume, claim, path, terms: nodeSelectorTerms(valueAt(volume.object, TERMS), TERMS), zones };
}

/** Whether the node affinity of a volume surely refuses a Node (CheckNodeAffinity of k8s.io/component-helpers/storage/volume). */
export function isElsewhere({ terms }: PlacedVolume, node: NodeLabels): boolean {
  if (terms === undefined || terms.some((term) => term.some((item) => isOpen(item, node)))) return false;
  return matchesAffinity({ selector: [], terms, termsPath: TERMS }, node) === false;
}

/** A Node written by hand lacks the labels of storage drivers without meaning so. */
function isOpen({ key, field }: NodeRequirement, node: NodeLabels): boolean {
  return field || (!node.complete && !Object.hasOwn(node.labels, key));
}

/** Whether a Node is surely in another zone than a volume; one without any zone label takes all (VolumeZone). */
export function isInOtherZone({ zones }: PlacedVolume, node: NodeLabels): boolean {
  if (![...ZONE_LABELS.keys()].some((key) => Object.hasOwn(node.labels, key))) return false;
  return zones.some(({ key, values }) => {
    const value = [key, ZONE_LABELS.get(key) ?? key].filter((own) => Object.hasOwn(node.labels, own))[0];
    if (value === undefined) return node.complete;
    const own = node.labels[value];
    return typeof own === 'string' && !isUnknown(own) && !values.includes(own);
  });
}
