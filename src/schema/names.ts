import { dnsLabel, dnsSubdomain, pathSegment } from './formats.ts';

/** CronJobs leave room for the 11 characters that their Jobs' names have more. */
function cronJobName(name: string): string | undefined {
  return name.length > 52 ? 'must be no more than 52 characters' : dnsSubdomain(name);
}

const RULES: readonly [check: (name: string) => string | undefined, kinds: readonly string[]][] = [
  [dnsLabel, ['/Namespace', '/Service', 'apps/StatefulSet']],
  [cronJobName, ['batch/CronJob']],
  [
    pathSegment,
    [
      'policy/PodDisruptionBudget',
      'rbac.authorization.k8s.io/ClusterRole',
      'rbac.authorization.k8s.io/ClusterRoleBinding',
      'rbac.authorization.k8s.io/Role',
      'rbac.authorization.k8s.io/RoleBinding',
    ],
  ],
  [
    dnsSubdomain,
    [
      '/ConfigMap',
      '/Endpoints',
      '/LimitRange',
      '/Node',
      '/PersistentVolume',
      '/PersistentVolumeClaim',
      '/Pod',
      '/PodTemplate',
      '/ReplicationController',
      '/ResourceQuota',
      '/Secret',
      '/ServiceAccount',
      'admissionregistration.k8s.io/MutatingWebhookConfiguration',
      'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
      'apps/DaemonSet',
      'apps/Deployment',
      'apps/ReplicaSet',
      'autoscaling/HorizontalPodAutoscaler',
      'batch/Job',
      'discovery.k8s.io/EndpointSlice',
      'networking.k8s.io/Ingress',
      'networking.k8s.io/IngressClass',
      'networking.k8s.io/NetworkPolicy',
      'node.k8s.io/RuntimeClass',
      'scheduling.k8s.io/PriorityClass',
      'storage.k8s.io/CSIDriver',
      'storage.k8s.io/StorageClass',
    ],
  ],
];

const CHECKS = new Map(RULES.flatMap(([check, kinds]) => kinds.map((kind) => [kind, check] as const)));

/** Why the API server refuses the name of a built-in object; undefined where it doesn't, or nobody looked it up. */
export function nameError(group: string, kind: string, name: unknown): string | undefined {
  const check = CHECKS.get(`${group}/${kind}`);
  return check && typeof name === 'string' ? check(name) : undefined;
}

/** Why the API server refuses the name of a custom resource. */
export function customNameError(name: unknown): string | undefined {
  return typeof name === 'string' ? dnsSubdomain(name) : undefined;
}
