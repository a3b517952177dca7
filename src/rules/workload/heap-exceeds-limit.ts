import { contested } from '../../cluster/contested.ts';
import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { type HeapSetting, heapSettingsOf, memoryLimitOf } from '../../cluster/workload/heap.ts';
import { containersOf } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

/** What a setting means under a limit, undefined where it leaves enough. */
function judge({ written, bytes, soft }: HeapSetting, limit: bigint, of: string) {
  if (soft) {
    if (bytes <= limit) return undefined;
    const message = `${written} is above ${of}: the kernel kills the container (OOMKilled) before Go collects harder`;
    return { severity: 'warning', message } as const;
  }
  if (bytes >= limit) {
    const share = bytes === limit ? 'as much as' : 'more than';
    return {
      message: `${written} is ${share} ${of}: the kernel kills the container (OOMKilled) before the heap is full`,
    };
  }
  if (bytes * 10n <= limit * 9n) return undefined;
  const message = `${written} is more than 90 % of ${of}: what is not heap gets the container OOMKilled under load`;
  return { severity: 'warning', message } as const;
}

export default {
  id: 'heap-exceeds-limit',
  severity: 'error',
  docs: {
    summary: 'What a program is told to fill with its heap must fit into its memory limit, with room for the rest.',
    incident:
      'matchID, 2026-05-15: Elasticsearch came to the POC cluster with -Xmx512m in a variable and a limit of 1Gi elsewhere, and an older ' +
      'release was chosen "to stay under 1 GiB heap"; nothing but the text of the pull request holds the two together. What operators ' +
      'meet when only one of them moves: the process runs for hours, the heap grows as it was told it may, and the kernel kills the ' +
      'container, without a trace in its log.',
    symptoms: [
      'OOMKilled',
      'Last State: Terminated Reason: OOMKilled Exit Code: 137',
      'Memory cgroup out of memory: Killed process',
    ],
    fix:
      'Lower the heap to some 75 % of the limit (50 % for Elasticsearch, whose file cache needs the rest) or raise the limit. Better, ' +
      'name one number only: -XX:MaxRAMPercentage, or a variable by resourceFieldRef limits.memory.',
    facts: [
      'The memory limit of the container; -Xmx and -XX:MaxHeapSize, --max-old-space-size (MiB), maxmemory of Redis and Valkey ' +
        '(1g is 10^9 bytes, 1gb 2^30), GOMEMLIMIT; in variables, command and args, and in a redis.conf from a ConfigMap',
    ],
    silent: [
      'A value by resourceFieldRef limits.memory, and whatever is not known',
      'No memory limit',
      'A variable of a ConfigMap that several containers take as a whole (envFrom): it may be meant for another one',
      'Of several -Xmx in one text the last counts; between variables the least, and JAVA_TOOL_OPTIONS only where nothing overrides it',
      'GOMEMLIMIT up to the limit itself: it is soft, and counts all that Go holds',
    ],
    references: [
      'https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html',
      'https://nodejs.org/api/cli.html#--max-old-space-sizesize-in-mib',
      'https://redis.io/docs/latest/operate/oss_and_stack/management/config/',
      'https://pkg.go.dev/runtime#hdr-Environment_Variables',
      'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings }
        data:
          JAVA_OPTS: -server -Xmx4G # <- -Xmx4G is more than the memory limit 2Gi of container jvm in Deployment/web: the kernel kills the container (OOMKilled) before the heap is full
          redis.conf: | # <- maxmemory 1gb is as much as the memory limit 1Gi of container redis in Deployment/web: the kernel kills the container (OOMKilled) before the heap is full
            appendonly yes
            maxmemory 1gb
            maxmemory-policy allkeys-lru
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              volumes:
                - name: config
                  configMap: { name: settings }
              containers:
                - name: jvm
                  image: ghcr.io/acme/jvm:1
                  envFrom: [{ configMapRef: { name: settings } }]
                  resources: { limits: { memory: 2Gi } }
                - name: elasticsearch
                  image: docker.elastic.co/elasticsearch/elasticsearch:7.17.28
                  env:
                    - name: ES_JAVA_OPTS
                      value: -Xms256m -Xmx256m -Xmx512m # <- -Xmx512m is as much as the memory limit 512Mi of container elasticsearch in Deployment/web: the kernel kills the container (OOMKilled) before the heap is full
                  resources: { limits: { memory: 512Mi } }
                - name: decimal
                  image: ghcr.io/acme/jvm:1
                  command:
                    - java
                    - -XX:MaxHeapSize=1g # <- -XX:MaxHeapSize=1g is more than the memory limit 1G of container decimal in Deployment/web: the kernel kills the container (OOMKilled) before the heap is full
                  resources: { limits: { memory: 1G } }
                - name: node
                  image: node:22
                  env:
                    - name: NODE_OPTIONS
                      value: --enable-source-maps --max_old_space_size=950 # <- --max_old_space_size=950 is more than 90 % of the memory limit 1Gi of container node in Deployment/web: what is not heap gets the container OOMKilled under load
                  resources: { limits: { memory: 1Gi } }
                - name: script
                  image: node:22
                  args: [sh, -c, node --max-old-space-size=2048 server.js] # <- --max-old-space-size=2048 is more than the memory limit 1Gi of container script in Deployment/web: the kernel kills the container (OOMKilled) before the heap is full
                  resources: { limits: { memory: 1Gi } }
                - name: go
                  image: ghcr.io/acme/go:1
                  env:
                    - name: GOMEMLIMIT
                      value: 2GiB # <- GOMEMLIMIT=2GiB is above the memory limit 1Gi of container go in Deployment/web: the kernel kills the container (OOMKilled) before Go collects harder
                  resources: { limits: { memory: 1Gi } }
                - name: redis
                  image: redis:7.4
                  command: [redis-server, /etc/redis/redis.conf]
                  volumeMounts: [{ name: config, mountPath: /etc/redis }]
                  resources: { limits: { memory: 1Gi } }
                - name: valkey
                  image: valkey/valkey:8
                  args:
                    - --maxmemory
                    - 2g # <- --maxmemory 2g is more than the memory limit 1Gi of container valkey in Deployment/web: the kernel kills the container (OOMKilled) before the heap is full
                  resources: { limits: { memory: 1Gi } }
                - name: redis-script
                  image: redis:7.4
                  command: [sh, -c]
                  args: [exec redis-server --maxmemory 1100mb] # <- --maxmemory 1100mb is more than the memory limit 1Gi of container redis-script in Deployment/web: the kernel kills the container (OOMKilled) before the heap is full
                  resources: { limits: { memory: 1Gi } }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: overriding }
        spec:
          containers:
            - name: underscore
              image: ghcr.io/acme/jvm:1
              args: [-Xmx512m]
              env:
                - name: _JAVA_OPTIONS
                  value: -Xmx2g # <- -Xmx2g is more than the memory limit 1Gi of container underscore in Pod/overriding: the kernel kills the container (OOMKilled) before the heap is full
              resources: { limits: { memory: 1Gi } }
            - name: tool-options
              image: ghcr.io/acme/jvm:1
              env:
                - name: JAVA_TOOL_OPTIONS
                  value: -Xmx2g # <- -Xmx2g is more than the memory limit 1Gi of container tool-options in Pod/overriding: the kernel kills the container (OOMKilled) before the heap is full
              resources: { limits: { memory: 1Gi } }
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings, namespace: app }
        data: { JAVA_OPTS: -Xmx4g }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: app }
        spec:
          containers:
            - name: web
              image: ghcr.io/acme/jvm:1
              envFrom: [{ configMapRef: { name: settings } }]
              resources:
                limits:
                  memory: 1Gi # <- -Xmx4g is more than the memory limit 1Gi of container web in Pod/web: the kernel kills the container (OOMKilled) before the heap is full
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings }
        data:
          redis.conf: |
            # maxmemory 4gb
            maxmemory 0
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: for-all }
        data: { JAVA_OPTS: -Xmx1g, NODE_OPTIONS: --max-old-space-size=1024, GOMEMLIMIT: 1GiB }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: sharing }
        spec:
          containers:
            - name: app
              image: ghcr.io/acme/jvm:1
              envFrom: [{ configMapRef: { name: for-all } }]
              resources: { limits: { memory: 2Gi } }
            - name: proxy
              image: nginx:1.29
              envFrom: [{ configMapRef: { name: for-all } }]
              resources: { limits: { memory: 64Mi } }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: options }
        stringData: { JAVA_OPTS: -Xmx4g }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          volumes:
            - name: config
              configMap: { name: settings }
          containers:
            - name: enough
              image: ghcr.io/acme/jvm:1
              env: [{ name: JAVA_OPTS, value: -Xmx4g -Xmx900m }]
              resources: { limits: { memory: 1000Mi } }
            - name: least
              image: ghcr.io/acme/jvm:1
              args: [-Xmx512m]
              env: [{ name: JAVA_OPTS, value: -Xmx4g }, { name: JAVA_TOOL_OPTIONS, value: -Xmx4g }]
              resources: { limits: { memory: 1Gi } }
            - name: from-the-limit
              image: ghcr.io/acme/go:1
              env:
                - name: GOMEMLIMIT
                  valueFrom: { resourceFieldRef: { resource: limits.memory } }
                - { name: JAVA_OPTS, value: -Xmx$(GOMEMLIMIT) }
              resources: { limits: { memory: 1Gi } }
            - name: soft
              image: ghcr.io/acme/go:1
              env: [{ name: GOMEMLIMIT, value: 1GiB }]
              resources: { limits: { memory: 1Gi } }
            - name: unlimited
              image: ghcr.io/acme/jvm:1
              env: [{ name: JAVA_OPTS, value: -Xmx4g }]
              resources: { requests: { memory: 1Gi } }
            - name: unknown
              image: ghcr.io/acme/jvm:1
              args: ["-Xmx4g", "${'-Xmx${HEAP}'}"]
              env: [{ name: JAVA_OPTS, value: "${'-Xmx4g ${MORE}'}" }, { name: NODE_OPTIONS, value: --max-old-space-size= }]
              resources: { limits: { memory: 1Gi } }
            - name: secret
              image: ghcr.io/acme/jvm:1
              envFrom: [{ secretRef: { name: options } }]
              resources: { limits: { memory: 1Gi } }
            - name: other-variable
              image: ghcr.io/acme/web:1
              env: [{ name: HINT, value: use -Xmx4g }]
              resources: { limits: { memory: 1Gi } }
            - name: node
              image: node:22
              args: [node, --max-old-space-size=768, server.js]
              env: [{ name: NODE_OPTIONS, value: --max-old-space-size=4096 }]
              resources: { limits: { memory: 1Gi } }
            - name: redis
              image: redis:7.4
              command: [redis-server, /etc/redis/redis.conf]
              volumeMounts: [{ name: config, mountPath: /etc/redis }]
              resources: { limits: { memory: 1Gi } }
            - name: redis-decimal
              image: redis:7.4
              args: [--maxmemory, 900m, --maxmemory-policy, noeviction]
              resources: { limits: { memory: 1000M } }
            - name: not-redis
              image: ghcr.io/acme/web:1
              args: [--maxmemory, 4gb]
              resources: { limits: { memory: 1Gi } }
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      const { resource } = workload;
      for (const container of containersOf(workload)) {
        const limit = memoryLimitOf(container);
        if (limit === undefined) continue;
        const limitPath = [...container.path, 'resources', 'limits', 'memory'];
        for (const setting of heapSettingsOf(cluster, workload, container)) {
          const of = `the memory limit ${limit.written} of container ${container.container.name} in ${resource}`;
          const found = judge(setting, limit.bytes, of);
          if (!found || contested(cluster, setting.origin.resource)) continue;
          const { origin } = setting;
          if (origin.resource.existing) yield whenMade(workload, { ...found, resource, path: limitPath });
          else {
            const related = [{ message: `memory limit ${limit.written}`, resource, path: limitPath }];
            const severity = cluster.together(origin.resource, resource) ? {} : ({ severity: 'warning' } as const);
            yield whenMade(workload, { ...found, ...severity, resource: origin.resource, path: origin.path, related });
          }
        }
      }
    }
  },
} satisfies Rule;
