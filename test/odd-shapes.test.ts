import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rules } from '../src/rules/index.ts';
import { clusterOf, type Manifest } from './in-memory.ts';

const metadata = { name: 'odd', namespace: 'odd' };

/** Objects whose kinds have no schema here, or whose items may be null, with anything in the fields that rules read. */
function oddObjects(v: readonly unknown[]): Manifest[] {
  const container = {
    name: v[0],
    image: v[1],
    env: v[2],
    envFrom: v[3],
    ports: v[4],
    args: v[5],
    command: v[6],
    volumeMounts: v[7],
  };
  const listed = {
    env: [v[0]],
    envFrom: [v[1]],
    ports: [v[2]],
    volumeMounts: [v[3]],
    resources: { limits: v[4], requests: v[5] },
  };
  const pod = { containers: [container, listed, v[8]], initContainers: v[9], volumes: [v[0]], hostNetwork: true };
  const template = { metadata: { labels: v[1], annotations: v[2] }, spec: pod };
  const rollout = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata };
  return [
    { ...rollout, spec: { replicas: v[3], selector: v[4], template } },
    {
      ...rollout,
      spec: {
        selector: { matchLabels: v[5], matchExpressions: v[6] },
        template: { metadata: v[7], spec: { containers: v[8] } },
      },
    },
    {
      ...rollout,
      spec: {
        selector: { matchLabels: { app: v[0] }, matchExpressions: [v[1], { key: v[2], operator: v[3], values: v[4] }] },
        template,
      },
    },
    {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { ...metadata, labels: v[9], annotations: v[0] },
      spec: { template },
    },
    { apiVersion: 'v1', kind: 'ReplicationController', metadata, spec: { selector: v[5], template } },
    { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { selector: { matchLabels: { app: v[6] } }, template } },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: v[7] },
    { apiVersion: 'traefik.io/v1alpha1', kind: 'IngressRoute', metadata, spec: v[8] },
    { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', metadata, spec: v[9] },
  ];
}

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (_, rule) => {
  it('survives every shape, and points at what is there', () => {
    const values = fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(values, (v) => {
        for (const item of rule.check?.(clusterOf(oddObjects(v))) ?? []) {
          if ('unchecked' in item || !item.resource) continue;
          let at: unknown = item.resource.object;
          for (const key of item.path ?? []) {
            expect(Object.hasOwn(at as object, key)).toBe(true);
            at = (at as Record<string | number, unknown>)[key];
          }
        }
      }),
    );
  });
});
