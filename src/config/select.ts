import { realpath, stat } from 'node:fs/promises';
import { isBelow } from '../below.ts';
import { filesOf as filesOfChart } from '../render/helm/chart.ts';
import { filesOf as filesOfKustomization } from '../render/kustomize/kustomization.ts';
import { shownPath } from '../render/manifests.ts';
import type { Target } from '../render/target.ts';
import type { SourceFiles } from '../source.ts';
import { UsageError } from '../usage-error.ts';
import { describeFailure } from '../walk.ts';
import type { Environment } from './config.ts';

export interface SelectContext {
  /** Absolute. */
  cwd: string;
  /** Absolute path of k8s-lint.yaml: what is changed there may concern every environment. */
  configFile: string;
  sources: SourceFiles;
}

/**
 * The environments with a target that reads one of the absolute paths, or a file below it, or has it among its `existing`
 * files; none where no environment has anything to do with them. Throws UsageError for a path that isn't there.
 */
export async function selectEnvironments(
  environments: readonly Environment[],
  paths: readonly string[],
  { cwd, configFile, sources }: SelectContext,
): Promise<Environment[]> {
  const wanted: Place[] = [];
  for (const path of paths) {
    try {
      wanted.push({ path: await realpath(path), isDirectory: (await stat(path)).isDirectory() });
    } catch (error) {
      throw new UsageError(`${shownPath(path, cwd)}: ${describeFailure(error)}`);
    }
  }
  const reads = async (file: string) => {
    const real = await realpath(file).catch(() => file);
    return wanted.some((place) => holds(place, real));
  };
  if (await reads(configFile)) return [...environments];
  const selected: Environment[] = [];
  for (const environment of environments) {
    const targets = await Promise.all(environment.targets.map((target) => filesOfTarget(target, sources)));
    if (await some([...environment.existing, ...targets.flat()], reads)) selected.push(environment);
  }
  return selected;
}

interface Place {
  /** Absolute, symbolic links resolved. */
  path: string;
  isDirectory: boolean;
}

function holds({ path, isDirectory }: Place, file: string): boolean {
  return file === path || (isDirectory && isBelow(file, path));
}

/** Absolute paths of every file that a target reads, as far as its sources tell without rendering. */
export async function filesOfTarget(target: Target, sources: SourceFiles): Promise<readonly string[]> {
  switch (target.type) {
    case 'kustomize':
      return filesOfKustomization(target, { sources });
    case 'helm':
      return filesOfChart(target);
    case 'manifests':
      return target.files;
  }
}

async function some(files: readonly string[], test: (file: string) => Promise<boolean>): Promise<boolean> {
  for (const file of files) if (await test(file)) return true;
  return false;
}
