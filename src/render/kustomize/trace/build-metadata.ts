import { isDeepStrictEqual } from 'node:util';
import type { Path } from '../../../resource.ts';
import { itemsOf } from '../fields.ts';
import { type Kustomization, placeOf } from '../kustomization.ts';
import type { Origin } from './shadow.ts';

/** What the options of `buildMetadata` write into every object (types.BuildMetadataOptions of kustomize's api). */
const WRITTEN: readonly [option: string, map: 'labels' | 'annotations', key: string][] = [
  ['managedByLabel', 'labels', 'app.kubernetes.io/managed-by'],
  ['originAnnotations', 'annotations', 'config.kubernetes.io/origin'],
  ['transformerAnnotations', 'annotations', 'alpha.config.kubernetes.io/transformations'],
];

/**
 * The entry of `buildMetadata` that has kustomize write what stands at a path, or the labels or annotations as a whole where
 * no source has any. Only those of the kustomization that is built count.
 */
export function metadataOrigin(root: Kustomization, path: Path): Origin | undefined {
  for (const { path: entry, value } of itemsOf(root.value, 'buildMetadata')) {
    const isMeant = WRITTEN.some(([option, map, key]) => {
      return (
        value === option && isDeepStrictEqual(path, ['metadata', map, key].slice(0, path.length)) && path.length > 1
      );
    });
    if (isMeant) return { place: placeOf(root), path: entry };
  }
  return undefined;
}
