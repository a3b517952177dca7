import { compareScopes, type Path, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import {
  comesFromTemplates,
  every,
  hasPlainLabels,
  isSetByPrograms,
  type Known,
  matches,
  podLabels,
} from '../label-facts.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, type Workload } from '../workloads.ts';
import { declaredPorts, type Protocol } from './network.ts';
import { isPlatformNamespace, podMaker } from './pod-makers.ts';
import { podsOfNamespace } from './policies-selections.ts';

/** One entry of a Service's `ports`. */
export interface ServicePort {
  port: number;
  protocol: Protocol;
  /** A number, or what the pods' containers call it. */
  targetPort: unknown;
  /** Of what says where it leads: `targetPort`, else `port`. */
  path: Path;
}

/** The pods behind a Service. */
export interface Backends {
  workloads: readonly Workload[];
  /** False where pods of others may be behind it, too: of an unset namespace, or with labels that aren't known. */
  certain: boolean;
}

/**
 * The workloads whose pods a Service selects (kubernetes.io/docs/concepts/services-networking/service). None for a Service
 * without selector, whose endpoints are made by hand, and for ExternalName. Hooks are selected by nothing.
 */
export function backendsOf(cluster: Cluster, service: Resource): Backends {
  const known = backends(cluster);
  const found = known.get(service) ?? findBackends(cluster, service);
  known.set(service, found);
  return found;
}

const backends = derived(() => new Map<Resource, Backends>());

function findBackends(cluster: Cluster, service: Resource): Backends {
  const selector = selectorOf(service);
  if (Object.keys(selector).length === 0) return { workloads: [], certain: true };
  const workloads: Workload[] = [];
  let certain = true;
  for (const workload of podsByLabel(cluster).candidates(selector)) {
    const selected = selects(service, workload);
    if (selected === undefined) certain = false;
    else if (selected) workloads.push(workload);
  }
  return { workloads, certain };
}

function selects(service: Resource, workload: Workload): Known {
  return every([
    sameScope(service.scope, workload.resource.scope),
    matches({ matchLabels: selectorOf(service) }, podLabels(workload)),
  ]);
}

/** What helm makes as hooks and leaves running: it deletes them before it makes them anew (helm.sh/docs/topics/charts_hooks). */
const lastingHooks = derived((cluster) =>
  cluster.workloads.filter(
    ({ resource: { hooks, kind } }) => hooks.length > 0 && /^(?:Deployment|StatefulSet|DaemonSet)$/.test(kind),
  ),
);

function sameScope(a: string, b: string): Known {
  const compared = compareScopes(a, b);
  return compared === 'unknown' ? undefined : compared === 'same';
}

/** Whether a Service has no address of its own: its name resolves to the addresses of its pods. */
export function isHeadless(service: Resource): boolean {
  return asMap(asMap(service.object)?.spec)?.clusterIP === 'None';
}

/** What a Service serves; entries whose number isn't known are left out. */
export function portsOfService(service: Resource): ServicePort[] {
  return asList(asMap(asMap(service.object)?.spec)?.ports).flatMap((entry, i) => {
    const { port, protocol = 'TCP', targetPort } = asMap(entry) ?? {};
    if (typeof port !== 'number' || (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')) return [];
    // The API server defaults a target of 0 or "" to the port, too.
    const isGiven = targetPort !== undefined && targetPort !== null && targetPort !== 0 && targetPort !== '';
    const path = ['spec', 'ports', i, isGiven ? 'targetPort' : 'port'];
    return [{ port, protocol, targetPort: isGiven ? targetPort : port, path }];
  });
}

/**
 * The port of a workload's pods that a Service's port leads to, as its endpoints have it: a name is looked up in each pod, the
 * first container that has it wins, and a pod without it serves nothing there (undefined). `unknown` for a placeholder.
 */
export function podPort(
  workload: Workload,
  { targetPort, protocol }: Pick<ServicePort, 'targetPort' | 'protocol'>,
): number | 'unknown' | undefined {
  if (typeof targetPort === 'number') return targetPort;
  if (isUnknown(targetPort)) return 'unknown';
  const ports = declaredPorts(workload);
  if (ports.some(({ name, containerPort }) => isUnknown(name) || isUnknown(containerPort))) return 'unknown';
  const found = ports.find((port) => port.name === targetPort && (port.protocol ?? 'TCP') === protocol)?.containerPort;
  return typeof found === 'number' ? found : undefined;
}

const podsByLabel = derived((cluster) => new PodsByLabel(cluster.workloads));

/** Pods by each of their labels, so that a selector meets only those that share one with it. */
class PodsByLabel {
  readonly #byLabel = new Map<string, Workload[]>();
  /** Pods whose labels aren't all known. */
  readonly #open: Workload[] = [];
  readonly #all: Workload[] = [];

  constructor(workloads: readonly Workload[]) {
    for (const workload of workloads) {
      if (workload.resource.hooks.length > 0 || workload.resource.kind === 'PodTemplate') continue;
      this.#all.push(workload);
      if (!hasPlainLabels(workload)) this.#open.push(workload);
      else for (const pair of Object.entries(workload.labels)) this.#add(JSON.stringify(pair), workload);
    }
  }

  #add(pair: string, workload: Workload): void {
    const same = this.#byLabel.get(pair);
    if (same) same.push(workload);
    else this.#byLabel.set(pair, [workload]);
  }

  candidates(selector: Record<string, unknown>): readonly Workload[] {
    let fewest: readonly Workload[] | undefined;
    for (const [key, value] of Object.entries(selector)) {
      if (typeof value !== 'string' || isUnknown(key) || isUnknown(value) || !comesFromTemplates(key)) continue;
      const found = this.#byLabel.get(JSON.stringify([key, value])) ?? [];
      if (fewest === undefined || found.length < fewest.length) fewest = found;
    }
    return fewest === undefined ? this.#all : [...fewest, ...this.#open];
  }
}

/** What a Service selects pods by; empty where its endpoints are made by hand, or it is an alias (ExternalName). */
export function selectorOf(service: Resource): Record<string, unknown> {
  const { type, selector } = asMap(asMap(service.object)?.spec) ?? {};
  return type === 'ExternalName' ? {} : (asMap(selector) ?? {});
}

/**
 * Whether a Service's selector surely matches no pod, although its namespace is one whose pods are rendered. Pods that nobody shows
 * (those of operators, of other manifests that don't render) may be behind it in all other cases.
 */
export function missesAllPods(cluster: Cluster, service: Resource): boolean {
  const { scope } = service;
  const selector = Object.entries(selectorOf(service));
  if (selector.length === 0 || !cluster.complete || contested(cluster, service)) return false;
  const { workloads, certain } = backendsOf(cluster, service);
  if (workloads.length > 0 || !certain || isPlatformNamespace(scope)) return false;
  if (selector.some(([key]) => isUnknown(key) || isSetByPrograms(key))) return false;
  if (lastingHooks(cluster).some((workload) => selects(service, workload) !== false)) return false;
  const isRendered = podsOfNamespace(cluster, scope).some(({ resource }) => !resource.existing);
  return isRendered && podMaker(cluster, scope) === undefined;
}
