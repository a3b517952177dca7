import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/cli.ts';
import { dataOf } from '../src/cluster/connections/environment.ts';
import { traefiksOf } from '../src/cluster/routes/traefik.ts';
import { lint } from '../src/lint.ts';
import { findKubectl, pinned } from '../src/render/tools.ts';
import { groupOf } from '../src/resource.ts';
import { hostsIn } from '../src/snapshot/hosts.ts';
import { type Kind, wantedKinds } from '../src/snapshot/kinds.ts';
import { snapshotOf } from '../src/snapshot/projections.ts';
import { snapshotFrom } from '../src/snapshot/snapshot.ts';
import { snapshotText } from '../src/snapshot/text.ts';
import { readYaml } from '../src/yaml.ts';
import { type ApiServer, type ServedResource, startApiServer } from './api-server.ts';
import { clusterOf, resourceOf } from './in-memory.ts';
import { smallCluster } from './snapshot-cluster.ts';
import { tree } from './tree.ts';

let home: string;
let api: ApiServer;
let kubectls: Record<'v31' | 'v35', string>;

beforeAll(async () => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'k8s-lint-home-')));
  kubectls = { v31: (await pinned('v31')).kubectl, v35: (await pinned('v35')).kubectl };
  api = await startApiServer([]);
  writeFileSync(join(home, 'kubeconfig'), api.kubeconfig);
  vi.stubEnv('KUBECONFIG', join(home, 'kubeconfig'));
  // Every run of the command listens there.
  for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
});
/** What most tests need. */
const FEW = ['nodes', 'namespaces', 'secrets', 'replicasets', 'deployments', 'pods'];

beforeEach(() => {
  // kubectl keeps there what a server has said to serve.
  vi.stubEnv('HOME', mkdtempSync(join(home, 'home-')));
  const resources = smallCluster().filter(({ plural }) => FEW.includes(plural));
  Object.assign(api, { resources, unavailable: [], page: 500, expire: 0, requests: [] });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await api.close();
  rmSync(home, { recursive: true, force: true });
});

/** Runs `k8s-lint snapshot` in this process. */
async function snapshot(...args: string[]) {
  const out = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      out[stream] += text;
      return true;
    }),
  );
  const kubectl = args.includes('--kubectl') ? [] : ['--kubectl', kubectls.v35];
  try {
    return { code: await main(['snapshot', ...kubectl, ...args]), ...out };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

function resource(plural: string): ServedResource {
  const found = api.resources.find((candidate) => candidate.plural === plural);
  if (!found) throw new Error(`nobody serves ${plural}`);
  return found;
}

const FORBIDDEN = (plural: string) => ({
  code: 403,
  reason: 'Forbidden',
  message: `${plural} is forbidden: User "ci" cannot list resource "${plural}" in API group "" at the cluster scope`,
});

const advice = (context = '') =>
  `k8s-lint: kubectl${context} get namespaces must work first; kubectl config get-contexts lists the clusters that --context can name\n`;

describe('what is written', () => {
  it.each(['v31', 'v35'] as const)('is what rules use, sorted, and no secret (kubectl of %s)', async (layer) => {
    api.resources = smallCluster();
    const { code, stdout, stderr } = await snapshot('--kubectl', kubectls[layer]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const unserved = /^# The API server does not serve these, so that there are none\.\n(?:.*\n)*?---\n/m;
    expect(stdout).not.toContain('hunter2');
    // DNS may have records all the same.
    expect(stdout).not.toContain('DNSEndpoint');
    await expect(stdout.replace(unserved, '')).toMatchFileSnapshot('../fixtures/snapshot/small-cluster.yaml');
    const isServed = ({ group, kind }: Kind) =>
      api.resources.some((served) => groupOf(served.apiVersion) === group && served.kind === kind);
    const listed = unserved.exec(stdout)?.[0].match(/(?<=apiVersion: )\S+, kind: \w+(?=List,)/g);
    const expected = wantedKinds().filter((kind) => !isServed(kind) && kind.apiVersion !== undefined);
    expect(listed?.toSorted()).toEqual(
      expected.map(({ apiVersion, kind }) => `${apiVersion}, kind: ${kind}`).toSorted(),
    );
  });

  it('is read page by page, and again as a whole where a page has expired', async () => {
    const names = Array.from({ length: 5 }, (_, i) => `pool-${i}`);
    const { items } = resource('namespaces');
    items.splice(0, 1, ...names.map((name) => ({ metadata: { name } })));
    api.page = 2;
    const paged = await snapshot();
    expect(requestsFor('namespaces')).toEqual(['?limit=500', '?continue=2&limit=500', '?continue=4&limit=500']);
    api.requests.length = 0;
    api.expire = 1;
    expect(await snapshot()).toEqual(paged);
    expect(requestsFor('namespaces')).toEqual(['?limit=500', '?continue=2&limit=500', '']);
    expect(
      [...paged.stdout.matchAll(/^kind: Namespace\nmetadata:\n {2}name: (.*)$/gm)].map((match) => match[1]),
    ).toEqual(names);
  });

  it('does not ask for the releases of Helm, nor for pods that have ended', async () => {
    await snapshot();
    expect(requestsFor('secrets')).toEqual(['?fieldSelector=type%21%3Dhelm.sh%2Frelease.v1&limit=500']);
    expect(requestsFor('pods')).toEqual([
      '?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500',
    ]);
  });

  it('names kinds that the user may not read, and says nothing of them', async () => {
    resource('secrets').fails = FORBIDDEN('secrets');
    const { code, stdout, stderr } = await snapshot();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'k8s-lint: Secret was not read, nothing will be known of it: Error from server (Forbidden): secrets is forbidden: ' +
        'User "ci" cannot list resource "secrets" in API group "" at the cluster scope\n',
    });
    expect(stdout).toContain('# Not read, so that nothing is known of them:\n#   Secret: forbidden\n---\n');
    expect(stdout).not.toMatch(/kind: Secret(?:List)?\b/);
  });

  it('keeps pods whose controllers could not be read', async () => {
    resource('replicasets').fails = FORBIDDEN('replicasets');
    const { stdout } = await snapshot();
    expect(stdout).toContain('name: web-5d8f-abcde\n');
  });

  it('is whole but for a kind that fails, and the run has failed', async () => {
    resource('deployments').fails = { code: 500, reason: 'InternalError', message: 'conversion webhook failed' };
    api.unavailable = ['metrics.k8s.io/v1beta1', 'karpenter.sh/v1'];
    const { code, stdout, stderr } = await snapshot();
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'k8s-lint: Deployment.apps was not read, nothing will be known of it: Error from server (InternalError): ' +
        'conversion webhook failed\n' +
        'k8s-lint: NodePool.karpenter.sh was not read, nothing will be known of it: the API server could not say what it ' +
        'serves of karpenter.sh\n',
    });
    expect(stdout).toContain('#   Deployment.apps: failed\n#   NodePool.karpenter.sh: failed\n---\n');
    expect(stdout).toContain('kind: Node\n');
    expect(stdout).not.toMatch(/kind: (?:Deployment|NodePool)(?:List)?,?\n/);
  });

  it('asks the context that is named', async () => {
    const { code, stdout, stderr } = await snapshot('--context', 'stranger');
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr:
        "k8s-lint: the cluster can't be asked: error: You must be logged in to the server (the server has asked for the client to " +
        `provide credentials)\n${advice(' --context stranger')}`,
    });
  });
});

function requestsFor(plural: string): string[] {
  return api.requests
    .filter((request) => request.includes(`/${plural}`))
    .map((request) => request.replace(/^[^?]*/, '').replace(/[?&]timeout=.*/, ''));
}

describe('a cluster that does not answer', () => {
  it.each(['v31', 'v35'] as const)('is told in the words of kubectl (%s)', async (layer) => {
    const gone = await startApiServer([]);
    await gone.close();
    writeFileSync(join(home, 'gone'), gone.kubeconfig);
    vi.stubEnv('KUBECONFIG', join(home, 'gone'));
    const result = await snapshot('--kubectl', kubectls[layer]);
    vi.stubEnv('KUBECONFIG', join(home, 'kubeconfig'));
    const { host } = new URL(gone.url);
    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: `k8s-lint: the cluster can't be asked: The connection to the server ${host} was refused - did you specify the right host or port?\n${advice()}`,
    });
  });

  it('is waited for as long as --timeout says, for all kinds together', async () => {
    for (const served of api.resources) served.fails = 'hang';
    const start = Date.now();
    const { code, stderr } = await snapshot('--timeout', '2');
    expect(Date.now() - start).toBeLessThan(20_000);
    expect(code).toBe(2);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(api.resources.length + 1);
    expect(lines.at(-1)).toBe(
      'k8s-lint: nothing could be read, so nothing is written: see what kubectl get namespaces says',
    );
    expect(lines[0]).toMatch(
      /^k8s-lint: Deployment\.apps was not read, .*(?:Client\.Timeout|no answer within --timeout)/,
    );
  });

  it('has a context that the kubeconfig does not know', async () => {
    const { code, stderr } = await snapshot('--context', 'nowhere');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `k8s-lint: the cluster can't be asked: error: context "nowhere" does not exist\n${advice(' --context nowhere')}`,
    });
  });
});

describe('the file', () => {
  it('replaces an older one as a whole, and leaves nothing beside it', async () => {
    const directory = tree({ 'facts.yaml': 'old\n' });
    const file = join(directory, 'facts.yaml');
    const { code, stdout, stderr } = await snapshot('-o', file);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: `k8s-lint: 6 objects written to ${file}\n`,
    });
    expect(readFileSync(file, 'utf8')).toBe((await snapshot('-o', '-')).stdout);
    expect(readdirSync(directory)).toEqual(['facts.yaml']);
  });

  it('stays as it was where the cluster does not answer', async () => {
    const directory = tree({ 'facts.yaml': 'old\n' });
    expect((await snapshot('-o', join(directory, 'facts.yaml'), '--context', 'stranger')).code).toBe(2);
    expect(readFileSync(join(directory, 'facts.yaml'), 'utf8')).toBe('old\n');
  });

  it.each([
    ['a directory', '', 'it is a directory'],
    ['below a file', 'facts.yaml/x', 'its directory does not exist'],
  ])('is refused before anything is asked where it is %s', async (_, name, reason) => {
    const directory = tree({ 'facts.yaml': 'old\n' });
    const file = join(directory, name);
    expect(await snapshot('-o', file)).toEqual({
      code: 2,
      stdout: '',
      stderr: `k8s-lint: --output ${file}: ${reason}\n`,
    });
    expect(api.requests).toEqual([]);
  });

  it('stays as it was where no kind could be read', async () => {
    for (const served of api.resources) served.fails = { code: 500, reason: 'InternalError', message: 'etcd is gone' };
    const directory = tree({ 'facts.yaml': 'old\n' });
    expect((await snapshot('-o', join(directory, 'facts.yaml'))).code).toBe(2);
    expect(readFileSync(join(directory, 'facts.yaml'), 'utf8')).toBe('old\n');
  });

  it('is refused before anything is asked where its directory is missing, and where a link leads out of the repository', async () => {
    const directory = tree({ '.git/': '', 'outside/': '' });
    const missing = join(directory, 'no', 'facts.yaml');
    const { code, stderr } = await snapshot('-o', missing);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `k8s-lint: --output ${missing}: its directory does not exist\n`,
    });
    expect(api.requests).toEqual([]);

    symlinkSync('/dev/null', join(directory, 'link.yaml'));
    const from = vi.spyOn(process, 'cwd').mockReturnValue(directory);
    const outside = await snapshot('-o', 'link.yaml');
    from.mockRestore();
    expect(outside).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'k8s-lint: --output link.yaml: link.yaml is a symbolic link that leads out of the repository: nothing is written there\n',
    });
  });

  it.each([
    [['--context', ''], 'k8s-lint: --context: a name is needed, not an empty one\n'],
    [['--timeout', 'soon'], 'k8s-lint: --timeout soon: a whole number from 1 on is needed\n'],
    [
      ['--kubectl', '/nowhere/kubectl'],
      "k8s-lint: --kubectl /nowhere/kubectl can't be used as kubectl: it does not exist\n",
    ],
    [['--kubectl', process.execPath], `k8s-lint: --kubectl ${process.execPath} can't be used as kubectl: it fails at`],
  ])('is not written with %j', async (args, message) => {
    const { code, stdout, stderr } = await snapshot(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.slice(0, message.length)).toBe(message);
  });
});

describe('values of Secrets and ConfigMaps', () => {
  const services = new Map([
    ['shop/db', new Set([5432])],
    ['shop/redis', new Set([6379])],
    ['infra/mail', new Set([25])],
  ]);
  const kept = (key: string, value: string) => hostsIn(key, value, 'shop', services);

  it.each([
    ['DATABASE_URL', 'postgres://user:pa%2Fss@db:5432/shop?sslmode=disable#x', 'postgres://db:5432'],
    ['DATABASE_URL', 'postgresql+asyncpg://user:p@ss@db.shop.svc/shop', 'postgresql+asyncpg://db.shop.svc'],
    ['url', 'https://hooks.example.com/services/T0/B0/secret', 'https://hooks.example.com'],
    ['jdbc-uri', 'jdbc:postgresql://db:5432/shop?user=a&password=b', 'jdbc:postgresql://db:5432'],
    ['jdbc-url', 'jdbc:sqlserver://db:1433;user=a;password=b', 'jdbc:sqlserver://db:1433'],
    ['MONGO_URL', 'mongodb://u:p@m-0.m:27017,m-1.m:27017/x?replicaSet=rs', 'mongodb://m-0.m:27017,m-1.m:27017'],
    ['REDIS_URL', ' redis://:secret@redis:6379/0\n', 'redis://redis:6379'],
    ['host', 'db', 'db'],
    ['PGHOST', 'db.shop.svc.cluster.local', 'db.shop.svc.cluster.local'],
    ['SMTP_HOST', 'mail.infra:25', 'mail.infra:25'],
    ['CACHE', 'redis:6379', 'redis:6379'],
    ['TOKEN_URL', 'https://idp.example.com/token?client_secret=hunter2', 'https://idp.example.com'],
    ['url', 'https://hunter2:hunter2@db/a%40b:hunter2', 'https://db'],
  ])('keep of %s %j: %j', (key, value, expected) => {
    expect(kept(key, value)).toBe(expected);
  });

  it.each([
    ['a password that is called like a Service', 'password', 'db'],
    ['a Service in another namespace', 'host', 'mail'],
    ['a host that is no Service', 'host', 'db.example.com'],
    ['a user and a pin', 'login', 'db:1234'],
    ['a Service and a pin', 'login', 'redis:1234'],
    ['a password with a slash', 'DATABASE_URL', 'postgres://user:12/34@db:5432/shop'],
    ['a password with a question mark', 'DATABASE_URL', 'redis://:12?34@redis'],
    ['a password with a hash', 'DATABASE_URL', 'postgres://user:p@12#34@db/shop'],
    ['a password with a semicolon', 'DATABASE_URL', 'jdbc:sqlserver://db;password=p@ss'],
    ['a password with a URL', 'DATABASE_URL', 'amqp://user:12,http://34@mq'],
    ['a password that is a URL', 'PASSWORD', 'https://db/'],
    ['a token that looks like a URL', 'TOKEN', 'https://db/'],
    ['an older password that looks like a URL', 'password_old', 'https://db/'],
    ['a password that looks like a Service', 'DBPASSWORD2', 'db:5432'],
    ['credentials that look like a Service', 'auth_web', 'redis:6379'],
    ['a user and a password without a host', 'DATABASE_URL', 'postgres://user:hunter2'],
    ['a user, a password and a host without scheme', 'DATABASE_HOST', 'db:hunter2@db:5432'],
    ['a user and a host without scheme', 'host', 'hunter2@db'],
    ['lines', 'url', 'http://db\nhunter2'],
    ['lines of hosts', 'host', 'db\nredis'],
    ['JSON', 'config', '{"url":"http://db"}'],
    ['JSON without a space or a quote', 'config', '{url:http://db}'],
    ['a pair', 'config', 'password:http://db'],
    ['an assignment', 'config', 'url=http://db'],
    ['an escaped host', 'url', 'http://hunter2%40db:5432'],
    ['what is encoded twice', 'url', 'aHR0cDovL2Ri'],
    ['a scheme that nobody knows', 'url', 's3cret://db'],
    ['a scheme that nobody knows beside one', 'url', 's3cret+postgres://db'],
    ['a URL without host', 'url', 'file:///etc/passwd'],
    ['a port that is none', 'url', 'http://user:secret'],
    ['no address', 'url', 'hunter2'],
    ['a file', 'application.properties', 'db.url=postgres://db\npassword=x'],
    ['a connection string', 'DSN', 'host=db password=secret'],
    ['what is only shown', 'CALLBACK_URL', 'https://shop.example.com/'],
    ['a long text', 'url', `http://db/${'x'.repeat(2048)}`],
  ])('keep nothing of %s', (_, key, value) => {
    expect(kept(key, value)).toBe('');
  });

  const chars = (alphabet: string, minLength: number, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
  const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const password = fc.string({ unit: 'grapheme-ascii', minLength: 4, maxLength: 40 });
  const secrets = fc.oneof(
    password,
    chars('0123456789abcdef', 16, 64),
    chars(base64url, 8, 40),
    fc
      .constantFrom('ghp_', 'sk-', 'AKIA', 'xoxb-', 'glpat-')
      .chain((prefix) => chars(base64url, 16, 40).map((rest) => prefix + rest)),
    fc
      .tuple(chars(base64url, 10, 40), chars(base64url, 10, 80), chars(base64url, 20, 43))
      .map((parts) => `eyJ${parts.join('.')}`),
    fc.constantFrom('hunter2', 'postgres', 'redis', 'secret', 'changeme', 'letmein', 'admin'),
    fc.tuple(chars('abcdefghijklmnopqrstuvwxyz', 4, 8), chars('0123456789', 2, 6)).map((parts) => parts.join(':')),
  );
  const keys = fc.constantFrom(
    'password',
    'TOKEN',
    'api-key',
    'DATABASE_URL',
    'url',
    'host',
    'PGHOST',
    'dsn',
    'data',
    'app.conf',
  );

  it('keep nothing of a credential that stands by itself', () => {
    fc.assert(
      fc.property(keys, secrets, (key, secret) => {
        // Only where the key says so, a word is the name of a Service.
        fc.pre(!(secret === 'redis' && /host|url|dsn/i.test(key)));
        expect(kept(key, secret)).toBe('');
      }),
      { numRuns: 1000 },
    );
  });

  it('keep of a URL nothing but its scheme, its host and its port, whatever stands in its userinfo, path and query', () => {
    const scheme = fc.constantFrom(
      'postgres',
      'https',
      'amqp',
      'redis',
      'mongodb',
      'jdbc:postgresql',
      'postgresql+psycopg2',
    );
    const places = fc.constantFrom(
      (secret: string) => `user:${secret}@db:5432/x`,
      (secret: string) => `${secret}@db:5432`,
      (secret: string) => `${secret}:${secret}@db:5432/${secret}`,
      (secret: string) => `db:5432/${secret}`,
      (secret: string) => `db:5432/x?password=${secret}&y=${secret}`,
      (secret: string) => `db:5432#${secret}`,
      (secret: string) => `db:5432;password=${secret}`,
      (secret: string) => `user:x@db:5432/x?sslpassword=${secret}`,
    );
    const written = fc
      .tuple(scheme, places, secrets)
      .map(([start, place, secret]) => [start, `${start}://${place(secret)}`]);
    fc.assert(
      fc.property(keys, written, (key, [start, url = '']) => {
        expect(['', `${start}://db:5432`]).toContain(kept(key, url));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a snapshot of a cluster full of secrets', () => {
  const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const part = (minLength: number) => fc.string({ unit: fc.constantFrom(...base64url), minLength, maxLength: 40 });
  const secrets = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', minLength: 4, maxLength: 40 }),
    part(8),
    fc.tuple(part(10), part(10), part(20)).map((parts) => `eyJ${parts.join('.')}`),
    fc.stringMatching(/^[0-9]{4,5}$/),
    // Words that are Services, too.
    fc.constantFrom('hunter2', 'postgres', 'redis', 'postgres.shop', 'admin', 'true', '-----BEGIN KEY-----\nMIIE\n'),
  );

  /** One object of every kind that may hold a secret, with it in every place. */
  function cluster(secret: string): Record<string, unknown>[] {
    const encoded = encodeURIComponent(secret).replaceAll("'", '%27');
    const named = (place: string) => ({ name: place, value: secret });
    const texts: Record<string, string> = {
      password: secret,
      token: `Bearer ${secret}`,
      'db.conf': `host=postgres user=shop password=${secret}`,
      'app.yaml': `db:\n  url: postgres://postgres:5432\n  password: ${secret}\n`,
      'config.json': JSON.stringify({ url: `redis://:${encoded}@redis:6379`, key: secret }),
      '.dockerconfigjson': JSON.stringify({ auths: { 'registry.example.com': { auth: btoa(encoded) } } }),
      'tls.key': `-----BEGIN PRIVATE KEY-----\n${btoa(encoded)}\n-----END PRIVATE KEY-----\n`,
      DATABASE_URL: `postgres://${encoded}:${encoded}@postgres:5432/${encoded}?sslpassword=${encoded}#${encoded}`,
      REDIS_URL: `redis://:${encoded}@redis`,
      JDBC_URL: `jdbc:postgresql://postgres/shop?user=shop&password=${encoded}`,
      WEBHOOK: `https://hooks.example.com/${encoded}?${encoded}`,
      DB_HOST: `shop:${encoded}@postgres:5432`,
    };
    const data = Object.fromEntries(
      Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    );
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: texts }),
      'nginx.ingress.kubernetes.io/configuration-snippet': `proxy_set_header X "${secret}x";`,
      'replicator.v1.mittwald.de/replicate-from': `${secret}/x`,
      'example.com/password': secret,
    };
    const request = { httpHeaders: [named('Authorization')] };
    const container = {
      name: 'web',
      image: 'web:1',
      command: ['sh', '-c', `PGPASSWORD=${secret} psql`],
      args: [`--password=${secret}`, '--api-key', secret, '--ingress-class=public'],
      env: [named('PASSWORD'), named('INGRESS_CLASS'), named('TRAEFIK_CERTIFICATESRESOLVERS_LE_ACME_EAB_KID')],
      livenessProbe: { httpGet: { port: 80, ...request }, exec: { command: ['curl', '-u', secret] } },
      lifecycle: { preStop: { exec: { command: [secret] } } },
    };
    const template = {
      metadata: { labels: { app: 'web' }, annotations },
      spec: {
        containers: [container],
        initContainers: [container],
        volumes: [
          { name: 'a', csi: { driver: 'a', volumeAttributes: { secret } } },
          { name: 'b', flexVolume: { options: { secret } } },
        ],
      },
    };
    const object = (apiVersion: string, kind: string, content: object) => ({
      apiVersion,
      kind,
      metadata: { name: 'web', namespace: 'shop', annotations, managedFields: [{ fieldsV1: { secret } }] },
      ...content,
    });
    const workload = (apiVersion: string, kind: string) => object(apiVersion, kind, { spec: { template } });
    const service = (name: string, port: number) => ({
      ...object('v1', 'Service', { spec: { ports: [{ port }] } }),
      metadata: { name, namespace: 'shop', annotations },
    });
    const filters = [{ requestHeaderModifier: { set: [named('X')] } }];
    return [
      service('postgres', 5432),
      service('redis', 6379),
      object('v1', 'Secret', { type: 'Opaque', data }),
      object('v1', 'ConfigMap', { data: texts, binaryData: data }),
      object('v1', 'Namespace', {}),
      object('v1', 'Node', { spec: { providerID: secret } }),
      object('v1', 'PersistentVolume', {
        spec: { csi: { driver: 'a', volumeAttributes: { secret } }, iscsi: { secret } },
      }),
      object('v1', 'Pod', { spec: template.spec }),
      ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind) => workload('apps/v1', kind)),
      workload('batch/v1', 'Job'),
      object('batch/v1', 'CronJob', { spec: { jobTemplate: { spec: { template } } } }),
      object('argoproj.io/v1alpha1', 'Rollout', {
        spec: { template, strategy: { canary: { steps: [{ analysis: { args: [named('key')] } }], maxSurge: 1 } } },
      }),
      object('networking.k8s.io/v1', 'Ingress', { spec: {} }),
      object('storage.k8s.io/v1', 'StorageClass', { provisioner: 'a', parameters: { secret } }),
      object('keda.sh/v1alpha1', 'ScaledObject', {
        spec: { triggers: [{ type: 'redis', metadata: { password: secret } }] },
      }),
      object('gateway.networking.k8s.io/v1', 'HTTPRoute', {
        spec: {
          rules: [
            {
              matches: [{ headers: [named('X')], queryParams: [named('y')] }],
              filters,
              backendRefs: [{ name: 'web', filters }],
            },
          ],
        },
      }),
      object('traefik.io/v1alpha1', 'IngressRoute', {
        spec: { routes: [{ match: `Host(\`a\`) && Header(\`X\`, \`${encoded}\`) || Query("key=${encoded}")` }] },
      }),
      object('traefik.io/v1alpha1', 'Middleware', {
        spec: { headers: { customRequestHeaders: { Authorization: secret } } },
      }),
      object('cert-manager.io/v1', 'Issuer', {
        spec: {
          acme: {
            server: `https://${encoded}@acme.example.com/?${encoded}`,
            externalAccountBinding: { keyID: secret },
            solvers: [{ dns01: { webhook: { config: { token: secret } } } }],
          },
          vault: { auth: { appRole: { roleId: secret } } },
        },
      }),
      object('externaldns.k8s.io/v1alpha1', 'DNSEndpoint', {
        spec: { endpoints: [{ dnsName: 'a', recordType: 'TXT', targets: [secret] }] },
      }),
      object('bitnami.com/v1alpha1', 'SealedSecret', {
        spec: { encryptedData: { a: secret }, template: { data: { b: secret }, metadata: { annotations } } },
      }),
      object('external-secrets.io/v1', 'ExternalSecret', {
        spec: {
          target: { name: 'a', template: { data: { a: secret } } },
          data: [{ secretKey: 'a', remoteRef: { key: secret } }],
        },
      }),
      object('external-secrets.io/v1', 'SecretStore', {
        spec: { provider: { fake: { data: [{ key: 'a', value: secret }] } } },
      }),
      object('helm.toolkit.fluxcd.io/v2', 'HelmRelease', { spec: { targetNamespace: 'shop', values: { secret } } }),
      object('argoproj.io/v1alpha1', 'Application', {
        spec: { source: { chart: 'a', helm: { parameters: [named('p')] } } },
      }),
      object('kyverno.io/v1', 'ClusterPolicy', {
        spec: { rules: [{ generate: { kind: 'Secret', name: 'a', data: { secret } }, mutate: { secret } }] },
      }),
    ];
  }

  function text(secret: string): string {
    const items = cluster(secret);
    const answers = wantedKinds().map((kind) => {
      const own = items.filter(
        ({ apiVersion, kind: name }) => groupOf(`${apiVersion}`) === kind.group && name === kind.kind,
      );
      return { kind, answer: { state: 'read' as const, items: own, apiVersion: kind.apiVersion ?? 'v1' } };
    });
    return snapshotText(snapshotFrom(answers).snapshot);
  }

  it('is the same whatever they are', () => {
    const expected = text('hunter2');
    expect(expected).toContain('DATABASE_URL: postgres://postgres:5432\n');
    expect(expected).not.toContain('hunter2');
    fc.assert(
      fc.property(secrets, (secret) => {
        expect(text(secret)).toBe(expected);
      }),
      { numRuns: 200 },
    );
  });
});

describe('text of a snapshot', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'yes',
      '0644',
      '0o644',
      '1e3',
      '1_000',
      '1:30',
      '2026-01-31',
      '~',
      '',
      '- a',
      '# x',
      '##[x',
      '::error::',
      '<<',
      '.inf',
      'a\n---\nb',
    ),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  }));

  it('is read as the objects that it was made of, and nothing in it is obeyed by a terminal', () => {
    fc.assert(
      fc.property(value, (spec) => {
        const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, spec };
        const written = snapshotText({ objects: [object], unserved: [], empty: [], whole: [], unread: [] });
        expect(readYaml(written).map((document) => document.value)).toEqual([null, object]);
        expect(written).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|^::|##\[/mu);
      }),
      { numRuns: 200 },
    );
  });
});

describe('as existing', () => {
  const rendered = `apiVersion: apps/v1
kind: Deployment
metadata: { name: api, namespace: shop }
spec:
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec:
      nodeSelector: { pool: burst }
      containers:
        - name: api
          image: registry.example.com/api:1.0.0
          env:
            - name: DATABASE_URL
              valueFrom: { secretKeyRef: { name: app, key: DATABASE_URL } }
            - name: SMTP_PASSWORD
              valueFrom: { secretKeyRef: { name: app, key: SMTP_PASSWORD } }
            - name: REDIS_PASSWORD
              valueFrom: { secretKeyRef: { name: redis, key: password } }
`;

  async function lintWith(facts: string, manifest: string) {
    const config = 'environments:\n  prod:\n    existing: [facts.yaml]\n    targets: [{ manifests: [api.yaml] }]\n';
    const cwd = tree({ 'k8s-lint.yaml': config, 'facts.yaml': facts, 'api.yaml': manifest });
    const { diagnostics, unchecked, failures } = await lint({ cwd });
    return {
      found: diagnostics.map(({ rule, message, location }) => `${location.line} ${rule}: ${message}`),
      unchecked,
      failures,
    };
  }

  it('loads without a complaint, and rules judge by it', async () => {
    api.resources = smallCluster();
    const app = resource('secrets').items[0] as { metadata: { annotations: Record<string, string> } };
    app.metadata.annotations = {};
    const { stdout } = await snapshot();
    expect(await lintWith(stdout, rendered)).toEqual({
      found: [
        '9 pod-unschedulable: 0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: burst}, 1 node(s) were unschedulable; ' +
          "label k8s.scaleway.com/pool-name=burst exists, pool=burst doesn't",
        '14 network-policy-blocks-connection: Deployment/api dials db:5432 (DATABASE_URL in Secret/app), but ingress policy ' +
          'NetworkPolicy/db refuses it: connections time out or are refused',
        '17 reference-key-missing: Secret/app has no key "SMTP_PASSWORD": the container stays in CreateContainerConfigError; did you mean "password"?',
        '19 reference-missing: there is no Secret/redis in namespace shop: the container stays in CreateContainerConfigError',
      ],
      unchecked: [],
      failures: [],
    });
    const fitting = rendered
      .replaceAll('app: api', 'app: admin')
      .replace(
        'pool: burst',
        'k8s.scaleway.com/pool-name: burst }\n      tolerations: [{ key: dedicated, operator: Exists }]',
      )
      .replace(' }\n      containers', '\n      containers')
      .replace('key: SMTP_PASSWORD', 'key: password')
      .replace('name: redis, key: password', 'name: app, key: TOKEN');
    expect(await lintWith(stdout, fitting)).toEqual({ found: [], unchecked: [], failures: [] });
  });
});

describe('facts without content', () => {
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'app', namespace: 'shop' },
    data: { a: '', b: 'http://db' },
  };

  it('are values that nobody knows, where rendered ones are empty', () => {
    const read = (existing: boolean) => {
      const cluster = clusterOf([resourceOf(configMap, { existing })]);
      return [...dataOf(cluster, 'ConfigMap', 'shop', 'app').entries].map(([key, { value }]) => [key, value]);
    };
    expect(read(true)).toEqual([
      ['a', undefined],
      ['b', 'http://db'],
    ]);
    expect(read(false)).toEqual([
      ['a', ''],
      ['b', 'http://db'],
    ]);
  });

  it('leave open what Traefik reads in its file', () => {
    const volumeMounts = [{ name: 'a', mountPath: '/etc' }];
    const traefik = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'traefik', namespace: 'shop' },
      spec: {
        containers: [{ name: 'traefik', image: 'traefik:v3.1', args: ['--configfile=/etc/a'], volumeMounts }],
        volumes: [{ name: 'a', configMap: { name: 'app' } }],
      },
    };
    const settings = (a: string) =>
      traefiksOf(clusterOf([traefik, resourceOf({ ...configMap, data: { a } }, { existing: true })])).map((found) => [
        ...found.settings.keys(),
      ]);
    expect(settings('')).toEqual([[]]);
    expect(settings('providers: { kubernetesCRD: {} }')).toEqual([['providers.kubernetescrd']]);
  });

  it('leave the published schemas to judge kinds whose definitions have names and versions only', async () => {
    const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ingressroutes.traefik.io }
spec:
  group: traefik.io
  names: { kind: IngressRoute, plural: ingressroutes }
  scope: Namespaced
  versions: [{ name: v1alpha1, served: true, storage: true }]
`;
    const route =
      'apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: { name: a, namespace: shop }\nspec: { routes: [{ match: 5 }] }\n';
    const config = 'environments: { prod: { existing: [facts.yaml], targets: [{ manifests: [route.yaml] }] } }\n';
    const cwd = tree({ 'k8s-lint.yaml': config, 'facts.yaml': definition, 'route.yaml': route });
    const { diagnostics, unchecked } = await lint({ cwd });
    expect(diagnostics.map(({ rule, message }) => `${rule}: ${message.split(':')[0]}`)).toEqual([
      'schema-invalid: match is the number 5, not a string',
    ]);
    expect(unchecked.map(({ what }) => what)).toEqual(['IngressRoute/a by the other rules']);
  });

  it('are asked for with the kubectl on PATH where none is named', async () => {
    const { v31 } = kubectls;
    expect(await findKubectl(undefined, { PATH: `relative:${home}:${dirname(v31)}` })).toBe(v31);
  });
});

describe('what is kept of an object', () => {
  const kinds = new Map(wantedKinds().map((kind) => [`${kind.group}/${kind.kind}`, kind]));

  function kept(object: Record<string, unknown>, read: readonly Record<string, unknown>[] = []) {
    const { apiVersion, kind } = object as { apiVersion: string; kind: string };
    const wanted = kinds.get(`${groupOf(apiVersion)}/${kind}`);
    if (!wanted) throw new Error(`nobody wants ${apiVersion} ${kind}`);
    const all = new Map(read.map((other) => [`${groupOf(String(other.apiVersion))}/${other.kind}`, [other]]));
    return snapshotOf(object, wanted, new Map(), all);
  }

  const object = (apiVersion: string, kind: string, content: object = {}, metadata: object = {}) => ({
    apiVersion,
    kind,
    metadata: { name: 'x', namespace: 'shop', ...metadata },
    ...content,
  });
  const controlledBy = (apiVersion: string, kind: string) => ({
    ownerReferences: [{ apiVersion, kind, name: 'o', controller: true }],
  });
  const pod = { restartPolicy: 'Always', containers: [{ name: 'a', image: 'a:1' }] };
  const job = (type: string, status: string) => ({
    spec: { template: { spec: pod } },
    status: { conditions: [{ type, status }] },
  });

  it.each([
    ['a pod of a ReplicaSet', object('v1', 'Pod', { spec: pod }, controlledBy('apps/v1', 'ReplicaSet'))],
    [
      'a pod of a workflow',
      object(
        'v1',
        'Pod',
        { spec: { ...pod, restartPolicy: 'Never' } },
        controlledBy('argoproj.io/v1alpha1', 'Workflow'),
      ),
    ],
    ['a Job that is over', object('batch/v1', 'Job', job('Complete', 'True'))],
    ['a Job that has failed', object('batch/v1', 'Job', job('Failed', 'True'))],
    [
      'an API of the API server',
      object('apiregistration.k8s.io/v1', 'APIService', { spec: { group: 'apps', version: 'v1' } }),
    ],
    ['a policy that Calico shows', object('projectcalico.org/v3', 'NetworkPolicy', {}, { name: 'knp.default.x' })],
    ['the root certificate', object('v1', 'ConfigMap', {}, { name: 'kube-root-ca.crt' })],
    ['the account of every namespace', object('v1', 'ServiceAccount', {}, { name: 'default' })],
    [
      'a role of every cluster',
      object(
        'rbac.authorization.k8s.io/v1',
        'Role',
        {},
        { name: 'system:x', labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
      ),
    ],
    [
      'the Ingress of a challenge',
      object('networking.k8s.io/v1', 'Ingress', {}, { labels: { 'acme.cert-manager.io/http01-solver': 'true' } }),
    ],
  ])('is nothing: %s', (_, item) => {
    expect(kept(item, [object('apps/v1', 'ReplicaSet')])).toBe(undefined);
  });

  it.each([
    ['a pod of an operator', object('v1', 'Pod', { spec: pod }, controlledBy('postgresql.cnpg.io/v1', 'Cluster'))],
    [
      'a pod of a ReplicaSet that could not be read',
      object('v1', 'Pod', { spec: pod }, controlledBy('apps/v1', 'ReplicaSet')),
    ],
    ['a pod that runs once', object('v1', 'Pod', { spec: { ...pod, restartPolicy: 'Never' } })],
    ['a Job that runs', object('batch/v1', 'Job', job('Complete', 'False'))],
    [
      'an API of somebody else',
      object('apiregistration.k8s.io/v1', 'APIService', { spec: { service: { name: 'a' } } }),
    ],
    ['a policy of Calico', object('projectcalico.org/v3', 'NetworkPolicy')],
    [
      'an account that pulls',
      object('v1', 'ServiceAccount', { imagePullSecrets: [{ name: 'a' }] }, { name: 'default' }),
    ],
    ['a role that is only called so', object('rbac.authorization.k8s.io/v1', 'Role', {}, { name: 'system:x' })],
    [
      'a role that may have been changed',
      object(
        'rbac.authorization.k8s.io/v1',
        'ClusterRole',
        {},
        { labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' }, name: 'edit' },
      ),
    ],
  ])('is something: %s', (_, item) => {
    expect(kept(item)?.kind).toBe(item.kind);
  });

  it('is of a static pod its Node, and of a pod what it needs of one', () => {
    const spec = {
      ...pod,
      nodeName: 'n1',
      nodeSelector: { a: 'b' },
      hostNetwork: true,
      serviceAccountName: 'web',
      env: [],
    };
    const expected = { ...pod, nodeSelector: { a: 'b' }, hostNetwork: true, serviceAccountName: 'web' };
    expect(kept(object('v1', 'Pod', { spec }))?.spec).toEqual(expected);
    expect(kept(object('v1', 'Pod', { spec }, controlledBy('v1', 'Node')))?.spec).toEqual({
      ...expected,
      nodeName: 'n1',
    });
  });

  it('is of a workload its template, its replicas but where they are scaled, and its claims', () => {
    const claim = {
      metadata: { name: 'data', labels: { a: 'b' } },
      spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'] },
    };
    const spec = {
      replicas: 3,
      serviceName: 'x',
      selector: { matchLabels: { a: 'b' } },
      updateStrategy: { type: 'OnDelete' },
      volumeClaimTemplates: [claim],
      template: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: pod },
    };
    const stateful = object('apps/v1', 'StatefulSet', { spec });
    const template = { metadata: { labels: { a: 'b' } }, spec: pod };
    const expected = {
      replicas: 3,
      serviceName: 'x',
      updateStrategy: { type: 'OnDelete' },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim.spec }],
      template,
    };
    expect(kept(stateful)?.spec).toEqual(expected);
    const { replicas: _, ...scaled } = expected;
    const scaler = (target: object, namespace = 'shop') =>
      object('autoscaling/v2', 'HorizontalPodAutoscaler', { spec: { scaleTargetRef: target } }, { namespace });
    expect(kept(stateful, [scaler({ kind: 'StatefulSet', name: 'x' })])?.spec).toEqual(scaled);
    for (const other of [
      scaler({ kind: 'Deployment', name: 'x' }),
      scaler({ kind: 'StatefulSet', name: 'y' }),
      scaler({ kind: 'StatefulSet', name: 'x' }, 'infra'),
    ]) {
      expect(kept(stateful, [other])?.spec).toEqual(expected);
    }
    const keda = object('keda.sh/v1alpha1', 'ScaledObject', { spec: { scaleTargetRef: { name: 'x' } } });
    expect(kept(object('apps/v1', 'Deployment', { spec: { replicas: 3, template } }), [keda])?.spec).toEqual({
      template,
    });
    const cronJob = { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template } } };
    expect(kept(object('batch/v1', 'CronJob', { spec: cronJob }))?.spec).toEqual({
      suspend: true,
      jobTemplate: { spec: { template } },
    });
  });

  it.each([
    [['--ingress-class=public', '--api-key=s3cret', '--v=2'], ['--ingress-class=public']],
    [['/controller', '--ingress-class', 'public', '--election-id', 'x'], ['--ingress-class=public']],
    [['--watch-ingress-without-class', 's3cret'], ['--watch-ingress-without-class']],
    [
      ['--providers.kubernetesCRD', 's3cret', '--entryPoints.web.allowACMEByPass', 's3cret'],
      ['--providers.kubernetesCRD', '--entryPoints.web.allowACMEByPass'],
    ],
    [['--ingress-class={{ s3cret }}'], undefined],
    [['--providers.kubernetesingress.token=s3cret'], ['--providers.kubernetesingress']],
    [
      ['--providers.kubernetesCRD', '--providers.kubernetesIngress.ingressClass=x'],
      ['--providers.kubernetesCRD', '--providers.kubernetesIngress.ingressClass=x'],
    ],
    [
      [
        '--certificatesresolvers.le.acme.httpchallenge.entrypoint=web',
        '--certificatesresolvers.le.acme.eab.hmacencoded=s3cret',
      ],
      ['--certificatesresolvers.le.acme.httpchallenge.entrypoint=web'],
    ],
    [['sh', '-c', 'traefik --ingress-class=x'], undefined],
  ])('is of the arguments %j: %j', (args, expected) => {
    const [first = '', ...rest] = args;
    const spec = { containers: [{ name: 'a', image: 'a:1', command: [first], args: rest }] };
    const flags = expected === undefined ? {} : { args: expected };
    expect(kept(object('v1', 'Pod', { spec }))?.spec).toEqual({ containers: [{ name: 'a', image: 'a:1', ...flags }] });
  });

  it('is of the environment only what tells a controller its class', () => {
    const env = [
      { name: 'CONTROLLER_INGRESS_CLASS', value: 'public' },
      { name: 'CONTROLLER_KONG_ADMIN_TOKEN', value: 's3cret' },
      { name: 'INGRESS_CLASS', value: 's3cret' },
      { name: 'TRAEFIK_PROVIDERS_KUBERNETESCRD', value: 'true' },
      { name: 'TRAEFIK_CERTIFICATESRESOLVERS_LE_ACME_HTTPCHALLENGE_ENTRYPOINT', value: 'web' },
      { name: 'TRAEFIK_CERTIFICATESRESOLVERS_LE_ACME_EAB_HMACENCODED', value: 's3cret' },
      { name: 'TRAEFIK_PROVIDERS_KUBERNETESINGRESS_TOKEN', value: 's3cret' },
      { name: 'TRAEFIK_PROVIDERS_KUBERNETESINGRESS_INGRESSCLASS', value: '{{ s3cret }}' },
    ];
    const spec = { containers: [{ name: 'a', image: 'a:1', env }] };
    expect(kept(object('v1', 'Pod', { spec }))?.spec).toEqual({
      containers: [
        {
          name: 'a',
          image: 'a:1',
          env: [env[0], env[3], env[4], { name: 'TRAEFIK_PROVIDERS_KUBERNETESINGRESS', value: 'true' }],
        },
      ],
    });
  });

  it('is of a route what it matches and where it leads, not what it adds to requests', () => {
    const filters = [
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'A', value: 's3cret' }] } },
    ];
    const matches = [{ path: { type: 'PathPrefix', value: '/' }, headers: [{ name: 'canary', value: '1' }] }];
    const rules = [{ matches, filters, backendRefs: [{ name: 'web', port: 80, weight: 1, filters }] }];
    expect(kept(object('gateway.networking.k8s.io/v1', 'HTTPRoute', { spec: { rules } }))?.spec).toEqual({
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [{ name: 'canary' }] }],
          backendRefs: [{ name: 'web', port: 80 }],
        },
      ],
    });
  });

  it.each([
    ['Host(`a.example.com`) && PathPrefix(`/b`)', 'Host(`a.example.com`) && PathPrefix(`/b`)'],
    ['Host("a") && !Header(`X-Key`, `s3)cret`)', 'Host("a") && !Header(``, ``)'],
    [
      '(Query(`token=s3cret`) || HeadersRegexp(`a`, "s3\\"cret")) && Method(`GET`)',
      '(Query(``) || HeadersRegexp(``, ``)) && Method(`GET`)',
    ],
    ['Headers:X-Key,s3cret', 'Headers``,``'],
    ['Header(`X`, `s3cret', 'Header(``, ``'],
  ])('is of a rule of Traefik hosts, paths and methods: %s', (match, expected) => {
    const spec = { routes: [{ match, kind: 'Rule', services: [{ name: 'web', port: 80 }] }] };
    expect(kept(object('traefik.io/v1alpha1', 'IngressRoute', { spec }))?.spec).toEqual({
      routes: [{ match: expected, kind: 'Rule', services: [{ name: 'web', port: 80 }] }],
    });
  });

  it.each([
    ['https://acme.example.com/directory', 'https://acme.example.com/directory'],
    [
      'https://user:s3cret@acme.example.com:8443/directory?key=s3cret#s3cret',
      'https://acme.example.com:8443/directory',
    ],
    ['s3cret', ''],
  ])('is of the ACME server %s: %j', (server, expected) => {
    const acme = { server, externalAccountBinding: { keyID: 's3cret' } };
    for (const kind of ['Issuer', 'ClusterIssuer']) {
      expect(kept(object('cert-manager.io/v1', kind, { spec: { acme } }))?.spec).toEqual({
        acme: { server: expected },
      });
    }
  });

  it('is of a Rollout how it replaces pods', () => {
    const canary = {
      maxSurge: 1,
      trafficRouting: { plugins: { x: 's3cret' } },
      steps: [{ analysis: { args: [{ name: 'key', value: 's3cret' }] } }],
    };
    const rollout = (strategy: object) => kept(object('argoproj.io/v1alpha1', 'Rollout', { spec: { strategy } }))?.spec;
    expect(rollout({ canary })).toEqual({
      strategy: { canary: { maxSurge: 1, trafficRouting: {} } },
      template: { spec: { containers: [] } },
    });
    expect(rollout({ blueGreen: { prePromotionAnalysis: { args: ['s3cret'] } } })).toEqual({
      strategy: { blueGreen: {} },
      template: { spec: { containers: [] } },
    });
  });

  it('is of annotations only what rules read', () => {
    const annotations = {
      'kubernetes.io/ingress.class': 'public',
      'cert-manager.io/cluster-issuer': 'letsencrypt',
      'traefik.ingress.kubernetes.io/router.middlewares': 'a-b@kubernetescrd',
      'nginx.ingress.kubernetes.io/configuration-snippet': 'proxy_set_header Authorization "s3cret";',
      'nginx.ingress.kubernetes.io/canary': 'true',
      'alb.ingress.kubernetes.io/certificate-arn': 'arn',
      'meta.helm.sh/release-name': 'x',
    };
    expect(kept(object('networking.k8s.io/v1', 'Ingress', {}, { annotations }))?.metadata).toEqual({
      name: 'x',
      namespace: 'shop',
      annotations: {
        'alb.ingress.kubernetes.io/certificate-arn': '',
        'cert-manager.io/cluster-issuer': 'letsencrypt',
        'kubernetes.io/ingress.class': 'public',
        'nginx.ingress.kubernetes.io/canary': 'true',
        'nginx.ingress.kubernetes.io/configuration-snippet': '',
        'traefik.ingress.kubernetes.io/router.middlewares': 'a-b@kubernetescrd',
      },
    });
  });

  it('is of records no text, of other kinds of credentials that they are there', () => {
    const endpoints = [
      { dnsName: 'a.example.com', recordType: 'A', targets: ['192.0.2.1'], recordTTL: 60 },
      { dnsName: 'a.example.com', recordType: 'TXT', targets: ['s3cret'] },
    ];
    expect(kept(object('externaldns.k8s.io/v1alpha1', 'DNSEndpoint', { spec: { endpoints } }))?.spec).toEqual({
      endpoints: [
        { dnsName: 'a.example.com', recordType: 'A', targets: ['192.0.2.1'] },
        { dnsName: 'a.example.com', recordType: 'TXT' },
      ],
    });
    const sealed = object('bitnami.com/v1alpha1', 'SealedSecret', { spec: { encryptedData: { a: 's3cret' } } });
    expect(kept(sealed)?.spec).toEqual({ encryptedData: { a: '' } });
    const volume = object('v1', 'PersistentVolume', {
      spec: { nfs: { server: 'a', path: '/' }, csi: { driver: 'd', volumeHandle: 'h' } },
    });
    expect(kept({ ...volume, status: { phase: 'Released', message: 's3cret' } })).toEqual(
      object('v1', 'PersistentVolume', { spec: { csi: { driver: 'd' }, nfs: {} }, status: { phase: 'Released' } }),
    );
    const middleware = object('traefik.io/v1alpha1', 'Middleware', {
      spec: { headers: { customRequestHeaders: { a: 's3cret' } } },
    });
    expect(kept(middleware)).toEqual(object('traefik.io/v1alpha1', 'Middleware'));
  });

  it('survives objects of any shape', () => {
    const odd = fc.constantFrom(null, 1, 'x', true, [], [null], [1], {}, { metadata: null }, { a: [{}] });
    const fields = [
      'metadata',
      'spec',
      'status',
      'data',
      'stringData',
      'binaryData',
      'rules',
      'type',
      'imagePullSecrets',
    ];
    const shape = fc.record(Object.fromEntries(fields.map((field) => [field, odd])));
    fc.assert(
      fc.property(fc.constantFrom(...kinds.values()), shape, (kind, content) => {
        const item = { ...content, apiVersion: kind.apiVersion ?? 'v1', kind: kind.kind };
        JSON.stringify(snapshotOf(item, kind, new Map(), new Map([[`${kind.group}/${kind.kind}`, [item]]])));
      }),
      { numRuns: 2000 },
    );
  });
});
