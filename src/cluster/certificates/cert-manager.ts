import { compareScopes, type Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { matches, namespaceLabels } from '../label-facts.ts';
import { backendsOf } from '../network/services.ts';
import { isUnknown } from '../unknown.ts';
import { parseImage } from '../workload/images.ts';
import { asList, asMap, containersOf, valueAt } from '../workloads.ts';

export const CERT_MANAGER = 'cert-manager.io';

/** The kinds that people write for cert-manager, and the plurals by which webhooks know them. */
const PLURALS: ReadonlyMap<string, string> = new Map([
  ['ClusterIssuer', 'clusterissuers'],
  ['Issuer', 'issuers'],
  ['Certificate', 'certificates'],
]);

/** What must be there before the API server takes an object of cert-manager. */
export interface Prerequisite {
  /** The webhook's configuration, or what installs cert-manager. */
  resource: Resource;
  /** What has to run first: the pods behind the webhook, else `resource` itself. */
  runs: readonly Resource[];
  /** `webhook`: it is called for every object. `installer`: it brings the kinds. */
  how: 'webhook' | 'installer';
}

/** Every ClusterIssuer, Issuer and Certificate of the environment, in that order. */
export const certManagerObjects = derived((cluster): readonly Resource[] =>
  [...PLURALS.keys()].flatMap((kind) => cluster.list(CERT_MANAGER, kind)),
);

/**
 * What must run before the API server takes an object of cert-manager, of those that come in the same target: its webhook
 * (`webhook.cert-manager.io` of its own chart, which fails closed), or what installs the chart and with it the kinds.
 */
export function prerequisiteOf(cluster: Cluster, object: Resource): Prerequisite | undefined {
  const { webhooks, installers } = prerequisites(cluster);
  const webhook = webhooks.find(
    ({ resource, asked }) => isTogether(resource, object) && asked.some((one) => isAsked(cluster, one, object)),
  );
  if (webhook) return webhook;
  const installer = installers.find((candidate) => isTogether(candidate, object));
  if (installer === undefined || hasKind(cluster, object)) return undefined;
  return { resource: installer, runs: [installer], how: 'installer' };
}

/** Whether two objects are applied as one. */
function isTogether(a: Resource, b: Resource): boolean {
  return a.unit === b.unit;
}

const prerequisites = derived((cluster) => {
  const configurations = ['Validating', 'Mutating'].flatMap((kind) =>
    cluster.list('admissionregistration.k8s.io', `${kind}WebhookConfiguration`),
  );
  const webhooks = configurations.flatMap((resource) => {
    if (resource.existing) return [];
    const asked = mapsIn(valueAt(resource.object, ['webhooks'])).filter(
      ({ name, failurePolicy, clientConfig }) =>
        name === 'webhook.cert-manager.io' && failurePolicy !== 'Ignore' && asMap(asMap(clientConfig)?.service),
    );
    if (asked.length === 0) return [];
    const runs = asked.flatMap(({ clientConfig }) => podsBehind(cluster, asMap(asMap(clientConfig)?.service) ?? {}));
    return [{ resource, asked, runs: runs.length > 0 ? runs : [resource], how: 'webhook' as const }];
  });
  const installers = [
    ...cluster.list('helm.toolkit.fluxcd.io', 'HelmRelease'),
    ...cluster.list('helm.cattle.io', 'HelmChart'),
  ].filter(({ object, existing }) => {
    const chart = valueAt(object, ['spec', 'chart', 'spec', 'chart']) ?? valueAt(object, ['spec', 'chart']);
    return !existing && typeof chart === 'string' && /(?:^|\/)cert-manager$/.test(chart);
  });
  return { webhooks, installers };
});

function mapsIn(list: unknown): Record<string, unknown>[] {
  return asList(list)
    .map(asMap)
    .filter((map) => map !== undefined);
}

function podsBehind(cluster: Cluster, { name, namespace }: Record<string, unknown>): Resource[] {
  return cluster
    .list('', 'Service')
    .filter((service) => service.name === name && compareScopes(service.scope, String(namespace)) !== 'different')
    .flatMap((service) => backendsOf(cluster, service).workloads.map(({ resource }) => resource));
}

/** Whether the API server asks a webhook about new objects of that kind, in that namespace. */
function isAsked(cluster: Cluster, webhook: Record<string, unknown>, object: Resource): boolean {
  const named = mapsIn(webhook.rules).some(({ apiGroups, resources }) => {
    const plural = PLURALS.get(object.kind) ?? '';
    return (
      asList(apiGroups).some((group) => group === CERT_MANAGER || group === '*') &&
      asList(resources).some((resource) => ['*', '*/*', plural, `${plural}/*`].includes(String(resource)))
    );
  });
  if (!named || object.clusterScoped) return named;
  return matches(webhook.namespaceSelector ?? {}, namespaceLabels(cluster, object.scope)) !== false;
}

/** Whether the kind of an object is there beside its installer: rendered, or in the cluster already. */
function hasKind(cluster: Cluster, { kind }: Resource): boolean {
  const name = `${PLURALS.get(kind)}.${CERT_MANAGER}`;
  return cluster.get('apiextensions.k8s.io', 'CustomResourceDefinition', '', name) !== undefined;
}

const WAVE = 'argocd.argoproj.io/sync-wave';
const PHASE = 'argocd.argoproj.io/hook';

/**
 * Whether something makes an object wait until others run: a Helm hook, a phase or a later wave of Argo CD, which waits for each
 * wave to be healthy (https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/).
 */
export function waitsFor(object: Resource, others: readonly Resource[]): boolean {
  if (object.hooks.length > 0) return true;
  const annotations = asMap(object.object.metadata.annotations) ?? {};
  if (Object.hasOwn(annotations, PHASE) || isUnknown(annotations[WAVE])) return true;
  const own = waveOf(object);
  return others.every((other) => waveOf(other) < own);
}

function waveOf({ object }: Resource): number {
  const wave = asMap(object.metadata.annotations)?.[WAVE];
  return typeof wave === 'string' && /^[+-]?\d+$/.test(wave) ? Number(wave) : 0;
}

/** The issuer that cert-manager takes where an Ingress names none: `--default-issuer-name` of its controller. */
export const defaultIssuerOf = derived((cluster): { name: string; kind: string; group: string } | undefined => {
  for (const workload of cluster.workloads) {
    for (const { container } of containersOf(workload)) {
      const image: unknown = container.image;
      const reference = typeof image === 'string' ? parseImage(image) : undefined;
      if (!reference || 'invalid' in reference || !/[-/]cert-manager-controller$/.test(reference.name)) continue;
      const options = optionsOf(asList(container.args));
      const name = options.get('default-issuer-name') ?? '';
      if (name === '' || isUnknown(name)) continue;
      return {
        name,
        kind: options.get('default-issuer-kind') ?? 'Issuer',
        group: options.get('default-issuer-group') ?? CERT_MANAGER,
      };
    }
  }
  return undefined;
});

function optionsOf(words: readonly unknown[]): Map<string, string> {
  const options = new Map<string, string>();
  for (const word of words) {
    const match = /^--([^=]+)=(.*)$/s.exec(typeof word === 'string' ? word : '');
    if (match) options.set(match[1] ?? '', match[2] ?? '');
  }
  return options;
}
