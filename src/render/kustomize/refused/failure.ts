import { join, relative } from 'node:path';
import type { SourceFinding } from '../../../cluster/cluster.ts';
import type { RenderContext } from '../../target.ts';
import type { Kustomization, KustomizationGraph, Mention } from '../kustomization.ts';
import { clean, errorIn, takeApart } from './failure-message.ts';
import { Finder } from './failure-place.ts';
import { withoutSecrets } from './redact.ts';

/** Why kustomize refused, and what it would have to do without to go on. */
export interface Refusal {
  finding: SourceFinding;
  /** The mentions that it is about; empty where it is about none of them. */
  cuts: readonly Mention[];
  /** What was left out elsewhere may be the reason: the entry needs what it would have brought or made. */
  mayFollow: boolean;
  /** The entry found nothing to change. */
  isUnmatched: boolean;
  /** What kustomize said, and of which kustomization; undefined where it said of none. */
  reason: string;
  kustomization?: Kustomization | undefined;
}

/**
 * The finding for a kustomization that kustomize refused to build: its own message, at the line that causes it where message
 * and sources make that certain, else at the kustomization file. Undefined where one of the graph's problems is the cause.
 */
export function failureOf(stderr: string, graph: KustomizationGraph, context: RenderContext): Refusal | undefined {
  const said = errorIn(stderr);
  if (graph.problems.some(({ kustomization, file }) => isAbout(said, kustomization, file))) return undefined;
  const failure = takeApart(said, graph, context.sources);
  const found = new Finder(failure, graph, context).find();
  const message = clean(found?.message ?? failure.reason, graph, context);
  const fallback = failure.kustomization ?? graph.root;
  const location = found?.location ?? context.sources.whole(fallback?.file ?? context.cwd);
  const finding: SourceFinding = {
    rule: 'render-failed',
    message: withoutSecrets(message, graph, context.sources),
    location,
    ...(found?.related ? { related: found.related } : {}),
  };
  return {
    finding,
    cuts: found?.cuts ?? [],
    mayFollow: !BY_ITSELF.test(said),
    isUnmatched: UNMATCHED.test(said),
    ...failure,
  };
}

/** What kustomize says where an entry needs an object that isn't there, and would change that one only. */
const UNMATCHED = /no matches for Id|does not match a config/;

/** What kustomize says of what is wrong by itself, whatever else there is. */
const BY_ITSELF =
  /MalformedYAMLError|invalid Kustomization|Failed to read kustomization file|Found multiple kustomization|unable to find one of|cycle detected|must build at directory|must resolve to a file|new root |missing (?:kind|metadata\.name|Resource metadata)|expected kind |loading KV pairs|illegally |must have a name|trouble configuring|fails configuration|evalsymlink|already defined|unable to load builtin|unable to parse|error converting YAML|error unmarshaling|not a transformer|not a generator|lstat /;

/** Whether a message names a file, as kustomize names it: with the links of its directory resolved. */
function isAbout(message: string, { directory, realDirectory }: Kustomization, file: string): boolean {
  const real = join(realDirectory, relative(directory, file));
  return [file, real].some((path) => message.includes(`'${path}'`) || message.includes(`lstat ${path}:`));
}
