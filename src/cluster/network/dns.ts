import { isUnsetScope, type Path } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { addressesIn } from '../connections/addresses.ts';
import { type Connection, connectionsOf } from '../connections/connections.ts';
import { isSwitchedOff, mayBeDialled } from '../connections/dial-names.ts';
import { environmentOf, partAt } from '../connections/environment.ts';
import { matches, namespaceLabels, podLabels } from '../label-facts.ts';
import { isUnknown, MASK } from '../unknown.ts';
import { asList, asMap, containersOf, type Workload } from '../workloads.ts';
import { declaredPorts, type Isolation, isOnHost, isolationOf, type Policy } from './network.ts';
import { keysOfSelector, podsOfNamespace, requiredValues } from './policies-selections.ts';
import { reachOf } from './reachability.ts';

/** A name that pods look up, and the variable, flag or file that says so. */
export interface LookedUp {
  host: string;
  name: string;
}

/** What a rule that was meant for DNS lacks. */
export type DnsMiss = 'udp' | 'namespace' | 'peer';

/** The best try of a policy to admit DNS: the port or the peer that misses it. */
export interface DnsTry {
  policy: Policy;
  path: Path;
  lacks: DnsMiss;
}

/**
 * Whether pods ask the cluster's name server for names (kubernetes.io/docs/concepts/services-networking/dns-pod-service): not on
 * the host's network, with another dnsPolicy, or told in `dnsConfig` whom else to ask or how.
 */
export function asksClusterDns(workload: Workload): boolean {
  const { dnsPolicy, dnsConfig } = workload.pod;
  if (isOnHost(workload) || workload.resource.kind === 'PodTemplate') return false;
  const { nameservers, options } = asMap(dnsConfig) ?? {};
  const usesTcp = asList(options).some((option) => asMap(option)?.name === 'use-vc');
  if (asList(nameservers).length > 0 || usesTcp) return false;
  return dnsPolicy === undefined || dnsPolicy === 'ClusterFirst' || dnsPolicy === 'ClusterFirstWithHostNet';
}

/**
 * Where policies surely keep pods from the cluster's DNS: their egress is isolated, and no rule could admit UDP 53 to it. The
 * tries, best first, are empty where nothing was meant for it. Undefined where some rule could.
 */
export function dnsRefusal(cluster: Cluster, workload: Workload): DnsRefusal | undefined {
  const isolation = isolationOf(cluster, workload, 'egress');
  const known = refusals(cluster);
  if (!known.has(isolation)) known.set(isolation, findRefusal(cluster, isolation));
  return known.get(isolation);
}

export interface DnsRefusal {
  policies: readonly Policy[];
  tries: readonly DnsTry[];
}

const refusals = derived(() => new Map<Isolation, DnsRefusal | undefined>());

function findRefusal(cluster: Cluster, { surely, perhaps }: Isolation): DnsRefusal | undefined {
  if (surely.length === 0 || perhaps.some((policy) => policy.doubtful || dnsRules(cluster, policy) === 'admitted')) {
    return undefined;
  }
  const tries: DnsTry[] = [];
  for (const policy of surely) {
    const found = dnsRules(cluster, policy);
    if (found === 'admitted') return undefined;
    tries.push(...found);
  }
  return { policies: surely, tries: tries.sort((a, b) => MISSES.indexOf(a.lacks) - MISSES.indexOf(b.lacks)) };
}

const MISSES: readonly DnsMiss[] = ['udp', 'namespace', 'peer'];

function dnsRules(cluster: Cluster, policy: Policy): 'admitted' | readonly DnsTry[] {
  const known = dnsOfPolicies(cluster);
  const found = known.get(policy) ?? readDnsRules(cluster, policy);
  known.set(policy, found);
  return found;
}

const dnsOfPolicies = derived(() => new Map<Policy, 'admitted' | readonly DnsTry[]>());

function readDnsRules(cluster: Cluster, policy: Policy): 'admitted' | readonly DnsTry[] {
  const tries: DnsTry[] = [];
  for (const { path, peers, ports } of policy.sides.get('egress') ?? []) {
    const { admitted, tcp } = dnsPorts(ports);
    const isMeant = asList(ports).some(isDnsPort);
    const isAnyone = !Array.isArray(peers) || peers.length === 0;
    const mayBeIt = isAnyone || peers.some((peer) => mayBeDns(cluster, policy, peer, isMeant));
    if (admitted && mayBeIt) return 'admitted';
    if (mayBeIt && tcp !== undefined) tries.push({ policy, path: [...path, 'ports', tcp], lacks: 'udp' });
    if (!admitted || isAnyone || !isMeant) continue;
    const own = peers.findIndex((peer) => asMap(peer)?.namespaceSelector === undefined);
    if (own !== -1) tries.push({ policy, path: [...path, 'to', own], lacks: 'namespace' });
    else tries.push({ policy, path: [...path, 'to', 0], lacks: 'peer' });
  }
  return tries;
}

/** The port of DNS, and the one of OpenShift's DNS pods. */
const DNS_PORTS = [53, 5353];

/** Whether ports hold those of DNS over UDP, and which entry has them over TCP only. Named ports may be anything. */
function dnsPorts(ports: unknown): { admitted: boolean; tcp: number | undefined } {
  if (!Array.isArray(ports) || ports.length === 0) return { admitted: true, tcp: undefined };
  let tcp: number | undefined;
  for (const [i, item] of ports.entries()) {
    const entry = asMap(item);
    if (entry === undefined) return { admitted: true, tcp: undefined };
    const { protocol = 'TCP', port } = entry;
    const isOther = protocol === 'TCP' || protocol === 'SCTP';
    if (!isOther && (typeof port !== 'number' || holdsDnsPort(entry))) return { admitted: true, tcp: undefined };
    if (protocol === 'TCP' && isDnsPort(entry)) tcp ??= i;
  }
  return { admitted: false, tcp };
}

function holdsDnsPort({ port, endPort }: Record<string, unknown>): boolean {
  const last = endPort === undefined ? port : endPort;
  if (typeof port !== 'number' || typeof last !== 'number') return true;
  return DNS_PORTS.some((dns) => port <= dns && dns <= last);
}

/** Whether someone who wrote that entry meant DNS. */
function isDnsPort(entry: unknown): boolean {
  const { port, endPort } = asMap(entry) ?? {};
  return endPort === undefined && (port === 53 || port === 5353 || (typeof port === 'string' && /dns/.test(port)));
}

/** Where distributions run their DNS. */
const DNS_NAMESPACES = ['kube-system', 'openshift-dns'];

/** Labels that say what a pod is; those of DNS pods have DNS in their values. */
const IDENTITY = ['app', 'name', 'k8s-app', 'component', 'app.kubernetes.io/name', 'app.kubernetes.io/component'];

/**
 * Whether a peer may be the cluster's DNS, or a cache of it on the node (an ipBlock). Where its port says that DNS is meant, it is
 * believed to be in whatever namespace it names, if there is one.
 */
function mayBeDns(cluster: Cluster, { resource: { scope } }: Policy, peer: unknown, isMeant: boolean): boolean {
  const { ipBlock, podSelector, namespaceSelector } = asMap(peer) ?? {};
  if (ipBlock !== undefined || (podSelector === undefined && namespaceSelector === undefined)) return true;
  const mayBePods = podSelector === undefined || mayBeDnsPods(podSelector);
  const namespaces = dnsNamespaces(cluster);
  if (namespaceSelector === undefined) {
    if (isUnsetScope(scope)) return mayBePods;
    return namespaces.has(scope) && (mayBePods || selectsDnsServer(cluster, scope, podSelector));
  }
  if (isMeant) return mayMatchNamespace(cluster, namespaceSelector);
  // A namespace whose name or label speaks of DNS holds one, whether it is here or not.
  if (/dns/i.test(JSON.stringify(namespaceSelector))) return true;
  return [...namespaces].some(
    (candidate) =>
      matches(namespaceSelector, namespaceLabels(cluster, candidate)) !== false &&
      (mayBePods || selectsDnsServer(cluster, candidate, podSelector)),
  );
}

/** The namespaces where DNS runs are there, whether somebody lists them or not. */
function mayMatchNamespace(cluster: Cluster, selector: unknown): boolean {
  if (!cluster.knows('', 'Namespace')) return true;
  const names = [...cluster.list('', 'Namespace').map(({ name }) => name), ...dnsNamespaces(cluster)];
  return names.some((name) => matches(selector, namespaceLabels(cluster, name)) !== false);
}

function mayBeDnsPods(selector: unknown): boolean {
  return keysOfSelector(selector).every((key) => {
    if (!IDENTITY.includes(key)) return true;
    const values = requiredValues(selector, key);
    return values === undefined || values.some((value) => /dns/i.test(value));
  });
}

function selectsDnsServer(cluster: Cluster, scope: string, selector: unknown): boolean {
  const servers = podsOfNamespace(cluster, scope).filter(servesDns);
  return servers.some((server) => matches(selector, podLabels(server)) !== false);
}

/** The namespaces that may hold the cluster's DNS: those of the distributions, and where something here serves DNS. */
const dnsNamespaces = derived((cluster): ReadonlySet<string> => {
  const servers = cluster.workloads.filter(servesDns).map(({ resource }) => resource.scope);
  return new Set([...DNS_NAMESPACES, ...servers]);
});

function servesDns(workload: Workload): boolean {
  return declaredPorts(workload).some(
    ({ protocol, containerPort, name }) =>
      protocol === 'UDP' && (DNS_PORTS.includes(containerPort as number) || /^dns/.test(String(name))),
  );
}

/** A name that the pods of a workload evidently look up; undefined where nothing shows that they do. */
export function lookedUpBy(cluster: Cluster, workload: Workload): LookedUp | undefined {
  const dialled = (connectionsByClient(cluster).get(workload) ?? []).find((connection) =>
    isEvident(cluster, connection),
  );
  return dialled ? { host: dialled.host, name: dialled.name } : lookedUpOutside(cluster, workload);
}

const connectionsByClient = derived((cluster) => {
  const byClient = new Map<Workload, Connection[]>();
  for (const connection of connectionsOf(cluster)) {
    const same = byClient.get(connection.from);
    if (same) same.push(connection);
    else byClient.set(connection.from, [connection]);
  }
  return byClient;
});

/** Whoever takes a whole ConfigMap needn't dial all that it holds: it is told where its policies want it to get there. */
function isEvident(cluster: Cluster, connection: Connection): boolean {
  if (connection.unless !== undefined) return false;
  const isOwn = connection.via === 'env' || connection.via === 'command';
  return isOwn || reachOf(cluster, connection).verdict === 'allowed';
}

/** A URL of another host in the environment of pods that may leave the cluster. */
function lookedUpOutside(cluster: Cluster, workload: Workload): LookedUp | undefined {
  if (!mayLeave(cluster, workload)) return undefined;
  for (const container of containersOf(workload)) {
    const environment = environmentOf(cluster, workload, container);
    const read = (name: string) => environment.get(name)?.text;
    if (PROXIES.some((name) => read(name) !== undefined)) continue;
    for (const variable of environment.values()) {
      const { name, text } = variable;
      if (!text.includes('://') || !mayBeDialled(name) || isSwitchedOff(name, read)) continue;
      const found = addressesIn(text).find(
        ({ host, start }) => isOutsideName(workload, host) && partAt(variable, start)?.unless === undefined,
      );
      if (found) return { host: found.host, name };
    }
  }
  return undefined;
}

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];

function mayLeave(cluster: Cluster, workload: Workload): boolean {
  return isolationOf(cluster, workload, 'egress').surely.some(({ sides }) =>
    sides.get('egress')?.some(({ peers }) => {
      const list = asList(peers);
      return list.length === 0 || list.some((peer) => asMap(peer)?.ipBlock !== undefined);
    }),
  );
}

function isOutsideName({ pod }: Workload, host: string): boolean {
  const name = host.toLowerCase();
  if (!/^[a-z0-9-]+(?:\.[a-z0-9-]+)+\.?$/.test(name) || isUnknown(name) || name.includes(MASK)) return false;
  // The last part of a name is never a number: that is an address.
  if (/(?:^|\.)\d+\.?$/.test(name) || /\.(?:localhost|localdomain|invalid|test)\.?$/.test(name)) return false;
  return !asList(pod.hostAliases).some((alias) => asList(asMap(alias)?.hostnames).includes(name));
}
