import { type Cluster, derived } from '../cluster.ts';
import { connectionsOf } from '../connections/connections.ts';
import { environmentOf } from '../connections/environment.ts';
import { backendsOf } from '../network/services.ts';
import { MASK } from '../unknown.ts';
import { argumentsOf, imageBaseName } from '../workload/flags.ts';
import { asList, asMap, containersOf, type PodContainer, type Workload } from '../workloads.ts';
import { officialImage } from './official-images.ts';

/** A container that runs the server of a store. */
export interface Store {
  readonly container: PodContainer;
  readonly kind: 'postgres' | 'mysql' | 'mongo' | 'elasticsearch' | 'rabbitmq' | 'minio' | 'redis' | 'grafana';
  /** Where it keeps its data; undefined where its image or a flag decides. */
  readonly data: string | undefined;
}

interface Known {
  images: RegExp;
  /** Programs that serve; anything else that a command starts is a client or a script. */
  servers: RegExp;
  /** Flags and variables that move the data. */
  moved: RegExp;
}

const ENTRYPOINT = '(?:docker-)?entrypoint(?:\\.sh)?|run\\.sh|tini';

const KNOWN: ReadonlyMap<Store['kind'], Known> = new Map([
  ['postgres', known('postgres(?:ql)?|postgis|timescaledb(?:-ha)?|pgvector', 'postgres', '-D\\b|data_directory')],
  ['mysql', known('mysql(?:-server)?|mariadb|percona-server', 'mysqld|mariadbd', '--datadir')],
  [
    'mongo',
    known(
      'mongo(?:db)?(?:-community-server|-enterprise-server)?|percona-server-mongodb',
      'mongod',
      '--dbpath|--config|-f$',
    ),
  ],
  ['elasticsearch', known('elasticsearch(?:-oss)?|opensearch', 'elasticsearch|opensearch|eswrapper', 'path\\.data')],
  ['rabbitmq', known('rabbitmq', 'rabbitmq-server', 'RABBITMQ_MNESIA')],
  ['minio', known('minio', 'minio|server', '(?!)')],
  ['redis', known('redis(?:-stack(?:-server)?)?|valkey|keydb', '(?:redis|valkey|keydb)-server|.*\\.conf', '--dir\\b')],
  ['grafana', known('grafana(?:-oss|-enterprise)?', 'grafana(?:-server)?', 'GF_PATHS_DATA|--config|cfg:')],
]);

function known(images: string, servers: string, moved: string): Known {
  return {
    images: new RegExp(`^(?:${images})$`),
    servers: new RegExp(`^(?:${servers}|${ENTRYPOINT})$`),
    moved: new RegExp(moved),
  };
}

/** The stores that a workload's pods run as long as they live, by their images; not those that only borrow a client from such an image. */
export function storesOf(cluster: Cluster, workload: Workload): Store[] {
  return containersOf(workload).flatMap((container) => {
    if (container.list !== 'containers') return [];
    const image = imageBaseName(container.container.image);
    if (image === undefined) return [];
    for (const [kind, { images, servers, moved }] of KNOWN) {
      if (!images.test(image)) continue;
      const words = argumentsOf(container).map(({ text }) => text);
      if (!serves(container, words, servers) || holdsNothing(kind, container)) return [];
      const names = asList(container.container.env).map((item) => String(asMap(item)?.name));
      const isMoved = [...words, ...names].some((text) => moved.test(text));
      return [{ container, kind, data: isMoved ? undefined : dataOf(cluster, workload, container, kind, words) }];
    }
    return [];
  });
}

function holdsNothing(kind: Store['kind'], container: PodContainer): boolean {
  return (kind === 'elasticsearch' && onlyCoordinates(container)) || (kind === 'mongo' && onlyVotes(container));
}

/** An arbiter of MongoDB, as Bitnami's image is told: it has no copy of the data (mongodb.com/docs/manual/core/replica-set-arbiter). */
function onlyVotes({ container }: PodContainer): boolean {
  return asList(container.env).some((item) => {
    const { name, value } = asMap(item) ?? {};
    return name === 'MONGODB_REPLICA_SET_MODE' && value === 'arbiter';
  });
}

/** A node of Elasticsearch or OpenSearch that is neither a data nor a master node: it keeps nothing that counts. */
function onlyCoordinates({ container }: PodContainer): boolean {
  const written = new Map(asList(container.env).map((item) => [asMap(item)?.name, asMap(item)?.value]));
  // As the official images read it, and as those of Bitnami do.
  const roles = ['node.roles', 'ELASTICSEARCH_NODE_ROLES', 'OPENSEARCH_NODE_ROLES']
    .map((name) => written.get(name))
    .find((value) => value !== undefined);
  if (typeof roles === 'string') return !/data|master|\$/.test(roles);
  const isOff = (role: string) =>
    [`node.${role}`, `NODE_${role.toUpperCase()}`].some((n) => written.get(n) === 'false');
  return isOff('data') && isOff('master');
}

/** Whether a command line starts a server: none does, and flags alone; a script does when it names one that serves. */
function serves({ container }: PodContainer, words: readonly string[], servers: RegExp): boolean {
  const hasCommand = asList(container.command).length > 0;
  const [first = ''] = words;
  if (first === '' || (!hasCommand && first.startsWith('-'))) return true;
  if (servers.test(first.slice(first.lastIndexOf('/') + 1))) return !words.includes('gateway');
  const script = words.find((word) => /\s/.test(word)) ?? '';
  return /(?:^|[\s/;&])(?:docker-entrypoint\.sh|(?:redis|valkey|rabbitmq)-server|mongod|mysqld|mariadbd|minio\s+server)\s/.test(
    `${script} `,
  );
}

function dataOf(
  cluster: Cluster,
  workload: Workload,
  container: PodContainer,
  kind: Store['kind'],
  words: readonly string[],
): string | undefined {
  if (kind === 'minio') return words.find((word) => /^\/[\w./-]*$/.test(word) && !/minio$/.test(word));
  const official = officialImage(container.container.image);
  if (kind !== 'postgres') return official?.data;
  const written = environmentOf(cluster, workload, container).get('PGDATA')?.text;
  if (written?.includes(MASK)) return undefined;
  return written || official?.data;
}

/** Libraries that keep jobs in Redis: what is lost with it was promised to somebody. */
const QUEUE = /(?:^|[^a-z])(?:celery|sidekiq|bull|bullmq|resque)(?:$|[^a-z])/i;

/** For each workload, one that keeps jobs in it, by what its variables, command lines and images say. */
export const queueUsers = derived((cluster): ReadonlyMap<Workload, Workload> => {
  const users = new Map<Workload, Workload>();
  const using = new Map<Workload, boolean>();
  for (const { from, service } of connectionsOf(cluster)) {
    const isQueue = using.get(from) ?? namesQueue(cluster, from);
    using.set(from, isQueue);
    if (!isQueue) continue;
    for (const workload of backendsOf(cluster, service).workloads) users.set(workload, from);
  }
  return users;
});

function namesQueue(cluster: Cluster, workload: Workload): boolean {
  return containersOf(workload).some((container) => {
    const { image, name } = container.container;
    const words = argumentsOf(container).map(({ text }) => text);
    return (
      [image, name, ...words].some((text) => typeof text === 'string' && QUEUE.test(text)) ||
      [...environmentOf(cluster, workload, container).keys()].some((variable) => QUEUE.test(variable))
    );
  });
}
