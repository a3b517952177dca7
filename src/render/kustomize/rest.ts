import type { SourceFinding } from '../../cluster/cluster.ts';
import { asMap, valueAt } from '../../cluster/workloads.ts';
import { type KustomizationGraph, type Mention, readKustomization } from '../kustomization.ts';
import { withPrivateDirectory } from '../private-directory.ts';
import type { RunResult } from '../run.ts';
import type { RenderContext, Rendered, RenderedObject } from '../target.ts';
import { type Cut, cutAt, mayChange } from './cut.ts';
import { failureOf, type Refusal } from './failure.ts';
import { stringOf } from './fields.ts';
import { makeMirror } from './mirror.ts';
import type { Trace } from './trace.ts';

/** What kustomize builds of a target without what it refuses. */
export interface Rest {
  /** What it printed; undefined where it refuses the rest too, for a reason that no entry is the cause of. */
  stdout?: string;
  /** What it refused on the way. */
  findings: SourceFinding[];
  cuts: Cut[];
}

/** Builds a directory without load restrictions. */
export type Build = (directory: string) => Promise<RunResult>;

/** Runs of kustomize for one target: each finds out one more entry that is wrong. */
const MAX_ROUNDS = 10;

/**
 * Builds a target without the entries that are known to be wrong, and without those that kustomize then refuses, one after
 * the other. The repository stays as it is: what is built are links to it, in a directory that nobody else can read.
 */
export async function buildRest(
  wrong: readonly Mention[],
  refusal: Refusal | undefined,
  graph: KustomizationGraph,
  context: RenderContext,
  build: Build,
): Promise<Rest> {
  const rest: Rest = { findings: [], cuts: [] };
  // What kustomize says of the target as it stands is no consequence of what it is then built without.
  if (refusal && !take(refusal, rest, graph, context)) return rest;
  if (wrong.length > 0 && !cut(wrong, false, rest)) return rest;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = await withPrivateDirectory(async (directory) => {
      // All that is wrong is that files lie outside.
      if (rest.cuts.length === 0) return graph.root && build(graph.root.directory);
      const mirror = await makeMirror(graph, rest.cuts, directory).catch(unlessFile);
      if (!mirror) return undefined;
      const built = await build(mirror.root);
      return 'stderr' in built ? { ...built, stderr: mirror.named(built.stderr) } : built;
    });
    if (result?.kind === 'ok') return { ...rest, stdout: result.stdout };
    const next = result?.kind === 'failed' ? failureOf(result.stderr, graph, context) : undefined;
    if (!next || !take(next, rest, graph, context)) return rest;
  }
  return rest;
}

/** A disk that is full, or names that are too long, are no reason to fail: what is known is reported. */
function unlessFile(error: NodeJS.ErrnoException): undefined {
  if (error.code === undefined) throw error;
}

/** Takes what kustomize refuses to what is left out; false where that leads no further. */
function take(refusal: Refusal, rest: Rest, graph: KustomizationGraph, context: RenderContext): boolean {
  const isConsequence = refusal.isAbsence && mayFollow(refusal, rest, graph, context);
  if (!isConsequence) rest.findings.push(refusal.finding);
  return cut(refusal.cuts, isConsequence, rest);
}

/** Leaves out more; false where there is nothing more to leave out. */
function cut(mentions: readonly Mention[], isConsequence: boolean, rest: Rest): boolean {
  const cuts = mentions.map((mention) => cutAt(mention, isConsequence));
  const added = cuts.filter((own) => own !== undefined);
  if (added.length < mentions.length) return false;
  const isNew = ({ kustomization, path }: Cut) =>
    !rest.cuts.some((known) => known.kustomization === kustomization && String(known.path) === String(path));
  const before = rest.cuts.length;
  for (const own of added) if (isNew(own)) rest.cuts.push(own);
  return rest.cuts.length > before;
}

/** Whether what is missing may be what was left out: in that kustomization, or below it. A component sees what others bring. */
function mayFollow({ cuts }: Refusal, rest: Rest, graph: KustomizationGraph, { sources }: RenderContext): boolean {
  return cuts.some(({ kustomization }) => {
    if (kustomization.component) return rest.cuts.length > 0;
    const below = new Set<string>();
    const visit = (directory: string) => {
      const inner = readKustomization(directory, sources);
      if (!inner || below.has(inner.realDirectory)) return;
      below.add(inner.realDirectory);
      for (const { what, absolute } of inner.entries) if (what === 'directory') visit(absolute);
    };
    visit(kustomization.directory);
    return rest.cuts.some((own) => below.has(own.kustomization.realDirectory)) || graph.root === undefined;
  });
}

/**
 * The objects that are deployed as they were built, and what of the target isn't judged: what is left out, and the objects that
 * it may change.
 */
export function asDeployed(
  built: readonly RenderedObject[],
  trace: Trace | undefined,
  cuts: readonly Cut[],
  context: RenderContext,
): Pick<Rendered, 'objects' | 'unchecked'> {
  // What the findings say is all that there is to say.
  if (built.length === 0) return { objects: [], unchecked: [] };
  const { sources } = context;
  const objects: RenderedObject[] = [];
  const changed = new Map<Cut, string[]>();
  for (const object of built) {
    const value = asMap(object.value) ?? {};
    const layers = trace?.layersOf(object.value);
    const cut = cuts.find((own) => {
      const isInReach = layers?.some(({ realDirectory }) => realDirectory === own.kustomization.realDirectory) ?? true;
      return isInReach && mayChange(own, value, sources);
    });
    if (cut) changed.set(cut, [...(changed.get(cut) ?? []), `${value.kind}/${object.displayName ?? nameOf(value)}`]);
    else objects.push(object);
  }
  const unchecked = cuts.flatMap((cut) => {
    const names = changed.get(cut);
    const what = `${textOf(cut)} (${showLocation(context, cut)})`;
    if (!names)
      return cut.isConsequence ? [] : [{ what, reason: 'kustomize refuses it: the rest is judged without it' }];
    return [
      { what: listed(names), reason: `${what} may change ${names.length === 1 ? 'it' : 'them'}, and is left out` },
    ];
  });
  return { objects, unchecked };
}

function nameOf(value: Record<string, unknown>): string {
  const name = asMap(value.metadata)?.name;
  return typeof name === 'string' ? name : '';
}

/** More names help nobody. */
const MOST_NAMES = 3;

function listed(names: readonly string[]): string {
  return names.length > MOST_NAMES ? `${names.length} objects` : names.join(', ');
}

/** What is left out, as a person calls it: the file or directory that it names, else its name, else its field. */
function textOf({ kustomization, path, field }: Cut): string {
  const mentioned = kustomization.entries.filter((entry) => {
    return entry.what !== 'inline' && path.every((key, i) => key === entry.path[i]);
  });
  const item = asMap(valueAt(kustomization.value, path)) ?? {};
  const kind = { configMapGenerator: 'ConfigMap/', secretGenerator: 'Secret/' }[field as string] ?? '';
  const name = stringOf(item, 'name')?.value;
  if (name !== undefined && field !== 'patches') return `${kind}${name}`;
  return mentioned[0]?.text ?? `an item of ${field}`;
}

function showLocation({ sources }: RenderContext, { kustomization, path }: Cut): string {
  const { file, line } = sources.locate(kustomization.file, kustomization.document?.index ?? 0, path);
  return line === undefined ? file : `${file}:${line}`;
}
