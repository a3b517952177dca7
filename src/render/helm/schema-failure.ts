import { join } from 'node:path';
import type { SourceFinding } from '../../cluster/cluster.ts';
import { valueAt } from '../../cluster/workloads.ts';
import type { Location, Path } from '../../resource.ts';
import type { Failure } from './failure.ts';
import type { HelmChart } from './target-chart.ts';

const HEADING = /^values don't meet the specifications of the schema\(s\) in the following chart\(s\):\n/;

/** Whether helm refused the values for what values.schema.json has against them, by all that it said. */
export function isSchemaFailure(stderr: string): boolean {
  return /^(?:Error: )?values don't meet the specifications of the schema/m.test(stderr);
}

/** Whether a chart's values.schema.json refers to one on the network, which is never fetched. */
export function needsRemoteSchema(message: string): boolean {
  return /^(?:Get "https?:|failing loading "https?:)/m.test(message);
}

/** What values.schema.json has against the values: one finding for each, at the value. */
export function schemaFindings(message: string, helm: HelmChart): Failure | undefined {
  if (!HEADING.test(message)) return undefined;
  const findings = new Map<string, SourceFinding>();
  const { errors, broken } = readErrors(message.replace(HEADING, ''), helm);
  if (broken !== undefined) {
    const file = join(helm.target.chart, 'values.schema.json');
    const location = helm.text(file) === undefined ? helm.chartLocation : { file: helm.shown(file) };
    return { findings: [{ rule: 'render-failed', message: `values.schema.json can't be used: ${broken}`, location }] };
  }
  for (const { chart, path, said } of errors) {
    const schema = chart === helm.chart?.name ? 'values.schema.json' : `values.schema.json of chart ${chart}`;
    const where = path.length > 0 ? `${path.join('.')}: ` : '';
    const text = `the values don't match ${schema}: ${where}${said}`;
    const location = locationOf(path, said, helm);
    findings.set(JSON.stringify([text, location]), { rule: 'render-failed', message: text, location });
  }
  return { findings: [...findings.values()], lacks: 'values' };
}

interface SchemaError {
  chart: string;
  /** In the values of the release. */
  path: Path;
  said: string;
}

/**
 * helm 3.17 writes `- net.port: Invalid type. …`, with dots between keys that may hold dots; helm 4 JSON pointers, as a tree:
 * `- at '/net/port': got string, want integer`.
 */
function readErrors(text: string, helm: HelmChart): { errors: SchemaError[]; broken: string | undefined } {
  const errors: SchemaError[] = [];
  /** What is no error of a value: the schema itself can't be used. */
  let broken: string | undefined;
  const root = helm.entries.find(({ path }) => path.length === 0)?.value ?? {};
  let chart = helm.chart?.name ?? '';
  let prefix: Path = [];
  /** Lines that stand deeper are the alternatives of the one before. */
  let alternativesBelow = Number.POSITIVE_INFINITY;
  for (const line of text.split('\n')) {
    const item = /^( *)- (?:at '(\/.*?|)'|(\S+?)): (.*)$/.exec(line);
    if (!item) {
      const heading = /^(\S+):$/.exec(line)?.[1];
      if (heading !== undefined) {
        chart = heading;
        prefix = valuesPathOf(heading, helm);
      } else if (line.trim() !== '') broken ??= line.trim();
      continue;
    }
    const [, indent = '', pointer, dotted = '', said = ''] = item;
    if (indent.length > alternativesBelow) continue;
    alternativesBelow = Number.POSITIVE_INFINITY;
    if (said === 'validation failed') continue;
    if (/^'(?:oneOf|anyOf)' failed/.test(said)) alternativesBelow = indent.length;
    const own = pointer === undefined ? fromDots(dotted, valueAt(root, prefix)) : fromPointer(pointer);
    errors.push({ chart, path: [...prefix, ...own], said: withoutValue(said) });
  }
  return { errors, broken };
}

/** The path of a chart's values in those of the release. Only its name is known. */
function valuesPathOf(name: string, helm: HelmChart): Path {
  if (name === helm.chart?.name) return [];
  const found: Path[] = [];
  const search = (chart: HelmChart['chart'], at: Path) => {
    for (const { names, chart: below } of chart?.subcharts ?? []) {
      for (const own of names) {
        if (own === name) found.push([...at, own]);
        search(below, [...at, own]);
      }
    }
  };
  search(helm.chart, []);
  return found[0] ?? [name];
}

function fromPointer(pointer: string): Path {
  const keys = pointer.split('/').slice(1);
  return keys.map((key) => {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
    return /^\d+$/.test(name) ? Number(name) : name;
  });
}

/** Takes a dotted path apart along the values: their keys may hold dots, too. */
function fromDots(dotted: string, values: unknown): Path {
  if (dotted === '(root)' || dotted === '') return [];
  const isList = Array.isArray(values);
  const keys = typeof values === 'object' && values !== null ? Object.keys(values) : [];
  const key = keys
    .filter((own) => dotted === own || dotted.startsWith(`${own}.`))
    .sort((a, b) => b.length - a.length)[0];
  if (key === undefined) return dotted.split('.');
  const step = isList ? Number(key) : key;
  return [step, ...fromDots(dotted.slice(key.length + 1), (values as Record<string, unknown>)[key])];
}

/** Where a value stands: the key that must not be there, the value that is wrong, or what lacks a key. */
function locationOf(path: Path, said: string, helm: HelmChart): Location {
  const extra = /^[Aa]dditional propert(?:y|ies) '?([^\s']+)'?(?:, .*)? (?:is )?not allowed/.exec(said)?.[1];
  const location =
    (extra !== undefined && helm.locateValue([...path, extra], 'key')) || (path.length > 0 && helm.locateValue(path));
  if (location) return location;
  const last = helm.target.values.at(-1);
  return last !== undefined && !helm.target.set ? { file: helm.shown(last) } : helm.configLocation;
}

/** Some messages quote the value, which may be a secret. */
function withoutValue(said: string): string {
  return said.replace(/^'.*' (?=(?:does not match|is not valid|not valid|is not) )/s, '');
}
