import { asMap } from '../cluster/workloads.ts';
import { type RunResult, run } from '../render/run.ts';

/** The user's kubectl, and what it is asked with. */
export interface Kubectl {
  /** Absolute path of the executable. */
  command: string;
  /** Where it runs: a kubeconfig may be named from there. */
  cwd: string;
  /** The context of the kubeconfig, the current one where it isn't given. */
  context: string | undefined;
  /** When it all has to be over, in milliseconds since 1970. */
  deadline: number;
  signal?: AbortSignal | undefined;
}

/** A kind that the API server serves, in the version that it prefers. */
export interface ServedKind {
  /** As kubectl takes it: `deployments.v1.apps`. */
  resource: string;
  apiVersion: string;
}

export interface Discovery {
  /** By `group/Kind`. */
  served: ReadonlyMap<string, ServedKind>;
  /** Groups that could not be asked about. */
  unavailable: ReadonlySet<string>;
}

/** What asking for the objects of a kind came to. `message` is what kubectl said. */
export type Listed =
  | { state: 'read'; items: readonly Record<string, unknown>[] }
  | { state: 'forbidden'; message: string }
  | { state: 'failed'; message: string };

/** The cluster can't be asked at all; the message is what kubectl said. */
export class ClusterError extends Error {}

/** Objects in one answer of the API server. */
const PAGE = 500;
/** As long as a string of Node may be, nearly. */
const LARGEST = 500 * 1024 * 1024;

/** What the API server serves. Throws ClusterError where it can't be reached, or lets nobody in. */
export async function discover(kubectl: Kubectl): Promise<Discovery> {
  const result = await ask(kubectl, ['api-resources', '--verbs=list', '--no-headers']);
  const stdout = 'stdout' in result ? result.stdout : '';
  const served = new Map<string, ServedKind>();
  for (const line of stdout.split('\n')) {
    const found = readLine(line);
    if (found) served.set(found.id, found.kind);
  }
  const unavailable = result.kind === 'failed' ? unavailableGroups(result.stderr) : new Set<string>();
  // Without a group that it can't say anything of, it is the cluster that kubectl has failed on.
  if (served.size === 0 || (result.kind !== 'ok' && unavailable.size === 0)) {
    throw new ClusterError(result.kind === 'ok' ? 'the API server names no kinds' : describe(kubectl, result));
  }
  return { served, unavailable };
}

/** `deployments  deploy  apps/v1  true  Deployment`; the short names may be missing. */
function readLine(line: string): { id: string; kind: ServedKind } | undefined {
  const words = line.trim().split(/\s+/);
  const scope = words.findIndex((word, i) => i >= 2 && (word === 'true' || word === 'false'));
  const [plural, apiVersion = '', kind] = [words[0], words[scope - 1], words[scope + 1]];
  if (plural === undefined || kind === undefined || !/^([a-z0-9.-]+\/)?[a-z0-9]+$/.test(apiVersion)) return undefined;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return { id: `${group}/${kind}`, kind: { resource: `${plural}.${version}.${group}`, apiVersion } };
}

/** `unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: the server is currently unable …` */
function unavailableGroups(stderr: string): Set<string> {
  const [, list = ''] = /unable to retrieve the complete list of server APIs: (.*)/s.exec(stderr) ?? [];
  return new Set([...list.matchAll(/([a-z0-9.-]+)\/v\d\w*: /g)].map((match) => match[1] ?? ''));
}

/** All objects of a kind, in all namespaces; page by page. */
export async function list(kubectl: Kubectl, resource: string, fieldSelector?: string): Promise<Listed> {
  const paged = await get(kubectl, resource, fieldSelector, PAGE);
  // The rest of a list expires after some minutes: a busy cluster is asked again for all at once.
  const expired = paged.kind === 'failed' && /\(Expired\)|continue (?:parameter|token)/.test(paged.stderr);
  const result = expired ? await get(kubectl, resource, fieldSelector, 0) : paged;
  if (result.kind !== 'ok') {
    const forbidden = result.kind === 'failed' && /\((?:Forbidden|MethodNotAllowed)\)/.test(result.stderr);
    const message = describe(kubectl, result);
    return forbidden ? { state: 'forbidden', message } : { state: 'failed', message };
  }
  try {
    const { items } = JSON.parse(result.stdout);
    if (!Array.isArray(items)) return { state: 'failed', message: 'kubectl printed no list' };
    return { state: 'read', items: items.map(asMap).filter((item) => item !== undefined) };
  } catch {
    return { state: 'failed', message: 'kubectl printed something else than JSON' };
  }
}

function get(kubectl: Kubectl, resource: string, fieldSelector: string | undefined, page: number): Promise<RunResult> {
  const selector = fieldSelector === undefined ? [] : [`--field-selector=${fieldSelector}`];
  return ask(kubectl, ['get', resource, '--all-namespaces', '--output=json', `--chunk-size=${page}`, ...selector]);
}

async function ask(kubectl: Kubectl, args: readonly string[]): Promise<RunResult> {
  const { command, cwd, context, deadline, signal } = kubectl;
  const left = deadline - Date.now();
  if (left <= 0) return { kind: 'timeout', stderr: '' };
  // A little less than is left, so that kubectl can say what it waited for.
  const patience = `--request-timeout=${Math.max(1, Math.floor((left / 1000) * 0.9))}s`;
  const user = context === undefined ? [] : [`--context=${context}`];
  return run(command, [...args, patience, ...user], {
    cwd,
    timeout: left,
    maxOutput: LARGEST,
    signal,
    asUser: true,
  });
}

/** Why a run told nothing, in kubectl's words where it found some. */
function describe({ command }: Kubectl, result: Exclude<RunResult, { kind: 'ok' }>): string {
  const said = 'stderr' in result ? lastWords(result.stderr) : '';
  switch (result.kind) {
    case 'failed':
      return said === '' ? `kubectl ended with exit code ${result.code} and said nothing` : said;
    case 'timeout':
      return `no answer within --timeout${said && ` (${said})`}`;
    case 'output-limit':
      return `more than ${LARGEST / 1024 / 1024} MB`;
    case 'killed':
      return `kubectl was killed by ${result.signal}${said && `: ${said}`}`;
    case 'not-started':
      return `${command} can't be started: ${result.reason}`;
  }
}

/** kubectl's own message, without the lines that its client library logs before it. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const own = lines.filter((line) => !/^[EWIF]\d{4} [\d:.]+ /.test(line));
  return (own.length > 0 ? own : lines.slice(-1)).join('; ');
}
