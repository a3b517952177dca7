import pLimit from 'p-limit';
import { asList, asMap, valueAt } from '../cluster/workloads.ts';
import type { Services } from './hosts.ts';
import { type Kind, wantedKinds } from './kinds.ts';
import { type Discovery, discover, type Kubectl, type Listed, list } from './kubectl.ts';
import { byText, snapshotOf } from './projections.ts';
import type { Snapshot, TypedKind } from './text.ts';

type Fields = Record<string, unknown>;

/** A kind that is missing from a snapshot. */
export interface Unread {
  /** `Secret`, `Certificate.cert-manager.io` */
  kind: string;
  /** The user may not read it, so that it stays unknown. Otherwise something failed. */
  forbidden: boolean;
  /** What kubectl said. */
  message: string;
}

/** How many kubectls run at once: each asks who the user is, and cluster and network have other things to do. */
const AT_ONCE = 4;

/** Asks a cluster for all that rules use. Throws ClusterError where it can't be asked at all; rejects when aborted. */
export async function takeSnapshot(kubectl: Kubectl): Promise<{ snapshot: Snapshot; unread: Unread[] }> {
  const discovery = await discover(kubectl);
  const limit = pLimit(AT_ONCE);
  const answers = await Promise.all(
    wantedKinds().map((kind) => limit(async () => ({ kind, answer: await askFor(kubectl, kind, discovery) }))),
  );
  return snapshotFrom(answers);
}

/** What is known of a kind. */
export type Answer = Exclude<Listed, { state: 'read' }> | Read | { state: 'not-served' };

type Read = Extract<Listed, { state: 'read' }> & { apiVersion: string };

async function askFor(kubectl: Kubectl, kind: Kind, { served, unavailable }: Discovery): Promise<Answer> {
  const found = served.get(`${kind.group}/${kind.kind}`);
  if (found) {
    const listed = await list(kubectl, found.resource, kind.fieldSelector);
    return listed.state === 'read' ? { ...listed, apiVersion: found.apiVersion } : listed;
  }
  if (!unavailable.has(kind.group)) return { state: 'not-served' };
  return { state: 'failed', message: `the API server could not say what it serves of ${kind.group}` };
}

/** What a cluster's answers come to, in whatever order they are. */
export function snapshotFrom(unsorted: readonly { kind: Kind; answer: Answer }[]): {
  snapshot: Snapshot;
  unread: Unread[];
} {
  const answers = unsorted.toSorted(byText(({ kind }) => nameOf(kind)));
  const read = new Map<string, readonly Fields[]>();
  for (const { kind, answer } of answers) {
    if (answer.state === 'read') read.set(`${kind.group}/${kind.kind}`, answer.items);
  }
  const services = servicesOf(read.get('/Service') ?? []);
  const objects: Fields[] = [];
  const unserved: TypedKind[] = [];
  const empty: TypedKind[] = [];
  const whole: TypedKind[] = [];
  const unread: Unread[] = [];
  for (const { kind, answer } of answers) {
    if (answer.state === 'forbidden' || answer.state === 'failed') {
      unread.push({ kind: nameOf(kind), forbidden: answer.state === 'forbidden', message: answer.message });
      continue;
    }
    if (answer.state === 'not-served') {
      if (kind.apiVersion !== undefined) unserved.push({ apiVersion: kind.apiVersion, kind: kind.kind });
      continue;
    }
    const { items, apiVersion } = answer;
    const kept = items.flatMap((item): Fields[] => {
      const object = snapshotOf(item, kind, services, read);
      return object ? [object] : [];
    });
    objects.push(...kept.sort(byText(identityOf)));
    // Pods and Jobs that others make are left out: what is here isn't all.
    const isAll = kept.length === items.length || !PARTIAL.has(kind.kind);
    if (kept.length === 0 && isAll) empty.push({ apiVersion, kind: kind.kind });
    else if (isAll && valueAt(kept[0], ['metadata', 'namespace']) !== undefined)
      whole.push({ apiVersion, kind: kind.kind });
  }
  const why = ({ forbidden }: Unread) => (forbidden ? 'forbidden' : 'failed');
  const missing = unread.map((kind) => ({ kind: kind.kind, why: why(kind) }));
  return { snapshot: { objects, unserved, empty, whole, unread: missing }, unread };
}

const PARTIAL = new Set(['Pod', 'Job', 'ReplicaSet', 'ReplicationController']);

/** As kubectl names it: `Secret`, `Certificate.cert-manager.io`. */
function nameOf({ group, kind }: Kind): string {
  return group === '' ? kind : `${kind}.${group}`;
}

/** Nothing but names stands before NUL, so that names sort within their namespace. */
function identityOf({ metadata }: Fields): string {
  const { namespace = '', name } = asMap(metadata) ?? {};
  return `${namespace}\0${name}`;
}

function servicesOf(items: readonly Fields[]): Services {
  return new Map(
    items.map(({ metadata, spec }) => {
      const { namespace, name } = asMap(metadata) ?? {};
      const ports = asList(asMap(spec)?.ports).map((port) => asMap(port)?.port as number);
      return [`${namespace}/${name}`, new Set(ports)];
    }),
  );
}
