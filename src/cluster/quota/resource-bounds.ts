import type { Path } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { podMutator } from '../security/pod-mutators.ts';
import { asMap, containersOf, type Workload } from '../workloads.ts';
import { readAmounts } from './limit-ranges.ts';

/** A request of a container that is above its own limit, as the API server prints the two. */
export interface ExcessiveRequest {
  resource: string;
  request: string;
  limit: string;
  path: Path;
}

/** Groups whose pod templates the API server checks as pods. */
const CHECKED = new Set(['', 'apps', 'batch']);

/**
 * Requests above the limit that the same container has: ValidateContainerResourceRequirements of pkg/apis/core/validation, which a
 * StatefulSet meets when its pods are made. None where something may change them on the way.
 */
export function* excessiveRequests(cluster: Cluster, workload: Workload): Generator<ExcessiveRequest> {
  if (!CHECKED.has(workload.resource.group)) return;
  for (const { container, path } of containersOf(workload)) {
    const written = asMap(container.resources);
    if (asMap(written?.requests) === undefined || asMap(written?.limits) === undefined) continue;
    const limits = readAmounts(written?.limits, []);
    for (const [resource, request] of readAmounts(written?.requests, [...path, 'resources', 'requests'])) {
      const limit = limits.get(resource);
      if (request === 'unknown' || limit === undefined || limit === 'unknown' || request.nano <= limit.nano) continue;
      if (podMutator(cluster) !== undefined) return;
      yield { resource, request: request.text, limit: limit.text, path: request.path };
    }
  }
}
