import { compareScopes, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { asList, asMap, valueAt, type Workload } from '../workloads.ts';

/**
 * What may fill in fields of pods before the API server's own admission judges them: Kyverno's and Gatekeeper's mutations,
 * mutating admission policies. Undefined where nothing says so. Webhooks of sidecar injectors leave other containers alone.
 */
export const podMutator = derived((cluster): string | undefined => cluster.resources.find(mutates)?.toString());

/** The same for security contexts, that OpenShift's SecurityContextConstraints fill in, too. */
export const securityMutator = derived((cluster): string | undefined =>
  cluster.resources
    .find((resource) => mutates(resource) || /^(?:security|route|project)\.openshift\.io$/.test(resource.group))
    ?.toString(),
);

function mutates({ group, kind, object }: Resource): boolean {
  if (group === 'mutations.gatekeeper.sh') return true;
  if (kind === 'MutatingAdmissionPolicy' || kind === 'MutatingPolicy' || kind === 'NamespacedMutatingPolicy')
    return true;
  if (group !== 'kyverno.io') return false;
  return asList(valueAt(object, ['spec', 'rules'])).some((rule) => asMap(rule)?.mutate !== undefined);
}

/** Whether a VerticalPodAutoscaler may decide what the pods of a workload ask for. */
export function isSizedVertically(cluster: Cluster, { resource }: Workload): boolean {
  const scopes = sizedVertically(cluster).get(`${resource.kind} ${resource.name}`) ?? [];
  return scopes.some((scope) => compareScopes(scope, resource.scope) !== 'different');
}

const sizedVertically = derived((cluster) => {
  const targets = new Map<string, string[]>();
  for (const { object, scope } of cluster.list('autoscaling.k8s.io', 'VerticalPodAutoscaler')) {
    const { kind, name } = asMap(valueAt(object, ['spec', 'targetRef'])) ?? {};
    if (valueAt(object, ['spec', 'updatePolicy', 'updateMode']) === 'Off') continue;
    targets.set(`${kind} ${name}`, [...(targets.get(`${kind} ${name}`) ?? []), scope]);
  }
  return targets;
});
