import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * What is used of JSON Schema, in our own files and in the structural schemas of CustomResourceDefinitions. All of it may be
 * anything in the latter: it comes from manifests.
 */
export interface JsonSchema {
  $ref?: string;
  type?: string | readonly string[];
  format?: string;
  enum?: readonly unknown[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  propertyNames?: JsonSchema;
  required?: readonly string[];
  items?: JsonSchema;
  allOf?: readonly JsonSchema[];
  anyOf?: readonly JsonSchema[];
  oneOf?: readonly JsonSchema[];
  not?: JsonSchema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean | number;
  exclusiveMaximum?: boolean | number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  nullable?: boolean;
  default?: unknown;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
}

export type Definitions = Readonly<Record<string, JsonSchema>>;

/** The definitions of one release, and which of them each kind is: by apiVersion (by version, for custom resources) and kind. */
export interface Release {
  kinds: Readonly<Record<string, Readonly<Record<string, string>>>>;
  definitions: Definitions;
}

/** The releases of an API group's custom resources, as published packages declare them; the newest is the last. */
export interface Bundle {
  clusterScoped: readonly string[];
  releases: readonly (Release & { source: string })[];
}

interface KubernetesIndex {
  /** `1.29`, ascending. */
  versions: readonly string[];
  /** As `group/Kind`, over all versions. */
  clusterScoped: readonly string[];
  namespaced: readonly string[];
}

const DIRECTORY = fileURLToPath(new URL('../../schemas/', import.meta.url));

const loaded = new Map<string, unknown>();

/** The built-in kinds, and the Kubernetes versions that there are schemas of. */
export function kubernetesIndex(): KubernetesIndex {
  return load<KubernetesIndex>('kubernetes/index.json');
}

/** The schemas of one of the versions that the index names. */
export function kubernetesRelease(version: string): Release {
  return load<Release>(`kubernetes/${version}.json`);
}

/** The custom resources of an API group, undefined where no package declares them. */
export function bundleOf(group: string): Bundle | undefined {
  return bundledGroups().has(group) ? load<Bundle>(`crds/${group}.json`) : undefined;
}

/** The definitions of a file that another one refers to (`../kubernetes/1.36.json`). Both are our own. */
export function definitionsIn(reference: string): Definitions {
  return load<Release>(reference.replace(/^\.\.\//, '')).definitions;
}

let groups: ReadonlySet<string> | undefined;

function bundledGroups(): ReadonlySet<string> {
  groups ??= new Set(readdirSync(`${DIRECTORY}crds`).map((name) => name.replace(/\.json$/, '')));
  return groups;
}

/** A file is read when the first object of its kinds is met, and once for all environments. */
function load<T>(path: string): T {
  let value = loaded.get(path);
  if (value === undefined) {
    value = JSON.parse(readFileSync(DIRECTORY + path, 'utf8'));
    loaded.set(path, value);
  }
  return value as T;
}
