import { isUnknown } from '../unknown.ts';

/** One way to meet a router's rule: all of it must hold. */
export interface RuleTerm {
  /** Lower case, without a trailing dot; undefined where every host will do, or a condition decides. */
  host?: string;
  path?: { type: 'Exact' | 'TextPrefix'; value: string };
  /** What else a request must meet, `!` in front where it must not, in the order of the alphabet: ``Method(`GET`)``. */
  conditions: readonly string[];
}

const LONGEST = 10_000;
const MOST_TERMS = 200;
const DEEPEST = 100;

/**
 * The ways to meet a rule of Traefik, v2 or v3 (pkg/rules, pkg/muxer): ``Host(`a`) && (Path(`/b`) || PathPrefix(`/c`))`` are two.
 * Undefined where it can't be read: a placeholder, a syntax error, more than a few hundred ways.
 */
export function parseRule(rule: unknown): readonly RuleTerm[] | undefined {
  if (typeof rule !== 'string' || rule.length > LONGEST || isUnknown(rule)) return undefined;
  const tokens = tokenize(rule);
  if (tokens === undefined) return undefined;
  try {
    return new Reader(tokens).read();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

class Unreadable extends Error {}

type Token = { type: 'operator'; text: string } | { type: 'name'; text: string } | { type: 'text'; text: string };

const TOKEN = /\s*(?:(&&|\|\||[!(),])|([A-Za-z]\w*)|`([^`]*)`|"((?:[^"\\]|\\.)*)")/y;

function tokenize(rule: string): Token[] | undefined {
  const tokens: Token[] = [];
  const end = rule.trimEnd().length;
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < end) {
    const match = pattern.exec(rule);
    if (!match) return undefined;
    const [, operator, name, raw, quoted] = match;
    if (operator !== undefined) tokens.push({ type: 'operator', text: operator });
    else if (name !== undefined) tokens.push({ type: 'name', text: name });
    else tokens.push({ type: 'text', text: raw ?? (quoted ?? '').replace(/\\(.)/g, '$1') });
  }
  return tokens;
}

/** Reads `||` of `&&` of matchers; negation is carried down to them, as Traefik does. */
class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  read(): readonly RuleTerm[] {
    const terms = this.#either(false);
    if (this.#next !== this.#tokens.length) throw new Unreadable();
    return terms;
  }

  #either(negated: boolean): readonly RuleTerm[] {
    if (++this.#depth > DEEPEST) throw new Unreadable();
    let terms = this.#both(negated);
    while (this.#accept('||')) {
      const more = this.#both(negated);
      terms = negated ? product(terms, more) : sum(terms, more);
    }
    this.#depth--;
    return terms;
  }

  #both(negated: boolean): readonly RuleTerm[] {
    let terms = this.#one(negated);
    while (this.#accept('&&')) {
      const more = this.#one(negated);
      terms = negated ? sum(terms, more) : product(terms, more);
    }
    return terms;
  }

  #one(negated: boolean): readonly RuleTerm[] {
    let not = negated;
    while (this.#accept('!')) not = !not;
    if (this.#accept('(')) {
      const terms = this.#either(not);
      this.#expect(')');
      return terms;
    }
    const name = this.#take('name');
    this.#expect('(');
    const values: string[] = [];
    if (!this.#accept(')')) {
      do values.push(this.#take('text'));
      while (this.#accept(','));
      this.#expect(')');
    }
    return matcher(name.toLowerCase(), values, not);
  }

  #accept(operator: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.type !== 'operator' || token.text !== operator) return false;
    this.#next++;
    return true;
  }

  #expect(operator: string): void {
    if (!this.#accept(operator)) throw new Unreadable();
  }

  #take(type: 'name' | 'text'): string {
    const token = this.#tokens[this.#next];
    if (token?.type !== type) throw new Unreadable();
    this.#next++;
    return token.text;
  }
}

const HOSTS = new Set(['host', 'hostheader', 'hostsni']);
const PATHS = new Map([
  ['path', 'Exact'],
  ['pathprefix', 'TextPrefix'],
] as const);

/** In v2 a matcher may have several values, of which one must hold, and `{name:pattern}` in a path is a pattern. */
function matcher(name: string, values: readonly string[], negated: boolean): readonly RuleTerm[] {
  if (values.length === 0) throw new Unreadable();
  const type = PATHS.get(name as 'path' | 'pathprefix');
  const isPattern = type !== undefined && values.some((value) => value.includes('{'));
  if (negated || isPattern || !(HOSTS.has(name) || type)) {
    const text = `${name}(${values.map((value) => `\`${value}\``).join(', ')})`;
    return [{ conditions: [negated ? `!${text}` : text] }];
  }
  return values.map((value) => {
    if (type) return { path: { type, value }, conditions: [] };
    return value === '*' ? { conditions: [] } : { host: value.toLowerCase().replace(/\.$/, ''), conditions: [] };
  });
}

function sum(left: readonly RuleTerm[], right: readonly RuleTerm[]): readonly RuleTerm[] {
  if (left.length + right.length > MOST_TERMS) throw new Unreadable();
  return [...left, ...right];
}

function product(left: readonly RuleTerm[], right: readonly RuleTerm[]): readonly RuleTerm[] {
  if (left.length * right.length > MOST_TERMS) throw new Unreadable();
  return left.flatMap((a) => right.map((b) => and(a, b)));
}

/** A second host or path beside the first is one more condition. */
function and(a: RuleTerm, b: RuleTerm): RuleTerm {
  const conditions = new Set([...a.conditions, ...b.conditions]);
  if (a.host !== undefined && b.host !== undefined && a.host !== b.host) conditions.add(`host(\`${b.host}\`)`);
  const { path = b.path } = a;
  if (a.path && b.path && (a.path.type !== b.path.type || a.path.value !== b.path.value)) {
    conditions.add(`${b.path.type === 'Exact' ? 'path' : 'pathprefix'}(\`${b.path.value}\`)`);
  }
  const host = a.host ?? b.host;
  return {
    ...(host === undefined ? {} : { host }),
    ...(path === undefined ? {} : { path }),
    conditions: [...conditions].sort(),
  };
}
