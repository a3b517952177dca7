import { asMap } from '../cluster/workloads.ts';

type Fields = Record<string, unknown>;

/** What of a value is kept: all of it, that it is there, or some of what is in it. */
type Kept = 'all' | 'presence' | { readonly list: boolean; readonly fields: Map<string, Kept> };

/**
 * A copy of a value that holds only what paths name: `spec.ports` keeps all of it, `[]` enters a list, `*` stands for every key, and
 * `{}` at the end keeps of a map that it is there, of anything else an empty text. Shares nothing that it changes with the value.
 */
export function project(value: unknown, paths: readonly string[]): Fields {
  let root = roots.get(paths);
  if (!root) {
    root = { list: false, fields: new Map() };
    for (const path of paths) add(root, path.split('.'));
    roots.set(paths, root);
  }
  return (keep(value, root) as Fields | undefined) ?? {};
}

const roots = new WeakMap<readonly string[], Exclude<Kept, string>>();

function add(into: Exclude<Kept, string>, [first = '', ...rest]: readonly string[]): void {
  const [, name = '', list, presence] = /^(.*?)(\[\])?(\{\})?$/.exec(first) ?? [];
  const known = into.fields.get(name);
  if (rest.length === 0 && list === undefined) {
    into.fields.set(name, presence === undefined ? 'all' : 'presence');
    return;
  }
  const next = typeof known === 'object' ? known : { list: list !== undefined, fields: new Map<string, Kept>() };
  into.fields.set(name, next);
  if (rest.length > 0) add(next, rest);
}

function keep(value: unknown, kept: Kept): unknown {
  if (value === null || value === undefined) return undefined;
  if (kept === 'all') return value;
  if (kept === 'presence') return asMap(value) ? {} : '';
  if (kept.list) {
    // Items that are no maps hold nothing that a path could name.
    return Array.isArray(value) ? value.map((item) => keepFields(asMap(item) ?? {}, kept.fields)) : undefined;
  }
  const map = asMap(value);
  const result = map && keepFields(map, kept.fields);
  return result && Object.keys(result).length > 0 ? result : undefined;
}

function keepFields(map: Fields, fields: ReadonlyMap<string, Kept>): Fields {
  const entries = Object.keys(map).flatMap((key) => {
    const kept = fields.get(key) ?? fields.get('*');
    const item = kept === undefined ? undefined : keep(map[key], kept);
    return item === undefined ? [] : [[key, item] as const];
  });
  return Object.fromEntries(entries);
}
