import { asMap } from '../../../cluster/workloads.ts';
import type { RelatedLocation } from '../../../diagnostic.ts';
import type { At, Location, Path } from '../../../resource.ts';
import type { SourceFiles } from '../../../source.ts';
import { isEncoded } from '../../target.ts';
import { stringOf } from '../fields.ts';
import { type Kustomization, type Mention, placeOf } from '../kustomization.ts';
import { type Cut, isCut } from '../refused/cut.ts';
import { metadataOrigin } from './build-metadata.ts';
import { type ChartEntry, type ChartObjects, objectsOfCharts } from './charts.ts';
import { writtenIn } from './configured.ts';
import { Followed } from './follow.ts';
import { isOpaque, type SourceObject, sourceObjects } from './layers.ts';
import {
  emptyMap,
  entryOf,
  isPrinted,
  locationOf,
  type Part,
  type Shadow,
  type ShadowScalar,
  shadowAt,
  writtenAt,
} from './shadow.ts';
import { type Identity, identities, identityOf, identityOfValue, type Subject } from './subject.ts';

/** A rendered object, and the object of the sources that became it. */
interface Match {
  object: SourceObject;
  subject: Subject;
}

/**
 * Finds the places of a kustomization's rendered values: the objects of the sources are taken through the same steps as
 * kustomize takes them, each value remembering where it was written, and what comes out is compared with the render. Only
 * what agrees is believed. Nothing is read or computed before the first question.
 */
export class Trace {
  readonly #root: Kustomization;
  readonly #sources: SourceFiles;
  readonly #rendered: readonly unknown[];
  readonly #cuts: readonly Cut[];
  readonly #matches = new Map<unknown, Match | undefined>();
  readonly #followed = new Followed();
  /** By a list's shadow, whose items belong to one rendered object. */
  readonly #items = new Map<readonly Shadow[], Map<number, Shadow | undefined>>();
  #objects: SourceObject[] | undefined;
  #local: Subject[] | undefined;
  #byName: Map<string, unknown[]> | undefined;

  /**
   * `rendered` are the values of all rendered objects. They may lose their nulls later, and nothing else. `cuts` is what they were
   * built without.
   */
  constructor(root: Kustomization, sources: SourceFiles, rendered: readonly unknown[], cuts: readonly Cut[] = []) {
    this.#root = root;
    this.#sources = sources;
    this.#rendered = rendered;
    this.#cuts = cuts;
  }

  /** Where an object comes from: the document, or the generator's entry; only the kustomization where that isn't known. */
  sourceOf(rendered: unknown): Location {
    const match = this.#match(rendered);
    return match
      ? locationOf(match.subject.shadow.origin, 'value', this.#sources)
      : this.#sources.whole(this.#root.file);
  }

  /** The name as the sources write it; undefined where that isn't known. */
  sourceName(rendered: unknown): string | undefined {
    return this.#match(rendered)?.object.name;
  }

  /** The kustomizations whose fields act on an object, the innermost first; undefined where that isn't known. */
  layersOf(rendered: unknown): readonly Kustomization[] | undefined {
    return this.#match(rendered)?.object.layers;
  }

  /** The kustomization whose patch or field set the value at a path; undefined where a resource has it, or that isn't known. */
  givenBy(rendered: unknown, path: Path): Kustomization | undefined {
    const match = this.#match(rendered);
    const origin = match && this.#walk(match, rendered, path)?.origin;
    if (!origin || !('place' in origin)) return undefined;
    const file = origin.place.via?.place.file ?? origin.place.file;
    return match.object.layers.find((layer) => layer.file === file);
  }

  /**
   * Where a path of a rendered object, or a character of its string, is written; only the file where the line isn't certain.
   */
  locate(rendered: unknown, path: Path, at: At, offset?: number): Location {
    const match = this.#match(rendered);
    if (!match) return this.#sources.whole(this.#root.file);
    const found = this.#walk(match, rendered, path);
    if (found) {
      if (at === 'key') return locationOf(found.key ?? found.origin, at, this.#sources);
      // Of what only the chart's name stands for, no character has a place.
      const isInChart = found.origin === match.object.chart?.name.origin;
      return this.#written(found, rendered, path, isInChart ? undefined : offset);
    }
    const byNamespace = this.#namespaceOf(match, rendered, path);
    if (byNamespace) return byNamespace;
    const byMetadata = metadataOrigin(this.#root, path);
    if (byMetadata) return locationOf(byMetadata, 'value', this.#sources);
    const opaque = match.object.layers.findLast(isOpaque);
    return this.#sources.whole(opaque ? opaque.file : match.object.file);
  }

  #written(found: Shadow, rendered: unknown, path: Path, offset: number | undefined): Location {
    const value = path.reduce(asChild, rendered);
    const start = offset ?? (found.type === 'scalar' ? found.focus : undefined);
    // With a name in it that got longer, nothing tells which character was which.
    const isLonger = found.type === 'scalar' && found.parts && found.value !== value;
    if (start === undefined || isLonger) return locationOf(found.origin, 'value', this.#sources);
    const written = writtenAt(found, start);
    const { origin } = written.shadow;
    // What is encoded is a file's or a literal's text where a generator encoded it; else nobody sees it in the source.
    const isWritten = !isEncoded(rendered, path) || 'entry' in origin || origin.start !== undefined;
    const isWhole = offset === undefined && written.offset === 0;
    return locationOf(origin, 'value', this.#sources, isWritten && !isWhole ? written.offset : undefined);
  }

  /**
   * What else took part in the value at a path, nearest first: the target that selected it for its patch, the prefix of a name,
   * what stood there before, up to where it was written first. Empty where `locate` knows no line.
   */
  way(rendered: unknown, path: Path, at: At): RelatedLocation[] {
    const match = this.#match(rendered);
    const chain = match ? this.#chain(match, rendered, path) : undefined;
    const found = chain?.at(-1);
    if (!chain || !found) return [];
    const way = this.#took(found, at);
    const depth = chain.findLastIndex(({ was }) => was !== undefined);
    // What was replaced as a whole may have held the same field; items of lists can't be told to be the same.
    const below = path.slice(depth).some((key) => typeof key === 'number') ? [] : path.slice(depth);
    let current = chain[depth];
    while (current?.was) {
      const { was }: Shadow = current;
      const before = shadowAt(was, below) ?? was;
      const first = match?.subject.settled
        ? 'the chart that it changes is named here'
        : 'it replaces what is written here';
      const replaced = was.was ? 'before, it was set here' : first;
      const message = isPutTogether(current) ? 'the rest of it is written here' : replaced;
      way.push({ message, location: locationOf(before.origin, at, this.#sources) }, ...this.#took(before, at));
      current = was;
    }
    return way;
  }

  #took({ origin, via = [] }: Shadow, at: At): RelatedLocation[] {
    const took = 'place' in origin && origin.place.via ? [origin.place.via, ...via] : via;
    const read =
      'entry' in origin && at === 'value'
        ? [{ message: 'the generator reads the file here', location: locationOf(origin.entry, 'value', this.#sources) }]
        : [];
    return [
      ...read,
      ...took.map(({ place, path, message }) => ({
        message,
        location: locationOf({ place, path }, 'value', this.#sources),
      })),
    ];
  }

  /** The shadow of the value at a path of a rendered object; undefined where the two don't agree. */
  #walk(match: Match, rendered: unknown, path: Path): Shadow | undefined {
    return this.#chain(match, rendered, path)?.at(-1);
  }

  /** The same with all that it lies in, the object first. */
  #chain({ subject }: Match, rendered: unknown, path: Path): Shadow[] | undefined {
    let shadow: Shadow = subject.shadow;
    let value = rendered;
    const chain: Shadow[] = [shadow];
    for (const key of path) {
      const inner = asChild(value, key);
      let next: Shadow | undefined;
      if (shadow.type === 'map') next = entryOf(shadow, String(key));
      else if (shadow.type === 'list' && Array.isArray(value)) next = this.#item(shadow.items, value, Number(key));
      if (inner === undefined || !next) return undefined;
      shadow = next;
      value = inner;
      chain.push(shadow);
    }
    if (this.#agrees(shadow, value)) return chain;
    const before = shadow.since === undefined ? undefined : shadow.was;
    return before && this.#agrees(before, value) ? [...chain.slice(0, -1), before] : undefined;
  }

  /** Whether a value may be what a shadow became: a scalar exactly, a map or a list by its type. */
  #agrees(shadow: Shadow, value: unknown): boolean {
    if (shadow.type === 'scalar') return this.#isSameScalar(shadow, value);
    return shadow.type === 'list' ? Array.isArray(value) : asMap(value) !== undefined;
  }

  /** Items are compared whole: what is asked of a large list many times is found out once. */
  #item(items: readonly Shadow[], rendered: readonly unknown[], index: number): Shadow | undefined {
    let known = this.#items.get(items);
    if (!known) {
      known = new Map();
      this.#items.set(items, known);
    }
    if (!known.has(index)) known.set(index, this.#findItem(items, rendered, index));
    return known.get(index);
  }

  /** The item that became the rendered one: by the key that identifies it, else because it is equal. */
  #findItem(items: readonly Shadow[], rendered: readonly unknown[], index: number): Shadow | undefined {
    const item = rendered[index];
    const same = items.filter((shadow) => this.#isSame(shadow, item));
    const [first] = same;
    if (first) {
      // Equal items keep their order: the second of three is the second of three.
      const equal = [...rendered.keys()].filter((i) => this.#isSame(first, rendered[i]));
      return same.length === equal.length ? same[equal.indexOf(index)] : same.length === 1 ? first : undefined;
    }
    const key = identifyingKeys(asMap(item));
    const named = key.length === 0 ? [] : items.filter((shadow) => this.#hasKeys(shadow, key));
    if (named.length === 1 && rendered.filter((other) => sharesKeys(other, key)).length === 1) return named[0];
    const isAligned = items.length === rendered.length && items.every((own, i) => this.#isAlike(own, rendered[i]));
    return isAligned ? items[index] : undefined;
  }

  /** Whether a shadow may have become an item: of the same type and, if it is a map, with the same keys. */
  #isAlike(shadow: Shadow, item: unknown): boolean {
    if (shadow.type === 'map') return asMap(item) !== undefined && this.#hasKeys(shadow, identifyingKeys(asMap(item)));
    return shadow.type === 'list' ? Array.isArray(item) : typeof item !== 'object';
  }

  #hasKeys(shadow: Shadow, keys: readonly [string, unknown][]): boolean {
    if (shadow.type !== 'map') return false;
    return keys.every(([key, value]) => {
      const own = shadow.entries.get(key);
      return own === undefined ? value === undefined : own.type === 'scalar' && this.#isSameScalar(own, value);
    });
  }

  /** Whether a shadow and a value are equal throughout, nulls aside. */
  #isSame(shadow: Shadow, value: unknown): boolean {
    if (shadow.type === 'scalar') return this.#isSameScalar(shadow, value);
    if (shadow.type === 'list') {
      return (
        Array.isArray(value) &&
        value.length === shadow.items.length &&
        shadow.items.every((item, i) => this.#isSame(item, value[i]))
      );
    }
    const map = asMap(value);
    if (!map) return false;
    const keys = Object.keys(map).filter((key) => map[key] !== null);
    const own = [...shadow.entries].filter(([, entry]) => !(entry.type === 'scalar' && entry.value === null));
    return (
      keys.length === own.length &&
      keys.every((key) => {
        const entry = entryOf(shadow, key);
        return entry !== undefined && this.#isSame(entry, map[key]);
      })
    );
  }

  /** Equal, but for the names in it of objects of this render, which kustomize makes longer. */
  #isSameScalar({ value: written, parts }: ShadowScalar, value: unknown): boolean {
    if (written === value) return true;
    if (typeof value !== 'string' || written === null) return false;
    // Labels and annotations become strings.
    if (String(written) === value) return true;
    // A block that the end of a text ends, to kustomize ends in no line break.
    if (written === `${value}\n`) return true;
    if (typeof written === 'boolean') return isPrinted(written, value);
    if (typeof written !== 'string') return false;
    return this.#isRenamed(written, value) || (parts !== undefined && this.#isJoined(written, parts, value));
  }

  /** Whether this is the name of an object that was called so in the sources: kustomize rewrites references. */
  #isRenamed(written: string, name: string): boolean {
    if (!this.#byName) {
      this.#byName = new Map();
      for (const rendered of this.#rendered) {
        const { name: own } = identityOfValue(rendered);
        this.#byName.set(own, [...(this.#byName.get(own) ?? []), rendered]);
      }
    }
    const wasCalledSo = (subject: Subject) => identities(subject).some(({ name: earlier }) => earlier === written);
    return (
      (this.#byName.get(name) ?? []).some((rendered) => {
        const match = this.#match(rendered);
        return match !== undefined && wasCalledSo(match.subject);
      }) || this.#localObjects().some((subject) => identityOf(subject.shadow).name === name && wasCalledSo(subject))
    );
  }

  /** What others name without that it is rendered. */
  #localObjects(): Subject[] {
    this.#local ??= (this.#objects ?? []).flatMap((object) => (object.local && this.#followed.of(object)) || []);
    return this.#local;
  }

  /** Whether a text is what its parts make, one after the other, each as it was written or renamed. */
  #isJoined(written: string, parts: readonly Part[], value: string): boolean {
    if (parts.length > MOST_PARTS) return false;
    let ends = new Set([0]);
    for (const { start, end } of parts) {
      const text = written.slice(start, end);
      const next = new Set<number>();
      for (const at of ends) {
        if (value.startsWith(text, at)) next.add(at + text.length);
        for (const name of this.#byName?.keys() ?? []) {
          if (value.startsWith(name, at) && this.#isRenamed(text, name)) next.add(at + name.length);
        }
      }
      ends = next;
    }
    return ends.has(value.length);
  }

  /** A namespace that was written for the object that is named beside it, or for all objects: kustomize keeps references true. */
  #namespaceOf({ object }: Match, rendered: unknown, path: Path): Location | undefined {
    if (path.at(-1) !== 'namespace') return undefined;
    const reference = asMap(path.slice(0, -1).reduce(asChild, rendered)) ?? {};
    const { name, namespace: value } = reference;
    const kind = path.at(-2) === 'service' ? 'Service' : reference.kind;
    const named = this.#rendered.flatMap((other) => {
      const id = identityOfValue(other);
      if (id.name !== name || id.kind !== kind || id.namespace !== value || other === rendered) return [];
      return [this.locate(other, ['metadata', 'namespace'], 'value')];
    });
    if (named[0]?.line !== undefined) return named[0];
    const layer = object.layers.findLast((candidate) => stringOf(candidate.value, 'namespace'));
    const namespace = layer && stringOf(layer.value, 'namespace');
    if (!layer || !namespace || namespace.value !== value) return undefined;
    return locationOf({ place: placeOf(layer), path: namespace.path }, 'value', this.#sources);
  }

  /** The source of a rendered object: the only one that becomes an object of that identity. */
  #match(rendered: unknown): Match | undefined {
    if (!this.#matches.has(rendered)) this.#matches.set(rendered, this.#findMatch(rendered));
    return this.#matches.get(rendered);
  }

  #findMatch(rendered: unknown): Match | undefined {
    const id = identityOfValue(rendered);
    if (id.name === '' || id.kind === '') return undefined;
    this.#objects ??= this.#findObjects();
    const objects = this.#objects;
    const ofChart = objects.find(({ settled }) => settled === rendered);
    if (ofChart) {
      const subject = this.#followed.of(ofChart);
      return subject && { object: ofChart, subject };
    }
    const likely = objects.filter(({ kind, name }) => kind === id.kind && name !== '' && id.name.includes(name));
    // Patches may rename an object, or make it one of another kind.
    return this.#only(likely, id) ?? this.#only(objects, id) ?? this.#onlyLikely(likely, rendered, id);
  }

  /** The objects of the sources; where charts are inflated, with those that only a chart can have rendered. */
  #findObjects(): SourceObject[] {
    const charts: ChartObjects[] = [];
    const isLeftOut = (mention: Mention) => this.#cuts.some((cut) => isCut(mention, cut));
    const withCharts = (charted: (chart: ChartEntry) => readonly SourceObject[]) =>
      sourceObjects(this.#root, this.#sources, undefined, charted, isLeftOut);
    const objects = withCharts((chart) => {
      const start = () => emptyMap(chart.name.origin);
      const file = writtenIn(chart.name.origin).place.file;
      const all = { kind: '', name: '', hashed: false, file, start, steps: [], layers: [], chart };
      charts.push(all);
      return [all];
    });
    if (charts.length === 0) return objects;
    const followed = new Followed();
    const explained = objects.flatMap((object) => {
      const subject = object.chart ? undefined : followed.of(object);
      return subject ? [{ object, subject }] : [];
    });
    const unexplained = this.#rendered.filter((rendered) => {
      const id = identityOfValue(rendered);
      return (
        id.kind !== '' && id.name !== '' && !explained.some(({ object, subject }) => isBecome(subject, object, id))
      );
    });
    const found = objectsOfCharts(charts, unexplained);
    let next = 0;
    return withCharts(() => {
      const chart = charts[next++];
      const own = (chart && found.get(chart)) ?? [];
      return own.map((object) => ({ ...object, steps: [], layers: [] }));
    });
  }

  /**
   * The only object of a kind whose name is part of the rendered one, which is the only one of that kind that it is part of:
   * a transformer that isn't followed has renamed it.
   */
  #onlyLikely(likely: readonly SourceObject[], rendered: unknown, id: Identity): Match | undefined {
    const [object, ...others] = likely.filter(({ layers }) => layers.some(isOpaque));
    if (!object || others.length > 0) return undefined;
    const candidates = this.#rendered.filter((other) => {
      const { kind, group, name } = identityOfValue(other);
      return kind === id.kind && group === id.group && name.includes(object.name);
    });
    const subject = this.#followed.of(object);
    if (candidates.length !== 1 || candidates[0] !== rendered || !subject) return undefined;
    return identityOf(subject.shadow).group === id.group ? { object, subject } : undefined;
  }

  #only(objects: readonly SourceObject[], id: Identity): Match | undefined {
    const same = objects.flatMap((object) => {
      const subject = this.#followed.of(object);
      return subject && isBecome(subject, object, id) ? [{ object, subject }] : [];
    });
    if (same.length <= 1) return same[0];
    const inNamespace = same.filter(({ subject }) => identityOf(subject.shadow).namespace === id.namespace);
    return inNamespace.length === 1 ? inNamespace[0] : undefined;
  }
}

/** Whether a part of what stood there before is still in a text. */
function isPutTogether(shadow: Shadow): boolean {
  return shadow.type === 'scalar' && shadow.focus !== undefined && (shadow.parts?.length ?? 0) > 1;
}

/** Texts of more parts are not compared with names that may have got longer in them. */
const MOST_PARTS = 200;

/** The hash that kustomize appends to names: hexadecimal digits, some of them replaced (api/hasher). */
const HASH = /^-[2456789bcdfghkmt]{10}$/;

/** A name without the hash that kustomize appends, undefined for one that ends in none. */
export function withoutHash(name: string): string | undefined {
  return HASH.test(name.slice(-11)) ? name.slice(0, -11) : undefined;
}

function isBecome({ shadow }: Subject, { hashed }: SourceObject, id: Identity): boolean {
  const own = identityOf(shadow);
  const sameName = own.name === id.name || (hashed && own.name === withoutHash(id.name));
  return sameName && own.kind === id.kind && own.group === id.group;
}

function asChild(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

/** Fields that tell the items of a list apart; the first that an item has counts, some need a second. */
const IDENTIFYING: readonly (readonly string[])[] = [
  ['name'],
  ['containerPort', 'protocol'],
  ['port', 'protocol'],
  ['mountPath'],
  ['devicePath'],
  ['ip'],
  ['topologyKey', 'whenUnsatisfiable'],
  ['key'],
  ['host'],
  ['type'],
];

function identifyingKeys(item: Record<string, unknown> | undefined): [string, unknown][] {
  const fields = IDENTIFYING.find(([first]) => first !== undefined && isScalar(asChild(item, first)));
  return (fields ?? []).map((field) => [field, asChild(item, field)]);
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function sharesKeys(item: unknown, keys: readonly [string, unknown][]): boolean {
  return keys.every(([key, value]) => asChild(item, key) === value);
}
