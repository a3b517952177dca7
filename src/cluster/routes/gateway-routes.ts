import { compareScopes, isUnsetScope, type Path, type Resource } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { matches, namespaceLabels } from '../label-facts.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';
import { type Backend, hostOf, type Route, type RouteClass, type RouteMatch, type RouteTls } from './routes.ts';

const GROUP = 'gateway.networking.k8s.io';

/** The kinds of routes, and the listeners that take them. */
const KINDS = [
  { kind: 'HTTPRoute', protocol: 'http', listeners: ['HTTP', 'HTTPS'] },
  { kind: 'GRPCRoute', protocol: 'http', listeners: ['HTTP', 'HTTPS'] },
  { kind: 'TLSRoute', protocol: 'tls', listeners: ['TLS'] },
  { kind: 'TCPRoute', protocol: 'tcp', listeners: ['TCP', 'TLS'] },
] as const;
type Kind = (typeof KINDS)[number];

/** Every route of the Gateway API, attached to the listeners of its Gateways (https://gateway-api.sigs.k8s.io/reference/spec/). */
export function gatewayRoutes(cluster: Cluster): Route[] {
  return KINDS.flatMap((kind) =>
    cluster.list(GROUP, kind.kind).flatMap((resource) => routesOfResource(cluster, resource, kind)),
  );
}

function routesOfResource(cluster: Cluster, resource: Resource, kind: Kind): Route[] {
  const spec = asMap(valueAt(resource.object, ['spec'])) ?? {};
  const hostnames = asList(spec.hostnames);
  const unclear = hostnames.some((host) => typeof host !== 'string' || isUnknown(host));
  const own = hostnames.flatMap((host) => hostOf(host) ?? []);
  const attached = asList(spec.parentRefs).map((parent) => attach(cluster, resource, asMap(parent) ?? {}));
  const known = attached.every(({ listeners }) => listeners !== undefined);
  const listeners = attached
    .flatMap((one) => one.listeners ?? [])
    .filter(({ protocol, hostname }) => takes(kind, protocol) && commonHosts(own, hostname).length > 0);
  const entryPoints = [...listeners, ...attached.filter((one) => one.listeners === undefined)].map(({ id }) => id);
  const points = entryPoints.filter((point) => point !== undefined && !isUnknown(point)) as string[];
  const hosts = known && listeners.length > 0 ? effectiveHosts(own, listeners) : own.length > 0 ? own : [undefined];
  const shared = {
    resource,
    protocol: kind.protocol,
    hostPath: hostnames.length > 0 ? ['spec', 'hostnames'] : ['spec'],
    classes: attached.map(({ routeClass }) => routeClass),
    entryPoints: points.length < entryPoints.length ? undefined : points.sort(),
    tls: listeners.flatMap(({ tls }) => tls ?? []),
  };
  // An absent list of rules is one that takes everything.
  const rules = Array.isArray(spec.rules) ? spec.rules.map((rule, i) => ({ rule, path: ['spec', 'rules', i] })) : [];
  const all: { rule: unknown; path: Path }[] = spec.rules === undefined ? [{ rule: {}, path: ['spec'] }] : rules;
  return all.map(({ rule, path }) => {
    const { matches, backendRefs } = asMap(rule) ?? {};
    const listed = asList(matches);
    const taken = listed.length === 0 ? [{ conditions: [] }] : listed.map(readMatch);
    const known = !unclear && taken.every((match) => match !== undefined);
    return {
      ...shared,
      path,
      matches: known ? hosts.flatMap((host) => taken.map((match) => ({ ...match, host }) as RouteMatch)) : undefined,
      backends: backendsOfRule(resource, backendRefs, [...path, 'backendRefs']),
    };
  });
}

/** A listener of a Gateway that a route is attached to. */
interface Listener {
  id: string;
  protocol: unknown;
  hostname: string | undefined;
  tls: RouteTls | undefined;
}

interface Attachment {
  routeClass: RouteClass;
  /** What it is attached to, where its listeners aren't known; undefined for what is no Gateway. */
  id: string | undefined;
  /** Undefined where the parent isn't here, or is no Gateway. */
  listeners: readonly Listener[] | undefined;
}

function attach(cluster: Cluster, resource: Resource, parent: Record<string, unknown>): Attachment {
  const { group = GROUP, kind = 'Gateway', name, namespace, sectionName, port } = parent;
  const scope = typeof namespace === 'string' && namespace !== '' ? namespace : resource.scope;
  const where = isUnsetScope(scope) ? '' : scope;
  const nowhere: Attachment = {
    routeClass: { from: 'unknown' },
    id: `${where}/${String(name)}/${String(sectionName ?? port ?? '')}`,
    listeners: undefined,
  };
  // A route of a mesh, or one that another route delegates to.
  if (group !== GROUP || kind !== 'Gateway' || typeof name !== 'string') return { ...nowhere, id: undefined };
  const gateway = cluster.get(GROUP, 'Gateway', scope, name);
  const spec = asMap(valueAt(gateway?.object, ['spec']));
  if (gateway === undefined || spec === undefined) return nowhere;
  const { gatewayClassName } = spec;
  const listeners = asList(spec.listeners).flatMap((item, i): Listener[] => {
    const listener = asMap(item) ?? {};
    if (sectionName !== undefined && listener.name !== sectionName) return [];
    if (port !== undefined && listener.port !== port) return [];
    if (!admits(cluster, gateway, listener.allowedRoutes, resource)) return [];
    const hostname = hostOf(listener.hostname);
    return [
      {
        id: `${where}/${name}/${String(listener.name)}`,
        protocol: listener.protocol,
        hostname,
        tls: listenerTls(gateway, listener.tls, hostname, ['spec', 'listeners', i, 'tls']),
      },
    ];
  });
  const isNamed = typeof gatewayClassName === 'string' && !isUnknown(gatewayClassName);
  return {
    ...nowhere,
    routeClass: isNamed
      ? { from: 'gateway', name: gatewayClassName, resource: gateway, path: ['spec', 'gatewayClassName'] }
      : { from: 'unknown' },
    listeners: asList(spec.listeners).some((item) => isUnknown(asMap(item)?.hostname)) ? undefined : listeners,
  };
}

/** Whether a listener lets a route attach, as far as that is known: those of the Gateway's own namespace unless it says otherwise. */
function admits(cluster: Cluster, gateway: Resource, allowedRoutes: unknown, route: Resource): boolean {
  const { namespaces, kinds } = asMap(allowedRoutes) ?? {};
  const listed = asList(kinds).map((item) => asMap(item)?.kind);
  if (listed.length > 0 && !listed.includes(route.kind)) return false;
  const { from = 'Same', selector } = asMap(namespaces) ?? {};
  if (from === 'Same') return compareScopes(gateway.scope, route.scope) !== 'different';
  if (from === 'Selector') return matches(selector, namespaceLabels(cluster, route.scope)) !== false;
  return from !== 'None';
}

function listenerTls(
  gateway: Resource,
  value: unknown,
  hostname: string | undefined,
  path: Path,
): RouteTls | undefined {
  const tls = asMap(value);
  if (tls === undefined) return undefined;
  const secrets = asList(tls.certificateRefs).flatMap((item, i) => {
    const { group = '', kind = 'Secret', name, namespace } = asMap(item) ?? {};
    if (group !== '' || kind !== 'Secret' || typeof name !== 'string') return [];
    const scope = typeof namespace === 'string' && namespace !== '' ? namespace : gateway.scope;
    return [{ name, scope, path: [...path, 'certificateRefs', i, 'name'] }];
  });
  return {
    resource: gateway,
    path,
    hosts: hostname === undefined ? [] : [hostname],
    secrets,
    passthrough: tls.mode === 'Passthrough',
  };
}

/** Listeners of a protocol that an implementation brings itself may take anything. */
function takes(kind: Kind, protocol: unknown): boolean {
  const known = KINDS.some(({ listeners }) => listeners.some((one) => one === protocol));
  return !known || kind.listeners.some((one) => one === protocol);
}

/** The hosts that a route's names and its listeners' have in common. */
function effectiveHosts(names: readonly string[], listeners: readonly Listener[]): (string | undefined)[] {
  return [...new Set(listeners.flatMap(({ hostname }) => commonHosts(names, hostname)))];
}

/** The hosts that names and a listener have in common; undefined stands for every host. */
function commonHosts(names: readonly string[], hostname: string | undefined): (string | undefined)[] {
  if (names.length === 0) return [hostname];
  return names.flatMap((name) => (hostname === undefined ? name : (commonHost(name, hostname) ?? [])));
}

/** The narrower of two names, of which one may hold the other: a wildcard stands for any number of labels. */
function commonHost(a: string, b: string): string | undefined {
  const holds = (wide: string, narrow: string) =>
    wide === narrow || (wide.startsWith('*.') && narrow.length > wide.length - 1 && narrow.endsWith(wide.slice(1)));
  if (holds(b, a)) return a;
  return holds(a, b) ? b : undefined;
}

/** What a match of a rule asks for, undefined where it holds placeholders. */
function readMatch(item: unknown): Omit<RouteMatch, 'host'> | undefined {
  const match = asMap(item) ?? {};
  const { path, ...others } = match;
  const { type = 'PathPrefix', value = '/' } = asMap(path) ?? {};
  if (typeof value !== 'string' || isUnknown(value) || isUnknown(type)) return undefined;
  const conditions = Object.entries(others)
    .filter(([, condition]) => condition !== undefined && condition !== null)
    .map(([key, condition]) => `${key} ${JSON.stringify(condition)}`)
    .sort();
  if (path === undefined) return { conditions };
  if (type === 'PathPrefix') return { path: { type: 'Prefix', value: value.replace(/(?<=.)\/$/, '') }, conditions };
  if (type === 'Exact' || type === 'RegularExpression') return { path: { type, value }, conditions };
  return undefined;
}

function backendsOfRule(resource: Resource, refs: unknown, at: Path): Backend[] {
  return asList(refs).flatMap((item, i) => backendOfRef(resource, item, [...at, i]));
}

/** What the rules of a route copy their requests to (`requestMirror`). */
export function mirrorsOf(resource: Resource): Backend[] {
  return asList(valueAt(resource.object, ['spec', 'rules'])).flatMap((rule, i) =>
    asList(asMap(rule)?.filters).flatMap((filter, j) => {
      const path = ['spec', 'rules', i, 'filters', j, 'requestMirror', 'backendRef'];
      return backendOfRef(resource, asMap(asMap(filter)?.requestMirror)?.backendRef, path);
    }),
  );
}

function backendOfRef(resource: Resource, item: unknown, path: Path): Backend[] {
  const { group = '', kind = 'Service', name, namespace, port } = asMap(item) ?? {};
  if (typeof name !== 'string' || typeof kind !== 'string' || typeof group !== 'string') return [];
  const known = typeof port === 'number';
  return [
    {
      group,
      kind,
      name,
      scope: typeof namespace === 'string' && namespace !== '' ? namespace : resource.scope,
      port: known ? port : undefined,
      path,
      portPath: known ? [...path, 'port'] : path,
    },
  ];
}
