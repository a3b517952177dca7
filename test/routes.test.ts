import { describe, expect, it } from 'vitest';
import { controllersIn, controllersOf, productOf } from '../src/cluster/routes/controllers.ts';
import { type Route, routesOf } from '../src/cluster/routes/routes.ts';
import { parseRule } from '../src/cluster/routes/traefik-rule.ts';
import { clusterOf, type Manifest, resourceOf } from './in-memory.ts';

describe('a rule of Traefik', () => {
  it.each([
    ['Host(`Shop.example.com.`)', [{ host: 'shop.example.com', conditions: [] }]],
    [
      'Host(`a`, `b`) && PathPrefix(`/x`)',
      [
        { host: 'a', path: { type: 'TextPrefix', value: '/x' }, conditions: [] },
        { host: 'b', path: { type: 'TextPrefix', value: '/x' }, conditions: [] },
      ],
    ],
    [
      '(Host(`a`) || HOST("b")) && (path(`/x`) || PathPrefix(`/y`))',
      [
        { host: 'a', path: { type: 'Exact', value: '/x' }, conditions: [] },
        { host: 'a', path: { type: 'TextPrefix', value: '/y' }, conditions: [] },
        { host: 'b', path: { type: 'Exact', value: '/x' }, conditions: [] },
        { host: 'b', path: { type: 'TextPrefix', value: '/y' }, conditions: [] },
      ],
    ],
    [
      'Host(`a`) || Host(`b`) && PathPrefix(`/y`)',
      [
        { host: 'a', conditions: [] },
        { host: 'b', path: { type: 'TextPrefix', value: '/y' }, conditions: [] },
      ],
    ],
    [
      'PathPrefix(`/`) && !(Host(`a`) || Method(`GET`))',
      [{ path: { type: 'TextPrefix', value: '/' }, conditions: ['!host(`a`)', '!method(`GET`)'] }],
    ],
    ['!(Host(`a`) && Method(`GET`))', [{ conditions: ['!host(`a`)'] }, { conditions: ['!method(`GET`)'] }]],
    ['!!Host(`a`)', [{ host: 'a', conditions: [] }]],
    [
      'Headers(`X-A`, `1`) && HostRegexp(`{sub:[a-z]+}.a`) && Query("a", "\\"b")',
      [{ conditions: ['headers(`X-A`, `1`)', 'hostregexp(`{sub:[a-z]+}.a`)', 'query(`a`, `"b`)'] }],
    ],
    ['Path(`/a/{id:[0-9]+}`)', [{ conditions: ['path(`/a/{id:[0-9]+}`)'] }]],
    ['Host(`a`) && Host(`b`)', [{ host: 'a', conditions: ['host(`b`)'] }]],
    ['HostSNI(`*`)', [{ conditions: [] }]],
    ['HostSNI(`db.example.com`) && ALPN(`h2`)', [{ host: 'db.example.com', conditions: ['alpn(`h2`)'] }]],
  ])('%s', (rule, terms) => {
    expect(parseRule(rule)).toEqual(terms);
  });

  it.each([
    undefined,
    7,
    '',
    'Host(`a`',
    'Host(a)',
    "Host('a')",
    'Host()',
    'Host(`a`,)',
    'Host(`a`) Path(`/b`)',
    'Host(`a`) &&',
    '&& Host(`a`)',
    'Host(`a`) & Path(`/b`)',
    'Host',
    'Host(`${HOST}`)',
    `${'('.repeat(5000)}Host(\`a\`)`,
    Array(9).fill('(Host(`a`) || Host(`b`))').join(' && '),
    `Host(\`${'a'.repeat(20_000)}\`)`,
  ])('is not understood: %#', (rule) => {
    expect(parseRule(rule)).toBeUndefined();
  });
});

/** A route without the resources in it. */
function told({ resource, classes, tls, ...route }: Route) {
  return {
    ...route,
    of: String(resource),
    classes: classes.map(({ resource: from, ...rest }) => (from ? { ...rest, of: String(from) } : rest)),
    tls: tls.map(({ resource: from, ...rest }) => ({ ...rest, of: String(from) })),
  };
}

const meta = (name: string, annotations: Record<string, string> = {}) => ({ name, namespace: 'shop', annotations });

describe('routes', () => {
  it('are those of an Ingress, with its class, backends and TLS', () => {
    const cluster = clusterOf([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: meta('web'),
        spec: {
          ingressClassName: 'nginx',
          defaultBackend: { service: { name: 'fallback', port: { number: 80 } } },
          tls: [{ hosts: ['Shop.example.com'], secretName: 'shop-tls' }, {}],
          rules: [
            {
              host: 'Shop.example.com',
              http: {
                paths: [
                  { path: '/api/', pathType: 'Prefix', backend: { service: { name: 'api', port: { name: 'http' } } } },
                  { pathType: 'ImplementationSpecific', backend: { service: { name: 'web' } } },
                  {
                    path: '/x',
                    pathType: 'Exact',
                    backend: { resource: { apiGroup: 'k.io', kind: 'Bucket', name: 'b' } },
                  },
                  { path: '${X}', pathType: 'Exact', backend: null },
                ],
              },
            },
            { host: '${HOST}' },
            null,
          ],
        },
      },
    ]);
    const shared = {
      of: 'Ingress/web',
      protocol: 'http',
      entryPoints: [],
      classes: [{ from: 'field', name: 'nginx', path: ['spec', 'ingressClassName'], of: 'Ingress/web' }],
      tls: [
        {
          of: 'Ingress/web',
          path: ['spec', 'tls', 0],
          hosts: ['shop.example.com'],
          secrets: [{ name: 'shop-tls', scope: 'shop', path: ['spec', 'tls', 0, 'secretName'] }],
          passthrough: false,
        },
        { of: 'Ingress/web', path: ['spec', 'tls', 1], hosts: [], secrets: [], passthrough: false },
      ],
    };
    const service = { group: '', kind: 'Service', scope: 'shop' };
    const fallbackPath = ['spec', 'defaultBackend'];
    const fallback = {
      ...service,
      name: 'fallback',
      port: 80,
      path: fallbackPath,
      portPath: [...fallbackPath, 'service', 'port', 'number'],
    };
    const host = 'shop.example.com';
    const hostPath = ['spec', 'rules', 0, 'host'];
    const at = (i: number) => ['spec', 'rules', 0, 'http', 'paths', i];
    expect(routesOf(cluster).map(told)).toEqual([
      { ...shared, path: fallbackPath, hostPath: fallbackPath, matches: [{ conditions: [] }], backends: [fallback] },
      {
        ...shared,
        path: at(0),
        hostPath,
        matches: [{ host, path: { type: 'Prefix', value: '/api' }, conditions: [] }],
        backends: [
          {
            ...service,
            name: 'api',
            port: 'http',
            path: [...at(0), 'backend'],
            portPath: [...at(0), 'backend', 'service', 'port', 'name'],
          },
        ],
      },
      {
        ...shared,
        path: at(1),
        hostPath,
        matches: [{ host, path: { type: 'ImplementationSpecific', value: '/' }, conditions: [] }],
        backends: [
          {
            ...service,
            name: 'web',
            port: undefined,
            path: [...at(1), 'backend'],
            portPath: [...at(1), 'backend', 'service'],
          },
        ],
      },
      {
        ...shared,
        path: at(2),
        hostPath,
        matches: [{ host, path: { type: 'Exact', value: '/x' }, conditions: [] }],
        backends: [
          {
            group: 'k.io',
            kind: 'Bucket',
            name: 'b',
            scope: 'shop',
            port: undefined,
            path: [...at(2), 'backend'],
            portPath: [...at(2), 'backend'],
          },
        ],
      },
      { ...shared, path: at(3), hostPath, matches: undefined, backends: [] },
      {
        ...shared,
        path: ['spec', 'rules', 1],
        hostPath: ['spec', 'rules', 1, 'host'],
        matches: undefined,
        backends: [fallback],
      },
      {
        ...shared,
        path: ['spec', 'rules', 2],
        hostPath: ['spec', 'rules', 2],
        matches: [{ host: undefined, conditions: [] }],
        backends: [fallback],
      },
    ]);
  });

  it('are those of IngressRoutes, TCP and UDP included', () => {
    const cluster = clusterOf([
      {
        apiVersion: 'traefik.io/v1alpha1',
        kind: 'IngressRoute',
        metadata: meta('web', { 'kubernetes.io/ingress.class': 'edge' }),
        spec: {
          entryPoints: ['websecure', 'web'],
          routes: [
            {
              match: 'Host(`a`)',
              services: [
                { name: 'web', port: 80 },
                { name: 'lb', kind: 'TraefikService', namespace: 'edge' },
                { name: 'api@internal', kind: 'TraefikService' },
              ],
            },
          ],
          tls: { certResolver: 'le', secretName: 'tls', domains: [{ main: 'A', sans: ['*.b'] }] },
        },
      },
      {
        apiVersion: 'traefik.containo.us/v1alpha1',
        kind: 'IngressRouteTCP',
        metadata: meta('db'),
        spec: {
          routes: [{ match: 'HostSNI(`*`)', services: [{ name: 'db', port: 'sql' }] }],
          tls: { passthrough: true },
        },
      },
      {
        apiVersion: 'traefik.io/v1alpha1',
        kind: 'IngressRouteUDP',
        metadata: meta('dns'),
        spec: { entryPoints: ['${POINT}'], routes: [{ services: [{ name: 'dns', port: 53 }] }] },
      },
    ]);
    const at = (i: number) => ['spec', 'routes', 0, 'services', i];
    expect(routesOf(cluster).map(told)).toEqual([
      {
        of: 'IngressRoute/web',
        path: ['spec', 'routes', 0],
        hostPath: ['spec', 'routes', 0, 'match'],
        protocol: 'http',
        matches: [{ host: 'a', conditions: [] }],
        classes: [
          {
            from: 'annotation',
            name: 'edge',
            path: ['metadata', 'annotations', 'kubernetes.io/ingress.class'],
            of: 'IngressRoute/web',
          },
        ],
        entryPoints: ['web', 'websecure'],
        backends: [
          {
            group: '',
            kind: 'Service',
            name: 'web',
            scope: 'shop',
            port: 80,
            path: at(0),
            portPath: [...at(0), 'port'],
          },
          {
            group: 'traefik.io',
            kind: 'TraefikService',
            name: 'lb',
            scope: 'edge',
            port: undefined,
            path: at(1),
            portPath: at(1),
          },
        ],
        tls: [
          {
            of: 'IngressRoute/web',
            path: ['spec', 'tls'],
            hosts: ['a', '*.b'],
            secrets: [{ name: 'tls', scope: 'shop', path: ['spec', 'tls', 'secretName'] }],
            resolver: 'le',
            passthrough: false,
          },
        ],
      },
      {
        of: 'IngressRouteTCP/db',
        path: ['spec', 'routes', 0],
        hostPath: ['spec', 'routes', 0, 'match'],
        protocol: 'tcp',
        matches: [{ conditions: [] }],
        classes: [{ from: 'none' }],
        entryPoints: [],
        backends: [
          {
            group: '',
            kind: 'Service',
            name: 'db',
            scope: 'shop',
            port: 'sql',
            path: at(0),
            portPath: [...at(0), 'port'],
          },
        ],
        tls: [{ of: 'IngressRouteTCP/db', path: ['spec', 'tls'], hosts: [], secrets: [], passthrough: true }],
      },
      {
        of: 'IngressRouteUDP/dns',
        path: ['spec', 'routes', 0],
        hostPath: ['spec', 'routes', 0],
        protocol: 'udp',
        matches: [{ conditions: [] }],
        classes: [{ from: 'none' }],
        entryPoints: undefined,
        backends: [
          {
            group: '',
            kind: 'Service',
            name: 'dns',
            scope: 'shop',
            port: 53,
            path: at(0),
            portPath: [...at(0), 'port'],
          },
        ],
        tls: [],
      },
    ]);
  });

  it('are those of the Gateway API, attached to listeners', () => {
    const gateway = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'edge', namespace: 'infra' },
      spec: {
        gatewayClassName: 'traefik',
        listeners: [
          { name: 'web', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } },
          { name: 'same', port: 81, protocol: 'HTTP' },
          { name: 'none', port: 82, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'None' } } },
          {
            name: 'others',
            port: 83,
            protocol: 'HTTP',
            allowedRoutes: {
              namespaces: { from: 'Selector', selector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } },
            },
          },
          {
            name: 'grpc',
            port: 84,
            protocol: 'HTTP',
            allowedRoutes: { namespaces: { from: 'All' }, kinds: [{ kind: 'GRPCRoute' }] },
          },
          {
            name: 'tls',
            port: 443,
            protocol: 'HTTPS',
            hostname: '*.example.com',
            allowedRoutes: {
              namespaces: { from: 'Selector', selector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
            },
            tls: { certificateRefs: [{ name: 'wild' }, { kind: 'Other', name: 'no' }] },
          },
          {
            name: 'raw',
            port: 8443,
            protocol: 'TLS',
            hostname: 'a.example.com',
            allowedRoutes: { namespaces: { from: 'All' } },
            tls: { mode: 'Passthrough' },
          },
          {
            name: 'elsewhere',
            port: 8080,
            protocol: 'HTTP',
            hostname: '*.example.org',
            allowedRoutes: { namespaces: { from: 'All' } },
          },
        ],
      },
    };
    const cluster = clusterOf([
      gateway,
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: meta('web'),
        spec: {
          hostnames: ['A.b.example.com'],
          parentRefs: [{ name: 'edge', namespace: 'infra' }],
          rules: [
            {
              matches: [{ path: { value: '/api/' }, method: 'GET' }, { path: { type: 'Exact', value: '/x' } }],
              backendRefs: [
                { name: 'api', port: 80 },
                { group: 'k.io', kind: 'Bucket', name: 'b' },
              ],
            },
          ],
        },
      },
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: meta('everything'),
        spec: { parentRefs: [{ name: 'edge', namespace: 'infra', sectionName: 'tls' }] },
      },
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'TLSRoute',
        metadata: meta('raw'),
        spec: {
          hostnames: ['*.example.com'],
          parentRefs: [{ name: 'edge', namespace: 'infra', port: 8443 }, { name: 'missing' }],
          rules: [{ backendRefs: [{ name: 'raw', namespace: 'other' }] }],
        },
      },
    ]);
    const classes = [{ from: 'gateway', name: 'traefik', path: ['spec', 'gatewayClassName'], of: 'Gateway/edge' }];
    const tls = [
      {
        of: 'Gateway/edge',
        path: ['spec', 'listeners', 5, 'tls'],
        hosts: ['*.example.com'],
        secrets: [
          { name: 'wild', scope: 'infra', path: ['spec', 'listeners', 5, 'tls', 'certificateRefs', 0, 'name'] },
        ],
        passthrough: false,
      },
    ];
    const rule = ['spec', 'rules', 0];
    const ref = (i: number) => [...rule, 'backendRefs', i];
    expect(routesOf(cluster).map(told)).toEqual([
      {
        of: 'HTTPRoute/web',
        path: rule,
        hostPath: ['spec', 'hostnames'],
        protocol: 'http',
        matches: [
          { host: 'a.b.example.com', path: { type: 'Prefix', value: '/api' }, conditions: ['method "GET"'] },
          { host: 'a.b.example.com', path: { type: 'Exact', value: '/x' }, conditions: [] },
        ],
        classes,
        entryPoints: ['infra/edge/tls', 'infra/edge/web'],
        backends: [
          {
            group: '',
            kind: 'Service',
            name: 'api',
            scope: 'shop',
            port: 80,
            path: ref(0),
            portPath: [...ref(0), 'port'],
          },
          { group: 'k.io', kind: 'Bucket', name: 'b', scope: 'shop', port: undefined, path: ref(1), portPath: ref(1) },
        ],
        tls,
      },
      {
        of: 'HTTPRoute/everything',
        path: ['spec'],
        hostPath: ['spec'],
        protocol: 'http',
        matches: [{ host: '*.example.com', conditions: [] }],
        classes,
        entryPoints: ['infra/edge/tls'],
        backends: [],
        tls,
      },
      {
        of: 'TLSRoute/raw',
        path: rule,
        hostPath: ['spec', 'hostnames'],
        protocol: 'tls',
        matches: [{ host: '*.example.com', conditions: [] }],
        classes: [...classes, { from: 'unknown' }],
        entryPoints: ['infra/edge/raw', 'shop/missing/'],
        backends: [
          { group: '', kind: 'Service', name: 'raw', scope: 'other', port: undefined, path: ref(0), portPath: ref(0) },
        ],
        tls: [
          {
            of: 'Gateway/edge',
            path: ['spec', 'listeners', 6, 'tls'],
            hosts: ['a.example.com'],
            secrets: [],
            passthrough: true,
          },
        ],
      },
    ]);
  });

  it('take the default class where exactly one is known', () => {
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: meta('web'),
      spec: { rules: [{}] },
    };
    const ingressClass = (name: string, isDefault: string) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': isDefault } },
      spec: { controller: 'k8s.io/ingress-nginx' },
    });
    const classesOf = (...more: Parameters<typeof clusterOf>[0]) =>
      routesOf(clusterOf([ingress, ...more])).flatMap(({ classes }) => classes);
    expect(classesOf()).toEqual([{ from: 'unknown' }]);
    expect(classesOf(ingressClass('a', 'true'), ingressClass('b', 'false'))).toEqual([{ from: 'default', name: 'a' }]);
    expect(classesOf(ingressClass('a', 'true'), ingressClass('b', 'true'))).toEqual([{ from: 'unknown' }]);
    expect(classesOf(resourceOf(ingressClass('a', 'false'), { existing: true }))).toEqual([{ from: 'none' }]);
  });
});

describe('controllers', () => {
  const pod = (name: string, image: string, args: string[] = [], namespace = 'infra') => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { containers: [{ name, image, args }] },
  });
  const ingress = (spec: Manifest, annotations: Record<string, string> = {}) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: meta('web', annotations),
    spec: { rules: [{}], ...spec },
  });
  const ingressClass = (name: string, controller: string) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name },
    spec: { controller },
  });
  const annotated = (name: string) => ingress({}, { 'kubernetes.io/ingress.class': name });
  const named = (name: string) => ingress({ ingressClassName: name });

  function serving(...objects: Parameters<typeof clusterOf>[0]) {
    const cluster = clusterOf(objects);
    const [route] = routesOf(cluster);
    const found = route && controllersOf(cluster, route);
    return found?.map(({ workload, product, certain }) => `${workload.resource} ${product}${certain ? '' : '?'}`);
  }

  const nginx = pod('nginx', 'registry.k8s.io/ingress-nginx/controller:v1.12.1');
  const internal = pod('internal', 'registry.k8s.io/ingress-nginx/controller:v1.12.1', [
    '/nginx-ingress-controller',
    '--controller-class=k8s.io/internal-nginx',
    '--ingress-class=internal',
  ]);
  const traefik = pod('traefik', 'traefik:v3.6.12', ['--providers.kubernetesingress', '--providers.kubernetescrd']);

  it.each([
    ['by the name of its class', [named('nginx'), nginx, internal, traefik], ['Pod/nginx ingress-nginx?']],
    [
      'by its class',
      [named('in'), ingressClass('in', 'k8s.io/internal-nginx'), nginx, internal],
      ['Pod/internal ingress-nginx'],
    ],
    ['by an annotation', [annotated('internal'), nginx, internal, traefik], ['Pod/internal ingress-nginx']],
    ['Traefik', [named('traefik'), nginx, traefik], ['Pod/traefik traefik']],
    ['nothing that runs here', [named('haproxy'), nginx, internal, traefik], undefined],
    ['nothing of that class', [named('x'), ingressClass('x', 'other.io/x'), nginx, traefik], undefined],
    ['a class that nobody has written down', [named('x'), nginx], ['Pod/nginx ingress-nginx?']],
    [
      'the proxies of Contour',
      [
        named('contour'),
        pod('contour', 'ghcr.io/projectcontour/contour:v1.33.8'),
        pod('envoy', 'docker.io/envoyproxy/envoy:v1.38.9'),
      ],
      ['Pod/envoy contour'],
    ],
    [
      'no proxy of another namespace',
      [
        named('contour'),
        pod('contour', 'ghcr.io/projectcontour/contour:v1.33.8', [], 'a'),
        pod('envoy', 'envoyproxy/envoy:v1.38.9'),
      ],
      undefined,
    ],
    [
      'the HAProxy of a class that its controller names',
      [
        named('in'),
        ingressClass('in', 'haproxy.org/ingress-controller/edge'),
        pod('edge', 'haproxytech/kubernetes-ingress:3.1.6', ['--ingress.class=edge']),
        pod('haproxy', 'haproxytech/kubernetes-ingress:3.1.6'),
        pod('other', 'quay.io/jcmoraisjr/haproxy-ingress:v0.14.7', ['--controller-class=edge']),
      ],
      ['Pod/edge haproxy'],
    ],
    [
      'the other HAProxy',
      [
        named('in'),
        ingressClass('in', 'haproxy-ingress.github.io/controller/edge'),
        pod('edge', 'haproxytech/kubernetes-ingress:3.1.6', ['--ingress.class=edge']),
        pod('other', 'quay.io/jcmoraisjr/haproxy-ingress:v0.14.7', ['--controller-class=edge']),
      ],
      ['Pod/other haproxy-ingress'],
    ],
    [
      'Kong by the name that a variable gives it',
      [
        named('edge'),
        ingressClass('edge', 'ingress-controllers.konghq.com/kong'),
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'kong', namespace: 'kong' },
          spec: {
            containers: [
              {
                name: 'controller',
                image: 'kong/kubernetes-ingress-controller:3.4',
                env: [{ name: 'CONTROLLER_INGRESS_CLASS', value: 'edge' }],
              },
              { name: 'proxy', image: 'kong:3.9' },
            ],
          },
        },
      ],
      ['Pod/kong kong'],
    ],
    [
      'nobody without a class',
      [ingress({}), resourceOf(ingressClass('nginx', 'k8s.io/ingress-nginx'), { existing: true }), nginx],
      undefined,
    ],
    [
      'who takes what has none',
      [
        ingress({}),
        resourceOf(ingressClass('nginx', 'k8s.io/ingress-nginx'), { existing: true }),
        pod('nginx', 'registry.k8s.io/ingress-nginx/controller:v1.12.1', ['--watch-ingress-without-class']),
        pod('haproxy', 'haproxytech/kubernetes-ingress:3.1.6'),
        pod('classy', 'haproxytech/kubernetes-ingress:3.1.6', ['--ingress.class=edge']),
        traefik,
      ],
      ['Pod/traefik traefik', 'Pod/nginx ingress-nginx', 'Pod/haproxy haproxy'],
    ],
    [
      'a controller that looks into other namespaces only',
      [
        annotated('nginx'),
        pod('nginx', 'registry.k8s.io/ingress-nginx/controller:v1.12.1', ['--watch-namespace=infra']),
      ],
      undefined,
    ],
    [
      'a controller without a row',
      [named('edge'), pod('edge', 'ghcr.io/example/edge:1.0.0', ['--ingress-class', 'edge'])],
      ['Pod/edge other?'],
    ],
  ])('%s', (_, objects, expected) => {
    expect(serving(...(objects as Manifest[]))).toEqual(expected);
  });

  it('of IngressRoutes are Traefiks with that provider and class', () => {
    const route = {
      apiVersion: 'traefik.io/v1alpha1',
      kind: 'IngressRoute',
      metadata: meta('web'),
      spec: { routes: [{ match: 'Host(`a`)' }] },
    };
    const edge = pod('edge', 'traefik:v3.6.12', ['--providers.kubernetescrd.ingressclass=edge']);
    const files = pod('files', 'traefik:v3.6.12', ['--providers.file.filename=/a']);
    expect(serving(route, nginx, traefik, edge, files)).toEqual(['Pod/traefik traefik']);
    expect(serving(route, pod('traefik', 'traefik:v3.6.12'))).toEqual(['Pod/traefik traefik?']);
  });

  it('are listed, hooks and Jobs left out', () => {
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'job' },
      spec: { template: { spec: nginx.spec } },
    };
    const reader = pod('dns', 'registry.k8s.io/external-dns/external-dns:v0.18.0', ['--ingress-class=nginx']);
    expect(controllersIn(clusterOf([nginx, job, reader])).map(({ workload }) => String(workload.resource))).toEqual([
      'Pod/nginx',
    ]);
  });

  it('are outside the cluster for the classes of clouds', () => {
    const cluster = clusterOf([ingressClass('public', 'ingress.k8s.aws/alb'), ingressClass('own', 'example.com/own')]);
    const product = (name: string) => productOf(cluster, { from: 'field', name });
    expect(['alb', 'gce', 'public', 'nginx', 'traefik', 'own', 'other'].map(product)).toEqual([
      'cloud',
      'cloud',
      'cloud',
      'ingress-nginx',
      'traefik',
      undefined,
      undefined,
    ]);
  });
});
