import type { Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { isUnknown } from '../unknown.ts';
import { isMadeAnew, mayBeForced } from './appliers.ts';

/** One object at both sides. */
export interface Pair {
  readonly before: Resource;
  readonly after: Resource;
}

/**
 * What is rendered at both sides and is updated where it lands: not what is deleted and made again (hooks, replacements), nor what
 * several targets define in different ways, nor what facts say isn't there.
 */
export const updated = derived((cluster): readonly Pair[] => {
  const other = cluster.before;
  if (!other) return [];
  const all = [cluster, other, ...cluster.others];
  return cluster.resources.flatMap((after): Pair[] => {
    const { group, kind, scope, name, object } = after;
    if (after.existing || object.metadata.name === undefined || isUnknown(name)) return [];
    const before = other.get(group, kind, scope, name);
    if (!before || before.existing || isMadeAnew(before) || isMadeAnew(after)) return [];
    if (contested(cluster, after) || contested(other, before) || isYetToBeMade(cluster, after)) return [];
    if (mayBeForced(after, all)) return [];
    return [{ before, after }];
  });
});

/** Whether facts say that the cluster holds none of a kind, whatever was rendered before. A rendered object hides a fact of its name. */
function isYetToBeMade(cluster: Cluster, { group, kind, scope }: Resource): boolean {
  return cluster.knows(group, kind, scope) && !cluster.list(group, kind).some((other) => other.existing);
}
