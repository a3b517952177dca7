import { hostPortsOf } from '../../cluster/network/host-ports.ts';
import { podRequests } from '../../cluster/scheduling/pod-requests.ts';
import { isReadWriteOnce, mountedClaims } from '../../cluster/storage/claims.ts';
import { leastRollout } from '../../cluster/workload/rollouts.ts';
import { asList, asMap, valueAt, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Rule, yaml } from '../../rule.ts';

/** Whether pods of a workload can't run side by side, or nobody knows: then the old one has to stop first. */
function mustStopFirst(cluster: Cluster, workload: Workload): boolean {
  const { pod, path } = workload;
  if (pod.hostNetwork === true || hostPortsOf(workload).length > 0) return true;
  // A device that the old pod has is free only when it is gone.
  if ([...podRequests(pod, path, true).keys()].some((name) => name.includes('/'))) return true;
  if (asList(pod.volumes).some((volume) => asMap(asMap(volume)?.hostPath) !== undefined)) return true;
  return mountedClaims(cluster, workload).some(({ claim }) => claim === undefined || isReadWriteOnce(claim) !== false);
}

export default {
  id: 'rollout-drops-every-replica',
  severity: 'warning',
  docs: {
    summary: 'A rolling update must keep some replica while it starts new ones.',
    incident:
      'AlgoSu: manifests written for several replicas end up in overlays with one. maxUnavailable 1 of one replica, or a percentage ' +
      'that comes to all of them, lets the Deployment stop every old pod before the first new one is ready: each deployment is an ' +
      'outage as long as the start takes, and a new image that cannot start is an outage until somebody rolls back.',
    symptoms: [
      'Deployment does not have minimum availability.',
      'MinimumReplicasUnavailable',
      'waiting for rollout to finish: 0 of 1 updated replicas are available',
    ],
    fix:
      'maxUnavailable 0 with maxSurge 1: the new pod starts first. Or leave both at their default of 25 %, which spares the only ' +
      'replica. If no two pods may run at once, say so with strategy Recreate.',
    facts: ['Strategy and replicas, or the minimum of the autoscaler, rounded as the controllers round'],
    silent: [
      'Recreate: that is what it says',
      'hostPort, hostNetwork, hostPath, ReadWriteOnce or device (nvidia.com/gpu) pods at one replica: there it is the cure',
      'StatefulSets, which replace one pod after another, and DaemonSets, whose pods are not each other’s replicas',
      'replicas 0 or below, and placeholders',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/util/deployment_util.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: gateway }
        spec:
          strategy:
            rollingUpdate:
              maxUnavailable: 1 # <- maxUnavailable 1 is all of 1 replica: a rollout may stop every pod before a new one is ready
          selector: { matchLabels: { app: gateway } }
          template:
            metadata: { labels: { app: gateway } }
            spec:
              containers: [{ name: gateway, image: "gateway:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: percent }
        spec:
          replicas: 3
          strategy:
            rollingUpdate:
              maxUnavailable: 100% # <- maxUnavailable 100% is all of 3 replicas: a rollout may stop every pod before a new one is ready
          selector: { matchLabels: { app: percent } }
          template:
            metadata: { labels: { app: percent } }
            spec:
              hostNetwork: true
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: rounded-to-one }
        spec:
          strategy:
            rollingUpdate: # <- maxSurge 0 and maxUnavailable 25% come to 1, which is all of 1 replica: a rollout may stop every pod before a new one is ready
              maxSurge: 0
          selector: { matchLabels: { app: rounded-to-one } }
          template:
            metadata: { labels: { app: rounded-to-one } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: scaled }
        spec:
          strategy:
            rollingUpdate:
              maxUnavailable: 2 # <- maxUnavailable 2 is all of 2 replicas: a rollout may stop every pod before a new one is ready
          selector: { matchLabels: { app: scaled } }
          template:
            metadata: { labels: { app: scaled } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: shared } }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: scaled }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: scaled }
          minReplicas: 2
          maxReplicas: 6
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: shared }
        spec:
          strategy:
            rollingUpdate:
              maxUnavailable: 1 # <- maxUnavailable 1 is all of 1 replica: a rollout may stop every pod before a new one is ready
          selector: { matchLabels: { app: shared } }
          template:
            metadata: { labels: { app: shared } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: shared } }]
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: shared }
        spec: { accessModes: [ReadWriteMany], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: canary }
        spec:
          selector: { matchLabels: { app: canary } }
          strategy:
            canary:
              maxUnavailable: 1 # <- maxUnavailable 1 is all of 1 replica: a rollout may stop every pod before a new one is ready
          template:
            metadata: { labels: { app: canary } }
            spec:
              containers: [{ name: web, image: "web:1" }]
      `,
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: defaults }
        spec:
          selector: { matchLabels: { app: defaults } }
          template:
            metadata: { labels: { app: defaults } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: all-but-one }
        spec:
          replicas: 3
          strategy: { rollingUpdate: { maxUnavailable: 2 } }
          selector: { matchLabels: { app: all-but-one } }
          template:
            metadata: { labels: { app: all-but-one } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: recreated }
        spec:
          strategy: { type: Recreate }
          selector: { matchLabels: { app: recreated } }
          template:
            metadata: { labels: { app: recreated } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: at-rest }
        spec:
          replicas: 0
          strategy: { rollingUpdate: { maxUnavailable: 1 } }
          selector: { matchLabels: { app: at-rest } }
          template:
            metadata: { labels: { app: at-rest } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: below-zero }
        spec:
          replicas: -1
          selector: { matchLabels: { app: below-zero } }
          template:
            metadata: { labels: { app: below-zero } }
            spec:
              containers: [{ name: web, image: "web:1" }]
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
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: host-port }
        spec:
          strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
          selector: { matchLabels: { app: host-port } }
          template:
            metadata: { labels: { app: host-port } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: host-network }
        spec:
          strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
          selector: { matchLabels: { app: host-network } }
          template:
            metadata: { labels: { app: host-network } }
            spec:
              hostNetwork: true
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: host-path }
        spec:
          strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
          selector: { matchLabels: { app: host-path } }
          template:
            metadata: { labels: { app: host-path } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, hostPath: { path: /data } }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: device }
        spec:
          strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
          selector: { matchLabels: { app: device } }
          template:
            metadata: { labels: { app: device } }
            spec:
              containers: [{ name: web, image: "web:1", resources: { limits: { nvidia.com/gpu: 1 } } }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: one-claim }
        spec:
          strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
          selector: { matchLabels: { app: one-claim } }
          template:
            metadata: { labels: { app: one-claim } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: once } }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: unknown-claim }
        spec:
          strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
          selector: { matchLabels: { app: unknown-claim } }
          template:
            metadata: { labels: { app: unknown-claim } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: made-by-hand } }]
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: once }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: ordered }
        spec:
          serviceName: ordered
          updateStrategy: { rollingUpdate: { maxUnavailable: 1 } }
          selector: { matchLabels: { app: ordered } }
          template:
            metadata: { labels: { app: ordered } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: agent }
        spec:
          updateStrategy: { rollingUpdate: { maxUnavailable: 100% } }
          selector: { matchLabels: { app: agent } }
          template:
            metadata: { labels: { app: agent } }
            spec:
              containers: [{ name: web, image: "web:1" }]
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      const { resource } = workload;
      if (resource.existing || resource.hooks.length > 0 || resource.kind === 'StatefulSet') continue;
      const rollout = leastRollout(cluster, workload);
      const { type, replicas = 0, unavailable, surge } = rollout ?? {};
      if (rollout === undefined || type !== 'RollingUpdate' || replicas < 1 || unavailable !== replicas) continue;
      if (replicas === 1 && mustStopFirst(cluster, workload)) continue;
      const settings = [...rollout.path, ...(resource.kind === 'Deployment' ? ['rollingUpdate'] : [])];
      const written = asMap(valueAt(resource.object, settings))?.maxUnavailable;
      const all = `all of ${replicas} replica${replicas === 1 ? '' : 's'}`;
      // Where both round to 0, one may go all the same.
      const sum = surge === 0 && Number(written) !== unavailable && replicas === 1;
      yield {
        resource,
        path: written === undefined ? settings : [...settings, 'maxUnavailable'],
        message: `${sum ? `maxSurge 0 and maxUnavailable ${written ?? '25%'} come to 1, which is` : `maxUnavailable ${written} is`} ${all}: a rollout may stop every pod before a new one is ready`,
      };
    }
  },
} satisfies Rule;
