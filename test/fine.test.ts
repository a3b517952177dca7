import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { lintFiles } from './examples.ts';
import { readTree } from './tree.ts';

/** Repositories in the style of widely used ones, in which nothing is wrong. */
const fine = fileURLToPath(new URL('../fixtures/fine/', import.meta.url));

it.each(readdirSync(fine))('says nothing about %s', async (name) => {
  const report = await lintFiles(readTree(join(fine, name)));
  expect(report.failures).toEqual([]);
  expect(
    report.diagnostics.map(({ rule, message, location }) => [location.file, location.line, rule, message]),
  ).toEqual([]);
  expect(report.summary.resources).toBeGreaterThan(15);
});
