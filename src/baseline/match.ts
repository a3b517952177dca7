import type { Diagnostic } from '../diagnostic.ts';
import { atLeast } from '../report/shown.ts';
import { type Entry, entryOf } from './entry.ts';

/** Which diagnostic each entry stands for; none for what is gone. */
export interface Matches<E extends Entry> {
  entries: ReadonlyMap<E, Diagnostic>;
  diagnostics: ReadonlyMap<Diagnostic, E>;
}

/**
 * Matches entries and merged diagnostics by fingerprint, rule and file. An entry stands for one diagnostic, and for none that is more
 * severe than it says: where several have one fingerprint, those whose message is as it was come first, so that what is new beside
 * them is not taken for known.
 */
export function matchEntries<E extends Entry>(
  entries: readonly E[],
  diagnostics: readonly Diagnostic[],
  prefix: string,
): Matches<E> {
  const waiting = new Map<string, E[]>();
  for (const entry of entries) waiting.set(identityOf(entry), [...(waiting.get(identityOf(entry)) ?? []), entry]);
  const matches = { entries: new Map<E, Diagnostic>(), diagnostics: new Map<Diagnostic, E>() };
  const take = (diagnostic: Diagnostic, isRight: (entry: E, seen: Entry) => boolean) => {
    if (matches.diagnostics.has(diagnostic)) return;
    const seen = entryOf(diagnostic, prefix);
    const candidates = waiting.get(identityOf(seen)) ?? [];
    const entry = candidates.find(
      (candidate) =>
        !matches.entries.has(candidate) && atLeast(candidate.severity, seen.severity) && isRight(candidate, seen),
    );
    if (!entry) return;
    matches.entries.set(entry, diagnostic);
    matches.diagnostics.set(diagnostic, entry);
  };
  for (const diagnostic of diagnostics) take(diagnostic, (entry, seen) => entry.message === seen.message);
  for (const diagnostic of diagnostics) take(diagnostic, () => true);
  return matches;
}

/** A reader goes by rule and file: an entry that says one thing must not cover another. */
function identityOf({ rule, file, fingerprint }: Entry): string {
  return JSON.stringify([fingerprint, rule, file]);
}
