import type { Container, EphemeralContainer, PodSpec } from 'kubernetes-types/core/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import type { ObjectMeta, Path, Resource } from '../resource.ts';
import type { Labels } from './selectors.ts';

/** A pod template and what makes pods of it. A Pod is its own template. */
export interface Workload {
  readonly resource: Resource;
  readonly pod: PodSpec;
  /** The path of `pod` in the resource. */
  readonly path: Path;
  /** The template's metadata: its labels are the pods' labels. */
  readonly metadata: ObjectMeta;
  /** The path of `metadata` in the resource, whether it is there or not. */
  readonly metadataPath: Path;
  readonly labels: Labels;
  readonly selector: LabelSelector | undefined;
  /**
   * As written, else the API server's default of 1; undefined where nothing counts replicas (DaemonSet, CronJob), for a
   * placeholder, and for what exists and doesn't say.
   */
  readonly replicas: number | undefined;
}

/** The container lists of a pod spec, in the order in which they start. */
export const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

export interface PodContainer {
  readonly container: Container & Pick<EphemeralContainer, 'targetContainerName'>;
  readonly list: (typeof CONTAINER_LISTS)[number];
  /** The path of the container in the resource. */
  readonly path: Path;
}

/** Where each kind keeps its pod template, by `group/Kind`. Knative and Argo Rollouts share the shape. */
const TEMPLATES: ReadonlyMap<string, Path> = new Map([
  ['/Pod', []],
  ['/ReplicationController', ['spec', 'template']],
  ['/PodTemplate', ['template']],
  ['apps/Deployment', ['spec', 'template']],
  ['apps/StatefulSet', ['spec', 'template']],
  ['apps/DaemonSet', ['spec', 'template']],
  ['apps/ReplicaSet', ['spec', 'template']],
  ['batch/Job', ['spec', 'template']],
  ['batch/CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
  ['argoproj.io/Rollout', ['spec', 'template']],
  ['serving.knative.dev/Service', ['spec', 'template']],
]);

/** Where an object of that group and kind keeps its pod template, undefined for kinds that have none. */
export function templatePathOf(group: string, kind: string): Path | undefined {
  return TEMPLATES.get(`${group}/${kind}`);
}

const COUNTED = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController', 'Rollout']);

/** The value at a path, undefined where the path leaves the object. */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}

/** A value as a map, undefined where it is anything else: manifests without a schema may hold anything anywhere. */
export function asMap(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** A value as a list, empty where it is anything else. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The workload that a resource is, undefined for other kinds and for templates without containers. */
export function workloadOf(resource: Resource): Workload | undefined {
  const at = TEMPLATES.get(`${resource.group}/${resource.kind}`);
  if (at === undefined) return undefined;
  const template = asMap(valueAt(resource.object, at));
  const pod = asMap(template?.spec);
  if (!Array.isArray(pod?.containers)) return undefined;
  const metadata: ObjectMeta = asMap(template?.metadata) ?? {};
  const spec = asMap((resource.object as { spec?: unknown }).spec);
  const replicas = spec?.replicas;
  return {
    resource,
    pod: pod as unknown as PodSpec,
    path: [...at, 'spec'],
    metadata,
    metadataPath: [...at, 'metadata'],
    labels: (asMap(metadata.labels) as Labels | undefined) ?? {},
    selector: selectorOf(resource, spec),
    replicas: resource.kind === 'Pod' ? 1 : COUNTED.has(resource.kind) ? counted(resource, replicas) : undefined,
  };
}

function counted({ existing }: Resource, replicas: unknown): number | undefined {
  if (replicas === undefined || replicas === null) return existing ? undefined : 1;
  return typeof replicas === 'number' ? replicas : undefined;
}

function selectorOf(resource: Resource, spec: Record<string, unknown> | undefined): LabelSelector | undefined {
  const selector = asMap(spec?.selector);
  if (selector === undefined || resource.kind === 'Pod') return undefined;
  return resource.kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : selector;
}

/** Every container of a workload's pods, init and ephemeral ones included, with its path. Leaves out items that are no maps. */
export function containersOf(workload: Workload): readonly PodContainer[] {
  let found = containers.get(workload);
  if (!found) {
    found = CONTAINER_LISTS.flatMap((list) =>
      asList(workload.pod[list]).flatMap((container: unknown, i) =>
        asMap(container) === undefined
          ? []
          : [{ container: container as PodContainer['container'], list, path: [...workload.path, list, i] }],
      ),
    );
    containers.set(workload, found);
  }
  return found;
}

/** Most rules ask. */
const containers = new WeakMap<Workload, readonly PodContainer[]>();
