import { basename } from 'node:path';
import { asMap } from '../../../cluster/workloads.ts';
import type { SourceFiles } from '../../../source.ts';
import { type Entry, fileOf } from '../entries.ts';
import { type Kustomization, placeOf } from '../kustomization.ts';
import { fieldIn, isSet, listIn, mapIn, plainOf, type Text, textIn, writtenIn } from './configured.ts';
import { slotsAt, splitEscaped } from './field-path.ts';
import { specsOf } from './field-specs.ts';
import type { ForAll } from './follow.ts';
import type { Stage } from './layers.ts';
import type { MergeKeys } from './openapi.ts';
import { patchStep, readWithin } from './patches.ts';
import { pluginPatches } from './plugin-patches.ts';
import { replacementStep, replacementsIn } from './replacements.ts';
import { selects } from './select.ts';
import { emptyMap, mapAt, type Place, type ShadowMap, scalar, shadowOf } from './shadow.ts';
import {
  affixStep,
  imageEntry,
  imageStep,
  namespaceStep,
  pairStep,
  replicaStep,
  type Step,
  type Subjects,
} from './transform.ts';

/** The transformers that are followed; the hashes of a HashTransformer aren't. */
const FOLLOWED = new Set([
  'AnnotationsTransformer',
  'ImageTagTransformer',
  'LabelTransformer',
  'NamespaceTransformer',
  'PatchJson6902Transformer',
  'PatchStrategicMergeTransformer',
  'PatchTransformer',
  'PrefixSuffixTransformer',
  'PrefixTransformer',
  'ReplacementTransformer',
  'ReplicaCountTransformer',
  'SuffixTransformer',
  'ValueAddTransformer',
]);

/** Whether it is known what a configured transformer does. */
export function isFollowed(config: ShadowMap): boolean {
  return FOLLOWED.has(textIn(config, 'kind')?.value ?? '');
}

/**
 * What `transformers` or `generators` of a kustomization configure, in kustomize's order: first what is written in place
 * (configureExternalTransformers). `read` gives the objects of a file, `build` those of a directory's kustomization.
 */
export function pluginConfigs(
  kustomization: Kustomization,
  field: 'transformers' | 'generators',
  read: (file: string, place: Pick<Place, 'via'>) => readonly ShadowMap[],
  build: (directory: string) => readonly ShadowMap[],
): ShadowMap[] {
  const entries = kustomization.entries.filter((entry) => entry.role === 'plugin' && entry.field === field);
  const place = placeOf(kustomization);
  const what = field === 'transformers' ? 'transformer' : 'generator';
  return [
    ...entries.filter(isInline).flatMap((entry) => inline(entry, place)),
    ...entries.flatMap(({ what: found, absolute, path }) => {
      if (found === 'file') return read(absolute, { via: { place, path, message: `the ${what} is listed here` } });
      return found === 'directory' ? build(absolute) : [];
    }),
  ];
}

function isInline({ what }: Entry): boolean {
  return what === 'inline';
}

function inline({ text, path }: Entry, place: Place): ShadowMap[] {
  return readWithin(place, path, text).flatMap(({ place: within, document }) => {
    const shadow = shadowOf(document.value, within, []);
    return shadow.type === 'map' ? [shadow] : [];
  });
}

/** What a configured transformer does to the objects of the kustomization that lists it; empty for one that isn't followed. */
export function transformerStages(
  config: ShadowMap,
  kustomization: Kustomization,
  sources: SourceFiles,
  mergeKeys: MergeKeys | undefined,
): Stage[] {
  switch (textIn(config, 'kind')?.value) {
    case 'ImageTagTransformer': {
      const specs = specsOf(listIn(config, 'fieldSpecs').map(plainOf));
      const entry = imageEntry(fieldIn(config, 'imageTag'));
      return entry ? [{ step: imageStep(entry, specs), image: { entry, specs } }] : [];
    }
    case 'PatchTransformer':
    case 'PatchJson6902Transformer':
    case 'PatchStrategicMergeTransformer':
      return pluginPatches(config, kustomization, sources).flatMap((patch) => {
        const step = patchStep(patch, mergeKeys);
        return step ? [{ step, patch }] : [];
      });
    case 'ReplacementTransformer': {
      const replacements = replacementsIn(config, sources, ({ value }) => fileOf(kustomization, value));
      return [{ step: replacementStep(replacements), replacements }];
    }
    default:
      return stepsOf(config, kustomization).map((step) => ({ step }));
  }
}

function stepsOf(config: ShadowMap, kustomization: Kustomization): (Step | ForAll)[] {
  const specs = specsOf(listIn(config, 'fieldSpecs').map(plainOf));
  const only = (step: Step | undefined) => (step ? [step] : []);
  const kind = textIn(config, 'kind')?.value;
  switch (kind) {
    case 'PrefixTransformer':
    case 'PrefixSuffixTransformer':
    case 'SuffixTransformer': {
      const prefix = kind === 'SuffixTransformer' ? undefined : textIn(config, 'prefix');
      const suffix = kind === 'PrefixTransformer' ? undefined : textIn(config, 'suffix');
      return [
        ...only(prefix && affixStep(prefix, 'prefix', specs)),
        ...only(suffix && affixStep(suffix, 'suffix', specs)),
      ];
    }
    case 'LabelTransformer': {
      const labels = mapIn(config, 'labels');
      return only(labels && pairStep(labels, specs));
    }
    case 'AnnotationsTransformer': {
      const annotations = mapIn(config, 'annotations');
      return only(annotations && pairStep(annotations, specs));
    }
    case 'NamespaceTransformer': {
      const namespace = textIn(config, 'metadata', 'namespace');
      const subjects = subjectsOf(textIn(config, 'setRoleBindingSubjects')?.value);
      return only(namespace && namespaceStep(namespace, specs, { unsetOnly: isSet(config, 'unsetOnly'), subjects }));
    }
    case 'ReplicaCountTransformer': {
      const replica = mapIn(config, 'replica');
      return only(replica && replicaStep(replica, specs));
    }
    case 'ValueAddTransformer':
      return only(valueStep(config, kustomization));
    default:
      return [];
  }
}

function subjectsOf(text: string | undefined): Subjects {
  return text === 'allServiceAccounts' || text === 'none' ? text : 'defaultOnly';
}

/** ValueAddTransformer: a text put at paths of the objects that its targets select. */
function valueStep(config: ShadowMap, kustomization: Kustomization): Step {
  const written = textIn(config, 'value');
  const text = written?.value.trim() || basename(kustomization.realDirectory);
  const value: Text = { type: 'scalar', value: text, origin: written?.origin ?? config.origin };
  const targets = listIn(config, 'targets').map((target) => ({
    selector: asMap(plainOf(mapIn(target, 'selector') ?? emptyMap(config.origin))) ?? {},
    path: textIn(target, 'fieldPath')?.value ?? '',
    position: numberOf(plainOf(fieldIn(target, 'filePathPosition') ?? scalar(0, config.origin))),
  }));
  return (subject) => {
    for (const { selector, path, position } of targets) {
      if (path === '' || !selects(selector, subject)) continue;
      if (path === 'metadata/namespace') {
        const { previous } = subject;
        namespaceStep(value, [])({ shadow: subject.shadow, previous: [...previous] });
        continue;
      }
      const slot = { value: subject.shadow, isNew: false, put: () => {} };
      for (const { value: old, put } of slotsAt(slot, splitEscaped(path, '/'), {
        type: 'scalar',
        origin: value.origin,
      })) {
        if (old.type !== 'scalar') continue;
        const before = typeof old.value === 'string' ? old.value : '';
        put(scalar(position > 0 ? withPart(before, position - 1, text) : text, value.origin));
      }
    }
    return undefined;
  };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** A file path with one more part at a position (InsertPathPart of kyaml's filesys). */
function withPart(path: string, position: number, part: string): string {
  if (path === '') return part;
  const root = path.startsWith('/') ? '/' : '';
  const parts = path.slice(root.length).split('/');
  parts.splice(position, 0, part);
  return root + parts.filter((own) => own !== '').join('/');
}

/** The ServiceAccount that an IAMPolicyGenerator makes. */
export function serviceAccountOf(config: ShadowMap): ShadowMap {
  const { origin } = config;
  const account = emptyMap(origin);
  account.entries.set('apiVersion', scalar('v1', origin));
  account.entries.set('kind', scalar('ServiceAccount', origin));
  const metadata = mapAt(account, ['metadata'], origin);
  for (const field of ['name', 'namespace']) {
    const text = textIn(config, 'kubernetesService', field);
    if (text) metadata?.entries.set(field, scalar(text.value, text.origin));
  }
  const name = textIn(config, 'serviceAccount', 'name');
  const project = textIn(config, 'serviceAccount', 'projectId');
  const email = `${name?.value ?? ''}@${project?.value ?? ''}.iam.gserviceaccount.com`;
  mapAt(account, ['metadata', 'annotations'], origin)?.entries.set(
    'iam.gke.io/gcp-service-account',
    scalar(email, writtenIn(name?.origin ?? origin)),
  );
  return account;
}
