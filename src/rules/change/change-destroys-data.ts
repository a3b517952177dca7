import { type Gone, losses } from '../../cluster/change/gone.ts';
import { asList, asMap, valueAt } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Resource, type Rule, type Severity, yaml } from '../../rule.ts';

/** The namespaces that the API server never deletes (NamespaceLifecycle). */
const IMMORTAL = new Set(['default', 'kube-public', 'kube-system']);

interface Loss {
  /** What becomes of it and of what depends on it, once it is deleted. */
  text: string;
  severity?: Severity;
}

/** Whether what stands in a chart's `crds/` is gone: helm never deletes those. */
function isLeftByHelm(cluster: Cluster, { kind, file, targets }: Resource): boolean {
  if (kind !== 'CustomResourceDefinition' || !/(?:^|\/)crds\//.test(file)) return false;
  return targets.every((ref) => typeOf(cluster, ref.target) === 'helm');
}

function typeOf(cluster: Cluster, name: string): string | undefined {
  return cluster.before?.targets.find(({ target }) => target === name)?.type;
}

/** Who deletes what is no longer rendered: helm on its own, the others where they prune. */
function deletedBy(cluster: Cluster, { targets }: Resource): string {
  if (!targets.every((ref) => typeOf(cluster, ref.target) === 'helm')) {
    return 'whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it';
  }
  const isLeft = targets.some((ref) => cluster.targets.some(({ target }) => target === ref.target));
  return isLeft ? 'the next helm upgrade deletes it' : 'helm deletes it when its release is upgraded or uninstalled';
}

function lossOf(cluster: Cluster, gone: Gone): Loss | undefined {
  switch (gone.resource.kind) {
    case 'Namespace':
      return IMMORTAL.has(gone.resource.name) ? undefined : { text: 'with all that is in it, claims and Secrets too' };
    case 'CustomResourceDefinition':
      return { text: `and with it every ${kindOf(gone.resource)} in the cluster` };
    case 'StatefulSet':
      return ofStatefulSet(gone);
    default:
      return ofClaim(cluster, gone);
  }
}

function kindOf({ object, name }: Resource): string {
  const kind = valueAt(object, ['spec', 'names', 'kind']);
  return typeof kind === 'string' ? kind : `object of ${name}`;
}

/** The claims that it made stay, unless it says otherwise. */
function ofStatefulSet({ resource, successor }: Gone): Loss {
  const templates = asList(valueAt(resource.object, ['spec', 'volumeClaimTemplates']));
  const names = templates.map((item) => valueAt(item, ['metadata', 'name'])).filter((name) => typeof name === 'string');
  const claims = `its claims (${names.map((name) => `${name}-${resource.name}-0`).join(', ')} …)`;
  const policy = asMap(valueAt(resource.object, ['spec', 'persistentVolumeClaimRetentionPolicy']));
  if (policy?.whenDeleted === 'Delete') return { text: `and ${claims} with it, as whenDeleted: Delete asks` };
  return { text: `while ${claims} stay and nothing uses them`, ...(successor ? {} : { severity: 'info' }) };
}

function ofClaim(cluster: Cluster, { resource }: Gone): Loss {
  const policy = reclaimPolicy(cluster, resource);
  if (policy?.value === 'Retain') {
    return {
      text: `while ${policy.of} retains its volume: the data stays, out of reach of new claims`,
      severity: 'info',
    };
  }
  if (policy?.value === 'Delete') return { text: `and its data too: ${policy.of} deletes the volume with the claim` };
  return { text: 'and its data too unless its volume is retained' };
}

/** What becomes of the volume of a claim, where its volume or its StorageClass is known. */
function reclaimPolicy(cluster: Cluster, { object }: Resource): { value: unknown; of: string } | undefined {
  const { volumeName, storageClassName } = asMap(valueAt(object, ['spec'])) ?? {};
  if (typeof volumeName === 'string' && volumeName !== '') {
    const volume = cluster.get('', 'PersistentVolume', '', volumeName);
    const value = volume && (valueAt(volume.object, ['spec', 'persistentVolumeReclaimPolicy']) ?? 'Retain');
    return volume && { value, of: `${volume}` };
  }
  if (typeof storageClassName !== 'string' || storageClassName === '') return undefined;
  const known = cluster.get('storage.k8s.io', 'StorageClass', '', storageClassName);
  const value = known && (valueAt(known.object, ['reclaimPolicy']) ?? (known.existing ? undefined : 'Delete'));
  return known && { value, of: `${known}` };
}

/** Whether a new object has no data, as far as is known: a claim may take over a volume, and a StatefulSet claims that are there. */
function startsEmpty(cluster: Cluster, { kind, object, scope, name }: Resource): boolean {
  const spec = asMap(valueAt(object, ['spec'])) ?? {};
  if (kind === 'PersistentVolumeClaim') {
    return !['volumeName', 'selector', 'dataSource', 'dataSourceRef'].some((field) => spec[field] !== undefined);
  }
  return !asList(spec.volumeClaimTemplates).some((template) => {
    const claim = `${valueAt(template, ['metadata', 'name'])}-${name}-0`;
    return cluster.get('', 'PersistentVolumeClaim', scope, claim) !== undefined;
  });
}

function* judge(cluster: Cluster, gone: Gone): Generator<Finding> {
  const { resource, successor } = gone;
  const loss = isLeftByHelm(cluster, resource) ? undefined : lossOf(cluster, gone);
  if (!loss) return;
  const isElsewhere = successor && successor.scope !== resource.scope;
  const place = isElsewhere && successor.namespace !== undefined ? ` in namespace ${successor.namespace}` : '';
  const start = successor && startsEmpty(cluster, successor) ? ' and starts empty' : '';
  const instead = successor ? `; ${successor}${place} is new${start}` : '';
  const why = cluster.targets.length === 0 ? `, as all of ${cluster.environment} is gone` : '';
  yield {
    resource: cluster.gone(resource),
    path: [],
    message: `${resource} is no longer rendered${why}: ${deletedBy(cluster, resource)}, ${loss.text}${instead}`,
    ...(loss.severity && { severity: loss.severity }),
    ...(successor && { related: [{ message: `${successor} is new`, resource: successor, path: [] }] }),
  };
}

const CHART = 'environments: { prod: { targets: [{ helm: { chart: app, release: app, namespace: shop } }] } }\n';

const NAMESPACE = yaml`
  apiVersion: v1
  kind: Namespace
  metadata: { name: matchid }
`;

const CLAIM = yaml`
  apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: { name: index, namespace: matchid }
  spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

const IN_CHART = yaml`
  {{- if .Values.persistence.enabled }}
  apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: { name: "{{ .Release.Name }}-data" }
  spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
  {{- end }}
`;

const DEFINITION = yaml`
  apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  metadata: { name: shops.example.com }
  spec:
    group: example.com
    scope: Namespaced
    names: { plural: shops, singular: shop, kind: Shop }
    versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
`;

const SETTINGS = yaml`
  apiVersion: v1
  kind: ConfigMap
  metadata: { name: settings }
`;

export default {
  id: 'change-destroys-data',
  severity: 'warning',
  docs: {
    summary: 'A claim, a Namespace, a CustomResourceDefinition or a StatefulSet with claims must not vanish unnoticed.',
    incident:
      'matchID: an overlay deletes the Namespace of its base, since another repository owns it there, and the plan is to drop the ' +
      'StatefulSet of Elasticsearch with its claims for another search engine. In a review both are a few lines of YAML; to what ' +
      'prunes they are a namespace with all that is in it, and a database whose volumes nobody mounts any more.',
    symptoms: [
      'persistentvolumeclaim "data" deleted',
      'namespace "shop" deleted',
      'customresourcedefinition.apiextensions.k8s.io "certificates.cert-manager.io" deleted',
      'statefulset.apps "db" deleted',
      'PersistentVolumeClaim/data pruned',
    ],
    fix:
      'Keep it, or say that it may go: helm.sh/resource-policy: keep, argocd.argoproj.io/sync-options: Prune=false, ' +
      'kustomize.toolkit.fluxcd.io/prune: disabled, each deployed before the object leaves the render. Before a rename, move the data: ' +
      'retain the volume and bind the new claim to it, or restore a backup.',
    facts: [
      'Needs --since: what is rendered at both sides, in all environments that are judged',
      'PersistentVolume and StorageClass, rendered or existing: whether the data outlives the claim',
    ],
    silent: [
      'What is annotated to be kept, by helm, Argo CD, Flux or kapp, and hooks',
      'What another environment now renders that did not before, and what another target of the environment renders',
      'Where a target that may hold it fails, or was left unchecked: it is counted as unchecked',
      'CustomResourceDefinitions in the crds/ of a chart: helm never deletes them',
      'Names that vary; the namespaces default, kube-system and kube-public; what facts say the cluster does not hold',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming',
      'https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention',
      'https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource',
      'https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#no-prune-resources',
      'https://fluxcd.io/flux/components/kustomize/kustomizations/#prune',
    ],
  },
  examples: {
    bad: [
      yaml`
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: files, namespace: shop } # <- PersistentVolumeClaim/files is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its data too unless its volume is retained
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 10Gi } } }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
      `,
      yaml`
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: data, namespace: shop } # <- PersistentVolumeClaim/data is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its data too unless its volume is retained
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: gone-for-good, namespace: shop } # <- PersistentVolumeClaim/gone-for-good is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its data too: StorageClass/fast deletes the volume with the claim
        spec: { storageClassName: fast, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: retained, namespace: shop } # <- PersistentVolumeClaim/retained is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, while StorageClass/careful retains its volume: the data stays, out of reach of new claims
        spec: { storageClassName: careful, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: by-hand, namespace: shop } # <- PersistentVolumeClaim/by-hand is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, while PersistentVolume/nas retains its volume: the data stays, out of reach of new claims
        spec: { volumeName: nas, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop } # <- Namespace/shop is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, with all that is in it, claims and Secrets too
        ---
        # before
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: shops.example.com } # <- CustomResourceDefinition/shops.example.com is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and with it every Shop in the cluster
        spec:
          group: example.com
          scope: Namespaced
          names: { plural: shops, singular: shop, kind: Shop }
          versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: kept, namespace: shop }
        ---
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: fast }
        provisioner: example.com/fast
        ---
        # existing
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: { name: careful }
        provisioner: example.com/fast
        reclaimPolicy: Retain
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: nas }
        spec: { capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce], nfs: { server: nas, path: /data }, persistentVolumeReclaimPolicy: Retain }
      `,
      yaml`
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop } # <- StatefulSet/db is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, while its claims (data-db-0 …) stay and nothing uses them
        spec:
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "postgres:16" }] }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: queue, namespace: shop } # <- StatefulSet/queue is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its claims (data-queue-0 …) with it, as whenDeleted: Delete asks
        spec:
          persistentVolumeClaimRetentionPolicy: { whenDeleted: Delete }
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "postgres:16" }] }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: kept, namespace: shop }
      `,
      yaml`
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop } # <- StatefulSet/db is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, while its claims (data-db-0 …) stay and nothing uses them; StatefulSet/prod-db is new and starts empty
        spec:
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
        metadata: { name: prod-db, namespace: shop }
        spec:
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "postgres:16" }] }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: queue, namespace: shop } # <- StatefulSet/queue is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, while its claims (data-queue-0 …) stay and nothing uses them; StatefulSet/broker is new and starts empty
        spec:
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "rabbitmq:4" }] }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: broker, namespace: shop }
        spec:
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: "rabbitmq:4" }] }
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: photos, namespace: shop } # <- PersistentVolumeClaim/photos is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its data too unless its volume is retained; PersistentVolumeClaim/photos-v2 is new
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: photos-v2, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], volumeName: photos, resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: search, namespace: shop } # <- StatefulSet/search is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, while its claims (index-search-0 …) stay and nothing uses them; StatefulSet/finder is new
        spec:
          selector: { matchLabels: { app: search } }
          template:
            metadata: { labels: { app: search } }
            spec: { containers: [{ name: search, image: "search:1" }] }
          volumeClaimTemplates:
            - metadata: { name: index }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: finder, namespace: shop }
        spec:
          selector: { matchLabels: { app: search } }
          template:
            metadata: { labels: { app: search } }
            spec: { containers: [{ name: search, image: "search:1" }] }
          volumeClaimTemplates:
            - metadata: { name: index }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: index-finder-0, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: files, namespace: shop } # <- PersistentVolumeClaim/files is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its data too unless its volume is retained; PersistentVolumeClaim/files in namespace shop-prod is new and starts empty
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: files, namespace: shop-prod }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
      `,
      {
        before: {
          'base/kustomization.yaml': 'resources: [namespace.yaml, claim.yaml]\n',
          'base/namespace.yaml': NAMESPACE,
          'base/claim.yaml': CLAIM,
          'overlays/poc/kustomization.yaml': 'resources: [../../base]\n',
        },
        files: {
          'base/kustomization.yaml': 'resources: [namespace.yaml, claim.yaml]\n',
          'base/namespace.yaml': NAMESPACE,
          'base/claim.yaml': CLAIM,
          'overlays/poc/kustomization.yaml': yaml`
            resources: [../../base]
            patches: # <- Namespace/matchid is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, with all that is in it, claims and Secrets too
              - patch: |
                  $patch: delete
                  apiVersion: v1
                  kind: Namespace
                  metadata: { name: matchid }
          `,
        },
      },
      {
        before: {
          'base/kustomization.yaml': 'resources: [namespace.yaml, claim.yaml]\n',
          'base/namespace.yaml': NAMESPACE,
          'base/claim.yaml': CLAIM,
          'overlays/local/kustomization.yaml': 'resources: [../../base]\n',
          'overlays/poc/kustomization.yaml': 'resources: [../../base]\n',
        },
        files: {
          'base/kustomization.yaml':
            'resources: [namespace.yaml] # <- PersistentVolumeClaim/index is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its data too unless its volume is retained\n',
          'base/namespace.yaml': NAMESPACE,
          'overlays/local/kustomization.yaml': 'resources: [../../base]\n',
          'overlays/poc/kustomization.yaml': 'resources: [../../base]\n',
        },
      },
      {
        before: {
          'k8s-lint.yaml': CHART,
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/values.yaml':
            'persistence: { enabled: true } # <- PersistentVolumeClaim/app-data is no longer rendered: the next helm upgrade deletes it, and its data too unless its volume is retained\n',
          'app/templates/claim.yaml': IN_CHART,
        },
        files: {
          'k8s-lint.yaml': CHART,
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/values.yaml': 'persistence: { enabled: false }\n',
          'app/templates/claim.yaml': IN_CHART,
        },
      },
    ],
    good: [
      yaml`
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: files, namespace: shop, annotations: { kustomize.toolkit.fluxcd.io/prune: disabled } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 10Gi } } }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
      `,
      yaml`
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: helm, namespace: shop, annotations: { helm.sh/resource-policy: keep } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: argo, namespace: shop, annotations: { argocd.argoproj.io/sync-options: "Prune=false" } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: argo-delete, namespace: shop, annotations: { argocd.argoproj.io/sync-options: "Delete=false,Validate=false" } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: argo-asks, namespace: shop, annotations: { argocd.argoproj.io/sync-options: "Prune=confirm" } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: argo-extra, namespace: shop, annotations: { argocd.argoproj.io/compare-options: IgnoreExtraneous } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: argo-hook, namespace: shop, annotations: { argocd.argoproj.io/hook: PreSync } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: flux, namespace: shop, annotations: { kustomize.toolkit.fluxcd.io/prune: disabled } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: flux-label, namespace: shop, labels: { kustomize.toolkit.fluxcd.io/prune: disabled } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: flux-once, namespace: shop, annotations: { kustomize.toolkit.fluxcd.io/ssa: Ignore } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: flux-off, namespace: shop, annotations: { kustomize.toolkit.fluxcd.io/reconcile: disabled } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: kapp, namespace: shop, annotations: { kapp.k14s.io/delete-strategy: orphan } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: hook, namespace: shop, annotations: { helm.sh/hook: pre-install } }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { generateName: each-, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: "data-${'${SUFFIX}'}", namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: Namespace
        metadata: { name: default }
        ---
        # before
        apiVersion: v1
        kind: Secret
        metadata: { name: token, namespace: shop }
        ---
        # before
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: stateless, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec: { containers: [{ name: web, image: "web:1" }] }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: stays, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: stays, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: odd, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: odd, namespace: shop }
        spec: { accessModes: 1, resources: { requests: { storage: 1Gi } } }
        ---
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: anywhere, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: anywhere }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: kept, namespace: shop }
      `,
      yaml`
        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: data, namespace: shop }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: kept, namespace: shop }
        ---
        # existing
        apiVersion: v1
        kind: PersistentVolumeClaimList
        items: []
      `,
      {
        // It moved to another environment, and so did what is in it.
        before: {
          'k8s-lint.yaml': 'environments: { all: { targets: [{ kustomize: all }] } }\n',
          'all/kustomization.yaml': 'resources: [claim.yaml, namespace.yaml]\n',
          'all/claim.yaml': CLAIM,
          'all/namespace.yaml': NAMESPACE,
        },
        files: {
          'k8s-lint.yaml':
            'environments: { all: { targets: [{ kustomize: all }] }, data: { targets: [{ manifests: [data/*.yaml] }] } }\n',
          'all/kustomization.yaml': 'resources: [namespace.yaml]\n',
          'all/namespace.yaml': NAMESPACE,
          'data/claim.yaml': CLAIM,
        },
      },
      {
        // helm never deletes what stands in crds/.
        before: {
          'k8s-lint.yaml': CHART,
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/crds/shops.yaml': DEFINITION,
          'app/templates/settings.yaml': SETTINGS,
        },
        files: {
          'k8s-lint.yaml': CHART,
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/templates/settings.yaml': SETTINGS,
        },
      },
    ],
  },
  *check(cluster) {
    const { gone, unsure } = losses(cluster);
    for (const { resource, target } of unsure) {
      const reason = `it was rendered before, and ${target} may render it now: it is not whole`;
      yield { unchecked: `whether ${resource} is gone`, reason, resource };
    }
    for (const item of gone) yield* judge(cluster, item);
  },
} satisfies Rule;
