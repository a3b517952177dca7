import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { exitCode } from '../src/commands/lint.ts';
import { ConfigError } from '../src/config/config.ts';
import type { Diagnostic } from '../src/diagnostic.ts';
import { lint } from '../src/lint.ts';
import { pinned } from '../src/render/tools.ts';
import type { Report } from '../src/report/report.ts';
import { UsageError } from '../src/usage-error.ts';
import { toolVersions } from './tool-versions.ts';
import { tree } from './tree.ts';

const bin = fileURLToPath(new URL('../bin/k8s-lint.js', import.meta.url));

/** Milliseconds that no run may take, on a busy machine. */
const PATIENCE = 30_000;

export interface RunOptions {
  input?: string;
  kustomize?: string;
  helm?: string;
}

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the real command line in a directory, with the pinned tools unless told otherwise. Fails where it takes too long. */
export async function run(cwd: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const tools = await pinned('v35');
  const { kustomize = tools.kubectl, helm = tools.helm, input = '' } = options;
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const all = [bin, ...args.slice(0, end), '--kustomize', kustomize, '--helm', helm, ...args.slice(end)];
  return runCommand(all, cwd, process.env.HOME, input);
}

async function runCommand(args: readonly string[], cwd: string, home: string | undefined, input: string): Promise<Ran> {
  const started = performance.now();
  const { PATH, XDG_CACHE_HOME } = process.env;
  const child = spawn(process.execPath, args, { cwd, env: { PATH, XDG_CACHE_HOME, HOME: home, NO_COLOR: '1' } });
  const ran: Ran = { status: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    ran.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    ran.stderr += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  ran.status = await new Promise((resolve) => child.on('close', resolve));
  expect(performance.now() - started).toBeLessThan(PATIENCE);
  return ran;
}

/** A pod with one known finding, on its fourth line. */
export function pod(name: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: apps }
spec: { hostNetwork: true, containers: [{ name: web, image: "example.com/web:1", ports: [{ containerPort: 8000, hostPort: 80 }] }] }
`;
}

const FINDING =
  '4:123 error host-network-port-mismatch: hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod';

/** A chart's metadata. */
export function chartYaml(name: string): string {
  return `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`;
}

/**
 * All that a run says, one thing a line: each finding (that of `pod` as `found FILE`), what was not checked, stderr, exit code
 * and counts. Runs in this process, and fails where it takes too long.
 */
export async function said(cwd: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string[]> {
  const { kustomize, helm, input } = options;
  const tools = await pinned('v35');
  const [flag, seconds] = args[0] === '--timeout' ? args : [];
  const started = performance.now();
  try {
    const report = await lint({
      cwd,
      paths: flag === undefined ? args : [],
      kustomize: kustomize ?? tools.kubectl,
      helm: helm ?? tools.helm,
      concurrency: 2,
      cache: toolVersions,
      ...(seconds === undefined ? {} : { timeout: Number(seconds) * 1000 }),
      ...(input === undefined ? {} : { stdin: input }),
    });
    const lines = report.failures.map((failure) => `k8s-lint: ${failure}\n`);
    return describeRun({ status: exitCode(report, 'error'), stdout: JSON.stringify(report), stderr: lines.join('') });
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
    return describeRun({ status: 2, stdout: '', stderr: `k8s-lint: ${error.message}\n` });
  } finally {
    expect(performance.now() - started).toBeLessThan(PATIENCE);
  }
}

/** The same of the real command line, in a process of its own. */
export async function saidByCommand(cwd: string, args: readonly string[] = []): Promise<string[]> {
  return describeRun(await run(cwd, [...JSON_FORMAT, ...args]));
}

const JSON_FORMAT = ['--format', 'json', '--severity', 'info'];

function describeRun({ status, stdout, stderr }: Ran): string[] {
  const report = stdout === '' ? undefined : (JSON.parse(stdout) as Json);
  const lines = (report?.diagnostics ?? []).map((diagnostic) => describe(diagnostic));
  lines.push(
    ...(report?.unchecked ?? []).map(({ what, reason, target }) => `unchecked ${what}: ${reason} (${target})`),
  );
  for (const line of stderr.split('\n')) if (line !== '') lines.push(`stderr ${line}`);
  const counts = report ? `, ${report.summary.targets} targets, ${report.summary.resources} resources` : '';
  return [...lines, `exit ${status}${counts}`];
}

type Json = Pick<Report, 'diagnostics' | 'unchecked' | 'summary'>;

function describe({ location: { file, line, column }, severity, rule, message, related }: Diagnostic): string {
  const place = [line, column].filter((part) => part !== undefined).join(':');
  const text = `${place}${place && ' '}${severity} ${rule}: ${message}`;
  const others = related.map((other) => ` [${other.location.file}:${other.location.line ?? ''} ${other.message}]`);
  return text === FINDING && others.length === 0 ? `found ${file}` : `${file}: ${text}${others.join('')}`;
}

/** A directory in which every form that input takes stands once, with good input beside it. Undefined leaves a form out. */
export function everywhere(texts: {
  plain?: string;
  resource?: string;
  patch?: string;
  kustomization?: string;
  template?: string;
  values?: string;
}): string {
  const files: Record<string, string> = { 'good.yaml': pod('good') };
  const add = (directory: string, own: Record<string, string | undefined>) => {
    for (const [file, text] of Object.entries(own)) if (text !== undefined) files[`${directory}/${file}`] = text;
  };
  if (texts.plain !== undefined) add('plain', { 'bad.yaml': texts.plain, 'good.yaml': pod('plain') });
  if (texts.resource !== undefined) {
    const resources = 'resources:\n  - bad.yaml\n  - good.yaml\n';
    add('resource', { 'kustomization.yaml': resources, 'bad.yaml': texts.resource, 'good.yaml': pod('resource') });
  }
  if (texts.patch !== undefined) {
    const patches = 'resources:\n  - good.yaml\npatches:\n  - path: bad.yaml\n';
    add('patch', { 'kustomization.yaml': patches, 'bad.yaml': texts.patch, 'good.yaml': pod('patch') });
  }
  if (texts.kustomization !== undefined) {
    add('kustomization', { 'kustomization.yaml': texts.kustomization, 'good.yaml': pod('kustomization') });
  }
  if (texts.template !== undefined) {
    add('template', {
      'Chart.yaml': chartYaml('template'),
      'templates/bad.yaml': texts.template,
      'templates/good.yaml': pod('template'),
    });
  }
  if (texts.values !== undefined) {
    add('values', {
      'Chart.yaml': chartYaml('values'),
      'values.yaml': texts.values,
      'templates/good.yaml': pod('values'),
    });
  }
  return tree(files);
}

/** An environment with facts, and plain manifests with the known finding in `good.yaml`. */
export function withFacts(facts: string): string {
  return tree({
    'k8s-lint.yaml':
      'environments:\n  prod:\n    targets:\n      - manifests: [good.yaml]\n    existing:\n      - facts.yaml\n',
    'facts.yaml': facts,
    'good.yaml': pod('good'),
  });
}

/** A k8s-lint.yaml, and plain manifests with the known finding in `good.yaml`. */
export function withConfig(text: string): string {
  return tree({ 'k8s-lint.yaml': text, 'good.yaml': pod('good') });
}

/**
 * A tool that answers like the real one when it is asked what it is, and runs a script otherwise. `$REAL` is the real one.
 * `none` doesn't even answer.
 */
export async function fakeTool(what: 'kustomize' | 'helm' | 'none', script: string): Promise<string> {
  const { kubectl, helm } = await pinned('v35');
  const question = {
    kustomize: `version*) exec '${kubectl}' "$@"`,
    helm: `*probe*) exec '${helm}' "$@"`,
    none: '-) :',
  };
  const real = what === 'helm' ? helm : kubectl;
  const text = `#!/bin/sh\nREAL='${real}'\ncase "$*" in ${question[what]};; esac\n${script}\n`;
  const file = join(tree({ tool: text }), 'tool');
  chmodSync(file, 0o755);
  return file;
}

/**
 * What a run says to a user who isn't root, with some files and directories closed to them (mode 0000). Root may read
 * everything, so there the command line gives its rights away before it starts; all that it needs is loaded by then.
 */
export async function saidToOrdinaryUser(cwd: string, closed: readonly string[]): Promise<string[]> {
  const warm = tree({
    'kustomization.yaml': 'resources: [pod.yaml]\n',
    'pod.yaml': pod('warm'),
    'app/Chart.yaml': chartYaml('app'),
    'app/templates/pod.yaml': pod('app'),
  });
  const { kubectl, helm } = await pinned('v35');
  const tools = tree({ 'home/': '' });
  copyFileSync(kubectl, join(tools, 'kubectl'));
  copyFileSync(helm, join(tools, 'helm'));
  // What root keeps in a cache, nobody else may write to.
  const own = ['--no-cache', '--kustomize', join(tools, 'kubectl'), '--helm', join(tools, 'helm')];
  for (const path of [tools, join(tools, 'home'), cwd]) chmodSync(path, 0o777);
  for (const path of closed) chmodSync(join(cwd, path), 0);
  const script = `
    const { main } = await import(${JSON.stringify(new URL('../dist/cli.js', import.meta.url).href)});
    const [warm, ...args] = process.argv.slice(1);
    const { write } = process.stdout;
    process.stdout.write = () => true;
    await main([warm, ...args]);
    process.stdout.write = write;
    if (process.getuid() === 0) process.seteuid(65534);
    process.exitCode = await main(args);
  `;
  const args = ['--input-type=module', '-e', script, '--', warm, ...own, ...JSON_FORMAT];
  try {
    return describeRun(await runCommand(args, cwd, join(tools, 'home'), ''));
  } finally {
    for (const path of closed) chmodSync(join(cwd, path), 0o755);
  }
}
