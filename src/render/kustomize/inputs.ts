import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Inputs, unknown } from '../../cache/inputs.ts';
import { asMap } from '../../cluster/workloads.ts';
import type { SourceFiles } from '../../source.ts';
import { toolEnvironment } from '../run.ts';
import { type KustomizationGraph, readKustomization } from './kustomization.ts';

/**
 * Adds all that kustomize reads when it builds a graph's root, or looks for: kustomizations, what they name, and whole charts.
 * What the graph doesn't tell makes it unknown. Throws UnknownInput.
 */
export function addInputs(inputs: Inputs, graph: KustomizationGraph, sources: SourceFiles): void {
  if (!graph.root || graph.remotes.length > 0 || graph.plugins.length > 0) unknown();
  for (const kustomization of graph.kustomizations) {
    const { directory, realDirectory, document, entries, value } = kustomization;
    // Where two keys differ in case only, it depends on kustomize which one counts.
    if (document?.error || hasAlike(value)) unknown();
    inputs.add(inputs.name(directory), inputs.name(realDirectory));
    for (const { what, absolute } of entries) {
      if (what === 'unreadable') unknown();
      if (what === 'directory') inputs.addFile(absolute);
    }
    const plugins = entries.filter(({ role }) => role === 'plugin');
    // A ValueAddTransformer adds the name of the directory.
    if (plugins.length > 0) inputs.add(basename(realDirectory));
    for (const { what, absolute } of plugins) {
      if (what === 'directory' && !isPlain(absolute, sources, new Set())) unknown();
    }
  }
  const yaml = new Set(graph.yamlFiles);
  for (const file of graph.files) {
    inputs.addFile(file);
    if (!yaml.has(file)) addVariables(inputs, file);
  }
  for (const { settings, places } of graph.charts) {
    if (settings) unknown();
    inputs.add(process.env.TZ);
    for (const place of places) inputs.addChart(place);
  }
}

/** Whether a map has keys that differ in case only, however deep: kustomize reads them as one where it knows the name. */
function hasAlike(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasAlike);
  const map = asMap(value);
  if (!map) return false;
  const keys = Object.keys(map);
  return new Set(keys.map((key) => key.toLowerCase())).size < keys.length || Object.values(map).some(hasAlike);
}

/** Whether a kustomization only lists configurations of plug-ins, so that they are what its files say. */
function isPlain(directory: string, sources: SourceFiles, seen: Set<string>): boolean {
  if (seen.has(directory)) return true;
  seen.add(directory);
  const kustomization = readKustomization(directory, sources);
  if (!kustomization) return true;
  const { value, entries } = kustomization;
  const known = ['apiversion', 'kind', 'metadata', 'resources'];
  const inner = entries.filter(({ what }) => what === 'directory');
  return (
    Object.keys(value).every((key) => known.includes(key.toLowerCase())) &&
    inner.every(({ absolute }) => isPlain(absolute, sources, seen))
  );
}

/** Before version 5, a line of an env file that is only a name stood for the variable of that name (KeyValuesFromLine of api/kv). */
function addVariables(inputs: Inputs, file: string): void {
  const environment = toolEnvironment(process.env, undefined);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return;
  }
  for (const [, name = ''] of text.matchAll(/^\s*([A-Za-z_]\w*)\s*$/gm)) {
    if (!(name in environment) && !OWN_TO_A_RUN.test(name)) continue;
    if (OWN_TO_A_RUN.test(name)) unknown();
    inputs.add(name, environment[name]);
  }
}

/** Variables that name directories made for one run. */
const OWN_TO_A_RUN = /^(?:TMPDIR|TMP|TEMP|HELM_\w+|PWD)$/;
