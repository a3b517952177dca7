import type { Picture, PictureEdge, PictureNode } from '../../picture.ts';
import { counted } from '../shown.ts';
import { type Card, type CardLine, type Cards, cardsOf, foldAlike, mostTelling, only } from './cards.ts';
import { esc } from './escape.ts';
import { layered, type Placed, type Point } from './layered.ts';
import { addressIn, cut, hasNamespaces, nameIn, shortName } from './names.ts';

/** What the page says of a finding, by its fingerprint: its number there, where a link leads, and how grave it is. */
export type FoundById = ReadonlyMap<string, { index: number; id: string; severity: 'error' | 'warning' | 'info' }>;

const WIDTH = 212;
const PAD = 8;
const SERVICE_HEIGHT = 28;
const NODE_HEIGHT = 44;
const FACT_HEIGHT = 15;
const MOST_FACTS = 3;
/** Characters that fit into a card's row. */
const NAME_LENGTH = 25;
/** How wide a character of a Service's name and of what is small is, in pixels. */
const NAME_CHARACTER = 7;
const SMALL_CHARACTER = 6.2;
/** With fewer characters a port says nothing. */
const FEWEST = 4;
const LABEL = { width: 196, line: 16 };
const MARGIN = 14;
/** The widest map; components that fit stand side by side. */
const MAP_WIDTH = 1200;
const SHELF_GAP = 36;
/** More cards than this are no picture but a thicket. */
const MOST_CARDS = 60;
/** From this number of cards on, those alike are drawn as one. */
const FOLD_FROM = 24;
/** Cards without connections are drawn up to this number, else counted. */
const MOST_LONE = 9;

/** The map of one environment as SVG, and what of it is drawn. */
export interface DrawnMap {
  svg: string;
  /** Nodes of the picture that aren't drawn. */
  rest: number[];
}

/** Draws a picture: all of it where it is small, else what the findings are about and what stands around it. */
export function drawMap(picture: Picture, found: FoundById, label: string): DrawnMap {
  const all = cardsOf(picture);
  const cards = all.cards.length > FOLD_FROM ? foldAlike(picture, all, (node) => isQuiet(node, found)) : all;
  const connected = new Set(cards.lines.flatMap(({ from, to }) => [from, to]));
  const lone = [...cards.cards.keys()].filter((i) => !connected.has(i));
  const wanted = connected.size > MOST_CARDS ? mostTelling(picture, cards, MOST_CARDS) : connected;
  if (lone.length <= MOST_LONE) for (const i of lone) wanted.add(i);
  const drawn = only(cards, wanted);
  const shown = new Set(drawn.cards.flatMap(({ nodes, alike = [] }) => [...nodes, ...alike]));
  return {
    svg: drawn.cards.length === 0 ? '' : new Drawing(picture, found, drawn).svg(label),
    rest: [...picture.nodes.keys()].filter((i) => !shown.has(i)),
  };
}

class Drawing {
  readonly #picture: Picture;
  readonly #found: FoundById;
  readonly #cards: Cards;

  constructor(picture: Picture, found: FoundById, cards: Cards) {
    this.#picture = picture;
    this.#found = found;
    this.#cards = cards;
  }

  svg(label: string): string {
    const parts: string[] = [];
    let [x, y, shelf, width] = [0, 0, 0, 0];
    for (const component of this.#components()) {
      const placed = layered(
        component.cards.map((card) => ({ width: WIDTH, height: this.#heightOf(card) })),
        component.lines.map((line) => ({
          ...{ from: line.from, to: line.to },
          fromY: this.#rowY(component.cards[line.from] as Card, line.fromNode),
          toY: this.#rowY(component.cards[line.to] as Card, line.toNode),
          ...(line.state === 'blocked' ? { label: labelBox(line) } : {}),
        })),
      );
      if (x > 0 && x + placed.width > MAP_WIDTH) {
        y += shelf + SHELF_GAP;
        [x, shelf] = [0, 0];
      }
      parts.push(`<g transform="translate(${x} ${y})">${this.#component(component, placed)}</g>`);
      shelf = Math.max(shelf, placed.height);
      width = Math.max(width, x + placed.width);
      x += placed.width + SHELF_GAP;
    }
    const [w, h] = [width + 2 * MARGIN, y + shelf + 2 * MARGIN];
    return (
      `<svg class="map" role="group" aria-label="${esc(label)}" viewBox="${-MARGIN} ${-MARGIN} ${w} ${h}" width="${w}" height="${h}">` +
      `${parts.join('')}</svg>`
    );
  }

  /** What is connected, as maps of their own: those with something red first, then by size. */
  #components(): Cards[] {
    const { cards, lines } = this.#cards;
    const beside: number[][] = cards.map(() => []);
    for (const { from, to } of lines) {
      beside[from]?.push(to);
      beside[to]?.push(from);
    }
    const seen = new Set<number>();
    const components: Set<number>[] = [];
    for (const start of cards.keys()) {
      if (seen.has(start)) continue;
      seen.add(start);
      const members = [start];
      for (const i of members) {
        for (const next of beside[i] ?? []) {
          if (!seen.has(next)) {
            seen.add(next);
            members.push(next);
          }
        }
      }
      components.push(new Set(members));
    }
    return components
      .map((members) => only(this.#cards, members))
      .map((component, i) => ({ component, i, rank: rankOf(component) }))
      .sort((a, b) => b.rank - a.rank || b.component.cards.length - a.component.cards.length || a.i - b.i)
      .map(({ component }) => component);
  }

  #component({ cards, lines }: Cards, placed: Placed): string {
    const order = ['ok', 'unknown', 'missing', 'blocked'];
    const drawnLines = lines
      .map((line, i) => ({ line, way: placed.lines[i] as Placed['lines'][number] }))
      .sort((a, b) => order.indexOf(a.line.state) - order.indexOf(b.line.state));
    return (
      drawnLines.map(({ line, way }) => this.#line(line, way)).join('') +
      cards.map((card, i) => this.#card(card, placed.boxes[i] as Point)).join('') +
      drawnLines.map(({ line, way }) => (way.label ? this.#label(line, way.label) : '')).join('')
    );
  }

  #heightOf({ nodes }: Card): number {
    return nodes.reduce((sum, node) => sum + this.#rowHeight(node), 0);
  }

  #rowHeight(index: number): number {
    const node = this.#node(index);
    if (node.type === 'service') return SERVICE_HEIGHT;
    return NODE_HEIGHT + (node.type === 'entry' ? Math.min(node.facts.length, MOST_FACTS) * FACT_HEIGHT : 0);
  }

  #rowY({ nodes }: Card, index: number): number {
    let y = 0;
    for (const node of nodes) {
      if (node === index) return y + this.#rowHeight(node) / 2;
      y += this.#rowHeight(node);
    }
    return y / 2;
  }

  #node(index: number): PictureNode {
    return this.#picture.nodes[index] as PictureNode;
  }

  #card(card: Card, { x, y }: Point): string {
    const height = this.#heightOf(card);
    const missing = card.nodes.filter((node) => this.#node(node).type === 'missing');
    const isMild = missing.every((node) => this.#edgesOf(node).every((edge) => isMildEdge(edge, this.#found)));
    const state = missing.length === 0 ? '' : isMild ? ' missing mild' : ' missing';
    const parts = [`<rect class="box" width="${WIDTH}" height="${height}" rx="7"/>`];
    let top = 0;
    for (const node of card.nodes) {
      parts.push(this.#row(node, card, top));
      top += this.#rowHeight(node);
    }
    const stacked = card.alike ? `<path class="box" d="M6 ${height + 4}h${WIDTH - 2}v${-height + 6}"/>` : '';
    return `<g class="card${state}" transform="translate(${x} ${y})">${stacked}${parts.join('')}</g>`;
  }

  #row(index: number, { alike }: Card, top: number): string {
    const node = this.#node(index);
    const height = this.#rowHeight(index);
    const others = alike ? alike.filter((i) => this.#node(i).type === node.type) : [];
    const isFolded = others.length > 1;
    const name = isFolded ? `${counted(others.length, node.kind)} alike` : node.name;
    const title = isFolded
      ? others.map((i) => nameIn(this.#picture, this.#node(i))).join(', ')
      : this.#describe(node, index);
    const f = isFolded ? others.flatMap((i) => this.#about(i)) : this.#about(index);
    const badges = this.#badges(isFolded ? others : [index], top);
    const parts = [
      `<title>${esc(title)}</title>`,
      `<rect class="hit" y="${top}" width="${WIDTH}" height="${height}" rx="7"/>`,
    ];
    if (node.type === 'service') {
      const ports = isFolded ? '' : node.facts.join(' ');
      const free = badges.left - PAD - 17;
      const room = Math.min(NAME_LENGTH + 2 - Math.min(ports.length, 10), Math.floor(free / NAME_CHARACTER));
      const beside = Math.floor((free - Math.min(name.length, room) * NAME_CHARACTER - 6) / SMALL_CHARACTER);
      const shownPorts = beside < FEWEST ? '' : cut(ports, Math.min(14, beside));
      parts.push(
        top > 0 ? `<path class="rule" d="M0 ${top}h${WIDTH}"/>` : '',
        `<path class="plug" d="M${PAD} ${top + 9}h5a5 5 0 0 1 0 10h-5z"/>`,
        `<text class="service" x="${PAD + 17}" y="${top + 18.5}">${esc(cut(name, room))}` +
          `<tspan class="port" dx="6">${esc(shownPorts)}</tspan></text>`,
      );
    } else {
      const kind = node.type === 'missing' ? 'no such Service' : isFolded ? '' : node.kind;
      const where = hasNamespaces(this.#picture) && node.namespace !== undefined ? ` · ${node.namespace}` : '';
      const facts = node.type === 'entry' ? node.facts.slice(0, MOST_FACTS) : [];
      if (node.facts.length > MOST_FACTS && node.type === 'entry')
        facts[MOST_FACTS - 1] = `and ${node.facts.length - MOST_FACTS + 1} more hosts`;
      parts.push(
        top > 0 ? `<path class="rule" d="M0 ${top}h${WIDTH}"/>` : '',
        `<text class="kind" x="${PAD + 3}" y="${top + 16}">${esc(cut(kind + where, Math.min(NAME_LENGTH + 4, Math.floor((badges.left - PAD - 3) / SMALL_CHARACTER))))}${node.existing ? ' (exists)' : ''}</text>`,
        `<text class="name" x="${PAD + 3}" y="${top + 34}">${esc(cut(name, NAME_LENGTH))}</text>`,
        ...facts.map(
          (fact, i) =>
            `<text class="port" x="${PAD + 3}" y="${top + NODE_HEIGHT + 6 + i * FACT_HEIGHT}">${esc(cut(fact, NAME_LENGTH + 4))}</text>`,
        ),
      );
    }
    for (const [side, x] of [
      ['ingress', -2.5],
      ['egress', WIDTH - 2.5],
    ] as const) {
      if (node.isolated?.[side])
        parts.push(`<rect class="gate" x="${x}" y="${top + 5}" width="5" height="${height - 10}" rx="2.5"/>`);
    }
    parts.push(badges.html);
    const role = `role="button" tabindex="-1" aria-pressed="false" aria-label="${esc(title)}"`;
    const hurt = this.#edgesOf(index).some(({ state, from }) => state === 'blocked' && from === index) ? ' hurt' : '';
    return `<g class="node ${node.type}${hurt}" ${role} data-n="${index}" data-f="${[...new Set(f)].join(' ')}">${parts.join('')}</g>`;
  }

  /** How many errors and warnings stand in nodes themselves, and how far to the right there is room beside that. */
  #badges(nodes: readonly number[], top: number): { html: string; left: number } {
    const counts = { error: 0, warning: 0, info: 0 };
    for (const id of nodes.flatMap((node) => this.#node(node).findings)) {
      const found = this.#found.get(id);
      if (found) counts[found.severity]++;
    }
    let right = WIDTH - 8;
    const html = (['error', 'warning', 'info'] as const)
      .filter((severity) => counts[severity] > 0)
      .map((severity) => {
        const text = `${SIGNS[severity]}${counts[severity]}`;
        const width = 12 + text.length * 6.5;
        right -= width;
        const x = right;
        right -= 4;
        return (
          `<g class="badge ${severity}"><rect x="${x}" y="${top + 5}" width="${width}" height="17" rx="8.5"/>` +
          `<text x="${x + width / 2}" y="${top + 17.5}">${text}</text></g>`
        );
      })
      .join('');
    return { html, left: right };
  }

  /** The findings of a node, and of what leads to it and from it, by their numbers. */
  #about(index: number): number[] {
    const edges = this.#edgesOf(index).flatMap(({ findings }) => findings);
    return this.#numbers([...this.#node(index).findings, ...edges]);
  }

  #edgesOf(index: number): readonly PictureEdge[] {
    let byNode = edgesByNode.get(this.#picture);
    if (!byNode) {
      byNode = new Map();
      for (const edge of this.#picture.edges) {
        for (const end of [edge.from, edge.to]) {
          const list = byNode.get(end);
          if (list) list.push(edge);
          else byNode.set(end, [edge]);
        }
      }
      edgesByNode.set(this.#picture, byNode);
    }
    return byNode.get(index) ?? [];
  }

  #numbers(fingerprints: readonly string[]): number[] {
    const numbers = fingerprints.flatMap((id) => this.#found.get(id)?.index ?? []);
    return [...new Set(numbers)].sort((a, b) => a - b);
  }

  #describe(node: PictureNode, index: number): string {
    const own = this.#numbers(node.findings).length;
    const gates = (['ingress', 'egress'] as const).flatMap((side) => {
      const names = (node.isolated?.[side] ?? []).map((i) => policyName(this.#picture, i));
      return names.length > 0 ? [`${side} only as ${names.join(', ')} ${names.length > 1 ? 'admit' : 'admits'}`] : [];
    });
    const blocked = this.#edgesOf(index).filter(({ state }) => state === 'blocked').length;
    return [
      nameIn(this.#picture, node) + (node.type === 'missing' ? ': no such Service' : ''),
      ...(node.facts.length > 0 ? [node.facts.join(', ')] : []),
      ...(own > 0 ? [counted(own, 'finding')] : []),
      ...(blocked > 0 ? [counted(blocked, 'blocked connection')] : []),
      ...gates,
    ].join('; ');
  }

  #line(line: CardLine, { points, backwards }: Placed['lines'][number]): string {
    const { state, edges, fromNode, toNode } = line;
    const type = edges[0]?.type ?? 'dials';
    const end = points.at(-1) as Point;
    const tip = backwards ? 7 : -7;
    const arrow = `<path class="tip" d="M${end.x + tip} ${end.y - 4.5}L${end.x} ${end.y}L${end.x + tip} ${end.y + 4.5}z"/>`;
    const isBad = state === 'blocked' || state === 'missing';
    const mild = edges.every((edge) => isMildEdge(edge, this.#found)) ? ' mild' : '';
    const title = sentenceOf(this.#picture, line);
    const numbers = this.#numbers(edges.flatMap(({ findings }) => findings));
    const role = isBad ? ` role="button" tabindex="-1" aria-pressed="false" aria-label="${esc(title)}"` : '';
    return (
      `<g class="line ${type} ${state}${mild}"${role} data-a="${fromNode}" data-b="${toNode}" data-f="${numbers.join(' ')}">` +
      `<title>${esc(title)}</title><path class="hit" d="${curve(points)}"/><path d="${curve(points)}"/>${arrow}</g>`
    );
  }

  #label(line: CardLine, { x, y }: Point): string {
    const [first, ...rest] = labelLines(this.#picture, line);
    const { width, height } = labelBox(line);
    const texts = rest.map(
      (text, i) => `<text x="${x + width / 2}" y="${y + 18 + (i + 1) * LABEL.line}">${esc(cut(text, 30))}</text>`,
    );
    return (
      `<g class="label" data-a="${line.fromNode}" data-b="${line.toNode}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="7"/>` +
      `<text class="strong" x="${x + width / 2}" y="${y + 18}">${esc(cut(first ?? '', 27))}</text>${texts.join('')}</g>`
    );
  }
}

/** A Service is missing, and that is no error: what dials it may do without. */
export function isMildEdge({ state, findings }: PictureEdge, found: FoundById): boolean {
  return state === 'missing' && findings.every((id) => found.get(id)?.severity !== 'error');
}

/** No error is found in it. */
function isQuiet({ findings }: PictureNode, found: FoundById): boolean {
  return findings.every((id) => found.get(id)?.severity !== 'error');
}

const edgesByNode = new WeakMap<Picture, Map<number, PictureEdge[]>>();

/** Signs beside the colours, for whoever doesn't see them. */
export const SIGNS = { error: '✕', warning: '!', info: 'i' } as const;

function rankOf({ lines }: Cards): number {
  if (lines.some(({ state }) => state === 'blocked')) return 2;
  return lines.some(({ state }) => state === 'missing') ? 1 : 0;
}

function sidesOf({ edges }: CardLine): PictureEdge['blockedBy'] {
  const all = edges.flatMap(({ blockedBy }) => blockedBy);
  return (['egress', 'ingress'] as const).flatMap((side) => all.find((by) => by.side === side) ?? []);
}

function labelBox(line: CardLine): { width: number; height: number } {
  return { width: LABEL.width, height: 12 + LABEL.line * (1 + sidesOf(line).length) };
}

function labelLines(picture: Picture, line: CardLine): string[] {
  const ports = portsOf(line.edges);
  return [
    `${SIGNS.error} blocked${ports === '' ? '' : `: port ${ports}`}`,
    ...sidesOf(line).map(({ side, policy }) => `${side}: ${picture.policies[policy]?.name ?? ''}`),
  ];
}

function portsOf(edges: readonly PictureEdge[]): string {
  return [...new Set(edges.flatMap(({ port }) => port ?? []))].join(', ');
}

function policyName({ policies }: Picture, index: number): string {
  const policy = policies[index];
  return policy ? shortName(policy) : '';
}

/** What a line says: `Deployment/web dials Service/db:5432 (DB_HOST): refused by egress policy NetworkPolicy/web`. */
function sentenceOf(picture: Picture, { edges }: Pick<CardLine, 'edges'>): string {
  const [first] = edges;
  const [from, to] = [picture.nodes[first?.from ?? 0], picture.nodes[first?.to ?? 0]];
  if (!first || !from || !to) return '';
  const verb = { dials: 'dials', routes: 'leads to', selects: 'selects' }[first.type];
  const ports = portsOf(edges);
  const places = [...new Set(edges.flatMap((edge) => edge.places))];
  const more = places.length > 3 ? `${places.slice(0, 3).join(', ')} and ${places.length - 3} more` : places.join(', ');
  return (
    `${nameIn(picture, from)} ${verb} ${addressIn(picture, to, ports === '' ? undefined : ports)}${more === '' ? '' : ` (${more})`}` +
    `: ${stateOf(picture, edges)}`
  );
}

/** What becomes of a connection. */
export function stateOf(picture: Picture, edges: readonly PictureEdge[]): string {
  const [first] = edges;
  if (first?.type === 'selects') return 'its pods answer';
  if (first?.state === 'missing') return 'there is no such Service';
  if (first?.state === 'unknown') return 'whether policies let it through is not known';
  if (first?.state !== 'blocked') return 'nothing here refuses it';
  const sides = sidesOf({ edges } as CardLine).map(
    ({ side, policy }) => `${side} policy ${policyName(picture, policy)}`,
  );
  return `refused by ${sides.join(' and ')}`;
}

function curve(points: readonly Point[]): string {
  let path = '';
  for (const [i, { x, y }] of points.entries()) {
    const last = points[i - 1];
    if (!last) path += `M${x} ${y}`;
    else if (last.y === y) path += `H${x}`;
    else {
      const middle = (x - last.x) / 2;
      path += `C${last.x + middle} ${last.y} ${x - middle} ${y} ${x} ${y}`;
    }
  }
  return path;
}
