import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/diagnostic.ts';
import { exampleCases, fixtureCases, wrappedCases } from './cases.ts';
import { type Case, linted, lintedTogether, prove, proveTarget, type Verdict } from './prove.ts';
import { randomCase } from './random.ts';
import { targetsOf, valuesOf } from './values.ts';

const LONG = 900_000;
/** Of a fixture or a generated kustomization, copies that are built for values of which no rule speaks. */
const PATIENCE = 4;

/** All that was tried, in order. */
const verdicts: { what: string; found: readonly Verdict[] }[] = [];

function record(what: string, found: readonly Verdict[]): void {
  verdicts.push({ what, found });
  expect(found.filter(({ outcome }) => outcome === 'unproven').map(shown)).toEqual([]);
}

function shown({ name, target, diagnostic, why }: Verdict): string {
  const { location, rule, path = [], message } = diagnostic;
  const place = `${location.file}:${location.line ?? '?'}:${location.column ?? '?'}`;
  return [`${name} (${target}) ${place} ${rule} ${path.join('.')} ${message}`, ...(why ? [why] : [])].join('\n    ');
}

/** Every place of a diagnostic's way is one of a file. */
function expectRelated({ files }: Case, diagnostics: readonly Diagnostic[]): void {
  for (const { related } of diagnostics) {
    for (const { message, location } of related) {
      const { file, line } = location;
      const lines = files[file]?.split('\n').length ?? 0;
      expect([file, line, message, lines >= (line ?? 1)]).toEqual([file, line, message, true]);
    }
  }
}

async function proveEach(cases: readonly Case[], layer: 'v31' | 'v35'): Promise<Verdict[]> {
  const found: Verdict[] = [];
  for (const item of cases) {
    const { diagnostics, failures } = await linted(item.files, layer);
    expect(failures).toEqual([]);
    expectRelated(item, diagnostics);
    found.push(...(await prove(item, diagnostics, layer)));
  }
  return found;
}

async function proveTogether(cases: readonly Case[], layer: 'v31' | 'v35'): Promise<Verdict[]> {
  const reports = await lintedTogether(cases, layer);
  const found = [...reports].map(([item, diagnostics]) => {
    expectRelated(item, diagnostics);
    return prove(item, diagnostics, layer);
  });
  return (await Promise.all(found)).flat();
}

async function proveValues(item: Case, target: string, layer: 'v31' | 'v35'): Promise<Verdict[]> {
  return proveTarget(item, target, await valuesOf(item, target, layer), layer, PATIENCE);
}

function randomCases(): Case[] {
  const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 12);
  return fc.sample(randomCase, { numRuns }).map((item, i) => ({ ...item, name: `generated ${i}` }));
}

describe('what is reported', () => {
  it(
    'of the fixtures is where it is said to be',
    async () => {
      // The others are clean, as their own tests have it.
      const cases = fixtureCases().filter(({ name }) => name.includes('broken'));
      record('fixtures', await proveEach(cases, 'v35'));
    },
    LONG,
  );

  it(
    'of the kustomizations among the rules’ examples is',
    async () => {
      record('examples', await proveEach(exampleCases(), 'v35'));
    },
    LONG,
  );

  it(
    'of the rules’ streams below a base and an overlay is',
    async () => {
      record('streams', await proveTogether(wrappedCases(), 'v35'));
    },
    LONG,
  );

  it(
    'of generated kustomizations is',
    async () => {
      record('generated', await proveTogether(randomCases(), 'v35'));
    },
    LONG,
  );
});

describe('every value', () => {
  it(
    'of the fixtures is where it is said to be',
    async () => {
      const found = fixtureCases().flatMap((item) => {
        // What is broken is what is fixed but for a few lines, some of which kustomize refuses.
        const targets = item.name.includes('broken') ? [] : targetsOf(item);
        return targets.map((target) => proveValues(item, target, 'v35'));
      });
      record('values of the fixtures', (await Promise.all(found)).flat());
    },
    LONG,
  );

  it(
    'of generated kustomizations is',
    async () => {
      const found = randomCases().map((item) => proveValues(item, 'overlay', 'v31'));
      record('values of the generated', (await Promise.all(found)).flat());
    },
    LONG,
  );
});

describe('the share without a line', () => {
  it('is below 2 % of the diagnostics', () => {
    const all = verdicts.filter(({ what }) => !what.startsWith('values')).flatMap(({ found }) => found);
    const without = all.filter(({ outcome }) => outcome === 'without line');
    expect(without.length, without.map(shown).join('\n')).toBeLessThan(Math.max(all.length * 0.02, 1));
  });
});

afterAll(() => {
  for (const { what, found } of verdicts) {
    const count = (outcome: Verdict['outcome']) => found.filter((verdict) => verdict.outcome === outcome).length;
    const without = count('without line');
    const share = `${((without / Math.max(found.length, 1)) * 100).toFixed(1)} %`;
    const untried = count('not tried') === 0 ? '' : `, ${count('not tried')} not tried`;
    console.log(
      `kustomize, ${what}: ${found.length} places, ${found.length - without} with a line, ${count('proven')} proven${untried}, ${without} (${share}) without`,
    );
  }
});
