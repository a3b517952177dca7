import { type Blocked, blockedRoutes } from '../../cluster/network/blocked-routes.ts';
import { otherPolicies } from '../../cluster/network/network.ts';
import { type Cluster, type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

/** An application of one pod behind an Ingress, its policy with these ingress rules. */
function application(name: string, rules: string, className = 'nginx', pod = '', type = 'ClusterIP'): string {
  return yaml`
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: { name: ${name}, namespace: shop }
    spec: { ingressClassName: ${className}, defaultBackend: { service: { name: ${name}, port: { number: 80 } } } }
    ---
    apiVersion: v1
    kind: Service
    metadata: { name: ${name}, namespace: shop }
    spec: { type: ${type}, selector: { app: ${name} }, ports: [{ port: 80 }] }
    ---
    apiVersion: v1
    kind: Pod
    metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
    spec: { ${pod}containers: [{ name: ${name}, image: 'ghcr.io/example/${name}:1.4.2' }] }
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: ${name}, namespace: shop }
    spec: { podSelector: { matchLabels: { app: ${name} } }, policyTypes: [Ingress], ingress: [${rules}] }
  `;
}

const SHOP = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n';
const NEIGHBOURS = '{ from: [{ podSelector: {} }] }';

/** A stream of manifests. */
function stream(...manifests: string[]): string {
  return manifests.join('---\n');
}

export default {
  id: 'network-policy-blocks-ingress',
  severity: 'error',
  docs: {
    summary: 'NetworkPolicies of the pods behind a route must admit the ingress controller.',
    incident:
      'AlgoSu, sprint 81: 19 NetworkPolicies in a namespace on k3d, whose Traefik runs in kube-system, out of sight ' +
      'of the repository. Policies that admit the other services of the namespace, and not the controller, leave an ' +
      'application that every pod reaches and no browser does.',
    symptoms: [
      '504 Gateway Timeout',
      '502 Bad Gateway',
      'Gateway Timeout',
      'upstream timed out (110: Connection timed out) while connecting to upstream',
      'dial tcp 10.42.0.17:3000: i/o timeout',
      'upstream connect error or disconnect/reset before headers. reset reason: connection timeout',
      'context deadline exceeded',
    ],
    fix:
      'Admit the controller on the port that the pods listen on (the targetPort, not the Service’s): an ingress rule with ' +
      'namespaceSelector { matchLabels: { kubernetes.io/metadata.name: <its namespace> } }.',
    facts: [
      'Ingress, IngressRoute and the Gateway API’s routes; the pods behind their backends, and the NetworkPolicies that select them; the ' +
        'controllers that run in the environment, rendered or existing, by their image and arguments.',
      'An error where the environment is configured, or one target or file renders all of it; a warning between plain files that only lie side by side',
    ],
    silent: [
      'A peer may hold a controller that no manifest shows: an ipBlock, a namespace that isn’t rendered, or a selector of other labels',
      'The controller, or the pods, are on the host’s network; nodePortLB of Traefik, which dials nodes',
      'A namespace that the environment isn’t known to render wholly (no configuration, no Namespace), where the controller isn’t rendered',
      'A cloud’s class (alb, gce) with an ipBlock admitted, or that comes by node ports',
      'A namespace where a custom resource, or a ServiceAccount that may create pods, may start the controller; proxies of a Gateway there',
      'Pods, ports, labels and namespaces that aren’t known; a Service with several pods, of which one admits it',
      'Policies that name the port of a mesh’s tunnel (15008, 4143)',
      'Cilium, Calico, Antrea or AdminNetworkPolicy objects, Kyverno rules that generate policies, targets that don’t render: unchecked',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
      'https://kubernetes.io/docs/concepts/services-networking/ingress-controllers/',
    ],
  },
  examples: {
    bad: [
      yaml`
        # The controller runs out of sight: every admitted peer is in sight.
        apiVersion: v1
        kind: Namespace
        metadata: { name: algosu }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: algosu }
        spec: { podSelector: {}, policyTypes: [Ingress] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: frontend, namespace: algosu }
        spec:
          podSelector: { matchLabels: { app: frontend } }
          ingress:
            - from: # <- NetworkPolicy/frontend admits nobody who could be the ingress controller to Deployment/frontend on TCP 3000: requests for algosu.example.com (Ingress/algosu) time out
                - podSelector: { matchLabels: { app: gateway } }
                - podSelector: {}
                  namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: algosu } }
              ports: [{ port: 3000 }]
            - from: [{ namespaceSelector: {} }]
              ports: [{ port: 9090 }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: algosu, namespace: algosu }
        spec:
          rules:
            - host: algosu.example.com
              http:
                paths:
                  - { path: /, pathType: Prefix, backend: { service: { name: frontend, port: { name: http } } } }
                  - { path: /web, pathType: Prefix, backend: { service: { name: frontend, port: { number: 80 } } } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: frontend, namespace: algosu }
        spec: { selector: { app: frontend }, ports: [{ name: http, port: 80, targetPort: web }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: frontend, namespace: algosu }
        spec:
          selector: { matchLabels: { app: frontend } }
          template:
            metadata: { labels: { app: frontend } }
            spec:
              containers:
                - { name: frontend, image: 'ghcr.io/example/frontend:1.4.2', ports: [{ name: web, containerPort: 3000 }] }
      `,
      yaml`
        # The controller is here, and another namespace is admitted.
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers:
                - { name: traefik, image: 'traefik:v3.6.12', args: [--providers.kubernetescrd, --providers.kubernetesingress] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress:
            - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ingress-nginx } } }] # <- NetworkPolicy/web refuses DaemonSet/traefik on TCP 8080 of Pod/web: requests for shop.example.com (IngressRoute/web) time out
            - ports: [{ port: 80 }]
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: web, namespace: shop }
        spec:
          routes:
            - { kind: Rule, match: Host("shop.example.com"), services: [{ name: shares, kind: TraefikService }] }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: TraefikService
        metadata: { name: shares, namespace: shop }
        spec: { weighted: { services: [{ name: web, port: 80 }] } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2' }] }
        ---
        # The policy exists already, so the route is what can be edited.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: old, namespace: old }
        spec:
          ingressClassName: traefik
          defaultBackend: # <- NetworkPolicy/old refuses DaemonSet/traefik on TCP 80 of Pod/old: requests for every host (Ingress/old) time out
            service: { name: old, port: { number: 80 } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: old, namespace: old }
        spec: { selector: { app: old }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: old, namespace: old, labels: { app: old } }
        spec: { containers: [{ name: old, image: 'ghcr.io/example/old:1.4.2' }] }
        ---
        # existing
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: old, namespace: old }
        spec: { podSelector: {}, policyTypes: [Ingress] }
      `,
      yaml`
        # A load balancer outside, a Gateway elsewhere, and an ingress controller that may be the one: nobody admits them.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: shop }
        spec: { ingressClassName: alb, defaultBackend: { service: { name: web, port: { number: 80 } } } }
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: web, namespace: shop }
        spec:
          parentRefs: [{ name: public, namespace: edge }]
          hostnames: [shop.example.com, www.shop.example.com]
          rules: [{ backendRefs: [{ name: web, port: 80 }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: own, namespace: shop }
        spec: { ingressClassName: own, defaultBackend: { service: { name: web, port: { number: 80 } } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: controller, namespace: own }
        spec: { containers: [{ name: controller, image: 'ghcr.io/example/ingress:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: {}
          ingress:
            - from: [{ podSelector: {} }] # <- NetworkPolicy/web admits nobody who could be the ingress controller to Pod/web on TCP 80: the requests of Ingress/web and 2 more time out
      `,
    ],
    good: [
      // Peers that may hold a controller which no manifest shows, and rules that hold everyone.
      stream(
        SHOP,
        application('address', '{ from: [{ ipBlock: { cidr: 51.15.0.0/16 } }] }'),
        application(
          'named',
          '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } } }] }',
        ),
        application('labelled', '{ from: [{ namespaceSelector: { matchLabels: { ingress: "true" } } }] }'),
        application(
          'everywhere',
          '{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: nginx } } }] }',
        ),
        application('empty', '{ from: [], ports: [{ port: 80 }] }'),
        application('absent', '{ ports: [{ port: 80 }] }'),
        application('on-host', NEIGHBOURS, 'nginx', 'hostNetwork: true, '),
        application('balanced', '{ from: [{ ipBlock: { cidr: 130.211.0.0/22 } }] }', 'gce'),
        application('by-nodes', NEIGHBOURS, 'alb', '', 'NodePort'),
        // One of two pods admits everyone.
        application('either', NEIGHBOURS),
        yaml`
          apiVersion: v1
          kind: Pod
          metadata: { name: other, namespace: shop, labels: { app: either, slot: green } }
          spec: { containers: [{ name: other, image: 'ghcr.io/example/other:1.4.2' }] }
          ---
          apiVersion: networking.k8s.io/v1
          kind: NetworkPolicy
          metadata: { name: green, namespace: shop }
          spec: { podSelector: { matchLabels: { slot: green } }, ingress: [{}] }
        `,
        // The port that nobody has, and the route that leads to no Service.
        yaml`
          apiVersion: networking.k8s.io/v1
          kind: Ingress
          metadata: { name: nowhere, namespace: shop }
          spec:
            defaultBackend: { service: { name: either, port: { number: 81 } } }
            rules:
              - http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: gone, port: { number: 80 } } } }] }
        `,
        // The proxies of a Gateway run beside it, and the routes of a mesh take the requests of pods.
        yaml`
          apiVersion: gateway.networking.k8s.io/v1
          kind: HTTPRoute
          metadata: { name: beside, namespace: shop }
          spec: { parentRefs: [{ name: public }], rules: [{ backendRefs: [{ name: mesh, port: 80 }] }] }
          ---
          apiVersion: gateway.networking.k8s.io/v1
          kind: HTTPRoute
          metadata: { name: mesh, namespace: shop }
          spec: { parentRefs: [{ kind: Service, group: '', name: mesh, port: 80 }], rules: [{ backendRefs: [{ name: mesh, port: 80 }] }] }
          ---
          apiVersion: v1
          kind: Service
          metadata: { name: mesh, namespace: shop }
          spec: { selector: { app: mesh }, ports: [{ port: 80 }] }
          ---
          apiVersion: v1
          kind: Pod
          metadata: { name: mesh, namespace: shop, labels: { app: mesh } }
          spec: { containers: [{ name: mesh, image: 'ghcr.io/example/mesh:1.4.2' }] }
          ---
          apiVersion: networking.k8s.io/v1
          kind: NetworkPolicy
          metadata: { name: mesh, namespace: shop }
          spec: { podSelector: { matchLabels: { app: mesh } }, ingress: [{ from: [{ podSelector: {} }] }] }
        `,
      ),
      // A namespace of which not all is rendered.
      application('web', NEIGHBOURS),
      application('denied', ''),
      // What may start the controller there, unseen.
      stream(
        SHOP,
        application('web', NEIGHBOURS),
        yaml`
          apiVersion: networking.example.com/v1
          kind: IngressController
          metadata: { name: nginx, namespace: shop }
        `,
      ),
      // A mesh may carry the requests.
      stream(SHOP, application('web', '{ from: [{ podSelector: {} }], ports: [{ port: 80 }, { port: 15008 }] }')),
      // Policies of another kind: unchecked.
      stream(
        SHOP,
        application('web', NEIGHBOURS),
        yaml`
          apiVersion: cilium.io/v2
          kind: CiliumNetworkPolicy
          metadata: { name: web, namespace: shop }
          spec: { endpointSelector: {}, ingress: [{}] }
        `,
      ),
      // Controllers that are here: on the host's network, admitted, or perhaps so.
      stream(
        SHOP,
        application('through-traefik', NEIGHBOURS, 'traefik'),
        application(
          'admitted',
          '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: haproxy } } }] }',
          'haproxy',
        ),
        application('perhaps', '{ from: [{ podSelector: { matchLabels: { app: ingress } } }] }', 'own'),
        yaml`
          apiVersion: v1
          kind: Pod
          metadata: { name: traefik, namespace: traefik }
          spec:
            hostNetwork: true
            containers: [{ name: traefik, image: 'traefik:v3.6.12', args: [--providers.kubernetesingress] }]
          ---
          apiVersion: v1
          kind: Pod
          metadata: { name: haproxy, namespace: haproxy }
          spec: { containers: [{ name: haproxy, image: 'haproxytech/kubernetes-ingress:3.1.6' }] }
          ---
          apiVersion: traefik.io/v1alpha1
          kind: IngressRoute
          metadata: { name: by-nodes, namespace: shop }
          spec:
            routes:
              - kind: Rule
                match: Host("shop.example.com")
                services: [{ name: perhaps, port: 80, nodePortLB: true }]
          ---
          apiVersion: v1
          kind: Pod
          metadata: { name: ingress, namespace: shop, labels: { app: ingress } }
          spec: { containers: [{ name: ingress, image: 'ghcr.io/example/ingress:1.4.2' }] }
        `,
      ),
    ],
  },
  *check(cluster) {
    if (cluster.list('networking.k8s.io', 'NetworkPolicy').length === 0) return;
    const found = blockedRoutes(cluster);
    if (found.length === 0) return;
    const other = otherPolicies(cluster);
    if (other || !cluster.complete) {
      yield {
        unchecked: `whether NetworkPolicies admit the ingress controller to the pods of ${asking(found)}`,
        reason: other
          ? `${other} decides on connections, too, and is not evaluated`
          : 'a target did not render, and what admits it may be in it',
      };
      return;
    }
    for (const one of found) yield report(cluster, one);
  },
} satisfies Rule;

const MOST_RELATED = 5;

function report(cluster: Cluster, blocked: Blocked): Finding {
  const { route, backend, service, server, port, protocol, unadmitted } = blocked;
  const { controller, refusals } = unadmitted;
  const [{ policy, path }, ...others] = refusals;
  const { resource } = route;
  const resources = routesTo(blocked);
  const hosts = new Set((route.matches ?? []).map(({ host }) => host ?? 'every host'));
  const requests =
    resources.size > 1
      ? `the requests of ${resource} and ${resources.size - 1} more time out`
      : `requests for ${hosts.size === 1 ? [...hosts].join() : 'its hosts'} (${resource}) time out`;
  const refusal = { resource: policy as Resource<unknown> as Resource, path };
  const asked = { resource, path: backend.path };
  const actors = [service, server.resource, policy as Resource, ...(controller ? [controller.resource] : [])];
  const isSure = actors.every((actor) => cluster.together(resource, actor));
  return {
    ...(policy.existing ? asked : refusal),
    message: controller
      ? `${policy} refuses ${controller.resource} on ${protocol} ${port} of ${server.resource}: ${requests}`
      : `${policy} admits nobody who could be the ingress controller to ${server.resource} on ${protocol} ${port}: ${requests}`,
    ...(isSure ? {} : { severity: 'warning' }),
    related: [
      policy.existing ? { ...refusal, message: 'the policy' } : { ...asked, message: `${resource} leads there` },
      ...[...resources].slice(1, MOST_RELATED).map((other) => ({
        resource: other,
        path: [],
        message: `${other} leads there, too`,
      })),
      ...others.slice(0, MOST_RELATED).map((other) => ({
        resource: other.policy as Resource<unknown> as Resource,
        path: other.path,
        message: 'isolates the pods, too',
      })),
    ],
  };
}

function asking(found: readonly Blocked[]): string {
  const [first, ...others] = new Set(found.flatMap((blocked) => [...routesTo(blocked)]));
  return others.length === 0 ? `${first}` : `${first} and ${others.length} more`;
}

/** Whose requests are refused alike. */
function routesTo({ leading }: Blocked): ReadonlySet<Resource> {
  return new Set(leading.map(({ route }) => route.resource));
}
