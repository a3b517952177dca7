import { groupOf, type Path, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt, type Workload, workloadOf } from '../workloads.ts';

type Fields = Record<string, unknown>;

/** Where one kind of object names another one, and what breaks while that one isn't there. */
export interface Edge {
  /** `pod` for every pod template, else kinds as `group/Kind`, without the slash for core. */
  readonly from: readonly string[];
  /** Where the name stands: `[]` enters a list, `*` stands for any part of a key, `a|b` for either key. */
  readonly path: string;
  /** Kinds that it may name; a `kind` beside the name chooses, the first is the default. */
  readonly to: readonly string[];
  readonly breaks: string;
  /** It bites under a condition only: a warning at most. Asked with the maps around the name, the innermost last. */
  readonly mild?: (around: readonly Fields[]) => boolean;
  /** The field beside the name that holds the namespace; without it, the object's own namespace counts. */
  readonly namespace?: string;
  /** Where, seen from beside the name, stand the keys that the object must have. */
  readonly keys?: string;
  /** The keys that it must have in any case. */
  readonly needs?: readonly string[];
  /** Only `data` of a ConfigMap counts, not `binaryData`. */
  readonly textOnly?: boolean;
  /** Fields beside the name, or of the whole object, that make it mean nothing, or something else. */
  readonly unless?: (beside: Fields, whole: Fields) => boolean;
}

const CONTAINER = 'initContainers|containers|ephemeralContainers[]';
const ENV = 'the container stays in CreateContainerConfigError';
const MOUNT = 'the pod stays in ContainerCreating';
const PENDING = 'the pod stays Pending';
const REFUSED = 'no pod of it is created';
const PULL = 'images are pulled without it, and a private registry refuses';
const CLAIM = 'the claim stays Pending';
const UNROUTED = 'requests for it reach nobody';
const DEFAULT_CERTIFICATE = "clients get the controller's default certificate";
const UNSCALED = 'it scales nothing';
const NO_GRANT = 'it grants nothing';
const NOT_ISSUED = 'no certificate is issued';
const NOT_READY = 'the issuer never becomes ready';
const NO_ROUTER = 'Traefik drops the router, its requests get 404';
const NO_MIDDLEWARE = 'Traefik drops the middleware and every router that uses it';
const NOT_FETCHED = 'Flux fetches nothing from it';
const NOT_SYNCED = 'its Secret is never made';
const STALLED = 'Flux never reconciles it';

const ALWAYS = () => true;
const TLS_KEYS = ['tls.crt', 'tls.key'];
const traefik = (...kinds: string[]) => kinds.flatMap((kind) => [`traefik.io/${kind}`, `traefik.containo.us/${kind}`]);
const BACKENDS = ['Service', ...traefik('TraefikService')];
const SCALED = [
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/ReplicaSet',
  'ReplicationController',
  'argoproj.io/Rollout',
];
const ROUTES = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'].map(
  (kind) => `gateway.networking.k8s.io/${kind}`,
);
const FETCHED = ['HelmRepository', 'GitRepository', 'Bucket', 'OCIRepository'].map(
  (kind) => `source.toolkit.fluxcd.io/${kind}`,
);
const FLUX_SOURCES = [...FETCHED, 'source.toolkit.fluxcd.io/HelmChart'];
const FLUX_APPLIERS = ['kustomize.toolkit.fluxcd.io/Kustomization', 'helm.toolkit.fluxcd.io/HelmRelease'];
const EXTERNAL_SECRET = 'external-secrets.io/ExternalSecret';
const STORES = ['external-secrets.io/SecretStore', 'external-secrets.io/ClusterSecretStore'];
const monitoring = (...kinds: string[]) => kinds.map((kind) => `monitoring.coreos.com/${kind}`);
const ISSUERS = ['cert-manager.io/Issuer', 'cert-manager.io/ClusterIssuer'];

function edge(
  from: string | readonly string[],
  path: string,
  to: string | readonly string[],
  breaks: string,
  more: Omit<Edge, 'from' | 'path' | 'to' | 'breaks'> = {},
): Edge {
  return { from: [from].flat(), path, to: [to].flat(), breaks, ...more };
}

/** A claim is bound by hand where it names its volume or selects among volumes: then its class need not exist. */
const boundByHand = ({ volumeName, selector }: Fields) => volumeName !== undefined || selector !== undefined;

/** The AWS load balancer controller takes the name for that of an annotation. */
const usesAnnotation = ({ port }: Fields) => asMap(port)?.name === 'use-annotation';

/** The AWS load balancer controller takes certificates from ACM by their hosts, never from a Secret. */
const isAlb = (_: Fields, whole: Fields) =>
  asMap(whole.spec)?.ingressClassName === 'alb' ||
  Object.keys(asMap(asMap(whole.metadata)?.annotations) ?? {}).some((key) =>
    key.startsWith('alb.ingress.kubernetes.io/'),
  );

const ignoresFailure = (around: readonly Fields[]) => around.at(-3)?.failurePolicy === 'Ignore';

/** Every edge between objects that is known here; a line each. */
export const EDGES: readonly Edge[] = [
  // Pods: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
  edge('pod', `${CONTAINER}.env[].valueFrom.configMapKeyRef.name`, 'ConfigMap', ENV, { keys: 'key', textOnly: true }),
  edge('pod', `${CONTAINER}.env[].valueFrom.secretKeyRef.name`, 'Secret', ENV, { keys: 'key' }),
  edge('pod', `${CONTAINER}.envFrom[].configMapRef.name`, 'ConfigMap', ENV),
  edge('pod', `${CONTAINER}.envFrom[].secretRef.name`, 'Secret', ENV),
  edge('pod', 'volumes[].configMap.name', 'ConfigMap', MOUNT, { keys: 'items[].key' }),
  edge('pod', 'volumes[].secret.secretName', 'Secret', MOUNT, { keys: 'items[].key' }),
  edge('pod', 'volumes[].projected.sources[].configMap.name', 'ConfigMap', MOUNT, { keys: 'items[].key' }),
  edge('pod', 'volumes[].projected.sources[].secret.name', 'Secret', MOUNT, { keys: 'items[].key' }),
  edge('pod', 'volumes[].persistentVolumeClaim.claimName', 'PersistentVolumeClaim', PENDING),
  edge('pod', 'volumes[].ephemeral.volumeClaimTemplate.spec.storageClassName', 'storage.k8s.io/StorageClass', PENDING, {
    unless: boundByHand,
  }),
  edge('pod', 'volumes[].csi.nodePublishSecretRef.name', 'Secret', MOUNT),
  edge('pod', 'volumes[].azureFile.secretName', 'Secret', MOUNT),
  edge('pod', 'volumes[].cephfs|cinder|flexVolume|iscsi|rbd|scaleIO|storageos.secretRef.name', 'Secret', MOUNT),
  edge('pod', 'imagePullSecrets[].name', 'Secret', PULL, { mild: ALWAYS }),
  edge('pod', 'serviceAccountName', 'ServiceAccount', REFUSED),
  // The API server reads the old name of the field only where the new one is empty.
  edge('pod', 'serviceAccount', 'ServiceAccount', REFUSED, {
    unless: ({ serviceAccountName }) => !!serviceAccountName,
  }),
  edge('pod', 'runtimeClassName', 'node.k8s.io/RuntimeClass', REFUSED),
  edge('pod', 'priorityClassName', 'scheduling.k8s.io/PriorityClass', REFUSED),
  edge('pod', 'resourceClaims[].resourceClaimName', 'resource.k8s.io/ResourceClaim', PENDING),
  edge('pod', 'resourceClaims[].resourceClaimTemplateName', 'resource.k8s.io/ResourceClaimTemplate', PENDING),

  // What workloads lean on
  edge('ServiceAccount', 'imagePullSecrets[].name', 'Secret', PULL, { mild: ALWAYS }),
  edge('ServiceAccount', 'secrets[].name', 'Secret', 'no pod may mount it', { mild: ALWAYS }),
  edge('apps/StatefulSet', 'spec.serviceName', 'Service', 'its pods get no DNS names of their own', { mild: ALWAYS }),
  edge(
    'apps/StatefulSet',
    'spec.volumeClaimTemplates[].spec.storageClassName',
    'storage.k8s.io/StorageClass',
    PENDING,
    {
      unless: boundByHand,
    },
  ),
  edge('autoscaling/HorizontalPodAutoscaler', 'spec.scaleTargetRef.name', SCALED, UNSCALED),
  edge('keda.sh/ScaledObject', 'spec.scaleTargetRef.name', SCALED, UNSCALED),
  edge('autoscaling.k8s.io/VerticalPodAutoscaler', 'spec.targetRef.name', [...SCALED, 'apps/DaemonSet'], UNSCALED, {
    mild: ALWAYS,
  }),

  // Storage: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
  edge('PersistentVolumeClaim', 'spec.storageClassName', 'storage.k8s.io/StorageClass', CLAIM, { unless: boundByHand }),
  edge('PersistentVolumeClaim', 'spec.volumeName', 'PersistentVolume', CLAIM),
  edge('PersistentVolumeClaim', 'spec.volumeAttributesClassName', 'storage.k8s.io/VolumeAttributesClass', CLAIM),
  edge(
    'PersistentVolumeClaim',
    'spec.dataSource|dataSourceRef.name',
    ['PersistentVolumeClaim', 'snapshot.storage.k8s.io/VolumeSnapshot'],
    CLAIM,
    { namespace: 'namespace' },
  ),
  edge('PersistentVolume', 'spec.claimRef.name', 'PersistentVolumeClaim', 'the volume is kept for nobody', {
    namespace: 'namespace',
    mild: ALWAYS,
  }),
  edge('PersistentVolume', 'spec.csi.*SecretRef.name', 'Secret', MOUNT, { namespace: 'namespace' }),
  edge('PersistentVolume', 'spec.cephfs|cinder|flexVolume|iscsi|rbd|scaleIO.secretRef.name', 'Secret', MOUNT, {
    namespace: 'namespace',
  }),
  edge('PersistentVolume', 'spec.azureFile.secretName', 'Secret', MOUNT, { namespace: 'secretNamespace' }),

  // Permissions: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
  edge(
    'rbac.authorization.k8s.io/RoleBinding',
    'roleRef.name',
    ['rbac.authorization.k8s.io/Role', 'rbac.authorization.k8s.io/ClusterRole'],
    NO_GRANT,
  ),
  edge(
    'rbac.authorization.k8s.io/ClusterRoleBinding',
    'roleRef.name',
    'rbac.authorization.k8s.io/ClusterRole',
    NO_GRANT,
  ),
  edge(
    ['rbac.authorization.k8s.io/RoleBinding', 'rbac.authorization.k8s.io/ClusterRoleBinding'],
    'subjects[].name',
    'ServiceAccount',
    'it grants nothing to that subject',
    { namespace: 'namespace', mild: ALWAYS },
  ),

  // What the API server calls
  edge(
    ['Mutating', 'Validating'].map((kind) => `admissionregistration.k8s.io/${kind}WebhookConfiguration`),
    'webhooks[].clientConfig.service.name',
    'Service',
    'the API server refuses every request that it should review',
    { namespace: 'namespace', mild: ignoresFailure },
  ),
  ...['Mutating', 'Validating'].map((kind) =>
    edge(
      `admissionregistration.k8s.io/${kind}AdmissionPolicyBinding`,
      'spec.policyName',
      `admissionregistration.k8s.io/${kind}AdmissionPolicy`,
      'it enforces nothing',
    ),
  ),
  edge('apiregistration.k8s.io/APIService', 'spec.service.name', 'Service', 'the API that it serves is unavailable', {
    namespace: 'namespace',
  }),
  edge(
    'apiextensions.k8s.io/CustomResourceDefinition',
    'spec.conversion.webhook.clientConfig.service.name',
    'Service',
    'objects stored in another version cannot be read',
    { namespace: 'namespace' },
  ),

  // Ingress: https://kubernetes.io/docs/concepts/services-networking/ingress/
  edge('networking.k8s.io/Ingress', 'spec.defaultBackend.service.name', 'Service', UNROUTED, {
    unless: usesAnnotation,
  }),
  edge('networking.k8s.io/Ingress', 'spec.rules[].http.paths[].backend.service.name', 'Service', UNROUTED, {
    unless: usesAnnotation,
  }),
  edge('networking.k8s.io/Ingress', 'spec.tls[].secretName', 'Secret', DEFAULT_CERTIFICATE, {
    needs: TLS_KEYS,
    unless: isAlb,
  }),
  edge(
    'networking.k8s.io/Ingress',
    'spec.ingressClassName',
    'networking.k8s.io/IngressClass',
    'no controller serves it',
  ),

  // Gateway API: https://gateway-api.sigs.k8s.io/reference/spec/#backendref
  edge(ROUTES, 'spec.rules[].backendRefs[].name', 'Service', UNROUTED, { namespace: 'namespace' }),
  edge(
    ['HTTPRoute', 'GRPCRoute'].map((kind) => `gateway.networking.k8s.io/${kind}`),
    'spec.rules[].filters[].requestMirror.backendRef.name',
    'Service',
    'no request is mirrored',
    { namespace: 'namespace', mild: ALWAYS },
  ),
  edge(ROUTES, 'spec.parentRefs[].name', ['gateway.networking.k8s.io/Gateway', 'Service'], 'no gateway serves it', {
    namespace: 'namespace',
  }),
  edge(
    'gateway.networking.k8s.io/Gateway',
    'spec.listeners[].tls.certificateRefs[].name',
    'Secret',
    'the listener is not programmed',
    { namespace: 'namespace', needs: TLS_KEYS },
  ),
  edge(
    'gateway.networking.k8s.io/Gateway',
    'spec.gatewayClassName',
    'gateway.networking.k8s.io/GatewayClass',
    'no controller serves it',
  ),

  // Traefik: https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/
  edge(traefik('IngressRoute'), 'spec.routes[].services[].name', BACKENDS, NO_ROUTER, { namespace: 'namespace' }),
  edge(traefik('IngressRouteTCP', 'IngressRouteUDP'), 'spec.routes[].services[].name', 'Service', NO_ROUTER, {
    namespace: 'namespace',
  }),
  edge(traefik('IngressRoute'), 'spec.routes[].middlewares[].name', traefik('Middleware'), NO_ROUTER, {
    namespace: 'namespace',
  }),
  edge(traefik('IngressRouteTCP'), 'spec.routes[].middlewares[].name', traefik('MiddlewareTCP'), NO_ROUTER, {
    namespace: 'namespace',
  }),
  edge(traefik('IngressRoute', 'IngressRouteTCP'), 'spec.tls.secretName', 'Secret', DEFAULT_CERTIFICATE, {
    needs: TLS_KEYS,
  }),
  edge(traefik('IngressRoute', 'IngressRouteTCP'), 'spec.tls.options.name', traefik('TLSOption'), NO_ROUTER, {
    namespace: 'namespace',
  }),
  edge(traefik('TraefikService'), 'spec.weighted.services[].name', BACKENDS, UNROUTED, { namespace: 'namespace' }),
  edge(traefik('TraefikService'), 'spec.mirroring.name', BACKENDS, UNROUTED, { namespace: 'namespace' }),
  edge(traefik('TraefikService'), 'spec.mirroring.mirrors[].name', BACKENDS, UNROUTED, { namespace: 'namespace' }),
  edge(traefik('Middleware'), 'spec.chain.middlewares[].name', traefik('Middleware'), NO_MIDDLEWARE, {
    namespace: 'namespace',
  }),
  edge(traefik('Middleware'), 'spec.errors.service.name', BACKENDS, NO_MIDDLEWARE, { namespace: 'namespace' }),
  edge(traefik('Middleware'), 'spec.basicAuth|digestAuth.secret', 'Secret', NO_MIDDLEWARE),
  edge(traefik('Middleware'), 'spec.forwardAuth.tls.caSecret', 'Secret', NO_MIDDLEWARE),
  edge(traefik('Middleware'), 'spec.forwardAuth.tls.certSecret', 'Secret', NO_MIDDLEWARE, { needs: TLS_KEYS }),
  edge(traefik('TLSOption'), 'spec.clientAuth.secretNames[]', 'Secret', 'no client certificate is trusted'),
  edge(traefik('TLSStore'), 'spec.defaultCertificate.secretName', 'Secret', DEFAULT_CERTIFICATE, { needs: TLS_KEYS }),
  edge(traefik('TLSStore'), 'spec.certificates[].secretName', 'Secret', DEFAULT_CERTIFICATE, { needs: TLS_KEYS }),
  edge(traefik('ServersTransport'), 'spec.rootCAsSecrets[]', 'Secret', 'its servers are not trusted'),
  edge(traefik('ServersTransport'), 'spec.rootCAs[].secret', 'Secret', 'its servers are not trusted'),
  edge(traefik('ServersTransport'), 'spec.rootCAs[].configMap', 'ConfigMap', 'its servers are not trusted'),
  edge(traefik('ServersTransport'), 'spec.certificatesSecrets[]', 'Secret', 'its servers refuse it', {
    needs: TLS_KEYS,
  }),
  edge(traefik('IngressRoute'), 'spec.routes[].services[].serversTransport', traefik('ServersTransport'), NO_ROUTER),

  // cert-manager: https://cert-manager.io/docs/reference/api-docs/. Secrets of a ClusterIssuer lie in a namespace that the
  // controller's flags choose.
  edge('cert-manager.io/Certificate', 'spec.issuerRef.name', ISSUERS, NOT_ISSUED),
  edge('cert-manager.io/CertificateRequest', 'spec.issuerRef.name', ISSUERS, NOT_ISSUED),
  edge('cert-manager.io/Certificate', 'spec.keystores.jks|pkcs12.passwordSecretRef.name', 'Secret', NOT_ISSUED, {
    keys: 'key',
  }),
  edge('cert-manager.io/Issuer', 'spec.ca.secretName', 'Secret', NOT_READY, { needs: TLS_KEYS }),
  edge('cert-manager.io/Issuer', 'spec.acme.externalAccountBinding.keySecretRef.name', 'Secret', NOT_READY, {
    keys: 'key',
  }),
  edge('cert-manager.io/Issuer', 'spec.acme.solvers[].dns01.*.*SecretRef.name', 'Secret', NOT_ISSUED, { keys: 'key' }),
  edge('cert-manager.io/Issuer', 'spec.vault.auth.tokenSecretRef.name', 'Secret', NOT_READY, { keys: 'key' }),
  edge('cert-manager.io/Issuer', 'spec.vault.auth.appRole|kubernetes.secretRef.name', 'Secret', NOT_READY, {
    keys: 'key',
  }),
  edge('cert-manager.io/Issuer', 'spec.vault.caBundleSecretRef.name', 'Secret', NOT_READY, { keys: 'key' }),
  edge('cert-manager.io/Issuer', 'spec.venafi.tpp.credentialsRef.name', 'Secret', NOT_READY),
  edge('cert-manager.io/Issuer', 'spec.venafi.cloud.apiTokenSecretRef.name', 'Secret', NOT_READY, { keys: 'key' }),

  // Flux: https://fluxcd.io/flux/components/. A source without a namespace is sought in the object's own.
  edge('helm.toolkit.fluxcd.io/HelmRelease', 'spec.chart.spec.sourceRef.name', FLUX_SOURCES, STALLED, {
    namespace: 'namespace',
  }),
  edge('helm.toolkit.fluxcd.io/HelmRelease', 'spec.chartRef.name', FLUX_SOURCES, STALLED, { namespace: 'namespace' }),
  edge('helm.toolkit.fluxcd.io/HelmRelease', 'spec.valuesFrom[].name', ['ConfigMap', 'Secret'], STALLED, {
    keys: 'valuesKey',
  }),
  edge('kustomize.toolkit.fluxcd.io/Kustomization', 'spec.sourceRef.name', FLUX_SOURCES, STALLED, {
    namespace: 'namespace',
  }),
  edge(
    'kustomize.toolkit.fluxcd.io/Kustomization',
    'spec.postBuild.substituteFrom[].name',
    ['ConfigMap', 'Secret'],
    STALLED,
  ),
  edge('kustomize.toolkit.fluxcd.io/Kustomization', 'spec.decryption.secretRef.name', 'Secret', STALLED),
  edge(FLUX_APPLIERS, 'spec.kubeConfig.secretRef.name', 'Secret', STALLED),
  edge(FLUX_APPLIERS, 'spec.serviceAccountName', 'ServiceAccount', STALLED, {
    // It is impersonated in the cluster that the kubeconfig leads to.
    unless: ({ kubeConfig }) => kubeConfig !== undefined,
  }),
  edge(FETCHED, 'spec.secretRef|certSecretRef|proxySecretRef.name', 'Secret', NOT_FETCHED),
  edge('source.toolkit.fluxcd.io/HelmChart', 'spec.sourceRef.name', FLUX_SOURCES, NOT_FETCHED),
  edge(
    'image.toolkit.fluxcd.io/ImagePolicy',
    'spec.imageRepositoryRef.name',
    'image.toolkit.fluxcd.io/ImageRepository',
    'it chooses no image',
    { namespace: 'namespace' },
  ),
  edge('image.toolkit.fluxcd.io/ImageRepository', 'spec.secretRef.name', 'Secret', 'no tag is read'),
  edge('image.toolkit.fluxcd.io/ImageUpdateAutomation', 'spec.sourceRef.name', FLUX_SOURCES, 'it commits nothing', {
    namespace: 'namespace',
  }),
  edge(
    'notification.toolkit.fluxcd.io/Alert',
    'spec.providerRef.name',
    'notification.toolkit.fluxcd.io/Provider',
    'nobody is alerted',
  ),
  edge('notification.toolkit.fluxcd.io/Provider', 'spec.secretRef|certSecretRef.name', 'Secret', 'nobody is alerted'),
  edge('notification.toolkit.fluxcd.io/Receiver', 'spec.secretRef.name', 'Secret', 'webhooks are refused'),

  // External Secrets: https://external-secrets.io/latest/api/spec/
  edge(EXTERNAL_SECRET, 'spec.secretStoreRef.name', STORES, NOT_SYNCED),
  edge(EXTERNAL_SECRET, 'spec.data|dataFrom[].sourceRef.storeRef.name', STORES, NOT_SYNCED),
  edge(EXTERNAL_SECRET, 'spec.target.template.templateFrom[].configMap.name', 'ConfigMap', NOT_SYNCED),
  edge('external-secrets.io/PushSecret', 'spec.secretStoreRefs[].name', STORES, 'it pushes nothing'),
  edge('external-secrets.io/PushSecret', 'spec.selector.secret.name', 'Secret', 'it pushes nothing'),
  ...[
    'aws.auth.secretRef.*SecretRef',
    'azurekv.authSecretRef.*',
    'bitwardensecretsmanager.auth.secretRef.credentials',
    'doppler.auth.secretRef.dopplerToken',
    'gcpsm.auth.secretRef.secretAccessKeySecretRef',
    'gitlab.auth.SecretRef.accessToken',
    'infisical.auth.universalAuthCredentials.*',
    'kubernetes.auth.cert.clientCert|clientKey',
    'kubernetes.auth.token.bearerToken',
    'onepassword.auth.secretRef.connectTokenSecretRef',
    'pulumi.accessToken.secretRef',
    'scaleway.accessKey|secretKey.secretRef',
    'vault.auth.tokenSecretRef',
    'vault.auth.appRole|jwt|ldap|userPass.secretRef',
    'vault.auth.cert.clientCert|secretRef',
    'yandexlockbox|yandexcertificatemanager.auth.authorizedKeySecretRef',
  ].map((at) =>
    edge(STORES, `spec.provider.${at}.name`, 'Secret', 'the store is not ready', {
      namespace: 'namespace',
      keys: 'key',
    }),
  ),
  ...['vault.auth.kubernetes.serviceAccountRef', 'kubernetes.auth.serviceAccount'].map((at) =>
    edge(STORES, `spec.provider.${at}.name`, 'ServiceAccount', 'the store is not ready', { namespace: 'namespace' }),
  ),

  // Prometheus operator: https://prometheus-operator.dev/docs/api-reference/api/
  edge(monitoring('Prometheus', 'PrometheusAgent', 'Alertmanager'), 'spec.secrets[]', 'Secret', MOUNT),
  edge(monitoring('Prometheus', 'PrometheusAgent', 'Alertmanager'), 'spec.configMaps[]', 'ConfigMap', MOUNT),
  edge(
    monitoring('Prometheus', 'PrometheusAgent', 'Alertmanager', 'ThanosRuler'),
    'spec.serviceAccountName',
    'ServiceAccount',
    REFUSED,
  ),
  edge(
    monitoring('Prometheus', 'PrometheusAgent'),
    'spec.additionalScrapeConfigs|additionalAlertManagerConfigs|additionalAlertRelabelConfigs.name',
    'Secret',
    'the operator does not reconcile it',
    { keys: 'key' },
  ),
  edge(
    monitoring('Prometheus', 'PrometheusAgent'),
    'spec.remoteWrite|remoteRead[].basicAuth.username|password.name',
    'Secret',
    'the operator does not reconcile it',
    { keys: 'key' },
  ),
  edge(
    monitoring('Prometheus', 'PrometheusAgent'),
    'spec.remoteWrite|remoteRead[].authorization.credentials.name',
    'Secret',
    'the operator does not reconcile it',
    { keys: 'key' },
  ),
  ...[
    [monitoring('ServiceMonitor'), 'spec.endpoints[]'],
    [monitoring('PodMonitor'), 'spec.podMetricsEndpoints[]'],
    [monitoring('Probe'), 'spec'],
  ].flatMap(([kinds = [], at]) =>
    [
      ['basicAuth.username|password.name', 'Secret'],
      ['bearerTokenSecret.name', 'Secret'],
      ['authorization.credentials.name', 'Secret'],
      ['tlsConfig.keySecret.name', 'Secret'],
      ['tlsConfig.ca|cert.secret.name', 'Secret'],
      ['tlsConfig.ca|cert.configMap.name', 'ConfigMap'],
    ].map(([path, to = '']) => edge(kinds, `${at}.${path}`, to, 'Prometheus never scrapes it', { keys: 'key' })),
  ),
  ...[
    'slackConfigs[].apiURL',
    'discordConfigs[].apiURL',
    'msteamsConfigs[].webhookUrl',
    'pagerdutyConfigs[].routingKey|serviceKey',
    'opsgenieConfigs[].apiKey',
    'webhookConfigs[].urlSecret',
    'telegramConfigs[].botToken',
    'emailConfigs[].authPassword',
  ].map((at) =>
    edge(monitoring('AlertmanagerConfig'), `spec.receivers[].${at}.name`, 'Secret', 'Alertmanager never gets it', {
      keys: 'key',
    }),
  ),

  // Argo CD: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
  edge('argoproj.io/Application', 'spec.project', 'argoproj.io/AppProject', 'Argo CD does not sync it'),
  edge(
    'argoproj.io/ApplicationSet',
    'spec.template.spec.project',
    'argoproj.io/AppProject',
    'Argo CD does not sync what it makes',
  ),

  // Argo Rollouts: https://argoproj.github.io/argo-rollouts/features/specification/ (getReferencedServices of its controller)
  edge(
    'argoproj.io/Rollout',
    'spec.strategy.canary.stableService|canaryService',
    'Service',
    'the rollout is invalid, none of its pods changes',
  ),
  edge(
    'argoproj.io/Rollout',
    'spec.strategy.canary.pingPong.pingService|pongService',
    'Service',
    'the rollout is invalid, none of its pods changes',
  ),
  edge(
    'argoproj.io/Rollout',
    'spec.strategy.blueGreen.activeService|previewService',
    'Service',
    'the rollout is invalid, none of its pods changes',
  ),
  edge('argoproj.io/Rollout', 'spec.workloadRef.name', 'apps/Deployment', 'the rollout is invalid, it has no pods'),

  // KEDA: https://keda.sh/docs/latest/concepts/authentication/
  edge(
    ['keda.sh/ScaledObject', 'keda.sh/ScaledJob'],
    'spec.triggers[].authenticationRef.name',
    ['keda.sh/TriggerAuthentication', 'keda.sh/ClusterTriggerAuthentication'],
    UNSCALED,
  ),
  edge('keda.sh/TriggerAuthentication', 'spec.secretTargetRef[].name', 'Secret', UNSCALED, { keys: 'key' }),
  edge('keda.sh/TriggerAuthentication', 'spec.configMapTargetRef[].name', 'ConfigMap', UNSCALED, { keys: 'key' }),
];

/** An annotation that names other objects. */
export interface AnnotationEdge extends Pick<Edge, 'from' | 'to' | 'breaks'> {
  readonly annotation: string;
  /** The value holds a list of names, separated by commas. */
  readonly list?: boolean;
  /** Annotations beside it that make it mean another kind. */
  readonly unless?: (annotations: Fields) => boolean;
}

/** An issuer of another kind or group belongs to another controller. */
const otherIssuer = (annotations: Fields) =>
  ![undefined, 'Issuer'].includes(annotations['cert-manager.io/issuer-kind'] as undefined) ||
  ![undefined, 'cert-manager.io'].includes(annotations['cert-manager.io/issuer-group'] as undefined);

const SHIMMED = ['networking.k8s.io/Ingress', 'gateway.networking.k8s.io/Gateway'];

export const ANNOTATION_EDGES: readonly AnnotationEdge[] = [
  {
    from: ['networking.k8s.io/Ingress'],
    annotation: 'traefik.ingress.kubernetes.io/router.middlewares',
    to: traefik('Middleware'),
    list: true,
    breaks: NO_ROUTER,
  },
  {
    from: ['networking.k8s.io/Ingress'],
    annotation: 'traefik.ingress.kubernetes.io/router.tls.options',
    to: traefik('TLSOption'),
    breaks: NO_ROUTER,
  },
  {
    from: SHIMMED,
    annotation: 'cert-manager.io/issuer',
    to: ['cert-manager.io/Issuer'],
    breaks: NOT_ISSUED,
    unless: otherIssuer,
  },
  {
    from: SHIMMED,
    annotation: 'cert-manager.io/cluster-issuer',
    to: ['cert-manager.io/ClusterIssuer'],
    breaks: NOT_ISSUED,
  },
];

/** Kinds among `to` that have no namespace. */
const CLUSTER_SCOPED = new Set([
  'PersistentVolume',
  'StorageClass',
  'VolumeAttributesClass',
  'RuntimeClass',
  'PriorityClass',
  'IngressClass',
  'ClusterRole',
  'ClusterIssuer',
  'ClusterSecretStore',
  'ClusterTriggerAuthentication',
  'GatewayClass',
  'ValidatingAdmissionPolicy',
  'MutatingAdmissionPolicy',
]);

/** The table of edges as text, a line each: `from  path → to: what breaks`. */
export function edgeLines(): string[] {
  const named = EDGES.map(({ from, path, to, keys, needs, breaks }) => {
    const asked = [...(keys === undefined ? [] : [keys]), ...(needs ?? [])];
    const which = asked.length > 0 ? ` (with ${asked.join(', ')})` : '';
    return `${kindsShown(from)}  ${path} → ${kindsShown(to)}${which}: ${breaks}`;
  });
  const annotated = ANNOTATION_EDGES.map(
    ({ from, annotation, to, breaks }) =>
      `${kindsShown(from)}  annotation ${annotation} → ${kindsShown(to)}: ${breaks}`,
  );
  return [...named, ...annotated];
}

/** Kinds without their groups, each once: Traefik's two groups share theirs. */
function kindsShown(kinds: readonly string[]): string {
  return [...new Set(kinds.map((kind) => (kind === 'pod' ? 'pods' : kindOf(kind))))].join('|');
}

/** The object that a reference means. `scope` is `''` for kinds without a namespace. */
export interface Referent {
  readonly group: string;
  readonly kind: string;
  readonly scope: string;
  readonly name: string;
}

/** One place where an object names another one. */
export interface Reference {
  readonly resource: Resource;
  /** The path of the name in the resource. */
  readonly path: Path;
  /** As it is written. */
  readonly name: string;
  /** What it may mean: a Traefik name leaves open where the namespace ends. Any of them will do. Never empty. */
  readonly referents: readonly [Referent, ...Referent[]];
  readonly breaks: string;
  readonly mild: boolean;
  readonly optional: boolean;
  /** Keys that the object must have, and where they are asked for. */
  readonly keys: readonly { key: string; path: Path }[];
  readonly textOnly: boolean;
}

/** All references of what the environment renders, resource by resource. Names that hold placeholders are left out. */
export const referencesOf = derived((cluster: Cluster): ReadonlyMap<Resource, readonly Reference[]> => {
  const all = new Map<Resource, readonly Reference[]>();
  for (const resource of cluster.resources) {
    if (resource.existing) continue;
    const references = [...walkResource(resource)];
    if (references.length > 0) all.set(resource, references);
  }
  return all;
});

const byKind = new Map<string, Edge[]>();
for (const known of EDGES) {
  for (const from of known.from) byKind.set(from, [...(byKind.get(from) ?? []), known]);
}

/** Every reference of one resource, in the order of the table. */
function* walkResource(resource: Resource): Generator<Reference> {
  const kind = resource.group === '' ? resource.kind : `${resource.group}/${resource.kind}`;
  for (const known of byKind.get(kind) ?? []) yield* walkEdge(resource, known, resource.object, []);
  const workload = workloadOf(resource);
  if (workload) {
    const pod = withoutClaimed(workload);
    for (const known of byKind.get('pod') ?? []) yield* walkEdge(resource, known, pod, workload.path);
  }
  yield* walkAnnotations(resource, kind);
}

/** The pod without the volumes that a StatefulSet's claims take the place of, by name (updateStorage of its controller). */
function withoutClaimed({ resource, pod }: Workload): unknown {
  if (resource.group !== 'apps' || resource.kind !== 'StatefulSet') return pod;
  const templates = asList(valueAt(resource.object, ['spec', 'volumeClaimTemplates']));
  const claimed = new Set(templates.map((template) => valueAt(template, ['metadata', 'name'])));
  const volumes = asList(pod.volumes).map((volume) => (claimed.has(asMap(volume)?.name) ? undefined : volume));
  return { ...pod, volumes };
}

function* walkEdge(resource: Resource, known: Edge, root: unknown, rootPath: Path): Generator<Reference> {
  for (const { value, path, around } of walk(root, parse(known.path), rootPath, [])) {
    if (typeof value !== 'string' || value === '' || isUnknown(value)) continue;
    const beside = around.at(-1) ?? {};
    if (known.unless?.(beside, around[0] ?? {})) continue;
    const referents = referentsOf(resource, known, value, beside);
    const [first, ...others] = referents;
    if (!first) continue;
    const asked = known.keys === undefined ? [] : [...walk(beside, parse(known.keys), path.slice(0, -1), [])];
    yield {
      resource,
      path,
      name: value,
      referents: [first, ...others],
      breaks: known.breaks,
      mild: known.mild?.(around) ?? false,
      optional: beside.optional === true,
      keys: [
        ...asked.flatMap(({ value: key, path }) =>
          typeof key === 'string' && key !== '' && !isUnknown(key) ? [{ key, path }] : [],
        ),
        ...(known.needs ?? []).map((key) => ({ key, path })),
      ],
      textOnly: known.textOnly ?? false,
    };
  }
}

/** A namespace that an operator or a script writes over before anyone reads it. */
const STAND_IN = /^(?:replace-?me|change-?me|placeholder)$/i;

/** What a name means, given the fields beside it; nothing where it is no object of the cluster, or nobody can know which. */
function referentsOf(resource: Resource, known: Edge, name: string, beside: Fields): Referent[] {
  const kinds = kindsOf(known.to, beside);
  if (kinds.some((kind) => kind.startsWith('traefik.')) && name.includes('@')) {
    return traefikReferents(kinds, name, resource);
  }
  // `name@provider` is a service of another of Traefik's providers, `api@internal` one of its own.
  if (name.includes('@')) return [];
  const named = known.namespace === undefined ? undefined : beside[known.namespace];
  if (named !== undefined && (typeof named !== 'string' || isUnknown(named) || STAND_IN.test(named))) return [];
  return kinds.flatMap((kind) => {
    const scope = CLUSTER_SCOPED.has(kindOf(kind))
      ? ''
      : named || (resource.clusterScoped ? undefined : resource.scope);
    return scope === undefined ? [] : [{ group: groupOf(kind), kind: kindOf(kind), scope, name }];
  });
}

/** The kinds that are meant: all groups of the kind that stands beside the name, else those of the first in the list. */
function kindsOf(to: readonly string[], beside: Fields): string[] {
  const kind = beside.kind ?? kindOf(to[0] ?? '');
  const group =
    beside.apiGroup ?? beside.group ?? (typeof beside.apiVersion === 'string' ? groupOf(beside.apiVersion) : undefined);
  return to.filter((known) => kindOf(known) === kind && (!group || groupOf(known) === group));
}

function kindOf(kind: string): string {
  return kind.slice(kind.indexOf('/') + 1);
}

/**
 * What `namespace-name@kubernetescrd` may mean: every dash may be the one between namespace and name. With safeNaming (Traefik
 * 3.7) the separator is `_`. Names that end in the hash of later 2.11 releases, and other providers' names, mean nothing here.
 * Without a namespace it is a name that nothing can have.
 */
function traefikReferents(kinds: readonly string[], text: string, { scope }: Resource): Referent[] {
  const [id = '', provider, ...rest] = text.split('@');
  if (provider !== 'kubernetescrd' || rest.length > 0 || /-[0-9a-f]{20}$/.test(id)) return [];
  const separators = id.includes('_') ? [id.indexOf('_')] : [...id].flatMap((letter, i) => (letter === '-' ? [i] : []));
  const names = separators
    .filter((i) => i > 0 && i < id.length - 1)
    .map((i) => ({ scope: id.slice(0, i), name: id.slice(i + 1) }));
  return (names.length > 0 ? names : [{ scope, name: text }]).flatMap((named) =>
    kinds.map((kind) => ({ group: groupOf(kind), kind: kindOf(kind), ...named })),
  );
}

function* walkAnnotations(resource: Resource, kind: string): Generator<Reference> {
  const annotations = asMap(resource.object.metadata?.annotations);
  if (!annotations) return;
  for (const { from, annotation, to, breaks, list, unless } of ANNOTATION_EDGES) {
    const text = Object.hasOwn(annotations, annotation) ? annotations[annotation] : undefined;
    if (typeof text !== 'string' || !from.includes(kind) || isUnknown(text) || unless?.(annotations)) continue;
    for (const name of list ? text.split(',').map((part) => part.trim()) : [text]) {
      if (name === '') continue;
      // In an annotation Traefik knows full names only: one without a provider is sought among those of Ingresses.
      const [first, ...others] = kindOf(to[0] ?? '').endsWith('Issuer')
        ? referentsOf(resource, { from, path: '', to, breaks }, name, {})
        : traefikReferents(to, name, resource);
      if (!first) continue;
      const path = ['metadata', 'annotations', annotation];
      const referents: Reference['referents'] = [first, ...others];
      yield { resource, path, name, referents, breaks, mild: false, optional: false, keys: [], textOnly: false };
    }
  }
}

interface Segment {
  /** The key, where there is only one. */
  literal: string | undefined;
  matches: (key: string) => boolean;
  list: boolean;
}

const parsed = new Map<string, readonly Segment[]>();

/** Reads the path of an edge, once. */
function parse(path: string): readonly Segment[] {
  let segments = parsed.get(path);
  if (!segments) {
    segments = path.split('.').map((part) => {
      const list = part.endsWith('[]');
      const alternatives = (list ? part.slice(0, -2) : part).split('|');
      const literal = alternatives.length === 1 && !alternatives[0]?.includes('*') ? alternatives[0] : undefined;
      return { list, literal, matches: (key) => alternatives.some((one) => matchesGlob(one, key)) };
    });
    parsed.set(path, segments);
  }
  return segments;
}

/** Whether a key is the text, or ends with what follows its leading `*`. */
function matchesGlob(glob: string, key: string): boolean {
  return glob.startsWith('*') ? key.endsWith(glob.slice(1)) : key === glob;
}

interface Walked {
  value: unknown;
  path: Path;
  /** The maps from the root to the one that holds the value, or holds the list that does. */
  around: readonly Fields[];
}

/** Every value at the places that a path names. Whatever isn't of the expected shape is passed over. */
function* walk(value: unknown, segments: readonly Segment[], path: Path, around: readonly Fields[]): Generator<Walked> {
  const [segment, ...rest] = segments;
  if (!segment) {
    yield { value, path, around };
    return;
  }
  const map = asMap(value);
  if (!map) return;
  const keys = segment.literal === undefined ? Object.keys(map).filter(segment.matches) : [segment.literal];
  for (const key of keys) {
    const inner = map[key];
    if (!segment.list) yield* walk(inner, rest, [...path, key], [...around, map]);
    else if (Array.isArray(inner)) {
      for (const [i, item] of inner.entries()) yield* walk(item, rest, [...path, key, i], [...around, map]);
    }
  }
}
