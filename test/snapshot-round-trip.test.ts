import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { assemble, type LoadedTarget } from '../src/assemble.ts';
import type { Cluster } from '../src/cluster/cluster.ts';
import { type Referent, referencesOf } from '../src/cluster/references/references.ts';
import { scalingOf } from '../src/cluster/workload/autoscalers.ts';
import { asList, asMap, valueAt } from '../src/cluster/workloads.ts';
import type { Environment } from '../src/config/config.ts';
import { loadConfig } from '../src/config/load.ts';
import { diagnose } from '../src/diagnose.ts';
import { type Loaded, load } from '../src/load.ts';
import { readManifests } from '../src/render/manifests.ts';
import { render } from '../src/render/render.ts';
import type { RenderContext } from '../src/render/target.ts';
import { findTools, pinned } from '../src/render/tools.ts';
import { groupOf, type Resource } from '../src/resource.ts';
import { yaml } from '../src/rule.ts';
import { rules } from '../src/rules/index.ts';
import { wantedKinds } from '../src/snapshot/kinds.ts';
import { type Answer, snapshotFrom } from '../src/snapshot/snapshot.ts';
import { snapshotText } from '../src/snapshot/text.ts';
import { SourceFiles } from '../src/source.ts';
import { lintFiles } from './examples.ts';
import { clusterOf, resourceOf, workload } from './in-memory.ts';

type Fields = Record<string, unknown>;

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const repositories = [
  ...readdirSync(join(fixtures, 'projects')).map((name) => `projects/${name}/fixed`),
  ...readdirSync(join(fixtures, 'fine')).map((name) => `fine/${name}`),
];

describe('what is deployed, judged by a snapshot of its cluster', () => {
  it.each(repositories)('is as fine as without: %s', async (name) => {
    const cwd = join(fixtures, name);
    for (const { environment, targets, existing } of await renderAll(cwd)) {
      const built = (facts: Loaded) =>
        assemble({
          environment,
          targets,
          existing: facts,
          existingWhole: true,
          kubernetesVersion: environment.kubernetesVersion,
          substitutes: () => false,
          rules,
        });
      const { cluster } = built(existing);
      const text = snapshotOfDeployed(cluster);
      const sources = new SourceFiles(cwd);
      sources.add('snapshot.yaml', text);
      const read = readManifests('snapshot.yaml', sources);
      expect(read.findings).toEqual([]);
      const snapshot = await load(read.objects);
      const before = new Set(await findingsOf(cluster));
      for (const facts of [snapshot, together(existing, snapshot)]) {
        const { cluster, unchecked } = built(facts);
        const found = await findingsOf(cluster);
        expect([environment.name, found.filter((finding) => !before.has(finding))]).toEqual([environment.name, []]);
        expect(unchecked.filter(({ reason }) => reason === 'an existing object that is not valid')).toEqual([]);
      }
    }
  });
});

it('adds to facts written by hand, and counts what both describe once', async () => {
  const byHand = yaml`
    apiVersion: v1
    kind: Node
    metadata: { name: worker }
    ---
    apiVersion: v1
    kind: Secret
    metadata: { name: app, namespace: shop }
    data: { host: Z29uZQ== }
    stringData: { user: shop }
  `;
  const snapshot = yaml`
    { apiVersion: v1, kind: List, items: [{ apiVersion: v1, kind: ServiceList, items: [] }] }
    ---
    apiVersion: v1
    kind: Node
    metadata: { name: worker, labels: { __proto__: x } }
    ---
    apiVersion: v1
    kind: Secret
    metadata: { name: app, namespace: shop }
    stringData: { host: "", port: "" }
  `;
  const pod = yaml`
    apiVersion: v1
    kind: Pod
    metadata: { name: web, namespace: shop }
    spec:
      nodeSelector: { pool: web }
      containers:
        - name: web
          image: registry.example.com/web:1.0.0
          env:
            - { name: DB_HOST, valueFrom: { secretKeyRef: { name: app, key: host } } }
            - { name: DB_PORT, valueFrom: { secretKeyRef: { name: app, key: port } } }
            - { name: DB_USER, valueFrom: { secretKeyRef: { name: app, key: user } } }
  `;
  for (const [a, b] of [
    [byHand, snapshot],
    [snapshot, byHand],
  ] as const) {
    const { diagnostics } = await lintFiles({
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [pod.yaml] }], existing: [a.yaml, b.yaml] } }\n',
      'pod.yaml': pod,
      'a.yaml': a,
      'b.yaml': b,
    });
    expect(diagnostics.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([
      "pod-unschedulable: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector; no Node has the label pool",
      "host-unresolved: Pod/web dials gone (host in Secret/app), but there is no Service/gone in namespace shop: the name doesn't resolve",
    ]);
  }
});

it('keeps what another file adds to shared facts to the environments that name it', async () => {
  const node = (labels: string) => yaml`
    apiVersion: v1
    kind: Node
    metadata: { name: worker, labels: ${labels} }
  `;
  const { diagnostics } = await lintFiles({
    'k8s-lint.yaml': yaml`
      environments:
        a: { targets: [{ manifests: [pod.yaml] }], existing: [nodes.yaml, pools.yaml] }
        b: { targets: [{ manifests: [pod.yaml] }], existing: [nodes.yaml] }
    `,
    'pod.yaml': yaml`
      apiVersion: v1
      kind: Pod
      metadata: { name: web }
      spec: { nodeSelector: { pool: web }, containers: [{ name: web, image: 'registry.example.com/web:1.0.0' }] }
    `,
    'nodes.yaml': node('{ arch: arm64 }'),
    'pools.yaml': node('{ pool: web }'),
  });
  expect(diagnostics.map(({ rule, targets }) => [rule, targets.map(({ environment }) => environment)])).toEqual([
    ['pod-unschedulable', ['b']],
  ]);
});

it('says nothing of Secrets in a namespace that is yet to be made', async () => {
  const lintIn = async (existing: string) => {
    const { diagnostics, unchecked } = await lintFiles({
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [pod.yaml] }], existing: [facts.yaml] } }\n',
      'pod.yaml': yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: preview }
        spec:
          containers: [{ name: web, image: "web:1", envFrom: [{ secretRef: { name: app } }] }]
      `,
      'facts.yaml': `{ apiVersion: v1, kind: List, items: [{ apiVersion: v1, kind: SecretList, items: [] }] }\n---\n${existing}`,
    });
    return [diagnostics.map(({ message }) => message), unchecked.map(({ what, reason }) => `${what}: ${reason}`)];
  };
  const namespace = (name: string) => `{ apiVersion: v1, kind: Namespace, metadata: { name: ${name} } }\n`;
  const missing = [
    ['there is no Secret/app in namespace preview: the container stays in CreateContainerConfigError'],
    [],
  ];
  expect(await lintIn(namespace('shop'))).toEqual([
    [],
    ['references to Secret objects in namespace preview: existing holds no Secret in namespace preview'],
  ]);
  expect(await lintIn(namespace('preview'))).toEqual(missing);
  // Namespaces aren't told, or one of them holds something.
  expect(await lintIn('')).toEqual(missing);
  const account = '{ apiVersion: v1, kind: ServiceAccount, metadata: { name: a, namespace: preview } }\n';
  expect(await lintIn(`${namespace('shop')}---\n${account}`)).toEqual(missing);
});

it('tells what a target without a namespace scales, though its autoscaler is deployed already', () => {
  const autoscaler = (metadata: object) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', ...metadata },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 2,
      maxReplicas: 5,
    },
  });
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 3, template: { spec: { containers: [] } } },
  };
  const deployed = resourceOf(autoscaler({ namespace: 'default' }), { existing: true });
  const scaling = (...others: Resource[]) => {
    const cluster = clusterOf([resourceOf(deployment), ...others]);
    const { minimum, maximum } = scalingOf(cluster, workload(cluster, 'web'));
    return [minimum, maximum];
  };
  expect(scaling(resourceOf(autoscaler({})), deployed)).toEqual([2, 5]);
  expect(scaling(deployed)).toEqual([undefined, undefined]);
});

async function findingsOf(cluster: Cluster): Promise<string[]> {
  const { located, bugs } = await diagnose(cluster, rules, new Map());
  expect(bugs).toEqual([]);
  return located.map(
    ({ rule, severity, message, location, resource }) =>
      `${location.file}:${location.line} ${resource?.kind}/${resource?.name} ${severity} ${rule}: ${message}`,
  );
}

function together(one: Loaded, other: Loaded): Loaded {
  return {
    objects: [...one.objects, ...other.objects],
    findings: [],
    foreign: 0,
    emptyKinds: [...one.emptyKinds, ...other.emptyKinds],
  };
}

interface Rendered {
  environment: Environment;
  targets: LoadedTarget[];
  existing: Loaded;
}

/** The environments of a repository, each target rendered for real. */
async function renderAll(cwd: string): Promise<Rendered[]> {
  const sources = new SourceFiles(cwd);
  const ruleIds = async () => rules.map(({ id }) => id);
  const { environments } = await loadConfig(join(cwd, 'k8s-lint.yaml'), { cwd, sources, ruleIds });
  const { kubectl, helm } = await pinned('v35');
  const tools = findTools({ kustomize: kubectl, helm });
  return Promise.all(
    environments.map(async (environment) => {
      const { kubernetesVersion } = environment;
      const context: RenderContext = {
        cwd,
        root: cwd,
        sources,
        tools,
        timeout: 60_000,
        ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
      };
      const targets = await Promise.all(
        environment.targets.map(async (target): Promise<LoadedTarget> => {
          const rendered = await render(target, context);
          expect({ ...rendered, objects: [] }).toMatchObject({ findings: [], unchecked: [] });
          return { target, rendered, loaded: await load(rendered.objects), incomplete: false };
        }),
      );
      const facts = environment.existing.flatMap((file) => readManifests(file, sources).objects);
      return { environment, targets, existing: await load(facts) };
    }),
  );
}

/** What `k8s-lint snapshot` writes of a cluster in which all of that is deployed, with what its controllers make. */
function snapshotOfDeployed(cluster: Cluster): string {
  const items = stored(cluster);
  const custom = new Set(
    items
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .map(
        (definition) => `${valueAt(definition, ['spec', 'group'])}/${valueAt(definition, ['spec', 'names', 'kind'])}`,
      ),
  );
  const answers = wantedKinds().map((kind) => {
    const { group, apiVersion } = kind;
    const own = items.filter((item) => groupOf(`${item.apiVersion}`) === group && item.kind === kind.kind);
    const isServed = BUILT_IN.has(group) || custom.has(`${group}/${kind.kind}`);
    const served = `${own[0]?.apiVersion ?? apiVersion}`;
    const answer: Answer = isServed ? { state: 'read', items: own, apiVersion: served } : { state: 'not-served' };
    return { kind, answer };
  });
  return snapshotText(snapshotFrom(answers).snapshot);
}

const BUILT_IN = new Set([
  ...['', 'apps', 'batch', 'autoscaling', 'policy', 'networking.k8s.io', 'storage.k8s.io', 'scheduling.k8s.io'],
  ...['node.k8s.io', 'rbac.authorization.k8s.io', 'apiextensions.k8s.io', 'apiregistration.k8s.io'],
  ...['admissionregistration.k8s.io', 'resource.k8s.io'],
]);

/** The objects of a cluster as its API server holds them. */
function stored(cluster: Cluster): Fields[] {
  const deployed = cluster.resources.filter(({ hooks }) => !hooks.includes('test')).map(asStored);
  const all = new Map(deployed.map((object) => [identityOf(object), object]));
  const add = (...objects: Fields[]) => {
    for (const object of objects) if (!all.has(identityOf(object))) all.set(identityOf(object), object);
  };
  // What others have made by hand, with the keys that somebody asks for.
  const handMade = new Map<string, Fields>();
  for (const reference of [...referencesOf(cluster).values()].flat()) {
    const { referents, optional, keys } = reference;
    const ids = referents.map(({ group, kind, scope, name }) =>
      JSON.stringify([group, kind, namespaceOf(scope), name]),
    );
    const [id = ''] = ids;
    if (optional || ids.some((known) => all.has(known))) continue;
    const object = handMade.get(id) ?? referent(referents[0]);
    for (const { key } of keys) Object.assign(asMap(object.data) ?? {}, { [key]: 'aHVudGVyMg==' });
    handMade.set(id, object);
  }
  add(...handMade.values());
  for (const { group, object } of cluster.resources) {
    for (const name of solverClasses(group, object)) {
      add({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name } });
    }
  }
  for (const object of [...all.values()]) {
    if (object.kind === 'PersistentVolumeClaim') add(volumeOf(object));
    if (object.kind === 'StatefulSet') add(...claimsOf(object).flatMap((claim) => [claim, volumeOf(claim)]));
  }
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease', ...namespaces(all.values())]) {
    add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'kubernetes.io/metadata.name': name } } });
    const metadata = { name: 'default', namespace: name };
    add({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    add({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name: 'kube-root-ca.crt' },
      data: { 'ca.crt': 'x' },
    });
  }
  add(...everyCluster(cluster));
  for (const { apiVersion, kind, metadata } of [...all.values()]) {
    const [group = '', version = ''] = `${apiVersion}`.split('/');
    const isClusterScoped = asMap(metadata)?.namespace === undefined;
    if (version !== '' && !BUILT_IN.has(group)) add(definition(group, `${kind}`, version, isClusterScoped));
  }
  return [...all.values()];
}

function solverClasses(group: string, object: unknown): string[] {
  if (group !== 'cert-manager.io') return [];
  return asList(valueAt(object, ['spec', 'acme', 'solvers'])).flatMap((solver) => {
    const name = valueAt(solver, ['http01', 'ingress', 'ingressClassName']);
    return typeof name === 'string' ? [name] : [];
  });
}

function asStored({ object, clusterScoped, scope, name, hooks }: Resource): Fields {
  const { metadata, stringData, ...content } = object as unknown as Fields;
  const texts = Object.entries(asMap(stringData) ?? {}).map(([key, value]) => [
    key,
    Buffer.from(`${value}`).toString('base64'),
  ]);
  const result: Fields = {
    ...content,
    metadata: {
      ...asMap(metadata),
      name,
      ...(clusterScoped ? {} : { namespace: namespaceOf(scope) }),
      uid: '7d4f',
      managedFields: [{ manager: 'kubectl' }],
    },
    ...(stringData === undefined ? {} : { data: { ...asMap(content.data), ...Object.fromEntries(texts) } }),
  };
  if (object.kind === 'Service' && content.spec !== undefined) result.spec = serviceSpec(asMap(content.spec) ?? {});
  if (object.kind === 'Job' && hooks.length > 0) result.status = { conditions: [{ type: 'Complete', status: 'True' }] };
  return result;
}

/** An API server gives Services addresses, and ports on the nodes where they ask for them. */
function serviceSpec(spec: Fields): Fields {
  const onNodes = spec.type === 'LoadBalancer' || spec.type === 'NodePort';
  return {
    type: 'ClusterIP',
    ...(spec.type === 'ExternalName' ? {} : { clusterIP: '10.43.0.9' }),
    ...spec,
    ...(spec.ports === undefined
      ? {}
      : {
          ports: asList(spec.ports).map((item, i) => {
            const port = asMap(item) ?? {};
            const nodePort = onNodes ? { nodePort: 31_000 + i } : {};
            return { protocol: 'TCP', targetPort: port.port, ...nodePort, ...port };
          }),
        }),
  };
}

/** What kubectl makes of an unset namespace. */
function namespaceOf(scope: string): string {
  return scope.startsWith('\0') ? 'default' : scope;
}

function identityOf({ apiVersion, kind, metadata }: Fields): string {
  const { namespace = '', name } = asMap(metadata) ?? {};
  return JSON.stringify([groupOf(`${apiVersion}`), kind, namespace, name]);
}

function referent({ group, kind, scope, name }: Referent): Fields {
  const { apiVersion = `${group}/v1` } =
    wantedKinds().find((candidate) => candidate.group === group && candidate.kind === kind) ?? {};
  const namespace = namespaceOf(scope);
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    ...(kind === 'Secret' ? { type: 'Opaque' } : {}),
    ...(kind === 'Secret' || kind === 'ConfigMap' ? { data: {} } : {}),
  };
}

function claimsOf({ metadata, spec }: Fields): Fields[] {
  const { name, namespace } = asMap(metadata) ?? {};
  return asList(asMap(spec)?.volumeClaimTemplates).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: `${valueAt(template, ['metadata', 'name'])}-${name}-0`, namespace },
    spec: { ...asMap(asMap(template)?.spec), volumeName: `pvc-${namespace}-${name}` },
  }));
}

/** The volume that a provisioner makes for a claim. */
function volumeOf({ metadata, spec }: Fields): Fields {
  const { name, namespace } = asMap(metadata) ?? {};
  const { accessModes, resources, storageClassName = 'standard', volumeName } = asMap(spec) ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName ?? `pvc-${namespace}-${name}` },
    spec: {
      accessModes,
      capacity: asMap(resources)?.requests,
      storageClassName,
      claimRef: { name, namespace },
      csi: { driver: 'csi.example.com', volumeHandle: 'x' },
    },
  };
}

function namespaces(objects: Iterable<Fields>): string[] {
  return [...objects].flatMap(({ metadata }) => {
    const namespace = asMap(metadata)?.namespace;
    return typeof namespace === 'string' ? [namespace] : [];
  });
}

/** What every cluster has, and Nodes and a class of storage where the facts have none. */
function everyCluster(cluster: Cluster): Fields[] {
  const system = { name: 'kube-dns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
  const ports = ['UDP', 'TCP'].map((protocol) => ({
    name: `dns-${protocol.toLowerCase()}`,
    port: 53,
    protocol,
    targetPort: 53,
  }));
  const containers = [{ name: 'coredns', image: 'registry.k8s.io/coredns/coredns:v1.12.0' }];
  const nodes = [1, 2, 3].map((number) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${number}`,
      labels: {
        'kubernetes.io/hostname': `node-${number}`,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
      },
    },
    status: { allocatable: { cpu: '32', memory: '128Gi', pods: '110', 'ephemeral-storage': '500Gi' } },
  }));
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: system,
      spec: { clusterIP: '10.43.0.10', selector: system.labels, ports },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...system, name: 'coredns' },
      spec: {
        selector: { matchLabels: system.labels },
        template: { metadata: { labels: system.labels }, spec: { containers } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kubernetes', namespace: 'default' },
      spec: { clusterIP: '10.43.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }] },
    },
    ...['system-cluster-critical', 'system-node-critical'].map((name) => ({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value: 2_000_000_000,
    })),
    ...(cluster.knows('', 'Node') ? [] : nodes),
    ...(cluster.knows('storage.k8s.io', 'StorageClass')
      ? []
      : [
          {
            apiVersion: 'storage.k8s.io/v1',
            kind: 'StorageClass',
            metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
            provisioner: 'csi.example.com',
          },
        ]),
  ];
}

function definition(group: string, kind: string, version: string, clusterScoped: boolean): Fields {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural },
      scope: clusterScoped ? 'Cluster' : 'Namespaced',
      versions: [{ name: version, served: true, storage: true }],
    },
  };
}
