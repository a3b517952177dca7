import type { IIngressRoute } from '@kubernetes-models/traefik/traefik.io/v1alpha1/IngressRoute';
import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { specOf } from '../models.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';
import { gatewayRoutes, mirrorsOf } from './gateway-routes.ts';
import { parseRule } from './traefik-rule.ts';

/** What requests a route takes: one host, one path, and what else they must meet. */
export interface RouteMatch {
  /**
   * Lower case. `*.example.com` holds one label for Ingress and Traefik, any number for the Gateway API. Undefined where it takes
   * every host, or where `conditions` tell which.
   */
  host?: string | undefined;
  /**
   * Undefined where it takes every path. `Prefix` compares whole elements (`/a` holds `/a/b`, not `/ab`), `TextPrefix` (Traefik)
   * characters; what `ImplementationSpecific` means, each controller decides.
   */
  path?: { type: PathType; value: string } | undefined;
  /** Methods, headers, patterns …, in the order of the alphabet: of two equal lists, the conditions are equal. */
  conditions: readonly string[];
}

export type PathType = 'Exact' | 'Prefix' | 'TextPrefix' | 'RegularExpression' | 'ImplementationSpecific';

/** Which class of controller a route asks for, and where it says so. */
export interface RouteClass {
  /**
   * `field`: the name of an IngressClass (of an IngressRoute: what Traefik's `ingressClass` must equal); `annotation`: what the
   * controller's own class must equal; `default`: the IngressClass that the API server fills in; `gateway`: the name of a
   * GatewayClass. `none`: nothing is asked for, and no default is there. `unknown`: a placeholder, a Gateway that isn't here, or a
   * cluster whose IngressClasses aren't known.
   */
  readonly from: 'field' | 'annotation' | 'default' | 'gateway' | 'none' | 'unknown';
  /** Absent for `none` and `unknown`. */
  readonly name?: string;
  /** The route's own resource, or the Gateway; the path of the name, or of its placeholder, there. Absent where none is written. */
  readonly resource?: Resource;
  readonly path?: Path;
}

/** Where a route sends requests. `name` may be a placeholder. */
export interface Backend {
  readonly group: string;
  /** `Service`, `TraefikService` … */
  readonly kind: string;
  readonly name: string;
  /** The scope in which the name is looked up. */
  readonly scope: string;
  /** A number, the name of a Service's port, or undefined where none is given. */
  readonly port: number | string | undefined;
  /** The paths of the backend and of its port (where none is given, of the backend) in the route's resource. */
  readonly path: Path;
  readonly portPath: Path;
}

/** A TLS Secret that a route's controller is told to load. */
export interface RouteSecret {
  readonly name: string;
  readonly scope: string;
  /** Of the name, in the resource of its `RouteTls`. */
  readonly path: Path;
}

/** A block that says how a route's connections are encrypted. */
export interface RouteTls {
  /** The route's own resource, or the Gateway. */
  readonly resource: Resource;
  /** The path of the block: `spec.tls[0]` of an Ingress, `spec.tls` of an IngressRoute, `tls` of a Gateway's listener. */
  readonly path: Path;
  /** The hosts that it names, in lower case; empty where it names none (then it holds for all). */
  readonly hosts: readonly string[];
  readonly secrets: readonly RouteSecret[];
  /** The certificates resolver of Traefik that orders the certificate. */
  readonly resolver?: string;
  /** The backend decrypts. */
  readonly passthrough: boolean;
}

/** One entry of an Ingress, IngressRoute, HTTPRoute …, rendered or existing. */
export interface Route {
  readonly resource: Resource;
  /** `spec.rules[0].http.paths[0]`, `spec.defaultBackend`, `spec.routes[0]`, `spec.rules[0]` … */
  readonly path: Path;
  readonly protocol: 'http' | 'tls' | 'tcp' | 'udp';
  /** One of them must hold. Undefined where the rule can't be read. */
  readonly matches: readonly RouteMatch[] | undefined;
  /** What tells where its `host` is written: `spec.rules[0].host`, `spec.routes[0].match`, `spec.hostnames` … */
  readonly hostPath: Path;
  /** Several where it is attached to several Gateways. */
  readonly classes: readonly RouteClass[];
  /**
   * Traefik's entry points, in the order of the alphabet: empty for all. Of the Gateway API, `namespace/gateway/listener` (of a
   * Gateway that isn't here, the listener as the route names it, or nothing): empty where no listener takes it. Undefined where
   * they hold placeholders, or where the route's parent is no Gateway.
   */
  readonly entryPoints: readonly string[] | undefined;
  readonly backends: readonly Backend[];
  /** Every block of its resource, or of the listeners that it is attached to. */
  readonly tls: readonly RouteTls[];
}

/**
 * Every route of Ingress, Traefik's IngressRoute, IngressRouteTCP and IngressRouteUDP, and the Gateway API's HTTPRoute, GRPCRoute,
 * TLSRoute and TCPRoute, in the order of the manifests within each kind.
 */
export const routesOf = derived((cluster): readonly Route[] => [
  ...cluster.list('networking.k8s.io', 'Ingress').flatMap((resource) => ingressRoutes(cluster, resource)),
  ...(['IngressRoute', 'IngressRouteTCP', 'IngressRouteUDP'] as const).flatMap((kind) =>
    ['traefik.io', 'traefik.containo.us'].flatMap((group) =>
      cluster.list(group, kind).flatMap((resource) => traefikRoutes(resource, kind)),
    ),
  ),
  ...gatewayRoutes(cluster),
]);

/** A backend, and the object that names it. */
export interface NamedBackend {
  readonly resource: Resource;
  readonly backend: Backend;
}

/** Every backend that routes name, their mirrors and the TraefikServices that they may lead to included. */
export const namedBackends = derived((cluster): readonly NamedBackend[] => {
  const named = (resource: Resource, backends: readonly Backend[]) =>
    backends.map((backend) => ({ resource, backend }));
  return [
    ...routesOf(cluster).flatMap(({ resource, backends }) => named(resource, backends)),
    ...['HTTPRoute', 'GRPCRoute'].flatMap((kind) =>
      cluster.list('gateway.networking.k8s.io', kind).flatMap((resource) => named(resource, mirrorsOf(resource))),
    ),
    ...['traefik.io', 'traefik.containo.us'].flatMap((group) =>
      cluster.list(group, 'TraefikService').flatMap((resource) => named(resource, traefikServiceBackends(resource))),
    ),
  ];
});

/** What a TraefikService shares its requests among. */
export function traefikServiceBackends(resource: Resource): Backend[] {
  const { weighted, mirroring, highestRandomWeight } = specOf<{ spec: Record<string, unknown> }>(resource);
  const lists = [
    [asMap(weighted)?.services, ['spec', 'weighted', 'services']],
    [asMap(highestRandomWeight)?.services, ['spec', 'highestRandomWeight', 'services']],
    [asMap(mirroring)?.mirrors, ['spec', 'mirroring', 'mirrors']],
  ] as const;
  const main = mirroring === undefined ? [] : traefikBackend(resource, mirroring, ['spec', 'mirroring']);
  return [...main, ...lists.flatMap(([services, path]) => traefikBackends(resource, services, path))];
}

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';

/** https://kubernetes.io/docs/concepts/services-networking/ingress/ */
function ingressRoutes(cluster: Cluster, resource: Resource): Route[] {
  const spec = asMap(valueAt(resource.object, ['spec'])) ?? {};
  const entryPoints = annotationOf(resource, 'traefik.ingress.kubernetes.io/router.entrypoints');
  const shared = {
    resource,
    protocol: 'http' as const,
    classes: [classOfIngress(cluster, resource)],
    entryPoints: typeof entryPoints === 'string' ? listed(entryPoints) : [],
    tls: ingressTls(resource),
  };
  const fallback = backendOfIngress(resource, spec.defaultBackend, ['spec', 'defaultBackend']);
  const routes: Route[] = fallback.map((backend) => ({
    ...shared,
    path: backend.path,
    hostPath: backend.path,
    matches: [{ conditions: [] }],
    backends: fallback,
  }));
  for (const [i, item] of asList(spec.rules).entries()) {
    const rule = asMap(item) ?? {};
    const at = ['spec', 'rules', i];
    const host = hostOf(rule.host);
    const unclear = isUnclearHost(rule.host);
    const hostPath = rule.host === undefined ? at : [...at, 'host'];
    const paths = asList(asMap(rule.http)?.paths);
    if (paths.length === 0) {
      const matches = unclear ? undefined : [{ host, conditions: [] }];
      routes.push({ ...shared, path: at, hostPath, matches, backends: fallback });
    }
    for (const [j, entry] of paths.entries()) {
      const { path, pathType, backend } = asMap(entry) ?? {};
      const own = [...at, 'http', 'paths', j];
      const taken = ingressPath(path, pathType);
      routes.push({
        ...shared,
        path: own,
        hostPath,
        matches: unclear || taken === 'unknown' ? undefined : [{ host, path: taken, conditions: [] }],
        backends: backendOfIngress(resource, backend, [...own, 'backend']),
      });
    }
  }
  return routes;
}

function ingressPath(path: unknown, type: unknown): RouteMatch['path'] | 'unknown' {
  if (isUnknown(path) || isUnknown(type) || (path !== undefined && typeof path !== 'string')) return 'unknown';
  const value = path === undefined || path === '' ? '/' : path;
  if (type === 'Exact') return { type, value };
  if (type === 'Prefix') return { type, value: value.replace(/(?<=.)\/$/, '') };
  return { type: 'ImplementationSpecific', value };
}

function backendOfIngress(resource: Resource, item: unknown, path: Path): Backend[] {
  const backend = asMap(item);
  const service = asMap(backend?.service);
  const { scope } = resource;
  if (service && typeof service.name === 'string') {
    const { number, name } = asMap(service.port) ?? {};
    const at = [...path, 'service', 'port'];
    const port = typeof number === 'number' ? number : typeof name === 'string' ? name : undefined;
    const portPath = port === undefined ? [...path, 'service'] : [...at, port === number ? 'number' : 'name'];
    return [{ group: '', kind: 'Service', name: service.name, scope, port, path, portPath }];
  }
  const { apiGroup, kind, name } = asMap(backend?.resource) ?? {};
  if (typeof kind !== 'string' || typeof name !== 'string') return [];
  const group = typeof apiGroup === 'string' ? apiGroup : '';
  return [{ group, kind, name, scope, port: undefined, path, portPath: path }];
}

function ingressTls(resource: Resource): RouteTls[] {
  return asList(valueAt(resource.object, ['spec', 'tls'])).map((item, i) => {
    const block = asMap(item) ?? {};
    const path = ['spec', 'tls', i];
    return {
      resource,
      path,
      hosts: asList(block.hosts).flatMap((host) => hostOf(host) ?? []),
      secrets: secretsOf(block.secretName, resource.scope, [...path, 'secretName']),
      passthrough: false,
    };
  });
}

function secretsOf(name: unknown, scope: string, path: Path): RouteSecret[] {
  return typeof name === 'string' && name !== '' ? [{ name, scope, path }] : [];
}

/** The class of an Ingress, as the API server's admission (DefaultIngressClass) leaves it. */
export function classOfIngress(cluster: Cluster, resource: Resource): RouteClass {
  const written = classWritten(resource);
  if (written) return written;
  const classes = cluster.list('networking.k8s.io', 'IngressClass');
  const defaults = classes.filter((found) => annotationOf(found, DEFAULT_ANNOTATION) === 'true');
  const [first, ...others] = defaults;
  // Of several, the newest is taken.
  if (first) return others.length === 0 ? { from: 'default', name: first.name } : { from: 'unknown' };
  return { from: cluster.knows('networking.k8s.io', 'IngressClass') ? 'none' : 'unknown' };
}

/** The class that an Ingress or IngressRoute names; the field comes first, for the API server and for the controllers. */
function classWritten(resource: Resource): RouteClass | undefined {
  const field = valueAt(resource.object, ['spec', 'ingressClassName']);
  const annotation = annotationOf(resource, CLASS_ANNOTATION);
  const path = ['spec', 'ingressClassName'];
  if (typeof field === 'string' && field !== '')
    return isUnknown(field) ? { from: 'unknown', resource, path } : { from: 'field', name: field, resource, path };
  const annotated = ['metadata', 'annotations', CLASS_ANNOTATION];
  if (isUnknown(annotation)) return { from: 'unknown', resource, path: annotated };
  if (typeof annotation === 'string' && annotation !== '')
    return { from: 'annotation', name: annotation, resource, path: annotated };
  return undefined;
}

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/ */
function traefikRoutes(resource: Resource, kind: 'IngressRoute' | 'IngressRouteTCP' | 'IngressRouteUDP'): Route[] {
  const { entryPoints, routes, tls } = specOf<IIngressRoute>(resource);
  const points = asList(entryPoints);
  const shared = {
    resource,
    protocol:
      kind === 'IngressRoute' ? ('http' as const) : kind === 'IngressRouteTCP' ? ('tcp' as const) : ('udp' as const),
    classes: [classWritten(resource) ?? { from: 'none' as const }],
    entryPoints: points.some(isUnknown) ? undefined : points.filter((point) => typeof point === 'string').sort(),
    tls: traefikTls(resource, tls),
  };
  return asList(routes).map((item, i) => {
    const route = asMap(item) ?? {};
    const path = ['spec', 'routes', i];
    return {
      ...shared,
      path,
      hostPath: route.match === undefined ? path : [...path, 'match'],
      matches: kind === 'IngressRouteUDP' ? [{ conditions: [] }] : parseRule(route.match),
      backends: traefikBackends(resource, route.services, [...path, 'services']),
    };
  });
}

function traefikBackends(resource: Resource, services: unknown, at: Path): Backend[] {
  return asList(services).flatMap((item, i) => traefikBackend(resource, item, [...at, i]));
}

/** A service that a resource of Traefik names. `name@provider` is no object of the cluster. */
function traefikBackend(resource: Resource, item: unknown, path: Path): Backend[] {
  const { name, kind = 'Service', namespace, port } = asMap(item) ?? {};
  if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('@')) return [];
  const known = typeof port === 'number' || (typeof port === 'string' && port !== '');
  return [
    {
      group: kind === 'Service' ? '' : resource.group,
      kind,
      name,
      scope: typeof namespace === 'string' && namespace !== '' ? namespace : resource.scope,
      port: known ? port : undefined,
      path,
      portPath: known ? [...path, 'port'] : path,
    },
  ];
}

function traefikTls(resource: Resource, value: unknown): RouteTls[] {
  const tls = asMap(value);
  if (tls === undefined) return [];
  const { secretName, certResolver, passthrough, domains } = tls;
  const path = ['spec', 'tls'];
  const hosts = asList(domains).flatMap((item) => [asMap(item)?.main, ...asList(asMap(item)?.sans)]);
  return [
    {
      resource,
      path,
      hosts: hosts.flatMap((host) => hostOf(host) ?? []),
      secrets: secretsOf(secretName, resource.scope, [...path, 'secretName']),
      ...(typeof certResolver === 'string' && certResolver !== '' ? { resolver: certResolver } : {}),
      passthrough: passthrough === true,
    },
  ];
}

function annotationOf(resource: Resource, key: string): unknown {
  const annotations = asMap(valueAt(resource.object, ['metadata', 'annotations']));
  return annotations && Object.hasOwn(annotations, key) ? annotations[key] : undefined;
}

function listed(text: string): string[] | undefined {
  if (isUnknown(text)) return undefined;
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .sort();
}

/** A host as routes compare it, undefined where there is none, or it isn't known. */
export function hostOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value === '*' || isUnknown(value)) return undefined;
  return value.toLowerCase().replace(/\.$/, '');
}

function isUnclearHost(value: unknown): boolean {
  return isUnknown(value) || (value !== undefined && value !== null && typeof value !== 'string');
}
