import { contested } from '../../cluster/contested.ts';
import { showQuantity } from '../../cluster/quota/quantity.ts';
import { type Quota, quotasByScope, workloadsByScope } from '../../cluster/quota/quota.ts';
import { exceeded, isActive, type Share, sharesOf, sumOf } from '../../cluster/quota/quota-sums.ts';
import { podMutator } from '../../cluster/security/pod-mutators.ts';
import { rolloutOf } from '../../cluster/workload/rollouts.ts';
import { valueAt } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Path, type Related, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'quota-exceeded',
  severity: 'error',
  docs: {
    summary:
      'The pods of a namespace must fit into its ResourceQuota: at the replicas rendered, during a rollout, at the maximum of autoscalers.',
    incident:
      'OLI, plan for preview environments, phases 3 to 6: the quota of a pull request has to hold the application, its stores, the ' +
      'Jobs that set them up, and the pod that a rolling update starts first; it is to be adjusted after watching the first ones. ' +
      'What does not fit is never created: the Deployment has fewer pods than replicas, and only the events of its ReplicaSet say why.',
    symptoms: [
      'exceeded quota: compute, requested: requests.cpu=500m, used: requests.cpu=1900m, limited: requests.cpu=2',
      'is forbidden: exceeded quota: compute',
      'Error creating: pods "web-5d6c7b8f9-" is forbidden: exceeded quota:',
      'is forbidden: exceeded quota: pods, requested: pods=1, used: pods=10, limited: pods=10',
    ],
    fix:
      'Raise the hard limit, or ask for less. Leave room for one more pod of each Deployment that rolls with maxUnavailable 0 (the ' +
      'default rounds down to that below 4 replicas), for Jobs, and for what autoscalers add.',
    facts: [
      'ResourceQuota of the namespace with its scopes, rendered or under existing; the pods that are rendered there, after defaulting by ' +
        'LimitRanges; the overhead of their RuntimeClass.',
      'Errors at the replicas rendered (of an autoscaler: its minimum). Warnings for the pod more of a rolling update, for Jobs beside ' +
        'all that runs, for autoscalers at their maximum, and for what only lies in plain files side by side.',
    ],
    silent: [
      'Hooks; DaemonSets, of which there are as many as Nodes; workloads that exist already',
      'A rolling update that may stop a pod first: it goes on, more slowly',
      'Quotas whose scopes do not match the pods, or may not',
      'Where Kyverno, Gatekeeper or a mutating admission policy may change resources; pods that a VerticalPodAutoscaler sizes',
      'Amounts that are filled in later count as none',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/policy/resource-quotas/',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/quota/v1/evaluator/core/pods.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute, namespace: pr-7 }
        spec:
          hard:
            requests.cpu: "2" # <- exceeded quota: compute, needed: requests.cpu=2100m, limited: requests.cpu=2: some pods of the namespace are never created
            limits.memory: 8Gi
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: pr-7 }
        spec:
          replicas: 3
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - { name: web, image: "web:1", resources: { requests: { cpu: 0.6 }, limits: { memory: 1Gi } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: debug, namespace: pr-7 }
        spec:
          containers:
            - { name: debug, image: "busybox:1.37", resources: { requests: { cpu: 300m }, limits: { memory: 1Gi } } }
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute, namespace: pr-7 }
        spec:
          hard: { requests.cpu: "2", requests.memory: 8Gi, pods: "4" }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: pr-7 }
        spec:
          replicas: 3
          selector: { matchLabels: { app: web } }
          strategy: # <- exceeded quota: compute, needed: pods=5,requests.cpu=2250m, limited: pods=4,requests.cpu=2: a rolling update of Deployment/web starts a pod before it may stop one, and never gets it
            rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - { name: web, image: "web:1", resources: { requests: { cpu: 500m } } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: small, namespace: pr-7 }
        spec:
          strategy: { type: Recreate }
          selector: { matchLabels: { app: small } }
          template:
            metadata: { labels: { app: small } }
            spec:
              containers:
                - { name: small, image: "web:1", resources: { requests: { cpu: 250m } } }
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: { name: dump, namespace: pr-7 }
        spec:
          schedule: "0 3 * * *"
          jobTemplate:
            spec:
              template:
                spec: # <- exceeded quota: compute, needed: pods=5, limited: pods=4: the pods of CronJob/dump are not created while all the rest runs
                  restartPolicy: Never
                  containers:
                    - { name: dump, image: "postgres:16" }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: prod }
        spec:
          strategy: { type: Recreate }
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - { name: web, image: "web:1", resources: { limits: { memory: 1Gi } } }
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: web, namespace: prod }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          minReplicas: 2
          maxReplicas: 9 # <- exceeded quota: memory, needed: limits.memory=9Gi,memory=9Gi, limited: limits.memory=8Gi,memory=8Gi when autoscalers reach their maximum: some pods are never created
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: gpu, namespace: prod }
        spec:
          serviceName: gpu
          replicas: 2
          selector: { matchLabels: { app: gpu } }
          template:
            metadata: { labels: { app: gpu } }
            spec:
              runtimeClassName: kata
              containers:
                - name: gpu
                  image: gpu:1
                  resources:
                    limits:
                      nvidia.com/gpu: 1 # <- exceeded quota: gpu, needed: requests.nvidia.com/gpu=2, limited: requests.nvidia.com/gpu=1: some pods of the namespace are never created
        ---
        # existing
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: memory, namespace: prod }
        spec:
          hard: { memory: 8Gi, limits.memory: 8Gi, requests.cpu: 100m }
        ---
        # existing
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: gpu, namespace: prod }
        spec:
          hard: { requests.nvidia.com/gpu: "1" }
        ---
        # existing
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: overhead, namespace: prod }
        spec:
          hard: { cpu: 500m }
        ---
        # existing
        apiVersion: node.k8s.io/v1
        kind: RuntimeClass
        metadata: { name: kata }
        handler: kata
        overhead: { podFixed: { cpu: 50m } }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute }
        spec:
          hard: { requests.cpu: "2", pods: "10" }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          replicas: 3
          strategy: { type: Recreate }
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - { name: web, image: "web:1", resources: { requests: { cpu: 0.5 } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: exactly-the-rest }
        spec:
          containers:
            - { name: debug, image: "busybox:1.37", resources: { requests: { cpu: 500m } } }
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: refused-since-negative }
        spec: { hard: { requests.cpu: 1, requests.memory: -1 } }
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: refused-since-half-a-pod }
        spec: { hard: { requests.cpu: 1e0, pods: 500m } }
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: refused-since-storage-is-no-pods }
        spec: { hard: { requests.cpu: 1, requests.storage: 1Gi }, scopes: [NotTerminating] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers:
            - { name: web, image: "web:1", resources: { requests: { cpu: 2 } } }
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute }
        spec:
          hard: { requests.cpu: "2", pods: "5" }
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: jobs }
        spec:
          hard: { pods: "0" }
          scopes: [Terminating]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: may-stop-a-pod-first }
        spec:
          replicas: 4
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - { name: web, image: "web:1", resources: { requests: { cpu: 0.5 } } }
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: one-on-each-node }
        spec:
          selector: { matchLabels: { app: agent } }
          template:
            metadata: { labels: { app: agent } }
            spec:
              containers:
                - { name: agent, image: "agent:1", resources: { requests: { cpu: 4 } } }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: suspended }
        spec:
          suspend: true
          template:
            spec:
              restartPolicy: Never
              containers:
                - { name: job, image: "job:1", resources: { requests: { cpu: 4 } } }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: hook, annotations: { helm.sh/hook: pre-upgrade } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - { name: job, image: "job:1", resources: { requests: { cpu: 4 } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other-namespace, namespace: elsewhere }
        spec:
          containers:
            - { name: web, image: "web:1", resources: { requests: { cpu: 4 } } }
        ---
        # existing
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: there-already }
        spec:
          replicas: 8
          selector: { matchLabels: { app: there } }
          template:
            metadata: { labels: { app: there } }
            spec:
              containers:
                - { name: web, image: "web:1", resources: { requests: { cpu: 4 } } }
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute }
        spec:
          hard: { requests.cpu: "${'${CPU}'}", requests.memory: 1Gi }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in-later }
        spec:
          containers:
            - { name: web, image: "web:1", resources: { requests: { cpu: 64, memory: "${'${MEMORY}'}" } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: sized }
        spec:
          serviceName: sized
          selector: { matchLabels: { app: sized } }
          template:
            metadata: { labels: { app: sized } }
            spec:
              containers:
                - { name: web, image: "web:1", resources: { requests: { memory: 4Gi } } }
        ---
        apiVersion: autoscaling.k8s.io/v1
        kind: VerticalPodAutoscaler
        metadata: { name: sized }
        spec: { targetRef: { apiVersion: apps/v1, kind: StatefulSet, name: sized } }
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute }
        spec:
          hard: { requests.cpu: "1" }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: changed-on-the-way }
        spec:
          containers:
            - { name: web, image: "web:1", resources: { requests: { cpu: 2 } } }
        ---
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata: { name: cap }
        spec: { rules: [{ name: cap, mutate: {} }] }
      `,
      {
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [a.yaml] }, { manifests: [b.yaml] }] } }\n',
          'a.yaml': yaml`
            apiVersion: v1
            kind: ResourceQuota
            metadata: { name: q, namespace: app }
            spec: { hard: { memory: 1Gi } }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: judged-by-one-of-two, namespace: app }
            spec:
              hostNetwork: true
              containers: [{ name: web, image: "web:1", resources: { requests: { memory: 4Gi } } }]
          `,
          'b.yaml': yaml`
            apiVersion: v1
            kind: ResourceQuota
            metadata: { name: q, namespace: app }
            spec: { hard: { memory: 8Gi } }
          `,
        },
      },
    ],
  },
  *check(cluster) {
    for (const [scope, quotas] of quotasByScope(cluster)) {
      const workloads = workloadsByScope(cluster).get(scope) ?? [];
      if (workloads.length === 0 || podMutator(cluster) !== undefined) continue;
      for (const quota of quotas) {
        if (!contested(cluster, quota.resource)) yield* judge(cluster, quota, sharesOf(cluster, quota, workloads));
      }
    }
  },
} satisfies Rule;

function* judge(cluster: Cluster, quota: Quota, shares: readonly Share[]): Generator<Finding> {
  const now = sumOf(shares, ({ least }) => least);
  const over = exceeded(quota, now);
  if (over.length > 0) {
    const place = placeOf(quota, shares, over);
    if (place === undefined) return;
    const message = `${describe(quota, over, now)}: some pods of the namespace are never created`;
    const related = contributions(shares, over, ({ least }) => least);
    const sure = shares.filter(({ workload }) => cluster.together(quota.resource, workload.resource));
    const isSure =
      exceeded(
        quota,
        sumOf(sure, ({ least }) => least),
      ).length > 0;
    yield { ...place, message, related, ...(isSure ? {} : { severity: 'warning' }) };
    return;
  }
  for (const share of shares) {
    if (share.surges) yield* oneMore(quota, share, now, 'rollout');
    else if (share.isTransient && isActive(share)) yield* oneMore(quota, share, now, 'job');
  }
  yield* atMaximum(quota, shares);
}

/** The finding on a workload of which one pod more doesn't fit. */
function* oneMore(
  quota: Quota,
  share: Share,
  now: ReadonlyMap<string, bigint>,
  why: 'rollout' | 'job',
): Generator<Finding> {
  const { resource } = share.workload;
  const needed = new Map([...share.usage].map(([name, { amount }]) => [name, (now.get(name) ?? 0n) + amount]));
  const over = exceeded(quota, needed).filter((name) => (share.usage.get(name)?.amount ?? 0n) > 0n);
  const [first] = over;
  if (first === undefined) return;
  const path = share.usage.get(first)?.path ?? share.workload.path;
  const place: Path = why === 'rollout' ? (rolloutOf(share.workload, share.least)?.path ?? path) : path;
  const consequence =
    why === 'rollout'
      ? `a rolling update of ${resource} starts a pod before it may stop one, and never gets it`
      : `the pods of ${resource} are not created while all the rest runs`;
  yield {
    resource,
    path: place,
    message: `${describe(quota, over, needed)}: ${consequence}`,
    severity: 'warning',
    related: [hardLimit(quota, first)],
  };
}

function* atMaximum(quota: Quota, shares: readonly Share[]): Generator<Finding> {
  const sums = sumOf(shares, ({ most }) => most);
  const over = exceeded(quota, sums);
  const [first] = over;
  if (first === undefined) return;
  const growth = ({ usage, most, least }: Share) => (usage.get(first)?.amount ?? 0n) * BigInt(most - least);
  const [largest] = shares.filter((share) => growth(share) > 0n).sort((a, b) => (growth(a) < growth(b) ? 1 : -1));
  if (largest?.autoscaler === undefined) return;
  const { autoscaler, workload } = largest;
  const written = ['spec', autoscaler.group === 'keda.sh' ? 'maxReplicaCount' : 'maxReplicas'];
  const at = valueAt(autoscaler.object, written) === undefined ? ['spec'] : written;
  yield {
    ...(autoscaler.existing
      ? { resource: workload.resource, path: workload.path }
      : { resource: autoscaler, path: at }),
    message: `${describe(quota, over, sums)} when autoscalers reach their maximum: some pods are never created`,
    severity: 'warning',
    related: [hardLimit(quota, first), ...contributions(shares, over, ({ most }) => most)],
  };
}

/** `exceeded quota: compute, needed: pods=11, limited: pods=10`, close to the words of the admission plugin. */
function describe({ resource, hard }: Quota, over: readonly string[], needed: ReadonlyMap<string, bigint>): string {
  const need = over.map((name) => `${name}=${showQuantity(needed.get(name) ?? 0n)}`);
  const limits = over.map((name) => {
    const limit = hard.get(name);
    return `${name}=${limit === undefined || limit === 'unknown' ? '' : limit.text}`;
  });
  return `exceeded quota: ${resource.name}, needed: ${need.join(',')}, limited: ${limits.join(',')}`;
}

/** The hard limit where it is rendered, else what asks for most of it. */
function placeOf(
  quota: Quota,
  shares: readonly Share[],
  over: readonly string[],
): { resource: Resource; path: Path } | undefined {
  const [first = ''] = over;
  if (!quota.resource.existing) return { resource: quota.resource, path: ['spec', 'hard', first] };
  const needs = ({ usage, least }: Share) => (usage.get(first)?.amount ?? 0n) * BigInt(least);
  const [largest] = [...shares].sort((a, b) => (needs(a) < needs(b) ? 1 : -1));
  if (largest === undefined) return undefined;
  const path = largest.usage.get(first)?.path ?? largest.workload.path;
  return { resource: largest.workload.resource, path };
}

function hardLimit({ resource, hard }: Quota, name: string): Related {
  const limit = hard.get(name);
  const path = limit === undefined || limit === 'unknown' ? ['spec', 'hard'] : limit.path;
  return { message: `${resource} limits ${name}`, resource, path };
}

const MOST_RELATED = 5;

/** What needs most of what is exceeded, the largest first. */
function contributions(shares: readonly Share[], over: readonly string[], count: (share: Share) => number): Related[] {
  const [first = ''] = over;
  return shares
    .flatMap((share) => {
      const request = share.usage.get(first);
      const pods = count(share);
      return request === undefined || pods === 0 ? [] : [{ share, request, pods }];
    })
    .sort((a, b) => (a.request.amount * BigInt(a.pods) < b.request.amount * BigInt(b.pods) ? 1 : -1))
    .slice(0, MOST_RELATED)
    .map(({ share: { workload }, request, pods }) => ({
      message: `${workload.resource} needs ${pods} × ${first} ${showQuantity(request.amount)}`,
      resource: workload.resource,
      path: request.path,
    }));
}
