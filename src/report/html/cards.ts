import type { Picture, PictureEdge, PictureNode } from '../../picture.ts';

/** What is drawn as one: Services with the workloads that all of them select, or a node alone. Numbers are nodes of the picture. */
export interface Card {
  nodes: number[];
  /** Workloads alike that were drawn as one: they dial the same, nothing leads to them, no error is found in them. */
  alike?: number[];
}

/** Lines between cards: edges of the picture that run alike. */
export interface CardLine {
  from: number;
  to: number;
  /** The nodes at its ends. */
  fromNode: number;
  toNode: number;
  state: PictureEdge['state'];
  edges: PictureEdge[];
}

export interface Cards {
  cards: Card[];
  lines: CardLine[];
}

/** More of one kind than this don't read as one box. */
const MOST_ROWS = 4;
/** Workloads alike are drawn as one from this number on. */
const FEWEST_ALIKE = 4;

/** What a picture shows, as boxes and lines. Services stand on what they select, where that is plain; else a line leads there. */
export function cardsOf({ nodes, edges }: Picture): Cards {
  const selects = edges.filter(({ type }) => type === 'selects');
  const units = unitsOf(nodes.length, selects);
  const cards: Card[] = [];
  const cardOf = new Array<number>(nodes.length);
  for (const unit of units) {
    const services = unit.filter((i) => nodes[i]?.type === 'service');
    const workloads = unit.filter((i) => nodes[i]?.type !== 'service');
    const own = selects.length === 0 ? 0 : countWithin(selects, unit);
    const isPlain =
      own === services.length * workloads.length && services.length <= MOST_ROWS && workloads.length <= MOST_ROWS;
    for (const group of isPlain ? [[...services, ...workloads]] : unit.map((i) => [i])) {
      const card = cards.push({ nodes: group }) - 1;
      for (const i of group) cardOf[i] = card;
    }
  }
  const lines = new Map<string, CardLine>();
  for (const edge of edges) {
    const [from = 0, to = 0] = [cardOf[edge.from], cardOf[edge.to]];
    if (from === to) continue;
    const id = `${edge.from} ${edge.to} ${edge.type} ${edge.state}`;
    const known = lines.get(id);
    if (known) known.edges.push(edge);
    else lines.set(id, { from, to, fromNode: edge.from, toNode: edge.to, state: edge.state, edges: [edge] });
  }
  return { cards, lines: [...lines.values()] };
}

function unitsOf(count: number, selects: readonly PictureEdge[]): number[][] {
  const parent = [...Array(count).keys()];
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root] ?? root;
    while (parent[i] !== root) [parent[i], i] = [root, parent[i] ?? root];
    return root;
  };
  for (const { from, to } of selects) parent[Math.max(find(from), find(to))] = Math.min(find(from), find(to));
  const units = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const root = find(i);
    const unit = units.get(root);
    if (unit) unit.push(i);
    else units.set(root, [i]);
  }
  return [...units.values()];
}

function countWithin(selects: readonly PictureEdge[], unit: readonly number[]): number {
  const members = new Set(unit);
  return selects.filter(({ from }) => members.has(from)).length;
}

/** The same with workloads alike drawn as one, where they are quiet. */
export function foldAlike({ nodes }: Picture, { cards, lines }: Cards, isQuiet: (node: PictureNode) => boolean): Cards {
  const outgoing = new Map<number, CardLine[]>();
  const led = new Set<number>();
  for (const line of lines) {
    led.add(line.to);
    outgoing.set(line.from, [...(outgoing.get(line.from) ?? []), line]);
  }
  const groups = new Map<string, number[]>();
  for (const [i, card] of cards.entries()) {
    const own = outgoing.get(i) ?? [];
    const quiet = card.nodes.every((i) => isQuiet(nodes[i] as PictureNode));
    if (!quiet || led.has(i) || own.length === 0 || own.some(({ state }) => state === 'blocked' || state === 'missing'))
      continue;
    const first = nodes[card.nodes[0] ?? 0];
    const id = JSON.stringify([
      card.nodes.map((node) => nodes[node]?.type),
      first?.namespace,
      own.map(({ toNode, state }) => `${toNode} ${state}`).sort(),
    ]);
    const group = groups.get(id);
    if (group) group.push(i);
    else groups.set(id, [i]);
  }
  const folded = new Map<number, number>();
  for (const group of groups.values()) {
    if (group.length < FEWEST_ALIKE) continue;
    for (const i of group) folded.set(i, group[0] ?? i);
  }
  if (folded.size === 0) return { cards, lines };
  const index = new Map<number, number>();
  const kept: Card[] = [];
  for (const [i, card] of cards.entries()) {
    const first = folded.get(i) ?? i;
    const known = index.get(first);
    if (known === undefined) {
      const alike = folded.has(i) ? [...card.nodes] : undefined;
      index.set(first, kept.push(alike ? { ...card, alike } : card) - 1);
    } else {
      kept[known]?.alike?.push(...card.nodes);
    }
  }
  return {
    cards: kept,
    lines: lines.flatMap((line) => {
      const from = folded.get(line.from);
      if (from !== undefined && from !== line.from) return [];
      return [{ ...line, from: index.get(line.from) ?? 0, to: index.get(line.to) ?? 0 }];
    }),
  };
}

/** What of a picture is in one namespace, as a picture of its own. */
export function within(picture: Picture, namespace: string | undefined): Picture {
  const index = new Map<number, number>();
  const nodes = picture.nodes.filter((node, i) => {
    if (node.namespace === namespace) index.set(i, index.size);
    return node.namespace === namespace;
  });
  const edges = picture.edges.flatMap((edge) => {
    const [from, to] = [index.get(edge.from), index.get(edge.to)];
    return from === undefined || to === undefined ? [] : [{ ...edge, from, to }];
  });
  return { ...picture, nodes, edges };
}

/** Some cards with the lines between them. */
export function only({ cards, lines }: Cards, wanted: ReadonlySet<number>): Cards {
  const kept = [...wanted].sort((a, b) => a - b);
  const index = new Map(kept.map((card, i) => [card, i]));
  return {
    cards: kept.map((i) => cards[i] as Card),
    lines: lines.flatMap((line) => {
      const [from, to] = [index.get(line.from), index.get(line.to)];
      return from === undefined || to === undefined ? [] : [{ ...line, from, to }];
    }),
  };
}

/**
 * The cards that tell most, at most so many: first both ends of what is blocked or missing, then those in which something is found,
 * then what they are connected with, and so on outwards.
 */
export function mostTelling({ nodes }: Picture, { cards, lines }: Cards, most: number): Set<number> {
  const beside: number[][] = cards.map(() => []);
  const bad: number[] = [];
  for (const { from, to, state } of lines) {
    beside[from]?.push(to);
    beside[to]?.push(from);
    if (state === 'blocked' || state === 'missing') bad.push(from, to);
  }
  const found = [...cards.keys()].filter((i) => cards[i]?.nodes.some((node) => nodes[node]?.findings.length));
  const connected = (list: readonly number[]) => list.filter((i) => beside[i]?.length);
  const chosen = new Set<number>();
  for (const seeds of [bad, connected(found), connected([...cards.keys()])]) {
    const queue = [...seeds];
    for (const i of queue) {
      if (chosen.size >= most) return chosen;
      if (chosen.has(i) && !seeds.includes(i)) continue;
      if (!chosen.has(i)) chosen.add(i);
    }
    // What stands around them, before what is elsewhere.
    for (const i of [...chosen]) {
      for (const next of beside[i] ?? []) {
        if (chosen.size >= most) return chosen;
        chosen.add(next);
      }
    }
  }
  return chosen;
}
