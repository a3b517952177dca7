import type { Resource } from '../resource.ts';
import { derived } from './cluster.ts';
import { asList, asMap, valueAt } from './workloads.ts';

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
