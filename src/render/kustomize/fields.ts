import type { Path } from '../../resource.ts';

/**
 * A field of a kustomization with the key as it is written. Go's JSON decoder, which kustomize reads with, takes keys in any
 * case.
 */
export function fieldOf(map: Record<string, unknown>, name: string): { key: string; value: unknown } | undefined {
  if (Object.hasOwn(map, name)) return { key: name, value: map[name] };
  const lower = name.toLowerCase();
  const key = Object.keys(map).find((candidate) => candidate.toLowerCase() === lower);
  return key === undefined ? undefined : { key, value: map[key] };
}

/** The items of a list field, each with its path; empty where the field is absent or no list. */
export function itemsOf(map: Record<string, unknown>, name: string, at: Path = []): { path: Path; value: unknown }[] {
  const field = fieldOf(map, name);
  if (!field || !Array.isArray(field.value)) return [];
  return field.value.map((value: unknown, i) => ({ path: [...at, field.key, i], value }));
}

/** A string field with its path; undefined where it is absent, empty, or no string. */
export function stringOf(
  map: Record<string, unknown>,
  name: string,
  at: Path = [],
): { path: Path; value: string } | undefined {
  const field = fieldOf(map, name);
  return typeof field?.value === 'string' && field.value !== ''
    ? { path: [...at, field.key], value: field.value }
    : undefined;
}
