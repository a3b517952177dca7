import { isDeepStrictEqual } from 'node:util';
import { Cluster, type ClusterInput, type ClusterTarget, type SourceFinding } from './cluster/cluster.ts';
import { asMap } from './cluster/workloads.ts';
import type { Environment } from './config/config.ts';
import type { NotJudged } from './diagnose.ts';
import { type Landing, type Loaded, type LoadedObject, toResource } from './load.ts';
import { addFacts } from './merge-facts.ts';
import type { Rendered, Target } from './render/target.ts';
import type { UncheckedItem } from './report/report.ts';
import type { KubernetesObject, Resource, TargetRef } from './resource.ts';
import type { Rule } from './rule.ts';
import { type SchemaError, Schemas } from './schema/validate.ts';
import { ruleOfSymptom } from './symptoms.ts';
import { NOTHING_IN_IT } from './yaml/blank.ts';

export interface LoadedTarget {
  target: Target;
  rendered: Rendered;
  loaded: Loaded;
  /** Objects are missing: it failed, or was left unchecked. */
  incomplete: boolean;
}

export interface AssembleInput {
  environment: Environment;
  targets: readonly LoadedTarget[];
  existing: Loaded;
  /** Every file of facts could be read. */
  existingWhole: boolean;
  /** As the user sets it; else the renderer's own default counts. */
  kubernetesVersion: string | undefined;
  substitutes(token: string): boolean;
  /** Their symptoms say which rule a tool's message belongs to. */
  rules: readonly Rule[];
  /** What is known of the other side of a comparison. */
  sides?: Pick<ClusterInput, 'before' | 'others' | 'leftOut' | 'locateGone'> | undefined;
}

export interface Assembled {
  cluster: Cluster;
  /** How many objects were rendered. */
  resources: number;
  /** The names of the targets with objects that only schema-invalid has judged. */
  refused: ReadonlySet<string>;
  unchecked: NotJudged[];
}

/** Makes one Cluster of what the targets of an environment rendered and what exists there. */
export function assemble(input: AssembleInput): Assembled {
  const { environment, targets, existing } = input;
  const rendered = targets.flatMap(({ target, loaded }) => loaded.objects.map((object) => ({ target, object })));
  const crds = [...rendered.map(({ object }) => object), ...existing.objects]
    .map(({ object }) => object)
    .filter(
      (object) => object.kind === 'CustomResourceDefinition' && object.apiVersion.startsWith('apiextensions.k8s.io/'),
    );
  const version =
    input.kubernetesVersion ?? targets.find(({ rendered }) => rendered.kubernetesVersion)?.rendered.kubernetesVersion;
  const schemas = new Schemas({ ...(version === undefined ? {} : { kubernetesVersion: version }), crds });
  const index = new ResourceIndex(environment.name, schemas);

  for (const { target, object } of rendered) {
    index.addRendered(object, {
      ref: refOf(environment, target),
      namespace: target.type === 'helm' ? (target.namespace ?? 'default') : target.namespace,
      loose: target.type === 'manifests' && !environment.configured,
    });
  }
  // Facts that name no namespace can only be meant for the one place where the environment's only target lands.
  const only = targets.length === 1 && targets[0] ? refOf(environment, targets[0].target) : undefined;
  for (const object of existing.objects) {
    index.addExisting(object, only ?? { environment: environment.name, target: '\0existing' });
  }

  const cluster = new Cluster({
    environment: environment.name,
    configured: environment.configured,
    kubernetesVersion: input.kubernetesVersion,
    targets: targets.map((target) => clusterTarget(target, environment, input.rules)),
    resources: index.resources,
    schemaErrors: index.schemaErrors,
    emptyKinds: new Set(existing.emptyKinds),
    factsMissing: !input.existingWhole,
    substitutes: input.substitutes,
    ...input.sides,
  });
  return {
    cluster,
    resources: rendered.length,
    refused: new Set(index.refused.flatMap(({ targets }) => targets.map(({ target }) => target))),
    unchecked: [...index.unchecked(), ...notChecked(environment, targets)],
  };
}

function refOf(environment: Environment, target: Target): TargetRef {
  return { environment: environment.name, target: target.name };
}

function clusterTarget(
  { target, loaded, incomplete }: LoadedTarget,
  environment: Environment,
  rules: readonly Rule[],
): ClusterTarget {
  const findings = loaded.findings.map((finding) => named(finding, rules));
  return { ...refOf(environment, target), type: target.type, findings, incomplete };
}

/** A render failure whose message is a rule's symptom names that rule: the tool says what, the rule says why. */
function named(finding: SourceFinding, rules: readonly Rule[]): SourceFinding {
  if (finding.rule !== 'render-failed') return finding;
  const rule = ruleOfSymptom(finding.message, rules);
  return rule ? { ...finding, message: `${finding.message} (see k8s-lint explain ${rule.id})` } : finding;
}

function notChecked(environment: Environment, targets: readonly LoadedTarget[]): UncheckedItem[] {
  return targets.flatMap(({ target, rendered, loaded }) => {
    const items = [...rendered.unchecked, ...nothingIn(rendered)].map((item) => ({ ...item, target: target.name }));
    if (loaded.foreign > 0) {
      const what = loaded.foreign === 1 ? '1 object' : `${loaded.foreign} objects`;
      items.push({
        what,
        reason: 'not for a cluster (kubeconfig, kind, k3d, kubeadm …)',
        target: `${environment.name}`,
      });
    }
    return items;
  });
}

/** Where nothing was rendered, and nothing is wrong with that: nobody should take it for an all-clear. */
function nothingIn({ objects, findings, unchecked, emptyFiles = [] }: Rendered): { what: string; reason: string }[] {
  if (emptyFiles.length > 0) return emptyFiles.map((what) => ({ what, reason: NOTHING_IN_IT }));
  const isEmpty = objects.length === 0 && findings.length === 0 && unchecked.length === 0;
  return isEmpty ? [{ what: 'the whole target', reason: 'it renders no objects' }] : [];
}

/** Collects the resources of an environment: one for each identity, unless targets define it differently. */
class ResourceIndex {
  readonly resources: Resource[] = [];
  readonly schemaErrors: { resource: Resource; error: SchemaError }[] = [];
  /** Those of them that no other rule sees. */
  readonly refused: Resource[] = [];
  readonly #environment: string;
  readonly #schemas: Schemas;
  readonly #byIdentity = new Map<string, { object: KubernetesObject; targets: TargetRef[] }[]>();
  readonly #existing = new Map<string, Record<string, unknown>>();
  readonly #withoutSchema = new Map<string, number>();
  readonly #unusable: string[] = [];

  constructor(environment: string, schemas: Schemas) {
    this.#environment = environment;
    this.#schemas = schemas;
  }

  addRendered(loaded: LoadedObject, landing: Pick<Landing, 'ref' | 'namespace' | 'loose'>): void {
    const { ref } = landing;
    const resource = this.#resource(loaded, { ...landing, existing: false });
    const id = identityOf(resource);
    const known = this.#byIdentity.get(id) ?? [];
    const same = known.find((other) => isDeepStrictEqual(other.object, resource.object));
    if (same) {
      if (!same.targets.some((target) => target.target === ref.target)) same.targets.push(ref);
      return;
    }
    known.push({ object: resource.object, targets: resource.targets as TargetRef[] });
    this.#byIdentity.set(id, known);
    const { errors, unchecked } = this.#schemas.validate(resource.object);
    if (unchecked) {
      const kind = `${resource.apiVersion} ${resource.kind}`;
      this.#withoutSchema.set(kind, (this.#withoutSchema.get(kind) ?? 0) + 1);
    }
    for (const error of errors) this.schemaErrors.push({ resource, error });
    if (errors.some(isFatal)) this.refused.push(resource);
    else this.resources.push(withMetadata(resource));
  }

  /**
   * Rendered replaces existing. Two files of facts, one written by hand and a snapshot, may describe one object. An existing object of
   * wrong types is no fact, and is said to be none.
   */
  addExisting(loaded: LoadedObject, ref: TargetRef): void {
    const resource = this.#resource(loaded, { ref, namespace: undefined, existing: true, loose: false });
    const id = identityOf(resource);
    if (this.#byIdentity.has(id)) return;
    const wrong = this.#schemas
      .validate(resource.object)
      .errors.find((error) => error.kind === 'type' && error.severity !== 'warning');
    if (wrong) {
      this.#unusable.push(`${resource}: ${wrong.message}`);
      this.schemaErrors.push({ resource, error: wrong });
      return;
    }
    const known = this.#existing.get(id);
    if (known) {
      addFacts(known, asMap(resource.object) ?? {});
      return;
    }
    this.#existing.set(id, asMap(resource.object) ?? {});
    this.resources.push(withMetadata(resource));
  }

  unchecked(): NotJudged[] {
    const target = this.#environment;
    const kinds = [...this.#withoutSchema].map(([kind, count]) => ({
      what: `the fields of ${count} ${kind}`,
      // Groups without a dot are Kubernetes' own: no definition could be given for them.
      reason: /^([^./]+\/)?v\d/.test(kind)
        ? 'Kubernetes has no such kind in the versions known here: check apiVersion and kind'
        : 'no schema for this kind: render its CustomResourceDefinition, or list it under existing',
      target,
      rule: 'schema-invalid',
    }));
    const refused = this.refused.map((resource) => ({
      what: `${resource} by the other rules`,
      reason: 'its fields have wrong types, or lack what is required: see schema-invalid',
      target: resource.targets[0]?.target ?? target,
    }));
    return [
      ...kinds,
      ...refused,
      ...this.#unusable.map((what) => ({ what, reason: 'an existing object that is not valid', target })),
    ];
  }

  #resource(loaded: LoadedObject, landing: Omit<Landing, 'clusterScoped'>): Resource {
    const { apiVersion, kind } = loaded.object;
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    return toResource(loaded, { ...landing, clusterScoped: this.#schemas.isClusterScoped(group, kind) === true });
  }
}

/** Wrong or missing types keep an object out of the other rules: they could say nothing right about it. */
function isFatal(error: SchemaError): boolean {
  return error.severity !== 'warning' && (error.kind === 'type' || error.kind === 'required');
}

/** Rules count on metadata being there: without a schema, nothing has refused an object that has none. */
function withMetadata(resource: Resource): Resource {
  if (!asMap(resource.object.metadata)) resource.object.metadata = {};
  return resource;
}

function identityOf({ group, kind, scope, name }: Resource): string {
  return JSON.stringify([group, kind, scope, name]);
}
