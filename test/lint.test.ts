import { describe, expect, it } from 'vitest';
import { Cluster } from '../src/cluster/cluster.ts';
import { diagnose } from '../src/diagnose.ts';
import { type Rule, yaml } from '../src/rule.ts';
import { rules } from '../src/rules/index.ts';
import { lintFiles } from './examples.ts';

const pod = (name: string, image: string, more = '') => `apiVersion: v1
kind: Pod
metadata: { name: ${name}${more} }
spec: { containers: [{ name: app, image: "${image}" }] }
`;
const latest = 'registry.example.com/app:latest';

/** The diagnostics of a run, as short as they can be told apart. */
async function found(files: Record<string, string>, options: Parameters<typeof lintFiles>[1] = {}) {
  const report = await lintFiles(files, options);
  expect(report.failures).toEqual([]);
  return report.diagnostics.map(
    ({ rule, severity, location, targets }) =>
      `${location.file}:${location.line ?? '?'} ${severity} ${rule} [${targets.map((ref) => `${ref.environment}/${ref.target}`)}]`,
  );
}

describe('merging', () => {
  const overlay = (lines: string) => `resources: [../../base]\n${lines}`;
  const files = {
    'base/kustomization.yaml': 'resources: [pod.yaml]\n',
    'base/pod.yaml': pod('web', latest),
    'overlays/dev/kustomization.yaml': overlay('namespace: dev\nnamePrefix: dev-\n'),
    'overlays/prod/kustomization.yaml': overlay('namespace: prod\nnameSuffix: -v2\n'),
  };

  it('makes one diagnostic of what overlays share, whatever they call it', async () => {
    expect(await found(files)).toEqual([
      'base/pod.yaml:4 warning image-tag-latest [overlays/dev/overlays/dev,overlays/prod/overlays/prod]',
    ]);
  });

  it('knows the names of other resources in what overlays share', async () => {
    const env = 'env: [{ name: B, valueFrom: { configMapKeyRef: { name: config, key: b } } }]';
    const generator = 'configMapGenerator: [{ name: config, behavior: merge, literals: [overlay=';
    const report = await lintFiles({
      'base/kustomization.yaml': 'resources: [pod.yaml]\nconfigMapGenerator: [{ name: config, literals: [level=1] }]\n',
      'base/pod.yaml': pod('web', `web:1", ${env}, imagePullPolicy: "Always`),
      'overlays/dev/kustomization.yaml': overlay(`namespace: dev\nnamePrefix: dev-\n${generator}dev] }]\n`),
      'overlays/prod/kustomization.yaml': overlay(`namespace: prod\nnameSuffix: -v2\n${generator}prod] }]\n`),
    });
    expect(report.diagnostics.map(({ message, targets }) => [message, targets.map(({ target }) => target)])).toEqual([
      [
        'ConfigMap/dev-config has no key "b": the container stays in CreateContainerConfigError',
        ['overlays/dev', 'overlays/prod'],
      ],
    ]);
  });

  it('gives the same fingerprint under another prefix', async () => {
    const [dev] = (await lintFiles(files, { paths: ['overlays/dev'] })).diagnostics;
    const [prod] = (await lintFiles(files, { paths: ['overlays/prod'] })).diagnostics;
    expect(dev?.fingerprint).toBe(prod?.fingerprint);
    expect([dev?.resource?.name, prod?.resource?.name]).toEqual(['dev-web', 'web-v2']);
  });

  it('keeps two resources apart that one patch breaks', async () => {
    const report = await lintFiles({
      'kustomization.yaml': 'resources: [pods.yaml]\nimages: [{ name: app, newName: Registry/App }]\n',
      'pods.yaml': `${pod('one', 'app:1')}---\n${pod('two', 'other:1')}`,
    });
    expect(report.diagnostics.map(({ rule, location }) => [rule, location.file, location.line])).toEqual([
      ['image-reference-invalid', 'kustomization.yaml', 2],
    ]);
  });
});

describe('the levels of the configuration', () => {
  const files = (rulesText: string) => ({
    'k8s-lint.yaml': `rules: ${rulesText}\n`,
    'pod.yaml': pod('web', latest),
    'binding.yaml': yaml`
      apiVersion: v1
      kind: Namespace
      metadata: { name: apps }
      ---
      apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata: { name: reader, namespace: apps }
      roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
      subjects: [{ kind: ServiceAccount, name: gone, namespace: apps }]
    `,
  });

  it('raise a finding that has no severity of its own, and leave one that has', async () => {
    expect(await found(files('{ image-tag-latest: error, reference-missing: error }'))).toEqual([
      'binding.yaml:9 warning reference-missing [./.]',
      'pod.yaml:4 error image-tag-latest [./.]',
    ]);
  });

  it('cap both', async () => {
    expect(await found(files('{ image-tag-latest: info, reference-missing: info }'))).toEqual([
      'binding.yaml:9 info reference-missing [./.]',
      'pod.yaml:4 info image-tag-latest [./.]',
    ]);
  });

  it('turn a rule off', async () => {
    expect(await found(files('{ image-tag-latest: off, reference-missing: off }'))).toEqual([]);
  });
});

describe('what is not linted', () => {
  it('objects that are not for a cluster are counted', async () => {
    const report = await lintFiles({
      'all.yaml': `apiVersion: v1\nkind: Config\nclusters: []\n---\napiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n---\n${pod('web', 'app:1')}`,
    });
    expect(report.diagnostics).toEqual([]);
    expect(report.summary.resources).toBe(1);
    expect(report.unchecked.map(({ what }) => what)).toContain('2 objects');
  });

  it("helm's test hooks have no findings, other hooks do; a chart's dependencies have only errors", async () => {
    const hook = (kind: string) => `,annotations: { helm.sh/hook: ${kind} }`;
    const files = {
      'chart/Chart.yaml':
        'apiVersion: v2\nname: chart\nversion: 1.0.0\ndependencies: [{ name: sub, version: 1.0.0, repository: "https://charts.example.com" }]\n',
      'chart/templates/test.yaml': pod('tested', latest, hook('test')),
      'chart/templates/hook.yaml': pod('hooked', latest, hook('pre-install')),
      'chart/charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
      'chart/charts/sub/templates/pod.yaml': pod('third', latest),
    };
    for (const layer of ['v31', 'v35'] as const) {
      expect(await found(files, { layer })).toEqual([
        'chart/templates/hook.yaml:4 warning image-tag-latest [chart/chart]',
      ]);
    }
  });

  it('says that a target does not render when the rule that reports it does not run', async () => {
    const report = await lintFiles(
      { 'kustomization.yaml': 'resources: [gone.yaml]\n', 'kustomization.notes': '' },
      { rules: ['image-tag-latest'] },
    );
    expect(report.diagnostics).toEqual([]);
    expect(report.unchecked).toEqual([
      { what: 'the whole target', reason: expect.stringContaining('gone.yaml does not exist'), target: '.' },
    ]);
  });
});

describe('one environment', () => {
  const config = (targets: string, more = '') => `environments: { prod: { targets: [${targets}]${more} } }\n`;
  const binding = yaml`
    apiVersion: v1
    kind: Pod
    metadata: { name: web, namespace: apps }
    spec:
      serviceAccountName: web
      containers: [{ name: web, image: "registry.example.com/web:1.0.0" }]
  `;
  const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: web, namespace: apps }\n';

  it('finds in one target what another refers to, and not in another environment', async () => {
    const one = config('{ manifests: [pod.yaml] }, { manifests: [account.yaml] }');
    expect(await found({ 'k8s-lint.yaml': one, 'pod.yaml': binding, 'account.yaml': account })).toEqual([]);
    const two = `environments:\n  prod: { targets: [{ manifests: [pod.yaml] }] }\n  dev: { targets: [{ manifests: [account.yaml] }] }\n`;
    expect(await found({ 'k8s-lint.yaml': two, 'pod.yaml': binding, 'account.yaml': account })).toEqual([
      'pod.yaml:5 error reference-missing [prod/pod.yaml]',
    ]);
  });

  it('says nothing is missing while one of its targets does not render', async () => {
    const files = {
      'k8s-lint.yaml': config('{ manifests: [pod.yaml] }, { kustomize: broken }'),
      'pod.yaml': binding,
      'broken/kustomization.yaml': 'resources: [gone.yaml]\n',
    };
    expect(await found(files)).toEqual(['broken/kustomization.yaml:1 error kustomize-file-missing [prod/broken]']);
  });

  it('leaves to a custom resource in no namespace what it may make in any', async () => {
    const maker = 'apiVersion: foo.example.com/v1\nkind: ClusterGenerator\nmetadata: { name: all }\n';
    const uses = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: x, namespace: apps }\n';
    const files = { 'k8s-lint.yaml': config('{ manifests: [a.yaml] }'), 'a.yaml': `${binding}---\n${uses}` };
    expect(await found(files)).toEqual(['a.yaml:5 error reference-missing [prod/a.yaml]']);
    expect(await found({ ...files, 'a.yaml': `${files['a.yaml']}---\n${maker}` })).toEqual([]);
  });

  it('shows an object that two targets render alike once, with both', async () => {
    const files = {
      'k8s-lint.yaml': config('{ manifests: [a.yaml] }, { manifests: [b.yaml] }'),
      'a.yaml': pod('web', latest, ', namespace: apps'),
      'b.yaml': pod('web', latest, ', namespace: apps'),
    };
    expect(await found(files)).toEqual(['a.yaml:4 warning image-tag-latest [prod/a.yaml,prod/b.yaml]']);
  });

  it('takes facts without a namespace for those of its only target', async () => {
    const facts = 'apiVersion: v1\nkind: Secret\nmetadata: { name: other }\ndata: {}\n';
    const uses = yaml`
      apiVersion: v1
      kind: Pod
      metadata: { name: web }
      spec:
        containers:
          - name: web
            image: registry.example.com/web:1.0.0
            envFrom: [{ secretRef: { name: credentials } }]
    `;
    const one = {
      'pod.yaml': uses,
      'facts.yaml': facts,
      'k8s-lint.yaml': config('{ manifests: [pod.yaml] }', ', existing: [facts.yaml]'),
    };
    expect(await found(one)).toEqual(['pod.yaml:8 error reference-missing [prod/pod.yaml]']);
    const two = {
      ...one,
      'b.yaml': pod('b', 'app:1'),
      'k8s-lint.yaml': config('{ manifests: [pod.yaml] }, { manifests: [b.yaml] }', ', existing: [facts.yaml]'),
    };
    expect(await found(two)).toEqual([]);
  });

  it('is a failure of the run when its facts are broken YAML, and the rest is judged', async () => {
    const report = await lintFiles({
      'k8s-lint.yaml': config('{ manifests: [pod.yaml] }', ', existing: [facts.yaml]'),
      'pod.yaml': pod('web', latest),
      'facts.yaml': 'apiVersion: v1\nkind: [\n',
    });
    expect(report.failures).toEqual([
      expect.stringMatching(/^facts\.yaml:\d+(:\d+)?: .* \(existing of environment prod\)$/),
    ]);
    expect(report.diagnostics.map(({ rule }) => rule)).toEqual(['image-tag-latest']);
  });
});

describe('a rule that throws', () => {
  it('is named with the resource and the target, and the other rules go on', async () => {
    const resource = (name: string) =>
      ({
        toString: () => `Pod/${name}`,
        group: '',
        kind: 'Pod',
        scope: 'apps',
        name,
        existing: false,
        targets: [{ environment: 'prod', target: 'overlays/prod' }],
        object: {},
      }) as never;
    const cluster = new Cluster({
      environment: 'prod',
      configured: true,
      kubernetesVersion: undefined,
      targets: [],
      resources: [resource('good'), resource('bad')],
      schemaErrors: [],
      emptyKinds: new Set(),
      substitutes: () => true,
    });
    const [sample] = rules;
    const throws = {
      ...(sample as Rule),
      id: 'broken-rule',
      check({ resources }: Cluster) {
        if (resources.some(({ name }) => name === 'bad')) throw new TypeError('oops');
        return [];
      },
    } as Rule;
    const speaks = {
      ...(sample as Rule),
      id: 'good-rule',
      *check() {
        yield { location: { file: 'a.yaml' }, message: 'found' };
      },
    } as Rule;
    const { bugs, located } = await diagnose(cluster, [throws, speaks], new Map());
    expect(bugs.map((bug) => bug.split('\n')[0])).toEqual([
      'rule broken-rule failed on Pod/bad of overlays/prod: this is a bug in k8s-lint, please report it',
    ]);
    expect(located.map(({ message }) => message)).toEqual(['found']);
  });
});

describe('a value of the wrong type in a chart', () => {
  const places = async (values: string, hostNetwork: string, value: string) => {
    const report = await lintFiles({
      'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
      'app/values.yaml': values,
      'app/templates/pod.yaml': `apiVersion: v1
kind: Pod
metadata: { name: app }
spec:
  hostNetwork: ${hostNetwork}
  containers:
    - name: app
      image: registry.example.com/app:1.0.0
      env:
        - name: MODE
          value: ${value}
`,
    });
    return report.diagnostics.map(({ rule, location: { file, line, column } }) => [rule, `${file}:${line}:${column}`]);
  };

  it('is to be edited where it stands', async () => {
    expect(await places('host: always\nmode: fast\n', '{{ .Values.host }}', '{{ .Values.mode }}')).toEqual([
      ['schema-invalid', 'app/values.yaml:1:7'],
    ]);
  });

  it('is to be edited in the template where quotes there are too many or missing', async () => {
    expect(await places('host: "true"\nmode: 3\n', '{{ .Values.host | quote }}', '{{ .Values.mode }}')).toEqual([
      ['schema-invalid', 'app/templates/pod.yaml:5:3'],
      ['schema-invalid', 'app/templates/pod.yaml:11:11'],
    ]);
  });
});
