import { posix } from 'node:path';
import type { Diagnostic } from '../diagnostic.ts';
import type { Location, TargetRef } from '../resource.ts';
import type { Severity } from '../rule.ts';
import type { Report } from './report.ts';

const RANK: Record<Severity, number> = { info: 0, warning: 1, error: 2 };

/** Whether a severity is at or above another. */
export function atLeast(severity: Severity, lowest: Severity): boolean {
  return RANK[severity] >= RANK[lowest];
}

/** The diagnostics of at least that severity, in their order. */
export function shown(diagnostics: readonly Diagnostic[], lowest: Severity): Diagnostic[] {
  return diagnostics.filter(({ severity }) => atLeast(severity, lowest));
}

/** How many there are of each severity. */
export function countBySeverity(diagnostics: readonly Diagnostic[]): Record<'errors' | 'warnings' | 'infos', number> {
  const count = (severity: Severity) => diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  return { errors: count('error'), warnings: count('warning'), infos: count('info') };
}

/** `file:line:column`, as far as it is known. */
export function showLocation({ file, line, column }: Location): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

/** `2 errors`, `1 target`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `prod (overlays/prod)`, or one name where both are the same. */
export function showTarget({ environment, target }: TargetRef): string {
  return environment === target ? target : `${environment} (${target})`;
}

/** A file of a location as a path from the root of the repository. */
export function fromRoot(file: string, prefix: string): string {
  return posix.join(prefix, file);
}

/** The names of the environments that a diagnostic was found in, in their order. */
export function environmentsOf({ targets }: Diagnostic): string[] {
  return [...new Set(targets.map(({ environment }) => environment))];
}

/** What exceptions left out: `2 ignored`, `3 known by k8s-lint-baseline.yaml`. */
export function exceptions({ summary: { ignored }, known }: Report, show: (file: string) => string): string[] {
  const others = ignored - (known?.count ?? 0);
  return [
    ...(others > 0 ? [`${others} ignored`] : []),
    ...(known ? [`${known.count} known by ${show(known.file)}`] : []),
  ];
}

/** More names than this are counted. */
const LISTED = 4;

/** `dev, staging, prod`, and how many more. */
export function listed(names: readonly string[]): string {
  const rest = names.length - LISTED;
  return `${names.slice(0, LISTED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
