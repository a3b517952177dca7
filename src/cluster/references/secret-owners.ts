import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';
import { allMade, type Made } from './makers.ts';

/** Who keeps writing a Secret. */
export interface SecretOwner {
  readonly resource: Resource;
  /** Where it names the Secret. */
  readonly path: Path;
}

/** A Secret with more than one owner. */
export interface ClaimedSecret {
  readonly name: string;
  readonly scope: string;
  readonly owners: readonly SecretOwner[];
}

/**
 * The Secrets that several objects write, so that each undoes what the other does: Certificates (cert-manager's policy
 * *IncorrectCertificate*), ExternalSecrets, SealedSecrets, annotated Ingresses, and Secrets in plain. Two whom their controllers
 * let share one are not among them.
 */
export const claimedTwice = derived((cluster: Cluster): readonly ClaimedSecret[] => {
  const claimed = new Map<string, { name: string; scope: string; owners: SecretOwner[] }>();
  const add = (scope: string, name: string, owner: SecretOwner) => {
    // What only has a generateName gets another one each time.
    if (owner.path[0] === 'metadata' && owner.resource.object.metadata.name === undefined) return;
    const id = JSON.stringify([scope, name]);
    const entry = claimed.get(id) ?? { name, scope, owners: [] };
    // A contested object, or an Ingress that names one Secret twice, is one owner.
    if (!entry.owners.some(({ resource }) => isSameObject(resource, owner.resource))) entry.owners.push(owner);
    claimed.set(id, entry);
  };
  for (const made of allMade(cluster, '', 'Secret')) {
    const path = made.onlyAdds || made.scope === undefined ? undefined : claimPath(made);
    if (path && made.scope !== undefined) add(made.scope, made.name, { resource: made.by, path });
  }
  for (const resource of cluster.list('', 'Secret')) {
    if (resource.existing || resource.hooks.length > 0 || isUnknown(resource.name) || isLeftToOthers(resource))
      continue;
    if (claimed.has(JSON.stringify([resource.scope, resource.name]))) {
      add(resource.scope, resource.name, { resource, path: ['metadata', 'name'] });
    }
  }
  return [...claimed.values()].filter(({ name, owners }) =>
    owners.some((a, i) => owners.slice(i + 1).some((b) => !mayShare(name, a.resource, b.resource))),
  );
});

/** Where an object names the Secret that it keeps writing; undefined for those that write it once, or perhaps. */
function claimPath({ by, name }: Made): Path | undefined {
  if (by.hooks.length > 0) return undefined;
  switch (by.kind) {
    case 'Certificate':
      return ['spec', 'secretName'];
    case 'SealedSecret':
      return ['metadata', 'name'];
    case 'ExternalSecret':
      return valueAt(by.object, ['spec', 'target', 'name']) === undefined
        ? ['metadata', 'name']
        : ['spec', 'target', 'name'];
    case 'Ingress': {
      // `kubernetes.io/tls-acme` alone asks a default issuer, which may be set or not.
      if (!hasAnnotation(by, 'cert-manager.io/issuer') && !hasAnnotation(by, 'cert-manager.io/cluster-issuer'))
        return undefined;
      const i = asList(valueAt(by.object, ['spec', 'tls'])).findIndex((block) => asMap(block)?.secretName === name);
      return ['spec', 'tls', i, 'secretName'];
    }
    default:
      return undefined;
  }
}

/**
 * Whether two owners of a Secret get along: the Certificate that ingress-shim makes is called like the Secret, so that one of that
 * name, and other Ingresses, mean the same one.
 */
function mayShare(name: string, a: Resource, b: Resource): boolean {
  const isShim = ({ kind, name: own }: Resource) => kind === 'Ingress' || (kind === 'Certificate' && own === name);
  if (isShim(a) && isShim(b)) return true;
  if (a.kind === 'SealedSecret' || b.kind === 'SealedSecret') {
    const plain = [a, b].find(({ kind }) => kind === 'Secret');
    // https://github.com/bitnami-labs/sealed-secrets: it may take over, or add to, a Secret that says so.
    return (
      plain !== undefined && ['managed', 'patch'].some((mark) => isTrue(plain, `sealedsecrets.bitnami.com/${mark}`))
    );
  }
  return false;
}

/** A Secret without content is a place that someone else is to fill; Flux can be told to write one once, or only its own part. */
function isLeftToOthers({ object }: Resource): boolean {
  const annotations = asMap(object.metadata.annotations) ?? {};
  const apply = valueAt(annotations, ['kustomize.toolkit.fluxcd.io/ssa']);
  if (['IfNotPresent', 'Merge', 'Ignore'].includes(apply as string)) return true;
  if (valueAt(annotations, ['kustomize.toolkit.fluxcd.io/reconcile']) === 'disabled') return true;
  const { data, stringData } = object as unknown as Record<string, unknown>;
  return [data, stringData].every((map) =>
    Object.values(asMap(map) ?? {}).every((value) => value === '' || value === null),
  );
}

function hasAnnotation({ object }: Resource, annotation: string): boolean {
  return Object.hasOwn(asMap(object.metadata.annotations) ?? {}, annotation);
}

function isTrue({ object }: Resource, annotation: string): boolean {
  const annotations = asMap(object.metadata.annotations) ?? {};
  return Object.hasOwn(annotations, annotation) && annotations[annotation] === 'true';
}

function isSameObject(a: Resource, b: Resource): boolean {
  return a === b || (a.group === b.group && a.kind === b.kind && a.scope === b.scope && a.name === b.name);
}
