import { asMap } from '../../cluster/workloads.ts';
import type { SourceFiles } from '../../source.ts';
import { readYaml, type YamlDocument } from '../../yaml.ts';
import { documentsOf, type Kustomization } from '../kustomization.ts';
import { fieldIn, listIn, mapIn, plainOf, type Text, textIn, writtenIn } from './configured.ts';
import { fileOf } from './entries.ts';
import { operationsOf } from './json-patch.ts';
import type { Patch } from './patches.ts';
import type { Place, Shadow, ShadowMap, Via } from './shadow.ts';

/** A document of a patch, and where it stands. */
interface Read {
  place: Place;
  document: YamlDocument;
}

/** The patches of a configured PatchTransformer, PatchJson6902Transformer or PatchStrategicMergeTransformer. */
export function pluginPatches(config: ShadowMap, kustomization: Kustomization, sources: SourceFiles): Patch[] {
  const listed = (text: Text): Read[] => {
    const file = fileOf(kustomization, text.value);
    const documents = file === undefined ? [] : (documentsOf(file, sources) ?? []);
    const via = { ...writtenIn(text.origin), message: 'the patch is listed here' };
    return documents.map((document) => ({ place: { file: file ?? '', document: document.index, via }, document }));
  };
  const target = mapIn(config, 'target');
  const options = mapIn(config, 'options');
  const path = textIn(config, 'path');
  const paths = listIn(config, 'paths').filter(isText);
  const read = [
    ...['patch', 'jsonOp', 'patches'].flatMap((field) => written(textIn(config, field))),
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
function written(text: Text | undefined): Read[] {
  if (!text) return [];
  const { place, path } = writtenIn(text.origin);
  const within = place.within ? { ...place.within } : undefined;
  return readYaml(text.value).map((document) => {
    const own = { path, text: text.value, document: document.index };
    return { place: { ...place, within: within ? { ...own, outer: within } : own }, document };
  });
}
