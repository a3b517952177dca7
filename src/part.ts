import { applyBaseline, type BaselineUse, entryFinding } from './baseline/apply.ts';
import type { WrittenEntry } from './baseline/entry.ts';
import { compareText, merge, mergeSuppressed, type NotJudged } from './diagnose.ts';
import type { Found, Suppressed } from './diagnostic.ts';
import { type IgnoreLevels, type IgnoreUse, ignoreFindings } from './ignore.ts';
import type { Picture } from './picture.ts';
import type { Report, UncheckedItem } from './report/report.ts';
import { countBySeverity } from './report/shown.ts';
import { compareSides } from './since/sides.ts';

/** What was found out about one environment. */
export interface JudgedEnvironment {
  name: string;
  /** Its place among all that the run selects, before they are shared out. */
  index: number;
  /** What no ignore covers. */
  found: Found[];
  suppressed: Suppressed<Found>[];
  /** How many it has. */
  targets: number;
  resources: number;
  /** Where one was asked for. */
  picture?: Picture;
}

/**
 * What one run found out, or one shard of it: plain data that can be written down and read again. The parts of a run add up to its
 * report (`reportOf`), whatever way its environments were shared out.
 */
export interface Part {
  /** The working directory, relative to the root of the repository, `''` at the root. */
  prefix: string;
  environments: JudgedEnvironment[];
  ignores: IgnoreUse[];
  ignoreLevels: IgnoreLevels;
  /** The entries of the baseline, in their order. */
  baseline?: BaselineUse[];
  /** Every environment of this part was judged whole. */
  complete: boolean;
  /** Some rules, environments or paths were left out by who asked. */
  partial: boolean;
  unchecked: NotJudged[];
  /** The ids of the rules that ran. */
  rules: string[];
  /** Why it could not be whole. */
  failures: string[];
  /** Why nothing was judged, where that is no failure. */
  note?: string;
  share?: PartShare;
  /** What it was compared with; `found` then says what was there before. */
  since?: PartSince;
}

/** The other side of a comparison, as one part of a run knows it. */
export interface PartSince {
  ref: string;
  commit: string;
  /** What a reader has to know of how it was compared. */
  notes: string[];
  /** Found there, and gone. */
  fixed: Found[];
  ignores: IgnoreUse[];
  ignoreLevels: IgnoreLevels;
}

/** Which share of a run a part is. */
export interface PartShare {
  /** From 1. */
  index: number;
  count: number;
  /** How many environments all shares have. */
  of: number;
  /** Parts of one run have the same plan, version of k8s-lint and commit. */
  plan: string;
  version: string;
  commit?: string;
}

/** Adds up the parts of one run. The same parts in any order give the same report. */
export function reportOf(parts: readonly Part[]): Report {
  const environments = parts.flatMap((part) => part.environments).sort((a, b) => a.index - b.index);
  const [first] = parts;
  const { prefix = '', ignoreLevels = NO_LEVELS, baseline = [] } = first ?? {};
  const ignores = ignoreFindings(addUpUses(parts, environments), ignoreLevels, isWhole(parts), prefix);
  // What a share that failed would still find is not fixed.
  const hasFailed = parts.some(({ failures }) => failures.length > 0);
  const thereBefore = parts.map((part) => ({ ...part, ignores: part.since?.ignores ?? [] }));
  const sides = compareSides(
    parts.flatMap(({ since }) => (since ? (hasFailed ? { ...since, fixed: [] } : since) : [])),
    [...environments.flatMap((environment) => environment.found), ...ignores],
    ignoreFindings(addUpUses(thereBefore, []), first?.since?.ignoreLevels ?? NO_LEVELS, isWhole(parts), prefix),
  );
  const known = applyBaseline(
    [...sides.before, ...sides.unsure, ...sides.found],
    baseline.map(({ entry }) => entry),
    prefix,
  );
  const found = new Set(sides.found);
  const kept = known.kept.filter((diagnostic) => found.has(diagnostic));
  const gone = goneEntries(parts, known.unused).flatMap((entry) => entryFinding(entry, ignoreLevels, prefix));
  const diagnostics = gone.length === 0 ? kept : merge([...kept, ...gone]);
  const suppressed = mergeSuppressed([
    ...environments.flatMap((environment) => environment.suppressed),
    ...known.suppressed,
  ]);
  const pictures = environments.flatMap(({ picture }) => picture ?? []);
  const note = environments.length === 0 && first ? (first.note ?? emptyShare(first)) : undefined;
  return {
    diagnostics,
    suppressed,
    unchecked: uniqueUnchecked(parts.flatMap(({ unchecked }) => unchecked)),
    environments: environments.map(({ name }) => name),
    ...(pictures.length > 0 ? { pictures } : {}),
    ...(baseline[0] && known.suppressed.length > 0
      ? { known: { file: baseline[0].entry.location.file, count: known.suppressed.length } }
      : {}),
    ...(sides.since ? { since: sides.since } : {}),
    summary: {
      ...countBySeverity(diagnostics),
      ignored: suppressed.length,
      targets: sum(environments, ({ targets }) => targets),
      resources: sum(environments, ({ resources }) => resources),
    },
    rules: first?.rules ?? [],
    failures: [...new Set(parts.flatMap(({ failures }) => failures))].sort(compareText),
    ...(note === undefined ? {} : { note }),
    ...(first?.share && parts.length === 1 ? { shard: first } : {}),
  };
}

/** A share may be empty: there are fewer environments than shares. */
function emptyShare({ share, failures }: Part): string | undefined {
  if (!share || failures.length > 0) return undefined;
  const { index, count, of } = share;
  return `nothing to judge in shard ${index}/${count}: ${of === 1 ? 'the one environment is' : `all ${of} environments are`} in others`;
}

const NO_LEVELS: IgnoreLevels = { 'ignore-unused': 'off', 'ignore-expired': 'off' };

/** Whether the parts are all that there is: what matches nothing here matches nothing anywhere. */
function isWhole(parts: readonly Part[]): boolean {
  return parts.every(({ partial }) => !partial) && parts.length === (parts[0]?.share?.count ?? parts.length);
}

/** Of the entries of a baseline that match nothing, those whose files were judged whole in a whole run: they are fixed. */
export function goneEntries(parts: readonly Part[], unused: readonly WrittenEntry[]): WrittenEntry[] {
  if (!isWhole(parts) || parts.some(({ failures }) => failures.length > 0)) return [];
  const states = new Map<string, Set<BaselineUse['judged']>>();
  for (const { entry, judged } of parts.flatMap(({ baseline = [] }) => baseline)) {
    states.set(entry.file, (states.get(entry.file) ?? new Set()).add(judged));
  }
  const complete = parts.every((part) => part.complete);
  return unused.filter(({ file }) => {
    const judged = states.get(file);
    return complete || (judged?.has('whole') && !judged.has('doubtful'));
  });
}

/** One use of each ignore: it matches nothing only where it does so in every part. */
function addUpUses(parts: readonly Part[], environments: readonly JudgedEnvironment[]): IgnoreUse[] {
  const uses = new Map<string, IgnoreUse>();
  for (const use of parts.flatMap(({ ignores }) => ignores)) {
    const key = JSON.stringify([use.location, use.identity]);
    const same = uses.get(key);
    uses.set(key, same ? addUses(same, use) : use);
  }
  // Of findings that are merged, the first one's words count.
  const places = new Map(environments.map(({ name }, place) => [name, place]));
  const placeOf = ({ targets }: Found) => places.get(targets[0]?.environment ?? '') ?? 0;
  return [...uses.values()].map((use) =>
    use.expired
      ? { ...use, expired: { ...use.expired, back: use.expired.back.toSorted((a, b) => placeOf(a) - placeOf(b)) } }
      : use,
  );
}

function addUses(a: IgnoreUse, b: IgnoreUse): IgnoreUse {
  const states = [a.judged, b.judged];
  const judged = states.includes('doubtful') ? 'doubtful' : states.includes('whole') ? 'whole' : 'elsewhere';
  const expired = a.expired && {
    ...a.expired,
    back: [...a.expired.back, ...(b.expired?.back ?? [])],
  };
  return { ...a, used: a.used || b.used, judged, ...(expired ? { expired } : {}) };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function uniqueUnchecked(items: readonly NotJudged[]): UncheckedItem[] {
  const unique = new Map(
    items.map(({ what, reason, target }) => [JSON.stringify([what, reason, target]), { what, reason, target }]),
  );
  return [...unique.values()].sort(
    (a, b) => compareText(a.target, b.target) || compareText(a.what, b.what) || compareText(a.reason, b.reason),
  );
}
