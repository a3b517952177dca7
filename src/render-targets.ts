import { availableParallelism } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import pLimit from 'p-limit';
import type { SourceFinding } from './cluster/cluster.ts';
import { discover } from './discover.ts';
import { contextOf, type LintOptions, ruleIds } from './lint.ts';
import { STDIN } from './render/manifests.ts';
import { render } from './render/render.ts';
import type { Rendered, RenderedObject, Target } from './render/target.ts';
import { repositoryRoot } from './repository.ts';
import type { TargetRef } from './resource.ts';
import { select } from './selection.ts';
import { SourceFiles } from './source.ts';
import { UsageError } from './usage-error.ts';

/** A target with what it rendered. */
export interface RenderedTarget {
  ref: TargetRef;
  objects: readonly RenderedObject[];
  findings: readonly SourceFinding[];
  unchecked: Rendered['unchecked'];
}

/** What the targets that the paths name render, for `k8s-lint render`. Throws as `lint` does. */
export async function renderTargets(options: LintOptions): Promise<RenderedTarget[]> {
  const sources = new SourceFiles(options.cwd);
  if (options.stdin !== undefined) sources.add(STDIN, options.stdin);
  const root = repositoryRoot(options.cwd);
  const { environments } = await select(options, sources, ruleIds);
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
