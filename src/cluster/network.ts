import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import { compareScopes, isUnsetScope, type Path, type Resource } from '../resource.ts';
import { type Cluster, derived } from './cluster.ts';
import { contested } from './contested.ts';
import { mayHoldPods } from './ip-blocks.ts';
import {
  every,
  hasPlainLabels,
  type Known,
  matches,
  mayBeAddedToPods,
  namespaceLabels,
  podLabels,
  some,
} from './label-facts.ts';
import { isUnknown } from './unknown.ts';
import { asList, asMap, valueAt, type Workload } from './workloads.ts';

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
  /** Where the verdict is `denied`: every policy that surely isolates the pod on that side, the nearest miss first. */
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

/** Whether a mesh may carry traffic through a tunnel: a policy names the port of one (Linkerd's proxy, Istio's HBONE). */
export function namesTunnel(cluster: Cluster): boolean {
  return TUNNEL_PORTS.some((port) => policiesOf(cluster).named.has(port));
}

function judgeSide(cluster: Cluster, side: Side, traffic: Traffic): SideVerdict {
  const pods = side === 'egress' ? traffic.client : traffic.server;
  const { surely, perhaps } = isolationOf(cluster, pods, side);
  if (surely.length === 0) return perhaps.length === 0 ? { verdict: 'allowed', refusals: [] } : UNDECIDED;
  const refusals: Refusal[] = [];
  let unknown = false;
  for (const policy of surely) {
    const answer = judgePolicy(cluster, policy, side, traffic);
    if (answer === undefined) unknown = true;
    else if ('lacks' in answer) refusals.push(answer);
    else return { verdict: 'allowed', admits: answer, refusals: [] };
  }
  if (unknown || perhaps.some((policy) => mayAdmit(cluster, policy, side, traffic))) return UNDECIDED;
  refusals.sort((a, b) => NEARNESS.indexOf(a.lacks) - NEARNESS.indexOf(b.lacks));
  return { verdict: 'denied', refusals };
}

const NEARNESS: readonly Refusal['lacks'][] = ['peer', 'port', 'both', 'rules'];

/** The rule that admits the traffic, or why none does; undefined where that can't be known. */
function judgePolicy(
  cluster: Cluster,
  { resource, sides }: Policy,
  side: Side,
  traffic: Traffic,
): { policy: Resource<NetworkPolicy>; path: Path } | Refusal | undefined {
  let nearest: Refusal = { policy: resource, path: resource.object.spec ? ['spec'] : [], lacks: 'rules' };
  let unknown = false;
  for (const { path, peers, ports } of sides.get(side) ?? []) {
    const peer = admitsPeer(cluster, resource.scope, peers, side === 'egress' ? traffic.server : traffic.client);
    const port = admitsPort(ports, traffic);
    const both = every([peer, port]);
    if (both) return { policy: resource, path };
    if (both === undefined) unknown = true;
    const lacks = peer === false ? (port === false ? 'both' : 'peer') : 'port';
    if (NEARNESS.indexOf(lacks) < NEARNESS.indexOf(nearest.lacks)) nearest = { policy: resource, path, lacks };
  }
  return unknown ? undefined : nearest;
}

function mayAdmit(cluster: Cluster, policy: Policy, side: Side, traffic: Traffic): boolean {
  if (policy.doubtful) return true;
  const answer = judgePolicy(cluster, policy, side, traffic);
  return answer === undefined || !('lacks' in answer);
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

  constructor(policies: readonly Policy[]) {
    this.all = policies;
    for (const policy of policies) {
      const { scope } = policy.resource;
      let bucket = this.#byScope.get(scope);
      if (!bucket) {
        bucket = new Bucket();
        this.#byScope.set(scope, bucket);
      }
      bucket.add(policy);
      this.#all.add(policy);
      if (isUnsetScope(scope)) this.#unset.add(policy);
      for (const { ports } of [...policy.sides.values()].flat()) {
        for (const port of asList(ports)) this.named.add(asMap(port)?.port);
      }
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

  #select(pods: Workload, side: Side): Isolation {
    const { scope } = pods.resource;
    const own = this.#byScope.get(scope)?.candidates(pods) ?? [];
    // Where a namespace is unset, policies of the other namespaces may turn out to be in it.
    const foreign = (isUnsetScope(scope) ? this.#all : this.#unset)
      .candidates(pods)
      .filter((policy) => policy.resource.scope !== scope);
    const surely: Policy[] = [];
    const perhaps: Policy[] = [];
    const facts = podLabels(pods);
    for (const policy of [...own, ...foreign]) {
      if (!policy.sides.has(side)) continue;
      const selects = matches(policy.podSelector, facts);
      if (selects === false) continue;
      const sure = selects === true && !policy.doubtful && policy.resource.scope === scope;
      (sure ? surely : perhaps).push(policy);
    }
    return { surely, perhaps };
  }
}

/** Policies by one label that they require, so that a pod meets only those that could select it. */
class Bucket {
  readonly #every: Policy[] = [];
  readonly #byLabel = new Map<string, Policy[]>();
  readonly #others: Policy[] = [];

  add(policy: Policy): void {
    this.#every.push(policy);
    const required = Object.entries(asMap(asMap(policy.podSelector)?.matchLabels) ?? {});
    const pair = required.find(
      ([key, value]) => typeof value === 'string' && !isUnknown(key) && !isUnknown(value) && !mayBeAddedToPods(key),
    );
    if (!pair) {
      this.#others.push(policy);
      return;
    }
    const key = JSON.stringify(pair);
    const same = this.#byLabel.get(key);
    if (same) same.push(policy);
    else this.#byLabel.set(key, [policy]);
  }

  candidates(pods: Workload): readonly Policy[] {
    if (!hasPlainLabels(pods)) return this.#every;
    const found = Object.entries(pods.labels).flatMap((pair) => this.#byLabel.get(JSON.stringify(pair)) ?? []);
    return [...found, ...this.#others];
  }
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
