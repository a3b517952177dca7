import { describe, expect, it } from 'vitest';
import { lintFiles } from './examples.ts';

const NAMESPACE = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { pod-security.kubernetes.io/enforce: restricted } }
`;

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec:
  containers:
    - { name: web, image: "web:1", env: [{ name: NODE_OPTIONS, valueFrom: { configMapKeyRef: { name: web, key: node } } }], RESOURCES }
`;

const pod = (resources: string) => POD.replace(/RESOURCES/, resources);

const quota = (hard: string) => `
apiVersion: v1
kind: ResourceQuota
metadata: { name: compute, namespace: shop }
spec: { hard: { ${hard} } }
`;

const limitRange = (limit: string) => `
apiVersion: v1
kind: LimitRange
metadata: { name: bounds, namespace: shop }
spec: { limits: [{ ${limit} }] }
`;

const CLAIM = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data, namespace: shop }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 5Gi } } }
`;

const SCALED = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "web:1" }] }
---${NAMESPACE}`;

const SCALER = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web, namespace: shop }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }, maxReplicas: 3 }
`;

const HEAP = `
apiVersion: v1
kind: ConfigMap
metadata: { name: web, namespace: shop }
data: { node: --max-old-space-size=4096 }
`;

const STORE = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: store, namespace: shop }
spec:
  serviceName: store
  selector: { matchLabels: { app: store } }
  template:
    metadata: { labels: { app: store } }
    spec:
      securityContext: { runAsUser: 1000, fsGroup: 1000 }
      containers: [{ name: store, image: "store:1", volumeMounts: [{ name: data, mountPath: /data }] }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { storageClassName: disk, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

const VOLUME = `
apiVersion: v1
kind: PersistentVolume
metadata: { name: disk }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  storageClassName: disk
  hostPath: { path: /srv/store, type: DirectoryOrCreate }
`;

describe('what is wrong between two objects that may be alternatives', () => {
  it.each([
    ['pod-security-denied', NAMESPACE, pod('')],
    ['quota-exceeded', quota('limits.memory: 1Gi'), pod('resources: { limits: { memory: 2Gi } }')],
    ['quota-needs-resources', quota('limits.memory: 1Gi'), `${pod('')}---${NAMESPACE}`],
    [
      'limit-range-violated',
      limitRange('type: Container, max: { memory: 1Gi }'),
      pod('resources: { limits: { memory: 2Gi } }'),
    ],
    [
      'limit-range-violated',
      limitRange('type: Container, default: { memory: 1Gi }'),
      pod('resources: { requests: { memory: 2Gi } }'),
    ],
    ['limit-range-violated', limitRange('type: PersistentVolumeClaim, max: { storage: 1Gi }'), CLAIM],
    ['autoscaler-metric-missing', SCALER, SCALED],
    ['heap-exceeds-limit', HEAP, pod('resources: { limits: { memory: 1Gi } }')],
    ['fs-group-ignored', VOLUME, STORE],
  ])('is a warning, and an error once it is sure: %s, %#', async (rule, one, other) => {
    const severities = async (files: Record<string, string>) =>
      (await lintFiles(files, { rules: [rule] })).diagnostics.map((found) => [found.rule, found.severity]);
    expect(await severities({ 'one.yaml': one, 'other.yaml': other })).toEqual([[rule, 'warning']]);
    expect(await severities({ 'both.yaml': `${one}---${other}` })).toEqual([[rule, 'error']]);
  });

  it('is an error as soon as one file alone is too much', async () => {
    const files = {
      'one.yaml': `${quota('limits.memory: 1Gi')}---${pod('resources: { limits: { memory: 2Gi } }')}`,
      'other.yaml': pod('resources: { limits: { memory: 2Gi } }').replace('name: web', 'name: other'),
    };
    const { diagnostics } = await lintFiles(files, { rules: ['quota-exceeded'] });
    expect(diagnostics.map(({ severity, message }) => [severity, message])).toEqual([
      [
        'error',
        'exceeded quota: compute, needed: limits.memory=4Gi, limited: limits.memory=1Gi: some pods of the namespace are never created',
      ],
    ]);
  });
});
