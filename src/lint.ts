import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import pLimit from 'p-limit';
import { type Assembled, type AssembleInput, assemble, type LoadedTarget } from './assemble.ts';
import type { BaselineUse } from './baseline/apply.ts';
import type { WrittenEntry } from './baseline/entry.ts';
import { relativePath } from './below.ts';
import type { RenderCache } from './cache/render-cache.ts';
import { version } from './cli.ts';
import type { Cluster, SourceFinding } from './cluster/cluster.ts';
import { isFailure } from './cluster/source-findings.ts';
import type { Config, Environment, RuleLevels } from './config/config.ts';
import { filesOfTarget } from './config/select.ts';
import { describeBug } from './describe-bug.ts';
import { diagnose, type NotJudged } from './diagnose.ts';
import type { Found } from './diagnostic.ts';
import { type Facts, factReader } from './facts.ts';
import { Ignores } from './ignore.ts';
import { load } from './load.ts';
import { type JudgedEnvironment, type Part, reportOf } from './part.ts';
import type { Picture } from './picture.ts';
import { STDIN } from './render/manifests.ts';
import { render } from './render/render.ts';
import type { RenderContext, Rendered, Target } from './render/target.ts';
import { findTools, MissingToolError } from './render/tools.ts';
import type { Report } from './report/report.ts';
import { repositoryRoot } from './repository.ts';
import { RepositoryTexts } from './repository-texts.ts';
import type { Location, Resource } from './resource.ts';
import type { Rule } from './rule.ts';
import { type Selection, select, whyNothing } from './selection.ts';
import type { Share } from './shard/share.ts';
import { SourceFiles } from './source.ts';
import { substitutes } from './substitutes.ts';
import { unknownRule } from './unknown-rule.ts';
import { UsageError } from './usage-error.ts';

export interface LintOptions {
  /** Absolute. Locations are relative to it. */
  cwd: string;
  /** As given on the command line; none means the configured environments, or everything below `cwd`. */
  paths?: readonly string[];
  config?: string;
  /** What stands in `config`, where that isn't written yet. */
  configText?: string;
  environments?: readonly string[];
  /** Rule ids: only these. */
  rules?: readonly string[];
  /** `1.34`; overrides every environment. */
  kubernetesVersion?: string;
  kustomize?: string;
  helm?: string;
  /** Only what these files, absent ones too, can affect: as given on the command line. */
  changed?: readonly string[];
  /** A revision: only what is new against it. */
  since?: string;
  /** A file of findings that are known: as given on the command line. */
  baseline?: string;
  /** Only the environments of this share, `index` counts from 1. */
  shard?: { index: number; count: number };
  /** Knows what was rendered before. */
  cache?: RenderCache;
  /** Whether the report should hold pictures of the environments. */
  picture?: boolean;
  concurrency?: number;
  /** Milliseconds for one run of a tool. */
  timeout?: number;
  /** The stream that `-` reads. */
  stdin?: string;
  /** `2026-01-31`, in UTC: what `until` of an ignore is compared with. */
  today?: string;
  signal?: AbortSignal;
  onProgress?(done: number, total: number): void;
}

const DEFAULT_TIMEOUT = 120_000;

/**
 * Renders the selected environments, judges each by the rules, and locates what they find. Throws UsageError and ConfigError;
 * everything that goes wrong with one target, file or rule is in the report, and the rest is still judged.
 */
export async function lint(options: LintOptions): Promise<Report> {
  return reportOf([await judge(options)]);
}

/** The same, as a part that others can be added to. */
export async function judge(options: LintOptions): Promise<Part> {
  if (options.since === undefined) return (await judgeSide(options)).part;
  return (await import('./since/since.ts')).judgeSince({ ...options, since: options.since }, judgeSide, ruleIds);
}

/** What judging one side of a comparison needs to know of the other. */
export interface SideView {
  /** What is to be judged, chosen already, and the files that it was chosen by. */
  chosen?: { selection: Selection; sources: SourceFiles; share?: Share | undefined };
  /** What files are called at the other side, where it isn't the same, by paths from the root of the repository. */
  renames?: ReadonlyMap<string, string>;
  /** Everything is put together, whatever share of it is judged: the other side compares with it. */
  everything?: boolean;
  /** What environments are compared with. */
  before?: {
    of(environment: Environment): Cluster | undefined;
    /** All that this side renders is known: what is gone from one environment can be sought in the others. */
    whole: boolean;
    locateGone(environment: Environment, gone: Resource): Promise<Location>;
  };
}

/** One side, judged, with what a comparison needs of it. */
export interface Side {
  part: Part;
  selection: Selection;
  /** In the order of the environments of `part`. */
  judgements: readonly Judgement[];
  /** What was put together, by environment, where that was chosen beforehand. */
  clusters: ReadonlyMap<string, Cluster>;
}

/** Judges the work tree, or what stands in for it. Throws as `lint` does. */
export async function judgeSide(options: LintOptions, view: SideView = {}): Promise<Side> {
  const { cwd } = options;
  if (options.rules?.length) await selectRules(options.rules);
  const sources = view.chosen?.sources ?? new SourceFiles(cwd);
  if (options.stdin !== undefined) sources.add(STDIN, options.stdin);
  if (options.config !== undefined && options.configText !== undefined) sources.add(options.config, options.configText);
  const root = repositoryRoot(cwd);
  const prefix = relativePath(root, cwd);
  const entries = options.baseline === undefined ? undefined : await baselineOf(options.baseline, sources);
  const selection = view.chosen?.selection ?? (await select(options, sources, ruleIds));
  const share = view.chosen ? view.chosen.share : await shareIn([{ ...selection, sources }], options);
  const mine = [...selection.environments.entries()].filter(([, { name }]) => share?.mine.has(name) ?? true);
  const texts = new RepositoryTexts(root);
  const context = contextOf(options, sources, root, {
    ...(options.stdin === undefined && { texts }),
    named: filesNamed(selection.config),
    chartsOf: chartsByValues(selection.config?.environments ?? selection.environments),
  });
  const failures = new Set<string>();
  const unchecked: NotJudged[] = [...selection.unchecked];
  const nothing = selection.environments.length === 0 ? whyNothing(options, selection) : undefined;
  if (nothing?.failure) failures.add(nothing.message);
  const levels: RuleLevels = selection.config?.rules ?? new Map();
  const chosen = async () => {
    if (selection.changed && selection.environments.length === 0) return { all: [], active: [] };
    const rules = await selectRules(options.rules);
    return { all: await loadRules(), active: rules.filter((rule) => levels.get(rule.id) !== 'off') };
  };
  const everything = view.everything || view.before !== undefined;
  const rendered = everything ? selection.environments : mine.map(([, environment]) => environment);
  const loadTarget = targetLoader(options, rendered, context, failures);
  const readFacts = factReader(rendered, sources);
  const findSubstitute = substitutes(texts, options.stdin === undefined);

  const clusters = new Map<string, Cluster>();
  const build = async (environment: Environment): Promise<Built> => {
    const loaded = Promise.all(environment.targets.map((target) => loadTarget(target, environment)));
    const [targets, { all }] = await Promise.all([loaded, chosen()]);
    const facts = await readFacts(environment);
    const { before } = view;
    const assembled = assemble({
      environment,
      targets,
      existing: facts.existing,
      existingWhole: facts.whole,
      kubernetesVersion: options.kubernetesVersion ?? environment.kubernetesVersion,
      substitutes: findSubstitute,
      rules: all,
      ...(before && { sides: sidesOf(environment, before, clusters) }),
    });
    if (view.chosen) clusters.set(environment.name, assembled.cluster);
    return { targets, facts, assembled };
  };
  const judgeOne = async ({ targets, facts, assembled: built }: Built): Promise<Judgement> => {
    const { active } = await chosen();
    const { located, unchecked: notJudged, bugs } = await diagnose(built.cluster, active, levels, prefix, view.renames);
    const drawn = options.picture ? (await import('./picture.ts')).picture(built.cluster, located) : undefined;
    unchecked.push(...facts.unchecked, ...built.unchecked, ...notJudged);
    for (const failure of [...facts.failures, ...bugs]) failures.add(failure);
    return {
      located,
      ...(drawn ? { picture: drawn } : {}),
      ...(everything ? { notJudged } : {}),
      resources: built.resources,
      complete: built.cluster.complete && built.refused.size === 0 && facts.whole,
      targets: targets.map((loaded) => ({
        target: loaded.target,
        whole: !loaded.incomplete && !built.refused.has(loaded.target.name),
      })),
    };
  };
  // What is gone from one environment may have moved to another: all of them are there before any is compared.
  const building = everything ? selection.environments.map(build) : [];
  const judgements = await Promise.all(
    mine.map(async ([index, environment]): Promise<Judgement> => {
      try {
        await Promise.allSettled(building);
        return await judgeOne(await (building[index] ?? build(environment)));
      } catch (error) {
        options.signal?.throwIfAborted();
        failures.add(`judging the environment ${environment.name} failed: ${describeBug(error)}`);
        return NOT_JUDGED;
      }
    }),
  );
  const [only] = selection.environments;
  if (only?.name === STDIN && judgements.every(({ located, resources }) => located.length === 0 && resources === 0)) {
    failures.add('nothing to lint: the stream holds no objects');
  }

  const { all, active } = await chosen();
  const ignores = new Ignores({
    ignores: selection.config?.ignores ?? [],
    directory: selection.config ? dirname(selection.config.file) : cwd,
    sources,
    today: options.today ?? new Date().toISOString().slice(0, 10),
    ruleIds: all.map((rule) => rule.id),
    active: new Set(active.map((rule) => rule.id)),
  });
  const environments = mine.map(([index, { name, targets }], i): JudgedEnvironment => {
    const { located, picture, resources } = judgements[i] ?? NOT_JUDGED;
    const { kept, suppressed } = ignores.apply(located);
    const judged = { name, index, found: kept, suppressed, targets: targets.length, resources };
    return picture ? { ...judged, picture } : judged;
  });
  const level = (id: string) => {
    const rule = active.find((candidate) => candidate.id === id);
    return rule ? (levels.get(id) ?? rule.severity) : 'off';
  };
  const complete = judgements.every((judgement) => judgement.complete) && failures.size === 0;
  const part: Part = {
    prefix,
    environments,
    ...(entries ? { baseline: await baselineUses(entries, judgements, sources, root) } : {}),
    complete,
    ignores: ignores.uses({
      incomplete: !complete,
      ...(await filesJudged(
        judgements.flatMap(({ targets }) => targets),
        sources,
      )),
    }),
    ignoreLevels: { 'ignore-unused': level('ignore-unused'), 'ignore-expired': level('ignore-expired') },
    partial: selection.partial || (options.rules?.length ?? 0) > 0,
    unchecked,
    rules: active.map(({ id }) => id),
    failures: [...failures],
    ...(nothing && !nothing.failure ? { note: nothing.message } : {}),
    ...(share ? { share: partShare(share, selection.environments.length) } : {}),
  };
  return { part, selection, judgements, clusters };
}

const NOT_JUDGED: Judgement = { located: [], resources: 0, complete: false, targets: [] };

/** The share that the options ask for; undefined where they ask for everything. What all shares have in common is in its plan. */
export async function shareIn(
  sides: readonly { environments: readonly Environment[]; sources: SourceFiles }[],
  { cwd, stdin, shard, kubernetesVersion, rules, since }: LintOptions,
): Promise<Share | undefined> {
  if (!shard) return undefined;
  if (stdin !== undefined) throw new UsageError('--shard: a stream is one environment, there is nothing to share out');
  return (await import('./shard/share.ts')).shareOf(sides, { ...shard, cwd }, [kubernetesVersion, rules, since]);
}

function partShare({ mine: _, ...share }: Share, of: number): NonNullable<Part['share']> {
  return { ...share, of, version: version() };
}

/** An environment that is rendered and put together, and not yet judged. */
interface Built {
  targets: LoadedTarget[];
  facts: Facts;
  assembled: Assembled;
}

/** What an environment is told of the other side, and of the rest of this one. */
function sidesOf(
  environment: Environment,
  { of, whole, locateGone }: NonNullable<SideView['before']>,
  clusters: ReadonlyMap<string, Cluster>,
): AssembleInput['sides'] {
  const before = of(environment);
  if (!before) return undefined;
  const others = () => [...clusters.values()].filter((cluster) => cluster.environment !== environment.name);
  return { before, others, leftOut: !whole, locateGone: (gone) => locateGone(environment, gone) };
}

/** What was found out about one environment, before ignores. */
export interface Judgement {
  located: Found[];
  picture?: Picture;
  /** Of a comparison: what its rules could not judge. */
  notJudged?: readonly NotJudged[];
  resources: number;
  complete: boolean;
  targets: { target: Target; whole: boolean }[];
}

/** Loads targets, several at a time. Two environments may share one: it is rendered once for each Kubernetes version. */
function targetLoader(
  options: LintOptions,
  environments: readonly Environment[],
  context: (environment: Environment) => RenderContext,
  failures: Set<string>,
): (target: Target, environment: Environment) => Promise<LoadedTarget> {
  const limit = pLimit(options.concurrency ?? availableParallelism());
  const total = environments.reduce((sum, environment) => sum + environment.targets.length, 0);
  let done = 0;
  options.onProgress?.(done, total);
  const loading = new Map<string, Promise<LoadedTarget>>();
  return async (target, environment) => {
    const run = context(environment);
    const id = JSON.stringify([target, run.kubernetesVersion]);
    let promise = loading.get(id);
    if (!promise) {
      promise = limit(() => renderAndLoad(target, run, failures));
      loading.set(id, promise);
    }
    const loaded = await promise;
    options.onProgress?.(++done, total);
    return loaded;
  };
}

/**
 * The files that targets read: `doubtful` where one of them failed, was left unchecked, or holds objects whose wrong types keep them
 * from the rules; `whole` where all findings are known.
 */
async function filesJudged(
  targets: readonly { target: Target; whole: boolean }[],
  sources: SourceFiles,
): Promise<{ whole: string[]; doubtful: string[] }> {
  const read = await Promise.all(
    targets.map(async ({ target, whole }) => ({ whole, files: await filesOfTarget(target, sources) })),
  );
  const filesWhere = (wanted: boolean) => read.filter(({ whole }) => whole === wanted).flatMap(({ files }) => files);
  const doubtful = new Set(filesWhere(false));
  return { whole: [...new Set(filesWhere(true))].filter((file) => !doubtful.has(file)), doubtful: [...doubtful] };
}

async function baselineOf(file: string, sources: SourceFiles): Promise<WrittenEntry[]> {
  return (await import('./baseline/read.ts')).readBaseline(file, sources);
}

/** Each entry of a baseline, with how much is known of its file. What one target of an environment lacks may silence rules on another. */
async function baselineUses(
  entries: readonly WrittenEntry[],
  judgements: readonly Judgement[],
  sources: SourceFiles,
  root: string,
): Promise<BaselineUse[]> {
  const targets = judgements.flatMap(({ targets, complete }) =>
    targets.map(({ target }) => ({ target, whole: complete })),
  );
  const files = await filesJudged(targets, sources);
  const [whole, doubtful] = [new Set(files.whole), new Set(files.doubtful)];
  return entries.map((entry) => {
    const file = resolve(root, entry.file);
    return { entry, judged: doubtful.has(file) ? 'doubtful' : whole.has(file) ? 'whole' : 'elsewhere' };
  });
}

/** What rendering a target of an environment needs. */
export function contextOf(
  options: LintOptions,
  sources: SourceFiles,
  root: string,
  surroundings: Pick<RenderContext, 'texts' | 'named' | 'chartsOf'> = {},
): (environment: Environment) => RenderContext {
  const { cwd, kustomize, helm, cache, signal, timeout = DEFAULT_TIMEOUT } = options;
  const tools = findTools({ kustomize, helm, cache });
  return (environment) => {
    const kubernetesVersion = options.kubernetesVersion ?? environment.kubernetesVersion;
    return {
      cwd,
      root,
      sources,
      tools,
      timeout,
      ...surroundings,
      ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
      ...(cache === undefined ? {} : { cache }),
      ...(signal === undefined ? {} : { signal }),
    };
  };
}

/** Absolute paths of the files that a configuration names one by one. */
function filesNamed(config: Config | undefined): Set<string> {
  const filesOf = (target: Target) =>
    target.type === 'manifests' ? target.files : target.type === 'helm' ? target.values : [];
  const environments = config?.environments ?? [];
  return new Set(environments.flatMap(({ existing, targets }) => [...existing, ...targets.flatMap(filesOf)]));
}

/** Which charts get a values file, asked for only where one holds keys that its chart doesn't know. */
function chartsByValues(environments: readonly Environment[]): NonNullable<RenderContext['chartsOf']> {
  const charts = new Map<string, Set<string>>();
  for (const target of environments.flatMap((environment) => environment.targets)) {
    if (target.type !== 'helm') continue;
    for (const file of target.values) charts.set(file, (charts.get(file) ?? new Set()).add(target.chart));
  }
  return (file) => charts.get(file) ?? new Set();
}

/** Every rule. Loading them takes a while: what the tools render in the meantime costs nothing. */
async function loadRules(): Promise<readonly Rule[]> {
  return (await import('./rules/index.ts')).rules;
}

/** The ids of all rules. */
export async function ruleIds(): Promise<string[]> {
  return (await loadRules()).map((rule) => rule.id);
}

/** The rules of those ids, all of them without any. Throws UsageError for an id that no rule has. */
async function selectRules(ids: readonly string[] | undefined): Promise<readonly Rule[]> {
  const allRules = await loadRules();
  if (ids === undefined || ids.length === 0) return allRules;
  return ids.map((id) => {
    const rule = allRules.find((candidate) => candidate.id === id);
    if (!rule) {
      const known = allRules.map((candidate) => candidate.id);
      throw new UsageError(unknownRule(id, known));
    }
    return rule;
  });
}

/** Renders one target. A missing tool leaves it incomplete and is a failure of the run; the other targets go on. */
async function renderAndLoad(target: Target, context: RenderContext, failures: Set<string>): Promise<LoadedTarget> {
  try {
    const rendered = await render(target, context);
    const loaded = await load(rendered.objects);
    const findings: SourceFinding[] = [...rendered.findings, ...loaded.findings];
    const incomplete = isIncomplete(rendered) || loaded.findings.length > 0;
    return { target, rendered, loaded: { ...loaded, findings }, incomplete };
  } catch (error) {
    context.signal?.throwIfAborted();
    const isMissing = error instanceof MissingToolError;
    failures.add(isMissing ? error.message : `rendering ${target.name} failed: ${describeBug(error)}`);
    const reason = isMissing ? 'the tool that renders it is missing' : 'k8s-lint failed on it';
    return {
      target,
      rendered: { objects: [], findings: [], unchecked: [{ what: 'all that it renders', reason }] },
      loaded: { objects: [], findings: [], foreign: 0, emptyKinds: [] },
      incomplete: true,
    };
  }
}

/** Whether objects are missing from what a target rendered. */
function isIncomplete(rendered: Rendered): boolean {
  return rendered.unchecked.length > 0 || rendered.findings.some(isFailure);
}
