/** A box to place, in pixels. */
export interface Box {
  width: number;
  height: number;
}

/** A line from one box to another, by their indices; where it leaves and arrives, as distances from their tops. */
export interface Line {
  from: number;
  to: number;
  fromY: number;
  toY: number;
  /** Something that stands on the line. */
  label?: Box;
}

export interface Point {
  x: number;
  y: number;
}

export interface Placed extends Box {
  boxes: Point[];
  /** Where each line runs, from its start to its end, and where its label's upper left corner is. */
  lines: { points: Point[]; label?: Point; backwards: boolean }[];
}

const GAP_X = 56;
const GAP_Y = 20;
/** The height of what only runs through a column. */
const LANE = 10;
const SWEEPS = 12;

/** A box, a label, or the place where a long line runs through a column. */
interface Item extends Box {
  layer: number;
  y: number;
}

/** A line from one column to the next: items, with the places where it leaves and arrives. */
interface Segment {
  from: number;
  to: number;
  fromY: number;
  toY: number;
}

/**
 * Places boxes in columns so that lines lead from left to right, few of them cross, and what is connected stands side by side
 * (the method of Sugiyama, Tagawa and Toda). The same input gives the same picture.
 */
export function layered(boxes: readonly Box[], lines: readonly Line[]): Placed {
  const forward = withoutCycles(boxes.length, lines);
  const layers = layersOf(boxes.length, forward);
  const items: Item[] = boxes.map((box, i) => ({ ...box, layer: layers[i] ?? 0, y: 0 }));
  const segments: Segment[] = [];
  const ways = forward.map((line) => {
    const way = [line.from];
    const [first, last] = [layers[line.from] ?? 0, layers[line.to] ?? 0];
    for (let layer = first + 1; layer < last; layer++) {
      // A label stands beside the box that it is about: where the line starts.
      const isLabel = line.label !== undefined && layer === (line.backwards ? last - 1 : first + 1);
      const box = isLabel && line.label ? line.label : { width: 0, height: LANE };
      way.push(items.push({ ...box, layer, y: 0 }) - 1);
    }
    way.push(line.to);
    for (let i = 1; i < way.length; i++) {
      const [from = 0, to = 0] = [way[i - 1], way[i]];
      const fromY = i === 1 ? line.fromY : (items[from]?.height ?? 0) / 2;
      const toY = i === way.length - 1 ? line.toY : (items[to]?.height ?? 0) / 2;
      segments.push({ from, to, fromY, toY });
    }
    return way;
  });
  const columns = order(items, segments);
  place(items, segments, columns);
  const lefts: number[] = [];
  const widths = columns.map((column) => Math.max(0, ...column.map((i) => items[i]?.width ?? 0)));
  let width = 0;
  for (const columnWidth of widths) {
    lefts.push(width);
    width += columnWidth + GAP_X;
  }
  const at = (i: number): Point => {
    const { layer, y, width: own } = items[i] as Item;
    return { x: Math.round((lefts[layer] ?? 0) + ((widths[layer] ?? 0) - own) / 2), y: Math.round(y) };
  };
  return {
    width: Math.max(0, width - GAP_X),
    height: Math.round(Math.max(0, ...items.map(({ y, height }) => y + height))),
    boxes: boxes.map((_, i) => at(i)),
    lines: forward.map((line, k) => {
      const way = ways[k] ?? [];
      const points: Point[] = [];
      let label: Point | undefined;
      for (const [step, i] of way.entries()) {
        const { x, y } = at(i);
        const { layer, width: own, height } = items[i] as Item;
        if (step === 0) points.push({ x: x + own, y: y + line.fromY });
        else if (step === way.length - 1) points.push({ x, y: y + line.toY });
        else if (own > 0) {
          label = { x, y };
          points.push({ x, y: y + height / 2 }, { x: x + own, y: y + height / 2 });
        } else {
          const left = lefts[layer] ?? 0;
          points.push({ x: left, y: y + height / 2 }, { x: left + (widths[layer] ?? 0), y: y + height / 2 });
        }
      }
      if (line.backwards) points.reverse();
      return { points, ...(label ? { label } : {}), backwards: line.backwards };
    }),
  };
}

interface ForwardLine extends Line {
  /** It was turned round. */
  backwards: boolean;
}

/** Turns round the lines that close cycles, as a walk in depth meets them. */
function withoutCycles(count: number, lines: readonly Line[]): ForwardLine[] {
  const outgoing: number[][] = Array.from({ length: count }, () => []);
  const incoming = new Uint32Array(count);
  for (const [k, { from, to }] of lines.entries()) {
    outgoing[from]?.push(k);
    incoming[to] = (incoming[to] ?? 0) + 1;
  }
  const state = new Uint8Array(count);
  const turned = new Set<number>();
  const starts = [...Array(count).keys()].sort((a, b) => Number(incoming[a] !== 0) - Number(incoming[b] !== 0));
  for (const start of starts) {
    if (state[start] !== 0) continue;
    const stack = [{ box: start, next: 0 }];
    state[start] = 1;
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const k = outgoing[top.box]?.[top.next++];
      if (k === undefined) {
        state[top.box] = 2;
        stack.pop();
        continue;
      }
      const to = lines[k]?.to ?? 0;
      if (state[to] === 1) turned.add(k);
      else if (state[to] === 0) {
        state[to] = 1;
        stack.push({ box: to, next: 0 });
      }
    }
  }
  return lines.map((line, k) =>
    turned.has(k)
      ? { ...line, from: line.to, to: line.from, fromY: line.toY, toY: line.fromY, backwards: true }
      : { ...line, backwards: false },
  );
}

/** The column of each box: right of all that lead to it, two further where a label stands between. */
function layersOf(count: number, lines: readonly ForwardLine[]): number[] {
  const layers = new Array<number>(count).fill(0);
  const outgoing: ForwardLine[][] = Array.from({ length: count }, () => []);
  const waiting = new Uint32Array(count);
  for (const line of lines) {
    outgoing[line.from]?.push(line);
    waiting[line.to] = (waiting[line.to] ?? 0) + 1;
  }
  const isStart = Array.from(waiting, (n) => n === 0);
  const ready = [...layers.keys()].filter((i) => isStart[i]);
  for (const i of ready) {
    for (const line of outgoing[i] ?? []) {
      const span = line.label ? 2 : 1;
      layers[line.to] = Math.max(layers[line.to] ?? 0, (layers[i] ?? 0) + span);
      const left = (waiting[line.to] ?? 0) - 1;
      waiting[line.to] = left;
      if (left === 0) ready.push(line.to);
    }
  }
  // Where a chain starts late, it starts beside what it leads to.
  for (const [i, own] of outgoing.entries()) {
    if (!isStart[i] || own.length === 0) continue;
    layers[i] = Math.min(...own.map((line) => (layers[line.to] ?? 0) - (line.label ? 2 : 1)));
  }
  return layers;
}

/** The items of each column from top to bottom, with few crossings between columns. */
function order(items: readonly Item[], segments: readonly Segment[]): number[][] {
  const columns: number[][] = [];
  for (const [i, { layer }] of items.entries()) {
    while (columns.length <= layer) columns.push([]);
    columns[layer]?.push(i);
  }
  const before = neighbours(items.length, segments, 'to', 'from');
  const after = neighbours(items.length, segments, 'from', 'to');
  const rank = new Float64Array(items.length);
  const number = () => {
    for (const column of columns) for (const [at, i] of column.entries()) rank[i] = at;
  };
  number();
  let best = columns.map((column) => [...column]);
  let fewest = crossings(segments, items, rank);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    const [beside, sequence] = isDown ? [before, columns.keys()] : [after, [...columns.keys()].reverse()];
    for (const layer of sequence) {
      const column = columns[layer] ?? [];
      const wanted = new Map(column.map((i) => [i, mean(beside[i] ?? [], rank) ?? rank[i] ?? 0]));
      column.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || (rank[a] ?? 0) - (rank[b] ?? 0));
      for (const [at, i] of column.entries()) rank[i] = at;
    }
    const now = crossings(segments, items, rank);
    if (now < fewest) {
      fewest = now;
      best = columns.map((column) => [...column]);
    }
  }
  return best;
}

function neighbours(count: number, segments: readonly Segment[], own: 'from' | 'to', other: 'from' | 'to'): number[][] {
  const lists: number[][] = Array.from({ length: count }, () => []);
  for (const segment of segments) lists[segment[own]]?.push(segment[other]);
  return lists;
}

function mean(indices: readonly number[], values: Float64Array): number | undefined {
  if (indices.length === 0) return undefined;
  return indices.reduce((sum, i) => sum + (values[i] ?? 0), 0) / indices.length;
}

function crossings(segments: readonly Segment[], items: readonly Item[], rank: Float64Array): number {
  const byLayer = new Map<number, Segment[]>();
  for (const segment of segments) {
    const layer = items[segment.from]?.layer ?? 0;
    const same = byLayer.get(layer);
    if (same) same.push(segment);
    else byLayer.set(layer, [segment]);
  }
  let count = 0;
  for (const list of byLayer.values()) {
    for (const [i, a] of list.entries()) {
      for (let j = i + 1; j < list.length; j++) {
        const b = list[j] as Segment;
        const left = (rank[a.from] ?? 0) - (rank[b.from] ?? 0) || a.fromY - b.fromY;
        const right = (rank[a.to] ?? 0) - (rank[b.to] ?? 0) || a.toY - b.toY;
        if (left * right < 0) count++;
      }
    }
  }
  return count;
}

/** Sets heights above the ground: each item where its lines run level, as far as the others of its column let it. */
function place(items: readonly Item[], segments: readonly Segment[], columns: readonly (readonly number[])[]): void {
  for (const column of columns) stack(items, column, () => 0);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    const wanted = new Map<number, number[]>();
    const want = (i: number, y: number) => wanted.set(i, [...(wanted.get(i) ?? []), y]);
    const sequence = isDown ? columns : [...columns].reverse();
    const bySide = new Map<number, Segment[]>();
    for (const segment of segments) {
      const i = isDown ? segment.to : segment.from;
      const same = bySide.get(i);
      if (same) same.push(segment);
      else bySide.set(i, [segment]);
    }
    for (const column of sequence) {
      for (const i of column) {
        for (const { from, to, fromY, toY } of bySide.get(i) ?? []) {
          if (isDown) want(i, (items[from]?.y ?? 0) + fromY - toY);
          else want(i, (items[to]?.y ?? 0) + toY - fromY);
        }
      }
      stack(items, column, (i) => {
        const ys = wanted.get(i) ?? [];
        return ys.length === 0 ? (items[i]?.y ?? 0) : ys.reduce((sum, y) => sum + y, 0) / ys.length;
      });
    }
  }
  let top = Number.POSITIVE_INFINITY;
  for (const { y } of items) top = Math.min(top, y);
  for (const item of items) item.y -= top;
}

/** Stacks a column in its order, each item as near as may be to where it is wanted: what collides moves as one. */
function stack(items: readonly Item[], column: readonly number[], wanted: (i: number) => number): void {
  const blocks: { sum: number; count: number; height: number; members: number[] }[] = [];
  for (const i of column) {
    const height = (items[i]?.height ?? 0) + GAP_Y;
    let block = { sum: wanted(i), count: 1, height, members: [i] };
    for (let above = blocks.at(-1); above; above = blocks.at(-1)) {
      if (above.sum / above.count + above.height <= block.sum / block.count) break;
      blocks.pop();
      block = {
        sum: above.sum + block.sum - block.count * above.height,
        count: above.count + block.count,
        height: above.height + block.height,
        members: [...above.members, ...block.members],
      };
    }
    blocks.push(block);
  }
  for (const { sum, count, members } of blocks) {
    let y = sum / count;
    for (const i of members) {
      const item = items[i] as Item;
      item.y = y;
      y += item.height + GAP_Y;
    }
  }
}
