import type { SourceFinding } from '../../../cluster/cluster.ts';
import { asMap, valueAt } from '../../../cluster/workloads.ts';
import type { Location, Path } from '../../../resource.ts';
import { withPrivateDirectory } from '../../private-directory.ts';
import type { RunResult } from '../../run.ts';
import type { RenderContext, Rendered, RenderedObject } from '../../target.ts';
import type { Entry } from '../entries.ts';
import { stringOf } from '../fields.ts';
import {
  type Kustomization,
  type KustomizationGraph,
  type Mention,
  placeOf,
  readKustomization,
} from '../kustomization.ts';
import { identityOfValue } from '../trace/subject.ts';
import type { Trace } from '../trace/trace.ts';
import { bisect } from './bisect.ts';
import { type Cut, cutAt, isSameCut, mayChange } from './cut.ts';
import type { Refusal } from './failure.ts';
import { makeMirror } from './mirror.ts';

/** What kustomize builds of a target without what it refuses. */
export interface Rest {
  /** What it printed; undefined where it refuses the rest too, for a reason that no entry is the cause of. */
  stdout?: string;
  /** What it refused on the way. */
  findings: SourceFinding[];
  cuts: Cut[];
}

/** Runs kustomize without load restrictions on a directory. `named` gives what it says of it the names that people know. */
export type Build = (directory: string, named?: (text: string) => string) => Promise<RunResult>;

/** Why a run failed; undefined where one of the graph's problems is the cause. */
export type Explain = (result: Exclude<RunResult, { kind: 'ok' }>) => Refusal | undefined;

/** Runs of kustomize for one target: each finds out one more entry that is wrong. */
const MAX_ROUNDS = 20;

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
  explain: Explain,
): Promise<Rest> {
  const rest = new Remainder(graph, context, build, explain);
  // What kustomize says of the target as it stands is no consequence of what it is then built without.
  if (refusal && !(await rest.takeOut(refusal))) return rest;
  if (wrong.length > 0 && !rest.cut(wrong, 'wrong')) return rest;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = await rest.build(rest.cuts);
    if (result?.kind === 'ok') return { findings: rest.findings, cuts: rest.cuts, stdout: result.stdout };
    const next = result?.kind === 'failed' ? explain(result) : undefined;
    if (!next || !(await rest.takeOut(next))) return rest;
  }
  return rest;
}

/** What is left of a target, and what was found wrong on the way there. */
class Remainder implements Rest {
  readonly findings: SourceFinding[] = [];
  readonly cuts: Cut[] = [];
  readonly #graph: KustomizationGraph;
  readonly #context: RenderContext;
  readonly #build: Build;
  readonly #explain: Explain;

  constructor(graph: KustomizationGraph, context: RenderContext, build: Build, explain: Explain) {
    this.#graph = graph;
    this.#context = context;
    this.#build = build;
    this.#explain = explain;
  }

  /** Builds the target without some of its entries; undefined where that can't be tried. */
  async build(cuts: readonly Cut[]): Promise<RunResult | undefined> {
    const { root } = this.#graph;
    // All that is wrong is that files lie outside.
    if (cuts.length === 0) return root && this.#build(root.directory);
    return withPrivateDirectory(async (directory) => {
      const mirror = await makeMirror(this.#graph, cuts, directory).catch(unlessFile);
      return mirror && this.#build(mirror.root, mirror.named);
    });
  }

  /** Takes out what kustomize refuses; false where that leads no further. */
  async takeOut(refusal: Refusal): Promise<boolean> {
    const { finding, cuts, mayFollow, isUnmatched } = await this.#located(refusal);
    const isConsequence = mayFollow && (cuts.length === 0 ? this.cuts.length > 0 : this.#mayFollow(cuts));
    if (!isConsequence) this.findings.push(finding);
    if (isConsequence) return this.cut(cuts, isUnmatched ? 'unmatched' : 'consequence');
    return this.cut(cuts, isUnmatched ? 'misnamed' : 'wrong');
  }

  /** Leaves out more; false where there is nothing more to leave out. */
  cut(mentions: readonly Mention[], why: Cut['why']): boolean {
    const added = mentions.map((mention) => cutAt(mention, why)).filter((cut) => cut !== undefined);
    if (added.length < mentions.length) return false;
    const before = this.cuts.length;
    for (const cut of added) if (!this.cuts.some((known) => isSameCut(known, cut))) this.cuts.push(cut);
    return this.cuts.length > before;
  }

  /** A refusal that neither the message nor the sources tell the place of, at the entry that is its cause. */
  async #located(refusal: Refusal): Promise<Refusal> {
    if (refusal.cuts.length > 0 || refusal.finding.location.line !== undefined) return refusal;
    const { sources } = this.#context;
    const found = await bisect(refusal, this.cuts, this.#graph, sources, async (cuts) => {
      const result = await this.build(cuts);
      return result?.kind === 'failed' ? this.#explain(result) : undefined;
    });
    if (!found) return refusal;
    const location = locate(found, this.#context);
    return { ...refusal, cuts: [found], finding: { ...refusal.finding, location } };
  }

  /** Whether what is missing may be what was left out: in that kustomization, or below it. A component sees what others bring. */
  #mayFollow(mentions: readonly Mention[]): boolean {
    return mentions.some(({ kustomization }) => {
      if (kustomization.component) return this.cuts.length > 0;
      const below = new Set<string>();
      const visit = (directory: string) => {
        const inner = readKustomization(directory, this.#context.sources);
        if (!inner || below.has(inner.realDirectory)) return;
        below.add(inner.realDirectory);
        for (const { what, absolute } of inner.entries) if (what === 'directory') visit(absolute);
      };
      visit(kustomization.directory);
      return this.cuts.some((cut) => below.has(cut.kustomization.realDirectory));
    });
  }
}

/** A disk that is full, or names that are too long, are no reason to fail: what is known is reported. */
function unlessFile(error: NodeJS.ErrnoException): undefined {
  if (error.code === undefined) throw error;
}

/** Where a mention stands; of an item that names one file, where it does. */
function locate({ kustomization, path }: Mention, { sources }: RenderContext): Location {
  const named = namedIn(kustomization, path);
  const at = named.length === 1 && named[0] ? named[0].path : path;
  const { file, document } = placeOf(kustomization);
  return sources.locate(file, document, at);
}

/** What of the disk an item names. */
function namedIn({ entries }: Kustomization, path: Path): Entry[] {
  return entries.filter((entry) => entry.what !== 'inline' && path.every((key, i) => key === entry.path[i]));
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
    if (cut)
      changed.set(cut, [
        ...(changed.get(cut) ?? []),
        `${value.kind}/${object.displayName ?? identityOfValue(value).name}`,
      ]);
    else objects.push(object);
  }
  const unchecked = cuts.flatMap((cut) => {
    const names = changed.get(cut);
    const what = `${textOf(cut)} (${shown(cut, context)})`;
    if (!names) return cut.why === 'unmatched' ? [] : [{ what, reason: REASONS[cut.why] }];
    return [
      { what: listed(names), reason: `${what} may change ${names.length === 1 ? 'it' : 'them'}, and is left out` },
    ];
  });
  return { objects, unchecked };
}

/** More names help nobody. */
const MOST_NAMES = 3;

function listed(names: readonly string[]): string {
  return names.length > MOST_NAMES ? `${names.length} objects` : names.join(', ');
}

const REASONS = {
  wrong: 'kustomize refuses it: the rest is judged without it',
  misnamed: 'kustomize refuses it: the rest is judged without it',
  consequence: 'it may need what is left out, and is left out too',
};

/** What stands before a name to say what it is. */
const KINDS: ReadonlyMap<Cut['field'], string> = new Map([
  ['configMapGenerator', 'ConfigMap/'],
  ['secretGenerator', 'Secret/'],
  ['vars', 'the variable '],
  ['replicas', 'the replicas of '],
  ['images', 'the image '],
  ['imageTags', 'the image '],
]);

/** What is left out, as a person calls it: the file or directory that it names, else its name, else its field. */
function textOf({ kustomization, path, field }: Cut): string {
  const item = asMap(valueAt(kustomization.value, path)) ?? {};
  const name = stringOf(item, 'name')?.value;
  if (name !== undefined && field !== 'patches') return `${KINDS.get(field) ?? ''}${name}`;
  return namedIn(kustomization, path)[0]?.text ?? (field.startsWith('patches') ? 'a patch' : `an item of ${field}`);
}

function shown(cut: Cut, context: RenderContext): string {
  const { file, line } = locate(cut, context);
  return line === undefined ? file : `${file}:${line}`;
}
