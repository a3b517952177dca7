import { withoutCredentials } from '../cluster/security/credential-shapes.ts';
import type { Location } from '../resource.ts';
import { isSensitive } from '../sensitive-key.ts';
import { SourceError, type SourceFiles } from '../source.ts';

export interface ExcerptLine {
  number: number;
  text: string;
  marked: boolean;
}

/** A line longer than this is a minified file or data: it is cut. */
const WIDTH = 160;
/** More of a line isn't looked at; a value that goes on behind it is masked all the same. */
const READ = 1000;
const MASK = '…';
/** Documents in which any value may be a secret. */
const SECRET_DOCUMENT =
  /\bkind["']?:\s*["']?(Secret|SecretList|SealedSecret|SecretGenerator)\b|^[ \t]*["']?stringData["']?:|\bpath["']?:\s*["']?\/stringData\b/m;
/** An operation of a JSON patch on what may be a Secret: the patch needn't name the kind. */
const DATA_PATH = /\bpath["']?:\s*["']?\/data\b/;
const YAML_FILE = /\.(ya?ml|json|tpl)$|(^|\/)kustomization$|^<stdin>$/i;
/** A line without a value: a separator, a key that opens a block, a bare dash. */
const STRUCTURE = /^(---|\s*(- ?)*(["']?[\w./-]+["']?:)?\s*([|>][-+0-9]{0,2})?)\s*$/;
const TOP_LEVEL = /^(apiVersion|kind):/;
/** `key: value`, `key=value`, wherever it stands in a line; the value ends where a flow collection goes on. */
const PAIR =
  /(["']?)([\w./-]+)\1(\s*[:=]\s*)("(?:[^"\\]|\\.)*(?:"|\\?$)|'(?:[^']|'')*(?:'|$)|[^\s,}\]"'{[|>&][^,}\]]*)/g;
/** PEM, base64 and other text that nobody reads. */
const OPAQUE = /-----BEGIN|^\s*[A-Za-z0-9+/=_-]{24,}\s*$/;

/**
 * A few lines around a location, with what may be a secret left out: the reader needs the place, and a log must not hold a
 * password. None where the line isn't known or the file can't be read. What becomes a Secret's (`ofSecret`) may stand in any file.
 */
export function excerpt({ file, line }: Location, sources: SourceFiles, around = 1, ofSecret = false): ExcerptLine[] {
  if (line === undefined) return [];
  let lines: readonly string[];
  try {
    lines = sources.lines(file);
  } catch (error) {
    if (error instanceof SourceError) return [];
    throw error;
  }
  const first = Math.max(1, line - around);
  // What follows the last line break is no line.
  const end = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  const last = Math.min(Math.max(end, line), lines.length, line + around);
  const known = secrecyOf(lines);
  const secret = ofSecret || !YAML_FILE.test(file) || known.isSecretDocument(line);
  const excerpted: ExcerptLine[] = [];
  for (let number = first; number <= last; number++) {
    const text = masked(lines, number, secret || known.isInGenerator(number) || isBesideDataPath(lines, number));
    excerpted.push({
      number,
      text: text.length > WIDTH ? `${text.slice(0, WIDTH)}${MASK}` : text,
      marked: number === line,
    });
  }
  return excerpted;
}

/** Which lines of a file may hold secrets. A file may have thousands of findings: it is looked through once. */
class Secrecy {
  readonly #lines: readonly string[];
  /** Where documents start, so that a ConfigMap beside a Secret stays readable: indices, ascending. */
  readonly #starts: number[] = [0];
  readonly #secretDocuments = new Map<number, boolean>();
  /** 1 for the lines of a kustomization's secretGenerator. */
  readonly #generator: Uint8Array;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
    this.#generator = new Uint8Array(lines.length);
    let generator = 0;
    for (const [i, line] of lines.entries()) {
      if (i > 0 && line.startsWith('---')) this.#starts.push(i);
      const key = /^["']?([A-Za-z]\w*)["']?:/.exec(line)?.[1];
      if (key !== undefined) generator = key === 'secretGenerator' ? 1 : 0;
      this.#generator[i] = generator;
    }
  }

  isInGenerator(line: number): boolean {
    return this.#generator[line - 1] === 1;
  }

  isSecretDocument(line: number): boolean {
    const after = this.#starts.findIndex((start) => start > line - 1);
    const index = (after === -1 ? this.#starts.length : after) - 1;
    let secret = this.#secretDocuments.get(index);
    if (secret === undefined) {
      secret = SECRET_DOCUMENT.test(this.#lines.slice(this.#starts[index], this.#starts[index + 1]).join('\n'));
      this.#secretDocuments.set(index, secret);
    }
    return secret;
  }
}

const secrecies = new WeakMap<readonly string[], Secrecy>();

function secrecyOf(lines: readonly string[]): Secrecy {
  let known = secrecies.get(lines);
  if (!known) {
    known = new Secrecy(lines);
    secrecies.set(lines, known);
  }
  return known;
}

function masked(lines: readonly string[], number: number, hideAll: boolean): string {
  const read = withoutCredentials((lines[number - 1] ?? '').slice(0, READ), MASK);
  const line = read.replace(/(:\/\/)[^\s/@"']*@/g, `$1${MASK}@`);
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

/** The keys of an operation come in any order. */
function isBesideDataPath(lines: readonly string[], number: number): boolean {
  return lines.slice(Math.max(0, number - 3), number + 2).some((near) => DATA_PATH.test(near.slice(0, READ)));
}

function indentOf(text: string): string {
  return text.slice(0, text.length - text.trimStart().length);
}

function sensitiveName(line: string): boolean {
  const names = line.slice(0, READ).matchAll(/\bname["']?:\s*["']?([\w.-]+)/g);
  return [...names].some(([, name = '']) => isSensitive(name));
}
