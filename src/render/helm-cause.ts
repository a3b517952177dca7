import { isUnknown } from '../cluster/unknown.ts';
import { asMap, valueAt } from '../cluster/workloads.ts';
import type { Path } from '../resource.ts';
import { counterpart, type PrintedObject } from './helm-output.ts';
import { type Change, isSamePath, isSameValue, overrideOf, type ValuesEntry } from './helm-values.ts';

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

/** How often a target is rendered again to find causes; the template's line is right, too. */
const MAX_RENDERS = 24;
/** How many candidates are tried one by one, where they can't be tried together. */
const MAX_SINGLE = 3;
const MAX_CANDIDATES = 40;

/**
 * Finds the value that causes what is rendered: it changes candidates, each in its own way, renders, and sees which change
 * arrives. Questions that come up at the same time share a render.
 */
export class Causes {
  private readonly objects: readonly PrintedObject[];
  private readonly entries: readonly ValuesEntry[];
  private readonly render: (override: unknown) => Promise<PrintedObject[] | undefined>;
  private waiting: Asked[] = [];
  private working: Promise<void> | undefined;
  private renders = 0;

  constructor(
    objects: readonly PrintedObject[],
    entries: readonly ValuesEntry[],
    render: (override: unknown) => Promise<PrintedObject[] | undefined>,
  ) {
    this.objects = objects;
    this.entries = entries;
    this.render = render;
  }

  /** The value whose change changes exactly this; undefined where that can't be shown. Rejects only when aborted. */
  find(question: Question): Promise<ValuesEntry | undefined> {
    if (question.candidates.length === 0 || isUnknown(question.value)) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...question, candidates: question.candidates.slice(0, MAX_CANDIDATES), answer: resolve });
      this.working ??= this.work().finally(() => {
        this.working = undefined;
      });
      this.working.catch(reject);
    });
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      // Whoever asks in the same breath shares the render.
      await new Promise((resolve) => setImmediate(resolve));
      const asked = this.waiting;
      this.waiting = [];
      const left: Asked[] = [];
      const together = asked.filter(({ candidates }) => candidates.some(({ value }) => value !== false));
      const answers = together.length > 0 ? await this.ask(together) : undefined;
      for (const question of asked) {
        const answer = answers?.get(question);
        if (answer) question.answer(answer);
        else left.push(question);
      }
      for (const question of left) question.answer(await this.askAlone(question, answers !== undefined));
    }
  }

  /** Changes the candidates of several questions at once. Undefined where that breaks the chart or makes other objects. */
  private async ask(questions: readonly Question[]): Promise<Map<Question, ValuesEntry> | undefined> {
    const tests = new Tests();
    const planned = questions.map((question) => ({
      question,
      tests: question.candidates.filter(({ value }) => value !== false).map((entry) => tests.add(entry)),
    }));
    const changed = await this.renderWith(tests.changes);
    if (!changed || !isSameShape(this.objects, changed)) return undefined;
    const answers = new Map<Question, ValuesEntry>();
    for (const { question, tests } of planned) {
      const found = causeIn(question, tests, changed);
      if (found) answers.set(question, found);
    }
    return answers;
  }

  /** Changes one candidate at a time: booleans, and what broke the chart when it was changed together with others. */
  private async askAlone(question: Question, wasAsked: boolean): Promise<ValuesEntry | undefined> {
    const single = question.candidates.filter(({ value }) => typeof value === 'boolean' || !wasAsked);
    for (const entry of single.slice(0, MAX_SINGLE)) {
      const tests = new Tests();
      const test = typeof entry.value === 'boolean' ? tests.addFlip(entry) : tests.add(entry);
      const changed = await this.renderWith(tests.changes);
      const found = changed && causeIn(question, [test], changed);
      if (found) return found;
    }
    return undefined;
  }

  private async renderWith(changes: readonly Change[]): Promise<PrintedObject[] | undefined> {
    if (this.renders >= MAX_RENDERS || changes.length === 0) return undefined;
    this.renders++;
    return this.render(overrideOf(changes, this.entries));
  }
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

  add(entry: ValuesEntry): Test {
    const below = firstLeaf(entry.value);
    return this.change(entry, below, (n) => differentFrom(valueAt(entry.value, below), n));
  }

  addFlip(entry: ValuesEntry): Test {
    return this.change(entry, [], () => entry.value !== true);
  }

  private change(entry: ValuesEntry, below: Path, make: (n: number) => unknown): Test {
    const path = [...entry.path, ...below];
    let change = this.changes.find((other) => isSamePath(other.path, path));
    if (!change) {
      change = { path, to: make(this.changes.length) };
      this.changes.push(change);
    }
    return { entry, below, to: change.to };
  }
}

/** The path of the first scalar in a value, or of the value itself where it holds none. */
function firstLeaf(value: unknown): Path {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  for (const key of keys) {
    const item = (value as Record<string | number, unknown>)[key];
    if (item !== null && (typeof item !== 'object' || firstLeaf(item).length > 0)) return [key, ...firstLeaf(item)];
  }
  return [];
}

/** Another value of the same type, the n-th, that functions which expect its form take, too. */
function differentFrom(value: unknown, n: number): unknown {
  const number = 30_007 + n;
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

/** The candidate whose change arrived at the question's path. */
function causeIn(
  question: Question,
  tests: readonly Test[],
  changed: readonly PrintedObject[],
): ValuesEntry | undefined {
  const object = counterpart(question.object, changed);
  if (!object) return undefined;
  const now = valueAt(object.document.value, question.path);
  const whole = tests.find(
    ({ entry, below, to }) =>
      isSameValue(entry.value, question.value) &&
      isSameValue(valueAt(now, below), to) &&
      !isSameValue(now, question.value),
  );
  if (whole || !question.parts) return whole?.entry;
  const texts = typeof now === 'string' ? [now] : [];
  const parts = tests.filter(({ to }) => typeof to !== 'boolean' && texts.some((text) => text.includes(String(to))));
  return parts.length === 1 ? parts[0]?.entry : undefined;
}

function isSameShape(a: readonly PrintedObject[], b: readonly PrintedObject[]): boolean {
  return a.length === b.length && a.every((object) => counterpart(object, b) !== undefined);
}
