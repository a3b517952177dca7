import type { Inputs } from '../cache/inputs.ts';
import type { SourceFinding } from '../cluster/cluster.ts';
import type { Location } from '../resource.ts';
import { SourceError, SourceFiles } from '../source.ts';
import { expandedNodes } from '../yaml/aliases.ts';
import { isBlank } from '../yaml/blank.ts';
import { readYaml, type YamlDocument } from '../yaml.ts';
import { addInputs } from './kustomize/inputs.ts';
import { documentsOf, type KustomizationGraph, type Mention, placeOf, readGraph } from './kustomize/kustomization.ts';
import { judge } from './kustomize/passed-over/judge.ts';
import { orphans } from './kustomize/passed-over/orphans.ts';
import { skippedSiblings } from './kustomize/passed-over/siblings.ts';
import type { Cut } from './kustomize/refused/cut.ts';
import type { failureOf as FailureOf, Refusal } from './kustomize/refused/failure.ts';
import type { Build } from './kustomize/refused/rest.ts';
import { generatorsOf } from './kustomize/trace/generate.ts';
import { patchesOf } from './kustomize/trace/patches.ts';
import { identityOfValue } from './kustomize/trace/subject.ts';
import { Trace, withoutHash } from './kustomize/trace/trace.ts';
import { shownPath } from './manifests.ts';
import { PerRun } from './per-run.ts';
import { isGarbage, type RunResult, run } from './run.ts';
import type { KustomizeTarget, RenderContext, Rendered, RenderedObject } from './target.ts';
import type { Kustomize } from './tools.ts';

/** Renders a kustomization with the user's kustomize or kubectl. Throws MissingToolError; all else is in what it returns. */
export async function renderKustomize(target: KustomizeTarget, context: RenderContext): Promise<Rendered> {
  const { sources } = context;
  const graph = readGraph(target.directory, sources, target.loadRestrictor);
  const problems = graph.problems.map(({ rule, message, kustomization, path }): SourceFinding => {
    return { rule, message, location: locationOf({ kustomization, path }, context) };
  });
  const exploding = explosions(graph, context);
  problems.push(...exploding.map(({ finding }) => finding));
  const reason = whyUnchecked(target, graph, context);
  if (reason !== undefined) {
    return { objects: [], findings: problems, unchecked: [{ what: target.name, reason }] };
  }

  const kustomize = await context.tools.kustomize();
  const helm = await helmArguments(target, graph, kustomize, context);
  if (typeof helm === 'string') {
    return { objects: [], findings: problems, unchecked: [{ what: target.name, reason: helm }] };
  }
  const build = (
    directory: string,
    loadRestrictor: KustomizeTarget['loadRestrictor'],
    named = (text: string) => text,
  ): Promise<RunResult> => {
    const restrictor = loadRestrictor === 'LoadRestrictionsNone' ? ['--load-restrictor=LoadRestrictionsNone'] : [];
    const start = async () => {
      const result = await run(kustomize.command, [...kustomize.args, directory, ...restrictor, ...helm.args], {
        cwd: context.cwd,
        timeout: context.timeout,
        signal: context.signal,
      });
      return 'stderr' in result ? { ...result, stderr: named(result.stderr) } : result;
    };
    const { cache, root } = context;
    const { identity } = kustomize;
    if (!cache || identity === undefined || helm.identity === undefined) return start();
    const told = [identity, helm.identity, ...restrictor];
    const describe = (inputs: Inputs) => {
      // Where entries are left out, the kustomizations aren't those of the repository.
      const isOwn = directory === target.directory;
      const read = isOwn ? sources : new SourceFiles(context.cwd);
      const built = isOwn ? graph : readGraph(directory, read, loadRestrictor);
      inputs.add('kustomize build', inputs.name(directory), ...told, ...helm.told);
      addInputs(inputs, built, read);
    };
    return cache.run(root, directory, describe, start);
  };
  // What is too large to be read isn't given to kustomize.
  const isTooLarge = problems.some(({ rule }) => rule === 'render-failed');
  const result = isTooLarge ? undefined : await build(target.directory, target.loadRestrictor);
  const version = kustomize.kubernetesVersion === undefined ? {} : { kubernetesVersion: kustomize.kubernetesVersion };
  const file = graph.root?.file ?? target.directory;
  const home: Location = graph.root
    ? { file: shownPath(file, context.cwd) }
    : (target.location ?? { file: shownPath(file, context.cwd) });

  if (result?.kind !== 'ok') {
    const [{ failureOf }, { asDeployed, buildRest }] = await Promise.all([
      import('./kustomize/refused/failure.ts'),
      import('./kustomize/refused/rest.ts'),
    ]);
    const explain = (why: Exclude<RunResult, { kind: 'ok' }>) => failed(why, home, graph, context, failureOf);
    const refusal = result && explain(result);
    const wrong = [
      ...graph.problems.filter(({ rule }) => rule !== 'kustomize-file-outside-root'),
      ...exploding.flatMap(({ mentions }) => mentions),
    ];
    const buildFreely: Build = (directory, named) => build(directory, 'LoadRestrictionsNone', named);
    const rest =
      result === undefined || result.kind === 'failed'
        ? await buildRest(wrong, refusal, graph, context, buildFreely, explain)
        : { findings: refusal ? [refusal.finding] : [], cuts: [] };
    const findings = [...problems, ...rest.findings];
    if (rest.stdout === undefined) return { objects: [], findings, unchecked: [], ...version };
    const { objects, findings: own, trace } = objectsIn(rest.stdout, home, graph, context, rest.cuts);
    const deployed = asDeployed(objects, trace, rest.cuts, context);
    const values = deployed.objects.map(({ value }) => value);
    const judged = [...judge(graph, values, sources, rest.cuts), ...repeatedKeys(graph, context)];
    return { ...deployed, findings: [...findings, ...own, ...judged.filter(isNews(findings))], ...version };
  }
  // kustomize built it: whatever seemed wrong with it was not.
  const { objects, findings, trace } = objectsIn(result.stdout, home, graph, context);
  const values = objects.map(({ value }) => value);
  findings.push(...judge(graph, values, sources));
  if (trace) findings.push(...skippedSiblings(graph, values, trace, sources));
  // Once it is built, what is blank can only be a resource.
  const emptyFiles = graph.yamlFiles.filter((file) =>
    blank.get(sources, file, () => isBlank(textOf(file, sources) ?? '-')),
  );
  return {
    objects,
    findings: [...findings, ...repeatedKeys(graph, context), ...(await orphans(graph, context))],
    unchecked: [],
    emptyFiles: emptyFiles.map((path) => shownPath(path, context.cwd)),
    ...version,
  };
}

/** Whether files say nothing. */
const blank = new PerRun<boolean>();

/** More than any cluster takes in one document; kustomize would build it all, in gigabytes and minutes. */
const MAX_NODES = 1_000_000;

/** Files whose aliases expand to more than kustomize can build, or contain themselves, which crashes it. */
function explosions(
  { kustomizations, yamlFiles }: KustomizationGraph,
  { cwd, sources }: RenderContext,
): { finding: SourceFinding; mentions: Mention[] }[] {
  return yamlFiles.flatMap((file) => {
    if (nodesIn(file, sources) <= MAX_NODES) return [];
    const error = documentsOf(file, sources)?.find((document) => document.error)?.error;
    if (!error) return [];
    const { message, ...place } = error;
    const mentions = kustomizations.flatMap((kustomization) => {
      // A kustomization that explodes can't do without itself.
      if (kustomization.files.includes(file)) return [{ kustomization, path: [] }];
      return kustomization.entries
        .filter(({ absolute }) => absolute === file)
        .map(({ path }) => ({ kustomization, path }));
    });
    const location = { file: shownPath(file, cwd), ...place };
    return [{ finding: { rule: 'render-failed' as const, message, location }, mentions }];
  });
}

/** Sizes of files with their aliases expanded. */
const sizes = new PerRun<number>();

function nodesIn(file: string, sources: SourceFiles): number {
  return sizes.get(sources, file, () => expandedNodes(textOf(file, sources) ?? ''));
}

/** Undefined for what can't be read: kustomize says so itself. */
function textOf(file: string, sources: SourceFiles): string | undefined {
  try {
    return sources.text(file);
  } catch (error) {
    if (error instanceof SourceError) return undefined;
    throw error;
  }
}

/**
 * Keys that stand twice in one map of a kustomization, or of a patch in a file. kustomize reads both and says nothing; in
 * resources it refuses them.
 */
function repeatedKeys({ kustomizations }: KustomizationGraph, { cwd, sources }: RenderContext): SourceFinding[] {
  const findings = new Map<string, SourceFinding>();
  const add = (file: string, { duplicateKeys }: YamlDocument, wins: string) => {
    for (const { path, line, column } of duplicateKeys) {
      const message = `duplicate key "${String(path.at(-1))}": kustomize takes the ${wins} one and says nothing of the other`;
      const location = { file: shownPath(file, cwd), line, column };
      findings.set(JSON.stringify(location), { rule: 'schema-invalid', severity: 'warning', message, location });
    }
  };
  for (const kustomization of kustomizations) {
    if (kustomization.document) add(kustomization.file, kustomization.document, 'last');
    for (const { place, document, operations } of patchesOf(kustomization, sources)) {
      if (!place.within) add(place.file, document, operations ? 'last' : 'first');
    }
  }
  return [...findings.values()];
}

/** Whether nothing is said yet of a finding's place. */
function isNews(findings: readonly SourceFinding[]): (finding: SourceFinding) => boolean {
  const places = new Set(findings.map(({ location: { file, line } }) => `${file}:${line}`));
  return ({ location: { file, line } }) => !places.has(`${file}:${line}`);
}

/** Why kustomize isn't run at all: it would reach out, or run programs. */
function whyUnchecked(target: KustomizeTarget, graph: KustomizationGraph, context: RenderContext): string | undefined {
  const at = (mention: Mention) => {
    const { file, line } = locationOf(mention, context);
    return line === undefined ? file : `${file}:${line}`;
  };
  const [remote] = graph.remotes;
  if (remote) return `${remote.text} (${at(remote)}) would have to be downloaded: vendor it into the repository`;
  const [plugin] = graph.plugins;
  if (plugin) return `the plug-in ${plugin.kind} (${at(plugin)}) would have to be run: plug-ins are never run`;
  const [chart] = graph.charts;
  if (chart && target.enableHelm !== true) {
    return `it inflates the chart ${chart.name} (${at(chart)}): set enableHelm: true for this target in k8s-lint.yaml`;
  }
  const absent = graph.charts.find(({ local }) => !local);
  if (absent) {
    const home = shownPath(absent.home, context.cwd);
    return `the chart ${absent.name} (${at(absent)}) would have to be downloaded: put it into ${home}`;
  }
  return undefined;
}

interface HelmArguments {
  args: string[];
  /** Those of them that don't say where helm lies. */
  told: string[];
  /** Of helm; undefined where its renders can't be kept. */
  identity: string | undefined;
}

/** The arguments that let kustomize inflate charts; a text says why it can't. Throws MissingToolError without helm. */
async function helmArguments(
  target: KustomizeTarget,
  graph: KustomizationGraph,
  kustomize: Kustomize,
  context: RenderContext,
): Promise<HelmArguments | string> {
  if (target.enableHelm !== true || graph.charts.length === 0) return { args: [], told: [], identity: 'none' };
  const helm = await context.tools.helm();
  if (helm.major === 4 && isBefore(kustomize.version, 5, 8)) {
    return `kustomize ${kustomize.version} cannot drive helm ${helm.version}: name a helm 3 with --helm, or a kustomize from 5.8 on with --kustomize`;
  }
  const kubeVersion = context.kubernetesVersion ? [`--helm-kube-version=${context.kubernetesVersion}`] : [];
  const told = ['--enable-helm', ...kubeVersion];
  return { args: [...told, `--helm-command=${helm.command}`], told, identity: helm.identity };
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

function locationOf({ kustomization, path }: Mention, { sources }: RenderContext): Location {
  const { file, document } = placeOf(kustomization);
  return sources.locate(file, document, path);
}

function failed(
  result: Exclude<RunResult, { kind: 'ok' }>,
  home: Location,
  graph: KustomizationGraph,
  context: RenderContext,
  failureOf: typeof FailureOf,
): Refusal | undefined {
  const finding = (message: string): SourceFinding => ({ rule: 'render-failed', message, location: home });
  const bare = (own: SourceFinding): Refusal => ({
    finding: own,
    cuts: [],
    mayFollow: false,
    isUnmatched: false,
    reason: own.message,
  });
  switch (result.kind) {
    case 'failed':
      if (!graph.root) return bare(finding(failureOf(result.stderr, graph, context)?.finding.message ?? NO_MESSAGE));
      if (result.stderr.trim() === '') return bare(finding(`${NO_MESSAGE} (exit code ${result.code})`));
      if (isGarbage(result.stderr))
        return bare(finding(`kustomize failed (exit code ${result.code}), and what it says is no text`));
      if (CRASHED.test(result.stderr)) return bare(withCause(finding(crash(result.stderr)), graph, context));
      return failureOf(result.stderr, graph, context);
    case 'timeout':
      return bare(
        withCause(
          { ...finding(`kustomize did not finish within ${context.timeout / 1000} s and was stopped`), passing: true },
          graph,
          context,
        ),
      );
    case 'output-limit':
      return bare(withCause(finding('kustomize printed more than 256 MB and was stopped'), graph, context));
    case 'killed':
      return bare(withCause({ ...finding(`kustomize died by ${result.signal}`), passing: true }, graph, context));
    case 'not-started':
      return bare(finding(`kustomize can't be started: ${result.reason}`));
  }
}

/** What kustomize chokes on without a word (aliases of aliases, nesting without end) is often what our reader refuses. */
function withCause(
  finding: SourceFinding,
  { yamlFiles }: KustomizationGraph,
  { cwd, sources }: RenderContext,
  otherwise?: string,
): SourceFinding {
  for (const file of yamlFiles) {
    const error = documentsOf(file, sources)?.find((document) => document.error)?.error;
    if (!error) continue;
    const { message, ...place } = error;
    const location = { file: shownPath(file, cwd), ...place };
    return { ...finding, message: `${finding.message}: ${message}`, location };
  }
  return otherwise === undefined ? finding : { ...finding, message: `${finding.message}: ${otherwise}` };
}

/** What Go's runtime writes of every goroutine when a program crashes. */
const CRASHED = /^goroutine \d+ .*\[/m;

function crash(stderr: string): string {
  return `kustomize crashed: ${/^(?:fatal error|panic): .*/m.exec(stderr)?.[0] ?? 'without a message'}`;
}

const NO_MESSAGE = 'kustomize failed without a message';

function objectsIn(
  output: string,
  home: Location,
  graph: KustomizationGraph,
  context: RenderContext,
  cuts: readonly Cut[] = [],
): { objects: RenderedObject[]; findings: SourceFinding[]; trace: Trace | undefined } {
  const findings: SourceFinding[] = [];
  const values: unknown[] = [];
  for (const { value, empty, error } of readYaml(output)) {
    if (error) {
      const message = `kustomize printed what is no YAML, on line ${error.line} of its output`;
      findings.push(withCause({ rule: 'render-failed', message, location: home }, graph, context, error.message));
    } else if (!empty) values.push(value);
  }
  if (!graph.root) return { objects: [], findings, trace: undefined };
  const trace = new Trace(graph.root, context.sources, values, cuts);
  const generated = new Set(
    graph.kustomizations.flatMap((kustomization) => generatorsOf(kustomization).map(({ name }) => name)),
  );
  const objects = values.map((value): RenderedObject => {
    const displayName = unhashedName(value, generated);
    return {
      value,
      get source() {
        return trace.sourceOf(value);
      },
      locate: async (path, at = 'value', offset) => trace.locate(value, path, at, offset),
      way: async (path, at = 'value') => trace.way(value, path, at),
      sourceName: async () => trace.sourceName(value) ?? displayName ?? identityOfValue(value).name,
      ...(displayName === undefined ? {} : { displayName }),
    };
  });
  return { objects, findings, trace };
}

/** The name of a generated object without its hash; prefixes may stand around the generator's own name. */
function unhashedName(value: unknown, generated: ReadonlySet<string>): string | undefined {
  const { kind, name: rendered } = identityOfValue(value);
  if (generated.size === 0 || (kind !== 'ConfigMap' && kind !== 'Secret')) return undefined;
  const name = withoutHash(rendered);
  if (name === undefined) return undefined;
  return [...generated].some((own) => own !== '' && name.includes(own)) ? name : undefined;
}
