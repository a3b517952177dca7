import type { Found } from '../diagnostic.ts';
import type { Severity } from '../rule.ts';

const RANK: Record<Severity, number> = { info: 0, warning: 1, error: 2 };

/** A finding of one side, with the names that this side's environment and targets have today. */
export interface SideFinding {
  found: Found;
  environment: string;
  targets: readonly string[];
}

/** What became of the findings of both sides. */
export interface Matched {
  /** Found today, and there before: no worse than it was. */
  known: ReadonlySet<Found>;
  /** There before, and no finding of today is the same. */
  gone: SideFinding[];
}

/**
 * Pairs findings by fingerprint, each with one at most: those of one target first, then those of one environment, then those of
 * environments that exist at one side only, which is what a renamed one looks like. Of several, those of one message and place come
 * first. What is more severe than it was is a new finding, and its forerunner isn't gone.
 */
export function match(
  before: readonly SideFinding[],
  now: readonly SideFinding[],
  isShared: (environment: string) => boolean,
): Matched {
  const known = new Set<Found>();
  const open = new Set(before);
  const rest = new Set(now);
  const passes: ((finding: SideFinding) => string | undefined)[] = [
    ({ found, environment, targets }) => key(found, environment, ...targets.toSorted()),
    ({ found, environment }) => key(found, environment),
    ({ found, environment }) => (isShared(environment) ? undefined : key(found)),
  ];
  for (const keyOf of passes) {
    for (const exact of [true, false]) {
      const candidates = groups(open, (finding) => keyOf(finding) && withMessage(keyOf(finding), finding, exact));
      for (const finding of rest) {
        const wanted = keyOf(finding);
        const candidate = wanted && candidates.get(withMessage(wanted, finding, exact))?.shift();
        if (!candidate) continue;
        open.delete(candidate);
        rest.delete(finding);
        if (RANK[finding.found.severity] <= RANK[candidate.found.severity]) known.add(finding.found);
      }
    }
  }
  return { known, gone: [...open] };
}

function key({ fingerprint }: Found, ...where: string[]): string {
  return JSON.stringify([fingerprint, ...where]);
}

function withMessage(wanted: string | undefined, { found }: SideFinding, exact: boolean): string {
  return exact ? `${wanted} ${found.plain ?? found.message}` : String(wanted);
}

function groups(
  findings: Iterable<SideFinding>,
  keyOf: (finding: SideFinding) => string | undefined,
): Map<string, SideFinding[]> {
  const grouped = new Map<string, SideFinding[]>();
  for (const finding of findings) {
    const wanted = keyOf(finding);
    if (wanted === undefined) continue;
    const group = grouped.get(wanted);
    if (group) group.push(finding);
    else grouped.set(wanted, [finding]);
  }
  return grouped;
}
