import { isUnsetScope } from '../resource.ts';
import { type Cluster, derived } from './cluster.ts';
import { isUnknown } from './unknown.ts';
import { asMap, type Workload } from './workloads.ts';

/** True, false, or undefined where it can't be known. */
export type Known = boolean | undefined;

/** The label is there, its value can't be known. */
export const SOME_VALUE = Symbol('some value');
/** Nothing is known of the label, not even whether it is there. */
export const UNKNOWN = Symbol('unknown');

/** What is known of one label: its value, that it is absent (undefined), or less. */
export type LabelFact = string | undefined | typeof SOME_VALUE | typeof UNKNOWN;

export type LabelFacts = (key: string) => LabelFact;

const JOB_LABELS = [
  'job-name',
  'batch.kubernetes.io/job-name',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-completion-index',
];

/** Labels that controllers give the pods they make (kubernetes.io/docs/reference/labels-annotations-taints). */
const RUNTIME_LABELS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['Deployment', new Set(['pod-template-hash'])],
  ['Rollout', new Set(['rollouts-pod-template-hash'])],
  ['DaemonSet', new Set(['controller-revision-hash', 'pod-template-generation'])],
  [
    'StatefulSet',
    new Set(['controller-revision-hash', 'statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index']),
  ],
  ['Job', new Set(JOB_LABELS)],
  ['CronJob', new Set(JOB_LABELS)],
]);

/** Label prefixes that sidecar injectors, the API server or Knative put on pods as they are made. */
const INJECTED_POD_LABELS = /(?:^|\.)(?:istio\.io|linkerd\.io|knative\.dev|topology\.kubernetes\.io)\//;

/** Label prefixes that platforms put on Namespaces beside what is rendered. */
const MANAGED_NAMESPACE_LABELS =
  /(?:^|\.)(?:cattle\.io|openshift\.io|fluxcd\.io|clastix\.io|hnc\.x-k8s\.io|argoproj\.io|argocd\.io)\//;

/** Whether a label may be on pods although their template doesn't have it. */
export function mayBeAddedToPods(key: string): boolean {
  if (INJECTED_POD_LABELS.test(key)) return true;
  for (const labels of RUNTIME_LABELS.values()) if (labels.has(key)) return true;
  return false;
}

/** Labels that programs set on their own pods, to say which of them leads (Patroni, Vault, Redis operators). */
const ROLE_LABEL = /(?:^|[-._/])(?:role|active|leader|master|primary|initialized|sealed|perf-standby)$/i;

/** Whether a label is one that what runs in pods may set on them. */
export function isSetByPrograms(key: string): boolean {
  return ROLE_LABEL.test(key);
}

/** Whether pods have a label with a certain value only if their template says so. */
export function comesFromTemplates(key: string): boolean {
  return !mayBeAddedToPods(key) && !isSetByPrograms(key);
}

/** Whether the labels of a workload's pods are all in its template, but for those that don't come from there. */
export function hasPlainLabels({ labels, resource }: Workload): boolean {
  if (resource.group === 'serving.knative.dev') return false;
  return Object.entries(labels).every(
    ([key, value]) => typeof value === 'string' && !isUnknown(value) && !isUnknown(key),
  );
}

/** What is known of the labels of a workload's pods. */
export function podLabels(workload: Workload): LabelFacts {
  const known = factsOfPods.get(workload);
  if (known) return known;
  const facts = readPodLabels(workload);
  factsOfPods.set(workload, facts);
  return facts;
}

const factsOfPods = new WeakMap<Workload, LabelFacts>();

function readPodLabels(workload: Workload): LabelFacts {
  const { labels, resource } = workload;
  // Knative names its pods' `app` label after the revision.
  const open = resource.group === 'serving.knative.dev' || Object.keys(labels).some(isUnknown);
  return (key) => {
    if (Object.hasOwn(labels, key)) return knownValue(labels[key]);
    if (RUNTIME_LABELS.get(resource.kind)?.has(key)) return runtimeLabel(workload, key);
    if (resource.kind === 'StatefulSet' && isSetByPrograms(key)) return UNKNOWN;
    return open || isUnknown(key) || INJECTED_POD_LABELS.test(key) ? UNKNOWN : undefined;
  };
}

function runtimeLabel({ resource }: Workload, key: string): LabelFact {
  if (resource.kind === 'Job' && key.endsWith('job-name') && resource.object.metadata.name !== undefined) {
    return knownValue(resource.name);
  }
  // Only Indexed Jobs number their pods.
  return key === 'batch.kubernetes.io/job-completion-index' ? UNKNOWN : SOME_VALUE;
}

/** What is known of the labels of the namespace that a scope is: of one that isn't given, only its name. */
export function namespaceLabels(cluster: Cluster, scope: string): LabelFacts {
  const known = factsOfNamespaces(cluster);
  const facts = known.get(scope) ?? readNamespaceLabels(cluster, scope);
  known.set(scope, facts);
  return facts;
}

const factsOfNamespaces = derived(() => new Map<string, LabelFacts>());

function readNamespaceLabels(cluster: Cluster, scope: string): LabelFacts {
  if (isUnsetScope(scope)) return (key) => (key === 'kubernetes.io/metadata.name' ? SOME_VALUE : UNKNOWN);
  const namespace = cluster.get('', 'Namespace', '', scope);
  const labels = asMap(namespace?.object.metadata.labels) ?? {};
  const open = (namespace === undefined && !cluster.knows('', 'Namespace')) || Object.keys(labels).some(isUnknown);
  return (key) => {
    if (key === 'kubernetes.io/metadata.name') return knownValue(scope);
    if (Object.hasOwn(labels, key)) return knownValue(labels[key]);
    return open || isUnknown(key) || MANAGED_NAMESPACE_LABELS.test(key) ? UNKNOWN : undefined;
  };
}

function knownValue(value: unknown): LabelFact {
  return typeof value === 'string' && !isUnknown(value) ? value : SOME_VALUE;
}

/**
 * Whether labels match a label selector (k8s.io/apimachinery LabelSelectorAsSelector), as far as both are known. Undefined, too,
 * for a selector that the API server refuses.
 */
export function matches(selector: unknown, facts: LabelFacts): Known {
  const map = asMap(selector);
  if (map === undefined) return undefined;
  const required = asMap(map.matchLabels ?? {});
  const expressions = map.matchExpressions ?? [];
  if (required === undefined || !Array.isArray(expressions)) return undefined;
  return every([
    ...Object.entries(required).map(([key, value]) => matchesRequirement(key, 'In', [value], facts)),
    ...expressions.map((expression: unknown) => {
      const { key, operator, values } = asMap(expression) ?? {};
      return matchesRequirement(key, operator, values, facts);
    }),
  ]);
}

function matchesRequirement(key: unknown, operator: unknown, values: unknown, facts: LabelFacts): Known {
  if (typeof key !== 'string') return undefined;
  const fact = facts(key);
  switch (operator) {
    case 'In':
      return isOneOf(fact, values);
    case 'NotIn':
      return not(isOneOf(fact, values));
    case 'Exists':
      return fact === UNKNOWN ? undefined : fact !== undefined;
    case 'DoesNotExist':
      return fact === UNKNOWN ? undefined : fact === undefined;
    default:
      return undefined;
  }
}

function isOneOf(fact: LabelFact, values: unknown): Known {
  if (!Array.isArray(values) || values.length === 0) return undefined;
  if (fact === undefined) return false;
  if (typeof fact === 'symbol') return undefined;
  if (values.includes(fact)) return true;
  return values.every((value) => typeof value === 'string' && !isUnknown(value)) ? false : undefined;
}

export function not(value: Known): Known {
  return value === undefined ? undefined : !value;
}

/** Whether all hold: one that doesn't decides, whatever is unknown. */
export function every(values: readonly Known[]): Known {
  if (values.includes(false)) return false;
  return values.includes(undefined) ? undefined : true;
}

/** Whether any holds: one that does decides, whatever is unknown. */
export function some(values: readonly Known[]): Known {
  if (values.includes(true)) return true;
  return values.includes(undefined) ? undefined : false;
}
