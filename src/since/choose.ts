import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { isBelow, relativePath } from '../below.ts';
import { type Config, ConfigError, findConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { discover } from '../discover.ts';
import type { LintOptions } from '../lint.ts';
import type { Selection } from '../selection.ts';
import { SourceFiles } from '../source.ts';
import { UsageError } from '../usage-error.ts';
import { copyInto, type OtherSide } from './other-side.ts';

/** What is to be judged at the other side, and its files; a text says why it can't be. */
export type Chosen = { selection: Selection; sources: SourceFiles } | string;

/**
 * All environments of the other side, by its own k8s-lint.yaml; where it has none and today has, by today's. `root` is today's
 * repository; `paths` narrow down what is discovered without a configuration. Throws UsageError.
 */
export async function chooseThere(
  options: LintOptions,
  today: Selection,
  root: string,
  other: OtherSide,
  ruleIds: () => Promise<string[]>,
): Promise<Chosen> {
  const sources = new SourceFiles(other.cwd);
  let config: Config | undefined;
  try {
    config = await configThere(options, today, root, other, sources, ruleIds);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `its k8s-lint.yaml is invalid: ${error.message}`;
  }
  if (config && config.environments.length > 0) {
    return { selection: { environments: config.environments, config, unchecked: [], partial: today.partial }, sources };
  }
  const paths = pathsThere(options, root, other);
  const found = await discover(paths, { cwd: other.cwd, sources, exclude: [] });
  return { selection: { ...found, config, partial: today.partial }, sources };
}

async function configThere(
  options: LintOptions,
  today: Selection,
  root: string,
  other: OtherSide,
  sources: SourceFiles,
  ruleIds: () => Promise<string[]>,
): Promise<Config | undefined> {
  const context = { cwd: other.cwd, sources, ruleIds };
  const own = today.config?.file;
  if (own !== undefined && !isBelow(own, root)) {
    throw new UsageError(`--since: ${own} is outside the repository: there is no other side of it`);
  }
  const names = own === undefined ? [] : formerNames(relative(root, own), other.renames);
  const same = names.map((name) => join(other.root, name)).find((file) => existsSync(file));
  const file = same ?? (options.config === undefined ? findConfig(other.cwd) : undefined);
  if (file !== undefined) return loadConfig(file, context);
  if (own === undefined) return undefined;
  const copied = join(other.root, relative(root, own));
  copyInto(other.root, own, copied);
  return loadConfig(copied, { ...context, lenient: true });
}

/** The arguments, as far as they were there, by their names then. */
function pathsThere({ cwd, paths = [] }: LintOptions, root: string, other: OtherSide): string[] {
  if (paths.length === 0) return [other.cwd];
  return paths.flatMap((path) => {
    const inside = relativePath(root, resolve(cwd, path));
    return formerNames(inside, other.renames)
      .map((name) => join(other.root, name))
      .filter((file) => existsSync(file));
  });
}

/** What a file or a directory was called: as today, or what is renamed to it or into it. From the root of the repository. */
function formerNames(path: string, renames: ReadonlyMap<string, string>): string[] {
  const names = new Set([path]);
  for (const [old, today] of renames) {
    const inside = today.slice(path.length);
    if (today === path) names.add(old);
    else if (today.startsWith(`${path}/`) && old.endsWith(inside)) names.add(old.slice(0, -inside.length));
  }
  return [...names];
}
