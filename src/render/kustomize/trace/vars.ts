import { itemsOf } from '../fields.ts';
import { type Kustomization, placeOf } from '../kustomization.ts';
import { listIn, mapIn, textIn, writtenIn } from './configured.ts';
import { keysOfFieldPath, lookUp, type Slot } from './field-path.ts';
import { type FieldSpec, slotsOf } from './field-specs.ts';
import type { ForAll } from './follow.ts';
import { overwrite, type Part, type Shadow, type ShadowScalar, shadowOf, type Via } from './shadow.ts';
import { effectiveNamespace, type Identity, identities, type Subject } from './subject.ts';

/** A variable: the object that it reads, and the field there. */
interface Variable {
  subject: Subject;
  fieldPath: string;
  via: Via;
}

/**
 * The `vars` of a kustomization and of all that it takes in: each picks its object among those of its own kustomization, and
 * all are read at the very end (ResAccumulator of kustomize's api/internal/accumulator).
 */
export class Vars {
  readonly #variables = new Map<string, Variable>();
  #hasAny = false;

  /** What picks the objects of a kustomization's variables, where it has any. */
  add(kustomization: Kustomization): ForAll | undefined {
    if (itemsOf(kustomization.value, 'vars').length === 0) return undefined;
    const vars = listIn(shadowOf(kustomization.value, placeOf(kustomization), []), 'vars');
    this.#hasAny = true;
    return {
      run: (subjects) => {
        for (const item of vars) this.#bind(item, subjects);
      },
    };
  }

  #bind(item: Shadow, subjects: readonly Subject[]): void {
    const name = textIn(item, 'name');
    const reference = mapIn(item, 'objref');
    if (!name || !reference) return;
    const [group = '', version = ''] = groupAndVersion(reference);
    const kind = textIn(reference, 'kind')?.value ?? '';
    const namespace = textIn(reference, 'namespace')?.value;
    const isMeant = (id: Identity) =>
      id.name === textIn(reference, 'name')?.value &&
      id.kind === kind &&
      id.group === group &&
      id.version === version &&
      (namespace === undefined || effectiveNamespace(id) === namespace);
    const [subject, ...others] = subjects.filter((candidate) => identities(candidate).some(isMeant));
    // kustomize refuses a name that is taken; what can be judged without that comes first.
    if (!subject || others.length > 0 || this.#variables.has(name.value)) return;
    const fieldPath = textIn(item, 'fieldref', 'fieldPath')?.value ?? 'metadata.name';
    const via = { ...writtenIn(name.origin), message: `the variable ${name.value} puts it here` };
    this.#variables.set(name.value, { subject, fieldPath, via });
  }

  /** What puts the values of all variables where they are named, at the fields that `specs` lead to; undefined where there are none. */
  resolve(specs: readonly FieldSpec[]): ForAll | undefined {
    if (!this.#hasAny) return undefined;
    return {
      run: (subjects) => {
        const values = new Map<string, Value>();
        for (const [name, { subject, fieldPath, via }] of this.#variables) {
          const keys = keysOfFieldPath(fieldPath).flatMap(withoutIndex);
          const found = lookUp(subject.shadow, keys);
          if (found?.type === 'scalar') values.set(name, { shadow: { ...found }, via });
        }
        if (values.size === 0) return;
        for (const { shadow } of subjects) {
          for (const spec of specs) for (const slot of slotsOf(shadow, spec, shadow.origin)) expandIn(slot, values);
        }
      },
    };
  }
}

function groupAndVersion(reference: Shadow): [group: string, version: string] {
  const apiVersion = textIn(reference, 'apiVersion')?.value;
  if (apiVersion === undefined) {
    return [textIn(reference, 'group')?.value ?? '', textIn(reference, 'version')?.value ?? ''];
  }
  const slash = apiVersion.indexOf('/');
  if (slash === -1) return [textIn(reference, 'group')?.value ?? '', apiVersion];
  return [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

/** `ports[0]` is `ports` and `0` (convertSliceIndex of kyaml). */
function withoutIndex(key: string): string[] {
  const found = /^(.*)\[(\d+)\]$/.exec(key);
  return found ? [found[1] ?? '', found[2] ?? ''].filter((part) => part !== '') : [key];
}

interface Value {
  shadow: ShadowScalar;
  via: Via;
}

/** A text, the texts of a map, or those of a list (filters/refvar of kustomize's api). */
function expandIn({ value, put }: Slot, values: ReadonlyMap<string, Value>): void {
  switch (value.type) {
    case 'scalar':
      expand(value, values, put);
      break;
    case 'map':
      for (const [key, item] of value.entries) expand(item, values, (next) => overwrite(value, key, next));
      break;
    case 'list':
      for (const [i, item] of value.items.entries()) {
        expand(item, values, (next) => {
          value.items[i] = { ...next, was: item };
        });
      }
  }
}

/** Each `$$`, and each `$(NAME)` with its name, of a text. */
function* referencesIn(text: string): Iterable<{ index: number; reference: string; name?: string }> {
  let isClosed = true;
  for (let index = text.indexOf('$'); index !== -1; ) {
    let length = 1;
    if (text[index + 1] === '$') {
      length = 2;
      yield { index, reference: '$$' };
    } else if (text[index + 1] === '(' && isClosed) {
      const end = text.indexOf(')', index);
      isClosed = end !== -1;
      if (isClosed) {
        length = end + 1 - index;
        yield { index, reference: text.slice(index, end + 1), name: text.slice(index + 2, end) };
      }
    }
    index = text.indexOf('$', index + length);
  }
}

/**
 * Puts the variables into a text. One that is nothing but a variable becomes its value, and was written where that was; any
 * other was written where it is.
 */
function expand(text: Shadow, values: ReadonlyMap<string, Value>, put: (value: Shadow) => void): void {
  if (text.type !== 'scalar' || typeof text.value !== 'string' || !text.value.includes('$')) return;
  const old = { ...text };
  const via = new Set(text.via);
  const parts: Part[] = [];
  let result = '';
  let done = 0;
  const copy = (from: ShadowScalar, piece: string, at: number) => {
    parts.push({ start: result.length, end: result.length + piece.length, from, at });
    result += piece;
  };
  for (const { index, reference, name } of referencesIn(text.value)) {
    const value = name === undefined ? undefined : values.get(name);
    if (value && reference === text.value) {
      const key = text.key ?? text.origin;
      put({ ...value.shadow, via: [...(value.shadow.via ?? []), value.via], key });
      return;
    }
    copy(old, text.value.slice(done, index), done);
    done = index + reference.length;
    if (value) {
      copy(value.shadow, String(value.shadow.value), 0);
      via.add(value.via);
    } else copy(old, name === undefined ? '$' : reference, index);
  }
  copy(old, text.value.slice(done), done);
  if (result !== text.value) Object.assign(text, { value: result, parts, via: [...via] });
}
