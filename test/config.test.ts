import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { ConfigError, findConfig } from '../src/config/config.ts';
import { loadConfig } from '../src/config/load.ts';
import { selectEnvironments } from '../src/config/select.ts';
import { yaml } from '../src/rule.ts';
import { SourceFiles } from '../src/source.ts';
import { UsageError } from '../src/usage-error.ts';
import { readYaml } from '../src/yaml.ts';
import { tree } from './tree.ts';

const ruleIds = async () => ['image-tag-latest', 'reference-missing', 'schema-invalid'];
const KUSTOMIZATION = 'resources: [cm.yaml]\n';
const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n';
const CHART = 'apiVersion: v2\nname: web\nversion: 1.0.0\n';

const repository = {
  '.git/HEAD': 'ref: refs/heads/main\n',
  'overlays/dev/kustomization.yaml': KUSTOMIZATION,
  'overlays/dev/cm.yaml': CONFIG_MAP,
  'overlays/prod/kustomization.yml': KUSTOMIZATION,
  'overlays/prod/cm.yaml': CONFIG_MAP,
  'overlays/README.md': 'not a kustomization\n',
  'charts/web/Chart.yaml': CHART,
  'charts/web/values.yaml': 'a: 1\n',
  'charts/web/templates/cm.yaml': CONFIG_MAP,
  'values/a.yaml': 'a: 1\n',
  'values/b.yaml': 'a: 2\n',
  'k8s/cm.yaml': CONFIG_MAP,
  'k8s/nested/cm.yml': CONFIG_MAP,
  'k8s/package.json': '{"name": "x"}\n',
  'k8s/cm.json': '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}\n',
  'k8s/kustomization.yaml': KUSTOMIZATION,
  'cluster/nodes.yaml': 'apiVersion: v1\nkind: NodeList\nitems: []\n',
};

async function load(config: string, files: Record<string, string> = {}) {
  const root = tree({ ...repository, ...files, 'k8s-lint.yaml': config });
  return { root, config: await loadAt(root, root) };
}

async function loadAt(root: string, cwd: string) {
  return loadConfig(join(root, 'k8s-lint.yaml'), { cwd, sources: new SourceFiles(cwd), ruleIds });
}

/** What is wrong with a k8s-lint.yaml, as `line:column message`. */
async function mistakes(config: string, files: Record<string, string> = {}): Promise<string[]> {
  try {
    await load(config, files);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.mistakes.map(({ message, location: { file, line, column } }) => {
      expect(file).toBe('k8s-lint.yaml');
      return `${line ?? '-'}:${column ?? '-'} ${message}`;
    });
  }
}

describe('a k8s-lint.yaml', () => {
  it('names targets, what exists, levels and ignores', async () => {
    const { root, config } = await load(yaml`
      environments:
        prod:
          kubernetesVersion: "1.30"
          existing: [cluster]
          targets:
            - { kustomize: overlays/prod, enableHelm: true, loadRestrictor: LoadRestrictionsNone, namespace: web }
            - helm:
                chart: charts/web
                release: web-prod
                namespace: web
                values: [values/b.yaml, values/a.yaml]
                set: { image: { tag: null } }
                apiVersions: [monitoring.coreos.com/v1]
            - manifests: [k8s]
              namespace: other
        dev:
          targets:
            - kustomize: overlays/dev/kustomization.yaml
            - helm: { chart: charts/web/Chart.yaml }
      rules:
        image-tag-latest: off
        reference-missing: info
      ignore:
        - rule: schema-invalid
          file: k8s/**
          resource: Config*/a
          reason: because
          until: 2026-12-31
        - { rule: image-tag-latest, reason: ok }
    `);
    const at = (line: number, column: number) => ({ file: 'k8s-lint.yaml', line, column });
    expect(config).toEqual({
      file: join(root, 'k8s-lint.yaml'),
      environments: [
        {
          name: 'prod',
          configured: true,
          kubernetesVersion: '1.30',
          existing: [join(root, 'cluster/nodes.yaml')],
          patterns: [
            { text: 'cluster', wanted: 'manifests', directory: root },
            { text: 'overlays/prod', wanted: 'kustomization', directory: root },
            { text: 'charts/web', wanted: 'chart', directory: root },
            { text: 'values/b.yaml', wanted: 'values', directory: root },
            { text: 'values/a.yaml', wanted: 'values', directory: root },
            { text: 'k8s', wanted: 'manifests', directory: root },
          ],
          targets: [
            {
              type: 'kustomize',
              name: 'overlays/prod',
              directory: join(root, 'overlays/prod'),
              enableHelm: true,
              loadRestrictor: 'LoadRestrictionsNone',
              namespace: 'web',
              location: at(6, 22),
            },
            {
              type: 'helm',
              name: 'charts/web (release web-prod)',
              chart: join(root, 'charts/web'),
              release: 'web-prod',
              namespace: 'web',
              values: [join(root, 'values/b.yaml'), join(root, 'values/a.yaml')],
              set: { image: { tag: null } },
              setLocation: { file: 'k8s-lint.yaml', path: ['environments', 'prod', 'targets', 1, 'helm', 'set'] },
              apiVersions: ['monitoring.coreos.com/v1'],
              location: at(8, 18),
            },
            {
              type: 'manifests',
              name: 'k8s',
              files: ['k8s/cm.json', 'k8s/cm.yaml', 'k8s/nested/cm.yml'].map((file) => join(root, file)),
              namespace: 'other',
              location: at(14, 21),
            },
          ],
        },
        {
          name: 'dev',
          configured: true,
          existing: [],
          patterns: [
            { text: 'overlays/dev/kustomization.yaml', wanted: 'kustomization', directory: root },
            { text: 'charts/web/Chart.yaml', wanted: 'chart', directory: root },
          ],
          targets: [
            {
              type: 'kustomize',
              name: 'overlays/dev',
              directory: join(root, 'overlays/dev'),
              location: at(18, 20),
            },
            {
              type: 'helm',
              name: 'charts/web (release web)',
              chart: join(root, 'charts/web'),
              release: 'web',
              namespace: 'default',
              values: [],
              location: at(19, 24),
            },
          ],
        },
      ],
      rules: new Map([
        ['image-tag-latest', 'off'],
        ['reference-missing', 'info'],
      ]),
      ignores: [
        {
          rule: 'schema-invalid',
          file: 'k8s/**',
          resource: 'Config*/a',
          reason: 'because',
          until: '2026-12-31',
          location: at(24, 11),
          untilLocation: at(28, 12),
        },
        { rule: 'image-tag-latest', reason: 'ok', location: at(29, 13) },
      ],
    });
  });

  it.each(['', '# nothing yet\n', '---\n', 'environments:\nrules:\nignore:\n', 'environments: {}\n'])(
    'may leave everything out: %j',
    async (text) => {
      const { root, config } = await load(text);
      expect(config).toEqual({
        file: join(root, 'k8s-lint.yaml'),
        environments: [],
        rules: new Map(),
        ignores: [],
      });
    },
  );

  it('takes null for absent where a key may be left out', async () => {
    expect(
      await mistakes(yaml`
        environments:
          prod:
            existing:
            kubernetesVersion:
            targets:
              - kustomize: overlays/prod
                namespace:
              - helm: { chart: charts/web, values: , set: , release: }
      `),
    ).toEqual([]);
  });

  it('names places relative to the working directory', async () => {
    const root = tree({
      ...repository,
      'k8s-lint.yaml':
        'environments: { prod: { targets: [{ kustomize: overlays/* }, { manifests: ["k8s/*.yaml"] }] } }\n',
    });
    const { environments } = await loadAt(root, join(root, 'k8s'));
    expect(environments[0]?.targets.map(({ name, location }) => [name, location?.file])).toEqual([
      ['../overlays/dev', '../k8s-lint.yaml'],
      ['../overlays/prod', '../k8s-lint.yaml'],
      ['../k8s/*.yaml', '../k8s-lint.yaml'],
    ]);
  });
});

describe('paths and globs', () => {
  const targetsOf = async (targets: string, files: Record<string, string> = {}) => {
    const { root, config } = await load(`environments: { prod: { targets: ${targets} } }\n`, files);
    return config.environments[0]?.targets.map((target) => ({
      name: target.name,
      ...(target.type === 'manifests' ? { files: target.files.map((file) => file.slice(root.length + 1)) } : {}),
      ...(target.type === 'helm' ? { values: target.values.map((file) => file.slice(root.length + 1)) } : {}),
    }));
  };

  it('make a target of each kustomization that a glob matches', async () => {
    expect(await targetsOf('[{ kustomize: overlays/* }]')).toEqual([
      { name: 'overlays/dev' },
      { name: 'overlays/prod' },
    ]);
    expect(await targetsOf('[{ kustomize: "./overlays/{dev,stage}/" }]')).toEqual([{ name: 'overlays/dev' }]);
    expect(await targetsOf('[{ kustomize: overlays/*/kustomization.y*ml }]')).toEqual([
      { name: 'overlays/dev' },
      { name: 'overlays/prod' },
    ]);
  });

  it('make a target of each chart that a glob matches, and one of what two entries name', async () => {
    expect(await targetsOf('[{ helm: { chart: charts/* } }, { helm: { chart: charts/web } }]')).toEqual([
      { name: 'charts/web (release web)', values: [] },
    ]);
  });

  it('make none of Components and library charts, unless these are named', async () => {
    const files = {
      'parts/component/kustomization.yaml': 'kind: Component\n',
      'overlays/part/kustomization.yaml': 'kind: Component\n',
      'charts/lib/Chart.yaml': 'name: lib\ntype: library\n',
      'libs/lib/Chart.yaml': 'name: lib\ntype: library\n',
    };
    expect(await targetsOf('[{ kustomize: "overlays/*" }, { helm: { chart: "charts/*" } }]', files)).toEqual([
      { name: 'overlays/dev' },
      { name: 'overlays/prod' },
      { name: 'charts/web (release web)', values: [] },
    ]);
    expect(await targetsOf('[{ kustomize: overlays/part }, { helm: { chart: charts/lib } }]', files)).toEqual([
      { name: 'overlays/part' },
      { name: 'charts/lib (release lib)', values: [] },
    ]);
    const targets = '[{ kustomize: "parts/*" }, { helm: { chart: "libs/*" } }]';
    expect(await mistakes(`environments: { prod: { targets: ${targets} } }\n`, files)).toEqual([
      '1:48 matches nothing but Components, which have to be part of something',
      '1:78 matches nothing but library charts, which have to be part of something',
    ]);
  });

  it('number targets that would have one name', async () => {
    expect(
      await targetsOf('[{ helm: { chart: charts/web, namespace: a } }, { helm: { chart: charts/web, namespace: b } }]'),
    ).toEqual([
      { name: 'charts/web (release web)', values: [] },
      { name: 'charts/web (release web) (2)', values: [] },
    ]);
  });

  it('name a release after its chart, as helm accepts it', async () => {
    const name = `My_Chart.${'x'.repeat(60)}`;
    const [target] =
      (await targetsOf('[{ helm: { chart: other } }]', { 'other/Chart.yaml': `name: ${name}\nversion: 1.0.0\n` })) ??
      [];
    expect(target?.name).toBe(`other (release my-chart-${'x'.repeat(44)})`);
    expect(
      await targetsOf('[{ helm: { chart: vendor/cert-manager-v1.2.3.tgz } }]', {
        'vendor/cert-manager-v1.2.3.tgz': '',
      }),
    ).toEqual([{ name: 'vendor/cert-manager-v1.2.3.tgz (release cert-manager)', values: [] }]);
  });

  it('keep the order of values files, and sort what a glob matches', async () => {
    expect(await targetsOf('[{ helm: { chart: charts/web, values: [charts/web/values.yaml, values/*] } }]')).toEqual([
      {
        name: 'charts/web (release web)',
        values: ['charts/web/values.yaml', 'values/a.yaml', 'values/b.yaml'],
      },
    ]);
  });

  it('take what is written literally before what it means as a glob', async () => {
    expect(
      await targetsOf('[{ kustomize: "apps/[a]" }]', {
        'apps/[a]/kustomization.yaml': KUSTOMIZATION,
        'apps/a/kustomization.yaml': KUSTOMIZATION,
      }),
    ).toEqual([{ name: 'apps/[a]' }]);
  });

  it('leave out kustomizations, other JSON, dependencies, hidden files and this file itself', async () => {
    expect(
      await targetsOf('[{ manifests: ["**/*.{yaml,yml,json}"] }]', {
        'node_modules/x/cm.yaml': CONFIG_MAP,
        '.hidden/cm.yaml': CONFIG_MAP,
      }),
    ).toEqual([
      {
        name: '**/*.{yaml,yml,json}',
        files: [
          'charts/web/Chart.yaml',
          'charts/web/templates/cm.yaml',
          'charts/web/values.yaml',
          'cluster/nodes.yaml',
          'k8s/cm.json',
          'k8s/cm.yaml',
          'k8s/nested/cm.yml',
          'overlays/dev/cm.yaml',
          'overlays/prod/cm.yaml',
          'values/a.yaml',
          'values/b.yaml',
        ],
      },
    ]);
  });

  it('go no deeper than a glob without ** says', async () => {
    expect(await targetsOf('[{ manifests: ["k8s/*", k8s/nested/cm.yml] }]')).toEqual([
      { name: 'k8s/*, k8s/nested/cm.yml', files: ['k8s/cm.json', 'k8s/cm.yaml', 'k8s/nested/cm.yml'] },
    ]);
  });

  it('take no file both as existing and as a target of one environment', async () => {
    const { root, config } = await load(yaml`
      environments:
        apps: { targets: [{ manifests: [k8s] }], existing: [k8s/nested, "cluster/*"] }
        platform: { targets: [{ manifests: [k8s/nested/cm.yml] }] }
    `);
    expect(
      config.environments.map(({ targets, existing }) => [
        targets.flatMap((target) => (target.type === 'manifests' ? target.files : [])),
        existing,
      ]),
    ).toEqual([
      [
        [join(root, 'k8s/cm.json'), join(root, 'k8s/cm.yaml')],
        [join(root, 'cluster/nodes.yaml'), join(root, 'k8s/nested/cm.yml')],
      ],
      [[join(root, 'k8s/nested/cm.yml')], []],
    ]);
    expect(
      await mistakes(
        'environments: { a: { targets: [{ manifests: [k8s/nested] }], existing: [k8s/nested/cm.yml] } }\n',
      ),
    ).toEqual(["1:46 all that it matches is existing in this environment: it can't be a target too"]);
  });
});

describe('mistakes in a k8s-lint.yaml', () => {
  const target = (text: string) => mistakes(`environments:\n  prod:\n    targets:\n      - ${text}\n`);

  it('are all reported, each where it stands', async () => {
    expect(
      await mistakes(yaml`
        enviroments: {}
        environments:
          prod:
            targets: []
            existing: cluster
            kubernetesVersion: 1.30
          dev:
          stage: { targets: [{ kustomize: overlays/dv }, { kustomise: x }], kubernetesVersion: "1.31.2" }
        rules:
          image-tag-lates: error
          schema-invalid: warn
          reference-missing:
        ignore:
          - rule: image-tag-latest
          - { rule: refrence-missing, reason: "  ", until: 2026-02-30, resource: web, extra: 1 }
          - { rule: image-tag-latest, reason: ok, until: 2026-02-30 }
          - { rule: image-tag-latest, reason: ok, until: soon }
          - nothing
      `),
    ).toEqual([
      '1:1 unknown key "enviroments": did you mean "environments"?',
      '4:5 targets must not be an empty list',
      '5:15 existing must be a list: [cluster]',
      '6:24 kubernetesVersion must be text: quote it, "1.30" (without quotes, YAML reads 1.3)',
      '7:3 dev needs "targets"',
      '8:35 "overlays/dv" does not exist: did you mean "overlays/dev"?',
      '8:52 unknown key "kustomise": did you mean "kustomize"?',
      '8:88 kubernetesVersion must be a minor version: "1.31", not "1.31.2"',
      '10:3 no rule is called "image-tag-lates": did you mean "image-tag-latest"?',
      '11:19 schema-invalid must be one of error, warning, info, off: did you mean "warning"?',
      '12:3 reference-missing must be one of error, warning, info, off',
      '14:5 ignore[0] needs "reason"',
      '15:13 no rule is called "refrence-missing": did you mean "reference-missing"?',
      '15:39 reason must say why this is ignored',
      '15:74 resource must be Kind/name or a glob of it, such as Deployment/web or */web, not "web"',
      '15:79 unknown key "extra": known here: rule, file, resource, reason, until',
      '16:50 until must be a date: there is no 2026-02-30',
      '17:50 until must be a date, YYYY-MM-DD, not "soon"',
      '18:5 ignore[4] must be a map',
    ]);
  });

  it.each([
    ['overlays/prod', '4:9 a target is a map with one of kustomize, helm and manifests: { kustomize: overlays/prod }'],
    ['{ path: overlays/prod }', '4:9 a target needs one of kustomize, helm and manifests'],
    ['{ chart: charts/web }', '4:9 a target needs one of kustomize, helm and manifests'],
    [
      '{ kustomize: overlays/prod, manifests: [k8s] }',
      '4:37 a target has only one of kustomize, helm and manifests: make 2 targets of kustomize and manifests',
    ],
    ['{ kustomize: [overlays/prod] }', '4:11 kustomize must be text'],
    ['{ kustomize: "" }', '4:22 kustomize must not be empty'],
    ['{ kustomize: overlays/prod, enableHelm: "yes" }', '4:49 enableHelm must be true or false'],
    [
      '{ kustomize: overlays/prod, loadRestrictor: none }',
      '4:53 loadRestrictor must be one of LoadRestrictionsRootOnly, LoadRestrictionsNone',
    ],
    [
      '{ kustomize: overlays/prod, namespace: Web }',
      '4:48 namespace must consist of lower case letters, digits and "-", not "Web"',
    ],
    [
      '{ kustomize: overlays/prod, namespace: on }',
      '4:48 namespace must be text: quote it, "on" (without quotes, YAML reads true)',
    ],
    ['{ helm: charts/web }', '4:17 helm must be a map'],
    ['{ helm: { release: web } }', '4:11 helm needs "chart"'],
    ['{ helm: { chart: charts/web }, values: [a.yaml] }', '4:40 unknown key "values": it belongs under "helm"'],
    ['{ helm: { chart: charts/web, vales: [a.yaml] } }', '4:38 unknown key "vales": did you mean "values"?'],
    [
      '{ helm: { chart: charts/web, release: -x } }',
      '4:47 release must consist of lower case letters, digits and "-", not "-x"',
    ],
    [
      `{ helm: { chart: charts/web, release: ${'x'.repeat(54)} } }`,
      '4:47 release must not be longer than 53 characters',
    ],
    [
      '{ helm: { chart: charts/web, values: [3] } }',
      '4:47 values[0] must be text: quote it, "3" (without quotes, YAML reads 3)',
    ],
    ['{ helm: { chart: charts/web, set: [a] } }', '4:38 set must be a map'],
    [
      '{ helm: { chart: charts/web, values: [values/c.yaml, values] } }',
      '4:47 "values/c.yaml" does not exist: did you mean "values/a.yaml"?',
      '4:62 "values" is a directory: name the values files',
    ],
    [
      '{ helm: { chart: bitnami/redis } }',
      '4:26 "bitnami/redis" does not exist; charts are not fetched: vendor the chart and name its directory',
    ],
    [
      '{ helm: { chart: oci://ghcr.io/acme/web } }',
      '4:26 "oci://ghcr.io/acme/web" is remote, and nothing is fetched: vendor the chart (helm pull --untar) and name its directory',
    ],
    ['{ helm: { chart: charts } }', '4:26 "charts" holds no Chart.yaml: did you mean "charts/web" or "charts/*"?'],
    [
      '{ kustomize: "https://example.com/x?ref=1" }',
      '4:22 "https://example.com/x?ref=1" is remote, and nothing is fetched: vendor it',
    ],
    [
      '{ kustomize: overlays }',
      '4:22 "overlays" holds no kustomization.yaml: did you mean "overlays/dev" or "overlays/*"?',
    ],
    [
      '{ kustomize: overlays/dev/cm.yaml }',
      '4:22 "overlays/dev/cm.yaml" is no kustomization: name the directory that holds the kustomization.yaml',
    ],
    ['{ kustomize: overlays/prod/none }', '4:22 "overlays/prod/none" does not exist: "overlays/prod" does'],
    ['{ kustomize: "overlay/*" }', '4:22 "overlay/*" does not exist: did you mean "overlays/*"?'],
    ['{ kustomize: "values/*" }', '4:22 "values/*" matches no kustomization below "values"'],
    ['{ kustomize: "overlays\\0x" }', '4:22 a path must not hold a NUL character'],
    ['{ kustomize: /nowhere/at/all }', '4:22 "/nowhere/at/all" leads out of the repository'],
    ['{ kustomize: ../nowhere/at/all }', '4:22 "../nowhere/at/all" leads out of the repository'],
    ['{ kustomize: .. }', '4:22 ".." leads out of the repository: only files below its root are read'],
    ['{ kustomize: "../*" }', '4:22 "../*" leads out of the repository: only files below its root are read'],
    ['{ manifests: [values/*.yml] }', '4:23 "values/*.yml" matches nothing: did you mean "values/*.yaml"?'],
    ['{ manifests: ["!values/*.yml"] }', '4:23 "!values/*.yml" excludes: only what is wanted can be named here'],
    ['{ manifests: k8s }', '4:22 manifests must be a list: [k8s]'],
    ['{ manifests: [k8s, cm.yaml] }', '4:28 "cm.yaml" does not exist'],
  ])('%s', async (text, ...expected) => {
    expect(await target(text)).toEqual(expected);
  });

  it.each([
    ['- a\n', ['1:1 k8s-lint.yaml must be a map']],
    ['just text\n', ['1:1 k8s-lint.yaml must be a map']],
    ['environments: [a]\n', ['1:1 environments must be a map']],
    ['environments: { prod: 3 }\n', ['1:23 prod must be a map']],
    [
      'environments: { on: { targets: [{ kustomize: overlays/prod }] } }\n',
      ['1:17 quote the name "on": without quotes, YAML reads true'],
    ],
    ['rules: { image-tag-latest: on }\n', ['1:28 image-tag-latest must be one of error, warning, info, off']],
    ['rules: {}\nrules: {}\n', ['2:1 "rules" is there twice']],
    [
      'environments:\n  a: { targets: [{ kustomize: overlays/dev }] }\n  a: { targets: [{ kustomize: overlays/prod }] }\n',
      ['3:3 "a" is there twice'],
    ],
    ['rules: {}\n---\nrules: {}\n', ['3:- a k8s-lint.yaml is one document: this one would not be read']],
    [
      'ignore: [{ rule: image-tag-latest, reason: { __proto__: 1 }, __proto__: 2 }]\n',
      ['1:36 reason must be text', '1:62 unknown key "__proto__": known here: rule, file, resource, reason, until'],
    ],
  ])('%j', async (text, expected) => {
    expect(await mistakes(text)).toEqual(expected);
  });

  it('include broken YAML, with its line', async () => {
    const [mistake, ...others] = await mistakes('rules:\n  a: [\n  b: }\n');
    expect(others).toEqual([]);
    expect(mistake).toMatch(/^3:\d+ \S/);
  });

  it('include a file that is none, or does not exist', async () => {
    const root = tree(repository);
    await expect(loadAt(root, root)).rejects.toThrow(
      new ConfigError([{ message: 'no such file', location: { file: 'k8s-lint.yaml' } }]),
    );
    mkdirSync(join(root, 'k8s-lint.yaml'));
    await expect(loadAt(root, root)).rejects.toThrow('k8s-lint.yaml: a directory, not a file');
  });

  it('include links that lead out of the repository, but not those within', async () => {
    const outside = tree({ 'kustomization.yaml': KUSTOMIZATION, 'cm.yaml': CONFIG_MAP });
    const root = tree({
      ...repository,
      'k8s-lint.yaml': yaml`
        environments:
          prod:
            targets:
              - kustomize: overlays/inside
              - kustomize: overlays/outside
              - manifests: [links]
      `,
      'links/': '',
    });
    symlinkSync(join(root, 'overlays/prod'), join(root, 'overlays/inside'));
    symlinkSync(outside, join(root, 'overlays/outside'));
    symlinkSync(join(outside, 'cm.yaml'), join(root, 'links/cm.yaml'));
    await expect(loadAt(root, root)).rejects.toThrow(
      new ConfigError([
        {
          message: '"overlays/outside" leads out of the repository: only files below its root are read',
          location: { file: 'k8s-lint.yaml', line: 5, column: 20 },
        },
        {
          message: '"links" leads out of the repository: only files below its root are read',
          location: { file: 'k8s-lint.yaml', line: 6, column: 21 },
        },
      ]),
    );
  });

  it('include what lies outside of the working directory, where there is no git', async () => {
    const { '.git/HEAD': _, ...files } = repository;
    const root = tree({
      ...files,
      'ci/k8s-lint.yaml': 'environments: { a: { targets: [{ kustomize: ../overlays/dev }] } }\n',
    });
    const file = join(root, 'ci/k8s-lint.yaml');
    const context = (cwd: string) => ({ cwd, sources: new SourceFiles(cwd), ruleIds });
    const { environments } = await loadConfig(file, context(root));
    expect(environments[0]?.targets.map(({ name }) => name)).toEqual(['overlays/dev']);
    await expect(loadConfig(file, context(join(root, 'ci')))).rejects.toThrow(
      'k8s-lint.yaml:1:45: "../overlays/dev" leads out of the repository: only files below its root are read',
    );
  });

  it('say of a link that leads in a circle what it is', async () => {
    const root = tree({ ...repository, 'k8s-lint.yaml': 'environments: { a: { targets: [{ kustomize: loop }] } }\n' });
    symlinkSync('loop', join(root, 'loop'));
    await expect(loadAt(root, root)).rejects.toThrow(
      'k8s-lint.yaml:1:45: "loop" cannot be read: its symbolic links lead in a circle',
    );
  });
});

describe('the published schema', () => {
  const schema: unknown = JSON.parse(readFileSync(new URL('../schemas/k8s-lint.schema.json', import.meta.url), 'utf8'));

  it('titles and describes every property, so that editors can show them', () => {
    const bare: string[] = [];
    const visit = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return;
      for (const [name, property] of Object.entries((node as { properties?: object }).properties ?? {})) {
        const { title, description, $ref } = property as Record<string, unknown>;
        if (!$ref && (!title || !description)) bare.push(`${path}/${name}`);
      }
      for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`);
    };
    visit(schema, '');
    expect(bare).toEqual([]);
  });

  it('accepts its own examples', () => {
    const { properties, definitions } = schema as { properties: object; definitions: object };
    const ajv = new Ajv().addSchema(schema as object);
    let examples = 0;
    for (const [base, nodes] of Object.entries({ properties, definitions })) {
      const visit = (node: unknown, pointer: string) => {
        if (typeof node !== 'object' || node === null) return;
        for (const example of (node as { examples?: unknown[] }).examples ?? []) {
          examples++;
          expect([pointer, ajv.validate(`k8s-lint.schema.json#${pointer}`, example)]).toEqual([pointer, true]);
        }
        for (const [key, value] of Object.entries(node)) visit(value, `${pointer}/${key}`);
      };
      visit(nodes, `/${base}`);
    }
    expect(examples).toBeGreaterThan(5);
  });

  it('is what the configurations of the shipped projects follow', async () => {
    const root = new URL('..', import.meta.url).pathname;
    const files = execFileSync('git', ['ls-files', '*k8s-lint.yaml'], { cwd: root, encoding: 'utf8' });
    for (const file of files.split('\n').filter((line) => line !== '')) {
      const ajv = new Ajv({ allErrors: true }).addSchema(schema as object);
      const value = readYaml(readFileSync(join(root, file), 'utf8'))[0]?.value;
      ajv.validate('k8s-lint.schema.json', value);
      expect([file, ajv.errors]).toEqual([file, null]);
    }
  });
});

describe('the nearest k8s-lint.yaml', () => {
  it('is looked for up to the git root', () => {
    const root = tree({
      'repo/a/b/x.yaml': '',
      'repo/k8s-lint.yaml': '',
      'k8s-lint.yaml': '',
      'repo/a/k8s-lint.yml': '',
    });
    const repo = join(root, 'repo');
    execFileSync('git', ['init', '-q', repo]);
    expect(findConfig(join(repo, 'a/b'))).toBe(join(repo, 'k8s-lint.yaml'));
    expect(findConfig(root)).toBe(join(root, 'k8s-lint.yaml'));
  });

  it('is not taken from above the root, nor from above the working directory without git', () => {
    const root = tree({ 'repo/a/x.yaml': '', 'k8s-lint.yaml': '' });
    expect(findConfig(join(root, 'repo/a'))).toBeUndefined();
    execFileSync('git', ['init', '-q', join(root, 'repo')]);
    expect(findConfig(join(root, 'repo/a'))).toBeUndefined();
  });
});

describe('the environments that read a path', () => {
  const CONFIG = yaml`
    environments:
      dev: { targets: [{ kustomize: overlays/dev }] }
      prod: { targets: [{ kustomize: overlays/prod }], existing: [cluster] }
      chart: { targets: [{ helm: { chart: charts/web, values: [values/a.yaml] } }] }
      plain: { targets: [{ manifests: [k8s/cm.yaml] }] }
  `;
  const BASES = {
    'overlays/dev/kustomization.yaml': 'resources: [../../base]\n',
    'overlays/prod/kustomization.yml': 'resources: [../../base]\npatches: [{ path: patch.yaml }]\n',
    'overlays/prod/patch.yaml': CONFIG_MAP,
    'base/kustomization.yaml': KUSTOMIZATION,
    'base/cm.yaml': CONFIG_MAP,
    'unrelated/cm.yaml': CONFIG_MAP,
  };
  const select = async (...paths: string[]) => {
    const { root, config } = await load(CONFIG, BASES);
    const context = { cwd: root, configFile: config.file, sources: new SourceFiles(root) };
    const selected = await selectEnvironments(
      config.environments,
      paths.map((path) => join(root, path)),
      context,
    );
    return selected.map(({ name }) => name);
  };

  it.each([
    ['overlays/dev', ['dev']],
    ['overlays', ['dev', 'prod']],
    ['overlays/prod/kustomization.yml', ['prod']],
    ['overlays/prod/patch.yaml', ['prod']],
    ['base/cm.yaml', ['dev', 'prod']],
    ['cluster/nodes.yaml', ['prod']],
    ['charts/web/templates/cm.yaml', ['chart']],
    ['values/a.yaml', ['chart']],
    ['values/b.yaml', []],
    ['k8s', ['plain']],
    ['k8s/nested/cm.yml', []],
    ['unrelated', []],
    ['overlays/README.md', []],
    ['k8s-lint.yaml', ['dev', 'prod', 'chart', 'plain']],
    ['.', ['dev', 'prod', 'chart', 'plain']],
  ])('of %s', async (path, expected) => {
    expect(await select(path)).toEqual(expected);
  });

  it('of several paths are those of each', async () => {
    expect(await select('k8s/cm.yaml', 'overlays/dev')).toEqual(['dev', 'plain']);
  });

  it('need the path to be there', async () => {
    await expect(select('overlays/stage')).rejects.toThrow(new UsageError('overlays/stage: it does not exist'));
  });
});
