import { compareText, merge } from '../diagnose.ts';
import type { Diagnostic, Found } from '../diagnostic.ts';
import type { PartSince } from '../part.ts';
import type { Since } from '../report/report.ts';
import { countBySeverity } from '../report/shown.ts';

/** What was found, merged: without another side all of it is `found`, with one only what is new. */
export interface Sides {
  found: Diagnostic[];
  before: Diagnostic[];
  /** Nobody can say whether it was there before. */
  unsure: Diagnostic[];
  since?: Since;
}

/** Tells what is new from what was there before. `ignores` is what was reported of ignores then. */
export function compareSides(
  others: readonly PartSince[],
  found: readonly Found[],
  ignores: readonly Diagnostic[],
): Sides {
  const [first] = others;
  if (!first) return { found: merge(found), before: [], unsure: [] };
  const then = new Set(ignores.map(({ fingerprint }) => fingerprint));
  const those = (wanted: Found['before']) =>
    merge(
      found.filter(({ before, fingerprint }) => (before ?? (then.has(fingerprint) ? 'there' : undefined)) === wanted),
    );
  const before = those('there');
  const notes = [...new Set(others.flatMap((other) => other.notes))];
  const since = {
    ref: first.ref,
    commit: first.commit,
    ...(notes.length > 0 && { notes }),
    before: countBySeverity(before),
    // Of findings that are merged, the first one's words count: the same one in however many parts.
    fixed: merge(others.flatMap(({ fixed }) => fixed).sort((a, b) => compareText(placeOf(a), placeOf(b)))),
  };
  return { found: those(undefined), before, unsure: those('unsure'), since };
}

function placeOf({ targets: [first] }: Found): string {
  return first ? `${first.environment} ${first.target}` : '';
}
