import { tamePattern } from '../../../tame-pattern.ts';
import { stringOf } from '../fields.ts';
import { entryOf, isPrinted, type ShadowScalar, shadowAt } from './shadow.ts';
import { effectiveNamespace, type Identity, identities, identityOf, type Subject } from './subject.ts';

/**
 * Whether a patch's `target` selects an object as it is now: kind and API version by what it is, name and namespace by what it
 * is or was at first (resmap's Select and types.SelectorRegex of kustomize). False where that can't be told.
 */
export function selects(target: Record<string, unknown>, subject: Subject): boolean {
  const current = identityOf(subject.shadow);
  const original = subject.previous[0] ?? current;
  const field = (name: string) => stringOf(target, name)?.value;
  return (
    matches(field('namespace'), effectiveNamespace(original), effectiveNamespace(current)) &&
    matches(field('name'), original.name, current.name) &&
    matches(field('group'), current.group) &&
    matches(field('version'), current.version) &&
    matches(field('kind'), current.kind) &&
    matchesSelector(field('labelSelector'), subject, 'labels') &&
    matchesSelector(field('annotationSelector'), subject, 'annotations')
  );
}

/**
 * How a selector of a replacement picks an object by what it is or was: literally, or by a pattern, which kustomize takes since
 * 5.8 (ResId.IsSelectedBy). Undefined where it doesn't.
 */
export function pickedBy(selector: Record<string, unknown>, subject: Subject): 'name' | 'pattern' | undefined {
  const ids = identities(subject);
  const namespace = stringOf(selector, 'namespace')?.value;
  const inNamespace = ids.filter(
    (id) => namespace === undefined || isNamespace(namespace, id) || matches(namespace, effectiveNamespace(id)),
  );
  const fields = (['group', 'version', 'kind', 'name'] as const).flatMap((field) => {
    const text = stringOf(selector, field);
    return text ? [{ field, text: text.value }] : [];
  });
  const isLiteral = inNamespace.some(
    (id) =>
      (namespace === undefined || isNamespace(namespace, id)) && fields.every(({ field, text }) => id[field] === text),
  );
  if (isLiteral) return 'name';
  return inNamespace.some((id) => fields.every(({ field, text }) => matches(text, id[field]))) ? 'pattern' : undefined;
}

function isNamespace(namespace: string, id: Identity): boolean {
  return namespace === effectiveNamespace(id);
}

/** Whether a value is what a field of a target asks for; any is, where it asks for nothing. False where that can't be told. */
export function matches(pattern: string | undefined, ...values: string[]): boolean {
  if (pattern === undefined) return true;
  if (/^[\w-]*$/.test(pattern)) return values.includes(pattern);
  const regex = anchored(pattern);
  return regex !== undefined && values.some((value) => value.length <= MAX_LENGTH && regex.test(value));
}

/** Fields of a target that hold a pattern. */
const PATTERNS = ['group', 'version', 'kind', 'name', 'namespace'];

/** Whether `selects` can tell of each object whether a target selects it: patterns mean the same here as in Go, and take no long. */
export function canTell(target: Record<string, unknown>): boolean {
  const text = (name: string) => stringOf(target, name)?.value ?? '';
  return (
    PATTERNS.every((name) => !MEANS_ELSE.test(text(name)) && anchored(text(name)) !== undefined) &&
    // Numbers can be compared too.
    !/[<>]/.test(text('labelSelector') + text('annotationSelector'))
  );
}

/** Escapes, classes and groups that only one of the two engines knows. */
const MEANS_ELSE = /\\(?![dDsSwWbB])\w|\[\[:|\(\?[^:]/;

/** No name is longer. */
const MAX_LENGTH = 253;

/** The pattern as kustomize anchors it; undefined for what could take long, as for what only Go understands. */
function anchored(pattern: string): RegExp | undefined {
  return tamePattern(`^(?:${pattern})$`, MAX_LENGTH, 3);
}

const REQUIREMENT =
  /^\s*(?:(?<absent>!)\s*(?<absentKey>[^\s!=,()]+)|(?<key>[^\s!=,()]+)(?:\s*(?<equals>==|=|!=)\s*(?<value>[^\s!=,()]*)|\s+(?<set>in|notin)\s*\((?<values>[^()]*)\))?)\s*(?:,|$)/;

/** A selector as text, against labels or annotations (labels.Parse of k8s.io/apimachinery). False for what is no selector. */
export function matchesSelector(
  selector: string | undefined,
  { shadow }: Subject,
  field: 'labels' | 'annotations',
): boolean {
  let rest = selector ?? '';
  const map = shadowAt(shadow, ['metadata', field]);
  while (rest.trim() !== '') {
    const found = REQUIREMENT.exec(rest);
    if (!found?.groups) return false;
    rest = rest.slice(found[0].length);
    const { absentKey, key, equals, value, set, values } = found.groups;
    const own = map?.type === 'map' ? entryOf(map, absentKey ?? key ?? '') : undefined;
    const is = (wanted = '') => own?.type === 'scalar' && isText(own.value, wanted);
    const holds =
      absentKey !== undefined
        ? own === undefined
        : set !== undefined
          ? (values ?? '').split(',').some((wanted) => is(wanted.trim())) === (set === 'in')
          : equals === undefined
            ? own !== undefined
            : is(value) === (equals !== '!=');
    if (!holds) return false;
  }
  return true;
}

/** Whether kustomize takes a value for a text. */
function isText(value: ShadowScalar['value'], text: string): boolean {
  return String(value) === text || (typeof value === 'boolean' && isPrinted(value, text));
}
