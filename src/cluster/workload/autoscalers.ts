import { compareScopes, groupOf, type Path, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { withoutDeployed } from '../contested.ts';
import { specOf } from '../models.ts';
import { ByName } from '../references/by-name.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, type Workload } from '../workloads.ts';

/** Between how many replicas a workload moves. */
export interface Scaling {
  /** What the workload itself says, defaulted to 1; undefined where nothing counts replicas, or a placeholder does. */
  rendered: number | undefined;
  /** Equal to `rendered` without autoscaler; undefined where an autoscaler's own can't be known. */
  minimum: number | undefined;
  maximum: number | undefined;
  /** The HorizontalPodAutoscaler or KEDA ScaledObject that decides. */
  autoscaler?: Resource;
}

interface Autoscaler {
  resource: Resource;
  minimum: number | undefined;
  maximum: number | undefined;
}

/**
 * The replicas of a workload, and what its autoscaler makes of them: a HorizontalPodAutoscaler of any version (minReplicas is 1
 * by default; one leaves a workload of 0 replicas alone) or a KEDA ScaledObject (0 to 100 by default, idleReplicaCount below).
 * Not known where several scale it, or one whose target or namespace isn't certain.
 */
export function scalingOf(cluster: Cluster, workload: Workload): Scaling {
  const rendered = workload.replicas;
  const { byTarget, open } = autoscalers(cluster);
  const { group, kind, name, scope } = workload.resource;
  const near = withoutDeployed(byTarget.in(`${group}/${kind}`, name, scope), ({ resource }) => resource);
  const doubtful = open.get(`${group}/${kind}`)?.some((other) => compareScopes(other.scope, scope) !== 'different');
  const [first] = near;
  if (first === undefined && !doubtful) return { rendered, minimum: rendered, maximum: rendered };
  const autoscaler = near.find(({ resource }) => compareScopes(resource.scope, scope) === 'same')?.resource;
  const unknown = doubtful || near.length > 1 || autoscaler === undefined || first === undefined;
  const isOff = rendered === 0 && first?.resource.group === 'autoscaling';
  return {
    rendered,
    minimum: unknown ? undefined : isOff ? 0 : first.minimum,
    maximum: unknown ? undefined : first.maximum,
    ...(autoscaler ? { autoscaler } : {}),
  };
}

/** Autoscalers by what they scale, and those whose target's name is a placeholder, by its kind. */
const autoscalers = derived((cluster) => {
  const byTarget = new ByName<Autoscaler>();
  const open = new Map<string, Resource[]>();
  for (const autoscaler of [
    ...cluster.list('autoscaling', 'HorizontalPodAutoscaler').map(horizontal),
    ...cluster.list('keda.sh', 'ScaledObject').map(scaledObject),
  ]) {
    const target = scaleTarget(autoscaler.resource);
    if (target === undefined) continue;
    const kind = `${target.group}/${target.kind}`;
    if (isUnknown(target.name)) append(open, kind, autoscaler.resource);
    else byTarget.add(kind, target.name, autoscaler.resource.scope, autoscaler);
  }
  return { byTarget, open };
});

/** What an autoscaler scales; undefined where it says nothing that can be read. KEDA takes a Deployment where no kind is given. */
function scaleTarget(resource: Resource): { group: string; kind: string; name: string } | undefined {
  const keda = resource.group === 'keda.sh';
  const target = asMap(specOf(resource).scaleTargetRef) ?? {};
  const { apiVersion = keda ? 'apps/v1' : '', kind = keda ? 'Deployment' : undefined, name } = target;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return undefined;
  return { group: groupOf(apiVersion), kind, name };
}

/** A resource of which an autoscaler compares what pods use with what they request. */
export interface UtilizationTarget {
  /** `cpu`, `memory`. */
  resource: string;
  /** The only container that counts; undefined for all of them. */
  container: string | undefined;
  path: Path;
}

/**
 * What an autoscaler measures in percent of the requests: Utilization metrics, of cpu where none is given
 * (pkg/apis/autoscaling, defaults and conversion), and KEDA's cpu and memory triggers.
 */
export function utilizationTargets(autoscaler: Resource): UtilizationTarget[] {
  const spec = specOf(autoscaler);
  if (autoscaler.group === 'keda.sh') return asList(spec.triggers).flatMap(triggerTarget);
  if (autoscaler.version === 'v1' && !hasAnnotation(autoscaler, /^autoscaling\.alpha\.kubernetes\.io\/metrics$/)) {
    const field = 'targetCPUUtilizationPercentage';
    return [{ resource: 'cpu', container: undefined, path: ['spec', ...(spec[field] === undefined ? [] : [field])] }];
  }
  const metrics = asList(spec.metrics);
  if (
    autoscaler.version !== 'v1' &&
    metrics.length === 0 &&
    (spec.metrics === undefined || Array.isArray(spec.metrics))
  )
    return [{ resource: 'cpu', container: undefined, path: ['spec'] }];
  return metrics.flatMap(metricTarget);
}

function metricTarget(metric: unknown, i: number): UtilizationTarget[] {
  const { type } = asMap(metric) ?? {};
  const field = type === 'Resource' ? 'resource' : type === 'ContainerResource' ? 'containerResource' : undefined;
  const source = field && asMap(asMap(metric)?.[field]);
  if (!source) return [];
  const { name, container, target, targetAverageUtilization } = source;
  // autoscaling/v2beta1 has no `target`.
  const measured = asMap(target)?.type === 'Utilization' || typeof targetAverageUtilization === 'number';
  if (!measured || typeof name !== 'string') return [];
  const only = field === 'containerResource' ? container : undefined;
  if (only !== undefined && typeof only !== 'string') return [];
  return [{ resource: name, container: only, path: ['spec', 'metrics', i, field] }];
}

function triggerTarget(trigger: unknown, i: number): UtilizationTarget[] {
  const { type, metricType, metadata } = asMap(trigger) ?? {};
  const { type: oldType, containerName } = asMap(metadata) ?? {};
  if (type !== 'cpu' && type !== 'memory') return [];
  if ((metricType ?? oldType) !== 'Utilization') return [];
  const container = typeof containerName === 'string' && containerName !== '' ? containerName : undefined;
  return [{ resource: type, container, path: ['spec', 'triggers', i] }];
}

function horizontal(resource: Resource): Autoscaler {
  const { minReplicas, maxReplicas } = specOf(resource);
  return { resource, minimum: count(minReplicas ?? 1), maximum: count(maxReplicas) };
}

function scaledObject(resource: Resource): Autoscaler {
  const { minReplicaCount, maxReplicaCount, idleReplicaCount } = specOf(resource);
  // A paused one holds the replicas where they are, or at a number of its own.
  if (hasAnnotation(resource, /^autoscaling\.keda\.sh\/paused/)) {
    return { resource, minimum: undefined, maximum: undefined };
  }
  return {
    resource,
    minimum: count(idleReplicaCount ?? minReplicaCount ?? 0),
    maximum: count(maxReplicaCount ?? 100),
  };
}

function hasAnnotation({ object }: Resource, pattern: RegExp): boolean {
  return Object.keys(asMap(asMap(asMap(object)?.metadata)?.annotations) ?? {}).some((key) => pattern.test(key));
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}
