import { environmentOf } from '../../cluster/connections/environment.ts';
import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { podSecurityContextOf, securityContextOf } from '../../cluster/security/security-context.ts';
import { type OfficialImage, officialImage } from '../../cluster/storage/official-images.ts';
import { mayBeChowned } from '../../cluster/storage/ownership.ts';
import { hostPathOf, mountOver, mountsOf, type Volume, volumesOf } from '../../cluster/storage/volumes.ts';
import { MASK } from '../../cluster/unknown.ts';
import { containersOf, type PodContainer, valueAt, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

/** Storage whose directories may belong to whomever its server or its class says. */
const SHARED = /nfs|azure-?file|smb|cifs|efs|filestore|gluster|samba/i;

/** Where a container keeps its data, undefined where that isn't known. */
function dataDirectory(cluster: Cluster, workload: Workload, container: PodContainer, { name, data }: OfficialImage) {
  if (name !== 'postgres') return data;
  const written = environmentOf(cluster, workload, container).get('PGDATA')?.text;
  if (written === undefined) return data;
  return written.includes(MASK) || written === '' ? undefined : written.replace(/\/+$/, '');
}

/** Whether a volume's root belongs to root when it is made, so that nobody else may change its mode. */
function belongsToRoot(volume: Volume): boolean {
  const { source, spec, candidates } = volume;
  if (source === 'emptyDir') return true;
  if (source === 'hostPath' || candidates.length > 0) return hostPathOf(volume)?.type === 'DirectoryOrCreate';
  if (source !== 'persistentVolumeClaim' && source !== 'claimTemplate') return false;
  return spec !== undefined && !SHARED.test(String(valueAt(spec, ['storageClassName'])));
}

function judge(cluster: Cluster, workload: Workload, container: PodContainer): Finding | undefined {
  const image = officialImage(container.container.image);
  const user = securityContextOf(workload, container).runAsUser;
  const uid = user?.value;
  if (!image || image.uid === undefined || typeof uid !== 'number' || !user || uid === 0 || uid === image.uid)
    return undefined;
  const directory = dataDirectory(cluster, workload, container, image);
  if (directory === undefined) return undefined;
  const volumes = volumesOf(cluster, workload);
  const mount = mountOver(mountsOf(volumes, container), directory);
  if (!mount || mayBeChowned(workload, volumes, mount.volume.name)) return undefined;
  const { resource } = workload;
  const start = `container ${container.container.name} runs as ${uid}, and ${container.container.image} owns its data as ${image.uid}`;
  const at = { resource, path: user.path };
  if (image.name === 'postgres') {
    if (image.knowsOwnUserOnly) {
      return {
        ...at,
        message: `${start}: initdb refuses a user that this image does not know (could not look up effective user ID ${uid})`,
      };
    }
    if (mount.mountPath !== directory) return undefined;
    const message = `${start}: PGDATA is the root of volume ${mount.volume.name}, which ${uid} does not own, so initdb cannot change its permissions`;
    return belongsToRoot(mount.volume) ? { ...at, message } : { ...at, severity: 'warning', message };
  }
  const { volume } = mount;
  const isKept =
    volume.source === 'claimTemplate' || volume.source === 'persistentVolumeClaim' || volume.source === 'hostPath';
  if (!isKept || podSecurityContextOf(workload).fsGroup) return undefined;
  const message = `${start}: what it wrote to volume ${volume.name} as ${image.uid} stays closed to ${uid}, and no fsGroup opens the volume`;
  return { ...at, severity: 'warning', message };
}

export default {
  id: 'data-directory-owner-mismatch',
  severity: 'error',
  docs: {
    summary: 'A store must run as the user that owns its data directory.',
    incident:
      'AlgoSu, sprint 81: on k3d the pods of postgres, minio and rabbitmq crashed with "data directory has wrong ownership" after one ' +
      'securityContext had been given to all of them. fsGroup changes the group of a volume and never its owner, and postgres insists on ' +
      'being the owner of PGDATA. Taking the securityContext away made the images run as the users that they were built for.',
    symptoms: [
      'FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership',
      'data directory has wrong ownership',
      'HINT:  The server must be started by the user that owns the data directory.',
      'initdb: error: could not change permissions of directory "/var/lib/postgresql/data": Operation not permitted',
      'initdb: error: could not look up effective user ID 999: user does not exist',
      "chown: changing ownership of '/var/lib/postgresql/data': Operation not permitted",
      'file access denied',
    ],
    fix:
      'Drop runAsUser, or set it to the uid of the image (postgres: 999 on Debian, 70 on Alpine). For postgres under another user, let ' +
      'PGDATA be a directory below the mount, which it can make itself: PGDATA=/var/lib/postgresql/data/pgdata.',
    facts: [
      'runAsUser of pod and containers, PGDATA, mounts and what is behind them, and a table of official images and their uids: postgres ' +
        '(999, Alpine 70), mysql, mariadb, mongo and redis (999), rabbitmq (999, Alpine 100), elasticsearch (1000), grafana (472), prometheus (65534)',
    ],
    silent: [
      'postgres with PGDATA below the mount, as its default is from 18 on: it makes the directory itself',
      'Alpine variants of postgres since December 2022: they have libnss_wrapper, too, which makes up the missing user',
      'Images of vendors (bitnami/postgresql): they have users of their own',
      'An init container that may be root changes the owner; a container that runs as root',
      'redis on Alpine: the uid is 999 there, too, only the gid differs',
      'Other stores on a volume that fsGroup opens, or that does not outlive the pod',
    ],
    references: [
      'https://github.com/docker-library/postgres/blob/master/Dockerfile-debian.template',
      'https://github.com/docker-library/docs/blob/master/postgres/README.md#arbitrary---user-notes',
      'https://www.postgresql.org/docs/current/app-initdb.html',
      'https://kubernetes.io/docs/tasks/configure-pod-container/security-context/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: postgres }
        spec:
          serviceName: postgres
          selector: { matchLabels: { app: postgres } }
          template:
            metadata: { labels: { app: postgres } }
            spec:
              securityContext:
                fsGroup: 999
                runAsUser: 999 # <- container postgres runs as 999, and postgres:16.4-alpine owns its data as 70: PGDATA is the root of volume data, which 999 does not own, so initdb cannot change its permissions
              containers:
                - name: postgres
                  image: postgres:16.4-alpine
                  volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
                - name: old
                  image: docker.io/library/postgres:13.4-alpine3.14
                  env: [{ name: PGDATA, value: /old/pgdata }]
                  securityContext:
                    runAsUser: 1000 # <- container old runs as 1000, and docker.io/library/postgres:13.4-alpine3.14 owns its data as 70: initdb refuses a user that this image does not know (could not look up effective user ID 1000)
                  volumeMounts: [{ name: data, mountPath: /old }]
                - name: older
                  image: postgres:9.6-alpine
                  securityContext:
                    runAsUser: 1000 # <- container older runs as 1000, and postgres:9.6-alpine owns its data as 70: initdb refuses a user that this image does not know (could not look up effective user ID 1000)
                  volumeMounts: [{ name: data, mountPath: /var/lib/postgresql }]
                - name: debian
                  image: public.ecr.aws/docker/library/postgres:17
                  env: [{ name: PGDATA, value: /pgdata/ }]
                  securityContext:
                    runAsUser: 1000 # <- container debian runs as 1000, and public.ecr.aws/docker/library/postgres:17 owns its data as 999: PGDATA is the root of volume scratch, which 1000 does not own, so initdb cannot change its permissions
                  volumeMounts: [{ name: scratch, mountPath: /pgdata }]
                - name: shared
                  image: postgres:17
                  securityContext:
                    runAsUser: 1000 # <- container shared runs as 1000, and postgres:17 owns its data as 999: PGDATA is the root of volume shared, which 1000 does not own, so initdb cannot change its permissions
                  volumeMounts: [{ name: shared, mountPath: /var/lib/postgresql/data }]
                - name: on-the-node
                  image: postgres:17
                  securityContext:
                    runAsUser: 1000 # <- container on-the-node runs as 1000, and postgres:17 owns its data as 999: PGDATA is the root of volume node, which 1000 does not own, so initdb cannot change its permissions
                  volumeMounts: [{ name: node, mountPath: /var/lib/postgresql/data }]
              volumes:
                - name: scratch
                  emptyDir: {}
                - name: node
                  hostPath: { path: /srv/pg, type: Directory }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
            - metadata: { name: shared }
              spec: { storageClassName: nfs-client, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: queue }
        spec:
          volumes:
            - name: data
              persistentVolumeClaim: { claimName: queue }
          containers:
            - name: rabbitmq
              image: rabbitmq:4.1-management-alpine
              securityContext:
                runAsUser: 999 # <- container rabbitmq runs as 999, and rabbitmq:4.1-management-alpine owns its data as 100: what it wrote to volume data as 100 stays closed to 999, and no fsGroup opens the volume
              volumeMounts: [{ name: data, mountPath: /var/lib/rabbitmq }]
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: postgres }
        spec:
          volumes:
            - name: data
              persistentVolumeClaim: { claimName: data }
          containers:
            - name: below
              image: postgres:17
              env: [{ name: PGDATA, value: /var/lib/postgresql/data/pgdata }]
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
            - name: from-18-on
              image: postgres:18.1
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql }]
            - name: below-on-alpine
              image: postgres:17.2-alpine
              env: [{ name: PGDATA, value: /var/lib/postgresql/data/pgdata }]
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
            - name: alpine
              image: postgres:17.2-alpine
              securityContext: { runAsUser: 70 }
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
            - name: debian
              image: postgres:17.2
              securityContext: { runAsUser: 999 }
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
            - name: root
              image: postgres:17.2
              securityContext: { runAsUser: 0 }
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
            - name: vendor
              image: bitnami/postgresql:17
              securityContext: { runAsUser: 1001 }
              volumeMounts: [{ name: data, mountPath: /bitnami/postgresql }]
            - name: unmounted
              image: postgres:17
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /backup }]
            - name: unknown-release
              image: postgres
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
            - name: unknown-variant
              image: postgres@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
              env: [{ name: PGDATA, value: /data }]
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /data }]
            - name: unknown-directory
              image: postgres:17
              env: [{ name: PGDATA, value: "${'${PGDATA}'}" }]
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: chowned }
        spec:
          securityContext: { runAsUser: 1000 }
          volumes:
            - name: data
              persistentVolumeClaim: { claimName: data }
          initContainers:
            - name: chown
              image: busybox:1.36.1
              command: [chown, -R, "1000", /data]
              securityContext: { runAsUser: 0 }
              volumeMounts: [{ name: data, mountPath: /data }]
          containers:
            - name: postgres
              image: postgres:17
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: others }
        spec:
          securityContext: { runAsUser: 999 }
          volumes:
            - name: data
              persistentVolumeClaim: { claimName: data }
            - name: scratch
              emptyDir: {}
          containers:
            - name: redis
              image: redis:7.4-alpine
              volumeMounts: [{ name: data, mountPath: /data }]
            - name: grafana
              image: grafana/grafana:12.3.0
              volumeMounts: [{ name: scratch, mountPath: /var/lib/grafana }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: opened }
        spec:
          securityContext: { runAsUser: 1000, fsGroup: 1000 }
          volumes:
            - name: data
              persistentVolumeClaim: { claimName: data }
          containers:
            - name: redis
              image: redis:7.4
              volumeMounts: [{ name: data, mountPath: /data }]
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      for (const container of containersOf(workload)) {
        if (container.list === 'ephemeralContainers') continue;
        const finding = judge(cluster, workload, container);
        if (finding) yield whenMade(workload, finding);
      }
    }
  },
} satisfies Rule;
