import type { Path } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, containersOf, type Workload } from '../workloads.ts';

/** A port of the Node that a pod takes for itself, for as long as it runs. */
export interface HostPort {
  port: number;
  protocol: string;
  /** Empty for all addresses of the Node. */
  hostIP: string;
  /** Of the number: `hostPort`, or the `containerPort` that it is defaulted to under hostNetwork. */
  path: Path;
}

/**
 * The host ports of a workload's pods as the scheduler counts them (GetHostPorts of pkg/scheduler/util): of containers and
 * sidecars; under hostNetwork the API server takes each containerPort for one. Leaves out what isn't a number.
 */
export function hostPortsOf(workload: Workload): HostPort[] {
  const onHost = workload.pod.hostNetwork === true;
  return containersOf(workload).flatMap(({ container, list, path }) => {
    const runs = list === 'containers' || (list === 'initContainers' && container.restartPolicy === 'Always');
    return asList(runs ? container.ports : []).flatMap((item, i) => {
      const { hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' } = asMap(item) ?? {};
      const field = onHost && hostPort === 0 ? 'containerPort' : 'hostPort';
      const port = field === 'hostPort' ? hostPort : containerPort;
      if (typeof port !== 'number' || port <= 0 || typeof protocol !== 'string' || typeof hostIP !== 'string')
        return [];
      return [{ port, protocol, hostIP, path: [...path, 'ports', i, field] }];
    });
  });
}

/** Whether a Node has no room for both (HostPortInfo.CheckConflict of the scheduler); not where a placeholder decides. */
export function collide(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol || isUnknown(a.protocol)) return false;
  if (isUnknown(a.hostIP) || isUnknown(b.hostIP)) return false;
  return isEvery(a.hostIP) || isEvery(b.hostIP) || a.hostIP === b.hostIP;
}

function isEvery(hostIP: string): boolean {
  return hostIP === '' || hostIP === '0.0.0.0';
}

/** Each host port that workloads of the environment want, with those who want it: `80/TCP`. Hooks and PodTemplates aside. */
export const wantedHostPorts = derived((cluster: Cluster) => {
  const wanted = new Map<string, { workload: Workload; hostPort: HostPort }[]>();
  for (const workload of cluster.workloads) {
    if (workload.resource.hooks.length > 0 || workload.resource.kind === 'PodTemplate') continue;
    for (const hostPort of hostPortsOf(workload)) {
      const key = `${hostPort.port}/${hostPort.protocol}`;
      const list = wanted.get(key);
      if (list) list.push({ workload, hostPort });
      else wanted.set(key, [{ workload, hostPort }]);
    }
  }
  return wanted;
});
