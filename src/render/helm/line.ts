import { basename, relative } from 'node:path';
import { RANDOM_VALUE } from '../../cluster/unknown.ts';
import { asMap, valueAt } from '../../cluster/workloads.ts';
import { showLocation } from '../../report/shown.ts';
import type { Location, Path } from '../../resource.ts';
import { innerPaths, scalarPaths } from '../scalar-paths.ts';
import type { HelmTarget, RenderContext } from '../target.ts';
import { HelmLocator, isCrd } from './locate.ts';
import { type PrintedObject, readObjects, splitOutput } from './output.ts';
import { secondRender, withoutRandom } from './random.ts';
import { HelmChart } from './target-chart.ts';
import { isSamePath, type Layer, type ValuesEntry } from './values.ts';

/** A value of a rendered object that a line of a chart, or of its values, takes part in. */
export interface HelmReached {
  object: unknown;
  /** `Deployment/web` */
  name: string;
  /** Empty for the object as a whole: it is rendered because of the line. */
  path: Path;
  /** How the line takes part in it, where it isn't what stands there. */
  how?: string;
}

/** What a line of a chart or of its values becomes in a target, and what else is to be said of it. */
export interface HelmLine {
  reached: HelmReached[];
  notes: string[];
}

/** More values than these are not asked where they come from: each may take a render. */
const MOST_TRACED = 20;
const MOST_NAMED = 5;

/**
 * What a line of a template or of values becomes: `file` is absolute, `covers` says of a location whether it is the line, with how many
 * lines the value there takes. Renders the chart with marks, or with another value. Rejects when aborted.
 */
export async function helmLine(
  target: HelmTarget,
  context: RenderContext,
  file: string,
  covers: (location: Location, value?: unknown) => boolean,
): Promise<HelmLine> {
  const helm = await HelmChart.read(target, context, await context.tools.helm());
  const read = async (options = {}, like: readonly PrintedObject[] = []) => {
    const result = await helm.render(options);
    if (result.kind !== 'ok') return undefined;
    return readObjects(
      splitOutput(result.stdout, (source) => helm.isPrinted(source)),
      like,
    );
  };
  const objects = (await read())?.filter(({ document }) => !document.error);
  if (!objects) return { reached: [], notes: ['the chart does not render'] };
  const second = secondRender(helm);
  const again = second && (await read(second, objects));
  const known = again ? withoutRandom(objects, again) : objects.map(({ document }) => document.value);
  const isRandom = ({ object, path }: { object: PrintedObject; path: Path }) =>
    String(valueAt(known[objects.indexOf(object)], path)).includes(RANDOM_VALUE);
  const chart: LineOfChart = { helm, locator: new HelmLocator(helm, objects), objects, file, covers };
  const layers = helm.layers.filter((layer) => layer.file === file);
  const isFollowed = isTemplate(file, target) || layers.length > 0;
  const lines = await Promise.all([
    isTemplate(file, target) ? ofTemplate(chart) : NOTHING,
    ...layers.map((layer) => ofValues(layer, chart)),
  ]);
  return {
    reached: lines.flatMap(({ reached }) =>
      reached
        .filter((item) => !isRandom(item))
        .map(({ object: { document }, ...item }) => ({
          object: document.value,
          name: nameOf(document.value),
          ...item,
        })),
    ),
    notes: isFollowed ? lines.flatMap(({ notes }) => notes) : ['what templates take from this file is not followed'],
  };
}

interface LineOfChart {
  helm: HelmChart;
  locator: HelmLocator;
  objects: readonly PrintedObject[];
  file: string;
  covers(location: Location, value?: unknown): boolean;
}

interface Found {
  reached: (Omit<HelmReached, 'object' | 'name'> & { object: PrintedObject })[];
  notes: string[];
}

const NOTHING: Found = { reached: [], notes: [] };

function isTemplate(file: string, { chart }: HelmTarget): boolean {
  return /(?:^|[\\/])(?:templates|crds)[\\/]/.test(relative(chart, file));
}

/** Whether a file holds definitions that templates include. */
function isPartial(file: string): boolean {
  return /^_|\.tpl$/.test(basename(file));
}

/** What a line of a template writes, itself or through what it includes. */
async function ofTemplate({ helm, locator, objects, file, covers }: LineOfChart): Promise<Found> {
  const printed = objects.filter(({ piece }) => isPartial(file) || helm.resolve(piece.source).file === file);
  const found: Found['reached'] = [];
  for (const object of printed) {
    for (const path of innerPaths(object.document.value)) {
      if (isCrd(object.piece.source)) {
        const location = await locator.locate(object, path, 'value');
        if (covers(location, valueAt(object.document.value, path))) found.push({ object, path });
        continue;
      }
      const place = await locator.place(object, path, 'value');
      if (!place) continue;
      if (covers(helm.locationOf(place))) found.push({ object, path });
      else if (place.includes.some((spot) => covers(helm.locationOf(spot))))
        found.push({ object, path, how: 'included here' });
      else if (place.inner && covers(helm.locationOf(place.inner))) found.push({ object, path, how: 'printed here' });
    }
  }
  const reached = await Promise.all(
    found.map(async (item, i) => {
      const isScalar = typeof valueAt(item.object.document.value, item.path) !== 'object';
      if (i >= MOST_TRACED || !isScalar || item.how !== undefined) return item;
      const { location, cause } = await locator.find(item.object, item.path, 'value');
      return cause ? { ...item, how: `the value is set at ${showLocation(location)}` } : item;
    }),
  );
  return { reached, notes: printed.length === 0 ? ['the template renders nothing'] : [] };
}

/** What a line of values decides: what is rendered in another way once it says something else. */
async function ofValues(layer: Layer, { helm, locator, covers }: LineOfChart): Promise<Found> {
  const isHere = (path: Path) => {
    const location = helm.locateEntry({ layer, path, value: undefined }, 'value');
    return location !== undefined && covers(location, valueAt(layer.values, path.slice(layer.at.length)));
  };
  const inRelease = (path: Path) => [...layer.at, ...path];
  const scalars = scalarPaths(layer.values).map(inRelease).filter(isHere);
  const found: Found = { reached: [], notes: [] };
  for (const path of scalars) {
    const name = path.join('.');
    const entry = helm.entries.find((candidate) => isSamePath(candidate.path, path));
    if (!entry) found.notes.push(`${name}: what it lies in is replaced by values that count more`);
    else if (entry.layer !== layer) found.notes.push(`${name}: overridden ${whereCounts(entry, helm)}`);
    else await addEffects(entry, name, locator, found);
  }
  if (scalars.length === 0) {
    const inner = innerPaths(layer.values).map(inRelease).filter(isHere);
    const [collection] = inner;
    if (collection) {
      const below = asMap(valueAt(layer.values, collection.slice(layer.at.length)));
      found.notes.push(
        `${collection.join('.')}: holds ${below ? Object.keys(below).join(', ') : 'a list'}; ask for one of their lines`,
      );
    }
  }
  return found;
}

async function addEffects(entry: ValuesEntry, name: string, locator: HelmLocator, found: Found): Promise<void> {
  const effects = await locator.causes.effects(entry);
  if (!effects) {
    found.notes.push(`${name}: the chart takes no other value, so that nobody can see what it decides`);
    return;
  }
  const { changed, more } = effects;
  for (const { object, path } of changed) {
    const isSame = path.length > 0 && String(valueAt(object.document.value, path)) === String(entry.value);
    const how = path.length > 0 ? `depends on ${name}` : `rendered because of ${name}`;
    found.reached.push({ object, path, ...(isSame ? {} : { how }) });
  }
  const others = [...new Set(more.map(({ document }) => nameOf(document.value)))];
  if (others.length > 0) {
    const left = others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more objects` : '';
    found.notes.push(`${name}: with another value, there is more: ${others.slice(0, MOST_NAMED).join(', ')}${left}`);
  } else if (changed.length === 0) found.notes.push(`${name}: nothing that is rendered depends on it`);
}

/** `Deployment/web` */
function nameOf(object: unknown): string {
  const { kind, metadata } = asMap(object) ?? {};
  return `${String(kind)}/${String(asMap(metadata)?.name)}`;
}

function whereCounts(entry: ValuesEntry, helm: HelmChart): string {
  const location = helm.locateEntry(entry, 'value');
  return location ? `by ${showLocation(location)}` : 'by another source of values';
}
