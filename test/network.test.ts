import { describe, expect, it } from 'vitest';
import {
  type LabelFacts,
  matches,
  namespaceLabels,
  podLabels,
  SOME_VALUE,
  UNKNOWN,
} from '../src/cluster/label-facts.ts';
import { mayHoldPods } from '../src/cluster/network/ip-blocks.ts';
import { judge } from '../src/cluster/network/network.ts';
import { unsetScope } from '../src/resource.ts';
import type { Finding, Unchecked } from '../src/rule.ts';
import rule from '../src/rules/network/network-policy-blocks-connection.ts';
import { clusterOf, type Manifest, resourceOf, workload } from './in-memory.ts';

function pod(name: string, labels: Record<string, string> = { app: name }, spec: Manifest = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels },
    spec: { containers: [{ name: 'main', image: 'app' }], ...spec },
  };
}

function policy(name: string, spec: unknown, namespace: string | null = 'shop'): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, ...(namespace === null ? {} : { namespace }) },
    spec,
  };
}

function verdictOf(manifests: Manifest[], { client = 'web', server = 'db', port = 5432 } = {}) {
  const cluster = clusterOf(manifests);
  return judge(cluster, {
    client: workload(cluster, client),
    server: workload(cluster, server),
    port,
    protocol: 'TCP',
  });
}

const denyAll = policy('deny-all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });

describe('a verdict explains itself', () => {
  it('names the rule that admits', () => {
    const allow = policy('allow', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ ports: [{ port: 53 }] }, { to: [{ podSelector: { matchLabels: { app: 'db' } } }] }],
    });
    const { verdict, egress, ingress } = verdictOf([pod('web'), pod('db'), allow]);
    expect(verdict).toBe('allowed');
    expect([egress.admits?.policy.name, egress.admits?.path]).toEqual(['allow', ['spec', 'egress', 1]]);
    expect(ingress).toEqual({ verdict: 'allowed', refusals: [] });
  });

  it('names every policy that isolates, the nearest miss first, and what its rule lacks', () => {
    const nearPort = policy('port', {
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { app: 'db' } } }], ports: [{ port: 5433 }] }],
    });
    const nearPeer = policy('peer', {
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Egress'],
      egress: [
        { to: [{ podSelector: { matchLabels: { app: 'dns' } } }], ports: [{ port: 53 }] },
        { to: [{ podSelector: { matchLabels: { app: 'db-2' } } }], ports: [{ port: 5432 }] },
        { to: [{ podSelector: { matchLabels: { app: 'db-3' } } }], ports: [{ port: 5432 }] },
      ],
    });
    const { verdict, egress, ingress } = verdictOf([pod('web'), pod('db'), denyAll, nearPort, nearPeer]);
    expect(verdict).toBe('denied');
    expect(egress.refusals.map(({ policy: { name }, path, lacks }) => [name, path, lacks])).toEqual([
      ['peer', ['spec', 'egress', 1], 'peer'],
      ['port', ['spec', 'egress', 0], 'port'],
      ['deny-all', ['spec'], 'rules'],
    ]);
    expect(ingress.refusals.map(({ policy: { name }, path, lacks }) => [name, path, lacks])).toEqual([
      ['deny-all', ['spec'], 'rules'],
    ]);
  });
});

it('a policy without spec isolates, and is pointed at itself', () => {
  const { ingress } = verdictOf([pod('web'), pod('db'), policy('bare', undefined)]);
  expect(ingress.refusals.map(({ policy: { name }, path, lacks }) => [name, path, lacks])).toEqual([
    ['bare', [], 'rules'],
  ]);
});

describe('nothing is claimed', () => {
  const cases: [string, Manifest[], { client?: string; server?: string; port?: number }?][] = [
    ['on the client’s host network', [pod('web', {}, { hostNetwork: true }), pod('db'), denyAll]],
    ['on the server’s host network', [pod('web'), pod('db', {}, { hostNetwork: true }), denyAll]],
    ['between pods of one workload', [pod('db'), denyAll], { client: 'db' }],
    [
      'where the API server refuses a peer',
      [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ from: [{}] }] })],
    ],
    [
      'where an ipBlock stands beside a selector',
      [
        pod('web'),
        pod('db'),
        policy('p', {
          podSelector: {},
          ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '203.0.113.0/24' } }] }],
        }),
      ],
    ],
    ['where a peer is no map', [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ from: ['web'] }] })]],
    ['where a rule is no map', [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: ['all'] })]],
    ['where peers are no list', [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ from: {} }] })]],
    ['where ports are no list', [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ ports: 5432 }] })]],
    ['where a port is no map', [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ ports: [5432] }] })]],
    ['where rules are no list', [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: {} })]],
    ['for an unknown policy type', [pod('web'), pod('db'), policy('p', { podSelector: {}, policyTypes: ['ingress'] })]],
    [
      'for a number in quotes, which is no port name',
      [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ ports: [{ port: '5432' }] }] })],
    ],
    [
      'for a placeholder as a port',
      [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ ports: [{ port: '${PORT}' }] }] })],
    ],
    [
      'for a placeholder as a protocol',
      [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ ports: [{ protocol: '${P}' }] }] })],
    ],
    [
      'for an unknown operator',
      [
        pod('web'),
        pod('db'),
        policy('p', { podSelector: { matchExpressions: [{ key: 'app', operator: 'in', values: ['db'] }] } }),
      ],
    ],
    [
      'for labels that an injector adds',
      [
        pod('web'),
        pod('db'),
        denyAll,
        policy('p', {
          podSelector: {},
          policyTypes: ['Egress', 'Ingress'],
          egress: [{ to: [{ podSelector: { matchLabels: { 'linkerd.io/control-plane-ns': 'linkerd' } } }] }],
          ingress: [{ from: [{ podSelector: { matchLabels: { 'security.istio.io/tlsMode': 'istio' } } }] }],
        }),
      ],
    ],
    [
      'where the traffic may go through a mesh’s tunnel',
      [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ ports: [{ port: 15008 }] }] })],
    ],
    [
      'where a policy’s own selector is filled in later',
      [pod('web'), pod('db'), policy('p', { podSelector: { matchLabels: { app: '${APP}' } } })],
    ],
    [
      'where a key of it is',
      [pod('web'), pod('db'), policy('p', { podSelector: { matchLabels: { '${KEY}': 'db' } } })],
    ],
    [
      'where a value of it is no text',
      [pod('web'), pod('db', { app: '1' }), policy('p', { podSelector: { matchLabels: { app: 1 } } })],
    ],
    [
      'where a policy may be in the same namespace',
      [
        pod('web'),
        pod('db'),
        denyAll,
        policy('p', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] }, null),
      ],
    ],
    [
      'where the API server refuses a policy beside one that it takes',
      [
        pod('web'),
        pod('db'),
        denyAll,
        policy('p', { podSelector: {}, policyTypes: ['Ingress', 'egress'], egress: [] }),
      ],
    ],
    [
      'where two targets disagree about the policy',
      [pod('web'), pod('db'), denyAll, policy('deny-all', { podSelector: {}, policyTypes: ['Ingress'] })],
    ],
  ];
  it.each(cases)('%s', (_, manifests, question) => {
    expect(verdictOf(manifests, question).verdict).toBe('unknown');
  });

  it('where the schemas refuse a policy, and so it is not there yet', () => {
    const allow = resourceOf(policy('allow', { podSelector: {}, ingress: [{}], egress: 'all' }));
    const other = resourceOf({ ...allow.object, kind: 'Ingress' } as unknown as Manifest);
    const custom = resourceOf({ ...allow.object, apiVersion: 'example.com/v1' } as unknown as Manifest);
    const denied = resourceOf(denyAll);
    const verdicts = [[allow], [other, custom, denied]].map((refused) => {
      const cluster = clusterOf([pod('web'), pod('db'), denied], refused);
      const [client, server] = [workload(cluster, 'web'), workload(cluster, 'db')];
      return judge(cluster, { client, server, port: 5432, protocol: 'TCP' }).verdict;
    });
    expect(verdicts).toEqual(['unknown', 'denied']);
  });

  it('of unset namespaces of two targets', () => {
    const inNoNamespace = (manifest: Manifest) => ({
      ...manifest,
      metadata: { ...(manifest.metadata as Manifest), namespace: undefined },
    });
    const cluster = clusterOf([
      resourceOf(inNoNamespace(pod('web')), { target: 'one' }),
      resourceOf(inNoNamespace(pod('db')), { target: 'one' }),
      resourceOf(inNoNamespace(denyAll), { target: 'two' }),
    ]);
    const client = workload(cluster, 'web');
    expect(client.resource.scope).toBe(unsetScope('one'));
    const { verdict } = judge(cluster, { client, server: workload(cluster, 'db'), port: 1, protocol: 'TCP' });
    expect(verdict).toBe('unknown');
  });
});

describe('what is known', () => {
  const admits = (ingress: unknown) => [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress })];
  const deployment = (name: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: { template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main' }] } } },
  });
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { template: { spec: { containers: [{ name: 'main' }] } } },
  };
  const sidecar = {
    name: 'proxy',
    restartPolicy: 'Always',
    ports: [{ name: 'pg', containerPort: 5432 }],
  };
  const from = (podSelector: unknown) => [{ from: [{ podSelector }] }];
  const cases: [string, Manifest[], 'allowed' | 'denied'][] = [
    ['an empty policy isolates ingress', admits(undefined), 'denied'],
    ['an empty list of rules admits nothing', admits([]), 'denied'],
    ['an empty rule admits everyone', admits([{}]), 'allowed'],
    ['a block of public addresses holds no pod', admits([{ from: [{ ipBlock: { cidr: '8.8.8.8/32' } }] }]), 'denied'],
    [
      'pods of a Deployment have a template hash',
      [
        deployment('web'),
        pod('db'),
        policy('p', {
          podSelector: {},
          ingress: from({ matchExpressions: [{ key: 'pod-template-hash', operator: 'Exists' }] }),
        }),
      ],
      'allowed',
    ],
    ['pods of a Pod have none', admits(from({ matchLabels: { 'pod-template-hash': 'abc' } })), 'denied'],
    [
      'pods of a Job are called after it',
      [job, pod('db'), policy('p', { podSelector: {}, ingress: from({ matchLabels: { 'job-name': 'web' } }) })],
      'allowed',
    ],
    [
      'and after no other',
      [job, pod('db'), policy('p', { podSelector: {}, ingress: from({ matchLabels: { 'job-name': 'other' } }) })],
      'denied',
    ],
    [
      'a sidecar’s port has a name too',
      [
        pod('web'),
        pod('db', { app: 'db' }, { initContainers: [sidecar] }),
        policy('p', { podSelector: {}, ingress: [{ ports: [{ port: 'pg' }] }] }),
      ],
      'allowed',
    ],
    [
      'an init container’s port is gone',
      [
        pod('web'),
        pod('db', { app: 'db' }, { initContainers: [{ ...sidecar, restartPolicy: undefined }] }),
        policy('p', { podSelector: {}, ingress: [{ ports: [{ port: 'pg' }] }] }),
      ],
      'denied',
    ],
    [
      'a policy may select pods by it, too',
      [job, pod('db'), policy('p', { podSelector: { matchLabels: { 'job-name': 'web' } }, policyTypes: ['Egress'] })],
      'denied',
    ],
    [
      'what doesn’t reach the tunnel isn’t carried by it',
      [
        pod('web'),
        pod('db'),
        policy('p', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{ ports: [{ port: 15008 }] }] }),
      ],
      'denied',
    ],
    [
      'a range that holds a tunnel’s port is no sign of a mesh',
      [pod('web'), pod('db'), policy('p', { podSelector: {}, ingress: [{ ports: [{ port: 6000, endPort: 32000 }] }] })],
      'denied',
    ],
  ];
  it.each(cases)('%s', (_, manifests, expected) => {
    expect(verdictOf(manifests).verdict).toBe(expected);
  });

  it('meshes carry no UDP', () => {
    const cluster = clusterOf(admits([{ ports: [{ port: 15008 }] }]));
    const [client, server] = [workload(cluster, 'web'), workload(cluster, 'db')];
    expect(judge(cluster, { client, server, port: 53, protocol: 'UDP' }).verdict).toBe('denied');
  });
});

describe('labels', () => {
  const template = (apiVersion: string, kind: string, labels: Record<string, unknown>, name?: string): Manifest => ({
    apiVersion,
    kind,
    metadata: name === undefined ? { generateName: 'any-', namespace: 'shop' } : { name, namespace: 'shop' },
    spec: { template: { metadata: { labels }, spec: { containers: [{ name: 'main' }] } } },
  });
  const factsOf = (manifest: Manifest): LabelFacts => {
    const [found] = clusterOf([manifest]).workloads;
    if (!found) throw new Error('no workload');
    return podLabels(found);
  };

  it('of pods are those of their template, and what is added when they are made', () => {
    const plain = factsOf(template('apps/v1', 'Deployment', { app: 'web', stage: '${STAGE}', number: 1 }, 'web'));
    expect(['app', 'stage', 'number', 'other', 'pod-template-hash', 'job-name', '${KEY}'].map(plain)).toEqual([
      'web',
      SOME_VALUE,
      SOME_VALUE,
      undefined,
      SOME_VALUE,
      undefined,
      UNKNOWN,
    ]);
    const injected = ['linkerd.io/workload-ns', 'service.istio.io/x', 'topology.kubernetes.io/zone', 'notistio.io/x'];
    expect(injected.map(plain)).toEqual([UNKNOWN, UNKNOWN, UNKNOWN, undefined]);
    const open = factsOf(template('apps/v1', 'Deployment', { '${KEY}': 'x', app: 'web' }, 'web'));
    expect(['app', 'other'].map(open)).toEqual(['web', UNKNOWN]);
    const knative = factsOf(template('serving.knative.dev/v1', 'Service', { tier: 'web' }, 'web'));
    expect(['tier', 'app', 'serving.knative.dev/service'].map(knative)).toEqual(['web', UNKNOWN, UNKNOWN]);
    const set = factsOf(template('apps/v1', 'StatefulSet', {}, 'db'));
    expect(['statefulset.kubernetes.io/pod-name', 'pod-template-hash'].map(set)).toEqual([SOME_VALUE, undefined]);
  });

  it('of Jobs hold their name', () => {
    const keys = [
      'job-name',
      'batch.kubernetes.io/job-name',
      'controller-uid',
      'batch.kubernetes.io/job-completion-index',
    ];
    expect(keys.map(factsOf(template('batch/v1', 'Job', {}, 'migrate')))).toEqual([
      'migrate',
      'migrate',
      SOME_VALUE,
      UNKNOWN,
    ]);
    expect(keys.map(factsOf(template('batch/v1', 'Job', {})))).toEqual([SOME_VALUE, SOME_VALUE, SOME_VALUE, UNKNOWN]);
    expect(factsOf(template('batch/v1', 'Job', { 'job-name': 'own' }, 'migrate'))('job-name')).toBe('own');
    const cron = {
      ...template('batch/v1', 'CronJob', {}, 'nightly'),
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'main' }] } } } } },
    };
    expect(factsOf(cron)('job-name')).toBe(SOME_VALUE);
  });

  it('of namespaces are known where they are rendered, or all are', () => {
    const shop = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a', x: '${X}' } } };
    const open = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'open', labels: { '${KEY}': 'a', b: 'c' } } };
    const keys = ['kubernetes.io/metadata.name', 'team', 'x', 'other', 'field.cattle.io/projectId', '${KEY}'];
    const rendered = clusterOf([shop, open]);
    expect(keys.map(namespaceLabels(rendered, 'shop'))).toEqual(['shop', 'a', SOME_VALUE, undefined, UNKNOWN, UNKNOWN]);
    expect(keys.map(namespaceLabels(rendered, 'else'))).toEqual(['else', UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]);
    expect(['b', 'team'].map(namespaceLabels(rendered, 'open'))).toEqual(['c', UNKNOWN]);
    expect(keys.map(namespaceLabels(rendered, unsetScope('target')))).toEqual([
      SOME_VALUE,
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
    ]);
    const existing = clusterOf([resourceOf(shop, { existing: true })]);
    expect(['kubernetes.io/metadata.name', 'team'].map(namespaceLabels(existing, 'else'))).toEqual(['else', undefined]);
  });

  const facts = new Map<string, ReturnType<LabelFacts>>([
    ['app', 'web'],
    ['some', SOME_VALUE],
    ['unknown', UNKNOWN],
  ]);
  const expression = (key: unknown, operator: string, values?: unknown) => ({
    matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
  });
  const cases: [unknown, boolean | undefined][] = [
    [{}, true],
    [undefined, undefined],
    ['app', undefined],
    [{ matchLabels: 'app' }, undefined],
    [{ matchExpressions: 'app' }, undefined],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'api' } }, false],
    [{ matchLabels: { app: '${APP}' } }, undefined],
    [{ matchLabels: { none: '${APP}' } }, false],
    [{ matchLabels: { app: 1 } }, undefined],
    [{ matchLabels: { some: 'x' } }, undefined],
    [{ matchLabels: { unknown: 'x', app: 'api' } }, false],
    [{ matchLabels: { unknown: 'x', app: 'web' } }, undefined],
    [expression('app', 'In', ['api', 'web']), true],
    [expression('app', 'In', ['web', '${APP}']), true],
    [expression('app', 'In', ['api', '${APP}']), undefined],
    [expression('app', 'In', []), undefined],
    [expression('app', 'In'), undefined],
    [expression('none', 'In', 'web'), undefined],
    [expression('none', 'In', ['web']), false],
    [expression('app', 'NotIn', ['web']), false],
    [expression('app', 'NotIn', ['api']), true],
    [expression('app', 'NotIn', ['api', '${APP}']), undefined],
    [expression('none', 'NotIn', ['web']), true],
    [expression('some', 'NotIn', ['web']), undefined],
    [expression('none', 'NotIn'), undefined],
    [expression('app', 'Exists'), true],
    [expression('none', 'Exists'), false],
    [expression('some', 'Exists'), true],
    [expression('unknown', 'Exists'), undefined],
    [expression('app', 'DoesNotExist'), false],
    [expression('none', 'DoesNotExist'), true],
    [expression('some', 'DoesNotExist'), false],
    [expression('unknown', 'DoesNotExist'), undefined],
    [expression('app', 'Is', ['web']), undefined],
    [expression(1, 'Exists'), undefined],
    [{ matchExpressions: [null] }, undefined],
  ];
  it.each(cases)('match %j: %s', (selector, expected) => {
    expect(matches(selector, (key) => facts.get(key))).toBe(expected);
  });
});

describe('mayHoldPods', () => {
  const cases: [string, string[], boolean][] = [
    ['10.0.0.0/8', [], true],
    ['10.4.0.0/16', ['10.4.1.0/24'], true],
    ['10.4.0.0/24', ['10.4.0.0/25', '10.4.0.128/25'], false],
    ['10.4.0.0/24', ['10.4.0.0/25', '10.4.0.64/26', '10.4.0.128/26'], true],
    ['0.0.0.0/0', [], true],
    ['0.0.0.0/0', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], true],
    [
      '0.0.0.0/0',
      ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15', '240.0.0.0/4'],
      false,
    ],
    ['203.0.113.0/24', [], false],
    ['169.254.169.254/32', [], false],
    ['::/0', [], true],
    ['::/0', ['2000::/3', 'fc00::/7'], false],
    ['fd00:10:244::/56', [], true],
    ['fe80::/10', [], false],
    ['10.0.0.0', [], true],
    ['10.0.0.0/33', [], true],
    ['203.0.113.300/24', [], true],
    ['2001:db8::g/64', [], true],
    ['203.0.113.0/24', ['nonsense'], true],
  ];
  it.each(cases)('%s except %j: %s', (cidr, except, expected) => {
    expect(mayHoldPods(cidr, except)).toBe(expected);
  });

  it('reads only text', () => {
    expect([mayHoldPods(8, []), mayHoldPods('8.8.8.8/32', 'none')]).toEqual([true, false]);
  });
});

describe('network-policy-blocks-connection', () => {
  const web = (fields: Manifest) => ({
    ...pod('web'),
    spec: { containers: [{ name: 'main', image: 'app', ...fields }] },
  });
  const db = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', namespace: 'shop' },
    spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
  };
  const dials = { env: [{ name: 'DB_HOST', value: 'db' }] };

  function found(manifests: (Manifest | ReturnType<typeof resourceOf>)[]): (Finding | Unchecked)[] {
    return [...rule.check(clusterOf(manifests))];
  }

  it('relates every policy that refuses, with what it lacks, and where the value is taken', () => {
    const [finding, ...others] = found([
      web({ envFrom: [{ secretRef: { name: 'web' } }] }),
      pod('db'),
      db,
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web', namespace: 'shop' }, stringData: { DB_HOST: 'db' } },
      denyAll,
      policy('port', {
        podSelector: { matchLabels: { app: 'web' } },
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'db' } } }], ports: [{ port: 1 }] }],
      }),
      policy('peer', {
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'x' } } }], ports: [{ port: 5432 }] }],
      }),
      policy('both', {
        podSelector: { matchLabels: { app: 'web' } },
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'x' } } }], ports: [{ port: 1 }] }],
      }),
    ]);
    expect(others).toEqual([]);
    const { message, resource, path, severity, related = [] } = finding as Finding;
    expect({ message, resource: String(resource), path, severity }).toEqual({
      message:
        'Pod/web dials db:5432 (DB_HOST in Secret/web), but egress policy NetworkPolicy/port and ingress policy ' +
        'NetworkPolicy/peer refuse it: connections time out or are refused',
      resource: 'Secret/web',
      path: ['stringData', 'DB_HOST'],
      severity: undefined,
    });
    expect(related.map((item) => [item.message, String(item.resource), item.path])).toEqual([
      ['NetworkPolicy/port admits Pod/db, but not on TCP 5432', 'NetworkPolicy/port', ['spec', 'egress', 0]],
      ['NetworkPolicy/both admits neither Pod/db nor TCP 5432', 'NetworkPolicy/both', ['spec', 'egress', 0]],
      ['NetworkPolicy/deny-all isolates Pod/web for egress and admits nothing', 'NetworkPolicy/deny-all', ['spec']],
      ['NetworkPolicy/peer admits TCP 5432, but not from Pod/web', 'NetworkPolicy/peer', ['spec', 'ingress', 0]],
      ['NetworkPolicy/deny-all isolates Pod/db for ingress and admits nothing', 'NetworkPolicy/deny-all', ['spec']],
      ['Pod/web takes it as DB_HOST', 'Pod/web', ['spec', 'containers', 0, 'envFrom', 0]],
    ]);
  });

  it('warns of what starts later', () => {
    const deployment = (replicas: number) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { replicas, template: { spec: { containers: [{ name: 'main', ...dials }] } } },
    });
    const severities = [0, 1].map((replicas) => {
      const [finding] = found([deployment(replicas), pod('db'), db, denyAll]);
      return (finding as Finding).severity;
    });
    expect(severities).toEqual(['warning', undefined]);
  });

  it('says what it could not check, and what would let it', () => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', namespace: 'shop' } };
    const envFrom = [{ configMapRef: { name: 'web' } }, { secretRef: { name: 'web-by-hand' } }];
    const overridable = [web({ envFrom }), { ...configMap, data: { DB_HOST: 'db' } }, pod('db'), db, denyAll];
    expect(found(overridable)).toEqual([
      {
        unchecked: 'Pod/web to db:5432 (DB_HOST in ConfigMap/web), which policies refuse',
        reason: 'Secret/web-by-hand may set another address: render it, or list it with its keys under existing',
        resource: expect.objectContaining({ name: 'web' }),
      },
    ]);
    const existing = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web-by-hand', namespace: 'shop' } };
    const known = resourceOf({ ...existing, data: { PASSWORD: '' } }, { existing: true });
    expect(found([...overridable, known])).toEqual([expect.objectContaining({ path: ['data', 'DB_HOST'] })]);
  });

  const others: [string, Manifest][] = [
    ['CiliumClusterwideNetworkPolicy', { apiVersion: 'cilium.io/v2' }],
    ['GlobalNetworkPolicy', { apiVersion: 'crd.projectcalico.org/v1' }],
    ['NetworkPolicy', { apiVersion: 'projectcalico.org/v3' }],
    ['AdminNetworkPolicy', { apiVersion: 'policy.networking.k8s.io/v1alpha1' }],
    ['ClusterNetworkPolicy', { apiVersion: 'crd.antrea.io/v1beta1' }],
    ['ClusterPolicy', { apiVersion: 'kyverno.io/v1', spec: { rules: [{ generate: { kind: 'NetworkPolicy' } }] } }],
    [
      'Policy',
      {
        apiVersion: 'kyverno.io/v1',
        spec: { rules: [{}, { generate: { cloneList: { kinds: ['networking.k8s.io/v1/NetworkPolicy'] } } }] },
      },
    ],
  ];
  it.each(others)('leaves it to %s: %j', (kind, fields) => {
    const refused = [web(dials), pod('db'), db, denyAll];
    expect(found([...refused, { kind, metadata: { name: 'other' }, ...fields }])).toEqual([
      {
        unchecked: 'connections against NetworkPolicies',
        reason: `${kind}/other decides on connections, too, and is not evaluated`,
      },
    ]);
    const [finding, ...more] = found([
      ...refused,
      {
        apiVersion: 'kyverno.io/v1',
        kind: 'ClusterPolicy',
        metadata: { name: 'labels' },
        spec: { rules: [{ validate: {} }] },
      },
      {
        apiVersion: 'example.com/v1',
        kind: 'Policy',
        metadata: { name: 'other' },
        spec: { rules: [{ generate: { kind: 'NetworkPolicy' } }] },
      },
    ]);
    expect([(finding as Finding).path, more]).toEqual([['spec', 'containers', 0, 'env', 0, 'value'], []]);
  });

  it('has nothing to check without NetworkPolicies', () => {
    const cilium = { apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { name: 'other' } };
    expect(found([web(dials), pod('db'), db, cilium])).toEqual([]);
  });

  it('judges thousands of connections and policies of one namespace in seconds', { timeout: 60_000 }, () => {
    const count = 2500;
    const manifests = Array.from({ length: count }, (_, i) => [
      {
        ...web({ env: [{ name: 'DB_URL', value: `postgres://db-${(i * 7) % count}/x` }] }),
        metadata: { name: `web-${i}`, namespace: 'shop', labels: { app: `web-${i}`, part: 'web' } },
      },
      { ...pod(`db-${i}`), metadata: { name: `db-${i}`, namespace: 'shop', labels: { app: `db-${i}`, part: 'db' } } },
      {
        ...db,
        metadata: { name: `db-${i}`, namespace: 'shop' },
        spec: { selector: { app: `db-${i}`, part: 'db' }, ports: [{ port: 5432 }] },
      },
      policy(`web-${i}`, {
        podSelector: { matchLabels: { app: `web-${i}` } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: { matchLabels: { app: `db-${i}` } } }] }],
      }),
      policy(`db-${i}`, { podSelector: { matchLabels: { app: `db-${i}` } }, ingress: [{ ports: [{ port: 5432 }] }] }),
    ]).flat();
    const started = performance.now();
    const findings = found(manifests);
    // Only these two name their own database.
    expect(findings.length).toBe(count - 2);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
