import { isUnknown } from '../../cluster/unknown.ts';
import { asMap, valueAt } from '../../cluster/workloads.ts';
import type { Path } from '../../resource.ts';
import { scalarPaths } from '../scalar-paths.ts';
import { isEncoded } from '../target.ts';
import { counterpart, type PrintedObject } from './output.ts';
import { type Change, isSameValue, overrideOf, type ValuesEntry } from './values.ts';

/** A question: which of the values makes what an object says at a path? */
export interface Question {
  object: PrintedObject;
  path: Path;
  /** What stands there. */
  value: unknown;
  /** The values that may be it, the likeliest first. */
  candidates: readonly ValuesEntry[];
  /** Also take a value that is only a part of what stands there, if no other one is. */
  parts: boolean;
}

/** A question: which values does a text that an object says at a path depend on? */
export interface DependencyQuestion {
  object: PrintedObject;
  path: Path;
  /** What stands there, a scalar. */
  value: unknown;
  /** What the template mentions there, the likeliest first. */
  used: readonly ValuesEntry[];
  /** What the control structures around it mention. */
  conditions: readonly ValuesEntry[];
  /** Other values may be in it, too. */
  computed: boolean;
}

interface Asked extends Question {
  answer(entry: ValuesEntry | undefined): void;
}

/** What a render with other values printed, or what helm said against them; `''` where it may not be asked again. */
export type Rerendered<Objects = readonly PrintedObject[]> = { objects: Objects } | { failure: string };

/** Renders with values above all others. */
type Render = (override: unknown) => Promise<Rerendered>;

/** How often a target is rendered again to find causes. Without one, the template's line is right, too. */
const MAX_RENDERS = 24;
/** How often a change of all values is tried again without those that the chart refuses. */
const MAX_EXPLORATIONS = 6;
/** How many candidates are tried one by one, where it isn't known which one it may be. */
const MAX_SINGLE = 4;
/** Characters of what helm says that are searched for values. */
const MAX_MESSAGE = 20_000;
/** How many dependencies of one value are told, and how many renders of a target look for them. */
const MAX_DEPENDENCIES = 5;
const MAX_DEPENDENCY_RENDERS = 8;

/**
 * Finds the value that causes what is rendered, by changing values and looking at what changes. A first render with nearly
 * all values changed, each in its own way, says which value may be it; a render with this one changed says whether it is.
 * Questions that come up at the same time share renders.
 */
export class Causes {
  private readonly objects: readonly PrintedObject[];
  private readonly entries: readonly ValuesEntry[];
  private readonly render: Render;
  private readonly literals: () => ReadonlySet<string>;
  private waiting: Asked[] = [];
  private working: Promise<void> | undefined;
  private explored: Promise<Exploration | undefined> | undefined;
  private readonly alone = new Map<string, Promise<Changed | undefined>>();
  private renders = 0;
  private dependencyRenders = 0;

  /** `literals` are the texts that the templates compare values with, as far as anyone can tell. */
  constructor(
    objects: readonly PrintedObject[],
    entries: readonly ValuesEntry[],
    render: Render,
    literals: () => ReadonlySet<string>,
  ) {
    this.objects = objects;
    this.entries = entries;
    this.render = render;
    this.literals = literals;
  }

  /** The value whose change changes exactly this; undefined where that can't be shown. Rejects only when aborted. */
  find(question: Question): Promise<ValuesEntry | undefined> {
    if (question.candidates.length === 0 || isUnknown(question.value)) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...question, answer: resolve });
      this.working ??= this.work();
      this.working.catch(reject);
    });
  }

  /**
   * The values whose change changes what stands there, those that are a part of it first, in their order there. Rejects only
   * when aborted.
   */
  async dependencies(question: DependencyQuestion): Promise<ValuesEntry[]> {
    if (question.computed) this.explored ??= this.explore();
    const exploration = await this.explored;
    const found = exploration && question.computed ? this.partsOf(question, exploration) : [];
    const untouched = (entry: ValuesEntry) =>
      exploration?.tests.of(entry) !== undefined &&
      exploration.changed.counterpart(question.object) !== undefined &&
      !this.hasChanged(question, exploration.changed);
    const tries = [
      // What was changed with all others, and made no difference, makes none by itself.
      ...question.used.filter((entry) => !untouched(entry)).map((entry) => ({ entry, off: false })),
      ...question.conditions.map((entry) => ({ entry, off: true })),
    ].filter(({ entry }) => !found.includes(entry));
    for (const { entry, off } of tries.slice(0, MAX_SINGLE)) {
      if (found.length >= MAX_DEPENDENCIES) break;
      const tests = new Tests();
      if (off || typeof entry.value === 'boolean') tests.addFlip(entry);
      else tests.add(entry);
      const isKnown = this.alone.has(JSON.stringify(tests.changes));
      if (!isKnown && this.dependencyRenders++ >= MAX_DEPENDENCY_RENDERS) break;
      const changed = await this.renderAlone(tests.changes);
      if (changed && this.hasChanged(question, changed)) found.push(entry);
    }
    const text = plainText(question.object, question.path, question.value) ?? '';
    const placeOf = ({ value }: ValuesEntry) => {
      const index = String(value).length > 1 ? text.indexOf(String(value)) : -1;
      return index === -1 ? text.length : index;
    };
    return found.sort((a, b) => placeOf(a) - placeOf(b)).slice(0, MAX_DEPENDENCIES);
  }

  /**
   * What says something else once this value does: the paths of scalars, an empty one for an object that is gone then; and the objects
   * that there would be then, or that would hold more. Undefined where the chart takes no other value. Rejects only when aborted.
   */
  async effects(entry: ValuesEntry): Promise<Effects | undefined> {
    for (const flip of typeof entry.value === 'boolean' ? [true] : [false, true]) {
      const tests = new Tests();
      if (flip) tests.addFlip(entry);
      else tests.add(entry);
      const changed = await this.renderAlone(tests.changes);
      if (changed) return changed.effects();
    }
    return undefined;
  }

  /** The values that can be recognised in what stands there once all are changed. */
  private partsOf({ object, path, value }: DependencyQuestion, { tests, changed }: Exploration): ValuesEntry[] {
    const other = changed.counterpart(object);
    const now = plainText(object, path, other && valueAt(other.document.value, path));
    const before = plainText(object, path, value);
    if (now === undefined || before === undefined || now === before) return [];
    return tests.all
      .filter(({ to }) => isUnmistakable(to))
      .map(({ entry, to }) => ({ entry, index: indexOfChange(now, to), was: indexOfChange(before, to) }))
      .filter(({ index, was }) => index !== -1 && was === -1)
      .sort((a, b) => a.index - b.index)
      .map(({ entry }) => entry);
  }

  private hasChanged({ object, path, value }: DependencyQuestion, changed: Changed): boolean {
    const other = changed.counterpart(object);
    return other !== undefined && !isSameValue(valueAt(other.document.value, path), value);
  }

  private async work(): Promise<void> {
    try {
      while (this.waiting.length > 0) await this.answerAll();
    } finally {
      // At once: whoever asks next, even before this promise is settled, starts anew.
      this.working = undefined;
    }
  }

  private async answerAll(): Promise<void> {
    // Whoever asks in the same breath shares the renders.
    await new Promise((resolve) => setImmediate(resolve));
    const asked = this.waiting;
    this.waiting = [];
    this.explored ??= this.explore();
    const exploration = await this.explored;
    const suspects = asked.map((question) => ({ question, entries: suspectsOf(question, exploration) }));
    const sure = suspects.filter(
      ({ question, entries }) => entries.length === 1 && isOnlyOne(question) && canJoin(entries[0]),
    );
    const confirmed = sure.length > 1 ? await this.confirm(sure) : new Map<Asked, ValuesEntry>();
    for (const { question, entries } of suspects) {
      question.answer(confirmed.get(question) ?? (await this.tryEach(question, entries)));
    }
  }

  /** Changes all values that the user's files hold, in a way that leaves conditions as they are. */
  private async explore(): Promise<Exploration | undefined> {
    const kinds = new Set(this.objects.map(({ document }) => asMap(document.value)?.kind));
    const literals = this.literals();
    // What decides whether something is printed would take with it all that depends on other values there.
    const decides = ({ value }: ValuesEntry) => typeof value === 'string' && (kinds.has(value) || literals.has(value));
    let entries = this.entries.filter(
      (entry) => entry.layer.own && typeof entry.value !== 'object' && canJoin(entry) && !decides(entry),
    );
    for (let i = 0; i < MAX_EXPLORATIONS; i++) {
      const tests = new Tests();
      for (const entry of entries) tests.add(entry);
      const changed = await this.rerender(tests.changes);
      if ('objects' in changed) {
        return { tests, changed: changed.objects };
      }
      const accepted = withoutRefused(tests.all, changed.failure);
      if (accepted.length === entries.length) return undefined;
      entries = accepted;
    }
    return undefined;
  }

  /** Changes what several questions suspect at once. */
  private async confirm(
    sure: readonly { question: Asked; entries: readonly ValuesEntry[] }[],
  ): Promise<Map<Asked, ValuesEntry>> {
    const confirmed = new Map<Asked, ValuesEntry>();
    const tests = new Tests();
    const planned = sure.flatMap(({ question, entries: [entry] }) =>
      entry ? [{ question, test: tests.add(entry) }] : [],
    );
    const changed = await this.renderWith(tests.changes);
    if (!changed) return confirmed;
    for (const { question, test } of planned) {
      if (arrives(question, test, changed)) confirmed.set(question, test.entry);
    }
    return confirmed;
  }

  /** Changes one value at a time, and nothing else. */
  private async tryEach(question: Question, entries: readonly ValuesEntry[]): Promise<ValuesEntry | undefined> {
    const found: ValuesEntry[] = [];
    for (const entry of entries.slice(0, MAX_SINGLE)) {
      const tests = new Tests();
      const test = typeof entry.value === 'boolean' ? tests.addFlip(entry) : tests.add(entry);
      const changed = await this.renderAlone(tests.changes);
      if (!changed || !arrives(question, test, changed)) continue;
      if (isSameValue(entry.value, question.value)) return entry;
      found.push(entry);
    }
    return found.length === 1 && entries.length <= MAX_SINGLE ? found[0] : undefined;
  }

  /** One change shows all that it causes: the next question about it needs no render. */
  private renderAlone(changes: readonly Change[]): Promise<Changed | undefined> {
    const key = JSON.stringify(changes);
    let changed = this.alone.get(key);
    if (!changed) {
      changed = this.renderWith(changes);
      this.alone.set(key, changed);
    }
    return changed;
  }

  private async renderWith(changes: readonly Change[]): Promise<Changed | undefined> {
    const rerendered = await this.rerender(changes);
    return 'objects' in rerendered ? rerendered.objects : undefined;
  }

  private async rerender(changes: readonly Change[]): Promise<Rerendered<Changed>> {
    if (this.renders >= MAX_RENDERS || changes.length === 0) return { failure: '' };
    this.renders++;
    const rerendered = await this.render(overrideOf(changes, this.entries));
    return 'objects' in rerendered ? { objects: new Changed(this.objects, rerendered.objects) } : rerendered;
  }
}

/** What a change of values makes different. */
export interface Effects {
  changed: { object: PrintedObject; path: Path }[];
  more: PrintedObject[];
}

/** What a chart prints once values are changed. */
class Changed {
  private readonly before: ReadonlyMap<string, number>;
  private readonly after: ReadonlyMap<string, number>;
  private readonly earlier: readonly PrintedObject[];
  private readonly objects: readonly PrintedObject[];

  constructor(before: readonly PrintedObject[], objects: readonly PrintedObject[]) {
    this.earlier = before;
    this.before = countBySource(before);
    this.after = countBySource(objects);
    this.objects = objects;
  }

  /** What became of an object; undefined where its template prints more or fewer now: then nobody knows which one it is. */
  counterpart(object: PrintedObject): PrintedObject | undefined {
    const { source } = object.piece;
    return this.before.get(source) === this.after.get(source) ? counterpart(object, this.objects) : undefined;
  }

  /** All that is different now. */
  effects(): Effects {
    const effects: Effects = { changed: [], more: [] };
    const met = new Set<PrintedObject>();
    for (const object of this.earlier) {
      const id = identityOf(object);
      const now = this.objects.find((other) => !met.has(other) && identityOf(other) === id) ?? this.counterpart(object);
      if (!now || met.has(now)) {
        effects.changed.push({ object, path: [] });
        continue;
      }
      met.add(now);
      const [before, after] = [object.document.value, now.document.value];
      for (const path of scalarPaths(before)) {
        if (!isSameValue(valueAt(after, path), valueAt(before, path))) effects.changed.push({ object, path });
      }
      if (scalarPaths(after).some((path) => valueAt(before, path) === undefined)) effects.more.push(now);
    }
    effects.more.push(...this.objects.filter((object) => !met.has(object)));
    return effects;
  }
}

function identityOf({ piece, document }: PrintedObject): string {
  const { kind, metadata } = asMap(document.value) ?? {};
  return JSON.stringify([piece.source, kind, asMap(metadata)?.namespace, asMap(metadata)?.name]);
}

function countBySource(objects: readonly PrintedObject[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { piece } of objects) counts.set(piece.source, (counts.get(piece.source) ?? 0) + 1);
  return counts;
}

interface Exploration {
  tests: Tests;
  changed: Changed;
}

/**
 * The values that helm, or the chart, has nothing against: a message names the value that it doesn't know, then all of that
 * name go; or the one that isn't of its type. A boolean that became text breaks functions that insist on booleans.
 */
function withoutRefused(tests: readonly Test[], failure: string): ValuesEntry[] {
  const start = Math.max(0, failure.indexOf('Error: '));
  const message = failure.slice(start, start + MAX_MESSAGE);
  const refused = new Set(
    tests.filter(({ to }) => indexOfChange(message, to) !== -1).map(({ entry }) => entry.path.at(-1)),
  );
  const mentioned = [...message.matchAll(/(?<![\w.$])[\w.$]*?\.Values\.([\w.]+)>/g)].map(([, dotted = '']) => dotted);
  const isRefused = ({ path, value }: ValuesEntry) =>
    refused.has(path.at(-1)) ||
    mentioned.some((dotted) => path.join('.').endsWith(dotted)) ||
    typeof value === 'boolean';
  return tests.map(({ entry }) => entry).filter((entry) => !isRefused(entry));
}

/** What a path of an object says as text; what a Secret's `data` encodes is decoded. */
function plainText(object: PrintedObject, path: Path, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'object') return undefined;
  const text = String(value);
  return isEncoded(object.document.value, path) ? Buffer.from(text, 'base64').toString('utf8') : text;
}

/** Whether a changed value can't be the outcome of a calculation with another one. */
function isUnmistakable(to: unknown): boolean {
  return typeof to === 'string' && !/^\d+$/.test(to);
}

/** Where the part of a changed value by which it can be recognised stands in a text, in whatever case; -1 where it doesn't. */
function indexOfChange(text: string, to: unknown): number {
  const token = /(?:lint|[\d.]*\.)?\d+$/.exec(String(to).slice(-40))?.[0];
  return token === undefined ? -1 : text.search(new RegExp(`(?<!\\d)${token.replaceAll('.', '\\.')}(?!\\d)`, 'i'));
}

/** The candidates that are worth a render. */
function suspectsOf(question: Question, exploration: Exploration | undefined): ValuesEntry[] {
  const object = exploration?.changed.counterpart(question.object);
  const isGone = valueAt(object?.document.value, question.path) === undefined;
  return question.candidates.filter((entry) => {
    const test = exploration?.tests.of(entry);
    // What wasn't changed, or is printed no more, may come from here as well as from anywhere else.
    return !exploration || isGone || !test || arrives(question, test, exploration.changed);
  });
}

/** Whether nothing else in the values could be mistaken for what stands there. */
function isOnlyOne({ candidates, value }: Question): boolean {
  return candidates.filter((entry) => isSameValue(entry.value, value)).length === 1;
}

/** Whether a changed value stands where the question asks. */
function arrives(question: Question, { entry, below, to }: Test, changed: Changed): boolean {
  const object = changed.counterpart(question.object);
  const now = object && valueAt(object.document.value, question.path);
  if (now === undefined || isSameValue(now, question.value)) return false;
  if (isSameValue(entry.value, question.value) || isTemplate(entry.value)) return isSameValue(valueAt(now, below), to);
  return question.parts && typeof now === 'string' && typeof to !== 'boolean' && now.includes(String(to));
}

/** Whether a value is text that the chart may render with `tpl`. */
export function isTemplate(value: unknown): boolean {
  return typeof value === 'string' && value.includes('{{');
}

/** What to expect of a changed value: `to` at the path `below` the value itself. */
interface Test {
  entry: ValuesEntry;
  below: Path;
  to: unknown;
}

/** Changes that can be told apart. */
class Tests {
  readonly changes: Change[] = [];
  readonly all: Test[] = [];
  private readonly byPath = new Map<string, Change>();

  add(entry: ValuesEntry): Test {
    const below = firstLeaf(entry.value);
    return this.change(entry, below, (n) => differentFrom(valueAt(entry.value, below), n));
  }

  /** Makes what counts as true in conditions count as false, and the other way round. */
  addFlip(entry: ValuesEntry): Test {
    return this.change(entry, [], (n) => flipped(entry.value, n));
  }

  /** What a value was changed to, undefined where it wasn't. */
  of(entry: ValuesEntry): Test | undefined {
    const below = firstLeaf(entry.value);
    const change = this.byPath.get(JSON.stringify([...entry.path, ...below]));
    return change && { entry, below, to: change.to };
  }

  private change(entry: ValuesEntry, below: Path, make: (n: number) => unknown): Test {
    const path = [...entry.path, ...below];
    const key = JSON.stringify(path);
    let change = this.byPath.get(key);
    if (!change) {
      change = { path, to: make(this.changes.length) };
      this.changes.push(change);
      this.byPath.set(key, change);
    }
    const test = { entry, below, to: change.to };
    this.all.push(test);
    return test;
  }
}

function flipped(value: unknown, n: number): unknown {
  if (typeof value === 'string') return value === '' ? differentFrom(value, n) : '';
  if (typeof value === 'number') return value === 0 ? differentFrom(value, n) : 0;
  return typeof value === 'boolean' ? !value : differentFrom(value, n);
}

/** Whether a value may be changed together with others: what counts as true stays true; a kind decides helm's order. */
function canJoin(entry: ValuesEntry | undefined): boolean {
  if (!entry) return false;
  const path = [...entry.path, ...firstLeaf(entry.value)];
  const leaf = valueAt(entry.value, firstLeaf(entry.value));
  return path.at(-1) !== 'kind' && typeof leaf !== 'object' && leaf !== false && leaf !== '' && leaf !== 0;
}

/** The path of the first scalar in a value, or of the value itself where it holds none. */
function firstLeaf(value: unknown): Path {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  for (const key of keys) {
    const item = (value as Record<string | number, unknown>)[key];
    if (item === null) continue;
    const below = firstLeaf(item);
    if (typeof item !== 'object' || below.length > 0) return [key, ...below];
  }
  return [];
}

/** Another value of the same type, the n-th, that functions which expect its form take, too. */
function differentFrom(value: unknown, n: number): unknown {
  // Templates may count up to a number: it mustn't be large.
  const number = 1009 + n;
  if (Array.isArray(value)) return [`lint${number}`];
  if (asMap(value)) return { [`lint${number}`]: 'x' };
  if (typeof value === 'number') return Number.isInteger(value) ? number : number + 0.5;
  // Whatever is no empty string counts as true in conditions, and this one can be recognised.
  if (typeof value !== 'string') return `lint${number}`;
  if (/^\d+$/.test(value)) return String(number);
  if (/^v?\d+(\.\d+)+$/.test(value)) return value.replace(/\d+$/, String(number));
  const prefix = /^([a-z][a-z0-9+.-]*:\/\/|\/)/.exec(value)?.[0] ?? '';
  return `${prefix}lint${number}`;
}
