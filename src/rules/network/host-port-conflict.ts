import { contested, mayBeOne } from '../../cluster/contested.ts';
import { collide, type HostPort, hostPortsOf, wantedHostPorts } from '../../cluster/network/host-ports.ts';
import { whyTheyMeet } from '../../cluster/scheduling/shared-nodes.ts';
import type { Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

interface Wanted {
  workload: Workload;
  hostPort: HostPort;
}

/** With how many others a workload is compared: all that a cluster of people has, and no more of what a generator made. */
const MOST_COMPARED = 50;

function* between(cluster: Cluster, wanted: readonly Wanted[]): Generator<Finding> {
  const sorted = [...wanted].sort(
    (a, b) => Number(b.workload.resource.existing) - Number(a.workload.resource.existing),
  );
  for (const [i, { workload, hostPort }] of sorted.entries()) {
    const { resource } = workload;
    if (resource.existing) continue;
    for (const other of sorted.slice(Math.max(0, i - MOST_COMPARED), i)) {
      if (other.workload === workload || !collide(other.hostPort, hostPort)) continue;
      const before = other.workload.resource;
      if (resource.kind === before.kind && mayBeOne(resource, before)) continue;
      const why = whyTheyMeet(cluster, other.workload, workload);
      if (why === undefined) continue;
      yield {
        resource,
        path: hostPort.path,
        message: `host port ${show(hostPort)} is that of ${before}, too: ${why}, and a Node has the port once: one of the pods stays Pending`,
        related: [
          {
            message: `host port ${show(hostPort)} is that of ${before}, too: ${why}, and a Node has the port once: one of the pods stays Pending`,
            resource: before,
            path: other.hostPort.path,
          },
        ],
        ...(cluster.together(resource, before) ? {} : { severity: 'warning' }),
      };
      break;
    }
  }
}

function show({ port, protocol, hostIP }: HostPort): string {
  return `${hostIP === '' ? '' : `${hostIP}:`}${port}/${protocol}`;
}

/** Host ports that containers of one pod want twice: AccumulateUniqueHostPorts of pkg/apis/core/validation. */
function* withinPod(workload: Workload): Generator<Finding> {
  const seen = new Map<string, HostPort>();
  for (const hostPort of hostPortsOf(workload)) {
    if (hostPort.path[workload.path.length] !== 'containers') continue;
    const key = `${hostPort.protocol}/${hostPort.hostIP}/${hostPort.port}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, hostPort);
      continue;
    }
    yield {
      resource: workload.resource,
      path: hostPort.path,
      message: `the pod wants host port ${show(hostPort)} twice: the API server refuses it, Duplicate value: "${key}"`,
      related: [{ message: 'the first time', resource: workload.resource, path: first.path }],
    };
  }
}

export default {
  id: 'host-port-conflict',
  severity: 'error',
  docs: {
    summary: 'Pods that must share a Node need different host ports.',
    incident:
      'Devex, 2026-02-10: Traefik on ports 80 and 443 of the one Node that the domain points to. Whatever else listens there (the ' +
      'ServiceLB pods of k3s, a second ingress controller left over from a trial) takes the same ports of the same Node: one of ' +
      'the two stays Pending, and which one depends on who was first.',
    symptoms: [
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
      "node(s) didn't have free ports for the requested pod ports",
      'spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"',
      'bind: address already in use',
    ],
    fix:
      'Give one of them another hostPort, or none and a Service instead; keep them apart with nodeSelector, taints or required ' +
      'podAntiAffinity; or remove the one that is no longer meant (k3s: --disable=servicelb,traefik).',
    facts: [
      'hostPort of containers and sidecars, and their containerPort under hostNetwork, of rendered and existing workloads',
      'Nodes, where existing lists them; without them, a DaemonSet that asks no more of a Node than the other does',
      'An error where the environment is configured, or one kustomization or chart renders both; else a warning',
    ],
    silent: [
      'Different protocols, and different hostIPs of which none is empty or 0.0.0.0',
      'Pods that may keep apart: on different Nodes, by nodeSelector, affinity, taints or podAntiAffinity',
      'Jobs and CronJobs, hooks, replicas 0, and init containers that end',
      'The same workload in several targets, existing pods that a rendered workload may have made, and placeholders',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/configuration/overview/#services',
      'https://github.com/kubernetes/kubernetes/tree/master/pkg/scheduler/framework/plugins/nodeports',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [all.yaml] }] } }\n',
          'all.yaml': yaml`
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: { name: ingress-nginx, namespace: ingress }
            spec:
              selector: { matchLabels: { app: ingress-nginx } }
              template:
                metadata: { labels: { app: ingress-nginx } }
                spec:
                  tolerations: [{ operator: Exists }]
                  containers: [{ name: nginx, image: "nginx:1.29", ports: [{ containerPort: 80, hostPort: 80 }] }]
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: traefik, namespace: traefik }
            spec:
              selector: { matchLabels: { app: traefik } }
              template:
                metadata: { labels: { app: traefik } }
                spec:
                  hostNetwork: true
                  nodeSelector: { devex.ingress: "true" }
                  tolerations: [{ key: ingress, operator: Exists }]
                  containers:
                    - name: traefik
                      image: traefik:v3.6.12
                      ports:
                        - containerPort: 80 # <- host port 80/TCP is that of DaemonSet/ingress-nginx, too: DaemonSet/ingress-nginx has a pod on each Node that may take Deployment/traefik, and a Node has the port once: one of the pods stays Pending
                        - containerPort: 443
          `,
        },
      },
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: twice }
        spec:
          hostNetwork: true
          initContainers: [{ name: setup, image: "busybox:1.37", ports: [{ containerPort: 9090 }] }]
          containers:
            - name: web
              image: web:1
              ports:
                - containerPort: 9090
                - { containerPort: 9090, protocol: UDP }
            - name: metrics
              image: metrics:1
              ports:
                - containerPort: 9090 # <- the pod wants host port 9090/TCP twice: the API server refuses it, Duplicate value: "TCP//9090"
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - name: web
                  image: web:1
                  ports:
                    - containerPort: 80
                      hostIP: 10.0.0.1
                      hostPort: 80 # <- host port 10.0.0.1:80/TCP is that of DaemonSet/svclb-traefik, too: DaemonSet/svclb-traefik has a pod on each Node that takes Deployment/web, and a Node has the port once: one of the pods stays Pending
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: agent, namespace: shop }
        spec:
          selector: { matchLabels: { app: agent } }
          template:
            metadata: { labels: { app: agent } }
            spec:
              nodeSelector: { zone: b }
              containers:
                - name: agent
                  image: agent:1
                  ports:
                    - containerPort: 80
                      hostPort: 80 # <- host port 80/TCP is that of DaemonSet/svclb-traefik, too: both have a pod on Node/b, and a Node has the port once: one of the pods stays Pending
        ---
        # existing
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: svclb-traefik, namespace: kube-system }
        spec:
          selector: { matchLabels: { app: svclb-traefik } }
          template:
            metadata: { labels: { app: svclb-traefik } }
            spec:
              nodeSelector: { lb: "true" }
              containers: [{ name: lb, image: "rancher/klipper-lb:v0.4.13", ports: [{ containerPort: 80, hostPort: 80, hostIP: 0.0.0.0 }] }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: a, labels: { lb: "true", zone: a } }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: b, labels: { lb: "true", zone: b } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          replicas: 2
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: web, namespace: shop }
        spec:
          serviceName: web
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - name: web
                  image: web:1
                  ports:
                    - containerPort: 80
                      hostPort: 80 # <- host port 80/TCP is that of Deployment/web, too: 2 Nodes take the 3 pods of both, and a Node has the port once: one of the pods stays Pending
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: a }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: b }
      `,
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: everywhere }
        spec:
          selector: { matchLabels: { app: everywhere } }
          template:
            metadata: { labels: { app: everywhere } }
            spec:
              containers:
                - name: web
                  image: web:1
                  ports:
                    - { containerPort: 80, hostPort: 80 }
                    - { containerPort: 81, hostPort: 81, hostIP: 10.0.0.1 }
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: other-protocol-or-address }
        spec:
          selector: { matchLabels: { app: other } }
          template:
            metadata: { labels: { app: other } }
            spec:
              initContainers: [{ name: setup, image: "setup:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
              containers:
                - name: web
                  image: web:1
                  ports:
                    - { containerPort: 80, hostPort: 80, protocol: UDP }
                    - { containerPort: 81, hostPort: 81, hostIP: 10.0.0.2 }
                    - { containerPort: 82, hostPort: 80, hostIP: "${'${IP}'}" }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: on-tainted-nodes }
        spec:
          selector: { matchLabels: { app: on-tainted-nodes } }
          template:
            metadata: { labels: { app: on-tainted-nodes } }
            spec:
              tolerations: [{ key: dedicated, operator: Exists }]
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: keeps-away }
        spec:
          selector: { matchLabels: { app: keeps-away } }
          template:
            metadata: { labels: { app: keeps-away } }
            spec:
              affinity:
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    - { labelSelector: { matchLabels: { app: everywhere } }, topologyKey: kubernetes.io/hostname }
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: by-name }
        spec:
          selector: { matchLabels: { app: by-name } }
          template:
            metadata: { labels: { app: by-name } }
            spec:
              nodeName: tainted
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: at-rest }
        spec:
          replicas: 0
          selector: { matchLabels: { app: at-rest } }
          template:
            metadata: { labels: { app: at-rest } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: ends }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: hook, annotations: { helm.sh/hook: post-install } }
        spec:
          selector: { matchLabels: { app: hook } }
          template:
            metadata: { labels: { app: hook } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: selected-by-the-namespace, namespace: apart }
        spec:
          selector: { matchLabels: { app: apart } }
          template:
            metadata: { labels: { app: apart } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: apart, annotations: { scheduler.alpha.kubernetes.io/node-selector: pool=apart } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: pool-a }
        spec:
          selector: { matchLabels: { app: pool-a } }
          template:
            metadata: { labels: { app: pool-a } }
            spec:
              nodeSelector: { pool: a }
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: pool-b }
        spec:
          selector: { matchLabels: { app: pool-b } }
          template:
            metadata: { labels: { app: pool-b } }
            spec:
              affinity:
                nodeAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    nodeSelectorTerms: [{ matchExpressions: [{ key: pool, operator: In, values: [b] }] }]
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: one }
        spec:
          selector: { matchLabels: { app: one } }
          template:
            metadata: { labels: { app: one } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: two }
        spec:
          selector: { matchLabels: { app: two } }
          template:
            metadata: { labels: { app: two } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 81, hostPort: 81 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: three }
        spec:
          selector: { matchLabels: { app: three } }
          template:
            metadata: { labels: { app: three } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 81, hostPort: 81 }] }]
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: two-5d9c7b-x2x4f }
        spec:
          containers: [{ name: web, image: "web:1", ports: [{ containerPort: 82, hostPort: 82 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: made-it }
        spec:
          replicas: 2
          selector: { matchLabels: { app: made-it } }
          template:
            metadata: { labels: { app: made-it } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 82, hostPort: 82 }] }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: a, labels: { pool: a } }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: b, labels: { pool: b } }
      `,
    ],
  },
  *check(cluster) {
    for (const wanted of wantedHostPorts(cluster).values()) if (wanted.length > 1) yield* between(cluster, wanted);
    for (const workload of cluster.workloads) {
      if (!workload.resource.existing && !contested(cluster, workload.resource)) yield* withinPod(workload);
    }
  },
} satisfies Rule;
