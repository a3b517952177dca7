import type { Rule } from '../rule.ts';

/** Every rule, in the order of the catalogue. */
export const rules: readonly Rule[] = [
];
