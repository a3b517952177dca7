import type { Path, Resource } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { specOf } from '../models.ts';
import { asMap, type Workload } from '../workloads.ts';
import { scalingOf } from './autoscalers.ts';

/** How a workload replaces its pods when its template changes. */
export interface Rollout {
  type: 'RollingUpdate' | 'Recreate' | 'OnDelete';
  /** The replicas that `surge` and `unavailable` are counted of; undefined for a DaemonSet. */
  replicas: number | undefined;
  /** How many pods may be there beyond the replicas. Of a DaemonSet: on one Node. */
  surge: number;
  /** How many of the replicas may be missing, at most all of them. Of a DaemonSet: on one Node. */
  unavailable: number;
  /** Where the strategy is written, its nearest parent where it is defaulted. */
  path: Path;
}

/**
 * The rollout of a workload at a number of replicas (its own unless given), rounded as its controller rounds. Undefined for kinds
 * without one (Pod, Job, ReplicaSet …), and where a placeholder or something that the API server refuses decides.
 */
export function rolloutOf(workload: Workload, replicas = workload.replicas): Rollout | undefined {
  switch (`${workload.resource.group}/${workload.resource.kind}`) {
    case 'apps/Deployment':
      return replicas === undefined ? undefined : deploymentRollout(workload.resource, replicas);
    case 'apps/StatefulSet':
      return replicas === undefined ? undefined : statefulSetRollout(workload.resource, replicas);
    case 'apps/DaemonSet':
      return daemonSetRollout(workload.resource);
    case 'argoproj.io/Rollout':
      return replicas === undefined ? undefined : argoRollout(workload.resource, replicas);
    default:
      return undefined;
  }
}

/** The rollout of a workload at the fewest replicas that it runs with: its own, or the minimum of its autoscaler, at least 1. */
export function leastRollout(cluster: Cluster, workload: Workload): Rollout | undefined {
  const { minimum, autoscaler } = scalingOf(cluster, workload);
  return rolloutOf(workload, autoscaler && minimum !== undefined ? Math.max(1, minimum) : minimum);
}

/** ResolveFenceposts of pkg/controller/deployment/util, after SetDefaults_Deployment of pkg/apis/apps/v1. */
function deploymentRollout(resource: Resource, replicas: number): Rollout | undefined {
  const { type, settings, path } = strategyOf(resource, 'strategy');
  if (type === 'Recreate') return { type, replicas, surge: 0, unavailable: replicas, path };
  if (type !== 'RollingUpdate' || settings === undefined) return undefined;
  const counts = fenceposts(settings.maxSurge ?? '25%', settings.maxUnavailable ?? '25%', replicas);
  return counts && { type, replicas, ...counts, path };
}

function fenceposts(maxSurge: unknown, maxUnavailable: unknown, replicas: number) {
  const surge = scaled(maxSurge, replicas, Math.ceil);
  const unavailable = scaled(maxUnavailable, replicas, Math.floor);
  if (surge === undefined || unavailable === undefined) return undefined;
  if (isZero(maxSurge) && isZero(maxUnavailable)) return undefined;
  return { surge, unavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) };
}

/** One pod at a time, deleted before it is made anew: `maxUnavailable` is behind a feature gate that is off (MaxUnavailableStatefulSet). */
function statefulSetRollout(resource: Resource, replicas: number): Rollout | undefined {
  const { type, path } = strategyOf(resource, 'updateStrategy');
  if (type === 'OnDelete') return { type, replicas, surge: 0, unavailable: 0, path };
  if (type !== 'RollingUpdate') return undefined;
  return { type, replicas, surge: 0, unavailable: Math.min(1, replicas), path };
}

function isZero(value: unknown): boolean {
  return scaled(value, 100, Math.ceil) === 0;
}

/** SurgeCount and UnavailableCount of pkg/controller/daemon/util: both round up, so that on one Node they are 0 or 1; one of them must be 0. */
function daemonSetRollout(resource: Resource): Rollout | undefined {
  const { type, settings, path } = strategyOf(resource, 'updateStrategy');
  if (type === 'OnDelete') return { type, replicas: undefined, surge: 0, unavailable: 0, path };
  if (type !== 'RollingUpdate' || settings === undefined) return undefined;
  const surge = atMostOne(settings.maxSurge ?? 0);
  const unavailable = atMostOne(settings.maxUnavailable ?? 1);
  if (surge === undefined || unavailable === undefined || surge === unavailable) return undefined;
  return { type, replicas: undefined, surge, unavailable, path };
}

function atMostOne(value: unknown): number | undefined {
  const count = scaled(value, 1, Math.ceil);
  return count && Math.min(1, count);
}

/**
 * Argo Rollouts: a canary counts like a Deployment (utils/replicaset), one with traffic routing keeps all old pods until the end
 * unless `dynamicStableScale`, and so does blueGreen.
 */
function argoRollout(resource: Resource, replicas: number): Rollout | undefined {
  const strategy = asMap(specOf(resource).strategy) ?? {};
  const type = 'RollingUpdate';
  const [canary, blueGreen] = [asMap(strategy.canary), asMap(strategy.blueGreen)];
  if ((canary === undefined) === (blueGreen === undefined)) return undefined;
  const path: Path = ['spec', 'strategy', canary === undefined ? 'blueGreen' : 'canary'];
  if (canary === undefined) return { type, replicas, surge: replicas, unavailable: 0, path };
  if (asMap(canary.trafficRouting) !== undefined) {
    return canary.dynamicStableScale === true ? undefined : { type, replicas, surge: replicas, unavailable: 0, path };
  }
  const counts = fenceposts(canary.maxSurge ?? '25%', canary.maxUnavailable ?? '25%', replicas);
  return counts && { type, replicas, ...counts, path };
}

/** The strategy of a workload of the apps group. `settings` are undefined where they are no map. */
function strategyOf(resource: Resource, field: 'strategy' | 'updateStrategy') {
  const written = specOf(resource)[field] ?? undefined;
  const strategy = written === undefined ? {} : asMap(written);
  const path: Path = written === undefined ? ['spec'] : ['spec', field];
  const rollingUpdate = strategy?.rollingUpdate ?? {};
  return { type: strategy && (strategy.type ?? 'RollingUpdate'), settings: asMap(rollingUpdate), path };
}

/**
 * A count or a percentage of a total (GetScaledValueFromIntOrPercent of k8s.io/apimachinery/pkg/util/intstr); undefined for what is
 * neither: a placeholder, `"25"`, a negative number.
 */
export function scaled(value: unknown, total: number, round: (value: number) => number): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  const percent = typeof value === 'string' ? /^(\d{1,9})%$/.exec(value)?.[1] : undefined;
  return percent === undefined ? undefined : round((Number(percent) * total) / 100);
}
