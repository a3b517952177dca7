import { asMap, valueAt } from '../../../cluster/workloads.ts';
import type { Path } from '../../../resource.ts';
import type { SourceFiles } from '../../../source.ts';
import { readYaml, type YamlDocument } from '../../../yaml.ts';
import { fieldOf, itemsOf, stringOf } from '../fields.ts';
import { documentsOf, entryAt, type Kustomization, placeOf } from '../kustomization.ts';
import { jsonPatch, type Operation, operationsOf } from './json-patch.ts';
import { strategicMerge } from './merge.ts';
import type { MergeKeys } from './openapi.ts';
import { selects } from './select.ts';
import { type Place, type Shadow, type ShadowMap, shadowOf, type Via } from './shadow.ts';
import { identities, identityOf, identityOfValue, isSameObject, type Subject } from './subject.ts';
import { remember, type Step } from './transform.ts';

/** One patch of a kustomization: an entry, and one of the documents that it brings. */
export interface Patch {
  /** `patches`, `patchesStrategicMerge` or `patchesJson6902`. */
  field: string;
  /** Where the entry stands in the kustomization: `['patches', 2]`. */
  entry: Path;
  /** Where its file is named, or its text stands, in the kustomization. */
  path: Path;
  place: Place;
  /** The document as it is parsed. */
  document: YamlDocument;
  target: Record<string, unknown> | undefined;
  /** Where the target stands. */
  targetAt?: { place: Place; path: Path } | undefined;
  options: Record<string, unknown>;
  /** Of a JSON patch. */
  operations: Operation[] | undefined;
}

/** Of one run: overlays ask for the patches of their base. */
const known = new WeakMap<Kustomization, readonly Patch[]>();

/** The patches of a kustomization in the order in which kustomize applies them, but for `patchesJson6902`, which come later. */
export function patchesOf(kustomization: Kustomization, sources: SourceFiles): readonly Patch[] {
  let patches = known.get(kustomization);
  if (!patches) {
    patches = readPatches(kustomization, sources);
    known.set(kustomization, patches);
  }
  return patches;
}

function readPatches(kustomization: Kustomization, sources: SourceFiles): Patch[] {
  const { value } = kustomization;
  const place = placeOf(kustomization);
  const patches: Patch[] = [];
  const add = (field: string, entry: Path, path: Path, item: Record<string, unknown>, what: Read[]) => {
    const target = asMap(fieldOf(item, 'target')?.value);
    const options = asMap(fieldOf(item, 'options')?.value) ?? {};
    const via = viaOf(kustomization, item, entry, path);
    for (const { place, document } of what) {
      if (document.empty || document.error) continue;
      const operations = operationsOf(document.value);
      const brought = via && { ...place, via };
      const targetAt = target && via;
      patches.push({ field, entry, path, place: brought ?? place, document, target, targetAt, options, operations });
    }
  };
  for (const { path, value: text } of itemsOf(value, 'patchesStrategicMerge')) {
    const entry = entryAt(kustomization, path);
    if (typeof text !== 'string' || !entry) continue;
    const isInline = entry.what === 'inline';
    const what = isInline ? readWithin(place, path, text) : readFile(entry.absolute, sources);
    add('patchesStrategicMerge', path, path, {}, what);
  }
  for (const field of ['patches', 'patchesJson6902']) {
    for (const { path, value: item } of itemsOf(value, field)) {
      const map = asMap(item) ?? {};
      const named = stringOf(map, 'path', path);
      const written = stringOf(map, 'patch', path);
      const entry = named && entryAt(kustomization, named.path);
      if (named && entry) add(field, path, named.path, map, readFile(entry.absolute, sources));
      if (written) add(field, path, written.path, map, readWithin(place, written.path, written.value));
    }
  }
  return patches;
}

/** What a value of a patch says besides where it stands: the target that matched, or where its file is listed. */
function viaOf(kustomization: Kustomization, item: Record<string, unknown>, entry: Path, path: Path): Via | undefined {
  const place = placeOf(kustomization);
  const target = fieldOf(item, 'target');
  if (target) return { place, path: [...entry, target.key], message: "this patch's target selects it" };
  const text = valueAt(kustomization.value, path);
  const isText = /^patch$/i.test(String(path.at(-1))) || (typeof text === 'string' && /^\{|\n/.test(text));
  return isText ? undefined : { place, path, message: 'the patch is listed here' };
}

/** A document that an entry brings, and where it stands. */
export interface Read {
  place: Place;
  document: YamlDocument;
}

/** The documents of a file, by its absolute path; none where it can't be read. */
export function readFile(file: string, sources: SourceFiles): Read[] {
  const documents = file === '' ? [] : (documentsOf(file, sources) ?? []);
  return documents.map((document) => ({ place: { file, document: document.index }, document }));
}

/** The documents that are written in the string at a path of a place. */
export function readWithin(place: Place, path: Path, text: string): Read[] {
  const outer = place.within && { outer: place.within };
  return readYaml(text).map((document) => ({
    place: { ...place, within: { path, text, document: document.index, ...outer } },
    document,
  }));
}

/** Tells of objects whether a patch selects them: by its target, else by the identity that it gives itself. */
export function selectionOf({ target, document }: Patch): (subject: Subject) => boolean {
  if (target) return (subject) => selects(target, subject);
  const own = identityOfValue(document.value);
  return (subject) => identities(subject).some((id) => isSameObject(id, own));
}

/** What a patch does to an object that it selects (PatchTransformer, ApplySmPatch of kustomize's api/resource). */
export function patchStep(patch: Patch, mergeKeys?: MergeKeys): Step | undefined {
  const { target, options, operations, place, document } = patch;
  const isSelected = selectionOf(patch);
  if (operations) {
    // A JSON patch says nothing about its object: without a target kustomize refuses it.
    if (!target) return undefined;
    return (subject) => {
      if (!isSelected(subject)) return undefined;
      remember(subject);
      // The object is written and read again: from then on each place has its own node.
      for (const shared of subject.sharing ?? []) shared.places = [];
      subject.sharing = [];
      jsonPatch(subject.shadow, operations, place, subject.settled);
      return undefined;
    };
  }
  const value = asMap(document.value);
  if (!value) return undefined;
  const mayRename = fieldOf(options, 'allowNameChange')?.value === true;
  const mayChangeKind = fieldOf(options, 'allowKindChange')?.value === true;
  return (subject) => {
    if (!isSelected(subject)) return undefined;
    if (mayRename || mayChangeKind) remember(subject);
    return applyStrategicMerge(subject, shadowOf(value, place, []), mayRename, mayChangeKind, mergeKeys);
  };
}

function applyStrategicMerge(
  { shadow }: Subject,
  patch: Shadow,
  mayRename: boolean,
  mayChangeKind: boolean,
  mergeKeys: MergeKeys | undefined,
): 'delete' | undefined {
  if (patch.type !== 'map') return undefined;
  const kind = shadow.entries.get('kind');
  const apiVersion = shadow.entries.get('apiVersion');
  const name = metadataOf(shadow)?.get('name');
  const namespace = metadataOf(shadow)?.get('namespace');
  const own = identityOf(shadow);
  const merged = mergeKeys ? { ...own, keysAt: (path: readonly string[]) => mergeKeys(own, [...path]) } : own;
  if (strategicMerge(shadow, patch, merged) === 'delete') return 'delete';
  if (kind && !mayChangeKind) shadow.entries.set('kind', kind);
  // A patch with a target may call itself anything: what it changes stays what it is.
  if (apiVersion) shadow.entries.set('apiVersion', apiVersion);
  const metadata = metadataOf(shadow);
  if (name && !mayRename) metadata?.set('name', name);
  if (namespace) metadata?.set('namespace', namespace);
  else metadata?.delete('namespace');
  return undefined;
}

function metadataOf(shadow: ShadowMap): Map<string, Shadow> | undefined {
  const metadata = shadow.entries.get('metadata');
  return metadata?.type === 'map' ? metadata.entries : undefined;
}
