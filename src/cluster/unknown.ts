/** The mark that stands where two renders of one chart differ (`randAlphaNum`, `genCA`); a placeholder to every rule. */
export const RANDOM_VALUE = '${k8s-lint:random}';

/** Stands for what is unknown in a text that `maskUnknown` made. No host, port or scheme holds it. */
export const MASK = '\uFFFD';

/** Whether a value can't be known here: a string that holds a placeholder. Rules make no finding that depends on it. */
export function isUnknown(value: unknown): boolean {
  return typeof value === 'string' && OPENING.test(value) && !placeholders(value).next().done;
}

/** A text with its placeholders masked, each character by one MASK, so that what stands around them keeps its place. */
export function maskUnknown(text: string): string {
  let masked = '';
  let next = 0;
  for (const [start, end] of placeholders(text)) {
    masked += text.slice(next, start) + MASK.repeat(end - start);
    next = end;
  }
  return masked + text.slice(next);
}

/** Whether any string in a value, keys included, is unknown. */
export function holdsUnknown(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isUnknown(value);
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return Object.entries(value).some(([key, item]) => isUnknown(key) || holdsUnknown(item));
}

/** Nearly all values hold none of these, and every value is asked about. */
const OPENING = /\$\{|<path:|\{\{|^ENC\[/;

const BRACKETS = [
  { opening: /\$\{(?=[A-Za-z_])/g, closing: '}' },
  { opening: /<path:/g, closing: '>' },
  { opening: /\{\{/g, closing: '}}' },
];

/**
 * What someone or something fills in later: `${VAR}` (envsubst, Flux), `<path:…>` (Argo CD Vault plugin), `ENC[…]` (SOPS),
 * `{{ … }}` (a template that never ran). `$(VAR)` is not one: the kubelet expands it. In the order of the text, and in time
 * linear in its length: whole files are asked about.
 */
function* placeholders(text: string): Generator<[start: number, end: number]> {
  if (text.startsWith('ENC[')) {
    yield [0, text.length];
    return;
  }
  let next = 0;
  const places = BRACKETS.map(({ opening, closing }) => ({ search: new RegExp(opening), closing, start: -1 }));
  for (;;) {
    for (const place of places) {
      if (place.start === Number.POSITIVE_INFINITY || place.start >= next) continue;
      place.search.lastIndex = next;
      place.start = place.search.exec(text)?.index ?? Number.POSITIVE_INFINITY;
    }
    const first = places.reduce((a, b) => (b.start < a.start ? b : a));
    if (first.start === Number.POSITIVE_INFINITY) return;
    const closed = text.indexOf(first.closing, first.start + 2);
    if (closed === -1) {
      first.start = Number.POSITIVE_INFINITY;
      continue;
    }
    next = closed + first.closing.length;
    yield [first.start, next];
  }
}
