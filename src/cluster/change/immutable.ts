import type { Path, Resource } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { contested } from '../contested.ts';
import { parseQuantity } from '../quota/quantity.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';
import { type Alone, type Difference, difference, type Skip } from './differences.ts';
import { POD_TEMPLATE } from './pod-template.ts';

/** An update of one object that the API server refuses. */
export interface Refusal {
  /** In the new object; it exists. */
  path: Path;
  /** What changes, as the API server would name it: `spec.selector.matchLabels.app`. */
  shown: string;
  before: unknown;
  after: unknown;
  /** What the API server says of it. */
  says: string;
  /** The values may be told: they are names and amounts, never text of the user's. */
  telling: boolean;
}

/** What may not change in the objects of a kind. */
interface Immutable {
  path: Path;
  says: string;
  /** What the API server takes where the field isn't written; without it, a field that only one side has is unknown. */
  fallback?: unknown;
  alone?: Alone;
  skip?: Skip;
  secret?: true;
}

const IMMUTABLE = 'field is immutable';

/** The list goes on, longer from version to version. */
const STATEFUL_SET =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' … are forbidden";

const CLAIM =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

const ALWAYS: Alone = () => true;
const NEVER: Alone = () => false;

/** A label that one side has is another selector: nothing adds one. */
const SELECTOR: Alone = (path) => path.length > 0;

const selector: Immutable = { path: ['spec', 'selector'], says: IMMUTABLE, alone: SELECTOR };

/** What a claim's template is never given by the API server. Its `status`, `volumeMode` and type are. */
const CLAIM_TEMPLATE: Alone = (path) => {
  const [, ...rest] = path.map(String);
  const [first, second] = rest;
  if (first === 'metadata') return second === 'labels' || second === 'annotations';
  return first === 'spec' && ['storageClassName', 'accessModes', 'volumeName', 'resources'].includes(second ?? '');
};

/**
 * The fields that the API server compares on an update, by `group/Kind`: the ValidateUpdate of the strategies in
 * k8s.io/kubernetes/pkg/registry (1.29 to 1.36), with the defaults of pkg/apis. Kinds that need more than this are in `refusals`.
 */
const FIELDS: ReadonlyMap<string, readonly Immutable[]> = new Map<string, readonly Immutable[]>([
  ['apps/Deployment', [selector]],
  ['apps/ReplicaSet', [selector]],
  ['apps/DaemonSet', [selector]],
  [
    'apps/StatefulSet',
    [
      { ...selector, says: STATEFUL_SET },
      { path: ['spec', 'serviceName'], says: STATEFUL_SET, alone: ALWAYS },
      { path: ['spec', 'podManagementPolicy'], says: STATEFUL_SET, fallback: 'OrderedReady' },
      { path: ['spec', 'volumeClaimTemplates'], says: STATEFUL_SET, alone: CLAIM_TEMPLATE },
    ],
  ],
  [
    '/PersistentVolumeClaim',
    [
      { path: ['spec', 'accessModes'], says: CLAIM },
      { path: ['spec', 'volumeMode'], says: IMMUTABLE, fallback: 'Filesystem' },
      { path: ['spec', 'volumeName'], says: CLAIM },
      { path: ['spec', 'selector'], says: CLAIM, alone: ALWAYS },
      { path: ['spec', 'dataSource'], says: CLAIM },
    ],
  ],
  ['rbac.authorization.k8s.io/RoleBinding', [{ path: ['roleRef'], says: 'cannot change roleRef' }]],
  ['rbac.authorization.k8s.io/ClusterRoleBinding', [{ path: ['roleRef'], says: 'cannot change roleRef' }]],
  [
    'storage.k8s.io/StorageClass',
    [
      { path: ['provisioner'], says: 'updates to provisioner are forbidden' },
      { path: ['parameters'], says: 'updates to parameters are forbidden', alone: ALWAYS, secret: true },
      { path: ['reclaimPolicy'], says: 'updates to reclaimPolicy are forbidden', fallback: 'Delete' },
      { path: ['volumeBindingMode'], says: IMMUTABLE, fallback: 'Immediate' },
    ],
  ],
  [
    'storage.k8s.io/VolumeAttributesClass',
    [
      { path: ['driverName'], says: 'updates to driverName are forbidden' },
      { path: ['parameters'], says: 'updates to parameters are forbidden', alone: ALWAYS, secret: true },
    ],
  ],
  [
    'storage.k8s.io/CSIDriver',
    [
      { path: ['spec', 'attachRequired'], says: IMMUTABLE, fallback: true },
      { path: ['spec', 'volumeLifecycleModes'], says: IMMUTABLE, fallback: ['Persistent'] },
    ],
  ],
  ['networking.k8s.io/IngressClass', [{ path: ['spec', 'controller'], says: IMMUTABLE, alone: ALWAYS }]],
  ['node.k8s.io/RuntimeClass', [{ path: ['handler'], says: IMMUTABLE }]],
  [
    'scheduling.k8s.io/PriorityClass',
    [
      { path: ['value'], says: 'may not be changed in an update', fallback: 0 },
      { path: ['preemptionPolicy'], says: IMMUTABLE, fallback: 'PreemptLowerPriority' },
    ],
  ],
  ['discovery.k8s.io/EndpointSlice', [{ path: ['addressType'], says: IMMUTABLE }]],
  [
    'apiextensions.k8s.io/CustomResourceDefinition',
    [
      { path: ['spec', 'scope'], says: IMMUTABLE },
      { path: ['spec', 'names', 'kind'], says: IMMUTABLE },
    ],
  ],
  ['/ResourceQuota', [{ path: ['spec', 'scopes'], says: IMMUTABLE, alone: ALWAYS }]],
]);

/** What the API server refuses of an update, one for each field that it names. Both are objects of one kind and name. */
export function* refusals(before: Resource, after: Resource, cluster: Cluster): Iterable<Refusal> {
  const kind = `${after.group}/${after.kind}`;
  for (const field of FIELDS.get(kind) ?? []) yield* compared(before, after, field);
  const more = MORE.get(kind);
  if (more) yield* more(before, after, cluster);
}

const MORE: ReadonlyMap<string, (before: Resource, after: Resource, cluster: Cluster) => Iterable<Refusal>> = new Map([
  ['/PersistentVolumeClaim', ofClaim],
  ['/PersistentVolume', ofVolume],
  ['/Service', ofService],
  ['/ConfigMap', ofImmutableData],
  ['/Secret', ofSecret],
  ['/Pod', ofPod],
  ['batch/Job', ofJob],
]);

function* compared(before: Resource, after: Resource, field: Immutable): Iterable<Refusal> {
  const old = valueAt(before.object, field.path) ?? field.fallback;
  const now = valueAt(after.object, field.path) ?? field.fallback;
  const alone = field.alone ?? (field.fallback === undefined ? NEVER : ALWAYS);
  const found = sorted(field) ? differenceOfSets(old, now, alone) : difference(old, now, alone, field.skip);
  if (found) yield refusal(after, field, found);
}

function refusal(after: Resource, { path, says, secret }: Immutable, found: Difference): Refusal {
  const inside = found.shown.startsWith('[') || found.shown === '' ? found.shown : `.${found.shown}`;
  return {
    path: existing(after.object, [...path, ...found.path]),
    shown: path.join('.') + inside,
    before: found.before,
    after: found.after,
    says,
    telling: secret !== true || found.shown.endsWith('.image'),
  };
}

/** The longest part of a path that exists. */
function existing(value: unknown, path: Path): Path {
  let end = path.length;
  while (end > 0 && valueAt(value, path.slice(0, end)) === undefined) end -= 1;
  return path.slice(0, end);
}

/** Fields that the API server compares as sets, or whose order a merge may keep. */
function sorted({ path }: Immutable): boolean {
  return ['accessModes', 'scopes', 'volumeLifecycleModes'].includes(String(path.at(-1)));
}

function differenceOfSets(before: unknown, after: unknown, alone: Alone): Difference | undefined {
  const words = (value: unknown) => [...new Set(asList(value).map(String))].sort();
  const [old, now] = [words(before), words(after)];
  if (old.length === 0 || now.length === 0) return difference(before, after, alone);
  const found = difference(old, now, alone);
  return found && { path: [], shown: '', before: old, after: now };
}

function* ofClaim(before: Resource, after: Resource, cluster: Cluster): Iterable<Refusal> {
  const path = ['spec', 'storageClassName'];
  const [old, now] = [before, after].map(({ object }) => valueAt(object, path));
  // Where it isn't written the cluster's default is taken, whatever that was then. An empty one is none at all.
  if (typeof old === 'string' && typeof now === 'string' && old !== now && !isUnknown(old) && !isUnknown(now)) {
    yield { path, shown: path.join('.'), before: old, after: now, says: CLAIM, telling: true };
  } else {
    yield* ofSize(before, after, cluster);
  }
}

/**
 * A claim never shrinks: it is bound, and its capacity is no less than it asked for, or its requests are as fixed as the rest. It
 * grows where its StorageClass allows it (PersistentVolumeClaimResize of k8s.io/kubernetes/plugin/pkg/admission).
 */
function* ofSize(before: Resource, after: Resource, cluster: Cluster): Iterable<Refusal> {
  const path = ['spec', 'resources', 'requests', 'storage'];
  const [old, now] = [before, after].map(({ object }) => valueAt(object, path));
  const [was, is] = [parseQuantity(old), parseQuantity(now)];
  if (was === undefined || is === undefined || is === was) return;
  const told = { path, shown: path.join('.'), before: old, after: now, telling: true };
  if (is < was) yield { ...told, says: 'field can not be less than status.capacity' };
  else if (isFixed(valueAt(after.object, ['spec', 'storageClassName']), cluster)) {
    yield {
      ...told,
      says: 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    };
  }
}

/** Whether claims of a StorageClass can't grow. A fact may leave out what it was not written down for. */
function isFixed(name: unknown, cluster: Cluster): boolean {
  if (name === '') return true;
  const known = typeof name === 'string' ? cluster.get('storage.k8s.io', 'StorageClass', '', name) : undefined;
  if (!known || contested(cluster, known)) return false;
  const allowed = valueAt(known.object, ['allowVolumeExpansion']);
  return allowed === false || (allowed === undefined && !known.existing);
}

/** The fields of a PersistentVolume's spec that are not its source. */
const NOT_SOURCE: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

function* ofVolume(before: Resource, after: Resource): Iterable<Refusal> {
  yield* compared(before, after, { path: ['spec', 'volumeMode'], says: IMMUTABLE, fallback: 'Filesystem' });
  const says = 'spec.persistentvolumesource is immutable after creation';
  const [old, now] = [before, after].map(({ object }) => asMap(valueAt(object, ['spec'])) ?? {});
  const [source, ...others] = Object.keys(now ?? {}).filter((key) => !NOT_SOURCE.has(key));
  const [was, ...more] = Object.keys(old ?? {}).filter((key) => !NOT_SOURCE.has(key));
  if (source === undefined || was === undefined || others.length > 0 || more.length > 0) return;
  if (source === was) {
    // A credential may be set later.
    const skip: Skip = (path) => path[0] === 'controllerExpandSecretRef';
    yield* compared(before, after, { path: ['spec', source], says, skip, secret: true });
  } else if (asMap(now?.[source]) && asMap(old?.[was])) {
    yield {
      path: ['spec', source],
      shown: 'the source of the volume',
      before: was,
      after: source,
      says,
      telling: true,
    };
  }
}

/** `clusterIP` and `ipFamilies` of a Service that keeps having an address (validateUpgradeDowngradeClusterIPs). */
function* ofService(before: Resource, after: Resource): Iterable<Refusal> {
  const specs = [before, after].map(({ object }) => asMap(valueAt(object, ['spec'])) ?? {});
  const [old = {}, now = {}] = specs;
  const types = specs.map(({ type }) => type ?? 'ClusterIP');
  if (types.some((type) => typeof type !== 'string' || isUnknown(type) || type === 'ExternalName')) return;
  const says = 'may not change once set';
  const [was, is] = specs.map(({ clusterIP }) => clusterIP || undefined);
  if ([was, is].some((address) => address !== undefined && (typeof address !== 'string' || isUnknown(address)))) return;
  const told = { shown: 'spec.clusterIP', before: was, after: is, telling: true };
  // An address that isn't written is one that nobody knows, and never None; one that is no longer written stays.
  if (is !== undefined && is !== was && (was !== undefined || is === 'None')) {
    yield { ...told, path: ['spec', 'clusterIP'], says };
  } else if (was === 'None' && is === undefined && types[1] !== 'ClusterIP') {
    const refused = `may not be set to 'None' for ${types[1]} services`;
    yield { ...told, path: existing(after.object, ['spec', 'type']), says: refused };
  }
  if (was !== 'None' && is !== 'None') {
    const path = ['spec', 'ipFamilies', 0];
    const [family, other] = [valueAt(before.object, path), valueAt(after.object, path)];
    if (isFamily(family) && isFamily(other) && family !== other) {
      yield { path, shown: 'spec.ipFamilies[0]', before: family, after: other, says, telling: true };
    }
  }
  if (types[0] === 'LoadBalancer' && types[1] === 'LoadBalancer') {
    yield* compared(before, after, { path: ['spec', 'loadBalancerClass'], says });
    const isLocal = old.externalTrafficPolicy === 'Local' && now.externalTrafficPolicy === 'Local';
    if (isLocal) yield* compared(before, after, { path: ['spec', 'healthCheckNodePort'], says: IMMUTABLE });
  }
}

function isFamily(value: unknown): boolean {
  return value === 'IPv4' || value === 'IPv6';
}

/** What `immutable: true` fixes for good. */
function* ofImmutableData(before: Resource, after: Resource): Iterable<Refusal> {
  if (valueAt(before.object, ['immutable']) !== true) return;
  const says = 'field is immutable when immutable is set';
  const isKept = valueAt(after.object, ['immutable']);
  if (isKept === undefined || isKept === false) {
    const path = existing(after.object, ['immutable']);
    yield { path, shown: 'immutable', before: true, after: isKept, says, telling: true };
  }
  for (const key of ['data', 'binaryData']) {
    yield* compared(before, after, { path: [key], says, alone: ALWAYS, secret: true });
  }
}

function* ofSecret(before: Resource, after: Resource): Iterable<Refusal> {
  yield* compared(before, after, { path: ['type'], says: IMMUTABLE, fallback: 'Opaque' });
  const isMixed = [before, after].some(({ object }) => valueAt(object, ['stringData']) !== undefined);
  for (const refusal of ofImmutableData(before, after)) {
    if (!isMixed || refusal.shown === 'immutable') yield refusal;
  }
  if (isMixed && valueAt(before.object, ['immutable']) === true) yield* ofTexts(before, after);
}

/** The API server makes data of texts; a text that is no longer written stays in it. */
function* ofTexts(before: Resource, after: Resource): Iterable<Refusal> {
  const says = 'field is immutable when immutable is set';
  const [old, now] = [before, after].map(({ object }) => decoded(object));
  for (const key of new Set([...(now?.keys() ?? []), ...(old?.keys() ?? [])])) {
    const [was, is] = [old?.get(key), now?.get(key)];
    if (was?.text === is?.text || was?.text === undefined || (is && is.text === undefined)) continue;
    if (!is && was.path[0] === 'stringData') continue;
    const path = is?.path ?? existing(after.object, was.path);
    yield { path, shown: `data.${key}`, before: '', after: is && '', says, telling: false };
    return;
  }
}

/** What a Secret holds by key, with where it is written; without text where nobody knows it. */
function decoded(object: unknown): Map<string, { text: string | undefined; path: Path }> {
  const found = new Map<string, { text: string | undefined; path: Path }>();
  for (const field of ['data', 'stringData']) {
    for (const [key, value] of Object.entries(asMap(valueAt(object, [field])) ?? {})) {
      const isKnown = typeof value === 'string' && !isUnknown(value);
      const text = isKnown && field === 'data' ? Buffer.from(value, 'base64').toString('latin1') : value;
      const bytes = field === 'data' ? text : Buffer.from(String(value)).toString('latin1');
      found.set(key, { text: isKnown ? String(bytes) : undefined, path: [field, key] });
    }
  }
  return found;
}

/** Of a Pod, only images and deadlines may change, and tolerations be added. */
function* ofPod(before: Resource, after: Resource): Iterable<Refusal> {
  const says = 'pod updates may not change fields other than spec.containers[*].image, spec.initContainers[*].image …';
  const skip: Skip = (path) =>
    ['tolerations', 'activeDeadlineSeconds', 'terminationGracePeriodSeconds', 'schedulingGates'].includes(
      String(path[0]),
    ) ||
    (path.length === 3 && path[2] === 'image') ||
    // Gates hold the Pod back until others have set these.
    (valueAt(before.object, ['spec', 'schedulingGates']) !== undefined &&
      ['nodeSelector', 'affinity'].includes(String(path[0])));
  // What the scheduler and admission fill in for a Pod that doesn't say.
  const isFilledIn = (key: unknown) => key === 'nodeName' || key === 'imagePullSecrets' || key === 'priorityClassName';
  const alone: Alone = (path, value) => !isFilledIn(path[0]) && POD_TEMPLATE(['spec', ...path], value);
  yield* compared(before, after, { path: ['spec'], says, alone, skip, secret: true });
}

/** What an update of a suspended Job may change before it starts. */
const SCHEDULING: ReadonlySet<string> = new Set(['nodeSelector', 'affinity', 'tolerations', 'schedulingGates']);

function* ofJob(before: Resource, after: Resource): Iterable<Refusal> {
  const [old, now] = [before, after].map(({ object }) => asMap(valueAt(object, ['spec'])) ?? {});
  // It may be gone by now, as it says.
  if (old?.ttlSecondsAfterFinished !== undefined) return;
  const mayBeSuspended = old?.suspend !== undefined && old.suspend !== false;
  const skip: Skip = ([first, second, , fourth]) =>
    mayBeSuspended &&
    ((first === 'metadata' && (second === 'labels' || second === 'annotations')) ||
      (first === 'spec' && SCHEDULING.has(String(second))) ||
      fourth === 'resources');
  yield* compared(before, after, {
    path: ['spec', 'template'],
    says: IMMUTABLE,
    alone: POD_TEMPLATE,
    skip,
    secret: true,
  });
  yield* compared(before, after, { ...selector, alone: NEVER });
  yield* compared(before, after, { path: ['spec', 'completionMode'], says: IMMUTABLE, fallback: 'NonIndexed' });
  for (const key of ['podFailurePolicy', 'successPolicy']) {
    const alone: Alone = (path) => path.length === 0;
    yield* compared(before, after, { path: ['spec', key], says: IMMUTABLE, alone });
  }
  yield* compared(before, after, { path: ['spec', 'backoffLimitPerIndex'], says: IMMUTABLE, alone: ALWAYS });
  yield* compared(before, after, {
    path: ['spec', 'managedBy'],
    says: IMMUTABLE,
    alone: (_, value) => value !== 'kubernetes.io/job-controller',
  });
  yield* completions(old ?? {}, now ?? {}, after);
}

/** How often a Job must succeed: fixed, but in Indexed Jobs, where it moves with the parallelism (validateCompletions). */
function* completions(old: Record<string, unknown>, now: Record<string, unknown>, after: Resource): Iterable<Refusal> {
  if (old.completions === undefined && now.completions === undefined) return;
  const was = old.completions ?? (old.parallelism === undefined ? 1 : undefined);
  const is = now.completions;
  const path = existing(after.object, ['spec', 'completions']);
  const told = { path, shown: 'spec.completions', before: old.completions, after: is, telling: true };
  if (was === is || [was, is].some((count) => count !== undefined && typeof count !== 'number')) return;
  if (now.completionMode !== 'Indexed') {
    if (now.completionMode === undefined || now.completionMode === 'NonIndexed') yield { ...told, says: IMMUTABLE };
  } else if (is !== undefined && typeof (now.parallelism ?? 1) === 'number' && is !== (now.parallelism ?? 1)) {
    yield { ...told, says: 'can only be modified in tandem with spec.parallelism' };
  }
}
