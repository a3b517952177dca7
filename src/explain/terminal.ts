import { Chalk, type ChalkInstance, type ColorSupportLevel } from 'chalk';
import { telling } from '../explain.ts';
import { severityColor } from '../report/color.ts';
import type { Example, Rule } from '../rule.ts';
import { wrap } from './wrap.ts';

export interface TerminalOptions {
  /** Columns. */
  width: number;
  color: ColorSupportLevel;
}

/** Lines longer than this are hard to read, however wide the terminal. */
const WIDEST = 100;
const NARROWEST = 40;
const OTHERWISE = 80;

/** How wide to write: as the terminal is, within what can be read; 80 columns where the stream is none, as `man` does. */
export function widthOf(stream: { columns?: number }): number {
  return Math.min(WIDEST, Math.max(NARROWEST, stream.columns ?? OTHERWISE));
}

/** A rule for a person at a terminal: wrapped, with the bad lines of its example marked as in a report. */
export function explainTerminal(rule: Rule, { width, color }: TerminalOptions): string {
  const chalk = new Chalk({ level: color });
  const { docs, examples } = rule;
  const paintCode = (code: string) => chalk.cyan(code);
  const prose = (text: string) => wrap(text, { width, first: '  ', rest: '  ', paintCode });
  const items = (texts: readonly string[]) =>
    texts.flatMap((text) => wrap(text, { width, first: '  - ', rest: '    ', paintCode }));
  // What an operator sees is literal: a backtick in it marks nothing.
  const literal = (texts: readonly string[]) =>
    texts.flatMap((text) => wrap(text, { width, first: '  ', rest: '      ' }));
  const example = (title: string, list: readonly Example[]) => {
    const told = telling(list);
    return told === undefined ? [] : [[title, exampleLines(told, rule, width, chalk)] as const];
  };
  const sections: (readonly [title: string, lines: readonly string[]])[] = [
    ['What happened', prose(docs.incident)],
    ['How it looks', literal(docs.symptoms)],
    ['What to change', prose(docs.fix)],
    ...example('Bad', examples.bad),
    ...example('Good', examples.good),
    ...(docs.silent?.length ? [['Silent when', items(docs.silent)] as const] : []),
    ['Where the facts come from', items(docs.facts)],
    ...(docs.tables ?? []).map(({ title, lines }) => [title, literal(lines)] as const),
    ['More', literal(docs.references)],
  ];
  const head = [
    `${chalk.bold(rule.id)}  ${severityColor(rule.severity, chalk)(rule.severity)}`,
    ...wrap(docs.summary, { width, first: '', rest: '', paintCode }),
  ];
  return [
    head,
    ...sections.map(([title, lines]) => [
      ...wrap(title, { width, first: '', rest: '' }).map((line) => chalk.bold(line)),
      ...lines,
    ]),
  ]
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** What must be reported in a line, as examples write it; see CONTRIBUTING.md. */
const MARKER = /\s*(?:#|\{\{\/\*) <- (.*?)(?: \*\/\}\})?$/;

function exampleLines(example: Example, { severity }: Rule, width: number, chalk: ChalkInstance): string[] {
  const files = typeof example === 'string' ? [['', example] as const] : Object.entries(example.files);
  const paint = severityColor(severity, chalk);
  return files.flatMap(([file, text], i) => {
    const name = file === '' ? [] : [...(i > 0 ? [''] : []), `  ${chalk.underline(file)}`];
    const lines = text
      .trimEnd()
      .split('\n')
      .flatMap((line) => {
        const marker = MARKER.exec(line);
        if (!marker) return [`    ${chalk.dim('│')} ${paintYaml(line, chalk)}`.trimEnd()];
        const code = line.slice(0, marker.index);
        const indent = code.length - code.trimStart().length;
        const messages = (marker[1] ?? '').split(' && ').flatMap((message) => below(message, indent, width));
        return [
          `  ${paint('> │')} ${paintYaml(code, chalk)}`,
          ...messages.map((message) => `    ${chalk.dim('│')} ${paint(message)}`),
        ];
      });
    return [...name, ...lines];
  });
}

/** Columns before the text of an example. */
const GUTTER = 6;
/** Narrower than this, a message is no text any more: then it starts further left than the line that it is about. */
const MESSAGE = 44;

function below(message: string, indent: number, width: number): string[] {
  const room = width - GUTTER;
  const start = ' '.repeat(Math.max(0, Math.min(indent, room - MESSAGE)));
  return wrap(message, { width: room, first: `${start}^ `, rest: `${start}  ` });
}

/** Keys and comments of a line of YAML. */
function paintYaml(line: string, chalk: ChalkInstance): string {
  const [, indent = '', key = '', rest = ''] = /^(\s*(?:- +)*)([\w./-]+(?=:(?:\s|$)))?(.*)$/.exec(line) ?? [];
  const comment = /(?:^|\s)#.*$/.exec(rest);
  const value = comment ? rest.slice(0, comment.index) : rest;
  if (/^---\s*$/.test(line)) return chalk.dim(line);
  return `${indent}${key && chalk.cyan(key)}${value}${comment ? chalk.dim(comment[0]) : ''}`;
}
