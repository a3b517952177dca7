import { isPattern, tamePattern } from '../../../tame-pattern.ts';
import { fieldIn, isSet, listIn, plainOf, type Text, textIn, writtenIn } from './configured.ts';
import { type FieldSpec, type FieldSpecs, slotsOf, specsOf, withSpecs } from './field-specs.ts';
import {
  mapAt,
  type Origin,
  overwrite,
  overwriteShared,
  type Shadow,
  type ShadowMap,
  type Sharing,
  scalar,
  type Via,
} from './shadow.ts';
import { identities, identityOf, type Subject } from './subject.ts';

/** Changes an object as one field of a kustomization does; `delete` where it takes the object out. */
export type Step = (subject: Subject) => 'delete' | undefined;

/**
 * Kinds that kustomize knows to live outside of namespaces, so that `namespace:` leaves them alone: only in these versions of
 * their groups (IsNamespaceScoped of kyaml's openapi).
 */
const CLUSTER_SCOPED = new Set(
  [
    ['Namespace', 'Node', 'PersistentVolume', 'ComponentStatus', ['v1']],
    [
      'MutatingWebhookConfiguration',
      'ValidatingWebhookConfiguration',
      ['admissionregistration.k8s.io/v1', 'admissionregistration.k8s.io/v1beta1'],
    ],
    ['CustomResourceDefinition', ['apiextensions.k8s.io/v1', 'apiextensions.k8s.io/v1beta1']],
    ['APIService', ['apiregistration.k8s.io/v1', 'apiregistration.k8s.io/v1beta1']],
    ['CertificateSigningRequest', ['certificates.k8s.io/v1', 'certificates.k8s.io/v1beta1']],
    ['FlowSchema', 'PriorityLevelConfiguration', ['flowcontrol.apiserver.k8s.io/v1beta1']],
    ['IngressClass', ['networking.k8s.io/v1', 'networking.k8s.io/v1beta1']],
    ['RuntimeClass', ['node.k8s.io/v1', 'node.k8s.io/v1beta1']],
    ['PodSecurityPolicy', ['policy/v1beta1']],
    ['ClusterRole', 'ClusterRoleBinding', ['rbac.authorization.k8s.io/v1', 'rbac.authorization.k8s.io/v1beta1']],
    ['PriorityClass', ['scheduling.k8s.io/v1', 'scheduling.k8s.io/v1beta1']],
    ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment', ['storage.k8s.io/v1', 'storage.k8s.io/v1beta1']],
  ].flatMap((row) => {
    const versions = row.flatMap((part) => (Array.isArray(part) ? part : []));
    const kinds = row.filter((part) => typeof part === 'string');
    return kinds.flatMap((kind) => versions.map((version) => `${version}/${kind}`));
  }),
);

/** Which subjects of role bindings get the namespace (RoleBindingSubjectMode). */
export type Subjects = 'defaultOnly' | 'allServiceAccounts' | 'none';

/** NamespaceTransformer: what `namespace:` of a kustomization does, or the plug-in of that name. */
export function namespaceStep(
  namespace: Text,
  specs: readonly FieldSpec[],
  { unsetOnly = false, subjects = 'defaultOnly' }: { unsetOnly?: boolean; subjects?: Subjects } = {},
): Step {
  const made = () => scalar(namespace.value, namespace.origin);
  const fill = (map: ShadowMap) => {
    if (!(unsetOnly && textOf(map, 'namespace'))) overwrite(map, 'namespace', made());
  };
  return (subject) => {
    const { shadow } = subject;
    const { group, version, kind } = identityOf(shadow);
    remember(subject);
    if (!CLUSTER_SCOPED.has(`${group === '' ? '' : `${group}/`}${version}/${kind}`)) {
      const metadata = mapAt(shadow, ['metadata'], namespace.origin);
      if (metadata) fill(metadata);
    }
    const isBinding = kind === 'RoleBinding' || kind === 'ClusterRoleBinding';
    if (isBinding && subjects !== 'none') {
      for (const bound of mapsAt(shadow, ['subjects'])) {
        const isMeant =
          subjects === 'defaultOnly' ? textOf(bound, 'name') === 'default' : textOf(bound, 'kind') === 'ServiceAccount';
        if (isMeant) fill(bound);
      }
    }
    for (const spec of specs) {
      if (spec.path === 'metadata/namespace' || (isBinding && spec.path === 'subjects/namespace')) continue;
      // Of all that is called Namespace, only the core group's is one.
      if (spec.path === 'metadata/name' && (group !== '' || version !== 'v1')) continue;
      for (const slot of slotsOf(shadow, spec, namespace.origin, 'scalar')) {
        if (slot.value.type !== 'scalar' || (unsetOnly && slot.value.value)) continue;
        slot.put(made());
      }
    }
    return undefined;
  };
}

/** Whether the API server takes a name (validation of k8s.io/apimachinery). */
function isValidName(name: string, kind: string): boolean {
  return name.length <= (kind === 'Service' ? 63 : 253) && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name);
}

/**
 * PrefixTransformer and SuffixTransformer. The name keeps the place where it was written first: that is what a person looks
 * for, and it is one place for all overlays of a base. A name that is valid without the affix, and invalid with it, is written
 * where the affix is.
 */
export function affixStep(affix: Text, side: 'prefix' | 'suffix', specs: readonly FieldSpec[]): Step {
  const { place, path } = writtenIn(affix.origin);
  const where = side === 'prefix' ? 'this prefix is put in front of' : 'this suffix is put behind';
  const added = (text: string) => (side === 'prefix' ? affix.value + text : text + affix.value);
  return (subject) => {
    const original = subject.previous[0] ?? identityOf(subject.shadow);
    const { kind } = original;
    if (kind === 'CustomResourceDefinition' || kind === 'Namespace') return undefined;
    if (kind === 'APIService' && original.group === 'apiregistration.k8s.io') return undefined;
    for (const spec of specs) {
      if ((spec.kind && spec.kind !== kind) || (spec.group && spec.group !== original.group)) continue;
      if (spec.version && spec.version !== original.version) continue;
      const isName = spec.path === 'metadata/name';
      if (isName) remember(subject);
      for (const slot of slotsOf(subject.shadow, spec, affix.origin, 'scalar')) {
        const { value: old, isNew } = slot;
        if (old.type !== 'scalar') continue;
        const via: Via = { place, path, message: `${where} the ${isName ? 'name' : 'value'}` };
        const text = String(old.value ?? '');
        const value = added(text);
        // Longer, but written where it was: nothing is overwritten.
        Object.assign(old, { value, via: isNew ? [] : [...(old.via ?? []), via] });
        if (isName && isValidName(text, kind) && !isValidName(value, kind) && 'place' in old.origin) {
          const rest: Via = { ...old.origin, message: 'the rest of the name is written here' };
          Object.assign(old, { origin: affix.origin, via: [...(old.via ?? []).slice(0, -1), rest] });
        }
      }
    }
    return undefined;
  };
}

/** LabelTransformer and AnnotationsTransformer: texts by key, at maps. */
export function pairStep(pairs: ShadowMap, specs: readonly FieldSpec[]): Step {
  return (subject) => {
    // kustomize makes one node of a pair, and puts it wherever the key is missing (SetEntry of its api/filters/filtersutil).
    const nodes = new Map<string, Sharing>();
    for (const spec of specs) {
      for (const { value } of slotsOf(subject.shadow, spec, pairs.origin, 'map')) {
        if (value.type !== 'map') continue;
        for (const [key, text] of pairs.entries) {
          if (text.type !== 'scalar') continue;
          // What is empty is an empty text; a transformer's numbers and booleans become texts.
          const written = { ...text, value: text.value ?? '' };
          if (value.entries.has(key)) {
            overwriteShared(value, key, written);
            continue;
          }
          const shared = nodes.get(key) ?? { places: [] };
          nodes.set(key, shared);
          shared.places.push({ map: value, key });
          value.entries.set(key, { ...written, shared });
        }
      }
    }
    subject.sharing = [...(subject.sharing ?? []), ...nodes.values()];
    return undefined;
  };
}

/** An entry of `labels`: without `includeSelectors` only what is a label gets them. */
export function labelSpecs(label: Shadow, specs: FieldSpecs): readonly FieldSpec[] {
  const own = withSpecs(specsOf(listIn(label, 'fields').map(plainOf)), specs.labels);
  if (isSet(label, 'includeSelectors')) return withSpecs(own, specs.commonLabels);
  const templates = isSet(label, 'includeTemplates') ? withSpecs(own, specs.templateLabels) : own;
  return withSpecs(templates, [{ path: 'metadata/labels', create: true }]);
}

/** ReplicaCountTransformer. */
export function replicaStep(replica: Shadow, specs: readonly FieldSpec[]): Step {
  const name = textIn(replica, 'name')?.value;
  const count = fieldIn(replica, 'count');
  return (subject) => {
    if (count?.type !== 'scalar' || typeof count.value !== 'number') return undefined;
    for (const spec of specs) {
      const isMeant = identities(subject).some(
        (id) =>
          id.name === name &&
          (!spec.kind || spec.kind === id.kind) &&
          (!spec.group || spec.group === id.group) &&
          (!spec.version || spec.version === id.version),
      );
      if (!isMeant) continue;
      for (const slot of slotsOf(subject.shadow, spec, count.origin, 'scalar')) slot.put({ ...count });
    }
    return undefined;
  };
}

/** An entry of `images`, or the `imageTag` of a plug-in. */
export interface ImageEntry {
  name: string;
  /** Where its name stands. */
  at: Extract<Origin, { path: unknown }>;
  newName: string | undefined;
  /** What becomes of an image of that name, and what makes it so; undefined for an entry that sets nothing. */
  change: { origin: Origin; to(parts: ImageParts): string } | undefined;
}

/** The entry of an image, as it is written; undefined where it names none. What sets it is the tag, the digest or, with neither, the name. */
export function imageEntry(config: Shadow | undefined): ImageEntry | undefined {
  const name = textIn(config, 'name');
  if (!name) return undefined;
  const newName = textIn(config, 'newName');
  const newTag = textIn(config, 'newTag');
  const tagSuffix = textIn(config, 'tagSuffix');
  const digest = textIn(config, 'digest');
  const setBy = digest ?? newTag ?? tagSuffix ?? newName;
  const to = (parts: ImageParts): string => {
    const base = newName?.value ?? parts.name;
    const tag = newTag?.value ?? (digest ? '' : `${parts.tag ?? ''}${tagSuffix?.value ?? ''}`);
    const sum = digest?.value ?? (newTag || tagSuffix ? '' : (parts.digest ?? ''));
    return `${base}${tag === '' ? '' : `:${tag}`}${sum === '' ? '' : `@${sum}`}`;
  };
  return {
    name: name.value,
    at: writtenIn(name.origin),
    newName: newName?.value,
    change: setBy && { origin: setBy.origin, to },
  };
}

/** ImageTagTransformer. */
export function imageStep({ name, change }: ImageEntry, specs: readonly FieldSpec[]): Step {
  return ({ shadow, settled }) => {
    if (!change) return undefined;
    eachImage(shadow, specs, change.origin, ({ value: image }, put) => {
      const isDone = settled && change.to({ ...partsOf(image), name }) === image;
      if (isDone || isImage(image, name)) put(scalar(change.to(partsOf(image)), change.origin));
    });
    return undefined;
  };
}

/** What ImageTagTransformer goes through: everything that is called containers or initContainers, and then its specs. */
export function eachImage(
  shadow: ShadowMap,
  specs: readonly FieldSpec[],
  origin: Origin,
  visit: (image: Text, put: (next: Shadow) => void) => void,
): void {
  if (identityOf(shadow).kind === 'CustomResourceDefinition') return;
  const look = (value: Shadow | undefined, put: (next: Shadow) => void) => {
    if (value?.type === 'scalar' && typeof value.value === 'string') visit(value as Text, put);
  };
  eachContainer(shadow, (container) => {
    look(container.entries.get('image'), (next) => overwrite(container, 'image', next));
  });
  for (const spec of specs) for (const { value, put } of slotsOf(shadow, spec, origin)) look(value, put);
}

/** No image's name is longer. */
const MAX_LENGTH = 512;

/** What may follow an image's name, for kustomize to take it for one of that name. */
const TAG_AND_DIGEST = '(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$';
const ONLY_TAG_AND_DIGEST = new RegExp(`^${TAG_AND_DIGEST}`);

/**
 * Whether an image is one of that name, which kustomize takes for a pattern (IsImageMatched of its api/internal/image): a name with
 * a tag is one that has this tag, and a tag like `$(VERSION)` is none.
 */
export function isImage(image: string, name: string): boolean {
  if (!isPattern(name)) {
    return isLike(image, name) && ONLY_TAG_AND_DIGEST.test(image.slice(name.length));
  }
  if (image.length > MAX_LENGTH) return false;
  return tamePattern(`^${name}${TAG_AND_DIGEST}`, MAX_LENGTH, 2)?.test(image) === true;
}

/** Whether an image begins with a name, whose dots stand for any character. */
function isLike(image: string, name: string): boolean {
  if (image.length < name.length) return false;
  for (let i = 0; i < name.length; i++) if (image[i] !== name[i] && name[i] !== '.') return false;
  return true;
}

interface ImageParts {
  name: string;
  tag: string | undefined;
  digest: string | undefined;
}

/** An image's name, tag and digest, as kustomize splits them (Split of its api/internal/image). */
export function partsOf(image: string): ImageParts {
  const at = image.indexOf('@');
  const reference = at === -1 ? image : image.slice(0, at);
  const digest = at === -1 ? undefined : image.slice(at + 1);
  const colon = reference.indexOf(':', Math.max(reference.indexOf('/'), 0));
  return colon === -1
    ? { name: reference, tag: undefined, digest }
    : { name: reference.slice(0, colon), tag: reference.slice(colon + 1), digest };
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

function textOf(map: ShadowMap, key: string): string | undefined {
  const value = map.entries.get(key);
  return value?.type === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

/** Keeps the identity that an object has before it gets another. */
export function remember(subject: Subject): void {
  subject.previous.push(identityOf(subject.shadow));
}
