import { contested } from '../../cluster/contested.ts';
import { declaredPorts } from '../../cluster/network/network.ts';
import { backendsOf, isHeadless, podPort, portsOfService, type ServicePort } from '../../cluster/network/services.ts';
import { didYouMean } from '../../cluster/references/hints.ts';
import { podMutator } from '../../cluster/security/pod-mutators.ts';
import { mayListenOn, probedPort, probesOf, runningContainers } from '../../cluster/workload/probes.ts';
import { asList, asMap, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'service-port-unserved',
  severity: 'error',
  docs: {
    summary: 'A Service’s targetPort must be one that the selected pods serve.',
    incident:
      'AlgoSu, sprint 81, D1: Prometheus was told to scrape kube-state-metrics:8080 before anything served it. What ' +
      'operators meet most: the container’s port changes, the Service keeps the old target. A name that no ' +
      'container declares leaves the port without endpoints; a number that nobody listens on gives “connection ' +
      'refused”, although the pods are ready and the Service lists their addresses.',
    symptoms: [
      'Endpoints: <none>',
      'connect: connection refused',
      'Connection refused',
      'upstream connect error or disconnect/reset before headers. reset reason: connection failure',
      '502 Bad Gateway',
      '503 Service Temporarily Unavailable',
      'no endpoints available for service',
    ],
    fix:
      'Give targetPort the name or number of a containerPort, and let the container declare what it listens on. Without targetPort, the ' +
      'Service’s own port number is meant.',
    facts: [
      'The Services with a selector, and the container ports of the pods that they select, rendered or existing.',
      'An error where the environment is configured, or one target or file renders all of it; a warning between plain files that only lie side by side',
    ],
    silent: [
      'Some selected pod serves the port; a sidecar (an init container with restartPolicy Always) declares it',
      'A number where some container of some selected pod declares no ports: declaring them is optional',
      'A number that a probe, variable, argument, annotation or mounted file of the pod names: something listens there',
      'A number of a headless Service: clients dial the pods directly. A name there is a warning: only SRV records need it',
      'A number behind port 443: webhooks and other TLS listeners often go undeclared (Dapr, Knative)',
      'Envoy (Istio’s gateways, Contour, Kourier), which is told at run time on what to listen',
      'A name, where an annotation asks for a sidecar, the name is one that a mesh’s sidecar has, or policies mutate pods',
      'No pod is known behind the Service, or others may be behind it: labels, ports or names that hold placeholders',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/api/v1/pod/util.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec:
          selector: { app: web }
          ports:
            - { name: http, port: 80, targetPort: http }
            - name: metrics
              port: 9100
              targetPort: metric # <- no container of Deployment/web declares a port named metric (TCP): port 9100 of Service/web has no endpoints, connections to it are refused; did you mean "metrics"?
            - { name: dns, port: 53, targetPort: http, protocol: UDP } # <- no container of Deployment/web declares a port named http (UDP): port 53 of Service/web has no endpoints, connections to it are refused
            - port: 8443 # <- Deployment/web declares 8080, 9100, 9101, not 8443: unless something listens there undeclared, connections to port 8443 of Service/web are refused
            - { name: init, port: 81, targetPort: setup } # <- no container of Deployment/web declares a port named setup (TCP): port 81 of Service/web has no endpoints, connections to it are refused
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              initContainers:
                - { name: setup, image: 'busybox:1.37', ports: [{ name: setup, containerPort: 8000 }] }
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  ports: [{ name: http, containerPort: 8080 }, { name: metrics, containerPort: 9100 }]
                - name: exporter
                  image: ghcr.io/example/exporter:1.4.2
                  ports: [{ containerPort: 9101 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web-headless, namespace: shop }
        spec:
          clusterIP: None
          selector: { app: web }
          ports:
            - port: 80
              targetPort: https # <- no container of Deployment/web declares a port named https (TCP): port 80 of Service/web-headless is in none of its endpoints, no SRV record names it; did you mean "http"?
            - { name: other, port: 81, targetPort: 81 }
      `,
      yaml`
        # Two workloads, of which none serves it.
        apiVersion: v1
        kind: Service
        metadata: { name: web }
        spec:
          selector: { app: web }
          ports:
            - port: 80
              targetPort: 3000 # <- Deployment/blue declares 8080 and Deployment/green declares 8081, not 3000: unless something listens there undeclared, connections to port 80 of Service/web are refused
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: blue }
        spec:
          selector: { matchLabels: { app: web, slot: blue } }
          template:
            metadata: { labels: { app: web, slot: blue } }
            spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', ports: [{ containerPort: 8080 }] }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: green }
        spec:
          selector: { matchLabels: { app: web, slot: green } }
          template:
            metadata: { labels: { app: web, slot: green } }
            spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', ports: [{ containerPort: 8081 }] }] }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec:
          selector: { app: web }
          ports:
            - { name: a, port: 80, targetPort: http }
            - { name: b, port: 81, targetPort: side }
            - { name: c, port: 82, targetPort: 8080 }
            - { name: d, port: 83, targetPort: '${'$'}{PORT}' }
            - { name: probed, port: 84, targetPort: 8081 }
            - { name: told, port: 85, targetPort: 9090 }
            - { name: variable, port: 86, targetPort: 3000 }
            - { name: udp, port: 87, targetPort: 8080, protocol: UDP }
            - { name: webhook, port: 443, targetPort: 19443 }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              initContainers:
                - { name: side, image: 'busybox:1.37', restartPolicy: Always, ports: [{ name: side, containerPort: 8000 }] }
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  args: ['--web.listen-address=:9090']
                  env: [{ name: PORT, value: '3000' }]
                  ports: [{ name: http, containerPort: 8080 }]
                  livenessProbe: { httpGet: { port: 8081 } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: undeclared, namespace: shop }
        spec: { selector: { app: undeclared }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: undeclared, namespace: shop, labels: { app: undeclared } }
        spec:
          containers:
            - { name: a, image: 'ghcr.io/example/a:1.4.2', ports: [{ containerPort: 8080 }] }
            - { name: b, image: 'ghcr.io/example/b:1.4.2' }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: placeholder, namespace: shop }
        spec: { selector: { app: placeholder }, ports: [{ name: a, port: 80, targetPort: http }, { name: b, port: 81 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: placeholder, namespace: shop, labels: { app: placeholder } }
        spec:
          containers:
            - { name: a, image: 'ghcr.io/example/a:1.4.2', ports: [{ name: '${'$'}{NAME}', containerPort: 8080 }] }
        ---
        # One of two serves it.
        apiVersion: v1
        kind: Service
        metadata: { name: either, namespace: shop }
        spec: { selector: { tier: either }, ports: [{ name: a, port: 80, targetPort: http }, { name: b, port: 81, targetPort: 8081 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: first, namespace: shop, labels: { tier: either } }
        spec: { containers: [{ name: a, image: 'ghcr.io/example/a:1.4.2', ports: [{ name: http, containerPort: 8080 }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: second, namespace: shop, labels: { tier: either } }
        spec: { containers: [{ name: a, image: 'ghcr.io/example/a:1.4.2', ports: [{ name: web, containerPort: 8081 }] }] }
        ---
        # Ports of sidecars, and of a proxy that learns them.
        apiVersion: v1
        kind: Service
        metadata: { name: sidecars, namespace: shop }
        spec: { selector: { app: sidecars }, ports: [{ name: a, port: 80, targetPort: admin }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: sidecars, namespace: shop, labels: { app: sidecars }, annotations: { linkerd.io/inject: enabled } }
        spec: { containers: [{ name: a, image: 'ghcr.io/example/a:1.4.2', ports: [{ containerPort: 8080 }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: gateway, namespace: shop }
        spec:
          selector: { app: gateway }
          ports: [{ name: a, port: 443, targetPort: 8443 }, { name: b, port: 9090, targetPort: http-envoy-prom }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: gateway, namespace: shop, labels: { app: gateway } }
        spec: { containers: [{ name: a, image: 'docker.io/istio/proxyv2:1.27.0', ports: [{ containerPort: 15090 }] }] }
        ---
        # Nobody is behind it, or nobody knows who.
        apiVersion: v1
        kind: Service
        metadata: { name: nobody, namespace: shop }
        spec: { selector: { app: nobody }, ports: [{ port: 80, targetPort: http }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: somebody, namespace: shop }
        spec: { selector: { app: somebody }, ports: [{ port: 80, targetPort: http }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: somebody, namespace: shop, labels: { app: somebody } }
        spec: { containers: [{ name: a, image: 'ghcr.io/example/a:1.4.2', ports: [{ name: web, containerPort: 8080 }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: perhaps, namespace: shop, labels: { app: '${'$'}{APP}' } }
        spec: { containers: [{ name: a, image: 'ghcr.io/example/a:1.4.2', ports: [{ name: http, containerPort: 8080 }] }] }
      `,
      yaml`
        # A policy may add the port.
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: a, image: 'ghcr.io/example/a:1.4.2', ports: [{ containerPort: 8080 }] }] }
        ---
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata: { name: name-ports }
        spec: { rules: [{ name: name-ports, match: { any: [{ resources: { kinds: [Pod] } }] }, mutate: { patchStrategicMerge: {} } }] }
      `,
    ],
  },
  *check(cluster) {
    for (const service of cluster.list('', 'Service')) {
      if (service.existing || service.hooks.length > 0 || contested(cluster, service)) continue;
      const { workloads, certain } = backendsOf(cluster, service);
      if (!certain || workloads.length === 0 || workloads.some(({ resource }) => contested(cluster, resource)))
        continue;
      for (const port of portsOfService(service)) yield* checkPort(cluster, service, workloads, port);
    }
  },
} satisfies Rule;

function* checkPort(
  cluster: Cluster,
  service: Resource,
  workloads: readonly Workload[],
  port: ServicePort,
): Iterable<Finding> {
  const { targetPort, protocol } = port;
  const shown = workloads.slice(0, MOST_SHOWN).map(({ resource }) => resource);
  const at = { resource: service, path: port.path };
  if (typeof targetPort === 'string') {
    const isOtherName = (name: unknown): name is string => typeof name === 'string' && name !== targetPort;
    if (workloads.some((workload) => podPort(workload, port) !== undefined)) return;
    if (INJECTED.test(targetPort) || workloads.some(asksForSidecar) || podMutator(cluster) !== undefined) return;
    const names = workloads.flatMap((workload) => declaredPorts(workload).map(({ name }) => name));
    const hint = didYouMean(targetPort, names.filter(isOtherName));
    const isSure = workloads.some(({ resource }) => cluster.together(service, resource));
    const what = `no container of ${shown.join(', ')} declares a port named ${targetPort} (${protocol})`;
    const consequence = isHeadless(service)
      ? 'is in none of its endpoints, no SRV record names it'
      : 'has no endpoints, connections to it are refused';
    yield {
      ...at,
      message: `${what}: port ${port.port} of ${service} ${consequence}${hint}`,
      ...(isHeadless(service) || !isSure ? { severity: 'warning' } : {}),
    };
  } else if (typeof targetPort === 'number' && !isHeadless(service)) {
    // Webhooks and other TLS listeners often go undeclared.
    if (port.port === 443 && targetPort !== 443) return;
    if (!workloads.every(declaresAll) || workloads.some(isToldAtRunTime)) return;
    if (workloads.some((workload) => serves(cluster, workload, targetPort))) return;
    const declared = workloads.slice(0, MOST_SHOWN).map((workload) => {
      const numbers = new Set(declaredPorts(workload).map(({ containerPort }) => String(containerPort)));
      return `${workload.resource} declares ${[...numbers].join(', ')}`;
    });
    yield {
      ...at,
      message: `${declared.join(' and ')}, not ${targetPort}: unless something listens there undeclared, connections to port ${port.port} of ${service} are refused`,
      severity: 'warning',
    };
  }
}

const MOST_SHOWN = 3;

/** Whether every container of the pods says what it listens on. */
function declaresAll(workload: Workload): boolean {
  return runningContainers(workload).every(({ container }) => asList(container.ports).length > 0);
}

/** What the sidecars of Istio, Linkerd, Dapr and Consul call their ports. */
const INJECTED = /^(?:http-envoy-prom|envoy-|linkerd-|dapr-|proxy-)/;

/** `sidecar.istio.io/inject`, `linkerd.io/inject`, `dapr.io/enabled`, `vault.hashicorp.com/agent-inject` … */
function asksForSidecar({ metadata, labels }: Workload): boolean {
  return [...Object.entries(asMap(metadata.annotations) ?? {}), ...Object.entries(labels)].some(
    ([key, value]) => /\/(?:[\w-]*inject|enabled)$/.test(key) && value !== 'false' && value !== 'disabled',
  );
}

/** Proxies that learn their listeners from a control plane. */
const TOLD_AT_RUN_TIME = /(?:^|\/)(?:auto|proxyv2|(?:[\w.-]*-)?envoy(?:-[\w.-]+)?)(?:[:@]|$)/;

function isToldAtRunTime(workload: Workload): boolean {
  return runningContainers(workload).some(({ container }) => TOLD_AT_RUN_TIME.test(String(container.image)));
}

function serves(cluster: Cluster, workload: Workload, port: number): boolean {
  const isProbed = probesOf(workload).some((probe) => probedPort(probe)?.port === port);
  return isProbed || mayListenOn(cluster, workload, port);
}
