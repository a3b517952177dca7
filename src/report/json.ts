import { printableJson } from './harmless.ts';
import type { ReporterOptions } from './index.ts';
import type { Report } from './report.ts';
import { shown } from './shown.ts';

/** The report for programs: `version` changes when a field is renamed or removed. */
export function writeJson(report: Report, { severity }: ReporterOptions): string {
  const { shard, diagnostics, unchecked, summary, known, since } = report;
  const compared = since && { ...since, fixed: shown(since.fixed, severity) };
  return `${printableJson({
    version: 1,
    diagnostics: shown(diagnostics, severity),
    unchecked,
    summary,
    ...(known ? { known } : {}),
    ...(compared ? { since: compared } : {}),
    ...(shard ? { shard } : {}),
  })}\n`;
}
