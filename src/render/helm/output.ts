import { asMap } from '../../cluster/workloads.ts';
import { readYaml, type YamlDocument } from '../../yaml.ts';

/** What helm prints as one: a document of a template, or a whole file of `crds/`. */
export interface Piece {
  /** `chart/templates/x.yaml`, as helm names it. */
  source: string;
  text: string;
}

/**
 * Splits what `helm template` printed. Files of `crds/` come verbatim and may hold such headers themselves: those that
 * name a source that isn't known belong to the text.
 */
export function splitOutput(stdout: string, isKnown: (source: string) => boolean): Piece[] {
  const pieces: Piece[] = [];
  const header = /^---\r?\n# Source: ([^\r\n]*)\r?\n/gm;
  let source: string | undefined;
  let start = 0;
  for (const match of stdout.matchAll(header)) {
    const name = match[1] ?? '';
    if (source !== undefined && !isKnown(name)) continue;
    if (source !== undefined) pieces.push({ source, text: stdout.slice(start, match.index) });
    source = name;
    start = match.index + match[0].length;
  }
  if (source !== undefined) pieces.push({ source, text: stdout.slice(start) });
  return pieces;
}

/** Splits what a template printed into documents exactly as helm does (SplitManifests), with where each starts. */
export function splitManifests(text: string): { text: string; start: number }[] {
  const found: { text: string; start: number }[] = [];
  const add = (from: number, to: number) => {
    const start = skipSpace(text, from);
    const trimmed = text.slice(start, to).trimEnd();
    if (trimmed !== '') found.push({ text: trimmed, start });
  };
  let position = skipSpace(text, 0);
  if (text.startsWith('---', position)) position = skipSpace(text, position + 3);
  while (true) {
    const separator = text.indexOf('\n---', position);
    add(position, separator === -1 ? text.length : separator);
    if (separator === -1) return found;
    position = skipSpace(text, separator + 4);
  }
}

function skipSpace(text: string, from: number): number {
  let position = from;
  while (/\s/.test(text[position] ?? '')) position++;
  return position;
}

/** One object that a chart printed. */
export interface PrintedObject {
  piece: Piece;
  /** The index of the piece among those of its source, in the order in which helm prints them. */
  ordinal: number;
  document: YamlDocument;
}

/**
 * The documents that aren't empty, in order. Those that can't be read have an `error`. What `like` holds of the same text, in another
 * render of the chart most of it, isn't read again: the two share it.
 */
export function readObjects(pieces: readonly Piece[], like: readonly PrintedObject[] = []): PrintedObject[] {
  const ordinals = new Map<string, number>();
  const known = new Map<string, { of: Piece; documents: YamlDocument[] }>();
  for (const { piece, document } of like) {
    const same = known.get(piece.text) ?? { of: piece, documents: [] };
    known.set(piece.text, same);
    if (same.of === piece) same.documents.push(document);
  }
  return pieces.flatMap((piece) => {
    const ordinal = ordinals.get(piece.source) ?? 0;
    ordinals.set(piece.source, ordinal + 1);
    const documents = known.get(piece.text)?.documents ?? readYaml(piece.text);
    return documents.filter((document) => !document.empty).map((document) => ({ piece, ordinal, document }));
  });
}

/** The same object in another render of the chart: of the same template, at the same place there. */
export function counterpart(object: PrintedObject, among: readonly PrintedObject[]): PrintedObject | undefined {
  const { piece, ordinal, document } = object;
  const others = among.filter((other) => other.piece.source === piece.source);
  // helm sorts what a template prints by kind.
  const kind = asMap(document.value)?.kind;
  return others.find(
    (other) =>
      other.ordinal === ordinal &&
      other.document.index === document.index &&
      (others.length === 1 || asMap(other.document.value)?.kind === kind),
  );
}
