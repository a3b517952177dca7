import type { Cluster } from '../cluster.ts';
import type { Connection } from '../connections/connections.ts';
import { isPodOf } from '../connections/connections.ts';
import { judge, type Protocol, type Traffic, type Verdict } from './network.ts';
import { backendsOf, isHeadless, podPort, portsOfService } from './services.ts';

/** What NetworkPolicies make of a connection: for every pod that may answer it, and every port that it may mean. */
export interface Reach {
  /** `denied` where every pod and port is refused. */
  verdict: 'allowed' | 'denied' | 'unknown';
  /** Where it is `denied`: the traffic that is refused, and why. */
  refused: readonly { traffic: Traffic; verdict: Verdict }[];
}

const UNKNOWN: Reach = { verdict: 'unknown', refused: [] };

/**
 * Whether policies let a connection through to some pod behind its Service. Policies see pod ports: the target port behind a Service with an
 * address, the dialled port behind a headless one. Unknown where no pod is known, or the Service doesn't have the port.
 */
export function reachOf(cluster: Cluster, connection: Connection): Reach {
  const traffic = trafficOf(cluster, connection);
  if (traffic === undefined || traffic.length === 0) return UNKNOWN;
  const refused = [];
  for (const one of traffic) {
    const verdict = judge(cluster, one);
    if (verdict.verdict !== 'denied') return { verdict: verdict.verdict, refused: [] };
    refused.push({ traffic: one, verdict });
  }
  return { verdict: 'denied', refused };
}

/** What may cross the network for a connection, undefined where that can't be known. */
function trafficOf(cluster: Cluster, { from, service, port, pod, protocol }: Connection): Traffic[] | undefined {
  const { workloads, certain } = backendsOf(cluster, service);
  if (!certain) return undefined;
  const servers = pod === undefined ? workloads : workloads.filter((server) => isPodOf(server, service.name, pod));
  const dialled = portsOfService(service).filter((entry) => port === undefined || entry.port === port);
  if (isHeadless(service)) {
    const ports: { port: number; protocol: Protocol }[] =
      dialled.length === 0 && port !== undefined ? [{ port, protocol }] : dialled;
    return servers.flatMap((server) => ports.map((one) => ({ client: from, server, ...portOf(one) })));
  }
  const traffic: Traffic[] = [];
  for (const entry of dialled) {
    for (const server of servers) {
      const target = podPort(server, entry);
      if (target === 'unknown') return undefined;
      if (target !== undefined) traffic.push({ client: from, server, port: target, protocol: entry.protocol });
    }
  }
  return traffic;
}

function portOf({ port, protocol }: { port: number; protocol: Protocol }): { port: number; protocol: Protocol } {
  return { port, protocol };
}
