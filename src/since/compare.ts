import type { Found } from '../diagnostic.ts';
import type { Severity } from '../rule.ts';
import { isAlike, type Subject } from './subject.ts';

const RANK: Record<Severity, number> = { info: 0, warning: 1, error: 2 };

/** A finding of one side, with the names that this side's environment, targets and files have today. */
export interface SideFinding {
  found: Found;
  environment: string;
  targets: readonly string[];
  /** Of its location. */
  file: string;
  /** Absent where it is about no object. */
  subject?: Subject;
}

/** What the sides know of each other. */
export interface Sides {
  /** Whether two environments may be one, since one of them is at one side only. */
  mayBeOne(before: string, now: string): boolean;
  /** Whether what a finding of then is about is still in its environment. */
  stands(before: SideFinding): boolean;
  /** Whether what a finding of today is about was in its environment. */
  stood(now: SideFinding): boolean;
}

/** What became of the findings of both sides. */
export interface Matched {
  /** Found today, and there before: no worse than it was. */
  known: ReadonlySet<Found>;
  /** There before, and no finding of today is the same. */
  gone: SideFinding[];
}

/** One way of being the same: what both have alike, and what else has to hold. */
interface Pass {
  key(finding: SideFinding): readonly unknown[] | undefined;
  accepts(before: SideFinding, now: SideFinding): boolean;
}

/**
 * Pairs findings, each with one at most, the most certain first: those of one object or target, by fingerprint or, where another file
 * holds it now, by the place in the object; then those of an object that has taken another's place: the one is gone, and the other was
 * not there; at last those of environments that are at one side only, which is what a renamed one looks like. What is more severe
 * than it was is a new finding, and its forerunner isn't gone.
 */
export function match(before: readonly SideFinding[], now: readonly SideFinding[], sides: Sides): Matched {
  const known = new Set<Found>();
  const open = new Set(before);
  const rest = new Set(now);
  for (const { key, accepts } of passesOf(sides)) {
    const candidates = groups(open, key);
    for (const finding of rest) {
      const group = candidates.get(JSON.stringify(key(finding))) ?? [];
      const at = group.findIndex((candidate) => accepts(candidate, finding));
      const [candidate] = at === -1 ? [] : group.splice(at, 1);
      if (!candidate) continue;
      open.delete(candidate);
      rest.delete(finding);
      if (RANK[finding.found.severity] <= RANK[candidate.found.severity]) known.add(finding.found);
    }
  }
  return { known, gone: [...open] };
}

function passesOf({ mayBeOne, stands, stood }: Sides): Pass[] {
  const tookItsPlace = (before: SideFinding, now: SideFinding) => !stands(before) && !stood(now);
  const isElsewhere = (before: SideFinding, now: SideFinding) =>
    mayBeOne(before.environment, now.environment) && tookItsPlace(before, now);
  const words = ({ found }: SideFinding) => found.plain ?? found.message;
  return [
    { key: (one) => [one.found.fingerprint, one.environment, words(one)], accepts: isOfOne },
    {
      key: (one) =>
        one.subject && [one.found.rule, one.environment, one.subject.object, one.subject.pattern, words(one)],
      accepts: () => true,
    },
    { key: (one) => [one.found.fingerprint, one.environment], accepts: (a, b) => isOfOne(a, b) && isUntouched(a, b) },
    {
      key: (one) => one.subject && [one.found.rule, one.environment, one.subject.object, one.subject.place],
      accepts: isUntouched,
    },
    { key: (one) => [one.found.fingerprint, one.environment, words(one)], accepts: tookItsPlace },
    { key: (one) => [one.found.fingerprint, one.environment], accepts: tookItsPlace },
    {
      key: ({ found: { rule }, environment, file, subject }) =>
        subject && [rule, environment, file, subject.kind, subject.pattern, subject.words],
      accepts: (a, b) => tookItsPlace(a, b) && isAlike(a.subject, b.subject),
    },
    { key: (one) => [one.found.fingerprint, words(one)], accepts: isElsewhere },
    { key: (one) => [one.found.fingerprint], accepts: isElsewhere },
    {
      key: (one) => one.subject && [one.found.rule, one.subject.object, one.subject.pattern, words(one)],
      accepts: isElsewhere,
    },
  ];
}

/** Whether both are about one object, or, without any, about one target. */
function isOfOne(before: SideFinding, now: SideFinding): boolean {
  if (before.subject && now.subject) return before.subject.object === now.subject.object;
  return before.targets.some((target) => now.targets.includes(target));
}

/**
 * Whether what is said of a place is the same in other words: its value is what it was, or only numbers and hashes differ in what is
 * said. Where both were changed, one defect was replaced by another. Of sources, there are only words.
 */
function isUntouched({ found: then, subject: old }: SideFinding, { found: now, subject }: SideFinding): boolean {
  return (old && subject && old.value === subject.value) || withoutNumbers(then) === withoutNumbers(now);
}

/** Digits of names count. kustomize's hashes are of `bcdfghkmt2456789`, ten of them. */
function withoutNumbers({ plain, message }: Found): string {
  return (plain ?? message).replace(/-[bcdfghkmt2456789]{10}(?![\w-])/g, '').replace(/(?<![\w-])\d+(?![\w-])/g, '');
}

function groups(findings: Iterable<SideFinding>, key: Pass['key']): Map<string, SideFinding[]> {
  const grouped = new Map<string, SideFinding[]>();
  for (const finding of findings) {
    const wanted = JSON.stringify(key(finding));
    if (wanted === undefined) continue;
    const group = grouped.get(wanted);
    if (group) group.push(finding);
    else grouped.set(wanted, [finding]);
  }
  return grouped;
}
