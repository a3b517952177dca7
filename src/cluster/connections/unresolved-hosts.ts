import type { Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { meetsNoPolicies } from '../network/network.ts';
import { isHeadless } from '../network/services.ts';
import { hintFor } from '../references/hints.ts';
import { namesakesOf, standingOf } from '../references/provided.ts';
import type { Referent } from '../references/references.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt, workloadOf } from '../workloads.ts';
import { type ConfiguredHost, configuredHosts, mayBePassword } from './configured-hosts.ts';
import { asksCluster, namedConnections, resolveHost } from './connections.ts';
import { namesHost, wordsOf } from './dial-names.ts';

/** A host that the cluster's name server would have to know, and doesn't. */
export interface UnresolvedHost {
  readonly configured: ConfiguredHost;
  /** The Service that is meant. */
  readonly referent: Referent;
  /** What may have been meant, as the end of a message. */
  readonly hint: string;
}

/**
 * The configured hosts that name a Service which isn't there, in a namespace into which the environment renders workloads or Services
 * (kubernetes.io/docs, *DNS for Services and Pods*). One of several alternatives that is known, or is somebody else's, is enough.
 */
export const unresolvedHosts = derived((cluster): readonly UnresolvedHost[] => {
  const judged = configuredHosts(cluster).map((configured) => ({
    configured,
    missing: missingService(cluster, configured),
  }));
  const fine = new Set(
    judged.filter(({ missing }) => missing === undefined).map(({ configured }) => listOf(configured)),
  );
  const hints = new Map<string, string | undefined>();
  return judged.flatMap(({ configured, missing }) => {
    if (missing === undefined || !mayBeReported(configured) || fine.has(listOf(configured))) return [];
    const isAtHome = !missing.undeclared || dialsServices(cluster).has(configured.from.resource);
    const id = JSON.stringify([missing.referent.scope, missing.referent.name, isAtHome]);
    if (!hints.has(id)) hints.set(id, hintOf(cluster, missing, isAtHome));
    const hint = hints.get(id);
    return hint === undefined ? [] : [{ configured, referent: missing.referent, hint }];
  });
});

/**
 * What may have been meant. Undefined where nothing tells that a name is wrong: others may put Services into a namespace that nobody has
 * described, so that only a slip counts there, a Service of that name elsewhere, or that what else the workload dials is here.
 */
function hintOf(cluster: Cluster, { referent }: Missing, isAtHome: boolean): string | undefined {
  const { name, scope } = referent;
  const hint = hintFor(cluster, name, referent);
  if (hint.startsWith('; namespace')) return hint;
  const services = servicesByScope(cluster).get(scope) ?? [];
  // `postgres` is no slip for `postgrest`, and of short names any two are alike.
  const isLikely = name.length > 4 && services.some((service) => !service.startsWith(name) && isSlip(service, name));
  if (!isAtHome && !isLikely) return undefined;
  return name.length > 3 ? hint : '';
}

/** The workloads that dial some Service of their own namespace that is rendered with them. */
const dialsServices = derived(
  (cluster): ReadonlySet<Resource> =>
    new Set(
      namedConnections(cluster)
        .filter(({ from, service }) => !service.existing && service.scope === from.resource.scope)
        .map(({ from }) => from.resource),
    ),
);

/** Whether two names differ by one letter, or two that changed places. */
function isSlip(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const [x, y] = [a.slice(start), b.slice(start)];
  const isSwapped = x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2);
  return isSwapped || x.slice(1) === y.slice(1) || x.slice(1) === y || x === y.slice(1);
}

const servicesByScope = derived((cluster): ReadonlyMap<string, readonly string[]> => {
  const services = new Map<string, string[]>();
  for (const { scope, name } of cluster.list('', 'Service')) {
    const names = services.get(scope);
    if (names) names.push(name);
    else services.set(scope, [name]);
  }
  return services;
});

interface Missing {
  readonly referent: Referent;
  /** The environment is one that nobody has described. */
  readonly undeclared: boolean;
}

function listOf({ from, list }: ConfiguredHost): string {
  const { group, kind, scope, name } = from.resource;
  return JSON.stringify([group, kind, scope, name, list]);
}

function mayBeReported(configured: ConfiguredHost): boolean {
  const { from, where, unless, address, key, via, evident } = configured;
  if (from.resource.existing || meetsNoPolicies(from.resource) || unless !== undefined) return false;
  if (where.resource.existing && where.resource === from.resource) return false;
  if (mayBePassword(configured)) return false;
  // A bare word that a name calls a host may be a mode or a region: only names that say it plainly count.
  if (address.form === 'word') return namesHost(key) && PLAIN.test(wordsOf(key).at(-1) ?? '');
  return evident && (address.form === 'url' || via === 'file' || namesHost(key));
}

/** An address may as well be that of a house or a wallet. */
const PLAIN = /(?:^|[a-z])(?:host|hosts|hostname|server|servers|brokers)$/;

/** What stands where a host belongs until somebody fills it in, or says that there is none. */
const NO_NAME =
  /^(?:localhost|none|null|nil|undefined|false|true|off|on|no|yes|disabled|enabled|auto|default|unset|empty|dummy|fake|test|unused|example|placeholder|changeme|change-me|replaceme|replace-me|todo|tbd|host|hostname|server|your-.*|my-.*|some-.*|xxx+|metadata|unix|socket)$/;

function missingService(cluster: Cluster, configured: ConfiguredHost): Missing | undefined {
  const { from, address } = configured;
  if (address.host === '' || !asksCluster(from) || isUnknown(from.resource.scope)) return undefined;
  const referent = referentOf(from.resource, address.host.toLowerCase());
  if (!referent || !rendersInto(cluster).has(referent.scope) || resolveHost(cluster, from, address.host))
    return undefined;
  if (isNamedElsewhere(cluster, configured, address.host.toLowerCase())) return undefined;
  const { state } = standingOf(cluster, [referent]);
  return state === 'absent' || state === 'undeclared' ? { referent, undeclared: state === 'undeclared' } : undefined;
}

/** The Service that a name stands for, undefined for names of other shapes. */
function referentOf({ scope }: Resource, host: string): Referent | undefined {
  const isAbsolute = host.endsWith('.');
  const all = host.replace(/\.$/, '').split('.');
  if (!all.every((label) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label))) return undefined;
  const domain = host.replace(/\.$/, '').endsWith('.svc.cluster.local') ? 3 : all.at(-1) === 'svc' ? 1 : 0;
  if (isAbsolute && domain !== 3) return undefined;
  const labels = all.slice(0, domain === 0 ? undefined : -domain);
  const [first = '', second, third] = labels;
  const service = (name: string, of: string): Referent => ({ group: '', kind: 'Service', name, scope: of });
  if (labels.length === 1 && domain === 0) {
    return /[a-z]/.test(first) && !NO_NAME.test(first) ? service(first, scope) : undefined;
  }
  if (labels.length === 2 && second !== undefined) return service(first, second);
  return labels.length === 3 && domain > 0 && second !== undefined && third !== undefined
    ? service(second, third)
    : undefined;
}

/** The namespaces into which the environment renders workloads or Services. */
const rendersInto = derived((cluster): ReadonlySet<string> => {
  const isCounted = (resource: Resource) =>
    !resource.existing &&
    ((resource.group === '' && resource.kind === 'Service') || workloadOf(resource) !== undefined);
  return new Set(cluster.resources.filter(isCounted).map(({ scope }) => scope));
});

/** Whether something else than a Service may answer to the name: a pod, `/etc/hosts`, a search domain, a mesh, a node. */
function isNamedElsewhere(cluster: Cluster, { from }: ConfiguredHost, host: string): boolean {
  const { pod, resource } = from;
  if (asList(pod.hostAliases).some((alias) => asList(asMap(alias)?.hostnames).includes(host))) return true;
  const dns = asMap(pod.dnsConfig) ?? {};
  if (asList(dns.searches).length > 0 || asList(dns.nameservers).length > 0) return true;
  const [first = '', second = ''] = host.split('.');
  const isOwn = first === resource.name || first === pod.hostname || first.replace(/-\d+$/, '') === resource.name;
  if (isOwn && (second === '' || second === pod.subdomain || resource.kind === 'StatefulSet')) return true;
  // `db-0.db`: a pod of a headless Service here.
  const headless = namesakesOf(cluster, { group: '', kind: 'Service', name: second, scope: resource.scope });
  if (second !== '' && headless.some(isHeadless)) return true;
  if (meshHosts(cluster).has(host) || cluster.get('', 'Node', '', host) !== undefined) return true;
  // The name of a pod is one that the members of a store go by among themselves.
  const set = /^(.+)-\d+$/.exec(first)?.[1];
  return set !== undefined && second === '' && cluster.get('apps', 'StatefulSet', resource.scope, set) !== undefined;
}

/** The hosts that a service mesh adds (https://istio.io/latest/docs/reference/config/networking/service-entry/). */
const meshHosts = derived(
  (cluster): ReadonlySet<unknown> =>
    new Set(
      cluster
        .list('networking.istio.io', 'ServiceEntry')
        .flatMap(({ object }) => asList(valueAt(object, ['spec', 'hosts']))),
    ),
);
