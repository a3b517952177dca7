import { compareText } from '../diagnose.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Severity } from '../rule.ts';
import { lines } from './harmless.ts';
import type { ReporterOptions } from './index.ts';
import { code, htmlCode, prose } from './markdown-text.ts';
import type { Report, Since, Summary, UncheckedItem } from './report.ts';
import { counted, environmentsOf, exceptions, fromRoot, listed, shown } from './shown.ts';

/**
 * Bytes for each part of the page. Together with headings they stay below 60,000: a comment on GitHub holds 65,536 characters, a
 * job's summary 1 MiB.
 */
const ROOM = { failures: 4_000, notes: 2_000, findings: 35_000, fixed: 6_000, unchecked: 6_000 };
/** What stands around the findings of a group beside its names, in bytes. */
const FRAME = 200;
/** More of them than this are folded. */
const OPEN = { findings: 10, fixed: 5 };
/** More reasons than this are counted. */
const LISTED_UNCHECKED = 30;
/** From more environments than this on, all of them are called so. */
const ALL = 4;
/** Longer names and messages are cut, in characters. */
const LONGEST = { name: 200, message: 500 };

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** The findings that a set of environments has in common. */
interface Group {
  environments: readonly string[];
  diagnostics: readonly Diagnostic[];
}

/**
 * The summary for a pull request or a job, as GitHub Flavored Markdown: what is new or found, what is fixed, each with its line and
 * the sentence that tells the consequence. Short, folded where it is long, and what has no room is counted.
 */
export function writeMarkdown(report: Report, { severity, prefix }: ReporterOptions): string {
  if (report.note !== undefined) return `**k8s-lint**: ${prose(cut(report.note, LONGEST.message))}\n`;
  const diagnostics = shown(report.diagnostics, severity);
  const blocks = [
    ...head(report, diagnostics.length, prefix),
    ...list(
      (report.since?.notes ?? []).map((note) => `Note: ${sentence(note)}`),
      ROOM.notes,
    ).items,
    ...findings(groupsOf(diagnostics, report), report, prefix),
    ...fixed(shown(report.since?.fixed ?? [], severity), report, prefix),
    ...notChecked(report.unchecked),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function head(report: Report, shownCount: number, prefix: string): string[] {
  const { summary, since, failures } = report;
  const hidden = total(summary) - shownCount;
  const found = `${showCounts(summary, since ? 'new ' : '')}${hidden > 0 ? ` (${hidden} below --severity)` : ''}`;
  const nothing = since ? 'nothing new' : 'nothing found';
  const compared = since ? ` ${comparison(since)}` : '';
  if (failures.length > 0) {
    const { items, left } = list(failures.map(failureItem), ROOM.failures);
    const rest = `Beside that, ${found === '' ? nothing : found} in ${judged(report, prefix)}.${compared}`;
    return ['### k8s-lint could not judge everything', items.join('\n'), ...leftOut(left), rest];
  }
  if (found === '') return [`**k8s-lint**: ${nothing} in ${judged(report, prefix)}.${compared}`];
  return [`### k8s-lint: ${found}`, `${judged(report, prefix)}.${compared}`];
}

function failureItem(failure: string): string {
  return `- ${prose(cut(lines(failure)[0] ?? '', LONGEST.message))}`;
}

function judged(report: Report, prefix: string): string {
  const {
    summary: { targets, resources },
    rules,
    shard,
  } = report;
  const what = [counted(targets, 'target'), counted(resources, 'resource'), counted(rules.length, 'rule')].join(', ');
  const share = shard?.share ? `shard ${shard.share.index}/${shard.share.count}: ` : '';
  const apart = exceptions(report, (file) => code(cut(fromRoot(file, prefix), LONGEST.name)));
  return `${share}${what}${apart.length > 0 ? `; ${apart.join(', ')}` : ''}`;
}

function comparison({ ref, commit, before, fixed }: Since): string {
  const there = showCounts(before, '');
  const gone = fixed.length > 0 ? `${fixed.length} fixed` : 'nothing fixed';
  const still = there === '' ? 'nothing was there before' : `${there} there before`;
  return `Compared with ${code(cut(ref, LONGEST.name))} (${code(commit.slice(0, 7))}): ${gone}, ${still}.`;
}

/** Findings by the environments that they are in: first those with errors, then what is in more of them. */
function groupsOf(diagnostics: readonly Diagnostic[], report: Report): Group[] {
  const groups = new Map<string, { environments: string[]; diagnostics: Diagnostic[] }>();
  for (const severity of SEVERITIES) {
    for (const diagnostic of diagnostics) {
      if (diagnostic.severity !== severity) continue;
      const environments = environmentsOf(diagnostic);
      const key = JSON.stringify(environments);
      const group = groups.get(key) ?? { environments, diagnostics: [] };
      groups.set(key, group);
      group.diagnostics.push(diagnostic);
    }
  }
  const place = ({ environments: [first] }: Group) => (first === undefined ? -1 : report.environments.indexOf(first));
  const withErrors = ({ diagnostics: [first] }: Group) => (first?.severity === 'error' ? 0 : 1);
  return [...groups.values()].sort(
    (a, b) =>
      withErrors(a) - withErrors(b) ||
      b.environments.length - a.environments.length ||
      place(a) - place(b) ||
      compareText(JSON.stringify(a.environments), JSON.stringify(b.environments)),
  );
}

function findings(groups: readonly Group[], { environments }: Report, prefix: string): string[] {
  const blocks: string[] = [];
  let open = OPEN.findings;
  let room = ROOM.findings;
  let left = 0;
  for (const group of groups) {
    const named = environments.length > 1 || group.environments.length === 0;
    const heading = named ? `**${showEnvironments(group.environments, environments.length, code)}**` : '';
    const where = named ? ` in ${showEnvironments(group.environments, environments.length, htmlCode)}` : '';
    const items = group.diagnostics.map((diagnostic) => findingItem(diagnostic, prefix));
    room -= Buffer.byteLength(heading) + Buffer.byteLength(where) + FRAME;
    const { items: kept, bytes, left: more } = list(items, room);
    room -= bytes;
    left += more;
    const rest = kept.slice(open);
    if (open > 0 && kept.length > 0) blocks.push(...(named ? [heading] : []), kept.slice(0, open).join('\n'));
    if (rest.length > 0) {
      const counts = showCounts(countsOf(group.diagnostics.slice(open, kept.length)), open > 0 ? 'more ' : '');
      blocks.push(...fold(`${counts}${where}`, rest));
    }
    open = Math.max(0, open - kept.length);
  }
  return [...blocks, ...leftOut(left)];
}

function showEnvironments(names: readonly string[], all: number, show: (name: string) => string): string {
  if (names.length === 0) return 'no environment';
  if (names.length === all && all > ALL) return `all ${all} environments`;
  return listed(names.map((name) => show(cut(name, LONGEST.name))));
}

function findingItem({ severity, rule, message, location }: Diagnostic, prefix: string): string {
  const file = cut(fromRoot(location.file, prefix), LONGEST.name);
  const place = code(location.line === undefined ? file : `${file}:${location.line}`);
  return `- **${severity}** ${place} ${sentence(message)} (${code(rule)})`;
}

function sentence(message: string): string {
  return prose(cut(lines(message)[0] ?? '', LONGEST.message));
}

/** What is fixed. Its lines are those of the other commit: they would lead astray here. */
function fixed(diagnostics: readonly Diagnostic[], { environments }: Report, prefix: string): string[] {
  if (diagnostics.length === 0) return [];
  const all = diagnostics.map((diagnostic) => {
    const { rule, message, location } = diagnostic;
    const named = environments.length > 1 && diagnostic.targets.length > 0;
    const where = named ? ` in ${showEnvironments(environmentsOf(diagnostic), environments.length, code)}` : '';
    return `- ${code(cut(fromRoot(location.file, prefix), LONGEST.name))} ${sentence(message)} (${code(rule)}${where})`;
  });
  const { items, left } = list(all, ROOM.fixed);
  const blocks = all.length > OPEN.fixed ? fold(`${all.length} fixed`, items) : ['**fixed**', items.join('\n')];
  return [...blocks, ...leftOut(left)];
}

/** What was not checked, each reason once. */
function notChecked(unchecked: readonly UncheckedItem[]): string[] {
  const reasons = new Map<string, { item: UncheckedItem; targets: number }>();
  for (const item of unchecked) {
    const key = JSON.stringify([item.what, item.reason]);
    const same = reasons.get(key);
    reasons.set(key, { item: same?.item ?? item, targets: (same?.targets ?? 0) + 1 });
  }
  if (reasons.size === 0) return [];
  const { items, left } = list(
    [...reasons.values()].slice(0, LISTED_UNCHECKED).map(({ item: { what, reason, target }, targets }) => {
      const more = targets > 1 ? ` and ${targets - 1} more` : '';
      return `- ${sentence(`${what}: ${reason}`)} (${code(cut(target, LONGEST.name))}${more})`;
    }),
    ROOM.unchecked,
  );
  const rest = left + Math.max(0, reasons.size - LISTED_UNCHECKED);
  return fold('not checked', [...items, ...(rest > 0 ? [`- and ${rest} more`] : [])]);
}

/** As many of the items as there is room for, in bytes; all behind the first that has none are left. */
function list(items: readonly string[], room: number): { items: string[]; bytes: number; left: number } {
  const kept: string[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(item) + 1;
    if (bytes + size > room) break;
    kept.push(item);
    bytes += size;
  }
  return { items: kept, bytes, left: items.length - kept.length };
}

function leftOut(left: number): string[] {
  return left > 0 ? [`There is no room for ${left} more here: the other formats have all.`] : [];
}

/** Markdown is read again behind the empty lines. */
function fold(summary: string, items: readonly string[]): string[] {
  return [`<details><summary>${summary}</summary>`, items.join('\n'), '</details>'];
}

function countsOf(diagnostics: readonly Diagnostic[]): Pick<Summary, 'errors' | 'warnings' | 'infos'> {
  const count = (severity: Severity) => diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  return { errors: count('error'), warnings: count('warning'), infos: count('info') };
}

/** `2 new errors, 1 new warning`; nothing where there are none. */
function showCounts({ errors, warnings, infos }: Pick<Summary, 'errors' | 'warnings' | 'infos'>, kind: string): string {
  return [
    ...(errors > 0 ? [counted(errors, `${kind}error`)] : []),
    ...(warnings > 0 ? [counted(warnings, `${kind}warning`)] : []),
    ...(infos > 0 ? [`${infos} ${kind}info`] : []),
  ].join(', ');
}

function total({ errors, warnings, infos }: Summary): number {
  return errors + warnings + infos;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
