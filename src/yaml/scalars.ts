/** What a YAML scalar becomes once kubectl has turned the document into JSON. */
export type Scalar = string | number | boolean | null;

/** A scalar that kubectl refuses, or that JSON can't hold. Its message never quotes the value: it may be a secret. */
export class ScalarError extends Error {}

const WORDS = new Map<string, Scalar>([
  ['', null],
  ...words(null, '~ null Null NULL'),
  ...words(true, 'y Y yes Yes YES true True TRUE on On ON'),
  ...words(false, 'n N no No NO false False FALSE off Off OFF'),
  ...words(Number.NaN, '.nan .NaN .NAN'),
  ...words(Number.POSITIVE_INFINITY, '.inf .Inf .INF +.inf +.Inf +.INF'),
  ...words(Number.NEGATIVE_INFINITY, '-.inf -.Inf -.INF'),
]);

function words(value: Scalar, spellings: string): [string, Scalar][] {
  return spellings.split(' ').map((spelling) => [spelling, value]);
}

/** 1 where a plain scalar that starts with this character may be a number, 2 where only a word of `WORDS`. */
const FIRST = new Uint8Array(128);
for (const c of '+-.0123456789') FIRST[c.charCodeAt(0)] = 1;
for (const c of 'yYnNtTfFoO~') FIRST[c.charCodeAt(0)] = 2;

const SHORT_DECIMAL = /^[-+]?(?:0|[1-9][0-9]{0,14})$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/**
 * A plain scalar as kubectl reads it: sigs.k8s.io/yaml's goyaml.v2, resolve.go. `0644` is 420, `yes` true, `1_000` 1000;
 * dates and `1:30` stay text. Integers beyond 2^53 lose precision, as all numbers of JavaScript do.
 */
export function plainScalar(text: string): Scalar {
  const first = text === '' ? 2 : (FIRST[text.charCodeAt(0)] ?? 0);
  if (first === 0) return text;
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (first === 2) return text;
  if (SHORT_DECIMAL.test(text)) return Number(text) || 0;
  const parsed = number(text);
  return parsed === undefined ? text : Number(parsed);
}

/** A mapping's key as the JSON string that kubectl makes of it: `8080:` is "8080", `yes:` "true". Throws ScalarError. */
export function plainKey(text: string): string {
  const first = text === '' ? 2 : (FIRST[text.charCodeAt(0)] ?? 0);
  if (first === 0) return text;
  const word = WORDS.get(text);
  if (word !== undefined) return keyOf(word);
  if (first === 2) return text;
  const parsed = number(text);
  if (parsed === undefined) return text;
  if (typeof parsed === 'number') return goFloat(parsed);
  if (parsed > 0x7fff_ffff_ffff_ffffn) throw new ScalarError('this number is too large for a key');
  return parsed.toString();
}

function keyOf(scalar: Scalar): string {
  if (scalar === null) throw new ScalarError('a key must not be null');
  return typeof scalar === 'number' ? goFloat(scalar) : String(scalar);
}

/** An integer as bigint, a float as number, undefined where the text is neither. */
function number(text: string): bigint | number | undefined {
  if (text.startsWith('.')) return float(text);
  const plain = text.replaceAll('_', '');
  return parseInteger(plain) ?? float(plain);
}

function float(text: string): number | undefined {
  if (!FLOAT.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const INTEGER = /^([-+]?)(?:0[bB]([01]+)|0[oO]([0-7]+)|0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))$/;

/** Go's strconv.ParseInt and ParseUint with base 0: a leading zero means octal, prefixes may be upper case; 64 bits at most. */
function parseInteger(text: string): bigint | undefined {
  const match = text.length > 70 ? null : INTEGER.exec(text);
  if (!match) return undefined;
  const [, sign, binary, octal, hex, oldOctal, decimal] = match;
  const digits = binary
    ? `0b${binary}`
    : hex
      ? `0x${hex}`
      : (decimal ?? `0o${octal ?? (oldOctal === '' ? '0' : oldOctal)}`);
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return value >= -(2n ** 63n) && value < (sign === '' ? 2n ** 64n : 2n ** 63n) ? value : undefined;
}

/** Go's strconv.FormatFloat(value, 'g', -1, 32), which sigs.k8s.io/yaml makes keys of floats with. */
function goFloat(value: number): string {
  const single = Math.fround(value);
  if (Number.isNaN(single)) return '.nan';
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf';
  if (single === 0) return Object.is(single, -0) ? '-0' : '0';
  let digits = 0;
  while (Math.fround(Number(single.toExponential(digits))) !== single) digits++;
  const [mantissa = '', exponent = ''] = single.toExponential(digits).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(`${mantissa}e${exponent}`));
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

const YAML_TAG = 'tag:yaml.org,2002:';

/** A tag's full name: `!!int` is `tag:yaml.org,2002:int`. */
export function tagName(raw: string): string {
  if (raw.startsWith('!<')) return raw.slice(2, -1);
  return raw.startsWith('!!') ? YAML_TAG + raw.slice(2) : raw;
}

/** Whether a mapping's key is the merge key: a plain `<<`, or one tagged as such. */
export function isMergeKey(text: string, plain: boolean, rawTag: string): boolean {
  if (text !== '<<') return false;
  return rawTag === '' || rawTag === '!' ? plain : tagName(rawTag) === `${YAML_TAG}merge`;
}

/** A scalar with an explicit tag. Throws ScalarError where kubectl refuses it. Unknown tags make it text. */
export function taggedScalar(text: string, rawTag: string): Scalar {
  const tag = tagName(rawTag);
  const name = tag.startsWith(YAML_TAG) ? tag.slice(YAML_TAG.length) : '';
  if (name === 'binary') return base64(text);
  const accepts = TYPES.get(name);
  if (accepts === undefined) return text;
  if (!accepts(text)) throw new ScalarError(`this value cannot be read as !!${name}`);
  return plainScalar(text);
}

/** The JSON string that a key with an explicit tag becomes. Throws ScalarError where kubectl refuses it. */
export function taggedKey(text: string, rawTag: string): string {
  const value = taggedScalar(text, rawTag);
  if (typeof value !== 'number') return keyOf(value);
  return tagName(rawTag) === `${YAML_TAG}float` ? goFloat(value) : plainKey(text);
}

const TYPES = new Map<string, (text: string) => boolean>([
  ['bool', (text) => typeof plainScalar(text) === 'boolean'],
  ['float', (text) => typeof plainScalar(text) === 'number'],
  ['int', (text) => FIRST[text.charCodeAt(0)] === 1 && typeof number(text) === 'bigint'],
  ['null', (text) => plainScalar(text) === null],
]);

/** Go's base64.StdEncoding: padding is required, line breaks are skipped. */
function base64(text: string): string {
  const data = text.replace(/[\r\n]/g, '');
  if (data.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) {
    throw new ScalarError('!!binary value contains invalid base64 data');
  }
  return Buffer.from(data, 'base64').toString('utf8');
}
