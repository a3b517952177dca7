import type { Diagnostic, Suppressed } from '../diagnostic.ts';
import { type IgnoreLevels, ignoreFinding } from '../ignore.ts';
import type { WrittenEntry } from './entry.ts';
import { matchEntries } from './match.ts';

/** An entry of a baseline, as one part of a run knows it. */
export interface BaselineUse {
  entry: WrittenEntry;
  /**
   * Whether all that may be found in its file was judged: `doubtful` where an environment that reads it is not whole, `elsewhere`
   * where nothing here reads it.
   */
  judged: 'whole' | 'doubtful' | 'elsewhere';
}

/** Merged diagnostics, sorted by whether an entry stands for them. */
export interface Applied {
  kept: Diagnostic[];
  suppressed: Suppressed[];
  /** Entries that stand for nothing. */
  unused: WrittenEntry[];
}

/** Takes out of merged diagnostics those that a baseline knows. */
export function applyBaseline(
  diagnostics: readonly Diagnostic[],
  entries: readonly WrittenEntry[],
  prefix: string,
): Applied {
  const matches = matchEntries(entries, diagnostics, prefix);
  const kept: Diagnostic[] = [];
  const suppressed: Suppressed[] = [];
  for (const diagnostic of diagnostics) {
    const entry = matches.diagnostics.get(diagnostic);
    if (!entry) kept.push(diagnostic);
    else {
      const { reason = 'in the baseline', location } = entry;
      suppressed.push({ diagnostic, reason, location, kind: 'external' });
    }
  }
  return { kept, suppressed, unused: entries.filter((entry) => !matches.entries.has(entry)) };
}

/** What is reported at an entry that stands for nothing any more. */
export function entryFinding({ rule, location, fingerprint }: WrittenEntry, levels: IgnoreLevels, prefix: string) {
  const message = `this entry of the baseline, for ${rule}, matches nothing any more: remove it, as k8s-lint baseline --prune does`;
  return ignoreFinding('ignore-unused', message, location, [rule, fingerprint], levels, prefix);
}
