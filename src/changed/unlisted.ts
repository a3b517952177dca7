import { basename, dirname } from 'node:path';
import { isBelow } from '../below.ts';
import { isKustomizationName } from '../config/paths.ts';
import { filesBelow, isChart } from '../render/helm/chart.ts';
import { kustomizationFile } from '../render/kustomize/kustomization.ts';
import { mayBeOrphan } from '../render/kustomize/passed-over/orphans.ts';
import type { SourceFiles } from '../source.ts';
import type { ChangedPath } from './paths.ts';

/**
 * The directory of the kustomization that is told of a manifest that no kustomization lists: a changed one, or those that a
 * kustomization or a chart that is gone held. Undefined for every other path, and where no kustomization is at or above it.
 * Absolute, without links; `root` is the repository.
 */
export function lackingDirectory(changed: ChangedPath, root: string, sources: SourceFiles): string | undefined {
  const { path, exists, isDirectory } = changed;
  const directory = isDirectory ? undefined : holderAbove(path, root);
  if (directory === undefined) return undefined;
  const left = exists ? [path] : isHolderName(basename(path)) ? filesBelow(dirname(path)) : [];
  return left.some((file) => mayBeOrphan(file, { root, sources })) ? directory : undefined;
}

/** The directory of the kustomization that a path belongs to by its place. */
function holderAbove(path: string, root: string): string | undefined {
  for (let directory = dirname(path); isBelow(directory, root); directory = dirname(directory)) {
    if (isChart(directory)) return undefined;
    if (kustomizationFile(directory) !== undefined) return directory;
    if (dirname(directory) === directory) return undefined;
  }
  return undefined;
}

/** What makes a directory something of its own. */
export function isHolderName(name: string): boolean {
  return isKustomizationName(name) || name === 'Chart.yaml';
}
