import { oneLine } from './harmless.ts';

/** Words of letters and digits, hyphens and apostrophes between them, mean nothing in Markdown; nor do `0/2` and `node(s)`. */
const PLAIN = /^(?:[^\s!-/:-@[-`{-~]+(?:[-'][^\s!-/:-@[-`{-~]+)*(?:\(s\))?|\d+\/\d+)$/;
/** But these become links to issues and commits. */
const REFERENCE = /[A-Z]-\d|\b[0-9a-f]{7,40}\b/i;
/** What may stand around a word: brackets and quotes, then the end of a clause. */
const WORD = /^([("']*)(.*?)([)"'.,:;!?]*)$/s;

/**
 * A line from a manifest or a message, as Markdown that shows that line and nothing else. Plain words stay as they are, everything else
 * becomes code: there no tag, link, mention, reference to an issue, formula or emoji is seen by any of GitHub's and GitLab's filters.
 */
export function prose(text: string): string {
  return oneLine(text.toWellFormed()).split(/\s+/).filter(Boolean).map(word).join(' ');
}

function word(token: string): string {
  const [, before = '', core = '', after = ''] = WORD.exec(token) ?? [];
  if (core === '') return token.replace(/[!:]/g, '') === token ? token : code(token);
  // A bracket that closes one of the word's own belongs to it.
  if (core.includes('(') && after.startsWith(')')) return `${before}${named(`${core})`)}${after.slice(1)}`;
  return `${before}${named(core)}${after}`;
}

function named(name: string): string {
  return PLAIN.test(name) && !REFERENCE.test(name) ? name : code(name);
}

/** A name as code: one line, whatever backticks are in it. */
export function code(text: string): string {
  const line = oneLine(text.toWellFormed());
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 || /^\s|\s$/.test(line) || line === '' ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A name as code where Markdown isn't read: in the summary of what is folded. */
export function htmlCode(text: string): string {
  const line = oneLine(text.toWellFormed());
  return `<code>${line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</code>`;
}
