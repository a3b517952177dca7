import type { RepositoryTexts } from './repository-texts.ts';

/**
 * Answers whether some file of the repository may substitute a placeholder's token: it names the token outside of a
 * placeholder, or runs a tool that substitutes all of them. Without a directory to search (a stream) everything may. Reads
 * the files once, and only when asked.
 */
export function substitutes(texts: RepositoryTexts, searchable: boolean): (token: string) => boolean {
  const answers = new Map<string, boolean>();
  return (token) => {
    if (!searchable) return true;
    let answer = answers.get(token);
    if (answer === undefined) {
      const { all } = texts;
      answer = all === 'too many' || all.some(({ text }) => mayReplace(text, token));
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
