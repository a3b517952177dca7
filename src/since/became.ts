import { isBelow } from '../below.ts';
import { filesOfTarget } from '../config/select.ts';
import { merge, type NotJudged } from '../diagnose.ts';
import type { Found } from '../diagnostic.ts';
import type { Gap } from '../git/export.ts';
import type { Side } from '../lint.ts';
import type { Part } from '../part.ts';
import type { UncheckedItem } from '../report/report.ts';
import { counted, fromRoot } from '../report/shown.ts';
import type { SourceFiles } from '../source.ts';
import { match, type SideFinding } from './compare.ts';
import type { OtherSide } from './other-side.ts';
import type { Today } from './same.ts';
import { Objects } from './subject.ts';

/** What became of the findings between two sides. */
export interface Became {
  /** Of today's findings, those that aren't new, or of which nobody can say. */
  states: ReadonlyMap<Found, Pick<Found, 'before'>>;
  fixed: Found[];
  /** What can't be compared. */
  unsure: UncheckedItem[];
}

/** What kept environments of the other side from being judged as they were, by their names there: a file, or a target. */
export type Gaps = ReadonlyMap<string, Gap>;

/** The environments of the other side that are not whole because something could not be laid out, or a tool came to no end. */
export async function gapsOf(
  { judgements, part, clusters }: Side,
  other: OtherSide,
  sources: SourceFiles,
): Promise<Gaps> {
  const gaps = new Map<string, Gap>();
  for (const [i, { complete, targets }] of judgements.entries()) {
    if (complete) continue;
    const { name = '' } = part.environments[i] ?? {};
    for (const { target, findings } of clusters.get(name)?.targets ?? []) {
      const passing = findings.find((finding) => finding.passing);
      if (passing) gaps.set(name, { path: target, reason: passing.message });
    }
    if (other.gaps.length === 0) continue;
    const broken = targets.filter(({ whole }) => !whole).map(({ target }) => target);
    const files = (await Promise.all(broken.map((target) => filesOfTarget(target, sources)))).flat();
    const gap = other.gaps.find(({ path }) => files.some((file) => isBelow(file, `${other.root}/${path}`)));
    if (gap) gaps.set(name, gap);
  }
  return gaps;
}

/**
 * Compares what was found. Fixed is what is gone although all that could find it was judged: neither what an exception covers now,
 * nor what a rule can't know any more, nor what is judged no more. What an environment could not be judged for, because the other side
 * isn't all here, nobody calls new.
 */
export function becameOf(before: Side, after: Side, today: Today, other: OtherSide, gaps: Gaps): Became {
  const shared = new Set(before.part.environments.flatMap(({ name }) => today.environment(name)?.name ?? []));
  const then = findingsOf(before, {
    environment: (name) => today.nameOf(name),
    target: (environment, target) => today.target(environment, target) ?? target,
    file: (path) => other.renames.get(path) ?? path,
  });
  const now = findingsOf(after, { environment: (name) => name, target: (_, target) => target, file: (path) => path });
  const isDiscovered = (name: string) => ![then, now].every(({ configured }) => configured.get(name) !== false);
  const { known, gone } = match(then.findings, now.findings, {
    mayBeOne: (a, b) => {
      const [isOld, isNew] = [!shared.has(a), !shared.has(b)];
      return (isOld && isNew) || ((isOld || isNew) && (isDiscovered(a) || isDiscovered(b)));
    },
    stands: (finding) => now.has(finding),
    stood: (finding) => then.has(finding),
  });
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
  const sure = gone.filter(
    ({ environment, found: { targets } }) =>
      !doubtful.has(environment) && !targets.some((ref) => today.isLeft(ref.environment, ref.target)),
  );
  return { states, fixed: after.part.failures.length > 0 ? [] : fixedOf(sure, after, lost), unsure };
}

/** What the environments, targets and files of a side are called today. */
interface Names {
  environment(name: string): string;
  target(environment: string, target: string): string;
  /** From the root of the repository. */
  file(path: string): string;
}

/** The findings of one side, and what else it knows by names of today. */
interface Told {
  findings: SideFinding[];
  configured: ReadonlyMap<string, boolean>;
  /** Whether what a finding of the other side is about is here as well. */
  has(finding: SideFinding): boolean;
}

function findingsOf({ part, selection, clusters }: Side, names: Names): Told {
  const environments = new Map(selection.environments.map((environment) => [environment.name, environment]));
  const objects = new Map<string, Objects>();
  const targets = new Map<string, Set<string>>();
  const configured = new Map<string, boolean>();
  for (const [name, environment] of environments) {
    const release = (target: string) =>
      environment.targets.flatMap((one) => (one.name === target && one.type === 'helm' ? one.release : []));
    const own = new Objects(clusters.get(name), (target) => names.target(name, target), release);
    objects.set(names.environment(name), own);
    targets.set(names.environment(name), new Set(environment.targets.map((target) => names.target(name, target.name))));
    configured.set(names.environment(name), environment.configured);
  }
  const findings = part.environments.flatMap(({ name, found }) =>
    found.map((one): SideFinding => {
      const environment = names.environment(name);
      const subject = objects.get(environment)?.subjectOf(one);
      return {
        found: one,
        environment,
        targets: one.targets.map(({ target }) => names.target(name, target)),
        file: names.file(fromRoot(one.location.file, part.prefix)),
        ...(subject && { subject }),
      };
    }),
  );
  const has = ({ environment, subject, targets: about }: SideFinding) =>
    subject
      ? objects.get(environment)?.has(subject) === true
      : about.some((target) => targets.get(environment)?.has(target));
  return { findings, configured, has };
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
