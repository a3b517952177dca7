import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { notForCluster } from '../src/cluster/foreign.ts';
import { discover } from '../src/discover.ts';
import { SourceFiles } from '../src/source.ts';
import { UsageError } from '../src/usage-error.ts';
import { tree } from './tree.ts';

const object = (name: string, extra = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n${extra}`;
const CHART = 'apiVersion: v2\nname: web\nversion: 1.0.0\n';

/** What is found, with paths relative to `root`. */
async function find(root: string, paths: string[] = ['.'], cwd = root) {
  const { environments, unchecked } = await discover(
    paths.map((path) => join(root, path)),
    { cwd, sources: new SourceFiles(cwd), exclude: [] },
  );
  const found = environments.map(({ name, targets, existing, configured }) => {
    expect([existing, configured, targets.length, targets[0]?.name]).toEqual([[], false, 1, name]);
    const [target] = targets;
    const inside = (path: string) => relative(root, path) || '.';
    switch (target?.type) {
      case 'kustomize':
        return { name, kustomize: inside(target.directory) };
      case 'helm':
        return { name, helm: inside(target.chart), release: target.release, values: target.values.map(inside) };
      default:
        return { name, manifests: target?.files.map(inside) };
    }
  });
  return { found, unchecked };
}

async function found(root: string, paths?: string[], cwd?: string) {
  const result = await find(root, paths, cwd);
  expect(result.unchecked).toEqual([]);
  return result.found;
}

describe('kustomizations', () => {
  const files = {
    'base/kustomization.yaml': 'resources: [cm.yaml]\n',
    'base/cm.yaml': object('a'),
    'components/extra/kustomization.yaml':
      'kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nresources: [cm.yaml]\n',
    'components/extra/cm.yaml': object('b'),
    'components/patching/kustomization.yaml': 'kind: Component\npatches: [{ path: patch.yaml }]\n',
    'components/patching/patch.yaml': object('a'),
    'components/unused/kustomization.yaml': 'kind: Component\n',
    'overlays/dev/kustomization.yml':
      'resources: [../../base]\ncomponents: [../../components/extra, ../../components/patching]\n',
    'overlays/prod/Kustomization': 'resources: [../../base]\npatches: [{ path: patch.yaml }]\n',
    'overlays/prod/patch.yaml': object('a', 'data: { a: b }\n'),
  };

  it('are roots unless another one uses them, or they are Components', async () => {
    expect(await found(tree(files))).toEqual([
      { name: 'overlays/dev', kustomize: 'overlays/dev' },
      { name: 'overlays/prod', kustomize: 'overlays/prod' },
    ]);
  });

  it('are linted as what they are when they are named', async () => {
    const root = tree(files);
    expect(await found(root, ['base'])).toEqual([{ name: 'base', kustomize: 'base' }]);
    expect(await found(root, ['base/kustomization.yaml', 'overlays', 'overlays/dev'])).toEqual([
      { name: 'base', kustomize: 'base' },
      { name: 'overlays/dev', kustomize: 'overlays/dev' },
      { name: 'overlays/prod', kustomize: 'overlays/prod' },
    ]);
    expect(await found(root, ['.'], join(root, 'base'))).toEqual([
      { name: '../overlays/dev', kustomize: 'overlays/dev' },
      { name: '../overlays/prod', kustomize: 'overlays/prod' },
    ]);
    expect(await found(root, ['base'], join(root, 'base'))).toEqual([{ name: '.', kustomize: 'base' }]);
    expect(await found(root, ['components/extra'])).toEqual([
      { name: 'components/extra', kustomize: 'components/extra' },
    ]);
  });

  it('that only change others are not linted alone', async () => {
    expect(await find(tree(files), ['components/patching'])).toEqual({
      found: [],
      unchecked: [
        {
          what: 'components/patching',
          reason: 'a Component changes what includes it: lint a kustomization that does',
          target: 'components/patching',
        },
      ],
    });
  });

  it('above their own overlays are bases, unless named', async () => {
    const root = tree({
      'app/kustomization.yaml': 'resources: [cm.yaml]\n',
      'app/cm.yaml': object('a'),
      'app/overlays/prod/kustomization.yaml': 'resources: [../..]\n',
    });
    expect(await found(root)).toEqual([{ name: 'app/overlays/prod', kustomize: 'app/overlays/prod' }]);
    expect(await found(root, ['app'], join(root, 'app'))).toEqual([
      { name: 'overlays/prod', kustomize: 'app/overlays/prod' },
    ]);
    expect(await found(root, ['app'])).toEqual([
      { name: 'app', kustomize: 'app' },
      { name: 'app/overlays/prod', kustomize: 'app/overlays/prod' },
    ]);
  });

  it('that use each other in a circle are rendered, to be told so', async () => {
    expect(
      await found(
        tree({
          'a/kustomization.yaml': 'resources: [../b]\n',
          'b/kustomization.yaml': 'resources: [../a]\n',
          'self/kustomization.yaml': 'resources: [.]\n',
          'broken/kustomization.yaml': 'resources: [\n',
        }),
      ),
    ).toEqual([
      { name: 'a', kustomize: 'a' },
      { name: 'broken', kustomize: 'broken' },
      { name: 'self', kustomize: 'self' },
    ]);
  });

  it('reached by a link are used all the same', async () => {
    const root = tree({ ...files, 'apps/prod/kustomization.yaml': 'resources: [base]\n' });
    symlinkSync('../../base', join(root, 'apps/prod/base'));
    expect(await found(root)).toEqual([
      { name: 'apps/prod', kustomize: 'apps/prod' },
      { name: 'overlays/dev', kustomize: 'overlays/dev' },
      { name: 'overlays/prod', kustomize: 'overlays/prod' },
    ]);
  });

  it('hold the manifests below them, and what they list elsewhere', async () => {
    const root = tree({
      'app/kustomization.yaml':
        'resources: [cm.yaml, ../shared/cm.yaml]\nconfigMapGenerator: [{ name: g, files: [x/config.yaml] }]\n',
      'app/cm.yaml': object('a'),
      'app/x/config.yaml': object('b'),
      'app/x/orphan.yaml': object('c'),
      'app/x/y/orphan.yaml': object('d'),
      'app/x/values.yaml': 'a: 1\n',
      'shared/cm.yaml': object('e'),
      'shared/other.yaml': object('f'),
    });
    expect(await find(root)).toEqual({
      found: [
        { name: 'app', kustomize: 'app' },
        { name: 'shared', manifests: ['shared/other.yaml'] },
      ],
      unchecked: [
        {
          what: '2 manifests',
          reason: 'below a kustomization, but no kustomization lists it: name the path to lint it',
          target: 'app',
        },
      ],
    });
    expect((await find(root, ['app/x'])).found).toEqual([
      { name: 'app/x', manifests: ['app/x/orphan.yaml'] },
      { name: 'app/x/y', manifests: ['app/x/y/orphan.yaml'] },
    ]);
  });
});

describe('charts', () => {
  const chart = (directory: string, metadata = CHART) => ({
    [`${directory}/Chart.yaml`]: metadata,
    [`${directory}/values.yaml`]: 'a: 1\n',
    [`${directory}/templates/cm.yaml`]: object('a'),
  });

  it('are targets, but not their dependencies, nor library charts', async () => {
    expect(
      await found(
        tree({
          ...chart('charts/web'),
          ...chart('charts/web/charts/redis', 'name: redis\n'),
          ...chart('charts/lib', 'name: lib\ntype: library\n'),
          'charts/web/crds/crd.yaml': object('b'),
        }),
      ),
    ).toEqual([{ name: 'charts/web', helm: 'charts/web', release: 'web', values: [] }]);
  });

  it('are rendered with each of their ci values', async () => {
    const root = tree({
      ...chart('web'),
      'web/ci/a-values.yaml': 'a: 2\n',
      'web/ci/b-values.yaml': 'a: 3\n',
      'web/ci/notes.yaml': 'a: 3\n',
    });
    const a = { name: 'web (ci/a-values.yaml)', helm: 'web', release: 'web', values: ['web/ci/a-values.yaml'] };
    const b = { name: 'web (ci/b-values.yaml)', helm: 'web', release: 'web', values: ['web/ci/b-values.yaml'] };
    expect(await found(root)).toEqual([a, b]);
    expect(await found(root, ['web/ci/b-values.yaml'])).toEqual([b]);
    expect(await found(root, ['web/ci/b-values.yaml', 'web/values.yaml'])).toEqual([a, b]);
  });

  it.each([
    'web',
    'web/Chart.yaml',
    'web/values.yaml',
    'web/values-prod.yaml',
    'web/templates',
    'web/templates/cm.yaml',
  ])('are what is linted for %s', async (path) => {
    const root = tree({ ...chart('web'), 'web/values-prod.yaml': 'a: 2\n' });
    expect(await found(root, [path])).toEqual([{ name: 'web', helm: 'web', release: 'web', values: [] }]);
  });

  it('are what is linted from within', async () => {
    const root = tree(chart('web'));
    expect(await found(root, ['web'], join(root, 'web'))).toEqual([
      { name: '.', helm: 'web', release: 'web', values: [] },
    ]);
    expect(await found(root, ['web/templates'], join(root, 'web/templates'))).toEqual([
      { name: '..', helm: 'web', release: 'web', values: [] },
    ]);
  });

  it('may be archives and dependencies where they are named', async () => {
    const root = tree({ ...chart('web'), ...chart('web/charts/redis', 'name: redis\n'), 'vendor/nginx-1.2.3.tgz': '' });
    expect(await found(root, ['web/charts/redis', 'vendor/nginx-1.2.3.tgz'])).toEqual([
      { name: 'vendor/nginx-1.2.3.tgz', helm: 'vendor/nginx-1.2.3.tgz', release: 'nginx', values: [] },
      { name: 'web/charts/redis', helm: 'web/charts/redis', release: 'redis', values: [] },
    ]);
    expect(await found(root, ['vendor'])).toEqual([]);
  });

  it('that are libraries say why they are not linted', async () => {
    expect(await find(tree(chart('lib', 'name: lib\ntype: library\n')), ['lib'])).toEqual({
      found: [],
      unchecked: [
        { what: 'lib', reason: 'a library chart has no objects of its own: lint a chart that uses it', target: 'lib' },
      ],
    });
  });

  it('that a kustomization inflates are rendered by it', async () => {
    const root = tree({
      ...chart('app/charts/web'),
      'app/kustomization.yaml': 'helmCharts: [{ name: web }]\n',
    });
    const app = { name: 'app', kustomize: 'app' };
    expect(await found(root)).toEqual([app]);
    expect(await found(root, ['app', 'app/charts/web'])).toEqual([
      app,
      { name: 'app/charts/web', helm: 'app/charts/web', release: 'web', values: [] },
    ]);
  });

  it('hold the manifests below them, but no other charts and kustomizations', async () => {
    const root = tree({
      ...chart('.'),
      'examples/cm.yaml': object('a'),
      'deploy/kustomization.yaml': 'resources: [cm.yaml]\n',
      'deploy/cm.yaml': object('b'),
      ...chart('other'),
    });
    expect(await find(root)).toEqual({
      found: [
        { name: '.', helm: '.', release: 'web', values: [] },
        { name: 'deploy', kustomize: 'deploy' },
        { name: 'other', helm: 'other', release: 'web', values: [] },
      ],
      unchecked: [
        {
          what: '1 manifest',
          reason: 'in the directory of a chart, but no part of it: name the path to lint it',
          target: '.',
        },
      ],
    });
    expect(await found(root, ['examples'])).toEqual([{ name: 'examples', manifests: ['examples/cm.yaml'] }]);
  });
});

describe('plain manifests', () => {
  it('are not files with nothing in them, which are named', async () => {
    const blank = tree({
      'k8s/a.yaml': object('a'),
      'k8s/empty.yaml': '',
      'k8s/off.yaml': `---\n${object('b').replace(/^/gm, '# ')}\n---\n\n`,
      'k8s/null.yaml': '# apiVersion\nnull\n',
    });
    const reason = 'nothing in it but blanks and comments';
    expect(await find(blank)).toEqual({
      found: [{ name: 'k8s', manifests: ['k8s/a.yaml'] }],
      unchecked: ['k8s/empty.yaml', 'k8s/null.yaml', 'k8s/off.yaml'].map((file) => ({
        what: file,
        reason,
        target: file,
      })),
    });
  });

  it('are files with apiVersion and kind, one environment for each directory', async () => {
    expect(
      await found(
        tree({
          'cm.yaml': object('a'),
          'k8s/a.yaml': object('a'),
          'k8s/b.yml': `# a comment\n---\nsome: values\n---\n${object('b')}`,
          'k8s/c.json': '{ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" } }\n',
          'k8s/crlf.yaml': object('crlf').replaceAll('\n', '\r\n'),
          'k8s/bom.yaml': `\ufeff${object('bom')}`,
          'k8s/package.json': '{ "apiVersion": "v1" }\n',
          'k8s/values.yaml': 'apiVersion: v1\nname: x\n',
          'k8s/nested.yaml': `template:\n  ${object('x').replaceAll('\n', '\n  ')}\n`,
          'k8s/notes.txt': object('txt'),
          'docker-compose.yml': 'services: {}\n',
          '.github/workflows/ci.yml': 'on: push\n',
          'node_modules/x/cm.yaml': object('x'),
          '.git/cm.yaml': object('x'),
        }),
      ),
    ).toEqual([
      { name: '.', manifests: ['cm.yaml'] },
      { name: 'k8s', manifests: ['k8s/a.yaml', 'k8s/b.yml', 'k8s/bom.yaml', 'k8s/c.json', 'k8s/crlf.yaml'] },
    ]);
  });

  it('that are broken are still manifests', async () => {
    expect(
      await found(
        tree({
          'a/tab.yaml': `${object('a')}data:\n\ta: b\n`,
          'a/values.yaml': 'a: [\n',
          'b/no-kind.yaml': 'apiVersion: apps/v1\nmetadata: { name: x }\n',
          'c/broken.json': '{\n  "apiVersion": "v1",\n  "kind": "ConfigMap",\n  "metadata": {\n',
        }),
      ),
    ).toEqual([
      { name: 'a', manifests: ['a/tab.yaml'] },
      { name: 'b', manifests: ['b/no-kind.yaml'] },
      { name: 'c', manifests: ['c/broken.json'] },
    ]);
  });

  it('in UTF-16 are found, to be told that kubectl cannot read them', async () => {
    const root = tree({ 'k8s/': '' });
    const text = Buffer.from(`\ufeff${object('a')}`, 'utf16le');
    writeFileSync(join(root, 'k8s/le.yaml'), text);
    writeFileSync(join(root, 'k8s/be.yaml'), Buffer.from(text).swap16());
    expect(await found(root)).toEqual([{ name: 'k8s', manifests: ['k8s/be.yaml', 'k8s/le.yaml'] }]);
  });

  it('of any size are found without reading them whole', async () => {
    const root = tree({ 'k8s/huge.yaml': object('a'), 'k8s/other.yaml': 'a: 1\n' });
    truncateSync(join(root, 'k8s/huge.yaml'), 3_000_000_000);
    truncateSync(join(root, 'k8s/other.yaml'), 3_000_000_000);
    expect(await found(root)).toEqual([{ name: 'k8s', manifests: ['k8s/huge.yaml'] }]);
  });

  it('that are templates of another tool are left out, and named', async () => {
    const root = tree({
      'a/jinja.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n{% if x %}\ndata: {}\n{% endif %}\n',
      'a/go.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n',
      'a/quoted.yaml': object('"{{ name }}"'),
      'a/alerts.yaml': object('alerts', 'data:\n  summary: "{{ $labels.instance }} is down"\n'),
      'a/flux.yaml': object('${NAME}'),
    });
    expect(await find(root)).toEqual({
      found: [{ name: 'a', manifests: ['a/alerts.yaml', 'a/flux.yaml'] }],
      unchecked: [
        { what: 'a/go.yaml', reason: 'a template, not YAML: line 4 cannot be read as it stands', target: 'a/go.yaml' },
        {
          what: 'a/jinja.yaml',
          reason: 'a template, not YAML: line 5 cannot be read as it stands',
          target: 'a/jinja.yaml',
        },
        {
          what: 'a/quoted.yaml',
          reason: 'a template: the name or kind of an object is filled in by another tool',
          target: 'a/quoted.yaml',
        },
      ],
    });
  });

  it('that contradict their siblings are environments of their own, with those that contradict none', async () => {
    expect(
      await found(
        tree({
          'k8s/common.yaml': object('common'),
          'k8s/db-dev.yaml': object('db'),
          'k8s/db-prod.yaml': object('db', 'data: { a: b }\n'),
          'k8s/namespace.yaml': object('common'),
          'k8s/web-dev.yaml': `${object('shared')}---\n${object('web')}`,
          'k8s/web-prod.yaml': `kind: List\napiVersion: v1\nitems:\n- { kind: ConfigMap, apiVersion: v1, metadata: { name: web }, data: { a: b } }\n`,
          'k8s/z.yaml': 'metadata: { name: shared }\nkind: ConfigMap\napiVersion: v1\n',
          'other/web.yaml': object('web', 'data: { c: d }\n'),
        }),
      ),
    ).toEqual([
      {
        name: 'k8s/db-dev.yaml',
        manifests: ['common', 'db-dev', 'namespace', 'web-dev', 'z'].map((name) => `k8s/${name}.yaml`),
      },
      {
        name: 'k8s/db-prod.yaml',
        manifests: ['common', 'db-prod', 'namespace', 'web-prod', 'z'].map((name) => `k8s/${name}.yaml`),
      },
      { name: 'other', manifests: ['other/web.yaml'] },
    ]);
  });

  it('of different groups, namespaces or kinds do not contradict each other', async () => {
    const root = tree({
      'a.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: web }\n',
      'b.yaml': 'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: web }\n',
      'c.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: other }\n',
      'd.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: web }\n',
      'e.yaml':
        'apiVersion: v1\nkind: Secret\nmetadata: { generateName: web, name: "" }\n---\napiVersion: v1\nkind: Secret\nmetadata: [x]\n',
      'f.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { generateName: db, name: "" }\n',
    });
    expect(await found(root)).toEqual([
      { name: '.', manifests: ['a.yaml', 'b.yaml', 'c.yaml', 'd.yaml', 'e.yaml', 'f.yaml'] },
    ]);
  });

  it('are linted as such when they are named, whatever holds them', async () => {
    const root = tree({
      'app/kustomization.yaml': 'resources: [cm.yaml]\npatches: [{ path: patches/cm.yaml }]\n',
      'app/cm.yaml': object('a'),
      'app/patches/cm.yaml': object('a', 'data: { a: b }\n'),
      'app/orphan.yaml': object('b'),
      'values.yaml': 'a: 1\n',
      'broken.yaml': 'a: [\n',
      'script.sh': 'if [ "$a": ]; then\n',
      'manifest.txt': object('c'),
      'k8s/a.yaml': object('a'),
      'k8s/b.yaml': object('b'),
    });
    expect(await found(root, ['app/cm.yaml'])).toEqual([{ name: 'app/cm.yaml', manifests: ['app/cm.yaml'] }]);
    expect(await found(root, ['app/cm.yaml', 'app/orphan.yaml', 'app'])).toEqual([
      { name: 'app', kustomize: 'app' },
      { name: 'app (2)', manifests: ['app/cm.yaml', 'app/orphan.yaml'] },
    ]);
    expect(await found(root, ['k8s', 'k8s/b.yaml'])).toEqual([
      { name: 'k8s', manifests: ['k8s/a.yaml', 'k8s/b.yaml'] },
    ]);
    expect(await found(root, ['manifest.txt', 'broken.yaml'])).toEqual([
      { name: '.', manifests: ['broken.yaml', 'manifest.txt'] },
    ]);
    expect(await find(root, ['values.yaml', 'script.sh', 'app/patches/cm.yaml'])).toEqual({
      found: [],
      unchecked: [
        {
          what: 'app/patches/cm.yaml',
          reason: 'no manifest of its own: app has it as an input, and is to be linted instead',
          target: 'app/patches/cm.yaml',
        },
        { what: 'script.sh', reason: 'not a manifest: it is not YAML', target: 'script.sh' },
        { what: 'values.yaml', reason: 'not a manifest: nothing in it has apiVersion and kind', target: 'values.yaml' },
      ],
    });
  });

  it('that exist already are facts, and no targets', async () => {
    const root = tree({ 'k8s/a.yaml': object('a'), 'k8s/nodes.yaml': object('b') });
    const { environments } = await discover([root], {
      cwd: root,
      sources: new SourceFiles(root),
      exclude: [join(root, 'k8s/nodes.yaml')],
    });
    expect(environments.flatMap(({ targets }) => targets)).toEqual([
      { type: 'manifests', name: 'k8s', files: [join(root, 'k8s/a.yaml')] },
    ]);
  });
});

describe('what git ignores', () => {
  const files = {
    '.gitignore': '# rendered\n/dist\n*.local.yaml\nlogs/\n!keep.local.yaml\nbuild/*\n!build/keep\n',
    'a.yaml': object('a'),
    'a.local.yaml': object('b'),
    'keep.local.yaml': object('c'),
    'dist/a.yaml': object('a'),
    'sub/dist/a.yaml': object('a'),
    'sub/logs/a.yaml': object('a'),
    'sub/.gitignore': '!again.local.yaml\n/secret\n',
    'sub/again.local.yaml': object('d'),
    'sub/b.local.yaml': object('e'),
    'sub/secret/a.yaml': object('a'),
    'secret/a.yaml': object('a'),
    'excluded/a.yaml': object('a'),
    'build/a/a.yaml': object('a'),
    'build/keep/a.yaml': object('a'),
    'ignored-chart/Chart.yaml': CHART,
    'ignored-chart/.gitignore': '*\n',
  };
  const visible = [
    { name: '.', manifests: ['a.yaml', 'keep.local.yaml'] },
    { name: 'build/keep', manifests: ['build/keep/a.yaml'] },
    { name: 'secret', manifests: ['secret/a.yaml'] },
    { name: 'sub', manifests: ['sub/again.local.yaml'] },
    { name: 'sub/dist', manifests: ['sub/dist/a.yaml'] },
  ];

  it('is what is left out', async () => {
    const root = tree(files);
    execFileSync('git', ['init', '-q', root]);
    writeFileSync(join(root, '.git/info/exclude'), 'excluded/\n');
    const listed = execFileSync('git', ['ls-files', '-o', '--exclude-standard', '*.yaml'], {
      cwd: root,
      encoding: 'utf8',
    });
    const byGit = listed.split('\n').filter((line) => line !== '');
    expect(visible.flatMap(({ manifests }) => manifests).sort()).toEqual(byGit.sort());
    expect(await found(root)).toEqual(visible);
  });

  it('counts from the root, wherever the walk starts', async () => {
    const root = tree(files);
    execFileSync('git', ['init', '-q', root]);
    expect(await found(root, ['sub'], join(root, 'sub'))).toEqual([
      { name: '.', manifests: ['sub/again.local.yaml'] },
      { name: 'dist', manifests: ['sub/dist/a.yaml'] },
    ]);
  });

  it('is linted all the same where it is named', async () => {
    const root = tree(files);
    execFileSync('git', ['init', '-q', root]);
    expect(await found(root, ['dist', 'a.local.yaml'])).toEqual([
      { name: 'a.local.yaml', manifests: ['a.local.yaml'] },
      { name: 'dist', manifests: ['dist/a.yaml'] },
    ]);
  });

  it('is known without git, from the .gitignore files', async () => {
    const root = tree(files);
    expect(await found(root)).toEqual([
      ...visible.slice(0, 2),
      { name: 'excluded', manifests: ['excluded/a.yaml'] },
      ...visible.slice(2),
    ]);
    expect(await found(root, ['sub'])).toEqual(visible.slice(3));
  });

  it('is known in a worktree, which shares the exclude file of its repository', async () => {
    const root = tree({ 'repo/a.yaml': object('a') });
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
        cwd: join(root, 'repo'),
        stdio: 'pipe',
      });
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'a');
    git('worktree', 'add', '-q', '../tree');
    writeFileSync(join(root, 'repo/.git/info/exclude'), 'excluded.yaml\n');
    writeFileSync(join(root, 'tree/excluded.yaml'), object('b'));
    expect(await found(join(root, 'tree'))).toEqual([{ name: '.', manifests: ['a.yaml'] }]);
  });
});

describe('what cannot be read', () => {
  it('is a usage error where it is named', async () => {
    const root = tree({ 'a.yaml': object('a') });
    symlinkSync('loop', join(root, 'loop'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(find(root, ['nowhere'])).rejects.toThrow(new UsageError('nowhere: it does not exist'));
    await expect(find(root, ['a.yaml/b'])).rejects.toThrow(new UsageError('a.yaml/b: a part of its path is a file'));
    await expect(find(root, ['loop'])).rejects.toThrow(new UsageError('loop: its symbolic links lead in a circle'));
    await expect(find(root, ['pipe'])).rejects.toThrow(
      new UsageError('pipe: neither a file nor a directory (to read a stream, name it "-")'),
    );
  });

  it('is named, and the rest is still found', async () => {
    const root = tree({ 'k8s/a.yaml': object('a'), 'k8s/closed.yaml': object('b'), 'closed/a.yaml': object('c') });
    chmodSync(join(root, 'k8s/closed.yaml'), 0);
    chmodSync(join(root, 'closed'), 0);
    onTestFinished(() => chmodSync(join(root, 'closed'), 0o755));
    const result = await asOrdinaryUser(root, () => find(root));
    expect(result).toEqual({
      found: [{ name: 'k8s', manifests: ['k8s/a.yaml'] }],
      unchecked: [
        { what: 'closed', reason: 'this directory cannot be read: permission denied', target: 'closed' },
        { what: 'k8s/closed.yaml', reason: 'permission denied', target: 'k8s/closed.yaml' },
      ],
    });
  });

  it('includes pipes, which would never end', async () => {
    const root = tree({ 'a.yaml': object('a') });
    execFileSync('mkfifo', [join(root, 'pipe.yaml')]);
    expect(await find(root)).toEqual({
      found: [{ name: '.', manifests: ['a.yaml'] }],
      unchecked: [{ what: 'pipe.yaml', reason: 'a pipe, a socket or a device, not a file', target: 'pipe.yaml' }],
    });
  });

  it('includes links that lead nowhere, in a circle, or out of what is walked', async () => {
    const outside = tree({ 'a.yaml': object('a') });
    const root = tree({ 'k8s/a.yaml': object('a'), 'k8s/deep/b.yaml': object('b'), 'shared/c.yaml': object('c') });
    symlinkSync('..', join(root, 'k8s/deep/up'));
    symlinkSync('../shared', join(root, 'k8s/shared'));
    symlinkSync('../shared/c.yaml', join(root, 'k8s/c.yaml'));
    symlinkSync(outside, join(root, 'k8s/outside'));
    symlinkSync('nowhere.yaml', join(root, 'k8s/dangling.yaml'));
    symlinkSync('self.yaml', join(root, 'k8s/self.yaml'));
    expect(await find(root)).toEqual({
      found: [
        { name: 'k8s', manifests: ['k8s/a.yaml', 'k8s/c.yaml'] },
        { name: 'k8s/deep', manifests: ['k8s/deep/b.yaml'] },
        { name: 'shared', manifests: ['shared/c.yaml'] },
      ],
      unchecked: [
        { what: 'k8s/dangling.yaml', reason: 'a link that leads nowhere', target: 'k8s/dangling.yaml' },
        { what: 'k8s/self.yaml', reason: 'a link that leads in a circle', target: 'k8s/self.yaml' },
        {
          what: 'k8s/outside',
          reason: 'a link to a directory elsewhere: name it by path to lint what is there',
          target: 'k8s/outside',
        },
        {
          what: 'k8s/deep/up',
          reason: 'a link to a directory that holds it: it leads in a circle',
          target: 'k8s/deep/up',
        },
      ],
    });
  });

  it('includes no links below a kustomization, which says itself what it misses', async () => {
    const root = tree({ 'app/kustomization.yaml': 'resources: [cm.yaml]\n' });
    symlinkSync('nowhere.yaml', join(root, 'app/cm.yaml'));
    expect(await found(root)).toEqual([{ name: 'app', kustomize: 'app' }]);
  });

  it('does not include very deep and very wide trees', async () => {
    const files: Record<string, string> = { [`${'d/'.repeat(400)}a.yaml`]: object('a') };
    for (let i = 0; i < 500; i++) files[`wide/${i}/a.yaml`] = object('a');
    const result = await found(tree(files));
    expect(result.length).toBe(501);
  });
});

/** Runs something without the rights that would let it read everything. */
async function asOrdinaryUser<T>(root: string, run: () => Promise<T>): Promise<T> {
  const { seteuid, getuid } = process;
  if (getuid?.() !== 0 || !seteuid) return run();
  chownSync(root, 65534, 65534);
  seteuid(65534);
  try {
    return await run();
  } finally {
    seteuid(0);
  }
}

describe('objects that are not for a cluster', () => {
  it.each([
    ['v1', 'Config'],
    ['kustomize.config.k8s.io/v1beta1', 'Kustomization'],
    ['kubelet.config.k8s.io/v1beta1', 'KubeletConfiguration'],
    ['kind.x-k8s.io/v1alpha4', 'Cluster'],
    ['k3d.io/v1alpha5', 'Simple'],
    ['kubeadm.k8s.io/v1beta4', 'ClusterConfiguration'],
    ['eksctl.io/v1alpha5', 'ClusterConfig'],
    ['skaffold/v4beta11', 'Config'],
    ['backstage.io/v1alpha1', 'Component'],
  ])('include %s %s', (apiVersion, kind) => {
    expect(notForCluster(apiVersion, kind)).toBe(true);
  });

  it.each([
    ['v1', 'ConfigMap'],
    ['config.gatekeeper.sh/v1alpha1', 'Config'],
    ['kustomize.toolkit.fluxcd.io/v1', 'Kustomization'],
    ['cluster.x-k8s.io/v1beta1', 'Cluster'],
    ['bootstrap.cluster.x-k8s.io/v1beta1', 'KubeadmConfig'],
    ['fake-config.k8s.io/v1', 'Config'],
  ])('do not include %s %s', (apiVersion, kind) => {
    expect(notForCluster(apiVersion, kind)).toBe(false);
  });
});
