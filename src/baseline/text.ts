import { ConfigError } from '../config/config.ts';
import { commentsByLine } from '../yaml/comments.ts';
import { toYaml } from '../yaml/print.ts';
import { compareEntries, type Entry, type WrittenEntry } from './entry.ts';

const HEADER = `\
# Findings that were there when this file was written: k8s-lint --baseline leaves them out until they are fixed.
# \`k8s-lint baseline\` adds what is new (--reason says why), \`k8s-lint baseline --prune\` removes what is fixed. A comment right
# above an entry goes with it.
version: 1
`;

/** A new baseline. The same entries in any order give the same text. */
export function newBaseline(entries: readonly Entry[]): string {
  const items = entries.toSorted(compareEntries).flatMap((entry) => linesOf(entry, '  '));
  return `${HEADER}${items.length === 0 ? 'findings: []' : ['findings:', ...items].join('\n')}\n`;
}

export interface Change {
  remove?: ReadonlySet<Entry>;
  add?: readonly Entry[];
  /** What entries that stay say by now: only `severity`, `resource` and `message` are changed, where they stand as they were written. */
  update?: ReadonlyMap<Entry, Entry>;
}

/** What is gone from a baseline: the entry, and the comments that stood right above it or in it. */
export interface Removed<E extends Entry> {
  entry: E;
  comments: string[];
}

/**
 * The text of a baseline after a change; whatever else stands in it stays as it is, line by line. `entries` are those of the text,
 * in their order. Throws ConfigError where they don't stand one below the other.
 */
export function changeBaseline<E extends WrittenEntry>(
  text: string,
  file: string,
  entries: readonly E[],
  { remove = new Set(), add = [], update = new Map() }: Change,
): { text: string; removed: Removed<E>[] } {
  const { head, items, tail, indent } = takeApart(text, file, entries);
  const comments = remove.size === 0 ? new Map<number, string>() : commentsByLine(text);
  const removed: Removed<E>[] = [];
  const kept: Item<E>[] = [];
  // What stood above an entry that goes, with a blank line between, is about more than that entry.
  let above: string[] = [];
  for (const item of items) {
    const lead = [...above, ...item.lead];
    if (remove.has(item.entry)) {
      const own = item.lines.flatMap((_, i) => comments.get(item.from + i + 1)?.trimEnd() ?? []);
      removed.push({ entry: item.entry, comments: own });
      above = lead;
    } else {
      kept.push({ ...item, lead, lines: updated(item, update.get(item.entry)) });
      above = [];
    }
  }
  const places = add.toSorted(compareEntries).map((entry) => {
    const next = kept.findIndex((item) => compareEntries(entry, item.entry) < 0);
    return { entry, next: next === -1 ? kept.length : next };
  });
  const addedAt = (place: number) =>
    places.filter(({ next }) => next === place).flatMap(({ entry }) => linesOf(entry, indent));
  const body = kept.flatMap(({ lead, lines }, i) =>
    // At the top, what leads in leads the whole list in.
    i === 0 ? [...lead, ...addedAt(0), ...lines] : [...addedAt(i), ...lead, ...lines],
  );
  const last = kept.length === 0 ? [...above, ...addedAt(0)] : [...addedAt(kept.length), ...above];
  const isEmpty = kept.length + add.length === 0;
  const lines = [...headOf(head, isEmpty), ...body, ...last, ...tail];
  return { text: lines.join(text.includes('\r\n') ? '\r\n' : '\n'), removed };
}

/** An entry in the lines of a file. */
interface Item<E extends Entry> {
  entry: E;
  /** Comments and blank lines between the entry before and what belongs to this one. */
  lead: string[];
  /** The comments right above it, and the entry itself. */
  lines: string[];
  /** The index of the first of them. */
  from: number;
}

function takeApart<E extends WrittenEntry>(
  text: string,
  file: string,
  entries: readonly E[],
): { head: string[]; items: Item<E>[]; tail: string[]; indent: string } {
  const lines = text.split(/\r?\n/);
  const starts = entries.map(({ location }) => (location.line ?? 0) - 1);
  const key = lines.findIndex((line) => FINDINGS.test(line));
  const indent = /^ */.exec(lines[starts[0] ?? -1] ?? '  ')?.[0] ?? '';
  const odd = starts.findIndex((start, i) => !isStart(lines[start], indent) || start <= (starts[i - 1] ?? key));
  if (key === -1 || odd !== -1) {
    const message = 'entries can only be changed where each begins on a line of its own, with "- " below "findings:"';
    const line = (odd === -1 ? 0 : (starts[odd] ?? 0)) + 1;
    throw new ConfigError([{ message, location: { file, line } }]);
  }
  const end = starts.length === 0 ? key + 1 : endOf(lines, (starts.at(-1) ?? 0) + 1, indent);
  const items = entries.map((entry, i): Item<E> => {
    const start = starts[i] ?? 0;
    const between = i === 0 ? key + 1 : betweenFrom(lines, starts[i - 1] ?? 0, start, indent);
    const after = starts[i + 1];
    const stop = after === undefined ? end : betweenFrom(lines, start, after, indent);
    let own = start;
    while (own > between && COMMENT.test(lines[own - 1] ?? '')) own--;
    return { entry, lead: lines.slice(between, own), lines: lines.slice(own, stop), from: own };
  });
  return { head: lines.slice(0, key + 1), items, tail: lines.slice(end), indent };
}

const FINDINGS = /^(["']?)findings\1[ \t]*:[ \t]*(?:\[[ \t]*\]|null|~)?[ \t]*(#.*)?$/;
const COMMENT = /^[ \t]*#/;

function isStart(line: string | undefined, indent: string): boolean {
  return line?.startsWith(indent) === true && /^-(?:[ \t]|$)/.test(line.slice(indent.length));
}

/** Where what stands between two entries begins: the last blank lines and comments that aren't deeper than the dash. */
function betweenFrom(lines: readonly string[], start: number, next: number, indent: string): number {
  let from = next;
  while (from > start + 1 && isLoose(lines[from - 1] ?? '', indent)) from--;
  return from;
}

function isLoose(line: string, indent: string): boolean {
  return line.trim() === '' || (COMMENT.test(line) && line.search(/\S/) <= indent.length);
}

/** Where the last entry ends: before what isn't deeper than its dash, and before the blank lines above that. */
function endOf(lines: readonly string[], from: number, indent: string): number {
  const rest = lines.slice(from).findIndex((line) => line.trim() !== '' && line.search(/\S/) <= indent.length);
  let end = rest === -1 ? lines.length : from + rest;
  while (end > from && lines[end - 1]?.trim() === '') end--;
  return end;
}

/** `findings:` with what makes it a list. */
function headOf(head: readonly string[], isEmpty: boolean): string[] {
  const comment = FINDINGS.exec(head.at(-1) ?? '')?.[2];
  return [...head.slice(0, -1), `findings:${isEmpty ? ' []' : ''}${comment === undefined ? '' : ` ${comment}`}`];
}

function updated<E extends Entry>({ entry, lines }: Item<E>, now: Entry | undefined): string[] {
  if (!now) return lines;
  return lines.map((line) => {
    const [, indent = '', field] = /^( *)(severity|resource|message): /.exec(line) ?? [];
    if (field !== 'severity' && field !== 'resource' && field !== 'message') return line;
    const [before, after] = [entry[field], now[field]];
    if (before === undefined || after === undefined) return line;
    return line === `${indent}${lineOf(field, before)}` ? `${indent}${lineOf(field, after)}` : line;
  });
}

function lineOf(field: string, value: string): string {
  return toYaml({ [field]: value }).trimEnd();
}

function linesOf({ rule, severity, file, resource, message, reason, fingerprint }: Entry, indent: string): string[] {
  const fields = Object.entries({ rule, severity, file, resource, message, reason, fingerprint });
  return fields
    .filter((field): field is [string, string] => field[1] !== undefined)
    .map(([field, value], i) => `${indent}${i === 0 ? '- ' : '  '}${lineOf(field, value)}`);
}
