import type { Cluster } from '../../cluster/cluster.ts';
import { didYouMean } from '../../cluster/references/hints.ts';
import { madeAs } from '../../cluster/references/makers.ts';
import { type MountedFile, mountedFiles } from '../../cluster/references/mounted-files.ts';
import { candidates, keysOf } from '../../cluster/references/provided.ts';
import { type Reference, type Referent, referencesOf } from '../../cluster/references/references.ts';
import type { Finding, Path, Related, Resource, Rule, Severity } from '../../rule.ts';
import { yaml } from '../../rule.ts';

export default {
  id: 'reference-key-missing',
  severity: 'error',
  docs: {
    summary: 'A key that is taken from a ConfigMap or Secret must be in it.',
    incident:
      'Devex, 2026-02-10, section 7: the code reads access_key and secret_key of the Secret aws-creds, which was made by hand. One made with the names that AWS itself uses, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, is there, and every runner pod still stays in CreateContainerConfigError.',
    symptoms: [
      "couldn't find key access_key in Secret default/aws-creds",
      "couldn't find key LOG_LEVEL in ConfigMap shop/app-config",
      'CreateContainerConfigError',
      'MountVolume.SetUp failed for volume "config" : configmap references non-existent config key: app.yaml',
      'MountVolume.SetUp failed for volume "credentials" : references non-existent secret key: credentials.json',
      'not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type',
      'Error loading config (--config.file=/etc/prometheus/prometheus.yml)" file=/etc/prometheus/prometheus.yml err="open /etc/prometheus/prometheus.yml: no such file or directory"',
      'secret shop/api-tls is missing the following TLS data entries: tls.crt, tls.key',
    ],
    fix: 'Add the key to the ConfigMap or Secret, or ask for one that it has. Where the pod can do without, say `optional: true`.',
    facts: [
      'Rendered ConfigMaps and Secrets, and those under `existing`: for a Secret its keys are enough',
      'What controllers write: SealedSecret, ExternalSecret, Certificate',
    ],
    silent: [
      'The reference or the volume is optional.',
      'The object stands in another file of a directory without k8s-lint.yaml: it may be an alternative, a warning.',
      'The keys are not known: the object is neither rendered nor under `existing`, comes from an ExternalSecret that takes all keys of its source, is filled in later by a replicator or injector, or holds none at all.',
      'A Secret where a rendered ServiceAccount may change Secrets.',
      'Keys that controllers add: tls.crt, tls.key and ca.crt of cert-manager, token, ca.crt and namespace of a ServiceAccount token.',
      'A file that a command writes or finds elsewhere: it lies in no mounted ConfigMap or Secret, or in another mount below.',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/',
      'https://kubernetes.io/docs/concepts/configuration/secret/',
      'https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath',
    ],
  },
  examples: {
    bad: [
      yaml`
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: aws-creds, namespace: default }
        data: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: runner, namespace: default }
        spec:
          initContainers:
            - name: s3-downloader
              image: amazon/aws-cli:2.17.0
              env:
                - name: AWS_ACCESS_KEY_ID
                  valueFrom:
                    secretKeyRef:
                      name: aws-creds
                      key: access_key # <- Secret/aws-creds has no key "access_key": the container stays in CreateContainerConfigError
                - name: AWS_SECRET_ACCESS_KEY
                  valueFrom:
                    secretKeyRef:
                      name: aws-creds
                      key: secret_key # <- Secret/aws-creds has no key "secret_key": the container stays in CreateContainerConfigError
          containers:
            - name: runner
              image: example.com/runner:1.4.2
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: api }
        data: { LOG_LEVEL: info, api.yaml: 'port: 8080' }
        binaryData: { logo.png: iVBORw0KGgo= }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: api }
        spec:
          selector: { matchLabels: { app: api } }
          template:
            metadata: { labels: { app: api } }
            spec:
              containers:
                - name: api
                  image: example.com/api:1.4.2
                  env:
                    - name: LOG_LEVEL
                      valueFrom:
                        configMapKeyRef:
                          name: api
                          key: LOG_LEVLE # <- ConfigMap/api has no key "LOG_LEVLE": the container stays in CreateContainerConfigError; did you mean "LOG_LEVEL"?
                    - name: LOGO
                      valueFrom:
                        configMapKeyRef:
                          name: api
                          key: logo.png # <- ConfigMap/api has no key "logo.png": the container stays in CreateContainerConfigError
                  volumeMounts:
                    - name: two
                      mountPath: /etc/api/main.yaml
                      subPath: main.yaml # <- the items of ConfigMap/api hold no file "main.yaml": the kubelet mounts an empty directory at /etc/api/main.yaml in its place
                    - name: whole
                      mountPath: /srv/robots.txt
                      subPath: robots.txt # <- ConfigMap/api has no key "robots.txt": the kubelet mounts an empty directory at /srv/robots.txt in its place
              volumes:
                - name: whole
                  configMap: { name: api }
                - name: two
                  configMap:
                    name: api
                    items:
                      - { key: api.yaml, path: config/api.yaml }
                      - key: api.yml # <- ConfigMap/api has no key "api.yml": the pod stays in ContainerCreating; did you mean "api.yaml"?
                        path: api.yml
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: prometheus }
        data: { prometheus.yaml: 'scrape_configs: []' }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: prometheus }
        spec:
          containers:
            - name: prometheus
              image: prom/prometheus:v3.5.0
              args:
                - --config.file=/etc/prometheus/prometheus.yml # <- ConfigMap/prometheus has no key "prometheus.yml": the container finds no such file in /etc/prometheus; did you mean "prometheus.yaml"?
                - --storage.tsdb.path=/prometheus
              volumeMounts:
                - { name: config, mountPath: /etc/prometheus/ }
            - name: exporter
              image: prom/blackbox-exporter:v0.27.0
              command:
                - /bin/blackbox_exporter
                - --config.file
                - /etc/blackbox/blackbox.yml # <- the items of ConfigMap/prometheus hold no file "blackbox.yml": the container finds no such file in /etc/blackbox
              volumeMounts:
                - { name: items, mountPath: /etc/blackbox }
          volumes:
            - name: config
              configMap: { name: prometheus }
            - name: items
              configMap: { name: prometheus, items: [{ key: prometheus.yaml, path: config.yml }] }
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: nothing-of-tls, namespace: shop }
        data: { cert.pem: '', key.pem: '' }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: shop }
        spec:
          tls:
            - hosts: [shop.example.com]
              secretName: nothing-of-tls # <- Secret/nothing-of-tls has no keys "tls.crt" and "tls.key": clients get the controller's default certificate
        ---
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: { name: sealed, namespace: shop }
        spec:
          encryptedData: { password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq }
          template: { data: { url: 'postgres://shop:{{ .password }}@database' } }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: external, namespace: shop }
        spec:
          secretStoreRef: { name: vault, kind: ClusterSecretStore }
          data: [{ secretKey: token, remoteRef: { key: shop } }]
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec: { secretName: shop-tls, dnsNames: [shop.example.com], issuerRef: { name: ca } }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: templated, namespace: shop }
        spec:
          secretStoreRef: { name: vault, kind: ClusterSecretStore }
          target: { template: { data: { url: 'postgres://shop:{{ .password }}@database' } } }
          data: [{ secretKey: password, remoteRef: { key: shop } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: shop, namespace: shop }
        spec:
          containers:
            - name: shop
              image: example.com/shop:1.4.2
              env:
                - name: DATABASE_URL
                  valueFrom:
                    secretKeyRef:
                      name: sealed
                      key: uri # <- Secret/sealed has no key "uri": the container stays in CreateContainerConfigError; did you mean "url"?
                - name: TOKEN
                  valueFrom:
                    secretKeyRef:
                      name: external
                      key: api-key # <- Secret/external has no key "api-key": the container stays in CreateContainerConfigError
                - name: PASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: templated
                      key: password # <- Secret/templated has no key "password": the container stays in CreateContainerConfigError
          volumes:
            - name: tls
              secret:
                secretName: shop-tls
                items:
                  - key: cert.pem # <- Secret/shop-tls has no key "cert.pem": the pod stays in ContainerCreating
                    path: cert.pem
      `,
      {
        files: {
          'kustomization.yaml': yaml`
            namePrefix: dev-
            resources: [api.yaml]
            configMapGenerator:
              - name: api-config
                literals: [LOG_LEVEL=info]
          `,
          'api.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: api }
            spec:
              containers:
                - name: api
                  image: example.com/api:1.4.2
                  env:
                    - name: PORT
                      valueFrom:
                        configMapKeyRef:
                          name: api-config
                          key: PORT # <- ConfigMap/dev-api-config has no key "PORT": the container stays in CreateContainerConfigError
                  args: [--config=/etc/api/api.yaml] # <- ConfigMap/dev-api-config has no key "api.yaml": the container finds no such file in /etc/api
                  volumeMounts: [{ name: config, mountPath: /etc/api }]
              volumes:
                - name: config
                  configMap: { name: api-config }
          `,
        },
      },
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: api }
        data: { LOG_LEVEL: info, api.yaml: 'port: 8080' }
        binaryData: { logo.png: iVBORw0KGgo= }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: filled-at-run-time }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: trusted, labels: { config.openshift.io/inject-trusted-cabundle: 'true' } }
        data: { note: filled by the cluster }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: token, annotations: { kubernetes.io/service-account.name: api } }
        type: kubernetes.io/service-account-token
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: encrypted }
        stringData: { password: 'ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]' }
        sops: { version: 3.9.1 }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: api }
        spec:
          containers:
            - name: api
              image: example.com/api:1.4.2
              command: [sh, -c, cp /etc/api/default.yaml /run/api.yaml]
              args:
                - --config=/etc/api/api.yaml
                - --defaults=/usr/share/api/api.yaml
                - --rules=/etc/api/rules/all.yaml
                - --more=/etc/api/*.yaml
                - --overrides=/etc/optional/overrides.yaml
                - --templates=/etc/api/templates
                - --one=/etc/one.yaml
              env:
                - { name: LOG_LEVEL, valueFrom: { configMapKeyRef: { name: api, key: LOG_LEVEL } } }
                - { name: MAY_BE_MISSING, valueFrom: { configMapKeyRef: { name: api, key: MAY_BE_MISSING, optional: true } } }
                - { name: PLACEHOLDER, valueFrom: { configMapKeyRef: { name: api, key: '${'${KEY}'}' } } }
                - { name: FILLED, valueFrom: { configMapKeyRef: { name: filled-at-run-time, key: any } } }
                - { name: TRUSTED, valueFrom: { configMapKeyRef: { name: trusted, key: ca-bundle.crt } } }
                - { name: TOKEN, valueFrom: { secretKeyRef: { name: token, key: token } } }
                - { name: PASSWORD, valueFrom: { secretKeyRef: { name: encrypted, key: password } } }
                - { name: UNKNOWN, valueFrom: { secretKeyRef: { name: not-known-here, key: any } } }
              volumeMounts:
                - { name: api, mountPath: /etc/api }
                - { name: rules, mountPath: /etc/api/rules }
                - { name: optional, mountPath: /etc/optional }
                - { name: api, mountPath: /srv/logo.png, subPath: logo.png }
                - { name: items, mountPath: /srv/config, subPath: config }
                - { name: api, mountPath: /etc/one.yaml, subPath: api.yaml }
                - { name: rules, mountPath: /var/lib/rules, subPath: rules }
          volumes:
            - { name: api, configMap: { name: api } }
            - { name: rules, emptyDir: {} }
            - { name: optional, configMap: { name: api, optional: true, items: [{ key: none, path: none }] } }
            - { name: items, configMap: { name: api, items: [{ key: logo.png, path: config/logo.png }] } }
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: List
        items:
          - { apiVersion: v1, kind: Secret, metadata: { name: aws-creds, namespace: shop }, data: { access_key: '' } }
          - { apiVersion: v1, kind: Secret, metadata: { name: merged, namespace: shop }, data: { token: '' } }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: everything, namespace: shop }
        spec:
          secretStoreRef: { name: vault, kind: ClusterSecretStore }
          dataFrom: [{ extract: { key: shop } }]
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: merged, namespace: shop }
        spec:
          secretStoreRef: { name: vault, kind: ClusterSecretStore }
          target: { creationPolicy: Merge }
          data: [{ secretKey: password, remoteRef: { key: shop } }]
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: templated, namespace: shop }
        spec:
          secretStoreRef: { name: vault, kind: ClusterSecretStore }
          target: { template: { mergePolicy: Merge, data: { url: 'postgres://shop:{{ .password }}@database' } } }
          data: [{ secretKey: password, remoteRef: { key: shop } }]
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec:
          secretName: shop-tls
          dnsNames: [shop.example.com]
          issuerRef: { name: ca }
          keystores: { pkcs12: { create: true, passwordSecretRef: { name: aws-creds, key: access_key } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: shop }
        spec:
          tls: [{ hosts: [shop.example.com], secretName: shop-tls }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: shop, namespace: shop }
        spec:
          containers:
            - name: shop
              image: example.com/shop:1.4.2
              env:
                - { name: ANY, valueFrom: { secretKeyRef: { name: everything, key: any } } }
                - { name: PASSWORD, valueFrom: { secretKeyRef: { name: merged, key: password } } }
                - { name: TOKEN, valueFrom: { secretKeyRef: { name: merged, key: token } } }
                - { name: URL, valueFrom: { secretKeyRef: { name: templated, key: url } } }
                - { name: DATABASE_PASSWORD, valueFrom: { secretKeyRef: { name: templated, key: password } } }
                - { name: STORE, valueFrom: { secretKeyRef: { name: shop-tls, key: keystore.p12 } } }
        ---
        # This one may change the Secrets of its namespace.
        apiVersion: v1
        kind: ServiceAccount
        metadata: { name: rotator, namespace: ci }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: rotator, namespace: ci }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: rotator }
        subjects: [{ kind: ServiceAccount, name: rotator, namespace: ci }]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: { name: rotator, namespace: ci }
        rules: [{ apiGroups: [''], resources: [secrets], resourceNames: [rotated], verbs: [patch] }]
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: rotated, namespace: ci }
        stringData: { first: '' }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: ci, namespace: ci }
        spec:
          containers:
            - name: ci
              image: example.com/ci:1.4.2
              env: [{ name: SECOND, valueFrom: { secretKeyRef: { name: rotated, key: second } } }]
      `,
    ],
  },
  *check(cluster) {
    for (const references of referencesOf(cluster).values()) {
      for (const reference of references) {
        if (!reference.optional) yield* missingKeys(cluster, reference);
      }
    }
    for (const workload of cluster.workloads) {
      for (const file of mountedFiles(workload)) yield* missingFile(cluster, workload.resource, file);
    }
  },
} satisfies Rule;

function* missingKeys(cluster: Cluster, reference: Reference): Generator<Finding> {
  const { resource, referents, breaks, textOnly } = reference;
  const [referent] = referents;
  const known = reference.keys.length > 0 ? keysOf(cluster, referent, textOnly) : undefined;
  if (!known) return;
  const byPlace = new Map<string, { path: Path; keys: string[] }>();
  for (const { key, path } of reference.keys) {
    if (known.has(key)) continue;
    const place = byPlace.get(JSON.stringify(path));
    if (place) place.keys.push(key);
    else byPlace.set(JSON.stringify(path), { path, keys: [key] });
  }
  for (const { path, keys } of byPlace.values()) {
    const message = `${lacks(cluster, referent, keys)}: ${breaks}${didYouMean(keys[0] ?? '', known)}`;
    yield {
      resource,
      path,
      severity: severityOf(cluster, resource, referent),
      message,
      related: related(cluster, referent),
    };
  }
}

function* missingFile(cluster: Cluster, resource: Resource, mounted: MountedFile): Generator<Finding> {
  const { kind, name, file, path, subPath, mountPath } = mounted;
  const referent = { group: '', kind, scope: resource.scope, name };
  const files = mounted.files ?? keysOf(cluster, referent);
  if (!files || files.has(file)) return;
  const what = mounted.files ? `the items of ${kind}/${name} hold no file "${file}"` : lacks(cluster, referent, [file]);
  const breaks = subPath
    ? `the kubelet mounts an empty directory at ${mountPath} in its place`
    : `the container finds no such file in ${mountPath}`;
  const message = `${what}: ${breaks}${didYouMean(file, files)}`;
  yield {
    resource,
    path,
    severity: severityOf(cluster, resource, referent),
    message,
    related: related(cluster, referent),
  };
}

/** In another file of one directory there may be an alternative to the object that is meant. */
function severityOf(cluster: Cluster, resource: Resource, referent: Referent): Severity {
  const writers = [...candidates(cluster, referent), ...madeAs(cluster, referent).map(({ by }) => by)];
  return writers.every((writer) => cluster.together(resource, writer)) ? 'error' : 'warning';
}

function lacks(cluster: Cluster, referent: Referent, keys: readonly string[]): string {
  const quoted = keys.map((key) => `"${key}"`).join(' and ');
  const [resource] = candidates(cluster, referent);
  return `${resource ?? `${referent.kind}/${referent.name}`} has no key${keys.length > 1 ? 's' : ''} ${quoted}`;
}

function related(cluster: Cluster, referent: Referent): Related[] {
  return candidates(cluster, referent).map((resource) => ({
    message: `${resource} is here`,
    resource,
    path: ['metadata', 'name'],
  }));
}
