import type { Path, Resource } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { meetsNoPolicies } from '../network/network.ts';
import { backendsOf, podPort, portsOfService } from '../network/services.ts';
import { MASK } from '../unknown.ts';
import { parseImage } from '../workload/images.ts';
import { asList, containersOf, type PodContainer, type Workload } from '../workloads.ts';
import { type Connection, connectionsOf } from './connections.ts';
import { namesBeside } from './dial-names.ts';
import { type ExpandedText, environmentOf, expand, type Origin, partAt, type Variable } from './environment.ts';

/** A literal value that a container is given, and where it stands. It is compared, never shown. */
export interface Credential {
  readonly value: string;
  readonly where: Origin;
  /** The variable that holds it, `args` for a flag. */
  readonly name: string;
  /** Where the container takes it from. */
  readonly declared: Path;
}

/** The password that a client sends and the one that its server is set up with, both known. */
export interface CredentialPair {
  readonly connection: Connection;
  readonly client: Credential;
  readonly server: Credential;
  readonly on: Resource;
}

/** An account that an image makes when it first starts. */
interface Account {
  /** The variables that may name it; without a value it is `named`. */
  readonly user: readonly string[];
  readonly named: string | undefined;
  readonly password: readonly string[];
}

interface Server {
  /** The last part of the image's name. */
  readonly image: RegExp;
  /** The container ports on which these accounts log in. */
  readonly ports: readonly number[];
  readonly accounts: readonly Account[];
  /** Variables with which the password is another one, or none is asked for. */
  readonly unless: readonly string[];
}

const account = (
  user: string | readonly string[],
  named: string | undefined,
  password: string | readonly string[],
): Account => ({
  user: [user].flat(),
  named,
  password: [password].flat(),
});

/**
 * The accounts of well-known images, as the images' own pages say (hub.docker.com/_/postgres, _/mysql, _/mariadb, _/mongo, _/rabbitmq;
 * github.com/bitnami/containers; min.io/docs, keycloak.org/server/bootstrap-admin-recovery, hub.docker.com/r/clickhouse/clickhouse-server).
 */
const SERVERS: readonly Server[] = [
  {
    image: /^(?:postgres|postgresql|postgis|timescaledb|timescaledb-ha|pgvector)$/,
    ports: [5432],
    accounts: [
      account(['POSTGRESQL_USERNAME', 'POSTGRES_USER'], 'postgres', ['POSTGRESQL_PASSWORD', 'POSTGRES_PASSWORD']),
      account([], 'postgres', ['POSTGRESQL_POSTGRES_PASSWORD', 'POSTGRES_POSTGRES_PASSWORD']),
    ],
    unless: ['POSTGRES_HOST_AUTH_METHOD', 'ALLOW_EMPTY_PASSWORD'],
  },
  {
    image: /^(?:mysql|mysql-server|mariadb|percona|percona-server)$/,
    ports: [3306],
    accounts: [
      account(['MARIADB_ROOT_USER', 'MYSQL_ROOT_USER'], 'root', ['MARIADB_ROOT_PASSWORD', 'MYSQL_ROOT_PASSWORD']),
      account(['MARIADB_USER', 'MYSQL_USER'], undefined, ['MARIADB_PASSWORD', 'MYSQL_PASSWORD']),
    ],
    unless: [
      'MYSQL_RANDOM_ROOT_PASSWORD',
      'MARIADB_RANDOM_ROOT_PASSWORD',
      'MYSQL_ALLOW_EMPTY_PASSWORD',
      'ALLOW_EMPTY_PASSWORD',
    ],
  },
  {
    image: /^mongo(?:db)?$/,
    ports: [27017],
    accounts: [
      account('MONGO_INITDB_ROOT_USERNAME', undefined, 'MONGO_INITDB_ROOT_PASSWORD'),
      account('MONGODB_ROOT_USER', 'root', 'MONGODB_ROOT_PASSWORD'),
    ],
    unless: ['ALLOW_EMPTY_PASSWORD'],
  },
  {
    image: /^rabbitmq$/,
    ports: [5672, 15672],
    accounts: [
      account('RABBITMQ_DEFAULT_USER', 'guest', 'RABBITMQ_DEFAULT_PASS'),
      account('RABBITMQ_USERNAME', 'user', 'RABBITMQ_PASSWORD'),
    ],
    unless: [],
  },
  {
    image: /^(?:redis|valkey)$/,
    ports: [6379],
    accounts: [account([], 'default', ['REDIS_PASSWORD', 'VALKEY_PASSWORD'])],
    unless: ['ALLOW_EMPTY_PASSWORD'],
  },
  {
    image: /^minio$/,
    ports: [9000],
    accounts: [account('MINIO_ROOT_USER', undefined, 'MINIO_ROOT_PASSWORD')],
    unless: [],
  },
  {
    image: /^clickhouse(?:-server)?$/,
    ports: [8123, 9000],
    accounts: [account('CLICKHOUSE_USER', 'default', 'CLICKHOUSE_PASSWORD')],
    unless: [],
  },
  {
    image: /^keycloak$/,
    ports: [8080, 8443],
    accounts: [
      account('KC_BOOTSTRAP_ADMIN_USERNAME', undefined, 'KC_BOOTSTRAP_ADMIN_PASSWORD'),
      account('KEYCLOAK_ADMIN', undefined, 'KEYCLOAK_ADMIN_PASSWORD'),
    ],
    unless: [],
  },
];

/** Official images of redis read no password from a variable: only what `--requirepass` says counts there. */
const REDIS = /^(?:redis|valkey)$/;

/** The connections whose client and server are given the password of one account, and both values are known. */
export function* credentialPairs(cluster: Cluster): Generator<CredentialPair> {
  for (const connection of connectionsOf(cluster)) {
    const { from, unless, hasOthers } = connection;
    if (from.resource.existing || meetsNoPolicies(from.resource) || unless !== undefined || hasOthers) continue;
    const found = serverOf(cluster, connection);
    const login = found && loginOf(cluster, connection);
    if (!login) continue;
    const { workload, container, server } = found;
    const password = passwordOf(cluster, workload, container, server, login.user);
    if (password) yield { connection, client: login.password, server: password, on: workload.resource };
  }
}

/** What a client logs in with: the userinfo of the URL, else the variables beside the host's. */
function loginOf(
  cluster: Cluster,
  connection: Connection,
): { user: string | undefined; password: Credential } | undefined {
  const inUrl = userinfoBefore(connection.text, connection.start);
  if (inUrl === 'unknown') return undefined;
  const { from, container, name, declared } = connection;
  if (inUrl) {
    const { user, value, start } = inUrl;
    const password = known(connection.text, value, start, name, declared);
    return password && { user: user === '' ? undefined : user, password };
  }
  if (connection.via !== 'env' && connection.via !== 'envFrom') return undefined;
  const environment = environmentOf(cluster, from, container);
  const beside = (words: readonly string[]) =>
    words.flatMap((word) => namesBeside(name, word)).flatMap((other) => environment.get(other) ?? []);
  const passwords = new Set(beside(['password', 'pass', 'pwd', 'passwd']));
  const users = new Set(beside(['user', 'username']).map(({ text }) => text));
  const [variable] = passwords;
  const [user] = users;
  if (!variable || passwords.size > 1 || users.size > 1 || user?.includes(MASK)) return undefined;
  const password = credentialOf(variable);
  return password && { user: user === '' ? undefined : user, password };
}

/** `user:password@` that ends where a host starts; `unknown` where it isn't certain what of it is sent. */
function userinfoBefore(
  { text }: ExpandedText,
  host: number,
): { user: string; value: string; start: number } | 'unknown' | undefined {
  if (text[host - 1] !== '@') return undefined;
  const before = text.slice(Math.max(0, host - 1024), host - 1);
  const scheme = before.lastIndexOf('://');
  const userinfo = before.slice(scheme + 3);
  const colon = userinfo.indexOf(':');
  if (scheme === -1 || colon === -1 || /[/?#@\s"'<>|]/.test(userinfo)) return 'unknown';
  try {
    const user = decodeURIComponent(userinfo.slice(0, colon));
    const value = decodeURIComponent(userinfo.slice(colon + 1));
    return { user, value, start: host - 1 - (userinfo.length - colon - 1) };
  } catch {
    return 'unknown';
  }
}

/** What stands for a password until somebody fills it in. */
const STAND_IN =
  /^(?:<.*>|\[.*\]|\*+|x{3,}|\.{3}|-+|todo.*|tbd|change[-_ ]?(?:me|it|this).*|replace[-_ ]?(?:me|this|with).*|placeholder.*|your[-_ ].*|redacted.*|example.*|dummy.*|(?:fill|set|insert)[-_ ].*|to[-_ ]be[-_ ].*)$/i;

function known(text: ExpandedText, value: string, start: number, name: string, declared: Path): Credential | undefined {
  const part = partAt(text, start);
  if (!part || value === '' || value.includes(MASK) || STAND_IN.test(value.trim())) return undefined;
  if (text.parts.some(({ unless }) => unless !== undefined)) return undefined;
  const { unless, ...where } = part;
  return { value, where, name, declared };
}

function credentialOf(variable: Variable): Credential | undefined {
  return known(variable, variable.text, 0, variable.name, variable.declared);
}

/** The one container that answers a connection, where its image is one of the table. */
function serverOf(
  cluster: Cluster,
  { service, port }: Connection,
): { workload: Workload; container: PodContainer; server: Server } | undefined {
  const { workloads, certain } = backendsOf(cluster, service);
  const [workload, ...others] = workloads;
  if (!certain || !workload || others.length > 0) return undefined;
  // Without a port, the client dials the one that its protocol has.
  const entries = portsOfService(service).filter((entry) => port === undefined || entry.port === port);
  const targets = entries.map((entry) => podPort(workload, entry));
  const candidates = containersOf(workload).flatMap((container) => {
    if (container.list !== 'containers') return [];
    const base = baseOf(container.container.image);
    const server = SERVERS.find(({ image, ports }) => image.test(base) && ports.some((own) => targets.includes(own)));
    return server ? [{ workload, container, server }] : [];
  });
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** The last part of an image's name. */
function baseOf(image: unknown): string {
  const parsed = typeof image === 'string' ? parseImage(image) : undefined;
  return parsed === undefined || 'invalid' in parsed ? '' : parsed.name.slice(parsed.name.lastIndexOf('/') + 1);
}

/** The password that a server's account is made with, undefined where it is unknown, or the user is none that the image makes. */
function passwordOf(
  cluster: Cluster,
  workload: Workload,
  container: PodContainer,
  server: Server,
  user: string | undefined,
): Credential | undefined {
  const environment = environmentOf(cluster, workload, container);
  const isSet = (name: string) => environment.has(name);
  if (server.unless.some(isSet)) return undefined;
  const isRedis = REDIS.test(baseOf(container.container.image));
  const required = isRedis ? requirepass(workload, container, environment) : undefined;
  if (required !== undefined) return required === 'unknown' || !isDefault(user) ? undefined : required;
  if (isRedis && !String(container.container.image).includes('bitnami')) return undefined;
  const found = server.accounts.flatMap((candidate) => {
    const names = candidate.user.filter(isSet);
    const passwords = candidate.password.filter(isSet);
    const [name] = names;
    const [password] = passwords;
    // A file may hold it, and two variables may say different things.
    const isFile = [...candidate.user, ...candidate.password].some((variable) => isSet(`${variable}_FILE`));
    if (password === undefined || passwords.length > 1 || names.length > 1 || isFile) return [];
    const own = name === undefined ? candidate.named : environment.get(name)?.text;
    const isUser = isRedis ? isDefault(user) : own !== undefined && own === user;
    const variable = environment.get(password);
    return isUser && variable ? [credentialOf(variable)] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

/** Redis asks for no name: https://redis.io/docs/latest/commands/auth/ */
function isDefault(user: string | undefined): boolean {
  return user === undefined || user === 'default';
}

/** What `redis-server --requirepass` is given, undefined without. */
function requirepass(
  { resource }: Workload,
  { container, path }: PodContainer,
  environment: ReadonlyMap<string, Variable>,
): Credential | 'unknown' | undefined {
  for (const field of ['command', 'args'] as const) {
    const words = asList(container[field]);
    for (const [i, word] of words.entries()) {
      if (typeof word !== 'string' || !word.includes('requirepass')) continue;
      const value = words[i + 1];
      if (word !== '--requirepass' || typeof value !== 'string') return 'unknown';
      const declared = [...path, field, i + 1];
      const text = expand(value, { resource, path: declared, key: undefined, secret: false }, environment);
      // A shell's variable.
      if (text.text.includes('$')) return 'unknown';
      return known(text, text.text, 0, field, declared) ?? 'unknown';
    }
  }
  return undefined;
}
