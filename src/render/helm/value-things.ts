import type { ValueUse } from './value-use.ts';

/** Something that a value may be. */
export type Thing = ValueThing | MadeThing | TextThing | typeof OTHER;

/** What no template can read values from: text, numbers, what functions make. */
export const OTHER = { type: 'other' } as const;

export interface TextThing {
  type: 'text';
  text: string;
}

/** What templates put into a map or list. */
export interface Contents {
  fields: Map<string, Value>;
  /** Under keys that aren't known, and the items of lists. */
  any: Value;
  /** Maps that were merged into it. */
  merged: Value;
}

export interface ValueThing extends Contents {
  type: 'value';
  use: ValueUse;
}

/** A map or list that a template makes: one for each place that makes some. */
export interface MadeThing extends Contents {
  type: 'made';
  whole: boolean;
}

/** All that something may be at any time. Nothing yet: it hasn't been reached. */
export type Value = Set<Thing>;

export function madeThing(): MadeThing {
  return { type: 'made', whole: false, fields: new Map(), any: new Set(), merged: new Set() };
}

/** The texts that a value may be, undefined where it may be something else. */
export function textsOf(value: Value): string[] | undefined {
  const texts: string[] = [];
  for (const thing of value) {
    if (thing.type !== 'text') return undefined;
    texts.push(thing.text);
  }
  return texts;
}

/** What a value may be, with all that was merged into it. */
export function withMerged(value: Value): Value {
  const found = new Set(value);
  // A set that grows is gone through to its end.
  for (const thing of found) if ('merged' in thing) addAll(found, thing.merged);
  return found;
}

export function union(values: readonly Value[]): Value {
  return new Set(values.flatMap((value) => [...value]));
}

export function addAll(into: Value, value: Iterable<Thing>): void {
  for (const thing of value) into.add(thing);
}
