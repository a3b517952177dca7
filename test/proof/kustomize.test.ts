import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { exampleCases, fixtureCases, wrappedCases } from './cases.ts';
import { type Case, linted, lintedTogether, prove, proveTarget, type Verdict } from './prove.ts';
import { randomCase } from './random.ts';
import { targetsOf, valuesOf } from './values.ts';

const verdicts: Verdict[] = [];

async function provenOf(cases: readonly Case[]): Promise<Verdict[]> {
  const found: Verdict[] = [];
  for (const item of cases) {
    const t0 = performance.now();
    const report = await linted(item.files, 'v35');
    const t1 = performance.now();
    if (report.failures.length > 0) console.log(item.name, report.failures);
    found.push(...(await prove(item, report.diagnostics, 'v35')));
    console.log(
      item.name,
      report.diagnostics.length,
      'lint',
      Math.round(t1 - t0),
      'prove',
      Math.round(performance.now() - t1),
      report.summary.targets,
    );
  }
  verdicts.push(...found);
  return found;
}

async function provenTogether(cases: readonly Case[]): Promise<Verdict[]> {
  const t0 = performance.now();
  const reports = await lintedTogether(cases, 'v35');
  const t1 = performance.now();
  console.log('lint', t1 - t0, cases.length);
  const found = await Promise.all([...reports].map(([item, diagnostics]) => prove(item, diagnostics, 'v35')));
  verdicts.push(...found.flat());
  console.log('prove', performance.now() - t1);
  return found.flat();
}

function unproven(found: readonly Verdict[]): string[] {
  return found.filter(({ outcome }) => outcome === 'unproven').map(shown);
}

function shown({ name, target, diagnostic, why }: Verdict): string {
  const { location, rule, path, message } = diagnostic;
  const place = `${location.file}:${location.line ?? ''}:${location.column ?? ''}`;
  return `${name} (${target}) ${place} ${rule} ${(path ?? []).join('.')}: ${message}\n    ${why ?? ''}`;
}

it('proves what is reported of the fixtures', async () => {
  expect(unproven(await provenOf(fixtureCases()))).toEqual([]);
}, 400_000);

it('proves what is reported of the rules’ kustomizations', async () => {
  expect(unproven(await provenOf(exampleCases()))).toEqual([]);
}, 400_000);

it('proves what is reported of the rules’ streams below a base and an overlay', async () => {
  expect(unproven(await provenTogether(wrappedCases()))).toEqual([]);
}, 400_000);

it('proves where every value of the fixtures is written', async () => {
  const found: Verdict[] = [];
  for (const item of fixtureCases().filter(({ name }) => name.includes(process.env.ONLY ?? 'fine'))) {
    for (const target of targetsOf(item).filter((t) => t.includes(process.env.TARGET ?? ''))) {
      const t0 = performance.now();
      const claims = await valuesOf(item, target, 'v35');
      const t1 = performance.now();
      const own = await proveTarget(item, target, claims, 'v35', 10);
      const count = (outcome: Verdict['outcome']) => own.filter((verdict) => verdict.outcome === outcome).length;
      console.log(
        item.name,
        target,
        own.length,
        'proven',
        count('proven'),
        'no line',
        count('without line'),
        'unproven',
        count('unproven'),
        'not tried',
        count('not tried'),
        Math.round(t1 - t0),
        Math.round(performance.now() - t1),
      );
      found.push(...own);
    }
  }
  for (const v of found.filter(({ outcome }) => outcome === 'without line' || outcome === 'not tried').slice(0, 100))
    console.log(shown(v));
  expect(unproven(found)).toEqual([]);
}, 400_000);

it('proves what is reported of generated kustomizations, and where all of their values are written', async () => {
  const cases = fc
    .sample(randomCase, { numRuns: Number(process.env.RUNS ?? 10) })
    .map((item, i) => ({ ...item, name: `random ${i}` }));
  const found: Verdict[] = [];
  await Promise.all(
    cases.map(async (item) => {
      const t0 = performance.now();
      const claims = await valuesOf(item, 'overlay', 'v35');
      const own = await proveTarget(item, 'overlay', claims, 'v35', 10);
      const count = (outcome: Verdict['outcome']) => own.filter((verdict) => verdict.outcome === outcome).length;
      console.log(
        item.name,
        own.length,
        'proven',
        count('proven'),
        'no line',
        count('without line'),
        'unproven',
        count('unproven'),
        'not tried',
        count('not tried'),
        Math.round(performance.now() - t0),
      );
      if (count('unproven') > 0)
        writeFileSync(
          `/tmp/p1/${item.name.replace(' ', '')}.txt`,
          Object.entries(item.files)
            .map(([f, t]) => `### ${f}\n${t}`)
            .join('\n'),
        );
      found.push(...own);
    }),
  );
  for (const v of found.filter(({ outcome }) => outcome === 'without line' || outcome === 'not tried').slice(0, 30))
    console.log(shown(v));
  expect(unproven(found)).toEqual([]);
}, 400_000);

afterAll(() => {
  const count = (outcome: Verdict['outcome']) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  console.log(
    `diagnostics ${verdicts.length}, proven ${count('proven')}, unproven ${count('unproven')}, without line ${count('without line')}`,
  );
  for (const v of verdicts.filter(({ outcome }) => outcome === 'without line')) console.log(shown(v));
});
