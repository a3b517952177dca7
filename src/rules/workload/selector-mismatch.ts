import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { type Labels, label, matchesSelector } from '../../cluster/selectors.ts';
import { isUnknown } from '../../cluster/unknown.ts';
import { asMap, valueAt, type Workload } from '../../cluster/workloads.ts';
import { type Path, type Rule, yaml } from '../../rule.ts';

/** Kinds whose selector must match their own template, with the name by which an empty one is refused. */
const KINDS: ReadonlyMap<string, string | undefined> = new Map([
  ['apps/Deployment', 'deployment'],
  ['apps/StatefulSet', 'statefulset'],
  ['apps/DaemonSet', 'daemonset'],
  // Both are validated with the words for a Deployment.
  ['apps/ReplicaSet', 'deployment'],
  ['argoproj.io/Rollout', 'deployment'],
  ['batch/Job', undefined],
  ['/ReplicationController', undefined],
]);

/** Labels that the API server itself gives a Job's template and selector: pkg/registry/batch/job/strategy.go. */
const GENERATED = new Set([
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
]);

/** One requirement of a selector. */
interface Requirement {
  path: Path;
  key: string;
  /** As kubectl writes selectors: `app=web`. */
  text: string;
  selector: LabelSelector;
}

/** The requirements of a workload's selector; undefined where one of them is of no shape that can be judged. */
function requirementsOf({ resource, selector }: Workload): Requirement[] | undefined {
  const at = ['spec', 'selector'];
  const labelsAt = resource.kind === 'ReplicationController' ? at : [...at, 'matchLabels'];
  const requirements: Requirement[] = [];
  const matchLabels = asMap(selector?.matchLabels ?? {});
  if (matchLabels === undefined) return undefined;
  for (const [key, value] of Object.entries(matchLabels)) {
    if (typeof value !== 'string') return undefined;
    requirements.push({
      path: [...labelsAt, key],
      key,
      text: `${key}=${value}`,
      selector: { matchLabels: { [key]: value } },
    });
  }
  const expressions: unknown = selector?.matchExpressions ?? [];
  if (!Array.isArray(expressions)) return undefined;
  for (const [i, expression] of expressions.entries()) {
    const { key, operator, values = [] } = asMap(expression) ?? {};
    if (typeof key !== 'string' || typeof operator !== 'string' || !Array.isArray(values)) return undefined;
    if (!values.every((value) => typeof value === 'string')) return undefined;
    const text = values.length === 0 ? `${key} ${operator}` : `${key} ${operator} (${values.join(', ')})`;
    requirements.push({
      path: [...at, 'matchExpressions', i],
      key,
      text,
      selector: { matchExpressions: [expression] },
    });
  }
  return requirements;
}

/** Whether the labels surely don't meet a requirement: nothing in either is filled in later. */
function isUnmet({ key, text, selector }: Requirement, labels: Labels): boolean {
  const value: unknown = label(labels, key);
  if (isUnknown(text) || isUnknown(value) || (value !== undefined && typeof value !== 'string')) return false;
  if (value === undefined && Object.keys(labels).some(isUnknown)) return false;
  return matchesSelector(selector, labels) === false;
}

/** What the template has instead, in words. */
function insteadOf(unmet: readonly Requirement[], labels: Labels): string {
  const own = new Set(unmet.filter(({ key }) => label(labels, key) !== undefined).map(({ key }) => key));
  if (own.size === 0) return 'which has no such label';
  return `whose ${own.size === 1 ? 'label is' : 'labels are'} ${[...own].map((key) => `${key}=${labels[key]}`).join(', ')}`;
}

export default {
  id: 'selector-mismatch',
  severity: 'error',
  docs: {
    summary: "A workload's selector must match the labels of its own template.",
    incident:
      'No report: the mistake shows at the first apply. It comes with a renamed label that was changed in one of the two places, a ' +
      'patch that replaces the labels of the template, or labels that a kustomization adds to templates but not to selectors.',
    symptoms: [
      'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"wbe"}: `selector` does not match template `labels`',
      '`selector` does not match template `labels`',
      'empty selector is invalid for deployment',
      'empty selector is invalid for statefulset',
      'empty selector is invalid for daemonset',
      'InvalidSpec',
    ],
    fix: 'Give the template every label that the selector asks for. A selector is immutable once applied: change the labels, not the selector.',
    facts: ['The rendered workloads alone'],
    silent: [
      'A ReplicationController without selector: it is defaulted to the labels',
      'Job selectors on the labels that the API server generates',
      'Operators that do not exist, and labels that hold placeholders',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          selector:
            matchLabels:
              tier: front
              app: web # <- selector app=web doesn't match the template, whose label is app=wbe: the API server refuses the Deployment
          template:
            metadata:
              labels: { app: wbe, tier: front }
            spec:
              containers: [{ name: web, image: "nginx:1.29" }]
      `,
      yaml`
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db }
        spec:
          serviceName: db
          selector:
            matchExpressions:
              - { key: app, operator: In, values: [db] }
              - { key: tier, operator: In, values: [back, middle] } # <- selector tier In (back, middle), tier Exists, app DoesNotExist doesn't match the template, whose label is app=db: the API server refuses the StatefulSet
              - { key: tier, operator: Exists }
              - { key: app, operator: DoesNotExist }
          template:
            metadata: { labels: { app: db } }
            spec:
              containers: [{ name: db, image: "postgres:17" }]
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: agent }
        spec:
          selector:
            matchLabels:
              app: agent # <- selector app=agent doesn't match the template, which has no such label: the API server refuses the DaemonSet
          template:
            spec:
              containers: [{ name: agent, image: "agent:1" }]
        ---
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: { name: old }
        spec:
          selector: # <- the selector is empty: the API server refuses the ReplicaSet (empty selector is invalid for deployment)
            matchLabels: {}
          template:
            metadata: { labels: { app: old } }
            spec:
              containers: [{ name: old, image: "old:1" }]
        ---
        apiVersion: v1
        kind: ReplicationController
        metadata: { name: older }
        spec:
          selector:
            app: older
            tier: back # <- selector tier=back, zone=a doesn't match the template, whose labels are tier=front, zone=b: the API server refuses the ReplicationController
            zone: a
          template:
            metadata: { labels: { app: older, tier: front, zone: b } }
            spec:
              containers: [{ name: older, image: "older:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: manual }
        spec:
          manualSelector: true
          selector:
            matchLabels:
              job-name: manual # <- selector job-name=manual doesn't match the template, which has no such label: the API server refuses the Job
          template:
            metadata: { labels: { app: manual } }
            spec:
              restartPolicy: Never
              containers: [{ name: manual, image: "manual:1" }]
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: canary }
        spec:
          selector:
            matchLabels:
              app: canary # <- selector app=canary doesn't match the template, whose label is app=canari: Argo Rollouts calls it InvalidSpec
          template:
            metadata: { labels: { app: canari } }
            spec:
              containers: [{ name: canary, image: "canary:1" }]
      `,
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          selector:
            matchLabels: { app: web }
            matchExpressions:
              - { key: tier, operator: In, values: [front, back] }
              - { key: track, operator: NotIn, values: [canary] }
              - { key: app, operator: Exists }
              - { key: canary, operator: DoesNotExist }
          template:
            metadata: { labels: { app: web, tier: front, extra: label } }
            spec:
              containers: [{ name: web, image: "nginx:1.29" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: filled-in-later }
        spec:
          selector: { matchLabels: { app: "${'${NAME}'}", tier: front } }
          template:
            metadata: { labels: { app: web, tier: "${'${TIER}'}" } }
            spec:
              containers: [{ name: web, image: "nginx:1.29" }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: label-filled-in-later }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { "${'${KEY}'}": web } }
            spec:
              containers: [{ name: web, image: "nginx:1.29" }]
        ---
        apiVersion: v1
        kind: ReplicationController
        metadata: { name: defaulted }
        spec:
          template:
            metadata: { labels: { app: defaulted } }
            spec:
              containers: [{ name: web, image: "nginx:1.29" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: generated }
        spec:
          selector: { matchLabels: { job-name: generated } }
          template:
            metadata: { labels: { app: generated } }
            spec:
              restartPolicy: Never
              containers: [{ name: job, image: "job:1" }]
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: without-selector }
        spec:
          template:
            metadata: { labels: { app: without-selector } }
            spec:
              containers: [{ name: web, image: "nginx:1.29" }]
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: referring }
        spec:
          selector: { matchLabels: { app: referring } }
          workloadRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          template:
            metadata: { labels: { app: other } }
            spec:
              containers: []
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      const { resource, selector, labels, metadata, metadataPath } = workload;
      const kind = `${resource.group}/${resource.kind}`;
      if (!KINDS.has(kind) || selector === undefined) continue;
      if (valueAt(resource.object, ['spec', 'workloadRef']) !== undefined) continue;
      const all = requirementsOf(workload);
      if (all === undefined) continue;
      const refusal =
        resource.kind === 'Rollout'
          ? 'Argo Rollouts calls it InvalidSpec'
          : `the API server refuses the ${resource.kind}`;
      const nameOfEmpty = KINDS.get(kind);
      if (all.length === 0 && nameOfEmpty !== undefined) {
        const message = `the selector is empty: ${refusal} (empty selector is invalid for ${nameOfEmpty})`;
        yield { resource, path: ['spec', 'selector'], message };
      }
      const generates = resource.kind === 'Job' && valueAt(resource.object, ['spec', 'manualSelector']) !== true;
      const unmet = all.filter(
        (requirement) => isUnmet(requirement, labels) && !(generates && GENERATED.has(requirement.key)),
      );
      const [first] = unmet;
      if (first === undefined) continue;
      const wanted = unmet.map(({ text }) => text).join(', ');
      yield {
        resource,
        path: first.path,
        message: `selector ${wanted} doesn't match the template, ${insteadOf(unmet, labels)}: ${refusal}`,
        ...(metadata.labels === undefined
          ? {}
          : { related: [{ message: "the template's labels", resource, path: [...metadataPath, 'labels'] }] }),
      };
    }
  },
} satisfies Rule;
