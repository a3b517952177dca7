import type { SourceFinding } from '../../../cluster/cluster.ts';
import type { SourceFiles } from '../../../source.ts';
import { isBlank } from '../../../yaml/blank.ts';
import { PerRun } from '../../per-run.ts';
import { itemsOf } from '../fields.ts';
import { documentsOf, type Kustomization, type KustomizationGraph, readGraph } from '../kustomization.ts';
import type { Cut } from '../refused/cut.ts';
import { Followed } from '../trace/follow.ts';
import { type SourceObject, sourceObjects } from '../trace/layers.ts';
import { locationOf } from '../trace/shadow.ts';
import type { Layer } from './judged-layer.ts';
import { type Kept, keptLists, staysIn } from './kept-lists.ts';
import { unmatchedImage } from './unmatched-images.ts';
import { unmatchedPatch, unmatchedReplacements } from './unmatched-patches.ts';

/** What a kustomization alone decides, whoever takes it in. */
interface Verdict {
  findings: SourceFinding[];
  kept: Kept[];
}

const verdicts = new PerRun<Verdict>();

/** Fields that hold something to judge. */
const JUDGED = [
  'patches',
  'patchesJson6902',
  'patchesStrategicMerge',
  'images',
  'imageTags',
  'transformers',
  'replacements',
];

/**
 * What the entries of a kustomization that was built ask for and don't get: kustomize says nothing of it. `rendered` are the
 * values of the objects that it printed. Where something is left out, nobody knows what the entries would have met.
 */
export function judge(
  graph: KustomizationGraph,
  rendered: readonly unknown[],
  sources: SourceFiles,
  cuts: readonly Cut[] = [],
): SourceFinding[] {
  const { root, kustomizations } = graph;
  if (!root || !kustomizations.some(({ value }) => JUDGED.some((field) => itemsOf(value, field).length > 0))) return [];
  const own = new Map<string, Verdict>();
  const followed = new Followed();

  const layers: (() => void)[] = [];
  sourceObjects(root, sources, (kustomization, objects, stages, owner) => {
    if (cuts.length > 0 && holdsCut(owner, cuts, sources)) return;
    // A Component changes what its parent holds, so that each parent has a verdict on it.
    const key = `${owner.directory}\0${kustomization.directory}`;
    let isKnownAlready = true;
    const verdict = verdicts.get(sources, key, () => {
      isKnownAlready = false;
      return { findings: [], kept: [] };
    });
    own.set(key, verdict);
    if (isKnownAlready || !stages.some(({ patch, image, replacements }) => patch || image || replacements)) return;
    const held = [...objects];
    const done = new Map(held.map((object) => [object, object.steps.length]));
    const layer: Layer = {
      kustomization,
      objects: held,
      stages,
      before: (stage, object) => followed.until(object, (done.get(object) ?? 0) + stage),
      mentioningFirst: (text) => {
        const mentions = (object: SourceObject) => isMentioned(text, object.file, sources);
        return [...held.filter(mentions), ...held.filter((object) => !mentions(object))];
      },
      locate: (origin) => locationOf(origin, 'value', sources),
    };
    layers.push(() => Object.assign(verdict, judgeLayer(layer, isKnown(owner, graph, sources))));
  });
  // The steps of all objects have to be there before any is followed.
  for (const judgeNext of layers) judgeNext();

  return [...own.values()].flatMap(({ findings, kept }) => [
    ...findings,
    ...kept.filter((list) => staysIn(list, rendered)).map(({ finding }) => finding),
  ]);
}

function judgeLayer(layer: Layer, known: boolean): Verdict {
  const verdict: Verdict = { findings: [], kept: [] };
  for (const [i, { patch, image, replacements }] of layer.stages.entries()) {
    if (known) {
      const finding = patch ? unmatchedPatch(patch, i, layer) : image && unmatchedImage(image, i, layer);
      if (finding) verdict.findings.push(finding);
      if (replacements) verdict.findings.push(...unmatchedReplacements(replacements, i, layer));
    }
    if (patch) verdict.kept.push(...keptLists(patch, i, layer));
  }
  return verdict;
}

function holdsCut({ directory }: Kustomization, cuts: readonly Cut[], sources: SourceFiles): boolean {
  const below = new Set(readGraph(directory, sources).kustomizations.map(({ realDirectory }) => realDirectory));
  return cuts.some(({ kustomization }) => below.has(kustomization.realDirectory));
}

/** Whether all that a kustomization holds is known: nothing comes from charts, plug-ins, variables, or files yet to be written. */
function isKnown(owner: Kustomization, whole: KustomizationGraph, sources: SourceFiles): boolean {
  const graph = owner === whole.root ? whole : readGraph(owner.directory, sources);
  if (graph.charts.length > 0 || graph.remotes.length > 0 || graph.plugins.length > 0) return false;
  return graph.kustomizations.every(
    ({ value, entries }) =>
      itemsOf(value, 'generators').length === 0 &&
      itemsOf(value, 'vars').length === 0 &&
      entries.every(
        ({ role, what, absolute }) => role !== 'resource' || what !== 'file' || isFilled(absolute, sources),
      ),
  );
}

/** Whether a listed file says something. An empty one is filled once the cluster is there. */
function isFilled(file: string, sources: SourceFiles): boolean {
  const documents = documentsOf(file, sources);
  return documents !== undefined && !isBlank(sources.text(file)) && documents.every(({ error }) => !error);
}

/** Whether files mention texts. */
const mentioned = new PerRun<boolean>();

function isMentioned(text: string, file: string, sources: SourceFiles): boolean {
  return mentioned.get(sources, `${file}\0${text}`, () => sources.text(file).includes(text));
}
