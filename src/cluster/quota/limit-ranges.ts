import { compareScopes, isUnsetScope, type Path, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { type PodRequest, podTotal } from '../scheduling/pod-requests.ts';
import { asList, asMap, valueAt, type Workload } from '../workloads.ts';
import { canonicalQuantity, parseQuantity, showQuantity, wholeMillis } from './quantity.ts';

/** A quantity that somebody wrote: in nano units, as the API server prints it, and where. */
export interface Amount {
  readonly nano: bigint;
  readonly text: string;
  readonly path: Path;
  /** The LimitRange that fills it in; `path` is then the container's. */
  readonly defaultedBy?: Resource;
}

/** Amounts by resource; `unknown` for what is set, nobody knows to what. */
export type Amounts = ReadonlyMap<string, Amount | 'unknown'>;

/** One item of a LimitRange's `spec.limits`. */
export interface Limit {
  readonly type: unknown;
  readonly min: Amounts;
  readonly max: Amounts;
  readonly maxLimitRequestRatio: Amounts;
}

export interface LimitRangeFacts {
  readonly resource: Resource;
  readonly limits: readonly Limit[];
  /** What containers get that don't say themselves. */
  readonly defaults: { readonly requests: Amounts; readonly limits: Amounts };
  /** Why the API server refuses it, in its words, and where; undefined where nothing contradicts itself. */
  readonly contradiction: Contradiction | undefined;
}

export interface Contradiction {
  readonly message: string;
  readonly path: Path;
}

/** Whether more LimitRanges may be in a namespace than are known. `undeclared`: only where nobody describes the environment. */
export type MoreLimitRanges = 'no' | 'undeclared' | 'unknown';

/** The LimitRanges of a namespace, rendered and existing. */
export function limitRangesOf(cluster: Cluster, scope: string): readonly LimitRangeFacts[] {
  return limitRangesByScope(cluster).get(scope) ?? [];
}

/** All LimitRanges that the API server takes, by scope. */
export const limitRangesByScope = derived((cluster): ReadonlyMap<string, readonly LimitRangeFacts[]> => {
  const ranges = new Map<string, LimitRangeFacts[]>();
  for (const range of allLimitRanges(cluster)) {
    if (range.contradiction) continue;
    const list = ranges.get(range.resource.scope);
    if (list) list.push(range);
    else ranges.set(range.resource.scope, [range]);
  }
  return ranges;
});

/** All LimitRanges, those that contradict themselves included. */
export const allLimitRanges = derived((cluster): readonly LimitRangeFacts[] =>
  cluster.list('', 'LimitRange').map(readLimitRange),
);

/** Whether a namespace may hold LimitRanges that `limitRangesOf` doesn't know. */
export function moreLimitRanges(cluster: Cluster, scope: string): MoreLimitRanges {
  const { isOpen, unset } = loose(cluster);
  if (isOpen || unset.some((other) => compareScopes(other, scope) === 'unknown')) return 'unknown';
  if (isUnsetScope(scope) && [...limitRangesByScope(cluster).keys()].some((other) => other !== scope)) return 'unknown';
  return cluster.knows('', 'LimitRange', scope) || cluster.closes(scope) ? 'no' : 'undeclared';
}

const loose = derived((cluster) => {
  const ranges = cluster.list('', 'LimitRange');
  return {
    isOpen:
      !cluster.complete ||
      cluster.schemaErrors.some(({ resource }) => resource.kind === 'LimitRange') ||
      // Once it is mended, nobody knows what it says.
      allLimitRanges(cluster).some(({ contradiction }) => contradiction) ||
      ranges.some((range) => contested(cluster, range)),
    unset: [...new Set(ranges.map(({ scope }) => scope))].filter(isUnsetScope),
  };
});

/** Defaulted like SetDefaults_LimitRangeItem of pkg/apis/core/v1: default ← max, defaultRequest ← default, then ← min. */
function readLimitRange(resource: Resource): LimitRangeFacts {
  const at: Path = ['spec', 'limits'];
  const requests = new Map<string, Amount | 'unknown'>();
  const limits = new Map<string, Amount | 'unknown'>();
  const items = asList(valueAt(resource.object, at)).flatMap((item, i) => {
    const fields = asMap(item);
    if (fields === undefined) return [];
    const read = (name: string) => readAmounts(fields[name], [...at, i, name]);
    const limit = {
      type: fields.type,
      min: read('min'),
      max: read('max'),
      maxLimitRequestRatio: read('maxLimitRequestRatio'),
      default: read('default'),
      defaultRequest: read('defaultRequest'),
    };
    if (limit.type === 'Container') {
      limit.default = new Map([...limit.max, ...limit.default]);
      limit.defaultRequest = new Map([...limit.min, ...limit.default, ...limit.defaultRequest]);
      for (const [name, amount] of limit.default) limits.set(name, amount);
      for (const [name, amount] of limit.defaultRequest) requests.set(name, amount);
    }
    return [limit];
  });
  return { resource, limits: items, defaults: { requests, limits }, contradiction: contradictionOf(items, at) };
}

type Bound = 'min' | 'max' | 'default' | 'defaultRequest';

/** Of each two, the first must not be greater than the second; the field that is at fault is the third. */
const ORDERED: readonly (readonly [low: Bound, high: Bound, fault: Bound])[] = [
  ['min', 'max', 'min'],
  ['min', 'defaultRequest', 'defaultRequest'],
  ['defaultRequest', 'max', 'defaultRequest'],
  ['defaultRequest', 'default', 'defaultRequest'],
  ['min', 'default', 'default'],
  ['default', 'max', 'default'],
];

const WORDS = { min: 'min', max: 'max', default: 'default', defaultRequest: 'default request' } as const;

/** The first thing for which ValidateLimitRange of pkg/apis/core/validation refuses items, as far as amounts and types go. */
function contradictionOf(
  items: readonly (Limit & Readonly<Record<Bound, Amounts>>)[],
  at: Path,
): Contradiction | undefined {
  const types = new Set<unknown>();
  for (const [i, item] of items.entries()) {
    if (types.has(item.type)) return { message: `Duplicate value: ${JSON.stringify(item.type)}`, path: [...at, i] };
    types.add(item.type);
    for (const [low, high, fault] of ORDERED) {
      for (const [name, less] of item[low]) {
        const more = item[high].get(name);
        if (less === 'unknown' || more === undefined || more === 'unknown' || less.nano <= more.nano) continue;
        const message = `${name} ${WORDS[low]} value ${less.text} is greater than ${WORDS[high]} value ${more.text}`;
        const place = item[fault].get(name);
        return { message, path: place === undefined || place === 'unknown' ? [...at, i] : place.path };
      }
    }
    for (const [name, ratio] of item.maxLimitRequestRatio) {
      if (ratio === 'unknown' || ratio.nano >= NANO) continue;
      return { message: `${name} ratio ${ratio.text} is less than 1`, path: ratio.path };
    }
  }
  return undefined;
}

/** The amounts of a resource list, rounded up to millis as the API server does (SetDefaults_ResourceList). */
export function readAmounts(list: unknown, at: Path): Map<string, Amount | 'unknown'> {
  const amounts = new Map<string, Amount | 'unknown'>();
  for (const [name, value] of Object.entries(asMap(list) ?? {})) {
    const parsed = parseQuantity(value);
    const nano = parsed === undefined ? undefined : wholeMillis(parsed);
    const amount =
      nano === undefined ? undefined : { nano, text: canonicalQuantity(nano, String(value)), path: [...at, name] };
    amounts.set(name, amount ?? 'unknown');
  }
  return amounts;
}

/** What a container asks for and may take once the API server and the namespace's LimitRanges have filled in the rest. */
export interface EffectiveResources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/**
 * The resources of one container of a pod in a namespace: requests default to limits (SetDefaults_Pod), then the LimitRanges fill
 * in what is missing (plugin/pkg/admission/limitranger). Where two of them could, nobody knows which does.
 */
export function effectiveResources(
  ranges: readonly LimitRangeFacts[],
  container: unknown,
  at: Path,
): EffectiveResources {
  const fields = asMap(container) ?? {};
  const written = asMap(fields.resources);
  const path: Path = written === undefined ? at : [...at, 'resources'];
  const limits = readAmounts(written?.limits, [...path, 'limits']);
  const requests = new Map([...limits, ...readAmounts(written?.requests, [...path, 'requests'])]);
  fillIn(limits, ranges, 'limits', path);
  fillIn(requests, ranges, 'requests', path);
  return { requests, limits };
}

function fillIn(
  amounts: Map<string, Amount | 'unknown'>,
  ranges: readonly LimitRangeFacts[],
  what: 'requests' | 'limits',
  path: Path,
): void {
  const own = new Set(amounts.keys());
  for (const { resource, defaults } of ranges) {
    for (const [name, amount] of defaults[what]) {
      if (own.has(name)) continue;
      const other = amounts.get(name);
      const isSame = other === undefined || (other !== 'unknown' && amount !== 'unknown' && other.nano === amount.nano);
      amounts.set(name, isSame && amount !== 'unknown' ? { ...amount, path, defaultedBy: resource } : 'unknown');
    }
  }
}

/** The same for a pod of a workload as a whole: what its containers add up to, as the scheduler adds them. */
export function effectiveTotals(ranges: readonly LimitRangeFacts[], { pod, path }: Workload): EffectiveResources {
  return { requests: total(ranges, pod, path, 'requests'), limits: total(ranges, pod, path, 'limits') };
}

function total(ranges: readonly LimitRangeFacts[], pod: object, path: Path, what: 'requests' | 'limits'): Amounts {
  const open = new Set<string>();
  const defaulted = new Map<string, Resource>();
  const sums = podTotal(pod, path, (container, at) => {
    const amounts = effectiveResources(ranges, container, at)[what];
    for (const [name, amount] of amounts) {
      if (amount === 'unknown') open.add(name);
      else if (amount.defaultedBy) defaulted.set(name, amount.defaultedBy);
    }
    return knownRequests(amounts);
  });
  const totals = new Map<string, Amount | 'unknown'>();
  for (const [name, { amount, path }] of sums) {
    const defaultedBy = defaulted.get(name);
    totals.set(name, { nano: amount, text: showQuantity(amount), path, ...(defaultedBy ? { defaultedBy } : {}) });
  }
  for (const name of open) totals.set(name, 'unknown');
  return totals;
}

/** The amounts that are known, as the parts of a sum. */
export function knownRequests(amounts: Amounts): Map<string, PodRequest> {
  const found = new Map<string, PodRequest>();
  for (const [name, amount] of amounts) {
    if (amount !== 'unknown') found.set(name, { amount: amount.nano, path: amount.path, largest: amount.nano });
  }
  return found;
}

/** What a LimitRange refuses, in its own words. */
export interface LimitViolation {
  readonly message: string;
  /** The amount that is out of bounds; undefined for one that is missing, or a sum. */
  readonly amount: Amount | undefined;
  /** The bound. */
  readonly limit: Amount;
}

/**
 * What an item of a LimitRange refuses of some resources: minConstraint, maxConstraint and limitRequestRatioConstraint of
 * plugin/pkg/admission/limitranger. What isn't known is never refused.
 */
export function violationsOf(limit: Limit, { requests, limits }: EffectiveResources): LimitViolation[] {
  return [
    ...bounds(limit.min).flatMap(([name, bound]) => belowMinimum(limit, name, bound, requests, limits) ?? []),
    ...bounds(limit.max).flatMap(([name, bound]) => aboveMaximum(limit, name, bound, requests, limits) ?? []),
    ...bounds(limit.maxLimitRequestRatio).flatMap(
      ([name, bound]) => aboveRatio(limit, name, bound, requests, limits) ?? [],
    ),
  ];
}

function bounds(amounts: Amounts): [name: string, bound: Amount][] {
  return [...amounts].flatMap(([name, amount]) => (amount === 'unknown' ? [] : [[name, amount]]));
}

function belowMinimum(
  { type }: Limit,
  name: string,
  limit: Amount,
  requests: Amounts,
  limits: Amounts,
): LimitViolation | undefined {
  const [request, most] = [requests.get(name), limits.get(name)];
  const start = `minimum ${name} usage per ${type} is ${limit.text}`;
  if (request === undefined) return { message: `${start}.  No request is specified`, amount: undefined, limit };
  if (request === 'unknown') return undefined;
  if (request.nano < limit.nano) return { message: `${start}, but request is ${request.text}`, amount: request, limit };
  if (most === undefined || most === 'unknown' || most.nano >= limit.nano) return undefined;
  return { message: `${start}, but limit is ${most.text}`, amount: most, limit };
}

function aboveMaximum(
  { type }: Limit,
  name: string,
  limit: Amount,
  requests: Amounts,
  limits: Amounts,
): LimitViolation | undefined {
  const [request, most] = [requests.get(name), limits.get(name)];
  const start = `maximum ${name} usage per ${type} is ${limit.text}`;
  if (type === 'PersistentVolumeClaim') {
    if (request === undefined) return { message: `${start}.  No request is specified`, amount: undefined, limit };
  } else if (most === undefined) {
    return { message: `${start}.  No limit is specified`, amount: undefined, limit };
  } else if (most !== 'unknown' && most.nano > limit.nano) {
    return { message: `${start}, but limit is ${most.text}`, amount: most, limit };
  }
  if (request === undefined || request === 'unknown' || request.nano <= limit.nano) return undefined;
  return { message: `${start}, but request is ${request.text}`, amount: request, limit };
}

function aboveRatio(
  { type }: Limit,
  name: string,
  limit: Amount,
  requests: Amounts,
  limits: Amounts,
): LimitViolation | undefined {
  const [request, most] = [requests.get(name), limits.get(name)];
  const start = `${name} max limit to request ratio per ${type} is ${limit.text}`;
  if (request === 'unknown' || most === 'unknown') return undefined;
  if (request === undefined || request.nano === 0n) {
    return { message: `${start}, but no request is specified or request is 0`, amount: request, limit };
  }
  if (most === undefined || most.nano === 0n) {
    return { message: `${start}, but no limit is specified or limit is 0`, amount: most, limit };
  }
  if (most.nano * NANO <= limit.nano * request.nano) return undefined;
  const ratio = Number(most.nano) / Number(request.nano);
  return { message: `${start}, but provided ratio is ${ratio.toFixed(6)}`, amount: most, limit };
}

const NANO = 10n ** 9n;
