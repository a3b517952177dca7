import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import pLimit from 'p-limit';
import { assemble, type LoadedTarget } from './assemble.ts';
import type { SourceFinding } from './cluster/cluster.ts';
import { isFailure } from './cluster/source-findings.ts';
import { type Config, type Environment, findConfig } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { filesOfTarget, selectEnvironments } from './config/select.ts';
import { describeBug } from './describe-bug.ts';
import { compareText, diagnose, merge, mergeSuppressed } from './diagnose.ts';
import type { Diagnostic, Located } from './diagnostic.ts';
import { discover } from './discover.ts';
import { applyIgnores } from './ignore.ts';
import { type Loaded, load } from './load.ts';
import { readManifests, STDIN, shownPath } from './render/manifests.ts';
import { render } from './render/render.ts';
import type { RenderContext, Rendered, RenderedObject, Target } from './render/target.ts';
import { findTools, MissingToolError } from './render/tools.ts';
import type { Report, UncheckedItem } from './report/report.ts';
import { showLocation } from './report/shown.ts';
import { repositoryRoot } from './repository.ts';
import { RepositoryTexts } from './repository-texts.ts';
import type { Location, TargetRef } from './resource.ts';
import type { Rule, Severity } from './rule.ts';
import { SourceFiles } from './source.ts';
import { substitutes } from './substitutes.ts';
import { unknownRule } from './unknown-rule.ts';
import { UsageError } from './usage-error.ts';
import { NOTHING_IN_IT } from './yaml/blank.ts';

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

interface Selection {
  environments: readonly Environment[];
  config: Config | undefined;
  unchecked: UncheckedItem[];
  /** Some of what the configuration names was left out: an ignore that matches nothing may belong to the rest. */
  partial: boolean;
}

/**
 * Renders the selected environments, judges each by the rules, and locates what they find. Throws UsageError and ConfigError;
 * everything that goes wrong with one target, file or rule is in the report, and the rest is still judged.
 */
export async function lint(options: LintOptions): Promise<Report> {
  const { cwd } = options;
  if (options.rules?.length) await selectRules(options.rules);
  const sources = new SourceFiles(cwd);
  if (options.stdin !== undefined) sources.add(STDIN, options.stdin);
  const root = repositoryRoot(cwd);
  const selection = await select(options, sources);
  const texts = new RepositoryTexts(root);
  const context = contextOf(options, sources, root, {
    ...(options.stdin === undefined && { texts }),
    named: filesNamed(selection.config),
    chartsOf: chartsByValues(selection.config?.environments ?? selection.environments),
  });
  const failures = new Set<string>();
  const nothing = selection.environments.length === 0 ? whyNothing(options, selection) : undefined;
  if (nothing?.failure) failures.add(nothing.message);
  const unchecked: UncheckedItem[] = [...selection.unchecked];
  const levels = selection.config?.rules ?? new Map();
  const findSubstitute = substitutes(texts, options.stdin === undefined);
  const limit = pLimit(options.concurrency ?? availableParallelism());
  const total = selection.environments.reduce((sum, environment) => sum + environment.targets.length, 0);
  let done = 0;
  options.onProgress?.(done, total);
  const loading = new Map<string, Promise<LoadedTarget>>();

  const chosen = async () => {
    const rules = await selectRules(options.rules);
    return { all: await loadRules(), active: rules.filter((rule) => levels.get(rule.id) !== 'off') };
  };

  const loadTarget = (target: Target, environment: Environment): Promise<LoadedTarget> => {
    const run = context(environment);
    // Two environments may share a target: it is rendered once for each Kubernetes version.
    const id = JSON.stringify([target, run.kubernetesVersion]);
    let promise = loading.get(id);
    if (!promise) {
      promise = limit(() => renderAndLoad(target, run, failures));
      loading.set(id, promise);
    }
    return promise.then((loaded) => {
      options.onProgress?.(++done, total);
      return loaded;
    });
  };

  const readFacts = factReader(selection.environments, sources);
  const judge = async (environment: Environment): Promise<Judged> => {
    const loaded = Promise.all(environment.targets.map((target) => loadTarget(target, environment)));
    const [targets, { all, active }] = await Promise.all([loaded, chosen()]);
    const { existing, whole } = await loadExisting(environment, cwd, readFacts, failures, unchecked);
    const built = assemble({
      environment,
      targets,
      existing,
      existingWhole: whole,
      kubernetesVersion: options.kubernetesVersion ?? environment.kubernetesVersion,
      substitutes: findSubstitute,
      rules: all,
    });
    unchecked.push(...built.unchecked);
    const result = await diagnose(built.cluster, active, levels);
    unchecked.push(...result.unchecked);
    for (const bug of result.bugs) failures.add(bug);
    return {
      located: result.located,
      resources: built.resources,
      complete: built.cluster.complete && built.refused.size === 0,
      targets: targets.map((loaded) => ({
        target: loaded.target,
        whole: !loaded.incomplete && !built.refused.has(loaded.target.name),
      })),
    };
  };
  const judged = await Promise.all(
    selection.environments.map((environment) =>
      judge(environment).catch((error: unknown): Judged => {
        options.signal?.throwIfAborted();
        failures.add(`judging the environment ${environment.name} failed: ${describeBug(error)}`);
        return { located: [], resources: 0, complete: false, targets: [] };
      }),
    ),
  );
  const [only] = selection.environments;
  if (only?.name === STDIN && judged.every(({ located, resources }) => located.length === 0 && resources === 0)) {
    failures.add('nothing to lint: the stream holds no objects');
  }

  const { all, active } = await chosen();
  const ignored = applyIgnores(
    judged.flatMap(({ located }) => located),
    {
      ignores: selection.config?.ignores ?? [],
      directory: selection.config ? dirname(selection.config.file) : cwd,
      sources,
      today: options.today ?? new Date().toISOString().slice(0, 10),
      partial: selection.partial || (options.rules?.length ?? 0) > 0,
      incomplete: judged.some(({ complete }) => !complete) || failures.size > 0,
      files: await filesJudgedWhole(
        judged.flatMap(({ targets }) => targets),
        sources,
      ),
      ruleIds: all.map((rule) => rule.id),
      active: new Set(active.map((rule) => rule.id)),
      levels,
    },
  );
  const diagnostics = merge([...ignored.kept, ...ignored.findings]);
  const suppressed = mergeSuppressed(ignored.suppressed);
  return {
    diagnostics,
    suppressed,
    unchecked: uniqueUnchecked(unchecked),
    summary: {
      errors: count(diagnostics, 'error'),
      warnings: count(diagnostics, 'warning'),
      infos: count(diagnostics, 'info'),
      ignored: suppressed.length,
      targets: total,
      resources: judged.reduce((sum, { resources }) => sum + resources, 0),
    },
    rules: active.length,
    failures: [...failures],
    ...(nothing && !nothing.failure ? { note: nothing.message } : {}),
  };
}

/** What was found out about one environment. */
interface Judged {
  located: Diagnostic[];
  resources: number;
  complete: boolean;
  targets: { target: Target; whole: boolean }[];
}

/** Nothing to lint at all is a failure; paths that no configured environment reads are a commit that touches none. */
function whyNothing(options: LintOptions, { config }: Selection): { message: string; failure: boolean } {
  const paths = options.paths ?? [];
  if (config && config.environments.length > 0) {
    return { message: `nothing selected: no environment of k8s-lint.yaml reads ${paths.join(', ')}`, failure: false };
  }
  const where = paths.length > 0 ? paths.join(', ') : options.cwd;
  return { message: `nothing to lint: no kustomization, chart or manifest in ${where}`, failure: true };
}

/**
 * The files whose findings are all known: no target that reads them failed, was left unchecked, or holds objects whose wrong
 * types keep them from the rules.
 */
async function filesJudgedWhole(
  targets: readonly { target: Target; whole: boolean }[],
  sources: SourceFiles,
): Promise<string[]> {
  const read = await Promise.all(
    targets.map(async ({ target, whole }) => ({ whole, files: await filesOfTarget(target, sources) })),
  );
  const filesWhere = (wanted: boolean) => read.filter(({ whole }) => whole === wanted).flatMap(({ files }) => files);
  const doubtful = new Set(filesWhere(false));
  return [...new Set(filesWhere(true))].filter((file) => !doubtful.has(file));
}

function contextOf(
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

/** What the targets that the paths name render, for `k8s-lint render`. Throws as `lint` does. */
export async function renderTargets(options: LintOptions): Promise<RenderedTarget[]> {
  const sources = new SourceFiles(options.cwd);
  if (options.stdin !== undefined) sources.add(STDIN, options.stdin);
  const root = repositoryRoot(options.cwd);
  const { environments } = await select(options, sources);
  const context = contextOf(options, sources, root);
  const paths = (options.paths ?? []).map((path) => (path === '-' ? STDIN : resolve(options.cwd, path)));
  const named = environments.flatMap((environment) =>
    environment.targets
      .filter((target) => paths.some((path) => isNamedBy(target, path)))
      .map((target) => ({ environment, target })),
  );
  if (named.length === 0 && options.environments?.length) {
    throw new UsageError(`${options.paths?.join(', ')}: no target of ${options.environments.join(', ')} is called so`);
  }
  // Beside the configured targets, whatever renders has a name: its path.
  const found =
    named.length > 0 ? [] : (await discover(paths, { cwd: options.cwd, sources, exclude: [] })).environments;
  const limit = pLimit(options.concurrency ?? availableParallelism());
  return Promise.all(
    [...named, ...found.flatMap((environment) => environment.targets.map((target) => ({ environment, target })))].map(
      ({ environment, target }) =>
        limit(async () => {
          const { objects, findings, unchecked } = await render(target, context(environment));
          return { ref: { environment: environment.name, target: target.name }, objects, findings, unchecked };
        }),
    ),
  );
}

/** Whether a path is that of the target itself, not only of something that it reads. */
function isNamedBy(target: Target, path: string): boolean {
  switch (target.type) {
    case 'kustomize':
      return path === target.directory || dirname(path) === target.directory;
    case 'helm':
      return path === target.chart || path === join(target.chart, 'Chart.yaml');
    case 'manifests':
      return target.files.some((file) => file === path || file.startsWith(join(path, sep)));
  }
}

/** A target with what it rendered. */
export interface RenderedTarget {
  ref: TargetRef;
  objects: readonly RenderedObject[];
  findings: readonly SourceFinding[];
  unchecked: Rendered['unchecked'];
}

/** Every rule. Loading them takes a while: what the tools render in the meantime costs nothing. */
async function loadRules(): Promise<readonly Rule[]> {
  return (await import('./rules/index.ts')).rules;
}

/** The rules of those ids, all of them without any. Throws UsageError for an id that no rule has. */
async function selectRules(ids: readonly string[] | undefined): Promise<readonly Rule[]> {
  const allRules = await loadRules();
  if (ids === undefined || ids.length === 0) return allRules;
  return ids.map((id) => {
    const rule = allRules.find((candidate) => candidate.id === id);
    if (!rule) {
      throw new UsageError(
        unknownRule(
          id,
          allRules.map((known) => known.id),
        ),
      );
    }
    return rule;
  });
}

/** Which environments the arguments ask for: configured ones, or what stands under the paths. */
async function select(options: LintOptions, sources: SourceFiles): Promise<Selection> {
  const { cwd } = options;
  const paths = (options.paths ?? []).map((path) => (path === '-' ? STDIN : resolve(cwd, path)));
  const file = options.config === undefined ? findConfig(startOf(paths, cwd)) : resolve(cwd, options.config);
  const config =
    file === undefined
      ? undefined
      : await loadConfig(file, { cwd, sources, ruleIds: async () => (await loadRules()).map((rule) => rule.id) });
  if (paths.includes(STDIN)) {
    if (paths.length > 1) throw new UsageError('"-" reads a stream: it takes no other paths beside it');
    const target: Target = { type: 'manifests', name: STDIN, files: [STDIN] };
    const environment: Environment = { name: STDIN, targets: [target], existing: [], configured: false };
    return { environments: [environment], config, unchecked: [], partial: true };
  }
  if (config === undefined || config.environments.length === 0) {
    if (options.environments !== undefined && options.environments.length > 0) {
      throw new UsageError(`--environment ${options.environments[0]}: no k8s-lint.yaml names environments here`);
    }
    const found = await discover(paths.length > 0 ? paths : [cwd], { cwd, sources, exclude: [] });
    return { environments: found.environments, config, unchecked: found.unchecked, partial: paths.length > 0 };
  }
  const named = options.environments?.length ? chooseEnvironments(config, options.environments) : config.environments;
  const environments =
    paths.length > 0 ? await selectEnvironments(named, paths, { cwd, sources, configFile: config.file }) : named;
  return { environments, config, unchecked: [], partial: environments.length < config.environments.length };
}

/** Where to look for k8s-lint.yaml first: the directory that holds all the paths, else the working directory. */
function startOf(paths: readonly string[], cwd: string): string {
  const files = paths.filter((path) => path !== STDIN);
  if (files.length === 0) return cwd;
  const directories = files.map((path) => (isDirectory(path) ? path : dirname(path)));
  let common = directories[0] ?? cwd;
  while (!directories.every((directory) => directory === common || directory.startsWith(join(common, sep)))) {
    common = dirname(common);
  }
  return common;
}

/** What can't be looked at is told by whoever reads it. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function chooseEnvironments(config: Config, names: readonly string[]): Environment[] {
  return names.map((name) => {
    const environment = config.environments.find((candidate) => candidate.name === name);
    if (environment) return environment;
    const known = config.environments.map((candidate) => candidate.name);
    throw new UsageError(`no environment is called "${name}" in ${config.file}: it has ${known.join(', ')}`);
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

/** Reads files of facts. What several environments name is parsed once, and each gets a copy: facts of several files become one. */
function factReader(
  environments: readonly Environment[],
  sources: SourceFiles,
): (file: string) => ReturnType<typeof readManifests> {
  const uses = new Map<string, number>();
  for (const path of environments.flatMap(({ existing }) => existing)) {
    const file = shownPath(path, sources.cwd);
    uses.set(file, (uses.get(file) ?? 0) + 1);
  }
  const known = new Map<string, ReturnType<typeof readManifests>>();
  return (file) => {
    const read = known.get(file) ?? readManifests(file, sources);
    if (uses.get(file) === 1) return read;
    known.set(file, read);
    const objects = read.objects.map((object) => ({ ...object, value: structuredClone(object.value) }));
    return { ...read, objects };
  };
}

/** The facts of an environment. A file of facts that can't be read is a failure of the run: its facts would be missed. */
async function loadExisting(
  environment: Environment,
  cwd: string,
  read: (file: string) => ReturnType<typeof readManifests>,
  failures: Set<string>,
  unchecked: UncheckedItem[],
): Promise<{ existing: Loaded; whole: boolean }> {
  const objects: RenderedObject[] = [];
  let whole = true;
  const fail = ({ message, location }: SourceFinding) => {
    whole = false;
    failures.add(existingFailure(environment, message, location));
  };
  for (const path of environment.existing) {
    const file = shownPath(path, cwd);
    const facts = read(file);
    facts.findings.forEach(fail);
    if (facts.objects.length === 0 && facts.findings.length === 0) {
      unchecked.push({ what: file, reason: NOTHING_IN_IT, target: environment.name });
    }
    objects.push(...facts.objects);
  }
  const existing = await load(objects);
  existing.findings.forEach(fail);
  return { existing, whole };
}

function existingFailure(environment: Environment, message: string, location: Location): string {
  return `${showLocation(location)}: ${message} (existing of environment ${environment.name})`;
}

function count(diagnostics: readonly Located[], severity: Severity): number {
  return diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
}

function uniqueUnchecked(items: readonly UncheckedItem[]): UncheckedItem[] {
  const unique = new Map(items.map((item) => [JSON.stringify([item.what, item.reason, item.target]), item]));
  return [...unique.values()].sort(
    (a, b) => compareText(a.target, b.target) || compareText(a.what, b.what) || compareText(a.reason, b.reason),
  );
}
