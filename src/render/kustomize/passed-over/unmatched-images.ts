import type { SourceFinding } from '../../../cluster/cluster.ts';
import { nearestOf } from '../../../nearest.ts';
import type { Path } from '../../../resource.ts';
import type { Related } from '../../../rule.ts';
import { isPattern } from '../../../tame-pattern.ts';
import type { Text } from '../trace/configured.ts';
import type { FieldSpec } from '../trace/field-specs.ts';
import type { Shadow } from '../trace/shadow.ts';
import { eachImage, type ImageEntry, isImage, partsOf } from '../trace/transform.ts';
import { type Layer, listOf, shown } from './judged-layer.ts';

/**
 * The finding of an entry of `images` that no container's image is called by when it is the entry's turn; kustomize passes over
 * it. Undefined where it changes one, or where that can't be told.
 */
export function unmatchedImage(
  { entry, specs }: { entry: ImageEntry; specs: readonly FieldSpec[] },
  stage: number,
  layer: Layer,
): SourceFinding | undefined {
  const { name, at } = entry;
  // To kustomize a name is a pattern: one that is written as such may mean something else to its engine.
  if (isPattern(name)) return undefined;
  const images: Text[] = [];
  for (const object of layer.mentioningFirst(name)) {
    const subject = layer.before(stage, object);
    if (!subject) continue;
    let matches = false;
    eachImage(subject.shadow, specs, at, (value) => {
      images.push(value);
      matches ||= isImage(value.value, name);
    });
    if (matches) return undefined;
  }
  const inComponent = layer.kustomization.component;
  const hint = inComponent ? undefined : hintOf(name, images, stage, layer);
  const consequence = inComponent
    ? 'where a kustomization without it takes in this Component, kustomize ignores this entry without a word'
    : 'kustomize ignores this entry without a word';
  return {
    rule: 'kustomize-image-unmatched',
    ...(inComponent && { severity: 'info' }),
    message: `no container has the image ${name}: ${consequence}${hint ? `; ${hint.text}` : ''}`,
    location: layer.locate(at),
    ...(hint?.related && { related: [hint.related] }),
  };
}

interface Hint {
  text: string;
  related?: Related;
}

/** What there is instead. */
function hintOf(name: string, images: readonly Text[], stage: number, layer: Layer): Hint | undefined {
  const here = (message: string, { origin }: Shadow): Related => ({ message, location: layer.locate(origin) });
  const names = new Set(images.map(({ value }) => partsOf(value).name));
  const { name: bare } = partsOf(name);
  if (bare !== name && names.has(bare)) return { text: `it matches names without tag and digest: write ${bare}` };

  const odd = images.find(({ value }) => partsOf(value).name === name);
  if (odd) return { text: `its tag keeps it from ${odd.value}`, related: here(`${odd.value} is here`, odd) };

  const changed = images.find(({ was }) => wasCalled(was, name));
  if (changed) return { text: `it is ${changed.value} by now`, related: here('it is changed here', changed) };
  for (const object of layer.objects) {
    const subject = layer.before(stage, object);
    const found = subject && elsewhere(subject.shadow, name, []);
    if (found) {
      const where = `${shown(object)} at ${found.path.join('.')}`;
      return {
        text: `it stands in ${where}, where kustomize doesn't look`,
        related: here('it stands here', found.value),
      };
    }
  }
  const lastPart = (image: string) => image.slice(image.lastIndexOf('/') + 1);
  const meant = [...names].filter((candidate) => lastPart(candidate) === lastPart(name));
  const nearest = meant.length === 1 ? meant[0] : nearestOf(name, names);
  if (nearest !== undefined) {
    const image = images.find(({ value }) => partsOf(value).name === nearest);
    return { text: `did you mean ${nearest}?`, ...(image && { related: here(`${nearest} is here`, image) }) };
  }
  return names.size === 0 ? undefined : { text: `there ${listOf([...names])}` };
}

/** Whether an image had that name before it was changed. */
function wasCalled(was: Shadow | undefined, name: string): boolean {
  for (let before = was; before; before = before.was) {
    if (before.type === 'scalar' && typeof before.value === 'string' && isImage(before.value, name)) return true;
  }
  return false;
}

/** An image of that name where ImageTagTransformer doesn't look: in a field that is called after images, or by its form. */
function elsewhere(shadow: Shadow, name: string, path: Path): { path: Path; value: Shadow } | undefined {
  if (shadow.type === 'scalar') {
    const { value } = shadow;
    if (typeof value !== 'string' || !isImage(value, name)) return undefined;
    const isCalledImage = path.some((key) => typeof key === 'string' && /image/i.test(key));
    return isCalledImage || /[/:]/.test(value) ? { path, value: shadow } : undefined;
  }
  const inner = shadow.type === 'list' ? shadow.items.entries() : shadow.entries;
  for (const [key, value] of inner) {
    const found = elsewhere(value, name, [...path, key]);
    if (found) return found;
  }
  return undefined;
}
