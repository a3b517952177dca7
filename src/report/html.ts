import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { version } from '../cli.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Picture } from '../picture.ts';
import type { Severity } from '../rule.ts';
import { rules } from '../rules/index.ts';
import { css } from './html/css.ts';
import { environmentSection } from './html/environment.ts';
import { esc, escLines } from './html/escape.ts';
import { findingGroups, type Numbered } from './html/findings.ts';
import { type FoundById, SIGNS } from './html/map.ts';
import { stories } from './html/stories.ts';
import type { ReporterOptions } from './index.ts';
import type { Report, UncheckedItem } from './report.ts';
import { counted, environmentsOf, exceptions, showLocation, shown } from './shown.ts';

/** More environments than this don't show their map at once. */
const MOST_OPEN = 3;
const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/**
 * The report as one page that needs nothing else: pictures of the environments, the findings with their lines, and the stories of the
 * rules. All is there without its script, which filters, searches and links.
 */
export function writeHtml(report: Report, { severity, sources }: ReporterOptions): string {
  const diagnostics = shown(report.diagnostics, severity);
  const names = report.environments;
  const pictures = report.pictures ?? [];
  const drawn = new Set(
    pictures.flatMap(({ nodes, edges }) => [...nodes, ...edges].flatMap(({ findings }) => findings)),
  );
  const numbered = number(diagnostics, drawn);
  const found: FoundById = new Map(
    numbered.map(({ diagnostic, index, id }) => [diagnostic.fingerprint, { index, id, severity: diagnostic.severity }]),
  );
  const fired = new Set([...diagnostics, ...report.suppressed.map((one) => one.diagnostic)].map(({ rule }) => rule));
  const body = [
    header(report, diagnostics),
    '<main class="wide">',
    diagnostics.length > 0 ? filterBar(diagnostics, names) : clean(report),
    ...(pictures.some(({ nodes }) => nodes.length > 0) ? [environments(pictures, names, found)] : []),
    ...(diagnostics.length > 0
      ? [
          '<section id="findings" aria-label="Findings">',
          '<p class="none" id="none" hidden>Nothing here matches the filters.</p>',
          findingGroups(numbered, names, sources),
          '</section>',
        ]
      : []),
    asides(report),
    fired.size > 0
      ? `<section class="aside" id="rules" aria-labelledby="rules-title"><h2 id="rules-title">The rules behind it</h2>${stories(rules.filter(({ id }) => fired.has(id)))}</section>`
      : '',
    '</main>',
    `<footer class="wide">Written by k8s-lint ${esc(version())}. This page needs no network.</footer>`,
    '<dialog id="story" aria-labelledby="story-title"><div class="head"><h2 id="story-title"></h2><button class="plain" type="button" id="story-close">Close</button></div><div id="story-body"></div></dialog>',
  ];
  return page(titleOf(report, diagnostics), body.filter((part) => part !== '').join('\n'));
}

/** A page that nothing can be put into: only this style and this script are obeyed, and nothing is loaded. */
function page(title: string, body: string): string {
  const script = readFileSync(new URL('./html/client.js', import.meta.url), 'utf8');
  const policy =
    `default-src 'none'; img-src data:; style-src '${hashOf(css)}'; script-src '${hashOf(script)}'; ` +
    "base-uri 'none'; form-action 'none'";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${esc(title)}</title>
<link rel="icon" href="data:,">
<style>${css}</style>
</head>
<body>
<a class="skip" href="#findings">Skip to the findings</a>
${body}
<script type="module">${script}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** Findings may share a fingerprint: the second and later ones of it get a number. */
function number(diagnostics: readonly Diagnostic[], drawn: ReadonlySet<string>): Numbered[] {
  const seen = new Map<string, number>();
  return diagnostics.map((diagnostic, index) => {
    const { fingerprint } = diagnostic;
    const times = seen.get(fingerprint) ?? 0;
    seen.set(fingerprint, times + 1);
    const id = `f-${fingerprint}${times === 0 ? '' : `-${times + 1}`}`;
    return { diagnostic, index, id, onMap: drawn.has(fingerprint) };
  });
}

function counts(diagnostics: readonly Diagnostic[]): { severity: Severity; count: number }[] {
  return SEVERITIES.map((severity) => ({
    severity,
    count: diagnostics.filter((diagnostic) => diagnostic.severity === severity).length,
  })).filter(({ count }) => count > 0);
}

function spoken({ severity, count }: { severity: Severity; count: number }): string {
  return severity === 'info' ? `${count} info` : counted(count, severity);
}

function titleOf(report: Report, diagnostics: readonly Diagnostic[]): string {
  const found = counts(diagnostics).map(spoken).join(', ');
  const text = found === '' ? nothing(report).toLowerCase() : found;
  return `k8s-lint: ${report.failures.length > 0 ? 'could not run whole; ' : ''}${text}`;
}

/** What to say where nothing was found: it matters whether anything was judged. */
function nothing({ note, failures, since }: Report): string {
  if (note !== undefined) return 'Nothing was judged';
  return `Nothing ${since ? 'new ' : ''}found${failures.length > 0 ? ' in what was judged' : ''}`;
}

function header(report: Report, diagnostics: readonly Diagnostic[]): string {
  const { summary, rules: ran, since, failures, environments: names } = report;
  const found = counts(diagnostics).map(
    (one) => `<span class="${one.severity}-text">${SIGNS[one.severity]} ${spoken(one)}</span>`,
  );
  const fresh = since ? ' that are new' : '';
  const title = found.length > 0 ? `${found.join(', ')}${fresh}` : nothing(report);
  const hidden = summary.errors + summary.warnings + summary.infos - diagnostics.length;
  const facts = [
    counted(names.length, 'environment'),
    counted(summary.targets, 'target'),
    counted(summary.resources, 'resource'),
    counted(ran.length, 'rule'),
    ...exceptions(report, (file) => file),
    ...(hidden > 0 ? [`${hidden} below the severity asked for`] : []),
  ];
  const note = report.note === undefined ? '' : `<p>${escLines(report.note)}</p>`;
  const problems =
    failures.length === 0
      ? ''
      : `<div class="alert" role="note"><strong>The run could not be whole.</strong><ul>${failures.map((text) => `<li>${escLines(text)}</li>`).join('')}</ul></div>`;
  return `<header class="top wide"><p class="eyebrow">k8s-lint</p><h1>${title}</h1><p class="facts">${esc(facts.join(' · '))}</p>${comparison(report)}${note}${problems}</header>`;
}

function comparison({ since }: Report): string {
  if (!since) return '';
  const { ref, commit, before, fixed } = since;
  const old = before.errors + before.warnings + before.infos;
  return `<p class="facts">Compared with <code>${esc(ref)}</code> (${esc(commit.slice(0, 12))}): ${counted(fixed.length, 'finding')} fixed, ${old} that ${old === 1 ? 'was' : 'were'} there before not shown.</p>`;
}

function filterBar(diagnostics: readonly Diagnostic[], names: readonly string[]): string {
  const severities = counts(diagnostics).map(
    ({ severity, count }) =>
      `<button class="chip" type="button" data-severity="${severity}" aria-pressed="false"><span class="${severity}-text">${SIGNS[severity]}</span> ${severity}<b>${count}</b></button>`,
  );
  const byRule = new Map<string, number>();
  for (const { rule } of diagnostics) byRule.set(rule, (byRule.get(rule) ?? 0) + 1);
  const options = [...byRule]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([rule, count]) => `<option value="${esc(rule)}">${esc(rule)} (${count})</option>`);
  return (
    '<form class="bar" id="bar" role="search" aria-label="Filter the findings" hidden>' +
    '<input type="search" id="q" aria-label="Search in the findings" placeholder="Search: name, file, message ( / )" autocomplete="off" spellcheck="false">' +
    (severities.length > 1 ? `<fieldset class="chips" aria-label="Severity">${severities.join('')}</fieldset>` : '') +
    `<select id="rule" aria-label="Rule"><option value="">All rules</option>${options.join('')}</select>` +
    '<button class="plain" type="button" id="reset" hidden>Clear</button>' +
    `<p class="count" id="count" role="status">${counted(diagnostics.length, 'finding')}</p>` +
    environmentChips(diagnostics, names) +
    '<p class="only-for" id="only-for" hidden><span id="only-for-text"></span><button class="plain" type="button" id="only-for-clear">Show all again</button></p>' +
    '</form>'
  );
}

function environmentChips(diagnostics: readonly Diagnostic[], names: readonly string[]): string {
  if (names.length <= 1) return '';
  const chips = names.map((name, i) => {
    const own = counts(diagnostics.filter((diagnostic) => environmentsOf(diagnostic).includes(name)));
    const said = own.map(
      ({ severity, count }) => ` <b class="${severity}-text" title="${severity}">${SIGNS[severity]}${count}</b>`,
    );
    const none = said.length === 0 ? ' <b class="good-text">✓</b>' : '';
    return `<button class="chip" type="button" data-environment="${i}" aria-pressed="false">${esc(name)}${said.join('')}${none}</button>`;
  });
  return `<fieldset class="chips environments" aria-label="Environment"><button class="chip" type="button" data-environment="" aria-pressed="true">All environments</button>${chips.join('')}</fieldset>`;
}

function environments(pictures: readonly Picture[], names: readonly string[], found: FoundById): string {
  const drawn = pictures.filter(({ nodes }) => nodes.length > 0);
  const bad = drawn.filter(({ edges }) => edges.some(({ state }) => state === 'blocked' || state === 'missing'));
  const open = new Set((bad.length > 0 ? bad : drawn).slice(0, bad.length > 0 ? MOST_OPEN : 1));
  const sections = drawn.map((picture) =>
    environmentSection(picture, names.indexOf(picture.environment), found, open.has(picture)),
  );
  return `<section aria-label="Environments" id="environments">${sections.join('\n')}</section>`;
}

function clean({ note, failures, since }: Report): string {
  if (note !== undefined || failures.length > 0) return '';
  const text = since ? 'This change brings nothing new.' : 'Nothing to mend.';
  return `<section class="clean" id="findings" aria-label="Findings"><p class="tick" aria-hidden="true">✓</p><h2>${text}</h2></section>`;
}

/** What is folded below the findings: what was fixed, ignored, and not checked. */
function asides({ suppressed, unchecked, since }: Report): string {
  const fixed = (since?.fixed ?? []).map(
    ({ severity, message, rule, location }) =>
      `<li><span class="sev ${severity}">${SIGNS[severity]} ${severity}</span>${escLines(message)} <code>${esc(showLocation(location))}</code> <code>${esc(rule)}</code></li>`,
  );
  const ignored = suppressed.map(
    ({ diagnostic: { message, rule, location }, reason, location: at }) =>
      `<li>${escLines(message)} <code>${esc(showLocation(location))}</code> <code>${esc(rule)}</code><br><span class="soft">${esc(reason)} (<code>${esc(showLocation(at))}</code>)</span></li>`,
  );
  return [
    fold('Fixed by this change', fixed),
    fold('Ignored, with a reason', ignored),
    fold('Not checked', notChecked(unchecked)),
  ].join('');
}

function notChecked(unchecked: readonly UncheckedItem[]): string[] {
  const places = new Map<string, string[]>();
  for (const { what, reason, target } of unchecked) {
    const text = `${what}: ${reason}`;
    places.set(text, [...(places.get(text) ?? []), target]);
  }
  return [...places].map(
    ([text, targets]) => `<li>${esc(text)} <span class="soft">(${esc(targets.join(', '))})</span></li>`,
  );
}

function fold(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return `<div class="aside"><details><summary><strong>${title}</strong> <span class="soft">${items.length}</span></summary><ul>${items.join('')}</ul></details></div>`;
}
