import { didYouMean } from '../../cluster/references/hints.ts';
import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { isUnknown } from '../../cluster/unknown.ts';
import { mayListenOn, type Probe, type ProbedPort, probedPort, probesOf } from '../../cluster/workload/probes.ts';
import { asList, asMap, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

/** What becomes of a probe that the kubelet can't even send: it throws the result away (pkg/kubelet/prober/worker.go). */
const UNSENT = {
  startupProbe: 'the kubelet can never send the probe, so the container never counts as started',
  readinessProbe: 'the kubelet can never send the probe, so the pod never gets ready',
  livenessProbe: 'the kubelet can never send the probe, so nothing restarts the container when it hangs',
} as const;

/** Paths of the listener that many programs keep for probes alone, on a port of its own that their manifests don't declare. */
const HEALTH_PATH = /^\/(?:(?:health|live|ready|startup)z|live|ready|-\/(?:healthy|ready)|actuator\/health)(?:[/?]|$)/;

/** Whether a container seems to have such a listener: a path of that kind, and no probe that asks a port that it declares. */
function asksHealthListener(
  { url = '' }: ProbedPort,
  { of }: Probe,
  workload: Workload,
  ports: readonly unknown[],
): boolean {
  if (!HEALTH_PATH.test(url)) return false;
  const others = probesOf(workload).filter((other) => other.of.container === of.container);
  return others.every(
    (other) => typeof probedPort(other)?.port !== 'string' && !ports.includes(probedPort(other)?.port),
  );
}

const REFUSED = {
  startupProbe: 'if it does not, the container is killed before it ever counts as started',
  readinessProbe: 'if it does not, the pod never gets ready',
  livenessProbe: 'if it does not, the container is restarted again and again',
} as const;

function judge(cluster: Cluster, workload: Workload, probe: Probe): Finding | undefined {
  const probed = probedPort(probe);
  if (probed === undefined || isUnknown(probed.port)) return undefined;
  const { resource } = workload;
  const { port, path } = probed;
  if (isUnknown(probe.of.container.ports)) return undefined;
  const ports = asList(probe.of.container.ports).map((item) => asMap(item) ?? {});
  const name = String(probe.of.container.name);
  if (typeof port === 'string') {
    // The API server refuses digits in quotes.
    if (/^\d+$/.test(port) || ports.some((item) => item.name === port || isUnknown(item.name))) return undefined;
    const names = ports.flatMap((item) => (typeof item.name === 'string' ? [item.name] : []));
    const message = `no port of container ${name} is called "${port}": ${UNSENT[probe.kind]}${didYouMean(port, names)}`;
    return { resource, path, message };
  }
  const numbers = [...new Set(ports.map((item) => item.containerPort))];
  if (probed.elsewhere || ports.length === 0 || asksHealthListener(probed, probe, workload, numbers)) return undefined;
  if (mayListenOn(cluster, workload, port)) return undefined;
  return {
    resource,
    path,
    severity: 'warning',
    message: `nothing says that container ${name} listens on ${port}, it declares ${numbers.join(', ')}: ${REFUSED[probe.kind]}`,
  };
}

export default {
  id: 'probe-port-unserved',
  severity: 'error',
  docs: {
    summary: 'A probe must ask a port that its container serves.',
    incident:
      'What operators meet: a service moves to another port, the container declares the new one, and the probe keeps asking the old ' +
      'one. The process is fine, and the kubelet restarts it again and again. A name is worse: it is looked up among the ports of that ' +
      'one container, and when it is not there the kubelet throws the result away, so that a pod never gets ready, or a liveness probe ' +
      'silently watches nothing.',
    symptoms: [
      'Readiness probe errored and resulted in unknown state: strconv.Atoi: parsing "http": invalid syntax',
      'Liveness probe errored: strconv.Atoi: parsing "http": invalid syntax',
      'Readiness probe failed: dial tcp 10.42.0.17:2000: connect: connection refused',
      'Liveness probe failed: Get "http://10.42.0.17:2000/health": dial tcp 10.42.0.17:2000: connect: connection refused',
      'connect: connection refused',
    ],
    fix: 'Name the port in the container (ports: name), and let the probe use that name; then a new number is changed once.',
    facts: [
      'The ports that containers declare; for a number also variables, command lines, annotations and mounted ConfigMaps that hold it',
    ],
    silent: [
      'A number and a `host:`: another address is dialled',
      'A number that another container of the pod declares: they share one network (a name is looked up in its own container only)',
      'A number that some variable, argument, annotation or mounted file holds, or may hold since it is not known',
      'A number with a path such as /healthz, /readyz, /ready or /actuator/health, when no probe of the container asks a port that it ' +
        'declares: many programs answer probes on a port of their own (controllers, ingress-nginx, Dapr, Spring Boot)',
      'Where CoreDNS, the OpenTelemetry Collector, Keycloak and Envoy answer by default',
      'A number in a container that declares no port at all: its image decides',
      'Placeholders, and Knative Services, where the queue proxy decides',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/probe/util.go',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/prober/worker.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: problem-service }
        spec:
          selector: { matchLabels: { app: problem-service } }
          template:
            metadata: { labels: { app: problem-service } }
            spec:
              initContainers:
                - name: proxy
                  image: ghcr.io/acme/proxy:1
                  restartPolicy: Always
                  startupProbe:
                    grpc:
                      port: 9001 # <- nothing says that container proxy listens on 9001, it declares 9000: if it does not, the container is killed before it ever counts as started
                  ports: [{ containerPort: 9000 }]
              containers:
                - name: problem-service
                  image: ghcr.io/acme/problem-service:1
                  env: [{ name: WORKERS, value: "120004" }]
                  ports:
                    - { name: http-api, containerPort: 3000 }
                    - { name: metrics, containerPort: 9090 }
                  startupProbe:
                    tcpSocket:
                      host: 127.0.0.1
                      port: htp-api # <- no port of container problem-service is called "htp-api": the kubelet can never send the probe, so the container never counts as started; did you mean "http-api"?
                  readinessProbe:
                    httpGet:
                      path: /health/ready
                      port: http # <- no port of container problem-service is called "http": the kubelet can never send the probe, so the pod never gets ready
                  livenessProbe:
                    httpGet:
                      path: /health
                      port: 2000 # <- nothing says that container problem-service listens on 2000, it declares 3000, 9090: if it does not, the container is restarted again and again
                - name: manager
                  image: ghcr.io/acme/manager:1
                  ports: [{ containerPort: 9443 }]
                  livenessProbe:
                    httpGet:
                      path: /healthz
                      port: 8081 # <- nothing says that container manager listens on 8081, it declares 9443: if it does not, the container is restarted again and again
                  readinessProbe: { tcpSocket: { port: 9443 } }
                - name: named
                  image: ghcr.io/acme/manager:1
                  ports: [{ name: web, containerPort: 9443 }]
                  livenessProbe:
                    httpGet:
                      path: /healthz
                      port: 8081 # <- nothing says that container named listens on 8081, it declares 9443: if it does not, the container is restarted again and again
                  readinessProbe: { tcpSocket: { port: web } }
                - name: sidecar
                  image: ghcr.io/acme/sidecar:1
                  livenessProbe:
                    tcpSocket:
                      port: metrics # <- no port of container sidecar is called "metrics": the kubelet can never send the probe, so nothing restarts the container when it hangs
                  readinessProbe:
                    tcpSocket: { port: 2000 }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: other-ports }
        spec:
          containers:
            - name: coredns
              image: registry.k8s.io/coredns/coredns:v1.12.1
              ports: [{ containerPort: 53 }]
              livenessProbe:
                httpGet:
                  path: /health
                  port: 8082 # <- nothing says that container coredns listens on 8082, it declares 53: if it does not, the container is restarted again and again
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other-image }
        spec:
          containers:
            - name: web
              image: ghcr.io/acme/web:1
              ports: [{ containerPort: 3000 }]
              readinessProbe:
                tcpSocket:
                  port: 8080 # <- nothing says that container web listens on 8080, it declares 3000: if it does not, the pod never gets ready
      `,
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata:
              labels: { app: web }
              annotations: { prometheus.io/port: "9102" }
            spec:
              initContainers:
                - name: sidecar
                  image: ghcr.io/acme/sidecar:1
                  restartPolicy: Always
                  ports: [{ containerPort: 8087 }]
              containers:
                - name: named
                  image: ghcr.io/acme/web:1
                  ports: [{ name: http, containerPort: 8080 }]
                  readinessProbe: { httpGet: { port: http, path: / } }
                  livenessProbe: { httpGet: { port: 8080, path: / } }
                  startupProbe: { exec: { command: [/healthy] } }
                - name: of-a-sidecar
                  image: ghcr.io/acme/web:1
                  ports: [{ containerPort: 7000 }]
                  readinessProbe: { tcpSocket: { port: 8087 } }
                  livenessProbe: { tcpSocket: { port: 2000, host: other.example.com } }
                  startupProbe: { httpGet: { port: 2000, path: /, host: other.example.com } }
                - name: told
                  image: ghcr.io/acme/web:1
                  args: ["--health-probe-bind-address=:8082"]
                  command: [serve, "8083"]
                  env: [{ name: PORT, value: "8084" }]
                  ports: [{ containerPort: 7001 }]
                  startupProbe: { tcpSocket: { port: 8082 } }
                  readinessProbe: { tcpSocket: { port: 8083 } }
                  livenessProbe: { tcpSocket: { port: 8084 } }
                - name: annotated
                  image: ghcr.io/acme/web:1
                  ports: [{ containerPort: 7002 }]
                  livenessProbe: { tcpSocket: { port: 9102 } }
                - name: unknown
                  image: ghcr.io/acme/web:1
                  ports: [{ name: "${'${NAME}'}", containerPort: 7003 }]
                  readinessProbe: { tcpSocket: { port: http } }
                  livenessProbe: { tcpSocket: { port: "${'${PORT}'}" } }
                - name: controller
                  image: ghcr.io/acme/controller:1
                  ports: [{ containerPort: 7004 }]
                  livenessProbe: { httpGet: { port: 8081, path: /healthz } }
                  readinessProbe: { httpGet: { port: 8081, path: /readyz } }
                - name: spring
                  image: ghcr.io/acme/spring:1
                  ports: [{ containerPort: 7005 }]
                  livenessProbe: { httpGet: { port: 8181, path: /actuator/health/liveness } }
                - name: collector
                  image: otel/opentelemetry-collector-contrib:0.137.0
                  ports: [{ containerPort: 4317 }]
                  livenessProbe: { httpGet: { port: 13133, path: / } }
                - name: keycloak
                  image: quay.io/keycloak/keycloak:26.4.0
                  ports: [{ containerPort: 7006 }]
                  livenessProbe: { httpGet: { port: 9000, path: /health/live } }
                - name: envoy
                  image: envoyproxy/envoy:v1.36.0
                  ports: [{ containerPort: 10000 }]
                  livenessProbe: { httpGet: { port: 9901, path: /server_info } }
                - name: nothing-declared
                  image: nginx:1.29
                  livenessProbe: { tcpSocket: { port: 80 } }
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: nginx }
        data:
          default.conf: |
            server { listen 8085; }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: from-files }
        spec:
          volumes:
            - name: config
              configMap: { name: nginx }
          containers:
            - name: web
              image: nginx:1.29
              ports: [{ containerPort: 80 }]
              livenessProbe: { tcpSocket: { port: 8085 } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: from-projected-files }
        spec:
          volumes:
            - name: config
              projected: { sources: [{ configMap: { name: nginx } }] }
          containers:
            - name: web
              image: nginx:1.29
              ports: [{ containerPort: 80 }]
              livenessProbe: { tcpSocket: { port: 8085 } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: from-unknown-files }
        spec:
          volumes:
            - name: config
              secret: { secretName: settings }
          containers:
            - name: web
              image: nginx:1.29
              ports: [{ containerPort: 80 }]
              livenessProbe: { tcpSocket: { port: 8086 } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: from-unknown-variables }
        spec:
          containers:
            - name: web
              image: ghcr.io/acme/web:1
              ports: [{ containerPort: 80 }]
              envFrom: [{ configMapRef: { name: settings } }]
              livenessProbe: { tcpSocket: { port: 8086 } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: from-an-unknown-variable }
        spec:
          containers:
            - name: web
              image: ghcr.io/acme/web:1
              ports: [{ containerPort: 80 }]
              env: [{ name: HTTP_PORT, valueFrom: { configMapKeyRef: { name: settings, key: port } } }]
              livenessProbe: { tcpSocket: { port: 8086 } }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: coredns }
        spec:
          containers:
            - name: coredns
              image: registry.k8s.io/coredns/coredns:v1.12.1
              ports: [{ containerPort: 53 }]
              livenessProbe: { httpGet: { port: 8080, path: /health } }
      `,
      yaml`
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata: { name: hello }
        spec:
          template:
            spec:
              containers:
                - image: ghcr.io/knative/helloworld-go:1
                  ports: [{ containerPort: 8080 }]
                  readinessProbe: { httpGet: { port: h2c } }
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      if (workload.resource.group === 'serving.knative.dev') continue;
      for (const probe of probesOf(workload)) {
        const finding = judge(cluster, workload, probe);
        if (finding) yield whenMade(workload, finding);
      }
    }
  },
} satisfies Rule;
