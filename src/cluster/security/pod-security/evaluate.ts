import type { Workload } from '../../workloads.ts';
import type { Check, Violation } from './controls.ts';
import { type PodFacts, podFacts } from './pod.ts';
import type { Demand, Level } from './policy.ts';
import { BASELINE, type Control, RESTRICTED } from './standards.ts';

/** Admission by labels is on by default since 1.23, and part of every cluster since 1.25. */
const OLDEST_CLUSTER = 25;

/** The minor versions at which some control changed since then. A policy of a later version is that of the last. */
const CHANGES: readonly number[] = [
  ...new Set([...BASELINE, ...RESTRICTED].flatMap(({ versions }) => versions.map(({ since }) => since))),
]
  .filter((since) => since > OLDEST_CLUSTER)
  .sort((a, b) => a - b);

/**
 * What the pods of a workload violate, in the order of the admission plugin. `clusterVersion` (`1.34`) is what `latest` stands
 * for, and no policy is younger than its cluster: where it isn't known, only what every version it may be forbids.
 */
export function violationsOf(workload: Workload, demand: Demand, clusterVersion: string | undefined): Violation[] {
  if (demand.level === 'privileged') return [];
  const pod = podFacts(workload);
  const [newest = OLDEST_CLUSTER, ...older] = policyVersions(demand.minor, clusterVersion);
  let violations = evaluate(pod, demand.level, newest);
  for (const minor of older) {
    if (violations.length === 0) break;
    const reasons = new Set(evaluate(pod, demand.level, minor).map(({ reason }) => reason));
    violations = violations.filter(({ reason }) => reasons.has(reason));
  }
  return violations;
}

/** The versions of the policy that may be meant, the newest first. */
function policyVersions(asked: number | undefined, clusterVersion: string | undefined): number[] {
  const cluster = /^v?1\.(\d+)/.exec(clusterVersion ?? '')?.[1];
  const newest = Math.min(
    asked ?? Number.POSITIVE_INFINITY,
    cluster === undefined ? Number.POSITIVE_INFINITY : Number(cluster),
  );
  const last = Math.min(newest, CHANGES.at(-1) ?? OLDEST_CLUSTER);
  if (cluster !== undefined || last <= OLDEST_CLUSTER) return [last];
  const between = CHANGES.filter((minor) => minor < last).reverse();
  return [last, ...between, OLDEST_CLUSTER];
}

/** What a pod violates of one version of a level's policy (EvaluatePod of k8s.io/pod-security-admission/policy). */
export function evaluate(pod: PodFacts, level: Exclude<Level, 'privileged'>, minor: number): Violation[] {
  const key = `${level}:${minor}`;
  const checks = policies.get(key) ?? checksOf(level, minor);
  policies.set(key, checks);
  return checks.flatMap((check) => check(pod) ?? []);
}

const policies = new Map<string, readonly Check[]>();

/** The checks of one version of a level's policy, without those that others override. */
function checksOf(level: Level, minor: number): Check[] {
  const restricted = level === 'restricted' ? RESTRICTED.flatMap((control) => versionOf(control, minor) ?? []) : [];
  const overridden = new Set(restricted.map(({ overrides }) => overrides));
  const baseline = BASELINE.filter(({ id }) => !overridden.has(id)).flatMap(
    (control) => versionOf(control, minor) ?? [],
  );
  return [...baseline, ...restricted].map(({ check }) => check);
}

function versionOf({ versions }: Control, minor: number): Control['versions'][number] | undefined {
  return versions.findLast(({ since }) => since <= minor);
}

/** What the plugin says of violations: `hostPort (container "a" uses hostPort 80), privileged (…)`. */
export function showViolations(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
}
