import { placeOf } from '../../cluster/connections/configured-hosts.ts';
import { type Connection, namedConnections } from '../../cluster/connections/connections.ts';
import { asList, asMap } from '../../cluster/workloads.ts';
import { type Finding, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'host-network-dns-policy',
  severity: 'warning',
  docs: {
    summary: 'Pods on the host’s network that dial cluster names need `dnsPolicy: ClusterFirstWithHostNet`.',
    incident:
      'Devex, 2026-02-10, issue D, moved Traefik to the network of its node, to listen on 80 and 443 there. What operators meet after ' +
      'such a move: a pod on the host’s network takes the node’s name servers, whatever ClusterFirst, the default, promises, and the ' +
      'Services that it dialled until then are unknown from one rollout to the next.',
    symptoms: [
      'lookup loki.monitoring.svc.cluster.local on 169.254.169.253:53: no such host',
      'dial tcp: lookup loki on 127.0.0.53:53: server misbehaving',
      'Temporary failure in name resolution',
      'Name or service not known',
      'getaddrinfo ENOTFOUND',
    ],
    fix: 'Set `dnsPolicy: ClusterFirstWithHostNet` beside `hostNetwork: true`.',
    facts: [
      'Hosts in env, envFrom, command, args and mounted files, and the Services that they name, rendered or in `existing`',
    ],
    silent: [
      'dnsPolicy None, or name servers of the pod’s own in dnsConfig',
      'hostAliases that name the host; IP addresses, localhost, hosts outside of the cluster; Services that aren’t known',
      'A pod that isn’t on the host’s network: ClusterFirst is what it says there',
      'Values that aren’t known, or that a later envFrom may override; hosts that only a shared ConfigMap or Secret holds, which others take whole, too',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/network/dns/dns.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: promtail, namespace: monitoring }
        spec:
          selector: { matchLabels: { app: promtail } }
          template:
            metadata: { labels: { app: promtail } }
            spec:
              hostNetwork: true # <- DaemonSet/promtail dials loki:3100 (promtail.yaml in ConfigMap/promtail), but under hostNetwork without dnsPolicy ClusterFirstWithHostNet it asks the node's name server, which knows no Services: the name doesn't resolve
              containers:
                - name: promtail
                  image: grafana/promtail:3.5.1
                  args: [-config.file=/etc/promtail/promtail.yaml]
                  volumeMounts: [{ name: config, mountPath: /etc/promtail }]
              volumes: [{ name: config, configMap: { name: promtail } }]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: promtail, namespace: monitoring }
        data:
          promtail.yaml: |
            positions: { filename: /run/promtail/positions.yaml }
            clients:
              - url: http://loki:3100/loki/api/v1/push
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: loki, namespace: monitoring }
        spec: { selector: { app: loki }, ports: [{ port: 3100 }] }
      `,
      yaml`
        # ClusterFirst is Default there; Default says so itself.
        apiVersion: v1
        kind: Pod
        metadata: { name: agent, namespace: monitoring }
        spec:
          hostNetwork: true
          dnsPolicy: ClusterFirst # <- Pod/agent dials loki:3100 (LOKI_URL), but under hostNetwork without dnsPolicy ClusterFirstWithHostNet it asks the node's name server, which knows no Services: the name doesn't resolve
          containers:
            - name: agent
              image: ghcr.io/example/agent:1.4.2
              env: [{ name: LOKI_URL, value: 'http://loki:3100' }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: exporter, namespace: monitoring }
        spec:
          hostNetwork: true
          dnsPolicy: Default # <- Pod/exporter dials loki.monitoring.svc.cluster.local:3100 (args), but under hostNetwork without dnsPolicy ClusterFirstWithHostNet it asks the node's name server, which knows no Services: the name doesn't resolve
          containers:
            - name: exporter
              image: ghcr.io/example/exporter:1.4.2
              args: ['--loki-url=http://loki.monitoring.svc.cluster.local:3100']
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: loki, namespace: monitoring }
        spec: { selector: { app: loki }, ports: [{ port: 3100 }] }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: cured, namespace: monitoring }
        spec:
          hostNetwork: true
          dnsPolicy: ClusterFirstWithHostNet
          containers:
            - { name: agent, image: 'ghcr.io/example/agent:1.4.2', env: [{ name: LOKI_URL, value: 'http://loki:3100' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: own-network, namespace: monitoring }
        spec:
          containers:
            - { name: agent, image: 'ghcr.io/example/agent:1.4.2', env: [{ name: LOKI_URL, value: 'http://loki:3100' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: own-resolver, namespace: monitoring }
        spec:
          hostNetwork: true
          dnsPolicy: None
          dnsConfig: { nameservers: [10.43.0.10], searches: [monitoring.svc.cluster.local] }
          containers:
            - { name: agent, image: 'ghcr.io/example/agent:1.4.2', env: [{ name: LOKI_URL, value: 'http://loki:3100' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: one-more-resolver, namespace: monitoring }
        spec:
          hostNetwork: true
          dnsConfig: { nameservers: [10.43.0.10] }
          containers:
            - { name: agent, image: 'ghcr.io/example/agent:1.4.2', env: [{ name: LOKI_URL, value: 'http://loki:3100' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: hosts-file, namespace: monitoring }
        spec:
          hostNetwork: true
          hostAliases: [{ ip: 10.43.7.7, hostnames: [loki] }]
          containers:
            - { name: agent, image: 'ghcr.io/example/agent:1.4.2', env: [{ name: LOKI_URL, value: 'http://loki:3100' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: outside, namespace: monitoring }
        spec:
          hostNetwork: true
          containers:
            - name: agent
              image: ghcr.io/example/agent:1.4.2
              env:
                - { name: LOKI_URL, value: 'http://loki.example.com:3100' }
                - { name: API_URL, value: 'http://127.0.0.1:3100' }
                - { name: OTHER_URL, value: 'http://\${LOKI}:3100' }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: overridden, namespace: monitoring }
        spec:
          hostNetwork: true
          containers:
            - name: agent
              image: ghcr.io/example/agent:1.4.2
              envFrom: [{ configMapRef: { name: shared } }, { secretRef: { name: by-hand } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: takes-it-whole, namespace: monitoring }
        spec:
          hostNetwork: true
          containers:
            - { name: agent, image: 'ghcr.io/example/agent:1.4.2', envFrom: [{ configMapRef: { name: shared } }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: meant, namespace: monitoring }
        spec:
          containers:
            - { name: agent, image: 'ghcr.io/example/agent:1.4.2', envFrom: [{ configMapRef: { name: shared } }] }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: shared, namespace: monitoring }
        data: { LOKI_URL: 'http://loki:3100' }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: loki, namespace: monitoring }
        spec: { selector: { app: loki }, ports: [{ port: 3100 }] }
      `,
      yaml`
        # What exists isn't judged.
        apiVersion: v1
        kind: Service
        metadata: { name: loki, namespace: monitoring }
        spec: { selector: { app: loki }, ports: [{ port: 3100 }] }
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: agent, namespace: monitoring }
        spec:
          hostNetwork: true
          containers:
            - { name: agent, image: 'ghcr.io/example/agent:1.4.2', env: [{ name: LOKI_URL, value: 'http://loki:3100' }] }
      `,
    ],
  },
  *check(cluster) {
    if (!cluster.workloads.some((workload) => !workload.resource.existing && asksNode(workload))) return;
    const connections = namedConnections(cluster);
    const fine = new Set(connections.filter(({ from }) => !asksNode(from)).map(valueId));
    const reported = new Set<unknown>();
    for (const connection of connections) {
      const { from, via, unless, hasOthers } = connection;
      if (!asksNode(from) || from.resource.existing || reported.has(from)) continue;
      if (unless !== undefined || hasOthers) continue;
      // Whoever takes a whole ConfigMap needn't dial all that it holds: somebody else may be meant.
      if ((via === 'envFrom' || via === 'file') && fine.has(valueId(connection))) continue;
      reported.add(from);
      yield finding(connection);
    }
  },
} satisfies Rule;

/** Whether pods ask the node's name server: on its network, ClusterFirst is Default (dns.go of the kubelet). */
function asksNode({ pod }: Connection['from']): boolean {
  if (pod.hostNetwork !== true || asList(asMap(pod.dnsConfig)?.nameservers).length > 0) return false;
  return pod.dnsPolicy === undefined || pod.dnsPolicy === 'ClusterFirst' || pod.dnsPolicy === 'Default';
}

function valueId({ where: { resource, path } }: Connection): string {
  return JSON.stringify([resource.group, resource.kind, resource.scope, resource.name, path]);
}

function finding(connection: Connection): Finding {
  const { from, host, port, where } = connection;
  const dialled = port === undefined ? host : `${host}:${port}`;
  return {
    resource: from.resource,
    path: [...from.path, from.pod.dnsPolicy === undefined ? 'hostNetwork' : 'dnsPolicy'],
    message:
      `${from.resource} dials ${dialled} (${placeOf(connection)}), but under hostNetwork without dnsPolicy ` +
      `ClusterFirstWithHostNet it asks the node's name server, which knows no Services: the name doesn't resolve`,
    related: [
      { message: `${where.resource} names ${host}`, resource: where.resource, path: where.path, offset: where.offset },
    ],
  };
}
