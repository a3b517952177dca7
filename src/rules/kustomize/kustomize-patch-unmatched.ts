import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

const DEPLOYMENTS = yaml`
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: problem-service
    labels: { tier: api, step: "2" }
  spec:
    selector: { matchLabels: { app: problem } }
    template:
      metadata: { labels: { app: problem } }
      spec: { containers: [{ name: app, image: problem:1 }] }
  ---
  apiVersion: apps/v1
  kind: StatefulSet
  metadata: { name: postgres-problem }
  spec:
    serviceName: postgres-problem
    selector: { matchLabels: { app: postgres } }
    template:
      metadata: { labels: { app: postgres } }
      spec: { containers: [{ name: postgres, image: postgres:16 }] }
`;

export default {
  id: 'kustomize-patch-unmatched',
  severity: 'error',
  docs: {
    summary:
      'The `target` of a patch, or of a replacement, must select something: kustomize passes over those that select nothing.',
    incident:
      'Algosu, sprint 81, D2 and D3: the overlay for k3d takes the securityContext of postgres, postgres-problem, minio and rabbitmq ' +
      'away and moves the readinessProbe of five services to /health, with JSON patches by target in ' +
      'infra/overlays/dev/kustomization.yaml. A target that names what the base has renamed since, or a Deployment that is a ' +
      'StatefulSet by now, patches nothing: the build succeeds, and on k3d the pods crash again with "data directory has wrong ' +
      'ownership". matchID: overlays/local and overlays/poc patch one base in the same way.',
    symptoms: [
      'data directory has wrong ownership',
      'kustomize build succeeds, and what the patch sets is not in its output',
      'no matches for Id',
    ],
    fix: "Name in the target what the base calls it, with its kind (before this kustomization's own prefix), or take the patch out.",
    facts: ['The kustomizations, with all objects as they are when it is the turn of the patch'],
    silent: [
      'What else there may be is unknown: a listed file is still empty, a chart is inflated, generators, vars',
      'Patches without target: kustomize itself refuses those that match nothing',
      'Patterns that mean something else outside of Go',
    ],
    references: [
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/',
      'https://github.com/kubernetes-sigs/kustomize/issues/4379',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'base/kustomization.yaml': 'resources: [services.yaml]\n',
          'base/services.yaml': DEPLOYMENTS,
          'overlays/dev/kustomization.yaml': yaml`
            resources: [../../base]
            patches:
              - target:
                  kind: Deployment
                  name: problem-servce # <- no Deployment is called problem-servce: kustomize ignores this patch without a word; did you mean Deployment/problem-service?
                patch: '[{ "op": "remove", "path": "/spec/template/spec/securityContext" }]'
              - target:
                  kind: Deployment # <- no Deployment is called postgres-problem: kustomize ignores this patch without a word; did you mean StatefulSet/postgres-problem?
                  name: postgres-problem
                path: no-security-context.yaml
              - target:
                  kind: Deployment
                  name: minio # <- no Deployment is called minio: kustomize ignores this patch without a word; there is Deployment/problem-service
                path: no-security-context.yaml
            patchesJson6902:
              - target:
                  group: extensions # <- no Deployment of extensions/v1beta1 is called problem-service: kustomize ignores this patch without a word; Deployment/problem-service is here, but its apiVersion is apps/v1
                  version: v1beta1
                  kind: Deployment
                  name: problem-service
                path: no-security-context.yaml
          `,
          'overlays/dev/no-security-context.yaml': yaml`
            - op: remove
              path: /spec/template/spec/securityContext
          `,
        },
      },
      {
        files: {
          'base/kustomization.yaml': 'resources: [services.yaml]\n',
          'base/services.yaml': DEPLOYMENTS,
          'overlays/dev/kustomization.yaml': yaml`
            resources: [../../base]
            namePrefix: dev-
            patches:
              - target:
                  name: postgres-.*-old # <- no object has a name that matches postgres-.*-old: kustomize ignores this patch without a word; there are Deployment/problem-service, StatefulSet/postgres-problem
                path: scale.yaml
              - target:
                  kind: Deployment
                  labelSelector: tier=web # <- no Deployment has labels that match tier=web: kustomize ignores this patch without a word; Deployment/problem-service is here, but its labels are others
                path: scale.yaml
              - target:
                  kind: DaemonSet # <- no DaemonSet is here: kustomize ignores this patch without a word
                path: scale.yaml
              - target:
                  kind: StatefulSet
                  name: dev-postgres-problem # <- no StatefulSet is called dev-postgres-problem: kustomize ignores this patch without a word; did you mean StatefulSet/postgres-problem?
                path: scale.yaml
              - target:
                  kind: StatefulSet
                  name: postgres-problem
                  namespace: data # <- no StatefulSet is called postgres-problem and is in the namespace data: kustomize ignores this patch without a word; StatefulSet/postgres-problem is here, but it names no namespace
                path: scale.yaml
          `,
          'overlays/dev/scale.yaml': yaml`
            - op: add
              path: /spec/replicas
              value: 2
          `,
        },
      },
      {
        files: {
          'overlays/kustomization.yaml': yaml`
            resources: [services.yaml]
            patches:
              - patch: |-
                  apiVersion: apps/v1
                  kind: StatefulSet
                  metadata: { name: postgres-problem }
                  $patch: delete
              - target:
                  kind: StatefulSet
                  name: postgres-problem # <- no StatefulSet is called postgres-problem: kustomize ignores this patch without a word; StatefulSet/postgres-problem is taken out before
                patch: |-
                  - op: add
                    path: /spec/replicas
                    value: 2
              - target:
                  kind: CronJob
                  name: backup # <- no CronJob is called backup: kustomize ignores this patch without a word
                patch: |-
                  apiVersion: batch/v1
                  kind: CronJob
                  metadata: { name: backup }
                  $patch: delete
            components: [../component]
          `,
          'overlays/services.yaml': DEPLOYMENTS,
          'overlays/replacements/kustomization.yaml': yaml`
            resources: [../../base]
            replacements:
              - source: { kind: StatefulSet, name: postgres-problem }
                targets:
                  - select: { kind: Deployment, name: problem-service }
                    fieldPaths: [metadata.labels.tier]
              - source: { kind: StatefulSet, name: postgres-problem }
                targets:
                  - select: { kind: Deployment, name: problem } # <- no Deployment is called problem: kustomize ignores this target without a word; there is Deployment/problem-service
                    fieldPaths: [metadata.labels.tier]
          `,
          'overlays/transformers/kustomization.yaml': yaml`
            resources: [../../base]
            transformers:
              - scale.yaml
              - |-
                apiVersion: builtin
                kind: PatchJson6902Transformer
                metadata: { name: scale }
                target: { kind: Deployment, name: rabbit } # <- no Deployment is called rabbit: kustomize ignores this patch without a word; there is Deployment/problem-service
                jsonOp: '[{ "op": "add", "path": "/spec/replicas", "value": 2 }]'
          `,
          'overlays/transformers/scale.yaml': yaml`
            apiVersion: builtin
            kind: PatchTransformer
            metadata: { name: scale }
            target: { kind: Deployment, name: minio } # <- no Deployment is called minio: kustomize ignores this patch without a word; there is Deployment/problem-service
            patch: '[{ "op": "add", "path": "/spec/replicas", "value": 2 }]'
          `,
          'base/kustomization.yaml': 'resources: [services.yaml]\n',
          'base/services.yaml': DEPLOYMENTS,
          'component/kustomization.yaml': yaml`
            apiVersion: kustomize.config.k8s.io/v1alpha1
            kind: Component
            patches:
              - target:
                  kind: Deployment
                  name: minio # <- no Deployment is called minio: where a kustomization without it takes in this Component, kustomize ignores this patch without a word
                patch: |-
                  - op: add
                    path: /spec/replicas
                    value: 2
          `,
        },
      },
    ],
    good: [
      {
        files: {
          'base/kustomization.yaml': yaml`
            resources: [services.yaml]
            namePrefix: eu-
          `,
          'base/services.yaml': DEPLOYMENTS,
          'overlays/dev/words.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: words, annotations: { yes: y, no: n } }
            data: { a: b }
          `,
          'overlays/dev/kustomization.yaml': yaml`
            resources: [../../base, words.yaml]
            components: [../../component]
            configMapGenerator:
              - name: settings
                literals: [COLOR=red]
            replacements:
              - source: { kind: StatefulSet, name: postgres-problem }
                targets:
                  - select: { kind: Deployment, name: eu-problem-service }
                    fieldPaths: [metadata.labels.tier]
            patches:
              - target: { kind: Deployment, name: eu-problem-service }
                patch: '[{ "op": "add", "path": "/spec/replicas", "value": 2 }]'
              - target: { kind: Deployment, name: problem-service, namespace: default }
                patch: '[{ "op": "add", "path": "/spec/minReadySeconds", "value": 2 }]'
              - target: { kind: Deployment|DaemonSet, labelSelector: tier in (api) }
                patch: '[{ "op": "add", "path": "/spec/paused", "value": true }]'
              - target: { name: .*-problem }
                patch: '[{ "op": "add", "path": "/spec/minReadySeconds", "value": 3 }]'
              - target: { version: v1, kind: ConfigMap, name: settings }
                patch: '[{ "op": "replace", "path": "/data/COLOR", "value": "blue" }]'
              - target: { kind: "(?i)DEPLOYMENT", labelSelector: step>1 }
                patch: '[{ "op": "add", "path": "/spec/progressDeadlineSeconds", "value": 60 }]'
              - target: { kind: ConfigMap, annotationSelector: "yes=y,no in (off, n)" }
                patch: '[{ "op": "add", "path": "/data/SHAPE", "value": "round" }]'
              - target: { group: apps, annotationSelector: "!patched" }
                patch: '[{ "op": "add", "path": "/spec/revisionHistoryLimit", "value": 2 }]'
          `,
          'component/kustomization.yaml': yaml`
            apiVersion: kustomize.config.k8s.io/v1alpha1
            kind: Component
            patches:
              - target: { kind: StatefulSet, name: postgres-problem }
                patch: '[{ "op": "add", "path": "/spec/replicas", "value": 3 }]'
          `,
        },
      },
      {
        files: {
          'generators/kustomization.yaml': yaml`
            generators:
              - |-
                apiVersion: builtin
                kind: ConfigMapGenerator
                metadata: { name: settings }
                literals: [COLOR=red]
            patches:
              - target: { kind: Deployment, name: minio }
                patch: '[{ "op": "add", "path": "/spec/replicas", "value": 2 }]'
          `,
          'vars/kustomization.yaml': yaml`
            resources: [services.yaml]
            vars:
              - name: DATABASE
                objref: { apiVersion: apps/v1, kind: StatefulSet, name: postgres-problem }
            patches:
              - target: { kind: Deployment, name: minio }
                patch: '[{ "op": "add", "path": "/spec/replicas", "value": 2 }]'
          `,
          'vars/services.yaml': DEPLOYMENTS,
        },
      },
      {
        files: {
          'kustomization.yaml': yaml`
            resources: [services.yaml, later.yaml]
            patches:
              - target: { kind: Deployment, name: minio }
                patch: '[{ "op": "add", "path": "/spec/replicas", "value": 2 }]'
          `,
          'services.yaml': DEPLOYMENTS,
          'later.yaml': '# Written once the cluster is there.\n',
        },
      },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'kustomize-patch-unmatched'),
} satisfies Rule;
