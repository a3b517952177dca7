import { contested } from '../../cluster/contested.ts';
import {
  effectiveResources,
  type LimitRangeFacts,
  limitRangesOf,
  moreLimitRanges,
} from '../../cluster/quota/limit-ranges.ts';
import { postponed } from '../../cluster/scheduling/postponed.ts';
import { isSizedVertically } from '../../cluster/security/pod-mutators.ts';
import { isUnknown } from '../../cluster/unknown.ts';
import { scalingOf, type UtilizationTarget, utilizationTargets } from '../../cluster/workload/autoscalers.ts';
import { asMap, containersOf, type PodContainer, valueAt, type Workload } from '../../cluster/workloads.ts';
import { type Path, type Rule, yaml } from '../../rule.ts';

/** The containers whose requests a metric is measured against: of the init containers, those that keep running. */
function measured(workload: Workload, { container: only }: UtilizationTarget): PodContainer[] {
  return containersOf(workload).filter(({ container, list }) => {
    const runs = list === 'containers' || (list === 'initContainers' && container.restartPolicy === 'Always');
    return runs && (only === undefined || only === container.name);
  });
}

/** The deepest part of `resources.requests` that a container has. */
function requestsPath({ container, path }: PodContainer): Path {
  if (asMap(container.resources) === undefined) return path;
  const resources = [...path, 'resources'];
  return asMap(valueAt(container, ['resources', 'requests'])) === undefined ? resources : [...resources, 'requests'];
}

/** Whether a container has a request, written or filled in, or nobody knows what it asks for. */
function mayRequest(ranges: readonly LimitRangeFacts[], { container, path }: PodContainer, name: string): boolean {
  const { resources } = container as { resources?: unknown };
  const written = [resources, asMap(resources)?.requests, asMap(resources)?.limits];
  return written.some(isUnknown) || effectiveResources(ranges, container, path).requests.has(name);
}

export default {
  id: 'autoscaler-metric-missing',
  severity: 'error',
  docs: {
    summary: 'A container whose utilization is to be measured must request that resource.',
    incident:
      'AlgoSu: HorizontalPodAutoscalers at 70 % of cpu beside containers without requests. Utilization is a share of the request: ' +
      'without one the autoscaler shows <unknown>/70 % and never scales. A sidecar without request is enough.',
    symptoms: [
      'failed to get cpu utilization: missing request for cpu in container web of Pod web-5d9c7b-x2x4f',
      'missing request for cpu',
      'missing request for memory',
      'FailedGetResourceMetric',
      'the HPA was unable to compute the replica count',
      '<unknown>/70%',
    ],
    fix:
      'Give each container of the pod, sidecars included, a request for that resource (a limit counts, too), or measure one ' +
      'container with a ContainerResource metric, or an AverageValue instead of a percentage.',
    facts: [
      'HorizontalPodAutoscalers (without metrics they measure cpu) and KEDA cpu and memory triggers, rendered and existing',
      'An error where the environment is configured, renders the Namespace, or existing lists LimitRanges; else a warning, and ' +
        'between plain files side by side, which may be alternatives',
    ],
    silent: [
      'A limit: the request is defaulted to it',
      'A LimitRange of the namespace for that resource, or a VerticalPodAutoscaler that may change pods',
      'AverageValue, external and object metrics, and ContainerResource metrics of other containers',
      'Requests of the pod as a whole, init containers that end, existing workloads, placeholders',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#how-does-a-horizontalpodautoscaler-work',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/podautoscaler/replica_calculator.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              initContainers:
                - name: proxy # <- HorizontalPodAutoscaler/web measures the cpu utilization of container proxy, which requests no cpu: missing request for cpu, it never scales
                  image: proxy:1
                  restartPolicy: Always
                - name: setup
                  image: setup:1
              containers:
                - name: web
                  image: web:1
                  resources:
                    requests: # <- HorizontalPodAutoscaler/web measures the cpu utilization of container web, which requests no cpu: missing request for cpu, it never scales
                      memory: 64Mi
                - name: logs
                  image: logs:1
                  resources: # <- HorizontalPodAutoscaler/web measures the cpu utilization of container logs, which requests no cpu: missing request for cpu, it never scales
                    limits: { memory: 64Mi }
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: web, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          maxReplicas: 10
          metrics:
            - type: Resource
              resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: by-default }
        spec:
          selector: { matchLabels: { app: by-default } }
          template:
            metadata: { labels: { app: by-default } }
            spec:
              containers:
                - name: web # <- HorizontalPodAutoscaler/by-default measures the cpu utilization of container web, which requests no cpu: missing request for cpu, it never scales
                  image: web:1
        ---
        apiVersion: autoscaling/v1
        kind: HorizontalPodAutoscaler
        metadata: { name: by-default }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: by-default }
          maxReplicas: 10
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: one-container }
        spec:
          selector: { matchLabels: { app: one-container } }
          template:
            metadata: { labels: { app: one-container } }
            spec:
              containers:
                - name: web # <- HorizontalPodAutoscaler/one-container measures the memory utilization of container web, which requests no memory: missing request for memory, it never scales
                  image: web:1
                - name: logs
                  image: logs:1
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: one-container }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: one-container }
          maxReplicas: 10
          metrics:
            - type: ContainerResource
              containerResource: { name: memory, container: web, target: { type: Utilization, averageUtilization: 70 } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: keda }
        spec:
          selector: { matchLabels: { app: keda } }
          template:
            metadata: { labels: { app: keda } }
            spec:
              containers:
                - name: web # <- ScaledObject/keda measures the cpu utilization of container web, which requests no cpu: missing request for cpu, it never scales
                  image: web:1
        ---
        apiVersion: autoscaling.k8s.io/v1
        kind: VerticalPodAutoscaler
        metadata: { name: keda }
        spec: { targetRef: { apiVersion: apps/v1, kind: Deployment, name: keda }, updatePolicy: { updateMode: "Off" } }
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: { name: keda }
        spec:
          scaleTargetRef: { name: keda }
          triggers: [{ type: cpu, metricType: Utilization, metadata: { value: "70" } }]
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: at-rest, namespace: shop }
        spec:
          replicas: 0
          selector: { matchLabels: { app: at-rest } }
          template:
            metadata: { labels: { app: at-rest } }
            spec:
              containers:
                - name: web # <- HorizontalPodAutoscaler/by-hand measures the cpu utilization of container web, which requests no cpu: missing request for cpu, it never scales; replicas is 0: it bites at the first scale-up
                  image: web:1
        ---
        # existing
        apiVersion: autoscaling/v1
        kind: HorizontalPodAutoscaler
        metadata: { name: by-hand, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: at-rest }
          targetCPUUtilizationPercentage: 70
          maxReplicas: 10
      `,
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              initContainers: [{ name: setup, image: "setup:1" }]
              containers:
                - { name: web, image: "web:1", resources: { requests: { cpu: 100m } } }
                - { name: limited, image: "web:1", resources: { limits: { cpu: 100m } } }
                - { name: later, image: "web:1", resources: { requests: { cpu: "${'${CPU}'}" } } }
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: web, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          maxReplicas: 10
          metrics:
            - { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } } }
            - { type: Resource, resource: { name: memory, target: { type: AverageValue, averageValue: 64Mi } } }
            - { type: External, external: { metric: { name: queue }, target: { type: AverageValue, averageValue: "4" } } }
            - type: ContainerResource
              containerResource: { name: memory, container: another, target: { type: Utilization, averageUtilization: 70 } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: ranged, namespace: ranged }
        spec:
          selector: { matchLabels: { app: ranged } }
          template:
            metadata: { labels: { app: ranged } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: ranged, namespace: ranged }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ranged }
          maxReplicas: 10
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: { name: ranged, namespace: ranged }
        spec: { limits: [{ type: Container, defaultRequest: { cpu: 100m } }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: recommended, namespace: shop }
        spec:
          selector: { matchLabels: { app: recommended } }
          template:
            metadata: { labels: { app: recommended } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: recommended, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: recommended }
          maxReplicas: 10
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: later, namespace: shop }
        spec:
          selector: { matchLabels: { app: later } }
          strategy: { canary: {} }
          template:
            metadata: { labels: { app: later } }
            spec:
              containers: [{ name: web, image: "web:1", resources: "${'${RESOURCES}'}" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: later, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: later }
          maxReplicas: 10
        ---
        apiVersion: autoscaling.k8s.io/v1
        kind: VerticalPodAutoscaler
        metadata: { name: recommended, namespace: shop }
        spec: { targetRef: { apiVersion: apps/v1, kind: Deployment, name: recommended } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: as-a-whole, namespace: shop }
        spec:
          selector: { matchLabels: { app: as-a-whole } }
          template:
            metadata: { labels: { app: as-a-whole } }
            spec:
              resources: { requests: { cpu: 1 } }
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: as-a-whole, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: as-a-whole }
          maxReplicas: 10
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: keda, namespace: shop }
        spec:
          selector: { matchLabels: { app: keda } }
          template:
            metadata: { labels: { app: keda } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: { name: keda, namespace: shop }
        spec:
          scaleTargetRef: { name: keda }
          triggers:
            - { type: cpu, metricType: AverageValue, metadata: { value: "1" } }
            - { type: rabbitmq, metricType: AverageValue, metadata: { queueName: jobs, value: "20" } }
      `,
      yaml`
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: web, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          maxReplicas: 10
        ---
        # existing
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1" }]
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      const { resource, pod } = workload;
      // Facts written by hand may leave out requests.
      if (resource.existing || resource.hooks.length > 0) continue;
      const { autoscaler } = scalingOf(cluster, workload);
      if (autoscaler === undefined || contested(cluster, autoscaler)) continue;
      const more = moreLimitRanges(cluster, resource.scope);
      if (more === 'unknown' || isSizedVertically(cluster, workload)) continue;
      const ranges = limitRangesOf(cluster, resource.scope);
      const later = postponed(workload);
      const isSure = later === undefined && more === 'no' && cluster.together(autoscaler, resource);
      for (const target of utilizationTargets(autoscaler)) {
        const { resource: name } = target;
        const asAWhole = (pod as { resources?: unknown }).resources !== undefined;
        if (target.container === undefined && asAWhole) continue;
        for (const found of measured(workload, target)) {
          if (mayRequest(ranges, found, name)) continue;
          const end = later === undefined ? '' : `; ${later}`;
          yield {
            resource,
            path: requestsPath(found),
            message: `${autoscaler} measures the ${name} utilization of container ${found.container.name}, which requests no ${name}: missing request for ${name}, it never scales${end}`,
            related: [{ message: `${autoscaler} measures ${name}`, resource: autoscaler, path: target.path }],
            ...(isSure ? {} : { severity: 'warning' }),
          };
        }
      }
    }
  },
} satisfies Rule;
