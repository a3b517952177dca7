import { describe, expect, it } from 'vitest';
import { lintFiles } from './examples.ts';

/** For each rule, two manifests between which something is wrong. */
const pairs: Record<string, [string, string]> = {
  'reference-key-missing': [
    `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec:
  containers:
    - { name: web, image: "web:1", env: [{ name: A, valueFrom: { configMapKeyRef: { name: web, key: a } } }] }
`,
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web, namespace: shop }\ndata: { b: c }\n',
  ],
  'secret-claimed-twice': [
    `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: { name: db, namespace: shop }
spec: { encryptedData: { password: AgB } }
`,
    `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: db, namespace: shop }
spec: { secretStoreRef: { kind: ClusterSecretStore, name: vault }, dataFrom: [{ extract: { key: db } }] }
`,
  ],
  'credentials-disagree': [
    `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec:
  containers:
    - name: web
      image: web:1
      env: [{ name: DATABASE_URL, value: "postgres://postgres:one-example@db/shop" }]
`,
    `apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec:
  containers: [{ name: db, image: "postgres:17.2", env: [{ name: POSTGRES_PASSWORD, value: two-example }] }]
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec: { selector: { app: db }, ports: [{ port: 5432 }] }
`,
  ],
  'dependency-cycle': [
    `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: a, namespace: shop }
spec: { interval: 1h, chartRef: { kind: OCIRepository, name: a }, dependsOn: [{ name: b }] }
`,
    `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: b, namespace: shop }
spec: { interval: 1h, chartRef: { kind: OCIRepository, name: b }, dependsOn: [{ name: a }] }
`,
  ],
};

describe.each(Object.entries(pairs))('what %s finds between two files', (rule, [a, b]) => {
  const severities = async (files: Record<string, string>) =>
    (await lintFiles(files, { rules: [rule] })).diagnostics.map(({ severity }) => severity);

  it('of one directory, which may be alternatives, is a warning', async () => {
    expect(await severities({ 'a.yaml': a, 'b.yaml': b })).toEqual(['warning']);
  });

  it('that surely meet, or within one, is an error', async () => {
    const config = 'environments: { prod: { targets: [{ manifests: ["*.yaml"] }] } }\n';
    expect(await severities({ 'a.yaml': a, 'b.yaml': b, 'k8s-lint.yaml': config })).toEqual(['error']);
    expect(await severities({ 'all.yaml': `${a}---\n${b}` })).toEqual(['error']);
  });
});

it('a dependency that is called otherwise is an error only where all of them are known', async () => {
  const two = ['infrastructure', 'apps']
    .map(
      (name) =>
        `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: ${name}, namespace: flux-system }\n` +
        `spec: { interval: 1h, prune: true, path: ./${name}, targetNamespace: shop, sourceRef: { kind: GitRepository, name: flux-system }${
          name === 'apps' ? ', dependsOn: [{ name: infrastucture }]' : ''
        } }\n`,
    )
    .join('---\n');
  const severities = async (files: Record<string, string>) =>
    (await lintFiles(files, { rules: ['dependency-cycle'] })).diagnostics.map(({ severity }) => severity);
  const config = (existing: string) =>
    `environments: { prod: { targets: [{ manifests: [all.yaml] }], existing: [${existing}] } }\n`;
  const other = two.split('---')[0]?.replace('name: infrastructure', 'name: other') ?? '';
  expect(await severities({ 'all.yaml': two })).toEqual(['warning']);
  expect(await severities({ 'all.yaml': two, 'k8s-lint.yaml': config('') })).toEqual(['warning']);
  const known = { 'all.yaml': two, 'k8s-lint.yaml': config('other.yaml'), 'other.yaml': other };
  expect(await severities(known)).toEqual(['error']);
});
