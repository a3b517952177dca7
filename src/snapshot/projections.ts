import { asList, asMap, valueAt } from '../cluster/workloads.ts';
import { hostsIn, type Services } from './hosts.ts';
import type { Kind } from './kinds.ts';
import { project } from './project.ts';

type Fields = Record<string, unknown>;

/** Everything that was read, by `group/Kind`. What could not be read isn't in it. */
export type ReadKinds = ReadonlyMap<string, readonly Fields[]>;

/** Annotations that rules read with their values. */
const ANNOTATIONS = new RegExp(
  `^(?:${[
    '(?:storage|ingress)class(?:\\.beta)?\\.kubernetes\\.io/is-default-class',
    'volume\\.beta\\.kubernetes\\.io/storage-class',
    'kubernetes\\.io/(?:ingress\\.class|tls-acme)',
    'nginx\\.org/mergeable-ingress-type',
    'nginx\\.ingress\\.kubernetes\\.io/backend-protocol',
    'alb\\.ingress\\.kubernetes\\.io/(?:target-type|scheme)',
    'traefik\\.ingress\\.kubernetes\\.io/(?:router|service)\\..*',
    '(?:acme\\.)?cert-manager\\.io/.*',
    'certmanager\\.k8s\\.io/.*',
    'service\\.(?:alpha|beta)\\.openshift\\.io/serving-cert-secret-name',
    'autoscaling\\.keda\\.sh/paused.*',
  ].join('|')})$`,
);

/**
 * Annotations whose presence says something, or that they are on or off: who fills an object in or copies it, who makes Nodes, what
 * a namespace adds to pods, what an ingress controller is told.
 */
const MARKS =
  /replicat|reflect|kubed\.|mirror|copy|clone|\/inject-|^secret-generator\.|karpenter\.|cluster-autoscaler|\/node-selector$|^scheduler\.alpha\.kubernetes\.io\/|^autoscaling\.alpha\.kubernetes\.io\/|ingress|^nginx\.org\/|haproxy|konghq|projectcontour|traefik|load-balancer/i;

const SWITCH = /^(?:true|false|\d{1,5})$/;

/** What a snapshot keeps of an object, in a fixed order; undefined for objects that say nothing of their own. */
export function snapshotOf(object: Fields, kind: Kind, services: Services, read: ReadKinds): Fields | undefined {
  if (isDerived(object, kind, read) || isEverywhere(object, kind) || isSolver(object)) return undefined;
  const { metadata, ...content } = project(object, kind.keep);
  const { labels, annotations } = asMap(metadata) ?? {};
  const { name, namespace } = asMap(object.metadata) ?? {};
  const special = SPECIAL.get(`${kind.group}/${kind.kind}`);
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...withContent('labels', sorted(labels)),
      ...withContent('annotations', sorted(keptAnnotations(annotations))),
    },
    ...(sorted(special?.(object, content, services, read) ?? content) as Fields),
  };
}

/** The same with the keys of all maps in order; lists stay as they are. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  const map = asMap(value);
  if (!map) return value;
  return Object.fromEntries(
    Object.keys(map)
      .sort()
      .map((key) => [key, sorted(map[key])]),
  );
}

function withContent(key: string, value: unknown): Fields {
  const map = asMap(value);
  return map && Object.keys(map).length > 0 ? { [key]: map } : {};
}

function keptAnnotations(annotations: unknown): Fields {
  return Object.fromEntries(
    Object.entries(asMap(annotations) ?? {}).flatMap(([key, value]) => {
      if (ANNOTATIONS.test(key)) return [[key, value]];
      return MARKS.test(key) ? [[key, SWITCH.test(`${value}`) ? value : '']] : [];
    }),
  );
}

/** Kinds whose objects make pods, ReplicaSets or Jobs that carry their template. */
const OWNERS: ReadonlyMap<string, string> = new Map([
  ['Deployment', 'apps'],
  ['StatefulSet', 'apps'],
  ['DaemonSet', 'apps'],
  ['ReplicaSet', 'apps'],
  ['ReplicationController', ''],
  ['Job', 'batch'],
  ['CronJob', 'batch'],
  ['Rollout', 'argoproj.io'],
]);

/** What a controller that was read makes, and names at random: a snapshot would never be the same twice. */
function isDerived({ metadata, status, spec }: Fields, { group, kind }: Kind, read: ReadKinds): boolean {
  const owners = asList(asMap(metadata)?.ownerReferences).map((owner) => asMap(owner) ?? {});
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.some((owner) => isOwner(owner, read))) return true;
  // Steps of a workflow, builds, runners.
  if (kind === 'Pod' && controllers.length > 0 && asMap(spec)?.restartPolicy === 'Never') return true;
  // A Job that is over has no pods any more; what the API server adds by itself is no group of somebody else's.
  if (kind === 'Job') return asList(asMap(status)?.conditions).some(isEnd);
  if (kind === 'APIService') return asMap(spec)?.service === undefined;
  // Calico shows the NetworkPolicies of Kubernetes as its own.
  return group.endsWith('projectcalico.org') && `${asMap(metadata)?.name}`.startsWith('knp.');
}

function isOwner({ apiVersion, kind }: Fields, read: ReadKinds): boolean {
  const group = OWNERS.get(`${kind}`);
  if (group === undefined || typeof apiVersion !== 'string') return false;
  return (group === '' ? apiVersion === 'v1' : apiVersion.startsWith(`${group}/`)) && read.has(`${group}/${kind}`);
}

function isEnd(condition: unknown): boolean {
  const { type, status } = asMap(condition) ?? {};
  return (type === 'Complete' || type === 'Failed') && status === 'True';
}

/** What cert-manager makes for the minutes that a challenge takes. */
function isSolver({ metadata }: Fields): boolean {
  return asMap(asMap(metadata)?.labels)?.['acme.cert-manager.io/http01-solver'] === 'true';
}

/** What every cluster or namespace has, and rules know of without being told. */
function isEverywhere({ metadata, imagePullSecrets }: Fields, { kind }: Kind): boolean {
  const { name, labels } = asMap(metadata) ?? {};
  switch (kind) {
    case 'ConfigMap':
      return ['kube-root-ca.crt', 'openshift-service-ca.crt', 'istio-ca-root-cert'].includes(name as string);
    case 'ServiceAccount':
      return name === 'default' && asList(imagePullSecrets).length === 0;
    case 'Role':
    case 'ClusterRole':
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      return asMap(labels)?.['kubernetes.io/bootstrapping'] === 'rbac-defaults' && `${name}`.startsWith('system:');
    default:
      return false;
  }
}

/** What is kept of an object, given what its paths keep. */
type Special = (object: Fields, content: Fields, services: Services, read: ReadKinds) => Fields;

const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ['/Node', node],
  ['/Service', service],
  ['/Secret', secret],
  ['/ConfigMap', configMap],
  ['externaldns.k8s.io/DNSEndpoint', dnsEndpoint],
  ['/Pod', pod],
  ['/ReplicationController', workload],
  ['apps/Deployment', workload],
  ['apps/StatefulSet', workload],
  ['apps/DaemonSet', workload],
  ['apps/ReplicaSet', workload],
  ['argoproj.io/Rollout', workload],
  ['batch/Job', workload],
  ['batch/CronJob', cronJob],
  ['traefik.io/IngressRoute', ingressRoute],
  ['traefik.containo.us/IngressRoute', ingressRoute],
  ['cert-manager.io/Issuer', issuer],
  ['cert-manager.io/ClusterIssuer', issuer],
]);

/**
 * Taints that come and go with a Node's state, and that of its kubelet, its network and its autoscaler, and the one that a cordoned
 * Node has beside `spec.unschedulable` (https://kubernetes.io/docs/reference/labels-annotations-taints/).
 */
const TRANSIENT =
  /^(?:node\.kubernetes\.io\/|node\.cloudprovider\.kubernetes\.io\/|readiness\.k8s\.io\/|.*\/agent-not-ready$|.*(?:unregistered|disrupted|disruption|uninitialized|startup)$|.*ClusterAutoscaler$)/;

function node(_: Fields, content: Fields): Fields {
  const { taints, ...spec } = asMap(content.spec) ?? {};
  const lasting = asList(taints)
    .map((taint) => asMap(taint) ?? {})
    .filter(({ key }) => !TRANSIENT.test(`${key}`))
    // When it was set is of no use.
    .map(({ key, value, effect }) => ({ key, ...(value === undefined ? {} : { value }), effect }))
    .sort(byText(({ key, effect }) => `${key} ${effect}`));
  return { ...content, ...withContent('spec', { ...spec, ...(lasting.length > 0 ? { taints: lasting } : {}) }) };
}

/** Compares by code units, whatever the language of the machine. */
export function byText<T>(textOf: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [first, second] = [textOf(a), textOf(b)];
    return first < second ? -1 : first > second ? 1 : 0;
  };
}

/** Only that it has no address of its own tells something: the address is another one in every cluster. */
function service(_: Fields, content: Fields): Fields {
  const { clusterIP, ...spec } = asMap(content.spec) ?? {};
  return { ...content, spec: { ...spec, ...(clusterIP === 'None' ? { clusterIP } : {}) } };
}

function secret({ metadata, data, type }: Fields, _: Fields, services: Services): Fields {
  const namespace = `${asMap(metadata)?.namespace}`;
  const values = Object.entries(asMap(data) ?? {}).map(([key, value]) => {
    const text = typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
    return [key, hostsIn(key, text, namespace, services)];
  });
  return { type, ...withContent('stringData', Object.fromEntries(values)) };
}

function configMap({ metadata, data, binaryData }: Fields, _: Fields, services: Services): Fields {
  const namespace = `${asMap(metadata)?.namespace}`;
  const values = Object.entries(asMap(data) ?? {}).map(([key, value]) => [
    key,
    typeof value === 'string' ? hostsIn(key, value, namespace, services) : '',
  ]);
  const binary = Object.keys(asMap(binaryData) ?? {}).map((key) => [key, '']);
  return {
    ...withContent('data', Object.fromEntries(values)),
    ...withContent('binaryData', Object.fromEntries(binary)),
  };
}

/** The text of a TXT record may be a token. */
function dnsEndpoint(_: Fields, content: Fields): Fields {
  const endpoints = asList(valueAt(content, ['spec', 'endpoints'])).map((item) => {
    const { targets, ...endpoint } = asMap(item) ?? {};
    const isName = ['A', 'AAAA', 'CNAME', undefined].includes(endpoint.recordType as undefined);
    return isName && targets !== undefined ? { ...endpoint, targets } : endpoint;
  });
  return { ...content, spec: { endpoints } };
}

/** What a header or a parameter has to be may be a secret. */
function ingressRoute(_: Fields, content: Fields): Fields {
  const { routes, ...spec } = asMap(content.spec) ?? {};
  const kept = asList(routes).map((item) => {
    const { match, ...route } = asMap(item) ?? {};
    return match === undefined ? route : { ...route, match: shownRule(match) };
  });
  return { ...content, spec: { ...spec, ...(routes === undefined ? {} : { routes: kept }) } };
}

/** The matchers of Traefik (v2 and v3) that name a host, a path or a method. */
const SHOWN_MATCHERS = /^(?:host|hostheader|hostregexp|path|pathprefix|pathregexp|method)$/i;
const OTHER_MATCHERS = /^(?:headers?|headers?regexp|query|queryregexp|clientip)$/i;

/** A rule of Traefik with the arguments of all other matchers left empty; empty where it can't be read. */
function shownRule(rule: unknown): string {
  if (typeof rule !== 'string') return '';
  let isShown = false;
  return rule.replace(/([A-Za-z]\w*)|`[^`]*`|"(?:[^"\\]|\\.)*"|[^\s!&|(),]+/g, (token, name) => {
    if (name !== undefined) isShown = SHOWN_MATCHERS.test(name);
    const isKept = name === undefined ? isShown : isShown || OTHER_MATCHERS.test(name);
    return isKept ? token : '``';
  });
}

/** An ACME server may be told a user and a token in its address. */
function issuer(_: Fields, content: Fields): Fields {
  const acme = asMap(valueAt(content, ['spec', 'acme']));
  if (acme?.server === undefined) return content;
  const url = URL.canParse(`${acme.server}`) ? new URL(`${acme.server}`) : undefined;
  const server = url?.protocol === 'https:' ? `${url.origin}${url.pathname}` : '';
  return { ...content, spec: { ...asMap(content.spec), acme: { ...acme, server } } };
}

const WORKLOAD = [
  ...['serviceName', 'ordinals', 'parallelism', 'suspend', 'updateStrategy'],
  ...['strategy.type', 'strategy.rollingUpdate', 'strategy.blueGreen{}', 'strategy.canary.maxSurge'],
  ...['strategy.canary.maxUnavailable', 'strategy.canary.dynamicStableScale', 'strategy.canary.trafficRouting{}'],
];
const SCALED_BY = ['autoscaling/HorizontalPodAutoscaler', 'keda.sh/ScaledObject'];

function workload(object: Fields, _: Fields, __: Services, read: ReadKinds): Fields {
  const { replicas, volumeClaimTemplates, template } = asMap(object.spec) ?? {};
  return {
    spec: {
      ...project(object.spec, WORKLOAD),
      // An autoscaler changes it all day long.
      ...(replicas === undefined || isScaled(object, read) ? {} : { replicas }),
      ...(volumeClaimTemplates === undefined ? {} : { volumeClaimTemplates: asList(volumeClaimTemplates).map(claim) }),
      template: podTemplate(template),
    },
  };
}

function isScaled({ kind, metadata }: Fields, read: ReadKinds): boolean {
  const { name, namespace } = asMap(metadata) ?? {};
  return SCALED_BY.some((scaler) =>
    (read.get(scaler) ?? []).some((object) => {
      const target = asMap(valueAt(object, ['spec', 'scaleTargetRef'])) ?? {};
      const isSame = target.name === name && (target.kind ?? 'Deployment') === kind;
      return isSame && valueAt(object, ['metadata', 'namespace']) === namespace;
    }),
  );
}

/** A static pod is always on its Node, others where they happened to fit. */
function pod({ metadata, spec }: Fields): Fields {
  const isStatic = asList(asMap(metadata)?.ownerReferences).some((owner) => asMap(owner)?.kind === 'Node');
  return { spec: { ...podSpec(spec), ...(isStatic ? { nodeName: asMap(spec)?.nodeName } : {}) } };
}

function cronJob({ spec }: Fields): Fields {
  const { suspend, jobTemplate } = asMap(spec) ?? {};
  const template = podTemplate(valueAt(jobTemplate, ['spec', 'template']));
  return { spec: { ...(suspend === undefined ? {} : { suspend }), jobTemplate: { spec: { template } } } };
}

function podTemplate(template: unknown): Fields {
  const { metadata, spec } = asMap(template) ?? {};
  const labels = withContent('labels', asMap(metadata)?.labels);
  return { ...withContent('metadata', labels), spec: podSpec(spec) };
}

const CLAIM = ['metadata.name', 'spec.accessModes', 'spec.resources', 'spec.storageClassName'];

function claim(template: unknown): Fields {
  return project(template, CLAIM);
}

const CONTAINER = ['name', 'image', 'ports', 'resources', 'restartPolicy', 'volumeMounts'];
const POD = [
  ...['affinity', 'dnsPolicy', 'hostNetwork', 'hostname', 'nodeSelector', 'priorityClassName', 'restartPolicy'],
  ...['runtimeClassName', 'schedulerName', 'serviceAccountName', 'subdomain', 'tolerations', 'overhead'],
  ...['imagePullSecrets', 'resources', 'schedulingGates', 'activeDeadlineSeconds'],
  'volumes[].name',
  'volumes[].configMap.name',
  'volumes[].configMap.items',
  'volumes[].emptyDir{}',
  'volumes[].hostPath',
  'volumes[].persistentVolumeClaim',
  'volumes[].secret.secretName',
];

/** Of the environment and the command line only what ingress controllers read there: both may hold credentials. */
function podSpec(spec: unknown): Fields {
  const { containers, initContainers } = asMap(spec) ?? {};
  const kept = (list: unknown) =>
    asList(list).map((container) => ({
      ...project(container, CONTAINER),
      ...controllerArguments(container),
      ...controllerVariables(container),
    }));
  return {
    ...project(spec, POD),
    containers: kept(containers),
    ...(asList(initContainers).length > 0 ? { initContainers: kept(initContainers) } : {}),
  };
}

/** What ingress controllers are told about what they serve, in lower case: names and addresses, no credentials. */
const FLAGS =
  /^(?:configfile|entry-?points\.[^.]+\.(?:address|allowacmebypass)|certificatesresolvers\.[^.]+\.acme\.(?:httpchallenge|tlschallenge|dnschallenge)(?:\.entrypoint|\.provider)?|providers\.kubernetes(?:ingress|crd|gateway)(?:\.(?:ingressclass|namespaces(?:\[\d+\])?|allow[a-z]+))?|providers\.file\.(?:filename|directory)|(?:ingress-?|ingress\.|controller-)class(?:-name|-by-name)?|(?:watch|empty)-ingress-(?:without-)?class|watch-namespaces?(?:-selector|-label)?|namespace-whitelist|default-ssl-certificate|default-issuer-(?:name|kind|group)|cluster-resource-namespace)$/;

/** Those that take no value from the next word. */
const SWITCHES =
  /^(?:providers\.kubernetes(?:ingress|crd|gateway)|.*\.allow[a-z]+|.*\.tlschallenge|watch-ingress-without-class)$/i;

/** The flags among a container's words that say which routes it takes, each with its value. */
function controllerArguments(container: unknown): { args?: unknown[] } {
  const { command, args } = asMap(container) ?? {};
  const words = [...asList(command), ...asList(args)].map((word) => (typeof word === 'string' ? word : ''));
  const kept = words.flatMap((word, i) => {
    const [, name = '', value] = /^--?([A-Za-z][^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    // Any option of a provider switches it on.
    const [provider] = PROVIDER.exec(name) ?? [];
    if (!FLAGS.test(name.toLowerCase())) return provider === undefined ? [] : [`--${provider}`];
    const next = words[i + 1] ?? '';
    const own = value ?? (next === '' || next.startsWith('-') || SWITCHES.test(name) ? undefined : next);
    return own === undefined ? [`--${name}`] : PLAIN_VALUE.test(own) ? [`--${name}=${own}`] : [];
  });
  return kept.length > 0 ? { args: kept } : {};
}

/** Kong's controller and Traefik take their flags from variables, too: `CONTROLLER_INGRESS_CLASS`, `TRAEFIK_PROVIDERS_KUBERNETESCRD`. */
function controllerVariables(container: unknown): { env?: unknown[] } {
  const kept = asList(asMap(container)?.env).flatMap((item) => {
    const { name, value } = asMap(item) ?? {};
    const [, program, option = ''] = /^(CONTROLLER|TRAEFIK)_(\w+)$/.exec(`${name}`) ?? [];
    if (program === undefined) return [];
    const flag = option.toLowerCase().replaceAll('_', program === 'TRAEFIK' ? '.' : '-');
    if (FLAGS.test(flag)) return typeof value === 'string' && PLAIN_VALUE.test(value) ? [{ name, value }] : [];
    // Any option of a provider switches it on.
    const provider = program === 'TRAEFIK' ? PROVIDER.exec(flag)?.[0] : undefined;
    return provider === undefined
      ? []
      : [{ name: `TRAEFIK_${provider.toUpperCase().replace('.', '_')}`, value: 'true' }];
  });
  return kept.length > 0 ? { env: kept } : {};
}

const PROVIDER = /^providers\.kubernetes(?:ingress|crd|gateway)(?=\.)/i;
const PLAIN_VALUE = /^[-\w.:/,*$()@]{0,253}$/;
