import { describe, expect, it } from 'vitest';
import { addressesIn } from '../src/cluster/connections/addresses.ts';
import { type Connection, connectionsOf } from '../src/cluster/connections/connections.ts';
import { addressesInFile } from '../src/cluster/connections/file-addresses.ts';
import { backendsOf, podPort, portsOfService } from '../src/cluster/network/services.ts';
import { MASK } from '../src/cluster/unknown.ts';
import { clusterOf, type Manifest, resourceOf, workload } from './in-memory.ts';

/** `host:port` of each address, `?` for a port that is filled in later, `|` between those that are no alternatives. */
function read(text: string): string {
  let group: number | undefined;
  return addressesIn(text)
    .map(({ host, port, form, protocol, start, group: own }) => {
      expect(text.slice(start, start + host.length)).toBe(host);
      const separator = group === undefined ? '' : own === group ? ', ' : ' | ';
      group = own;
      const shown = `${host === '' ? '-' : host}${port === undefined ? '' : `:${port === 'unknown' ? '?' : port}`}`;
      return `${separator}${shown}${form === 'word' ? ' (word)' : ''}${protocol === 'UDP' ? '/udp' : ''}`;
    })
    .join('');
}

describe('addresses in a value', () => {
  const cases: [string, string][] = [
    ['postgres', 'postgres (word)'],
    ['postgres:5432', 'postgres:5432'],
    ['postgres.data.svc.cluster.local.:5432', 'postgres.data.svc.cluster.local.:5432'],
    ['postgres:5432/shop', 'postgres:5432'],
    ['a:1,b:2; c', 'a:1, b:2, c (word)'],
    ['kafka-0.kafka:9092,kafka-1.kafka:9092', 'kafka-0.kafka:9092, kafka-1.kafka:9092'],
    ['1@kafka-0.kafka:9093', 'kafka-0.kafka:9093'],
    ['redis:6379,abortConnect=false,password=x', 'redis:6379'],
    ['user:password', ''],
    [`postgres:${MASK}`, 'postgres:? (word)'],
    [`${MASK}:5432`, '-:? (word)'],
    ['redis:99999', ''],
    ['a sentence about redis:6379.', ''],
    ['[::1]:5432', ''],

    ['http://api', 'api:80'],
    ['https://api/health', 'api:443'],
    ['HTTP://API:8080', 'API:8080'],
    ['http://api:/', 'api:80'],
    ['ws://api?x=1', 'api:80'],
    ['grpc://api', 'api'],
    ['udp://logs:514', 'logs:514/udp'],
    ['dns:///api:9000', 'api:9000'],
    ['http://[fd00::1]:80/', '-:80'],
    ['http://svc:80/@scope/package', 'svc:80'],
    [`http://api:${MASK}/x`, 'api:?'],
    [`http://api-${MASK}:80`, '-:?'],
    ['http://$HOST:80', '-:?'],
    ['http://api:$PORT/x', 'api:?'],
    ['see http://a:1/x and http://b:2', 'a:1 | b:2'],
    ['["http://a:1","http://b:2"]', 'a:1 | b:2'],
    ['s3://bucket/key', ''],
    ['file:///etc/hosts', ''],
    ['redis+unix:///run/redis.sock', ''],
    ['mongodb+srv://mongo/db', ''],
    ['arn:aws:s3:::bucket', ''],

    ['postgres://postgres/shop', 'postgres:5432'],
    ['postgresql+asyncpg://u:p@db/shop', 'db:5432'],
    ['postgres://u:p@ss@db:5433/shop', 'db:5433'],
    ['postgres://u:p%40%2F%23@db:5433/shop', 'db:5433'],
    ['postgresql://u:pa/ss#1@db:5433/shop', 'db:5433'],
    ['postgresql://u:12/ss@db:5433/shop', 'db:5433'],
    ['postgresql://u:12#s?s@db/shop', 'db:5432'],
    ['redis://to/ken@cache', 'cache:6379'],
    ['amqp://u:1?2@rabbit', 'rabbit:5672'],
    ['jdbc:postgresql://db:5432/shop?user=me@there&password=x', 'db:5432'],
    ['mongodb://a:1,b/db?x=me@there', 'a:1, b:27017'],
    ['http://user:80/x@y', '-:?'],
    ['http://to/ken@y', '-:?'],
    ['http://api/x?user=me@there', 'api:80'],
    ['postgres://u:$tr;ange,!&*(p@db:5433/shop', 'db:5433'],
    [`postgres://${MASK}:${MASK}@db:5433/shop`, 'db:5433'],
    ['postgresql://u:p@a:1,b,c:3/shop', 'a:1, b:5432, c:3'],
    ['mysql://u@db', 'db:3306'],
    ['mysql2://u:p@db:3307/shop?pool=5', 'db:3307'],
    ['mongodb://u:p@a,b:27018/db?replicaSet=rs', 'a:27017, b:27018'],
    ['redis://:secret@cache', 'cache:6379'],
    ['rediss://cache/0', 'cache:6379'],
    ['redis-sentinel://cache:26379', 'cache:26379'],
    ['amqp://u:p@rabbit/%2Fvhost', 'rabbit:5672'],
    ['amqps://u:p@rabbit', 'rabbit:5671'],
    ['amqp+ssl://rabbit', 'rabbit'],
    ['amqp://u:p@a:5672,amqp://u:p@b:5672', 'a:5672, b:5672'],
    ['nats://a:4222,nats://b', 'a:4222, b:4222'],
    ['nats://a:4222,nats://u:p@b', 'a:4222, b:4222'],
    ['https://sso/auth?redirect_uri=http://shop:81/back', 'sso:443'],
    ['http://images/plain/http://shop:81/x.png', 'images:80'],
    ['http://a?x=1,http://b?url=http://c', 'a:80, b:80'],
    ['http://u:p@a:w/b@db:81', 'db:81'],
    ['postgres://u:p@a/b@db', '-:?'],
    ['SASL_SSL://kafka:9092', 'kafka:9092'],
    ['kafka://a,b:9093', 'a:9092, b:9093'],
    ['ldap://ldap', 'ldap:389'],

    ['jdbc:postgresql://db/shop', 'db:5432'],
    ['jdbc:postgresql://a:1,b:2/shop?user=x', 'a:1, b:2'],
    ['jdbc:mysql:loadbalance://a,b:3307/shop', 'a:3306, b:3307'],
    ['jdbc:mysql://address=(host=db)(port=3307)/shop', 'db:3307'],
    ['jdbc:mariadb://db:3306/shop', 'db:3306'],
    ['jdbc:sqlserver://db;databaseName=shop', 'db:1433'],
    ['jdbc:sqlserver://db:1434;databaseName=shop', 'db:1434'],
    ['jdbc:sqlserver://db\\express;databaseName=shop', 'db:?'],
    ['jdbc:sqlserver://db\\express:1434;databaseName=shop', 'db:1434'],
    ['jdbc:oracle:thin:@//db:1522/shop', 'db:1522'],
    ['jdbc:oracle:thin:@//db/shop', 'db:1521'],
    ['jdbc:oracle:thin:@db:1521:shop', 'db:1521'],
    ['jdbc:oracle:thin:u/p@db:1521/shop', 'db:1521'],
    ['jdbc:oracle:thin:@alias', ''],
    ['jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db)(PORT=1522)))', 'db:1522'],
    ['jdbc:h2:tcp://db/shop', 'db:9092'],
    ['jdbc:h2:mem:test', ''],
    ['jdbc:p6spy:postgresql://db/shop', 'db:5432'],
    ['r2dbc:pool:postgresql://db:5433/shop', 'db:5433'],

    ['mysql://u:p@tcp(db:3307)/shop', 'db:3307'],
    ['u:p@tcp(db:3307)/shop', 'db:3307'],
    ['u:p@tcp(db)/shop', 'db:3306'],
    ['host=db port=5433 user=x password=y', 'db:5433'],
    ['host=db user=x', 'db'],
    [`host=db port=${MASK} user=x`, 'db:?'],
    ['host=/run/postgresql user=x', ''],
    ['pgsql:host=db;port=5433;dbname=shop', 'db:5433'],
    ['Host=a,b;Port=5433;Username=x', 'a:5433, b:5433'],
    ['Server=db,1434;Database=shop;User Id=x', 'db:1434'],
    ['Server=tcp:db,1434;Database=shop', 'db:1434'],
    ['Data Source=db\\express;Initial Catalog=shop', 'db:?'],
    ['Server=db;Port=3307;Database=shop', 'db:3307'],
    ['host=db', ''],
    ['service.name=api,host=db', ''],
  ];
  it.each(cases)('%s → %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each(['a://b:x', '://', '@tcp(', 'host=', 'http://u:p/', 'a,', ';server=', '(host='])(
    'reads %j, a hundred thousand times over, in no time',
    (piece) => {
      const started = performance.now();
      addressesIn(`${piece.repeat(100_000)} user=x`);
      expect(performance.now() - started).toBeLessThan(2000);
    },
  );
});

const container = (fields: Manifest): Manifest => ({ name: 'main', image: 'app', ...fields });

function deployment(name: string, fields: Manifest, pod: Manifest = {}): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: {
      template: { metadata: { labels: { app: name } }, spec: { containers: [container(fields)], ...pod } },
    },
  };
}

function service(name: string, ports: number[] = [5432], spec: Manifest = {}, namespace = 'shop'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: ports.map((port) => ({ name: `p${port}`, port })), ...spec },
  };
}

const store = (kind: string, name: string, fields: Manifest): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'shop' },
  ...fields,
});

const env = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));

function show({ from, service: to, host, port, where, via, name, pod, unless }: Connection): string {
  const place = `${where.resource} ${where.path.slice(-3).join('.')}${where.secret ? ' (secret)' : ''}`;
  const target = `${host}${port === undefined ? '' : `:${port}`}${pod === undefined ? '' : ` [${pod}]`}`;
  const doubt = unless === undefined ? '' : `, unless ${unless}`;
  return `${from.resource.name} → ${target} of ${to.namespace}/${to.name}, ${via} ${name} at ${place}${doubt}`;
}

const backends = [
  service('postgres'),
  service('redis', [6379]),
  service('rabbitmq', [5672, 15672]),
  service('api', [80, 8080]),
  service('frontend', [80]),
  service('postgres', [5432], {}, 'data'),
  service('db', [5432], { clusterIP: 'None' }),
  service('kafka', [9092], { clusterIP: 'None' }),
  service('outside', [5432], { type: 'ExternalName', externalName: 'db.example.com' }),
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'shop' },
    spec: {
      serviceName: 'db',
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [container({})] } },
    },
  },
];

/** What a container of a Deployment in the namespace `shop` dials. */
function dialled(fields: Manifest, others: Manifest[] = [], pod: Manifest = {}): string[] {
  const cluster = clusterOf([deployment('web', fields, pod), ...backends, ...others]);
  return connectionsOf(cluster).map(({ host, port }) => (port === undefined ? host : `${host}:${port}`));
}

describe('hosts', () => {
  const cases: [string, string | undefined][] = [
    ['postgres', 'shop/postgres'],
    ['POSTGRES', 'shop/postgres'],
    ['postgres.data', 'data/postgres'],
    ['postgres.data.svc', 'data/postgres'],
    ['postgres.data.svc.cluster.local', 'data/postgres'],
    ['postgres.data.svc.cluster.local.', 'data/postgres'],
    ['db-0.db', 'shop/db'],
    ['db-12.db.shop.svc.cluster.local', 'shop/db'],
    ['db-x.db', undefined],
    ['other-0.db', undefined],
    ['pod.postgres', undefined],
    ['postgres.', undefined],
    ['postgres.data.', undefined],
    ['postgres.example.com', undefined],
    ['postgres.data.svc.example.com', undefined],
    ['postgres.svc', undefined],
    ['a.postgres.data.svc', undefined],
    ['a.b.postgres.data', undefined],
    ['missing', undefined],
    ['outside', undefined],
    ['-postgres', undefined],
    ['__proto__', undefined],
  ];
  it.each(cases)('%s is %s', (host, expected) => {
    const cluster = clusterOf([deployment('web', { env: env({ DB_HOST: host }) }), ...backends]);
    expect(connectionsOf(cluster).map(({ service: to }) => `${to.namespace}/${to.name}`)).toEqual(
      expected === undefined ? [] : [expected],
    );
  });

  it('of single pods have the pod’s own name and subdomain', () => {
    const single = (name: string, spec: Manifest): Manifest => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop', labels: { app: 'db' } },
      spec: { containers: [container({})], ...spec },
    });
    const singles = [
      single('alone', { subdomain: 'db' }),
      single('named', { subdomain: 'db', hostname: 'first' }),
      single('plain', {}),
    ];
    const hosts = ['alone.db', 'first.db', 'named.db', 'plain.db', 'db-0.db', 'alone.kafka'];
    expect(hosts.flatMap((host) => dialled({ env: env({ DB_HOST: host }) }, singles))).toEqual([
      'alone.db:5432',
      'first.db:5432',
      'db-0.db:5432',
    ]);
  });

  it('are not the cluster’s where the pod asks other name servers', () => {
    const given = { env: env({ DB_HOST: 'postgres' }) };
    expect(dialled(given, [], { dnsPolicy: 'Default' })).toEqual([]);
    expect(dialled(given, [], { dnsPolicy: 'None' })).toEqual([]);
    expect(dialled(given, [], { hostAliases: [{ ip: '10.0.0.1', hostnames: ['postgres'] }] })).toEqual([]);
    expect(
      dialled(given, [], { dnsPolicy: 'ClusterFirst', hostAliases: [{ ip: '10.0.0.1', hostnames: ['x'] }] }),
    ).toEqual(['postgres:5432']);
  });

  it('of unset namespaces are those of the own target only', () => {
    const inNoNamespace = (manifest: Manifest) => ({
      ...manifest,
      metadata: { ...(manifest.metadata as Manifest), namespace: undefined },
    });
    const client = inNoNamespace(deployment('web', { env: env({ DB_HOST: 'postgres', CACHE_HOST: 'redis' }) }));
    const cluster = clusterOf([
      resourceOf(client, { target: 'one' }),
      resourceOf(inNoNamespace(service('postgres')), { target: 'one' }),
      resourceOf(inNoNamespace(service('redis')), { target: 'two' }),
    ]);
    expect(connectionsOf(cluster).map(({ host }) => host)).toEqual(['postgres']);
  });
});

describe('environment variables', () => {
  const cases: [string, Record<string, string>, string[]][] = [
    ['a host', { DATABASE_HOST: 'postgres' }, ['postgres:5432']],
    ['a host and its port', { DATABASE_HOST: 'postgres', DATABASE_PORT: '5433' }, ['postgres:5433']],
    ['libpq’s names', { PGHOST: 'postgres', PGPORT: '5432' }, ['postgres:5432']],
    ['camel case', { dbHost: 'postgres', dbPort: '5432' }, ['postgres:5432']],
    ['dots', { 'spring.redis.host': 'redis', 'spring.redis.port': '6379' }, ['redis:6379']],
    ['a port after the host’s name', { DB_HOST: 'postgres', DB_HOST_PORT: '5432' }, ['postgres:5432']],
    ['a port that is no number', { DB_HOST: 'postgres', DB_PORT: 'http' }, ['postgres:5432']],
    ['a headless one’s, too', { DB_HOST: 'db', DB_PORT: '${PORT}' }, []],
    ['a port that the host has itself', { DB_HOST: 'postgres:5432', DB_PORT: '1' }, ['postgres:5432']],
    ['a URL in a host’s variable', { API_HOST: 'http://api', API_PORT: '8080' }, ['api:8080']],
    ['a URL', { DATABASE_URL: 'postgres://u:p@postgres/shop' }, ['postgres:5432']],
    ['a URL in a text', { JAVA_OPTS: '-Xmx1g -Ddb.url=jdbc:postgresql://postgres:5432/shop' }, ['postgres:5432']],
    ['host and port under any name', { QUEUE: 'rabbitmq:5672' }, ['rabbitmq:5672']],
    ['a port that the Service lacks, under any name', { CACHE: 'redis:7' }, []],
    ['and under one that says host', { CACHE_HOST: 'redis:7' }, ['redis:7']],
    ['a bare word under any name', { CACHE: 'redis', DB_CONNECTION: 'postgres' }, []],
    ['the kind of a broker', { MESSAGE_BROKER: 'rabbitmq', WEB_SERVER: 'api' }, []],
    ['brokers', { KAFKA_BROKERS: 'kafka' }, ['kafka:9092']],
    ['variables of others', { DB_NAME: 'postgres', PGUSER: 'postgres', POSTGRES_DB: 'postgres' }, []],
    ['a virtual host', { RABBITMQ_VHOST: 'api', VIRTUAL_HOST: 'api', GHOST: 'api' }, []],
    ['an image', { POSTGRES_IMAGE: 'postgres:5432' }, []],
    ['an image service', { IMAGE_SERVICE_URL: 'http://api' }, ['api:80']],
    ['credentials', { BASIC_AUTH: 'postgres:5432', DB_PASSWORD: 'postgres:5432' }, []],
    ['origins', { CORS_ORIGINS: 'http://frontend', ALLOWED_HOSTS: 'api', CSRF_TRUSTED_ORIGINS: 'http://frontend' }, []],
    ['what browsers open', { FRONTEND_URL: 'http://frontend', NEXT_PUBLIC_API_URL: 'http://api' }, []],
    [
      'what browsers open, built in',
      {
        REACT_APP_API: 'http://api',
        VITE_API: 'http://api',
        VUE_APP_API: 'http://api',
        NG_APP_API: 'http://api',
        GATSBY_API: 'http://api',
      },
      [],
    ],
    [
      'what is shown, compared or enforced',
      {
        CONTENT_SECURITY_POLICY: 'default-src http://api',
        USER_AGENT: 'web (+http://api)',
        SCHEMA: 'http://api/order#',
        RELEASE_NOTES: 'see http://api/notes',
      },
      [],
    ],
    ['a gateway’s backend', { FRONTEND_ADDR: 'frontend:80' }, ['frontend:80']],
    ['exceptions of a proxy', { NO_PROXY: 'postgres,api', no_proxy: 'redis:6379' }, []],
    ['an issuer', { JWT_ISSUER: 'http://api', OIDC_AUDIENCE: 'http://api', SAML_ENTITY_ID: 'http://api' }, []],
    ['an issuer that is asked', { OIDC_ISSUER_URL: 'http://api/realms/x' }, ['api:80']],
    ['the own address', { HOST: 'api', BASE_URL: 'http://api', HOSTNAME: 'api', APP_URL: 'http://api' }, []],
    ['advertised addresses', { KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092', LISTEN_ADDR: 'api:80' }, []],
    ['a name for traces', { OTEL_SERVICE_NAME: 'api', TLS_SERVER_NAME: 'api.shop.svc.cluster.local' }, []],
    ['a feature that is off', { REDIS_ENABLED: 'false', REDIS_HOST: 'redis', REDIS_URL: 'redis://redis' }, []],
    ['a feature that is on', { REDIS_ENABLED: 'true', REDIS_HOST: 'redis' }, ['redis:6379']],
    ['a feature that may be off', { REDIS_ENABLED: '${REDIS}', REDIS_HOST: 'redis' }, []],
    ['a feature that is disabled', { CACHE_DISABLED: '1', CACHE_HOST: 'redis' }, []],
    ['a feature that isn’t used', { USE_CACHE: 'no', CACHE_REDIS_HOST: 'redis' }, []],
    ['traces that are off', { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://api' }, []],
    ['traces', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://api' }, ['api:80']],
    ['a placeholder', { DATABASE_HOST: '${DB}', DATABASE_URL: 'postgres://${DB}:5432/x' }, []],
    ['a placeholder beside the host', { DATABASE_URL: 'postgres://u:${PASSWORD}@postgres/x' }, ['postgres:5432']],
    ['an encrypted value', { DATABASE_HOST: 'ENC[AES256_GCM,data:abc]' }, []],
    ['through a proxy', { HTTP_PROXY: 'http://proxy.example.com', API_URL: 'http://api' }, []],
    [
      'a database beside a proxy',
      { HTTP_PROXY: 'http://proxy.example.com', DB: 'postgres://postgres' },
      ['postgres:5432'],
    ],
    [
      'an exception of the proxy',
      { https_proxy: 'http://proxy.example.com', NO_PROXY: 'localhost,.svc', API_URL: 'http://api.shop.svc' },
      ['api.shop.svc:80'],
    ],
    ['the proxy itself', { HTTP_PROXY: 'http://api', NO_PROXY: 'api' }, ['api:80']],
    ['a bucket', { STORAGE: 's3://api/files' }, []],
    ['hosts outside', { DATABASE_URL: 'postgres://db.example.com/x', API: 'https://example.com' }, []],
    ['localhost', { DATABASE_HOST: 'localhost', CACHE_HOST: '127.0.0.1', OTHER_HOST: '0.0.0.0' }, []],
    ['a prototype’s key', { __proto__HOST: 'constructor', TO_HOST: 'toString' }, []],
  ];
  it.each(cases)('%s', (_, values, expected) => {
    expect(dialled({ env: env(values) })).toEqual(expected);
  });

  it('lists are alternatives, and say whether some are no Services', () => {
    const cluster = clusterOf([
      deployment('web', { env: env({ BROKERS: 'redis:6379,rabbitmq:5672', HOSTS: 'redis:6379,a.example.com:1' }) }),
      ...backends,
    ]);
    const found = connectionsOf(cluster);
    expect(found.map(({ name, host, hasOthers }) => [name, host, hasOthers])).toEqual([
      ['BROKERS', 'redis', false],
      ['BROKERS', 'rabbitmq', false],
      ['HOSTS', 'redis', true],
    ]);
    expect(new Set(found.map(({ list }) => list)).size).toBe(2);
  });

  it('are expanded as the kubelet does, and point at what names the host', () => {
    const cluster = clusterOf([
      deployment('web', {
        env: [
          { name: 'EARLY_URL', value: 'http://$(DB_HOST):80' },
          { name: 'DB_HOST', value: 'postgres' },
          { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
          { name: 'DB_URL', value: 'postgres://u:$(UNKNOWN)@$(DB_HOST):5432/x' },
          { name: 'FULL_HOST', value: 'redis.$(NAMESPACE).svc' },
          { name: 'ESCAPED_URL', value: 'http://$$(DB_HOST):80' },
          { name: 'POD_URL', value: 'http://$(POD_IP):80' },
          { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'DB_HOST_2', value: 'x' },
          { name: 'API_HOST', value: 'redis' },
          { name: 'API_HOST', value: 'api' },
        ],
      }),
      ...backends,
    ]);
    expect(connectionsOf(cluster).map(show)).toEqual([
      'web → postgres:5432 of shop/postgres, env DB_HOST at Deployment/web env.1.value',
      'web → postgres:5432 of shop/postgres, env DB_URL at Deployment/web env.1.value',
      'web → redis.shop.svc:6379 of shop/redis, env FULL_HOST at Deployment/web env.4.value',
      'web → api of shop/api, env API_HOST at Deployment/web env.10.value',
    ]);
  });

  it('come from ConfigMaps and Secrets, the last one wins', () => {
    const cluster = clusterOf([
      deployment('web', {
        envFrom: [
          { configMapRef: { name: 'first' } },
          { prefix: 'X_', configMapRef: { name: 'first' } },
          { secretRef: { name: 'second' } },
          { secretRef: { name: 'absent', optional: true } },
        ],
        env: [
          { name: 'CACHE_HOST', value: 'redis' },
          { name: 'QUEUE_URL', valueFrom: { secretKeyRef: { name: 'second', key: 'queue' } } },
          { name: 'API_URL', valueFrom: { configMapKeyRef: { name: 'first', key: 'none', optional: true } } },
          { name: 'OTHER_URL', valueFrom: { configMapKeyRef: { name: 'first', key: 'none' } } },
        ],
      }),
      store('ConfigMap', 'first', { data: { DB_HOST: 'redis', CACHE_HOST: 'api', API_URL: 'http://api' } }),
      store('Secret', 'second', {
        data: {
          DB_HOST: Buffer.from('rabbitmq').toString('base64'),
          queue: Buffer.from('amqp://u:p@rabbitmq').toString('base64'),
          BAD_HOST: '***',
        },
        stringData: { DB_HOST: 'postgres' },
      }),
      resourceOf(store('Secret', 'any', { data: {} }), { existing: true }),
      ...backends,
    ]);
    expect(connectionsOf(cluster).map(show)).toEqual([
      'web → postgres:5432 of shop/postgres, envFrom DB_HOST at Secret/second stringData.DB_HOST (secret)',
      'web → redis:6379 of shop/redis, env CACHE_HOST at Deployment/web env.0.value',
      'web → api:80 of shop/api, envFrom API_URL at ConfigMap/first data.API_URL',
      'web → redis:6379 of shop/redis, envFrom X_DB_HOST at ConfigMap/first data.DB_HOST',
      'web → api of shop/api, envFrom X_CACHE_HOST at ConfigMap/first data.CACHE_HOST',
      'web → api:80 of shop/api, envFrom X_API_URL at ConfigMap/first data.API_URL',
      'web → rabbitmq:5672 of shop/rabbitmq, envFrom queue at Secret/second data.queue (secret)',
      'web → rabbitmq:5672 of shop/rabbitmq, env QUEUE_URL at Secret/second data.queue (secret)',
    ]);
  });

  it('that something unknown may override say so, and unknown values dial nothing', () => {
    const values = { DB_HOST: 'postgres', CACHE_HOST: 'redis' };
    const cluster = clusterOf([
      deployment('web', {
        envFrom: [
          { configMapRef: { name: 'known' } },
          { secretRef: { name: 'sealed' } },
          { prefix: 'DB_', secretRef: { name: 'by-hand' } },
        ],
        env: [
          { name: 'URL', value: 'http://$(DB_HOST):5432' },
          { name: 'A_HOST', valueFrom: { secretKeyRef: { name: 'encrypted', key: 'host' } } },
          { name: 'B_HOST', valueFrom: { secretKeyRef: { name: 'by-hand', key: 'host' } } },
          { name: 'C_HOST', valueFrom: { secretKeyRef: { name: 'twice', key: 'host' } } },
        ],
      }),
      store('ConfigMap', 'known', { data: { ...values, API_HOST: 'api' } }),
      {
        ...store('SealedSecret', 'sealed', { spec: { encryptedData: { CACHE_HOST: 'AgB' } } }),
        apiVersion: 'bitnami.com/v1alpha1',
      },
      store('Secret', 'encrypted', { stringData: { host: 'postgres' }, sops: {} }),
      store('Secret', 'twice', { stringData: { host: 'postgres' } }),
      resourceOf(store('Secret', 'twice', { stringData: { host: 'redis' } }), { target: 'other' }),
      ...backends,
    ]);
    expect(connectionsOf(cluster).map(show)).toEqual([
      'web → postgres:5432 of shop/postgres, envFrom DB_HOST at ConfigMap/known data.DB_HOST, unless Secret/by-hand',
      'web → api of shop/api, envFrom API_HOST at ConfigMap/known data.API_HOST',
      'web → postgres:5432 of shop/postgres, env URL at ConfigMap/known data.DB_HOST, unless Secret/by-hand',
    ]);
  });

  it('of facts have values only where they are hosts', () => {
    const cluster = clusterOf([
      deployment('web', { envFrom: [{ secretRef: { name: 'fact' } }], env: env({ X_HOST: '$(API_HOST)' }) }),
      resourceOf(store('Secret', 'fact', { stringData: { DB_HOST: 'postgres', API_HOST: '' } }), { existing: true }),
      ...backends,
    ]);
    expect(connectionsOf(cluster).map(show)).toEqual([
      'web → postgres:5432 of shop/postgres, envFrom DB_HOST at Secret/fact stringData.DB_HOST (secret)',
    ]);
  });

  it('that double each other end', () => {
    const doubling = Array.from({ length: 64 }, (_, i) => ({ name: `V${i + 1}`, value: `$(V${i})$(V${i})` }));
    const last = { name: 'DB_HOST', value: 'postgres' };
    expect(dialled({ env: [{ name: 'V0', value: 'xxxx' }, ...doubling, last] })).toEqual(['postgres:5432']);
  });
});

describe('the own Service', () => {
  it('is no connection', () => {
    const cluster = clusterOf([
      deployment('postgres', { env: env({ POSTGRES_HOST: 'postgres', CACHE_HOST: 'redis' }) }),
      ...backends,
    ]);
    expect(connectionsOf(cluster).map(({ host }) => host)).toEqual(['redis']);
  });
});

describe('commands and arguments', () => {
  const script = (text: string) => ({ command: ['sh', '-c', text] });
  const cases: [string, Manifest, string[]][] = [
    ['a flag with =', { args: ['--db-host=postgres', '--db-port=5432'] }, ['postgres:5432']],
    ['a flag with a value', { args: ['--db-host', 'postgres', '--db-port', '5432'] }, ['postgres:5432']],
    ['a single dash', { args: ['-dbHost', 'postgres'] }, ['postgres:5432']],
    ['a property', { args: ['-jar', 'app.jar', '--spring.redis.host=redis'] }, ['redis:6379']],
    ['a system property', { command: ['java'], args: ['-Ddb.url=jdbc:postgresql://postgres/x'] }, ['postgres:5432']],
    ['a URL', { args: ['--upstream=http://api:8080'] }, ['api:8080']],
    ['a URL alone', { args: ['http://api:8080'] }, ['api:8080']],
    ['host and port alone', { command: ['wait-for-it.sh'], args: ['postgres:5432', '--', 'run'] }, ['postgres:5432']],
    ['a variable', { args: ['--url=$(URL)'], env: env({ URL: 'http://api' }) }, ['api:80', 'api:80']],
    ['the names of a certificate', { args: ['create', '--host=api,api.$(NS).svc', '--host', 'api,api.shop.svc'] }, []],
    ['a word alone', { args: ['postgres', 'run', 'redis'] }, []],
    ['a flag of another kind', { args: ['--name=postgres', '--user', 'redis', '--app=api'] }, []],
    ['a listener', { args: ['--listen=api:80', '--web.external-url=http://api', '--advertise-addr', 'api:80'] }, []],
    ['an image', { args: ['--image=redis:6379'] }, []],
    ['pg_isready', { command: ['pg_isready', '-h', 'postgres', '-U', 'redis'] }, ['postgres:5432']],
    ['psql with a port', { command: ['psql', '-hpostgres', '-p', '5433'] }, ['postgres:5433']],
    ['mysql with a password', { command: ['mysql', '-h', 'postgres', '-psecret', '-P3307'] }, ['postgres:3307']],
    ['redis-cli', { command: ['redis-cli', '-h', 'redis', 'ping'] }, ['redis:6379']],
    [
      'netcat',
      script('until nc -z -w 2 postgres 5432; do echo waiting for redis:6379; sleep 1; done'),
      ['postgres:5432'],
    ],
    ['netcat that listens', script('nc -l postgres 5432'), []],
    [
      'bash’s own',
      script('timeout 60 bash -c "until (echo > /dev/tcp/postgres/5432); do sleep 1; done"'),
      ['postgres:5432'],
    ],
    ['curl', script('curl -sf "http://api:8080/health" && exec app'), ['api:8080']],
    [
      'curl with a header',
      script('curl -H \'Origin: http://frontend\' --data \'{"url": "http://redis:6379"}\' http://api'),
      ['api:80'],
    ],
    ['curl through a proxy', script('curl -x http://api:8080 http://frontend'), ['api:8080']],
    ['a name that is looked up', script('until nslookup postgres.shop.svc.cluster.local; do sleep 2; done'), []],
    ['what is printed', script('echo http://api:80; printf "%s" http://api'), []],
    ['a comment', script('# curl http://api\nrun # http://redis:6379'), []],
    ['an assignment', script('PGHOST=postgres PGPORT=5432 run'), ['postgres:5432']],
    ['an export', script('export DB_HOST=postgres\nHOST=api run'), ['postgres:5432']],
    ['a shell’s variable', script('curl http://$API_HOST:80 http://${API_HOST}:80'), []],
    ['a substitution', script('x=$(curl http://api)'), ['api:80']],
    ['libpq’s string', script('psql "host=postgres port=5433 user=x"'), ['postgres:5433']],
    ['other programs', { command: ['docker', 'push', 'api:80/x'] }, []],
    ['items that are no text', { command: [1, null, {}], args: 'sh' }, []],
    ['unclosed quotes', script('curl "http://api'), ['api:80']],
  ];
  it.each(cases)('%s', (_, fields, expected) => {
    expect(dialled(fields)).toEqual(expected);
  });

  it('point at their item, or at the variable’s value', () => {
    const cluster = clusterOf([
      deployment('web', {
        command: ['run', '--db-host=postgres'],
        args: ['--cache=redis:6379', 'http://$(API)/x'],
        envFrom: [{ configMapRef: { name: 'first' } }],
      }),
      store('ConfigMap', 'first', { data: { API: 'api' } }),
      ...backends,
    ]);
    expect(connectionsOf(cluster).map(show)).toEqual([
      'web → postgres:5432 of shop/postgres, command db-host at Deployment/web 0.command.1',
      'web → redis:6379 of shop/redis, command cache at Deployment/web 0.args.0',
      'web → api:80 of shop/api, command  at ConfigMap/first data.API',
    ]);
  });

  it('of probes and hooks are not read', () => {
    const command = ['pg_isready', '-h', 'postgres'];
    expect(dialled({ livenessProbe: { exec: { command } }, lifecycle: { preStop: { exec: { command } } } })).toEqual(
      [],
    );
  });

  it('of init containers are', () => {
    const init = container({ command: ['sh', '-c', 'until nc -z postgres 5432; do sleep 1; done'] });
    expect(dialled({}, [], { initContainers: [init] })).toEqual(['postgres:5432']);
  });
});

describe('mounted files', () => {
  const nginx = [
    'upstream backend {',
    '  server api:8080; # server redis:6379;',
    '}',
    'server {',
    '  server_name frontend;',
    '  location / { ',
    '    proxy_pass http://backend;',
    '  }',
    '  location /x {',
    '    # proxy_pass http://redis:6379;',
    '    proxy_pass http://frontend/;',
    '  }',
    '}',
  ].join('\n');
  const cases: [string, string, string][] = [
    [
      'app.env',
      'A=1\nDATABASE_URL="postgres://u@postgres/x"\n# REDIS=redis:6379\nQUEUE=rabbitmq:5672',
      'postgres:5432, rabbitmq:5672',
    ],
    ['.env', 'CORS_ORIGIN=http://frontend\nDB_HOST=postgres', 'postgres:undefined'],
    ['app.properties', 'spring.datasource.url = jdbc:postgresql://postgres:5432/x', 'postgres:5432'],
    ['endpoint', ' http://api:8080/x\n', 'api:8080'],
    ['address', 'redis:6379', 'redis:6379'],
    ['address', 'redis', ''],
    [
      'application.yaml',
      'spring:\n  datasource:\n    url: jdbc:postgresql://postgres/x\n    cors: http://frontend',
      'postgres:5432',
    ],
    ['config.json', '{ "redis": "redis://redis:6379/0", "link": "http://frontend" }', 'redis:6379'],
    ['rules.yml', 'annotations:\n  runbook_url: http://frontend/x\n  dashboard: http://api/d', ''],
    ['nginx.conf', nginx, 'api:8080, frontend:80'],
    ['default.conf', 'fastcgi_pass  api:8080;', 'api:8080'],
    ['README.md', 'postgres://postgres:5432/x', ''],
    ['config.js', 'window.api = "amqp://rabbitmq"', ''],
  ];
  it.each(cases)('%s', (name, text, expected) => {
    const found = addressesInFile(name, text);
    for (const { host, start } of found) expect(text.slice(start, start + host.length)).toBe(host);
    expect(found.map(({ host, port }) => `${host}:${port}`).join(', ')).toBe(expected);
  });

  const data = { 'app.env': 'URL=postgres://postgres', 'b.env': 'URL=redis://redis' };
  const mount = (fields: Manifest = {}) => ({ volumeMounts: [{ name: 'config', mountPath: '/etc/app', ...fields }] });
  const volumes = (configMap: Manifest = {}) => ({
    volumes: [{ name: 'config', configMap: { name: 'app', ...configMap } }],
  });
  const items = [{ key: 'b.env', path: 'other.env' }];
  const layouts: [string, Manifest, Manifest, string[]][] = [
    ['the whole', mount(), volumes(), ['postgres:5432', 'redis:6379']],
    ['one file', mount({ subPath: 'b.env' }), volumes(), ['redis:6379']],
    ['items', mount(), volumes({ items }), ['redis:6379']],
    ['one file of the items', mount({ subPath: 'other.env' }), volumes({ items }), ['redis:6379']],
    ['none of the items', mount({ subPath: 'b.env' }), volumes({ items }), []],
    ['nothing', {}, volumes(), []],
    ['another volume', mount({ name: 'other' }), volumes(), []],
    [
      'a projection',
      mount(),
      { volumes: [{ name: 'config', projected: { sources: [{ configMap: { name: 'app', items } }] } }] },
      ['redis:6379'],
    ],
  ];
  it.each(layouts)('%s', (_, fields, pod, expected) => {
    expect(dialled(fields, [store('ConfigMap', 'app', { data })], pod)).toEqual(expected);
  });

  it('are unknown where two targets disagree', () => {
    const twice = resourceOf(store('ConfigMap', 'app', { data }), { target: 'other' });
    const cluster = clusterOf([
      deployment('web', mount(), volumes()),
      store('ConfigMap', 'app', { data }),
      twice,
      ...backends,
    ]);
    expect(connectionsOf(cluster)).toEqual([]);
  });

  it('point at their key', () => {
    const cluster = clusterOf([
      deployment('web', mount({ subPath: 'b.env' }), volumes()),
      store('ConfigMap', 'app', { data }),
      ...backends,
    ]);
    expect(connectionsOf(cluster).map(show)).toEqual([
      'web → redis:6379 of shop/redis, file b.env at ConfigMap/app data.b.env',
    ]);
  });
});

describe('templates', () => {
  it('of no controller dial nothing', () => {
    const spec = { containers: [container({ env: env({ DB_HOST: 'postgres' }) })] };
    const made = {
      apiVersion: 'v1',
      kind: 'PodTemplate',
      metadata: { name: 'x', namespace: 'shop' },
      template: { spec },
    };
    expect(connectionsOf(clusterOf([made, ...backends]))).toEqual([]);
  });
});

describe('manifests of any shape', () => {
  it('may hold containers that are none', () => {
    expect(dialled({}, [], { containers: [null, 'x', container({ env: env({ DB_HOST: 'postgres' }) })] })).toEqual([
      'postgres:5432',
    ]);
  });

  it.each([
    { env: 'x', envFrom: {}, args: {}, volumeMounts: 1 },
    { env: [null, 1, 'x', { name: 1 }, { name: 'A_HOST', value: 1 }, { name: 'B', valueFrom: 'x' }] },
    { env: [{ name: 'A', valueFrom: { secretKeyRef: null, configMapKeyRef: {}, fieldRef: 1 } }] },
    { envFrom: [null, 'x', { configMapRef: 'x' }, { secretRef: {} }, { prefix: 1, configMapRef: { name: 1 } }] },
    { volumeMounts: [null, { name: 1 }, { name: 'v' }], command: [null], args: ['$(', '$', '$$', '$(x'] },
  ])('are read without a complaint: %j', (fields) => {
    const pod = {
      volumes: [null, { name: 'v', configMap: { name: 'app', items: [null, {}] }, projected: { sources: 'x' } }],
    };
    const broken = [
      store('ConfigMap', 'app', { data: 'x' }),
      store('ConfigMap', '1', { data: { a: 1 } }),
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'svc', namespace: 'shop' } },
    ];
    expect(dialled(fields, broken, pod)).toEqual([]);
  });
});

describe('the pods behind a Service', () => {
  const pod = (name: string, labels: Record<string, string>, fields: Manifest = {}): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels },
    spec: { containers: [container({})] },
    ...fields,
  });
  const inTemplate = (apiVersion: string, kind: string, name: string): Manifest => ({
    apiVersion,
    kind,
    metadata: { name, namespace: 'shop' },
    [kind === 'PodTemplate' ? 'template' : 'spec']:
      kind === 'PodTemplate'
        ? { metadata: { labels: { app: 'db' } }, spec: { containers: [container({})] } }
        : { template: { metadata: { labels: { app: 'db' } }, spec: { containers: [container({})] } } },
  });
  const hook = {
    ...pod('hook', { app: 'db' }),
    metadata: {
      name: 'hook',
      namespace: 'shop',
      labels: { app: 'db' },
      annotations: { 'helm.sh/hook': 'post-install' },
    },
  };
  const elsewhere = resourceOf(
    { ...pod('elsewhere', {}), metadata: { name: 'elsewhere', labels: { app: 'db' } } },
    { target: 'other' },
  );
  const db = pod('db', { app: 'db', tier: 'data' });
  const cases: [string, Manifest, (Manifest | ReturnType<typeof resourceOf>)[], string[], boolean][] = [
    ['have its labels', { selector: { app: 'db' } }, [db, pod('web', { app: 'web' })], ['db'], true],
    ['have all of them', { selector: { tier: 'data', app: 'db' } }, [db, pod('x', { tier: 'data' })], ['db'], true],
    ['are those of several workloads', { selector: { app: 'db' } }, [db, pod('x', { app: 'db' })], ['db', 'x'], true],
    ['are none without selector', {}, [db], [], true],
    ['are none for an empty one', { selector: {} }, [db], [], true],
    ['are none behind a name outside', { type: 'ExternalName', selector: { app: 'db' } }, [db], [], true],
    ['are none of a hook', { selector: { app: 'db' } }, [db, hook], ['db'], true],
    ['are none of a template', { selector: { app: 'db' } }, [db, inTemplate('v1', 'PodTemplate', 'x')], ['db'], true],
    ['may be in an unset namespace', { selector: { app: 'db' } }, [db, elsewhere], ['db'], false],
    [
      'may have a label that is filled in',
      { selector: { app: 'db' } },
      [db, pod('x', { app: '${APP}' })],
      ['db'],
      false,
    ],
    [
      'may have a key that is filled in',
      { selector: { app: 'db' } },
      [db, pod('x', { '${KEY}': 'db' })],
      ['db'],
      false,
    ],
    ['surely lack another', { selector: { app: 'db' } }, [db, pod('x', { app: 'web', x: '${X}' })], ['db'], true],
    [
      'may be Knative’s',
      { selector: { app: 'db', 'serving.knative.dev/service': 'x' } },
      [db, inTemplate('serving.knative.dev/v1', 'Service', 'x')],
      [],
      false,
    ],
    ['of a selector that is filled in', { selector: { app: '${APP}' } }, [db], [], false],
    ['of a key that is filled in', { selector: { '${KEY}': 'db' } }, [db], [], false],
    ['of a selector of no text', { selector: { app: 1 } }, [db], [], false],
    [
      'are chosen by a name that they get when they start',
      { selector: { 'statefulset.kubernetes.io/pod-name': 'db-0' } },
      [inTemplate('apps/v1', 'StatefulSet', 'db'), pod('x', { app: 'db' })],
      [],
      false,
    ],
  ];
  it.each(cases)('%s', (_, spec, manifests, expected, certain) => {
    const cluster = clusterOf([...manifests, service('any', [80], { selector: undefined, ...spec })]);
    const any = cluster.get('', 'Service', 'shop', 'any');
    const found = any && backendsOf(cluster, any);
    expect(found?.workloads.map(({ resource }) => resource.name)).toEqual(expected);
    expect(found?.certain).toBe(certain);
  });

  it('listen where its target port leads', () => {
    const ports = [
      { name: 'http', containerPort: 8080 },
      { name: 'dns', containerPort: 53, protocol: 'UDP' },
    ];
    const second = container({
      ports: [
        { name: 'http', containerPort: 9090 },
        { name: 'admin', containerPort: 9000 },
      ],
    });
    const cluster = clusterOf([
      deployment('web', { ports }, { containers: [container({ ports }), second] }),
      deployment('filled-in', { ports: [...ports, { name: '${NAME}', containerPort: 1 }] }),
      deployment('filled-in-port', { ports: [{ name: 'http', containerPort: '${PORT}' }] }),
    ]);
    const lead = (name: string, targetPort: unknown, protocol: 'TCP' | 'UDP' = 'TCP') =>
      podPort(workload(cluster, name), { protocol, targetPort });
    expect([lead('web', 8081), lead('web', 'http'), lead('web', 'admin'), lead('web', 'dns', 'UDP')]).toEqual([
      8081, 8080, 9000, 53,
    ]);
    expect([lead('web', 'dns'), lead('web', 'http', 'UDP'), lead('web', 'none'), lead('web', '8080')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([lead('web', '${PORT}'), lead('filled-in', 'http'), lead('filled-in-port', 'http')]).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ]);
  });

  it('are served on ports whose numbers are known', () => {
    const ports = [
      { port: 80 },
      { port: 53, protocol: 'UDP', targetPort: 'dns' },
      { port: 9, protocol: 'SCTP', targetPort: 0 },
      { port: '80' },
      { port: 81, protocol: 'HTTP' },
      null,
    ];
    expect(portsOfService(resourceOf(service('any', [], { ports })))).toEqual([
      { port: 80, protocol: 'TCP', targetPort: 80, path: ['spec', 'ports', 0, 'port'] },
      { port: 53, protocol: 'UDP', targetPort: 'dns', path: ['spec', 'ports', 1, 'targetPort'] },
      { port: 9, protocol: 'SCTP', targetPort: 9, path: ['spec', 'ports', 2, 'port'] },
    ]);
  });
});
