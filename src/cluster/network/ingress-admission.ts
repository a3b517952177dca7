import { isUnsetScope, type Resource } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { controllersIn, controllersOf, productOf, type Serving } from '../routes/controllers.ts';
import type { Route } from '../routes/routes.ts';
import { asMap, valueAt, type Workload } from '../workloads.ts';
import {
  admitsPeer,
  admitsPort,
  isOnHost,
  isolationOf,
  judge,
  namesTunnel,
  type Policy,
  type Protocol,
  type Refusal,
} from './network.ts';
import { isPlatformNamespace, podMaker } from './pod-makers.ts';
import { NAME_LABEL, podsOfNamespace, requiredValues } from './policies-selections.ts';

/** A port of pods that requests are to be brought to. */
export interface Destination {
  readonly server: Workload;
  readonly port: number;
  readonly protocol: Protocol;
}

/** Pods that admit nobody who could be the ingress controller. */
export interface Unadmitted {
  /** The controller that would bring the requests; undefined where none runs in this environment. */
  readonly controller: Workload | undefined;
  /** Every policy that surely isolates the pods, the nearest miss first. */
  readonly refusals: readonly [Refusal, ...Refusal[]];
}

/**
 * Whether the policies of pods surely refuse everyone who could be the controller of a route: the controllers of the environment
 * that take it, and, unless one of them surely does, pods that no manifest shows. Undefined where somebody may be admitted, where
 * nothing isolates the pods, and on the host's network.
 */
export function unadmittedBy(cluster: Cluster, route: Route, destination: Destination): Unadmitted | undefined {
  const { server } = destination;
  const { surely } = isolationOf(cluster, server, 'ingress');
  if (surely.length === 0 || isOnHost(server)) return undefined;
  const takers = controllersOf(cluster, route) ?? [];
  const sides = takers.map((taker) => sideOf(cluster, taker, destination));
  if (sides.includes(undefined)) return undefined;
  const index = takers.findIndex(({ certain }) => certain);
  const [first, ...others] = index === -1 ? nearestMisses(surely, destination) : (sides[index] ?? []);
  if (first === undefined) return undefined;
  if (index === -1 && mayAdmitStranger(cluster, route, destination)) return undefined;
  return { controller: takers[index]?.workload, refusals: [first, ...others] };
}

/** What refuses a controller, undefined where it may be admitted. */
function sideOf(cluster: Cluster, { workload }: Serving, destination: Destination): readonly Refusal[] | undefined {
  const { verdict, ingress } = judge(cluster, { ...destination, client: workload });
  return verdict === 'denied' && ingress.verdict === 'denied' ? ingress.refusals : undefined;
}

/** What a policy's nearest rule lacks for whoever brings requests. */
function nearestMiss({ resource, sides }: Policy, destination: Destination): Refusal {
  const rules = sides.get('ingress') ?? [];
  const near = rules.find(({ ports }) => admitsPort(ports, destination) !== false);
  const rule = near ?? rules[0];
  if (rule === undefined) return { policy: resource, path: resource.object.spec ? ['spec'] : [], lacks: 'rules' };
  return { policy: resource, path: rule.path, lacks: near ? 'peer' : 'both' };
}

const NEARNESS: readonly Refusal['lacks'][] = ['peer', 'both', 'rules'];

function nearestMisses(policies: readonly Policy[], destination: Destination): Refusal[] {
  return policies
    .map((policy) => nearestMiss(policy, destination))
    .sort((a, b) => NEARNESS.indexOf(a.lacks) - NEARNESS.indexOf(b.lacks));
}

/** Whether pods may admit a controller that no manifest shows. */
function mayAdmitStranger(cluster: Cluster, route: Route, destination: Destination): boolean {
  // The policies of a namespace that others fill, too, may be theirs.
  if (namesTunnel(cluster) || !cluster.closes(destination.server.resource.scope)) return true;
  const { surely, perhaps } = isolationOf(cluster, destination.server, 'ingress');
  return [...surely, ...perhaps].some(
    (policy) =>
      policy.doubtful ||
      (policy.sides.get('ingress') ?? []).some(({ peers, ports }) => {
        if (admitsPort(ports, destination) === false) return false;
        if (!Array.isArray(peers) || peers.length === 0) return true;
        return peers.some((peer: unknown) => mayHoldStranger(cluster, route, policy.resource as Resource, peer));
      }),
  );
}

/** Addresses may be those of a node, a load balancer or a pod; a namespace that isn't wholly shown may hold the controller. */
function mayHoldStranger(cluster: Cluster, route: Route, { scope }: Resource, peer: unknown): boolean {
  const { podSelector, namespaceSelector, ipBlock } = asMap(peer) ?? {};
  if (ipBlock !== undefined || (podSelector === undefined && namespaceSelector === undefined)) return true;
  const scopes = namespaceSelector === undefined ? [scope] : requiredValues(namespaceSelector, NAME_LABEL);
  if (scopes === undefined) return true;
  if (scopes.some((one) => mayHide(cluster, route, one))) return true;
  return controllersIn(cluster).some(({ workload }) => admitsPeer(cluster, scope, [peer], workload) !== false);
}

/** Whether a controller may run in a namespace unseen. */
function mayHide(cluster: Cluster, { entryPoints, resource }: Route, scope: string): boolean {
  if (!cluster.closes(scope) || isPlatformNamespace(scope) || podMaker(cluster, scope) !== undefined) return true;
  if (podsOfNamespace(cluster, scope).length === 0) return true;
  // Controllers of Gateways start proxies of their own beside them.
  if (resource.group !== 'gateway.networking.k8s.io') return false;
  const prefix = `${isUnsetScope(scope) ? '' : scope}/`;
  return entryPoints === undefined || entryPoints.some((point) => point.startsWith(prefix));
}

/**
 * Whether a route's requests come from a load balancer outside the cluster by way of the nodes: policies can't tell them from what
 * the kubelet sends.
 */
export function comesByNodes(cluster: Cluster, route: Route, service: Resource): boolean {
  const type = valueAt(service.object, ['spec', 'type']);
  if (type !== 'NodePort' && type !== 'LoadBalancer') return false;
  return route.classes.some((routeClass) => productOf(cluster, routeClass) === 'cloud');
}
