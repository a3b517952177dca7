import { describe, expect, it } from 'vitest';
import type { Example, Rule } from '../src/rule.ts';
import { rules } from '../src/rules/index.ts';
import { lintFiles, readExample, reported } from './examples.ts';

const ignores = ['ignore-unused', 'ignore-expired'];

async function run(rule: Rule, example: Example) {
  const { files, before, expected } = readExample(example);
  const kubernetesVersion = typeof example === 'string' ? undefined : example.kubernetesVersion;
  const report = await lintFiles(files, {
    before,
    // What ignores find out depends on the findings of the other rules, so those run with them.
    ...(ignores.includes(rule.id) ? {} : { rules: [rule.id] }),
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
  });
  expect(report.failures).toEqual([]);
  expect(reported({ ...report, diagnostics: report.diagnostics.filter((found) => found.rule === rule.id) })).toEqual(
    expected,
  );
  return { report, expected };
}

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (_, rule) => {
  it.each(rule.examples.bad.map((example, i) => [i, example] as const))('bad example %i', async (_, example) => {
    const { report, expected } = await run(rule, example);
    expect(expected).not.toEqual([]);
    for (const { severity } of report.diagnostics.filter((found) => found.rule === rule.id)) {
      expect(severity === 'error' ? rule.severity : 'error').toBe('error');
    }
  });
  it.each(rule.examples.good.map((example, i) => [i, example] as const))('good example %i', async (_, example) => {
    const { expected } = await run(rule, example);
    expect(expected).toEqual([]);
  });
});

describe('the list of rules', () => {
  it('holds each id once, in kebab-case, with examples on both sides and complete docs', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { id, docs, examples } of rules) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect([id, examples.bad.length > 0, examples.good.length > 0]).toEqual([id, true, true]);
      expect([id, docs.references.length > 0, docs.symptoms.length > 0]).toEqual([id, true, true]);
      for (const text of [docs.summary, docs.incident, docs.fix]) expect(text.trim().length).toBeGreaterThan(20);
    }
  });
});
