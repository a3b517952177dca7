import { asMap } from '../cluster/workloads.ts';

/** What a schema names beyond so many keys is open: its parts may refer to each other in ever more ways. */
const MAX_KEYS = 100_000;

/** What a chart's values.yaml and values.schema.json define: keys, and those below them. Lists are not looked into. */
export class DefinedValue {
  readonly children = new Map<string, DefinedValue>();
  /** Any key may stand here. */
  open = false;
  /** How many keys there are in all, shared by them. */
  private readonly all: { keys: number };

  constructor(all = { keys: 0 }) {
    this.all = all;
  }

  child(name: string): DefinedValue {
    let child = this.children.get(name);
    if (!child) {
      child = new DefinedValue(this.all);
      this.all.keys++;
      this.children.set(name, child);
    }
    return child;
  }

  make(path: readonly string[]): DefinedValue {
    return path.reduce<DefinedValue>((value, name) => value.child(name), this);
  }

  at(path: readonly string[]): DefinedValue | undefined {
    return path.reduce<DefinedValue | undefined>((value, name) => value?.children.get(name), this);
  }

  addAll({ children, open }: DefinedValue): void {
    for (const [name, child] of children) this.child(name).addAll(child);
    this.open ||= open;
  }

  addValue(value: unknown): void {
    for (const [key, item] of Object.entries(asMap(value) ?? {})) this.child(key).addValue(item);
  }

  /** Adds what a JSON Schema names. One that refers to elsewhere leaves this open. */
  addSchema(schema: unknown, root: unknown = schema, refs: readonly string[] = []): void {
    const map = asMap(schema);
    if (!map) return;
    if (this.all.keys > MAX_KEYS) {
      this.open = true;
      return;
    }
    for (const [name, below] of Object.entries(asMap(map.properties) ?? {})) {
      this.child(name).addSchema(below, root, refs);
    }
    // `additionalProperties: true` lets keys through, and names none.
    if (asMap(map.additionalProperties) || asMap(map.patternProperties)) this.open = true;
    for (const below of [map.allOf, map.anyOf, map.oneOf, map.if, map.then, map.else].flat()) {
      this.addSchema(below, root, refs);
    }
    const ref = map.$ref ?? map.$dynamicRef ?? map.$recursiveRef;
    if (typeof ref !== 'string') return;
    // One that refers to itself goes on for ever.
    const target = ref.startsWith('#') && !refs.includes(ref) ? resolvePointer(root, ref.slice(1)) : undefined;
    if (target === undefined) this.open = true;
    else this.addSchema(target, root, [...refs, ref]);
  }
}

/** What a JSON Pointer names, undefined where it names nothing, or an anchor. */
function resolvePointer(root: unknown, pointer: string): unknown {
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    const map = asMap(value);
    value = map && Object.hasOwn(map, key) ? map[key] : undefined;
  }
  return pointer === '' || pointer.startsWith('/') ? value : undefined;
}
