import { derived } from '../cluster.ts';
import { asList, asMap, valueAt } from '../workloads.ts';

/**
 * What may change the security context of pods before the admission plugin sees them: Kyverno's and Gatekeeper's mutations,
 * mutating admission policies, OpenShift's SecurityContextConstraints. Undefined where nothing says so.
 */
export const podMutator = derived((cluster): string | undefined => {
  for (const { group, kind, object } of cluster.resources) {
    const named = `${kind}/${object.metadata.name ?? ''}`;
    if (group === 'mutations.gatekeeper.sh') return named;
    if (group === 'security.openshift.io' && kind === 'SecurityContextConstraints') return named;
    if (kind === 'MutatingAdmissionPolicy' || kind === 'MutatingPolicy' || kind === 'NamespacedMutatingPolicy')
      return named;
    if (group === 'kyverno.io' && asList(valueAt(object, ['spec', 'rules'])).some((rule) => asMap(rule)?.mutate))
      return named;
    // Objects of OpenShift's own: its admission always sets security contexts.
    if (group === 'route.openshift.io' || group === 'project.openshift.io') return `OpenShift, which ${named} is for`;
  }
  return undefined;
});
