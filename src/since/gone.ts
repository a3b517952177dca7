import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Environment } from '../config/config.ts';
import { isArchive } from '../render/helm/chart.ts';
import { kustomizationFile } from '../render/kustomize/kustomization.ts';
import { shownPath } from '../render/manifests.ts';
import type { Target } from '../render/target.ts';
import type { Location, Resource } from '../resource.ts';
import type { Selection } from '../selection.ts';
import type { OtherSide } from './other-side.ts';
import type { Today } from './same.ts';

/** Today's selection with the environments of the other side that are gone: without targets, so that what they held is missed. */
export function withGone(selection: Selection, there: readonly Environment[], today: Today): Selection {
  const gone = there
    .filter(({ name }) => today.environment(name) === undefined)
    .map(({ name, configured }): Environment => ({ name, targets: [], existing: [], configured }));
  return { ...selection, environments: [...selection.environments, ...gone] };
}

/**
 * Where in today's files to tell of an object that is gone: the file that held it, what made the target that rendered it, or
 * k8s-lint.yaml; where none of them is there any more, the file of the other side.
 */
export async function placeOfGone(
  gone: Resource,
  environment: Environment,
  { config }: Selection,
  today: Today,
  { root, cwd: cwdThere, renames }: OtherSide,
  { root: rootToday, cwd }: { root: string; cwd: string },
): Promise<Location> {
  const before = await gone.locate([]);
  const path = relative(root, resolve(cwdThere, before.file)).split(sep).join('/');
  const own = join(rootToday, renames.get(path) ?? path);
  if (existsSync(own)) return { file: shownPath(own, cwd) };
  for (const ref of gone.targets) {
    const name = today.target(ref.environment, ref.target);
    const target = environment.targets.find((candidate) => candidate.name === name);
    const home = target && homeOf(target);
    if (home !== undefined) return { file: shownPath(home, cwd) };
  }
  return config ? { file: shownPath(config.file, cwd) } : before;
}

/** The file that makes a target what it is. */
function homeOf(target: Target): string | undefined {
  switch (target.type) {
    case 'kustomize':
      return kustomizationFile(target.directory);
    case 'helm':
      return isArchive(target.chart) ? target.chart : join(target.chart, 'Chart.yaml');
    case 'manifests':
      return undefined;
  }
}
