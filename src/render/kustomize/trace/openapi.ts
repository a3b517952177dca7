import { asMap } from '../../../cluster/workloads.ts';
import type { Path } from '../../../resource.ts';
import type { SourceFiles } from '../../../source.ts';
import { documentsOf, type Kustomization, readKustomization } from '../kustomization.ts';
import type { Identity } from './subject.ts';

/** An object's type, and a list in it by the fields that lead to it. */
export type MergeKeys = (
  type: Pick<Identity, 'group' | 'version' | 'kind'>,
  path: Path,
) => readonly string[] | undefined;

/** Documents that have been read, by their file's values. */
const known = new WeakMap<object, MergeKeys>();

/**
 * The keys by which lists of custom resources are merged, as the OpenAPI document says that `openapi` of the kustomization
 * names, or of the first that it takes in: kustomize takes one for all (SetSchema of kyaml's openapi). Undefined without one.
 */
export function customMergeKeys(root: Kustomization, sources: SourceFiles): MergeKeys | undefined {
  const file = schemaFile(root, sources, new Set());
  const value = file === undefined ? undefined : asMap(documentsOf(file, sources)?.[0]?.value);
  if (!value) return undefined;
  let keys = known.get(value);
  if (!keys) {
    keys = mergeKeysIn(asMap(value.definitions) ?? {});
    known.set(value, keys);
  }
  return keys;
}

function schemaFile(
  { realDirectory, entries }: Kustomization,
  sources: SourceFiles,
  seen: Set<string>,
): string | undefined {
  if (seen.has(realDirectory)) return undefined;
  seen.add(realDirectory);
  const own = entries.find(({ field, what }) => field === 'openapi' && what === 'file');
  if (own) return own.absolute;
  for (const { role, what, absolute } of entries) {
    if (what !== 'directory' || (role !== 'resource' && role !== 'component')) continue;
    const inner = readKustomization(absolute, sources);
    const found = inner && schemaFile(inner, sources, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mergeKeysIn(definitions: Record<string, unknown>): MergeKeys {
  const byType = new Map<string, unknown>();
  for (const definition of Object.values(definitions)) {
    const types = asMap(definition)?.['x-kubernetes-group-version-kind'];
    for (const type of Array.isArray(types) ? types : []) {
      const { group = '', version, kind } = asMap(type) ?? {};
      byType.set([group, version, kind].join('/'), definition);
    }
  }
  const resolved = (schema: unknown): Record<string, unknown> => {
    const map = asMap(schema) ?? {};
    const name = typeof map.$ref === 'string' ? map.$ref.split('/').at(-1) : undefined;
    return name === undefined ? map : { ...asMap(definitions[name]), ...map };
  };
  return ({ group, version, kind }, path) => {
    let schema = resolved(byType.get([group, version, kind].join('/')));
    for (const key of path) {
      // A list's path goes on with the fields of its items.
      if (schema.type === 'array') schema = resolved(schema.items);
      schema = resolved(asMap(schema.properties)?.[key]);
    }
    if (!String(schema['x-kubernetes-patch-strategy'] ?? '').includes('merge')) return undefined;
    const keys = schema['x-kubernetes-list-map-keys'];
    const key = schema['x-kubernetes-patch-merge-key'];
    return Array.isArray(keys) ? keys.map(String) : typeof key === 'string' ? [key] : [];
  };
}
