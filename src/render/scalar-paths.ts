import type { Path } from '../resource.ts';

/** The paths of all scalars in a value but nulls, in their order; of one that is a scalar itself, the empty path. */
export function scalarPaths(value: unknown): Path[] {
  const paths: Path[] = [];
  add(value, [], paths);
  return paths;
}

/** The paths of everything in a value that holds something, the value itself left out: of what holds others before those. */
export function innerPaths(value: unknown): Path[] {
  const paths: Path[] = [];
  add(value, [], paths, paths);
  return paths.filter((path) => path.length > 0);
}

function add(value: unknown, path: Path, scalars: Path[], collections?: Path[]): void {
  if (typeof value !== 'object') {
    if (value !== undefined) scalars.push(path);
    return;
  }
  if (value === null) return;
  collections?.push(path);
  for (const [key, item] of Object.entries(value)) {
    add(item, [...path, Array.isArray(value) ? Number(key) : key], scalars, collections);
  }
}
