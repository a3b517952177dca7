import type { Origin, Shadow, ShadowMap, ShadowScalar } from './shadow.ts';

/** A text of a configuration, which remembers where it was written. */
export type Text = ShadowScalar & { value: string };

/** A field of a configuration; Go's JSON decoder, which kustomize reads with, takes keys in any case. */
export function fieldIn(config: Shadow | undefined, name: string): Shadow | undefined {
  if (config?.type !== 'map') return undefined;
  const field = config.entries.get(name);
  if (field) return field;
  const lower = name.toLowerCase();
  for (const [key, value] of config.entries) if (key.toLowerCase() === lower) return value;
  return undefined;
}

/** A text of a configuration at a path of fields; undefined where it is absent, empty, or no text. */
export function textIn(config: Shadow | undefined, ...names: readonly string[]): Text | undefined {
  const field = names.reduce(fieldIn, config);
  return field?.type === 'scalar' && typeof field.value === 'string' && field.value !== ''
    ? (field as Text)
    : undefined;
}

/** The items of a list of a configuration; empty where the field is absent or no list. */
export function listIn(config: Shadow | undefined, name: string): readonly Shadow[] {
  const field = fieldIn(config, name);
  return field?.type === 'list' ? field.items : [];
}

/** A map of a configuration; undefined where the field is absent or no map. */
export function mapIn(config: Shadow | undefined, name: string): ShadowMap | undefined {
  const field = fieldIn(config, name);
  return field?.type === 'map' ? field : undefined;
}

/** Whether a field of a configuration is `true`. */
export function isSet(config: Shadow | undefined, name: string): boolean {
  const field = fieldIn(config, name);
  return field?.type === 'scalar' && field.value === true;
}

/** The value that a shadow holds. */
export function plainOf(shadow: Shadow): unknown {
  switch (shadow.type) {
    case 'map':
      return Object.fromEntries([...shadow.entries].map(([key, item]) => [key, plainOf(item)]));
    case 'list':
      return shadow.items.map(plainOf);
    case 'scalar':
      return shadow.value;
  }
}

/** Where the document says it that gave a value: of a file's line, the entry that names the file. */
export function writtenIn(origin: Origin): Exclude<Origin, { entry: unknown }> {
  return 'entry' in origin ? origin.entry : origin;
}
