import { asMap } from '../../../cluster/workloads.ts';
import { type Kustomization, placeOf } from '../kustomization.ts';
import { listIn, type Text, textIn } from './configured.ts';
import { Followed } from './follow.ts';
import type { SourceObject } from './layers.ts';
import { type Origin, type Shadow, type ShadowMap, scalar, shadowBy, shadowOf, stringAt } from './shadow.ts';
import { identityOf } from './subject.ts';

/** An entry that has helm render a chart. What comes of it stands in no source: it is known by what is left of the render. */
export interface ChartEntry {
  /** What is edited to do without the chart, or with another. */
  name: Text;
  releaseName: string | undefined;
  namespace: string | undefined;
}

/** The charts that a kustomization's own fields have rendered, in kustomize's order (SplitHelmParameters). */
export function chartEntries(kustomization: Kustomization): ChartEntry[] {
  if (!Object.keys(kustomization.value).some((field) => /^helmChart/i.test(field))) return [];
  const config = shadowOf(kustomization.value, placeOf(kustomization), []);
  return [
    ...listIn(config, 'helmCharts').flatMap((item) => entryOf(item, 'name')),
    ...listIn(config, 'helmChartInflationGenerator').flatMap((item) => entryOf(item, 'chartName')),
  ];
}

/** The chart that a plug-in's configuration has rendered. */
export function pluginChart(config: ShadowMap): ChartEntry[] {
  return textIn(config, 'kind')?.value === 'HelmChartInflationGenerator' ? entryOf(config, 'name') : [];
}

function entryOf(config: Shadow, field: 'name' | 'chartName'): ChartEntry[] {
  const name = textIn(config, field);
  if (!name) return [];
  const releaseName = textIn(config, 'releaseName')?.value;
  return [{ name, releaseName, namespace: textIn(config, 'namespace')?.value }];
}

/** A chart's entry, and what the kustomizations do to whatever it renders. */
export type ChartObjects = SourceObject & { chart: ChartEntry };

/**
 * The charts' objects among what is rendered and no source explains, by the chart: the one whose kustomizations may have made
 * it of something, and whose release it bears the marks of. Those that several charts may have rendered belong to none.
 */
export function objectsOfCharts(
  charts: readonly ChartObjects[],
  unexplained: readonly unknown[],
): Map<ChartObjects, SourceObject[]> {
  const found = new Map<ChartObjects, SourceObject[]>();
  for (const rendered of unexplained) {
    const candidates = charts.flatMap((chart) => {
      const object = beforeAll(chart, rendered);
      return object ? [{ chart, object, marks: marksOf(chart.chart, object) }] : [];
    });
    const most = Math.max(...candidates.map(({ marks }) => marks));
    const [best, ...others] = candidates.filter(({ marks }) => marks === most);
    if (best && others.length === 0) found.set(best.chart, [...(found.get(best.chart) ?? []), best.object]);
  }
  return found;
}

/** How much of what charts write into their objects names this release (the labels that helm recommends). */
function marksOf({ name, releaseName }: ChartEntry, object: SourceObject): number {
  const shadow = object.start();
  const label = (key: string) => stringAt(shadow, ['metadata', 'labels', key]) ?? '';
  const release = releaseName ?? '';
  return [
    label('helm.sh/chart').startsWith(`${name.value}-`) || label('chart').startsWith(`${name.value}-`),
    release !== '' && (label('app.kubernetes.io/instance') === release || label('release') === release),
    label('app.kubernetes.io/name') === name.value,
    release !== '' && object.name.includes(release),
    object.name.includes(name.value),
  ].filter(Boolean).length;
}

/**
 * An object as a chart rendered it: that is, as it is, but for its name and its namespace. Everything else that the
 * kustomizations set in it they set once more. Undefined where they can't have made the object that is there.
 */
function beforeAll(objects: ChartObjects, rendered: unknown): SourceObject | undefined {
  const { chart, file, layers } = objects;
  const { origin } = chart.name;
  const { name, namespace, kind } = identityOf(chartShadow(rendered, origin));
  const of = (before: { name: string; namespace: string }): SourceObject => ({
    ...objects,
    kind,
    name: before.name,
    file,
    start: () => renamed(chartShadow(rendered, origin), before),
    settled: rendered,
    steps: objects.steps,
    layers,
  });
  const become = (object: SourceObject) => new Followed().of(alone(object))?.shadow;
  const after = become(of({ name, namespace }));
  if (!after) return undefined;
  const own = withoutAffixes(identityOf(after).name, name);
  const namespaces = new Set([namespace, chart.namespace ?? '', '']);
  const possible = [...namespaces].flatMap((before) => {
    const object = own === undefined ? undefined : of({ name: own, namespace: before });
    const shadow = object && become(object);
    if (!object || !shadow) return [];
    const is = identityOf(shadow);
    return is.name === name && is.namespace === namespace ? [{ object, changed: changesIn(shadow, origin) }] : [];
  });
  const most = Math.max(...possible.map(({ changed }) => changed));
  return possible.find(({ changed }) => changed === most)?.object;
}

/** Steps that need other objects change no name. */
function alone(object: SourceObject): SourceObject {
  return { ...object, steps: object.steps.filter((step) => typeof step === 'function') };
}

function chartShadow(rendered: unknown, origin: Origin): ShadowMap {
  return shadowBy(asMap(rendered) ?? {}, () => origin, []);
}

function renamed(shadow: ShadowMap, { name, namespace }: { name: string; namespace: string }): ShadowMap {
  const metadata = shadow.entries.get('metadata');
  if (metadata?.type !== 'map') return shadow;
  metadata.entries.set('name', scalar(name, metadata.origin));
  if (namespace === '') metadata.entries.delete('namespace');
  else metadata.entries.set('namespace', scalar(namespace, metadata.origin));
  return shadow;
}

/** What a name was before it got what it would get once more: `a-web` of `a-a-web`. */
function withoutAffixes(longer: string, name: string): string | undefined {
  const at = longer.indexOf(name);
  if (longer === name || at === -1) return longer === name ? name : undefined;
  const prefix = longer.slice(0, at);
  const suffix = longer.slice(at + name.length);
  const fits = name.startsWith(prefix) && name.endsWith(suffix) && name.length > prefix.length + suffix.length;
  return fits ? name.slice(prefix.length, name.length - suffix.length) : undefined;
}

/** How many values of an object something else than its chart has set. */
function changesIn(shadow: Shadow, origin: Origin): number {
  if (shadow.type === 'scalar') return shadow.origin === origin ? 0 : 1;
  const inner = shadow.type === 'list' ? shadow.items : [...shadow.entries.values()];
  return inner.reduce((sum, item) => sum + changesIn(item, origin), 0);
}
