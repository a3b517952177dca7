import { contested } from '../../cluster/contested.ts';
import { scalingOf } from '../../cluster/workload/autoscalers.ts';
import { valueAt } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'autoscaler-fights-replicas',
  severity: 'warning',
  docs: {
    summary: 'What an autoscaler scales must not set replicas itself.',
    incident:
      'AlgoSu: three HorizontalPodAutoscalers beside Deployments that also say replicas. Each deployment sets the number back, at ' +
      'peak load as well: pods that the autoscaler had started are killed, and come back one scaling interval after the other.',
    symptoms: [
      'Scaled down replica set web-5d9c7b from 8 to 2',
      'ScalingReplicaSet',
      'New size: 8; reason: cpu resource utilization (percentage of request) above target',
    ],
    fix:
      'Leave replicas out of the workload, and set the minimum in the autoscaler. To hand it over without a drop to 1: ' +
      'kubectl apply edit-last-applied, remove replicas there, then from the manifest ' +
      '(https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling).',
    facts: ['HorizontalPodAutoscalers and KEDA ScaledObjects, rendered and existing'],
    silent: [
      'replicas 0 beside a HorizontalPodAutoscaler: that turns it off',
      'replicas equal to the minimum and the maximum',
      'An autoscaler of another kind, name or namespace, or whose namespace may be another',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/',
      'https://keda.sh/docs/latest/concepts/scaling-deployments/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          replicas: 3 # <- each deployment sets replicas back to 3, which HorizontalPodAutoscaler/web moves between 2 and 10
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1", resources: { requests: { cpu: 100m } } }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: web }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          minReplicas: 2
          maxReplicas: 10
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: worker }
        spec:
          serviceName: worker
          replicas: 0 # <- each deployment sets replicas back to 0, which ScaledObject/worker moves between 1 and 100
          selector: { matchLabels: { app: worker } }
          template:
            metadata: { labels: { app: worker } }
            spec:
              containers: [{ name: worker, image: "worker:1" }]
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: { name: worker }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: StatefulSet, name: worker }
          minReplicaCount: 1
          triggers: [{ type: rabbitmq, metadata: { queueName: jobs, mode: QueueLength, value: "20" } }]
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          replicas: 1 # <- each deployment sets replicas back to 1, which HorizontalPodAutoscaler/by-hand moves
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        # existing
        apiVersion: autoscaling/v1
        kind: HorizontalPodAutoscaler
        metadata: { name: by-hand, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          minReplicas: 2
          maxReplicas: "${'${MAX}'}"
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
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: web, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          maxReplicas: 10
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: blog }
        spec:
          replicas: 3
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: web, namespace: shop }
        spec:
          serviceName: web
          replicas: 3
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: off, namespace: shop }
        spec:
          replicas: 0
          selector: { matchLabels: { app: off } }
          template:
            metadata: { labels: { app: off } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: off, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: off }
          maxReplicas: 10
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: fixed, namespace: shop }
        spec:
          replicas: 2
          selector: { matchLabels: { app: fixed } }
          template:
            metadata: { labels: { app: fixed } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: fixed, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: fixed }
          minReplicas: 2
          maxReplicas: 2
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: perhaps-elsewhere }
        spec:
          replicas: 2
          selector: { matchLabels: { app: perhaps-elsewhere } }
          template:
            metadata: { labels: { app: perhaps-elsewhere } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: perhaps-elsewhere, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: perhaps-elsewhere }
          maxReplicas: 10
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      const { resource } = workload;
      const path = ['spec', 'replicas'];
      const replicas = valueAt(resource.object, path);
      if (resource.existing || resource.hooks.length > 0 || typeof replicas !== 'number') continue;
      const { autoscaler, minimum, maximum } = scalingOf(cluster, workload);
      if (autoscaler === undefined || contested(cluster, autoscaler)) continue;
      if (replicas === 0 && autoscaler.group === 'autoscaling') continue;
      if (replicas === minimum && replicas === maximum) continue;
      const range = minimum === undefined || maximum === undefined ? '' : ` between ${minimum} and ${maximum}`;
      yield {
        resource,
        path,
        message: `each deployment sets replicas back to ${replicas}, which ${autoscaler} moves${range}`,
        related: [{ message: `${autoscaler} scales it`, resource: autoscaler, path: ['spec', 'scaleTargetRef'] }],
      };
    }
  },
} satisfies Rule;
