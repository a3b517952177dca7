import { containersOf } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'host-network-port-mismatch',
  severity: 'error',
  docs: {
    summary: '`hostPort` must equal `containerPort` when the pod uses `hostNetwork`.',
    incident:
      'Devex, 2026-02-10, issue D: Traefik was to listen on 80 and 443 of the node, without a load balancer. The values set hostNetwork ' +
      'and hostPort 80, and left the container port at 8000. Under hostNetwork there is no mapping: what the process listens on is ' +
      'the port of the node. The chart refused to render; plain manifests are refused by the API server.',
    symptoms: [
      'All hostPort must match their respective containerPort when hostNetwork is enabled',
      'spec.template.spec.containers[0].ports[0].hostPort: Invalid value: 80: must match `containerPort` when `hostNetwork` is true',
      'must match `containerPort` when `hostNetwork` is true',
    ],
    fix:
      'Let the process listen on the port that the node is to offer, and give containerPort that number; drop hostPort, it is ' +
      'defaulted. Or leave hostNetwork, and let hostPort map.',
    facts: ['The rendered pod templates alone'],
    silent: [
      'An absent or 0 hostPort: it is defaulted to containerPort, in Pods and in the Pods that templates make',
      'Init containers: only regular containers are validated',
      'No hostNetwork: there hostPort does map',
    ],
    references: [
      'https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: traefik }
        spec:
          hostNetwork: true
          containers:
            - name: traefik
              image: traefik:v3.6.12
              ports:
                - containerPort: 8000
                  hostPort: 80 # <- hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod
      `,
      yaml`
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              hostNetwork: true
              containers:
                - name: sidecar
                  image: busybox:1.37
                - name: traefik
                  image: traefik:v3.6.12
                  ports:
                    - containerPort: 80
                      hostPort: 80
                    - containerPort: 8443
                      hostPort: 443 # <- hostPort 443 must equal containerPort 8443 under hostNetwork: the API server refuses the pod
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: traefik }
        spec:
          hostNetwork: true
          initContainers:
            - name: sidecar
              image: busybox:1.37
              restartPolicy: Always
              ports:
                - { containerPort: 8080, hostPort: 9090 }
          containers:
            - name: traefik
              image: traefik:v3.6.12
              ports:
                - { containerPort: 80, hostPort: 80 }
                - { containerPort: 443 }
                - { containerPort: 8080, hostPort: 0 }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: mapped }
        spec:
          hostNetwork: false
          containers:
            - name: traefik
              image: traefik:v3.6.12
              ports:
                - { containerPort: 8000, hostPort: 80 }
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      if (workload.pod.hostNetwork !== true) continue;
      for (const { container, list, path } of containersOf(workload)) {
        if (list !== 'containers' || !Array.isArray(container.ports)) continue;
        for (const [i, port] of container.ports.entries()) {
          const { hostPort, containerPort } = port ?? {};
          if (typeof hostPort !== 'number' || typeof containerPort !== 'number') continue;
          if (hostPort === 0 || hostPort === containerPort) continue;
          yield {
            resource: workload.resource,
            path: [...path, 'ports', i, 'hostPort'],
            message: `hostPort ${hostPort} must equal containerPort ${containerPort} under hostNetwork: the API server refuses the pod`,
          };
        }
      }
    }
  },
} satisfies Rule;
