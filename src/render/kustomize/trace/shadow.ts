import type { At, Location, Path } from '../../../resource.ts';
import type { SourceFiles } from '../../../source.ts';
import { LineTable } from '../../../yaml/lines.ts';
import { YamlPositions } from '../../../yaml/positions.ts';
import { splitYaml } from '../../../yaml/split.ts';

/** A YAML document that stands in a file, or in a string of a document in a file. */
export interface Place {
  /** Absolute path. */
  file: string;
  /** Index of the document in the file. */
  document: number;
  /** The string that holds the YAML, and the index of the document in it. */
  within?: Within;
  /** What brought the document in, where that is more than a list of resources: the entry of a patch. */
  via?: Via;
}

/** A string that holds YAML, and one of the documents in it. */
export interface Within {
  path: Path;
  text: string;
  document: number;
  /** The string whose YAML `path` is one of, where it isn't the file's. */
  outer?: Within;
}

/** An entry of a kustomization that took part in a value without being its text. */
export interface Via {
  place: Place;
  path: Path;
  /** What it did, as a related place tells it; never a value. */
  message: string;
}

/** Where a value was written. */
export type Origin =
  /** `start`: where the value starts in the string at `path`, which a generator takes apart. */
  | { place: Place; path: Path; start?: number }
  /** A whole file, or one line of it, which `entry` made the value of a key. */
  | { file: string; line?: number; column?: number; entry: { place: Place; path: Path } };

/** An object that remembers of each of its values where it was written. */
export type Shadow = ShadowMap | ShadowList | ShadowScalar;

interface Past {
  /** What stood there before it was overwritten. */
  was?: Shadow;
  /** What else took part in it, the latest last. */
  via?: readonly Via[];
  /** Where its key stands, if that isn't where the value was written: what copies a value leaves the key. */
  key?: Origin;
  /** The first version of kustomize that puts it there; older ones leave what was. */
  since?: string;
}

/** A stretch of a text that was copied from another. */
export interface Part {
  start: number;
  end: number;
  from: ShadowScalar;
  /** Where it starts in the other text; absent where the two are encoded differently. */
  at?: number;
}

export interface ShadowMap extends Past {
  type: 'map';
  entries: Map<string, Shadow>;
  origin: Origin;
}

export interface ShadowList extends Past {
  type: 'list';
  items: Shadow[];
  origin: Origin;
}

/** Places of one object that hold the same node. */
export interface Sharing {
  places: { map: ShadowMap; key: string }[];
}

export interface ShadowScalar extends Past {
  type: 'scalar';
  value: string | number | boolean | null;
  origin: Origin;
  /** Of a text that was put together, all of it from its start to its end. */
  parts?: readonly Part[];
  /** Where in such a text the part starts that counts. */
  focus?: number;
  /** To kustomize it is one node with what stands in other places of the object: they change together. */
  shared?: Sharing;
}

/** The shadow of a parsed document, or of a value in it. */
export function shadowOf(value: Record<string, unknown>, place: Place, path: Path): ShadowMap;
export function shadowOf(value: unknown, place: Place, path: Path): Shadow;
export function shadowOf(value: unknown, place: Place, path: Path): Shadow {
  return shadowBy(value, (at) => ({ place, path: at }), path);
}

/** The shadow of a value, written where `originOf` says of each path in it; `path` is its own. */
export function shadowBy(value: Record<string, unknown>, originOf: (path: Path) => Origin, path: Path): ShadowMap;
export function shadowBy(value: unknown, originOf: (path: Path) => Origin, path: Path): Shadow;
export function shadowBy(value: unknown, originOf: (path: Path) => Origin, path: Path): Shadow {
  const origin = originOf(path);
  if (Array.isArray(value)) {
    return { type: 'list', items: value.map((item, i) => shadowBy(item, originOf, [...path, i])), origin };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([key, item]) => [key, shadowBy(item, originOf, [...path, key])] as const,
    );
    return { type: 'map', entries: new Map(entries), origin };
  }
  return { type: 'scalar', value: scalarOf(value), origin };
}

function scalarOf(value: unknown): ShadowScalar['value'] {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** A scalar that something other than a document made. */
export function scalar(value: ShadowScalar['value'], origin: Origin): ShadowScalar {
  return { type: 'scalar', value, origin };
}

/** Sets an entry of a map; the new value remembers the one that stood there. */
export function overwrite(map: ShadowMap, key: string, value: Shadow): void {
  const own = map.entries.get(key);
  // What one entry sets twice overwrites what stood there before.
  const isSame = own?.origin === value.origin && own.type === 'scalar' && value.type === 'scalar';
  const was = isSame && own.value === value.value ? own.was : own;
  map.entries.set(key, was && own !== value ? { ...value, was } : value);
}

/**
 * Sets an entry of a map as kustomize does it in place: whatever shares the node that stands there gets the value, too (FieldSetter
 * of kyaml).
 */
export function overwriteShared(map: ShadowMap, key: string, value: Shadow): void {
  const own = map.entries.get(key);
  const shared = own?.type === 'scalar' ? own.shared : undefined;
  const places = (shared?.places ?? []).filter((place) => {
    const there = place.map.entries.get(place.key);
    return there?.type === 'scalar' && there.shared === shared;
  });
  // A copy shares nothing.
  const isOne = places.some((place) => place.map.entries === map.entries && place.key === key);
  if (!shared || !isOne || value.type !== 'scalar') overwrite(map, key, value);
  else for (const place of places) overwrite(place.map, place.key, { ...value, shared });
}

/** A copy for another place, which it gets to by `via`. */
export function broughtBy(via: Via, shadow: Shadow): Shadow {
  const copy = { ...shadow, via: [...(shadow.via ?? []), via] };
  if (copy.type === 'map') {
    return { ...copy, entries: new Map([...copy.entries].map(([key, item]) => [key, broughtBy(via, item)])) };
  }
  return copy.type === 'list' ? { ...copy, items: copy.items.map((item) => broughtBy(via, item)) } : copy;
}

/** Where a character of a text was written: the text that it was copied from, and the place there if it is known. */
export function writtenAt(shadow: Shadow, offset: number): { shadow: Shadow; offset: number | undefined } {
  const parts = shadow.type === 'scalar' ? shadow.parts : undefined;
  if (!parts) return { shadow, offset };
  const part = parts.find(({ start, end }) => start <= offset && offset < end);
  if (!part) return { shadow, offset: undefined };
  return part.at === undefined
    ? { shadow: part.from, offset: undefined }
    : writtenAt(part.from, part.at + offset - part.start);
}

/** An empty map that something other than a document made. */
export function emptyMap(origin: Origin): ShadowMap {
  return { type: 'map', entries: new Map(), origin };
}

const TRUE = /^(y|yes|on)$/i;
const FALSE = /^(n|no|off)$/i;

/**
 * The key of a map's entry that kustomize knows by this key. It keeps an unquoted `yes` as the string that it is to YAML 1.2; to
 * kubectl, and to our reader of sources, it is `true`.
 */
export function keyIn({ entries }: ShadowMap, key: string): string {
  if (entries.has(key)) return key;
  const read = TRUE.test(key) ? 'true' : FALSE.test(key) ? 'false' : key;
  return entries.has(read) ? read : key;
}

/** An entry of a map by the key that kustomize prints. */
export function entryOf(map: ShadowMap, key: string): Shadow | undefined {
  return map.entries.get(keyIn(map, key));
}

/** Whether kustomize prints this text for what our reader of sources takes for a boolean. */
export function isPrinted(written: boolean, text: string): boolean {
  return (written ? TRUE : FALSE).test(text);
}

/** The shadow at a path, undefined where the path leaves the object. */
export function shadowAt(shadow: Shadow | undefined, path: Path): Shadow | undefined {
  let current = shadow;
  for (const key of path) {
    if (current?.type === 'map') current = current.entries.get(String(key));
    else if (current?.type === 'list') current = current.items[Number(key)];
    else return undefined;
  }
  return current;
}

/** The map at a path of keys; those that are missing are made, as written by `origin`. Undefined where something else stands there. */
export function mapAt(shadow: ShadowMap, keys: readonly string[], origin: Origin): ShadowMap | undefined {
  let current = shadow;
  for (const key of keys) {
    let next = current.entries.get(key);
    if (!next || (next.type === 'scalar' && next.value === null)) {
      next = emptyMap(origin);
      current.entries.set(key, next);
    }
    if (next.type !== 'map') return undefined;
    current = next;
  }
  return current;
}

/** The string at a path, undefined where there is none. */
export function stringAt(shadow: Shadow | undefined, path: Path): string | undefined {
  const found = shadowAt(shadow, path);
  return found?.type === 'scalar' && typeof found.value === 'string' ? found.value : undefined;
}

/** A copy of which nothing is shared, so that later steps change one of them only. */
export function copyOf(shadow: Shadow): Shadow {
  switch (shadow.type) {
    case 'map':
      return { ...shadow, entries: new Map([...shadow.entries].map(([key, item]) => [key, copyOf(item)])) };
    case 'list':
      return { ...shadow, items: shadow.items.map(copyOf) };
    case 'scalar':
      return { ...shadow };
  }
}

/** The line and column where something, or a character of a string, was written; only the file where they aren't certain. */
export function locationOf(origin: Origin, at: At, sources: SourceFiles, offset?: number): Location {
  if ('entry' in origin) {
    if (at === 'key') return locationOf(origin.entry, at, sources);
    const { file } = sources.whole(origin.file);
    const { line, column } = offset === undefined ? origin : charOf(origin, sources.text(origin.file), offset);
    return { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) };
  }
  const { place, path } = origin;
  if (!place.within && offset !== undefined) {
    const { location, exact } = sources.find(place.file, place.document, path, at);
    const start = origin.start ?? 0;
    return exact ? sources.locateWithin(place.file, place.document, path, start + offset) : { file: location.file };
  }
  if (!place.within) {
    const { location, exact } = sources.find(place.file, place.document, path, at);
    return exact ? location : { file: location.file };
  }
  let { within } = place;
  let start = offsetIn(within, path, at);
  while (within.outer) {
    start = start === undefined ? undefined : offsetOfChar(within.outer, within.path, start);
    within = within.outer;
  }
  return start === undefined
    ? sources.locate(place.file, place.document, within.path)
    : sources.locateWithin(place.file, place.document, within.path, start);
}

/** A character of the value that a file, or the rest of one of its lines, became. */
function charOf(
  { line, column }: { line?: number; column?: number },
  text: string,
  offset: number,
): { line?: number; column?: number } {
  if (line === undefined) return new LineTable(text).at(offset);
  return column === undefined ? { line } : { line, column: column + offset };
}

/** Where a path of YAML that is written in a string stands in that string. */
function offsetIn(within: Within, path: Path, at: At): number | undefined {
  const place = positionsIn(within)?.find(path, at);
  return place?.exact ? place.offset : undefined;
}

/** Where a character of a string stands in the string whose YAML holds it. */
function offsetOfChar(within: Within, path: Path, offset: number): number | undefined {
  const place = positionsIn(within)?.within(path, offset);
  if (!place || !('lines' in place)) return place?.offset;
  const { line } = new LineTable(within.text).at(place.offset);
  const before = within.text.split('\n').slice(0, line - 1 + place.lines);
  return before.join('\n').length + (before.length > 0 ? 1 : 0) + place.column - 1;
}

function positionsIn({ text, document }: Within): YamlPositions | undefined {
  const chunk = splitYaml(text)[document];
  if (!chunk || chunk.badSeparator) return undefined;
  try {
    return new YamlPositions(chunk);
  } catch {
    return undefined;
  }
}
