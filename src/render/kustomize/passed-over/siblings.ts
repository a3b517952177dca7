import type { SourceFinding } from '../../../cluster/cluster.ts';
import { asList, asMap, templatePathOf, valueAt } from '../../../cluster/workloads.ts';
import { groupOf, type Path } from '../../../resource.ts';
import type { SourceFiles } from '../../../source.ts';
import { fieldOf, itemsOf } from '../fields.ts';
import type { Kustomization, KustomizationGraph } from '../kustomization.ts';
import { patchesOf } from '../trace/patches.ts';
import type { Trace } from '../trace/trace.ts';

/** What an overlay gives to workloads one by one, and easily forgets to give to a new one. */
interface Gift {
  /** The same for what is the same. */
  id: string;
  /** In messages. */
  shown: string;
  path: Path;
  /** Who has something else under this key was not forgotten. */
  key: string;
}

interface RenderedWorkload {
  value: Record<string, unknown>;
  kind: string;
  name: string;
  pod: Record<string, unknown>;
  gifts: readonly Gift[];
}

/** A DaemonSet is to run on all Nodes; these are what an overlay places and scales. */
const KINDS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'Job', 'CronJob', 'Rollout']);
const SCALED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'Rollout']);

/**
 * Node selectors, tolerations and replicas that a kustomization's patches give to all workloads that it takes in but one, a
 * finding each. `rendered` are the values of the rendered objects.
 */
export function skippedSiblings(
  graph: KustomizationGraph,
  rendered: readonly unknown[],
  trace: Trace,
  sources: SourceFiles,
): SourceFinding[] {
  const givers = graph.kustomizations.flatMap((kustomization) => {
    const gifts = givenIn(kustomization, sources);
    return gifts.size > 0 ? [{ kustomization, gifts }] : [];
  });
  if (givers.length === 0) return [];
  const workloads = rendered.flatMap(workloadIn);
  return givers.flatMap(({ kustomization, gifts }) =>
    [...gifts].flatMap((id) => skippedBy(kustomization, id, workloads, { graph, rendered, trace }) ?? []),
  );
}

interface Whole {
  graph: KustomizationGraph;
  rendered: readonly unknown[];
  trace: Trace;
}

function skippedBy(
  giver: Kustomization,
  id: string,
  workloads: readonly RenderedWorkload[],
  { graph, rendered, trace }: Whole,
): SourceFinding | undefined {
  const has = (workload: RenderedWorkload) => workload.gifts.some((gift) => gift.id === id);
  if (workloads.filter(has).length < 2 || workloads.every(has)) return undefined;
  const gift = workloads.find(has)?.gifts.find((own) => own.id === id);
  if (!gift) return undefined;
  const below =
    giver === graph.root ? workloads : workloads.filter(({ value }) => trace.layersOf(value)?.includes(giver));
  const isMeant = ({ kind }: RenderedWorkload) => gift.key !== 'replicas' || kindsOf(gift, below, has).has(kind);
  const meant = below.filter(isMeant);
  const [skipped, ...others] = meant.filter((workload) => !has(workload));
  if (!skipped || others.length > 0 || meant.length < 3) return undefined;
  const given = meant.flatMap((workload) => {
    const own = workload.gifts.find((candidate) => candidate.id === id);
    return own && trace.givenBy(workload.value, own.path) === giver ? [{ workload, path: own.path }] : [];
  });
  const last = given.at(-1);
  if (!last || given.length < 2 || hasOther(skipped, gift, giver, trace) || isScaled(skipped, gift, rendered)) {
    return undefined;
  }
  const resource = `${skipped.kind}/${trace.sourceName(skipped.value) ?? skipped.name}`;
  return {
    rule: 'overlay-sibling-skipped',
    message: `this kustomization gives ${gift.shown} to all of ${meant.length} workloads but ${resource}`,
    location: trace.locate(last.workload.value, last.path, 'key'),
    related: [{ message: `${resource} has none of it`, location: trace.sourceOf(skipped.value) }],
  };
}

/** Scaling to zero concerns whatever runs; who scales Deployments up need not mean a database. */
function kindsOf(
  gift: Gift,
  workloads: readonly RenderedWorkload[],
  has: (workload: RenderedWorkload) => boolean,
): ReadonlySet<string> {
  return gift.id === 'replicas 0' ? SCALED : new Set(workloads.filter(has).map(({ kind }) => kind));
}

/** Whether the one that is left out was given something of its own: then somebody thought of it. */
function hasOther(skipped: RenderedWorkload, gift: Gift, giver: Kustomization, trace: Trace): boolean {
  // It chooses its Nodes in another way, or tolerates every taint.
  if (gift.path.includes('nodeSelector') && valueAt(skipped.pod, ['affinity', 'nodeAffinity'])) return true;
  if (gift.path.includes('tolerations') && asList(skipped.pod.tolerations).some(isForAll)) return true;
  const own = skipped.gifts.find(({ key }) => key === gift.key);
  return own !== undefined && (gift.key !== 'replicas' || trace.givenBy(skipped.value, own.path) === giver);
}

function isForAll(toleration: unknown): boolean {
  const { key, operator, effect } = asMap(toleration) ?? {};
  return key === undefined && operator === 'Exists' && effect === undefined;
}

/** Whether an autoscaler counts the replicas of the one that is left out. */
function isScaled(skipped: RenderedWorkload, gift: Gift, rendered: readonly unknown[]): boolean {
  if (gift.key !== 'replicas') return false;
  return rendered.some((value) => {
    const target = asMap(valueAt(value, ['spec', 'scaleTargetRef']));
    return target?.name === skipped.name && (target.kind ?? 'Deployment') === skipped.kind;
  });
}

function workloadIn(value: unknown): RenderedWorkload[] {
  const map = asMap(value);
  const { apiVersion, kind, metadata } = map ?? {};
  const name = asMap(metadata)?.name;
  if (!map || typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return [];
  const template = templatePathOf(groupOf(apiVersion), kind);
  if (template === undefined || !KINDS.has(kind)) return [];
  const pod: Path = [...template, 'spec'];
  const replicas = valueAt(map, ['spec', 'replicas']);
  const gifts = [
    ...nodeSelector(valueAt(map, [...pod, 'nodeSelector']), [...pod, 'nodeSelector']),
    ...tolerations(valueAt(map, [...pod, 'tolerations']), [...pod, 'tolerations']),
    ...(typeof replicas === 'number' ? [scale(replicas)] : []),
  ];
  return [{ value: map, kind, name, pod: asMap(valueAt(map, pod)) ?? {}, gifts }];
}

function nodeSelector(value: unknown, path: Path): Gift[] {
  return Object.entries(asMap(value) ?? {}).flatMap(([key, label]) => {
    if (typeof label !== 'string') return [];
    const shown = `nodeSelector ${key}: ${label}`;
    return [{ id: shown, shown, path: [...path, key], key: `nodeSelector ${key}` }];
  });
}

function tolerations(value: unknown, path: Path): Gift[] {
  return asList(value).flatMap((item, i) => {
    const toleration = asMap(item);
    if (!toleration) return [];
    const { key = '', value: wanted, effect } = toleration;
    const of = `${key}${wanted === undefined ? '' : `=${wanted}`}${effect === undefined ? '' : `:${effect}`}`;
    const shown = of === '' ? 'a toleration of every taint' : `a toleration of ${of}`;
    return [{ id: shown, shown, path: [...path, i], key: `toleration ${key}` }];
  });
}

function scale(replicas: number): Gift {
  const shown = `replicas ${replicas}`;
  return { id: shown, shown, path: ['spec', 'replicas'], key: 'replicas' };
}

/** Of one run: what the patches and the `replicas` of a kustomization give, by id. */
const given = new WeakMap<Kustomization, ReadonlySet<string>>();

function givenIn(kustomization: Kustomization, sources: SourceFiles): ReadonlySet<string> {
  let ids = given.get(kustomization);
  if (!ids) {
    const found: Gift[] = itemsOf(kustomization.value, 'replicas').flatMap(({ value }) => {
      const count = fieldOf(asMap(value) ?? {}, 'count')?.value;
      return typeof count === 'number' ? [scale(count)] : [];
    });
    for (const { document, operations } of patchesOf(kustomization, sources)) {
      if (!operations) addGifts(document.value, found);
      for (const { path, value } of operations ?? []) {
        // As it would lie in the object: the list that an item is added to, the map that a key is set in.
        const inPlace = path.reduceRight<unknown>(
          (inner, key) => (/^(-|\d+)$/.test(key) ? [inner] : { [key]: inner }),
          value,
        );
        addGifts(inPlace, found);
      }
    }
    ids = new Set(found.map(({ id }) => id));
    given.set(kustomization, ids);
  }
  return ids;
}

/** What stands in a part of an object, at whatever depth. */
function addGifts(value: unknown, found: Gift[]): void {
  if (Array.isArray(value)) for (const item of value) addGifts(item, found);
  const map = asMap(value);
  if (!map) return;
  for (const [key, item] of Object.entries(map)) {
    if (key === 'nodeSelector') found.push(...nodeSelector(item, []));
    else if (key === 'tolerations') found.push(...tolerations(item, []));
    else if (key === 'replicas' && typeof item === 'number') found.push(scale(item));
    else addGifts(item, found);
  }
}
