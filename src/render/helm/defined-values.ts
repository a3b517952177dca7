import { asMap } from '../../cluster/workloads.ts';

/** Parts of a schema beyond so many are open: they may refer to each other in ever more ways. */
const MAX_PARTS = 100_000;
/** Longer chains of references are not followed. */
const MAX_REFS = 50;

/** What a chart's values.yaml and values.schema.json define: keys, and those below them. Lists are not looked into. */
export class DefinedValue {
  readonly children = new Map<string, DefinedValue>();
  /** Any key may stand here. */
  open = false;
  child(name: string): DefinedValue {
    let child = this.children.get(name);
    if (!child) {
      child = new DefinedValue();
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
  addSchema(root: unknown): void {
    const parts: SchemaPart[] = [{ schema: root, into: this, refs: [] }];
    for (const [count, { schema, into, refs }] of parts.entries()) {
      const map = asMap(schema);
      if (!map) continue;
      if (count >= MAX_PARTS) {
        into.open = true;
        continue;
      }
      for (const [name, below] of Object.entries(asMap(map.properties) ?? {})) {
        parts.push({ schema: below, into: into.child(name), refs });
      }
      // `additionalProperties: true` lets keys through, and names none.
      if (asMap(map.additionalProperties) || asMap(map.patternProperties)) into.open = true;
      for (const below of [map.allOf, map.anyOf, map.oneOf, map.if, map.then, map.else].flat()) {
        parts.push({ schema: below, into, refs });
      }
      const ref = map.$ref ?? map.$dynamicRef ?? map.$recursiveRef;
      if (typeof ref !== 'string') continue;
      // One that refers to itself goes on for ever.
      const isFollowed = ref.startsWith('#') && !refs.includes(ref) && refs.length < MAX_REFS;
      const target = isFollowed ? resolvePointer(root, ref.slice(1)) : undefined;
      if (target === undefined) into.open = true;
      else parts.push({ schema: target, into, refs: [...refs, ref] });
    }
  }
}

/** A part of a schema, the values that it describes, and the references that led to it. */
interface SchemaPart {
  schema: unknown;
  into: DefinedValue;
  refs: readonly string[];
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
