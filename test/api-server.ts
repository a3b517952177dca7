import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

type Fields = Record<string, unknown>;

/** One kind that the server serves. */
export interface ServedResource {
  /** `v1`, `apps/v1` */
  apiVersion: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  items: Fields[];
  /** Answers with this status instead of the list. `hang`: never answers. */
  fails?: { code: number; reason: string; message: string } | 'hang';
}

/** An API server that speaks as much of Kubernetes' API as `kubectl get` needs: discovery, lists in pages, errors, TLS and tokens. */
export interface ApiServer {
  url: string;
  /** A kubeconfig with the contexts `test`, and `stranger` with a token that the server doesn't know. */
  kubeconfig: string;
  /** Path and query of every request. */
  requests: string[];
  resources: ServedResource[];
  /** Group versions whose discovery fails with 503. */
  unavailable: string[];
  /** The most items of one answer, whatever is asked for. */
  page: number;
  /** How many `continue` tokens it refuses as expired. */
  expire: number;
  close(): Promise<void>;
}

const TOKEN = 'token-of-the-test';

/** Starts an API server on a port of its own. */
export async function startApiServer(resources: ServedResource[]): Promise<ApiServer> {
  const { key, certificate } = selfSigned();
  const server: Server = createServer({ key, cert: certificate });
  const api: ApiServer = {
    url: '',
    kubeconfig: '',
    requests: [],
    resources,
    unavailable: [],
    page: 500,
    expire: 0,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', 'https://127.0.0.1');
    api.requests.push(`${url.pathname}${url.search}`);
    const answer =
      request.headers.authorization === `Bearer ${TOKEN}`
        ? answerTo(api, url)
        : status(401, 'Unauthorized', 'Unauthorized');
    if (answer === 'hang') return;
    response.writeHead(answer.code, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  api.kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: { server: api.url, 'certificate-authority-data': Buffer.from(certificate).toString('base64') },
      },
    ],
    users: [
      { name: 'test', user: { token: TOKEN } },
      { name: 'stranger', user: { token: 'another' } },
    ],
    contexts: ['test', 'stranger'].map((name) => ({ name, context: { cluster: 'test', user: name } })),
  });
  return api;
}

interface Answer {
  code: number;
  body: unknown;
}

function status(code: number, reason: string, message: string): Answer {
  return { code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code } };
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/: discovery as before it was aggregated, and lists. */
function answerTo(api: ApiServer, url: URL): Answer | 'hang' {
  const [root, ...rest] = url.pathname.split('/').filter((part) => part !== '');
  const versions = [...new Set(api.resources.map(({ apiVersion }) => apiVersion))];
  if (root === 'api' && rest.length === 0) return { code: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
  if (root === 'apis' && rest.length === 0) return { code: 200, body: groupList([...versions, ...api.unavailable]) };
  const apiVersion = root === 'api' ? 'v1' : rest.slice(0, 2).join('/');
  const [plural, ...more] = rest.slice(root === 'api' ? 1 : 2);
  if (api.unavailable.includes(apiVersion)) {
    return status(503, 'ServiceUnavailable', 'the server is currently unable to handle the request');
  }
  const ofVersion = api.resources.filter((resource) => resource.apiVersion === apiVersion);
  if (ofVersion.length > 0 && plural === undefined) return { code: 200, body: resourceList(apiVersion, ofVersion) };
  const resource = ofVersion.find((candidate) => candidate.plural === plural);
  if (!resource || more.length > 0) return status(404, 'NotFound', 'the server could not find the requested resource');
  if (resource.fails === 'hang') return 'hang';
  if (resource.fails) return status(resource.fails.code, resource.fails.reason, resource.fails.message);
  return page(api, resource, url.searchParams);
}

function groupList(versions: readonly string[]) {
  const groups = [
    ...new Set(versions.filter((version) => version.includes('/')).map((version) => version.split('/')[0])),
  ];
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.map((name) => {
      const own = versions.filter((version) => version.startsWith(`${name}/`));
      const entries = own.map((groupVersion) => ({ groupVersion, version: groupVersion.split('/')[1] }));
      return { name, versions: entries, preferredVersion: entries[0] };
    }),
  };
}

function resourceList(groupVersion: string, resources: readonly ServedResource[]) {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: resources.map(({ plural, kind, namespaced }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: ['get', 'list', 'watch'],
    })),
  };
}

/** One page of a list: `continue` is where the next one starts. */
function page(api: ApiServer, { apiVersion, kind, items }: ServedResource, query: URLSearchParams): Answer {
  const start = Number(query.get('continue') ?? 0);
  if (start > 0 && api.expire > 0) {
    api.expire--;
    return status(410, 'Expired', 'The provided continue parameter is too old to display a consistent list result.');
  }
  const selected = items.filter((item) => isSelected(item, query.get('fieldSelector') ?? ''));
  const limit = query.has('limit') && query.get('limit') !== '0' ? api.page : selected.length;
  const rest = selected.length - start - limit;
  const metadata = { resourceVersion: '4711', ...(rest > 0 ? { continue: `${start + limit}` } : {}) };
  // The API server leaves apiVersion and kind out of the items of a list.
  return {
    code: 200,
    body: { kind: `${kind}List`, apiVersion, metadata, items: selected.slice(start, start + limit) },
  };
}

/** `type!=x,status.phase!=y`: what the API server offers of fields, and no label selectors. */
function isSelected(item: Fields, selector: string): boolean {
  return selector
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [path = '', value] = part.split('!=');
      const found = path.split('.').reduce<unknown>((map, key) => (map as Fields | undefined)?.[key], item);
      return found !== value;
    });
}

/** A certificate for 127.0.0.1 that signs itself, and its key, both as PEM. https://www.rfc-editor.org/rfc/rfc5280#section-4.1 */
function selfSigned(): { key: string; certificate: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid([1, 2, 840, 10045, 4, 3, 2]));
  const name = sequence(der(0x31, sequence(oid([2, 5, 4, 3]), der(0x0c, Buffer.from('k8s-lint test')))));
  const validity = sequence(time(Date.now() - 86_400_000), time(Date.now() + 86_400_000));
  const alternativeNames = sequence(der(0x87, Buffer.from([127, 0, 0, 1])));
  const extensions = sequence(sequence(oid([2, 5, 29, 17]), der(0x04, alternativeNames)));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const serial = Buffer.concat([Buffer.from([1]), createHash('sha256').update(spki).digest().subarray(0, 8)]);
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    validity,
    name,
    spki,
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificate: pem(sequence(body, algorithm, signature)),
  };
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function oid([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const bytes = rest.flatMap((number) => {
    const groups = [number & 127];
    for (let left = number >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128);
    return groups;
  });
  return der(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, '').slice(0, 14);
  return der(0x18, Buffer.from(`${digits}Z`));
}

function pem(content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
