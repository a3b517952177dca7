import type { Path } from '../../resource.ts';
import { asMap, type PodContainer, type Workload } from '../workloads.ts';

/** One setting of a security context that is written: its value, `unknown` for placeholders and wrong types, and where. */
export interface Setting<T> {
  readonly value: T | 'unknown';
  readonly path: Path;
}

/** What holds for one container; undefined where nothing sets it, so that the image or the runtime decides. */
export interface SecurityContext {
  readonly runAsUser: Setting<number> | undefined;
  readonly runAsGroup: Setting<number> | undefined;
  readonly runAsNonRoot: Setting<boolean> | undefined;
  /** A container's own only: a pod has no such setting. */
  readonly privileged: Setting<boolean> | undefined;
  /** A container's own only: a pod has no such setting. */
  readonly readOnlyRootFilesystem: Setting<boolean> | undefined;
}

/** What holds for the volumes of a pod. */
export interface PodSecurityContext {
  readonly fsGroup: Setting<number> | undefined;
  readonly fsGroupChangePolicy: Setting<string> | undefined;
  /** Gids that the containers have besides their own group. */
  readonly supplementalGroups: Setting<readonly number[]> | undefined;
}

/** One securityContext as it is written, with its path. */
interface Written {
  readonly fields: Record<string, unknown>;
  readonly path: Path;
}

/**
 * The security context of one container of a workload's pods: its own settings override the pod's, each by itself
 * (DetermineEffectiveSecurityContext of k8s.io/kubernetes/pkg/securitycontext).
 */
export function securityContextOf(workload: Workload, { container, path }: PodContainer): SecurityContext {
  const own = writtenAt(container, path);
  const both = [own, writtenAt(workload.pod, workload.path)];
  return {
    runAsUser: setting(both, 'runAsUser', isNumber),
    runAsGroup: setting(both, 'runAsGroup', isNumber),
    runAsNonRoot: setting(both, 'runAsNonRoot', isBoolean),
    privileged: setting([own], 'privileged', isBoolean),
    readOnlyRootFilesystem: setting([own], 'readOnlyRootFilesystem', isBoolean),
  };
}

/** The settings that only a pod has (https://kubernetes.io/docs/tasks/configure-pod-container/security-context/). */
export function podSecurityContextOf({ pod, path }: Workload): PodSecurityContext {
  const written = [writtenAt(pod, path)];
  return {
    fsGroup: setting(written, 'fsGroup', isNumber),
    fsGroupChangePolicy: setting(written, 'fsGroupChangePolicy', isString),
    supplementalGroups: setting(written, 'supplementalGroups', isNumbers),
  };
}

function writtenAt(holder: object, path: Path): Written {
  const fields = asMap((holder as { securityContext?: unknown }).securityContext) ?? {};
  return { fields, path: [...path, 'securityContext'] };
}

/** The first of some security contexts that sets a field: null is as good as absent. */
function setting<T>(
  contexts: readonly Written[],
  name: string,
  isValue: (value: unknown) => value is T,
): Setting<T> | undefined {
  for (const { fields, path } of contexts) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (value === undefined || value === null) continue;
    return { value: isValue(value) ? value : 'unknown', path: [...path, name] };
  }
  return undefined;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isNumber);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
