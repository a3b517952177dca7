import type { Finding } from '../rule.ts';
import type { Cluster, SourceFinding } from './cluster.ts';

/** What reading and rendering the sources found out that belongs to a rule, each with its target. */
export function* sourceFindings(cluster: Cluster, id: SourceFinding['rule']): Iterable<Finding> {
  for (const { environment, target, findings } of cluster.targets) {
    for (const { rule, ...finding } of findings) {
      if (rule === id) yield { ...finding, target: { environment, target } };
    }
  }
}
