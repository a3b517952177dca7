import { isPattern, tamePattern } from '../../../tame-pattern.ts';
import { emptyMap, entryOf, keyIn, type Origin, overwrite, type Shadow, type ShadowList, scalar } from './shadow.ts';

/** A place in an object that a path leads to: what stands there, and how to put something else there. */
export interface Slot {
  value: Shadow;
  /** Whether nothing stood there, so that `value` is empty. */
  isNew: boolean;
  put(value: Shadow): void;
}

/**
 * The keys of a field path: `spec.containers.[name=web].image`, with `\.` and `[a.b]` for keys that hold dots
 * (SmarterPathSplitter of kyaml's utils).
 */
export function keysOfFieldPath(path: string): string[] {
  const parts = splitEscaped(path, '.');
  const keys: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    let key = parts[i] ?? '';
    if (key.startsWith('[') && !key.endsWith(']')) {
      while (i + 1 < parts.length && !key.endsWith(']')) key += `.${parts[++i]}`;
      if (!key.includes('=')) key = key.replace(/^[[\]]+|[[\]]+$/g, '');
    }
    keys.push(key);
  }
  return keys;
}

/** A path's parts, where a backslash keeps the delimiter that follows it (PathSplitter of kyaml's utils). */
export function splitEscaped(path: string, delimiter: string): string[] {
  const parts: string[] = [];
  for (const part of path.split(delimiter)) {
    const last = parts.at(-1);
    if (last?.endsWith('\\')) parts[parts.length - 1] = last.slice(0, -1) + delimiter + part;
    else parts.push(part);
  }
  if (parts.length > 1 && parts[0] === '') parts.shift();
  return parts;
}

/** The only value that the keys of a field path lead to; undefined where they lead nowhere (PathGetter of kyaml). */
export function lookUp(shadow: Shadow, keys: readonly string[]): Shadow | undefined {
  let current: Shadow | undefined = shadow;
  for (const key of keys.map((part) => part.trim()).filter((part) => part !== '')) {
    if (current?.type === 'list') current = itemAt(current, key);
    else if (current?.type === 'map') current = entryOf(current, key);
    else return undefined;
  }
  return current;
}

function itemAt({ items }: ShadowList, key: string): Shadow | undefined {
  if (key === '-') return items.at(-1);
  if (/^\+?\d+$/.test(key)) return items[Number(key)];
  const element = elementOf(key);
  return element && items.find((item) => textIn(item, element.field) === element.value);
}

/** The field and the value of `[name=web]`; no field for `[=web]`, an item that is text itself. */
function elementOf(key: string): { field: string; value: string } | undefined {
  if (!key.startsWith('[') || !key.endsWith(']')) return undefined;
  const equals = key.indexOf('=');
  return equals === -1 ? undefined : { field: key.slice(1, equals), value: key.slice(equals + 1, -1) };
}

function textIn(item: Shadow, field: string): string | undefined {
  const value = field === '' ? item : item.type === 'map' ? item.entries.get(field) : undefined;
  return value?.type === 'scalar' ? String(value.value) : undefined;
}

/** What stands at the end of a path that has to be made. */
export interface Made {
  type: Shadow['type'];
  /** What has it made. */
  origin: Origin;
}

/**
 * All places that the keys of a field path lead to (PathMatcher of kyaml). With `made`, those that are missing are made
 * where kustomize makes them.
 */
export function slotsAt(slot: Slot, keys: readonly string[], made: Made | undefined): Slot[] {
  const [key, ...rest] = keys;
  if (key === undefined) return [slot];
  const { value } = slot;
  if (value.type === 'map') {
    const known = keyIn(value, key);
    const own = value.entries.get(known);
    if (own) return slotsAt({ value: own, isNew: false, put: (other) => overwrite(value, known, other) }, rest, made);
    if (!made) return [];
    const inner = madeFor(rest[0], made);
    const put = (other: Shadow) => {
      value.entries.set(key, other);
    };
    put(inner);
    return slotsAt({ value: inner, isNew: true, put }, rest, made);
  }
  if (value.type !== 'list') return [];
  if (/^\+?\d+$/.test(key)) {
    const index = Number(key);
    const isNew = index === value.items.length && made !== undefined;
    if (isNew) value.items.push(madeFor(rest[0], made));
    return itemSlots(value, (_, i) => i === index, isNew).flatMap((item) => slotsAt(item, rest, made));
  }
  if (key === '*') return itemSlots(value, () => true).flatMap((item) => slotsAt(item, rest, made));
  const element = elementOf(key);
  if (!element) return [];
  const isMeant = matcherOf(element.value);
  const find = () => {
    const found = itemSlots(value, (item) => isMeant(textIn(item, element.field)));
    return element.field === '' ? found : found.flatMap((item) => slotsAt(item, rest, made));
  };
  const found = find();
  if (found.length > 0 || !made) return found;
  value.items.push(madeElement(element, made.origin));
  return find();
}

/** Longer values are matched by plain text only. */
const LONGEST = 253;

/** Tells what an item's field must match: a pattern that may stand anywhere in it. Nothing matches one that could take long. */
function matcherOf(pattern: string): (text: string | undefined) => boolean {
  if (!pattern.includes('.') && !isPattern(pattern)) return (text) => text?.includes(pattern) === true;
  const regex = tamePattern(pattern, LONGEST, 2);
  return (text) => regex !== undefined && text !== undefined && text.length <= LONGEST && regex.test(text);
}

function itemSlots(list: ShadowList, isMeant: (item: Shadow, i: number) => boolean, isNew = false): Slot[] {
  return list.items.flatMap((value, i) => {
    const put = (other: Shadow) => {
      list.items[i] = isNew ? other : { ...other, was: value };
    };
    return isMeant(value, i) ? [{ value, isNew, put }] : [];
  });
}

/** A list where the next key is one of a list's, else a map; at the end what has been asked for. */
function madeFor(next: string | undefined, { type, origin }: Made): Shadow {
  const isList = next === undefined ? type === 'list' : /^\+?\d+$/.test(next) || elementOf(next) !== undefined;
  if (isList) return { type: 'list', items: [], origin };
  return next === undefined && type === 'scalar' ? scalar(null, origin) : emptyMap(origin);
}

function madeElement({ field, value }: { field: string; value: string }, origin: Origin): Shadow {
  if (field === '') return scalar(value, origin);
  const element = emptyMap(origin);
  element.entries.set(field, scalar(value, origin));
  return element;
}
