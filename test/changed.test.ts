import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { affected } from '../src/changed/affected.ts';
import { type Environment, findConfig } from '../src/config/config.ts';
import { loadConfig } from '../src/config/load.ts';
import { discover } from '../src/discover.ts';
import { run } from '../src/render/run.ts';
import { pinned } from '../src/render/tools.ts';
import { SourceFiles } from '../src/source.ts';
import { readTree, tree } from './tree.ts';

const CONFIG_MAP = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
const CHART = 'apiVersion: v2\nname: web\nversion: 1.0.0\n';

/** Which environments changes of those files select, by name, after some of them were deleted. */
async function selected(root: string, paths: readonly string[], cwd = root): Promise<string[]> {
  const sources = new SourceFiles(cwd);
  const file = findConfig(cwd);
  const config = file === undefined ? undefined : await loadConfig(file, { cwd, sources, ruleIds: async () => [] });
  const environments = config?.environments.length
    ? config.environments
    : (await discover([cwd], { cwd, sources, exclude: [] })).environments;
  const absolute = paths.map((path) => `${join(root, path)}`);
  return affected(environments, absolute, { cwd, sources, settings: file ? [file] : [], configSought: true }).map(
    ({ name }) => name,
  );
}

function remove(root: string, ...paths: string[]): void {
  for (const path of paths) rmSync(join(root, path), { recursive: true });
}

function link(root: string, path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

const overlays = () => ({
  'README.md': '# how to\n',
  'base/kustomization.yaml': 'resources: [web.yaml]\nconfigMapGenerator: [{ name: settings, files: [app.conf] }]\n',
  'base/web.yaml': CONFIG_MAP('web'),
  'base/app.conf': 'a = 1\n',
  'base/README.md': '# base\n',
  'base/forgotten.yaml': CONFIG_MAP('forgotten'),
  'base/deep/forgotten.yaml': CONFIG_MAP('forgotten'),
  'base/values.yaml': 'a: 1\n',
  'base/web.example.yaml': CONFIG_MAP('web'),
  'base/chart/forgotten.yaml': CONFIG_MAP('forgotten'),
  'base/chart/Chart.yaml': 'apiVersion: v2\nname: library\nversion: 1.0.0\ntype: library\n',
  'overlays/dev/kustomization.yaml': 'resources: [../../base]\npatches: [{ path: patch.yaml }]\n',
  'overlays/dev/patch.yaml': CONFIG_MAP('web'),
  'overlays/prod/kustomization.yaml':
    'resources: [../../base]\ncomponents: [../../components/tls]\nhelmCharts: [{ name: cache, valuesFile: cache.yaml }]\n',
  'overlays/prod/cache.yaml': 'a: 1\n',
  'overlays/prod/charts/cache/Chart.yaml': CHART,
  'overlays/prod/charts/cache/README.md': '# chart\n',
  'overlays/prod/charts/cache/templates/a.yaml': CONFIG_MAP('cache'),
  'overlays/prod/charts/other/Chart.yaml': CHART,
  'components/tls/kustomization.yaml':
    'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [tls.yaml]\n',
  'components/tls/tls.yaml': CONFIG_MAP('tls'),
  'docs/readme-generator/kustomization.yaml': 'configMapGenerator: [{ name: docs, files: [page=page.md] }]\n',
  'docs/readme-generator/page.md': '# page\n',
});
const DEV = 'overlays/dev';
const PROD = 'overlays/prod';
const DOCS = 'docs/readme-generator';

describe('what is found without a configuration', () => {
  it.each<[string, string[]]>([
    ['README.md', []],
    ['base/README.md', []],
    // What no kustomization lists is told of the one that it lies below.
    ['base/forgotten.yaml', [DEV, PROD]],
    ['base/deep/forgotten.yaml', [DEV, PROD]],
    ['base/values.yaml', []],
    ['base/web.example.yaml', []],
    ['base/chart/forgotten.yaml', []],
    ['base/gone.yaml', []],
    ['base/web.yaml', [DEV, PROD]],
    ['base/app.conf', [DEV, PROD]],
    ['base/kustomization.yaml', [DEV, PROD]],
    ['base', [DEV, PROD]],
    ['overlays/dev/patch.yaml', [DEV]],
    ['overlays/dev/kustomization.yaml', [DEV]],
    ['overlays/prod/cache.yaml', [PROD]],
    ['overlays/prod/charts/cache/templates/a.yaml', [PROD]],
    ['overlays/prod/charts/cache/README.md', []],
    ['overlays/prod/charts/other/Chart.yaml', []],
    ['overlays', [DEV, PROD]],
    ['components/tls/tls.yaml', [PROD]],
    ['docs/readme-generator/page.md', [DOCS]],
    ['.', [DOCS, DEV, PROD]],
    ['../elsewhere.yaml', []],
    ['no/such/file.yaml', []],
    ['base/caf\ufffd.yaml', []],
    ['README.md/below-a-file', []],
  ])('%s is changed', async (path, expected) => {
    expect(await selected(tree(overlays()), [path])).toEqual(expected);
  });

  it('selects by any of several files', async () => {
    expect(await selected(tree(overlays()), ['README.md', 'overlays/dev/patch.yaml', `${DOCS}/page.md`])).toEqual([
      DOCS,
      DEV,
    ]);
    expect(await selected(tree(overlays()), [])).toEqual([]);
  });

  it.each<[string[], string[]]>([
    [['README.md'], []],
    [['base/README.md'], []],
    [['base/web.yaml'], [DEV, PROD]],
    [['base/forgotten.yaml'], []],
    // The manifests beside it belong to the base now.
    [['base/chart/Chart.yaml'], [DEV, PROD]],
    [['base/app.conf'], [DEV, PROD]],
    [['overlays/dev/patch.yaml'], [DEV]],
    [['components/tls/tls.yaml'], [PROD]],
    // What it held lies there by itself.
    [['components/tls/kustomization.yaml'], ['components/tls', PROD]],
    [['components/tls/kustomization.yaml', 'components/tls/tls.yaml'], [PROD]],
    [['base/kustomization.yaml'], ['base', 'base/deep', DEV, PROD]],
    [['overlays/prod/cache.yaml'], [PROD]],
    [['overlays/prod/charts/cache/templates/a.yaml'], [PROD]],
    [['overlays/prod/charts/cache/README.md'], []],
    [['overlays/prod/charts/cache/Chart.yaml', 'overlays/prod/charts/cache/templates/a.yaml'], [PROD]],
    [['overlays/dev/kustomization.yaml', 'overlays/dev/patch.yaml'], []],
  ])('%j are deleted', async (paths, expected) => {
    const root = tree(overlays());
    remove(root, ...paths);
    expect(await selected(root, paths)).toEqual(expected);
  });

  it('notices a base that is gone as a whole, and a name that kustomize looks for', async () => {
    const root = tree(overlays());
    remove(root, 'base');
    expect(await selected(root, ['base/kustomization.yaml', 'base/web.yaml'])).toEqual([DEV, PROD]);
    const unlinked = tree(overlays());
    remove(unlinked, 'overlays/prod/charts/cache');
    expect(await selected(unlinked, ['overlays/prod/charts/cache'])).toEqual([PROD]);
    remove(unlinked, 'overlays/prod/charts');
    expect(await selected(unlinked, ['overlays/prod/charts/'])).toEqual([PROD]);
    const renamed = tree({ ...overlays(), 'base/Kustomization': 'resources: [web.yaml]\n' });
    remove(renamed, 'base/kustomization.yaml');
    expect(await selected(renamed, ['base/kustomization.yaml'])).toEqual([DEV, PROD]);
  });

  it('takes all plain manifests of a directory together, the deleted, the emptied and the contradicting', async () => {
    const files = {
      'app/web.yaml': CONFIG_MAP('web'),
      'app/db.yaml': CONFIG_MAP('db'),
      'app/values.yaml': 'a: 1\n',
      'app/empty.yaml': '# nothing\n',
      'app/README.md': '',
      'other/web.yaml': CONFIG_MAP('web'),
      'variants/dev.yaml': `${CONFIG_MAP('web')}data: { a: dev }\n`,
      'variants/prod.yaml': `${CONFIG_MAP('web')}data: { a: prod }\n`,
      'variants/below/web.yaml': CONFIG_MAP('web'),
    };
    const root = tree(files);
    const variants = ['variants/dev.yaml', 'variants/prod.yaml'];
    expect(await selected(root, ['app/web.yaml'])).toEqual(['app']);
    expect(await selected(root, ['app/gone.yaml'])).toEqual(['app']);
    expect(await selected(root, ['app/gone.md', 'app/README.md', 'app/values.yaml', 'app/below/gone.yaml'])).toEqual(
      [],
    );
    expect(await selected(root, ['app/empty.yaml'])).toEqual(['app']);
    expect(await selected(root, ['variants/dev.yaml'])).toEqual(variants);
    // What a kustomization or a chart held lies there by itself.
    expect(await selected(root, ['variants/kustomization.yaml'])).toEqual(['variants/below', ...variants]);
    expect(await selected(root, ['app/Chart.yaml'])).toEqual(['app']);
  });

  it('knows what of a chart helm reads', async () => {
    const files = (template: string) => ({
      'web/Chart.yaml': CHART,
      'web/values.yaml': 'a: 1\n',
      'web/README.md': '# chart\n',
      'web/LICENSE': '',
      'web/config/app.conf': 'a = 1\n',
      'web/templates/a.yaml': template,
      'web/templates/NOTES.txt': 'hello\n',
      'web/charts/sub/Chart.yaml': CHART.replace('web', 'sub'),
      'web/charts/sub/README.md': '# sub\n',
      'web/charts/sub/templates/b.yaml': CONFIG_MAP('b'),
      'web/ci/README.md': '# ci\n',
    });
    const plain = tree(files(CONFIG_MAP('a')));
    for (const path of ['README.md', 'LICENSE', 'config/app.conf', 'ci/README.md', 'charts/sub/README.md', 'gone.md']) {
      expect([path, await selected(plain, [`web/${path}`])]).toEqual([path, []]);
    }
    for (const path of [
      'Chart.yaml',
      'Chart.lock',
      'values.yaml',
      'values.schema.json',
      '.helmignore',
      'templates/a.yaml',
      'templates/NOTES.txt',
      'templates/gone.tpl',
      'crds/gone.yaml',
      'charts/gone-1.0.0.tgz',
      'charts/gone/',
      'charts/sub/Chart.yaml',
      'charts/sub/templates/gone.yaml',
      'ci/gone-values.yaml',
    ]) {
      expect([path, await selected(plain, [`web/${path}`])]).toEqual([path, ['web']]);
    }
    const asking = tree(files('a: {{ .Files.Get "config/app.conf" }}\n'));
    expect(await selected(asking, ['web/config/app.conf'])).toEqual(['web']);
    expect(await selected(asking, ['web/config/gone.conf'])).toEqual(['web']);
    // Nobody looks into archives, and values may hold templates too.
    const packed = tree({ ...files(CONFIG_MAP('a')), 'web/charts/library-1.0.0.tgz': '' });
    expect(await selected(packed, ['web/README.md'])).toEqual(['web']);
    const values = { 'web/ci/a-values.yaml': 'a: \'{{ .Files.Get "README.md" }}\'\n' };
    expect(await selected(tree({ ...files(CONFIG_MAP('a')), ...values }), ['web/README.md'])).toEqual([
      'web (ci/a-values.yaml)',
    ]);
  });

  it('takes a chart with its values of ci for one environment each', async () => {
    const root = tree({
      'web/Chart.yaml': CHART,
      'web/templates/a.yaml': CONFIG_MAP('a'),
      'web/ci/a-values.yaml': 'a: 1\n',
      'web/ci/b-values.yaml': 'a: 2\n',
    });
    expect(await selected(root, ['web/ci/a-values.yaml'])).toEqual(['web (ci/a-values.yaml)']);
    expect(await selected(root, ['web/ci/gone-values.yaml'])).toEqual([]);
    expect(await selected(root, ['web/Chart.yaml'])).toEqual(['web (ci/a-values.yaml)', 'web (ci/b-values.yaml)']);
  });

  it('follows links: the link, what it leads to, and files below a link to a directory', async () => {
    const root = tree({
      'shared/web.yaml': CONFIG_MAP('web'),
      'shared/kustomization.yaml': 'resources: [web.yaml]\n',
      'shared/README.md': '',
      'conf/app.conf': 'a\n',
      'prod/kustomization.yaml': 'resources: [../base]\nconfigMapGenerator: [{ name: a, files: [app.conf] }]\n',
      'chart/Chart.yaml': CHART,
      'parts/a.yaml': CONFIG_MAP('a'),
    });
    link(root, 'base', 'shared');
    link(root, 'prod/app.conf', '../conf/app.conf');
    link(root, 'chart/templates', '../parts');
    link(root, 'alias', 'conf/app.conf');
    expect(await selected(root, ['base'])).toEqual(['prod']);
    expect(await selected(root, ['base/web.yaml'])).toEqual(['prod']);
    expect(await selected(root, ['shared/web.yaml'])).toEqual(['prod']);
    expect(await selected(root, ['shared/README.md'])).toEqual([]);
    expect(await selected(root, ['prod/app.conf'])).toEqual(['prod']);
    expect(await selected(root, ['conf/app.conf'])).toEqual(['prod']);
    expect(await selected(root, ['alias'])).toEqual(['prod']);
    expect(await selected(root, ['parts/a.yaml'])).toEqual(['chart', 'parts']);
    expect(await selected(root, ['parts/gone.tpl'])).toEqual(['chart']);
    remove(root, 'shared/web.yaml');
    expect(await selected(root, ['shared/web.yaml'])).toEqual(['prod']);
    const dangling = tree({ 'a/kustomization.yaml': 'resources: [web.yaml]\n' });
    link(dangling, 'a/web.yaml', '../gone/web.yaml');
    expect(await selected(dangling, ['gone/web.yaml'])).toEqual(['a']);
    link(dangling, 'b/sub', 'gone');
    writeFileSync(join(dangling, 'b/kustomization.yaml'), 'resources: [sub/web.yaml]\n');
    expect(await selected(dangling, ['b/sub'])).toEqual(['b']);
    link(dangling, 'circle/a', 'b');
    link(dangling, 'circle/b', 'a');
    expect(await selected(dangling, ['circle/a', 'circle/a/b'])).toEqual([]);
  });

  it('takes a directory that changed, such as a submodule, for all below it', async () => {
    const root = tree(overlays());
    expect(await selected(root, ['components'])).toEqual([PROD]);
    remove(root, 'components');
    expect(await selected(root, ['components/'])).toEqual([PROD]);
  });
});

describe('the environments of a k8s-lint.yaml', () => {
  const configured = () => ({
    'k8s-lint.yaml': `
environments:
  dev:
    targets:
      - kustomize: overlays/dev
      - manifests: ["policies/**/*.yaml", extra]
    existing: [cluster/dev, "facts/*.yaml"]
  prod:
    targets:
      - kustomize: "apps/*"
      - helm: { chart: "charts/*", values: ["values/*.yaml"] }
    existing: [cluster/prod/nodes.yaml]
`,
    'overlays/dev/kustomization.yaml': 'resources: [../../base]\n',
    'base/kustomization.yaml': 'resources: [web.yaml]\n',
    'base/web.yaml': CONFIG_MAP('web'),
    'policies/a/a.yaml': CONFIG_MAP('a'),
    'extra/deep/b.yml': CONFIG_MAP('b'),
    'extra/submodule/': '',
    'extra/dashboard.json': '{}',
    'cluster/dev/nodes.yaml': CONFIG_MAP('n'),
    'cluster/prod/nodes.yaml': CONFIG_MAP('n'),
    'facts/f.yaml': CONFIG_MAP('f'),
    'apps/one/kustomization.yaml': 'resources: [one.yaml]\n',
    'apps/one/one.yaml': CONFIG_MAP('one'),
    'charts/web/Chart.yaml': CHART,
    'charts/web/templates/a.yaml': CONFIG_MAP('a'),
    'values/prod.yaml': 'a: 1\n',
    'README.md': '',
  });

  it.each<[string, string[]]>([
    ['k8s-lint.yaml', ['dev', 'prod']],
    ['base/web.yaml', ['dev']],
    ['policies/a/a.yaml', ['dev']],
    ['extra/deep/b.yml', ['dev']],
    ['cluster/dev/nodes.yaml', ['dev']],
    ['cluster/prod/nodes.yaml', ['prod']],
    ['cluster', ['dev', 'prod']],
    ['apps/one/one.yaml', ['prod']],
    ['charts/web/templates/a.yaml', ['prod']],
    ['values/prod.yaml', ['prod']],
    ['README.md', []],
    // What isn't there any more.
    ['policies/gone.yaml', ['dev']],
    ['policies/deep/er/gone.yaml', ['dev']],
    ['policies/gone.txt', []],
    ['policies/gone.yml', []],
    ['policies/gone/kustomization.yaml', []],
    ['extra/gone.json', ['dev']],
    ['extra/dashboard.json', []],
    ['extra/submodule', ['dev']],
    ['extra/gone.md', []],
    ['cluster/dev/gone.yaml', ['dev']],
    ['cluster/gone.yaml', []],
    ['cluster/prod/gone.yaml', []],
    ['facts/gone.yaml', ['dev']],
    ['facts/deep/gone.yaml', []],
    ['apps/gone/kustomization.yaml', ['prod']],
    ['apps/gone/Kustomization', ['prod']],
    ['apps/gone/web.yaml', []],
    ['overlays/dev/gone/kustomization.yaml', []],
    ['apps/deep/gone/kustomization.yaml', []],
    ['charts/gone/Chart.yaml', ['prod']],
    ['charts/gone.tgz', ['prod']],
    ['charts/gone/values.yaml', []],
    ['charts/README.md', []],
    ['values/gone.yaml', ['prod']],
    ['values/gone.json', []],
    ['apps/submodule/', ['prod']],
    ['elsewhere/', []],
    ['nested/k8s-lint.yaml', []],
  ])('%s is changed', async (path, expected) => {
    expect(await selected(tree(configured()), [path])).toEqual(expected);
  });

  it('compares a glob from where a link leads', async () => {
    const root = tree(configured());
    remove(root, 'policies');
    writeFileSync(join(root, 'outside.yaml'), '');
    mkdirSync(join(root, 'real/a'), { recursive: true });
    writeFileSync(join(root, 'real/a/a.yaml'), CONFIG_MAP('a'));
    link(root, 'policies', 'real');
    expect(await selected(root, ['real/gone.yaml'])).toEqual(['dev']);
    expect(await selected(root, ['policies/gone.yaml'])).toEqual(['dev']);
    expect(await selected(root, ['policies'])).toEqual(['dev']);
    remove(root, 'extra');
    writeFileSync(join(root, 'real/a/a.yml'), CONFIG_MAP('a'));
    link(root, 'extra', 'real/a');
    expect(await selected(root, ['real/a/gone.yml'])).toEqual(['dev']);
  });

  it('selects all where the k8s-lint.yaml that was nearer is gone', async () => {
    const root = tree({ ...configured(), '.git/': '', 'team/a.yaml': '' });
    expect(await selected(root, ['team/k8s-lint.yaml'], join(root, 'team'))).toEqual(['dev', 'prod']);
    expect(await selected(root, ['other/k8s-lint.yaml'], join(root, 'team'))).toEqual([]);
    writeFileSync(
      join(root, 'team/k8s-lint.yaml'),
      'environments: { own: { targets: [{ manifests: [../base/web.yaml] }] } }\n',
    );
    expect(await selected(root, ['k8s-lint.yaml'], join(root, 'team'))).toEqual([]);
  });
});

/** What the tools print for the targets of an environment, or that they refuse. */
async function rendering({ targets }: Environment): Promise<string[]> {
  const { kubectl, helm } = await pinned('v35');
  return Promise.all(
    targets.flatMap(async (target) => {
      if (target.type === 'manifests') return target.files.map((file) => readFileSync(file, 'utf8')).join();
      const [command, args]: [string, string[]] =
        target.type === 'kustomize'
          ? [kubectl, ['kustomize', target.directory]]
          : [helm, ['template', target.release, target.chart, ...target.values.flatMap((file) => ['--values', file])]];
      const result = await run(command, args, { cwd: tmpdir(), timeout: 60_000 });
      return result.kind === 'ok' ? result.stdout : result.kind;
    }),
  );
}

describe('what is not selected', () => {
  it.each(['devex', 'oli'])('renders as before: %s', async (project) => {
    const before = fileURLToPath(new URL(`../fixtures/projects/${project}/broken`, import.meta.url));
    const files = Object.keys(readTree(before)).filter((file) => file !== 'k8s-lint.yaml');
    const load = async (root: string) => {
      const context = { cwd: root, sources: new SourceFiles(root) };
      return (await loadConfig(join(root, 'k8s-lint.yaml'), context)).environments;
    };
    const root = tree(readTree(before));
    const environments = await load(root);
    const wanted = await Promise.all(environments.map(rendering));
    const context = { cwd: root, settings: [], configSought: true };
    let compared = 0;
    for (const [i, file] of files.entries()) {
      const text = readFileSync(join(root, file), 'utf8');
      rmSync(join(root, file));
      const hit = affected(environments, [join(root, file)], { ...context, sources: new SourceFiles(root) });
      const others = environments.filter((environment) => !hit.includes(environment));
      // One of them each time: all that is deleted is tried, against every environment in turn.
      const other = others[i % Math.max(others.length, 1)];
      if (other) {
        compared++;
        expect([file, other.name, await rendering(other)]).toEqual([
          file,
          other.name,
          wanted[environments.indexOf(other)],
        ]);
      }
      writeFileSync(join(root, file), text);
    }
    expect(compared).toBeGreaterThan(5);
  });
});
