import type { Path } from '../../resource.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, containersOf, valueAt, type Workload } from '../workloads.ts';

/** A mount of a volume that the pod doesn't have. */
export interface StrayMount {
  name: string;
  /** The path of the name. */
  path: Path;
  /** What the pod has. */
  volumes: readonly string[];
}

/** Groups whose pod templates the API server checks as pods: not those of Rollouts and Knative, whose controllers fill them in. */
const CHECKED = new Set(['', 'apps', 'batch']);

/**
 * Mounts whose name no volume bears, nor a claim template of a StatefulSet: ValidateVolumeMounts of pkg/apis/core/validation, which
 * a StatefulSet meets when its pods are made.
 */
export function* strayMounts(workload: Workload): Generator<StrayMount> {
  const { resource, pod } = workload;
  if (!CHECKED.has(resource.group)) return;
  const templates = resource.kind === 'StatefulSet' ? valueAt(resource.object, ['spec', 'volumeClaimTemplates']) : [];
  const names = [
    ...asList(pod.volumes).map((volume) => asMap(volume)?.name),
    ...asList(templates).map((template) => valueAt(template, ['metadata', 'name'])),
  ];
  if (names.some(isUnknown)) return;
  const volumes = names.filter((name) => typeof name === 'string');
  for (const { container, path } of containersOf(workload)) {
    for (const [i, mount] of asList(container.volumeMounts).entries()) {
      const name = asMap(mount)?.name;
      if (typeof name !== 'string' || isUnknown(name) || volumes.includes(name)) continue;
      yield { name, path: [...path, 'volumeMounts', i, 'name'], volumes };
    }
  }
}
