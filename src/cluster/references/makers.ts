import type { ICertificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import type { IClusterExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1beta1/ClusterExternalSecret';
import type { IExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1beta1/ExternalSecret';
import type { IHelmRelease } from '@kubernetes-models/flux-cd/helm.toolkit.fluxcd.io/v2beta2/HelmRelease';
import type { IKustomization } from '@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization';
import type { Resource } from '../../resource.ts';
import { compareScopes, groupOf, isUnsetScope } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { type Fields, specOf } from '../models.ts';
import { isUnknown } from '../unknown.ts';
import { asList, asMap, containersOf, valueAt, workloadOf } from '../workloads.ts';
import { ByName } from './by-name.ts';
import type { Referent } from './references.ts';

/** An object that something in the cluster makes, and what is known of it. */
export interface Made {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** Undefined where it may be made in any namespace. */
  readonly scope: string | undefined;
  /** Undefined where they aren't known. */
  readonly keys?: ReadonlySet<string>;
  /** It only adds keys to an object that must be there. */
  readonly onlyAdds?: true;
  readonly by: Resource;
}

/** What an object makes in the cluster once its controller has seen it. */
interface Effect {
  readonly made?: readonly Made[];
  /** It may make anything in that namespace, or everywhere (`*`). */
  readonly anythingIn?: string;
  /** It may also make objects that have no namespace. */
  readonly clusterScoped?: boolean;
  /** It may make objects whose names hold its own, or that its spec names. */
  readonly namesakes?: boolean;
}

type Maker = (resource: Resource, cluster: Cluster) => Effect;

const NOTHING: Maker = () => ({});
/** Operators that name what they make after their resource, or as its spec says. */
const NAMESAKES: Maker = () => ({ namesakes: true });
/**
 * Controllers that nobody told us about: their resources may make anything beside themselves, and anywhere where they are, or
 * may be, in no namespace.
 */
const UNLISTED: Maker = ({ scope }) => ({
  anythingIn: scope === '' || isUnsetScope(scope) ? '*' : scope,
  namesakes: true,
});
const EVERYTHING: Maker = () => ({ anythingIn: '*', clusterScoped: true });

/** Who makes what, for people to read. */
export const MAKER_LINES: readonly string[] = [
  'SealedSecret → the Secret of its own name',
  'ExternalSecret, ClusterExternalSecret → the Secret that target.name says, else of its own name',
  'Certificate → the Secret that secretName says',
  'Ingress or Gateway annotated for cert-manager → a Certificate and its Secret for each tls block or listener',
  'Issuer, ClusterIssuer → the Secret that acme.privateKeySecretRef says',
  'trust-manager Bundle → a ConfigMap or Secret of its name in every namespace',
  'Service annotated for OpenShift serving certificates → the Secret that the annotation says',
  'StatefulSet → the PersistentVolumeClaims of its claim templates',
  'Prometheus, Alertmanager, ThanosRuler → their governing Service (prometheus-operated …)',
  'ArtifactGenerator → the ExternalArtifacts that it lists',
  'Kyverno generate rules → what they name',
  'HelmRelease, HelmChart → anything in the namespace that it targets',
  'Flux Kustomization, Argo CD Application → anything, unless its directory is a target here',
  'Argo CD ApplicationSet, Fleet, Sveltos, Velero, Crossplane Helm → anything',
  'Custom resources of operators known here → objects of their namespace that hold their name, or that their spec names',
  'Custom resources of controllers that are not known here → anything in their namespace',
  'A ServiceAccount that may create Secrets → any Secret where it may',
];

/** Who makes what, by `group/Kind`, or by group where all its kinds do alike. A custom resource of no row is UNLISTED. */
const MAKERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['bitnami.com/SealedSecret', sealedSecret],
  ['external-secrets.io/ExternalSecret', externalSecret],
  ['external-secrets.io/ClusterExternalSecret', clusterExternalSecret],
  ['external-secrets.io', NOTHING],
  ['generators.external-secrets.io', NOTHING],
  ['cert-manager.io/Certificate', certificate],
  ['cert-manager.io/Issuer', accountKey],
  ['cert-manager.io/ClusterIssuer', accountKey],
  ['cert-manager.io', NOTHING],
  ['acme.cert-manager.io', NOTHING],
  ['policy.cert-manager.io', NOTHING],
  ['trust.cert-manager.io/Bundle', bundle],
  ['networking.k8s.io/Ingress', shimmedIngress],
  ['gateway.networking.k8s.io/Gateway', shimmedGateway],
  ['gateway.networking.k8s.io', NOTHING],
  ['/Service', servingCertificate],
  ['secrets-store.csi.x-k8s.io/SecretProviderClass', NAMESAKES],

  ['helm.toolkit.fluxcd.io/HelmRelease', release],
  ['helm.cattle.io/HelmChart', release],
  ['helm.cattle.io', NOTHING],
  ['kustomize.toolkit.fluxcd.io/Kustomization', fluxKustomization],
  ['source.toolkit.fluxcd.io', NOTHING],
  ['source.extensions.fluxcd.io/ArtifactGenerator', artifacts],
  ['notification.toolkit.fluxcd.io', NOTHING],
  ['image.toolkit.fluxcd.io', NOTHING],
  ['argoproj.io/Application', application],
  ['argoproj.io/ApplicationSet', EVERYTHING],
  ['argoproj.io/AppProject', NOTHING],
  ['argoproj.io/Rollout', NOTHING],
  ['argoproj.io/AnalysisTemplate', NOTHING],
  ['argoproj.io/ClusterAnalysisTemplate', NOTHING],
  ['fleet.cattle.io', EVERYTHING],
  ['helm.crossplane.io', EVERYTHING],
  ['core.oam.dev', EVERYTHING],
  ['config.projectsveltos.io', EVERYTHING],
  ['velero.io', EVERYTHING],
  ['kyverno.io/ClusterPolicy', kyvernoPolicy],
  ['kyverno.io/Policy', kyvernoPolicy],
  ['kyverno.io', NOTHING],
  ['policies.kyverno.io/GeneratingPolicy', EVERYTHING],
  ['policies.kyverno.io/NamespacedGeneratingPolicy', EVERYTHING],
  ['policies.kyverno.io', NOTHING],
  ['wgpolicyk8s.io', NOTHING],

  ['traefik.io', NOTHING],
  ['traefik.containo.us', NOTHING],
  ['monitoring.coreos.com/ServiceMonitor', NOTHING],
  ['monitoring.coreos.com/PodMonitor', NOTHING],
  ['monitoring.coreos.com/PrometheusRule', NOTHING],
  ['monitoring.coreos.com/Probe', NOTHING],
  ['monitoring.coreos.com/ScrapeConfig', NOTHING],
  ['monitoring.coreos.com/AlertmanagerConfig', NOTHING],
  ['monitoring.coreos.com', monitoring],
  ['autoscaling.k8s.io', NOTHING],
  ['keda.sh', NOTHING],
  ['externaldns.k8s.io', NOTHING],
  ['snapshot.storage.k8s.io', NOTHING],
  ['cilium.io', NOTHING],
  ['crd.projectcalico.org', NOTHING],
  ['projectcalico.org', NOTHING],
  ['policy.networking.k8s.io', NOTHING],
  ['networking.istio.io', NOTHING],
  ['security.istio.io', NOTHING],
  ['telemetry.istio.io', NOTHING],
  ['extensions.istio.io', NOTHING],
  ['projectcontour.io/HTTPProxy', NOTHING],
  ['projectcontour.io/TLSCertificateDelegation', NOTHING],
  ['karpenter.sh', NOTHING],
  ['karpenter.k8s.aws', NOTHING],
  ['metallb.io', NOTHING],
  ['k8s.cni.cncf.io', NOTHING],
  ['constraints.gatekeeper.sh', NOTHING],

  ['onepassword.com', NAMESAKES],
  ['secrets.hashicorp.com', NAMESAKES],
  ['secrets.doppler.com', NAMESAKES],
  ['secrets.infisical.com', NAMESAKES],
  ['kubernetes-client.io', NAMESAKES],
  ['spv.no', NAMESAKES],
  ['k8s.bitwarden.com', NAMESAKES],
  ['isindir.github.com', NAMESAKES],
  ['secretgenerator.mittwald.de', NAMESAKES],
  ['postgresql.cnpg.io', NAMESAKES],
  ['acid.zalan.do', NAMESAKES],
  ['pgv2.percona.com', NAMESAKES],
  ['pxc.percona.com', NAMESAKES],
  ['psmdb.percona.com', NAMESAKES],
  ['k8s.mariadb.com', NAMESAKES],
  ['kafka.strimzi.io', NAMESAKES],
  ['rabbitmq.com', NAMESAKES],
  ['elasticsearch.k8s.elastic.co', NAMESAKES],
  ['kibana.k8s.elastic.co', NAMESAKES],
  ['opentelemetry.io', NAMESAKES],
  ['serving.knative.dev', NAMESAKES],
]);

/** The groups that Kubernetes itself serves and whose names hold a dot; those without a dot are all its own. */
const BUILT_IN = new Set(
  [
    ...['admissionregistration', 'apiextensions', 'apiregistration', 'authentication', 'authorization', 'certificates'],
    ...['coordination', 'discovery', 'events', 'networking', 'node', 'rbac.authorization', 'resource', 'scheduling'],
    ...['storage', 'storagemigration', 'metrics', 'flowcontrol.apiserver', 'internal.apiserver'],
  ].map((group) => `${group}.k8s.io`),
);

function makerOf({ group, kind }: Resource): Maker {
  const known = MAKERS.get(`${group}/${kind}`) ?? MAKERS.get(group);
  if (known) return known;
  return !group.includes('.') || BUILT_IN.has(group) ? NOTHING : UNLISTED;
}

/** Whether it is a custom resource of a controller that nobody told us about. */
export function isUnlisted(resource: Resource): boolean {
  return makerOf(resource) === UNLISTED;
}

interface Makers {
  readonly byName: ByName<Made>;
  /** Who may make anything, by namespace. */
  readonly anythingIn: ReadonlyMap<string, readonly Resource[]>;
  /** Who may make objects without namespace. */
  readonly clusterScoped: readonly Resource[];
  /** Those that may make what holds their name, by that name, and the most words that one of them has. */
  readonly namesakes: ByName<Resource>;
  readonly namesakeWords: number;
  /** The first of them in each namespace. */
  readonly namesakeIn: ReadonlyMap<string, Resource>;
  /** Who names what in its spec, and what scripts hand to kubectl. */
  readonly mentions: ReadonlyMap<string, Resource>;
  /** `data-db` of the claims `data-db-0`, `data-db-1` … */
  readonly claims: ReadonlyMap<string, readonly Resource[]>;
}

const makersOf = derived((cluster: Cluster): Makers => {
  const byName = new ByName<Made>();
  const anythingIn = new Map<string, Resource[]>();
  const namesakes = new ByName<Resource>();
  let namesakeWords = 0;
  const namesakeIn = new Map<string, Resource>();
  const mentions = new Map<string, Resource>();
  const claims = new Map<string, Resource[]>();
  const clusterScoped: Resource[] = [];
  // What the schemas refuse may be right for another release of its controller.
  for (const resource of new Set([...cluster.resources, ...cluster.schemaErrors.map((error) => error.resource)])) {
    const effect = makerOf(resource)(resource, cluster);
    for (const made of effect.made ?? []) byName.add(`${made.group}/${made.kind}`, made.name, made.scope, made);
    if (effect.anythingIn !== undefined) {
      const known = anythingIn.get(effect.anythingIn) ?? [];
      if (isNeeded(known, resource)) anythingIn.set(effect.anythingIn, [...known, resource]);
    }
    if (effect.clusterScoped && isNeeded(clusterScoped, resource)) clusterScoped.push(resource);
    if (effect.namesakes) {
      const words = wordsOf(resource.name);
      namesakes.add('', words.join('-'), resource.scope, resource);
      namesakeWords = Math.max(namesakeWords, words.length);
      if (!namesakeIn.has(resource.scope)) namesakeIn.set(resource.scope, resource);
      const { apiVersion, kind, metadata, status, ...content } = resource.object as unknown as Record<string, unknown>;
      for (const text of strings(content)) mention(text, resource);
    }
    for (const claim of claimNames(resource)) claims.set(claim, [...(claims.get(claim) ?? []), resource]);
    for (const word of kubectlWords(resource)) mention(word, resource);
  }
  return { byName, anythingIn, clusterScoped, namesakes, namesakeWords, namesakeIn, mentions, claims };

  function mention(text: string, by: Resource): void {
    if (!mentions.has(text)) mentions.set(text, by);
  }
});

/** Two makers of a sort tell all there is to know: one of them may be the one that asks. */
function isNeeded(known: readonly Resource[], { existing }: Resource): boolean {
  return known.filter((maker) => maker.existing === existing).length < 2;
}

/** What is made under that name, in that namespace. */
export function madeAs(cluster: Cluster, { group, kind, scope, name }: Referent): readonly Made[] {
  const { byName, claims } = makersOf(cluster);
  const made = byName.in(`${group}/${kind}`, name, scope);
  const claim = kind === 'PersistentVolumeClaim' ? /^(.+)-\d+$/.exec(name)?.[1] : undefined;
  const by = claims.get(claim ?? '')?.find((resource) => compareScopes(resource.scope, scope) !== 'different');
  return by === undefined ? made : [...made, { group, kind, name, scope, by }];
}

/** All objects of a kind that something makes under a name that is known. */
export function allMade(cluster: Cluster, group: string, kind: string): Made[] {
  return [...makersOf(cluster).byName.everything()].filter((made) => made.group === group && made.kind === kind);
}

/** What is made under that name in other namespaces, from where a replicator may copy it. */
export function madeElsewhere(cluster: Cluster, { group, kind, name }: Referent): readonly Made[] {
  return makersOf(cluster).byName.all(`${group}/${kind}`, name);
}

/**
 * Who may make the object without saying so in so many words, undefined where nobody may. Where `existing` says what there is,
 * existing makers have made theirs already. What `by` refers to must be there before it makes anything itself.
 */
export function mayMake(cluster: Cluster, { group, kind, scope, name }: Referent, by?: Resource): Resource | undefined {
  const { anythingIn, clusterScoped, namesakes, namesakeWords, mentions } = makersOf(cluster);
  const known = scope === '' ? cluster.knows(group, kind) : cluster.knows(group, kind, scope);
  const mayBe = (maker: Resource | undefined) => maker !== undefined && maker !== by && !(known && maker.existing);
  const candidates = [
    ...(anythingIn.get('*') ?? []),
    ...(scope === '' ? clusterScoped : (anythingIn.get(scope) ?? [])),
    mentions.get(name),
  ];
  const found = candidates.find(mayBe);
  if (found) return found;
  for (const part of partsOf(name, namesakeWords)) {
    const namesake = namesakes.in('', part, scope).find(mayBe);
    if (namesake) return namesake;
  }
  return undefined;
}

/** Who may make objects in a namespace without saying which, or under their own name; undefined where nobody may. */
export function mayMakeIn(cluster: Cluster, scope: string): Resource | undefined {
  const { anythingIn, namesakeIn } = makersOf(cluster);
  const [anything] = anythingIn.get('*') ?? anythingIn.get(scope) ?? [];
  return (
    anything ??
    namesakeIn.get(scope) ??
    [...namesakeIn.values()].find((maker) => compareScopes(maker.scope, scope) !== 'different')
  );
}

/** Everything that may make whatever it likes without saying so: releases, applications, resources of controllers that nobody knows. */
export function makersOfAnything(cluster: Cluster): Iterable<Resource> {
  return [...makersOf(cluster).anythingIn.values()].flat();
}

/** The words of a name, which dashes and dots part. */
function wordsOf(name: string): string[] {
  return name.replaceAll('.', '-').split('-');
}

/** Everything that a name holds as whole words, of so many words at most. Nothing of what is too long to be a name. */
function* partsOf(name: string, most: number): Generator<string> {
  const words = name.length > 253 ? [] : wordsOf(name);
  for (const start of words.keys()) {
    for (let end = start + 1; end <= Math.min(words.length, start + most); end++) {
      yield words.slice(start, end).join('-');
    }
  }
}

function secret(by: Resource, name: unknown, scope: string | undefined, keys?: Iterable<string>): Made[] {
  if (typeof name !== 'string' || name === '' || isUnknown(name)) return [];
  const known = keys === undefined ? undefined : new Set(keys);
  return [{ group: '', kind: 'Secret', name, scope, by, ...(known ? { keys: known } : {}) }];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function mapsIn(list: readonly unknown[]): Record<string, unknown>[] {
  return list.map(asMap).filter((map) => map !== undefined);
}

/** https://github.com/bitnami-labs/sealed-secrets: the Secret is called like the SealedSecret, whatever the template says. */
function sealedSecret(resource: Resource): Effect {
  const spec = asMap(valueAt(resource.object, ['spec'])) ?? {};
  const template = asMap(asMap(spec.template)?.data) ?? {};
  const keys = [...Object.keys(asMap(spec.encryptedData) ?? {}), ...Object.keys(template)];
  return { made: secret(resource, resource.name, resource.scope, spec.data === undefined ? keys : undefined) };
}

function externalSecret(resource: Resource): Effect {
  return { made: synced(resource, specOf<IExternalSecret>(resource), resource.name, resource.scope) };
}

/** https://external-secrets.io/latest/api/clusterexternalsecret/: an ExternalSecret in every namespace that it selects. */
function clusterExternalSecret(resource: Resource): Effect {
  const spec = specOf<IClusterExternalSecret>(resource);
  const name = text(spec.externalSecretName) ?? resource.name;
  return { made: synced(resource, asMap(spec.externalSecretSpec) ?? {}, name, undefined) };
}

/**
 * What an ExternalSecret writes (https://external-secrets.io/latest/guides/templating/): the keys of its template, which replace
 * those of the provider unless they are merged; a template without data keeps the provider's.
 */
function synced(
  by: Resource,
  spec: Fields<IExternalSecret['spec']>,
  ownName: string,
  scope: string | undefined,
): Made[] {
  const target = asMap(spec.target) ?? {};
  const name = text(target.name) ?? ownName;
  if (target.creationPolicy === 'None') return [];
  const manifest = asMap(target.manifest);
  if (manifest) {
    const { apiVersion, kind } = manifest;
    return [{ group: groupOf(text(apiVersion) ?? ''), kind: text(kind) ?? '', name, scope, by }];
  }
  const template = asMap(target.template) ?? {};
  const templated = Object.keys(asMap(template.data) ?? {});
  const provided = asList(spec.data).map((item) => text(asMap(item)?.secretKey) ?? '');
  const replaced = templated.length > 0 && template.mergePolicy !== 'Merge';
  const unknown = asList(template.templateFrom).length > 0 || (!replaced && asList(spec.dataFrom).length > 0);
  const made = secret(by, name, scope, unknown ? undefined : replaced ? templated : [...templated, ...provided]);
  return target.creationPolicy === 'Merge' ? made.map((one) => ({ ...one, onlyAdds: true })) : made;
}

/** https://cert-manager.io/docs/usage/certificate/: the keys of the Secret that it is issued into. */
function certificate(resource: Resource): Effect {
  const spec = specOf<ICertificate>(resource);
  const stores = asMap(spec.keystores) ?? {};
  const keys = ['tls.crt', 'tls.key', 'ca.crt', 'tls-combined.pem', 'key.der'];
  if (stores.jks !== undefined) keys.push('keystore.jks', 'truststore.jks');
  if (stores.pkcs12 !== undefined) keys.push('keystore.p12', 'truststore.p12');
  return { made: secret(resource, spec.secretName, resource.scope, keys) };
}

/** The private key of the ACME account, which cert-manager makes. That of a ClusterIssuer lies where its flags say. */
function accountKey(resource: Resource): Effect {
  const name = valueAt(resource.object, ['spec', 'acme', 'privateKeySecretRef', 'name']);
  return { made: secret(resource, name, resource.kind === 'ClusterIssuer' ? undefined : resource.scope) };
}

/** https://cert-manager.io/docs/trust/trust-manager/: a ConfigMap, or Secret, of the Bundle's name in every namespace. */
function bundle(resource: Resource): Effect {
  const kinds = ['ConfigMap', 'Secret'];
  return { made: kinds.map((kind) => ({ group: '', kind, name: resource.name, scope: undefined, by: resource })) };
}

const SHIM = [
  'cert-manager.io/issuer',
  'cert-manager.io/cluster-issuer',
  'certmanager.k8s.io/issuer',
  'certmanager.k8s.io/cluster-issuer',
  'kubernetes.io/tls-acme',
];

function isShimmed({ object }: Resource): boolean {
  const annotations = asMap(object.metadata?.annotations) ?? {};
  return SHIM.some((annotation) => Object.hasOwn(annotations, annotation));
}

/** https://cert-manager.io/docs/usage/ingress/: a Certificate for each tls block of an annotated Ingress. */
function shimmedIngress(resource: Resource): Effect {
  if (!isShimmed(resource)) return {};
  const blocks = asList(valueAt(resource.object, ['spec', 'tls']));
  const keys = ['tls.crt', 'tls.key', 'ca.crt'];
  return { made: blocks.flatMap((block) => secret(resource, asMap(block)?.secretName, resource.scope, keys)) };
}

/** A Gateway's controller makes what it needs under the Gateway's name; cert-manager its certificates where it is annotated. */
function shimmedGateway(resource: Resource): Effect {
  const listeners = isShimmed(resource) ? asList(valueAt(resource.object, ['spec', 'listeners'])) : [];
  const made = listeners
    .flatMap((listener) => asList(valueAt(listener, ['tls', 'certificateRefs'])))
    .flatMap((reference) => {
      const { name, namespace } = asMap(reference) ?? {};
      return secret(resource, name, text(namespace) ?? resource.scope, ['tls.crt', 'tls.key', 'ca.crt']);
    });
  return { made, namesakes: true };
}

/** OpenShift's service CA: https://docs.redhat.com/en/documentation/openshift_container_platform, *service serving certificates*. */
function servingCertificate(resource: Resource): Effect {
  const annotations = asMap(resource.object.metadata?.annotations) ?? {};
  return {
    made: ['beta', 'alpha'].flatMap((stage) =>
      secret(resource, annotations[`service.${stage}.openshift.io/serving-cert-secret-name`], resource.scope),
    ),
  };
}

/** A chart may hold anything; what names no namespace lands in the release's. */
function release(resource: Resource): Effect {
  const target = text(specOf<IHelmRelease>(resource).targetNamespace);
  return { anythingIn: target ?? resource.scope, clusterScoped: true };
}

function fluxKustomization(resource: Resource, cluster: Cluster): Effect {
  const { path, targetNamespace } = specOf<IKustomization>(resource);
  if (isTarget(cluster, path)) return {};
  const target = text(targetNamespace);
  return target === undefined ? { anythingIn: '*', clusterScoped: true } : { anythingIn: target, clusterScoped: true };
}

/** An Argo CD Application: a chart lands in its namespace, a directory anywhere. */
function application(resource: Resource, cluster: Cluster): Effect {
  const spec = asMap(valueAt(resource.object, ['spec'])) ?? {};
  const sources = mapsIn([spec.source, ...asList(spec.sources)]);
  const unseen = sources.filter(({ path }) => !isTarget(cluster, path));
  if (sources.length > 0 && unseen.length === 0) return {};
  const target = text(asMap(spec.destination)?.namespace);
  const onlyCharts = unseen.length > 0 && unseen.every(({ chart }) => text(chart) !== undefined);
  return { anythingIn: onlyCharts && target !== undefined ? target : '*', clusterScoped: true };
}

/** Whether a directory of the repository, or all manifests in it, is a target of this environment, so that what it holds is already here. */
function isTarget(cluster: Cluster, path: unknown): boolean {
  const directory = text(path)
    ?.replace(/^\.?\/+/, '')
    .replace(/\/+$/, '');
  if (directory === undefined || directory === '') return false;
  const ends = ['', '/*.yaml', '/**/*.yaml', '/**'].map((end) => `/${directory}${end} `);
  return cluster.targets.some(({ target }) => ends.some((end) => `/${target} `.includes(end)));
}

function artifacts(resource: Resource): Effect {
  const items = asList(valueAt(resource.object, ['spec', 'artifacts']));
  const { scope } = resource;
  return {
    made: items.flatMap((item) => {
      const name = text(asMap(item)?.name);
      if (name === undefined) return [];
      return [{ group: 'source.toolkit.fluxcd.io', kind: 'ExternalArtifact', name, scope, by: resource }];
    }),
  };
}

/** https://kyverno.io/docs/policy-types/cluster-policy/generate/: names may come from what triggers the rule. */
function kyvernoPolicy(resource: Resource): Effect {
  const rules = mapsIn(asList(valueAt(resource.object, ['spec', 'rules'])));
  const made: Made[] = [];
  for (const { apiVersion, kind, name } of mapsIn(rules.map(({ generate }) => generate))) {
    const [ownKind, ownName] = [text(kind), text(name)];
    if (!ownKind || !ownName || isUnknown(ownName)) {
      return { anythingIn: '*', clusterScoped: true };
    }
    made.push({ group: groupOf(text(apiVersion) ?? ''), kind: ownKind, name: ownName, scope: undefined, by: resource });
  }
  return { made };
}

/** https://prometheus-operator.dev: everything bears the resource's name but the Service that governs the pods. */
function monitoring(resource: Resource): Effect {
  const name = `${resource.kind.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()}-operated`;
  return { made: [{ group: '', kind: 'Service', name, scope: resource.scope, by: resource }], namesakes: true };
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/: a claim `template-name-ordinal` for each pod. */
function claimNames(resource: Resource): string[] {
  if (resource.group !== 'apps' || resource.kind !== 'StatefulSet') return [];
  return asList(valueAt(resource.object, ['spec', 'volumeClaimTemplates'])).flatMap((template) => {
    const name = text(valueAt(template, ['metadata', 'name']));
    return name === undefined ? [] : [`${name}-${resource.name}`];
  });
}

/** The words of scripts that make objects with kubectl, in commands and ConfigMaps. */
function kubectlWords(resource: Resource): string[] {
  const workload = workloadOf(resource);
  const scripts = workload
    ? containersOf(workload).flatMap(({ container }) =>
        [container.command, container.args].map((words) =>
          asList(words)
            .filter((word) => typeof word === 'string')
            .join(' '),
        ),
      )
    : resource.group === '' && resource.kind === 'ConfigMap'
      ? Object.values(asMap(valueAt(resource.object, ['data'])) ?? {})
      : [];
  return scripts.flatMap((script) => {
    const makes =
      typeof script === 'string' && script.includes('kubectl') && /\b(?:apply|create|replace)\b/.test(script);
    return makes ? script.split(/[^a-z0-9.-]+/) : [];
  });
}

/** Every string of a value that could be an object's name. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return value.length <= 253 ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(strings);
}
