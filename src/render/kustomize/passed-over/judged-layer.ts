import type { Location } from '../../../resource.ts';
import type { Kustomization } from '../kustomization.ts';
import type { SourceObject, Stage } from '../trace/layers.ts';
import type { Origin } from '../trace/shadow.ts';
import type { Subject } from '../trace/subject.ts';

/** A kustomization about to change its objects: what its entries are judged by. */
export interface Layer {
  kustomization: Kustomization;
  objects: readonly SourceObject[];
  stages: readonly Stage[];
  /** An object as it is when a stage is about to change it; undefined where something has taken it out. Ask in the stages' order. */
  before(stage: number, object: SourceObject): Subject | undefined;
  /** All objects; those come first whose files mention a text, so that few are followed where one of them has it. */
  mentioningFirst(text: string): SourceObject[];
  locate(origin: Origin): Location;
}

const SHOWN = 3;

/** What there is, after `there`: the first few, and how many more. */
export function listOf(names: readonly string[]): string {
  const first = names.slice(0, SHOWN);
  const more = names.length - first.length;
  return `${names.length === 1 ? 'is' : 'are'} ${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** An object by the name that its source gives it. */
export function shown({ kind, name }: SourceObject): string {
  return `${kind}/${name}`;
}
