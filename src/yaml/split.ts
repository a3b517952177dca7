/** The text of one document of a stream. */
export interface YamlChunk {
  text: string;
  /** Offset of `text` in the stream. */
  offset: number;
  /** 1-based line of the stream on which `text` starts. */
  line: number;
  /** It starts with a line that kubectl refuses as a separator. */
  badSeparator: boolean;
}

/**
 * Splits a stream into its documents as kubectl does (YAMLReader of k8s.io/apimachinery/pkg/util/yaml/decoder.go): at lines
 * that start with `---`, after which only spaces and a comment may stand, whatever YAML would take them for. JSON objects
 * that follow each other at the start of a stream are a document each.
 */
export function splitYaml(text: string): YamlChunk[] {
  let chunks: YamlChunk[] = [];
  let position = 0;
  let line = 1;
  while (position < text.length) {
    // A separator that comes first, or right after another, belongs to the document that it opens.
    const opener = text.startsWith('---', position) ? lineAt(text, position) : '';
    const badSeparator = opener !== '' && !isSeparator(opener);
    const end = nextSeparator(text, position + opener.length);
    const start = badSeparator ? position : position + opener.length;
    if (start > position) line++;
    const chunk = { text: text.slice(start, end), offset: start, line, badSeparator };
    // A stream that starts with JSON is one of JSON; later on, kubectl reads YAML.
    if (chunks.length === 0) chunks = splitJson(chunk);
    else chunks.push(chunk);
    line += countLines(chunk.text);
    position = end;
    if (position === text.length) break;
    const separator = lineAt(text, position);
    if (isSeparator(separator)) {
      position += separator.length;
      line++;
    }
  }
  return chunks;
}

/** The line that starts at `position`, with its line feed. */
function lineAt(text: string, position: number): string {
  const end = text.indexOf('\n', position);
  return text.slice(position, end === -1 ? text.length : end + 1);
}

function isSeparator(line: string): boolean {
  return /^---\s*(?:#|$)/.test(line);
}

/** Where the next line that starts with `---` begins, from the start of a line on; the text's end without one. */
function nextSeparator(text: string, from: number): number {
  if (text.startsWith('---', from)) return from;
  const found = text.indexOf('\n---', from);
  return found === -1 ? text.length : found + 1;
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** Takes `{…}` `{…}` apart where the first of them is JSON; a flow collection of YAML may hold a `}` and a `{` in its text. */
function splitJson(chunk: YamlChunk): YamlChunk[] {
  const { text } = chunk;
  if (!/^\s*\{/.test(text) || !/\}\s*\{/.test(text)) return [chunk];
  const starts: number[] = [];
  let depth = 0;
  let position = 0;
  while (position < text.length) {
    const c = text[position];
    if (c === '"') position = closingQuote(text, position);
    else if (c === '{' && depth++ === 0) starts.push(position);
    else if (c === '}') depth--;
    position++;
  }
  if (!isJson(text.slice(0, starts[1]))) return [chunk];
  let { line } = chunk;
  return starts.map((at, i) => {
    const start = i === 0 ? 0 : at;
    const object = { ...chunk, text: text.slice(start, starts[i + 1]), offset: chunk.offset + start, line };
    line += countLines(object.text);
    return object;
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function closingQuote(text: string, opening: number): number {
  let position = opening + 1;
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position;
}
