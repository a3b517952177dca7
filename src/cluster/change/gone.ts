import { compareScopes, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { mayBeOne } from '../contested.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';
import { isKept } from './appliers.ts';

/** An object that was rendered at the other side, and that nothing renders any more. */
export interface Gone {
  readonly resource: Resource;
  /** What came instead under another name or in another namespace, where that is plain. */
  readonly successor: Resource | undefined;
}

export interface Losses {
  readonly gone: readonly Gone[];
  /** Of these nobody can say: a target that may render them isn't whole. With the name of such a target. */
  readonly unsure: readonly { resource: Resource; target: string }[];
}

/** What holds data, or on whose existence data depends. */
function holdsData({ group, kind, object }: Resource): boolean {
  switch (`${group}/${kind}`) {
    case '/PersistentVolumeClaim':
    case '/Namespace':
    case 'apiextensions.k8s.io/CustomResourceDefinition':
      return true;
    case 'apps/StatefulSet':
      return asList(valueAt(object, ['spec', 'volumeClaimTemplates'])).length > 0;
    default:
      return false;
  }
}

/** What holds data and is gone from all that this side renders. */
export const losses = derived((cluster): Losses => {
  const gone: Gone[] = [];
  const unsure: { resource: Resource; target: string }[] = [];
  for (const resource of cluster.before?.resources ?? []) {
    if (!holdsData(resource) || resource.existing || isKept(resource) || hasNoName(resource)) continue;
    if (isHere(cluster, resource) || isKnownAbsent(cluster, resource) || hasMoved(cluster, resource)) continue;
    const target = whereItMayBe(cluster);
    if (target === undefined) gone.push({ resource, successor: successorOf(cluster, resource) });
    else unsure.push({ resource, target });
  }
  return { gone, unsure };
});

/** Made up by the API server, by a random function or from a hash: the next render has another name, and another object. */
function hasNoName({ object, name, displayName }: Resource): boolean {
  return object.metadata.name === undefined || isUnknown(name) || name !== displayName;
}

/** Whether this side renders an object, or may: in a namespace that nobody knows, or with wrong types. */
function isHere(cluster: Cluster, resource: Resource): boolean {
  const refused = cluster.schemaErrors.map((error) => error.resource);
  return [...cluster.list(resource.group, resource.kind), ...refused].some(
    (other) =>
      !other.existing &&
      other.group === resource.group &&
      other.kind === resource.kind &&
      (mayBeOne(other, resource) || isUnknown(other.name) || isUnknown(other.scope)),
  );
}

/** Whether facts say that the cluster holds no such object any more. */
function isKnownAbsent(cluster: Cluster, { group, kind, scope, name }: Resource): boolean {
  return cluster.knows(group, kind, scope) && cluster.get(group, kind, scope, name) === undefined;
}

/** Whether another environment renders what it did not render before. */
function hasMoved(cluster: Cluster, resource: Resource): boolean {
  return cluster.others.some((other) => isHere(other, resource) && !(other.before && isHere(other.before, resource)));
}

/** A target that may hold what seems to be gone: one of the same environment, or of another that was whole before. */
function whereItMayBe(cluster: Cluster): string | undefined {
  const broken = (some: Cluster) => some.targets.filter(({ incomplete }) => incomplete).map(({ target }) => target);
  const [here] = broken(cluster);
  if (here !== undefined) return here;
  if (cluster.leftOut) return 'what this run leaves out';
  for (const other of cluster.others) {
    const before = new Set(other.before ? broken(other.before) : []);
    const elsewhere = broken(other).find((target) => !before.has(target));
    if (elsewhere !== undefined) return elsewhere;
  }
  return undefined;
}

/** The one new object of the kind that has its name, or nearly so, in another place; undefined where there are none or several. */
function successorOf(cluster: Cluster, resource: Resource): Resource | undefined {
  if (resource.kind === 'CustomResourceDefinition') return undefined;
  const candidates = cluster.list(resource.group, resource.kind).filter((other) => {
    if (other.existing || !holdsData(other) || hasNoName(other)) return false;
    if (cluster.before && isHere(cluster.before, other)) return false;
    if (other.name === resource.name) return true;
    return compareScopes(other.scope, resource.scope) === 'same' && isRenamed(resource, other);
  });
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** A prefix or suffix came or went, or it is the same workload: the same containers with the same claims. */
function isRenamed(from: Resource, to: Resource): boolean {
  const [a, b] = [`-${from.name}-`, `-${to.name}-`];
  return a.includes(b) || b.includes(a) || (from.kind === 'StatefulSet' && insides(from) === insides(to));
}

function insides({ object }: Resource): string {
  const names = (path: string[]) => asList(valueAt(object, path)).map((item) => valueAt(item, ['name']));
  const claims = asList(valueAt(object, ['spec', 'volumeClaimTemplates']));
  const images = asList(valueAt(object, ['spec', 'template', 'spec', 'containers'])).map((item) => asMap(item)?.image);
  return JSON.stringify([
    names(['spec', 'template', 'spec', 'containers']),
    images,
    claims.map((claim) => valueAt(claim, ['metadata', 'name'])),
  ]);
}
