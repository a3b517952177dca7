import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Chalk, type ChalkInstance } from 'chalk';
import { EXIT } from '../cli.ts';
import { ConfigError, findConfig } from '../config/config.ts';
import { findingsHere, type Here } from '../explain/here.ts';
import { explainTerminal } from '../explain/terminal.ts';
import { wrap } from '../explain/wrap.ts';
import { judge } from '../lint.ts';
import { nearestOf } from '../nearest.ts';
import { reportOf } from '../part.ts';
import { severityColor } from '../report/color.ts';
import { noCommand, oneLine } from '../report/harmless.ts';
import type { Report } from '../report/report.ts';
import { counted, showLocation, showTarget } from '../report/shown.ts';
import { repositoryRoot } from '../repository.ts';
import type { Rule } from '../rule.ts';
import { likeliest, type SymptomMatch, searchSymptoms } from '../symptom-search.ts';
import { UsageError } from '../usage-error.ts';
import { type ExplainFlags, terminalOf } from './explain.ts';
import { interruptible } from './interruptible.ts';
import { lintOptions } from './lint.ts';

/** How many rules are named beside the likeliest. */
const OTHERS = 3;
/** Below these, or with another rule that is as likely, a match is a guess. */
const SURE = 0.9;
const TELLING = 4.5;
const AS_LIKELY = 0.95;
/** More findings than these are counted, not listed: `k8s-lint --rule` has them all. */
const LISTED = 10;
const LISTED_UNCHECKED = 3;

/**
 * Prints the rule that a text is a symptom of, then what that rule finds in this repository. Exit 1 where no rule knows the text.
 * Throws UsageError for flags that make no sense.
 */
export async function explainSymptom(text: string, rules: readonly Rule[], flags: ExplainFlags): Promise<number> {
  const terminal = await terminalOf(flags);
  const chalk = new Chalk({ level: terminal.color });
  const [best, ...others] = likeliest(searchSymptoms(text, rules), OTHERS + 1);
  if (!best) {
    print([nothingLike(text, rules)]);
    return EXIT.findings;
  }
  print([...matchLines(best, others, terminal.width, chalk), '', explainTerminal(best.rule, terminal)]);
  if (!isRepository(process.cwd())) return EXIT.clean;
  const likely = [best, ...others].map(({ rule }) => rule);
  const found = await findHere(likely, flags);
  if (found === undefined) return EXIT.interrupted;
  print(['', ...hereLines(likely, found, text, terminal.width, chalk)]);
  return EXIT.clean;
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.map(noCommand).join('\n')}\n`);
}

/** The line of the text that a rule knows, and which rules those are. */
function matchLines(
  best: SymptomMatch,
  others: readonly SymptomMatch[],
  width: number,
  chalk: ChalkInstance,
): string[] {
  const isSure =
    best.likeness >= SURE && best.score >= TELLING && others.every(({ score }) => score < best.score * AS_LIKELY);
  const looks = isSure ? 'This is how' : 'This may be how';
  return [
    ...wrap(oneLine(best.line), { width, first: '> ', rest: '  ' }).map((line) => chalk.dim(line)),
    ...wrap(`${looks} ${best.rule.id} looks: ${best.symptom}`, { width, first: '', rest: '  ' }),
    ...(others.length > 0 ? ['It could also be'] : []),
    ...others.flatMap(({ rule, symptom }) => wrap(`${rule.id}: ${symptom}`, { width, first: '  ', rest: '      ' })),
  ];
}

/** What to say of a text that no rule knows; one word may be meant as a rule. */
function nothingLike(text: string, rules: readonly Rule[]): string {
  const word = text.trim();
  const ids = rules.map(({ id }) => id);
  const near = /^\S+$/.test(word) ? nearestOf(word, ids) : undefined;
  const advice =
    near === undefined
      ? 'paste the message itself, as kubectl describe or the log has it; k8s-lint rules lists what is known'
      : `did you mean the rule "${near}"?`;
  return `no rule's symptom looks like this: ${advice}`;
}

/** Whether what stands here belongs together: a home directory is not searched for manifests. */
function isRepository(cwd: string): boolean {
  return findConfig(cwd) !== undefined || existsSync(join(repositoryRoot(cwd), '.git'));
}

/**
 * What rules find in this repository, or why that can't be said: the likeliest is explained all the same. Undefined where Ctrl-C
 * ended it.
 */
async function findHere(likely: readonly Rule[], flags: ExplainFlags): Promise<Report | string | undefined> {
  const { format: _, ...rendering } = flags;
  const ids = likely.map(({ id }) => id);
  const options = await lintOptions([], { ...rendering, rule: ids });
  try {
    const part = await interruptible((run) => judge({ ...options, ...run }));
    // What only other rules miss says nothing of these.
    const unchecked = part?.unchecked.filter(({ rule }) => rule === undefined || ids.includes(rule));
    return part && reportOf([{ ...part, unchecked: unchecked ?? [] }]);
  } catch (error) {
    if (error instanceof UsageError || error instanceof ConfigError) return error.message;
    throw error;
  }
}

function hereLines(
  likely: readonly Rule[],
  found: Report | string,
  text: string,
  width: number,
  chalk: ChalkInstance,
): string[] {
  if (typeof found === 'string') return [chalk.dim(oneLine(`not looked for here: ${found}`))];
  const ids = likely.map(({ id }) => id);
  const findings = findingsHere(found, ids, text);
  const more = findings.length - LISTED;
  const { failures, unchecked, summary } = found;
  const [failure] = failures;
  const judged = `${counted(summary.targets, 'target')}, ${counted(summary.resources, 'resource')}`;
  const command = `k8s-lint ${ids.map((id) => `--rule ${id}`).join(' ')}`;
  const notChecked = unchecked.map(({ what, reason, target }) =>
    oneLine(`not checked: ${what}: ${reason} (${target})`),
  );
  const moreNotChecked = unchecked.length - LISTED_UNCHECKED;
  return [
    chalk.bold('In this repository'),
    ...findings.slice(0, LISTED).flatMap((finding) => findingLines(finding, likely[0], width, chalk)),
    ...(more > 0 ? [`  and ${more} more: ${command}`] : []),
    ...(findings.length === 0 && failure === undefined ? [`  nothing of ${ids.join(', ')} (${judged})`] : []),
    ...[
      ...(failure === undefined ? [] : [`not looked for everywhere: ${oneLine(failure)}`]),
      ...notChecked.slice(0, LISTED_UNCHECKED),
      ...(moreNotChecked > 0 ? [`and ${moreNotChecked} more that was not checked: ${command}`] : []),
    ].flatMap((line) => wrap(line, { width, first: '  ', rest: '    ' }).map((wrapped) => chalk.dim(wrapped))),
  ];
}

function findingLines(
  { diagnostic, named, ignored }: Here,
  best: Rule | undefined,
  width: number,
  chalk: ChalkInstance,
): string[] {
  const { location, severity, message, targets, rule } = diagnostic;
  const [target] = targets;
  const more = targets.length > 1 ? ` and ${targets.length - 1} more` : '';
  const head = [
    chalk.underline(oneLine(showLocation(location))),
    severityColor(severity, chalk)(severity),
    ...(target ? [chalk.dim(oneLine(`in ${showTarget(target)}${more}`))] : []),
    ...(rule === best?.id ? [] : [chalk.dim(rule)]),
  ];
  const below = (line: string) => wrap(oneLine(line), { width, first: '    ', rest: '    ' });
  return [
    `  ${head.join('  ')}`,
    ...below(message),
    ...(named.length > 0 ? below(`the text names ${named.join(', ')}`).map((line) => chalk.green(line)) : []),
    ...(ignored === undefined ? [] : below(`ignored: ${ignored}`).map((line) => chalk.dim(line))),
  ];
}
