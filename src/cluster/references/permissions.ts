import { compareScopes, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { asList, asMap, valueAt } from '../workloads.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** What is written, and which roles of a fresh cluster may: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
interface Written {
  readonly group: string;
  readonly plural: string;
  readonly builtInWriters: readonly string[];
}

const SECRETS: Written = { group: '', plural: 'secrets', builtInWriters: ['cluster-admin', 'admin', 'edit'] };
const DEFINITIONS: Written = {
  group: 'apiextensions.k8s.io',
  plural: 'customresourcedefinitions',
  builtInWriters: ['cluster-admin'],
};

/** Controllers that write only the Secrets that their own resources name, by `app.kubernetes.io/name`. */
const KNOWN_CONTROLLERS = new Set(['cert-manager', 'external-secrets', 'sealed-secrets']);

interface Grant {
  /** Undefined for the whole cluster. */
  readonly scope: string | undefined;
  readonly account: Resource;
  /** New objects too, not only changes to those that are there. */
  readonly creates: boolean;
}

const secretGrants = derived((cluster: Cluster) => grantsOf(cluster, SECRETS));
const definitionGrants = derived((cluster: Cluster) => grantsOf(cluster, DEFINITIONS));

/** The rendered ServiceAccounts that may write objects of a kind, and where. */
function grantsOf(cluster: Cluster, written: Written): readonly Grant[] {
  const accounts = new Map<string, Resource[]>();
  for (const account of cluster.list('', 'ServiceAccount')) {
    if (account.existing || isKnownController(account)) continue;
    accounts.set(account.name, [...(accounts.get(account.name) ?? []), account]);
  }
  return [...cluster.list(RBAC, 'RoleBinding'), ...cluster.list(RBAC, 'ClusterRoleBinding')].flatMap((binding) => {
    const verbs = verbsOf(cluster, binding, written);
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
}

/** A rendered ServiceAccount that may create Secrets in a namespace, or change those of it; undefined where none may. */
export function secretWriter(cluster: Cluster, scope: string, verb: 'create' | 'change'): Resource | undefined {
  return secretGrants(cluster).find(
    (grant) =>
      (grant.creates || verb === 'change') &&
      (grant.scope === undefined || compareScopes(grant.scope, scope) !== 'different'),
  )?.account;
}

/** A rendered ServiceAccount that may create CustomResourceDefinitions, as operators do that bring their own; undefined where none may. */
export function definitionWriter(cluster: Cluster): Resource | undefined {
  return definitionGrants(cluster).find(({ scope, creates }) => creates && scope === undefined)?.account;
}

/** What a binding lets its subjects do to objects of a kind. A role that nobody has shown us may hold anything. */
function verbsOf(cluster: Cluster, binding: Resource, written: Written): 'create' | 'change' | 'none' {
  const { kind, name } = asMap(valueAt(binding.object, ['roleRef'])) ?? {};
  if (typeof kind !== 'string' || typeof name !== 'string') return 'none';
  const role = cluster.get(RBAC, kind, kind === 'Role' ? binding.scope : '', name);
  if (!role) {
    if (kind !== 'ClusterRole') return 'none';
    const builtIn = ['admin', 'edit', 'view'].includes(name) || name.startsWith('system:');
    return written.builtInWriters.includes(name) || !(builtIn || cluster.knows(RBAC, 'ClusterRole'))
      ? 'create'
      : 'none';
  }
  if (valueAt(role.object, ['aggregationRule']) !== undefined) return 'create';
  const granted = asList(valueAt(role.object, ['rules']))
    .map((rule) => asMap(rule) ?? {})
    .filter((rule) => concerns(rule, written));
  // A new object has no name yet when permissions are asked: names in a rule keep it from being created.
  if (
    granted.some(({ verbs, resourceNames }) => asList(resourceNames).length === 0 && holdsAny(verbs, ['create', '*']))
  ) {
    return 'create';
  }
  return granted.some(({ verbs }) => holdsAny(verbs, ['update', 'patch', '*'])) ? 'change' : 'none';
}

function concerns({ apiGroups, resources }: Record<string, unknown>, { group, plural }: Written): boolean {
  return holdsAny(apiGroups, [group, '*']) && holdsAny(resources, [plural, '*']);
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
