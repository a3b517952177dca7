import {
  DEFAULT_SCALAR_STYLE_RULES,
  dump,
  SCALAR_STYLE_DOUBLE_QUOTED,
  SCALAR_STYLE_PLAIN,
  type ScalarStyleRule,
} from 'js-yaml';
import { isHarmless, unicodeEscapes } from '../report/harmless.ts';
import { plainScalar } from './scalars.ts';

/** One object as a YAML document that kubectl reads as the same object, with escapes for what a terminal or a log would obey. */
export function toYaml(value: unknown): string {
  return unicodeEscapes(dump(value, { noRefs: true, lineWidth: -1, quoteStyle: 'double', scalarStyleRules: RULES }));
}

/** kubectl reads more words and numbers than YAML 1.2 has: `yes`, `0644`, `1_000`. */
const quoteText: ScalarStyleRule = (layout) => {
  const { tag, value } = layout.node;
  const isPlain = layout.style === SCALAR_STYLE_PLAIN && isHarmless(value) && isText(value);
  if (tag.endsWith(':str') && !isPlain) layout.style = SCALAR_STYLE_DOUBLE_QUOTED;
};

function isText(value: string): boolean {
  try {
    return plainScalar(value) === value && !UNPRINTED.test(value);
  } catch {
    return false;
  }
}

/** What YAML doesn't hold as it is, and what its readers take for the end of a line. */
const UNPRINTED = /[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

const RULES = [...Object.values(DEFAULT_SCALAR_STYLE_RULES), quoteText];
