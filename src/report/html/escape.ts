import { oneLine } from '../harmless.ts';

/**
 * Text as HTML shows it, in an element or an attribute in double quotes; what would run backwards or be obeyed is shown as escapes. Two
 * colons that begin a line would be a command in the log of a workflow, where the page may be printed.
 */
export function esc(text: string): string {
  return oneLine(text).replace(/[&<>"']|:(?=:)/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** The same of a text of several lines. */
export function escLines(text: string): string {
  return text.split(/\r?\n/).map(esc).join('\n');
}

/** Prose with `code` between backticks. */
export function prose(text: string): string {
  return escLines(text).replace(/`([^`\n]+)`/g, '<code>$1</code>');
}

/** An https link, else plain text: what is written in a reference must not run anything. */
export function link(url: string): string {
  return /^https:\/\/[^\s]+$/.test(url) ? `<a href="${esc(url)}" rel="noreferrer">${esc(url)}</a>` : esc(url);
}
