import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scalingOf } from '../src/cluster/autoscalers.ts';
import { rolloutOf } from '../src/cluster/rollouts.ts';
import { clusterOf, type Manifest, workload } from './in-memory.ts';

const GROUPS: Record<string, string> = { Rollout: 'argoproj.io/v1alpha1', Pod: 'v1', Job: 'batch/v1' };

function made(kind: string, spec: Manifest, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: GROUPS[kind] ?? 'apps/v1',
    kind,
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { template: { spec: { containers: [{}] } }, containers: [{}], ...spec },
  };
}

const rollout = (kind: string, spec: Manifest, replicas?: number) =>
  rolloutOf(workload(clusterOf([made(kind, spec)]), 'web'), replicas);

describe('rollouts', () => {
  const rolling = (replicas: number, rollingUpdate?: Manifest) => {
    const found = rollout('Deployment', {
      replicas,
      strategy: { type: 'RollingUpdate', ...(rollingUpdate ? { rollingUpdate } : {}) },
    });
    return found && [found.surge, found.unavailable];
  };

  it('rounds surge up and unavailable down, and lets one go where both are 0', () => {
    expect([
      rolling(1),
      rolling(3),
      rolling(4),
      rolling(10),
      rolling(0),
      rolling(3, { maxSurge: 0 }),
      rolling(3, { maxSurge: 0, maxUnavailable: '25%' }),
      rolling(3, { maxSurge: '0%', maxUnavailable: '34%' }),
      rolling(3, { maxSurge: 2, maxUnavailable: 0 }),
      rolling(3, { maxUnavailable: 9 }),
      rolling(3, { maxUnavailable: '100%' }),
      rolling(7, { maxSurge: '29%', maxUnavailable: '28%' }),
      rolling(0, { maxSurge: 0, maxUnavailable: 0 }),
    ]).toEqual([
      [1, 0],
      [1, 0],
      [1, 1],
      [3, 2],
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 1],
      [2, 0],
      [1, 3],
      [1, 3],
      [3, 1],
      [0, 0],
    ]);
  });

  it('is unknown where a placeholder or something refused decides', () => {
    const refused = ['${SURGE}', '25', '-1%', -1, 1.5, {}, true, '٣%'];
    expect(refused.map((maxSurge) => rolling(3, { maxSurge }))).toEqual(refused.map(() => undefined));
    expect(refused.map((maxUnavailable) => rolling(3, { maxUnavailable }))).toEqual(refused.map(() => undefined));
    expect([
      rollout('Deployment', { replicas: '${REPLICAS}' }),
      rollout('Deployment', { strategy: 'Recreate' }),
      rollout('Deployment', { strategy: { type: '${TYPE}' } }),
      rollout('Deployment', { strategy: { rollingUpdate: [] } }),
      rollout('StatefulSet', { replicas: '${REPLICAS}' }),
      rollout('StatefulSet', { updateStrategy: { type: 'Recreate' } }),
      rollout('DaemonSet', { updateStrategy: { type: 'Recreate' } }),
      rollout('DaemonSet', { updateStrategy: { rollingUpdate: 1 } }),
      rollout('DaemonSet', { updateStrategy: { rollingUpdate: { maxSurge: '1' } } }),
      rollout('DaemonSet', { updateStrategy: { rollingUpdate: { maxUnavailable: '1' } } }),
      rollout('Rollout', {}),
      rollout('Rollout', { strategy: { canary: {}, blueGreen: {} } }),
      rollout('Rollout', { strategy: { canary: { maxSurge: 'x' } } }),
      rollout('Rollout', { strategy: { canary: { trafficRouting: {}, dynamicStableScale: true } } }),
      rollout('Rollout', { replicas: '${REPLICAS}', strategy: { canary: {} } }),
      rollout('ReplicaSet', {}),
      rollout('Pod', {}),
      rollout('Job', {}),
    ]).toEqual(Array.from({ length: 18 }));
  });

  it('follows each kind', () => {
    expect([
      rollout('Deployment', {}),
      rollout('Deployment', { strategy: null }, 4),
      rollout('Deployment', { replicas: 2, strategy: { type: 'Recreate' } }),
      rollout('StatefulSet', { replicas: 3, updateStrategy: { rollingUpdate: { maxUnavailable: '100%' } } }),
      rollout('StatefulSet', { replicas: 0 }),
      rollout('StatefulSet', { updateStrategy: { type: 'OnDelete' } }),
      rollout('DaemonSet', {}),
      rollout('DaemonSet', { updateStrategy: { rollingUpdate: { maxSurge: '10%', maxUnavailable: 0 } } }),
      rollout('DaemonSet', { updateStrategy: { rollingUpdate: { maxUnavailable: '10%' } } }),
      rollout('DaemonSet', { updateStrategy: { type: 'OnDelete' } }),
      rollout('Rollout', { replicas: 4, strategy: { canary: null, blueGreen: {} } }),
      rollout('Rollout', { replicas: 4, strategy: { canary: { maxSurge: 2 } } }),
      rollout('Rollout', { replicas: 4, strategy: { canary: { trafficRouting: {} } } }),
    ]).toEqual([
      { type: 'RollingUpdate', replicas: 1, surge: 1, unavailable: 0, path: ['spec'] },
      { type: 'RollingUpdate', replicas: 4, surge: 1, unavailable: 1, path: ['spec'] },
      { type: 'Recreate', replicas: 2, surge: 0, unavailable: 2, path: ['spec', 'strategy'] },
      { type: 'RollingUpdate', replicas: 3, surge: 0, unavailable: 1, path: ['spec', 'updateStrategy'] },
      { type: 'RollingUpdate', replicas: 0, surge: 0, unavailable: 0, path: ['spec'] },
      { type: 'OnDelete', replicas: 1, surge: 0, unavailable: 0, path: ['spec', 'updateStrategy'] },
      { type: 'RollingUpdate', replicas: undefined, surge: 0, unavailable: 1, path: ['spec'] },
      { type: 'RollingUpdate', replicas: undefined, surge: 1, unavailable: 0, path: ['spec', 'updateStrategy'] },
      { type: 'RollingUpdate', replicas: undefined, surge: 0, unavailable: 1, path: ['spec', 'updateStrategy'] },
      { type: 'OnDelete', replicas: undefined, surge: 0, unavailable: 0, path: ['spec', 'updateStrategy'] },
      { type: 'RollingUpdate', replicas: 4, surge: 4, unavailable: 0, path: ['spec', 'strategy', 'blueGreen'] },
      { type: 'RollingUpdate', replicas: 4, surge: 2, unavailable: 1, path: ['spec', 'strategy', 'canary'] },
      { type: 'RollingUpdate', replicas: 4, surge: 4, unavailable: 0, path: ['spec', 'strategy', 'canary'] },
    ]);
  });
});

function scaler(kind: 'HorizontalPodAutoscaler' | 'ScaledObject', spec: Manifest, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: kind === 'ScaledObject' ? 'keda.sh/v1alpha1' : 'autoscaling/v2',
    kind,
    metadata: { name: 'scaler', namespace: 'shop', ...metadata },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, ...spec },
  };
}

describe('autoscalers', () => {
  const scaling = (spec: Manifest, ...scalers: Manifest[]) => {
    const cluster = clusterOf([made('Deployment', spec), ...scalers]);
    const { rendered, minimum, maximum, autoscaler } = scalingOf(cluster, workload(cluster, 'web'));
    return [rendered, minimum, maximum, autoscaler === undefined ? undefined : `${autoscaler}`];
  };
  const hpa = 'HorizontalPodAutoscaler';

  it('decide between how many replicas a workload moves', () => {
    expect([
      scaling({}),
      scaling({ replicas: 3 }),
      scaling({ replicas: '${REPLICAS}' }),
      scaling({ replicas: 3 }, scaler(hpa, { maxReplicas: 5 })),
      scaling({}, scaler(hpa, { minReplicas: 2, maxReplicas: 5 })),
      scaling({ replicas: 0 }, scaler(hpa, { minReplicas: 2, maxReplicas: 5 })),
      scaling({}, scaler(hpa, { minReplicas: '${MIN}', maxReplicas: 5 })),
      scaling({}, scaler('ScaledObject', {})),
      scaling({ replicas: 0 }, scaler('ScaledObject', { minReplicaCount: 2, maxReplicaCount: 4 })),
      scaling({}, scaler('ScaledObject', { minReplicaCount: 2, idleReplicaCount: 0 })),
      scaling({}, scaler('ScaledObject', { scaleTargetRef: { name: 'web' }, minReplicaCount: 2 })),
      scaling({}, scaler('ScaledObject', {}, { annotations: { 'autoscaling.keda.sh/paused-replicas': '1' } })),
    ]).toEqual([
      [1, 1, 1, undefined],
      [3, 3, 3, undefined],
      [undefined, undefined, undefined, undefined],
      [3, 1, 5, `${hpa}/scaler`],
      [1, 2, 5, `${hpa}/scaler`],
      [0, 0, 5, `${hpa}/scaler`],
      [1, undefined, 5, `${hpa}/scaler`],
      [1, 0, 100, 'ScaledObject/scaler'],
      [0, 2, 4, 'ScaledObject/scaler'],
      [1, 0, 100, 'ScaledObject/scaler'],
      [1, 2, 100, 'ScaledObject/scaler'],
      [1, undefined, undefined, 'ScaledObject/scaler'],
    ]);
  });

  it('are known by target and namespace', () => {
    const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const of = (scaleTargetRef: unknown, metadata: Manifest = {}) =>
      scaling({}, scaler(hpa, { scaleTargetRef, minReplicas: 2, maxReplicas: 5 }, metadata));
    expect([
      of({ ...target, name: 'api' }),
      of({ ...target, kind: 'StatefulSet' }),
      of({ ...target, apiVersion: 'v1' }),
      of({ ...target, kind: undefined }),
      of(undefined),
      of({ ...target, apiVersion: 'apps/v1beta2' }),
      of(target, { namespace: 'blog' }),
      of(target, { namespace: undefined }),
      of({ ...target, name: '${NAME}' }),
      of({ ...target, name: '${NAME}' }, { namespace: 'blog' }),
      of({ ...target, name: '${NAME}', kind: 'StatefulSet' }),
      scaling({}, scaler(hpa, { maxReplicas: 5 }), scaler('ScaledObject', {})),
    ]).toEqual([
      [1, 1, 1, undefined],
      [1, 1, 1, undefined],
      [1, 1, 1, undefined],
      [1, 1, 1, undefined],
      [1, 1, 1, undefined],
      [1, 2, 5, `${hpa}/scaler`],
      [1, 1, 1, undefined],
      [1, undefined, undefined, undefined],
      [1, undefined, undefined, undefined],
      [1, 1, 1, undefined],
      [1, 1, 1, undefined],
      [1, undefined, undefined, `${hpa}/scaler`],
    ]);
  });
});

describe('odd shapes', () => {
  it('are survived', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const kinds = fc.constantFrom('Deployment', 'StatefulSet', 'DaemonSet', 'Rollout');
    fc.assert(
      fc.property(kinds, fc.array(value, { minLength: 6, maxLength: 6 }), (kind, v) => {
        const cluster = clusterOf([
          made(kind, { replicas: v[0], strategy: v[1], updateStrategy: v[1] }),
          scaler('HorizontalPodAutoscaler', { scaleTargetRef: v[2], minReplicas: v[3], maxReplicas: v[4] }),
          scaler('ScaledObject', { minReplicaCount: v[3] }, { annotations: v[5] }),
        ]);
        expect(() => [rolloutOf(workload(cluster, 'web')), scalingOf(cluster, workload(cluster, 'web'))]).not.toThrow();
      }),
    );
  });
});
