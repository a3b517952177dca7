import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { asMap } from '../cluster/workloads.ts';
import type { Path } from '../resource.ts';
import type { SourceFiles } from '../source.ts';
import { readYaml, type YamlDocument } from '../yaml.ts';

/** The names of kustomization files, in the order in which kustomize looks for them. */
export const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

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

/** A kustomization file as it stands, with what it mentions. */
export interface Kustomization {
  /** Absolute, as it was reached: symbolic links are kept, since that is how people find the file. */
  directory: string;
  /** The same with symbolic links resolved: what kustomize calls the root. */
  realDirectory: string;
  /** Absolute path of the kustomization file. */
  file: string;
  /** More than one is an error of kustomize's. */
  files: readonly string[];
  /** Its YAML; kustomize reads the first document only. */
  document: YamlDocument | undefined;
  /** The map in the document, empty where it holds none. */
  value: Record<string, unknown>;
  component: boolean;
  /** In the order in which kustomize reads them. */
  entries: readonly Entry[];
}

/** The path of the kustomization file of a directory, undefined where it has none. */
export function kustomizationFile(directory: string): string | undefined {
  return kustomizationFiles(directory)[0];
}

function kustomizationFiles(directory: string): string[] {
  return KUSTOMIZATION_FILES.map((name) => join(directory, name)).filter((file) => stats(file)?.isFile());
}

/** What a directory's kustomization lists: absolute paths of the directories and the files; undefined where it has none. */
export function references(
  directory: string,
  sources: SourceFiles,
): { component: boolean; directories: string[]; files: string[] } | undefined {
  const kustomization = readKustomization(directory, sources);
  if (!kustomization) return undefined;
  const listed = (what: Entry['what']) =>
    kustomization.entries.filter((entry) => entry.what === what).map((entry) => entry.absolute);
  return { component: kustomization.component, directories: listed('directory'), files: listed('file') };
}

/** Kustomizations of one run: fifty overlays read their base once. */
const cache = new WeakMap<SourceFiles, Map<string, Kustomization | undefined>>();

/** Reads the kustomization of a directory, once for each run; undefined where it has none. Never throws for its content. */
export function readKustomization(directory: string, sources: SourceFiles): Kustomization | undefined {
  let known = cache.get(sources);
  if (!known) {
    known = new Map();
    cache.set(sources, known);
  }
  if (!known.has(directory)) known.set(directory, parse(directory, sources));
  return known.get(directory);
}

function parse(directory: string, sources: SourceFiles): Kustomization | undefined {
  const files = kustomizationFiles(directory);
  const file = files[0];
  if (file === undefined) return undefined;
  const document = documentsOf(file, sources)?.[0];
  const value = asMap(document?.value) ?? {};
  const realDirectory = realpathSync(directory);
  return {
    directory,
    realDirectory,
    file,
    files,
    document,
    value,
    component: fieldOf(value, 'kind')?.value === 'Component',
    entries: entriesOf(directory, value),
  };
}

/** Parsed files of one run. */
const documents = new WeakMap<SourceFiles, Map<string, readonly YamlDocument[] | undefined>>();

/** The YAML documents of a file, parsed once for each run; undefined where it can't be read. Don't change their values. */
export function documentsOf(file: string, sources: SourceFiles): readonly YamlDocument[] | undefined {
  let known = documents.get(sources);
  if (!known) {
    known = new Map();
    documents.set(sources, known);
  }
  if (!known.has(file)) {
    let text: string | undefined;
    try {
      text = sources.text(file);
    } catch {
      text = undefined;
    }
    known.set(file, text === undefined ? undefined : readYaml(text, { file }));
  }
  return known.get(file);
}

/**
 * A field of a kustomization with the key as it is written. Go's JSON decoder, which kustomize reads with, takes keys in any
 * case.
 */
export function fieldOf(map: Record<string, unknown>, name: string): { key: string; value: unknown } | undefined {
  if (Object.hasOwn(map, name)) return { key: name, value: map[name] };
  const lower = name.toLowerCase();
  const key = Object.keys(map).find((candidate) => candidate.toLowerCase() === lower);
  return key === undefined ? undefined : { key, value: map[key] };
}

/** The items of a list field, each with its path; empty where the field is absent or no list. */
export function itemsOf(map: Record<string, unknown>, name: string, at: Path = []): { path: Path; value: unknown }[] {
  const field = fieldOf(map, name);
  if (!field || !Array.isArray(field.value)) return [];
  return field.value.map((value: unknown, i) => ({ path: [...at, field.key, i], value }));
}

/** A string field with its path; undefined where it is absent, empty, or no string. */
export function stringOf(
  map: Record<string, unknown>,
  name: string,
  at: Path = [],
): { path: Path; value: string } | undefined {
  const field = fieldOf(map, name);
  return typeof field?.value === 'string' && field.value !== ''
    ? { path: [...at, field.key], value: field.value }
    : undefined;
}

function entriesOf(directory: string, value: Record<string, unknown>): Entry[] {
  const entries: Entry[] = [];
  const add = (role: Role, field: string, path: Path, text: unknown) => {
    if (typeof text === 'string' && text !== '')
      entries.push({ role, field, path, text, ...lookUp(directory, role, text) });
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

function lookUp(directory: string, role: Role, text: string): Pick<Entry, 'what' | 'absolute'> {
  // Strategic merge patches and plug-ins may be written in place.
  if (text.includes('\n')) return { what: 'inline', absolute: '' };
  const absolute = isAbsolute(text) ? resolve(text) : join(directory, text);
  const found = stats(absolute);
  if (role === 'resource' || role === 'component' || role === 'plugin') {
    // A file of that name comes first, but kustomize prefers cloning to a directory of that name.
    if (isRemote(text) && !found?.isFile()) return { what: 'remote', absolute: '' };
  } else if (isUrl(text)) {
    return { what: 'remote', absolute: '' };
  }
  if (found) return { what: found.isDirectory() ? 'directory' : 'file', absolute };
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

/** The stats of what a path leads to, undefined where it leads nowhere. */
export function stats(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

/** Whether nothing is there, as opposed to something that can't be reached: a loop of links, a closed directory. */
function isAbsent(file: string): boolean {
  try {
    statSync(file);
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}

/** Where a dangling symbolic link points, undefined for everything else. */
export function danglingLink(file: string): string | undefined {
  try {
    return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether kustomize's default load restrictor refuses a file: what it leads to isn't in or below the root (RestrictionRootOnly). */
export function isOutside(root: string, file: string): boolean {
  try {
    const directory = dirname(realpathSync(file));
    return directory !== root && !directory.startsWith(root.endsWith(sep) ? root : root + sep);
  } catch {
    return false;
  }
}
