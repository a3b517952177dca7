import { isBelow } from '../below.ts';
import { filesOfTarget } from '../config/select.ts';
import { merge, type NotJudged } from '../diagnose.ts';
import type { Found } from '../diagnostic.ts';
import type { Gap } from '../git/export.ts';
import type { Side } from '../lint.ts';
import type { Part } from '../part.ts';
import type { UncheckedItem } from '../report/report.ts';
import { counted } from '../report/shown.ts';
import type { SourceFiles } from '../source.ts';
import { match, type SideFinding } from './compare.ts';
import type { OtherSide } from './other-side.ts';
import type { Today } from './same.ts';

/** What became of the findings between two sides. */
export interface Became {
  /** Of today's findings, those that aren't new, or of which nobody can say. */
  states: ReadonlyMap<Found, Pick<Found, 'before'>>;
  fixed: Found[];
  /** What can't be compared. */
  unsure: UncheckedItem[];
}

/** What kept environments of the other side from being judged as they were, by their names there. */
export type Gaps = ReadonlyMap<string, Gap>;

/** The environments of the other side that are not whole because something could not be laid out. */
export async function gapsOf({ judgements, part }: Side, other: OtherSide, sources: SourceFiles): Promise<Gaps> {
  const gaps = new Map<string, Gap>();
  if (other.gaps.length === 0) return gaps;
  for (const [i, { complete, targets }] of judgements.entries()) {
    if (complete) continue;
    const broken = targets.filter(({ whole }) => !whole).map(({ target }) => target);
    const files = (await Promise.all(broken.map((target) => filesOfTarget(target, sources)))).flat();
    const gap = other.gaps.find(({ path }) => files.some((file) => isBelow(file, `${other.root}/${path}`)));
    if (gap) gaps.set(part.environments[i]?.name ?? '', gap);
  }
  return gaps;
}

/**
 * Compares what was found. Fixed is what is gone although all that could find it was judged: neither what an exception covers now,
 * nor what a rule can't know any more. What an environment could not be judged for, because the other side isn't all here, nobody
 * calls new.
 */
export function becameOf(before: Side, after: Side, today: Today, gaps: Gaps): Became {
  const shared = new Set(before.part.environments.flatMap(({ name }) => today.environment(name)?.name ?? []));
  const { known, gone } = match(
    before.part.environments.flatMap(({ name, found }) => found.map((one) => findingThere(one, name, today))),
    after.part.environments.flatMap(({ name, found }) => found.map((one) => findingHere(one, name))),
    (name) => shared.has(name),
  );
  const lost = lostRules(before, after, (name) => (shared.has(name) ? name : ''), today);
  const states = new Map<Found, Pick<Found, 'before'>>([...known].map((found) => [found, { before: 'there' }]));
  const unsure: UncheckedItem[] = [];
  for (const [name, { path, reason }] of gaps) {
    const environment = after.part.environments.find((candidate) => candidate.name === today.nameOf(name));
    const open = (environment?.found ?? []).filter((found) => !states.has(found));
    for (const found of open) states.set(found, { before: 'unsure' });
    if (open.length === 0) continue;
    const what = `whether ${counted(merge(open).length, 'finding')} of ${environment?.name} were there before`;
    unsure.push({ what, reason: `${path}: ${reason}`, target: environment?.name ?? name });
  }
  const doubtful = new Set([...gaps.keys()].map((name) => today.nameOf(name)));
  const sure = gone.filter(({ environment }) => !doubtful.has(environment));
  return { states, fixed: after.part.failures.length > 0 ? [] : fixedOf(sure, after, lost), unsure };
}

function findingThere(found: Found, environment: string, today: Today): SideFinding {
  const targets = found.targets.map(({ target }) => today.target(environment, target) ?? target);
  return { found, environment: today.nameOf(environment), targets };
}

function findingHere(found: Found, environment: string): SideFinding {
  return { found, environment, targets: found.targets.map(({ target }) => target) };
}

function fixedOf(gone: readonly SideFinding[], after: Side, lost: ReadonlySet<string>): Found[] {
  const rules = new Set(after.part.rules);
  const suppressed = new Set(
    after.part.environments.flatMap((environment) =>
      environment.suppressed.map(({ diagnostic }) => `${environment.name} ${diagnostic.fingerprint}`),
    ),
  );
  const judgements = new Map(after.part.environments.map(({ name }, i) => [name, after.judgements[i]]));
  return gone.flatMap(({ found, environment }) => {
    const isJudged = rules.has(found.rule) && judgements.get(environment)?.complete !== false;
    const isHidden = suppressed.has(`${environment} ${found.fingerprint}`);
    const isUnknown = lost.has(`${environment} ${found.rule}`);
    return isJudged && !isHidden && !isUnknown ? [found] : [];
  });
}

/**
 * Rules that say of an environment that they can't judge something which they could judge at the other side. `placeOf` gives the name
 * of an environment of both sides; those of one side are compared as one, since a new name hides which was which.
 */
function lostRules(before: Side, after: Side, placeOf: (name: string) => string, today: Today): Set<string> {
  const key = (place: string, { rule, what, reason }: NotJudged) => JSON.stringify([place, rule, what, reason]);
  const then = new Set(
    before.part.environments.flatMap(({ name }, i) =>
      (before.judgements[i]?.notJudged ?? []).map((item) => key(placeOf(today.nameOf(name)), item)),
    ),
  );
  const lost = new Set<string>();
  for (const [i, { name }] of after.part.environments.entries()) {
    for (const item of after.judgements[i]?.notJudged ?? []) {
      if (!then.has(key(placeOf(name), item))) lost.add(`${name} ${item.rule}`);
    }
  }
  return lost;
}

/** What went wrong at the other side is no failure of this one, but has to be known. */
export function failuresOf(
  { environments, failures }: Part,
  ref: string,
  inWords: (text: string) => string,
): UncheckedItem[] {
  // Where there was nothing to lint, nothing was missed.
  if (environments.length === 0) return [];
  return failures.map((failure) => ({
    what: 'all that was found before',
    reason: inWords(failure),
    target: ref,
  }));
}
