import type { Cluster } from '../../cluster/cluster.ts';
import { hintFor, isGenerated } from '../../cluster/references/hints.ts';
import { MAKER_LINES } from '../../cluster/references/makers.ts';
import { inNamespace, standingOf } from '../../cluster/references/provided.ts';
import { edgeLines, type Reference, referencesOf } from '../../cluster/references/references.ts';
import type { Finding, Rule, Unchecked } from '../../rule.ts';
import { yaml } from '../../rule.ts';

interface Missing {
  readonly reference: Reference;
  readonly state: 'absent' | 'undeclared';
}

export default {
  id: 'reference-missing',
  severity: 'error',
  docs: {
    summary: 'What an object refers to must be rendered, exist, or be made by something.',
    incident:
      'Devex, 2026-02-10, section 7: the S3 downloader, an init container of every runner pod, reads the Secret aws-creds in namespace default. It was made once by hand with kubectl create secret, and nothing in the repository says so: on a fresh cluster every pod stops at it. matchID #55 refers to the ClusterIssuer letsencrypt-prod, which another repository owns. Oceanid names a HelmRepository without its namespace, and Flux seeks it next to the HelmRelease.',
    symptoms: [
      'MountVolume.SetUp failed for volume "config" : configmap "app-config" not found',
      'MountVolume.SetUp failed for volume "credentials" : secret "aws-creds" not found',
      'Error: configmap "app-config" not found',
      'Error: secret "aws-creds" not found',
      'CreateContainerConfigError',
      'error looking up service account shop/api: serviceaccount "api" not found',
      'persistentvolumeclaim "data" not found',
      '0/3 nodes are available: persistentvolumeclaim "data" not found.',
      'storageclass.storage.k8s.io "fast" not found',
      'no PriorityClass with name critical was found',
      'pod rejected: RuntimeClass "gvisor" not found',
      'Unable to retrieve some image pull secrets (ghcr-creds); attempting to pull the image may not succeed.',
      'the HPA controller was unable to get the target\'s current scale: deployments.apps "api" not found',
      'failed calling webhook "validate.example.com": failed to call webhook: Post "https://webhook.shop.svc:443/": service "webhook" not found',
      'RBAC: role.rbac.authorization.k8s.io "reader" not found',
      'kubernetes service not found: shop/api',
      'Error obtaining Endpoints for Service "shop/api": no object matching key "shop/api" in local store',
      'middleware "shop-auth@kubernetescrd" does not exist',
      'secret shop/api-tls does not exist',
      'Referenced "Issuer" not found: issuer.cert-manager.io "letsencrypt-prod" not found',
      'Referenced "ClusterIssuer" not found: clusterissuer.cert-manager.io "letsencrypt-prod" not found',
    ],
    fix: 'Render the object, or whatever makes it (a SealedSecret, an ExternalSecret, a Certificate), with what needs it; or correct the name or the namespace. What is made by hand belongs under `existing` in k8s-lint.yaml: a Secret there needs its keys only. Where the pod can do without, say `optional: true`.',
    facts: [
      'The table below: every field that names another object, of everything that is rendered',
      'Kinds that a team does not render (Secret, StorageClass, IngressClass, Issuer …) are known where `existing` lists them: one Secret of a namespace stands for all of its Secrets',
      'Kinds that a team always renders (ConfigMap, ServiceAccount, Service, Role …) are closed in a configured environment, or where their Namespace is rendered',
    ],
    silent: [
      'The reference is optional.',
      'The kind is not known: only `existing` says which Secrets, StorageClasses, IngressClasses or issuers there are. What a team renders with what uses it (ConfigMaps, ServiceAccounts, claims, Services, Roles, Middlewares, scale targets) is an error in an environment of k8s-lint.yaml or where the Namespace is rendered, a warning elsewhere.',
      'It is sought in another namespace, into which nothing here is rendered, and no namespace here has one of that name, without a k8s-lint.yaml.',
      'Something may make the object: SealedSecret, ExternalSecret, Certificate, an annotated Ingress, a StatefulSet for its claims, a chart that Flux or Argo CD installs there, an operator, a replicator, a policy, a script that calls kubectl; and for Secrets, a rendered ServiceAccount that may create them.',
      'It is always there: ServiceAccount default, ConfigMap kube-root-ca.crt, Service default/kubernetes, built-in roles, system-* PriorityClasses. In kube-* namespaces the distribution puts objects of its own.',
      '`name@provider` of another provider than kubernetescrd, `api@internal`, `use-annotation` and TLS Secrets of the AWS load balancer controller.',
      'A StorageClass that PersistentVolumes name, or whose claim names its volume: it need not exist.',
      'The name holds a placeholder, or a target of the environment did not render.',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/configuration/configmap/',
      'https://kubernetes.io/docs/concepts/configuration/secret/',
      'https://doc.traefik.io/traefik/reference/install-configuration/providers/overview/',
      'https://cert-manager.io/docs/troubleshooting/',
    ],
    tables: [
      { title: 'What names what, and what breaks without it', lines: edgeLines() },
      { title: 'Who makes objects', lines: MAKER_LINES },
    ],
  },
  examples: {
    bad: [
      yaml`
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: registry, namespace: default }
        type: kubernetes.io/dockerconfigjson
        data: { .dockerconfigjson: '' }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: runner, namespace: default }
        spec:
          selector: { matchLabels: { app: runner } }
          template:
            metadata: { labels: { app: runner } }
            spec:
              imagePullSecrets:
                - name: registry
                - name: ghcr-creds # <- there is no Secret/ghcr-creds in namespace default: images are pulled without it, and a private registry refuses
              initContainers:
                - name: s3-downloader
                  image: amazon/aws-cli:2.17.0
                  env:
                    - name: AWS_ACCESS_KEY_ID
                      valueFrom:
                        secretKeyRef:
                          name: aws-creds # <- there is no Secret/aws-creds in namespace default: the container stays in CreateContainerConfigError
                          key: access_key
                    - name: AWS_SECRET_ACCESS_KEY
                      valueFrom: { secretKeyRef: { name: aws-creds, key: secret_key } }
              containers:
                - name: runner
                  image: example.com/runner:1.4.2
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: api-config, namespace: shop }
        data: { LOG_LEVEL: info }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: logging, namespace: infra }
        data: { level: info }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: api, namespace: shop }
        spec:
          selector: { matchLabels: { app: api } }
          template:
            metadata: { labels: { app: api } }
            spec:
              serviceAccountName: api # <- there is no ServiceAccount/api in namespace shop: no pod of it is created
              containers:
                - name: api
                  image: example.com/api:1.4.2
                  envFrom:
                    - configMapRef:
                        name: api-confg # <- there is no ConfigMap/api-confg in namespace shop: the container stays in CreateContainerConfigError; did you mean "api-config"?
                  env:
                    - name: FEATURES
                      valueFrom:
                        configMapKeyRef:
                          name: feature-switches # <- there is no ConfigMap/feature-switches in namespace shop: the container stays in CreateContainerConfigError
                          key: all
              volumes:
                - name: logging
                  configMap:
                    name: logging # <- there is no ConfigMap/logging in namespace shop: the pod stays in ContainerCreating; namespace infra has one
                - name: all
                  projected:
                    sources:
                      - configMap:
                          name: extra-trust # <- there is no ConfigMap/extra-trust in namespace shop: the pod stays in ContainerCreating
                - name: data
                  persistentVolumeClaim:
                    claimName: data # <- there is no PersistentVolumeClaim/data in namespace shop: the pod stays Pending
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: { name: report, namespace: shop }
        spec:
          schedule: '0 4 * * *'
          jobTemplate:
            spec:
              template:
                spec:
                  serviceAccount: reporter # <- there is no ServiceAccount/reporter in namespace shop: no pod of it is created
                  restartPolicy: Never
                  containers:
                    - name: report
                      image: example.com/report:1.4.2
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: api }
        spec:
          serviceAccountName: api # <- nothing here makes ServiceAccount/api: unless it is there already, no pod of it is created
          containers:
            - name: api
              image: example.com/api:1.4.2
              envFrom:
                - configMapRef:
                    name: api # <- nothing here makes ConfigMap/api: unless it is there already, the container stays in CreateContainerConfigError; did you mean "apis"?
                - secretRef: { name: api }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: apis }
        data: { LOG_LEVEL: info }
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: api, namespace: shop }
        spec: { ports: [{ port: 80 }] }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: Middleware
        metadata: { name: auth, namespace: shop }
        spec:
          chain:
            middlewares:
              - name: oauth # <- there is no Middleware/oauth in namespace shop: Traefik drops the middleware and every router that uses it; did you mean "auth"?
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations:
            traefik.ingress.kubernetes.io/router.middlewares: shop-auth@kubernetescrd, shop-limit@kubernetescrd # <- there is no Middleware/shop-limit@kubernetescrd: Traefik drops the router, its requests get 404
        spec:
          defaultBackend:
            service:
              name: fallback # <- there is no Service/fallback in namespace shop: requests for it reach nobody
              port: { number: 80 }
          rules:
            - http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: apis # <- there is no Service/apis in namespace shop: requests for it reach nobody; did you mean "api"?
                        port: { number: 80 }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: forgotten-namespace
          namespace: shop
          annotations:
            traefik.ingress.kubernetes.io/router.middlewares: auth@kubernetescrd # <- there is no Middleware/auth@kubernetescrd: Traefik drops the router, its requests get 404; did you mean "shop-auth@kubernetescrd"?
        spec:
          defaultBackend: { service: { name: api, port: { number: 80 } } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: shop, namespace: shop }
        spec:
          routes:
            - kind: Rule
              match: Host("shop.example.com")
              middlewares:
                - name: limit # <- there is no Middleware/limit in namespace shop: Traefik drops the router, its requests get 404
              services:
                - name: web # <- there is no Service/web in namespace shop: Traefik drops the router, its requests get 404
                  port: 80
                - kind: Service
                  name: api # <- nothing here makes Service/api in namespace infra: unless it is there already, Traefik drops the router, its requests get 404; namespace shop has one
                  namespace: infra
                  port: 80
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRouteTCP
        metadata: { name: database, namespace: shop }
        spec:
          routes:
            - match: HostSNI("*")
              middlewares:
                - name: office-only # <- there is no MiddlewareTCP/office-only in namespace shop: Traefik drops the router, its requests get 404
              services:
                - name: database # <- there is no Service/database in namespace shop: Traefik drops the router, its requests get 404
                  port: 5432
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: List
        items:
          - { apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: { name: letsencrypt-staging }, spec: { selfSigned: {} } }
          - { apiVersion: cert-manager.io/v1, kind: Issuer, metadata: { name: ca, namespace: shop }, spec: { selfSigned: {} } }
          - { apiVersion: v1, kind: Secret, metadata: { name: other, namespace: shop }, data: { key: '' } }
          - { apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: { name: traefik }, spec: { controller: traefik.io/ingress-controller } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec:
          secretName: shop-tls
          dnsNames: [shop.example.com]
          issuerRef:
            kind: ClusterIssuer
            name: letsencrypt-prod # <- there is no ClusterIssuer/letsencrypt-prod: no certificate is issued
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: intern, namespace: shop }
        spec:
          secretName: intern-tls
          dnsNames: [intern.example.com]
          issuerRef:
            name: letsencrypt-staging # <- there is no Issuer/letsencrypt-staging in namespace shop: no certificate is issued
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: dns, namespace: shop }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: account-key }
            solvers:
              - dns01:
                  cloudflare:
                    apiTokenSecretRef:
                      name: cloudflare-token # <- there is no Secret/cloudflare-token in namespace shop: no certificate is issued
                      key: token
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations:
            cert-manager.io/cluster-issuer: letsencrypt # <- there is no ClusterIssuer/letsencrypt: no certificate is issued
        spec:
          ingressClassName: nginx # <- there is no IngressClass/nginx: no controller serves it
          tls:
            - hosts: [shop.example.com]
              secretName: made-by-the-shim
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: intern, namespace: shop }
        spec:
          ingressClassName: traefik
          tls:
            - hosts: [intern.example.com]
              secretName: intern-tls-old # <- there is no Secret/intern-tls-old in namespace shop: clients get the controller's default certificate
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: List
        items:
          - { apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: scw-bssd }, provisioner: csi.scaleway.com }
          - { apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: { name: high }, value: 1000 }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: elasticsearch, namespace: matchid }
        spec:
          serviceName: elasticsearch # <- there is no Service/elasticsearch in namespace matchid: its pods get no DNS names of their own
          selector: { matchLabels: { app: elasticsearch } }
          template:
            metadata: { labels: { app: elasticsearch } }
            spec:
              priorityClassName: hihg # <- there is no PriorityClass/hihg: no pod of it is created; did you mean "high"?
              containers:
                - name: elasticsearch
                  image: docker.elastic.co/elasticsearch/elasticsearch:7.17.28
              volumes:
                - name: snapshots
                  persistentVolumeClaim:
                    claimName: data # <- there is no PersistentVolumeClaim/data in namespace matchid: the pod stays Pending
          volumeClaimTemplates:
            - metadata: { name: data }
              spec:
                storageClassName: matchid-local # <- there is no StorageClass/matchid-local: the pod stays Pending
                accessModes: [ReadWriteOnce]
                resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: cache, namespace: matchid }
        spec:
          storageClassName: scw-bsd # <- there is no StorageClass/scw-bsd: the claim stays Pending; did you mean "scw-bssd"?
          accessModes: [ReadWriteOnce]
          resources: { requests: { storage: 1Gi } }
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: elasticsearch, namespace: matchid }
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: elasticsearch # <- there is no Deployment/elasticsearch in namespace matchid: it scales nothing
          maxReplicas: 3
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: reader, namespace: matchid }
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: reader # <- there is no Role/reader in namespace matchid: it grants nothing
        subjects:
          - kind: ServiceAccount
            name: reader # <- there is no ServiceAccount/reader in namespace matchid: it grants nothing to that subject
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: { name: checks }
        webhooks:
          - name: strict.example.com
            admissionReviewVersions: [v1]
            sideEffects: None
            clientConfig:
              service:
                name: strict # <- there is no Service/strict in namespace matchid: the API server refuses every request that it should review
                namespace: matchid
          - name: lenient.example.com
            admissionReviewVersions: [v1]
            sideEffects: None
            failurePolicy: Ignore
            clientConfig:
              service:
                name: lenient # <- there is no Service/lenient in namespace matchid: the API server refuses every request that it should review
                namespace: matchid
        ---
        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata: { name: v1beta1.custom.metrics.k8s.io }
        spec:
          group: custom.metrics.k8s.io
          version: v1beta1
          groupPriorityMinimum: 100
          versionPriority: 100
          service:
            name: metrics-adapter # <- there is no Service/metrics-adapter in namespace matchid: the API that it serves is unavailable
            namespace: matchid
      `,
      {
        files: {
          'kustomization.yaml': yaml`
            namespace: shop
            resources: [rollout.yaml]
            configMapGenerator:
              - name: api-config
                literals: [LOG_LEVEL=info]
          `,
          'rollout.yaml': yaml`
            apiVersion: v1
            kind: Namespace
            metadata: { name: shop }
            ---
            apiVersion: argoproj.io/v1alpha1
            kind: Rollout
            metadata: { name: api }
            spec:
              selector: { matchLabels: { app: api } }
              template:
                metadata: { labels: { app: api } }
                spec:
                  containers:
                    - name: api
                      image: example.com/api:1.4.2
                      envFrom:
                        - configMapRef:
                            name: api-config # <- ConfigMap/api-config gets a hash in its name, and kustomize does not rewrite it here: the container stays in CreateContainerConfigError
          `,
        },
      },
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: shop, namespace: shop }
        spec:
          parentRefs: [{ name: shared, namespace: infra }]
          rules:
            - backendRefs:
                - { name: pool, group: inference.networking.k8s.io, kind: InferencePool }
                - { name: elsewhere, namespace: infra, kind: ServiceImport, group: multicluster.x-k8s.io }
                - name: shop-web # <- there is no Service/shop-web in namespace shop: requests for it reach nobody
                  port: 80
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: { name: worker, namespace: shop }
        spec:
          scaleTargetRef:
            name: worker # <- there is no Deployment/worker in namespace shop: it scales nothing
          triggers: [{ type: cron, metadata: { timezone: UTC, start: 0 6 * * *, end: 0 20 * * *, desiredReplicas: "10" } }]
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: api, namespace: shop }
        spec:
          workloadRef:
            apiVersion: apps/v1
            kind: Deployment
            name: api # <- there is no Deployment/api in namespace shop: the rollout is invalid, it has no pods
          strategy:
            canary:
              stableService: api # <- there is no Service/api in namespace shop: the rollout is invalid, none of its pods changes
              canaryService: api-canary # <- there is no Service/api-canary in namespace shop: the rollout is invalid, none of its pods changes
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: web, namespace: shop }
        spec:
          strategy:
            blueGreen:
              activeService: web # <- there is no Service/web in namespace shop: the rollout is invalid, none of its pods changes
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: { name: cluster, namespace: shop }
        spec:
          scaleTargetRef: { name: cluster, apiVersion: example.com/v1, kind: Database }
          triggers: []
      `,
    ],
    good: [
      yaml`
        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata: { name: v1.shop.example.com }
        spec:
          group: shop.example.com
          version: v1
          groupPriorityMinimum: 100
          versionPriority: 100
          service: { name: shop, namespace: replaceme }
        ---
        # existing
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
      `,
      yaml`
        # Whoever renders that namespace isn't seen here.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: { name: scraper }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
        subjects: [{ kind: ServiceAccount, name: prometheus, namespace: monitoring }]
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: grafana, namespace: shop }
        spec:
          routes:
            - { kind: Rule, match: 'Host("grafana.example.com")', services: [{ name: grafana, namespace: monitoring, port: 80 }] }
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: api-config, namespace: shop }
        data: { LOG_LEVEL: info }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: api, namespace: shop }
        spec:
          selector: { matchLabels: { app: api } }
          template:
            metadata: { labels: { app: api } }
            spec:
              serviceAccountName: default
              serviceAccount: default
              imagePullSecrets: [{ name: secrets-are-not-known-here }]
              runtimeClassName: not-known
              priorityClassName: not-known
              containers:
                - name: api
                  image: example.com/api:1.4.2
                  envFrom:
                    - configMapRef: { name: api-config }
                    - configMapRef: { name: may-be-missing, optional: true }
                    - configMapRef: { name: '${'${CONFIG}'}' }
                    - secretRef: { name: secrets-are-not-known-here }
              volumes:
                - name: cluster-ca
                  configMap: { name: kube-root-ca.crt }
                - name: overrides
                  configMap: { name: may-be-missing, optional: true }
                - name: one-claim-of-the-database
                  persistentVolumeClaim: { claimName: data-database-0 }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: database, namespace: shop }
        spec:
          serviceName: database
          selector: { matchLabels: { app: database } }
          template:
            metadata: { labels: { app: database } }
            spec:
              containers: [{ name: database, image: 'postgres:17.2' }]
              # The template's claims take this volume's place.
              volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { storageClassName: not-known, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: database, namespace: shop }
        spec: { clusterIP: None, ports: [{ port: 5432 }] }
        ---
        # The distribution puts objects of its own into kube-system.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: api-auth-reader, namespace: kube-system }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader }
        subjects: [{ kind: ServiceAccount, name: metrics-server, namespace: kube-system }, { kind: Group, name: team }]
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: List
        items:
          - { apiVersion: v1, kind: Secret, metadata: { name: aws-creds, namespace: shop }, data: { access_key: '' } }
          - { apiVersion: v1, kind: Secret, metadata: { name: known, namespace: ci }, data: { token: '' } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: runner, namespace: shop }
        spec:
          imagePullSecrets: [{ name: registry }]
          containers:
            - name: runner
              image: example.com/runner:1.4.2
              envFrom:
                - secretRef: { name: aws-creds }
                - secretRef: { name: sealed }
                - secretRef: { name: from-vault }
                - secretRef: { name: from-another-namespace }
                - secretRef: { name: onepassword }
                - secretRef: { name: database-app }
          volumes:
            - { name: certificate, secret: { secretName: runner-tls } }
            - { name: account, secret: { secretName: account-key } }
        ---
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: { name: sealed, namespace: shop }
        spec: { encryptedData: { token: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq } }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: vault, namespace: shop }
        spec:
          secretStoreRef: { name: vault, kind: ClusterSecretStore }
          target: { name: from-vault }
          dataFrom: [{ extract: { key: shop } }]
        ---
        apiVersion: external-secrets.io/v1
        kind: ClusterExternalSecret
        metadata: { name: registry }
        spec:
          namespaces: [shop]
          externalSecretSpec:
            secretStoreRef: { name: vault, kind: ClusterSecretStore }
            dataFrom: [{ extract: { key: registry } }]
        ---
        apiVersion: v1
        kind: Secret
        metadata:
          name: from-another-namespace
          namespace: infra
          annotations: { replicator.v1.mittwald.de/replicate-to: shop }
        stringData: { token: '' }
        ---
        apiVersion: onepassword.com/v1
        kind: OnePasswordItem
        metadata: { name: onepassword, namespace: shop }
        spec: { itemPath: vaults/shop/items/runner }
        ---
        apiVersion: postgresql.cnpg.io/v1
        kind: Cluster
        metadata: { name: database, namespace: shop }
        spec: { instances: 1 }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: runner, namespace: shop }
        spec: { secretName: runner-tls, dnsNames: [runner.example.com], issuerRef: { name: dns } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: dns, namespace: shop }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: account-key }
            solvers: [{ http01: { ingress: { ingressClassName: traefik } } }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: runner, namespace: shop, annotations: { cert-manager.io/issuer: dns } }
        spec:
          tls: [{ hosts: [runner.example.com], secretName: made-by-the-shim }]
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: runner, namespace: shop }
        spec:
          routes: []
          tls: { secretName: made-by-the-shim }
        ---
        # This one may create the Secrets that it needs.
        apiVersion: v1
        kind: ServiceAccount
        metadata: { name: pr-admin, namespace: ci }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: { name: pr-admin, namespace: ci }
        rules: [{ apiGroups: [''], resources: [secrets], verbs: [create] }]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: pr-admin, namespace: ci }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: pr-admin }
        subjects: [{ kind: ServiceAccount, name: pr-admin }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: preview, namespace: ci }
        spec:
          containers:
            - { name: preview, image: 'example.com/preview:1.4.2', envFrom: [{ secretRef: { name: made-at-run-time } }] }
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        # A chart may hold anything.
        apiVersion: v1
        kind: Namespace
        metadata: { name: monitoring }
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: prometheus, namespace: flux-system }
        spec: { targetNamespace: monitoring, interval: 1h, chart: { spec: { chart: prometheus, sourceRef: { kind: HelmRepository, name: community } } } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: monitoring, namespace: shop }
        spec:
          routes:
            - kind: Rule
              match: Host("prometheus.example.com")
              services: [{ name: prometheus-server, namespace: monitoring, port: 80 }]
        ---
        # Who knows what an operator makes?
        apiVersion: v1
        kind: Namespace
        metadata: { name: games }
        ---
        apiVersion: example.com/v1
        kind: Game
        metadata: { name: chess, namespace: games }
        spec: { publishTo: { configMap: ratings, namespace: shop } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: board, namespace: games }
        spec:
          containers: [{ name: board, image: 'example.com/board:1.4.2', envFrom: [{ configMapRef: { name: openings } }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: site, namespace: shop }
        spec:
          containers:
            - name: site
              image: example.com/site:1.4.2
              envFrom:
                - configMapRef: { name: ratings }
                - configMapRef: { name: ca-bundle }
                - configMapRef: { name: from-a-policy }
                - configMapRef: { name: from-a-script }
                - configMapRef: { name: shop-settings }
                - configMapRef: { name: from-somewhere }
        ---
        apiVersion: trust.cert-manager.io/v1alpha1
        kind: Bundle
        metadata: { name: ca-bundle }
        spec: { sources: [{ useDefaultCAs: true }], target: { configMap: { key: ca.crt } } }
        ---
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata: { name: settings-everywhere }
        spec:
          rules:
            - name: settings
              match: { any: [{ resources: { kinds: [Namespace] } }] }
              generate: { apiVersion: v1, kind: ConfigMap, name: from-a-policy, namespace: '{{request.object.metadata.name}}' }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: prepare, namespace: shop }
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: prepare
                  image: bitnami/kubectl:1.34.1
                  command: [sh, -c, 'kubectl create configmap from-a-script --from-file=/data']
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: '${'${APP}'}-settings', namespace: shop }
        data: { LOG_LEVEL: info }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: from-somewhere, namespace: '${'${NAMESPACE}'}' }
        data: { LOG_LEVEL: info }
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: List
        items:
          - { apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: scw-bssd }, provisioner: csi.scaleway.com }
          - { apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: { name: high }, value: 1000 }
          - { apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: { name: pods-reader } }
          - { apiVersion: v1, kind: PersistentVolume, metadata: { name: disk }, spec: { capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce], storageClassName: by-hand, hostPath: { path: /disk } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: by-hand, namespace: matchid }
        spec: { storageClassName: by-hand, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: this-volume, namespace: matchid }
        spec: { storageClassName: any-name, volumeName: disk, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: no-class, namespace: matchid }
        spec: { storageClassName: '', accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: agent, namespace: matchid }
        spec:
          priorityClassName: system-node-critical
          containers: [{ name: agent, image: 'example.com/agent:1.4.2' }]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: { name: agent }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
        subjects: [{ kind: ServiceAccount, name: default, namespace: matchid }, { kind: User, name: agent }]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: { name: agent-auth }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:auth-delegator' }
        subjects: [{ kind: ServiceAccount, name: default, namespace: matchid }]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: custom, namespace: matchid }
        spec: { scaleTargetRef: { apiVersion: example.com/v1, kind: Game, name: chess }, maxReplicas: 3 }
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop-prod }
        ---
        apiVersion: traefik.containo.us/v1alpha1
        kind: Middleware
        metadata: { name: auth, namespace: shop-prod }
        spec: { basicAuth: { secret: users } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: Middleware
        metadata: { name: strip.prefix, namespace: shop-prod }
        spec: { stripPrefix: { prefixes: [/api] } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop-prod
          annotations:
            traefik.ingress.kubernetes.io/router.middlewares: >-
              shop-prod-auth@kubernetescrd,shop-prod_auth@kubernetescrd,shop-prod-strip-prefix@kubernetescrd,compress@file,shop-prod-auth-0123456789abcdef0123@kubernetescrd
        spec:
          ingressClassName: not-known
          rules:
            - http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend: { service: { name: redirect-to-https, port: { name: use-annotation } } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: dashboard, namespace: shop-prod }
        spec:
          routes:
            - kind: Rule
              match: PathPrefix("/dashboard")
              middlewares: [{ name: auth }, { name: compress@file }, { name: shop-prod-auth@kubernetescrd }]
              services: [{ kind: TraefikService, name: api@internal }]
          tls: { options: { name: default } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: api-server, namespace: shop-prod }
        spec:
          routes:
            - { kind: Rule, match: 'Host("k8s.example.com")', services: [{ name: kubernetes, namespace: default, port: 443 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: other-issuer
          namespace: shop-prod
          annotations: { cert-manager.io/issuer: aws, cert-manager.io/issuer-kind: AWSPCAIssuer, cert-manager.io/issuer-group: awspca.cert-manager.io }
        spec: { tls: [{ hosts: [shop.example.com], secretName: shop-tls }] }
      `,
    ],
  },
  *check(cluster) {
    const unchecked = new Map<string, Unchecked>();
    for (const references of referencesOf(cluster).values()) {
      const missing: Missing[] = [];
      for (const reference of references) {
        if (reference.optional) continue;
        const standing = standingOf(cluster, reference.referents, reference.resource);
        if (standing.state === 'absent' || standing.state === 'undeclared') {
          missing.push({ reference, state: standing.state });
        } else if (standing.state === 'unknown' && standing.reason !== undefined) {
          const [{ kind, scope }] = reference.referents;
          const item = { unchecked: `references to ${kind} objects${inNamespace(scope)}`, reason: standing.reason };
          unchecked.set(JSON.stringify(item), item);
        }
      }
      yield* findings(cluster, missing);
    }
    yield* unchecked.values();
  },
} satisfies Rule;

/** It breaks under a condition: the edge says so, or nobody has said what there is besides. */
function isMild({ reference, state }: Missing): boolean {
  return reference.mild || state === 'undeclared';
}

/** One finding for each object that a resource misses, at the first place that bites most; the other places are related. */
function findings(cluster: Cluster, missing: readonly Missing[]): Finding[] {
  const byReferent = new Map<string, Missing[]>();
  for (const one of missing) {
    const id = JSON.stringify(one.reference.referents[0]);
    byReferent.set(id, [...(byReferent.get(id) ?? []), one]);
  }
  return [...byReferent.values()].flatMap((places) => {
    const main = places.find((place) => !isMild(place)) ?? places[0];
    if (!main) return [];
    const { resource, path } = main.reference;
    const related = places
      .filter((place) => place !== main)
      .map(({ reference }) => ({ message: 'named here too', resource, path: reference.path }));
    return [
      { resource, path, severity: isMild(main) ? 'warning' : 'error', message: messageOf(cluster, main), related },
    ];
  });
}

function messageOf(cluster: Cluster, { reference, state }: Missing): string {
  const { name, referents, breaks } = reference;
  const [{ kind, scope }] = referents;
  const what = `${kind}/${name}`;
  if (isGenerated(cluster, referents[0])) {
    return `${what} gets a hash in its name, and kustomize does not rewrite it here: ${breaks}`;
  }
  const hint = hintFor(cluster, name, referents[0]);
  const where = name.includes('@') ? '' : inNamespace(scope);
  return state === 'absent'
    ? `there is no ${what}${where}: ${breaks}${hint}`
    : `nothing here makes ${what}${where}: unless it is there already, ${breaks}${hint}`;
}
