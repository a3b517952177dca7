import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newBaseline } from '../src/baseline/text.ts';
import { openCache } from '../src/cache/render-cache.ts';
import { version } from '../src/cli.ts';
import { judge, type LintOptions } from '../src/lint.ts';
import { type Part, reportOf } from '../src/part.ts';
import { pinned } from '../src/render/tools.ts';
import { formats, loadReporter } from '../src/report/index.ts';
import type { Report } from '../src/report/report.ts';
import { yaml } from '../src/rule.ts';
import { select } from '../src/selection.ts';
import { costOf } from '../src/shard/cost.ts';
import { readShards } from '../src/shard/shard-file.ts';
import { shareOf } from '../src/shard/share.ts';
import { shareOut } from '../src/shard/share-out.ts';
import { SourceFiles } from '../src/source.ts';
import { commandLine } from './command-line.ts';
import { GitRepository } from './git-repository.ts';
import { readTree, tree } from './tree.ts';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

describe('the shares', () => {
  const costs = fc.array(fc.oneof(fc.nat({ max: 1000 }), fc.nat({ max: 5_000_000 }), fc.constant(50_000)));
  const counts = fc.integer({ min: 1, max: 40 });

  it('are even, take each cost once, and are always the same', () => {
    fc.assert(
      fc.property(costs, counts, (list, count) => {
        const shares = shareOut(list, count);
        expect(shares).toEqual(shareOut(list, count));
        expect(shares.every((share) => Number.isInteger(share) && share >= 0 && share < count)).toBe(true);
        const sum = (items: readonly number[]) => items.reduce((total, item) => total + item, 0);
        const loads = Array.from({ length: count }, (_, share) => sum(list.filter((_, i) => shares[i] === share)));
        const even = sum(list) / count;
        expect(Math.max(...loads)).toBeLessThanOrEqual(even + Math.max(0, ...list));
      }),
    );
  });

  it('give the largest their own', () => {
    expect(shareOut([10, 900, 10, 800, 10], 3)).toEqual([2, 0, 2, 1, 2]);
    expect(shareOut([5, 5, 5], 8)).toEqual([0, 1, 2]);
    expect(shareOut([], 2)).toEqual([]);
  });
});

describe('the cost of an environment', () => {
  it('is what it reads, whoever else reads it, and what its tools take to start', async () => {
    const filler = (kilobytes: number) => `# ${'x'.repeat(kilobytes * 1000)}\n`;
    const root = tree({
      'k8s-lint.yaml': yaml`
        environments:
          chart: { targets: [{ helm: { chart: chart, release: web } }] }
          facts: { targets: [{ manifests: [web.yaml] }], existing: [facts.yaml] }
          overlay: { targets: [{ kustomize: overlay }] }
          small: { targets: [{ manifests: [web.yaml, more.yaml] }] }
      `,
      'web.yaml': filler(1),
      'more.yaml': filler(30),
      'facts.yaml': filler(120),
      'overlay/kustomization.yaml': 'resources: [../base]\n',
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': filler(5),
      'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
      'chart/templates/web.yaml': filler(1),
    });
    const sources = new SourceFiles(root);
    const { environments } = await select({ cwd: root }, sources, async () => []);
    const costs = environments.map(async (one) => [one.name, Math.floor((await costOf(one, sources)) / 1000)]);
    expect(await Promise.all(costs)).toEqual([
      ['chart', 101],
      ['facts', 121],
      ['overlay', 55],
      ['small', 31],
    ]);
    const shares = [1, 2, 3].map((index) => shareOf([{ environments, sources }], { index, count: 3, cwd: root }, []));
    expect((await Promise.all(shares)).map(({ mine }) => [...mine])).toEqual([
      ['facts'],
      ['chart'],
      ['overlay', 'small'],
    ]);
  });
});

const tools = await pinned('v35');
/** That the same is rendered the same is shown elsewhere. */
const cache = openCache({ version: 'test', warn: () => {}, env: process.env });
const rendered = cache ? { cache } : {};

function optionsFor(cwd: string, more: Partial<LintOptions> = {}): LintOptions {
  return { cwd, kustomize: tools.kubectl, helm: tools.helm, today: '2026-06-15', picture: true, ...more };
}

/** What `merge` makes of the files of all shards, read as it reads them. */
async function merged(options: LintOptions, count: number): Promise<Report> {
  const files: Record<string, string> = {};
  for (let index = 1; index <= count; index++) {
    const report = reportOf([await judge({ ...options, shard: { index, count } })]);
    files[`${index}.json`] = await write('json', report, options.cwd);
  }
  const directory = tree(files);
  const shards = await readShards(
    Object.keys(files)
      .reverse()
      .map((file) => join(directory, file)),
    version(),
  );
  return reportOf(shards.map(({ part: { share: _, ...part } }) => part));
}

async function write(format: (typeof formats)[number], report: Report, cwd: string): Promise<string> {
  const reporter = await loadReporter(format);
  return reporter(report, { severity: 'info', failOn: 'error', color: 1, prefix: '', sources: new SourceFiles(cwd) });
}

/** Requires that all formats say the same of the shards as of the single run. */
async function expectSame(options: LintOptions, counts: readonly number[]): Promise<Report> {
  const single = reportOf([await judge(options)]);
  for (const count of counts) {
    const both = await merged(options, count);
    expect(both.failures).toEqual(single.failures);
    for (const format of formats) {
      const [one, other] = [await write(format, single, options.cwd), await write(format, both, options.cwd)];
      expect({ count, format, text: other }).toEqual({ count, format, text: one });
    }
  }
  return single;
}

const pod = (name: string, image: string, more = '') => yaml`
  apiVersion: v1
  kind: Pod
  metadata: { name: ${name} }
  spec:
    hostNetwork: true
    containers:
      - name: ${name}
        image: ${image}
        ports: [{ containerPort: 8000, hostPort: 80 }]${more}
`;

const latest = 'registry.example.com/app:latest';
const BROKEN = 'apiVersion: v1\nkind: Pod\nmetadata: [\n';

/** Environments that share files, ignores that are used in some of them, in none, or are over; what is not whole, and what fails. */
const shared = {
  'k8s-lint.yaml': yaml`
    environments:
      a: { targets: [{ manifests: [base/*.yaml], namespace: a }] }
      b: { targets: [{ manifests: [base/*.yaml], namespace: b }], existing: [facts.yaml] }
      c: { targets: [{ manifests: [base/*.yaml, c.yaml], namespace: c }] }
      d: { targets: [{ manifests: [base/web.yaml, d.yaml] }] }
      e: { targets: [{ manifests: [e.yaml, base/tool.yaml] }] }
    rules: { node-port-invalid: "off" }
    ignore:
      - { rule: image-tag-latest, resource: Pod/tool, reason: rebuilt every night }
      - { rule: image-tag-latest, resource: Pod/gone, reason: it was there once }
      - { rule: host-network-port-mismatch, resource: Pod/d, reason: only there }
      - { rule: reference-missing, resource: Pod/reader, reason: soon, until: 2026-06-01 }
      - { rule: image-tag-latest, file: c.yaml, reason: until the summer, until: 2026-06-01 }
      - { rule: host-network-port-mismatch, file: base/web.yaml, reason: soon, until: 2026-06-01 }
  `,
  'base/web.yaml': pod('web', latest),
  'base/tool.yaml': pod('tool', latest, ' # k8s-lint-ignore host-network-port-mismatch: it is not'),
  'base/reader.yaml': yaml`
    apiVersion: v1
    kind: Pod
    metadata: { name: reader }
    spec:
      containers: [{ name: reader, image: registry.example.com/app:1.0.0, envFrom: [{ configMapRef: { name: app } }] }]
  `,
  'c.yaml': pod('c', latest),
  'd.yaml': pod('d', 'registry.example.com/app:1.0.0', ' # k8s-lint-ignore image-tag-latest: it was once'),
  'e.yaml': `${pod('e', 'registry.example.com/app:1.0.0 # k8s-lint-ignore image-tag-latest: unused')}${BROKEN.replace(/^/, '---\n')}`,
  'facts.yaml': 'apiVersion: v1\nkind: Node\nmetadata: { name: a, labels: {} }\n',
};

describe('the merged report is that of one run', () => {
  it('of environments that share findings, ignores and a baseline, in every format', async () => {
    const root = tree(shared);
    const single = await expectSame(optionsFor(root), [1, 6]);
    expect(single.diagnostics.map(({ rule }) => rule)).toContain('ignore-expired');
    expect(single.suppressed.map(({ kind }) => kind)).toEqual(['external', 'inSource', 'external']);
    const entries = single.diagnostics
      .slice(2, 5)
      .map(({ rule, severity, location: { file }, message, fingerprint }) => ({
        ...{ rule, severity, file, message, fingerprint },
      }));
    const gone = {
      rule: 'image-tag-latest',
      severity: 'warning',
      message: 'gone',
      fingerprint: '0'.repeat(32),
    } as const;
    const all = [...entries, { ...gone, file: 'd.yaml' }, { ...gone, file: 'base/tool.yaml' }];
    writeFileSync(join(root, 'known.yaml'), newBaseline(all));
    // With e broken, what is unused is only said of files that it doesn't read.
    const known = await expectSame(optionsFor(root, { baseline: 'known.yaml' }), [3]);
    const unused = ({ diagnostics }: Report) =>
      diagnostics
        .filter(({ rule }) => rule === 'ignore-unused')
        .map(({ location: { file, line } }) => `${file}:${line}`);
    expect([unused(single), unused(known)]).toEqual([['d.yaml:9'], ['d.yaml:9', 'known.yaml:26']]);
  });

  it('of environments of which all ignores can be judged', async () => {
    const root = tree({ ...shared, 'e.yaml': pod('e', 'registry.example.com/app:1.0.0') });
    const single = await expectSame(optionsFor(root), [2]);
    const unused = single.diagnostics.filter(({ rule }) => rule === 'ignore-unused');
    expect(unused.map(({ location: { file, line } }) => `${file}:${line}`)).toEqual(['d.yaml:9', 'k8s-lint.yaml:10']);
  });

  it('of repositories that are found without a configuration, with tools, and without them', async () => {
    const files = (name: string) =>
      Object.entries(readTree(join(fixtures, name)))
        .filter(([file]) => file !== 'k8s-lint.yaml')
        .map(([file, text]) => [`${name}/${file}`, text]);
    const root = tree(Object.fromEntries(['projects/algosu/broken', 'projects/oli/broken'].flatMap(files)));
    const single = await expectSame(optionsFor(root, rendered), [2]);
    expect(single.environments.length).toBeGreaterThan(8);
    expect(single.diagnostics.length).toBeGreaterThan(20);
    const failed = await expectSame(optionsFor(root, { helm: join(root, 'no-helm'), ...rendered }), [2]);
    expect(failed.failures).toEqual([expect.stringContaining('no-helm')]);
  });

  it('of a comparison with another revision', async () => {
    const config = (names: readonly string[]) =>
      `environments:\n${names.map((name) => `  ${name}: { targets: [{ kustomize: overlays/${name} }] }\n`).join('')}`;
    const overlay = (name: string) => `namespace: ${name}\nresources: [../../base]\n`;
    const overlays = (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [`overlays/${name}/kustomization.yaml`, overlay(name)]));
    const names = ['dev', 'gone', 'prod', 'stage'];
    const repository = new GitRepository({
      'k8s-lint.yaml': config(names),
      'base/kustomization.yaml': 'resources: [web.yaml, tool.yaml]\n',
      'base/web.yaml': pod('web', latest),
      'base/tool.yaml': pod('tool', latest),
      ...overlays(names),
      'overlays/gone/kustomization.yaml': 'resources: [../../base, own.yaml]\n',
      'overlays/gone/own.yaml': pod('own', latest),
    });
    repository.write({
      'k8s-lint.yaml': config(['dev', 'more', 'prod', 'stage']),
      'base/kustomization.yaml': 'resources: [web.yaml, tool.yaml, new.yaml]\n',
      'base/web.yaml': pod('web', 'registry.example.com/app:1.0.0'),
      'base/new.yaml': pod('new', latest),
      ...overlays(['more']),
      'overlays/dev/kustomization.yaml': `${overlay('dev')}images: [{ name: registry.example.com/app, newTag: latest }]\n`,
      'overlays/gone': undefined,
    });
    const single = await expectSame(optionsFor(repository.directory, { since: 'HEAD', ...rendered }), [1, 2, 5]);
    expect(single.since?.fixed.length).toBeGreaterThan(0);
    expect(single.since?.before.errors).toBeGreaterThan(0);
    expect(single.diagnostics.length).toBeGreaterThan(0);
  });

  it('of nothing to lint', async () => {
    const single = await expectSame(optionsFor(tree({ 'notes.txt': 'hello' })), [2]);
    expect(single.failures).toEqual([expect.stringContaining('nothing to lint')]);
  });
});

/** What a terminal obeys, or what makes text run backwards. */
const OBEYED = new Set(['\u001b', '\u0007', '\r', '\u202e']);

describe('merge', () => {
  const write2 = async (more: Record<string, string> = {}, options: Partial<LintOptions> = {}) => {
    const root = tree({ ...shared, ...more });
    const parts = await Promise.all(
      [1, 2].map((index) => judge(optionsFor(root, { ...options, shard: { index, count: 2 } }))),
    );
    return parts as [Part, Part];
  };
  const read = (...contents: unknown[]) => {
    const files = Object.fromEntries(
      contents.map((content, i) => [`${i}.json`, typeof content === 'string' ? content : JSON.stringify(content)]),
    );
    const directory = tree(files);
    return readShards(
      Object.keys(files).map((file) => join(directory, file)),
      version(),
    ).catch((error: Error) => error.message.replaceAll(`${directory}/`, ''));
  };
  const shard = (part: Part) => ({ version: 1, shard: part });

  it('refuses what does not make up one run', async () => {
    const [one, two] = await write2();
    expect(await read(shard(one), shard(two))).toHaveLength(2);
    expect(await read(shard(one))).toBe('missing: shard 2/2; a merged report is one of all shards');
    expect(await read(shard(one), shard(one))).toBe('0.json and 1.json are both shard 1/2');
    const ofThree = await judge(optionsFor(tree(shared), { shard: { index: 2, count: 3 } }));
    expect(await read(shard(one), shard(ofThree))).toBe(
      '0.json and 1.json are of different runs: one of 2 shards, and one of 3',
    );
    const withShare = (more: object) =>
      shard({ ...two, share: { ...two.share, ...more } as NonNullable<Part['share']> });
    expect(await read(shard(one), withShare({ version: '9.9.9' }))).toBe(
      `1.json: written by k8s-lint 9.9.9, and this is ${version()}: use one version`,
    );
    expect(await read(shard(one), withShare({ commit: 'a'.repeat(40) }))).toBe(
      `0.json and 1.json were made of different commits: none and ${'a'.repeat(40)}`,
    );
    const arguments_ =
      'were made of different files, or with different arguments: all shards take the same but for --shard';
    const [, other] = await write2({ 'base/more.yaml': pod('more', latest) });
    expect(await read(shard(one), shard(other))).toBe(`0.json and 1.json ${arguments_}`);
    const [, newer] = await write2({}, { kubernetesVersion: '1.30' });
    expect(await read(shard(one), shard(newer))).toBe(`0.json and 1.json ${arguments_}`);
    const [, configured] = await write2({ 'k8s-lint.yaml': shared['k8s-lint.yaml'].replace('"off"', 'info') });
    expect(await read(shard(one), shard(configured))).toBe(
      '0.json and 1.json were made with different settings: a configuration, or a baseline, differs',
    );
    const { environments } = two;
    expect(await read(shard(one), shard({ ...two, environments: environments.slice(1) }))).toBe(
      'the shards do not hold each environment once: something else wrote them',
    );
    expect(await read(shard(one), shard({ ...two, environments: one.environments }))).toBe(
      'the shards do not hold each environment once: something else wrote them',
    );
  });

  it('refuses what is no file of a shard', async () => {
    const how = 'k8s-lint --shard I/N --format json -o FILE writes one';
    const [one, two] = await write2();
    expect(await read('{"version": 1, "shard": {"prefix"')).toBe(`0.json: no JSON, or only a part of it: ${how}`);
    expect(await read({ version: 1, diagnostics: [] })).toBe(`0.json: no report of a shard: ${how}`);
    expect(await read('[1]')).toBe(`0.json: no report of a shard: ${how}`);
    expect(await read('null')).toBe(`0.json: no report of a shard: ${how}`);
    const { share: _, ...whole } = two;
    expect(await read(shard(whole))).toBe(
      "0.json: not what a shard of k8s-lint wrote: shard must have required property 'share'",
    );
    await expect(readShards(['/nowhere/x.json'], version())).rejects.toThrow('/nowhere/x.json: it does not exist');
    await expect(readShards([tree({})], version())).rejects.toThrow('not a regular file');
    const text = JSON.stringify(shard(one));
    expect(await read(text.replace('"prefix"', '"__proto__":{"polluted":1},"prefix"'))).toBe(
      '0.json: not what a shard of k8s-lint wrote: shard must NOT have additional properties',
    );
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('believes nothing that no run says', async () => {
    const [one, two] = await write2();
    const found = one.environments.flatMap((environment) => environment.found)[0];
    if (!found) throw new Error('nothing found');
    const [environment] = one.environments;
    const hostile = async (more: object, part: object = {}) =>
      read(
        shard(two),
        shard({ ...one, environments: [{ ...environment, found: [{ ...found, ...more }] }], ...part } as Part),
      );
    const wrong = (what: string) => `1.json: not what a shard of k8s-lint wrote: ${what}`;
    const at = 'shard/environments/0/found/0';
    expect(await hostile({ rule: 'no-such-rule' })).toBe(wrong('there is no rule no-such-rule'));
    expect(await hostile({ rule: '\u001b[31mrule' })).toBe(wrong(`${at}/rule must match pattern "^[a-z0-9-]+$"`));
    expect(await hostile({ severity: 'fatal' })).toBe(
      wrong(`${at}/severity must be equal to one of the allowed values`),
    );
    expect(await hostile({ message: { toString: 1 } })).toBe(wrong(`${at}/message must be string`));
    expect(await hostile({ location: { file: 'a.yaml', line: -1 } })).toBe(wrong(`${at}/location/line must be >= 1`));
    expect(await hostile({ location: { file: 'a.yaml', line: 1e99 } })).toBe(
      wrong(`${at}/location/line must be <= 1000000000`),
    );
    expect(await hostile({ fingerprint: '<script>' })).toBe(
      wrong(`${at}/fingerprint must match pattern "^[0-9a-f]{32}$"`),
    );
    expect(await hostile({}, { prefix: 'a/../../..' })).toBe(wrong('its directory is not one of the repository'));
    expect(await hostile({}, { prefix: '/etc' })).toBe(wrong('its directory is not one of the repository'));
    expect(await hostile({}, { rules: ['constructor'] })).toBe(wrong('there is no rule constructor'));
    const dangling = {
      environment: 'a',
      nodes: [],
      edges: [{ from: 0, to: 1, type: 'dials', state: 'ok', places: [], blockedBy: [], findings: [] }],
      policies: [],
      notes: [],
    };
    const pictured = [{ ...environment, picture: dangling }];
    expect(await hostile({}, { environments: pictured })).toBe(wrong('a picture leads nowhere'));
  });

  it('shows no line of what lies outside of the repository, or of what git keeps, and nothing that a terminal obeys', async () => {
    const [one, two] = await write2();
    const outside = tree({ 'secret.yaml': 'outside: the repository\n' });
    const root = tree({ '.git/config': 'header: AUTHORIZATION\n', 'link.yaml': '', 'inside.yaml': 'inside: shown\n' });
    rmSync(join(root, 'link.yaml'));
    symlinkSync(join(outside, 'secret.yaml'), join(root, 'link.yaml'));
    const sources = new SourceFiles(root, root);
    const files = [
      join(outside, 'secret.yaml'),
      relative(root, join(outside, 'secret.yaml')),
      'link.yaml',
      '.git/config',
      'x/../.git/config',
      '../../../../etc/passwd',
      'inside.yaml',
    ];
    const evil = '\u001b]0;evil\u0007\r\n::error::x\u202e</script><script>alert(1)</script>';
    const [environment] = one.environments;
    const [found] = environment?.found ?? [];
    const lines = files.map((file) => ({ ...found, message: `${evil}${file}`, location: { file, line: 1 } }));
    const odd = JSON.parse(
      JSON.stringify([
        shard({
          ...one,
          environments: [{ ...environment, name: evil, found: lines }, ...one.environments.slice(1)],
          failures: [evil],
        } as Part),
        shard(two),
      ]),
    );
    const shards = await read(...odd);
    if (typeof shards === 'string') throw new Error(shards);
    const report = reportOf(shards.map(({ part: { share: _, ...part } }) => part));
    for (const format of formats) {
      const reporter = await loadReporter(format);
      const text = await reporter(report, { severity: 'info', color: 0, prefix: '', sources });
      expect([format, text.includes('outside: the'), text.includes('AUTHORIZATION'), text.includes('root:')]).toEqual([
        format,
        false,
        false,
        false,
      ]);
      if (format === 'text' || format === 'html') expect(text).toContain('inside: ');
      if (format === 'html') expect(text).not.toContain('<script>alert');
      expect([format, [...text].filter((char) => OBEYED.has(char))]).toEqual([format, []]);
    }
  });

  it('makes one report of what two runs of the command wrote, anywhere in the repository', async () => {
    const files = Object.entries(shared).map(([file, text]) => [`deploy/${file}`, text]);
    const repository = new GitRepository(Object.fromEntries(files));
    const root = repository.directory;
    const deploy = join(root, 'deploy');
    const written = (shard: string, file: string) =>
      commandLine(deploy, '--shard', shard, '-f', 'json', '-o', `../${file}`, '--fail-on', 'never');
    expect(await written('1/2', '1.json')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await written('2/2', '2.json')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await written('9/9', '9.json')).toEqual({
      status: 0,
      stdout: '',
      stderr: 'k8s-lint: nothing to judge in shard 9/9: all 5 environments are in others\n',
    });
    const shards = [join(root, '1.json'), join(root, '2.json')];
    const single = await commandLine(deploy);
    expect(single.status).toBe(1);
    expect(await commandLine(root, 'merge', ...shards)).toEqual(single);
    const [then, now] = [repository.git('rev-parse', 'HEAD'), repository.commit()];
    expect(await commandLine(root, 'merge', ...shards)).toEqual({
      ...single,
      stderr: `k8s-lint: the shards are of commit ${then}, and ${now} is checked out here: lines of files may be other ones\n`,
    });
    expect(await commandLine(root, 'merge', ...shards.slice(1))).toEqual({
      status: 2,
      stdout: '',
      stderr: 'k8s-lint: missing: shard 1/2; a merged report is one of all shards\n',
    });
  });

  it('fails where a shard could not be whole, as one run does, whatever --fail-on says', async () => {
    const root = tree({ ...shared, 'facts.yaml': BROKEN });
    const never = ['--fail-on', 'never'];
    const shards = ['1/2', '2/2'].map((shard) => [shard, `${shard[0]}.json`] as const);
    const said = [];
    for (const [shard, file] of shards) {
      said.push(await commandLine(root, '--shard', shard, '-f', 'json', '-o', file, ...never));
    }
    expect(said.map(({ status }) => status).sort()).toEqual([0, 2]);
    const single = await commandLine(root, ...never);
    expect(single).toMatchObject({ status: 2, stderr: expect.stringContaining('facts.yaml') });
    expect(await commandLine(root, 'merge', ...shards.map(([, file]) => file), ...never)).toEqual(single);
  });

  it('gets nothing of a shard without json, which says so, and what it is', async () => {
    const { status, stdout, stderr } = await commandLine(tree(shared), '--shard', '2/2', '--fail-on', 'never');
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => line.startsWith('shard 2/2: '))).toHaveLength(1);
    expect(stderr).toBe('k8s-lint: no --format json: k8s-lint merge has nothing to read of this shard\n');
  });
});
