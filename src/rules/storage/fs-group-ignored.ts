import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { podSecurityContextOf } from '../../cluster/security/security-context.ts';
import { mayBeChowned, writerOf } from '../../cluster/storage/ownership.ts';
import { hostPathOf, type Mount, mountsOf, type Volume, volumesOf } from '../../cluster/storage/volumes.ts';
import { containersOf, type PodContainer, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

/** Directories that every node has: nobody makes them for a pod. */
const OF_THE_NODE =
  /^\/(?:$|(?:proc|sys|dev|etc|boot|usr|lib|lib64|bin|sbin|tmp|root|home)(?:\/|$)|var\/?$|(?:var\/)?(?:run|log|tmp)(?:\/|$)|var\/lib\/(?:kubelet|docker|containerd|rancher)(?:\/|$)|run\/)/;

/** The container that writes to a volume without being root, and where. */
function writing(workload: Workload, volumes: ReadonlyMap<string, Volume>, name: string) {
  for (const container of containersOf(workload)) {
    if (container.list !== 'containers') continue;
    const mount = mountsOf(volumes, container).find(({ volume, readOnly }) => volume.name === name && !readOnly);
    const writer = mount && writerOf(workload, container);
    if (mount && writer) return { container, mount, writer };
  }
  return undefined;
}

/** Whether a container that is or may be root has the volume too, and writes to it: its entry point may change the owner. */
function sharesWithRoot(workload: Workload, volumes: ReadonlyMap<string, Volume>, name: string): boolean {
  return containersOf(workload).some(
    (container) =>
      container.list === 'containers' &&
      writerOf(workload, container) === undefined &&
      mountsOf(volumes, container).some(({ volume, readOnly }) => volume.name === name && !readOnly),
  );
}

function show({ container }: PodContainer, uid: number | undefined, { mountPath }: Mount): string {
  return `container ${container.name} (${uid === undefined ? 'not root' : `uid ${uid}`}) cannot write to ${mountPath}`;
}

function* judge(cluster: Cluster, workload: Workload): Generator<Finding> {
  const { fsGroup } = podSecurityContextOf(workload);
  if (typeof fsGroup?.value !== 'number') return;
  const volumes = volumesOf(cluster, workload);
  for (const volume of volumes.values()) {
    const hostPath = hostPathOf(volume);
    if (!hostPath || OF_THE_NODE.test(hostPath.directory)) continue;
    const isMade = hostPath.type === 'DirectoryOrCreate';
    if (!isMade && hostPath.type !== '' && hostPath.type !== 'Directory') continue;
    const found = writing(workload, volumes, volume.name);
    if (!found || mayBeChowned(workload, volumes, volume.name)) continue;
    if (sharesWithRoot(workload, volumes, volume.name)) continue;
    const where = `${hostPath.resource ? `${hostPath.resource}, ` : ''}hostPath ${hostPath.directory}`;
    const start = `fsGroup ${fsGroup.value} does nothing for volume ${volume.name} (${where})`;
    const refused = show(found.container, found.writer.uid, found.mount);
    const { resource } = workload;
    const related = hostPath.resource
      ? [{ message: `the hostPath ${hostPath.directory}`, resource: hostPath.resource, path: ['spec', 'hostPath'] }]
      : [{ message: `the hostPath ${hostPath.directory}`, resource, path: volume.path }];
    if (isMade) {
      yield {
        resource,
        path: fsGroup.path,
        related,
        message: `${start}: the kubelet makes it as root with mode 0755, so ${refused}`,
        ...(cluster.together(hostPath.resource ?? resource, resource) ? {} : { severity: 'warning' }),
      };
    } else {
      const message = `${start}: unless the node's directory is open to it, ${refused}`;
      yield { resource, path: fsGroup.path, related, severity: 'warning', message };
    }
  }
}

export default {
  id: 'fs-group-ignored',
  severity: 'error',
  docs: {
    summary: 'A pod that is no root cannot count on `fsGroup` to open a hostPath.',
    incident:
      'matchID, 2026-05-16: in the local overlay Elasticsearch, uid 1000 with fsGroup 1000, got a static PersistentVolume with a ' +
      'hostPath. The kubelet applies fsGroup to the volumes that it sets up, and a hostPath is none of these: the directory stayed ' +
      "root's, and Elasticsearch died of AccessDeniedException until an init container changed the owner. AlgoSu had met the same on k3d " +
      'with postgres, rabbitmq and minio.',
    symptoms: [
      'java.nio.file.AccessDeniedException: /usr/share/elasticsearch/data/nodes',
      'AccessDeniedException',
      'failed to bind service',
      'Permission denied',
      'mkdir: cannot create directory: Permission denied',
      'file access denied',
    ],
    fix:
      'Change the owner in an init container that runs as root and mounts the volume, prepare the directory on the node, or use a ' +
      '`local` PersistentVolume, to which fsGroup is applied.',
    facts: [
      'securityContext of pod and containers, hostPath volumes, PersistentVolumes behind claims and claim templates (volumeName, ' +
        'claimRef, or class, size, modes and labels); `existing` PersistentVolume and PersistentVolumeClaim add to them',
    ],
    silent: [
      'An init container that may be root changes the owner or the mode of the volume, or runs a script of its image',
      'Images that start as root, take their data directory and then change the user; containers whose user is not known; a ' +
        'volume that such a container writes to as well',
      '`local` PersistentVolumes, to which the kubelet applies fsGroup, and all others but hostPath',
      'Claims without a static PersistentVolume: local-path makes its directories with mode 0777',
      'Read-only mounts, files, sockets and devices, and the directories of the node itself (/var/log, /etc, /tmp …)',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-the-security-context-for-a-pod',
      'https://kubernetes.io/docs/concepts/storage/volumes/#hostpath',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/hostpath/host_path.go',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/local/local.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: matchid-es }
        spec:
          capacity: { storage: 20Gi }
          accessModes: [ReadWriteOnce]
          storageClassName: matchid-local
          hostPath: { path: /var/lib/matchid/es, type: DirectoryOrCreate }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: elasticsearch }
        spec:
          serviceName: elasticsearch
          selector: { matchLabels: { app: elasticsearch } }
          template:
            metadata: { labels: { app: elasticsearch } }
            spec:
              securityContext:
                fsGroup: 1000 # <- fsGroup 1000 does nothing for volume data (PersistentVolume/matchid-es, hostPath /var/lib/matchid/es): the kubelet makes it as root with mode 0755, so container elasticsearch (uid 1000) cannot write to /usr/share/elasticsearch/data
              initContainers:
                - name: fix-as-nobody
                  image: busybox:1.36.1
                  command: [chown, -R, "1000", /data]
                  securityContext: { runAsUser: 1000 }
                  volumeMounts: [{ name: data, mountPath: /data }]
                - name: other
                  image: busybox:1.36.1
                  command: [chown, -R, "1000", /data]
                - name: reader
                  image: busybox:1.36.1
                  command: [ls, /data]
                  volumeMounts: [{ name: data, mountPath: /data }]
              containers:
                - name: elasticsearch
                  image: docker.elastic.co/elasticsearch/elasticsearch:7.17.28
                  volumeMounts: [{ name: data, mountPath: /usr/share/elasticsearch/data }]
          volumeClaimTemplates:
            - metadata: { name: data }
              spec:
                storageClassName: matchid-local
                accessModes: [ReadWriteOnce]
                resources: { requests: { storage: 20Gi } }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          securityContext:
            runAsNonRoot: true
            fsGroup: 2000 # <- fsGroup 2000 does nothing for volume uploads (hostPath /srv/uploads): the kubelet makes it as root with mode 0755, so container web (not root) cannot write to /uploads && fsGroup 2000 does nothing for volume prepared (hostPath /srv/prepared): unless the node's directory is open to it, container web (not root) cannot write to /prepared
          volumes:
            - name: uploads
              hostPath: { path: /srv/uploads, type: DirectoryOrCreate }
            - name: prepared
              hostPath: { path: /srv/prepared }
          containers:
            - name: web
              image: ghcr.io/acme/web:1
              volumeMounts:
                - { name: uploads, mountPath: /uploads/ }
                - { name: prepared, mountPath: /prepared }
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: by-claim }
        spec:
          capacity: { storage: 1Gi }
          accessModes: [ReadWriteOnce]
          claimRef: { namespace: app, name: reserved }
          hostPath: { path: /srv/reserved, type: DirectoryOrCreate }
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: by-name }
        spec:
          capacity: { storage: 1Gi }
          accessModes: [ReadWriteOnce]
          hostPath: { path: /srv/named, type: Directory }
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: template }
        spec:
          capacity: { storage: 1Gi }
          accessModes: [ReadWriteOnce]
          claimRef: { namespace: app, name: data-web-0 }
          hostPath: { path: /srv/template, type: DirectoryOrCreate }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: reserved, namespace: app }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: named, namespace: app }
        spec: { volumeName: by-name, storageClassName: "", accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: web, namespace: app }
        spec:
          serviceName: web
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              securityContext:
                fsGroup: 2000 # <- fsGroup 2000 does nothing for volume reserved (PersistentVolume/by-claim, hostPath /srv/reserved): the kubelet makes it as root with mode 0755, so container web (uid 1000) cannot write to /reserved && fsGroup 2000 does nothing for volume named (PersistentVolume/by-name, hostPath /srv/named): unless the node's directory is open to it, container web (uid 1000) cannot write to /named && fsGroup 2000 does nothing for volume data (PersistentVolume/template, hostPath /srv/template): the kubelet makes it as root with mode 0755, so container web (uid 1000) cannot write to /data
              volumes:
                - name: reserved
                  persistentVolumeClaim: { claimName: reserved }
                - name: named
                  persistentVolumeClaim: { claimName: named }
              containers:
                - name: web
                  image: ghcr.io/acme/web:1
                  securityContext: { runAsUser: 1000 }
                  volumeMounts:
                    - { name: reserved, mountPath: /reserved }
                    - { name: named, mountPath: /named }
                    - { name: data, mountPath: /data }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: chowned }
        spec:
          securityContext: { fsGroup: 1000, runAsUser: 1000 }
          volumes:
            - name: a
              hostPath: { path: /srv/a, type: DirectoryOrCreate }
            - name: b
              hostPath: { path: /srv/b, type: DirectoryOrCreate }
          initContainers:
            - name: chown
              image: busybox:1.36.1
              command: [sh, -c, chown -R 1000:1000 /a]
              securityContext: { runAsUser: 0 }
              volumeMounts: [{ name: a, mountPath: /a }]
            - name: of-its-image
              image: ghcr.io/acme/volume-permissions:1
              securityContext: { runAsUser: 0 }
              volumeMounts: [{ name: b, mountPath: /b }]
          containers:
            - name: web
              image: ghcr.io/acme/web:1
              volumeMounts: [{ name: a, mountPath: /a }, { name: b, mountPath: /b }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: root }
        spec:
          securityContext: { fsGroup: 1000 }
          volumes:
            - name: data
              hostPath: { path: /srv/data, type: DirectoryOrCreate }
          containers:
            - name: drops
              image: postgres:17
              volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
            - name: zero
              image: ghcr.io/acme/web:1
              securityContext: { runAsUser: 0 }
              volumeMounts: [{ name: data, mountPath: /data }]
            - name: takes
              image: elasticsearch:7.17.28
              env: [{ name: TAKE_FILE_OWNERSHIP, value: "1" }]
              volumeMounts: [{ name: data, mountPath: /data }]
            - name: reads
              image: ghcr.io/acme/web:1
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /data, readOnly: true }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: prepared-by-its-neighbour }
        spec:
          securityContext: { fsGroup: 1000 }
          volumes:
            - name: data
              hostPath: { path: /srv/data, type: DirectoryOrCreate }
          containers:
            - name: agent
              image: ghcr.io/acme/agent:1
              volumeMounts: [{ name: data, mountPath: /data }]
            - name: web
              image: ghcr.io/acme/web:1
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /data }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: others }
        spec:
          securityContext: { fsGroup: 1000, runAsUser: 1000 }
          volumes:
            - name: logs
              hostPath: { path: /var/log/pods }
            - name: socket
              hostPath: { path: /srv/app.sock, type: Socket }
            - name: cache
              emptyDir: {}
            - name: elsewhere
              hostPath: { path: /srv/elsewhere, type: DirectoryOrCreate }
            - name: unknown
              hostPath: { path: "${'${DATA}'}", type: DirectoryOrCreate }
          containers:
            - name: web
              image: ghcr.io/acme/web:1
              volumeMounts:
                - { name: logs, mountPath: /logs }
                - { name: socket, mountPath: /app.sock }
                - { name: cache, mountPath: /cache }
                - { name: unknown, mountPath: /unknown }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: no-fs-group }
        spec:
          securityContext: { runAsUser: 1000 }
          volumes:
            - name: data
              hostPath: { path: /srv/data, type: DirectoryOrCreate }
          containers:
            - name: web
              image: ghcr.io/acme/web:1
              volumeMounts: [{ name: data, mountPath: /data }]
      `,
      yaml`
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: local }
        spec:
          capacity: { storage: 20Gi }
          accessModes: [ReadWriteOnce]
          storageClassName: local-storage
          local: { path: /srv/local }
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: too-small }
        spec:
          capacity: { storage: 10Gi }
          accessModes: [ReadWriteOnce]
          storageClassName: manual
          hostPath: { path: /srv/small, type: DirectoryOrCreate }
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: other-mode }
        spec:
          capacity: { storage: 20Gi }
          accessModes: [ReadOnlyMany]
          storageClassName: manual
          hostPath: { path: /srv/mode, type: DirectoryOrCreate }
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: kept, labels: { disk: fast } }
        spec:
          capacity: { storage: 20Gi }
          accessModes: [ReadWriteOnce]
          storageClassName: manual
          claimRef: { namespace: other, name: other }
          hostPath: { path: /srv/kept, type: DirectoryOrCreate }
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: other-disk, labels: { disk: slow } }
        spec:
          capacity: { storage: 20Gi }
          accessModes: [ReadWriteOnce]
          storageClassName: labelled
          hostPath: { path: /srv/slow, type: DirectoryOrCreate }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: web }
        spec:
          serviceName: web
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              securityContext: { fsGroup: 1000, runAsUser: 1000 }
              containers:
                - name: web
                  image: ghcr.io/acme/web:1
                  volumeMounts:
                    - { name: local, mountPath: /a }
                    - { name: manual, mountPath: /b }
                    - { name: labelled, mountPath: /c }
                    - { name: local-path, mountPath: /d }
                    - { name: default, mountPath: /e }
          volumeClaimTemplates:
            - metadata: { name: local }
              spec: { storageClassName: local-storage, accessModes: [ReadWriteOnce], resources: { requests: { storage: 20Gi } } }
            - metadata: { name: manual }
              spec: { storageClassName: manual, accessModes: [ReadWriteOnce], resources: { requests: { storage: 20Gi } } }
            - metadata: { name: labelled }
              spec:
                storageClassName: labelled
                selector: { matchLabels: { disk: fast } }
                accessModes: [ReadWriteOnce]
                resources: { requests: { storage: 20Gi } }
            - metadata: { name: local-path }
              spec: { storageClassName: local-path, accessModes: [ReadWriteOnce], resources: { requests: { storage: 20Gi } } }
            - metadata: { name: default }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      for (const finding of judge(cluster, workload)) yield whenMade(workload, finding);
    }
  },
} satisfies Rule;
