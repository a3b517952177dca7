import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import pLimit from 'p-limit';
import type { Diagnostic } from '../../src/diagnostic.ts';
import { lint } from '../../src/lint.ts';
import { pinned } from '../../src/render/tools.ts';
import type { Report } from '../../src/report/report.ts';
import type { Path } from '../../src/resource.ts';
import { readYaml } from '../../src/yaml.ts';
import { toolVersions } from '../tool-versions.ts';
import { applied, type Edit, editsAt, holdsToken } from './edit.ts';

export type Layer = 'v31' | 'v35';

/** A repository in memory. */
export interface Case {
  name: string;
  files: Record<string, string>;
}

/** That what is rendered at a path of a resource, or what a finding of sources says, is due to what stands at the location. */
export type Claim = Pick<Diagnostic, 'rule' | 'message' | 'location' | 'resource' | 'path'>;

/** What became of a claim: `why` says what was tried where it isn't proven. */
export interface Verdict {
  name: string;
  target: string;
  diagnostic: Claim;
  outcome: 'proven' | 'without line' | 'unproven' | 'not tried';
  why?: string;
}

type Objects = Record<string, unknown>[];

/** As many tools at a time as run anyway. */
const limit = pLimit(2);
/** For tools that end soon: they never collect garbage, for which Go takes a quarter of their time. */
export const QUICK = { ...process.env, GOGC: 'off' };

/** Writes files into a directory of their own and calls back with it; then it is gone. */
export async function written<T>(files: Record<string, string>, use: (cwd: string) => Promise<T>): Promise<T> {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'k8s-lint-proof-')));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, file)), { recursive: true });
      writeFileSync(join(cwd, file), text);
    }
    return await use(cwd);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** What the product says of files. */
export async function linted(files: Record<string, string>, layer: Layer, rules: string[] = []): Promise<Report> {
  const { kubectl, helm } = await pinned(layer);
  return written(files, (cwd) => {
    const options = { concurrency: 2, cache: toolVersions, today: '2026-06-15' };
    return lint({ cwd, kustomize: kubectl, helm, ...options, ...(rules.length > 0 ? { rules } : {}) });
  });
}

/**
 * What the product says of many repositories, each with one environment in its k8s-lint.yaml, in one run: as they would be
 * found alone, but for the time.
 */
export async function lintedTogether(cases: readonly Case[], layer: Layer): Promise<Map<Case, Diagnostic[]>> {
  const files: Record<string, string> = {};
  const environments: string[] = [];
  for (const [i, item] of cases.entries()) {
    const directory = `c${i}`;
    for (const [file, text] of Object.entries(item.files)) {
      if (file !== 'k8s-lint.yaml') files[`${directory}/${file}`] = text;
    }
    const facts = 'existing.yaml' in item.files ? `, existing: [${directory}/existing.yaml]` : '';
    environments.push(`  ${directory}: { targets: [{ kustomize: ${directory}/overlay }]${facts} }\n`);
  }
  files['k8s-lint.yaml'] = `environments:\n${environments.join('')}`;
  const report = await linted(files, layer);
  if (report.failures.length > 0) throw new Error(report.failures.join('\n'));
  const found = new Map<Case, Diagnostic[]>(cases.map((item) => [item, []]));
  for (const diagnostic of report.diagnostics) {
    const environment = diagnostic.targets[0]?.environment ?? '';
    const item = cases[Number(environment.slice(1))];
    if (item) found.get(item)?.push(below(diagnostic, environment));
  }
  return found;
}

/** A diagnostic as it would be told in a directory. */
function below(diagnostic: Diagnostic, directory: string): Diagnostic {
  const shown = <T extends { file: string }>(location: T): T => {
    return { ...location, file: location.file.replace(`${directory}/`, '') };
  };
  return {
    ...diagnostic,
    message: diagnostic.message.replaceAll(`${directory}/`, ''),
    location: shown(diagnostic.location),
    related: diagnostic.related.map(({ message, location }) => ({ message, location: shown(location) })),
    targets: diagnostic.targets.map(({ target }) => ({
      environment: 'one',
      target: target.replace(`${directory}/`, ''),
    })),
  };
}

/** Files of which kustomize builds one directory, and what it builds of copies with edits. */
class Workshop {
  readonly #files: Record<string, string>;
  readonly #target: string;
  readonly #layer: Layer;
  /** Edits without which kustomize refuses: what is missing is no longer listed. */
  #repairs: Placed[] = [];
  /** What is built without any edit. */
  render: Objects = [];
  /** How many copies may still be built for claims of which no rule speaks. */
  patience: number;

  constructor(files: Record<string, string>, target: string, layer: Layer, patience: number) {
    this.patience = patience;
    this.#files = files;
    this.#target = target;
    this.#layer = layer;
  }

  text(file: string): string | undefined {
    return this.#files[file];
  }

  /** Builds it; where kustomize refuses, without the entries that findings name. A text says why it refuses even so. */
  async start(findings: readonly Claim[]): Promise<string | undefined> {
    let render = await this.build([]);
    if (typeof render === 'string') {
      this.#repairs = findings.flatMap((finding) => {
        if (finding.path) return [];
        const removal = this.edits(finding, 0).find(({ what }) => what === 'item' || what === 'gone');
        return removal ? [{ file: finding.location.file, edit: removal }] : [];
      });
      render = await this.build([]);
    }
    if (typeof render === 'string') return render;
    this.render = render;
    return undefined;
  }

  edits({ location }: Claim, n: number): Edit[] {
    const { file, line, column } = location;
    const text = this.#files[file];
    if (text === undefined || line === undefined) return [];
    return editsAt(file, text, { line, ...(column === undefined ? {} : { column }) }, n);
  }

  /** What kustomize builds of a copy with edits; what it says where it refuses. */
  async build(edits: readonly Placed[], files = this.#files): Promise<Objects | string> {
    const { kubectl } = await pinned(this.#layer);
    return limit(() =>
      written(edited(files, [...edits, ...this.#repairs]), async (cwd) => {
        try {
          const args = ['kustomize', this.#target, '--load-restrictor=LoadRestrictionsNone'];
          const { stdout } = await promisify(execFile)(kubectl, args, { cwd, env: QUICK, maxBuffer: 1e9 });
          return readYaml(stdout).flatMap(({ value, empty }) => (empty ? [] : [value as Record<string, unknown>]));
        } catch (error) {
          return (error as { stderr?: string }).stderr || String(error);
        }
      }),
    );
  }

  /** The files with a word replaced in all but one of them. */
  others(file: string, word: string, by: string): Record<string, string> {
    const words = new RegExp(`(?<![\\w./-])${word.replace(/[^\w]/g, '\\$&')}(?![\\w./-])`, 'g');
    const replaced = Object.entries(this.#files).map(([other, text]): [string, string] => {
      return [other, other !== file && /\.ya?ml$/.test(other) ? text.replace(words, by) : text];
    });
    return Object.fromEntries(replaced);
  }

  /** Whether a finding of sources is gone or another with an edit. */
  async isGone(finding: Claim, edit: Edit): Promise<boolean> {
    const { location, rule, message } = finding;
    const report = await limit(() => {
      return linted(edited(this.#files, [{ file: location.file, edit }]), this.#layer, [rule]);
    });
    if (report.failures.length > 0) return false;
    return !report.diagnostics.some((other) => {
      return (
        other.message === message && other.location.file === location.file && other.location.line === location.line
      );
    });
  }
}

interface Placed {
  file: string;
  edit: Edit;
}

function edited(files: Record<string, string>, edits: readonly Placed[]): Record<string, string> {
  const copy = { ...files };
  for (const name of new Set(edits.map(({ file }) => file))) {
    const here = edits.filter(({ file }) => file === name).map(({ edit }) => edit);
    copy[name] = applied(files[name] ?? '', here).text;
  }
  return copy;
}

/** Whether files hold a kustomization in that directory. */
export function isKustomization(files: Record<string, string>, target: string): boolean {
  const prefix = target === '.' ? '' : `${target}/`;
  return ['kustomization.yaml', 'kustomization.yml', 'Kustomization'].some((name) => `${prefix}${name}` in files);
}

/** Proves the diagnostics of a repository, each in every kustomization that it was found in. */
export async function prove(
  { name, files }: Case,
  diagnostics: readonly Diagnostic[],
  layer: Layer,
): Promise<Verdict[]> {
  const targets = new Set(diagnostics.flatMap((diagnostic) => diagnostic.targets.map(({ target }) => target)));
  const verdicts = [...targets]
    .filter((target) => isKustomization(files, target))
    .map((target) => {
      const own = diagnostics.filter((diagnostic) => diagnostic.targets.some((other) => other.target === target));
      return proveTarget({ name, files }, target, own, layer);
    });
  return (await Promise.all(verdicts)).flat();
}

/** A claim on its way: where its object and value are in the render, and what was tried. */
interface Attempt {
  claim: Claim;
  path: Path;
  object: Record<string, unknown>;
  before: unknown;
  edits: Edit[];
  why: string[];
  proven: boolean;
  /** A copy was built with its edit, and its value did not show it: it must be tried alone. */
  suspect: boolean;
}

/** Proves claims about one kustomization; with about `patience` copies, and those that suspicion takes: the rest isn't tried. */
export async function proveTarget(
  { name, files }: Case,
  target: string,
  claims: readonly Claim[],
  layer: Layer,
  patience = Number.POSITIVE_INFINITY,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const judge = (diagnostic: Claim, outcome: Verdict['outcome'], why?: string) => {
    verdicts.push({ name, target, diagnostic, outcome, ...(why === undefined ? {} : { why }) });
  };
  const workshop = new Workshop(files, target, layer, patience);
  const refusal = claims.some(({ path }) => path) ? await workshop.start(claims) : undefined;
  const attempts: Attempt[] = [];
  for (const [n, claim] of claims.entries()) {
    const { location, path, resource } = claim;
    const edits = workshop.edits(claim, n);
    const object = objectOf(workshop.render, claim);
    const before = object && path && valueAt(object, path);
    if (location.line === undefined) judge(claim, 'without line');
    else if (workshop.text(location.file) === undefined) judge(claim, 'unproven', 'there is no such file');
    else if (!path || !resource) {
      let isProven = false;
      for (const edit of edits) isProven ||= await workshop.isGone(claim, edit);
      judge(claim, isProven ? 'proven' : 'unproven', 'it stays, whatever is edited');
    } else if (refusal !== undefined) judge(claim, 'unproven', `kustomize refuses: ${refusal}`);
    else if (!object || before === undefined) judge(claim, 'unproven', 'the render has nothing at its path');
    else {
      const fitting = edits.filter((edit) => fits(edit, before, path));
      attempts.push({ claim, path, object, before, edits: fitting, why: [], proven: false, suspect: false });
    }
  }
  // What objects and items are known by is changed last: it may change what else acts on them.
  const isCalm = ({ path }: Attempt) => !IDENTIFYING.has(String(path.at(-1)));
  const isName = ({ path }: Attempt) => NAMES.has(String(path.at(-1)));
  await proveTogether(attempts.filter(isCalm), workshop);
  const items = attempts.filter((attempt) => !isCalm(attempt) && !isName(attempt));
  if (new Set(items.map(placeOf)).size > 1) await proveTogether(items, workshop);
  // What doesn't show there may be due to the others.
  for (const item of items) item.suspect = false;
  const places = new Map<string, Attempt[]>();
  for (const attempt of attempts.filter(({ proven }) => !proven)) {
    places.set(placeOf(attempt), [...(places.get(placeOf(attempt)) ?? []), attempt]);
  }
  await Promise.all([...places.values()].map((same) => proveAlone(same, workshop)));
  for (const { claim, proven, why } of attempts) {
    if (proven) judge(claim, 'proven');
    else judge(claim, why.length === 0 ? 'not tried' : 'unproven', why.join('; '));
  }
  return verdicts;
}

/** What objects are known by, and what else has names: a patch of what is called otherwise is refused. */
const NAMES = new Set(['apiVersion', 'kind', 'name', 'namespace']);
const IDENTIFYING = new Set([
  ...NAMES,
  ...['key', 'mountPath', 'devicePath', 'ip', 'topologyKey'],
  ...['whenUnsatisfiable', 'containerPort', 'port', 'protocol', 'type', 'image'],
]);

/** Whether an edit says anything of a value: another scalar of a scalar, one more entry of a map or a list. */
function fits(edit: Edit, before: unknown, path: Path): boolean {
  const isScalar = typeof before !== 'object' || before === null;
  if (!isScalar) return edit.what !== 'line';
  // A key that shouldn't be there.
  if (edit.what === 'key') return edit.key === String(path.at(-1));
  return edit.what === 'value' || edit.what === 'line' || (edit.what === 'entry' && before === null);
}

/** Claims of one place are proven by the same edits. */
function placeOf({ claim: { location }, edits }: Attempt): string {
  return `${location.file}:${location.line}:${location.column}:${edits.map(({ what }) => what).join()}`;
}

/** Edits the places of many claims in one copy: what each wrote must be found in its own value. Halves what is refused. */
async function proveTogether(attempts: readonly Attempt[], workshop: Workshop): Promise<void> {
  const open = attempts.filter(({ edits, proven }) => !proven && isTelling(edits[0]));
  if (open.length === 0 || workshop.patience-- <= 0) return;
  // Claims of one place share its edit.
  const byPlace = new Map<string, Placed & { edit: Edit }>();
  for (const attempt of open) {
    const [edit] = attempt.edits;
    if (edit && !byPlace.has(placeOf(attempt)))
      byPlace.set(placeOf(attempt), { file: attempt.claim.location.file, edit });
  }
  const after = await workshop.build([...byPlace.values()]);
  if (typeof after === 'string') {
    if (open.length === 1) return;
    const half = Math.ceil(open.length / 2);
    await proveTogether(open.slice(0, half), workshop);
    await proveTogether(open.slice(half), workshop);
    return;
  }
  for (const attempt of open) {
    const edit = byPlace.get(placeOf(attempt))?.edit;
    attempt.proven = edit !== undefined && isChanged(attempt, edit, workshop.render, after);
    // Entries may be written at one place for a map and for what holds it; scalars each have their own.
    attempt.suspect = !attempt.proven && !(typeof attempt.before === 'object');
  }
}

/** Whether the value shows an edit: by what was written, or because it was true and is false. */
function isTelling(edit: Edit | undefined): boolean {
  return edit?.token !== undefined || edit?.what === 'value';
}

/** Tries the edits of a place one by one, for the claims of that place. */
async function proveAlone(attempts: readonly Attempt[], workshop: Workshop): Promise<void> {
  const [first] = attempts;
  for (const attempt of attempts) if (attempt.edits.length === 0) attempt.why.push('nothing of its kind stands there');
  for (const edit of first?.edits ?? []) {
    const open = attempts.filter(({ proven }) => !proven);
    if (!first || open.length === 0) return;
    if (!open.some(({ suspect }) => suspect) && workshop.patience-- <= 0) {
      // Half tried is not tried.
      for (const attempt of open) attempt.why = [];
      return;
    }
    const after = await workshop.build([{ file: first.claim.location.file, edit }]);
    for (const attempt of open) {
      if (typeof after !== 'string') attempt.proven = isChanged(attempt, edit, workshop.render, after);
      else attempt.proven = await isProvenWithNamesakes(attempt, edit, workshop);
      attempt.why.push(`${edit.what}: ${typeof after === 'string' ? after.trim().slice(-300) : 'nothing changes'}`);
    }
  }
}

/**
 * Where a patch names what was renamed, kustomize refuses: the patch is made to follow. A proof only if following alone does
 * nothing.
 */
async function isProvenWithNamesakes(attempt: Attempt, edit: Edit, workshop: Workshop): Promise<boolean> {
  const { claim, path } = attempt;
  const { file } = claim.location;
  const isIdentity = NAMES.has(String(path.at(-1)));
  if (edit.what !== 'value' || !isIdentity || edit.token === undefined) return false;
  const old = (workshop.text(file) ?? '').slice(edit.start, edit.end).replace(/^["']|["']$/g, '');
  const others = workshop.others(file, old, String(edit.token));
  const control = await workshop.build([], others);
  if (typeof control !== 'string' && isChanged(attempt, edit, workshop.render, control)) return false;
  const after = await workshop.build([{ file, edit }], others);
  return typeof after !== 'string' && isChanged(attempt, edit, workshop.render, after);
}

/** Whether the value of a claim is another because of an edit. */
function isChanged({ path, object, before }: Attempt, edit: Edit, render: Objects, after: Objects): boolean {
  return candidates(object, render, after).some((candidate) => {
    const value = valueAt(candidate, path);
    if (edit.what === 'entry' && typeof before === 'object' && before !== null) return hasDirectly(value, edit.token);
    if (edit.token !== undefined && value !== undefined) return holdsToken(value, edit.token);
    // Gone, or of another value: what stands above it must still be there.
    const parent = path.length === 0 ? candidate : valueAt(candidate, path.slice(0, -1));
    return parent !== undefined && !isDeepStrictEqual(value, before);
  });
}

/** Whether an entry or an item of a value is the one that was written. */
function hasDirectly(value: unknown, token: string | number | undefined): boolean {
  if (typeof value !== 'object' || value === null || token === undefined) return false;
  if (!Array.isArray(value)) return Object.hasOwn(value, token);
  return value.some((item) => item === token || (item as { name?: unknown } | null)?.name === token);
}

/** The object after an edit: of the same name, else what is new. */
function candidates(object: Record<string, unknown>, render: Objects, after: Objects): Objects {
  const id = idOf(object);
  const same = after.filter((other) => idOf(other) === id);
  if (same.length > 0) return same;
  const known = new Set(render.map(idOf));
  const fresh = after.filter((other) => !known.has(idOf(other)));
  const ofKind = fresh.filter(({ kind }) => kind === object.kind);
  return ofKind.length > 0 ? ofKind : fresh;
}

function idOf(object: Record<string, unknown>): string {
  const { name, namespace } = metadataOf(object);
  return JSON.stringify([object.apiVersion, object.kind, namespace, plainName(object, name)]);
}

function metadataOf({ metadata }: Record<string, unknown>): { name?: unknown; namespace?: unknown } {
  return typeof metadata === 'object' && metadata !== null ? metadata : {};
}

/** Without the hash of its content. */
function plainName({ kind }: Record<string, unknown>, name: unknown): unknown {
  const isHashed = kind === 'ConfigMap' || kind === 'Secret';
  return isHashed && typeof name === 'string' ? name.replace(/-[a-z0-9]{10}$/, '') : name;
}

function objectOf(render: Objects, { resource }: Claim): Record<string, unknown> | undefined {
  const named = render.filter((object) => {
    const { name } = metadataOf(object);
    const isSame = name === resource?.name || plainName(object, name) === resource?.name;
    return isSame && object.kind === resource?.kind && object.apiVersion === resource?.apiVersion;
  });
  if (named.length <= 1) return named[0];
  return named.find((object) => metadataOf(object).namespace === resource?.namespace);
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}
