import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { backendsOf } from '../network/services.ts';
import {
  judgeNode,
  type NodeFacts,
  type NodeTaint,
  nodesOf,
  podNeeds,
  type Rejection,
} from '../scheduling/scheduling.ts';
import { scalingOf } from '../workload/autoscalers.ts';
import { asList, asMap, valueAt, type Workload } from '../workloads.ts';

/** Pods that take HTTP or HTTPS on addresses of their Nodes, without a load balancer. */
export interface HostListener {
  workload: Workload;
  /** Of 80 and 443. */
  ports: readonly number[];
  /** The Nodes that may run its pods. */
  nodes: ReadonlySet<NodeFacts>;
  /** Each of those Nodes runs one, or nobody knows that one doesn't. */
  everywhere: boolean;
  /** Why the others never do. */
  refusals: ReadonlyMap<NodeFacts, NodeRefusal>;
}

export interface NodeRefusal {
  /** What ties the pods to other Nodes: `nodeSelector`, `affinity`, `nodeName`; the pod spec, which lacks a toleration. */
  path: Path;
  taint?: NodeTaint;
}

const WEB_PORTS: readonly number[] = [80, 443];

/**
 * Where a workload's pods listen on the ports of their Node (hostNetwork or hostPort), by what the scheduler would do. Undefined
 * where they don't, where a Service of type LoadBalancer or with external addresses leads to them as well, and where that can't be known.
 */
export function hostListenerOf(cluster: Cluster, workload: Workload): HostListener | undefined {
  const known = listeners(cluster);
  if (!known.has(workload)) known.set(workload, readListener(cluster, workload));
  return known.get(workload);
}

const listeners = derived(() => new Map<Workload, HostListener | undefined>());

function readListener(cluster: Cluster, workload: Workload): HostListener | undefined {
  const nodes = nodesOf(cluster);
  const ports = webPortsOf(cluster, workload);
  const needs = podNeeds(workload, cluster);
  if (nodes === undefined || needs === undefined || ports.length === 0 || isLedTo(cluster, workload)) return undefined;
  const isDaemon = workload.resource.kind === 'DaemonSet';
  const refusals = new Map<NodeFacts, NodeRefusal>();
  for (const node of nodes) {
    if (needs.nodeName !== undefined) {
      if (node.name !== needs.nodeName) refusals.set(node, { path: [...workload.path, 'nodeName'] });
      continue;
    }
    const { rejections } = judgeNode(node, needs, nodes, cluster.kubernetesVersion);
    // The DaemonSet controller tolerates cordons.
    const [first] = rejections.filter(({ filter }) => !(isDaemon && filter === 'NodeUnschedulable'));
    if (first) refusals.set(node, refusalOf(workload, node, first));
  }
  const fitting = nodes.filter((node) => !refusals.has(node));
  const { minimum } = scalingOf(cluster, workload);
  return {
    workload,
    ports,
    nodes: new Set(fitting),
    // Two pods with one host port never share a Node. At 0 replicas, nothing is meant to answer.
    everywhere: isDaemon || minimum === undefined || minimum === 0 || minimum >= fitting.length,
    refusals,
  };
}

function refusalOf({ pod, path }: Workload, { labels }: NodeFacts, { filter, taint }: Rejection): NodeRefusal {
  if (filter !== 'NodeAffinity') return { path, ...(taint ? { taint } : {}) };
  const selector = Object.entries(asMap(pod.nodeSelector) ?? {});
  const bySelector = selector.some(([key, value]) => labels[key] !== value);
  return { path: [...path, bySelector ? 'nodeSelector' : 'affinity'] };
}

/** The web ports that a workload's pods take on their Node; both where it uses the host's network and says no port. */
function webPortsOf(cluster: Cluster, workload: Workload): readonly number[] {
  const { pod, resource } = workload;
  if (resource.hooks.length > 0 || resource.kind === 'PodTemplate') return [];
  const asks = (container: unknown) => asList(asMap(container)?.ports).some((port) => asMap(port)?.hostPort);
  if (pod.hostNetwork !== true && !pod.containers.some(asks)) return [];
  const declared = podNeeds(workload, cluster)?.hostPorts ?? [];
  if (pod.hostNetwork === true && declared.length === 0) return WEB_PORTS;
  return WEB_PORTS.filter((port) => declared.some((one) => one.port === port));
}

/** Everything that takes a web port of the Node that it runs on. */
export const webListeners = derived((cluster): readonly Workload[] =>
  cluster.workloads.filter((workload) => webPortsOf(cluster, workload).length > 0),
);

/** Whether Nodes that run none of its pods take its traffic, too: klipper-lb, kube-proxy for external addresses. */
function isLedTo(cluster: Cluster, workload: Workload): boolean {
  return openServices(cluster).some((service) => {
    const { workloads, certain } = backendsOf(cluster, service);
    return !certain || workloads.includes(workload);
  });
}

const openServices = derived((cluster): readonly Resource[] =>
  cluster.list('', 'Service').filter(({ object }) => {
    const { type, externalIPs, ports } = asMap(valueAt(object, ['spec'])) ?? {};
    const opened = asList(ports).some((port) => WEB_PORTS.includes(asMap(port)?.nodePort as number));
    return type === 'LoadBalancer' || asList(externalIPs).length > 0 || opened;
  }),
);

/** The Node that has an address, undefined where none has. */
export function nodeAt(cluster: Cluster, address: string): NodeFacts | undefined {
  return nodesByAddress(cluster).get(address);
}

const nodesByAddress = derived((cluster): ReadonlyMap<string, NodeFacts> => {
  const found = new Map<string, NodeFacts>();
  for (const node of nodesOf(cluster) ?? []) {
    for (const item of asList(valueAt(node.resource.object, ['status', 'addresses']))) {
      const address = asMap(item)?.address;
      if (typeof address === 'string') found.set(address.toLowerCase(), node);
    }
  }
  return found;
});
