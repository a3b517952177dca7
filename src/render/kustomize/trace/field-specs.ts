import { asMap } from '../../../cluster/workloads.ts';
import type { SourceFiles } from '../../../source.ts';
import { fieldOf, itemsOf, stringOf } from '../fields.ts';
import { documentsOf, type Kustomization } from '../kustomization.ts';
import { type Slot, splitEscaped } from './field-path.ts';
import { emptyMap, type Origin, overwrite, type Shadow, type ShadowMap, scalar } from './shadow.ts';
import { identityOf } from './subject.ts';

/** Where a transformer changes objects: a path of fields, in the objects of some kinds (types.FieldSpec of kustomize). */
export interface FieldSpec {
  /** Of `''` and undefined any. */
  group?: string | undefined;
  version?: string | undefined;
  kind?: string | undefined;
  /** `a/b[]/c`, a `/` in a field's name as `\/`. Lists are gone through wherever they stand. */
  path: string;
  /** Whether the path is made where it is missing. */
  create: boolean;
}

/** The field specs of the transformers that a kustomization's own fields configure, and of its variables. */
const SPEC_FIELDS = [
  'namePrefix',
  'nameSuffix',
  'namespace',
  'commonLabels',
  'labels',
  'templateLabels',
  'commonAnnotations',
  'images',
  'replicas',
  'varReference',
] as const;

export type FieldSpecs = Readonly<Record<(typeof SPEC_FIELDS)[number], readonly FieldSpec[]>>;

const create = (path: string, kind?: string, group?: string, version?: string): FieldSpec => {
  return { path, kind, group, version, create: true };
};
const present = (path: string, kind?: string, group?: string): FieldSpec => ({ path, kind, group, create: false });

/** The metadata of pod templates, and of what else an object is a template of. */
const TEMPLATES: readonly [kind: string, path: string, group?: string | undefined, version?: string][] = [
  ['ReplicationController', 'spec/template/metadata', undefined, 'v1'],
  ['Deployment', 'spec/template/metadata'],
  ['ReplicaSet', 'spec/template/metadata'],
  ['DaemonSet', 'spec/template/metadata'],
  ['StatefulSet', 'spec/template/metadata'],
  ['Job', 'spec/template/metadata', 'batch'],
  ['CronJob', 'spec/jobTemplate/metadata', 'batch'],
  ['CronJob', 'spec/jobTemplate/spec/template/metadata', 'batch'],
];

const TEMPLATE_LABELS: readonly FieldSpec[] = [
  create('metadata/labels'),
  ...TEMPLATES.map(([kind, path, group, version]) =>
    create(`${path}/labels`, kind, kind === 'StatefulSet' ? 'apps' : group, version),
  ),
  create('spec/volumeClaimTemplates[]/metadata/labels', 'StatefulSet', 'apps'),
];

/** Selectors in the pods of Deployments and StatefulSets. */
const POD_SELECTORS = [
  ...['podAffinity', 'podAntiAffinity'].flatMap((affinity) => [
    `affinity/${affinity}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
    `affinity/${affinity}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
  ]),
  'topologySpreadConstraints/labelSelector/matchLabels',
];

const COMMON_LABELS: readonly FieldSpec[] = [
  create('spec/selector', 'Service', undefined, 'v1'),
  create('spec/selector', 'ReplicationController', undefined, 'v1'),
  create('spec/selector/matchLabels', 'Deployment'),
  create('spec/selector/matchLabels', 'ReplicaSet'),
  create('spec/selector/matchLabels', 'DaemonSet'),
  create('spec/selector/matchLabels', 'StatefulSet', 'apps'),
  ...['Deployment', 'StatefulSet'].flatMap((kind) =>
    POD_SELECTORS.map((path) => present(`spec/template/spec/${path}`, kind, 'apps')),
  ),
  present('spec/selector/matchLabels', 'Job', 'batch'),
  present('spec/jobTemplate/spec/selector/matchLabels', 'CronJob', 'batch'),
  present('spec/selector/matchLabels', 'PodDisruptionBudget', 'policy'),
  ...['podSelector', 'ingress/from/podSelector', 'egress/to/podSelector'].map((path) =>
    present(`spec/${path}/matchLabels`, 'NetworkPolicy', 'networking.k8s.io'),
  ),
  ...TEMPLATE_LABELS,
];

const CONTAINER_FIELDS = ['containers', 'initContainers'].flatMap((containers) =>
  ['args', 'command', 'env/value', 'volumeMounts/mountPath'].map((field) => `${containers}/${field}`),
);

const VAR_REFERENCES: readonly FieldSpec[] = [
  ...['DaemonSet', 'Deployment', 'Job', 'ReplicaSet', 'StatefulSet'].flatMap((kind) =>
    CONTAINER_FIELDS.map((field) => present(`spec/template/spec/${field}`, kind)),
  ),
  ...['DaemonSet', 'Deployment', 'Job', 'ReplicaSet'].map((kind) =>
    present('spec/template/spec/volumes/nfs/server', kind),
  ),
  ...CONTAINER_FIELDS.map((field) => present(`spec/jobTemplate/spec/template/spec/${field}`, 'CronJob')),
  // Not where volumes stand, but kustomize has it so.
  present('spec/jobTemplate/spec/template/volumes/nfs/server', 'CronJob'),
  ...[...CONTAINER_FIELDS, 'volumes/nfs/server'].map((field) => present(`spec/${field}`, 'Pod')),
  present('spec/template/metadata/annotations', 'Deployment'),
  present('spec/volumeClaimTemplates/spec/nfs/server', 'StatefulSet'),
  present('spec/nfs/server', 'PersistentVolume'),
  ...['rules/host', 'tls/hosts', 'tls/secretName'].map((field) => present(`spec/${field}`, 'Ingress')),
  ...['ports/port', 'ports/targetPort'].map((field) => present(`spec/${field}`, 'Service')),
  present('metadata/labels'),
  present('metadata/annotations'),
];

/** What kustomize has built in (its api/internal/konfig/builtinpluginconsts). */
const BUILT_IN_SPECS: FieldSpecs = {
  namePrefix: [present('metadata/name')],
  nameSuffix: [present('metadata/name')],
  namespace: [
    create('metadata/name', 'Namespace'),
    create('spec/service/namespace', 'APIService', 'apiregistration.k8s.io'),
    present(
      'spec/conversion/webhook/clientConfig/service/namespace',
      'CustomResourceDefinition',
      'apiextensions.k8s.io',
    ),
  ],
  commonLabels: COMMON_LABELS,
  labels: [],
  templateLabels: TEMPLATE_LABELS,
  commonAnnotations: [
    create('metadata/annotations'),
    ...TEMPLATES.map(([kind, path, group, version]) => create(`${path}/annotations`, kind, group, version)),
  ],
  // The volumes' since kustomize 5.5; what an older one leaves alone doesn't agree with its render.
  images: ['spec', 'spec/template/spec'].flatMap((pod) => [
    create(`${pod}/containers[]/image`),
    create(`${pod}/initContainers[]/image`),
    create(`${pod}/volumes[]/image/reference`),
  ]),
  replicas: ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map((kind) =>
    create('spec/replicas', kind),
  ),
  varReference: VAR_REFERENCES,
};

/** No field specs: what a kustomization starts with. */
export const NO_SPECS: FieldSpecs = {
  namePrefix: [],
  nameSuffix: [],
  namespace: [],
  commonLabels: [],
  labels: [],
  templateLabels: [],
  commonAnnotations: [],
  images: [],
  replicas: [],
  varReference: [],
};

/**
 * Field specs together, each once and sorted (TransformerConfig.Merge). What is merged into none loses the specs of any kind
 * that come after one of a certain kind with the same path: that is how a configuration narrows what is built in.
 */
export function mergeSpecs(first: FieldSpecs, second: FieldSpecs): FieldSpecs {
  if (second === NO_SPECS || first === second) return first;
  if (first === NO_SPECS && second === BUILT_IN_SPECS) return second;
  return specsBy((field) => sorted(withSpecs(first[field], second[field])));
}

function specsBy(of: (field: (typeof SPEC_FIELDS)[number]) => readonly FieldSpec[]): FieldSpecs {
  const specs: Record<(typeof SPEC_FIELDS)[number], readonly FieldSpec[]> = { ...NO_SPECS };
  for (const field of SPEC_FIELDS) specs[field] = of(field);
  return specs;
}

const FIRST_KINDS = [
  'Namespace',
  'ResourceQuota',
  'StorageClass',
  'CustomResourceDefinition',
  'ServiceAccount',
  'PodSecurityPolicy',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Endpoints',
  'Service',
  'LimitRange',
  'PriorityClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];
const LAST_KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** By kustomize's order of kinds (Gvk.IsLessThan of kyaml's resid), in which any kind stands behind most. */
function sorted(specs: readonly FieldSpec[]): FieldSpec[] {
  const rank = ({ kind = '' }: FieldSpec) => {
    const first = FIRST_KINDS.indexOf(kind);
    return first === -1 ? LAST_KINDS.indexOf(kind) + 1 : first - FIRST_KINDS.length;
  };
  const text = ({ group, version, kind }: FieldSpec) => `${group || '~G'}_${version || '~V'}_${kind || '~K'}`;
  return [...specs].sort((a, b) => rank(a) - rank(b) || (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
}

/** More specs, without those that are there already (FsSlice.MergeAll). */
export function withSpecs(specs: readonly FieldSpec[], more: readonly FieldSpec[]): readonly FieldSpec[] {
  const all = [...specs];
  for (const spec of more) if (!all.some((own) => own.path === spec.path && isSelected(own, spec))) all.push(spec);
  return all;
}

function isSelected(own: FieldSpec, by: FieldSpec): boolean {
  return (['group', 'version', 'kind'] as const).every((field) => !by[field] || own[field] === by[field]);
}

/** The specs of a list as it is written: `fields` of a label, `fieldSpecs` of a plug-in, the lists of `configurations`. */
export function specsOf(items: readonly unknown[]): FieldSpec[] {
  return items.flatMap((item) => {
    const map = asMap(item) ?? {};
    const path = stringOf(map, 'path')?.value;
    if (path === undefined) return [];
    const text = (name: string) => stringOf(map, name)?.value;
    const isCreated = fieldOf(map, 'create')?.value === true;
    return [{ path, group: text('group'), version: text('version'), kind: text('kind'), create: isCreated }];
  });
}

/**
 * The specs of a kustomization, given those of what it takes in: what kustomize has built in, with what the files of
 * `configurations` and `crds` add (accumulateTarget).
 */
export function specsWith(known: FieldSpecs, kustomization: Kustomization, sources: SourceFiles): FieldSpecs {
  const read = (name: 'configurations' | 'crds') =>
    kustomization.entries.flatMap(({ field, what, absolute }) =>
      field === name && what === 'file' ? [asMap(documentsOf(absolute, sources)?.[0]?.value) ?? {}] : [],
    );
  const files = read('configurations').map((value) =>
    specsBy((field) => specsOf(itemsOf(value, field).map((item) => item.value))),
  );
  const own = files.length === 0 ? BUILT_IN_SPECS : mergeSpecs(BUILT_IN_SPECS, files.reduce(mergeSpecs, NO_SPECS));
  return read('crds').map(specsOfCrds).reduce(mergeSpecs, mergeSpecs(known, own));
}

/** The specs of custom resources whose definitions say what their fields are (LoadConfigFromCRDs). */
function specsOfCrds(definitions: Record<string, unknown>): FieldSpecs {
  const added = {
    commonAnnotations: [] as FieldSpec[],
    commonLabels: [] as FieldSpec[],
    namePrefix: [] as FieldSpec[],
  };
  const visit = (kind: string, type: string, path: readonly string[], above: readonly string[]) => {
    if (above.includes(type)) return;
    for (const [name, value] of Object.entries(propertiesOf(definitions[type]))) {
      const property = asMap(value) ?? {};
      const at = [...path, name];
      const spec = present(at.join('/'), kind);
      if (typeof property['x-kubernetes-annotation'] === 'string') added.commonAnnotations.push(spec);
      if (typeof property['x-kubernetes-label-selector'] === 'string') added.commonLabels.push(spec);
      if (typeof property['x-kubernetes-identity'] === 'string') added.namePrefix.push(spec);
      if (typeof property.$ref === 'string') visit(kind, property.$ref, at, [...above, type]);
    }
  };
  for (const [type, definition] of Object.entries(definitions)) {
    const properties = propertiesOf(definition);
    const isObject = ['kind', 'apiVersion', 'metadata'].every((field) => Object.hasOwn(properties, field));
    if (isObject) visit(type.slice(type.lastIndexOf('.') + 1), type, [], []);
  }
  return { ...NO_SPECS, ...added };
}

function propertiesOf(definition: unknown): Record<string, unknown> {
  return asMap(asMap(asMap(definition)?.Schema)?.properties) ?? {};
}

/**
 * Every place of an object that a spec leads to (the fieldspec filter of kustomize's api). `makes` is what is made at the end
 * of a path that isn't there, as written by `origin`; without it nothing is made.
 */
export function slotsOf(object: ShadowMap, spec: FieldSpec, origin: Origin, makes?: 'map' | 'scalar'): Slot[] {
  const { group, version, kind } = identityOf(object);
  if (spec.kind && spec.kind !== kind) return [];
  if ((spec.group && spec.group !== group) || (spec.version && spec.version !== version)) return [];
  const slots: Slot[] = [];
  const descend = (slot: Slot, keys: readonly string[]) => {
    const [key, ...rest] = keys;
    const { value } = slot;
    if (key === undefined) slots.push(slot);
    else if (value.type === 'list') {
      const { items } = value;
      for (const [i, item] of items.entries()) {
        const put = (next: Shadow) => {
          items[i] = { ...next, was: item };
        };
        descend({ value: item, isNew: false, put }, keys);
      }
    } else if (value.type === 'map') {
      const isList = key.endsWith('[]');
      const name = isList ? key.slice(0, -2) : key;
      const put = (next: Shadow) => overwrite(value, name, next);
      const own = value.entries.get(name);
      if (own && !(own.type === 'scalar' && own.value === null)) descend({ value: own, isNew: false, put }, rest);
      else if (spec.create && makes && !isList) {
        const made = rest.length > 0 || makes === 'map' ? emptyMap(origin) : scalar('', origin);
        value.entries.set(name, made);
        descend({ value: made, isNew: true, put: (next) => value.entries.set(name, next) }, rest);
      } else if (own && rest.length === 0) descend({ value: own, isNew: false, put }, rest);
    }
  };
  descend({ value: object, isNew: false, put: () => {} }, splitEscaped(spec.path, '/'));
  return slots;
}
