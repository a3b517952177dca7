import { compareScopes, isUnsetScope } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import {
  comesFromTemplates,
  every,
  hasPlainLabels,
  type Known,
  matches,
  namespaceLabels,
  podLabels,
} from '../label-facts.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, type Workload } from '../workloads.ts';
import type { Policy } from './network.ts';

/** The workloads whose pods a selector means: surely, or perhaps. Hooks and PodTemplates aren't among them. */
export interface Selection {
  surely: readonly Workload[];
  perhaps: readonly Workload[];
}

const NONE: Selection = { surely: [], perhaps: [] };

/** The pods that a policy or budget applies to, among those rendered and existing. */
export function podsOfPolicy(
  cluster: Cluster,
  { podSelector, resource }: { podSelector: unknown; resource: { scope: string } },
): Selection {
  return select(cluster, scopesLike(cluster, resource.scope), podSelector);
}

/**
 * The pods that one item of a rule's `to` or `from` means, among those rendered and existing; none for an ipBlock. Undefined for a
 * peer that the API server refuses.
 */
export function podsOfPeer(cluster: Cluster, policy: Policy, peer: unknown): Selection | undefined {
  const { ipBlock, podSelector, namespaceSelector } = asMap(peer) ?? {};
  if (ipBlock !== undefined) return podSelector === undefined && namespaceSelector === undefined ? NONE : undefined;
  if (podSelector === undefined && namespaceSelector === undefined) return undefined;
  return select(cluster, scopesOfPeer(cluster, policy, namespaceSelector), podSelector ?? {});
}

function scopesOfPeer(cluster: Cluster, { resource }: Policy, namespaceSelector: unknown): Scopes {
  return namespaceSelector === undefined
    ? scopesLike(cluster, resource.scope)
    : scopesOfSelector(cluster, namespaceSelector);
}

/** Whether a policy applies to pods here, surely or perhaps, hooks included. */
export function appliesToSomeone(cluster: Cluster, { podSelector, resource }: Policy): boolean {
  return mayMeanSomeone(cluster, scopesLike(cluster, resource.scope), podSelector);
}

/** Whether a peer that selects pods means some here, surely or perhaps, hooks included. True for one that the API server refuses. */
export function peerMeansSomeone(cluster: Cluster, policy: Policy, peer: unknown): boolean {
  const { podSelector, namespaceSelector } = asMap(peer) ?? {};
  if (podSelector === undefined && namespaceSelector === undefined) return true;
  return mayMeanSomeone(cluster, scopesOfPeer(cluster, policy, namespaceSelector), podSelector ?? {});
}

function mayMeanSomeone(cluster: Cluster, scopes: Scopes, podSelector: unknown): boolean {
  for (const scope of scopes.keys()) {
    const hooks = podIndex(cluster).byScope.get(scope)?.hooks ?? [];
    const mayBeMeant = (pod: Workload) => matches(podSelector, podLabels(pod)) !== false;
    if (podsIn(cluster, scope, podSelector).some(mayBeMeant) || hooks.some(mayBeMeant)) return true;
  }
  return false;
}

/** The values that a selector's key must have one of, where it says so: `matchLabels`, or `In`. */
export function requiredValues(selector: unknown, key: string): readonly string[] | undefined {
  const map = asMap(selector);
  const labels = asMap(map?.matchLabels) ?? {};
  if (Object.hasOwn(labels, key)) return texts([labels[key]]);
  for (const item of asList(map?.matchExpressions)) {
    const expression = asMap(item);
    if (expression?.key === key && expression.operator === 'In') return texts(asList(expression.values));
  }
  return undefined;
}

function texts(values: readonly unknown[]): readonly string[] | undefined {
  const found = values.filter((value) => typeof value === 'string' && !isUnknown(value));
  return found.length === values.length && found.length > 0 ? (found as string[]) : undefined;
}

/** Namespaces, and whether they are surely among those that are meant. */
type Scopes = ReadonlyMap<string, Known>;

/** Many policies select alike. */
const selections = derived(() => new WeakMap<Scopes, Map<string, Selection>>());

function select(cluster: Cluster, scopes: Scopes, podSelector: unknown): Selection {
  const known = selections(cluster).get(scopes) ?? new Map<string, Selection>();
  selections(cluster).set(scopes, known);
  const id = JSON.stringify(podSelector);
  const selection = known.get(id) ?? findPods(cluster, scopes, podSelector);
  known.set(id, selection);
  return selection;
}

function findPods(cluster: Cluster, scopes: Scopes, podSelector: unknown): Selection {
  const surely: Workload[] = [];
  const perhaps: Workload[] = [];
  for (const [scope, sure] of scopes) {
    for (const workload of podsIn(cluster, scope, podSelector)) {
      const selected = every([sure, matches(podSelector, podLabels(workload))]);
      if (selected === true) surely.push(workload);
      else if (selected === undefined) perhaps.push(workload);
    }
  }
  return { surely, perhaps };
}

/** A namespace, and all that it may turn out to be. */
function scopesLike(cluster: Cluster, scope: string): Scopes {
  const { byScope, unset, alike } = podIndex(cluster);
  const known = alike.get(scope);
  if (known) return known;
  const scopes = new Map<string, Known>([[scope, true]]);
  for (const other of isUnsetScope(scope) ? byScope.keys() : unset) {
    if (compareScopes(scope, other) === 'unknown') scopes.set(other, undefined);
  }
  alike.set(scope, scopes);
  return scopes;
}

/** The namespaces with pods that a selector means. */
function scopesOfSelector(cluster: Cluster, selector: unknown): Scopes {
  const { byScope, unset, bySelector } = podIndex(cluster);
  const id = JSON.stringify(selector);
  const known = bySelector.get(id);
  if (known) return known;
  const named = requiredValues(selector, NAME_LABEL);
  const scopes = new Map<string, Known>();
  for (const scope of named ? new Set([...named, ...unset]) : byScope.keys()) {
    const selected = matches(selector, namespaceLabels(cluster, scope));
    if (selected !== false) scopes.set(scope, selected);
  }
  bySelector.set(id, scopes);
  return scopes;
}

/** The label that the API server gives every Namespace. */
export const NAME_LABEL = 'kubernetes.io/metadata.name';

/** The pods of a namespace that a selector could select, found by one label that it requires. */
function podsIn(cluster: Cluster, scope: string, podSelector: unknown): readonly Workload[] {
  const pods = podIndex(cluster).byScope.get(scope);
  if (!pods) return [];
  const required = Object.entries(asMap(asMap(podSelector)?.matchLabels) ?? {}).find(
    ([key, value]) => typeof value === 'string' && !isUnknown(key) && !isUnknown(value) && comesFromTemplates(key),
  );
  return required ? [...(pods.byLabel.get(JSON.stringify(required)) ?? []), ...pods.open] : pods.all;
}

interface Pods {
  all: Workload[];
  byLabel: Map<string, Workload[]>;
  /** Those whose labels aren't all known. */
  open: Workload[];
  /** Those that come and go with a release, in no other list. */
  hooks: Workload[];
}

interface PodIndex {
  byScope: ReadonlyMap<string, Pods>;
  /** Those of them that are the scopes of unset namespaces. */
  unset: readonly string[];
  /** What `scopesOfSelector` found. */
  bySelector: Map<string, Scopes>;
  /** What `scopesLike` found. */
  alike: Map<string, Scopes>;
}

const podIndex = derived((cluster): PodIndex => {
  const byScope = new Map<string, Pods>();
  for (const workload of cluster.workloads) {
    const { resource, labels } = workload;
    if (resource.kind === 'PodTemplate') continue;
    let pods = byScope.get(resource.scope);
    if (!pods) {
      pods = { all: [], byLabel: new Map(), open: [], hooks: [] };
      byScope.set(resource.scope, pods);
    }
    if (resource.hooks.length > 0) {
      pods.hooks.push(workload);
      continue;
    }
    pods.all.push(workload);
    if (!hasPlainLabels(workload)) {
      pods.open.push(workload);
      continue;
    }
    for (const pair of Object.entries(labels)) {
      const key = JSON.stringify(pair);
      const same = pods.byLabel.get(key);
      if (same) same.push(workload);
      else pods.byLabel.set(key, [workload]);
    }
  }
  return { byScope, unset: [...byScope.keys()].filter(isUnsetScope), bySelector: new Map(), alike: new Map() };
});

/** The pods of a namespace, rendered and existing; hooks left out. */
export function podsOfNamespace(cluster: Cluster, scope: string): readonly Workload[] {
  return podIndex(cluster).byScope.get(scope)?.all ?? [];
}

/** A selector as kubectl prints it: `app=web,tier in (a, b),!old`; `all` for an empty one. */
export function showSelector(selector: unknown): string {
  const map = asMap(selector);
  const shown = [
    ...Object.entries(asMap(map?.matchLabels) ?? {}).map(([key, value]) => `${key}=${value}`),
    ...asList(map?.matchExpressions).map((item) => {
      const { key, operator, values } = asMap(item) ?? {};
      const list = asList(values).join(', ');
      if (operator === 'Exists') return `${key}`;
      if (operator === 'DoesNotExist') return `!${key}`;
      return `${key} ${operator === 'NotIn' ? 'notin' : 'in'} (${list})`;
    }),
  ];
  return shown.length === 0 ? 'all' : shown.join(',');
}

/** The keys that a selector asks for. */
export function keysOfSelector(selector: unknown): string[] {
  const map = asMap(selector);
  const expressed = asList(map?.matchExpressions).map((item) => asMap(item)?.key);
  return [...Object.keys(asMap(map?.matchLabels) ?? {}), ...expressed].filter((key) => typeof key === 'string');
}

/** The values that pods of the environment have for a label key; undefined where none has it. */
export function valuesOfLabel(cluster: Cluster, key: string): ReadonlySet<unknown> | undefined {
  return labelValues(cluster).get(key);
}

const labelValues = derived((cluster): ReadonlyMap<string, ReadonlySet<unknown>> => {
  const values = new Map<string, Set<unknown>>();
  for (const { labels } of cluster.workloads) {
    for (const [key, value] of Object.entries(labels)) {
      const known = values.get(key);
      if (known) known.add(value);
      else values.set(key, new Set([value]));
    }
  }
  return values;
});
