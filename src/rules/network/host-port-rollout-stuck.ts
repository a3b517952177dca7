import { type HostPort, hostPortsOf } from '../../cluster/network/host-ports.ts';
import { type NodeFacts, nodeMaker, nodesFor } from '../../cluster/scheduling/scheduling.ts';
import { leastRollout } from '../../cluster/workload/rollouts.ts';
import type { Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

function judge(cluster: Cluster, workload: Workload, { port, path }: HostPort): Finding | undefined {
  const { resource } = workload;
  const rollout = leastRollout(cluster, workload);
  if (rollout === undefined || rollout.replicas === 0) return undefined;
  if (rollout.surge === 0 || rollout.unavailable > 0) return undefined;
  const related = [{ message: `every pod takes port ${port} of its Node`, resource, path }];
  const found = { resource, path: rollout.path, related };
  if (rollout.replicas === undefined) {
    return {
      ...found,
      message: `maxSurge starts the new pod on the Node where the old one has host port ${port}: the new one stays Pending, and the rollout never ends`,
    };
  }
  const start = `no old pod may stop before a new one runs (${rollout.replicas} replica${rollout.replicas === 1 ? '' : 's'}, surge ${rollout.surge}, unavailable 0), and each takes host port ${port} of its Node`;
  const nodes = nodesFor(workload, cluster);
  if (nodes === undefined || nodeMaker(cluster) !== undefined) {
    return { ...found, message: `${start}: without a spare Node the rollout never ends`, severity: 'warning' };
  }
  // Where no Node takes a pod at all, pod-unschedulable says so.
  if (nodes.length === 0 || nodes.length > rollout.replicas) return undefined;
  return { ...found, message: `${start}: ${taken(nodes)}, none is left, and the rollout never ends` };
}

function taken(nodes: readonly NodeFacts[]): string {
  const names = nodes.slice(0, 3).map(({ name }) => name);
  const more = nodes.length > names.length ? ' …' : '';
  return `${nodes.length} Node${nodes.length === 1 ? ' takes' : 's take'} them (${names.join(', ')}${more})`;
}

export default {
  id: 'host-port-rollout-stuck',
  severity: 'error',
  docs: {
    summary: 'Pods that take a port of their Node must let the old pod go before the new one starts.',
    incident:
      'Devex, 2026-02-10, issue E: Traefik on hostNetwork, pinned to the one ingress node, stayed Pending after upgrades. A rolling ' +
      'update with the default strategy starts the new pod first: it wants ports 80 and 443 of a Node where the old pod has them, ' +
      'and the old pod is stopped only once the new one is ready. Neither moves; somebody has to delete a pod by hand.',
    symptoms: [
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
      "node(s) didn't have free ports for the requested pod ports",
      'Waiting for deployment rollout to finish: 1 old replicas are pending termination',
      'ProgressDeadlineExceeded',
    ],
    fix:
      'Let the old pod go first: strategy Recreate, or rollingUpdate with maxSurge 0 and maxUnavailable 1. A DaemonSet: maxSurge 0 ' +
      'and maxUnavailable 1, its default. Or have one Node more that takes the pods than there are replicas.',
    facts: [
      'The strategy, rounded as the controllers round: surge up, unavailable down, unavailable 1 when both are 0',
      'Nodes, where existing lists them: an error where none is left, nothing where one is',
    ],
    silent: [
      'Recreate, OnDelete, and rolling updates that may stop a pod first (unavailable 1 and more, StatefulSets)',
      'A known Node to spare',
      'Strategies and replicas that hold placeholders, and replicas 0',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment',
      'https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/util/deployment_util.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik }
        spec: # <- no old pod may stop before a new one runs (1 replica, surge 1, unavailable 0), and each takes host port 80 of its Node: without a spare Node the rollout never ends
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              hostNetwork: true
              containers: [{ name: traefik, image: "traefik:v3.6.12", ports: [{ containerPort: 80 }, { containerPort: 443 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: scaled }
        spec: # <- no old pod may stop before a new one runs (3 replicas, surge 1, unavailable 0), and each takes host port 81 of its Node: without a spare Node the rollout never ends
          selector: { matchLabels: { app: scaled } }
          template:
            metadata: { labels: { app: scaled } }
            spec:
              containers: [{ name: scaled, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 81 }] }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: scaled }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: scaled }
          minReplicas: 3
          maxReplicas: 6
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: node-exporter }
        spec:
          selector: { matchLabels: { app: node-exporter } }
          updateStrategy: # <- maxSurge starts the new pod on the Node where the old one has host port 9100: the new one stays Pending, and the rollout never ends
            rollingUpdate: { maxSurge: 10%, maxUnavailable: 0 }
          template:
            metadata: { labels: { app: node-exporter } }
            spec:
              containers: [{ name: node-exporter, image: "prom/node-exporter:v1.9.1", ports: [{ containerPort: 9100, hostPort: 9100 }] }]
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik }
        spec:
          replicas: 2
          selector: { matchLabels: { app: traefik } }
          strategy: # <- no old pod may stop before a new one runs (2 replicas, surge 1, unavailable 0), and each takes host port 80 of its Node: 2 Nodes take them (ingress-1, ingress-2), none is left, and the rollout never ends
            type: RollingUpdate
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { devex.ingress: "true" }
              containers: [{ name: traefik, image: "traefik:v3.6.12", ports: [{ containerPort: 8000, hostPort: 80 }] }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: ingress-1, labels: { devex.ingress: "true" } }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: ingress-2, labels: { devex.ingress: "true" } }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: worker-1 }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik }
        spec: # <- no old pod may stop before a new one runs (1 replica, surge 1, unavailable 0), and each takes host port 80 of its Node: without a spare Node the rollout never ends
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers: [{ name: traefik, image: "traefik:v3.6.12", ports: [{ containerPort: 8000, hostPort: 80 }] }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: worker-1, labels: { karpenter.sh/nodepool: default } }
      `,
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: recreated }
        spec:
          strategy: { type: Recreate }
          selector: { matchLabels: { app: recreated } }
          template:
            metadata: { labels: { app: recreated } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: old-one-first }
        spec:
          strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 25% } }
          selector: { matchLabels: { app: old-one-first } }
          template:
            metadata: { labels: { app: old-one-first } }
            spec:
              hostNetwork: true
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: a-quarter-of-four }
        spec:
          replicas: 4
          selector: { matchLabels: { app: a-quarter-of-four } }
          template:
            metadata: { labels: { app: a-quarter-of-four } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 82 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: at-rest }
        spec:
          replicas: 0
          strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } }
          selector: { matchLabels: { app: at-rest } }
          template:
            metadata: { labels: { app: at-rest } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 83 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: filled-in-later }
        spec:
          strategy: { rollingUpdate: { maxUnavailable: "${'${UNAVAILABLE}'}" } }
          selector: { matchLabels: { app: filled-in-later } }
          template:
            metadata: { labels: { app: filled-in-later } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 84 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: no-host-port }
        spec:
          selector: { matchLabels: { app: no-host-port } }
          template:
            metadata: { labels: { app: no-host-port } }
            spec:
              initContainers: [{ name: setup, image: "busybox:1.37", ports: [{ containerPort: 80, hostPort: 85 }] }]
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: defaults }
        spec:
          selector: { matchLabels: { app: defaults } }
          template:
            metadata: { labels: { app: defaults } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 86 }] }]
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: by-hand }
        spec:
          updateStrategy: { type: OnDelete }
          selector: { matchLabels: { app: by-hand } }
          template:
            metadata: { labels: { app: by-hand } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 87 }] }]
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: ordered }
        spec:
          serviceName: ordered
          selector: { matchLabels: { app: ordered } }
          template:
            metadata: { labels: { app: ordered } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 88 }] }]
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: one-to-spare }
        spec:
          selector: { matchLabels: { app: one-to-spare } }
          template:
            metadata: { labels: { app: one-to-spare } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: on-no-node }
        spec:
          selector: { matchLabels: { app: on-no-node } }
          template:
            metadata: { labels: { app: on-no-node } }
            spec:
              nodeSelector: { devex.ingress: "true" }
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 81 }] }]
        ---
        # existing
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: a-fact }
        spec:
          replicas: 2
          selector: { matchLabels: { app: a-fact } }
          template:
            metadata: { labels: { app: a-fact } }
            spec:
              containers: [{ name: web, image: "traefik:v3.6.12", ports: [{ containerPort: 80, hostPort: 82 }] }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: worker-1 }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: worker-2 }
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      if (workload.resource.existing || workload.resource.hooks.length > 0) continue;
      const [first] = hostPortsOf(workload);
      const finding = first && judge(cluster, workload, first);
      if (finding) yield finding;
    }
  },
} satisfies Rule;
