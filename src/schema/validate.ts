import { groupOf, type KubernetesObject } from '../resource.ts';
import { CustomResources } from './custom-resources.ts';
import { bundleOf, type JsonSchema, kubernetesIndex, kubernetesRelease, type Release } from './files.ts';
import { customNameError, nameError } from './names.ts';
import { mayBecomeAnything, type Violation, walk } from './walk.ts';

export interface SchemaError extends Violation {
  /** Absent, the object is refused for certain. */
  severity?: 'warning';
}

export interface SchemaResult {
  errors: SchemaError[];
  /** There is no schema for this kind in this version: nothing is known of its fields. */
  unchecked?: boolean;
}

export interface SchemasOptions {
  /** `1.34` or `v1.34.2`; the newest that there are schemas of, where it isn't given. */
  kubernetesVersion?: string;
  /** The CustomResourceDefinitions rendered and existing. */
  crds: readonly KubernetesObject[];
}

/** What the API server of one environment takes. Schema files are shared with all others, and read when they are needed. */
export class Schemas {
  readonly #versions: readonly string[];
  readonly #customResources: CustomResources;

  constructor({ kubernetesVersion, crds }: SchemasOptions) {
    this.#versions = versionsFor(kubernetesVersion);
    this.#customResources = new CustomResources(crds);
  }

  /** Holds an object against the schema of its kind. Never throws, whatever it is given. */
  validate(object: unknown): SchemaResult {
    if (!isMap(object)) return { errors: [{ kind: 'type', path: [], message: 'an object is a map, this is none' }] };
    const { apiVersion, kind } = object;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') return { errors: [], unchecked: true };
    // SOPS decrypts the whole object before it is applied, and takes its own field out.
    if (isMap(object.sops)) return { errors: [] };
    const errors = this.#refusals(object, apiVersion, kind);
    return errors === undefined ? { errors: [], unchecked: true } : { errors };
  }

  /** Whether a kind lives outside namespaces; undefined for a kind that nothing here knows. */
  isClusterScoped(group: string, kind: string): boolean | undefined {
    const defined = this.#customResources.scopeOf(group, kind);
    if (defined !== undefined) return defined === 'Cluster';
    const { clusterScoped, namespaced } = kubernetesIndex();
    if (clusterScoped.includes(`${group}/${kind}`)) return true;
    if (namespaced.includes(`${group}/${kind}`)) return false;
    const bundle = bundleOf(group);
    if (!bundle?.releases.some(({ kinds }) => Object.values(kinds).some((names) => Object.hasOwn(names, kind)))) {
      return undefined;
    }
    return bundle.clusterScoped.includes(kind);
  }

  /** What the API server refuses, undefined where there is no schema. */
  #refusals(object: Fields, apiVersion: string, kind: string): SchemaError[] | undefined {
    const group = groupOf(apiVersion);
    const version = group === '' ? apiVersion : apiVersion.slice(group.length + 1);
    const secret = group === '' && kind === 'Secret';
    if (this.#customResources.defines(group, kind)) {
      const schemas = this.#customResources.schemasOf(group, version, kind);
      if (schemas.length === 0) return undefined;
      const readings = schemas.map((schema) =>
        walk(object, schema, [], { definitions: {}, dialect: 'structural', secret }),
      );
      return [...this.#metadataErrors(object, customNameError), ...agreed(readings).map(located)];
    }

    const releases = this.#versions
      .map(kubernetesRelease)
      .map((release) => ({ release, schema: rootOf(release, apiVersion, kind) }));
    if (releases.some(({ schema }) => schema !== undefined)) {
      const readings = releases.map(
        ({ release, schema }) =>
          schema && walk(object, schema, [], { definitions: release.definitions, dialect: 'kubernetes', secret }),
      );
      // A kind that only one of two neighbouring versions serves is one that nobody can judge between them.
      if (!readings.every((reading) => reading !== undefined)) return undefined;
      return unique([
        ...agreed(readings).map(located),
        ...this.#metadataErrors(object, (name) => nameError(group, kind, name)),
      ]);
    }

    const bundled = bundleOf(group)?.releases.filter((release) => rootOf(release, version, kind) !== undefined) ?? [];
    const newest = bundled.at(-1);
    if (!newest) return undefined;
    const readings = bundled.toReversed().map((release) =>
      walk(object, rootOf(release, version, kind) ?? {}, [], {
        definitions: release.definitions,
        dialect: 'bundled',
        secret,
      }),
    );
    const errors = agreed(readings).map((violation) => byBundle(violation, newest.source, bundled.length));
    return [...this.#metadataErrors(object, customNameError), ...errors];
  }

  /** What the API server asks of the metadata of every object, whatever its kind. */
  #metadataErrors(object: Fields, checkName: (name: unknown) => string | undefined): SchemaError[] {
    const metadata = object.metadata ?? {};
    const readings = this.#versions
      .map(kubernetesRelease)
      .map(({ definitions }) =>
        walk(metadata, METADATA, ['metadata'], { definitions, dialect: 'kubernetes', secret: false }),
      );
    const errors = agreed(readings).map(located);
    if (!isMap(metadata)) return errors;
    if (isEmpty(metadata.name) && isEmpty(metadata.generateName) && !NAMELESS.has(String(object.kind))) {
      const message = '"name" is missing (metadata.name: Required value: name or generateName is required)';
      errors.push({ kind: 'required', path: isMap(object.metadata) ? ['metadata'] : [], message });
    }
    const wrong = isEmpty(metadata.name) || mayBecomeAnything(metadata.name) ? undefined : checkName(metadata.name);
    if (wrong !== undefined) {
      const message = `metadata.name: Invalid value: ${JSON.stringify(metadata.name)}: ${wrong}`;
      errors.push({ kind: 'value', path: ['metadata', 'name'], message });
    }
    return errors;
  }
}

type Fields = Record<string, unknown>;

/** Kinds that the API server names itself, or never stores. */
const NAMELESS = new Set([
  'LimitRange',
  'LocalSubjectAccessReview',
  'SelfSubjectAccessReview',
  'SelfSubjectReview',
  'SelfSubjectRulesReview',
  'SubjectAccessReview',
  'TokenReview',
]);

/** Labels and annotations, as ValidateObjectMeta of k8s.io/apimachinery checks them. */
const METADATA: JsonSchema = {
  allOf: [
    { $ref: '#/definitions/V1ObjectMeta' },
    {
      properties: {
        labels: { propertyNames: { format: 'label-key' }, additionalProperties: { format: 'label-value' } },
        annotations: { propertyNames: { format: 'annotation-key' } },
      },
    },
  ],
};

/** The versions whose schemas stand for one: itself, or both its neighbours, or the nearest one. */
function versionsFor(kubernetesVersion: string | undefined): readonly string[] {
  const { versions } = kubernetesIndex();
  const newest = versions.slice(-1);
  const wanted = /^v?1\.(\d+)/.exec(kubernetesVersion ?? '')?.[1];
  if (wanted === undefined) return newest;
  const minor = Number(wanted);
  const same = versions.filter((version) => minorOf(version) === minor);
  if (same.length > 0) return same;
  const below = versions.filter((version) => minorOf(version) < minor).slice(-1);
  const above = versions.filter((version) => minorOf(version) > minor).slice(0, 1);
  return [...above, ...below];
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}

function rootOf({ kinds, definitions }: Release, version: string, kind: string): JsonSchema | undefined {
  const names = Object.hasOwn(kinds, version) ? kinds[version] : undefined;
  const name = names && Object.hasOwn(names, kind) ? names[kind] : undefined;
  return name === undefined || !Object.hasOwn(definitions, name) ? undefined : { $ref: `#/definitions/${name}` };
}

/** What all readings of an object find wrong, in the words of the first. */
function agreed([first = [], ...others]: readonly Violation[][]): Violation[] {
  const kept = unique(first);
  if (kept.length === 0 || others.length === 0) return kept;
  const known = others.map((other) => new Set(other.map(keyOf)));
  return kept.filter((violation) => known.every((keys) => keys.has(keyOf(violation))));
}

/** One of each: a schema that says more about a field of a known type finds some mistakes twice. */
function unique<T extends Violation>(violations: readonly T[]): T[] {
  if (violations.length < 2) return [...violations];
  return [...new Map(violations.toReversed().map((violation) => [keyOf(violation), violation])).values()].reverse();
}

function keyOf({ kind, path }: Violation): string {
  return `${kind} ${JSON.stringify(path)}`;
}

function located(violation: Violation): SchemaError {
  return violation.kind === 'unknown' ? { ...violation, at: 'key' } : violation;
}

/**
 * Releases of one version of a project's API differ in the fields they have, hardly ever in a field's type: a type that two
 * releases agree on is certain.
 */
function byBundle(violation: Violation, source: string, releases: number): SchemaError {
  const message = `${violation.message} (by ${source}; the release in your cluster may differ)`;
  const error: SchemaError = { ...located(violation), message };
  return violation.kind === 'type' && releases > 1 ? error : { ...error, severity: 'warning' };
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
