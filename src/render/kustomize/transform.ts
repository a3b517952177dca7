import { asMap } from '../../cluster/workloads.ts';
import { fieldOf, itemsOf, stringOf } from './fields.ts';
import {
  mapAt,
  type Origin,
  overwrite,
  type Place,
  type Shadow,
  type ShadowMap,
  scalar,
  shadowAt,
  type Via,
} from './shadow.ts';
import { identities, identityOf, type Subject } from './subject.ts';

/** Changes an object as one field of a kustomization does; `delete` where it takes the object out. */
export type Step = (subject: Subject) => 'delete' | undefined;

/** Kinds that live outside of namespaces, of the built-in groups: `namespace:` leaves them alone. */
const CLUSTER_SCOPED = new Set([
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  '/ComponentStatus',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'certificates.k8s.io/CertificateSigningRequest',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'networking.k8s.io/IngressClass',
  'node.k8s.io/RuntimeClass',
  'policy/PodSecurityPolicy',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/CSINode',
  'storage.k8s.io/StorageClass',
  'storage.k8s.io/VolumeAttachment',
]);

/** Kinds whose names `namePrefix` and `nameSuffix` leave alone. */
const UNPREFIXED = new Set(['Namespace', 'CustomResourceDefinition', 'APIService']);

/** `namespace:` of a kustomization (NamespaceTransformer). */
export function namespaceStep(value: Record<string, unknown>, place: Place): Step | undefined {
  const namespace = stringOf(value, 'namespace');
  if (!namespace) return undefined;
  const origin = { place, path: namespace.path };
  return (subject) => {
    const { shadow } = subject;
    const { group, kind } = identityOf(shadow);
    remember(subject);
    if (kind === 'Namespace' && group === '') setName(shadow, namespace.value, origin);
    if (!CLUSTER_SCOPED.has(`${group}/${kind}`)) {
      const metadata = mapAt(shadow, ['metadata'], origin);
      if (metadata) overwrite(metadata, 'namespace', scalar(namespace.value, origin));
    }
    if (kind === 'RoleBinding' || kind === 'ClusterRoleBinding') {
      for (const subject of mapsAt(shadow, ['subjects'])) {
        const isDefault = textOf(subject, 'kind') === 'ServiceAccount' && textOf(subject, 'name') === 'default';
        if (isDefault) overwrite(subject, 'namespace', scalar(namespace.value, origin));
      }
    }
    return undefined;
  };
}

/**
 * `namePrefix` and `nameSuffix`. The name keeps the place where it was written first: that is what a person looks for, and
 * it is one place for all overlays of a base.
 */
export function affixStep(value: Record<string, unknown>, place: Place): Step | undefined {
  const prefix = stringOf(value, 'namePrefix');
  const suffix = stringOf(value, 'nameSuffix');
  if (!prefix && !suffix) return undefined;
  const via = [
    ...(prefix ? [{ place, path: prefix.path, message: 'this prefix is put in front of the name' }] : []),
    ...(suffix ? [{ place, path: suffix.path, message: 'this suffix is put behind the name' }] : []),
  ];
  return (subject) => {
    const { kind, name } = identityOf(subject.shadow);
    if (UNPREFIXED.has(kind) || name === '') return undefined;
    remember(subject);
    setName(subject.shadow, `${prefix?.value ?? ''}${name}${suffix?.value ?? ''}`, undefined, via);
    return undefined;
  };
}

/** Paths of a pod template's metadata, by kind. */
const TEMPLATES: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  ['ReplicationController', [['spec', 'template', 'metadata']]],
  ['Deployment', [['spec', 'template', 'metadata']]],
  ['ReplicaSet', [['spec', 'template', 'metadata']]],
  ['DaemonSet', [['spec', 'template', 'metadata']]],
  ['StatefulSet', [['spec', 'template', 'metadata']]],
  ['Job', [['spec', 'template', 'metadata']]],
  [
    'CronJob',
    [
      ['spec', 'jobTemplate', 'metadata'],
      ['spec', 'jobTemplate', 'spec', 'template', 'metadata'],
    ],
  ],
]);

/** Selectors that labels are added to, by kind; `false` where an absent one stays absent. */
const SELECTORS: ReadonlyMap<string, readonly { keys: readonly string[]; create: boolean }[]> = new Map([
  ['Service', [{ keys: ['spec', 'selector'], create: true }]],
  ['ReplicationController', [{ keys: ['spec', 'selector'], create: true }]],
  ['Deployment', [{ keys: ['spec', 'selector', 'matchLabels'], create: true }]],
  ['ReplicaSet', [{ keys: ['spec', 'selector', 'matchLabels'], create: true }]],
  ['DaemonSet', [{ keys: ['spec', 'selector', 'matchLabels'], create: true }]],
  ['StatefulSet', [{ keys: ['spec', 'selector', 'matchLabels'], create: true }]],
  ['Job', [{ keys: ['spec', 'selector', 'matchLabels'], create: false }]],
  ['CronJob', [{ keys: ['spec', 'jobTemplate', 'spec', 'selector', 'matchLabels'], create: false }]],
  ['PodDisruptionBudget', [{ keys: ['spec', 'selector', 'matchLabels'], create: false }]],
  [
    'NetworkPolicy',
    [
      { keys: ['spec', 'podSelector', 'matchLabels'], create: false },
      { keys: ['spec', 'ingress', 'from', 'podSelector', 'matchLabels'], create: false },
      { keys: ['spec', 'egress', 'to', 'podSelector', 'matchLabels'], create: false },
    ],
  ],
]);

/** Selectors inside of pod templates that labels are added to where they stand. */
const TEMPLATE_SELECTORS: readonly (readonly string[])[] = ['podAffinity', 'podAntiAffinity'].flatMap((affinity) => [
  [
    'affinity',
    affinity,
    'preferredDuringSchedulingIgnoredDuringExecution',
    'podAffinityTerm',
    'labelSelector',
    'matchLabels',
  ],
  ['affinity', affinity, 'requiredDuringSchedulingIgnoredDuringExecution', 'labelSelector', 'matchLabels'],
]);

/** `labels` and `commonLabels` (LabelTransformer with the field specs that kustomize has built in). */
export function labelSteps(value: Record<string, unknown>, place: Place): Step[] {
  const steps = itemsOf(value, 'labels').flatMap(({ path, value: item }) => {
    const map = asMap(item) ?? {};
    const pairs = fieldOf(map, 'pairs');
    if (!pairs) return [];
    const selectors = fieldOf(map, 'includeSelectors')?.value === true;
    const templates = selectors || fieldOf(map, 'includeTemplates')?.value === true;
    return [labelStep(pairs.value, { place, path: [...path, pairs.key] }, { selectors, templates })];
  });
  const common = fieldOf(value, 'commonLabels');
  if (common) {
    steps.push(labelStep(common.value, { place, path: [common.key] }, { selectors: true, templates: true }));
  }
  return steps;
}

type Written = Extract<Origin, { path: unknown }>;

function labelStep(pairs: unknown, origin: Written, include: { selectors: boolean; templates: boolean }): Step {
  return ({ shadow }) => {
    const { kind } = identityOf(shadow);
    const set = (map: ShadowMap | undefined) => setPairs(map, pairs, origin);
    set(mapAt(shadow, ['metadata', 'labels'], origin));
    if (include.templates) {
      for (const keys of TEMPLATES.get(kind) ?? []) set(mapAt(shadow, [...keys, 'labels'], origin));
    }
    if (include.selectors) {
      for (const { keys, create } of SELECTORS.get(kind) ?? []) {
        if (create) set(mapAt(shadow, keys, origin));
        else mapsAt(shadow, keys).forEach(set);
      }
      for (const keys of TEMPLATES.get(kind) ?? []) {
        const pod = [...keys.slice(0, -1), 'spec'];
        for (const selector of TEMPLATE_SELECTORS) mapsAt(shadow, [...pod, ...selector]).forEach(set);
        mapsAt(shadow, [...pod, 'topologySpreadConstraints', 'labelSelector', 'matchLabels']).forEach(set);
      }
      if (kind === 'StatefulSet') {
        for (const claim of mapsAt(shadow, ['spec', 'volumeClaimTemplates'])) {
          set(mapAt(claim, ['metadata', 'labels'], origin));
        }
      }
    }
    return undefined;
  };
}

/** `commonAnnotations` (AnnotationsTransformer). */
export function annotationStep(value: Record<string, unknown>, place: Place): Step | undefined {
  const annotations = fieldOf(value, 'commonAnnotations');
  if (!annotations) return undefined;
  const origin = { place, path: [annotations.key] };
  return ({ shadow }) => {
    setPairs(mapAt(shadow, ['metadata', 'annotations'], origin), annotations.value, origin);
    for (const keys of TEMPLATES.get(identityOf(shadow).kind) ?? []) {
      setPairs(mapAt(shadow, [...keys, 'annotations'], origin), annotations.value, origin);
    }
    return undefined;
  };
}

const SCALED = new Set(['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet']);

/** `replicas` (ReplicaCountTransformer). */
export function replicaSteps(value: Record<string, unknown>, place: Place): Step[] {
  return itemsOf(value, 'replicas').map(({ path, value: item }) => {
    const map = asMap(item) ?? {};
    const name = stringOf(map, 'name')?.value;
    const count = fieldOf(map, 'count');
    return (subject) => {
      const named = identities(subject).some((id) => id.name === name && SCALED.has(id.kind));
      if (named && count && typeof count.value === 'number') {
        const origin = { place, path: [...path, count.key] };
        const spec = mapAt(subject.shadow, ['spec'], origin);
        if (spec) overwrite(spec, 'replicas', scalar(count.value, origin));
      }
      return undefined;
    };
  });
}

/** An entry of `images`. */
export interface ImageEntry {
  name: string;
  /** Where its name stands. */
  at: Extract<Origin, { path: unknown }>;
  newName: string | undefined;
  /** What becomes of an image of that name, and what makes it so; undefined for an entry that sets nothing. */
  change: { origin: Origin; to(parts: ImageParts): string } | undefined;
}

/** The entries of `images`, and of its old spelling, in kustomize's order. */
export function imageEntries(value: Record<string, unknown>, place: Place): ImageEntry[] {
  return [...itemsOf(value, 'images'), ...itemsOf(value, 'imageTags')].flatMap(({ path, value: item }) => {
    const map = asMap(item) ?? {};
    const name = stringOf(map, 'name', path);
    if (name === undefined) return [];
    const newName = stringOf(map, 'newName', path);
    const newTag = stringOf(map, 'newTag', path);
    const tagSuffix = stringOf(map, 'tagSuffix', path);
    const digest = stringOf(map, 'digest', path);
    const setBy = digest ?? newTag ?? tagSuffix ?? newName;
    const to = (parts: ImageParts): string => {
      const base = newName?.value ?? parts.name;
      if (newTag) return `${base}:${newTag.value}${digest ? `@${digest.value}` : ''}`;
      if (tagSuffix) return `${base}:${parts.tag ?? ''}${tagSuffix.value}`;
      if (digest) return `${base}@${digest.value}`;
      return `${base}${parts.tag === undefined ? '' : `:${parts.tag}`}${parts.digest === undefined ? '' : `@${parts.digest}`}`;
    };
    const change = setBy && { origin: { place, path: setBy.path }, to };
    return [{ name: name.value, at: { place, path: name.path }, newName: newName?.value, change }];
  });
}

/** `images` (ImageTagTransformer): what it changes is the tag, the digest or, with neither, the name. */
export function imageStep({ name, change }: ImageEntry): Step {
  return ({ shadow }) => {
    if (!change) return undefined;
    eachContainer(shadow, (container) => {
      const image = textOf(container, 'image');
      const parts = image === undefined ? undefined : partsOf(image);
      if (parts?.name === name) overwrite(container, 'image', scalar(change.to(parts), change.origin));
    });
    return undefined;
  };
}

interface ImageParts {
  name: string;
  tag: string | undefined;
  digest: string | undefined;
}

/** An image's name, tag and digest, as kustomize splits them (api/image). */
export function partsOf(image: string): ImageParts {
  const at = image.indexOf('@');
  const reference = at === -1 ? image : image.slice(0, at);
  const digest = at === -1 ? undefined : image.slice(at + 1);
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/')
    ? { name: reference.slice(0, colon), tag: reference.slice(colon + 1), digest }
    : { name: reference, tag: undefined, digest };
}

/** Every item of every list `containers` and `initContainers`, wherever it stands. */
function eachContainer(shadow: Shadow, visit: (container: ShadowMap) => void): void {
  if (shadow.type === 'list') for (const item of shadow.items) eachContainer(item, visit);
  if (shadow.type !== 'map') return;
  for (const [key, value] of shadow.entries) {
    if ((key === 'containers' || key === 'initContainers') && value.type === 'list') {
      for (const item of value.items) if (item.type === 'map') visit(item);
    }
    eachContainer(value, visit);
  }
}

/** The maps at a path of keys, through lists; none where the path ends. */
function mapsAt(shadow: Shadow | undefined, keys: readonly string[]): ShadowMap[] {
  if (shadow?.type === 'list') return shadow.items.flatMap((item) => mapsAt(item, keys));
  if (shadow?.type !== 'map') return [];
  const [key, ...rest] = keys;
  return key === undefined ? [shadow] : mapsAt(shadow.entries.get(key), rest);
}

function setPairs(map: ShadowMap | undefined, pairs: unknown, origin: Written): void {
  for (const [key, value] of Object.entries(asMap(pairs) ?? {})) {
    if (map && typeof value === 'string')
      overwrite(map, key, scalar(value, { ...origin, path: [...origin.path, key] }));
  }
}

function textOf(map: ShadowMap, key: string): string | undefined {
  const value = map.entries.get(key);
  return value?.type === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

/** Sets the name; without an origin it stays where it was written. */
function setName(shadow: ShadowMap, name: string, origin?: Origin, via: readonly Via[] = []): void {
  const metadata = shadowAt(shadow, ['metadata']);
  if (metadata?.type !== 'map') return;
  if (origin) {
    overwrite(metadata, 'name', scalar(name, origin));
    return;
  }
  const old = metadata.entries.get('name');
  const renamed = scalar(name, old?.origin ?? metadata.origin);
  metadata.entries.set('name', { ...renamed, ...(old?.was && { was: old.was }), via: [...(old?.via ?? []), ...via] });
}

/** Keeps the identity that an object has before it gets another. */
export function remember(subject: Subject): void {
  subject.previous.push(identityOf(subject.shadow));
}
