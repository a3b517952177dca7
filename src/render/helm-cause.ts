import { isUnknown } from '../cluster/unknown.ts';
import { asMap, valueAt } from '../cluster/workloads.ts';
import type { Path } from '../resource.ts';
import { counterpart, type PrintedObject } from './helm-output.ts';
import { type Change, isSameValue, overrideOf, type ValuesEntry } from './helm-values.ts';

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

interface Asked extends Question {
  answer(entry: ValuesEntry | undefined): void;
}

/** Renders with values above all others; undefined where that fails. */
type Render = (override: unknown) => Promise<PrintedObject[] | undefined>;

/** How often a target is rendered again to find causes. Without one, the template's line is right, too. */
const MAX_RENDERS = 24;
/** How many candidates are tried one by one, where it isn't known which one it may be. */
const MAX_SINGLE = 4;

/**
 * Finds the value that causes what is rendered, by changing values and looking at what changes. A first render with nearly
 * all values changed, each in its own way, says which value may be it; a render with this one changed says whether it is.
 * Questions that come up at the same time share renders.
 */
export class Causes {
  private readonly objects: readonly PrintedObject[];
  private readonly entries: readonly ValuesEntry[];
  private readonly render: Render;
  private waiting: Asked[] = [];
  private working: Promise<void> | undefined;
  private explored: Promise<Exploration | undefined> | undefined;
  private readonly alone = new Map<string, Promise<PrintedObject[] | undefined>>();
  private renders = 0;

  constructor(objects: readonly PrintedObject[], entries: readonly ValuesEntry[], render: Render) {
    this.objects = objects;
    this.entries = entries;
    this.render = render;
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
    const own = this.entries.filter((entry) => entry.layer.own && typeof entry.value !== 'object' && canJoin(entry));
    // A boolean that became text breaks functions that insist on booleans: then it goes without them.
    for (const entries of [own, own.filter(({ value }) => typeof value !== 'boolean')]) {
      const tests = new Tests();
      for (const entry of entries) tests.add(entry);
      const changed = await this.renderWith(tests.changes);
      if (changed && isSameShape(this.objects, changed)) return { tests, changed };
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
    if (!changed || !isSameShape(this.objects, changed)) return confirmed;
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
  private renderAlone(changes: readonly Change[]): Promise<PrintedObject[] | undefined> {
    const key = JSON.stringify(changes);
    let changed = this.alone.get(key);
    if (!changed) {
      changed = this.renderWith(changes);
      this.alone.set(key, changed);
    }
    return changed;
  }

  private async renderWith(changes: readonly Change[]): Promise<PrintedObject[] | undefined> {
    if (this.renders >= MAX_RENDERS || changes.length === 0) return undefined;
    this.renders++;
    return this.render(overrideOf(changes, this.entries));
  }
}

interface Exploration {
  tests: Tests;
  changed: readonly PrintedObject[];
}

/** The candidates that are worth a render. */
function suspectsOf(question: Question, exploration: Exploration | undefined): ValuesEntry[] {
  return question.candidates.filter((entry) => {
    const test = exploration?.tests.of(entry);
    // What wasn't changed may be the cause as well as anything else.
    return !exploration || !test || arrives(question, test, exploration.changed);
  });
}

/** Whether nothing else in the values could be mistaken for what stands there. */
function isOnlyOne({ candidates, value }: Question): boolean {
  return candidates.filter((entry) => isSameValue(entry.value, value)).length === 1;
}

/** Whether a changed value stands where the question asks. */
function arrives(question: Question, { entry, below, to }: Test, changed: readonly PrintedObject[]): boolean {
  const object = counterpart(question.object, changed);
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
  private readonly byPath = new Map<string, Change>();

  add(entry: ValuesEntry): Test {
    const below = firstLeaf(entry.value);
    return this.change(entry, below, (n) => differentFrom(valueAt(entry.value, below), n));
  }

  addFlip(entry: ValuesEntry): Test {
    return this.change(entry, [], () => entry.value !== true);
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
    return { entry, below, to: change.to };
  }
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

function isSameShape(a: readonly PrintedObject[], b: readonly PrintedObject[]): boolean {
  return a.length === b.length && a.every((object) => counterpart(object, b) !== undefined);
}
