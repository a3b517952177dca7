import { compareScopes, isUnsetScope, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { mayMakeIn } from '../references/makers.ts';
import { asList, asMap, valueAt } from '../workloads.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** What pods come from, once it is made. */
const POD_SOURCES = new Set([
  ...['*', 'pods', 'replicationcontrollers', 'deployments', 'statefulsets', 'daemonsets', 'replicasets'],
  ...['jobs', 'cronjobs'],
]);

/** Of the roles of a fresh cluster, those that may create nothing: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
const BUILT_IN_READERS = /^(?:view$|system:)/;

/**
 * Who may run pods in a namespace that no manifest shows: a custom resource whose controller makes some (an operator, a Helm
 * release), a ServiceAccount there that may create pods (Jenkins, JupyterHub, a CI runner), or a workload that can't be read, since
 * its types are wrong. Undefined where nobody may.
 */
export function podMaker(cluster: Cluster, scope: string): Resource | undefined {
  const known = podMakers(cluster);
  if (!known.has(scope)) known.set(scope, findPodMaker(cluster, scope));
  return known.get(scope);
}

function findPodMaker(cluster: Cluster, scope: string): Resource | undefined {
  const refused = refusedWorkloads(cluster).find((resource) => compareScopes(resource.scope, scope) !== 'different');
  return mayMakeIn(cluster, scope) ?? bindingIn(cluster, scope) ?? refused;
}

const refusedWorkloads = derived((cluster): readonly Resource[] => {
  const present = new Set(cluster.resources);
  return cluster.schemaErrors.flatMap(({ resource }) => {
    const { group, kind, object } = resource;
    const mayHavePods =
      (group === '' || group === 'apps' || group === 'batch') && kind !== 'Service' && 'spec' in object;
    return mayHavePods && !present.has(resource) ? [resource] : [];
  });
});

const podMakers = derived(() => new Map<string, Resource | undefined>());

/**
 * Whether the distribution runs pods of its own in a namespace, so that what a team renders there is never all (kube-system,
 * openshift-dns, gke-managed-system …).
 */
export function isPlatformNamespace(scope: string): boolean {
  return /^(?:kube|openshift|gke|gmp|aks|eks)-/.test(scope);
}

function bindingIn(cluster: Cluster, scope: string): Resource | undefined {
  const { byScope, unset } = bindingsThatRunPods(cluster);
  const candidates = isUnsetScope(scope) ? [...byScope] : [[scope, byScope.get(scope)] as const, ...unset];
  return candidates.find(([other, binding]) => binding && compareScopes(other, scope) !== 'different')?.[1];
}

/** The bindings that let a ServiceAccount run pods: in their own namespace, or in the account's. */
const bindingsThatRunPods = derived((cluster) => {
  const byScope = new Map<string, Resource>();
  for (const binding of [...cluster.list(RBAC, 'RoleBinding'), ...cluster.list(RBAC, 'ClusterRoleBinding')]) {
    const scopes = accountScopes(binding);
    if (scopes.length === 0 || !mayRunPods(cluster, binding)) continue;
    for (const scope of binding.kind === 'RoleBinding' ? [binding.scope] : scopes) byScope.set(scope, binding);
  }
  return { byScope, unset: [...byScope].filter(([scope]) => isUnsetScope(scope)) };
});

function accountScopes(binding: Resource): string[] {
  return asList(valueAt(binding.object, ['subjects'])).flatMap((subject) => {
    const { kind, namespace } = asMap(subject) ?? {};
    if (kind !== 'ServiceAccount') return [];
    return [typeof namespace === 'string' && namespace !== '' ? namespace : binding.scope];
  });
}

/** A role that nobody has shown us may hold anything. */
function mayRunPods(cluster: Cluster, binding: Resource): boolean {
  const { kind, name } = asMap(valueAt(binding.object, ['roleRef'])) ?? {};
  if (typeof kind !== 'string' || typeof name !== 'string') return false;
  const role = cluster.get(RBAC, kind, kind === 'Role' ? binding.scope : '', name);
  if (!role) return !BUILT_IN_READERS.test(name);
  if (valueAt(role.object, ['aggregationRule']) !== undefined) return true;
  return asList(valueAt(role.object, ['rules'])).some((rule) => {
    const { resources, verbs } = asMap(rule) ?? {};
    const creates = asList(verbs).some((verb) => verb === 'create' || verb === '*');
    return creates && asList(resources).some((resource) => POD_SOURCES.has(resource as string));
  });
}
