import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { type HostPort, hostPortsOf } from '../network/host-ports.ts';
import { countable } from '../quota/quantity.ts';
import { holdsUnknown, isUnknown } from '../unknown.ts';
import { asMap, type Workload } from '../workloads.ts';
import {
  matchesAffinity,
  type NodeAffinity,
  type NodeLabels,
  nodeAffinityOf,
  requiredNames,
  selectorRequirements,
} from './node-affinity.ts';
import { add, amounts, type PodRequest, type PodRequests, podRequests } from './pod-requests.ts';
import { isElsewhere, isInOtherZone, type PlacedVolume, placedVolumes } from './volume-placement.ts';

/** A taint that keeps pods off, with its place in `spec.taints`. */
export interface NodeTaint {
  key: string;
  value: string;
  effect: 'NoSchedule' | 'NoExecute';
  index: number;
}

/** A Node as the scheduler sees it when nothing runs there yet and nothing is wrong with it. */
export interface NodeFacts extends NodeLabels {
  resource: Resource;
  /** Cordoned: `spec.unschedulable`. */
  unschedulable: boolean;
  taints: readonly NodeTaint[];
  /** In nano units. What isn't listed is unknown. */
  allocatable: ReadonlyMap<string, PodRequest>;
}

/**
 * Taints that come and go with a Node's state and with what is still starting there; a snapshot of them says nothing about
 * tomorrow (https://kubernetes.io/docs/reference/labels-annotations-taints/).
 */
const TRANSIENT =
  /^(?:node\.kubernetes\.io\/(?!unschedulable$).*|node\.cloudprovider\.kubernetes\.io\/.*|.*\/agent-not-ready|.*(?:unregistered|disrupted|disruption|uninitialized|startup.*)|.*ClusterAutoscaler|readiness\.k8s\.io\/.*)$/;

/** The Nodes of the environment; undefined where one of them can't be read, so that not all of them are known. */
export const nodesOf = derived((cluster): readonly NodeFacts[] | undefined => {
  const refused = cluster.schemaErrors.some(({ resource }) => resource.group === '' && resource.kind === 'Node');
  const nodes = cluster.list('', 'Node').map(nodeFacts);
  return refused || nodes.includes(undefined) ? undefined : (nodes as NodeFacts[]);
});

function nodeFacts(resource: Resource): NodeFacts | undefined {
  const { metadata, spec, status } = resource.object as { metadata?: unknown; spec?: unknown; status?: unknown };
  const labels = asMap(asMap(metadata)?.labels) ?? {};
  const { unschedulable = false, taints = [] } = asMap(spec) ?? {};
  if (resource.name === '' || isUnknown(resource.name) || !Array.isArray(taints) || holdsUnknown(taints))
    return undefined;
  const { allocatable, capacity } = asMap(status) ?? {};
  if (holdsUnknown(allocatable) || holdsUnknown(capacity)) return undefined;
  return {
    resource,
    name: resource.name,
    labels,
    // Every kubelet labels its Node with the operating system.
    complete: Object.hasOwn(labels, 'kubernetes.io/os'),
    unschedulable: unschedulable === true,
    taints: taints.flatMap((taint: unknown, index) => nodeTaint(taint, index) ?? []),
    // The API server takes the capacity for what is allocatable where the kubelet doesn't say.
    allocatable: asMap(allocatable)
      ? amounts(allocatable, ['status', 'allocatable'])
      : amounts(capacity, ['status', 'capacity']),
  };
}

function nodeTaint(taint: unknown, index: number): NodeTaint | undefined {
  const { key, value = '', effect } = asMap(taint) ?? {};
  if (typeof key !== 'string' || typeof value !== 'string') return undefined;
  if ((effect !== 'NoSchedule' && effect !== 'NoExecute') || TRANSIENT.test(key)) return undefined;
  return { key, value, effect, index };
}

/** `dedicated=gpu:NoSchedule`, as `kubectl taint` writes it. */
export function showTaint({ key, value, effect }: NodeTaint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`;
}

/**
 * Who may add Nodes that aren't there yet, or make them for each pod: Karpenter, the cluster autoscaler, Fargate, virtual
 * kubelets. Undefined where nothing says so; the autoscalers of managed clusters leave no trace.
 */
export const nodeMaker = derived((cluster): string | undefined => {
  for (const resource of cluster.resources) {
    if (/(?:^|\.)karpenter\.|^autoscaling\.openshift\.io$/.test(resource.group)) return `${resource}`;
    if (/karpenter|cluster-autoscaler/.test(resource.name)) return `${resource}`;
    if (resource.kind === 'Node' && isMadeOnDemand(resource)) return `what made ${resource}`;
  }
  return undefined;
});

function isMadeOnDemand({ object }: Resource): boolean {
  const { metadata, spec } = object as { metadata?: unknown; spec?: unknown };
  const { labels, annotations } = asMap(metadata) ?? {};
  const taints = asMap(spec)?.taints;
  const keys = [...Object.keys(asMap(labels) ?? {}), ...Object.keys(asMap(annotations) ?? {})];
  if (Array.isArray(taints))
    keys.push(...taints.map((taint: unknown) => asMap(taint)?.key).filter((key) => typeof key === 'string'));
  return (
    keys.some((key) =>
      /karpenter\.|cluster-autoscaler|ClusterAutoscaler$|^eks\.amazonaws\.com\/compute-type$/.test(key),
    ) || asMap(labels)?.type === 'virtual-kubelet'
  );
}

export interface Toleration {
  key: string;
  operator: string;
  value: string;
  effect: string;
  path: Path;
}

/** What a workload's pods need of a Node. */
export interface PodNeeds {
  /** Set by hand: the scheduler never sees the pod. */
  nodeName: string | undefined;
  affinity: NodeAffinity;
  tolerations: readonly Toleration[];
  /** False where more taints may be tolerated than is written. */
  tolerationsKnown: boolean;
  /** A lower bound. */
  requests: PodRequests;
  /** Of which a Node has each once. */
  hostPorts: readonly HostPort[];
  /** The PersistentVolumes that it surely gets. */
  volumes: readonly PlacedVolume[];
}

/** What the pods of a workload need of a Node; undefined where the scheduler isn't asked or what is written can't be read. */
export function podNeeds(workload: Workload, cluster: Cluster): PodNeeds | undefined {
  const { pod, path } = workload;
  const written: Record<string, unknown> = { ...pod };
  const { schedulerName = '', schedulingGates = [], nodeName = '', tolerations = [] } = written;
  if (schedulerName !== '' && schedulerName !== 'default-scheduler') return undefined;
  if (!Array.isArray(schedulingGates) || schedulingGates.length > 0) return undefined;
  if (typeof nodeName !== 'string' || isUnknown(nodeName) || !Array.isArray(tolerations)) return undefined;
  const affinity = nodeAffinityOf(pod, path);
  if (affinity === undefined) return undefined;
  const requests = new Map(podRequests(pod, path, isAtLeast(cluster.kubernetesVersion, 34)));
  const runtime = runtimeClass(workload, cluster);
  const own = runtime?.tolerations ?? [];
  if (runtime !== undefined) {
    affinity.selector.push(...runtime.selector);
    add(requests, runtime.overhead);
  }
  return {
    nodeName: nodeName === '' ? undefined : nodeName,
    affinity,
    tolerations: [...readTolerations(tolerations, [...path, 'tolerations']), ...own],
    tolerationsKnown: runtime?.known !== false && !holdsUnknown(tolerations) && !namespaceTolerates(workload, cluster),
    requests,
    hostPorts: hostPortsOf(workload),
    volumes: placedVolumes(cluster, workload),
  };
}

function readTolerations(list: readonly unknown[], at: Path, sharePath = false): Toleration[] {
  return list.flatMap((item, i) => {
    const { key = '', operator = 'Equal', value = '', effect = '' } = asMap(item) ?? {};
    if (asMap(item) === undefined || ![key, operator, value, effect].every((text) => typeof text === 'string'))
      return [];
    return [{ key, operator, value, effect, path: sharePath ? at : [...at, i] } as Toleration];
  });
}

/**
 * The Nodes that may take a workload's pods, by all that is known of them; undefined where Nodes aren't known, or what the pods
 * need can't be read.
 */
export function nodesFor(workload: Workload, cluster: Cluster): readonly NodeFacts[] | undefined {
  const known = foundNodes(cluster);
  if (!known.has(workload)) known.set(workload, findNodes(workload, cluster));
  return known.get(workload);
}

const foundNodes = derived(() => new Map<Workload, readonly NodeFacts[] | undefined>());

function findNodes(workload: Workload, cluster: Cluster): readonly NodeFacts[] | undefined {
  const nodes = cluster.knows('', 'Node') ? nodesOf(cluster) : undefined;
  const needs = nodes && podNeeds(workload, cluster);
  if (needs === undefined || nodes === undefined) return undefined;
  if (needs.nodeName !== undefined) return nodes.filter(({ name }) => name === needs.nodeName);
  return nodes.filter((node) => judgeNode(node, needs, nodes).rejections.length === 0);
}

/** Those of the Nodes that a workload's pods surely find fit, as far as labels and taints go. */
export function surelyFit(nodes: readonly NodeFacts[], needs: PodNeeds): readonly NodeFacts[] {
  return nodes.filter(
    (node) =>
      matchesAffinity(needs.affinity, node) === true && node.taints.every((taint) => tolerates(needs, taint) === true),
  );
}

/** What the RuntimeClass of a workload adds to its pods (https://kubernetes.io/docs/concepts/containers/runtime-class/). */
function runtimeClass({ pod, path }: Workload, cluster: Cluster) {
  const name: unknown = pod.runtimeClassName;
  if (typeof name !== 'string' || name === '') return undefined;
  const at = [...path, 'runtimeClassName'];
  const resource = cluster.get('node.k8s.io', 'RuntimeClass', '', name);
  const { scheduling, overhead } = asMap(resource?.object) ?? {};
  const { nodeSelector = {}, tolerations = [] } = asMap(scheduling) ?? {};
  const extra = new Map<string, PodRequest>();
  for (const [key, request] of amounts(asMap(overhead)?.podFixed, at)) extra.set(key, { ...request, path: at });
  return {
    known: resource !== undefined && !holdsUnknown(tolerations),
    selector: selectorRequirements(nodeSelector, at, true) ?? [],
    tolerations: Array.isArray(tolerations) ? readTolerations(tolerations, at, true) : [],
    overhead: extra,
  };
}

/** Whether the namespace gives its pods tolerations of its own (the PodTolerationRestriction admission plugin). */
function namespaceTolerates({ resource }: Workload, cluster: Cluster): boolean {
  const annotations = cluster.get('', 'Namespace', '', resource.scope)?.object.metadata.annotations;
  return Object.hasOwn(asMap(annotations) ?? {}, 'scheduler.alpha.kubernetes.io/defaultTolerations');
}

/** Whether a taint is tolerated (Toleration.ToleratesTaint of k8s.io/api/core/v1); undefined where that can't be known. */
function tolerates(needs: PodNeeds, taint: NodeTaint): boolean | undefined {
  let known: boolean | undefined = needs.tolerationsKnown ? false : undefined;
  for (const { key, operator, value, effect } of needs.tolerations) {
    if (effect !== '' && effect !== taint.effect) continue;
    if (key !== '' && key !== taint.key) continue;
    if (operator === 'Exists' || ((operator === 'Equal' || operator === '') && value === taint.value)) return true;
    // Gt and Lt are behind a feature gate.
    if (operator === 'Gt' || operator === 'Lt') known = undefined;
  }
  // The ExtendedResourceToleration admission plugin, where it is on, adds a toleration for what a pod asks for.
  return needs.requests.has(taint.key) ? undefined : known;
}

export type Filter =
  | 'NodeUnschedulable'
  | 'TaintToleration'
  | 'NodeAffinity'
  | 'NodePorts'
  | 'NodeResourcesFit'
  | 'VolumeBinding'
  | 'VolumeZone'
  | 'InterPodAffinity';

/** Why a Node can't take a pod. */
export interface Rejection {
  filter: Filter;
  /** As the scheduler counts them. */
  reasons: readonly string[];
  taint?: NodeTaint;
  /** The resources of which the Node has too little. */
  resources?: readonly string[];
  /** The volume that is elsewhere. */
  volume?: PlacedVolume;
}

/**
 * What the scheduler's filters surely hold against one Node, in their order; the first is the one that is printed. A Node without
 * rejections may take the pod.
 */
export interface Verdict {
  node: NodeFacts;
  rejections: readonly Rejection[];
}

const CORDON: NodeTaint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule', index: -1 };

/** Judges one Node for a pod, as if nothing ran there: pkg/scheduler/framework/plugins of Kubernetes. */
export function judgeNode(node: NodeFacts, needs: PodNeeds, nodes: readonly NodeFacts[], version?: string): Verdict {
  const results = [
    checkName(node, needs, version),
    checkCordon(node, needs),
    checkTaints(node, needs, version),
    checkAffinity(node, needs),
    checkResources(node, needs, nodes),
    checkVolumes(node, needs, version),
    checkZones(node, needs),
  ];
  return { node, rejections: results.filter((result) => result !== undefined) };
}

/** Nodes whose names no term allows are left out before any filter runs, from 1.32 on with a reason of their own. */
function checkName(node: NodeFacts, { affinity }: PodNeeds, version: string | undefined): Rejection | undefined {
  if (requiredNames(affinity)?.has(node.name) !== false) return undefined;
  const counted = version === undefined || isAtLeast(version, 32);
  return { filter: 'NodeAffinity', reasons: counted ? ["node(s) didn't satisfy plugin(s) [NodeAffinity]"] : [] };
}

function checkCordon(node: NodeFacts, needs: PodNeeds): Rejection | undefined {
  if (!node.unschedulable || tolerates(needs, CORDON) !== false) return undefined;
  return { filter: 'NodeUnschedulable', reasons: ['node(s) were unschedulable'] };
}

function checkTaints(node: NodeFacts, needs: PodNeeds, version: string | undefined): Rejection | undefined {
  const taint = node.taints.find((item) => tolerates(needs, item) === false);
  if (taint === undefined) return undefined;
  // The patch releases of 1.34 stopped telling: https://github.com/kubernetes/kubernetes/pull/135023
  const what = isAtLeast(version, 34) ? 'taint(s)' : `taint {${taint.key}: ${taint.value}}`;
  return { filter: 'TaintToleration', reasons: [`node(s) had untolerated ${what}`], taint };
}

function checkAffinity(node: NodeFacts, { affinity }: PodNeeds): Rejection | undefined {
  if (matchesAffinity(affinity, node) !== false) return undefined;
  return { filter: 'NodeAffinity', reasons: ["node(s) didn't match Pod's node affinity/selector"] };
}

function checkResources(node: NodeFacts, needs: PodNeeds, nodes: readonly NodeFacts[]): Rejection | undefined {
  const reasons: string[] = [];
  const resources: string[] = [];
  const pods = node.allocatable.get('pods');
  if (pods !== undefined && countable(pods.amount, 'pods') < 1n) {
    reasons.push('Too many pods');
    resources.push('pods');
  }
  for (const [name, { amount }] of needs.requests) {
    const wanted = countable(amount, name);
    const offered = wanted > 0n && isCounted(name) ? offeredOf(name, node, nodes) : undefined;
    if (offered === undefined || wanted <= offered) continue;
    reasons.push(`Insufficient ${name}`);
    resources.push(name);
  }
  return reasons.length > 0 ? { filter: 'NodeResourcesFit', reasons, resources } : undefined;
}

function checkVolumes(node: NodeFacts, { volumes }: PodNeeds, version: string | undefined): Rejection | undefined {
  const volume = volumes.find((item) => isElsewhere(item, node));
  if (volume === undefined) return undefined;
  const reason = isAtLeast(version, 33)
    ? "node(s) didn't match PersistentVolume's node affinity"
    : 'node(s) had volume node affinity conflict';
  return { filter: 'VolumeBinding', reasons: [reason], volume };
}

function checkZones(node: NodeFacts, { volumes }: PodNeeds): Rejection | undefined {
  const volume = volumes.find((item) => isInOtherZone(item, node));
  return volume && { filter: 'VolumeZone', reasons: ['node(s) had no available volume zone'], volume };
}

/** Whether the scheduler counts a resource: IsScalarResourceName of pkg/scheduler/util. */
function isCounted(name: string): boolean {
  return /^(?:cpu|memory|ephemeral-storage)$|^hugepages-|\//.test(name);
}

/**
 * How much of a resource a Node offers. One that no Node lists may come with a device plugin, a DeviceClass or a scheduler
 * extender; one that another Node lists, a Node without it doesn't have.
 */
function offeredOf(name: string, node: NodeFacts, nodes: readonly NodeFacts[]): bigint | undefined {
  const own = node.allocatable.get(name);
  if (own !== undefined) return countable(own.amount, name);
  const listed = name.includes('/') && nodes.some(({ allocatable }) => allocatable.has(name));
  return listed && node.allocatable.size > 0 ? 0n : undefined;
}

/** Why the kubelet of the Node that a pod names refuses it (pkg/kubelet/lifecycle/predicate.go); undefined where it may not. */
export function kubeletRefusal(node: NodeFacts, needs: PodNeeds): (Rejection & { status: string }) | undefined {
  // What a Node doesn't list, its kubelet doesn't count.
  const resources = checkResources(node, needs, [node]);
  if (resources !== undefined) {
    const name = resources.resources?.[0];
    return { ...resources, status: `OutOf${name}: Node didn't have enough resource: ${name}` };
  }
  const affinity = checkAffinity(node, needs);
  if (affinity !== undefined) return { ...affinity, status: `Predicate NodeAffinity failed: ${affinity.reasons[0]}` };
  const taint = node.taints.find((item) => item.effect === 'NoExecute' && tolerates(needs, item) === false);
  if (taint === undefined) return undefined;
  const reason = "node(s) had taints that the pod didn't tolerate";
  return { filter: 'TaintToleration', reasons: [reason], taint, status: `Predicate TaintToleration failed: ${reason}` };
}

/** The scheduler's message for a pod that no Node takes: FitError.Error of pkg/scheduler/framework, without its final dot. */
export function schedulerMessage(verdicts: readonly Verdict[], affinity: NodeAffinity): string {
  const start = `0/${verdicts.length} nodes are available`;
  if (requiredNames(affinity)?.size === 0) return `${start}: pod affinity terms conflict`;
  const counts = new Map<string, number>();
  for (const { rejections } of verdicts) {
    for (const reason of rejections[0]?.reasons ?? []) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  // Go sorts them as text, the numbers included.
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return reasons.length === 0 ? start : `${start}: ${reasons.join(', ')}`;
}

/** Whether `1.34` is at least that minor version; false where it isn't known. */
function isAtLeast(version: string | undefined, minor: number): boolean {
  const match = /^v?1\.(\d+)/.exec(version ?? '');
  return match !== null && Number(match[1]) >= minor;
}
