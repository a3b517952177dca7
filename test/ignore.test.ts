import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RuleLevels } from '../src/config/config.ts';
import { loadConfig } from '../src/config/load.ts';
import type { Diagnostic } from '../src/diagnostic.ts';
import { type IgnoreOptions, Ignores, ignoreFindings } from '../src/ignore.ts';
import { yaml } from '../src/rule.ts';
import { SourceFiles } from '../src/source.ts';
import { lintFiles } from './examples.ts';
import { tree } from './tree.ts';

const ruleIds = ['image-tag-latest', 'schema-invalid', 'ignore-unused', 'ignore-expired'];

const found = (file: string, line: number | undefined, more: Partial<Diagnostic> = {}): Diagnostic => ({
  rule: 'image-tag-latest',
  severity: 'warning',
  message: `latest ${file}:${line}`,
  location: { file, ...(line === undefined ? {} : { line, column: 5 }) },
  related: [],
  targets: [{ environment: 'prod', target: 'web' }],
  fingerprint: `${file}:${line}`,
  ...more,
});

const pod = (name: string) => ({ resource: { apiVersion: 'v1', kind: 'Pod', name } });

interface RunOptions extends IgnoreOptions {
  /** Some of the run was left out by who asked. */
  partial: boolean;
  incomplete: boolean;
  /** Those that were judged whole. */
  files: readonly string[];
  levels: RuleLevels;
}

function applyIgnores(diagnostics: readonly Diagnostic[], options: RunOptions) {
  const { partial, incomplete, files, levels, active } = options;
  const ignores = new Ignores(options);
  const level = (id: string) => (active.has(id) ? (levels.get(id) ?? 'warning') : 'off');
  const ignoreLevels = { 'ignore-unused': level('ignore-unused'), 'ignore-expired': level('ignore-expired') };
  const applied = ignores.apply(diagnostics);
  const uses = ignores.uses({ incomplete, whole: files, doubtful: [] });
  return { ...applied, findings: ignoreFindings(uses, ignoreLevels, !partial) };
}

/** Applies the ignores of files on disk, and says what is left as `file:line`. */
async function apply(
  files: Record<string, string>,
  diagnostics: readonly Diagnostic[],
  options: Partial<RunOptions> & { at?: string } = {},
) {
  const root = tree(files);
  const cwd = join(root, options.at ?? '.');
  const sources = new SourceFiles(cwd);
  const config =
    files['k8s-lint.yaml'] === undefined
      ? undefined
      : await loadConfig(join(root, 'k8s-lint.yaml'), { cwd, sources, ruleIds: async () => ruleIds });
  const { kept, suppressed, findings } = applyIgnores(diagnostics, {
    ignores: config?.ignores ?? [],
    directory: root,
    sources,
    today: '2026-06-15',
    partial: false,
    incomplete: false,
    files: Object.keys(files).map((file) => join(root, file)),
    ruleIds,
    active: new Set(ruleIds),
    levels: config?.rules ?? new Map(),
    ...options,
  });
  const place = ({ location: { file, line } }: Pick<Diagnostic, 'location'>) => `${file}:${line ?? '-'}`;
  return {
    kept: kept.map(place),
    suppressed: suppressed.map(
      ({ diagnostic, reason, location, kind }) => `${place(diagnostic)} ${kind} ${place({ location })} ${reason}`,
    ),
    findings: findings.map((finding) => `${place(finding)} ${finding.rule} ${finding.severity} ${finding.message}`),
  };
}

describe('a comment', () => {
  it('ignores what is found on its line, or on the line below where it stands alone', async () => {
    const file = yaml`
      a: 1 # k8s-lint-ignore image-tag-latest: same line
      b: 2
      # k8s-lint-ignore schema-invalid: other rule
      # k8s-lint-ignore image-tag-latest: line above
      c: 3
      d: 4
    `;
    const invalid = { rule: 'schema-invalid' };
    expect(
      await apply({ 'a.yaml': file }, [
        found('a.yaml', 1),
        found('a.yaml', 1, invalid),
        found('a.yaml', 2),
        found('a.yaml', 5),
        found('a.yaml', 5, invalid),
        found('a.yaml', 6),
        found('a.yaml', undefined),
        found('missing.yaml', 3),
      ]),
    ).toEqual({
      kept: ['a.yaml:1', 'a.yaml:2', 'a.yaml:6', 'a.yaml:-', 'missing.yaml:3'],
      suppressed: [
        'a.yaml:1 inSource a.yaml:1 same line',
        'a.yaml:5 inSource a.yaml:4 line above',
        'a.yaml:5 inSource a.yaml:3 other rule',
      ],
      findings: [],
    });
  });

  it('says where it is wrong, or matches nothing', async () => {
    const file = yaml`
      a: 1 # k8s-lint-ignore image-tag-latest: because
      b: 1 # k8s-lint-ignore image-tag-latest
      c: 1 # k8s-lint-ignore image-tag-latest:
      d: 1 # k8s-lint-ignore
      e: 1 # k8s-lint-ignore: because
      f: 1 #k8s-lint-ignore image-tag-lates: because
      g: 1 ## k8s-lint-ignores nothing at all
      h: "# k8s-lint-ignore image-tag-latest: text"
      i: |
        # k8s-lint-ignore image-tag-latest: text
    `;
    const wrong = 'this ignores nothing: write it as "# k8s-lint-ignore RULE: reason"';
    const lines = [1, 2, 3, 4, 5, 6, 7, 8];
    const all = await apply(
      { 'a.yaml': file },
      lines.slice(1, 7).map((line) => found('a.yaml', line)),
    );
    expect(all).toEqual({
      kept: ['a.yaml:2', 'a.yaml:3', 'a.yaml:4', 'a.yaml:5', 'a.yaml:6', 'a.yaml:7'],
      suppressed: [],
      findings: [
        'a.yaml:1 ignore-unused warning this ignore of image-tag-latest matches nothing: remove it',
        `a.yaml:2 ignore-unused warning ${wrong}`,
        `a.yaml:3 ignore-unused warning ${wrong}`,
        `a.yaml:4 ignore-unused warning ${wrong}`,
        `a.yaml:5 ignore-unused warning ${wrong}`,
        'a.yaml:6 ignore-unused warning this ignores nothing: no rule is called "image-tag-lates": did you mean "image-tag-latest"?',
      ],
    });
    const partial = await apply({ 'a.yaml': file }, [], { partial: true });
    expect(partial.findings).toEqual(all.findings.slice(1));
    const elsewhere = await apply({ 'a.yaml': file }, [], { files: [] });
    expect(elsewhere.findings).toEqual([]);
    const off = await apply({ 'a.yaml': file }, [], { active: new Set(['image-tag-latest']) });
    expect(off.findings).toEqual([]);
  });

  it('in a file of an incomplete target is not said to match nothing', async () => {
    const file = 'a: 1 # k8s-lint-ignore image-tag-latest: because\n';
    const { findings } = await apply({ 'a.yaml': file, 'b.yaml': file }, [found('a.yaml', 2)], {
      incomplete: true,
      files: [],
    });
    expect(findings).toEqual([]);
  });

  it('works in Helm templates and in patches inside of a kustomization', async () => {
    const template = yaml`
      {{- if .Values.enabled }}
      image: {{ .Values.image }} # k8s-lint-ignore image-tag-latest: template
      {{- end }}
    `;
    const kustomization = yaml`
      patches:
        - patch: |
            image: nginx:latest # k8s-lint-ignore image-tag-latest: patch
    `;
    expect(
      await apply(
        {
          'templates/a.yaml': template,
          Kustomization: kustomization,
          'a.json': '"# k8s-lint-ignore image-tag-latest: x"',
        },
        [found('templates/a.yaml', 2), found('Kustomization', 3), found('a.json', 1)],
      ),
    ).toEqual({
      kept: ['a.json:1'],
      suppressed: [
        'templates/a.yaml:2 inSource templates/a.yaml:2 template',
        'Kustomization:3 inSource Kustomization:3 patch',
      ],
      findings: [],
    });
  });

  it('works in files of variables, where it stands alone', async () => {
    const mark = '# k8s-lint-ignore image-tag-latest:';
    const pairs = [`${mark} used`, 'A=1', `B="2 ${mark} text`, `  ${mark} unused`, 'C=3', ''].join('\n');
    const files = { 'a.env': pairs, '.env.prod': pairs, 'a.properties': pairs, 'env.txt': pairs };
    const results = await apply(
      files,
      Object.keys(files).flatMap((file) => [found(file, 2), found(file, 3)]),
    );
    const read = ['a.env', '.env.prod', 'a.properties'];
    expect(results).toEqual({
      kept: [...read.map((file) => `${file}:3`), 'env.txt:2', 'env.txt:3'],
      suppressed: read.map((file) => `${file}:2 inSource ${file}:1 used`),
      findings: read.map(
        (file) => `${file}:4 ignore-unused warning this ignore of image-tag-latest matches nothing: remove it`,
      ),
    });
  });

  it('comes before an entry of k8s-lint.yaml, which then is used all the same', async () => {
    const files = {
      'k8s-lint.yaml': 'ignore: [{ rule: image-tag-latest, reason: config }]\n',
      'a.yaml': 'a: 1 # k8s-lint-ignore image-tag-latest: comment\n',
    };
    expect(await apply(files, [found('a.yaml', 1)])).toEqual({
      kept: [],
      suppressed: ['a.yaml:1 inSource a.yaml:1 comment'],
      findings: [],
    });
  });
});

describe('an entry of k8s-lint.yaml', () => {
  it.each([
    ['file: k8s/a.yaml', ['k8s/a.yaml:1']],
    ['file: ./k8s/a.yaml', ['k8s/a.yaml:1']],
    ['file: k8s', ['k8s/a.yaml:1', 'k8s/b.yaml:-', 'k8s/.x/c.yaml:3']],
    ['file: k8s/', ['k8s/a.yaml:1', 'k8s/b.yaml:-', 'k8s/.x/c.yaml:3']],
    ['file: "k8s/*.yaml"', ['k8s/a.yaml:1', 'k8s/b.yaml:-']],
    ['file: "**/c.yaml"', ['k8s/.x/c.yaml:3']],
    ['file: "odd/[x].yaml"', ['odd/[x].yaml:1']],
    ['resource: Pod/web', ['k8s/a.yaml:1']],
    ['resource: "Pod/*"', ['k8s/a.yaml:1', 'k8s/b.yaml:-']],
    ['resource: "*/system:[a-c]"', ['odd/[x].yaml:1']],
    ['resource: Pod/web, file: k8s/b.yaml', []],
    ['reason: all', ['k8s/a.yaml:1', 'k8s/b.yaml:-', 'k8s/.x/c.yaml:3', 'odd/[x].yaml:1']],
  ])('with %s', async (matcher, expected) => {
    const diagnostics = [
      found('k8s/a.yaml', 1, pod('web')),
      found('k8s/b.yaml', undefined, pod('db')),
      found('k8s/.x/c.yaml', 3),
      found('odd/[x].yaml', 1, { resource: { apiVersion: 'v1', kind: 'Role', name: 'system:b' } }),
      found('k8s/a.yaml', 1, { rule: 'schema-invalid', ...pod('web') }),
    ];
    const own = matcher.startsWith('reason') ? matcher : `${matcher}, reason: because`;
    const { suppressed, findings } = await apply(
      { 'k8s-lint.yaml': `ignore: [{ rule: image-tag-latest, ${own} }]\n` },
      diagnostics,
    );
    expect(suppressed.map((text) => text.split(' ')[0])).toEqual(expected);
    expect(findings.length).toBe(expected.length === 0 ? 1 : 0);
  });

  it('names files relative to itself, wherever the tool runs', async () => {
    expect(
      await apply(
        { 'k8s-lint.yaml': 'ignore: [{ rule: image-tag-latest, file: k8s/a.yaml, reason: because }]\n', 'k8s/': '' },
        [found('a.yaml', 1)],
        { at: 'k8s' },
      ),
    ).toEqual({ kept: [], suppressed: ['a.yaml:1 external ../k8s-lint.yaml:1 because'], findings: [] });
  });

  it('that matches nothing is reported, but not where something may be missing', async () => {
    const files = {
      'k8s-lint.yaml': yaml`
        rules: { ignore-unused: error }
        ignore:
          - { rule: image-tag-latest, reason: because }
          - { rule: schema-invalid, reason: because }
      `,
    };
    const unused = (line: number, rule: string, why = '') =>
      `k8s-lint.yaml:${line} ignore-unused error this ignore of ${rule} matches nothing${why}: remove it`;
    const run = async (options: Partial<RunOptions>) => (await apply(files, [], options)).findings;
    expect(await run({})).toEqual([unused(3, 'image-tag-latest'), unused(4, 'schema-invalid')]);
    expect(await run({ active: new Set(['image-tag-latest', 'ignore-unused']) })).toEqual([
      unused(3, 'image-tag-latest'),
      unused(4, 'schema-invalid', ', since the rule is off'),
    ]);
    expect(await run({ partial: true })).toEqual([]);
    expect(await run({ incomplete: true })).toEqual([]);
    expect(await run({ active: new Set(['image-tag-latest']) })).toEqual([]);
  });

  it('holds until its day is over in UTC, and is reported where its finding is back', async () => {
    const files = {
      'k8s-lint.yaml': yaml`
        ignore:
          - rule: image-tag-latest
            reason: because
            until: 2026-06-14
      `,
    };
    const root = tree(files);
    const sources = new SourceFiles(root);
    const { ignores } = await loadConfig(join(root, 'k8s-lint.yaml'), {
      cwd: root,
      sources,
      ruleIds: async () => ruleIds,
    });
    const one = found('a.yaml', 1);
    const two = found('a.yaml', 1, { targets: [{ environment: 'dev', target: 'web' }] });
    const run = (diagnostics: Diagnostic[], today: string, options: Partial<RunOptions> = {}) =>
      applyIgnores(diagnostics, {
        ignores,
        directory: root,
        sources,
        today,
        partial: true,
        incomplete: false,
        files: [],
        ruleIds,
        active: new Set(ruleIds),
        levels: new Map(),
        ...options,
      });
    expect(run([one], '2026-06-14')).toEqual({
      kept: [],
      suppressed: [
        {
          diagnostic: one,
          reason: 'because',
          location: { file: 'k8s-lint.yaml', line: 2, column: 11 },
          kind: 'external',
        },
      ],
      findings: [],
    });
    expect(run([one, two], '2026-06-15')).toEqual({
      kept: [one, two],
      suppressed: [],
      findings: [
        {
          rule: 'ignore-expired',
          severity: 'warning',
          message:
            'this ignore of image-tag-latest expired on 2026-06-14, and what it covered is still found: fix it, or set a later date',
          location: { file: 'k8s-lint.yaml', line: 4, column: 12 },
          related: [{ message: one.message, location: one.location }],
          targets: [],
          fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
      ],
    });
    expect(run([], '2026-06-15', { partial: false }).findings.map(({ rule }) => rule)).toEqual(['ignore-unused']);
    expect(run([one], '2026-06-15', { active: new Set(['image-tag-latest']) }).findings).toEqual([]);
    expect(run([one], '2026-06-15', { levels: new Map([['ignore-expired', 'info']]) }).findings[0]?.severity).toBe(
      'info',
    );
  });
});

describe('ignores in a whole run', () => {
  const base = {
    'base/kustomization.yaml': 'resources: [web.yaml]\n',
    'overlays/dev/kustomization.yaml': 'resources: [../../base]\nnamePrefix: dev-\n',
    'overlays/prod/kustomization.yaml': 'resources: [../../base]\nnamePrefix: prod-\n',
  };
  const web = (comment: string) => yaml`
    apiVersion: v1
    kind: Pod
    metadata: { name: web }
    spec:
      containers:
        - name: web
          image: nginx:latest${comment}
  `;
  const rules = (report: Awaited<ReturnType<typeof lintFiles>>) =>
    report.diagnostics.map(({ rule, location, targets }) => [
      rule,
      `${location.file}:${location.line}`,
      targets.map(({ target }) => target),
    ]);

  it('cover every overlay of a base with one comment', async () => {
    const report = await lintFiles({ ...base, 'base/web.yaml': web(' # k8s-lint-ignore image-tag-latest: demo') });
    expect(rules(report)).toEqual([]);
    expect(
      report.suppressed.map(({ reason, diagnostic }) => [reason, diagnostic.targets.map(({ target }) => target)]),
    ).toEqual([['demo', ['overlays/dev', 'overlays/prod']]]);
    expect(report.summary.ignored).toBe(1);
  });

  it('may cover one overlay only', async () => {
    const report = await lintFiles({
      ...base,
      'base/web.yaml': web(''),
      'k8s-lint.yaml': 'ignore: [{ rule: image-tag-latest, resource: Pod/dev-web, reason: demo }]\n',
    });
    expect(rules(report)).toEqual([['image-tag-latest', 'base/web.yaml:7', ['overlays/prod']]]);
    expect(report.suppressed.map(({ diagnostic }) => diagnostic.targets.map(({ target }) => target))).toEqual([
      ['overlays/dev'],
    ]);
  });

  it('are not said to be unused where only some paths are linted', async () => {
    const files = {
      'a/a.yaml': web(''),
      'b/b.yaml': web(''),
      'k8s-lint.yaml': 'ignore: [{ rule: image-tag-latest, file: b/b.yaml, reason: demo }]\n',
    };
    expect(rules(await lintFiles(files, { paths: ['a'] }))).toEqual([['image-tag-latest', 'a/a.yaml:7', ['a']]]);
  });

  it('are not said to be unused where wrong types keep objects from the rules', async () => {
    const comment = ' # k8s-lint-ignore image-tag-latest: demo';
    const ignore = 'ignore: [{ rule: image-reference-invalid, reason: demo }]\n';
    const wrong = web(comment).replace('metadata: { name: web }', 'metadata: { name: web, labels: { replicas: 3 } }');
    const refused = await lintFiles({ ...base, 'base/web.yaml': wrong, 'k8s-lint.yaml': ignore });
    expect(rules(refused)).toEqual([['schema-invalid', 'base/web.yaml:3', ['overlays/dev', 'overlays/prod']]]);
    const unknownField = web(comment).replace('spec:', 'spec:\n  hostNetwrk: true');
    const judged = await lintFiles({ ...base, 'base/web.yaml': unknownField, 'k8s-lint.yaml': ignore });
    expect(rules(judged)).toEqual([
      ['schema-invalid', 'base/web.yaml:5', ['overlays/dev', 'overlays/prod']],
      ['ignore-unused', 'k8s-lint.yaml:1', []],
    ]);
  });
});
