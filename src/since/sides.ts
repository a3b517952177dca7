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
  const known = knownIgnores(ignores, found);
  const those = (wanted: Found['before']) =>
    merge(found.filter((one) => (one.before ?? (known.has(one) ? 'there' : undefined)) === wanted));
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

/** What is reported of ignores and was before, each with one at most, those of one line first: all comments of a file are alike. */
function knownIgnores(then: readonly Diagnostic[], now: readonly Found[]): Set<Found> {
  const known = new Set<Found>();
  const open = new Set(then);
  for (const isLine of [true, false]) {
    for (const found of now) {
      const same = [...open].find(
        ({ fingerprint, location: { line } }) =>
          fingerprint === found.fingerprint && (!isLine || line === found.location.line),
      );
      if (!same || known.has(found)) continue;
      known.add(found);
      open.delete(same);
    }
  }
  return known;
}

function placeOf({ targets: [first] }: Found): string {
  return first ? `${first.environment} ${first.target}` : '';
}
