import type { ServedResource } from './api-server.ts';

type Fields = Record<string, unknown>;

const CONTROLLED_BY = (apiVersion: string, kind: string) => [
  { apiVersion, kind, name: 'x', uid: 'x', controller: true },
];

function base64(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
}

/** What kubectl's own annotation and the API server add to every object. */
function stored(object: Fields): Fields {
  const { metadata, ...rest } = object as { metadata: Fields };
  return {
    metadata: {
      ...metadata,
      uid: '7d4f',
      resourceVersion: '815',
      creationTimestamp: '2026-01-31T00:00:00Z',
      managedFields: [{ manager: 'kubectl', operation: 'Apply' }],
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(object),
        ...(metadata.annotations as Fields | undefined),
      },
    },
    ...rest,
  };
}

function served(apiVersion: string, plural: string, kind: string, items: Fields[], namespaced = true): ServedResource {
  return { apiVersion, plural, kind, namespaced, items: items.map(stored) };
}

const container = {
  name: 'web',
  image: 'registry.example.com/web:1.2.3',
  args: ['--api-key=hunter2-in-args', '--ingress-class=public'],
  env: [{ name: 'PASSWORD', value: 'hunter2-in-env' }],
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
};

/** A small cluster as an API server stores it: what rules use, among what they don't, and secrets in every place. */
export function smallCluster(): ServedResource[] {
  return [
    served(
      'v1',
      'nodes',
      'Node',
      [
        {
          metadata: {
            name: 'worker-2',
            labels: { 'kubernetes.io/os': 'linux', 'k8s.scaleway.com/pool-name': 'burst' },
            annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
          },
          spec: {
            podCIDR: '10.42.1.0/24',
            taints: [
              { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', timeAdded: '2026-01-31T00:00:00Z' },
              { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' },
              { key: 'dedicated', value: 'burst', effect: 'NoSchedule', timeAdded: '2026-01-31T00:00:00Z' },
            ],
          },
          status: {
            addresses: [{ type: 'InternalIP', address: '10.0.0.2' }],
            allocatable: { cpu: '2', memory: '3893412Ki', pods: '110' },
            capacity: { cpu: '2', memory: '4000000Ki', pods: '110' },
            conditions: [{ type: 'Ready', status: 'False' }],
            images: [{ names: ['registry.example.com/web:1.2.3'], sizeBytes: 1 }],
            nodeInfo: { kubeletVersion: 'v1.34.1', bootID: 'b' },
          },
        },
        {
          metadata: { name: 'worker-1', labels: { 'kubernetes.io/os': 'linux', yes: 'no' } },
          spec: { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] },
          status: { allocatable: { cpu: '2', memory: '3893412Ki', pods: '110' } },
        },
      ],
      false,
    ),
    served(
      'v1',
      'namespaces',
      'Namespace',
      [{ metadata: { name: 'shop', labels: { 'kubernetes.io/metadata.name': 'shop' } }, status: { phase: 'Active' } }],
      false,
    ),
    served('v1', 'services', 'Service', [
      {
        metadata: { name: 'db', namespace: 'shop' },
        spec: {
          type: 'ClusterIP',
          clusterIP: '10.43.0.7',
          clusterIPs: ['10.43.0.7'],
          ipFamilies: ['IPv4'],
          selector: { app: 'db' },
          ports: [{ port: 5432, protocol: 'TCP', targetPort: 5432 }],
        },
        status: { loadBalancer: {} },
      },
      {
        metadata: { name: 'pods', namespace: 'shop' },
        spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 1, protocol: 'TCP', targetPort: 1 }] },
      },
    ]),
    served('v1', 'secrets', 'Secret', [
      {
        metadata: {
          name: 'app',
          namespace: 'shop',
          annotations: { 'replicator.v1.mittwald.de/replicate-from': 'a/b' },
        },
        type: 'Opaque',
        data: base64({
          DATABASE_URL: 'postgres://shop:hunter2-in-url@db:5432/shop?password=hunter2-in-query',
          host: 'db',
          password: 'db',
          TOKEN: 'hunter2-token',
        }),
      },
      {
        metadata: { name: 'sh.helm.release.v1.shop.v1', namespace: 'shop' },
        type: 'helm.sh/release.v1',
        data: base64({ release: 'hunter2-in-release' }),
      },
    ]),
    served('v1', 'configmaps', 'ConfigMap', [
      { metadata: { name: 'kube-root-ca.crt', namespace: 'shop' }, data: { 'ca.crt': 'PEM' } },
      {
        metadata: { name: 'app', namespace: 'shop' },
        data: { API_URL: 'http://pods.shop.svc:1/hunter2-in-path', 'app.conf': 'password = hunter2-in-file' },
        binaryData: { logo: 'aHVudGVyMg==' },
      },
    ]),
    served('v1', 'serviceaccounts', 'ServiceAccount', [
      { metadata: { name: 'default', namespace: 'shop' } },
      { metadata: { name: 'web', namespace: 'shop' }, imagePullSecrets: [{ name: 'registry' }] },
    ]),
    served('v1', 'limitranges', 'LimitRange', []),
    served('apps/v1', 'deployments', 'Deployment', [
      {
        metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
        spec: {
          replicas: 7,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' }, annotations: { 'checksum/config': 'x' } },
            spec: {
              hostNetwork: true,
              nodeSelector: { 'kubernetes.io/os': 'linux' },
              terminationGracePeriodSeconds: 30,
              containers: [container],
              volumes: [{ name: 'certs', secret: { secretName: 'tls', defaultMode: 420 } }],
            },
          },
        },
        status: { replicas: 7 },
      },
    ]),
    served('apps/v1', 'replicasets', 'ReplicaSet', [
      {
        metadata: { name: 'web-5d8f', namespace: 'shop', ownerReferences: CONTROLLED_BY('apps/v1', 'Deployment') },
        spec: { replicas: 7 },
      },
    ]),
    served('v1', 'pods', 'Pod', [
      {
        metadata: {
          name: 'web-5d8f-abcde',
          namespace: 'shop',
          ownerReferences: CONTROLLED_BY('apps/v1', 'ReplicaSet'),
        },
        spec: { containers: [container] },
        status: { phase: 'Running' },
      },
      {
        metadata: {
          name: 'db-1',
          namespace: 'shop',
          labels: { app: 'db' },
          ownerReferences: CONTROLLED_BY('postgresql.cnpg.io/v1', 'Cluster'),
        },
        spec: { nodeName: 'worker-1', containers: [{ name: 'postgres', image: 'postgres:17', env: [{ name: 'A' }] }] },
        status: { phase: 'Running' },
      },
      {
        metadata: { name: 'once', namespace: 'shop' },
        spec: { containers: [container] },
        status: { phase: 'Succeeded' },
      },
    ]),
    served('autoscaling/v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', [
      {
        metadata: { name: 'web', namespace: 'shop' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          minReplicas: 2,
          maxReplicas: 9,
        },
        status: { currentReplicas: 7 },
      },
    ]),
    served('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy', [
      {
        metadata: { name: 'db', namespace: 'shop' },
        spec: {
          podSelector: { matchLabels: { app: 'db' } },
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ podSelector: { matchLabels: { app: 'admin' } } }] }],
        },
      },
    ]),
    served(
      'apiextensions.k8s.io/v1',
      'customresourcedefinitions',
      'CustomResourceDefinition',
      [
        {
          metadata: { name: 'clusterissuers.cert-manager.io' },
          spec: {
            group: 'cert-manager.io',
            names: { kind: 'ClusterIssuer', plural: 'clusterissuers', listKind: 'ClusterIssuerList' },
            scope: 'Cluster',
            versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
          },
        },
      ],
      false,
    ),
    served(
      'cert-manager.io/v1',
      'clusterissuers',
      'ClusterIssuer',
      [
        {
          metadata: { name: 'letsencrypt' },
          spec: {
            acme: {
              server: 'https://acme-v02.api.letsencrypt.org/directory',
              email: 'ops@example.com',
              privateKeySecretRef: { name: 'letsencrypt' },
              externalAccountBinding: { keyID: 'hunter2-key' },
              solvers: [
                { http01: { ingress: { ingressClassName: 'public' } } },
                { dns01: { webhook: { config: { token: 'hunter2-in-solver' } } } },
              ],
            },
          },
        },
      ],
      false,
    ),
    served(
      'rbac.authorization.k8s.io/v1',
      'clusterroles',
      'ClusterRole',
      [
        {
          metadata: { name: 'system:node', labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
          rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
        },
        { metadata: { name: 'reader' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
      ],
      false,
    ),
  ];
}
