import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import pLimit from 'p-limit';
import { assemble, type LoadedTarget } from './assemble.ts';
import type { SourceFinding } from './cluster/cluster.ts';
import { isFailure } from './cluster/source-findings.ts';
import type { Config, Environment, RuleLevels } from './config/config.ts';
import { filesOfTarget } from './config/select.ts';
import { describeBug } from './describe-bug.ts';
import { diagnose } from './diagnose.ts';
import type { Found } from './diagnostic.ts';
import { factReader } from './facts.ts';
import { Ignores } from './ignore.ts';
import { load } from './load.ts';
import { type JudgedEnvironment, type Part, reportOf } from './part.ts';
import type { Picture } from './picture.ts';
import { STDIN } from './render/manifests.ts';
import { render } from './render/render.ts';
import type { RenderContext, Rendered, Target } from './render/target.ts';
import { findTools, MissingToolError } from './render/tools.ts';
import type { Report, UncheckedItem } from './report/report.ts';
import { repositoryRoot } from './repository.ts';
import { RepositoryTexts } from './repository-texts.ts';
import type { Rule } from './rule.ts';
import { select, whyNothing } from './selection.ts';
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
  /** False to render whatever was rendered before. */
  cache?: boolean;
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
  const { cwd } = options;
  if (options.rules?.length) await selectRules(options.rules);
  const sources = new SourceFiles(cwd);
  if (options.stdin !== undefined) sources.add(STDIN, options.stdin);
  const root = repositoryRoot(cwd);
  const selection = await select(options, sources, ruleIds);
  const texts = new RepositoryTexts(root);
  const context = contextOf(options, sources, root, {
    ...(options.stdin === undefined && { texts }),
    named: filesNamed(selection.config),
    chartsOf: chartsByValues(selection.config?.environments ?? selection.environments),
  });
  const failures = new Set<string>();
  const unchecked: UncheckedItem[] = [...selection.unchecked];
  const nothing = selection.environments.length === 0 ? whyNothing(options, selection) : undefined;
  if (nothing?.failure) failures.add(nothing.message);
  const levels: RuleLevels = selection.config?.rules ?? new Map();
  const chosen = async () => {
    const rules = await selectRules(options.rules);
    return { all: await loadRules(), active: rules.filter((rule) => levels.get(rule.id) !== 'off') };
  };
  const loadTarget = targetLoader(options, selection.environments, context, failures);
  const readFacts = factReader(selection.environments, sources);
  const findSubstitute = substitutes(texts, options.stdin === undefined);

  const judgeOne = async (environment: Environment): Promise<Judgement> => {
    const loaded = Promise.all(environment.targets.map((target) => loadTarget(target, environment)));
    const [targets, { all, active }] = await Promise.all([loaded, chosen()]);
    const facts = await readFacts(environment);
    const built = assemble({
      environment,
      targets,
      existing: facts.existing,
      existingWhole: facts.whole,
      kubernetesVersion: options.kubernetesVersion ?? environment.kubernetesVersion,
      substitutes: findSubstitute,
      rules: all,
    });
    const { located, unchecked: notJudged, bugs } = await diagnose(built.cluster, active, levels);
    const drawn = options.picture ? (await import('./picture.ts')).picture(built.cluster, located) : undefined;
    unchecked.push(...facts.unchecked, ...built.unchecked, ...notJudged);
    for (const failure of [...facts.failures, ...bugs]) failures.add(failure);
    return {
      located,
      ...(drawn ? { picture: drawn } : {}),
      resources: built.resources,
      complete: built.cluster.complete && built.refused.size === 0,
      targets: targets.map((loaded) => ({
        target: loaded.target,
        whole: !loaded.incomplete && !built.refused.has(loaded.target.name),
      })),
    };
  };
  const judgements = await Promise.all(
    selection.environments.map((environment) =>
      judgeOne(environment).catch((error: unknown): Judgement => {
        options.signal?.throwIfAborted();
        failures.add(`judging the environment ${environment.name} failed: ${describeBug(error)}`);
        return { located: [], resources: 0, complete: false, targets: [] };
      }),
    ),
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
  const environments = judgements.map(({ located, picture, resources }, index): JudgedEnvironment => {
    const { kept, suppressed } = ignores.apply(located);
    const { name = '', targets = [] } = selection.environments[index] ?? {};
    const judged = { name, index, found: kept, suppressed, targets: targets.length, resources };
    return picture ? { ...judged, picture } : judged;
  });
  const level = (id: string) => {
    const rule = active.find((candidate) => candidate.id === id);
    return rule ? (levels.get(id) ?? rule.severity) : 'off';
  };
  return {
    environments,
    ignores: ignores.uses({
      incomplete: judgements.some(({ complete }) => !complete) || failures.size > 0,
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
  };
}

/** What was found out about one environment, before ignores. */
interface Judgement {
  located: Found[];
  picture?: Picture;
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

/** What rendering a target of an environment needs. */
export function contextOf(
  options: LintOptions,
  sources: SourceFiles,
  root: string,
  surroundings: Pick<RenderContext, 'texts' | 'named' | 'chartsOf'> = {},
): (environment: Environment) => RenderContext {
  const { cwd, kustomize, helm, signal, timeout = DEFAULT_TIMEOUT } = options;
  const tools = findTools({
    ...(kustomize === undefined ? {} : { kustomize }),
    ...(helm === undefined ? {} : { helm }),
  });
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
