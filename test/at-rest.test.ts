import { expect, it } from 'vitest';
import imagePlaceholder from '../src/rules/image/image-placeholder.ts';
import imageReferenceInvalid from '../src/rules/image/image-reference-invalid.ts';
import limitRangeViolated from '../src/rules/quota/limit-range-violated.ts';
import runAsNonRootContradiction from '../src/rules/security/run-as-non-root-contradiction.ts';
import dataDirectoryOwnerMismatch from '../src/rules/storage/data-directory-owner-mismatch.ts';
import fsGroupIgnored from '../src/rules/storage/fs-group-ignored.ts';
import argumentRepeated from '../src/rules/workload/argument-repeated.ts';
import heapExceedsLimit from '../src/rules/workload/heap-exceeds-limit.ts';
import probePortUnserved from '../src/rules/workload/probe-port-unserved.ts';
import probeVariableEmpty from '../src/rules/workload/probe-variable-empty.ts';
import { clusterOf, type Manifest } from './in-memory.ts';

const only = (container: Manifest): Manifest => ({ containers: [{ name: 'c', image: 'web:1', ...container }] });
const secret = { secretKeyRef: { name: 's', key: 'k' } };
const limits = { limits: { memory: '1Gi' } };

it.each([
  [imagePlaceholder, only({ image: 'web:PLACEHOLDER' })],
  [imageReferenceInvalid, only({ image: 'web:' })],
  [runAsNonRootContradiction, { ...only({}), securityContext: { runAsNonRoot: true, runAsUser: 0 } }],
  [argumentRepeated, only({ image: 'prom/prometheus:v3.7.3', args: ['--config.file=a', '--config.file=b'] })],
  [heapExceedsLimit, only({ env: [{ name: 'JAVA_OPTS', value: '-Xmx4g' }], resources: limits })],
  [
    heapExceedsLimit,
    only({ env: [{ name: 'JAVA_OPTS', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }], resources: limits }),
  ],
  [probePortUnserved, only({ livenessProbe: { tcpSocket: { port: 'http' } } })],
  [
    probeVariableEmpty,
    only({ env: [{ name: 'A', valueFrom: secret }], livenessProbe: { exec: { command: ['x', '$(A)'] } } }),
  ],
  [
    fsGroupIgnored,
    {
      ...only({ volumeMounts: [{ name: 'd', mountPath: '/d' }] }),
      securityContext: { runAsUser: 1000, fsGroup: 1000 },
      volumes: [{ name: 'd', hostPath: { path: '/srv/d', type: 'DirectoryOrCreate' } }],
    },
  ],
  [
    dataDirectoryOwnerMismatch,
    {
      ...only({ image: 'postgres:17', volumeMounts: [{ name: 'd', mountPath: '/var/lib/postgresql/data' }] }),
      securityContext: { runAsUser: 1000 },
      volumes: [{ name: 'd', emptyDir: {} }],
    },
  ],
  [
    limitRangeViolated,
    {
      ...only({}),
      volumes: [
        { name: 'd', ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '5Gi' } } } } } },
      ],
    },
  ],
])('is a warning without replicas: $id, %#', (rule, spec) => {
  const findings = (replicas: number) => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { k: 'java -Xmx4g' } };
    const range = {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'r' },
      spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }] },
    };
    const web = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec } },
    };
    return [...rule.check(clusterOf([map, range, web]))].map((found) =>
      'message' in found ? [found.severity, found.message] : found,
    );
  };
  const [[severity, message] = [], ...more] = findings(1) as [unknown, string][];
  expect([severity, more]).toEqual([undefined, []]);
  expect(findings(0)).toEqual([['warning', `${message}; replicas is 0: it bites at the first scale-up`]]);
});
