import { type Event, parseEvents, YAMLException } from 'js-yaml';
import { EditedText, findDifferences } from './lenient.ts';

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

function parseLeniently(text: string): ParsedYaml {
  let parsed: ParsedYaml;
  try {
    parsed = { source: text, events: parseEvents(text, { maxDepth: MAX_DEPTH }), original: (offset) => offset };
  } catch (first) {
    const relaxed = new EditedText(text, findDifferences(text).edits);
    const original = (offset: number) => relaxed.original(offset);
    if (relaxed.text === text) throw asYamlError(first, original);
    try {
      parsed = { source: relaxed.text, events: parseEvents(relaxed.text, { maxDepth: MAX_DEPTH }), original };
    } catch (second) {
      throw asYamlError(second, original);
    }
  }
  const { tab } = parsed.events.length > 0 && text.includes('\n\t') ? findDifferences(text) : { tab: undefined };
  if (tab !== undefined) throw new YamlError('malformed YAML: tab characters must not be used in indentation', tab);
  return parsed;
}

function asYamlError(error: unknown, original: (offset: number) => number): unknown {
  if (!(error instanceof YAMLException)) return error;
  const { reason, mark } = error;
  const offset = original(mark?.position ?? 0);
  if (reason.startsWith('nesting exceeded')) return new YamlError(`nested more than ${MAX_DEPTH} levels deep`, offset);
  // Some reasons end with a piece of the document.
  return new YamlError(`malformed YAML: ${reason.replace(/(?:: | ["!]).*$/s, '')}`, offset);
}
