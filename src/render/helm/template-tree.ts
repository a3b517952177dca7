import { splitTemplate } from './go-template.ts';

/** What an action computes. What is piped into a command is its last argument. */
export type Expr =
  | { type: 'dot' }
  | { type: 'variable'; name: string }
  | { type: 'field'; of: Expr; name: string }
  | { type: 'text'; text: string }
  | { type: 'number'; text: string }
  /** true, false, nil, a character. */
  | { type: 'constant' }
  | { type: 'call'; name: string; args: Expr[] }
  /** A field that is given arguments: a method, such as `.Files.Get`. */
  | { type: 'method'; of: Expr; name: string; args: Expr[] };

export type Statement =
  /** Text that stands there as it is, never blank. */
  | { type: 'output'; text: string }
  | { type: 'print'; expr: Expr }
  | { type: 'assign'; names: string[]; declares: boolean; expr: Expr }
  | { type: 'template'; name: string; arg: Expr | undefined }
  | {
      type: 'if' | 'with' | 'range';
      names: string[];
      declares: boolean;
      expr: Expr;
      body: Statement[];
      otherwise: Statement[];
    };

/** A template file, or a definition in it. */
export interface TemplateTree {
  body: Statement[];
  definitions: { name: string; body: Statement[] }[];
}

/** Reads a Go template as text/template/parse/parse.go does. Undefined where it can't: helm refuses it, too. */
export function parseTemplate(source: string): TemplateTree | undefined {
  const parts = splitTemplate(source);
  if (!parts) return undefined;
  const read = parts.flatMap((part): Part[] => {
    if (part.type === 'action') return part.code === '' ? [] : [{ code: part.code }];
    return part.text.trim() === '' ? [] : [{ text: part.text }];
  });
  try {
    return new Parser(read).parse();
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

/** Text, or the code of an action. */
type Part = { text: string } | { code: string };

class TemplateError extends Error {}

/** How an action list ended. */
interface End {
  keyword: 'end' | 'else' | 'eof';
  /** What stands behind `else`. */
  rest: string;
}

/** Control structures and expressions nested deeper than this are refused: they would overflow stacks. */
const MAX_DEPTH = 200;

class Parser {
  private readonly parts: readonly Part[];
  private next = 0;
  private depth = 0;
  private readonly definitions: TemplateTree['definitions'] = [];

  constructor(parts: readonly Part[]) {
    this.parts = parts;
  }

  parse(): TemplateTree {
    const { body, end } = this.list();
    if (end.keyword !== 'eof') throw new TemplateError();
    return { body, definitions: this.definitions };
  }

  private list(): { body: Statement[]; end: End } {
    const body: Statement[] = [];
    if (this.depth > MAX_DEPTH) throw new TemplateError();
    for (;;) {
      const part = this.parts[this.next++];
      if (!part) return { body, end: { keyword: 'eof', rest: '' } };
      if ('text' in part) {
        body.push({ type: 'output', text: part.text });
        continue;
      }
      const { code } = part;
      const [, keyword = '', rest = ''] =
        /^(if|with|range|else|end|define|block|template|break|continue)(?!\w)(.*)$/s.exec(code) ?? [];
      switch (keyword) {
        case 'end':
          return { body, end: { keyword, rest: '' } };
        case 'else':
          return { body, end: { keyword, rest: rest.trim() } };
        case 'if':
        case 'with':
        case 'range':
          body.push(this.structure(keyword, rest));
          break;
        case 'define':
        case 'block': {
          const commands = new Commands(rest);
          const name = commands.string();
          const arg = keyword === 'block' ? commands.pipeline() : undefined;
          commands.finish();
          this.definitions.push({ name, body: this.closed() });
          if (keyword === 'block') body.push({ type: 'template', name, arg });
          break;
        }
        case 'template': {
          const commands = new Commands(rest);
          const name = commands.string();
          body.push({ type: 'template', name, arg: commands.done ? undefined : commands.pipeline() });
          commands.finish();
          break;
        }
        case 'break':
        case 'continue':
          break;
        default:
          body.push(statementOf(code));
      }
    }
  }

  private structure(type: 'if' | 'with' | 'range', code: string): Statement {
    this.depth++;
    const head = new Commands(code);
    const { names, declares } = head.variables();
    const expr = head.pipeline();
    head.finish();
    const { body, end } = this.list();
    let otherwise: Statement[] = [];
    if (end.keyword === 'else') {
      const [, keyword, rest = ''] = /^(if|with)(?!\w)(.*)$/s.exec(end.rest) ?? [];
      otherwise = keyword === 'if' || keyword === 'with' ? [this.structure(keyword, rest)] : this.closed();
    } else if (end.keyword === 'eof') throw new TemplateError();
    this.depth--;
    return { type, names, declares, expr, body, otherwise };
  }

  private closed(): Statement[] {
    const { body, end } = this.list();
    if (end.keyword !== 'end') throw new TemplateError();
    return body;
  }
}

function statementOf(code: string): Statement {
  const commands = new Commands(code);
  const { names, declares } = commands.variables();
  const expr = commands.pipeline();
  commands.finish();
  return names.length > 0 ? { type: 'assign', names, declares, expr } : { type: 'print', expr };
}

interface Token {
  kind: 'space' | 'text' | 'raw' | 'constant' | 'variable' | 'field' | 'number' | 'word' | 'mark';
  text: string;
}

const TOKEN =
  /(?<space>\s+)|(?<text>"(?:[^"\\\n]|\\.)*")|(?<raw>`[^`]*`)|(?<constant>'(?:[^'\\\n]|\\.)*')|(?<variable>\$[\p{L}\p{N}_]*)|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<number>[+-]?\.?\d[\w.]*)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<mark>:=|[=,|().])/uy;

function tokensOf(code: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < code.length) {
    const groups = TOKEN.exec(code)?.groups;
    if (!groups) throw new TemplateError();
    for (const [kind, text] of Object.entries(groups)) {
      if (text !== undefined) tokens.push({ kind: kind as Token['kind'], text });
    }
  }
  return tokens;
}

/** The commands of one action. */
class Commands {
  private readonly tokens: readonly Token[];
  private readonly depths = new WeakMap<Expr, number>();
  private next = 0;
  private depth = 0;

  constructor(code: string) {
    this.tokens = tokensOf(code.trim());
  }

  get done(): boolean {
    this.skipSpace();
    return this.next >= this.tokens.length;
  }

  finish(): void {
    if (!this.done) throw new TemplateError();
  }

  string(): string {
    this.skipSpace();
    const token = this.tokens[this.next++];
    if (token?.kind !== 'text' && token?.kind !== 'raw') throw new TemplateError();
    return unquoted(token);
  }

  /** The variables in front of `:=` or `=`. */
  variables(): { names: string[]; declares: boolean } {
    const start = this.next;
    const names: string[] = [];
    for (;;) {
      this.skipSpace();
      const token = this.tokens[this.next];
      if (token?.kind !== 'variable') break;
      this.next++;
      names.push(token.text);
      this.skipSpace();
      const mark = this.tokens[this.next]?.text;
      if (mark === ':=' || mark === '=') {
        this.next++;
        return { names, declares: mark === ':=' };
      }
      if (mark !== ',') break;
      this.next++;
    }
    this.next = start;
    return { names: [], declares: false };
  }

  pipeline(): Expr {
    if (this.depth++ > MAX_DEPTH) throw new TemplateError();
    let piped: Expr | undefined;
    for (;;) {
      piped = this.command(piped);
      if (!this.takes('|')) break;
    }
    this.depth--;
    return piped;
  }

  private command(piped: Expr | undefined): Expr {
    const operands: Expr[] = [];
    for (;;) {
      this.skipSpace();
      const token = this.tokens[this.next];
      if (!token || (token.kind === 'mark' && (token.text === '|' || token.text === ')'))) break;
      operands.push(this.operand(token));
    }
    const [first, ...args] = operands;
    if (!first) throw new TemplateError();
    if (piped) args.push(piped);
    if (first.type === 'call' && first.args.length === 0) return this.nested({ ...first, args }, args);
    if (args.length === 0) return first;
    if (first.type === 'field') return this.nested({ ...first, type: 'method', args }, [first, ...args]);
    // Only whoever runs it finds out that this is no function.
    return this.nested({ type: 'call', name: '', args: [first, ...args] }, [first, ...args]);
  }

  /** An expression made of others: long chains of fields and pipes nest, too. */
  private nested(expr: Expr, parts: readonly Expr[]): Expr {
    const depth = parts.reduce((most, part) => Math.max(most, this.depths.get(part) ?? 0), 0) + 1;
    if (depth > MAX_DEPTH) throw new TemplateError();
    this.depths.set(expr, depth);
    return expr;
  }

  private operand(token: Token): Expr {
    this.next++;
    let expr = this.term(token);
    for (;;) {
      const next = this.tokens[this.next];
      if (next?.kind !== 'field') return expr;
      this.next++;
      expr = this.nested({ type: 'field', of: expr, name: next.text.slice(1) }, [expr]);
    }
  }

  private term(token: Token): Expr {
    switch (token.kind) {
      case 'text':
      case 'raw':
        return { type: 'text', text: unquoted(token) };
      case 'number':
        return { type: 'number', text: token.text };
      case 'constant':
        return { type: 'constant' };
      case 'variable':
        return { type: 'variable', name: token.text };
      case 'field':
        return { type: 'field', of: { type: 'dot' }, name: token.text.slice(1) };
      case 'word':
        return /^(?:true|false|nil)$/.test(token.text)
          ? { type: 'constant' }
          : { type: 'call', name: token.text, args: [] };
    }
    if (token.text === '.') return { type: 'dot' };
    if (token.text !== '(') throw new TemplateError();
    const expr = this.pipeline();
    if (!this.takes(')')) throw new TemplateError();
    return expr;
  }

  private takes(mark: string): boolean {
    this.skipSpace();
    if (this.tokens[this.next]?.text !== mark) return false;
    this.next++;
    return true;
  }

  private skipSpace(): void {
    while (this.tokens[this.next]?.kind === 'space') this.next++;
  }
}

/** A string as Go writes it: what escapes stand for matters only where keys and templates could hold it. */
function unquoted({ kind, text }: Token): string {
  const inner = text.slice(1, -1);
  if (kind === 'raw') return inner;
  const known: Record<string, string> = { n: '\n', t: '\t', r: '\r' };
  return inner.replace(/\\(.)/g, (_, char: string) => known[char] ?? char);
}
