import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClusterTarget } from '../src/cluster/cluster.ts';
import { scalingOf, utilizationTargets } from '../src/cluster/workload/autoscalers.ts';
import { rolloutOf } from '../src/cluster/workload/rollouts.ts';
import { valueAt } from '../src/cluster/workloads.ts';
import type { Rule } from '../src/rule.ts';
import { rules } from '../src/rules/index.ts';
import hostPortRolloutStuck from '../src/rules/network/host-port-rollout-stuck.ts';
import nodePortInvalid from '../src/rules/network/node-port-invalid.ts';
import autoscalerMetricMissing from '../src/rules/workload/autoscaler-metric-missing.ts';
import { clusterOf, type Manifest, resourceOf, workload } from './in-memory.ts';

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
      rolling(0, { maxSurge: 1, maxUnavailable: 1 }),
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
      [1, 0],
    ]);
  });

  it('is unknown where a placeholder or something refused decides', () => {
    const refused = ['${SURGE}', '25', '-1%', -1, 1.5, {}, true, '٣%'];
    expect(refused.map((maxSurge) => rolling(3, { maxSurge }))).toEqual(refused.map(() => undefined));
    expect(refused.map((maxUnavailable) => rolling(3, { maxUnavailable }))).toEqual(refused.map(() => undefined));
    expect([
      rollout('Deployment', { replicas: '${REPLICAS}' }),
      rolling(3, { maxSurge: 0, maxUnavailable: 0 }),
      rolling(3, { maxSurge: '0%', maxUnavailable: 0 }),
      rollout('DaemonSet', { updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      rollout('DaemonSet', { updateStrategy: { rollingUpdate: { maxSurge: '100%' } } }),
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
    ]).toEqual(Array.from({ length: 22 }));
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

describe('what autoscalers measure', () => {
  const hpa = (version: string, spec: Manifest, annotations: Manifest = {}) =>
    measures({
      apiVersion: `autoscaling/${version}`,
      kind: 'HorizontalPodAutoscaler',
      metadata: { annotations },
      spec,
    });
  const keda = (trigger: unknown) =>
    measures({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: {}, spec: { triggers: [trigger] } });
  const measures = (object: Manifest) =>
    utilizationTargets(resourceOf(object)).map(({ resource, container, path }) => [
      resource,
      container,
      path.join('.'),
    ]);
  const resource = (name: unknown, target: unknown) => ({ type: 'Resource', resource: { name, target } });

  it('is read from each version of HorizontalPodAutoscalers', () => {
    const container = { name: 'cpu', container: 'web', target: { type: 'Utilization' } };
    expect([
      hpa('v1', { targetCPUUtilizationPercentage: 70 }),
      hpa('v1', {}),
      hpa('v1', { metrics: [resource('memory', { type: 'Utilization' })] }),
      hpa('v1', {}, { 'autoscaling.alpha.kubernetes.io/metrics': '[]' }),
      hpa('v2', {}),
      hpa('v2', { metrics: [] }),
      hpa('v2', { metrics: '${METRICS}' }),
      hpa('v2beta2', { metrics: [{}, resource('memory', { type: 'Utilization' })] }),
      hpa('v2beta1', { metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 70 } }] }),
      hpa('v2', { metrics: [resource('cpu', { type: 'AverageValue', averageValue: '1' })] }),
      hpa('v2', { metrics: [resource(1, { type: 'Utilization' }), null, { type: 'Pods', pods: {} }] }),
      hpa('v2', { metrics: [{ type: 'ContainerResource', containerResource: container }] }),
      hpa('v2', { metrics: [{ type: 'ContainerResource', containerResource: { ...container, container: 1 } }] }),
    ]).toEqual([
      [['cpu', undefined, 'spec.targetCPUUtilizationPercentage']],
      [['cpu', undefined, 'spec']],
      [['cpu', undefined, 'spec']],
      [],
      [['cpu', undefined, 'spec']],
      [['cpu', undefined, 'spec']],
      [],
      [['memory', undefined, 'spec.metrics.1.resource']],
      [['cpu', undefined, 'spec.metrics.0.resource']],
      [],
      [],
      [['cpu', 'web', 'spec.metrics.0.containerResource']],
      [],
    ]);
  });

  it('is read from KEDA triggers', () => {
    expect([
      keda({ type: 'cpu', metricType: 'Utilization', metadata: { value: '70' } }),
      keda({ type: 'memory', metadata: { type: 'Utilization', containerName: 'web' } }),
      keda({ type: 'cpu', metricType: 'AverageValue', metadata: { type: 'Utilization' } }),
      keda({ type: 'cpu', metricType: 'Utilization', metadata: { containerName: '' } }),
      keda({ type: 'kafka', metricType: 'Utilization' }),
      keda(null),
    ]).toEqual([
      [['cpu', undefined, 'spec.triggers.0']],
      [['memory', 'web', 'spec.triggers.0']],
      [],
      [['cpu', undefined, 'spec.triggers.0']],
      [],
      [],
    ]);
  });
});

describe('how much it is worth', () => {
  const severities = (rule: Rule, ...items: Manifest[]) => {
    const cluster = clusterOf(items.map((item) => resourceOf(item, { existing: item.kind === 'Node' })));
    return [...(rule.check?.(cluster) ?? [])].map((item) => ('unchecked' in item ? item.unchecked : item.severity));
  };
  const open = (items: Manifest[]) => Object.assign(clusterOf(items), { configured: false });

  it('is an error where no Node is left for a host port, else a warning', () => {
    const ports = { containers: [{ ports: [{ containerPort: 80, hostPort: 80 }] }] };
    const web = made('Deployment', { template: { spec: ports } });
    const daemons = made('DaemonSet', {
      updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: { spec: ports },
    });
    const node = (name: string, labels: Manifest = {}) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels },
    });
    expect([
      severities(hostPortRolloutStuck, web),
      severities(hostPortRolloutStuck, web, node('a')),
      severities(hostPortRolloutStuck, web, node('a'), node('b')),
      severities(hostPortRolloutStuck, web, node('a', { 'karpenter.sh/nodepool': 'x' })),
      severities(hostPortRolloutStuck, daemons),
    ]).toEqual([['warning'], [undefined], [], ['warning'], [undefined]]);
  });

  it('is an error where both surely land in one cluster, else a warning', () => {
    const service = (name: string, target: string) =>
      resourceOf(
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name },
          spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] },
        },
        { target },
      );
    const found = (type: ClusterTarget['type'], configured: boolean, other = 'one') => {
      const targets = ['one', 'other'].map((target) => ({
        environment: 'test',
        target,
        type,
        findings: [],
        incomplete: false,
      }));
      const cluster = Object.assign(clusterOf([service('a', 'one'), service('b', other)]), { configured, targets });
      return [...nodePortInvalid.check(cluster)].map(({ severity }) => severity);
    };
    expect([
      found('manifests', true),
      found('manifests', false, 'other'),
      found('kustomize', false),
      found('helm', false),
      found('helm', false, 'other'),
      found('helm', true, 'other'),
    ]).toEqual([[undefined], ['warning'], [undefined], [undefined], ['warning'], [undefined]]);
  });

  it('is an error where a LimitRange made by hand can’t help, else a warning', () => {
    const scaled = [made('Deployment', {}), scaler('HorizontalPodAutoscaler', { maxReplicas: 5 })];
    const atRest = [made('Deployment', { replicas: 0 }), scaler('HorizontalPodAutoscaler', { maxReplicas: 5 })];
    const found = [...autoscalerMetricMissing.check(open(scaled))].map(({ severity }) => severity);
    expect([
      severities(autoscalerMetricMissing, ...scaled),
      severities(autoscalerMetricMissing, ...atRest),
      found,
    ]).toEqual([[undefined], ['warning'], ['warning']]);
  });
});

const stories = [
  'host-port-rollout-stuck',
  'host-port-conflict',
  'node-port-invalid',
  'pod-unschedulable',
  'volume-rollout-stuck',
  'autoscaler-fights-replicas',
  'autoscaler-metric-missing',
  'disruption-budget-blocks-drain',
  'rollout-drops-every-replica',
];

/** What is meant, or anything else in its place. */
const odd = (...meant: readonly unknown[]) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...meant), weight: 4 },
    { arbitrary: fc.jsonValue({ maxDepth: 3 }), weight: 1 },
  );

const HOSTNAME = 'kubernetes.io/hostname';
const oddParts = fc.record({
  replicas: odd(undefined, 0, 1, 3, '${REPLICAS}'),
  strategy: odd(undefined, { rollingUpdate: { maxUnavailable: 1 } }, { rollingUpdate: { maxSurge: '1%' } }),
  resources: odd(undefined, { requests: null }, { limits: [] }),
  port: odd({ containerPort: 80, hostPort: 80 }, null),
  init: odd({ name: 'init', restartPolicy: 'Always' }, null),
  volume: odd({ persistentVolumeClaim: { claimName: 'web' } }, null),
  term: odd({ topologyKey: HOSTNAME, labelSelector: { matchLabels: { app: 'web' } } }, null),
  target: odd({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, null),
  minimum: odd(undefined, 0, 2, '${MIN}'),
  metric: odd({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }, null),
  selector: odd({}, { matchLabels: { app: 'web' } }, null),
  available: odd(undefined, 0, 1, '100%', '${MIN}'),
  servicePort: odd({ port: 80, nodePort: 30080 }, { port: 81, nodePort: 99 }, null),
  modes: odd(['ReadWriteOnce'], [null]),
  claimSpec: odd({ volumeName: 'volume' }, {}, null),
  volumeSpec: odd({ claimRef: { namespace: 'shop', name: 'web' } }, { claimRef: null }),
  terms: odd([{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: ['b'] }] }], [null]),
  zone: odd({ 'topology.kubernetes.io/zone': 'b' }, { 'topology.kubernetes.io/region': [] }),
});

describe('odd shapes', () => {
  it.each(['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'])('of a %s are survived, and paths exist', (kind) => {
    fc.assert(
      fc.property(oddParts, (odd) => {
        const of = (apiVersion: string, kind: string, spec: unknown, name = 'web') => ({
          apiVersion,
          kind,
          metadata: { name, namespace: 'shop' },
          spec,
        });
        const required = { requiredDuringSchedulingIgnoredDuringExecution: [odd.term] };
        const pod = {
          containers: [{ name: 'web', resources: odd.resources, ports: [odd.port, odd.port] }],
          initContainers: [odd.init],
          volumes: [odd.volume],
          affinity: { podAntiAffinity: required },
        };
        const template = { metadata: { labels: { app: 'web' } }, spec: pod };
        const requests = { accessModes: odd.modes, resources: { requests: { storage: '1Gi' } } };
        const templates = [{ metadata: { name: 'data' }, spec: requests }, odd.claimSpec];
        const volume = {
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name: 'volume', labels: odd.zone },
          spec: {
            accessModes: odd.modes,
            capacity: { storage: '1Gi' },
            nodeAffinity: { required: { nodeSelectorTerms: odd.terms } },
            ...(odd.volumeSpec as object),
          },
        };
        const labels = { [HOSTNAME]: 'a', 'topology.kubernetes.io/zone': 'a' };
        const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a', labels } };
        const cluster = clusterOf([
          made(kind, {
            replicas: odd.replicas,
            strategy: odd.strategy,
            updateStrategy: odd.strategy,
            template,
            volumeClaimTemplates: templates,
          }),
          made('DaemonSet', { template: { spec: { containers: [{ ports: [odd.port] }] } } }, { name: 'daemons' }),
          scaler('HorizontalPodAutoscaler', { scaleTargetRef: odd.target, minReplicas: odd.minimum, maxReplicas: 9 }),
          scaler('ScaledObject', { scaleTargetRef: odd.target, minReplicaCount: odd.minimum, triggers: [odd.metric] }),
          scaler('HorizontalPodAutoscaler', { scaleTargetRef: { kind, name: 'web' }, metrics: [odd.metric] }),
          of('policy/v1', 'PodDisruptionBudget', { selector: odd.selector, minAvailable: odd.available }),
          of('policy/v1', 'PodDisruptionBudget', { selector: odd.selector, maxUnavailable: odd.available }, 'other'),
          of('v1', 'Service', { type: 'NodePort', ports: [odd.servicePort] }),
          of('v1', 'Service', { type: 'NodePort', ports: [odd.servicePort, odd.servicePort] }, 'other'),
          of('v1', 'PersistentVolumeClaim', { ...requests, ...(odd.claimSpec as object) }),
          of('v1', 'LimitRange', { limits: [odd.metric] }),
          resourceOf(volume),
          resourceOf(node, { existing: true }),
        ]);
        for (const rule of rules.filter(({ id }) => stories.includes(id))) {
          for (const item of rule.check?.(cluster) ?? []) {
            for (const { resource, path } of 'unchecked' in item ? [] : [item, ...(item.related ?? [])]) {
              expect([rule.id, path, resource && valueAt(resource.object, path ?? [])]).not.toContain(undefined);
            }
          }
        }
      }),
    );
  });
});
