import type { Resource } from '../../resource.ts';
import { derived } from '../cluster.ts';
import { type Connection, connectionsOf, isForPeers } from '../connections/connections.ts';
import { meetsNoPolicies } from './network.ts';
import { type Reach, reachOf } from './reachability.ts';

/** A connection, and what policies make of it. */
export interface Judged {
  connection: Connection;
  reach: Reach;
}

/** A connection that policies surely refuse, and what tells why. */
export interface Refused extends Judged {
  /** Who takes the value as well, with all else that its ConfigMap or Secret holds, and is refused, too. */
  others: Connection[];
}

/** Every connection that the manifests configure, with what policies make of it. */
export const judgedConnections = derived((cluster): readonly Judged[] =>
  connectionsOf(cluster).map((connection) => ({ connection, reach: reachOf(cluster, connection) })),
);

/**
 * The connections that policies surely refuse: one for each client, value and Service. Of those that take a whole ConfigMap or Secret,
 * some may read the rest of it only: of them there is one.
 */
export const refusedConnections = derived((cluster): readonly Refused[] => {
  const judged = judgedConnections(cluster);
  const lists = new Set<string>();
  const values = new Set<string>();
  for (const { connection, reach } of judged) {
    if (reach.verdict === 'denied') continue;
    lists.add(listId(connection));
    values.add(valueId(connection));
  }
  const found = new Map<string, Judged[]>();
  for (const one of judged) {
    const { connection, reach } = one;
    if (reach.verdict !== 'denied' || connection.from.resource.existing || meetsNoPolicies(connection.from.resource))
      continue;
    // One of several alternatives is enough.
    if (connection.hasOthers || lists.has(listId(connection))) continue;
    const isShared = connection.via === 'envFrom' || connection.via === 'file';
    // Whoever takes a whole ConfigMap needn't dial all that it holds: somebody else may be meant.
    if (isShared && (values.has(valueId(connection)) || isForPeers(cluster, connection))) continue;
    const client = isShared ? [] : identityOf(connection.from.resource);
    const id = JSON.stringify([client, valueId(connection)]);
    const known = found.get(id) ?? [];
    found.set(id, known);
    if (!known.some(({ connection: { from } }) => from === connection.from)) known.push(one);
  }
  return [...found.values()].flatMap((group) => {
    const first = group.find(({ connection }) => isCertain(connection)) ?? group[0];
    const others = group.filter((one) => one !== first).map(({ connection }) => connection);
    return first ? [{ ...first, others }] : [];
  });
});

/** Whether somebody dials now, and nothing may override where. */
function isCertain({ from, unless }: Connection): boolean {
  return from.replicas !== 0 && unless === undefined;
}

function listId({ from, list }: Connection): string {
  return JSON.stringify([identityOf(from.resource), list]);
}

function valueId({ where, service, port }: Connection): string {
  return JSON.stringify([identityOf(where.resource), where.path, identityOf(service), port]);
}

function identityOf({ group, kind, scope, name }: Resource): string[] {
  return [group, kind, scope, name];
}
