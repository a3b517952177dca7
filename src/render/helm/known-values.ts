import { valueAt } from '../../cluster/workloads.ts';
import type { Path } from '../../resource.ts';
import { type ChartContent, type ContentDependency, readContent, UnreadableError } from './chart-content.ts';
import { DefinedValue } from './defined-values.ts';
import { followValues, type Scope, ValueUse } from './value-use.ts';

/** What a chart with all its subcharts makes of values: what it defines, and what its templates read. */
export interface KnownValues {
  chart: string;
  use: ValueUse;
  defined: DefinedValue;
  /** The subcharts, by what is done with their values. */
  subcharts: ReadonlyMap<ValueUse, Subchart>;
}

interface Subchart {
  chart: string;
  /** Whether `condition` and `tags` of its parent leave it in, with these values given for the release. */
  isEnabled(given: readonly Record<string, unknown>[]): boolean;
}

/**
 * Reads a chart, directory or archive. `texts` are the values that the user gives which hold actions: `tpl` may run them.
 * Undefined where part of the chart can't be read.
 */
export function readKnownValues(chart: string, texts: readonly string[]): KnownValues | undefined {
  try {
    const content = readContent(chart);
    const subcharts = new Map<ValueUse, Subchart>();
    const root = new Reader(content, texts, subcharts).scope(content, new ValueUse(), []);
    followValues(root);
    return { chart: content.name, use: root.values, defined: definedBy(content), subcharts };
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

class Reader {
  private readonly root: ChartContent;
  private readonly texts: readonly string[];
  private readonly subcharts: Map<ValueUse, Subchart>;

  constructor(root: ChartContent, texts: readonly string[], subcharts: Map<ValueUse, Subchart>) {
    this.root = root;
    const files = usesFiles(root) ? contentsOf(root).flatMap((content) => content.otherTexts()) : [];
    const values = contentsOf(root).flatMap((content) => templatesIn(content.values));
    this.texts = [...new Set([...texts, ...values, ...files])];
    this.subcharts = subcharts;
  }

  scope(content: ChartContent, values: ValueUse, at: Path): Scope {
    wholeAt(values, ['global']);
    if (at.length === 0) wholeAt(values, ['tags']);
    for (const { conditions, imports } of content.dependencies) {
      for (const path of conditions) wholeAt(values, path);
      // Values of several charts come together there, which helm merges.
      for (const { parent } of imports) if (parent.length > 0) wholeAt(values, parent);
    }
    const there = namedSubcharts(content);
    for (const { name, alias } of content.dependencies) {
      // What isn't in charts/, nobody can look into.
      if (!there.some((own) => own.name === (alias ?? name))) wholeAt(values, [alias ?? name]);
    }
    const subcharts = there.map(({ name, dependency, subchart }) => {
      const own = childOf(values, name);
      for (const { child } of dependency?.imports ?? []) wholeAt(own, child);
      this.subcharts.set(own, {
        chart: subchart.name,
        isEnabled: (given) => !dependency || isEnabled(dependency, at, [...given, ...this.defaults(at)]),
      });
      return { name, scope: this.scope(subchart, own, [...at, name]) };
    });
    return { values, templates: content.templates, texts: this.texts, library: content.library, subcharts };
  }

  /** The values of the charts down to the one at a path, as those of the whole release; what counts most first. */
  private defaults(at: Path): Record<string, unknown>[] {
    const found = [this.root.values];
    let content: ChartContent | undefined = this.root;
    for (const [i, name] of at.entries()) {
      content = content && namedSubcharts(content).find((own) => own.name === name)?.subchart;
      if (content) {
        const nested = at.slice(0, i + 1).reduceRight<unknown>((value, key) => ({ [key]: value }), content.values);
        found.push(nested as Record<string, unknown>);
      }
    }
    return found;
  }
}

function contentsOf(content: ChartContent): ChartContent[] {
  return [content, ...content.subcharts.flatMap(contentsOf)];
}

function usesFiles(content: ChartContent): boolean {
  return contentsOf(content).some(({ templates }) => templates.some((text) => text.includes('.Files')));
}

/** The texts in values that hold actions. */
export function templatesIn(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('{{') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(templatesIn);
}

interface NamedSubchart {
  name: string;
  dependency: ContentDependency | undefined;
  subchart: ChartContent;
}

/** The charts in `charts/` under each name that the parent's values call them by. */
function namedSubcharts(content: ChartContent): NamedSubchart[] {
  return content.subcharts.flatMap((subchart): NamedSubchart[] => {
    const declared = content.dependencies.filter(({ name }) => name === subchart.name);
    if (declared.length === 0) return [{ name: subchart.name, dependency: undefined, subchart }];
    return declared.map((dependency) => ({ name: dependency.alias ?? dependency.name, dependency, subchart }));
  });
}

/** As processDependencyConditions and processDependencyTags do: the first condition that is set counts, else any tag. */
function isEnabled(
  { conditions, tags }: ContentDependency,
  at: Path,
  values: readonly Record<string, unknown>[],
): boolean {
  const find = (path: Path) => values.map((layer) => valueAt(layer, path)).find((value) => value !== undefined);
  for (const path of conditions) {
    const value = find([...at, ...path]);
    if (typeof value === 'boolean') return value;
  }
  const said = tags.map((tag) => find(['tags', tag]));
  return said.includes(true) || !said.includes(false);
}

function definedBy(content: ChartContent): DefinedValue {
  const defined = new DefinedValue();
  defined.addValue(content.values);
  defined.addSchema(content.schema);
  for (const { name, dependency, subchart } of namedSubcharts(content)) {
    const own = definedBy(subchart);
    defined.child(name).addAll(own);
    for (const { child, parent } of dependency?.imports ?? []) {
      const imported = own.at(child);
      if (imported) defined.make(parent).addAll(imported);
    }
  }
  return defined;
}

function childOf(use: ValueUse, name: string): ValueUse {
  let child = use.children.get(name);
  if (!child) {
    child = new ValueUse(use.depth + 1);
    use.children.set(name, child);
  }
  return child;
}

function wholeAt(use: ValueUse, path: readonly string[]): void {
  path.reduce(childOf, use).whole = true;
}
