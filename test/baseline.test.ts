import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEntries, type Entry, entryOf } from '../src/baseline/entry.ts';
import { matchEntries } from '../src/baseline/match.ts';
import { readBaseline } from '../src/baseline/read.ts';
import { changeBaseline, newBaseline } from '../src/baseline/text.ts';
import { runBaseline } from '../src/commands/baseline.ts';
import type { Diagnostic } from '../src/diagnostic.ts';
import { lint } from '../src/lint.ts';
import { goneEntries, type Part } from '../src/part.ts';
import { pinned } from '../src/render/tools.ts';
import { loadReporter } from '../src/report/index.ts';
import { yaml } from '../src/rule.ts';
import { SourceFiles } from '../src/source.ts';
import { commandLine } from './command-line.ts';
import { GitRepository } from './git-repository.ts';
import { tree } from './tree.ts';

const NAME = 'k8s-lint-baseline.yaml';
const print = (text: string) => text.repeat(32).slice(0, 32);

const entry = (rule: string, file: string, more: Partial<Entry> = {}): Entry => ({
  rule,
  severity: 'warning',
  file,
  resource: 'Pod/web',
  message: `${rule} in ${file}`,
  fingerprint: print('a'),
  ...more,
});

/** The entries of a text, as they are read. */
async function read(text: string) {
  const sources = new SourceFiles('/nowhere');
  // Whether it is there is asked of the disk.
  const root = tree({ [NAME]: text });
  sources.add(NAME, text);
  return readBaseline(NAME, new SourceFiles(root));
}

const unplaced = (entries: readonly Entry[]) =>
  entries.map(({ rule, severity, file, resource, message, reason, fingerprint }) => ({
    ...{ rule, severity, file, message, fingerprint },
    ...(resource === undefined ? {} : { resource }),
    ...(reason === undefined ? {} : { reason }),
  }));

describe('the file', () => {
  it('is sorted, says what it is, and has no line numbers', () => {
    const entries = [
      entry('image-tag-latest', 'b.yaml', { reason: 'rebuilt: every night' }),
      entry('schema-invalid', 'a.yaml', {
        severity: 'error',
        message: 'x is the number 30, not a string: quote it',
        fingerprint: print('1'),
      }),
      entry('image-tag-latest', 'a.yaml'),
    ];
    expect(newBaseline(entries)).toBe(
      yaml`
      # Findings that were there when this file was written: k8s-lint --baseline leaves them out until they are fixed.
      # \`k8s-lint baseline\` adds what is new (--reason says why), \`k8s-lint baseline --prune\` removes what is fixed. A comment right
      # above an entry goes with it.
      version: 1
      findings:
        - rule: image-tag-latest
          severity: warning
          file: a.yaml
          resource: Pod/web
          message: image-tag-latest in a.yaml
          fingerprint: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        - rule: schema-invalid
          severity: error
          file: a.yaml
          resource: Pod/web
          message: "x is the number 30, not a string: quote it"
          fingerprint: "11111111111111111111111111111111"
        - rule: image-tag-latest
          severity: warning
          file: b.yaml
          resource: Pod/web
          message: image-tag-latest in b.yaml
          reason: "rebuilt: every night"
          fingerprint: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    `.replaceAll('\\`', '`'),
    );
    expect(newBaseline([]).split('\n').slice(-3)).toEqual(['version: 1', 'findings: []', '']);
  });

  it('is read as it was written, whatever texts are in it, in one order', async () => {
    const text = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('yes', '0644', '1e3', '~', 'a: b', '- x', '# y', '"', "'", '{{ x }}', '\u202e\u001b[31m', 'a\nb'),
    );
    const diagnostic = fc.record({ rule: text, message: text, file: text, name: text, hex: fc.integer({ min: 0 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(diagnostic, { maxLength: 4 }), async (found) => {
        const entries = found.map(({ rule, message, file, name, hex }) => ({
          ...entryOf(
            { severity: 'info', message, location: { file }, resource: { kind: 'Pod', name } } as Diagnostic,
            '',
          ),
          rule: rule.replace(/\P{L}/gu, '') || 'x',
          fingerprint: hex.toString(16).padStart(32, '0'),
        }));
        const written = newBaseline(entries);
        expect(newBaseline(entries.toReversed())).toBe(written);
        expect(unplaced(await read(written))).toEqual(unplaced(entries.toSorted(compareEntries)));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['', `${NAME}: an empty baseline: it needs "version: 1" and "findings"`],
    ['findings: []\n', `${NAME}:1:1: a baseline needs "version"`],
    ['version: 2\nfindings: []\n', `${NAME}:1:10: version must be one of 1`],
    ['version: 1\nfindings: {}\n', `${NAME}:2:1: findings must be a list`],
    ['version: 1\nfindings:\n  - image-tag-latest\n', `${NAME}:3:5: findings[0] must be a map`],
    [
      'version: 1\nfindings:\n  - { rule: a, severity: bad, file: b, mesage: c, fingerprint: d }\n',
      `${NAME}:3:5: findings[0] needs "message"\n` +
        `${NAME}:3:26: severity must be one of info, warning, error\n` +
        `${NAME}:3:40: unknown key "mesage": did you mean "message"?\n` +
        `${NAME}:3:64: fingerprint must be the 32 hexadecimal digits that k8s-lint baseline wrote, not "d"`,
    ],
    ['version: 1\nversion: 1\nfindings: []\n', `${NAME}:2:1: "version" is there twice`],
    ['version: 1\n---\nfindings: []\n', `${NAME}:3: a baseline is one document: this one would not be read`],
    ['version: [\n', new RegExp(`^${NAME}:\\d`)],
    [
      'version: 1\nfindings:\n<<<<<<< HEAD\n  - rule: a\n=======\n  - rule: b\n>>>>>>> other\n',
      `${NAME}:3: a merge left both sides here: take its marks out; k8s-lint baseline then removes what is there twice or gone`,
    ],
  ])('says what is wrong with %j, at its line', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  it('may have lost its last entry by hand', async () => {
    expect(await read('version: 1\nfindings:\n')).toEqual([]);
  });

  it('says how to write one that is not there', async () => {
    const sources = new SourceFiles(tree({}));
    await expect(readBaseline(NAME, sources)).rejects.toThrow(
      `${NAME}: there is no such baseline; "k8s-lint baseline" writes one`,
    );
    await expect(readBaseline('x/known.yaml', sources)).rejects.toThrow(
      'x/known.yaml: there is no such baseline; "k8s-lint baseline -o x/known.yaml" writes one',
    );
  });
});

describe('an entry', () => {
  const found = (message: string, more: Partial<Diagnostic> = {}): Diagnostic => ({
    rule: 'r',
    severity: 'warning',
    message,
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'web' },
    location: { file: 'a.yaml', line: 3 },
    related: [],
    targets: [],
    fingerprint: print('a'),
    ...more,
  });
  const known = (message: string, more: Partial<Entry> = {}) => entry('r', 'a.yaml', { message, ...more });
  const left = (entries: readonly Entry[], diagnostics: readonly Diagnostic[], prefix = '') => {
    const matches = matchEntries(entries, diagnostics, prefix);
    return {
      new: diagnostics.filter((diagnostic) => !matches.diagnostics.has(diagnostic)).map(({ message }) => message),
      gone: entries.filter((one) => !matches.entries.has(one)).map(({ message }) => message),
    };
  };

  it('stands for one diagnostic of its fingerprint, first for that which says the same', () => {
    expect(left([known('one')], [found('two'), found('one')])).toEqual({ new: ['two'], gone: [] });
    expect(left([known('one'), known('two')], [found('two'), found('three')])).toEqual({ new: [], gone: [] });
    expect(left([known('one'), known('two')], [found('two')])).toEqual({ new: [], gone: ['one'] });
    expect(left([known('one'), known('one')], [found('one'), found('one'), found('one')])).toEqual({
      new: ['one'],
      gone: [],
    });
  });

  it('stands for what it says: its rule and its file, from the root of the repository', () => {
    const nothing = { new: ['one'], gone: ['one'] };
    expect(left([known('one', { rule: 'other' })], [found('one')])).toEqual(nothing);
    expect(left([known('one', { file: 'b.yaml' })], [found('one')])).toEqual(nothing);
    expect(left([known('one', { fingerprint: print('b') })], [found('one')])).toEqual(nothing);
    expect(left([known('one', { resource: 'Pod/prod-web' })], [found('one')])).toEqual({ new: [], gone: [] });
    expect(left([known('one')], [found('one', { severity: 'error' })])).toEqual(nothing);
    expect(left([known('one')], [found('two', { severity: 'error' }), found('three')])).toEqual({
      new: ['two'],
      gone: [],
    });
    expect(left([known('one', { severity: 'error' })], [found('one')])).toEqual({ new: [], gone: [] });
    expect(left([known('one', { file: 'deploy/a.yaml' })], [found('one')], 'deploy')).toEqual({ new: [], gone: [] });
  });
});

describe('a change', () => {
  const text = yaml`
    # Ours.
    version: 1
    findings: # 3 of them

      # Team A, until the autumn:

      # about the first
      - rule: a   # odd   spacing
        severity: error
        file: 'a.yaml'
        message: one
        reason: 'it''s known' # 100%
        # inside
        fingerprint: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      - { rule: b, severity: error, file: b.yaml, message: "two # no comment", fingerprint: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb }

      # Team B:
      - fingerprint: cccccccccccccccccccccccccccccccc
        rule: c
        severity: info
        file: c.yaml
        message: three
        reason: |
          long

          # no comment

    # the end
  `;
  const change = async (names: string, more: Parameters<typeof changeBaseline>[3] = {}, written = text) => {
    const entries = await read(written);
    const remove = new Set(entries.filter(({ rule }) => names.includes(rule)));
    const changed = changeBaseline(written, NAME, entries, { remove, ...more });
    return { text: changed.text, removed: changed.removed.map(({ entry: { rule }, comments }) => [rule, comments]) };
  };
  /** The text without some of its lines, by their number. */
  const without = (...lines: number[]) =>
    text
      .split('\n')
      .filter((_, i) => !lines.includes(i + 1))
      .join('\n');

  it('of nothing changes nothing', async () => {
    expect(await change('')).toEqual({ text, removed: [] });
  });

  it('removes exactly an entry with the comments that are its own', async () => {
    expect(await change('a')).toEqual({
      text: without(7, 8, 9, 10, 11, 12, 13, 14),
      removed: [['a', ['# about the first', '# odd   spacing', '# 100%', '# inside']]],
    });
    expect(await change('b')).toEqual({ text: without(15), removed: [['b', []]] });
    expect(await change('c')).toEqual({
      text: without(17, 18, 19, 20, 21, 22, 23, 24, 25, 26),
      removed: [['c', ['# Team B:']]],
    });
  });

  it('leaves a list that can be read, and grows again', async () => {
    const empty = await change('abc');
    expect(empty.text).toBe(yaml`
      # Ours.
      version: 1
      findings: [] # 3 of them

        # Team A, until the autumn:



      # the end
    `);
    const grown = await change('', { add: [entry('z', 'z.yaml')] }, empty.text);
    expect(grown.text).toContain('findings: # 3 of them\n  - rule: z\n');
    expect(grown.text).toContain('\n  # Team A, until the autumn:\n');
    expect(unplaced(await read(grown.text))).toEqual(unplaced([entry('z', 'z.yaml')]));
  });

  it('adds what is new where it belongs', async () => {
    const add = ['d', 'a', 'bb'].map((name) => entry(name, `${name}.yaml`));
    const { text: grown } = await change('', { add });
    expect((await read(grown)).map(({ file }) => file)).toEqual([
      'a.yaml',
      'a.yaml',
      'b.yaml',
      'bb.yaml',
      'c.yaml',
      'd.yaml',
    ]);
    expect(text.split('\n').every((line) => grown.split('\n').includes(line))).toBe(true);
    expect(grown).toContain('bbbb }\n  - rule: bb\n    severity: warning\n    file: bb.yaml\n');
    expect(grown).toContain('# about the first\n  - rule: a   # odd');
  });

  it('brings what an entry says up to date where nobody has edited it', async () => {
    const old = newBaseline([entry('a', 'a.yaml', { message: 'in dev: x', reason: 'x' })]);
    const edited = old.replace('resource: Pod/web', 'resource: Pod/web # sic');
    const [first] = await read(edited);
    const update = new Map([
      [first as Entry, entry('a', 'a.yaml', { message: 'in prod: x', resource: 'Pod/other', severity: 'info' })],
    ]);
    const { text: changed } = changeBaseline(edited, NAME, await read(edited), {});
    expect(changed).toBe(edited);
    const entries = first ? [first] : [];
    expect(changeBaseline(edited, NAME, entries, { update }).text).toBe(
      edited.replace('message: "in dev: x"', 'message: "in prod: x"').replace('severity: warning', 'severity: info'),
    );
  });

  it('keeps the ends of lines, lists without indentation, and what follows the list', async () => {
    const flat =
      'findings:\n- rule: a\n  severity: error\n  file: a\n  message: m\n  fingerprint: "%"\n# mine\n- rule: b\n  severity: error\n  file: b\n  message: m\n  fingerprint: "%"\nversion: 1'.replaceAll(
        '%',
        print('a'),
      );
    expect((await change('a', {}, flat)).text).toBe(flat.replace(/- rule: a\n(?: .*\n)*/, ''));
    expect((await change('b', {}, flat)).text).toBe(flat.replace(/# mine\n- rule: b\n(?: .*\n)*/, ''));
    const windows = text.replaceAll('\n', '\r\n');
    expect((await change('b', {}, windows)).text).toBe(without(15).replaceAll('\n', '\r\n'));
  });

  it('is refused where entries share a line', async () => {
    const flow = `version: 1\nfindings: [{ rule: a, severity: info, file: a, message: m, fingerprint: "${print('a')}" }]\n`;
    await expect(change('a', {}, flow)).rejects.toThrow(
      `${NAME}:2: entries can only be changed where each begins on a line of its own, with "- " below "findings:"`,
    );
  });
});

/** Two environments that share a Pod, one that has more. */
const project = {
  '.git/HEAD': 'ref: refs/heads/main\n',
  'k8s-lint.yaml': yaml`
    environments:
      dev: { targets: [{ manifests: [apps/*.yaml], namespace: dev }] }
      prod: { targets: [{ manifests: [apps/*.yaml, prod.yaml], namespace: prod }] }
  `,
  'apps/web.yaml': yaml`
    apiVersion: v1
    kind: Pod
    metadata: { name: web }
    spec:
      hostNetwork: true
      containers:
        - name: web
          image: registry.example.com/web:latest
          ports:
            - containerPort: 8000
              hostPort: 80
  `,
  'prod.yaml': yaml`
    apiVersion: v1
    kind: Pod
    metadata: { name: tool }
    spec: { containers: [{ name: tool, image: "registry.example.com/tool" }] }
  `,
};

const fixed = { ...project, 'apps/web.yaml': project['apps/web.yaml'].replace(':latest', ':1.2.3') };
const BROKEN = 'apiVersion: v1\nkind: Pod\nmetadata: [\n';

async function lintIn(root: string, options: Partial<Parameters<typeof lint>[0]> = {}) {
  const { kubectl, helm } = await pinned('v35');
  return lint({ cwd: root, kustomize: kubectl, helm, baseline: NAME, ...options });
}

/** What stands in the way of a clean run, as `file:line rule`. */
const left = ({ diagnostics }: Awaited<ReturnType<typeof lint>>) =>
  diagnostics.map(({ location: { file, line }, rule }) => `${file}:${line ?? '-'} ${rule}`);

/** What `k8s-lint baseline` writes for a project, with a reason for its error. */
async function baselineOf(files: Record<string, string>): Promise<string> {
  const { diagnostics } = await lintIn(tree({ ...files, [NAME]: newBaseline([]) }));
  return newBaseline(
    diagnostics.map((diagnostic) =>
      entryOf(diagnostic, '', diagnostic.severity === 'error' ? 'port 80 is free' : undefined),
    ),
  );
}

describe('lint', () => {
  it('leaves out what is known, in whatever environment and directory, and counts it', async () => {
    const baseline = await baselineOf(project);
    expect((await read(baseline)).map(({ file, rule }) => `${file} ${rule}`)).toEqual([
      'apps/web.yaml host-network-port-mismatch',
      'apps/web.yaml image-tag-latest',
      'prod.yaml image-tag-latest',
    ]);
    const root = tree({ ...project, [NAME]: baseline });
    const report = await lintIn(root);
    expect(left(report)).toEqual([]);
    expect(report.summary).toEqual({ errors: 0, warnings: 0, infos: 0, ignored: 3, targets: 2, resources: 3 });
    expect(report.known).toEqual({ file: NAME, count: 3 });
    const write = async (format: 'text' | 'markdown' | 'html' | 'json') =>
      (await loadReporter(format))(report, {
        severity: 'warning',
        color: 0,
        prefix: '',
        sources: new SourceFiles(root),
      });
    const judged = `2 targets, 3 resources, ${report.rules.length} rules`;
    expect((await write('text')).split('\n')[0]).toBe(`${judged}: 0 errors, 0 warnings, 3 known by ${NAME}`);
    expect(await write('markdown')).toContain(`nothing found in ${judged}; 3 known by \`${NAME}\`.`);
    expect(await write('html')).toContain(` · 3 known by ${NAME}<`);
    expect(JSON.parse(await write('json')).known).toEqual({ file: NAME, count: 3 });
    expect(left(await lintIn(join(root, 'apps'), { baseline: `../${NAME}` }))).toEqual([]);
    expect(left(await lintIn(root, { environments: ['prod'] }))).toEqual([]);
  });

  it('counts apart what an ignore covers, and what is new since a revision', async () => {
    const files = { ...project, [NAME]: await baselineOf(project) };
    const ignore = 'ignore: [{ rule: image-tag-latest, file: prod.yaml, reason: built every night }]\n';
    const root = tree({ ...files, 'k8s-lint.yaml': `${files['k8s-lint.yaml']}${ignore}` });
    const report = await lintIn(root);
    const write = await loadReporter('text');
    const options = { severity: 'warning', color: 0, prefix: '', sources: new SourceFiles(root) } as const;
    const summary = (text: string) => text.split('\n').filter((line) => line.includes(' known by '));
    const judged = `2 targets, 3 resources, ${report.rules.length} rules: 0 errors, 1 warning`;
    expect(summary(await write(report, options))).toEqual([`${judged}, 1 ignored, 2 known by ${NAME}`]);
    const since = { ref: 'main', commit: print('a'), before: { errors: 1, warnings: 1, infos: 0 }, fixed: [] };
    expect(summary(await write({ ...report, since }, options))).toEqual([
      `${judged} new since main, 1 ignored, 2 known by ${NAME}`,
    ]);
  });

  it('covers a finding in every environment; with --since, where a change brings it to another one it is new', async () => {
    const config = project['k8s-lint.yaml'];
    const files = { ...project, 'k8s-lint.yaml': config.replace('[apps/*.yaml, prod.yaml]', '[prod.yaml]') };
    const repository = new GitRepository({ ...files, [NAME]: await baselineOf(files) });
    repository.write({ 'k8s-lint.yaml': config });
    expect(left(await lintIn(repository.directory))).toEqual([]);
    const { diagnostics } = await lintIn(repository.directory, { since: 'HEAD' });
    expect(diagnostics.map(({ rule, targets }) => [rule, targets.map(({ environment }) => environment)])).toEqual([
      ['image-tag-latest', ['prod']],
      ['host-network-port-mismatch', ['prod']],
    ]);
  });

  it('shows what is new, also beside what is known', async () => {
    const root = tree({
      ...project,
      'apps/web.yaml': `${project['apps/web.yaml']}        - { containerPort: 9000, hostPort: 90 }\n`,
      [NAME]: await baselineOf(project),
    });
    expect(left(await lintIn(root))).toEqual(['apps/web.yaml:12 host-network-port-mismatch']);
  });

  it('reports entries that match nothing any more, at their line', async () => {
    const root = tree({ ...fixed, [NAME]: await baselineOf(project) });
    const report = await lintIn(root);
    expect(report.diagnostics).toEqual([
      {
        rule: 'ignore-unused',
        severity: 'warning',
        message:
          'this entry of the baseline, for image-tag-latest, matches nothing any more: remove it, as k8s-lint baseline --prune does',
        location: { file: NAME, line: 13, column: 5 },
        related: [],
        targets: [],
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
    expect(report.summary.ignored).toBe(2);
  });

  it.each<[string, Record<string, string>, Partial<Parameters<typeof lint>[0]>, string[]]>([
    ['a run of some environments', {}, { environments: ['prod'] }, []],
    ['a run of some paths', {}, { paths: ['prod.yaml'] }, []],
    ['a run of some rules', {}, { rules: ['image-tag-latest', 'ignore-unused'] }, []],
    ['one share of a run', {}, { shard: { index: 1, count: 2 } }, []],
    ['an environment that is not whole', { 'prod.yaml': BROKEN }, {}, ['prod.yaml:4 schema-invalid']],
    [
      'facts that can not be read',
      {
        'prod.yaml': BROKEN,
        'k8s-lint.yaml': 'environments: { dev: { targets: [{ manifests: [apps/*.yaml] }], existing: [prod.yaml] } }\n',
      },
      {},
      [],
    ],
  ])('reports none in %s', async (_, more, options, expected) => {
    const root = tree({ ...fixed, ...more, [NAME]: await baselineOf(project) });
    expect(left(await lintIn(root, options)).filter((line) => !line.startsWith('prod.yaml'))).toEqual(
      expected.filter((line) => !line.startsWith('prod.yaml')),
    );
  });

  it('reports those of files that only whole environments read, where another is not whole', async () => {
    const config = project['k8s-lint.yaml'].replace('[apps/*.yaml, prod.yaml]', '[prod.yaml]');
    const files = { ...project, 'k8s-lint.yaml': config };
    const root = tree({
      ...files,
      'apps/web.yaml': fixed['apps/web.yaml'],
      'prod.yaml': BROKEN,
      [NAME]: await baselineOf(files),
    });
    expect(left(await lintIn(root)).filter((line) => line.startsWith(NAME))).toEqual([`${NAME}:13 ignore-unused`]);
  });

  it('reports none where a rule failed', () => {
    const known = { ...entry('r', 'a.yaml'), location: { file: NAME } };
    const part = {
      partial: false,
      complete: true,
      failures: [],
      baseline: [{ entry: known, judged: 'whole' }],
    } as unknown as Part;
    expect(goneEntries([part], [known])).toEqual([known]);
    expect(goneEntries([{ ...part, complete: false, failures: ['rule r failed'] }], [known])).toEqual([]);
  });

  it('tells in SARIF which results are known, and why', async () => {
    const report = await lintIn(tree({ ...project, [NAME]: await baselineOf(project) }));
    const write = await loadReporter('sarif');
    const sources = new SourceFiles('/nowhere');
    const { runs } = JSON.parse(await write(report, { severity: 'warning', color: 0, prefix: '', sources }));
    const suppressions = runs[0].results.map(
      (result: { suppressions: Record<string, unknown>[] }) => result.suppressions[0],
    );
    expect(suppressions.map(({ kind, justification }: Record<string, unknown>) => [kind, justification])).toEqual([
      ['external', 'in the baseline'],
      ['external', 'port 80 is free'],
      ['external', 'in the baseline'],
    ]);
    expect(suppressions[1].location.physicalLocation).toEqual({
      artifactLocation: { uri: NAME, uriBaseId: 'SRCROOT' },
      region: { startLine: 6, startColumn: 5 },
    });
  });
});

describe('the command', () => {
  const run = (root: string, ...args: string[]) => commandLine(root, 'baseline', ...args);

  it('writes, adds, keeps, prunes, and says what it does', async () => {
    const root = tree(project);
    const text = () => readFileSync(join(root, NAME), 'utf8');
    expect(await run(root, '--severity', 'error', '--reason', ' port  80 is\nfree ')).toEqual({
      status: 0,
      stdout: `${NAME}: 1 finding\nk8s-lint --baseline ${NAME} leaves them out\n`,
      stderr: '',
    });
    // Beside k8s-lint.yaml, wherever it is run.
    expect((await run(join(root, 'apps'))).stdout).toBe(`../${NAME}: 3 findings (2 added, 0 removed, 1 kept)\n`);
    expect(text()).toBe(await baselineOf(project));
    const commented = text().replace('  - rule: image-tag-latest', '  # soon\n  - rule: image-tag-latest # really');
    writeFileSync(join(root, NAME), commented);
    expect((await run(root)).stdout).toBe(`${NAME}: 3 findings (0 added, 0 removed, 3 kept)\n`);
    expect(text()).toBe(commented);
    writeFileSync(
      join(root, 'apps/web.yaml'),
      `${fixed['apps/web.yaml']}        - { containerPort: 9000, hostPort: 90 }\n`,
    );
    expect((await run(root, '--prune', 'prod.yaml')).stdout).toBe(
      `${NAME}: 3 findings (0 removed, 3 kept)\n1 kept that match nothing here: not all that they may be about was judged\n`,
    );
    expect((await run(root, '--prune')).stdout).toBe(
      `${NAME}: 2 findings (1 removed, 2 kept)\n` +
        '  removed apps/web.yaml: image-tag-latest: Pod/web: image registry.example.com/web:latest has the tag latest: imagePullPolicy is then Always, and each restart may run another build\n' +
        '    # soon\n    # really\n',
    );
    expect(text()).toBe((await baselineOf(project)).replace(/ {2}- rule: image-tag-latest\n(?: {4}.*\n)*/, ''));
    expect(readdirSync(root).sort()).toEqual(['.git', 'apps', NAME, 'k8s-lint.yaml', 'prod.yaml']);
  });

  it('keeps the reasons of what is in another file now', async () => {
    const root = tree({ ...project, [NAME]: await baselineOf(project) });
    renameSync(join(root, 'apps/web.yaml'), join(root, 'apps/site.yaml'));
    expect(left(await lintIn(root)).filter((line) => line.startsWith('apps'))).toHaveLength(2);
    const { stdout } = await run(root, '--reason', 'new');
    expect(stdout.replaceAll(/(: Pod.web): .*/g, '$1')).toBe(
      `${NAME}: 3 findings (2 added, 2 removed, 1 kept)\n` +
        '  moved from apps/web.yaml to apps/site.yaml: host-network-port-mismatch: Pod/web\n' +
        '    reason: port 80 is free\n' +
        '  moved from apps/web.yaml to apps/site.yaml: image-tag-latest: Pod/web\n',
    );
    const entries = await read(readFileSync(join(root, NAME), 'utf8'));
    expect(entries.map(({ file, reason }) => [file, reason])).toEqual([
      ['apps/site.yaml', 'port 80 is free'],
      ['apps/site.yaml', undefined],
      ['prod.yaml', undefined],
    ]);
    expect(left(await lintIn(root))).toEqual([]);
  });

  it.each<[string[], Parameters<typeof runBaseline>[1], string]>([
    [
      [],
      { prune: true, output: '/nowhere/b.yaml' },
      'b.yaml: there is no such baseline to prune; without --prune it is written',
    ],
    [[], { reason: ' ' }, '--reason: say why'],
    [[], { reason: 'x', prune: true }, '--reason is for new entries: --prune only removes some'],
    [['-'], {}, 'a stream has no baseline: name files or directories'],
  ])('does not take %j %j', async (paths, flags, message) => {
    await expect(runBaseline(paths, flags)).rejects.toThrow(message);
  });

  it('writes nothing where it can not be right, or is not wanted', async () => {
    const root = tree({ ...project, 'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n' });
    const failed = async (...args: string[]) => {
      const { status, stdout, stderr } = await run(root, ...args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      return stderr;
    };
    expect(await failed('-o', 'no/where.yaml')).toBe('k8s-lint: no/where.yaml: its directory does not exist\n');
    rmSync(join(root, 'k8s-lint.yaml'));
    expect(await failed('--helm', join(root, 'missing-helm'))).toMatch(
      new RegExp(
        `missing-helm.*\nk8s-lint: ${NAME} is left as it was: not all that there is to find could be found\n$`,
        's',
      ),
    );
    const outside = tree({});
    symlinkSync(join(outside, 'x.yaml'), join(root, NAME));
    expect(await failed('apps')).toContain(
      'is a symbolic link that leads out of the repository: nothing is written there',
    );
    expect(readdirSync(outside)).toEqual([]);
    expect(lstatSync(join(root, NAME)).isSymbolicLink()).toBe(true);
    mkdirSync(join(root, 'directory.yaml'));
    expect(await failed('-o', 'directory.yaml')).toContain('directory.yaml: a directory, not a file');
  });
});
