import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import { compareScopes, isUnsetScope, type Path, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import {
  comesFromTemplates,
  every,
  hasPlainLabels,
  type Known,
  matches,
  namespaceLabels,
  podLabels,
  some,
} from '../label-facts.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt, type Workload } from '../workloads.ts';
import { mayHoldPods } from './ip-blocks.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type Side = 'egress' | 'ingress';

/** A connection as policies see it: pod to pod, to the port that the server's pod listens on. */
export interface Traffic {
  client: Workload;
  server: Workload;
  port: number;
  protocol: Protocol;
}

/** Why a policy that isolates a pod doesn't admit the traffic: its nearest rule, and what that rule lacks. */
export interface Refusal {
  policy: Resource<NetworkPolicy>;
  /** The nearest rule, or the policy's `spec` (itself without one) where it has none for the side. */
  path: Path;
  lacks: 'rules' | 'peer' | 'port' | 'both';
}

export interface SideVerdict {
  verdict: 'allowed' | 'denied' | 'unknown';
  /** The rule that admits, where one surely does. Absent where nothing isolates the pod. */
  admits?: { policy: Resource<NetworkPolicy>; path: Path };
  /** Where the verdict is `denied`: the policies that surely isolate the pod on that side (of many, some), the nearest miss first. */
  refusals: readonly Refusal[];
}

export interface Verdict {
  verdict: 'allowed' | 'denied' | 'unknown';
  egress: SideVerdict;
  ingress: SideVerdict;
}

/** One item of a policy's `egress` or `ingress`. Its lists are as written: absent or empty ones admit everything. */
export interface PolicyRule {
  path: Path;
  /** `to` or `from`. */
  peers: unknown;
  ports: unknown;
}

/** A NetworkPolicy, read once. */
export interface Policy {
  resource: Resource<NetworkPolicy>;
  podSelector: unknown;
  /** The rules of the sides that the policy is for. */
  sides: ReadonlyMap<Side, readonly PolicyRule[]>;
  /** What it says can't be relied on: the API server refuses it, or two targets disagree about it. */
  doubtful: boolean;
}

/** The policies that isolate a pod on one side: surely, or perhaps. */
export interface Isolation {
  surely: readonly Policy[];
  perhaps: readonly Policy[];
}

/** Ports that meshes carry all traffic between their pods through: Linkerd's proxy, Istio's HBONE. */
const TUNNEL_PORTS = [4143, 15008];

const UNDECIDED: SideVerdict = { verdict: 'unknown', refusals: [] };

/**
 * Whether NetworkPolicies let one pod of the client reach one pod of the server
 * (kubernetes.io/docs/concepts/services-networking/network-policies, networking/v1 types). Unknown on the host's network, where
 * their effect is undefined, and between a workload and itself: a pod always reaches itself.
 */
export function judge(cluster: Cluster, traffic: Traffic): Verdict {
  const { client, server } = traffic;
  if (client === server || isOnHost(client) || isOnHost(server)) {
    return { verdict: 'unknown', egress: UNDECIDED, ingress: UNDECIDED };
  }
  const egress = judgeSide(cluster, 'egress', traffic);
  const ingress = judgeSide(cluster, 'ingress', traffic);
  const sides = [egress.verdict, ingress.verdict];
  if (sides.includes('denied')) {
    const verdict = mayBeTunnelled(cluster, traffic) ? 'unknown' : 'denied';
    return { verdict, egress, ingress };
  }
  return { verdict: sides.includes('unknown') ? 'unknown' : 'allowed', egress, ingress };
}

/** Whether pods use the network of their node, where NetworkPolicies have no defined effect. */
export function isOnHost({ pod }: Workload): boolean {
  return pod.hostNetwork !== undefined && pod.hostNetwork !== false;
}

/** Helm's test hooks are the chart author's, and what runs before the first installation meets no policies of the chart. */
export function meetsNoPolicies({ hooks }: Resource): boolean {
  const isTest = hooks.some((hook) => hook === 'test' || hook.startsWith('test-'));
  return isTest || (hooks.length > 0 && hooks.every((hook) => hook === 'pre-install'));
}

/** An object that admits or refuses traffic beside the NetworkPolicies that are here, in ways that aren't evaluated. */
export const otherPolicies = derived((cluster): Resource | undefined =>
  cluster.resources.find((resource) => OTHER_POLICY_GROUPS.has(resource.group) || generatesPolicies(resource)),
);

const OTHER_POLICY_GROUPS: ReadonlySet<string> = new Set([
  'cilium.io',
  'crd.projectcalico.org',
  'projectcalico.org',
  'policy.networking.k8s.io',
  'crd.antrea.io',
]);

/** Kyverno's generate rules. */
function generatesPolicies({ group, object }: Resource): boolean {
  if (group !== 'kyverno.io') return false;
  return asList(valueAt(object, ['spec', 'rules'])).some((rule) => {
    const generate = asMap(asMap(rule)?.generate);
    const cloned = asList(asMap(generate?.cloneList)?.kinds);
    return [generate?.kind, ...cloned].some((kind) => typeof kind === 'string' && kind.endsWith('NetworkPolicy'));
  });
}

/** Every NetworkPolicy of the environment, those included that the API server refuses (`doubtful`). */
export function policies(cluster: Cluster): readonly Policy[] {
  return policiesOf(cluster).all;
}

/** The policies that isolate a workload's pods on one side. Pods that none isolates may talk to all on that side. */
export function isolationOf(cluster: Cluster, pods: Workload, side: Side): Isolation {
  return policiesOf(cluster).select(pods, side);
}

/** A rule of a policy that isolates a pod: surely, or perhaps. */
export interface IsolatingRule {
  policy: Policy;
  rule: PolicyRule;
  sure: boolean;
}

/**
 * Of the rules of all policies that isolate a workload's pods on one side, those whose peers may hold the pods of another workload, in
 * the order of the policies. It costs what is found, not what there is.
 */
export function rulesThatMayAdmit(
  cluster: Cluster,
  pods: Workload,
  side: Side,
  other: Workload,
): readonly IsolatingRule[] {
  return policiesOf(cluster)
    .rulesOf(isolationOf(cluster, pods, side), side)
    .candidates(other);
}

/** Whether a mesh may carry traffic through a tunnel: a policy names the port of one (Linkerd's proxy, Istio's HBONE). */
export function namesTunnel(cluster: Cluster): boolean {
  return TUNNEL_PORTS.some((port) => policiesOf(cluster).named.has(port));
}

function judgeSide(cluster: Cluster, side: Side, traffic: Traffic): SideVerdict {
  const [own, other] = side === 'egress' ? [traffic.client, traffic.server] : [traffic.server, traffic.client];
  const { surely, perhaps } = isolationOf(cluster, own, side);
  if (surely.length === 0) return perhaps.length === 0 ? { verdict: 'allowed', refusals: [] } : UNDECIDED;
  let unknown = perhaps.some(({ doubtful }) => doubtful);
  for (const { policy, rule, sure } of rulesThatMayAdmit(cluster, own, side, other)) {
    const admits = every([
      admitsPeer(cluster, policy.resource.scope, rule.peers, other),
      admitsPort(rule.ports, traffic),
    ]);
    if (admits === false) continue;
    if (admits && sure)
      return { verdict: 'allowed', admits: { policy: policy.resource, path: rule.path }, refusals: [] };
    unknown = true;
  }
  if (unknown) return UNDECIDED;
  const refusals = surely.slice(0, MOST_REFUSALS).map((policy) => refusalOf(cluster, policy, side, traffic));
  refusals.sort((a, b) => NEARNESS.indexOf(a.lacks) - NEARNESS.indexOf(b.lacks));
  return { verdict: 'denied', refusals };
}

const MOST_REFUSALS = 100;

const NEARNESS: readonly Refusal['lacks'][] = ['peer', 'port', 'both', 'rules'];

/** What the nearest rule of a policy lacks, where none admits the traffic. */
function refusalOf(cluster: Cluster, { resource, sides }: Policy, side: Side, traffic: Traffic): Refusal {
  let nearest: Refusal = { policy: resource, path: resource.object.spec ? ['spec'] : [], lacks: 'rules' };
  for (const { path, peers, ports } of sides.get(side) ?? []) {
    const peer = admitsPeer(cluster, resource.scope, peers, side === 'egress' ? traffic.server : traffic.client);
    const lacks = peer === false ? (admitsPort(ports, traffic) === false ? 'both' : 'peer') : 'port';
    if (NEARNESS.indexOf(lacks) < NEARNESS.indexOf(nearest.lacks)) nearest = { policy: resource, path, lacks };
  }
  return nearest;
}

/** Whether a rule's peers hold the pods of a workload. An absent or empty list of peers is everyone. */
export function admitsPeer(cluster: Cluster, policyScope: string, peers: unknown, other: Workload): Known {
  if (peers === undefined || peers === null) return true;
  if (!Array.isArray(peers)) return undefined;
  if (peers.length === 0) return true;
  return some(peers.map((peer) => isPeer(cluster, policyScope, asMap(peer), other)));
}

function isPeer(
  cluster: Cluster,
  policyScope: string,
  peer: Record<string, unknown> | undefined,
  other: Workload,
): Known {
  if (peer === undefined) return undefined;
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock !== undefined) {
    if (podSelector !== undefined || namespaceSelector !== undefined) return undefined;
    const block = asMap(ipBlock);
    return block !== undefined && !mayHoldPods(block.cidr, block.except) ? false : undefined;
  }
  if (podSelector === undefined && namespaceSelector === undefined) return undefined;
  const otherScope = other.resource.scope;
  return every([
    namespaceSelector === undefined
      ? sameScope(policyScope, otherScope)
      : matches(namespaceSelector, namespaceLabels(cluster, otherScope)),
    podSelector === undefined ? true : matches(podSelector, podLabels(other)),
  ]);
}

function sameScope(a: string, b: string): Known {
  const compared = compareScopes(a, b);
  return compared === 'unknown' ? undefined : compared === 'same';
}

/** Whether a rule's ports hold one. An absent or empty list of ports is all ports, of every protocol. */
export function admitsPort(ports: unknown, traffic: Omit<Traffic, 'client'>): Known {
  if (ports === undefined || ports === null) return true;
  if (!Array.isArray(ports)) return undefined;
  if (ports.length === 0) return true;
  return some(ports.map((port) => isPort(asMap(port), traffic)));
}

/** A port without a number is every port of its protocol; a named one is what the server's containers call so. */
function isPort(
  entry: Record<string, unknown> | undefined,
  { server, port, protocol }: Omit<Traffic, 'client'>,
): Known {
  if (entry === undefined || isUnknown(entry.protocol)) return undefined;
  if ((entry.protocol ?? 'TCP') !== protocol) return false;
  if (entry.port === undefined) return true;
  if (typeof entry.port === 'number') {
    if (entry.endPort === undefined) return entry.port === port;
    // The API server refuses a range that ends before it starts, and one that starts at a name.
    if (typeof entry.endPort !== 'number' || entry.endPort < entry.port) return undefined;
    return entry.port <= port && port <= entry.endPort;
  }
  if (typeof entry.port !== 'string' || isUnknown(entry.port) || /^\d*$/.test(entry.port)) return undefined;
  if (entry.endPort !== undefined) return undefined;
  const named = declaredPorts(server).filter(({ name }) => name === entry.port || isUnknown(name));
  return some(
    named.map((candidate) =>
      isUnknown(candidate.name) || typeof candidate.containerPort !== 'number'
        ? undefined
        : candidate.containerPort === port && (candidate.protocol ?? 'TCP') === protocol,
    ),
  );
}

/** The ports that a workload's regular and sidecar containers declare, in their order. */
export function declaredPorts({ pod }: Workload): Record<string, unknown>[] {
  const sidecars = asList(pod.initContainers).filter((container) => asMap(container)?.restartPolicy === 'Always');
  const ports = [...asList(pod.containers), ...sidecars].flatMap((container) => asList(asMap(container)?.ports));
  return ports.map(asMap).filter((port) => port !== undefined);
}

/**
 * Whether policies name the port of a mesh's tunnel and would let it through: then the pods may be meshed, and what they dial
 * never crosses the network under its own port.
 */
function mayBeTunnelled(cluster: Cluster, traffic: Traffic): boolean {
  if (traffic.protocol !== 'TCP') return false;
  return TUNNEL_PORTS.some((port) => {
    if (!policiesOf(cluster).named.has(port)) return false;
    const tunnel = { ...traffic, port };
    return (['egress', 'ingress'] as const).every((side) => judgeSide(cluster, side, tunnel).verdict !== 'denied');
  });
}

/** All policies, found by what they select. */
class Policies {
  readonly all: readonly Policy[];
  /** The port numbers that rules name. */
  readonly named = new Set<unknown>();
  readonly #byScope = new Map<string, Bucket>();
  readonly #all = new Bucket();
  readonly #unset = new Bucket();
  readonly #selected: Record<Side, Map<Workload, Isolation>> = { egress: new Map(), ingress: new Map() };
  /** Pods that the same selectors select share what isolates them. */
  readonly #isolations = new Map<string, Isolation>();
  readonly #rules = new Map<Isolation, RulesByPeer>();

  constructor(policies: readonly Policy[]) {
    this.all = policies;
    const groups = new Map<string, Group>();
    for (const policy of policies) {
      const { scope } = policy.resource;
      const id = JSON.stringify([scope, policy.podSelector]);
      const group = groups.get(id);
      if (group) group.policies.push(policy);
      else groups.set(id, { id: groups.size, scope, podSelector: policy.podSelector, policies: [policy] });
      for (const { ports } of [...policy.sides.values()].flat()) {
        for (const port of asList(ports)) this.named.add(asMap(port)?.port);
      }
    }
    for (const group of groups.values()) {
      const bucket = this.#byScope.get(group.scope) ?? new Bucket();
      this.#byScope.set(group.scope, bucket);
      for (const own of [bucket, this.#all, ...(isUnsetScope(group.scope) ? [this.#unset] : [])]) own.add(group);
    }
  }

  /** The policies that isolate a workload's pods on one side. */
  select(pods: Workload, side: Side): Isolation {
    let selected = this.#selected[side].get(pods);
    if (!selected) {
      selected = this.#select(pods, side);
      this.#selected[side].set(pods, selected);
    }
    return selected;
  }

  /** The rules of what isolates pods on one side. */
  rulesOf(isolation: Isolation, side: Side): RulesByPeer {
    let rules = this.#rules.get(isolation);
    if (!rules) {
      rules = new RulesByPeer(isolation, side);
      this.#rules.set(isolation, rules);
    }
    return rules;
  }

  #select(pods: Workload, side: Side): Isolation {
    const { scope } = pods.resource;
    const own = this.#byScope.get(scope)?.candidates(pods) ?? [];
    // Where a namespace is unset, policies of the other namespaces may turn out to be in it.
    const foreign = (isUnsetScope(scope) ? this.#all : this.#unset)
      .candidates(pods)
      .filter((group) => group.scope !== scope);
    const facts = podLabels(pods);
    const selecting = [...own, ...foreign].flatMap((group) => {
      const selects = matches(group.podSelector, facts);
      return selects === false ? [] : [{ group, sure: selects === true && group.scope === scope }];
    });
    const id = JSON.stringify([side, ...selecting.map(({ group, sure }) => (sure ? group.id : -1 - group.id))]);
    let isolation = this.#isolations.get(id);
    if (!isolation) {
      isolation = isolationBy(selecting, side);
      this.#isolations.set(id, isolation);
    }
    return isolation;
  }
}

function isolationBy(selecting: readonly { group: Group; sure: boolean }[], side: Side): Isolation {
  const surely: Policy[] = [];
  const perhaps: Policy[] = [];
  for (const { group, sure } of selecting) {
    for (const policy of group.policies) {
      if (policy.sides.has(side)) (sure && !policy.doubtful ? surely : perhaps).push(policy);
    }
  }
  return { surely, perhaps };
}

/** The policies of one namespace that have the same podSelector. */
interface Group {
  id: number;
  scope: string;
  podSelector: unknown;
  policies: Policy[];
}

/** Policies by one label that they require, so that a pod meets only those that could select it. */
class Bucket {
  readonly #every: Group[] = [];
  readonly #byLabel = new Map<string, Group[]>();
  readonly #others: Group[] = [];

  add(group: Group): void {
    this.#every.push(group);
    const pair = requiredPair(group.podSelector);
    if (pair === undefined) {
      this.#others.push(group);
      return;
    }
    const same = this.#byLabel.get(pair);
    if (same) same.push(group);
    else this.#byLabel.set(pair, [group]);
  }

  candidates(pods: Workload): readonly Group[] {
    if (!hasPlainLabels(pods)) return this.#every;
    const found = Object.entries(pods.labels).flatMap((pair) => this.#byLabel.get(JSON.stringify(pair)) ?? []);
    return [...found, ...this.#others];
  }
}

/** The rules of the policies that isolate a pod, by one label that a peer requires of the pods that it means. */
class RulesByPeer {
  readonly #every: IsolatingRule[] = [];
  readonly #byLabel = new Map<string, number[]>();
  readonly #others: number[] = [];

  constructor({ surely, perhaps }: Isolation, side: Side) {
    for (const [list, sure] of [[surely, true] as const, [perhaps, false] as const]) {
      for (const policy of list) {
        for (const rule of policy.sides.get(side) ?? []) this.#add({ policy, rule, sure });
      }
    }
  }

  #add(rule: IsolatingRule): void {
    const at = this.#every.push(rule) - 1;
    const { peers } = rule.rule;
    const pairs = Array.isArray(peers) ? peers.map((peer) => requiredPair(asMap(peer)?.podSelector)) : [];
    if (pairs.length === 0 || pairs.includes(undefined)) {
      this.#others.push(at);
      return;
    }
    for (const pair of new Set(pairs as string[])) {
      const same = this.#byLabel.get(pair);
      if (same) same.push(at);
      else this.#byLabel.set(pair, [at]);
    }
  }

  candidates(other: Workload): readonly IsolatingRule[] {
    if (!hasPlainLabels(other)) return this.#every;
    const labelled = Object.entries(other.labels).flatMap((pair) => this.#byLabel.get(JSON.stringify(pair)) ?? []);
    if (labelled.length === 0 && this.#others.length === this.#every.length) return this.#every;
    const found = new Set([...labelled, ...this.#others]);
    return [...found].sort((a, b) => a - b).map((at) => this.#every[at] as IsolatingRule);
  }
}

/** One label that a selector requires and that only templates give pods. */
function requiredPair(selector: unknown): string | undefined {
  const pair = Object.entries(asMap(asMap(selector)?.matchLabels) ?? {}).find(
    ([key, value]) => typeof value === 'string' && !isUnknown(key) && !isUnknown(value) && comesFromTemplates(key),
  );
  return pair && JSON.stringify(pair);
}

const policiesOf = derived((cluster) => {
  const resources = cluster.list<NetworkPolicy>('networking.k8s.io', 'NetworkPolicy');
  const present = new Set<Resource>(resources as readonly Resource[]);
  // Those that the API server refuses aren't there, but will be once their author sees why.
  const refused = cluster.schemaErrors.flatMap(({ resource }) =>
    resource.group === 'networking.k8s.io' && resource.kind === 'NetworkPolicy' && !present.has(resource)
      ? [resource as Resource as Resource<NetworkPolicy>]
      : [],
  );
  return new Policies([
    ...resources.map((resource) => policyOf(resource, contested(cluster, resource as Resource))),
    ...refused.map((resource) => policyOf(resource, true)),
  ]);
});

function policyOf(resource: Resource<NetworkPolicy>, doubtful: boolean): Policy {
  const spec = asMap(resource.object.spec) ?? {};
  const sides = new Map<Side, readonly PolicyRule[]>();
  for (const side of sidesOf(spec)) {
    const peers = side === 'egress' ? 'to' : 'from';
    const rules = asList(spec[side]).map((rule, i) => {
      const map = asMap(rule);
      // A rule that is no map is refused: nothing is known of what it admits.
      return { path: ['spec', side, i], peers: map ? map[peers] : 'refused', ports: map?.ports };
    });
    sides.set(side, rules);
  }
  return { resource, podSelector: spec.podSelector ?? {}, sides, doubtful: doubtful || isUnreadable(spec) };
}

/** `policyTypes` as written; else every policy is for ingress, and for egress if it has egress rules. */
function sidesOf(spec: Record<string, unknown>): Side[] {
  const types = asList(spec.policyTypes);
  const has = (type: string, byDefault: boolean) =>
    types.length === 0 ? byDefault : types.some((given) => given === type || !isSide(given));
  const sides: Side[] = [];
  const hasEgress = Array.isArray(spec.egress) ? spec.egress.length > 0 : spec.egress !== undefined;
  if (has('Egress', hasEgress)) sides.push('egress');
  if (has('Ingress', true)) sides.push('ingress');
  return sides;
}

function isUnreadable({ policyTypes, egress, ingress }: Record<string, unknown>): boolean {
  if ([policyTypes, egress, ingress].some((value) => value !== undefined && !Array.isArray(value))) return true;
  return !asList(policyTypes).every(isSide);
}

function isSide(type: unknown): boolean {
  return type === 'Egress' || type === 'Ingress';
}
