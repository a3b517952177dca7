import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import pLimit from 'p-limit';
import { findConfig } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Diagnostic } from '../../src/diagnostic.ts';
import { discover } from '../../src/discover.ts';
import { lint } from '../../src/lint.ts';
import type { HelmTarget } from '../../src/render/target.ts';
import { pinned } from '../../src/render/tools.ts';
import type { Path } from '../../src/resource.ts';
import { rules } from '../../src/rules/index.ts';
import { SourceFiles } from '../../src/source.ts';
import { readYaml } from '../../src/yaml.ts';
import { toolVersions } from '../tool-versions.ts';
import { applied, type Edit, editsAt, holdsToken } from './edit.ts';
import { type Layer, QUICK, written } from './prove.ts';
import { templateEdits } from './template-edit.ts';

/** A repository that holds charts. */
export interface HelmCase {
  name: string;
  files: Record<string, string>;
  /** What can't be said by texts: archives. */
  prepare?(cwd: string, helm: string): Promise<void>;
  /** What helm must print of it, in any order: else the case isn't what it seems. */
  objects?: readonly Record<string, unknown>[];
  /** A chart that holds the only template of each target's chart, by the name of the environment: it is rendered in their place. */
  together?: string;
}

/**
 * What a location is: a value of the user's, a line of a template or of `crds/`, the line that brings in a chart from elsewhere,
 * something that is no field of an object, or a file without a line.
 */
export type Kind = 'value' | 'template' | 'chart' | 'source' | 'none';

export interface HelmVerdict {
  name: string;
  target: string;
  diagnostic: Diagnostic;
  kind: Kind;
  /** What is said of the place, where it isn't the diagnostic's own but one of those that are related. */
  says?: string;
  /** What was tried, where nothing that was edited changed the field. */
  why?: string;
}

type Objects = Record<string, unknown>[];

interface Release {
  target: HelmTarget;
  kubernetesVersion: string | undefined;
}

/** As many cases at a time as keep two cores busy. */
const limit = pLimit(3);

/** How often the real helm was asked. */
export const renders = { count: 0 };

/** Lints a repository and proves what it says of charts; with the objects that each target renders, by environment and target. */
export async function proveHelm(item: HelmCase, layer: Layer): Promise<HelmVerdict[]> {
  const { name, files, prepare, objects, together } = item;
  const { kubectl, helm } = await pinned(layer);
  return limit(() =>
    written(files, async (cwd) => {
      await prepare?.(cwd, helm);
      const options = { concurrency: 2, cache: toolVersions, today: '2026-06-15' };
      const report = await lint({ cwd, kustomize: kubectl, helm, ...options });
      if (report.failures.length > 0) throw new Error(`${name}: ${report.failures.join('; ')}`);
      const releases = await releasesIn(cwd);
      const claims = [...releases].map(([key, { target }]) => {
        return {
          key,
          target,
          diagnostics: report.diagnostics.filter(({ targets }) => targets.some((ref) => keyOf(ref) === key)),
        };
      });
      if (together !== undefined) {
        const print = () => printedTogether(helm, cwd, together, releases);
        return new Proof(name, cwd, print, objects).of(claims);
      }
      const verdicts: HelmVerdict[] = [];
      for (const claim of claims) {
        const print = () => printedAlone(helm, cwd, claim.key);
        if (claim.diagnostics.length > 0) verdicts.push(...(await new Proof(name, cwd, print, objects).of([claim])));
      }
      return verdicts;
    }),
  );
}

function keyOf({ environment, target }: { environment: string; target: string }): string {
  return `${environment}: ${target}`;
}

async function releasesIn(cwd: string): Promise<Map<string, Release>> {
  const sources = new SourceFiles(cwd);
  const config = findConfig(cwd);
  const ruleIds = async () => rules.map(({ id }) => id);
  const configured = config === undefined ? undefined : await loadConfig(config, { cwd, sources, ruleIds });
  const environments = configured?.environments.length
    ? configured.environments
    : (await discover([cwd], { cwd, sources, exclude: [] })).environments;
  const releases = new Map<string, Release>();
  for (const { name, targets, kubernetesVersion } of environments) {
    for (const target of targets) {
      if (target.type !== 'helm') continue;
      releases.set(keyOf({ environment: name, target: target.name }), { target, kubernetesVersion });
    }
  }
  return releases;
}

/** What is printed of each target; what helm says where it refuses. */
type Printed = Map<string, Objects> | string;

/** What the real helm prints of a target, as its k8s-lint.yaml has it now. */
async function printedAlone(helm: string, cwd: string, key: string): Promise<Printed> {
  const release = (await releasesIn(cwd)).get(key);
  if (!release) return 'the target is gone';
  const { target, kubernetesVersion } = release;
  const set = join(cwd, '.set.json');
  if (target.set) writeFileSync(set, JSON.stringify(target.set));
  const args = [
    '--include-crds',
    ...(target.namespace === undefined ? [] : [`--namespace=${target.namespace}`]),
    ...[...target.values, ...(target.set ? [set] : [])].map((file) => `--values=${file}`),
    ...(kubernetesVersion === undefined ? [] : [`--kube-version=${kubernetesVersion}.0`]),
    ...(target.apiVersions ?? []).map((version) => `--api-versions=${version}`),
    target.release,
    target.chart,
  ];
  const text = await template(helm, cwd, args);
  return typeof text === 'string' ? new Map([[key, objectsIn(text)]]) : text.refused;
}

/** What it prints of the chart that holds the templates of all, by the environments that these are named after. */
async function printedTogether(
  helm: string,
  cwd: string,
  chart: string,
  releases: ReadonlyMap<string, Release>,
): Promise<Printed> {
  const text = await template(helm, cwd, ['rel', chart]);
  if (typeof text !== 'string') return text.refused;
  const texts = new Map<string, string>();
  for (const part of text.split(/^(?=---\n# Source: )/m)) {
    const file = /^# Source: .*\/templates\/(.*)\.yaml$/m.exec(part)?.[1] ?? '';
    texts.set(file, `${texts.get(file) ?? ''}${part}`);
  }
  return new Map([...releases.keys()].map((key) => [key, objectsIn(texts.get(key.split(':')[0] ?? '') ?? '')]));
}

async function template(helm: string, cwd: string, args: readonly string[]): Promise<string | { refused: string }> {
  renders.count++;
  try {
    const { stdout } = await promisify(execFile)(helm, ['template', ...args], { cwd, env: QUICK, maxBuffer: 1e9 });
    return stdout;
  } catch (error) {
    return { refused: (error as { stderr?: string }).stderr ?? String(error) };
  }
}

function objectsIn(text: string): Objects {
  return readYaml(text).flatMap(({ value }) => flat(value));
}

/** An object, or those of a List. */
function flat(value: unknown): Objects {
  if (typeof value !== 'object' || value === null) return [];
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) return items.flatMap(flat);
  return [value as Record<string, unknown>];
}

/** A diagnostic on its way: what may be edited, and what was tried. */
interface Attempt {
  verdict: HelmVerdict;
  target: HelmTarget;
  /** Absolute. */
  file: string;
  path: Path;
  edits: Edit[];
  before: Objects;
  proven: boolean;
  /** Its first edit was made together with others: it need not be made so again. */
  tried: boolean;
  why: string[];
}

/** What is said of a target. */
interface Claims {
  key: string;
  target: HelmTarget;
  diagnostics: readonly Diagnostic[];
}

class Proof {
  private readonly name: string;
  private readonly cwd: string;
  private readonly print: () => Promise<Printed>;
  private readonly expected: HelmCase['objects'];

  constructor(name: string, cwd: string, print: () => Promise<Printed>, expected: HelmCase['objects']) {
    this.name = name;
    this.cwd = cwd;
    this.print = print;
    this.expected = expected;
  }

  /** The verdicts on what is said of targets, none of which changes when another one is edited. */
  async of(claims: readonly Claims[]): Promise<HelmVerdict[]> {
    const all = claims.map(({ key, target, diagnostics }) => ({
      key,
      target,
      verdicts: diagnostics.flatMap((diagnostic) => {
        const own = { name: this.name, target: key, diagnostic, kind: this.kindOf(diagnostic, target) };
        return [own, ...this.related(own, target)];
      }),
    }));
    const wanted = ({ kind }: HelmVerdict) => kind === 'value' || kind === 'template';
    const verdicts = all.flatMap((one) => one.verdicts);
    if (!verdicts.some(wanted)) return verdicts;
    const before = await this.print();
    if (typeof before === 'string') throw new Error(`${this.name}: helm refuses: ${before}`);
    const lanes = all.map(({ key, target, verdicts: own }) => {
      const objects = before.get(key) ?? [];
      if (this.expected && !isSameSet(objects, this.expected))
        throw new Error(`${this.name}: helm prints something else`);
      return own.filter(wanted).map((verdict, n) => this.attempt(verdict, n, objects, target));
    });
    const attempts = lanes.flat();
    // An edit of a template's line may take away what another one writes: each kind of place goes on its own, twice.
    const groups = [
      attempts.filter(({ verdict }) => verdict.says === undefined),
      attempts.filter(({ verdict }) => verdict.says !== undefined && verdict.kind === 'value'),
      attempts.filter(({ verdict }) => verdict.says !== undefined && verdict.kind === 'template'),
    ];
    for (const group of [...groups, ...groups]) await this.together(group);
    await this.alone(lanes);
    for (const { proven, verdict, why } of attempts) {
      if (!proven) verdict.why = why.join('; ') || 'nothing can be edited there';
    }
    return verdicts;
  }

  /** The places that decide the field, too, as the diagnostic says. */
  private related({ diagnostic, ...rest }: HelmVerdict, target: HelmTarget): HelmVerdict[] {
    return diagnostic.related.flatMap(({ message, location }) => {
      if (!DECIDES.test(message) || location.line === undefined) return [];
      const moved = { ...diagnostic, location };
      return [{ ...rest, diagnostic: moved, kind: this.kindOf(moved, target), says: message }];
    });
  }

  private kindOf({ location, path, resource }: Diagnostic, target: HelmTarget): Kind {
    if (location.line === undefined) return 'none';
    if (!path || !resource) return 'source';
    const file = join(this.cwd, location.file);
    if (target.location && isDeepStrictEqual(location, target.location)) return 'chart';
    if (/(?:^|\/)(?:Chart|requirements)\.yaml$/.test(location.file)) return 'chart';
    const inChart = file.startsWith(target.chart + sep) ? file.slice(target.chart.length) : '';
    return /\/(?:templates|crds)\//.test(inChart) ? 'template' : 'value';
  }

  private attempt(verdict: HelmVerdict, n: number, objects: Objects, target: HelmTarget): Attempt {
    const { location, path = [], resource } = verdict.diagnostic;
    const file = join(this.cwd, location.file);
    const text = readFileSync(file, 'utf8');
    const { line = 0, column } = location;
    const place = { line, ...(column === undefined ? {} : { column }) };
    const isTemplate = verdict.kind === 'template' && !isCrd(file, target);
    const edits = isTemplate
      ? templateEdits(text, place, n)
      : editsAt(location.file, text, place, n).filter(({ what }) => what !== 'line');
    const before = objectsOf(objects, verdict.diagnostic, target);
    const why = before.length === 0 ? [`helm prints no ${resource?.kind}/${resource?.name}`] : [];
    return {
      verdict,
      target,
      file,
      path,
      edits: before.length === 0 ? [] : edits,
      before,
      proven: false,
      tried: false,
      why,
    };
  }

  /** Edits the places of many diagnostics at once: what each wrote must be found in its own field. Halves what is refused. */
  private async together(attempts: readonly Attempt[]): Promise<void> {
    const open = attempts.filter(
      ({ edits, path, tried }) => !tried && edits[0]?.token !== undefined && !isIdentity(path),
    );
    if (open.length < 2) return;
    // Diagnostics of one place share its edit.
    const places = new Map<string, Edit>();
    const first = open.map((attempt) => {
      const edit = attempt.edits[0] as Edit;
      const place = `${attempt.file}:${edit.start}:${edit.end}`;
      if (!places.has(place)) places.set(place, edit);
      return { attempt, edit: places.get(place) ?? edit };
    });
    const done = new Set<Edit>();
    const texts = [...new Set(open.map(({ file }) => file))].map((file) => {
      const own = new Set(first.filter(({ attempt }) => attempt.file === file).map(({ edit }) => edit));
      const result = applied(readFileSync(file, 'utf8'), [...own]);
      for (const edit of result.done) done.add(edit);
      return [file, result.text] as const;
    });
    const after = await this.printedWith(texts);
    if (typeof after === 'string') {
      const half = Math.ceil(open.length / 2);
      await this.together(open.slice(0, half));
      await this.together(open.slice(half));
      return;
    }
    for (const { attempt, edit } of first) {
      if (!done.has(edit)) continue;
      attempt.tried = true;
      const { path, target, verdict } = attempt;
      const objects = objectsOf(after.get(verdict.target) ?? [], verdict.diagnostic, target);
      attempt.proven = objects.some((object) => holdsToken(whatIsLeft(object, path, edit), edit.token ?? ''));
    }
  }

  /** Tries the edits of each target's diagnostics one by one. */
  private async alone(lanes: readonly Attempt[][]): Promise<void> {
    const queues = lanes.map((lane) => lane.flatMap((attempt) => attempt.edits.map((edit) => ({ attempt, edit }))));
    for (;;) {
      const tries = queues.flatMap((queue) => {
        while (queue[0]?.attempt.proven) queue.shift();
        return queue.splice(0, 1);
      });
      if (tries.length === 0) return;
      await this.tryOut(tries);
    }
  }

  /** Makes edits of different targets. Halves what is refused. */
  private async tryOut(tries: readonly { attempt: Attempt; edit: Edit }[]): Promise<void> {
    const texts = tries.map(({ attempt: { file }, edit }) => {
      return [file, applied(readFileSync(file, 'utf8'), [edit]).text] as const;
    });
    const after = await this.printedWith(texts);
    if (typeof after === 'string' && tries.length > 1) {
      const half = Math.ceil(tries.length / 2);
      await this.tryOut(tries.slice(0, half));
      await this.tryOut(tries.slice(half));
      return;
    }
    for (const { attempt, edit } of tries) {
      const { path, before, why, verdict, target } = attempt;
      if (typeof after === 'string') {
        why.push(`${edit.what}: ${after.trim().slice(-300)}`);
        continue;
      }
      const all = after.get(verdict.target) ?? [];
      if (isChanged(before, objectsOf(all, verdict.diagnostic, target), path)) attempt.proven = true;
      else if (isRenamed(before, all, path, edit)) attempt.proven = true;
      else why.push(`${edit.what}: nothing changes`);
    }
  }

  /** What is printed while files hold other texts. */
  private async printedWith(texts: readonly (readonly [file: string, text: string])[]): Promise<Printed> {
    const originals = texts.map(([file]) => [file, readFileSync(file)] as const);
    for (const [file, text] of texts) writeFileSync(file, text);
    try {
      return await this.print();
    } catch (error) {
      return String(error);
    } finally {
      for (const [file, text] of originals) writeFileSync(file, text);
    }
  }
}

/** What the way of a value through a chart says of places that decide it. */
const DECIDES =
  /^(?:it depends on .*, set here|the template writes it here|included here|the included definition prints it here)$/;

/** A file of `crds/` is no template. */
function isCrd(file: string, { chart }: HelmTarget): boolean {
  return /^\/(?:charts\/[^/]+\/)*crds\//.test(file.slice(chart.length));
}

/** The objects that a diagnostic is about: several where a chart renders one twice. */
function objectsOf(objects: Objects, { resource }: Diagnostic, { namespace }: HelmTarget): Objects {
  return objects.filter((object) => {
    const { name, generateName, namespace: own = namespace } = metadataOf(object);
    return (
      object.kind === resource?.kind &&
      object.apiVersion === resource?.apiVersion &&
      (name ?? generateName ?? '') === resource?.name &&
      (resource?.namespace === undefined || own === resource.namespace)
    );
  });
}

function metadataOf({ metadata }: Record<string, unknown>): {
  name?: unknown;
  generateName?: unknown;
  namespace?: unknown;
} {
  return typeof metadata === 'object' && metadata !== null ? metadata : {};
}

/** Whether a field is another one, in objects that are all still there: what decides whether there are any proves nothing. */
function isChanged(before: Objects, after: Objects, path: Path): boolean {
  if (isIdentity(path)) return !isDeepStrictEqual(before, after);
  if (after.length !== before.length) return false;
  return before.some((object, i) => !isDeepStrictEqual(valueAt(object, path), valueAt(after[i], path)));
}

/** Whether an edit of all the metadata took the name with it: then what was written stands in an object of another name. */
function isRenamed([object]: Objects, after: Objects, path: Path, { token }: Edit): boolean {
  if (path[0] !== 'metadata' || token === undefined) return false;
  return after.some(({ kind, metadata }) => kind === object?.kind && holdsToken(metadata, token));
}

/**
 * What stands at a path after an edit: where a key is called otherwise, what it stood in; where other lines stand in the place of
 * those that an action printed, what is left of the way to it.
 */
function whatIsLeft(object: unknown, path: Path, edit: Edit): unknown {
  const value = valueAt(object, path);
  if (value !== undefined) return value;
  if (edit.what === 'key') return valueAt(object, path.slice(0, -1));
  let left = object;
  for (const key of path) {
    const next = valueAt(left, [key]);
    if (next === undefined) return left === object ? undefined : left;
    left = next;
  }
  return undefined;
}

function isSameSet(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && b.every((object) => a.some((other) => isDeepStrictEqual(object, other)));
}

/** What makes it another object when it changes. */
function isIdentity(path: Path): boolean {
  const [first, second] = path;
  if (path.length === 0) return true;
  if (path.length === 1) return first === 'kind' || first === 'apiVersion' || first === 'metadata';
  return first === 'metadata' && ['name', 'namespace', 'generateName'].includes(String(second));
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}
