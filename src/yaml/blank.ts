/** What is said of a file that should hold something, and doesn't. */
export const NOTHING_IN_IT = 'nothing in it but blanks and comments';

/** Whether every line of a YAML text is blank, a comment or a separator. Linear in the text. */
export function isBlank(text: string): boolean {
  return !/^(?!---[ \t]*(?:#|\r?$)|\ufeff?[ \t]*(?:#|\r?$))/m.test(text);
}
