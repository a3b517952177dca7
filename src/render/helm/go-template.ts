/** Text that a template prints as it stands; what trim markers cut off is gone. */
export interface TemplateText {
  type: 'text';
  text: string;
  /** Offset in the template. */
  start: number;
  /** It stands inside `{{ define }}` or `{{ block }}`: the definition's index, else undefined. */
  definition: number | undefined;
}

/** One `{{ … }}`. Comments are left out: they print nothing and their trim markers have done their work. */
export interface TemplateAction {
  type: 'action';
  /** What stands between the delimiters, without trim markers and the space around. */
  code: string;
  /** Offset of `{{` in the template. */
  start: number;
  /** Whether it prints something: a pipeline or `template`, not a control structure or an assignment. */
  prints: boolean;
  definition: number | undefined;
}

export type TemplatePart = TemplateText | TemplateAction;

const SPACES = ' \t\r\n';
const OPENERS = new Set(['if', 'range', 'with', 'define', 'block']);
const SILENT = new Set(['if', 'range', 'with', 'define', 'block', 'else', 'end', 'break', 'continue']);

/**
 * Splits a Go template into text and actions as text/template/parse/lex.go does, with trim markers applied. Undefined where
 * the template is not closed properly: helm refuses it.
 */
export function splitTemplate(source: string): TemplatePart[] | undefined {
  const { parts, open, broken } = scan(source);
  return broken || open.length > 0 ? undefined : parts;
}

/** Offsets of the control structures that a template opens and doesn't close, the outermost first. */
export function openActions(source: string): number[] {
  return scan(source).open.map(({ start }) => start);
}

interface Scan {
  parts: TemplatePart[];
  /** Control structures that are open at the end. */
  open: Structure[];
  broken: boolean;
}

interface Structure {
  start: number;
  /** Of the definition that it is, or lies in. */
  definition: number | undefined;
}

function scan(source: string): Scan {
  const parts: TemplatePart[] = [];
  const open: Structure[] = [];
  let definitions = 0;
  const definition = () => open.at(-1)?.definition;

  let position = 0;
  while (position < source.length) {
    const found = source.indexOf('{{', position);
    const end = found === -1 ? source.length : found;
    const action = found === -1 ? undefined : readAction(source, found);
    if (found !== -1 && !action) return { parts, open, broken: true };
    const text = source.slice(position, end);
    const kept = action?.trimsLeft ? trimRight(text) : text;
    if (kept !== '') parts.push({ type: 'text', text: kept, start: position, definition: definition() });
    if (!action) break;
    position = action.trimsRight ? skipSpaces(source, action.end) : action.end;
    if (action.code === undefined) continue;

    const keyword = /^[a-z]+(?!\w)/.exec(action.code)?.[0] ?? '';
    if (keyword === 'end') {
      if (open.length === 0) return { parts, open, broken: true };
      open.pop();
    }
    const assigns = /^\$\w*\s*:?=/.test(action.code);
    const prints = !SILENT.has(keyword) && !assigns && action.code !== '';
    parts.push({ type: 'action', code: action.code, start: found, prints, definition: definition() });
    const defines = keyword === 'define' || keyword === 'block';
    if (OPENERS.has(keyword)) open.push({ start: found, definition: defines ? definitions++ : definition() });
  }
  return { parts, open, broken: false };
}

interface RawAction {
  /** Undefined for a comment. */
  code: string | undefined;
  trimsLeft: boolean;
  trimsRight: boolean;
  /** Offset behind `}}`. */
  end: number;
}

function readAction(source: string, start: number): RawAction | undefined {
  const trimsLeft = source[start + 2] === '-' && isSpace(source[start + 3]);
  const inside = start + (trimsLeft ? 4 : 2);
  if (source.startsWith('/*', inside)) {
    const close = source.indexOf('*/', inside + 2);
    if (close === -1) return undefined;
    const trimsRight = isSpace(source[close + 2]) && source.startsWith('-}}', close + 3);
    const end = close + (trimsRight ? 6 : 4);
    return source.startsWith('}}', end - 2) ? { code: undefined, trimsLeft, trimsRight, end } : undefined;
  }
  let position = inside;
  while (position < source.length) {
    const char = source[position] ?? '';
    if (source.startsWith('}}', position)) {
      const code = source.slice(inside, position).trim();
      return { code, trimsLeft, trimsRight: false, end: position + 2 };
    }
    if (isSpace(char) && source.startsWith('-}}', position + 1)) {
      return { code: source.slice(inside, position).trim(), trimsLeft, trimsRight: true, end: position + 4 };
    }
    const next = char === '"' || char === "'" || char === '`' ? endOfQuoted(source, position) : position + 1;
    if (next === undefined) return undefined;
    position = next;
  }
  return undefined;
}

/** The offset behind a string, raw string or character; undefined where it isn't closed. */
function endOfQuoted(source: string, start: number): number | undefined {
  const quote = source[start];
  for (let i = start + 1; i < source.length; i++) {
    const char = source[i];
    if (char === quote) return i + 1;
    if (quote === '`') continue;
    if (char === '\n') return undefined;
    if (char === '\\') i++;
  }
  return undefined;
}

/** The words of an action's code outside strings and comments, such as function names; fields and variables are left out. */
export function functionsOf(code: string): { name: string; start: number }[] {
  const found: { name: string; start: number }[] = [];
  const token = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|[.$]?[A-Za-z_]\w*/g;
  for (const match of code.matchAll(token)) {
    if (/^[A-Za-z_]/.test(match[0])) found.push({ name: match[0], start: match.index });
  }
  return found;
}

function isSpace(char: string | undefined): boolean {
  return char !== undefined && SPACES.includes(char);
}

function trimRight(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1])) end--;
  return text.slice(0, end);
}

function skipSpaces(source: string, start: number): number {
  let position = start;
  while (isSpace(source[position])) position++;
  return position;
}
