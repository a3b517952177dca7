import type { Location } from '../resource.ts';
import { SourceError, type SourceFiles } from '../source.ts';

export interface ExcerptLine {
  number: number;
  text: string;
  marked: boolean;
}

/** A line longer than this is a minified file or data: it is cut. */
const WIDTH = 160;
const MASK = '…';
/** Documents in which any value may be a secret. */
const SECRET_DOCUMENT = /\bkind:\s*["']?(Secret|SecretList|SealedSecret)\b|^\s*["']?stringData["']?:/m;
const YAML_FILE = /\.(ya?ml|json)$|(^|\/)kustomization$/i;
const SENSITIVE_KEY =
  /(passw|passphrase|secret|token|private|credential|salt|dsn|[-_.a-z]key$|(^|[-_.])(auth|authorization|pw)$)/i;
/** A line without a value: a separator, a key that opens a block, a bare dash. */
const STRUCTURE = /^(---|\s*(- ?)*(["']?[\w./-]+["']?:)?\s*([|>][-+0-9]{0,2})?)\s*$/;
const TOP_LEVEL = /^(apiVersion|kind):/;
/** `key: value`, `key=value`, wherever it stands in a line; the value ends where a flow collection goes on. */
const PAIR = /(["']?)([\w./-]+)\1(\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s,}\]"'{[|>&][^,}\]]*)/g;
/** PEM, base64 and other text that nobody reads. */
const OPAQUE = /-----BEGIN|^\s*[A-Za-z0-9+/=_-]{24,}\s*$/;

/**
 * A few lines around a location, with what may be a secret left out: the reader needs the place, and a log must not hold a
 * password. None where the line isn't known or the file can't be read.
 */
export function excerpt({ file, line }: Location, sources: SourceFiles, around = 1): ExcerptLine[] {
  if (line === undefined) return [];
  let lines: readonly string[];
  try {
    lines = sources.lines(file);
  } catch (error) {
    if (error instanceof SourceError) return [];
    throw error;
  }
  const first = Math.max(1, line - around);
  const last = Math.min(lines.length, line + around);
  const secret = !YAML_FILE.test(file) || SECRET_DOCUMENT.test(documentAround(lines, line));
  const excerpted: ExcerptLine[] = [];
  for (let number = first; number <= last; number++) {
    const text = masked(lines, number, secret || insideSecretGenerator(lines, number));
    excerpted.push({
      number,
      text: text.length > WIDTH ? `${text.slice(0, WIDTH)}${MASK}` : text,
      marked: number === line,
    });
  }
  return excerpted;
}

/** The YAML document in which a line stands, so that a ConfigMap beside a Secret stays readable. */
function documentAround(lines: readonly string[], line: number): string {
  const separator = (text: string | undefined) => text?.startsWith('---') === true;
  let first = line - 1;
  while (first > 0 && !separator(lines[first])) first--;
  let last = line - 1;
  while (last + 1 < lines.length && !separator(lines[last + 1])) last++;
  return lines.slice(first, last + 1).join('\n');
}

/** Whether a line of a kustomization belongs to its secretGenerator. */
function insideSecretGenerator(lines: readonly string[], number: number): boolean {
  for (let i = number - 1; i >= 0; i--) {
    const key = /^["']?([A-Za-z]\w*)["']?:/.exec(lines[i] ?? '')?.[1];
    if (key !== undefined) return key === 'secretGenerator';
  }
  return false;
}

function masked(lines: readonly string[], number: number, hideAll: boolean): string {
  const line = (lines[number - 1] ?? '').replace(/(:\/\/)[^\s/@"']*@/g, `$1${MASK}@`);
  if (OPAQUE.test(line)) return line.replace(/\S.*/, MASK);
  if (hideAll) {
    if (STRUCTURE.test(line) || TOP_LEVEL.test(line)) return line;
    return line.replace(
      /^(\s*(?:- )*(["']?)[\w./-]+\2\s*[:=]\s*)?\s*\S.*$/,
      (_, key) => `${key ?? indentOf(line)}${MASK}`,
    );
  }
  // An environment variable's name stands beside its value, on another line or on this one.
  const named = lines.slice(Math.max(0, number - 3), number + 2).some((near) => sensitiveName(near));
  return line.replace(PAIR, (pair, quote, key, colon) =>
    isSensitive(key) || (key === 'value' && named) ? `${quote}${key}${quote}${colon}${MASK}` : pair,
  );
}

function indentOf(text: string): string {
  return text.slice(0, text.length - text.trimStart().length);
}

function sensitiveName(line: string): boolean {
  const name = /\bname:\s*["']?([\w.-]+)/.exec(line)?.[1];
  return name !== undefined && isSensitive(name);
}

/** `secretName: db`, `secretKeyRef: …`, `automountServiceAccountToken: false` name things; they hold no secret. */
function isSensitive(key: string): boolean {
  const names = /(name|ref|class|mount\w*|provider|type|enabled|path|file)$/i.test(key) || /^automount/i.test(key);
  return SENSITIVE_KEY.test(key) && !names;
}
