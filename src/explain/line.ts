import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { isBelow } from '../below.ts';
import type { Environment } from '../config/config.ts';
import { filesOfTarget } from '../config/select.ts';
import type { Diagnostic, Suppressed } from '../diagnostic.ts';
import { contextOf, judgeSide, type LintOptions, ruleIds } from '../lint.ts';
import { reportOf } from '../part.ts';
import { helmLine } from '../render/helm/line.ts';
import { shownPath } from '../render/manifests.ts';
import type { HelmTarget, Target } from '../render/target.ts';
import { repositoryRoot } from '../repository.ts';
import type { Location, TargetRef } from '../resource.ts';
import { configFileOf, type Selection, select } from '../selection.ts';
import { SourceError, SourceFiles } from '../source.ts';
import { UsageError } from '../usage-error.ts';
import { lineTest, type Reached, Reaching, type SourcePlace } from './reaching.ts';
import { MASK } from './shown-value.ts';

/** What is known of a line: what is reported there, and what becomes of it. */
export interface LineStory {
  place: SourcePlace;
  /** Neither it nor its value is to be shown. */
  holdsCredential: boolean;
  reported: readonly Diagnostic[];
  /** Findings elsewhere that name the line, with what they say of it. */
  related: readonly { diagnostic: Diagnostic; message: string }[];
  suppressed: readonly Suppressed[];
  /** The targets that read the file. */
  readers: readonly TargetRef[];
  /** The environments that have it among their `existing`. */
  factsOf: readonly string[];
  /** It is the k8s-lint.yaml that counts here. */
  isConfig: boolean;
  reached: readonly Reached[];
  /** What is to be said of it in some targets. */
  notes: readonly { text: string; targets: readonly TargetRef[] }[];
  /** Why some of it is not known. */
  failures: readonly string[];
  /** Where the line is shown from. */
  sources: SourceFiles;
}

/** More targets of Helm than these are not rendered again for one line. */
const MOST_CHARTS = 12;

/**
 * What is reported at a place and what becomes of it: every environment that reads the file is rendered and judged. Throws UsageError
 * for a place that isn't there, ConfigError; rejects when aborted.
 */
export async function explainLine(place: string, options: LintOptions): Promise<LineStory> {
  const { cwd } = options;
  const sources = new SourceFiles(cwd);
  const at = parsePlace(place, cwd, sources);
  const file = resolve(cwd, at.file);
  const real = realpathSync(file);
  const config = configFileOf({ ...options, paths: [file] });
  const all = await select({ ...options, ...whereToLook(file, config, cwd) }, sources, ruleIds);
  const isConfig = config !== undefined && realpathSync(config) === real;
  const reading = await readersOf(all.environments, real, sources);
  const environments = reading
    .filter(({ targets, isFact }) => isConfig || isFact || targets.length > 0)
    .map(({ environment }) => environment);
  const selection: Selection = { environments, config: all.config, unchecked: [], partial: true };
  const side =
    environments.length === 0
      ? undefined
      : await judgeSide(options, { chosen: { selection, sources }, everything: true });
  const report = side && reportOf([side.part]);
  const isHere = lineTest(at, new Set([at.file, shownPath(real, cwd)]), sources);
  const isAt = (location: Location, text?: unknown) => isHere(location, text) !== undefined;
  const story = new Reaching(at, isHere);
  const readers = reading.flatMap(({ environment, targets }) => targets.map((target) => ({ environment, target })));
  for (const [i, environment] of environments.entries()) {
    const cluster = side?.clusters.get(environment.name);
    const own = readers.filter((reader) => reader.environment === environment && reader.target.type !== 'helm');
    if (cluster) await story.addCluster(cluster, own.map(refOf), options.signal);
    for (const { target } of side?.judgements[i]?.targets.filter(({ whole }) => !whole) ?? []) {
      if (own.some((reader) => reader.target === target)) {
        story.note('it does not render whole', { environment: environment.name, target: target.name });
      }
    }
  }
  await addCharts(story, readers, file, isAt, options, sources);
  const reported = report?.diagnostics.filter(({ location }) => isAt(location)) ?? [];
  const suppressed = report?.suppressed.filter(({ diagnostic }) => isAt(diagnostic.location)) ?? [];
  const holdsCredential = [...reported, ...suppressed.map(({ diagnostic }) => diagnostic)].some(
    ({ rule }) => rule === 'plaintext-credential',
  );
  const reached = story.values();
  return {
    place: at,
    holdsCredential,
    reported,
    related: (report?.diagnostics ?? []).flatMap((diagnostic) => {
      const other = diagnostic.related.find(({ location }) => isAt(location));
      return other && !isAt(diagnostic.location) ? [{ diagnostic, message: other.message }] : [];
    }),
    suppressed,
    readers: readers.map(refOf),
    factsOf: reading.filter(({ isFact }) => isFact).map(({ environment }) => environment.name),
    isConfig,
    reached: holdsCredential ? reached.map((item) => ({ ...item, value: MASK })) : reached,
    notes: story.notes(),
    failures: report?.failures ?? [],
    sources,
  };
}

/** Numbers stand at the end: before them, a colon is part of the name, as that of a drive. Throws UsageError. */
export function parsePlace(text: string, cwd: string, sources: SourceFiles): SourcePlace {
  const [, named, first, second] = /^(.+?):(\d+)(?::(\d+))?$/.exec(text) ?? [];
  if (named === undefined) throw new UsageError(`--at ${text}: write it as FILE:LINE, such as base/deployment.yaml:12`);
  // A file may be called `notes:3`.
  const isLonger =
    second !== undefined && !existsSync(resolve(cwd, named)) && existsSync(resolve(cwd, `${named}:${first}`));
  const file = shownPath(resolve(cwd, isLonger ? `${named}:${first}` : named), cwd);
  const line = Number(isLonger ? second : first);
  let lines: readonly string[];
  try {
    lines = sources.lines(file);
  } catch (error) {
    if (error instanceof SourceError) throw new UsageError(`--at ${text}: ${error.message}`);
    throw error;
  }
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  if (line < 1 || line > count) {
    throw new UsageError(`--at ${text}: ${file} has ${count === 1 ? 'one line' : `the lines 1 to ${count}`}`);
  }
  return { file, line, ...(second !== undefined && !isLonger ? { column: Number(second) } : {}) };
}

/** Without a configuration, whatever renders in the repository may read the file. */
function whereToLook(file: string, config: string | undefined, cwd: string): Pick<LintOptions, 'config' | 'paths'> {
  if (config !== undefined) return { config, paths: [] };
  const root = [cwd, dirname(file)].map(repositoryRoot).find((directory) => existsSync(join(directory, '.git')));
  return { paths: [root !== undefined && isBelow(file, root) ? root : isBelow(file, cwd) ? cwd : dirname(file)] };
}

interface Reader {
  environment: Environment;
  target: Target;
}

function refOf({ environment, target }: Reader): TargetRef {
  return { environment: environment.name, target: target.name };
}

async function readersOf(
  environments: readonly Environment[],
  real: string,
  sources: SourceFiles,
): Promise<{ environment: Environment; targets: Target[]; isFact: boolean }[]> {
  const isFile = (file: string) => file === real || (existsSync(file) && realpathSync(file) === real);
  return Promise.all(
    environments.map(async (environment) => {
      const read = await Promise.all(
        environment.targets.map(async (target) => ({ target, files: await filesOfTarget(target, sources) })),
      );
      const targets = read.filter(({ files }) => files.some(isFile)).map(({ target }) => target);
      return { environment, targets, isFact: environment.existing.some(isFile) };
    }),
  );
}

async function addCharts(
  story: Reaching,
  readers: readonly Reader[],
  file: string,
  isAt: (location: Location, text?: unknown) => boolean,
  options: LintOptions,
  sources: SourceFiles,
): Promise<void> {
  const context = contextOf(options, sources, repositoryRoot(options.cwd));
  const charts = new Map<string, { target: HelmTarget; environment: Environment; refs: TargetRef[] }>();
  for (const { target, environment } of readers) {
    if (target.type !== 'helm') continue;
    const key = JSON.stringify([target, context(environment).kubernetesVersion]);
    const chart = charts.get(key) ?? { target, environment, refs: [] };
    chart.refs.push(refOf({ environment, target }));
    charts.set(key, chart);
  }
  const limit = pLimit(options.concurrency ?? 2);
  const all = [...charts.values()];
  const found = await Promise.all(
    all
      .slice(0, MOST_CHARTS)
      .map(({ target, environment, refs }) =>
        limit(async () => ({ refs, line: await helmLine(target, context(environment), file, isAt) })),
      ),
  );
  for (const { refs, line } of found) {
    for (const { object, name, path, how } of line.reached) {
      story.add({ object, path, how }, name, refs);
    }
    for (const text of line.notes) for (const ref of refs) story.note(text, ref);
  }
  for (const { refs } of all.slice(MOST_CHARTS))
    for (const ref of refs) story.note('not looked at: too many charts read it', ref);
}
