import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { relativePath } from '../../below.ts';
import { asList, asMap } from '../../cluster/workloads.ts';
import { readYaml, withoutBom } from '../../yaml.ts';
import { filesBelow, isArchive } from './chart.ts';
import { unpackChart } from './packed-chart.ts';

/** A dependency in Chart.yaml or requirements.yaml, with what decides whether it is enabled and what it gives to its parent. */
export interface ContentDependency {
  name: string;
  alias: string | undefined;
  /** Paths in the parent's values, split at dots. */
  conditions: string[][];
  tags: string[];
  /** `import-values`: what comes from the child's path stands at the parent's. */
  imports: { child: string[]; parent: string[] }[];
}

/** What a chart holds, be it a directory or an archive. */
export interface ChartContent {
  name: string;
  library: boolean;
  dependencies: ContentDependency[];
  values: Record<string, unknown>;
  /** values.schema.json, undefined where there is none that can be read. */
  schema: unknown;
  templates: string[];
  /** The texts of other files that hold actions, for `tpl`. Throws UnreadableError. */
  otherTexts(): string[];
  subcharts: ChartContent[];
}

/** How deep charts lie inside charts before they are passed over, and archives in archives. */
const MAX_DEPTH = 8;
/** More other files than this are not read. No chart's templates come near. */
const MAX_FILES = 2000;
const MAX_BYTES = 5 * 1024 * 1024;
/** Bytes that all archives of a chart together may hold. */
const MAX_UNPACKED = 100 * 1024 * 1024;

/** The contents of files by their path below the chart, with `/`. */
type Files = ReadonlyMap<string, () => Buffer>;

/** Reads a chart with all that lie in its `charts/`. Throws UnreadableError. */
export function readContent(chart: string): ChartContent {
  try {
    const budget = { bytes: MAX_UNPACKED };
    if (isArchive(chart)) return readPacked(readFileSync(chart), 0, budget);
    const files = new Map<string, () => Buffer>();
    for (const file of filesBelow(chart)) {
      files.set(relativePath(chart, file), () => readSmall(file));
    }
    return contentOf(files, basename(chart), 0, budget);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined ? error : new UnreadableError();
  }
}

/** Part of a chart can't be read: nobody knows what its templates do. */
export class UnreadableError extends Error {}

function readSmall(file: string): Buffer {
  if (statSync(file).size > MAX_BYTES) throw new UnreadableError();
  return readFileSync(file);
}

/** What may still be unpacked. */
interface Budget {
  bytes: number;
}

function readPacked(packed: Buffer, depth: number, budget: Budget): ChartContent {
  const unpacked = unpackChart(packed);
  if (!unpacked || depth > MAX_DEPTH) throw new UnreadableError();
  for (const { length } of unpacked.values()) budget.bytes -= length;
  if (budget.bytes < 0) throw new UnreadableError();
  const files = new Map([...unpacked].map(([path, content]) => [path, () => content] as const));
  return contentOf(files, '', depth, budget);
}

function contentOf(files: Files, directory: string, depth: number, budget: Budget): ChartContent {
  if (depth > MAX_DEPTH) throw new UnreadableError();
  const metadata = mapIn(files, 'Chart.yaml');
  const declared = (metadata.apiVersion === 'v1' ? mapIn(files, 'requirements.yaml') : metadata).dependencies;
  const templates = [...files].flatMap(([path, read]) => (path.startsWith('templates/') ? [textOf(read)] : []));
  return {
    name: typeof metadata.name === 'string' ? metadata.name : directory,
    library: metadata.type === 'library',
    dependencies: asList(declared).flatMap((item) => dependencyOf(item) ?? []),
    values: mapIn(files, 'values.yaml'),
    schema: schemaIn(files),
    templates,
    otherTexts: () => otherTexts(files),
    subcharts: subchartsIn(files, depth, budget),
  };
}

function subchartsIn(files: Files, depth: number, budget: Budget): ChartContent[] {
  const directories = new Map<string, Map<string, () => Buffer>>();
  const packed: ChartContent[] = [];
  for (const [path, read] of files) {
    const [, name = '', rest] = /^charts\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
    if (name === '' || /^[_.]/.test(name)) continue;
    if (rest === undefined) {
      if (name.endsWith('.tgz')) packed.push(readPacked(read(), depth + 1, budget));
      continue;
    }
    const below = directories.get(name) ?? new Map();
    directories.set(name, below.set(rest, read));
  }
  const unpacked = [...directories].filter(([, below]) => below.has('Chart.yaml'));
  return [...unpacked.map(([name, below]) => contentOf(below, name, depth + 1, budget)), ...packed];
}

/** Files that are neither chart, templates nor subcharts, and not there for people. */
function otherTexts(files: Files): string[] {
  const texts: string[] = [];
  const others = [...files].filter(([path]) =>
    path.includes('/')
      ? !/^(?:templates|charts|crds|ci|tests)\//.test(path)
      : !/^(?:Chart\.yaml|Chart\.lock|values.*|requirements\..*|README.*|LICENSE|.*\.md|.*\.gotmpl)$/.test(path),
  );
  if (others.length > MAX_FILES) throw new UnreadableError();
  for (const [, read] of others) {
    const text = textOf(read);
    if (text.includes('{{')) texts.push(text);
  }
  return texts;
}

function dependencyOf(item: unknown): ContentDependency | undefined {
  const map = asMap(item);
  if (typeof map?.name !== 'string') return undefined;
  const { condition, tags, alias, 'import-values': imports } = map;
  return {
    name: map.name,
    alias: typeof alias === 'string' && alias !== '' ? alias : undefined,
    conditions: typeof condition === 'string' ? condition.split(',').map((path) => path.trim().split('.')) : [],
    tags: asList(tags).filter((tag) => typeof tag === 'string'),
    imports: asList(imports).flatMap((item) => importOf(item) ?? []),
  };
}

/** `- data` stands for `exports.data` of the child, at the top of the parent's values. */
function importOf(item: unknown): ContentDependency['imports'][number] | undefined {
  if (typeof item === 'string') return { child: ['exports', ...item.split('.')], parent: [] };
  const map = asMap(item);
  if (typeof map?.child !== 'string' || typeof map.parent !== 'string') return undefined;
  const parent = map.parent === '.' ? [] : map.parent.split('.');
  return { child: map.child.split('.'), parent };
}

function schemaIn(files: Files): unknown {
  const read = files.get('values.schema.json');
  if (!read) return undefined;
  return readYaml(textOf(read))[0]?.value;
}

function mapIn(files: Files, path: string): Record<string, unknown> {
  const read = files.get(path);
  return (read && asMap(readYaml(textOf(read))[0]?.value)) ?? {};
}

function textOf(read: () => Buffer): string {
  return withoutBom(read().toString('utf8'));
}
