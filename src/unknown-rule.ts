import { nearestOf } from './nearest.ts';

/** What to say of an id that no rule has. */
export function unknownRule(id: string, ruleIds: readonly string[]): string {
  const near = nearestOf(id, ruleIds);
  return `no rule is called "${id}"${near === undefined ? '; k8s-lint rules lists them' : `: did you mean "${near}"?`}`;
}
