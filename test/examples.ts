import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lint } from '../src/lint.ts';
import { pinned } from '../src/render/tools.ts';
import type { Report } from '../src/report/report.ts';
import type { Example } from '../src/rule.ts';
import { toolVersions } from './tool-versions.ts';

/** One expected or reported line: `file:line message`. */
export type Line = string;

const MARKER = /\s*(?:#|\{\{\/\*) <- (.*?)(?: \*\/\}\})?$/;

/** An example as files, without the markers, and what the markers expect. */
interface ReadExample {
  files: Record<string, string>;
  /** The files of the other side, where the example has two. */
  before?: Record<string, string>;
  expected: Line[];
}

/** Several findings of one line are split by ` && `. What is gone is marked where it stood, and found in its file as a whole. */
export function readExample(example: Example): ReadExample {
  const { files: source, before } = typeof example === 'string' ? splitStream(example) : example;
  const expected: Line[] = [];
  const files = withoutMarkers(source, (file, line, message) => expected.push(`${file}:${line} ${message}`));
  const other = before && withoutMarkers(before, (file, _, message) => expected.push(`${file}:? ${message}`));
  return { files, ...(other && { before: other }), expected: expected.sort() };
}

function withoutMarkers(
  source: Record<string, string>,
  expect: (file: string, line: number, message: string) => void,
): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [file, text] of Object.entries(source)) {
    files[file] = text
      .split('\n')
      .map((line, i) => {
        const marker = MARKER.exec(line);
        if (!marker) return line;
        for (const message of (marker[1] ?? '').split(' && ')) expect(file, i + 1, message);
        return line.slice(0, marker.index);
      })
      .join('\n');
  }
  return files;
}

/**
 * A stream as files: documents that start with the comment `# existing` are what the cluster holds already, those with `# before`
 * what was rendered at the other side.
 */
function splitStream(stream: string): { files: Record<string, string>; before?: Record<string, string> } {
  const documents = stream.split(/^---\n/m);
  const sideOf = (document: string) => /^# (existing|before)\b/.exec(document)?.[1] ?? 'now';
  const sides = new Set(documents.map(sideOf));
  if (sides.size === 1 && sides.has('now')) return { files: { 'manifest.yaml': stream } };
  // Blank lines keep the line numbers of all files those of the stream.
  const only = (wanted: string) =>
    documents
      .map((document) => (sideOf(document) === wanted ? document : document.replace(/[^\n]/g, '')))
      .join('---\n');
  const existing = sides.has('existing') ? { 'existing.yaml': only('existing') } : {};
  const facts = sides.has('existing') ? ', existing: [existing.yaml]' : '';
  const config = `environments: { example: { targets: [{ manifests: [manifest.yaml] }]${facts} } }\n`;
  const side = (name: string) => ({ 'manifest.yaml': only(name), ...existing, 'k8s-lint.yaml': config });
  return { files: side('now'), ...(sides.has('before') && { before: side('before') }) };
}

/**
 * Writes files into a directory of their own, lints there with the pinned tools, and removes it. With `before`, what is linted is the
 * change of a commit that holds those files.
 */
export async function lintFiles(
  files: Record<string, string>,
  options: {
    rules?: string[];
    layer?: 'v31' | 'v35';
    kubernetesVersion?: string;
    paths?: string[];
    before?: Record<string, string> | undefined;
  } = {},
): Promise<Report> {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'k8s-lint-example-')));
  try {
    if (options.before) {
      writeFiles(options.before, cwd);
      commitAll(cwd);
      for (const file of Object.keys(options.before)) rmSync(join(cwd, file));
    }
    writeFiles(files, cwd);
    const { kubectl, helm } = await pinned(options.layer ?? 'v35');
    return await lint({
      cwd,
      kustomize: kubectl,
      helm,
      concurrency: 2,
      cache: toolVersions,
      today: '2026-06-15',
      ...(options.rules ? { rules: options.rules } : {}),
      ...(options.paths ? { paths: options.paths } : {}),
      ...(options.before ? { since: 'HEAD' } : {}),
      ...(options.kubernetesVersion ? { kubernetesVersion: options.kubernetesVersion } : {}),
    });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

function writeFiles(files: Record<string, string>, directory: string): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
}

/** Makes a repository of a directory, with one commit of all that is there. */
function commitAll(cwd: string): void {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'init.defaultBranch=main'];
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'Before'],
  ]) {
    execFileSync('git', [...who, ...args], { cwd, env });
  }
}

/** What a report says, in the form of the markers. */
export function reported(report: Report): Line[] {
  return report.diagnostics
    .map(({ location, message }) => `${location.file}:${location.line ?? '?'} ${message}`)
    .sort();
}
