import type { Finding } from '../../rule.ts';
import { asMap, valueAt, type Workload } from '../workloads.ts';

/** When a workload's pods are made, as the end of a message, if not at once: replicas 0, suspended, parallelism 0. */
export function postponed({ resource, replicas }: Workload): string | undefined {
  if (replicas === 0) return 'replicas is 0: it bites at the first scale-up';
  const { suspend, parallelism } = asMap(valueAt(resource.object, ['spec'])) ?? {};
  if (suspend === true) return 'it is suspended: it bites when it resumes';
  return resource.kind === 'Job' && parallelism === 0 ? 'parallelism is 0: it bites when it is raised' : undefined;
}

/** A finding that stops pods, as a warning that says when, where they aren't made at once. */
export function whenMade(workload: Workload, finding: Finding): Finding {
  const later = postponed(workload);
  return later === undefined ? finding : { ...finding, message: `${finding.message}; ${later}`, severity: 'warning' };
}
