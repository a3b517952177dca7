import { statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { type Config, type Environment, findConfig } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { selectEnvironments } from './config/select.ts';
import { discover } from './discover.ts';
import type { LintOptions } from './lint.ts';
import { STDIN, shownPath } from './render/manifests.ts';
import type { Target } from './render/target.ts';
import type { UncheckedItem } from './report/report.ts';
import type { SourceFiles } from './source.ts';
import { UsageError } from './usage-error.ts';

/** What is to be judged. */
export interface Selection {
  environments: readonly Environment[];
  config: Config | undefined;
  unchecked: UncheckedItem[];
  /** Some of what the configuration names was left out: an ignore that matches nothing may belong to the rest. */
  partial: boolean;
  /** Absolute paths: with `--changed`, all that was looked at. */
  changed?: readonly string[];
}

/**
 * Which environments the arguments ask for: configured ones, or what stands under the paths. Throws UsageError and ConfigError;
 * `ruleIds` are those that k8s-lint.yaml may name.
 */
export async function select(
  options: LintOptions,
  sources: SourceFiles,
  ruleIds: () => Promise<string[]>,
): Promise<Selection> {
  if (options.changed === undefined) return selectNamed(options, sources, ruleIds);
  const { onlyAffected } = await import('./changed/select.ts');
  // Loading the rules takes longer than all the rest of a commit that affects nothing.
  const all = await selectNamed(options, sources);
  const selection = await onlyAffected(all, options.changed, options, sources);
  const { environments, config } = selection;
  if (environments.length > 0 && config) await loadConfig(config.file, { cwd: options.cwd, sources, ruleIds });
  return selection;
}

async function selectNamed(
  options: LintOptions,
  sources: SourceFiles,
  ruleIds?: () => Promise<string[]>,
): Promise<Selection> {
  const { cwd } = options;
  const paths = pathsOf(options);
  const file = configFileOf(options);
  const config = file === undefined ? undefined : await loadConfig(file, { cwd, sources, ...(ruleIds && { ruleIds }) });
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

/** Absolute path of the k8s-lint.yaml that counts for the arguments, undefined where there is none. */
export function configFileOf(options: Pick<LintOptions, 'cwd' | 'paths' | 'config'>): string | undefined {
  const { cwd, config } = options;
  return config === undefined ? findConfig(startOf(pathsOf(options), cwd)) : resolve(cwd, config);
}

function pathsOf({ cwd, paths = [] }: Pick<LintOptions, 'cwd' | 'paths'>): string[] {
  return paths.map((path) => (path === '-' ? STDIN : resolve(cwd, path)));
}

/** Why nothing is selected: nothing to lint at all is a failure; paths that no configured environment reads are a commit that touches none. */
export function whyNothing(
  options: LintOptions,
  { config, changed, unchecked }: Selection,
): { message: string; failure: boolean } {
  const paths = options.paths ?? [];
  if (changed) {
    const names = changed.map((path) => shownPath(path, options.cwd));
    const what = names.length === 0 ? 'nothing is changed' : `no environment reads ${shortList(names)}`;
    const doubts = unchecked.map((item) => `; not checked: ${item.what}: ${item.reason}`);
    return { message: `nothing selected: ${what}${doubts.join('')}`, failure: false };
  }
  if (config && config.environments.length > 0) {
    return { message: `nothing selected: no environment of k8s-lint.yaml reads ${paths.join(', ')}`, failure: false };
  }
  const where = paths.length > 0 ? paths.join(', ') : options.cwd;
  return { message: `nothing to lint: no kustomization, chart or manifest in ${where}`, failure: true };
}

function shortList(names: readonly string[]): string {
  const [a, b, c] = names;
  return names.length <= 3 ? names.join(', ') : `${a}, ${b}, ${c} and ${names.length - 3} more`;
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
