import { isReplacedByArgo } from '../../cluster/change/appliers.ts';
import { isUnknown } from '../../cluster/unknown.ts';
import { parseImage } from '../../cluster/workload/images.ts';
import { containersOf, valueAt, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Resource, type Rule, yaml } from '../../rule.ts';

/** The kinds that are named once for all releases: what their names say doesn't vary. */
const LASTING = ['/Service', '/ServiceAccount', 'apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet'];

/** Parts of a name that are numbers, revisions (`v2`, `rev3`), or long enough for a hash or a date. */
const VARYING = /^(?:v|r|rev|revision|release)?\d+$|^(?=.*\d)[0-9a-z]{5,}$/;

/** The targets that are charts, with the parts of names that don't vary. */
function chartsOf(cluster: Cluster): Map<string, Set<string>> {
  const charts = new Map<string, Set<string>>();
  for (const { target, type } of cluster.targets) if (type === 'helm') charts.set(target, new Set());
  if (charts.size === 0) return charts;
  for (const kind of LASTING) {
    const [group = '', name = ''] = kind.split('/');
    for (const resource of cluster.list(group, name)) {
      for (const { target } of resource.targets) for (const part of partsOf(resource)) charts.get(target)?.add(part);
    }
  }
  return charts;
}

function partsOf({ name }: Resource): string[] {
  return name.split(/[-.]/);
}

/** Whether the name of a Job may be another at the next upgrade: it holds a number, a hash, or the tag of its image. */
function mayVary(job: Workload, lasting: ReadonlySet<string>): boolean {
  const { resource } = job;
  if (resource.object.metadata.name === undefined || isUnknown(resource.name)) return true;
  if (partsOf(resource).some((part) => VARYING.test(part) && !lasting.has(part))) return true;
  return containersOf(job).some(({ container }) => {
    const parsed = typeof container.image === 'string' ? parseImage(container.image) : undefined;
    const tag = parsed && 'tag' in parsed ? parsed.tag : undefined;
    const written = tag?.toLowerCase().replace(/[^a-z0-9.]+/g, '-');
    if (written === undefined || written.split(/[-.]/).every((part) => lasting.has(part))) return false;
    return resource.name.includes(written);
  });
}

export default {
  id: 'job-not-updatable',
  severity: 'warning',
  docs: {
    summary: 'A Job of a chart needs a hook, a name of its own for each revision, or an end after which it is deleted.',
    incident:
      'OLI, preview environments, Phase 4: the chart makes buckets and runs the release setup in Jobs, and each push to a pull ' +
      'request is a helm upgrade with a new image tag. A Job’s template can’t be changed: the first installation works, the first ' +
      'upgrade is refused, and the release stays failed until somebody deletes the Job.',
    symptoms: [
      'Error: UPGRADE FAILED: cannot patch "app-setup" with kind Job: Job.batch "app-setup" is invalid: spec.template: Invalid value: core.PodTemplateSpec{…}: field is immutable',
      'spec.template: Invalid value: core.PodTemplateSpec',
    ],
    fix:
      'Make it a hook (helm.sh/hook: post-install,post-upgrade with helm.sh/hook-delete-policy: before-hook-creation), put ' +
      '.Release.Revision into its name, or give it ttlSecondsAfterFinished, so that it is gone before the next upgrade.',
    facts: ['The Jobs of targets that are charts, as they are rendered'],
    silent: [
      'Hooks of helm and Argo CD, and Jobs that Argo CD replaces',
      'ttlSecondsAfterFinished',
      'Names that hold a number, a hash or the tag of the image: they vary with revision, version or content',
      'Jobs of kustomizations and plain manifests',
    ],
    references: [
      'https://helm.sh/docs/topics/charts_hooks/',
      'https://kubernetes.io/docs/concepts/workloads/controllers/job/#ttl-mechanism-for-finished-jobs',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/validation/validation.go',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'k8s-lint.yaml':
            'environments: { preview: { targets: [{ helm: { chart: app, release: pr-12345, namespace: pr-12345 } }] } }\n',
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/values.yaml': 'tag: pr-12345-3f2a\n',
          'app/templates/service.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: "{{ .Release.Name }}-app" }
            spec: { ports: [{ port: 80 }] }
          `,
          'app/templates/setup.yaml': yaml`
            apiVersion: batch/v1
            kind: Job
            metadata:
              name: "{{ .Release.Name }}-s3-setup" # <- Job/pr-12345-s3-setup has one name for all revisions: the first helm upgrade that changes its template is refused, field is immutable
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:{{ .Values.tag }}" }]
          `,
        },
      },
    ],
    good: [
      {
        files: {
          'k8s-lint.yaml':
            'environments: { preview: { targets: [{ helm: { chart: app, release: app } }, { manifests: [plain.yaml] }] } }\n',
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/values.yaml': 'tag: main\n',
          'app/templates/jobs.yaml': yaml`
            {{- $root := . }}
            {{- range $name := list (printf "setup-%d" .Release.Revision) (printf "setup-%s" .Values.tag) (printf "setup-%s" (.Values.tag | sha256sum | trunc 8)) (printf "setup-v%s" .Chart.Version) }}
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: { name: {{ $name }} }
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:{{ $root.Values.tag }}" }]
            {{- end }}
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: { name: hook, annotations: { helm.sh/hook: post-upgrade } }
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:1" }]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: { name: argo-hook, annotations: { argocd.argoproj.io/hook: PostSync } }
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:1" }]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: { name: argo-replaced, annotations: { argocd.argoproj.io/sync-options: "Force=true,Replace=true" } }
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:1" }]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: { name: ends }
            spec:
              ttlSecondsAfterFinished: 0
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:1" }]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: { name: "random-{{ randAlpha 6 | lower }}" }
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:1" }]
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: { generateName: each-time- }
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:1" }]
          `,
          'plain.yaml': yaml`
            apiVersion: batch/v1
            kind: Job
            metadata: { name: plain, namespace: default }
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers: [{ name: setup, image: "oli/app:1" }]
          `,
        },
      },
    ],
  },
  *check(cluster) {
    const charts = chartsOf(cluster);
    if (charts.size === 0) return;
    for (const job of cluster.workloads) {
      const { resource } = job;
      if (resource.group !== 'batch' || resource.kind !== 'Job' || resource.existing) continue;
      const lasting = charts.get(resource.targets[0]?.target ?? '');
      if (lasting === undefined || resource.hooks.length > 0 || isReplacedByArgo(resource)) continue;
      if (valueAt(resource.object, ['spec', 'ttlSecondsAfterFinished']) !== undefined || mayVary(job, lasting))
        continue;
      yield {
        resource,
        path: ['metadata', 'name'],
        message: `${resource} has one name for all revisions: the first helm upgrade that changes its template is refused, field is immutable`,
      };
    }
  },
} satisfies Rule;
