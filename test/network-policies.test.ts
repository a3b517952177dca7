import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../src/cluster/cluster.ts';
import type { Finding, Rule, Unchecked } from '../src/rule.ts';
import blocksConnection from '../src/rules/network/network-policy-blocks-connection.ts';
import blocksDns from '../src/rules/network/network-policy-blocks-dns.ts';
import oneSided from '../src/rules/network/network-policy-one-sided.ts';
import peerUnmatched from '../src/rules/network/network-policy-peer-unmatched.ts';
import shadowed from '../src/rules/network/network-policy-shadowed.ts';
import { clusterOf, type Manifest, resourceOf } from './in-memory.ts';

const RULES: readonly Required<Rule>[] = [blocksConnection, blocksDns, oneSided, shadowed, peerUnmatched];

function pod(name: string, labels: unknown = { app: name }, env: Manifest[] = [], spec: Manifest = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels },
    spec: { containers: [{ name: 'main', image: 'app', env }], ...spec },
  };
}

function service(name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { selector: { app: name }, ports: [{ port: 5432 }] },
  };
}

function policy(name: string, spec: unknown): Manifest {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'shop' }, spec };
}

const app = (name: string) => ({ matchLabels: { app: name } });
const dials = { name: 'DB_HOST', value: 'db' };
const web = policy('web', {
  podSelector: app('web'),
  policyTypes: ['Egress'],
  egress: [{ to: [{ podSelector: app('db') }] }],
});
const closed = policy('db', { podSelector: app('db') });

/** What a rule says, in an environment that nobody has described unless `configured`. */
function check(
  rule: Required<Rule>,
  manifests: readonly Manifest[],
  { configured = false, existing = [] as readonly Manifest[], incomplete = false } = {},
): (Finding | Unchecked)[] {
  const cluster = new Cluster({
    environment: 'test',
    configured,
    kubernetesVersion: undefined,
    targets: [{ environment: 'test', target: 'test', type: 'manifests', findings: [], incomplete }],
    resources: [
      ...manifests.map((manifest) => resourceOf(manifest)),
      ...existing.map((manifest) => resourceOf(manifest, { existing: true })),
    ],
    schemaErrors: [],
    emptyKinds: new Set(),
    substitutes: () => false,
  });
  return [...rule.check(cluster)];
}

describe('network-policy-blocks-dns', () => {
  const blocked = [pod('web', { app: 'web' }, [dials]), pod('db'), service('db'), web];
  const severities = (...input: Parameters<typeof check> extends [unknown, ...infer Rest] ? Rest : never) =>
    check(blocksDns, ...input).map((item) => ('unchecked' in item ? item.unchecked : item.severity));

  it('is an error where all policies of the namespace are here, else a warning', () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    expect(severities(blocked)).toEqual(['warning']);
    expect(severities(blocked, { configured: true })).toEqual([undefined]);
    expect(severities([...blocked, namespace])).toEqual([undefined]);
    expect(severities(blocked, { existing: [policy('other', { podSelector: app('x') })] })).toEqual([undefined]);
  });

  it('warns of what starts later', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        replicas: 0,
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', env: [dials] }] } },
      },
    };
    const others = [pod('db'), service('db'), web];
    expect(severities([deployment, ...others], { configured: true })).toEqual(['warning']);
    expect(severities([...blocked, deployment], { configured: true })).toEqual([undefined]);
  });

  it('relates the pods', () => {
    const [finding] = check(blocksDns, blocked) as Finding[];
    expect(finding?.related?.map(({ message, resource, path }) => [message, String(resource), path])).toEqual([
      ['Pod/web is isolated for egress', 'Pod/web', ['spec']],
    ]);
  });

  it('believes no ConfigMap that a later envFrom may override', () => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', namespace: 'shop' } };
    const envFrom = [{ configMapRef: { name: 'web' } }, { secretRef: { name: 'by-hand' } }];
    const taker = pod('web', { app: 'web' }, [], { containers: [{ name: 'main', envFrom }] });
    for (const data of [{ DB_HOST: 'db' }, { API_URL: 'https://api.example.org' }]) {
      const others = [{ ...configMap, data }, pod('db'), service('db'), web];
      const leaves = policy('out', { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 443 }] }] });
      expect(severities([taker, leaves, ...others], { configured: true })).toEqual([]);
      const known = [
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'by-hand', namespace: 'shop' }, data: { X: '' } },
      ];
      expect(severities([taker, leaves, ...others], { configured: true, existing: known })).toEqual([undefined]);
    }
  });
});

describe('what can’t be judged is said once', () => {
  const cilium = { apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { name: 'other' } };
  const blocked = [pod('web', { app: 'web' }, [dials]), pod('db'), service('db'), web];
  const twoSides = [pod('web'), pod('db'), web, closed];
  const evaluated = 'CiliumNetworkPolicy/other decides on connections, too, and is not evaluated';
  const rendered = 'a target did not render, and what admits them may be in it';
  const cases: [string, Required<Rule>, Manifest[], string][] = [
    [blocksDns.id, blocksDns, blocked, 'DNS look-ups that NetworkPolicies refuse'],
    [oneSided.id, oneSided, twoSides, '1 peers that their own NetworkPolicies refuse'],
  ];
  it.each(cases)('%s', (_, rule, manifests, unchecked) => {
    expect(check(rule, manifests).length).toBe(1);
    expect(check(rule, [...manifests, cilium])).toEqual([{ unchecked, reason: evaluated }]);
    expect(check(rule, manifests, { incomplete: true })).toEqual([{ unchecked, reason: rendered }]);
    expect(check(rule, [pod('web'), cilium])).toEqual([]);
  });

  it('and of selectors only where all is rendered', () => {
    const selecting = [pod('web'), policy('other', { podSelector: app('other') })];
    expect(check(peerUnmatched, selecting).length).toBe(1);
    expect(check(peerUnmatched, [...selecting, cilium]).length).toBe(1);
    expect(check(peerUnmatched, selecting, { incomplete: true })).toEqual([]);
  });
});

describe('network-policy-peer-unmatched', () => {
  it('knows nothing of pods whose workload can’t be read', () => {
    const selecting = [pod('web'), policy('other', { podSelector: app('other') })];
    const metadata = { name: 'other', namespace: 'shop' };
    const refused = (apiVersion: string, kind: string, namespace = 'shop') =>
      resourceOf({ apiVersion, kind, metadata: { ...metadata, namespace }, spec: { template: [] } });
    const lengths = [
      [refused('apps/v1', 'Deployment')],
      [refused('v1', 'Service')],
      [refused('networking.k8s.io/v1', 'Ingress')],
      [refused('apps/v1', 'Deployment', 'elsewhere')],
    ].map((resources) => [...peerUnmatched.check(clusterOf(selecting, resources))].length);
    expect(lengths).toEqual([0, 1, 1, 1]);
  });
});

describe('of one-sided peers', () => {
  it('relates the policy that refuses, at its rules', () => {
    const related = [closed, policy('db', { podSelector: app('db'), ingress: [{ ports: [{ port: 1 }] }] })].map(
      (other) => {
        const rule = policy('web', {
          podSelector: app('web'),
          policyTypes: ['Egress'],
          egress: [{ to: [{ podSelector: app('db') }], ports: [{ port: 5432 }] }],
        });
        const [finding] = check(oneSided, [pod('web'), pod('db'), rule, other]) as Finding[];
        return finding?.related?.map(({ message, resource, path }) => [message, String(resource), path]);
      },
    );
    const message = 'NetworkPolicy/db isolates Pod/db for ingress';
    expect(related).toEqual([
      [[message, 'NetworkPolicy/db', ['spec']]],
      [[message, 'NetworkPolicy/db', ['spec', 'ingress']]],
    ]);
  });
});

describe('policies as nobody should write them', () => {
  const junk = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(null, [], {}, '', '__proto__', -1, 1e99, ['x'], [null], { constructor: 'x' }, '::/0', '${X}'),
  );
  const selector = fc.oneof(
    junk,
    fc.record({ matchLabels: junk, matchExpressions: junk }, { requiredKeys: [] }),
    fc.record({
      matchExpressions: fc.array(
        fc.record({
          key: fc.oneof(junk, fc.constant('app')),
          operator: fc.oneof(junk, fc.constant('In')),
          values: junk,
        }),
        { maxLength: 2 },
      ),
    }),
    fc.constantFrom({}, app('web'), app('db')),
  );
  const peer = fc.oneof(
    junk,
    fc.record({ podSelector: selector, namespaceSelector: selector }, { requiredKeys: [] }),
    fc.record({ ipBlock: fc.oneof(junk, fc.record({ cidr: junk, except: fc.oneof(junk, fc.array(junk)) })) }),
  );
  const port = fc.oneof(junk, fc.record({ protocol: junk, port: junk, endPort: junk }, { requiredKeys: [] }));
  const rules = (peers: string) =>
    fc.oneof(
      junk,
      fc.array(
        fc.oneof(
          junk,
          fc.record(
            { [peers]: fc.oneof(junk, fc.array(peer)), ports: fc.oneof(junk, fc.array(port)) },
            { requiredKeys: [] },
          ),
        ),
        { maxLength: 3 },
      ),
    );
  const spec = fc.oneof(
    junk,
    fc.record(
      {
        podSelector: selector,
        policyTypes: fc.oneof(junk, fc.constantFrom(['Egress'], ['Ingress', 'Egress'])),
        ingress: rules('from'),
        egress: rules('to'),
      },
      { requiredKeys: [] },
    ),
  );

  it('crash no rule', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 4 }), junk, (specs, labels) => {
        const manifests = [
          pod('web', { app: 'web' }, [dials]),
          pod('db'),
          pod('odd', labels),
          service('db'),
          ...specs.map((one, i) => policy(`policy-${i}`, one)),
        ];
        for (const rule of RULES) for (const _ of rule.check(clusterOf(manifests)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('thousands of policies in one namespace', () => {
  const COUNT = 5000;
  const kinds: [string, (i: number) => unknown][] = [
    [
      'each for its own pods',
      (i) => ({
        podSelector: app(`app-${i}`),
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: app(`app-${i + 1}`) }], ports: [{ port: 5432 }] }],
        egress: [{ to: [{ podSelector: app(`app-${i + 2}`) }] }],
      }),
    ],
    [
      'each for all pods',
      (i) => ({
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: app(`app-${i}`) }], ports: [{ port: 5432 }] }],
        egress: [{ to: [{ podSelector: app('app-0') }], ports: [{ port: i + 1 }] }],
      }),
    ],
    ['each of which isolates all pods', () => ({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })],
  ];
  it.each(kinds)('%s take seconds', { timeout: 120_000 }, (_, specOf) => {
    const cluster = clusterOf(
      Array.from({ length: COUNT }, (_, i) => [
        pod(`app-${i}`, { app: `app-${i}` }, [{ name: 'DB_HOST', value: `app-${(i * 7 + 3) % COUNT}` }]),
        service(`app-${i}`),
        policy(`policy-${i}`, specOf(i)),
      ]).flat(),
    );
    for (const rule of RULES) {
      const started = performance.now();
      for (const _ of rule.check(cluster));
      // All with all would take minutes; what else runs here may take its time, too.
      expect([rule.id, performance.now() - started < 20_000]).toEqual([rule.id, true]);
    }
  });
});
