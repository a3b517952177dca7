import { join } from 'node:path';
import { asMap } from '../../cluster/workloads.ts';
import type { Path } from '../../resource.ts';
import { SourceError, type SourceFiles } from '../../source.ts';
import { splitYaml } from '../../yaml/split.ts';
import { readYaml } from '../../yaml.ts';
import type { HelmTarget } from '../target.ts';
import type { Chart } from './chart.ts';

/** One source of values. */
export interface Layer {
  values: Record<string, unknown>;
  /** Where they stand: the file, undefined where nobody says, which of its documents, and the path of `values` in that. */
  file: string | undefined;
  document: number;
  path: Path;
  /** The path of `values` in those of the whole release: a subchart's own lie under its name. */
  at: Path;
  /** `set` or a values file: helm merges these with each other before it merges the chart's own. */
  given: boolean;
  /** A file of whoever deploys the chart, not one that comes with a chart from elsewhere. */
  own: boolean;
}

/** A value that counts: a scalar, or a collection as all sources together make it. */
export interface ValuesEntry {
  /** In the values of the whole release. */
  path: Path;
  value: unknown;
  /** The source that decides it: of a map that several make, the one that counts most. */
  layer: Layer;
}

/** More entries than this are not looked through: no values that people write have them. */
const MAX_ENTRIES = 50_000;
const MAX_DEPTH = 60;

/**
 * The sources of a target's values, the one that counts most first: `set`, the values files from last to first, the chart's
 * values.yaml, those of its subcharts. Of a file with several documents, helm 3 reads the first; helm 4 merges them, the last one
 * counts most (LoadValues of pkg/chart/v2/loader/load.go).
 */
export function layersOf(
  target: HelmTarget,
  chart: Chart | undefined,
  thirdParty: boolean,
  sources: SourceFiles,
  major: 3 | 4,
): Layer[] {
  const layers: Layer[] = [];
  if (target.set) {
    const { file, path = [] } = target.setLocation ?? { file: undefined };
    layers.push({ values: target.set, file, document: 0, path, at: [], given: true, own: true });
  }
  const add = (file: string, layer: Pick<Layer, 'at' | 'given' | 'own'>) => {
    const documents = readValues(file, sources);
    for (const { values, document } of major === 3 ? documents.slice(0, 1) : documents.toReversed()) {
      layers.push({ values, file, document, path: [], ...layer });
    }
  };
  for (const file of target.values.toReversed()) add(file, { at: [], given: true, own: true });
  const addChart = (chart: Chart, at: Path, own: boolean) => {
    add(join(chart.directory, 'values.yaml'), { at, given: false, own });
    for (const subchart of chart.subcharts) {
      for (const name of subchart.names) addChart(subchart.chart, [...at, name], own && !subchart.thirdParty);
    }
  };
  if (chart) addChart(chart, [], !thirdParty);
  return layers;
}

/** The documents of a values file; comments in front of the first separator are none. */
function readValues(file: string, sources: SourceFiles): Pick<Layer, 'values' | 'document'>[] {
  try {
    const text = sources.text(file);
    const chunks = splitYaml(text);
    const isPreface = chunks.length > 1 && !text.startsWith('---') && isOnlyComments(chunks[0]?.text ?? '');
    const documents = readYaml(text).slice(isPreface ? 1 : 0);
    return documents.map(({ value, index }) => ({ values: asMap(value) ?? {}, document: index }));
  } catch (error) {
    if (error instanceof SourceError) return [];
    throw error;
  }
}

function isOnlyComments(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:#|$)/.test(line));
}

/** Every value that counts, as helm merges the sources: maps are merged, the rest is replaced, null removes. */
export function entriesOf(layers: readonly Layer[]): ValuesEntry[] {
  const entries: ValuesEntry[] = [];
  merge(
    layers.flatMap((layer) => nest(layer)),
    [],
    entries,
  );
  return entries;
}

interface LayerValue {
  layer: Layer;
  value: unknown;
}

/** A layer's values where they lie in those of the release. */
function nest(layer: Layer): LayerValue {
  return { layer, value: layer.at.reduceRight<unknown>((value, key) => ({ [key]: value }), layer.values) };
}

function merge(values: readonly LayerValue[], path: Path, entries: ValuesEntry[]): unknown {
  const [first] = values;
  if (!first || entries.length > MAX_ENTRIES || path.length > MAX_DEPTH) return undefined;
  const { layer, value } = first;
  if (Array.isArray(value)) {
    entries.push({ path, value, layer });
    for (const [i, item] of value.entries()) merge([{ layer, value: item }], [...path, i], entries);
    return value;
  }
  if (!asMap(value)) {
    if (value !== null) entries.push({ path, value, layer });
    return value;
  }
  // Something else among the given ones hides those below it, and nothing of the chart's.
  const end = values.findIndex((other) => other.layer.given && !asMap(other.value));
  const maps = values.flatMap(({ layer, value }, i) => {
    const map = asMap(value);
    return map && (end === -1 || i < end || !layer.given) ? [{ layer, map }] : [];
  });
  const merged = new Map<string, unknown>();
  const own = entries.push({ path, value: undefined, layer }) - 1;
  for (const key of new Set(maps.flatMap(({ map }) => Object.keys(map)))) {
    const below = maps.flatMap(({ layer, map }) => (Object.hasOwn(map, key) ? [{ layer, value: map[key] }] : []));
    const item = merge(below, [...path, key], entries);
    if (item !== null && item !== undefined) merged.set(key, item);
  }
  const whole = Object.fromEntries(merged);
  entries[own] = { path, value: whole, layer };
  return whole;
}

/** Whether a value came out as it stands in the values, but for its type (`quote`, `int`) and line breaks at its end. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') {
    return isScalar(a) && isScalar(b) && String(a).trimEnd() === String(b).trimEnd();
  }
  if (a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([key, value]) => Object.hasOwn(b, key) && isSameValue(value, (b as Record<string, unknown>)[key]))
  );
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** A change of one value, which helm gets as the values above all others. */
export interface Change {
  path: Path;
  to: unknown;
}

/** The values that make changes: as little as possible, but lists, which helm replaces as a whole, are given whole. */
export function overrideOf(changes: readonly Change[], entries: readonly ValuesEntry[]): unknown {
  const root: Record<string, unknown> = {};
  for (const { path, to } of changes) {
    let current: Record<string | number, unknown> = root;
    for (const [i, key] of path.entries()) {
      if (i === path.length - 1) {
        put(current, key, to);
        break;
      }
      if (!Object.hasOwn(current, key)) {
        const prefix = path.slice(0, i + 1);
        const isList = typeof path[i + 1] === 'number';
        const list = isList && entries.find((entry) => isSamePath(entry.path, prefix))?.value;
        put(current, key, isList ? structuredClone(list) : {});
      }
      current = current[key] as Record<string | number, unknown>;
    }
  }
  return root;
}

/** Sets an own property whatever its name: `__proto__` is data here. */
function put(map: Record<string | number, unknown>, key: string | number, value: unknown): void {
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

export function isSamePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}
