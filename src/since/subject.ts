import type { Cluster } from '../cluster/cluster.ts';
import { valueAt } from '../cluster/workloads.ts';
import { namedPath } from '../diagnose.ts';
import type { Found } from '../diagnostic.ts';
import type { Resource } from '../resource.ts';

/** What a finding says of which place of which object, so that both sides can be compared. It holds values: it is never printed. */
export interface Subject {
  kind: string;
  /** The object as its environment has it. */
  object: string;
  /** The path, with the items of lists by their names, or their numbers. */
  place: string;
  /** The same without these numbers. */
  pattern: string;
  /** What stands there. */
  value: string;
  /** The message without the names of the object and of releases. */
  words: string;
  /** All that the object says, path by path, without these names. */
  leaves(): ReadonlySet<string>;
}

/** The objects of one environment of one side. */
export class Objects {
  readonly #byName = new Map<string, Resource>();
  readonly #objects = new Set<string>();
  readonly #targetToday: (target: string) => string;
  readonly #releases: (target: string) => readonly string[];

  /** `targetToday` says what a target is called today, `releases` which names of releases it uses. */
  constructor(
    cluster: Cluster | undefined,
    targetToday: (target: string) => string,
    releases: (target: string) => readonly string[],
  ) {
    this.#targetToday = targetToday;
    this.#releases = releases;
    const refused = (cluster?.schemaErrors ?? []).map(({ resource }) => resource);
    for (const resource of [...(cluster?.resources ?? []), ...refused]) {
      if (resource.existing) continue;
      this.#objects.add(this.#identity(resource));
      const { kind, namespace, displayName } = resource;
      for (const { target } of resource.targets)
        this.#byName.set(JSON.stringify([kind, namespace, displayName, target]), resource);
    }
  }

  /** Whether an object of the other side is here as well. */
  has({ object }: Subject): boolean {
    return this.#objects.has(object);
  }

  /** Undefined for what is about no object. */
  subjectOf({ resource: named, targets, path = [], plain, message }: Found): Subject | undefined {
    const { kind, namespace, name } = named ?? {};
    const ids = targets.map(({ target }) => JSON.stringify([kind, namespace, name, target]));
    const id = ids.find((candidate) => this.#byName.has(candidate));
    const resource = id === undefined ? undefined : this.#byName.get(id);
    if (!resource) return undefined;
    const steps = namedPath(resource.object, path);
    const releases = resource.targets.flatMap(({ target }) => this.#releases(target));
    const bare = nameless([resource.name, resource.displayName, ...releases]);
    let leaves: ReadonlySet<string> | undefined;
    return {
      kind: resource.kind,
      object: this.#identity(resource),
      place: JSON.stringify(steps),
      pattern: JSON.stringify(steps.map((step) => (typeof step === 'number' ? [] : step))),
      value: JSON.stringify(valueAt(resource.object, path)) ?? '',
      words: bare(plain ?? message),
      leaves: () => {
        leaves ??= new Set([...leavesOf(resource.object, '')].map(bare));
        return leaves;
      },
    };
  }

  /** Two targets may render an object of the same name into namespaces that nobody knows. */
  #identity({ kind, namespace, clusterScoped, displayName, targets: [first] }: Resource): string {
    const where = namespace ?? (clusterScoped || !first ? [] : [this.#targetToday(first.target)]);
    return JSON.stringify([kind, where, displayName]);
  }
}

/** No name of Kubernetes is longer. */
const MAX_NAME = 253;

/** Takes names out of a text where they stand alone, or begin a longer name. */
function nameless(names: readonly string[]): (text: string) => string {
  const escaped = names
    .filter((name) => name !== '' && name.length <= MAX_NAME)
    .map((name) => name.replace(/[^\w-]/g, '\\$&'));
  const pattern = new RegExp(`(?<![\\w-])(?:${escaped.toSorted((a, b) => b.length - a.length).join('|')})(?!\\w)`, 'g');
  return (text) => text.replace(pattern, '');
}

function* leavesOf(value: unknown, path: string): Iterable<string> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value))
      yield* leavesOf(item, `${path}/${Array.isArray(value) ? '' : key}`);
  } else yield `${path} ${String(value)}`;
}

/** Whether most of what two objects say is the same, as git takes files for renamed of which half is. */
export function isAlike(a: Subject | undefined, b: Subject | undefined): boolean {
  if (!a || !b) return false;
  const [one, other] = [a.leaves(), b.leaves()];
  const both = [...one].filter((leaf) => other.has(leaf)).length;
  return 2 * both >= Math.max(one.size, other.size);
}
