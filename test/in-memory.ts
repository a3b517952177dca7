import { Cluster, type ClusterInput } from '../src/cluster/cluster.ts';
import { type Workload, workloadOf } from '../src/cluster/workloads.ts';
import { toResource } from '../src/load.ts';
import type { KubernetesObject, Resource } from '../src/resource.ts';

const CLUSTER_SCOPED = new Set([
  'Namespace',
  'Node',
  'CustomResourceDefinition',
  'RuntimeClass',
  'IngressClass',
  'GatewayClass',
  'ClusterIssuer',
]);

/** Any object, as a test writes it. */
export type Manifest = Record<string, unknown>;

/** A resource of an object that no file holds: it can be judged, not located. */
export function resourceOf(object: Manifest, options: { target?: string; existing?: boolean } = {}): Resource {
  const { target = 'target', existing = false } = options;
  const rendered = { value: object, source: { file: 'none' }, locate: async () => ({ file: 'none' }) };
  return toResource(
    { object: object as unknown as KubernetesObject, prefix: [], rendered },
    {
      ref: { environment: 'test', target },
      namespace: undefined,
      clusterScoped: CLUSTER_SCOPED.has(String(object.kind)),
      existing,
      loose: false,
    },
  );
}

/** A cluster of objects, without files, tools or schemas; `refused` are those with which the schemas find fault. */
export function clusterOf(
  resources: readonly (Resource | Manifest)[],
  refused: readonly Resource[] = [],
  sides: Pick<ClusterInput, 'before' | 'others' | 'targets'> = { targets: [] },
): Cluster {
  return new Cluster({
    environment: 'test',
    configured: true,
    kubernetesVersion: undefined,
    ...sides,
    resources: resources.map((item) => (isResource(item) ? item : resourceOf(item))),
    schemaErrors: refused.map((resource) => ({
      resource,
      error: { path: [], message: 'refused', kind: 'type' as const },
    })),
    emptyKinds: new Set(),
    substitutes: () => false,
  });
}

function isResource(item: Resource | Manifest): item is Resource {
  return typeof item.locate === 'function';
}

/** The workload of that name. Throws where there is none. */
export function workload(cluster: Cluster, name: string): Workload {
  const found = cluster.resources.map(workloadOf).find((candidate) => candidate?.resource.name === name);
  const known = cluster.workloads.find(({ resource }) => resource === found?.resource);
  if (!known) throw new Error(`no workload is called ${name}`);
  return known;
}
