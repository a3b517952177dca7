import { MASK } from '../unknown.ts';

/** A host that a text names, as it is written there. */
export interface Address {
  /** As written; empty where something fills it in, or where it is no name (an IPv6 literal). */
  host: string;
  /** Where the host starts in the text. */
  start: number;
  /** As written, else the scheme's own; `unknown` where something fills it in; undefined where nothing says. */
  port: number | 'unknown' | undefined;
  /** The port isn't the scheme's own but written. */
  written: boolean;
  protocol: 'TCP' | 'UDP';
  /** The last part of the scheme that says what is spoken: `http`, `postgresql`. */
  scheme: string | undefined;
  /** What makes it an address: a URL or connection string, a port, or nothing but its looks. */
  form: 'url' | 'port' | 'word';
  /** Addresses of one group are alternatives: a list of brokers, of replicas. */
  group: number;
}

/** What speaks which scheme on which port, where it has one of its own (IANA, and each product's documentation). */
const SCHEMES: ReadonlyMap<string, number | undefined> = new Map<string, number | undefined>([
  ...Object.entries({
    http: 80,
    https: 443,
    ws: 80,
    wss: 443,
    postgres: 5432,
    postgresql: 5432,
    pgsql: 5432,
    postgis: 5432,
    pgx: 5432,
    cockroachdb: 26257,
    redshift: 5439,
    vertica: 5433,
    mysql: 3306,
    mysql2: 3306,
    mariadb: 3306,
    mssql: 1433,
    sqlserver: 1433,
    oracle: 1521,
    db2: 50000,
    h2: 9092,
    hive2: 10000,
    mongodb: 27017,
    redis: 6379,
    rediss: 6379,
    valkey: 6379,
    valkeys: 6379,
    memcached: 11211,
    memcache: 11211,
    amqp: 5672,
    amqps: 5671,
    mqtt: 1883,
    mqtts: 8883,
    stomp: 61613,
    nats: 4222,
    kafka: 9092,
    pulsar: 6650,
    zookeeper: 2181,
    zk: 2181,
    etcd: 2379,
    neo4j: 7687,
    bolt: 7687,
    cassandra: 9042,
    scylla: 9042,
    ldap: 389,
    ldaps: 636,
    smtp: 25,
    smtps: 465,
    ftp: 21,
    sftp: 22,
    ssh: 22,
    socks5: 1080,
    spark: 7077,
    rtmp: 1935,
  }),
  // Spoken on any port, or on several.
  ...[
    ...['tcp', 'udp', 'tls', 'ssl', 'grpc', 'grpcs', 'elasticsearch', 'opensearch', 'clickhouse', 'presto', 'trino'],
    ...['influxdb', 'couchdb', 'couchbase', 'arangodb', 'hdfs', 'thrift', 'fluent', 'syslog', 'statsd', 'socks', 'dns'],
    ...[
      'activemq',
      'ecto',
      'nsq',
      'consul',
      'plaintext',
      'sasl_plaintext',
      'sasl_ssl',
      'jdbc',
      'r2dbc',
      'sentinel',
      'ignite',
    ],
  ].map((scheme) => [scheme, undefined] as const),
]);

/** Parts of a scheme after which no host follows that is dialled as it stands: an SRV record, a socket, a file. */
const NO_HOST = new Set(['srv', 'dnssrv', 'unix', 'socket', 'file', 'npipe', 'embedded', 'mem']);

/** The most characters of a text that are searched. */
const LONGEST = 1024 * 1024;

const LONGEST_PASSWORD = 256;

/** What may stand after a host or a port. */
const AFTER_HOST = /[/?#,;:)\]}"'`\s\\&|<>]/;

/**
 * The URLs of a text, wherever they stand, JDBC's and comma lists of hosts among them. In time linear in the text's length. Userinfo
 * ends at the authority's last `@` (WHATWG), or, where the password holds a `/`, at the next one (SQLAlchemy).
 */
export function urlsIn(text: string): Address[] {
  const found: Address[] = [];
  if (text.length > LONGEST) return found;
  let previousStart = -1;
  let previousEnd = -1;
  let group = -1;
  for (let at = text.indexOf('://'); at !== -1; at = text.indexOf('://', at + 3)) {
    const scheme = schemeBefore(text, at);
    if (scheme === undefined) continue;
    const { start, parts } = scheme;
    // `nats://a:4222,nats://b:4222`: alternatives.
    if (!(previousEnd !== -1 && /[,;]/.test(text[start - 1] ?? '') && start - 1 <= previousEnd)) group = found.length;
    // What a path or a query holds is for who is asked: `/plain/http://shop`, `?redirect_uri=http://shop`.
    const before = start < previousEnd ? text[start - 1] : undefined;
    if (before === '/' || (before === '=' && text.slice(previousStart, start).includes('?'))) continue;
    const name = parts.findLast((part) => SCHEMES.has(part));
    if (name === undefined || parts.some((part) => NO_HOST.has(part))) continue;
    const hosts = name === 'dns' ? dnsTarget(text, at + 3) : authority(text, at + 3, WEB.test(name));
    const tls = parts.length > 1 && parts.some((part) => part === 'ssl' || part === 'tls');
    const own = tls ? undefined : parts.map((part) => SCHEMES.get(part)).find((port) => port !== undefined);
    for (const host of hosts) {
      found.push({
        host: host.host,
        start: host.start,
        port: host.port ?? own,
        written: host.port !== undefined,
        protocol: parts.includes('udp') || parts.includes('statsd') ? 'UDP' : 'TCP',
        scheme: name,
        form: 'url',
        group,
      });
    }
    if (at + 3 > previousEnd) {
      previousStart = start;
      previousEnd = skip(text, at + 3, /[^\s"'`<>|,;]/);
    }
  }
  return found;
}

/**
 * What a value says that is an address as a whole: URLs, connection strings, `host:port`, hosts, and lists of them. Those of form
 * `word` are addresses only where something else says so.
 */
export function addressesIn(text: string): Address[] {
  if (text.length > LONGEST) return [];
  const urls = [...urlsIn(text), ...oracleHosts(text)];
  if (urls.length > 0) return urls;
  const strings = [...descriptors(text), ...goMysqlHosts(text), ...keywordHosts(text)];
  return strings.length > 0 ? strings : listed(text);
}

interface HostPort {
  host: string;
  start: number;
  port: number | 'unknown' | undefined;
  end: number;
}

function schemeBefore(text: string, at: number): { start: number; parts: string[] } | undefined {
  let start = at;
  while (start > 0 && at - start < 64 && /[A-Za-z0-9+.:_-]/.test(text[start - 1] ?? '')) start--;
  const parts = text.slice(start, at).toLowerCase().split(/[:+]/);
  // `redis-sentinel://`, `influxdb-http://`
  const split = parts.flatMap((part) => (SCHEMES.has(part) ? [part] : part.split('-')));
  return split.some((part) => part !== '') ? { start, parts: split } : undefined;
}

/** What is left of a password up to its `@`, where its start was taken for a host or a port; no query, as `?user=me@there` is one. */
const IN_PASSWORD = /^(?:#[^\s"'`<>|@]*|\/[^\s"'`<>|@?]*(?:\?[^\s"'`<>|@=&]*)?|\?[^\s"'`<>|@=&]*)@/;
/** The same where an `@` may start a part of a path: `/@scope/package`. */
const IN_PATH = /^[/#][^\s"'`<>|@?]*[^\s"'`<>|@?/#]@/;
/** Whose paths may hold an `@`. */
const WEB = /^(?:https?|wss?|grpcs?|ftp|sftp|ssh)$/;

function authority(text: string, from: number, isWeb: boolean): HostPort[] {
  const end = skip(text, from, /[^/?#\s"'`<>|]/);
  const at = text.slice(from, end).lastIndexOf('@');
  const host = at === -1 ? from : from + at + 1;
  // golang-migrate's `mysql://user:password@tcp(host:3306)/db`
  const hosts = hostList(text, host + (/^tcp[46]?\(/.exec(text.slice(host, host + 5))?.[0].length ?? 0));
  const first = hosts[0];
  const isNoPort = first?.port === 'unknown' && text[first.end - 1] === ':' && !isFilledIn(text[first.end]);
  // The authority of a list ends where its next URL says `://`.
  if (!first || (text[end - 1] === ':' && text.startsWith('//', end))) return hosts;
  // `postgresql://user:pa/ss@host`, `redis://:1#2@host`: what looked like a port, or a host, is the start of a password.
  const password = isNoPort ? /^[^\s"'`<>|@]*@/ : isWeb ? IN_PATH : IN_PASSWORD;
  const later = password.exec(text.slice(end, end + LONGEST_PASSWORD))?.[0].length;
  // A path may hold an `@`, too: whether `http://user:1/2@host` names a user or a host can't be known.
  if (later !== undefined && (isWeb || at !== -1) && !isNoPort) return [{ ...first, host: '', port: 'unknown' }];
  if (later !== undefined) return hostList(text, end + later);
  // Quotes and the like end a URL in a text, and may be part of a password.
  const rest = /^[^\s@]*@/.exec(text.slice(end, end + LONGEST_PASSWORD))?.[0] ?? '';
  const isDoubtful = rest !== '' && !rest.includes('://') && /["'`<>|]/.test(rest);
  return isNoPort || isDoubtful ? [{ ...first, host: '' }] : hosts;
}

/** gRPC's `dns:///host:port` and `dns://resolver/host:port`. */
function dnsTarget(text: string, from: number): HostPort[] {
  const end = skip(text, from, /[^/?#\s"'`<>|]/);
  return text[end] === '/' ? hostList(text, end + 1) : [];
}

function skip(text: string, from: number, over: RegExp): number {
  let end = from;
  while (end < text.length && over.test(text[end] ?? '')) end++;
  return end;
}

/** `a:1,b:2` from there on. */
function hostList(text: string, from: number): HostPort[] {
  const hosts: HostPort[] = [];
  let next = from;
  do {
    const host = hostPort(text, next);
    if (!host || text[host.end] === '=' || (hosts.length > 0 && text.startsWith('://', host.end))) break;
    hosts.push(host);
    next = host.end + 1;
  } while (text[next - 1] === ',');
  return hosts;
}

/** A host, with its port or without, that starts there. Undefined where none does. */
function hostPort(text: string, start: number): HostPort | undefined {
  if (text[start] === '[') {
    const closed = text.indexOf(']', start);
    return closed === -1 || closed - start > 64 ? undefined : { host: '', start, port: undefined, end: closed + 1 };
  }
  let end = skip(text, start, /[A-Za-z0-9._-]/);
  const host = text.slice(start, end);
  if (isFilledIn(text[end])) return { host: '', start, port: 'unknown', end };
  if (host === '' || host.length > 253) return undefined;
  // SQL Server's `host\instance`: its port is asked for.
  if (text[end] === '\\' && /[A-Za-z0-9]/.test(text[end + 1] ?? '')) {
    end = skip(text, end + 1, /[\w$]/);
    if (text[end] !== ':') return { host, start, port: 'unknown', end };
  }
  if (text[end] !== ':' || /[/,]/.test(text[end + 1] ?? '/')) return valid({ host, start, port: undefined, end }, text);
  const after = skip(text, end + 1, /\d/);
  const digits = text.slice(end + 1, after);
  const isPort = digits !== '' && digits.length <= 5 && Number(digits) <= 65535 && isAfterHost(text[after]);
  return valid(
    isPort ? { host, start, port: Number(digits), end: after } : { host, start, port: 'unknown', end: end + 1 },
    text,
  );
}

function valid(found: HostPort, text: string): HostPort {
  return found.port === 'unknown' || isAfterHost(text[found.end]) ? found : { ...found, host: '' };
}

/** A placeholder, or a shell's variable. */
function isFilledIn(character: string | undefined): boolean {
  return character === MASK || character === '$';
}

function isAfterHost(character: string | undefined): boolean {
  return character === undefined || AFTER_HOST.test(character);
}

/** Oracle's `jdbc:oracle:thin:@//host:port/service`, `@host:port:sid`. A name alone is an alias. */
function oracleHosts(text: string): Address[] {
  const found: Address[] = [];
  for (const match of text.matchAll(/\bjdbc:oracle:(?:thin|oci):[^@\s]{0,256}@(\/\/)?/gi)) {
    const host = hostPort(text, match.index + match[0].length);
    if (!host || (match[1] === undefined && host.port === undefined)) continue;
    found.push(connectionString(host, 1521));
  }
  return found;
}

/** `(HOST=host)(PORT=port)`: Oracle's descriptors, MySQL's `address=`. */
function descriptors(text: string): Address[] {
  const found: Address[] = [];
  for (const match of text.matchAll(/\(\s?host\s?=\s?/gi)) {
    const host = hostPort(text, match.index + match[0].length);
    if (!host || text[host.end] !== ')') continue;
    const port = /^\)\s?\(\s?port\s?=\s?(\d{1,5})\s?\)/i.exec(text.slice(host.end, host.end + 32))?.[1];
    found.push({ ...connectionString(host), ...(port ? { port: Number(port), written: true } : {}) });
  }
  return found;
}

/** Go's MySQL driver: `user:password@tcp(host:3306)/db`. */
function goMysqlHosts(text: string): Address[] {
  const found: Address[] = [];
  for (const match of text.matchAll(/(^|@)tcp[46]?\(/g)) {
    const host = hostPort(text, match.index + match[0].length);
    if (host && text[host.end] === ')') found.push(connectionString(host, match[1] === '@' ? 3306 : undefined));
  }
  return found;
}

const HOST_KEYWORD =
  /(?:^|[;\s:])(?:host|hostaddr|server|data source|datasource|addr|address|network address)\s?=\s?["']?(?:tcp:)?/gi;
const OTHER_KEYWORD =
  /(?:^|[;\s:])(?:port|user|username|user id|uid|password|pwd|dbname|database|initial catalog|sslmode|trusted_connection)\s?=/i;
const PORT_KEYWORD = /(?:^|[;\s:])port\s?=\s?["']?([^;\s"']{0,64})/i;

/** libpq's `host=db port=5432 …`, ADO.NET's `Server=db,1433;Database=…`, PDO's `mysql:host=db;port=3306`. */
function keywordHosts(text: string): Address[] {
  if (!OTHER_KEYWORD.test(text)) return [];
  const port = PORT_KEYWORD.exec(text)?.[1];
  const found: Address[] = [];
  for (const match of text.matchAll(HOST_KEYWORD)) {
    const hosts = hostList(text, match.index + match[0].length);
    const [first, second] = hosts;
    // SQL Server writes `host,port`.
    if (first && second && /^\d+$/.test(second.host)) {
      found.push(connectionString({ ...first, port: Number(second.host) }));
      continue;
    }
    for (const host of hosts) {
      const given = port === undefined ? undefined : /^\d{1,5}$/.test(port) ? Number(port) : 'unknown';
      found.push(connectionString({ ...host, port: host.port ?? given }));
    }
  }
  return found;
}

function connectionString({ host, start, port }: HostPort, own?: number): Address {
  const written = port !== undefined;
  return {
    host,
    start,
    port: port ?? own,
    written,
    protocol: 'TCP',
    scheme: undefined,
    form: 'url',
    group: 0,
  };
}

/** `host:port`, `host`, or a list of such. Undefined elements make the whole text something else. */
function listed(text: string): Address[] {
  const found: Address[] = [];
  for (const { 0: token, index } of text.matchAll(/[^\s,;]+/g)) {
    // StackExchange.Redis: `redis:6379,abortConnect=false`
    if (found.length > 0 && /^\w+=/.test(token)) continue;
    // Kafka's voters: `1@kafka-0.kafka:9093`
    const skipped = /^\d{1,9}@/.exec(token)?.[0].length ?? 0;
    const host = hostPort(text, index + skipped);
    if (!host) return [];
    const rest = text.slice(host.end, index + token.length);
    const isPath = typeof host.port === 'number' && (rest.startsWith('/') || rest.startsWith('?'));
    // `user:password` is no address, and `db:${PORT}` needs a name that says that it is one.
    const isWhole = host.port === 'unknown' ? isFilledIn(text[host.end]) : rest === '' || isPath;
    if (!isWhole) return [];
    found.push({
      host: host.host,
      start: host.start,
      port: host.port,
      written: host.port !== undefined,
      protocol: 'TCP',
      scheme: undefined,
      form: typeof host.port === 'number' ? 'port' : 'word',
      group: 0,
    });
    if (found.length > 1000) return [];
  }
  return isNames(found, text) ? [] : found;
}

/** `web,web.shop.svc`: the names that one server's certificate is for. */
function isNames(found: readonly Address[], text: string): boolean {
  if (found.length < 2 || found.some(({ form }) => form !== 'word')) return false;
  const [one, ...others] = found.map(({ start }) => text.slice(start, skip(text, start, /[A-Za-z0-9-]/) + 1));
  return others.every((other) => other.endsWith('.') && other.slice(0, -1) === one?.replace(/[^A-Za-z0-9-]$/, ''));
}
