import { asMap } from '../../../cluster/workloads.ts';
import type { Path } from '../../../resource.ts';
import type { SourceFiles } from '../../../source.ts';
import { fileOf, fileSource } from '../entries.ts';
import { itemsOf } from '../fields.ts';
import { entryAt, type Kustomization, placeOf } from '../kustomization.ts';
import { fieldIn, isSet, listIn, mapIn, plainOf, type Text, textIn, writtenIn } from './configured.ts';
import { emptyMap, mapAt, type Origin, overwrite, type Shadow, type ShadowMap, scalar, shadowOf } from './shadow.ts';
import { identities, identityOf, isSameObject } from './subject.ts';
import type { Step } from './transform.ts';

/** An entry of `configMapGenerator` or `secretGenerator`, or a plug-in that does the same. */
export interface Generator {
  kind: 'ConfigMap' | 'Secret';
  /** Where it stands in the kustomization; a plug-in, in its own document. */
  path: Path;
  item: Record<string, unknown>;
  /** The same with the places of what it says. */
  config: ShadowMap;
  /** `generatorOptions` of the kustomization. */
  common: ShadowMap | undefined;
  name: string;
  behavior: 'create' | 'merge' | 'replace';
  /** Whether the name gets a hash of the content. */
  hashed: boolean;
}

/** The generators of a kustomization's own fields in kustomize's order. */
export function generatorsOf(kustomization: Kustomization): Generator[] {
  const { value } = kustomization;
  const place = placeOf(kustomization);
  const fields = (['ConfigMap', 'Secret'] as const).flatMap((kind) =>
    itemsOf(value, kind === 'ConfigMap' ? 'configMapGenerator' : 'secretGenerator').map((item) => ({ kind, ...item })),
  );
  if (fields.length === 0) return [];
  const common = mapIn(shadowOf(value, place, []), 'generatorOptions');
  return fields.map(({ kind, path, value: entry }) => {
    const item = asMap(entry) ?? {};
    return generatorOf(kind, path, item, shadowOf(item, place, path), common);
  });
}

/** The generator that a plug-in's configuration is; undefined for another plug-in. */
export function pluginGenerator(config: ShadowMap): Generator | undefined {
  const kind = /^(ConfigMap|Secret)Generator$/.exec(textIn(config, 'kind')?.value ?? '')?.[1];
  if (kind !== 'ConfigMap' && kind !== 'Secret') return undefined;
  return generatorOf(kind, [], asMap(plainOf(config)) ?? {}, config, undefined);
}

function generatorOf(
  kind: Generator['kind'],
  path: Path,
  item: Record<string, unknown>,
  config: ShadowMap,
  common: ShadowMap | undefined,
): Generator {
  const behavior = textIn(config, 'behavior')?.value;
  return {
    kind,
    path,
    item,
    config,
    common,
    name: named(config, 'name')?.value ?? '',
    behavior: behavior === 'merge' || behavior === 'replace' ? behavior : 'create',
    hashed: ![mapIn(config, 'options'), common].some((options) => isSet(options, 'disableNameSuffixHash')),
  };
}

/** A plug-in's configuration may name what it generates by its own metadata. */
function named(config: ShadowMap, field: 'name' | 'namespace'): Text | undefined {
  return textIn(config, field) ?? textIn(config, 'metadata', field);
}

/** The object that a generator makes, without its hash. */
export function generate(generator: Generator, kustomization: Kustomization, sources: SourceFiles): ShadowMap {
  const { kind, config, common } = generator;
  const { origin } = config;
  const shadow = emptyMap(origin);
  shadow.entries.set('apiVersion', scalar('v1', origin));
  shadow.entries.set('kind', scalar(kind, origin));
  const metadata = mapAt(shadow, ['metadata'], origin);
  for (const field of ['name', 'namespace'] as const) {
    const written = named(config, field);
    if (written) metadata?.entries.set(field, scalar(written.value, written.origin));
  }
  addOptions(shadow, common);
  addOptions(shadow, mapIn(config, 'options'));
  if (kind === 'Secret') {
    const type = textIn(config, 'type');
    shadow.entries.set('type', scalar(type?.value ?? 'Opaque', type?.origin ?? origin));
    mapAt(shadow, ['data'], origin);
  }
  const pairs = [
    ...envPairs(generator, kustomization, sources),
    ...literalPairs(generator),
    ...filePairs(generator, kustomization, sources),
  ];
  for (const { key, value, origin: written } of pairs) {
    const encoded = kind === 'Secret' ? encode(value) : value;
    mapAt(shadow, ['data'], origin)?.entries.set(key, scalar(encoded, written));
  }
  return shadow;
}

/** As kustomize writes a Secret's values: in lines of 70 characters where there is more than one (encodeBase64 of its api/internal). */
function encode(value: string): string {
  const encoded = Buffer.from(value, 'utf8').toString('base64');
  return encoded.length < 70 ? encoded : encoded.replace(/.{1,70}/g, '$&\n');
}

/** What a generator with `behavior: merge` or `replace` does to the object that it names. */
export function generatorStep(generator: Generator, kustomization: Kustomization, sources: SourceFiles): Step {
  return (subject) => {
    const made = generate(generator, kustomization, sources);
    const own = identityOf(made);
    if (!identities(subject).some((id) => isSameObject(id, own))) return undefined;
    const { entries } = subject.shadow;
    if (generator.behavior === 'replace') entries.delete('data');
    for (const field of ['data', 'binaryData'] as const) merge(subject.shadow, made, [field]);
    for (const field of ['labels', 'annotations'] as const) merge(subject.shadow, made, ['metadata', field]);
    return undefined;
  };
}

function merge(into: ShadowMap, from: ShadowMap, keys: readonly string[]): void {
  let source: ShadowMap = from;
  for (const key of keys) {
    const next = source.entries.get(key);
    if (next?.type !== 'map') return;
    source = next;
  }
  const map = mapAt(into, keys, source.origin);
  for (const [key, value] of source.entries) if (map) overwrite(map, key, value);
}

function addOptions(shadow: ShadowMap, options: ShadowMap | undefined): void {
  for (const name of ['labels', 'annotations']) {
    const field = mapIn(options, name);
    for (const [key, value] of field?.entries ?? []) {
      if (!field || value.type !== 'scalar') continue;
      mapAt(shadow, ['metadata', name], field.origin)?.entries.set(key, scalar(value.value ?? '', value.origin));
    }
  }
  const immutable = fieldIn(options, 'immutable');
  if (isSet(options, 'immutable') && immutable) shadow.entries.set('immutable', scalar(true, immutable.origin));
}

interface Pair {
  key: string;
  value: string;
  origin: Origin;
}

/** `literals`: `key=value`, quotes around the value are taken off (parseLiteralSource of kustomize's api/kv). */
function literalPairs({ config }: Generator): Pair[] {
  return listIn(config, 'literals').flatMap((item) => {
    const literal = textOfItem(item);
    const equals = literal?.indexOf('=') ?? -1;
    if (literal === undefined || equals < 1) return [];
    const value = literal.slice(equals + 1);
    const quoted = value.length > 1 && (value[0] === '"' || value[0] === "'") && value[0] === value.at(-1);
    const text = quoted ? value.slice(1, -1) : value;
    const start = equals + (quoted ? 2 : 1);
    return [{ key: literal.slice(0, equals), value: text, origin: { ...writtenIn(item.origin), start } }];
  });
}

/** `files`: the whole file is the value, so that its text has no one line. */
function filePairs({ config }: Generator, kustomization: Kustomization, sources: SourceFiles): Pair[] {
  return listIn(config, 'files').flatMap((item) => {
    const source = fileSource(textOfItem(item) ?? '');
    const entry = writtenIn(item.origin);
    const file = source && fileAt(kustomization, entry, source.file);
    const content = file === undefined ? undefined : textOf(file, sources);
    if (!source || file === undefined || content === undefined) return [];
    return [{ key: source.key, value: content, origin: { file, entry } }];
  });
}

/** `envs`: a line each (keyValuesFromLine of kustomize's api/kv). */
function envPairs({ config }: Generator, kustomization: Kustomization, sources: SourceFiles): Pair[] {
  const env = textIn(config, 'env');
  return [...listIn(config, 'envs'), ...(env ? [env] : [])].flatMap((item) => {
    const entry = writtenIn(item.origin);
    const file = fileAt(kustomization, entry, textOfItem(item) ?? '');
    const content = file === undefined ? undefined : textOf(file, sources);
    if (file === undefined || content === undefined) return [];
    return content.split(/\r?\n/).flatMap((line, i) => {
      const start = line.length - line.trimStart().length;
      const equals = line.indexOf('=');
      if (line[start] === undefined || line[start] === '#' || equals <= start) return [];
      const origin = { file, line: i + 1, column: equals + 2, entry };
      return [{ key: line.slice(start, equals), value: line.slice(equals + 1), origin }];
    });
  });
}

function textOfItem(item: Shadow): string | undefined {
  return item.type === 'scalar' && typeof item.value === 'string' ? item.value : undefined;
}

/** A file that a generator names: of a kustomization's own generators they are known already. */
function fileAt(
  kustomization: Kustomization,
  { place, path }: ReturnType<typeof writtenIn>,
  text: string,
): string | undefined {
  const known = place.file === kustomization.file && !place.within ? entryAt(kustomization, path) : undefined;
  if (known) return known.what === 'file' ? known.absolute : undefined;
  return fileOf(kustomization, text);
}

function textOf(file: string, sources: SourceFiles): string | undefined {
  try {
    return sources.text(file);
  } catch {
    return undefined;
  }
}
