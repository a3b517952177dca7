import { isDeepStrictEqual } from 'node:util';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { scalingOf } from '../workload/autoscalers.ts';
import { asList, asMap, type Workload } from '../workloads.ts';
import type { NodeRequirement } from './node-affinity.ts';
import { nodeMaker, nodesFor, type PodNeeds, podNeeds, surelyFit, type Toleration } from './scheduling.ts';

/** Kinds whose pods are there all the time. A DaemonSet has one on each Node that fits. */
const LASTING = new Set(['Pod', 'Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController', 'Rollout']);

/**
 * Why pods of two workloads are sure to meet on a Node, as the end of a sentence; undefined where they may keep apart. They meet
 * where a DaemonSet's pod is on every Node that the other may be on, and where known Nodes are fewer than the pods of both.
 */
export function whyTheyMeet(cluster: Cluster, a: Workload, b: Workload): string | undefined {
  const [needsA, needsB] = [lastingNeeds(cluster, a), lastingNeeds(cluster, b)];
  if (needsA === undefined || needsB === undefined) return undefined;
  for (const [daemons, own, other, needs] of [
    [a, needsA, b, needsB],
    [b, needsB, a, needsA],
  ] as const) {
    if (isDaemonSet(daemons) && follows(own, needs)) {
      return `${daemons.resource} has a pod on each Node that may take ${other.resource}`;
    }
  }
  return onKnownNodes(cluster, a, needsA, b, needsB);
}

function isDaemonSet({ resource }: Workload): boolean {
  return resource.kind === 'DaemonSet' && resource.group === 'apps';
}

/** What pods need that are there all the time; undefined for others, and where targets disagree on them. */
function lastingNeeds(cluster: Cluster, workload: Workload): PodNeeds | undefined {
  const known = readNeeds(cluster);
  if (!known.has(workload)) known.set(workload, findNeeds(cluster, workload));
  return known.get(workload);
}

const readNeeds = derived(() => new Map<Workload, PodNeeds | undefined>());

function findNeeds(cluster: Cluster, workload: Workload): PodNeeds | undefined {
  const { resource } = workload;
  if (contested(cluster, resource) || choosesNeighbours(workload) || namespaceSelects(cluster, workload))
    return undefined;
  if (mayBeMade(workload)) return undefined;
  if (!isDaemonSet(workload) && (!LASTING.has(resource.kind) || leastPods(cluster, workload) === 0)) return undefined;
  return podNeeds(workload, cluster);
}

/** Whether it may be what a controller made that is rendered: an existing pod that nobody put on a Node by hand. */
function mayBeMade({ resource, pod }: Workload): boolean {
  return resource.existing && ['Pod', 'ReplicaSet'].includes(resource.kind) && pod.nodeName === undefined;
}

/** Whether pods ask for, or keep away from, Nodes with certain other pods. */
function choosesNeighbours({ pod }: Workload): boolean {
  const { podAffinity, podAntiAffinity } = asMap(pod.affinity) ?? {};
  return [podAffinity, podAntiAffinity].some(
    (rules) => asList(asMap(rules)?.requiredDuringSchedulingIgnoredDuringExecution).length > 0,
  );
}

/** Whether the namespace gives its pods a nodeSelector of its own (the PodNodeSelector admission plugin, OpenShift). */
function namespaceSelects(cluster: Cluster, { resource }: Workload): boolean {
  const annotations = asMap(cluster.get('', 'Namespace', '', resource.scope)?.object.metadata.annotations) ?? {};
  return Object.keys(annotations).some((key) => key.endsWith('/node-selector'));
}

/** How many pods there are at the least, 0 where that isn't known. */
function leastPods(cluster: Cluster, workload: Workload): number {
  return scalingOf(cluster, workload).minimum ?? 0;
}

/** Whether a DaemonSet runs wherever other pods may, whatever the Nodes: it asks for nothing that they don't, and tolerates as much. */
function follows(daemons: PodNeeds, other: PodNeeds): boolean {
  if (daemons.nodeName !== undefined || other.nodeName !== undefined) return false;
  if (!daemons.tolerationsKnown || !other.tolerationsKnown) return false;
  const asked = other.affinity.selector.map(bare);
  const isAsked = (item: NodeRequirement) => asked.some((own) => isDeepStrictEqual(own, bare(item)));
  if (!daemons.affinity.selector.every(isAsked)) return false;
  const { terms } = daemons.affinity;
  if (terms && !isDeepStrictEqual(terms.map(all), other.affinity.terms?.map(all))) return false;
  return other.tolerations.every((item) => daemons.tolerations.some((own) => covers(own, item)));
}

function all(term: readonly NodeRequirement[]) {
  return term.map(bare);
}

/** A requirement without the place where it is written. */
function bare({ path: _, ...requirement }: NodeRequirement) {
  return requirement;
}

/** Whether whatever taint one toleration is for, the other is, too. */
function covers(own: Toleration, other: Toleration): boolean {
  if (own.effect !== '' && own.effect !== other.effect) return false;
  if (own.key === '') return own.operator === 'Exists';
  if (own.key !== other.key) return false;
  return own.operator === 'Exists' || (own.operator === other.operator && own.value === other.value);
}

function onKnownNodes(
  cluster: Cluster,
  a: Workload,
  needsA: PodNeeds,
  b: Workload,
  needsB: PodNeeds,
): string | undefined {
  const [nodesA, nodesB] = [nodesFor(a, cluster), nodesFor(b, cluster)];
  if (nodesA === undefined || nodesB === undefined) return undefined;
  if (isDaemonSet(a) && isDaemonSet(b)) {
    const fit = new Set(surelyFit(nodesB, needsB));
    const shared = surelyFit(nodesA, needsA).find((node) => fit.has(node));
    return shared && `both have a pod on ${shared.resource}`;
  }
  if (nodeMaker(cluster) !== undefined || nodesA.length === 0 || nodesB.length === 0) return undefined;
  for (const [daemons, needs, nodes, other, otherNodes] of [
    [a, needsA, nodesA, b, nodesB],
    [b, needsB, nodesB, a, nodesA],
  ] as const) {
    if (!isDaemonSet(daemons)) continue;
    const fit = new Set(surelyFit(nodes, needs));
    if (!otherNodes.every((node) => fit.has(node))) return undefined;
    return `${daemons.resource} has a pod on each Node that takes ${other.resource}`;
  }
  const [podsA, podsB] = [leastPods(cluster, a), leastPods(cluster, b)];
  const nodes = new Set([...nodesA, ...nodesB]).size;
  // More of one than its own Nodes take is another finding: pod-unschedulable.
  if (podsA > nodesA.length || podsB > nodesB.length || podsA + podsB <= nodes) return undefined;
  return `${nodes === 1 ? '1 Node takes' : `${nodes} Nodes take`} the ${podsA + podsB} pods of both`;
}
