import { asMap } from '../../cluster/workloads.ts';
import type { SourceFiles } from '../../source.ts';
import { readYaml } from '../../yaml.ts';
import { documentsOf, type Kustomization, type KustomizationGraph } from '../kustomization.ts';
import { itemsOf } from './fields.ts';
import { generate, generatorsOf } from './generate.ts';

/** Shorter values are words of any message: cutting them out would hide the message and no secret. */
const SHORTEST = 4;

/** A tool's message without the values of the Secrets that the kustomization holds or makes. */
export function withoutSecrets(message: string, graph: KustomizationGraph, sources: SourceFiles): string {
  const values = new Set<string>();
  for (const kustomization of graph.kustomizations) addGenerated(kustomization, sources, values);
  for (const file of graph.yamlFiles) {
    for (const { value } of documentsOf(file, sources) ?? []) addSecret(value, values);
  }
  for (const kustomization of graph.kustomizations) {
    for (const field of ['patches', 'patchesStrategicMerge', 'patchesJson6902']) {
      for (const { value } of itemsOf(kustomization.value, field)) {
        const text = typeof value === 'string' ? value : asMap(value)?.patch;
        if (typeof text === 'string') for (const document of readYaml(text)) addSecret(document.value, values);
      }
    }
  }
  return [...values]
    .filter((value) => value.length >= SHORTEST)
    .sort((a, b) => b.length - a.length)
    .reduce((text, value) => text.replaceAll(value, '…'), message);
}

/** Literals that aren't `key=value` are never printed at all; the others are known by what they make. */
function addGenerated(kustomization: Kustomization, sources: SourceFiles, values: Set<string>): void {
  for (const generator of generatorsOf(kustomization)) {
    if (generator.kind !== 'Secret') continue;
    for (const { value } of itemsOf(generator.item, 'literals')) if (typeof value === 'string') values.add(value);
    const data = generate(generator, kustomization, sources).entries.get('data');
    if (data?.type !== 'map') continue;
    for (const item of data.entries.values()) {
      if (item.type === 'scalar') addText(item.value, values, true);
    }
  }
}

function addSecret(value: unknown, values: Set<string>): void {
  const object = asMap(value);
  if (object?.kind === 'List' && Array.isArray(object.items)) for (const item of object.items) addSecret(item, values);
  if (object?.kind !== 'Secret') return;
  for (const text of Object.values(asMap(object.data) ?? {})) addText(text, values, true);
  for (const text of Object.values(asMap(object.stringData) ?? {})) addText(text, values, false);
}

function addText(text: unknown, values: Set<string>, encoded: boolean): void {
  if (typeof text !== 'string') return;
  values.add(text);
  const plain = encoded ? Buffer.from(text, 'base64').toString('utf8') : text;
  values.add(plain);
  for (const line of plain.split('\n')) values.add(line.trim());
}
