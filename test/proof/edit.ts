import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseAllDocuments,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** A place in a text, 1-based, as diagnostics name it. */
export interface Place {
  line: number;
  column?: number;
}

/**
 * One way to change what stands at a place. Nothing of the product is used to find it: a place that is wrong changes what is
 * wrong.
 */
export interface Edit {
  /**
   * `value`: another scalar of the same type. `entry`: one more entry or item in the map or list that stands there. `key`: the
   * key is called otherwise. `gone`: the entry of a map is gone. `item`: the item of a list is. `line`: the rest of the line is
   * another text.
   */
  what: 'value' | 'entry' | 'key' | 'gone' | 'item' | 'line';
  /** What `by` replaces: offsets into the text. */
  start: number;
  end: number;
  by: string;
  /** What the changed value contains from now on, a text or a number that stands nowhere else; absent where nothing new is written. */
  token?: string | number;
  /** The key that stands there, where one does. */
  key?: string;
}

/** The texts and numbers that the edit of that number writes. */
export function tokensOf(n: number): { text: string; number: number } {
  return { text: `proof${n}x`, number: 31_000 + n };
}

/**
 * The ways to change what stands at a place of a file, the most telling first: of YAML and JSON what the syntax says stands
 * there, in strings that hold YAML too, of any other file the rest of the line. Without column it is the line's first character
 * that is no space.
 */
export function editsAt(file: string, text: string, place: Place, n: number): Edit[] {
  const offset = offsetOf(text, place);
  if (offset === undefined) return [];
  const isYaml = /\.(ya?ml|json)$|(^|\/)Kustomization$/.test(file);
  return [...(isYaml ? yamlEdits(text, offset, n) : []), ...lineEdits(text, offset, n)];
}

/** The text after edits that don't overlap; the later of two that do is left out. */
export function applied(text: string, edits: readonly Edit[]): { text: string; done: Edit[] } {
  const done: Edit[] = [];
  for (const edit of edits) {
    const isFree = done.every(({ start, end }) => edit.end <= start || edit.start >= end);
    if (isFree && !done.some(({ start }) => start === edit.start)) done.push(edit);
  }
  const sorted = [...done].sort((a, b) => b.start - a.start);
  return { text: sorted.reduce((rest, { start, end, by }) => rest.slice(0, start) + by + rest.slice(end), text), done };
}

/** The offset of a place, undefined where the text has no such place. */
export function offsetOf(text: string, { line, column }: Place): number | undefined {
  let start = 0;
  for (let i = 1; i < line; i++) {
    start = text.indexOf('\n', start) + 1;
    if (start === 0) return undefined;
  }
  const end = endOfLine(text, start);
  const offset = column === undefined ? start + text.slice(start, end).search(/\S|$/) : start + column - 1;
  return offset <= end ? offset : undefined;
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  if (end === -1) return text.length;
  return text[end - 1] === '\r' && end > offset ? end - 1 : end;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

function lineEdits(text: string, offset: number, n: number): Edit[] {
  const token = tokensOf(n).text;
  return [{ what: 'line', start: offset, end: endOfLine(text, offset), by: token, token }];
}

/** A node with the place where it starts and ends. */
interface Found {
  /** Whether the place is this pair's key. */
  pair?: Pair;
  /** The scalar that stands there, or that the place is in. */
  scalar?: Scalar;
  /** A map in braces that starts there. */
  map?: YAMLMap;
  /** The map, and the index of the entry whose key or scalar stands there. */
  entry?: { map: YAMLMap; index: number };
  /** The list, and the index of the item that starts there. */
  items: { list: YAMLSeq; index: number }[];
  /** Keys from the root to what stands there. */
  keys: string[];
}

function yamlEdits(text: string, offset: number, n: number): Edit[] {
  const found = find(text, offset);
  if (!found) return [];
  const edits: Edit[] = [];
  const { pair, scalar, items, keys, entry, map } = found;
  if (scalar) edits.push(...scalarEdits(text, scalar, offset, keys, n));
  if (pair) edits.push(...pairEdits(text, pair, n));
  if (map && items.length === 0) edits.push(...insertions(text, map, tokensOf(n).text));
  for (const { list, index } of items) edits.push(...itemEdits(text, list, index, n));
  if (entry) edits.push(...withoutEntry(text, entry.map, entry.index));
  return edits;
}

/** What starts at an offset, or the scalar that it is in. */
function find(text: string, offset: number): Found | undefined {
  const found: Found = { items: [], keys: [] };
  const visit = (node: unknown, keys: readonly string[]): void => {
    if (isMap(node)) {
      if (node.flow && node.range?.[0] === offset) found.map = node;
      for (const [index, pair] of node.items.entries()) {
        const key = isScalar(pair.key) ? String(pair.key.value) : '';
        if (isScalar(pair.key) && startOf(pair.key) === offset) {
          found.pair = pair;
          found.keys = [...keys];
        }
        if (startOf(pair.key) === offset || startOf(pair.value) === offset) found.entry = { map: node, index };
        visit(pair.value, [...keys, key]);
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        if (startOf(item) === offset) found.items.push({ list: node, index });
        visit(item, [...keys, '-']);
      }
    } else if (isScalar(node) && node.range) {
      const [start, end] = node.range;
      if (offset === start || (offset > start && offset < end)) {
        found.scalar = node;
        found.keys = [...keys];
      }
    } else if (isAlias(node) && node.range?.[0] === offset) {
      found.scalar = { ...new Scalar(null), type: 'PLAIN', range: node.range } as Scalar;
      found.keys = [...keys];
    }
  };
  for (const document of documentsOf(text)) visit(document.contents, []);
  return found.pair || found.scalar || found.map || found.items.length > 0 ? found : undefined;
}

/** Texts that many places are looked up in. */
const parsed = new Map<string, Document.Parsed[]>();

/** None of what is nested deeper than the parser can go. */
function documentsOf(text: string): Document.Parsed[] {
  let documents = parsed.get(text);
  if (!documents) {
    documents = parse(text);
    if (parsed.size >= 100) parsed.clear();
    parsed.set(text, documents);
  }
  return documents;
}

function parse(text: string): Document.Parsed[] {
  try {
    const documents = parseAllDocuments(text, { version: '1.1', merge: true, uniqueKeys: false, strict: false });
    return 'empty' in documents ? [] : documents;
  } catch {
    return [];
  }
}

function startOf(node: unknown): number | undefined {
  const range = (node as { range?: [number, number, number] | null } | null)?.range;
  if (!range) return undefined;
  // A block map with an anchor starts at its first key.
  const [first] = isMap(node) && !node.flow ? node.items : [];
  return first ? startOf(first.key) : range[0];
}

/** A scalar: another value; in a string that the place is in, what stands at the place. */
function scalarEdits(text: string, scalar: Scalar, offset: number, keys: readonly string[], n: number): Edit[] {
  const { value, type, range } = scalar;
  if (!range) return [];
  const [start, end] = range;
  const token = tokensOf(n);
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') return blockEdits(text, scalar, offset, n);
  if (typeof value === 'string' && offset > start) return innerEdits(text, start, end, offset, n);
  const edit = (by: string, written: string | number | undefined): Edit => {
    return { what: 'value', start, end, by, ...(written === undefined ? {} : { token: written }) };
  };
  if (typeof value === 'number' || typeof value === 'bigint') return [edit(String(token.number), token.number)];
  if (typeof value === 'boolean') return [edit(String(!value), undefined)];
  const quote = /^["']/.exec(text.slice(start, end))?.[0] ?? (text[start - 1] === ':' ? ' ' : '');
  const edits = [edit(`${quote}${token.text}${quote.trim()}`, token.text)];
  // A generator's literal keeps its key.
  const equals = keys.at(-2) === 'literals' ? text.slice(start, end).indexOf('=') : -1;
  if (equals > 0) {
    const by = `${text.slice(start, start + equals + 1)}${token.text}${quote.trim()}`;
    edits.unshift({ what: 'value', start, end, by, token: token.text });
  }
  return edits;
}

/** In a string on one line: what stands at the place if the string holds YAML, else the rest of the string. */
function innerEdits(text: string, start: number, end: number, offset: number, n: number): Edit[] {
  const isQuoted = /["']/.test(text[start] ?? '');
  const [from, to] = isQuoted ? [start + 1, end - 1] : [start, end];
  const token = tokensOf(n).text;
  // What isn't quoted holds no YAML: it would have been read as that.
  const found = isQuoted ? yamlEdits(text.slice(from, to), offset - from, n) : [];
  const inner = found.map((edit) => {
    return { ...edit, start: edit.start + from, end: edit.end + from };
  });
  return [...inner, { what: 'value', start: offset, end: to, by: token, token }];
}

/** A block scalar: its first line where the place is its header, else what stands at the place. */
function blockEdits(text: string, { range }: Scalar, offset: number, n: number): Edit[] {
  const [start, end] = range ?? [0, 0];
  const token = tokensOf(n).text;
  const content = text.indexOf('\n', start) + 1;
  if (content === 0 || content > end) return [];
  const body = text.slice(content, end);
  const indent = /^(?:[ \t]*\r?\n)*([ \t]*)/.exec(body)?.[1]?.length ?? 0;
  if (offset < content) {
    const first = content + body.search(/\S|$/);
    return [{ what: 'value', start: first, end: endOfLine(text, first), by: token, token }];
  }
  // The string's text, and of each of its characters where it stands.
  let inner = '';
  const places: number[] = [];
  for (let at = content; at < end; ) {
    const next = Math.min(text.indexOf('\n', at) === -1 ? end : text.indexOf('\n', at) + 1, end);
    for (let i = Math.min(at + indent, next - 1); i < next; i++) {
      inner += text[i];
      places.push(i);
    }
    at = next;
  }
  const at = places.indexOf(offset);
  const edits = at === -1 ? [] : yamlEdits(inner, at, n);
  const mapped = edits.flatMap((edit): Edit[] => {
    const from = places[edit.start] ?? (places.at(-1) ?? 0) + 1;
    const to = edit.end === edit.start ? from : (places[edit.end - 1] ?? 0) + 1;
    if (to === undefined) return [];
    return [{ ...edit, start: from, end: to, by: edit.by.replaceAll('\n', `\n${' '.repeat(indent)}`) }];
  });
  return [...mapped, ...lineEdits(text, offset, n)];
}

/** A key: one more entry below it, and another name for it. */
function pairEdits(text: string, { key, value }: Pair, n: number): Edit[] {
  if (!isScalar(key) || !key.range) return [];
  const token = tokensOf(n).text;
  const [start, end] = key.range;
  const name = String(key.value);
  const edits: Edit[] = [];
  if (isMap(value) || isSeq(value))
    edits.push(...insertions(text, value, token).map((edit) => ({ ...edit, key: name })));
  if (isScalar(value) && value.range && value.value === null && value.range[0] === value.range[1]) {
    edits.push({ what: 'entry', start: value.range[0], end: value.range[1], by: ` ${token}`, token, key: name });
  }
  const quote = /^["']/.exec(text.slice(start, end))?.[0] ?? '';
  const first = firstOfMap(text, start, token);
  edits.push(first, { what: 'key', start, end, by: `${quote}${token}key${quote}`, key: name });
  return edits;
}

/** A map without one of its entries. */
function withoutEntry(text: string, map: YAMLMap, index: number): Edit[] {
  const { key, value } = map.items[index] ?? {};
  const start = startOf(key);
  const range = (value as { range?: [number, number, number] | null } | null)?.range;
  if (start === undefined || !range) return [];
  const next = startOf(map.items[index + 1]?.key);
  if (next !== undefined) return [{ what: 'gone', start, end: next, by: '' }];
  const before = map.flow ? (/,\s*$/.exec(text.slice(0, start))?.[0].length ?? 0) : 0;
  const empty = map.items.length === 1 && !map.flow ? '{}\n' : '';
  return [{ what: 'gone', start: start - before, end: map.flow ? range[1] : range[2], by: empty }];
}

/** One more entry before a key. */
function firstOfMap(text: string, start: number, token: string): Edit {
  const indent = ' '.repeat(columnOf(text, start));
  const isFlow = /[{,]\s*$/.test(text.slice(0, start));
  const by = isFlow ? `"${token}": "${token}", ` : `${token}: ${token}\n${indent}`;
  return { what: 'entry', start, end: start, by, token };
}

/** One more entry in a map, or item in a list. */
function insertions(text: string, node: unknown, token: string): Edit[] {
  const range = (node as { range?: [number, number, number] | null }).range;
  if (!range) return [];
  const [start] = range;
  const edit = (at: number, by: string): Edit => ({ what: 'entry', start: at, end: at, by, token });
  if (isMap(node)) {
    const first = startOf(node.items[0]?.key);
    if (text[start] === '{') return [edit(start + 1, `"${token}": "${token}"${first === undefined ? '' : ', '}`)];
    return first === undefined ? [] : [firstOfMap(text, first, token)];
  }
  if (!isSeq(node)) return [];
  const [first] = node.items;
  const item = isMap(first) ? `{"name": "${token}"}` : `"${token}"`;
  // At the end, so that the others keep their places.
  const last = (node.items.at(-1) as { range?: [number, number, number] | null } | undefined)?.range;
  if (!last) return text[start] === '[' ? [edit(start + 1, item)] : [];
  if (text[start] === '[') return [edit(last[1], `, ${item}`)];
  const end = text.slice(0, last[1]).trimEnd().length;
  return [edit(end, `\n${' '.repeat(columnOf(text, start))}- ${item}`)];
}

/** An item of a list: one more entry in it, and without it. */
function itemEdits(text: string, list: YAMLSeq, index: number, n: number): Edit[] {
  const item = list.items[index];
  const token = tokensOf(n).text;
  const edits = isMap(item) ? insertions(text, item, token) : [];
  const start = startOf(item);
  const range = (item as { range?: [number, number, number] | null } | null)?.range;
  if (start === undefined || !range) return edits;
  if (list.flow) {
    const after = /^\s*,\s*/.exec(text.slice(range[1]))?.[0].length ?? 0;
    const before = after === 0 ? (/,\s*$/.exec(text.slice(0, start))?.[0].length ?? 0) : 0;
    return [...edits, { what: 'item', start: start - before, end: range[1] + after, by: '' }];
  }
  const dash = text.lastIndexOf('-', start - 1);
  const next = list.items[index + 1];
  const nextStart = startOf(next);
  const end = nextStart === undefined ? range[2] : text.lastIndexOf('-', nextStart - 1);
  const by = list.items.length > 1 ? '' : nextStart === undefined ? '[]\n' : '';
  return [...edits, { what: 'item', start: dash, end, by }];
}

/** Whether a rendered value contains what an edit wrote, in a Secret's encoding too. */
export function holdsToken(value: unknown, token: string | number): boolean {
  if (typeof value === 'string') {
    if (value.includes(String(token))) return true;
    return /^[\w+/\s]+=*\s*$/.test(value) && Buffer.from(value, 'base64').toString('utf8').includes(String(token));
  }
  if (typeof value === 'number') return value === token;
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => key.includes(String(token)) || holdsToken(item, token));
}
