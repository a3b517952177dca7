import type { SourceFinding } from '../../../cluster/cluster.ts';
import { asMap } from '../../../cluster/workloads.ts';
import { nearestOf } from '../../../nearest.ts';
import type { Location, Path } from '../../../resource.ts';
import type { Severity } from '../../../rule.ts';
import { isPattern } from '../../../tame-pattern.ts';
import { fieldOf, stringOf } from '../fields.ts';
import { listIn, mapIn, plainOf, writtenIn } from '../trace/configured.ts';
import type { SourceObject } from '../trace/layers.ts';
import type { Patch } from '../trace/patches.ts';
import { hasMarks } from '../trace/replacements.ts';
import { canTell, matches, pickedBy, selects } from '../trace/select.ts';
import type { Place, Shadow } from '../trace/shadow.ts';
import { effectiveNamespace, identityOf, type Subject } from '../trace/subject.ts';
import { type Layer, listOf, shown } from './judged-layer.ts';

/** The fields of a target, in the order in which a finding points at them. */
const FIELDS = ['name', 'kind', 'labelSelector', 'annotationSelector', 'namespace', 'group', 'version'] as const;

type Field = (typeof FIELDS)[number];

/** What a target says of each field that it sets. */
type Wanted = Partial<Record<Field, string>>;

/**
 * The finding of a patch whose `target` selects nothing when it is the patch's turn; kustomize passes over it. Undefined where it
 * selects something, or where that can't be told.
 */
export function unmatchedPatch(patch: Patch, stage: number, layer: Layer): SourceFinding | undefined {
  const { target, targetAt } = patch;
  if (!target || !targetAt) return undefined;
  const name = stringOf(target, 'name')?.value;
  const severity = name !== undefined && !isPattern(name) && !onlyDeletes(patch) ? 'error' : 'warning';
  return unmatched(target, targetAt, (subject) => selects(target, subject), { what: 'patch', severity }, stage, layer);
}

/** The findings of the targets of replacements that select nothing, for which kustomize copies nothing. */
export function unmatchedReplacements(replacements: readonly Shadow[], stage: number, layer: Layer): SourceFinding[] {
  return replacements.flatMap((replacement) =>
    listIn(replacement, 'targets').flatMap((target) => {
      const select = mapIn(target, 'select');
      const selector = select && asMap(plainOf(select));
      if (!select || !selector) return [];
      const picks = (subject: Subject) => hasMarks(selector, subject) && pickedBy(selector, subject) !== undefined;
      const words = { what: 'target', severity: 'warning' } as const;
      return unmatched(selector, writtenIn(select.origin), picks, words, stage, layer) ?? [];
    }),
  );
}

function unmatched(
  target: Record<string, unknown>,
  targetAt: { place: Place; path: Path },
  isSelected: (subject: Subject) => boolean,
  { what, severity }: { what: string; severity: Severity },
  stage: number,
  layer: Layer,
): SourceFinding | undefined {
  if (!canTell(target)) return undefined;
  const wanted: Wanted = {};
  for (const field of FIELDS) {
    const text = stringOf(target, field)?.value;
    if (text !== undefined) wanted[field] = text;
  }
  const found = likelyFirst(layer.objects, wanted).some((object) => {
    const subject = layer.before(stage, object);
    return subject !== undefined && isSelected(subject);
  });
  if (found) return undefined;

  const inComponent = layer.kustomization.component;
  // What others hold that take the Component in is no concern of this one.
  const hint = inComponent ? undefined : hintOf(wanted, stage, layer);
  const where = inComponent ? 'where a kustomization without it takes in this Component, ' : '';
  return {
    rule: 'kustomize-patch-unmatched',
    severity: inComponent ? 'info' : severity,
    message: `${subjectOf(wanted)}: ${where}kustomize ignores this ${what} without a word${hint ? `; ${hint.text}` : ''}`,
    location: locationOf(targetAt, target, hint?.field, layer),
    ...(hint?.object && {
      related: [{ message: `${shown(hint.object)} is here`, location: startOf(hint.object, layer) }],
    }),
  };
}

/** The objects that a target most likely means come first, so that few are followed where it selects one. */
function likelyFirst(objects: readonly SourceObject[], { kind, name }: Wanted): SourceObject[] {
  const rank = (object: SourceObject) =>
    (kind === undefined || matches(kind, object.kind) ? 0 : 2) +
    (name === undefined || matches(name, object.name) ? 0 : 1);
  return objects
    .map((object) => ({ object, rank: rank(object) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ object }) => object);
}

/** A patch that takes an object out which isn't there leaves what was wanted. */
function onlyDeletes({ document }: Patch): boolean {
  const value = document.value;
  return typeof value === 'object' && value !== null && '$patch' in value && value.$patch === 'delete';
}

/** What isn't there, as the head of a sentence. */
function subjectOf(wanted: Wanted): string {
  const { kind, group, version, name, namespace, labelSelector, annotationSelector } = wanted;
  const noun = kind === undefined ? 'object' : isPattern(kind) ? `object of a kind that matches ${kind}` : kind;
  const api = [group, version].filter((part) => part !== undefined).join('/');
  const is = (text: string, literal: string, pattern: string) => `${isPattern(text) ? pattern : literal} ${text}`;
  const predicates = [
    ...(name === undefined ? [] : [is(name, 'is called', 'has a name that matches')]),
    ...(namespace === undefined ? [] : [is(namespace, 'is in the namespace', 'is in a namespace that matches')]),
    ...(labelSelector === undefined ? [] : [`has labels that match ${labelSelector}`]),
    ...(annotationSelector === undefined ? [] : [`has annotations that match ${annotationSelector}`]),
  ];
  return `no ${noun}${api === '' ? '' : ` of ${api}`} ${predicates.join(' and ') || 'is here'}`;
}

interface Hint {
  text: string;
  /** The field of the target that is wrong. */
  field?: Field;
  object?: SourceObject;
}

/** What there is instead. */
function hintOf(wanted: Wanted, stage: number, layer: Layer): Hint | undefined {
  const { kind, name } = wanted;
  const there = layer.objects.filter((object) => layer.before(stage, object) !== undefined);
  const isKind = (object: SourceObject) => kind === undefined || matches(kind, object.kind);
  const isName = (object: SourceObject) => name !== undefined && matches(name, object.name);

  const almost = there.find((object) => isKind(object) && (name === undefined || isName(object)));
  if (almost && (name !== undefined || kind !== undefined))
    return almostOf(almost, wanted, layer.before(stage, almost));
  const gone = layer.objects.find((object) => isKind(object) && isName(object));
  if (gone) return { text: `${shown(gone)} is taken out before`, object: gone };
  if (name === undefined) {
    const nearest = kind === undefined ? undefined : nearestOf(kind, new Set(there.map((object) => object.kind)));
    return nearest === undefined ? undefined : { text: `did you mean the kind ${nearest}?`, field: 'kind' };
  }
  const namesake = there.find(isName);
  if (namesake && kind !== undefined)
    return { text: `did you mean ${shown(namesake)}?`, field: 'kind', object: namesake };
  const ofKind = there.filter(isKind);
  const nearest = nearestOf(name, new Set(ofKind.map((object) => object.name)));
  const object = ofKind.find((candidate) => candidate.name === nearest);
  if (object) return { text: `did you mean ${shown(object)}?`, field: 'name', object };
  return ofKind.length === 0 ? undefined : { text: `there ${listOf(ofKind.map(shown))}`, field: 'name' };
}

/** Why an object of that kind and name isn't selected all the same. */
function almostOf(object: SourceObject, wanted: Wanted, subject: Subject | undefined): Hint | undefined {
  if (!subject) return undefined;
  const { group, version, namespace } = identityOf(subject.shadow);
  const isOf = (field: Field, value: string) => {
    const text = wanted[field];
    return text === undefined || matches(text, value);
  };
  const but = (field: Field, what: string): Hint => ({ text: `${shown(object)} is here, but ${what}`, field, object });
  if (!isOf('group', group) || !isOf('version', version)) {
    const field = isOf('group', group) ? 'version' : 'group';
    return but(field, `its apiVersion is ${group === '' ? version : `${group}/${version}`}`);
  }
  const own = subject.previous[0] ?? identityOf(subject.shadow);
  if (!isOf('namespace', effectiveNamespace({ ...own, namespace })) && !isOf('namespace', effectiveNamespace(own))) {
    return but('namespace', namespace === '' ? 'it names no namespace' : `its namespace is ${namespace}`);
  }
  if (wanted.labelSelector !== undefined) return but('labelSelector', 'its labels are others');
  if (wanted.annotationSelector !== undefined) return but('annotationSelector', 'its annotations are others');
  return undefined;
}

function startOf(object: SourceObject, layer: Layer): Location {
  return layer.locate(object.start().origin);
}

/** The line of the field that is wrong, else of the first that the target sets. */
function locationOf(
  at: { place: Place; path: Path },
  target: Record<string, unknown>,
  wrong: Field | undefined,
  layer: Layer,
): Location {
  const field = wrong ?? FIELDS.find((candidate) => stringOf(target, candidate));
  const key = field && fieldOf(target, field)?.key;
  const { place, path } = at;
  return layer.locate({ place, path: key === undefined ? path : [...path, key] });
}
