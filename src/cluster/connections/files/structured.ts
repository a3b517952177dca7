import type { Path } from '../../../resource.ts';
import { YamlError } from '../../../yaml/events.ts';
import { LineTable } from '../../../yaml/lines.ts';
import { YamlPositions } from '../../../yaml/positions.ts';
import { splitYaml } from '../../../yaml/split.ts';
import { valueAt } from '../../workloads.ts';

/** A text of a YAML or JSON document, and where it stands. */
export interface Leaf {
  readonly path: Path;
  readonly value: string | number | boolean;
}

/** Aliases may name one value again and again: more than these are not looked at. */
const MOST_VALUES = 100_000;

/** A document of a YAML or JSON file, whose texts know where they stand in the file. */
export class Structured {
  readonly value: unknown;
  readonly #text: string;
  readonly #positions: YamlPositions;
  #lines: LineTable | undefined;

  constructor(text: string, positions: YamlPositions) {
    this.value = positions.value;
    this.#text = text;
    this.#positions = positions;
  }

  /** The text at a path, undefined where there is none. */
  string(path: Path): string | undefined {
    const value = valueAt(this.value, path);
    return typeof value === 'string' ? value : undefined;
  }

  /** Where the character at `offset` of the text at a path stands in the file; the text's start where that isn't certain. */
  offset(path: Path, offset: number): number {
    const start = this.#positions.find(path, 'value')?.offset ?? 0;
    const place = this.#positions.within(path, offset);
    if (!place) return start;
    if (!('lines' in place)) return place.offset;
    this.#lines ??= new LineTable(this.#text);
    return this.#lines.offsetOf(this.#lines.at(place.offset).line + place.lines) + place.column - 1;
  }
}

/** The documents of a YAML or JSON file that are maps or lists; none of a file that is neither. */
export function readStructured(text: string): Structured[] {
  if (!/[:{[]/.test(text) || text.includes('\0')) return [];
  // JSON may be indented with tabs. The places stay.
  const plain = /^\s*[{[]/.test(text) ? text.replaceAll('\t', ' ') : text;
  return splitYaml(plain).flatMap((chunk) => {
    if (chunk.badSeparator) return [];
    try {
      const positions = new YamlPositions(chunk);
      return typeof positions.value === 'object' && positions.value !== null ? [new Structured(plain, positions)] : [];
    } catch (error) {
      if (error instanceof YamlError) return [];
      throw error;
    }
  });
}

/** The scalars of a value, with their paths; `enter` says whether a map is looked into. */
export function leavesOf(value: unknown, enter: (map: Record<string, unknown>) => boolean): Leaf[] {
  const leaves: Leaf[] = [];
  let seen = 0;
  const walk = (current: unknown, path: Path) => {
    if (++seen > MOST_VALUES || path.length > 64) return;
    if (Array.isArray(current)) {
      for (const [i, item] of current.entries()) walk(item, [...path, i]);
    } else if (typeof current === 'object' && current !== null) {
      const map = current as Record<string, unknown>;
      if (enter(map)) for (const [key, item] of Object.entries(map)) walk(item, [...path, key]);
    } else if (typeof current === 'string' || typeof current === 'number' || typeof current === 'boolean') {
      leaves.push({ path, value: current });
    }
  };
  walk(value, []);
  return leaves;
}
