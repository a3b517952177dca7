import { asMap } from '../cluster/workloads.ts';

/** Values nested deeper than this are open: a schema may refer to itself. */
const MAX_DEPTH = 24;

/** What a chart's values.yaml and values.schema.json define: keys, and those below them. */
export class DefinedValue {
  readonly children = new Map<string, DefinedValue>();
  /** What the items of a list may hold, undefined where no list is defined. */
  element: DefinedValue | undefined;
  /** Any key may stand here. */
  open = false;
  private readonly depth: number;

  constructor(depth = 0) {
    this.depth = depth;
  }

  child(name: string): DefinedValue {
    let child = this.children.get(name);
    if (!child) {
      child = new DefinedValue(this.depth + 1);
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

  addAll({ children, element, open }: DefinedValue): void {
    for (const [name, child] of children) this.child(name).addAll(child);
    if (element) this.item().addAll(element);
    this.open ||= open;
  }

  addValue(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.item().addValue(item);
    } else {
      for (const [key, item] of Object.entries(asMap(value) ?? {})) this.child(key).addValue(item);
    }
  }

  /** Adds what a JSON Schema names. One that refers to elsewhere leaves this open. */
  addSchema(schema: unknown, root: unknown = schema, refs: readonly string[] = []): void {
    const map = asMap(schema);
    if (!map) return;
    if (this.depth > MAX_DEPTH) {
      this.open = true;
      return;
    }
    for (const [name, below] of Object.entries(asMap(map.properties) ?? {})) this.child(name).addSchema(below, root);
    for (const items of [map.items, map.additionalItems, map.prefixItems].flat()) {
      if (asMap(items)) this.item().addSchema(items, root);
    }
    // `additionalProperties: true` lets keys through, and names none.
    if (asMap(map.additionalProperties) || asMap(map.patternProperties)) this.open = true;
    for (const below of [map.allOf, map.anyOf, map.oneOf, map.if, map.then, map.else].flat()) {
      this.addSchema(below, root, refs);
    }
    const ref = map.$ref ?? map.$dynamicRef ?? map.$recursiveRef;
    if (typeof ref !== 'string' || refs.includes(ref)) return;
    const target = ref.startsWith('#') ? resolvePointer(root, ref.slice(1)) : undefined;
    if (target === undefined) this.open = true;
    else this.addSchema(target, root, [...refs, ref]);
  }

  private item(): DefinedValue {
    this.element ??= new DefinedValue(this.depth + 1);
    return this.element;
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
