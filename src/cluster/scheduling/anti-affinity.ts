import type { Path } from '../../resource.ts';
import { matches, podLabels } from '../label-facts.ts';
import { asList, asMap, type Workload } from '../workloads.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/**
 * The place of the required podAntiAffinity by which the pods of a workload keep each other off a Node; undefined where they
 * may share one (InterPodAffinity of the scheduler).
 */
export function keepsApart(workload: Workload): Path | undefined {
  const { pod, path } = workload;
  const terms = asList(asMap(asMap(asMap(pod.affinity)?.podAntiAffinity))?.[REQUIRED]);
  const i = terms.findIndex((term) => isOfOwn(term, workload));
  return i === -1 ? undefined : [...path, 'affinity', 'podAntiAffinity', REQUIRED, i];
}

function isOfOwn(term: unknown, workload: Workload): boolean {
  const { topologyKey, labelSelector, namespaces, namespaceSelector, mismatchLabelKeys } = asMap(term) ?? {};
  if (topologyKey !== 'kubernetes.io/hostname' || asList(mismatchLabelKeys).length > 0) return false;
  const { scope } = workload.resource;
  const named = asList(namespaces);
  const everywhere = namespaceSelector !== undefined && Object.keys(asMap(namespaceSelector) ?? { no: 1 }).length === 0;
  const own = everywhere || named.includes(scope) || (named.length === 0 && namespaceSelector === undefined);
  return own && matches(labelSelector, podLabels(workload)) === true;
}
