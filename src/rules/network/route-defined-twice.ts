import { contested, mayBeOne } from '../../cluster/contested.ts';
import { controllersOf, productOf } from '../../cluster/routes/controllers.ts';
import { type Route, type RouteMatch, routesOf } from '../../cluster/routes/routes.ts';
import { asMap, valueAt } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'route-defined-twice',
  severity: 'warning',
  docs: {
    summary: 'One host and path belong to one route of a class.',
    incident:
      'Devex, 2026-02-10, issue H: cert-manager’s solver got 404 instead of 200, because of conflicting Ingress ' +
      'state and stale resources after retries. Only the webhook of ingress-nginx refuses a second route for one ' +
      'host and path; elsewhere both stand side by side, and the controller decides by age, name or length which of ' +
      'them wins.',
    symptoms: [
      "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'",
      'host "shop.example.com" and path "/" is already defined in ingress shop/web',
      'conflicting server name',
      'Name collision',
    ],
    fix: 'Remove one of the routes, or tell them apart: by host, path, entry point, class, or (Traefik) priority.',
    facts: [
      'Ingress, IngressRoute (TCP and UDP) and the Gateway API’s routes, rendered or existing, each kind for itself.',
    ],
    silent: [
      'Other class, entry point (web beside websecure), listener, method, header or priority; with TLS beside without, for Traefik',
      'Controllers that look into different namespaces',
      'Canaries of ingress-nginx, and the mergeable Ingresses of NGINX Inc.',
      'Classes of clouds (alb, gce): each Ingress has a load balancer of its own',
      'Routes of the Gateway API that no listener takes, of a mesh (parent Service), or that another route delegates to',
      'Rules, hosts, paths and classes that hold placeholders or can’t be read',
      'One Ingress in two targets (resource-defined-twice), or deployed before into a namespace that its target leaves open; hooks',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/ingress/#multiple-matches',
      'https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/',
      'https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule',
    ],
  },
  examples: {
    bad: [
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
                  - { path: /api, pathType: Prefix, backend: { service: { name: api, port: { number: 80 } } } }
                  - { path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: retried, namespace: shop, annotations: { kubernetes.io/ingress.class: nginx } }
        spec:
          rules:
            - host: Shop.example.com
              http:
                paths:
                  - path: /api/ # <- shop.example.com/api is also routed by Ingress/web: one of the two gets no requests
                    pathType: Prefix
                    backend: { service: { name: old, port: { number: 80 } } }
                  - { path: /, pathType: Exact, backend: { service: { name: old, port: { number: 80 } } } }
                  - { path: /other, pathType: Prefix, backend: { service: { name: old, port: { number: 80 } } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: elsewhere, namespace: other }
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com # <- shop.example.com is also routed by Ingress/web in namespace shop: one of the two gets no requests
              http: { paths: [{ pathType: ImplementationSpecific, backend: { service: { name: old, port: { number: 80 } } } }] }
      `,
      yaml`
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: web, namespace: shop }
        spec:
          entryPoints: [web, websecure]
          routes:
            - kind: Rule
              match: (Host("a.example.com") || Host("b.example.com")) && PathPrefix("/api") # <- b.example.com/api is also routed by IngressRoute/old: one of the two gets no requests
              services: [{ name: web, port: 80 }]
        ---
        # existing
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: old, namespace: shop }
        spec:
          entryPoints: [websecure]
          routes:
            - { kind: Rule, match: PathPrefix("/api") && Host("b.example.com"), services: [{ name: old, port: 80 }] }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRouteTCP
        metadata: { name: first, namespace: shop }
        spec:
          entryPoints: [postgres]
          routes: [{ match: HostSNI("*"), services: [{ name: first, port: 5432 }] }]
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRouteTCP
        metadata: { name: second, namespace: shop }
        spec:
          entryPoints: [postgres]
          routes:
            - match: HostSNI("*") # <- every host is also routed by IngressRouteTCP/first: one of the two gets no requests
              services: [{ name: second, port: 5432 }]
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: first, namespace: shop }
        spec:
          parentRefs: [{ name: public, namespace: edge }]
          hostnames: [shop.example.com]
          rules: [{ backendRefs: [{ name: first, port: 80 }] }]
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: second, namespace: shop }
        spec:
          parentRefs: [{ name: public, namespace: edge }]
          hostnames: [shop.example.com]
          rules:
            - matches: [{ path: { type: PathPrefix, value: / } }] # <- shop.example.com is also routed by HTTPRoute/first: one of the two gets no requests
              backendRefs: [{ name: second, port: 80 }]
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
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: internal, namespace: shop }
        spec:
          ingressClassName: internal
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: canary, namespace: shop, annotations: { nginx.ingress.kubernetes.io/canary: 'true' } }
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: minion, namespace: shop, annotations: { nginx.org/mergeable-ingress-type: minion } }
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: hook, namespace: shop, annotations: { helm.sh/hook: test } }
        spec:
          ingressClassName: nginx
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: filled, namespace: shop }
        spec:
          ingressClassName: '${'$'}{CLASS}'
          rules:
            - http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
            - host: '${'$'}{HOST}'
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: filled-too, namespace: shop }
        spec:
          ingressClassName: '${'$'}{CLASS}'
          rules:
            - http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
        ---
        # Each has a load balancer of its own.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: first, namespace: shop }
        spec: { ingressClassName: alb, defaultBackend: { service: { name: web, port: { number: 80 } } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: second, namespace: shop }
        spec: { ingressClassName: alb, defaultBackend: { service: { name: api, port: { number: 80 } } } }
      `,
      yaml`
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: web, namespace: shop }
        spec:
          entryPoints: [websecure]
          routes:
            - { kind: Rule, match: Host("shop.example.com"), services: [{ name: web, port: 80 }] }
            - { kind: Rule, match: Host("shop.example.com"), services: [{ name: web, port: 80 }] }
            - { kind: Rule, match: Host("${'$'}{HOST}"), services: [{ name: web, port: 80 }] }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: redirect, namespace: shop }
        spec:
          entryPoints: [web]
          routes: [{ kind: Rule, match: Host("shop.example.com"), services: [{ name: noop@internal, kind: TraefikService }] }]
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: others, namespace: shop }
        spec:
          entryPoints: [websecure]
          routes:
            - { kind: Rule, priority: 100, match: Host("shop.example.com"), services: [{ name: web, port: 80 }] }
            - { kind: Rule, match: Host("shop.example.com") && Method("POST"), services: [{ name: web, port: 80 }] }
            - { kind: Rule, match: Host("${'$'}{HOST}"), services: [{ name: web, port: 80 }] }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: encrypted, namespace: shop }
        spec:
          entryPoints: [websecure]
          routes: [{ kind: Rule, match: Host("shop.example.com"), services: [{ name: web, port: 80 }] }]
          tls: {}
      `,
      yaml`
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: { name: public, namespace: shop }
        spec:
          gatewayClassName: istio
          listeners: [{ name: web, port: 80, protocol: HTTP }, { name: tls, port: 443, protocol: HTTPS, hostname: shop.example.com }]
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: web, namespace: shop }
        spec: { parentRefs: [{ name: public, sectionName: tls }], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: redirect, namespace: shop }
        spec:
          parentRefs: [{ name: public, sectionName: web }]
          rules: [{ filters: [{ type: RequestRedirect, requestRedirect: { scheme: https } }] }]
        ---
        # No listener takes these.
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: no-listener, namespace: shop }
        spec: { parentRefs: [{ name: public, sectionName: none }], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: no-listener-either, namespace: shop }
        spec: { parentRefs: [{ name: public, sectionName: none }], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
        ---
        # Pods that dial the Service meet both.
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: mesh, namespace: shop }
        spec: { parentRefs: [{ group: '', kind: Service, name: web }], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: mesh-too, namespace: shop }
        spec: { parentRefs: [{ group: '', kind: Service, name: web }], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
      `,
      yaml`
        # Load balancers of their own, though the class isn't written.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: first, namespace: shop, annotations: { alb.ingress.kubernetes.io/scheme: internal } }
        spec: { defaultBackend: { service: { name: web, port: { number: 80 } } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: second, namespace: shop, annotations: { alb.ingress.kubernetes.io/scheme: internet-facing } }
        spec: { defaultBackend: { service: { name: web, port: { number: 80 } } } }
      `,
      yaml`
        # Two controllers, each for its own namespace.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: nginx, namespace: blue }
        spec:
          selector: { matchLabels: { app: nginx } }
          template:
            metadata: { labels: { app: nginx } }
            spec:
              containers:
                - name: nginx
                  image: registry.k8s.io/ingress-nginx/controller:v1.12.1
                  args: [/nginx-ingress-controller, --watch-namespace=blue]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: nginx, namespace: green }
        spec:
          selector: { matchLabels: { app: nginx } }
          template:
            metadata: { labels: { app: nginx } }
            spec:
              containers:
                - name: nginx
                  image: registry.k8s.io/ingress-nginx/controller:v1.12.1
                  args: [/nginx-ingress-controller, --watch-namespace=green]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: blue }
        spec: { ingressClassName: nginx, defaultBackend: { service: { name: web, port: { number: 80 } } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: green }
        spec: { ingressClassName: nginx, defaultBackend: { service: { name: web, port: { number: 80 } } } }
      `,
      yaml`
        # Deployed before, into the namespace that kubectl was told.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web }
        spec: { rules: [{ host: shop.example.com }] }
        ---
        # existing
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop }
        spec: { rules: [{ host: shop.example.com }] }
      `,
    ],
  },
  *check(cluster) {
    for (const routes of sameRoutes(cluster)) {
      const first = routes.find(({ route }) => route.resource.existing) ?? routes[0];
      for (const other of routes) {
        const { resource } = other.route;
        if (!first || resource.existing || resource === first.route.resource) continue;
        // In a namespace that nobody sets, what exists may be what is rendered, deployed before.
        if (!mayBeOne(first.route.resource, resource)) yield* report(cluster, first, other);
      }
    }
  },
} satisfies Rule;

interface Taken {
  route: Route;
  match: RouteMatch;
}

/** Groups of routes that take the same requests, each route once in a group. */
function sameRoutes(cluster: Cluster): Iterable<readonly Taken[]> {
  const groups = new Map<string, Taken[]>();
  for (const route of routesOf(cluster)) {
    if (isSideBySide(cluster, route)) continue;
    for (const match of route.matches ?? []) {
      for (const key of keysOf(route, match)) {
        const same = groups.get(key);
        if (!same) groups.set(key, [{ route, match }]);
        // The routes of one resource follow each other.
        else if (same.at(-1)?.route.resource !== route.resource) same.push({ route, match });
      }
    }
  }
  const found = new Map<string, readonly Taken[]>();
  for (const same of groups.values()) {
    if (same.length > 1) found.set(JSON.stringify(same.map(({ route, match }) => [idOf(route), match])), same);
  }
  return found.values();
}

function idOf({ resource, path }: Route): unknown[] {
  return [resource.group, resource.kind, resource.scope, resource.name, path];
}

/** What routes have in common that take the same requests of the same controller: one key for each entry point. */
function keysOf(route: Route, match: RouteMatch): string[] {
  const { resource, protocol, path, tls, classes, entryPoints } = route;
  if (entryPoints === undefined || classes.some(({ from, path: written }) => from === 'unknown' && written)) return [];
  const isTraefik = resource.group.startsWith('traefik.');
  const about = [
    isTraefik ? 'traefik' : resource.group,
    resource.kind,
    protocol,
    resource.group === GATEWAY ? [] : classes.map(({ name }) => name ?? ''),
    [match.host ?? '', pathOf(match), match.conditions],
    isTraefik ? [valueAt(resource.object, [...path, 'priority']), tls.length > 0] : priorityOf(resource),
  ];
  // Without a listener, a route of the Gateway API takes nothing.
  const doors = entryPoints.length === 0 && resource.group !== GATEWAY ? [''] : entryPoints;
  return doors.map((door) => JSON.stringify([...about, door]));
}

const GATEWAY = 'gateway.networking.k8s.io';

/** What takes every path is written in several ways. */
function pathOf({ path }: RouteMatch): unknown {
  return path === undefined || (path.value === '/' && path.type !== 'Exact') ? '/' : [path.type, path.value];
}

function priorityOf(resource: Resource): unknown {
  return annotationsOf(resource)['traefik.ingress.kubernetes.io/router.priority'];
}

function annotationsOf(resource: Resource): Record<string, unknown> {
  return asMap(valueAt(resource.object, ['metadata', 'annotations'])) ?? {};
}

/** Whether a route may stand beside another one with the same host and path, or nobody knows which of its definitions counts. */
function isSideBySide(cluster: Cluster, { resource, classes }: Route): boolean {
  if (resource.hooks.length > 0 || contested(cluster, resource)) return true;
  const annotations = annotationsOf(resource);
  if (annotations['nginx.ingress.kubernetes.io/canary'] === 'true') return true;
  if (annotations['nginx.org/mergeable-ingress-type'] !== undefined) return true;
  if (Object.keys(annotations).some((key) => key.startsWith('alb.ingress.kubernetes.io/'))) return true;
  return resource.kind === 'Ingress' && classes.some((routeClass) => productOf(cluster, routeClass) === 'cloud');
}

function* report(cluster: Cluster, first: Taken, other: Taken): Iterable<Finding> {
  if (haveDifferentControllers(cluster, first.route, other.route)) return;
  const { resource, path } = other.route;
  const { host = 'every host' } = other.match;
  const shown = other.match.path && pathOf(other.match) !== '/' ? other.match.path.value : '';
  const elsewhere = first.route.resource.scope !== resource.scope ? first.route.resource.namespace : undefined;
  yield {
    resource,
    path: placeOf(other.route, path),
    message: `${host}${shown} is also routed by ${first.route.resource}${elsewhere ? ` in namespace ${elsewhere}` : ''}: one of the two gets no requests`,
    related: [
      {
        message: `${first.route.resource} routes it, too`,
        resource: first.route.resource,
        path: placeOf(first.route, first.route.path),
      },
    ],
  };
}

/** The path where one is written, else what tells the host. */
function placeOf({ resource, hostPath }: Route, path: Route['path']): Route['path'] {
  for (const field of ['path', 'matches']) {
    if (valueAt(resource.object, [...path, field]) !== undefined) return [...path, field];
  }
  return hostPath;
}

function haveDifferentControllers(cluster: Cluster, a: Route, b: Route): boolean {
  const [first, second] = [controllersOf(cluster, a), controllersOf(cluster, b)];
  if (first === undefined || second === undefined) return false;
  return !first.some(({ workload }) => second.some((other) => other.workload === workload));
}
