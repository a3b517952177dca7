import { contested } from '../../cluster/contested.ts';
import { moreLimitRanges } from '../../cluster/quota/limit-ranges.ts';
import {
  hasPodLevelResources,
  matchesScopes,
  missingResources,
  ownContainers,
  type Quota,
  quotasByScope,
  requiredResources,
  workloadsByScope,
} from '../../cluster/quota/quota.ts';
import { postponed } from '../../cluster/scheduling/postponed.ts';
import { isSizedVertically, podMutator } from '../../cluster/security/pod-mutators.ts';
import type { Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Path, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'quota-needs-resources',
  severity: 'error',
  docs: {
    summary: 'Where a ResourceQuota counts cpu or memory, every container must say how much it needs.',
    incident:
      'OLI, plan for preview environments, phases 3 and 4: every namespace of a pull request gets a ResourceQuota, so the chart must ' +
      'give Postgres, MinIO and the Jobs that set them up requests and limits. One container that is forgotten, an init container ' +
      'too, and the quota refuses the pod: the Job or ReplicaSet is there, its pods never come, and only its events say why.',
    symptoms: [
      'failed quota: compute: must specify limits.cpu for: web; limits.memory for: web',
      'Error creating: pods "web-5d6c7b8f9-" is forbidden: failed quota: compute: must specify limits.cpu',
      'is forbidden: failed quota:',
    ],
    fix:
      'Give the container requests and limits for what the quota names, init containers included. Or put a LimitRange with default ' +
      'and defaultRequest into the namespace: it fills in what containers leave out.',
    facts: [
      'ResourceQuota and LimitRange of the namespace, rendered or under existing.',
      'After defaulting: requests from limits, then what LimitRanges fill in. Without LimitRanges under existing, an environment that is ' +
        'not described may have one: a warning. So is a quota in another plain file.',
    ],
    silent: [
      'Quotas whose scopes do not match the pod, or may not: PriorityClass of a pod that gets the default one',
      'Quotas on ephemeral-storage, hugepages, devices or counts: containers may leave those out',
      'Pods that say what they need as a whole (spec.resources); Services of Knative, which has defaults of its own',
      'A LimitRange of an unset namespace of another target, one that cannot be read, a target that did not render',
      'Where Kyverno, Gatekeeper, a mutating admission policy or a VerticalPodAutoscaler may fill in resources',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/policy/resource-quotas/',
      'https://kubernetes.io/docs/concepts/policy/limit-range/',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/quota/v1/evaluator/core/pods.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: pr-7 }
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute, namespace: pr-7 }
        spec:
          hard: { requests.cpu: "2", limits.cpu: "4", limits.memory: 4Gi, pods: "10" }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: bucket, namespace: pr-7 }
        spec:
          template:
            spec:
              restartPolicy: Never
              initContainers:
                - name: wait # <- failed quota: compute: must specify limits.cpu for: make,wait; limits.memory for: wait; requests.cpu for: wait: no pod of Job/bucket is created
                  image: busybox:1.37
              containers:
                - name: make
                  image: minio/mc:RELEASE.2025-08-13T08-35-41Z
                  resources:
                    requests: { cpu: 100m }
                    limits: { memory: 64Mi }
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: services }
        spec:
          hard: { memory: 4Gi }
          scopes: [NotTerminating]
          scopeSelector: { matchExpressions: [{ scopeName: NotBestEffort, operator: Exists }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers:
            - { name: web, image: "web:1", resources: { requests: { memory: 1Gi } } }
            - name: sidecar
              image: web:1
              resources: # <- failed quota: services: must specify memory for: sidecar: Pod/web is refused; unless a LimitRange that is not rendered here sets defaults
                requests: { cpu: 100m }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: prod }
        spec:
          replicas: 0
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              priorityClassName: high
              containers:
                - name: web # <- failed quota: high: must specify requests.cpu for: web: no pod of Deployment/web is created; replicas is 0: it bites at the first scale-up
                  image: web:1
        ---
        # existing
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: high, namespace: prod }
        spec:
          hard: { requests.cpu: "4" }
          scopeSelector: { matchExpressions: [{ scopeName: PriorityClass, operator: In, values: [high] }] }
        ---
        # existing
        apiVersion: v1
        kind: LimitRange
        metadata: { name: memory-only, namespace: prod }
        spec: { limits: [{ type: Container, default: { memory: 1Gi } }, { type: Pod, max: { cpu: "2" } }] }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute }
        spec:
          hard: { requests.cpu: "2", limits.cpu: "4", requests.memory: 2Gi, limits.memory: 4Gi }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: requests-default-to-limits }
        spec:
          containers:
            - { name: web, image: "web:1", resources: { limits: { cpu: 1, memory: 1Gi } } }
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute, namespace: pr-7 }
        spec:
          hard: { requests.cpu: "2", limits.cpu: "4", requests.memory: 2Gi, limits.memory: 4Gi }
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: defaults, namespace: pr-7 }
        spec:
          limits:
            - type: Container
              default: { cpu: 500m }
              max: { memory: 1Gi }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: defaulted, namespace: pr-7 }
        spec:
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other-namespace, namespace: pr-8 }
        spec:
          containers: [{ name: web, image: "web:1" }]
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: refused-since-best-effort-has-no-cpu }
        spec: { hard: { requests.cpu: "2" }, scopes: [BestEffort] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: best-effort }
        spec:
          containers: [{ name: web, image: "web:1" }]
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: counts-only }
        spec:
          hard: { pods: "4", requests.ephemeral-storage: 4Gi, requests.nvidia.com/gpu: "1" }
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: jobs }
        spec:
          hard: { requests.cpu: "2" }
          scopes: [Terminating]
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: low }
        spec:
          hard: { requests.cpu: "2" }
          scopeSelector: { matchExpressions: [{ scopeName: PriorityClass, operator: In, values: [low] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: plain }
        spec:
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other-class }
        spec:
          priorityClassName: high
          containers: [{ name: web, image: "web:1" }]
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute }
        spec:
          hard: { requests.cpu: "2" }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: as-a-whole }
        spec:
          resources: { requests: { cpu: 1 } }
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in-later }
        spec:
          containers: [{ name: web, image: "web:1", resources: { requests: { cpu: "${'${CPU}'}" } } }]
        ---
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata: { name: defaulted-by-knative }
        spec:
          template:
            spec:
              containers: [{ image: "web:1" }]
        ---
        apiVersion: v1
        kind: PodTemplate
        metadata: { name: makes-no-pods }
        template:
          spec:
            containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: sized }
        spec:
          selector: { matchLabels: { app: sized } }
          template:
            metadata: { labels: { app: sized } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling.k8s.io/v1
        kind: VerticalPodAutoscaler
        metadata: { name: sized }
        spec: { targetRef: { apiVersion: apps/v1, kind: Deployment, name: sized } }
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: facts-are-not-judged }
        spec:
          containers: [{ name: web, image: "web:1" }]
      `,
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: compute }
        spec:
          hard: { requests.cpu: "2" }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in }
        spec:
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: mutations.gatekeeper.sh/v1
        kind: Assign
        metadata: { name: default-cpu }
        spec: { location: "spec.containers[name:*].resources.requests.cpu" }
      `,
      {
        files: {
          'k8s-lint.yaml': yaml`
            environments:
              prod:
                targets:
                  - { manifests: [app.yaml] }
                  - { manifests: [limits.yaml] }
          `,
          'app.yaml': yaml`
            apiVersion: v1
            kind: ResourceQuota
            metadata: { name: compute, namespace: pr-7 }
            spec:
              hard: { requests.cpu: "2" }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: limit-range-of-an-unset-namespace, namespace: pr-7 }
            spec:
              containers: [{ name: web, image: "web:1" }]
          `,
          'limits.yaml': yaml`
            apiVersion: v1
            kind: LimitRange
            metadata: { name: defaults }
            spec: { limits: [{ type: Container, default: { cpu: 500m } }] }
          `,
        },
      },
      {
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [a.yaml] }, { manifests: [b.yaml] }] } }\n',
          'a.yaml': yaml`
            apiVersion: v1
            kind: ResourceQuota
            metadata: { name: q, namespace: app }
            spec: { hard: { cpu: 1 } }
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
            spec: { hard: { pods: 4 } }
          `,
        },
      },
    ],
  },
  *check(cluster) {
    for (const [scope, quotas] of quotasByScope(cluster)) {
      const strict = quotas.filter(
        (quota) => requiredResources(quota).length > 0 && !contested(cluster, quota.resource),
      );
      const more = strict.length === 0 ? 'unknown' : moreLimitRanges(cluster, scope);
      if (more === 'unknown') continue;
      for (const workload of workloadsByScope(cluster).get(scope) ?? []) {
        if (workload.resource.existing) continue;
        for (const quota of strict) {
          const finding = judge(cluster, workload, quota);
          if (finding === undefined) continue;
          const later = postponed(workload);
          const reasons = [
            ...(more === 'no' ? [] : ['unless a LimitRange that is not rendered here sets defaults']),
            ...(later === undefined ? [] : [later]),
          ];
          yield {
            ...finding,
            message: [finding.message, ...reasons].join('; '),
            ...(reasons.length === 0 && cluster.together(quota.resource, workload.resource)
              ? {}
              : { severity: 'warning' }),
          };
        }
      }
    }
  },
} satisfies Rule;

function judge(cluster: Cluster, workload: Workload, quota: Quota): Finding | undefined {
  const { resource } = workload;
  const missing = new Map<string, string[]>();
  const places: { path: Path; names: string[]; container: string }[] = [];
  for (const own of ownContainers(workload)) {
    const names = missingResources(cluster, workload, own, requiredResources(quota));
    if (names.length === 0) continue;
    const container = String(own.container.name);
    const path = own.container.resources ? [...own.path, 'resources'] : own.path;
    places.push({ path, names, container });
    for (const name of names) missing.set(name, [...(missing.get(name) ?? []), container]);
  }
  const [first, ...others] = places;
  if (first === undefined || hasPodLevelResources(workload) || matchesScopes(cluster, quota, workload) !== true)
    return undefined;
  if (podMutator(cluster) !== undefined || isSizedVertically(cluster, workload)) return undefined;
  const list = [...missing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, by]) => `${name} for: ${[...by].sort().join(',')}`);
  const outcome = resource.kind === 'Pod' ? `${resource} is refused` : `no pod of ${resource} is created`;
  return {
    resource,
    path: first.path,
    message: `failed quota: ${quota.resource.name}: must specify ${list.join('; ')}: ${outcome}`,
    related: [
      {
        message: `${quota.resource} counts ${[...missing.keys()].sort().join(', ')}`,
        resource: quota.resource,
        path: ['spec', 'hard'],
      },
      ...others.map(({ path, names, container }) => ({
        message: `container ${container} lacks ${names.join(', ')}`,
        resource,
        path,
      })),
    ],
  };
}
