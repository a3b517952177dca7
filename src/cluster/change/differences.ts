import { isDeepStrictEqual } from 'node:util';
import type { Path } from '../../resource.ts';
import { parseQuantity } from '../quota/quantity.ts';
import { holdsUnknown } from '../unknown.ts';
import { asMap } from '../workloads.ts';

/** Where two renders of one value surely differ for the API server too. */
export interface Difference {
  /** In the new value: the place of what changed or came, the parent of what went. Relative to what was compared. */
  path: Path;
  /** Keys, with the items of lists by their names: `containers[setup].image`. */
  shown: string;
  /** Undefined where it is new. */
  before: unknown;
  /** Undefined where it is gone. */
  after: unknown;
}

/**
 * Whether a value that one side alone has is certainly another than none: nothing fills it in, and none is not its default.
 * `path` leads there with the items of lists by their names, and ends with the key; empty values are never asked about.
 */
export type Alone = (path: Path, value: unknown) => boolean;

/** Places that a comparison passes over, as `Alone` gets them. */
export type Skip = (path: Path) => boolean;

/**
 * The first certain difference of two values as manifests write them. The API server compares after it has filled in defaults: what
 * may only be another spelling of the same, a default that is written on one side, a placeholder, an order that a merge keeps, is no
 * difference here.
 */
export function difference(before: unknown, after: unknown, alone: Alone, skip?: Skip): Difference | undefined {
  return compare(before, after, { real: [], named: [] }, { alone, ...(skip && { skip }) });
}

interface Place {
  /** In the new value. */
  real: Path;
  named: Path;
}

interface Ways {
  alone: Alone;
  skip?: Skip;
}

function compare(before: unknown, after: unknown, place: Place, ways: Ways): Difference | undefined {
  if (ways.skip?.(place.named) || isDeepStrictEqual(before, after)) return undefined;
  if (isEmpty(before) && isEmpty(after)) return undefined;
  const isSwitched = typeof before === 'boolean' && typeof after === 'boolean';
  if ((isEmpty(before) || isEmpty(after)) && !isSwitched) return onOneSide(before, after, place, ways);
  const [old, now] = [asMap(before), asMap(after)];
  if (old && now) return compareMaps(old, now, place, ways);
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, place, ways);
  const isOther = isScalar(before) && isScalar(after) && !isSameScalar(before, after, place.named);
  return isOther && !holdsUnknown(before) && !holdsUnknown(after) ? found(before, after, place) : undefined;
}

function onOneSide(before: unknown, after: unknown, place: Place, ways: Ways): Difference | undefined {
  const value = isEmpty(after) ? before : after;
  if (!holdsUnknown(value) && ways.alone(place.named, value)) {
    return isEmpty(after) ? found(before, undefined, parentOf(place)) : found(undefined, after, place);
  }
  // What is nothing by itself may hold something.
  return asMap(value) && place.named.length > 0
    ? compareMaps(asMap(before) ?? {}, asMap(after) ?? {}, place, ways)
    : undefined;
}

function compareMaps(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  place: Place,
  ways: Ways,
): Difference | undefined {
  for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
    const inside = child(place, key, key);
    const found = compare(own(before, key), own(after, key), inside, ways);
    if (found) return found;
  }
  return undefined;
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  place: Place,
  ways: Ways,
): Difference | undefined {
  const [old, now] = [byName(before), byName(after)];
  if (old && now) {
    for (const name of new Set([...now.keys(), ...old.keys()])) {
      const [was, is] = [old.get(name), now.get(name)];
      const real = is ? [...place.real, is.index] : place.real;
      const inside = { real, named: [...place.named, `[${name}]`] };
      if (was && is) {
        const found = compare(was.item, is.item, inside, ways);
        if (found) return found;
      } else if (!holdsUnknown(was?.item) && !holdsUnknown(is?.item)) {
        return { path: real, shown: show(inside.named), before: was?.item, after: is?.item };
      }
    }
    return undefined;
  }
  if (isReordered(before, after)) return undefined;
  if (before.length !== after.length) {
    return holdsUnknown(before) || holdsUnknown(after) ? undefined : found(before, after, place);
  }
  for (const [i, item] of after.entries()) {
    const found = compare(before[i], item, child(place, i, i), ways);
    if (found) return found;
  }
  return undefined;
}

/** The items of a list by their names, where each has one of its own, as the API server merges them. */
function byName(list: readonly unknown[]): Map<string, { item: unknown; index: number }> | undefined {
  const items = new Map<string, { item: unknown; index: number }>();
  for (const [index, item] of list.entries()) {
    const name = asMap(item)?.name;
    if (typeof name !== 'string' || items.has(name)) return undefined;
    items.set(name, { item, index });
  }
  return items;
}

/** Whether two lists hold the same in another order. Of plain words the order matters: arguments. */
function isReordered(before: readonly unknown[], after: readonly unknown[]): boolean {
  if (before.length !== after.length || !after.every((item) => asMap(item))) return false;
  const rest = [...before];
  return after.every((item) => {
    const at = rest.findIndex((other) => isDeepStrictEqual(other, item));
    if (at !== -1) rest.splice(at, 1);
    return at !== -1;
  });
}

function isSameScalar(before: unknown, after: unknown, path: Path): boolean {
  if (String(before) === String(after)) return true;
  if (!path.some((key) => AMOUNTS.has(String(key)))) return false;
  const amount = parseQuantity(before);
  return amount === undefined || amount === parseQuantity(after);
}

/** Keys whose values are quantities, which have many spellings. */
const AMOUNTS: ReadonlySet<string> = new Set([
  'requests',
  'limits',
  'hard',
  'capacity',
  'sizeLimit',
  'divisor',
  'overhead',
]);

/** What the API server keeps as nothing, or may: null, no text, no items, false and 0. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function found(before: unknown, after: unknown, { real, named }: Place): Difference {
  return { path: real, shown: show(named), before, after };
}

/** What is gone is told at its parent, by its own name. */
function parentOf({ real, named }: Place): Place {
  return { real: real.slice(0, -1), named };
}

function child({ real, named }: Place, key: string | number, name: string | number): Place {
  return { real: [...real, key], named: [...named, name] };
}

function own(map: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function show(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    if (key.startsWith('[')) return text + key;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}
