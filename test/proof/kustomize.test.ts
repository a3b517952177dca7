import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/diagnostic.ts';
import { exampleCases, fixtureCases, wrappedCases } from './cases.ts';
import { type Case, linted, lintedTogether, prove, type Verdict } from './prove.ts';
import { randomCases } from './random.ts';
import { record, shown } from './verdicts.ts';

const LONG = 900_000;

const all: Verdict[] = [];

function recordOwn(what: string, found: readonly Verdict[]): void {
  all.push(...found);
  record(what, found);
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

describe('what is reported', () => {
  it(
    'of the fixtures is where it is said to be',
    async () => {
      // The others are clean, as their own tests have it.
      const cases = fixtureCases().filter(({ name }) => name.includes('broken'));
      recordOwn('fixtures', await proveEach(cases, 'v35'));
    },
    LONG,
  );

  it(
    'of the kustomizations among the rules’ examples is',
    async () => {
      recordOwn('examples', await proveEach(exampleCases(), 'v35'));
    },
    LONG,
  );

  it(
    'of the rules’ streams below a base and an overlay is',
    async () => {
      recordOwn('streams', await proveTogether(wrappedCases(), 'v35'));
    },
    LONG,
  );

  it(
    'of generated kustomizations is',
    async () => {
      recordOwn('generated', await proveTogether(randomCases(), 'v35'));
    },
    LONG,
  );
});

describe('the share without a line', () => {
  it('is below 2 % of the diagnostics', () => {
    const without = all.filter(({ outcome }) => outcome === 'without line');
    expect(without.length, without.map(shown).join('\n')).toBeLessThan(Math.max(all.length * 0.02, 1));
  });
});
