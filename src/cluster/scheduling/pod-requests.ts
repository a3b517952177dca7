import type { Path } from '../../resource.ts';
import { parseQuantity } from '../quota/quantity.ts';
import { asMap } from '../workloads.ts';

/** How much of a resource a pod asks for, in nano units, and where the most of it is written. */
export interface PodRequest {
  amount: bigint;
  path: Path;
  /** What is written at `path`, in nano units. */
  largest: bigint;
}

export type PodRequests = ReadonlyMap<string, PodRequest>;

/** Resources that a pod may ask for as a whole: component-helpers/resource, IsSupportedPodLevelResource. */
const POD_LEVEL = ['cpu', 'memory'];

/**
 * What the scheduler adds up for a pod (AggregateContainerRequests and PodRequests of k8s.io/component-helpers/resource, after
 * the API server's defaulting of requests to limits): the sum of its containers and sidecars, or what an init container needs
 * on top of the sidecars before it, whichever is more. Amounts that can't be read count as none, so it is never too much.
 * `podLevel`: the API server knows `spec.resources` (on by default from 1.34).
 */
export function podRequests(pod: object, at: Path, podLevel: boolean): PodRequests {
  const total = podTotal(pod, at, containerRequests);
  if (podLevel) overrule(total, asMap((pod as Record<string, unknown>).resources), [...at, 'resources']);
  return total;
}

/** The same sum over whatever each container is said to ask for: its limits, or its requests after more defaulting. */
export function podTotal(pod: object, at: Path, read: ReadContainer): Map<string, PodRequest> {
  const { containers, initContainers } = pod as Record<string, unknown>;
  const total = new Map<string, PodRequest>();
  for (const requests of eachRequests(containers, [...at, 'containers'], read)) add(total, requests);
  const sidecars = new Map<string, PodRequest>();
  const atMost = new Map<string, PodRequest>();
  for (const [requests, isSidecar] of initRequests(initContainers, [...at, 'initContainers'], read)) {
    const needed = new Map(sidecars);
    add(needed, requests);
    if (isSidecar) {
      add(total, requests);
      add(sidecars, requests);
    }
    raise(atMost, needed);
  }
  raise(total, atMost);
  return total;
}

type ReadContainer = (container: unknown, at: Path) => PodRequests;

function* eachRequests(containers: unknown, at: Path, read: ReadContainer): Generator<PodRequests> {
  if (!Array.isArray(containers)) return;
  for (const [i, container] of containers.entries()) yield read(container, [...at, i]);
}

function* initRequests(containers: unknown, at: Path, read: ReadContainer): Generator<[PodRequests, boolean]> {
  if (!Array.isArray(containers)) return;
  for (const [i, container] of containers.entries()) {
    yield [read(container, [...at, i]), asMap(container)?.restartPolicy === 'Always'];
  }
}

function containerRequests(container: unknown, at: Path): PodRequests {
  const resources = asMap(asMap(container)?.resources);
  const requests = amounts(resources?.requests, [...at, 'resources', 'requests']);
  const written = asMap(resources?.requests) ?? {};
  for (const [name, limit] of amounts(resources?.limits, [...at, 'resources', 'limits'])) {
    if (!Object.hasOwn(written, name)) requests.set(name, limit);
  }
  return requests;
}

/** The amounts of a resource list, in nano units, with their paths. Leaves out what can't be read. */
export function amounts(list: unknown, at: Path): Map<string, PodRequest> {
  const known = new Map<string, PodRequest>();
  for (const [name, value] of Object.entries(asMap(list) ?? {})) {
    const amount = parseQuantity(value);
    if (amount !== undefined) known.set(name, { amount, path: [...at, name], largest: amount });
  }
  return known;
}

/** Adds requests to a total. */
export function add(total: Map<string, PodRequest>, more: PodRequests): void {
  for (const [name, request] of more) {
    const old = total.get(name);
    if (old === undefined) total.set(name, request);
    else {
      const larger = old.largest >= request.largest ? old : request;
      total.set(name, { amount: old.amount + request.amount, path: larger.path, largest: larger.largest });
    }
  }
}

function raise(total: Map<string, PodRequest>, to: PodRequests): void {
  for (const [name, request] of to) {
    const old = total.get(name);
    if (old === undefined || old.amount < request.amount) total.set(name, request);
  }
}

/** What the pod asks for as a whole counts instead of its containers; without it the pod's limits, if no container asks. */
function overrule(total: Map<string, PodRequest>, resources: Record<string, unknown> | undefined, at: Path): void {
  const requests = amounts(resources?.requests, [...at, 'requests']);
  const limits = amounts(resources?.limits, [...at, 'limits']);
  for (const name of POD_LEVEL) {
    const whole = requests.get(name) ?? (total.has(name) ? undefined : limits.get(name));
    if (whole !== undefined) total.set(name, whole);
  }
}
