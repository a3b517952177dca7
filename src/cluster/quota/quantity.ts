/** Factors of the suffixes, in nano: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const FACTORS: ReadonlyMap<string, bigint> = new Map([
  ['n', 1n],
  ['u', 10n ** 3n],
  ['m', 10n ** 6n],
  ['', 10n ** 9n],
  ['k', 10n ** 12n],
  ['M', 10n ** 15n],
  ['G', 10n ** 18n],
  ['T', 10n ** 21n],
  ['P', 10n ** 24n],
  ['E', 10n ** 27n],
  ['Ki', 2n ** 10n * 10n ** 9n],
  ['Mi', 2n ** 20n * 10n ** 9n],
  ['Gi', 2n ** 30n * 10n ** 9n],
  ['Ti', 2n ** 40n * 10n ** 9n],
  ['Pi', 2n ** 50n * 10n ** 9n],
  ['Ei', 2n ** 60n * 10n ** 9n],
]);

const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?([eE][+-]?\d+|[A-Za-z]*)$/;

/** Longer numbers and larger exponents are no amount of anything: they stay unknown instead of costing time. */
const MAX_LENGTH = 60;
const MAX_EXPONENT = 40;

/**
 * A quantity in nano units (`1` is 10^9), exactly; less than a nano is rounded away from zero. Undefined where it is none.
 * Follows ParseQuantity of k8s.io/apimachinery/pkg/api/resource: `1E` is exa, `1E3` a thousand, `1k` too, `1K` nothing.
 */
export function parseQuantity(value: unknown): bigint | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value).trim();
  const match = text.length > MAX_LENGTH ? null : QUANTITY.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const mantissa = BigInt(whole + fraction);
  const nano = /^[eE][-+0-9]/.test(suffix)
    ? exponential(mantissa, suffix, fraction.length)
    : suffixed(mantissa, suffix, fraction);
  return nano !== undefined && sign === '-' ? -nano : nano;
}

function exponential(mantissa: bigint, suffix: string, decimals: number): bigint | undefined {
  const exponent = Number(suffix.slice(1));
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined;
  const scale = 9 + exponent - decimals;
  return scale >= 0 ? mantissa * 10n ** BigInt(scale) : divideUp(mantissa, 10n ** BigInt(-scale));
}

function suffixed(mantissa: bigint, suffix: string, fraction: string): bigint | undefined {
  const factor = FACTORS.get(suffix);
  return factor === undefined ? undefined : divideUp(mantissa * factor, 10n ** BigInt(fraction.length));
}

/** What is compared of a quantity in nano units: whole millis of cpu, whole units of everything else, rounded up. */
export function countable(nano: bigint, resource: string): bigint {
  return divideUp(nano, resource === 'cpu' ? 10n ** 6n : 10n ** 9n);
}

/**
 * An amount in nano units as the API server prints it, in the format in which it was written: `0.5Gi` is `512Mi`, `0.1` is
 * `100m`, `1e3` stays `1e3` (CanonicalizeBytes of k8s.io/apimachinery/pkg/api/resource).
 */
export function canonicalQuantity(nano: bigint, written: string): string {
  const isWhole = nano % 10n ** 9n === 0n;
  const isSmall = nano > -1024n * 10n ** 9n && nano < 1024n * 10n ** 9n;
  if (/[KMGTPE]i\s*$/.test(written) && isWhole && !isSmall) {
    const [mantissa, power] = withoutFactor(nano / 10n ** 9n, 1024n, 6);
    return `${mantissa}${['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'][power]}`;
  }
  const [mantissa, power] = nano === 0n ? [0n, 3] : withoutFactor(nano, 1000n, 9);
  if (!/[eE][-+]?\d+\s*$/.test(written))
    return `${mantissa}${['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'][power]}`;
  return power === 3 ? `${mantissa}` : `${mantissa}e${3 * power - 9}`;
}

/** An amount in nano units as the API server keeps it in requests, limits and quotas: rounded up to millis. */
export function wholeMillis(nano: bigint): bigint {
  return divideUp(nano, 10n ** 6n) * 10n ** 6n;
}

function withoutFactor(amount: bigint, factor: bigint, most: number): [rest: bigint, power: number] {
  let rest = amount;
  let power = 0;
  for (; power < most && rest % factor === 0n; power += 1) rest /= factor;
  return [rest, power];
}

/** A quantity in nano units in its shortest exact form: `2500m`, `8Gi`, `512M`. */
export function showQuantity(nano: bigint): string {
  let shortest = `${nano}n`;
  for (const [suffix, factor] of FACTORS) {
    const text = `${nano / factor}${nano === 0n ? '' : suffix}`;
    if (nano % factor === 0n && text.length < shortest.length) shortest = text;
  }
  return shortest;
}

/** A division that rounds away from zero. */
function divideUp(amount: bigint, divisor: bigint): bigint {
  const quotient = amount / divisor;
  const rest = amount % divisor;
  return rest === 0n ? quotient : amount < 0n ? quotient - 1n : quotient + 1n;
}
