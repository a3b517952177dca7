/** Longer values aren't matched: neither pattern nor value is ours, and JavaScript's matching may take time without bound. */
const MAX_LENGTH = 256;

const compiled = new Map<string, RegExp | undefined>();

/**
 * Whether a value matches a pattern of a CustomResourceDefinition; undefined where that can't be told. Patterns are RE2
 * (https://github.com/google/re2/wiki/Syntax), matched in linear time by the API server; only those are tried that mean the
 * same in JavaScript and can't run wild there.
 */
export function matches(pattern: string, value: string): boolean | undefined {
  if (value.length > MAX_LENGTH || /[\uD800-\uDFFF]/.test(value)) return undefined;
  if (!compiled.has(pattern)) compiled.set(pattern, compile(pattern));
  return compiled.get(pattern)?.test(value);
}

/** What RE2 writes otherwise: flags, POSIX and Unicode classes, \A \z \Q \C. */
const NOT_JAVASCRIPT = /\(\?(?!:)|\[\[:|\\[AzQECpPaxv]/;

function compile(pattern: string): RegExp | undefined {
  if (pattern.length > 1000 || NOT_JAVASCRIPT.test(pattern) || !isTame(pattern)) return undefined;
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}

/**
 * Whether matching takes at most quadratic time: no more than two parts repeat without bound, and none of them is a group
 * that repeats or chooses within itself.
 */
function isTame(pattern: string): boolean {
  const text = pattern.replace(/\\./gs, '_').replace(/\[\]?[^\]]*\]/g, '_');
  const repeated = [...text.matchAll(/[*+]|\{\d+,\d*\}/g)].map(({ index }) => index);
  return (
    repeated.length <= 2 &&
    repeated.every((index) => text[index - 1] !== ')' || !/[*+{|]/.test(groupBefore(text, index - 1)))
  );
}

/** The group that ends at a closing parenthesis. */
function groupBefore(text: string, closing: number): string {
  let depth = 0;
  for (let i = closing; i >= 0; i--) {
    if (text[i] === ')') depth++;
    else if (text[i] === '(' && --depth === 0) return text.slice(i, closing);
  }
  return text.slice(0, closing);
}
