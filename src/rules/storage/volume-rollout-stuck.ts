import { accessModes, isReadWriteOnce, mountedClaims } from '../../cluster/storage/claims.ts';
import { scalingOf } from '../../cluster/workload/autoscalers.ts';
import { rolloutOf } from '../../cluster/workload/rollouts.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'volume-rollout-stuck',
  severity: 'warning',
  docs: {
    summary: 'The one replica that holds a ReadWriteOnce claim must stop before its successor starts.',
    incident:
      'AlgoSu, k3d and OCI: single-replica stores and tools keep their data on ReadWriteOnce claims (local-path). A Deployment with ' +
      'the default strategy starts the new pod while the old one still has the volume. On the same Node two processes share one ' +
      'data directory (a lock file refuses the second, or the data is damaged); on another Node the new pod waits in ' +
      'ContainerCreating for a volume that is detached only once the new pod is ready.',
    symptoms: [
      'Multi-Attach error for volume "pvc-0b2f" Volume is already used by pod(s) grafana-5d9c7b',
      'Multi-Attach error for volume',
      'Unable to attach or mount volumes',
      'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
      'lock file "postmaster.pid" already exists',
      'database is locked',
    ],
    fix: 'strategy Recreate, or a StatefulSet: both stop the old pod first. Or a ReadWriteMany claim, where the program can share its data.',
    facts: ['PersistentVolumeClaims, rendered and existing'],
    silent: [
      'Recreate, StatefulSets, and rolling updates that may stop the one replica first (maxUnavailable 1)',
      'Several replicas, or an autoscaler: sharing the volume is what is meant',
      'ReadWriteMany and ReadOnlyMany, also beside ReadWriteOnce',
      'Claims that nothing renders, and placeholders',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes',
      'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: grafana }
        spec: # <- the rolling update starts the new pod while the old one has PersistentVolumeClaim/grafana (ReadWriteOnce): on one Node both write to it, on two the new one waits for the old one, which waits for the new one
          selector: { matchLabels: { app: grafana } }
          template:
            metadata: { labels: { app: grafana } }
            spec:
              containers: [{ name: grafana, image: "grafana/grafana:12.0.0" }]
              volumes:
                - name: tmp
                  emptyDir: {}
                - name: data
                  persistentVolumeClaim: { claimName: grafana }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: grafana }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: minio, namespace: store }
        spec:
          strategy: # <- the rolling update starts the new pod while the old one has PersistentVolumeClaim/minio (ReadWriteOncePod), which one pod alone can have: the new one stays Pending, and the rollout never ends
            type: RollingUpdate
          selector: { matchLabels: { app: minio } }
          template:
            metadata: { labels: { app: minio } }
            spec:
              containers: [{ name: minio, image: "minio/minio:RELEASE.2025-04-22T22-12-26Z" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: minio } }]
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: minio, namespace: store }
        spec: { accessModes: [ReadWriteOncePod], resources: { requests: { storage: 1Gi } } }
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
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: once } }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: old-one-first }
        spec:
          strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } }
          selector: { matchLabels: { app: old-one-first } }
          template:
            metadata: { labels: { app: old-one-first } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: once } }]
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
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: once } }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: several }
        spec:
          replicas: 2
          selector: { matchLabels: { app: several } }
          template:
            metadata: { labels: { app: several } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: once } }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: scaled }
        spec:
          selector: { matchLabels: { app: scaled } }
          template:
            metadata: { labels: { app: scaled } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: once } }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: scaled }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: scaled }
          maxReplicas: 3
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: shared }
        spec:
          selector: { matchLabels: { app: shared } }
          template:
            metadata: { labels: { app: shared } }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes:
                - { name: data, persistentVolumeClaim: { claimName: shared } }
                - { name: unknown, persistentVolumeClaim: { claimName: made-by-hand } }
                - { name: later, persistentVolumeClaim: { claimName: "${'${CLAIM}'}" } }
                - { name: mode-to-come, persistentVolumeClaim: { claimName: mode-to-come } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: once }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: shared }
        spec: { accessModes: [ReadWriteOnce, ReadWriteMany], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: mode-to-come }
        spec: { accessModes: ["${'${MODE}'}"], resources: { requests: { storage: 1Gi } } }
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      const { resource, replicas } = workload;
      if (resource.existing || resource.hooks.length > 0 || replicas !== 1) continue;
      const found = mountedClaims(cluster, workload).find(({ claim }) => claim && isReadWriteOnce(claim));
      if (found?.claim === undefined) continue;
      const rollout = rolloutOf(workload);
      if (rollout === undefined || rollout.surge === 0 || rollout.unavailable > 0) continue;
      if (scalingOf(cluster, workload).maximum !== 1) continue;
      const alone = accessModes(found.claim).includes('ReadWriteOncePod');
      const start = `the rolling update starts the new pod while the old one has ${found.claim}`;
      yield {
        resource,
        path: rollout.path,
        message: alone
          ? `${start} (ReadWriteOncePod), which one pod alone can have: the new one stays Pending, and the rollout never ends`
          : `${start} (ReadWriteOnce): on one Node both write to it, on two the new one waits for the old one, which waits for the new one`,
        related: [
          { message: `its pods mount ${found.name}`, resource, path: found.path },
          { message: `${found.claim} is for one Node`, resource: found.claim, path: ['spec', 'accessModes'] },
        ],
      };
    }
  },
} satisfies Rule;
