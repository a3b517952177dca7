import { describe, expect, it } from 'vitest';
import type { Found } from '../src/diagnostic.ts';
import { match, type SideFinding } from '../src/since/compare.ts';

function finding(
  fingerprint: string,
  more: Partial<Found> & { environment?: string; targets?: never } = {},
): SideFinding {
  const { environment = 'prod', ...own } = more;
  const found: Found = {
    rule: 'image-tag-latest',
    severity: 'warning',
    message: 'image a has the tag latest',
    location: { file: 'a.yaml', line: 4 },
    related: [],
    targets: [{ environment, target: environment }],
    fingerprint,
    ...own,
  };
  return { found, environment, targets: [environment] };
}

/** Which of today's findings were there before, and which of then are gone, by their places. */
function matched(before: SideFinding[], now: SideFinding[], isShared = (_: string) => true) {
  const { known, gone } = match(before, now, isShared);
  return { known: now.map(({ found }) => known.has(found)), gone: gone.map((one) => before.indexOf(one)) };
}

describe('findings of two sides', () => {
  it('are the same by fingerprint, each once', () => {
    expect(matched([finding('a')], [finding('a'), finding('a'), finding('b')])).toEqual({
      known: [true, false, false],
      gone: [],
    });
    expect(matched([finding('a'), finding('a')], [finding('a')])).toEqual({ known: [true], gone: [1] });
  });

  it('go together by message where there are several, whatever their order', () => {
    const [one, two] = [{ message: 'one' }, { message: 'two' }];
    expect(matched([finding('a', one), finding('a', two)], [finding('a', two)])).toEqual({ known: [true], gone: [0] });
    expect(matched([finding('a', one)], [finding('a', two), finding('a', one)])).toEqual({
      known: [false, true],
      gone: [],
    });
    // The words may change, as a number in them does.
    expect(matched([finding('a', one)], [finding('a', two)])).toEqual({ known: [true], gone: [] });
    const plain = (message: string) => ({ message, plain: 'alike' });
    expect(matched([finding('a', two), finding('a', plain('in dev'))], [finding('a', plain('in test'))])).toEqual({
      known: [true],
      gone: [0],
    });
  });

  it('are new where they are worse, and then nothing is gone', () => {
    const [warning, error] = [finding('a'), finding('a', { severity: 'error' })];
    expect(matched([warning], [error])).toEqual({ known: [false], gone: [] });
    expect(matched([error], [warning])).toEqual({ known: [true], gone: [] });
  });

  it('are those of one environment, unless it is at one side only', () => {
    const [prod, test] = [finding('a'), finding('a', { environment: 'test' })];
    expect(matched([prod], [test])).toEqual({ known: [false], gone: [0] });
    expect(matched([prod], [test], () => false)).toEqual({ known: [true], gone: [] });
    expect(matched([prod], [prod, test], (name) => name === 'prod')).toEqual({ known: [true, false], gone: [] });
    expect(matched([prod], [test], (name) => name === 'prod')).toEqual({ known: [false], gone: [0] });
  });

  it('are those of one target first', () => {
    const at = (...targets: string[]): SideFinding => ({ ...finding('a'), targets });
    expect(matched([at('x'), at('y')], [at('y')])).toEqual({ known: [true], gone: [0] });
    expect(matched([at('x')], [at('y')])).toEqual({ known: [true], gone: [] });
    expect(matched([at('x', 'y')], [at('y', 'x')])).toEqual({ known: [true], gone: [] });
  });
});
