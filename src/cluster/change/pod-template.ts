import type { Alone } from './differences.ts';

/** Fields of a pod's spec that nothing fills in: with one of them a pod is another than without it. */
const OF_POD: ReadonlySet<string> = new Set([
  'activeDeadlineSeconds',
  'affinity',
  'containers',
  'hostAliases',
  'hostname',
  'hostNetwork',
  'hostPID',
  'imagePullSecrets',
  'initContainers',
  'nodeName',
  'nodeSelector',
  'priorityClassName',
  'runtimeClassName',
  'subdomain',
  'tolerations',
  'topologySpreadConstraints',
  'volumes',
]);

/** The same of a container. */
const OF_CONTAINER: ReadonlySet<string> = new Set([
  'args',
  'command',
  'env',
  'envFrom',
  'lifecycle',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'startupProbe',
  'volumeDevices',
  'volumeMounts',
  'workingDir',
]);

/**
 * What of a pod template no default and no admission of the API server fills in, so that it differs from none. The path starts at the
 * template: `spec`, `containers`, `[app]`, `command`.
 */
export const POD_TEMPLATE: Alone = (path) => {
  const keys = path.map(String);
  const [top, field, item, inside, ...deeper] = keys;
  if (top === 'metadata') return keys.length === 3 && (field === 'labels' || field === 'annotations');
  if (top !== 'spec' || field === undefined) return false;
  if (item === undefined) return OF_POD.has(field);
  if (field === 'nodeSelector') return inside === undefined;
  if (field === 'securityContext') return true;
  if (inside === undefined) return false;
  // Another source of a volume: the one that nobody writes is an empty emptyDir.
  if (field === 'volumes') return deeper.length === 0;
  if (field !== 'containers' && field !== 'initContainers') return false;
  if (deeper.length === 0) return OF_CONTAINER.has(inside);
  if (inside === 'env') return deeper.length === 2 && (deeper[1] === 'value' || deeper[1] === 'valueFrom');
  if (inside === 'securityContext') return deeper[0] !== 'procMount';
  return inside === 'resources' && deeper[0] === 'limits' && deeper.length <= 2;
};
