import { type Cluster, derived } from '../cluster.ts';
import { matches, namespaceLabels } from '../label-facts.ts';
import { holdsUnknown } from '../unknown.ts';
import { asMap } from '../workloads.ts';
import { blockHolds } from './ip-blocks.ts';
import { type Policy, type PolicyRule, policies, type Side } from './network.ts';
import { NAME_LABEL } from './policies-selections.ts';

/** A rule in its policy. */
export interface RuleOfPolicy {
  policy: Policy;
  rule: PolicyRule;
}

/**
 * A rule of another policy that applies to the same pods and admits all that this one does; undefined where there is none. Of two
 * that admit the same on the same pods, the first one covers the second.
 */
export function supersetOf(cluster: Cluster, side: Side, narrow: RuleOfPolicy): RuleOfPolicy | undefined {
  const { bySide, order } = ruleIndex(cluster);
  const seen = new Set<RuleOfPolicy>();
  for (const key of lookups(narrow)) {
    for (const wide of bySide[side].get(key)?.slice(0, MOST_COMPARED) ?? []) {
      if (wide.policy === narrow.policy || seen.has(wide)) continue;
      seen.add(wide);
      if (!covers(cluster, wide, narrow)) continue;
      const isEarlier = (order.get(wide.policy) ?? 0) < (order.get(narrow.policy) ?? 0);
      if (isEarlier || !covers(cluster, narrow, wide)) return wide;
    }
  }
  return undefined;
}

/** Rules that only differ in what no label tells apart are compared up to a limit. */
const MOST_COMPARED = 200;

/** Whether a rule surely applies to all pods of another's policy, in the same namespace, and admits there all that it admits. */
export function covers(cluster: Cluster, wide: RuleOfPolicy, narrow: RuleOfPolicy): boolean {
  const { scope } = narrow.policy.resource;
  return (
    wide.policy.resource.scope === scope &&
    selectorCovers(wide.policy.podSelector, narrow.policy.podSelector) &&
    portsCover(wide.rule.ports, narrow.rule.ports) &&
    peersCover(cluster, scope, wide.rule.peers, narrow.rule.peers)
  );
}

/** The values that a selector leaves a label: those listed or, with `except`, all but those; `absent`, none at all. */
interface Values {
  listed: ReadonlySet<string>;
  except: boolean;
  absent: boolean;
}

const ANY: Values = { listed: new Set(), except: true, absent: true };

type Requirements = ReadonlyMap<string, Values>;

/** What a selector asks of each label; undefined where it can't be read, or no labels meet it. */
function requirementsOf(selector: unknown): Requirements | undefined {
  const map = asMap(selector);
  if (map === undefined) return undefined;
  if (!requirements.has(map)) requirements.set(map, readRequirements(map));
  return requirements.get(map);
}

const requirements = new WeakMap<Record<string, unknown>, Requirements | undefined>();

function readRequirements(map: Record<string, unknown>): Requirements | undefined {
  const expressions = map.matchExpressions ?? [];
  const labels = asMap(map.matchLabels ?? {});
  if (labels === undefined || !Array.isArray(expressions) || holdsUnknown(map)) return undefined;
  const found = new Map<string, Values>();
  const items = [
    ...Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] as unknown })),
    ...expressions.map((expression: unknown) => asMap(expression) ?? {}),
  ];
  for (const { key, operator, values } of items) {
    const allowed = valuesOf(operator, values);
    if (typeof key !== 'string' || allowed === undefined) return undefined;
    const before = found.get(key);
    const both = before === undefined ? allowed : intersect(before, allowed);
    if (!both.except && !both.absent && both.listed.size === 0) return undefined;
    found.set(key, both);
  }
  return found;
}

function valuesOf(operator: unknown, values: unknown): Values | undefined {
  const none = new Set<string>();
  if (operator === 'Exists') return { listed: none, except: true, absent: false };
  if (operator === 'DoesNotExist') return { listed: none, except: false, absent: true };
  if (!Array.isArray(values) || values.length === 0 || !values.every((value) => typeof value === 'string'))
    return undefined;
  if (operator === 'In') return { listed: new Set(values), except: false, absent: false };
  return operator === 'NotIn' ? { listed: new Set(values), except: true, absent: true } : undefined;
}

function intersect(a: Values, b: Values): Values {
  const absent = a.absent && b.absent;
  if (a.except && b.except) return { listed: new Set([...a.listed, ...b.listed]), except: true, absent };
  const [finite, other] = a.except ? [b, a] : [a, b];
  return { listed: new Set([...finite.listed].filter((value) => allows(other, value))), except: false, absent };
}

function allows({ listed, except }: Values, value: string): boolean {
  return listed.has(value) !== except;
}

function isWithin(inner: Values, outer: Values): boolean {
  if (inner.absent && !outer.absent) return false;
  if (!inner.except) return [...inner.listed].every((value) => allows(outer, value));
  // All values but some are within all but others only where those are among the first.
  return outer.except && [...outer.listed].every((value) => inner.listed.has(value));
}

/** Whether all labels that one selector selects are surely selected by another. Labels are independent, so this is exact. */
export function selectorCovers(wide: unknown, narrow: unknown): boolean {
  const [outer, inner] = [requirementsOf(wide), requirementsOf(narrow)];
  if (outer === undefined || inner === undefined) return false;
  return [...outer].every(([key, values]) => isWithin(inner.get(key) ?? ANY, values));
}

function peersCover(cluster: Cluster, scope: string, wide: unknown, narrow: unknown): boolean {
  if (!isListOrAbsent(wide) || !isListOrAbsent(narrow)) return false;
  if (wide === undefined || wide.length === 0) return true;
  if (narrow === undefined || narrow.length === 0) return false;
  return narrow.every((inner) => wide.some((outer) => peerCovers(cluster, scope, asMap(outer), asMap(inner))));
}

function isListOrAbsent(value: unknown): value is readonly unknown[] | undefined {
  return value === undefined || Array.isArray(value);
}

type Peer = Record<string, unknown> | undefined;

function peerCovers(cluster: Cluster, scope: string, wide: Peer, narrow: Peer): boolean {
  if (wide === undefined || narrow === undefined) return false;
  if (narrow.ipBlock !== undefined || wide.ipBlock !== undefined) {
    const blocks = [asMap(wide.ipBlock), asMap(narrow.ipBlock)];
    const isBlock = (peer: Peer) => peer?.podSelector === undefined && peer?.namespaceSelector === undefined;
    const [outer, inner] = blocks;
    return isBlock(wide) && isBlock(narrow) && outer !== undefined && inner !== undefined && blockHolds(outer, inner);
  }
  if (!isSelecting(wide) || !isSelecting(narrow)) return false;
  return (
    namespacesCover(cluster, scope, wide.namespaceSelector, narrow.namespaceSelector) &&
    selectorCovers(wide.podSelector ?? {}, narrow.podSelector ?? {})
  );
}

function isSelecting({ podSelector, namespaceSelector }: Record<string, unknown>): boolean {
  return podSelector !== undefined || namespaceSelector !== undefined;
}

/** An absent namespaceSelector is the policies' own namespace. */
function namespacesCover(cluster: Cluster, scope: string, wide: unknown, narrow: unknown): boolean {
  if (wide === undefined && narrow === undefined) return true;
  const own: Values = { listed: new Set([scope]), except: false, absent: false };
  const inner = narrow === undefined ? new Map([[NAME_LABEL, own]]) : requirementsOf(narrow);
  const named = inner?.get(NAME_LABEL);
  if (inner === undefined) return false;
  const names = named && !named.except && !named.absent ? [...named.listed] : undefined;
  if (wide === undefined) return names?.every((name) => name === scope) ?? false;
  if (names?.every((name) => matches(wide, namespaceLabels(cluster, name)) === true)) return true;
  return narrow !== undefined && selectorCovers(wide, narrow);
}

const LAST_PORT = 65535;

/** Ports as ranges by protocol, and the names of others as `TCP/http`; `all`, every port of every protocol. */
type Ports =
  | 'all'
  | { ranges: ReadonlyMap<string, readonly (readonly [number, number])[]>; names: ReadonlySet<string> };

function portsOf(ports: unknown): Ports | undefined {
  if (!isListOrAbsent(ports)) return undefined;
  if (ports === undefined || ports.length === 0) return 'all';
  const ranges = new Map<string, (readonly [number, number])[]>();
  const names = new Set<string>();
  for (const item of ports) {
    const { protocol = 'TCP', port, endPort = port } = asMap(item) ?? { port: {} };
    if (typeof protocol !== 'string' || holdsUnknown(protocol) || holdsUnknown(port)) return undefined;
    if (typeof port === 'string' && endPort === port) {
      names.add(`${protocol}/${port}`);
      continue;
    }
    const range = port === undefined ? ([0, LAST_PORT] as const) : ([port, endPort] as const);
    const [first, last] = range;
    if (typeof first !== 'number' || typeof last !== 'number' || last < first) return undefined;
    ranges.set(protocol, [...(ranges.get(protocol) ?? []), [first, last]]);
  }
  return { ranges, names };
}

function portsCover(wide: unknown, narrow: unknown): boolean {
  const [outer, inner] = [portsOf(wide), portsOf(narrow)];
  if (outer === undefined || inner === undefined) return false;
  if (outer === 'all') return true;
  const holds = (protocol: string, range: readonly [number, number]) =>
    isCovered(range, outer.ranges.get(protocol) ?? []);
  if (inner === 'all') return ['TCP', 'UDP', 'SCTP'].every((protocol) => holds(protocol, [1, LAST_PORT]));
  return (
    [...inner.ranges].every(([protocol, ranges]) => ranges.every((range) => holds(protocol, range))) &&
    [...inner.names].every((name) => outer.names.has(name) || holds(name.split('/')[0] ?? '', [1, LAST_PORT]))
  );
}

/** Whether ranges of numbers leave nothing of another. */
function isCovered([first, last]: readonly [number, number], ranges: readonly (readonly [number, number])[]): boolean {
  let next = first;
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (start > next) break;
    next = Math.max(next, end + 1);
  }
  return next > last;
}

interface RuleIndex {
  bySide: Readonly<Record<Side, ReadonlyMap<string, readonly RuleOfPolicy[]>>>;
  order: ReadonlyMap<Policy, number>;
}

/** Rules by what they ask for, so that a rule meets only those that could hold it. */
const ruleIndex = derived((cluster): RuleIndex => {
  const bySide = { egress: new Map<string, RuleOfPolicy[]>(), ingress: new Map<string, RuleOfPolicy[]>() };
  const order = new Map<Policy, number>();
  for (const policy of policies(cluster)) {
    order.set(policy, order.size);
    if (policy.doubtful || policy.resource.hooks.length > 0) continue;
    for (const [side, rules] of policy.sides) {
      for (const rule of rules) {
        for (const key of new Set(entries({ policy, rule }))) {
          const same = bySide[side].get(key);
          if (same) same.push({ policy, rule });
          else bySide[side].set(key, [{ policy, rule }]);
        }
      }
    }
  }
  return { bySide, order };
});

const ANYTHING = ['*'];

/** Where a rule is found: by one label of the pods, of a peer, and by one port, where it asks for any. */
function entries({ policy, rule }: RuleOfPolicy): string[] {
  const { scope } = policy.resource;
  const peers = Array.isArray(rule.peers) && rule.peers.length > 0 ? rule.peers : [undefined];
  const ports = Array.isArray(rule.ports) && rule.ports.length > 0 ? rule.ports : [undefined];
  const pods = pairsOf(policy.podSelector)[0] ?? ANYTHING;
  return combine(
    scope,
    pods,
    peers.flatMap((peer) => pairsOf(asMap(peer)?.podSelector)[0] ?? ANYTHING),
    ports.flatMap((port) => portKey(port)),
  );
}

/** Where a rule that holds this one may be found. */
function lookups({ policy, rule }: RuleOfPolicy): string[] {
  const [peer] = Array.isArray(rule.peers) ? rule.peers : [];
  const [port] = Array.isArray(rule.ports) ? rule.ports : [];
  const firsts = (selector: unknown) => [...pairsOf(selector).flatMap(([first]) => first ?? []), '*'];
  const { protocol = 'TCP', port: first } = asMap(port) ?? {};
  return combine(policy.resource.scope, firsts(policy.podSelector), firsts(asMap(peer)?.podSelector), [
    `${protocol}/${first}`,
    `${protocol}/*`,
    '*',
  ]);
}

function combine(scope: string, pods: Iterable<string>, peers: Iterable<string>, ports: Iterable<string>): string[] {
  const found: string[] = [];
  for (const pod of pods)
    for (const peer of peers) for (const port of ports) found.push(JSON.stringify([scope, pod, peer, port]));
  return found;
}

/** For each label that a selector limits to some values, those values: `app=web`. */
function pairsOf(selector: unknown): string[][] {
  return [...(requirementsOf(selector) ?? [])].flatMap(([key, { listed, except, absent }]) =>
    except || absent ? [] : [[...listed].map((value) => `${key}=${value}`)],
  );
}

function portKey(item: unknown): string {
  if (item === undefined) return '*';
  const { protocol = 'TCP', port, endPort = port } = asMap(item) ?? {};
  return port === undefined || endPort !== port ? `${protocol}/*` : `${protocol}/${port}`;
}
