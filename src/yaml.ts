import type { Path } from './resource.ts';
import { construct } from './yaml/construct.ts';
import { parseYaml, YamlError } from './yaml/events.ts';
import { LineTable } from './yaml/lines.ts';
import { splitYaml, type YamlChunk } from './yaml/split.ts';

/** One document of a stream. Lines and columns are 1-based, and those of the file. */
export interface YamlDocument {
  index: number;
  /** Where this document's text starts. */
  line: number;
  /** Plain objects, arrays and scalars, as kubectl's JSON; undefined with an error. What aliases name is shared: don't change it. */
  value: unknown;
  /** The later one of each pair of equal keys, whose value counts. */
  duplicateKeys: { path: Path; line: number; column: number }[];
  /** Nothing but comments, or null: kubectl passes over it. */
  empty: boolean;
  /** Why kubectl can't read it. Never quotes the document. */
  error?: { message: string; line: number; column?: number };
}

/**
 * Reads a stream of YAML or JSON documents as kubectl does, each on its own: an error in one leaves the others. Never
 * throws; takes text, not bytes, and strips a byte order mark.
 */
export function readYaml(text: string): YamlDocument[] {
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    const error = {
      message: 'not UTF-8 text: it holds a NUL byte (UTF-16, or a binary file)',
      ...new LineTable(text).at(nul),
    };
    return [{ index: 0, line: 1, value: undefined, duplicateKeys: [], empty: false, error }];
  }
  return splitYaml(withoutBom(text)).map(readDocument);
}

/** The text after its byte order mark. */
export function withoutBom(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function readDocument(chunk: YamlChunk, index: number): YamlDocument {
  const document: YamlDocument = { index, line: chunk.line, value: undefined, duplicateKeys: [], empty: false };
  if (chunk.badSeparator) {
    const message =
      'malformed YAML: only spaces and a comment may follow `---` on its line (invalid Yaml document separator)';
    return { ...document, error: { message, line: chunk.line, column: 1 } };
  }
  try {
    const parsed = parseYaml(chunk.text);
    const { value, duplicateKeys } = construct(parsed, false);
    document.value = value;
    document.empty = value === null;
    if (duplicateKeys.length > 0) {
      const lines = new LineTable(chunk.text, chunk.line);
      document.duplicateKeys = duplicateKeys.map(({ path, offset }) => ({
        path,
        ...lines.at(parsed.original(offset)),
      }));
    }
    return document;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = new LineTable(chunk.text, chunk.line).at(Math.min(error.offset, chunk.text.length));
    return { ...document, error: { message: error.message, ...place } };
  }
}
