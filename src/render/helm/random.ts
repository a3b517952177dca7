import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { RANDOM_VALUE } from '../../cluster/unknown.ts';
import { asMap } from '../../cluster/workloads.ts';
import { type Chart, templatesOf } from './chart.ts';
import { copyChart } from './chart-copy.ts';
import { functionsOf, splitTemplate } from './go-template.ts';
import { counterpart, type PrintedObject } from './output.ts';
import type { HelmRun } from './run.ts';
import type { HelmChart } from './target-chart.ts';

/** Functions of helm's templates that give something else whenever they are called. */
const RANDOM = [
  ...['randAlphaNum', 'randAlpha', 'randAscii', 'randNumeric', 'randBytes', 'randInt', 'shuffle', 'uuidv4'],
  ...['genPrivateKey', 'genCA', 'genCAWithKey', 'genSelfSignedCert', 'genSelfSignedCertWithKey'],
  ...['genSignedCert', 'genSignedCertWithKey', 'htpasswd', 'bcrypt', 'encryptAES', 'ago', 'now'],
];
const MENTIONS_RANDOM = new RegExp(`\\b(?:${RANDOM.join('|')})\\b`);
/** The same in a text of which only parts are templates. */
const CALLS_RANDOM = new RegExp(`\\{\\{[^{}]*\\b(?:${RANDOM.join('|')})\\b`);
const MAX_ARCHIVE = 200 * 1024 * 1024;

/** A time at which no chart is rendered, of the type that `now` has. */
const OTHER_TIME = '(toDate "2006-01-02T15:04:05Z07:00" "2001-02-03T04:05:06Z")';

/**
 * How to render a chart so that what differs is random; undefined where nothing in it can be. Two renders within one second
 * share the time: in the second one, the chart's own templates are given another.
 */
export function secondRender(helm: HelmChart): HelmRun | undefined {
  const { chart } = helm;
  if (!chart) return archiveCallsRandom(helm.target.chart) ? { again: true } : undefined;
  const functions = new Set(chartsIn(chart).flatMap((own) => randomFunctions(own, helm)));
  const inValues = helm.layers.some(({ values }) => CALLS_RANDOM.test(JSON.stringify(values)));
  const inArchives = chartsIn(chart).some(({ archives }) => archives.some(archiveCallsRandom));
  if (functions.size === 0 && !inValues && !inArchives) return undefined;
  return functions.has('now')
    ? { again: true, prepare: (directory) => copyChart(chart, directory, atOtherTime) }
    : { again: true };
}

function chartsIn(chart: Chart): Chart[] {
  return [chart, ...chart.subcharts.flatMap(({ chart: below }) => chartsIn(below))];
}

function randomFunctions(chart: Chart, helm: HelmChart): string[] {
  return templatesOf(chart).flatMap((file) => {
    const text = helm.text(file) ?? '';
    if (!MENTIONS_RANDOM.test(text)) return [];
    const actions =
      splitTemplate(text)?.flatMap((part) => (part.type === 'action' ? functionsOf(part.code) : [])) ?? [];
    return actions.map(({ name }) => name).filter((name) => RANDOM.includes(name));
  });
}

/** What an archive holds is searched as it is. One that can't be read may hold anything. */
function archiveCallsRandom(file: string): boolean {
  try {
    return CALLS_RANDOM.test(gunzipSync(readFileSync(file), { maxOutputLength: MAX_ARCHIVE }).toString('latin1'));
  } catch {
    return true;
  }
}

function atOtherTime(source: string): string | undefined {
  if (!/\bnow\b/.test(source)) return undefined;
  return splitTemplate(source)
    ?.map((part) => (part.type === 'text' ? part.text : `{{ ${withOtherTime(part.code)} }}`))
    .join('');
}

function withOtherTime(code: string): string {
  const calls = functionsOf(code).filter(({ name }) => name === 'now');
  return calls.reduceRight(
    (text, { start }) => text.slice(0, start) + OTHER_TIME + text.slice(start + 'now'.length),
    code,
  );
}

/** The objects with RANDOM_VALUE for all that is different in a second render. */
export function withoutRandom(first: readonly PrintedObject[], second: readonly PrintedObject[]): unknown[] {
  return first.map((object) => {
    const { value } = object.document;
    const other = counterpart(object, second);
    const [a, b] = [asMap(value), asMap(other?.document.value)];
    // An object as a whole stays one, whatever differs in it.
    return a && b ? mergeMaps(a, b, [...new Set([...Object.keys(a), ...Object.keys(b)])]) : value;
  });
}

function merge(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length ? a.map((item, i) => merge(item, b[i])) : RANDOM_VALUE;
  }
  const [left, right] = [asMap(a), asMap(b)];
  if (left && right) {
    const keys = Object.keys(left);
    const same = keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key));
    return same ? mergeMaps(left, right, keys) : RANDOM_VALUE;
  }
  return a === b ? a : RANDOM_VALUE;
}

function mergeMaps(a: Record<string, unknown>, b: Record<string, unknown>, keys: readonly string[]): unknown {
  return Object.fromEntries(
    keys.map((key) => [key, Object.hasOwn(a, key) && Object.hasOwn(b, key) ? merge(a[key], b[key]) : RANDOM_VALUE]),
  );
}
