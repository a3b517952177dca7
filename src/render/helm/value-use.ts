import { textsFrom } from './template-texts.ts';
import { type Expr, parseTemplate, type Statement, type TemplateTree } from './template-tree.ts';
import {
  addAll,
  type MadeThing,
  madeThing,
  OTHER,
  type TextThing,
  type Thing,
  textsOf,
  union,
  type Value,
  type ValueThing,
  withMerged,
} from './value-things.ts';

/** What the templates of a release do with one value: which keys of it they read by name, and whether they use it whole. */
export class ValueUse {
  /** The keys that are read by name. */
  readonly children = new Map<string, ValueUse>();
  /** It is printed, or goes to `range`, `with`, a definition, or a function that may look at any of its keys. */
  whole = false;
  readonly depth: number;

  constructor(depth = 0) {
    this.depth = depth;
  }
}

/** One chart of a release, as its templates see it: a subchart has one for each of its names. */
export interface Scope {
  /** What is done with its `.Values`; that of a subchart is a child of its parent's. */
  values: ValueUse;
  /** The texts of its templates, NOTES.txt and helpers included. */
  templates: readonly string[];
  /** Texts that `tpl` may be given: values and other files that hold actions. */
  texts: readonly string[];
  /** A library chart has definitions only. */
  library: boolean;
  subcharts: readonly { name: string; scope: Scope }[];
}

/**
 * Finds what the templates of a release read of their values, into the `values` of the scopes, by following values through
 * fields, variables, maps that templates make, and definitions. What isn't understood counts as read whole, and so does all
 * that might be: a branch that is never taken, a variable before it is assigned.
 */
export function followValues(root: Scope): void {
  new Follower(root).run();
}

/** A template or definition as it runs in one chart. */
interface Frame {
  scope: Running;
  body: readonly Statement[];
  /** What it is run with. */
  dot: Value;
  /** Variables by the statement that declares them, maps and lists by the expression that makes them. */
  variables: Map<Statement, Value[]>;
  made: Map<Expr, MadeThing>;
  /** What it prints, where that is one piece at most. */
  printed: Value;
  printsOne: boolean;
}

interface Running {
  scope: Scope;
  context: MadeThing;
  templates: Frame[];
  texts: Frame[];
  /** What `tpl` runs with. */
  tplDot: Value;
  definitions: Map<string, Frame[]>;
}

/** Where variables are looked up. */
interface Environment {
  frame: Frame;
  dot: Value;
  variables: ReadonlyMap<string, Value>;
}

/** Values nested deeper than this count as read whole: templates that walk trees would go on for ever. */
const MAX_DEPTH = 24;
/** More uses than this, or rounds, are not followed: then everything counts as read. */
const MAX_USES = 50_000;
const MAX_ROUNDS = 60;

/** Shared by all expressions that are it: what expressions are is never changed. */
const UNKNOWN: Value = new Set([OTHER]);

class Follower {
  private readonly root: Scope;
  private readonly scopes: Running[] = [];
  private readonly things = new Map<ValueUse, ValueThing>();
  private readonly trees = new Map<string, TemplateTree | undefined>();
  private readonly texts = new Map<string, TextThing>();
  private readonly textValues = new Map<string, Value>();
  /** Every definition of the release: helm lets all charts share them. */
  private readonly definitions = new Map<string, (readonly Statement[])[]>();
  private changed = false;

  constructor(root: Scope) {
    this.root = root;
  }

  run(): void {
    this.start(this.root);
    for (const running of this.scopes) this.finishStart(running);
    for (let round = 0; round === 0 || this.changed; round++) {
      if (round > MAX_ROUNDS || this.things.size > MAX_USES) {
        this.root.values.whole = true;
        return;
      }
      this.changed = false;
      for (const running of this.scopes) {
        for (const frame of running.templates) this.runFrame(frame);
        for (const frame of running.texts) this.runFrame(frame);
        // Definitions that are found on the way are run in this round, too.
        for (const frames of running.definitions.values()) for (const frame of frames) this.runFrame(frame);
      }
    }
  }

  private start(scope: Scope): Running {
    const context = madeThing();
    const running: Running = {
      scope,
      context,
      templates: [],
      texts: [],
      tplDot: new Set(),
      definitions: new Map(),
    };
    this.scopes.push(running);
    context.fields.set('Values', new Set([this.thingOf(scope.values)]));
    const subcharts = madeThing();
    for (const { name, scope: below } of scope.subcharts) {
      subcharts.fields.set(name, new Set([this.start(below).context]));
    }
    context.fields.set('Subcharts', new Set([subcharts]));
    for (const name of ['Chart', 'Release', 'Files', 'Capabilities', 'Template']) {
      context.fields.set(name, new Set([OTHER]));
    }
    return running;
  }

  private finishStart(running: Running): void {
    const { scope, context } = running;
    for (const text of scope.templates) {
      const tree = this.parse(text);
      if (!tree) readWhole(text, scope.values);
      if (tree && !scope.library) running.templates.push(frameOf(running, tree.body, new Set([context])));
    }
    for (const text of scope.texts) this.addText(text, running);
  }

  private parse(text: string): TemplateTree | undefined {
    // Charts bring the same library along, each its own copy.
    if (this.trees.has(text)) return this.trees.get(text);
    const tree = parseTemplate(text);
    this.trees.set(text, tree);
    for (const { name, body } of tree?.definitions ?? []) {
      const bodies = this.definitions.get(name);
      if (bodies) bodies.push(body);
      else this.definitions.set(name, [body]);
    }
    return tree;
  }

  /** Returns whether the text is a template. */
  private addText(text: string, running: Running): boolean {
    const tree = this.parse(text);
    if (!tree) return false;
    running.texts.push(frameOf(running, tree.body, running.tplDot));
    this.changed = true;
    return true;
  }

  private runFrame(frame: Frame): void {
    if (frame.dot.size > 0) this.runAll(frame.body, { frame, dot: frame.dot, variables: new Map([['$', frame.dot]]) });
  }

  private runAll(body: readonly Statement[], environment: Environment): void {
    let { variables } = environment;
    for (const statement of body) variables = this.runOne(statement, { ...environment, variables });
  }

  /** Returns the variables that what comes after it sees. */
  private runOne(statement: Statement, environment: Environment): Environment['variables'] {
    const { frame, variables } = environment;
    switch (statement.type) {
      case 'output':
        if (frame.printsOne) this.join(frame.printed, [this.textOf(statement.text.trim())]);
        return variables;
      case 'print': {
        const value = this.evaluate(statement.expr, environment);
        this.readAll(value);
        if (frame.printsOne) this.join(frame.printed, asText(value));
        return variables;
      }
      case 'template':
        this.include([statement.name], statement.arg && this.evaluate(statement.arg, environment), environment);
        return variables;
      case 'assign':
        return this.assign(statement, [this.evaluate(statement.expr, environment)], environment);
    }
    const value = this.evaluate(statement.expr, environment);
    const { type, names } = statement;
    if (type === 'with') this.useWhole(value, environment);
    const items = type === 'range' ? this.elements(value) : value;
    // With one variable, `range` sets it to the item; with two, to the key or index first.
    const given = type === 'range' && names.length === 2 ? [this.keysOf(value), items] : [items];
    const inside = names.length > 0 ? this.assign(statement, given, environment) : variables;
    const dot = type === 'if' ? environment.dot : items;
    this.runAll(statement.body, { frame, dot, variables: inside });
    this.runAll(statement.otherwise, { ...environment, variables: type === 'range' ? variables : inside });
    return variables;
  }

  private assign(
    statement: Extract<Statement, { names: string[] }>,
    values: readonly Value[],
    { frame, variables }: Environment,
  ): Environment['variables'] {
    if (!statement.declares) {
      for (const [i, name] of statement.names.entries()) {
        const cell = variables.get(name);
        if (cell) this.join(cell, values[i] ?? new Set());
      }
      return variables;
    }
    let cells = frame.variables.get(statement);
    if (!cells) {
      cells = statement.names.map(() => new Set());
      frame.variables.set(statement, cells);
    }
    const seen = new Map(variables);
    for (const [i, name] of statement.names.entries()) {
      const cell = cells[i] ?? new Set();
      this.join(cell, values[i] ?? new Set());
      seen.set(name, cell);
    }
    return seen;
  }

  private evaluate(expr: Expr, environment: Environment): Value {
    switch (expr.type) {
      case 'dot':
        return environment.dot;
      case 'variable':
        return environment.variables.get(expr.name) ?? new Set();
      case 'field':
        return this.field(this.evaluate(expr.of, environment), expr.name);
      case 'text':
      case 'number':
        return this.textValue(expr.text);
      case 'constant':
        return UNKNOWN;
      case 'method': {
        // `.Files.Get`, `.Capabilities.APIVersions.Has`, and those of `.Values` itself.
        const of = this.evaluate(expr.of, environment);
        if (![...of].every((thing) => thing === OTHER)) this.readAll(of);
        for (const arg of expr.args) this.readAll(this.evaluate(arg, environment));
        return UNKNOWN;
      }
      case 'call':
        return this.call(expr, environment);
    }
  }

  private call(expr: Extract<Expr, { type: 'call' }>, environment: Environment): Value {
    const args = expr.args.map((arg) => this.evaluate(arg, environment));
    const first = args[0] ?? new Set();
    const last = args.at(-1) ?? new Set();
    const name = expr.name.replace(/^must([A-Z])/, (_, letter: string) => letter.toLowerCase());
    switch (name) {
      case 'include':
        return this.includeCall(expr, args, environment);
      case 'tpl':
        this.readAll(first);
        this.join(environment.frame.scope.tplDot, args[1] ?? new Set());
        return UNKNOWN;

      // What may come out is one of the arguments.
      case 'default':
      case 'coalesce':
      case 'and':
      case 'or':
        return union(args);
      case 'ternary':
        return union(args.slice(0, 2));
      case 'required':
      case 'deepCopy':
      case 'initial':
      case 'rest':
      case 'reverse':
      case 'uniq':
      case 'compact':
        return last;
      case 'slice':
      case 'unset':
        return first;

      // Only whether there is something, and what type it has
      case 'not':
      case 'empty':
      case 'len':
      case 'kindOf':
      case 'kindIs':
      case 'typeOf':
      case 'typeIs':
      case 'typeIsLike':
      case 'fail':
        for (const arg of args.slice(0, -1)) this.readAll(arg);
        return UNKNOWN;

      case 'split':
      case 'splitList':
        return this.split(expr, args, environment);
      case 'dict':
        return this.dict(expr, args, environment);
      case 'list':
      case 'tuple':
        return this.dict(
          expr,
          args.flatMap((arg, i) => [this.textValue(`${i}`), arg]),
          environment,
        );
      case 'append':
      case 'push':
      case 'prepend':
        return this.listOf(expr, [this.elements(first), ...args.slice(1)], environment);
      case 'concat':
      case 'values':
        return this.listOf(
          expr,
          args.map((arg) => this.elements(arg)),
          environment,
        );
      case 'chunk':
        return this.listOf(expr, [last], environment);
      case 'first':
      case 'last':
        return this.elements(last);
      case 'keys':
        return this.listOf(
          expr,
          args.map((arg) => this.keysOf(arg)),
          environment,
        );

      case 'index':
      case 'get':
        return this.lookUpAll(first, args.slice(1), environment);
      case 'hasKey':
        this.lookUp(first, args[1] ?? new Set());
        return UNKNOWN;
      case 'dig': {
        const found = this.lookUpAll(last, args.slice(0, -2), environment);
        return union([found, args.at(-2) ?? new Set()]);
      }
      case 'pluck':
        return this.listOf(
          expr,
          args.slice(1).map((arg) => this.lookUp(arg, first)),
          environment,
        );
      case 'pick': {
        const made = this.made(expr, environment);
        for (const key of args.slice(1)) this.put(made, key, this.lookUp(first, key));
        return new Set([made]);
      }
      case 'omit':
        for (const key of args.slice(1)) this.lookUp(first, key);
        return first;
      case 'set':
        for (const thing of first) if ('fields' in thing) this.put(thing, args[1] ?? new Set(), args[2] ?? new Set());
        return first;
      case 'merge':
      case 'mergeOverwrite':
        for (const thing of first) {
          if (!('fields' in thing)) continue;
          for (const arg of args.slice(1)) this.joinInto(thing, thing.merged, arg);
        }
        return union(args);
      default:
        for (const arg of args) this.readAll(arg);
        return this.textFrom(name, args);
    }
  }

  private textFrom(name: string, args: readonly Value[]): Value {
    const known = args.map((arg) => textsOf(arg));
    const texts = known.every((own) => own !== undefined) ? textsFrom(name, known) : undefined;
    return new Set<Thing>(texts?.map((text) => this.textOf(text)) ?? [OTHER]);
  }

  /** Returns what the definition prints, where that is one text. */
  private includeCall(expr: Extract<Expr, { type: 'call' }>, args: readonly Value[], environment: Environment): Value {
    const [name, arg] = expr.args;
    const names = args[0] ?? new Set<Thing>();
    if (name && isTemplateFile(name)) {
      for (const frame of environment.frame.scope.templates) this.join(frame.dot, args[1] ?? new Set());
      return UNKNOWN;
    }
    const texts = textsOf(names);
    if (texts === undefined) this.readAll(names);
    if (names.size === 0) return new Set();
    return this.include(texts ?? this.definitions.keys(), arg && args[1], environment);
  }

  private include(names: Iterable<string>, arg: Value | undefined, { frame }: Environment): Value {
    const { definitions } = frame.scope;
    if (arg) this.useWhole(arg, { frame });
    const printed: Value = new Set();
    for (const name of names) {
      const frames = definitions.get(name) ?? [];
      definitions.set(name, frames);
      // A text that `tpl` is given may define more.
      const bodies = this.definitions.get(name)?.slice(frames.length) ?? [];
      frames.push(...bodies.map((body) => frameOf(frame.scope, body, new Set())));
      for (const called of frames) {
        this.join(called.dot, arg ?? new Set([OTHER]));
        addAll(printed, called.printsOne ? called.printed : [OTHER]);
      }
    }
    return printed;
  }

  private split(
    expr: Expr,
    [separator = new Set(), text = new Set()]: readonly Value[],
    environment: Environment,
  ): Value {
    const made = this.made(expr, environment);
    const separators = textsOf(separator);
    const texts = textsOf(text);
    if (texts && separators?.length === 1) {
      const parts = texts.flatMap((own) => own.split(separators[0] ?? ''));
      this.join(
        made.any,
        parts.map((part) => this.textOf(part)),
      );
    } else {
      this.readAll(text);
      this.join(made.any, UNKNOWN);
    }
    return new Set([made]);
  }

  private dict(expr: Expr, args: readonly Value[], environment: Environment): Value {
    const made = this.made(expr, environment);
    for (let i = 0; i < args.length; i += 2) this.put(made, args[i] ?? new Set(), args[i + 1] ?? new Set());
    return new Set([made]);
  }

  private listOf(expr: Expr, items: readonly Value[], environment: Environment): Value {
    const made = this.made(expr, environment);
    for (const item of items) this.joinInto(made, made.any, item);
    return new Set([made]);
  }

  private made(expr: Expr, { frame }: Pick<Environment, 'frame'>): MadeThing {
    let made = frame.made.get(expr);
    if (!made) {
      made = madeThing();
      frame.made.set(expr, made);
    }
    return made;
  }

  private put(thing: ValueThing | MadeThing, key: Value, value: Value): void {
    if (key.size === 0) return;
    const keys = textsOf(key);
    if (!keys) this.joinInto(thing, thing.any, value);
    for (const name of keys ?? []) {
      let field = thing.fields.get(name);
      if (!field) {
        field = new Set();
        thing.fields.set(name, field);
      }
      this.joinInto(thing, field, value);
    }
  }

  /** What stands at a path; all that lies on the way is used whole. */
  private lookUpAll(from: Value, path: readonly Value[], environment: Environment): Value {
    return path.reduce((value, key) => {
      this.useWhole(value, environment);
      return this.lookUp(value, key);
    }, from);
  }

  private lookUp(value: Value, key: Value): Value {
    const found: Value = new Set();
    for (const thing of key)
      addAll(found, thing.type === 'text' ? this.field(value, thing.text) : this.elements(value));
    return found;
  }

  private field(value: Value, name: string): Value {
    const found: Value = new Set();
    for (const thing of withMerged(value)) {
      if (!('fields' in thing)) {
        found.add(OTHER);
        continue;
      }
      // A method of .Values, which gives it back as a map
      if (name === 'AsMap') found.add(thing);
      else if (thing.type === 'value') addAll(found, this.child(thing.use, name));
      addAll(found, thing.fields.get(name) ?? []);
      addAll(found, thing.any);
    }
    return found;
  }

  private child(use: ValueUse, name: string): Value {
    if (use.whole) return UNKNOWN;
    let child = use.children.get(name);
    if (!child) {
      if (use.depth >= MAX_DEPTH) return this.readWholeUse(use);
      child = new ValueUse(use.depth + 1);
      use.children.set(name, child);
      this.changed = true;
    }
    return new Set([this.thingOf(child)]);
  }

  /** The items of lists, and what stands in maps under any key; values are used whole. */
  private elements(value: Value): Value {
    const found: Value = new Set();
    for (const thing of withMerged(value)) {
      if (!('fields' in thing)) {
        found.add(OTHER);
        continue;
      }
      if (thing.type === 'value') addAll(found, this.readWholeUse(thing.use));
      addAll(found, thing.any);
      for (const field of thing.fields.values()) addAll(found, field);
    }
    return found;
  }

  /** What the keys of a map may be; those of values may be any. */
  private keysOf(value: Value): Value {
    const found: Value = new Set();
    for (const thing of withMerged(value)) {
      if (thing.type === 'value') this.readWholeUse(thing.use);
      if (thing.type !== 'made' || thing.any.size > 0) found.add(OTHER);
      if ('fields' in thing) for (const key of thing.fields.keys()) found.add(this.textOf(key));
    }
    return found;
  }

  /**
   * Takes values for used whole that stand in what `with`, `index` or a definition is given, whatever is done with them there.
   * Not `.Values` itself: it is handed on like the context that holds it.
   */
  private useWhole(value: Iterable<Thing>, { frame }: Pick<Environment, 'frame'>, seen = new Set<Thing>()): void {
    for (const thing of value) {
      if (!('fields' in thing) || seen.has(thing)) continue;
      seen.add(thing);
      if (thing.type === 'value') {
        if (thing.use !== frame.scope.scope.values) this.readAll([thing]);
      } else if (!this.scopes.some(({ context }) => context === thing)) {
        for (const field of thing.fields.values()) this.useWhole(field, { frame }, seen);
        this.useWhole(thing.any, { frame }, seen);
        this.useWhole(thing.merged, { frame }, seen);
      }
    }
  }

  private readAll(value: Iterable<Thing>): void {
    for (const thing of value) {
      if (!('fields' in thing)) continue;
      if (thing.type === 'value') {
        if (thing.use.whole) continue;
        this.readWholeUse(thing.use);
      } else {
        if (thing.whole) continue;
        thing.whole = true;
        this.changed = true;
      }
      for (const field of thing.fields.values()) this.readAll(field);
      this.readAll(thing.any);
      this.readAll(thing.merged);
    }
  }

  private readWholeUse(use: ValueUse): Value {
    if (!use.whole) this.changed = true;
    use.whole = true;
    return UNKNOWN;
  }

  /** Adds to what a map or list holds; where it is read whole, so is what comes in. */
  private joinInto(thing: ValueThing | MadeThing, into: Value, value: Value): void {
    this.join(into, value);
    if (thing.type === 'made' ? thing.whole : thing.use.whole) this.readAll(value);
  }

  private join(into: Value, value: Iterable<Thing>): void {
    for (const thing of value) {
      if (into.has(thing)) continue;
      into.add(thing);
      this.changed = true;
    }
  }

  private thingOf(use: ValueUse): ValueThing {
    let thing = this.things.get(use);
    if (!thing) {
      thing = { type: 'value', use, fields: new Map(), any: new Set(), merged: new Set() };
      this.things.set(use, thing);
    }
    return thing;
  }

  private textValue(text: string): Value {
    let value = this.textValues.get(text);
    if (!value) {
      value = new Set([this.textOf(text)]);
      this.textValues.set(text, value);
    }
    return value;
  }

  private textOf(text: string): TextThing {
    let thing = this.texts.get(text);
    if (!thing) {
      thing = { type: 'text', text };
      this.texts.set(text, thing);
      // It may be a template for `tpl`.
      if (text.includes('{{')) {
        for (const running of this.scopes) {
          if (this.addText(text, running)) continue;
          readWhole(text, running.scope.values);
          // A format that makes a template of what it is given
          if (/\{\{[^}]*%[sv]/.test(text)) running.scope.values.whole = true;
        }
      }
    }
    return thing;
  }
}

function frameOf(scope: Running, body: readonly Statement[], dot: Value): Frame {
  return {
    scope,
    body,
    dot,
    variables: new Map(),
    made: new Map(),
    printed: new Set(),
    printsOne: piecesIn(body) <= 1,
  };
}

/** How many pieces a body prints at most: none, one, or more. */
function piecesIn(body: readonly Statement[]): number {
  let pieces = 0;
  for (const statement of body) {
    if (statement.type === 'print' || statement.type === 'output') pieces++;
    else if (statement.type === 'template') pieces += 2;
    else if (statement.type !== 'assign') {
      const inside = Math.max(piecesIn(statement.body), piecesIn(statement.otherwise));
      pieces += statement.type === 'range' ? inside * 2 : inside;
    }
  }
  return pieces;
}

/** What a printed value is afterwards. */
function asText(value: Value): Thing[] {
  return [...value].map((thing) => (thing.type === 'text' ? thing : OTHER));
}

/** Whether an expression names a template file by `.Template.BasePath`, to take the checksum of what it prints. */
function isTemplateFile(expr: Expr): boolean {
  if (expr.type === 'field') return expr.name === 'BasePath' || isTemplateFile(expr.of);
  return expr.type === 'call' && expr.args.some(isTemplateFile);
}

/** What a text that can't be read as a template seems to read, all of it whole. */
function readWhole(text: string, values: ValueUse): void {
  for (const [, dotted = ''] of text.matchAll(/\.Values\b((?:\.\w+)*)/g)) {
    let use = values;
    for (const name of dotted.split('.').slice(1)) {
      let child = use.children.get(name);
      if (!child) {
        child = new ValueUse(use.depth + 1);
        use.children.set(name, child);
      }
      use = child;
    }
    use.whole = true;
  }
}
