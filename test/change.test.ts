import { describe, expect, it } from 'vitest';
import { refusals } from '../src/cluster/change/immutable.ts';
import type { Cluster, ClusterTarget } from '../src/cluster/cluster.ts';
import changeDestroysData from '../src/rules/change/change-destroys-data.ts';
import changeRefused from '../src/rules/change/change-refused.ts';
import { lintFiles } from './examples.ts';
import { clusterOf, type Manifest, resourceOf } from './in-memory.ts';

type Spec = Record<string, unknown>;

const job = (template: Spec, spec: Spec = {}): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'run', namespace: 'shop' },
  spec: { ...spec, template },
});

const pod = (container: Spec, spec: Spec = {}): Spec => ({
  spec: { restartPolicy: 'Never', ...spec, containers: [{ name: 'run', image: 'run:1', ...container }] },
});

function refused(before: Manifest, after: Manifest): string[] {
  return [...refusals(resourceOf(before), resourceOf(after), clusterOf([]))].map(({ shown }) => shown);
}

/** What the update strategies of k8s.io/kubernetes 1.36 take as one template, and as two, after a three-way merge. */
describe('a template of a Job', () => {
  const volume = (source: Spec) => pod({}, { volumes: [{ name: 'v', ...source }] });
  const same: [string, Spec, Spec][] = [
    ['dnsPolicy', pod({}), pod({}, { dnsPolicy: 'ClusterFirst' })],
    ['schedulerName', pod({}, { schedulerName: 'default-scheduler' }), pod({})],
    ['security contexts', pod({ securityContext: {} }, { securityContext: null }), pod({})],
    ['the old name of the service account', pod({}, { serviceAccount: 'a' }), pod({}, { serviceAccountName: 'a' })],
    ['a protocol', pod({ ports: [{ containerPort: 80 }] }), pod({ ports: [{ containerPort: 80, protocol: 'TCP' }] })],
    ['no host port', pod({ ports: [{ containerPort: 80 }] }), pod({ ports: [{ containerPort: 80, hostPort: 0 }] })],
    ['a cpu', pod({ resources: { limits: { cpu: 1 } } }), pod({ resources: { limits: { cpu: '1000m' } } })],
    [
      'requests of limits',
      pod({ resources: { limits: { cpu: 1 } } }),
      pod({ resources: { limits: { cpu: 1 }, requests: { cpu: '1' } } }),
    ],
    [
      'a probe',
      pod({ livenessProbe: { httpGet: { port: 80 } } }),
      pod({ livenessProbe: { httpGet: { path: '/', port: 80, scheme: 'HTTP' }, timeoutSeconds: 1 } }),
    ],
    ['an empty variable', pod({ env: [{ name: 'A' }] }), pod({ env: [{ name: 'A', value: '' }] })],
    [
      'a field of a variable',
      pod({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
      pod({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name', apiVersion: 'v1' } } }] }),
    ],
    [
      'ports in another order',
      pod({ ports: [{ containerPort: 80 }, { containerPort: 90 }, { containerPort: 90, protocol: 'UDP' }] }),
      pod({ ports: [{ containerPort: 90 }, { containerPort: 90, protocol: 'UDP' }, { containerPort: 80 }] }),
    ],
    ['a variable that something fills in', pod({}), pod({ env: [{ name: 'A', value: `\${VALUE}` }] })],
    ['a mode as text', volume({ secret: { defaultMode: 256 } }), volume({ secret: { defaultMode: '256' } })],
    ['an empty volume', volume({}), volume({ emptyDir: {} })],
    ['the mode of files', volume({ configMap: { name: 'c' } }), volume({ configMap: { name: 'c', defaultMode: 420 } })],
    ['a type of path', volume({ hostPath: { path: '/a' } }), volume({ hostPath: { path: '/a', type: '' } })],
  ];
  it.each(same)('is the same with %s written', (_, a, b) => {
    expect([refused(job(a), job(b)), refused(job(b), job(a))]).toEqual([[], []]);
  });

  const other: [string, Spec, Spec][] = [
    ['metadata.labels.a', { ...pod({}), metadata: {} }, { ...pod({}), metadata: { labels: { a: 'b' } } }],
    ['spec.hostNetwork', pod({}), pod({}, { hostNetwork: true })],
    ['spec.nodeSelector.a', pod({}, { nodeSelector: { a: 'b' } }), pod({}, { nodeSelector: { a: 'c' } })],
    ['spec.tolerations', pod({}), pod({}, { tolerations: [{ operator: 'Exists' }] })],
    ['spec.volumes[v].emptyDir', volume({ hostPath: { path: '/a' } }), volume({ emptyDir: { sizeLimit: '1Gi' } })],
    ['spec.securityContext.runAsUser', pod({}), pod({}, { securityContext: { runAsUser: 5 } })],
    ['spec.containers[run].command', pod({}), pod({ command: ['sh'] })],
    ['spec.containers[run].args[0]', pod({ args: ['a', 'b'] }), pod({ args: ['b', 'a'] })],
    [
      'spec.containers[run].ports',
      pod({ ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] }),
      pod({ ports: [{ containerPort: 80 }, { containerPort: 90, protocol: 'UDP' }] }),
    ],
    ['spec.containers[run].ports', pod({ ports: [{ containerPort: 80 }] }), pod({ ports: [] })],
    ['spec.containers[run].env[A]', pod({ env: [{ name: 'A', value: '1' }] }), pod({ env: [] })],
    ['spec.containers[run].livenessProbe', pod({}), pod({ livenessProbe: { tcpSocket: { port: 80 } } })],
    [
      'spec.containers[run].resources.limits.memory',
      pod({ resources: { limits: { cpu: 1 } } }),
      pod({ resources: { limits: { cpu: 1, memory: '1Gi' } } }),
    ],
    [
      'spec.containers[run].volumeMounts[v].mountPath',
      pod({ volumeMounts: [{ name: 'v', mountPath: '/a' }] }),
      pod({ volumeMounts: [{ name: 'v', mountPath: '/b' }] }),
    ],
  ];
  it.each(other)('is another with another %s', (path, a, b) => {
    const parent = path.replace(/\[A\]$/, '');
    const found = [...refused(job(a), job(b)), ...refused(job(b), job(a))];
    expect(found.length).toBe(2);
    for (const shown of found) expect(shown.startsWith(`spec.template.${parent.split('[v]')[0]}`)).toBe(true);
  });
});

describe('what the API server lets through', () => {
  const service = (spec: Spec): Manifest => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });
  const secret = (fields: Spec): Manifest => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...fields });
  const bare = (spec: Spec): Manifest => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec });
  const balanced = { type: 'LoadBalancer', loadBalancerClass: 'a.b/c', externalTrafficPolicy: 'Local' };
  const gated = { schedulingGates: [{ name: 'wait' }], containers: [{ name: 'a', image: 'a:1' }] };
  const cases: [string, Manifest, Manifest][] = [
    [
      'families of a Service that stays headless',
      service({ clusterIP: 'None', ipFamilies: ['IPv4'] }),
      service({ ipFamilies: ['IPv6'] }),
    ],
    ['the class of what is no load balancer any more', service(balanced), service({ loadBalancerClass: 'a.b/d' })],
    [
      'a port for health checks that is given up',
      service({ ...balanced, healthCheckNodePort: 30001 }),
      service({ ...balanced, externalTrafficPolicy: 'Cluster', healthCheckNodePort: 30002 }),
    ],
    ['texts of a Secret', secret({ stringData: { a: 'b' } }), secret({ stringData: { a: 'c' } })],
    [
      'a text of an immutable Secret that is no longer written',
      secret({ immutable: true, stringData: { a: 'b', c: 'd' } }),
      secret({ immutable: true, stringData: { a: 'b' } }),
    ],
    ['a selector of nodes for a Pod behind a gate', bare(gated), bare({ ...gated, nodeSelector: { a: 'b' } })],
    [
      'labels and resources of a suspended Job',
      job(pod({ resources: { limits: { cpu: 1 } } }), { suspend: true }),
      job({ ...pod({ resources: { limits: { cpu: 2 } } }), metadata: { labels: { a: 'b' } } }, { suspend: true }),
    ],
    [
      'a volume of which nobody knows what it is',
      { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'v' }, spec: { hostPath: { path: '/a' } } },
      { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'v' }, spec: { nfs: '${NFS}' } },
    ],
  ];
  it.each(cases)('%s', (_, before, after) => {
    expect(refused(before, after)).toEqual([]);
  });

  it('is not the selector of a Pod without a gate, or a label of a Job that runs', () => {
    const { schedulingGates, ...open } = gated;
    expect([
      schedulingGates.length,
      ...refused(bare(open), bare({ ...open, nodeSelector: { a: 'b' } })),
      ...refused(job(pod({})), job({ ...pod({}), metadata: { labels: { a: 'b' } } })),
    ]).toEqual([1, 'spec.nodeSelector', 'spec.template.metadata.labels.a']);
  });
});

const claim = (name: string, namespace = 'shop'): Manifest => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

const target = (name: string, incomplete: boolean): ClusterTarget => ({
  environment: 'test',
  target: name,
  type: 'kustomize',
  findings: [],
  incomplete,
});

function lost(cluster: Cluster): string[] {
  return [...changeDestroysData.check(cluster)].map((item) =>
    'unchecked' in item ? `unchecked: ${item.unchecked} (${item.reason})` : (item.message.split(':')[0] ?? ''),
  );
}

describe('what may have gone elsewhere', () => {
  const withClaim = () => clusterOf([claim('data')], [], { targets: [target('app', false)] });

  it('is not called gone while a target of its environment fails', () => {
    const cluster = clusterOf([], [], { targets: [target('app', false), target('db', true)], before: withClaim() });
    expect(lost(cluster)).toEqual([
      'unchecked: whether PersistentVolumeClaim/data is gone (it was rendered before, and db may render it now: it is not whole)',
    ]);
  });

  it('is not called gone while a target of another environment fails that did not fail before', () => {
    const sides = (broken: boolean) => ({
      targets: [target('other', true)],
      before: clusterOf([], [], { targets: [target('other', broken)] }),
    });
    const beside = (broken: boolean) =>
      clusterOf([], [], {
        targets: [target('app', false)],
        before: withClaim(),
        others: () => [clusterOf([], [], sides(broken))],
      });
    expect(lost(beside(false))).toEqual([
      'unchecked: whether PersistentVolumeClaim/data is gone (it was rendered before, and other may render it now: it is not whole)',
    ]);
    expect(lost(beside(true))).toEqual(['PersistentVolumeClaim/data is no longer rendered']);
  });

  it('has moved where another environment renders it that did not before, and only there', () => {
    const beside = (then: Manifest[]) =>
      clusterOf([], [], {
        targets: [target('app', false)],
        before: withClaim(),
        others: () => [clusterOf([claim('data')], [], { targets: [], before: clusterOf(then) })],
      });
    expect(lost(beside([]))).toEqual([]);
    expect(lost(beside([claim('data')]))).toEqual(['PersistentVolumeClaim/data is no longer rendered']);
  });

  it('is gone with its environment, and with the release of a chart', () => {
    const helm: ClusterTarget = { ...target('app (shop)', false), type: 'helm' };
    const chart = clusterOf([resourceOf(claim('data'), { target: helm.target })], [], { targets: [helm] });
    const messages = (targets: ClusterTarget[], then: Cluster) =>
      [...changeDestroysData.check(clusterOf([], [], { targets, before: then }))].map((item) =>
        'unchecked' in item ? item.unchecked : item.message,
      );
    expect([
      ...messages([], withClaim()),
      ...messages([helm], chart),
      ...messages([target('other', false)], chart),
    ]).toEqual([
      'PersistentVolumeClaim/data is no longer rendered, as all of test is gone: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its data too unless its volume is retained',
      'PersistentVolumeClaim/data is no longer rendered: the next helm upgrade deletes it, and its data too unless its volume is retained',
      'PersistentVolumeClaim/data is no longer rendered: helm deletes it when its release is upgraded or uninstalled, and its data too unless its volume is retained',
    ]);
  });

  it('is nothing to the rules without another side', () => {
    const cluster = clusterOf([claim('data')]);
    expect([...changeDestroysData.check(cluster), ...changeRefused.check(cluster)]).toEqual([]);
  });
});

describe('what a Flux Kustomization with force applies', () => {
  const flux = (path: string | undefined): Manifest => ({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: { force: true, path },
  });
  const messages = (path: string | undefined) => {
    const at = { target: 'apps/prod' };
    const before = clusterOf([resourceOf(job(pod({})), at)]);
    const others = () => [clusterOf([flux(path)])];
    const after = resourceOf(job(pod({ image: 'run:2' })), at);
    return [...changeRefused.check(clusterOf([after], [], { targets: [], before, others }))].map(
      ({ message }) => message,
    );
  };

  it('is made anew, in any environment, where its path holds the target', () => {
    for (const path of ['./apps/prod', 'apps', './', '/deploy/apps/prod/', undefined, '${path}']) {
      expect([path, messages(path)]).toEqual([path, []]);
    }
    expect(messages('./apps/staging')).toEqual([
      'Job/run: spec.template.spec.containers[run].image changes from run:1 to run:2, which the API server refuses (field is immutable)',
    ]);
  });
});

describe('the values of a change', () => {
  const secret = (data: Spec): Manifest => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'token', namespace: 'shop' },
    immutable: true,
    ...data,
  });
  it('are told of names and amounts, never of what may be secret', () => {
    const text = (before: Manifest, after: Manifest) =>
      [...changeRefused.check(clusterOf([after], [], { targets: [], before: clusterOf([before]) }))].map(
        ({ message }) => message,
      );
    expect([
      ...text(secret({ data: { a: 'aHVudGVyMg==' } }), secret({ data: { a: 'aHVudGVyMw==' } })),
      ...text(secret({ stringData: { a: 'hunter2' } }), secret({ data: { a: 'aHVudGVyMw==' } })),
      ...text(secret({ data: { a: 'aHVudGVyMg==', b: '' } }), secret({ stringData: { b: '' } })),
      ...text(job(pod({ args: ['--password=hunter2'] })), job(pod({ args: ['--password=hunter3'] }))),
      ...text(job(pod({ image: 'https://a:hunter2@b/c' })), job(pod({ image: 'https://a:hunter3@b/c' }))),
    ]).toEqual([
      'Secret/token: data.a changes, which the API server refuses (field is immutable when immutable is set)',
      'Secret/token: data.a changes, which the API server refuses (field is immutable when immutable is set)',
      'Secret/token: data.a is no longer set, which the API server refuses (field is immutable when immutable is set)',
      'Job/run: spec.template.spec.containers[run].args[0] changes, which the API server refuses (field is immutable)',
      'Job/run: spec.template.spec.containers[run].image changes, which the API server refuses (field is immutable)',
    ]);
  });
});

describe('what is gone', () => {
  const kept = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n';
  const claims = ['a', 'b'].map((name) => `---\n${JSON.stringify(claim(name))}\n`).join('');
  it('is told of at today’s file, with the place where it stood, and each overlay that loses it', async () => {
    const overlays = {
      'prod/kustomization.yaml': 'resources: [../base]\n',
      'test/kustomization.yaml': 'resources: [../base]\n',
    };
    const { diagnostics } = await lintFiles(
      { ...overlays, 'base/kustomization.yaml': 'resources:\n  - kept.yaml\n', 'base/kept.yaml': kept },
      {
        rules: ['change-destroys-data'],
        before: {
          ...overlays,
          'base/kustomization.yaml': 'resources:\n  - kept.yaml\n  - claims.yaml\n',
          'base/kept.yaml': kept,
          'base/claims.yaml': claims,
        },
      },
    );
    const told = (name: string, line: number) => ({
      rule: 'change-destroys-data',
      severity: 'warning',
      message: `PersistentVolumeClaim/${name} is no longer rendered: whatever prunes (Flux, Argo CD, kubectl apply --prune) deletes it, and its data too unless its volume is retained`,
      resource: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'shop', name },
      path: [],
      location: { file: 'base/kustomization.yaml', line: 1, column: 1 },
      related: [{ message: `it stood here before, on line ${line}`, location: { file: 'base/claims.yaml' } }],
      targets: [
        { environment: 'prod', target: 'prod' },
        { environment: 'test', target: 'test' },
      ],
      fingerprint: expect.any(String),
    });
    expect(diagnostics).toEqual([told('a', 2), told('b', 4)]);
  });
});
