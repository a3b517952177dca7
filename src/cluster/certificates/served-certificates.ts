import type { ICertificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { specOf } from '../models.ts';
import { madeAs, makersOfAnything } from '../references/makers.ts';
import { candidates } from '../references/provided.ts';
import { controllersIn, controllersOf, type Product, productOf } from '../routes/controllers.ts';
import { hostOf, type Route, type RouteSecret, type RouteTls, routesOf } from '../routes/routes.ts';
import { traefiksOf } from '../routes/traefik.ts';
import { holdsUnknown, isUnknown } from '../unknown.ts';
import { asList, asMap, containersOf, valueAt, type Workload } from '../workloads.ts';
import { shimmedIngresses } from './issuance.ts';

/** What a TLS Secret's certificate is for. */
export interface CoveredHosts {
  hosts: readonly string[];
  /** The Certificates and Ingresses that say so. */
  by: readonly Resource[];
}

/**
 * The hosts for which cert-manager issues a Secret's certificate, asked by Certificates or annotated Ingresses. Undefined where the
 * certificate comes from elsewhere, or not all of its hosts are written.
 */
export function hostsOfSecret(
  cluster: Cluster,
  { scope, name }: Pick<RouteSecret, 'scope' | 'name'>,
): CoveredHosts | undefined {
  const known = secretHosts(cluster);
  const key = JSON.stringify([scope, name]);
  if (!known.has(key)) known.set(key, readSecret(cluster, scope, name));
  return known.get(key);
}

const secretHosts = derived(() => new Map<string, CoveredHosts | undefined>());

function readSecret(cluster: Cluster, scope: string, name: string): CoveredHosts | undefined {
  const referent = { group: '', kind: 'Secret', scope, name };
  const makers = madeAs(cluster, referent).map(({ by }) => by);
  // A rendered one is written by hand; an existing one is what was issued.
  const isWritten = candidates(cluster, referent).some(({ existing }) => !existing);
  if (isUnknown(name) || isWritten) return undefined;
  const hosts: string[] = [];
  for (const by of makers) {
    const own = contested(cluster, by) || by.scope !== scope ? undefined : hostsAskedBy(cluster, by, name);
    if (own === undefined) return undefined;
    hosts.push(...own);
  }
  return hosts.length === 0 ? undefined : { hosts: [...new Set(hosts)], by: makers };
}

function hostsAskedBy(cluster: Cluster, by: Resource, name: string): string[] | undefined {
  if (by.kind === 'Certificate') {
    const { dnsNames, commonName, ipAddresses, literalSubject } = specOf<ICertificate>(by);
    if (holdsUnknown([dnsNames, commonName, literalSubject])) return undefined;
    return [...asList(dnsNames), commonName, ...asList(ipAddresses)].flatMap((host) => hostOf(host) ?? []);
  }
  const shimmed = by.kind === 'Ingress' ? shimmedIngresses(cluster).get(by) : undefined;
  const block = shimmed?.blocks.find(({ secretName }) => secretName === name);
  if (block === undefined || block.unknown) return undefined;
  const annotations = asMap(by.object.metadata.annotations) ?? {};
  const also = ['alt-names', 'common-name'].map((key) => annotations[`cert-manager.io/${key}`]);
  if (also.some(isUnknown)) return undefined;
  const more = also.flatMap((list) => (typeof list === 'string' ? list.split(',') : []));
  return [...block.hosts, ...more].flatMap((host) => hostOf(host.trim()) ?? []);
}

/** Certificates that a controller picks from by the name that a client asks for. */
class Store {
  readonly #covered = new Set<string>();
  /** Some certificate is in it whose hosts aren't known. */
  open = false;

  add(hosts: readonly string[] | undefined): void {
    if (hosts === undefined) this.open = true;
    for (const host of hosts ?? []) this.#covered.add(host);
  }

  /** A wildcard holds one label. */
  mayCover(host: string): boolean {
    const dot = host.indexOf('.');
    return this.open || this.#covered.has(host) || (dot !== -1 && this.#covered.has(`*${host.slice(dot)}`));
  }
}

/** A host that a route takes encrypted, and that no certificate covers. */
export interface UncoveredHost {
  route: Route;
  tls: RouteTls;
  host: string;
  /** Where the host is written in the route's resource. */
  path: Path;
  /** What the Secrets of its own block are for; empty where it names none. */
  own: readonly (CoveredHosts & { secret: RouteSecret })[];
  /** Its controller runs here, and everything that it loads is known. */
  certain: boolean;
  /** The controller, where one runs here. */
  controller: Resource | undefined;
}

/**
 * Hosts of Ingresses and IngressRoutes that no certificate covers which their controller loads. Traefik picks by name from one store of
 * all that it is shown (pkg/tls: every Ingress, IngressRoute and TLSStore); ingress-nginx takes those of the Ingresses with that host, or
 * `--default-ssl-certificate`; of others, everything may count.
 */
export const uncoveredHosts = derived((cluster): readonly UncoveredHost[] => {
  const routes = routesOf(cluster).filter(({ resource, tls }) => tls.length > 0 && KINDS.has(resource.kind));
  if (routes.length === 0) return [];
  const stores = storesOf(cluster, routes);
  const found = new Map<string, UncoveredHost>();
  for (const route of routes) {
    if (route.resource.existing || contested(cluster, route.resource)) continue;
    const { product, certain, controller } = servingOf(cluster, route);
    if (product === 'cloud' || decryptsElsewhere(route.resource)) continue;
    for (const { host } of route.matches ?? []) {
      const tls = host === undefined ? undefined : blockFor(route, host);
      if (host === undefined || tls === undefined || stores.for(product, host).mayCover(host)) continue;
      // Without a Secret of its own, it is left to a default that may lie elsewhere.
      if (tls.secrets.length === 0 && !certain) continue;
      const own = tls.secrets.flatMap((secret) => {
        const covered = hostsOfSecret(cluster, secret);
        return covered === undefined ? [] : [{ ...covered, secret }];
      });
      const { resource } = route;
      const key = `${resource.group}/${resource.kind} ${resource.scope} ${resource.name} ${host}`;
      if (found.has(key)) continue;
      found.set(key, { route, tls, host, path: placeOf(route, tls, host), own, certain, controller });
    }
  }
  return [...found.values()];
});

const KINDS: ReadonlySet<string> = new Set(['Ingress', 'IngressRoute', 'IngressRouteTCP']);

/** The block that is meant for a host, where the controller decrypts: the one that lists it, else one without hosts. */
function blockFor({ tls, resource }: Route, host: string): RouteTls | undefined {
  if (resource.kind !== 'Ingress') return tls.find(isDecrypted);
  const block = tls.find(({ hosts }) => hosts.includes(host)) ?? tls.find(({ hosts }) => hosts.length === 0);
  return block && isDecrypted(block) ? block : undefined;
}

/** Whether the controller decrypts, with a certificate that it is given. */
function isDecrypted({ resolver, passthrough }: RouteTls): boolean {
  return !passthrough && resolver === undefined;
}

/** Annotations by which something else decrypts, or brings the certificate. */
function decryptsElsewhere({ object }: Resource): boolean {
  return Object.keys(asMap(object.metadata.annotations) ?? {}).some((key) =>
    /\/ssl-passthrough$|\/router\.tls\.certresolver$|^alb\.ingress\.kubernetes\.io\//.test(key),
  );
}

function placeOf({ hostPath, resource }: Route, { path, hosts }: RouteTls, host: string): Path {
  if (resource.kind !== 'Ingress' || !hosts.includes(host)) return hostPath;
  const listed = asList(valueAt(resource.object, [...path, 'hosts']));
  return [...path, 'hosts', listed.findIndex((item) => hostOf(item) === host)];
}

type Kind = Product | 'cloud' | 'any';

/** Who takes a route; `certain` where it runs here and is known to the last flag. */
function servingOf(
  cluster: Cluster,
  route: Route,
): { product: Kind; certain: boolean; controller: Resource | undefined } {
  const serving = controllersOf(cluster, route) ?? [];
  const products = new Set(serving.map(({ product }) => product));
  const [first] = products;
  const controller = serving[0]?.workload.resource;
  const isTraefik = route.resource.kind !== 'Ingress';
  if (first !== undefined && products.size === 1) {
    const certain = serving.every((one) => one.certain) && knowsRoutes(cluster);
    return { product: first, certain, controller };
  }
  const byClass = route.classes.map((one) => productOf(cluster, one)).find((one) => one !== undefined);
  return {
    product: isTraefik ? 'traefik' : products.size > 1 ? 'any' : (byClass ?? 'any'),
    certain: false,
    controller,
  };
}

/** Tools that install whole applications, routes and their certificates included. */
const INSTALLERS: ReadonlySet<string> = new Set([
  'helm.toolkit.fluxcd.io',
  'kustomize.toolkit.fluxcd.io',
  'helm.cattle.io',
  'argoproj.io',
  'fleet.cattle.io',
]);

/** Whether all that a controller may be shown is here. */
const knowsRoutes = derived((cluster): boolean => {
  const installer = [...makersOfAnything(cluster)].some(({ group }) => INSTALLERS.has(group));
  return cluster.configured && cluster.complete && !installer;
});

function storesOf(cluster: Cluster, routes: readonly Route[]): { for(product: Kind, host: string): Store } {
  const traefik = new Store();
  const all = new Store();
  const nginx = new Map<string, Store>();
  const shared = new Store();
  const addTo = (stores: readonly Store[], secret: RouteSecret) => {
    const hosts = hostsOfSecret(cluster, secret)?.hosts;
    for (const store of stores) store.add(hosts);
  };
  const ofHost = (host: string) => {
    const store = nginx.get(host) ?? new Store();
    nginx.set(host, store);
    return store;
  };
  const seen = new Set<Resource>();
  for (const route of routes) {
    const { product } = servingOf(cluster, route);
    const secrets = route.tls.flatMap((tls) => tls.secrets);
    const hosts = (route.matches ?? []).flatMap(({ host }) => host ?? []);
    if (product === 'ingress-nginx' || product === 'any')
      for (const host of hosts) for (const secret of secrets) addTo([ofHost(host)], secret);
    if (seen.has(route.resource)) continue;
    seen.add(route.resource);
    for (const secret of secrets) addTo(product === 'traefik' || product === 'any' ? [traefik, all] : [all], secret);
  }
  for (const secret of storeSecrets(cluster)) addTo([traefik, all], secret);
  traefik.open ||= loadsMore(cluster);
  all.open ||= traefik.open;
  for (const secret of defaultSecrets(cluster)) {
    if (secret === undefined) shared.open = true;
    else addTo([shared, all], secret);
  }
  return {
    for(product, host) {
      if (product === 'traefik') return traefik;
      if (product !== 'ingress-nginx') return all;
      return shared.mayCover(host) ? shared : ofHost(host);
    },
  };
}

/** The Secrets of every TLSStore. */
function storeSecrets(cluster: Cluster): RouteSecret[] {
  return ['traefik.io', 'traefik.containo.us'].flatMap((group) =>
    cluster.list(group, 'TLSStore').flatMap(({ object, scope }) => {
      const { defaultCertificate, certificates } = asMap(valueAt(object, ['spec'])) ?? {};
      return [defaultCertificate, ...asList(certificates)].flatMap((item) => {
        const name = asMap(item)?.secretName;
        return typeof name === 'string' ? [{ name, scope, path: [] }] : [];
      });
    }),
  );
}

/** Whether a Traefik has certificates that no object here names: from its file provider, from a resolver for everything. */
function loadsMore(cluster: Cluster): boolean {
  const generated = ['traefik.io', 'traefik.containo.us'].some((group) =>
    cluster
      .list(group, 'TLSStore')
      .some(({ object }) => valueAt(object, ['spec', 'defaultGeneratedCert']) !== undefined),
  );
  return (
    generated ||
    traefiksOf(cluster).some(({ settings }) =>
      [...settings.keys()].some((option) => /^providers\.file(?:\.|$)|\.http\.tls\.certresolver$/.test(option)),
    )
  );
}

const DEFAULT_CERTIFICATE = /^--default-ssl-certificate(?:=(.*))?$/s;

/** The Secrets that controllers take where nothing else fits; undefined for one whose name can't be read. */
function defaultSecrets(cluster: Cluster): (RouteSecret | undefined)[] {
  return controllersIn(cluster)
    .flatMap(({ workload }) => flagValues(workload))
    .map((value) => {
      const [scope, name, ...more] = value?.split('/') ?? [];
      if (!scope || !name || more.length > 0 || /[$]/.test(value ?? '')) return undefined;
      return { scope, name, path: [] };
    });
}

function flagValues(workload: Workload): (string | undefined)[] {
  return containersOf(workload).flatMap(({ container }) =>
    [...asList(container.command), ...asList(container.args)].flatMap((word) => {
      const match = DEFAULT_CERTIFICATE.exec(typeof word === 'string' ? word : '');
      return match ? [match[1]] : [];
    }),
  );
}
