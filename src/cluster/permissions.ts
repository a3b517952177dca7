import { compareScopes, type Resource } from '../resource.ts';
import { type Cluster, derived } from './cluster.ts';
import { asList, asMap, valueAt } from './workloads.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** Of the roles of a fresh cluster, those that may write Secrets: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
const BUILT_IN_WRITERS = new Set(['cluster-admin', 'admin', 'edit']);

/** Controllers that write only the Secrets that their own resources name, by `app.kubernetes.io/name`. */
const KNOWN_CONTROLLERS = new Set(['cert-manager', 'external-secrets', 'sealed-secrets']);

interface Grant {
  /** Undefined for the whole cluster. */
  readonly scope: string | undefined;
  readonly account: Resource;
  /** New Secrets too, not only changes to those that are there. */
  readonly creates: boolean;
}

/** The rendered ServiceAccounts that may write Secrets, and where. */
const secretGrants = derived((cluster: Cluster): readonly Grant[] => {
  const accounts = new Map<string, Resource[]>();
  for (const account of cluster.list('', 'ServiceAccount')) {
    if (account.existing || isKnownController(account)) continue;
    accounts.set(account.name, [...(accounts.get(account.name) ?? []), account]);
  }
  return [...cluster.list(RBAC, 'RoleBinding'), ...cluster.list(RBAC, 'ClusterRoleBinding')].flatMap((binding) => {
    const verbs = secretVerbs(cluster, binding);
    if (verbs === 'none') return [];
    const scope = binding.kind === 'RoleBinding' ? binding.scope : undefined;
    return subjects(binding)
      .flatMap((subject) =>
        (accounts.get(subject.name) ?? []).filter(
          (account) => compareScopes(account.scope, subject.scope) !== 'different',
        ),
      )
      .map((account) => ({ scope, account, creates: verbs === 'create' }));
  });
});

/** A rendered ServiceAccount that may create Secrets in a namespace, or change those of it; undefined where none may. */
export function secretWriter(cluster: Cluster, scope: string, verb: 'create' | 'change'): Resource | undefined {
  return secretGrants(cluster).find(
    (grant) =>
      (grant.creates || verb === 'change') &&
      (grant.scope === undefined || compareScopes(grant.scope, scope) !== 'different'),
  )?.account;
}

/** What a binding lets its subjects do to Secrets. A role that nobody has shown us may hold anything. */
function secretVerbs(cluster: Cluster, binding: Resource): 'create' | 'change' | 'none' {
  const { kind, name } = asMap(valueAt(binding.object, ['roleRef'])) ?? {};
  if (typeof kind !== 'string' || typeof name !== 'string') return 'none';
  const role = cluster.get(RBAC, kind, kind === 'Role' ? binding.scope : '', name);
  if (!role) {
    if (kind !== 'ClusterRole') return 'none';
    const builtIn = name === 'view' || name.startsWith('system:');
    return BUILT_IN_WRITERS.has(name) || !(builtIn || cluster.knows(RBAC, 'ClusterRole')) ? 'create' : 'none';
  }
  if (valueAt(role.object, ['aggregationRule']) !== undefined) return 'create';
  const granted = asList(valueAt(role.object, ['rules']))
    .map((rule) => asMap(rule) ?? {})
    .filter(concernsSecrets);
  // A new object has no name yet when permissions are asked: names in a rule keep it from being created.
  if (
    granted.some(({ verbs, resourceNames }) => asList(resourceNames).length === 0 && holdsAny(verbs, ['create', '*']))
  ) {
    return 'create';
  }
  return granted.some(({ verbs }) => holdsAny(verbs, ['update', 'patch', '*'])) ? 'change' : 'none';
}

function concernsSecrets({ apiGroups, resources }: Record<string, unknown>): boolean {
  return holdsAny(apiGroups, ['', '*']) && holdsAny(resources, ['secrets', '*']);
}

function holdsAny(list: unknown, wanted: readonly string[]): boolean {
  return asList(list).some((item) => wanted.includes(item as string));
}

function subjects(binding: Resource): { name: string; scope: string }[] {
  return asList(valueAt(binding.object, ['subjects'])).flatMap((subject) => {
    const { kind, name, namespace } = asMap(subject) ?? {};
    if (kind !== 'ServiceAccount' || typeof name !== 'string') return [];
    return [{ name, scope: typeof namespace === 'string' && namespace !== '' ? namespace : binding.scope }];
  });
}

function isKnownController({ object }: Resource): boolean {
  const name = asMap(object.metadata?.labels)?.['app.kubernetes.io/name'];
  return typeof name === 'string' && KNOWN_CONTROLLERS.has(name);
}
