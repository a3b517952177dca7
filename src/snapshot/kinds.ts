import { ANNOTATION_EDGES, EDGES } from '../cluster/references/references.ts';
import { groupOf } from '../resource.ts';
import { bundleOf } from '../schema/files.ts';

/** A kind that rules ask for, and what they ask of its objects. */
export interface Kind {
  /** `''` for core. */
  readonly group: string;
  readonly kind: string;
  /** How its empty list is written where the API server doesn't serve it; undefined where that would say nothing, or isn't known here. */
  readonly apiVersion: string | undefined;
  /**
   * What of it is kept beside its name: paths as in `project`. Whatever isn't listed stays out, since specs may hold credentials
   * anywhere.
   */
  readonly keep: readonly string[];
  /** What isn't asked for at all. */
  readonly fieldSelector?: string;
}

const LABELS = 'metadata.labels';
const ANNOTATIONS = 'metadata.annotations';
const TRAEFIK = ['traefik.io/v1alpha1', 'traefik.containo.us/v1alpha1'];
const GATEWAY_ROUTE = [
  ...['spec.parentRefs', 'spec.hostnames', 'spec.rules[].matches[].path', 'spec.rules[].matches[].method'],
  // Requests may be told apart by a secret that they carry: what a header or parameter holds stays out.
  ...['headers[].name', 'headers[].type', 'queryParams[].name', 'queryParams[].type'].map(
    (field) => `spec.rules[].matches[].${field}`,
  ),
  ...['group', 'kind', 'name', 'namespace', 'port'].map((field) => `spec.rules[].backendRefs[].${field}`),
];
const TRAEFIK_ROUTE = [
  ANNOTATIONS,
  'spec.entryPoints',
  ...['match', 'kind', 'priority', 'middlewares'].map((field) => `spec.routes[].${field}`),
  ...['kind', 'name', 'namespace', 'port'].map((field) => `spec.routes[].services[].${field}`),
  'spec.tls',
];
const ISSUER = [
  'spec.acme.server',
  'spec.acme.privateKeySecretRef',
  'spec.acme.solvers[].selector',
  'spec.acme.solvers[].http01',
  'spec.acme.solvers[].dns01{}',
  'spec.ca.secretName',
  'spec.selfSigned{}',
  'spec.vault{}',
  'spec.venafi{}',
];
const SYNCED = [
  'spec.target.name',
  'spec.target.creationPolicy',
  'spec.target.template.mergePolicy',
  'spec.target.template.data.*{}',
  'spec.target.template.templateFrom[]{}',
  'spec.data[].secretKey',
  'spec.dataFrom[]{}',
];

/** What is kept of each kind; workloads, Secrets and ConfigMaps have functions of their own in projections.ts. */
const KEPT: readonly [apiVersions: string | readonly string[], kinds: string, ...keep: string[]][] = [
  [
    'v1',
    'Node',
    LABELS,
    ANNOTATIONS,
    'spec.taints',
    'spec.unschedulable',
    'status.addresses',
    'status.allocatable',
    'status.nodeInfo.kubeletVersion',
  ],
  ['v1', 'Namespace', LABELS, ANNOTATIONS],
  [
    'v1',
    'Service',
    LABELS,
    ANNOTATIONS,
    'spec.type',
    'spec.selector',
    'spec.ports',
    'spec.clusterIP',
    'spec.externalName',
    'spec.externalIPs',
    'spec.externalTrafficPolicy',
    'spec.loadBalancerClass',
    'spec.loadBalancerIP',
    'spec.publishNotReadyAddresses',
    'status.loadBalancer.ingress[].ip',
    'status.loadBalancer.ingress[].hostname',
  ],
  ['v1', 'ServiceAccount', 'imagePullSecrets'],
  ['v1', 'ConfigMap Secret', ANNOTATIONS],
  [
    'v1',
    'PersistentVolume',
    LABELS,
    'spec.accessModes',
    'spec.capacity',
    'spec.claimRef.name',
    'spec.claimRef.namespace',
    'spec.hostPath',
    'spec.local',
    'spec.nodeAffinity',
    'spec.storageClassName',
    'spec.volumeMode',
    'spec.csi.driver',
    'status.phase',
    ...[
      'awsElasticBlockStore',
      'azureDisk',
      'azureFile',
      'cephfs',
      'cinder',
      'fc',
      'flexVolume',
      'gcePersistentDisk',
    ].map((source) => `spec.${source}{}`),
    ...['iscsi', 'nfs', 'portworxVolume', 'rbd', 'vsphereVolume'].map((source) => `spec.${source}{}`),
  ],
  [
    'v1',
    'PersistentVolumeClaim',
    ANNOTATIONS,
    'spec.accessModes',
    'spec.resources',
    'spec.selector',
    'spec.storageClassName',
    'spec.volumeMode',
    'spec.volumeName',
  ],
  ['v1', 'ResourceQuota', 'spec'],
  ['v1', 'LimitRange', 'spec'],
  ['v1', 'Pod', LABELS],
  ['v1', 'ReplicationController'],
  ['apps/v1', 'Deployment StatefulSet DaemonSet ReplicaSet'],
  ['batch/v1', 'Job CronJob'],
  ['argoproj.io/v1alpha1', 'Rollout'],
  [
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'spec.scaleTargetRef',
    'spec.minReplicas',
    'spec.maxReplicas',
    'spec.metrics',
    'spec.targetCPUUtilizationPercentage',
  ],
  [
    'keda.sh/v1alpha1',
    'ScaledObject',
    ANNOTATIONS,
    'spec.scaleTargetRef',
    'spec.minReplicaCount',
    'spec.maxReplicaCount',
    'spec.idleReplicaCount',
    'spec.triggers[].type',
    'spec.triggers[].metricType',
    'spec.triggers[].metadata.type',
    'spec.triggers[].metadata.containerName',
  ],
  [
    'autoscaling.k8s.io/v1',
    'VerticalPodAutoscaler',
    'spec.targetRef',
    'spec.updatePolicy.updateMode',
    'spec.resourcePolicy.containerPolicies[].containerName',
    'spec.resourcePolicy.containerPolicies[].mode',
  ],
  ['policy/v1', 'PodDisruptionBudget', 'spec'],
  ['networking.k8s.io/v1', 'NetworkPolicy', 'spec'],
  ['networking.k8s.io/v1', 'Ingress', LABELS, ANNOTATIONS, 'spec'],
  ['networking.k8s.io/v1', 'IngressClass', ANNOTATIONS, 'spec'],
  [
    'storage.k8s.io/v1',
    'StorageClass',
    ANNOTATIONS,
    'provisioner',
    'volumeBindingMode',
    'reclaimPolicy',
    'allowVolumeExpansion',
    'allowedTopologies',
  ],
  ['storage.k8s.io/v1', 'VolumeAttributesClass', 'driverName'],
  ['scheduling.k8s.io/v1', 'PriorityClass', 'value', 'globalDefault', 'preemptionPolicy'],
  ['node.k8s.io/v1', 'RuntimeClass', 'handler', 'overhead', 'scheduling'],
  ['rbac.authorization.k8s.io/v1', 'Role', 'rules'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'rules', 'aggregationRule'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding ClusterRoleBinding', 'roleRef', 'subjects'],
  [
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'spec.group',
    'spec.names.kind',
    'spec.names.plural',
    'spec.scope',
    'spec.versions[].name',
    'spec.versions[].served',
    'spec.versions[].storage',
  ],
  ['apiregistration.k8s.io/v1', 'APIService', 'spec.group', 'spec.version', 'spec.service'],
  ['snapshot.storage.k8s.io/v1', 'VolumeSnapshot'],
  ['resource.k8s.io/v1', 'ResourceClaim ResourceClaimTemplate'],
  ['admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy MutatingAdmissionPolicy'],

  ['gateway.networking.k8s.io/v1', 'GatewayClass', 'spec.controllerName'],
  ['gateway.networking.k8s.io/v1', 'Gateway', ANNOTATIONS, 'spec.gatewayClassName', 'spec.listeners'],
  ['gateway.networking.k8s.io/v1', 'HTTPRoute GRPCRoute', ...GATEWAY_ROUTE],
  ['gateway.networking.k8s.io/v1alpha2', 'TLSRoute TCPRoute UDPRoute', ...GATEWAY_ROUTE],
  [TRAEFIK, 'IngressRoute IngressRouteTCP IngressRouteUDP', ...TRAEFIK_ROUTE],
  [TRAEFIK, 'Middleware MiddlewareTCP TLSOption ServersTransport'],
  [TRAEFIK, 'TLSStore', 'spec.defaultCertificate', 'spec.certificates', 'spec.defaultGeneratedCert{}'],
  [
    TRAEFIK,
    'TraefikService',
    ...['kind', 'name', 'namespace', 'port'].flatMap((field) => [
      `spec.weighted.services[].${field}`,
      `spec.highestRandomWeight.services[].${field}`,
      `spec.mirroring.${field}`,
      `spec.mirroring.mirrors[].${field}`,
    ]),
  ],
  [
    'cert-manager.io/v1',
    'Certificate',
    LABELS,
    'spec.secretName',
    'spec.issuerRef',
    'spec.commonName',
    'spec.dnsNames',
    'spec.keystores.*{}',
  ],
  ['cert-manager.io/v1', 'Issuer ClusterIssuer', ...ISSUER],
  [
    'externaldns.k8s.io/v1alpha1',
    'DNSEndpoint',
    'spec.endpoints[].dnsName',
    'spec.endpoints[].recordType',
    'spec.endpoints[].targets',
  ],
  ['bitnami.com/v1alpha1', 'SealedSecret', 'spec.encryptedData.*{}', 'spec.template.data.*{}', 'spec.data{}'],
  ['external-secrets.io/v1', 'ExternalSecret', ...SYNCED],
  [
    'external-secrets.io/v1',
    'ClusterExternalSecret',
    'spec.externalSecretName',
    ...SYNCED.map((path) => path.replace(/^spec/, 'spec.externalSecretSpec')),
  ],
  ['external-secrets.io/v1', 'SecretStore ClusterSecretStore'],
  ['trust.cert-manager.io/v1alpha1', 'Bundle'],
  ['helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'spec.targetNamespace', 'spec.dependsOn'],
  ['kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'spec.path', 'spec.targetNamespace', 'spec.dependsOn'],
  ['fluxcd.controlplane.io/v1', 'ResourceSet', 'spec.dependsOn'],
  ['source.toolkit.fluxcd.io/v1', 'HelmRepository GitRepository Bucket OCIRepository HelmChart'],
  [
    'argoproj.io/v1alpha1',
    'Application',
    'spec.destination.namespace',
    'spec.source.path',
    'spec.source.chart',
    'spec.sources[].path',
    'spec.sources[].chart',
  ],
  ['argoproj.io/v1alpha1', 'AppProject'],
  [
    'kyverno.io/v1',
    'ClusterPolicy Policy',
    'spec.rules[].mutate{}',
    ...['apiVersion', 'kind', 'name', 'cloneList.kinds'].map((field) => `spec.rules[].generate.${field}`),
  ],
  ['projectcontour.io/v1', 'HTTPProxy', 'spec.virtualhost.fqdn', 'spec.virtualhost.tls.secretName'],
  ['networking.istio.io/v1', 'ServiceEntry', 'spec.hosts'],
  // That these are there is enough: rules leave alone what they decide.
  ['cilium.io/v2', 'CiliumNetworkPolicy CiliumClusterwideNetworkPolicy'],
  [['crd.projectcalico.org/v1', 'projectcalico.org/v3'], 'NetworkPolicy GlobalNetworkPolicy'],
  ['policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy BaselineAdminNetworkPolicy'],
  ['policy.networking.k8s.io/v1alpha2', 'ClusterNetworkPolicy'],
  ['crd.antrea.io/v1beta1', 'NetworkPolicy ClusterNetworkPolicy'],
  ['policies.kyverno.io/v1', 'MutatingPolicy NamespacedMutatingPolicy'],
  ['mutations.gatekeeper.sh/v1', 'Assign ModifySet'],
  ['security.openshift.io/v1', 'SecurityContextConstraints'],
  ['karpenter.sh/v1', 'NodePool'],
  ['autoscaling.openshift.io/v1', 'ClusterAutoscaler MachineAutoscaler'],
];

/** Helm keeps its releases in Secrets, up to a megabyte each; pods that have ended hold nothing any more. */
const FIELD_SELECTORS: ReadonlyMap<string, string> = new Map([
  ['/Secret', 'type!=helm.sh/release.v1'],
  ['/Pod', 'status.phase!=Succeeded,status.phase!=Failed'],
]);

/** Where external-dns makes no use of them, DNS has its records all the same. */
const ELSEWHERE = new Set(['externaldns.k8s.io/DNSEndpoint']);

/** The kinds that a snapshot asks for: those of the table, and every other one that the edges between objects name. */
export function wantedKinds(): readonly Kind[] {
  const kinds = new Map<string, Kind>();
  const add = (group: string, kind: string, apiVersion: string | undefined, keep: readonly string[]) => {
    const id = `${group}/${kind}`;
    const known = kinds.get(id);
    const fieldSelector = FIELD_SELECTORS.get(id);
    kinds.set(id, {
      group,
      kind,
      apiVersion: ELSEWHERE.has(id) ? undefined : (known?.apiVersion ?? apiVersion),
      keep: [...(known?.keep ?? []), ...keep],
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    });
  };
  for (const [apiVersions, names, ...keep] of KEPT) {
    for (const apiVersion of [apiVersions].flat()) {
      for (const kind of names.split(' ')) add(groupOf(apiVersion), kind, apiVersion, keep);
    }
  }
  for (const { to } of [...EDGES, ...ANNOTATION_EDGES]) {
    for (const id of to) {
      const [group, kind] = [groupOf(id), id.slice(id.indexOf('/') + 1)];
      if (!kinds.has(`${group}/${kind}`)) add(group, kind, bundledVersion(group, kind), []);
    }
  }
  return [...kinds.values()];
}

/** The apiVersion of a custom resource as the newest of the published packages has it. */
function bundledVersion(group: string, kind: string): string | undefined {
  const { kinds = {} } = bundleOf(group)?.releases.at(-1) ?? {};
  const version = Object.keys(kinds).findLast((candidate) => Object.hasOwn(kinds[candidate] ?? {}, kind));
  return version === undefined ? undefined : `${group}/${version}`;
}
