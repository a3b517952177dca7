import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configuredHosts } from '../src/cluster/connections/configured-hosts.ts';
import { connectionsOf } from '../src/cluster/connections/connections.ts';
import { addressesInFile } from '../src/cluster/connections/file-addresses.ts';
import { yaml } from '../src/rule.ts';
import hostUnresolved from '../src/rules/network/host-unresolved.ts';
import { lintFiles, reported } from './examples.ts';
import { clusterOf, type Manifest, resourceOf } from './in-memory.ts';

/** `line: host:port` of each address in a file, `~` before those that only look like one. */
function read(name: string, text: string, upstreams: string[] = []): string[] {
  return addressesInFile(name, text, new Set(upstreams)).map(({ host, port, start, evident }) => {
    if (host !== '') expect(text.slice(start, start + host.length)).toBe(host);
    const line = text.slice(0, start).split('\n').length;
    return `${line}: ${evident ? '' : '~'}${host}${port === undefined ? '' : `:${port}`}`;
  });
}

describe('Prometheus', () => {
  it('dials its static targets, Alertmanagers and remotes', () => {
    const text = yaml`
      global:
        scrape_interval: 15s
        external_labels: { cluster: 'http://label:1' }
      rule_files: ['/etc/rules/*.yml']
      scrape_configs:
        - job_name: plain
          static_configs:
            - targets: ['one:9090', "two"]
              labels: { url: 'http://label:2' }
        - job_name: tls
          scheme: https
          static_configs: [{ targets: [three] }]
        - job_name: odd
          scheme: other
          static_configs: [{ targets: [four] }]
        - job_name: discovered
          kubernetes_sd_configs: [{ role: endpoints, api_server: 'http://five:6' }]
          relabel_configs:
            - { source_labels: [__address__], target_label: __param_target, replacement: 'http://six:7' }
      alerting:
        alertmanagers:
          - scheme: http
            static_configs:
              - targets:
                  - seven:9093
      remote_write:
        - url: http://eight:9009/api/v1/push
        - url: http://nine
          proxy_url: http://ten:3128
      remote_read:
        - url: https://eleven/read
    `;
    expect(read('prometheus.yml', text)).toEqual([
      '8: one:9090',
      '8: two:80',
      '12: three:443',
      '15: four',
      '25: seven:9093',
      '27: eight:9009',
      '29: ten:3128',
      '31: eleven:443',
    ]);
  });

  const job = (rules: string) => yaml`
    scrape_configs:
      - job_name: probes
        static_configs: [{ targets: ['http://shop'] }]
        relabel_configs:
          ${rules}
  `;
  it.each([
    ['an exporter that probes', "- { target_label: __address__, replacement: 'blackbox:9115' }", ['5: blackbox:9115']],
    ['a part of the address', "- { target_label: __address__, replacement: '$1:9115' }", []],
    ['some addresses', "- { target_label: __address__, regex: 'a.*', replacement: 'blackbox:9115' }", []],
    ['a hash of it', '- { target_label: __address__, action: hashmod, modulus: 2 }', []],
    ['what is kept', '- { source_labels: [__address__], regex: x, action: keep }', []],
    ['another label', '- { target_label: instance, replacement: shop }', ['3: shop:80']],
  ])('dials what relabelling leaves of a target: %s', (_, rules, expected) => {
    expect(read('prometheus.yml', job(rules))).toEqual(expected);
  });

  it.each([
    '{ scrape_configs: x }',
    '{ scrape_configs: [null, x, { job_name: a }, { job_name: b, static_configs: x }, { job_name: c, static_configs: [x, { targets: [1, null, { a: b }] }] }] }',
    '{ global: { scrape_interval: 1m }, alerting: x, remote_write: [null, { url: 1 }] }',
    '{ global: { scrape_interval: 1m }, alerting: { alertmanagers: [x, null] } }',
  ])('reads whatever stands there: %s', (text) => {
    expect(read('prometheus.yml', text)).toEqual([]);
  });
});

describe('Alertmanager', () => {
  it('dials its mail server and the URLs of its receivers', () => {
    const text = yaml`
      global:
        smtp_smarthost: mail:587
        smtp_from: alerts@example.com
      route: { receiver: all }
      receivers:
        - name: all
          webhook_configs:
            - url: http://hook:8080/alert
            - url: http://behind-a-proxy:8080
              http_config: { proxy_url: 'http://proxy:3128' }
          email_configs: [{ to: a@example.com, smarthost: 'relay:25' }]
          slack_configs: [{ api_url: 'http://chat/hooks', channel: '#x', title_link: 'http://link:1' }]
        - name: none
        - null
    `;
    expect(read('alertmanager.yaml', text)).toEqual(['2: mail:587', '8: hook:8080', '11: relay:25', '12: chat:80']);
  });

  it('dials no URL behind a proxy of all', () => {
    const text = yaml`
      global: { http_config: { proxy_url: 'http://proxy:3128' } }
      route: { receiver: all }
      receivers: [{ name: all, webhook_configs: [{ url: 'http://hook:8080' }] }]
    `;
    expect(read('alertmanager.yaml', text)).toEqual([]);
  });
});

describe('Promtail, Grafana and collectors', () => {
  it('of Promtail, the clients are dialled and the targets aren’t', () => {
    const text = yaml`
      server: { http_listen_port: 9080 }
      clients:
        - url: http://loki:3100/loki/api/v1/push
        - { url: 'http://other:3100', proxy_url: 'http://proxy:3128' }
      scrape_configs:
        - job_name: files
          static_configs: [{ targets: [web], labels: { __path__: /var/log/*.log } }]
    `;
    expect(read('promtail.yaml', text)).toEqual(['3: loki:3100', '4: proxy:3128']);
  });

  it('of Grafana, data sources that the server asks', () => {
    const text = yaml`
      apiVersion: 1
      deleteDatasources: [{ name: Old, orgId: 1 }]
      datasources:
        - { name: Prometheus, type: prometheus, access: proxy, url: http://prometheus:9090 }
        - { name: Browser, type: loki, access: direct, url: http://loki:3100 }
        - name: Database
          type: grafana-postgresql-datasource
          url: postgres
        - { name: MySQL, type: mysql, url: 'mysql:3307' }
        - { name: None, type: testdata }
        - null
    `;
    expect(read('x', text)).toEqual(['4: prometheus:9090', '8: postgres:5432', '9: mysql:3307']);
  });

  it('of OpenTelemetry, exporters that a pipeline uses, and what its Prometheus scrapes', () => {
    const text = yaml`
      receivers:
        otlp: { protocols: { grpc: { endpoint: 'own:4317' } } }
        prometheus: { config: { scrape_configs: [{ job_name: a, static_configs: [{ targets: ['web:80'] }] }] } }
        prometheus/unused: { config: { scrape_configs: [{ job_name: a, static_configs: [{ targets: ['db:80'] }] }] } }
      exporters:
        otlp/tempo: { endpoint: 'tempo:4317', tls: { insecure: true } }
        otlphttp: { endpoint: 'http://loki:3100/otlp' }
        otlp/unused: { endpoint: 'unused:4317' }
        prometheus: { endpoint: 'listener:8889' }
        kafka: { brokers: ['one:9092', 'two:9092'] }
      service:
        pipelines:
          traces: { receivers: [otlp], exporters: [otlp/tempo, kafka, 1] }
          logs: { receivers: [otlp], exporters: [otlphttp] }
          metrics: { receivers: [prometheus], exporters: [prometheus] }
          none:
    `;
    expect(read('config.yaml', text)).toEqual([
      '6: tempo:4317',
      '10: one:9092',
      '10: two:9092',
      '7: loki:3100',
      '3: web:80',
    ]);
  });
});

describe('nginx', () => {
  it('dials upstreams, and what it passes requests to', () => {
    const text = yaml`
      user nginx;
      http {
        upstream backend { # server comment:1;
          server one:8080 weight=5;
          server two;
          server three:8080 down;
          server unix:/run/four.sock;
        }
        server {
          listen 80;
          server_name web.example.com web;
          set $api http://five:3000;
          set $either six;
          set $either seven;
          location / { proxy_pass http://backend; }
          location /b/ { proxy_pass http://BACKEND/; proxy_set_header Host web; }
          location /c/ { proxy_pass $api; }
          location /d/ { proxy_pass http://$either:80; }
          location /e/ { proxy_pass "http://eight:80$request_uri"; }
          location /f/ { fastcgi_pass php:9000; }
          location /g/ { grpc_pass grpc://nine:50051; }
          location /h/ { proxy_pass http://elsewhere; }
          location /i/ { return 301 http://ten:80; }
          location /j/ { proxy_pass http://127.0.0.1:81; }
          set $later http://fourteen;
          location /k/ { proxy_pass $later:3100$request_uri; }
        }
      }
      stream {
        upstream db { server eleven:5432; server twelve; }
        server { listen 5432; proxy_pass db; }
        server { listen 5433; proxy_pass thirteen:5432; }
      }
    `;
    expect(read('nginx.conf', text, ['elsewhere'])).toEqual([
      '4: one:8080',
      '5: two:80',
      '12: five:3000',
      '19: eight:80',
      '20: php:9000',
      '21: nine:50051',
      '24: 127.0.0.1:81',
      '25: fourteen:3100',
      '30: eleven:5432',
      '30: twelve',
      '32: thirteen:5432',
    ]);
  });

  it('takes the servers of an upstream for alternatives', () => {
    const text = 'upstream a {\n  server one:1;\n  server two:2;\n}\nupstream b { server three:3; }\n';
    const groups = addressesInFile('x.conf', text).map(({ group }) => group);
    expect(groups[0]).toBe(groups[1]);
    expect(groups[2]).not.toBe(groups[0]);
  });

  it.each([
    'server {',
    'server { proxy_pass',
    'upstream x { server',
    'location / { proxy_pass "http://a',
    '}}};;;server {{',
    'http {\n# x',
  ])('reads what ends too early: %s', (text) => {
    expect(read('default.conf', text).length).toBeLessThan(2);
  });
});

describe('HAProxy', () => {
  it('dials the servers of its backends', () => {
    const text = yaml`
      global
        log stdout format raw local0
      defaults
        mode tcp
      frontend in
        bind *:5432
        default_backend databases
      backend databases
        balance roundrobin
        server one one:5432 check
        server two ipv4@two:5432 check disabled
        server three ipv4@three:5432
        # server four four:5432
        server-template five 3 five:5432 check
        server-template six 3 _db._tcp.six.shop.svc check
        server seven unix@/run/x.sock
      listen stats
        bind *:8404
        server eight eight:80
      resolvers dns
        nameserver kube kube-dns:53
    `;
    expect(read('haproxy.cfg', text.replace(/^ {2}/gm, '    '))).toEqual([
      '10: one:5432',
      '12: three:5432',
      '14: five:5432',
      '19: eight:80',
    ]);
  });
});

describe('settings by shape', () => {
  const cases: [string, string, string, string[]][] = [
    ['a pair', 'a.yaml', 'redis:\n  host: redis\n  port: 6379\n', ['2: redis:6379']],
    ['a pair of JSON', 'a.json', '{\n\t"db": {\n\t\t"host": "pg",\n\t\t"port": "5432" } }', ['3: pg:5432']],
    ['a pair in a list', 'a.yaml', 'dbs:\n  - name: x\n    db_host: pg\n    db_port: 5432\n', ['3: pg:5432']],
    ['a port that is filled in', 'a.yaml', 'redis:\n  host: redis\n  port: \uFFFD\n', ['2: redis:unknown']],
    ['a bare word', 'a.yaml', 'redis:\n  host: redis\n  user: web\n', []],
    ['the own address', 'a.yaml', 'server:\n  host: web\n  port: 80\nhost: web\nport: 80\n', []],
    ['where a server listens', 'a.yaml', 'server:\n  address: web:81\n', []],
    ['what tests use', 'a.yaml', 'test:\n  url: redis://cache\nmocks: [{ url: "http://api:81" }]\n', []],
    ['a page', 'a.yaml', 'eureka:\n  instance:\n    home-page-url: http://web:81\n', []],
    [
      'Compose',
      'compose.yaml',
      'services:\n  web:\n    image: web:1\n    environment:\n      URL: redis://cache\n',
      [],
    ],
    ['services of its own', 'a.yaml', 'services:\n  store:\n    url: redis://cache\n', ['3: cache:6379']],
    ['host and port', 'a.yaml', 'cache:\n  addr: redis:6379\n', ['2: redis:6379']],
    ['host and port by another name', 'a.yaml', 'cache:\n  x: redis:6379\n', ['2: ~redis:6379']],
    ['a URL', 'a.yaml', 'api:\n  baseUrl: http://api:80/x\n  backend: http://be\n', ['2: api:80', '3: be:80']],
    [
      'a link',
      'a.yaml',
      'springdoc:\n  url: http://x\ndocs: http://docs\nhomepage: http://home\nrunbook_url: http://run\ntitle: http://x\n',
      [],
    ],
    ['origins', 'a.yaml', 'cors:\n  origins: [http://web]\n  url: http://web\nallowedHosts: ["web:80"]\n', []],
    ['a database under any name', 'a.yaml', 'x: redis://cache/0\n', ['1: cache:6379']],
    ['a list', 'a.yaml', 'kafka:\n  brokers: ["a:9092", "b:9092"]\n', ['2: a:9092', '2: b:9092']],
    ['what is off', 'a.yaml', 'redis:\n  enabled: false\n  url: redis://cache\n', []],
    ['what is disabled', 'a.yaml', 'redis:\n  disabled: true\n  url: redis://cache\n', []],
    ['a text in it', 'a.yaml', 'run: |\n  # wait\n  x postgres://pg/x\n  see http://docs\n', ['3: pg:5432']],
    [
      'Traefik’s servers',
      'a.yaml',
      'http:\n  services:\n    a:\n      loadBalancer:\n        servers:\n          - url: http://web:80\n',
      ['6: web:80'],
    ],
    ['several documents', 'a.yaml', 'a: redis://one\n---\nb: redis://two\n', ['1: one:6379', '3: two:6379']],
    ['a manifest', 'a.yaml', 'apiVersion: v1\nkind: Pod\nurl: redis://one\n', []],
    ['a realm', 'a.json', '{"realm": "x", "clients": [{"adminUrl": "http://api"}]}', []],
    ['links', 'a.yaml', 'links:\n  - url: http://x\nexample_url: http://x\n', []],
    ['a dashboard', 'a.json', '{"panels": [], "url": "redis://one"}', []],
    ['rules', 'a.yaml', 'groups:\n  - name: x\n    rules:\n      - {annotations: {url: "redis://one"}}\n', []],
    ['an API', 'a.yaml', 'openapi: 3.0.0\nservers: [{ url: http://api:80 }]\n', []],
    ['targets of some job', 'targets.json', '[{"targets": ["web:80"]}]', []],
    ['an alias of an alias', 'a.yaml', 'a: &a { url: redis://one }\nb: *a\n', ['1: one:6379', '1: one:6379']],

    ['properties', 'a.properties', 'db.host=pg\ndb.port = 5433\n! x=redis://no\n', ['1: pg:5433']],
    ['properties with colons', 'a.properties', 'db.url: jdbc:postgresql://pg/x\n', ['1: pg:5432']],
    ['a variable file', '.env', 'export DB_HOST="pg"\nDB_PORT=5433\n#REDIS_URL=redis://no\n', ['1: pg:5433']],
    ['a variable file of one line', '.env', 'REDIS_URL=redis://cache:6379\n', ['1: cache:6379']],
    [
      'sections',
      'grafana.ini',
      '[database]\nhost = pg:5432\n[server]\nroot_url = http://web\n;host = no:1\n',
      ['2: pg:5432'],
    ],
    ['ports of another section', 'a.ini', '[a]\nhost = pg\n[b]\nport = 1\n', ['2: ~pg']],
    ['a list', 'oauth2-proxy.cfg', 'upstreams = [ "http://a:80", "http://b" ]\n', ['1: a:80', '1: b:80']],
    ['prose', 'a.properties', 'api.url = see http://a:80\n', []],
    ['pgbouncer', 'pgbouncer.ini', '[databases]\nshop = host=pg port=5433 dbname=shop\n', ['2: pg:5433']],

    ['TOML', 'a.toml', '[db]\nhost = "pg" # "no:1"\nport = 5433\n', ['2: pg:5433']],
    [
      'TOML’s arrays',
      'a.toml',
      "[[kafka]]\nbrokers = [\n  'a:9092', # x\n  'b:9092',\n]\n",
      ['3: a:9092', '4: b:9092'],
    ],
    ['TOML’s inline tables', 'a.toml', 'redis = { url = "redis://cache", x = 1 }\n', ['1: cache:6379']],
    ['TOML’s long strings', 'a.toml', 'x = """\nurl = "redis://no"\n"""\nurl = "redis://cache"\n', ['4: cache:6379']],
    ['TOML’s comments', 'a.toml', '# url = "redis://no"\nb = "a#b" # url = "redis://no"\n', []],

    [
      'Fluent Bit',
      'fluent-bit.conf',
      '[INPUT]\n    Host no\n    Port 1\n[OUTPUT]\n    Name es\n    Host search\n    Port 9200\n',
      ['6: search:9200'],
    ],
    [
      'Fluentd',
      'fluent.conf',
      '<source>\n  host no\n  port 1\n</source>\n<match **>\n  <store>\n    host search\n    port 9200\n  </store>\n</match>\n',
      ['7: search:9200'],
    ],
    [
      'Envoy',
      'envoy.yaml',
      'static_resources:\n  listeners: [{ address: { socket_address: { address: no, port_value: 1 } } }]\n  clusters:\n    - name: a\n      x: [{ endpoint: { address: { socket_address: { address: api, port_value: 80 } } } }]\n',
      ['5: api:80'],
    ],
    ['another format', 'x.xml', '<x url="http://no"/>\n<y url="redis://cache"/>\n', ['2: ~cache:6379']],
    ['a script', 'x.sh', '# redis://no\nREDIS=redis://cache run\n', ['2: ~cache:6379']],
    ['a page', 'x.html', '<a href="redis://no">', []],
    ['one address', 'endpoint', 'http://api:8080\n', ['1: ~api:8080']],
  ];
  it.each(cases)('%s', (_, name, text, expected) => {
    expect(read(name, text)).toEqual(expected);
  });

  it('points at the start of a text that is written otherwise than it reads', () => {
    const text = 'a: 1\nurl: "redis://\\x63ache/0"\n';
    const found = addressesInFile('a.yaml', text);
    expect(found.map(({ host, start }) => [host, start])).toEqual([['cache', text.indexOf('"')]]);
  });

  it('takes the items of a list for alternatives, and nothing else', () => {
    const text = 'brokers: [a:1, b:2]\nurl: redis://c\n';
    const [a, b, c] = addressesInFile('a.yaml', text).map(({ group }) => group);
    expect([a === b, a === c]).toEqual([true, false]);
  });

  it.each([
    ['yaml', 'a: [', 100_000],
    ['yaml', 'a: &a [*a]\n', 1000],
    ['json', '{"a":', 100_000],
    ['toml', 'a = "', 100_000],
    ['toml', '[', 100_000],
    ['conf', '\n', 900_000],
    ['conf', 'upstream x {', 50_000],
    ['conf', 'server a:1;', 80_000],
    ['properties', 'a=b:1\n', 100_000],
    ['cfg', 'backend x\n server a a:1\n', 40_000],
    ['yaml', 'a: redis://b:1\n', 50_000],
  ])('reads a lot of %s, %j, in no time', (extension, piece, times) => {
    const started = performance.now();
    addressesInFile(`a.${extension}`, `server {}\n${piece.repeat(times)}`);
    addressesInFile(`a.${extension}`, piece.repeat(times));
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('mounts', () => {
  const store = (kind: string, name: string, fields: Manifest): Manifest => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'shop' },
    ...fields,
  });
  const service = (name: string, port: number): Manifest =>
    store('Service', name, { spec: { selector: { app: name }, ports: [{ port }] } });
  const pod = (volumeMounts: unknown, volumes: unknown): Manifest =>
    store('Pod', 'web', { spec: { containers: [{ name: 'main', image: 'app', volumeMounts }], volumes } });
  const url = 'postgres://u:p@postgres/x';
  const files = { 'a.env': 'URL=redis://redis', 'b.env': `# x\nURL=${url}` };
  const objects = [service('postgres', 5432), service('redis', 6379), store('ConfigMap', 'app', { data: files })];
  const secret = (data: Record<string, string>, more: Manifest = {}) =>
    store('Secret', 'app', {
      data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
      ...more,
    });

  /** `host at path+offset`, with `(secret)`. */
  function dialled(volumeMounts: unknown, volumes: unknown, others: Manifest[] = []): string[] {
    const cluster = clusterOf([pod(volumeMounts, volumes), ...objects, ...others]);
    return connectionsOf(cluster).map(({ host, where, name }) => {
      const offset = where.offset === undefined ? '' : `+${where.offset}`;
      return `${host} of ${name} at ${where.resource} ${where.path.join('.')}${offset}${where.secret ? ' (secret)' : ''}`;
    });
  }
  const at = (fields: Manifest = {}) => [{ name: 'v', mountPath: '/etc/app', ...fields }];
  const redis = 'redis of a.env at ConfigMap/app data.a.env';
  const postgres = 'postgres of b.env at ConfigMap/app data.b.env+23';

  it.each<[string, unknown, unknown, string[]]>([
    ['a ConfigMap', at(), [{ name: 'v', configMap: { name: 'app' } }], [redis, postgres]],
    ['a file of it', at({ subPath: 'a.env' }), [{ name: 'v', configMap: { name: 'app' } }], [redis]],
    [
      'all of it',
      at({ subPath: '' }),
      [{ name: 'v', configMap: { name: 'app', defaultMode: 256 } }],
      [redis, postgres],
    ],
    ['a path that is filled in', at({ subPathExpr: '$(X)' }), [{ name: 'v', configMap: { name: 'app' } }], []],
    [
      'a directory of its items',
      at({ subPath: 'conf' }),
      [
        {
          name: 'v',
          configMap: {
            name: 'app',
            items: [
              { key: 'a.env', path: 'conf/a.env' },
              { key: 'b.env', path: 'b' },
            ],
          },
        },
      ],
      ['redis of conf/a.env at ConfigMap/app data.a.env'],
    ],
    ['keys that aren’t there', at(), [{ name: 'v', configMap: { name: 'app', items: [{ key: 'c', path: 'c' }] } }], []],
    [
      'a projection of both',
      at(),
      [
        {
          name: 'v',
          projected: {
            sources: [
              { secret: { name: 'app', items: [{ key: 'c.env', path: 'c.env' }] } },
              { configMap: { name: 'app', items: [{ key: 'a.env', path: 'a.env' }] } },
              { serviceAccountToken: { path: 'token' } },
              null,
            ],
          },
        },
      ],
      ['postgres of c.env at Secret/app data.c.env+23 (secret)', redis],
    ],
    [
      'a Secret',
      at(),
      [{ name: 'v', secret: { secretName: 'app' } }],
      ['postgres of c.env at Secret/app data.c.env+23 (secret)'],
    ],
    ['no such object', at(), [{ name: 'v', secret: { secretName: 'other' } }], []],
    [
      'what is served',
      [{ name: 'v', mountPath: '/usr/share/nginx/html' }],
      [{ name: 'v', configMap: { name: 'page' } }],
      [],
    ],
    [
      'odd shapes',
      [null, 'x', { name: 1 }, { name: 'v', mountPath: 1 }],
      [null, { name: 'v', configMap: 'x', secret: 1 }],
      [],
    ],
  ])('of %s', (_, mounts, volumes, expected) => {
    const page = store('ConfigMap', 'page', { data: { 'config.json': '{"api": {"url": "http://redis"}}' } });
    expect(dialled(mounts, volumes, [secret({ 'c.env': `A=1\nURL=${url}` }), page])).toEqual(expected);
  });

  it('of Secrets and ConfigMaps with what is no text are read as far as they can be', () => {
    const volumes = [
      { name: 'v', secret: { secretName: 'app' } },
      { name: 'w', configMap: { name: 'binary' } },
    ];
    const broken = [
      store('Secret', 'app', {
        data: {
          'a.env': 'URL=redis://redis',
          'b.env': 'VVJMPXJlZGlzOi8v',
          'c.env': 1,
          'd.env': 'VVJMPXJlZGlzOi8vcmVkaXM',
        },
        stringData: { 'e.env': 'URL=redis://redis' },
      }),
      store('ConfigMap', 'binary', { binaryData: { 'a.env': 'VVJMPXJlZGlzOi8vcmVkaXM=' }, data: { 'f.env': null } }),
    ];
    const mounts = [...at(), { name: 'w', mountPath: '/etc/w' }];
    expect(dialled(mounts, volumes, broken)).toEqual(['redis of e.env at Secret/app stringData.e.env (secret)']);
  });

  it('of many containers are read once', () => {
    const containers = Array.from({ length: 2000 }, (_, i) => ({ name: `c${i}`, image: 'x', volumeMounts: at() }));
    const big = store('ConfigMap', 'big', { data: { 'big.yaml': 'a: redis://redis\n'.repeat(20_000) } });
    const volumes = [{ name: 'v', configMap: { name: 'big' } }];
    const started = performance.now();
    const cluster = clusterOf([store('Pod', 'web', { spec: { containers: containers.slice(0, 20), volumes } }), big]);
    expect(connectionsOf(cluster)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('tell nginx’s upstreams of one file from hosts of another', () => {
    const nginx = store('ConfigMap', 'nginx', {
      data: {
        'a.conf': 'upstream redis { server postgres:5432; }',
        'b.conf': 'server { location / { proxy_pass http://redis; } }',
      },
    });
    const hosts = configuredHosts(clusterOf([pod(at(), [{ name: 'v', configMap: { name: 'nginx' } }]), nginx]));
    expect(hosts.map(({ address }) => address.host)).toEqual(['postgres']);
  });

  it('of facts count, too', () => {
    const fact = resourceOf(store('ConfigMap', 'fact', { data: { url: 'redis://redis' } }), { existing: true });
    const cluster = clusterOf([pod(at(), [{ name: 'v', configMap: { name: 'fact' } }]), fact, ...objects]);
    expect(connectionsOf(cluster).map(({ host, where }) => `${host} ${where.resource}`)).toEqual([
      'redis ConfigMap/fact',
    ]);
  });
});

describe('scripts of several lines', () => {
  it('say which character of them names the host', () => {
    const script = 'set -e\nuntil nc -z $(DB_HOST) 5432; do sleep 1; done\ncurl http://redis:6379\n';
    const web: Manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web' },
      spec: {
        containers: [
          {
            name: 'main',
            image: 'app',
            command: ['sh', '-c', script],
            env: [{ name: 'DB_HOST', value: 'redis' }],
          },
        ],
      },
    };
    const redis = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'redis' }, spec: { ports: [{ port: 6379 }] } };
    const found = connectionsOf(clusterOf([web, redis])).map(({ where: { path, offset } }) => [path.slice(-2), offset]);
    expect(found).toEqual([
      [[0, 'value'], undefined],
      [[0, 'value'], undefined],
      [['command', 2], script.indexOf('redis:6379')],
    ]);
  });
});

describe('the line of an address', () => {
  const around = (config: string) => `apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Namespace, metadata: { name: shop } }
  - apiVersion: v1
    kind: Pod
    metadata: { name: web, namespace: shop }
    spec:
      containers: [{ name: web, image: 'app:1', volumeMounts: [{ name: c, mountPath: /etc/c }] }]
      volumes: [{ name: c, ${/kind: Secret/.test(config) ? 'secret: { secretName: c }' : 'configMap: { name: c }'} }]
  - apiVersion: v1
    metadata: { name: c, namespace: shop }
${config}
`;
  const base64 = Buffer.from('A: 1\nurl: redis://lost\n').toString('base64');
  const cases: [string, string, string][] = [
    ['a literal', 'kind: ConfigMap\ndata:\n  a.yaml: |\n    a: 1\n\n    url: redis://lost', '18:22'],
    ['an indented literal', 'kind: ConfigMap\ndata:\n  a.yaml: |2-\n      a: { b:\n         redis://lost }', '17:22'],
    ['a literal of a Secret', 'kind: Secret\nstringData:\n  a.yaml: |+\n    a: 1\n    url: redis://lost\n', '17:22'],
    ['a folded text', 'kind: ConfigMap\ndata:\n  a.yaml: >\n    a: 1\n\n    url: redis://lost', '15'],
    ['a quoted text', 'kind: ConfigMap\ndata:\n  a.yaml: "a: 1\\nurl: redis://lost"', '15:15'],
    ['a text on one line', 'kind: ConfigMap\ndata:\n  a.yaml: "url: redis://lost"', '15:15'],
    ['an encoded text', `kind: Secret\ndata:\n  a.yaml: ${base64}`, '15:15'],
    [
      'an encoded text of several lines',
      `kind: Secret\ndata:\n  a.yaml: |\n    ${base64.slice(0, 8)}\n    ${base64.slice(8)}`,
      '15',
    ],
  ];
  it.each(cases)('in %s', async (_, config, expected) => {
    const text = around(config.replace(/^(?=.)/gm, '    '));
    for (const written of [text, text.replaceAll('\n', '\r\n')]) {
      const { diagnostics, failures } = await lintFiles({ 'all.yaml': written }, { rules: ['host-unresolved'] });
      expect(failures).toEqual([]);
      expect(
        diagnostics.map(({ location: { line, column } }) => (expected.includes(':') ? `${line}:${column}` : `${line}`)),
      ).toEqual([expected]);
    }
  });

  it('of two addresses in one file is told for each', async () => {
    const config = 'kind: ConfigMap\ndata:\n  a.yaml: |\n    a: redis://lost\n    b: amqp://gone\n    c: redis://lost';
    const report = await lintFiles(
      { 'all.yaml': around(config.replace(/^(?=.)/gm, '    ')) },
      { rules: ['host-unresolved'] },
    );
    const end = "namespace shop: the name doesn't resolve";
    expect(reported(report)).toEqual([
      `all.yaml:16 Pod/web dials lost:6379 (a.yaml in ConfigMap/c), but there is no Service/lost in ${end}`,
      `all.yaml:17 Pod/web dials gone:5672 (a.yaml in ConfigMap/c), but there is no Service/gone in ${end}`,
      `all.yaml:18 Pod/web dials lost:6379 (a.yaml in ConfigMap/c), but there is no Service/lost in ${end}`,
    ]);
    expect(new Set(report.diagnostics.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  });
});

describe('passwords', () => {
  const among = (characters: string) =>
    fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 24 });
  const password = fc.oneof(among('aZ07/?#@:%&=+$.,;!-_~*(){}[]|^'), among('a0/?#@:'), among('ab@:/"\''));
  const shape = fc.constantFrom(
    (secret: string) => ({ DATABASE_URL: `postgres://user:${secret}@lost:5432/x` }),
    (secret: string) => ({ API_URL: `http://user:${secret}@lost:80/x` }),
    (secret: string) => ({ CACHE_URL: `redis://:${secret}@lost` }),
    (secret: string) => ({ DB_HOST: 'lost', DB_USER: 'user', DB_PASSWORD: secret }),
    (secret: string) => ({ CONNECTION: `host=lost user=user password='${secret}'` }),
    (secret: string) => ({ 'a.yaml': `db:\n  host: lost\n  port: 5432\n  password: '${secret}'\n` }),
    (secret: string) => ({ 'a.properties': `db.url=amqp://user:${secret}@lost\ndb.password=${secret}\n` }),
  );

  it('are never told', () => {
    fc.assert(
      fc.property(password, shape, (secret, make) => {
        const written = make(secret);
        const object = (kind: string, name: string, fields: Manifest): Manifest => ({
          apiVersion: 'v1',
          kind,
          metadata: { name, namespace: 'shop' },
          ...fields,
        });
        const main = {
          name: 'main',
          image: 'app',
          envFrom: [{ secretRef: { name: 'app' } }],
          env: [{ name: 'EXPANDED_URL', value: 'postgres://user:$(DB_PASSWORD)@lost/x' }],
          volumeMounts: [{ name: 'v', mountPath: '/etc/app' }],
        };
        const volumes = [{ name: 'v', secret: { secretName: 'app' } }];
        const cluster = clusterOf([
          object('Pod', 'web', { spec: { containers: [main], volumes } }),
          object('Secret', 'app', { stringData: written }),
        ]);
        const hosts = [...(hostUnresolved.check?.(cluster) ?? [])].map((found) =>
          'message' in found ? /dials ([^ ]*)/.exec(found.message)?.[1]?.replace(/:\d+$/, '') : 'unchecked',
        );
        expect(new Set(hosts)).toEqual(new Set(hosts.length === 0 ? [] : ['lost']));
      }),
      { numRuns: 3000 },
    );
  });
});
