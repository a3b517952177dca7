import { contested } from '../../cluster/contested.ts';
import {
  allLimitRanges,
  type EffectiveResources,
  effectiveResources,
  effectiveTotals,
  type LimitRangeFacts,
  type LimitViolation,
  limitRangesByScope,
  moreLimitRanges,
  readAmounts,
  violationsOf,
} from '../../cluster/quota/limit-ranges.ts';
import {
  type Claim,
  claimsByScope,
  hasPodLevelResources,
  ownContainers,
  workloadsByScope,
} from '../../cluster/quota/quota.ts';
import { postponed } from '../../cluster/scheduling/postponed.ts';
import { podMutator } from '../../cluster/security/pod-mutators.ts';
import { asList, asMap, valueAt, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Path, type Related, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'limit-range-violated',
  severity: 'error',
  docs: {
    summary:
      'Containers and claims must stay within what the LimitRanges of their namespace allow, and those must allow something.',
    incident:
      'OLI, plan for preview environments, phase 3: a LimitRange keeps the containers of every pull request small. A chart whose ' +
      'limits fit production is refused there: the Deployment is accepted, its pods are not, and the rollout waits until it times out.',
    symptoms: [
      'is forbidden: maximum cpu usage per Container is 2, but limit is 4',
      'is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
      'is forbidden: minimum cpu usage per Container is 100m, but request is 50m',
      'cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000',
      'maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 50Gi',
      'must be less than or equal to cpu limit of 500m',
      'The LimitRange "small" is invalid: spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[1].type: Duplicate value: "Container"',
    ],
    fix:
      'Bring the request or limit within the bounds, or raise them in the LimitRange. A container with a request above the default ' +
      'limit needs a limit of its own.',
    facts: [
      'LimitRange of the namespace, rendered or under existing: items of type Container, Pod and PersistentVolumeClaim.',
      'After defaulting: requests from limits; default from max, defaultRequest from default, then from min.',
      'Warnings where LimitRange and pod are only plain files side by side, which may be alternatives.',
    ],
    silent: [
      'Amounts that two LimitRanges would fill in differently: nobody knows which of them does',
      'What is missing or defaulted, where more LimitRanges may be than are known: in an environment that nobody describes a warning',
      'Pods that say what they need as a whole (spec.resources), for items of type Pod',
      'Where Kyverno, Gatekeeper or a mutating admission policy may change resources',
      'Values that are filled in later',
      'Containers in a namespace whose LimitRange contradicts itself: nobody knows what it will say',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/policy/limit-range/',
      'https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/limitranger/admission.go',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: LimitRange
        metadata: { name: small, namespace: pr-7 }
        spec:
          limits:
            - type: Container
              max: { cpu: "2", memory: 1Gi }
              min: { cpu: 50m }
              maxLimitRequestRatio: { cpu: "4" }
            - type: PersistentVolumeClaim
              max: { storage: 10Gi }
              min: { storage: 1Gi }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: pr-7 }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              initContainers:
                - name: migrate
                  image: web:1
                  resources:
                    requests:
                      cpu: 20m # <- minimum cpu usage per Container is 50m, but request is 20m: no pod of Deployment/web is created
                    limits:
                      cpu: 80m
              containers:
                - name: web
                  image: web:1
                  resources:
                    requests: { cpu: 500m, memory: 1Gi }
                    limits:
                      cpu: 4000m # <- cpu max limit to request ratio per Container is 4, but provided ratio is 8.000000: no pod of Deployment/web is created && maximum cpu usage per Container is 2, but limit is 4: no pod of Deployment/web is created
                      memory: 1024Mi
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: data, namespace: pr-7 }
        spec:
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 50Gi # <- maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 50Gi: PersistentVolumeClaim/data is refused
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: pr-7 }
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: defaults, namespace: pr-7 }
        spec:
          limits:
            - type: Container
              default: { cpu: 500m, memory: 2Gi }
              defaultRequest: { cpu: 100m }
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: bounds, namespace: pr-7 }
        spec:
          limits:
            - { type: Container, max: { cpu: "4" }, min: { ephemeral-storage: 1Gi } }
            - { type: Pod, max: { cpu: "1" }, maxLimitRequestRatio: { hugepages-2Mi: "1" } }
            - { type: PersistentVolumeClaim, min: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: above-the-default, namespace: pr-7 }
        spec: # <- hugepages-2Mi max limit to request ratio per Pod is 1, but no request is specified or request is 0: Pod/above-the-default is refused
          containers:
            - name: web
              image: web:1
              resources:
                requests:
                  memory: 3Gi # <- memory request 3Gi must be less than or equal to memory limit of 2Gi, which LimitRange/defaults sets by default: Pod/above-the-default is refused
                  ephemeral-storage: 1Gi
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: store, namespace: pr-7 }
        spec:
          serviceName: store
          replicas: 0
          selector: { matchLabels: { app: store } }
          template:
            metadata: { labels: { app: store } }
            spec:
              containers:
                - name: store
                  image: store:1
                  resources:
                    limits: { cpu: 600m, ephemeral-storage: 1Gi, hugepages-2Mi: 2Mi }
                - name: backup
                  image: store:1
                  resources:
                    limits:
                      cpu: 700m # <- maximum cpu usage per Pod is 1, but limit is 1300m: no pod of StatefulSet/store is created; replicas is 0: it bites at the first scale-up
                      ephemeral-storage: 1Gi
              volumes:
                - name: scratch
                  ephemeral:
                    volumeClaimTemplate:
                      spec:
                        accessModes: [ReadWriteOnce]
                        resources: { requests: { storage: 1Gi } }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec:
                accessModes: [ReadWriteOnce]
                resources:
                  requests:
                    storage: 100Mi # <- minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 100Mi: the claims of StatefulSet/store are refused; replicas is 0: it bites at the first scale-up
      `,
      yaml`
        apiVersion: v1
        kind: LimitRange
        metadata: { name: bounds }
        spec:
          limits: [{ type: Container, min: { cpu: 100m }, max: { memory: 64Mi }, maxLimitRequestRatio: { cpu: "2" } }]
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: defaults }
        spec:
          limits: [{ type: Container, default: { memory: 128Mi } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers:
            - name: web
              image: web:1
              resources: # <- cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0: Pod/web is refused; unless a LimitRange that is not rendered here sets defaults
                requests: { cpu: 100m, memory: 64Mi }
      `,
      yaml`
        apiVersion: v1
        kind: LimitRange
        metadata: { name: min-max, namespace: pr-7 }
        spec:
          limits:
            - type: Container
              max: { cpu: 1 }
              min:
                cpu: 2 # <- cpu min value 2 is greater than max value 1: the API server refuses LimitRange/min-max
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: request, namespace: pr-7 }
        spec:
          limits:
            - type: Container
              default: { memory: 1Gi }
              defaultRequest:
                memory: 2Gi # <- memory default request value 2Gi is greater than default value 1Gi: the API server refuses LimitRange/request
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: above-the-default-of-another, namespace: pr-7 }
        spec:
          limits:
            - type: Container
              min: { memory: 512Mi }
              default:
                memory: 256Mi # <- memory min value 512Mi is greater than default request value 256Mi: the API server refuses LimitRange/above-the-default-of-another
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: ratio, namespace: pr-7 }
        spec:
          limits:
            - type: Pod
              maxLimitRequestRatio:
                cpu: 500m # <- cpu ratio 500m is less than 1: the API server refuses LimitRange/ratio
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: twice, namespace: pr-7 }
        spec:
          limits:
            - type: Container
              max: { cpu: 1 }
            - type: Container # <- Duplicate value: "Container": the API server refuses LimitRange/twice
              max: { memory: 1Gi }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: is-not-judged, namespace: pr-7 }
        spec:
          containers: [{ name: web, image: "web:1", resources: { requests: { memory: 8Gi }, limits: { cpu: 4 } } }]
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: LimitRange
        metadata: { name: small }
        spec:
          limits:
            - type: Container
              max: { cpu: "2" }
              min: { cpu: 50m }
            - type: PersistentVolumeClaim
              max: { storage: 10Gi }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: defaults-fit }
        spec:
          containers:
            - { name: web, image: "web:1" }
            - { name: most, image: "web:1", resources: { limits: { cpu: 2000m } } }
            - { name: least, image: "web:1", resources: { limits: { cpu: 0.05 } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: data }
        spec:
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 10Gi } }
      `,
      yaml`
        apiVersion: v1
        kind: LimitRange
        metadata: { name: one }
        spec: { limits: [{ type: Container, max: { memory: 1Gi } }] }
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: two }
        spec: { limits: [{ type: Container, default: { memory: 2Gi }, min: { cpu: "${'${LEAST}'}" } }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: either-default }
        spec:
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in-later }
        spec:
          containers:
            - { name: web, image: "web:1", resources: { requests: { memory: "${'${MEMORY}'}" }, limits: { memory: "${'${MEMORY}'}" } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other-namespace, namespace: pr-8 }
        spec:
          containers: [{ name: web, image: "web:1", resources: { limits: { memory: 4Gi } } }]
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: facts-are-not-judged }
        spec:
          containers: [{ name: web, image: "web:1", resources: { limits: { memory: 4Gi } } }]
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: facts-are-not-judged }
        spec: { resources: { requests: { storage: 40Gi } } }
        ---
        # existing
        apiVersion: v1
        kind: LimitRange
        metadata: { name: three }
        spec: { limits: [{ type: PersistentVolumeClaim, max: { storage: 10Gi } }] }
      `,
      yaml`
        apiVersion: v1
        kind: LimitRange
        metadata: { name: pods }
        spec:
          limits: [{ type: Pod, max: { cpu: "1" } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: as-a-whole }
        spec:
          resources: { limits: { cpu: 1 } }
          containers:
            - { name: web, image: "web:1", resources: { limits: { cpu: 1 } } }
            - { name: sidecar, image: "web:1", resources: { limits: { cpu: 1 } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: init-containers-run-before }
        spec:
          initContainers:
            - { name: migrate, image: "web:1", resources: { limits: { cpu: 1 } } }
          containers:
            - { name: web, image: "web:1", resources: { limits: { cpu: 1 } } }
      `,
      yaml`
        apiVersion: v1
        kind: LimitRange
        metadata: { name: small }
        spec: { limits: [{ type: Container, max: { cpu: "1" } }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: changed-on-the-way }
        spec:
          containers: [{ name: web, image: "web:1", resources: { limits: { cpu: 2 } } }]
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
            kind: LimitRange
            metadata: { name: l, namespace: app }
            spec: { limits: [{ type: Container, max: { memory: 1Gi } }] }
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
            kind: LimitRange
            metadata: { name: l, namespace: app }
            spec: { limits: [{ type: Container, max: { memory: 8Gi } }] }
          `,
        },
      },
    ],
  },
  *check(cluster) {
    for (const { resource, contradiction } of allLimitRanges(cluster)) {
      if (contradiction === undefined || resource.existing) continue;
      const { message, path } = contradiction;
      yield { resource, path, message: `${message}: the API server refuses ${resource}` };
    }
    for (const [scope, all] of limitRangesByScope(cluster)) {
      const ranges = all.filter(({ resource }) => !contested(cluster, resource));
      for (const claim of claimsByScope(cluster).get(scope) ?? []) yield* judgeClaim(cluster, claim, ranges);
      for (const workload of workloadsByScope(cluster).get(scope) ?? []) {
        if (workload.resource.existing) continue;
        yield* claimsOf(workload).flatMap((claim) => judgeClaim(cluster, claim, ranges));
        if (podMutator(cluster) === undefined) yield* judgePod(cluster, workload, ranges, all);
      }
    }
  },
} satisfies Rule;

function judgeClaim(cluster: Cluster, { resource, path, later }: Claim, ranges: readonly LimitRangeFacts[]): Finding[] {
  const at = [...path, 'resources', 'requests'];
  const requests = readAmounts(valueAt(resource.object, at), at);
  return ranges.flatMap(({ resource: range, limits }) =>
    limits
      .filter(({ type }) => type === 'PersistentVolumeClaim')
      .flatMap((limit) => violationsOf(limit, { requests, limits: new Map() }))
      .map((violation) => ({
        resource,
        path: violation.amount?.path ?? path,
        message: `${violation.message}: ${resource.kind === 'PersistentVolumeClaim' ? `${resource} is` : `the claims of ${resource} are`} refused${later === undefined ? '' : `; ${later}`}`,
        related: [boundary(range, violation)],
        ...(later === undefined && cluster.together(range, resource) ? {} : { severity: 'warning' }),
      })),
  );
}

/** The claims that a workload's controllers make: of a StatefulSet's templates, and of ephemeral volumes. */
function claimsOf(workload: Workload): Claim[] {
  const { resource, pod, path } = workload;
  const templates = asList(valueAt(resource.object, ['spec', 'volumeClaimTemplates'])).map((_, i) => [
    'spec',
    'volumeClaimTemplates',
    i,
    'spec',
  ]);
  const ephemeral = asList(pod.volumes).flatMap((volume, i) =>
    asMap(asMap(volume)?.ephemeral) === undefined
      ? []
      : [[...path, 'volumes', i, 'ephemeral', 'volumeClaimTemplate', 'spec']],
  );
  return [...templates, ...ephemeral]
    .filter((at) => asMap(valueAt(resource.object, at)) !== undefined)
    .map((at) => ({ resource, path: at, later: postponed(workload) }));
}

function* judgePod(
  cluster: Cluster,
  workload: Workload,
  ranges: readonly LimitRangeFacts[],
  all: readonly LimitRangeFacts[],
): Generator<Finding> {
  const totals = hasPodLevelResources(workload) ? undefined : effectiveTotals(all, workload);
  const containers = ownContainers(workload).map(({ container, path }) => {
    const at = container.resources ? [...path, 'resources'] : path;
    return { at, resources: effectiveResources(all, container, path) };
  });
  for (const { at, resources } of containers) {
    const found = violationsOfType('Container', ranges, resources);
    yield* found.flatMap((violation) => refusal(cluster, workload, at, violation) ?? []);
    if (found.length === 0) yield* aboveDefaults(cluster, workload, resources);
  }
  if (totals === undefined) return;
  for (const violation of violationsOfType('Pod', ranges, totals)) {
    const finding = refusal(cluster, workload, workload.path, violation);
    if (finding !== undefined) yield finding;
  }
}

interface Refusal extends LimitViolation {
  range: Resource;
}

function violationsOfType(type: string, ranges: readonly LimitRangeFacts[], resources: EffectiveResources): Refusal[] {
  return ranges.flatMap(({ resource: range, limits }) =>
    limits
      .filter((limit) => limit.type === type)
      .flatMap((limit) => violationsOf(limit, resources))
      .map((violation) => ({ ...violation, range })),
  );
}

/** The finding on a pod that is refused; what is missing or defaulted may be filled in by a LimitRange that isn't known. */
function refusal(
  cluster: Cluster,
  workload: Workload,
  at: Path,
  { range, ...violation }: Refusal,
): Finding | undefined {
  const { resource } = workload;
  const { amount, message } = violation;
  const isOwn = amount !== undefined && amount.defaultedBy === undefined;
  const more = isOwn ? 'no' : moreLimitRanges(cluster, resource.scope);
  if (more === 'unknown') return undefined;
  const later = postponed(workload);
  const asides = [
    ...(amount?.defaultedBy ? [`${amount.defaultedBy} sets that by default`] : []),
    ...(more === 'no' ? [] : ['unless a LimitRange that is not rendered here sets defaults']),
    ...(later === undefined ? [] : [later]),
  ];
  return {
    resource,
    path: amount?.path ?? at,
    message: [`${message}: ${consequence(resource)}`, ...asides].join('; '),
    ...(more === 'no' && later === undefined && cluster.together(range, resource) ? {} : { severity: 'warning' }),
    related: [boundary(range, violation)],
  };
}

/** A request above the limit that a LimitRange gives a container without one. */
function aboveDefaults(cluster: Cluster, { resource }: Workload, { requests, limits }: EffectiveResources): Finding[] {
  return [...requests].flatMap(([name, request]) => {
    const limit = limits.get(name);
    if (request === 'unknown' || limit === undefined || limit === 'unknown') return [];
    if (limit.defaultedBy === undefined || request.defaultedBy !== undefined || request.nano <= limit.nano) return [];
    return [
      {
        resource,
        path: request.path,
        message:
          `${name} request ${request.text} must be less than or equal to ${name} limit of ${limit.text}, which ` +
          `${limit.defaultedBy} sets by default: ${consequence(resource)}`,
        related: [{ message: 'sets default limits', resource: limit.defaultedBy, path: ['spec', 'limits'] }],
        ...(cluster.together(limit.defaultedBy, resource) ? {} : { severity: 'warning' }),
      },
    ];
  });
}

function consequence(resource: Resource): string {
  return resource.kind === 'Pod' ? `${resource} is refused` : `no pod of ${resource} is created`;
}

function boundary(resource: Resource, { limit }: LimitViolation): Related {
  return { message: `${resource} says ${limit.text}`, resource, path: limit.path };
}
