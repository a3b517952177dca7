import { queueUsers, type Store, storesOf } from '../../cluster/storage/stores.ts';
import { type Mount, mountOver, mountsOf, type Volume, volumesOf } from '../../cluster/storage/volumes.ts';
import { asList, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

const FILES = new Set(['configMap', 'secret', 'projected', 'downwardAPI']);

/** Where a store loses its data: an emptyDir, or no volume at all (null); undefined where it is kept or nobody knows. */
function losesOn({ container, data }: Store, volumes: ReadonlyMap<string, Volume>): Mount | null | undefined {
  const written = asList(container.container.volumeMounts);
  const mounts = mountsOf(volumes, container);
  if (mounts.length < written.length || asList(container.container.volumeDevices).length > 0) return undefined;
  const over = data === undefined ? undefined : mountOver(mounts, data);
  if (over && !FILES.has(over.volume.source)) return over.volume.source === 'emptyDir' ? over : undefined;
  const kept = mounts.some(({ volume }) => volume.source !== 'emptyDir' && !FILES.has(volume.source));
  if (kept) return undefined;
  // Images of vendors have directories of their own.
  const likely = mounts.find(
    ({ volume, mountPath }) => volume.source === 'emptyDir' && /data|bitnami/.test(`${volume.name} ${mountPath}`),
  );
  return data === undefined && likely ? likely : null;
}

/** Whether a Grafana gets its dashboards and data sources from ConfigMaps, or from the sidecar that collects them. */
function isProvisioned({ container }: Store, volumes: ReadonlyMap<string, Volume>, { pod }: Workload): boolean {
  const hasFiles = mountsOf(volumes, container).some(
    ({ volume, mountPath }) => FILES.has(volume.source) && mountPath.startsWith('/etc/grafana/provisioning'),
  );
  return (
    hasFiles ||
    [...asList(pod.containers), ...asList(pod.initContainers)].some((other) =>
      /k8s-sidecar/.test(String((other as { image?: unknown } | null)?.image)),
    )
  );
}

/** A Grafana that keeps what it knows in a database elsewhere. */
function hasDatabase({ container }: Store): boolean {
  return asList(container.container.env).some((item) =>
    /^GF_DATABASE_(?:TYPE|URL|HOST)$/.test(String((item as { name?: unknown } | null)?.name)),
  );
}

function* judge(cluster: Cluster, workload: Workload): Generator<Finding> {
  const { resource } = workload;
  const stores = storesOf(cluster, workload);
  if (stores.length === 0) return;
  const volumes = volumesOf(cluster, workload);
  for (const store of stores) {
    const mount = losesOn(store, volumes);
    if (mount === undefined || (store.kind === 'grafana' && hasDatabase(store))) continue;
    const user = store.kind === 'redis' ? queueUsers(cluster).get(workload) : undefined;
    if (store.kind === 'redis' && !user) continue;
    const at = mount
      ? { resource, path: [...mount.volume.path, 'emptyDir'] }
      : { resource, path: [...store.container.path, 'image'] };
    const what = `${store.kind} in container ${store.container.container.name} keeps ${user ? `the jobs of ${user.resource}` : 'its data'}`;
    const where = mount
      ? `on emptyDir ${mount.volume.name}: it is gone with the pod`
      : 'on no volume: it is gone when the container restarts';
    const related = user ? [{ message: 'keeps jobs there', resource: user.resource, path: user.path }] : [];
    if (store.kind === 'grafana' && isProvisioned(store, volumes, workload)) {
      const message = `${what} ${where}; what ConfigMaps provision comes back, users, alert state and edits do not`;
      yield { ...at, severity: 'info', message };
    } else yield { ...at, message: `${what} ${where}`, related };
  }
}

export default {
  id: 'stateful-data-ephemeral',
  severity: 'warning',
  docs: {
    summary: 'A store should keep its data on a volume that outlives the pod.',
    incident:
      'matchID, 2026-05: the backend needs Redis for its BullMQ queue, and got one without a volume, "ephemeral". The audit of the same ' +
      'week lists what a restart loses: bulk jobs, one-time passwords, bans. Nothing fails when it happens; the jobs are just gone.',
    symptoms: [
      'FATAL:  database "app" does not exist',
      'index_not_found_exception',
      'NOT_FOUND - no queue',
      'NoSuchBucket',
      'The pod was evicted, and everything in it is gone',
    ],
    fix: 'Give it a claim: volumeClaimTemplates in a StatefulSet. Where losing it is meant (tests, caches), ignore the finding and say so.',
    facts: [
      'Images of postgres, mysql, mongo, elasticsearch, rabbitmq, minio, redis and grafana, their commands, mounts and data directories; for ' +
        'redis, the workloads that dial it and whose variables, commands or images name Celery, Sidekiq, Bull or Resque',
    ],
    silent: [
      'Redis without evidence of a queue: it may be a cache',
      'A container that has a lasting volume elsewhere, or whose data directory is moved by a flag',
      'Clients that only use such an image: another command, Jobs and CronJobs, init containers, hooks',
      'Nodes of Elasticsearch that hold no data and are no masters; arbiters of MongoDB',
      'Grafana with a database elsewhere; provisioned from ConfigMaps it is only worth a hint',
      'Mounts whose volume is not known',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/storage/volumes/#emptydir',
      'https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage',
      'https://docs.bullmq.io/guide/going-to-production#persistence',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: stores }
        spec:
          selector: { matchLabels: { app: stores } }
          template:
            metadata: { labels: { app: stores } }
            spec:
              volumes:
                - name: data
                  emptyDir: {} # <- postgres in container postgres keeps its data on emptyDir data: it is gone with the pod
                - name: vendor-data
                  emptyDir: { medium: Memory } # <- mysql in container vendor keeps its data on emptyDir vendor-data: it is gone with the pod
                - name: files
                  configMap: { name: files }
                - name: tmp
                  emptyDir: {}
              containers:
                - name: postgres
                  image: postgres:17
                  volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
                - name: vendor
                  image: bitnami/mariadb:11
                  volumeMounts: [{ name: vendor-data, mountPath: /bitnami/mariadb }]
                - name: mongo
                  image: mongo:8 # <- mongo in container mongo keeps its data on no volume: it is gone when the container restarts
                  args: [--replSet, rs0]
                  volumeMounts: [{ name: files, mountPath: /etc/mongo }, { name: tmp, mountPath: /tmp }]
                - name: search
                  image: docker.elastic.co/elasticsearch/elasticsearch:8.15.0 # <- elasticsearch in container search keeps its data on no volume: it is gone when the container restarts
                  env: [{ name: node.roles, value: "data_hot,ingest" }, { name: node.data, value: "false" }, { name: node.master, value: "false" }]
                - name: secondary
                  image: docker.io/bitnami/mongodb:8.0.13 # <- mongo in container secondary keeps its data on no volume: it is gone when the container restarts
                  env: [{ name: MONGODB_REPLICA_SET_MODE, value: secondary }]
                - name: bitnami
                  image: docker.io/bitnami/elasticsearch:9.1.2 # <- elasticsearch in container bitnami keeps its data on no volume: it is gone when the container restarts
                  env: [{ name: ELASTICSEARCH_NODE_ROLES, value: data }]
                - name: masters
                  image: elasticsearch:7.17.28 # <- elasticsearch in container masters keeps its data on no volume: it is gone when the container restarts
                  env: [{ name: node.data, value: "false" }]
                - name: rabbitmq
                  image: rabbitmq:4.1-management # <- rabbitmq in container rabbitmq keeps its data on no volume: it is gone when the container restarts
                  command: [docker-entrypoint.sh, rabbitmq-server]
                - name: minio
                  image: quay.io/minio/minio:RELEASE.2024-09-13T20-26-02Z # <- minio in container minio keeps its data on no volume: it is gone when the container restarts
                  args: [server, /data, --console-address, ":9001"]
                - name: script
                  image: mysql:8.4 # <- mysql in container script keeps its data on no volume: it is gone when the container restarts
                  command: [sh, -c, exec docker-entrypoint.sh mysqld]
                - name: grafana
                  image: grafana/grafana:12.3.0 # <- grafana in container grafana keeps its data on no volume: it is gone when the container restarts
      `,
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: redis }
        spec:
          selector: { app: redis }
          ports: [{ port: 6379 }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: redis }
        spec:
          selector: { matchLabels: { app: redis } }
          template:
            metadata: { labels: { app: redis } }
            spec:
              containers:
                - name: redis
                  image: redis:7.2.5-alpine # <- redis in container redis keeps the jobs of Deployment/worker on no volume: it is gone when the container restarts
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: worker }
        spec:
          selector: { matchLabels: { app: worker } }
          template:
            metadata: { labels: { app: worker } }
            spec:
              containers:
                - name: worker
                  image: ghcr.io/acme/app:1
                  env: [{ name: CELERY_BROKER_URL, value: "redis://redis:6379/0" }]
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: grafana }
        spec:
          volumes:
            - name: datasources
              configMap: { name: datasources }
          containers:
            - name: grafana
              image: grafana/grafana:12.3.0 # <- grafana in container grafana keeps its data on no volume: it is gone when the container restarts; what ConfigMaps provision comes back, users, alert state and edits do not
              volumeMounts: [{ name: datasources, mountPath: /etc/grafana/provisioning/datasources }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: collecting }
        spec:
          containers:
            - name: collector
              image: quay.io/kiwigrid/k8s-sidecar:1.30.0
            - name: grafana
              image: grafana/grafana:12.3.0 # <- grafana in container grafana keeps its data on no volume: it is gone when the container restarts; what ConfigMaps provision comes back, users, alert state and edits do not
      `,
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: stores }
        spec:
          serviceName: stores
          selector: { matchLabels: { app: stores } }
          template:
            metadata: { labels: { app: stores } }
            spec:
              volumes:
                - name: claim
                  persistentVolumeClaim: { claimName: data }
                - name: scratch
                  emptyDir: {}
              initContainers:
                - name: wait
                  image: postgres:17
              containers:
                - name: templates
                  image: postgres:17
                  volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }, { name: scratch, mountPath: /tmp }]
                - name: claims
                  image: mongo:8
                  volumeMounts: [{ name: claim, mountPath: /data }]
                - name: elsewhere
                  image: bitnami/postgresql:17
                  volumeMounts: [{ name: claim, mountPath: /bitnami/postgresql }, { name: scratch, mountPath: /data }]
                - name: moved
                  image: mysql:8.4
                  args: [--datadir=/storage]
                  volumeMounts: [{ name: claim, mountPath: /storage }, { name: scratch, mountPath: /var/lib/mysql }]
                - name: pgdata
                  image: postgres:17
                  env: [{ name: PGDATA, value: /pg/data }]
                  volumeMounts: [{ name: claim, mountPath: /pg }, { name: scratch, mountPath: /var/lib/postgresql/data }]
                - name: client
                  image: postgres:17
                  command: [sh, -c, while true; do pg_dump postgres://db; sleep 3600; done]
                - name: client-by-args
                  image: postgres:17
                  args: [psql, -h, db]
                - name: gateway
                  image: minio/minio:RELEASE.2021-01-16T02-19-44Z
                  args: [minio, gateway, s3]
                - name: unknown-volume
                  image: rabbitmq:4.1
                  volumeMounts: [{ name: later, mountPath: /var/lib/rabbitmq }]
                - name: device
                  image: mysql:8.4
                  volumeDevices: [{ name: raw, devicePath: /dev/xvda }]
                - name: grafana
                  image: grafana/grafana:12.3.0
                  env: [{ name: GF_DATABASE_TYPE, value: postgres }]
                - name: cache
                  image: redis:7.4
                - name: exporter
                  image: prometheuscommunity/postgres-exporter:v0.17.1
                - name: coordinates
                  image: docker.elastic.co/elasticsearch/elasticsearch:8.15.0
                  env: [{ name: node.roles, value: "ingest,remote_cluster_client" }]
                - name: coordinates-by-bitnami
                  image: docker.io/bitnami/elasticsearch:9.1.2
                  env: [{ name: ELASTICSEARCH_NODE_ROLES, value: "" }]
                - name: arbiter
                  image: docker.io/bitnami/mongodb:8.0.13
                  env: [{ name: MONGODB_REPLICA_SET_MODE, value: arbiter }]
                - name: takes-in-by-bitnami
                  image: docker.io/bitnami/opensearch:3.2.0
                  env: [{ name: OPENSEARCH_NODE_ROLES, value: ingest }]
                - name: coordinates-in-the-old-way
                  image: elasticsearch:7.17.28
                  env: [{ name: node.data, value: "false" }, { name: NODE_MASTER, value: "false" }]
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: test }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: postgres, image: "postgres:17" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: test-database, annotations: { helm.sh/hook: pre-install } }
        spec:
          containers: [{ name: postgres, image: "postgres:17" }]
      `,
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: redis }
        spec:
          selector: { app: redis }
          ports: [{ port: 6379 }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: redis }
        spec:
          selector: { matchLabels: { app: redis } }
          template:
            metadata: { labels: { app: redis } }
            spec:
              containers: [{ name: redis, image: "redis:7.4" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - name: web
                  image: ghcr.io/acme/bulletin:1
                  env: [{ name: CACHE_URL, value: "redis://redis:6379/0" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: worker }
        spec:
          selector: { matchLabels: { app: worker } }
          template:
            metadata: { labels: { app: worker } }
            spec:
              containers:
                - name: worker
                  image: ghcr.io/acme/app:1
                  env: [{ name: CELERY_BROKER_URL, value: "redis://other:6379/0" }]
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      const { kind, hooks } = workload.resource;
      if (kind === 'Job' || kind === 'CronJob' || hooks.length > 0) continue;
      yield* judge(cluster, workload);
    }
  },
} satisfies Rule;
