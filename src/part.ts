import { compareText, merge, mergeSuppressed } from './diagnose.ts';
import type { Diagnostic, Found, Suppressed } from './diagnostic.ts';
import { type IgnoreLevels, type IgnoreUse, ignoreFindings } from './ignore.ts';
import type { Picture } from './picture.ts';
import type { Report, UncheckedItem } from './report/report.ts';
import type { Severity } from './rule.ts';

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
  environments: JudgedEnvironment[];
  ignores: IgnoreUse[];
  ignoreLevels: IgnoreLevels;
  /** Some rules, environments or paths were left out by who asked. */
  partial: boolean;
  unchecked: UncheckedItem[];
  /** The ids of the rules that ran. */
  rules: string[];
  /** Why it could not be whole. */
  failures: string[];
  /** Why nothing was judged, where that is no failure. */
  note?: string;
}

/** Adds up the parts of one run. The same parts in any order give the same report. */
export function reportOf(parts: readonly Part[]): Report {
  const environments = parts.flatMap((part) => part.environments).sort((a, b) => a.index - b.index);
  const [first] = parts;
  const whole = parts.every((part) => !part.partial);
  const ignores = first ? ignoreFindings(addUpUses(parts), first.ignoreLevels, whole) : [];
  const diagnostics = merge([...environments.flatMap(({ found }) => found), ...ignores]);
  const suppressed = mergeSuppressed(environments.flatMap((environment) => environment.suppressed));
  const pictures = environments.flatMap(({ picture }) => picture ?? []);
  const note = environments.length === 0 ? first?.note : undefined;
  return {
    diagnostics,
    suppressed,
    unchecked: uniqueUnchecked(parts.flatMap(({ unchecked }) => unchecked)),
    environments: environments.map(({ name }) => name),
    ...(pictures.length > 0 ? { pictures } : {}),
    summary: {
      errors: count(diagnostics, 'error'),
      warnings: count(diagnostics, 'warning'),
      infos: count(diagnostics, 'info'),
      ignored: suppressed.length,
      targets: sum(environments, ({ targets }) => targets),
      resources: sum(environments, ({ resources }) => resources),
    },
    rules: first?.rules ?? [],
    failures: [...new Set(parts.flatMap(({ failures }) => failures))].sort(compareText),
    ...(note === undefined ? {} : { note }),
  };
}

/** One use of each ignore: it matches nothing only where it does so in every part. */
function addUpUses(parts: readonly Part[]): IgnoreUse[] {
  const uses = new Map<string, IgnoreUse>();
  for (const use of parts.flatMap(({ ignores }) => ignores)) {
    const key = JSON.stringify([use.location, use.identity]);
    const same = uses.get(key);
    uses.set(key, same ? addUses(same, use) : use);
  }
  return [...uses.values()];
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

function count(diagnostics: readonly Diagnostic[], severity: Severity): number {
  return diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
}

function uniqueUnchecked(items: readonly UncheckedItem[]): UncheckedItem[] {
  const unique = new Map(items.map((item) => [JSON.stringify([item.what, item.reason, item.target]), item]));
  return [...unique.values()].sort(
    (a, b) => compareText(a.target, b.target) || compareText(a.what, b.what) || compareText(a.reason, b.reason),
  );
}
