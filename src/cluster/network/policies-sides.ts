import type { Path } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { connectionsOf } from '../connections/connections.ts';
import { type Known, some } from '../label-facts.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, type Workload } from '../workloads.ts';
import {
  admitsPeer,
  declaredPorts,
  isOnHost,
  isolationOf,
  type Policy,
  rulesThatMayAdmit,
  type Side,
} from './network.ts';
import { keysOfSelector, podsOfPeer, podsOfPolicy, requiredValues } from './policies-selections.ts';
import { backendsOf } from './services.ts';

/** A peer that a rule admits in vain: the peer's own policies refuse every pod and every port that the rule is for. */
export interface OneSided {
  policy: Policy;
  side: Side;
  /** The item of `to` or `from`. */
  path: Path;
  ports: unknown;
  /** The pods of the policy, and those of the peer. */
  own: readonly Workload[];
  others: readonly Workload[];
  /** A policy of the first of the others that refuses. */
  refusedBy: Policy;
}

/**
 * The peers that a policy admits, and whose own policies surely refuse them. Peers that name no pods in particular (all of a
 * namespace) aren't looked at, nor those to whom a connection is known.
 */
export function oneSidedPeers(cluster: Cluster, policy: Policy): OneSided[] {
  const found: OneSided[] = [];
  let own: readonly Workload[] | undefined;
  for (const [side, rules] of policy.sides) {
    for (const { path, peers, ports } of rules) {
      for (const [i, peer] of asList(peers).entries()) {
        if (!namesPods(peer)) continue;
        const others = podsOfPeer(cluster, policy, peer);
        if (others === undefined || others.surely.length === 0 || others.perhaps.length > 0) continue;
        own ??= podsOfPolicy(cluster, policy).surely;
        const refusedBy = refusingPolicy(cluster, side, own, others.surely, ports);
        const item = [...path, side === 'egress' ? 'to' : 'from', i];
        if (refusedBy) found.push({ policy, side, path: item, ports, own, others: others.surely, refusedBy });
      }
    }
  }
  return found;
}

/** Whether a peer says which pods it means. */
function namesPods(peer: unknown): boolean {
  const selector = asMap(peer)?.podSelector;
  return keysOfSelector(selector).some((key) => requiredValues(selector, key) !== undefined);
}

/** More pairs of pods aren't compared. */
const MOST_PAIRS = 400;

/** A policy of the others that refuses them, where theirs refuse all pairs of pods on all ports. */
function refusingPolicy(
  cluster: Cluster,
  side: Side,
  own: readonly Workload[],
  others: readonly Workload[],
  ports: unknown,
): Policy | undefined {
  if (own.length * others.length > MOST_PAIRS) return undefined;
  let refusedBy: Policy | undefined;
  for (const one of own) {
    for (const other of others) {
      // Between its own pods nothing is claimed.
      if (one === other) continue;
      const policy = refusesPair(cluster, side, one, other, ports);
      if (!policy) return undefined;
      refusedBy ??= policy;
    }
  }
  return refusedBy;
}

function refusesPair(cluster: Cluster, side: Side, own: Workload, other: Workload, ports: unknown): Policy | undefined {
  const [client, server] = side === 'egress' ? [own, other] : [other, own];
  if (isOnHost(own) || isOnHost(other) || isDialled(cluster, client, server)) return undefined;
  const wanted = portsAt(ports, server);
  if (wanted === undefined || wanted.length === 0) return undefined;
  const otherSide = side === 'egress' ? 'ingress' : 'egress';
  const { surely, perhaps } = isolationOf(cluster, other, otherSide);
  if (surely.length === 0) return undefined;
  if (perhaps.some(({ doubtful }) => doubtful)) return undefined;
  for (const { policy, rule } of rulesThatMayAdmit(cluster, other, otherSide, own)) {
    if (admitsPeer(cluster, policy.resource.scope, rule.peers, own) === false) continue;
    if (meet(wanted, portsAt(rule.ports, server)) !== false) return undefined;
  }
  return surely.find(({ sides }) => sides.get(otherSide)?.length) ?? surely[0];
}

interface PortRange {
  /** Undefined for every protocol. */
  protocol: unknown;
  first: number;
  last: number;
}

const ALL: PortRange = { protocol: undefined, first: 0, last: 65535 };

/** The ports of a rule at a server; undefined where they can't be known. */
function portsAt(ports: unknown, server: Workload): PortRange[] | undefined {
  if (ports === undefined) return [ALL];
  if (!Array.isArray(ports)) return undefined;
  if (ports.length === 0) return [ALL];
  const found: PortRange[] = [];
  for (const item of ports) {
    const { protocol = 'TCP', port, endPort = port } = asMap(item) ?? { protocol: 0 };
    if (typeof protocol !== 'string' || isUnknown(protocol) || isUnknown(port)) return undefined;
    if (port === undefined) found.push({ ...ALL, protocol });
    else if (typeof port === 'number' && typeof endPort === 'number')
      found.push({ protocol, first: port, last: endPort });
    else if (typeof port !== 'string' || endPort !== port) return undefined;
    else {
      for (const declared of declaredPorts(server)) {
        if (isUnknown(declared.name)) return undefined;
        if (declared.name !== port || (declared.protocol ?? 'TCP') !== protocol) continue;
        if (typeof declared.containerPort !== 'number') return undefined;
        found.push({ protocol, first: declared.containerPort, last: declared.containerPort });
      }
    }
  }
  return found;
}

function meet(a: readonly PortRange[], b: readonly PortRange[] | undefined): Known {
  if (b === undefined) return undefined;
  return some(
    a.flatMap((one) =>
      b.map((other) => {
        const isSame = one.protocol === undefined || other.protocol === undefined || one.protocol === other.protocol;
        return isSame && one.first <= other.last && other.first <= one.last;
      }),
    ),
  );
}

/** Whether a workload is known to dial the pods of another: that is judged for itself. */
function isDialled(cluster: Cluster, client: Workload, server: Workload): boolean {
  return dialled(cluster).get(client)?.has(server) ?? false;
}

const dialled = derived((cluster) => {
  const byClient = new Map<Workload, Set<Workload>>();
  for (const { from, service } of connectionsOf(cluster)) {
    const servers = byClient.get(from) ?? new Set<Workload>();
    byClient.set(from, servers);
    for (const server of backendsOf(cluster, service).workloads) servers.add(server);
  }
  return byClient;
});
