/** More of one line than anybody reads: it quotes something of a manifest. */
const MAX_LINE = 2000;

/** What a terminal obeys, and what makes text run backwards (https://trojansource.codes), but for tabs. */
const COMMANDS = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The same in JSON, where line feeds stand between the values. */
const COMMANDS_IN_JSON = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * What stands in manifests and file names as one line that neither a terminal nor the log of a GitHub workflow obeys: control
 * characters are shown as escapes, and the brackets of old workflow commands (`##[…]`) are taken apart.
 */
export function oneLine(text: string): string {
  const cut = text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text;
  return cut.replace(COMMANDS, escaped).replaceAll('##[', '## [');
}

/** The lines of a text, each harmless. */
export function lines(text: string): string[] {
  return text.split(/\r?\n/).map(oneLine);
}

/**
 * A finished line that GitHub doesn't take for a workflow command: these start with `::`, whatever blanks come first
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */
export function noCommand(line: string): string {
  return line.replace(/^(\s*):(?=:)/, '$1: ');
}

/** A text of several lines, fit for a terminal and for the log of a workflow. */
export function printable(text: string): string {
  return lines(text).map(noCommand).join('\n');
}

/** Whether a text may be printed as it is, on however many lines. */
export function isHarmless(text: string): boolean {
  return !/(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|##\[|^[^\S\n]*::/mu.test(text);
}

/** JSON that can be printed: the same data, with every character escaped that a terminal or a workflow's log would obey. */
export function printableJson(value: unknown): string {
  return unicodeEscapes(JSON.stringify(value, null, 2));
}

/** JSON, or YAML with such text in double quotes only, with escapes for what would be obeyed. */
export function unicodeEscapes(text: string): string {
  return text.replace(COMMANDS_IN_JSON, unicode).replaceAll('##[', '#\\u0023[');
}

function escaped(char: string): string {
  const name = { '\n': '\\n', '\r': '\\r' }[char];
  return name ?? (char < '\u0100' ? `\\x${hex(char, 2)}` : unicode(char));
}

function unicode(char: string): string {
  return `\\u${hex(char, 4)}`;
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, '0');
}
