import { isUnknown } from '../../cluster/unknown.ts';
import { valueAt } from '../../cluster/workloads.ts';
import type { RelatedLocation } from '../../diagnostic.ts';
import type { At, Path } from '../../resource.ts';
import type { HelmLocator } from './locate.ts';
import type { PrintedObject } from './output.ts';
import { References } from './references.ts';
import type { HelmChart } from './target-chart.ts';
import type { TemplatePlace, TemplateSpot } from './trace.ts';
import type { ValuesEntry } from './values.ts';

/** Tells how a value of a rendered object came about, beside the place that HelmLocator finds: what writes it, what decides it. */
export class HelmWay {
  private readonly helm: HelmChart;
  private readonly locator: HelmLocator;
  private readonly references: References;

  constructor(helm: HelmChart, locator: HelmLocator) {
    this.helm = helm;
    this.locator = locator;
    this.references = new References(helm);
  }

  /**
   * The line of the template that writes a path, the lines that include it, the values that its value overrides, or those
   * that it depends on. Empty for what is random.
   */
  async of(object: PrintedObject, path: Path, at: At, value: unknown): Promise<RelatedLocation[]> {
    if (isUnknown(value)) return [];
    const { thirdParty } = this.helm.resolve(object.piece.source);
    const { cause } = await this.locator.find(object, path, at);
    const place = await this.locator.place(object, path, at);
    const way: RelatedLocation[] = [];
    if (place && (cause || thirdParty)) way.push(this.tell(place, 'the template writes it here', 'writes it'));
    way.push(...(place?.includes ?? []).map((spot) => this.tell(spot, 'included here', 'includes it')));
    if (place?.inner && !thirdParty)
      way.push(this.tell(place.inner, 'the included definition prints it here', 'prints it'));
    if (cause) way.push(...this.overridden(cause));
    else if (at === 'value') way.push(...(await this.dependencies(object, path, place)));
    return way;
  }

  /** A place in a template; one in an archive can only be named. */
  private tell(spot: TemplateSpot, message: string, verb: string): RelatedLocation {
    const packed = this.helm.packedFile(spot.file);
    if (!packed) return { message, location: this.helm.locationOf(spot) };
    return {
      message: `${packed.inside}:${spot.line} in this archive ${verb}`,
      location: { file: this.helm.shown(packed.archive) },
    };
  }

  /** The same value in the sources that count less. */
  private overridden({ path, value, layer }: ValuesEntry): RelatedLocation[] {
    if (typeof value === 'object') return [];
    const lower = this.helm.layers.slice(this.helm.layers.indexOf(layer) + 1);
    return lower.flatMap((other) => {
      const below = path.slice(other.at.length);
      const isBelow = other.at.every((key, i) => key === path[i]);
      if (!isBelow || valueAt(other.values, below) === undefined) return [];
      const location = this.helm.locateEntry({ path, value, layer: other }, 'value');
      const message = other.given ? 'set here, too, and overridden' : "the chart's default, overridden";
      return location ? [{ message, location }] : [];
    });
  }

  private async dependencies(
    object: PrintedObject,
    path: Path,
    place: TemplatePlace | undefined,
  ): Promise<RelatedLocation[]> {
    const value = valueAt(object.document.value, path);
    if (typeof value === 'object' || value === undefined) return [];
    const { source } = object.piece;
    const mentioned = this.references.at(source, place);
    const found = await this.locator.causes.dependencies({ object, path, value, ...mentioned });
    return found.flatMap((entry) => {
      const location = this.helm.locateEntry(entry, 'value');
      return location ? [{ message: `it depends on ${shownPath(entry.path)}, set here`, location }] : [];
    });
  }
}

/** As people write it: `image.tag`, `hosts[0].name`. */
function shownPath(path: Path): string {
  return path.reduce<string>(
    (shown, key) => (typeof key === 'number' ? `${shown}[${key}]` : shown === '' ? key : `${shown}.${key}`),
    '',
  );
}
