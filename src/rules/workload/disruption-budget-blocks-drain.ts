import { contested } from '../../cluster/contested.ts';
import { podsOfPolicy } from '../../cluster/network/policies-selections.ts';
import { scalingOf } from '../../cluster/workload/autoscalers.ts';
import { scaled } from '../../cluster/workload/rollouts.ts';
import { asMap, valueAt, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Resource, type Rule, yaml } from '../../rule.ts';

interface Selected {
  workload: Workload;
  /** Of the replicas rendered, or the minimum of the autoscaler. */
  pods: number;
  autoscaler: Resource | undefined;
}

/** The pods that a budget counts, of each workload; undefined where that isn't sure. */
function selectedBy(cluster: Cluster, budget: Resource, selector: object): Selected[] | undefined {
  const { surely, perhaps } = podsOfPolicy(cluster, { podSelector: selector, resource: budget });
  if (perhaps.length > 0) return undefined;
  const selected: Selected[] = [];
  for (const workload of surely) {
    const { minimum: pods, autoscaler } = scalingOf(cluster, workload);
    if (pods === undefined || contested(cluster, workload.resource)) return undefined;
    if (pods > 0) selected.push({ workload, pods, autoscaler });
  }
  return selected;
}

/**
 * How many pods a budget lets go when all are healthy, and the field that says so: getExpectedPodCount of pkg/controller/disruption.
 * Undefined for what the API server refuses, and where pods without controller spoil the count.
 */
function evictions(spec: Record<string, unknown>, selected: readonly Selected[]) {
  const { minAvailable, maxUnavailable } = spec;
  const field = minAvailable === undefined ? 'maxUnavailable' : 'minAvailable';
  const value = spec[field];
  if (value === undefined || (minAvailable !== undefined && maxUnavailable !== undefined)) return undefined;
  const counts = field === 'minAvailable' && typeof value === 'number';
  if (!counts && selected.some(({ workload }) => workload.resource.kind === 'Pod')) return undefined;
  const all = selected.reduce((sum, { pods }) => sum + pods, 0);
  const share = scaled(value, all, Math.ceil);
  if (share === undefined) return undefined;
  return { field, value, all, allowed: field === 'minAvailable' ? all - share : share };
}

function show({ workload, autoscaler }: Selected): string {
  return `${workload.resource}${autoscaler ? ` at the minimum of ${autoscaler}` : ''}`;
}

export default {
  id: 'disruption-budget-blocks-drain',
  severity: 'warning',
  docs: {
    summary: 'A PodDisruptionBudget must let some pod go.',
    incident:
      'AlgoSu: three PodDisruptionBudgets with minAvailable 1 that were written for two replicas, over Deployments that an overlay ' +
      'runs with one. Such a budget never allows an eviction: kubectl drain, a Node upgrade of the provider and the scale-down of ' +
      'the cluster autoscaler wait for it until they give up, or are forced, without any grace.',
    symptoms: [
      "error when evicting pods/web-5d9c7b-x2x4f (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.",
      "Cannot evict pod as it would violate the pod's disruption budget",
      'ALLOWED DISRUPTIONS 0',
      'The disruption budget web needs 1 healthy pods and has 1 currently',
    ],
    fix:
      'maxUnavailable 1 instead of minAvailable: it holds at any number of replicas. Or one replica more than minAvailable, or no ' +
      'budget where one replica is enough.',
    facts: ['The selected workloads, rendered and existing, their replicas or the minimum of their autoscaler'],
    silent: [
      'Selected pods that are not sure: labels or replicas with placeholders, another namespace, targets that disagree',
      'Pods that nothing counts (DaemonSet, Job), and replicas 0',
      'Budgets that select nothing that is rendered',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/run-application/configure-pdb/',
      'https://kubernetes.io/docs/concepts/workloads/pods/disruptions/',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/disruption/disruption.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: web }
        spec:
          minAvailable: 1 # <- minAvailable 1 allows no eviction of the 1 pod that it selects (Deployment/web): draining its Node never ends
          selector: { matchLabels: { app: web } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: percent }
        spec:
          minAvailable: 67% # <- minAvailable 67% allows no eviction of the 3 pods that it selects (Deployment/one, StatefulSet/two at the minimum of HorizontalPodAutoscaler/two): draining their Nodes never ends
          selector: { matchExpressions: [{ key: part-of, operator: In, values: [shop] }] }
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: none }
        spec:
          maxUnavailable: 0 # <- maxUnavailable 0 allows no eviction of the 3 pods that it selects (Deployment/one, StatefulSet/two at the minimum of HorizontalPodAutoscaler/two): draining their Nodes never ends
          selector: { matchLabels: { part-of: shop } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: one }
        spec:
          selector: { matchLabels: { app: one } }
          template:
            metadata: { labels: { app: one, part-of: shop } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: two }
        spec:
          serviceName: two
          selector: { matchLabels: { app: two } }
          template:
            metadata: { labels: { app: two, part-of: shop } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: two }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: StatefulSet, name: two }
          minReplicas: 2
          maxReplicas: 4
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: bare-pod }
        spec:
          minAvailable: 2 # <- minAvailable 2 allows no eviction of the 1 pod that it selects (Pod/bare): draining its Node never ends
          selector: { matchLabels: { app: bare } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: bare, labels: { app: bare } }
        spec:
          containers: [{ name: web, image: "web:1" }]
      `,
    ],
    good: [
      yaml`
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: one-may-go }
        spec:
          maxUnavailable: 1%
          selector: { matchLabels: { app: web } }
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: two-stay }
        spec:
          minAvailable: 66%
          selector: { matchLabels: { app: web } }
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: refused }
        spec:
          minAvailable: 3
          maxUnavailable: 0
          selector: { matchLabels: { app: web } }
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: later }
        spec:
          minAvailable: "${'${MIN}'}"
          selector: { matchLabels: { app: web } }
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: for-none }
        spec:
          minAvailable: 3
        ---
        apiVersion: policy/v1beta1
        kind: PodDisruptionBudget
        metadata: { name: for-none-in-v1beta1 }
        spec:
          minAvailable: 30
          selector: {}
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: another }
        spec:
          minAvailable: 3
          selector: { matchLabels: { app: another } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          replicas: 3
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: agent }
        spec:
          maxUnavailable: 0
          selector: { matchLabels: { app: agent } }
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: agent }
        spec:
          selector: { matchLabels: { app: agent } }
          template:
            metadata: { labels: { app: agent } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: at-rest }
        spec:
          minAvailable: 1
          selector: { matchLabels: { app: at-rest } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: at-rest }
        spec:
          replicas: 0
          selector: { matchLabels: { app: at-rest } }
          template:
            metadata: { labels: { app: at-rest } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: bare-pod }
        spec:
          maxUnavailable: 0
          selector: { matchLabels: { app: bare } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: bare, labels: { app: bare } }
        spec:
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: labels-to-come }
        spec:
          minAvailable: 1
          selector: { matchLabels: { tier: front } }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: surely }
        spec:
          selector: { matchLabels: { app: surely } }
          template:
            metadata: { labels: { app: surely, tier: front } }
            spec:
              containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: perhaps }
        spec:
          selector: { matchLabels: { app: perhaps } }
          template:
            metadata: { labels: { app: perhaps, tier: "${'${TIER}'}" } }
            spec:
              containers: [{ name: web, image: "web:1" }]
      `,
    ],
  },
  *check(cluster) {
    for (const budget of cluster.list('policy', 'PodDisruptionBudget')) {
      if (budget.existing || budget.hooks.length > 0 || contested(cluster, budget)) continue;
      const spec = asMap(valueAt(budget.object, ['spec'])) ?? {};
      const selector = asMap(spec.selector);
      // In v1beta1 an empty selector selected none.
      if (budget.version === 'v1beta1' && Object.keys(selector ?? {}).length === 0) continue;
      const selected = selector && selectedBy(cluster, budget, selector);
      const found = selected && evictions(spec, selected);
      if (!selected || !found || found.all === 0 || found.allowed > 0) continue;
      const { field, value, all } = found;
      yield {
        resource: budget,
        path: ['spec', field],
        message: `${field} ${value} allows no eviction of the ${all} pod${all === 1 ? '' : 's'} that it selects (${selected.map(show).sort().join(', ')}): draining ${all === 1 ? 'its Node' : 'their Nodes'} never ends`,
        related: selected.map(({ workload, pods }) => ({
          message: `${workload.resource} runs with ${pods}`,
          resource: workload.resource,
          path: [],
        })),
      };
    }
  },
} satisfies Rule;
