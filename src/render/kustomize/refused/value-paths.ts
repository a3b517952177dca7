import { asMap } from '../../../cluster/workloads.ts';
import type { Path } from '../../../resource.ts';
import { fieldOf } from '../fields.ts';

/** Where something else stands on the way to a field than a map, through lists; the field itself must be none that has parts. */
export function scalarsOnTheWay(value: unknown, fields: readonly string[], at: Path): Path[] {
  if (Array.isArray(value)) {
    const isLast = fields.length === 0;
    return isLast ? [at] : value.flatMap((item: unknown, i) => scalarsOnTheWay(item, fields, [...at, i]));
  }
  const map = asMap(value);
  const [field, ...rest] = fields;
  if (field === undefined) return map ? [] : [at];
  if (!map) return value === null ? [] : [at];
  return Object.hasOwn(map, field) ? scalarsOnTheWay(map[field], rest, [...at, field]) : [];
}

/** The paths of every key of that name, at any depth. */
export function pathsOfKey(value: unknown, key: string, at: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const path = [...at, Array.isArray(value) ? Number(name) : name];
    return [...(name === key && !Array.isArray(value) ? [path] : []), ...pathsOfKey(item, key, path)];
  });
}

/** The paths of every string that is this text, at any depth. */
export function pathsOfText(value: unknown, text: string, at: Path): Path[] {
  if (value === text) return [at];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    pathsOfText(item, text, [...at, Array.isArray(value) ? Number(key) : key]),
  );
}

/** The fields in what Go calls a struct's field: later versions name the structs in between too. */
export function fieldsOf(name: string): string[] {
  return name
    .split('.')
    .slice(1)
    .filter((field) => !/^[A-Z]/.test(field));
}

/** The paths of every value of a JSON type, along the names of fields and through lists. */
export function pathsOfType(value: unknown, fields: readonly string[], type: string, at: Path): Path[] {
  if (Array.isArray(value) && fields.length > 0) {
    return value.flatMap((item: unknown, i) => pathsOfType(item, fields, type, [...at, i]));
  }
  const [field, ...rest] = fields;
  if (field === undefined) {
    if (jsonType(value) === type) return [at];
    if (Array.isArray(value)) return value.flatMap((item: unknown, i) => pathsOfType(item, [], type, [...at, i]));
    return Object.entries(asMap(value) ?? {}).flatMap(([key, item]) => pathsOfType(item, [], type, [...at, key]));
  }
  const found = fieldOf(asMap(value) ?? {}, field);
  return found ? pathsOfType(found.value, rest, type, [...at, found.key]) : [];
}

function jsonType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}
