import { basename, dirname, resolve } from 'node:path';
import picomatch from 'picomatch';
import { isBelow, relativePath } from '../below.ts';
import { isArchiveName } from '../render/helm/chart.ts';
import { realPath, stats } from '../render/kustomize/files.ts';
import { isKustomizationName, isManifestName, type Wanted } from './paths.ts';
import { isTameGlob } from './tame-glob.ts';

/** A path or a glob as k8s-lint.yaml has it. */
export interface Pattern {
  text: string;
  wanted: Wanted;
  /** Absolute: the directory that it is relative to. */
  directory: string;
}

/** Something that may be gone. */
export interface Gone {
  /** Absolute, with the links above it resolved. */
  path: string;
  /** A directory, such as a submodule: nobody says what is gone below it. */
  isDirectory: boolean;
}

/**
 * Whether a pattern stood for a thing before that was gone, or for one below it: a glob that matches it, a directory that held it.
 * What is named by itself doesn't count: a k8s-lint.yaml that names what is gone is refused.
 */
export function stoodFor({ text, wanted, directory }: Pattern, gone: Gone): boolean {
  const named = resolve(directory, text);
  if (stats(named)?.isDirectory()) return wanted === 'manifests' && matches('**', realPath(named), wanted, gone);
  const { base, glob, isGlob } = picomatch.scan(text);
  return (
    isGlob && isTameGlob(glob) && matches(glob.replace(/\/+$/, ''), realPath(resolve(directory, base)), wanted, gone)
  );
}

function matches(glob: string, start: string, wanted: Wanted, { path, isDirectory }: Gone): boolean {
  if (isDirectory) return isBelow(path, start);
  const isMatch = picomatch(glob, { nonegate: true });
  return namesOf(path, wanted).some((name) => isBelow(name, start) && isMatch(relativePath(start, name)));
}

/** What a pattern had to match to find a file: itself, or the directory that it made a kustomization or a chart. */
function namesOf(path: string, wanted: Wanted): string[] {
  const name = basename(path);
  switch (wanted) {
    case 'kustomization':
      return isKustomizationName(name) ? [path, dirname(path)] : [];
    case 'chart':
      return name === 'Chart.yaml' ? [path, dirname(path)] : isArchiveName(name) ? [path] : [];
    case 'manifests':
      return isManifestName(name) ? [path] : [];
    case 'values':
      return [path];
  }
}
