import type { SourceFinding } from '../../cluster/cluster.ts';
import { asMap } from '../../cluster/workloads.ts';
import { nearestOf } from '../../nearest.ts';
import type { Location, Path } from '../../resource.ts';
import type { SourceFiles } from '../../source.ts';
import { PerRun } from '../per-run.ts';
import { DefinedValue } from './defined-values.ts';
import { type KnownValues, readKnownValues, templatesIn } from './known-values.ts';
import type { HelmChart } from './target-chart.ts';
import type { ValueUse } from './value-use.ts';
import type { Layer } from './values.ts';

/**
 * The keys in the values files and `set` of a target that its chart neither defines nor reads: helm says nothing of them.
 * Reads the templates only where some key isn't in the chart's values.yaml.
 */
export function unknownValues(helm: HelmChart): SourceFinding[] {
  const given = helm.layers.filter((layer) => layer.given);
  const undefinedIn = given.filter((layer) => !isDefined(layer.values, definedInLayers(helm)));
  if (undefinedIn.length === 0) return [];
  const values = given.map((layer) => layer.values);
  const known = knownValues(helm.target.chart, values, helm.context.sources);
  return undefinedIn.flatMap((layer) =>
    unknownKeys(layer.values, known, values)
      .filter(({ path }) => !othersKnow(layer, path, helm))
      .flatMap((unknown) => findingOf(unknown, layer, helm) ?? []),
  );
}

interface UnknownKey {
  path: Path;
  /** The chart whose templates don't read it: a subchart, for what stands under its name. */
  chart: string;
  hint: string | undefined;
}

const read = new PerRun<KnownValues | undefined>();

function knownValues(
  chart: string,
  given: readonly Record<string, unknown>[],
  sources: SourceFiles,
): KnownValues | undefined {
  const texts = [...new Set(given.flatMap(templatesIn))];
  return read.get(sources, JSON.stringify([chart, texts]), () => readKnownValues(chart, texts));
}

/** What the values.yaml of the chart and its subcharts define, those in archives left out. */
function definedInLayers(helm: HelmChart): DefinedValue {
  const defined = new DefinedValue();
  for (const { values, at, given } of helm.layers) if (!given) defined.make(at.map(String)).addValue(values);
  return defined;
}

function isDefined(value: unknown, defined: DefinedValue | undefined): boolean {
  if (!defined) return false;
  return Object.entries(asMap(value) ?? {}).every(([key, item]) => isDefined(item, defined.children.get(key)));
}

/** The topmost keys that nothing knows. None where the chart can't be read. */
function unknownKeys(
  values: Record<string, unknown>,
  known: KnownValues | undefined,
  given: readonly Record<string, unknown>[],
): UnknownKey[] {
  return known ? new Judge(known, given).unknown(values, known.use, known.defined, [], known.chart) : [];
}

class Judge {
  private readonly known: KnownValues;
  private readonly given: readonly Record<string, unknown>[];

  constructor(known: KnownValues, given: readonly Record<string, unknown>[]) {
    this.known = known;
    this.given = given;
  }

  unknown(value: unknown, use: ValueUse, defined: DefinedValue | undefined, path: Path, parent: string): UnknownKey[] {
    // Where no template looks into it, nobody can say what a key in it is for.
    if (use.whole || use.children.size === 0) return [];
    const subchart = this.known.subcharts.get(use);
    if (subchart && !subchart.isEnabled(this.given)) return [];
    const chart = subchart?.chart ?? parent;
    return Object.entries(asMap(value) ?? {}).flatMap(([key, item]) => {
      const below = use.children.get(key);
      const own = defined?.children.get(key);
      if (below) return this.unknown(item, below, own, [...path, key], chart);
      // null takes a default away: where there is none, nothing is lost.
      if (own || defined?.open || item === null) return [];
      return [{ path: [...path, key], chart, hint: this.hint(key, use, defined, path) }];
    });
  }

  private hint(key: string, use: ValueUse, defined: DefinedValue | undefined, path: Path): string | undefined {
    const siblings = [...use.children.keys(), ...(defined?.children.keys() ?? [])];
    const near = nearestOf(key, new Set(siblings));
    if (near !== undefined) return dotted([...path, near]);
    const elsewhere = new Set<string>();
    addPathsTo(key, this.known.use, [], elsewhere);
    const [only] = elsewhere;
    return elsewhere.size === 1 ? only : undefined;
  }
}

/** How deep a key is looked for that may only stand in the wrong place. */
const MAX_HINT_DEPTH = 4;

function addPathsTo(key: string, use: ValueUse, path: Path, found: Set<string>): void {
  if (path.length > MAX_HINT_DEPTH) return;
  for (const [name, child] of use.children) {
    if (name === key) found.add(dotted([...path, name]));
    addPathsTo(key, child, [...path, name], found);
  }
}

/** Whether the file is also given to other charts, and one of those knows the key. */
function othersKnow({ values, file }: Layer, path: Path, { target, context }: HelmChart): boolean {
  const charts = file === undefined ? [] : (context.chartsOf?.(file) ?? []);
  return [...charts].some((chart) => {
    if (chart === target.chart) return false;
    const known = knownValues(chart, [values], context.sources);
    return !unknownKeys(values, known, [values]).some((other) => isWithin(path, other.path));
  });
}

function isWithin(path: Path, ancestor: Path): boolean {
  return ancestor.every((key, i) => path[i] === key);
}

function findingOf({ path, chart, hint }: UnknownKey, layer: Layer, helm: HelmChart): SourceFinding | undefined {
  const location = helm.locateEntry({ path, value: undefined, layer }, 'key');
  if (!location || isForAliases(location, path, layer, helm)) return undefined;
  const meant = hint === undefined ? '' : `; did you mean ${hint}?`;
  return {
    rule: 'helm-value-unknown',
    severity: 'warning',
    message: `the chart ${chart} doesn't know ${dotted(path)}: helm passes it over without a word${meant}`,
    location,
  };
}

/**
 * Whether a key holds an anchor, or stands in one: then it is there for what the aliases make of it. With an alias, the location
 * lies in front of that of the key's parent.
 */
function isForAliases({ line = 1, column = 1 }: Location, path: Path, layer: Layer, helm: HelmChart): boolean {
  if (layer.file === undefined) return false;
  const lines = helm.context.sources.lines(layer.file);
  const next = lines.findIndex((text, i) => i >= line && isPast(text, column));
  const own = lines.slice(line - 1, next === -1 ? undefined : next);
  if (own.some((text) => /(?:^|[\s:[{,-])&[^\s,[\]{}]/.test(text))) return true;
  const parent = helm.locateEntry({ path: path.slice(0, -1), value: undefined, layer }, 'key');
  return parent?.line !== undefined && parent.line > line;
}

/** Whether a line is neither below a key in that column, nor an item of its list. */
function isPast(text: string, column: number): boolean {
  const indent = text.search(/\S/);
  return (
    indent !== -1 && text[indent] !== '#' && (indent < column - 1 || (indent === column - 1 && text[indent] !== '-'))
  );
}

/** A path as people write it for helm: `list[0].key`, with dots in keys escaped. */
function dotted(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = key.replaceAll('.', '\\.');
    return text === '' ? name : `${text}.${name}`;
  }, '');
}
