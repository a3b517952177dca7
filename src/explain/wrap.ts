export interface Layout {
  /** Columns of a line, indentation included. */
  width: number;
  /** What the first line starts with: blanks, a bullet. */
  first: string;
  /** What the others start with. */
  rest: string;
  /** How what stands in backticks is painted. */
  paintCode?(text: string): string;
}

/**
 * A text as lines of at most `width` columns, broken between words; a word that is longer has a line of its own. Blanks between words of
 * one line stay as they are.
 */
export function wrap(text: string, { width, first, rest, paintCode = (code) => code }: Layout): string[] {
  const lines: string[] = [];
  let line: Word[] = [];
  let used = 0;
  const finish = () => {
    const shown = line.map((word) => paint(word, paintCode)).join('');
    lines.push(`${lines.length === 0 ? first : rest}${shown.trimEnd()}`.trimEnd());
    line = [];
    used = 0;
  };
  for (const word of words(text)) {
    const start = lines.length === 0 ? first : rest;
    if (line.length > 0 && start.length + used + columns(word.text.trimEnd()) > width) finish();
    line.push(word);
    used += columns(word.text);
  }
  finish();
  return lines;
}

interface Word {
  /** With the blanks that follow it. */
  text: string;
  /** It starts within backticks. */
  within: boolean;
}

function words(text: string): Word[] {
  let within = false;
  return (text.match(/\S+\s*/g) ?? []).map((word) => {
    const read = { text: word, within };
    if (word.split('`').length % 2 === 0) within = !within;
    return read;
  });
}

function paint({ text, within }: Word, paintCode: (text: string) => string): string {
  const word = text.trimEnd();
  // Odd parts stand between two backticks; at the ends of the word one of them belongs to another word.
  const parts = word.split('`').map((part, i, all) => {
    const isCode = (i % 2 === 1) !== within;
    if (!isCode) return part;
    return paintCode(`${i > 0 ? '`' : ''}${part}${i < all.length - 1 ? '`' : ''}`);
  });
  return parts.join('') + text.slice(word.length);
}

/** A character beyond the basic plane is one, too. */
function columns(text: string): number {
  return [...text].length;
}
