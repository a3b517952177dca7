import { asList, asMap } from '../../../cluster/workloads.ts';
import type { SourceFiles } from '../../../source.ts';
import { itemsOf } from '../fields.ts';
import { documentsOf, type Kustomization, type KustomizationGraph, readGraph } from '../kustomization.ts';
import { type Generator, generate, generatorsOf, pluginGenerator } from '../trace/generate.ts';
import { type Patch, patchesOf } from '../trace/patches.ts';
import { pluginPatches } from '../trace/plugin-patches.ts';
import { pluginConfigs } from '../trace/plugins.ts';
import { type ShadowMap, shadowOf } from '../trace/shadow.ts';

/** Shorter values are words of any message: cutting them out would hide the message and no secret. */
const SHORTEST = 4;

/** A tool's message without the values of the Secrets that the kustomization holds or makes. */
export function withoutSecrets(message: string, graph: KustomizationGraph, sources: SourceFiles): string {
  const values = new Set<string>();
  for (const file of graph.yamlFiles) {
    for (const { value } of documentsOf(file, sources) ?? []) addSecret(value, values);
  }
  for (const kustomization of graph.kustomizations) {
    const configured = configuredIn(kustomization, sources);
    for (const generator of [
      ...generatorsOf(kustomization),
      ...configured('generators').flatMap((config) => pluginGenerator(config) ?? []),
    ]) {
      addGenerated(generator, kustomization, sources, values);
    }
    for (const patch of [
      ...patchesOf(kustomization, sources),
      ...configured('transformers').flatMap((config) => pluginPatches(config, kustomization, sources)),
    ]) {
      addPatch(patch, values);
    }
  }
  return [...values]
    .filter((value) => value.length >= SHORTEST)
    .sort((a, b) => b.length - a.length)
    .reduce((text, value) => text.replaceAll(value, '…'), message);
}

/** The configurations of plug-ins that a kustomization lists, those of a directory as its files hold them. */
function configuredIn(
  kustomization: Kustomization,
  sources: SourceFiles,
): (field: 'transformers' | 'generators') => ShadowMap[] {
  const read = (file: string) =>
    (documentsOf(file, sources) ?? []).flatMap(({ index, value }) => {
      const shadow = shadowOf(value, { file, document: index }, []);
      return shadow.type === 'map' ? [shadow] : [];
    });
  const build = (directory: string) => readGraph(directory, sources).yamlFiles.flatMap(read);
  return (field) => pluginConfigs(kustomization, field, read, build);
}

/** Literals that aren't `key=value` are never printed at all; the others are known by what they make. */
function addGenerated(
  generator: Generator,
  kustomization: Kustomization,
  sources: SourceFiles,
  values: Set<string>,
): void {
  if (generator.kind !== 'Secret') return;
  for (const { value } of itemsOf(generator.item, 'literals')) if (typeof value === 'string') values.add(value);
  const data = generate(generator, kustomization, sources).entries.get('data');
  if (data?.type !== 'map') return;
  for (const item of data.entries.values()) {
    if (item.type === 'scalar') addText(item.value, values, true);
  }
}

/** A JSON patch may be for a Secret where its target names no other kind. */
function addPatch({ document, operations, target }: Patch, values: Set<string>): void {
  addSecret(document.value, values);
  const kind = target?.kind;
  if (typeof kind === 'string' && /^\w+$/.test(kind) && kind !== 'Secret') return;
  for (const { path, value } of operations ?? []) {
    if (path[0] !== 'data' && path[0] !== 'stringData') continue;
    const map = asMap(value) ?? { value };
    for (const text of Object.values(map)) addText(text, values, path[0] === 'data');
  }
}

function addSecret(value: unknown, values: Set<string>): void {
  const { kind, items, data, stringData } = asMap(value) ?? {};
  if (typeof kind === 'string' && kind.endsWith('List')) for (const item of asList(items)) addSecret(item, values);
  if (kind !== 'Secret') return;
  for (const text of Object.values(asMap(data) ?? {})) addText(text, values, true);
  for (const text of Object.values(asMap(stringData) ?? {})) addText(text, values, false);
}

function addText(text: unknown, values: Set<string>, encoded: boolean): void {
  if (typeof text !== 'string') return;
  values.add(text);
  const plain = encoded ? Buffer.from(text, 'base64').toString('utf8') : text;
  values.add(plain);
  for (const line of plain.split('\n')) values.add(line.trim());
}
