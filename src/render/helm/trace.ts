import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { At, Path } from '../../resource.ts';
import { type Constructed, construct, type Slot } from '../../yaml/construct.ts';
import { parseYaml, YamlError } from '../../yaml/events.ts';
import { splitYaml } from '../../yaml/split.ts';
import type { RunResult } from '../run.ts';
import { type Chart, filesBelow } from './chart.ts';
import { type CopiedCharts, copyChart } from './chart-copy.ts';
import { type Frame, type MarkedOutput, Marks } from './marks.ts';
import { type Piece, splitManifests } from './output.ts';
import type { HelmRun } from './run.ts';

/** A place in a template. */
export interface TemplateSpot {
  /** Absolute; in an archive, that of the archive goes before. */
  file: string;
  line: number;
  column?: number;
}

/** Where a template writes something. */
export interface TemplatePlace extends TemplateSpot {
  /** The template's own text, not something that an action made. */
  literal: boolean;
  /** The actions that bring in the definition which it is part of, the nearest first. */
  includes: readonly TemplateSpot[];
  /** The line of a definition that makes what the action here prints, where it does so by itself. */
  inner?: TemplateSpot;
}

/** A piece in the marked output. */
interface Traced {
  output: MarkedOutput;
  /** Offset of the piece in the output. */
  start: number;
  text: string;
}

/** Which line of which template printed what. */
export class Trace {
  private readonly traced: ReadonlyMap<Piece, Traced>;
  private readonly documents = new Map<string, TracedDocument | undefined>();

  constructor(traced: ReadonlyMap<Piece, Traced>) {
    this.traced = traced;
  }

  /** Where a path of a document is written; undefined where that isn't certain. */
  place(piece: Piece, ordinal: number, index: number, path: Path, at: At): TemplatePlace | undefined {
    return this.document(piece, ordinal, index)?.place(path, at);
  }

  /** Where the character at a 1-based line and column of a piece is written. */
  placeAt(piece: Piece, line: number, column: number): TemplatePlace | undefined {
    const traced = this.traced.get(piece);
    return traced && placeAt(traced, line, column);
  }

  private document(piece: Piece, ordinal: number, index: number): TracedDocument | undefined {
    const key = JSON.stringify([piece.source, ordinal, index]);
    if (!this.documents.has(key)) {
      const traced = this.traced.get(piece);
      this.documents.set(key, traced && readTraced(traced, index));
    }
    return this.documents.get(key);
  }
}

/**
 * Renders a chart once more with marks in its templates, and keeps of the pieces what prints exactly what it prints without
 * them. Definitions that marks disturb are left alone in a second attempt. With `all`, templates of charts from elsewhere get
 * marks, too; `chart` may then be the path of an archive.
 */
export async function traceChart(
  chart: Chart | string,
  pieces: readonly Piece[],
  render: (options: HelmRun) => Promise<RunResult>,
  charts: CopiedCharts,
): Promise<Trace> {
  const traced = new Map<Piece, Traced>();
  for (const definitions of [true, false]) {
    const outputs = await markedOutputs(chart, render, definitions, charts);
    for (const [source, own] of bySource(pieces.filter((piece) => !traced.has(piece)))) {
      const output = outputs.get(source);
      if (output) for (const [piece, place] of match(own, output)) traced.set(piece, place);
    }
    if (pieces.every((piece) => traced.has(piece))) break;
  }
  return new Trace(traced);
}

/** What the templates print with marks, by the name of the template. Needs no output that is YAML. */
export async function markedOutputs(
  chart: Chart | string,
  render: (options: HelmRun) => Promise<RunResult>,
  definitions: boolean,
  charts: CopiedCharts = 'own',
): Promise<Map<string, MarkedOutput>> {
  const marks = new Marks(nonceOf(typeof chart === 'string' ? [chart] : filesBelow(chart.directory)));
  const result = await render({
    raw: true,
    skipSchema: true,
    extra: true,
    prepare: async (directory) => {
      await copyChart(chart, directory, (source, file) => marks.write(source, file, definitions), charts);
      // helm prints the output of each template as a whole only after it has met one that is no YAML.
      await mkdir(join(directory, 'templates'), { recursive: true });
      await writeFile(join(directory, 'templates', 'k8s-lint.yaml'), '{');
    },
  });
  return 'stdout' in result ? marks.read(result.stdout) : new Map();
}

/** Hardly a text that stands in one of the files, and the same for the same files: then what helm prints is, too. */
function nonceOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    try {
      hash.update(readFileSync(file));
    } catch {
      // helm will say so.
    }
  }
  return hash.digest('hex').slice(0, 8);
}

function bySource(pieces: readonly Piece[]): Map<string, Piece[]> {
  const found = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const list = found.get(piece.source);
    if (list) list.push(piece);
    else found.set(piece.source, [piece]);
  }
  return found;
}

/**
 * Finds the pieces of a template in its marked output: those that are the same, and those that differ in the values of
 * single lines only (random ones, hashes of marked text), each the one that differs in the fewest, if nothing else can be meant.
 */
function match(pieces: readonly Piece[], output: MarkedOutput): Map<Piece, Traced> {
  const found = new Map<Piece, Traced>();
  const printed = splitManifests(output.text);
  for (const piece of pieces) {
    const at = printed.findIndex(({ text }) => text === piece.text.trim());
    const [same] = at === -1 ? [] : printed.splice(at, 1);
    if (same) found.set(piece, { output, ...same });
  }
  const left = pieces.filter((piece) => !found.has(piece));
  for (const piece of left) {
    const alike = nearest(piece.text.trim(), printed);
    if (alike && nearest(alike.text, left) === piece) found.set(piece, { output, ...alike });
  }
  return found;
}

/** What differs from a text in the values of the fewest lines; undefined where several do, or nothing is that alike. */
function nearest<T extends { text: string }>(text: string, among: readonly T[]): T | undefined {
  let best: T | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const other of among) {
    const count = differingValues(text, other.text.trim());
    if (count === undefined || count > least) continue;
    best = count === least ? undefined : other;
    least = count;
  }
  return best;
}

/** How many lines of two texts differ in their values; undefined where they differ in anything else. */
export function differingValues(a: string, b: string): number | undefined {
  const [left, right] = [a.split('\n'), b.split('\n')];
  const keyOf = (line: string) => /^[\s-]*[^\s:]+:(?= )/.exec(line)?.[0];
  if (left.length !== right.length) return undefined;
  const differing = [...left.entries()].filter(([i, line]) => line !== right[i]);
  const isAlike = differing.every(([i, line]) => keyOf(line) !== undefined && keyOf(line) === keyOf(right[i] ?? ''));
  return isAlike ? differing.length : undefined;
}

function placeAt({ output, start, text }: Traced, line: number, column: number): TemplatePlace | undefined {
  let offset = 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf('\n', offset);
    if (next === -1) return undefined;
    offset = next + 1;
  }
  const lineEnd = text.indexOf('\n', offset);
  const from = start + offset + column - 1;
  const to = start + (lineEnd === -1 ? text.length : lineEnd);
  for (let position = from; position < to; position++) {
    const frame = output.frameAt(position);
    if (frame) return placeOf(output, chain(frame), chain(frame).length - 1, position);
  }
  return undefined;
}

function readTraced(traced: Traced, index: number): TracedDocument | undefined {
  const chunk = splitYaml(traced.text)[index];
  if (!chunk) return undefined;
  try {
    const parsed = parseYaml(chunk.text);
    const base = traced.start + chunk.offset;
    return new TracedDocument(traced.output, construct(parsed, true), (offset) => base + parsed.original(offset));
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

/** One document of a marked output. */
class TracedDocument {
  private readonly output: MarkedOutput;
  private readonly constructed: Constructed;
  private readonly toOutput: (offset: number) => number;

  constructor(output: MarkedOutput, constructed: Constructed, toOutput: (offset: number) => number) {
    this.output = output;
    this.constructed = constructed;
    this.toOutput = toOutput;
  }

  place(path: Path, at: At): TemplatePlace | undefined {
    const found = this.find(path);
    if (!found?.slot) return undefined;
    const { slot, value, inList } = found;
    const key = this.toOutput(slot.key);
    // A key is written where its colon is, an item where its dash is, a value where its key is: what stands in front of a
    // value that an `include` makes counts, not the line of the definition that makes it.
    const keyPlace = this.relative(key, inList ? this.dashBefore(key) : this.colonAfter(key));
    if (!keyPlace) return undefined;
    if (at === 'key' && !inList) {
      const colon = this.colonAfter(key) ?? key + 1;
      return { ...keyPlace, literal: this.isText(key, colon) };
    }
    if (typeof value === 'object' && value !== null) return { ...keyPlace, literal: !this.isMadeByOne(slot, value) };
    const { scalar } = slot;
    if (!scalar || scalar.valueStart === -1) return { ...keyPlace, literal: true };
    const start = this.toOutput(slot.value);
    const literal = this.isText(start, this.toOutput(scalar.valueEnd));
    const place = inList || path.length === 0 ? keyPlace : this.relative(start, key);
    return place && { ...place, literal };
  }

  private find(path: Path): { slot: Slot | undefined; value: unknown; inList: boolean } | undefined {
    let { value, root: slot } = this.constructed;
    let inList = false;
    for (const key of path) {
      const slots = this.constructed.slots?.get(value);
      inList = Array.isArray(slots);
      slot = Array.isArray(slots) ? slots[Number(key)] : slots?.get(String(key));
      if (!slot) return undefined;
      value = (value as Record<string | number, unknown>)[key];
    }
    return { slot, value, inList };
  }

  /** The place of a character, as seen from another one: the outermost stretch around it that isn't around the other. */
  private relative(offset: number, reference: number | undefined): TemplatePlace | undefined {
    const frames = chain(this.output.frameAt(offset));
    const around = chain(reference === undefined ? undefined : this.output.frameAt(reference));
    const own = frames.findIndex((frame, i) => frame !== around[i]);
    return placeOf(this.output, frames, own === -1 ? frames.length - 1 : own, offset);
  }

  /** Whether a part of the output is the templates' own text. */
  private isText(start: number, end: number): boolean {
    return this.output.framesIn(start, end).every((frame) => frame?.mark.kind !== 'action');
  }

  /** Whether one action makes all that a collection holds. */
  private isMadeByOne(slot: Slot, value: object): boolean {
    const offsets = this.offsetsOf(value);
    const first = offsets.length > 0 ? offsets[0] : this.bracketAfter(this.toOutput(slot.key));
    const frame = first === undefined ? undefined : this.output.frameAt(first);
    if (frame?.mark.kind !== 'action') return false;
    return offsets.every((offset) => this.output.frameAt(offset) === frame);
  }

  private offsetsOf(value: unknown): number[] {
    const slots = this.constructed.slots?.get(value);
    if (!slots) return [];
    const items = Array.isArray(value) ? value : Object.values(value as object);
    const own = [...slots.values()].flatMap(({ key, value }) => [this.toOutput(key), this.toOutput(value)]);
    return [...own, ...items.flatMap((item) => this.offsetsOf(item))];
  }

  private colonAfter(key: number): number | undefined {
    KEY.lastIndex = key;
    return KEY.test(this.output.text) ? KEY.lastIndex - 1 : undefined;
  }

  /** The bracket that opens an empty collection: the value of the key, or the item itself, that starts at an offset. */
  private bracketAfter(key: number): number | undefined {
    const { text } = this.output;
    if (/[[{]/.test(text[key] ?? '')) return key;
    const colon = this.colonAfter(key);
    if (colon === undefined) return undefined;
    const bracket = colon + 1 + (text.slice(colon + 1).search(/\S/) ?? 0);
    return /[[{]/.test(text[bracket] ?? '') ? bracket : undefined;
  }

  private dashBefore(item: number): number | undefined {
    const { text } = this.output;
    let position = item - 1;
    while (/\s/.test(text[position] ?? '')) position--;
    return /[-[,]/.test(text[position] ?? '') ? position : undefined;
  }
}

/** A key of a mapping up to its colon. */
const KEY = /(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s:]+(?:[ :][^\s:]+)*)[ \t]*:/y;

/** The stretches around a character, the outermost first. */
function chain(frame: Frame | undefined): Frame[] {
  const frames: Frame[] = [];
  for (let current = frame; current; current = current.parent) frames.unshift(current);
  return frames;
}

/** The place of the stretch at `index` among those around a character. */
function placeOf(
  output: MarkedOutput,
  frames: readonly Frame[],
  index: number,
  offset: number,
): TemplatePlace | undefined {
  const frame = frames[index];
  if (!frame) return undefined;
  const outer = frames.slice(0, index).filter(({ mark }) => mark.kind === 'action');
  const innermost = index < frames.length - 1 ? frames.at(-1) : undefined;
  return {
    ...spotOf(output, frame, offset),
    literal: frame.mark.kind === 'text',
    includes: outer.map((other) => spotOf(output, other, offset)).reverse(),
    ...(innermost && { inner: spotOf(output, innermost, offset) }),
  };
}

function spotOf({ text }: MarkedOutput, { mark, start }: Frame, offset: number): TemplateSpot {
  const { file, line, kind, code } = mark;
  if (kind === 'action') return { file, line, column: mark.column };
  // A function may have changed what a definition printed, `quote` for one.
  const column = text.startsWith(code, start) ? mark.column + offset - start : undefined;
  return { file, line, ...(column !== undefined && { column }) };
}
