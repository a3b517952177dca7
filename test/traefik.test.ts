import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acmeResolversOf, claimsChallenges, knowsBypass, traefiksOf } from '../src/cluster/routes/traefik.ts';
import acmeOwnedTwice from '../src/rules/certificate/acme-owned-twice.ts';
import { clusterOf, type Manifest, resourceOf } from './in-memory.ts';

const LABELS = { app: 'traefik' };

function traefik(container: Manifest, spec: Manifest = {}): Manifest {
  const template = {
    metadata: { labels: LABELS },
    spec: { containers: [{ image: 'traefik:v3.6.12', ...container }], ...spec },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'traefik', namespace: 'traefik' },
    spec: { template },
  };
}

function configMap(data: Manifest): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'traefik', namespace: 'traefik' }, data };
}

const WEB = '--entryPoints.web.address=:80';
const HTTP = '--certificatesResolvers.le.acme.httpChallenge.entryPoint=web';
const TLS = '--certificatesResolvers.le.acme.tlsChallenge=true';

/** The ACME resolvers of a cluster's Traefiks, and whether they claim the challenges. */
function resolvers(...objects: Manifest[]) {
  const cluster = clusterOf(objects);
  return traefiksOf(cluster).flatMap((found) =>
    acmeResolversOf(found).map((resolver) => {
      const { name, challenges, setting } = resolver;
      return {
        name,
        challenges: [...challenges].join(),
        claims: claimsChallenges(cluster, found, resolver),
        path: setting.path.join('.'),
      };
    }),
  );
}

const args = (...words: unknown[]) => resolvers(traefik({ args: words }));
const claims = (...words: unknown[]) => args(...words).map((resolver) => resolver.claims);

describe('Traefik’s static configuration', () => {
  const inArgs = 'spec.template.spec.containers.0.args';

  it('is read from flags of any case, with one dash or two', () => {
    expect(
      args('--ENTRYPOINTS.WEB.ADDRESS=:80', '-certificatesresolvers.Le.ACME.httpchallenge.entrypoint=WEB'),
    ).toEqual([{ name: 'le', challenges: 'http', claims: true, path: `${inArgs}.1` }]);
  });

  it('takes values that stand by themselves, and switches without one', () => {
    const words = [
      '--entryPoints.web.address',
      ':80',
      '--api.dashboard',
      '--certificatesResolvers.le.acme.httpChallenge',
      '--certificatesResolvers.le.acme.httpChallenge.entryPoint',
      'web',
      '--certificatesResolvers.two.acme.tlsChallenge',
      '--log.level',
      'INFO',
    ];
    expect(args(...words)).toEqual([
      { name: 'le', challenges: 'http', claims: true, path: `${inArgs}.5` },
      { name: 'two', challenges: 'tls', claims: false, path: `${inArgs}.6` },
    ]);
  });

  it('ends where the flags end', () => {
    expect(args('traefik', WEB, '--', HTTP)).toEqual([]);
    expect(args(WEB, 'stray', HTTP)).toEqual([]);
    expect(claims('traefik', WEB, HTTP)).toEqual([true]);
    expect(resolvers(traefik({ command: ['/traefik', WEB], args: [HTTP] })).map(({ path }) => path)).toEqual([
      `${inArgs}.0`,
    ]);
    expect(resolvers(traefik({ command: ['/bin/sh', '-c'], args: [HTTP] }))).toEqual([]);
    expect(resolvers(traefik({}, { initContainers: [{ args: [WEB, HTTP] }] }))).toEqual([]);
  });

  it('knows challenges that are switched off, and resolvers without one', () => {
    expect(
      args('--certificatesResolvers.le.acme.tlsChallenge=false', '--certificatesResolvers.le.acme.email=a@example.com'),
    ).toEqual([]);
    expect(args('--certificatesResolvers.ts.tailscale=true')).toEqual([]);
    expect(
      args(TLS, '--certificatesResolvers.le.acme.dnsChallenge.provider=scaleway').map(({ challenges }) => challenges),
    ).toEqual(['tls,dns']);
  });

  const env = (name: string, value: string) => ({ name, value });
  const ENV = [
    env('TRAEFIK_ENTRYPOINTS_WEB_ADDRESS', ':80'),
    env('TRAEFIK_CERTIFICATESRESOLVERS_LE_ACME_HTTPCHALLENGE_ENTRYPOINT', 'web'),
  ];

  it('is read from the environment only where there are no arguments and no more variables', () => {
    const path = 'spec.template.spec.containers.0.env.1.value';
    expect(resolvers(traefik({ env: ENV }))).toEqual([{ name: 'le', challenges: 'http', claims: true, path }]);
    expect(resolvers(traefik({ env: ENV, args: ['--log.level=INFO'] }))).toEqual([]);
    expect(resolvers(traefik({ env: ENV, envFrom: [{ secretRef: { name: 'more' } }] }))).toEqual([]);
    const secret = { name: ENV[1]?.name, valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } };
    expect(resolvers(traefik({ env: [ENV[0], secret] })).map((resolver) => resolver.claims)).toEqual([undefined]);
  });

  const YAML =
    'entryPoints: { web: { address: ":80" } }\ncertificatesResolvers:\n  le: { acme: { httpChallenge: { entryPoint: web } } }\n';
  const mounted = (mount: Manifest, volume: Manifest = { configMap: { name: 'traefik' } }, container: Manifest = {}) =>
    traefik(
      { ...container, volumeMounts: [{ name: 'config', ...mount }] },
      { volumes: [{ name: 'config', ...volume }] },
    );

  it('is read from a mounted file, and then from nothing else', () => {
    const file = [{ name: 'le', challenges: 'http', claims: true, path: 'data.traefik.yaml' }];
    const map = configMap({ 'traefik.yaml': YAML });
    const other = { args: ['--entryPoints.web.allowACMEByPass', TLS] };
    expect(resolvers(map, mounted({ mountPath: '/etc/traefik' }, undefined, other))).toEqual(file);
    expect(
      resolvers(map, mounted({ mountPath: '/etc/traefik/traefik.yaml', subPath: 'traefik.yaml' }, undefined, other)),
    ).toEqual(file);
    const items = { configMap: { name: 'traefik', items: [{ key: 'traefik.yaml', path: 'static.yml' }] } };
    expect(
      resolvers(map, mounted({ mountPath: '/config/' }, items, { args: ['--configFile=/config/static.yml', TLS] })),
    ).toEqual(file);
    expect(
      resolvers(map, mounted({ mountPath: '/config' }, undefined, { args: ['--configfile', '/config/traefik.yaml'] })),
    ).toEqual(file);
  });

  it('falls back to arguments where no file can be there, and is unknown where one may be', () => {
    const fallback = (mount: Manifest, volume?: Manifest, words: string[] = [WEB, HTTP]) =>
      resolvers(configMap({ 'dynamic.yaml': YAML }), mounted(mount, volume, { args: words })).length;
    expect([
      fallback({ mountPath: '/data' }, { persistentVolumeClaim: { claimName: 'acme' } }),
      fallback({ mountPath: '/etc/traefik' }),
      fallback({ mountPath: '/etc/traefik' }, { emptyDir: {} }),
      fallback({ mountPath: '/etc/traefik' }, { secret: { secretName: 'traefik' } }),
      fallback({ mountPath: '/etc/traefik' }, { configMap: { name: 'unknown' } }),
      fallback({ mountPath: '/config' }, undefined, [WEB, HTTP, '--configFile=/config/static.yml']),
      fallback({ mountPath: '/data' }, undefined, [WEB, HTTP, '--configFile=/config/static.yml']),
      fallback({ mountPath: '/data' }, undefined, [WEB, HTTP, '--configFile=$(FILE)']),
    ]).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
  });

  const TOML = [
    '# static',
    '[entryPoints]',
    '  [entryPoints.web] # in',
    '',
    '    # where it listens',
    '    address = ":80"',
    '[certificatesResolvers.le.acme]',
    "email = 'ops@example.com'",
    '  [certificatesResolvers.le.acme.httpChallenge]',
    '  entryPoint = "web"',
    '[certificatesResolvers.two.acme.tlsChallenge]',
    '[log]',
    'fields = ["a", "b"]',
  ];

  it.each<[string, string, unknown[]]>([
    ['an empty section', 'traefik.yaml', [['le', 'tls', false]]],
    [
      'TOML',
      'traefik.toml',
      [
        ['le', 'http', true],
        ['two', 'tls', false],
      ],
    ],
    ['TOML that it does not understand', 'traefik.toml', []],
    ['broken YAML', 'traefik.yml', []],
    ['two documents', 'traefik.yml', []],
  ])('reads %s', (what, file, expected) => {
    const text: Record<string, string> = {
      'an empty section': 'certificatesResolvers: { le: { acme: { tlsChallenge: {} } } }',
      TOML: TOML.join('\n'),
      'TOML that it does not understand': `${TOML.join('\n')}\n[certificatesResolvers.le.acme.eab]\nkid = [\n`,
      'broken YAML': `${YAML}  - [`,
      'two documents': `${YAML}---\n${YAML}`,
    };
    const found = resolvers(configMap({ [file]: text[what] }), mounted({ mountPath: '/etc/traefik' }));
    expect(found.map((resolver) => [resolver.name, resolver.challenges, resolver.claims])).toEqual(expected);
  });
});

describe('the challenges of a resolver', () => {
  it('are claimed on an entry point that exists and has no bypass', () => {
    expect([
      claims(WEB, HTTP),
      claims(HTTP),
      claims('--entryPoints.other.address=:80', HTTP),
      claims(WEB, HTTP, '--entryPoints.web.allowACMEByPass'),
      claims(WEB, HTTP, '--entryPoints.WEB.allowacmebypass=T'),
      claims(WEB, HTTP, '--entryPoints.web.allowACMEByPass=false'),
      claims(WEB, HTTP, '--entryPoints.other.allowACMEByPass=true'),
      claims(WEB, HTTP, '--entryPoints.web.allowACMEByPass=$(BYPASS)'),
      claims(WEB, HTTP.replace('=web', '=${ENTRY_POINT}')),
      claims(WEB, TLS),
    ]).toEqual([[true], [false], [false], [false], [false], [true], [true], [undefined], [undefined], [false]]);
  });

  it.each([
    ['traefik', true],
    ['traefik:latest', true],
    ['traefik:v3', true],
    ['traefik:v3.1', true],
    ['traefik:3.1.3', true],
    ['traefik:v3.1.2', false],
    ['traefik:v3.0', false],
    ['traefik:v3.7.13', true],
    ['traefik:v2', true],
    ['traefik:v2.11', true],
    ['traefik:v2.11.9', true],
    ['traefik:v2.11.8', false],
    ['traefik:v2.10.7-alpine', false],
    ['traefik:1.7', false],
    ['traefik:v4.0.0', true],
    ['Traefik', true],
  ])('can be passed by in %s: %s', (image, known) => {
    const [found] = traefiksOf(clusterOf([traefik({ image, args: [HTTP] })]));
    expect(found && knowsBypass(found)).toBe(known);
  });

  it('are those of the entry point that port 80 leads to', () => {
    const service = (port: number, targetPort: unknown, selector: Manifest = LABELS, namespace = 'traefik') => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'traefik', namespace },
      spec: { selector, ports: [{ port, targetPort }] },
    });
    const ports = [
      { name: 'web', containerPort: 8000 },
      { name: 'other', containerPort: 9000 },
    ];
    const on = (address: string, container: Manifest, spec: Manifest = {}, ...others: Manifest[]) =>
      resolvers(traefik({ args: [`--entryPoints.web.address=${address}`, HTTP], ...container }, spec), ...others)[0]
        ?.claims;
    expect([
      on(':8000', { ports: [{ containerPort: 8000, hostPort: 80 }] }),
      on(':8000', { ports: [{ containerPort: 9000, hostPort: 80 }] }),
      on(':8000', { ports: [{ containerPort: 9000, hostPort: 443 }] }),
      on(':8000', { ports }, {}, service(80, 'web')),
      on('0.0.0.0:8000/tcp', { ports }, {}, service(80, 'other')),
      on(':8000', { ports }, {}, service(80, 9000)),
      on(':8000', { ports }, {}, service(443, 'other')),
      on(':8000', { ports }, {}, service(80, 'nobody')),
      on(':8000', { ports }, {}, service(80, 'other', { app: 'else' })),
      on(':8000', { ports }, {}, service(80, 'other', LABELS, 'else')),
      on(':80', {}, { hostNetwork: true }),
      on(':8080', {}, { hostNetwork: true }),
      on(':80', {}, {}, service(80, undefined)),
      on(':$(PORT)', { ports }, {}, service(80, 'other')),
    ]).toEqual([true, false, true, true, false, false, true, true, true, true, true, false, true, true]);
  });
});

function issuer(http01: unknown, kind = 'ClusterIssuer'): Manifest {
  const metadata = { name: 'letsencrypt', ...(kind === 'Issuer' ? { namespace: 'web' } : {}) };
  return { apiVersion: 'cert-manager.io/v1', kind, metadata, spec: { acme: { solvers: [{ http01 }] } } };
}

/** The severities of what the rule finds. */
function severities(objects: (Manifest | ReturnType<typeof resourceOf>)[]): string[] {
  return [...acmeOwnedTwice.check(clusterOf(objects))].map(({ severity = 'error' }) => severity);
}

describe('acme-owned-twice', () => {
  const through = (http01: unknown, words: string[] = [], ...others: (Manifest | ReturnType<typeof resourceOf>)[]) =>
    severities([traefik({ args: [WEB, HTTP, ...words] }), issuer(http01), ...others]).length;
  const ingressClass = (name: string, controller: string, existing = false, isDefault?: string) =>
    resourceOf(
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'IngressClass',
        spec: { controller },
        metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': isDefault } },
      },
      { existing },
    );
  const TRAEFIK = 'traefik.io/ingress-controller';
  const NGINX = 'k8s.io/ingress-nginx';
  const OWN = '--providers.kubernetesIngress.ingressClass=edge';

  it('follows the class of a solver’s Ingress', () => {
    expect([
      through({ ingress: { class: 'traefik' } }),
      through({ ingress: { class: 'nginx' } }),
      through({ ingress: { class: 'traefik' } }, [OWN]),
      through({ ingress: { class: 'edge' } }, [OWN]),
      through({ ingress: { class: '${CLASS}' } }),
      through({ ingress: { ingressClassName: 'traefik' } }),
      through({ ingress: { ingressClassName: 'public' } }),
      through({ ingress: { ingressClassName: 'edge' } }, [OWN]),
      through({ ingress: { ingressClassName: 'public' } }, [], ingressClass('public', TRAEFIK)),
      through({ ingress: { ingressClassName: 'public' } }, [OWN], ingressClass('public', TRAEFIK)),
      through({ ingress: { ingressClassName: 'traefik' } }, [], ingressClass('traefik', NGINX)),
      through({ ingress: { ingressClassName: 'traefik' } }, [], ingressClass('public', TRAEFIK, true)),
    ]).toEqual([1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0]);
  });

  it('follows the default class where the solver names none', () => {
    expect([
      through({ ingress: {} }),
      through({ ingress: {} }, [], ingressClass('public', TRAEFIK, false, 'true')),
      through({ ingress: {} }, [], ingressClass('public', TRAEFIK, false, 'false')),
      through({ ingress: {} }, [], ingressClass('public', NGINX, false, 'true')),
      through(
        { ingress: {} },
        [],
        ingressClass('a', TRAEFIK, false, 'true'),
        ingressClass('b', TRAEFIK, false, 'true'),
      ),
      through({ ingress: {} }, [], ingressClass('public', NGINX, true)),
      through({ ingress: {} }, [OWN], ingressClass('public', NGINX, true)),
      through({
        ingress: {
          class: 'traefik',
          ingressTemplate: { metadata: { annotations: { 'kubernetes.io/ingress.class': 'nginx' } } },
        },
      }),
      through({
        ingress: {
          class: 'traefik',
          ingressTemplate: { metadata: { annotations: { 'traefik.ingress.kubernetes.io/router.entrypoints': 'x' } } },
        },
      }),
      through({ ingress: { class: 'traefik', ingressTemplate: { metadata: { annotations: { a: 'b' } } } } }),
    ]).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  it('follows the Ingress that a solver edits, and the Gateway that it attaches to', () => {
    const ingress = (spec: Manifest, annotations: Manifest = {}, namespace = 'web') => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'shop', namespace, annotations },
      spec,
    });
    const gateway = (gatewayClassName: string) => ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'public', namespace: 'traefik' },
      spec: { gatewayClassName },
    });
    const gatewayClass = (controllerName: string) =>
      resourceOf({
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'GatewayClass',
        metadata: { name: 'edge' },
        spec: { controllerName },
      });
    const edit = { ingress: { name: 'shop' } };
    const attach = (namespace?: string) => ({
      gatewayHTTPRoute: { parentRefs: [{ name: 'public', ...(namespace ? { namespace } : {}) }] },
    });
    const provider = ['--providers.kubernetesGateway'];
    const ours = gatewayClass('traefik.io/gateway-controller');
    expect([
      through(edit, [], ingress({ ingressClassName: 'traefik' })),
      through(edit, [], ingress({}, { 'kubernetes.io/ingress.class': 'traefik' })),
      through(edit, [], ingress({ ingressClassName: 'nginx' })),
      through(edit),
      through(
        edit,
        [],
        ingress({ ingressClassName: 'traefik' }),
        ingress({ ingressClassName: 'traefik' }, {}, 'other'),
      ),
      through(attach(), provider, gateway('edge'), ours),
      through(attach('traefik'), provider, gateway('edge'), ours),
      through(attach('web'), provider, gateway('edge'), ours),
      through(attach(), [], gateway('edge'), ours),
      through(attach(), provider, gateway('edge'), gatewayClass('istio.io/gateway-controller')),
      through(attach(), provider, gateway('edge')),
      through({ gatewayHTTPRoute: {} }, provider, gateway('edge'), ours),
      through({ gatewayHTTPRoute: { parentRefs: [{ name: 'other' }] } }, provider, gateway('edge'), ours),
      through(
        attach(),
        provider,
        gateway('edge'),
        { ...gateway('edge'), metadata: { name: 'public', namespace: 'b' } },
        ours,
      ),
      through({}, provider),
    ]).toEqual([1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const local = (namespace: string) => ({ ...issuer(attach(), 'Issuer'), metadata: { name: 'local', namespace } });
    const served = (solver: Manifest) =>
      severities([traefik({ args: [WEB, HTTP, ...provider] }), solver, gateway('edge'), ours]);
    expect([served(local('traefik')), served(local('web'))]).toEqual([['error'], []]);
  });

  it('leaves resolvers alone whose hosts are apart from those of cert-manager', () => {
    const certificate = (...dnsNames: string[]) => ({
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: 'shop', namespace: 'web' },
      spec: { dnsNames, issuerRef: { name: 'letsencrypt', kind: 'ClusterIssuer' } },
    });
    const route = (match: string, tls: Manifest = {}) => ({
      apiVersion: 'traefik.io/v1alpha1',
      kind: 'IngressRoute',
      metadata: { name: 'a', namespace: 'web' },
      spec: { routes: [{ match }], tls: { certResolver: 'le', ...tls } },
    });
    const annotated = (annotations: Manifest, host: string) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: host, namespace: 'web', annotations },
      spec: { rules: [{ host }], tls: [{ hosts: [host], secretName: 'tls' }] },
    });
    const byIssuer = { 'cert-manager.io/cluster-issuer': 'letsencrypt' };
    const byResolver = { 'traefik.ingress.kubernetes.io/router.tls.certresolver': 'le' };
    const tls = (words: string[], ...objects: Manifest[]) =>
      severities([traefik({ args: [WEB, TLS, ...words] }), issuer({ ingress: { class: 'traefik' } }), ...objects]);
    const one = 'Host(`a.example.com`)';
    const warned = ['warning'];
    expect([
      tls([], certificate('b.example.com'), route(one)),
      tls(
        [],
        certificate('b.example.com'),
        route('(Host(`a.example.com`, `c.example.com`) && Path(`/x`)) || Host("d.example.com")'),
      ),
      tls([], annotated(byIssuer, 'b.example.com'), annotated(byResolver, 'a.example.com')),
      tls(
        [],
        certificate('b.example.com'),
        route('PathPrefix(`/`)', { domains: [{ main: 'a.example.com', sans: ['c.example.com'] }] }),
      ),
    ]).toEqual([[], [], [], []]);
    expect([
      tls([]),
      tls([], certificate('b.example.com')),
      tls([], route(one)),
      tls([], certificate('a.example.com'), route(one)),
      tls([], certificate('A.example.com'), route(one)),
      tls([], certificate('*.example.com'), route(one)),
      tls([], certificate('b.example.com', '${HOST}'), route(one)),
      tls([], certificate('b.example.com'), route('HostRegexp(`.+`)')),
      tls([], certificate('b.example.com'), route('PathPrefix(`/`)')),
      tls([], certificate('b.example.com'), route(one), route('Host(`b.example.com`)')),
      tls([], certificate('b.example.com'), route('Host(`x`)', { domains: [{ main: 'x', sans: ['b.example.com'] }] })),
      tls([], annotated(byIssuer, 'a.example.com'), annotated(byResolver, 'a.example.com')),
      tls(['--entryPoints.web.http.tls.certResolver=le'], certificate('b.example.com'), route(one)),
    ]).toEqual([
      warned,
      warned,
      warned,
      warned,
      warned,
      warned,
      warned,
      warned,
      warned,
      warned,
      warned,
      warned,
      warned,
    ]);
    const others = (issuerRef: Manifest) => ({ ...certificate(), spec: { dnsNames: ['a.example.com'], issuerRef } });
    expect([
      tls([], certificate('*.example.com'), route('Host(`a.b.example.com`)')),
      tls([], certificate('b.example.com'), route(one), route('Host(`b.example.com`)', { certResolver: 'other' })),
      tls([], certificate('b.example.com'), route(one), others({ name: 'other', kind: 'ClusterIssuer' })),
      tls([], certificate('b.example.com'), route(one), others({ name: 'letsencrypt', kind: 'Issuer' })),
      tls([], certificate('b.example.com'), route(one), others({ name: 'letsencrypt' })),
      tls(['--entryPoints.web.http.tls.certResolver=other'], certificate('b.example.com'), route(one)),
    ]).toEqual([[], [], [], [], [], []]);
    expect(tls([], certificate('b.example.com', 'a.example.com'), route(one))).toEqual(warned);
  });

  it('is silent where another Traefik may take the same solver', () => {
    const named = (name: string, object: Manifest) => ({ ...object, metadata: { name, namespace: name } });
    const one = traefik({ args: [WEB, HTTP] });
    const beside = (container: Manifest) =>
      severities([one, named('other', traefik(container)), issuer({ ingress: { class: 'traefik' } })]);
    expect([
      beside({}),
      beside({ image: 'rancher/mirrored-library-traefik:3.6.12' }),
      beside({ args: [OWN] }),
      beside({ args: ['--providers.kubernetesIngress.ingressClass=$(CLASS)'] }),
      beside({ image: 'acme/traefik-dashboard:1' }),
      beside({ image: 'Invalid' }),
      beside({ image: 7 }),
    ]).toEqual([[], [], ['error'], [], ['error'], ['error'], ['error']]);
  });

  it('counts no one’s DNS-01', () => {
    const dns = '--certificatesResolvers.le.acme.dnsChallenge.provider=scaleway';
    const http = issuer({ ingress: { class: 'traefik' } });
    expect(severities([traefik({ args: [WEB, dns] }), http])).toEqual([]);
    expect(
      severities([traefik({ args: [WEB, HTTP] }), { ...http, spec: { acme: { solvers: [{ dns01: {} }] } } }]),
    ).toEqual([]);
    expect(severities([traefik({ args: [WEB, HTTP, dns] }), http])).toEqual(['error']);
    expect(severities([traefik({ args: [WEB, HTTP, '--entryPoints.web.allowACMEByPass'] }), http])).toEqual([]);
    expect(severities([traefik({ args: [WEB, HTTP.replace('=web', '=${ENTRY_POINT}')] }), http])).toEqual([]);
  });

  it('speaks of what is rendered, the Traefik first', () => {
    const at = (traefikExists: boolean, issuerExists: boolean) => {
      const objects = [
        resourceOf(traefik({ args: [WEB, HTTP] }), { existing: traefikExists }),
        resourceOf(issuer({ ingress: { class: 'traefik' } }), { existing: issuerExists }),
      ];
      return [...acmeOwnedTwice.check(clusterOf(objects))].map(({ resource, path = [], related }) => [
        `${resource} ${path.join('.')}`,
        related.map((item) => `${item.resource} ${item.path?.join('.')}`),
      ]);
    };
    const flag = 'Deployment/traefik spec.template.spec.containers.0.args.1';
    const solver = 'ClusterIssuer/letsencrypt spec.acme.solvers.0.http01';
    expect([at(false, false), at(false, true), at(true, false), at(true, true)]).toEqual([
      [[flag, [solver]]],
      [[flag, [solver]]],
      [[solver, [flag]]],
      [],
    ]);
  });

  it('survives every shape', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 10, maxLength: 10 }), fc.string(), (v, text) => {
        const objects = [
          traefik({ args: v[0], env: v[1], envFrom: v[2], volumeMounts: v[3], ports: v[4] }, { volumes: v[5] }),
          traefik({ args: [WEB, HTTP, text], env: [v[0]], ports: [v[1]] }),
          traefik(
            { volumeMounts: [{ name: 'config', mountPath: '/etc/traefik' }] },
            { volumes: [{ name: 'config', configMap: { name: 'traefik', items: v[8] } }] },
          ),
          configMap({
            'traefik.yml': `certificatesResolvers: ${JSON.stringify(v[6])}`,
            'traefik.toml': text,
            'traefik.yaml': v[9],
          }),
          issuer(v[7]),
          issuer({ ingress: v[8] }),
          { apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata: { name: 'odd' }, spec: v[9] },
          {
            apiVersion: 'traefik.io/v1alpha1',
            kind: 'IngressRoute',
            metadata: { name: 'odd' },
            spec: { tls: { certResolver: 'le' }, routes: v[3] },
          },
          {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'Ingress',
            metadata: { name: 'odd', annotations: v[2] },
            spec: v[4],
          },
          {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name: 'odd', namespace: 'traefik' },
            spec: { selector: v[6], ports: [v[7]] },
          },
          issuer({ ingress: { class: 'traefik' } }),
        ];
        expect(() => severities(objects)).not.toThrow();
      }),
    );
  });
});
