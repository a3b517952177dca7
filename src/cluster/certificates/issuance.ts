import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { madeAs, mayMake } from '../references/makers.ts';
import { candidates, mayAppear, namesakesOf, standingOf } from '../references/provided.ts';
import type { Referent } from '../references/references.ts';
import { type RouteTls, routesOf } from '../routes/routes.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, containersOf, valueAt, type Workload } from '../workloads.ts';
import { CERT_MANAGER, defaultIssuerOf } from './cert-manager.ts';

export const ISSUER = `${CERT_MANAGER}/issuer`;
export const CLUSTER_ISSUER = `${CERT_MANAGER}/cluster-issuer`;
const ISSUER_KIND = `${CERT_MANAGER}/issuer-kind`;
const ISSUER_GROUP = `${CERT_MANAGER}/issuer-group`;
const TLS_ACME = 'kubernetes.io/tls-acme';

/** A tls block of an Ingress, as ingress-shim reads it. */
export interface TlsBlock {
  /** `spec.tls[i]`. */
  path: Path;
  /** The keys of it that are written, and mean something. */
  secretName: string | undefined;
  hosts: readonly string[];
  /** A placeholder stands in it. */
  unknown: boolean;
}

/** The issuer that annotations ask for. */
export interface AskedIssuer {
  kind: string;
  name: string;
  /** Of the annotation that names it; undefined for the controller's default. */
  path: Path | undefined;
  /** Its annotation is for another kind: `issuer-kind` says so. */
  kindWritten: boolean;
}

/** An Ingress for which cert-manager is asked to issue (pkg/controller/certificate-shim of cert-manager). */
export interface ShimmedIngress {
  ingress: Resource;
  /** Undefined where it belongs to another group than cert-manager's own, or can't be known. */
  issuer: AskedIssuer | undefined;
  /** Both annotations are there: cert-manager refuses the Ingress. */
  contradicts: boolean;
  blocks: readonly TlsBlock[];
  /** Pairs of blocks that name one Secret, or none: cert-manager refuses the Ingress. */
  repeated: readonly { first: TlsBlock; again: TlsBlock }[];
}

/** Every rendered Ingress that asks cert-manager for certificates, by annotation or by the controller's default issuer. */
export const shimmedIngresses = derived((cluster): ReadonlyMap<Resource, ShimmedIngress> => {
  const all = new Map<Resource, ShimmedIngress>();
  for (const ingress of cluster.list('networking.k8s.io', 'Ingress')) {
    const shimmed = shimOf(cluster, ingress);
    if (shimmed) all.set(ingress, shimmed);
  }
  return all;
});

function shimOf(cluster: Cluster, ingress: Resource): ShimmedIngress | undefined {
  const annotations = asMap(ingress.object.metadata.annotations) ?? {};
  const issuers = [ISSUER, CLUSTER_ISSUER].filter((key) => Object.hasOwn(annotations, key));
  const byDefault = issuers.length === 0;
  // strconv.ParseBool of Go.
  if (byDefault && !(/^(?:1|t|T|TRUE|true|True)$/.test(String(annotations[TLS_ACME])) && defaultIssuerOf(cluster)))
    return undefined;
  const blocks = asList(valueAt(ingress.object, ['spec', 'tls'])).map((block, i) =>
    tlsBlock(block, ['spec', 'tls', i]),
  );
  const names = new Map<string, TlsBlock>();
  const repeated: { first: TlsBlock; again: TlsBlock }[] = [];
  for (const again of blocks) {
    if (again.unknown) continue;
    // To cert-manager, blocks without name share the empty one.
    const { secretName = '' } = again;
    const first = names.get(secretName);
    if (first) repeated.push({ first, again });
    else names.set(secretName, again);
  }
  const issuer = issuerOf(cluster, annotations);
  return { ingress, issuer, contradicts: issuers.length === 2, blocks, repeated };
}

function tlsBlock(block: unknown, path: Path): TlsBlock {
  const { secretName, hosts } = asMap(block) ?? {};
  const listed = asList(hosts);
  const isText = (value: unknown) => typeof value === 'string' && !isUnknown(value);
  return {
    path,
    secretName: typeof secretName === 'string' && secretName !== '' ? secretName : undefined,
    hosts: listed.filter((host) => typeof host === 'string'),
    // What has the wrong type, the API server refuses.
    unknown:
      asMap(block) === undefined ||
      !(secretName === undefined || secretName === null || isText(secretName)) ||
      !(hosts === undefined || hosts === null || Array.isArray(hosts)) ||
      !listed.every(isText),
  };
}

function issuerOf(cluster: Cluster, annotations: Record<string, unknown>): AskedIssuer | undefined {
  const byDefault = defaultIssuerOf(cluster);
  const group = annotations[ISSUER_GROUP] ?? byDefault?.group ?? CERT_MANAGER;
  const [key] = [CLUSTER_ISSUER, ISSUER].filter((annotation) => Object.hasOwn(annotations, annotation));
  const name = key === undefined ? byDefault?.name : annotations[key];
  const ownKind = key === undefined ? byDefault?.kind : key === ISSUER ? 'Issuer' : 'ClusterIssuer';
  const written = annotations[ISSUER_KIND];
  const kind = typeof written === 'string' ? written : ownKind;
  if (group !== CERT_MANAGER || typeof name !== 'string' || name === '' || isUnknown(name)) return undefined;
  if (kind !== 'Issuer' && kind !== 'ClusterIssuer') return undefined;
  return {
    kind,
    name,
    path: key === undefined ? undefined : ['metadata', 'annotations', key],
    kindWritten: kind !== ownKind,
  };
}

/** Whether annotations name an issuer of a group that isn't cert-manager's own. */
export function asksOthers({ object }: Resource): boolean {
  const annotations = asMap(object.metadata.annotations) ?? {};
  return ![undefined, CERT_MANAGER].includes(annotations[ISSUER_GROUP] as undefined);
}

/**
 * Whether a Secret is there, or may be, without what is asked for in `but`: written, existing, made by a Certificate, an
 * ExternalSecret, an Ingress for which cert-manager does issue, or perhaps by something whose doing isn't written.
 */
export function isProvidedOtherwise(cluster: Cluster, scope: string, name: string, but: Resource): boolean {
  const referent: Referent = { group: '', kind: 'Secret', scope, name };
  if (!cluster.complete || candidates(cluster, referent).length > 0) return true;
  if (madeAs(cluster, referent).some(({ by }) => by !== but && issues(cluster, by, name))) return true;
  const maker = mayMake(cluster, referent);
  // A Gateway names the Secrets that it needs, and makes none.
  return mayAppear(cluster, referent) || (maker !== undefined && maker.group !== 'gateway.networking.k8s.io');
}

/** Whether what would make a Secret does: of an Ingress, only where cert-manager accepts it. */
function issues(cluster: Cluster, by: Resource, name: string): boolean {
  if (by.kind !== 'Ingress') return true;
  const shimmed = shimmedIngresses(cluster).get(by);
  if (shimmed === undefined || shimmed.contradicts || shimmed.repeated.length > 0) return false;
  return shimmed.blocks.some((block) => block.secretName === name && block.hosts.length > 0);
}

/** How things stand with an issuer that is asked for from a namespace. */
export type IssuerStanding =
  | { state: 'present' | 'absent' | 'unknown' }
  /** Nobody knows whether it is there, but the other kind has one of that name. */
  | { state: 'misnamed'; other: Resource };

/** How things stand with the issuer that an object of a namespace asks for. */
export function standingOfIssuer(cluster: Cluster, scope: string, { kind, name }: AskedIssuer): IssuerStanding {
  const referent = (wanted: string): Referent => ({
    group: CERT_MANAGER,
    kind: wanted,
    scope: wanted === 'Issuer' ? scope : '',
    name,
  });
  const { state } = standingOf(cluster, [referent(kind)]);
  if (state === 'present' || state === 'absent') return { state };
  if (!cluster.complete || mayMake(cluster, referent(kind))) return { state: 'unknown' };
  const others = candidates(cluster, referent(kind === 'Issuer' ? 'ClusterIssuer' : 'Issuer'));
  const elsewhere = namesakesOf(cluster, referent(kind)).length > 0;
  const [other] = others;
  return other && !elsewhere ? { state: 'misnamed', other } : { state: 'unknown' };
}

/** Kinds that cert-manager's shims never look at although TLS Secrets are theirs, or those of the Gateways that they are attached to. */
const IGNORED: readonly (readonly [group: string, kind: string])[] = [
  ...['traefik.io', 'traefik.containo.us'].flatMap((group) =>
    ['IngressRoute', 'IngressRouteTCP'].map((kind) => [group, kind] as const),
  ),
  ...['HTTPRoute', 'GRPCRoute', 'TLSRoute'].map((kind) => ['gateway.networking.k8s.io', kind] as const),
  ['projectcontour.io', 'HTTPProxy'],
];

/** An object that asks cert-manager for a certificate in a way that it doesn't hear. */
export interface UnheardRequest {
  resource: Resource;
  /** Of the annotation. */
  path: Path;
  /** The TLS Secrets that would be issued. */
  secrets: readonly { name: string; scope: string }[];
}

/** Every object with cert-manager's annotations whose kind it ignores, and that encrypts with TLS Secrets. */
export function unheardRequests(cluster: Cluster): UnheardRequest[] {
  const annotated = IGNORED.flatMap(([group, kind]) =>
    cluster.list(group, kind).flatMap((resource) => {
      const annotations = asMap(resource.object.metadata.annotations) ?? {};
      const annotation = [CLUSTER_ISSUER, ISSUER].find((key) => Object.hasOwn(annotations, key));
      return annotation === undefined ? [] : [{ resource, path: ['metadata', 'annotations', annotation] }];
    }),
  );
  if (annotated.length === 0 || cluster.workloads.some(isInterpreter)) return [];
  const blocks = new Map<Resource, readonly RouteTls[]>();
  for (const { resource, tls } of routesOf(cluster)) blocks.set(resource, tls);
  return annotated.flatMap(({ resource, path }) => {
    const decrypted = (blocks.get(resource) ?? []).filter((tls) => !tls.passthrough && tls.resolver === undefined);
    const secrets = resource.kind === 'HTTPProxy' ? proxySecrets(resource) : decrypted.flatMap((tls) => tls.secrets);
    const known = secrets.filter(({ name }) => !isUnknown(name));
    return known.length === 0 ? [] : [{ resource, path, secrets: known }];
  });
}

/** The Secret of Contour's HTTPProxy in its own namespace; `namespace/name` is another's. */
function proxySecrets({ object, scope }: Resource): { name: string; scope: string }[] {
  const name = valueAt(object, ['spec', 'virtualhost', 'tls', 'secretName']);
  return typeof name === 'string' && name !== '' && !name.includes('/') ? [{ name, scope }] : [];
}

/** Whether a workload reads IngressRoutes in cert-manager's stead: github.com/robkooper/traefik-certmanager and its forks. */
function isInterpreter(workload: Workload): boolean {
  return containersOf(workload).some(({ container }) => /traefik-?cert-?manager/i.test(String(container.image)));
}
