import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isTameGlob } from '../src/config/tame-glob.ts';
import { shownValue } from '../src/explain/shown-value.ts';
import { errorIn } from '../src/render/kustomize/refused/failure-message.ts';
import { isHarmless } from '../src/report/harmless.ts';
import { formats } from '../src/report/index.ts';
import { rules } from '../src/rules/index.ts';
import { searchSymptoms } from '../src/symptom-search.ts';
import { waysToMatch } from '../src/tame-pattern.ts';
import { readYaml } from '../src/yaml.ts';
import { chartYaml, fakeTool, pod, run, said, withConfig } from './bad-projects.ts';
import { tree } from './tree.ts';

/** Everything that a terminal would obey, but for the line feeds and tabs that reports are made of. */
const OBEYED = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
/** What the log of a GitHub workflow would obey, but for our own annotations. */
const COMMANDS = /^\s*::(?!(?:error|warning|notice) file=[^\n]*,title=k8s-lint [a-z-]+::)|##\[/m;

const HOSTILE = '\u001b[31m\u0007\u009b5n\u202e\u2066\n::add-matcher::x\r\n::stop-commands::y\r##[error]z%0A\u2028';

describe('names that command', () => {
  const manifest = (name: string) =>
    JSON.stringify(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `${name}${HOSTILE}`, namespace: HOSTILE, labels: { [HOSTILE]: HOSTILE } },
        spec: {
          hostNetwork: true,
          containers: [
            { name: HOSTILE, image: `${HOSTILE}/A`, ports: [{ containerPort: 1, hostPort: 2 }], [HOSTILE]: HOSTILE },
          ],
        },
      },
      null,
      1,
    );
  const files = [
    '::error::a.yaml',
    '  ::error::b.yaml',
    '##[group]c.yaml',
    'd\n::add-matcher::d.yaml',
    'e\u001b[2J.yaml',
    '%0A,f:g.yaml',
  ];
  const cwd = () =>
    tree({
      ...Object.fromEntries(files.map((file, i) => [file, manifest(`n${i}`)])),
      [`${HOSTILE}.yaml`]: '',
      'k/kustomization.yaml': JSON.stringify({ resources: [`${HOSTILE}.yaml`] }),
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/a.yaml': `{{ fail ${JSON.stringify(HOSTILE)} }}\n`,
    });

  it.each(formats)('reach neither terminals nor logs as %s', async (format) => {
    const { status, stdout, stderr } = await run(cwd(), ['--format', format, '--severity', 'info']);
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).not.toMatch(OBEYED);
    expect(stdout).not.toMatch(COMMANDS);
    // They are all there, only tamed.
    for (let i = 0; i < files.length; i++) expect(stdout).toContain(`n${i}`);
    if (format === 'json') {
      const { diagnostics } = JSON.parse(stdout) as { diagnostics: { location: { file: string } }[] };
      const named = diagnostics.map(({ location }) => location.file);
      expect(new Set(named)).toEqual(new Set([...files, 'k/kustomization.yaml']));
    }
  });

  it('reach stderr neither, nor what render prints', async () => {
    const root = withConfig(JSON.stringify({ environments: { [HOSTILE]: { targets: [{ manifests: [HOSTILE] }] } } }));
    const refused = await run(root, []);
    expect([refused.status, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).not.toMatch(OBEYED);
    expect(refused.stderr).not.toMatch(COMMANDS);
    const file = 'd\n::add-matcher::d.yaml';
    const rendered = await run(tree({ [file]: manifest('a') }), ['render', file]);
    expect(rendered.stdout).not.toMatch(OBEYED);
    expect(rendered.stdout).not.toMatch(COMMANDS);
    expect(readYaml(rendered.stdout)[1]?.value).toEqual(JSON.parse(manifest('a')));
  });

  it('and the values of a list of Secrets are left out of what render prints', async () => {
    const items = [{ metadata: { name: 'a' }, stringData: { a: 'hunter2' } }];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'SecretList', items });
    const { stdout } = await run(tree({ 'a.yaml': list }), ['render', 'a.yaml']);
    expect(stdout).toContain('stringData');
    expect(stdout).not.toContain('hunter2');
  });
});

describe('names of files', () => {
  const odd = [
    '-f.yaml',
    '--output.yaml',
    ' a b .yaml',
    'ünï☃.yaml',
    'c#d.yaml',
    'q\'"`$(id).yaml',
    'x?y*[z].yaml',
    '!.yml',
  ];

  it('are only names, wherever they stand', async () => {
    const cwd = tree(Object.fromEntries(odd.map((file, i) => [file, pod(`p${i}`)])));
    const all = [...odd].sort().map((file) => `found ${file}`);
    expect(await said(cwd)).toEqual([...all, 'exit 1, 1 targets, 8 resources']);
    for (const file of odd)
      expect(await said(cwd, [file])).toEqual([`found ${file}`, 'exit 1, 1 targets, 1 resources']);
    const { status, stdout } = await run(cwd, ['--format', 'github', '--', ...odd]);
    expect([status, stdout.split('\n').length - 1]).toEqual([1, odd.length]);
  });

  it('are only names in kustomizations, charts and k8s-lint.yaml', async () => {
    const directory = '-- a b\'"#ü';
    const values = `${directory}/values, %41.yaml`;
    const cwd = tree({
      ...Object.fromEntries(odd.map((file, i) => [`${directory}/k/${file}`, pod(`k${i}`)])),
      [`${directory}/k/kustomization.yaml`]: JSON.stringify({ resources: odd }),
      ...Object.fromEntries(odd.map((file, i) => [`${directory}/app/templates/${file}`, pod(`t${i}`)])),
      [`${directory}/app/Chart.yaml`]: chartYaml('app'),
      [values]: 'global: { a: b }\n',
      'k8s-lint.yaml': JSON.stringify({
        environments: {
          'it\'s "#1"': {
            targets: [{ kustomize: `${directory}/k` }, { helm: { chart: `${directory}/app`, values: [values] } }],
          },
        },
      }),
    });
    const names = ['app/templates', 'k'].flatMap((place) => odd.map((file) => `${directory}/${place}/${file}`));
    expect(await said(cwd)).toEqual([
      ...names.sort().map((file) => `found ${file}`),
      'exit 1, 2 targets, 16 resources',
    ]);
  });
});

describe('links out of the repository', () => {
  const outside = () => tree({ 'pod.yaml': pod('outside'), 'deep/pod.yaml': pod('deep') });

  it('are not followed for reading', async () => {
    const elsewhere = outside();
    const cwd = tree({
      '.git/HEAD': '',
      'good.yaml': pod('good'),
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/': '',
    });
    symlinkSync(join(elsewhere, 'pod.yaml'), join(cwd, 'link.yaml'));
    symlinkSync('good.yaml', join(cwd, 'inside.yaml'));
    symlinkSync(join(elsewhere, 'deep'), join(cwd, 'deep'));
    symlinkSync(join(elsewhere, 'pod.yaml'), join(cwd, 'app/templates/pod.yaml'));
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      'unchecked app: app/templates/pod.yaml is a symbolic link out of the repository, which helm would follow (app)',
      'unchecked deep: a link to a directory elsewhere: name it by path to lint what is there (deep)',
      'unchecked link.yaml: a link out of the repository: name it by path to lint what is there (link.yaml)',
      'exit 1, 2 targets, 2 resources',
    ]);
    expect(await said(cwd, ['link.yaml'])).toEqual(['found link.yaml', 'exit 1, 1 targets, 1 resources']);
    for (const target of [
      { manifests: ['link.yaml'] },
      { manifests: [join('..', basename(elsewhere), 'pod.yaml')] },
      { helm: { chart: 'app', values: ['link.yaml'] } },
    ]) {
      writeFileSync(join(cwd, 'k8s-lint.yaml'), JSON.stringify({ environments: { prod: { targets: [target] } } }));
      const [refusal, exit] = await said(cwd);
      expect(refusal).toMatch(/^stderr k8s-lint: k8s-lint\.yaml:1:\d+: ".*" leads out of the repository/);
      expect(exit).toBe('exit 2');
    }
  });

  it('are not followed for writing', async () => {
    const elsewhere = outside();
    const cwd = tree({ '.git/HEAD': '', 'good.yaml': pod('good'), 'own/': '' });
    symlinkSync(join(elsewhere, 'pod.yaml'), join(cwd, 'report.json'));
    symlinkSync(join(elsewhere, 'new.json'), join(cwd, 'new.json'));
    symlinkSync(elsewhere, join(cwd, 'reports'));
    symlinkSync('own', join(cwd, 'inside'));
    for (const output of ['report.json', 'new.json', 'reports/new.json']) {
      const { status, stdout, stderr } = await run(cwd, ['-f', 'json', '-o', output, '-f', 'github']);
      expect([status, stderr]).toEqual([
        2,
        `k8s-lint: --output ${output}: ${output} is a symbolic link that leads out of the repository: nothing is written there\n`,
      ]);
      expect(stdout).toContain('::error file=good.yaml');
    }
    expect(readFileSync(join(elsewhere, 'pod.yaml'), 'utf8')).toBe(pod('outside'));
    expect(existsSync(join(elsewhere, 'new.json'))).toBe(false);
    const named = join(elsewhere, 'r.json');
    const allowed = await run(cwd, ['-f', 'json', '-o', 'inside/r.json', '-f', 'json', '-o', named]);
    expect(allowed.stderr).toBe('');
    expect(readFileSync(join(cwd, 'own/r.json'), 'utf8')).toBe(readFileSync(named, 'utf8'));
  });
});

describe('a report that cannot be written', () => {
  it('is told after the others are', async () => {
    const cwd = tree({ 'good.yaml': pod('good') });
    mkdirSync(join(cwd, 'directory'));
    const outputs = ['-f', 'json', '-o', 'no/r.json', '-f', 'sarif', '-o', 'directory', '-f', 'github'];
    const { status, stdout, stderr } = await run(cwd, outputs);
    expect(status).toBe(2);
    expect(stdout).toContain('::error file=good.yaml');
    expect(stderr).toBe(
      'k8s-lint: --output no/r.json: its directory does not exist\n' +
        `k8s-lint: --output directory: EISDIR: illegal operation on a directory, open '${join(cwd, 'directory')}'\n`,
    );
  });
});

describe('keys that every object of JavaScript has', () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'toJSON', 'then'];

  it('are only keys, in manifests of every kind', async () => {
    const text = keys
      .map((key, i) =>
        [
          `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: cm-${i}, namespace: apps, labels: { ${key}: x } }\ndata: { ${key}: x }\n`,
          `apiVersion: ${key}\nkind: ${key}\nmetadata: { name: ${key} }\nspec: { ${key}: { ${key}: x } }\n`,
          `apiVersion: apps/${key}\nkind: ${key}List\nitems: [{ metadata: { name: ${key} } }]\n`,
          `apiVersion: apps/v9\nkind: Deployment\nmetadata: { ${key}: x }\nspec: { template: { ${key}: x, spec: { containers: [{ ${key}: x, image: { ${key}: x } }] } } }\n`,
        ].join('---\n'),
      )
      .join('---\n');
    const lines = await said(tree({ 'all.yaml': `${text}---\n${pod('good')}` }));
    expect(lines.filter((line) => / error /.test(line))).toEqual([
      "all.yaml: 3:52 error schema-invalid: metadata.labels: Invalid value: \"__proto__\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      expect.stringMatching(/^all\.yaml: \d+:123 error host-network-port-mismatch: /),
    ]);
    expect(lines.at(-1)).toBe('exit 1, 1 targets, 29 resources');
    expect(({} as Record<string, unknown>).x).toBe(undefined);
  });

  it('are unknown in k8s-lint.yaml, and names of environments', async () => {
    const config = `environments:\n${keys.map((key) => `  ${key}: { targets: [{ manifests: [good.yaml] }] }\n`).join('')}`;
    expect(await said(withConfig(config))).toEqual(['found good.yaml', 'exit 1, 7 targets, 7 resources']);
    expect(await said(withConfig(keys.map((key) => `${key}: 1\n`).join('')))).toEqual([
      ...keys.map((key, i) => {
        const start = i === 0 ? 'stderr k8s-lint: ' : 'stderr ';
        return `${start}k8s-lint.yaml:${i + 1}:1: unknown key "${key}": known here: environments, rules, ignore`;
      }),
      'exit 2',
    ]);
  });

  it('are only values of charts and patches', async () => {
    const cwd = tree({
      'app/Chart.yaml': chartYaml('app'),
      'app/values.yaml': keys.map((key) => `${key}: { ${key}: x }\n`).join(''),
      'app/templates/pod.yaml': `${pod('app')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: values, namespace: apps }\ndata: { a: {{ toJson .Values | quote }}, b: {{ len .Values }} }\n`,
      'k/kustomization.yaml': `resources: [pod.yaml]\npatches:\n  - patch: |-\n      apiVersion: v1\n      kind: Pod\n      metadata: { name: k, namespace: apps, annotations: { ${keys.map((key) => `${key}: x`).join(', ')} } }\n      spec: { dnsPolicy: 5 }\n`,
      'k/pod.yaml': pod('k'),
    });
    expect((await said(cwd)).filter((line) => / error |found/.test(line))).toEqual([
      'found app/templates/pod.yaml',
      expect.stringMatching(
        /^app\/templates\/pod\.yaml: 9:\d+ error schema-invalid: b is the number 7, not a string: quote it/,
      ),
      expect.stringMatching(
        /^k\/kustomization\.yaml: 6:\d+ error schema-invalid: metadata\.annotations: Invalid value: "__proto__"/,
      ),
      expect.stringMatching(
        /^k\/kustomization\.yaml: 7:\d+ error schema-invalid: dnsPolicy is the number 5, not a string/,
      ),
    ]);
  });
});

describe('a lot', () => {
  it('of documents, in a file, on a line, and of files', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => pod(`p${i}`));
    const ports = [{ containerPort: 1, hostPort: 2 }];
    const items = Array.from({ length: 5000 }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `l${i}`, namespace: 'apps' },
      spec: { hostNetwork: true, containers: [{ name: 'a', image: 'a:1', ports }] },
    }));
    const cwd = tree({
      'documents/all.yaml': many(5000).join('---\n'),
      'line/all.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
      ...Object.fromEntries(many(1000).map((text, i) => [`files/${i}.yaml`, text])),
    });
    const { status, stdout } = await run(cwd, []);
    expect(status).toBe(1);
    expect(stdout.split('\n').at(-2)).toMatch(/^3 targets, 11000 resources, \d+ rules: 11000 errors, 0 warnings$/);
  });

  it('of text', async () => {
    const start = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: NAME, namespace: apps }\ndata:\n';
    const keys = Array.from({ length: 50_000 }, (_, i) => `  k${i}: "${'x'.repeat(180)}"\n`).join('');
    const cwd = tree({
      'keys.yaml': start.replace('NAME', 'keys') + keys,
      'block.yaml': `${start.replace('NAME', 'block')}  a: |\n${'    http://x.y:80/z a=b\n'.repeat(400_000)}`,
      'line.yaml': `${start.replace('NAME', 'line')}  a: ${'x'.repeat(10_000_000)}\n`,
      'good.yaml': pod('good'),
    });
    expect(await said(cwd)).toEqual(['found good.yaml', 'exit 1, 1 targets, 4 resources']);
  });

  it('of nesting', async () => {
    const start = 'apiVersion: example.org/v1\nkind: Deep\nmetadata: { generateName: deep-, namespace: apps }\nspec: ';
    const deep = (levels: number) => ({
      [`flow-${levels}.yaml`]: `${start}${'['.repeat(levels)}${']'.repeat(levels)}\n`,
      [`map-${levels}.yaml`]: `${start}${'{a: '.repeat(levels)}b${'}'.repeat(levels)}\n`,
    });
    const block = `${start}\n${Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i + 1)}a:\n`).join('')}`;
    const lists = `${'{apiVersion: v1, kind: List, items: ['.repeat(200)}${']}'.repeat(200)}\n`;
    const cwd = tree({
      ...deep(450),
      ...deep(20_000),
      'block.yaml': block,
      'lists.yaml': lists,
      'good.yaml': pod('good'),
    });
    expect(await said(cwd)).toEqual([
      expect.stringMatching(/^block\.yaml: \d+:\d+ error render-failed: nested more than 500 levels deep$/),
      expect.stringMatching(/^flow-20000\.yaml: 4:\d+ error render-failed: nested more than 500 levels deep$/),
      'found good.yaml',
      expect.stringMatching(/^map-20000\.yaml: 4:\d+ error render-failed: nested more than 500 levels deep$/),
      expect.stringMatching(/^unchecked the fields of 2 example\.org\/v1 Deep: /),
      'exit 1, 1 targets, 3 resources',
    ]);
  });

  it('of what a name, a word or a number can be', async () => {
    const long = 'x-'.repeat(100_000);
    const manifest = (name: string, number: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: apps }
spec:
  serviceAccountName: ${long}
  containers: [{ name: a, image: "${long}:${long}", ports: [{ containerPort: ${number} }], env: [{ name: ${long}, valueFrom: { configMapKeyRef: { name: ${long}, key: ${long} } } }] }]
`;
    const cwd = tree({
      'a.yaml': manifest(long, '1e400'),
      'b.yaml': manifest('b', '9'.repeat(5000)),
      'good.yaml': pod('good'),
    });
    const { status, stdout } = await run(cwd, []);
    expect(status).toBe(1);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(2200);
    expect(stdout).toContain('host-network-port-mismatch');
  });

  it('of tools at once', async () => {
    const files: Record<string, string> = {};
    for (let i = 0; i < 24; i++) {
      files[`k${i}/kustomization.yaml`] = 'resources: [pod.yaml]\n';
      files[`k${i}/pod.yaml`] = pod(`k${i}`);
    }
    const { status, stdout, stderr } = await run(tree(files), ['--concurrency', '64', '-f', 'json']);
    expect([status, stderr, JSON.parse(stdout).summary.errors]).toEqual([1, '', 24]);
  });

  it('of printing, which is stopped', async () => {
    const cwd = tree({ 'app/Chart.yaml': chartYaml('app'), 'good.yaml': pod('good') });
    const helm = await fakeTool('helm', 'exec head -c 300000000 /dev/zero');
    expect(await said(cwd, [], { helm })).toEqual([
      'app/Chart.yaml: error render-failed: helm template printed more than any cluster takes, and was stopped',
      'found good.yaml',
      'exit 1, 2 targets, 1 resources',
    ]);
  });
});

describe('patterns of others', () => {
  it('are counted before they are tried', () => {
    const ways = (pattern: string) => waysToMatch(pattern, 255);
    expect(ways('^abc$')).toBe(1);
    expect(ways('a|b|c')).toBe(3);
    expect(ways('a?b?')).toBe(4);
    expect(ways('a*')).toBe(256);
    expect(ways('a{3}')).toBe(1);
    expect(ways('a{2,4}')).toBe(3);
    expect(ways('(?:a|b){2}')).toBe(4);
    expect(ways('[a-z\\]*+]x\\*\\(')).toBe(1);
    expect(ways('(a+)+')).toBe(Number.POSITIVE_INFINITY);
    expect(ways('(a{0,30}){0,30}')).toBeGreaterThan(1e40);
    expect(ways('a?'.repeat(40))).toBe(2 ** 40);
  });

  it('in globs are refused where they could take for ever', async () => {
    for (const glob of ['**/*.yaml', 'apps/*/overlays/{dev,prod}/*-*.yaml', '*-*-*-*', 'a/**/b/*', '@(a|b)/?.yaml']) {
      expect([glob, isTameGlob(glob)]).toEqual([glob, true]);
    }
    for (const glob of ['*a*a*a*a*a*a', '@(*a*a)*@(*a*a*)b', 'a'.repeat(5000)]) {
      expect([glob.slice(0, 20), isTameGlob(glob)]).toEqual([glob.slice(0, 20), false]);
    }
    const wild = '*a'.repeat(12);
    const root = tree({
      ...Object.fromEntries([1, 2, 3].map((i) => [`${'a'.repeat(240)}${i}.yaml`, pod(`p${i}`)])),
      'k8s-lint.yaml': `environments: { prod: { targets: [{ manifests: ["${wild}"] }] } }\nignore: [{ rule: image-tag-latest, reason: x, file: "${wild}" }]\n`,
    });
    expect(await said(root)).toEqual([
      `stderr k8s-lint: k8s-lint.yaml:1:49: "${wild}" has more wildcards in one name than can be matched quickly`,
      'stderr k8s-lint.yaml:2:53: file has more wildcards in one name than can be matched quickly',
      'exit 2',
    ]);
  });
});

describe('messages of tools', () => {
  it('are searched in time that grows with them', () => {
    const started = performance.now();
    errorIn('E1234 \n'.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

it.each<[of: string, read: (text: string) => unknown]>([
  ['\\', (text) => searchSymptoms(text, rules)],
  ['\n', isHarmless],
  ['a', (text) => shownValue({ spec: `${text}!` }, ['spec'])],
])('a text of nothing but %j is read in no time', (of, read) => {
  const start = performance.now();
  read(of.repeat(60_000));
  expect(performance.now() - start).toBeLessThan(3000);
});
