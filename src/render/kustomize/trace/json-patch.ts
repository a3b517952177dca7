import { isDeepStrictEqual } from 'node:util';
import { asMap } from '../../../cluster/workloads.ts';
import { plainOf } from './configured.ts';
import { copyOf, overwrite, type Place, type Shadow, type ShadowMap, shadowOf } from './shadow.ts';

/** One operation of a JSON patch, with its index in the patch. */
export interface Operation {
  index: number;
  op: string;
  /** The keys of its JSON pointer. */
  path: string[];
  from: string[];
  /** Absent for operations without one. */
  value?: unknown;
}

/** The operations of a JSON patch, undefined for what is none (RFC 6902). */
export function operationsOf(value: unknown): Operation[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const operations: Operation[] = [];
  for (const [index, item] of value.entries()) {
    const { op, path, from, ...rest } = asMap(item) ?? {};
    if (typeof op !== 'string' || typeof path !== 'string') return undefined;
    const operation = { index, op, path: keysOf(path), from: typeof from === 'string' ? keysOf(from) : [] };
    operations.push('value' in rest ? { ...operation, value: rest.value } : operation);
  }
  return operations;
}

/** The keys of a JSON pointer (RFC 6901). */
function keysOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * Applies the operations of a patch that stands at `place` to an object. What can't be applied is passed over: kustomize did
 * it. To a settled one it was applied before: items are where they belong.
 */
export function jsonPatch(object: ShadowMap, operations: readonly Operation[], place: Place, settled = false): void {
  for (const { index, op, path, from, value } of operations) {
    const written = () => shadowOf(value, place, [index, 'value']);
    switch (op) {
      case 'add':
        if (settled) restate(object, path, written());
        else add(object, path, written());
        break;
      case 'replace':
        replace(object, path, written());
        break;
      case 'remove':
        if (!settled) remove(object, path);
        break;
      case 'move': {
        const moved = settled ? undefined : remove(object, from);
        if (moved) add(object, path, moved);
        break;
      }
      case 'copy': {
        const found = at(object, from);
        if (found && !settled) add(object, path, copyOf(found));
      }
    }
  }
}

function at(object: Shadow, path: readonly string[]): Shadow | undefined {
  let current: Shadow | undefined = object;
  for (const key of path) {
    if (current?.type === 'map') current = current.entries.get(key);
    else if (current?.type === 'list') current = current.items[indexOf(key, current.items.length - 1) ?? -1];
    else return undefined;
  }
  return current;
}

/** An index into a list; the library that kustomize uses counts negative ones from the end. */
function indexOf(key: string, last: number): number | undefined {
  if (!/^-?\d+$/.test(key)) return undefined;
  const index = Number(key) < 0 ? last + 1 + Number(key) : Number(key);
  return index >= 0 && index <= last ? index : undefined;
}

/** Says of what stands at a path that it is written in the patch, if it is. */
function restate(object: ShadowMap, path: readonly string[], value: Shadow): void {
  const key = path.at(-1);
  const end = key === '-' ? [...path.slice(0, -1), '-1'] : path;
  const found = at(object, end);
  if (found && isDeepStrictEqual(plainOf(found), plainOf(value))) replace(object, end, value);
}

function add(object: ShadowMap, path: readonly string[], value: Shadow): void {
  const parent = at(object, path.slice(0, -1));
  const key = path.at(-1);
  if (key === undefined) return;
  if (parent?.type === 'map') overwrite(parent, key, value);
  if (parent?.type === 'list') {
    const index = key === '-' ? parent.items.length : indexOf(key, parent.items.length);
    if (index !== undefined) parent.items.splice(index, 0, value);
  }
}

function replace(object: ShadowMap, path: readonly string[], value: Shadow): void {
  const parent = at(object, path.slice(0, -1));
  const key = path.at(-1);
  if (key === undefined) return;
  if (parent?.type === 'map') overwrite(parent, key, value);
  if (parent?.type === 'list') {
    const index = indexOf(key, parent.items.length - 1);
    const was = index === undefined ? undefined : parent.items[index];
    if (index !== undefined && was) parent.items[index] = { ...value, was };
  }
}

function remove(object: ShadowMap, path: readonly string[]): Shadow | undefined {
  const parent = at(object, path.slice(0, -1));
  const key = path.at(-1);
  if (key === undefined) return undefined;
  if (parent?.type === 'map') {
    const value = parent.entries.get(key);
    parent.entries.delete(key);
    return value;
  }
  if (parent?.type !== 'list') return undefined;
  const index = indexOf(key, parent.items.length - 1);
  return index === undefined ? undefined : parent.items.splice(index, 1)[0];
}
