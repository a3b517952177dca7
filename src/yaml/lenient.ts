/** A change of a document's text: `remove` characters at `at` make way for `insert`. */
export interface Edit {
  at: number;
  remove: number;
  insert: string;
  /** Without it, YAML 1.2 reads something else instead of refusing the document. */
  changesMeaning?: true;
}

/** How kubectl's reader (libyaml's, in go-yaml) sees a document otherwise than a reader of YAML 1.2. */
export interface Differences {
  /**
   * What to change so that YAML 1.2 accepts what libyaml accepts, and as it does, in ascending order:
   * - lines inside of flow collections and quoted scalars may be indented as they like (`args: [` … `]` at the key's column);
   * - a tab may stand before a flow collection;
   * - a comment may touch the quote, bracket or block scalar header before it;
   * - `*a: x` is an alias as a key, `[-]` holds a string, and `\'` may stand in double quotes;
   * - a `:` before a bracket or comma is part of the text: `[fe80::]`.
   */
  edits: Edit[];
  /** What YAML 1.2 accepts and libyaml refuses, the first of it. */
  refused: { at: number; reason: string } | undefined;
}

/** Finds the differences by a guess at the structure that works on malformed documents too. */
export function findDifferences(text: string): Differences {
  const found: Differences = { edits: [], refused: undefined };
  let position = 0;
  while (position < text.length) {
    // A line outside of flow collections and scalars must not start with a tab, even if it is blank.
    if (text[position] === '\t') refuse(found, position, 'tab characters must not be used in indentation');
    position = readLine(text, position, found);
  }
  return found;
}

function refuse(found: Differences, at: number, reason: string): void {
  found.refused ??= { at, reason };
}

/** Reads the nodes that start on the line at `start`, to their ends; returns the start of the next line to read. */
function readLine(text: string, start: number, found: Differences): number {
  let position = start;
  if (/^(?:---|\.\.\.)(?!\S)/.test(text.slice(start, start + 4))) position += 3;
  const indent = skip(text, position, SPACES) - start;
  /** The column from which on lines belong to the node that is being read. */
  let column = indent;
  /** Where the node that may turn out to be a key starts, its properties included. */
  let node = -1;
  while (true) {
    const gap = position;
    position = skip(text, position, BLANKS);
    const c = text[position] ?? '\n';
    if (node === -1) node = position;
    if (c === '\n' || c === '\r' || (c === '#' && (position > gap || position === start)))
      return nextLine(text, position);
    if ((c === '-' || c === '?' || c === ':') && isBlank(text[position + 1])) {
      column = position - start + 1;
      position++;
      node = -1;
      continue;
    }
    if (c === '&' || c === '!') {
      position = skip(text, position, NOT_BLANK);
      continue;
    }
    if (c === '|' || c === '>') return readBlockScalar(text, position, column, found);
    if (c === '[' || c === '{') {
      if (text.slice(gap, position).includes('\t')) found.edits.push({ at: gap, remove: position - gap, insert: ' ' });
      position = readFlow(text, position, column, found);
    } else if (c === '"' || c === "'") position = readQuoted(text, position, column, found);
    else if (c === '*') position = readAlias(text, position, found);
    else {
      position = skipPlain(text, position);
      if (text[position] !== ':') return skipContinuation(text, position, column);
    }
    if (text[position] === '#') found.edits.push({ at: position, remove: 0, insert: ' ' });
    position = skip(text, position, BLANKS);
    if (text[position] !== ':') return nextLine(text, position);
    position++;
    column = node - lineStart(text, node) + 1;
    node = -1;
  }
}

const SPACES = /[^ ]/g;
const BLANKS = /[^ \t]/g;
const NOT_BLANK = /[ \t\r\n]/g;

/** The first position from `from` on at which `stop` matches. */
function skip(text: string, from: number, stop: RegExp): number {
  stop.lastIndex = from;
  const match = stop.exec(text);
  return match ? match.index : text.length;
}

function isBlank(c: string | undefined): boolean {
  return c === undefined || c === ' ' || c === '\t' || c === '\n' || c === '\r';
}

function lineStart(text: string, position: number): number {
  return position === 0 ? 0 : text.lastIndexOf('\n', position - 1) + 1;
}

function nextLine(text: string, position: number): number {
  const end = text.indexOf('\n', position);
  return end === -1 ? text.length : end + 1;
}

/** Skips the lines that are blank, or indented to `column` at least. */
function skipIndented(text: string, from: number, column: number): number {
  let position = from;
  while (position < text.length) {
    const content = skip(text, position, SPACES);
    const c = text[content];
    if (c !== '\n' && c !== '\r' && content - position < column) break;
    position = nextLine(text, content);
  }
  return position;
}

function readBlockScalar(text: string, header: number, column: number, found: Differences): number {
  const end = skip(text, header + 1, /[^-+0-9]/g);
  if (text[end] === '#') found.edits.push({ at: end, remove: 0, insert: ' ' });
  return skipIndented(text, nextLine(text, end), Math.max(column, 0));
}

/** The end of a plain scalar on its line: before its comment, at the `:` that makes it a key, or at the line's end. */
function skipPlain(text: string, from: number): number {
  let position = skip(text, from, /[:#\r\n]/g);
  while (true) {
    const c = text[position];
    if (c === ':' && isBlank(text[position + 1])) return position;
    if (c === '#' && isBlank(text[position - 1])) return position;
    if (c !== ':' && c !== '#') return position;
    position = skip(text, position + 1, /[:#\r\n]/g);
  }
}

/** The lines over which a plain scalar goes on. A comment ends it. */
function skipContinuation(text: string, end: number, column: number): number {
  let position = nextLine(text, end);
  if (text[end] === '#') return position;
  while (position < text.length) {
    const content = skip(text, position, SPACES);
    const c = text[content];
    if (c === '#' || (c !== '\n' && c !== '\r' && content - position < column)) break;
    const lineEnd = skipPlain(text, content);
    position = nextLine(text, lineEnd);
    if (text[lineEnd] === '#') break;
  }
  return position;
}

function readAlias(text: string, start: number, found: Differences): number {
  const end = skip(text, start, /[\s,[\]{}]/g);
  if (text[end - 1] !== ':') return end;
  found.edits.push({ at: end - 1, remove: 0, insert: ' ' });
  return end - 1;
}

/** Indents the line after the line feed at `position` to `column`. */
function indentLine(text: string, position: number, column: number, found: Differences): void {
  const content = skip(text, position + 1, SPACES);
  const missing = column - (content - position - 1);
  if (missing > 0 && text[content] !== '\n' && text[content] !== '\r') {
    found.edits.push({ at: position + 1, remove: 0, insert: ' '.repeat(missing) });
  }
}

/** Reads a quoted scalar; returns the position after its closing quote. */
function readQuoted(text: string, start: number, column: number, found: Differences): number {
  const quote = text[start];
  const stop = quote === '"' ? /["\\\n]/g : /['\n]/g;
  let position = start + 1;
  while (position < text.length) {
    position = skip(text, position, stop);
    const c = text[position];
    if (c === '\n') indentLine(text, position, column, found);
    else if (c === '\\') {
      if (text[position + 1] === "'") found.edits.push({ at: position, remove: 1, insert: '' });
      if (text[position + 1] !== '\n') position++;
    } else if (quote === "'" && text[position + 1] === "'") position++;
    else return position + 1;
    position++;
  }
  return position;
}

/** Reads a flow collection; returns the position after its closing bracket. */
function readFlow(text: string, start: number, column: number, found: Differences): number {
  let depth = 0;
  /** Whether a node may start here, so that a quote opens one. */
  let fresh = true;
  let position = start;
  while (position < text.length) {
    const c = text[position];
    const opens = c === '[' || c === '{';
    if (opens || c === ']' || c === '}') {
      depth += opens ? 1 : -1;
      fresh = opens;
      if (depth === 0) return position + 1;
    } else if (c === ',' || ((c === ':' || c === '?') && isBlank(text[position + 1]))) fresh = true;
    else if (c === '\n') indentLine(text, position, column, found);
    else if (c === '#' && !isBlank(text[position - 1])) {
      found.edits.push({ at: position, remove: 0, insert: ' ' });
      position = skip(text, position, /\n/g);
      continue;
    } else if (c === '#') {
      position = skip(text, position, /\n/g);
      continue;
    } else if (fresh && (c === '"' || c === "'")) {
      position = readQuoted(text, position, column, found);
      fresh = text[position] === ':';
      if (fresh) position++;
      continue;
    } else if (fresh && c === '*') {
      position = readAlias(text, position, found);
      fresh = false;
      continue;
    } else if (fresh && (c === '&' || c === '!')) {
      position = skip(text, position, /[\s,[\]{}]/g);
      continue;
    } else if (!isBlank(c)) {
      position = readFlowPlain(text, position, fresh, found);
      fresh = false;
      continue;
    }
    position++;
  }
  return position;
}

/** Reads what a plain scalar has on its line; returns the position after it. `fresh` where it starts there. */
function readFlowPlain(text: string, start: number, fresh: boolean, found: Differences): number {
  let end = skip(text, start, /[,[\]{}\r\n]|:(?=[ \t\r\n])|[ \t](?=#)/g);
  while (isBlank(text[end - 1])) end--;
  const follower = text[end] ?? '';
  if (fresh && text[start] === ':') refuse(found, start, 'a value that starts with a colon needs quotes here');
  if (fresh && text.slice(start, end) === '-' && /[,\]}]/.test(follower)) {
    found.edits.push({ at: start, remove: 1, insert: "'-'" });
  } else if (fresh && text[end - 1] === ':' && /[,\]}]/.test(follower) && !text.slice(start, end).includes("'")) {
    found.edits.push({ at: start, remove: 0, insert: "'", changesMeaning: true });
    found.edits.push({ at: end, remove: 0, insert: "'", changesMeaning: true });
  }
  return Math.max(end, start + 1);
}

/** A text after edits, and where its characters stand in the text before. */
export class EditedText {
  readonly text: string;
  /** Where in the new text each edit ends, and what to subtract from an offset there. */
  private readonly ends: number[] = [];
  private readonly shifts: number[] = [];

  constructor(original: string, edits: readonly Edit[]) {
    const parts: string[] = [];
    let copied = 0;
    let shift = 0;
    for (const { at, remove, insert } of edits) {
      parts.push(original.slice(copied, at), insert);
      copied = at + remove;
      shift += insert.length - remove;
      this.ends.push(copied + shift);
      this.shifts.push(shift);
    }
    parts.push(original.slice(copied));
    this.text = parts.join('');
  }

  /** The offset in the original text of an offset in this one. */
  original(offset: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return offset - (low === 0 ? 0 : (this.shifts[low - 1] ?? 0));
  }
}
