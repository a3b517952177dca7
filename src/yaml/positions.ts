import { getScalarValue, SCALAR_STYLE } from 'js-yaml';
import type { At, Path } from '../resource.ts';
import { type Constructed, construct, type Slot } from './construct.ts';
import { type ParsedYaml, parseYaml } from './events.ts';
import { LineTable } from './lines.ts';
import type { YamlChunk } from './split.ts';

/** A place in the stream, as an offset; `exact` is false for a parent of what was asked for. */
export interface Place {
  offset: number;
  exact: boolean;
}

/** Where the keys and values of one document stand in its stream. */
export class YamlPositions {
  /** What `readYaml` makes of the document. */
  readonly value: unknown;
  private readonly chunk: YamlChunk;
  private readonly parsed: ParsedYaml;
  private readonly constructed: Constructed;
  private readonly linesOfValues = new Map<Slot, LineTable>();

  /** Throws YamlError where the document can't be read. */
  constructor(chunk: YamlChunk) {
    this.chunk = chunk;
    this.parsed = parseYaml(chunk.text);
    this.constructed = construct(this.parsed, true);
    this.value = this.constructed.value;
  }

  /**
   * A scalar's own start, or the key of any other value; an item's start in a sequence. What an alias or a merge brings in
   * stands where its anchor is. Undefined in an empty document.
   */
  find(path: Path, at: At): Place | undefined {
    const { slot, exact } = this.slot(path);
    if (!slot) return undefined;
    return { offset: this.inStream(exact && at === 'value' ? slot.value : slot.key), exact };
  }

  /**
   * The place of the character at `offset` of the value at `path`: in a literal block scalar as lines below the value's
   * start and 1-based column, in a scalar that is written on one line as an offset. Undefined where the value's text differs
   * from what is written.
   */
  within(
    path: Path,
    offset: number,
  ): { offset: number } | { offset: number; lines: number; column: number } | undefined {
    const { slot, exact } = this.slot(path);
    const scalar = slot?.scalar;
    if (!exact || !slot || !scalar) return undefined;
    const start = this.inStream(scalar.valueStart);
    if (scalar.fast) return { offset: this.inStream(Math.min(scalar.valueStart + offset, scalar.valueEnd)) };
    if (scalar.style !== SCALAR_STYLE.LITERAL_BLOCK) return undefined;
    const text = getScalarValue(this.parsed.source, scalar);
    const table = this.linesOfValues.get(slot) ?? new LineTable(text);
    this.linesOfValues.set(slot, table);
    const { line, column } = table.at(Math.min(offset, text.length));
    const blank = column === 1 && (text[offset] ?? '\n') === '\n';
    return { offset: start, lines: line - 1, column: blank ? 1 : scalar.indent + column };
  }

  private slot(path: Path): { slot: Slot | undefined; exact: boolean } {
    let { root: slot } = this.constructed;
    let value = this.value;
    for (const step of path) {
      const slots = this.constructed.slots?.get(value);
      const next = slots instanceof Map ? slots.get(String(step)) : slots?.[Number(step)];
      if (!next) return { slot, exact: false };
      slot = next;
      value = (value as Record<string | number, unknown>)[step];
    }
    return { slot, exact: true };
  }

  private inStream(offset: number): number {
    return this.chunk.offset + this.parsed.original(offset);
  }
}
