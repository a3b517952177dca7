import {
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml';
import type { Path } from '../resource.ts';
import { type ParsedYaml, YamlError } from './events.ts';
import { isMergeKey, plainKey, plainScalar, type Scalar, ScalarError, taggedKey, taggedScalar } from './scalars.ts';

/** Where one entry of a collection stands. Offsets are those of `ParsedYaml.source`. */
export interface Slot {
  /** The key, or in a sequence the item's start. */
  key: number;
  /** The value's own start where it is a scalar or an alias, else the same as `key`. */
  value: number;
  /** The scalar that stands there as the value. */
  scalar: ScalarEvent | undefined;
}

/** The places of a collection's entries: by key of a mapping, by index of a sequence. */
export type Slots = Map<string, Slot> | Slot[];

export interface Constructed {
  value: unknown;
  /** The later one of each pair. */
  duplicateKeys: { path: Path; offset: number }[];
  /** The document's root; undefined where nothing stands in it. */
  root: Slot | undefined;
  /** By the objects and arrays of `value`, where it was asked for. What an alias names is one object in several places. */
  slots: Map<unknown, Slots> | undefined;
}

/**
 * Makes plain data of a parsed document as kubectl makes JSON of it: goyaml.v2's decode.go and yaml.go of
 * sigs.k8s.io/yaml. Keys are strings, of duplicate keys the last wins, merge keys count from where they stand (an earlier
 * key is overridden). Aliases share the object. Throws YamlError.
 */
export function construct(parsed: ParsedYaml, withSlots: boolean): Constructed {
  return new Constructor(parsed, withSlots).document();
}

interface Anchor {
  value: unknown;
  scalar: ScalarEvent | undefined;
  /** How many nodes it is with its aliases expanded; undefined while it is still being read. */
  size: number | undefined;
}

type Mapping = Record<string, unknown>;

class Constructor {
  private readonly source: string;
  private readonly events: readonly Event[];
  private next = 0;
  private readonly anchors = new Map<string, Anchor>();
  private readonly path: (string | number)[] = [];
  private readonly duplicateKeys: { path: Path; offset: number }[] = [];
  private readonly slots: Map<unknown, Slots> | undefined;
  /** Nodes read so far with aliases expanded, and how many of them came from aliases. */
  private nodes = 1;
  private aliased = 0;
  /** Where the node that was read last starts, -1 where it is empty; whether it is a scalar or an alias; and the scalar. */
  private start = -1;
  private isLeaf = false;
  private leaf: ScalarEvent | undefined;
  /** Where the last token ends. */
  private end = 0;

  constructor(parsed: ParsedYaml, withSlots: boolean) {
    this.source = parsed.source;
    this.events = parsed.events;
    this.slots = withSlots ? new Map() : undefined;
  }

  document(): Constructed {
    const { events, duplicateKeys, slots } = this;
    // The first event opens the document. What follows the document's end, kubectl doesn't read either.
    this.next = 1;
    const value = events.length === 0 ? null : this.node();
    const root = this.start === -1 ? undefined : this.slotOf(this.start);
    return { value, duplicateKeys, root, slots };
  }

  private node(): unknown {
    const event = this.events[this.next++];
    this.count(1, 0);
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return this.scalar(event);
      case EVENT_ID.MAPPING:
        return this.mapping(event);
      case EVENT_ID.SEQUENCE:
        return this.sequence(event);
      case EVENT_ID.ALIAS:
        return this.alias(event.anchorStart, event.anchorEnd).value;
      default:
        throw new YamlError('malformed YAML', this.end);
    }
  }

  private scalar(event: ScalarEvent): Scalar {
    const at = this.startOf(event);
    const value = this.scalarValue(event, at);
    this.declare(event, { value, scalar: event, size: 1 });
    this.leave(event.valueStart === -1 ? -1 : at, value === null ? undefined : event);
    this.end = endOf(event, this.end);
    return value;
  }

  private scalarValue(event: ScalarEvent, at: number): Scalar {
    const text = getScalarValue(this.source, event);
    const tag = this.tagOf(event);
    if (tag === '' && event.style !== SCALAR_STYLE.PLAIN) return text;
    const value = this.checked(at, tag === '' ? plainScalar : taggedScalar, text, tag);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new YamlError('infinity and NaN have no place in JSON: kubectl refuses the document', at);
    }
    return value;
  }

  private sequence(event: SequenceEvent): unknown[] {
    const value: unknown[] = [];
    const size = this.nodes;
    const anchor = this.declare(event, { value, scalar: undefined, size: undefined });
    const slots: Slot[] | undefined = this.slots && [];
    if (slots) this.slots?.set(value, slots);
    this.end = event.start;
    while (this.events[this.next]?.type !== EVENT_ID.POP) {
      this.path.push(value.length);
      const before = this.end;
      value.push(this.node());
      if (slots) {
        const at = this.start === -1 ? this.dashAfter(before) : this.start;
        slots.push(this.slotOf(at));
        this.end = Math.max(this.end, at + 1);
      }
      this.path.pop();
    }
    this.next++;
    if (anchor) anchor.size = this.nodes - size;
    this.leave(event.start, undefined);
    return value;
  }

  private mapping(event: MappingEvent): Mapping {
    const value: Mapping = {};
    const size = this.nodes;
    const anchor = this.declare(event, { value, scalar: undefined, size: undefined });
    const slots: Map<string, Slot> | undefined = this.slots && new Map();
    if (slots) this.slots?.set(value, slots);
    this.end = event.start;
    /** Keys that only a merge has set so far. */
    let merged: Set<string> | undefined;
    while (this.events[this.next]?.type !== EVENT_ID.POP) {
      const key = this.key();
      const at = this.start;
      if (key === undefined) {
        merged ??= new Set();
        for (const source of this.mergeSources(at)) this.merge(source, value, slots, merged);
        continue;
      }
      this.path.push(key);
      if (Object.hasOwn(value, key) && !merged?.delete(key))
        this.duplicateKeys.push({ path: [...this.path], offset: at });
      put(value, key, this.node());
      slots?.set(key, this.slotOf(at));
      this.path.pop();
    }
    this.next++;
    if (anchor) anchor.size = this.nodes - size;
    this.leave(event.start, undefined);
    return value;
  }

  /** Reads a key: its JSON string, undefined for a merge key. Leaves its place in `start`. */
  private key(): string | undefined {
    const event = this.events[this.next++];
    this.count(1, 0);
    if (event?.type === EVENT_ID.ALIAS) {
      const { scalar } = this.alias(event.anchorStart, event.anchorEnd);
      if (scalar) return this.keyText(scalar, this.start);
    }
    if (event?.type !== EVENT_ID.SCALAR) {
      const at = event && 'start' in event ? event.start : this.start;
      const hint =
        this.source[at] === '{' && this.source[at - 1] === '{' ? '; is this a template, or does it need quotes?' : '';
      throw new YamlError(`malformed YAML: only text, numbers and booleans can be keys${hint}`, at);
    }
    this.start = event.valueStart === -1 ? this.end : this.startOf(event);
    this.end = endOf(event, this.end);
    if (event.anchorStart !== -1) {
      this.declare(event, { value: this.scalarValue(event, this.start), scalar: event, size: 1 });
    }
    const plain = event.style === SCALAR_STYLE.PLAIN;
    if (isMergeKey(getScalarValue(this.source, event), plain, this.tagOf(event))) return undefined;
    return this.keyText(event, this.start);
  }

  private keyText(event: ScalarEvent, at: number): string {
    const text = getScalarValue(this.source, event);
    const tag = this.tagOf(event);
    if (tag === '' && event.style !== SCALAR_STYLE.PLAIN) return text;
    return this.checked(at, tag === '' ? plainKey : taggedKey, text, tag);
  }

  /** Reads the value of a merge key: the mappings to merge, the one that counts most last. */
  private mergeSources(at: number): Mapping[] {
    const type = this.events[this.next]?.type;
    const value = this.node();
    const sources = type === EVENT_ID.SEQUENCE && Array.isArray(value) ? value.toReversed() : [value];
    if (!sources.every(isMapping)) throw new YamlError('malformed YAML: only mappings can be merged with `<<`', at);
    return sources;
  }

  private merge(source: Mapping, into: Mapping, slots: Map<string, Slot> | undefined, merged: Set<string>): void {
    const places = this.slots?.get(source);
    for (const key of Object.keys(source)) {
      if (!Object.hasOwn(into, key)) merged.add(key);
      put(into, key, source[key]);
      const place = places instanceof Map ? places.get(key) : undefined;
      if (place) slots?.set(key, place);
    }
  }

  private alias(start: number, end: number): Anchor {
    const anchor = this.anchors.get(this.source.slice(start, end));
    if (!anchor) throw new YamlError('malformed YAML: no anchor of this name stands before it', start - 1);
    if (anchor.size === undefined) throw new YamlError('malformed YAML: the anchor contains itself', start - 1);
    this.leave(start - 1, undefined);
    this.isLeaf = true;
    this.end = end;
    this.count(anchor.size, anchor.size);
    return anchor;
  }

  private declare(event: ScalarEvent | SequenceEvent | MappingEvent, anchor: Anchor): Anchor | undefined {
    if (event.anchorStart === -1) return undefined;
    this.anchors.set(this.source.slice(event.anchorStart, event.anchorEnd), anchor);
    return anchor;
  }

  /** Refuses aliases that expand to too much, by the rule of goyaml.v2. */
  private count(nodes: number, aliased: number): void {
    this.nodes += nodes;
    this.aliased += aliased;
    if (this.aliased <= 100 || this.nodes <= 1000) return;
    if (this.aliased / this.nodes > allowedAliasRatio(this.nodes)) {
      throw new YamlError('malformed YAML: aliases expand to too much (excessive aliasing)', this.end);
    }
  }

  private leave(start: number, leaf: ScalarEvent | undefined): void {
    this.start = start;
    this.leaf = start === -1 ? undefined : leaf;
    this.isLeaf = this.leaf !== undefined;
  }

  /** The slot of the node that was read last, under the key or item that starts at `key`. */
  private slotOf(key: number): Slot {
    return { key, value: this.isLeaf ? this.start : key, scalar: this.leaf };
  }

  private tagOf(event: ScalarEvent): string {
    return event.tagStart === -1 ? '' : this.source.slice(event.tagStart, event.tagEnd);
  }

  /** Where a scalar's own text starts: its quote, or the `|` or `>` of a block scalar. */
  private startOf(event: ScalarEvent): number {
    const { style, valueStart } = event;
    if (valueStart === -1) return Math.max(event.tagStart, event.anchorStart - 1, 0);
    if (style === SCALAR_STYLE.PLAIN) return valueStart;
    if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) return valueStart - 1;
    if (!this.slots) return valueStart;
    const lineStart = this.source.lastIndexOf('\n', valueStart - 2) + 1;
    const from = Math.max(lineStart, this.end, event.tagEnd, event.anchorEnd);
    const header = /[|>][-+0-9]*[ \t]*(?:#.*)?\r?\n?$/.exec(this.source.slice(from, valueStart));
    return from + (header?.index ?? 0);
  }

  /** The dash of an empty item of a block sequence, after the token that ends at `from`. */
  private dashAfter(from: number): number {
    const pattern = /[\]}\s]*(?:#.*\n\s*)*-/y;
    pattern.lastIndex = from;
    return pattern.test(this.source) ? pattern.lastIndex - 1 : from;
  }

  private checked<T>(at: number, read: (text: string, tag: string) => T, text: string, tag: string): T {
    try {
      return read(text, tag);
    } catch (error) {
      throw error instanceof ScalarError ? new YamlError(`malformed YAML: ${error.message}`, at) : error;
    }
  }
}

function endOf(event: ScalarEvent, before: number): number {
  if (event.valueStart === -1) return Math.max(before, event.tagEnd, event.anchorEnd);
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return event.valueEnd + (quoted ? 1 : 0);
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets an own property whatever its name: `__proto__` is data here. */
function put(map: Mapping, key: string, value: unknown): void {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The share of nodes that may come from aliases: decode.go of goyaml.v2 (`allowedAliasRatio`). */
function allowedAliasRatio(nodes: number): number {
  if (nodes <= 400_000) return 0.99;
  if (nodes >= 4_000_000) return 0.1;
  return 0.99 - (0.89 * (nodes - 400_000)) / 3_600_000;
}
