import { MASK } from '../unknown.ts';

/** Words of a name that say that an address is compared, shown or listened on, not dialled from here. */
const NOT_DIALLED = new Set([
  ...[
    'origin',
    'origins',
    'cors',
    'csp',
    'csrf',
    'allow',
    'allowed',
    'allowlist',
    'whitelist',
    'blacklist',
    'blocklist',
  ],
  ...['trusted', 'callback', 'callbacks', 'redirect', 'redirects', 'public', 'external', 'advertised', 'advertise'],
  ...['announce', 'announced', 'audience', 'aud', 'cookie', 'vhost', 'vhosts', 'virtual', 'listen', 'listener'],
  ...['listeners', 'bind', 'self', 'own', 'referer', 'referrer', 'sni', 'san', 'sans', 'noproxy', 'vite', 'logout'],
  ...['homepage', 'runbook', 'ingress', 'docs', 'documentation', 'springdoc', 'swagger', 'openapi', 'kestrel'],
  ...['example', 'examples', 'links', 'bookmark', 'bookmarks', 'test', 'tests', 'mock', 'mocks', 'fixtures'],
]);

/** Last words of names whose values look like addresses and are none: `POSTGRES_IMAGE: postgres:16`. */
const NO_ADDRESS = new Set([
  ...[
    'image',
    'images',
    'tag',
    'version',
    'domain',
    'domains',
    'label',
    'labels',
    'namespace',
    'realm',
    'id',
    'header',
  ],
  ...['headers', 'link', 'links', 'auth', 'user', 'password', 'credentials', 'token', 'key', 'secret', 'description'],
  // A JWT's issuer is compared; an issuer's URL or URI is asked for its keys.
  ...['issuer', 'iss', 'subject', 'title', 'message', 'notes', 'schema', 'policy'],
]);

/** First words of what is built into pages, for the browser to dial. */
const BUNDLED = new Set(['react app', 'vue app', 'ng app', 'gatsby']);

/** Words whose URL is what people open, not what the program dials: `FRONTEND_URL` is for links and CORS. */
const SHOWN = new Set([
  ...[
    'frontend',
    'client',
    'web',
    'webapp',
    'website',
    'site',
    'ui',
    'home',
    'root',
    'portal',
    'dashboard',
    'landing',
    'page',
  ],
]);

/** Names that mean the program's own address. */
const OWN = new Set([
  ...['base url', 'base uri', 'app url', 'app base url', 'app host', 'server url', 'server base url', 'server name'],
  ...[
    'http host',
    'https host',
    'server host',
    'server addr',
    'server address',
    'kc hostname',
    'kc hostname url',
    'keycloak hostname',
    'host',
    'hostname',
    'host name',
    'addr',
    'address',
    'host url',
    'service url',
    'url',
    'domain',
    'server',
  ],
]);

const HOST_WORD =
  /^(?:.*host|.*hosts|.*hostname|.*hostnames|addr|addrs|address|addresses|.*url|.*urls|.*uri|.*uris|.*dsn|endpoint|endpoints|server|servers|brokers|upstream|upstreams|seeds|nodes|points)$/;

/** Kinds of servers, where `X_SERVER` names what runs, not where. */
const KINDS = new Set(['web', 'app', 'application', 'http', 'wsgi', 'asgi', 'display']);

/** The words of a name: `SPRING_DATASOURCE_URL`, `dbHost`, `--db-host`, `spring.redis.host`. */
export function wordsOf(name: string): string[] {
  return name
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** Whether a variable, flag or key of that name may hold an address that the program dials. */
export function mayBeDialled(name: string): boolean {
  const words = wordsOf(name);
  if (words.some((word) => NOT_DIALLED.has(word))) return false;
  const [last = '', before = ''] = words.toReversed();
  if (NO_ADDRESS.has(last) || (last === 'proxy' && before === 'no')) return false;
  if (last === 'agent' && before === 'user') return false;
  if (BUNDLED.has(words.slice(0, 2).join(' ')) || BUNDLED.has(words[0] ?? '')) return false;
  return !((last === 'url' || last === 'uri') && SHOWN.has(before)) && !(words.length > 1 && OWN.has(words.join(' ')));
}

/** Whether a name says that a bare word is a host: `DATABASE_HOST`, `PGHOST`, `kafka.bootstrap.servers`. */
export function namesHost(name: string): boolean {
  const words = wordsOf(name);
  if (!mayBeDialled(name) || OWN.has(words.join(' '))) return false;
  const [last = '', before = ''] = words.toReversed();
  if (last === 'name' && before === 'host') return true;
  if (last === 'ghost' || last === 'localhost') return false;
  if ((last === 'server' || last === 'servers') && KINDS.has(before)) return false;
  return HOST_WORD.test(last);
}

const HOST_SUFFIX = /(?:host(?:[-_.]?names?)?s?|addr(?:ess)?|servers?|endpoint|ur[il])$/i;

/** The names that the port of a host's variable may have: `DB_HOST` has `DB_PORT`, `pgHost` has `pgPort`. */
export function portNamesOf(name: string): string[] {
  return namesBeside(name, 'port');
}

/** The names that something else of a host's variable may have: `DB_URL` and `DB_HOST` have `DB_PASSWORD`, `pgHost` has `pgUser`. */
export function namesBeside(name: string, word: string): string[] {
  const suffix = HOST_SUFFIX.exec(name)?.[0];
  if (suffix === undefined) return [];
  const first = suffix[0] ?? '';
  const isUpper = suffix === suffix.toUpperCase();
  const capital = `${word[0]?.toUpperCase()}${word.slice(1)}`;
  const other = isUpper ? word.toUpperCase() : first === first.toUpperCase() ? capital : word;
  const separator = /[-_.]$/.exec(name.slice(0, -suffix.length))?.[0] ?? (isUpper ? '_' : '');
  return [name.slice(0, -suffix.length) + other, `${name}${separator}${other}`];
}

const OFF = /^(?:false|0|no|off|disabled|)$/i;
const ON = /^(?:true|1|yes|on|enabled)$/i;

/** Whether other variables switch off what a variable is for: `REDIS_ENABLED: "false"` beside `REDIS_HOST`. */
export function isSwitchedOff(name: string, read: (name: string) => string | undefined): boolean {
  const words = wordsOf(name).map((word) => word.toUpperCase());
  for (let length = words.length - 1; length > 0; length--) {
    const feature = words.slice(0, length).join('_');
    const enabled = [`${feature}_ENABLED`, `${feature}_ENABLE`, `ENABLE_${feature}`, `USE_${feature}`, `${feature}_ON`];
    if (enabled.some((other) => mayBe(OFF, read(other)))) return true;
    const disabled = [`${feature}_DISABLED`, `${feature}_DISABLE`, `DISABLE_${feature}`];
    if (disabled.some((other) => mayBe(ON, read(other)))) return true;
  }
  return words[0] === 'OTEL' && mayBe(ON, read('OTEL_SDK_DISABLED'));
}

function mayBe(wanted: RegExp, value: string | undefined): boolean {
  return value !== undefined && (wanted.test(value) || value.includes(MASK));
}
