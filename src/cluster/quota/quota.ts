import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { every, type Known, not } from '../label-facts.ts';
import { add, type PodRequest, type PodRequests, podTotal } from '../scheduling/pod-requests.ts';
import { isSizedVertically } from '../security/pod-mutators.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, containersOf, type PodContainer, valueAt, type Workload } from '../workloads.ts';
import {
  type Amounts,
  effectiveResources,
  knownRequests,
  limitRangesOf,
  moreLimitRanges,
  readAmounts,
} from './limit-ranges.ts';

/** A ResourceQuota: what its namespace may use, of pods that match its scopes. */
export interface Quota {
  readonly resource: Resource;
  readonly hard: Amounts;
  /** `scopes` and `scopeSelector` as one list of requirements, all of which a pod must meet. */
  readonly scopes: readonly Record<string, unknown>[];
}

/** The ResourceQuotas of the environment that the API server takes, by scope. */
export const quotasByScope = derived((cluster): ReadonlyMap<string, readonly Quota[]> => {
  const quotas = new Map<string, Quota[]>();
  for (const resource of cluster.list('', 'ResourceQuota')) {
    const quota = readQuota(resource);
    if (isRefused(quota)) continue;
    const list = quotas.get(resource.scope);
    if (list) list.push(quota);
    else quotas.set(resource.scope, [quota]);
  }
  return quotas;
});

const COMPUTE = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
/** What the API server has of its own in quotas, besides what a quota with scopes may hold (pkg/apis/core/helper). */
const UNSCOPED = new Set([
  ...['ephemeral-storage', 'requests.ephemeral-storage', 'limits.ephemeral-storage', 'requests.storage'],
  ...['resourcequotas', 'services', 'services.nodeports', 'services.loadbalancers', 'replicationcontrollers'],
  ...['secrets', 'configmaps', 'persistentvolumeclaims'],
]);
const POD_SCOPES = new Set([
  ...['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity'],
]);

/**
 * ValidateResourceQuantityValue and validateResourceQuotaScopes of pkg/apis/core/validation: nothing is below 0, pods are whole, and
 * scopes of pods go with pods and their cpu and memory only, BestEffort with pods alone.
 */
function isRefused({ hard, scopes }: Quota): boolean {
  const names = scopes.map(({ scopeName }) => String(scopeName));
  if (names.includes('BestEffort') && COMPUTE.some((name) => hard.has(name))) return true;
  const isOfPods = names.some((name) => POD_SCOPES.has(name));
  return [...hard].some(
    ([name, amount]) =>
      (isOfPods && UNSCOPED.has(name)) ||
      (amount !== 'unknown' && (amount.nano < 0n || (name === 'pods' && amount.nano % NANO !== 0n))),
  );
}

function readQuota(resource: Resource): Quota {
  const spec = asMap(valueAt(resource.object, ['spec'])) ?? {};
  const expressions = asList(asMap(spec.scopeSelector)?.matchExpressions);
  return {
    resource,
    hard: readAmounts(spec.hard, ['spec', 'hard']),
    scopes: [
      ...asList(spec.scopes).map((scopeName) => ({ scopeName, operator: 'Exists' })),
      ...expressions.map((expression) => asMap(expression) ?? {}),
    ],
  };
}

/**
 * The workloads of each scope that has a ResourceQuota or a LimitRange, hooks included. Not those of Knative: it gives its pods
 * defaults and a container of its own.
 */
export const workloadsByScope = derived((cluster): ReadonlyMap<string, readonly Workload[]> => {
  const scopes = new Set([...cluster.list('', 'ResourceQuota'), ...cluster.list('', 'LimitRange')].map((r) => r.scope));
  const found = new Map<string, Workload[]>();
  if (scopes.size === 0) return found;
  for (const workload of cluster.workloads) {
    const { scope, kind, group } = workload.resource;
    if (!scopes.has(scope) || kind === 'PodTemplate' || group === 'serving.knative.dev') continue;
    const list = found.get(scope);
    if (list) list.push(workload);
    else found.set(scope, [workload]);
  }
  return found;
});

/** A claim that is rendered, or that a controller makes. */
export interface Claim {
  resource: Resource;
  /** The path of the claim's spec. */
  path: Path;
  /** When it is made, if not at once, as the end of a message. */
  later: string | undefined;
}

/** The claims that are rendered, of each scope. */
export const claimsByScope = derived((cluster): ReadonlyMap<string, readonly Claim[]> => {
  const found = new Map<string, Claim[]>();
  for (const resource of cluster.list('', 'PersistentVolumeClaim')) {
    const claim = { resource, path: ['spec'], later: undefined };
    if (resource.existing || asMap(valueAt(resource.object, ['spec'])) === undefined) continue;
    const list = found.get(resource.scope);
    if (list) list.push(claim);
    else found.set(resource.scope, [claim]);
  }
  return found;
});

/** Whether a quota counts the pods of a workload: podMatchesScopeFunc of pkg/quota/v1/evaluator/core. */
export function matchesScopes(cluster: Cluster, quota: Quota, workload: Workload): Known {
  return every(quota.scopes.map((scope) => matchesScope(cluster, scope, workload)));
}

function matchesScope(
  cluster: Cluster,
  { scopeName, operator, values }: Record<string, unknown>,
  workload: Workload,
): Known {
  const pod = workload.pod as unknown as Record<string, unknown>;
  switch (scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return not(isTerminating(pod));
    case 'BestEffort':
      return isBestEffort(cluster, workload);
    case 'NotBestEffort':
      return not(isBestEffort(cluster, workload));
    case 'PriorityClass':
      return matchesPriorityClass(cluster, pod.priorityClassName, operator, values);
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(pod.affinity);
    case 'VolumeAttributesClass':
      return false;
    default:
      return undefined;
  }
}

/** A deadline of the pod's own: that of a Job isn't one. */
function isTerminating({ activeDeadlineSeconds: deadline }: Record<string, unknown>): Known {
  if (deadline === undefined || deadline === null) return false;
  return typeof deadline === 'number' ? deadline >= 0 : undefined;
}

/** ComputePodQOS of pkg/apis/core/v1/helper/qos: no container asks for, or is limited in, any cpu or memory. */
function isBestEffort(cluster: Cluster, workload: Workload): Known {
  const { scope } = workload.resource;
  const ranges = limitRangesOf(cluster, scope);
  let isOpen = moreLimitRanges(cluster, scope) !== 'no';
  if (asMap(workload.pod)?.resources) return undefined;
  for (const { container, path } of ownContainers(workload)) {
    const { requests, limits } = effectiveResources(ranges, container, path);
    for (const amount of [requests.get('cpu'), requests.get('memory'), limits.get('cpu'), limits.get('memory')]) {
      if (amount === 'unknown') isOpen = true;
      else if (amount !== undefined && amount.nano > 0n) return false;
    }
  }
  return isOpen ? undefined : true;
}

/** A pod without a class gets the one that is the default of the cluster, if there is one. */
function matchesPriorityClass(cluster: Cluster, written: unknown, operator: unknown, values: unknown): Known {
  let name = written;
  if (name === undefined || name === null || name === '') {
    if (!cluster.knows('scheduling.k8s.io', 'PriorityClass')) return undefined;
    const classes = cluster.list('scheduling.k8s.io', 'PriorityClass');
    name = classes.find(({ object }) => valueAt(object, ['globalDefault']) === true)?.name;
  }
  if (isUnknown(name)) return undefined;
  if (operator === 'Exists') return name !== undefined;
  if (operator === 'DoesNotExist') return name === undefined;
  if (!Array.isArray(values) || values.some(isUnknown)) return undefined;
  if (operator === 'In') return values.includes(name);
  return operator === 'NotIn' ? !values.includes(name) : undefined;
}

function reachesOtherNamespaces(affinity: unknown): Known {
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const rules = asMap(asMap(affinity)?.[kind]) ?? {};
    const terms = [
      ...asList(rules.requiredDuringSchedulingIgnoredDuringExecution),
      ...asList(rules.preferredDuringSchedulingIgnoredDuringExecution).map((term) => asMap(term)?.podAffinityTerm),
    ];
    if (terms.some((term) => asList(asMap(term)?.namespaces).length > 0 || asMap(asMap(term)?.namespaceSelector))) {
      return true;
    }
  }
  return false;
}

/** The containers that have resources: ephemeral ones can't. */
export function ownContainers(workload: Workload): PodContainer[] {
  return containersOf(workload).filter(({ list }) => list !== 'ephemeralContainers');
}

/** Whether a pod says what it needs as a whole: then its containers need not. */
export function hasPodLevelResources({ pod }: Workload): boolean {
  const { requests, limits } = asMap((pod as { resources?: unknown }).resources) ?? {};
  return Object.keys(asMap(requests) ?? {}).length + Object.keys(asMap(limits) ?? {}).length > 0;
}

/** Of the resources of a quota, those that every container must specify (validationSet of pkg/quota/v1/evaluator/core). */
export function requiredResources({ hard }: Quota): string[] {
  const all = ['cpu', 'limits.cpu', 'limits.memory', 'memory', 'requests.cpu', 'requests.memory'];
  return all.filter((name) => hard.has(name));
}

/** Of some resources, as quotas name them, those that a container doesn't specify. */
export function missingResources(
  cluster: Cluster,
  workload: Workload,
  { container, path }: PodContainer,
  required: readonly string[],
): string[] {
  const ranges = limitRangesOf(cluster, workload.resource.scope);
  const { requests, limits } = effectiveResources(ranges, container, path);
  return required.filter((name) =>
    name.startsWith('limits.')
      ? !limits.has(name.slice('limits.'.length))
      : !requests.has(name.replace('requests.', '')),
  );
}

/**
 * What one pod of a workload uses of a namespace's quotas, by their names for it (PodUsageFunc of pkg/quota/v1/evaluator/core).
 * Amounts that aren't known count as none, so it is never too much.
 */
export function podUsage(cluster: Cluster, workload: Workload): PodRequests {
  const usage = new Map<string, PodRequest>([['pods', { amount: NANO, path: workload.path, largest: NANO }]]);
  if (hasPodLevelResources(workload) || isSizedVertically(cluster, workload)) return usage;
  const ranges = limitRangesOf(cluster, workload.resource.scope);
  const total = (what: 'requests' | 'limits') =>
    podTotal(workload.pod, workload.path, (container, at) =>
      knownRequests(effectiveResources(ranges, container, at)[what]),
    );
  const requests = total('requests');
  add(requests, overhead(cluster, workload));
  for (const [name, request] of requests) {
    usage.set(`requests.${name}`, request);
    if (NATIVE.has(name) || name.startsWith('hugepages-')) usage.set(name, request);
  }
  const limits = total('limits');
  for (const [name, limit] of limits) if (NATIVE.has(name)) usage.set(`limits.${name}`, limit);
  return usage;
}

const NANO = 10n ** 9n;
const NATIVE: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** What the pod's RuntimeClass adds to every pod. */
function overhead(cluster: Cluster, { pod, path }: Workload): PodRequests {
  const name: unknown = pod.runtimeClassName;
  if (typeof name !== 'string' || name === '') return new Map();
  const runtime = cluster.get('node.k8s.io', 'RuntimeClass', '', name);
  const at: Path = [...path, 'runtimeClassName'];
  const amounts = knownRequests(readAmounts(valueAt(runtime?.object, ['overhead', 'podFixed']), at));
  return new Map([...amounts].map(([key, request]) => [key, { ...request, path: at }]));
}
