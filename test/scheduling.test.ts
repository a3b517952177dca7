import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countable, parseQuantity, showQuantity } from '../src/cluster/quota/quantity.ts';
import { matchesAffinity, nodeAffinityOf, requiredNames } from '../src/cluster/scheduling/node-affinity.ts';
import { podRequests } from '../src/cluster/scheduling/pod-requests.ts';
import { judgeNode, nodesOf, podNeeds, schedulerMessage } from '../src/cluster/scheduling/scheduling.ts';
import { whyTheyMeet } from '../src/cluster/scheduling/shared-nodes.ts';
import podUnschedulable from '../src/rules/scheduling/pod-unschedulable.ts';
import { clusterOf, type Manifest, resourceOf, workload } from './in-memory.ts';

describe('quantities', () => {
  it.each([
    ['0', 0n],
    ['1', 10n ** 9n],
    ['+1', 10n ** 9n],
    ['-1.5', -15n * 10n ** 8n],
    ['100m', 10n ** 8n],
    ['0.5Gi', 2n ** 29n * 10n ** 9n],
    ['1Ki', 1024n * 10n ** 9n],
    ['1k', 10n ** 12n],
    ['1E', 10n ** 27n],
    ['1E3', 10n ** 12n],
    ['1e3', 10n ** 12n],
    ['1e-3', 10n ** 6n],
    ['2.', 2n * 10n ** 9n],
    ['.5', 5n * 10n ** 8n],
    ['0.1n', 1n],
    ['-0.1n', -1n],
    ['1e-40', 1n],
    [' 1 ', 10n ** 9n],
    [`1.${'0'.repeat(58)}`, 10n ** 9n],
    [2, 2n * 10n ** 9n],
    [0.1, 10n ** 8n],
    [1e21, 10n ** 30n],
  ])('reads %j as %i nano', (text, nano) => {
    expect(parseQuantity(text)).toBe(nano);
  });

  it.each([
    '',
    ' ',
    '.',
    '-',
    'm',
    'Ki',
    '1K',
    '1ki',
    '1Mib',
    '1 Gi',
    '1e',
    '1e1.5',
    '0x10',
    '1,5',
    '1_000',
    '${CPU}',
    'NaN',
    '∞',
    `1${'0'.repeat(60)}`,
    '1e41',
    true,
    null,
    undefined,
    {},
    ['1'],
  ])('does not read %j', (value) => {
    expect(parseQuantity(value)).toBeUndefined();
  });

  it('agrees with long multiplication', () => {
    const powers: Record<string, [bigint, bigint]> = {
      n: [1n, 10n ** 9n],
      u: [1n, 10n ** 6n],
      m: [1n, 1000n],
      '': [1n, 1n],
      k: [1000n, 1n],
      M: [10n ** 6n, 1n],
      G: [10n ** 9n, 1n],
      T: [10n ** 12n, 1n],
      P: [10n ** 15n, 1n],
      E: [10n ** 18n, 1n],
      Ki: [2n ** 10n, 1n],
      Mi: [2n ** 20n, 1n],
      Gi: [2n ** 30n, 1n],
      Ti: [2n ** 40n, 1n],
      Pi: [2n ** 50n, 1n],
      Ei: [2n ** 60n, 1n],
      e5: [10n ** 5n, 1n],
      'E-4': [1n, 10n ** 4n],
      'e+2': [100n, 1n],
    };
    const arbitrary = fc.record({
      whole: fc.stringMatching(/^[0-9]{1,8}$/),
      fraction: fc.stringMatching(/^[0-9]{0,6}$/),
      negative: fc.boolean(),
      suffix: fc.constantFrom(...Object.keys(powers)),
    });
    fc.assert(
      fc.property(arbitrary, ({ whole, fraction, negative, suffix }) => {
        const [times, over] = powers[suffix] ?? [1n, 1n];
        // numerator / denominator in nano
        const numerator = BigInt(whole + fraction) * times * 10n ** 9n;
        const denominator = 10n ** BigInt(fraction.length) * over;
        const up = (numerator + denominator - 1n) / denominator;
        const text = `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}${suffix}`;
        expect(parseQuantity(text)).toBe(negative ? -up : up);
      }),
    );
  });

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), (nano) => {
        expect(parseQuantity(showQuantity(nano))).toBe(nano);
      }),
    );
    expect(
      ['2500m', '8Gi', '512M', '1', '0', '100n', '3920m', '1536Mi'].map((text) =>
        showQuantity(parseQuantity(text) ?? -1n),
      ),
    ).toEqual(['2500m', '8Gi', '512M', '1', '0', '100n', '3920m', '1536Mi']);
  });

  it('counts cpu in millis and the rest in units, rounded up', () => {
    const nano = (text: string) => parseQuantity(text) ?? 0n;
    expect([countable(nano('1500m'), 'cpu'), countable(nano('1n'), 'cpu'), countable(nano('1.1'), 'memory')]).toEqual([
      1500n,
      1n,
      2n,
    ]);
  });
});

interface TestContainer {
  cpu: number;
  sidecar: boolean;
}

const container = ({ cpu, sidecar }: TestContainer): Manifest => ({
  resources: { requests: { cpu: `${cpu}m` } },
  ...(sidecar ? { restartPolicy: 'Always' } : {}),
});

function cpuOf(pod: Manifest, podLevel = false): string | undefined {
  const request = podRequests(pod, ['spec'], podLevel).get('cpu');
  return request && showQuantity(request.amount);
}

describe('what a pod asks for', () => {
  it('is the most that runs at once, from the first init container to the last container', () => {
    const cpu = fc.integer({ min: 0, max: 1000 });
    const init = fc.array(fc.record({ cpu, sidecar: fc.boolean() }), { maxLength: 5 });
    const main = fc.array(fc.record({ cpu, sidecar: fc.constant(false) }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(init, main, (initContainers, containers) => {
        let sidecars = 0;
        let most = 0;
        for (const step of initContainers) {
          most = Math.max(most, sidecars + step.cpu);
          if (step.sidecar) sidecars += step.cpu;
        }
        most = Math.max(
          most,
          containers.reduce((sum, item) => sum + item.cpu, sidecars),
        );
        const pod = { initContainers: initContainers.map(container), containers: containers.map(container) };
        expect(podRequests(pod, [], false).get('cpu')?.amount).toBe(BigInt(most) * 10n ** 6n);
      }),
    );
  });

  it('takes a limit where no request is written, and counts what it cannot read as nothing', () => {
    const limited = { resources: { limits: { cpu: 2, memory: '1Gi' }, requests: { memory: '512Mi' } } };
    const unknown = { resources: { limits: { cpu: 4 }, requests: { cpu: '${CPU}' } } };
    const requests = podRequests({ containers: [limited, unknown] }, ['spec'], false);
    expect([...requests].map(([name, { amount, path }]) => [name, showQuantity(amount), path])).toEqual([
      ['memory', '512Mi', ['spec', 'containers', 0, 'resources', 'requests', 'memory']],
      ['cpu', '2', ['spec', 'containers', 0, 'resources', 'limits', 'cpu']],
    ]);
  });

  it('points at the container that asks for most', () => {
    const containers = [100, 700, 300].map((cpu) => container({ cpu, sidecar: false }));
    const request = podRequests(
      { containers, initContainers: [container({ cpu: 900, sidecar: false })] },
      ['spec'],
      false,
    ).get('cpu');
    expect([request?.path, showQuantity(request?.amount ?? 0n), showQuantity(request?.largest ?? 0n)]).toEqual([
      ['spec', 'containers', 1, 'resources', 'requests', 'cpu'],
      '1100m',
      '700m',
    ]);
  });

  it('is what the pod says as a whole, from the version on that reads it', () => {
    const containers = [container({ cpu: 500, sidecar: false })];
    const whole = (resources: Manifest, of = containers) =>
      [false, true].map((podLevel) => cpuOf({ containers: of, resources }, podLevel));
    expect(whole({ requests: { cpu: 2 } })).toEqual(['500m', '2']);
    expect(whole({ limits: { cpu: 2 } })).toEqual(['500m', '500m']);
    expect(whole({ limits: { cpu: 2 } }, [{}])).toEqual([undefined, '2']);
    expect(whole({ requests: { cpu: '${CPU}' } })).toEqual(['500m', '500m']);
  });
});

const KEYS = ['pool', 'zone', 'generation'];
const VALUES = ['a', 'b', '4', '5', '-1', 'x5'];
const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

interface Requirement {
  key: string;
  operator: string;
  values: string[];
}

/** The scheduler's rules once more, written from the documentation. */
function naive({ key, operator, values }: Requirement, labels: Record<string, string>): boolean {
  const value = labels[key];
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (value === undefined) return false;
  if (operator === 'In') return values.includes(value);
  const bound = values[0] ?? '';
  if (!/^-?\d+$/.test(value) || !/^-?\d+$/.test(bound)) return false;
  return operator === 'Gt' ? Number(value) > Number(bound) : Number(value) < Number(bound);
}

const labelsArbitrary = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES));
const requirementArbitrary: fc.Arbitrary<Requirement> = fc
  .record({
    key: fc.constantFrom(...KEYS),
    operator: fc.constantFrom(...OPERATORS),
    values: fc.array(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 2 }),
  })
  .map(({ key, operator, values }) => {
    if (/Exist/.test(operator)) return { key, operator, values: [] };
    return { key, operator, values: /[GL]t/.test(operator) ? values.slice(0, 1) : values };
  });

const affinity = (nodeSelectorTerms: unknown) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
});

function matched(
  pod: Manifest,
  node: { name?: string; labels?: Record<string, unknown>; complete?: boolean },
): boolean | undefined {
  const read = nodeAffinityOf(pod, ['spec']);
  if (read === undefined) throw new Error('the affinity was not read');
  return matchesAffinity(read, { name: 'worker-1', labels: {}, complete: true, ...node });
}

describe('nodeSelector and node affinity', () => {
  it('agree with the rules written down twice', () => {
    const terms = fc.array(fc.array(requirementArbitrary, { maxLength: 3 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(labelsArbitrary, labelsArbitrary, fc.option(terms), (labels, nodeSelector, list) => {
        const selected = Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
        const any = list === null || list.some((term) => term.length > 0 && term.every((item) => naive(item, labels)));
        const pod = {
          nodeSelector,
          ...(list ? { affinity: affinity(list.map((matchExpressions) => ({ matchExpressions }))) } : {}),
        };
        expect(matched(pod, { labels })).toBe(selected && any);
      }),
      { numRuns: 500 },
    );
  });

  it('compare whole 64-bit integers', () => {
    const gt = (bound: string) => ({
      affinity: affinity([{ matchExpressions: [{ key: 'n', operator: 'Gt', values: [bound] }] }]),
    });
    expect([
      matched(gt('9007199254740992'), { labels: { n: '9007199254740993' } }),
      matched(gt('0'), { labels: { n: '9223372036854775808' } }),
      matched(gt('0'), { labels: { n: '1e3' } }),
      matched(gt('0'), { labels: { n: '+7' } }),
      matched(gt('x'), { labels: { n: '7' } }),
    ]).toEqual([true, false, false, true, false]);
  });

  it('compare names of Nodes, and only by their one field', () => {
    const field = (key: string, operator: string, ...values: string[]) => ({
      affinity: affinity([{ matchFields: [{ key, operator, values }] }]),
    });
    expect([
      matched(field('metadata.name', 'In', 'worker-1'), {}),
      matched(field('metadata.name', 'In', 'worker-2'), {}),
      matched(field('metadata.name', 'NotIn', 'worker-2'), {}),
      matched(field('metadata.name', 'In', 'worker-1', 'worker-2'), {}),
      matched(field('metadata.uid', 'In', 'worker-1'), {}),
    ]).toEqual([true, false, true, undefined, undefined]);
  });

  it('are unknown where a placeholder, a hand-written Node or a refused selector leaves them open', () => {
    const selects = (key: string, value: string) => ({ nodeSelector: { [key]: value } });
    const expression = (item: Manifest) => ({ affinity: affinity([{ matchExpressions: [item] }]) });
    expect([
      matched(selects('pool', '${POOL}'), { labels: { pool: 'a' } }),
      matched(selects('${KEY}', 'a'), {}),
      matched(selects('pool', 'a'), { labels: { pool: '${POOL}' } }),
      matched(expression({ key: 'pool', operator: 'Exists' }), { labels: { pool: '${POOL}' } }),
      matched(expression({ key: 'pool', operator: 'DoesNotExist' }), { labels: { pool: '${POOL}' } }),
      matched(selects('kubernetes.io/arch', 'arm64'), { complete: false }),
      matched(selects('topology.kubernetes.io/zone', 'a'), { complete: false }),
      matched(selects('k8s.scaleway.com/pool-name', 'a'), { complete: false }),
      matched(selects('mykubernetes.io/pool', 'a'), { complete: false }),
      matched(selects('kubernetes.io/arch', 'arm64'), { complete: true }),
      matched(selects('pool', 'a'), { complete: false }),
      matched(selects('toString', 'a'), {}),
      matched(expression({ key: 'pool', operator: 'Matches', values: ['a'] }), { labels: { pool: 'a' } }),
      matched(expression({ key: 'pool', operator: 'In', values: [] }), { labels: { pool: 'a' } }),
      matched(expression({ key: 'pool', operator: 'Gt', values: ['1', '2'] }), { labels: { pool: '3' } }),
    ]).toEqual([
      undefined,
      undefined,
      undefined,
      true,
      false,
      undefined,
      undefined,
      undefined,
      false,
      false,
      false,
      false,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('restrict the names of Nodes before anything else where every term does', () => {
    const names = (...lists: string[][][]) => {
      const terms = lists.map((term) => ({
        matchFields: term.map((values) => ({ key: 'metadata.name', operator: 'In', values })),
      }));
      const read = nodeAffinityOf({ affinity: affinity(terms) }, []);
      const set = read && requiredNames(read);
      return set && [...set];
    };
    expect([names([['a']], [['b']]), names([['a']], []), names([['a'], ['b']]), names([['${NODE}']]), names()]).toEqual(
      [['a', 'b'], undefined, [], undefined, undefined],
    );
  });
});

const EFFECTS = ['NoSchedule', 'NoExecute', 'PreferNoSchedule'];
const TAINT_KEYS = ['dedicated', 'spot'];

/** The messages, paths and severities of what the rule finds. */
function found(objects: readonly Manifest[], nodes: readonly Manifest[], others: readonly Manifest[] = []) {
  const facts = [...nodes, ...others].map((node) => resourceOf(node, { existing: true }));
  return [...podUnschedulable.check(clusterOf([...objects, ...facts]))];
}

const node = (
  name: string,
  spec: Manifest = {},
  status: Manifest = {},
  labels: Manifest = { 'kubernetes.io/os': 'linux' },
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  spec,
  status,
});
const pod = (spec: Manifest): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [{}], ...spec },
});

describe('taints and tolerations', () => {
  it('agree with the rules written down twice', () => {
    const taint = fc.record({
      key: fc.constantFrom(...TAINT_KEYS),
      value: fc.constantFrom('', 'a', 'b'),
      effect: fc.constantFrom(...EFFECTS),
    });
    const toleration = fc.record(
      {
        key: fc.constantFrom(...TAINT_KEYS),
        operator: fc.constantFrom('Exists', 'Equal', ''),
        value: fc.constantFrom('', 'a', 'b'),
        effect: fc.constantFrom('', ...EFFECTS),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(taint, { maxLength: 3 }), fc.array(toleration, { maxLength: 3 }), (taints, tolerations) => {
        const tolerated = taints.every(
          ({ key, value, effect }) =>
            effect === 'PreferNoSchedule' ||
            tolerations.some((item) => {
              const sameKey = !item.key || item.key === key;
              const sameEffect = !item.effect || item.effect === effect;
              return sameKey && sameEffect && (item.operator === 'Exists' || (item.value ?? '') === value);
            }),
        );
        expect(found([pod({ tolerations })], [node('a', { taints })]).length).toBe(tolerated ? 0 : 1);
      }),
      { numRuns: 500 },
    );
  });

  it('take Gt and Lt, what admission may add, and taints that pass for no reason to claim anything', () => {
    const tainted = (key: string, extra: Manifest = {}) =>
      node('a', { taints: [{ key, value: '5', effect: 'NoSchedule' }], ...extra });
    const gpu = { containers: [{ resources: { limits: { 'nvidia.com/gpu': 1 } } }] };
    expect([
      found([pod({ tolerations: [{ key: 'sla', operator: 'Gt', value: '3' }] })], [tainted('sla')]),
      found([pod(gpu)], [tainted('nvidia.com/gpu')]),
      found([pod({ runtimeClassName: 'kata' })], [tainted('kata')]),
      found([pod({ tolerations: [{ key: '${KEY}', operator: 'Exists' }] })], [tainted('dedicated')]),
      found([pod({})], [tainted('node.kubernetes.io/disk-pressure')]),
      found([pod({})], [tainted('node.cloudprovider.kubernetes.io/uninitialized')]),
      found([pod({})], [tainted('node.cilium.io/agent-not-ready')]),
    ]).toEqual([[], [], [], [], [], [], []]);
    expect(found([pod({})], [tainted('node.kubernetes.io/unschedulable')]).length).toBe(1);
  });
});

describe('the scheduler’s message', () => {
  function message(spec: Manifest, nodes: readonly Manifest[], version?: string): string {
    const cluster = clusterOf([pod(spec), ...nodes.map((item) => resourceOf(item, { existing: true }))]);
    const facts = nodesOf(cluster) ?? [];
    const needs = podNeeds(workload(cluster, 'web'), cluster);
    if (!needs) throw new Error('the pod was not read');
    return schedulerMessage(
      facts.map((item) => judgeNode(item, needs, facts, version)),
      needs.affinity,
    );
  }

  it('sorts reasons as text and counts one filter for each Node, all resources of it', () => {
    const small = { allocatable: { cpu: '1', memory: '1Gi', pods: '110' } };
    const nodes = [
      ...Array.from({ length: 11 }, (_, i) =>
        node(`tainted-${i}`, { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] }),
      ),
      node('cordoned-and-tainted', { unschedulable: true, taints: [{ key: 'dedicated', effect: 'NoSchedule' }] }),
      node('small-1', {}, small, { pool: 'a' }),
      node('small-2', {}, small, { pool: 'a' }),
      node('full', {}, { allocatable: { pods: '0' } }, { pool: 'a' }),
      node('other', {}, small),
    ];
    const spec = { nodeSelector: { pool: 'a' }, containers: [{ resources: { requests: { cpu: 2, memory: '2Gi' } } }] };
    expect(message(spec, nodes)).toBe(
      "0/16 nodes are available: 1 Too many pods, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable, " +
        '11 node(s) had untolerated taint {dedicated: gpu}, 2 Insufficient cpu, 2 Insufficient memory',
    );
  });

  it.each([
    [undefined, 'taint {dedicated: gpu}'],
    ['1.29', 'taint {dedicated: gpu}'],
    ['1.33', 'taint {dedicated: gpu}'],
    ['1.34', 'taint(s)'],
    ['1.36', 'taint(s)'],
  ])('of %s says %s', (version, taint) => {
    const tainted = node('a', { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoExecute' }] });
    expect(message({}, [tainted], version)).toBe(`0/1 nodes are available: 1 node(s) had untolerated ${taint}`);
  });

  it.each([
    [undefined, ": 1 node(s) didn't satisfy plugin(s) [NodeAffinity]"],
    ['1.31', ''],
    ['1.32', ": 1 node(s) didn't satisfy plugin(s) [NodeAffinity]"],
  ])('of %s on Nodes that are named says %s', (version, text) => {
    const fields = (...values: string[]) =>
      values.map((value) => ({ key: 'metadata.name', operator: 'In', values: [value] }));
    const named = { affinity: affinity([{ matchFields: fields('b') }]) };
    const conflict = { affinity: affinity([{ matchFields: fields('a', 'b') }]) };
    expect(message(named, [node('a')], version)).toBe(`0/1 nodes are available${text}`);
    expect(message(conflict, [node('a')], version)).toBe('0/1 nodes are available: pod affinity terms conflict');
  });
});

describe('pod-unschedulable', () => {
  it('compares what is asked for with what a Node offers, at the last milli', () => {
    const asking = (cpu: string) => pod({ containers: [{ resources: { requests: { cpu } } }] });
    const offering = node('a', {}, { allocatable: { cpu: '1500m' } });
    expect([found([asking('1500m')], [offering]).length, found([asking('1501m')], [offering]).length]).toEqual([0, 1]);
    expect(found([asking('1501m')], [node('a', {}, { capacity: { cpu: '1500m' } })]).length).toBe(1);
    expect(found([asking('1501m')], [node('a', {}, { allocatable: {}, capacity: { cpu: '1500m' } })])).toEqual([]);
    expect(found([asking('0')], [node('a', {}, { allocatable: { cpu: '0' } })])).toEqual([]);
  });

  it('adds what the RuntimeClass costs and asks for', () => {
    const kata = {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'kata' },
      handler: 'kata',
      overhead: { podFixed: { cpu: '500m' } },
      scheduling: { nodeSelector: { virtualized: 'true' } },
    };
    const spec = { runtimeClassName: 'kata', containers: [{ resources: { requests: { cpu: 1 } } }] };
    const roomy = { allocatable: { cpu: '1500m' } };
    const facts = [resourceOf(kata, { existing: true })];
    const messages = (nodes: Manifest[]) => {
      const cluster = clusterOf([pod(spec), ...facts, ...nodes.map((item) => resourceOf(item, { existing: true }))]);
      return [...podUnschedulable.check(cluster)].map((item) =>
        'unchecked' in item ? item.unchecked : [item.path, item.message],
      );
    };
    expect(messages([node('a', {}, roomy, { virtualized: 'true' })])).toEqual([]);
    expect(messages([node('a', {}, { allocatable: { cpu: '1499m' } }, { virtualized: 'true' })])).toEqual([
      [
        ['spec', 'containers', 0, 'resources', 'requests', 'cpu'],
        '0/1 nodes are available: 1 Insufficient cpu; it asks for cpu 1500m in all, Node/a offers 1499m',
      ],
    ]);
    expect(messages([node('a', {}, roomy, { virtualised: 'true' })])).toEqual([
      [
        ['spec', 'runtimeClassName'],
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector; label virtualised=true exists, virtualized=true doesn't",
      ],
    ]);
  });

  it('calls a pod of a cordoned cluster what it is', () => {
    expect(found([pod({})], [node('a', { unschedulable: true })])).toMatchObject([
      { path: ['spec'], message: '0/1 nodes are available: 1 node(s) were unschedulable; cordoned: a' },
    ]);
    const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }];
    expect(found([pod({ tolerations })], [node('a', { unschedulable: true })])).toEqual([]);
  });

  it('warns of what is not asked for yet, and calls the rest an error', () => {
    const template = { spec: { containers: [{}], nodeSelector: { pool: 'burst' } } };
    const of = (kind: string, spec: Manifest, group = 'apps/v1') =>
      found([{ apiVersion: group, kind, metadata: { name: 'web' }, spec: { template, ...spec } }], [node('a')]).map(
        (item) => ('unchecked' in item ? item.unchecked : item.severity),
      );
    expect([
      of('Deployment', {}),
      of('Deployment', { replicas: 1 }),
      of('Deployment', { replicas: 0 }),
      of('Job', {}, 'batch/v1'),
      of('Job', { suspend: true }, 'batch/v1'),
      of('Job', { suspend: false }, 'batch/v1'),
      of('Job', { parallelism: 0 }, 'batch/v1'),
      of('Job', { parallelism: 1 }, 'batch/v1'),
      of('Deployment', { parallelism: 0 }),
      of('DaemonSet', {}),
    ]).toEqual([
      [undefined],
      [undefined],
      ['warning'],
      [undefined],
      ['warning'],
      [undefined],
      ['warning'],
      [undefined],
      [undefined],
      [],
    ]);
  });

  it('says what would let it judge, and whom it can’t speak for', () => {
    const burst = pod({ nodeSelector: { pool: 'burst' } });
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'cluster-autoscaler' },
      spec: {},
    };
    expect(found([burst, pod({})], [])).toEqual([
      {
        unchecked: 'whether any Node takes the pods of 1 workload that chooses its Nodes',
        reason: 'no Node is known: list the Nodes under existing',
      },
    ]);
    expect(found([pod({})], [])).toEqual([]);
    for (const [other, who] of [
      [deployment, 'Deployment/cluster-autoscaler'],
      [{ ...deployment, metadata: { name: 'x' }, apiVersion: 'karpenter.sh/v1', kind: 'NodePool' }, 'NodePool/x'],
      [
        node('fargate', { unschedulable: true }, {}, { 'eks.amazonaws.com/compute-type': 'fargate' }),
        'what made Node/fargate',
      ],
      [node('kubelet', { unschedulable: true }, {}, { type: 'virtual-kubelet' }), 'what made Node/kubelet'],
    ] as const) {
      expect(found([burst], [node('a')], [other])).toMatchObject([
        {
          unchecked: 'whether a Node takes the pods of Pod/web',
          reason: `no Node takes its pods now, but ${who} may add Nodes`,
        },
      ]);
    }
  });

  /** Where the rule points, and what it says after the scheduler's words. */
  const misses = (spec: Manifest, nodes: readonly Manifest[]) =>
    found([pod(spec)], nodes).map((item) =>
      'unchecked' in item ? item.unchecked : [item.path?.join('.'), item.message.replace(/^[^;]*; /, '')],
    );

  it('explains the Node that is nearest to taking the pod', () => {
    const taints = [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }];
    const offering = (cpu: string) => ({ allocatable: { cpu } });
    const asking = { containers: [{ resources: { requests: { cpu: 4 } } }] };
    const control = [1, 2, 3].map((i) => node(`control-${i}`, { taints }, offering('8')));
    expect([
      misses({ nodeSelector: { gpu: 'true' } }, [node('a'), node('b'), node('gpu', { taints }, {}, { gpu: 'true' })]),
      misses(asking, [...control, node('small', {}, offering('1')), node('larger', {}, offering('2')), node('silent')])
        .length,
      misses(asking, [...control, node('small', {}, offering('1')), node('larger', {}, offering('2'))]),
      misses(asking, [node('cordoned', { unschedulable: true }, offering('8')), node('small', {}, offering('1'))]),
      misses({}, [node('tainted', { taints }), node('cordoned', { unschedulable: true })]),
      misses({}, [node('full', {}, { allocatable: { pods: '0' } })]),
    ]).toEqual([
      [['spec', 'no toleration covers dedicated=gpu:NoSchedule of Node/gpu']],
      0,
      [['spec.containers.0.resources.requests.cpu', 'it asks for cpu 4, Node/larger offers 2']],
      [['spec', 'cordoned: cordoned']],
      [['spec', 'cordoned: cordoned']],
      [['spec', 'Node/full takes no pods']],
    ]);
  });

  it('names the label that may have been meant', () => {
    const labelled = (...labels: Manifest[]) =>
      labels.map((own, i) => node(`n${i}`, {}, {}, { 'kubernetes.io/os': 'linux', ...own }));
    const miss = (nodeSelector: Manifest, ...labels: Manifest[]) =>
      misses({ nodeSelector }, labelled(...labels))[0]?.[1];
    const exists = { affinity: affinity([{ matchExpressions: [{ key: 'ingress', operator: 'Exists' }] }]) };
    expect([
      miss({ pool: 'burst' }, { 'example.com/pool-name': 'burst', pool: 'default' }),
      miss({ pool: 'burst' }, { pool: 'a' }, { pool: 'b' }, { pool: 'c' }, { pool: 'd' }),
      miss({ ssd: 'true' }, { gpu: 'true' }),
      miss({ ssd: '1' }, { gpu: '1' }),
      miss({ ssd: 'true' }, { 'disk.SSD': 'true' }),
      miss({ 'disk/ssd': 'true' }, { ssd: 'true' }),
      miss({ ssd: 'true' }, { 'disk.ssd': 'false' }),
      misses(exists, labelled({ 'devex.ingress': 'true' }))[0]?.[1],
      misses(exists, labelled({ role: 'ingress' }))[0]?.[1],
    ]).toEqual([
      "label example.com/pool-name=burst exists, pool=burst doesn't",
      "label pool=a, pool=b, pool=c and others exist, pool=burst doesn't",
      'no Node has the label ssd',
      'no Node has the label ssd',
      "label disk.SSD=true exists, ssd=true doesn't",
      "label ssd=true exists, disk/ssd=true doesn't",
      'no Node has the label ssd',
      "label devex.ingress=true exists, ingress doesn't",
      'no Node has the label ingress',
    ]);
  });

  it('says how a toleration differs from the taint that it was written for', () => {
    const miss = (toleration: Manifest) =>
      misses(
        {
          tolerations: [
            { key: 'other', operator: 'Exists' },
            { key: 'dedicated', ...toleration },
          ],
        },
        [node('gpu', { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoExecute' }] })],
      )[0];
    expect([
      miss({ value: 'ml' }),
      miss({ operator: 'Exists', effect: 'NoSchedule' }),
      miss({}),
      miss({ value: 'gpu', effect: 'NoSchedule' }),
    ]).toEqual([
      ['spec.tolerations.1', "the toleration of dedicated=ml doesn't cover dedicated=gpu:NoExecute of Node/gpu"],
      [
        'spec.tolerations.1',
        "the toleration of dedicated:NoSchedule doesn't cover dedicated=gpu:NoExecute of Node/gpu",
      ],
      ['spec.tolerations.1', "the toleration of dedicated doesn't cover dedicated=gpu:NoExecute of Node/gpu"],
      [
        'spec.tolerations.1',
        "the toleration of dedicated=gpu:NoSchedule doesn't cover dedicated=gpu:NoExecute of Node/gpu",
      ],
    ]);
  });

  it('is silent where a Node can’t be read', () => {
    const burst = pod({ nodeSelector: { pool: 'burst' }, containers: [{ resources: { requests: { cpu: 8 } } }] });
    const unreadable = [
      node('${NODE}'),
      node('a', { taints: '${TAINTS}' }),
      node('a', { taints: [{ key: '${KEY}', effect: 'NoSchedule' }] }),
      node('a', {}, { allocatable: { cpu: '${CPU}' } }),
      node('a', {}, { capacity: '${CAPACITY}' }),
    ];
    expect(unreadable.map((item) => found([burst], [item, node('b')]))).toEqual([[], [], [], [], []]);
    const cluster = clusterOf([burst, resourceOf(node('b'), { existing: true })]);
    const error = { kind: 'type' as const, path: [], message: 'wrong' };
    const refused = { resource: resourceOf(node('c'), { existing: true }), error };
    expect([...podUnschedulable.check(cluster)]).toHaveLength(1);
    expect([
      ...podUnschedulable.check(Object.assign(clusterOf(cluster.resources), { schemaErrors: [refused] })),
    ]).toEqual([]);
    const other = { resource: resourceOf(pod({}), { existing: true }), error };
    expect([
      ...podUnschedulable.check(Object.assign(clusterOf(cluster.resources), { schemaErrors: [other] })),
    ]).toHaveLength(1);
  });

  it('survives every shape', () => {
    const shapes = fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(shapes, (v) => {
        const odd = pod({
          nodeSelector: v[0],
          affinity: v[1],
          tolerations: v[2],
          containers: [v[3], { resources: v[4], ports: v[5] }],
          initContainers: v[6],
        });
        const deep = pod({
          affinity: affinity(v[0]),
          tolerations: [v[1]],
          containers: [{ resources: { requests: v[2] }, ports: [v[3]] }],
        });
        const strange = {
          ...node('b'),
          spec: { taints: v[7], unschedulable: v[8] },
          status: { allocatable: v[9], capacity: v[10] },
        };
        const rollout = {
          ...pod({}),
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'Rollout',
          spec: { template: { spec: deep.spec }, replicas: v[11] },
        };
        expect(() => found([odd, deep, rollout], [node('a', { taints: [v[7]] }), strange])).not.toThrow();
      }),
    );
  });
});

describe('pods that meet on a Node', () => {
  const of = (kind: string, name: string, spec: Manifest, more: Manifest = {}) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'shop' },
    spec: { ...more, template: { spec: { containers: [{}], ...spec } } },
  });
  const meet = (daemons: Manifest, other: Manifest, nodes: readonly Manifest[] = [], kind = 'Deployment') => {
    const facts = nodes.map((item) => resourceOf(item, { existing: true }));
    const cluster = clusterOf([of('DaemonSet', 'a', daemons), of(kind, 'b', other), ...facts]);
    const [a, b] = [workload(cluster, 'a'), workload(cluster, 'b')];
    const found = [whyTheyMeet(cluster, a, b), whyTheyMeet(cluster, b, a)].map((why) => why !== undefined);
    expect(found[0]).toBe(found[1]);
    return found[0];
  };
  const inPool = (...pools: string[]) =>
    affinity([{ matchExpressions: [{ key: 'pool', operator: 'In', values: pools }] }]);
  const tolerating = (...tolerations: Manifest[]) => ({ tolerations });

  it('are sure to where a DaemonSet asks for no more, and tolerates no less', () => {
    expect([
      meet({}, {}),
      meet({}, { nodeSelector: { pool: 'a' }, affinity: inPool('a') }),
      meet({ nodeSelector: { pool: 'a' } }, { nodeSelector: { pool: 'a', size: 'large' } }),
      meet({ affinity: inPool('a') }, { affinity: inPool('a') }),
      meet(tolerating({ operator: 'Exists' }), tolerating({ key: 'x', value: 'y', effect: 'NoSchedule' })),
      meet(tolerating({ key: 'x', operator: 'Exists' }), tolerating({ key: 'x', value: 'y' })),
      meet(tolerating({ key: 'x', value: 'y' }), tolerating({ key: 'x', value: 'y', effect: 'NoExecute' })),
      meet({}, {}, [], 'DaemonSet'),
    ]).toEqual(Array.from({ length: 8 }, () => true));
  });

  it('are not where the DaemonSet may leave out Nodes of the other', () => {
    const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } };
    expect([
      meet({ nodeSelector: { pool: 'a' } }, {}),
      meet({ nodeSelector: { pool: 'a' } }, { nodeSelector: { pool: 'b' } }),
      meet({ affinity: inPool('a') }, {}),
      meet({ affinity: inPool('a') }, { affinity: inPool('a', 'b') }),
      meet({}, tolerating({ key: 'x', operator: 'Exists' })),
      meet(tolerating({ key: 'x', value: 'z' }), tolerating({ key: 'x', value: 'y' })),
      meet(tolerating({ key: 'z', operator: 'Exists' }), tolerating({ key: 'x', operator: 'Exists' })),
      meet(tolerating({ key: 'x', value: 'y', effect: 'NoExecute' }), tolerating({ key: 'x', value: 'y' })),
      meet({ nodeName: 'a' }, {}),
      meet({}, { nodeName: 'a' }),
      meet({}, { runtimeClassName: 'kata' }),
      meet({ runtimeClassName: 'kata' }, {}),
      meet({ affinity: apart }, {}),
      meet({}, { affinity: apart }),
      meet({ schedulerName: 'volcano' }, {}),
    ]).toEqual(Array.from({ length: 15 }, () => false));
  });

  it('are by the Nodes that are known', () => {
    const nodes = [node('a', {}, {}, { pool: 'a' }), node('b', {}, {}, { pool: 'b' })];
    const tainted = node('c', { taints: [{ key: 'x', effect: 'NoSchedule' }] }, {}, { pool: 'c' });
    const poolA = { nodeSelector: { pool: 'a' } };
    expect([
      meet({ affinity: inPool('a', 'b') }, {}, nodes),
      meet({ affinity: inPool('a', 'b') }, {}, [...nodes, node('c')]),
      meet(poolA, { affinity: inPool('a') }, nodes),
      meet(poolA, { affinity: inPool('a', 'b') }, nodes),
      meet(poolA, { affinity: inPool('a', 'b') }, nodes, 'DaemonSet'),
      meet(poolA, { affinity: inPool('b') }, nodes, 'DaemonSet'),
      meet({ affinity: inPool('a', 'b') }, {}, [...nodes, tainted]),
      meet({ affinity: inPool('a', 'b') }, tolerating({ key: 'x', operator: 'Exists' }), [...nodes, tainted]),
      meet({ affinity: inPool('c') }, {}, [...nodes, tainted]),
    ]).toEqual([true, false, true, false, true, false, true, false, false]);
  });

  it('are where Nodes are fewer than pods', () => {
    const counted = (a: number, b: number, nodes: readonly Manifest[]) => {
      const facts = nodes.map((item) => resourceOf(item, { existing: true }));
      const cluster = clusterOf([
        of('Deployment', 'a', {}, { replicas: a }),
        of('StatefulSet', 'b', {}, { replicas: b }),
        ...facts,
      ]);
      return whyTheyMeet(cluster, workload(cluster, 'a'), workload(cluster, 'b'));
    };
    const nodes = [node('a'), node('b')];
    expect([
      counted(1, 1, []),
      counted(1, 1, nodes),
      counted(2, 1, nodes),
      counted(1, 1, nodes.slice(1)),
      counted(0, 2, nodes),
      counted(3, 1, nodes),
      counted(2, 1, [node('a'), node('b', {}, {}, { 'karpenter.sh/nodepool': 'x' })]),
    ]).toEqual([
      undefined,
      undefined,
      '2 Nodes take the 3 pods of both',
      '1 Node takes the 2 pods of both',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
