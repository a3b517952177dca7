import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pinned } from '../src/render/tools.ts';
import { commandLine } from './command-line.ts';

const bin = fileURLToPath(new URL('../bin/k8s-lint.js', import.meta.url));
let cwd: string;
let tools: { kubectl: string; helm: string };

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'k8s-lint-cli-')));
  tools = await pinned('v35');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** A directory of its own with these files. */
function project(name: string, files: Record<string, string>): string {
  const directory = join(cwd, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  return directory;
}

function run(directory: string, args: string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: directory,
    encoding: 'utf8',
    input: options.input ?? '',
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
      ...options.env,
    },
  });
  return { status, stdout, stderr };
}

const latest = `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: apps }
spec:
  containers:
    - { name: web, image: "registry.example.com/web:latest" }
`;
const conflict = `apiVersion: v1
kind: Pod
metadata: { name: proxy, namespace: apps }
spec:
  hostNetwork: true
  containers:
    - name: proxy
      image: registry.example.com/proxy:1.0.0
      ports:
        - { containerPort: 8000, hostPort: 80 }
`;

describe('exit codes', () => {
  it('is 0 for warnings, 1 for errors, and follows --fail-on even for what --severity hides', () => {
    const warnings = project('warnings', { 'pod.yaml': latest });
    const errors = project('errors', { 'pod.yaml': conflict });
    expect(run(warnings, []).status).toBe(0);
    expect(run(errors, []).status).toBe(1);
    expect(run(errors, ['--fail-on', 'never']).status).toBe(0);
    expect(run(warnings, ['--fail-on', 'warning']).status).toBe(1);
    const hidden = run(warnings, ['--fail-on', 'warning', '--severity', 'error']);
    expect(hidden.status).toBe(1);
    expect(hidden.stdout).toMatch(/^1 target, 1 resource, \d+ rules: 0 errors, 1 warning \(1 below --severity\)\n$/);
  });

  it.each([
    [['--nope'], 'unknown option'],
    [['--format', 'xml'], '--format xml: it is one of text, json, sarif, github'],
    [['-f', 'json', '-f', 'text'], 'only one report can go to standard output, not json and text'],
    [['-o', 'a.txt', '-o', 'b.txt'], '--output b.txt: there is no --format that goes with it'],
    [['--fail-on', 'fatal'], 'Allowed choices are error, warning, info, never'],
    [['--concurrency', '0'], '--concurrency 0: a whole number from 1 on is needed'],
    [['--timeout', 'soon'], '--timeout soon: a whole number from 1 on is needed'],
    [['--kubernetes-version', 'latest'], '--kubernetes-version latest: write it as 1.N, such as 1.34'],
    [['--rule', 'image-tag-lates'], 'no rule is called "image-tag-lates": did you mean "image-tag-latest"?'],
    [['-e', 'prod'], '--environment prod: no k8s-lint.yaml names environments here'],
    [['no/such/path'], 'no/such/path'],
    [['explain', 'image-tag-lates'], 'no rule is called "image-tag-lates": did you mean "image-tag-latest"?'],
    [['--config', 'missing.yaml'], 'missing.yaml'],
  ])('is 2 for %j, which says why', (args, message) => {
    const result = run(project('usage', { 'pod.yaml': conflict }), args);
    expect(result.stderr).toContain(message);
    expect(result.status).toBe(2);
    expect(result.stdout).toBe('');
  });

  it('is 2 where there is nothing to lint, and says so', () => {
    const empty = run(project('nothing', { 'notes.txt': 'hello' }), []);
    expect(empty.status).toBe(2);
    expect(empty.stderr).toContain('nothing to lint');
  });

  it('is 2 without helm, after the report of the other targets', async () => {
    const directory = project('no-helm', {
      'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
      'chart/templates/pod.yaml': latest,
      'pod.yaml': conflict,
    });
    const result = run(directory, ['--helm', join(directory, 'missing-helm')]);
    expect(result.status).toBe(2);
    expect(result.stdout).toContain('host-network-port-mismatch');
    expect(result.stderr).toContain('missing-helm');
    expect(result.stdout).toContain(
      'not checked:\n  all that it renders: the tool that renders it is missing (chart)\n',
    );
  });
});

describe('reports', () => {
  it('pairs the n-th format with the n-th output, the rest to standard output', () => {
    const directory = project('pairs', { 'pod.yaml': conflict });
    const result = run(directory, [
      '-f',
      'json',
      '-o',
      'report.json',
      '-f',
      'sarif',
      '-o',
      'report.sarif',
      '-f',
      'github',
    ]);
    expect(result.status).toBe(1);
    expect(result.stderr).toBe('');
    expect(result.stdout).toMatch(
      /^::error file=pod\.yaml,line=10,col=\d+,title=k8s-lint host-network-port-mismatch::/,
    );
    expect(JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')).summary.errors).toBe(1);
    expect(JSON.parse(readFileSync(join(directory, 'report.sarif'), 'utf8')).version).toBe('2.1.0');
  });

  it('has colours only on demand when it is no terminal, and none with NO_COLOR', () => {
    const directory = project('colour', { 'pod.yaml': conflict });
    const colour = String.fromCharCode(27);
    expect(run(directory, []).stdout).not.toContain(colour);
    expect(run(directory, ['--color']).stdout).toContain(colour);
    expect(run(directory, [], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }).stdout).not.toContain(colour);
    expect(run(directory, ['--no-color'], { env: { FORCE_COLOR: '1' } }).stdout).not.toContain(colour);
  });

  it('ends quietly when the reader leaves early', () => {
    const directory = project('head', {
      'pods.yaml': Array(2000)
        .fill(conflict)
        .map((pod, i) => pod.replace('proxy,', `proxy-${i},`))
        .join('---\n'),
    });
    const shell = spawnSync('bash', ['-c', `"${process.execPath}" "${bin}" | head -1`], {
      cwd: directory,
      encoding: 'utf8',
    });
    expect(shell.stdout).toBe('pods.yaml\n');
    expect(shell.stderr).toBe('');
  });

  it('says that a report can not be written, which is no finding', () => {
    const shell = spawnSync('bash', ['-c', `"${process.execPath}" "${bin}" rules > /dev/full`], { encoding: 'utf8' });
    expect({ status: shell.status, stderr: shell.stderr }).toEqual({
      status: 2,
      stderr: "k8s-lint: standard output can't be written: ENOSPC: no space left on device, write\n",
    });
  });
});

describe('paths', () => {
  it('lints a stream from standard input', () => {
    const result = run(project('stream', { 'other.yaml': latest }), ['-', '-f', 'json'], { input: conflict });
    const { diagnostics, summary } = JSON.parse(result.stdout);
    expect(summary.resources).toBe(1);
    expect(diagnostics.map(({ rule, location }: { rule: string; location: unknown }) => [rule, location])).toEqual([
      ['host-network-port-mismatch', { file: '<stdin>', line: 10, column: 44 }],
    ]);
  });

  it('takes paths that are named like commands', () => {
    const directory = project('named', { 'rules/pod.yaml': conflict, 'explain/pod.yaml': latest });
    expect(run(directory, ['./rules']).stdout).toContain('rules/pod.yaml');
    expect(run(directory, ['lint', 'rules']).stdout).toContain('rules/pod.yaml');
    expect(run(directory, ['lint', 'rules']).stdout).not.toContain('explain/pod.yaml');
    expect(run(directory, ['rules']).stdout).toContain('image-tag-latest');
  });

  it('lints the configured environments from a directory below, and names files from there', () => {
    const directory = project('below', {
      '.git/HEAD': 'ref: refs/heads/main\n',
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ kustomize: overlays/prod }] } }\n',
      'base/kustomization.yaml': 'resources: [pod.yaml]\n',
      'base/pod.yaml': conflict,
      'overlays/prod/kustomization.yaml': 'resources: [../../base]\n',
      'docs/readme.md': 'hello\n',
    });
    const result = run(join(directory, 'docs'), ['--kustomize', tools.kubectl]);
    expect(result.stdout).toContain('../base/pod.yaml\n  10:44  error');
    expect(result.status).toBe(1);
    const nothing = run(directory, ['docs/readme.md', '--kustomize', tools.kubectl]);
    expect(nothing.status).toBe(0);
    expect(nothing.stdout.trim().split('\n').length).toBe(1);
  });
});

describe('render', () => {
  it('prints every object under the file it came from, without the values of Secrets', () => {
    const directory = project('render', {
      'base/kustomization.yaml': 'resources: [pod.yaml, secret.yaml]\nnamePrefix: dev-\n',
      'base/pod.yaml': latest,
      'base/secret.yaml':
        'apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: hunter2 }\ndata: { token: aHVudGVyMg== }\n',
    });
    const result = run(directory, ['render', 'base', '--kustomize', tools.kubectl]);
    expect(result.stderr).toBe('');
    expect(result.stdout).toContain('# Source: base/pod.yaml:1\n');
    expect(result.stdout).toContain('name: dev-web\n');
    expect(result.stdout).toContain('# Source: base/secret.yaml:1\n');
    expect(result.stdout).toContain('password: <hidden>\n');
    expect(result.stdout).not.toMatch(/hunter2|aHVudGVyMg/);
  });
});

describe('Ctrl-C', () => {
  it('ends the tools that run, leaves nothing behind, and exits with 130', async () => {
    const directory = project('interrupt', {
      'base/kustomization.yaml': 'resources: [pod.yaml]\n',
      'base/pod.yaml': latest,
    });
    // A fake that hangs: no real kustomize can be made to.
    const hang = join(directory, 'hang');
    writeFileSync(
      hang,
      '#!/bin/sh\ncase "$*" in *version*) echo v5.7.1; exit 0;; esac\necho started > "$0.pid"; exec sleep 300\n',
    );
    chmodSync(hang, 0o755);
    const temporary = join(directory, 'tmp');
    mkdirSync(temporary);
    const child = spawn(process.execPath, [bin, 'base', '--kustomize', hang], {
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: temporary },
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    for (let i = 0; i < 200 && !readdirSync(directory).includes('hang.pid'); i++)
      await new Promise((done) => setTimeout(done, 50));
    const sleeping = () => spawnSync('pgrep', ['-f', 'sleep 300'], { encoding: 'utf8' }).stdout.trim();
    expect(sleeping()).not.toBe('');
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(sleeping()).toBe('');
    expect(readdirSync(temporary)).toEqual([]);
  });
});

it('starts up without loading more than the version needs', () => {
  const { stdout, status } = run(cwd, ['--version']);
  expect([stdout, status]).toEqual([
    `${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}\n`,
    0,
  ]);
});

it.each(['--config', '--environment'])(
  'lets init choose nothing by %s: it writes all that there is',
  async (option) => {
    expect(await commandLine(cwd, 'init', option, 'x')).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: unknown option '${option}'\n(k8s-lint --help tells more)\n`,
    });
  },
);
