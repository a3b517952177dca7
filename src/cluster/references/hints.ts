import { nearestOf } from '../../nearest.ts';
import type { Resource } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { namesakesOf } from './provided.ts';
import type { Referent } from './references.ts';

/** `; did you mean "…"?` with the most similar of some names, nothing where none is similar. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const nearest = nearestOf(word, names);
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}

/** What may have been meant by a name under which nothing is there, as the end of a message. */
export function hintFor(cluster: Cluster, written: string, referent: Referent): string {
  const elsewhere = namesakesOf(cluster, referent).flatMap(({ namespace }) => namespace ?? []);
  const [namespace] = elsewhere.sort();
  if (namespace !== undefined) return `; namespace ${namespace} has one`;
  const all = cluster.list(referent.group, referent.kind);
  if (written.includes('@')) return traefikHint(written, all);
  const here = all.filter(({ scope }) => scope === referent.scope);
  return didYouMean(
    written,
    here.map(({ displayName }) => displayName),
  );
}

/** Of `namespace-name@kubernetescrd`, the namespace is what is forgotten most. */
function traefikHint(written: string, all: readonly Resource[]): string {
  const [id = ''] = written.split('@');
  const named = all.filter(({ namespace }) => namespace !== undefined);
  const names = named.map(({ namespace, name }) => (name === id ? id : `${namespace}-${name}`));
  const nearest = nearestOf(id, names);
  const meant = named.find(({ namespace, name }) => nearest === (name === id ? id : `${namespace}-${name}`));
  return meant ? `; did you mean "${meant.namespace}-${meant.name}@kubernetescrd"?` : '';
}

/** Whether kustomize gives the object that is meant a hash, so that its name differs from the one written. */
export function isGenerated(cluster: Cluster, { group, kind, scope, name }: Referent): boolean {
  return cluster.list(group, kind).some((other) => other.scope === scope && other.displayName === name);
}
