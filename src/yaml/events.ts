import { type Event, parseEvents, YAMLException } from 'js-yaml';
import { type Edit, EditedText, findDifferences } from './lenient.ts';

/** Collections nested deeper than this are refused. What people write stays far below; deeper ones would overflow stacks. */
export const MAX_DEPTH = 500;

/** YAML that can't be read. The message never quotes the document: what it says may be a secret. */
export class YamlError extends Error {
  /** Offset in the document's text. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** A document as the parser sees it. */
export interface ParsedYaml {
  /** The text that the events' offsets refer to. */
  source: string;
  events: Event[];
  /** The offset in the document's own text of an offset in `source`. */
  original(offset: number): number;
}

/**
 * Parses the text of one document, up to a line `...`, after which kubectl reads nothing. Throws YamlError. Accepts what
 * libyaml accepts beyond YAML 1.2, as kubectl does.
 */
export function parseYaml(text: string): ParsedYaml {
  const end = text.includes('...') ? /(?<!.)\.\.\.(?!\S)/.exec(text)?.index : undefined;
  // kubectl reads lines, and ends the last one too: a block scalar at the end of a file ends with a line feed.
  const own = end === undefined && !text.endsWith('\n') ? `${text}\n` : text.slice(0, end);
  const parsed = parseLeniently(own);
  if (parsed.events.length === 0 && end !== undefined) {
    throw new YamlError('malformed YAML: `...` ends the document before anything stands in it', end);
  }
  return parsed;
}

/** Where libyaml may see something else in a text that YAML 1.2 accepts. */
const DOUBTFUL = /\n\t|:[,\]}]|[[{,:]\s*:\S/;

function parseLeniently(text: string): ParsedYaml {
  let parsed: ParsedYaml | undefined;
  let refusal: unknown;
  try {
    parsed = parseEdited(text, []);
  } catch (error) {
    refusal = error;
  }
  if (parsed && !DOUBTFUL.test(text)) return parsed;
  const { edits, refused } = findDifferences(text);
  const needed = parsed ? edits.filter((edit) => edit.changesMeaning) : edits;
  try {
    if (needed.length > 0) parsed = parseEdited(text, needed);
  } catch (error) {
    refusal = error;
  }
  const reason = refused && new YamlError(`malformed YAML: ${refused.reason}`, refused.at);
  if (!parsed) throw reason && refusal instanceof YamlError && reason.offset < refusal.offset ? reason : refusal;
  if (reason && parsed.events.length > 0) throw reason;
  return parsed;
}

function parseEdited(text: string, edits: readonly Edit[]): ParsedYaml {
  const edited = edits.length > 0 ? new EditedText(text, edits) : undefined;
  const source = edited?.text ?? text;
  const original = (offset: number) => edited?.original(offset) ?? offset;
  try {
    return { source, events: parseEvents(source, { maxDepth: MAX_DEPTH }), original };
  } catch (error) {
    throw asYamlError(error, source, original);
  }
}

function asYamlError(error: unknown, source: string, original: (offset: number) => number): unknown {
  if (!(error instanceof YAMLException)) return error;
  const position = error.mark?.position ?? 0;
  const { reason } = error;
  if (reason.startsWith('nesting exceeded')) {
    return new YamlError(`nested more than ${MAX_DEPTH} levels deep`, original(position));
  }
  return new YamlError(`malformed YAML: ${explained(reason, source, position)}`, original(position));
}

/** What is wrong, where js-yaml's reason says something else, or a piece of the document. */
function explained(reason: string, source: string, position: number): string {
  if (reason !== 'bad indentation of a mapping entry') return reason.replace(/(?:: | ["!]).*$/s, '');
  const line = source.slice(source.lastIndexOf('\n', position - 1) + 1, position);
  if (line.trim() === '') return reason;
  const c = source[position] ?? '';
  if ('@`%'.includes(c)) return `a value that starts with ${c} needs quotes`;
  return c === ':' ? 'a value that holds a colon and a space needs quotes' : 'unexpected text';
}
