import { describe, expect, it } from 'vitest';
import { filesOf } from '../src/render/kustomize/kustomization.ts';
import type { KustomizeTarget, RenderedObject } from '../src/render/target.ts';
import type { Location, Path } from '../src/resource.ts';
import { yaml } from '../src/rule.ts';
import { build, said, TOOLCHAINS } from './kustomize-targets.ts';
import { applied, editsAt } from './proof/edit.ts';

const WEB = yaml`
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
  spec:
    selector:
      matchLabels:
        app: web
    template:
      metadata:
        labels:
          app: web
      spec:
        containers:
          - name: web
            image: nginx
            args: [-v]
            volumeMounts:
              - name: data
                mountPath: /data
  ---
  apiVersion: v1
  kind: Service
  metadata:
    name: web
  spec:
    ports:
      - port: 80
  ---
  apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleBinding
  metadata:
    name: read
    namespace: own
  roleRef:
    apiGroup: rbac.authorization.k8s.io
    kind: ClusterRole
    name: view
  subjects:
    - kind: ServiceAccount
      name: default
    - kind: ServiceAccount
      name: other
  ---
  apiVersion: example.com/v1
  kind: Site
  metadata:
    name: blog
  spec:
    image: blog:1
    backends:
      - name: db
        weight: 1
      - name: cache
        weight: 1
`;

type Options = Partial<KustomizeTarget> & { with?: string };

/** The value at a path of an object; undefined where there is none. */
function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value);
}

function named(objects: readonly RenderedObject[], id: string): RenderedObject | undefined {
  return objects.find(({ value }) => {
    const { kind, metadata } = value as { kind: string; metadata: { name: string } };
    return `${kind}/${metadata.name.replace(/-[2456789bcdfghkmt]{10}$/, '')}` === id;
  });
}

function keysOf(path: string): Path {
  return path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key.replaceAll('·', '.')));
}

/**
 * Renders `.` and compares where paths (`Kind/name path`, `·` for a dot in a key) are written. Then each place is edited in a copy:
 * what is there must be another value in a new render, or the object's own name another.
 */
async function expectPlaces(files: Record<string, string>, options: Options, expected: Record<string, string>) {
  const built = await build(files, '.', options);
  expect(said(built)).toEqual([]);
  const places: Record<string, string> = {};
  const locations = new Map<string, Location>();
  for (const at of Object.keys(expected)) {
    const [id = '', path = ''] = at.split(' ');
    const object = named(built.objects, id);
    const location = await object?.locate(keysOf(path));
    if (location) locations.set(at, location);
    places[at] = location ? built.show(location) : 'no such object';
  }
  expect(places).toEqual(expected);
  const unchanged = [];
  for (const [at, { file, line, column }] of locations) {
    const [id = '', path = ''] = at.split(' ');
    const text = files[file] ?? '';
    const [edit] = line === undefined ? [] : editsAt(file, text, { line, ...(column && { column }) }, 7);
    if (!edit) throw new Error(`nothing to edit at ${places[at]}`);
    // A literal keeps its key.
    const by = (/^[A-Z]+=/.exec(text.slice(edit.start, edit.end))?.[0] ?? '') + edit.by;
    const again = await build({ ...files, [file]: applied(text, [{ ...edit, by }]).text }, '.', options);
    expect([at, ...said(again)]).toEqual([at]);
    const before = valueAt(named(built.objects, id)?.value, keysOf(path));
    const after = valueAt(named(again.objects, id)?.value, keysOf(path));
    if (JSON.stringify(before) === JSON.stringify(after)) unchanged.push(`${at} is still ${JSON.stringify(after)}`);
  }
  expect(unchanged).toEqual([]);
}

describe.each(TOOLCHAINS)('with %s: the configuration of plug-ins', { timeout: 120_000 }, (toolchain) => {
  it('is followed in files, in place, and in what another kustomization renders', async () => {
    const files = {
      'web.yaml': WEB,
      'kustomization.yaml': yaml`
        resources: [web.yaml]
        transformers:
          - image.yaml
          - |-
            apiVersion: builtin
            kind: PatchTransformer
            metadata: { name: patch }
            target: { kind: Service }
            patch: |-
              - op: add
                path: /spec/type
                value: NodePort
          - more
      `,
      'image.yaml': yaml`
        apiVersion: builtin
        kind: ImageTagTransformer
        metadata: { name: image }
        imageTag:
          name: nginx
          newTag: "1.2"
        fieldSpecs: []
        ---
        apiVersion: builtin
        kind: ImageTagTransformer
        metadata: { name: site }
        imageTag: { name: blog, newTag: "2" }
        fieldSpecs: [{ path: spec/image, kind: Site }]
      `,
      'more/kustomization.yaml': yaml`
        resources: [replicas.yaml]
        patches:
          - patch: |-
              apiVersion: builtin
              kind: ReplicaCountTransformer
              metadata: { name: count }
              replica:
                count: 5
      `,
      'more/replicas.yaml': yaml`
        apiVersion: builtin
        kind: ReplicaCountTransformer
        metadata: { name: count }
        replica: { name: web, count: 3 }
        fieldSpecs: [{ path: spec/replicas, kind: Deployment, create: true }]
      `,
    };
    await expectPlaces(
      files,
      { with: toolchain },
      {
        'Deployment/web spec.template.spec.containers.0.image': 'image.yaml:6: "1.2"',
        'Site/blog spec.image': 'image.yaml:12: "2" }',
        'Service/web spec.type': 'kustomization.yaml:12: NodePort',
        'Deployment/web spec.replicas': 'more/kustomization.yaml:8: 5',
      },
    );
  });

  it('is followed for labels, annotations, names and namespaces, at the fields that it names', async () => {
    const files = {
      'web.yaml': WEB,
      'kustomization.yaml': 'resources: [web.yaml]\ntransformers: [all.yaml]\n',
      'all.yaml': yaml`
        apiVersion: builtin
        kind: LabelTransformer
        metadata: { name: labels }
        labels:
          team: a
          works: y
          empty:
        fieldSpecs:
          - { path: spec/template/metadata/labels, kind: Deployment, create: true }
          - { path: spec/labels, kind: Site, create: true }
        ---
        apiVersion: builtin
        kind: AnnotationsTransformer
        metadata: { name: annotations }
        annotations: { note: hi }
        fieldSpecs: [{ path: metadata/annotations, create: true }]
        ---
        apiVersion: builtin
        kind: NamespaceTransformer
        metadata: { name: namespace, namespace: prod }
        unsetOnly: true
        setRoleBindingSubjects: allServiceAccounts
        ---
        apiVersion: builtin
        kind: PrefixTransformer
        metadata: { name: prefix }
        prefix: a-
        fieldSpecs: [{ path: metadata/name }]
        ---
        apiVersion: builtin
        kind: SuffixTransformer
        metadata: { name: suffix }
        suffix: -z
        fieldSpecs: [{ path: spec/title, kind: Site, create: true }]
      `,
    };
    await expectPlaces(
      files,
      { with: toolchain },
      {
        'Deployment/a-web metadata.name': 'web.yaml:4: web',
        'Deployment/a-web metadata.namespace': 'all.yaml:20: prod }',
        'Deployment/a-web metadata.annotations.note': 'all.yaml:15: hi }',
        'Deployment/a-web spec.template.metadata.labels.team': 'all.yaml:5: a',
        'Deployment/a-web spec.template.metadata.labels.works': 'all.yaml:6: y',
        'Deployment/a-web spec.template.metadata.labels.empty': 'all.yaml:7: empty:',
        'Site/a-blog spec.labels.team': 'all.yaml:5: a',
        'Site/a-blog spec.title': 'all.yaml:33: -z',
        'RoleBinding/a-read metadata.namespace': 'web.yaml:34: own',
        'RoleBinding/a-read subjects.0.namespace': 'all.yaml:20: prod }',
        'RoleBinding/a-read subjects.1.namespace': 'all.yaml:20: prod }',
      },
    );
  });

  it('is followed for patches, replacements and added values, with the files that it names', async () => {
    const files = {
      'web.yaml': WEB,
      'kustomization.yaml': 'resources: [web.yaml]\ntransformers: [all.yaml]\n',
      'all.yaml': yaml`
        apiVersion: builtin
        kind: PatchStrategicMergeTransformer
        metadata: { name: merge }
        paths: [merge.yaml]
        patches: |-
          apiVersion: v1
          kind: Service
          metadata: { name: web }
          spec: { clusterIP: None }
        ---
        apiVersion: builtin
        kind: PatchJson6902Transformer
        metadata: { name: json }
        target: { group: apps, version: v1, kind: Deployment, name: web }
        path: json.yaml
        ---
        apiVersion: builtin
        kind: ReplacementTransformer
        metadata: { name: replace }
        replacements:
          - source: { kind: Service, name: web, fieldPath: spec.ports.0.port }
            targets:
              - select: { kind: Deployment }
                fieldPaths: [spec.template.spec.containers.0.ports.0.containerPort]
        ---
        apiVersion: builtin
        kind: ValueAddTransformer
        metadata: { name: add }
        value: tenant
        targets:
          - selector: { kind: Deployment }
            fieldPath: spec/template/spec/containers/[name=web]/volumeMounts/[name=data]/mountPath
            filePathPosition: 2
      `,
      'merge.yaml': yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          paused: true
      `,
      'json.yaml': yaml`
        - op: add
          path: /spec/template/spec/containers/0/ports
          value: [{ containerPort: 1, protocol: TCP }]
      `,
    };
    const container = 'Deployment/web spec.template.spec.containers.0';
    await expectPlaces(
      files,
      { with: toolchain },
      {
        'Deployment/web spec.paused': 'merge.yaml:5: true',
        'Service/web spec.clusterIP': 'all.yaml:9: None }',
        [`${container}.ports.0.protocol`]: 'json.yaml:3: TCP }]',
        [`${container}.ports.0.containerPort`]: 'web.yaml:28: 80',
        [`${container}.volumeMounts.0.mountPath`]: 'all.yaml:29: tenant',
      },
    );
    const { cwd, context } = await build(files, '.', { with: toolchain });
    const listed = await filesOf({ type: 'kustomize', name: '.', directory: cwd }, context);
    expect(listed.map((file) => file.slice(cwd.length + 1)).sort()).toEqual([
      'all.yaml',
      'json.yaml',
      'kustomization.yaml',
      'merge.yaml',
      'web.yaml',
    ]);
  });

  it('is followed for generators', async () => {
    const files = {
      'kustomization.yaml': yaml`
        generators:
          - settings.yaml
          - |-
            apiVersion: builtin
            kind: SecretGenerator
            metadata: { name: login, namespace: own }
            literals:
              - USER=me
      `,
      'settings.yaml': yaml`
        apiVersion: builtin
        kind: ConfigMapGenerator
        metadata:
          name: settings
        literals:
          - A=1
        envs: [settings.env]
        files: [app.conf=conf/app.conf]
        options:
          labels: { team: a }
        ---
        apiVersion: builtin
        kind: ConfigMapGenerator
        metadata: { name: more }
        name: settings
        behavior: merge
        literals: [C=3]
        ---
        apiVersion: builtin
        kind: IAMPolicyGenerator
        metadata: { name: iam }
        cloud: gke
        kubernetesService: { name: account, namespace: own }
        serviceAccount: { name: cloud, projectId: project }
      `,
      'settings.env': 'B=2\n',
      'conf/app.conf': 'port = 80\n',
    };
    await expectPlaces(
      files,
      { with: toolchain },
      {
        'ConfigMap/settings data.A': 'settings.yaml:6: A=1',
        'ConfigMap/settings data.B': 'settings.env:1: 2',
        'ConfigMap/settings data.C': 'settings.yaml:17: C=3]',
        'ConfigMap/settings metadata.labels.team': 'settings.yaml:10: a }',
        'Secret/login metadata.namespace': 'kustomization.yaml:6: own }',
        'Secret/login data.USER': 'kustomization.yaml:8: USER=me',
        'ServiceAccount/account metadata.namespace': 'settings.yaml:23: own }',
        'ServiceAccount/account metadata.annotations.iam·gke·io/gcp-service-account':
          'settings.yaml:24: cloud, projectId: project }',
      },
    );
    const built = await build(files, '.', { with: toolchain });
    const location = await named(built.objects, 'ConfigMap/settings')?.locate(['data', 'app.conf']);
    expect(location).toEqual({ file: 'conf/app.conf' });
  });
});

describe.each(TOOLCHAINS)('with %s: the fields that a kustomization changes', { timeout: 120_000 }, (toolchain) => {
  it('are more where configurations name more, and fewer where they narrow what is built in', async () => {
    const files = {
      'web.yaml': WEB,
      'base/kustomization.yaml': 'resources: [site.yaml]\nconfigurations: [config.yaml]\n',
      'base/site.yaml': yaml`
        apiVersion: example.com/v1
        kind: Site
        metadata: { name: shop }
        spec: { image: shop, replicas: 1, owner: { labels: {} } }
        ---
        apiVersion: example.com/v1
        kind: Site
        metadata: { name: plain }
      `,
      'base/config.yaml': yaml`
        images: [{ path: spec/image, kind: Site }]
        replicas: [{ path: spec/replicas, kind: Site }]
        commonLabels: [{ path: spec/owner/labels, kind: Site }]
        commonAnnotations: [{ path: spec/notes, kind: Site, create: true }]
        namespace: [{ path: spec/namespace, kind: Site, create: true }]
        namePrefix: [{ path: spec/title, kind: Site, create: true }]
        nameSuffix: [{ path: metadata/name, kind: Site }]
      `,
      'kustomization.yaml': yaml`
        resources: [web.yaml, base]
        images: [{ name: shop, newTag: "2" }]
        replicas: [{ name: shop, count: 4 }]
        commonLabels: { team: a }
        commonAnnotations: { note: hi }
        namespace: prod
        namePrefix: a-
        nameSuffix: -z
      `,
    };
    await expectPlaces(
      files,
      { with: toolchain },
      {
        'Site/a-shop-z spec.image': 'kustomization.yaml:2: "2" }]',
        'Site/a-shop-z spec.replicas': 'kustomization.yaml:3: 4 }]',
        'Site/a-shop-z spec.owner.labels.team': 'kustomization.yaml:4: a }',
        'Site/a-shop-z spec.notes.note': 'kustomization.yaml:5: hi }',
        'Site/a-shop-z spec.namespace': 'kustomization.yaml:6: prod',
        'Site/a-shop-z spec.title': 'kustomization.yaml:7: a-',
        'Site/a-plain-z metadata.name': 'base/site.yaml:8: plain }',
        'Deployment/a-web metadata.name': 'web.yaml:4: web',
      },
    );
  });

  it('are the ones of its labels, old spellings and build metadata', async () => {
    const files = {
      'web.yaml': WEB,
      'kustomization.yaml': yaml`
        bases: [base]
        imageTags: [{ name: nginx, newTag: "3" }]
        labels:
          - pairs: { team: a }
            fields: [{ path: spec/owner, kind: Site, create: true }]
          - pairs: { tier: b }
            includeTemplates: true
          - pairs: { area: c }
            includeSelectors: true
        buildMetadata: [managedByLabel, originAnnotations, transformerAnnotations]
      `,
      'base/kustomization.yaml': 'resources: [../web.yaml]\n',
    };
    const built = await build(files, '.', { with: toolchain, loadRestrictor: 'LoadRestrictionsNone' });
    expect(said(built)).toEqual([]);
    const places = async (id: string, paths: string[]) =>
      Promise.all(
        paths.map(async (path) => {
          const location = await named(built.objects, id)?.locate(keysOf(path));
          return `${path} ${location ? built.show(location) : 'no such object'}`;
        }),
      );
    const metadata = 'kustomization.yaml:10:';
    expect(
      await places('Deployment/web', [
        'spec.template.spec.containers.0.image',
        'metadata.labels.team',
        'spec.template.metadata.labels.tier',
        'spec.selector.matchLabels.area',
        'metadata.labels.app·kubernetes·io/managed-by',
        'metadata.annotations.config·kubernetes·io/origin',
        'metadata.annotations.alpha·config·kubernetes·io/transformations',
      ]),
    ).toEqual([
      'spec.template.spec.containers.0.image kustomization.yaml:2: "3" }]',
      'metadata.labels.team kustomization.yaml:4: a }',
      'spec.template.metadata.labels.tier kustomization.yaml:6: b }',
      'spec.selector.matchLabels.area kustomization.yaml:8: c }',
      `metadata.labels.app·kubernetes·io/managed-by ${metadata} managedByLabel, originAnnotations, transformerAnnotations]`,
      `metadata.annotations.config·kubernetes·io/origin ${metadata} originAnnotations, transformerAnnotations]`,
      `metadata.annotations.alpha·config·kubernetes·io/transformations ${metadata} transformerAnnotations]`,
    ]);
    expect(await places('Site/blog', ['spec.owner.team', 'spec.owner'])).toEqual([
      'spec.owner.team kustomization.yaml:4: a }',
      'spec.owner kustomization.yaml:4: pairs: { team: a }',
    ]);
  });

  it('are namespaces of what kustomize takes for namespaced: by kind and version', async () => {
    const files = {
      'kustomization.yaml': 'namespace: prod\nresources: [all.yaml]\n',
      'all.yaml': yaml`
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata: { name: policy }
        ---
        apiVersion: flowcontrol.apiserver.k8s.io/v1
        kind: FlowSchema
        metadata: { name: flow }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: { name: role }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: old }
        ---
        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata: { name: v1.example.com }
        spec: { service: { name: web, namespace: old } }
      `,
    };
    const built = await build(files, '.', { with: toolchain });
    expect(said(built)).toEqual([]);
    const all = await Promise.all(
      built.objects.flatMap((object) => {
        const { kind } = object.value as { kind: string };
        const paths = leavesOf(object.value).filter((path) => /^(name|namespace)$/.test(String(path.at(-1))));
        return paths.map(async (path) => `${kind} ${path.join('.')} ${built.show(await object.locate(path))}`);
      }),
    );
    expect(all.sort()).toEqual([
      'APIService metadata.name all.yaml:19: v1.example.com }',
      'APIService spec.service.name all.yaml:20: web, namespace: old } }',
      'APIService spec.service.namespace kustomization.yaml:1: prod',
      'ClusterRole metadata.name all.yaml:11: role }',
      'FlowSchema metadata.name all.yaml:7: flow }',
      'FlowSchema metadata.namespace kustomization.yaml:1: prod',
      'Namespace metadata.name kustomization.yaml:1: prod',
      'ValidatingAdmissionPolicy metadata.name all.yaml:3: policy }',
      'ValidatingAdmissionPolicy metadata.namespace kustomization.yaml:1: prod',
    ]);
  });

  it('merge lists of custom resources by the keys of an OpenAPI document', async () => {
    const files = {
      'web.yaml': WEB,
      'kustomization.yaml': yaml`
        resources: [web.yaml]
        openapi: { path: schema.json }
        patches:
          - patch: |-
              apiVersion: example.com/v1
              kind: Site
              metadata: { name: blog }
              spec:
                backends:
                  - name: cache
                    weight: 3
      `,
      'schema.json': JSON.stringify({
        definitions: {
          'com.example.v1.Site': {
            type: 'object',
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: { $ref: '#/definitions/com.example.v1.SiteSpec' },
            },
            'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Site' }],
          },
          'com.example.v1.SiteSpec': {
            type: 'object',
            properties: {
              image: { type: 'string' },
              backends: {
                type: 'array',
                items: {
                  type: 'object',
                  properties: { name: { type: 'string' }, weight: { type: 'integer' } },
                },
                'x-kubernetes-patch-merge-key': 'name',
                'x-kubernetes-patch-strategy': 'merge',
              },
            },
          },
        },
      }),
    };
    await expectPlaces(
      files,
      { with: toolchain },
      {
        'Site/blog spec.backends.0.weight': 'kustomization.yaml:11: 3',
        'Site/blog spec.backends.1.weight': 'web.yaml:53: 1',
      },
    );
  });
});

describe.each(['v31', 'v35 with helm 3'])(
  'with %s: the charts of a kustomization',
  { timeout: 120_000 },
  (toolchain) => {
    const CHART = {
      'charts/app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 0.1.0\n',
      'charts/app/values.yaml': 'image: nginx\n',
      'charts/app/templates/app.yaml': yaml`
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: {{ .Release.Name }}-app
        namespace: {{ .Release.Namespace }}
        labels: { helm.sh/chart: {{ .Chart.Name }}-0.1.0 }
      spec:
        replicas: 1
        selector: { matchLabels: { app: app } }
        template:
          metadata: { labels: { app: app } }
          spec:
            containers:
              - name: app
                image: {{ .Values.image }}
                args: [-a, -b]
      ---
      apiVersion: v1
      kind: Service
      metadata:
        name: {{ .Release.Name }}-app
      spec:
        ports: [{ port: 80 }]
    `,
    };

    it('are named where they are rendered, and what is changed of them where it is changed', async () => {
      const files = {
        ...CHART,
        'kustomization.yaml': yaml`
        namePrefix: a-
        namespace: prod
        resources: [own.yaml]
        helmCharts:
          - releaseName: one
            name: app
            namespace: chart
        commonLabels: { team: a }
        images: [{ name: nginx, newName: mirror/nginx, newTag: "3" }]
        replicas: [{ name: one-app, count: 4 }]
        patches:
          - patch: |-
              apiVersion: apps/v1
              kind: Deployment
              metadata: { name: one-app, namespace: chart }
              spec: { paused: true }
          - target: { kind: Deployment }
            patch: |-
              - op: add
                path: /spec/template/spec/containers/0/args/-
                value: -c
              - op: remove
                path: /spec/template/spec/containers/0/args/0
        replacements:
          - source: { kind: ConfigMap, name: own, fieldPath: data.port }
            targets:
              - select: { kind: Service }
                fieldPaths: [spec.ports.0.name]
                options: { create: true }
      `,
        'own.yaml': yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: own }
        data:
          port: http
      `,
      };
      const built = await build(files, '.', { with: toolchain, enableHelm: true });
      expect(said(built)).toEqual([]);
      const all = await Promise.all(
        built.objects.flatMap((object) => {
          const { kind } = object.value as { kind: string };
          return leavesOf(object.value).map(async (path) => {
            return `${kind} ${path.join('.')} ${built.show(await object.locate(path))}`;
          });
        }),
      );
      const chart = 'kustomization.yaml:6: app';
      expect(all).toEqual([
        'ConfigMap apiVersion own.yaml:1: v1',
        'ConfigMap data.port own.yaml:5: http',
        'ConfigMap kind own.yaml:2: ConfigMap',
        'ConfigMap metadata.labels.team kustomization.yaml:8: a }',
        'ConfigMap metadata.name own.yaml:3: own }',
        'ConfigMap metadata.namespace kustomization.yaml:2: prod',
        `Service apiVersion ${chart}`,
        `Service kind ${chart}`,
        'Service metadata.labels.team kustomization.yaml:8: a }',
        `Service metadata.name ${chart}`,
        'Service metadata.namespace kustomization.yaml:2: prod',
        'Service spec.ports.0.name own.yaml:5: http',
        `Service spec.ports.0.port ${chart}`,
        'Service spec.selector.team kustomization.yaml:8: a }',
        `Deployment apiVersion ${chart}`,
        `Deployment kind ${chart}`,
        `Deployment metadata.labels.helm.sh/chart ${chart}`,
        'Deployment metadata.labels.team kustomization.yaml:8: a }',
        `Deployment metadata.name ${chart}`,
        'Deployment metadata.namespace kustomization.yaml:2: prod',
        'Deployment spec.paused kustomization.yaml:16: true }',
        'Deployment spec.replicas kustomization.yaml:10: 4 }]',
        `Deployment spec.selector.matchLabels.app ${chart}`,
        'Deployment spec.selector.matchLabels.team kustomization.yaml:8: a }',
        `Deployment spec.template.metadata.labels.app ${chart}`,
        'Deployment spec.template.metadata.labels.team kustomization.yaml:8: a }',
        `Deployment spec.template.spec.containers.0.args.0 ${chart}`,
        'Deployment spec.template.spec.containers.0.args.1 kustomization.yaml:21: -c',
        'Deployment spec.template.spec.containers.0.image kustomization.yaml:9: "3" }]',
        `Deployment spec.template.spec.containers.0.name ${chart}`,
      ]);
      // Whether the chart has set it before, nothing tells.
      const way = (await named(built.objects, 'Deployment/a-one-app')?.way?.(['spec', 'paused'], 'value')) ?? [];
      expect(way.map(({ message, location }) => `${message}: ${built.show(location)}`)).toEqual([
        `the chart that it changes is named here: ${chart}`,
      ]);
    });

    it('are told apart by what their objects say of them', async () => {
      const files = {
        ...CHART,
        'charts/other/Chart.yaml': 'apiVersion: v2\nname: other\nversion: 0.1.0\n',
        'charts/other/values.yaml': '',
        'charts/other/templates/other.yaml': yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: {{ .Release.Name }} }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: unmarked }
      `,
        'kustomization.yaml': yaml`
        helmCharts: [{ name: app, releaseName: one }]
        helmChartInflationGenerator:
          - { chartName: app, releaseName: two }
        generators: [other.yaml]
      `,
        'other.yaml': yaml`
        apiVersion: builtin
        kind: HelmChartInflationGenerator
        metadata: { name: notused }
        name: other
        releaseName: three
      `,
      };
      const built = await build(files, '.', { with: toolchain, enableHelm: true });
      expect(said(built)).toEqual([]);
      const sources = built.objects.map(({ value, source }) => {
        const { kind, metadata } = value as { kind: string; metadata: { name: string } };
        return `${kind}/${metadata.name} ${built.show(source)}`;
      });
      expect(sources).toEqual([
        'ConfigMap/three other.yaml:4: other',
        'Secret/unmarked kustomization.yaml',
        'Service/one-app kustomization.yaml:1: app, releaseName: one }]',
        'Service/two-app kustomization.yaml:3: app, releaseName: two }',
        'Deployment/one-app kustomization.yaml:1: app, releaseName: one }]',
        'Deployment/two-app kustomization.yaml:3: app, releaseName: two }',
      ]);
    });
  },
);

/** The paths of all scalars of a value. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}
