import { oneLine } from '../report/harmless.ts';
import { toYaml } from '../yaml/print.ts';

/** What a snapshot holds, in the order in which it is written. */
export interface Snapshot {
  objects: readonly Record<string, unknown>[];
  /** Kinds that the API server doesn't serve, so that there are none. */
  unserved: readonly TypedKind[];
  /** Kinds of which there are none. */
  empty: readonly TypedKind[];
  /** Kinds that live in namespaces and of which `objects` has all, so that a namespace without one has none. */
  whole: readonly TypedKind[];
  /** Kinds of which nothing is known, and why. */
  unread: readonly { kind: string; why: string }[];
}

export interface TypedKind {
  apiVersion: string;
  kind: string;
}

const HEADER = `\
# What is in the cluster, as far as the rules of k8s-lint use it: name this file under \`existing\` in k8s-lint.yaml.
# Written by \`k8s-lint snapshot\`: write it anew instead of editing it. Secrets and ConfigMaps have their keys here; of their
# values only hosts and ports that are dialled.
`;

/** A snapshot as YAML. The same cluster gives the same text. */
export function snapshotText({ objects, unserved, empty, whole, unread }: Snapshot): string {
  return [
    `${HEADER}#\n${notRead(unread)}`,
    ...lists('The API server does not serve these, so that there are none.', unserved),
    ...lists('There are none of these.', empty),
    ...lists('Of these, there are none but those below, in whatever namespace.', whole),
    ...objects.map(toYaml),
  ].join('---\n');
}

function notRead(unread: Snapshot['unread']): string {
  if (unread.length === 0) return '# Every kind was read.\n';
  const kinds = unread.map(({ kind, why }) => `#   ${oneLine(kind)}: ${oneLine(why)}\n`);
  return `# Not read, so that nothing is known of them:\n${kinds.join('')}`;
}

/** Typed lists without items: they say of a kind that there is nothing beside what the file holds. */
function lists(comment: string, kinds: readonly TypedKind[]): string[] {
  if (kinds.length === 0) return [];
  const items = kinds.map(
    ({ apiVersion, kind }) => `  - { apiVersion: ${apiVersion}, kind: ${kind}List, items: [] }\n`,
  );
  return [`# ${comment}\napiVersion: v1\nkind: List\nitems:\n${items.join('')}`];
}
