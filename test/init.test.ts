import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { planFor } from '../src/init/plan.ts';
import { configText } from '../src/init/text.ts';
import { judge } from '../src/lint.ts';
import { pinned } from '../src/render/tools.ts';
import { readYaml } from '../src/yaml.ts';
import { readTree, tree } from './tree.ts';

let tools: { kubectl: string; helm: string };
beforeAll(async () => {
  tools = await pinned('v35');
});

const configMap = (name: string, value = 'a') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { key: ${value} }\n`;
const kustomization = (...resources: string[]) => `resources: [${resources.join(', ')}]\n`;
const chart = (name: string) => ({
  [`${name}/Chart.yaml`]: `apiVersion: v2\nname: ${name.split('/').at(-1)}\nversion: 1.0.0\n`,
  [`${name}/values.yaml`]: 'key: a\n',
  [`${name}/templates/map.yaml`]: configMap('{{ .Release.Name }}', '{{ .Values.key }}'),
});

/** The environments of the configuration that is written for some files, as data; it must be one that can be linted. */
async function environments(files: Record<string, string>, at = '.') {
  const root = tree({ '.git/HEAD': '', ...files });
  const cwd = join(root, at);
  const options = { cwd, kustomize: tools.kubectl, helm: tools.helm };
  const plan = await planFor(options);
  const text = configText(plan, cwd, []);
  const { failures, environments } = await judge({ ...options, config: join(cwd, 'k8s-lint.yaml'), configText: text });
  expect(failures).toEqual([]);
  const written = readYaml(text)[0]?.value as {
    environments: Record<string, { targets: unknown; existing?: unknown }>;
  };
  expect(environments.map(({ name }) => name)).toEqual(Object.keys(written.environments));
  const unplaced = plan.unplaced.map(({ name }) => name);
  return { written: written.environments, unplaced, shown: plan.shown, text };
}

describe('environments', () => {
  it('are the overlays by their names, and what has the same name elsewhere', async () => {
    const { written, unplaced, shown } = await environments({
      'web/base/kustomization.yaml': kustomization('web.yaml'),
      'web/base/web.yaml': configMap('web'),
      'web/overlays/prod/kustomization.yaml': kustomization('../../base'),
      'web/overlays/acme/kustomization.yaml': kustomization('../../base'),
      // An overlay that another one builds on is an environment all the same.
      'web/overlays/acme-eu/kustomization.yaml': kustomization('../acme'),
      'db/prod/kustomization.yaml': kustomization('db.yaml'),
      'db/prod/db.yaml': configMap('db'),
      'policies/acme/policy.yaml': configMap('policy'),
      'tools/kustomization.yaml': kustomization('tool.yaml'),
      'tools/tool.yaml': configMap('tool'),
      'examples/overlays/prod/kustomization.yaml': kustomization('web.yaml'),
      'examples/overlays/prod/web.yaml': configMap('example'),
    });
    expect(written).toEqual({
      acme: { targets: [{ manifests: ['policies/acme/policy.yaml'] }, { kustomize: 'web/overlays/acme' }] },
      'acme-eu': { targets: [{ kustomize: 'web/overlays/acme-eu' }] },
      prod: { targets: [{ kustomize: 'db/prod' }, { kustomize: 'web/overlays/prod' }] },
    });
    expect(unplaced).toEqual(['tools']);
    expect(shown).toEqual(['examples']);
  });

  it('are one where nothing speaks of several; what defines an object differently is left to who knows', async () => {
    const { written, unplaced, shown } = await environments({
      'k8s/db/db.yaml': configMap('db'),
      'k8s/web/web.yaml': configMap('web'),
      'k8s/web/more.yaml': configMap('more'),
      'k8s/other/web.yaml': configMap('web', 'b'),
      'test/web.yaml': configMap('test'),
    });
    expect(written).toEqual({
      default: { targets: [{ manifests: ['k8s/db/db.yaml'] }, { manifests: ['k8s/other/web.yaml'] }] },
    });
    expect(unplaced).toEqual(['k8s/web']);
    expect(shown).toEqual(['test']);
  });

  it('are those that charts have values files for', async () => {
    const { written } = await environments({
      ...chart('charts/web'),
      'charts/web/values-prod.yaml': 'key: prod\n',
      'charts/web/values-staging-eu.yaml': 'key: staging\n',
      ...chart('charts/db'),
      'environments/prod/db-values.yaml': 'key: prod\n',
      'environments/prod/other-values.yaml': 'key: nobody knows\n',
      'values/db/dev.yaml': 'key: dev\n',
    });
    const helm = (name: string, ...values: string[]) => ({
      helm: { chart: `charts/${name}`, release: name, namespace: 'default', values },
    });
    expect(written).toEqual({
      dev: { targets: [helm('db', 'values/db/dev.yaml')] },
      prod: {
        targets: [helm('db', 'environments/prod/db-values.yaml'), helm('web', 'charts/web/values-prod.yaml')],
      },
      'staging-eu': { targets: [helm('web', 'charts/web/values-staging-eu.yaml')] },
    });
  });

  it('hold the values file that the one of an environment goes on from', async () => {
    const { written } = await environments({
      ...chart('web'),
      'web-values.yaml': 'key: all\n',
      'web-values-prod.yaml': 'key: prod\n',
    });
    expect(written.prod?.targets).toEqual([
      {
        helm: {
          chart: 'web',
          release: 'web',
          namespace: 'default',
          values: ['web-values.yaml', 'web-values-prod.yaml'],
        },
      },
    ]);
  });

  it('are directories of the same names, where these contradict each other, with what all share', async () => {
    const { written } = await environments({
      'apps/cloud/a.yaml': configMap('a'),
      'apps/edge/a.yaml': configMap('a', 'b'),
      'dns/cloud.yaml': configMap('dns'),
      'dns/edge.yaml': configMap('dns', 'b'),
      'shared/s.yaml': configMap('shared'),
    });
    const of = (name: string) => ({
      targets: [`apps/${name}/a.yaml`, `dns/${name}.yaml`, 'shared/s.yaml'].map((file) => ({ manifests: [file] })),
    });
    expect(written).toEqual({ cloud: of('cloud'), edge: of('edge') });
  });

  it('are not what only contains a word, unless others share the rest; each holds an object once', async () => {
    const role = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: a }\nrules: []\n';
    const { written, unplaced, shown } = await environments({
      'acme-prod/a.yaml': configMap('a'),
      'acme-staging/a.yaml': configMap('a'),
      'dev/a/a.yaml': configMap('a'),
      'dev/b/a.yaml': configMap('a', 'b'),
      'dev/c/a.yaml': configMap('a', 'c'),
      'dev/d/role.yaml': role,
      'demo/dev/a.yaml': configMap('a'),
      'manifest_uat/a.yaml': configMap('a'),
      '.github/dev/a.yaml': configMap('a'),
      ...chart('dev/chart'),
      'dev/chart/templates/role.yaml': role.replace('rules: []', 'rules: null'),
    });
    const targets = (...files: string[]) => ({ targets: files.map((file) => ({ manifests: [file] })) });
    const helm = { chart: 'dev/chart', release: 'chart', namespace: 'default' };
    expect(written).toEqual({
      'acme-prod': targets('acme-prod/a.yaml'),
      'acme-staging': targets('acme-staging/a.yaml'),
      dev: targets('dev/a/a.yaml', 'dev/d/role.yaml'),
      'dev-dev-b': targets('dev/b/a.yaml'),
      'dev-dev-c': targets('dev/c/a.yaml'),
      'dev-dev-chart': { targets: [{ helm }] },
    });
    expect(unplaced).toEqual(['manifest_uat']);
    expect(shown).toEqual(['.github', 'demo']);
  });

  it('stand apart from charts, where the others name namespaces and nothing says which one a chart has', async () => {
    const namespaced = configMap('a').replace('name: a', 'name: a, namespace: apps');
    const { written, unplaced, text } = await environments({
      'k8s/a.yaml': `${namespaced}---\napiVersion: v1\nkind: Namespace\nmetadata: { name: db }\n`,
      ...chart('charts/db'),
      ...chart('charts/web'),
      ...chart('charts/tried'),
      'charts/tried/ci/a-values.yaml': 'key: b\n',
      'test/fixtures/dev/web-values.yaml': 'key: of a test\n',
    });
    const helm = (name: string, namespace: string) => ({ helm: { chart: `charts/${name}`, release: name, namespace } });
    expect(written).toEqual({
      default: { targets: [{ manifests: ['k8s/a.yaml'] }, helm('db', 'db')] },
      'default-web': { targets: [helm('web', 'default')] },
    });
    expect(text.match(/ # The namespace is a guess/g)).toHaveLength(1);
    expect(unplaced).toEqual(['charts/tried (ci/a-values.yaml)']);
  });

  it('are as many as there are installations to try a chart with, but for charts that lack something', async () => {
    const { written, unplaced } = await environments({
      ...chart('a'),
      'a/ci/one-values.yaml': 'key: one\n',
      ...chart('b'),
      'b/Chart.yaml':
        'apiVersion: v2\nname: b\nversion: 1.0.0\ndependencies: [{ name: c, version: 1.0.0, repository: "https://charts.example.com" }]\n',
    });
    expect(Object.keys(written)).toEqual(['a']);
    expect(unplaced).toEqual(['b']);
  });

  it('have the nearest facts, where several are called alike', async () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: { name: a }\n';
    const { written } = await environments({
      'a/prod/a.yaml': configMap('a'),
      'a/cluster/prod.yaml': node,
      'b/prod/a.yaml': configMap('a', 'b'),
      'b/cluster/prod.yaml': node,
    });
    expect(written.prod?.existing).toEqual(['a/cluster/prod.yaml']);
    expect(written['prod-b-prod']?.existing).toEqual(['b/cluster/prod.yaml']);
  });

  it('have the facts that stand beside Nodes', async () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: { name: a }\n';
    const { written } = await environments({
      'overlays/acme/kustomization.yaml': kustomization('a.yaml'),
      'overlays/acme/a.yaml': configMap('a'),
      'overlays/beta/kustomization.yaml': kustomization('a.yaml'),
      'overlays/beta/a.yaml': configMap('a'),
      'cluster/acme.yaml': node,
      'cluster/beta.yaml': 'apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: { name: a }\nprovisioner: b\n',
    });
    expect(written.acme?.existing).toEqual(['cluster/acme.yaml']);
    expect(written.beta?.existing).toEqual(['cluster/beta.yaml']);
  });
});

describe('GitOps objects', () => {
  const flux = (name: string, path: string, more = '') =>
    `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: ${name}, namespace: flux-system }
spec: { interval: 1h, prune: true, path: ${path}, sourceRef: { kind: GitRepository, name: flux-system }${more} }
`;

  it('of Flux say what lands in a cluster, and in which namespace, whatever it is called', async () => {
    const release = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: web, namespace: web }
spec:
  interval: 1h
  chart: { spec: { chart: ./charts/web, sourceRef: { kind: GitRepository, name: flux-system }, valuesFiles: [charts/web/values.yaml, charts/web/more.yaml] } }
  values: { key: b }
`;
    const { written, unplaced } = await environments({
      'clusters/prod/flux-system/gotk-sync.yaml': flux('flux-system', './clusters/prod'),
      'clusters/prod/flux-system/kustomization.yaml': kustomization('gotk-sync.yaml'),
      'clusters/prod/apps.yaml': `${flux('infra', './infra')}---\n${flux('apps', './apps/live', ', targetNamespace: web')}`,
      'clusters/dev/apps.yaml': `${flux('infra', './infra')}---\n${flux('elsewhere', './nowhere')}`,
      // No kustomization: Flux takes all that stands here.
      'infra/a/a.yaml': configMap('a'),
      'infra/b/kustomization.yaml': kustomization('b.yaml'),
      'infra/b/b.yaml': configMap('b'),
      'apps/live/kustomization.yaml': kustomization('release.yaml'),
      'apps/live/release.yaml': release,
      ...chart('charts/web'),
      'charts/web/more.yaml': 'key: c\n',
    });
    expect(written).toEqual({
      dev: {
        targets: [
          { manifests: ['clusters/dev/apps.yaml'] },
          { manifests: ['infra/a/a.yaml'] },
          { kustomize: 'infra/b' },
        ],
      },
      prod: {
        targets: [
          {
            helm: {
              chart: 'charts/web',
              release: 'web',
              namespace: 'web',
              values: ['charts/web/values.yaml', 'charts/web/more.yaml'],
              set: { key: 'b' },
            },
          },
          { manifests: ['infra/a/a.yaml'] },
          { kustomize: 'infra/b' },
          { kustomize: 'apps/live', namespace: 'web' },
          { manifests: ['clusters/prod/apps.yaml'] },
          { kustomize: 'clusters/prod/flux-system' },
        ],
      },
    });
    expect(unplaced).toEqual([]);
  });

  it('of Flux say nothing of other repositories, and what no target can have is named', async () => {
    const repository = (name: string, url: string) =>
      `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: { name: ${name}, namespace: flux-system }
spec: { interval: 1h, url: ${url} }
`;
    const from = (name: string, source: string, path: string, more = '') =>
      flux(name, path, more)
        .replace('name: flux-system } }', `name: ${source} } }`)
        .replace('name: flux-system }, patch', `name: ${source} }, patch`);
    const { written, text } = await environments({
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/config': '[remote "origin"]\n\turl = git@git.example.com:team/Fleet.git\n',
      '.git/objects/none': '',
      '.git/refs/none': '',
      'clusters/acme/sync.yaml': [
        repository('here', 'ssh://git@git.example.com/team/fleet'),
        repository('there', 'https://git.example.com/team/app.git'),
        from('a', 'here', 'a', ', patches: [{ patch: "{}" }]'),
        from('b', 'there', 'b'),
        from('all', 'unknown', './'),
      ].join('---\n'),
      'a/a.yaml': configMap('a'),
      'b/b.yaml': configMap('b'),
    });
    expect(written).toEqual({
      acme: { targets: [{ manifests: ['clusters/acme/sync.yaml'] }, { manifests: ['a/a.yaml'] }] },
    });
    expect(text).toContain('# as Kustomization/a says\n      # but for what only it knows: patches\n');
  });

  it('of Argo CD say the same, with the release and the values of charts', async () => {
    const application = (name: string, source: string) => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: ${name}, namespace: argocd }
spec:
  project: default
  destination: { name: in-cluster, namespace: ${name}-ns }
  ${source}
`;
    const repo = 'repoURL: https://git.example.com/a/b.git, targetRevision: HEAD';
    const { written, text } = await environments({
      'argocd/plain.yaml': application('plain', `source: { ${repo}, path: plain }`),
      'argocd/web.yaml': application(
        'web',
        `sources:
    - { ${repo}, path: charts/web, helm: { valueFiles: [prod.yaml, $values/shared.yaml, /shared.yaml, ../../../outside.yaml], parameters: [{ name: a, value: b }], valuesObject: { adminPassword: hunter2 } } }
    - { ${repo}, ref: values }`,
      ),
      'argocd/remote.yaml': application(
        'remote',
        'source: { repoURL: https://charts.example.com, chart: redis, targetRevision: 1.0.0 }',
      ),
      'argocd/text.yaml': application(
        'text',
        `source: { ${repo}, path: charts/web, helm: { values: "key: of text" } }`,
      ),
      'plain/a.yaml': configMap('a'),
      'shared.yaml': 'key: shared\n',
      ...chart('charts/web'),
      'charts/web/prod.yaml': 'key: prod\n',
    });
    expect(written).toEqual({
      'in-cluster': {
        targets: [
          { manifests: ['plain/a.yaml'], namespace: 'plain-ns' },
          { helm: { chart: 'charts/web', release: 'text', namespace: 'text-ns', set: { key: 'of text' } } },
          {
            helm: {
              chart: 'charts/web',
              release: 'web',
              namespace: 'web-ns',
              values: ['charts/web/prod.yaml', 'shared.yaml', 'shared.yaml'],
            },
          },
        ],
      },
    });
    expect(text).toContain(
      '# as Application/web says\n      # but for what only it knows: parameters\n      # without its inline values: some look like credentials.',
    );
    expect(text).not.toContain('hunter2');
  });
});

describe('what is untrusted', () => {
  it('may deploy each other in a circle', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `a${i + 1}`);
    const object = (name: string) =>
      `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: ${name} }\n` +
      'spec: { path: ./apps, sourceRef: { kind: GitRepository, name: flux-system } }\n';
    const { written } = await environments(
      Object.fromEntries(names.map((name) => [`apps/${name}/flux.yaml`, object(name)])),
    );
    expect(written).toEqual({
      default: { targets: names.toSorted().map((name) => ({ manifests: [`apps/${name}/flux.yaml`] })) },
    });
  });

  it('may hold credentials among inline values, which are not copied', async () => {
    const values = [
      'url: "postgres://app:hunter2@db/app"',
      'env: [{ name: DB_PASSWORD, value: hunter2 }]',
      'auth: { password: hunter2 }',
    ];
    const release = (inline: string, i: number) =>
      `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: web${i}, namespace: shop }\nspec:\n` +
      '  chart: { spec: { chart: charts/web, sourceRef: { kind: GitRepository, name: flux-system } } }\n' +
      `  values: { ${inline} }\n`;
    const { text } = await environments({
      ...chart('charts/web'),
      'apps/prod/web.yaml': values.map(release).join('---\n'),
    });
    expect(text.match(/# as HelmRelease.*\n.*# without its inline values: some look like credentials/g)).toHaveLength(
      3,
    );
    expect(text).not.toContain('hunter2');
  });

  it('stays text: names are no globs, no YAML and no comments of their own', async () => {
    const { written } = await environments({
      'overlays/[a] (b)/kustomization.yaml': kustomization('a.yaml'),
      'overlays/[a] (b)/a.yaml': configMap('a'),
      'overlays/a: #b/kustomization.yaml': kustomization('a.yaml'),
      'overlays/a: #b/a.yaml': configMap('a'),
      'overlays/1.0/kustomization.yaml': kustomization('a.yaml'),
      'overlays/1.0/a.yaml': configMap('a'),
      'x\nenvironments: {}/a.yaml': configMap('a'),
    });
    expect(Object.keys(written).sort()).toEqual(['1.0', '[a] (b)', 'a: #b']);
  });
});

describe('k8s-lint init', () => {
  const bin = fileURLToPath(new URL('../bin/k8s-lint.js', import.meta.url));
  const init = (cwd: string) => {
    const args = [bin, 'init', '--kustomize', tools.kubectl, '--helm', tools.helm];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const project = {
    '.git/HEAD': '',
    'overlays/prod/kustomization.yaml': kustomization('pod.yaml'),
    'overlays/prod/pod.yaml': `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  nodeSelector: { pool: burst }
  hostNetwork: true
  containers:
    - { name: web, image: "registry.example.com/web:1.0.0", ports: [{ containerPort: 80, hostPort: 81 }] }
`,
    'tools/a.yaml': configMap('a'),
  };

  it('writes what can be linted at once, says what it found and what facts would unlock, and never overwrites', () => {
    const root = tree(project);
    expect(init(root)).toEqual({
      status: 0,
      stderr: '',
      stdout: `k8s-lint.yaml is written: 1 environment
  prod  overlays/prod
in no environment yet, see the end of the file: tools
more could be judged with facts under existing (k8s-lint snapshot writes them):
  prod  Node: pod-unschedulable
k8s-lint now finds 1 error and 0 warnings: run it
what is in no environment is not linted: 0 errors and 0 warnings there
`,
    });
    expect(Object.keys(readTree(root)).sort()).toEqual([...Object.keys(project), 'k8s-lint.yaml'].sort());
    const text = readFileSync(join(root, 'k8s-lint.yaml'), 'utf8');
    expect(text).toContain('    #   Node: pod-unschedulable\n');
    expect(text).toContain('#   - manifests:\n#       - tools/a.yaml\n');
    const again = init(join(root, 'overlays'));
    expect(again).toEqual({
      status: 2,
      stdout: '',
      stderr: 'k8s-lint: ../k8s-lint.yaml is there already, and stays as it is: edit it, or remove it first\n',
    });
    expect(readFileSync(join(root, 'k8s-lint.yaml'), 'utf8')).toBe(text);
  });

  it('leaves a link that leads nowhere as it is', () => {
    const root = tree(project);
    symlinkSync('nowhere', join(root, 'k8s-lint.yaml'));
    expect(init(root).status).toBe(2);
    expect(init(root).stderr).toBe(
      'k8s-lint: k8s-lint.yaml is there already, and stays as it is: edit it, or remove it first\n',
    );
  });

  it('says that there is nothing to lint', () => {
    const root = tree({ '.git/HEAD': '', 'README.md': 'hello\n' });
    writeFileSync(join(root, 'package.json'), '{}');
    expect(init(root)).toEqual({
      status: 2,
      stdout: '',
      stderr: `k8s-lint: nothing to lint: no kustomization, chart or manifest in ${root}\n`,
    });
    expect(Object.keys(readTree(root)).sort()).toEqual(['.git/HEAD', 'README.md', 'package.json']);
  });
});
