import type { Rule } from '../rule.ts';
import imageReferenceInvalid from './image/image-reference-invalid.ts';
import imageTagLatest from './image/image-tag-latest.ts';
import hostNetworkPortMismatch from './network/host-network-port-mismatch.ts';
import selectorMismatch from './workload/selector-mismatch.ts';

/** Every rule, in the order of the catalogue. */
export const rules: readonly Rule[] = [
  imageTagLatest,
  imageReferenceInvalid,
  hostNetworkPortMismatch,
  selectorMismatch,
];
