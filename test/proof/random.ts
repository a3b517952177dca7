import fc from 'fast-check';
import type { Case } from './prove.ts';

/** What the objects of a base hold: faults that rules report, at values that layers above may set. */
const image = fc.constantFrom('nginx', 'nginx:latest', 'nginx:1.27', 'ghcr.io/shop/web:latest', 'ghcr.io/shop/web');

const container = (name: string) =>
  fc.record({
    name: fc.constant(name),
    image,
    ports: fc.constantFrom(undefined, [{ containerPort: 80, hostPort: 8080 }], [{ name: 'http', containerPort: 8000 }]),
    env: fc.constantFrom(
      undefined,
      [{ name: 'MODE', value: 'prod' }],
      [{ name: 'URL', value: 'http://nowhere.shop.svc:80' }],
      [
        { name: 'MODE', value: 'dev' },
        { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'settings', key: 'ABSENT' } } },
      ],
    ),
    envFrom: fc.constantFrom(undefined, [{ configMapRef: { name: 'settings' } }], [{ secretRef: { name: 'absent' } }]),
    resources: fc.constantFrom(
      undefined,
      { limits: { memory: '1Gi' } },
      { requests: { cpu: '2', memory: '2Gi' }, limits: { cpu: '1', memory: '1Gi' } },
    ),
    imagePullPolicy: fc.constantFrom(undefined, 'Sometimes'),
    livenessProbe: fc.constantFrom(undefined, { httpGet: { path: '/', port: 'absent' } }),
    args: fc.constantFrom(undefined, ['--port', '8000'], ['serve']),
  });

const deployment = fc
  .record({
    web: container('web'),
    sidecar: fc.option(container('sidecar'), { nil: undefined }),
    replicas: fc.constantFrom(undefined, 1, 3),
    hostNetwork: fc.constantFrom(undefined, true),
    nodeSelector: fc.constantFrom(undefined, { pool: 'general' }),
    selector: fc.constantFrom('web', 'other'),
    serviceAccountName: fc.constantFrom(undefined, 'runner'),
    kind: fc.constantFrom('Deployment', 'StatefulSet'),
    replcas: fc.constantFrom(undefined, undefined, 2),
  })
  .map(({ web, sidecar, replicas, hostNetwork, nodeSelector, selector, serviceAccountName, kind, replcas }) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'web', labels: { app: 'web' }, annotations: { owner: 'shop' } },
    spec: {
      replicas,
      replcas,
      ...(kind === 'StatefulSet' ? { serviceName: 'absent' } : {}),
      selector: { matchLabels: { app: selector } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { hostNetwork, nodeSelector, serviceAccountName, containers: [web, ...(sidecar ? [sidecar] : [])] },
      },
    },
  }));

const service = fc
  .record({
    port: fc.constantFrom(80, 70_000),
    targetPort: fc.constantFrom('http', 'absent', 8000),
    type: fc.constantFrom(undefined, 'LoadBalanced'),
  })
  .map(({ port, targetPort, type }) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { type, selector: { app: 'web' }, ports: [{ name: 'http', port, targetPort }] },
  }));

const ingress = fc.constantFrom('absent', 'web').map((name) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web' },
  spec: {
    rules: [
      {
        host: 'shop.example',
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name, port: { number: 81 } } } }] },
      },
    ],
  },
}));

const cronJob = container('job').map((job) => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'clean' },
  spec: {
    schedule: '61 * * * *',
    jobTemplate: { spec: { template: { spec: { restartPolicy: 'Always', containers: [job] } } } },
  },
}));

const binding = fc.constant({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'runs' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'absent' },
  subjects: [{ kind: 'ServiceAccount', name: 'default' }],
});

const config = fc.constant({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'plain' },
  data: { A: '1', 'b.conf': 'x\ny\n' },
});

/** Drops what is undefined: JSON is YAML. */
const json = (value: unknown, indent?: number) => JSON.stringify(value, null, indent);

/** Block YAML of plain data, with the quotes that JSON has. */
export function block(value: unknown, indent = 0): string {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value) && value.length > 0) {
    return value.map((item) => `${pad}- ${block(item, indent + 2).trimStart()}`).join('\n');
  }
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    const lines = Object.entries(value).filter(([, item]) => item !== undefined);
    return lines
      .map(([key, item]) => {
        const isNested = typeof item === 'object' && item !== null && Object.keys(item).length > 0;
        const name = /^[\w./-]+$/.test(key) ? key : JSON.stringify(key);
        // JSON in a string: in apostrophes, as people write it.
        if (typeof item === 'string' && item.startsWith('{')) return `${pad}${name}: '${item}'`;
        if (typeof item === 'string' && item.endsWith('\n')) {
          return `${pad}${name}: |\n${item.replace(/^(?=.)/gm, `${pad}  `).trimEnd()}`;
        }
        return `${pad}${name}:${isNested ? `\n${block(item, indent + 2)}` : ` ${scalar(item)}`}`;
      })
      .join('\n');
  }
  return `${pad}${scalar(value)}`;
}

function scalar(value: unknown): string {
  return typeof value === 'string' &&
    /^[a-zA-Z][\w./:-]*$/.test(value) &&
    !/^(y|n|yes|no|on|off|true|false|null)$/i.test(value)
    ? value.replace(/:$/, '":"')
    : JSON.stringify(value ?? null);
}

/** How the objects of a base lie in files. */
const layout = fc.constantFrom('one file', 'a file each', 'a List', 'JSON');

function laid(objects: readonly object[], how: string): Record<string, string> {
  switch (how) {
    case 'one file':
      return { 'all.yaml': `# all of it\n---\n${objects.map((object) => block(object)).join('\n---\n')}\n` };
    case 'a List':
      return { 'list.yaml': `${block({ apiVersion: 'v1', kind: 'List', items: objects })}\n` };
    case 'JSON':
      return Object.fromEntries(objects.map((object, i) => [`o${i}.json`, json(object, 2)]));
    default:
      return Object.fromEntries(objects.map((object, i) => [`o${i}.yaml`, `${block(object)}\n`]));
  }
}

interface Layer {
  fields: Record<string, unknown>;
  files: Record<string, string>;
}

const WORKLOADS = 'Deployment|StatefulSet';

/** A strategic merge of the web workload, of whatever kind it is. */
const merged = fc.constantFrom<object>(
  { spec: { replicas: 0 } },
  { spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:latest' }] } } } },
  {
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'web',
              imagePullPolicy: 'Never',
              env: [
                { name: 'MODE', value: 'test' },
                { name: 'NEW', value: 'a' },
              ],
            },
          ],
        },
      },
    },
  },
  {
    spec: {
      template: {
        spec: { containers: [{ name: 'added', image: 'busybox' }], nodeSelector: { pool: null, disk: 'ssd' } },
      },
    },
  },
  { spec: { template: { spec: { containers: [{ name: 'sidecar', $patch: 'delete' }] } } } },
  { spec: { template: { spec: { nodeSelector: { $patch: 'replace', zone: 'a' } } } } },
  {
    spec: {
      template: {
        spec: { containers: [{ name: 'web', ports: [{ containerPort: 80, hostPort: 9090 }], args: ['x'] }] },
      },
    },
  },
  { metadata: { annotations: { owner: 'ops', more: 'y' } }, spec: { strategi: 'x' } },
  {
    spec: {
      template: {
        spec: {
          volumes: [{ name: 'v', configMap: { name: 'absent' } }],
          tolerations: [{ key: 'a', operator: 'Exist' }],
        },
      },
    },
  },
);

const operations = fc.array(
  fc.constantFrom<object>(
    { op: 'add', path: '/metadata/annotations/added', value: 'z' },
    { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'nginx:latest' },
    {
      op: 'add',
      path: '/spec/template/spec/containers/-',
      value: { name: 'last', image: 'redis', imagePullPolicy: 'No' },
    },
    { op: 'add', path: '/spec/template/spec/containers/0', value: { name: 'first', image: 'redis:latest' } },
    { op: 'add', path: '/spec/replicas', value: 4 },
    { op: 'copy', from: '/metadata/labels', path: '/spec/template/metadata/labels' },
    { op: 'add', path: '/metadata/labels/a~1b', value: 'c' },
    { op: 'move', from: '/metadata/annotations/owner', path: '/metadata/annotations/moved' },
    { op: 'add', path: '/spec/template/spec/tolerations', value: [{ key: 'a', operator: 'Exist' }] },
  ),
  { minLength: 1, maxLength: 3 },
);

const target = fc.constantFrom<object>(
  { kind: WORKLOADS },
  { kind: WORKLOADS, name: '.*web.*' },
  { kind: WORKLOADS, labelSelector: 'app=web' },
  { kind: WORKLOADS, annotationSelector: 'owner in (shop, ops)' },
  { group: 'apps' },
  { kind: WORKLOADS, labelSelector: 'app!=other,!absent' },
);

/** One thing that a kustomization may do, as fields of it and files beside it; `n` tells the files of a layer apart. */
const deed = (n: number): fc.Arbitrary<Layer> => {
  const only = (arbitrary: fc.Arbitrary<Record<string, unknown>>) => arbitrary.map((fields) => ({ fields, files: {} }));
  return fc.oneof(
    fc.tuple(merged, target, fc.constantFrom('file', 'inline', 'flow')).map(([patch, selected, how]): Layer => {
      const whole = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'any' }, ...patch };
      if ('metadata' in patch) Object.assign(whole, { metadata: { name: 'any', ...(patch.metadata as object) } });
      const text = how === 'flow' ? json(whole) : `${block(whole)}\n`;
      if (how === 'file') {
        return {
          fields: { patches: [{ path: `patch${n}.yaml`, target: selected }] },
          files: { [`patch${n}.yaml`]: `# a patch\n${text}` },
        };
      }
      return { fields: { patches: [{ target: selected, patch: text }] }, files: {} };
    }),
    fc.tuple(operations, target, fc.constantFrom('yaml', 'json', 'inline')).map(([list, selected, how]): Layer => {
      if (how === 'inline')
        return { fields: { patches: [{ target: selected, patch: `${block(list)}\n` }] }, files: {} };
      const file = `ops${n}.${how}`;
      const text = how === 'json' ? json(list, 2) : `${block(list)}\n`;
      return { fields: { patches: [{ path: file, target: selected }] }, files: { [file]: text } };
    }),
    only(
      fc.constantFrom<Record<string, unknown>>(
        { images: [{ name: 'nginx', newTag: 'latest' }] },
        { images: [{ name: 'nginx', newName: 'ghcr.io/shop/web' }] },
        { images: [{ name: 'ghcr.io/shop/web', newName: 'web', newTag: 'latest' }] },
        { replicas: [{ name: 'web', count: 5 }] },
        { labels: [{ pairs: { team: 'shop' } }] },
        { labels: [{ pairs: { team: 'shop', app: 'changed' }, includeSelectors: true }] },
        { labels: [{ pairs: { tier: 'x' }, includeTemplates: true }] },
        { commonLabels: { part: 'shop' } },
        { commonAnnotations: { note: 'n' } },
        { namespace: 'shop' },
        { namePrefix: 'p-' },
        { nameSuffix: '-s' },
      ),
    ),
  );
};

const generators = fc
  .record({
    literals: fc.subarray(['COLOR=red', 'URL="http://nowhere.shop.svc"', "QUOTED='a b'", 'EMPTY=']),
    env: fc.boolean(),
    file: fc.boolean(),
    secret: fc.boolean(),
    options: fc.constantFrom(undefined, { disableNameSuffixHash: true }, { labels: { made: 'here' }, immutable: true }),
  })
  .map(
    ({ literals, env, file, secret, options }): Layer => ({
      fields: {
        configMapGenerator: [
          {
            name: 'settings',
            literals,
            ...(env ? { envs: ['app.env'] } : {}),
            ...(file ? { files: ['app.conf', 'renamed=sub/other.conf'] } : {}),
            options,
          },
        ],
        ...(secret ? { secretGenerator: [{ name: 'login', literals: ['PASSWORD=hunter2'], type: 'Opaque' }] } : {}),
      },
      files: {
        'app.env': '# an env file\nHOST=db.shop.svc\n  SPACED=x\n\nLAST=1',
        'app.conf': 'listen 80\nhost nowhere.shop.svc\n',
        'sub/other.conf': 'a: b\n',
      },
    }),
  );

const changedGenerators = fc.record({ behavior: fc.constantFrom('merge', 'replace'), env: fc.boolean() }).map(
  ({ behavior, env }): Layer => ({
    fields: {
      configMapGenerator: [
        { name: 'settings', behavior, literals: ['COLOR=blue', 'MORE=2'], ...(env ? { envs: ['more.env'] } : {}) },
      ],
    },
    files: { 'more.env': 'FROM_ENV=3\n' },
  }),
);

/** The fields of several layers in one kustomization: lists are joined. */
function joined(layers: readonly Layer[]): Layer {
  const fields: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer.fields)) {
      const own = fields[key];
      fields[key] = Array.isArray(own) && Array.isArray(value) ? [...own, ...value] : value;
    }
  }
  return { fields, files: Object.assign({}, ...layers.map(({ files }) => files)) };
}

const deeds = (max: number) => fc.tuple(...[0, 1, 2].slice(0, max).map((n) => fc.option(deed(n), { nil: undefined })));

/** A base, an overlay or two, and perhaps a component: `overlay` is what is rendered. */
const randomCase: fc.Arbitrary<Case> = fc
  .record({
    workload: deployment,
    others: fc.tuple(service, ingress, cronJob, binding, config).chain((all) => fc.subarray([...all] as object[])),
    how: layout,
    base: deeds(2),
    middle: fc.option(deeds(3), { nil: undefined }),
    overlay: deeds(3),
    component: fc.option(deeds(2), { nil: undefined }),
    made: fc.option(generators, { nil: undefined }),
    changed: fc.option(changedGenerators, { nil: undefined }),
  })
  .map(({ workload, others, how, base, middle, overlay, component, made, changed }) => {
    const files: Record<string, string> = {};
    const add = (directory: string, layers: readonly (Layer | undefined)[], more: Record<string, unknown>) => {
      const { fields, files: own } = joined(layers.filter((layer) => layer !== undefined));
      files[`${directory}/kustomization.yaml`] = `${block({ ...more, ...fields })}\n`;
      for (const [file, text] of Object.entries(own)) files[`${directory}/${file}`] = text;
    };
    const objects = laid([workload, ...others], how);
    for (const [file, text] of Object.entries(objects)) files[`base/${file}`] = text;
    add('base', [...base, made], { resources: Object.keys(objects) });
    if (middle) add('middle', middle, { resources: ['../base'] });
    if (component) {
      const head = { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component' };
      add('part', component, head);
    }
    add('overlay', [...overlay, made && changed], {
      resources: [middle ? '../middle' : '../base'],
      ...(component ? { components: ['../part'] } : {}),
    });
    files['k8s-lint.yaml'] = 'environments: { one: { targets: [{ kustomize: overlay }] } }\n';
    return { name: 'random', files };
  });

/** Some kustomizations that hold such faults: the same ones for the same seed. */
export function randomCases(): Case[] {
  const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 12);
  return fc.sample(randomCase, { numRuns }).map((item, i) => ({ ...item, name: `generated ${i}` }));
}
