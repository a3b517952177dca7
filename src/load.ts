import type { SourceFinding } from './cluster/cluster.ts';
import { notForCluster } from './cluster/foreign.ts';
import { asMap } from './cluster/workloads.ts';
import type { RenderedObject } from './render/target.ts';
import { groupOf, type KubernetesObject, type Path, type Resource, type TargetRef, unsetScope } from './resource.ts';

/** An object of a render that is for a cluster, before its environment is known: Lists are flattened, nulls are gone. */
export interface LoadedObject {
  object: KubernetesObject;
  /** The path of the object in what was rendered: `['items', 2]` in a List. */
  prefix: Path;
  rendered: RenderedObject;
}

export interface Loaded {
  objects: LoadedObject[];
  /** Documents that are no Kubernetes objects, as kubectl refuses them. */
  findings: SourceFinding[];
  /** How many objects are not for a cluster (kubeconfig, kind, k3d …). */
  foreign: number;
  /** Empty typed lists, as `group/Kind` of their items: where they are facts, they say that there are none. */
  emptyKinds: string[];
}

/** Takes what a target rendered to the objects that land in the cluster. */
export async function load(rendered: readonly RenderedObject[]): Promise<Loaded> {
  const loaded: Loaded = { objects: [], findings: [], foreign: 0, emptyKinds: [] };
  for (const item of rendered) await add(item.value, [], item, loaded);
  return loaded;
}

async function add(
  value: unknown,
  prefix: Path,
  rendered: RenderedObject,
  loaded: Loaded,
  kind?: string,
): Promise<void> {
  const map = asMap(value);
  // Items of a typed list inherit its apiVersion and kind, as `kubectl get -o yaml` of older versions left them out.
  const object = map && kind !== undefined && map.kind === undefined ? { ...inherited(kind), ...map } : map;
  const missing = whatIsMissing(object);
  if (object === undefined || missing !== undefined) {
    loaded.findings.push({ rule: 'schema-invalid', message: missing ?? '', location: await rendered.locate(prefix) });
    return;
  }
  const { apiVersion, kind: ownKind } = object as unknown as KubernetesObject;
  if (notForCluster(apiVersion, ownKind)) {
    loaded.foreign++;
    return;
  }
  if (ownKind === 'List' && apiVersion === 'v1' && !Array.isArray(object.items ?? [])) {
    const location = await rendered.locate([...prefix, 'items']);
    loaded.findings.push({
      rule: 'schema-invalid',
      message: 'items must be a list, kubectl refuses the List',
      location,
    });
    return;
  }
  if (ownKind.endsWith('List') && (Array.isArray(object.items) || object.items === null)) {
    const items = (object.items as unknown[] | null) ?? [];
    const itemKind = ownKind.slice(0, -'List'.length);
    if (items.length === 0 && itemKind !== '') loaded.emptyKinds.push(`${groupOf(apiVersion)}/${itemKind}`);
    for (const [i, item] of items.entries()) {
      await add(
        item,
        [...prefix, 'items', i],
        rendered,
        loaded,
        itemKind === '' ? undefined : `${apiVersion} ${itemKind}`,
      );
    }
    return;
  }
  dropNulls(object);
  loaded.objects.push({ object: object as unknown as KubernetesObject, prefix, rendered });
}

function inherited(kind: string): { apiVersion: string; kind: string } {
  const [apiVersion = '', name = ''] = kind.split(' ');
  return { apiVersion, kind: name };
}

/** What kubectl says of a document that is no object; undefined where it is one. */
function whatIsMissing(object: Record<string, unknown> | undefined): string | undefined {
  if (object === undefined) return 'not a Kubernetes object: a map with apiVersion and kind is needed';
  for (const field of ['kind', 'apiVersion']) {
    const value = object[field];
    if (value === undefined || value === null || value === '') {
      return `not a Kubernetes object: ${field} is missing, kubectl refuses the document`;
    }
    if (typeof value !== 'string') return `not a Kubernetes object: ${field} must be a string`;
  }
  return undefined;
}

/** Makes null map values absent, as the API server takes them. List items stay, so that indices hold. */
function dropNulls(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (item === null && !Array.isArray(value)) delete (value as Record<string, unknown>)[key];
    else dropNulls(item);
  }
}

/** Where a loaded object lands. */
export interface Landing {
  ref: TargetRef;
  /** The namespace of objects that name none. */
  namespace: string | undefined;
  clusterScoped: boolean;
  existing: boolean;
  /** Plain manifests that nobody has said to belong together. */
  loose: boolean;
}

/** The resource that a loaded object is in its environment. */
export function toResource({ object, prefix, rendered }: LoadedObject, landing: Landing): Resource {
  const metadata = asMap(object.metadata) ?? {};
  const name = text(metadata.name) ?? text(metadata.generateName) ?? '';
  const namespace = landing.clusterScoped ? undefined : (text(metadata.namespace) ?? landing.namespace);
  const group = groupOf(object.apiVersion);
  const displayName = prefix.length === 0 ? (rendered.displayName ?? name) : name;
  const hooks = text(asMap(metadata.annotations)?.['helm.sh/hook']) ?? '';
  return {
    object,
    apiVersion: object.apiVersion,
    group,
    version: object.apiVersion.slice(group === '' ? 0 : group.length + 1),
    kind: object.kind,
    name,
    displayName,
    namespace,
    clusterScoped: landing.clusterScoped,
    scope: landing.clusterScoped ? '' : (namespace ?? unsetScope(landing.ref.target)),
    existing: landing.existing,
    hooks: hooks
      .split(',')
      .map((hook) => hook.trim())
      .filter((hook) => hook !== ''),
    targets: [landing.ref],
    unit: landing.loose ? rendered.source.file : landing.ref.target,
    file: rendered.source.file,
    thirdParty: rendered.thirdParty === true,
    toString: () => `${object.kind}/${displayName}`,
    sourceName: async () => (prefix.length === 0 ? ((await rendered.sourceName?.()) ?? displayName) : displayName),
    locate: (path, at, offset) => rendered.locate([...prefix, ...path], at, offset),
    way: async (path, at) => (await rendered.way?.([...prefix, ...path], at)) ?? [],
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
