/** A path inside a resource: keys and list indices. Never a dotted string, since annotation keys contain dots. */
export type Path = readonly (string | number)[];

/** A place in a file: 1-based line and column, absent where only the file is known. Files are relative to the working directory. */
export interface Location {
  file: string;
  line?: number;
  column?: number;
}

/** Which part of a path's place is meant: its value (a scalar's own start, else the key) or always its key. */
export type At = 'key' | 'value';

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** What every Kubernetes object has. Everything else comes from manifests and is unknown until a rule's types say otherwise. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** The name of a target and of the environment it lands in, as they are shown. */
export interface TargetRef {
  environment: string;
  target: string;
}

/** One object of an environment, rendered or existing, that can tell where it was written. */
export interface Resource<T = KubernetesObject> {
  readonly object: T;
  readonly apiVersion: string;
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly name: string;
  /** The name as a person wrote it: without the hash that kustomize's generators append. */
  readonly displayName: string;
  /** Undefined for cluster-scoped kinds, and where nothing sets it (then the namespace is whatever kubectl is told). */
  readonly namespace: string | undefined;
  readonly clusterScoped: boolean;
  /**
   * What stands for the namespace in comparisons: its name, `''` for cluster-scoped kinds, or a token of the target where
   * it is unset. Two unset namespaces are the same within one target only; see `compareScopes`.
   */
  readonly scope: string;
  /** Already in the cluster (a fact, not linted), instead of rendered. */
  readonly existing: boolean;
  /** Values of `helm.sh/hook`, empty without. Hooks take no part in duplicates, quota sums, rollouts and selections. */
  readonly hooks: readonly string[];
  /** The target that renders it; several where targets render the identical object. */
  readonly targets: readonly TargetRef[];
  /** What is applied as one: the target, or the file where plain manifests only lie side by side. See `Cluster.together`. */
  readonly unit: string;
  /** What it was rendered from, as far as that is known without looking: of a chart the template, of a kustomization itself. */
  readonly file: string;
  /** A chart that the repository doesn't hold (a .tgz, `charts/`, git-ignored): only errors are reported. */
  readonly thirdParty: boolean;
  /** `Deployment/name`, as messages name it. */
  toString(): string;
  /** The name as the source writes it, before prefixes, suffixes and hashes. */
  sourceName(): Promise<string>;
  /**
   * Where `path` is written: the file and line that a person edits. With `offset`, where that character of its string stands, if
   * that is certain; else as without. In a Secret's `data` it counts in what the string decodes to.
   */
  locate(path: Path, at?: At, offset?: number): Promise<Location>;
  /** The rest of the way from the source to the value at `path`: what it overrides, the patch's target, the values it depends on. */
  way(path: Path, at?: At): Promise<readonly { message: string; location: Location }[]>;
}

/** Marks a scope as that of an unset namespace. NUL can't stand in a namespace's name. */
const UNSET = '\0';

/** The scope of objects of one target that no one gave a namespace. */
export function unsetScope(target: string): string {
  return UNSET + target;
}

/** Whether a scope is that of an unset namespace. */
export function isUnsetScope(scope: string): boolean {
  return scope.startsWith(UNSET);
}

/**
 * Whether two scopes are one namespace: `unknown` where one of them is unset and they come from different targets, or
 * only one is unset.
 */
export function compareScopes(a: string, b: string): 'same' | 'different' | 'unknown' {
  if (a === b) return 'same';
  return isUnsetScope(a) || isUnsetScope(b) ? 'unknown' : 'different';
}

/** The API group of an apiVersion, `''` for core (`v1`). */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}
