import { lstatSync, realpathSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { isBelow, relativePath } from './below.ts';
import type { Environment } from './config/config.ts';
import { releaseOf } from './config/release.ts';
import { GitIgnore } from './gitignore.ts';
import { groupPlain, type PlainFile } from './plain.ts';
import { isArchive, isChart, readChart } from './render/helm/chart.ts';
import {
  KUSTOMIZATION_FILES,
  type KustomizationGraph,
  kustomizationFile,
  readGraph,
  readKustomization,
} from './render/kustomize/kustomization.ts';
import { shownPath } from './render/manifests.ts';
import type { Target } from './render/target.ts';
import type { UncheckedItem } from './report/report.ts';
import { repositoryRoot } from './repository.ts';
import { type Sniffed, sniff } from './sniff.ts';
import type { SourceFiles } from './source.ts';
import { UsageError } from './usage-error.ts';
import { describeFailure, type Listing, walk } from './walk.ts';
import { NOTHING_IN_IT } from './yaml/blank.ts';

export interface DiscoverContext {
  /** Absolute. Names are relative to it. */
  cwd: string;
  sources: SourceFiles;
  /** Absolute paths of files that are no plain manifests: what exists already. */
  exclude: readonly string[];
}

export interface Discovered {
  /** One for each kustomization root, chart (or its ci values), and directory of plain manifests, sorted by name. */
  environments: Environment[];
  /** What was left out, and why. */
  unchecked: UncheckedItem[];
}

/**
 * Finds what renders below absolute paths: kustomizations that no other uses, charts, and plain manifests that neither
 * holds. A path given by hand is taken as what it is; the working directory isn't, since it is what no path at all means.
 * Throws UsageError for a path that isn't there.
 */
export async function discover(paths: readonly string[], context: DiscoverContext): Promise<Discovered> {
  const discovery = new Discovery(context);
  for (const path of paths) await discovery.add(path);
  return discovery.finish();
}

/** What holds the files below it: they are its own, listed or not. */
interface Holder {
  type: 'kustomization' | 'chart';
  directory: string;
}

interface Candidate {
  file: string;
  holder: Holder | undefined;
  given: boolean;
}

/** A target, and the name that it and its environment would have if no other had it. */
interface Named {
  name: string;
  target: Target;
}

/** What the kustomizations take in, by their directories, sorted. */
type Graphs = ReadonlyMap<string, KustomizationGraph>;

const MANIFEST_EXTENSIONS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);
const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules']);
/** Directories of a chart that hold nothing but parts of it. */
const CHART_DIRECTORIES: ReadonlySet<string> = new Set(['charts', 'ci', 'crds', 'templates']);
const CHART_FILE =
  /^(?:templates|crds|files|ci)\/|^(?:Chart\.(?:yaml|lock)|requirements\.(?:yaml|lock)|values[^/]*\.(?:ya?ml|json)|\.helmignore)$/;
/** What a Component does to resources that only a kustomization which includes it has. */
const NEEDS_RESOURCES = ['patches', 'patchesStrategicMerge', 'patchesJson6902', 'replicas', 'replacements'];

class Discovery {
  readonly #context: DiscoverContext;
  readonly #kustomizations = new Set<string>();
  readonly #charts = new Set<string>();
  readonly #candidates = new Map<string, Candidate>();
  /** Named by hand: targets whatever uses them. */
  readonly #given = new Set<string>();
  /** Values files of a chart's ci directory that were named by hand. */
  readonly #givenValues = new Map<string, Set<string>>();
  readonly #unchecked: UncheckedItem[] = [];
  /** Links to directories, by where they stand. */
  readonly #links: string[] = [];
  /** Directories that were walked, symbolic links resolved. */
  readonly #walked: string[] = [];

  constructor(context: DiscoverContext) {
    this.#context = context;
  }

  async add(path: string): Promise<void> {
    const stats = await stat(path).catch((error: unknown) => {
      throw new UsageError(`${this.#shown(path)}: ${describeFailure(error)}`);
    });
    if (stats.isFile()) this.#addFile(path);
    else if (stats.isDirectory()) await this.#addDirectory(path);
    else throw new UsageError(`${this.#shown(path)}: neither a file nor a directory (to read a stream, name it "-")`);
  }

  async finish(): Promise<Discovered> {
    await this.#describeLinks();
    const graphs = new Map(
      [...this.#kustomizations]
        .sort(compare)
        .map((directory) => [directory, readGraph(directory, this.#context.sources)]),
    );
    const targets = [
      ...this.#kustomizeTargets(graphs),
      ...this.#helmTargets(graphs),
      ...this.#manifestsTargets(graphs),
    ];
    const names = new Map<string, number>();
    const environments = targets.map(({ name, target }): Environment => {
      const count = (names.get(name) ?? 0) + 1;
      names.set(name, count);
      const unique = count === 1 ? name : `${name} (${count})`;
      return { name: unique, targets: [{ ...target, name: unique }], existing: [], configured: false };
    });
    return { environments: environments.sort((a, b) => compare(a.name, b.name)), unchecked: this.#unchecked };
  }

  #shown(path: string): string {
    return shownPath(path, this.#context.cwd);
  }

  #skip(path: string, reason: string): void {
    const shown = this.#shown(path);
    this.#unchecked.push({ what: shown, reason, target: shown });
  }

  #addFile(path: string): void {
    const name = basename(path);
    const chart = chartAbove(path);
    if (KUSTOMIZATION_FILES.some((known) => known === name)) this.#giveKustomization(dirname(path));
    else if (isArchive(path)) this.#give(this.#charts, path);
    else if (chart !== undefined) this.#giveChart(chart, path);
    else this.#candidates.set(path, { file: path, holder: undefined, given: true });
  }

  async #addDirectory(path: string): Promise<void> {
    const chart = chartAbove(path);
    const isWorkingDirectory = path === this.#context.cwd;
    if (chart !== undefined && !(isWorkingDirectory && chart === path)) this.#giveChart(chart, path);
    if (kustomizationFile(path) !== undefined && !isWorkingDirectory) this.#giveKustomization(path);
    if (chart === undefined || chart === path) await this.#walk(path);
  }

  #give(set: Set<string>, path: string): void {
    set.add(path);
    this.#given.add(path);
  }

  #giveKustomization(directory: string): void {
    const kustomization = readKustomization(directory, this.#context.sources);
    if (kustomization?.component && NEEDS_RESOURCES.some((field) => Object.hasOwn(kustomization.value, field))) {
      this.#skip(directory, 'a Component changes what includes it: lint a kustomization that does');
      this.#kustomizations.add(directory);
    } else {
      this.#give(this.#kustomizations, directory);
    }
  }

  /** A values file of `ci` stands for the chart with these values alone; any other part of a chart, for the chart. */
  #giveChart(chart: string, path: string): void {
    if (!readChart(chart, this.#context.sources).ciValues.includes(path)) {
      if (!this.#given.has(chart)) this.#give(this.#charts, chart);
      return;
    }
    this.#charts.add(chart);
    this.#givenValues.set(chart, (this.#givenValues.get(chart) ?? new Set()).add(path));
  }

  async #walk(start: string): Promise<void> {
    this.#walked.push(await realpath(start));
    const ignored = new Map([[start, await GitIgnore.above(start, rootOf(start, this.#context.cwd))]]);
    const holders = new Map<string, Holder>();
    await walk(start, async (listing) => {
      const { directory } = listing;
      if (listing.error) {
        this.#skip(directory, `this directory cannot be read: ${describeFailure(listing.error)}`);
        return [];
      }
      const parent = ignored.get(directory);
      ignored.delete(directory);
      const rules = listing.files.includes('.gitignore') ? await parent?.enter(directory) : parent;
      const kept = (names: readonly string[], isDirectory: boolean) =>
        names.filter((name) => !rules?.ignores(join(directory, name), isDirectory));
      const holder = this.#look({ ...listing, files: kept(listing.files, false) }, holders.get(directory));
      for (const name of kept(listing.links, false)) if (!SKIPPED.has(name)) this.#links.push(join(directory, name));
      for (const name of kept(listing.broken, false)) {
        if (MANIFEST_EXTENSIONS.has(extname(name)) && !holder)
          this.#skip(join(directory, name), await describeBroken(join(directory, name)));
      }
      const below = kept(
        listing.directories.filter(
          (name) => !SKIPPED.has(name) && !(isChartOf(holder, directory) && CHART_DIRECTORIES.has(name)),
        ),
        true,
      );
      for (const name of below) {
        if (rules) ignored.set(join(directory, name), rules);
        if (holder) holders.set(join(directory, name), holder);
      }
      return below;
    });
  }

  /** Takes note of what a directory holds, and returns what holds its files. */
  #look({ directory, files }: Listing, above: Holder | undefined): Holder | undefined {
    let holder = above;
    if (files.includes('Chart.yaml')) {
      this.#charts.add(directory);
      holder = { type: 'chart', directory };
    }
    if (KUSTOMIZATION_FILES.some((name) => files.includes(name))) {
      this.#kustomizations.add(directory);
      holder = { type: 'kustomization', directory };
    }
    for (const name of files) {
      const file = join(directory, name);
      if (!MANIFEST_EXTENSIONS.has(extname(name)) || KUSTOMIZATION_FILES.some((known) => known === name)) continue;
      if (!this.#candidates.has(file)) this.#candidates.set(file, { file, holder, given: false });
    }
    return holder;
  }

  /** Links to directories aren't followed. What they lead to is found where it stands, if it was walked. */
  async #describeLinks(): Promise<void> {
    for (const link of this.#links) {
      const target = await realpath(link).catch(() => undefined);
      const own = await realpath(dirname(link)).catch(() => undefined);
      if (target === undefined || own === undefined) continue;
      if (isBelow(own, target)) this.#skip(link, 'a link to a directory that holds it: it leads in a circle');
      else if (!this.#walked.some((walked) => isBelow(target, walked))) {
        this.#skip(link, 'a link to a directory elsewhere: name it by path to lint what is there');
      }
    }
  }

  #kustomizeTargets(graphs: Graphs): Named[] {
    return this.#roots(graphs).map((directory) => {
      const name = this.#shown(directory);
      return { name, target: { type: 'kustomize', name, directory } };
    });
  }

  /** Kustomizations that no other one uses. Where some use each other in a circle, the first stands for them. */
  #roots(graphs: Graphs): string[] {
    const used = new Set<string>();
    for (const { root } of graphs.values()) {
      for (const { what, absolute } of root?.entries ?? []) {
        const inner = what === 'directory' ? readKustomization(absolute, this.#context.sources) : undefined;
        if (inner) used.add(inner.realDirectory);
      }
    }
    const reached = new Set<string>();
    const roots: string[] = [];
    const take = (directory: string, { kustomizations }: KustomizationGraph) => {
      roots.push(directory);
      for (const { realDirectory } of kustomizations) reached.add(realDirectory);
    };
    for (const [directory, graph] of graphs) {
      const { root } = graph;
      if (!root) continue;
      if (this.#given.has(directory) || (!root.component && !used.has(root.realDirectory))) take(directory, graph);
    }
    for (const [directory, graph] of graphs) {
      const { root } = graph;
      if (root && !root.component && !reached.has(root.realDirectory)) take(directory, graph);
    }
    return roots;
  }

  #helmTargets(graphs: Graphs): Named[] {
    const { sources } = this.#context;
    const homes = [...graphs.values()].flatMap(({ charts }) => charts.map(({ home }) => home));
    return [...this.#charts].sort(compare).flatMap((path) => {
      const given = this.#given.has(path);
      const chosen = this.#givenValues.get(path);
      const chart = isArchive(path) ? undefined : readChart(path, sources);
      if (chart?.library) {
        if (given || chosen) this.#skip(path, 'a library chart has no objects of its own: lint a chart that uses it');
        return [];
      }
      // A chart that a kustomization inflates is rendered by it.
      if (!given && !chosen && homes.some((home) => isBelow(path, home))) return [];
      const name = this.#shown(path);
      const target = (shown: string, values: string[]) => ({
        name: shown,
        target: {
          type: 'helm' as const,
          name: shown,
          chart: path,
          release: releaseOf(path, sources),
          namespace: 'default',
          values,
        },
      });
      const ciValues = (chart?.ciValues ?? []).filter((file) => given || !chosen || chosen.has(file));
      if (ciValues.length === 0) return [target(name, [])];
      return ciValues.map((file) => target(`${name} (${relativePath(path, file)})`, [file]));
    });
  }

  #manifestsTargets(graphs: Graphs): Named[] {
    const excluded = new Set([...this.#context.exclude, ...[...graphs.values()].flatMap(({ files }) => files)]);
    const candidates = [...this.#candidates.values()]
      .filter(({ file, given }) => given || !excluded.has(file))
      .sort((a, b) => compare(a.file, b.file));
    const plain: PlainFile[] = [];
    const orphans = new Map<Holder, number>();
    for (const candidate of candidates) {
      const found = sniff(candidate.file, candidate.given);
      const { holder } = candidate;
      if (holder) {
        if (found.what === 'manifest') orphans.set(holder, (orphans.get(holder) ?? 0) + 1);
      } else if (this.#isManifest(candidate, found)) {
        plain.push({ file: candidate.file, documents: found.what === 'manifest' ? found.documents : [] });
      }
    }
    for (const [holder, count] of orphans) this.#describeOrphans(holder, count);
    return groupPlain(plain).map(({ directory, files, variant }) => {
      const [only] = files.length === 1 ? files : [];
      const alone = only !== undefined && this.#candidates.get(only)?.given === true ? only : undefined;
      const name = this.#shown(variant ?? alone ?? directory);
      return { name, target: { type: 'manifests', name, files } };
    });
  }

  /** Whether a file is to be linted as plain manifests; says why not where that isn't plain to see. */
  #isManifest({ file, given }: Candidate, found: Sniffed): boolean {
    if (found.what === 'other' || (found.what === 'broken' && !given)) {
      if (given) this.#skip(file, 'not a manifest: nothing in it has apiVersion and kind');
      return false;
    }
    if (found.what === 'empty') {
      this.#skip(file, NOTHING_IN_IT);
      return false;
    }
    if (found.what === 'template' || found.what === 'unreadable') {
      this.#skip(file, found.reason);
      return false;
    }
    if (found.what === 'broken' && !MANIFEST_EXTENSIONS.has(extname(file))) {
      this.#skip(file, 'not a manifest: it is not YAML');
      return false;
    }
    if (!given && leavesRepository(file, this.#context.cwd)) {
      this.#skip(file, 'a link out of the repository: name it by path to lint what is there');
      return false;
    }
    const user = inputOf(file, this.#context);
    if (user)
      this.#skip(file, `no manifest of its own: ${this.#shown(user)} has it as an input, and is to be linted instead`);
    return !user;
  }

  #describeOrphans({ type, directory }: Holder, count: number): void {
    const what = count === 1 ? '1 manifest' : `${count} manifests`;
    const reason =
      type === 'kustomization'
        ? 'below a kustomization, but no kustomization lists it: name the path to lint it'
        : 'in the directory of a chart, but no part of it: name the path to lint it';
    this.#unchecked.push({ what, reason, target: this.#shown(directory) });
  }
}

/** The chart that a path is a part of: its directory, its metadata, values or templates. */
function chartAbove(path: string): string | undefined {
  for (let directory = path; dirname(directory) !== directory; directory = dirname(directory)) {
    if (!isChart(directory)) continue;
    const inside = relativePath(directory, path);
    return inside === '' || CHART_FILE.test(inside) || CHART_FILE.test(`${inside}/`) ? directory : undefined;
  }
  return undefined;
}

/** The directory of the kustomization above a file that takes it as a patch or another input, not as a resource. */
function inputOf(file: string, { cwd, sources }: DiscoverContext): string | undefined {
  const root = rootOf(dirname(file), cwd);
  for (let directory = dirname(file); isBelow(directory, root); directory = dirname(directory)) {
    const entries = readKustomization(directory, sources)?.entries ?? [];
    const mentions = entries.filter(({ absolute }) => absolute === file);
    if (mentions.length > 0) return mentions.every(({ role }) => role !== 'resource') ? directory : undefined;
    if (dirname(directory) === directory) return undefined;
  }
  return undefined;
}

/** Whether a file is a link to somewhere outside of its repository: a pull request must not choose what else is read. */
function leavesRepository(file: string, cwd: string): boolean {
  if (!lstatSync(file).isSymbolicLink()) return false;
  return !isBelow(realpathSync(file), realpathSync(rootOf(dirname(file), cwd)));
}

/** What something is that can't be read as a file. */
async function describeBroken(path: string): Promise<string> {
  try {
    await stat(path);
    return 'a pipe, a socket or a device, not a file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'a link that leads nowhere';
    return code === 'ELOOP' ? 'a link that leads in a circle' : describeFailure(error);
  }
}

/** The git root at or above a directory; without git, the working directory where it is below that, else itself. */
function rootOf(directory: string, cwd: string): string {
  const root = repositoryRoot(directory);
  return root === directory && isBelow(directory, cwd) ? cwd : root;
}

function isChartOf(holder: Holder | undefined, directory: string): boolean {
  return holder?.type === 'chart' && holder.directory === directory;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
