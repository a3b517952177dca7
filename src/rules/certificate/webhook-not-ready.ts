import {
  certManagerObjects,
  type Prerequisite,
  prerequisiteOf,
  waitsFor,
} from '../../cluster/certificates/cert-manager.ts';
import { type Resource, type Rule, yaml } from '../../rule.ts';

const CONFIGURATION = `
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: { name: cert-manager-webhook }
        webhooks:
          - name: webhook.cert-manager.io
            admissionReviewVersions: [v1]
            sideEffects: None
            failurePolicy: Fail
            namespaceSelector:
              matchExpressions: [{ key: cert-manager.io/disable-validation, operator: NotIn, values: ["true"] }]
            rules:
              - apiGroups: [cert-manager.io, acme.cert-manager.io]
                apiVersions: [v1]
                operations: [CREATE, UPDATE]
                resources: ["*/*"]
            clientConfig: { service: { name: cert-manager-webhook, namespace: cert-manager, path: /validate } }`;

const WEBHOOK = `${CONFIGURATION}
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: cert-manager-webhook, namespace: cert-manager }
        spec: { selector: { app: webhook }, ports: [{ port: 443, targetPort: 10250 }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: cert-manager-webhook, namespace: cert-manager }
        spec:
          selector: { matchLabels: { app: webhook } }
          template:
            metadata: { labels: { app: webhook } }
            spec: { containers: [{ name: webhook, image: 'quay.io/jetstack/cert-manager-webhook:v1.18.2' }] }`;

const RELEASE = `
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: cert-manager, namespace: cert-manager }
        spec:
          interval: 1h
          chart: { spec: { chart: cert-manager, sourceRef: { kind: HelmRepository, name: jetstack } } }`;

export default {
  id: 'webhook-not-ready',
  severity: 'warning',
  docs: {
    summary: 'Issuers and Certificates wait until the webhook of cert-manager answers.',
    incident:
      'Devex, 2026-02-10, issue F: the issuers were applied together with cert-manager itself. The API server asks its webhook about ' +
      'each of them, and the pods of the webhook had not started yet: the apply failed with "no endpoints available", and worked a ' +
      'minute later. The report’s lesson: wait for all of cert-manager before anything that it validates.',
    symptoms: [
      'failed calling webhook "webhook.cert-manager.io"',
      'no endpoints available for service "cert-manager-webhook"',
      'Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": x509: certificate signed by unknown authority',
      'failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": no endpoints available for service "cert-manager-webhook"',
      'failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": dial tcp 10.43.0.1:443: connect: connection refused',
      'no matches for kind "ClusterIssuer" in version "cert-manager.io/v1"',
    ],
    fix:
      'Apply them in a step of their own, after `kubectl wait --for=condition=Available deployment --all -n cert-manager` (or `cmctl ' +
      'check api --wait=2m`): a second Flux Kustomization with dependsOn, a later argocd.argoproj.io/sync-wave, a post-install Helm ' +
      'hook, or a target of its own.',
    facts: [
      'Reads the webhook configurations that call webhook.cert-manager.io, the pods behind their Service, and HelmReleases and k3s HelmCharts of the chart cert-manager.',
    ],
    silent: [
      'Issuers and Certificates of another target than cert-manager: another Flux Kustomization with dependsOn, another release, another step',
      'Helm hooks; hooks of Argo CD, and a later sync-wave than that of the webhook’s pods',
      'A webhook that fails open, that is not asked about the kind, or not in that namespace',
      'A HelmRelease of cert-manager beside Issuers whose CustomResourceDefinition is rendered or existing: no webhook is there yet to refuse them',
    ],
    references: [
      'https://cert-manager.io/docs/troubleshooting/webhook/',
      'https://cert-manager.io/docs/installation/kubectl/#verify',
      'https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies',
      'https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/',
      'https://helm.sh/docs/topics/charts_hooks/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: # <- ClusterIssuer/letsencrypt and 2 more are applied together with cert-manager, and nothing makes them wait for Deployment/cert-manager-webhook: on a first install the API server refuses them
          name: letsencrypt
        spec: { selfSigned: {} }
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: local, namespace: shop }
        spec: { selfSigned: {} }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec: { secretName: shop-tls, dnsNames: [shop.example.com], issuerRef: { name: local } }
        ---
        # Applied before the webhook's own wave.
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata:
          name: waits
          namespace: shop
          annotations: { argocd.argoproj.io/sync-wave: '1' }
        spec: { secretName: waits-tls, dnsNames: [shop.example.com], issuerRef: { name: local } }
        ---
${WEBHOOK}
      `,
      yaml`
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata:
          name: shop
          namespace: shop
          annotations: # <- Certificate/shop is applied together with cert-manager, and nothing makes it wait for Deployment/cert-manager-webhook: on a first install the API server refuses it
            argocd.argoproj.io/sync-wave: '0'
        spec: { secretName: shop-tls, dnsNames: [shop.example.com], issuerRef: { name: local } }
        ---
${WEBHOOK}
      `,
      yaml`
        # The pods of the webhook come from elsewhere.
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt } # <- ClusterIssuer/letsencrypt is applied together with cert-manager, and nothing makes it wait for ValidatingWebhookConfiguration/cert-manager-webhook: on a first install the API server refuses it
        spec: { selfSigned: {} }
        ---
${CONFIGURATION}
      `,
      yaml`
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt } # <- ClusterIssuer/letsencrypt is applied together with HelmRelease/cert-manager, which brings its kind only afterwards: a first install fails with no matches for kind "ClusterIssuer"
        spec: { selfSigned: {} }
        ---
${RELEASE}
      `,
      yaml`
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: local, namespace: shop } # <- Issuer/local is applied together with HelmChart/cert-manager, which brings its kind only afterwards: a first install fails with no matches for kind "Issuer"
        spec: { selfSigned: {} }
        ---
        apiVersion: helm.cattle.io/v1
        kind: HelmChart
        metadata: { name: cert-manager, namespace: kube-system }
        spec: { chart: jetstack/cert-manager, targetNamespace: cert-manager }
      `,
    ],
    good: [
      {
        files: {
          'k8s-lint.yaml': yaml`
            environments:
              production:
                targets:
                  - manifests: [cert-manager.yaml]
                  - manifests: [issuers.yaml]
          `,
          'cert-manager.yaml': yaml`
${WEBHOOK}
          `,
          'issuers.yaml': yaml`
            apiVersion: cert-manager.io/v1
            kind: ClusterIssuer
            metadata: { name: letsencrypt }
            spec: { selfSigned: {} }
          `,
        },
      },
      yaml`
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: hook, annotations: { helm.sh/hook: post-install } }
        spec: { selfSigned: {} }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: synced-after, annotations: { argocd.argoproj.io/hook: PostSync } }
        spec: { selfSigned: {} }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: later-wave, annotations: { argocd.argoproj.io/sync-wave: '10' } }
        spec: { selfSigned: {} }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: unknown-wave, annotations: { argocd.argoproj.io/sync-wave: '${'${WAVE}'}' } }
        spec: { selfSigned: {} }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: cert-manager, labels: { cert-manager.io/disable-validation: 'true' } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: not-validated, namespace: cert-manager }
        spec: { selfSigned: {} }
        ---
${WEBHOOK}
      `,
      yaml`
        # The first wave is the webhook's.
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec: { selfSigned: {} }
        ---
${CONFIGURATION}
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: cert-manager-webhook, namespace: cert-manager }
        spec: { selector: { app: webhook }, ports: [{ port: 443, targetPort: 10250 }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: cert-manager-webhook
          namespace: cert-manager
          annotations: { argocd.argoproj.io/sync-wave: '-1' }
        spec:
          selector: { matchLabels: { app: webhook } }
          template:
            metadata: { labels: { app: webhook } }
            spec: { containers: [{ name: webhook, image: 'quay.io/jetstack/cert-manager-webhook:v1.18.2' }] }
      `,
      yaml`
        # Webhooks that let it pass, are asked about something else, or are another's.
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec: { selfSigned: {} }
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: MutatingWebhookConfiguration
        metadata: { name: cert-manager-webhook }
        webhooks:
          - name: webhook.cert-manager.io
            admissionReviewVersions: [v1]
            sideEffects: None
            rules:
              - { apiGroups: [cert-manager.io], apiVersions: [v1], operations: [CREATE], resources: [certificaterequests] }
              - { apiGroups: [acme.cert-manager.io], apiVersions: [v1], operations: [CREATE], resources: ['*/*'] }
            clientConfig: { service: { name: cert-manager-webhook, namespace: cert-manager } }
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: { name: others }
        webhooks:
          - name: webhook.cert-manager.io
            admissionReviewVersions: [v1]
            sideEffects: None
            failurePolicy: Ignore
            rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }]
            clientConfig: { service: { name: cert-manager-webhook, namespace: cert-manager } }
          - name: webhook.cert-manager.io
            admissionReviewVersions: [v1]
            sideEffects: None
            rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }]
            clientConfig: { url: 'https://webhook.example.com/validate' }
          - name: policies.example.com
            admissionReviewVersions: [v1]
            sideEffects: None
            rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }]
            clientConfig: { service: { name: policies, namespace: policies } }
      `,
      yaml`
        # The kind is in the cluster already; a HelmRelease of another chart.
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec: { selfSigned: {} }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: in-a-later-wave, annotations: { argocd.argoproj.io/sync-wave: '1' } }
        spec: { selfSigned: {} }
        ---
${RELEASE}
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: webhook-dns, namespace: cert-manager }
        spec:
          interval: 1h
          chart: { spec: { chart: cert-manager-webhook-dns, sourceRef: { kind: HelmRepository, name: dns } } }
        ---
        # existing
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: clusterissuers.cert-manager.io }
        spec:
          group: cert-manager.io
          scope: Cluster
          names: { kind: ClusterIssuer, plural: clusterissuers }
          versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }]
      `,
    ],
  },
  *check(cluster) {
    const refused = new Map<Resource, { prerequisite: Prerequisite; objects: Resource[] }>();
    for (const object of certManagerObjects(cluster)) {
      if (object.existing) continue;
      const prerequisite = prerequisiteOf(cluster, object);
      if (prerequisite === undefined || waitsFor(object, prerequisite.runs)) continue;
      const known = refused.get(prerequisite.resource);
      if (known) known.objects.push(object);
      else refused.set(prerequisite.resource, { prerequisite, objects: [object] });
    }
    for (const { prerequisite, objects } of refused.values()) {
      const [first, ...others] = objects;
      if (first === undefined) continue;
      yield {
        resource: first,
        path: first.object.metadata.annotations ? ['metadata', 'annotations'] : ['metadata'],
        message: describe(first, others.length, prerequisite),
        related: [
          { message: 'what has to run first', resource: prerequisite.runs[0] ?? prerequisite.resource, path: [] },
          ...others.slice(0, 5).map((resource) => ({ message: 'applied together, too', resource, path: [] })),
        ],
      };
    }
  },
} satisfies Rule;

function describe(first: Resource, others: number, { how, runs, resource }: Prerequisite): string {
  const what = others === 0 ? `${first} is` : `${first} and ${others} more are`;
  const [it, its] = others === 0 ? ['it', 'its kind'] : ['them', 'their kinds'];
  return how === 'webhook'
    ? `${what} applied together with cert-manager, and nothing makes ${it} wait for ${runs[0]}: on a first install the API server refuses ${it}`
    : `${what} applied together with ${resource}, which brings ${its} only afterwards: a first install fails with no matches for kind "${first.kind}"`;
}
