import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { relativePath } from '../below.ts';
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
  /** Targets that nothing renders any more, though their files are there. */
  readonly #left = new Set<string>();

  /** `renames`: old path → new path, from the root of the repository. Names that are the same mean the same. */
  constructor(before: SideEnvironments, now: SideEnvironments, renames: ReadonlyMap<string, string>) {
    const names = new Set(before.environments.map(({ name }) => name));
    const today = new Map(now.environments.map((environment) => [environment.name, environment]));
    const free = now.environments.filter(({ name }) => !names.has(name));
    const moved = (target: Target) => placesOf(target).map((place) => renamed(relativeTo(before.root, place), renames));
    const places = (targets: readonly Target[]) =>
      new Set(targets.flatMap(placesOf).map((place) => relativeTo(now.root, place)));
    const heirs = pair(
      before.environments.filter(({ name }) => !today.has(name)).map((old) => [old, old.targets.flatMap(moved)]),
      free.map((environment) => [environment, places(environment.targets)]),
    );
    for (const old of before.environments) {
      const environment = today.get(old.name) ?? heirs.get(old);
      if (environment) this.#environments.set(old.name, environment);
      const targets = new Map(environment?.targets.map((target) => [target.name, target]));
      const known = new Set(old.targets.map(({ name }) => name));
      const others = [...targets.values()].filter(({ name }) => !known.has(name));
      const gone = old.targets.filter(({ name }) => !targets.has(name));
      const heirsHere = pair(
        gone.map((target) => [target, moved(target)]),
        others.map((other) => [other, places([other])]),
      );
      for (const target of old.targets) {
        const heir = targets.get(target.name) ?? heirsHere.get(target);
        if (heir) this.#targets.set(id(old.name, target.name), heir.name);
        else if (stands(target, moved(target), now.root)) this.#left.add(id(old.name, target.name));
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

  /** Whether a target of the other side is judged no more, though what it was made of is still there. */
  isLeft(environment: string, target: string): boolean {
    return this.#left.has(id(environment, target));
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
  return relativePath(root, path);
}

function renamed(path: string, renames: ReadonlyMap<string, string>): string {
  return renames.get(path) ?? path;
}

/** Whether what makes a target is still there; `places` are those of `placesOf`, by their names today. */
function stands(target: Target, places: readonly string[], root: string): boolean {
  const own = target.type === 'helm' ? places.slice(0, 1) : places;
  return own.some((place) => existsSync(join(root, place)));
}

/** Gives each one of the other side at most one of today, those first that have the most places in common. */
function pair<Old, New>(
  before: readonly (readonly [Old, readonly string[]])[],
  now: readonly (readonly [New, ReadonlySet<string>])[],
): Map<Old, New> {
  const candidates = before.flatMap(([old, places]) =>
    now.map(([today, own]) => ({ old, today, count: places.filter((place) => own.has(place)).length })),
  );
  const pairs = new Map<Old, New>();
  const taken = new Set<New>();
  for (const { old, today } of candidates.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count)) {
    if (pairs.has(old) || taken.has(today)) continue;
    pairs.set(old, today);
    taken.add(today);
  }
  return pairs;
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
