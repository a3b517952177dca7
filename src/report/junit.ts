import type { Diagnostic } from '../diagnostic.ts';
import type { TargetRef } from '../resource.ts';
import { lines, noCommand, oneLine } from './harmless.ts';
import type { ReporterOptions } from './index.ts';
import type { Report, UncheckedItem } from './report.ts';
import { atLeast, fromRoot, listed, showLocation, showTarget } from './shown.ts';

/** More of what was not checked than anybody reads in the output of a test: the json report has all. */
const LISTED_UNCHECKED = 50;

interface TestCase {
  name: string;
  outcome: 'passed' | 'failure' | 'error' | 'skipped';
  /** What a list of tests shows beside the name. */
  message?: string;
  /** What is read when the test is opened; the output of one that passed. */
  text: readonly string[];
}

interface Suite {
  name: string;
  cases: TestCase[];
  output: readonly string[];
}

/**
 * JUnit's XML as Jenkins, GitLab, Azure and CircleCI read it (junit-10.xsd of https://github.com/jenkinsci/xunit-plugin): a suite for
 * each environment and in it a test for each rule, so that tests keep their names while findings come and go, and a clean run is a
 * list of tests that passed. A test fails by what is at or above `--fail-on`, as the run does; what is below is its output. The first
 * suite tells whether the run was whole, so that no report is without a test.
 */
export function writeJunit(report: Report, options: ReporterOptions): string {
  const suites = [runSuite(report, options), ...environmentSuites(report, options)];
  const cases = suites.flatMap((suite) => suite.cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="k8s-lint" tests="${cases.length}" failures="${count(cases, 'failure')}" errors="${count(cases, 'error')}" time="0">`,
    ...suites.flatMap(writeSuite),
    '</testsuites>',
    '',
  ].join('\n');
}

/** Whether the run was whole, and what belongs to no environment: an ignore that matches nothing. */
function runSuite(report: Report, options: ReporterOptions): Suite {
  const homeless = report.diagnostics.filter(({ targets }) => targets.length === 0);
  const whole: TestCase =
    report.failures.length > 0
      ? { name: 'run', outcome: 'error', message: report.failures[0] ?? '', text: report.failures }
      : report.note !== undefined
        ? { name: 'run', outcome: 'skipped', message: report.note, text: [] }
        : { name: 'run', outcome: 'passed', text: [] };
  return {
    name: 'k8s-lint',
    cases: [whole, ...ruleCases([], homeless, options)],
    output: [...(report.since?.notes ?? []), ...uncheckedLines(report.unchecked)],
  };
}

function environmentSuites(report: Report, options: ReporterOptions): Suite[] {
  const byEnvironment = new Map<string, Diagnostic[]>(report.environments.map((name) => [name, []]));
  for (const diagnostic of report.diagnostics) {
    for (const [name, targets] of targetsByEnvironment(diagnostic)) {
      byEnvironment.get(name)?.push({ ...diagnostic, targets });
    }
  }
  return [...byEnvironment].map(([name, diagnostics]) => ({
    name,
    cases: ruleCases(report.rules, diagnostics, options),
    output: [],
  }));
}

function targetsByEnvironment({ targets }: Diagnostic): Map<string, TargetRef[]> {
  const byEnvironment = new Map<string, TargetRef[]>();
  for (const target of targets) {
    byEnvironment.set(target.environment, [...(byEnvironment.get(target.environment) ?? []), target]);
  }
  return byEnvironment;
}

/** A test for each rule that ran, and for each other that found something. */
function ruleCases(
  rules: readonly string[],
  diagnostics: readonly Diagnostic[],
  { severity, failOn = 'error', prefix }: ReporterOptions,
): TestCase[] {
  const fails = (diagnostic: Diagnostic) => failOn !== 'never' && atLeast(diagnostic.severity, failOn);
  const byRule = new Map<string, Diagnostic[]>(rules.map((rule) => [rule, []]));
  for (const diagnostic of diagnostics) {
    // What makes the run fail is told, even where --severity hides it.
    if (!fails(diagnostic) && !atLeast(diagnostic.severity, severity)) continue;
    const found = byRule.get(diagnostic.rule) ?? [];
    byRule.set(diagnostic.rule, found);
    found.push(diagnostic);
  }
  return [...byRule].map(([name, found]) => {
    const failing = found.filter(fails);
    const text = [...failing, ...found.filter((diagnostic) => !fails(diagnostic))].flatMap((diagnostic) =>
      diagnosticLines(diagnostic, prefix),
    );
    const [first] = failing;
    if (!first) return { name, outcome: 'passed', text };
    const more = failing.length > 1 ? ` (and ${failing.length - 1} more)` : '';
    return { name, outcome: 'failure', message: `${lines(first.message)[0]}${more}`, text };
  });
}

function diagnosticLines({ severity, message, location, related, targets }: Diagnostic, prefix: string): string[] {
  const [first = '', ...rest] = lines(message);
  const place = (at: Diagnostic['location']) => showLocation({ ...at, file: fromRoot(at.file, prefix) });
  return [
    `${place(location)}: ${severity}: ${first}`,
    ...rest.map((line) => `  ${line}`),
    ...related.map((other) => `  ${place(other.location)}: ${other.message}`),
    ...(targets.length === 0 ? [] : [`  in ${listed(targets.map(showTarget))}`]),
  ];
}

function uncheckedLines(unchecked: readonly UncheckedItem[]): string[] {
  if (unchecked.length === 0) return [];
  const rest = unchecked.length - LISTED_UNCHECKED;
  return [
    'not checked:',
    ...unchecked.slice(0, LISTED_UNCHECKED).map(({ what, reason, target }) => `${what}: ${reason} (${target})`),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ];
}

function count(cases: readonly TestCase[], outcome: TestCase['outcome']): number {
  return cases.filter((testCase) => testCase.outcome === outcome).length;
}

function writeSuite({ name, cases, output }: Suite): string[] {
  const counts = (['failure', 'error', 'skipped'] as const).map((outcome) => count(cases, outcome));
  const [failures, errors, skipped] = counts;
  return [
    `  <testsuite name="${xml(name)}" tests="${cases.length}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="0">`,
    ...cases.flatMap((testCase) => writeCase(testCase, name)),
    ...element('system-out', '', output, '    '),
    '  </testsuite>',
  ];
}

/** The suite is named in each test too: GitLab shows nothing else of it, and takes tests with the same names for one. */
function writeCase({ name, outcome, message, text }: TestCase, suite: string): string[] {
  const classname = suite === 'k8s-lint' ? suite : `k8s-lint.${suite}`;
  const start = `    <testcase classname="${xml(classname)}" name="${xml(name)}" time="0"`;
  if (outcome === 'passed' && text.length === 0) return [`${start}/>`];
  const attributes = `${outcome === 'failure' ? ` type="${xml(name)}"` : ''} message="${xml(message ?? '')}"`;
  const inner =
    outcome === 'passed'
      ? element('system-out', '', text, '      ')
      : outcome === 'skipped'
        ? [`      <skipped${attributes}/>`]
        : element(outcome, attributes, text, '      ');
  return [`${start}>`, ...inner, '    </testcase>'];
}

function element(name: string, attributes: string, text: readonly string[], indent: string): string[] {
  if (text.length === 0) return [];
  return [`${indent}<${name}${attributes}>${text.map((line) => noCommand(xml(line))).join('\n')}</${name}>`];
}

/**
 * One line of text in XML 1.0, which has neither control characters nor halves of surrogate pairs. `[[ATTACHMENT|file]]` in the
 * output of a test makes Jenkins and GitLab look for that file.
 */
function xml(line: string): string {
  return oneLine(line.toWellFormed())
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/\[(?=\[ATTACHMENT\|)/gi, '[ ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\t', '&#9;');
}
