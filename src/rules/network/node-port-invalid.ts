import { mayBeOne } from '../../cluster/contested.ts';
import { asList, asMap, valueAt } from '../../cluster/workloads.ts';
import { type Cluster, type Path, type Resource, type Rule, yaml } from '../../rule.ts';

interface NodePort {
  service: Resource;
  nodePort: number;
  port: unknown;
  protocol: unknown;
  path: Path;
}

/** The node ports that Services ask for by number. Only Services of these types have any. */
function nodePorts(cluster: Cluster): NodePort[] {
  return cluster.list('', 'Service').flatMap((service) => {
    const spec = asMap(valueAt(service.object, ['spec'])) ?? {};
    if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return [];
    if (service.hooks.length > 0) return [];
    return asList(spec.ports).flatMap((item, i) => {
      const { nodePort, port, protocol = 'TCP' } = asMap(item) ?? {};
      if (typeof nodePort !== 'number' || nodePort === 0) return [];
      return [{ service, nodePort, port, protocol, path: ['spec', 'ports', i, 'nodePort'] }];
    });
  });
}

/** Whether one of the node ports can't be allocated after the other. Within a Service, one `port` shares it between protocols. */
function collide(a: NodePort, b: NodePort): boolean {
  if (a.service !== b.service) return !mayBeOne(a.service, b.service);
  return a.port !== b.port || a.protocol === b.protocol;
}

/** What the cluster holds comes first, then the order of the manifests. */
function existingFirst(a: NodePort, b: NodePort): number {
  return Number(b.service.existing) - Number(a.service.existing);
}

export default {
  id: 'node-port-invalid',
  severity: 'error',
  docs: {
    summary: 'A nodePort must be free, and within the range that the API server hands out.',
    incident:
      'OLI, preview environments on k3s, Phase 2: HAProxy at the edge sends all traffic to the nodePort of Traefik (30080), “adjust ' +
      'nodePort if 30080 unavailable”. A node port is one number for the whole cluster: the second Service that asks for it, in ' +
      'whatever namespace and for whatever protocol, is refused, and the edge sends its traffic to the first.',
    symptoms: [
      'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
      'provided port is already allocated',
      'provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
    fix:
      'Give each Service a number of its own between 30000 and 32767, or leave nodePort out and let the API server choose. Where the ' +
      'API server runs with another --service-node-port-range, ignore the warning and say so.',
    facts: [
      'Services of type NodePort and LoadBalancer, rendered and existing',
      'An error where the environment is configured, or one kustomization or chart renders both; else a warning',
    ],
    silent: [
      'One nodePort twice in a Service for one `port` with two protocols (DNS on TCP and UDP)',
      'nodePort 0 or none, and Services of other types',
      'The same Service in several targets, and Services whose namespace may be the same',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/service/storage/alloc.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: traefik, namespace: traefik }
        spec:
          type: NodePort
          ports:
            - port: 80
              nodePort: 30080
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: dns, namespace: dns }
        spec:
          type: LoadBalancer
          ports:
            - port: 53
              protocol: UDP
              nodePort: 30080 # <- nodePort 30080 is that of Service/traefik: the API server refuses the second of them, provided port is already allocated
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: traefik }
        spec:
          type: NodePort
          ports:
            - port: 80
              nodePort: 31080
            - port: 8080
              nodePort: 31080 # <- nodePort 31080 is that of port 80, too: the API server refuses the Service, provided port is already allocated
            - port: 443
              nodePort: 443 # <- nodePort 443 is outside of 30000-32767: the API server refuses the Service unless its --service-node-port-range holds it
            - port: 444
              nodePort: 29999 # <- nodePort 29999 is outside of 30000-32767: the API server refuses the Service unless its --service-node-port-range holds it
            - port: 445
              nodePort: 32768 # <- nodePort 32768 is outside of 30000-32767: the API server refuses the Service unless its --service-node-port-range holds it
      `,
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: web }
        spec:
          type: NodePort
          ports:
            - port: 80
              nodePort: 30080 # <- nodePort 30080 is that of Service/traefik: the API server refuses the second of them, provided port is already allocated
        ---
        # existing
        apiVersion: v1
        kind: Service
        metadata: { name: traefik, namespace: kube-system }
        spec:
          type: NodePort
          ports: [{ port: 80, nodePort: 30080 }]
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: dns, namespace: dns }
        spec:
          type: NodePort
          ports:
            - { name: udp, port: 53, protocol: UDP, nodePort: 30053 }
            - { name: tcp, port: 53, nodePort: 30053 }
            - { name: lowest, port: 80, nodePort: 30000 }
            - { name: highest, port: 81, nodePort: 32767 }
            - { name: any, port: 82, nodePort: 0 }
            - { name: chosen, port: 83 }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: internal, namespace: dns }
        spec:
          type: ClusterIP
          ports: [{ port: 80, nodePort: 30000 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: hook, namespace: dns, annotations: { helm.sh/hook: pre-install } }
        spec:
          type: NodePort
          ports: [{ port: 80, nodePort: 30000 }]
      `,
      {
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [a.yaml] }, { manifests: [b.yaml] }] } }\n',
          'a.yaml':
            'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: web }\nspec: { type: NodePort, ports: [{ port: 80, nodePort: 30080 }] }\n',
          'b.yaml':
            'apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { type: NodePort, ports: [{ port: 8080, nodePort: 30080 }] }\n',
        },
      },
    ],
  },
  *check(cluster) {
    const first = new Map<number, NodePort[]>();
    for (const wanted of nodePorts(cluster).sort(existingFirst)) {
      const { service, nodePort, path } = wanted;
      if (nodePort < 30000 || nodePort > 32767) {
        yield {
          resource: service,
          path,
          message: `nodePort ${nodePort} is outside of 30000-32767: the API server refuses the Service unless its --service-node-port-range holds it`,
          severity: 'warning',
        };
      }
      const others = first.get(nodePort) ?? [];
      const other = others.find((before) => collide(before, wanted));
      // Those that collide with it collide with the one that is kept.
      if (other === undefined) first.set(nodePort, [...others, wanted]);
      else {
        const message =
          other.service === service
            ? `nodePort ${nodePort} is that of port ${other.port}, too: the API server refuses the Service, provided port is already allocated`
            : `nodePort ${nodePort} is that of ${other.service}: the API server refuses the second of them, provided port is already allocated`;
        const related = { message: `${other.service} asks for it`, resource: other.service, path: other.path };
        const sure = cluster.together(service, other.service);
        yield {
          resource: service,
          path,
          message,
          related: [related],
          ...(sure || other.service === service ? {} : { severity: 'warning' }),
        };
      }
    }
  },
} satisfies Rule;
