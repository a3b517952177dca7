import { compareScopes, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { isUnknown } from '../unknown.ts';
import { asMap, valueAt } from '../workloads.ts';
import { ByName } from './by-name.ts';
import { type Made, madeAs, madeElsewhere, mayMake } from './makers.ts';
import { secretWriter } from './permissions.ts';
import type { Referent } from './references.ts';

/** How things stand with what a reference means. */
export type Standing =
  | { readonly state: 'present' }
  /** `undeclared` asks for a warning: the environment is one that nobody has described. */
  | { readonly state: 'absent' | 'undeclared' }
  /** With `reason` where a fact about the kind would tell, without where only this name is in doubt. */
  | { readonly state: 'unknown'; readonly reason?: string };

interface Index {
  readonly byName: ByName<Resource>;
  /** Objects whose names hold placeholders, by kind. */
  readonly unknownNames: ReadonlyMap<string, readonly Resource[]>;
  /** The classes of the PersistentVolumes. */
  readonly volumeClasses: ReadonlySet<unknown>;
}

const indexOf = derived((cluster: Cluster): Index => {
  const byName = new ByName<Resource>();
  const unknownNames = new Map<string, Resource[]>();
  // What the schemas refuse is written all the same: it is not missing, and its keys are what its author meant.
  for (const resource of new Set([...cluster.resources, ...cluster.schemaErrors.map((error) => error.resource)])) {
    const kind = `${resource.group}/${resource.kind}`;
    if (isUnknown(resource.name)) unknownNames.set(kind, [...(unknownNames.get(kind) ?? []), resource]);
    byName.add(kind, resource.name, resource.scope, resource);
    // Traefik knows its objects under names in which every dot became a dash.
    const normalized = resource.name.replaceAll('.', '-');
    if (resource.group.startsWith('traefik.') && normalized !== resource.name)
      byName.add(kind, normalized, resource.scope, resource);
  }
  const volumeClasses = new Set(
    cluster.list('', 'PersistentVolume').map(({ object }) => valueAt(object, ['spec', 'storageClassName'])),
  );
  return { byName, unknownNames, volumeClasses };
});

/** The objects of that kind and name in whatever namespace. */
export function namesakesOf(cluster: Cluster, { group, kind, name }: Referent): readonly Resource[] {
  return indexOf(cluster).byName.all(`${group}/${kind}`, name);
}

/** Objects that are, or for all we know may be, the one that is meant. */
export function candidates(cluster: Cluster, { group, kind, scope, name }: Referent): readonly Resource[] {
  return indexOf(cluster).byName.in(`${group}/${kind}`, name, scope);
}

function mayBeSame(a: string, b: string): boolean {
  return compareScopes(a, b) !== 'different' || isUnknown(a) || isUnknown(b);
}

/** Whether one of the objects that a reference, of `by`, may mean is there (design: *Unknown is never a finding*). */
export function standingOf(cluster: Cluster, referents: readonly Referent[], by?: Resource): Standing {
  const standings = referents.map((referent) => standingOfOne(cluster, referent, by));
  for (const state of ['present', 'unknown', 'undeclared'] as const) {
    const found = standings.find((standing) => standing.state === state);
    if (found) return found;
  }
  return { state: 'absent' };
}

function standingOfOne(cluster: Cluster, referent: Referent, by: Resource | undefined): Standing {
  const { group, kind, scope, name } = referent;
  if (
    candidates(cluster, referent).length > 0 ||
    madeAs(cluster, referent).some(({ onlyAdds }) => !onlyAdds) ||
    isAlwaysThere(referent) ||
    (kind === 'StorageClass' && indexOf(cluster).volumeClasses.has(name))
  ) {
    return { state: 'present' };
  }
  if (!cluster.complete) return { state: 'unknown', reason: 'a target of this environment did not render completely' };
  const known = scope === '' ? cluster.knows(group, kind) : cluster.knows(group, kind, scope);
  const absence = known
    ? 'absent'
    : scope === '' || isPlatform(scope)
      ? 'unknown'
      : cluster.absence(group, kind, scope, name);
  if (absence === 'unknown') return { state: 'unknown', reason: `existing holds no ${kind}${inNamespace(scope)}` };
  const maker =
    mayMake(cluster, referent, by) ?? (kind === 'Secret' ? secretWriter(cluster, scope, 'create') : undefined);
  if (maker) return { state: 'unknown', reason: `${maker} may make some` };
  if (mayAppear(cluster, referent) || (absence === 'undeclared' && isElsewhere(cluster, referent, by)))
    return { state: 'unknown' };
  return { state: absence };
}

/**
 * Whether an object is sought in another namespace than that of who names it, one into which nothing is rendered: who renders that
 * one isn't seen here. Where another namespace has one of that name, the namespace may be what is wrong.
 */
function isElsewhere(cluster: Cluster, referent: Referent, by: Resource | undefined): boolean {
  return (
    by !== undefined &&
    compareScopes(by.scope, referent.scope) === 'different' &&
    !renderedScopes(cluster).has(referent.scope) &&
    namesakesOf(cluster, referent).length === 0
  );
}

const renderedScopes = derived(
  (cluster: Cluster) => new Set(cluster.resources.filter(({ existing }) => !existing).map(({ scope }) => scope)),
);

/** Whether anything here but `by`, which needs it, is, makes, or may make the object, so that its absence can't be told. */
export function mayBeProvided(cluster: Cluster, referent: Referent, by?: Resource): boolean {
  return (
    !cluster.complete ||
    candidates(cluster, referent).length > 0 ||
    madeAs(cluster, referent).length > 0 ||
    mayMake(cluster, referent, by) !== undefined ||
    (referent.kind === 'Secret' && secretWriter(cluster, referent.scope, 'create') !== undefined) ||
    mayBeNamedSo(cluster, referent) ||
    isCopied(cluster, referent)
  );
}

/** Whether a replicator may copy an object from elsewhere, or one whose name holds a placeholder may turn out to be it. */
export function mayAppear(cluster: Cluster, referent: Referent): boolean {
  return mayBeNamedSo(cluster, referent) || isCopied(cluster, referent);
}

/** ` in namespace shop`, nothing for kinds without namespace and where it is unset. */
export function inNamespace(scope: string): string {
  return scope === '' || scope.startsWith('\0') ? '' : ` in namespace ${scope}`;
}

/** The distribution puts objects of its own there, so that what a team renders is never all. */
function isPlatform(scope: string): boolean {
  return /^(?:kube|openshift|gke|gmp|aks)-/.test(scope);
}

/** What every cluster of a distribution or mesh has from the start, or every namespace. */
function isAlwaysThere({ kind, scope, name }: Referent): boolean {
  switch (kind) {
    case 'ServiceAccount':
      return name === 'default';
    case 'ConfigMap':
      return ['kube-root-ca.crt', 'openshift-service-ca.crt', 'istio-ca-root-cert'].includes(name);
    case 'Service':
      return scope === 'default' && name === 'kubernetes';
    case 'Role':
      return name.startsWith('system:') || name === 'extension-apiserver-authentication-reader';
    case 'ClusterRole':
      return ['cluster-admin', 'admin', 'edit', 'view'].includes(name) || /^(?:system|kubeadm|eks|gce):/.test(name);
    case 'PriorityClass':
      return name.startsWith('system-');
    case 'TLSOption':
    case 'AppProject':
      return name === 'default';
    default:
      return false;
  }
}

/** Whether an object whose name holds a placeholder may turn out to be the one that is meant. */
function mayBeNamedSo(cluster: Cluster, { group, kind, scope, name }: Referent): boolean {
  const unknown = indexOf(cluster).unknownNames.get(`${group}/${kind}`) ?? [];
  return unknown.some((resource) => {
    const [start = ''] = resource.name.split(/[$<{[]/, 1);
    const [end = ''] = resource.name.split(/[}>\]]/).slice(-1);
    return mayBeSame(resource.scope, scope) && name.startsWith(start) && name.endsWith(end);
  });
}

/** Annotations by which a replicator is asked to copy a Secret or ConfigMap into other namespaces under its own name. */
const COPIED = /replicat|reflect|kubed\.|mirror|copy|clone/i;

function isCopied(cluster: Cluster, { group, kind, name }: Referent): boolean {
  const known = copiedNames(cluster);
  const id = `${group}/${kind} ${name}`;
  let copied = known.get(id);
  if (copied === undefined) {
    const referent = { group, kind, name, scope: '' };
    const sources = [...namesakesOf(cluster, referent), ...madeElsewhere(cluster, referent).map(({ by }) => by)];
    copied = sources.some(({ object }) =>
      [
        ['metadata', 'annotations'],
        ['spec', 'secretTemplate', 'annotations'],
        ['spec', 'template', 'metadata', 'annotations'],
        ['spec', 'target', 'template', 'metadata', 'annotations'],
      ].some((path) => Object.keys(asMap(valueAt(object, path)) ?? {}).some((annotation) => COPIED.test(annotation))),
    );
    known.set(id, copied);
  }
  return copied;
}

/** One name is asked for in every namespace. */
const copiedNames = derived(() => new Map<string, boolean>());

/**
 * The keys of a ConfigMap or Secret, of all who write to it; undefined where they aren't known, or it isn't there. `textOnly` leaves
 * out `binaryData`, which environment variables can't be taken from.
 */
export function keysOf(cluster: Cluster, referent: Referent, textOnly = false): ReadonlySet<string> | undefined {
  const objects = candidates(cluster, referent);
  const made = madeAs(cluster, referent);
  if (objects.length === 0 && !made.some(({ onlyAdds }) => !onlyAdds)) return undefined;
  if (referent.kind === 'Secret' && secretWriter(cluster, referent.scope, 'change')) return undefined;
  const sets = [...objects.map((object) => ownKeys(object, textOnly)), ...made.map(({ keys }: Made) => keys)];
  const all = new Set<string>();
  for (const keys of sets) {
    if (keys === undefined) return undefined;
    for (const key of keys) all.add(key);
  }
  return all;
}

/** What the token controller adds: https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets */
const TOKEN_KEYS = ['token', 'ca.crt', 'namespace'];

/** Labels and annotations of those who fill an object in later. */
const FILLED = /replicate-from$|\/reflects$|\/inject-|^secret-generator\./;

function ownKeys(resource: Resource, textOnly: boolean): string[] | undefined {
  const { data, binaryData, stringData, type } = resource.object as unknown as Record<string, unknown>;
  const fields = [data, stringData, ...(textOnly ? [] : [binaryData])].filter((field) => field !== undefined);
  const maps = fields.map(asMap);
  const marks = [resource.object.metadata?.annotations, resource.object.metadata?.labels];
  if (marks.some((map) => Object.keys(asMap(map) ?? {}).some((mark) => FILLED.test(mark)))) return undefined;
  const keys = maps.flatMap((map) => Object.keys(map ?? {}));
  if (type === 'kubernetes.io/service-account-token') keys.push(...TOKEN_KEYS);
  // Without any, it is there to be filled by what runs in the cluster.
  const empty = keys.length === 0 && Object.keys(asMap(binaryData) ?? {}).length === 0;
  return empty || maps.includes(undefined) || keys.some(isUnknown) ? undefined : keys;
}
