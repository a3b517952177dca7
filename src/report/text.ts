import { Chalk, type ChalkInstance } from 'chalk';
import type { Diagnostic } from '../diagnostic.ts';
import { severityColor } from './color.ts';
import { excerpt } from './excerpt.ts';
import { lines as linesOf, noCommand, oneLine } from './harmless.ts';
import type { ReporterOptions } from './index.ts';
import type { Report } from './report.ts';
import { counted, exceptions, showLocation, shown, showTarget } from './shown.ts';

/** More targets than this are counted, not listed. */
const LISTED_TARGETS = 4;
/** And more that is fixed than this. */
const LISTED_FIXED = 10;
/** A list of facts longer than this is cut, with the number of the rest: the json report has all. */
const LISTED_UNCHECKED = 10;

/** The report for people: grouped by file, with the lines to edit, then one summary line and what was not checked. */
export function writeText(report: Report, options: ReporterOptions): string {
  const chalk = new Chalk({ level: options.color });
  if (report.note !== undefined) return `${noCommand(oneLine(report.note))}\n`;
  const diagnostics = shown(report.diagnostics, options.severity);
  const lines: string[] = [];
  let file: string | undefined;
  for (const diagnostic of diagnostics) {
    if (diagnostic.location.file !== file) {
      file = diagnostic.location.file;
      lines.push(chalk.underline(oneLine(file)));
    }
    lines.push(...writeDiagnostic(diagnostic, options, chalk, report.summary.targets > 1), '');
  }
  lines.push(summaryLine(report, diagnostics, chalk), ...sinceLines(report, options, chalk));
  lines.push(...uncheckedLines(report, chalk));
  return `${lines.map(noCommand).join('\n')}\n`;
}

function writeDiagnostic(
  diagnostic: Diagnostic,
  options: ReporterOptions,
  chalk: ChalkInstance,
  several: boolean,
): string[] {
  const { location, severity, message, rule, related, resource, targets } = diagnostic;
  const paint = severityColor(severity, chalk);
  const place = [location.line, location.column].filter((part) => part !== undefined).join(':');
  const [first = '', ...rest] = linesOf(message);
  const lines = [
    `  ${place ? `${place}  ` : ''}${paint(severity)}  ${first}  ${chalk.dim(rule)}`,
    ...rest.map((line) => `      ${line}`),
  ];
  // The line that holds a credential is the one thing that this log must not show.
  const source =
    rule === 'plaintext-credential' ? [] : excerpt(location, options.sources, 1, resource?.kind === 'Secret');
  const width = String(source.at(-1)?.number ?? '').length;
  for (const { number, text, marked } of source) {
    const gutter = `${marked ? '>' : ' '} ${String(number).padStart(width)} │ `;
    lines.push(`    ${marked ? paint(gutter) : chalk.dim(gutter)}${marked ? oneLine(text) : chalk.dim(oneLine(text))}`);
    if (marked && location.column !== undefined && location.column <= text.length) {
      // Tabs keep their width, so that the mark stands below its column.
      const indent = oneLine(text.slice(0, location.column - 1)).replace(/[^\t]/g, ' ');
      lines.push(`    ${chalk.dim(`${' '.repeat(width + 3)}│ `)}${indent}${paint('^')}`);
    }
  }
  for (const other of related)
    lines.push(`      ${chalk.dim(oneLine(`${showLocation(other.location)}: ${other.message}`))}`);
  const listed = oneLine(targets.slice(0, LISTED_TARGETS).map(showTarget).join(', '));
  const more = targets.length > LISTED_TARGETS ? ` and ${targets.length - LISTED_TARGETS} more` : '';
  if (several && targets.length > 0) lines.push(`      ${chalk.dim(`in ${listed}${more}`)}`);
  return lines;
}

function summaryLine(report: Report, listed: readonly Diagnostic[], chalk: ChalkInstance): string {
  const { summary, rules, since, shard } = report;
  const { errors, warnings, infos, targets, resources } = summary;
  const found = [
    errors > 0 ? chalk.red(counted(errors, 'error')) : '0 errors',
    warnings > 0 ? chalk.yellow(counted(warnings, 'warning')) : '0 warnings',
    ...(infos > 0 ? [`${infos} info`] : []),
  ].join(', ');
  const hidden = errors + warnings + infos - listed.length;
  const share = shard?.share ? `shard ${shard.share.index}/${shard.share.count}: ` : '';
  const judged = `${share}${counted(targets, 'target')}, ${counted(resources, 'resource')}, ${counted(rules.length, 'rule')}`;
  const fresh = since ? `${oneLine(` new since ${since.ref}`)}` : '';
  const apart = exceptions(report, oneLine).map((part) => `, ${part}`);
  return `${judged}: ${found}${fresh}${apart.join('')}${hidden > 0 ? chalk.dim(` (${hidden} below --severity)`) : ''}`;
}

/** What a comparison says beside what is new: how much was there before, and what is fixed. */
function sinceLines({ since }: Report, { severity }: ReporterOptions, chalk: ChalkInstance): string[] {
  if (!since) return [];
  const { errors, warnings, infos } = since.before;
  const were = errors + warnings + infos;
  const fixed = shown(since.fixed, severity);
  const listed = fixed.slice(0, LISTED_FIXED).map(({ location, severity: level, message, rule }) => {
    const [first = ''] = linesOf(message);
    return chalk.dim(`  ${oneLine(location.file)}  ${level}  ${first}  ${rule}`);
  });
  const rest = fixed.length - listed.length;
  return [
    `${were} ${were === 1 ? 'was' : 'were'} there before, ${since.fixed.length} fixed${listed.length > 0 ? ':' : ''}`,
    ...listed,
    ...(rest > 0 ? [chalk.dim(`  and ${rest} more: --format json lists them`)] : []),
  ];
}

function uncheckedLines({ unchecked }: Report, chalk: ChalkInstance): string[] {
  if (unchecked.length === 0) return [];
  const targets = new Map<string, string[]>();
  for (const { what, reason, target } of unchecked) {
    const key = `${what}: ${reason}`;
    targets.set(key, [...(targets.get(key) ?? []), target]);
  }
  const all = [...targets].map(([text, places]) => {
    const where = places.length === 1 ? places[0] : `${places[0]} and ${places.length - 1} more`;
    return chalk.dim(oneLine(`  ${text} (${where})`));
  });
  const rest = all.length - LISTED_UNCHECKED;
  return [
    chalk.dim('not checked:'),
    ...all.slice(0, LISTED_UNCHECKED),
    ...(rest > 0 ? [chalk.dim(`  and ${rest} more: --format json lists them`)] : []),
    ...(unchecked.some(({ reason }) => SNAPSHOT_HELPS.test(reason)) ? [chalk.dim(SNAPSHOT)] : []),
  ];
}

/**
 * Reasons that miss a kind of objects, as rules word them: `existing holds no Secret`, `list the Nodes under existing`. Few clusters
 * hold their DNS records.
 */
const SNAPSHOT_HELPS =
  /^existing holds no |\blist (?!DNSEndpoints under)(?:the )?[A-Z]\w+(?: and [A-Z]\w+)? under existing$/;
const SNAPSHOT =
  '  k8s-lint snapshot -o FILE writes down what the cluster holds: name FILE under existing in k8s-lint.yaml';
