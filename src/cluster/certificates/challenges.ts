import type { ICertificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { specOf } from '../models.ts';
import { hostOf, type RouteClass } from '../routes/routes.ts';
import { holdsUnknown, isUnknown } from '../unknown.ts';
import { asList, asMap, valueAt } from '../workloads.ts';
import { CERT_MANAGER } from './cert-manager.ts';
import { type Http01Solver, http01SolversOf } from './certificates.ts';
import { shimmedIngresses } from './issuance.ts';
import { classOfSolver } from './solvers.ts';

/** An HTTP-01 challenge that cert-manager surely makes while it issues a certificate. */
export interface Challenge {
  /** Who asks: a Certificate, or an annotated Ingress. */
  resource: Resource;
  /** Of the host there. */
  path: Path;
  host: string;
  solver: Http01Solver;
  /** What the solver's Ingress asks for; undefined where none is named, and where it isn't one of its own. */
  routeClass: RouteClass | undefined;
}

/** Every HTTP-01 challenge for the Certificates and annotated Ingresses of the environment. Hosts that aren't known are left out. */
export const challengesOf = derived((cluster): readonly Challenge[] => {
  const http01 = new Map<Resource, Http01Solver[]>();
  for (const solver of http01SolversOf(cluster)) {
    http01.set(solver.issuer, [...(http01.get(solver.issuer) ?? []), solver]);
  }
  if (http01.size === 0) return [];
  return [...requestsOf(cluster)].flatMap(({ resource, hosts, issuer, overrides }) => {
    const found =
      issuer && cluster.get(CERT_MANAGER, issuer.kind, issuer.kind === 'Issuer' ? resource.scope : '', issuer.name);
    const solvers = found && http01.get(found);
    if (found === undefined || solvers === undefined) return [];
    if (contested(cluster, found) || contested(cluster, resource)) return [];
    return hosts.flatMap(({ host, path }) => {
      const picked = pickSolver(found, resource, host);
      const solver = solvers.find((candidate) => candidate.path[3] === picked);
      if (solver === undefined) return [];
      const routeClass = overrides === 'none' ? classOfSolver(solver)?.routeClass : overrides;
      return [{ resource, path, host, solver, routeClass }];
    });
  });
});

interface Request {
  resource: Resource;
  hosts: readonly { host: string; path: Path }[];
  issuer: { kind: string; name: string } | undefined;
  /** The class that annotations give the solver in place of its own. */
  overrides: RouteClass | undefined | 'none';
}

function* requestsOf(cluster: Cluster): Generator<Request> {
  for (const resource of cluster.list(CERT_MANAGER, 'Certificate')) {
    const { issuerRef, dnsNames, commonName } = specOf<ICertificate>(resource);
    const { name, kind = 'Issuer', group = CERT_MANAGER } = asMap(issuerRef) ?? {};
    if (typeof name !== 'string' || typeof kind !== 'string' || group !== CERT_MANAGER) continue;
    const hosts = hostsAt(dnsNames, ['spec', 'dnsNames']);
    const common = hostOf(commonName);
    if (common !== undefined && !hosts.some(({ host }) => host === common))
      hosts.push({ host: common, path: ['spec', 'commonName'] });
    yield { resource, hosts, issuer: { kind, name }, overrides: overridesOf(resource, OF_CERTIFICATE) };
  }
  for (const { ingress: resource, blocks, issuer, contradicts, repeated } of shimmedIngresses(cluster).values()) {
    if (contradicts || repeated.length > 0) continue;
    const issued = blocks.filter(({ secretName, unknown }) => secretName !== undefined && !unknown);
    const hosts = issued.flatMap(({ path, hosts: own }) => hostsAt(own, [...path, 'hosts']));
    yield { resource, hosts, issuer, overrides: overridesOf(resource, OF_INGRESS) };
  }
}

function hostsAt(list: unknown, path: Path): { host: string; path: Path }[] {
  return asList(list).flatMap((item, i) => {
    const host = hostOf(item);
    return host === undefined ? [] : [{ host, path: [...path, i] }];
  });
}

const ACME = 'acme.cert-manager.io';
const OF_CERTIFICATE = {
  edited: `${ACME}/http01-override-ingress-name`,
  annotation: `${ACME}/http01-override-ingress-class`,
  field: `${ACME}/http01-override-ingress-ingressclassname`,
};
const OF_INGRESS = {
  edited: `${ACME}/http01-edit-in-place`,
  annotation: `${ACME}/http01-ingress-class`,
  field: `${ACME}/http01-ingress-ingressclassname`,
};

/** Annotations that take the place of what the solver says (applyIngressParameterAnnotationOverrides of cert-manager). */
function overridesOf(resource: Resource, keys: typeof OF_INGRESS): Request['overrides'] {
  const annotations = asMap(resource.object.metadata.annotations) ?? {};
  const edited = annotations[keys.edited];
  if (edited !== undefined && edited !== 'false') return undefined;
  for (const from of ['annotation', 'field'] as const) {
    const name = annotations[keys[from]];
    if (typeof name !== 'string' || name === '') continue;
    return isUnknown(name) ? undefined : { from, name, resource, path: ['metadata', 'annotations', keys[from]] };
  }
  return 'none';
}

/**
 * Which solver of an issuer cert-manager takes for a host (pkg/controller/acmeorders/solverpicker): of those whose selector
 * matches, the one that names the host, then the one with the longest zone, then the one with the most labels; the first of
 * equals. HTTP-01 can't prove a wildcard. Undefined where that can't be known.
 */
function pickSolver(issuer: Resource, asking: Resource, host: string): number | undefined {
  const solvers = asList(valueAt(issuer.object, ['spec', 'acme', 'solvers']));
  if (holdsUnknown(solvers.map((solver) => asMap(solver)?.selector))) return undefined;
  const labels = asMap(asking.object.metadata.labels) ?? {};
  let best: { index: number; weight: readonly number[] } | undefined;
  for (const [index, solver] of solvers.entries()) {
    const { selector, http01, dns01 } = asMap(solver) ?? {};
    if (dns01 === undefined && (http01 === undefined || host.startsWith('*.'))) continue;
    const weight = weightOf(asMap(selector) ?? {}, labels, host);
    if (weight && (best === undefined || isMore(weight, best.weight))) best = { index, weight };
  }
  return best?.index;
}

function weightOf(
  { matchLabels, dnsNames, dnsZones }: Record<string, unknown>,
  labels: Record<string, unknown>,
  host: string,
): readonly number[] | undefined {
  const wanted = Object.entries(asMap(matchLabels) ?? {});
  const names = asList(dnsNames).map(hostOf);
  const zones = asList(dnsZones).map(hostOf);
  const parts = host.split('.');
  const held = zones.filter((zone) => zone !== undefined && (host === zone || host.endsWith(`.${zone}`)));
  if (!wanted.every(([key, value]) => labels[key] === value)) return undefined;
  if ((names.length > 0 && !names.includes(host)) || (zones.length > 0 && held.length === 0)) return undefined;
  const longest = Math.max(0, ...held.map((zone) => zone?.split('.').length ?? 0));
  return [names.length > 0 ? 1 : 0, Math.min(longest, parts.length), wanted.length];
}

function isMore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at !== -1 && (a[at] ?? 0) > (b[at] ?? 0);
}
