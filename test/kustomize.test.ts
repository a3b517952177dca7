import { chmodSync, closeSync, existsSync, ftruncateSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filesOf, kustomizationFile, readGraph, references } from '../src/render/kustomize/kustomization.ts';
import type { Rendered, RenderedObject } from '../src/render/target.ts';
import { findTools, type Tools } from '../src/render/tools.ts';
import type { Path } from '../src/resource.ts';
import { yaml } from '../src/rule.ts';
import { SourceFiles } from '../src/source.ts';
import { type Built, build, DEPLOYMENT, files, SERVICE, said, TOOLCHAINS } from './kustomize-targets.ts';
import { tree } from './tree.ts';

interface Named {
  kind: string;
  metadata: { name: string };
}

function object({ objects }: Rendered, kind: string, name: string): RenderedObject {
  const found = objects.find(({ value }) => {
    const { kind: own, metadata } = value as Named;
    return own === kind && (metadata.name === name || metadata.name.replace(/-[a-z0-9]{10}$/, '') === name);
  });
  if (!found) throw new Error(`no ${kind}/${name}`);
  return found;
}

const WEB = yaml`
  # The web, and its Service.
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
    labels:
      app: web
  spec:
    replicas: 1
    selector:
      matchLabels:
        app: web
    template:
      metadata:
        labels:
          app: web
      spec:
        serviceAccountName: runner
        nodeSelector:
          pool: general
        tolerations:
          - key: first
            operator: Exists
          - key: second
            operator: Exists
        containers:
          - name: web
            image: nginx
            envFrom:
              - configMapRef:
                  name: settings
              - secretRef:
                  name: login
            env:
              - name: A
                value: a-base
              - name: B
                valueFrom:
                  secretKeyRef:
                    name: login
                    key: PASSWORD
          - name: sidecar
            image: busybox:1.0
  ---
  apiVersion: v1
  kind: Service
  metadata:
    name: web
  spec:
    selector:
      app: web
    ports:
      - port: 80
        targetPort: 8080
  ---
  apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: runner
`;

const BASE = {
  'base/kustomization.yaml': yaml`
    resources:
      - web.yaml
    configMapGenerator:
      - name: settings
        literals:
          - COLOR=red
          - "QUOTED='x y'"
        files:
          - app.properties
          - other=sub/file.txt
        envs:
          - app.env
    secretGenerator:
      - name: login
        literals: [PASSWORD=hunter2]
        options:
          labels:
            made: here
    commonLabels:
      team: a
  `,
  'base/web.yaml': WEB,
  'base/app.properties': 'a=1\nb=2\n',
  'base/sub/file.txt': 'hello',
  'base/app.env': '# comment\nONE=1\n\n  TWO=2 x\n',
};

const OVERLAY = {
  ...BASE,
  'parts/kustomization.yaml': yaml`
    apiVersion: kustomize.config.k8s.io/v1alpha1
    kind: Component
    resources:
      - extra.yaml
    patches:
      - target: { kind: Deployment, labelSelector: "app=web,!absent" }
        patch: |-
          - op: add
            path: /spec/template/spec/containers/0/env/-
            value: { name: C, value: c-component }
  `,
  'parts/extra.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: extra }\n',
  'prod/kustomization.yaml': yaml`
    namespace: production
    namePrefix: p-
    nameSuffix: -s
    resources:
      - ../base
    components:
      - ../parts
    configMapGenerator:
      - name: settings
        behavior: merge
        literals:
          - COLOR=blue
    labels:
      - pairs:
          env: prod
        includeTemplates: true
    commonAnnotations:
      note: hi
    images:
      - name: nginx
        newName: ghcr.io/example/nginx
        newTag: "1.2"
      - name: busybox
        digest: sha256:aaaa
    replicas:
      - name: web
        count: 4
    patches:
      - path: patch.yaml
      - target:
          kind: Service
          name: w.b
        patch: |-
          - op: replace
            path: /spec/ports/0/targetPort
            value: 9090
      - target: { kind: Deployment }
        patch: |
          apiVersion: apps/v1
          kind: Deployment
          metadata:
            name: ignored
          spec:
            template:
              spec:
                nodeSelector:
                  pool: burst
                containers:
                  - name: sidecar
                    resources:
                      limits:
                        memory: 1Gi
      - target: { kind: Deployment, name: "web|api" }
        patch: |-
          - op: remove
            path: /spec/template/spec/tolerations/0
  `,
  'prod/patch.yaml': yaml`
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          containers:
            - name: web
              env:
                - name: A
                  value: a-patch
            - name: added
              image: added:1
  `,
};

/** Where paths of an object are written, by the path with dots. Keys with dots don't appear here. */
async function places(built: Built, kind: string, name: string, paths: string[]): Promise<Record<string, string>> {
  const { locate } = object(built, kind, name);
  const found = await Promise.all(
    paths.map(async (path) => {
      const keys = path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key));
      return [path, built.show(await locate(path === '' ? [] : keys))] as const;
    }),
  );
  return Object.fromEntries(found);
}

async function expectPlaces(built: Built, kind: string, name: string, expected: Record<string, string>) {
  expect(await places(built, kind, name, Object.keys(expected))).toEqual(expected);
}

const POD = 'spec.template.spec';

describe.each(TOOLCHAINS)('with %s: where values are written', { timeout: 60_000 }, (toolchain) => {
  it('finds base, patch files, inline patches, components, generators and fields of the kustomization', async () => {
    const built = await build(OVERLAY, 'prod', { with: toolchain });
    expect(said(built)).toEqual([]);
    expect(built.objects.map(({ value }) => (value as Named).kind).sort()).toEqual([
      'ConfigMap',
      'Deployment',
      'Secret',
      'Service',
      'Service',
      'ServiceAccount',
    ]);
    const rendered = object(built, 'Deployment', 'p-web-s').value as { spec: { template: { spec: unknown } } };
    const { containers } = rendered.spec.template.spec as { containers: { name: string }[] };
    // Patches bring their containers to the front: where the base had its first, the last patch has.
    expect(containers.map(({ name }) => name)).toEqual(['sidecar', 'web', 'added']);
    const at = (name: string) => `${POD}.containers.${containers.findIndex((container) => container.name === name)}`;
    await expectPlaces(built, 'Deployment', 'p-web-s', {
      '': 'base/web.yaml:2: apiVersion: apps/v1',
      'metadata.name': 'base/web.yaml:5: web',
      'metadata.namespace': 'prod/kustomization.yaml:1: production',
      'metadata.labels.app': 'base/web.yaml:7: web',
      'metadata.labels.team': 'base/kustomization.yaml:20: a',
      'metadata.labels.env': 'prod/kustomization.yaml:15: prod',
      'metadata.annotations.note': 'prod/kustomization.yaml:18: hi',
      'spec.replicas': 'prod/kustomization.yaml:27: 4',
      'spec.selector.matchLabels.team': 'base/kustomization.yaml:20: a',
      'spec.template.metadata.labels.env': 'prod/kustomization.yaml:15: prod',
      [`${POD}.nodeSelector.pool`]: 'prod/kustomization.yaml:47: burst',
      [`${POD}.nodeSelector`]: 'base/web.yaml:19: nodeSelector:',
      [`${POD}.tolerations.0.key`]: 'base/web.yaml:24: second',
      [`${POD}.tolerations.0`]: 'base/web.yaml:24: key: second',
      [`${POD}.serviceAccountName`]: 'base/web.yaml:18: runner',
      [`${at('web')}.image`]: 'prod/kustomization.yaml:22: "1.2"',
      [`${at('web')}.env.0.value`]: 'prod/patch.yaml:12: a-patch',
      [`${at('web')}.env.1.valueFrom.secretKeyRef.name`]: 'base/web.yaml:40: login',
      [`${at('web')}.env.1.valueFrom.secretKeyRef.key`]: 'base/web.yaml:41: PASSWORD',
      [`${at('web')}.env.2.value`]: 'parts/kustomization.yaml:10: c-component }',
      [`${at('web')}.envFrom.0.configMapRef.name`]: 'base/web.yaml:31: settings',
      [`${at('web')}.envFrom.1.secretRef.name`]: 'base/web.yaml:33: login',
      [`${at('sidecar')}.image`]: 'prod/kustomization.yaml:24: sha256:aaaa',
      [`${at('sidecar')}.resources.limits.memory`]: 'prod/kustomization.yaml:52: 1Gi',
      [at('sidecar')]: 'base/web.yaml:42: name: sidecar',
      [`${at('added')}.image`]: 'prod/patch.yaml:14: added:1',
      [at('added')]: 'prod/patch.yaml:13: name: added',
    });
    await expectPlaces(built, 'Service', 'p-web-s', {
      'spec.ports.0.targetPort': 'prod/kustomization.yaml:36: 9090',
      'spec.ports.0.port': 'base/web.yaml:53: 80',
      'spec.selector.app': 'base/web.yaml:51: web',
      'spec.selector.team': 'base/kustomization.yaml:20: a',
    });
    await expectPlaces(built, 'Service', 'p-extra-s', {
      'metadata.name': 'parts/extra.yaml:3: extra }',
      'metadata.namespace': 'prod/kustomization.yaml:1: production',
    });
    await expectPlaces(built, 'ConfigMap', 'p-settings-s', {
      '': 'base/kustomization.yaml:4: name: settings',
      'metadata.name': 'base/kustomization.yaml:4: settings',
      'data.COLOR': 'prod/kustomization.yaml:12: COLOR=blue',
      'data.QUOTED': `base/kustomization.yaml:7: "QUOTED='x y'"`,
      'data.ONE': 'base/app.env:2: 1',
      'data.TWO': 'base/app.env:4: 2 x',
      'data.other': 'base/sub/file.txt',
    });
    const settings = object(built, 'ConfigMap', 'p-settings-s');
    expect(built.show(await settings.locate(['data', 'app.properties']))).toBe('base/app.properties');
    expect(built.show(await settings.locate(['data', 'app.properties'], 'key'))).toBe(
      'base/kustomization.yaml:9: app.properties',
    );
    await expectPlaces(built, 'Secret', 'p-login-s', {
      'data.PASSWORD': 'base/kustomization.yaml:15: PASSWORD=hunter2]',
      'metadata.labels.made': 'base/kustomization.yaml:18: here',
    });
  });

  it('points keys out where they are wanted', async () => {
    const built = await build(OVERLAY, 'prod', { with: toolchain });
    const { locate } = object(built, 'Deployment', 'p-web-s');
    const show = async (...path: Path) => built.show(await locate(path, 'key'));
    expect(await show('spec', 'replicas')).toBe('prod/kustomization.yaml:27: count: 4');
    expect(await show('spec', 'template', 'spec', 'nodeSelector', 'pool')).toBe(
      'prod/kustomization.yaml:47: pool: burst',
    );
    expect(await show('spec', 'template', 'spec', 'serviceAccountName')).toBe(
      'base/web.yaml:18: serviceAccountName: runner',
    );
  });

  it('points at the prefix or suffix that makes a name invalid, and else at the name', async () => {
    const files = {
      'base/kustomization.yaml': 'resources: [web.yaml]\nnamePrefix: b-\n',
      'base/web.yaml': WEB,
      'prod/kustomization.yaml': 'resources: [../base]\nnameSuffix: _PROD\n',
      'long/kustomization.yaml': `resources: [../base]\nnamePrefix: ${'l'.repeat(60)}-\n`,
    };
    const prod = await build(files, 'prod', { with: toolchain });
    await expectPlaces(prod, 'Service', 'b-web_PROD', { 'metadata.name': 'prod/kustomization.yaml:2: _PROD' });
    const way = await object(prod, 'Service', 'b-web_PROD').way?.(['metadata', 'name']);
    expect(way?.map(({ message, location }) => `${prod.show(location)} => ${message}`)).toEqual([
      'base/kustomization.yaml:2: b- => this prefix is put in front of the name',
      'base/web.yaml:48: web => the rest of the name is written here',
    ]);
    const long = await build(files, 'long', { with: toolchain });
    const name = `${'l'.repeat(60)}-b-web`;
    await expectPlaces(long, 'Service', name, { 'metadata.name': `long/kustomization.yaml:2: ${'l'.repeat(60)}-` });
    await expectPlaces(long, 'Deployment', name, { 'metadata.name': 'base/web.yaml:5: web' });
  });

  it('knows that a label which one entry adds in several places is one node to kustomize', async () => {
    const labels = (team: string, rest = '') => `labels: [{ pairs: { team: ${team} }${rest} }]\n`;
    const files = {
      'base/kustomization.yaml': `resources: [web.yaml]\n${labels('base', ', includeSelectors: true')}`,
      'base/web.yaml': WEB,
      'field/kustomization.yaml': `resources: [../base]\n${labels('field')}`,
      'same/kustomization.yaml': `resources: [../base]\n${labels('base')}`,
      'patch/kustomization.yaml': yaml`
        resources: [../base]
        patches:
          - patch: |-
              apiVersion: v1
              kind: Service
              metadata: { name: web, labels: { team: patch } }
      `,
      'json/kustomization.yaml': yaml`
        resources: [../base]
        patches:
          - target: { kind: Service }
            patch: '[{ "op": "add", "path": "/metadata/annotations", "value": { "a": "b" } }]'
        labels: [{ pairs: { team: json } }]
      `,
    };
    const found: Record<string, unknown> = {};
    for (const directory of ['field', 'same', 'patch', 'json']) {
      const built = await build(files, directory, { with: toolchain });
      found[directory] = await places(built, 'Service', 'web', ['metadata.labels.team', 'spec.selector.team']);
    }
    const base = 'base/kustomization.yaml:2: base }, includeSelectors: true }]';
    expect(found).toEqual({
      field: {
        'metadata.labels.team': 'field/kustomization.yaml:2: field } }]',
        'spec.selector.team': 'field/kustomization.yaml:2: field } }]',
      },
      same: {
        'metadata.labels.team': 'same/kustomization.yaml:2: base } }]',
        'spec.selector.team': 'same/kustomization.yaml:2: base } }]',
      },
      patch: {
        'metadata.labels.team': 'patch/kustomization.yaml:6: patch } }',
        'spec.selector.team': 'patch/kustomization.yaml:6: patch } }',
      },
      json: { 'metadata.labels.team': 'json/kustomization.yaml:5: json } }]', 'spec.selector.team': base },
    });
  });

  it('knows the names that people wrote', async () => {
    const built = await build(OVERLAY, 'prod', { with: toolchain });
    const names = await Promise.all(
      built.objects.map(async (own) => [(own.value as Named).kind, own.displayName, await own.sourceName?.()]),
    );
    expect(names.sort()).toEqual([
      ['ConfigMap', 'p-settings-s', 'settings'],
      ['Deployment', undefined, 'web'],
      ['Secret', 'p-login-s', 'login'],
      ['Service', undefined, 'extra'],
      ['Service', undefined, 'web'],
      ['ServiceAccount', undefined, 'runner'],
    ]);
    const sources = built.objects.map(({ source }) => built.show(source)).sort();
    expect(sources).toEqual([
      'base/kustomization.yaml:14: name: login',
      'base/kustomization.yaml:4: name: settings',
      'base/web.yaml:2: apiVersion: apps/v1',
      'base/web.yaml:45: apiVersion: v1',
      'base/web.yaml:56: apiVersion: v1',
      'parts/extra.yaml:1: apiVersion: v1',
    ]);
  });

  it('follows patchesStrategicMerge, patchesJson6902, JSON files and several documents', async () => {
    const files = {
      'kustomization.yaml': yaml`
        resources: [web.yaml]
        patchesStrategicMerge:
          - |-
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: web }
            spec:
              replicas: 9
          - several.yaml
        patchesJson6902:
          - target: { group: apps, version: v1, kind: Deployment, name: web }
            path: patch.json
          - target: { version: v1, kind: Service, name: web }
            path: ports.yaml
        patches:
          - path: delete.yaml
      `,
      'web.yaml': WEB,
      'several.yaml': yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web }
        spec: { type: NodePort }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec: { paused: true }
      `,
      'patch.json': `[
        {"op": "replace", "path": "/spec/template/spec/containers/1/image", "value": "sidecar:9"},
        {"op": "remove", "path": "/spec/template/spec/tolerations/0"},
        {"op": "add", "path": "/metadata/annotations", "value": {"one": "1"}},
        {"op": "add", "path": "/metadata/annotations/two~1a~0b", "value": "2"},
        {"op": "move", "from": "/spec/template/spec/nodeSelector", "path": "/spec/template/spec/moved"},
        {"op": "copy", "from": "/metadata/annotations/one", "path": "/metadata/annotations/three"}
      ]`,
      'ports.yaml': '- op: add\n  path: /spec/ports/0\n  value: { port: 443, name: https }\n',
      'delete.yaml': yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec: { template: { spec: { containers: [{ name: web, env: [{ name: A, $patch: delete }] }] } } }
      `,
    };
    const built = await build(files, '.', { with: toolchain });
    expect(said(built)).toEqual([]);
    await expectPlaces(built, 'Deployment', 'web', {
      'spec.replicas': 'kustomization.yaml:8: 9',
      'spec.paused': 'several.yaml:9: true }',
      [`${POD}.containers.1.image`]: 'patch.json:2: "sidecar:9"},',
      [`${POD}.tolerations.0.key`]: 'web.yaml:24: second',
      [`${POD}.moved.pool`]: 'web.yaml:20: general',
      [`${POD}.containers.0.env.0.name`]: 'web.yaml:37: B',
      'metadata.annotations.one': 'patch.json:4: "1"}},',
      'metadata.annotations.three': 'patch.json:4: "1"}},',
    });
    const { locate } = object(built, 'Deployment', 'web');
    expect(built.show(await locate(['metadata', 'annotations', 'two/a~b']))).toBe('patch.json:5: "2"},');
    await expectPlaces(built, 'Service', 'web', {
      'spec.type': 'several.yaml:4: NodePort }',
      'spec.ports.0.port': 'ports.yaml:3: 443, name: https }',
      'spec.ports.1.targetPort': 'web.yaml:54: 8080',
    });
  });

  it('keeps two uses of one base apart', async () => {
    const files = {
      'kustomization.yaml': 'resources: [a, b]\n',
      'a/kustomization.yaml': 'resources: [../base]\nnamePrefix: a-\n',
      'b/kustomization.yaml': yaml`
        resources: [../base]
        namePrefix: b-
        patches:
          - patch: |-
              apiVersion: v1
              kind: Service
              metadata: { name: web }
              spec:
                type: NodePort
      `,
      'base/kustomization.yaml': 'resources: [service.yaml]\n',
      'base/service.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec:\n  type: ClusterIP\n',
    };
    const built = await build(files, '.', { with: toolchain });
    await expectPlaces(built, 'Service', 'a-web', { 'spec.type': 'base/service.yaml:5: ClusterIP' });
    await expectPlaces(built, 'Service', 'b-web', { 'spec.type': 'b/kustomization.yaml:9: NodePort' });
  });

  it('selects as kustomize does: by names before and after, namespaces, labels and annotations', async () => {
    const add = (target: string, field: string, value: string) =>
      `- target: ${target}\n  patch: |-\n    - { op: add, path: /spec/${field}, value: ${value} }\n`;
    const files = {
      'top/kustomization.yaml': [
        'resources: [../middle]\nnamespace: top\npatches:\n',
        '- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: { name: web }\n    spec: { first: by-first-name }\n',
        '- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: { name: b-web, namespace: mid }\n    spec: { second: by-later-name }\n',
        add('{ kind: Deploy.*, name: "b-w.b|x", namespace: mid }', 'third', 'by-pattern'),
        add('{ kind: Deployment, namespace: elsewhere }', 'third', 'by-pattern'),
        add('{ kind: Deploy, name: web }', 'third', 'by-pattern'),
        add(
          '{ kind: Deployment, annotationSelector: "k in (v,w), k!=x", labelSelector: "app notin (x),!absent" }',
          'fourth',
          'by-selector',
        ),
        add('{ kind: Deployment, labelSelector: "app in (x)" }', 'fourth', 'by-selector'),
        add('{ kind: Deployment, annotationSelector: absent }', 'fourth', 'by-selector'),
      ].join(''),
      'middle/kustomization.yaml': 'resources: [../base]\nnamespace: mid\ncommonAnnotations: { k: v }\n',
      'base/kustomization.yaml': 'resources: [web.yaml, binding.yaml]\nnamePrefix: b-\n',
      'base/web.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web, labels: { app: web } }\nspec: {}\n',
      'base/binding.yaml': yaml`
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: binding }
        subjects:
          - { kind: ServiceAccount, name: default }
          - { kind: ServiceAccount, name: other, namespace: other }
      `,
    };
    const built = await build(files, 'top', { with: toolchain });
    const ignored = 'kustomize ignores this patch without a word; Deployment/web is here, but its';
    expect(said(built)).toEqual([
      `kustomize-patch-unmatched top/kustomization.yaml:17: elsewhere } => no Deployment is in the namespace elsewhere: ${ignored} namespace is mid`,
      'kustomize-patch-unmatched top/kustomization.yaml:20: Deploy, name: web } => no Deploy is called web: kustomize ignores this patch without a word; did you mean Deployment/web?',
      `kustomize-patch-unmatched top/kustomization.yaml:26: "app in (x)" } => no Deployment has labels that match app in (x): ${ignored} labels are others`,
      `kustomize-patch-unmatched top/kustomization.yaml:29: absent } => no Deployment has annotations that match absent: ${ignored} annotations are others`,
    ]);
    await expectPlaces(built, 'Deployment', 'b-web', {
      'spec.first': 'top/kustomization.yaml:8: by-first-name }',
      'spec.second': 'top/kustomization.yaml:13: by-later-name }',
      'spec.third': 'top/kustomization.yaml:16: by-pattern }',
      'spec.fourth': 'top/kustomization.yaml:25: by-selector }',
      'metadata.annotations.k': 'middle/kustomization.yaml:3: v }',
    });
    await expectPlaces(built, 'RoleBinding', 'b-binding', {
      'subjects.0.namespace': 'top/kustomization.yaml:2: top',
      'subjects.1.namespace': 'base/binding.yaml:6: other }',
    });
  });

  it('follows patches that rename, change the kind, and Lists that kustomize takes apart', async () => {
    const files = {
      'kustomization.yaml': yaml`
        resources: [list.yaml]
        namePrefix: x-
        patches:
          - target: { kind: Service }
            options: { allowNameChange: true, allowKindChange: true }
            patch: |-
              apiVersion: v1
              kind: Thing
              metadata: { name: new }
          - target: { kind: ConfigMap }
            patch: |-
              - { op: replace, path: /metadata/name, value: other }
      `,
      'list.yaml': yaml`
        apiVersion: v1
        kind: List
        items:
          - apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec:
              type: NodePort
          - apiVersion: v1
            kind: ConfigMap
            metadata: { name: web }
            data:
              color: red
      `,
    };
    const built = await build(files, '.', { with: toolchain });
    await expectPlaces(built, 'Thing', 'x-new', {
      '': 'list.yaml:4: apiVersion: v1',
      'spec.type': 'list.yaml:8: NodePort',
      'metadata.name': 'kustomization.yaml:9: new }',
    });
    await expectPlaces(built, 'ConfigMap', 'x-other', {
      'data.color': 'list.yaml:13: red',
      'metadata.name': 'kustomization.yaml:12: other }',
    });
  });

  it('finds what a replacement copied, under a name that a plug-in made longer', async () => {
    const files = {
      'kustomization.yaml': yaml`
        resources: [web.yaml, numbers.yaml]
        replacements:
          - source: { kind: ConfigMap, name: numbers, fieldPath: data.replicas }
            targets: [{ select: { kind: Deployment }, fieldPaths: [spec.replicas] }]
        transformers:
          - |-
            apiVersion: builtin
            kind: PrefixTransformer
            metadata: { name: prefix }
            prefix: y-
            fieldSpecs: [{ path: metadata/name }]
      `,
      'web.yaml': WEB,
      'numbers.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: numbers }\ndata: { replicas: "7" }\n',
    };
    const built = await build(files, '.', { with: toolchain });
    expect(said(built)).toEqual([]);
    await expectPlaces(built, 'Deployment', 'y-web', {
      '': 'web.yaml:2: apiVersion: apps/v1',
      'spec.replicas': 'numbers.yaml:4: "7" }',
      [`${POD}.containers.0.image`]: 'web.yaml:28: nginx',
    });
  });

  it('reads scalars as kustomize prints them', async () => {
    const files = {
      'kustomization.yaml': 'resources: [config.yaml]\n',
      'config.yaml': yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: c, labels: &labels { a: b }, annotations: *labels }
        data:
          word: yes
          off: plain
          text: |
            one
            two
          folded: >-
            x
            y
          anchored: &v hello
          alias: *v
          empty:
      `,
    };
    const built = await build(files, '.', { with: toolchain });
    await expectPlaces(built, 'ConfigMap', 'c', {
      'metadata.annotations.a': 'config.yaml:3: b }, annotations: *labels }',
      'data.word': 'config.yaml:5: yes',
      'data.off': 'config.yaml:6: plain',
      'data.text': 'config.yaml:7: |',
      'data.folded': 'config.yaml:10: >-',
      'data.anchored': 'config.yaml:13: hello',
      'data.alias': 'config.yaml:14: *v',
    });
  });

  it('is right about random patches, and never silent', async () => {
    const words = fc.constantFrom('alpha', 'beta', 'gamma', 'delta');
    const container = fc.record({
      name: words,
      image: fc.boolean(),
      env: fc.uniqueArray(words, { maxLength: 3 }),
      args: fc.boolean(),
      limits: fc.boolean(),
    });
    const pod = fc.record({
      containers: fc.uniqueArray(container, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
      tolerations: fc.uniqueArray(words, { maxLength: 2 }),
      nodeSelector: fc.uniqueArray(words, { maxLength: 3 }),
      volumes: fc.uniqueArray(words, { maxLength: 3 }),
    });
    const shape = fc.record({ base: pod, patches: fc.array(pod, { minLength: 1, maxLength: 4 }), json: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(shape, async ({ base, patches, json }) => {
        let serial = 0;
        // Every value is written once: where it is found tells who set it.
        const next = () => `v${++serial}v`;
        const deployment = (spec: typeof base) =>
          JSON.stringify(
            {
              apiVersion: 'apps/v1',
              kind: 'Deployment',
              metadata: { name: 'web' },
              spec: {
                template: {
                  spec: {
                    containers: spec.containers.map(({ name, image, env, args, limits }) => ({
                      name,
                      ...(image && { image: next() }),
                      ...(env.length > 0 && { env: env.map((key) => ({ name: key, value: next() })) }),
                      ...(args && { args: [next(), next()] }),
                      ...(limits && { resources: { limits: { memory: next() } } }),
                    })),
                    ...(spec.tolerations.length > 0 && {
                      tolerations: spec.tolerations.map((key) => ({ key, value: next() })),
                    }),
                    nodeSelector: Object.fromEntries(spec.nodeSelector.map((key) => [key, next()])),
                    volumes: spec.volumes.map((name) => ({ name, hostPath: { path: next() } })),
                  },
                },
              },
            },
            undefined,
            2,
          );
        const files: Record<string, string> = { 'base.yaml': deployment(base) };
        const entries = patches.map((patch, i) => {
          files[`patch-${i}.yaml`] = deployment(patch);
          return `  - path: patch-${i}.yaml\n`;
        });
        if (json) {
          entries.splice(
            1,
            0,
            `  - target: { kind: Deployment }\n    patch: |-\n      - op: add\n        path: /spec/template/spec/containers/0/command\n        value: [${next()}]\n`,
          );
        }
        files['kustomization.yaml'] = `resources: [base.yaml]\npatches:\n${entries.join('')}`;
        const built = await build(files, '.', { with: toolchain });
        // A patch that says too little is fine by kustomize.
        expect(said(built).filter((line) => !line.startsWith('kustomize-list-kept '))).toEqual([]);
        const [only] = built.objects;
        if (!only) throw new Error('nothing was rendered');
        for (const { path, value } of scalars(only.value)) {
          if (typeof value !== 'string' || !/^v\d+v$/.test(value)) continue;
          expect([path, built.show(await only.locate(path)).replace(/^[^:]*:\d+: "?/, '')]).toEqual([
            path,
            expect.stringMatching(new RegExp(`^${value}\\b`)),
          ]);
        }
      }),
      { numRuns: 12 },
    );
  });
});

function* scalars(value: unknown, path: Path = []): Generator<{ path: Path; value: unknown }> {
  if (typeof value !== 'object' || value === null) {
    yield { path, value };
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    yield* scalars(item, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

describe.each(TOOLCHAINS)('with %s: what kustomize refuses', { timeout: 60_000 }, (toolchain) => {
  it('relates the first of two equal objects', async () => {
    const built = await build(
      { 'kustomization.yaml': 'resources: [a.yaml, b.yaml]\n', 'a.yaml': SERVICE, 'b.yaml': SERVICE },
      '.',
      { with: toolchain },
    );
    expect(built.findings.map(({ related }) => related)).toEqual([
      [{ message: 'the first one', location: { file: 'a.yaml', line: 3, column: 19 } }],
    ]);
  });

  it('warns of keys that kustomize reads twice without a word', async () => {
    const root = files('resources: []\nresources: [web.yaml]\npatches: [{ path: p.yaml }]\n', {
      'p.yaml': `${SERVICE}spec: { type: NodePort }\nspec: { type: ClusterIP }\n`,
    });
    const built = await build(root, '.', { with: toolchain });
    expect(said(built)).toEqual([
      'schema-invalid kustomization.yaml:2: resources: [web.yaml] => duplicate key "resources": kustomize takes the last one and says nothing of the other',
      'schema-invalid p.yaml:5: spec: { type: ClusterIP } => duplicate key "spec": kustomize takes the first one and says nothing of the other',
    ]);
    expect(built.findings.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
    expect(object(built, 'Service', 'web').value).toMatchObject({ spec: { type: 'NodePort' } });
  });

  it('never prints the value of a Secret', async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { p: hunter2 }\n';
    const patch = (text: string) => `    ${text.trim().replaceAll('\n', '\n    ')}\n`;
    const roots = [
      { 'kustomization.yaml': 'secretGenerator:\n- name: s\n  literals: [hunter2]\n' },
      { 'kustomization.yaml': 'secretGenerator:\n- name: s\n  literals: ["=hunter2"]\n' },
      {
        'kustomization.yaml': `resources: [s.yaml]\npatches:\n- patch: |-\n${patch(secret.replace('hunter2', '{ hunter2: x }'))}`,
        's.yaml': secret,
      },
      {
        'kustomization.yaml': `resources: [s.yaml]\npatches:\n- patch: |-\n${patch(`${secret}  bad: [`)}`,
        's.yaml': secret,
      },
      {
        'kustomization.yaml': 'namespace: n1\nresources: [s.yaml]\n',
        's.yaml': `${secret.replace('name: s', 'name: s, namespace: a')}---\n${secret.replace('name: s', 'name: s, namespace: b')}`,
      },
    ];
    for (const root of roots) {
      const built = await build(root, '.', { with: toolchain });
      expect(built.findings.map(({ rule }) => rule)).toEqual(['render-failed']);
      expect(JSON.stringify(built.findings)).not.toContain('hunter2');
    }
  });
});

describe('what is not built', { timeout: 60_000 }, () => {
  it.each([
    'https://github.com/example/base?ref=v1',
    'github.com/example/base//dir',
    'git@github.com:example/base.git',
    'git::https://example.com/base.git',
    'ssh://git@example.com/base',
    'example@gitlab.com:group/base.git',
    'oci://example.com/base',
  ])('%s', async (remote) => {
    // No tool is there: it would be an error to look for one.
    const none: Tools = {
      kustomize: () => Promise.reject(new Error('looked up')),
      helm: () => Promise.reject(new Error('looked up')),
    };
    const root = {
      'o/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': `resources:\n- "${remote}"\n`,
    };
    expect(said(await build(root, 'o', { tools: none }))).toEqual([
      `unchecked o => ${remote} (b/kustomization.yaml:2) would have to be downloaded: vendor it into the repository`,
    ]);
  });

  it('is told from directories and files that look like remotes', async () => {
    const root = {
      'kustomization.yaml': 'resources: [my.git/base, my_git/x/base, github.com/a/b.yaml]\n',
      'my.git/base/kustomization.yaml': 'resources: [x.yaml]\n',
      'my.git/base/x.yaml': SERVICE,
      'my_git/x/base/kustomization.yaml': 'resources: [x.yaml]\n',
      'my_git/x/base/x.yaml': DEPLOYMENT,
      'github.com/a/b.yaml': SERVICE.replace('web', 'api'),
    };
    const built = await build(root);
    expect(said(built)).toEqual([]);
    expect(built.objects.length).toBe(3);
  });

  it('is what needs plug-ins', async () => {
    const ksops = 'apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: { name: g }\nfiles: [s.yaml]\n';
    for (const root of [
      files('resources: [web.yaml]\ngenerators: [g.yaml]\n', { 'g.yaml': ksops }),
      files('resources: [web.yaml]\ngenerators: [g]\n', {
        'g/kustomization.yaml': 'resources: [g.yaml]\n',
        'g/g.yaml': ksops,
      }),
      files(`resources: [web.yaml]\ntransformers:\n- |-\n  ${ksops.replaceAll('\n', '\n  ')}\n`),
    ]) {
      const [line, ...others] = said(await build(root));
      expect(line).toMatch(
        /^unchecked \. => the plug-in ksops \(kustomization\.yaml:[23]\) would have to be run: plug-ins are never run$/,
      );
      expect(others).toEqual([]);
    }
  });

  const CHART = {
    'kustomization.yaml': 'helmCharts:\n- name: c\n  releaseName: r\n  valuesInline: { a: 1 }\n',
    'charts/c/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 0.1.0\n',
    'charts/c/templates/x.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }} }\ndata: { a: "{{ .Values.a }}", v: {{ .Capabilities.KubeVersion.Version }} }\n',
    'charts/c/values.yaml': 'b: 2\n',
  };

  it('is a chart, unless the target says so and the tools can', async () => {
    expect(said(await build(CHART))).toEqual([
      'unchecked . => it inflates the chart c (kustomization.yaml:2): set enableHelm: true for this target in k8s-lint.yaml',
    ]);
    expect(said(await build(CHART, '.', { enableHelm: true }))).toEqual([
      'unchecked . => kustomize 5.7.1 cannot drive helm 4.1.4: name a helm 3 with --helm, or a kustomize from 5.8 on with --kustomize',
    ]);
    const remote = { 'kustomization.yaml': 'helmCharts:\n- name: c\n  repo: https://example.com\n  version: 1.0.0\n' };
    const unchecked = await build(remote, '.', { enableHelm: true, with: 'v31' });
    expect(said(unchecked)).toEqual([
      'unchecked . => the chart c (kustomization.yaml:2) would have to be downloaded: put it into charts',
    ]);
    expect(existsSync(join(unchecked.cwd, 'charts'))).toBe(false);
  });

  it.each(['v31', 'v35 with helm 3'])('is not a chart that helm 3 renders (%s)', async (toolchain) => {
    const built = await build(CHART, '.', { enableHelm: true, with: toolchain });
    expect(said(built)).toEqual([]);
    expect(built.objects.map(({ value }) => value)).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'r' }, data: { a: '1', v: 'v1.32.0' } },
    ]);
    await expectPlaces(built, 'ConfigMap', 'r', { '': 'kustomization.yaml:2: c', 'data.a': 'kustomization.yaml:2: c' });
    const broken = { ...CHART, 'charts/c/templates/x.yaml': 'a: b\nc: {{ fail "no" }}\n' };
    expect(said(await build(broken, '.', { enableHelm: true, with: toolchain }))).toEqual([
      'render-failed charts/c/templates/x.yaml:2: c: {{ fail "no" }} => execution error at (c/templates/x.yaml:2:6): no',
    ]);
  });
});

describe('links and load restrictions', { timeout: 60_000 }, () => {
  function linked(root: Record<string, string>, links: Record<string, string>): string {
    const cwd = tree(root);
    for (const [link, to] of Object.entries(links)) symlinkSync(to, join(cwd, link));
    return cwd;
  }
  const OUTSIDE =
    'is outside the directory of this kustomization: kustomize refuses it without --load-restrictor LoadRestrictionsNone';

  it('goes by what a link leads to', async () => {
    const out = linked(
      { 'o/kustomization.yaml': 'resources: [l.yaml]\n', 'x.yaml': SERVICE },
      { 'o/l.yaml': '../x.yaml' },
    );
    expect(said(await build(out, 'o'))).toEqual([
      `kustomize-file-outside-root o/kustomization.yaml:1: l.yaml] => l.yaml ${OUTSIDE}`,
    ]);
    const back = linked(
      { 'o/kustomization.yaml': 'resources: [../l.yaml]\n', 'o/x.yaml': SERVICE },
      { 'l.yaml': 'o/x.yaml' },
    );
    expect(said(await build(back, 'o'))).toEqual([]);
  });

  it('tells links that lead nowhere and in circles', async () => {
    const dangling = linked({ 'kustomization.yaml': 'resources: [l.yaml]\n' }, { 'l.yaml': 'absent' });
    expect(said(await build(dangling))).toEqual([
      'kustomize-file-missing kustomization.yaml:1: l.yaml] => l.yaml is a symbolic link to absent, which does not exist: kustomize refuses to build what lists it',
    ]);
    const loop = linked({ 'kustomization.yaml': 'resources: [l.yaml]\n' }, { 'l.yaml': 'm.yaml', 'm.yaml': 'l.yaml' });
    expect(said(await build(loop))).toEqual([
      "render-failed kustomization.yaml:1: l.yaml] => accumulating resources from 'l.yaml': evalsymlink failure on 'l.yaml' : EvalSymlinks: too many links",
    ]);
  });

  it('goes up from where a linked directory really is', async () => {
    const cwd = linked(
      {
        'real/o/kustomization.yaml': 'resources: [../b, x.yaml]\n',
        'real/o/x.yaml': SERVICE,
        'real/b/kustomization.yaml': 'resources: [y.yaml]\n',
        'real/b/y.yaml': DEPLOYMENT,
      },
      { o: 'real/o' },
    );
    const built = await build(cwd, 'o');
    expect(said(built)).toEqual([]);
    await expectPlaces(built, 'Service', 'web', { kind: 'o/x.yaml:2: Service' });
    await expectPlaces(built, 'Deployment', 'web', { kind: 'real/b/y.yaml:2: Deployment' });
  });

  it('lifts the restriction where the target says so', async () => {
    const root = { 'o/kustomization.yaml': 'resources: [../x.yaml]\n', 'x.yaml': SERVICE };
    const built = await build(root, 'o', { loadRestrictor: 'LoadRestrictionsNone' });
    expect(said(built)).toEqual([]);
    await expectPlaces(built, 'Service', 'web', { kind: 'x.yaml:2: Service' });
  });
});

describe('a kustomize that misbehaves', { timeout: 60_000 }, () => {
  /** Tools of which kustomize is a shell script that answers as kustomize does, and then runs `script`. */
  function fake(script: string): Tools {
    const directory = tree({ kustomize: `#!/bin/sh\n[ "$1" = version ] && echo v5.6.0 && exit\n${script}\n` });
    chmodSync(join(directory, 'kustomize'), 0o755);
    return findTools({ kustomize: join(directory, 'kustomize') });
  }
  const root = files('resources: [web.yaml]\n');

  it.each([
    ['hangs', 'sleep 60', 'kustomize did not finish within 0.5 s and was stopped'],
    ['dies', 'kill -KILL $$', 'kustomize died by SIGKILL'],
    ['says nothing', 'exit 1', 'kustomize failed without a message (exit code 1)'],
    [
      'prints no YAML',
      'printf "a: b\\n---\\n\\tc: [\\n"',
      'kustomize printed what is no YAML, on line 3 of its output:',
    ],
    ['prints bytes', `printf '\\000\\001'`, 'kustomize printed what is no YAML, on line 1 of its output:'],
  ])('%s', async (_, script, message) => {
    const built = await build(root, '.', { tools: fake(script), timeout: 500 });
    expect(built.findings.map(({ rule, location }) => [rule, location])).toEqual([
      ['render-failed', { file: 'kustomization.yaml' }],
    ]);
    expect(built.findings[0]?.message.startsWith(message)).toBe(true);
  });

  it('is kustomize itself, which says Error where kubectl says error', async () => {
    const say =
      'echo "# Warning: old" >&2; echo "Error: invalid Kustomization: json: unknown field \\"resources\\"" >&2; exit 1';
    expect(said(await build(root, '.', { tools: fake(say) }))).toEqual([
      'render-failed kustomization.yaml:1: resources: [web.yaml] => invalid Kustomization: json: unknown field "resources"',
    ]);
  });

  it('is told from one that succeeds', async () => {
    const built = await build(root, '.', { tools: fake('cat "$2"/web.yaml'), timeout: 5000 });
    expect(said(built)).toEqual([]);
    expect(built.objects.length).toBe(2);
  });

  it('is not asked about a directory without kustomization', async () => {
    const built = await build({ 'o/x.yaml': SERVICE }, 'o', {
      location: { file: 'k8s-lint.yaml', line: 3, column: 5 },
    });
    expect(built.findings).toEqual([
      {
        rule: 'render-failed',
        message: "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory 'o'",
        location: { file: 'k8s-lint.yaml', line: 3, column: 5 },
      },
    ]);
  });
});

describe('the graph', () => {
  it('names every file that a target reads', async () => {
    const cwd = tree(OVERLAY);
    const context = { cwd, root: cwd, sources: new SourceFiles(cwd), tools: findTools({}), timeout: 1000 };
    const target = { type: 'kustomize' as const, name: 'prod', directory: join(cwd, 'prod') };
    expect((await filesOf(target, context)).map((file) => relative(cwd, file)).sort()).toEqual([
      'base/app.env',
      'base/app.properties',
      'base/kustomization.yaml',
      'base/sub/file.txt',
      'base/web.yaml',
      'parts/extra.yaml',
      'parts/kustomization.yaml',
      'prod/kustomization.yaml',
      'prod/patch.yaml',
    ]);
  });

  it('takes fields in any case, and survives whatever stands in them', () => {
    const cwd = tree({
      'kustomization.yml':
        'Resources: [a.yaml, null, 1, {}, ""]\nPATCHES: [null, 1, { path: 3 }, { Path: p.yaml }]\nconfigMapGenerator: x\nimages: {}\nopenapi: []\n__proto__: { resources: [evil.yaml] }\n',
      'list/kustomization.yaml': '- a\n',
    });
    const sources = new SourceFiles(cwd);
    expect(readGraph(cwd, sources).files.map((file) => relative(cwd, file))).toEqual([
      'kustomization.yml',
      'a.yaml',
      'p.yaml',
    ]);
    expect(readGraph(join(cwd, 'list'), sources).files.map((file) => relative(cwd, file))).toEqual([
      'list/kustomization.yaml',
    ]);
    expect(readGraph(join(cwd, 'absent'), sources).root).toBe(undefined);
    expect(kustomizationFile(cwd)).toBe(join(cwd, 'kustomization.yml'));
    expect(kustomizationFile(join(cwd, 'absent'))).toBe(undefined);
  });

  it('tells what is listed, for discovery', () => {
    const cwd = tree(OVERLAY);
    const sources = new SourceFiles(cwd);
    expect(references(join(cwd, 'prod'), sources)).toEqual({
      component: false,
      directories: [join(cwd, 'base'), join(cwd, 'parts')],
      files: [join(cwd, 'prod/patch.yaml')],
    });
    expect(references(join(cwd, 'parts'), sources)?.component).toBe(true);
    expect(references(cwd, sources)).toBe(undefined);
  });
});

describe('input that no cluster would take', { timeout: 60_000 }, () => {
  it.each([
    [
      'nesting without end',
      `${SERVICE}spec: ${'['.repeat(9000)}${']'.repeat(9000)}\n`,
      /^kustomize printed what is no YAML, on line \d+ of its output: nested more than \d+ levels deep$/,
      4,
    ],
    [
      'aliases of aliases',
      `${SERVICE}a0: &a0 [x,x,x,x,x,x,x,x,x]\n${[1, 2, 3, 4, 5, 6, 7, 8].map((i) => `a${i}: &a${i} [${Array(9).fill(`*a${i - 1}`)}]\n`).join('')}`,
      /^malformed YAML: aliases expand to too much/,
      7,
    ],
  ])('%s', async (_, text, message, line) => {
    const built = await build(files('resources: [bad.yaml]\n', { 'bad.yaml': text }), '.', { timeout: 2000 });
    expect(built.findings.map(({ rule, location }) => [rule, location.file, location.line])).toEqual([
      ['render-failed', 'bad.yaml', line],
    ]);
    expect(built.findings[0]?.message).toMatch(message);
  });

  it('a file of hundreds of megabytes, which kustomize is not even given', async () => {
    const cwd = tree(files('resources:\n- web.yaml\n- big.yaml\n'));
    const file = openSync(join(cwd, 'big.yaml'), 'w');
    ftruncateSync(file, 200_000_000);
    closeSync(file);
    expect(said(await build(cwd))).toEqual([
      'render-failed kustomization.yaml:3: big.yaml => big.yaml: 200 MB, more than the 50 MB that are read',
      'unchecked big.yaml (kustomization.yaml:3) => kustomize refuses it: the rest is judged without it',
    ]);
  });
});

describe('a kubectl that logs its errors', () => {
  it('has its message read out of the log line', async () => {
    const cwd = tree({ 'kustomization.yaml': 'resources: [pod.yaml]\n', 'pod.yaml': 'kind: Pod\n' });
    // A fake: the builds of kubectl that log this way come with no package.
    const fake = join(tree({ kubectl: '' }), 'kubectl');
    const logged = String.raw`E1120 09:45:00.075059   29897 run.go:72] "command failed" err="it's \"broken\"\nhere"`;
    writeFileSync(
      fake,
      `#!/bin/sh\ncase "$1" in version) echo '{}';; *) cat >&2 <<'END'\n${logged}\nEND\nexit 1;; esac\n`,
    );
    chmodSync(fake, 0o755);
    const kustomize = { command: fake, args: ['kustomize'] as const, version: '5.5.0' };
    const helm = () => Promise.reject(new Error('not asked for'));
    const built = await build(cwd, '.', { tools: { kustomize: async () => kustomize, helm } });
    expect(said(built)).toEqual(['render-failed kustomization.yaml => it\'s "broken" here']);
  });
});

describe('a patch with a target that calls itself anything', () => {
  it.each(TOOLCHAINS)(
    'leaves apiVersion and kind alone, and everything that it does not set, with %s',
    async (toolchain) => {
      const built = await build(
        {
          'base/kustomization.yaml': 'resources: [web.yaml]\n',
          'base/web.yaml': yaml`
          apiVersion: apps/v1
          kind: Deployment
          metadata: { name: web }
          spec:
            selector: { matchLabels: { app: web } }
            template:
              metadata: { labels: { app: web } }
              spec:
                containers:
                  - name: web
                    image: web:1
        `,
          'prod/kustomization.yaml': yaml`
          resources: [../base]
          patches:
            - path: any.yaml
              target: { kind: Deployment }
        `,
          'prod/any.yaml': yaml`
          apiVersion: any/v9
          kind: Any
          metadata: { name: any }
          spec:
            template:
              spec:
                nodeSelector: { pool: burst }
        `,
        },
        'prod',
        { with: toolchain },
      );
      await expectPlaces(built, 'Deployment', 'web', {
        apiVersion: 'base/web.yaml:1: apps/v1',
        kind: 'base/web.yaml:2: Deployment',
        'spec.template.spec.containers.0.image': 'base/web.yaml:11: web:1',
        'spec.template.spec.nodeSelector.pool': 'prod/any.yaml:7: burst }',
      });
    },
  );
});
