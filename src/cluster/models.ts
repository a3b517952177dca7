import { asMap, valueAt } from './workloads.ts';

/** The fields that a package's type declares, so that names are checked, with values that nobody has checked. */
export type Fields<T> = { readonly [K in keyof NonNullable<T>]?: unknown };

/**
 * The `spec` of an object, empty where it is no map. The type is that of a project's published model, where one is given; the
 * values are whatever the manifest holds.
 */
export function specOf<Model extends { spec?: unknown } = { spec: Record<string, unknown> }>({
  object,
}: {
  object: unknown;
}): Fields<Model['spec']> {
  return (asMap(valueAt(object, ['spec'])) ?? {}) as Fields<Model['spec']>;
}
