import { asMap, valueAt } from '../../../cluster/workloads.ts';
import { nearestOf } from '../../../nearest.ts';
import type { Path } from '../../../resource.ts';
import type { SourceFiles } from '../../../source.ts';
import { fieldOf, itemsOf, stringOf } from '../fields.ts';
import { documentsOf, entryAt, type Kustomization, type Mention } from '../kustomization.ts';
import { Followed } from '../trace/follow.ts';
import { generatorsOf } from '../trace/generate.ts';
import { sourceObjects } from '../trace/layers.ts';
import { patchesOf } from '../trace/patches.ts';
import { identities, identityOfValue } from '../trace/subject.ts';

/**
 * The lists of a kustomization from which an item can be left out, by kustomize's spelling, in the order in which kustomize goes
 * through them (accumulateTarget and configureBuiltinTransformers of its api/internal/target).
 */
const LISTS = [
  'resources',
  'bases',
  'configurations',
  'crds',
  'configMapGenerator',
  'secretGenerator',
  'generators',
  'components',
  'patchesStrategicMerge',
  'patches',
  'labels',
  'patchesJson6902',
  'replicas',
  'images',
  'imageTags',
  'replacements',
  'transformers',
  'validators',
  'vars',
] as const;

/** An item of a list of a kustomization that is left out, so that the rest can be built. */
export interface Cut extends Mention {
  field: (typeof LISTS)[number];
  /**
   * Something is wrong with it; `misnamed`, what it names isn't there. Or (consequence) it may need what something else that is
   * left out would have brought; `unmatched` is a consequence that is known to change nothing else.
   */
  why: 'wrong' | 'misnamed' | 'consequence' | 'unmatched';
}

/** The item of a list that a mention stands in; undefined where it stands in none. */
export function cutAt({ kustomization, path }: Mention, why: Cut['why']): Cut | undefined {
  const [key, index] = path;
  const field = LISTS.find((list) => list.toLowerCase() === String(key).toLowerCase());
  if (field === undefined || key === undefined || typeof index !== 'number') return undefined;
  return { kustomization, path: [key, index], field, why };
}

/** Every item that can be left out of a kustomization, in the order of `LISTS`. */
export function cutsOf(kustomization: Kustomization): Cut[] {
  return LISTS.flatMap((field) =>
    itemsOf(kustomization.value, field).map(({ path }) => ({ kustomization, path, field, why: 'wrong' as const })),
  );
}

/** Whether two cuts are one, whatever path led to their kustomization. */
export function isSameCut(a: Cut, b: Cut): boolean {
  return a.kustomization.realDirectory === b.kustomization.realDirectory && String(a.path) === String(b.path);
}

/** Whether a mention stands in what is left out. */
export function isCut({ kustomization, path }: Mention, cut: Cut): boolean {
  const isSame = cut.path.every((key, i) => key === path[i]);
  return isSame && cut.kustomization.realDirectory === kustomization.realDirectory;
}

/** The content of a kustomization without what is left out of it. */
export function without(value: Record<string, unknown>, cuts: readonly Cut[]): Record<string, unknown> {
  const rest = { ...value };
  for (const key of new Set(cuts.map(({ path }) => String(path[0])))) {
    const gone = new Set(cuts.filter(({ path }) => path[0] === key).map(({ path }) => path[1]));
    const items = rest[key];
    if (Array.isArray(items)) rest[key] = items.filter((_, i) => !gone.has(i));
  }
  // kustomize refuses a kustomization without any field.
  return fieldOf(rest, 'resources') ? rest : { ...rest, resources: [] };
}

/** Which objects a cut leaves as they wouldn't be: those that it names by kind and name, by a part of their text, or all. */
interface Reach {
  kind?: string | undefined;
  /** Part of the name: prefixes and suffixes may stand around it. */
  name?: string | undefined;
  text?: string | undefined;
}

/** What cuts reach: every object of a target is asked about. */
const reaches = new WeakMap<Cut, readonly Reach[]>();

/**
 * Whether an object of the kustomization that a cut stands in may look different with it. What only brings objects changes
 * none of the others.
 */
export function mayChange(cut: Cut, object: Record<string, unknown>, sources: SourceFiles): boolean {
  const name = valueAt(object, ['metadata', 'name']);
  let reached = reaches.get(cut);
  if (!reached) {
    reached = reachOf(cut, sources);
    reaches.set(cut, reached);
  }
  return reached.some((reach) => {
    if (reach.kind !== undefined && reach.kind !== object.kind) return false;
    if (reach.name !== undefined && !(typeof name === 'string' && name.includes(reach.name))) return false;
    return reach.text === undefined || JSON.stringify(object).includes(reach.text);
  });
}

const EVERYTHING: readonly Reach[] = [{}];
const SCALED = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController'];

function reachOf(cut: Cut, sources: SourceFiles): readonly Reach[] {
  const { kustomization, path, field, why } = cut;
  const item = asMap(valueAt(kustomization.value, path)) ?? {};
  const name = stringOf(item, 'name')?.value;
  switch (field) {
    case 'resources':
    case 'bases':
    case 'generators':
    case 'validators':
      return [];
    case 'configMapGenerator':
    case 'secretGenerator': {
      const generator = generatorsOf(kustomization).find((own) => String(own.path) === String(path));
      return !generator || generator.behavior === 'create' ? [] : [{ kind: generator.kind, name: generator.name }];
    }
    case 'patches':
    case 'patchesJson6902':
    case 'patchesStrategicMerge':
      return patchReach(cut, item, sources);
    case 'replicas':
      if (why === 'misnamed' && name !== undefined) return meantBy(name, SCALED, kustomization, sources);
      return why === 'unmatched' ? [] : SCALED.map((kind) => ({ kind }));
    case 'images':
    case 'imageTags':
      return [{ text: name }];
    case 'vars':
      return name === undefined ? EVERYTHING : [{ text: `$(${name})` }];
    case 'replacements':
      return replacementReach(kustomization, path, item, sources);
    default:
      return EVERYTHING;
  }
}

function patchReach(cut: Cut, item: Record<string, unknown>, sources: SourceFiles): readonly Reach[] {
  const target = asMap(fieldOf(item, 'target')?.value);
  if (target) return [selected(target)];
  const own = patchesOf(cut.kustomization, sources).filter(({ entry }) => String(entry) === String(cut.path));
  if (own.length === 0 || own.some(({ operations }) => operations)) return EVERYTHING;
  // What it looks for by name is left out.
  if (cut.why === 'unmatched' && own.length === 1) return [];
  const wanted = own.map(({ document }) => identityOfValue(document.value));
  if (wanted.some(({ kind }) => kind === '' || kind.endsWith('List'))) return EVERYTHING;
  const [only, ...others] = wanted;
  if (cut.why === 'misnamed' && only && others.length === 0) {
    return meantBy(only.name, [only.kind], cut.kustomization, sources);
  }
  return wanted.map(({ kind }) => ({ kind }));
}

/** What an entry may mean that names none of a kustomization's objects: those of its kinds that are called alike, or of its name. */
function meantBy(
  name: string,
  kinds: readonly string[],
  kustomization: Kustomization,
  sources: SourceFiles,
): readonly Reach[] {
  // Who takes a Component in may hold anything.
  if (kustomization.component) return kinds.map((kind) => ({ kind }));
  const followed = new Followed();
  const known = sourceObjects(kustomization, sources).flatMap((object) => {
    const subject = followed.of(object);
    return (subject ? identities(subject) : []).map((identity) => ({ ...identity, written: object.name }));
  });
  const nearest = nearestOf(
    name,
    known.filter(({ kind }) => kinds.includes(kind)).map((identity) => identity.name),
  );
  return known
    .filter((own) => own.name === name || (own.name === nearest && kinds.includes(own.kind)))
    .map(({ kind, written }) => ({ kind, name: written }));
}

function replacementReach(
  kustomization: Kustomization,
  path: Path,
  item: Record<string, unknown>,
  sources: SourceFiles,
): readonly Reach[] {
  const named = stringOf(item, 'path', path);
  const entry = named && entryAt(kustomization, named.path);
  const read = entry ? (documentsOf(entry.absolute, sources) ?? []).map(({ value }) => value) : [item];
  const maps = read.flatMap((value) => (Array.isArray(value) ? value : [value])).map(asMap);
  if (maps.length === 0 || maps.includes(undefined)) return EVERYTHING;
  return maps.flatMap((map) =>
    itemsOf(map ?? {}, 'targets').map(({ value }) => {
      const select = asMap(fieldOf(asMap(value) ?? {}, 'select')?.value);
      return select ? selected(select) : {};
    }),
  );
}

/** What a selector reaches, by the kind and the name where they are plain words. */
function selected(selector: Record<string, unknown>): Reach {
  const word = (field: string) => {
    const text = stringOf(selector, field)?.value;
    return text !== undefined && /^[\w-]+$/.test(text) ? text : undefined;
  };
  return { kind: word('kind'), name: word('name') };
}
