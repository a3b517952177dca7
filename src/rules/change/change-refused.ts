import { type Refusal, refusals } from '../../cluster/change/immutable.ts';
import { updated } from '../../cluster/change/pairs.ts';
import { withoutCredentials } from '../../cluster/security/credential-shapes.ts';
import { type Resource, type Rule, yaml } from '../../rule.ts';

/** Longer values say no more than that there is one. */
const LONGEST = 60;

function message(resource: Resource, refusal: Refusal): string {
  return `${resource}: ${refusal.shown} ${told(refusal)}, which the API server refuses (${refusal.says})`;
}

/** What becomes of a value, with the values where they are names or amounts. */
function told({ before, after, telling }: Refusal): string {
  const [was, is] = [before, after].map((value) => (telling ? shown(value) : undefined));
  if (after === undefined) return was === undefined ? 'is no longer set' : `is no longer ${was}`;
  if (before === undefined) return is === undefined ? 'is new' : `becomes ${is}`;
  return was === undefined || is === undefined ? 'changes' : `changes from ${was} to ${is}`;
}

function shown(value: unknown): string | undefined {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return shown(value.join(', '));
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = withoutCredentials(String(value), '…');
  if (text === '') return 'empty';
  // No name holds these, and a password may.
  if (/\/\/|@(?!sha256:)/.test(text)) return undefined;
  return text.length > LONGEST || /\s/.test(text.replaceAll(', ', '')) ? undefined : text;
}

const CHART = 'environments: { preview: { targets: [{ helm: { chart: app, release: pr-7, namespace: pr-7 } }] } }\n';

const SETUP = yaml`
  apiVersion: batch/v1
  kind: Job
  metadata: { name: "{{ .Release.Name }}-setup" }
  spec:
    template:
      spec:
        restartPolicy: Never
        containers: [{ name: setup, image: "{{ .Values.image }}" }]
`;

const WEB = yaml`
  apiVersion: apps/v1
  kind: Deployment
  metadata: { name: web }
  spec:
    selector: { matchLabels: { app: web } }
    template:
      metadata: { labels: { app: web } }
      spec: { containers: [{ name: web, image: "web:1" }] }
`;

export default {
  id: 'change-refused',
  severity: 'error',
  docs: {
    summary: 'A change must be one that the API server takes: some fields are fixed once an object exists.',
    incident:
      'OLI, preview environments, Phase 4: the chart’s setup Job gets a new image with each push to a pull request. The first helm ' +
      'install works; the first upgrade is refused, since a Job’s template can’t be changed, and half of the release is deployed. The ' +
      'same happens with a label that gets into a selector, a StatefulSet’s volumeClaimTemplates, a Service that becomes headless.',
    symptoms: [
      'field is immutable',
      'The Deployment "web" is invalid: spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"web"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable',
      "The StatefulSet \"db\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      'The PersistentVolumeClaim "data" is invalid: spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
      'spec.resources.requests.storage: Forbidden: field can not be less than previous value',
      'persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      'The RoleBinding "deployer" is invalid: roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"Role", Name:"deployer"}: cannot change roleRef',
      'spec.clusterIPs[0]: Invalid value: []string{"None"}: may not change once set',
      'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for LoadBalancer services',
      'data: Forbidden: field is immutable when `immutable` is set',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
      'value: Forbidden: may not be changed in an update.',
    ],
    fix:
      'Give the object a new name, or take the change back. Otherwise the old one must be deleted first: for a selector or a ' +
      'StatefulSet with kubectl delete --cascade=orphan, so that the pods stay; a Job as a hook (helm.sh/hook with ' +
      'before-hook-creation) or with ttlSecondsAfterFinished; a claim keeps its data only where its volume is retained.',
    facts: [
      'Needs --since: what is rendered at both sides, as the API server would compare it (k8s.io/kubernetes 1.29 to 1.36)',
      'StorageClass for claims that grow: rendered, or existing with allowVolumeExpansion',
    ],
    silent: [
      'Fields that only one side writes, where the API server or an admission plugin may fill in the same: defaults, null and {}, ' +
        'other spellings of an amount, other orders of a merged list',
      'Hooks of helm and Argo CD, Replace and Force of Argo CD, force of Flux (label, annotation, or the Kustomization’s spec.force)',
      'Jobs that had ttlSecondsAfterFinished: they may be gone',
      'Placeholders, encrypted and random values; names that vary; kinds that facts say the cluster has none of',
      'A Service’s clusterIP that is no longer written: the address stays',
    ],
    references: [
      'https://github.com/kubernetes/kubernetes/tree/master/pkg/apis (validation of updates)',
      'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates',
      'https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims',
      'https://fluxcd.io/flux/components/kustomize/kustomizations/#force',
    ],
  },
  examples: {
    bad: [
      yaml`
        # before
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec: { containers: [{ name: web, image: "web:1" }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector:
            matchLabels:
              app: shop-web # <- Deployment/web: spec.selector.matchLabels.app changes from web to shop-web, which the API server refuses (field is immutable)
          template:
            metadata: { labels: { app: shop-web } }
            spec: { containers: [{ name: web, image: "web:1" }] }
      `,
      {
        before: {
          'k8s-lint.yaml': CHART,
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/values.yaml': 'image: oli/app:pr-7-3f2a\n',
          'app/templates/setup.yaml': SETUP,
        },
        files: {
          'k8s-lint.yaml': CHART,
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/values.yaml':
            'image: oli/app:pr-7-9c1d # <- Job/pr-7-setup: spec.template.spec.containers[setup].image changes from oli/app:pr-7-3f2a to oli/app:pr-7-9c1d, which the API server refuses (field is immutable)\n',
          'app/templates/setup.yaml': SETUP,
        },
      },
      {
        before: {
          'base/kustomization.yaml': 'resources: [web.yaml]\n',
          'base/web.yaml': WEB,
          'overlays/prod/kustomization.yaml': 'resources: [../../base]\n',
        },
        files: {
          'base/kustomization.yaml': 'resources: [web.yaml]\n',
          'base/web.yaml': WEB,
          'overlays/prod/kustomization.yaml': yaml`
            resources: [../../base]
            labels:
              - includeSelectors: true
                pairs:
                  env: prod # <- Deployment/web: spec.selector.matchLabels.env becomes prod, which the API server refuses (field is immutable)
          `,
        },
      },
      yaml`
        # before
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web, tier: front } }
            spec: { containers: [{ name: web, image: "web:1" }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector:
            matchLabels:
              app: web
              tier: front # <- Deployment/web: spec.selector.matchLabels.tier becomes front, which the API server refuses (field is immutable)
          template:
            metadata: { labels: { app: web, tier: front } }
            spec: { containers: [{ name: web, image: "web:2" }] }
        ---
        # before
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: agent, namespace: shop }
        spec:
          selector: { matchLabels: { app: agent, version: v1 } }
          template:
            metadata: { labels: { app: agent, version: v1 } }
            spec: { containers: [{ name: agent, image: "agent:1" }] }
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: agent, namespace: shop }
        spec:
          selector:
            matchLabels: # <- DaemonSet/agent: spec.selector.matchLabels.version is no longer v1, which the API server refuses (field is immutable)
              app: agent
          template:
            metadata: { labels: { app: agent } }
            spec: { containers: [{ name: agent, image: "agent:1" }] }
        ---
        # before
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: { name: bare, namespace: shop }
        spec:
          selector: { matchLabels: { app: bare }, matchExpressions: [{ key: tier, operator: In, values: [a] }] }
          template:
            metadata: { labels: { app: bare, tier: a } }
            spec: { containers: [{ name: bare, image: "bare:1" }] }
        ---
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: { name: bare, namespace: shop }
        spec:
          selector:
            matchLabels: { app: bare }
            matchExpressions: # <- ReplicaSet/bare: spec.selector.matchExpressions changes, which the API server refuses (field is immutable)
              - { key: tier, operator: In, values: [a] }
              - { key: tier, operator: Exists }
          template:
            metadata: { labels: { app: bare, tier: a } }
            spec: { containers: [{ name: bare, image: "bare:1" }] }
      `,
      yaml`
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop }
        spec:
          serviceName: db
          replicas: 1
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "postgres:16" }] }
          volumeClaimTemplates:
            - metadata: { name: data, labels: { chart: db-1.0.0 } }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop }
        spec:
          serviceName: db-headless # <- StatefulSet/db: spec.serviceName changes from db to db-headless, which the API server refuses (updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' … are forbidden)
          replicas: 3
          podManagementPolicy: Parallel # <- StatefulSet/db: spec.podManagementPolicy changes from OrderedReady to Parallel, which the API server refuses (updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' … are forbidden)
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "postgres:17" }] }
          volumeClaimTemplates:
            - metadata: { name: data, labels: { chart: db-1.0.0 } }
              spec:
                accessModes: [ReadWriteOnce]
                resources:
                  requests:
                    storage: 5Gi # <- StatefulSet/db: spec.volumeClaimTemplates[0].spec.resources.requests.storage changes from 1Gi to 5Gi, which the API server refuses (updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' … are forbidden)
        ---
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: queue, namespace: shop }
        spec:
          selector: { matchLabels: { app: queue } }
          template:
            metadata: { labels: { app: queue } }
            spec: { containers: [{ name: queue, image: "queue:1" }] }
          volumeClaimTemplates:
            - metadata: { name: data, labels: { chart: queue-1.0.0 } }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: queue, namespace: shop }
        spec:
          selector: { matchLabels: { app: queue } }
          template:
            metadata: { labels: { app: queue } }
            spec: { containers: [{ name: queue, image: "queue:1" }] }
          volumeClaimTemplates:
            - metadata:
                name: data
                labels:
                  chart: queue-1.1.0 # <- StatefulSet/queue: spec.volumeClaimTemplates[0].metadata.labels.chart changes from queue-1.0.0 to queue-1.1.0, which the API server refuses (updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' … are forbidden)
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: cache, namespace: shop }
        spec:
          selector: { matchLabels: { app: cache } }
          template:
            metadata: { labels: { app: cache } }
            spec: { containers: [{ name: cache, image: "redis:7" }] }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: cache, namespace: shop }
        spec:
          selector: { matchLabels: { app: cache } }
          template:
            metadata: { labels: { app: cache } }
            spec: { containers: [{ name: cache, image: "redis:7" }] }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec:
                accessModes: [ReadWriteOnce]
                storageClassName: fast # <- StatefulSet/cache: spec.volumeClaimTemplates[0].spec.storageClassName becomes fast, which the API server refuses (updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' … are forbidden)
                resources: { requests: { storage: 1Gi } }
      `,
      yaml`
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: setup, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: setup, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: setup, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: setup
                  image: oli/app:2 # <- Job/setup: spec.template.spec.containers[setup].image changes from oli/app:1 to oli/app:2, which the API server refuses (field is immutable)
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: seed, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: seed, image: "oli/app:1", env: [{ name: TOKEN, value: old }] }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: seed, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: seed
                  image: oli/app:1
                  env:
                    - name: TOKEN
                      value: new # <- Job/seed: spec.template.spec.containers[seed].env[TOKEN].value changes, which the API server refuses (field is immutable)
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: import, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: import, image: "oli/app:1", args: [a, b] }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: import, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: import
                  image: oli/app:1
                  args:
                    - b # <- Job/import: spec.template.spec.containers[import].args[0] changes, which the API server refuses (field is immutable)
                    - a
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: index, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: index, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: index, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: index
                  image: oli/app:1
                - name: proxy # <- Job/index: spec.template.spec.containers[proxy] is new, which the API server refuses (field is immutable)
                  image: proxy:1
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: export, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              nodeSelector: { pool: burst }
              containers: [{ name: export, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: export, namespace: shop }
        spec:
          template:
            spec: # <- Job/export: spec.template.spec.nodeSelector is no longer set, which the API server refuses (field is immutable)
              restartPolicy: Never
              containers: [{ name: export, image: "oli/app:1" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: parts, namespace: shop }
        spec:
          completions: 2
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: parts, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: parts, namespace: shop }
        spec:
          completions: 3 # <- Job/parts: spec.completions changes from 2 to 3, which the API server refuses (field is immutable)
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: parts, image: "oli/app:1" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: single, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: single, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: single, namespace: shop }
        spec:
          completions: 2 # <- Job/single: spec.completions becomes 2, which the API server refuses (field is immutable)
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: single, image: "oli/app:1" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: indexed, namespace: shop }
        spec:
          completionMode: Indexed
          completions: 2
          parallelism: 2
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: indexed, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: indexed, namespace: shop }
        spec:
          completionMode: Indexed
          completions: 3 # <- Job/indexed: spec.completions changes from 2 to 3, which the API server refuses (can only be modified in tandem with spec.parallelism)
          parallelism: 2
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: indexed, image: "oli/app:1" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: mode, namespace: shop }
        spec:
          completions: 2
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: mode, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: mode, namespace: shop }
        spec:
          completions: 2
          completionMode: Indexed # <- Job/mode: spec.completionMode changes from NonIndexed to Indexed, which the API server refuses (field is immutable)
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: mode, image: "oli/app:1" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: policy, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: policy, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: policy, namespace: shop }
        spec:
          podFailurePolicy: # <- Job/policy: spec.podFailurePolicy is new, which the API server refuses (field is immutable)
            rules: [{ action: Ignore, onPodConditions: [{ type: DisruptionTarget }] }]
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: policy, image: "oli/app:1" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: waiting, namespace: shop }
        spec:
          suspend: true
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: waiting, image: "oli/app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: waiting, namespace: shop }
        spec:
          suspend: true
          template:
            spec:
              restartPolicy: Never
              nodeSelector: { pool: burst }
              containers:
                - name: waiting
                  image: oli/app:2 # <- Job/waiting: spec.template.spec.containers[waiting].image changes from oli/app:1 to oli/app:2, which the API server refuses (field is immutable)
      `,
      yaml`
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec:
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec:
          clusterIP: None # <- Service/db: spec.clusterIP becomes None, which the API server refuses (may not change once set)
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: dns, namespace: shop }
        spec:
          clusterIP: 10.96.0.10
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: dns, namespace: shop }
        spec:
          clusterIP: 10.96.0.11 # <- Service/dns: spec.clusterIP changes from 10.96.0.10 to 10.96.0.11, which the API server refuses (may not change once set)
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: peers, namespace: shop }
        spec:
          clusterIP: None
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: peers, namespace: shop }
        spec:
          type: LoadBalancer # <- Service/peers: spec.clusterIP is no longer None, which the API server refuses (may not be set to 'None' for LoadBalancer services)
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: dual, namespace: shop }
        spec:
          ipFamilies: [IPv4]
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: dual, namespace: shop }
        spec:
          ipFamilies:
            - IPv6 # <- Service/dual: spec.ipFamilies[0] changes from IPv4 to IPv6, which the API server refuses (may not change once set)
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: edge, namespace: shop }
        spec:
          type: LoadBalancer
          loadBalancerClass: example.com/a
          externalTrafficPolicy: Local
          healthCheckNodePort: 30001
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: edge, namespace: shop }
        spec:
          type: LoadBalancer
          loadBalancerClass: example.com/b # <- Service/edge: spec.loadBalancerClass changes from example.com/a to example.com/b, which the API server refuses (may not change once set)
          externalTrafficPolicy: Local
          healthCheckNodePort: 30002 # <- Service/edge: spec.healthCheckNodePort changes from 30001 to 30002, which the API server refuses (field is immutable)
          ports: [{ port: 80 }]
      `,
      yaml`
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: class, namespace: shop }
        spec:
          storageClassName: slow
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: class, namespace: shop }
        spec:
          storageClassName: fast # <- PersistentVolumeClaim/class: spec.storageClassName changes from slow to fast, which the API server refuses (spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims)
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 2Gi } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: none, namespace: shop }
        spec:
          storageClassName: ""
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: none, namespace: shop }
        spec:
          storageClassName: fast # <- PersistentVolumeClaim/none: spec.storageClassName changes from empty to fast, which the API server refuses (spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims)
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: smaller, namespace: shop }
        spec:
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 10Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: smaller, namespace: shop }
        spec:
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 5Gi # <- PersistentVolumeClaim/smaller: spec.resources.requests.storage changes from 10Gi to 5Gi, which the API server refuses (field can not be less than status.capacity)
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: shared, namespace: shop }
        spec:
          accessModes: [ReadWriteOnce]
          volumeMode: Block
          volumeName: a
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: shared, namespace: shop }
        spec:
          accessModes: # <- PersistentVolumeClaim/shared: spec.accessModes changes from ReadWriteOnce to ReadWriteMany, which the API server refuses (spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims)
            - ReadWriteMany
          volumeMode: Filesystem # <- PersistentVolumeClaim/shared: spec.volumeMode changes from Block to Filesystem, which the API server refuses (field is immutable)
          volumeName: b # <- PersistentVolumeClaim/shared: spec.volumeName changes from a to b, which the API server refuses (spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims)
          resources: { requests: { storage: 1Gi } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: grows, namespace: shop }
        spec:
          storageClassName: local
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: grows, namespace: shop }
        spec:
          storageClassName: local
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 2Gi # <- PersistentVolumeClaim/grows: spec.resources.requests.storage changes from 1Gi to 2Gi, which the API server refuses (only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize)
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: static, namespace: shop }
        spec:
          storageClassName: ""
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: static, namespace: shop }
        spec:
          storageClassName: ""
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 2Gi # <- PersistentVolumeClaim/static: spec.resources.requests.storage changes from 1Gi to 2Gi, which the API server refuses (only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize)
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: rendered, namespace: shop }
        spec:
          storageClassName: own
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: rendered, namespace: shop }
        spec:
          storageClassName: own
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 2Gi # <- PersistentVolumeClaim/rendered: spec.resources.requests.storage changes from 1Gi to 2Gi, which the API server refuses (only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize)
        ---
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: own }
        provisioner: example.com/own
        ---
        # existing
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: local }
        provisioner: rancher.io/local-path
        allowVolumeExpansion: false
      `,
      yaml`
        # before
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: data }
        spec:
          capacity: { storage: 1Gi }
          accessModes: [ReadWriteOnce]
          hostPath: { path: /data }
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: data }
        spec:
          capacity: { storage: 2Gi }
          accessModes: [ReadWriteOnce]
          hostPath:
            path: /srv/data # <- PersistentVolume/data: spec.hostPath.path changes, which the API server refuses (spec.persistentvolumesource is immutable after creation)
        ---
        # before
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: moved }
        spec:
          capacity: { storage: 1Gi }
          accessModes: [ReadWriteOnce]
          hostPath: { path: /data }
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: moved }
        spec:
          capacity: { storage: 1Gi }
          accessModes: [ReadWriteOnce]
          volumeMode: Block # <- PersistentVolume/moved: spec.volumeMode changes from Filesystem to Block, which the API server refuses (field is immutable)
          nfs: # <- PersistentVolume/moved: the source of the volume changes from hostPath to nfs, which the API server refuses (spec.persistentvolumesource is immutable after creation)
            server: nas
            path: /data
        ---
        # before
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: deployer, namespace: shop }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: deployer, namespace: shop }
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole # <- RoleBinding/deployer: roleRef.kind changes from Role to ClusterRole, which the API server refuses (cannot change roleRef)
          name: edit
        ---
        # before
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: { name: reader }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: { name: reader }
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: edit # <- ClusterRoleBinding/reader: roleRef.name changes from view to edit, which the API server refuses (cannot change roleRef)
        ---
        # before
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings, namespace: shop }
        immutable: true
        data: { mode: old, same: x }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings, namespace: shop }
        immutable: true
        data:
          same: x
          mode: new # <- ConfigMap/settings: data.mode changes, which the API server refuses (field is immutable when immutable is set)
        ---
        # before
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: freed, namespace: shop }
        immutable: true
        data: { mode: old }
        ---
        apiVersion: v1 # <- ConfigMap/freed: immutable is no longer true, which the API server refuses (field is immutable when immutable is set)
        kind: ConfigMap
        metadata: { name: freed, namespace: shop }
        data: { mode: old }
        ---
        # before
        apiVersion: v1
        kind: Secret
        metadata: { name: typed, namespace: shop }
        data: {}
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: typed, namespace: shop }
        type: example.com/token # <- Secret/typed: type changes from Opaque to example.com/token, which the API server refuses (field is immutable)
        data: {}
        ---
        # before
        apiVersion: v1
        kind: Secret
        metadata: { name: fixed, namespace: shop }
        immutable: true
        data: { token: b2xk }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: fixed, namespace: shop }
        immutable: true
        stringData:
          token: new # <- Secret/fixed: data.token changes, which the API server refuses (field is immutable when immutable is set)
        ---
        # before
        apiVersion: v1
        kind: Pod
        metadata: { name: debug, namespace: shop }
        spec: { containers: [{ name: debug, image: "busybox:1", command: [sleep, "60"] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: debug, namespace: shop }
        spec:
          containers:
            - name: debug
              image: busybox:2
              command:
                - sleep
                - "90" # <- Pod/debug: spec.containers[debug].command[1] changes, which the API server refuses (pod updates may not change fields other than spec.containers[*].image, spec.initContainers[*].image …)
      `,
      yaml`
        # before
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: fast }
        provisioner: example.com/a
        parameters: { type: ssd }
        ---
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: fast }
        provisioner: example.com/b # <- StorageClass/fast: provisioner changes from example.com/a to example.com/b, which the API server refuses (updates to provisioner are forbidden)
        parameters:
          type: ssd
          zone: a # <- StorageClass/fast: parameters.zone is new, which the API server refuses (updates to parameters are forbidden)
        reclaimPolicy: Retain # <- StorageClass/fast: reclaimPolicy changes from Delete to Retain, which the API server refuses (updates to reclaimPolicy are forbidden)
        volumeBindingMode: WaitForFirstConsumer # <- StorageClass/fast: volumeBindingMode changes from Immediate to WaitForFirstConsumer, which the API server refuses (field is immutable)
        ---
        # before
        apiVersion: storage.k8s.io/v1
        kind: VolumeAttributesClass
        metadata: { name: gold }
        driverName: example.com/a
        parameters: { iops: "1000" }
        ---
        apiVersion: storage.k8s.io/v1
        kind: VolumeAttributesClass
        metadata: { name: gold }
        driverName: example.com/b # <- VolumeAttributesClass/gold: driverName changes from example.com/a to example.com/b, which the API server refuses (updates to driverName are forbidden)
        parameters:
          iops: "2000" # <- VolumeAttributesClass/gold: parameters.iops changes, which the API server refuses (updates to parameters are forbidden)
        ---
        # before
        apiVersion: storage.k8s.io/v1
        kind: CSIDriver
        metadata: { name: example.com }
        spec: { podInfoOnMount: false }
        ---
        apiVersion: storage.k8s.io/v1
        kind: CSIDriver
        metadata: { name: example.com }
        spec:
          attachRequired: false # <- CSIDriver/example.com: spec.attachRequired changes from true to false, which the API server refuses (field is immutable)
          volumeLifecycleModes: # <- CSIDriver/example.com: spec.volumeLifecycleModes changes from Persistent to Ephemeral, Persistent, which the API server refuses (field is immutable)
            - Persistent
            - Ephemeral
        ---
        # before
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: public }
        spec: { controller: k8s.io/ingress-nginx }
        ---
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: public }
        spec:
          controller: traefik.io/ingress-controller # <- IngressClass/public: spec.controller changes from k8s.io/ingress-nginx to traefik.io/ingress-controller, which the API server refuses (field is immutable)
        ---
        # before
        apiVersion: node.k8s.io/v1
        kind: RuntimeClass
        metadata: { name: sandbox }
        handler: gvisor
        ---
        apiVersion: node.k8s.io/v1
        kind: RuntimeClass
        metadata: { name: sandbox }
        handler: kata # <- RuntimeClass/sandbox: handler changes from gvisor to kata, which the API server refuses (field is immutable)
        ---
        # before
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: { name: high }
        value: 1000
        ---
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: { name: high }
        value: 2000 # <- PriorityClass/high: value changes from 1000 to 2000, which the API server refuses (may not be changed in an update)
        preemptionPolicy: Never # <- PriorityClass/high: preemptionPolicy changes from PreemptLowerPriority to Never, which the API server refuses (field is immutable)
        ---
        # before
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: { name: nas, namespace: shop }
        addressType: IPv4
        endpoints: []
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: { name: nas, namespace: shop }
        addressType: FQDN # <- EndpointSlice/nas: addressType changes from IPv4 to FQDN, which the API server refuses (field is immutable)
        endpoints: []
        ---
        # before
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: few, namespace: shop }
        spec: { hard: { pods: "4" }, scopes: [BestEffort] }
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: few, namespace: shop }
        spec:
          hard: { pods: "4" }
          scopes: # <- ResourceQuota/few: spec.scopes changes from BestEffort to NotTerminating, which the API server refuses (field is immutable)
            - NotTerminating
        ---
        # before
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: shops.example.com }
        spec:
          group: example.com
          scope: Namespaced
          names: { plural: shops, singular: shop, kind: Shop }
          versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
        ---
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: shops.example.com }
        spec:
          group: example.com
          scope: Cluster # <- CustomResourceDefinition/shops.example.com: spec.scope changes from Namespaced to Cluster, which the API server refuses (field is immutable)
          names: { plural: shops, singular: shop, kind: Store } # <- CustomResourceDefinition/shops.example.com: spec.names.kind changes from Shop to Store, which the API server refuses (field is immutable)
          versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
      `,
    ],
    good: [
      yaml`
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: setup, namespace: shop, annotations: { helm.sh/hook: "post-install,post-upgrade" } }
        spec: { template: { spec: { restartPolicy: Never, containers: [{ name: setup, image: "oli/app:1" }] } } }
        ---
        # A hook is deleted and made anew.
        apiVersion: batch/v1
        kind: Job
        metadata: { name: setup, namespace: shop, annotations: { helm.sh/hook: "post-install,post-upgrade" } }
        spec: { template: { spec: { restartPolicy: Never, containers: [{ name: setup, image: "oli/app:2" }] } } }
      `,
      yaml`
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: same, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: run
                  image: app:1
                  ports: [{ containerPort: 80 }]
                  resources: { limits: { cpu: "1", memory: 1Gi } }
                  env: [{ name: A, value: a }, { name: B, value: b }]
                  livenessProbe: { httpGet: { path: /, port: 80 } }
                  volumeMounts: [{ name: files, mountPath: /files }]
              volumes:
                - name: files
                  configMap: { name: files }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: same, namespace: shop }
        spec:
          completions: 1
          parallelism: 1
          completionMode: NonIndexed
          backoffLimit: 2
          ttlSecondsAfterFinished: 60
          template:
            metadata: { labels: {} }
            spec:
              restartPolicy: Never
              dnsPolicy: ClusterFirst
              schedulerName: default-scheduler
              terminationGracePeriodSeconds: 30
              securityContext: {}
              tolerations: []
              containers:
                - name: run
                  image: app:1
                  imagePullPolicy: IfNotPresent
                  command: null
                  stdin: false
                  ports: [{ containerPort: 80, protocol: TCP }]
                  resources: { limits: { cpu: 1000m, memory: 1024Mi }, requests: { cpu: 1 } }
                  env: [{ name: B, value: b }, { name: A, value: a }]
                  livenessProbe: { httpGet: { path: /, port: 80, scheme: HTTP }, periodSeconds: 10 }
                  volumeMounts: [{ name: files, mountPath: /files }]
              volumes:
                - name: files
                  configMap: { name: files, defaultMode: 420 }
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: placeholder, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: placeholder, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "${'${IMAGE}'}" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: elastic, namespace: shop }
        spec:
          completionMode: Indexed
          completions: 2
          parallelism: 2
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: elastic, namespace: shop }
        spec:
          completionMode: Indexed
          completions: 3
          parallelism: 3
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: suspended, namespace: shop }
        spec:
          suspend: true
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: suspended, namespace: shop }
        spec:
          suspend: true
          template:
            spec:
              nodeSelector: { pool: burst }
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        # before
        apiVersion: batch/v1
        kind: CronJob
        metadata: { name: nightly, namespace: shop }
        spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: run, image: "app:1" }] } } } } }
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: { name: nightly, namespace: shop }
        spec: { schedule: "0 4 * * *", jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: run, image: "app:2" }] } } } } }
      `,
      yaml`
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: hook, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: hook, namespace: shop, annotations: { helm.sh/hook: pre-upgrade } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: was-hook, namespace: shop, annotations: { helm.sh/hook: pre-upgrade } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: was-hook, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: argo-hook, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: argo-hook, namespace: shop, annotations: { argocd.argoproj.io/hook: PreSync } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: argo-force, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: argo-force, namespace: shop, annotations: { argocd.argoproj.io/sync-options: "Force=true,Replace=true" } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: flux-force, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: flux-force, namespace: shop, annotations: { kustomize.toolkit.fluxcd.io/force: enabled } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: flux-label, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: flux-label, namespace: shop, labels: { kustomize.toolkit.fluxcd.io/force: enabled } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: flux-once, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: flux-once, namespace: shop, annotations: { kustomize.toolkit.fluxcd.io/ssa: IfNotPresent } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: flux-off, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: flux-off, namespace: shop, annotations: { kustomize.toolkit.fluxcd.io/reconcile: disabled } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: kapp, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: kapp, namespace: shop, annotations: { kapp.k14s.io/update-strategy: fallback-on-replace } }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: may-be-gone, namespace: shop }
        spec:
          ttlSecondsAfterFinished: 60
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: may-be-gone, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: setup-1, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: setup-2, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { generateName: each-, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { generateName: each-, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
      `,
      yaml`
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: setup, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: setup, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        # existing
        apiVersion: batch/v1
        kind: JobList
        items: []
      `,
      yaml`
        # before
        apiVersion: batch/v1
        kind: Job
        metadata: { name: forced, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:1" }]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: forced, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{ name: run, image: "app:2" }]
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: apps, namespace: flux-system }
        spec: { interval: 10m, prune: true, force: true, path: ./, sourceRef: { kind: GitRepository, name: flux-system } }
      `,
      yaml`
        # before
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec: { containers: [{ name: web, image: "web:1" }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop, labels: { app: other } }
        spec:
          replicas: 3
          strategy: { type: Recreate }
          selector: { matchLabels: { app: web }, matchExpressions: [] }
          template:
            metadata: { labels: { app: web, tier: front } }
            spec: { containers: [{ name: web, image: "web:2" }] }
        ---
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop }
        spec:
          serviceName: db
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "postgres:16" }] }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop }
        spec:
          serviceName: db
          replicas: 2
          podManagementPolicy: OrderedReady
          minReadySeconds: 5
          revisionHistoryLimit: 3
          updateStrategy: { type: OnDelete }
          persistentVolumeClaimRetentionPolicy: { whenDeleted: Retain }
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "postgres:17" }] }
          volumeClaimTemplates:
            - apiVersion: v1
              kind: PersistentVolumeClaim
              metadata: { name: data, creationTimestamp: null }
              spec: { accessModes: [ReadWriteOnce], volumeMode: Filesystem, resources: { requests: { storage: 1024Mi } } }
              status: {}
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: kept, namespace: shop }
        spec:
          clusterIP: None
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: kept, namespace: shop }
        spec:
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: address, namespace: shop }
        spec:
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: address, namespace: shop }
        spec:
          clusterIP: 10.96.0.10
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: empty, namespace: shop }
        spec:
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: empty, namespace: shop }
        spec:
          clusterIP: ""
          type: ClusterIP
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: open, namespace: shop }
        spec:
          type: NodePort
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: open, namespace: shop }
        spec:
          type: LoadBalancer
          loadBalancerClass: example.com/a
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: alias, namespace: shop }
        spec:
          type: ExternalName
          externalName: db.example.com
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: alias, namespace: shop }
        spec:
          clusterIP: None
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: to-alias, namespace: shop }
        spec:
          clusterIP: None
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: to-alias, namespace: shop }
        spec:
          type: ExternalName
          externalName: db.example.com
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: headless, namespace: shop }
        spec:
          clusterIP: None
          ipFamilies: [IPv4]
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: headless, namespace: shop }
        spec:
          clusterIP: None
          ipFamilies: [IPv6]
          ports: [{ port: 80 }]
        ---
        # before
        apiVersion: v1
        kind: Service
        metadata: { name: second, namespace: shop }
        spec:
          ipFamilies: [IPv4]
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: second, namespace: shop }
        spec:
          ipFamilyPolicy: PreferDualStack
          ipFamilies: [IPv4, IPv6]
          ports: [{ port: 80 }]
      `,
      yaml`
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: same, namespace: shop }
        spec:
          accessModes: [ReadWriteOnce, ReadOnlyMany]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: same, namespace: shop }
        spec:
          storageClassName: fast
          accessModes: [ReadOnlyMany, ReadWriteOnce]
          volumeMode: Filesystem
          volumeName: pvc-1
          resources: { requests: { storage: 1024Mi } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: unset, namespace: shop }
        spec:
          storageClassName: fast
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: unset, namespace: shop }
        spec:
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: grows, namespace: shop }
        spec:
          storageClassName: elastic
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: grows, namespace: shop }
        spec:
          storageClassName: elastic
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 2Gi } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: may-grow, namespace: shop }
        spec:
          storageClassName: unsaid
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: may-grow, namespace: shop }
        spec:
          storageClassName: unsaid
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 2Gi } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: default, namespace: shop }
        spec:
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: default, namespace: shop }
        spec:
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 2Gi } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: data }
        spec:
          capacity: { storage: 1Gi }
          accessModes: [ReadWriteOnce]
          persistentVolumeReclaimPolicy: Delete
          csi: { driver: example.com, volumeHandle: a }
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: data }
        spec:
          capacity: { storage: 2Gi }
          accessModes: [ReadWriteMany]
          persistentVolumeReclaimPolicy: Retain
          volumeMode: Filesystem
          csi: { driver: example.com, volumeHandle: a, readOnly: false, controllerExpandSecretRef: { name: expand, namespace: shop } }
        ---
        # before
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: deployer, namespace: shop }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer }
        subjects: []
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: deployer, namespace: shop }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer }
        subjects: [{ kind: ServiceAccount, name: ci, namespace: shop }]
        ---
        # before
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings, namespace: shop }
        data: { mode: old }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings, namespace: shop }
        immutable: true
        data: { mode: new }
        ---
        # before
        apiVersion: v1
        kind: Secret
        metadata: { name: fixed, namespace: shop }
        immutable: true
        data: { token: b2xk }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: fixed, namespace: shop }
        immutable: true
        type: Opaque
        stringData: { token: old }
        ---
        # before
        apiVersion: v1
        kind: Secret
        metadata: { name: encrypted, namespace: shop }
        immutable: true
        stringData: { token: "ENC[AES256_GCM,data:a]" }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: encrypted, namespace: shop }
        immutable: true
        stringData: { token: "ENC[AES256_GCM,data:b]" }
        ---
        # before
        apiVersion: v1
        kind: Pod
        metadata: { name: debug, namespace: shop }
        spec: { containers: [{ name: debug, image: "busybox:1" }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: debug, namespace: shop, labels: { app: debug } }
        spec:
          nodeName: k3s-1
          activeDeadlineSeconds: 60
          tolerations: [{ key: pool, operator: Exists }]
          containers: [{ name: debug, image: "busybox:2" }]
        ---
        # before
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: fast }
        provisioner: example.com/a
        ---
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: fast, annotations: { storageclass.kubernetes.io/is-default-class: "true" } }
        provisioner: example.com/a
        parameters: {}
        reclaimPolicy: Delete
        volumeBindingMode: Immediate
        allowVolumeExpansion: true
        ---
        # existing
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: elastic }
        provisioner: example.com/a
        allowVolumeExpansion: true
        ---
        # existing
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: unsaid }
        provisioner: example.com/a
      `,
    ],
  },
  *check(cluster) {
    for (const { before, after } of updated(cluster)) {
      for (const refusal of refusals(before, after, cluster)) {
        yield { resource: after, path: refusal.path, message: message(after, refusal) };
      }
    }
  },
} satisfies Rule;
