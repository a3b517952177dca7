import { inNamespace } from '../../cluster/references/provided.ts';
import { claimedTwice } from '../../cluster/references/secret-owners.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'secret-claimed-twice',
  severity: 'error',
  docs: {
    summary: 'A Secret must have one owner that writes it.',
    incident:
      "Oceanid, conflict 4: Label Studio's S3 credentials were written by one stack, and Flux reconciled a Secret of the same name from " +
      'Git. Each run of one put its values back over those of the other, and pods started with whichever had been written last. In the Devex ' +
      'migration two Certificates, staging and production, named one `tls-secret`.',
    symptoms: [
      'If this message is not transient, you might have two conflicting Certificates pointing to the same secret.',
      'secret is owned by another ExternalSecret',
      'target is owned by another ExternalSecret',
      'already exists and is not managed by SealedSecret',
    ],
    fix: 'Keep one owner. Give the other Secret its own name, or, for an ExternalSecret that only adds keys, set `creationPolicy: Merge`.',
    facts: [
      'Certificates, ExternalSecrets, SealedSecrets, Ingresses annotated for cert-manager and plain Secrets of the environment',
    ],
    silent: [
      'An annotated Ingress beside the Certificate of the same name as the Secret, or another Ingress that names it',
      'ExternalSecrets with `creationPolicy: Merge` or `None`',
      'A Secret without values: someone is to fill it; one that Flux writes once, merges or leaves alone (`kustomize.toolkit.fluxcd.io/ssa`, `reconcile`)',
      'A Secret that lets its SealedSecret take over or add (`sealedsecrets.bitnami.com/managed`, `patch`)',
      'What `existing` holds: that is what the owner wrote',
      'Helm hooks, and objects that only have a generateName',
      'Plain manifests that only lie in one directory may be alternatives: a warning',
    ],
    references: [
      'https://cert-manager.io/docs/usage/certificate/',
      'https://external-secrets.io/latest/guides/ownership-deletion-policy/',
      'https://github.com/bitnami-labs/sealed-secrets#managing-existing-secrets',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: staging, namespace: web }
        spec: { secretName: tls-secret, dnsNames: [repl.example.com], issuerRef: { kind: ClusterIssuer, name: letsencrypt-staging } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: production, namespace: web }
        spec:
          secretName: tls-secret # <- Secret/tls-secret in namespace web is written by Certificate/staging and Certificate/production: each undoes what the other writes, or is refused
          dnsNames: [repl.example.com]
          issuerRef: { kind: ClusterIssuer, name: letsencrypt }
      `,
      yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: labelstudio-s3, namespace: apps } # <- Secret/labelstudio-s3 in namespace apps is written by ExternalSecret/s3 and Secret/labelstudio-s3: each undoes what the other writes, or is refused
        stringData: { bucket: labels }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: s3, namespace: apps }
        spec:
          secretStoreRef: { kind: ClusterSecretStore, name: vault }
          target: { name: labelstudio-s3 }
          dataFrom: [{ extract: { key: s3 } }]
      `,
      yaml`
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: { name: db, namespace: shop }
        spec: { encryptedData: { password: AgB } }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: db, namespace: shop } # <- Secret/db in namespace shop is written by SealedSecret/db and ExternalSecret/db: each undoes what the other writes, or is refused
        spec: { secretStoreRef: { kind: ClusterSecretStore, name: vault }, dataFrom: [{ extract: { key: db } }] }
      `,
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          tls:
            - hosts: [shop.example.com]
              secretName: shop-tls
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec:
          secretName: shop-tls # <- Secret/shop-tls in namespace shop is written by Ingress/web and Certificate/shop: each undoes what the other writes, or is refused
          dnsNames: [shop.example.com]
          issuerRef: { kind: ClusterIssuer, name: letsencrypt }
      `,
    ],
    good: [
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec: { tls: [{ hosts: [shop.example.com], secretName: shop-tls }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: api, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec: { tls: [{ hosts: [shop.example.com], secretName: shop-tls }] }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop-tls, namespace: shop }
        spec: { secretName: shop-tls, dnsNames: [shop.example.com], issuerRef: { kind: ClusterIssuer, name: letsencrypt } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: own, namespace: shop, annotations: { kubernetes.io/tls-acme: "true" } }
        spec: { tls: [{ hosts: [own.example.com], secretName: own-tls }] }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: own-tls, namespace: shop }
        type: kubernetes.io/tls
        stringData: { tls.crt: certificate, tls.key: key }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: staging }
        spec: { secretName: shop-tls, dnsNames: [staging.example.com], issuerRef: { kind: ClusterIssuer, name: letsencrypt } }
      `,
      yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: s3, namespace: apps }
        stringData: { bucket: labels }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: s3, namespace: apps }
        spec:
          secretStoreRef: { kind: ClusterSecretStore, name: vault }
          target: { creationPolicy: Merge }
          dataFrom: [{ extract: { key: s3 } }]
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: validated, namespace: apps }
        spec:
          secretStoreRef: { kind: ClusterSecretStore, name: vault }
          target: { name: s3, creationPolicy: None }
          dataFrom: [{ extract: { key: s3 } }]
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: empty, namespace: apps }
        stringData: { password: "" }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: first, namespace: apps, annotations: { kustomize.toolkit.fluxcd.io/ssa: IfNotPresent } }
        stringData: { password: first }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: paused, namespace: apps, annotations: { kustomize.toolkit.fluxcd.io/reconcile: disabled } }
        stringData: { password: first }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: first, namespace: apps }
        spec: { secretStoreRef: { kind: ClusterSecretStore, name: vault }, dataFrom: [{ extract: { key: s3 } }] }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: paused, namespace: apps }
        spec: { secretStoreRef: { kind: ClusterSecretStore, name: vault }, dataFrom: [{ extract: { key: s3 } }] }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: empty, namespace: apps }
        spec: { secretStoreRef: { kind: ClusterSecretStore, name: vault }, dataFrom: [{ extract: { key: s3 } }] }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: sealed, namespace: apps, annotations: { sealedsecrets.bitnami.com/managed: "true" } }
        stringData: { password: first }
        ---
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: { name: sealed, namespace: apps }
        spec: { encryptedData: { password: AgB } }
      `,
      yaml`
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: s3, namespace: apps }
        spec: { secretStoreRef: { kind: ClusterSecretStore, name: vault }, dataFrom: [{ extract: { key: s3 } }] }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: bootstrap, namespace: apps, annotations: { helm.sh/hook: pre-install } }
        stringData: { password: first }
        ---
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: { name: bootstrap, namespace: apps }
        spec: { encryptedData: { password: AgB } }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { generateName: token-, namespace: apps }
        stringData: { password: first }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { generateName: token-, namespace: apps }
        spec: { secretStoreRef: { kind: ClusterSecretStore, name: vault }, dataFrom: [{ extract: { key: s3 } }] }
        ---
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: s3, namespace: apps }
        stringData: { bucket: labels }
      `,
    ],
  },
  *check(cluster) {
    for (const { name, scope, owners } of claimedTwice(cluster)) {
      const last = owners.findLast(({ resource }) => !resource.existing);
      if (!last) continue;
      const others = owners.filter((owner) => owner !== last);
      const list = [...others, last].map(({ resource }) => `${resource}`).join(' and ');
      yield {
        resource: last.resource,
        path: last.path,
        severity: others.some(({ resource }) => cluster.together(resource, last.resource)) ? 'error' : 'warning',
        message: `Secret/${name}${inNamespace(scope)} is written by ${list}: each undoes what the other writes, or is refused`,
        related: others.map(({ resource, path }) => ({ message: `${resource} writes it too`, resource, path })),
      };
    }
  },
} satisfies Rule;
