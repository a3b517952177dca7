import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { beforeAll, describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import type { Diagnostic } from '../src/diagnostic.ts';
import { oneLine } from '../src/report/harmless.ts';
import { type Format, loadReporter, type ReporterOptions } from '../src/report/index.ts';
import { prose } from '../src/report/markdown-text.ts';
import type { Report } from '../src/report/report.ts';
import { yaml } from '../src/rule.ts';
import { SourceFiles } from '../src/source.ts';
import { lintFiles } from './examples.ts';
import { readTree } from './tree.ts';

const schema = (name: string) => readFileSync(new URL(`schemas/${name}`, import.meta.url), 'utf8');
const projects = fileURLToPath(new URL('../fixtures/projects/', import.meta.url));

const files = {
  'k8s-lint.yaml': `environments:
  dev: { targets: [{ manifests: [apps/*.yaml], namespace: dev }] }
  prod: { targets: [{ manifests: [apps/*.yaml, prod/*.yaml], namespace: prod }] }
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
          ports: [{ containerPort: 8000, hostPort: 80 }]
  `,
  'prod/tool.yaml': yaml`
    apiVersion: v1
    kind: Pod
    metadata: { name: tool }
    spec:
      containers: [{ name: tool, image: registry.example.com/tool:latest }]
  `,
};
const ran = ['host-network-port-mismatch', 'image-tag-latest'];

let report: Report;
let clean: Report;
/** The real reports of the broken projects, and one without findings. */
let real: Report[];

beforeAll(async () => {
  report = await lintFiles(files, { rules: ran });
  clean = await lintFiles({ ...files, 'apps/web.yaml': '', 'prod/tool.yaml': '' }, { rules: ran });
  const broken = readdirSync(projects).map((name) => lintFiles(readTree(join(projects, name, 'broken'))));
  real = [...(await Promise.all(broken)), clean];
});

async function write(format: Format, of: Report, options: Partial<ReporterOptions> = {}): Promise<string> {
  const reporter = await loadReporter(format);
  return reporter(of, { severity: 'warning', color: 0, prefix: '', sources: new SourceFiles('/nowhere'), ...options });
}

/** What Markdown, HTML, XML, JSON, GitHub, GitLab, Jenkins and terminals could take for more than text. */
const NASTY = [
  '@admin',
  'a@b.co',
  '#12',
  'org/repo#12',
  'GH-12',
  '!7',
  'deadbeef',
  '`',
  '``',
  '\\`',
  '|',
  '\\|',
  '<!--',
  '-->',
  '<script>alert(1)</script>',
  '</details>',
  '<img src=x>',
  '&amp;',
  '&#64;admin',
  ']]>',
  '[[ATTACHMENT|/etc/passwd]]',
  '[x](https://evil.example)',
  '![x](//evil.example)',
  'https://evil.example/a',
  'www.evil.example',
  '\n\n# Heading',
  '\n/close',
  '\n- [ ] task',
  '$x$',
  '$`x`$',
  ':smile:',
  '~~gone~~',
  '**bold**',
  '_it_',
  '[^1]',
  '> [!CAUTION]',
  '\n---\n',
  '\u0000',
  '\u001b[31m',
  '\u202e',
  '\ufffe',
  '\uffff',
  '\ud800',
  '\udc00',
  '\n::error::x',
  '##[group]',
  '${{ github.token }}',
  '"',
  "'",
  '\t',
  ' ',
  '(s)',
  'node(s)',
  '0/2',
  'plain words',
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 8 })
  .map((parts) => parts.join(''));

const target = fc.record({ environment: fc.constantFrom('dev', 'prod', '@all|`x`'), target: hostile });
const location = fc
  .record({ file: hostile.map((text) => `f${text}`), line: fc.option(fc.integer({ min: 1 }), { nil: undefined }) })
  .map(({ file, line }) => ({ file, ...(line === undefined ? {} : { line, column: 1 }) }));
const diagnostic: fc.Arbitrary<Diagnostic> = fc.record({
  rule: fc.constantFrom(...ran),
  severity: fc.constantFrom('error', 'warning', 'info'),
  message: hostile,
  location,
  related: fc.array(fc.record({ message: hostile, location }), { maxLength: 2 }),
  targets: fc.array(target, { maxLength: 6 }),
  fingerprint: fc.constantFrom('a', 'b'),
});
const anyReport: fc.Arbitrary<Report> = fc
  .record({
    diagnostics: fc.array(diagnostic, { maxLength: 20 }),
    unchecked: fc.array(fc.record({ what: hostile, reason: hostile, target: hostile }), { maxLength: 3 }),
    failures: fc.array(hostile, { maxLength: 2 }),
    note: fc.option(hostile, { nil: undefined, freq: 10 }),
    fixed: fc.option(fc.array(diagnostic, { maxLength: 8 }), { nil: undefined }),
    ref: hostile,
    notes: fc.array(hostile, { maxLength: 2 }),
  })
  .map(({ note, fixed, ref, notes, ...rest }) => ({
    ...rest,
    suppressed: [],
    environments: ['dev', 'prod', '@all|`x`'],
    rules: ran,
    summary: {
      errors: rest.diagnostics.filter(({ severity }) => severity === 'error').length,
      warnings: rest.diagnostics.filter(({ severity }) => severity === 'warning').length,
      infos: rest.diagnostics.filter(({ severity }) => severity === 'info').length,
      ignored: 0,
      targets: 3,
      resources: 9,
    },
    ...(note === undefined ? {} : { note }),
    ...(fixed === undefined
      ? {}
      : { since: { ref, commit: '0123456789'.repeat(4), notes, before: { errors: 2, warnings: 0, infos: 0 }, fixed } }),
  }));

/** Everything that a terminal or the log of a workflow would obey. */
const OBEYED = /(?![\n])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|^\s*::|##\[/mu;

describe('github', () => {
  /** A line as GitHub's runner reads it (https://github.com/actions/runner, ActionCommand.cs). */
  function read(line: string) {
    const [, name, list = '', data = ''] = /^::(\w+) (.*?)::(.*)$/.exec(line) ?? [];
    const decode = (text: string) =>
      [
        ['%0D', '\r'],
        ['%0A', '\n'],
        ['%3A', ':'],
        ['%2C', ','],
        ['%25', '%'],
      ].reduce((decoded, [code = '', char = '']) => decoded.replaceAll(code, char), text);
    const properties = list.split(',').map((property) => property.split(/=(.*)/s).slice(0, 2).map(decode));
    return { name, properties: Object.fromEntries(properties), message: decode(data).split('\n')[0] };
  }

  async function check(one: Report) {
    const lines = (await write('github', one, { severity: 'info' })).split('\n').slice(0, -1);
    expect(lines.map(read)).toEqual(
      one.diagnostics.map(({ severity, rule, message, location: { file, line, column } }) => ({
        name: { error: 'error', warning: 'warning', info: 'notice' }[severity],
        properties: {
          file: oneLine(posix.normalize(file)),
          ...(line === undefined ? {} : { line: String(line) }),
          ...(column === undefined ? {} : { col: String(column) }),
          title: `k8s-lint ${rule}`,
        },
        message: oneLine(message.split(/\r?\n/)[0] ?? ''),
      })),
    );
  }

  it('is one command for each finding, which the runner reads as it was meant', async () => {
    for (const one of real) await check(one);
    await fc.assert(fc.asyncProperty(anyReport, check));
  });
});

describe('gitlab', () => {
  const validate = new Ajv().compile(JSON.parse(schema('gitlab-codeclimate.json')));
  /** What GitLab needs beside its schema (https://docs.gitlab.com/ci/testing/code_quality/). */
  function check(text: string) {
    const entries = JSON.parse(text) as {
      fingerprint: string;
      severity: string;
      description: string;
      location: { path: string; lines: { begin: number } };
    }[];
    for (const entry of entries) {
      validate(entry);
      expect(validate.errors).toBeNull();
      expect(['info', 'minor', 'major', 'critical', 'blocker']).toContain(entry.severity);
      expect(entry.location.path).not.toMatch(/^\.?\//);
      expect(entry.location.lines.begin).toBeGreaterThan(0);
    }
    expect(new Set(entries.map(({ fingerprint }) => fingerprint)).size).toBe(entries.length);
    return entries;
  }

  it('holds one entry for each finding, with its environments', async () => {
    const [latest, port, tool] = report.diagnostics.map(({ fingerprint }) => fingerprint);
    const again = 'imagePullPolicy is then Always, and each restart may run another build';
    expect(check(await write('gitlab', report, { prefix: 'deploy' }))).toEqual([
      {
        description: `image registry.example.com/web:latest has the tag latest: ${again} (in dev, prod)`,
        check_name: 'image-tag-latest',
        fingerprint: latest,
        severity: 'major',
        location: { path: 'deploy/apps/web.yaml', lines: { begin: 8 } },
      },
      {
        description:
          'hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod (in dev, prod)',
        check_name: 'host-network-port-mismatch',
        fingerprint: port,
        severity: 'critical',
        location: { path: 'deploy/apps/web.yaml', lines: { begin: 9 } },
      },
      {
        description: `image registry.example.com/tool:latest has the tag latest: ${again} (in prod)`,
        check_name: 'image-tag-latest',
        fingerprint: tool,
        severity: 'major',
        location: { path: 'deploy/prod/tool.yaml', lines: { begin: 5 } },
      },
    ]);
  });

  it('is an empty list where nothing was found, and valid for real reports', async () => {
    expect(await write('gitlab', clean)).toBe('[]\n');
    const counts = await Promise.all(real.map(async (one) => check(await write('gitlab', one)).length));
    expect(counts).toEqual(real.map(({ summary }) => summary.errors + summary.warnings));
  });

  it('tells findings apart that share a fingerprint, and takes the first line where none is known', async () => {
    const [first] = report.diagnostics;
    const twice = { ...report, diagnostics: [first, { ...first, location: { file: 'a.yaml' } }] } as Report;
    const entries = check(await write('gitlab', twice));
    expect(entries.map(({ fingerprint }) => fingerprint)).toEqual([
      first?.fingerprint,
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ]);
    expect(entries[1]?.location.lines.begin).toBe(1);
    expect(check(await write('gitlab', twice))).toEqual(entries);
  });

  it('stays valid and harmless whatever texts it holds', async () => {
    await fc.assert(
      fc.asyncProperty(anyReport, async (one) => {
        const text = await write('gitlab', one, { severity: 'info' });
        expect(text).not.toMatch(OBEYED);
        expect(text.isWellFormed()).toBe(true);
        expect(check(text).length).toBe(one.diagnostics.length);
      }),
    );
  });
});

describe('junit', () => {
  const xsd = schema('junit-10.xsd');

  /** What the real xmllint says of documents under the schema of Jenkins, one line for each fault. */
  async function faults(documents: readonly string[]): Promise<string[]> {
    const xml = documents.map((contents, i) => ({ fileName: `report-${i}.xml`, contents }));
    const { errors, valid } = await validateXML({ xml, schema: xsd });
    expect(valid).toBe(errors.length === 0);
    return errors.map(({ rawMessage }) => rawMessage);
  }

  it('has a suite for each environment and a test for each rule; what is below --fail-on passes', async () => {
    const again = 'imagePullPolicy is then Always, and each restart may run another build';
    const port = 'hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod';
    const latest = (indent: string, targets: string) => [
      `    ${indent}warning: image registry.example.com/web:latest has the tag latest: ${again}`,
      `  in ${targets}`,
    ];
    const text = await write('junit', { ...report, unchecked: [] });
    expect(text.split('\n')).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites name="k8s-lint" tests="5" failures="2" errors="0" time="0">',
      '  <testsuite name="k8s-lint" tests="1" failures="0" errors="0" skipped="0" time="0">',
      '    <testcase classname="k8s-lint" name="run" time="0"/>',
      '  </testsuite>',
      '  <testsuite name="dev" tests="2" failures="1" errors="0" skipped="0" time="0">',
      '    <testcase classname="k8s-lint.dev" name="host-network-port-mismatch" time="0">',
      `      <failure type="host-network-port-mismatch" message="${port}">apps/web.yaml:9:48: error: ${port}`,
      '  in dev (apps/*.yaml)</failure>',
      '    </testcase>',
      '    <testcase classname="k8s-lint.dev" name="image-tag-latest" time="0">',
      ...latest('  <system-out>apps/web.yaml:8:14: ', 'dev (apps/*.yaml)</system-out>'),
      '    </testcase>',
      '  </testsuite>',
      '  <testsuite name="prod" tests="2" failures="1" errors="0" skipped="0" time="0">',
      '    <testcase classname="k8s-lint.prod" name="host-network-port-mismatch" time="0">',
      `      <failure type="host-network-port-mismatch" message="${port}">apps/web.yaml:9:48: error: ${port}`,
      '  in prod (apps/*.yaml, prod/*.yaml)</failure>',
      '    </testcase>',
      '    <testcase classname="k8s-lint.prod" name="image-tag-latest" time="0">',
      ...latest('  <system-out>apps/web.yaml:8:14: ', 'prod (apps/*.yaml, prod/*.yaml)'),
      `prod/tool.yaml:5:37: warning: image registry.example.com/tool:latest has the tag latest: ${again}`,
      '  in prod (apps/*.yaml, prod/*.yaml)</system-out>',
      '    </testcase>',
      '  </testsuite>',
      '</testsuites>',
      '',
    ]);
  });

  it('fails where the run fails, whatever --severity hides', async () => {
    const failuresOf = async (options: Partial<ReporterOptions>) =>
      (await write('junit', report, options)).match(/<testsuites .* failures="(\d+)"/)?.[1];
    expect(await failuresOf({ failOn: 'warning' })).toBe('4');
    expect(await failuresOf({ failOn: 'warning', severity: 'error' })).toBe('4');
    expect(await failuresOf({ failOn: 'never' })).toBe('0');
    expect(await write('junit', report, { severity: 'error' })).not.toContain('warning:');
    const message = /message="image registry.example.com\/web:latest [^"]*build \(and 1 more\)"/;
    expect(await write('junit', report, { failOn: 'warning' })).toMatch(message);
  });

  it('names a test for everything that was judged, and one for the run: none is empty', async () => {
    const cases = (text: string) =>
      [...text.matchAll(/<testcase classname="(.*?)" name="(.*?)" time="0"(?:\/>|>\n *(<\w+))/g)].map(
        ([, suite, name, outcome]) => [suite, name, outcome].filter(Boolean).join(' '),
      );
    expect(cases(await write('junit', clean))).toEqual([
      'k8s-lint run',
      ...['dev', 'prod'].flatMap((name) => ran.map((rule) => `k8s-lint.${name} ${rule}`)),
    ]);
    const nothing = { ...clean, environments: [], note: 'nothing was selected' };
    expect(cases(await write('junit', nothing))).toEqual(['k8s-lint run <skipped']);
    const broken = { ...clean, environments: [], failures: ['no helm', 'no kustomize'] };
    const text = await write('junit', broken);
    expect(cases(text)).toEqual(['k8s-lint run <error']);
    expect(text).toContain('<error message="no helm">no helm\nno kustomize</error>');
    const homeless = { ...clean, diagnostics: [{ ...report.diagnostics[0], rule: 'ignore-unused', targets: [] }] };
    expect(cases(await write('junit', homeless as Report, { failOn: 'warning' })).slice(0, 2)).toEqual([
      'k8s-lint run',
      'k8s-lint ignore-unused <failure',
    ]);
    expect(await faults([text, await write('junit', nothing), await write('junit', homeless as Report)])).toEqual([]);
  });

  it('is valid for real reports, which tell all that they found', async () => {
    const documents = await Promise.all(real.map((one) => write('junit', one, { failOn: 'warning' })));
    expect(await faults(documents)).toEqual([]);
    expect(await faults(['<testsuite/>'])).not.toEqual([]);
    for (const [i, { diagnostics: all, environments, rules }] of real.entries()) {
      const diagnostics = all.filter(({ severity }) => severity !== 'info');
      const found = new Set(
        diagnostics.flatMap(({ rule, targets }) => targets.map(({ environment }) => `${environment} ${rule}`)),
      );
      const homeless = new Set(diagnostics.filter(({ targets }) => targets.length === 0).map(({ rule }) => rule));
      const tests = 1 + environments.length * rules.length + homeless.size;
      expect(documents[i]).toContain(`tests="${tests}" failures="${found.size + homeless.size}" errors="0"`);
    }
  });

  it('stays valid and harmless whatever texts it holds', async () => {
    const documents: string[] = [];
    await fc.assert(
      fc.asyncProperty(anyReport, async (one) => {
        const text = await write('junit', one, { severity: 'info' });
        expect(text).not.toMatch(OBEYED);
        expect(text).not.toContain('[[ATTACHMENT|');
        documents.push(text);
      }),
    );
    expect(await faults(documents)).toEqual([]);
  });
});

describe('markdown', () => {
  const html = (markdown: string) =>
    micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
  const textOf = (markup: string) =>
    markup
      .replace(/<[^>]*>/g, '')
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"')
      .replace(/&amp;/g, '&');
  /** What GitHub and GitLab look for in text that is no code: mentions, references, links, emoji, formulas. */
  const FILTERED = /[@#$~!%^`*_[\]<>|\\&]|:\/\/|www\.|:\w+:|\bGH-\d|\b[0-9a-f]{7,40}\b/;

  /** Fails where a page has other elements than ours, or text that a forge would make something of. */
  function check(page: string) {
    expect(Buffer.byteLength(page)).toBeLessThan(60_000);
    expect(page).not.toMatch(OBEYED);
    const markup = html(page);
    const tags = new Set([...markup.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace('/', '')));
    const ours = ['h3', 'p', 'ul', 'li', 'strong', 'code', 'details', 'summary'].map((name) => `<${name}>`);
    expect([...tags].filter((tag) => !ours.includes(tag))).toEqual([]);
    expect(textOf(markup.replace(/<code>.*?<\/code>/gs, '<code></code>'))).not.toMatch(FILTERED);
  }

  const again = 'imagePullPolicy is then Always, and each restart may run another build';
  const port = 'hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod';
  const items = {
    port: `- **error** \`apps/web.yaml:9\` ${port} (\`host-network-port-mismatch\`)`,
    web: `- **warning** \`apps/web.yaml:8\` image \`registry.example.com/web:latest\` has the tag latest: ${again} (\`image-tag-latest\`)`,
    tool: `- **warning** \`prod/tool.yaml:5\` image \`registry.example.com/tool:latest\` has the tag latest: ${again} (\`image-tag-latest\`)`,
  };

  it('is one line where nothing was found', async () => {
    const quiet = { ...clean, unchecked: [] };
    expect(await write('markdown', quiet)).toBe('**k8s-lint**: nothing found in 2 targets, 0 resources, 2 rules.\n');
    expect(await write('markdown', { ...quiet, note: 'nothing is selected by docs/a.md' })).toBe(
      '**k8s-lint**: nothing is selected by `docs/a.md`\n',
    );
    const since = {
      ref: 'origin/main',
      commit: '0123456789abcdef',
      before: { errors: 1, warnings: 2, infos: 0 },
      fixed: [],
    };
    expect(await write('markdown', { ...quiet, since })).toBe(
      '**k8s-lint**: nothing new in 2 targets, 0 resources, 2 rules. Compared with `origin/main` (`0123456`): nothing fixed, 1 error, 2 warnings there before.\n',
    );
  });

  it('tells what was found by environment, with the line and the consequence', async () => {
    const unchecked = ['dev', 'prod'].map((target) => ({
      what: 'Secrets',
      reason: 'existing holds no Secret',
      target,
    }));
    expect((await write('markdown', { ...report, unchecked })).split('\n')).toEqual([
      '### k8s-lint: 1 error, 2 warnings',
      '',
      '2 targets, 3 resources, 2 rules.',
      '',
      '**`dev`, `prod`**',
      '',
      items.port,
      items.web,
      '',
      '**`prod`**',
      '',
      items.tool,
      '',
      '<details><summary>not checked</summary>',
      '',
      '- Secrets: existing holds no Secret (`dev` and 1 more)',
      '',
      '</details>',
      '',
    ]);
  });

  it('tells what is new and what is fixed, from the root of the repository', async () => {
    const [web, error, tool] = report.diagnostics as [Diagnostic, Diagnostic, Diagnostic];
    const commit = '0123456789abcdef';
    const before = { errors: 0, warnings: 0, infos: 0 };
    const since = { ref: 'main', commit, notes: ['b/ is read as it is today'], before, fixed: [tool] };
    const summary = { ...report.summary, warnings: 1, ignored: 2 };
    const changed: Report = { ...report, diagnostics: [web, error], summary, since, unchecked: [] };
    expect((await write('markdown', changed, { prefix: 'deploy', severity: 'error' })).split('\n')).toEqual([
      '### k8s-lint: 1 new error, 1 new warning (1 below --severity)',
      '',
      '2 targets, 3 resources, 2 rules; 2 ignored. Compared with `main` (`0123456`): 1 fixed, nothing was there before.',
      '',
      'Note: `b/` is read as it is today',
      '',
      '**`dev`, `prod`**',
      '',
      items.port.replace('apps/', 'deploy/apps/'),
      '',
    ]);
    expect(await write('junit', changed)).toContain(
      '    <system-out>b/ is read as it is today</system-out>\n  </testsuite>',
    );
    expect((await write('markdown', changed)).split('\n').slice(-4)).toEqual([
      '**fixed**',
      '',
      items.tool.replace('**warning** ', '').replace(':5`', '`').replace('latest`)', 'latest` in `prod`)'),
      '',
    ]);
  });

  it('says first what could not be judged', async () => {
    const failures = ['helm is missing: install it', 'a bug'];
    expect((await write('markdown', { ...clean, unchecked: [], failures })).split('\n')).toEqual([
      '### k8s-lint could not judge everything',
      '',
      '- helm is missing: install it',
      '- a bug',
      '',
      'Beside that, nothing found in 2 targets, 0 resources, 2 rules.',
      '',
    ]);
  });

  it('folds what is long, errors come first, and says what has no room', async () => {
    const many = (count: number, environments: string[]): Diagnostic[] =>
      Array.from({ length: count }, (_, i) => ({
        ...(report.diagnostics[i % 2] as Diagnostic),
        location: { file: 'apps/a.yaml', line: i + 1 },
        targets: environments.map((environment) => ({ environment, target: 'a' })),
      }));
    const environments = ['a', 'b', 'c', 'd', 'e', '<f>'];
    const of = async (diagnostics: Diagnostic[]) => {
      const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
      const summary = { ...report.summary, errors, warnings: diagnostics.length - errors };
      const page = await write('markdown', { ...report, environments, diagnostics, summary, unchecked: [] });
      check(page);
      return page.split('\n');
    };
    const some = await of([
      ...many(8, environments),
      ...many(24, ['a', '<f>']),
      ...many(4, ['b', 'c', 'd', 'e', '<f>']),
    ]);
    expect(some.filter((line) => /^(#|\*\*|<)/.test(line))).toEqual([
      '### k8s-lint: 18 errors, 18 warnings',
      '**all 6 environments**',
      '**`b`, `c`, `d`, `e` and 1 more**',
      '<details><summary>2 more warnings in <code>b</code>, <code>c</code>, <code>d</code>, <code>e</code> and 1 more</summary>',
      '</details>',
      '<details><summary>12 errors, 12 warnings in <code>a</code>, <code>&lt;f&gt;</code></summary>',
      '</details>',
    ]);
    expect(some.filter((line) => line.startsWith('- ')).length).toBe(36);
    const most = await of(many(2000, ['a']));
    const listed = most.filter((line) => line.startsWith('- ')).length;
    expect(listed).toBeGreaterThan(150);
    expect(most.at(-2)).toBe(`There is no room for ${2000 - listed} more here: the other formats have all.`);
    expect(most.filter((line) => line.startsWith('- **warning**'))).toEqual([]);
  });

  it('shows real reports with nothing but its own elements', async () => {
    for (const one of real) {
      const page = await write('markdown', one, { severity: 'info' });
      check(page);
      const first = page.split('\n')[0];
      expect(first?.startsWith('### k8s-lint: ')).toBe(one.diagnostics.length > 0);
      const all = textOf(html(page)).replaceAll(/\s+/g, ' ');
      for (const { message } of one.diagnostics) expect(all).toContain(message.split('\n')[0]?.replaceAll(/\s+/g, ' '));
    }
  });

  it('shows hostile texts as they are, and as nothing else', async () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = textOf(html(`- a ${prose(text)}`))
          .replaceAll(/\s+/g, ' ')
          .trim();
        expect(shown).toBe(`a ${oneLine(text.toWellFormed())}`.replaceAll(/\s+/g, ' ').trim());
      }),
      { numRuns: 1000 },
    );
    await fc.assert(
      fc.asyncProperty(anyReport, async (one) => check(await write('markdown', one, { severity: 'info' }))),
    );
  });

  it('stays below the limit of a comment whatever the names', async () => {
    const long = '界`'.repeat(500);
    const [first] = report.diagnostics as [Diagnostic];
    const diagnostics = Array.from({ length: 300 }, (_, i) => ({
      ...first,
      message: long,
      location: { file: long },
      targets: Array.from({ length: 9 }, (_, n) => ({ environment: `${long}${i}${n}`, target: long })),
    }));
    const unchecked = Array.from({ length: 300 }, (_, i) => ({ what: `${i}`, reason: long, target: long }));
    const since = {
      ref: long,
      commit: 'a'.repeat(40),
      before: { errors: 1, warnings: 1, infos: 1 },
      fixed: diagnostics,
    };
    const page = await write('markdown', {
      ...report,
      diagnostics,
      unchecked,
      since,
      failures: [...Array(300).fill(long)],
    });
    check(page);
  });
});
