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
import { readYaml } from '../../src/yaml.ts';
import { applied, type Edit, editsAt, holdsToken } from './edit.ts';

export type Layer = 'v31' | 'v35';

/** A repository in memory. */
export interface Case {
  name: string;
  files: Record<string, string>;
}

/** What became of a diagnostic: `why` says what was tried where it isn't proven. */
export interface Verdict {
  name: string;
  target: string;
  diagnostic: Diagnostic;
  outcome: 'proven' | 'without line' | 'unproven';
  why?: string;
}

export const counts = { built: 0, refused: 0 };

type Objects = Record<string, unknown>[];

/** As many tools at a time as run anyway. */
const limit = pLimit(2);

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
    const today = '2026-06-15';
    return lint({ cwd, kustomize: kubectl, helm, concurrency: 2, today, ...(rules.length > 0 ? { rules } : {}) });
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

/** What the real kustomize builds of a directory of the files; what it says where it refuses. */
async function built(files: Record<string, string>, target: string, layer: Layer): Promise<Objects | string> {
  const { kubectl } = await pinned(layer);
  return limit(() =>
    written(files, async (cwd) => {
      counts.built++;
      try {
        const args = ['kustomize', target, '--load-restrictor=LoadRestrictionsNone'];
        const { stdout } = await promisify(execFile)(kubectl, args, { cwd, maxBuffer: 1e9 });
        return readYaml(stdout).flatMap(({ value, empty }) => (empty ? [] : [value as Record<string, unknown>]));
      } catch (error) {
        counts.refused++;
        return (error as { stderr?: string }).stderr ?? String(error);
      }
    }),
  );
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
      return proveTarget(name, files, target, own, layer);
    });
  return (await Promise.all(verdicts)).flat();
}

/** A diagnostic on its way: where its object and value are in the render, and what was tried. */
interface Attempt {
  diagnostic: Diagnostic;
  object: Record<string, unknown>;
  before: unknown;
  edits: Edit[];
  why: string[];
  proven: boolean;
}

async function proveTarget(
  name: string,
  files: Record<string, string>,
  target: string,
  diagnostics: readonly Diagnostic[],
  layer: Layer,
): Promise<Verdict[]> {
  const verdict = (diagnostic: Diagnostic, outcome: Verdict['outcome'], why?: string): Verdict => {
    return { name, target, diagnostic, outcome, ...(why === undefined ? {} : { why }) };
  };
  const verdicts: Verdict[] = [];
  const attempts: Attempt[] = [];
  const render = diagnostics.some(({ path }) => path) ? await built(files, target, layer) : [];
  for (const diagnostic of diagnostics) {
    const { location, path, resource } = diagnostic;
    const { file, line, column } = location;
    if (line === undefined) {
      verdicts.push(verdict(diagnostic, 'without line'));
      continue;
    }
    const text = files[file];
    if (text === undefined) {
      verdicts.push(verdict(diagnostic, 'unproven', 'there is no such file'));
      continue;
    }
    const number = new Set(verdicts.map((_, i) => i)).size + attempts.length;
    const edits = editsAt(file, text, { line, ...(column === undefined ? {} : { column }) }, number);
    if (!path || !resource) {
      verdicts.push(await proveSource(diagnostic, edits, files, layer, verdict));
      continue;
    }
    if (typeof render === 'string') {
      verdicts.push(verdict(diagnostic, 'unproven', `kustomize refuses: ${render}`));
      continue;
    }
    const object = objectOf(render, diagnostic);
    const before = object && valueAt(object, path);
    if (!object || before === undefined) {
      verdicts.push(verdict(diagnostic, 'unproven', `the render has no ${path.join('.')} of ${resource.name}`));
      continue;
    }
    const fitting = edits.filter((edit) => fits(edit, before, path));
    attempts.push({ diagnostic, object, before, edits: fitting, why: [], proven: false });
  }
  if (typeof render !== 'string') {
    await proveTogether(attempts, render, files, target, layer);
    await Promise.all(attempts.map((attempt) => proveAlone(attempt, render, files, target, layer)));
  }
  for (const { diagnostic, proven, why } of attempts) {
    verdicts.push(proven ? verdict(diagnostic, 'proven') : verdict(diagnostic, 'unproven', why.join('; ')));
  }
  return verdicts;
}

/** Whether an edit says anything of a value: another scalar of a scalar, one more entry of a map or a list. */
function fits(edit: Edit, before: unknown, path: readonly (string | number)[]): boolean {
  const isScalar = typeof before !== 'object' || before === null;
  if (!isScalar) return edit.what !== 'line';
  // A key that shouldn't be there.
  if (edit.what === 'key') return edit.key === String(path.at(-1));
  return edit.what === 'value' || edit.what === 'line' || (edit.what === 'entry' && before === null);
}

/** Edits the places of many diagnostics in one copy: what each wrote must be found in its own value. Halves what is refused. */
async function proveTogether(
  attempts: readonly Attempt[],
  render: Objects,
  files: Record<string, string>,
  target: string,
  layer: Layer,
): Promise<void> {
  const open = attempts.filter(({ edits, proven }) => !proven && edits[0]?.token !== undefined);
  if (open.length === 0) return;
  const copy = { ...files };
  for (const file of new Set(open.map(({ diagnostic }) => diagnostic.location.file))) {
    const here = open.filter(({ diagnostic }) => diagnostic.location.file === file);
    copy[file] = applied(
      files[file] ?? '',
      here.map(({ edits }) => edits[0]).filter((edit) => edit !== undefined),
    ).text;
  }
  const after = await built(copy, target, layer);
  if (typeof after === 'string') {
    if (open.length === 1) return;
    const half = Math.ceil(open.length / 2);
    await proveTogether(open.slice(0, half), render, files, target, layer);
    await proveTogether(open.slice(half), render, files, target, layer);
    return;
  }
  for (const attempt of open) {
    // Diagnostics of one place share its edit.
    const { file, line, column } = attempt.diagnostic.location;
    const tokens = open.filter(({ diagnostic: { location } }) => {
      return location.file === file && location.line === line && location.column === column;
    });
    attempt.proven = tokens.some(({ edits: [edit] }) => edit && isChanged(attempt, edit, render, after));
  }
}

/** Tries the edits of a diagnostic one by one. */
async function proveAlone(
  attempt: Attempt,
  render: Objects,
  files: Record<string, string>,
  target: string,
  layer: Layer,
): Promise<void> {
  const { file } = attempt.diagnostic.location;
  if (!attempt.proven && attempt.edits.length === 0) attempt.why.push('nothing of its kind stands there');
  for (const edit of attempt.edits) {
    if (attempt.proven) return;
    const edited = applied(files[file] ?? '', [edit]).text;
    const after = await built({ ...files, [file]: edited }, target, layer);
    if (
      typeof after === 'string' &&
      (await proveWithNamesakes(attempt, edit, render, { files, edited, target, layer }))
    )
      return;
    if (typeof after === 'string') attempt.why.push(`${edit.what}: ${after.trim().slice(-300)}`);
    else if (isChanged(attempt, edit, render, after)) attempt.proven = true;
    else attempt.why.push(`${edit.what}: nothing changes`);
  }
}

/**
 * Where a patch names what was renamed, kustomize refuses: the patch is made to follow. A proof only if following alone does
 * nothing.
 */
async function proveWithNamesakes(
  attempt: Attempt,
  edit: Edit,
  render: Objects,
  { files, edited, target, layer }: { files: Record<string, string>; edited: string; target: string; layer: Layer },
): Promise<boolean> {
  const { location, path = [] } = attempt.diagnostic;
  const isIdentity = ['apiVersion', 'kind', 'name', 'namespace'].includes(String(path.at(-1)));
  if (edit.what !== 'value' || !isIdentity || edit.token === undefined) return false;
  const text = files[location.file] ?? '';
  const old = text.slice(edit.start, edit.end).replace(/^["']|["']$/g, '');
  const followed = Object.entries(files).map(([file, other]): [string, string] => {
    const isOther = file !== location.file && /\.ya?ml$/.test(file);
    const words = new RegExp(`(?<![\\w./-])${old.replace(/[^\w]/g, '\\$&')}(?![\\w./-])`, 'g');
    return [file, isOther ? other.replace(words, String(edit.token)) : other];
  });
  const others = Object.fromEntries(followed);
  const control = await built(others, target, layer);
  if (typeof control !== 'string' && isChanged(attempt, edit, render, control)) return false;
  const after = await built({ ...others, [location.file]: edited }, target, layer);
  attempt.proven = typeof after !== 'string' && isChanged(attempt, edit, render, after);
  return attempt.proven;
}

/** Whether the value of a diagnostic is another because of an edit. */
function isChanged(attempt: Attempt, edit: Edit, render: Objects, after: Objects): boolean {
  const { diagnostic, object, before } = attempt;
  const path = diagnostic.path ?? [];
  return candidates(object, render, after).some((candidate) => {
    const value = valueAt(candidate, path);
    if (edit.what === 'entry' && typeof before === 'object' && before !== null) return hasDirectly(value, edit.token);
    if (edit.token !== undefined) return holdsToken(value, edit.token);
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

function objectOf(render: Objects, { resource }: Diagnostic): Record<string, unknown> | undefined {
  const named = render.filter((object) => {
    const { name } = metadataOf(object);
    const isSame = name === resource?.name || plainName(object, name) === resource?.name;
    return isSame && object.kind === resource?.kind && object.apiVersion === resource?.apiVersion;
  });
  if (named.length <= 1) return named[0];
  return named.find((object) => metadataOf(object).namespace === resource?.namespace);
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}

/** A finding of sources: with its line edited, it is gone or another. */
async function proveSource(
  diagnostic: Diagnostic,
  edits: readonly Edit[],
  files: Record<string, string>,
  layer: Layer,
  verdict: (diagnostic: Diagnostic, outcome: Verdict['outcome'], why?: string) => Verdict,
): Promise<Verdict> {
  const { file } = diagnostic.location;
  for (const edit of edits) {
    const copy = { ...files, [file]: applied(files[file] ?? '', [edit]).text };
    const report = await limit(() => linted(copy, layer, [diagnostic.rule]));
    const isThere = report.diagnostics.some(({ message, location }) => {
      return message === diagnostic.message && location.file === file && location.line === diagnostic.location.line;
    });
    if (!isThere && report.failures.length === 0) return verdict(diagnostic, 'proven');
  }
  return verdict(diagnostic, 'unproven', `it stays, whatever is edited: ${edits.map(({ what }) => what).join(', ')}`);
}
