import { waysToMatch } from '../tame-pattern.ts';

/** Longer values aren't matched: neither pattern nor value is ours, and JavaScript's matching may take time without bound. */
const MAX_LENGTH = 256;

const compiled = new Map<string, RegExp | undefined>();

/**
 * Whether a value matches a pattern of a CustomResourceDefinition; undefined where that can't be told. Patterns are RE2
 * (https://github.com/google/re2/wiki/Syntax), matched in linear time by the API server; only those are tried that mean the
 * same in JavaScript and can't run wild there on a value of this length.
 */
export function matches(pattern: string, value: string): boolean | undefined {
  if (value.length > MAX_LENGTH || /[\uD800-\uDFFF]/.test(value)) return undefined;
  if (!compiled.has(pattern)) compiled.set(pattern, compile(pattern));
  const regex = compiled.get(pattern);
  return regex && waysToMatch(pattern, value.length) <= MAX_WAYS ? regex.test(value) : undefined;
}

/** What RE2 writes otherwise: flags, POSIX and Unicode classes, \A \z \Q \C. */
const NOT_JAVASCRIPT = /\(\?(?!:)|\[\[:|\\[AzQECpPaxv]/;

/** Two repetitions without bound, tried at one place. */
const MAX_WAYS = (MAX_LENGTH + 1) ** 2;

function compile(pattern: string): RegExp | undefined {
  if (pattern.length > 1000 || NOT_JAVASCRIPT.test(pattern)) return undefined;
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}
