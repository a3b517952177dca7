import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { expect, it } from 'vitest';
import { lint } from '../src/lint.ts';
import { renderKustomize } from '../src/render/kustomize.ts';
import { findTools, pinned } from '../src/render/tools.ts';
import type { Path } from '../src/resource.ts';
import { yaml } from '../src/rule.ts';
import { SourceFiles } from '../src/source.ts';
import { type Built, build, said } from './kustomize-targets.ts';
import { tree } from './tree.ts';

const WEB = yaml`
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
    labels:
      app: web
  spec:
    replicas: 1
    template:
      spec:
        containers:
          - name: web
            image: nginx
            env:
              - name: MODE
                value: base
`;

const IMAGE: Path = ['spec', 'template', 'spec', 'containers', 0, 'image'];
const MODE: Path = ['spec', 'template', 'spec', 'containers', 0, 'env', 0, 'value'];

interface Named {
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** Where paths of the rendered objects are written: `Kind/name` or `Kind/namespace/name` and what stands at the place. */
async function places(built: Built, ...paths: Path[]): Promise<string[]> {
  const found: string[] = [];
  for (const { value, locate } of built.objects) {
    const { kind, metadata } = value as Named;
    const id = [kind, metadata.namespace, metadata.name].filter((part) => part !== undefined).join('/');
    for (const path of paths) found.push(`${id} ${built.show(await locate(path))}`);
  }
  return found;
}

it('reports a file that is listed twice at the second entry', async () => {
  const built = await build({ 'kustomization.yaml': 'resources:\n  - web.yaml\n  - ./web.yaml\n', 'web.yaml': WEB });
  expect(said(built)).toEqual([
    "render-failed kustomization.yaml:3: ./web.yaml => merging resources from './web.yaml': may not add resource with an already registered id: Deployment.v1.apps/web.[noNs]",
    'unchecked ./web.yaml (kustomization.yaml:3) => kustomize refuses it: the rest is judged without it',
  ]);
});

it('points at the last of the patches on patches', async () => {
  const patch = (mode: string) =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, env: [{name: MODE, value: ${mode}}]}]}}}\n`;
  const built = await build(
    {
      'base/kustomization.yaml': 'resources: [web.yaml]\npatches:\n  - path: first.yaml\n  - path: second.yaml\n',
      'base/web.yaml': WEB,
      'base/first.yaml': patch('first'),
      'base/second.yaml': patch('second'),
      'overlay/kustomization.yaml': yaml`
        resources: [../base]
        patches:
          - target: {kind: Deployment}
            patch: |-
              - op: replace
                path: /spec/template/spec/containers/0/env/0/value
                value: third
          - target: {kind: Deployment}
            patch: |-
              - op: add
                path: /spec/template/spec/containers/0/env/0
                value: {name: EARLIER, value: fourth}
      `,
    },
    'overlay',
  );
  const second: Path = [...MODE.slice(0, -2), 1, 'value'];
  expect(await places(built, MODE, second, IMAGE)).toEqual([
    'Deployment/web overlay/kustomization.yaml:12: fourth}',
    'Deployment/web overlay/kustomization.yaml:7: third',
    'Deployment/web base/web.yaml:13: nginx',
  ]);
});

it('follows anchors and merge keys of sources', async () => {
  const built = await build({
    'kustomization.yaml': yaml`
      resources: [web.yaml]
      patches:
        - target: &all {kind: Deployment}
          patch: |
            - op: add
              path: /metadata/annotations
              value: {a: b}
        - target: *all
          path: patch.yaml
    `,
    'web.yaml': yaml`
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
        labels: &labels
          app: web
      spec:
        selector:
          matchLabels: *labels
        template:
          metadata:
            labels:
              <<: *labels
              tier: front
          spec:
            containers:
              - name: web
                image: &image nginx
              - name: other
                image: *image
    `,
    'patch.yaml': yaml`
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        template:
          spec:
            containers:
              - name: web
                resources: &resources
                  limits: {memory: 1Gi}
              - name: other
                resources: *resources
    `,
  });
  const containers: Path = ['spec', 'template', 'spec', 'containers'];
  expect(
    await places(
      built,
      ['metadata', 'annotations', 'a'],
      ['spec', 'selector', 'matchLabels', 'app'],
      ['spec', 'template', 'metadata', 'labels', 'app'],
      ['spec', 'template', 'metadata', 'labels', 'tier'],
      [...containers, 0, 'image'],
      [...containers, 1, 'image'],
      [...containers, 1, 'resources', 'limits', 'memory'],
    ),
  ).toEqual([
    'Deployment/web kustomization.yaml:7: b}',
    'Deployment/web web.yaml:6: web',
    'Deployment/web web.yaml:6: web',
    'Deployment/web web.yaml:14: front',
    'Deployment/web web.yaml:18: nginx',
    'Deployment/web web.yaml:20: *image',
    'Deployment/web patch.yaml:10: 1Gi}',
  ]);
});

it('counts documents that hold only comments', async () => {
  const built = await build({
    'kustomization.yaml': '---\n# the kustomization\nresources:\n  - web.yaml\n',
    'web.yaml': `# first\n---\n# nothing here\n---\n${WEB}---\n# nor here\n---\n${WEB.replaceAll('web', 'second')}---\n`,
  });
  expect(await places(built, IMAGE)).toEqual([
    'Deployment/second web.yaml:36: nginx',
    'Deployment/web web.yaml:17: nginx',
  ]);
});

it('keeps its lines in files with Windows line breaks', async () => {
  const crlf = (text: string) => text.replaceAll('\n', '\r\n');
  const built = await build({
    'kustomization.yaml': crlf(yaml`
      resources:
        - web.yaml
      commonAnnotations:
        team: shop
      patches:
        - target:
            kind: Deployment
          patch: |-
            - op: replace
              path: /spec/replicas
              value: 3
        - path: patch.yaml
      configMapGenerator:
        - name: settings
          envs: [app.env]
    `),
    'web.yaml': crlf(WEB),
    'patch.yaml': crlf(WEB.replace('image: nginx', 'image: patched').replace('replicas: 1', 'paused: true')),
    'app.env': 'A=1\r\nB=2\r\n',
  });
  const [config, deployment] = built.objects;
  const of = (object: typeof config) => ({ ...built, objects: object ? [object] : [] });
  const team: Path = ['metadata', 'annotations', 'team'];
  expect(await places(of(config), team, ['data', 'B'])).toEqual([
    'ConfigMap/settings-66h9cbh964 kustomization.yaml:4: shop',
    'ConfigMap/settings-66h9cbh964 app.env:2: 2',
  ]);
  expect(await places(of(deployment), team, ['spec', 'replicas'], ['spec', 'paused'], IMAGE, MODE)).toEqual([
    'Deployment/web kustomization.yaml:4: shop',
    'Deployment/web kustomization.yaml:11: 3',
    'Deployment/web patch.yaml:8: true',
    'Deployment/web patch.yaml:13: patched',
    'Deployment/web patch.yaml:16: base',
  ]);
});

it('reads JSON patches that are indented with tabs', async () => {
  const built = await build({
    'kustomization.yaml': 'resources: [web.yaml]\npatches:\n  - path: patch.json\n    target: {kind: Deployment}\n',
    'web.yaml': WEB,
    'patch.json':
      '[\n\t{\n\t\t"op": "replace",\n\t\t"path": "/spec/template/spec/containers/0/image",\n\t\t"value": "tabbed"\n\t}\n]\n',
  });
  expect(await places(built, IMAGE)).toEqual(['Deployment/web patch.json:5: "tabbed"']);
});

it('says of a Windows path that there is no such file', async () => {
  const built = await build(
    {
      'base/kustomization.yaml': 'resources:\n  - web.yaml\n',
      'base/web.yaml': WEB,
      'overlay/kustomization.yaml': 'resources:\n  - ..\\base\npatches:\n  - path: sub\\patch.yaml\n',
      'overlay/sub/patch.yaml': WEB,
    },
    'overlay',
  );
  expect(said(built).filter((line) => line.startsWith('kustomize-file-missing'))).toEqual([
    'kustomize-file-missing overlay/kustomization.yaml:2: ..\\base => ..\\base does not exist: kustomize refuses to build what lists it',
    'kustomize-file-missing overlay/kustomization.yaml:4: sub\\patch.yaml => sub\\patch.yaml does not exist: kustomize refuses to build what lists it',
  ]);
});

it('points into a base that is reached by a symbolic link', async () => {
  const root = tree({
    'real/base/kustomization.yaml': 'resources:\n  - web.yaml\n',
    'real/base/web.yaml': WEB,
    'overlay/kustomization.yaml': 'namePrefix: a-\nresources:\n  - ../linked\n',
  });
  symlinkSync('real/base', join(root, 'linked'));
  const built = await build(root, 'overlay');
  expect(await places(built, IMAGE, ['metadata', 'name'])).toEqual([
    'Deployment/a-web linked/web.yaml:13: nginx',
    'Deployment/a-web linked/web.yaml:4: web',
  ]);
});

it('follows directives in the lists of patches', async () => {
  const pod = yaml`
    apiVersion: v1
    kind: Pod
    metadata: {name: pod}
    spec:
      containers:
        - {name: a, image: a:1}
        - {name: b, image: b:1}
      volumes:
        - {name: old, emptyDir: {}}
      tolerations: [{key: old}]
  `;
  const volume: Path = ['spec', 'volumes', 0, 'name'];
  const image: Path = ['spec', 'containers', 0, 'image'];
  const toleration: Path = ['spec', 'tolerations', 0, 'key'];
  const patched = async (fields: string) => {
    const patch = `apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\n${fields}\n`;
    const built = await build({
      'kustomization.yaml': 'resources: [pod.yaml]\npatches: [{path: p.yaml}]\n',
      'pod.yaml': pod,
      'p.yaml': patch,
    });
    return places(built, volume, image, toleration);
  };
  const unchanged = [
    'Pod/pod pod.yaml:9: old, emptyDir: {}}',
    'Pod/pod pod.yaml:6: a:1}',
    'Pod/pod pod.yaml:10: old}]',
  ];
  const [oldVolume = '', oldImage = '', oldToleration = ''] = unchanged;
  // A directive alone is for its list, wherever it stands in it.
  expect(
    await patched('spec: {volumes: [{name: new, emptyDir: {}}, {$patch: replace}, {name: old, $patch: delete}]}'),
  ).toEqual([
    'Pod/pod p.yaml:4: new, emptyDir: {}}, {$patch: replace}, {name: old, $patch: delete}]}',
    oldImage,
    oldToleration,
  ]);
  expect(await patched('spec: {volumes: [{$patch: merge}, {name: new, emptyDir: {}}]}')).toEqual([
    'Pod/pod p.yaml:4: new, emptyDir: {}}]}',
    oldImage,
    oldToleration,
  ]);
  expect(
    await patched('spec: {volumes: [{$patch: delete}, {name: new}], containers: [{name: b, image: b:2}]}'),
  ).toEqual(['Pod/pod pod.yaml', 'Pod/pod p.yaml:4: b:2}]}', oldToleration]);
  // kustomize replaces no item as a whole, and no object.
  expect(await patched('spec: {containers: [{name: a, $patch: replace, image: a:2}]}')).toEqual(unchanged);
  expect(await patched('$patch: replace\nspec: {hostNetwork: true}')).toEqual(unchanged);
  // Where lists are replaced anyway, directives are items.
  expect(await patched('spec: {tolerations: [{key: new, $patch: delete}]}')).toEqual([
    oldVolume,
    oldImage,
    'Pod/pod p.yaml:4: new, $patch: delete}]}',
  ]);
});

it('finds a block that ends with the text that it stands in', async () => {
  const built = await build({
    'kustomization.yaml': yaml`
      resources: [settings.yaml]
      patches:
        - patch: |-
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings}
            data:
              last: |
                text
    `,
    'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n',
  });
  expect(await places(built, ['data', 'last'])).toEqual(['ConfigMap/settings kustomization.yaml:8: |']);
});

it('takes a file for listed where a symbolic link to it is', async () => {
  const root = tree({
    'kustomization.yaml': 'resources:\n  - link.yaml\n  - web.yaml\n',
    'other.yaml': WEB.replaceAll('web', 'other'),
    'web.yaml': WEB,
    'alone.yaml': WEB.replaceAll('web', 'alone'),
  });
  symlinkSync('other.yaml', join(root, 'link.yaml'));
  symlinkSync('web.yaml', join(root, 'to-web.yaml'));
  const { kubectl, helm } = await pinned('v35');
  const { diagnostics } = await lint({ cwd: root, kustomize: kubectl, helm, rules: ['kustomize-orphan'] });
  expect(diagnostics.map(({ location }) => location.file)).toEqual(['alone.yaml']);
});

it('tells resources apart that differ only by their namespace', async () => {
  const config = (namespace: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: ${namespace}\ndata:\n  A: ${namespace}\n`;
  const built = await build({
    'kustomization.yaml': yaml`
      resources: [all.yaml]
      nameSuffix: -x
      patches:
        - patch: |-
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings, namespace: two}
            data: {B: patched}
    `,
    'all.yaml': `${config('one')}---\n${config('two')}---\n${config('three')}`,
  });
  expect(await places(built, ['data', 'A'])).toEqual([
    'ConfigMap/one/settings-x all.yaml:7: one',
    'ConfigMap/three/settings-x all.yaml:23: three',
    'ConfigMap/two/settings-x all.yaml:15: two',
  ]);
  expect(await places({ ...built, objects: built.objects.slice(-1) }, ['data', 'B'])).toEqual([
    'ConfigMap/two/settings-x kustomization.yaml:8: patched}',
  ]);
});

it('follows an object that a patch renames', async () => {
  const built = await build(
    {
      'base/kustomization.yaml': yaml`
        resources: [web.yaml]
        patches:
          - target: {kind: Deployment, name: web}
            path: rename.yaml
            options: {allowNameChange: true}
          - target: {kind: Deployment, name: front}
            patch: |-
              - op: replace
                path: /spec/replicas
                value: 7
      `,
      'base/web.yaml': WEB,
      'base/rename.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: front\nspec: {template: {spec: {containers: [{name: web, image: renamed}]}}}\n',
      'overlay/kustomization.yaml': yaml`
        resources: [../base]
        patches:
          - target: {kind: Deployment}
            patch: |-
              - op: replace
                path: /metadata/name
                value: gate
          - path: late.yaml
            target: {kind: Deployment, name: gate}
      `,
      'overlay/late.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec:\n  paused: true\n',
    },
    'overlay',
  );
  expect(await places(built, ['metadata', 'name'], ['spec', 'replicas'], ['spec', 'paused'], IMAGE)).toEqual([
    'Deployment/gate overlay/kustomization.yaml:7: gate',
    'Deployment/gate base/kustomization.yaml:10: 7',
    'Deployment/gate overlay/late.yaml:5: true',
    'Deployment/gate base/rename.yaml:5: renamed}]}}}',
  ]);
});

it('reads .yml beside .yaml, and says which of two kustomizations is one too many', async () => {
  const built = await build({
    'kustomization.yml': 'resources: [web.yaml, web.yml]\n',
    'web.yaml': WEB,
    'web.yml': WEB.replaceAll('web', 'second'),
  });
  expect(await places(built, IMAGE)).toEqual([
    'Deployment/second web.yml:13: nginx',
    'Deployment/web web.yaml:13: nginx',
  ]);
  const two = { 'kustomization.yml': 'resources: [web.yaml]\n', 'kustomization.yaml': 'resources: [web.yaml]\n' };
  expect(said(await build({ ...two, 'web.yaml': WEB }))).toEqual([
    expect.stringContaining('multiple kustomization files'),
  ]);
});

it('traces 300 overlays on one base within seconds', async () => {
  const files: Record<string, string> = { 'base/kustomization.yaml': 'resources: [all.yaml]\n' };
  files['base/all.yaml'] = Array.from({ length: 20 }, (_, i) => WEB.replace('name: web', `name: web${i}`)).join(
    '---\n',
  );
  const overlays = Array.from({ length: 300 }, (_, i) => `overlays/o${i}`);
  for (const [i, overlay] of overlays.entries()) {
    files[`${overlay}/kustomization.yaml`] =
      `namePrefix: o${i}-\nresources: [../../base]\nreplicas: [{name: web3, count: ${i}}]\n`;
  }
  const cwd = tree(files);
  const { kubectl } = await pinned('v35');
  const objectsOf = async (name: string) => (await build(cwd, name)).objects.map(({ value }) => value);
  // 300 builds take their time, and say no more: of another overlay all is the same but for prefix and replicas.
  const [first, last] = [await objectsOf('overlays/o0'), await objectsOf('overlays/o299')];
  writeFileSync(join(cwd, 'first'), first.map((value) => `${JSON.stringify(value)}\n`).join('---\n'));
  const command = join(cwd, 'kubectl');
  const sed = `sed 's/"o0-/"o'$n'-/; s/"replicas":0/"replicas":'$n'/' first`;
  writeFileSync(command, `#!/bin/sh\n[ $1 = kustomize ] || exec ${kubectl} "$@"\nn=\${2##*/o}\n${sed}\n`);
  chmodSync(command, 0o755);
  const context = {
    cwd,
    root: cwd,
    sources: new SourceFiles(cwd),
    tools: findTools({ kustomize: command }),
    timeout: 60_000,
  };
  const limit = pLimit(2);
  const render = (name: string) => {
    return limit(() => renderKustomize({ type: 'kustomize', name, directory: join(cwd, name) }, context));
  };
  const rendered = await Promise.all(overlays.map(render));
  expect(rendered.at(-1)?.objects.map(({ value }) => value)).toEqual(last);
  const started = process.cpuUsage();
  const lines = new Set<string>();
  for (const { objects } of rendered) {
    expect(objects).toHaveLength(20);
    for (const { locate } of objects) {
      const { file, line } = await locate(IMAGE);
      lines.add(`${file}:${line}`);
    }
  }
  expect(lines.size).toBe(20);
  // Microseconds; what else runs on the machine doesn't count.
  expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
}, 180_000);
