import { compareText } from '../diagnose.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { oneLine } from '../report/harmless.ts';
import { fromRoot } from '../report/shown.ts';
import type { Location } from '../resource.ts';
import type { Severity } from '../rule.ts';

/** A finding that is known, as a baseline holds it: each text is one line. */
export interface Entry {
  rule: string;
  /** The entry doesn't stand for what is worse. */
  severity: Severity;
  /** From the root of the repository. */
  file: string;
  /** `Kind/name` */
  resource?: string;
  message: string;
  reason?: string;
  fingerprint: string;
}

/** An entry, and where it is written. */
export interface WrittenEntry extends Entry {
  location: Location;
}

/** What stands for a diagnostic in a baseline. `prefix` is the working directory, relative to the root of the repository. */
export function entryOf(
  { rule, severity, location, resource, message, fingerprint }: Diagnostic,
  prefix: string,
  reason?: string,
): Entry {
  return {
    rule,
    severity,
    file: oneLine(fromRoot(location.file, prefix)),
    ...(resource ? { resource: oneLine(`${resource.kind}/${resource.name}`) } : {}),
    message: oneLine(message),
    ...(reason === undefined ? {} : { reason }),
    fingerprint,
  };
}

/** By file, so that what is near stays near; then whatever makes the order one. */
export function compareEntries(a: Entry, b: Entry): number {
  return (
    compareText(a.file, b.file) ||
    compareText(a.rule, b.rule) ||
    compareText(a.resource ?? '', b.resource ?? '') ||
    compareText(a.message, b.message) ||
    compareText(a.severity, b.severity) ||
    compareText(a.fingerprint, b.fingerprint)
  );
}
