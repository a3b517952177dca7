import { dirname, join, relative, sep } from 'node:path';
import type { Environment } from '../config/config.ts';
import { isArchive } from '../render/helm/chart.ts';
import { KUSTOMIZATION_FILES } from '../render/kustomize/kustomization.ts';
import type { Target } from '../render/target.ts';

/** One side: its environments, and where its repository is. */
export interface SideEnvironments {
  environments: readonly Environment[];
  /** Absolute. */
  root: string;
}

/** What environments and targets of the other side are called today. */
export class Today {
  readonly #environments = new Map<string, Environment>();
  /** By environment and target of the other side. */
  readonly #targets = new Map<string, string>();

  /** `renames`: old path → new path, from the root of the repository. Names that are the same mean the same. */
  constructor(before: SideEnvironments, now: SideEnvironments, renames: ReadonlyMap<string, string>) {
    const names = new Set(before.environments.map(({ name }) => name));
    const today = new Map(now.environments.map((environment) => [environment.name, environment]));
    const free = now.environments.filter(({ name }) => !names.has(name));
    const moved = (target: Target) => placesOf(target).map((place) => renamed(relativeTo(before.root, place), renames));
    for (const old of before.environments) {
      const places = new Set(old.targets.flatMap(moved));
      const environment = today.get(old.name) ?? best(free, ({ targets }) => shared(targets, places, now.root));
      if (!environment) continue;
      this.#environments.set(old.name, environment);
      const known = new Set(old.targets.map(({ name }) => name));
      const others = environment.targets.filter(({ name }) => !known.has(name));
      for (const target of old.targets) {
        const own = new Set(moved(target));
        const same = environment.targets.find(({ name }) => name === target.name);
        const heir = same ?? best(others, (other) => shared([other], own, now.root));
        if (heir) this.#targets.set(id(old.name, target.name), heir.name);
      }
    }
  }

  /** What an environment of the other side is today; undefined where it is gone. */
  environment(name: string): Environment | undefined {
    return this.#environments.get(name);
  }

  /** What an environment of the other side is called, today or then. */
  nameOf(name: string): string {
    return this.#environments.get(name)?.name ?? name;
  }

  /** What a target of the other side is called today; undefined where it is gone. */
  target(environment: string, target: string): string | undefined {
    return this.#targets.get(id(environment, target));
  }
}

function id(environment: string, target: string): string {
  return JSON.stringify([environment, target]);
}

/** Files that stand for a target: the one that makes it what it is, or all of them. */
function placesOf(target: Target): string[] {
  switch (target.type) {
    case 'kustomize':
      return KUSTOMIZATION_FILES.map((name) => join(target.directory, name));
    case 'helm':
      return [isArchive(target.chart) ? target.chart : join(target.chart, 'Chart.yaml'), ...target.values];
    case 'manifests':
      return target.files;
  }
}

function relativeTo(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

function renamed(path: string, renames: ReadonlyMap<string, string>): string {
  return renames.get(path) ?? path;
}

function shared(targets: readonly Target[], places: ReadonlySet<string>, root: string): number {
  return targets.flatMap(placesOf).filter((place) => places.has(relativeTo(root, place))).length;
}

/** The candidate with the highest count, the first of several; undefined where none has any. */
function best<T>(candidates: readonly T[], count: (candidate: T) => number): T | undefined {
  let found: T | undefined;
  let highest = 0;
  for (const candidate of candidates) {
    const own = count(candidate);
    if (own <= highest) continue;
    found = candidate;
    highest = own;
  }
  return found;
}

/** Directories with another name today: new → old, as far as the renames of their files tell. From the root of the repository. */
export function oldDirectories(renames: ReadonlyMap<string, string>): Map<string, string> {
  const directories = new Map<string, string>();
  for (const [old, today] of renames) {
    let [from, to] = [dirname(old), dirname(today)];
    if (old.slice(from.length) !== today.slice(to.length)) continue;
    while (from !== to && from !== '.' && to !== '.' && !directories.has(to)) {
      directories.set(to, from);
      const [above, aboveToday] = [dirname(from), dirname(to)];
      if (from.slice(above.length) !== to.slice(aboveToday.length)) break;
      [from, to] = [above, aboveToday];
    }
  }
  return directories;
}
