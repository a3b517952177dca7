import type { SourceFinding } from '../../../cluster/cluster.ts';
import { asMap, valueAt } from '../../../cluster/workloads.ts';
import type { Path } from '../../../resource.ts';
import { stringOf } from '../fields.ts';
import type { SourceObject } from '../trace/layers.ts';
import { directiveOf, isSameItem, type MergedKind, mergeKeysOf } from '../trace/merge.ts';
import { type Patch, selectionOf } from '../trace/patches.ts';
import { matches } from '../trace/select.ts';
import { type Shadow, type ShadowList, type ShadowMap, shadowOf } from '../trace/shadow.ts';
import { identityOf, identityOfValue } from '../trace/subject.ts';
import { type Layer, shown } from './judged-layer.ts';

/** The fields that identify an item of a list, with its own values. */
type Key = readonly (readonly [string, unknown])[];

/** The finding of a list in a patch that removes nothing, and where to look whether what it leaves is in the render. */
export interface Kept {
  finding: SourceFinding;
  kind: string;
  /** The name as the source writes it. */
  name: string;
  /** Fields, and the items of lists by their keys. */
  trail: readonly (string | Key)[];
  items: readonly Key[];
}

/** What a patch does to a list of one object. */
interface Fate {
  /** Where the list stands in the patch. */
  at: Path;
  trail: readonly (string | Key)[];
  keys: readonly string[];
  /** Items of the base that the patch doesn't name, where it leaves all others as they are; undefined where it changes some. */
  stay: readonly ShadowMap[] | undefined;
}

/**
 * Lists of a strategic merge patch that are empty, or only repeat what the object says already, while others of its items stay:
 * kustomize merges such lists by key and removes nothing (kyaml's merge2). A list that changes any of the objects that the patch
 * selects is none.
 */
export function keptLists(patch: Patch, stage: number, layer: Layer): Kept[] {
  const value = asMap(patch.document.value);
  if (patch.operations || !value || !hasList(value)) return [];
  const written = shadowOf(value, patch.place, []);
  const lists = new Map<string, { object: SourceObject; fate: Fate }>();
  const changed = new Set<string>();
  const isSelected = selectionOf(patch);
  for (const object of layer.objects) {
    const subject = mayBeSelected(object, patch, value) ? layer.before(stage, object) : undefined;
    if (!subject || !isSelected(subject)) continue;
    for (const fate of fatesOf(subject.shadow, written, identityOf(subject.shadow))) {
      const key = JSON.stringify(fate.at);
      if (!fate.stay) changed.add(key);
      else if (fate.stay.length > 0 && !lists.has(key)) lists.set(key, { object, fate });
    }
  }
  return [...lists].flatMap(([key, { object, fate }]) => {
    // What a Component repeats, another of its parents may not have.
    const list = valueAt(value, fate.at);
    const isEmpty = Array.isArray(list) && list.length === 0;
    return changed.has(key) || (layer.kustomization.component && !isEmpty) ? [] : [keptOf(object, fate, patch, layer)];
  });
}

/** Whether it is worth following an object: most that a patch selects are called as they were in the sources, or longer. */
function mayBeSelected(object: SourceObject, { target }: Patch, value: Record<string, unknown>): boolean {
  if (!target) {
    const { kind, name } = identityOfValue(value);
    return object.kind === kind && name.includes(object.name);
  }
  const name = stringOf(target, 'name')?.value;
  return (
    matches(stringOf(target, 'kind')?.value, object.kind) &&
    (name === undefined || !/^[\w.-]*$/.test(name) || name.includes(object.name))
  );
}

function keptOf(object: SourceObject, { at, trail, keys, stay = [] }: Fate, patch: Patch, layer: Layer): Kept {
  const field = String(at.at(-1));
  const items = stay.map((item) => keyOf(item, keys));
  const names = items.map((item) =>
    item.flatMap(([, value]) => (value === undefined ? [] : [String(value)])).join('/'),
  );
  const [first] = stay;
  const message =
    `kustomize merges ${field} by ${keys.join(' and ')} and removes nothing: ${names.join(', ')} ` +
    `${names.length === 1 ? 'stays' : 'stay'} in ${shown(object)}; take an item out with $patch: delete, or begin the list with $patch: replace`;
  return {
    finding: {
      rule: 'kustomize-list-kept',
      message,
      location: layer.locate({ place: patch.place, path: at }),
      ...(first && { related: [{ message: `${names[0]} comes from here`, location: layer.locate(first.origin) }] }),
    },
    kind: object.kind,
    name: object.name,
    trail,
    items,
  };
}

/** Whether some item that a list leaves is in the render: nothing else may have taken it out. */
export function staysIn({ kind, name, trail, items }: Kept, rendered: readonly unknown[]): boolean {
  return rendered.some((object) => {
    const map = asMap(object);
    const own = asMap(map?.metadata)?.name;
    if (map?.kind !== kind || typeof own !== 'string' || !own.includes(name)) return false;
    const list = trail.reduce(childAt, object);
    return Array.isArray(list) && items.some((key) => list.some((item) => hasKey(item, key)));
  });
}

function childAt(value: unknown, step: string | Key): unknown {
  if (typeof step === 'string') return asMap(value)?.[step];
  return Array.isArray(value) ? value.find((item) => hasKey(item, step)) : undefined;
}

function hasKey(item: unknown, key: Key): boolean {
  const map = asMap(item);
  return map !== undefined && key.every(([field, value]) => (map[field] ?? undefined) === value);
}

function keyOf(item: Shadow, keys: readonly string[]): Key {
  if (item.type !== 'map') return [];
  return keys.map((key) => {
    const value = item.entries.get(key);
    return [key, value?.type === 'scalar' ? (value.value ?? undefined) : undefined] as const;
  });
}

/** What a patch does to each list of an object that kustomize merges by key. */
function fatesOf(object: ShadowMap, patch: ShadowMap, kind: MergedKind): Fate[] {
  const fates: Fate[] = [];

  /** Whether the patch changes what stands there. */
  const compare = (
    own: Shadow | undefined,
    written: Shadow,
    names: string[],
    at: Path,
    trail: Fate['trail'],
  ): boolean => {
    if (written.type === 'list') {
      const keys = mergeKeysOf(names, kind);
      if (keys && keys.length > 0) return compareList(own, written, keys, names, at, trail);
    }
    if (written.type === 'map' && own?.type === 'map' && directiveOf(written) === undefined) {
      let changes = false;
      for (const [key, value] of written.entries) {
        if (compare(own.entries.get(key), value, [...names, key], [...at, key], [...trail, key])) changes = true;
      }
      return changes;
    }
    if (written.type === 'map') {
      for (const [key, value] of written.entries)
        compare(undefined, value, [...names, key], [...at, key], [...trail, key]);
    }
    return own === undefined ? !isNull(written) : !isEqual(own, written);
  };

  const compareList = (
    own: Shadow | undefined,
    written: ShadowList,
    keys: readonly string[],
    names: string[],
    at: Path,
    trail: Fate['trail'],
  ): boolean => {
    const items = own?.type === 'list' ? own.items : [];
    const matched = new Set<Shadow>();
    let changes = written.items.some((item) => item.type === 'map' && directiveOf(item) !== undefined);
    let repeats = true;
    for (const [i, item] of written.items.entries()) {
      const same = items.find((candidate) => isSameItem(candidate, item, keys));
      if (same) matched.add(same);
      const before = fates.length;
      if (compare(same, item, names, [...at, i], [...trail, keyOf(item, keys)])) changes = true;
      // An item that is there to reach a list in it says nothing of its own.
      const reaches = fates.slice(before).some(({ stay = [] }) => stay.length > 0);
      const isBare = item.type === 'map' && [...item.entries.keys()].every((key) => keys.includes(key));
      if (!same || (!isEqual(same, item) && (reaches || isBare))) repeats = false;
    }
    const rest = items.filter((item) => item.type === 'map').filter((item) => !matched.has(item));
    if (changes) fates.push({ at, trail, keys, stay: undefined });
    else if (repeats) fates.push({ at, trail, keys, stay: rest });
    return changes;
  };

  compare(object, patch, [], [], []);
  return fates;
}

function isNull(shadow: Shadow): boolean {
  return shadow.type === 'scalar' && shadow.value === null;
}

function isEqual(a: Shadow, b: Shadow): boolean {
  if (a.type === 'scalar') return b.type === 'scalar' && a.value === b.value;
  if (a.type === 'list') {
    return (
      b.type === 'list' && a.items.length === b.items.length && a.items.every((item, i) => isSame(item, b.items[i]))
    );
  }
  if (b.type !== 'map' || a.entries.size !== b.entries.size) return false;
  return [...a.entries].every(([key, value]) => isSame(value, b.entries.get(key)));
}

function isSame(a: Shadow, b: Shadow | undefined): boolean {
  return b !== undefined && isEqual(a, b);
}

/** Whether a value holds a list at all: few patches need a look at their objects. */
function hasList(value: unknown): boolean {
  if (Array.isArray(value)) return true;
  return Object.values(asMap(value) ?? {}).some(hasList);
}
