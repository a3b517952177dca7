import { describe, expect, it } from 'vitest';
import type { Found } from '../src/diagnostic.ts';
import { match, type SideFinding, type Sides } from '../src/since/compare.ts';
import type { Subject } from '../src/since/subject.ts';

type More = Partial<Omit<Found, 'targets'>> & { environment?: string; targets?: string[]; file?: string };

function finding(
  fingerprint: string,
  { environment = 'prod', targets = [environment], file = 'a.yaml', ...own }: More = {},
): SideFinding {
  const found: Found = {
    rule: 'image-tag-latest',
    severity: 'warning',
    message: 'image a has the tag latest',
    location: { file, line: 4 },
    related: [],
    targets: targets.map((target) => ({ environment, target })),
    fingerprint,
    ...own,
  };
  return { found, environment, targets, file };
}

/** A finding about an object, whose leaves are words. */
function about(
  object: string,
  fingerprint: string,
  more: More & Partial<Omit<Subject, 'leaves'>> & { says?: string } = {},
) {
  const { kind = 'Pod', place = 'image', pattern = place, value = 'a:latest', words = '', says = '', ...own } = more;
  const leaves = () => new Set(says.split(' '));
  return { ...finding(fingerprint, own), subject: { kind, object, place, pattern, value, words, leaves } };
}

/** The sides: each has the objects and targets that its findings are about, and those that are named beside them. */
function sides(before: SideFinding[], now: SideFinding[], more: { earlier?: string[]; today?: string[] } = {}): Sides {
  const partsOf = ({ subject, targets }: SideFinding) => (subject ? [subject.object] : targets);
  const placed = (one: SideFinding) => partsOf(one).map((part) => `${one.environment} ${part}`);
  const [then, today] = [before.flatMap(placed), now.flatMap(placed)];
  return {
    mayBeOne: () => false,
    stands: (one) => placed(one).some((part) => [...today, ...(more.today ?? [])].includes(part)),
    stood: (one) => placed(one).some((part) => [...then, ...(more.earlier ?? [])].includes(part)),
  };
}

/** Which of today's findings were there before, and which of then are gone, by their places. */
function matched(before: SideFinding[], now: SideFinding[], more: Partial<Sides> = {}) {
  const { known, gone } = match(before, now, { ...sides(before, now), ...more });
  return { known: now.map(({ found }) => known.has(found)), gone: gone.map((one) => before.indexOf(one)) };
}

const SAME = { known: [true], gone: [] };
const OTHER = { known: [false], gone: [0] };

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
    // Of a number the fingerprint says nothing; in a name it makes another.
    const words = (message: string) => finding('a', { message });
    expect(matched([words('2 of 3 fit')], [words('1 of 3 fit')])).toEqual(SAME);
    expect(matched([words('no image app1')], [words('no image app2')])).toEqual(OTHER);
    const plain = (message: string) => ({ message, plain: 'alike' });
    expect(matched([finding('a', two), finding('a', plain('in dev'))], [finding('a', plain('in test'))])).toEqual({
      known: [true],
      gone: [0],
    });
  });

  it('are two defects where both the value and the words are others', () => {
    const then = about('web', 'f', { message: 'b-k5fd2mth97 lacks 2 keys' });
    expect(matched([then], [about('web', 'f', { value: 'c', message: 'b-k5fd2mth97 lacks 2 keys' })])).toEqual(SAME);
    expect(matched([then], [about('web', 'f', { value: 'c', message: 'b-6ct58987ht lacks 3 keys' })])).toEqual(SAME);
    expect(matched([then], [about('web', 'f', { message: 'c lacks 2 keys' })])).toEqual(SAME);
    expect(matched([then], [about('web', 'f', { value: 'c', message: 'c lacks 2 keys' })])).toEqual(OTHER);
    expect(matched([then], [about('web', 'g', { value: 'c', message: 'c lacks 2 keys' })])).toEqual(OTHER);
  });

  it('are the same in another file, or at another number of a list, where object and place are', () => {
    const then = about('web', 'f', { place: 'rules/0', pattern: 'rules' });
    const elsewhere = { file: 'b.yaml', place: 'rules/1', pattern: 'rules' };
    expect(matched([then], [about('web', 'g', elsewhere)])).toEqual(SAME);
    expect(matched([then], [about('web', 'g', { ...elsewhere, message: 'other' })])).toEqual(OTHER);
    expect(matched([then], [about('web', 'g', { ...elsewhere, place: 'rules/0', message: 'other' })])).toEqual(SAME);
    expect(matched([then], [about('web', 'g', { ...elsewhere, rule: 'image-missing' })])).toEqual(OTHER);
    expect(matched([then], [about('web', 'g', { ...elsewhere, pattern: 'ports' })])).toEqual(OTHER);
    // What is inserted before it is not what was there.
    const inserted = about('web', 'f', { value: 'b', message: 'other', place: 'rules/0', pattern: 'rules' });
    expect(matched([then], [inserted, about('web', 'g', elsewhere)])).toEqual({ known: [false, true], gone: [] });
  });

  it('are new where they are worse, and then nothing is gone', () => {
    const [warning, error] = [finding('a'), finding('a', { severity: 'error' })];
    expect(matched([warning], [error])).toEqual({ known: [false], gone: [] });
    expect(matched([error], [warning])).toEqual(SAME);
  });

  it('are those of one environment, unless it is at one side only', () => {
    const [prod, test] = [finding('a'), finding('a', { environment: 'test' })];
    expect(matched([prod], [test])).toEqual(OTHER);
    expect(matched([prod], [test], { mayBeOne: () => true })).toEqual(SAME);
    expect(
      matched([prod], [finding('a', { environment: 'test', message: 'other' })], { mayBeOne: () => true }),
    ).toEqual(SAME);
    expect(matched([prod], [prod, test], { mayBeOne: (a, b) => a === b })).toEqual({ known: [true, false], gone: [] });
    const both = { mayBeOne: () => true };
    expect(matched([prod], [test], { ...sides([prod], [test], { today: ['prod prod'] }), ...both })).toEqual(OTHER);
    expect(matched([about('web', 'f')], [about('web', 'g', { environment: 'test' })], both)).toEqual(SAME);
    expect(matched([about('web', 'f')], [about('db', 'g', { environment: 'test' })], both)).toEqual(OTHER);
  });

  it('are those of one target, or of the one that has taken its place', () => {
    const at = (...targets: string[]) => finding('a', { targets });
    expect(matched([at('x'), at('y')], [at('y')])).toEqual({ known: [true], gone: [0] });
    expect(matched([at('x')], [at('y')])).toEqual(SAME);
    expect(matched([at('x', 'y')], [at('y', 'z')])).toEqual(SAME);
    expect(matched([at('x')], [at('y')], sides([at('x')], [at('y')], { today: ['prod x'] }))).toEqual(OTHER);
    expect(matched([at('x')], [at('y')], sides([at('x')], [at('y')], { earlier: ['prod y'] }))).toEqual(OTHER);
  });

  it('are those of one object, or of the one that has taken its place', () => {
    const [a, b] = [about('a', 'f'), about('b', 'f')];
    expect(matched([a], [b])).toEqual(SAME);
    expect(matched([a], [about('b', 'f', { message: 'other' })])).toEqual(SAME);
    expect(matched([a], [b], sides([a], [b], { today: ['prod a'] }))).toEqual(OTHER);
    expect(matched([a], [b], sides([a], [b], { earlier: ['prod b'] }))).toEqual(OTHER);
  });

  it('may be of an object with another name, where half of what it says is the same', () => {
    const then = about('one', 'f', { says: 'a b c d' });
    expect(matched([then], [about('two', 'g', { says: 'a b e f' })])).toEqual(SAME);
    expect(matched([then], [about('two', 'g', { says: 'a e f g' })])).toEqual(OTHER);
    expect(matched([then], [about('two', 'g', { says: 'a b e f', words: 'other' })])).toEqual(OTHER);
    expect(matched([then], [about('two', 'g', { says: 'a b e f', file: 'b.yaml' })])).toEqual(OTHER);
    expect(matched([then], [about('two', 'g', { says: 'a b e f', kind: 'Job' })])).toEqual(OTHER);
    const both = [about('two', 'g', { says: 'a b c d' })];
    expect(matched([then], both, sides([then], both, { today: ['prod one'] }))).toEqual(OTHER);
  });
});
