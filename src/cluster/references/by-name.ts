import { isUnsetScope } from '../../resource.ts';
import { isUnknown } from '../unknown.ts';

/**
 * What is called alike, by namespace: large environments hold the same few names in hundreds of namespaces. Keeps the order
 * within a namespace.
 */
export class ByName<T> {
  readonly #all = new Map<string, T[]>();
  readonly #inScope = new Map<string, T[]>();
  /** Those whose namespace may turn out to be any. */
  readonly #anywhere = new Map<string, T[]>();

  /** `scope` as a resource has it; undefined where it may be any namespace. */
  add(kind: string, name: string, scope: string | undefined, item: T): void {
    const id = `${kind} ${name}`;
    push(this.#all, id, item);
    if (scope === undefined || mayBeAny(scope)) push(this.#anywhere, id, item);
    else push(this.#inScope, `${id} ${scope}`, item);
  }

  /** All of that kind and name, in whatever namespace. */
  all(kind: string, name: string): readonly T[] {
    return this.#all.get(`${kind} ${name}`) ?? [];
  }

  /** Those that are, or for all we know may be, in a namespace (compareScopes). */
  in(kind: string, name: string, scope: string): readonly T[] {
    if (mayBeAny(scope)) return this.all(kind, name);
    const id = `${kind} ${name}`;
    const here = this.#inScope.get(`${id} ${scope}`) ?? [];
    const anywhere = this.#anywhere.get(id);
    return anywhere === undefined ? here : [...here, ...anywhere];
  }

  /** Everything, in no order. */
  *everything(): Generator<T> {
    for (const items of this.#all.values()) yield* items;
  }
}

function mayBeAny(scope: string): boolean {
  return isUnsetScope(scope) || isUnknown(scope);
}

function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}
