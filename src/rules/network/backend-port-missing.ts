import { editedAt, placeOf } from '../../cluster/connections/configured-hosts.ts';
import { type Connection, connectionsOf } from '../../cluster/connections/connections.ts';
import { contested } from '../../cluster/contested.ts';
import { isHeadless } from '../../cluster/network/services.ts';
import { productOf } from '../../cluster/routes/controllers.ts';
import { classOfIngress, type NamedBackend, namedBackends } from '../../cluster/routes/routes.ts';
import { isUnknown } from '../../cluster/unknown.ts';
import { asList, asMap, valueAt } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'backend-port-missing',
  severity: 'error',
  docs: {
    summary: 'A route or a client must name a port that its Service has.',
    incident:
      'Devex, 2026-02-10: each link between the host and the pod had to be found by hand. A route that names the ' +
      'port of the container instead of the Service’s is accepted by the API server; the controller finds no such ' +
      'port, drops the route and answers 404 or 503. A client that dials it waits until it times out.',
    symptoms: [
      'service port not found',
      'Cannot create service: service port not found',
      'kubernetes service port not found',
      'Service "shop/web" does not have any active Endpoint.',
      '503 Service Temporarily Unavailable',
      '404 page not found',
      'BackendNotFound',
      'connect: connection refused',
      'i/o timeout',
    ],
    fix: 'Name a port of the Service (spec.ports[].port or its name), not the port of the container behind it.',
    facts: [
      'The backends of Ingress, IngressRoute (TCP and UDP), TraefikService and the Gateway API’s routes, what clients are configured to dial ' +
        '(as in network-policy-blocks-connection), and the ports of the Services, rendered or existing.',
      'An error where the environment is configured, or one target or file renders all of it; a warning between plain files that only lie side by side',
    ],
    silent: [
      'The Service isn’t known, targets disagree about it, or it is of type ExternalName: there controllers may take any port',
      'An Ingress that names the targetPort: ingress-nginx and haproxy-ingress look there, too; not so Traefik',
      '`use-annotation`, by which the AWS load balancer controller means an annotation',
      'Clients of headless Services dial pods, whatever the Service’s ports; one of several alternatives in a list is there',
      'An address that a later envFrom may override',
      'Ports that hold placeholders, on either side',
      'A client’s URL without port is a warning: it means its scheme’s; none for Elasticsearch, whose clients take 9200',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/ingress/#resource-backend',
      'https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/',
      'https://gateway-api.sigs.k8s.io/reference/spec/#backendobjectreference',
      'https://github.com/kubernetes/ingress-nginx/blob/main/internal/ingress/controller/controller.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop }
        spec:
          defaultBackend:
            service:
              name: web
              port:
                name: https # <- Service/web has no port https, it has 80 (http), 9100: requests reach nobody
          rules:
            - host: shop.example.com
              http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          number: 3000 # <- Service/web has no port 3000, it has 80 (http), 9100: requests reach nobody
        ---
        # Traefik doesn't take the target port.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: through-traefik, namespace: shop }
        spec:
          ingressClassName: traefik
          rules:
            - http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port: { number: 8080 } # <- Service/web has no port 8080, it has 80 (http), 9100; 8080 is a target port: requests reach nobody
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 8080 }, { port: 9100 }] }
      `,
      yaml`
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: web, namespace: edge }
        spec:
          routes:
            - kind: Rule
              match: Host("shop.example.com")
              services:
                - name: web
                  namespace: shop
                  port: 8080 # <- Service/web has no port 8080, it has 80; 8080 is a target port: requests reach nobody
                - name: web
                  namespace: shop
                  port: "80" # <- Service/web has no port named "80", it has 80: requests reach nobody
        ---
        apiVersion: traefik.containo.us/v1alpha1
        kind: IngressRouteTCP
        metadata: { name: web, namespace: shop }
        spec:
          routes:
            - match: HostSNI("*")
              services:
                - name: web
                  port: 81 # <- Service/web has no port 81, it has 80: requests reach nobody
        ---
        apiVersion: traefik.io/v1alpha1
        kind: TraefikService
        metadata: { name: shares, namespace: shop }
        spec:
          weighted:
            services:
              - { name: web, port: 82 } # <- Service/web has no port 82, it has 80: requests reach nobody
        ---
        apiVersion: traefik.io/v1alpha1
        kind: TraefikService
        metadata: { name: mirrors, namespace: shop }
        spec:
          mirroring:
            name: web
            port: 83 # <- Service/web has no port 83, it has 80: requests reach nobody
            mirrors:
              - { name: web, port: 84 } # <- Service/web has no port 84, it has 80: requests reach nobody
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: web, namespace: shop }
        spec:
          parentRefs: [{ name: public }]
          rules:
            - backendRefs:
                - name: web
                  port: 8080 # <- Service/web has no port 8080, it has 80; 8080 is a target port: requests reach nobody
              filters:
                - type: RequestMirror
                  requestMirror:
                    backendRef:
                      name: web
                      port: 85 # <- Service/web has no port 85, it has 80: requests reach nobody
        ---
        # existing
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: worker, namespace: shop }
        data:
          API_URL: http://api:8080 # <- Deployment/worker dials api:8080 (API_URL in ConfigMap/worker), but Service/api has no port 8080, it has 80; 8080 is a target port: connections time out or are refused
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: worker, namespace: shop }
        spec:
          selector: { matchLabels: { app: worker } }
          template:
            metadata: { labels: { app: worker } }
            spec:
              containers:
                - name: worker
                  image: ghcr.io/example/worker:1.4.2
                  envFrom: [{ configMapRef: { name: worker } }]
                  env:
                    - name: METRICS_URL
                      value: http://metrics/api # <- Deployment/worker dials metrics:80 (METRICS_URL), but Service/metrics has no port 80, it has 9090: connections time out or are refused
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: api, namespace: shop }
        spec: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: metrics, namespace: shop }
        spec: { selector: { app: metrics }, ports: [{ port: 9090 }] }
      `,
    ],
    good: [
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop }
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com
              http:
                paths:
                  - { path: /a, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }
                  - { path: /b, pathType: Prefix, backend: { service: { name: web, port: { name: http } } } }
                  # ingress-nginx looks among the target ports, too.
                  - { path: /c, pathType: Prefix, backend: { service: { name: web, port: { number: 8080 } } } }
                  - { path: /d, pathType: Prefix, backend: { service: { name: redirect, port: { name: use-annotation } } } }
                  - { path: /e, pathType: Prefix, backend: { service: { name: outside, port: { number: 443 } } } }
                  - { path: /f, pathType: Prefix, backend: { service: { name: missing, port: { number: 443 } } } }
                  - { path: /g, pathType: Prefix, backend: { service: { name: web, port: { name: '${'$'}{PORT}' } } } }
                  - { path: /h, pathType: Prefix, backend: { service: { name: later, port: { name: http } } } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: web, namespace: shop }
        spec:
          routes:
            - kind: Rule
              match: Host("shop.example.com")
              services:
                - { name: web, port: 80 }
                - { name: web, port: http }
                - { name: shares, kind: TraefikService }
                - { name: api@internal, kind: TraefikService }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: redirect, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: outside, namespace: shop }
        spec: { type: ExternalName, externalName: api.example.com, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: later, namespace: shop }
        spec: { selector: { app: web }, ports: [{ name: '${'$'}{NAME}', port: 80 }] }
        ---
        # A Service of the name in another namespace.
        apiVersion: v1
        kind: Service
        metadata: { name: missing, namespace: other }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: worker, namespace: shop }
        spec:
          containers:
            - name: worker
              image: ghcr.io/example/worker:1.4.2
              env:
                - { name: API_URL, value: 'http://api:80' }
                - { name: API_HOST, value: api }
                - { name: DB_URL, value: 'postgres://db:6432/shop' }
                - { name: KAFKA_BROKERS, value: 'broker:9092,broker:9093' }
                - { name: SEARCH_URL, value: 'http://search' }
            - name: overridden
              image: ghcr.io/example/worker:1.4.2
              envFrom: [{ configMapRef: { name: given } }, { secretRef: { name: elsewhere } }]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: given, namespace: shop }
        data: { API_URL: 'http://api:82' }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: api, namespace: shop }
        spec: { selector: { app: api }, ports: [{ name: a, port: 80 }, { name: b, port: 81, protocol: UDP }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: search, namespace: shop }
        spec: { selector: { app: search }, ports: [{ port: 9200 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: broker, namespace: shop }
        spec: { selector: { app: broker }, ports: [{ port: 9092 }] }
      `,
    ],
  },
  *check(cluster) {
    for (const named of namedBackends(cluster)) yield* checkBackend(cluster, named);
    yield* checkConnections(cluster);
  },
} satisfies Rule;

function* checkBackend(cluster: Cluster, { resource, backend }: NamedBackend): Iterable<Finding> {
  const { group, kind, scope, name, port, portPath } = backend;
  if (resource.existing || group !== '' || kind !== 'Service' || port === undefined || isUnknown(port)) return;
  if (port === 'use-annotation') return;
  const service = cluster.get('', 'Service', scope, name);
  const ports = service && portsOf(cluster, service);
  if (ports === undefined || ports.some((entry) => entry.port === port || entry.name === port)) return;
  if (typeof port === 'string' && ports.some((entry) => isUnknown(entry.name))) return;
  const isTarget = ports.some((entry) => String(entry.targetPort) === String(port));
  const isIngress = resource.kind === 'Ingress';
  if (isTarget && isIngress && productOf(cluster, classOfIngress(cluster, resource)) !== 'traefik') return;
  const shown = typeof port === 'string' && /^\d+$/.test(port) ? `named "${port}"` : port;
  yield {
    resource,
    path: portPath,
    message: `${service} has no port ${shown}, it has ${showPorts(ports)}${isTarget ? `; ${port} is a target port` : ''}: requests reach nobody`,
    ...(cluster.together(resource, service as Resource) ? {} : { severity: 'warning' }),
    related: [{ message: `the ports of ${service}`, resource: service as Resource, path: ['spec', 'ports'] }],
  };
}

interface Port {
  port: number;
  name: unknown;
  targetPort: unknown;
}

/** The ports of a Service, undefined where they aren't all known, or controllers and clients needn't keep to them. */
function portsOf(cluster: Cluster, service: Resource): Port[] | undefined {
  const { type, ports } = asMap(valueAt(service.object, ['spec'])) ?? {};
  if (type === 'ExternalName' || contested(cluster, service)) return undefined;
  const found: Port[] = [];
  for (const item of asList(ports)) {
    const { port, name, targetPort } = asMap(item) ?? {};
    if (typeof port !== 'number') return undefined;
    found.push({ port, name, targetPort });
  }
  return found.length === 0 ? undefined : found;
}

function showPorts(ports: readonly Port[]): string {
  return ports.map(({ port, name }) => (typeof name === 'string' ? `${port} (${name})` : `${port}`)).join(', ');
}

/** One finding for each value and port: many workloads may take it. */
function* checkConnections(cluster: Cluster): Iterable<Finding> {
  const connections = connectionsOf(cluster);
  const isWrong = (connection: Connection) => lacks(cluster, connection) !== undefined;
  const wrong = connections.filter(isWrong);
  if (wrong.length === 0) return;
  const right = new Set(connections.filter((connection) => !isWrong(connection)).map(listId));
  const seen = new Map<Resource, Set<string>>();
  for (const connection of wrong) {
    const { from, service, host, port, written, where, unless, hasOthers, name, declared } = connection;
    const ports = lacks(cluster, connection);
    if (ports === undefined || from.resource.existing || unless !== undefined) continue;
    if (hasOthers || right.has(listId(connection))) continue;
    const id = JSON.stringify([where.path, where.offset, port, service.scope, service.name]);
    const ids = seen.get(where.resource) ?? new Set();
    seen.set(where.resource, ids);
    if (ids.has(id)) continue;
    ids.add(id);
    const isTarget = ports.some(({ targetPort }) => targetPort === port);
    const isIdle = from.replicas === 0;
    const isSure = [where.resource, service].every((other) => cluster.together(from.resource, other));
    yield {
      ...editedAt(connection),
      message: `${from.resource} dials ${host}:${port} (${placeOf(connection)}), but ${service} has no port ${port}, it has ${showPorts(ports)}${isTarget ? `; ${port} is a target port` : ''}: connections time out or are refused${isIdle ? '; replicas is 0: it bites at the first scale-up' : ''}`,
      ...(written && !isIdle && isSure ? {} : { severity: 'warning' }),
      related: [
        ...(where.resource === from.resource || where.resource.existing
          ? []
          : [{ message: `${from.resource} takes it as ${name}`, resource: from.resource, path: declared }]),
        { message: `the ports of ${service}`, resource: service, path: ['spec', 'ports'] },
      ],
    };
  }
}

/** The ports that a Service has instead of the one that is dialled; undefined where it has that one, or that can't be known. */
function lacks(cluster: Cluster, { service, port, written }: Connection): Port[] | undefined {
  if (port === undefined || isHeadless(service)) return undefined;
  const ports = portsOf(cluster, service);
  // Clients of Elasticsearch take 9200 for a URL without port.
  if (!written && ports?.some((entry) => entry.port === 9200)) return undefined;
  return ports?.some((entry) => entry.port === port) ? undefined : ports;
}

function listId({ from, list }: Connection): string {
  return JSON.stringify([from.resource.group, from.resource.kind, from.resource.scope, from.resource.name, list]);
}
