import { Chalk, type ChalkInstance } from 'chalk';
import type { Diagnostic } from '../diagnostic.ts';
import { severityColor } from '../report/color.ts';
import { excerpt } from '../report/excerpt.ts';
import { oneLine } from '../report/harmless.ts';
import { showLocation, showTarget } from '../report/shown.ts';
import type { Path, TargetRef } from '../resource.ts';
import type { Rule } from '../rule.ts';
import type { LineStory } from './line.ts';
import type { Reached } from './reaching.ts';
import type { TerminalOptions } from './terminal.ts';
import { wrap } from './wrap.ts';

/** More values, or targets of one, than these are counted. */
const LISTED = 20;
const LISTED_TARGETS = 4;
/** Of an incident or a fix, what is enough to decide whether to read on. */
const SHORT = 320;

/** The story of a line for a person: the line, what is reported there and why, what becomes of it. Lines without their line breaks. */
export function lineText(story: LineStory, rules: readonly Rule[], { width, color }: TerminalOptions): string[] {
  const chalk = new Chalk({ level: color });
  const parts = [source(story, chalk), reported(story, rules, width, chalk), becomes(story, width, chalk)];
  return parts.filter((lines) => lines.length > 0).flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

function source({ place, sources, reached, holdsCredential }: LineStory, chalk: ChalkInstance): string[] {
  const isOfSecret = reached.some(({ resource }) => resource.startsWith('Secret/'));
  const lines = holdsCredential ? [] : excerpt(place, sources, 1, isOfSecret);
  const digits = String(lines.at(-1)?.number ?? '').length;
  return [
    chalk.underline(oneLine(showLocation(place))),
    ...lines.map(({ number, text, marked }) => {
      const gutter = `${marked ? '>' : ' '} ${String(number).padStart(digits)} │ `;
      return `  ${marked ? chalk.bold(gutter) : chalk.dim(gutter)}${marked ? oneLine(text) : chalk.dim(oneLine(text))}`;
    }),
  ];
}

function reported(story: LineStory, rules: readonly Rule[], width: number, chalk: ChalkInstance): string[] {
  const { related, suppressed } = story;
  const told = new Set<string>();
  const why = (id: string) => {
    const rule = rules.find((candidate) => candidate.id === id);
    if (!rule || told.has(id)) return [];
    told.add(id);
    const part = (title: string, text: string) =>
      wrap(`${title}: ${short(text)}`, { width, first: '      ', rest: '      ' });
    return [
      ...part('Why', rule.docs.incident),
      ...part('Fix', rule.docs.fix),
      `      k8s-lint explain ${id} tells more`,
    ].map((line) => chalk.dim(line));
  };
  const lines = [
    ...story.reported.flatMap((diagnostic) => [...finding(diagnostic, width, chalk), ...why(diagnostic.rule)]),
    ...related.flatMap(({ diagnostic, message }) => [
      ...finding(
        diagnostic,
        width,
        chalk,
        `it is at ${showLocation(diagnostic.location)}; of this line it says: ${message}`,
      ),
      ...why(diagnostic.rule),
    ]),
    ...suppressed.flatMap(({ diagnostic, reason, location }) =>
      finding(diagnostic, width, chalk, `ignored by ${showLocation(location)}: ${reason}`),
    ),
  ];
  if (lines.length > 0) return [chalk.bold('What is reported here'), ...lines];
  if (story.readers.length === 0 && story.factsOf.length === 0 && !story.isConfig) return [];
  return [
    'Nothing is reported here.',
    ...story.failures.map((failure) => chalk.dim(oneLine(`  not all was judged: ${failure}`))),
  ];
}

function finding(
  { severity, message, rule, related, targets }: Diagnostic,
  width: number,
  chalk: ChalkInstance,
  note?: string,
): string[] {
  const layout = { width, first: '      ', rest: '      ' };
  return [
    ...wrap(oneLine(`${severity}  ${message}  ${rule}`), { width, first: '  ', rest: '    ' }).map((line, i) =>
      i === 0 ? line.replace(severity, severityColor(severity, chalk)(severity)) : line,
    ),
    ...(note === undefined ? [] : wrap(oneLine(note), layout)),
    ...(note === undefined ? related : []).flatMap((other) =>
      wrap(oneLine(`${showLocation(other.location)}: ${other.message}`), layout),
    ),
    ...wrap(`in ${shownTargets(targets)}`, layout).map((line) => chalk.dim(line)),
  ];
}

/** The first sentences of a text. */
function short(text: string): string {
  if (text.length <= SHORT) return text;
  const end = text.slice(0, SHORT).lastIndexOf('. ');
  return end > SHORT / 3 ? text.slice(0, end + 1) : `${text.slice(0, text.lastIndexOf(' ', SHORT))} …`;
}

function becomes(story: LineStory, width: number, chalk: ChalkInstance): string[] {
  const { readers, factsOf, isConfig, reached, notes } = story;
  const facts =
    factsOf.length === 0
      ? []
      : wrap(`It is a fact of ${factsOf.join(', ')}: what is in the cluster already, not rendered.`, {
          width,
          first: '',
          rest: '',
        });
  if (readers.length === 0) {
    if (facts.length > 0) return facts;
    const config = 'It is the configuration: nothing is rendered from it.';
    const unread =
      'No target reads this file, so that nothing becomes of it. List it in a kustomization, give it to a chart as values, or name it ' +
      'in k8s-lint.yaml.';
    return wrap(isConfig ? config : unread, { width, first: '', rest: '' });
  }
  const inTargets = (targets: readonly TargetRef[]) =>
    wrap(oneLine(`in ${shownTargets(targets)}`), { width, first: '      ', rest: '      ' }).map((line) =>
      chalk.dim(line),
    );
  const said = notes.flatMap(({ text, targets }) => [
    ...wrap(oneLine(text), { width, first: '  ', rest: '      ' }),
    ...inTargets(targets),
  ]);
  if (reached.length === 0) {
    const none =
      said.length > 0
        ? []
        : wrap('No value of what is rendered stands on this line.', { width, first: '  ', rest: '  ' });
    return [
      chalk.bold('What becomes of it'),
      ...none,
      ...said,
      ...wrap(oneLine(`read by ${shownTargets(readers)}`), { width, first: '  ', rest: '    ' }).map((line) =>
        chalk.dim(line),
      ),
      ...facts,
    ];
  }
  const more = reached.length - LISTED;
  return [
    chalk.bold('What becomes of it'),
    ...reached.slice(0, LISTED).flatMap((item) => valueLines(item, width, chalk)),
    ...(more > 0 ? [`  and ${more} more values`] : []),
    ...said,
    ...facts,
  ];
}

function valueLines(
  { resource, path, value, how, way, targets }: Reached,
  width: number,
  chalk: ChalkInstance,
): string[] {
  const what = [resource, shownPath(path), ...(value === undefined ? [] : ['=', value])]
    .filter((part) => part !== '')
    .join(' ');
  const layout = { width, first: '      ', rest: '      ' };
  return [
    ...wrap(oneLine(what), { width, first: '  ', rest: '      ' }),
    ...(how === undefined ? [] : wrap(oneLine(how), layout)),
    ...way
      .flatMap((other) => wrap(oneLine(`${showLocation(other.location)}: ${other.message}`), layout))
      .map((line) => chalk.dim(line)),
    ...wrap(oneLine(`in ${shownTargets(targets)}`), layout).map((line) => chalk.dim(line)),
  ];
}

function shownTargets(targets: readonly TargetRef[]): string {
  const names = [...new Set(targets.map(showTarget))];
  const more = names.length - LISTED_TARGETS;
  return `${names.slice(0, LISTED_TARGETS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** As people write it: `spec.containers[0].image`, `metadata.annotations["example.com/a"]`. */
function shownPath(path: Path): string {
  return path.reduce<string>((shown, key) => {
    if (typeof key === 'number') return `${shown}[${key}]`;
    if (!/^[\w-]+$/.test(key)) return `${shown}[${JSON.stringify(key)}]`;
    return shown === '' ? key : `${shown}.${key}`;
  }, '');
}
