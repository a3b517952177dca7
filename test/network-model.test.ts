import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockHolds } from '../src/cluster/network/ip-blocks.ts';
import { isolationOf, judge, policies, type Side, type SideVerdict } from '../src/cluster/network/network.ts';
import { podsOfPeer, podsOfPolicy, type Selection } from '../src/cluster/network/policies-selections.ts';
import { oneSidedPeers } from '../src/cluster/network/policies-sides.ts';
import { covers, selectorCovers, supersetOf } from '../src/cluster/network/policies-supersets.ts';
import { clusterOf, type Manifest, workload } from './in-memory.ts';

interface Pod {
  kind: 'Pod' | 'Deployment';
  name: string;
  namespace: string;
  labels: Record<string, string>;
  ports: { name: string; containerPort: number; protocol?: string }[];
}

interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string };
}

interface Port {
  protocol?: string;
  port?: number | string;
  endPort?: number;
}

interface Rule {
  from?: Peer[];
  to?: Peer[];
  ports?: Port[];
}

interface Policy {
  name: string;
  namespace: string;
  spec: { podSelector: Selector; policyTypes?: string[]; ingress?: Rule[]; egress?: Rule[] };
}

/** Everything there is, so that each question has an answer. */
interface World {
  namespaces: Record<string, Record<string, string>>;
  pods: Pod[];
  policies: Policy[];
}

interface Question {
  client: Pod;
  server: Pod;
  port: number;
  protocol: string;
}

const NAMESPACES = ['a', 'b', 'c'];
const KEYS = ['app', 'tier'];
const VALUES = ['x', 'y'];
const PORTS = [1, 2, 3, 4];
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const SIDES = ['egress', 'ingress'] as const;

/**
 * What kubernetes.io/docs/concepts/services-networking/network-policies and the API reference of NetworkPolicySpec say, in loops.
 * `holds` says which ipBlocks hold the pods.
 */
class Documentation {
  readonly world: World;
  readonly holds: (cidr: string) => boolean;

  constructor(world: World, holds: (cidr: string) => boolean) {
    this.world = world;
    this.holds = holds;
  }

  /** "Matches … are ANDed"; NotIn and DoesNotExist hold where the key is absent. */
  select(selector: Selector, labels: Record<string, string>): boolean {
    for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
      if (!Object.keys(labels).includes(key) || labels[key] !== value) return false;
    }
    for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
      const has = Object.keys(labels).includes(key);
      const isListed = has && values.includes(labels[key] ?? '');
      if (operator === 'In' && !isListed) return false;
      if (operator === 'NotIn' && isListed) return false;
      if (operator === 'Exists' && !has) return false;
      if (operator === 'DoesNotExist' && has) return false;
    }
    return true;
  }

  /** "If neither is set, defaults to Ingress, and Egress if there are egress rules." */
  isFor({ spec }: Policy, side: Side): boolean {
    if (spec.policyTypes) return spec.policyTypes.includes(side === 'egress' ? 'Egress' : 'Ingress');
    return side === 'ingress' || (spec.egress ?? []).length > 0;
  }

  selects(policy: Policy, pod: Pod): boolean {
    return policy.namespace === pod.namespace && this.select(policy.spec.podSelector, pod.labels);
  }

  isolating(pod: Pod, side: Side): Policy[] {
    const found: Policy[] = [];
    for (const policy of this.world.policies) {
      if (this.isFor(policy, side) && this.selects(policy, pod)) found.push(policy);
    }
    return found;
  }

  isPeer({ ipBlock, podSelector, namespaceSelector }: Peer, policy: Policy, other: Pod): boolean {
    if (ipBlock) return this.holds(ipBlock.cidr);
    if (namespaceSelector) {
      const labels = { ...this.world.namespaces[other.namespace], 'kubernetes.io/metadata.name': other.namespace };
      if (!this.select(namespaceSelector, labels)) return false;
    } else if (policy.namespace !== other.namespace) return false;
    return podSelector ? this.select(podSelector, other.labels) : true;
  }

  admitsPeer(rule: Rule, side: Side, policy: Policy, other: Pod): boolean {
    const peers = side === 'egress' ? rule.to : rule.from;
    if (!peers || peers.length === 0) return true;
    for (const peer of peers) if (this.isPeer(peer, policy, other)) return true;
    return false;
  }

  admitsPort({ ports }: Rule, server: Pod, wanted: number, protocol: string): boolean {
    if (!ports || ports.length === 0) return true;
    for (const entry of ports) {
      if ((entry.protocol ?? 'TCP') !== protocol) continue;
      if (entry.port === undefined) return true;
      if (typeof entry.port === 'number') {
        for (let port = entry.port; port <= (entry.endPort ?? entry.port); port++) if (port === wanted) return true;
        continue;
      }
      for (const { name, containerPort, protocol: own = 'TCP' } of server.ports) {
        if (name === entry.port && own === protocol && containerPort === wanted) return true;
      }
    }
    return false;
  }

  rules({ spec }: Policy, side: Side): Rule[] {
    return spec[side] ?? [];
  }

  /** The first rule of each policy that admits: `policy-0 1`. */
  admitting(side: Side, { client, server, port, protocol }: Question): string[] {
    const [own, other] = side === 'egress' ? [client, server] : [server, client];
    const found: string[] = [];
    for (const policy of this.isolating(own, side)) {
      for (const [i, rule] of this.rules(policy, side).entries()) {
        if (!this.admitsPeer(rule, side, policy, other) || !this.admitsPort(rule, server, port, protocol)) continue;
        found.push(`${policy.name} ${i}`);
        break;
      }
    }
    return found;
  }

  /** For each policy that isolates, its first rule that misses least, and what that lacks: `policy-0 1 peer`. */
  missing(side: Side, { client, server, port, protocol }: Question): string[] {
    const [own, other] = side === 'egress' ? [client, server] : [server, client];
    return this.isolating(own, side).map((policy) => {
      for (const wanted of MISSES) {
        for (const [i, rule] of this.rules(policy, side).entries()) {
          const peer = this.admitsPeer(rule, side, policy, other);
          const lacks = this.admitsPort(rule, server, port, protocol) ? 'peer' : peer ? 'port' : 'both';
          if (lacks === wanted) return `${policy.name} ${i} ${lacks}`;
        }
      }
      return `${policy.name} rules`;
    });
  }

  allows(side: Side, question: Question): boolean {
    const own = side === 'egress' ? question.client : question.server;
    return this.isolating(own, side).length === 0 || this.admitting(side, question).length > 0;
  }
}

const MISSES = ['peer', 'port', 'both'];

const arbitraryLabels = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), { maxKeys: 2 });

const arbitraryExpression = fc.oneof(
  fc.record({
    key: fc.constantFrom(...KEYS),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.uniqueArray(fc.constantFrom(...VALUES, 'z'), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);

const arbitrarySelector: fc.Arbitrary<Selector> = fc.record(
  { matchLabels: arbitraryLabels, matchExpressions: fc.array(arbitraryExpression, { maxLength: 2 }) },
  { requiredKeys: [] },
);

const arbitraryNamespaceSelector: fc.Arbitrary<Selector> = fc.oneof(
  arbitrarySelector,
  fc.constantFrom(...NAMESPACES).map((name) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })),
  fc
    .uniqueArray(fc.constantFrom(...NAMESPACES), { minLength: 1 })
    .map((values) => ({ matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }] })),
);

const PUBLIC = ['203.0.113.0/24', 'fe80::/10'];
const PRIVATE = ['10.0.0.0/8', 'fd00::/8'];

function arbitraryPeer(cidrs: string[]): fc.Arbitrary<Peer> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ podSelector: arbitrarySelector }) },
    { weight: 3, arbitrary: fc.record({ namespaceSelector: arbitraryNamespaceSelector }) },
    {
      weight: 3,
      arbitrary: fc.record({ podSelector: arbitrarySelector, namespaceSelector: arbitraryNamespaceSelector }),
    },
    { weight: 1, arbitrary: fc.constantFrom(...cidrs).map((cidr) => ({ ipBlock: { cidr } })) },
  );
}

const arbitraryPort: fc.Arbitrary<Port> = fc.oneof(
  fc.record(
    { protocol: fc.constantFrom(...PROTOCOLS), port: fc.oneof(fc.constantFrom(...PORTS), fc.constantFrom('p', 'q')) },
    { requiredKeys: [] },
  ),
  fc
    .tuple(fc.constantFrom(...PORTS), fc.nat(2), fc.constantFrom(...PROTOCOLS))
    .map(([port, more, protocol]) => ({ port, endPort: port + more, protocol })),
);

function arbitraryRule(peers: 'from' | 'to', cidrs: string[]): fc.Arbitrary<Rule> {
  return fc.record(
    {
      [peers]: fc.array(arbitraryPeer(cidrs), { maxLength: 2 }),
      ports: fc.array(arbitraryPort, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
}

function arbitraryPolicy(cidrs: string[]): fc.Arbitrary<Omit<Policy, 'name'>> {
  return fc.record({
    namespace: fc.constantFrom(...NAMESPACES),
    spec: fc.record(
      {
        podSelector: arbitrarySelector,
        policyTypes: fc.uniqueArray(fc.constantFrom('Ingress', 'Egress'), { minLength: 1 }),
        ingress: fc.array(arbitraryRule('from', cidrs), { maxLength: 3 }),
        egress: fc.array(arbitraryRule('to', cidrs), { maxLength: 3 }),
      },
      { requiredKeys: ['podSelector'] },
    ),
  });
}

function arbitraryWorld(cidrs: string[]): fc.Arbitrary<World> {
  return fc.record({
    namespaces: fc.record({ a: arbitraryLabels, b: arbitraryLabels, c: arbitraryLabels }),
    pods: fc
      .array(
        fc.record({
          kind: fc.constantFrom('Pod' as const, 'Deployment' as const),
          namespace: fc.constantFrom(...NAMESPACES),
          labels: arbitraryLabels,
          ports: fc.uniqueArray(
            fc.record(
              {
                name: fc.constantFrom('p', 'q'),
                containerPort: fc.constantFrom(...PORTS),
                protocol: fc.constantFrom(...PROTOCOLS),
              },
              { requiredKeys: ['name', 'containerPort'] },
            ),
            { maxLength: 2, selector: ({ name }) => name },
          ),
        }),
        { minLength: 2, maxLength: 4 },
      )
      .map((pods) => pods.map((pod, i) => ({ ...pod, name: `pod-${i}` }))),
    policies: fc
      .array(arbitraryPolicy(cidrs), { minLength: 1, maxLength: 6 })
      .map((list) => list.map((policy, i) => ({ ...policy, name: `policy-${i}` }))),
  });
}

/** Which facts of a world the manifests leave open. */
interface Hidden {
  /** Namespaces that no manifest declares. */
  namespaces: string[];
  /** The namespace that the target of these manifests lands in, and which of its objects don't say so. */
  unset: string;
  unsetObjects: boolean[];
  /** Which labels of pods and selectors are placeholders. */
  values: boolean[];
}

const NOTHING: Hidden = { namespaces: [], unset: 'a', unsetObjects: [], values: [] };

function manifestsOf(world: World, hidden: Hidden): Manifest[] {
  let object = 0;
  let value = 0;
  const metadata = (name: string, namespace: string) =>
    namespace === hidden.unset && hidden.unsetObjects[object++] ? { name } : { name, namespace };
  const mask = <T>(input: T): T =>
    JSON.parse(
      JSON.stringify(input, (_, item) => (VALUES.includes(item) && hidden.values[value++] ? '${VALUE}' : item)),
    );
  return [
    ...Object.entries(world.namespaces)
      .filter(([name]) => !hidden.namespaces.includes(name))
      .map(([name, labels]) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })),
    ...world.pods.map(({ kind, name, namespace, labels, ports }) => {
      const spec = { containers: [{ name: 'main', image: 'app', ports }] };
      const own = metadata(name, namespace);
      return kind === 'Pod'
        ? { apiVersion: 'v1', kind, metadata: { ...own, labels: mask(labels) }, spec }
        : {
            apiVersion: 'apps/v1',
            kind,
            metadata: own,
            spec: { template: { metadata: { labels: mask(labels) }, spec } },
          };
    }),
    ...world.policies.map(({ name, namespace, spec }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadata(name, namespace),
      spec: mask(spec),
    })),
  ];
}

const arbitraryQuestion = fc.record({
  from: fc.nat(1),
  to: fc.constantFrom(2, 3),
  port: fc.constantFrom(...PORTS),
  protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
});

function explain({ verdict, admits, refusals }: SideVerdict) {
  return {
    verdict,
    admits: admits ? `${admits.policy.name} ${admits.path[2]}` : undefined,
    refusals: refusals.map(({ policy, path, lacks }) => [policy.name, ...path.slice(2), lacks].join(' ')).sort(),
  };
}

describe('judge', () => {
  it('agrees with the documentation, and says which rule admits or what each lacks', { timeout: 120_000 }, () => {
    const verdicts = { allowed: 0, denied: 0 };
    fc.assert(
      fc.property(arbitraryWorld(PUBLIC), arbitraryQuestion, (world, { from, to, port, protocol }) => {
        const [client, server] = [world.pods[from], world.pods[Math.min(to, world.pods.length - 1)]] as [Pod, Pod];
        fc.pre(client !== server);
        const cluster = clusterOf(manifestsOf(world, NOTHING));
        const answer = judge(cluster, {
          client: workload(cluster, client.name),
          server: workload(cluster, server.name),
          port,
          protocol,
        });
        const truth = new Documentation(world, () => false);
        const question = { client, server, port, protocol };
        for (const side of SIDES) {
          const admitting = truth.admitting(side, question);
          const found = explain(answer[side]);
          if (truth.allows(side, question)) {
            expect(found).toEqual({
              verdict: 'allowed',
              admits: admitting.length === 0 ? undefined : found.admits,
              refusals: [],
            });
            if (admitting.length > 0) expect(admitting).toContain(found.admits);
          } else {
            expect(found).toEqual({
              verdict: 'denied',
              admits: undefined,
              refusals: truth.missing(side, question).sort(),
            });
            const order = answer[side].refusals.map(({ lacks }) => [...MISSES, 'rules'].indexOf(lacks));
            expect(order).toEqual(order.toSorted((a, b) => a - b));
          }
        }
        const expected = SIDES.every((side) => truth.allows(side, question)) ? 'allowed' : 'denied';
        expect(answer.verdict).toBe(expected);
        verdicts[expected]++;
      }),
      { numRuns: 3000 },
    );
    // Worlds that answer one way only would prove nothing.
    expect(Math.min(verdicts.allowed, verdicts.denied)).toBeGreaterThan(300);
  });

  it('claims only what holds whatever the unknown turns out to be', { timeout: 120_000 }, () => {
    const claims = { allowed: 0, denied: 0, unknown: 0 };
    const arbitraryHidden = fc.record({
      namespaces: fc.subarray(NAMESPACES),
      unset: fc.constantFrom(...NAMESPACES),
      unsetObjects: fc.array(fc.boolean(), { maxLength: 10 }),
      values: fc.array(fc.boolean(), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(
        arbitraryWorld([...PUBLIC, ...PRIVATE]),
        arbitraryHidden,
        fc.boolean(),
        arbitraryQuestion,
        (world, hidden, privateHolds, { from, to, port, protocol }) => {
          const [client, server] = [world.pods[from], world.pods[Math.min(to, world.pods.length - 1)]] as [Pod, Pod];
          fc.pre(client !== server);
          const cluster = clusterOf(manifestsOf(world, hidden));
          const { verdict } = judge(cluster, {
            client: workload(cluster, client.name),
            server: workload(cluster, server.name),
            port,
            protocol,
          });
          claims[verdict]++;
          if (verdict === 'unknown') return;
          const truth = new Documentation(world, (cidr) => PRIVATE.includes(cidr) && privateHolds);
          const question = { client, server, port, protocol };
          expect(verdict).toBe(SIDES.every((side) => truth.allows(side, question)) ? 'allowed' : 'denied');
        },
      ),
      { numRuns: 2000 },
    );
    expect(Math.min(claims.allowed, claims.denied, claims.unknown)).toBeGreaterThan(100);
  });
});

describe('isolation and selections', () => {
  const namesOf = ({ surely, perhaps }: Selection) => ({
    surely: surely.map(({ resource }) => resource.name).sort(),
    perhaps: perhaps.map(({ resource }) => resource.name),
  });

  it('agree with the documentation', { timeout: 120_000 }, () => {
    let selected = 0;
    fc.assert(
      fc.property(arbitraryWorld(PUBLIC), (world) => {
        const cluster = clusterOf(manifestsOf(world, NOTHING));
        const truth = new Documentation(world, () => false);
        for (const pod of world.pods) {
          for (const side of SIDES) {
            const { surely, perhaps } = isolationOf(cluster, workload(cluster, pod.name), side);
            expect(perhaps).toEqual([]);
            expect(surely.map(({ resource }) => resource.name).sort()).toEqual(
              truth.isolating(pod, side).map(({ name }) => name),
            );
          }
        }
        for (const [i, policy] of policies(cluster).entries()) {
          const written = world.policies[i] as Policy;
          const own = world.pods.filter((pod) => truth.selects(written, pod)).map(({ name }) => name);
          expect(namesOf(podsOfPolicy(cluster, policy))).toEqual({ surely: own, perhaps: [] });
          for (const peer of [...(written.spec.ingress ?? []), ...(written.spec.egress ?? [])].flatMap(
            ({ from = [], to = [] }) => [...from, ...to],
          )) {
            const others = world.pods.filter((pod) => truth.isPeer(peer, written, pod)).map(({ name }) => name);
            selected += others.length;
            expect(namesOf(podsOfPeer(cluster, policy, peer) as Selection)).toEqual({ surely: others, perhaps: [] });
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(selected).toBeGreaterThan(500);
  });

  it('surely and perhaps hold what may be, when less is known', { timeout: 120_000 }, () => {
    const arbitraryHidden = fc.record({
      namespaces: fc.subarray(NAMESPACES),
      unset: fc.constantFrom(...NAMESPACES),
      unsetObjects: fc.array(fc.boolean(), { maxLength: 10 }),
      values: fc.array(fc.boolean(), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(arbitraryWorld(PUBLIC), arbitraryHidden, (world, hidden) => {
        const cluster = clusterOf(manifestsOf(world, hidden));
        const truth = new Documentation(world, () => false);
        for (const [i, policy] of policies(cluster).entries()) {
          const written = world.policies[i] as Policy;
          const own = world.pods.filter((pod) => truth.selects(written, pod)).map(({ name }) => name);
          const { surely, perhaps } = namesOf(podsOfPolicy(cluster, policy));
          expect(own).toEqual(expect.arrayContaining(surely));
          expect([...surely, ...perhaps]).toEqual(expect.arrayContaining(own));
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Every set of labels that a selector over KEYS and VALUES can tell apart. */
const ALL_LABELS: Record<string, string>[] = [...VALUES, 'z', 'other', undefined].flatMap((app) =>
  [...VALUES, 'z', 'other', undefined].map((tier) => ({
    ...(app === undefined ? {} : { app }),
    ...(tier === undefined ? {} : { tier }),
  })),
);

describe('supersets', () => {
  const truth = new Documentation({ namespaces: {}, pods: [], policies: [] }, () => false);

  it('of selectors are those that select whatever the other one does', () => {
    const answers = { true: 0, false: 0 };
    fc.assert(
      fc.property(arbitrarySelector, arbitrarySelector, (wide, narrow) => {
        const selected = ALL_LABELS.filter((labels) => truth.select(narrow, labels));
        const wider = ALL_LABELS.filter((labels) => truth.select(wide, labels));
        // One that nothing meets is no one's.
        fc.pre(selected.length > 0 && wider.length > 0);
        const expected = selected.every((labels) => truth.select(wide, labels));
        expect(selectorCovers(wide, narrow)).toBe(expected);
        answers[`${expected}`]++;
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(answers.true, answers.false)).toBeGreaterThan(300);
  });

  it('of rules admit all that the other one does, to the same pods', { timeout: 120_000 }, () => {
    let covered = 0;
    const arbitrarySimple = fc.record({
      wide: arbitraryPolicy(PUBLIC),
      narrow: arbitraryPolicy(PUBLIC),
      world: arbitraryWorld(PUBLIC),
    });
    fc.assert(
      fc.property(arbitrarySimple, ({ wide, narrow, world }) => {
        const all = {
          ...world,
          policies: [
            { ...wide, name: 'wide' },
            { ...narrow, namespace: wide.namespace, name: 'narrow' },
          ],
        };
        const cluster = clusterOf(manifestsOf(all, NOTHING));
        const model = new Documentation(all, () => false);
        const [first, second] = policies(cluster);
        if (!first || !second) throw new Error('both policies are there');
        for (const side of SIDES) {
          for (const [i, rule] of (second.sides.get(side) ?? []).entries()) {
            const wider = (first.sides.get(side) ?? []).map((candidate) => ({ policy: first, rule: candidate }));
            const found = wider.findIndex((candidate) => covers(cluster, candidate, { policy: second, rule }));
            // The index misses nothing.
            expect(supersetOf(cluster, side, { policy: second, rule }) !== undefined).toBe(found !== -1);
            if (found === -1) continue;
            covered++;
            const [policyOfWide, policyOfNarrow] = all.policies as [Policy, Policy];
            const [wideRule, narrowRule] = [policyOfWide.spec[side]?.[found], policyOfNarrow.spec[side]?.[i]];
            for (const own of all.pods) {
              if (!model.selects(policyOfNarrow, own)) continue;
              expect(model.selects(policyOfWide, own)).toBe(true);
              for (const other of all.pods) {
                const server = side === 'egress' ? other : own;
                if (!model.admitsPeer(narrowRule as Rule, side, policyOfNarrow, other)) continue;
                expect(model.admitsPeer(wideRule as Rule, side, policyOfWide, other)).toBe(true);
                for (const port of PORTS) {
                  for (const protocol of PROTOCOLS) {
                    if (!model.admitsPort(narrowRule as Rule, server, port, protocol)) continue;
                    expect(model.admitsPort(wideRule as Rule, server, port, protocol)).toBe(true);
                  }
                }
              }
            }
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(covered).toBeGreaterThan(200);
  });

  it('of ipBlocks hold all their addresses', () => {
    const arbitraryCidr = fc
      .tuple(fc.nat(15), fc.integer({ min: 28, max: 32 }))
      .map(([last, length]) => `10.0.0.${last}/${length}`);
    const arbitraryBlock = fc.record(
      { cidr: arbitraryCidr, except: fc.array(arbitraryCidr, { maxLength: 2 }) },
      { requiredKeys: ['cidr'] },
    );
    const holds = ({ cidr, except = [] }: { cidr: string; except?: string[] }, address: number): boolean => {
      const within = (block: string) => {
        const [start = '', length = ''] = block.split('/');
        const size = 2 ** (32 - Number(length));
        return Math.floor(Number(start.split('.')[3]) / size) === Math.floor(address / size);
      };
      return within(cidr) && !except.some(within);
    };
    const addresses = Array.from({ length: 16 }, (_, i) => i);
    const answers = { true: 0, false: 0 };
    fc.assert(
      fc.property(arbitraryBlock, arbitraryBlock, (outer, inner) => {
        const answer = blockHolds(outer, inner);
        answers[`${answer}`]++;
        const expected = addresses.every((address) => !holds(inner, address) || holds(outer, address));
        // Only a block that its own exceptions cut to pieces may go unnoticed.
        if (answer || (inner.except ?? []).length === 0) expect(answer).toBe(expected);
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(answers.true, answers.false)).toBeGreaterThan(100);
  });
});

describe('one-sided peers', () => {
  /** Whether a peer asks for some value of a label. */
  const namesPods = ({ podSelector }: Peer) =>
    Object.keys(podSelector?.matchLabels ?? {}).length > 0 ||
    (podSelector?.matchExpressions ?? []).some(({ operator }) => operator === 'In');

  it('are those that their own policies refuse for each pod, port and protocol', { timeout: 120_000 }, () => {
    const answers = { true: 0, false: 0 };
    const arbitrarySmall = arbitraryWorld(PUBLIC).map((world) => ({
      ...world,
      pods: world.pods.map((pod) => ({ ...pod, namespace: 'a' })),
      policies: world.policies.map((policy) => ({ ...policy, namespace: 'a' })),
    }));
    fc.assert(
      fc.property(fc.oneof(arbitraryWorld(PUBLIC), arbitrarySmall), (world) => {
        const cluster = clusterOf(manifestsOf(world, NOTHING));
        const truth = new Documentation(world, () => false);
        const isInVain = (written: Policy, side: Side, rule: Rule, peer: Peer): boolean => {
          let pairs = 0;
          for (const own of world.pods.filter((pod) => truth.selects(written, pod))) {
            for (const other of world.pods.filter((pod) => pod !== own && truth.isPeer(peer, written, pod))) {
              pairs++;
              const [client, server] = side === 'egress' ? [own, other] : [other, own];
              const otherSide = side === 'egress' ? 'ingress' : 'egress';
              let ports = 0;
              for (const port of [...PORTS, 5, 6]) {
                for (const protocol of PROTOCOLS) {
                  if (!truth.admitsPort(rule, server, port, protocol)) continue;
                  ports++;
                  if (truth.allows(otherSide, { client, server, port, protocol })) return false;
                }
              }
              if (ports === 0) return false;
            }
          }
          return pairs > 0;
        };
        for (const [i, policy] of policies(cluster).entries()) {
          const written = world.policies[i] as Policy;
          const reported = new Set(oneSidedPeers(cluster, policy).map(({ path }) => path.join(' ')));
          for (const side of SIDES.filter((candidate) => truth.isFor(written, candidate))) {
            const list = side === 'egress' ? 'to' : 'from';
            for (const [j, rule] of truth.rules(written, side).entries()) {
              for (const [k, peer] of (rule[list] ?? []).entries()) {
                const expected = namesPods(peer) && isInVain(written, side, rule, peer);
                expect(reported.has(`spec ${side} ${j} ${list} ${k}`)).toBe(expected);
                answers[`${expected}`]++;
              }
            }
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(answers.true, answers.false)).toBeGreaterThan(50);
  });
});
