import type { RenderCache } from '../cache/render-cache.ts';
import type { SourceFinding } from '../cluster/cluster.ts';
import { valueAt } from '../cluster/workloads.ts';
import type { RelatedLocation } from '../diagnostic.ts';
import type { RepositoryTexts } from '../repository-texts.ts';
import type { At, Location, Path } from '../resource.ts';
import type { SourceFiles } from '../source.ts';
import type { Tools } from './tools.ts';

interface TargetBase {
  /** How it is shown: the path of what renders, relative to the working directory (helm: with the release where configured). */
  name: string;
  /** The namespace of objects that name none. */
  namespace?: string;
  /** Where k8s-lint.yaml names it; absent for targets that were discovered. */
  location?: Location;
}

export interface KustomizeTarget extends TargetBase {
  type: 'kustomize';
  /** Absolute path of the directory that holds the kustomization. */
  directory: string;
  enableHelm?: boolean;
  loadRestrictor?: 'LoadRestrictionsNone' | 'LoadRestrictionsRootOnly';
}

export interface HelmTarget extends TargetBase {
  type: 'helm';
  /** Absolute path of the chart's directory or .tgz. */
  chart: string;
  release: string;
  /** Absolute paths, in the order of precedence, the last wins. */
  values: string[];
  /** Passed as the last values file. */
  set?: Record<string, unknown>;
  /** Where k8s-lint.yaml sets each of `set`: `setLocation.path` is the path of `set` in that file. */
  setLocation?: { file: string; path: Path };
  apiVersions?: string[];
}

export interface ManifestsTarget extends TargetBase {
  type: 'manifests';
  /** Absolute paths, sorted. `-` stands for the stream that was read from standard input. */
  files: string[];
}

export type Target = KustomizeTarget | HelmTarget | ManifestsTarget;

/** Whether a path of a rendered value is that of a Secret's encoded value, in a List too: its text isn't what it stands for. */
export function isEncoded(value: unknown, path: Path): boolean {
  return path.at(-2) === 'data' && valueAt(value, [...path.slice(0, -2), 'kind']) === 'Secret';
}

/** One object as it came out of a target, before Lists are flattened. */
export interface RenderedObject {
  value: unknown;
  /** The file it came from, with the line of its document where that is known. */
  source: Location;
  /**
   * Where `path` (of `value`) is written, or the character at `offset` of its string, as `Resource.locate` has it. Only the file
   * where the line isn't certain. May read files or render again.
   */
  locate(path: Path, at?: At, offset?: number): Promise<Location>;
  /**
   * What else a person should know of how the value at `path` came about, beside where `locate` finds it: what was overridden,
   * which entry brought the patch, which values it depends on. Never throws, never tells a value.
   */
  way?(path: Path, at?: At): Promise<readonly RelatedLocation[]>;
  /** The name without the hash of kustomize's generators, where it has one. */
  displayName?: string;
  /** The name as the source writes it, before prefixes, suffixes and hashes; what fingerprints use. */
  sourceName?(): Promise<string>;
  /** A chart that the repository doesn't hold: `.tgz`, `charts/`, git-ignored. */
  thirdParty?: boolean;
}

export interface Rendered {
  objects: RenderedObject[];
  /** Why it didn't render, or what is wrong with its sources; then `objects` holds what can be judged all the same. */
  findings: SourceFinding[];
  /** What of it was not checked: `what` names it, `reason` says what would let it be. */
  unchecked: { what: string; reason: string }[];
  /** Files that should hold objects, as locations show them, and hold nothing at all. */
  emptyFiles?: string[];
  /** `1.35`: the version that the renderer assumed where the user named none. */
  kubernetesVersion?: string;
}

/** What rendering needs of its surroundings. */
export interface RenderContext {
  /** Absolute working directory; locations are relative to it. */
  cwd: string;
  /** Absolute path of the repository (the git root, else the working directory). */
  root: string;
  sources: SourceFiles;
  tools: Tools;
  /** Milliseconds for one run of a tool. */
  timeout: number;
  /** `1.34`, where the user sets it. */
  kubernetesVersion?: string;
  /** What else stands in the repository; absent where there is none to search (standard input). */
  texts?: RepositoryTexts;
  /** Absolute paths of the files that k8s-lint.yaml names: facts, plain manifests, values. */
  named?: ReadonlySet<string>;
  /** The charts of all helm targets, absolute, that get a values file, by its absolute path. */
  chartsOf?(values: string): ReadonlySet<string>;
  /** Knows what tools printed before. */
  cache?: RenderCache;
  signal?: AbortSignal;
}
