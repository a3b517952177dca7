import { contested } from '../../cluster/contested.ts';
import { backendsOf } from '../../cluster/network/services.ts';
import { controllersIn, productOf } from '../../cluster/routes/controllers.ts';
import { type Route, routesOf } from '../../cluster/routes/routes.ts';
import { asList, asMap, valueAt } from '../../cluster/workloads.ts';
import { type Cluster, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'load-balancer-bypasses-ingress',
  severity: 'warning',
  docs: {
    summary: 'What an Ingress fronts should not have a way in of its own.',
    incident:
      'Devex, 2026-02-10: no cloud LoadBalancer, for its cost and complexity; the ports of one node and Traefik ' +
      'were the way in. A Service of type LoadBalancer or NodePort beside its Ingress is a second way in: it costs ' +
      'an address or a port of every node, and goes around the TLS, authentication, rate limits and access logs of ' +
      'the first.',
    symptoms: [
      'Ensuring load balancer',
      'Ensured load balancer',
      'EnsuredLoadBalancer',
      'type: LoadBalancer',
      'type: NodePort',
    ],
    fix: 'Make the Service ClusterIP, and let the ingress controller’s own Service be the only one of type LoadBalancer.',
    facts: [
      'Ingress, IngressRoute and the Gateway API’s routes, their classes (IngressClass, GatewayClass: rendered or existing), and the types of ' +
        'the Services that they lead to.',
    ],
    silent: [
      'The Service of the ingress controller itself, such as a route to its dashboard',
      'NodePort where the class is a cloud’s (alb, gce) or isn’t known: such load balancers need node ports; nodePortLB of Traefik',
      'A load balancer that is internal, restricted to some sources (loadBalancerSourceRanges), or of Tailscale',
      'A Service that exists already, or that targets disagree about',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types',
      'https://kubernetes.io/docs/concepts/services-networking/ingress/',
      'https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#target-type',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec:
          type: LoadBalancer # <- Service/web is also behind Ingress/web: its load balancer is a second way in, around the TLS, authentication and limits of the first
          selector: { app: web }
          ports: [{ port: 80 }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop }
        spec:
          ingressClassName: alb
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: api, namespace: shop }
        spec:
          type: NodePort # <- Service/api is also behind Ingress/api: its node port is a second way in, around the TLS, authentication and limits of the first
          selector: { app: api }
          ports: [{ port: 80 }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: api, namespace: shop }
        spec:
          ingressClassName: public
          rules:
            - host: api.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: api, port: { number: 80 } } } }] }
        ---
        # existing
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: public }
        spec: { controller: k8s.io/ingress-nginx }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: routed, namespace: shop }
        spec:
          type: NodePort # <- Service/routed is also behind IngressRoute/routed: its node port is a second way in, around the TLS, authentication and limits of the first
          selector: { app: routed }
          ports: [{ port: 80 }]
        ---
        # existing
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: routed, namespace: shop }
        spec:
          routes:
            - { kind: Rule, match: Host("routed.example.com"), services: [{ name: routed, port: 80 }] }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        # Load balancers of these classes need node ports, or may.
        apiVersion: v1
        kind: Service
        metadata: { name: node-port, namespace: shop }
        spec: { type: NodePort, selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: alb, namespace: shop }
        spec:
          ingressClassName: alb
          rules:
            - http:
                paths:
                  - { path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }
                  - { path: /node-port, pathType: Prefix, backend: { service: { name: node-port, port: { number: 80 } } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: gce, namespace: shop, annotations: { kubernetes.io/ingress.class: gce } }
        spec: { defaultBackend: { service: { name: node-port, port: { number: 80 } } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: unknown, namespace: shop }
        spec: { ingressClassName: public, defaultBackend: { service: { name: node-port, port: { number: 80 } } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: none, namespace: shop }
        spec: { defaultBackend: { service: { name: node-port, port: { number: 80 } } } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: node-port, namespace: shop }
        spec:
          routes:
            - kind: Rule
              match: Host("shop.example.com")
              services: [{ name: node-port, port: 80, nodePortLB: true }]
        ---
        # A load balancer that no route leads to, and one of the same name elsewhere.
        apiVersion: v1
        kind: Service
        metadata: { name: mqtt, namespace: shop }
        spec: { type: LoadBalancer, selector: { app: mqtt }, ports: [{ port: 1883 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: other }
        spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
        ---
        # Internal, restricted, private.
        apiVersion: v1
        kind: Service
        metadata:
          name: internal
          namespace: shop
          annotations: { service.beta.kubernetes.io/aws-load-balancer-scheme: internal }
        spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: intern
          namespace: shop
          annotations: { service.beta.kubernetes.io/azure-load-balancer-internal: 'true' }
        spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: restricted, namespace: shop }
        spec: { type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8], selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: private, namespace: shop }
        spec: { type: LoadBalancer, loadBalancerClass: tailscale, selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: others, namespace: shop }
        spec:
          routes:
            - kind: Rule
              match: Host("others.example.com")
              services:
                - { name: internal, port: 80 }
                - { name: intern, port: 80 }
                - { name: restricted, port: 80 }
                - { name: private, port: 80 }
      `,
      yaml`
        # The controller's own.
        apiVersion: v1
        kind: Service
        metadata: { name: traefik, namespace: traefik }
        spec: { type: LoadBalancer, selector: { app: traefik }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: traefik, namespace: traefik, labels: { app: traefik } }
        spec: { containers: [{ name: traefik, image: 'traefik:v3.6.12' }] }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: ping, namespace: traefik }
        spec:
          routes:
            - { kind: Rule, match: Path("/ping"), services: [{ name: traefik, port: 80 }] }
        ---
        # existing
        apiVersion: v1
        kind: Service
        metadata: { name: old, namespace: shop }
        spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop }
        spec: { defaultBackend: { service: { name: old, port: { number: 80 } } } }
      `,
    ],
  },
  *check(cluster) {
    const seen = new Set<Resource>();
    for (const route of routesOf(cluster)) {
      for (const { group, kind, scope, name, path } of route.backends) {
        const service = group === '' && kind === 'Service' ? cluster.get('', 'Service', scope, name) : undefined;
        if (!service || service.existing || seen.has(service)) continue;
        const way = wayIn(cluster, service, route, path);
        if (way === undefined || contested(cluster, service) || isOfController(cluster, service)) continue;
        seen.add(service);
        yield {
          resource: service,
          path: ['spec', 'type'],
          message: `${service} is also behind ${route.resource}: its ${way} is a second way in, around the TLS, authentication and limits of the first`,
          related: [{ message: `${route.resource} leads to it`, resource: route.resource, path }],
        };
      }
    }
  },
} satisfies Rule;

/** How requests may reach a Service's pods without the route; undefined where they can't, or must be able to. */
function wayIn(cluster: Cluster, service: Resource, route: Route, backend: Route['path']): string | undefined {
  const spec = asMap(valueAt(service.object, ['spec'])) ?? {};
  if (spec.type === 'LoadBalancer') return isPrivate(service, spec) ? undefined : 'load balancer';
  if (spec.type !== 'NodePort') return undefined;
  if (valueAt(route.resource.object, [...backend, 'nodePortLB']) === true) return undefined;
  const products = route.resource.group.startsWith('traefik.')
    ? ['traefik']
    : route.classes.map((routeClass) => productOf(cluster, routeClass));
  const needsNone = products.length > 0 && products.every((product) => product !== undefined && product !== 'cloud');
  return needsNone ? 'node port' : undefined;
}

/** Whether a load balancer lets in some only. */
function isPrivate(service: Resource, spec: Record<string, unknown>): boolean {
  if (asList(spec.loadBalancerSourceRanges).length > 0 || spec.loadBalancerClass === 'tailscale') return true;
  const annotations = asMap(valueAt(service.object, ['metadata', 'annotations'])) ?? {};
  return Object.entries(annotations).some(
    ([key, value]) =>
      (/internal|private/i.test(key) && value !== 'false') ||
      (typeof value === 'string' && /^(?:internal|private|intranet)$/i.test(value)),
  );
}

/** Whether requests to a Service go to an ingress controller: then it is the way in. */
function isOfController(cluster: Cluster, service: Resource): boolean {
  const { workloads } = backendsOf(cluster, service);
  return workloads.some((workload) => controllersIn(cluster).some((controller) => controller.workload === workload));
}
