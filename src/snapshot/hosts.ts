import { addressesIn, urlsIn } from '../cluster/connections/addresses.ts';
import { mayBeDialled, namesHost, wordsOf } from '../cluster/connections/dial-names.ts';

/** The Services that were read, by `namespace/name`, with the ports that they serve. */
export type Services = ReadonlyMap<string, ReadonlySet<number>>;

/** Longer values aren't addresses. */
const LONGEST = 2048;

/**
 * What of a value of a Secret or ConfigMap may be written down: scheme, hosts and ports of a URL, or hosts (with their ports) that are
 * Services. Empty for everything else, for keys that don't say that something is dialled, and wherever a text can be read in two ways:
 * of a credential, no character may stay.
 */
export function hostsIn(key: string, value: string, namespace: string, services: Services): string {
  const text = value.trim();
  // Only printable ASCII, without spaces and quotes: connection strings and files may hold anything anywhere.
  if (text.length > LONGEST || !/^[!#-&(-_a-~]+$/.test(text) || !mayBeDialled(key) || namesSecret(key)) return '';
  return text.includes('://') ? hostsOfUrl(text) : hostsOfServices(key, text, namespace, services);
}

/** Whether a key says that a secret stands there, wherever in it: `password.old`, `TOKEN_2`; not `TOKEN_URL`. */
function namesSecret(key: string): boolean {
  if (namesHost(`db-${key}`)) return false;
  return /passw|passphrase|pwd|secret|token|credential|api.?key|private/i.test(key) || wordsOf(key).some(isSecretWord);
}

function isSecretWord(word: string): boolean {
  return /^(?:pass|pw|keys?|auth|login|pin|otp|salt|seed|creds?|cookie|session)$/.test(word);
}

const URL_SHAPE = /^([a-z][a-z0-9+:]*):\/\/([^/?#;]*)([/?#;].*)?$/i;
const HOST = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i;

function hostsOfUrl(text: string): string {
  const shape = URL_SHAPE.exec(text);
  if (!shape) return '';
  const [, scheme = '', authority = '', rest = ''] = shape;
  // An `@` after the authority, or a second URL, may mean that a password holds the slash: then its start looks like a host.
  if (rest.includes('@') || text.includes('://', scheme.length + 3)) return '';
  // `;` separates what follows a JDBC URL's host, and may stand in a password.
  if (rest.startsWith(';') && authority.includes('@')) return '';
  const hosts = authority.slice(authority.lastIndexOf('@') + 1).split(',');
  if (!hosts.every(isHostPort)) return '';
  const kept = `${scheme.toLowerCase()}://${hosts.join(',')}`;
  // A scheme that nobody knows may be a secret itself, and what is kept must mean the same.
  const known = urlsIn(text);
  const same = JSON.stringify(places(known)) === JSON.stringify(places(urlsIn(kept)));
  return known.length === hosts.length && same && isKnownScheme(scheme) ? kept : '';
}

/** Every part of a scheme means something to `urlsIn`, or is one of those that go with a known one. */
function isKnownScheme(scheme: string): boolean {
  return scheme
    .toLowerCase()
    .split(/[+:]/)
    .every((part) => DRIVERS.has(part) || urlsIn(`${part}://host`).length > 0);
}

/** Drivers and modes that stand in a scheme beside what is spoken. */
const DRIVERS = new Set([
  ...['asyncpg', 'psycopg', 'psycopg2', 'pg8000', 'pymysql', 'aiomysql', 'mysqldb', 'mysqlconnector', 'pyodbc'],
  ...['aiopg', 'asyncmy', 'jtds', 'replication', 'loadbalance', 'aurora', 'pool', 'native', 'cluster', 'otlp'],
]);

function places(addresses: ReturnType<typeof urlsIn>) {
  return addresses.map(({ host, port, protocol, scheme }) => [host, port, protocol, scheme?.toLowerCase()]);
}

function isHostPort(text: string): boolean {
  const [, host = '', port] = /^([^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  return host.length <= 253 && HOST.test(host) && (port === undefined || (Number(port) > 0 && Number(port) <= 65535));
}

function hostsOfServices(key: string, text: string, namespace: string, services: Services): string {
  const hosts = text.split(',');
  if (addressesIn(text).length !== hosts.length) return '';
  // `db-host` where the key is only `host`: within a Secret that isn't the program's own.
  const isNamed = namesHost(`db-${key}`);
  return hosts.every((host) => isHostPort(host) && isService(host, isNamed)) ? text : '';

  function isService(hostPort: string, isNamed: boolean): boolean {
    const [host = '', port] = hostPort.toLowerCase().split(':');
    const [name, of = namespace, ...rest] = host.split('.');
    if (!['', 'svc', 'svc.cluster.local'].includes(rest.join('.'))) return false;
    const ports = services.get(`${of}/${name}`);
    // A bare word may be a password that is called like a Service; with a port of that Service, it is none.
    return ports !== undefined && (isNamed || (port !== undefined && ports.has(Number(port))));
  }
}
