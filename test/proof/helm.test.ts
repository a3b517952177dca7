import { afterAll, describe, expect, it } from 'vitest';
import { exampleCases, fixtureCases, joined, literalCase, streams, subchartCases } from './helm-cases.ts';
import { wrappedCase } from './helm-wrap.ts';
import { type HelmCase, type HelmVerdict, proveHelm, renders } from './prove-helm.ts';

/** The proof takes renders; a busy machine takes its time for them. */
const PATIENCE = 600_000;

const all: HelmVerdict[] = [];

async function verdictsOf(cases: readonly HelmCase[]): Promise<HelmVerdict[]> {
  const verdicts = (await Promise.all(cases.map((item) => proveHelm(item, 'v35')))).flat();
  for (const verdict of verdicts) all.push(verdict);
  return verdicts;
}

function unproven(verdicts: readonly HelmVerdict[]): string[] {
  return verdicts.filter(({ why }) => why !== undefined).map(shown);
}

function shown({ name, target, diagnostic, kind, says, why }: HelmVerdict): string {
  const { location, rule, path = [], message } = diagnostic;
  const place = [location.file, location.line, location.column].filter((part) => part !== undefined).join(':');
  const related = says === undefined ? '' : ` [${says}]`;
  return `${name} (${target}) ${kind}${related} ${place} ${rule} ${path.join('.')}: ${message}${why === undefined ? '' : `\n    ${why}`}`;
}

/** The files that verdicts point into, each once. */
function filesOf(verdicts: readonly HelmVerdict[]): string[] {
  return [...new Set(verdicts.map(({ diagnostic }) => diagnostic.location.file))].sort();
}

describe('every line that is reported of a chart changes the field when it is edited', { timeout: PATIENCE }, () => {
  it('in the fixtures', async () => {
    expect(unproven(await verdictsOf(fixtureCases()))).toEqual([]);
  });

  it('in the examples of the rules that hold a chart', async () => {
    expect(unproven(await verdictsOf(exampleCases()))).toEqual([]);
  });

  it('in the examples of the rules, as templates', async () => {
    const verdicts = await verdictsOf([literalCase(streams())]);
    expect(unproven(verdicts)).toEqual([]);
    const files = filesOf(verdicts).map((file) => file.replace(/^c\d+\//, ''));
    expect([...new Set(files)]).toEqual(['app/templates/all.yaml']);
  });

  it('in the examples of the rules, with what they say scattered over values', async () => {
    const usable = streams().filter((stream) => wrappedCase(stream, 0) !== undefined);
    const verdicts = await verdictsOf(joined(usable).flatMap((stream, i) => wrappedCase(stream, i) ?? []));
    expect(unproven(verdicts)).toEqual([]);
    const own = verdicts.filter(({ says }) => says === undefined);
    const values = own.filter(({ kind }) => kind === 'value');
    expect(filesOf(values)).toEqual([
      'app/charts/backend/values.yaml',
      'app/values.yaml',
      'k8s-lint.yaml',
      'one.yaml',
      'two.yaml',
    ]);
    expect(values.length).toBeGreaterThan(own.length * 0.75);
  });

  it('in subcharts, with aliases, from archives, with several files of values', async () => {
    expect(unproven(await verdictsOf(subchartCases()))).toEqual([]);
  });
});

afterAll(() => {
  const own = all.filter(({ says }) => says === undefined);
  const of = (kind: HelmVerdict['kind']) => own.filter((verdict) => verdict.kind === kind);
  const without = of('none');
  const share = own.length === 0 ? 0 : without.length / own.length;
  const lines = [
    `${own.length} diagnostics of ${new Set(own.map(({ diagnostic }) => diagnostic.rule)).size} rules on charts, ${renders.count} renders:`,
    `  ${of('value').length} at a value, ${of('template').length} in a template, proven but for ${unproven(own).length}`,
    `  ${all.length - own.length} places that decide them, too, proven but for ${unproven(all).length - unproven(own).length}`,
    `  ${of('chart').length} where a chart from elsewhere is brought in, ${of('source').length} of no field`,
    `  ${without.length} without a line (${(share * 100).toFixed(1)} %)`,
    ...without.map((verdict) => `    ${shown(verdict)}`),
  ];
  console.log(lines.join('\n'));
  expect(share).toBeLessThan(0.1);
});
