import { createHash } from 'node:crypto';
import type { Cluster } from './cluster/cluster.ts';
import { isFailure } from './cluster/source-findings.ts';
import { asMap, valueAt } from './cluster/workloads.ts';
import type { RuleLevels } from './config/config.ts';
import { describeBug } from './describe-bug.ts';
import type { Diagnostic, Found, RelatedLocation, Suppressed } from './diagnostic.ts';
import type { UncheckedItem } from './report/report.ts';
import { fromRoot, showLocation } from './report/shown.ts';
import type { Location, Path, Resource } from './resource.ts';
import type { Finding, Related, Rule, Severity, Unchecked } from './rule.ts';

/** What was not checked, with the rule that says so, if any does. */
export interface NotJudged extends UncheckedItem {
  rule?: string;
}

export interface Diagnosed {
  located: Found[];
  unchecked: NotJudged[];
  /** What rules threw: each is a bug of ours, and a false all-clear if it were swallowed. */
  bugs: string[];
}

const RANK: Record<Severity, number> = { info: 0, warning: 1, error: 2 };

/**
 * Applies the rules to a cluster and locates what they find. Never throws because of a rule. `prefix` is the working directory, relative
 * to the root of the repository: fingerprints are the same in every directory. `renames` says what files are called where the
 * fingerprints are to be compared with.
 */
export async function diagnose(
  cluster: Cluster,
  rules: readonly Rule[],
  levels: RuleLevels,
  prefix = '',
  renames: ReadonlyMap<string, string> = new Map(),
): Promise<Diagnosed> {
  const fileName = (file: string) => {
    const path = fromRoot(file, prefix);
    return renames.get(path) ?? path;
  };
  const diagnosed: Diagnosed = { located: [], unchecked: [], bugs: [] };
  const judged = new Set(rules.map((rule) => rule.id));
  for (const target of cluster.targets) {
    const failed = target.findings.find((finding) => isFailure(finding) && finding.severity !== 'warning');
    if (failed && !judged.has(failed.rule)) {
      const reason = `it does not render: ${failed.message}`;
      diagnosed.unchecked.push({ what: 'the whole target', reason, target: target.target });
    }
  }
  for (const rule of rules) {
    const findings: Finding[] = [];
    try {
      for (const item of rule.check?.(cluster) ?? []) {
        if ('unchecked' in item) diagnosed.unchecked.push(uncheckedItem(item, cluster, rule.id));
        else if (isShown(item, rule)) findings.push(item);
      }
    } catch (error) {
      diagnosed.bugs.push(describeRuleBug(rule, cluster, error));
    }
    // All at once: charts that must be rendered again for a location share these renders.
    const located = await Promise.all(
      findings.map((finding) => locate(finding, rule, cluster, levels.get(rule.id), fileName)),
    );
    for (const diagnostic of located) diagnosed.located.push(diagnostic);
  }
  return diagnosed;
}

/** Facts aren't linted, Helm's test hooks are the chart author's, and of a third party's chart only errors matter. */
function isShown({ resource, severity }: Finding, rule: Rule): boolean {
  if (!resource) return true;
  if (resource.existing || resource.hooks.some((hook) => hook === 'test' || hook.startsWith('test-'))) return false;
  return !resource.thirdParty || (severity ?? rule.severity) === 'error';
}

function uncheckedItem({ unchecked, reason, resource }: Unchecked, cluster: Cluster, rule: string): NotJudged {
  return { what: unchecked, reason, target: resource?.targets[0]?.target ?? cluster.environment, rule };
}

async function locate(
  finding: Finding,
  rule: Rule,
  cluster: Cluster,
  level: Severity | 'off' | undefined,
  fileName: (file: string) => string,
): Promise<Found> {
  const { resource, path = [], message } = finding;
  const { offset } = finding;
  const location = finding.location ?? (resource ? await locateIn(resource, path, finding.at, offset) : undefined);
  const way = finding.location || !resource ? [] : await resource.way(path, finding.at === 'key' ? 'key' : 'value');
  if (!location) throw new Error(`a finding of ${rule.id} has neither resource nor location: ${message}`);
  const located = {
    rule: rule.id,
    severity: severityOf(finding, rule, level === 'off' ? undefined : level),
    message,
    ...(resource ? { resource: describe(resource), path } : {}),
    location,
    related: distinct(
      [
        ...(await Promise.all((finding.related ?? []).map(locateRelated))),
        ...way.map((place) => ({ ...place, way: true as const })),
      ],
      location,
    ),
    targets: resource?.targets ?? (finding.target ? [finding.target] : cluster.targets.map(refOnly)),
  };
  const plain = resource ? await plainMessage(finding, resource) : message;
  // Of a value with many lines, which one it is about.
  const part = offset === undefined ? [] : [plain];
  const found = {
    ...located,
    fingerprint: await fingerprint(rule.id, fileName(location.file), message, resource, path, part),
  };
  return plain === message ? found : { ...found, plain };
}

async function locateIn(
  resource: Resource,
  path: Path,
  at: Finding['at'],
  offset: number | undefined,
): Promise<Location> {
  if (at !== 'type') return resource.locate(path, at, offset);
  const [value, key] = [await resource.locate(path), await resource.locate(path, 'key')];
  return value.file === key.file ? value : key;
}

/** The level of the configuration caps a rule's findings; raising touches only those without a severity of their own. */
function severityOf(finding: Finding, rule: Rule, level: Severity | undefined): Severity {
  const own = finding.severity;
  if (level === undefined) return own ?? rule.severity;
  if (own === undefined) return level;
  return RANK[own] < RANK[level] ? own : level;
}

function describe(resource: Resource): NonNullable<Diagnostic['resource']> {
  const { apiVersion, kind, namespace, displayName } = resource;
  return { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name: displayName };
}

function refOnly({ environment, target }: { environment: string; target: string }) {
  return { environment, target };
}

async function locateRelated({ message, resource, path, offset, location }: Related): Promise<RelatedLocation> {
  const place = location ?? (resource ? await resource.locate(path ?? [], 'value', offset) : undefined);
  if (!place) throw new Error(`a related place has neither resource nor location: ${message}`);
  return { message, location: place };
}

/**
 * YAML anchors put several paths of a resource on one line of the source: each place is told once. Of a file as a whole, such as
 * a packed chart, there is more to tell.
 */
function distinct(related: Found['related'], location: Location): Found['related'] {
  const seen = new Set(location.line === undefined ? [] : [showLocation(location)]);
  return related.filter((place) => {
    const shown = showLocation(place.location);
    if (seen.has(shown) || seen.has(`${shown} ${place.message}`)) return false;
    seen.add(`${shown} ${place.message}`);
    return true;
  });
}

/** Stays the same when lines move, prefixes change or a sibling is added to a list. */
async function fingerprint(
  rule: string,
  file: string,
  message: string,
  resource: Resource | undefined,
  path: Path,
  part: readonly string[],
): Promise<string> {
  const what = resource
    ? [resource.kind, await resource.sourceName(), ...namedPath(resource.object, path), ...part]
    : [message.replace(/\d+/g, '')];
  return createHash('sha256')
    .update(JSON.stringify([rule, file, ...what]))
    .digest('hex')
    .slice(0, 32);
}

/** A path with the items of lists by their names, where they have one. */
export function namedPath(object: unknown, path: Path): (string | number)[] {
  return path.map((key, i) => {
    if (typeof key === 'string') return key;
    const item = asMap(valueAt(object, path.slice(0, i + 1)));
    const name = item?.name ?? item?.key ?? item?.host ?? item?.containerPort;
    return typeof name === 'string' || typeof name === 'number' ? `[${name}]` : key;
  });
}

function describeRuleBug(rule: Rule, cluster: Cluster, error: unknown): string {
  const culprit = cluster.resources.find((resource) => throwsOn(rule, cluster.alone(resource)));
  const where = culprit ? `${culprit} of ${culprit.targets[0]?.target}` : `the environment ${cluster.environment}`;
  return `rule ${rule.id} failed on ${where}: ${describeBug(error)}`;
}

/** Whether a rule throws on one resource alone: that is the one that its bug report should name. */
function throwsOn(rule: Rule, cluster: Cluster): boolean {
  try {
    for (const _ of rule.check?.(cluster) ?? []);
    return false;
  } catch {
    return true;
  }
}

/** Sorts by file, line, column, rule and message, and makes one of those that several targets share. */
export function merge(diagnostics: readonly Found[]): Diagnostic[] {
  const merged = new Map<string, Found>();
  for (const diagnostic of diagnostics) {
    const key = mergeKey(diagnostic);
    const same = merged.get(key);
    merged.set(key, same ? mergeTwo(same, diagnostic) : diagnostic);
  }
  return [...merged.values()].map(settled).sort(compare);
}

function settled({ plain: _plain, before: _before, related, ...diagnostic }: Found): Diagnostic {
  const { fingerprint, targets, ...rest } = diagnostic;
  const places = related.map(({ message, location }) => ({ message, location }));
  return { ...rest, related: places, targets, fingerprint };
}

/** The suppressed findings in the same order, one of those that several targets share. */
export function mergeSuppressed(suppressed: readonly Suppressed<Found>[]): Suppressed[] {
  const groups = new Map<string, Suppressed<Found>[]>();
  for (const item of suppressed) {
    const key = JSON.stringify([item.location, item.kind]);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()]
    .flatMap((group) =>
      merge(group.map(({ diagnostic }) => diagnostic)).map((diagnostic) => ({
        ...(group[0] as Suppressed),
        diagnostic,
      })),
    )
    .sort((a, b) => compare(a.diagnostic, b.diagnostic));
}

/** The message without the namespace, and with names as the sources write them. */
async function plainMessage({ message, related = [] }: Finding, resource: Resource): Promise<string> {
  let text = message;
  for (const named of [resource, ...related.flatMap((other) => other.resource ?? [])]) {
    const sourceName = await named.sourceName();
    for (const rendered of new Set([named.name, named.displayName])) text = replaceWord(text, rendered, sourceName);
  }
  return resource.namespace === undefined ? text : replaceWord(text, resource.namespace, '');
}

/** Replaces a word where it stands alone. Names may be of any length and shape: too long for a regular expression. */
function replaceWord(text: string, word: string, by: string): string {
  if (word === '' || word === by) return text;
  let replaced = '';
  let copied = 0;
  let at = text.indexOf(word);
  while (at !== -1) {
    const end = at + word.length;
    const alone = !/[\w.-]/.test(text[at - 1] ?? ' ') && !/[\w-]/.test(text[end] ?? ' ');
    if (alone) {
      replaced += text.slice(copied, at) + by;
      copied = end;
    }
    at = text.indexOf(word, alone ? end : at + 1);
  }
  return replaced + text.slice(copied);
}

function mergeKey({ rule, severity, message, plain = message, location }: Found): string {
  return JSON.stringify([rule, severity, plain, location.file, location.line, location.column]);
}

function mergeTwo(a: Found, b: Found): Found {
  const others = new Set(b.related.map(({ location }) => showLocation(location)));
  const related = a.related.filter(({ way, location }) => !way || others.has(showLocation(location)));
  return { ...a, related, targets: mergeTargets(a, b) };
}

function mergeTargets(a: Diagnostic, b: Diagnostic): Diagnostic['targets'] {
  const targets = new Map(
    [...a.targets, ...b.targets].map((ref) => [JSON.stringify([ref.environment, ref.target]), ref]),
  );
  return [...targets.values()].sort(
    (x, y) => compareText(x.environment, y.environment) || compareText(x.target, y.target),
  );
}

function compare(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(a.location.file, b.location.file) ||
    (a.location.line ?? 0) - (b.location.line ?? 0) ||
    (a.location.column ?? 0) - (b.location.column ?? 0) ||
    compareText(a.rule, b.rule) ||
    compareText(a.message, b.message)
  );
}

/** Orders by code units, the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
