import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RenderedObject } from '../src/render/target.ts';
import type { At, Path } from '../src/resource.ts';
import { yaml } from '../src/rule.ts';
import { type Built, build, said, TOOLCHAINS } from './kustomize-targets.ts';
import { applied, editsAt } from './proof/edit.ts';
import { readTree } from './tree.ts';

/** The object that is called so, whatever hash its name has. */
function object({ objects }: Built, kindAndName: string): RenderedObject {
  const found = objects.find(({ value }) => {
    const { kind, metadata } = value as { kind: string; metadata: { name: string } };
    return `${kind}/${metadata.name.replace(/-[a-z0-9]{10}$/, '')}` === kindAndName;
  });
  if (!found) throw new Error(`no ${kindAndName}`);
  return found;
}

function keysOf(path: string): Path {
  return path.split(' ').map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((current, key) => (current as Record<string | number, unknown>)[key], value);
}

/** Where paths of an object are written, and what is rendered there: `value <- place`. */
async function places(built: Built, name: string, paths: readonly string[]): Promise<Record<string, string>> {
  const { value, locate } = object(built, name);
  const found: Record<string, string> = {};
  for (const path of paths) {
    const keys = keysOf(path);
    found[path] = `${JSON.stringify(valueAt(value, keys))} <- ${built.show(await locate(keys))}`;
  }
  return found;
}

async function expectPlaces(built: Built, name: string, expected: Record<string, string>): Promise<void> {
  expect(said(built)).toEqual([]);
  expect(await places(built, name, Object.keys(expected))).toEqual(expected);
}

/** The rest of the way to a value. */
async function way(built: Built, name: string, path: string, at: At = 'value'): Promise<string[]> {
  const steps = (await object(built, name).way?.(keysOf(path), at)) ?? [];
  return steps.map(({ message, location }) => `${message}: ${built.show(location)}`);
}

const SETTINGS = yaml`
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: settings
  data:
    image: registry.example/web:1.2.3
    replicas: "3"
    port: "8080"
    host: db.example
    url: https://db.example:5432/main
`;

const WEB = yaml`
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
    annotations:
      example.com/host.name: unset
  spec:
    replicas: 1
    template:
      spec:
        containers:
          - name: web
            image: placeholder:0
            args: [--host=unset, --verbose]
            env:
              - name: HOST
                value: unset
              - name: OTHER
                value: kept
          - name: web-sidecar
            image: placeholder:0
`;

describe.each(TOOLCHAINS)('with %s: replacements', (toolchain) => {
  it('lead to the field that is copied', async () => {
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [settings.yaml, web.yaml]
          replacements:
            - source: { kind: ConfigMap, name: settings, fieldPath: data.image }
              targets:
                - select: { kind: Deployment }
                  fieldPaths: ['spec.template.spec.containers.[name=^web$].image']
            - source: { kind: ConfigMap, name: settings, fieldPath: data.replicas }
              targets:
                - select: { group: apps, version: v1, kind: Deployment, name: web }
                  fieldPaths: [spec.replicas]
            - path: more.yaml
        `,
        'more.yaml': yaml`
          - source: { version: v1, kind: ConfigMap, fieldPath: data.host }
            targets:
              - select: { name: web }
                fieldPaths:
                  - metadata.annotations.example\.com/host\.name
                  - spec.template.spec.containers.*.env.[name=HOST].value
                  - spec.template.spec.containers.0.args.0
                options: { create: true }
              - select: { name: web }
                fieldPaths: ['metadata.labels.[example.com/host]', spec.template.spec.nodeSelector.host]
                options: { create: true }
          - source: { kind: ConfigMap, name: settings }
            targets:
              - select: { kind: Deployment }
                fieldPaths: ['spec.template.spec.containers.[name=web-sidecar].image']
        `,
        'settings.yaml': SETTINGS,
        'web.yaml': WEB,
      },
      '.',
      { with: toolchain },
    );
    const containers = 'spec template spec containers';
    await expectPlaces(built, 'Deployment/web', {
      [`${containers} 0 image`]: '"registry.example/web:1.2.3" <- settings.yaml:6: registry.example/web:1.2.3',
      [`${containers} 1 image`]: '"settings" <- settings.yaml:4: settings',
      'spec replicas': '3 <- settings.yaml:7: "3"',
      'metadata annotations example.com/host.name': '"db.example" <- settings.yaml:9: db.example',
      [`${containers} 0 env 0 value`]: '"db.example" <- settings.yaml:9: db.example',
      [`${containers} 0 env 1 value`]: '"kept" <- web.yaml:19: kept',
      [`${containers} 1 env 0 name`]: '"HOST" <- more.yaml:6: spec.template.spec.containers.*.env.[name=HOST].value',
      [`${containers} 1 env 0 value`]: '"db.example" <- settings.yaml:9: db.example',
      [`${containers} 0 args 0`]: '"db.example" <- settings.yaml:9: db.example',
      [`${containers} 0 args 1`]: '"--verbose" <- web.yaml:14: --verbose]',
      'metadata labels example.com/host': '"db.example" <- settings.yaml:9: db.example',
      'spec template spec nodeSelector host': '"db.example" <- settings.yaml:9: db.example',
    });
    expect(await way(built, 'Deployment/web', 'spec replicas')).toEqual([
      'the replacement puts it here: kustomization.yaml:10: spec.replicas]',
      'it replaces what is written here: web.yaml:8: 1',
    ]);
    expect(await way(built, 'Deployment/web', 'spec template spec nodeSelector host')).toEqual([
      'the replacement puts it here: more.yaml:10: spec.template.spec.nodeSelector.host]',
    ]);
    const { locate } = object(built, 'Deployment/web');
    expect(built.show(await locate(keysOf('spec replicas'), 'key'))).toBe('web.yaml:8: replicas: 1');
    expect(built.show(await locate(keysOf('spec template spec nodeSelector host'), 'key'))).toBe(
      'more.yaml:10: spec.template.spec.nodeSelector.host]',
    );
  });

  it('copy pieces of a text into pieces of another', async () => {
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [settings.yaml, web.yaml]
          replacements:
            - source:
                kind: ConfigMap
                name: settings
                fieldPath: data.image
                options: { delimiter: ':', index: 1 }
              targets:
                - select: { kind: Deployment }
                  fieldPaths: ['spec.template.spec.containers.[name=web].image']
                  options: { delimiter: ':', index: 1 }
            - source: { kind: ConfigMap, name: settings, fieldPath: data.host }
              targets:
                - select: { kind: Deployment }
                  fieldPaths: [spec.template.spec.containers.0.args.0]
                  options: { delimiter: '=', index: 1 }
                - select: { kind: Deployment }
                  fieldPaths: [spec.template.spec.containers.0.env.0.value]
                  options: { delimiter: '/', index: -1 }
                - select: { kind: Deployment }
                  fieldPaths: [spec.template.spec.containers.0.env.1.value]
                  options: { delimiter: '/', index: 9 }
        `,
        'settings.yaml': SETTINGS,
        'web.yaml': WEB,
      },
      '.',
      { with: toolchain },
    );
    const containers = 'spec template spec containers';
    await expectPlaces(built, 'Deployment/web', {
      [`${containers} 0 image`]: '"placeholder:1.2.3" <- settings.yaml:6: 1.2.3',
      [`${containers} 1 image`]: '"placeholder:1.2.3" <- settings.yaml:6: 1.2.3',
      [`${containers} 0 args 0`]: '"--host=db.example" <- settings.yaml:9: db.example',
      [`${containers} 0 env 0 value`]: '"db.example/unset" <- settings.yaml:9: db.example',
      [`${containers} 0 env 1 value`]: '"kept/db.example" <- settings.yaml:9: db.example',
    });
    const { locate } = object(built, 'Deployment/web');
    const at = async (path: string, offset: number) =>
      built.show(await locate(keysOf(`${containers} 0 ${path}`), 'value', offset));
    expect(await at('image', 2)).toBe('web.yaml:13: aceholder:0');
    expect(await at('image', 13)).toBe('settings.yaml:6: .2.3');
    expect(await at('args 0', 2)).toBe('web.yaml:14: host=unset, --verbose]');
    expect(await at('args 0', 9)).toBe('settings.yaml:9: .example');
    expect(await at('env 0 value', 3)).toBe('settings.yaml:9: example');
    expect(await at('env 0 value', 12)).toBe('web.yaml:17: nset');
    expect(await at('env 1 value', 1)).toBe('web.yaml:19: ept');
    expect(await at('env 1 value', 5)).toBe('settings.yaml:9: db.example');
  });

  it('say where the rest of a text is written that they put together', async () => {
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [settings.yaml, web.yaml]
          transformers: [plugin.yaml]
        `,
        'plugin.yaml': yaml`
          apiVersion: builtin
          kind: ReplacementTransformer
          metadata: { name: plugin }
          replacements:
            - path: copies.yaml
        `,
        'copies.yaml': yaml`
          source: { kind: ConfigMap, name: settings, fieldPath: data.host }
          targets:
            - select: { kind: Deployment }
              fieldPaths: [metadata.annotations.example\.com/host\.name]
              options: { delimiter: /, index: 0 }
            - select: { kind: Deployment }
              fieldPaths: [metadata.annotations.example\.com/host\.name]
              options: { delimiter: /, index: 1 }
        `,
        'settings.yaml': SETTINGS,
        'web.yaml': WEB,
      },
      '.',
      { with: toolchain },
    );
    const path = 'metadata annotations example.com/host.name';
    await expectPlaces(built, 'Deployment/web', { [path]: '"db.example/db.example" <- settings.yaml:9: db.example' });
    expect(await way(built, 'Deployment/web', path)).toEqual([
      'the replacement puts it here: copies.yaml:7: metadata.annotations.example\\.com/host\\.name]',
      'the rest of it is written here: settings.yaml:9: db.example',
      'the replacement puts it here: copies.yaml:4: metadata.annotations.example\\.com/host\\.name]',
      'it replaces what is written here: web.yaml:6: unset',
    ]);
  });

  it('copy into and out of what a chart renders', async () => {
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [settings.yaml, web.yaml]
          helmCharts: [{ name: c, releaseName: r }]
          replacements:
            - source: { kind: ConfigMap, name: settings, fieldPath: data.host }
              targets:
                - select: { kind: Secret, name: r }
                  fieldPaths: [stringData.host]
            - source: { kind: ConfigMap, name: settings, fieldPath: data.port }
              targets:
                - select: { kind: Secret, name: r }
                  fieldPaths: [stringData.joined]
                  options: { delimiter: ':', index: 1 }
            - source: { kind: Secret, name: r, fieldPath: stringData.own }
              targets:
                - select: { kind: Deployment }
                  fieldPaths: [spec.template.spec.containers.0.env.0.value]
        `,
        'settings.yaml': SETTINGS,
        'web.yaml': WEB,
        'charts/c/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 0.1.0\n',
        'charts/c/values.yaml': '',
        'charts/c/templates/x.yaml': yaml`
          apiVersion: v1
          kind: Secret
          metadata: { name: {{ .Release.Name }} }
          stringData: { host: unset, joined: a:b, own: of-the-chart }
        `,
      },
      '.',
      { with: toolchain === 'v35' ? 'v35 with helm 3' : toolchain, enableHelm: true },
    );
    await expectPlaces(built, 'Secret/r', {
      'stringData host': '"db.example" <- settings.yaml:9: db.example',
      'stringData joined': '"a:8080" <- settings.yaml:8: "8080"',
      'stringData own': '"of-the-chart" <- kustomization.yaml:2: c, releaseName: r }]',
    });
    await expectPlaces(built, 'Deployment/web', {
      'spec template spec containers 0 env 0 value': '"of-the-chart" <- kustomization.yaml:2: c, releaseName: r }]',
    });
  });

  it('pick what they write into by labels and annotations, but for what they reject', async () => {
    const config = (name: string, more: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}data: { got: nothing }\n`;
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [settings.yaml, configs.yaml]
          replacements:
            - source: { kind: ConfigMap, name: settings, fieldPath: data.host }
              targets:
                - select: { kind: ConfigMap, labelSelector: 'tier in (one, two)' }
                  reject:
                    - { name: rejected }
                    - { annotationSelector: keep=this }
                  fieldPaths: [data.got]
        `,
        'settings.yaml': SETTINGS,
        'configs.yaml': [
          config('first', '  labels: { tier: one }\n'),
          config('second', '  labels: { tier: two }\n'),
          config('third', '  labels: { tier: three }\n'),
          config('rejected', '  labels: { tier: one }\n'),
          config('kept', '  labels: { tier: one }\n  annotations: { keep: this }\n'),
        ].join('---\n'),
      },
      '.',
      { with: toolchain },
    );
    const got = '"db.example" <- settings.yaml:9: db.example';
    await expectPlaces(built, 'ConfigMap/first', { 'data got': got });
    await expectPlaces(built, 'ConfigMap/second', { 'data got': got });
    await expectPlaces(built, 'ConfigMap/third', { 'data got': '"nothing" <- configs.yaml:20: nothing }' });
    await expectPlaces(built, 'ConfigMap/rejected', { 'data got': '"nothing" <- configs.yaml:27: nothing }' });
    await expectPlaces(built, 'ConfigMap/kept', { 'data got': '"nothing" <- configs.yaml:35: nothing }' });
  });

  it('come after all else of their kustomization, and before what the next one does', async () => {
    const built = await build(
      {
        'base/kustomization.yaml': yaml`
          resources: [web.yaml]
          namePrefix: base-
          configMapGenerator:
            - name: settings
              literals: [host=base.example, image=base:1]
        `,
        'base/web.yaml': WEB,
        'middle/kustomization.yaml': yaml`
          resources: [../base]
          configMapGenerator:
            - name: settings
              behavior: merge
              literals:
                - host=middle.example
          replacements:
            - source: { kind: ConfigMap, name: settings, fieldPath: data.host }
              targets: [{ select: { name: web }, fieldPaths: [spec.template.spec.containers.0.env.0.value] }]
            - source: { kind: ConfigMap, name: settings, fieldPath: data.image }
              targets: [{ select: { name: web }, fieldPaths: [spec.template.spec.containers.0.image] }]
            - source: { kind: ConfigMap, name: settings }
              targets: [{ select: { name: web }, fieldPaths: [spec.template.spec.containers.0.env.1.value] }]
        `,
        'overlay/kustomization.yaml': yaml`
          resources: [../middle]
          namePrefix: top-
          images:
            - name: base
              newTag: "2"
          patches:
            - patch: |-
                apiVersion: v1
                kind: ConfigMap
                metadata: { name: settings }
                data: { host: too-late.example }
        `,
      },
      'overlay',
      { with: toolchain },
    );
    const container = 'spec template spec containers 0';
    await expectPlaces(built, 'Deployment/top-base-web', {
      [`${container} env 0 value`]: '"middle.example" <- middle/kustomization.yaml:6: host=middle.example',
      [`${container} env 1 value`]: '"base-settings" <- base/kustomization.yaml:4: settings',
      [`${container} image`]: '"base:2" <- overlay/kustomization.yaml:5: "2"',
    });
    expect(await way(built, 'Deployment/top-base-web', `${container} image`)).toEqual([
      'before, it was set here: base/kustomization.yaml:5: image=base:1]',
      'the replacement puts it here: middle/kustomization.yaml:11: spec.template.spec.containers.0.image] }]',
      'it replaces what is written here: base/web.yaml:13: placeholder:0',
    ]);
    await expectPlaces(built, 'ConfigMap/top-base-settings', {
      'data host': '"too-late.example" <- overlay/kustomization.yaml:11: too-late.example }',
    });
  });

  it('copy maps and lists, and names that are rewritten later', async () => {
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [web.yaml, pod.yaml]
          configMapGenerator:
            - name: settings
              literals: [a=b]
          replacements:
            - source: { kind: Pod, fieldPath: spec.containers.0.resources }
              targets:
                - select: { kind: Deployment }
                  fieldPaths: ['spec.template.spec.containers.[name=web].resources']
                  options: { create: true }
            - source: { kind: ConfigMap, name: settings }
              targets:
                - select: { kind: Deployment }
                  fieldPaths: [spec.template.spec.volumes.0.configMap.name]
                  options: { create: true }
        `,
        'web.yaml': WEB,
        'pod.yaml': yaml`
          apiVersion: v1
          kind: Pod
          metadata: { name: pod }
          spec:
            containers:
              - name: only
                image: nginx
                resources:
                  limits:
                    memory: 1Gi
        `,
      },
      '.',
      { with: toolchain },
    );
    const { value, locate } = object(built, 'Deployment/web');
    const path = keysOf('spec template spec containers 0 resources limits memory');
    expect(`${valueAt(value, path)} <- ${built.show(await locate(path))}`).toBe('1Gi <- pod.yaml:10: 1Gi');
    const name = keysOf('spec template spec volumes 0 configMap name');
    expect(valueAt(value, name)).toMatch(/^settings-[a-z0-9]{10}$/);
    expect(built.show(await locate(name))).toBe('kustomization.yaml:3: settings');
    expect(await way(built, 'Deployment/web', path.join(' '))).toEqual([
      "the replacement puts it here: kustomization.yaml:9: 'spec.template.spec.containers.[name=web].resources']",
    ]);
  });

  it('leave what they write into its type, make what is missing, and rename', async () => {
    const built = await build(
      {
        'base/kustomization.yaml': yaml`
          resources: [all.yaml]
          namePrefix: b-
          replacements:
            - source: { kind: ConfigMap, name: names, fieldPath: data.web }
              targets:
                - select: { kind: Deployment, name: web }
            - source: { kind: ConfigMap, name: b-names, fieldPath: data.number }
              targets:
                - select: { kind: Deployment }
                  fieldPaths:
                    - spec.template.spec.containers.0.ports.0.containerPort
                    - spec.template.spec.containers.0.ports.1.containerPort
                    - spec.strategy
                    - spec.template.spec.containers.[name=new].image
                  options: { create: true }
            - source: { kind: ConfigMap, name: names, fieldPath: data.yes }
              targets:
                - select: { kind: Deployment }
                  fieldPaths: [spec.paused, spec.template.metadata.annotations.no]
            - source: { kind: Deployment, fieldPath: spec.replicas }
              targets:
                - select: { kind: ConfigMap }
                  fieldPaths: [data.web]
        `,
        'base/all.yaml': yaml`
          apiVersion: apps/v1
          kind: Deployment
          metadata: { name: web }
          spec:
            replicas: 3
            paused: false
            strategy: { type: Recreate }
            template:
              metadata: { annotations: { no: "plain" } }
              spec:
                containers:
                  - name: c
                    ports: [{ containerPort: 1 }]
          ---
          apiVersion: v1
          kind: ConfigMap
          metadata: { name: names }
          data:
            web: renamed
            number: "8080"
            yes: "true"
        `,
        'overlay/kustomization.yaml': 'resources: [../base]\nnamePrefix: o-\n',
      },
      'overlay',
      { with: toolchain },
    );
    const number = 'base/all.yaml:20: "8080"';
    const containers = 'spec template spec containers';
    await expectPlaces(built, 'Deployment/o-renamed', {
      'metadata name': '"o-renamed" <- base/all.yaml:19: renamed',
      'spec paused': 'true <- base/all.yaml:21: "true"',
      'spec strategy': `"8080" <- ${number}`,
      'spec template metadata annotations no': '"true" <- base/all.yaml:21: "true"',
      [`${containers} 0 ports 0 containerPort`]: `8080 <- ${number}`,
      [`${containers} 0 ports 1 containerPort`]: `8080 <- ${number}`,
      [`${containers} 1 image`]: `8080 <- ${number}`,
      [`${containers} 1 name`]: '"new" <- base/kustomization.yaml:14: spec.template.spec.containers.[name=new].image',
    });
    await expectPlaces(built, 'ConfigMap/o-b-names', { 'data web': '"3" <- base/all.yaml:5: 3' });
    expect(await way(built, 'Deployment/o-renamed', `${containers} 0 ports 1 containerPort`)).toEqual([
      'the replacement puts it here: base/kustomization.yaml:12: spec.template.spec.containers.0.ports.1.containerPort',
    ]);
    expect(await way(built, 'Deployment/o-renamed', 'metadata name')).toEqual([
      'the replacement puts it here: base/kustomization.yaml:6: select: { kind: Deployment, name: web }',
      'this prefix is put in front of the name: overlay/kustomization.yaml:2: o-',
      'it replaces what is written here: base/all.yaml:3: web }',
      'this prefix is put in front of the name: base/kustomization.yaml:2: b-',
    ]);
  });

  it('copy what a Secret encodes, without a place in its text', async () => {
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [web.yaml]
          secretGenerator:
            - name: login
              literals:
                - user=someone
          replacements:
            - source: { kind: Secret, name: login, fieldPath: data.user }
              targets: [{ select: { kind: Deployment }, fieldPaths: [spec.template.spec.containers.0.env.0.value] }]
        `,
        'web.yaml': WEB,
      },
      '.',
      { with: toolchain },
    );
    const path = 'spec template spec containers 0 env 0 value';
    await expectPlaces(built, 'Deployment/web', { [path]: '"c29tZW9uZQ==" <- kustomization.yaml:5: user=someone' });
    const { locate } = object(built, 'Deployment/web');
    expect(built.show(await locate(keysOf(path), 'value', 4))).toBe('kustomization.yaml:5: user=someone');
  });
});

it('follows a value that the replacement itself holds, which newer versions take', async () => {
  const built = await build({
    'kustomization.yaml': yaml`
      resources: [web.yaml]
      replacements:
        - sourceValue: given.example
          targets: [{ select: { kind: Deployment }, fieldPaths: [spec.template.spec.containers.0.env.0.value] }]
        - sourceValue: never.example
          targets: [{ select: { kind: Dep.* }, fieldPaths: [spec.template.spec.containers.0.env.1.value] }]
    `,
    'web.yaml': WEB,
  });
  // Patterns are for kustomize 5.8 and later; this one leaves the field alone.
  await expectPlaces(built, 'Deployment/web', {
    'spec template spec containers 0 env 0 value': '"given.example" <- kustomization.yaml:3: given.example',
    'spec template spec containers 0 env 1 value': '"kept" <- web.yaml:19: kept',
  });
});

describe.each(TOOLCHAINS)('with %s: variables', (toolchain) => {
  const vars = yaml`
    vars:
      - name: HOST
        objref: { apiVersion: v1, kind: ConfigMap, name: settings }
        fieldref: { fieldPath: data.host }
      - name: NAME
        objref: { apiVersion: v1, kind: ConfigMap, name: settings }
      - name: REPLICAS
        objref: { apiVersion: apps/v1, kind: Deployment, name: web }
        fieldref: { fieldPath: 'spec.template.spec.containers[0].resources.limits.cpu' }
  `;
  const web = yaml`
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
      annotations:
        host: $(HOST)
        cpu: $(REPLICAS)
        untouched: $(OTHER)
        escaped: $$(HOST)
    spec:
      selector: { matchLabels: { host: $(HOST) } }
      template:
        spec:
          containers:
            - name: web
              image: $(HOST)
              args:
                - $(HOST)
                - --settings=$(NAME),$(HOST),$(NAME)
                - $(NAME)
              env:
                - name: URL
                  value: postgres://$(HOST):5432
              resources: { limits: { cpu: 2 } }
  `;

  it('lead to the field that they read', async () => {
    const built = await build(
      {
        'base/kustomization.yaml': `resources: [web.yaml]\nconfigMapGenerator:\n  - name: settings\n    literals:\n      - host=one.example\n${vars}`,
        'base/web.yaml': web,
        'overlay/kustomization.yaml': yaml`
          resources: [../base]
          namePrefix: p-
          configMapGenerator:
            - name: settings
              behavior: merge
              literals:
                - host=two.example
        `,
      },
      'overlay',
      { with: toolchain },
    );
    const host = '"two.example" <- overlay/kustomization.yaml:7: host=two.example';
    const container = 'spec template spec containers 0';
    await expectPlaces(built, 'Deployment/p-web', {
      'metadata annotations host': host,
      'metadata annotations cpu': '"2" <- base/web.yaml:24: 2 } }',
      'metadata annotations untouched': '"$(OTHER)" <- base/web.yaml:8: $(OTHER)',
      'metadata annotations escaped': '"$(HOST)" <- base/web.yaml:9: $$(HOST)',
      'spec selector matchLabels host': '"$(HOST)" <- base/web.yaml:11: $(HOST) } }',
      [`${container} image`]: '"$(HOST)" <- base/web.yaml:16: $(HOST)',
      [`${container} args 0`]: host,
      [`${container} env 0 value`]: '"postgres://two.example:5432" <- base/web.yaml:23: postgres://$(HOST):5432',
    });
    const { value, locate } = object(built, 'Deployment/p-web');
    const located = async (path: string, offset?: number) =>
      built.show(await locate(keysOf(`${container} ${path}`), 'value', offset));
    expect(valueAt(value, keysOf(`${container} args 1`))).toMatch(
      /^--settings=p-settings-\w{10},two\.example,p-settings-\w{10}$/,
    );
    expect(await located('args 1')).toBe('base/web.yaml:19: --settings=$(NAME),$(HOST),$(NAME)');
    // The names are longer than what is known of them: nothing says where a character was.
    expect(await located('args 1', 20)).toBe('base/web.yaml:19: --settings=$(NAME),$(HOST),$(NAME)');
    expect(await located('args 2')).toBe('base/kustomization.yaml:3: settings');
    expect(await located('env 0 value', 11)).toBe('overlay/kustomization.yaml:7: two.example');
    expect(await located('env 0 value', 23)).toBe('base/web.yaml:23: 5432');
    expect(await way(built, 'Deployment/p-web', 'metadata annotations host')).toEqual([
      'the variable HOST puts it here: base/kustomization.yaml:7: HOST',
      'it replaces what is written here: base/web.yaml:6: $(HOST)',
    ]);
    expect(await way(built, 'Deployment/p-web', `${container} args 1`)).toEqual([
      'the variable NAME puts it here: base/kustomization.yaml:10: NAME',
      'the variable HOST puts it here: base/kustomization.yaml:7: HOST',
    ]);
    expect(built.show(await locate(keysOf('metadata annotations host'), 'key'))).toBe('base/web.yaml:6: host: $(HOST)');
  });

  it('are read as kustomize reads them in texts that are odd', async () => {
    const marks = ['$', '(', ')', 'HOST', '$(HOST)'];
    const texts = marks.flatMap((a) =>
      marks.flatMap((b) => marks.flatMap((c) => marks.map((d) => `x${a}${b}${c}${d}`))),
    );
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod' }, spec: { containers: [{ args: texts }] } };
    const built = await build(
      {
        'kustomization.yaml': `resources: [settings.yaml, pod.yaml]\n${vars.split('  - name: NAME')[0]}`,
        'settings.yaml': SETTINGS,
        'pod.yaml': JSON.stringify(pod, null, 1),
      },
      '.',
      { with: toolchain },
    );
    expect(said(built)).toEqual([]);
    const { locate } = object(built, 'Pod/pod');
    const found = await Promise.all(texts.map((_, i) => locate(['spec', 'containers', 0, 'args', i])));
    expect(found.map(({ line }) => line)).toEqual(texts.map((_, i) => i + 11));
  });

  it('tell apart what differs by its namespace, and keep the first of a name', async () => {
    const config = (namespace: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: same, namespace: ${namespace} }\ndata: { host: ${namespace}.example }\n`;
    const pod =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: pod }\nspec: { containers: [{ name: c, args: [$(HOST)] }] }\n';
    const named = (namespace: string) =>
      `vars:\n- name: HOST\n  objref: { apiVersion: v1, kind: ConfigMap, name: same, namespace: ${namespace} }\n  fieldref: { fieldPath: data.host }\n`;
    const base = {
      'base/kustomization.yaml': `resources: [one.yaml, two.yaml, pod.yaml]\n${named('two')}`,
      'base/one.yaml': config('one'),
      'base/two.yaml': config('two'),
      'base/pod.yaml': pod,
    };
    const built = await build(base, 'base', { with: toolchain });
    const host = '"two.example" <- base/two.yaml:4: two.example }';
    await expectPlaces(built, 'Pod/pod', { 'spec containers 0 args 0': host });
    const twice = { ...base, 'overlay/kustomization.yaml': `resources: [../base]\n${named('one')}` };
    const refused = await build(twice, 'overlay', { with: toolchain });
    expect(refused.findings.map(({ rule }) => rule)).toEqual(['render-failed']);
    expect(await places(refused, 'Pod/pod', ['spec containers 0 args 0'])).toEqual({
      'spec containers 0 args 0': host,
    });
  });

  it('are put where a configuration says', async () => {
    const built = await build(
      {
        'kustomization.yaml': `resources: [web.yaml, settings.yaml]\nconfigurations: [places.yaml]\n${vars}`,
        'places.yaml': yaml`
          varReference:
            - { path: spec/template/spec/containers/image, kind: Deployment }
            - { path: spec/selector/matchLabels, kind: Deployment, group: apps }
        `,
        'web.yaml': web,
        'settings.yaml': SETTINGS,
      },
      '.',
      { with: toolchain },
    );
    const host = '"db.example" <- settings.yaml:9: db.example';
    await expectPlaces(built, 'Deployment/web', {
      'spec selector matchLabels host': host,
      'spec template spec containers 0 image': host,
      'spec template spec containers 0 args 0': host,
    });
  });
});

/** What refers to a name: the kind that is named, the kind that names it, and the field. */
const REFERENCES = [
  ['v1/ConfigMap', 'v1/Pod', 'spec/volumes/*/configMap/name'],
  ['v1/ConfigMap', 'apps/v1/Deployment', 'spec/template/spec/containers/*/envFrom/*/configMapRef/name'],
  ['v1/ConfigMap', 'apps/v1/StatefulSet', 'spec/template/spec/containers/*/env/*/valueFrom/configMapKeyRef/name'],
  ['v1/ConfigMap', 'apps/v1/DaemonSet', 'spec/template/spec/volumes/*/projected/sources/*/configMap/name'],
  ['v1/Secret', 'batch/v1/CronJob', 'spec/jobTemplate/spec/template/spec/imagePullSecrets/*/name'],
  ['v1/Secret', 'networking.k8s.io/v1/Ingress', 'spec/tls/*/secretName'],
  ['v1/Secret', 'v1/ServiceAccount', 'imagePullSecrets/*/name'],
  ['v1/Secret', 'storage.k8s.io/v1/StorageClass', 'parameters/adminSecretName'],
  ['v1/Service', 'apps/v1/StatefulSet', 'spec/serviceName'],
  ['v1/Service', 'networking.k8s.io/v1/Ingress', 'spec/rules/*/http/paths/*/backend/service/name'],
  ['v1/Service', 'networking.k8s.io/v1/Ingress', 'spec/defaultBackend/service/name'],
  [
    'v1/Service',
    'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration',
    'webhooks/*/clientConfig/service/name',
  ],
  ['v1/Service', 'apiregistration.k8s.io/v1/APIService', 'spec/service/name'],
  ['v1/ServiceAccount', 'batch/v1/Job', 'spec/template/spec/serviceAccountName'],
  ['v1/PersistentVolumeClaim', 'v1/Pod', 'spec/volumes/*/persistentVolumeClaim/claimName'],
  ['v1/PersistentVolume', 'v1/PersistentVolumeClaim', 'spec/volumeName'],
  ['apps/v1/Deployment', 'autoscaling/v2/HorizontalPodAutoscaler', 'spec/scaleTargetRef/name'],
  ['storage.k8s.io/v1/StorageClass', 'apps/v1/StatefulSet', 'spec/volumeClaimTemplates/*/spec/storageClassName'],
  ['scheduling.k8s.io/v1/PriorityClass', 'v1/Pod', 'spec/priorityClassName'],
] as const;

describe.each(TOOLCHAINS)('with %s: references to names', (toolchain) => {
  it('are written where they are, whatever they become', async () => {
    const manifest = (kind: string, name: string, more: object) => {
      const [, apiVersion, own] = /^(.*)\/(\w+)$/.exec(kind) ?? [];
      return `${JSON.stringify({ apiVersion, kind: own, metadata: { name }, ...more }, null, 1)}\n`;
    };
    const nested = (keys: readonly string[], value: string): unknown => {
      const [key, ...rest] = keys;
      if (key === undefined) return value;
      return key === '*' ? [nested(rest, value)] : { [key]: nested(rest, value) };
    };
    const texts = REFERENCES.flatMap(([named, by, path], i) => [
      manifest(named, `named-${i}`, {}),
      manifest(by, `by-${i}`, nested(path.split('/'), `named-${i}`) as object),
    ]);
    const built = await build(
      {
        'base/kustomization.yaml': 'resources: [all.yaml]\n',
        'base/all.yaml': texts.join('---\n'),
        'overlay/kustomization.yaml': 'resources: [../base]\nnamePrefix: p-\nnameSuffix: -s\n',
      },
      'overlay',
      { with: toolchain },
    );
    expect(said(built)).toEqual([]);
    const found: string[] = [];
    for (const [i, [, by, path]] of REFERENCES.entries()) {
      const name = by.endsWith('APIService') ? `by-${i}` : `p-by-${i}-s`;
      const { value, locate } = object(built, `${by.split('/').at(-1)}/${name}`);
      const keys = path.split('/').map((key) => (key === '*' ? 0 : key));
      found.push(`${valueAt(value, keys)} ${path}: ${built.show(await locate(keys)).replace(/:\d+:/, '')}`);
    }
    expect(found).toEqual(REFERENCES.map(([, , path], i) => `p-named-${i}-s ${path}: base/all.yaml "named-${i}"`));
  });

  it('may be to what is not rendered', async () => {
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [all.yaml]
          namePrefix: p-
          replacements:
            - source: { kind: ConfigMap, name: local, fieldPath: data.host }
              targets: [{ select: { kind: Pod }, fieldPaths: [spec.hostname] }]
        `,
        'all.yaml': yaml`
          apiVersion: v1
          kind: ConfigMap
          metadata: { name: local, annotations: { config.kubernetes.io/local-config: "true" } }
          data: { host: given }
          ---
          apiVersion: v1
          kind: Pod
          metadata: { name: pod }
          spec:
            hostname: unset
            containers:
              - name: c
                envFrom: [{ configMapRef: { name: local } }, { configMapRef: { name: p-other } }]
        `,
      },
      '.',
      { with: toolchain },
    );
    await expectPlaces(built, 'Pod/p-pod', {
      'spec hostname': '"given" <- all.yaml:4: given }',
      'spec containers 0 envFrom 0 configMapRef name':
        '"p-local" <- all.yaml:13: local } }, { configMapRef: { name: p-other } }]',
      'spec containers 0 envFrom 1 configMapRef name': '"p-other" <- all.yaml:13: p-other } }]',
    });
  });

  it('have the namespace of what they name', async () => {
    const built = await build(
      {
        'accounts/kustomization.yaml': 'resources: [accounts.yaml]\nnamespace: people\nnamePrefix: p-\n',
        'accounts/accounts.yaml': yaml`
          apiVersion: v1
          kind: ServiceAccount
          metadata: { name: one }
          ---
          apiVersion: v1
          kind: Service
          metadata: { name: hook }
        `,
        'all/kustomization.yaml': 'resources: [../accounts, roles.yaml]\n',
        'all/roles.yaml': yaml`
          apiVersion: rbac.authorization.k8s.io/v1
          kind: ClusterRoleBinding
          metadata: { name: binding }
          roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
          subjects:
            - { kind: ServiceAccount, name: one, namespace: default }
            - { kind: ServiceAccount, name: other, namespace: elsewhere }
          ---
          apiVersion: admissionregistration.k8s.io/v1
          kind: ValidatingWebhookConfiguration
          metadata: { name: hooks }
          webhooks:
            - name: a.example
              clientConfig: { service: { name: hook, namespace: default } }
        `,
      },
      'all',
      { with: toolchain },
    );
    await expectPlaces(built, 'ClusterRoleBinding/binding', {
      'subjects 0 name': '"p-one" <- all/roles.yaml:6: one, namespace: default }',
      'subjects 0 namespace': '"people" <- accounts/kustomization.yaml:2: people',
      'subjects 1 name': '"other" <- all/roles.yaml:7: other, namespace: elsewhere }',
      'subjects 1 namespace': '"elsewhere" <- all/roles.yaml:7: elsewhere }',
    });
    await expectPlaces(built, 'ValidatingWebhookConfiguration/hooks', {
      'webhooks 0 clientConfig service name': '"p-hook" <- all/roles.yaml:14: hook, namespace: default } }',
      'webhooks 0 clientConfig service namespace': '"people" <- accounts/kustomization.yaml:2: people',
    });
  });
});

/** What a random replacement copies, and where to. */
const COPY = fc.record({
  source: fc.nat(3),
  key: fc.nat(2),
  piece: fc.boolean(),
  target: fc.constantFrom('kind', 'name', 'label', 'reject'),
  field: fc.constantFrom('env', 'every env', 'arg', 'annotation', 'created', 'image'),
  into: fc.constantFrom('whole', 'before', 'first', 'last', 'after'),
  layer: fc.constantFrom('base', 'component', 'overlay'),
  file: fc.boolean(),
});

const REPOSITORY = fc.record({
  copies: fc.array(COPY, { minLength: 1, maxLength: 5 }),
  vars: fc.array(fc.record({ source: fc.nat(3), key: fc.nat(2), alone: fc.boolean(), layer: fc.nat(1) }), {
    maxLength: 3,
  }),
  patched: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
  merged: fc.boolean(),
  prefix: fc.boolean(),
});
type Repository = typeof REPOSITORY extends fc.Arbitrary<infer T> ? T : never;

/** ConfigMaps to copy from, of which the last two are generated, and Deployments to copy into. No value stands there twice. */
function repository({ copies, vars, patched, merged, prefix }: Repository): Record<string, string> {
  let serial = 0;
  const next = () => `v${++serial}v`;
  const data = () => ({ k0: `${next()}:${next()}`, k1: `${next()}:${next()}`, k2: `${next()}:${next()}` });
  const config = (i: number) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `source${i}` },
    data: data(),
  });
  const literals = () => Object.entries(data()).map(([key, value]) => `${key}=${value}`);
  const used = (web: number) =>
    vars.map(({ alone }, i) => ({
      name: `VAR${i}`,
      value: alone && web === 0 ? `$(VAR${i})` : `${next()}-$(VAR${i})`,
    }));
  const web = (i: number) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `web${i}`, labels: { number: `n${i}` }, annotations: { 'a.b/c.d': `${next()}:${next()}` } },
    spec: {
      template: {
        spec: {
          containers: ['one', 'two'].map((name) => ({
            name,
            image: `${next()}:${next()}`,
            args: [`${next()}:${next()}`, next()],
            env: [{ name: 'E0', value: `${next()}:${next()}` }, { name: 'E1', value: next() }, ...used(i)],
          })),
        },
      },
    },
  });
  const containers = 'spec.template.spec.containers';
  const paths = {
    env: `${containers}.0.env.[name=E0].value`,
    'every env': `${containers}.*.env.[name=E.].value`,
    arg: `${containers}.[name=two].args.0`,
    annotation: 'metadata.annotations.a\\.b/c\\.d',
    created: 'spec.template.metadata.annotations.[x.y/z]',
    image: `${containers}.[name=one].image`,
  };
  const selectors = {
    kind: { select: { kind: 'Deployment' } },
    name: { select: { kind: 'Deployment', name: 'web1' } },
    label: { select: { labelSelector: 'number in (n0, n2)' } },
    reject: { select: { group: 'apps' }, reject: [{ name: 'web0' }] },
  };
  const indices = { whole: undefined, before: -1, first: 0, last: 1, after: 7 };
  const replacement = ({ source, key, piece, target, field, into }: Repository['copies'][number]) => {
    const index = field === 'created' ? undefined : indices[into];
    return {
      source: {
        kind: 'ConfigMap',
        name: `source${source}`,
        fieldPath: `data.k${key}`,
        ...(piece && { options: { delimiter: ':', index: key % 2 } }),
      },
      targets: [
        {
          ...selectors[target],
          fieldPaths: [paths[field]],
          options: { create: field === 'created', ...(index !== undefined && { delimiter: ':', index }) },
        },
      ],
    };
  };
  const files: Record<string, string> = {};
  const listed = (layer: string) =>
    copies
      .filter((copy) => copy.layer === layer)
      .map((copy, i) => {
        if (!copy.file) return replacement(copy);
        files[`${layer}/copy${i}.yaml`] = JSON.stringify(
          i % 2 === 0 ? replacement(copy) : [replacement(copy)],
          null,
          1,
        );
        return { path: `copy${i}.yaml` };
      });
  const named = (layer: number) =>
    vars.flatMap(({ source, key, layer: own }, i) => {
      const objref = { apiVersion: 'v1', kind: 'ConfigMap', name: `source${source}` };
      return own === layer ? [{ name: `VAR${i}`, objref, fieldref: { fieldPath: `data.k${key}` } }] : [];
    });
  const write = (file: string, value: unknown) => {
    files[file] = JSON.stringify(value, null, 1);
  };
  for (const i of [0, 1]) write(`base/source${i}.yaml`, config(i));
  for (const i of [0, 1, 2]) write(`base/web${i}.yaml`, web(i));
  write('base/kustomization.yaml', {
    resources: ['source0.yaml', 'source1.yaml', 'web0.yaml', 'web1.yaml', 'web2.yaml'],
    configMapGenerator: [2, 3].map((i) => ({ name: `source${i}`, literals: literals() })),
    replacements: listed('base'),
    vars: named(0),
  });
  write('component/kustomization.yaml', {
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    replacements: listed('component'),
  });
  write('overlay/kustomization.yaml', {
    resources: ['../base'],
    components: ['../component'],
    ...(prefix && { namePrefix: 'p-' }),
    ...(merged && {
      configMapGenerator: [{ name: 'source2', behavior: 'merge', literals: [`k1=${next()}:${next()}`] }],
    }),
    patches: patched.map((i) => ({
      patch: JSON.stringify({ ...config(i), data: { k2: `${next()}:${next()}` } }),
    })),
    replacements: listed('overlay'),
    vars: named(1),
  });
  return files;
}

function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, item]) =>
    leavesOf(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

describe.each(TOOLCHAINS)('with %s: random replacements and variables', (toolchain) => {
  it('are found where they are written: another value there is another value in the render', async () => {
    let edits = 0;
    await fc.assert(
      fc.asyncProperty(REPOSITORY, fc.infiniteStream(fc.nat()), async (shape, picks) => {
        const built = await build(repository(shape), 'overlay', { with: toolchain });
        expect(said(built)).toEqual([]);
        const wrong: string[] = [];
        const reported: { name: string; path: Path; value: unknown; location: { file: string; line?: number } }[] = [];
        for (const { value, locate } of built.objects) {
          const { kind, metadata } = value as { kind: string; metadata: { name: string } };
          for (const path of leavesOf(value)) {
            const leaf = valueAt(value, path);
            if (typeof leaf !== 'string' || !/v\d+v/.test(leaf)) continue;
            const location = await locate(path);
            const there = built.show(location).replace(/^[^ ]* /, '');
            // What is unique in the value stands where it is reported, before anything else that is.
            const first = /v\d+v/.exec(there)?.[0];
            const name = `${kind}/${metadata.name.replace(/-[a-z0-9]{10}$/, '')}`;
            if (first === undefined || !leaf.includes(first))
              wrong.push(`${name} ${path.join('.')}: ${leaf}: ${there}`);
            reported.push({ name, path, value: leaf, location });
          }
        }
        expect(wrong).toEqual([]);
        const files = readTree(built.cwd);
        for (const pick of [...picks.take(2)]) {
          const { name, path, value, location } = reported[pick % reported.length] ?? {};
          if (!name || !path || !location?.line) throw new Error('nothing is reported');
          const [edit] = editsAt(location.file, files[location.file] ?? '', { ...location, line: location.line }, 1);
          if (!edit) throw new Error(`nothing to edit: ${JSON.stringify(location)}`);
          const edited = applied(files[location.file] ?? '', [edit]).text;
          const again = await build({ ...files, [location.file]: edited }, 'overlay', { with: toolchain });
          // A piece that the edit takes away can't be copied.
          if (again.findings.length > 0) continue;
          edits++;
          expect([name, path, valueAt(object(again, name).value, path)]).not.toEqual([name, path, value]);
        }
      }),
      { numRuns: 8 },
    );
    expect(edits).toBeGreaterThan(8);
  }, 120_000);
});
