import type { Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { backendsOf, isHeadless, portsOfService } from '../network/services.ts';
import { asList, asMap, type Workload } from '../workloads.ts';
import { type ConfiguredHost, configuredHosts } from './configured-hosts.ts';
import { namesHost } from './dial-names.ts';

/** A workload that is configured to dial a Service of its environment. */
export interface Connection
  extends Pick<
    ConfiguredHost,
    'from' | 'container' | 'where' | 'name' | 'via' | 'declared' | 'unless' | 'list' | 'text' | 'start'
  > {
  readonly service: Resource;
  /** As written where it is configured. */
  readonly host: string;
  /** The name of the one pod that is dialled behind a headless Service: `db-0` of `db-0.db`. */
  readonly pod: string | undefined;
  /** As dialled, else the Service's only one; undefined where nothing says which of several it is. */
  readonly port: number | undefined;
  /** The port isn't the scheme's own, or the Service's only one, but written. */
  readonly written: boolean;
  readonly protocol: 'TCP' | 'UDP';
  /** The list holds hosts that are no Services of this environment. */
  readonly hasOthers: boolean;
}

/** All connections that the manifests configure, of rendered and of existing workloads whose pods ask the cluster's name server. */
export const connectionsOf = derived((cluster): readonly Connection[] =>
  namedConnections(cluster).filter(({ from }) => asksCluster(from)),
);

/** The same, whatever name server the pods ask. */
export const namedConnections = derived((cluster): readonly Connection[] => {
  const lists = new Map<string, { hosts: number; connections: Omit<Connection, 'hasOthers'>[] }>();
  const workloads = new Map<Workload, number>();
  for (const host of configuredHosts(cluster)) {
    const number = workloads.get(host.from) ?? workloads.size;
    workloads.set(host.from, number);
    const id = `${number} ${host.list}`;
    const list = lists.get(id) ?? { hosts: 0, connections: [] };
    lists.set(id, list);
    const connection = connect(cluster, host);
    list.hosts++;
    if (connection) list.connections.push(connection);
  }
  return [...lists.values()].flatMap(({ hosts, connections }) =>
    connections.map((connection) => ({ ...connection, hasOthers: connections.length < hosts })),
  );
});

/**
 * Whether a pod behind the Service takes the address from the same place: it tells the Service's own pods where their peers are, and
 * whoever else takes it with a whole ConfigMap or Secret needn't dial it.
 */
export function isForPeers(cluster: Cluster, { where, service }: Connection): boolean {
  return peerPlaces(cluster).get(service)?.has(placeId(where)) ?? false;
}

const peerPlaces = derived((cluster): ReadonlyMap<Resource, ReadonlySet<string>> => {
  const places = new Map<Resource, Set<string>>();
  for (const { from, address, where, via } of configuredHosts(cluster)) {
    if ((via !== 'file' && via !== 'envFrom') || address.host === '') continue;
    const service = resolveHost(cluster, from, address.host)?.service;
    if (!service || !backendsOf(cluster, service).workloads.includes(from)) continue;
    const known = places.get(service) ?? new Set();
    places.set(service, known.add(placeId(where)));
  }
  return places;
});

function placeId({ resource, path }: ConfiguredHost['where']): string {
  return JSON.stringify([resource.group, resource.kind, resource.scope, resource.name, path]);
}

/** Whether the pods ask the cluster's name server, and aren't told other addresses for what they dial. */
export function asksCluster({ pod }: Workload): boolean {
  return pod.dnsPolicy === undefined || pod.dnsPolicy === 'ClusterFirst' || pod.dnsPolicy === 'ClusterFirstWithHostNet';
}

/** The connection that a host stands for; undefined where it is no Service of this environment, or another's affair. */
function connect(cluster: Cluster, found: ConfiguredHost): Omit<Connection, 'hasOthers'> | undefined {
  const { from, container, address, text, start, where, unless, name, key, via, declared, list } = found;
  const target = address.host === '' ? undefined : resolveHost(cluster, from, address.host);
  if (!target) return undefined;
  const { service, pod } = target;
  // Its own address: what it tells others, or the peers that it forms a cluster with.
  if (backendsOf(cluster, service).workloads.includes(from)) return undefined;
  const { port, form } = address;
  const ports = portsOfService(service);
  // Behind a headless Service any port may be dialled; one that is filled in later can't be known.
  if (port === 'unknown' && isHeadless(service)) return undefined;
  // `redis:7` may be an image as well, and `admin:1234` a password.
  const isEvident = form !== 'port' || namesHost(key) || ports.some((known) => known.port === port);
  if (!isEvident) return undefined;
  return {
    ...{ from, container, service, host: address.host, pod, text, start },
    port: typeof port === 'number' ? port : ports.length === 1 ? ports[0]?.port : undefined,
    written: address.written,
    protocol: address.protocol,
    ...{ where, name, via, declared, unless, list },
  };
}

/** The Service, and the pod behind a headless one, that a name means to a workload's pods (kubernetes.io/docs, *DNS for Services and Pods*). */
export function resolveHost(
  cluster: Cluster,
  from: Workload,
  host: string,
): { service: Resource; pod: string | undefined } | undefined {
  const name = host.toLowerCase();
  if (!isName(name) || hasAlias(from, name)) return undefined;
  const isAbsolute = name.endsWith('.');
  const labels = name.replace(/\.$/, '').split('.');
  const domain = labels.join('.').endsWith('.svc.cluster.local') ? 3 : labels.at(-1) === 'svc' ? 1 : 0;
  if (isAbsolute && domain !== 3) return undefined;
  const [first = '', second, third, ...rest] = labels.slice(0, domain === 0 ? undefined : -domain);
  if (rest.length > 0 || (domain > 0 && second === undefined)) return undefined;
  const own = from.resource.scope;
  if (second === undefined) return serviceOf(cluster, own, first);
  if (third !== undefined) return podOf(cluster, third, second, first);
  // Names are looked up in the own namespace first: `db-0.db` is a pod there.
  return (domain === 0 ? podOf(cluster, own, second, first) : undefined) ?? serviceOf(cluster, second, first);
}

function isName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\.?$/.test(name);
}

function serviceOf(cluster: Cluster, scope: string, name: string) {
  const service = cluster.get('', 'Service', scope, name);
  const type = asMap(asMap(service?.object)?.spec)?.type;
  if (!service || type === 'ExternalName' || contested(cluster, service)) return undefined;
  return { service, pod: undefined };
}

function podOf(cluster: Cluster, scope: string, subdomain: string, pod: string) {
  const found = serviceOf(cluster, scope, subdomain);
  if (!found || !isHeadless(found.service)) return undefined;
  return backendsOf(cluster, found.service).workloads.some((workload) => isPodOf(workload, subdomain, pod))
    ? { service: found.service, pod }
    : undefined;
}

/** Whether a pod of that name is one of a workload's, with a name of its own below the Service's. */
export function isPodOf({ resource, pod }: Workload, subdomain: string, name: string): boolean {
  if (resource.kind === 'StatefulSet') {
    const { serviceName } = asMap(asMap(resource.object)?.spec) ?? {};
    const ordinal = name.startsWith(`${resource.name}-`) ? name.slice(resource.name.length + 1) : '';
    return serviceName === subdomain && /^\d+$/.test(ordinal);
  }
  return pod.subdomain === subdomain && (pod.hostname ?? resource.name) === name;
}

/** `hostAliases` come before every name server. */
function hasAlias({ pod }: Workload, name: string): boolean {
  return asList(pod.hostAliases).some((alias) => asList(asMap(alias)?.hostnames).includes(name));
}
