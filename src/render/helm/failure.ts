import { existsSync, lstatSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import type { SourceFinding } from '../../cluster/cluster.ts';
import { valueAt } from '../../cluster/workloads.ts';
import type { Location, Path } from '../../resource.ts';
import type { Related } from '../../rule.ts';
import { isSensitive } from '../../sensitive-key.ts';
import { readYaml } from '../../yaml.ts';
import { filesBelow } from './chart.ts';
import { openActions } from './go-template.ts';
import type { MarkedOutput } from './marks.ts';
import { splitManifests } from './output.ts';
import { schemaFindings } from './schema-failure.ts';
import type { HelmChart } from './target-chart.ts';
import { differingValues, markedOutputs, Trace } from './trace.ts';

/** Why helm didn't render a chart. */
export interface Failure {
  findings: SourceFinding[];
  /** What the chart needs and nobody gave: no mistake where nobody has configured the chart. */
  lacks?: 'values' | 'dependencies' | 'version';
}

/** Templates may fail with a text of any length. */
const MAX_MESSAGE = 1000;

/** Explains what `helm template` wrote to stderr. Its messages are those of helm 3.17 and 4.1. */
export async function explainFailure(stderr: string, helm: HelmChart): Promise<Failure> {
  const message = messageOf(stderr);
  const failure =
    missingDependencies(message, helm) ??
    refusedVersion(message, helm) ??
    schemaFindings(message, helm) ??
    brokenFile(message, helm) ??
    invalidMetadata(message, helm) ??
    unreadableFile(message, helm) ??
    wrongSubchartValues(message, helm) ??
    (await brokenOutput(message, helm)) ??
    atPosition(message, helm);
  if (failure) return { ...failure, findings: failure.findings.map((own) => withoutSecrets(own, helm)) };
  const location = /release name/.test(message) ? helm.configLocation : helm.chartLocation;
  const shown = message.replaceAll(helm.target.chart, helm.shown(helm.target.chart));
  return { findings: [withoutSecrets(finding(shown.replaceAll(`${helm.context.cwd}/`, ''), location), helm)] };
}

/** Shorter values are words of any message. */
const SHORTEST = 4;

/** What templates say when they fail may hold a value that has the name of a secret. */
function withoutSecrets(own: SourceFinding, helm: HelmChart): SourceFinding {
  const secrets = helm.entries.flatMap(({ path, value }) => {
    const key = path.findLast((part) => typeof part === 'string') ?? '';
    if (!isSensitive(key) || (typeof value !== 'string' && typeof value !== 'number')) return [];
    const text = String(value);
    return text.length < SHORTEST || key.toLowerCase().includes(text.toLowerCase()) ? [] : [text];
  });
  const message = secrets
    .sort((a, b) => b.length - a.length)
    .reduce((text, by) => text.replaceAll(by, '…'), own.message);
  return { ...own, message };
}

/** The text behind `Error: `, without advice on flags. A crash has none. */
function messageOf(stderr: string): string {
  const error = /^Error: ([\s\S]*)/m
    .exec(stderr)?.[1]
    ?.replace(/\s*Use --debug flag to render out invalid YAML\s*/, '');
  if (error) return error.trim();
  if (/stack overflow/.test(stderr))
    return 'helm crashed with a stack overflow: a template includes itself without end';
  const crash = /^(?:fatal error|panic): .*/m.exec(stderr)?.[0];
  return crash ? `helm crashed: ${crash}` : stderr.trim().split('\n')[0] || 'helm failed without a message';
}

function finding(text: string, location: Location, related: Related[] = []): SourceFinding {
  const message = text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
  return { rule: 'render-failed', message, location, ...(related.length > 0 && { related }) };
}

function missingDependencies(message: string, helm: HelmChart): Failure | undefined {
  const names = /found in Chart\.yaml, but missing in charts\/ directory: (.*)$/s.exec(message)?.[1];
  if (names === undefined) return undefined;
  const findings = names.split(', ').map((name) => {
    const advice = `run \`helm dependency build ${helm.shown(helm.target.chart)}\``;
    return finding(
      `found in Chart.yaml, but missing in charts/ directory: ${name}; ${advice}`,
      helm.dependencyLocation(name),
    );
  });
  return { findings, lacks: 'dependencies' };
}

function refusedVersion(message: string, helm: HelmChart): Failure | undefined {
  if (!/^chart requires kubeVersion: /.test(message)) return undefined;
  const location = helm.locateIn(join(helm.target.chart, 'Chart.yaml'), ['kubeVersion']) ?? helm.chartLocation;
  return { findings: [finding(message, location)], lacks: 'version' };
}

const UNPACKING = /^error unpacking subchart (\S+) in \S+: /;

/** Files of values or of the chart's metadata that helm can't read. */
function brokenFile(message: string, helm: HelmChart): Failure | undefined {
  const values = /^failed to parse (\S[\s\S]*?): (?:cannot unmarshal yaml document: )?(error .*)/s.exec(message);
  if (values?.[1]) {
    const isSet = !existsSync(values[1]);
    const location = isSet ? helm.configLocation : yamlErrorLocation(values[1], values[2] ?? '', helm);
    return { findings: [finding(`malformed values: ${yamlReason(values[2] ?? '')}`, location)] };
  }
  const { directory, rest } = inSubchart(message, helm);
  const [, name, reason = ''] = /^cannot load (\S+): (?:cannot unmarshal yaml document: )?(.*)/s.exec(rest) ?? [];
  if (name === undefined) return undefined;
  const file = join(directory, name);
  const location = existsSync(file) ? yamlErrorLocation(file, reason, helm) : helm.chartLocation;
  return { findings: [finding(`malformed ${name}: ${yamlReason(reason)}`, location)] };
}

/** The directory of the chart that a message is about, and what it says of it. */
function inSubchart(message: string, helm: HelmChart): { directory: string; rest: string } {
  let directory = helm.target.chart;
  let rest = message;
  for (let outer = UNPACKING.exec(rest); outer; outer = UNPACKING.exec(rest)) {
    directory = join(directory, 'charts', outer[1] ?? '');
    rest = rest.slice(outer[0].length);
  }
  return { directory, rest };
}

/** A Chart.yaml that says what no chart may (Validate of helm's chart metadata). */
function invalidMetadata(message: string, helm: HelmChart): Failure | undefined {
  const { directory, rest } = inSubchart(message, helm);
  const file = join(directory, 'Chart.yaml');
  if (!existsSync(file)) return undefined;
  const field = /^validation: chart\.metadata\.(\w+) /.exec(rest)?.[1];
  if (field !== undefined) return { findings: [finding(rest, locateNear(file, [field], helm))] };
  if (rest.startsWith('library charts are not installable'))
    return { findings: [finding(rest, locateNear(file, ['type'], helm))] };
  if (rest.startsWith('unsupported chart version'))
    return { findings: [finding(rest, locateNear(file, ['apiVersion'], helm))] };
  const repeated = /^validation: more than one dependency with name or alias "(.*)"$/.exec(rest)?.[1];
  if (repeated === undefined) return undefined;
  const listed = valueAt(readYaml(helm.text(file) ?? '')[0]?.value, ['dependencies']);
  const same = (Array.isArray(listed) ? listed : []).flatMap((dependency: unknown, i) => {
    const called = valueAt(dependency, ['alias']) ?? valueAt(dependency, ['name']);
    return called === repeated ? [i] : [];
  });
  return { findings: [finding(rest, locateNear(file, ['dependencies', ...same.slice(1, 2)], helm))] };
}

/** Where a path of a YAML file stands, or what lacks it. */
function locateNear(file: string, path: Path, { context }: HelmChart): Location {
  return context.sources.locate(file, 0, path);
}

/** A file that helm can't load: it is far too large, closed, or a pipe, or its links lead in a circle. */
function unreadableFile(message: string, helm: HelmChart): Failure | undefined {
  const large = /^chart file "([^"]+)" is larger than the maximum file size (\d+)$/.exec(message);
  if (large?.[1]) {
    const [only, ...others] = largerThan(Number(large[2]), large[1], helm.target.chart);
    const location = only !== undefined && others.length === 0 ? { file: helm.shown(only) } : helm.chartLocation;
    return { findings: [finding(message, location)] };
  }
  const named =
    /(?:^|: )(?:error evaluating symlink|cannot load irregular file|open|l?stat|read(?:link|dirent)?) (\/[^:]+?)(?:: | as )/;
  const path = named.exec(message)?.[1];
  if (!path?.startsWith(`${helm.target.chart}/`)) return undefined;
  const file = helm.shown(firstLink(path, helm.target.chart) ?? path);
  return { findings: [finding(message.replaceAll(path, file), { file })] };
}

function largerThan(bytes: number, name: string, directory: string): string[] {
  return filesBelow(directory).filter((path) => basename(path) === name && statSync(path).size > bytes);
}

/** The first symbolic link on the way from a directory down to a path: what leads in a circle is named by its entrance. */
function firstLink(path: string, directory: string): string | undefined {
  let current = directory;
  for (const name of relative(directory, path).split(sep)) {
    current = join(current, name);
    if (lstatSync(current, { throwIfNoEntry: false })?.isSymbolicLink()) return current;
  }
  return undefined;
}

/** What goyaml says, without its line: the location has it. */
function yamlReason(text: string): string {
  if (/cannot unmarshal \w+ into Go value of type map/.test(text)) return 'it must be a map';
  return text.replace(/^.*?yaml: (?:line \d+: )?/s, '').replace(/\s+/g, ' ');
}

/** Where a file can't be read: our own reader's place where it agrees, since goyaml's lines are those of the context. */
function yamlErrorLocation(file: string, text: string, helm: HelmChart): Location {
  const [document] = readYaml(helm.text(file) ?? '');
  const own = document?.error;
  const field = /cannot unmarshal \w+ into Go (?:struct field Metadata\.(\w+)|value) of type/.exec(text);
  // What is no map can only be the whole file.
  if (field && document && !own) return locateNear(file, field[1] === undefined ? [] : [field[1]], helm);
  const line = own?.line ?? Number(/yaml: line (\d+)/.exec(text)?.[1] ?? 0);
  const column = own?.column;
  return { file: helm.shown(file), ...(line > 0 && { line }), ...(column !== undefined && { column }) };
}

/** A subchart's values that are no map. */
function wrongSubchartValues(message: string, helm: HelmChart): Failure | undefined {
  const name = /^type mismatch on ([^\s:]+):/.exec(message)?.[1];
  if (name === undefined) return undefined;
  const location = helm.locateValue([name]) ?? helm.configLocation;
  return { findings: [finding(`the values of subchart ${name} must be a map`, location)] };
}

/** Output that is no YAML, or no object. helm counts lines of the output: they are taken back to the template's. */
async function brokenOutput(message: string, helm: HelmChart): Promise<Failure | undefined> {
  const match = /^YAML parse error on (.*?): (error .*)/s.exec(message);
  if (!match?.[1] || !match[2]) return undefined;
  const { file, thirdParty } = helm.resolve(match[1]);
  const reason = notAnObject(match[2]) ?? yamlReason(match[2]);
  if (thirdParty || !helm.chart) {
    const text = `YAML parse error on ${match[1]}: ${reason}`;
    return { findings: [finding(text, helm.thirdPartyLocation(match[1]))], lacks: 'values' };
  }
  const place = await placeInOutput(match[1], match[2], helm);
  const text = `the template prints what is not valid YAML: ${reason}`;
  const location = place?.location ?? { file: helm.shown(file) };
  return { findings: [finding(text, location)], ...(place?.hasGap !== false && { lacks: 'values' }) };
}

function notAnObject(text: string): string | undefined {
  const match = /cannot unmarshal (\w+) into Go (?:struct field (?:SimpleHead)?\.?(\S+)|value) of type (\w+)/.exec(
    text,
  );
  if (!match) return undefined;
  const wanted = match[3] === 'string' ? 'a string' : 'a map';
  return `${match[2] ?? 'the document'} must be ${wanted}, not ${match[1] === 'array' ? 'a list' : `a ${match[1]}`}`;
}

interface OutputPlace {
  location: Location | undefined;
  /** Something that printed nothing stands there: a value that is missing. */
  hasGap: boolean;
}

async function placeInOutput(source: string, reason: string, helm: HelmChart): Promise<OutputPlace | undefined> {
  const raw = await helm.render({ raw: true });
  for (const definitions of [true, false]) {
    const outputs = helm.chart && (await markedOutputs(helm.chart, (options) => helm.render(options), definitions));
    const output = outputs?.get(source);
    if (output && 'stdout' in raw && printsSame(raw.stdout, source, output.text)) {
      return findBroken(output, source, reason, helm);
    }
  }
  return undefined;
}

/** Whether a template printed this text, but for values such as hashes of what is marked. helm trims what it prints last. */
function printsSame(stdout: string, source: string, text: string): boolean {
  const header = `# Source: ${source}\n`;
  const at = stdout.indexOf(header);
  if (at === -1) return false;
  const start = at + header.length;
  const end = stdout.indexOf('\n---\n# Source: ', start);
  const printed = stdout.slice(start, end === -1 ? undefined : end);
  return differingValues(printed.trimEnd(), text.trimEnd()) !== undefined;
}

function findBroken(output: MarkedOutput, source: string, reason: string, helm: HelmChart): OutputPlace | undefined {
  const field = /Go struct field (?:SimpleHead)?\.?(\S+) of type/.exec(reason)?.[1]?.split('.');
  const wrong = (value: unknown) => typeof value !== 'string' && value !== null && value !== undefined;
  for (const { text, start } of splitManifests(output.text)) {
    const piece = { source, text };
    const trace = new Trace(new Map([[piece, { output, start, text }]]));
    const [document] = readYaml(text);
    if (document?.error) {
      const { line, column = 1 } = document.error;
      return {
        location: helm.locationOf(trace.placeAt(piece, line, column)),
        hasGap: hasGap(output, start, text, line),
      };
    }
    if (!document || document.empty) continue;
    const value = document.value;
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    const path: Path | undefined = isMap ? (field && wrong(valueAt(value, field)) ? field : undefined) : [];
    if (path) return { location: helm.locationOf(trace.place(piece, 0, 0, path, 'value')), hasGap: false };
  }
  return undefined;
}

function hasGap({ silent }: MarkedOutput, start: number, text: string, line: number): boolean {
  const lines = text.split('\n');
  const upTo = (count: number) => start + lines.slice(0, count).reduce((sum, own) => sum + own.length + 1, 0);
  const [from, to] = [upTo(Math.max(0, line - 2)), upTo(line)];
  return silent.some((offset) => offset >= from && offset < to);
}

interface Position {
  source: string;
  line: number;
  /** 0-based, in bytes. */
  column: number | undefined;
}

/** `chart/templates/x.yaml:3:12`, in linear time: the text around it may be anyone's. */
const POSITION = /(?<![^\s(])([^\s:()/]+(?:\/[^\s:()/]+)+):(\d+)(?::(\d+))?(?=[):\s])/g;

/** What the engine says of a template: the innermost position in the chart's own templates, the outer ones related. */
function atPosition(message: string, helm: HelmChart): Failure | undefined {
  const text = message.replace(/\s+/g, ' ');
  const found = [...text.matchAll(POSITION)].filter((match) => helm.isSource(match[1] ?? ''));
  const last = found.at(-1);
  if (!last) return undefined;
  const reason = withoutValues(
    text
      .slice(last.index + last[0].length)
      .replace(/^\)?:? ?/, '')
      .replace(/^executing ".*?" at (?=<)/, ''),
  );
  const isParse = text.startsWith('parse error');
  const positions: Position[] = found.map(([, source = '', line, column]) => ({
    source,
    line: Number(line),
    column: column === undefined ? undefined : Number(column),
  }));
  const own = positions.filter(({ source }) => !helm.resolve(source).thirdParty);
  const innermost = own.at(-1);
  const inThirdParty = helm.resolve(last[1] ?? '').thirdParty;
  const where = inThirdParty ? ` (${last[1]}:${last[2]})` : '';
  const full = `${isParse ? `parse error: ${reason}` : reason}${where}`;
  const location = innermost ? positionLocation(innermost, helm) : helm.thirdPartyLocation(last[1] ?? '');
  const related = isParse && innermost ? openedAt(innermost, reason, helm) : includedAt(own, location, helm);
  const needs = !isParse && needsValues(text);
  return { findings: [finding(full, location, related)], ...(needs && { lacks: 'values' }) };
}

/** `required`, `fail`, and what Go templates say of values that aren't there. */
function needsValues(text: string): boolean {
  return (
    text.startsWith('execution error at') ||
    /nil pointer|nil data|untyped nil|<nil>|invalid value; expected|incompatible types for comparison/.test(text)
  );
}

/** Errors of `tpl` quote what they were given, and conversions what they can't convert: it may be a secret. */
function withoutValues(text: string): string {
  return text
    .replace(/(execution for|cannot parse template) "(?:[^"\\]|\\.)*"/g, '$1 "…"')
    .replace(/(parsing|unable to cast|unable to parse) "(?:[^"\\]|\\.)*"/g, '$1 "…"');
}

function positionLocation({ source, line, column }: Position, helm: HelmChart): Location {
  const { file } = helm.resolve(source);
  const lines = (helm.text(file) ?? '').split('\n');
  // At the end of a file, helm counts the line after the last line break.
  const end = lines.length - (lines.at(-1) === '' ? 1 : 0);
  if (line > end || column === undefined) return { file: helm.shown(file), line: Math.min(line, Math.max(end, 1)) };
  const before = Buffer.from(lines[line - 1] ?? '')
    .subarray(0, column)
    .toString();
  return { file: helm.shown(file), line, column: before.length + 1 };
}

function includedAt(positions: readonly Position[], innermost: Location, helm: HelmChart): Related[] {
  const seen = new Set([JSON.stringify(innermost)]);
  const related: Related[] = [];
  for (const position of positions.toReversed()) {
    const location = positionLocation(position, helm);
    const key = JSON.stringify(location);
    if (!seen.has(key)) related.push({ message: 'included here', location });
    seen.add(key);
  }
  return related;
}

/** Where the actions start that a template leaves open. */
function openedAt({ source }: Position, reason: string, helm: HelmChart): Related[] {
  if (!reason.includes('unexpected EOF')) return [];
  const { file } = helm.resolve(source);
  const text = helm.text(file) ?? '';
  return openActions(text).map((offset) => {
    const before = text.slice(0, offset).split('\n');
    const location = { file: helm.shown(file), line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    return { message: 'opened here', location };
  });
}
