import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { challengesOf } from '../src/cluster/certificates/challenges.ts';
import { addressesOf } from '../src/cluster/certificates/dns-records.ts';
import { shimmedIngresses } from '../src/cluster/certificates/issuance.ts';
import { hostsOfSecret, uncoveredHosts } from '../src/cluster/certificates/served-certificates.ts';
import { refusedSolvers } from '../src/cluster/certificates/solver-pods.ts';
import type { Finding, Rule } from '../src/rule.ts';
import ingressNodeMismatch from '../src/rules/certificate/ingress-node-mismatch.ts';
import issuerSolverUnserved from '../src/rules/certificate/issuer-solver-unserved.ts';
import tlsHostUncovered from '../src/rules/certificate/tls-host-uncovered.ts';
import tlsSecretNeverIssued from '../src/rules/certificate/tls-secret-never-issued.ts';
import webhookNotReady from '../src/rules/certificate/webhook-not-ready.ts';
import networkPolicyBlocksAcmeSolver from '../src/rules/network/network-policy-blocks-acme-solver.ts';
import { clusterOf, type Manifest, resourceOf } from './in-memory.ts';

const RULES: readonly Rule[] = [
  webhookNotReady,
  tlsSecretNeverIssued,
  issuerSolverUnserved,
  ingressNodeMismatch,
  networkPolicyBlocksAcmeSolver,
  tlsHostUncovered,
];

function certificate(name: string, spec: Manifest, labels: Manifest = {}, annotations: Manifest = {}): Manifest {
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name, namespace: 'shop', labels, annotations },
    spec: { secretName: name, issuerRef: { name: 'letsencrypt', kind: 'ClusterIssuer' }, ...spec },
  };
}

function issuer(...solvers: unknown[]): Manifest {
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'ClusterIssuer',
    metadata: { name: 'letsencrypt' },
    spec: { acme: { solvers } },
  };
}

describe('the solver that cert-manager picks', () => {
  const http01 = (name: string, selector?: Manifest) => ({
    http01: { ingress: { ingressClassName: name } },
    ...(selector ? { selector } : {}),
  });
  const dns01 = (selector?: Manifest) => ({ dns01: { webhook: {} }, ...(selector ? { selector } : {}) });
  const HOST = 'a.b.example.com';
  /** The classes of the solvers that prove a host. */
  const picked = (solvers: unknown[], host = HOST, labels: Manifest = {}) =>
    challengesOf(clusterOf([issuer(...solvers), certificate('c', { dnsNames: [host] }, labels)])).map(
      ({ routeClass }) => routeClass?.name,
    );

  it('takes the first of equals, and one whose selector fits before one without', () => {
    expect([
      picked([http01('first'), http01('second')]),
      picked([http01('any'), http01('named', { dnsNames: [HOST] })]),
      picked([http01('named', { dnsNames: [HOST] }), http01('any')]),
      picked([http01('zone', { dnsZones: ['example.com'] }), http01('named', { dnsNames: [HOST] })]),
      picked([
        http01('short', { dnsZones: ['example.com'] }),
        http01('long', { dnsZones: ['b.example.com', 'x.org'] }),
      ]),
      picked([http01('labels', { matchLabels: { a: 'b' } }), http01('zone', { dnsZones: ['example.com'] })], HOST, {
        a: 'b',
      }),
      picked([http01('one', { matchLabels: { a: 'b' } }), http01('two', { matchLabels: { a: 'b', c: 'd' } })], HOST, {
        a: 'b',
        c: 'd',
      }),
    ]).toEqual([['first'], ['named'], ['named'], ['named'], ['long'], ['zone'], ['two']]);
  });

  it('takes none whose selector does not fit, and DNS-01 where that fits better', () => {
    expect([
      picked([http01('other', { dnsNames: ['example.com'] })]),
      picked([http01('other', { dnsZones: ['ple.com'] })]),
      picked([http01('other', { matchLabels: { a: 'b' } })], HOST, { a: 'c' }),
      picked([http01('any'), dns01({ dnsZones: ['example.com'] })]),
      picked([dns01({ dnsZones: ['example.org'] }), http01('any')]),
      picked([dns01(), http01('any')]),
      picked([http01('any')], '*.example.com'),
      picked([http01('any', { dnsZones: ['${ZONE}'] })]),
      picked([{ selector: {} }, http01('any')]),
    ]).toEqual([[], [], [], [], ['any'], [], [], [], ['any']]);
  });

  it('minds the annotations that take the place of its class', () => {
    const overridden = (annotations: Manifest) =>
      challengesOf(clusterOf([issuer(http01('own')), certificate('c', { dnsNames: [HOST] }, {}, annotations)])).map(
        ({ routeClass }) => routeClass && [routeClass.from, routeClass.name, ...(routeClass.path ?? [])].join(' '),
      );
    const own = 'field own spec acme solvers 0 http01 ingress ingressClassName';
    const at = 'acme.cert-manager.io/http01-override-ingress';
    expect([
      overridden({}),
      overridden({ [`${at}-class`]: 'nginx' }),
      overridden({ [`${at}-ingressclassname`]: 'nginx' }),
      overridden({ [`${at}-class`]: '${CLASS}' }),
      overridden({ [`${at}-class`]: '' }),
      overridden({ [`${at}-name`]: 'shop' }),
    ]).toEqual([
      [own],
      [`annotation nginx metadata annotations ${at}-class`],
      [`field nginx metadata annotations ${at}-ingressclassname`],
      [undefined],
      [own],
      [undefined],
    ]);
  });

  it('proves what Ingresses ask for, and each host once', () => {
    const ingress = (annotations: Manifest, tls: unknown) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name: 'shop',
        namespace: 'shop',
        annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt', ...annotations },
      },
      spec: { tls },
    });
    const of = (...objects: Manifest[]) =>
      challengesOf(clusterOf([issuer(http01('own')), ...objects])).map(
        ({ resource, host, path, routeClass }) => `${resource} ${host} ${path.join('.')} ${routeClass?.name}`,
      );
    expect([
      of(ingress({}, [{ hosts: ['a.example.com', 'b.example.com'], secretName: 'a' }, { hosts: ['c.example.com'] }])),
      of(
        ingress({ 'acme.cert-manager.io/http01-edit-in-place': 'true' }, [
          { hosts: ['a.example.com'], secretName: 'a' },
        ]),
      ),
      of(
        ingress({ 'acme.cert-manager.io/http01-edit-in-place': 'false' }, [
          { hosts: ['a.example.com'], secretName: 'a' },
        ]),
      ),
      of(ingress({ 'cert-manager.io/issuer': 'x' }, [{ hosts: ['a.example.com'], secretName: 'a' }])),
      of(certificate('c', { commonName: 'A.example.com', dnsNames: ['a.example.com'] })),
      of(certificate('c', { commonName: 'b.example.com' })),
    ]).toEqual([
      ['Ingress/shop a.example.com spec.tls.0.hosts.0 own', 'Ingress/shop b.example.com spec.tls.0.hosts.1 own'],
      ['Ingress/shop a.example.com spec.tls.0.hosts.0 undefined'],
      ['Ingress/shop a.example.com spec.tls.0.hosts.0 own'],
      [],
      ['Certificate/c a.example.com spec.dnsNames.0 own'],
      ['Certificate/c b.example.com spec.commonName own'],
    ]);
  });
});

describe('what DNS says', () => {
  const endpoints = (...list: unknown[]): Manifest => ({
    apiVersion: 'externaldns.k8s.io/v1alpha1',
    kind: 'DNSEndpoint',
    metadata: { name: 'all', namespace: 'dns' },
    spec: { endpoints: list },
  });
  const record = (dnsName: string, recordType: string, ...targets: unknown[]) => ({ dnsName, recordType, targets });

  it('follows aliases and wildcards, and gives up on circles', () => {
    const cluster = clusterOf([
      endpoints(
        record('a.example.com', 'A', '192.0.2.1'),
        record('A.example.com.', 'AAAA', '2001:DB8::1', 7),
        record('*.example.com', 'A', '192.0.2.2'),
        record('alias.example.com', 'CNAME', 'other.example.org.'),
        record('*.example.org', 'CNAME', 'a.example.com'),
        record('circle.example.com', 'CNAME', 'back.example.com'),
        record('back.example.com', 'CNAME', 'circle.example.com'),
        record('text.example.net', 'TXT', '192.0.2.3'),
        record('${HOST}', 'A', '192.0.2.4'),
        record('eu.example.com', 'A', '192.0.2.5'),
      ),
    ]);
    const of = (host: string) => addressesOf(cluster, host).map(({ address, path }) => `${address} ${path.join('.')}`);
    expect([
      of('a.example.com'),
      of('x.y.example.com'),
      of('*.example.com'),
      of('alias.example.com'),
      of('circle.example.com'),
      of('text.example.net'),
      of('example.com'),
      of('x.eu.example.com'),
    ]).toEqual([
      ['192.0.2.1 spec.endpoints.0.targets.0', '2001:db8::1 spec.endpoints.1.targets.0'],
      ['192.0.2.2 spec.endpoints.2.targets.0'],
      ['192.0.2.2 spec.endpoints.2.targets.0'],
      ['192.0.2.1 spec.endpoints.0.targets.0', '2001:db8::1 spec.endpoints.1.targets.0'],
      [],
      [],
      [],
      [],
    ]);
  });
});

describe('what a Secret’s certificate is for', () => {
  it('is known where all who ask for it say it in full', () => {
    const of = (...objects: (Manifest | ReturnType<typeof resourceOf>)[]) =>
      hostsOfSecret(clusterOf(objects), { scope: 'shop', name: 'tls' })?.hosts;
    const one = certificate('one', {
      secretName: 'tls',
      dnsNames: ['A.example.com', 'b.example.com'],
      ipAddresses: ['192.0.2.1'],
    });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls', namespace: 'shop' } };
    const hosts = ['a.example.com', 'b.example.com', '192.0.2.1'];
    expect([
      of(one),
      of(one, certificate('two', { secretName: 'tls', commonName: 'c.example.com' })),
      of(one, certificate('two', { secretName: 'tls', dnsNames: ['${HOST}'] })),
      of(one, resourceOf(secret, { existing: true })),
      of(one, secret),
      of(secret),
      of(resourceOf(secret, { existing: true })),
      of(certificate('empty', { secretName: 'tls' })),
      of(one, certificate('one', { secretName: 'tls', dnsNames: ['z.example.com'] })),
      of(),
    ]).toEqual([
      hosts,
      [...hosts, 'c.example.com'],
      undefined,
      hosts,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('annotations on a route of the Gateway API', () => {
  it('are an error only where the Secrets of the Gateway are known', () => {
    const gateway = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'public', namespace: 'gateways' },
      spec: {
        listeners: [
          {
            name: 'web',
            protocol: 'HTTPS',
            allowedRoutes: { namespaces: { from: 'All' } },
            tls: { certificateRefs: [{ name: 'tls' }] },
          },
        ],
      },
    };
    const route = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'shop', namespace: 'shop', annotations: { 'cert-manager.io/issuer': 'letsencrypt' } },
      spec: { parentRefs: [{ name: 'public', namespace: 'gateways' }] },
    };
    const secret = (name: string, namespace: string) =>
      resourceOf({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } }, { existing: true });
    const severities = (...secrets: ReturnType<typeof secret>[]) =>
      [...tlsSecretNeverIssued.check(clusterOf([gateway, route, ...secrets]))].map(
        ({ severity = 'error' }) => severity,
      );
    expect([
      severities(),
      severities(secret('other', 'shop')),
      severities(secret('other', 'gateways')),
      severities(secret('tls', 'gateways')),
    ]).toEqual([['warning'], ['warning'], ['error'], []]);
  });
});

describe('how bad it is', () => {
  const severities = (rule: { check(cluster: ReturnType<typeof clusterOf>): Iterable<object> }, objects: Objects) =>
    [...rule.check(clusterOf(objects))].flatMap((found) =>
      'message' in found ? ['severity' in found ? found.severity : 'error'] : [],
    );
  type Objects = Parameters<typeof clusterOf>[0];
  const existing = (object: Manifest) => resourceOf(object, { existing: true });
  const traefik = (spec: Manifest = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'traefik', namespace: 'traefik' },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'traefik',
              image: 'traefik:v3.6.12',
              args: ['--providers.kubernetesingress', '--providers.kubernetescrd'],
              ports: [{ containerPort: 80 }],
            },
          ],
          ...spec,
        },
      },
    },
  });
  const ingressClass = existing({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'traefik' },
    spec: { controller: 'traefik.io/ingress-controller' },
  });

  it('is an error where no controller can take a solver’s class, and a warning where one may run unseen', () => {
    const of = (ingress: Manifest, ...more: Objects) =>
      severities(issuerSolverUnserved, [issuer({ http01: { ingress } }), ingressClass, ...more]);
    const known = ['Deployment', 'DaemonSet'].map((kind) =>
      existing({ apiVersion: 'apps/v1', kind, metadata: { name: 'a', namespace: 'a' }, spec: {} }),
    );
    expect([
      of({ ingressClassName: 'edge' }),
      of({ class: 'edge' }),
      of({ class: 'edge' }, ...known.slice(0, 1)),
      of({ class: 'edge' }, ...known),
      of({ class: 'nginx' }),
    ]).toEqual([['error'], ['warning'], ['warning'], ['error'], ['error']]);
  });

  it('is an error where pods can’t run on the Node that DNS names, and a warning where they need not', () => {
    const node = (name: string, address: string) =>
      existing({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name } },
        status: { addresses: [{ type: 'ExternalIP', address }] },
      });
    const of = (spec: Manifest) =>
      severities(ingressNodeMismatch, [
        traefik({ hostNetwork: true, ...spec }),
        ingressClass,
        node('a', '192.0.2.1'),
        node('b', '192.0.2.2'),
        existing({
          apiVersion: 'externaldns.k8s.io/v1alpha1',
          kind: 'DNSEndpoint',
          metadata: { name: 'all', namespace: 'dns' },
          spec: { endpoints: [{ dnsName: 'a.example.com', recordType: 'A', targets: ['192.0.2.1'] }] },
        }),
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          metadata: { name: 'a', namespace: 'shop' },
          spec: { ingressClassName: 'traefik', rules: [{ host: 'a.example.com' }] },
        },
      ]);
    expect([
      of({ nodeName: 'b' }),
      of({ nodeSelector: { 'kubernetes.io/hostname': 'b' } }),
      of({}),
      of({ nodeName: 'a' }),
    ]).toEqual([['error'], ['error'], ['warning'], []]);
  });

  it('is an error where all that a controller loads is known, and a warning elsewhere', () => {
    const route = {
      apiVersion: 'traefik.io/v1alpha1',
      kind: 'IngressRoute',
      metadata: { name: 'a', namespace: 'shop' },
      spec: { routes: [{ match: 'Host(`b.example.com`)' }], tls: { secretName: 'a' } },
    };
    const covered = certificate('a', { dnsNames: ['a.example.com'] });
    const release = {
      apiVersion: 'helm.cattle.io/v1',
      kind: 'HelmChart',
      metadata: { name: 'x', namespace: 'x' },
      spec: {},
    };
    const store = { ...route, metadata: { name: 'default', namespace: 'shop' }, spec: { ...route.spec, tls: {} } };
    expect([
      severities(tlsHostUncovered, [route, covered, traefik()]),
      severities(tlsHostUncovered, [route, covered]),
      severities(tlsHostUncovered, [route, covered, traefik(), release]),
      severities(tlsHostUncovered, [store, covered, traefik()]),
      severities(tlsHostUncovered, [store, covered]),
    ]).toEqual([['error'], ['warning'], ['warning'], ['warning'], []]);
  });
});

describe('the rules on certificates', () => {
  it('survive every shape', () => {
    const metadata = (name: string, v: unknown) => ({ name, namespace: 'shop', annotations: v, labels: v });
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 8, maxLength: 8 }), (v) => {
        const http01 = { http01: { ingress: { ingressClassName: 'traefik', podTemplate: v[0] } }, selector: v[1] };
        const objects = [
          issuer(http01, v[2]),
          { ...issuer(), spec: v[3] },
          certificate('a', { dnsNames: ['a.example.com'] }, { a: 'b' }),
          { ...certificate('b', {}), spec: v[4] },
          certificate('c', { dnsNames: v[5], commonName: v[6], issuerRef: v[7] }),
          {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'Ingress',
            metadata: metadata('a', v[0]),
            spec: { tls: v[1], rules: v[2] },
          },
          {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'Ingress',
            metadata: metadata('b', { 'cert-manager.io/cluster-issuer': v[3], 'cert-manager.io/issuer-kind': v[4] }),
            spec: { tls: [v[5], { hosts: ['a.example.com'], secretName: 'a' }, { hosts: v[6], secretName: v[7] }] },
          },
          {
            apiVersion: 'traefik.io/v1alpha1',
            kind: 'IngressRoute',
            metadata: metadata('a', { 'cert-manager.io/issuer': 'x' }),
            spec: { tls: v[0], routes: v[1] },
          },
          { apiVersion: 'traefik.io/v1alpha1', kind: 'TLSStore', metadata: metadata('default', {}), spec: v[2] },
          {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'NetworkPolicy',
            metadata: metadata('a', {}),
            spec: { podSelector: {}, ingress: v[3] },
          },
          {
            apiVersion: 'externaldns.k8s.io/v1alpha1',
            kind: 'DNSEndpoint',
            metadata: metadata('a', {}),
            spec: { endpoints: v[4] },
          },
          { apiVersion: 'externaldns.k8s.io/v1alpha1', kind: 'DNSEndpoint', metadata: metadata('b', {}), spec: v[5] },
          {
            apiVersion: 'admissionregistration.k8s.io/v1',
            kind: 'ValidatingWebhookConfiguration',
            metadata: { name: 'a' },
            webhooks: v[6],
          },
          {
            apiVersion: 'admissionregistration.k8s.io/v1',
            kind: 'ValidatingWebhookConfiguration',
            metadata: { name: 'b' },
            webhooks: [{ name: 'webhook.cert-manager.io', clientConfig: { service: v[7] ?? {} }, rules: v[0] }],
          },
          { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata: metadata('a', {}), spec: v[1] },
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: metadata('traefik', {}),
            spec: {
              replicas: v[2],
              template: {
                spec: {
                  hostNetwork: true,
                  nodeSelector: v[3],
                  containers: [{ image: 'traefik:v3', args: ['--providers.kubernetesingress'], ports: v[4] }],
                },
              },
            },
          },
          resourceOf(
            { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, status: { addresses: v[5] } },
            { existing: true },
          ),
        ];
        const cluster = clusterOf(objects);
        const found: (Finding | object)[] = RULES.flatMap((rule) => [...(rule.check?.(cluster) ?? [])]);
        expect(Array.isArray(found)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('take time linear in the size of the environment', () => {
    const objects: Manifest[] = [issuer({ http01: { ingress: { ingressClassName: 'traefik' } } })];
    for (let i = 0; i < 3000; i++) {
      const namespace = `n${i % 300}`;
      const metadata = { name: `app-${i}`, namespace };
      objects.push(
        { ...certificate(`app-${i}`, { dnsNames: [`app-${i}.example.com`] }), metadata },
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          metadata,
          spec: {
            ingressClassName: 'nginx',
            tls: [{ hosts: [`app-${i}.example.com`], secretName: `app-${i}` }],
            rules: [{ host: `app-${i}.example.com` }],
          },
        },
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata,
          spec: { podSelector: { matchLabels: { app: `app-${i}` } }, ingress: [{}] },
        },
      );
    }
    const cluster = clusterOf(objects);
    const start = performance.now();
    for (const rule of RULES)
      expect([...(rule.check?.(cluster) ?? [])].filter((found) => 'message' in found)).toEqual([]);
    expect(uncoveredHosts(cluster)).toEqual([]);
    expect(refusedSolvers(cluster)).toEqual([]);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('the issuer that an Ingress without one gets', () => {
  it('is the default of cert-manager’s controller, of its own group', () => {
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'shop', namespace: 'shop', annotations: { 'kubernetes.io/tls-acme': 'true' } },
      spec: { tls: [{ hosts: ['a.example.com'], secretName: 'a' }] },
    };
    const controller = (...args: string[]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'cert-manager', namespace: 'cert-manager' },
      spec: { containers: [{ name: 'c', image: 'quay.io/jetstack/cert-manager-controller:v1.18.2', args }] },
    });
    const of = (...args: string[]) => {
      const found = [...shimmedIngresses(clusterOf([ingress, controller(...args)])).values()];
      return found.map(({ issuer: asked }) => asked && `${asked.kind}/${asked.name} ${asked.path}`);
    };
    const NAME = '--default-issuer-name=le';
    expect([
      of(NAME),
      of(NAME, '--default-issuer-kind=ClusterIssuer'),
      of(NAME, '--default-issuer-group=example.com'),
      of('--default-issuer-name='),
      of('--default-issuer-name=${ISSUER}'),
    ]).toEqual([['Issuer/le undefined'], ['ClusterIssuer/le undefined'], [undefined], [], []]);
  });
});
