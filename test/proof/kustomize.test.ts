import { afterAll, expect, it } from 'vitest';
import { exampleCases, fixtureCases, wrappedCases } from './cases.ts';
import { type Case, counts, linted, lintedTogether, prove, type Verdict } from './prove.ts';

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
      JSON.stringify(counts),
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
  console.log('prove', performance.now() - t1, JSON.stringify(counts));
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

afterAll(() => {
  const count = (outcome: Verdict['outcome']) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  console.log(
    `diagnostics ${verdicts.length}, proven ${count('proven')}, unproven ${count('unproven')}, without line ${count('without line')}`,
  );
  for (const v of verdicts.filter(({ outcome }) => outcome === 'without line')) console.log(shown(v));
});
