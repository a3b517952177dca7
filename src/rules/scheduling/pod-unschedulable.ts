import { keepsApart } from '../../cluster/scheduling/anti-affinity.ts';
import { nearMiss } from '../../cluster/scheduling/near-miss.ts';
import { postponed } from '../../cluster/scheduling/postponed.ts';
import {
  judgeNode,
  kubeletRefusal,
  type NodeFacts,
  nodeMaker,
  nodesOf,
  type PodNeeds,
  podNeeds,
  schedulerMessage,
  type Verdict,
} from '../../cluster/scheduling/scheduling.ts';
import { volumesByOrdinal } from '../../cluster/scheduling/volume-placement.ts';
import { scalingOf } from '../../cluster/workload/autoscalers.ts';
import { asMap, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Path, type Rule, yaml } from '../../rule.ts';

/** Whether a workload makes pods for the scheduler, as they are written. */
function isScheduled({ resource, metadata }: Workload): boolean {
  if (resource.existing || resource.kind === 'DaemonSet' || resource.kind === 'PodTemplate') return false;
  // Kueue adds the selectors and tolerations of a ResourceFlavor when it admits a workload.
  return ![resource.object.metadata.labels, metadata.labels].some((labels) =>
    Object.hasOwn(asMap(labels) ?? {}, 'kueue.x-k8s.io/queue-name'),
  );
}

/** Nearly no pod does, and without Nodes nothing else of it counts. */
function mayChoose({ pod }: Workload): boolean {
  return pod.nodeName !== undefined || pod.nodeSelector !== undefined || pod.affinity !== undefined;
}

function choosesNodes({ nodeName, affinity }: PodNeeds): boolean {
  return nodeName !== undefined || affinity.selector.length > 0 || affinity.terms !== undefined;
}

/** The finding on a pod that names its Node: the scheduler never sees it, the kubelet of that Node does. */
function namedNode(
  workload: Workload,
  needs: PodNeeds,
  nodes: readonly NodeFacts[],
): Omit<Finding, 'resource'> | undefined {
  const node = nodes.find(({ name }) => name === needs.nodeName);
  const path = [...workload.path, 'nodeName'];
  if (node === undefined) {
    const names = nodes.map(({ name }) => name).slice(0, 5);
    return {
      path,
      message: `no Node is named ${needs.nodeName} (${names.join(', ')}${nodes.length > 5 ? ' …' : ''}): the pod passes by the scheduler, no kubelet starts it, and it is deleted`,
    };
  }
  const refusal = kubeletRefusal(node, needs);
  if (refusal === undefined) return undefined;
  const { path: at, text, related } = nearMiss([{ node, rejections: [refusal] }], needs, path);
  return {
    path: at,
    message: `${node.resource}, which nodeName names, refuses the pod: ${refusal.status}; ${text}`,
    related,
  };
}

/** Why two pods of a workload can't share a Node: what they both take of it, or that they keep each other off. */
interface Apart {
  filter: 'NodePorts' | 'InterPodAffinity';
  reason: string;
  path: Path;
  /** What a Node has room for once, as the end of a message. */
  each: string;
}

function apart(workload: Workload, needs: PodNeeds): Apart | undefined {
  const [port] = needs.hostPorts;
  if (port) {
    const reason = "node(s) didn't have free ports for the requested pod ports";
    return { filter: 'NodePorts', reason, path: port.path, each: `each Node has hostPort ${port.port} once` };
  }
  const path = keepsApart(workload);
  const reason = "node(s) didn't match pod anti-affinity rules";
  return path && { filter: 'InterPodAffinity', reason, path, each: 'its podAntiAffinity lets each Node have one pod' };
}

/** The finding on more replicas than Nodes that take them, where no two share a Node. */
function crowded(
  workload: Workload,
  needs: PodNeeds,
  why: Apart,
  verdicts: readonly Verdict[],
  cluster: Cluster,
): Omit<Finding, 'resource'> | undefined {
  const { minimum = 0, maximum = 0, autoscaler } = scalingOf(cluster, workload);
  const takers = verdicts.filter(({ rejections }) => rejections.length === 0);
  // KEDA's default of 100 is nobody's wish.
  const most = autoscaler?.group === 'autoscaling' && minimum > 0 ? maximum : minimum;
  if (most <= takers.length) return undefined;
  const isLater = minimum <= takers.length;
  const rejection = { filter: why.filter, reasons: [why.reason] };
  const taken = verdicts.map((verdict) =>
    takers.includes(verdict) ? { ...verdict, rejections: [rejection] } : verdict,
  );
  const fit = takers.length === 1 ? '1 of them fits' : `${takers.length} of them fit`;
  const bound = isLater ? `maximum of ${autoscaler} is ${most}` : `minimum of ${autoscaler} is ${minimum}`;
  const wanted = autoscaler ? `the ${bound}` : `replicas is ${minimum}`;
  const place = autoscaler ? { resource: autoscaler, path: ['spec'] } : { resource: workload.resource, path: REPLICAS };
  return {
    path: why.path,
    message: `${schedulerMessage(taken, needs.affinity)}; ${why.each}, ${fit}, and ${wanted}`,
    related: [{ message: wanted, ...place }],
    ...(isLater ? { severity: 'warning' } : {}),
  };
}

const REPLICAS = ['spec', 'replicas'];

export default {
  id: 'pod-unschedulable',
  severity: 'error',
  docs: {
    summary: 'Some Node must be able to take the pod.',
    incident:
      'Devex, 2026-02-10, issue E: Traefik stayed Pending because its nodeSelector asked for devex.ingress=true and the label was on ' +
      'no Node, or not on the one that the revision meant; the domain pointed to the ingress node all the while, and the ACME ' +
      'challenge failed with connection refused (issue I). matchID, 2026-05-16: the Kapsule overlay selects pool=burst, while Scaleway ' +
      'labels its Nodes k8s.scaleway.com/pool-name=burst; replicas are 0 at rest, so nothing shows until the first scale-up.',
    symptoms: [
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
      "node(s) didn't match Pod's node affinity/selector",
      'node(s) had untolerated taint {dedicated: gpu}',
      'node(s) had untolerated taint',
      'node(s) had untolerated taint(s)',
      "node(s) had taint {dedicated: gpu}, that the pod didn't tolerate",
      "node(s) didn't match node selector",
      'node(s) were unschedulable',
      "node(s) didn't have free ports for the requested pod ports",
      "node(s) didn't satisfy plugin(s) [NodeAffinity]",
      "node(s) didn't match pod anti-affinity rules",
      'node(s) had volume node affinity conflict',
      "node(s) didn't match PersistentVolume's node affinity",
      'node(s) had no available volume zone',
      'nodes are available:',
      'Insufficient cpu',
      'Insufficient memory',
      'Insufficient ephemeral-storage',
      'Insufficient nvidia.com/gpu',
      'Too many pods',
      'Predicate NodeAffinity failed',
      "Node didn't have enough resource: cpu",
      'FailedScheduling',
      'Pending',
    ],
    fix:
      'Select a label that the Nodes have (kubectl get nodes --show-labels), tolerate the taint of the Nodes that are meant, ask for ' +
      'less than the largest Node offers, or give the cluster such a Node and list it under existing.',
    facts: [
      'Nodes under `existing`: their labels, taints and allocatable resources. One Node stands for all of them',
      'The rendered pod templates, PersistentVolumes and claims. What runs on a Node already is not counted',
    ],
    silent: [
      'DaemonSets: no Node, no pod',
      'replicas beside an autoscaler, which decides: its minimum is asked for (error), a HorizontalPodAutoscaler’s maximum later (warning)',
      'Volumes of claims that aren’t surely bound: no volumeName, no claimRef, too small, released',
      'Nodes that may come: Karpenter, the cluster autoscaler, Fargate, virtual kubelets',
      'Taints that come and go (not-ready, disk-pressure, agent-not-ready …)',
      'Another scheduler, scheduling gates, Kueue queues',
      'Labels that kubelets and providers set (kubernetes.io/arch, topology.kubernetes.io/zone …) on Nodes written by hand, and resources that no Node lists',
      'Tolerations that a namespace, a RuntimeClass or an admission plugin may add, and placeholders',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/',
      'https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/',
      'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/',
      'https://github.com/kubernetes/kubernetes/tree/master/pkg/scheduler/framework/plugins',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: deces-backend }
        spec:
          selector: { matchLabels: { app: deces-backend } }
          template:
            metadata: { labels: { app: deces-backend } }
            spec:
              nodeSelector:
                pool: burst # <- 0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }; label k8s.scaleway.com/pool-name=burst exists, pool=burst doesn't
              containers: [{ name: deces-backend, image: "matchid/deces-backend:1.2.0" }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata:
          name: scw-burst-1
          labels: { kubernetes.io/os: linux, k8s.scaleway.com/pool-name: burst }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: control-1 }
        spec: { taints: [{ key: node-role.kubernetes.io/control-plane, effect: NoSchedule }] }
      `,
      {
        kubernetesVersion: '1.34',
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [job.yaml] }], existing: [nodes.yaml] } }\n',
          'job.yaml': yaml`
            apiVersion: batch/v1
            kind: Job
            metadata: { name: train }
            spec:
              template:
                spec: # <- 0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable; no toleration covers dedicated=gpu:NoSchedule of Node/gpu-1
                  restartPolicy: Never
                  containers: [{ name: train, image: "train:1" }]
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: as-a-whole }
            spec:
              resources:
                requests:
                  cpu: 3 # <- 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable; it asks for cpu 3, Node/gpu-1 offers 2
              tolerations: [{ key: dedicated, operator: Exists }]
              containers: [{ name: train, image: "train:1" }]
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: by-field }
            spec:
              affinity:
                nodeAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    nodeSelectorTerms:
                      - matchFields:
                          - { key: metadata.name, operator: In, values: [gpu-9] } # <- 0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [NodeAffinity]; the Nodes are gpu-1, cordoned
              containers: [{ name: train, image: "train:1" }]
          `,
          'nodes.yaml': yaml`
            apiVersion: v1
            kind: NodeList
            items:
              - metadata: { name: gpu-1 }
                spec: { taints: [{ key: dedicated, value: gpu, effect: NoSchedule }] }
                status: { allocatable: { cpu: "2" } }
              - metadata: { name: cordoned }
                spec: { unschedulable: true, taints: [{ key: node.kubernetes.io/unschedulable, effect: NoSchedule }] }
          `,
        },
      },
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: spelled-otherwise }
        spec:
          nodeSelector:
            devex/ingress: "true" # <- 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector; label devex.ingress=true exists, devex/ingress=true doesn't
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: nowhere }
        spec:
          nodeSelector:
            gpu: "true" # <- 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector; no Node has the label gpu
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: on-no-node-both }
        spec:
          nodeSelector:
            pool: default # <- 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector; no Node has all of pool=default, zone=b
            zone: b
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: every-operator }
        spec:
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms:
                  - matchExpressions:
                      - { key: pool, operator: In, values: [burst, batch] } # <- 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector; label pool=default, pool=system exist, pool In (burst, batch) doesn't
                  - matchExpressions: [{ key: pool, operator: NotIn, values: [default, system] }]
                  - matchExpressions: [{ key: ingress, operator: Exists }]
                  - matchExpressions: [{ key: pool, operator: DoesNotExist }]
                  - matchExpressions: [{ key: generation, operator: Gt, values: ["4"] }]
                  - matchExpressions: [{ key: generation, operator: Lt, values: ["3"] }]
                  - matchFields: [{ key: metadata.name, operator: In, values: [worker-9] }]
                  - {}
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: excluded }
        spec:
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms:
                  - matchExpressions:
                      - { key: generation, operator: Exists }
                      - { key: pool, operator: NotIn, values: [default, system] } # <- 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector; every Node has pool=default, pool=system
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: too-old }
        spec:
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms:
                  - matchExpressions:
                      - { key: generation, operator: Gt, values: ["4"] } # <- 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector; label generation=3, generation=4 exist, generation Gt (4) doesn't
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: no-term }
        spec:
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms: # <- 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector; an empty term matches no Node
                  - {}
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: by-name }
        spec:
          nodeName: worker-9 # <- no Node is named worker-9 (worker-1, worker-2): the pod passes by the scheduler, no kubelet starts it, and it is deleted
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: by-name-and-label }
        spec:
          nodeName: worker-2
          nodeSelector:
            pool: default # <- Node/worker-2, which nodeName names, refuses the pod: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector; label pool=system exists, pool=default doesn't
          containers: [{ name: web, image: "web:1" }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata:
          name: worker-1
          labels: { kubernetes.io/os: linux, devex.ingress: "true", pool: default, zone: a, generation: "4" }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata:
          name: worker-2
          labels: { kubernetes.io/os: linux, pool: system, zone: b, generation: "3" }
      `,
      yaml`
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: at-rest }
        spec:
          serviceName: at-rest
          replicas: 0
          selector: { matchLabels: { app: at-rest } }
          template:
            metadata: { labels: { app: at-rest } }
            spec:
              tolerations: # <- 0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}; no toleration covers dedicated=gpu:NoExecute of Node/gpu-1; replicas is 0: it bites at the first scale-up
                - { key: other, operator: Exists }
              containers: [{ name: at-rest, image: "web:1" }]
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: { name: suspended }
        spec:
          schedule: "@daily"
          suspend: true
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  tolerations:
                    - { key: dedicated, value: gpu, effect: NoSchedule } # <- 0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}; the toleration of dedicated=gpu:NoSchedule doesn't cover dedicated=gpu:NoExecute of Node/gpu-1; it is suspended: it bites when it resumes
                  containers: [{ name: suspended, image: "web:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: parallelism }
        spec:
          parallelism: 0
          template:
            spec:
              restartPolicy: Never
              tolerations:
                - { key: dedicated, value: ml } # <- 0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}; the toleration of dedicated=ml doesn't cover dedicated=gpu:NoExecute of Node/gpu-1; parallelism is 0: it bites when it is raised
              containers: [{ name: parallelism, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: by-name }
        spec:
          nodeName: gpu-1
          tolerations:
            - { key: dedicated, operator: Exists, effect: NoSchedule } # <- Node/gpu-1, which nodeName names, refuses the pod: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate; the toleration of dedicated:NoSchedule doesn't cover dedicated=gpu:NoExecute of Node/gpu-1
          containers: [{ name: web, image: "web:1" }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: gpu-1 }
        spec: { taints: [{ key: dedicated, value: gpu, effect: NoExecute }] }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: too-large }
        spec:
          initContainers:
            - name: migrate
              image: migrate:1
              resources:
                requests:
                  memory: 8Gi # <- 0/2 nodes are available: 2 Insufficient memory; it asks for memory 8Gi, Node/large offers 7Gi
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: too-large-together }
        spec:
          containers:
            - name: web
              image: web:1
              resources: { requests: { cpu: 500m } }
            - name: limited
              image: web:1
              resources:
                limits:
                  cpu: 3600m # <- 0/2 nodes are available: 2 Insufficient cpu; it asks for cpu 4100m in all, Node/large offers 4
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: gpus }
        spec:
          containers:
            - name: train
              image: train:1
              resources:
                limits:
                  nvidia.com/gpu: 2 # <- 0/2 nodes are available: 2 Insufficient nvidia.com/gpu; it asks for nvidia.com/gpu 2, Node/small offers 1
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: by-name }
        spec:
          nodeName: small
          containers:
            - name: web
              image: web:1
              resources:
                requests:
                  cpu: 3 # <- Node/small, which nodeName names, refuses the pod: OutOfcpu: Node didn't have enough resource: cpu; it asks for cpu 3, Node/small offers 2
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: ingress }
        spec:
          replicas: 2
          selector: { matchLabels: { app: ingress } }
          template:
            metadata: { labels: { app: ingress } }
            spec:
              nodeSelector: { size: large }
              containers:
                - name: ingress
                  image: traefik:v3.6.12
                  ports:
                    - containerPort: 8000
                      hostPort: 80 # <- 0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 1 node(s) didn't match Pod's node affinity/selector; each Node has hostPort 80 once, 1 of them fits, and replicas is 2
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: on-the-host }
        spec:
          serviceName: on-the-host
          replicas: 3
          selector: { matchLabels: { app: on-the-host } }
          template:
            metadata: { labels: { app: on-the-host } }
            spec:
              hostNetwork: true
              containers:
                - name: on-the-host
                  image: traefik:v3.6.12
                  ports:
                    - name: web
                      containerPort: 8080 # <- 0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports; each Node has hostPort 8080 once, 2 of them fit, and replicas is 3
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: small }
        status: { allocatable: { cpu: "2", memory: 4Gi, pods: "110", nvidia.com/gpu: "1" } }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: large, labels: { size: large } }
        status: { allocatable: { cpu: "4", memory: 7Gi, pods: "110" } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: spread, namespace: shop }
        spec:
          replicas: 3
          selector: { matchLabels: { app: spread } }
          template:
            metadata: { labels: { app: spread } }
            spec:
              affinity:
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    - labelSelector: { matchLabels: { app: other } }
                      topologyKey: kubernetes.io/hostname
                    - labelSelector: { matchLabels: { app: spread } } # <- 0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules; its podAntiAffinity lets each Node have one pod, 2 of them fit, and replicas is 3
                      topologyKey: kubernetes.io/hostname
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: scaled, namespace: shop }
        spec:
          selector: { matchLabels: { app: scaled } }
          template:
            metadata: { labels: { app: scaled } }
            spec:
              nodeSelector: { zone: a }
              affinity:
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    - topologyKey: kubernetes.io/hostname # <- 0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match pod anti-affinity rules; its podAntiAffinity lets each Node have one pod, 1 of them fits, and the minimum of HorizontalPodAutoscaler/scaled is 2
                      namespaces: [shop, blog]
                      labelSelector: { matchExpressions: [{ key: app, operator: Exists }] }
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: scaled, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: scaled }
          minReplicas: 2
          maxReplicas: 4
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: at-peak, namespace: shop }
        spec:
          replicas: 3
          selector: { matchLabels: { app: at-peak } }
          template:
            metadata: { labels: { app: at-peak } }
            spec:
              containers:
                - name: web
                  image: web:1
                  ports:
                    - containerPort: 80
                      hostPort: 80 # <- 0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports; each Node has hostPort 80 once, 2 of them fit, and the maximum of HorizontalPodAutoscaler/at-peak is 3
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: at-peak, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: at-peak }
          maxReplicas: 3
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: far-from-its-volume, namespace: shop }
        spec:
          nodeSelector: { zone: a }
          containers: [{ name: web, image: "web:1" }]
          volumes:
            - name: data
              persistentVolumeClaim:
                claimName: local # <- 0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had volume node affinity conflict; PersistentVolume/local, which PersistentVolumeClaim/local is bound to, is on kubernetes.io/hostname=b alone
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: local, namespace: shop }
        spec:
          accessModes: [ReadWriteOnce]
          volumeName: local
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: local }
        spec:
          accessModes: [ReadWriteOnce]
          capacity: { storage: 1Gi }
          local: { path: /data }
          nodeAffinity:
            required:
              nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [b] }] }]
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop }
        spec:
          serviceName: db
          replicas: 2
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec:
              containers: [{ name: db, image: "postgres:17" }]
          volumeClaimTemplates:
            - metadata: { name: data } # <- 0/2 nodes are available: 2 node(s) had no available volume zone; PersistentVolume/zonal, which PersistentVolumeClaim/data-db-1 is bound to, is on topology.kubernetes.io/zone=fr-par-3 alone
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: zonal, labels: { topology.kubernetes.io/zone: fr-par-3 } }
        spec:
          accessModes: [ReadWriteOnce, ReadOnlyMany]
          capacity: { storage: 2Gi }
          claimRef: { namespace: shop, name: data-db-1 }
          csi: { driver: csi.scaleway.com, volumeHandle: one }
        status: { phase: Bound }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata:
          name: a
          labels: { zone: a, kubernetes.io/os: linux, kubernetes.io/hostname: a, topology.kubernetes.io/zone: fr-par-1 }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata:
          name: b
          labels: { zone: b, kubernetes.io/os: linux, kubernetes.io/hostname: b, topology.kubernetes.io/zone: fr-par-1 }
      `,
      {
        kubernetesVersion: '1.33',
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [pod.yaml] }], existing: [facts.yaml] } }\n',
          'pod.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: far-from-its-volume, namespace: shop }
            spec:
              containers: [{ name: web, image: "web:1" }]
              volumes:
                - name: data
                  persistentVolumeClaim:
                    claimName: local # <- 0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity; PersistentVolume/local, which PersistentVolumeClaim/local is bound to, is on kubernetes.io/hostname=b alone
          `,
          'facts.yaml': yaml`
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: { name: local, namespace: shop }
            spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata: { name: local }
            spec:
              accessModes: [ReadWriteOnce]
              capacity: { storage: 1Gi }
              claimRef: { namespace: shop, name: local }
              local: { path: /data }
              nodeAffinity:
                required:
                  nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [b] }] }]
            ---
            apiVersion: v1
            kind: Node
            metadata: { name: a, labels: { kubernetes.io/hostname: a } }
          `,
        },
      },
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: deces-backend }
        spec:
          selector: { matchLabels: { app: deces-backend } }
          template:
            metadata: { labels: { app: deces-backend } }
            spec:
              nodeSelector: { k8s.scaleway.com/pool-name: burst }
              tolerations: [{ key: burst, value: "true", effect: NoSchedule }]
              containers:
                - name: deces-backend
                  image: matchid/deces-backend:1.2.0
                  resources: { requests: { cpu: 2, memory: 4Gi } }
                  ports: [{ containerPort: 80, hostPort: 80 }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata:
          name: scw-burst-1
          labels: { kubernetes.io/os: linux, k8s.scaleway.com/pool-name: burst }
        spec: { taints: [{ key: burst, value: "true", effect: NoSchedule }] }
        status: { allocatable: { cpu: 2000m, memory: 4294967296, pods: "1" } }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: node-list-is-not-given }
        spec:
          nodeSelector: { pool: burst }
          containers: [{ name: web, image: "web:1" }]
      `,
      yaml`
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: agent }
        spec:
          selector: { matchLabels: { app: agent } }
          template:
            metadata: { labels: { app: agent } }
            spec:
              nodeSelector: { pool: burst }
              containers: [{ name: agent, image: "agent:1" }]
        ---
        apiVersion: v1
        kind: PodTemplate
        metadata: { name: template }
        template:
          spec:
            nodeSelector: { pool: burst }
            containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other-scheduler }
        spec:
          schedulerName: volcano
          nodeSelector: { pool: burst }
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: gated }
        spec:
          schedulingGates: [{ name: example.com/gate }]
          nodeSelector: { pool: burst }
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: queued, labels: { kueue.x-k8s.io/queue-name: batch } }
        spec:
          suspend: true
          template:
            spec:
              restartPolicy: Never
              nodeSelector: { pool: burst }
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in-later }
        spec:
          nodeSelector: { pool: "${'${POOL}'}" }
          containers: [{ name: web, image: "web:1", resources: { requests: { cpu: "${'${CPU}'}" } } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: one-term-is-enough }
        spec:
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms:
                  - matchExpressions: [{ key: pool, operator: In, values: [burst] }]
                  - matchExpressions:
                      - { key: pool, operator: In, values: [batch, default] }
                      - { key: pool, operator: NotIn, values: [burst] }
                      - { key: absent, operator: NotIn, values: [burst] }
                      - { key: pool, operator: Exists }
                      - { key: absent, operator: DoesNotExist }
                      - { key: generation, operator: Gt, values: ["3"] }
                      - { key: generation, operator: Lt, values: ["5"] }
                    matchFields: [{ key: metadata.name, operator: In, values: [worker-1] }]
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: only-preferred }
        spec:
          affinity:
            nodeAffinity:
              preferredDuringSchedulingIgnoredDuringExecution:
                - weight: 1
                  preference: { matchExpressions: [{ key: pool, operator: In, values: [burst] }] }
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: by-name }
        spec:
          nodeName: worker-1
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: device-plugin-to-come }
        spec:
          containers: [{ name: web, image: "web:1", resources: { limits: { nvidia.com/gpu: 1 } } }]
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: facts-are-not-judged }
        spec:
          nodeSelector: { pool: burst }
          containers: [{ name: web, image: "web:1" }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata:
          name: worker-1
          labels: { kubernetes.io/os: linux, pool: default, generation: "4" }
        status: { allocatable: { cpu: "4", memory: 8Gi, pods: "110" } }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: node-written-by-hand }
        spec:
          nodeSelector: { kubernetes.io/os: linux, topology.kubernetes.io/zone: fr-par-1 }
          tolerations: [{ key: dedicated, operator: Exists, effect: NoSchedule }]
          containers: [{ name: web, image: "web:1", resources: { requests: { cpu: 64 } } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: tolerant }
        spec:
          tolerations: [{ operator: Exists }]
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: tolerant-of-a-value }
        spec:
          tolerations: [{ key: dedicated, value: gpu }]
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: runtime-class }
        spec:
          runtimeClassName: nvidia
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: unknown-runtime-class }
        spec:
          runtimeClassName: kata
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: tolerations-of-the-namespace, namespace: gpu }
        spec:
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Namespace
        metadata:
          name: gpu
          annotations: { scheduler.alpha.kubernetes.io/defaultTolerations: '[{"key":"dedicated","operator":"Exists"}]' }
        ---
        # existing
        apiVersion: node.k8s.io/v1
        kind: RuntimeClass
        metadata: { name: nvidia }
        handler: nvidia
        scheduling: { tolerations: [{ key: dedicated, operator: Exists }] }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: gpu-1 }
        spec:
          taints:
            - { key: dedicated, value: gpu, effect: NoSchedule }
            - { key: spot, effect: PreferNoSchedule }
            - { key: node.kubernetes.io/not-ready, effect: NoExecute }
            - { key: ebs.csi.aws.com/agent-not-ready, effect: NoExecute }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: burst }
        spec:
          nodeSelector: { pool: burst }
          containers: [{ name: web, image: "web:1" }]
        ---
        # existing
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: cluster-autoscaler, namespace: kube-system }
        spec:
          selector: { matchLabels: { app: cluster-autoscaler } }
          template:
            metadata: { labels: { app: cluster-autoscaler } }
            spec:
              containers:
                - name: cluster-autoscaler
                  image: registry.k8s.io/autoscaling/cluster-autoscaler:v1.34.1
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: worker-1, labels: { kubernetes.io/os: linux } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: ingress }
        spec:
          replicas: 2
          selector: { matchLabels: { app: ingress } }
          template:
            metadata: { labels: { app: ingress } }
            spec:
              hostNetwork: true
              containers: [{ name: ingress, image: "traefik:v3.6.12", ports: [{ containerPort: 80 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: in-its-own-network }
        spec:
          replicas: 3
          selector: { matchLabels: { app: in-its-own-network } }
          template:
            metadata: { labels: { app: in-its-own-network } }
            spec:
              containers: [{ name: web, image: "web:1", ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 0 }] }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: scaled }
        spec:
          replicas: 3
          selector: { matchLabels: { app: scaled } }
          template:
            metadata: { labels: { app: scaled } }
            spec:
              containers: [{ name: scaled, image: "web:1", ports: [{ containerPort: 80, hostPort: 81 }] }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: scaled }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: scaled }
          maxReplicas: 2
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: scaled-by-keda }
        spec:
          selector: { matchLabels: { app: scaled-by-keda } }
          template:
            metadata: { labels: { app: scaled-by-keda } }
            spec:
              containers: [{ name: scaled, image: "web:1", ports: [{ containerPort: 80, hostPort: 82 }] }]
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: { name: scaled-by-keda }
        spec:
          scaleTargetRef: { name: scaled-by-keda }
          minReplicaCount: 1
          triggers: [{ type: cron, metadata: { timezone: UTC, start: 0 6 * * *, end: 0 20 * * *, desiredReplicas: "2" } }]
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
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: spread, namespace: shop }
        spec:
          replicas: 3
          selector: { matchLabels: { app: spread } }
          template:
            metadata: { labels: { app: spread } }
            spec:
              affinity:
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    - { labelSelector: { matchLabels: { app: other } }, topologyKey: kubernetes.io/hostname }
                    - { labelSelector: { matchLabels: { app: spread } }, topologyKey: example.com/rack }
                    - { labelSelector: { matchLabels: { app: spread } }, topologyKey: kubernetes.io/hostname, namespaces: [blog] }
                    - labelSelector: { matchLabels: { app: spread } }
                      topologyKey: kubernetes.io/hostname
                      namespaceSelector: { matchLabels: { team: blog } }
                    - labelSelector: { matchLabels: { app: spread } }
                      topologyKey: kubernetes.io/hostname
                      mismatchLabelKeys: [app]
                    - { topologyKey: kubernetes.io/hostname }
                  preferredDuringSchedulingIgnoredDuringExecution:
                    - weight: 100
                      podAffinityTerm: { labelSelector: { matchLabels: { app: spread } }, topologyKey: kubernetes.io/hostname }
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: one-each, namespace: shop }
        spec:
          replicas: 2
          selector: { matchLabels: { app: one-each } }
          template:
            metadata: { labels: { app: one-each } }
            spec:
              affinity:
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    - { labelSelector: { matchLabels: { app: one-each } }, topologyKey: kubernetes.io/hostname }
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: volumes, namespace: shop }
        spec:
          containers: [{ name: web, image: "web:1" }]
          volumes:
            - { name: here, persistentVolumeClaim: { claimName: here } }
            - { name: unbound, persistentVolumeClaim: { claimName: unbound } }
            - { name: too-large, persistentVolumeClaim: { claimName: too-large } }
            - { name: of-another, persistentVolumeClaim: { claimName: of-another } }
            - { name: released, persistentVolumeClaim: { claimName: released } }
            - { name: driver, persistentVolumeClaim: { claimName: driver } }
            - { name: other-mode, persistentVolumeClaim: { claimName: other-mode } }
            - { name: unknown, persistentVolumeClaim: { claimName: unknown } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: here, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], volumeName: here, resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: unbound, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: too-large, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], volumeName: elsewhere, resources: { requests: { storage: 2Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: other-mode, namespace: shop }
        spec: { accessModes: [ReadWriteMany], volumeName: elsewhere, resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: of-another, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], volumeName: of-another, resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: released, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: driver, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], volumeName: driver, resources: { requests: { storage: 1Gi } } }
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: here, labels: { topology.kubernetes.io/zone: fr-par-1__fr-par-2, failure-domain.beta.kubernetes.io/region: fr-par } }
        spec:
          accessModes: [ReadWriteOnce]
          capacity: { storage: 1Gi }
          nodeAffinity:
            required:
              nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [a] }] }]
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: elsewhere, labels: { topology.kubernetes.io/zone: nl-ams-1 } }
        spec: { accessModes: [ReadWriteOnce], capacity: { storage: 1Gi } }
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: of-another, labels: { topology.kubernetes.io/zone: nl-ams-1 } }
        spec: { accessModes: [ReadWriteOnce], capacity: { storage: 1Gi }, claimRef: { namespace: blog, name: of-another } }
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: released, labels: { topology.kubernetes.io/zone: nl-ams-1 } }
        spec: { accessModes: [ReadWriteOnce], capacity: { storage: 1Gi }, claimRef: { namespace: shop, name: released } }
        status: { phase: Released }
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: driver }
        spec:
          accessModes: [ReadWriteOnce]
          capacity: { storage: 1Gi }
          nodeAffinity:
            required:
              nodeSelectorTerms: [{ matchExpressions: [{ key: topology.ebs.csi.aws.com/zone, operator: In, values: [eu-west-1a] }] }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: a, labels: { kubernetes.io/hostname: a, topology.kubernetes.io/zone: fr-par-1, topology.kubernetes.io/region: fr-par } }
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: without-zone, labels: { kubernetes.io/hostname: without-zone } }
      `,
    ],
  },
  *check(cluster) {
    const known = cluster.knows('', 'Node');
    const candidates = cluster.workloads.flatMap((workload) => {
      const needs = isScheduled(workload) && (known || mayChoose(workload)) ? podNeeds(workload, cluster) : undefined;
      return needs === undefined ? [] : [{ workload, needs }];
    });
    if (!known) {
      const count = candidates.filter(({ needs }) => choosesNodes(needs)).length;
      const what = `whether any Node takes the pods of ${count} workload${count === 1 ? ' that chooses its' : 's that choose their'} Nodes`;
      if (count > 0) yield { unchecked: what, reason: 'no Node is known: list the Nodes under existing' };
      return;
    }
    const nodes = nodesOf(cluster);
    if (nodes === undefined || nodes.length === 0) return;
    for (const { workload, needs } of candidates) {
      const finding = judge(workload, needs, nodes, cluster);
      if (finding === undefined) continue;
      const maker = nodeMaker(cluster);
      if (maker !== undefined) {
        const reason = `no Node takes its pods now, but ${maker} may add Nodes`;
        yield {
          unchecked: `whether a Node takes the pods of ${workload.resource}`,
          reason,
          resource: workload.resource,
        };
        continue;
      }
      const later = postponed(workload);
      yield {
        ...finding,
        resource: workload.resource,
        message: later === undefined ? finding.message : `${finding.message}; ${later}`,
        ...(later === undefined ? {} : { severity: 'warning' }),
      };
    }
  },
} satisfies Rule;

function judge(
  workload: Workload,
  needs: PodNeeds,
  nodes: readonly NodeFacts[],
  cluster: Cluster,
): Omit<Finding, 'resource'> | undefined {
  if (needs.nodeName !== undefined) return namedNode(workload, needs, nodes);
  const judged = (node: NodeFacts) => judgeNode(node, needs, nodes, cluster.kubernetesVersion);
  if (!nodes.some((node) => judged(node).rejections.length === 0)) return unfit(workload, needs, nodes.map(judged));
  const { minimum = 0, maximum = 0 } = scalingOf(cluster, workload);
  const why = Math.max(minimum, maximum) > 1 ? apart(workload, needs) : undefined;
  const crowd = why && crowded(workload, needs, why, nodes.map(judged), cluster);
  return crowd ?? judgeOrdinals(workload, needs, nodes, cluster);
}

/** The first pod of a StatefulSet that no Node takes for where its own volumes are. */
function judgeOrdinals(
  workload: Workload,
  needs: PodNeeds,
  nodes: readonly NodeFacts[],
  cluster: Cluster,
): Omit<Finding, 'resource'> | undefined {
  for (const volumes of volumesByOrdinal(cluster, workload)) {
    if (volumes.length === 0) continue;
    const own = { ...needs, volumes: [...needs.volumes, ...volumes] };
    const verdicts = nodes.map((node) => judgeNode(node, own, nodes, cluster.kubernetesVersion));
    if (verdicts.every(({ rejections }) => rejections.length > 0)) return unfit(workload, own, verdicts);
  }
  return undefined;
}

function unfit(workload: Workload, needs: PodNeeds, verdicts: readonly Verdict[]): Omit<Finding, 'resource'> {
  const { path, text, related } = nearMiss(verdicts, needs, workload.path);
  return { path, message: `${schedulerMessage(verdicts, needs.affinity)}; ${text}`, related };
}
