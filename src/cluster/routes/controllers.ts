import type { Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { every, type Known } from '../label-facts.ts';
import { isUnknown } from '../unknown.ts';
import { parseImage } from '../workload/images.ts';
import { asList, asMap, containersOf, valueAt, type Workload } from '../workloads.ts';
import type { Route, RouteClass } from './routes.ts';
import { type Traefik, traefiksOf } from './traefik.ts';

/** What controllers are told apart by. `other` takes Ingresses of some class, as its arguments say; nothing more is known of it. */
export type Product =
  | 'traefik'
  | 'ingress-nginx'
  | 'nginx-inc'
  | 'haproxy'
  | 'haproxy-ingress'
  | 'contour'
  | 'kong'
  | 'istio'
  | 'other';

/** Pods that requests come through on their way to the backends of routes. */
export interface Controller {
  readonly workload: Workload;
  readonly product: Product;
}

/** A controller that takes a route. */
export interface Serving extends Controller {
  /** False where it may take it, or may not. */
  readonly certain: boolean;
}

/** What is known of a product: what it runs, and which classes it takes. */
interface Trait {
  readonly product: Product;
  /** The image of what reads the routes, its registry left out. */
  readonly image: RegExp;
  /** The image of what the requests come through, in the same namespace, where that is another. */
  readonly proxy?: RegExp;
  /** `spec.controller` of its IngressClasses. */
  readonly controller: RegExp;
  /** The one of those that it takes, as its flags say. Without, it takes the IngressClass of its own name, whatever that names. */
  readonly own?: (flags: Flags) => string;
  /** `spec.controllerName` of its GatewayClasses, where the pods that it runs as serve them. */
  readonly gateway?: RegExp;
  /** What its class is called unless it is told otherwise. */
  readonly className: string;
  /** The flag that tells it so, in lower case. */
  readonly classFlag: string;
  /** Flags that make it take Ingresses without class; `always`, or `class` where it does unless it is given a class. */
  readonly withoutClass: string | 'always' | 'class';
}

/** The flags of a command line, by lower-case name. */
type Flags = ReadonlyMap<string, string>;

function suffix(name: string | undefined): string {
  return name === undefined || name === '' ? '' : `/${name}`;
}

/** The documentation of each project, *class matters*; Traefik is read by its own module. */
const TRAITS: readonly Trait[] = [
  {
    product: 'ingress-nginx',
    image: /(?:^|\/)ingress-nginx\/controller(?:-chroot)?$|(?:^|\/)nginx-ingress-controller(?:-[a-z0-9]+)?$/,
    controller: /^(?:k8s\.io\/(?:[a-z0-9-]*-)?ingress-nginx|nginx\.org\/ingress-nginx)$/,
    own: (flags) => flags.get('controller-class') ?? 'k8s.io/ingress-nginx',
    className: 'nginx',
    classFlag: 'ingress-class',
    withoutClass: 'watch-ingress-without-class',
  },
  {
    product: 'nginx-inc',
    image: /(?:^|\/)nginx-(?:plus-)?ingress$/,
    controller: /^nginx\.org\/ingress-controller$/,
    className: 'nginx',
    classFlag: 'ingress-class',
    withoutClass: 'never',
  },
  {
    product: 'haproxy',
    image: /(?:^|\/)haproxytech\/kubernetes-ingress$/,
    controller: /^haproxy\.org\/ingress-controller(?:\/.*)?$/,
    own: (flags) => `haproxy.org/ingress-controller${suffix(flags.get('ingress.class'))}`,
    className: 'haproxy',
    classFlag: 'ingress.class',
    withoutClass: 'class',
  },
  {
    product: 'haproxy-ingress',
    image: /(?:^|\/)haproxy-ingress(?:-controller)?$/,
    controller: /^haproxy-ingress\.github\.io\/controller(?:\/.*)?$/,
    own: (flags) => `haproxy-ingress.github.io/controller${suffix(flags.get('controller-class'))}`,
    className: 'haproxy',
    classFlag: 'ingress-class',
    withoutClass: 'watch-ingress-without-class',
  },
  {
    product: 'contour',
    image: /(?:^|\/)contour$/,
    proxy: /(?:^|\/)envoy$/,
    controller: /^projectcontour\.io\//,
    gateway: /^projectcontour\.io\//,
    className: 'contour',
    classFlag: 'ingress-class-name',
    withoutClass: 'class',
  },
  {
    product: 'kong',
    image: /(?:^|\/)kong\/(?:nightly-)?(?:kubernetes-)?ingress-controller$|(?:^|\/)kong-ingress-controller$/,
    proxy: /(?:^|\/)kong(?:-gateway(?:-dev)?)?$/,
    controller: /^ingress-controllers\.konghq\.com\/kong$/,
    className: 'kong',
    classFlag: 'ingress-class',
    withoutClass: 'never',
  },
  {
    product: 'istio',
    image: /(?:^|\/)(?:auto|proxyv2)$/,
    controller: /^istio\.io\/ingress-controller$/,
    className: 'istio',
    classFlag: 'ingress-class',
    withoutClass: 'always',
  },
];

const GATEWAY = 'gateway.networking.k8s.io';
const TRAEFIK_CONTROLLER = 'traefik.io/ingress-controller';
const TRAEFIK_GATEWAY = 'traefik.io/gateway-controller';

/** Load balancers outside the cluster, by what IngressClasses and GatewayClasses name, and by the usual names of the classes. */
const CLOUD_CONTROLLERS =
  /^(?:ingress\.k8s\.aws\/alb|eks\.amazonaws\.com\/alb|gateway\.k8s\.aws\/.+|application-networking\.k8s\.aws\/.+|k8s\.io\/ingress-gce|networking\.gke\.io\/.+|azure\/application-gateway|alb\.networking\.azure\.io\/.+|ingress\.k8s\.oci\.oraclecloud\.com\/.+|oci\.oraclecloud\.com\/.+)$/;
const CLOUD_CLASSES =
  /^(?:alb|gce|gce-internal|gce-multi-cluster|azure-application-gateway|azure\/application-gateway|amazon-vpc-lattice|gke-l7-.+)$/;

/** Everything in the environment that runs as a controller, by its image and its arguments. */
export const controllersIn = derived((cluster): readonly Controller[] =>
  known(cluster).map(({ controller }) => controller),
);

/**
 * The controllers that take a route, surely or perhaps. Undefined where none runs in the environment, rendered or existing: it may
 * still run in the cluster. A route with several classes is taken where one of them is.
 */
export function controllersOf(cluster: Cluster, route: Route): readonly Serving[] | undefined {
  const found = route.classes.flatMap((routeClass) => controllersOfClass(cluster, routeClass, route.resource) ?? []);
  return found.length === 0 ? undefined : found;
}

/** The controllers that take routes of a class, written in such a resource; undefined where none runs in the environment. */
export function controllersOfClass(
  cluster: Cluster,
  routeClass: RouteClass,
  resource: Pick<Resource, 'group' | 'namespace'>,
): readonly Serving[] | undefined {
  const found = known(cluster).flatMap((one) => {
    const takes = every([one.takes(routeClass, resource), one.watches(resource)]);
    return takes === false ? [] : [{ ...one.controller, certain: takes === true }];
  });
  return found.length === 0 ? undefined : found;
}

/**
 * Who takes a class, as far as its name and its IngressClass or GatewayClass tell, wherever it runs; `cloud` for load balancers
 * outside the cluster.
 */
export function productOf(cluster: Cluster, { from, name = '' }: RouteClass): Product | 'cloud' | undefined {
  if (from === 'none' || from === 'unknown') return undefined;
  const controller = from === 'annotation' ? undefined : controllerName(cluster, from, name);
  if (controller === undefined) {
    if (CLOUD_CLASSES.test(name)) return 'cloud';
    return name === 'traefik' ? 'traefik' : TRAITS.find(({ className }) => className === name)?.product;
  }
  if (CLOUD_CONTROLLERS.test(controller)) return 'cloud';
  if (controller === TRAEFIK_CONTROLLER || controller === TRAEFIK_GATEWAY) return 'traefik';
  return TRAITS.find((trait) => trait.controller.test(controller) || trait.gateway?.test(controller))?.product;
}

/** What an IngressClass or GatewayClass names as its controller; undefined where that isn't known. */
function controllerName(cluster: Cluster, from: RouteClass['from'], name: string): string | undefined {
  const found =
    from === 'gateway'
      ? cluster.get(GATEWAY, 'GatewayClass', '', name)
      : cluster.get('networking.k8s.io', 'IngressClass', '', name);
  const controller = valueAt(found?.object, ['spec', from === 'gateway' ? 'controllerName' : 'controller']);
  return typeof controller === 'string' && !isUnknown(controller) ? controller : undefined;
}

interface KnownController {
  readonly controller: Controller;
  /** Whether it takes a class of such resources. */
  takes(routeClass: RouteClass, resource: Pick<Resource, 'group'>): Known;
  /** Whether it looks into the resource's namespace. */
  watches(resource: Pick<Resource, 'namespace'>): Known;
}

const known = derived((cluster): readonly KnownController[] => [
  ...traefiksOf(cluster).flatMap((traefik) => (isRunning(traefik.workload) ? [ofTraefik(cluster, traefik)] : [])),
  ...otherControllers(cluster),
]);

/** What runs for good: no hooks, no Jobs. */
function isRunning({ resource }: Workload): boolean {
  return resource.hooks.length === 0 && !['Job', 'CronJob', 'PodTemplate'].includes(resource.kind);
}

/** Traefik: shouldProcessIngress of pkg/provider/kubernetes/ingress and crd. */
function ofTraefik(cluster: Cluster, { workload, settings }: Traefik): KnownController {
  const providerOf = ({ from }: RouteClass, { group }: Pick<Resource, 'group'>) => {
    if (from === 'gateway' || group === GATEWAY) return 'providers.kubernetesgateway';
    return isTraefik(group) ? 'providers.kubernetescrd' : 'providers.kubernetesingress';
  };
  const isOn = (provider: string): Known => {
    if (settings.size === 0) return undefined;
    for (const [option, { value }] of settings) {
      if (option === provider) return value.toLowerCase() !== 'false';
      if (option.startsWith(`${provider}.`)) return true;
    }
    return false;
  };
  return {
    controller: { workload, product: 'traefik' },
    takes(routeClass, resource) {
      const provider = providerOf(routeClass, resource);
      const own = settings.get(`${provider}.ingressclass`)?.value ?? '';
      const { from, name = '' } = routeClass;
      const on = isOn(provider);
      if (from === 'unknown' || own.includes('$') || isUnknown(own)) return on === false ? false : undefined;
      if (from === 'gateway')
        return every([on, takesByController(cluster, routeClass, (one) => one === TRAEFIK_GATEWAY)]);
      if (from === 'none') return every([on, own === '']);
      const isOwn = name === (own === '' ? 'traefik' : own);
      if (from === 'annotation' || isTraefik(resource.group)) return every([on, isOwn]);
      const takes = takesByController(cluster, routeClass, (one) => one === TRAEFIK_CONTROLLER);
      return every([on, own === '' || own === name, takes]);
    },
    watches({ namespace }) {
      const lists = [...settings].flatMap(([option, { value }]) =>
        /^providers\.kubernetes(?:ingress|crd|gateway)\.namespaces(?:\[\d+\])?$/.test(option) ? value.split(',') : [],
      );
      return lists.length === 0 || isAmong(namespace, lists);
    },
  };
}

function isTraefik(group: string): boolean {
  return group === 'traefik.io' || group === 'traefik.containo.us';
}

/** Whether a class's controller is the one that is asked for. A class that nobody has written down belongs to whom its name says. */
function takesByController(
  cluster: Cluster,
  routeClass: RouteClass,
  isOwn: (controller: string) => boolean,
  product: Product = 'traefik',
): Known {
  const { from, name = '' } = routeClass;
  const controller = controllerName(cluster, from, name);
  if (controller !== undefined) return isOwn(controller);
  const [group, kind] = from === 'gateway' ? [GATEWAY, 'GatewayClass'] : ['networking.k8s.io', 'IngressClass'];
  const written = cluster.get(group ?? '', kind ?? '', '', name);
  if (written === undefined && cluster.knows(group ?? '', kind ?? '')) return false;
  const named = productOf(cluster, routeClass);
  if (written !== undefined || named === undefined) return undefined;
  const alike = TRAITS.filter(({ className }) => className === name).map((trait) => trait.product);
  if (!(named === product || alike.includes(product))) return false;
  return alike.length > 1 ? undefined : true;
}

/** The controllers other than Traefik. */
function otherControllers(cluster: Cluster): KnownController[] {
  const proxies = new Map<string, Workload[]>();
  const readers: { workload: Workload; trait: Trait | undefined; flags: Flags }[] = [];
  for (const workload of cluster.workloads) {
    if (!isRunning(workload)) continue;
    const containers = containersOf(workload).flatMap(({ container, list }) => {
      const image = list === 'containers' ? imageName(container.image) : undefined;
      return image === undefined ? [] : [{ image, container }];
    });
    for (const { product, proxy } of TRAITS) {
      if (proxy === undefined || !containers.some(({ image }) => proxy.test(image))) continue;
      const key = JSON.stringify([product, workload.resource.scope]);
      proxies.set(key, [...(proxies.get(key) ?? []), workload]);
    }
    for (const { image, container } of containers) {
      const trait = TRAITS.find((one) => one.image.test(image));
      const flags = flagsOf(container);
      if (trait === undefined && !takesClasses(image, flags)) continue;
      readers.push({ workload, trait, flags });
      break;
    }
  }
  const found = new Map<Workload, KnownController>();
  for (const { workload, trait, flags } of readers) {
    const ways = trait?.proxy
      ? (proxies.get(JSON.stringify([trait.product, workload.resource.scope])) ?? [])
      : [workload];
    for (const way of ways) if (!found.has(way)) found.set(way, ofTrait(cluster, way, trait, flags));
  }
  return [...found.values()];
}

/** They read Ingresses, and no request comes through them. */
const BYSTANDERS = /(?:^|\/)(?:external-dns|aws-load-balancer-controller|aws-alb-ingress-controller|traefik)$/;

/** Whether something is an ingress controller that has no row of its own. */
function takesClasses(image: string, flags: Flags): boolean {
  if (BYSTANDERS.test(image)) return false;
  if (/(?:^|[-/])ingress(?:-controller)?$/.test(image)) return true;
  return ['ingress-class', 'ingressclass', 'ingress.class', 'controller-class'].some((flag) => flags.has(flag));
}

function ofTrait(cluster: Cluster, workload: Workload, trait: Trait | undefined, flags: Flags): KnownController {
  const classFlag = ['ingress-class', 'ingressclass', 'ingress.class', ...(trait ? [trait.classFlag] : [])]
    .map((flag) => flags.get(flag))
    .find((value) => value !== undefined);
  const className = classFlag ?? trait?.className;
  const isUnclear = [classFlag, flags.get('controller-class')].some(
    (value) => value?.includes('$') || isUnknown(value),
  );
  const isByName = trait?.own === undefined || flags.get('ingress-class-by-name') === 'true';
  return {
    controller: { workload, product: trait?.product ?? 'other' },
    takes(routeClass, { group }) {
      const { from, name = '' } = routeClass;
      if (isTraefik(group)) return false;
      if (from === 'unknown' || isUnclear) return undefined;
      if (trait === undefined)
        return name !== className && productOf(cluster, routeClass) !== undefined ? false : undefined;
      if (from === 'gateway') {
        return trait.gateway
          ? takesByController(cluster, routeClass, (one) => !!trait.gateway?.test(one), trait.product)
          : false;
      }
      // Which gateway takes it is for its configuration to say.
      if (trait.product === 'istio') return productOf(cluster, routeClass) === 'istio' ? undefined : false;
      if (from === 'none') return takesNone(trait, flags, classFlag);
      if (from === 'annotation' || (isByName && name === className)) return name === className;
      if (trait.own === undefined) return false;
      const own = trait.own(flags);
      const takes = takesByController(cluster, routeClass, (one) => one === own, trait.product);
      // Told to take another class, it leaves the usual one of its product to others.
      const isLeft = takes !== true && name === trait.className && name !== className;
      return isLeft ? false : takes;
    },
    watches({ namespace }) {
      const only =
        flags.get('watch-namespace') ?? flags.get('watch-namespaces') ?? flags.get('namespace-whitelist') ?? '';
      if (flags.has('watch-namespace-selector') || flags.has('watch-namespace-label')) return undefined;
      return only === '' || isAmong(namespace, only.split(','));
    },
  };
}

function takesNone({ withoutClass }: Trait, flags: Flags, classFlag: string | undefined): Known {
  if (withoutClass === 'always') return true;
  if (withoutClass === 'class') return classFlag === undefined || flags.get('empty-ingress-class') === 'true';
  return flags.get(withoutClass) === 'true';
}

function isAmong(namespace: string | undefined, list: readonly string[]): Known {
  const names = list.map((item) => item.trim());
  if (names.some((name) => name === '' || name.includes('$') || isUnknown(name)) || namespace === undefined)
    return undefined;
  return names.includes(namespace);
}

function imageName(image: unknown): string | undefined {
  const reference = typeof image === 'string' && !isUnknown(image) ? parseImage(image) : undefined;
  return reference === undefined || 'invalid' in reference ? undefined : reference.name;
}

/** The flags of a container's command line, `true` for one without value, and Kong's in its environment. */
function flagsOf(container: object): Flags {
  const { command, args, env } = container as { command?: unknown; args?: unknown; env?: unknown };
  const words = [...asList(command), ...asList(args)].filter((word) => typeof word === 'string');
  const flags = new Map<string, string>();
  for (const item of asList(env)) {
    const { name, value } = asMap(item) ?? {};
    const option = typeof name === 'string' ? /^CONTROLLER_(\w+)$/.exec(name)?.[1] : undefined;
    if (option !== undefined && typeof value === 'string') flags.set(option.toLowerCase().replaceAll('_', '-'), value);
  }
  for (const [i, word] of words.entries()) {
    const match = /^--?([A-Za-z][\w.-]*)(?:=(.*))?$/s.exec(word);
    if (!match) continue;
    const next = words[i + 1];
    const value = match[2] ?? (next === undefined || next.startsWith('-') ? 'true' : next);
    flags.set((match[1] ?? '').toLowerCase(), value);
  }
  return flags;
}
