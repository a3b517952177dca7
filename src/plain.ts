import { dirname } from 'node:path';
import { asMap } from './cluster/workloads.ts';
import { groupOf } from './resource.ts';

/** A file of plain manifests, with the documents that it holds. */
export interface PlainFile {
  /** Absolute. */
  file: string;
  documents: readonly unknown[];
}

/** Plain manifests that are taken to land in one cluster together. */
export interface PlainGroup {
  directory: string;
  /** Absolute, sorted. */
  files: string[];
  /** What tells this group from others of its directory: one of its files. Absent where there are no others. */
  variant?: string;
}

/**
 * Groups files by their directory. Siblings that define one object differently (`web-dev.yaml`, `web-prod.yaml`) can't land
 * in one cluster: they are in groups of their own, each with the files that contradict none.
 */
export function groupPlain(files: readonly PlainFile[]): PlainGroup[] {
  const directories = new Map<string, PlainFile[]>();
  for (const plain of [...files].sort((a, b) => (a.file < b.file ? -1 : 1))) {
    const directory = dirname(plain.file);
    directories.set(directory, [...(directories.get(directory) ?? []), plain]);
  }
  return [...directories].flatMap(([directory, siblings]) => separate(directory, siblings));
}

function separate(directory: string, siblings: readonly PlainFile[]): PlainGroup[] {
  const all = siblings.map(({ file }) => file);
  const contradicting = contradictions(siblings);
  if (contradicting.size === 0) return [{ directory, files: all }];
  const variants: { first: string; files: Set<string>; contents: Map<string, string> }[] = [];
  for (const [file, contents] of contradicting) {
    const fits = (of: Map<string, string>) =>
      [...contents].every(([id, content]) => (of.get(id) ?? content) === content);
    let variant = variants.find((candidate) => fits(candidate.contents));
    if (!variant) {
      variant = { first: file, files: new Set(), contents: new Map() };
      variants.push(variant);
    }
    variant.files.add(file);
    for (const [id, content] of contents) variant.contents.set(id, content);
  }
  return variants.map(({ first, files }) => ({
    directory,
    files: all.filter((file) => files.has(file) || !contradicting.has(file)),
    variant: first,
  }));
}

/** The files that define an object which a sibling defines differently, with what they say of these objects. */
function contradictions(siblings: readonly PlainFile[]): Map<string, Map<string, string>> {
  const contentsOf = new Map<string, Set<string>>();
  const definitions = siblings.map(({ file, documents }) => {
    const own = new Map(documents.flatMap(objectsIn));
    for (const [id, content] of own) contentsOf.set(id, (contentsOf.get(id) ?? new Set()).add(content));
    return { file, own };
  });
  const contradicting = new Map<string, Map<string, string>>();
  for (const { file, own } of definitions) {
    const disputed = [...own].filter(([id]) => (contentsOf.get(id)?.size ?? 0) > 1);
    if (disputed.length > 0) contradicting.set(file, new Map(disputed));
  }
  return contradicting;
}

/** The objects of a document, those of a List too: identity (group, kind, namespace, name) and content. */
function objectsIn(value: unknown): [identity: string, content: string][] {
  const { apiVersion, kind, metadata, items } = asMap(value) ?? {};
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return [];
  if (kind.endsWith('List') && Array.isArray(items)) {
    // The items of a typed list (RoleList) may leave out what its own kind says.
    const own = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
    return items.flatMap((item) => (asMap(item) ? objectsIn({ ...own, ...asMap(item) }) : []));
  }
  const { name, namespace } = asMap(metadata) ?? {};
  if (typeof name !== 'string' || name === '') return [];
  return [[JSON.stringify([groupOf(apiVersion), kind, namespace ?? null, name]), canonical(value)]];
}

/** The same text for the same content, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    const map = asMap(item);
    return map ? Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)) : item;
  });
}
