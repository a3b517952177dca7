import type { Path } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { dataOf, environmentOf } from '../connections/environment.ts';
import { isUnknown, MASK } from '../unknown.ts';
import { asList, asMap, containersOf, type PodContainer, type Workload } from '../workloads.ts';
import { imageBaseName } from './flags.ts';

/** A probe of a container. */
export interface Probe {
  readonly kind: 'startupProbe' | 'readinessProbe' | 'livenessProbe';
  readonly probe: Readonly<Record<string, unknown>>;
  /** The path of the probe. */
  readonly path: Path;
  readonly of: PodContainer;
}

const KINDS = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const;

/** Every probe of a workload that the kubelet runs: those of its containers and of its sidecars (init containers that always restart). */
export function probesOf(workload: Workload): Probe[] {
  return runningContainers(workload).flatMap((of) =>
    KINDS.flatMap((kind) => {
      const probe = asMap(of.container[kind]);
      return probe === undefined ? [] : [{ kind, probe, path: [...of.path, kind], of }];
    }),
  );
}

/** The containers that run as long as the pod does: the regular ones and the sidecars. */
export function runningContainers(workload: Workload): PodContainer[] {
  return containersOf(workload).filter(
    ({ list, container }) =>
      list === 'containers' || (list === 'initContainers' && container.restartPolicy === 'Always'),
  );
}

/** The port that a probe dials. */
export interface ProbedPort {
  /** As written: a name or a number. */
  readonly port: string | number;
  /** It isn't the pod that is dialled. */
  readonly elsewhere: boolean;
  /** The URL path of an HTTP probe. */
  readonly url: string | undefined;
  readonly path: Path;
}

/** The port of an HTTP, TCP or gRPC probe; undefined for exec probes and where no port is written. */
export function probedPort({ probe, path }: Probe): ProbedPort | undefined {
  for (const handler of ['httpGet', 'tcpSocket', 'grpc']) {
    const target = asMap(probe[handler]);
    const port = target?.port;
    if (typeof port !== 'string' && typeof port !== 'number') continue;
    const elsewhere = handler !== 'grpc' && typeof target?.host === 'string' && target.host !== '';
    const url = typeof target?.path === 'string' ? target.path : undefined;
    return { port, elsewhere, url, path: [...path, handler, 'port'] };
  }
  return undefined;
}

/** The words of an exec probe, with their paths; empty for other probes. Words that are no strings are left out. */
export function commandOf({ probe, path }: Probe): { word: string; path: Path }[] {
  return asList(asMap(probe.exec)?.command).flatMap((word, i) =>
    typeof word === 'string' ? [{ word, path: [...path, 'exec', 'command', i] }] : [],
  );
}

/**
 * The names between `$(` and `)` that the kubelet looks up in a text (third_party/forked/golang/expansion): `$$` is a dollar
 * sign, and what follows it is no reference.
 */
export function variableReferences(text: string): string[] {
  const names: string[] = [];
  for (let at = text.indexOf('$'); at !== -1; at = text.indexOf('$', at)) {
    if (text[at + 1] !== '(') {
      at += 2;
      continue;
    }
    const closed = text.indexOf(')', at);
    if (closed === -1) break;
    names.push(text.slice(at + 2, closed));
    at = closed + 1;
  }
  return names;
}

/**
 * Where programs answer probes unless they are told otherwise, by the end of their images' names. The sources:
 * https://coredns.io/plugins/health/ and https://coredns.io/plugins/ready/
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/healthcheckextension
 * https://www.keycloak.org/server/management-interface and https://www.envoyproxy.io/docs/envoy/latest/start/quick-start/admin
 */
const DEFAULT_PORTS: readonly (readonly [image: RegExp, ports: readonly number[]])[] = [
  [/coredns$/, [8080, 8181]],
  [/(?:opentelemetry-collector|otelcol)(?:-contrib|-k8s)?$/, [13133]],
  [/keycloak$/, [9000]],
  [/^envoy(?:-distroless)?$/, [9901]],
];

function listensByDefault({ container }: PodContainer, port: number): boolean {
  const image = imageBaseName(container.image);
  return image !== undefined && DEFAULT_PORTS.some(([name, ports]) => name.test(image) && ports.includes(port));
}

/**
 * Whether something may tell a container of a pod to listen on a port: declared ports, variables, command lines, annotations and
 * mounted files that hold the number, or could hold it because nobody knows them. A pod's containers share one network.
 */
export function mayListenOn(cluster: Cluster, workload: Workload, port: number): boolean {
  const number = new RegExp(`(?<!\\d)${port}(?!\\d)`);
  const says = (text: unknown) =>
    isUnknown(text) || (typeof text === 'string' && (text.includes(MASK) || number.test(text)));
  if (Object.values(asMap(workload.metadata.annotations) ?? {}).some(says)) return true;
  if (runningContainers(workload).some((container) => isToldOf(cluster, workload, container, port, says))) return true;
  return asList(workload.pod.volumes).some((volume) => filesOf(cluster, workload, volume).some(says));
}

function isToldOf(
  cluster: Cluster,
  workload: Workload,
  of: PodContainer,
  port: number,
  says: (text: unknown) => boolean,
): boolean {
  const { container } = of;
  const ports = asList(container.ports).map((item) => asMap(item)?.containerPort);
  if (ports.some((declared) => declared === port || isUnknown(declared)) || listensByDefault(of, port)) return true;
  if ([...asList(container.command), ...asList(container.args)].some(says)) return true;
  const isOpen = asList(container.envFrom).some((source) => {
    const { configMapRef, secretRef } = asMap(source) ?? {};
    return [['ConfigMap', asMap(configMapRef)?.name] as const, ['Secret', asMap(secretRef)?.name] as const].some(
      ([kind, name]) => typeof name === 'string' && dataOf(cluster, kind, workload.resource.scope, name).open,
    );
  });
  if (isOpen) return true;
  return [...environmentOf(cluster, workload, of)].some(
    ([name, { text }]) => (!text.includes(MASK) || /port|addr|listen|bind|url/i.test(name)) && says(text),
  );
}

/** The texts of the files of a volume, with MASK for what nobody knows. */
function filesOf(cluster: Cluster, { resource }: Workload, volume: unknown): string[] {
  const { configMap, secret, projected } = asMap(volume) ?? {};
  const sources = [{ configMap, secret }, ...asList(asMap(projected)?.sources).map((source) => asMap(source) ?? {})];
  return sources.flatMap((source) => {
    const name = asMap(source.configMap)?.name;
    const secretName = asMap(source.secret)?.secretName ?? asMap(source.secret)?.name;
    if (secretName !== undefined) return [MASK];
    if (typeof name !== 'string') return [];
    const { entries, open } = dataOf(cluster, 'ConfigMap', resource.scope, name);
    return open ? [MASK] : [...entries.values()].map(({ value }) => value ?? MASK);
  });
}
