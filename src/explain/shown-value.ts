import { withoutCredentials } from '../cluster/security/credential-shapes.ts';
import { asMap, valueAt } from '../cluster/workloads.ts';
import { oneLine } from '../report/harmless.ts';
import { counted } from '../report/shown.ts';
import type { Path } from '../resource.ts';
import { isSensitive } from '../sensitive-key.ts';

/** What stands for what may be a secret. */
export const MASK = '…';
const WIDTH = 80;
const SECRET_FIELDS = new Set(['data', 'stringData', 'encryptedData']);
const SECRET_KIND = /^(?:Sealed)?Secret(?:List)?$/;
/** `--password=x`, `password: x`, `"password":"x"` */
const PAIR = /(?<![\w.-])([\w.-]+)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,}]+)/g;
const USERINFO = /(:\/\/)[^\s/@"']*@/g;
/** PEM, base64 and other text that nobody reads. */
const OPAQUE = /-----BEGIN|^\s*[A-Za-z0-9+/=_-]{40,}\s*$/;

/**
 * A scalar of a rendered object on one line, undefined for what holds others; of a text of several, its `line`, counted from 0. What may be a
 * secret is `…`: all values of Secrets, and what goes by the name of one.
 */
export function shownValue(object: unknown, path: Path, line = -1): string | undefined {
  const value = valueAt(object, path);
  if (value === undefined || value === null || typeof value === 'object') return undefined;
  if (value === '') return '""';
  const lines = String(value).trimEnd().split('\n');
  const text = lines[Math.max(0, line)] ?? '';
  if (isSecret(object, path) || OPAQUE.test(text)) return MASK;
  const masked = withoutCredentials(text, MASK)
    .replace(USERINFO, `$1${MASK}@`)
    .replace(PAIR, (pair, key, sign) => (isSensitive(key) ? `${key}${sign}${MASK}` : pair));
  const shown = oneLine(masked.length > WIDTH ? `${masked.slice(0, WIDTH)}${MASK}` : masked).trim();
  if (lines.length === 1) return shown;
  return line < 0 ? `${shown} (and ${counted(lines.length - 1, 'more line')})` : `… ${shown} …`;
}

function isSecret(object: unknown, path: Path): boolean {
  const isOfSecret = path.some((key, i) => {
    const { kind } = asMap(valueAt(object, path.slice(0, i))) ?? {};
    return typeof key === 'string' && SECRET_FIELDS.has(key) && typeof kind === 'string' && SECRET_KIND.test(kind);
  });
  const key = path.findLast((step) => typeof step === 'string') ?? '';
  // kubectl keeps the whole object, values included, in an annotation.
  if (isOfSecret || isSensitive(key) || key.endsWith('/last-applied-configuration')) return true;
  const { name } = asMap(valueAt(object, path.slice(0, -1))) ?? {};
  return key === 'value' && typeof name === 'string' && isSensitive(name);
}
