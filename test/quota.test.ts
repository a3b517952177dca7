import { describe, expect, it } from 'vitest';
import { effectiveResources, limitRangesOf, moreLimitRanges, violationsOf } from '../src/cluster/quota/limit-ranges.ts';
import { canonicalQuantity, parseQuantity, showQuantity } from '../src/cluster/quota/quantity.ts';
import { matchesScopes, podUsage, quotasByScope } from '../src/cluster/quota/quota.ts';
import quotaExceeded from '../src/rules/quota/quota-exceeded.ts';
import { clusterOf, type Manifest, resourceOf, workload } from './in-memory.ts';

const object = (kind: string, name: string, spec: unknown, more: Manifest = {}): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'n' },
  spec,
  ...more,
});
const container = (requests: unknown, limits: unknown = {}, more: Manifest = {}) => ({
  name: 'c',
  resources: { requests, limits },
  ...more,
});

describe('quantities', () => {
  it('are printed as the API server prints them', () => {
    const print = (text: string) => canonicalQuantity(parseQuantity(text) ?? 0n, text);
    // What String of k8s.io/apimachinery/pkg/api/resource v0.36.0 returns.
    const printed = {
      '0.5Gi': '512Mi',
      '1024Mi': '1Gi',
      '1000Mi': '1000Mi',
      '1.5Gi': '1536Mi',
      '0.3Ki': '307200m',
      '1000m': '1',
      '0.1': '100m',
      '1.5': '1500m',
      '1500k': '1500k',
      '1000k': '1M',
      '1e3': '1e3',
      '100u': '100u',
      '0': '0',
      '128974848': '128974848',
      '82.315Ti': '90506299640381440m',
    };
    expect(Object.fromEntries(Object.keys(printed).map((text) => [text, print(text)]))).toEqual(printed);
  });
});

describe('the usage of a pod', () => {
  const usageOf = (spec: Manifest, ...others: Manifest[]) => {
    const cluster = clusterOf([object('Pod', 'p', spec), ...others]);
    return Object.fromEntries(
      [...podUsage(cluster, workload(cluster, 'p'))].map(([name, { amount }]) => [name, showQuantity(amount)]).sort(),
    );
  };

  it('is that of its containers and sidecars, or of an init container beside the sidecars before it', () => {
    const spec = {
      initContainers: [
        container({ cpu: '100m' }, {}, { restartPolicy: 'Always' }),
        container({ cpu: 2 }, { memory: '3Gi' }),
        container({ cpu: '200m' }, {}, { restartPolicy: 'Always' }),
      ],
      containers: [container({ cpu: 1 }, { memory: '1Gi' }), container({ 'nvidia.com/gpu': 1 }, { memory: '1Gi' })],
    };
    expect(usageOf(spec)).toEqual({
      cpu: '2100m',
      'limits.memory': '3Gi',
      memory: '3Gi',
      pods: '1',
      'requests.cpu': '2100m',
      'requests.memory': '3Gi',
      'requests.nvidia.com/gpu': '1',
    });
  });

  it('has what LimitRanges fill in and its RuntimeClass adds', () => {
    const limits = [{ type: 'Container', default: { cpu: '500m' }, min: { memory: '64Mi' } }];
    const runtime = {
      overhead: { podFixed: { cpu: '50m' } },
      apiVersion: 'node.k8s.io/v1',
      metadata: { name: 'kata' },
    };
    const usage = usageOf(
      { runtimeClassName: 'kata', containers: [container({})] },
      object('LimitRange', 'l', { limits }),
      object('RuntimeClass', 'kata', undefined, runtime),
    );
    expect(usage).toEqual({
      cpu: '550m',
      'limits.cpu': '500m',
      memory: '64Mi',
      pods: '1',
      'requests.cpu': '550m',
      'requests.memory': '64Mi',
    });
  });
});

describe('the scopes of a quota', () => {
  const known = { apiVersion: 'scheduling.k8s.io/v1', metadata: { name: 'low' } };
  const matches = (spec: Manifest, pod: Manifest, ...others: (Manifest | ReturnType<typeof resourceOf>)[]) => {
    const quota = object('ResourceQuota', 'q', { hard: { pods: 1 }, ...spec });
    const cluster = clusterOf([quota, object('Pod', 'p', { containers: [container({})], ...pod }), ...others]);
    const [found] = quotasByScope(cluster).get('n') ?? [];
    return found && matchesScopes(cluster, found, workload(cluster, 'p'));
  };
  const select = (scopeName: string, operator: string, values?: unknown) => ({
    scopeSelector: { matchExpressions: [{ scopeName, operator, values }] },
  });

  it('match as the quota evaluator matches them', () => {
    expect(matches({}, {})).toBe(true);
    expect(matches({ scopes: ['Terminating'] }, { activeDeadlineSeconds: 0 })).toBe(true);
    expect(matches({ scopes: ['Terminating'] }, {})).toBe(false);
    expect(matches({ scopes: ['NotTerminating'] }, { activeDeadlineSeconds: 60 })).toBe(false);
    expect(matches({ scopes: ['BestEffort'] }, {})).toBe(true);
    expect(matches({ scopes: ['BestEffort'] }, { containers: [container({ cpu: 1 })] })).toBe(false);
    expect(matches({ scopes: ['NotBestEffort'] }, { containers: [container({ cpu: 0 }, { memory: 1 })] })).toBe(true);
    expect(matches({ scopes: ['Terminating', 'BestEffort'] }, {})).toBe(false);
    expect(matches(select('PriorityClass', 'In', ['high']), { priorityClassName: 'high' })).toBe(true);
    expect(matches(select('PriorityClass', 'NotIn', ['high']), { priorityClassName: 'high' })).toBe(false);
    expect(matches(select('PriorityClass', 'Exists'), { priorityClassName: 'high' })).toBe(true);
    expect(matches(select('PriorityClass', 'DoesNotExist'), { priorityClassName: 'high' })).toBe(false);
    const term = { podAffinityTerm: { namespaces: ['other'] } };
    const affinity = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [term] } };
    expect(matches({ scopes: ['CrossNamespacePodAffinity'] }, { affinity })).toBe(true);
    expect(matches({ scopes: ['CrossNamespacePodAffinity'] }, { affinity: { podAffinity: {} } })).toBe(false);
    expect(matches({ scopes: ['VolumeAttributesClass'] }, {})).toBe(false);
  });

  it('are not known where what decides is not', () => {
    expect(matches({ scopes: ['Terminating'] }, { activeDeadlineSeconds: '${DEADLINE}' })).toBeUndefined();
    expect(matches({ scopes: ['BestEffort'] }, { resources: {} })).toBeUndefined();
    expect(matches({ scopes: ['BestEffort'] }, { containers: [container({ cpu: '${CPU}' })] })).toBeUndefined();
    expect(matches(select('PriorityClass', 'Exists'), {})).toBeUndefined();
    expect(matches(select('PriorityClass', 'In', ['${CLASS}']), { priorityClassName: 'high' })).toBeUndefined();
    expect(matches(select('PriorityClass', 'Is', ['high']), { priorityClassName: 'high' })).toBeUndefined();
    expect(matches({ scopes: ['Unheard'] }, {})).toBeUndefined();
  });

  it('take a pod without a class for one of the default class, where all classes are known', () => {
    const plain = resourceOf({ ...known, kind: 'PriorityClass' }, { existing: true });
    const byDefault = resourceOf({ ...known, kind: 'PriorityClass', globalDefault: true }, { existing: true });
    expect(matches(select('PriorityClass', 'Exists'), {}, plain)).toBe(false);
    expect(matches(select('PriorityClass', 'In', ['low']), {}, byDefault)).toBe(true);
  });
});

describe('LimitRanges', () => {
  const range = (name: string, ...limits: unknown[]) => object('LimitRange', name, { limits });
  const effective = (ranges: Manifest[], resources: unknown) => {
    const cluster = clusterOf(ranges);
    const { requests, limits } = effectiveResources(limitRangesOf(cluster, 'n'), { resources }, []);
    const text = (amounts: typeof requests) =>
      Object.fromEntries(
        [...amounts].map(([name, amount]) => [name, amount === 'unknown' ? amount : amount.text]).sort(),
      );
    return { requests: text(requests), limits: text(limits) };
  };

  it('default the limit to max, the request to the default limit, then to min', () => {
    const limits = {
      type: 'Container',
      max: { cpu: '2', memory: '1Gi' },
      min: { cpu: '10m', 'ephemeral-storage': '1Gi' },
      default: { memory: '512Mi' },
    };
    expect(effective([range('l', limits)], undefined)).toEqual({
      requests: { cpu: '2', 'ephemeral-storage': '1Gi', memory: '512Mi' },
      limits: { cpu: '2', memory: '512Mi' },
    });
    expect(effective([range('l', limits)], { limits: { cpu: 1 }, requests: { memory: '1Mi' } })).toEqual({
      requests: { cpu: '1', 'ephemeral-storage': '1Gi', memory: '1Mi' },
      limits: { cpu: '1', memory: '512Mi' },
    });
  });

  it('of which two fill in different amounts leave it open which', () => {
    const two = [
      range('a', { type: 'Container', default: { cpu: '1' } }),
      range('b', { type: 'Container', default: { cpu: '2' } }),
    ];
    expect(effective(two, undefined)).toEqual({ requests: { cpu: 'unknown' }, limits: { cpu: 'unknown' } });
    const same = [
      range('a', { type: 'Container', default: { cpu: '1' } }),
      range('b', { type: 'Container', default: { cpu: '1000m' } }),
    ];
    expect(effective(same, undefined)).toEqual({ requests: { cpu: '1' }, limits: { cpu: '1' } });
  });

  it('refuse in the words of the admission plugin, and nothing that is not known', () => {
    const cluster = clusterOf([
      range('l', {
        type: 'Container',
        min: { cpu: '0.1' },
        max: { cpu: '2', memory: '0.5Gi' },
        maxLimitRequestRatio: { cpu: '1.5' },
      }),
    ]);
    const [limit] = limitRangesOf(cluster, 'n')[0]?.limits ?? [];
    const refuse = (requests: unknown, limits: unknown) =>
      limit &&
      violationsOf(limit, effectiveResources([], { resources: { requests, limits } }, [])).map(
        ({ message }) => message,
      );
    expect(refuse({ cpu: '50m' }, { cpu: '3', memory: '1024Mi' })).toEqual([
      'minimum cpu usage per Container is 100m, but request is 50m',
      'maximum cpu usage per Container is 2, but limit is 3',
      'maximum memory usage per Container is 512Mi, but limit is 1Gi',
      'cpu max limit to request ratio per Container is 1500m, but provided ratio is 60.000000',
    ]);
    expect(refuse({ cpu: '2', memory: '512Mi' }, { cpu: '2', memory: '512Mi' })).toEqual([]);
    expect(refuse({ cpu: '${CPU}' }, { cpu: '${CPU}', memory: '${MEMORY}' })).toEqual([]);
    expect(refuse({}, { memory: '1Mi' })).toEqual([
      'minimum cpu usage per Container is 100m.  No request is specified',
      'maximum cpu usage per Container is 2.  No limit is specified',
      'cpu max limit to request ratio per Container is 1500m, but no request is specified or request is 0',
    ]);
  });

  it('may be more than are known where a target did not render, or an unset namespace may be this one', () => {
    const unset = resourceOf({ ...range('l'), metadata: { name: 'l' } }, { target: 'other' });
    expect(moreLimitRanges(clusterOf([]), 'n')).toBe('no');
    expect(moreLimitRanges(clusterOf([unset]), 'n')).toBe('unknown');
    expect(moreLimitRanges(clusterOf([], [resourceOf(range('l'))]), 'n')).toBe('unknown');
    expect(moreLimitRanges(clusterOf([range('l')]), '\0target')).toBe('unknown');
  });

  it('read as nothing where they are no LimitRanges', () => {
    for (const limits of [undefined, 'x', [null, 'x', { type: 'Container', max: 'x', default: [1] }]]) {
      expect(effective([object('LimitRange', 'l', { limits })], 'x')).toEqual({ requests: {}, limits: {} });
    }
    expect(effective([{ ...range('l'), spec: 'x' }], { requests: ['x'] })).toEqual({ requests: {}, limits: {} });
  });
});

describe('quotas of odd shapes', () => {
  it('say nothing', () => {
    const pods = [object('Pod', 'p', { containers: [null, 'x', container('x')] })];
    for (const spec of [
      'x',
      { hard: 'x' },
      { hard: { pods: null, cpu: [] }, scopes: 'x', scopeSelector: { matchExpressions: [null] } },
    ]) {
      expect([...quotaExceeded.check(clusterOf([object('ResourceQuota', 'q', spec), ...pods]))]).toEqual([]);
    }
  });
});
