import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certaintyOf } from '../src/cluster/workload/exec-probes.ts';
import { variableReferences } from '../src/cluster/workload/probes.ts';
import { rules } from '../src/rules/index.ts';
import { clusterOf, type Manifest } from './in-memory.ts';

describe('variableReferences', () => {
  it.each([
    ['$(A)', ['A']],
    ['x$(A)$(B_1)y$(A)', ['A', 'B_1', 'A']],
    ['$$(A) $$$(B)', ['B']],
    ['$A ${A} $ $(', []],
    ['$(A', []],
    ['$(A$(B)', ['A$(B']],
    ['$x$(A)', ['A']],
  ])('reads %s as the kubelet does', (text, names) => {
    expect(variableReferences(text)).toEqual(names);
  });
  it('is done with a long text at once', () => {
    const started = performance.now();
    expect(variableReferences('$('.repeat(200_000))).toEqual([]);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('certaintyOf', () => {
  it.each([
    'true;',
    'a && b || true',
    'a; b; :',
    'a\nb\nexit 0',
    "echo 'it is; exit 1' || exit 0",
    'exit 0; true',
    'a || echo no',
    'printf ok',
  ])('is sure of sh -c %j', (script) => {
    expect(certaintyOf(['/bin/sh', '-c', script])).toBe('always');
  });
  it.each([
    'a',
    'a && true',
    'a; exit 10',
    'a || exit 1; true',
    'a; exit 00x; true',
    'a || (exit 3); true',
    'while ! a; do sleep 1; done; true',
    'kill -0 1; exec true; true',
    "a 'unclosed || true",
    'a <<< b || true',
    'a | true',
    'a & true',
    'true > /data/x || echo >&2 no',
    'trap "exit 1" EXIT; true',
    '',
  ])('is not sure of sh -c %j', (script) => {
    expect(certaintyOf(['sh', '-c', script])).toBeUndefined();
  });
  it('takes no longer for long scripts', () => {
    const started = performance.now();
    for (const script of [
      'a;'.repeat(2000),
      '"'.repeat(3999),
      `a${'|'.repeat(3999)}`,
      '\\"'.repeat(2000),
      'a;'.repeat(1_000_000),
    ]) {
      certaintyOf(['sh', '-c', script]);
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('probe-port-unserved', () => {
  it.each([
    ['${PORTS}', 0],
    [undefined, 1],
  ])('knows the ports of a container: %s', (ports, count) => {
    const container = { name: 'web', image: 'web:1', ports, readinessProbe: { tcpSocket: { port: 'http' } } };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [container] } };
    const rule = rules.find(({ id }) => id === 'probe-port-unserved');
    expect([...(rule?.check?.(clusterOf([pod])) ?? [])]).toHaveLength(count);
  });
});

/** Workloads whose probes, limits, mounts and security contexts are anything. */
function oddObjects(v: readonly unknown[]): Manifest[] {
  const container = {
    name: v[0],
    image: v[1],
    env: [{ name: 'JAVA_OPTS', value: v[2] }, { name: 'PGDATA', valueFrom: v[3] }, v[4]],
    command: ['redis-server', v[5]],
    args: [v[6], '--maxmemory'],
    ports: [{ name: v[7], containerPort: v[8] }],
    livenessProbe: { exec: { command: [v[9], v[0]] } },
    readinessProbe: { httpGet: { port: v[1], host: v[2] } },
    startupProbe: v[3],
    securityContext: v[4],
    resources: { limits: { memory: v[5] } },
    volumeMounts: [
      { name: 'data', mountPath: v[6], readOnly: v[7] },
      { name: 'claimed', mountPath: '/data' },
    ],
  };
  const stores = ['postgres:17', 'mongo', 'bitnami/minio', 'redis:7', 'grafana/grafana'].map((image) => ({
    ...container,
    image,
  }));
  const spec = {
    securityContext: { fsGroup: v[8], runAsUser: v[9] },
    volumes: [{ name: 'data', hostPath: v[0] }, { name: 'claimed', persistentVolumeClaim: v[1] }, v[2]],
    initContainers: [container],
    containers: [container, ...stores],
  };
  const labels = { app: 'odd' };
  const template = { metadata: { labels, annotations: v[3] }, spec };
  return [
    { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'a' }, spec: v[4] },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'b' },
      spec: { storageClassName: 'x', claimRef: v[5], hostPath: v[6] },
    },
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'odd' }, spec: v[7] },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'odd' },
      spec: { selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'odd' },
      spec: {
        template,
        volumeClaimTemplates: [v[8], { metadata: { name: 'data' }, spec: { storageClassName: 'x', ...Object(v[9]) } }],
      },
    },
  ];
}

const ids = [
  'probe-port-unserved',
  'probe-variable-empty',
  'probe-always-succeeds',
  'argument-repeated',
  'heap-exceeds-limit',
  'fs-group-ignored',
  'data-directory-owner-mismatch',
  'stateful-data-ephemeral',
  'image-placeholder',
  'image-pull-never',
];

describe.each(ids)('%s', (id) => {
  const rule = rules.find((candidate) => candidate.id === id);
  const value = fc.oneof(
    fc.constantFrom(null, undefined, 0, -1, 'data', '$(A)', '__proto__', [], {}, [null], '-Xmx9g', '1Gi', [[]], {
      path: 1,
    }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  it('survives every shape', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 10, maxLength: 10 }), (values) => {
        const cluster = clusterOf(oddObjects(values));
        for (const finding of rule?.check?.(cluster) ?? []) expect(finding).toHaveProperty('message');
      }),
      { numRuns: 150 },
    );
  });
});
