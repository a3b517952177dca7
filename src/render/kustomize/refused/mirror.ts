import { realpathSync } from 'node:fs';
import { cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, parse, relative } from 'node:path';
import { isBelow } from '../../../below.ts';
import type { Kustomization, KustomizationGraph } from '../kustomization.ts';
import { type Cut, without } from './cut.ts';

/** The kustomizations of a target in another place, without some of their entries. */
export interface Mirror {
  /** The directory to build. */
  root: string;
  /** A tool's text with the real paths for those of the mirror. */
  named(text: string): string;
}

/**
 * Makes links to all that a target's kustomizations read, laid out as they are, with kustomizations of their own where something is
 * left out. Undefined where they can't be laid out so. It has to be built without load restrictions.
 */
export async function makeMirror(
  graph: KustomizationGraph,
  cuts: readonly Cut[],
  directory: string,
): Promise<Mirror | undefined> {
  // Charts are looked for beside the kustomization, and what helm prints names their files.
  if (!graph.root || graph.charts.length > 0) return undefined;
  const into = await realpath(directory);
  const files = graph.kustomizations.flatMap(filesOf);
  const directories = graph.kustomizations.map(({ realDirectory }) => realDirectory);
  const common = [...files.map(({ at }) => dirname(at)), ...directories].reduce(commonDirectory);
  const placeOf = (path: string) => join(into, relative(common, path));
  if ([...files.map(({ at }) => at), ...directories].some((path) => !isBelow(placeOf(path), into))) return undefined;

  for (const path of directories) await mkdir(placeOf(path), { recursive: true });
  for (const kustomization of graph.kustomizations) {
    const own = cuts.filter((cut) => cut.kustomization.realDirectory === kustomization.realDirectory);
    for (const file of kustomization.files) {
      const at = join(placeOf(kustomization.realDirectory), basename(file));
      // It may hold literals of a Secret.
      if (own.length > 0) await writeFile(at, JSON.stringify(without(kustomization.value, own)), { mode: 0o600 });
      else await link(file, at);
    }
  }
  // Directories first: a file may be named through a linked one.
  for (const { at, to } of files.filter(({ isDirectory }) => isDirectory)) {
    const known = directories.find((path) => path === to);
    if (known !== at) await link(known === undefined ? to : placeOf(known), placeOf(at));
  }
  for (const { at, to } of files.filter(({ isDirectory }) => !isDirectory)) await link(to, placeOf(at));
  const shown = common === parse(common).root ? '' : common;
  return { root: placeOf(graph.root.realDirectory), named: (text) => text.replaceAll(into, shown) };
}

interface Mentioned {
  /** Where kustomize looks for it. */
  at: string;
  /** What stands there; of directories without links. */
  to: string;
  isDirectory: boolean;
}

function filesOf({ entries, realDirectory }: Kustomization): Mentioned[] {
  return entries.flatMap(({ what, text, absolute }) => {
    if (what === 'inline' || what === 'remote' || what === 'missing' || isAbsolute(text)) return [];
    const isDirectory = what === 'directory';
    return [{ at: join(realDirectory, text), to: isDirectory ? realpathSync(absolute) : absolute, isDirectory }];
  });
}

function commonDirectory(a: string, b: string): string {
  let common = a;
  while (!isBelow(b, common) && dirname(common) !== common) common = dirname(common);
  return common;
}

/** What is there already stays: two kustomizations may name one file. */
async function link(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await symlink(from, to).catch(async (error: NodeJS.ErrnoException) => {
    // Where links need a privilege (Windows), a copy does.
    if (error.code !== 'EEXIST') await cp(from, to, { recursive: true });
  });
}
