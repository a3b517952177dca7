import { createHash } from 'node:crypto';
import type { Diagnostic } from '../diagnostic.ts';
import type { Severity } from '../rule.ts';
import { oneLine, printableJson } from './harmless.ts';
import type { ReporterOptions } from './index.ts';
import type { Report } from './report.ts';
import { environmentsOf, fromRoot, listed, shown } from './shown.ts';

const SEVERITIES: Record<Severity, string> = { error: 'critical', warning: 'major', info: 'info' };

/**
 * GitLab's code quality report (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format). GitLab drops all entries
 * behind the first that isn't valid, keeps one entry of each fingerprint, and compares these to tell what a merge request adds.
 */
export function writeGitlab(report: Report, { severity, prefix }: ReporterOptions): string {
  const uses = new Map<string, number>();
  const entries = shown(report.diagnostics, severity).map((diagnostic) => {
    const { rule, location, message, fingerprint } = diagnostic;
    const environments = environmentsOf(diagnostic);
    const use = (uses.get(fingerprint) ?? 0) + 1;
    uses.set(fingerprint, use);
    const where = environments.length === 0 ? '' : ` (in ${listed(environments)})`;
    return {
      description: oneLine(`${message.toWellFormed()}${where.toWellFormed()}`),
      check_name: rule,
      fingerprint: nthFingerprint(diagnostic, use),
      severity: SEVERITIES[diagnostic.severity],
      location: { path: fromRoot(location.file, prefix), lines: { begin: location.line ?? 1 } },
    };
  });
  return `${printableJson(entries)}\n`;
}

/** Two findings may share a fingerprint: a name that is wrong in two ways. */
function nthFingerprint({ fingerprint }: Diagnostic, use: number): string {
  return use === 1 ? fingerprint : createHash('sha256').update(`${fingerprint} ${use}`).digest('hex').slice(0, 32);
}
