import { asMap } from '../../cluster/workloads.ts';
import type { Path } from '../../resource.ts';
import type { SourceFiles } from '../../source.ts';
import { entryAt, type Kustomization } from '../kustomization.ts';
import { fileSource } from './entries.ts';
import { fieldOf, itemsOf, stringOf } from './fields.ts';
import { emptyMap, mapAt, type Origin, overwrite, type Place, type ShadowMap, scalar } from './shadow.ts';
import { identities, identityOf, isSameObject } from './subject.ts';
import type { Step } from './transform.ts';

/** An entry of `configMapGenerator` or `secretGenerator`. */
export interface Generator {
  kind: 'ConfigMap' | 'Secret';
  /** Where it stands in the kustomization. */
  path: Path;
  item: Record<string, unknown>;
  name: string;
  behavior: 'create' | 'merge' | 'replace';
  /** Whether the name gets a hash of the content. */
  hashed: boolean;
}

/** The generators of a kustomization in kustomize's order. */
export function generatorsOf({ value }: Kustomization): Generator[] {
  const common = asMap(fieldOf(value, 'generatorOptions')?.value) ?? {};
  return (['ConfigMap', 'Secret'] as const).flatMap((kind) =>
    itemsOf(value, kind === 'ConfigMap' ? 'configMapGenerator' : 'secretGenerator').map(({ path, value: entry }) => {
      const item = asMap(entry) ?? {};
      const own = asMap(fieldOf(item, 'options')?.value) ?? {};
      const behavior = stringOf(item, 'behavior')?.value;
      return {
        kind,
        path,
        item,
        name: stringOf(item, 'name')?.value ?? '',
        behavior: behavior === 'merge' || behavior === 'replace' ? behavior : ('create' as const),
        hashed: ![own, common].some((options) => fieldOf(options, 'disableNameSuffixHash')?.value === true),
      };
    }),
  );
}

/** The object that a generator makes, without its hash. */
export function generate(generator: Generator, kustomization: Kustomization, sources: SourceFiles): ShadowMap {
  const { kind, path, item } = generator;
  const place = { file: kustomization.file, document: kustomization.document?.index ?? 0 };
  const origin = { place, path };
  const shadow = emptyMap(origin);
  shadow.entries.set('apiVersion', scalar('v1', origin));
  shadow.entries.set('kind', scalar(kind, origin));
  const metadata = mapAt(shadow, ['metadata'], origin);
  for (const field of ['name', 'namespace']) {
    const written = stringOf(item, field, path);
    if (written) metadata?.entries.set(field, scalar(written.value, { place, path: written.path }));
  }
  const common = fieldOf(kustomization.value, 'generatorOptions');
  addOptions(shadow, asMap(common?.value), place, common ? [common.key] : []);
  const own = fieldOf(item, 'options');
  addOptions(shadow, asMap(own?.value), place, own ? [...path, own.key] : []);
  if (kind === 'Secret') {
    const type = stringOf(item, 'type', path);
    shadow.entries.set('type', scalar(type?.value ?? 'Opaque', type ? { place, path: type.path } : origin));
  }
  const pairs = [
    ...envPairs(generator, kustomization, place, sources),
    ...literalPairs(generator, place),
    ...filePairs(generator, kustomization, place, sources),
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

function addOptions(shadow: ShadowMap, options: Record<string, unknown> | undefined, place: Place, path: Path): void {
  if (!options) return;
  for (const name of ['labels', 'annotations']) {
    const field = fieldOf(options, name);
    for (const [key, value] of Object.entries(asMap(field?.value) ?? {})) {
      if (!field || typeof value !== 'string') continue;
      const at = [...path, field.key];
      const map = mapAt(shadow, ['metadata', name], { place, path: at });
      map?.entries.set(key, scalar(value, { place, path: [...at, key] }));
    }
  }
  const immutable = fieldOf(options, 'immutable');
  if (immutable?.value === true) {
    shadow.entries.set('immutable', scalar(true, { place, path: [...path, immutable.key] }));
  }
}

interface Pair {
  key: string;
  value: string;
  origin: Origin;
}

/** `literals`: `key=value`, quotes around the value are taken off (parseLiteralSource of kustomize's api/kv). */
function literalPairs({ item, path }: Generator, place: Place): Pair[] {
  return itemsOf(item, 'literals', path).flatMap(({ path: at, value: literal }) => {
    if (typeof literal !== 'string') return [];
    const equals = literal.indexOf('=');
    if (equals < 1) return [];
    const value = literal.slice(equals + 1);
    const quoted = value.length > 1 && (value[0] === '"' || value[0] === "'") && value[0] === value.at(-1);
    const text = quoted ? value.slice(1, -1) : value;
    const start = equals + (quoted ? 2 : 1);
    return [{ key: literal.slice(0, equals), value: text, origin: { place, path: at, start } }];
  });
}

/** `files`: the whole file is the value, so that its text has no one line. */
function filePairs(
  { item, path }: Generator,
  kustomization: Kustomization,
  place: Place,
  sources: SourceFiles,
): Pair[] {
  return itemsOf(item, 'files', path).flatMap(({ path: at, value: text }) => {
    const source = typeof text === 'string' ? fileSource(text) : undefined;
    const file = fileAt(kustomization, at);
    const content = file === undefined ? undefined : textOf(file, sources);
    if (!source || file === undefined || content === undefined) return [];
    return [{ key: source.key, value: content, origin: { file, entry: { place, path: at } } }];
  });
}

/** `envs`: a line each (keyValuesFromLine of kustomize's api/kv). */
function envPairs({ item, path }: Generator, kustomization: Kustomization, place: Place, sources: SourceFiles): Pair[] {
  const env = stringOf(item, 'env', path);
  const paths = [...itemsOf(item, 'envs', path).map((entry) => entry.path), ...(env ? [env.path] : [])];
  return paths.flatMap((at) => {
    const file = fileAt(kustomization, at);
    const content = file === undefined ? undefined : textOf(file, sources);
    if (file === undefined || content === undefined) return [];
    return content.split(/\r?\n/).flatMap((line, i) => {
      const start = line.length - line.trimStart().length;
      const equals = line.indexOf('=');
      if (line[start] === undefined || line[start] === '#' || equals <= start) return [];
      const origin = { file, line: i + 1, column: equals + 2, entry: { place, path: at } };
      return [{ key: line.slice(start, equals), value: line.slice(equals + 1), origin }];
    });
  });
}

function fileAt(kustomization: Kustomization, path: Path): string | undefined {
  const entry = entryAt(kustomization, path);
  return entry?.what === 'file' ? entry.absolute : undefined;
}

function textOf(file: string, sources: SourceFiles): string | undefined {
  try {
    return sources.text(file);
  } catch {
    return undefined;
  }
}
