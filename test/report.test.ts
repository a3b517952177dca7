import { createRequire } from 'node:module';
import AjvDraft04 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../src/diagnostic.ts';
import { excerpt } from '../src/report/excerpt.ts';
import type { Format } from '../src/report/index.ts';
import { loadReporter } from '../src/report/index.ts';
import type { Report } from '../src/report/report.ts';
import { yaml } from '../src/rule.ts';
import { rules } from '../src/rules/index.ts';
import { SourceFiles } from '../src/source.ts';
import { lintFiles } from './examples.ts';

const files = {
  'k8s-lint.yaml': `environments:
  dev: { targets: [{ manifests: [apps/*.yaml], namespace: dev }] }
  prod: { targets: [{ manifests: [apps/*.yaml], namespace: prod }] }
ignore:
  - { rule: selector-mismatch, resource: Deployment/old, reason: "goes away, 50% off" }
`,
  'apps/web é.yaml': `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  hostNetwork: true
  containers:
    - name: web
      image: registry.example.com/web:latest # k8s-lint-ignore image-tag-latest: rebuilt every night
      ports:
        - containerPort: 8000
          hostPort: 80
---
apiVersion: v1
kind: Pod
metadata: { name: tool }
spec:
  containers:
    - { name: tool, image: registry.example.com/tool }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: old }
spec:
  selector: { matchLabels: { app: old } }
  template:
    metadata: { labels: { app: new } }
    spec: { containers: [{ name: old, image: "registry.example.com/old:1.0.0" }] }
`,
};
const report = await lintFiles(files);

async function write(
  format: Format,
  options: Partial<{ severity: 'info' | 'warning' | 'error'; report: Report; prefix: string }> = {},
) {
  const sources = new SourceFiles('/nowhere');
  for (const [file, text] of Object.entries(files)) sources.add(file, text);
  const reporter = await loadReporter(format);
  return reporter(options.report ?? report, {
    severity: options.severity ?? 'warning',
    color: 0,
    prefix: options.prefix ?? '',
    sources,
  });
}

const targets = [
  { environment: 'dev', target: 'apps/*.yaml' },
  { environment: 'prod', target: 'apps/*.yaml' },
];

describe('json', () => {
  it('holds exactly what its shape promises, one diagnostic for both environments', async () => {
    const json = JSON.parse(await write('json'));
    expect(json).toEqual({
      version: 1,
      diagnostics: [
        {
          rule: 'host-network-port-mismatch',
          severity: 'error',
          message: 'hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod',
          resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'dev', name: 'web' },
          path: ['spec', 'containers', 0, 'ports', 0, 'hostPort'],
          location: { file: 'apps/web é.yaml', line: 11, column: 21 },
          related: [],
          targets,
          fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
        {
          rule: 'image-tag-latest',
          severity: 'warning',
          message: expect.stringContaining('registry.example.com/tool'),
          resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'dev', name: 'tool' },
          path: ['spec', 'containers', 0, 'image'],
          location: { file: 'apps/web é.yaml', line: 18, column: 28 },
          related: [],
          targets,
          fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
      ],
      unchecked: expect.any(Array),
      summary: { errors: 1, warnings: 1, infos: 0, ignored: 2, targets: 2, resources: 6 },
    });
  });

  it('keeps fingerprints when lines move, and hides what --severity hides', async () => {
    const moved = await lintFiles({ ...files, 'apps/web é.yaml': `# moved\n\n${files['apps/web é.yaml']}` });
    expect(moved.diagnostics.map(({ fingerprint }) => fingerprint)).toEqual(
      report.diagnostics.map(({ fingerprint }) => fingerprint),
    );
    expect(moved.diagnostics[0]?.location.line).toBe(13);
    const errors = JSON.parse(await write('json', { severity: 'error' }));
    expect(errors.diagnostics.map(({ rule }: { rule: string }) => rule)).toEqual(['host-network-port-mismatch']);
    expect(errors.summary.warnings).toBe(1);
  });
});

describe('sarif', () => {
  const schema = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  const ajv = new AjvDraft04.default({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv as never);
  const validate = ajv.compile(schema);

  it('is valid against the official schema, empty, full, and with a failure', async () => {
    const empty = { ...report, diagnostics: [], suppressed: [] };
    for (const variant of [report, empty, { ...report, failures: ['no helm'] }]) {
      const log = JSON.parse(await write('sarif', { report: variant }));
      validate(log);
      expect(validate.errors).toBeNull();
      expect(log.runs[0].invocations[0].executionSuccessful).toBe(variant.failures.length === 0);
    }
    expect(validate({ version: '2.1.0', runs: [{ results: [] }] })).toBe(false);
  });

  it('has relative URIs, rule help, fingerprints and suppressions with their reasons', async () => {
    const { runs } = JSON.parse(await write('sarif'));
    const [run] = runs;
    expect(run.results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([
      'host-network-port-mismatch',
      'image-tag-latest',
      'image-tag-latest',
      'selector-mismatch',
    ]);
    const [first] = run.results;
    expect(first.locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'apps/web%20%C3%A9.yaml', uriBaseId: 'SRCROOT' },
      region: { startLine: 11, startColumn: 21 },
    });
    expect(first.partialFingerprints).toEqual({ 'k8sLint/v1': report.diagnostics[0]?.fingerprint });
    expect(run.tool.driver.rules[first.ruleIndex].id).toBe(first.ruleId);
    const rule = rules.find(({ id }) => id === first.ruleId);
    expect(run.tool.driver.rules[first.ruleIndex].help.text).toContain(rule?.docs.incident);
    expect(
      run.results.flatMap(({ suppressions = [] }) =>
        suppressions.map(({ kind, justification }: { kind: string; justification: string }) => [kind, justification]),
      ),
    ).toEqual([
      ['inSource', 'rebuilt every night'],
      ['external', 'goes away, 50% off'],
    ]);
  });
});

describe('in a directory below the root of the repository', () => {
  it('sarif and github name files from the root', async () => {
    const { runs } = JSON.parse(await write('sarif', { prefix: 'deploy/k8s' }));
    expect(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(
      'deploy/k8s/apps/web%20%C3%A9.yaml',
    );
    expect(await write('github', { prefix: 'deploy/k8s' })).toMatch(/^::error file=deploy\/k8s\/apps\/web é\.yaml,/);
  });
});

describe('github', () => {
  it('writes one escaped workflow command for each diagnostic', async () => {
    expect((await write('github')).split('\n')).toEqual([
      '::error file=apps/web é.yaml,line=11,col=21,title=k8s-lint host-network-port-mismatch::hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod%0Ain dev (apps/*.yaml), prod (apps/*.yaml)',
      expect.stringMatching(/^::warning file=apps\/web é\.yaml,line=18,col=28,title=k8s-lint image-tag-latest::/),
      '',
    ]);
    const [diagnostic] = report.diagnostics;
    const odd = {
      ...report,
      diagnostics: [{ ...diagnostic, message: '100%\nsure', location: { file: 'a:b,c.yaml' } }],
    } as Report;
    expect(await write('github', { report: odd })).toMatch(
      /^::error file=a%3Ab%2Cc\.yaml,title=[^:]*::100%25%0Asure%0Ain /,
    );
  });
});

describe('text', () => {
  it('groups by file, marks the column, names the targets, and ends with one summary line', async () => {
    const lines = (await write('text')).split('\n');
    expect(lines.slice(0, 6)).toEqual([
      'apps/web é.yaml',
      '  11:21  error  hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod  host-network-port-mismatch',
      '      10 │         - containerPort: 8000',
      '    > 11 │           hostPort: 80',
      '         │                     ^',
      '      12 │ ---',
    ]);
    expect(lines).toContain('      in dev (apps/*.yaml), prod (apps/*.yaml)');
    expect(lines.filter((line) => line.startsWith('2 targets, 6 resources, '))).toEqual([
      `2 targets, 6 resources, ${rules.length} rules: 1 error, 1 warning, 2 ignored`,
    ]);
  });

  it('names no target for what belongs to none', async () => {
    const unused = { ...(report.diagnostics[0] as Diagnostic), related: [], targets: [] };
    const lines = (await write('text', { report: { ...report, diagnostics: [unused] } })).split('\n');
    expect(lines.slice(5, 8)).toEqual(['      12 │ ---', '', expect.stringMatching(/^2 targets, /)]);
  });

  it('says what was not checked, once, with the fact that would let it be', async () => {
    const items = Array.from({ length: 30 }, (_, i) => ({
      what: `thing ${i % 12}`,
      reason: 'no facts',
      target: `t${i}`,
    }));
    const lines = (await write('text', { report: { ...report, diagnostics: [], unchecked: items } })).split('\n');
    expect(lines[1]).toBe('not checked:');
    expect(lines[2]).toBe('  thing 0: no facts (t0 and 2 more)');
    expect(lines.at(-2)).toBe('  and 2 more: --format json lists them');
  });

  it.each([
    ['existing holds no Secret in namespace shop', true],
    ['no Node is known: list the Nodes under existing', true],
    ['list DNSEndpoints and Nodes under existing', true],
    ['list Nodes under existing', true],
    ['list DNSEndpoints under existing', false],
    ['no schema for this kind: render its CustomResourceDefinition, or list it under existing', false],
    ['Secret/app may set another address: render it, or list it with its keys under existing', false],
    ['an existing object that is not valid', false],
  ])('names the snapshot once, as a way to the facts that are missing: %s', async (reason, helps) => {
    const unchecked = ['a', 'b'].map((what) => ({ what, reason, target: 'web' }));
    const text = await write('text', { report: { ...report, diagnostics: [], unchecked } });
    expect(text.split('\n').slice(2)).toEqual([
      `  a: ${reason} (web)`,
      `  b: ${reason} (web)`,
      ...(helps
        ? ['  k8s-lint snapshot -o FILE writes down what the cluster holds: name FILE under existing in k8s-lint.yaml']
        : []),
      '',
    ]);
  });
});

describe('excerpts', () => {
  it('end with the last line of the file, and show a stream as a manifest', () => {
    const sources = new SourceFiles('/nowhere');
    const text = 'kind: Pod\nspec: {}\n';
    for (const file of ['pod.yaml', '<stdin>']) {
      sources.add(file, text);
      expect(excerpt({ file, line: 2 }, sources)).toEqual([
        { number: 1, text: 'kind: Pod', marked: false },
        { number: 2, text: 'spec: {}', marked: true },
      ]);
    }
    sources.add('cut.yaml', 'kind: Pod\nspec:');
    expect(excerpt({ file: 'cut.yaml', line: 1 }, sources)).toEqual([
      { number: 1, text: 'kind: Pod', marked: true },
      { number: 2, text: 'spec:', marked: false },
    ]);
  });

  const secrets = ['hunter2', 'c2VjcmV0', 'MIIEvQIB', 's3cr3t', 'tok-123', 'p4ss'];
  const text = `apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  HOST: hunter2
  "quoted": 'hunter2'
  key.pem: |
    -----BEGIN PRIVATE KEY-----
    MIIEvQIBADANBgkqh
  flow: { a: hunter2, b: [hunter2] }
data:
  token: c2VjcmV0
---
apiVersion: v1
kind: ConfigMap
metadata: { name: app }
data:
  url: postgres://user:p4ss@db:5432/app
  DB_PASSWORD: s3cr3t
  apiToken: "tok-123"
  mode: fast
  file.conf: |
    password = s3cr3t
`;

  it('never show what may be a secret, whichever line is asked for', () => {
    const sources = new SourceFiles('/nowhere');
    for (const file of ['secret.yaml', '.env', 'kustomization.yaml', 'values.yaml']) sources.add(file, text);
    for (let line = 1; line <= text.split('\n').length; line++) {
      const shown = excerpt({ file: 'secret.yaml', line }, sources, 2)
        .map(({ text }) => text)
        .join('\n');
      for (const secret of secrets) expect([line, shown]).toEqual([line, expect.not.stringContaining(secret)]);
    }
    sources.add('app.env', 'DATABASE_HOST=db\nDATABASE_PASSWORD=hunter2\n');
    const env = excerpt({ file: 'app.env', line: 1 }, sources).map(({ text }) => text);
    expect(env.join('\n')).not.toContain('hunter2');
    sources.add('values.yaml', 'db:\n  host: db\n  password: hunter2\n  auth: { user: a, secretKey: hunter2 }\n');
    expect(JSON.stringify(excerpt({ file: 'values.yaml', line: 3 }, sources))).not.toContain('hunter2');
  });

  it('leave out the value beside the name of a variable, and the literals of a secretGenerator', () => {
    const sources = new SourceFiles('/nowhere');
    sources.add(
      'pod.yaml',
      'env:\n  - name: DB_PASSWORD\n    value: hunter2\n  - { name: API_TOKEN, value: hunter2 }\nargs: ["--password=hunter2"]\n',
    );
    sources.add(
      'kustomization.yaml',
      'images:\n  - name: app\n    newTag: v1\nsecretGenerator:\n  - name: db\n    literals: [pw=hunter2]\n    other:\n      - a=hunter2\n',
    );
    for (let line = 1; line <= 8; line++) {
      for (const file of ['pod.yaml', 'kustomization.yaml']) {
        expect(JSON.stringify(excerpt({ file, line }, sources, 2))).not.toContain('hunter2');
      }
    }
    expect(excerpt({ file: 'kustomization.yaml', line: 3 }, sources, 0)).toEqual([
      { number: 3, text: '    newTag: v1', marked: true },
    ]);
  });

  it('leave out what plug-ins and JSON patches make Secrets of', () => {
    const sources = new SourceFiles('/nowhere');
    const plugin = 'apiVersion: builtin\nkind: SecretGenerator\nmetadata: { name: db }\nliterals:\n  - a=hunter2\n';
    const files: Record<string, string> = {
      'plugin.yaml': plugin,
      'kustomization.yaml': `generators:\n  - |-\n    ${plugin.replaceAll('\n', '\n    ')}\n`,
      'patch.json': '[{\n  "op": "add",\n  "path": "/stringData/a",\n\n\n\n  "value": "hunter2"\n}]\n',
      'value-first.yaml':
        '- value: hunter2\n  op: add\n  path: /data/a\n- op: add\n  path: /data\n  value: { a: hunter2 }\n',
      'one-line.yaml': `- { op: add, path: /data/a, value: hunter2 }\n`,
    };
    for (const [file, content] of Object.entries(files)) {
      sources.add(file, content);
      for (let line = 1; line <= 9; line++) {
        expect([file, line, JSON.stringify(excerpt({ file, line }, sources))]).toEqual([
          file,
          line,
          expect.not.stringContaining('hunter2'),
        ]);
      }
    }
    sources.add('other.yaml', '- op: add\n  path: /metadata/annotations/data\n  value: shown\n');
    expect(excerpt({ file: 'other.yaml', line: 3 }, sources, 0)).toEqual([
      { number: 3, text: '  value: shown', marked: true },
    ]);
  });

  it('leave out all that stands where a value of a Secret comes from', async () => {
    const files = {
      'kustomization.yaml': 'resources: [access.yaml, all.yaml, web.yaml]\nreplacements: [{ path: replace.yaml }]\n',
      'access.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: access }\nstringData: { HOST: x }\n',
      'replace.yaml':
        'source: { kind: ConfigMap, name: all, fieldPath: data.listen }\n' +
        'targets: [{ select: { kind: Secret }, fieldPaths: [stringData.HOST] }]\n',
      'all.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: all }\ndata:\n  before: hunter2\n  listen: postgress\n',
      'web.yaml': yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: postgres }
        spec: { ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers:
            - name: web
              image: example.com/web:1.0
              env:
                - { name: DATABASE_PORT, value: "5432" }
                - { name: DATABASE_HOST, valueFrom: { secretKeyRef: { name: access, key: HOST } } }
      `,
    };
    const found = await lintFiles(files, { rules: ['host-unresolved'] });
    expect(found.diagnostics.map(({ location: { file, line } }) => `${file}:${line}`)).toEqual(['all.yaml:6']);
    const sources = new SourceFiles('/nowhere');
    for (const [file, text] of Object.entries(files)) sources.add(file, text);
    const reporter = await loadReporter('text');
    const shown = await reporter(found, { severity: 'warning', color: 0, prefix: '', sources });
    const lines = shown.split('\n');
    expect(lines.slice(2, 4)).toEqual(['      5 │   before: …', '    > 6 │   listen: …']);
  });

  it('leave out the values of JSON, and what goes on far beyond the end of the excerpt', () => {
    const sources = new SourceFiles('/nowhere');
    const files: Record<string, string> = {
      'secret.json':
        '{ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "db" },\n"data": { "a":\n"hunter2" } }\n',
      'pod.json': '{ "env": [{ "name": "HOST", "value": "db" }, { "name": "DB_PASSWORD", "value": "hunter2" }] }\n',
      'long.yaml': `a: { password: "hunter2 ${'x '.repeat(5000)}" }\nb: { token: 'hunter2 ${'x '.repeat(5000)}' }\n`,
    };
    for (const [file, content] of Object.entries(files)) {
      sources.add(file, content);
      for (const line of [1, 2, 3]) {
        expect(JSON.stringify(excerpt({ file, line }, sources))).not.toContain('hunter2');
      }
    }
  });

  it('take no longer for the thousandth finding of a large file, nor for lines without end', () => {
    const sources = new SourceFiles('/nowhere');
    sources.add('all.yaml', `${'x'.repeat(3_000_000)}\n${'a: b\n'.repeat(300_000)}${'\n'.repeat(300_000)}`);
    const started = performance.now();
    for (let line = 1; line <= 3000; line++) excerpt({ file: 'all.yaml', line }, sources);
    for (let i = 0; i < 1000; i++) excerpt({ file: 'all.yaml', line: 1 }, sources);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('show what is needed to find the place', () => {
    const sources = new SourceFiles('/nowhere');
    sources.add('secret.yaml', text);
    expect(excerpt({ file: 'secret.yaml', line: 22 }, sources).map(({ text }) => text)).toContain('  mode: fast');
    expect(excerpt({ file: 'secret.yaml', line: 6 }, sources).map(({ text }) => text)).toEqual([
      'stringData:',
      '  HOST: …',
      '  "quoted": …',
    ]);
    expect(excerpt({ file: 'gone.yaml', line: 3 }, sources)).toEqual([]);
    expect(excerpt({ file: 'secret.yaml' }, sources)).toEqual([]);
  });
});
