import { overwriteShared, type Shadow, type ShadowList, type ShadowMap } from './shadow.ts';

/** What a patch is applied to: the groups whose lists kustomize knows to merge are those of its built-in schema. */
export interface MergedKind {
  group: string;
  kind: string;
  /** The keys of a list, where an OpenAPI document that the kustomization brings says them. */
  keysAt?: (path: readonly string[]) => readonly string[] | undefined;
}

/** Groups of which some list is merged by a key. Lists of all others are replaced, those of custom resources too. */
const MERGING_GROUPS = new Set(['', 'apps', 'batch', 'admissionregistration.k8s.io']);

/**
 * The keys by which the items of a list are matched, by the list's field name (`x-kubernetes-patch-merge-key` and
 * `x-kubernetes-list-map-keys` in the OpenAPI document of Kubernetes that kustomize embeds).
 */
const MERGE_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['containers', ['name']],
  ['initContainers', ['name']],
  ['ephemeralContainers', ['name']],
  ['volumes', ['name']],
  ['env', ['name']],
  ['volumeMounts', ['mountPath']],
  ['volumeDevices', ['devicePath']],
  ['hostAliases', ['ip']],
  ['topologySpreadConstraints', ['topologyKey', 'whenUnsatisfiable']],
  ['resourceClaims', ['name']],
  ['schedulingGates', ['name']],
  ['conditions', ['type']],
  ['webhooks', ['name']],
  ['ownerReferences', ['uid']],
]);

/**
 * Applies a strategic merge patch to an object as kustomize does (kyaml's merge2, new items first). Both are used up: parts
 * of the patch become parts of the object. `'delete'` where the patch removes the whole object.
 */
export function strategicMerge(object: ShadowMap, patch: ShadowMap, kind: MergedKind): 'delete' | undefined {
  const directive = directiveOf(patch);
  if (directive === 'delete') return 'delete';
  // To replace what an object or an item of a list is, as a whole, kustomize takes for no change.
  if (directive === 'replace') return undefined;
  mergeMap(object, patch, [], kind);
  return undefined;
}

function mergeMap(object: ShadowMap, patch: ShadowMap, path: readonly string[], kind: MergedKind): void {
  for (const [key, value] of patch.entries) {
    if (key === '$patch') continue;
    const own = object.entries.get(key);
    if (isNull(value) || (value.type === 'map' && directiveOf(value) === 'delete')) object.entries.delete(key);
    else if (value.type === 'map' && own?.type === 'map' && directiveOf(value) !== 'replace') {
      mergeMap(own, value, [...path, key], kind);
    } else if (value.type === 'list' && own?.type === 'list') {
      if (mergeList(own, value, [...path, key], kind) === 'delete') object.entries.delete(key);
    } else overwriteShared(object, key, withoutDirectives(value));
  }
}

function mergeList(
  list: ShadowList,
  patch: ShadowList,
  path: readonly string[],
  kind: MergedKind,
): 'delete' | undefined {
  const keys = mergeKeysOf(path, kind);
  const directive = keys && patch.items.map(ofList).find((own) => own === 'replace' || own === 'delete');
  if (directive === 'delete') return 'delete';
  if (keys === undefined || directive === 'replace') {
    const said = patch.items.filter((item) => ofList(item) === undefined);
    list.was = { ...list };
    // Where lists are replaced anyway, a directive is an item like any other.
    list.items = directive ? said.map((item) => withoutDirectives(item)) : patch.items;
    list.origin = patch.origin;
    return undefined;
  }
  const rest = [...list.items];
  const merged: Shadow[] = [];
  for (const item of patch.items) {
    if (ofList(item) !== undefined) continue;
    const i = rest.findIndex((own) => isSameItem(own, item, keys));
    const [own] = i === -1 ? [] : rest.splice(i, 1);
    if (item.type === 'map' && directiveOf(item) === 'delete') continue;
    if (own?.type === 'map' && item.type === 'map') {
      if (directiveOf(item) !== 'replace') mergeMap(own, item, path, kind);
      merged.push(own);
    } else merged.push(withoutDirectives(item));
  }
  list.items = [...merged, ...rest];
  return undefined;
}

/** What an item asks to be done with the list that it stands in: it says nothing else. */
function ofList(item: Shadow): unknown {
  return item.type === 'map' && item.entries.size === 1 ? directiveOf(item) : undefined;
}

/** The keys by which a list at a path of fields is merged: undefined where it is replaced, none for a set of scalars. */
export function mergeKeysOf(
  path: readonly string[],
  { group, kind, keysAt }: MergedKind,
): readonly string[] | undefined {
  const custom = keysAt?.(path);
  if (custom) return custom;
  const field = path.at(-1) ?? '';
  if (field === 'finalizers' && path.length === 2) return [];
  if (!MERGING_GROUPS.has(group)) return undefined;
  switch (field) {
    case 'ports':
      if (path.at(-2) === 'containers' || path.at(-2) === 'initContainers') return ['containerPort', 'protocol'];
      return kind === 'Service' ? ['port', 'protocol'] : undefined;
    case 'imagePullSecrets':
      return kind === 'ServiceAccount' ? undefined : ['name'];
    case 'secrets':
      return kind === 'ServiceAccount' ? ['name'] : undefined;
    default:
      return MERGE_KEYS.get(field);
  }
}

/** Whether an item of a patch is one of the list that it changes. */
export function isSameItem(own: Shadow, item: Shadow, keys: readonly string[]): boolean {
  if (own.type === 'scalar' && item.type === 'scalar') return own.value === item.value;
  if (own.type !== 'map' || item.type !== 'map') return false;
  return keys.length > 0 && keys.every((key) => scalarAt(own, key) === scalarAt(item, key));
}

function scalarAt(map: ShadowMap, key: string): unknown {
  const value = map.entries.get(key);
  return value?.type === 'scalar' ? value.value : value;
}

/** What a map of a patch asks to be done with what it stands for, instead of merging; undefined mostly. */
export function directiveOf(map: ShadowMap): unknown {
  return scalarAt(map, '$patch');
}

function isNull(shadow: Shadow): boolean {
  return shadow.type === 'scalar' && shadow.value === null;
}

/** What a patch adds where nothing was: without its directives, its nulls, and what it only deletes. */
function withoutDirectives<T extends Shadow>(shadow: T): T;
function withoutDirectives(shadow: Shadow): Shadow {
  if (shadow.type === 'list') {
    const items = shadow.items.filter((item) => !(item.type === 'map' && directiveOf(item) === 'delete'));
    return { ...shadow, items: items.map((item) => withoutDirectives(item)) };
  }
  if (shadow.type !== 'map') return shadow;
  const kept = [...shadow.entries].filter(([key, value]) => {
    return key !== '$patch' && !isNull(value) && !(value.type === 'map' && directiveOf(value) === 'delete');
  });
  return { ...shadow, entries: new Map(kept.map(([key, value]) => [key, withoutDirectives(value)])) };
}
