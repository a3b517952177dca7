import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isBelow } from '../../below.ts';
import { asMap } from '../../cluster/workloads.ts';
import { SourceError, type SourceFiles } from '../../source.ts';
import { readYaml } from '../../yaml.ts';
import type { HelmTarget } from '../target.ts';

/** A dependency as Chart.yaml (or requirements.yaml of `apiVersion: v1`) declares it. */
export interface ChartDependency {
  /** Its place among the dependencies in the file. */
  index: number;
  name: string;
  alias?: string;
  repository: string;
}

export interface Chart {
  /** Absolute. */
  directory: string;
  name: string;
  /** `type: library`: it has no objects of its own, helm refuses to render it. */
  library: boolean;
  kubeVersion?: string;
  dependencies: ChartDependency[];
  /** Absolute path of the file that declares the dependencies. */
  dependencyFile: string;
  /** Names of declared dependencies that `charts/` lacks. helm refuses the chart for any of them, disabled or not. */
  missingDependencies: string[];
  /** Charts that lie in `charts/` as directories. */
  subcharts: Subchart[];
  /** Absolute paths of the charts that lie in `charts/` as archives. */
  archives: string[];
  /** Absolute paths of `ci/*-values.yaml`, sorted: the values that chart-testing installs the chart with. */
  ciValues: string[];
}

export interface Subchart {
  chart: Chart;
  /** What the parent's values and the names of templates call it: its alias, or its name. One chart may have several. */
  names: string[];
  /** Chart.yaml fetches it from a repository; else it is written here. */
  thirdParty: boolean;
}

/** How deep charts lie inside charts before they are passed over: a symbolic link may lead back up. */
const MAX_DEPTH = 8;

/** Whether a directory is what helm takes for a chart. */
export function isChart(directory: string): boolean {
  return isFile(join(directory, 'Chart.yaml'));
}

/** Whether a path is a chart that was packed into an archive. */
export function isArchive(path: string): boolean {
  return isArchiveName(path) && isFile(path);
}

/** Whether a path is called as packed charts are. */
export function isArchiveName(path: string): boolean {
  return /\.(tgz|tar\.gz)$/i.test(path);
}

/**
 * What a chart's directory holds. Never throws: a Chart.yaml that can't be read makes a chart named like its directory,
 * and helm says what is wrong with it.
 */
export function readChart(directory: string, sources: SourceFiles, depth = 0): Chart {
  const metadata = readMap(join(directory, 'Chart.yaml'), sources);
  const inRequirements = metadata.apiVersion === 'v1';
  const dependencyFile = join(directory, inRequirements ? 'requirements.yaml' : 'Chart.yaml');
  const declared = (inRequirements ? readMap(dependencyFile, sources) : metadata).dependencies;
  const dependencies = (Array.isArray(declared) ? declared : []).flatMap((item, i) => dependencyOf(item, i) ?? []);

  const inCharts = entriesOf(join(directory, 'charts')).filter((name) => !/^[_.]/.test(name));
  const archives = inCharts.filter((name) => name.endsWith('.tgz'));
  const directories = inCharts.map((name) => join(directory, 'charts', name)).filter(isChart);
  const charts = depth < MAX_DEPTH ? directories.map((path) => readChart(path, sources, depth + 1)) : [];
  const isThere = (name: string) =>
    charts.some((chart) => chart.name === name) || archives.some((archive) => isArchiveOf(archive, name));
  return {
    directory,
    name: typeof metadata.name === 'string' ? metadata.name : basename(directory),
    library: metadata.type === 'library',
    ...(typeof metadata.kubeVersion === 'string' && { kubeVersion: metadata.kubeVersion }),
    dependencies,
    dependencyFile,
    missingDependencies: dependencies.map(({ name }) => name).filter((name) => !isThere(name)),
    subcharts: charts.map((chart) => subchartOf(chart, dependencies)),
    archives: archives.map((name) => join(directory, 'charts', name)),
    ciValues: entriesOf(join(directory, 'ci'))
      .filter((name) => name.endsWith('-values.yaml'))
      .sort()
      .map((name) => join(directory, 'ci', name)),
  };
}

/**
 * `charts/` is what `helm dependency build` fills. A subchart that Chart.yaml names no repository for, or `file://`, was
 * written into it by hand.
 */
function subchartOf(chart: Chart, dependencies: readonly ChartDependency[]): Subchart {
  const declared = dependencies.filter(({ name }) => name === chart.name);
  const names = new Set(declared.map(({ name, alias }) => alias ?? name));
  return {
    chart,
    names: names.size > 0 ? [...names] : [chart.name],
    thirdParty: declared.some(({ repository }) => repository !== '' && !repository.startsWith('file:')),
  };
}

function dependencyOf(item: unknown, index: number): ChartDependency | undefined {
  const map = asMap(item);
  if (typeof map?.name !== 'string') return undefined;
  return {
    index,
    name: map.name,
    ...(typeof map.alias === 'string' && map.alias !== '' && { alias: map.alias }),
    repository: typeof map.repository === 'string' ? map.repository : '',
  };
}

/** `helm package` names archives `NAME-VERSION.tgz`. */
function isArchiveOf(archive: string, name: string): boolean {
  return archive.startsWith(`${name}-`) && /^v?\d/.test(archive.slice(name.length + 1));
}

function readMap(file: string, sources: SourceFiles): Record<string, unknown> {
  try {
    return asMap(readYaml(sources.text(file))[0]?.value) ?? {};
  } catch (error) {
    if (error instanceof SourceError) return {};
    throw error;
  }
}

/** Absolute paths of a chart's own templates, those of its subcharts left out, sorted. */
export function templatesOf({ directory }: Chart): string[] {
  return filesBelow(join(directory, 'templates')).sort();
}

/** Absolute paths of every file that rendering a helm target reads, sorted. */
export function filesOf(target: HelmTarget): string[] {
  const inChart = isArchive(target.chart) ? [target.chart] : filesBelow(target.chart);
  return [...new Set([...inChart, ...target.values])].sort();
}

/**
 * Absolute paths of the files below a directory. Follows symbolic links as helm does, but into no directory twice: they may
 * lead in circles. `seen` holds the real paths of the directories that were walked.
 */
export function filesBelow(directory: string, seen: Set<string> = new Set()): string[] {
  if (!isNew(directory, seen)) return [];
  return entriesOf(directory).flatMap((name) => {
    const path = join(directory, name);
    const stats = statsOf(path);
    if (stats?.isDirectory()) return name === '.git' ? [] : filesBelow(path, seen);
    return stats?.isFile() ? [path] : [];
  });
}

/** A symbolic link in or below a directory that leads out of `root` (its real path), undefined where none does. */
export function linkOutOf(root: string, directory: string, seen: Set<string> = new Set()): string | undefined {
  if (!isNew(directory, seen)) return undefined;
  for (const entry of direntsOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isSymbolicLink() && leaves(root, path)) return path;
    const isDirectory = entry.isSymbolicLink() ? statsOf(path)?.isDirectory() : entry.isDirectory();
    const found = isDirectory ? linkOutOf(root, path, seen) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function direntsOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function leaves(root: string, path: string): boolean {
  try {
    return !isBelow(realpathSync(path), root);
  } catch {
    // What leads nowhere leads nowhere else.
    return false;
  }
}

/** Whether a directory, whatever links lead to it, isn't among those that were seen; adds it. */
export function isNew(directory: string, seen: Set<string>): boolean {
  try {
    const real = realpathSync(directory);
    if (seen.has(real)) return false;
    seen.add(real);
    return true;
  } catch {
    return false;
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** Whether a path leads to a regular file; never throws. */
export function isFile(path: string): boolean {
  return statsOf(path)?.isFile() === true;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
