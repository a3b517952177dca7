import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** More than this, and the answer is that something may substitute it. */
const MAX_FILES = 20_000;
const MAX_FILE_BYTES = 1_000_000;
const SKIPPED = new Set(['.git', 'node_modules']);

/**
 * Answers whether some file below a directory may substitute a placeholder's token: it names the token outside of a
 * placeholder, or runs a tool that substitutes all of them. Without a directory to search (a stream) everything may. Reads
 * the files once, and only when asked.
 */
export function substitutes(root: string, searchable: boolean): (token: string) => boolean {
  let texts: string[] | undefined | 'too many';
  const answers = new Map<string, boolean>();
  return (token) => {
    if (!searchable) return true;
    let answer = answers.get(token);
    if (answer === undefined) {
      texts ??= readTexts(root);
      answer = texts === 'too many' || texts.some((text) => mayReplace(text, token));
      answers.set(token, answer);
    }
    return answer;
  };
}

/** A field of a manifest, of a kustomization or of values that holds an image or a part of one, up to a word in it. */
const IN_IMAGE =
  /(?:^|\n[ \t]*|- +|[{,] +)["']?(?:image|newTag|newName|tag|repository|registry)["']?:[ \t]*["']?[\w./:-]*$/;
const LONGEST_IMAGE = 300;

/**
 * `${TAG}`, `<TAG>` and `image: web:TAG` are the placeholder itself; `TAG=…`, `s/TAG/…/`, `substitute: { TAG: … }` are what fills
 * it in.
 */
function mayReplace(text: string, token: string): boolean {
  if (/\b(envsubst|postBuild|substituteFrom|gomplate|ytt)\b/.test(text)) return true;
  let from = 0;
  for (;;) {
    const at = text.indexOf(token, from);
    if (at === -1) return false;
    from = at + token.length;
    const before = text[at - 1] ?? '';
    const after = text[from] ?? '';
    const partOfWord = /[A-Za-z0-9_]/.test(before) || /[A-Za-z0-9_]/.test(after);
    const placeholder = before === '$' || before === '<' || (before === '{' && after !== ':');
    if (partOfWord || placeholder) continue;
    if (!IN_IMAGE.test(text.slice(Math.max(0, at - LONGEST_IMAGE), at))) return true;
  }
}

function readTexts(root: string): string[] | 'too many' {
  const texts: string[] = [];
  const directories = [root];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const entry of entriesOf(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) directories.push(path);
      else if (entry.isFile()) {
        if (texts.length >= MAX_FILES) return 'too many';
        const text = readSmall(path);
        if (text !== undefined) texts.push(text);
      }
    }
  }
  return texts;
}

/** What can't be read can't be searched; whoever needs the file itself reports it. */
function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function readSmall(path: string): string | undefined {
  try {
    return lstatSync(path).size <= MAX_FILE_BYTES ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
