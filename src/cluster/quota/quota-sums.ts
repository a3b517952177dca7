import type { Resource } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { contested } from '../contested.ts';
import type { PodRequests } from '../scheduling/pod-requests.ts';
import { type Scaling, scalingOf } from '../workload/autoscalers.ts';
import { rolloutOf } from '../workload/rollouts.ts';
import { asMap, valueAt, type Workload } from '../workloads.ts';
import { matchesScopes, podUsage, type Quota } from './quota.ts';

/** The pods of one workload, as a quota counts them. */
export interface Share {
  readonly workload: Workload;
  /** What one pod uses, by the quota's names. */
  readonly usage: PodRequests;
  /** How many there are at least, all the time. 0 for Jobs, for DaemonSets, and where it isn't known. */
  readonly least: number;
  /** How many its autoscaler may make of it. */
  readonly most: number;
  readonly autoscaler: Resource | undefined;
  /** Pods that come and go: of Jobs, and those that aren't restarted. */
  readonly isTransient: boolean;
  /** A rolling update must start a pod more before it may stop one. */
  readonly surges: boolean;
}

/** What the pods that a quota counts use. Hooks, existing and contested workloads are left out: it is never too much. */
export function sharesOf(cluster: Cluster, quota: Quota, workloads: readonly Workload[]): Share[] {
  return workloads
    .filter(({ resource }) => !resource.existing && resource.hooks.length === 0 && !contested(cluster, resource))
    .filter((workload) => matchesScopes(cluster, quota, workload) === true)
    .map((workload) => share(cluster, workload));
}

function share(cluster: Cluster, workload: Workload): Share {
  const { resource, pod } = workload;
  const { minimum, maximum, autoscaler }: Scaling = scalingOf(cluster, workload);
  const isTransient =
    resource.kind === 'Job' ||
    resource.kind === 'CronJob' ||
    (resource.kind === 'Pod' && (pod.restartPolicy ?? 'Always') !== 'Always');
  const least = isTransient ? 0 : (minimum ?? 0);
  const rollout = least > 0 ? rolloutOf(workload, least) : undefined;
  return {
    workload,
    usage: podUsage(cluster, workload),
    least,
    most: isTransient ? 0 : Math.max(least, maximum ?? least),
    autoscaler,
    isTransient,
    surges: rollout?.type === 'RollingUpdate' && rollout.surge > 0 && rollout.unavailable === 0,
  };
}

/** Whether pods that come and go do come: not of what is suspended, nor of a Job with no parallelism. */
export function isActive({ workload: { resource } }: Share): boolean {
  const { suspend, parallelism } = asMap(valueAt(resource.object, ['spec'])) ?? {};
  return suspend !== true && parallelism !== 0;
}

/** What pods add up to, in nano units, by the quota's names. */
export function sumOf(shares: readonly Share[], count: (share: Share) => number): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const share of shares) {
    const pods = BigInt(Math.trunc(count(share)));
    if (pods <= 0n) continue;
    for (const [name, { amount }] of share.usage) sums.set(name, (sums.get(name) ?? 0n) + pods * amount);
  }
  return sums;
}

/** The names, sorted, of what is above a quota's hard limit. */
export function exceeded({ hard }: Quota, sums: ReadonlyMap<string, bigint>): string[] {
  return [...sums]
    .flatMap(([name, sum]) => {
      const limit = hard.get(name);
      return limit !== undefined && limit !== 'unknown' && sum > limit.nano ? [name] : [];
    })
    .sort();
}
