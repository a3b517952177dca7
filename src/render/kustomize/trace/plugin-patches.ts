import { asMap } from '../../../cluster/workloads.ts';
import type { SourceFiles } from '../../../source.ts';
import { fileOf } from '../entries.ts';
import type { Kustomization } from '../kustomization.ts';
import { fieldIn, listIn, mapIn, plainOf, type Text, textIn, writtenIn } from './configured.ts';
import { operationsOf } from './json-patch.ts';
import { type Patch, type Read, readFile, readWithin } from './patches.ts';
import type { Shadow, ShadowMap, Via } from './shadow.ts';

/** The patches of a configured PatchTransformer, PatchJson6902Transformer or PatchStrategicMergeTransformer. */
export function pluginPatches(config: ShadowMap, kustomization: Kustomization, sources: SourceFiles): Patch[] {
  const listed = (text: Text): Read[] => {
    const via = { ...writtenIn(text.origin), message: 'the patch is listed here' };
    const read = readFile(fileOf(kustomization, text.value) ?? '', sources);
    return read.map(({ place, document }) => ({ place: { ...place, via }, document }));
  };
  const target = mapIn(config, 'target');
  const options = mapIn(config, 'options');
  const path = textIn(config, 'path');
  const paths = listIn(config, 'paths').filter(isText);
  const read = [
    ...['patch', 'jsonOp', 'patches'].flatMap((field) => {
      const text = textIn(config, field);
      return text ? written(text) : [];
    }),
    ...(path ? listed(path) : []),
    ...paths.flatMap((text) => (/\n|^\{/.test(text.value) ? written(text) : listed(text))),
  ];
  const field = fieldIn(config, 'kind');
  return read.flatMap(({ place, document }): Patch[] => {
    if (document.empty || document.error) return [];
    const via: Via | undefined = target && {
      ...writtenIn(target.origin),
      message: "this patch's target selects it",
    };
    return [
      {
        field: field ? String(plainOf(field)) : '',
        entry: [],
        path: [],
        place: via ? { ...place, via } : place,
        document,
        target: target && asMap(plainOf(target)),
        targetAt: target && writtenIn(target.origin),
        options: (options && asMap(plainOf(options))) ?? {},
        operations: operationsOf(document.value),
      },
    ];
  });
}

function isText(item: Shadow): item is Text {
  return item.type === 'scalar' && typeof item.value === 'string' && item.value !== '';
}

/** The documents of a patch that is written in the configuration itself. */
function written({ origin, value }: Text): Read[] {
  const { place, path } = writtenIn(origin);
  return readWithin(place, path, value);
}
