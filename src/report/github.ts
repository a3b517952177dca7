import type { Diagnostic } from '../diagnostic.ts';
import { lines, oneLine } from './harmless.ts';
import type { ReporterOptions } from './index.ts';
import type { Report } from './report.ts';
import { fromRoot, showLocation, shown, showTarget } from './shown.ts';

const COMMANDS = { error: 'error', warning: 'warning', info: 'notice' } as const;

/**
 * Workflow commands, which GitHub shows as annotations on the diff
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */
export function writeGithub(report: Report, { severity, prefix }: ReporterOptions): string {
  return shown(report.diagnostics, severity)
    .map(
      (diagnostic) =>
        `::${COMMANDS[diagnostic.severity]} ${properties(diagnostic, prefix)}::${escapeData(text(diagnostic, prefix))}\n`,
    )
    .join('');
}

function properties({ rule, location: { file, line, column } }: Diagnostic, prefix: string): string {
  const values = { file: oneLine(fromRoot(file, prefix)), line, col: column, title: `k8s-lint ${rule}` };
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`)
    .join(',');
}

function text({ message, related, targets }: Diagnostic, prefix: string): string {
  const places = related.map(
    (place) => `${showLocation({ ...place.location, file: fromRoot(place.location.file, prefix) })}: ${place.message}`,
  );
  return [message, ...places, `in ${targets.map(showTarget).join(', ')}`].flatMap(lines).join('\n');
}

function escapeData(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(value: string): string {
  return escapeData(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
