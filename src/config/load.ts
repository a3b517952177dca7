import { realpath } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { asMap } from '../cluster/workloads.ts';
import { isArchive, readChart } from '../render/helm/chart.ts';
import { readKustomization } from '../render/kustomize/kustomization.ts';
import { shownPath } from '../render/manifests.ts';
import type { HelmTarget, KustomizeTarget, Target } from '../render/target.ts';
import { repositoryRoot } from '../repository.ts';
import type { Path } from '../resource.ts';
import type { Severity } from '../rule.ts';
import type { SourceFiles } from '../source.ts';
import { unknownRule } from '../unknown-rule.ts';
import { CONFIG_FILE, type Config, type Environment, type Ignore } from './config.ts';
import { YamlDraft } from './draft.ts';
import { expand, PathError, type Scope, type Wanted } from './paths.ts';
import type { Pattern } from './patterns.ts';
import { releaseOf } from './release.ts';
import { isTameGlob } from './tame-glob.ts';
import { validate } from './validate.ts';

type Data = Record<string, unknown>;

export interface LoadContext {
  /** Absolute. Locations are relative to it. */
  cwd: string;
  sources: SourceFiles;
  /** The ids of all rules; asked for only where the configuration names some. Absent, these are not checked. */
  ruleIds?(): Promise<readonly string[]>;
  /** It was written for other files than these: paths that lead nowhere are left out, as are environments without a target. */
  lenient?: boolean;
}

/** Reads k8s-lint.yaml, with its paths and globs resolved. Throws ConfigError, which holds all that is wrong with it. */
export async function loadConfig(
  file: string,
  { cwd, sources, ruleIds, lenient = false }: LoadContext,
): Promise<Config> {
  const draft = new Draft(shownPath(file, cwd), cwd, sources, await scopeOf(file, cwd), lenient);
  const data = withoutNulls(draft.read());
  for (const { path, message, at } of await validate(data, (path) => draft.written(path))) draft.add(path, message, at);
  const ids = data.rules === undefined && data.ignore === undefined ? [] : await ruleIds?.();
  const rules = rulesOf(data, ids, draft);
  const ignores = ignoresOf(data, ids, draft);
  const environments: Environment[] = [];
  for (const [name, value] of Object.entries(asMap(data.environments) ?? {})) {
    environments.push(await environmentOf(name, asMap(value) ?? {}, draft));
  }
  draft.finish();
  const kept = lenient ? environments.filter(({ targets }) => targets.length > 0) : environments;
  return { file, environments: kept, rules, ignores };
}

/** Without git, the tool may read below the working directory; a config given by path, below its own. */
async function scopeOf(file: string, cwd: string): Promise<Scope> {
  const directory = dirname(file);
  const root = repositoryRoot(directory);
  const isBelowCwd = root === directory && !shownPath(file, cwd).startsWith('../');
  return { directory, realRoot: await realpath(isBelowCwd ? cwd : root).catch(() => root) };
}

/** A k8s-lint.yaml while it is read, with what its paths stand for. */
class Draft extends YamlDraft {
  readonly cwd: string;
  readonly scope: Scope;
  readonly #lenient: boolean;

  constructor(file: string, cwd: string, sources: SourceFiles, scope: Scope, lenient: boolean) {
    super(file, CONFIG_FILE, sources);
    this.cwd = cwd;
    this.scope = scope;
    this.#lenient = lenient;
  }

  /** The absolute paths that a text at a path of the file stands for; none, and a mistake, where it can't. */
  async expand(path: Path, pattern: string, wanted: Wanted): Promise<{ paths: string[]; found: boolean }> {
    try {
      return await expand(pattern, wanted, this.scope);
    } catch (error) {
      if (!(error instanceof PathError)) throw error;
      if (!this.#lenient) this.add(path, error.message);
      return { paths: [], found: false };
    }
  }

  /** Of what a glob matches, what can be rendered by itself; a mistake where that is nothing. */
  leaveOut(at: Path, paths: readonly string[], isPart: (path: string) => boolean, parts: string): readonly string[] {
    const whole = paths.filter((path) => !isPart(path));
    if (paths.length > 0 && whole.length === 0)
      this.add(at, `matches nothing but ${parts}, which have to be part of something`);
    return whole;
  }
}

/**
 * null is absent wherever a key may be left out. An `off` without quotes is the boolean that YAML 1.1 takes it for; what stands
 * under `set` is Helm's, and stays as it is.
 */
function withoutNulls(value: unknown): Data {
  // Not a map: the schema says so.
  if (value !== undefined && !asMap(value)) return value as Data;
  const config = dropNulls(asMap(value) ?? {});
  if (asMap(config.rules)) {
    config.rules = mapValues(config.rules as Data, (level) => (level === false ? 'off' : level));
  }
  if (Array.isArray(config.ignore)) config.ignore = config.ignore.map((item) => (asMap(item) ? dropNulls(item) : item));
  if (asMap(config.environments)) {
    config.environments = mapValues(config.environments as Data, (environment) =>
      environment === null ? {} : asMap(environment) ? environmentWithoutNulls(environment as Data) : environment,
    );
  }
  return config;
}

function environmentWithoutNulls(environment: Data): Data {
  const result = dropNulls(environment);
  if (Array.isArray(result.targets)) {
    result.targets = result.targets.map((target) => {
      if (!asMap(target)) return target;
      const whole = dropNulls(target);
      return asMap(whole.helm) ? { ...whole, helm: dropNulls(whole.helm as Data) } : whole;
    });
  }
  return result;
}

function dropNulls(map: Data): Data {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));
}

function mapValues(map: Data, change: (value: unknown) => unknown): Data {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

function rulesOf(data: Data, ruleIds: readonly string[] | undefined, draft: Draft): Map<string, Severity | 'off'> {
  const levels = Object.entries(asMap(data.rules) ?? {});
  for (const [id] of levels) {
    if (ruleIds && !ruleIds.includes(id)) draft.add(['rules', id], unknownRule(id, ruleIds), 'key');
  }
  // What isn't a level has been found by the schema.
  return new Map(levels as [string, Severity | 'off'][]);
}

function ignoresOf(data: Data, ruleIds: readonly string[] | undefined, draft: Draft): Ignore[] {
  return (Array.isArray(data.ignore) ? data.ignore : []).flatMap((item: unknown, i) => {
    const path = ['ignore', i];
    const ignore = asMap(item) ?? {};
    if (typeof ignore.rule === 'string' && ruleIds && !ruleIds.includes(ignore.rule)) {
      draft.add([...path, 'rule'], unknownRule(ignore.rule, ruleIds));
    }
    for (const field of ['file', 'resource']) {
      const glob = ignore[field];
      if (typeof glob === 'string' && !isTameGlob(glob))
        draft.add([...path, field], `${field} has more wildcards in one name than can be matched quickly`);
    }
    if (draft.isBroken(path)) return [];
    const { until } = ignore as unknown as Ignore;
    if (until !== undefined && !isDate(until)) {
      draft.add([...path, 'until'], `until must be a date: there is no ${until}`);
    }
    return {
      ...(ignore as unknown as Ignore),
      location: draft.locate([...path, 'rule']),
      ...(until === undefined ? {} : { untilLocation: draft.locate([...path, 'until']) }),
    };
  });
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

async function environmentOf(name: string, data: Data, draft: Draft): Promise<Environment> {
  const path = ['environments', name];
  const written = draft.written(path, 'key');
  if ((name === 'true' || name === 'false') && written !== name) {
    draft.add(path, `quote the name "${written}": without quotes, YAML reads ${name}`, 'key');
  }
  const existing = new Set<string>();
  for (const [i, pattern] of textsIn(data.existing)) {
    for (const file of (await draft.expand([...path, 'existing', i], pattern, 'manifests')).paths) existing.add(file);
  }
  const targets: Target[] = [];
  for (const [i, item] of (Array.isArray(data.targets) ? data.targets : []).entries()) {
    const at = [...path, 'targets', i];
    if (!draft.isBroken(at)) targets.push(...(await targetsOf(item as Data, at, existing, draft)));
  }
  const { kubernetesVersion } = data;
  return {
    name,
    targets: withUniqueNames(targets),
    existing: [...existing].sort(),
    patterns: patternsOf(data, draft.scope),
    ...(typeof kubernetesVersion === 'string' ? { kubernetesVersion } : {}),
    configured: true,
  };
}

/** The paths and globs of an environment. What is no text has been found by the schema. */
function patternsOf({ existing, targets }: Data, { directory }: Scope): Pattern[] {
  const patterns = (value: unknown, wanted: Wanted): Pattern[] =>
    [value].flat().flatMap((text) => (typeof text === 'string' ? { text, wanted, directory } : []));
  return [
    ...patterns(existing, 'manifests'),
    ...[targets].flat().flatMap((item) => {
      const { kustomize, helm, manifests } = asMap(item) ?? {};
      const { chart, values } = asMap(helm) ?? {};
      return [
        ...patterns(kustomize, 'kustomization'),
        ...patterns(chart, 'chart'),
        ...patterns(values, 'values'),
        ...patterns(manifests, 'manifests'),
      ];
    }),
  ];
}

function textsIn(value: unknown): [number, string][] {
  return [...(Array.isArray(value) ? value : []).entries()].filter((entry) => typeof entry[1] === 'string');
}

/** The targets that one valid entry of `targets` stands for: a glob stands for several. */
async function targetsOf(data: Data, path: Path, existing: ReadonlySet<string>, draft: Draft): Promise<Target[]> {
  if (data.helm !== undefined) return helmTargets(data.helm as Data, [...path, 'helm'], draft);
  if (data.manifests !== undefined) return manifestsTarget(data, path, existing, draft);
  const at = [...path, 'kustomize'];
  const { paths, found } = await draft.expand(at, data.kustomize as string, 'kustomization');
  const isComponent = (directory: string) => readKustomization(directory, draft.sources)?.component === true;
  const directories = found ? draft.leaveOut(at, paths, isComponent, 'Components') : paths;
  const options = data as Pick<KustomizeTarget, 'enableHelm' | 'loadRestrictor' | 'namespace'>;
  return directories.map((directory) => ({
    type: 'kustomize',
    name: shownPath(directory, draft.cwd),
    directory,
    ...pick(options, 'enableHelm', 'loadRestrictor', 'namespace'),
    location: draft.locate(at),
  }));
}

async function helmTargets(data: Data, path: Path, draft: Draft): Promise<Target[]> {
  const options = data as Partial<Pick<HelmTarget, 'namespace' | 'release' | 'set' | 'apiVersions'>>;
  const at = [...path, 'chart'];
  const { paths, found } = await draft.expand(at, data.chart as string, 'chart');
  const isLibrary = (chart: string) => !isArchive(chart) && readChart(chart, draft.sources).library;
  const charts = found ? draft.leaveOut(at, paths, isLibrary, 'library charts') : paths;
  const values: string[] = [];
  for (const [i, pattern] of textsIn(data.values)) {
    values.push(...(await draft.expand([...path, 'values', i], pattern, 'values')).paths);
  }
  return charts.map((chart) => {
    const release = options.release ?? releaseOf(chart, draft.sources);
    return {
      type: 'helm',
      name: `${shownPath(chart, draft.cwd)} (release ${release})`,
      chart,
      release,
      namespace: options.namespace ?? 'default',
      values,
      ...pick(options, 'set', 'apiVersions'),
      ...(options.set === undefined ? {} : { setLocation: { file: draft.file, path: [...path, 'set'] } }),
      location: draft.locate(at),
    };
  });
}

async function manifestsTarget(data: Data, path: Path, existing: ReadonlySet<string>, draft: Draft): Promise<Target[]> {
  const files = new Set<string>();
  const patterns = textsIn(data.manifests);
  for (const [i, pattern] of patterns) {
    const at = [...path, 'manifests', i];
    const { paths, found } = await draft.expand(at, pattern, 'manifests');
    const rendered = paths.filter((file) => !existing.has(file));
    const [fact] = paths;
    if (fact !== undefined && rendered.length === 0) {
      draft.add(
        at,
        `${found ? 'all that it matches' : `"${pattern}"`} is existing in this environment: it can't be a target too`,
      );
    }
    for (const file of rendered) files.add(file);
  }
  if (files.size === 0) return [];
  const directory = shownPath(draft.scope.directory, draft.cwd);
  return [
    {
      type: 'manifests',
      name: nameOf(patterns.map(([, pattern]) => posix.join(directory, pattern))),
      files: [...files].sort(),
      ...pick(data as { namespace?: string }, 'namespace'),
      location: draft.locate([...path, 'manifests', 0]),
    },
  ];
}

/** A list of paths as one name, short enough to stand behind a finding. */
function nameOf(patterns: readonly string[]): string {
  return patterns.length <= 2 ? patterns.join(', ') : `${patterns[0]} and ${patterns.length - 1} more`;
}

/** Those of the keys that are there. */
function pick<T extends object, K extends keyof T>(value: T, ...keys: K[]): { [P in K]?: Exclude<T[P], undefined> } {
  const entries = keys.filter((key) => value[key] !== undefined).map((key) => [key, value[key]]);
  return Object.fromEntries(entries) as { [P in K]?: Exclude<T[P], undefined> };
}

/** A target that two globs match is one; others of one name, such as a release in two namespaces, get a number. */
function withUniqueNames(targets: readonly Target[]): Target[] {
  const unique: Target[] = [];
  const names = new Map<string, number>();
  for (const target of targets) {
    if (unique.some((other) => isDeepStrictEqual(content(other), content(target)))) continue;
    const count = (names.get(target.name) ?? 0) + 1;
    names.set(target.name, count);
    unique.push(count === 1 ? target : { ...target, name: `${target.name} (${count})` });
  }
  return unique;
}

/** All but how it is named, and where. */
function content({ name: _name, location: _location, ...rest }: Target): unknown {
  return rest;
}
