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
/** Files in which any value may be a secret. */
const SECRET_FILE = /\bkind:\s*["']?(Secret|SecretList|SealedSecret)\b|\bsecretGenerator:|\bstringData:/;
const YAML_FILE = /\.(ya?ml|json)$|^kustomization$|(^|\/)kustomization$/i;
const SENSITIVE_KEY =
  /(passw|passphrase|secret|token|api[-_]?key|private|credential|auth|cert|salt|dsn|(^|[-_.])key$|(^|[-_.])pw$)/i;
/** A line without a value: a separator, a key that opens a block, a bare dash. */
const STRUCTURE = /^(---|\s*(- ?)*(["']?[\w./-]+["']?:)?\s*([|>][-+0-9]{0,2})?)\s*$/;
const PLAIN_VALUE = /^(\s*(?:- )*)(["']?)([\w./-]+)\2(\s*[:=]\s*)(\S.*)$/;

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
  const hideAll = !YAML_FILE.test(file) || SECRET_FILE.test(documentAround(lines, line));
  const excerpted: ExcerptLine[] = [];
  for (let number = first; number <= last; number++) {
    const text = masked(lines[number - 1] ?? '', hideAll || insideBlock(lines, number));
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

/** Whether a line is text of a block scalar (`key: |`): it may be a certificate, a script, a whole configuration. */
function insideBlock(lines: readonly string[], number: number): boolean {
  let indent = indentOf(lines[number - 1] ?? '');
  for (let i = number - 2; i >= 0 && indent > 0; i--) {
    const text = lines[i] ?? '';
    if (text.trim() === '' || indentOf(text) >= indent) continue;
    if (/[:-]\s+[|>][-+0-9]*\s*(#.*)?$/.test(text)) return true;
    indent = indentOf(text);
  }
  return false;
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}

function masked(line: string, hideAll: boolean): string {
  const text = line.replace(/(:\/\/)[^\s/@"']*@/g, `$1${MASK}@`);
  const match = PLAIN_VALUE.exec(text);
  if (!match) return hideAll && !STRUCTURE.test(text) ? text.replace(/\S.*/, MASK) : text;
  const [, indent = '', quote = '', key = '', colon = '', value = ''] = match;
  const isStructure = /^(apiVersion|kind|name|namespace|type|metadata)$/.test(key);
  const hide = (hideAll && !isStructure) || (SENSITIVE_KEY.test(key) && !/^[[{|>&]/.test(value) && !isReference(key));
  return hide ? `${indent}${quote}${key}${quote}${colon}${MASK}` : text;
}

/** `secretName: db`, `secretKeyRef: …`, `automountServiceAccountToken: false` name things; they hold no secret. */
function isReference(key: string): boolean {
  return /(name|ref|class|mount\w*|provider|type|enabled|path|file)$/i.test(key) || /^automount/i.test(key);
}
