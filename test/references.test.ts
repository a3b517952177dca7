import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../src/assemble.ts';
import type { Cluster } from '../src/cluster/cluster.ts';
import { keysOf, standingOf } from '../src/cluster/references/provided.ts';
import { ANNOTATION_EDGES, EDGES, type Reference, referencesOf } from '../src/cluster/references/references.ts';
import { load } from '../src/load.ts';
import { readManifests } from '../src/render/manifests.ts';
import type { RenderedObject } from '../src/render/target.ts';
import { yaml } from '../src/rule.ts';
import referenceKeyMissing from '../src/rules/config/reference-key-missing.ts';
import referenceMissing from '../src/rules/config/reference-missing.ts';
import { SourceFiles } from '../src/source.ts';
import { type Manifest, clusterOf as withoutSchemas } from './in-memory.ts';

interface Surroundings {
  existing?: string;
  configured?: boolean;
  incomplete?: boolean;
  /** A second target, with its own namespace. */
  beside?: { manifests: string; namespace?: string };
  name?: string;
}

function objectsOf(text: string): RenderedObject[] {
  const sources = new SourceFiles('/');
  sources.add('/manifest.yaml', text);
  const { objects, findings } = readManifests('manifest.yaml', sources);
  expect(findings).toEqual([]);
  return objects;
}

async function clusterOf(objects: RenderedObject[], around: Surroundings = {}): Promise<Cluster> {
  const { existing, configured = true, incomplete = false, beside, name = 'deploy' } = around;
  const targetOf = async (own: RenderedObject[], ownName: string, namespace?: string) => ({
    target: { type: 'manifests' as const, name: ownName, files: [], ...(namespace === undefined ? {} : { namespace }) },
    rendered: { objects: own, findings: [], unchecked: [] },
    loaded: await load(own),
    incomplete,
  });
  const targets = [await targetOf(objects, name)];
  if (beside) targets.push(await targetOf(objectsOf(beside.manifests), 'beside', beside.namespace));
  return assemble({
    environment: { name: 'test', configured, targets: targets.map(({ target }) => target), existing: [] },
    targets,
    existing: await load(existing === undefined ? [] : objectsOf(existing)),
    existingWhole: true,
    kubernetesVersion: undefined,
    substitutes: () => false,
    rules: [],
  }).cluster;
}

function allReferences(cluster: Cluster): Reference[] {
  return [...referencesOf(cluster).values()].flat();
}

/** `Deployment/api spec.x -> ConfigMap shop/api`, with what else is known of the reference. */
function shown({ resource, path, referents, mild, optional, keys, textOnly }: Reference): string {
  const meant = referents.map(({ group, kind, scope, name }) => {
    return `${group === '' ? '' : `${group}/`}${kind} ${scope === '' ? '' : `${scope.replace('\0', '~')}/`}${name}`;
  });
  const more = [
    mild ? 'mild' : '',
    optional ? 'optional' : '',
    textOnly ? 'text' : '',
    ...keys.map(({ key, path: at }) => `${key}@${at.join('.')}`),
  ].filter((part) => part !== '');
  const rest = more.length > 0 ? ` (${more.join(' ')})` : '';
  return `${resource} ${path.join('.')} -> ${meant.join(' or ')}${rest}`;
}

const EVERYTHING = yaml`
  apiVersion: v1
  kind: Pod
  metadata: { name: pod, namespace: shop }
  spec:
    serviceAccountName: account
    serviceAccount: ignored
    runtimeClassName: runtime
    priorityClassName: priority
    imagePullSecrets: [{ name: pull }, {}]
    resourceClaims: [{ name: a, resourceClaimName: claim }, { name: b, resourceClaimTemplateName: template }]
    initContainers:
      - { name: i, image: 'i:1', env: [{ name: A, valueFrom: { secretKeyRef: { name: s1, key: k1, optional: true } } }] }
    containers:
      - name: c
        image: c:1
        env:
          - { name: A, value: literal }
          - { name: B, valueFrom: { configMapKeyRef: { name: c1, key: k2 } } }
        envFrom: [{ configMapRef: { name: c2, optional: false } }, { secretRef: { name: s2 } }]
    volumes:
      - { name: v1, configMap: { name: c3, items: [{ key: k3, path: p }, { key: k4, path: q }] } }
      - { name: v2, secret: { secretName: s3, items: [{ key: k5, path: p }] } }
      - name: v3
        projected:
          sources:
            - { configMap: { name: c4, items: [{ key: k6, path: p }] } }
            - { secret: { name: s4, optional: true, items: [{ key: k7, path: q }] } }
      - { name: v4, persistentVolumeClaim: { claimName: pvc } }
      - { name: v5, ephemeral: { volumeClaimTemplate: { spec: { storageClassName: class1, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } } } } }
      - { name: v6, csi: { driver: d, nodePublishSecretRef: { name: s5 } } }
      - { name: v7, azureFile: { secretName: s6, shareName: x } }
      - { name: v8, cephfs: { monitors: [m], secretRef: { name: s7 } } }
      - { name: v9, iscsi: { targetPortal: t, iqn: i, lun: 0, secretRef: { name: s8 } } }
  ---
  apiVersion: batch/v1
  kind: CronJob
  metadata: { name: cron, namespace: shop }
  spec:
    schedule: '0 4 * * *'
    jobTemplate:
      spec:
        template:
          spec: { serviceAccount: old, serviceAccountName: '', restartPolicy: Never, containers: [{ name: c, image: 'c:1' }] }
  ---
  apiVersion: v1
  kind: ServiceAccount
  metadata: { name: account, namespace: shop }
  secrets: [{ name: s1 }]
  imagePullSecrets: [{ name: s2 }]
  ---
  apiVersion: apps/v1
  kind: StatefulSet
  metadata: { name: set, namespace: shop }
  spec:
    serviceName: headless
    selector: { matchLabels: { app: set } }
    template: { metadata: { labels: { app: set } }, spec: { containers: [{ name: c, image: 'c:1' }] } }
    volumeClaimTemplates:
      - metadata: { name: a }
        spec: { storageClassName: class1, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
      - metadata: { name: b }
        spec: { storageClassName: any, selector: { matchLabels: { a: b } }, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
  ---
  apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata: { name: hpa, namespace: shop }
  spec: { scaleTargetRef: { apiVersion: apps/v1, kind: StatefulSet, name: set }, maxReplicas: 3 }
  ---
  apiVersion: autoscaling.k8s.io/v1
  kind: VerticalPodAutoscaler
  metadata: { name: vpa, namespace: shop }
  spec: { targetRef: { apiVersion: apps/v1, kind: DaemonSet, name: daemon } }
  ---
  apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: { name: pvc, namespace: shop }
  spec:
    storageClassName: class1
    volumeAttributesClassName: fast
    dataSource: { apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: snapshot }
    dataSourceRef: { kind: PersistentVolumeClaim, name: other, namespace: infra }
    accessModes: [ReadWriteOnce]
    resources: { requests: { storage: 1Gi } }
  ---
  apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: { name: bound, namespace: shop }
  spec: { storageClassName: any, volumeName: volume, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
  ---
  apiVersion: v1
  kind: PersistentVolume
  metadata: { name: volume }
  spec:
    capacity: { storage: 1Gi }
    accessModes: [ReadWriteOnce]
    storageClassName: any
    claimRef: { kind: PersistentVolumeClaim, name: pvc, namespace: shop }
    csi: { driver: d, volumeHandle: h, nodeStageSecretRef: { name: s1, namespace: infra }, nodePublishSecretRef: { name: s2 } }
  ---
  apiVersion: v1
  kind: PersistentVolume
  metadata: { name: others }
  spec:
    capacity: { storage: 1Gi }
    accessModes: [ReadWriteOnce]
    azureFile: { secretName: s1, secretNamespace: infra, shareName: x }
    rbd: { monitors: [m], image: i, secretRef: { name: s2, namespace: infra } }
  ---
  apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleBinding
  metadata: { name: binding, namespace: shop }
  roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: role }
  subjects:
    - { kind: ServiceAccount, name: own }
    - { kind: ServiceAccount, name: other, namespace: infra }
    - { kind: User, name: nobody }
  ---
  apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: { name: binding }
  roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: role }
  subjects: [{ kind: ServiceAccount, name: account, namespace: shop }]
  ---
  apiVersion: admissionregistration.k8s.io/v1
  kind: MutatingWebhookConfiguration
  metadata: { name: webhooks }
  webhooks:
    - { name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: { service: { name: hook, namespace: shop } } }
    - { name: b.example.com, admissionReviewVersions: [v1], sideEffects: None, failurePolicy: Ignore, clientConfig: { service: { name: hook, namespace: shop } } }
    - { name: c.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: { url: 'https://example.com' } }
  ---
  apiVersion: admissionregistration.k8s.io/v1
  kind: ValidatingWebhookConfiguration
  metadata: { name: webhooks }
  webhooks:
    - { name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: { service: { name: hook, namespace: shop } } }
  ---
  apiVersion: admissionregistration.k8s.io/v1
  kind: ValidatingAdmissionPolicyBinding
  metadata: { name: policy }
  spec: { policyName: policy, validationActions: [Deny] }
  ---
  apiVersion: admissionregistration.k8s.io/v1alpha1
  kind: MutatingAdmissionPolicyBinding
  metadata: { name: policy }
  spec: { policyName: policy }
  ---
  apiVersion: apiregistration.k8s.io/v1
  kind: APIService
  metadata: { name: v1.example.com }
  spec: { group: example.com, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: { name: api, namespace: shop } }
  ---
  apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  metadata: { name: games.example.com }
  spec:
    group: example.com
    scope: Namespaced
    names: { kind: Game, plural: games }
    versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
    conversion: { strategy: Webhook, webhook: { conversionReviewVersions: [v1], clientConfig: { service: { name: convert, namespace: shop } } } }
  ---
  apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata:
    name: ingress
    namespace: shop
    annotations:
      traefik.ingress.kubernetes.io/router.middlewares: shop-a@kubernetescrd, b-c-d@kubernetescrd, x@file, shop_e@kubernetescrd, -f-@kubernetescrd
      traefik.ingress.kubernetes.io/router.tls.options: shop-tls@kubernetescrd
      cert-manager.io/issuer: issuer
      cert-manager.io/cluster-issuer: cluster-issuer
  spec:
    ingressClassName: class
    defaultBackend: { service: { name: default, port: { number: 80 } } }
    tls: [{ hosts: [a.example.com], secretName: tls }]
    rules:
      - http:
          paths:
            - { path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }
            - { path: /b, pathType: Prefix, backend: { service: { name: action, port: { name: use-annotation } } } }
  ---
  apiVersion: keda.sh/v1alpha1
  kind: ScaledObject
  metadata: { name: scaled, namespace: shop }
  spec: { scaleTargetRef: { name: worker }, triggers: [] }
  ---
  apiVersion: gateway.networking.k8s.io/v1
  kind: HTTPRoute
  metadata: { name: http, namespace: shop }
  spec:
    rules:
      - backendRefs: [{ name: web, port: 80 }, { name: web, namespace: infra, port: 80 }, { name: pool, group: x.example.com, kind: Pool }]
  ---
  apiVersion: gateway.networking.k8s.io/v1
  kind: GRPCRoute
  metadata: { name: grpc, namespace: shop }
  spec: { rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
  ---
  apiVersion: traefik.io/v1alpha1
  kind: IngressRoute
  metadata: { name: route, namespace: shop }
  spec:
    routes:
      - kind: Rule
        match: PathPrefix("/")
        middlewares: [{ name: m }, { name: next, namespace: infra }, { name: shop-o@kubernetescrd }, { name: p@file }]
        services:
          - { name: web, port: 80 }
          - { name: web, kind: Service, namespace: infra, port: 80 }
          - { name: weighted, kind: TraefikService }
          - { name: api@internal, kind: TraefikService }
    tls: { secretName: tls, options: { name: options, namespace: infra } }
  ---
  apiVersion: traefik.io/v1alpha1
  kind: IngressRouteTCP
  metadata: { name: tcp, namespace: shop }
  spec:
    routes: [{ match: HostSNI("*"), middlewares: [{ name: m }], services: [{ name: db, port: 5432 }] }]
    tls: { secretName: tls, options: { name: options } }
  ---
  apiVersion: traefik.io/v1alpha1
  kind: IngressRouteUDP
  metadata: { name: udp, namespace: shop }
  spec: { routes: [{ services: [{ name: dns, port: 53 }] }] }
  ---
  apiVersion: traefik.io/v1alpha1
  kind: TraefikService
  metadata: { name: weighted, namespace: shop }
  spec:
    weighted: { services: [{ name: a, port: 80 }] }
    mirroring: { name: b, port: 80, mirrors: [{ name: c, port: 80 }] }
  ---
  apiVersion: traefik.io/v1alpha1
  kind: Middleware
  metadata: { name: m, namespace: shop }
  spec:
    chain: { middlewares: [{ name: next }] }
    errors: { status: ['500'], query: /, service: { name: pages, port: 80 } }
    basicAuth: { secret: s1 }
    digestAuth: { secret: s2 }
    forwardAuth: { address: 'http://auth', tls: { caSecret: s3, certSecret: s4 } }
  ---
  apiVersion: traefik.io/v1alpha1
  kind: TLSOption
  metadata: { name: options, namespace: shop }
  spec: { clientAuth: { secretNames: [s1, s2], clientAuthType: RequireAndVerifyClientCert } }
  ---
  apiVersion: traefik.io/v1alpha1
  kind: TLSStore
  metadata: { name: default, namespace: shop }
  spec: { defaultCertificate: { secretName: s1 }, certificates: [{ secretName: s2 }] }
  ---
  apiVersion: traefik.io/v1alpha1
  kind: ServersTransport
  metadata: { name: transport, namespace: shop }
  spec: { rootCAsSecrets: [s1], certificatesSecrets: [s2], rootCAs: [{ secret: s3 }, { configMap: c1 }] }
  ---
  apiVersion: cert-manager.io/v1
  kind: Certificate
  metadata: { name: certificate, namespace: shop }
  spec:
    secretName: made
    dnsNames: [a.example.com]
    issuerRef: { name: issuer }
    keystores: { jks: { create: true, passwordSecretRef: { name: s1, key: k1 } }, pkcs12: { create: true, passwordSecretRef: { name: s2, key: k2 } } }
  ---
  apiVersion: cert-manager.io/v1
  kind: Certificate
  metadata: { name: others, namespace: shop }
  spec: { secretName: made2, dnsNames: [a.example.com], issuerRef: { name: aws, kind: AWSPCAClusterIssuer, group: awspca.cert-manager.io } }
  ---
  apiVersion: cert-manager.io/v1
  kind: CertificateRequest
  metadata: { name: request, namespace: shop }
  spec: { request: TFM=, issuerRef: { name: issuer, kind: ClusterIssuer, group: cert-manager.io } }
  ---
  apiVersion: cert-manager.io/v1
  kind: Issuer
  metadata: { name: issuer, namespace: shop }
  spec:
    ca: { secretName: s1 }
    acme:
      server: https://acme.example.com
      privateKeySecretRef: { name: made3 }
      externalAccountBinding: { keyID: a, keySecretRef: { name: s2, key: k2 } }
      solvers: [{ dns01: { route53: { region: eu-west-3, secretAccessKeySecretRef: { name: s3, key: k3 } } } }]
    vault:
      server: https://vault.example.com
      path: pki
      caBundleSecretRef: { name: s4, key: k4 }
      auth: { tokenSecretRef: { name: s5, key: k5 }, appRole: { path: p, roleId: r, secretRef: { name: s6, key: k6 } } }
    venafi: { zone: z, tpp: { url: 'https://tpp', credentialsRef: { name: s7 } }, cloud: { apiTokenSecretRef: { name: s8, key: k8 } } }
  ---
  apiVersion: cert-manager.io/v1
  kind: ClusterIssuer
  metadata: { name: cluster-issuer }
  spec: { ca: { secretName: wherever-the-flags-say } }
  ---
  apiVersion: helm.toolkit.fluxcd.io/v2
  kind: HelmRelease
  metadata: { name: release, namespace: shop }
  spec: { interval: 1h, chart: { spec: { chart: c, sourceRef: { kind: HelmRepository, name: charts } } } }
  ---
  apiVersion: helm.toolkit.fluxcd.io/v2
  kind: HelmRelease
  metadata: { name: referring, namespace: shop }
  spec: { interval: 1h, chartRef: { kind: OCIRepository, name: charts, namespace: flux-system } }
  ---
  apiVersion: kustomize.toolkit.fluxcd.io/v1
  kind: Kustomization
  metadata: { name: apps, namespace: shop }
  spec: { interval: 1h, prune: true, path: ./deploy, sourceRef: { kind: GitRepository, name: repository } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ExternalSecret
  metadata: { name: external, namespace: shop }
  spec: { secretStoreRef: { name: store, kind: ClusterSecretStore }, dataFrom: [{ extract: { key: k } }] }
  ---
  apiVersion: gateway.networking.k8s.io/v1
  kind: HTTPRoute
  metadata: { name: routed, namespace: shop }
  spec:
    parentRefs: [{ name: public, namespace: infra }, { kind: Service, group: "", name: web }, { kind: ListenerSet, name: more }]
    rules:
      - filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: shadow, port: 80 } } }]
  ---
  apiVersion: gateway.networking.k8s.io/v1
  kind: GRPCRoute
  metadata: { name: routed, namespace: shop }
  spec:
    parentRefs: [{ name: public }]
    rules: [{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: shadow, port: 80 } } }] }]
  ---
  apiVersion: gateway.networking.k8s.io/v1alpha2
  kind: TLSRoute
  metadata: { name: tls, namespace: shop }
  spec: { hostnames: [tls.example.com], parentRefs: [{ name: public }], rules: [{ backendRefs: [{ name: db, port: 5432 }] }] }
  ---
  apiVersion: gateway.networking.k8s.io/v1alpha2
  kind: TCPRoute
  metadata: { name: tcp, namespace: shop }
  spec: { parentRefs: [{ name: public }], rules: [{ backendRefs: [{ name: db, port: 5432 }] }] }
  ---
  apiVersion: gateway.networking.k8s.io/v1alpha2
  kind: UDPRoute
  metadata: { name: udp, namespace: shop }
  spec: { parentRefs: [{ name: public }], rules: [{ backendRefs: [{ name: dns, port: 53 }] }] }
  ---
  apiVersion: gateway.networking.k8s.io/v1
  kind: Gateway
  metadata: { name: public, namespace: infra }
  spec:
    gatewayClassName: envoy
    listeners: [{ name: https, port: 443, protocol: HTTPS, tls: { certificateRefs: [{ name: tls }, { name: other, namespace: shop }] } }]
  ---
  apiVersion: traefik.io/v1alpha1
  kind: IngressRoute
  metadata: { name: transported, namespace: shop }
  spec: { routes: [{ match: Host("a.example.com"), kind: Rule, services: [{ name: web, port: 80, serversTransport: transport }] }] }
  ---
  apiVersion: helm.toolkit.fluxcd.io/v2
  kind: HelmRelease
  metadata: { name: full, namespace: apps }
  spec:
    interval: 1h
    chart: { spec: { chart: c, sourceRef: { kind: HelmRepository, name: charts } } }
    serviceAccountName: deployer
    valuesFrom: [{ kind: ConfigMap, name: c1, valuesKey: k1 }, { kind: Secret, name: s1, optional: true }]
  ---
  apiVersion: helm.toolkit.fluxcd.io/v2
  kind: HelmRelease
  metadata: { name: remote, namespace: apps }
  spec:
    interval: 1h
    chart: { spec: { chart: c, sourceRef: { kind: HelmRepository, name: charts } } }
    serviceAccountName: over-there
    kubeConfig: { secretRef: { name: s2 } }
  ---
  apiVersion: kustomize.toolkit.fluxcd.io/v1
  kind: Kustomization
  metadata: { name: full, namespace: flux-system }
  spec:
    interval: 1h
    prune: true
    path: ./apps
    sourceRef: { kind: OCIRepository, name: manifests }
    serviceAccountName: deployer
    decryption: { provider: sops, secretRef: { name: age } }
    postBuild: { substituteFrom: [{ kind: ConfigMap, name: vars }, { kind: Secret, name: secret-vars, optional: true }] }
  ---
  apiVersion: kustomize.toolkit.fluxcd.io/v1
  kind: Kustomization
  metadata: { name: remote, namespace: flux-system }
  spec: { interval: 1h, prune: true, sourceRef: { kind: GitRepository, name: g, namespace: infra }, kubeConfig: { secretRef: { name: s3 } } }
  ---
  apiVersion: source.toolkit.fluxcd.io/v1
  kind: GitRepository
  metadata: { name: repository, namespace: flux-system }
  spec: { interval: 1h, url: "ssh://git@example.com/r", secretRef: { name: s1 }, proxySecretRef: { name: s2 } }
  ---
  apiVersion: source.toolkit.fluxcd.io/v1
  kind: HelmRepository
  metadata: { name: charts, namespace: flux-system }
  spec: { interval: 1h, url: "https://example.com", secretRef: { name: s1 }, certSecretRef: { name: s2 } }
  ---
  apiVersion: source.toolkit.fluxcd.io/v1
  kind: OCIRepository
  metadata: { name: manifests, namespace: flux-system }
  spec: { interval: 1h, url: "oci://example.com/m", secretRef: { name: s1 } }
  ---
  apiVersion: source.toolkit.fluxcd.io/v1
  kind: Bucket
  metadata: { name: bucket, namespace: flux-system }
  spec: { interval: 1h, bucketName: b, endpoint: e.example.com, secretRef: { name: s1 } }
  ---
  apiVersion: source.toolkit.fluxcd.io/v1
  kind: HelmChart
  metadata: { name: chart, namespace: flux-system }
  spec: { interval: 1h, chart: c, sourceRef: { kind: Bucket, name: bucket } }
  ---
  apiVersion: image.toolkit.fluxcd.io/v1beta2
  kind: ImagePolicy
  metadata: { name: policy, namespace: flux-system }
  spec: { imageRepositoryRef: { name: images, namespace: infra }, policy: { semver: { range: 1.x } } }
  ---
  apiVersion: image.toolkit.fluxcd.io/v1beta2
  kind: ImageRepository
  metadata: { name: images, namespace: infra }
  spec: { image: example.com/i, interval: 1h, secretRef: { name: s1 } }
  ---
  apiVersion: image.toolkit.fluxcd.io/v1beta2
  kind: ImageUpdateAutomation
  metadata: { name: automation, namespace: flux-system }
  spec: { interval: 1h, sourceRef: { kind: GitRepository, name: repository }, git: { commit: { author: { email: a@example.com } } } }
  ---
  apiVersion: notification.toolkit.fluxcd.io/v1beta3
  kind: Alert
  metadata: { name: alert, namespace: flux-system }
  spec: { providerRef: { name: slack }, eventSources: [{ kind: Kustomization, name: "*" }] }
  ---
  apiVersion: notification.toolkit.fluxcd.io/v1beta3
  kind: Provider
  metadata: { name: slack, namespace: flux-system }
  spec: { type: slack, secretRef: { name: s1 }, certSecretRef: { name: s2 } }
  ---
  apiVersion: notification.toolkit.fluxcd.io/v1
  kind: Receiver
  metadata: { name: receiver, namespace: flux-system }
  spec: { type: github, secretRef: { name: s1 }, resources: [{ kind: GitRepository, name: repository }] }
  ---
  apiVersion: external-secrets.io/v1
  kind: ExternalSecret
  metadata: { name: full, namespace: shop }
  spec:
    secretStoreRef: { name: vault }
    target: { template: { templateFrom: [{ configMap: { name: c1, items: [{ key: k1 }] } }] } }
    data: [{ secretKey: a, remoteRef: { key: b }, sourceRef: { storeRef: { name: other } } }]
    dataFrom: [{ extract: { key: b }, sourceRef: { storeRef: { kind: ClusterSecretStore, name: shared } } }]
  ---
  apiVersion: external-secrets.io/v1alpha1
  kind: PushSecret
  metadata: { name: push, namespace: shop }
  spec: { secretStoreRefs: [{ name: vault }], selector: { secret: { name: s1 } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: aws, namespace: shop }
  spec: { provider: { aws: { service: SecretsManager, region: r, auth: { secretRef: { accessKeyIDSecretRef: { name: s1, key: k1 }, secretAccessKeySecretRef: { name: s2, key: k2 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: azure, namespace: shop }
  spec: { provider: { azurekv: { vaultUrl: "https://v", tenantId: t, authSecretRef: { clientId: { name: s1, key: k1 }, clientSecret: { name: s2, key: k2 } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: bitwarden, namespace: shop }
  spec: { provider: { bitwardensecretsmanager: { organizationID: o, projectID: p, auth: { secretRef: { credentials: { name: s1, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: doppler, namespace: shop }
  spec: { provider: { doppler: { auth: { secretRef: { dopplerToken: { name: s1, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: gcp, namespace: shop }
  spec: { provider: { gcpsm: { projectID: p, auth: { secretRef: { secretAccessKeySecretRef: { name: s1, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: gitlab, namespace: shop }
  spec: { provider: { gitlab: { auth: { SecretRef: { accessToken: { name: s1, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: infisical, namespace: shop }
  spec: { provider: { infisical: { auth: { universalAuthCredentials: { clientId: { name: s1, key: k1 }, clientSecret: { name: s2, key: k2 } } }, secretsScope: { projectSlug: p, environmentSlug: e } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: kubernetes-cert, namespace: shop }
  spec: { provider: { kubernetes: { auth: { cert: { clientCert: { name: s1, key: k1 }, clientKey: { name: s2, key: k2 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: kubernetes-token, namespace: shop }
  spec: { provider: { kubernetes: { auth: { token: { bearerToken: { name: s1, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: kubernetes-account, namespace: shop }
  spec: { provider: { kubernetes: { auth: { serviceAccount: { name: reader, namespace: infra } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: onepassword, namespace: shop }
  spec: { provider: { onepassword: { connectHost: "http://c", vaults: { v: 1 }, auth: { secretRef: { connectTokenSecretRef: { name: s1, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: pulumi, namespace: shop }
  spec: { provider: { pulumi: { organization: o, project: p, environment: prod, accessToken: { secretRef: { name: pulumi-api-token, key: token } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: scaleway, namespace: shop }
  spec: { provider: { scaleway: { region: r, projectId: p, accessKey: { secretRef: { name: s1, key: k1 } }, secretKey: { secretRef: { name: s2, key: k2 } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: vault-token, namespace: shop }
  spec: { provider: { vault: { server: "https://v", auth: { tokenSecretRef: { name: s1, key: k1 } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: vault-role, namespace: shop }
  spec: { provider: { vault: { server: "https://v", auth: { appRole: { path: p, roleId: r, secretRef: { name: s1, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: vault-cert, namespace: shop }
  spec: { provider: { vault: { server: "https://v", auth: { cert: { clientCert: { name: s1, key: k1 }, secretRef: { name: s2, key: k2 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: vault-account, namespace: shop }
  spec: { provider: { vault: { server: "https://v", auth: { kubernetes: { mountPath: m, role: r, serviceAccountRef: { name: reader } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: { name: yandex, namespace: shop }
  spec: { provider: { yandexlockbox: { auth: { authorizedKeySecretRef: { name: s1, key: k1 } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: aws }
  spec: { provider: { aws: { service: SecretsManager, region: r, auth: { secretRef: { accessKeyIDSecretRef: { name: s1, namespace: infra, key: k1 }, secretAccessKeySecretRef: { name: s2, namespace: infra, key: k2 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: azure }
  spec: { provider: { azurekv: { vaultUrl: "https://v", tenantId: t, authSecretRef: { clientId: { name: s1, namespace: infra, key: k1 }, clientSecret: { name: s2, namespace: infra, key: k2 } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: bitwarden }
  spec: { provider: { bitwardensecretsmanager: { organizationID: o, projectID: p, auth: { secretRef: { credentials: { name: s1, namespace: infra, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: doppler }
  spec: { provider: { doppler: { auth: { secretRef: { dopplerToken: { name: s1, namespace: infra, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: gcp }
  spec: { provider: { gcpsm: { projectID: p, auth: { secretRef: { secretAccessKeySecretRef: { name: s1, namespace: infra, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: gitlab }
  spec: { provider: { gitlab: { auth: { SecretRef: { accessToken: { name: s1, namespace: infra, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: infisical }
  spec: { provider: { infisical: { auth: { universalAuthCredentials: { clientId: { name: s1, namespace: infra, key: k1 }, clientSecret: { name: s2, namespace: infra, key: k2 } } }, secretsScope: { projectSlug: p, environmentSlug: e } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: kubernetes-cert }
  spec: { provider: { kubernetes: { auth: { cert: { clientCert: { name: s1, namespace: infra, key: k1 }, clientKey: { name: s2, namespace: infra, key: k2 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: kubernetes-token }
  spec: { provider: { kubernetes: { auth: { token: { bearerToken: { name: s1, namespace: infra, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: kubernetes-account }
  spec: { provider: { kubernetes: { auth: { serviceAccount: { name: reader, namespace: infra } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: onepassword }
  spec: { provider: { onepassword: { connectHost: "http://c", vaults: { v: 1 }, auth: { secretRef: { connectTokenSecretRef: { name: s1, namespace: infra, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: pulumi }
  spec: { provider: { pulumi: { organization: o, project: p, environment: prod, accessToken: { secretRef: { name: pulumi-api-token, namespace: infra, key: token } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: scaleway }
  spec: { provider: { scaleway: { region: r, projectId: p, accessKey: { secretRef: { name: s1, namespace: infra, key: k1 } }, secretKey: { secretRef: { name: s2, namespace: infra, key: k2 } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: vault-token }
  spec: { provider: { vault: { server: "https://v", auth: { tokenSecretRef: { name: s1, namespace: infra, key: k1 } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: vault-role }
  spec: { provider: { vault: { server: "https://v", auth: { appRole: { path: p, roleId: r, secretRef: { name: s1, namespace: infra, key: k1 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: vault-cert }
  spec: { provider: { vault: { server: "https://v", auth: { cert: { clientCert: { name: s1, namespace: infra, key: k1 }, secretRef: { name: s2, namespace: infra, key: k2 } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: vault-account }
  spec: { provider: { vault: { server: "https://v", auth: { kubernetes: { mountPath: m, role: r, serviceAccountRef: { name: reader, namespace: infra } } } } } }
  ---
  apiVersion: external-secrets.io/v1
  kind: ClusterSecretStore
  metadata: { name: yandex }
  spec: { provider: { yandexlockbox: { auth: { authorizedKeySecretRef: { name: s1, namespace: infra, key: k1 } } } } }
  ---
  apiVersion: monitoring.coreos.com/v1
  kind: Prometheus
  metadata: { name: m, namespace: monitoring }
  spec: { additionalScrapeConfigs: { name: s1, key: k1 }, remoteWrite: [{ url: "https://r", basicAuth: { username: { name: s2, key: k2 }, password: { name: s3, key: k3 } } }, { url: "https://r", authorization: { credentials: { name: s4, key: k4 } } }], remoteRead: [{ url: "https://r", basicAuth: { username: { name: s5, key: k5 }, password: { name: s6, key: k6 } } }], secrets: [s7], configMaps: [c7], serviceAccountName: account }
  ---
  apiVersion: monitoring.coreos.com/v1alpha1
  kind: PrometheusAgent
  metadata: { name: m, namespace: monitoring }
  spec: { additionalScrapeConfigs: { name: s1, key: k1 }, remoteWrite: [{ url: "https://r", basicAuth: { username: { name: s2, key: k2 }, password: { name: s3, key: k3 } } }, { url: "https://r", authorization: { credentials: { name: s4, key: k4 } } }], secrets: [s7], configMaps: [c7], serviceAccountName: account }
  ---
  apiVersion: monitoring.coreos.com/v1
  kind: Alertmanager
  metadata: { name: m, namespace: monitoring }
  spec: { secrets: [s7], configMaps: [c7], serviceAccountName: account }
  ---
  apiVersion: monitoring.coreos.com/v1
  kind: ThanosRuler
  metadata: { name: m, namespace: monitoring }
  spec: { queryEndpoints: [q], serviceAccountName: account }
  ---
  apiVersion: monitoring.coreos.com/v1
  kind: ServiceMonitor
  metadata: { name: m, namespace: monitoring }
  spec: { selector: { matchLabels: { app: a } }, endpoints: [{ port: http, basicAuth: { username: { name: s1, key: k1 }, password: { name: s2, key: k2 } }, bearerTokenSecret: { name: s3, key: k3 }, authorization: { credentials: { name: s4, key: k4 } }, tlsConfig: { ca: { secret: { name: s5, key: k5 } }, cert: { configMap: { name: c6, key: k6 } }, keySecret: { name: s7, key: k7 } } }] }
  ---
  apiVersion: monitoring.coreos.com/v1
  kind: PodMonitor
  metadata: { name: m, namespace: monitoring }
  spec: { selector: { matchLabels: { app: a } }, podMetricsEndpoints: [{ port: http, basicAuth: { username: { name: s1, key: k1 }, password: { name: s2, key: k2 } }, bearerTokenSecret: { name: s3, key: k3 }, authorization: { credentials: { name: s4, key: k4 } }, tlsConfig: { ca: { secret: { name: s5, key: k5 } }, cert: { configMap: { name: c6, key: k6 } }, keySecret: { name: s7, key: k7 } } }] }
  ---
  apiVersion: monitoring.coreos.com/v1
  kind: Probe
  metadata: { name: m, namespace: monitoring }
  spec: { prober: { url: p }, basicAuth: { username: { name: s1, key: k1 }, password: { name: s2, key: k2 } }, bearerTokenSecret: { name: s3, key: k3 }, authorization: { credentials: { name: s4, key: k4 } }, tlsConfig: { ca: { secret: { name: s5, key: k5 } }, cert: { configMap: { name: c6, key: k6 } }, keySecret: { name: s7, key: k7 } } }
  ---
  apiVersion: monitoring.coreos.com/v1alpha1
  kind: AlertmanagerConfig
  metadata: { name: m, namespace: monitoring }
  spec:
    receivers:
      - name: all
        slackConfigs: [{ apiURL: { name: s1, key: k1 } }]
        discordConfigs: [{ apiURL: { name: s2, key: k2 } }]
        msteamsConfigs: [{ webhookUrl: { name: s3, key: k3 } }]
        pagerdutyConfigs: [{ routingKey: { name: s4, key: k4 } }, { serviceKey: { name: s5, key: k5 } }]
        opsgenieConfigs: [{ apiKey: { name: s6, key: k6 } }]
        webhookConfigs: [{ urlSecret: { name: s7, key: k7 } }]
        telegramConfigs: [{ chatID: 1, botToken: { name: s8, key: k8 } }]
        emailConfigs: [{ to: a@example.com, authPassword: { name: s9, key: k9 } }]
  ---
  apiVersion: argoproj.io/v1alpha1
  kind: Application
  metadata: { name: app, namespace: argocd }
  spec: { project: shop, destination: { namespace: shop, server: "https://kubernetes.default.svc" }, source: { repoURL: "https://example.com/r", path: p } }
  ---
  apiVersion: argoproj.io/v1alpha1
  kind: ApplicationSet
  metadata: { name: apps, namespace: argocd }
  spec:
    generators: [{ list: { elements: [] } }]
    template:
      metadata: { name: x }
      spec: { project: shop, destination: { namespace: shop, server: "https://kubernetes.default.svc" }, source: { repoURL: "https://example.com/r", path: p } }
  ---
  apiVersion: keda.sh/v1alpha1
  kind: ScaledObject
  metadata: { name: queue, namespace: shop }
  spec:
    scaleTargetRef: { name: worker }
    triggers: [{ type: kafka, metadata: { a: b }, authenticationRef: { name: auth } }, { type: kafka, metadata: { a: b }, authenticationRef: { name: auth, kind: ClusterTriggerAuthentication } }]
  ---
  apiVersion: keda.sh/v1alpha1
  kind: ScaledJob
  metadata: { name: jobs, namespace: shop }
  spec:
    jobTargetRef: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: "a:1" }] } } }
    triggers: [{ type: kafka, metadata: { a: b }, authenticationRef: { name: auth } }]
  ---
  apiVersion: keda.sh/v1alpha1
  kind: TriggerAuthentication
  metadata: { name: auth, namespace: shop }
  spec:
    secretTargetRef: [{ parameter: p, name: s1, key: k1 }]
    configMapTargetRef: [{ parameter: p, name: c1, key: k2 }]
  ---
  apiVersion: argoproj.io/v1alpha1
  kind: Rollout
  metadata: { name: canary, namespace: shop }
  spec:
    workloadRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    strategy:
      canary:
        stableService: stable
        canaryService: canary
        pingPong: { pingService: ping, pongService: pong }
  ---
  apiVersion: argoproj.io/v1alpha1
  kind: Rollout
  metadata: { name: blue, namespace: shop }
  spec:
    workloadRef: { apiVersion: v1, kind: PodTemplate, name: web }
    strategy: { blueGreen: { activeService: active, previewService: preview } }
`;

const FOUND = yaml`
  Pod/pod spec.containers.0.env.1.valueFrom.configMapKeyRef.name -> ConfigMap shop/c1 (text k2@spec.containers.0.env.1.valueFrom.configMapKeyRef.key)
  Pod/pod spec.initContainers.0.env.0.valueFrom.secretKeyRef.name -> Secret shop/s1 (optional k1@spec.initContainers.0.env.0.valueFrom.secretKeyRef.key)
  Pod/pod spec.containers.0.envFrom.0.configMapRef.name -> ConfigMap shop/c2
  Pod/pod spec.containers.0.envFrom.1.secretRef.name -> Secret shop/s2
  Pod/pod spec.volumes.0.configMap.name -> ConfigMap shop/c3 (k3@spec.volumes.0.configMap.items.0.key k4@spec.volumes.0.configMap.items.1.key)
  Pod/pod spec.volumes.1.secret.secretName -> Secret shop/s3 (k5@spec.volumes.1.secret.items.0.key)
  Pod/pod spec.volumes.2.projected.sources.0.configMap.name -> ConfigMap shop/c4 (k6@spec.volumes.2.projected.sources.0.configMap.items.0.key)
  Pod/pod spec.volumes.2.projected.sources.1.secret.name -> Secret shop/s4 (optional k7@spec.volumes.2.projected.sources.1.secret.items.0.key)
  Pod/pod spec.volumes.3.persistentVolumeClaim.claimName -> PersistentVolumeClaim shop/pvc
  Pod/pod spec.volumes.4.ephemeral.volumeClaimTemplate.spec.storageClassName -> storage.k8s.io/StorageClass class1
  Pod/pod spec.volumes.5.csi.nodePublishSecretRef.name -> Secret shop/s5
  Pod/pod spec.volumes.6.azureFile.secretName -> Secret shop/s6
  Pod/pod spec.volumes.7.cephfs.secretRef.name -> Secret shop/s7
  Pod/pod spec.volumes.8.iscsi.secretRef.name -> Secret shop/s8
  Pod/pod spec.imagePullSecrets.0.name -> Secret shop/pull (mild)
  Pod/pod spec.serviceAccountName -> ServiceAccount shop/account
  Pod/pod spec.runtimeClassName -> node.k8s.io/RuntimeClass runtime
  Pod/pod spec.priorityClassName -> scheduling.k8s.io/PriorityClass priority
  Pod/pod spec.resourceClaims.0.resourceClaimName -> resource.k8s.io/ResourceClaim shop/claim
  Pod/pod spec.resourceClaims.1.resourceClaimTemplateName -> resource.k8s.io/ResourceClaimTemplate shop/template
  CronJob/cron spec.jobTemplate.spec.template.spec.serviceAccount -> ServiceAccount shop/old
  ServiceAccount/account imagePullSecrets.0.name -> Secret shop/s2 (mild)
  ServiceAccount/account secrets.0.name -> Secret shop/s1 (mild)
  StatefulSet/set spec.serviceName -> Service shop/headless (mild)
  StatefulSet/set spec.volumeClaimTemplates.0.spec.storageClassName -> storage.k8s.io/StorageClass class1
  HorizontalPodAutoscaler/hpa spec.scaleTargetRef.name -> apps/StatefulSet shop/set
  VerticalPodAutoscaler/vpa spec.targetRef.name -> apps/DaemonSet shop/daemon (mild)
  PersistentVolumeClaim/pvc spec.storageClassName -> storage.k8s.io/StorageClass class1
  PersistentVolumeClaim/pvc spec.volumeAttributesClassName -> storage.k8s.io/VolumeAttributesClass fast
  PersistentVolumeClaim/pvc spec.dataSource.name -> snapshot.storage.k8s.io/VolumeSnapshot shop/snapshot
  PersistentVolumeClaim/pvc spec.dataSourceRef.name -> PersistentVolumeClaim infra/other
  PersistentVolumeClaim/bound spec.volumeName -> PersistentVolume volume
  PersistentVolume/volume spec.claimRef.name -> PersistentVolumeClaim shop/pvc (mild)
  PersistentVolume/volume spec.csi.nodeStageSecretRef.name -> Secret infra/s1
  PersistentVolume/others spec.rbd.secretRef.name -> Secret infra/s2
  PersistentVolume/others spec.azureFile.secretName -> Secret infra/s1
  RoleBinding/binding roleRef.name -> rbac.authorization.k8s.io/Role shop/role
  RoleBinding/binding subjects.0.name -> ServiceAccount shop/own (mild)
  RoleBinding/binding subjects.1.name -> ServiceAccount infra/other (mild)
  ClusterRoleBinding/binding roleRef.name -> rbac.authorization.k8s.io/ClusterRole role
  ClusterRoleBinding/binding subjects.0.name -> ServiceAccount shop/account (mild)
  MutatingWebhookConfiguration/webhooks webhooks.0.clientConfig.service.name -> Service shop/hook
  MutatingWebhookConfiguration/webhooks webhooks.1.clientConfig.service.name -> Service shop/hook (mild)
  ValidatingWebhookConfiguration/webhooks webhooks.0.clientConfig.service.name -> Service shop/hook
  ValidatingAdmissionPolicyBinding/policy spec.policyName -> admissionregistration.k8s.io/ValidatingAdmissionPolicy policy
  MutatingAdmissionPolicyBinding/policy spec.policyName -> admissionregistration.k8s.io/MutatingAdmissionPolicy policy
  APIService/v1.example.com spec.service.name -> Service shop/api
  CustomResourceDefinition/games.example.com spec.conversion.webhook.clientConfig.service.name -> Service shop/convert
  Ingress/ingress spec.defaultBackend.service.name -> Service shop/default
  Ingress/ingress spec.rules.0.http.paths.0.backend.service.name -> Service shop/web
  Ingress/ingress spec.tls.0.secretName -> Secret shop/tls (tls.crt@spec.tls.0.secretName tls.key@spec.tls.0.secretName)
  Ingress/ingress spec.ingressClassName -> networking.k8s.io/IngressClass class
  Ingress/ingress metadata.annotations.traefik.ingress.kubernetes.io/router.middlewares -> traefik.io/Middleware shop/a or traefik.containo.us/Middleware shop/a
  Ingress/ingress metadata.annotations.traefik.ingress.kubernetes.io/router.middlewares -> traefik.io/Middleware b/c-d or traefik.containo.us/Middleware b/c-d or traefik.io/Middleware b-c/d or traefik.containo.us/Middleware b-c/d
  Ingress/ingress metadata.annotations.traefik.ingress.kubernetes.io/router.middlewares -> traefik.io/Middleware shop/e or traefik.containo.us/Middleware shop/e
  Ingress/ingress metadata.annotations.traefik.ingress.kubernetes.io/router.middlewares -> traefik.io/Middleware shop/-f-@kubernetescrd or traefik.containo.us/Middleware shop/-f-@kubernetescrd
  Ingress/ingress metadata.annotations.traefik.ingress.kubernetes.io/router.tls.options -> traefik.io/TLSOption shop/tls or traefik.containo.us/TLSOption shop/tls
  Ingress/ingress metadata.annotations.cert-manager.io/issuer -> cert-manager.io/Issuer shop/issuer
  Ingress/ingress metadata.annotations.cert-manager.io/cluster-issuer -> cert-manager.io/ClusterIssuer cluster-issuer
  ScaledObject/scaled spec.scaleTargetRef.name -> apps/Deployment shop/worker
  HTTPRoute/http spec.rules.0.backendRefs.0.name -> Service shop/web
  HTTPRoute/http spec.rules.0.backendRefs.1.name -> Service infra/web
  GRPCRoute/grpc spec.rules.0.backendRefs.0.name -> Service shop/web
  IngressRoute/route spec.routes.0.services.0.name -> Service shop/web
  IngressRoute/route spec.routes.0.services.1.name -> Service infra/web
  IngressRoute/route spec.routes.0.services.2.name -> traefik.io/TraefikService shop/weighted or traefik.containo.us/TraefikService shop/weighted
  IngressRoute/route spec.routes.0.middlewares.0.name -> traefik.io/Middleware shop/m or traefik.containo.us/Middleware shop/m
  IngressRoute/route spec.routes.0.middlewares.1.name -> traefik.io/Middleware infra/next or traefik.containo.us/Middleware infra/next
  IngressRoute/route spec.routes.0.middlewares.2.name -> traefik.io/Middleware shop/o or traefik.containo.us/Middleware shop/o
  IngressRoute/route spec.tls.secretName -> Secret shop/tls (tls.crt@spec.tls.secretName tls.key@spec.tls.secretName)
  IngressRoute/route spec.tls.options.name -> traefik.io/TLSOption infra/options or traefik.containo.us/TLSOption infra/options
  IngressRouteTCP/tcp spec.routes.0.services.0.name -> Service shop/db
  IngressRouteTCP/tcp spec.routes.0.middlewares.0.name -> traefik.io/MiddlewareTCP shop/m or traefik.containo.us/MiddlewareTCP shop/m
  IngressRouteTCP/tcp spec.tls.secretName -> Secret shop/tls (tls.crt@spec.tls.secretName tls.key@spec.tls.secretName)
  IngressRouteTCP/tcp spec.tls.options.name -> traefik.io/TLSOption shop/options or traefik.containo.us/TLSOption shop/options
  IngressRouteUDP/udp spec.routes.0.services.0.name -> Service shop/dns
  TraefikService/weighted spec.weighted.services.0.name -> Service shop/a
  TraefikService/weighted spec.mirroring.name -> Service shop/b
  TraefikService/weighted spec.mirroring.mirrors.0.name -> Service shop/c
  Middleware/m spec.chain.middlewares.0.name -> traefik.io/Middleware shop/next or traefik.containo.us/Middleware shop/next
  Middleware/m spec.errors.service.name -> Service shop/pages
  Middleware/m spec.basicAuth.secret -> Secret shop/s1
  Middleware/m spec.digestAuth.secret -> Secret shop/s2
  Middleware/m spec.forwardAuth.tls.caSecret -> Secret shop/s3
  Middleware/m spec.forwardAuth.tls.certSecret -> Secret shop/s4 (tls.crt@spec.forwardAuth.tls.certSecret tls.key@spec.forwardAuth.tls.certSecret)
  TLSOption/options spec.clientAuth.secretNames.0 -> Secret shop/s1
  TLSOption/options spec.clientAuth.secretNames.1 -> Secret shop/s2
  TLSStore/default spec.defaultCertificate.secretName -> Secret shop/s1 (tls.crt@spec.defaultCertificate.secretName tls.key@spec.defaultCertificate.secretName)
  TLSStore/default spec.certificates.0.secretName -> Secret shop/s2 (tls.crt@spec.certificates.0.secretName tls.key@spec.certificates.0.secretName)
  ServersTransport/transport spec.rootCAsSecrets.0 -> Secret shop/s1
  ServersTransport/transport spec.rootCAs.0.secret -> Secret shop/s3
  ServersTransport/transport spec.rootCAs.1.configMap -> ConfigMap shop/c1
  ServersTransport/transport spec.certificatesSecrets.0 -> Secret shop/s2 (tls.crt@spec.certificatesSecrets.0 tls.key@spec.certificatesSecrets.0)
  Certificate/certificate spec.issuerRef.name -> cert-manager.io/Issuer shop/issuer
  Certificate/certificate spec.keystores.jks.passwordSecretRef.name -> Secret shop/s1 (k1@spec.keystores.jks.passwordSecretRef.key)
  Certificate/certificate spec.keystores.pkcs12.passwordSecretRef.name -> Secret shop/s2 (k2@spec.keystores.pkcs12.passwordSecretRef.key)
  CertificateRequest/request spec.issuerRef.name -> cert-manager.io/ClusterIssuer issuer
  Issuer/issuer spec.ca.secretName -> Secret shop/s1 (tls.crt@spec.ca.secretName tls.key@spec.ca.secretName)
  Issuer/issuer spec.acme.externalAccountBinding.keySecretRef.name -> Secret shop/s2 (k2@spec.acme.externalAccountBinding.keySecretRef.key)
  Issuer/issuer spec.acme.solvers.0.dns01.route53.secretAccessKeySecretRef.name -> Secret shop/s3 (k3@spec.acme.solvers.0.dns01.route53.secretAccessKeySecretRef.key)
  Issuer/issuer spec.vault.auth.tokenSecretRef.name -> Secret shop/s5 (k5@spec.vault.auth.tokenSecretRef.key)
  Issuer/issuer spec.vault.auth.appRole.secretRef.name -> Secret shop/s6 (k6@spec.vault.auth.appRole.secretRef.key)
  Issuer/issuer spec.vault.caBundleSecretRef.name -> Secret shop/s4 (k4@spec.vault.caBundleSecretRef.key)
  Issuer/issuer spec.venafi.tpp.credentialsRef.name -> Secret shop/s7
  Issuer/issuer spec.venafi.cloud.apiTokenSecretRef.name -> Secret shop/s8 (k8@spec.venafi.cloud.apiTokenSecretRef.key)
  HelmRelease/release spec.chart.spec.sourceRef.name -> source.toolkit.fluxcd.io/HelmRepository shop/charts
  HelmRelease/referring spec.chartRef.name -> source.toolkit.fluxcd.io/OCIRepository flux-system/charts
  Kustomization/apps spec.sourceRef.name -> source.toolkit.fluxcd.io/GitRepository shop/repository
  ExternalSecret/external spec.secretStoreRef.name -> external-secrets.io/ClusterSecretStore store
  HTTPRoute/routed spec.rules.0.filters.0.requestMirror.backendRef.name -> Service shop/shadow (mild)
  HTTPRoute/routed spec.parentRefs.0.name -> gateway.networking.k8s.io/Gateway infra/public
  HTTPRoute/routed spec.parentRefs.1.name -> Service shop/web
  GRPCRoute/routed spec.rules.0.filters.0.requestMirror.backendRef.name -> Service shop/shadow (mild)
  GRPCRoute/routed spec.parentRefs.0.name -> gateway.networking.k8s.io/Gateway shop/public
  TLSRoute/tls spec.rules.0.backendRefs.0.name -> Service shop/db
  TLSRoute/tls spec.parentRefs.0.name -> gateway.networking.k8s.io/Gateway shop/public
  TCPRoute/tcp spec.rules.0.backendRefs.0.name -> Service shop/db
  TCPRoute/tcp spec.parentRefs.0.name -> gateway.networking.k8s.io/Gateway shop/public
  UDPRoute/udp spec.rules.0.backendRefs.0.name -> Service shop/dns
  UDPRoute/udp spec.parentRefs.0.name -> gateway.networking.k8s.io/Gateway shop/public
  Gateway/public spec.listeners.0.tls.certificateRefs.0.name -> Secret infra/tls (tls.crt@spec.listeners.0.tls.certificateRefs.0.name tls.key@spec.listeners.0.tls.certificateRefs.0.name)
  Gateway/public spec.listeners.0.tls.certificateRefs.1.name -> Secret shop/other (tls.crt@spec.listeners.0.tls.certificateRefs.1.name tls.key@spec.listeners.0.tls.certificateRefs.1.name)
  Gateway/public spec.gatewayClassName -> gateway.networking.k8s.io/GatewayClass envoy
  IngressRoute/transported spec.routes.0.services.0.name -> Service shop/web
  IngressRoute/transported spec.routes.0.services.0.serversTransport -> traefik.io/ServersTransport shop/transport or traefik.containo.us/ServersTransport shop/transport
  HelmRelease/full spec.chart.spec.sourceRef.name -> source.toolkit.fluxcd.io/HelmRepository apps/charts
  HelmRelease/full spec.valuesFrom.0.name -> ConfigMap apps/c1 (k1@spec.valuesFrom.0.valuesKey)
  HelmRelease/full spec.valuesFrom.1.name -> Secret apps/s1 (optional)
  HelmRelease/full spec.serviceAccountName -> ServiceAccount apps/deployer
  HelmRelease/remote spec.chart.spec.sourceRef.name -> source.toolkit.fluxcd.io/HelmRepository apps/charts
  HelmRelease/remote spec.kubeConfig.secretRef.name -> Secret apps/s2
  Kustomization/full spec.sourceRef.name -> source.toolkit.fluxcd.io/OCIRepository flux-system/manifests
  Kustomization/full spec.postBuild.substituteFrom.0.name -> ConfigMap flux-system/vars
  Kustomization/full spec.postBuild.substituteFrom.1.name -> Secret flux-system/secret-vars (optional)
  Kustomization/full spec.decryption.secretRef.name -> Secret flux-system/age
  Kustomization/full spec.serviceAccountName -> ServiceAccount flux-system/deployer
  Kustomization/remote spec.sourceRef.name -> source.toolkit.fluxcd.io/GitRepository infra/g
  Kustomization/remote spec.kubeConfig.secretRef.name -> Secret flux-system/s3
  GitRepository/repository spec.secretRef.name -> Secret flux-system/s1
  GitRepository/repository spec.proxySecretRef.name -> Secret flux-system/s2
  HelmRepository/charts spec.secretRef.name -> Secret flux-system/s1
  HelmRepository/charts spec.certSecretRef.name -> Secret flux-system/s2
  OCIRepository/manifests spec.secretRef.name -> Secret flux-system/s1
  Bucket/bucket spec.secretRef.name -> Secret flux-system/s1
  HelmChart/chart spec.sourceRef.name -> source.toolkit.fluxcd.io/Bucket flux-system/bucket
  ImagePolicy/policy spec.imageRepositoryRef.name -> image.toolkit.fluxcd.io/ImageRepository infra/images
  ImageRepository/images spec.secretRef.name -> Secret infra/s1
  ImageUpdateAutomation/automation spec.sourceRef.name -> source.toolkit.fluxcd.io/GitRepository flux-system/repository
  Alert/alert spec.providerRef.name -> notification.toolkit.fluxcd.io/Provider flux-system/slack
  Provider/slack spec.secretRef.name -> Secret flux-system/s1
  Provider/slack spec.certSecretRef.name -> Secret flux-system/s2
  Receiver/receiver spec.secretRef.name -> Secret flux-system/s1
  ExternalSecret/full spec.secretStoreRef.name -> external-secrets.io/SecretStore shop/vault
  ExternalSecret/full spec.data.0.sourceRef.storeRef.name -> external-secrets.io/SecretStore shop/other
  ExternalSecret/full spec.dataFrom.0.sourceRef.storeRef.name -> external-secrets.io/ClusterSecretStore shared
  ExternalSecret/full spec.target.template.templateFrom.0.configMap.name -> ConfigMap shop/c1
  PushSecret/push spec.secretStoreRefs.0.name -> external-secrets.io/SecretStore shop/vault
  PushSecret/push spec.selector.secret.name -> Secret shop/s1
  SecretStore/aws spec.provider.aws.auth.secretRef.accessKeyIDSecretRef.name -> Secret shop/s1 (k1@spec.provider.aws.auth.secretRef.accessKeyIDSecretRef.key)
  SecretStore/aws spec.provider.aws.auth.secretRef.secretAccessKeySecretRef.name -> Secret shop/s2 (k2@spec.provider.aws.auth.secretRef.secretAccessKeySecretRef.key)
  SecretStore/azure spec.provider.azurekv.authSecretRef.clientId.name -> Secret shop/s1 (k1@spec.provider.azurekv.authSecretRef.clientId.key)
  SecretStore/azure spec.provider.azurekv.authSecretRef.clientSecret.name -> Secret shop/s2 (k2@spec.provider.azurekv.authSecretRef.clientSecret.key)
  SecretStore/bitwarden spec.provider.bitwardensecretsmanager.auth.secretRef.credentials.name -> Secret shop/s1 (k1@spec.provider.bitwardensecretsmanager.auth.secretRef.credentials.key)
  SecretStore/doppler spec.provider.doppler.auth.secretRef.dopplerToken.name -> Secret shop/s1 (k1@spec.provider.doppler.auth.secretRef.dopplerToken.key)
  SecretStore/gcp spec.provider.gcpsm.auth.secretRef.secretAccessKeySecretRef.name -> Secret shop/s1 (k1@spec.provider.gcpsm.auth.secretRef.secretAccessKeySecretRef.key)
  SecretStore/gitlab spec.provider.gitlab.auth.SecretRef.accessToken.name -> Secret shop/s1 (k1@spec.provider.gitlab.auth.SecretRef.accessToken.key)
  SecretStore/infisical spec.provider.infisical.auth.universalAuthCredentials.clientId.name -> Secret shop/s1 (k1@spec.provider.infisical.auth.universalAuthCredentials.clientId.key)
  SecretStore/infisical spec.provider.infisical.auth.universalAuthCredentials.clientSecret.name -> Secret shop/s2 (k2@spec.provider.infisical.auth.universalAuthCredentials.clientSecret.key)
  SecretStore/kubernetes-cert spec.provider.kubernetes.auth.cert.clientCert.name -> Secret shop/s1 (k1@spec.provider.kubernetes.auth.cert.clientCert.key)
  SecretStore/kubernetes-cert spec.provider.kubernetes.auth.cert.clientKey.name -> Secret shop/s2 (k2@spec.provider.kubernetes.auth.cert.clientKey.key)
  SecretStore/kubernetes-token spec.provider.kubernetes.auth.token.bearerToken.name -> Secret shop/s1 (k1@spec.provider.kubernetes.auth.token.bearerToken.key)
  SecretStore/kubernetes-account spec.provider.kubernetes.auth.serviceAccount.name -> ServiceAccount infra/reader
  SecretStore/onepassword spec.provider.onepassword.auth.secretRef.connectTokenSecretRef.name -> Secret shop/s1 (k1@spec.provider.onepassword.auth.secretRef.connectTokenSecretRef.key)
  SecretStore/pulumi spec.provider.pulumi.accessToken.secretRef.name -> Secret shop/pulumi-api-token (token@spec.provider.pulumi.accessToken.secretRef.key)
  SecretStore/scaleway spec.provider.scaleway.accessKey.secretRef.name -> Secret shop/s1 (k1@spec.provider.scaleway.accessKey.secretRef.key)
  SecretStore/scaleway spec.provider.scaleway.secretKey.secretRef.name -> Secret shop/s2 (k2@spec.provider.scaleway.secretKey.secretRef.key)
  SecretStore/vault-token spec.provider.vault.auth.tokenSecretRef.name -> Secret shop/s1 (k1@spec.provider.vault.auth.tokenSecretRef.key)
  SecretStore/vault-role spec.provider.vault.auth.appRole.secretRef.name -> Secret shop/s1 (k1@spec.provider.vault.auth.appRole.secretRef.key)
  SecretStore/vault-cert spec.provider.vault.auth.cert.clientCert.name -> Secret shop/s1 (k1@spec.provider.vault.auth.cert.clientCert.key)
  SecretStore/vault-cert spec.provider.vault.auth.cert.secretRef.name -> Secret shop/s2 (k2@spec.provider.vault.auth.cert.secretRef.key)
  SecretStore/vault-account spec.provider.vault.auth.kubernetes.serviceAccountRef.name -> ServiceAccount shop/reader
  SecretStore/yandex spec.provider.yandexlockbox.auth.authorizedKeySecretRef.name -> Secret shop/s1 (k1@spec.provider.yandexlockbox.auth.authorizedKeySecretRef.key)
  ClusterSecretStore/aws spec.provider.aws.auth.secretRef.accessKeyIDSecretRef.name -> Secret infra/s1 (k1@spec.provider.aws.auth.secretRef.accessKeyIDSecretRef.key)
  ClusterSecretStore/aws spec.provider.aws.auth.secretRef.secretAccessKeySecretRef.name -> Secret infra/s2 (k2@spec.provider.aws.auth.secretRef.secretAccessKeySecretRef.key)
  ClusterSecretStore/azure spec.provider.azurekv.authSecretRef.clientId.name -> Secret infra/s1 (k1@spec.provider.azurekv.authSecretRef.clientId.key)
  ClusterSecretStore/azure spec.provider.azurekv.authSecretRef.clientSecret.name -> Secret infra/s2 (k2@spec.provider.azurekv.authSecretRef.clientSecret.key)
  ClusterSecretStore/bitwarden spec.provider.bitwardensecretsmanager.auth.secretRef.credentials.name -> Secret infra/s1 (k1@spec.provider.bitwardensecretsmanager.auth.secretRef.credentials.key)
  ClusterSecretStore/doppler spec.provider.doppler.auth.secretRef.dopplerToken.name -> Secret infra/s1 (k1@spec.provider.doppler.auth.secretRef.dopplerToken.key)
  ClusterSecretStore/gcp spec.provider.gcpsm.auth.secretRef.secretAccessKeySecretRef.name -> Secret infra/s1 (k1@spec.provider.gcpsm.auth.secretRef.secretAccessKeySecretRef.key)
  ClusterSecretStore/gitlab spec.provider.gitlab.auth.SecretRef.accessToken.name -> Secret infra/s1 (k1@spec.provider.gitlab.auth.SecretRef.accessToken.key)
  ClusterSecretStore/infisical spec.provider.infisical.auth.universalAuthCredentials.clientId.name -> Secret infra/s1 (k1@spec.provider.infisical.auth.universalAuthCredentials.clientId.key)
  ClusterSecretStore/infisical spec.provider.infisical.auth.universalAuthCredentials.clientSecret.name -> Secret infra/s2 (k2@spec.provider.infisical.auth.universalAuthCredentials.clientSecret.key)
  ClusterSecretStore/kubernetes-cert spec.provider.kubernetes.auth.cert.clientCert.name -> Secret infra/s1 (k1@spec.provider.kubernetes.auth.cert.clientCert.key)
  ClusterSecretStore/kubernetes-cert spec.provider.kubernetes.auth.cert.clientKey.name -> Secret infra/s2 (k2@spec.provider.kubernetes.auth.cert.clientKey.key)
  ClusterSecretStore/kubernetes-token spec.provider.kubernetes.auth.token.bearerToken.name -> Secret infra/s1 (k1@spec.provider.kubernetes.auth.token.bearerToken.key)
  ClusterSecretStore/kubernetes-account spec.provider.kubernetes.auth.serviceAccount.name -> ServiceAccount infra/reader
  ClusterSecretStore/onepassword spec.provider.onepassword.auth.secretRef.connectTokenSecretRef.name -> Secret infra/s1 (k1@spec.provider.onepassword.auth.secretRef.connectTokenSecretRef.key)
  ClusterSecretStore/pulumi spec.provider.pulumi.accessToken.secretRef.name -> Secret infra/pulumi-api-token (token@spec.provider.pulumi.accessToken.secretRef.key)
  ClusterSecretStore/scaleway spec.provider.scaleway.accessKey.secretRef.name -> Secret infra/s1 (k1@spec.provider.scaleway.accessKey.secretRef.key)
  ClusterSecretStore/scaleway spec.provider.scaleway.secretKey.secretRef.name -> Secret infra/s2 (k2@spec.provider.scaleway.secretKey.secretRef.key)
  ClusterSecretStore/vault-token spec.provider.vault.auth.tokenSecretRef.name -> Secret infra/s1 (k1@spec.provider.vault.auth.tokenSecretRef.key)
  ClusterSecretStore/vault-role spec.provider.vault.auth.appRole.secretRef.name -> Secret infra/s1 (k1@spec.provider.vault.auth.appRole.secretRef.key)
  ClusterSecretStore/vault-cert spec.provider.vault.auth.cert.clientCert.name -> Secret infra/s1 (k1@spec.provider.vault.auth.cert.clientCert.key)
  ClusterSecretStore/vault-cert spec.provider.vault.auth.cert.secretRef.name -> Secret infra/s2 (k2@spec.provider.vault.auth.cert.secretRef.key)
  ClusterSecretStore/vault-account spec.provider.vault.auth.kubernetes.serviceAccountRef.name -> ServiceAccount infra/reader
  ClusterSecretStore/yandex spec.provider.yandexlockbox.auth.authorizedKeySecretRef.name -> Secret infra/s1 (k1@spec.provider.yandexlockbox.auth.authorizedKeySecretRef.key)
  Prometheus/m spec.secrets.0 -> Secret monitoring/s7
  Prometheus/m spec.configMaps.0 -> ConfigMap monitoring/c7
  Prometheus/m spec.serviceAccountName -> ServiceAccount monitoring/account
  Prometheus/m spec.additionalScrapeConfigs.name -> Secret monitoring/s1 (k1@spec.additionalScrapeConfigs.key)
  Prometheus/m spec.remoteWrite.0.basicAuth.username.name -> Secret monitoring/s2 (k2@spec.remoteWrite.0.basicAuth.username.key)
  Prometheus/m spec.remoteWrite.0.basicAuth.password.name -> Secret monitoring/s3 (k3@spec.remoteWrite.0.basicAuth.password.key)
  Prometheus/m spec.remoteRead.0.basicAuth.username.name -> Secret monitoring/s5 (k5@spec.remoteRead.0.basicAuth.username.key)
  Prometheus/m spec.remoteRead.0.basicAuth.password.name -> Secret monitoring/s6 (k6@spec.remoteRead.0.basicAuth.password.key)
  Prometheus/m spec.remoteWrite.1.authorization.credentials.name -> Secret monitoring/s4 (k4@spec.remoteWrite.1.authorization.credentials.key)
  PrometheusAgent/m spec.secrets.0 -> Secret monitoring/s7
  PrometheusAgent/m spec.configMaps.0 -> ConfigMap monitoring/c7
  PrometheusAgent/m spec.serviceAccountName -> ServiceAccount monitoring/account
  PrometheusAgent/m spec.additionalScrapeConfigs.name -> Secret monitoring/s1 (k1@spec.additionalScrapeConfigs.key)
  PrometheusAgent/m spec.remoteWrite.0.basicAuth.username.name -> Secret monitoring/s2 (k2@spec.remoteWrite.0.basicAuth.username.key)
  PrometheusAgent/m spec.remoteWrite.0.basicAuth.password.name -> Secret monitoring/s3 (k3@spec.remoteWrite.0.basicAuth.password.key)
  PrometheusAgent/m spec.remoteWrite.1.authorization.credentials.name -> Secret monitoring/s4 (k4@spec.remoteWrite.1.authorization.credentials.key)
  Alertmanager/m spec.secrets.0 -> Secret monitoring/s7
  Alertmanager/m spec.configMaps.0 -> ConfigMap monitoring/c7
  Alertmanager/m spec.serviceAccountName -> ServiceAccount monitoring/account
  ThanosRuler/m spec.serviceAccountName -> ServiceAccount monitoring/account
  ServiceMonitor/m spec.endpoints.0.basicAuth.username.name -> Secret monitoring/s1 (k1@spec.endpoints.0.basicAuth.username.key)
  ServiceMonitor/m spec.endpoints.0.basicAuth.password.name -> Secret monitoring/s2 (k2@spec.endpoints.0.basicAuth.password.key)
  ServiceMonitor/m spec.endpoints.0.bearerTokenSecret.name -> Secret monitoring/s3 (k3@spec.endpoints.0.bearerTokenSecret.key)
  ServiceMonitor/m spec.endpoints.0.authorization.credentials.name -> Secret monitoring/s4 (k4@spec.endpoints.0.authorization.credentials.key)
  ServiceMonitor/m spec.endpoints.0.tlsConfig.keySecret.name -> Secret monitoring/s7 (k7@spec.endpoints.0.tlsConfig.keySecret.key)
  ServiceMonitor/m spec.endpoints.0.tlsConfig.ca.secret.name -> Secret monitoring/s5 (k5@spec.endpoints.0.tlsConfig.ca.secret.key)
  ServiceMonitor/m spec.endpoints.0.tlsConfig.cert.configMap.name -> ConfigMap monitoring/c6 (k6@spec.endpoints.0.tlsConfig.cert.configMap.key)
  PodMonitor/m spec.podMetricsEndpoints.0.basicAuth.username.name -> Secret monitoring/s1 (k1@spec.podMetricsEndpoints.0.basicAuth.username.key)
  PodMonitor/m spec.podMetricsEndpoints.0.basicAuth.password.name -> Secret monitoring/s2 (k2@spec.podMetricsEndpoints.0.basicAuth.password.key)
  PodMonitor/m spec.podMetricsEndpoints.0.bearerTokenSecret.name -> Secret monitoring/s3 (k3@spec.podMetricsEndpoints.0.bearerTokenSecret.key)
  PodMonitor/m spec.podMetricsEndpoints.0.authorization.credentials.name -> Secret monitoring/s4 (k4@spec.podMetricsEndpoints.0.authorization.credentials.key)
  PodMonitor/m spec.podMetricsEndpoints.0.tlsConfig.keySecret.name -> Secret monitoring/s7 (k7@spec.podMetricsEndpoints.0.tlsConfig.keySecret.key)
  PodMonitor/m spec.podMetricsEndpoints.0.tlsConfig.ca.secret.name -> Secret monitoring/s5 (k5@spec.podMetricsEndpoints.0.tlsConfig.ca.secret.key)
  PodMonitor/m spec.podMetricsEndpoints.0.tlsConfig.cert.configMap.name -> ConfigMap monitoring/c6 (k6@spec.podMetricsEndpoints.0.tlsConfig.cert.configMap.key)
  Probe/m spec.basicAuth.username.name -> Secret monitoring/s1 (k1@spec.basicAuth.username.key)
  Probe/m spec.basicAuth.password.name -> Secret monitoring/s2 (k2@spec.basicAuth.password.key)
  Probe/m spec.bearerTokenSecret.name -> Secret monitoring/s3 (k3@spec.bearerTokenSecret.key)
  Probe/m spec.authorization.credentials.name -> Secret monitoring/s4 (k4@spec.authorization.credentials.key)
  Probe/m spec.tlsConfig.keySecret.name -> Secret monitoring/s7 (k7@spec.tlsConfig.keySecret.key)
  Probe/m spec.tlsConfig.ca.secret.name -> Secret monitoring/s5 (k5@spec.tlsConfig.ca.secret.key)
  Probe/m spec.tlsConfig.cert.configMap.name -> ConfigMap monitoring/c6 (k6@spec.tlsConfig.cert.configMap.key)
  AlertmanagerConfig/m spec.receivers.0.slackConfigs.0.apiURL.name -> Secret monitoring/s1 (k1@spec.receivers.0.slackConfigs.0.apiURL.key)
  AlertmanagerConfig/m spec.receivers.0.discordConfigs.0.apiURL.name -> Secret monitoring/s2 (k2@spec.receivers.0.discordConfigs.0.apiURL.key)
  AlertmanagerConfig/m spec.receivers.0.msteamsConfigs.0.webhookUrl.name -> Secret monitoring/s3 (k3@spec.receivers.0.msteamsConfigs.0.webhookUrl.key)
  AlertmanagerConfig/m spec.receivers.0.pagerdutyConfigs.0.routingKey.name -> Secret monitoring/s4 (k4@spec.receivers.0.pagerdutyConfigs.0.routingKey.key)
  AlertmanagerConfig/m spec.receivers.0.pagerdutyConfigs.1.serviceKey.name -> Secret monitoring/s5 (k5@spec.receivers.0.pagerdutyConfigs.1.serviceKey.key)
  AlertmanagerConfig/m spec.receivers.0.opsgenieConfigs.0.apiKey.name -> Secret monitoring/s6 (k6@spec.receivers.0.opsgenieConfigs.0.apiKey.key)
  AlertmanagerConfig/m spec.receivers.0.webhookConfigs.0.urlSecret.name -> Secret monitoring/s7 (k7@spec.receivers.0.webhookConfigs.0.urlSecret.key)
  AlertmanagerConfig/m spec.receivers.0.telegramConfigs.0.botToken.name -> Secret monitoring/s8 (k8@spec.receivers.0.telegramConfigs.0.botToken.key)
  AlertmanagerConfig/m spec.receivers.0.emailConfigs.0.authPassword.name -> Secret monitoring/s9 (k9@spec.receivers.0.emailConfigs.0.authPassword.key)
  Application/app spec.project -> argoproj.io/AppProject argocd/shop
  ApplicationSet/apps spec.template.spec.project -> argoproj.io/AppProject argocd/shop
  ScaledObject/queue spec.scaleTargetRef.name -> apps/Deployment shop/worker
  ScaledObject/queue spec.triggers.0.authenticationRef.name -> keda.sh/TriggerAuthentication shop/auth
  ScaledObject/queue spec.triggers.1.authenticationRef.name -> keda.sh/ClusterTriggerAuthentication auth
  ScaledJob/jobs spec.triggers.0.authenticationRef.name -> keda.sh/TriggerAuthentication shop/auth
  TriggerAuthentication/auth spec.secretTargetRef.0.name -> Secret shop/s1 (k1@spec.secretTargetRef.0.key)
  TriggerAuthentication/auth spec.configMapTargetRef.0.name -> ConfigMap shop/c1 (k2@spec.configMapTargetRef.0.key)
  Rollout/canary spec.strategy.canary.stableService -> Service shop/stable
  Rollout/canary spec.strategy.canary.canaryService -> Service shop/canary
  Rollout/canary spec.strategy.canary.pingPong.pingService -> Service shop/ping
  Rollout/canary spec.strategy.canary.pingPong.pongService -> Service shop/pong
  Rollout/canary spec.workloadRef.name -> apps/Deployment shop/web
  Rollout/blue spec.strategy.blueGreen.activeService -> Service shop/active
  Rollout/blue spec.strategy.blueGreen.previewService -> Service shop/preview
`.trim();

describe('the table of edges', () => {
  it('finds every reference, with what it means', async () => {
    const cluster = await clusterOf(objectsOf(EVERYTHING));
    expect(cluster.schemaErrors.map(({ resource, error }) => `${resource}: ${error.message}`)).toEqual([]);
    expect(allReferences(cluster).map(shown).join('\n')).toBe(FOUND);
  });

  it('has no row that the list above leaves out', async () => {
    const references = allReferences(await clusterOf(objectsOf(EVERYTHING)));
    const rows = EDGES.flatMap(({ from, path }) => from.map((kind) => ({ kind, path })));
    const missed = rows.filter(({ kind, path }) => {
      const segments = path.split('.').map((part) => {
        const keys = part.replace('[]', '').replaceAll('*', '[^.]*');
        return `(?:${keys})${part.endsWith('[]') ? '\\.\\d+' : ''}`;
      });
      const pattern = new RegExp(`^(?:.*\\.)?${segments.join('\\.')}$`);
      return !references.some(({ resource, path: at }) => {
        const own = resource.group === '' ? resource.kind : `${resource.group}/${resource.kind}`;
        return (kind === 'pod' || kind === own) && pattern.test(at.join('.'));
      });
    });
    // Traefik's two groups share their rows, and are listed side by side.
    expect(missed.filter(({ kind }) => !kind.startsWith('traefik.containo.us/'))).toEqual([]);
    const annotations = ANNOTATION_EDGES.map(({ annotation }) => annotation);
    expect(annotations.filter((name) => !references.some(({ path }) => path[2] === name))).toEqual([]);
  });

  it('leaves out what nobody can know, and what means something else', async () => {
    const cluster = await clusterOf(
      objectsOf(yaml`
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: hpa, namespace: shop }
        spec: { scaleTargetRef: { apiVersion: example.com/v1, kind: Deployment, name: any }, maxReplicas: 3 }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: alb, namespace: shop, annotations: { cert-manager.io/issuer: i, cert-manager.io/issuer-kind: ClusterIssuer, cert-manager.io/cluster-issuer: '', traefik.ingress.kubernetes.io/router.middlewares: '${'${NAMESPACE}'}-auth@kubernetescrd' } }
        spec: { ingressClassName: alb, tls: [{ hosts: [a.example.com], secretName: ignored }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: alb-by-annotation, namespace: shop, annotations: { alb.ingress.kubernetes.io/scheme: internal, cert-manager.io/issuer: i, cert-manager.io/issuer-group: example.com } }
        spec: { tls: [{ hosts: [a.example.com], secretName: ignored }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: pod, namespace: shop }
        spec:
          containers: [{ name: c, image: 'c:1', envFrom: [{ configMapRef: { name: '${'${NAME}'}' } }, { configMapRef: { name: '' } }] }]
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: route, namespace: shop }
        spec:
          routes: [{ kind: Rule, match: PathPrefix("/"), services: [{ name: web, namespace: '${'${NAMESPACE}'}', port: 80 }, { name: web@file }] }]
        ---
        apiVersion: v1
        kind: PersistentVolume
        metadata: { name: volume }
        spec: { capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce], csi: { driver: d, volumeHandle: h, nodeStageSecretRef: { name: s1 } } }
      `),
      {
        existing:
          'apiVersion: v1\nkind: Pod\nmetadata: { name: old, namespace: shop }\nspec: { serviceAccountName: old, containers: [{ name: c, image: "c:1" }] }\n',
      },
    );
    expect(allReferences(cluster).map(shown)).toEqual([
      'Ingress/alb spec.ingressClassName -> networking.k8s.io/IngressClass alb',
    ]);
  });

  it('never throws, whatever stands in the fields', () => {
    const objects = objectsOf(EVERYTHING + MAKERS).map(({ value }) => value as Manifest);
    fc.assert(
      fc.property(fc.constantFrom(...objects.keys()), fc.nat(), fc.jsonValue({ maxDepth: 3 }), (i, seed, junk) => {
        const changed = structuredClone(objects[i] ?? {});
        replace(changed, seed, junk);
        const cluster = withoutSchemas([changed, objects[0] ?? {}]);
        expect([...referenceMissing.check(cluster), ...referenceKeyMissing.check(cluster)]).toEqual(expect.any(Array));
      }),
      { numRuns: 1000 },
    );
  });
});

/** Puts junk in the place of one of the values below `spec` or of the annotations. */
function replace(object: Record<string, unknown>, seed: number, junk: unknown): void {
  const places: [Record<string, unknown>, string][] = [];
  const collect = (map: Record<string, unknown>) => {
    for (const [key, value] of Object.entries(map)) {
      if (map !== object || (key !== 'apiVersion' && key !== 'kind')) places.push([map, key]);
      if (typeof value === 'object' && value !== null) collect(value as Record<string, unknown>);
    }
  };
  collect(object);
  const place = places[seed % places.length];
  if (place) place[0][place[1]] = junk;
}

const KNOWN = yaml`
  apiVersion: v1
  kind: Secret
  metadata: { name: known, namespace: shop }
  data: { key: '' }
  ---
  apiVersion: networking.k8s.io/v1
  kind: IngressClass
  metadata: { name: known }
  spec: { controller: example.com/known }
`;

/** How an object stands, of namespace shop where it has one, and its keys where they are known. */
async function standing(manifests: string, id: string, around: Surroundings = {}): Promise<string> {
  const cluster = await clusterOf(objectsOf(manifests), { existing: KNOWN, ...around });
  const [, group = '', kind = '', name = ''] = /^(?:(.+)\/)?(\w+) (.+)$/.exec(id) ?? [];
  const referent = { group, kind, scope: kind === 'IngressClass' ? '' : 'shop', name };
  const keys = keysOf(cluster, referent);
  return standingOf(cluster, [referent]).state + (keys ? `: ${[...keys].sort().join(' ')}` : '');
}

function object(apiVersion: string, kind: string, name: string, spec: string, namespace = 'shop'): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\n${spec}\n---\n`;
}

const external = (target: string, more: string) =>
  object('external-secrets.io/v1', 'ExternalSecret', 'external', `spec: { target: ${target}, ${more} }`);
const store = 'secretStoreRef: { name: vault, kind: ClusterSecretStore }';
const data = `${store}, data: [{ secretKey: token, remoteRef: { key: k } }]`;
const all = `${store}, dataFrom: [{ extract: { key: k } }]`;
const ingress = (annotation: string) => yaml`
  apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata: { name: ingress, namespace: shop, annotations: { ${annotation} } }
  spec: { tls: [{ hosts: [a.example.com], secretName: tls }], defaultBackend: { service: { name: web, port: { number: 80 } } } }
`;
const release = (namespace: string, spec: string) =>
  object(
    'helm.toolkit.fluxcd.io/v2',
    'HelmRelease',
    'release',
    `spec: { ${spec} interval: 1h, chartRef: { kind: OCIRepository, name: c } }`,
    namespace,
  );
const kustomization = (spec: string) =>
  object(
    'kustomize.toolkit.fluxcd.io/v1',
    'Kustomization',
    'apps',
    `spec: { ${spec}, interval: 1h, prune: true, sourceRef: { kind: GitRepository, name: g } }`,
    'flux-system',
  );
const application = (source: string, namespace: string) =>
  object(
    'argoproj.io/v1alpha1',
    'Application',
    'app',
    `spec: { project: default, source: { repoURL: 'https://example.com', ${source} }, destination: { namespace: ${namespace} } }`,
    'argocd',
  );
const policy = (rule: string) =>
  object(
    'kyverno.io/v1',
    'ClusterPolicy',
    'policy',
    `spec: { rules: [{ name: r, match: { any: [{ resources: { kinds: [Namespace] } }] }, ${rule} }] }`,
  );
const game = (spec: string, namespace = 'shop') =>
  object('example.com/v1', 'Game', 'chess', `spec: ${spec}`, namespace);
const script = (command: string) =>
  object('v1', 'Pod', 'script', `spec: { containers: [{ name: c, image: 'c:1', args: [-c, '${command}'] }] }`);
const copied = (annotation: string) =>
  object('v1', 'Secret', 'copied', 'stringData: { token: x }', `infra, annotations: { ${annotation} }`);

const MADE: [made: string, state: string, by: string][] = [
  ['Secret external', 'present: token', external('{}', data)],
  ['Secret named', 'present: token', external('{ name: named }', data)],
  ['Secret external', 'absent', external('{ name: named }', data)],
  ['Secret external', 'present', external('{}', all)],
  ['Secret external', 'present: url', external('{ template: { data: { url: x } } }', all)],
  ['Secret external', 'present: token url', external('{ template: { mergePolicy: Merge, data: { url: x } } }', data)],
  ['Secret external', 'present: token', external('{ template: { type: Opaque } }', data)],
  [
    'Secret external',
    'present',
    external('{ template: { data: { url: x }, templateFrom: [{ configMap: { name: t, items: [] } }] } }', data),
  ],
  ['Secret external', 'absent', external('{ creationPolicy: Merge }', data)],
  ['Secret external', 'absent', external('{ creationPolicy: None }', data)],
  ['Secret known', 'present: key token', external('{ name: known, creationPolicy: Merge }', data)],
  ['Secret known', 'present', external('{ name: known, creationPolicy: Merge }', all)],
  ['ConfigMap external', 'present', external('{ manifest: { apiVersion: v1, kind: ConfigMap } }', all)],
  ['Secret external', 'absent', external('{ manifest: { apiVersion: v1, kind: ConfigMap } }', all)],
  [
    'Secret everywhere',
    'present: token',
    object(
      'external-secrets.io/v1',
      'ClusterExternalSecret',
      'everywhere',
      `spec: { externalSecretSpec: { ${data} } }`,
      'x',
    ),
  ],
  [
    'Secret named',
    'present: token',
    object(
      'external-secrets.io/v1',
      'ClusterExternalSecret',
      'everywhere',
      `spec: { externalSecretName: named, externalSecretSpec: { ${data} } }`,
      'x',
    ),
  ],
  [
    'Secret pushed',
    'absent',
    object(
      'external-secrets.io/v1alpha1',
      'PushSecret',
      'pushed',
      'spec: { secretStoreRefs: [], selector: { secret: { name: pushed } } }',
    ),
  ],
  [
    'Secret sealed',
    'present: a b c',
    object(
      'bitnami.com/v1alpha1',
      'SealedSecret',
      'sealed',
      'spec: { encryptedData: { b: x, a: y }, template: { metadata: { name: other }, data: { c: z } } }',
    ),
  ],
  ['Secret sealed', 'present', object('bitnami.com/v1alpha1', 'SealedSecret', 'sealed', 'spec: { data: x }')],
  [
    'Secret tls',
    'unknown',
    object(
      'gateway.networking.k8s.io/v1',
      'Gateway',
      'web',
      'spec: { gatewayClassName: g, listeners: [{ name: l, port: 443, protocol: HTTPS, tls: { certificateRefs: [{ name: tls }] } }] }',
    ),
  ],
  [
    'ConfigMap any',
    'unknown',
    object(
      'argoproj.io/v1alpha1',
      'Application',
      'app',
      'spec: { project: p, destination: { namespace: infra } }',
      'argocd',
    ),
  ],
  [
    'ConfigMap any',
    'absent',
    object('postgresql.cnpg.io/v1', 'Cluster', 'db', 'spec: { instances: 1 }', 'shop, labels: { app: any }'),
  ],
  [
    'Secret other',
    'absent',
    object(
      'bitnami.com/v1alpha1',
      'SealedSecret',
      'sealed',
      'spec: { encryptedData: { b: x }, template: { metadata: { name: other } } }',
    ),
  ],
  [
    'Secret sealed',
    'absent',
    object('bitnami.com/v1alpha1', 'SealedSecret', 'sealed', 'spec: { encryptedData: { b: x } }', 'infra'),
  ],
  [
    'Secret tls',
    'present: ca.crt key.der tls-combined.pem tls.crt tls.key',
    object('cert-manager.io/v1', 'Certificate', 'c', 'spec: { secretName: tls, issuerRef: { name: i } }'),
  ],
  [
    'Secret tls',
    'present: ca.crt key.der keystore.jks tls-combined.pem tls.crt tls.key truststore.jks',
    object(
      'cert-manager.io/v1',
      'Certificate',
      'c',
      'spec: { secretName: tls, issuerRef: { name: i }, keystores: { jks: { create: true, password: p } } }',
    ),
  ],
  [
    'Secret account',
    'present',
    object(
      'cert-manager.io/v1',
      'Issuer',
      'i',
      'spec: { acme: { server: s, privateKeySecretRef: { name: account } } }',
    ),
  ],
  [
    'Secret account',
    'absent',
    object(
      'cert-manager.io/v1',
      'Issuer',
      'i',
      'spec: { acme: { server: s, privateKeySecretRef: { name: account } } }',
      'infra',
    ),
  ],
  [
    'Secret account',
    'present',
    object(
      'cert-manager.io/v1',
      'ClusterIssuer',
      'i',
      'spec: { acme: { server: s, privateKeySecretRef: { name: account } } }',
      'x',
    ),
  ],
  [
    'ConfigMap trusted',
    'present',
    object(
      'trust.cert-manager.io/v1alpha1',
      'Bundle',
      'trusted',
      'spec: { sources: [{ useDefaultCAs: true }], target: { configMap: { key: k } } }',
      'x',
    ),
  ],
  ['Secret tls', 'present: ca.crt tls.crt tls.key', ingress('cert-manager.io/cluster-issuer: i')],
  ['Secret tls', 'present: ca.crt tls.crt tls.key', ingress("kubernetes.io/tls-acme: 'true'")],
  ['Secret tls', 'absent', ingress('example.com/a: b')],
  [
    'Secret tls',
    'present: ca.crt tls.crt tls.key',
    object(
      'gateway.networking.k8s.io/v1',
      'Gateway',
      'web',
      'spec: { gatewayClassName: g, listeners: [{ name: l, port: 443, protocol: HTTPS, tls: { certificateRefs: [{ name: tls }] } }] }',
      'shop, annotations: { cert-manager.io/issuer: i }',
    ),
  ],
  [
    'Secret tls',
    'absent',
    object(
      'gateway.networking.k8s.io/v1',
      'Gateway',
      'web',
      'spec: { gatewayClassName: g, listeners: [{ name: l, port: 443, protocol: HTTPS }] }',
      'shop, annotations: { cert-manager.io/issuer: i }',
    ),
  ],
  [
    'Service web-istio',
    'unknown',
    object(
      'gateway.networking.k8s.io/v1',
      'Gateway',
      'web',
      'spec: { gatewayClassName: g, listeners: [{ name: l, port: 80, protocol: HTTP }] }',
    ),
  ],
  [
    'Service website',
    'absent',
    object(
      'gateway.networking.k8s.io/v1',
      'Gateway',
      'web',
      'spec: { gatewayClassName: g, listeners: [{ name: l, port: 80, protocol: HTTP }] }',
    ),
  ],
  [
    'Secret serving',
    'present',
    object(
      'v1',
      'Service',
      's',
      'spec: { ports: [{ port: 80 }] }',
      'shop, annotations: { service.beta.openshift.io/serving-cert-secret-name: serving }',
    ),
  ],

  ['ConfigMap any', 'unknown', release('shop', '')],
  ['ConfigMap any', 'unknown', release('flux-system', 'targetNamespace: shop,')],
  ['ConfigMap any', 'absent', release('shop', 'targetNamespace: infra,')],
  ['networking.k8s.io/IngressClass any', 'unknown', release('infra', '')],
  ['networking.k8s.io/IngressClass any', 'absent', ''],
  [
    'ConfigMap any',
    'unknown',
    object(
      'helm.cattle.io/v1',
      'HelmChart',
      'traefik',
      'spec: { chart: traefik, targetNamespace: shop }',
      'kube-system',
    ),
  ],
  ['ConfigMap any', 'unknown', kustomization('path: ./elsewhere')],
  ['ConfigMap any', 'absent', kustomization('path: ./deploy')],
  ['ConfigMap any', 'absent', kustomization('path: ./elsewhere, targetNamespace: infra')],
  ['ConfigMap any', 'unknown', kustomization('path: ./elsewhere, targetNamespace: shop')],
  ['ConfigMap any', 'unknown', application('chart: c, targetRevision: 1.0.0', 'shop')],
  ['ConfigMap any', 'absent', application('chart: c, targetRevision: 1.0.0', 'infra')],
  ['ConfigMap any', 'unknown', application('path: elsewhere', 'infra')],
  ['ConfigMap any', 'absent', application('path: deploy', 'shop')],
  [
    'ConfigMap any',
    'unknown',
    object(
      'argoproj.io/v1alpha1',
      'ApplicationSet',
      'a',
      'spec: { generators: [], template: { metadata: { name: a }, spec: { project: p, destination: {} } } }',
      'argocd',
    ),
  ],
  ['ConfigMap any', 'absent', object('argoproj.io/v1alpha1', 'AppProject', 'a', 'spec: {}')],
  [
    'source.toolkit.fluxcd.io/ExternalArtifact composed',
    'present',
    object(
      'source.extensions.fluxcd.io/v1beta1',
      'ArtifactGenerator',
      'g',
      'spec: { sources: [], artifacts: [{ name: composed, copy: [] }] }',
    ),
  ],
  ['ConfigMap generated', 'present', policy('generate: { apiVersion: v1, kind: ConfigMap, name: generated }')],
  ['ConfigMap other', 'absent', policy('generate: { apiVersion: v1, kind: ConfigMap, name: generated }')],
  ['ConfigMap other', 'unknown', policy("generate: { apiVersion: v1, kind: ConfigMap, name: '{{ request.name }}' }")],
  [
    'ConfigMap other',
    'unknown',
    policy('generate: { namespace: x, cloneList: { kinds: [v1/ConfigMap], namespace: infra } }'),
  ],
  ['ConfigMap other', 'unknown', policy('generate: { name: generated }')],
  ['ConfigMap other', 'absent', policy('validate: { message: m, pattern: { metadata: { name: other } } }')],
  ['ConfigMap other', 'absent', object('kyverno.io/v2', 'PolicyException', 'other', 'spec: {}')],

  [
    'PersistentVolumeClaim data-set-12',
    'present',
    object(
      'apps/v1',
      'StatefulSet',
      'set',
      'spec: { serviceName: s, selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [{ name: c, image: "c:1" }] } }, volumeClaimTemplates: [{ metadata: { name: data } }] }',
    ),
  ],
  [
    'PersistentVolumeClaim data-set',
    'absent',
    object(
      'apps/v1',
      'StatefulSet',
      'set',
      'spec: { serviceName: s, selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [{ name: c, image: "c:1" }] } }, volumeClaimTemplates: [{ metadata: { name: data } }] }',
    ),
  ],
  [
    'PersistentVolumeClaim data-set-0',
    'absent',
    object(
      'apps/v1',
      'StatefulSet',
      'set',
      'spec: { serviceName: s, selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [{ name: c, image: "c:1" }] } }, volumeClaimTemplates: [{ metadata: { name: data } }] }',
      'infra',
    ),
  ],
  [
    'ConfigMap data-set-0',
    'absent',
    object(
      'apps/v1',
      'StatefulSet',
      'set',
      'spec: { serviceName: s, selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [{ name: c, image: "c:1" }] } }, volumeClaimTemplates: [{ metadata: { name: data } }] }',
    ),
  ],

  ['Secret db-app', 'unknown', object('postgresql.cnpg.io/v1', 'Cluster', 'db', 'spec: { instances: 1 }')],
  [
    'Secret owner.db.credentials',
    'unknown',
    object('postgresql.cnpg.io/v1', 'Cluster', 'db', 'spec: { instances: 1 }'),
  ],
  ['Secret mongodb-app', 'absent', object('postgresql.cnpg.io/v1', 'Cluster', 'db', 'spec: { instances: 1 }')],
  ['Secret db-app', 'absent', object('postgresql.cnpg.io/v1', 'Cluster', 'db', 'spec: { instances: 1 }', 'infra')],
  [
    'Secret superuser',
    'unknown',
    object(
      'postgresql.cnpg.io/v1',
      'Cluster',
      'db',
      'spec: { instances: 1, superuserSecret: { name: superuser } }',
      'infra',
    ),
  ],
  ['Secret any', 'unknown', game('{}')],
  ['Secret any', 'absent', game('{}', 'infra')],
  ['Secret any', 'unknown', game('{ publish: { to: [any] } }', 'infra')],
  ['networking.k8s.io/IngressClass any', 'absent', game('{}')],
  ['networking.k8s.io/IngressClass any', 'unknown', game('{ class: any }')],
  [
    'Secret any',
    'absent',
    object(
      'monitoring.coreos.com/v1',
      'ServiceMonitor',
      'm',
      'spec: { selector: {}, endpoints: [{ basicAuth: { username: { name: any, key: k } } }] }',
    ),
  ],
  ['Service prometheus-operated', 'present', object('monitoring.coreos.com/v1', 'Prometheus', 'p', 'spec: {}')],
  ['Service thanos-ruler-operated', 'present', object('monitoring.coreos.com/v1', 'ThanosRuler', 'p', 'spec: {}')],
  ['Service any', 'absent', object('monitoring.coreos.com/v1', 'Prometheus', 'p', 'spec: {}')],
  ['ConfigMap prometheus-p-rulefiles-0', 'unknown', object('monitoring.coreos.com/v1', 'Prometheus', 'p', 'spec: {}')],
  ['ConfigMap any', 'absent', object('storage.k8s.io/v1', 'CSIDriver', 'any', 'spec: {}', 'x')],
  [
    'ConfigMap by-hand',
    'absent',
    object(
      'v1',
      'PersistentVolume',
      'v',
      'spec: { storageClassName: by-hand, capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce], hostPath: { path: /d } }',
      'x',
    ),
  ],
  ['ConfigMap any', 'unknown', script('kubectl create configmap any')],
  ['ConfigMap any', 'absent', script('kubectl get configmap any')],
  ['ConfigMap any', 'absent', script('create configmap any')],
  ['ConfigMap any', 'unknown', object('v1', 'ConfigMap', 'script', "data: { run.sh: 'kubectl apply configmap/any' }")],

  ['Secret copied', 'unknown', copied('replicator.v1.mittwald.de/replicate-to: shop')],
  ['Secret copied', 'unknown', copied("reflector.v1.k8s.emberstack.com/reflection-auto-enabled: 'true'")],
  ['Secret copied', 'absent', copied('example.com/owner: team')],
  [
    'Secret tls',
    'unknown',
    object(
      'cert-manager.io/v1',
      'Certificate',
      'c',
      'spec: { secretName: tls, issuerRef: { name: i }, secretTemplate: { annotations: { kubed.appscode.com/sync: "" } } }',
      'infra',
    ),
  ],
  [
    'Secret sealed',
    'unknown',
    object(
      'bitnami.com/v1alpha1',
      'SealedSecret',
      'sealed',
      'spec: { encryptedData: { b: x }, template: { metadata: { annotations: { replicator.v1.mittwald.de/replicate-to: shop } } } }',
      'infra',
    ),
  ],
  [
    'Secret external',
    'unknown',
    object(
      'external-secrets.io/v1',
      'ExternalSecret',
      'external',
      `spec: { target: { template: { metadata: { annotations: { replicator.v1.mittwald.de/replicate-to: shop } } } }, ${data} }`,
      'infra',
    ),
  ],

  ['ConfigMap shop-settings', 'unknown', object('v1', 'ConfigMap', "'${APP}-settings'", 'data: { a: b }')],
  ['ConfigMap shop-values', 'absent', object('v1', 'ConfigMap', "'${APP}-settings'", 'data: { a: b }')],
  ['ConfigMap our-settings', 'absent', object('v1', 'ConfigMap', "'shop-${APP}'", 'data: { a: b }')],
  ['ConfigMap shop-settings', 'absent', object('v1', 'ConfigMap', "'${APP}-settings'", 'data: { a: b }', 'infra')],
  ['ConfigMap settings', 'present: a', object('v1', 'ConfigMap', 'settings', 'data: { a: b }', "'${NAMESPACE}'")],
  ['ConfigMap refused', 'present: a', object('v1', 'ConfigMap', 'refused', 'data: { a: 1 }')],
  ['ConfigMap refused', 'present', object('v1', 'ConfigMap', 'refused', 'data: [a]')],
];

const MAKERS = MADE.map(([, , by]) => `---\n${by}`).join('');

describe('who makes what', () => {
  it.each(MADE)('%s is %s', async (made, state, by) => {
    expect(await standing(by, made)).toBe(state);
  });
});

const RBAC = 'rbac.authorization.k8s.io/v1';
const account = (metadata = 'shop') => object('v1', 'ServiceAccount', 'robot', '', metadata);
const role = (rule: string) => object(RBAC, 'Role', 'robot', `rules: [{ ${rule} }]`);
const clusterRole = (content: string) =>
  `apiVersion: ${RBAC}\nkind: ClusterRole\nmetadata: { name: robot }\n${content}\n---\n`;
const subjects = 'subjects: [{ kind: ServiceAccount, name: robot, namespace: shop }, { kind: User, name: robot }]';
const bound = (kind: string, name = 'robot', namespace = 'shop') =>
  object(
    RBAC,
    'RoleBinding',
    'robot',
    `roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: ${name} }\n${subjects}`,
    namespace,
  );
const boundEverywhere = (name: string) =>
  `apiVersion: ${RBAC}\nkind: ClusterRoleBinding\nmetadata: { name: robot }\nroleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${name} }\n${subjects}\n---\n`;
const secretRule = "apiGroups: [''], resources: [secrets], verbs: [create]";
const rendered = object('v1', 'Secret', 'rendered', 'stringData: { key: x }');

describe('Secrets that a rendered ServiceAccount may write', () => {
  it.each<[what: string, missing: string, rendered: string, manifests: string]>([
    ['a Role that creates', 'unknown', 'present', account() + role(secretRule) + bound('Role')],
    [
      'a Role that does everything',
      'unknown',
      'present',
      account() + role("apiGroups: ['*'], resources: ['*'], verbs: ['*']") + bound('Role'),
    ],
    [
      'a Role that changes',
      'absent',
      'present',
      account() + role("apiGroups: [''], resources: [secrets], verbs: [patch]") + bound('Role'),
    ],
    [
      'a Role that updates one',
      'absent',
      'present',
      account() +
        role("apiGroups: [''], resources: [secrets], resourceNames: [rendered], verbs: [update]") +
        bound('Role'),
    ],
    [
      'a Role that would create one by name',
      'absent',
      'present: key',
      account() + role("apiGroups: [''], resources: [secrets], resourceNames: [any], verbs: [create]") + bound('Role'),
    ],
    [
      'a Role that reads',
      'absent',
      'present: key',
      account() + role("apiGroups: [''], resources: [secrets], verbs: [get, list, watch]") + bound('Role'),
    ],
    [
      'a Role for other things',
      'absent',
      'present: key',
      account() + role("apiGroups: [''], resources: [configmaps], verbs: [create]") + bound('Role'),
    ],
    [
      'a Role of another group',
      'absent',
      'present: key',
      account() + role('apiGroups: [example.com], resources: [secrets], verbs: [create]') + bound('Role'),
    ],
    ['a Role that is missing', 'absent', 'present: key', account() + bound('Role')],
    [
      'a ClusterRole here',
      'unknown',
      'present',
      account() + clusterRole(`rules: [{ ${secretRule} }]`) + bound('ClusterRole'),
    ],
    [
      'a ClusterRole elsewhere',
      'absent',
      'present: key',
      account() + clusterRole(`rules: [{ ${secretRule} }]`) + bound('ClusterRole', 'robot', 'infra'),
    ],
    [
      'a ClusterRole everywhere',
      'unknown',
      'present',
      account() + clusterRole(`rules: [{ ${secretRule} }]`) + boundEverywhere('robot'),
    ],
    [
      'a ClusterRole that others fill',
      'unknown',
      'present',
      account() + clusterRole('aggregationRule: { clusterRoleSelectors: [] }\nrules: []') + bound('ClusterRole'),
    ],
    ['edit', 'unknown', 'present', account() + bound('ClusterRole', 'edit')],
    [
      'a user of the same name',
      'absent',
      'present: key',
      account() +
        role(secretRule) +
        bound('Role').replace('{ kind: ServiceAccount, name: robot, namespace: shop }, ', ''),
    ],
    ['view', 'absent', 'present: key', account() + bound('ClusterRole', 'view')],
    ['system:auth-delegator', 'absent', 'present: key', account() + bound('ClusterRole', "'system:auth-delegator'")],
    ['a ClusterRole that nobody shows', 'unknown', 'present', account() + bound('ClusterRole', 'not-here')],
    ['no ServiceAccount', 'absent', 'present: key', role(secretRule) + bound('Role')],
    [
      'a ServiceAccount of another namespace',
      'absent',
      'present: key',
      account('infra') + role(secretRule) + bound('Role'),
    ],
    [
      'a controller that does as its resources say',
      'absent',
      'present: key',
      account('shop, labels: { app.kubernetes.io/name: cert-manager }') + role(secretRule) + bound('Role'),
    ],
  ])('%s', async (_, missing, present, manifests) => {
    expect([await standing(manifests, 'Secret any'), await standing(rendered + manifests, 'Secret rendered')]).toEqual([
      missing,
      present,
    ]);
  });

  it('say nothing of other kinds', async () => {
    expect(await standing(account() + role(secretRule) + bound('Role'), 'ConfigMap any')).toBe('absent');
  });

  it('are as they are for one that exists', async () => {
    const existing = `${KNOWN}---\n${account()}`;
    expect(await standing(role(secretRule) + bound('Role'), 'Secret any', { existing })).toBe('absent');
  });

  it('may hold anything in a ClusterRole, unless all of them are known', async () => {
    const existing = `${KNOWN}---\n${clusterRole('rules: []')}`;
    expect(await standing(account() + bound('ClusterRole', 'not-here'), 'Secret any', { existing })).toBe('absent');
    expect(await standing(account() + bound('ClusterRole', 'edit'), 'Secret any', { existing })).toBe('unknown');
  });
});

const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n---\n';

describe('what it means that nothing is there', () => {
  it.each<[what: string, state: string, made: string, manifests: string, around: Surroundings]>([
    ['a rendered kind, configured', 'absent', 'ConfigMap any', '', {}],
    ['a rendered kind, not configured', 'undeclared', 'ConfigMap any', '', { configured: false }],
    ['a rendered kind, its Namespace rendered', 'absent', 'ConfigMap any', NAMESPACE, { configured: false }],
    ['a scale target', 'absent', 'apps/Deployment any', '', {}],
    ['a kind that is not rendered', 'unknown', 'apps/ControllerRevision any', '', {}],
    ['a kind that exists', 'absent', 'Secret any', '', { configured: false }],
    ['a kind that does not', 'unknown', 'Secret any', '', { existing: '' }],
    [
      'a kind of which there is none',
      'absent',
      'Secret any',
      '',
      { existing: 'apiVersion: v1\nkind: SecretList\nitems: []\n' },
    ],
    [
      'a kind that exists in another namespace',
      'unknown',
      'Secret any',
      '',
      { existing: KNOWN.replace('shop', 'infra') },
    ],
    ['a target did not render', 'unknown', 'ConfigMap any', '', { incomplete: true }],
    [
      'a target did not render, but this did',
      'present: a',
      'ConfigMap any',
      object('v1', 'ConfigMap', 'any', 'data: { a: b }'),
      { incomplete: true },
    ],
    [
      'the same name in an unset namespace',
      'present: a',
      'ConfigMap any',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: any }\ndata: { a: b }\n',
      {},
    ],
    [
      'the same name in another namespace',
      'absent',
      'ConfigMap any',
      object('v1', 'ConfigMap', 'any', 'data: { a: b }', 'infra'),
      {},
    ],
    [
      'the same name in another target',
      'present: a',
      'ConfigMap any',
      '',
      {
        beside: {
          manifests: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: any }\ndata: { a: b }\n',
          namespace: 'shop',
        },
      },
    ],
    [
      'two that differ',
      'present: a b',
      'ConfigMap any',
      object('v1', 'ConfigMap', 'any', 'data: { a: b }'),
      { beside: { manifests: object('v1', 'ConfigMap', 'any', 'data: { b: a }') } },
    ],
    ['makers that exist have made theirs', 'absent', 'Secret any', '', { existing: `${KNOWN}---\n${game('{}')}` }],
    [
      'makers that exist, of what is not known',
      'unknown',
      'ConfigMap any',
      '',
      { existing: `${KNOWN}---\n${game('{}')}` },
    ],
  ])('%s', async (_, state, made, manifests, around) => {
    expect(await standing(manifests, made, around)).toBe(state);
  });

  it.each([
    ['/ServiceAccount', 'shop', 'default'],
    ['/ConfigMap', 'shop', 'kube-root-ca.crt'],
    ['/ConfigMap', 'shop', 'openshift-service-ca.crt'],
    ['/ConfigMap', 'shop', 'istio-ca-root-cert'],
    ['/Service', 'default', 'kubernetes'],
    ['rbac.authorization.k8s.io/Role', 'kube-system', 'extension-apiserver-authentication-reader'],
    ['rbac.authorization.k8s.io/Role', 'kube-system', 'system:controller:token-cleaner'],
    ['rbac.authorization.k8s.io/ClusterRole', '', 'cluster-admin'],
    ['rbac.authorization.k8s.io/ClusterRole', '', 'system:auth-delegator'],
    ['scheduling.k8s.io/PriorityClass', '', 'system-node-critical'],
    ['traefik.io/TLSOption', 'shop', 'default'],
  ])('%s %s/%s is always there', async (kind, scope, name) => {
    const cluster = await clusterOf([]);
    const [group = '', own = ''] = kind.split('/');
    expect(standingOf(cluster, [{ group, kind: own, scope, name }])).toEqual({ state: 'present' });
    expect(standingOf(cluster, [{ group, kind: own, scope, name: 'any' }]).state).not.toBe('present');
    const elsewhere = { group, kind: own, scope: 'shop', name };
    if (own === 'Service') expect(standingOf(cluster, [elsewhere]).state).toBe('absent');
  });

  it('is unknown in the namespaces of the distribution', async () => {
    const cluster = await clusterOf([]);
    const inNamespace = (scope: string) =>
      standingOf(cluster, [{ group: '', kind: 'Service', scope, name: 'any' }]).state;
    expect(
      ['kube-system', 'openshift-monitoring', 'gke-managed-system', 'kubernetes-dashboard'].map(inNamespace),
    ).toEqual(['unknown', 'unknown', 'unknown', 'absent']);
  });

  it('is what the best of several meanings is', async () => {
    const cluster = await clusterOf(objectsOf(object('v1', 'ConfigMap', 'here', 'data: { a: b }')), {
      configured: false,
    });
    const configMap = (name: string) => ({ group: '', kind: 'ConfigMap', scope: 'shop', name });
    const secret = { group: '', kind: 'Secret', scope: 'shop', name: 'any' };
    expect(standingOf(cluster, [configMap('a'), secret, configMap('here')]).state).toBe('present');
    expect(standingOf(cluster, [configMap('a'), secret]).state).toBe('unknown');
  });
});

describe('the keys of what is there', () => {
  it.each<[what: string, state: string, made: string, manifests: string]>([
    [
      'a ConfigMap',
      'present: a b',
      'ConfigMap m',
      object('v1', 'ConfigMap', 'm', 'data: { a: x }\nbinaryData: { b: eA== }'),
    ],
    ['a Secret', 'present: a b', 'Secret s', object('v1', 'Secret', 's', 'data: { a: eA== }\nstringData: { b: x }')],
    [
      'a ServiceAccount token',
      'present: ca.crt namespace token',
      'Secret s',
      object(
        'v1',
        'Secret',
        's',
        'type: kubernetes.io/service-account-token',
        'shop, annotations: { kubernetes.io/service-account.name: a }',
      ),
    ],
    ['something else in it', 'present', 'Secret s', object('v1', 'Secret', 's', 'data: { a: eA== }\nstringData: [x]')],
    ['nothing in it', 'present', 'ConfigMap m', object('v1', 'ConfigMap', 'm', 'data: {}')],
    ['a placeholder', 'present', 'ConfigMap m', object('v1', 'ConfigMap', 'm', "data: { '${KEY}': x }")],
    [
      'a replica',
      'present',
      'ConfigMap m',
      object(
        'v1',
        'ConfigMap',
        'm',
        'data: { a: x }',
        'shop, annotations: { replicator.v1.mittwald.de/replicate-from: infra/m }',
      ),
    ],
    [
      'a mirror',
      'present',
      'ConfigMap m',
      object(
        'v1',
        'ConfigMap',
        'm',
        'data: { a: x }',
        'shop, annotations: { reflector.v1.k8s.emberstack.com/reflects: infra/m }',
      ),
    ],
    [
      'an injected bundle',
      'present',
      'ConfigMap m',
      object(
        'v1',
        'ConfigMap',
        'm',
        'data: { a: x }',
        "shop, labels: { config.openshift.io/inject-trusted-cabundle: 'true' }",
      ),
    ],
    [
      'a generated Secret',
      'present',
      'Secret s',
      object(
        'v1',
        'Secret',
        's',
        'stringData: { a: x }',
        'shop, annotations: { secret-generator.v1.mittwald.de/autogenerate: password }',
      ),
    ],
    [
      'a source of replicas',
      'present: a',
      'ConfigMap m',
      object(
        'v1',
        'ConfigMap',
        'm',
        'data: { a: x }',
        'shop, annotations: { replicator.v1.mittwald.de/replicate-to: infra }',
      ),
    ],
    ['another kind', 'present', 'Service s', object('v1', 'Service', 's', 'spec: { ports: [{ port: 80 }] }')],
  ])('%s', async (_, state, made, manifests) => {
    expect(await standing(manifests, made)).toBe(state);
  });
});

/** What a rule finds: severity, place, message, and the places that are related. */
async function found(rule: typeof referenceMissing | typeof referenceKeyMissing, cluster: Cluster): Promise<string[]> {
  const findings = [...rule.check(cluster)].flatMap((item) => ('unchecked' in item ? [] : [item]));
  return findings.map(({ resource, path, message, severity = rule.severity, related = [] }) => {
    const also = related.map((place) => ` [${place.message}: ${place.resource} ${place.path?.join('.')}]`).join('');
    return `${severity} ${resource} ${path?.join('.')} ${message}${also}`;
  });
}

const pod = (containers: string, volumes = '[]') =>
  object('v1', 'Pod', 'pod', `spec: { containers: ${containers}, volumes: ${volumes} }`);

describe('what reference-missing says', () => {
  it('names an object once, at the place that bites most, and relates the others', async () => {
    const manifests = object(
      'v1',
      'Pod',
      'pod',
      "spec: { imagePullSecrets: [{ name: both }, { name: pull }], containers: [{ name: c, image: 'c:1', envFrom: [{ secretRef: { name: both } }] }], volumes: [{ name: v, secret: { secretName: both } }] }",
    );
    expect(await found(referenceMissing, await clusterOf(objectsOf(manifests), { existing: KNOWN }))).toEqual([
      'error Pod/pod spec.containers.0.envFrom.0.secretRef.name there is no Secret/both in namespace shop: the container stays in CreateContainerConfigError [named here too: Pod/pod spec.volumes.0.secret.secretName] [named here too: Pod/pod spec.imagePullSecrets.0.name]',
      'warning Pod/pod spec.imagePullSecrets.1.name there is no Secret/pull in namespace shop: images are pulled without it, and a private registry refuses',
    ]);
  });

  it('warns where nobody has described the environment', async () => {
    const manifests = pod("[{ name: c, image: 'c:1', envFrom: [{ configMapRef: { name: settings } }] }]");
    const cluster = await clusterOf(objectsOf(manifests), { configured: false });
    expect(await found(referenceMissing, cluster)).toEqual([
      'warning Pod/pod spec.containers.0.envFrom.0.configMapRef.name nothing here makes ConfigMap/settings in namespace shop: unless it is there already, the container stays in CreateContainerConfigError',
    ]);
  });

  it('suggests names of the same place, and places of the same name', async () => {
    const manifests =
      pod(
        "[{ name: c, image: 'c:1', envFrom: [{ configMapRef: { name: settings } }, { configMapRef: { name: shared } }] }]",
      ) +
      ['other-settings', 'shared'].map((name) => object('v1', 'ConfigMap', name, 'data: { a: b }', 'infra')).join('') +
      object('v1', 'ConfigMap', 'setings', 'data: { a: b }', 'infra') +
      object('v1', 'ConfigMap', 'shared', 'data: { a: b }', 'base');
    const breaks = 'the container stays in CreateContainerConfigError';
    expect(await found(referenceMissing, await clusterOf(objectsOf(manifests)))).toEqual([
      `error Pod/pod spec.containers.0.envFrom.0.configMapRef.name there is no ConfigMap/settings in namespace shop: ${breaks}`,
      `error Pod/pod spec.containers.0.envFrom.1.configMapRef.name there is no ConfigMap/shared in namespace shop: ${breaks}; namespace base has one`,
    ]);
  });

  it('knows the hashes of generators, in the same namespace', async () => {
    const generated = (namespace: string) =>
      objectsOf(object('v1', 'ConfigMap', 'settings-7h2k', 'data: { a: b }', namespace)).map((item) => ({
        ...item,
        displayName: 'settings',
      }));
    const user = objectsOf(pod("[{ name: c, image: 'c:1', envFrom: [{ configMapRef: { name: settings } }] }]"));
    const said = async (namespace: string) =>
      found(referenceMissing, await clusterOf([...user, ...generated(namespace)]));
    const place = 'error Pod/pod spec.containers.0.envFrom.0.configMapRef.name';
    const breaks = 'the container stays in CreateContainerConfigError';
    expect(await said('shop')).toEqual([
      `${place} ConfigMap/settings gets a hash in its name, and kustomize does not rewrite it here: ${breaks}`,
    ]);
    expect(await said('infra')).toEqual([`${place} there is no ConfigMap/settings in namespace shop: ${breaks}`]);
  });

  it('says what would let it judge, once for each kind and namespace', async () => {
    const secrets = pod(
      "[{ name: c, image: 'c:1', envFrom: [{ secretRef: { name: a } }, { secretRef: { name: b } }] }]",
    );
    const cluster = await clusterOf(objectsOf(secrets));
    expect([...referenceMissing.check(cluster)]).toEqual([
      {
        unchecked: 'references to Secret objects in namespace shop',
        reason: 'existing holds no Secret in namespace shop',
      },
    ]);
  });
});

describe('a namespace that is filled in later', () => {
  it('may be any', async () => {
    const manifests =
      object(
        'v1',
        'Pod',
        'pod',
        "spec: { containers: [{ name: c, image: 'c:1', envFrom: [{ configMapRef: { name: settings } }] }] }",
        "'${NAMESPACE}'",
      ) + object('v1', 'ConfigMap', 'settings', 'data: { a: b }');
    expect(await found(referenceMissing, await clusterOf(objectsOf(manifests)))).toEqual([]);
  });
});

describe('a target that did not render', () => {
  it('is the reason why nothing is said to be missing', async () => {
    const settings = pod("[{ name: c, image: 'c:1', envFrom: [{ configMapRef: { name: settings } }] }]");
    expect([...referenceMissing.check(await clusterOf(objectsOf(settings), { incomplete: true }))]).toEqual([
      {
        unchecked: 'references to ConfigMap objects in namespace shop',
        reason: 'a target of this environment did not render completely',
      },
    ]);
  });
});

describe('what reference-key-missing says', () => {
  it('relates the object', async () => {
    const manifests =
      pod(
        "[{ name: c, image: 'c:1', env: [{ name: A, valueFrom: { configMapKeyRef: { name: settings, key: missing } } }] }]",
      ) + object('v1', 'ConfigMap', 'settings', 'data: { a: b }');
    expect(await found(referenceKeyMissing, await clusterOf(objectsOf(manifests)))).toEqual([
      'error Pod/pod spec.containers.0.env.0.valueFrom.configMapKeyRef.key ConfigMap/settings has no key "missing": the container stays in CreateContainerConfigError [ConfigMap/settings is here: ConfigMap/settings metadata.name]',
    ]);
  });

  it.each<[what: string, container: string, missing: string[]]>([
    ['a flag', 'args: [--config=/etc/app/no.yml]', ['no.yml']],
    ['a word', 'command: [run, /etc/app/no.yml]', ['no.yml']],
    ['a file that is there', 'args: [--config=/etc/app/app.yml]', []],
    ['no file of the mount', 'args: [--config=/etc/apps/no.yml, --config=etc/app/no.yml]', []],
    ['a flag with a value of its own', 'args: [-c/etc/app/no.yml, NAME=/etc/app/no.yml]', []],
    ['a script', "command: [sh, -c, 'cat /etc/app/no.yml', '/etc/app/no.yml || true']", []],
    ['a glob', "args: ['--config=/etc/app/*.yml']", []],
    ['a directory', 'args: [--config=/etc/app/no]', []],
    ['a file below a directory', 'args: [--config=/etc/app/sub/no.yml]', []],
    ['the mount itself', 'args: [--config=/etc/app, --config=/etc/app/]', []],
    ['a flag that can do without', 'args: [--config-if-exists=/etc/app/no.yml, --optional-config=/etc/app/no.yml]', []],
    ['a mount over it', 'args: [--config=/etc/app/more/no.yml]', []],
    ['a mount below it', 'args: [--config=/etc/app/conf.d]', []],
    ['a mount with a slash at its end', 'args: [--config=/etc/slash/no.yml]', ['no.yml']],
    ['a mount of a directory in the volume', 'args: [--config=/etc/part/no.yml]', []],
    ['a mount of an unknown directory', 'args: [--config=/etc/expression/no.yml]', []],
    ['an optional volume', 'args: [--config=/etc/optional/no.yml]', []],
    ['a volume of chosen files', 'args: [--config=/etc/chosen/renamed.yml, --config=/etc/chosen/app.yml]', ['app.yml']],
    ['no mount', 'args: [--config=/srv/no.yml]', []],
  ])('of %s', async (_, container, missing) => {
    const mounts = [
      'name: more, mountPath: /etc/app/more',
      'name: app, mountPath: /etc/app',
      'name: more, mountPath: /etc/app/conf.d/inner',
      'name: app, mountPath: /etc/slash/',
      'name: chosen, mountPath: /etc/part, subPath: directory',
      'name: app, mountPath: /etc/expression, subPathExpr: $(HOSTNAME)',
      'name: optional, mountPath: /etc/optional',
      'name: chosen, mountPath: /etc/chosen',
    ].map((mount) => `{ ${mount} }`);
    const items = '[{ key: app.yml, path: renamed.yml }, { key: app.yml, path: directory/app.yml }]';
    const volumes = `[{ name: app, configMap: { name: app } }, { name: more, emptyDir: {} }, { name: optional, configMap: { name: app, optional: true } }, { name: chosen, configMap: { name: app, items: ${items} } }]`;
    const manifests =
      pod(`[{ name: c, image: 'c:1', ${container}, volumeMounts: [${mounts.join(', ')}] }]`, volumes) +
      object('v1', 'ConfigMap', 'app', 'data: { app.yml: x }');
    const messages = await found(referenceKeyMissing, await clusterOf(objectsOf(manifests)));
    expect(messages.map((message) => /"([^"]*)"/.exec(message)?.[1])).toEqual(missing);
  });

  it.each<[subPath: string, missing: string[]]>([
    ['app.yml', []],
    ['no.yml', ['no.yml']],
    ['no', ['no']],
    ['no/app.yml', []],
    ['.', []],
    ['..data', []],
  ])('of the subPath %s', async (subPath, missing) => {
    const manifests =
      pod(
        `[{ name: c, image: 'c:1', volumeMounts: [{ name: app, mountPath: /etc/app.yml, subPath: '${subPath}' }] }]`,
        '[{ name: app, configMap: { name: app } }]',
      ) + object('v1', 'ConfigMap', 'app', 'data: { app.yml: x }');
    const messages = await found(referenceKeyMissing, await clusterOf(objectsOf(manifests)));
    expect(messages.map((message) => /"([^"]*)"/.exec(message)?.[1])).toEqual(missing);
  });
});
