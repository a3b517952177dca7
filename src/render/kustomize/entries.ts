import { basename, isAbsolute, join, normalize, resolve } from 'node:path';
import { asMap } from '../../cluster/workloads.ts';
import type { Path } from '../../resource.ts';
import { fieldOf, itemsOf, stringOf } from './fields.ts';
import { isAbsent, stats } from './files.ts';

/** What a kustomization mentions: by its role, kustomize expects a file, or a directory, or takes either. */
export type Role =
  /** A file of objects, or a directory with a kustomization. */
  | 'resource'
  /** A directory with a Component. */
  | 'component'
  /** A file of plug-in configuration, a directory with a kustomization, or the configuration itself. */
  | 'plugin'
  /** A file, read whole. */
  | 'file'
  /** A chart's values; kustomize hands it to helm. */
  | 'values';

/** One mention of a file, a directory, a URL, or YAML written in place. */
export interface Entry {
  role: Role;
  /** The field of the kustomization, by kustomize's spelling. */
  field: string;
  /** Where it stands in the kustomization. */
  path: Path;
  /** As written; of `key=path` only the path. */
  text: string;
  what: 'file' | 'directory' | 'missing' | 'unreadable' | 'remote' | 'inline';
  /** Absolute; `''` for what is remote or inline. */
  absolute: string;
}

/**
 * What a kustomization mentions, in the order in which kustomize reads it. `directory` is absolute, `realDirectory` the same
 * without symbolic links: that is where kustomize goes up from.
 */
export function entriesOf(directory: string, realDirectory: string, value: Record<string, unknown>): Entry[] {
  const entries: Entry[] = [];
  const add = (role: Role, field: string, path: Path, text: unknown) => {
    if (typeof text === 'string' && text !== '')
      entries.push({
        role,
        field,
        path,
        text,
        ...lookUp({ directory, realDirectory }, role, text),
      });
  };
  const addStrings = (role: Role, field: string) => {
    for (const { path, value: text } of itemsOf(value, field)) add(role, field, path, text);
  };
  const addPaths = (field: string) => {
    for (const item of itemsOf(value, field)) {
      const path = stringOf(asMap(item.value) ?? {}, 'path', item.path);
      add('file', field, path?.path ?? [], path?.value);
    }
  };

  addStrings('resource', 'resources');
  addStrings('resource', 'bases');
  addStrings('file', 'configurations');
  addStrings('file', 'crds');
  for (const field of ['configMapGenerator', 'secretGenerator']) {
    for (const item of itemsOf(value, field)) {
      const generator = asMap(item.value) ?? {};
      for (const { path, value: text } of itemsOf(generator, 'envs', item.path)) add('file', field, path, text);
      const env = stringOf(generator, 'env', item.path);
      add('file', field, env?.path ?? [], env?.value);
      for (const { path, value: text } of itemsOf(generator, 'files', item.path)) {
        add('file', field, path, typeof text === 'string' ? fileSource(text)?.file : undefined);
      }
    }
  }
  for (const field of ['helmCharts', 'helmChartInflationGenerator']) {
    for (const item of itemsOf(value, field)) {
      const chart = asMap(item.value) ?? {};
      const values = stringOf(chart, field === 'helmCharts' ? 'valuesFile' : 'values', item.path);
      add('values', field, values?.path ?? [], values?.value);
      for (const { path, value: text } of itemsOf(chart, 'additionalValuesFiles', item.path)) {
        add('values', field, path, text);
      }
    }
  }
  addStrings('plugin', 'generators');
  addStrings('component', 'components');
  for (const { path, value: text } of itemsOf(value, 'patchesStrategicMerge')) {
    add('file', 'patchesStrategicMerge', path, text);
  }
  addPaths('patches');
  addPaths('patchesJson6902');
  addPaths('replacements');
  addStrings('plugin', 'transformers');
  addStrings('plugin', 'validators');
  const openapi = fieldOf(value, 'openapi');
  const schema = stringOf(asMap(openapi?.value) ?? {}, 'path', openapi ? [openapi.key] : []);
  add('file', 'openapi', schema?.path ?? [], schema?.value);
  return entries;
}

/** `key=path`, or a path whose base name is the key; undefined where kustomize refuses it (ParseFileSource in its api/kv). */
export function fileSource(text: string): { key: string; file: string } | undefined {
  const parts = text.split('=');
  if (parts.length === 1) return { key: basename(text), file: text };
  const [key, file] = parts;
  return parts.length === 2 && key && file ? { key, file } : undefined;
}

/** A file that the configuration of a plug-in names: it is read as if the kustomization named it. Undefined where it is none. */
export function fileOf(from: { directory: string; realDirectory: string }, text: string): string | undefined {
  const { what, absolute } = lookUp(from, 'file', text);
  return what === 'file' ? absolute : undefined;
}

/** Where a path of a kustomization leads: it goes up from where the kustomization really lies. */
export function placeFrom(
  { directory, realDirectory }: { directory: string; realDirectory: string },
  text: string,
): string {
  if (isAbsolute(text)) return resolve(text);
  return join(normalize(text).startsWith('..') ? realDirectory : directory, text);
}

function lookUp(
  from: { directory: string; realDirectory: string },
  role: Role,
  text: string,
): Pick<Entry, 'what' | 'absolute'> {
  // Strategic merge patches and plug-ins may be written in place.
  if (text.includes('\n') || text.startsWith('{')) return { what: 'inline', absolute: '' };
  const absolute = placeFrom(from, text);
  const found = stats(absolute);
  if (role === 'resource' || role === 'component' || role === 'plugin') {
    // A file of that name comes first, but kustomize prefers cloning to a directory of that name.
    if (isRemote(text) && !found?.isFile()) return { what: 'remote', absolute: '' };
  } else if (isUrl(text)) {
    return { what: 'remote', absolute: '' };
  }
  if (found) return { what: found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'unreadable', absolute };
  return { what: isAbsent(absolute) ? 'missing' : 'unreadable', absolute };
}

/** Whether kustomize would fetch it (IsRemoteFile in its api/internal/loader). */
function isUrl(text: string): boolean {
  return /^https?:/i.test(text);
}

/** Whether kustomize would fetch or clone it (NewRepoSpecFromURL in its api/internal/git; `oci:` in later versions). */
function isRemote(text: string): boolean {
  return (
    /^(git::)?(ssh|https?|file|oci):\/\//i.test(text) ||
    /^(git::)?github\.com[/:][^/]+\/./i.test(text) ||
    /^(git::)?[a-z][a-z0-9-]*@[^/:]+[:/]./i.test(text)
  );
}
