import { asMap } from '../../../cluster/workloads.ts';
import type { Path } from '../../../resource.ts';
import type { SourceFiles } from '../../../source.ts';
import { PerRun } from '../../per-run.ts';
import { documentsOf, type Kustomization, type Mention, placeOf, readKustomization } from '../kustomization.ts';
import { type ChartEntry, chartEntries, pluginChart } from './charts.ts';
import { listIn, mapIn, textIn, writtenIn } from './configured.ts';
import { type FieldSpec, type FieldSpecs, mergeSpecs, NO_SPECS, specsWith } from './field-specs.ts';
import { Followed, type ForAll, type Together } from './follow.ts';
import { generate, generatorStep, generatorsOf, pluginGenerator } from './generate.ts';
import { customMergeKeys, type MergeKeys } from './openapi.ts';
import { type Patch, patchesOf, patchStep } from './patches.ts';
import { isFollowed, pluginConfigs, serviceAccountOf, transformerStages } from './plugins.ts';
import { replacementStep, replacementsOf } from './replacements.ts';
import { type Place, type Shadow, type ShadowMap, shadowOf } from './shadow.ts';
import { identityOfValue } from './subject.ts';
import {
  affixStep,
  type ImageEntry,
  imageEntry,
  imageStep,
  labelSpecs,
  namespaceStep,
  pairStep,
  replicaStep,
  type Step,
} from './transform.ts';
import { Vars } from './vars.ts';

/** An object of the sources, and what the kustomizations do to it until it is rendered. */
export interface SourceObject {
  /** Its kind and name as they are written. */
  kind: string;
  name: string;
  /** Whether its name gets a hash. */
  hashed: boolean;
  /** Whether others may name it and copy from it, but it is not rendered. */
  local?: boolean;
  /** Absolute path of the file that it stands in, or of the kustomization that generates it. */
  file: string;
  /** A fresh shadow of it. */
  start(): ShadowMap;
  /** Stands for all that a chart renders; it is none itself. */
  chart?: ChartEntry;
  /** Of a chart's object: the rendered object that it is. */
  settled?: unknown;
  /** In the order in which they act. */
  steps: (Step | Together)[];
  /** The kustomizations whose fields act on it, the innermost first. */
  layers: Kustomization[];
}

/** One thing that a kustomization does to the objects that it holds, and what asks for it. */
export interface Stage {
  step: Step | ForAll;
  patch?: Patch;
  image?: { entry: ImageEntry; specs: readonly FieldSpec[] };
  replacements?: readonly Shadow[];
}

/**
 * The objects that a kustomization renders, in the order in which kustomize reads them (accumulateTarget of its
 * api/internal/target). `before` is told of each kustomization that takes part with the objects that it is about to change, the
 * steps of those that it takes in among theirs; `charted` gives the objects that an entry has a chart render; `owner` is the one whose
 * objects those of a Component become, else itself. What `isLeftOut` says is left out brings no objects.
 */
export function sourceObjects(
  root: Kustomization,
  sources: SourceFiles,
  before?: (
    kustomization: Kustomization,
    objects: readonly SourceObject[],
    stages: readonly Stage[],
    owner: Kustomization,
  ) => void,
  charted: (chart: ChartEntry) => readonly SourceObject[] = () => [],
  isLeftOut: (mention: Mention) => boolean = () => false,
): SourceObject[] {
  const made = new WeakMap<Kustomization, { specs: FieldSpecs; stages: Stage[] }>();
  const mergeKeys = customMergeKeys(root, sources);
  const vars = new Vars();

  const accumulate = (
    kustomization: Kustomization,
    objects: SourceObject[],
    above: readonly string[],
    owner: Kustomization,
    known: FieldSpecs = NO_SPECS,
  ): FieldSpecs => {
    // kustomize refuses circles; this only keeps a mistake of ours from running for ever.
    if (above.includes(kustomization.realDirectory)) return known;
    let specs = known;
    const inner = [...above, kustomization.realDirectory];
    for (const { role, what, absolute, path } of kustomization.entries) {
      if (role !== 'resource' || isLeftOut({ kustomization, path })) continue;
      if (what === 'file') objects.push(...objectsOf(absolute, sources));
      const base = what === 'directory' ? readKustomization(absolute, sources) : undefined;
      if (base) {
        const own: SourceObject[] = [];
        specs = mergeSpecs(specs, accumulate(base, own, inner, base));
        objects.push(...own);
      }
    }
    specs = specsWith(specs, kustomization, sources);
    const build = (directory: string): ShadowMap[] => {
      const base = readKustomization(directory, sources);
      const own: SourceObject[] = [];
      if (base) accumulate(base, own, inner, base);
      const followed = new Followed();
      return own.flatMap((object) => followed.of(object)?.shadow ?? []);
    };
    const configured = (field: 'transformers' | 'generators') =>
      pluginConfigs(
        kustomization,
        field,
        (file, via) => objectsOf(file, sources, via).map((object) => object.start()),
        build,
      );
    const generators = configured('generators');
    for (const chart of [...chartEntries(kustomization), ...generators.flatMap(pluginChart)]) {
      objects.push(...charted(chart));
    }
    for (const generator of [
      ...generatorsOf(kustomization),
      ...generators.flatMap((config) => pluginGenerator(config) ?? []),
    ]) {
      if (isLeftOut({ kustomization, path: generator.path })) continue;
      if (generator.behavior === 'create') {
        const { kind, name, hashed } = generator;
        const start = () => generate(generator, kustomization, sources);
        const { file } = writtenIn(generator.config.origin).place;
        objects.push({ kind, name, hashed, file, start, steps: [], layers: [] });
      } else {
        const step = generatorStep(generator, kustomization, sources);
        for (const object of objects) if (object.kind === generator.kind) object.steps.push(step);
      }
    }
    for (const config of generators) {
      if (textIn(config, 'kind')?.value !== 'IAMPolicyGenerator') continue;
      const start = () => serviceAccountOf(config);
      const name = textIn(config, 'kubernetesService', 'name')?.value ?? '';
      const { file } = writtenIn(config.origin).place;
      objects.push({ kind: 'ServiceAccount', name, hashed: false, file, start, steps: [], layers: [] });
    }
    for (const { role, what, absolute, path } of kustomization.entries) {
      const isTaken = role === 'component' && what === 'directory' && !isLeftOut({ kustomization, path });
      const component = isTaken ? readKustomization(absolute, sources) : undefined;
      if (component) specs = accumulate(component, objects, inner, owner, specs);
    }
    let { stages } = made.get(kustomization) ?? {};
    if (!stages || made.get(kustomization)?.specs !== specs) {
      const transformers = configured('transformers');
      if (!transformers.every(isFollowed)) unfollowed.add(kustomization);
      stages = [
        ...stagesOf(kustomization, specs, sources, mergeKeys),
        ...transformers.flatMap((config) => transformerStages(config, kustomization, sources, mergeKeys)),
      ];
      made.set(kustomization, { specs, stages });
    }
    before?.(kustomization, objects, stages, owner);
    const bound = vars.add(kustomization);
    const steps = [...stages.map(({ step }) => step), ...(bound ? [bound] : [])].map((step) =>
      typeof step === 'function' ? step : { ...step, objects: [...objects] },
    );
    for (const object of objects) {
      object.steps.push(...steps);
      object.layers.push(kustomization);
    }
    return specs;
  };
  const objects: SourceObject[] = [];
  const { varReference } = accumulate(root, objects, [], root);
  const last = vars.resolve(varReference);
  if (last) {
    const together = { ...last, objects };
    for (const object of objects) object.steps.push(together);
  }
  return objects;
}

/** By file: every overlay starts with the same objects. */
const written = new PerRun<readonly Written[]>();

/** What is known of an object before any kustomization acts on it. */
type Written = Omit<SourceObject, 'steps' | 'layers'>;

function objectsOf(file: string, sources: SourceFiles, via?: Pick<Place, 'via'>): SourceObject[] {
  const own = via ? writtenOf(file, sources, via) : written.get(sources, file, () => writtenOf(file, sources, {}));
  return own.map((object) => ({ ...object, steps: [], layers: [] }));
}

function writtenOf(file: string, sources: SourceFiles, via: Pick<Place, 'via'>): Written[] {
  return (documentsOf(file, sources) ?? []).flatMap(({ index, value }) =>
    flatten(value, []).map(({ object, path }) => ({
      kind: identityOfValue(object).kind,
      name: identityOfValue(object).name,
      hashed: annotationOf(object, 'kustomize.config.k8s.io/needs-hash') === 'true',
      local: annotationOf(object, 'config.kubernetes.io/local-config') === 'true',
      file,
      start: () => shadowOf(object, { file, document: index, ...via }, path),
    })),
  );
}

/** kustomize takes Lists apart. */
function flatten(value: unknown, path: Path): { object: Record<string, unknown>; path: Path }[] {
  const object = asMap(value);
  if (!object) return [];
  if (typeof object.kind === 'string' && object.kind.endsWith('List') && Array.isArray(object.items)) {
    return object.items.flatMap((item: unknown, i) => flatten(item, [...path, 'items', i]));
  }
  return [{ object, path }];
}

function annotationOf(object: Record<string, unknown>, key: string): unknown {
  const annotations = asMap(asMap(object.metadata)?.annotations) ?? {};
  return Object.hasOwn(annotations, key) ? annotations[key] : undefined;
}

/** Of one run, by what they depend on: those of a base are the same below every overlay. */
const ownStages = new WeakMap<
  Kustomization,
  { specs: FieldSpecs; mergeKeys: MergeKeys | undefined; stages: readonly Stage[] }
>();

/** What the fields of a kustomization do, in the order in which kustomize does it (configureBuiltinTransformers). */
function stagesOf(
  kustomization: Kustomization,
  specs: FieldSpecs,
  sources: SourceFiles,
  mergeKeys: MergeKeys | undefined,
): readonly Stage[] {
  let known = ownStages.get(kustomization);
  if (known?.specs !== specs || known.mergeKeys !== mergeKeys) {
    known = { specs, mergeKeys, stages: findStages(kustomization, specs, sources, mergeKeys) };
    ownStages.set(kustomization, known);
  }
  return known.stages;
}

function findStages(
  kustomization: Kustomization,
  specs: FieldSpecs,
  sources: SourceFiles,
  mergeKeys: MergeKeys | undefined,
): Stage[] {
  const config = shadowOf(kustomization.value, placeOf(kustomization), []);
  const patches = patchesOf(kustomization, sources).flatMap((patch): (Stage & { patch: Patch })[] => {
    const step = patchStep(patch, mergeKeys);
    return step ? [{ step, patch }] : [];
  });
  const namespace = textIn(config, 'namespace');
  const prefix = textIn(config, 'namePrefix');
  const suffix = textIn(config, 'nameSuffix');
  const labels = listIn(config, 'labels').flatMap((label): Step[] => {
    const pairs = mapIn(label, 'pairs');
    return pairs ? [pairStep(pairs, labelSpecs(label, specs))] : [];
  });
  const commonLabels = mapIn(config, 'commonLabels');
  const replacements = replacementsOf(kustomization, sources);
  const annotations = mapIn(config, 'commonAnnotations');
  const only = (...steps: (Step | undefined)[]): Stage[] => steps.flatMap((step) => (step ? [{ step }] : []));
  return [
    ...patches.filter(({ patch }) => patch.field !== 'patchesJson6902'),
    ...only(
      namespace && namespaceStep(namespace, specs.namespace),
      prefix && affixStep(prefix, 'prefix', specs.namePrefix),
      suffix && affixStep(suffix, 'suffix', specs.nameSuffix),
      ...labels,
      commonLabels && pairStep(commonLabels, specs.commonLabels),
      annotations && pairStep(annotations, specs.commonAnnotations),
    ),
    ...patches.filter(({ patch }) => patch.field === 'patchesJson6902'),
    ...only(...listIn(config, 'replicas').map((replica) => replicaStep(replica, specs.replicas))),
    ...[...listIn(config, 'images'), ...listIn(config, 'imageTags')].flatMap((item): Stage[] => {
      const image = imageEntry(item);
      return image ? [{ step: imageStep(image, specs.images), image: { entry: image, specs: specs.images } }] : [];
    }),
    ...(replacements.length > 0 ? [{ step: replacementStep(replacements), replacements }] : []),
  ];
}

/** Kustomizations with a transformer that isn't followed. */
const unfollowed = new WeakSet<Kustomization>();

/**
 * Whether a kustomization whose objects have been found changes them in ways that aren't followed: what is new in the render
 * may be its doing.
 */
export function isOpaque(kustomization: Kustomization): boolean {
  return unfollowed.has(kustomization);
}
