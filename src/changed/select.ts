import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { changedByCommit } from '../git/commit.ts';
import type { LintOptions } from '../lint.ts';
import type { UncheckedItem } from '../report/report.ts';
import type { Selection } from '../selection.ts';
import type { SourceFiles } from '../source.ts';
import { affected } from './affected.ts';
import { formerlyListed } from './formerly.ts';
import { ChangedPaths } from './paths.ts';

/**
 * What of a selection the named files can affect, and those that the commit in the making deletes: pre-commit passes none of
 * them. Without names, outside of pre-commit, it is all that the commit changes.
 */
export async function onlyAffected(
  selection: Selection,
  named: readonly string[],
  options: LintOptions,
  sources: SourceFiles,
): Promise<Selection> {
  const { cwd, signal } = options;
  const all = named.length === 0 && !process.env.PRE_COMMIT;
  const commit = await changedByCommit(all, { cwd, signal });
  const paths = [...new Set([...named.map((path) => absolute(path, cwd)), ...commit.paths])];
  const isFound = selection.environments.some(({ configured }) => !configured);
  const environments = affected(selection.environments, paths, {
    cwd,
    sources,
    settings: settingsOf(selection.config, options),
    configSought: options.config === undefined,
    formerlyListed: isFound ? await formerlyListed(paths, cwd, signal) : [],
  });
  const changed = new ChangedPaths(paths);
  const concerned = selection.unchecked.filter(({ target }) => changed.below(resolve(cwd, target)).length > 0);
  return {
    ...selection,
    environments,
    unchecked: [...concerned, ...unread(commit.failure)],
    partial: selection.partial || environments.length < selection.environments.length,
    changed: paths,
  };
}

/** A name that ends with `/` is a directory, there or not. */
function absolute(path: string, cwd: string): string {
  return `${resolve(cwd, path)}${/[/\\]$/.test(path) ? '/' : ''}`;
}

/** What concerns every environment, whichever reads it. */
function settingsOf(config: Config | undefined, { cwd, baseline }: LintOptions): string[] {
  return [...(config ? [config.file] : []), ...(baseline === undefined ? [] : [resolve(cwd, baseline)])];
}

function unread(failure: string | undefined): UncheckedItem[] {
  if (failure === undefined) return [];
  return [{ what: 'what the commit deletes', reason: failure, target: '--changed' }];
}
