import fc from 'fast-check';
import { Document, isCollection, isScalar, type Scalar, visit } from 'yaml';

/** Text that no reader takes for a number, a boolean or null, with all that needs quotes. */
const text = fc
  .array(fc.constantFrom(...('ab: -#\'"{}[],&*!|>%@\\é😀\n'.match(/./gsu) ?? [])), { maxLength: 12 })
  .map((characters) => `s${characters.join('')}`);

/** Data as manifests may hold it: JSON, with text that needs care. */
export const anyData = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.constantFrom('', 'yes', '0644', 'null', '1e3'),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(text, tie('node'), { maxKeys: 4 }),
  ),
})).node;

const STYLES: Scalar.Type[] = ['PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'];

/** Data as YAML, each node in a style of its own, with comments and blank lines. `choices` makes the choices. */
export function written(json: unknown, choices: Iterator<number>): string {
  const choose = (count: number) => (choices.next().value as number) % count;
  const document = new Document(json, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, (key, node) => {
    if (isScalar(node) && typeof node.value === 'string') {
      // `yaml` writes a line that ends in a colon as it is, which makes it a key.
      const ambiguous = !node.value.startsWith('s') || node.value.includes(':\n');
      node.type = ambiguous ? 'QUOTE_DOUBLE' : (STYLES[choose(key === 'key' ? 3 : STYLES.length)] ?? 'PLAIN');
    }
    if (isCollection(node) && choose(3) === 0) node.flow = true;
    if (isScalar(node) && key !== 'key' && choose(4) === 0) node.comment = ' c: "d" [';
    if (isScalar(node) && choose(6) === 0) node.spaceBefore = true;
  });
  const settings = { lineWidth: choose(2) * 40, indentSeq: choose(2) === 0, flowCollectionPadding: choose(2) === 0 };
  return document.toString(settings);
}
