import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import { EditedText, findDifferences } from './lenient.ts';

const require = createRequire(import.meta.url);

/**
 * The comments of a YAML text, from their `#` on, by 1-based line. What only looks like one, in a quoted string or a block
 * scalar, is none. Malformed text and Helm templates are read as well as can be.
 */
export function commentsByLine(text: string): Map<number, string> {
  const comments = new Map<number, string>();
  if (!text.includes('#')) return comments;
  // Loaded where a file has comments to be read: it costs more than all else that is loaded at the start.
  const { Lexer } = require('yaml') as typeof Yaml;
  const plain = withoutActions(text);
  const relaxed = new EditedText(plain, findDifferences(plain).edits);
  let line = 1;
  let offset = 0;
  let inScalar = false;
  for (const token of new Lexer().lex(relaxed.text)) {
    const control = CONTROL_TOKENS.has(token);
    if (token.startsWith('#') && !inScalar) {
      const start = relaxed.original(offset);
      comments.set(line, text.slice(start, start + token.length).trimEnd());
    }
    inScalar = token === SCALAR_FOLLOWS;
    if (control) continue;
    offset += token.length;
    for (let at = token.indexOf('\n'); at !== -1; at = token.indexOf('\n', at + 1)) line++;
  }
  return comments;
}

/** What the lexer of `yaml` yields between the pieces of the text. */
const SCALAR_FOLLOWS = '\u001f';
const CONTROL_TOKENS = new Set(['\u0002', '\u0018', SCALAR_FOLLOWS]);

/** Stands for the characters of actions while they are replaced: a private one, that no manifest holds. */
const MARK = '\ue000';

/** The text with the actions of Helm templates (`{{ … }}`) made a word each, or spaces where nothing else is on the line. */
function withoutActions(text: string): string {
  if (!text.includes('{{')) return text;
  const parts: string[] = [];
  let copied = 0;
  while (true) {
    const start = text.indexOf('{{', copied);
    const end = start === -1 ? -1 : text.indexOf('}}', start);
    if (end === -1) break;
    parts.push(text.slice(copied, start), text.slice(start, end + 2).replace(/[^\r\n]/g, MARK));
    copied = end + 2;
  }
  parts.push(text.slice(copied));
  const marked = parts.join('');
  return marked.replace(/^[ \t\ue000]+$/gm, (line) => ' '.repeat(line.length)).replaceAll(MARK, 'x');
}
