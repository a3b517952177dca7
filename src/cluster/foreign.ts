import { groupOf } from '../resource.ts';

/** API groups of files that look like Kubernetes objects and are read by a tool instead of an API server. */
const GROUPS: ReadonlySet<string> = new Set([
  'audit.k8s.io',
  'backstage.io',
  'client.authentication.k8s.io',
  'eksctl.io',
  'k3d.io',
  'kind.sigs.k8s.io',
  'kind.x-k8s.io',
  'kubeadm.k8s.io',
  'skaffold',
]);

/**
 * Whether objects of this kind are never sent to a cluster: kubeconfigs, the configuration of Kubernetes' own components
 * (`*.config.k8s.io`, kustomizations among them), kubeadm, kind, k3d, eksctl, skaffold and backstage files.
 */
export function notForCluster(apiVersion: string, kind: string): boolean {
  if (apiVersion === 'v1') return kind === 'Config';
  const group = groupOf(apiVersion);
  return GROUPS.has(group) || group.endsWith('.config.k8s.io');
}
