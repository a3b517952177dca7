import type { ICertificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import type { IIssuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer';
import type { IIngressRoute } from '@kubernetes-models/traefik/traefik.io/v1alpha1/IngressRoute';
import type { IIngressRouteTCP } from '@kubernetes-models/traefik/traefik.io/v1alpha1/IngressRouteTCP';
import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { type Fields, specOf } from '../models.ts';
import type { AcmeResolver, Traefik } from '../routes/traefik.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';

type Declared = NonNullable<NonNullable<NonNullable<IIssuer['spec']['acme']>['solvers']>[number]['http01']>;

/** An HTTP-01 solver of a cert-manager Issuer or ClusterIssuer (https://cert-manager.io/docs/configuration/acme/http01/). */
export interface Http01Solver {
  issuer: Resource;
  /** The path of `http01`. */
  path: Path;
  http01: Fields<Declared>;
}

const CERT_MANAGER = 'cert-manager.io';
const TRAEFIK_INGRESS = 'traefik.io/ingress-controller';
const TRAEFIK_GATEWAY = 'traefik.io/gateway-controller';
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** Every HTTP-01 solver of the environment. */
export const http01SolversOf = derived((cluster): readonly Http01Solver[] =>
  ['Issuer', 'ClusterIssuer'].flatMap((kind) =>
    cluster.list(CERT_MANAGER, kind).flatMap((issuer) =>
      asList(valueAt(issuer.object, ['spec', 'acme', 'solvers'])).flatMap((solver, i) => {
        const http01 = asMap(asMap(solver)?.http01);
        return http01 ? [{ issuer, path: ['spec', 'acme', 'solvers', i, 'http01'], http01 }] : [];
      }),
    ),
  ),
);

/** Whether the challenges of a solver are routed by that Traefik; undefined where that can't be known. */
export function goesThrough(cluster: Cluster, traefik: Traefik, { http01, issuer }: Http01Solver): boolean | undefined {
  const gateway = asMap(http01.gatewayHTTPRoute);
  if (gateway) return gatewayGoesThrough(cluster, traefik, asList(gateway.parentRefs), issuer);
  const ingress = asMap(http01.ingress);
  if (ingress === undefined) return undefined;
  const annotations = asMap(valueAt(ingress, ['ingressTemplate', 'metadata', 'annotations'])) ?? {};
  // Its own class or entry points may take the solver elsewhere.
  if (Object.keys(annotations).some((key) => key === CLASS_ANNOTATION || key.endsWith('/router.entrypoints')))
    return undefined;
  if (typeof ingress.name === 'string' && ingress.name !== '') {
    const [edited, ...others] = cluster
      .list('networking.k8s.io', 'Ingress')
      .filter(({ name }) => name === ingress.name);
    return edited && others.length === 0 ? ingressGoesThrough(cluster, traefik, edited.object) : undefined;
  }
  const { class: byAnnotation, ingressClassName } = ingress;
  return classGoesThrough(cluster, traefik, ingressClassName, byAnnotation);
}

function ingressGoesThrough(cluster: Cluster, traefik: Traefik, ingress: object): boolean | undefined {
  const byAnnotation = asMap(valueAt(ingress, ['metadata', 'annotations']))?.[CLASS_ANNOTATION];
  return classGoesThrough(cluster, traefik, valueAt(ingress, ['spec', 'ingressClassName']), byAnnotation);
}

/** Whether Traefik takes an Ingress of a class: shouldProcessIngress of pkg/provider/kubernetes/ingress. */
function classGoesThrough(cluster: Cluster, traefik: Traefik, name: unknown, annotation: unknown): boolean | undefined {
  const own = traefik.settings.get('providers.kubernetesingress.ingressclass')?.value ?? '';
  if ([own, name, annotation].some(isUnknown) || own.includes('$')) return undefined;
  if (typeof annotation === 'string' && annotation !== '') return annotation === (own === '' ? 'traefik' : own);
  if (typeof name === 'string' && name !== '') return ingressClassGoesThrough(cluster, name, own);
  const classes = cluster.list('networking.k8s.io', 'IngressClass');
  const defaults = classes.filter(
    ({ object }) => asMap(object.metadata.annotations)?.['ingressclass.kubernetes.io/is-default-class'] === 'true',
  );
  const [first, ...others] = defaults;
  if (first) return others.length === 0 ? ingressClassGoesThrough(cluster, first.name, own) : undefined;
  return cluster.knows('networking.k8s.io', 'IngressClass') ? own === '' : undefined;
}

function ingressClassGoesThrough(cluster: Cluster, name: string, own: string): boolean | undefined {
  const found = cluster.get('networking.k8s.io', 'IngressClass', '', name);
  const controller = valueAt(found?.object, ['spec', 'controller']);
  if (found) return controller === TRAEFIK_INGRESS && (own === '' || own === name);
  if (cluster.knows('networking.k8s.io', 'IngressClass')) return false;
  // Nobody has written the class down; its name is Traefik's own.
  return name === (own === '' ? 'traefik' : own) ? true : undefined;
}

/** Whether one of the Gateways that an HTTPRoute attaches to is known to be Traefik's. */
function gatewayGoesThrough(
  cluster: Cluster,
  { settings }: Traefik,
  parents: readonly unknown[],
  issuer: Resource,
): true | undefined {
  if (!settings.has('providers.kubernetesgateway')) return undefined;
  const taken = parents.some((parent) => {
    const { name, namespace } = asMap(parent) ?? {};
    const [gateway, ...others] = cluster.list('gateway.networking.k8s.io', 'Gateway').filter((candidate) => {
      const inScope =
        typeof namespace === 'string'
          ? candidate.scope === namespace
          : issuer.clusterScoped || candidate.scope === issuer.scope;
      return candidate.name === name && inScope;
    });
    const className = valueAt(gateway?.object, ['spec', 'gatewayClassName']);
    if (typeof className !== 'string' || others.length > 0) return false;
    const found = cluster.get('gateway.networking.k8s.io', 'GatewayClass', '', className);
    return valueAt(found?.object, ['spec', 'controllerName']) === TRAEFIK_GATEWAY;
  });
  return taken || undefined;
}

/**
 * Whether a resolver of Traefik and cert-manager order certificates for different hosts. False where they share one, undefined
 * where the hosts of one side aren't known.
 */
export function hostsAreApart(
  cluster: Cluster,
  traefik: Traefik,
  resolver: AcmeResolver,
  issuers: readonly Resource[],
): boolean | undefined {
  const ours = resolverHosts(cluster, traefik, resolver);
  const theirs = issuedHosts(cluster, issuers);
  if (ours === undefined || theirs === undefined) return undefined;
  return !ours.some((host) => theirs.some((other) => covers(host, other) || covers(other, host)));
}

/** Whether a host is another, or a wildcard that holds it (one label). */
function covers(host: string, other: string): boolean {
  return host === other || (host.startsWith('*.') && other.slice(other.indexOf('.')) === host.slice(1));
}

/** The hosts for which routers ask a resolver; undefined where there are none, or not all of them are written. */
function resolverHosts(cluster: Cluster, { settings }: Traefik, { name }: AcmeResolver): string[] | undefined {
  const isOurs = (value: unknown) => typeof value === 'string' && value.toLowerCase() === name;
  const everywhere = [...settings].some(
    ([option, { value }]) => option.endsWith('.http.tls.certresolver') && isOurs(value),
  );
  if (everywhere) return undefined;
  const hosts: (string | undefined)[] = [];
  for (const group of ['traefik.io', 'traefik.containo.us']) {
    for (const kind of ['IngressRoute', 'IngressRouteTCP']) {
      for (const resource of cluster.list(group, kind)) {
        const spec = specOf<IIngressRoute | IIngressRouteTCP>(resource);
        const tls = asMap(spec.tls);
        if (!isOurs(tls?.certResolver)) continue;
        const domains = asList(tls?.domains).flatMap((domain) => [asMap(domain)?.main, ...asList(asMap(domain)?.sans)]);
        hosts.push(...(domains.length > 0 ? domains.map(textOf) : asList(spec.routes).flatMap(hostsOfRule)));
      }
    }
  }
  for (const { object } of cluster.list('networking.k8s.io', 'Ingress')) {
    const annotation = asMap(object.metadata.annotations)?.['traefik.ingress.kubernetes.io/router.tls.certresolver'];
    if (isOurs(annotation))
      hosts.push(...asList(valueAt(object, ['spec', 'rules'])).map((rule) => textOf(asMap(rule)?.host)));
  }
  return known(hosts);
}

/** The hosts that a router's rule names: `Host(`a`) || Host(`b`, `c`)`. */
function hostsOfRule(route: unknown): (string | undefined)[] {
  const match = asMap(route)?.match;
  if (typeof match !== 'string' || match.length > 10_000 || /HostRegexp|!\s*Host/i.test(match)) return [undefined];
  const lists = [...match.matchAll(/\bHost(?:SNI)?\(([^()]*)\)/gi)].map(([, list = '']) => list);
  return lists.length === 0
    ? [undefined]
    : lists.flatMap((list) => list.split(',').map((host) => textOf(host.trim().replace(/^[`"']|[`"']$/g, ''))));
}

/** The hosts for which issuers are asked; undefined where there are none, or not all of them are written. */
function issuedHosts(cluster: Cluster, issuers: readonly Resource[]): string[] | undefined {
  const isOurs = (kind: unknown, name: unknown, scope: string) =>
    issuers.some(
      (issuer) => issuer.kind === kind && issuer.name === name && (issuer.clusterScoped || issuer.scope === scope),
    );
  const hosts: (string | undefined)[] = [];
  for (const { object, scope } of cluster.list(CERT_MANAGER, 'Certificate')) {
    const { issuerRef, dnsNames, commonName } = specOf<ICertificate>({ object });
    const { name, kind = 'Issuer' } = asMap(issuerRef) ?? {};
    if (!isOurs(kind, name, scope)) continue;
    hosts.push(...asList(dnsNames).map(textOf), ...(commonName === undefined ? [] : [textOf(commonName)]));
  }
  for (const [group, kind] of [
    ['networking.k8s.io', 'Ingress'],
    ['gateway.networking.k8s.io', 'Gateway'],
  ] as const) {
    for (const { object, scope } of cluster.list(group, kind)) {
      const annotations = asMap(object.metadata.annotations) ?? {};
      const asked =
        isOurs('Issuer', annotations[`${CERT_MANAGER}/issuer`], scope) ||
        isOurs('ClusterIssuer', annotations[`${CERT_MANAGER}/cluster-issuer`], scope);
      if (!asked) continue;
      const blocks = kind === 'Ingress' ? asList(valueAt(object, ['spec', 'tls'])) : [undefined];
      hosts.push(...blocks.flatMap((block) => (asMap(block) ? asList(asMap(block)?.hosts).map(textOf) : [undefined])));
    }
  }
  return known(hosts);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value !== '*' && !isUnknown(value)
    ? value.toLowerCase()
    : undefined;
}

function known(hosts: readonly (string | undefined)[]): string[] | undefined {
  return hosts.length === 0 || hosts.includes(undefined) ? undefined : (hosts as string[]);
}
