import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LintOptions, lint } from '../src/lint.ts';
import { pinned } from '../src/render/tools.ts';
import { tree } from './tree.ts';

/** Beside whatever is broken, this must be found all the same. */
const GOOD = { 'good/pod.yaml': pod('good') };
const FOUND = 'good/pod.yaml:4 warning image-tag-latest';

function pod(name: string, image = 'registry.example.com/app:latest'): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: app, image: "${image}" }] }\n`;
}

/** What a run says of a directory: a line for each finding, then for each thing that was not checked, then its failures. */
async function said(
  files: Record<string, string>,
  prepare?: (cwd: string) => void,
  options: Partial<LintOptions> = {},
) {
  const cwd = tree({ ...GOOD, ...files });
  prepare?.(cwd);
  const { kubectl, helm } = await pinned('v35');
  const report = await lint({ cwd, kustomize: kubectl, helm, timeout: 20_000, ...options });
  const lines = report.diagnostics.map(
    ({ location, severity, rule, message }) =>
      `${location.file}:${location.line ?? '?'} ${severity} ${rule}${rule === 'image-tag-latest' ? '' : `: ${message}`}`,
  );
  const unchecked = report.unchecked.map(({ what, reason, target }) => `unchecked ${target}: ${what}: ${reason}`);
  return [...lines, ...unchecked, ...report.failures.map((failure) => `failure ${failure}`)];
}

const BOM = String.fromCharCode(0xfeff);
const BROKEN = 'apiVersion: v1\nkind: Pod\nmetadata: [\n';
const LISTED = 'resources: [pod.yaml]\n';
const CHART = { 'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n' };
const BOMB = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\na: &a [x, x, x, x, x, x, x, x, x]\n${[
  'b',
  'c',
  'd',
  'e',
  'f',
  'g',
  'h',
  'i',
]
  .map((name, i, all) => `${name}: &${name} [${Array(9).fill(`*${i === 0 ? 'a' : all[i - 1]}`)}]`)
  .join('\n')}\n`;

/** A configuration of one environment with the good directory and another target. */
function configured(target: string, more = ''): string {
  return `environments: { e: { targets: [{ manifests: [good/*.yaml] }${target && `, ${target}`}]${more} } }\n`;
}

const SAID: [name: string, files: Record<string, string>, expected: string[]][] = [
  [
    'malformed YAML in a manifest',
    { 'bad/x.yaml': BROKEN },
    ['bad/x.yaml:4 error render-failed: malformed YAML: unexpected end of the stream within a flow collection'],
  ],
  [
    'malformed YAML in a resource of a kustomization',
    { 'k/kustomization.yaml': LISTED, 'k/pod.yaml': BROKEN },
    [
      "k/pod.yaml:4 error render-failed: accumulating resources from 'pod.yaml': MalformedYAMLError: yaml: line 3: did not find expected node content in File: pod.yaml",
    ],
  ],
  [
    'malformed YAML in a patch',
    { 'k/kustomization.yaml': `${LISTED}patches: [{ path: p.yaml }]\n`, 'k/pod.yaml': pod('a'), 'k/p.yaml': BROKEN },
    ['k/p.yaml:4 error render-failed: unable to parse SM or JSON patch from [path: "p.yaml"]'],
  ],
  [
    'a malformed kustomization',
    { 'k/kustomization.yaml': 'resources: [pod.yaml\nnamePrefix: x\n', 'k/pod.yaml': pod('a') },
    [
      "k/kustomization.yaml:2 error render-failed: invalid Kustomization: yaml: line 1: did not find expected ',' or ']'",
      'unchecked k: 1 manifest: below a kustomization, but no kustomization lists it: name the path to lint it',
    ],
  ],
  [
    'a template that does not parse',
    { ...CHART, 'chart/templates/p.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.x \n' },
    ['chart/templates/p.yaml:4 error render-failed: parse error: unclosed action started at chart/templates/p.yaml:4'],
  ],
  [
    'a template that prints malformed YAML',
    { ...CHART, 'chart/templates/p.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n bad: x\n' },
    [
      'chart/templates/p.yaml:5 error render-failed: the template prints what is not valid YAML: did not find expected key',
    ],
  ],
  [
    'malformed values of a chart',
    { ...CHART, 'chart/values.yaml': 'a: [\n', 'chart/templates/p.yaml': pod('a') },
    ['chart/values.yaml:2 error render-failed: malformed values.yaml: did not find expected node content'],
  ],
  [
    'a malformed values file',
    {
      ...CHART,
      'chart/templates/p.yaml': pod('a'),
      'v.yaml': 'a: [\n',
      'k8s-lint.yaml': configured('{ helm: { chart: chart, values: [v.yaml] } }'),
    },
    ['v.yaml:2 error render-failed: malformed values: did not find expected node content'],
  ],
  [
    'malformed facts',
    { 'k8s-lint.yaml': configured('', ', existing: [f.yaml]'), 'f.yaml': BROKEN },
    [
      'failure f.yaml:4:1: malformed YAML: unexpected end of the stream within a flow collection (existing of environment e)',
    ],
  ],
  [
    'anchors that explode',
    { 'bad/x.yaml': BOMB, 'k/kustomization.yaml': LISTED, 'k/pod.yaml': BOMB },
    [
      'bad/x.yaml:7 error render-failed: malformed YAML: aliases expand to too much (excessive aliasing)',
      'k/pod.yaml:7 error render-failed: malformed YAML: aliases expand to too much (excessive aliasing)',
    ],
  ],
  [
    'duplicate keys',
    { 'bad/x.yaml': `${pod('a')}kind: Pod\n`, 'k/kustomization.yaml': LISTED, 'k/pod.yaml': `${pod('a')}kind: Pod\n` },
    [
      'bad/x.yaml:4 warning image-tag-latest',
      'bad/x.yaml:5 error schema-invalid: duplicate key "kind": kubectl takes the last one and drops the other without a word',
      'k/pod.yaml:5 error render-failed: mapping key "kind" already defined',
    ],
  ],
  [
    'empty files',
    { 'bad/x.yaml': '', 'k/kustomization.yaml': '', 'l/kustomization.yaml': LISTED, 'l/pod.yaml': '# later\n' },
    [
      'k/kustomization.yaml:? error render-failed: kustomization.yaml is empty',
      'unchecked bad/x.yaml: bad/x.yaml: nothing in it but blanks and comments',
      'unchecked l: l/pod.yaml: nothing in it but blanks and comments',
    ],
  ],
  [
    'a tab',
    { 'bad/x.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n' },
    ['bad/x.yaml:4 error render-failed: malformed YAML: tab characters must not be used in indentation'],
  ],
  ['CRLF', { 'bad/x.yaml': pod('crlf').replaceAll('\n', '\r\n') }, ['bad/x.yaml:4 warning image-tag-latest']],
  [
    'a BOM',
    { 'bad/x.yaml': `${BOM}${pod('a')}`, 'k/kustomization.yaml': `${BOM}${LISTED}`, 'k/pod.yaml': `${BOM}${pod('b')}` },
    ['bad/x.yaml:4 warning image-tag-latest', 'k/pod.yaml:4 warning image-tag-latest'],
  ],
  [
    'a List with an item that is nothing',
    {
      'bad/x.yaml': `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n    metadata: { name: l }\n    spec: { containers: [{ name: a, image: "a:latest" }] }\n  - null\n`,
    },
    [
      'bad/x.yaml:7 warning image-tag-latest',
      'bad/x.yaml:8 error schema-invalid: not a Kubernetes object: a map with apiVersion and kind is needed',
    ],
  ],
  [
    'documents without kind',
    { 'bad/x.yaml': `${pod('a')}---\nfoo: bar\n---\n- 1\n---\ntext\n` },
    [
      'bad/x.yaml:10 error schema-invalid: not a Kubernetes object: a map with apiVersion and kind is needed',
      'bad/x.yaml:4 warning image-tag-latest',
      'bad/x.yaml:6 error schema-invalid: not a Kubernetes object: kind is missing, kubectl refuses the document',
      'bad/x.yaml:8 error schema-invalid: not a Kubernetes object: a map with apiVersion and kind is needed',
    ],
  ],
  [
    'a kustomization that includes itself',
    { 'k/kustomization.yaml': 'resources: [pod.yaml, ../k]\n', 'k/pod.yaml': pod('a') },
    ["k/kustomization.yaml:1 error render-failed: cycle detected: candidate root 'k' contains visited root 'k'"],
  ],
  [
    'a chart that loops',
    {
      ...CHART,
      'chart/templates/_h.tpl': '{{- define "a" }}{{ include "a" . }}{{ end }}',
      'chart/templates/p.yaml': 'x: {{ include "a" . }}\n',
    },
    [
      'chart/templates/_h.tpl:1 error render-failed: <include "a" .>: error calling include: rendering template has a nested reference name: a: unable to execute template',
    ],
  ],
];

/** A tool that misbehaves: a fake, since no real one can be made to. Versions it tells as kubectl does. */
function fakeTool(cwd: string, script: string): string {
  const file = join(cwd, 'fake-kubectl');
  writeFileSync(
    file,
    `#!/bin/sh\nif [ "$1" = version ]; then echo '{"clientVersion":{"major":"1","minor":"35","gitVersion":"v1.35.2"},"kustomizeVersion":"v5.7.1"}'; exit 0; fi\n${script}\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

describe('what is broken ends in one message, and the rest is linted', () => {
  it.each(SAID)('%s', async (_, files, expected) => {
    expect((await said(files)).sort()).toEqual([...expected, FOUND].sort());
  });

  it('a file of 200 MB', async () => {
    const lines = await said({}, (cwd) => {
      mkdirSync(join(cwd, 'bad'));
      const file = openSync(join(cwd, 'bad/huge.yaml'), 'w');
      writeFileSync(file, 'apiVersion: v1\nkind: ConfigMap\n');
      ftruncateSync(file, 200_000_000);
      closeSync(file);
    });
    expect(lines).toEqual([expect.stringMatching(/^bad\/huge\.yaml:\? error render-failed: .*\b200 MB\b/), FOUND]);
  });

  it('a loop of symlinks, and a FIFO', async () => {
    const lines = await said({ 'bad/pod.yaml': pod('a') }, (cwd) => {
      symlinkSync('..', join(cwd, 'bad/up'));
      symlinkSync('round.yaml', join(cwd, 'bad/round.yaml'));
      execFileSync('mkfifo', [join(cwd, 'bad/fifo.yaml')]);
    });
    expect(lines.filter((line) => !line.startsWith('unchecked'))).toEqual([
      'bad/pod.yaml:4 warning image-tag-latest',
      FOUND,
    ]);
  });

  it('a directory without permission', async () => {
    const cwd = tree({ ...GOOD, 'bad/pod.yaml': pod('a') });
    for (const [directory, mode] of [
      ['.', 0o755],
      ['good', 0o755],
      ['bad', 0o000],
    ] as const)
      chmodSync(join(cwd, directory), mode);
    // Permissions don't stop root: the run is somebody else's.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      const { diagnostics, unchecked } = await lint({ cwd });
      expect(diagnostics.map(({ location }) => location.file)).toEqual(['good/pod.yaml']);
      expect(unchecked.map(({ target, reason }) => `${target}: ${reason}`)).toEqual([
        expect.stringMatching(/^bad: .*permission/i),
      ]);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(join(cwd, 'bad'), 0o755);
    }
  });

  it.each([
    ['hangs', 'sleep 300', /did not finish within 1 s and was stopped/],
    ['dies', 'kill -SEGV $$', /died by SIGSEGV/],
    ['prints garbage', "printf '\\001\\002\\377: [garbage'", /\S/],
    ['fails without a word', 'exit 3', /exit code 3/],
  ])('a tool that %s', async (_, script, message) => {
    const started = performance.now();
    const cwd = tree({ ...GOOD, 'k/kustomization.yaml': LISTED, 'k/pod.yaml': pod('a') });
    const report = await lint({ cwd, kustomize: fakeTool(cwd, script), timeout: 1000 });
    expect(report.failures).toEqual([]);
    expect(report.diagnostics.map(({ rule, location }) => [rule, location.file])).toEqual([
      ['image-tag-latest', 'good/pod.yaml'],
      ['render-failed', 'k/kustomization.yaml'],
    ]);
    expect(report.diagnostics[1]?.message).toMatch(message);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
