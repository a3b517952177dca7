import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isBelow, relativePath } from '../below.ts';
import type { Environment } from '../config/config.ts';
import { filesOfTarget } from '../config/select.ts';
import { compareText } from '../diagnose.ts';
import { isArchive } from '../render/helm/chart.ts';
import { KUSTOMIZATION_FILES, kustomizationFile } from '../render/kustomize/kustomization.ts';
import { shownPath } from '../render/manifests.ts';
import type { Target } from '../render/target.ts';
import type { Location, Resource } from '../resource.ts';
import type { Selection } from '../selection.ts';
import { SourceError, type SourceFiles } from '../source.ts';
import type { OtherSide } from './other-side.ts';
import type { Today } from './same.ts';

/** Today's selection with the environments of the other side that are gone: without targets, so that what they held is missed. */
export function withGone(selection: Selection, there: readonly Environment[], today: Today): Selection {
  const gone = there
    .filter(({ name }) => today.environment(name) === undefined)
    .map(({ name, configured }): Environment => ({ name, targets: [], existing: [], configured }));
  return { ...selection, environments: [...selection.environments, ...gone] };
}

/** Today's side, as far as places in it need it. */
interface Here {
  /** Absolute: the root of the repository. */
  root: string;
  /** Absolute: the working directory. */
  cwd: string;
  sources: SourceFiles;
}

/**
 * Where in today's files to tell of an object that is gone: what the change touched of the file that held it, the kustomizations
 * that listed it, what makes the target that rendered it, and k8s-lint.yaml, in this order; the first that is there where it touched none,
 * and the file of the other side where none is. Never a line of the object itself: no line of today holds it.
 */
export async function placeOfGone(
  gone: Resource,
  environment: Environment,
  { config }: Selection,
  today: Today,
  other: OtherSide,
  here: Here,
): Promise<Location> {
  const before = await gone.locate([]);
  const path = inRepository(resolve(other.cwd, before.file), other.root);
  const own = join(here.root, other.renames.get(path) ?? path);
  const names = new Set(gone.targets.map((ref) => today.target(ref.environment, ref.target)));
  const targets = environment.targets.filter(({ name }) => names.has(name));
  const read = (await Promise.all(targets.map((target) => filesOfTarget(target, here.sources)))).flat();
  const isListed = read.includes(own);
  const makers = targets.flatMap((target) => makersOf(target, read, gone.name, here.sources));
  // What is still listed is taken out on the way to the target, and not where it is listed.
  const way = isListed ? makers : [...above(own, read), ...makers];
  const all = [own, ...way, ...(config ? [config.file] : [])];
  const candidates = [...new Set(all)].filter((file) => existsSync(file));
  const place = candidates.find((file) => isChanged(file, other, here)) ?? candidates[0];
  if (place === undefined) return before;
  return entryIn(place, isListed, here) ?? { file: shownPath(place, here.cwd) };
}

function inRepository(file: string, root: string): string {
  return relativePath(root, file);
}

/** The kustomizations of the directories above a file, the nearest first, among the files that a target reads. */
function above(file: string, read: readonly string[]): string[] {
  return read
    .filter((other) => isKustomization(other) && isBelow(file, dirname(other)))
    .sort((a, b) => b.length - a.length || compareText(a, b));
}

function isKustomization(file: string): boolean {
  return KUSTOMIZATION_FILES.some((name) => name === basename(file));
}

/** What may have taken an object out of what a target renders, beside the file that held it. */
function makersOf(target: Target, read: readonly string[], name: string, sources: SourceFiles): string[] {
  switch (target.type) {
    case 'kustomize': {
      const home = kustomizationFile(target.directory);
      const patches = read.filter((file) => !isKustomization(file) && mentions(file, name, sources));
      return [...(home === undefined ? [] : [home]), ...read.filter(isKustomization), ...patches];
    }
    case 'helm':
      if (isArchive(target.chart)) return [...target.values.toReversed(), target.chart];
      return [...target.values.toReversed(), join(target.chart, 'values.yaml'), join(target.chart, 'Chart.yaml')];
    case 'manifests':
      return [];
  }
}

function mentions(file: string, name: string, sources: SourceFiles): boolean {
  try {
    return sources.text(file).includes(name);
  } catch (error) {
    if (error instanceof SourceError) return false;
    throw error;
  }
}

/** Whether the other side has another text of a file, or none. */
function isChanged(file: string, { root, renames }: OtherSide, here: Here): boolean {
  const path = inRepository(file, here.root);
  const old = [...renames].find(([, now]) => now === path)?.[0] ?? path;
  try {
    return !readFileSync(file).equals(readFileSync(join(root, old)));
  } catch {
    return true;
  }
}

/** Where a kustomization lists resources, or, where the file is still listed, patches; undefined where it doesn't. */
function entryIn(file: string, isListed: boolean, { sources }: Here): Location | undefined {
  if (!isKustomization(file)) return undefined;
  const keys = isListed ? ['patches', 'patchesStrategicMerge', 'components'] : ['resources', 'bases'];
  for (const key of keys) {
    const { location, exact } = sources.find(file, 0, [key], 'key');
    if (exact) return location;
  }
  return undefined;
}
