import type { Finding } from '../rule.ts';
import type { Cluster, SourceFinding } from './cluster.ts';

/** Rules whose findings say that a target, or a part of it, did not render. The others judge what rendered. */
const FAILURES: ReadonlySet<SourceFinding['rule']> = new Set([
  'render-failed',
  'kustomize-file-missing',
  'kustomize-file-outside-root',
]);

/** Whether a finding says that objects are missing from what its target rendered. */
export function isFailure({ rule }: SourceFinding): boolean {
  return FAILURES.has(rule);
}

/** What reading and rendering the sources found out that belongs to a rule, each with its target. */
export function* sourceFindings(cluster: Cluster, id: SourceFinding['rule']): Iterable<Finding> {
  for (const { environment, target, findings } of cluster.targets) {
    for (const { rule, ...finding } of findings) {
      if (rule === id) yield { ...finding, target: { environment, target } };
    }
  }
}
