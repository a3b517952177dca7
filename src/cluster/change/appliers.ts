import type { Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { isUnknown } from '../unknown.ts';
import { asMap, valueAt } from '../workloads.ts';

/** What labels and annotations ask of what applies an object: each may stand in either. */
function marks({ object }: Resource): Record<string, unknown> {
  return { ...asMap(object.metadata.labels), ...asMap(object.metadata.annotations) };
}

/** Whether Argo CD treats an object as a hook, or replaces it. */
export function isReplacedByArgo(resource: Resource): boolean {
  const { [ARGO_HOOK]: hook, [ARGO_OPTIONS]: options } = marks(resource);
  return hook !== undefined || /\b(?:Replace|Force)=true\b/.test(`${options}`);
}

const ARGO_HOOK = 'argocd.argoproj.io/hook';
const ARGO_OPTIONS = 'argocd.argoproj.io/sync-options';
const FLUX = 'kustomize.toolkit.fluxcd.io';

/**
 * Whether an object is deleted and made again instead of updated, or not touched at all: hooks of helm and Argo CD, Argo CD's Replace
 * and Force, Flux's force, ssa and reconcile (https://fluxcd.io/flux/components/kustomize/kustomizations/), kapp's replacements.
 */
export function isMadeAnew(resource: Resource): boolean {
  const own = marks(resource);
  return (
    resource.hooks.length > 0 ||
    isReplacedByArgo(resource) ||
    own[`${FLUX}/force`] === 'enabled' ||
    isLeftAlone(own) ||
    /replace/.test(`${own['kapp.k14s.io/update-strategy'] ?? ''}`)
  );
}

/** Flux makes it at most, and never touches it again. */
function isLeftAlone(own: Record<string, unknown>): boolean {
  const applied = String(own[`${FLUX}/ssa`] ?? '').toLowerCase();
  return applied === 'ignore' || applied === 'ifnotpresent' || own[`${FLUX}/reconcile`] === 'disabled';
}

/**
 * Whether an object stays when nothing renders it any more: helm's keep, Argo CD's Prune=false and Delete=false, Flux's
 * prune: disabled; hooks, which nobody prunes.
 */
export function isKept(resource: Resource): boolean {
  const own = marks(resource);
  return (
    resource.hooks.length > 0 ||
    own[ARGO_HOOK] !== undefined ||
    String(own['helm.sh/resource-policy'] ?? '').trim() === 'keep' ||
    /\b(?:(?:Prune|Delete)=(?:false|confirm)|IgnoreExtraneous)\b/.test(
      `${own[ARGO_OPTIONS]} ${own['argocd.argoproj.io/compare-options']}`,
    ) ||
    own[`${FLUX}/prune`] === 'disabled' ||
    isLeftAlone(own) ||
    own['kapp.k14s.io/delete-strategy'] === 'orphan'
  );
}

/** Whether a Flux Kustomization with `force` recreates what it can't update of an object's target, as far as its path tells. */
export function mayBeForced(resource: Resource, clusters: readonly Cluster[]): boolean {
  return clusters.flatMap(forcedPaths).some((path) => {
    if (path === '') return true;
    return resource.targets.some(({ target }) => isPart(target, path) || isPart(path, target));
  });
}

/** The paths that Flux applies with force; empty for the whole repository, or what nobody knows. */
const forcedPaths = derived((cluster): readonly string[] =>
  cluster.list(FLUX, 'Kustomization').flatMap(({ object }) => {
    const { force, path } = asMap(valueAt(object, ['spec'])) ?? {};
    if (force === undefined || force === false) return [];
    return [typeof path === 'string' && !isUnknown(path) ? path.replace(/^(\.?\/)+|^\.$|\/+$/g, '') : ''];
  }),
);

/** Whether a path is another one's end, or stands below it. Paths of a repository may be relative to a directory of it. */
function isPart(path: string, other: string): boolean {
  return `/${path}/`.includes(`/${other}/`);
}
