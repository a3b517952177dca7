import { isDeepStrictEqual } from 'node:util';
import { asMap } from '../../../cluster/workloads.ts';
import type { SourceFiles } from '../../../source.ts';
import { plainScalar } from '../../../yaml/scalars.ts';
import { itemsOf, stringOf } from '../fields.ts';
import { documentsOf, entryAt, type Kustomization, placeOf } from '../kustomization.ts';
import { fieldIn, isSet, listIn, mapIn, plainOf, type Text, textIn, writtenIn } from './configured.ts';
import { keysOfFieldPath, lookUp, type Slot, slotsAt } from './field-path.ts';
import type { ForAll } from './follow.ts';
import { matchesSelector, pickedBy } from './select.ts';
import { broughtBy, copyOf, type Part, type Shadow, type ShadowScalar, shadowOf } from './shadow.ts';
import { identityOf, type Subject } from './subject.ts';

/** The replacements of a kustomization as they are written, in kustomize's order. */
export function replacementsOf(kustomization: Kustomization, sources: SourceFiles): Shadow[] {
  if (itemsOf(kustomization.value, 'replacements').length === 0) return [];
  const config = shadowOf(kustomization.value, placeOf(kustomization), []);
  return replacementsIn(config, sources, ({ origin }) => {
    const entry = entryAt(kustomization, writtenIn(origin).path);
    return entry?.what === 'file' ? entry.absolute : undefined;
  });
}

/**
 * The `replacements` of a configuration: its entries, and those of the files that it lists (ReplacementTransformer). `fileOf`
 * gives the absolute path of a file from its text.
 */
export function replacementsIn(
  config: Shadow,
  sources: SourceFiles,
  fileOf: (path: Text) => string | undefined,
): Shadow[] {
  return listIn(config, 'replacements').flatMap((item) => {
    const path = textIn(item, 'path');
    if (!path) return [item];
    const file = fileOf(path);
    const document = file === undefined ? undefined : documentsOf(file, sources)?.[0];
    if (file === undefined || !document) return [];
    const via = { ...writtenIn(path.origin), message: 'the replacement is listed here' };
    const listed = shadowOf(document.value, { file, document: document.index, via }, []);
    return listed.type === 'list' ? listed.items : [listed];
  });
}

/** What replacements do to the objects of a kustomization (filters/replacement of kustomize's api). */
export function replacementStep(replacements: readonly Shadow[]): ForAll {
  return {
    run: (subjects) => {
      for (const replacement of replacements) {
        const source = sourceIn(subjects, replacement);
        if (!source) continue;
        for (const target of listIn(replacement, 'targets')) {
          for (const subject of subjects) {
            const by = pickOf(target, subject);
            if (by) put(source, subject, target, by);
          }
        }
      }
    },
  };
}

/** What a replacement copies. */
interface Source {
  value: Shadow;
  /** Whether its text is one that a Secret encodes. */
  encoded: boolean;
}

function sourceIn(subjects: readonly Subject[], replacement: Shadow): Source | undefined {
  const own = fieldIn(replacement, 'sourceValue');
  if (own?.type === 'scalar' && own.value !== null) return { value: own, encoded: false };
  const config = mapIn(replacement, 'source');
  const selector = config && asMap(plainOf(config));
  const [subject, ...others] = selector ? subjects.filter((candidate) => pickedBy(selector, candidate)) : [];
  if (!subject || others.length > 0) return undefined;
  const keys = keysOfFieldPath(textIn(config, 'fieldPath')?.value ?? DEFAULT_FIELD_PATH);
  const found = lookUp(subject.shadow, keys);
  if (!found) return undefined;
  const { delimiter, index } = optionsOf(config);
  const value = delimiter === '' ? copyOf(found) : pieceOf(found, delimiter, index);
  return value && { value, encoded: isEncoded(subject, keys) };
}

const DEFAULT_FIELD_PATH = 'metadata.name';

interface Options {
  /** `''` for none. */
  delimiter: string;
  index: number;
  create: boolean;
}

function optionsOf(config: Shadow | undefined): Options {
  const options = fieldIn(config, 'options');
  const index = fieldIn(options, 'index');
  return {
    delimiter: textIn(options, 'delimiter')?.value ?? '',
    index: index?.type === 'scalar' && typeof index.value === 'number' ? index.value : 0,
    create: isSet(options, 'create'),
  };
}

function isEncoded({ shadow }: Subject, keys: readonly string[]): boolean {
  return identityOf(shadow).kind === 'Secret' && keys[0] === 'data';
}

/** The piece of a text that a delimiter cuts out. */
function pieceOf(found: Shadow, delimiter: string, index: number): ShadowScalar | undefined {
  if (found.type !== 'scalar') return undefined;
  const pieces = String(found.value).split(delimiter);
  const piece = pieces[index];
  if (piece === undefined) return undefined;
  const at = pieces.slice(0, index).reduce((length, { length: own }) => length + own + delimiter.length, 0);
  const value = typeof found.value === 'string' ? piece : plainScalar(piece);
  return { ...found, value, parts: [{ start: 0, end: piece.length, from: { ...found }, at }], focus: 0 };
}

/** How a target picks an object; undefined where it doesn't. */
function pickOf(target: Shadow, subject: Subject): 'name' | 'pattern' | undefined {
  const config = mapIn(target, 'select');
  const select = config && asMap(plainOf(config));
  if (!select || !hasMarks(select, subject)) return undefined;
  for (const item of listIn(target, 'reject')) {
    const reject = asMap(plainOf(item)) ?? {};
    if (isAny(reject, ['labelSelector', 'annotationSelector']) && hasMarks(reject, subject)) return undefined;
    if (isAny(reject, ['group', 'version', 'kind', 'name', 'namespace']) && pickedBy(reject, subject)) return undefined;
  }
  return pickedBy(select, subject);
}

function isAny(map: Record<string, unknown>, fields: readonly string[]): boolean {
  return fields.some((field) => stringOf(map, field));
}

/** Whether an object has the labels and annotations that a selector asks for. */
export function hasMarks(selector: Record<string, unknown>, subject: Subject): boolean {
  return (
    matchesSelector(stringOf(selector, 'labelSelector')?.value, subject, 'labels') &&
    matchesSelector(stringOf(selector, 'annotationSelector')?.value, subject, 'annotations')
  );
}

/** Puts the value into all fields of an object that a target names. */
function put(source: Source, subject: Subject, target: Shadow, by: 'name' | 'pattern'): void {
  const options = optionsOf(target);
  const named = listIn(target, 'fieldPaths').flatMap((item) => (item.type === 'scalar' ? [item] : []));
  const byDefault = fieldIn(target, 'select') ?? target;
  const paths = named.map(({ value, origin }) => ({ path: String(value), origin }));
  for (const { path, origin } of paths.length > 0 ? paths : [{ path: DEFAULT_FIELD_PATH, origin: byDefault.origin }]) {
    const { place, path: at } = writtenIn(origin);
    const keys = keysOfFieldPath(path);
    const hidden = source.encoded !== isEncoded(subject, keys);
    const root: Slot = { value: subject.shadow, isNew: false, put: () => {} };
    for (const slot of slotsAt(root, keys, options.create ? { type: source.value.type, origin } : undefined)) {
      const key = slot.isNew ? origin : (slot.value.key ?? slot.value.origin);
      const value = broughtBy(
        { place, path: at, message: 'the replacement puts it here' },
        valueFor(slot, source.value, hidden, options),
      );
      // What is rendered already has the value, if it is to have it.
      const isDone = !subject.settled || isDeepStrictEqual(plainOf(value), plainOf(slot.value));
      if (isDone) slot.put({ ...value, key, ...(by === 'pattern' && { since: '5.8' }) });
    }
  }
}

/** What becomes of a field that gets the value: a scalar keeps its type and, with a delimiter, the rest of its text. */
function valueFor({ value: old, isNew }: Slot, source: Shadow, hidden: boolean, { delimiter, index }: Options): Shadow {
  if (old.type !== 'scalar') return copyOf(source);
  const own = source.type === 'scalar' ? source : undefined;
  const text = own ? String(own.value) : '';
  const all = delimiter === '' ? undefined : joined(old, text, own, hidden, delimiter, index);
  const parts = all?.parts ?? (hidden && own ? [{ start: 0, end: text.length, from: own }] : own?.parts);
  const result = all?.text ?? text;
  const isTyped = isNew || typeof old.value === 'number' || typeof old.value === 'boolean';
  return {
    type: 'scalar',
    value: isTyped && !result.includes('\n') ? plainScalar(result) : result,
    origin: source.origin,
    ...(source.via && { via: source.via }),
    ...(source.was && { was: source.was }),
    ...(parts && { parts, focus: all?.focus ?? 0 }),
  };
}

function joined(
  old: ShadowScalar,
  text: string,
  own: ShadowScalar | undefined,
  hidden: boolean,
  delimiter: string,
  index: number,
): { text: string; parts: Part[]; focus: number } {
  const pieces = String(old.value).split(delimiter);
  const head = pieces
    .slice(0, Math.max(index, 0))
    .map((piece) => piece + delimiter)
    .join('');
  const tail = pieces
    .slice(index < 0 ? 0 : index + 1)
    .map((piece) => delimiter + piece)
    .join('');
  const end = head.length + text.length;
  const whole = String(old.value);
  const parts: Part[] = [
    { start: 0, end: head.length, from: { ...old }, at: 0 },
    ...(own ? [{ start: head.length, end, from: own, ...(hidden ? {} : { at: 0 }) }] : []),
    { start: end, end: end + tail.length, from: { ...old }, at: whole.length - tail.length },
  ];
  return { text: head + text + tail, parts: parts.filter(({ start, end }) => start < end), focus: head.length };
}
