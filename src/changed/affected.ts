import { basename, dirname, join } from 'node:path';
import { isBelow } from '../below.ts';
import { CONFIG_FILE, type Environment } from '../config/config.ts';
import { isManifestName } from '../config/paths.ts';
import { stoodFor } from '../config/patterns.ts';
import { isArchive, isFile } from '../render/helm/chart.ts';
import { realPath } from '../render/kustomize/files.ts';
import { KUSTOMIZATION_FILES, readGraph } from '../render/kustomize/kustomization.ts';
import type { HelmTarget, KustomizeTarget, ManifestsTarget, Target } from '../render/target.ts';
import { repositoryRoot } from '../repository.ts';
import { sniff } from '../sniff.ts';
import type { SourceFiles } from '../source.ts';
import { chartIsTouched, readText } from './chart.ts';
import { type ChangedPath, ChangedPaths } from './paths.ts';
import { isHolderName, lackingDirectory } from './unlisted.ts';

export interface ChangedContext {
  /** Absolute. */
  cwd: string;
  sources: SourceFiles;
  /** Absolute path of the k8s-lint.yaml that was read, or of others that concern every environment. */
  settings: readonly string[];
  /** No configuration was asked for by name: a nearer k8s-lint.yaml that is gone was read before. */
  configSought: boolean;
  /** Absolute paths of what a changed kustomization listed before: what is found may be it. */
  formerlyListed?: readonly string[];
}

/**
 * The environments that changes of these absolute paths can affect, in their order: nothing need be at a path any more. Rendering
 * reads nothing else, so what is left out renders as it did before. Never throws.
 */
export function affected(
  environments: readonly Environment[],
  paths: readonly string[],
  context: ChangedContext,
): Environment[] {
  const changed = new ChangedPaths(paths);
  const root = realPath(repositoryRoot(context.cwd));
  const lacking = new Set(changed.all.flatMap((path) => lackingDirectory(path, root, context.sources) ?? []));
  if (context.settings.some((file) => changed.touch(file)) || changed.all.some((path) => wasConfig(path, context))) {
    return [...environments];
  }
  return environments.filter(
    ({ existing, patterns = [], targets, configured }) =>
      existing.some((file) => changed.touch(file)) ||
      changed.all.some((path) => isOpen(path) && patterns.some((pattern) => stoodFor(pattern, path))) ||
      targets.some(
        (target) =>
          targetIsTouched(target, configured, { changed, lacking }, context) ||
          (!configured && wasListed(target, changed, context)),
      ),
  );
}

function wasListed(target: Target, changed: ChangedPaths, { formerlyListed = [] }: ChangedContext): boolean {
  const listed = new Set(formerlyListed.map((path) => changed.real(path)));
  const own = target.type === 'kustomize' ? [target.directory] : target.type === 'manifests' ? target.files : [];
  return own.some((path) => listed.has(changed.real(path)));
}

/** Where what was there can't be looked at any more. */
function isOpen({ exists, isDirectory }: ChangedPath): boolean {
  return !exists || isDirectory;
}

/** A k8s-lint.yaml that is gone, and was the one to be read: at the working directory or above. */
function wasConfig({ path, exists }: ChangedPath, { cwd, configSought }: ChangedContext): boolean {
  return configSought && !exists && basename(path) === CONFIG_FILE && isBelow(cwd, dirname(path));
}

interface Changes {
  changed: ChangedPaths;
  /** Directories whose kustomizations may lack a manifest now. */
  lacking: ReadonlySet<string>;
}

function targetIsTouched(target: Target, configured: boolean, changes: Changes, { sources }: ChangedContext): boolean {
  const { changed } = changes;
  switch (target.type) {
    case 'kustomize':
      return kustomizationIsTouched(target, changes, sources);
    case 'helm':
      return helmIsTouched(target, configured, changed);
    case 'manifests':
      return target.files.some((file) => changed.touch(file)) || (!configured && siblingsAreTouched(target, changed));
  }
}

/**
 * Every file that the graph names, absent ones too; every name that kustomize looks for where it is sent to a directory; every
 * manifest beside a kustomization that is listed nowhere.
 */
function kustomizationIsTouched(target: KustomizeTarget, { changed, lacking }: Changes, sources: SourceFiles): boolean {
  const { files, yamlFiles, kustomizations, charts } = readGraph(target.directory, sources, target.loadRestrictor);
  const entries = kustomizations.flatMap((kustomization) => kustomization.entries);
  const directories = [
    target.directory,
    ...entries.filter(({ what }) => what === 'directory').map((entry) => entry.absolute),
  ];
  return (
    files.some((file) => changed.touch(file)) ||
    kustomizations.some(({ realDirectory }) => lacking.has(realDirectory)) ||
    directories.some((directory) => KUSTOMIZATION_FILES.some((name) => changed.touch(join(directory, name)))) ||
    entries.some(({ what, absolute }) => what === 'missing' && changed.below(absolute).length > 0) ||
    charts.some(({ places }) => places.some((place) => chartIsTouched(place, () => yamlFiles.map(readText), changed)))
  );
}

function helmIsTouched({ chart, values, set }: HelmTarget, configured: boolean, changed: ChangedPaths): boolean {
  if (values.some((file) => changed.touch(file))) return true;
  if (isArchive(chart)) return changed.touch(chart);
  if (chartIsTouched(chart, () => [...values.map(readText), JSON.stringify(set ?? {})], changed)) return true;
  // Without any values of ci, a chart that was found is rendered with its own alone.
  return (
    !configured &&
    values.length === 0 &&
    changed.below(join(chart, 'ci')).some(({ path }) => path.endsWith('-values.yaml'))
  );
}

/**
 * Plain manifests that were found: those of one directory are told apart by what they say, so each may affect all. What a
 * kustomization or a chart held that is gone is found among them.
 */
function siblingsAreTouched({ files }: ManifestsTarget, changed: ChangedPaths): boolean {
  const directories = new Set(files.map((file) => changed.real(dirname(file))));
  return changed.all.some((path) => {
    const directory = dirname(path.path);
    return isHolderName(basename(path.path))
      ? [...directories].some((own) => isBelow(own, directory))
      : directories.has(directory) && mayBeManifest(path);
  });
}

/** Whether a file is, was or could be a plain manifest, as far as what is left of it tells. */
function mayBeManifest({ path, exists }: ChangedPath): boolean {
  return isManifestName(basename(path)) && !(exists && isFile(path) && sniff(path).what === 'other');
}
