import { compareScopes, isUnsetScope, type Location, type Resource, type TargetRef } from '../resource.ts';
import type { Related, Severity } from '../rule.ts';
import type { SchemaError } from '../schema/validate.ts';
import { type Workload, workloadOf } from './workloads.ts';

/** What reading and rendering the sources found out; the rule that it belongs to reports it. */
export interface SourceFinding {
  rule:
    | 'render-failed'
    | 'schema-invalid'
    | 'kustomize-file-missing'
    | 'kustomize-file-outside-root'
    | 'kustomize-patch-unmatched'
    | 'kustomize-image-unmatched'
    | 'kustomize-list-kept'
    | 'kustomize-orphan'
    | 'overlay-sibling-skipped'
    | 'helm-value-unknown';
  message: string;
  location: Location;
  severity?: Severity;
  related?: readonly Related[];
  /** A tool was too slow or was killed: that says nothing of the sources, and may be otherwise at the next run. */
  passing?: true;
}

/** One rendered target of the environment. A target that failed has findings and no resources. */
export interface ClusterTarget extends TargetRef {
  readonly type: 'kustomize' | 'helm' | 'manifests';
  readonly findings: readonly SourceFinding[];
  /** It failed or was left unchecked: what it would have rendered is unknown. */
  readonly incomplete: boolean;
}

export interface ClusterInput {
  environment: string;
  /** Written down in k8s-lint.yaml, so that what the environment holds is all that the team renders there. */
  configured: boolean;
  /** `1.34`, where the user sets it; undefined where the renderer's default was taken. */
  kubernetesVersion: string | undefined;
  targets: readonly ClusterTarget[];
  /** Rendered and existing; one for each identity but where targets define it differently. */
  resources: readonly Resource[];
  /** Objects that the schemas refuse; not among `resources` when their types are wrong. */
  schemaErrors: readonly { resource: Resource; error: SchemaError }[];
  /** Kinds of empty typed lists in `existing`, as `group/Kind`: there are none in the whole cluster. */
  emptyKinds: ReadonlySet<string>;
  /** Some file of facts couldn't be read: nobody knows of which kind they were. */
  factsMissing?: boolean;
  /** Whether some file of the repository, other than the manifests, names this token: something may substitute it. */
  substitutes(token: string): boolean;
  /** The same environment at the other side of `--since`; without it, nothing is compared. An environment that is gone has no targets. */
  before?: Cluster;
  /** All other environments of this side, those that were left out included if they were rendered: objects move between them. */
  others?(): readonly Cluster[];
  /** Some environments were left out by who asked: nobody knows what they render. */
  leftOut?: boolean;
  /** Where in today's files to tell of an object of `before` that is gone. */
  locateGone?(gone: Resource): Promise<Location>;
}

/** Kinds that a team always renders with what uses them, as `group/Kind`. */
const RENDERED_KINDS: ReadonlySet<string> = new Set([
  '/ConfigMap',
  '/ServiceAccount',
  '/PersistentVolumeClaim',
  '/Service',
  'rbac.authorization.k8s.io/Role',
  'traefik.io/Middleware',
  'traefik.io/MiddlewareTCP',
  'traefik.containo.us/Middleware',
  'traefik.containo.us/MiddlewareTCP',
  // What autoscalers scale
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'apps/ReplicaSet',
  '/ReplicationController',
  'argoproj.io/Rollout',
]);

function identityOf({ group, kind, scope, name }: Resource): string {
  return `${group}/${kind} ${scope} ${name}`;
}

/** How an object that nobody found is to be judged: it isn't there, it is probably forgotten, or nobody can know. */
export type Absence = 'absent' | 'undeclared' | 'unknown';

/** The index of one environment: what all its resources mean together. Rules ask it, and nothing else. */
export class Cluster {
  readonly environment: string;
  readonly configured: boolean;
  readonly kubernetesVersion: string | undefined;
  readonly targets: readonly ClusterTarget[];
  readonly resources: readonly Resource[];
  readonly schemaErrors: ClusterInput['schemaErrors'];
  readonly substitutes: ClusterInput['substitutes'];
  /** The same environment at the other side of `--since`: its resources are located in the files of that side. */
  readonly before: Cluster | undefined;
  /** Everything that the environment renders is here. Otherwise nothing can be said to be absent. */
  readonly complete: boolean;
  readonly #input: ClusterInput;
  readonly #emptyKinds: ReadonlySet<string>;
  /** Objects that the schemas refuse are there all the same. */
  readonly #refused = new Set<string>();
  readonly #byKind = new Map<string, Resource[]>();
  readonly #byIdentity = new Map<string, Resource>();
  /** `group/Kind` and `group/Kind scope` of every existing object. */
  readonly #existingKinds = new Set<string>();
  /** The namespaces that exist, as far as `existing` names any. */
  readonly #existingNamespaces = new Set<string>();
  #workloads: readonly Workload[] | undefined;

  constructor(input: ClusterInput) {
    this.#input = input;
    this.environment = input.environment;
    this.configured = input.configured;
    this.kubernetesVersion = input.kubernetesVersion;
    this.targets = input.targets;
    this.resources = input.resources;
    this.schemaErrors = input.schemaErrors;
    this.substitutes = input.substitutes;
    this.before = input.before;
    this.complete = input.targets.every((target) => !target.incomplete);
    this.#emptyKinds = input.emptyKinds;
    for (const { resource } of input.schemaErrors) this.#refused.add(identityOf(resource));
    // Existing objects whose types are wrong still tell that the kind is known.
    for (const resource of [...input.resources, ...input.schemaErrors.map((error) => error.resource)]) {
      if (!resource.existing) continue;
      this.#existingKinds.add(`${resource.group}/${resource.kind}`);
      this.#existingKinds.add(`${resource.group}/${resource.kind} ${resource.scope}`);
      const isNamespace = resource.group === '' && resource.kind === 'Namespace';
      this.#existingNamespaces.add(isNamespace ? resource.name : resource.scope);
    }
    for (const resource of input.resources) {
      const kind = `${resource.group}/${resource.kind}`;
      const list = this.#byKind.get(kind);
      if (list) list.push(resource);
      else this.#byKind.set(kind, [resource]);
      this.#byIdentity.set(identityOf(resource), resource);
    }
  }

  /** The pod templates of everything rendered and existing. */
  get workloads(): readonly Workload[] {
    this.#workloads ??= this.resources.flatMap((resource) => workloadOf(resource) ?? []);
    return this.#workloads;
  }

  /** All objects of a kind, rendered and existing. `group` is `''` for core. */
  list<T = Resource['object']>(group: string, kind: string): readonly Resource<T>[] {
    return (this.#byKind.get(`${group}/${kind}`) ?? []) as readonly Resource[] as readonly Resource<T>[];
  }

  /** The object of that identity; `scope` is a resource's `scope`, a namespace's name, or `''` for cluster-scoped kinds. */
  get<T = Resource['object']>(group: string, kind: string, scope: string, name: string): Resource<T> | undefined {
    return this.#byIdentity.get(`${group}/${kind} ${scope} ${name}`) as Resource<unknown> as Resource<T> | undefined;
  }

  /** Whether there are environments that nobody knows: an object may have moved there. */
  get leftOut(): boolean {
    return this.#input.leftOut ?? false;
  }

  /** The other environments of this side, where there are two sides: an object may have moved there. */
  get others(): readonly Cluster[] {
    return this.#input.others?.() ?? [];
  }

  /**
   * An object of `before` that is gone, as a finding names it: located where today's files no longer bring it. The way tells where it
   * stood; no line of a file of today says so.
   */
  gone(resource: Resource): Resource {
    const { locateGone } = this.#input;
    const way: Resource['way'] = async () => {
      const { file, line } = await resource.locate([]);
      return [{ message: `it stood here before${line === undefined ? '' : `, on line ${line}`}`, location: { file } }];
    };
    return { ...resource, locate: locateGone ? () => locateGone(resource) : resource.locate, way };
  }

  /** The same environment with one resource only, to find out which one a bug needs. */
  alone(resource: Resource): Cluster {
    return new Cluster({ ...this.#input, resources: [resource] });
  }

  /**
   * Whether `existing` says all there is of a kind: in that namespace, or in the cluster where no scope is given. What will be in a
   * namespace that is yet to be made, no snapshot can say: whoever makes it may put Secrets there.
   */
  knows(group: string, kind: string, scope?: string): boolean {
    if (this.#input.factsMissing) return false;
    const id = `${group}/${kind}`;
    if (this.#emptyKinds.has(id)) return scope === undefined || scope === '' || !this.#isYetToBeMade(scope);
    return this.#existingKinds.has(scope === undefined ? id : `${id} ${scope}`);
  }

  #isYetToBeMade(scope: string): boolean {
    const knowsNamespaces = this.#existingKinds.has('/Namespace');
    return knowsNamespaces && !isUnsetScope(scope) && !this.#existingNamespaces.has(scope);
  }

  /**
   * What it means that `get` found nothing (design: *Unknown is never a finding*). `undeclared` asks for a warning: a kind that a
   * team renders, in an environment that nobody has described.
   */
  absence(group: string, kind: string, scope: string, name: string): Absence {
    if (!this.complete || this.#refused.has(`${group}/${kind} ${scope} ${name}`)) return 'unknown';
    if (this.knows(group, kind, scope)) return 'absent';
    const mayBeIt = this.list(group, kind).some(
      (other) => other.name === name && compareScopes(other.scope, scope) === 'unknown',
    );
    if (mayBeIt || !RENDERED_KINDS.has(`${group}/${kind}`)) return 'unknown';
    return this.closes(scope) ? 'absent' : 'undeclared';
  }

  /**
   * Whether two objects surely meet in the cluster: their environment is configured, or one target or file holds both. Plain
   * manifests that lie in one directory may be alternatives, so that what is wrong between them is a warning at most.
   */
  together(a: Resource, b: Resource): boolean {
    return this.configured || a.unit === b.unit;
  }

  /** Whether the environment renders all that a team puts into that namespace: it is configured, or renders the Namespace. */
  closes(scope: string): boolean {
    return this.configured || (!isUnsetScope(scope) && this.get('', 'Namespace', '', scope)?.existing === false);
  }
}

/** Makes a function of a cluster compute once: what two rules ask for is worked out a single time. */
export function derived<T>(build: (cluster: Cluster) => T): (cluster: Cluster) => T {
  const made = new WeakMap<Cluster, { value: T }>();
  return (cluster) => {
    let entry = made.get(cluster);
    if (!entry) {
      entry = { value: build(cluster) };
      made.set(cluster, entry);
    }
    return entry.value;
  };
}
