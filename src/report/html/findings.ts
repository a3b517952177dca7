import type { Diagnostic } from '../../diagnostic.ts';
import type { SourceFiles } from '../../source.ts';
import { excerpt } from '../excerpt.ts';
import { environmentsOf, showLocation, showTarget } from '../shown.ts';
import { esc, escLines } from './escape.ts';
import { SIGNS } from './map.ts';

/** A finding with its number on the page, and the name by which a link leads to it. */
export interface Numbered {
  diagnostic: Diagnostic;
  index: number;
  id: string;
  /** Whether the map shows what it is about. */
  onMap: boolean;
}

/** More targets than this are counted. */
const LISTED_TARGETS = 6;

/** The findings by the environments that have them, then by file. `names` are all environments, in their order. */
export function findingGroups(all: readonly Numbered[], names: readonly string[], sources: SourceFiles): string {
  const groups = new Map<string, Numbered[]>();
  for (const one of all) {
    const own = new Set(environmentsOf(one.diagnostic));
    const id = JSON.stringify(names.flatMap((name, i) => (own.has(name) ? [i] : [])));
    const group = groups.get(id);
    if (group) group.push(one);
    else groups.set(id, [one]);
  }
  const sorted = [...groups].map(([id, members]) => ({ indices: JSON.parse(id) as number[], members }));
  // What all have comes first: one edit mends it everywhere.
  sorted.sort((a, b) => b.indices.length - a.indices.length || compareLists(a.indices, b.indices));
  return sorted
    .map(({ indices, members }, i) => {
      const own = indices.map((index) => names[index] ?? '');
      const files = new Map<string, Numbered[]>();
      for (const one of members) {
        const { file } = one.diagnostic.location;
        const same = files.get(file);
        if (same) same.push(one);
        else files.set(file, [one]);
      }
      const sections = [...files].map(([file, list]) => fileSection(file, list, indices, sources));
      return `<section class="group" aria-labelledby="g${i}"><h2 id="g${i}">${groupTitle(own, names)}</h2>${sections.join('')}</section>`;
    })
    .join('\n');
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (const [i, item] of a.entries()) {
    const other = b[i] ?? 0;
    if (item !== other) return item - other;
  }
  return 0;
}

function groupTitle(own: readonly string[], all: readonly string[]): string {
  if (all.length <= 1) return 'Findings';
  if (own.length === 0) return 'In no environment';
  if (own.length === all.length) return own.length === 2 ? 'In both environments' : `In all ${own.length} environments`;
  const names = own.map(esc);
  const last = names.pop() ?? '';
  return names.length === 0 ? `Only in ${last}` : `In ${names.join(', ')} and ${last}`;
}

function fileSection(file: string, list: readonly Numbered[], environments: readonly number[], sources: SourceFiles) {
  return (
    `<section class="file"><h3><code>${esc(file)}</code></h3>` +
    `${list.map((one) => article(one, environments, sources)).join('\n')}</section>`
  );
}

function article({ diagnostic, index, id, onMap }: Numbered, environments: readonly number[], sources: SourceFiles) {
  const { severity, message, rule, location, targets } = diagnostic;
  const names = targets.map(showTarget);
  const more = names.length > LISTED_TARGETS ? ` and ${names.length - LISTED_TARGETS} more` : '';
  const where = names.length > 0 ? `<span>in ${esc(names.slice(0, LISTED_TARGETS).join(', '))}${more}</span>` : '';
  const button = onMap ? `<button class="plain on-map" type="button" hidden>Show on the map</button>` : '';
  return (
    `<article class="finding ${severity}" id="${esc(id)}" data-i="${index}" data-s="${severity}" data-r="${esc(rule)}" data-e="${environments.join(' ')}" aria-labelledby="m${index}">` +
    `<h4 id="m${index}"><span class="sev ${severity}">${SIGNS[severity]} ${severity}</span><span class="msg">${escLines(message)}</span></h4>` +
    `<p class="meta"><code>${esc(showLocation(location))}</code><a class="rule" href="#rule-${esc(rule)}">${esc(rule)}</a>${where}` +
    `<a class="here-link" href="#${esc(id)}" aria-label="Link to this finding">link</a>${button}</p>` +
    `${sourceOf(diagnostic, sources)}${wayOf(diagnostic)}</article>`
  );
}

/** The lines to edit; the one that holds a credential is the one thing that a page must not show. */
export function sourceOf({ rule, location, resource }: Diagnostic, sources: SourceFiles): string {
  if (rule === 'plaintext-credential') return '';
  const lines = excerpt(location, sources, 2, resource?.kind === 'Secret');
  if (lines.length === 0) return '';
  const rows = lines.map(
    ({ number, text, marked }) => `<span${marked ? ' class="here"' : ''}><i>${number}</i>${esc(text)}</span>`,
  );
  return `<pre class="source"><code>${rows.join('')}</code></pre>`;
}

function wayOf({ related }: Diagnostic): string {
  if (related.length === 0) return '';
  const items = related.map(
    ({ message, location }) => `<li><code>${esc(showLocation(location))}</code>: ${esc(message)}</li>`,
  );
  return `<ul class="way">${items.join('')}</ul>`;
}
