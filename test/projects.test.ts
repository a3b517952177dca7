import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lintFiles } from './examples.ts';
import { readTree } from './tree.ts';

const projects = fileURLToPath(new URL('../fixtures/projects/', import.meta.url));

/** `# <- rule: message` on a line of a file, as `file:line rule: message`. The files are linted with the comments in place. */
function expectedIn(files: Record<string, string>): string[] {
  return Object.entries(files)
    .flatMap(([file, text]) =>
      text.split('\n').flatMap((line, i) => {
        const marker = /# <- (.*)$/.exec(line)?.[1];
        return marker === undefined ? [] : marker.split(' && ').map((expected) => `${file}:${i + 1} ${expected}`);
      }),
    )
    .sort();
}

const names = readdirSync(projects);

describe.each(['v31', 'v35'] as const)('with the tools of %s', (layer) => {
  it.each(names)('%s, broken, shows its incidents at the lines to edit', async (name) => {
    const files = readTree(join(projects, name, 'broken'));
    const report = await lintFiles(files, { layer });
    expect(report.failures).toEqual([]);
    const found = report.diagnostics.map(
      ({ rule, message, location }) => `${location.file}:${location.line ?? '?'} ${rule}: ${message}`,
    );
    expect(found.sort()).toEqual(expectedIn(files));
    expect(found.length).toBeGreaterThan(2);
  });

  it.each(names)('%s, fixed, is clean', async (name) => {
    const report = await lintFiles(readTree(join(projects, name, 'fixed')), { layer });
    expect(report.failures).toEqual([]);
    expect(report.diagnostics).toEqual([]);
    expect(report.summary.resources).toBeGreaterThan(5);
  });
});
