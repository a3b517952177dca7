import { basename } from 'node:path';
import { valueAt } from '../../cluster/workloads.ts';
import type { At, Location, Path } from '../../resource.ts';
import { LineTable } from '../../yaml/lines.ts';
import { YamlPositions } from '../../yaml/positions.ts';
import { splitYaml } from '../../yaml/split.ts';
import { Causes, isTemplate, type Rerendered } from './cause.ts';
import { type CopiedCharts, copyChart } from './chart-copy.ts';
import { literalsOf } from './literals.ts';
import { type Piece, type PrintedObject, readObjects, splitOutput } from './output.ts';
import type { HelmChart } from './target-chart.ts';
import { type TemplatePlace, type Trace, traceChart } from './trace.ts';
import { isSameValue, type ValuesEntry } from './values.ts';

/** Where a path of an object is written, and how that is known. */
export interface Found {
  location: Location;
  /** The value that is what stands there, or a part of it. */
  cause?: ValuesEntry;
}

/** Finds where what a chart renders is written. Renders again only when it is asked, and once for what it is asked twice. */
export class HelmLocator {
  private readonly helm: HelmChart;
  private readonly objects: readonly PrintedObject[];
  private readonly found = new Map<string, Promise<Found>>();
  private readonly traces = new Map<CopiedCharts, Promise<Trace>>();
  private theCauses: Causes | undefined;
  private tooSlow = false;
  private withoutNotes = false;

  constructor(helm: HelmChart, objects: readonly PrintedObject[]) {
    this.helm = helm;
    this.objects = objects;
  }

  /**
   * Where a path of an object is written: the values file where the value stands literally and causes this one, else the
   * template's line, else the template. Of a chart from elsewhere, the user's value or the line that brings it in.
   */
  async locate(object: PrintedObject, path: Path, at: At): Promise<Location> {
    return (await this.find(object, path, at)).location;
  }

  /** The same, with the value that causes it. */
  find(object: PrintedObject, path: Path, at: At): Promise<Found> {
    const { piece, ordinal, document } = object;
    const key = JSON.stringify([piece.source, ordinal, document.index, path, at]);
    let found = this.found.get(key);
    if (!found) {
      found = this.search(object, path, at);
      this.found.set(key, found);
    }
    return found;
  }

  /** Where the template of an object writes a path, be the chart from elsewhere or not; undefined where that isn't certain. */
  async place({ piece, ordinal, document }: PrintedObject, path: Path, at: At): Promise<TemplatePlace | undefined> {
    if (isCrd(piece.source)) return undefined;
    return (await this.trace(piece)).place(piece, ordinal, document.index, path, at);
  }

  /**
   * Where the character at `offset` of a printed text is written: the template's line, unless the whole text stands in the values.
   * Where that isn't certain, as without offset.
   */
  async locateWithin(object: PrintedObject, path: Path, offset: number): Promise<Location> {
    const whole = await this.locate(object, path, 'value');
    const { piece, document } = object;
    const { file, thirdParty } = this.helm.resolve(piece.source);
    if (thirdParty || whole.file !== this.helm.shown(file)) return whole;
    const chunk = splitYaml(piece.text)[document.index];
    const printed = chunk && new YamlPositions(chunk).within(path, offset);
    if (!printed) return whole;
    const start = new LineTable(piece.text).at(printed.offset);
    const { line, column } = 'lines' in printed ? { line: start.line + printed.lines, column: printed.column } : start;
    if (isCrd(piece.source)) return { file: whole.file, line, column };
    const within = this.helm.locationOf((await this.trace(piece)).placeAt(piece, line, column));
    return within?.file === whole.file ? within : whole;
  }

  /** Where a line of what a template printed is written, the template where that isn't certain. */
  async locateLine({ piece }: PrintedObject, line: number, column: number): Promise<Location> {
    const { file } = this.helm.resolve(piece.source);
    if (isCrd(piece.source)) return { file: this.helm.shown(file), line, column };
    return (
      this.helm.locationOf((await this.trace(piece)).placeAt(piece, line, column)) ?? { file: this.helm.shown(file) }
    );
  }

  private async search(object: PrintedObject, path: Path, at: At): Promise<Found> {
    const { piece, document } = object;
    const { file, thirdParty } = this.helm.resolve(piece.source);
    if (thirdParty) return this.inThirdParty(object, path, at);
    if (isCrd(piece.source)) {
      return { location: await this.helm.context.sources.locate(file, document.index, path, at) };
    }
    const place = await this.place(object, path, at);
    const location = this.helm.locationOf(place) ?? { file: this.helm.shown(file) };
    if (place?.literal) return { location };
    return (await this.inValues(object, path, at, this.helm.text(file) ?? '')) ?? { location };
  }

  private async inThirdParty(object: PrintedObject, path: Path, at: At): Promise<Found> {
    const { subchart } = this.helm.resolve(object.piece.source);
    const reaches = ({ path: [first] }: ValuesEntry) =>
      subchart === undefined || first === subchart || first === 'global';
    const value = valueAt(object.document.value, path);
    const candidates = this.candidates(value, path, at, '').filter(reaches);
    const parts =
      typeof value === 'string' ? this.helm.entries.filter((entry) => isPart(entry, value) && reaches(entry)) : [];
    const all = [...new Set([...candidates, ...parts])];
    const cause = await this.causes.find({ object, path, value, candidates: all, parts: parts.length > 0 });
    const found = this.foundIn(cause, at);
    if (found) return found;
    const location = this.helm.thirdPartyLocation(object.piece.source);
    if (location.line !== undefined) return { location };
    // Nobody says what brings it in: then the line inside is all that there is.
    const place = await this.place(object, path, at);
    return { location: place && !this.helm.packedFile(place.file) ? this.helm.locationOf(place) : location };
  }

  private async inValues(object: PrintedObject, path: Path, at: At, template: string): Promise<Found | undefined> {
    const value = valueAt(object.document.value, path);
    const candidates = this.candidates(value, path, at, template);
    return this.foundIn(await this.causes.find({ object, path, value, candidates, parts: false }), at);
  }

  private foundIn(cause: ValuesEntry | undefined, at: At): Found | undefined {
    const location = cause && this.helm.locateEntry(cause, at);
    return location && { location, cause };
  }

  /** The user's values that are equal to one that was rendered, those of the same name first. */
  private candidates(value: unknown, path: Path, at: At, template: string): ValuesEntry[] {
    if (value === undefined || value === null) return [];
    const key = path.findLast((step) => typeof step === 'string');
    const rankOf = (entry: ValuesEntry) => {
      const name = entry.path.findLast((step) => typeof step === 'string');
      return name === key ? 0 : name !== undefined && template.includes(name) ? 1 : 2;
    };
    return this.helm.entries
      .filter(({ layer, path }) => layer.own && path.length > 0)
      .filter((entry) => isSameValue(entry.value, value) || (typeof value === 'string' && isTemplate(entry.value)))
      .filter((entry) => at === 'value' || entry.path.at(-1) === path.at(-1))
      .map((entry) => ({ entry, rank: rankOf(entry) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ entry }) => entry);
  }

  /** Charts from elsewhere get marks of their own, which their templates may bear less well. */
  private trace({ source }: Piece): Promise<Trace> {
    const charts = this.helm.resolve(source).thirdParty ? 'all' : 'own';
    let trace = this.traces.get(charts);
    if (!trace) {
      const isWanted = (name: string) => !isCrd(name) && this.helm.resolve(name).thirdParty === (charts === 'all');
      const pieces = [...new Set(this.objects.map(({ piece }) => piece))].filter((piece) => isWanted(piece.source));
      const chart = this.helm.chart ?? this.helm.target.chart;
      trace = traceChart(chart, pieces, (options) => this.helm.render(options), charts);
      this.traces.set(charts, trace);
    }
    return trace;
  }

  /** What finds causes; remembers its renders. */
  get causes(): Causes {
    const { target, context } = this.helm;
    const render = (override: unknown) => this.rerender(override);
    this.theCauses ??= new Causes(this.objects, this.helm.entries, render, () =>
      literalsOf(target.chart, context.sources),
    );
    return this.theCauses;
  }

  /** Many charts validate values in NOTES.txt, which is no part of what is installed: then it goes without. */
  private async rerender(override: unknown): Promise<Rerendered> {
    if (this.tooSlow) return { failure: '' };
    const chart = this.helm.chart ?? this.helm.target.chart;
    const prepare = (directory: string) =>
      copyChart(chart, directory, (_, file) => (isNotes(file) ? '' : undefined), 'all');
    const options = { override, skipSchema: true, extra: true, ...(this.withoutNotes && { prepare }) };
    const result = await this.helm.render(options);
    this.tooSlow ||= result.kind === 'timeout';
    if (result.kind === 'ok') {
      return { objects: readObjects(splitOutput(result.stdout, (source) => this.helm.isPrinted(source))) };
    }
    const failure = result.kind === 'failed' ? result.stderr : '';
    if (this.withoutNotes || !/\/NOTES\.txt:\d/.test(failure)) return { failure };
    this.withoutNotes = true;
    return this.rerender(override);
  }
}

function isNotes(file: string): boolean {
  return basename(file) === 'NOTES.txt';
}

/** Whether an own value may be a part of a text: what is shorter is everywhere. */
function isPart({ value, layer }: ValuesEntry, text: string): boolean {
  return (
    layer.own &&
    (typeof value === 'string' || typeof value === 'number') &&
    `${value}`.length > 1 &&
    text.includes(`${value}`)
  );
}

/** `crds/` of a chart or of one below it: plain manifests, which helm prints as they are. */
export function isCrd(source: string): boolean {
  return /^[^/]+\/(?:charts\/[^/]+\/)*crds\//.test(source);
}
