import type { Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { type Backend, type Route, routesOf, traefikServiceBackends } from '../routes/routes.ts';
import { asList, asMap, valueAt, type Workload } from '../workloads.ts';
import { comesByNodes, type Unadmitted, unadmittedBy } from './ingress-admission.ts';
import { backendsOf, podPort, portsOfService } from './services.ts';

/** Pods that refuse who could bring them a route's requests. */
interface Refused {
  server: Workload;
  port: number;
  protocol: string;
  unadmitted: Unadmitted;
}

/** A backend behind which all pods do. */
export interface Blocked extends Refused {
  route: Route;
  backend: Backend;
  service: Resource;
  /** Whose requests to which Services they refuse alike, those of `route` first. */
  leading: { route: Route; service: Resource; port: number | string }[];
}

/** Every backend all of whose pods surely refuse whoever brings a route's requests, once for each policy and pods. */
export const blockedRoutes = derived((cluster): readonly Blocked[] => {
  const found = new Map<string, Blocked>();
  for (const route of routesOf(cluster)) {
    if (route.resource.hooks.length > 0 || contested(cluster, route.resource) || !comesFromOutside(route)) continue;
    for (const backend of route.backends) {
      if (valueAt(route.resource.object, [...backend.path, 'nodePortLB']) === true) continue;
      for (const { service, port: wanted } of servicesOf(cluster, backend)) {
        const blocked = comesByNodes(cluster, route, service)
          ? undefined
          : judgeService(cluster, route, service, wanted);
        if (blocked === undefined) continue;
        const same = found.get(idOf(route, blocked));
        if (same) same.leading.push({ route, service, port: wanted });
        else
          found.set(idOf(route, blocked), {
            route,
            backend,
            service,
            leading: [{ route, service, port: wanted }],
            ...blocked,
          });
      }
    }
  }
  return [...found.values()];
});

/** What is edited once: a policy for the port of some pods, or, where the policy is there already, the route to them. */
function idOf({ resource }: Route, { server, port, protocol, unadmitted }: Refused): string {
  const { controller, refusals } = unadmitted;
  const { policy, path } = refusals[0];
  const parts = [server.resource, policy as Resource, controller?.resource, policy.existing ? resource : undefined];
  return JSON.stringify([parts.map((part) => part && identityOf(part)), path, port, protocol]);
}

function identityOf({ group, kind, scope, name }: Resource): string[] {
  return [group, kind, scope, name];
}

/** Routes of a mesh take the requests of pods. */
function comesFromOutside({ resource }: Route): boolean {
  const parents = valueAt(resource.object, ['spec', 'parentRefs']);
  return parents === undefined || asList(parents).some((parent) => (asMap(parent)?.kind ?? 'Gateway') === 'Gateway');
}

/** The Services behind a backend, one TraefikService deep. */
export function servicesOf(cluster: Cluster, backend: Backend): { service: Resource; port: number | string }[] {
  const shared =
    backend.kind === 'TraefikService'
      ? cluster.get(backend.group, backend.kind, backend.scope, backend.name)
      : undefined;
  const backends = shared ? traefikServiceBackends(shared) : [backend];
  return backends.flatMap(({ group, kind, scope, name, port }) => {
    const service = group === '' && kind === 'Service' ? cluster.get('', kind, scope, name) : undefined;
    return service && port !== undefined && !contested(cluster, service) ? [{ service, port }] : [];
  });
}

/** What refuses the controller at every pod behind a Service's port; undefined where one may admit it, or that can't be known. */
function judgeService(cluster: Cluster, route: Route, service: Resource, wanted: number | string): Refused | undefined {
  const { workloads, certain } = backendsOf(cluster, service);
  if (!certain) return undefined;
  const names = asList(valueAt(service.object, ['spec', 'ports']));
  const entry = portsOfService(service).find(
    ({ port, path }) => port === wanted || asMap(names[Number(path[2])])?.name === wanted,
  );
  if (entry === undefined) return undefined;
  let first: Refused | undefined;
  for (const server of workloads) {
    const port = podPort(server, entry);
    if (port === undefined) continue;
    if (port === 'unknown') return undefined;
    const { protocol } = entry;
    const unadmitted = unadmittedBy(cluster, route, { server, port, protocol });
    if (unadmitted === undefined) return undefined;
    first ??= { server, port, protocol, unadmitted };
  }
  return first;
}
