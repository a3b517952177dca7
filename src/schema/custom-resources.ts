import type { KubernetesObject } from '../resource.ts';
import type { JsonSchema } from './files.ts';

type Fields = Record<string, unknown>;

interface Definition {
  scope: unknown;
  /** By version. Empty for definitions of apiextensions.k8s.io/v1beta1, whose schemas needn't be structural. */
  schemas: ReadonlyMap<string, JsonSchema>;
  /** No version has a schema, which the API server would refuse. */
  bare: boolean;
}

/** The CustomResourceDefinitions of an environment, which may hold anything. */
export class CustomResources {
  readonly #definitions = new Map<string, Definition[]>();

  constructor(crds: readonly KubernetesObject[]) {
    for (const crd of crds) {
      const { spec, apiVersion } = crd as KubernetesObject & { spec?: unknown };
      if (!isMap(spec) || !isMap(spec.names)) continue;
      if (typeof spec.group !== 'string' || typeof spec.names.kind !== 'string') continue;
      const id = `${spec.group}/${spec.names.kind}`;
      const isV1 = apiVersion.endsWith('/v1');
      const bare = isV1 && !(Array.isArray(spec.versions) && spec.versions.some(hasSchema));
      const definition = { scope: spec.scope, schemas: isV1 ? schemasIn(spec) : new Map(), bare };
      this.#definitions.set(id, [...(this.#definitions.get(id) ?? []), definition]);
    }
  }

  /** Whether a kind is defined here, with what its fields are: a fact of which only names and versions are given says nothing of them. */
  defines(group: string, kind: string): boolean {
    return this.#definitions.get(`${group}/${kind}`)?.some(({ bare }) => !bare) === true;
  }

  scopeOf(group: string, kind: string): unknown {
    return this.#definitions.get(`${group}/${kind}`)?.find(({ scope }) => typeof scope === 'string')?.scope;
  }

  /** The structural schemas of one version: several where targets define the kind differently. */
  schemasOf(group: string, version: string, kind: string): JsonSchema[] {
    return (this.#definitions.get(`${group}/${kind}`) ?? []).flatMap(({ schemas }) => schemas.get(version) ?? []);
  }
}

const ANYTHING: JsonSchema = { 'x-kubernetes-preserve-unknown-fields': true };

/**
 * The schemas of the versions, but for what the API server handles itself: type and metadata, and the status, which it drops
 * from what is applied. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
function schemasIn(spec: Fields): Map<string, JsonSchema> {
  const schemas = new Map<string, JsonSchema>();
  for (const version of Array.isArray(spec.versions) ? spec.versions : []) {
    const schema = isMap(version) && isMap(version.schema) ? version.schema.openAPIV3Schema : undefined;
    if (!isMap(version) || typeof version.name !== 'string' || !isMap(schema) || !isMap(schema.properties)) continue;
    const own = { apiVersion: ANYTHING, kind: ANYTHING, metadata: ANYTHING, status: ANYTHING };
    schemas.set(version.name, {
      ...schema,
      properties: { ...(schema.properties as Record<string, JsonSchema>), ...own },
    });
  }
  return schemas;
}

function hasSchema(version: unknown): boolean {
  return isMap(version) && version.schema !== undefined;
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
