import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf, isArchive, isChart, readChart } from '../src/render/helm/chart.ts';
import { SourceFiles } from '../src/source.ts';
import { shopFiles } from './helm-targets.ts';
import { tree } from './tree.ts';

describe('readChart', () => {
  it('tells what a chart holds and what it lacks', () => {
    const root = tree({
      'app/Chart.yaml': [
        'apiVersion: v2',
        'name: shop',
        'version: 1.0.0',
        'kubeVersion: ">=1.25"',
        'dependencies:',
        '  - { name: redis, version: 1.0.0, repository: "https://charts.example.com", condition: redis.enabled }',
        '  - not a dependency',
        '  - { name: worker, version: 0.1.0, alias: mailer, repository: "file://./charts/worker" }',
        '  - { name: worker, version: 0.1.0, alias: biller, repository: "file://./charts/worker" }',
        '  - { name: postgres-ha, version: 1.0.0, repository: "oci://registry.example.com" }',
        '  - { name: postgres, version: 1.0.0, repository: "oci://registry.example.com" }',
        '  - { name: vendored, version: 1.0.0, repository: "@stable" }',
      ].join('\n'),
      'app/charts/worker-directory/Chart.yaml': 'apiVersion: v2\nname: worker\nversion: 0.1.0\ntype: library\n',
      'app/charts/vendored/Chart.yaml': 'apiVersion: v2\nname: vendored\nversion: 1.0.0\n',
      'app/charts/handmade/Chart.yaml': 'apiVersion: v2\nname: handmade\nversion: 1.0.0\n',
      'app/charts/postgres-ha-1.0.0.tgz': '',
      'app/charts/README.md': '',
      'app/charts/_ignored/Chart.yaml': 'name: ignored\n',
      'app/ci/b-values.yaml': '',
      'app/ci/a-values.yaml': '',
      'app/ci/values.yaml': '',
    });
    const chart = readChart(join(root, 'app'), new SourceFiles(root));
    const shown = {
      ...chart,
      directory: relative(root, chart.directory),
      dependencyFile: relative(root, chart.dependencyFile),
      archives: chart.archives.map((file) => relative(root, file)),
      ciValues: chart.ciValues.map((file) => relative(root, file)),
      dependencies: chart.dependencies.map(({ index, name, alias }) => `${index} ${name} ${alias ?? ''}`.trim()),
      subcharts: chart.subcharts.map(({ chart: { name, library }, names, thirdParty }) => ({
        name,
        library,
        names,
        thirdParty,
      })),
    };
    expect(shown).toEqual({
      directory: 'app',
      name: 'shop',
      library: false,
      kubeVersion: '>=1.25',
      dependencies: ['0 redis', '2 worker mailer', '3 worker biller', '4 postgres-ha', '5 postgres', '6 vendored'],
      dependencyFile: 'app/Chart.yaml',
      missingDependencies: ['redis', 'postgres'],
      subcharts: [
        { name: 'handmade', library: false, names: ['handmade'], thirdParty: false },
        { name: 'vendored', library: false, names: ['vendored'], thirdParty: true },
        { name: 'worker', library: true, names: ['mailer', 'biller'], thirdParty: false },
      ],
      archives: ['app/charts/postgres-ha-1.0.0.tgz'],
      ciValues: ['app/ci/a-values.yaml', 'app/ci/b-values.yaml'],
    });
  });

  it.each([
    ['is no YAML', 'a: b\n c: d\n'],
    ['is a list', '- a\n'],
    ['holds the wrong types', 'name: [a]\ntype: 3\nkubeVersion: 1\ndependencies: { a: b }\n'],
    ['is empty', ''],
  ])('makes do with a Chart.yaml that %s', (_, text) => {
    const root = tree({ 'app/Chart.yaml': text });
    const { name, library, kubeVersion, dependencies } = readChart(join(root, 'app'), new SourceFiles(root));
    expect({ name, library, kubeVersion, dependencies }).toEqual({
      name: 'app',
      library: false,
      kubeVersion: undefined,
      dependencies: [],
    });
  });

  it('ends where charts lead back to themselves', () => {
    const root = tree({ 'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 0.1.0\n', 'app/charts/': '' });
    symlinkSync(join(root, 'app'), join(root, 'app/charts/self'));
    expect(readChart(join(root, 'app'), new SourceFiles(root)).subcharts.length).toBe(1);
  });
});

it('isChart and isArchive look at what is there', () => {
  const root = tree({ 'app/Chart.yaml': '', 'other/Chart.yaml/': '', 'app.tgz': '', 'dir.tgz/': '', 'x.tar.gz': '' });
  expect(['app', 'other', 'nope', 'app.tgz'].filter((name) => isChart(join(root, name)))).toEqual(['app']);
  expect(['app', 'app.tgz', 'dir.tgz', 'x.tar.gz', 'nope.tgz'].filter((name) => isArchive(join(root, name)))).toEqual([
    'app.tgz',
    'x.tar.gz',
  ]);
});

describe('filesOf', () => {
  it('lists all that a target reads', async () => {
    const files = shopFiles();
    const root = tree({ ...files, 'prod.yaml': '', 'shop/.git/HEAD': '' });
    symlinkSync(join(root, 'shop'), join(root, 'shop/files/loop'));
    const target = { type: 'helm', name: 'shop', chart: join(root, 'shop'), release: 'shop' } as const;
    const found = await filesOf({ ...target, values: [join(root, 'prod.yaml')] });
    expect(found.map((file) => relative(root, file))).toEqual([...Object.keys(files), 'prod.yaml'].sort());
  });

  it('lists an archive as it is', async () => {
    const root = tree({ 'shop-1.0.0.tgz': '' });
    const chart = join(root, 'shop-1.0.0.tgz');
    expect(await filesOf({ type: 'helm', name: 'shop', chart, release: 'shop', values: [] })).toEqual([chart]);
  });
});
