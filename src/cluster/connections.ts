import type { Path, Resource } from '../resource.ts';
import { type Address, addressesIn } from './addresses.ts';
import { type Cluster, derived } from './cluster.ts';
import { addressesOfCommand, type Word } from './command-lines.ts';
import { contested } from './contested.ts';
import { isSwitchedOff, mayBeDialled, namesHost, portNamesOf } from './dial-names.ts';
import { dataOf, type ExpandedText, environmentOf, expand, type Origin, partAt, type Variable } from './environment.ts';
import { addressesInFile } from './file-addresses.ts';
import { backendsOf, isHeadless, portsOfService } from './services.ts';
import { maskUnknown } from './unknown.ts';
import { asList, asMap, containersOf, type PodContainer, type Workload } from './workloads.ts';

/** A workload that is configured to dial a Service of its environment. */
export interface Connection {
  readonly from: Workload;
  readonly container: PodContainer;
  readonly service: Resource;
  /** As written where it is configured. */
  readonly host: string;
  /** The name of the one pod that is dialled behind a headless Service: `db-0` of `db-0.db`. */
  readonly pod: string | undefined;
  /** As dialled, else the Service's only one; undefined where nothing says which of several it is. */
  readonly port: number | undefined;
  readonly protocol: 'TCP' | 'UDP';
  /** Where the value stands that names the host. */
  readonly where: Origin;
  /** The variable, flag or file that holds it, as the container has it. */
  readonly name: string;
  readonly via: 'env' | 'envFrom' | 'command' | 'file';
  /** Where the container takes it from: an item of `env`, `envFrom`, `args`, `volumeMounts` … */
  readonly declared: Path;
  /** What may override the value: an `envFrom` that comes later and whose keys nobody knows, such as `Secret/app`. */
  readonly unless: string | undefined;
  /** Connections of one list are alternatives. */
  readonly list: string;
  /** The list holds hosts that are no Services of this environment. */
  readonly hasOthers: boolean;
}

/** All connections that the manifests configure, of rendered and of existing workloads. */
export const connectionsOf = derived((cluster): readonly Connection[] =>
  cluster.workloads.flatMap((workload) => {
    if (!resolvesClusterNames(workload)) return [];
    return containersOf(workload).flatMap((container) => connectionsOfContainer(cluster, workload, container));
  }),
);

/** Whether the pods ask the cluster's name server, and aren't told other addresses for what they dial. */
function resolvesClusterNames({ pod, resource }: Workload): boolean {
  if (resource.kind === 'PodTemplate') return false;
  return pod.dnsPolicy === undefined || pod.dnsPolicy === 'ClusterFirst' || pod.dnsPolicy === 'ClusterFirstWithHostNet';
}

/** An address that a container is given, and where it stands. */
interface Found {
  address: Address;
  text: ExpandedText;
  /** Where the host starts in `text`. */
  start: number;
  name: string;
  via: Connection['via'];
  declared: Path;
}

function connectionsOfContainer(cluster: Cluster, workload: Workload, container: PodContainer): Connection[] {
  if (asMap(container.container) === undefined) return [];
  const environment = environmentOf(cluster, workload, container);
  const found = [
    ...inEnvironment(cluster, environment),
    ...inCommand(workload, container, environment),
    ...inFiles(cluster, workload, container),
  ];
  const proxied = proxyOf(environment);
  const lists = new Map<string, Found[]>();
  for (const one of found) {
    const list = JSON.stringify([one.declared, one.name, one.address.group]);
    const same = lists.get(list);
    if (same) same.push(one);
    else lists.set(list, [one]);
  }
  return [...lists].flatMap(([list, members]) => {
    const connections = members.map((member) => connect(cluster, workload, container, member, list, proxied));
    const known = connections.filter((connection) => connection !== undefined);
    return known.map((connection) => ({ ...connection, hasOthers: known.length < connections.length }));
  });
}

function inEnvironment(cluster: Cluster, environment: ReadonlyMap<string, Variable>): Found[] {
  const read = (name: string) => environment.get(name)?.text;
  return [...environment.values()].flatMap((variable) => {
    const { name, text, via, declared } = variable;
    const addresses = addressesOfVariable(cluster, name, text);
    if (addresses.length === 0 || isSwitchedOff(name, read)) return [];
    return addresses.map((address) => {
      const port = siblingPort(name, address, read);
      const withPort = port === undefined ? address : { ...address, port, written: true };
      return { address: withPort, text: variable, start: address.start, name, via, declared };
    });
  });
}

/** The addresses that a variable holds, as its name has it. Many containers take the same variables. */
function addressesOfVariable(cluster: Cluster, name: string, text: string): readonly Address[] {
  const known = variablesRead(cluster);
  const id = `${name}=${text}`;
  let addresses = known.get(id);
  if (!addresses) {
    const isEvident = ({ form }: Address) => form !== 'word' || namesHost(name);
    addresses = text !== '' && mayBeDialled(name) ? addressesIn(text).filter(isEvident) : [];
    known.set(id, addresses);
  }
  return addresses;
}

const variablesRead = derived(() => new Map<string, readonly Address[]>());

/** What `DB_PORT` says for `DB_HOST`, where the address has no port of its own. */
function siblingPort(
  name: string,
  address: Address,
  read: (name: string) => string | undefined,
): number | 'unknown' | undefined {
  if (address.written) return undefined;
  for (const portName of portNamesOf(name)) {
    const value = read(portName)?.trim();
    if (value === undefined || value === '') continue;
    return /^\d{1,5}$/.test(value) ? Number(value) : 'unknown';
  }
  return undefined;
}

function inCommand(
  { resource }: Workload,
  { container, path }: PodContainer,
  environment: ReadonlyMap<string, Variable>,
): Found[] {
  const words: (Word & { source: ExpandedText; declared: Path })[] = [];
  let start = 0;
  for (const field of ['command', 'args'] as const) {
    for (const [i, item] of asList(container[field]).entries()) {
      if (typeof item !== 'string') continue;
      const declared = [...path, field, i];
      const source = expand(item, { resource, path: declared, key: undefined, secret: false }, environment);
      words.push({ text: source.text, start, source, declared });
      start += source.text.length + 1;
    }
  }
  return addressesOfCommand(words).flatMap((given) => {
    const offset = given.word.start + given.start;
    const word = words.findLast((candidate) => candidate.start <= offset);
    if (!word) return [];
    const { source, declared } = word;
    return [
      { address: given, text: source, start: offset - word.start, name: given.name, via: 'command' as const, declared },
    ];
  });
}

/** The ConfigMaps that are mounted into the container, file by file. */
function inFiles(cluster: Cluster, workload: Workload, { container, path }: PodContainer): Found[] {
  return asList(container.volumeMounts).flatMap((item, i) => {
    const mount = asMap(item) ?? {};
    const { subPath } = mount;
    return filesOf(cluster, workload, mount.name).flatMap(({ file, value, origin }) => {
      if (typeof subPath === 'string' && subPath !== '' && subPath !== file) return [];
      const text = { text: value, parts: [{ ...origin, unless: undefined, end: value.length }] };
      const declared = [...path, 'volumeMounts', i];
      return addressesInFile(file, value).map((address) => ({
        address,
        text,
        start: address.start,
        name: file,
        via: 'file' as const,
        declared,
      }));
    });
  });
}

/** The files of the ConfigMaps in a volume, whose values are known. */
function filesOf(
  cluster: Cluster,
  { pod, resource }: Workload,
  volumeName: unknown,
): { file: string; value: string; origin: Origin }[] {
  if (typeof volumeName !== 'string') return [];
  const volume = asList(pod.volumes)
    .map(asMap)
    .find((candidate) => candidate?.name === volumeName);
  const projected = asList(asMap(volume?.projected)?.sources).map((source) => asMap(source)?.configMap);
  return [volume?.configMap, ...projected].map(asMap).flatMap((source) => {
    if (typeof source?.name !== 'string') return [];
    const data = dataOf(cluster, 'ConfigMap', resource.scope, source.name);
    const items = asList(source.items).map((item) => asMap(item) ?? {});
    const listed = Array.isArray(source.items) ? items : [...data.entries.keys()].map((key) => ({ key, path: key }));
    return listed.flatMap(({ key, path: file }) => {
      const entry = typeof key === 'string' ? data.entries.get(key) : undefined;
      if (!data.resource || data.open || entry?.value === undefined || typeof file !== 'string') return [];
      const origin = { resource: data.resource, path: entry.path, key: key as string, secret: false };
      return [{ file, value: maskUnknown(entry.value), origin }];
    });
  });
}

/** The connection that an address stands for; undefined where it is no Service of this environment, or another's affair. */
function connect(
  cluster: Cluster,
  from: Workload,
  container: PodContainer,
  { address, text, start, name, via, declared }: Found,
  list: string,
  proxied: (address: Address) => boolean,
): Omit<Connection, 'hasOthers'> | undefined {
  const part = partAt(text, start);
  const target = address.host === '' || !part ? undefined : resolveHost(cluster, from, address.host);
  if (!target || !part || proxied(address)) return undefined;
  const { service, pod } = target;
  // Its own address: what it tells others, or the peers that it forms a cluster with.
  if (backendsOf(cluster, service).workloads.includes(from)) return undefined;
  const { port, form } = address;
  const ports = portsOfService(service);
  // Behind a headless Service any port may be dialled; one that is filled in later can't be known.
  if (port === 'unknown' && isHeadless(service)) return undefined;
  // `redis:7` may be an image as well, and `admin:1234` a password.
  const isEvident = form !== 'port' || namesHost(name) || ports.some((known) => known.port === port);
  if (!isEvident) return undefined;
  const { resource, path, key, secret, unless } = part;
  return {
    from,
    container,
    service,
    host: address.host,
    pod,
    port: typeof port === 'number' ? port : ports.length === 1 ? ports[0]?.port : undefined,
    protocol: address.protocol,
    where: { resource, path, key, secret },
    name,
    via,
    declared,
    unless,
    list,
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

/** Whether a container's requests to an address go to a proxy instead (`HTTP_PROXY`, and what `NO_PROXY` leaves out). */
function proxyOf(environment: ReadonlyMap<string, Variable>): (address: Address) => boolean {
  const read = (name: string) => (environment.get(name) ?? environment.get(name.toLowerCase()))?.text ?? '';
  const hasProxy = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].some((name) => read(name) !== '');
  if (!hasProxy) return () => false;
  const exceptions = new Set(
    read('NO_PROXY')
      .toLowerCase()
      .split(/[\s,]+/)
      .map((exception) => exception.replace(/^\*?\./, '')),
  );
  return ({ host, scheme, form }) => {
    if (form === 'url' && !(scheme !== undefined && /^(?:https?|wss?|grpcs?)$/.test(scheme))) return false;
    const labels = host.toLowerCase().split('.');
    return !exceptions.has('*') && !labels.some((_, i) => exceptions.has(labels.slice(i).join('.')));
  };
}
