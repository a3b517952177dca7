import type { Picture, PictureEdge, PictureNode } from '../../picture.ts';
import { counted } from '../shown.ts';
import { within } from './cards.ts';
import { esc } from './escape.ts';
import { drawMap, type FoundById, isMildEdge, SIGNS, stateOf } from './map.ts';
import { addressIn, hasNamespaces, nameIn } from './names.ts';

/** More incidents than this are counted above the map: the findings below tell each. */
const MOST_INCIDENTS = 3;
/** A table longer than this says nothing that the search in the repository wouldn't. */
const MOST_ROWS = 2000;
/** More names than this of one kind are counted. */
const MOST_NAMES = 200;

/** One environment: what is broken between its parts in words, its map, and the same as a table for whoever doesn't see it. */
export function environmentSection(picture: Picture, index: number, found: FoundById, open: boolean): string {
  const { environment, notes } = picture;
  const { svg, rest } = drawMap(picture, found, `Map of ${environment}: arrow keys move, Enter selects, Escape clears`);
  return (
    `<details class="environment" data-e="${index}"${open ? ' open' : ''}><summary><h2>${esc(environment)}</h2> ${gist(picture, found)}</summary><div class="body">` +
    incidents(picture, found) +
    notes.map((note) => `<p class="soft">${esc(note)}</p>`).join('') +
    (svg === '' ? '' : `<div class="frame" data-e="${index}">${svg}</div>${tools(picture, found)}`) +
    others(picture, rest, found, index) +
    table(picture, found) +
    '</div></details>'
  );
}

function tools(picture: Picture, found: FoundById): string {
  return (
    `<div class="tools">${legend(picture, found)}<span class="zoom" hidden><button class="plain" type="button" data-zoom="out" aria-label="Smaller">−</button>` +
    '<button class="plain" type="button" data-zoom="in" aria-label="Larger">+</button>' +
    '<button class="plain" type="button" data-zoom="fit">Fit</button></span></div>'
  );
}

function gist({ nodes, edges }: Picture, found: FoundById): string {
  const of = (type: PictureNode['type']) => nodes.filter((node) => node.type === type).length;
  const dials = edges.filter(({ type }) => type !== 'selects');
  const bad = (state: PictureEdge['state']) => edges.filter((edge) => edge.state === state).length;
  const facts = [
    counted(of('workload'), 'workload'),
    counted(of('service'), 'Service'),
    ...(of('entry') > 0 ? [counted(of('entry'), 'route')] : []),
    counted(dials.length, 'connection'),
  ];
  const red = [
    ...(bad('blocked') > 0 ? [`${bad('blocked')} blocked`] : []),
    ...(bad('missing') > 0 ? [`${bad('missing')} to no Service`] : []),
  ];
  const isMild = edges.every(
    (edge) => edge.state !== 'blocked' && (edge.state !== 'missing' || isMildEdge(edge, found)),
  );
  const severity = isMild ? 'warning' : 'error';
  const told = red.length > 0 ? ` <strong class="${severity}-text">${SIGNS[severity]} ${red.join(', ')}</strong>` : '';
  return `<span class="soft">${facts.join(' · ')}</span>${told}`;
}

/** The connections that are broken, errors first, each in one line that reads like the map. */
function incidents(picture: Picture, found: FoundById): string {
  const broken = picture.edges.filter(({ state }) => state === 'blocked' || state === 'missing');
  const isMild = (edge: PictureEdge) => isMildEdge(edge, found);
  const bad = [...broken.filter((edge) => !isMild(edge)), ...broken.filter(isMild)];
  if (bad.length === 0) return '';
  const items = bad.slice(0, MOST_INCIDENTS).map((edge) => {
    const [from, to] = [picture.nodes[edge.from], picture.nodes[edge.to]] as [PictureNode, PictureNode];
    const link = edge.findings.flatMap((id) => found.get(id)?.id ?? [])[0];
    const more = link === undefined ? '' : ` · <a href="#${esc(link)}">the finding</a>`;
    const places = edge.places.length > 0 ? ` · configured by ${edge.places.map(esc).join(', ')}` : '';
    return (
      `<li${isMild(edge) ? ' class="mild"' : ''}><p class="flow"><span>${esc(nameIn(picture, from))}</span><span class="by" aria-hidden="true">${edge.state === 'blocked' ? '┄┄ ✕ ┄▸' : '┄┄▸'}</span>` +
      `<span>${esc(addressIn(picture, to, edge.port))}</span></p>` +
      `<p class="soft">${esc(stateOf(picture, [edge]))}${places}${more}</p></li>`
    );
  });
  const rest = bad.length - items.length;
  if (rest > 0) items.push(`<li><p>and ${rest} more</p></li>`);
  return `<ul class="incidents" aria-label="Broken connections">${items.join('')}</ul>`;
}

/** What isn't drawn, by namespace: a map of each where there are several, and the names by kind. */
function others(picture: Picture, rest: readonly number[], found: FoundById, index: number): string {
  if (rest.length === 0) return '';
  const namespaces = new Map<string | undefined, Map<string, string[]>>();
  for (const i of rest) {
    const { namespace, kind, name } = picture.nodes[i] as PictureNode;
    const kinds = namespaces.get(namespace) ?? new Map<string, string[]>();
    namespaces.set(namespace, kinds);
    const names = kinds.get(kind);
    if (names) names.push(name);
    else kinds.set(kind, [name]);
  }
  const items = [...namespaces].map(([namespace, kinds]) => {
    const told = [...kinds].map(([kind, names]) => counted(names.length, kind)).join(', ');
    const title = namespace ?? 'no namespace';
    const label = `Map of ${title} in ${picture.environment}`;
    const drawn = hasNamespaces(picture) ? drawMap(within(picture, namespace), found, label).svg : '';
    const map = drawn === '' ? '' : `<div class="frame" data-e="${index}">${drawn}</div>`;
    const lists = [...kinds].map(([kind, names]) => {
      const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
      return `<li>${esc(kind)}: ${names.slice(0, MOST_NAMES).map(esc).join(', ')}${more}</li>`;
    });
    return `<details class="fold"><summary>${esc(title)} <span class="soft">${esc(told)}</span></summary>${map}<ul class="names">${lists.join('')}</ul></details>`;
  });
  return `<details class="fold"><summary>${rest.length} more that are not drawn above</summary>${items.join('')}</details>`;
}

/** All connections in words, what is broken first. */
function table(picture: Picture, found: FoundById): string {
  const rank = { blocked: 0, missing: 1, unknown: 2, ok: 3 };
  const rows = picture.edges
    .filter(({ type }) => type !== 'selects')
    .map((edge, i) => ({ edge, i }))
    .sort((a, b) => rank[a.edge.state] - rank[b.edge.state] || a.i - b.i);
  if (rows.length === 0) return '';
  const lines = rows.slice(0, MOST_ROWS).map(({ edge }) => {
    const [from, to] = [picture.nodes[edge.from], picture.nodes[edge.to]] as [PictureNode, PictureNode];
    const isBad = edge.state === 'blocked' || edge.state === 'missing';
    const severity = isMildEdge(edge, found) ? 'warning' : 'error';
    const state = `${isBad ? `${SIGNS[severity]} ` : ''}${stateOf(picture, [edge])}`;
    return `<tr><td>${esc(nameIn(picture, from))}</td><td>${esc(addressIn(picture, to, edge.port))}</td><td>${edge.places.map(esc).join(', ')}</td><td${isBad ? ` class="${severity}-text"` : ''}>${esc(state)}</td></tr>`;
  });
  const more = rows.length > lines.length ? `<p class="soft">and ${rows.length - lines.length} more</p>` : '';
  return (
    `<details class="fold"><summary>Connections as a table <span class="soft">${rows.length}</span></summary><div class="scroll" tabindex="0" role="region" aria-label="Connections of ${esc(picture.environment)}">` +
    `<table><thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Configured in</th><th scope="col">What becomes of it</th></tr></thead><tbody>${lines.join('')}</tbody></table>${more}</div></details>`
  );
}

/** What the signs on a map mean: each differs by more than its colour. */
function legend({ nodes, edges }: Picture, found: FoundById): string {
  const has = (state: PictureEdge['state']) => edges.some((edge) => edge.type !== 'selects' && edge.state === state);
  const isAllMild = edges.every((edge) => edge.state !== 'missing' || isMildEdge(edge, found));
  const items = [
    ...(nodes.some(({ type }) => type === 'service') ? [[SERVICE, 'a Service, on the workloads it selects']] : []),
    ...(has('ok') ? [[arrow('ok'), 'is told to dial, or leads to']] : []),
    ...(has('blocked') ? [[arrow('blocked'), '✕ blocked by NetworkPolicies']] : []),
    ...(has('missing') ? [[arrow(isAllMild ? 'missing mild' : 'missing'), 'to a Service that isn’t there']] : []),
    ...(has('unknown') ? [[arrow('unknown'), 'can’t be judged']] : []),
    ...(nodes.some(({ isolated }) => isolated)
      ? [[GATES, 'NetworkPolicies limit what comes in (left) or goes out (right)']]
      : []),
  ];
  return `<ul class="legend" aria-label="Legend">${items.map(([sign = '', text]) => `<li>${sample(sign)}${text}</li>`).join('')}</ul>`;
}

const SERVICE =
  '<rect class="box" x="1" y="1" width="40" height="12" rx="3"/><path class="plug" d="M7 3h4a4 4 0 0 1 0 8h-4z"/>';
const GATES =
  '<rect class="box" x="4" y="0.5" width="36" height="13" rx="3"/>' +
  '<rect class="gate" x="1.5" y="2" width="5" height="10" rx="2.5"/><rect class="gate" x="37.5" y="2" width="5" height="10" rx="2.5"/>';

function arrow(state: string): string {
  return `<g class="line ${state}"><path d="M0 7H38"/><path class="tip" d="M37 2.5L44 7L37 11.5z"/></g>`;
}

function sample(sign: string): string {
  return `<svg class="map" width="46" height="14" aria-hidden="true">${sign}</svg>`;
}
