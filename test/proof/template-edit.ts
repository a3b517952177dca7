import { type Edit, offsetOf, type Place, tokensOf } from './edit.ts';

/**
 * The ways to change what stands at a place of a Helm template, the most telling first: an action, a key, the first entry of a
 * flow collection, a scalar. Nothing of the product is used to find it. Without a column, the place is its line.
 */
export function templateEdits(text: string, place: Place, n: number): Edit[] {
  const offset = offsetOf(text, place);
  if (offset === undefined) return [];
  const token = tokensOf(n).text;
  const action = /^\{\{[\s\S]*?\}\}/.exec(text.slice(offset))?.[0];
  if (action !== undefined) return actionEdits(action, token).map((edit) => moved(edit, offset));
  const newline = text.indexOf('\n', offset);
  const end = newline === -1 ? text.length : newline;
  const rest = text.slice(offset, end).replace(/\r$/, '');
  if (/^[|>][-+\d]*\s*(?:#.*)?$/.test(rest)) {
    const indent = /^\n(?:[ \t\r]*\n)*([ \t]*)/.exec(text.slice(end))?.[1] || '    ';
    return [{ what: 'value', start: end, end, by: `\n${indent}${token}`, token }];
  }
  return textEdits(rest, token).map((edit) => moved(edit, offset));
}

function moved(edit: Edit, by: number): Edit {
  return { ...edit, start: edit.start + by, end: edit.end + by };
}

/** An action that prints something else, as a scalar or as lines, or nothing. */
function actionEdits(action: string, token: string): Edit[] {
  const indent = /n?indent (\d+)/.exec(action)?.[0];
  const trims = action.startsWith('{{-') ? '{{-' : '{{';
  const edit = (by: string): Edit => {
    return { what: 'value', start: 0, end: action.length, by, ...(by.includes(token) ? { token } : {}) };
  };
  const lines = [`"${token}: x" | ${indent}`, `"- ${token}" | ${indent}`, `"${token}" | ${indent}`];
  return [
    ...(indent === undefined ? [] : lines.map((code) => edit(`${trims} ${code} }}`))),
    ...[`{{ "${token}" }}`, '{{ 4711 }}', '{{ false }}', `${token}: x`, `{ ${token}: x }`, ''].map(edit),
  ];
}

const KEY = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s{}[\],"'](?:\{\{[^}]*\}\}|[^\s:{}]|:(?=\S))*):(?=\s|$)/;
const SCALAR = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|.*?(?=\s*(?:\s#|$|\{\{|,|\}|\])))/;

/** The rest of a line with another key, one more entry in a flow collection, or another scalar at its start. */
function textEdits(rest: string, token: string): Edit[] {
  const key = KEY.exec(rest)?.[0];
  const quoted = /^["']/.test(rest) ? 1 : 0;
  if (key !== undefined) return [{ what: 'key', start: quoted, end: quoted, by: token, token }];
  const comma = /^.\s*[\]}]/.test(rest) ? '' : ', ';
  if (rest.startsWith('{')) return [{ what: 'entry', start: 1, end: 1, by: ` ${token}: x${comma}`, token }];
  if (rest.startsWith('[')) return [{ what: 'entry', start: 1, end: 1, by: `${token}${comma}`, token }];
  const scalar = SCALAR.exec(rest)?.[0] ?? '';
  const edits: Edit[] = [{ what: 'value', start: quoted, end: scalar.length - quoted, by: token, token }];
  if (scalar === 'true' || scalar === 'false') {
    edits.push({ what: 'value', start: 0, end: scalar.length, by: scalar === 'true' ? 'false' : 'true' });
  }
  const content = scalar.slice(quoted, scalar.length - quoted);
  if (/^\d+$/.test(content)) {
    edits.push({ what: 'value', start: quoted, end: quoted + content.length, by: `${Number(content) + 1}` });
  }
  // The place may lie within a scalar.
  edits.push({ what: 'value', start: 0, end: 0, by: token, token });
  return edits;
}
