import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { At, Location, Path } from '../../resource.ts';
import { SourceError } from '../../source.ts';
import { shownPath } from '../manifests.ts';
import type { RunResult } from '../run.ts';
import type { HelmTarget, RenderContext } from '../target.ts';
import type { Helm } from '../tools.ts';
import { type Chart, type ChartDependency, isArchive, isChart, readChart } from './chart.ts';
import { ignoredCharts, withThirdParties } from './ignored-charts.ts';
import { type HelmRun, runHelm } from './run.ts';
import type { TemplateSpot } from './trace.ts';
import { entriesOf, isSamePath, type Layer, layersOf, type ValuesEntry } from './values.ts';

/** The file behind a name that helm gives it. */
export interface ChartSource {
  /** Absolute; of a chart in an archive, the archive. */
  file: string;
  /** It belongs to a chart that comes from elsewhere. */
  thirdParty: boolean;
  /** The chart below the target's own that it belongs to, as the values call it. */
  subchart: string | undefined;
}

/** A target's chart, its files and its values. */
export class HelmChart {
  readonly target: HelmTarget;
  readonly context: RenderContext;
  readonly helm: Helm;
  /** Undefined for an archive. */
  readonly chart: Chart | undefined;
  /** The whole chart comes from elsewhere. */
  readonly thirdParty: boolean;
  /** Don't hold the values against values.schema.json: it can't be read in full. */
  skipSchema = false;
  private valuesLayers: Layer[] | undefined;
  private valuesEntries: ValuesEntry[] | undefined;

  private constructor(
    target: HelmTarget,
    context: RenderContext,
    helm: Helm,
    chart: Chart | undefined,
    thirdParty: boolean,
  ) {
    this.target = target;
    this.context = context;
    this.helm = helm;
    this.chart = chart;
    this.thirdParty = thirdParty;
  }

  /** Reads the chart of a target. Never rejects. */
  static async read(target: HelmTarget, context: RenderContext, helm: Helm): Promise<HelmChart> {
    if (isArchive(target.chart)) return new HelmChart(target, context, helm, undefined, true);
    const chart = readChart(target.chart, context.sources);
    const ignored = await ignoredCharts(chart, context);
    const thirdParty = ignored.has(chart.directory) || isVendored(chart, context);
    return new HelmChart(target, context, helm, withThirdParties(chart, ignored), thirdParty);
  }

  /** Runs `helm template` with the target's arguments. Rejects only when aborted. */
  render(options: HelmRun = {}): Promise<RunResult> {
    return runHelm(this.target, this.helm, this.context, { skipSchema: this.skipSchema, ...options });
  }

  /** A path as locations show it. */
  shown(file: string): string {
    return shownPath(file, this.context.cwd);
  }

  /** A file's text, undefined where it can't be read. */
  text(file: string): string | undefined {
    try {
      return this.context.sources.text(file);
    } catch (error) {
      if (error instanceof SourceError) return undefined;
      throw error;
    }
  }

  /** The sources of values, the one that counts most first. */
  get layers(): readonly Layer[] {
    this.valuesLayers ??= layersOf(this.target, this.chart, this.thirdParty, this.context.sources, this.helm.major);
    return this.valuesLayers;
  }

  /** Every value that counts. */
  get entries(): readonly ValuesEntry[] {
    this.valuesEntries ??= entriesOf(this.layers);
    return this.valuesEntries;
  }

  /** Whether helm may call a file of this chart so. */
  isSource(source: string): boolean {
    const name = this.chart?.name;
    const inChart = name === undefined ? source.slice(source.indexOf('/') + 1) : source.slice(name.length + 1);
    return (name === undefined || source.startsWith(`${name}/`)) && /^(templates|crds|charts)\//.test(inChart);
  }

  /** Whether a header of helm's output names a file that is really there, and isn't a line of a file of `crds/`. */
  isPrinted(source: string): boolean {
    return this.isSource(source) && existsSync(this.resolve(source).file);
  }

  /** The file that helm calls `chart/templates/x.yaml` or `chart/charts/sub/templates/x.yaml`. */
  resolve(source: string): ChartSource {
    const [, ...parts] = source.split('/');
    let { chart, thirdParty } = this;
    let subchart: string | undefined;
    while (chart && parts[0] === 'charts' && parts.length > 2) {
      const name = parts[1] ?? '';
      subchart ??= name;
      const found = chart.subcharts.find(({ names }) => names.includes(name));
      if (!found) return { file: archiveOf(chart, name), thirdParty: true, subchart };
      chart = found.chart;
      thirdParty ||= found.thirdParty;
      parts.splice(0, 2);
    }
    if (!chart)
      return { file: this.target.chart, thirdParty: true, subchart: parts[0] === 'charts' ? parts[1] : undefined };
    return { file: join(chart.directory, ...parts), thirdParty, subchart };
  }

  /** Where k8s-lint.yaml names the target, else the chart itself. */
  get configLocation(): Location {
    return this.target.location ?? this.chartLocation;
  }

  get chartLocation(): Location {
    return { file: this.shown(this.chart ? join(this.target.chart, 'Chart.yaml') : this.target.chart) };
  }

  /** The line that brings in a chart from elsewhere: that of the configuration, or of the dependency. */
  thirdPartyLocation(source: string): Location {
    const { file, subchart } = this.resolve(source);
    if (this.target.location) return this.target.location;
    const declared = subchart !== undefined && this.dependency(subchart) !== undefined;
    return declared ? this.dependencyLocation(subchart) : { file: this.shown(file) };
  }

  dependencyLocation(name: string): Location {
    const { chart } = this;
    if (!chart) return this.chartLocation;
    const dependency = this.dependency(name);
    const path = dependency ? ['dependencies', dependency.index, 'name'] : ['dependencies'];
    return this.locateIn(chart.dependencyFile, path) ?? { file: this.shown(chart.dependencyFile) };
  }

  /** Where a path of a YAML file stands, undefined where it doesn't. */
  locateIn(file: string, path: Path): Location | undefined {
    const { location, exact } = this.context.sources.find(file, 0, path);
    return exact ? location : undefined;
  }

  /** Where the value at a path counts from, undefined where nobody sets it, or a file holds nothing else. */
  locateValue(path: Path, at: At = 'value'): Location | undefined {
    const entry = this.entries.find((other) => isSamePath(other.path, path));
    return entry && this.locateEntry(entry, at);
  }

  locateEntry({ layer, path }: ValuesEntry, at: At): Location | undefined {
    if (layer.file === undefined) return undefined;
    const inFile = [...layer.path, ...path.slice(layer.at.length)];
    if (inFile.length === 0) return undefined;
    const { location, exact } = this.context.sources.find(layer.file, layer.document, inFile, at);
    return exact ? location : undefined;
  }

  locationOf(spot: TemplateSpot): Location;
  locationOf(spot: TemplateSpot | undefined): Location | undefined;
  locationOf(spot: TemplateSpot | undefined): Location | undefined {
    if (!spot) return undefined;
    const { file, line, column } = spot;
    return { file: this.shown(file), line, ...(column !== undefined && { column }) };
  }

  /** The archive that a file is packed in, and its path there; undefined for one that lies on disk. */
  packedFile(file: string): { archive: string; inside: string } | undefined {
    const [, archive = '', inside = ''] = /^(.*?\.(?:tgz|tar\.gz))[\\/](.*)$/i.exec(file) ?? [];
    return isArchive(archive) ? { archive, inside } : undefined;
  }

  /** The dependency of that alias, or of that name. */
  private dependency(name: string): ChartDependency | undefined {
    const declared = this.chart?.dependencies ?? [];
    return declared.find(({ alias }) => alias === name) ?? declared.find((dependency) => dependency.name === name);
  }
}

/** Whether a chart lies in the `charts/` of another one that fetches it from a repository. */
function isVendored(chart: Chart, { sources }: RenderContext): boolean {
  const parent = dirname(dirname(chart.directory));
  if (dirname(chart.directory) !== join(parent, 'charts') || !isChart(parent)) return false;
  return readChart(parent, sources).subcharts.some(
    (subchart) => subchart.thirdParty && subchart.chart.directory === chart.directory,
  );
}

function archiveOf(chart: Chart, name: string): string {
  const declared =
    chart.dependencies.find((dependency) => (dependency.alias ?? dependency.name) === name)?.name ?? name;
  return (
    chart.archives.find((file) => file.startsWith(join(chart.directory, 'charts', `${declared}-`))) ?? chart.directory
  );
}
