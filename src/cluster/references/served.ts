import { groupOf, type Resource } from '../../resource.ts';
import { kubernetesIndex, kubernetesRelease } from '../../schema/files.ts';
import { type Cluster, derived } from '../cluster.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';
import { isUnlisted, mayMake } from './makers.ts';
import { definitionWriter } from './permissions.ts';

/** Whether the API server of an environment serves an object's apiVersion and kind. */
export type Serving =
  | { readonly state: 'served' | 'unknown' }
  /** Kubernetes stopped serving it in `since`; `replacement` is the apiVersion that took over, where one did. */
  | { readonly state: 'removed'; readonly since: string; readonly replacement: string | undefined }
  /** A group of Kubernetes' own that never had the kind; `elsewhere` are the apiVersions that have it, `kinds` what it has. */
  | { readonly state: 'misnamed'; readonly elsewhere: readonly string[]; readonly kinds: readonly string[] }
  /** The CustomResourceDefinition serves other versions; `changing` where something rendered may install a later one. */
  | {
      readonly state: 'version-missing';
      readonly served: readonly string[];
      readonly definition: Resource;
      readonly changing: boolean;
    }
  /** The cluster's CustomResourceDefinitions are known, and none is of this kind. */
  | { readonly state: 'undefined' };

/** apiVersion, kinds, the release that no longer serves them, the apiVersion to use: kubernetes.io/docs/reference/using-api/deprecation-guide */
const REMOVED: readonly [apiVersion: string, kinds: string, since: string, replacement?: string][] = [
  ['admissionregistration.k8s.io/v1beta1', 'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding', '1.34', 'v1'],
  ['flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema PriorityLevelConfiguration', '1.32', 'v1'],
  ['flowcontrol.apiserver.k8s.io/v1beta2', 'FlowSchema PriorityLevelConfiguration', '1.29', 'v1'],
  ['storage.k8s.io/v1beta1', 'CSIStorageCapacity', '1.27', 'v1'],
  ['autoscaling/v2beta2', 'HorizontalPodAutoscaler', '1.26', 'v2'],
  ['flowcontrol.apiserver.k8s.io/v1beta1', 'FlowSchema PriorityLevelConfiguration', '1.26', 'v1'],
  ['autoscaling/v2beta1', 'HorizontalPodAutoscaler', '1.25', 'v2'],
  ['batch/v1beta1', 'CronJob', '1.25', 'v1'],
  ['discovery.k8s.io/v1beta1', 'EndpointSlice', '1.25', 'v1'],
  ['events.k8s.io/v1beta1', 'Event', '1.25', 'v1'],
  ['node.k8s.io/v1beta1', 'RuntimeClass', '1.25', 'v1'],
  ['policy/v1beta1', 'PodDisruptionBudget', '1.25', 'v1'],
  ['policy/v1beta1', 'PodSecurityPolicy', '1.25'],
  ['admissionregistration.k8s.io/v1beta1', 'MutatingWebhookConfiguration ValidatingWebhookConfiguration', '1.22', 'v1'],
  ['apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition', '1.22', 'v1'],
  ['apiregistration.k8s.io/v1beta1', 'APIService', '1.22', 'v1'],
  ['authentication.k8s.io/v1beta1', 'TokenReview', '1.22', 'v1'],
  [
    'authorization.k8s.io/v1beta1',
    'LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview',
    '1.22',
    'v1',
  ],
  ['certificates.k8s.io/v1beta1', 'CertificateSigningRequest', '1.22', 'v1'],
  ['coordination.k8s.io/v1beta1', 'Lease', '1.22', 'v1'],
  ['extensions/v1beta1', 'Ingress', '1.22', 'networking.k8s.io/v1'],
  ['networking.k8s.io/v1beta1', 'Ingress IngressClass', '1.22', 'v1'],
  ['rbac.authorization.k8s.io/v1beta1', 'ClusterRole ClusterRoleBinding Role RoleBinding', '1.22', 'v1'],
  ['scheduling.k8s.io/v1beta1', 'PriorityClass', '1.22', 'v1'],
  ['storage.k8s.io/v1beta1', 'CSIDriver CSINode StorageClass VolumeAttachment', '1.22', 'v1'],
  ['apps/v1beta1', 'Deployment StatefulSet ControllerRevision', '1.16', 'v1'],
  ['apps/v1beta2', 'Deployment StatefulSet DaemonSet ReplicaSet ControllerRevision', '1.16', 'v1'],
  ['extensions/v1beta1', 'Deployment DaemonSet ReplicaSet', '1.16', 'apps/v1'],
  ['extensions/v1beta1', 'NetworkPolicy', '1.16', 'networking.k8s.io/v1'],
  ['extensions/v1beta1', 'PodSecurityPolicy', '1.16'],
];

const removed = new Map(
  REMOVED.flatMap(([apiVersion, kinds, since, replacement]) => {
    const group = groupOf(apiVersion);
    const whole = replacement === undefined || replacement.includes('/') ? replacement : `${group}/${replacement}`;
    return kinds.split(' ').map((kind) => [`${apiVersion} ${kind}`, { since, replacement: whole }] as const);
  }),
);

interface BuiltIn {
  /** `apiVersion kind` of every release that there are schemas of. */
  readonly all: ReadonlySet<string>;
  readonly kindsOf: ReadonlyMap<string, readonly string[]>;
  readonly versionsOf: ReadonlyMap<string, readonly string[]>;
}

let builtIn: BuiltIn | undefined;

/** All that the known releases of Kubernetes serve. Reads every one of them. */
function builtInKinds(): BuiltIn {
  if (builtIn) return builtIn;
  const all = new Set<string>();
  const kindsOf = new Map<string, string[]>();
  const versionsOf = new Map<string, string[]>();
  for (const version of kubernetesIndex().versions) {
    for (const [apiVersion, kinds] of Object.entries(kubernetesRelease(version).kinds)) {
      for (const kind of Object.keys(kinds)) {
        if (all.has(`${apiVersion} ${kind}`)) continue;
        all.add(`${apiVersion} ${kind}`);
        kindsOf.set(apiVersion, [...(kindsOf.get(apiVersion) ?? []), kind]);
        versionsOf.set(kind, [...(versionsOf.get(kind) ?? []), apiVersion]);
      }
    }
  }
  builtIn = { all, kindsOf, versionsOf };
  return builtIn;
}

/** What the environment knows of the kinds that CustomResourceDefinitions and APIServices add. */
interface Added {
  readonly byKind: ReadonlyMap<string, readonly Resource[]>;
  /** Groups of definitions and API services that don't say more than that. */
  readonly openGroups: ReadonlySet<string>;
}

const addedKinds = derived((cluster: Cluster): Added => {
  const byKind = new Map<string, Resource[]>();
  const openGroups = new Set<string>();
  const refused = cluster.schemaErrors.map(({ resource }) => resource);
  for (const resource of new Set([...cluster.resources, ...refused])) {
    if (resource.kind === 'CustomResourceDefinition') {
      const group = valueAt(resource.object, ['spec', 'group']);
      const kind = valueAt(resource.object, ['spec', 'names', 'kind']);
      const id = `${group}/${kind}`;
      if (typeof group === 'string' && typeof kind === 'string') byKind.set(id, [...(byKind.get(id) ?? []), resource]);
      else openGroups.add(resource.name.slice(resource.name.indexOf('.') + 1));
    } else if (resource.kind === 'APIService') {
      const group = valueAt(resource.object, ['spec', 'group']);
      if (typeof group === 'string') openGroups.add(group);
    }
  }
  return { byKind, openGroups };
});

/** Groups that API servers of their own serve, without any definition: OpenShift's, Calico's, Carvel's, those of metrics. */
const AGGREGATED = /\.openshift\.io$|^projectcalico\.org$|^data\.packaging\.carvel\.dev$|(?:^|\.)metrics\.k8s\.io$/;

/**
 * Whether the API server serves what an object says it is. A kind of Kubernetes' own is judged by its releases, a custom one by the
 * CustomResourceDefinitions rendered and existing; those are known where `existing` lists some and nothing here installs more.
 */
export function servingOf(cluster: Cluster, resource: Resource): Serving {
  const { apiVersion, group, version, kind } = resource;
  if (isUnknown(apiVersion) || isUnknown(kind)) return { state: 'unknown' };
  const gone = removed.get(`${apiVersion} ${kind}`);
  if (gone) return { state: 'removed', ...gone };
  const { byKind, openGroups } = addedKinds(cluster);
  const definitions = byKind.get(`${group}/${kind}`);
  if (definitions) {
    const served = definitions.map(servedVersions);
    const [definition] = definitions;
    if (!definition || served.some((versions) => versions === undefined || versions.includes(version))) {
      return { state: 'served' };
    }
    return {
      state: 'version-missing',
      served: [...new Set(served.flatMap((versions) => versions ?? []))],
      definition,
      changing: definition.existing && mayBeDefined(cluster, group),
    };
  }
  if (openGroups.has(group)) return { state: 'unknown' };
  if (!group.includes('.') || own().groups.has(group)) return servingOfBuiltIn(resource);
  if (!cluster.complete || !cluster.knows('apiextensions.k8s.io', 'CustomResourceDefinition'))
    return { state: 'unknown' };
  return { state: AGGREGATED.test(group) || mayBeDefined(cluster, group) ? 'unknown' : 'undefined' };
}

/**
 * Whether something rendered may install definitions of a group: a release or application, a ServiceAccount that may create them (many
 * operators bring their own), or a resource of a controller that nobody knows (OLM's Subscription, Crossplane's Provider …), where
 * that controller is there itself.
 */
function mayBeDefined(cluster: Cluster, group: string): boolean {
  const known = definable(cluster);
  let may = known.get(group);
  if (may === undefined) {
    const kind = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' };
    const others = [...definedUnlisted(cluster)].filter((other) => other !== group);
    may =
      mayMake(cluster, { ...kind, scope: '', name: `*.${group}` }) !== undefined ||
      definitionWriter(cluster) !== undefined ||
      others.length > 0;
    known.set(group, may);
  }
  return may;
}

/** Thousands of objects are of one group. */
const definable = derived(() => new Map<string, boolean>());

/** The groups of what is rendered of kinds that are defined, and of controllers that nobody told us about. */
const definedUnlisted = derived((cluster: Cluster): ReadonlySet<string> => {
  const { byKind } = addedKinds(cluster);
  const defined = cluster.resources.filter(
    (resource) => !resource.existing && isUnlisted(resource) && byKind.has(`${resource.group}/${resource.kind}`),
  );
  return new Set(defined.map(({ group }) => group));
});

let ownKinds: { kinds: ReadonlySet<string>; groups: ReadonlySet<string> } | undefined;

/** The kinds of Kubernetes' own as `group/Kind`, and their groups. */
function own(): { kinds: ReadonlySet<string>; groups: ReadonlySet<string> } {
  if (!ownKinds) {
    const { clusterScoped, namespaced } = kubernetesIndex();
    const kinds = new Set([...clusterScoped, ...namespaced]);
    ownKinds = { kinds, groups: new Set([...kinds].map(groupOf)) };
  }
  return ownKinds;
}

/** What requests and answers are made of: no schemas of objects name them. */
const NEVER_STORED =
  /(?:List|Options|Review|Request|Metrics)$|^(?:Scale|Eviction|Binding|Status|WatchEvent|DeploymentRollback|APIGroup|APIVersions|Table)$/;

/** Alpha and beta kinds come and go between the releases that are known here; stable ones stay. */
function servingOfBuiltIn({ apiVersion, group, version, kind }: Resource): Serving {
  // Nearly all objects end here, without the schemas of every release having been read.
  if (version === 'v1' && own().kinds.has(`${group}/${kind}`)) return { state: 'served' };
  const { all, kindsOf, versionsOf } = builtInKinds();
  if (all.has(`${apiVersion} ${kind}`)) return { state: 'served' };
  if (!/^v\d+$/.test(version) || NEVER_STORED.test(kind)) return { state: 'unknown' };
  const kinds = kindsOf.get(apiVersion) ?? [];
  const elsewhere = versionsOf.get(kind) ?? [];
  // A later release may have later versions.
  const isKnown = kinds.length > 0 || (version === 'v1' && elsewhere.length > 0);
  return isKnown ? { state: 'misnamed', elsewhere, kinds } : { state: 'unknown' };
}

/** The versions that a definition serves; undefined where it doesn't say. */
function servedVersions({ object }: Resource): string[] | undefined {
  const spec = asMap(valueAt(object, ['spec'])) ?? {};
  if (typeof spec.version === 'string' && !Array.isArray(spec.versions)) return [spec.version];
  if (!Array.isArray(spec.versions) || spec.versions.length === 0) return undefined;
  const names = asList(spec.versions).flatMap((entry) => {
    const { name, served } = asMap(entry) ?? {};
    return typeof name === 'string' && served !== false ? [name] : [];
  });
  return names.length > 0 && !names.some(isUnknown) ? names : undefined;
}
