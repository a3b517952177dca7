import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { asMap } from '../../cluster/workloads.ts';
import type { Path } from '../../resource.ts';
import { SourceError, type SourceFiles } from '../../source.ts';
import { readYaml, type YamlDocument } from '../../yaml.ts';
import { filesBelow } from '../helm/chart.ts';
import { PerRun } from '../per-run.ts';
import type { KustomizeTarget, RenderContext } from '../target.ts';
import { type Entry, entriesOf, fileOf, fileSource, placeFrom } from './entries.ts';
import { fieldOf, itemsOf, stringOf } from './fields.ts';
import { danglingLink, isOutside, stats } from './files.ts';

/** The names of kustomization files, in the order in which kustomize looks for them. */
export const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** A kustomization file as it stands, with what it mentions. */
export interface Kustomization {
  /** Absolute, as it was reached: symbolic links are kept, since that is how people find the file. */
  directory: string;
  /** The same with symbolic links resolved: what kustomize calls the root. */
  realDirectory: string;
  /** Absolute path of the kustomization file. */
  file: string;
  /** More than one is an error of kustomize's. */
  files: readonly string[];
  /** Its YAML; kustomize reads the first document only. */
  document: YamlDocument | undefined;
  /** The map in the document, empty where it holds none. */
  value: Record<string, unknown>;
  component: boolean;
  /** In the order in which kustomize reads them. */
  entries: readonly Entry[];
}

/** The path of the kustomization file of a directory, undefined where it has none. */
export function kustomizationFile(directory: string): string | undefined {
  return kustomizationFiles(directory)[0];
}

function kustomizationFiles(directory: string): string[] {
  return KUSTOMIZATION_FILES.map((name) => join(directory, name)).filter((file) => stats(file)?.isFile());
}

/** What a directory's kustomization lists: absolute paths of the directories and the files; undefined where it has none. */
export function references(
  directory: string,
  sources: SourceFiles,
): { component: boolean; directories: string[]; files: string[] } | undefined {
  const kustomization = readKustomization(directory, sources);
  if (!kustomization) return undefined;
  const listed = (what: Entry['what']) =>
    kustomization.entries.filter((entry) => entry.what === what).map((entry) => entry.absolute);
  return { component: kustomization.component, directories: listed('directory'), files: listed('file') };
}

const kustomizations = new PerRun<Kustomization | undefined>();

/** Reads the kustomization of a directory, once for each run; undefined where it has none. Never throws for its content. */
export function readKustomization(directory: string, sources: SourceFiles): Kustomization | undefined {
  return kustomizations.get(sources, directory, () => parse(directory, sources));
}

function parse(directory: string, sources: SourceFiles): Kustomization | undefined {
  const files = kustomizationFiles(directory);
  const file = files[0];
  if (file === undefined) return undefined;
  const document = documentsOf(file, sources)?.[0];
  const value = asMap(document?.value) ?? {};
  const realDirectory = realpathSync(directory);
  return {
    directory,
    realDirectory,
    file,
    files,
    document,
    value,
    component: fieldOf(value, 'kind')?.value === 'Component',
    entries: entriesOf(directory, realDirectory, value),
  };
}

/** Where the values of a kustomization stand. */
export function placeOf({ file, document }: Kustomization): { file: string; document: number } {
  return { file, document: document?.index ?? 0 };
}

/** What a kustomization mentions at a path. */
export function entryAt({ entries }: Kustomization, path: Path): Entry | undefined {
  return entries.find((entry) => entry.path.length === path.length && entry.path.every((key, i) => key === path[i]));
}

const documents = new PerRun<readonly YamlDocument[] | undefined>();

/** The YAML documents of a file, parsed once for each run; undefined where it can't be read. Don't change their values. */
export function documentsOf(file: string, sources: SourceFiles): readonly YamlDocument[] | undefined {
  return documents.get(sources, file, () => {
    try {
      return readYaml(sources.text(file));
    } catch (error) {
      if (error instanceof SourceError) return undefined;
      throw error;
    }
  });
}

/** One mention, and the kustomization that it stands in. */
export interface Mention {
  kustomization: Kustomization;
  path: Path;
}

/** Something that kustomize refuses, known without running it. */
export interface GraphProblem extends Mention {
  rule: 'kustomize-file-missing' | 'kustomize-file-outside-root' | 'render-failed';
  message: string;
  /** Absolute path of the file that is missing, outside, or too large to be given to kustomize. */
  file: string;
}

/** A chart that kustomize would have helm render. */
export interface InflatedChart extends Mention {
  name: string;
  /** Absolute path of the directory that kustomize looks for charts in. */
  home: string;
  /** Absolute paths of the directories that kustomize takes for the chart, there or not. */
  places: readonly string[];
  /** It names a directory of helm's own settings. */
  settings: boolean;
  /** Whether it stands in the chart home; what doesn't, kustomize downloads. */
  local: boolean;
}

/** A kustomization with everything that it takes in. */
export interface KustomizationGraph {
  /** Undefined where the directory holds no kustomization. */
  root: Kustomization | undefined;
  /** Each once, in the order in which kustomize reads them. */
  kustomizations: readonly Kustomization[];
  /** Absolute paths of every file that it names or reads, those that are missing included. */
  files: readonly string[];
  /** Those of them that are YAML to kustomize: kustomizations, resources, patches. Inputs of generators may hold anything. */
  yamlFiles: readonly string[];
  problems: readonly GraphProblem[];
  /** What kustomize would fetch from somewhere. */
  remotes: readonly (Mention & { text: string })[];
  /** Plug-ins that aren't built into kustomize: it would run programs or containers for them. */
  plugins: readonly (Mention & { kind: string })[];
  charts: readonly InflatedChart[];
}

/**
 * Reads a kustomization and all that it takes in. Each is read once, so that circles end: kustomize itself reports them.
 * `directory` is absolute.
 */
export function readGraph(
  directory: string,
  sources: SourceFiles,
  loadRestrictor: KustomizeTarget['loadRestrictor'] = 'LoadRestrictionsRootOnly',
): KustomizationGraph {
  const root = readKustomization(directory, sources);
  const kustomizations = new Map<string, Kustomization>();
  const files = new Set<string>();
  const yamlFiles = new Set<string>();
  const problems: GraphProblem[] = [];
  const remotes: (Mention & { text: string })[] = [];
  const plugins: (Mention & { kind: string })[] = [];
  const charts: InflatedChart[] = [];

  const visit = (kustomization: Kustomization) => {
    if (kustomizations.has(kustomization.realDirectory)) return;
    kustomizations.set(kustomization.realDirectory, kustomization);
    for (const file of kustomization.files) {
      files.add(file);
      yamlFiles.add(file);
    }
    const { file } = kustomization;
    const message = whyNotRead(file, false, sources)?.reason;
    if (message !== undefined) problems.push({ rule: 'render-failed', kustomization, path: [], file, message });
    for (const entry of kustomization.entries) {
      const mention = { kustomization, path: entry.path };
      if (entry.what === 'remote') remotes.push({ ...mention, text: entry.text });
      if (entry.what === 'file' || entry.what === 'missing') files.add(entry.absolute);
      if (entry.what === 'file' && (entry.role === 'resource' || entry.field.startsWith('patches'))) {
        yamlFiles.add(entry.absolute);
      }
      const problem = knownProblem(kustomization, entry, loadRestrictor, sources);
      if (problem) problems.push(problem);
      const inner = entry.what === 'directory' ? readKustomization(entry.absolute, sources) : undefined;
      if (inner) visit(inner);
      if (entry.role === 'plugin') {
        const configs = pluginConfigs(kustomization, entry, sources);
        plugins.push(...externalPlugins(configs).map((kind) => ({ ...mention, kind })));
        for (const config of configs) for (const file of filesIn(config, kustomization)) files.add(file);
        charts.push(...configs.flatMap((config) => pluginChart(mention, config)));
      }
    }
    charts.push(...chartsOf(kustomization));
  };
  if (root) visit(root);
  return {
    root,
    kustomizations: [...kustomizations.values()],
    files: [...files],
    yamlFiles: [...yamlFiles],
    problems,
    remotes,
    plugins,
    charts,
  };
}

/** Of one run, by what kustomize may load: overlays ask of every file of their base. */
const entryProblems: Record<NonNullable<KustomizeTarget['loadRestrictor']>, WeakMap<Entry, GraphProblem | null>> = {
  LoadRestrictionsRootOnly: new WeakMap(),
  LoadRestrictionsNone: new WeakMap(),
};

function knownProblem(
  kustomization: Kustomization,
  entry: Entry,
  loadRestrictor: NonNullable<KustomizeTarget['loadRestrictor']>,
  sources: SourceFiles,
): GraphProblem | undefined {
  const known = entryProblems[loadRestrictor];
  let problem = known.get(entry);
  if (problem === undefined) {
    problem = problemOf(kustomization, entry, loadRestrictor) ?? unreadable(kustomization, entry, sources) ?? null;
    known.set(entry, problem);
  }
  return problem ?? undefined;
}

function problemOf(
  kustomization: Kustomization,
  { role, path, text, what, absolute }: Entry,
  loadRestrictor: KustomizeTarget['loadRestrictor'],
): GraphProblem | undefined {
  // helm reads a chart's values, by rules of its own.
  if (role === 'values') return undefined;
  if (what === 'missing') {
    const link = danglingLink(absolute);
    const why = link === undefined ? 'does not exist' : `is a symbolic link to ${link}, which does not exist`;
    const message = `${text} ${why}: kustomize refuses to build what lists it`;
    return { rule: 'kustomize-file-missing', kustomization, path, file: absolute, message };
  }
  if (
    what === 'file' &&
    role !== 'component' &&
    loadRestrictor !== 'LoadRestrictionsNone' &&
    isOutside(kustomization.realDirectory, absolute)
  ) {
    const message = `${text} is outside the directory of this kustomization: kustomize refuses it without --load-restrictor LoadRestrictionsNone`;
    return { rule: 'kustomize-file-outside-root', kustomization, path, file: absolute, message };
  }
  return undefined;
}

/** From this size on it is worth asking whether a file is one that is read at all. */
const LARGE = 10_000_000;

/** kustomize would take minutes and gigabytes for a file of hundreds of megabytes, and wait for a pipe without end. */
function unreadable(kustomization: Kustomization, entry: Entry, sources: SourceFiles): GraphProblem | undefined {
  const { what, absolute, path } = entry;
  const isPipe = what === 'unreadable' && stats(absolute) !== undefined;
  const message = isPipe || what === 'file' ? whyNotRead(absolute, isPipe, sources)?.message : undefined;
  return message === undefined ? undefined : { rule: 'render-failed', kustomization, path, file: absolute, message };
}

function whyNotRead(file: string, always: boolean, sources: SourceFiles): SourceError | undefined {
  if (!always && (stats(file)?.size ?? 0) < LARGE) return undefined;
  try {
    sources.text(file);
    return undefined;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
}

/** The kinds of plug-ins that kustomize doesn't build in (`apiVersion: builtin`). */
function externalPlugins(configs: readonly Record<string, unknown>[]): string[] {
  return configs.flatMap(({ apiVersion, kind }) =>
    typeof kind === 'string' && apiVersion !== 'builtin' ? [kind] : [],
  );
}

/** The configurations of plug-ins that an entry brings, as they are written. */
function pluginConfigs({ directory }: Kustomization, entry: Entry, sources: SourceFiles): Record<string, unknown>[] {
  const read =
    entry.what === 'inline'
      ? readYaml(entry.text)
      : entry.what === 'file'
        ? documentsOf(entry.absolute, sources)
        : entry.what === 'directory'
          ? pluginFiles(entry.absolute, sources, new Set([directory]))
          : [];
  return (read ?? []).flatMap(({ value }) => {
    const config = asMap(value);
    return config ? [config] : [];
  });
}

/** Fields in which the configurations of kustomize's own plug-ins name files, and lists of files. */
const FILE_FIELDS = ['path', 'env', 'targetFilePath', 'valuesFile'];
const FILES_FIELDS = ['paths', 'envs', 'files', 'additionalValuesFiles'];

/** Absolute paths of the files that the configuration of a plug-in names: they are found as the kustomization's own are. */
function filesIn(config: Record<string, unknown>, kustomization: Kustomization): string[] {
  const single = [config, ...itemsOf(config, 'replacements').map(({ value }) => asMap(value) ?? {})];
  const texts = [
    ...single.flatMap((map) => FILE_FIELDS.map((field) => stringOf(map, field)?.value)),
    ...FILES_FIELDS.flatMap((field) => itemsOf(config, field).map(({ value }) => value)),
  ];
  return texts.flatMap((text) => {
    if (typeof text !== 'string') return [];
    return fileOf(kustomization, fileSource(text)?.file ?? text) ?? [];
  });
}

/** The documents of the files that a kustomization of plug-in configurations lists. */
function pluginFiles(directory: string, sources: SourceFiles, seen: Set<string>): YamlDocument[] {
  if (seen.has(directory)) return [];
  seen.add(directory);
  const entries = readKustomization(directory, sources)?.entries ?? [];
  return entries.flatMap(({ role, what, absolute }) => {
    if (role !== 'resource') return [];
    if (what === 'directory') return pluginFiles(absolute, sources, seen);
    return what === 'file' ? (documentsOf(absolute, sources) ?? []) : [];
  });
}

/** The charts that a kustomization has helm render, and where kustomize looks for them (HelmChartInflationGenerator). */
function chartsOf(kustomization: Kustomization): InflatedChart[] {
  const { value } = kustomization;
  const globals = asMap(fieldOf(value, 'helmGlobals')?.value) ?? {};
  const settings = stringOf(globals, 'configHome') !== undefined;
  const shared = stringOf(globals, 'chartHome')?.value ?? 'charts';
  const charts = itemsOf(value, 'helmCharts').map((item) => ({ ...item, nameField: 'name', home: shared }));
  const legacy = itemsOf(value, 'helmChartInflationGenerator').map((item) => ({
    ...item,
    nameField: 'chartName',
    home: stringOf(asMap(item.value) ?? {}, 'chartHome')?.value ?? shared,
  }));
  return [...charts, ...legacy].map(({ path, value: item, nameField, home }) => {
    const chart = asMap(item) ?? {};
    const own = settings || stringOf(chart, 'configHome') !== undefined;
    return chartAt({ kustomization, path }, chart, nameField, home, own);
  });
}

/** The chart that a plug-in's configuration has helm render. */
function pluginChart(mention: Mention, config: Record<string, unknown>): InflatedChart[] {
  if (config.apiVersion !== 'builtin' || config.kind !== 'HelmChartInflationGenerator') return [];
  const home = stringOf(config, 'chartHome')?.value ?? 'charts';
  return [chartAt(mention, config, 'name', home, stringOf(config, 'configHome') !== undefined)];
}

function chartAt(
  mention: Mention,
  chart: Record<string, unknown>,
  nameField: string,
  homeText: string,
  settings: boolean,
): InflatedChart {
  const home = placeFrom(mention.kustomization, homeText);
  const name = stringOf(chart, nameField)?.value ?? '';
  const version = stringOf(chart, 'version')?.value ?? '';
  const places = [join(home, name), join(home, `${name}-${version}`, name)];
  const local = places.some((place) => stats(place)?.isDirectory() === true);
  return { ...mention, name, home, places, settings, local };
}

/** Absolute paths of every file that a target reads: kustomizations, resources, patches, generator inputs, charts. */
export async function filesOf(target: KustomizeTarget, context: Pick<RenderContext, 'sources'>): Promise<string[]> {
  const { files, charts } = readGraph(target.directory, context.sources, target.loadRestrictor);
  const places = new Set(charts.flatMap((chart) => chart.places));
  return [...new Set([...files, ...[...places].flatMap((place) => filesBelow(place))])];
}
