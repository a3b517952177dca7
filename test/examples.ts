import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lint } from '../src/lint.ts';
import { pinned } from '../src/render/tools.ts';
import type { Report } from '../src/report/report.ts';
import type { Example } from '../src/rule.ts';

/** One expected or reported line: `file:line message`. */
export type Line = string;

const MARKER = /\s*(?:#|\{\{\/\*) <- (.*?)(?: \*\/\}\})?$/;

/** The files of an example without the markers, and what the markers expect. Several findings of one line are split by ` && `. */
export function readExample(example: Example): { files: Record<string, string>; expected: Line[] } {
  const source = typeof example === 'string' ? splitStream(example) : example.files;
  const files: Record<string, string> = {};
  const expected: Line[] = [];
  for (const [file, text] of Object.entries(source)) {
    files[file] = text
      .split('\n')
      .map((line, i) => {
        const marker = MARKER.exec(line);
        if (!marker) return line;
        for (const message of (marker[1] ?? '').split(' && ')) expected.push(`${file}:${i + 1} ${message}`);
        return line.slice(0, marker.index);
      })
      .join('\n');
  }
  return { files, expected: expected.sort() };
}

/** A stream as files: documents that start with the comment `# existing` are what the cluster holds already. */
function splitStream(stream: string): Record<string, string> {
  const documents = stream.split(/^---\n/m);
  const isExisting = (document: string) => /^# existing\b/.test(document);
  if (!documents.some(isExisting)) return { 'manifest.yaml': stream };
  // Blank lines keep the line numbers of both files those of the stream.
  const only = (wanted: boolean) =>
    documents
      .map((document) => (isExisting(document) === wanted ? document : document.replace(/[^\n]/g, '')))
      .join('---\n');
  return {
    'manifest.yaml': only(false),
    'existing.yaml': only(true),
    'k8s-lint.yaml':
      'environments: { example: { targets: [{ manifests: [manifest.yaml] }], existing: [existing.yaml] } }\n',
  };
}

/** Writes files into a directory of their own, lints there with the pinned tools, and removes it. */
export async function lintFiles(
  files: Record<string, string>,
  options: { rules?: string[]; layer?: 'v31' | 'v35'; kubernetesVersion?: string; paths?: string[] } = {},
): Promise<Report> {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'k8s-lint-example-')));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, file)), { recursive: true });
      writeFileSync(join(cwd, file), text);
    }
    const { kubectl, helm } = await pinned(options.layer ?? 'v35');
    return await lint({
      cwd,
      kustomize: kubectl,
      helm,
      concurrency: 2,
      today: '2026-06-15',
      ...(options.rules ? { rules: options.rules } : {}),
      ...(options.paths ? { paths: options.paths } : {}),
      ...(options.kubernetesVersion ? { kubernetesVersion: options.kubernetesVersion } : {}),
    });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** What a report says, in the form of the markers. */
export function reported(report: Report): Line[] {
  return report.diagnostics
    .map(({ location, message }) => `${location.file}:${location.line ?? '?'} ${message}`)
    .sort();
}
