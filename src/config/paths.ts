import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import { relativePath } from '../below.ts';
import { nearestOf } from '../nearest.ts';
import { isArchive, isChart } from '../render/helm/chart.ts';
import { KUSTOMIZATION_FILES, kustomizationFile } from '../render/kustomize/kustomization.ts';
import { sniff } from '../sniff.ts';
import { describeFailure, type Listing, walk } from '../walk.ts';
import { CONFIG_FILE } from './config.ts';
import { isTameGlob } from './tame-glob.ts';

/** What a path in k8s-lint.yaml has to lead to. */
export type Wanted = 'kustomization' | 'chart' | 'manifests' | 'values';

/** Where paths start, and what they must not leave. */
export interface Scope {
  /** Absolute: the directory of k8s-lint.yaml. */
  directory: string;
  /** Absolute, symbolic links resolved: the repository. */
  realRoot: string;
}

export interface Expansion {
  /** Absolute, sorted, as they are written: symbolic links are kept. */
  paths: string[];
  /** They were found below a directory or by a glob, instead of being named one by one. */
  found: boolean;
}

/** A path that can't be what it is wanted for. */
export class PathError extends Error {}

const REMOTE = /^[a-z][a-z0-9+.-]*:\/\/|^git@/i;
const NAMES: Record<Wanted, string> = {
  kustomization: 'kustomization',
  chart: 'chart',
  manifests: 'YAML file',
  values: 'file',
};

/** What a path or a glob of k8s-lint.yaml leads to; at least one thing. Throws PathError. */
export async function expand(pattern: string, wanted: Wanted, scope: Scope): Promise<Expansion> {
  if (REMOTE.test(pattern)) {
    const cure = wanted === 'chart' ? 'vendor the chart (helm pull --untar) and name its directory' : 'vendor it';
    throw new PathError(`"${pattern}" is remote, and nothing is fetched: ${cure}`);
  }
  if (pattern.includes('\0')) throw new PathError('a path must not hold a NUL character');
  const path = resolve(scope.directory, pattern);
  const there = await exists(path, pattern);
  if (there) {
    await checkInside(path, pattern, scope);
    return accept(path, pattern, wanted, scope);
  }
  if (pattern.startsWith('!')) throw new PathError(`"${pattern}" excludes: only what is wanted can be named here`);
  const { base, glob, isGlob } = picomatch.scan(pattern);
  if (!isGlob) throw new PathError(await missing(pattern, wanted, scope));
  const start = resolve(scope.directory, base);
  if (!(await exists(start, pattern))) throw new PathError(await missing(pattern, wanted, scope));
  await checkInside(start, pattern, scope);
  if (!isTameGlob(glob)) throw new PathError(`"${pattern}" has more wildcards in one name than can be matched quickly`);
  const paths = await matches(start, glob.replace(/\/+$/, ''), wanted, pattern, scope);
  if (paths.length === 0) throw new PathError(await unmatched(pattern, start, wanted, scope));
  return { paths, found: true };
}

/** What an existing path stands for. */
async function accept(path: string, pattern: string, wanted: Wanted, scope: Scope): Promise<Expansion> {
  const stats = await stat(path);
  if (!stats.isFile() && !stats.isDirectory()) throw new PathError(`"${pattern}" is neither a file nor a directory`);
  if (wanted === 'manifests' && stats.isDirectory()) {
    const paths = await matches(path, '**', wanted, pattern, scope);
    if (paths.length === 0) throw new PathError(`there is no YAML file below "${pattern}"`);
    return { paths, found: true };
  }
  const accepted = acceptOne(path, stats.isDirectory(), wanted);
  if (accepted === undefined) throw new PathError(await unfit(path, pattern, stats.isDirectory(), wanted));
  return { paths: [accepted], found: false };
}

/** The target that a path stands for, undefined where it isn't what is wanted. */
function acceptOne(path: string, isDirectory: boolean, wanted: Wanted): string | undefined {
  switch (wanted) {
    case 'kustomization':
      if (isDirectory) return kustomizationFile(path) === undefined ? undefined : path;
      return isKustomizationName(basename(path)) ? dirname(path) : undefined;
    case 'chart':
      if (isDirectory) return isChart(path) ? path : undefined;
      return basename(path) === 'Chart.yaml' ? dirname(path) : isArchive(path) ? path : undefined;
    default:
      return isDirectory ? undefined : path;
  }
}

async function unfit(path: string, pattern: string, isDirectory: boolean, wanted: Wanted): Promise<string> {
  if (wanted === 'values') return `"${pattern}" is a directory: name the values files`;
  const file = wanted === 'chart' ? 'Chart.yaml' : KUSTOMIZATION_FILES[0];
  if (!isDirectory) return `"${pattern}" is no ${NAMES[wanted]}: name the directory that holds the ${file}`;
  const names = await namesIn(path);
  const below = names.find((name) => acceptOne(join(path, name), true, wanted) !== undefined);
  const hint = below === undefined ? '' : `: did you mean "${join(pattern, below)}" or "${join(pattern, '*')}"?`;
  return `"${pattern}" holds no ${file}${hint}`;
}

/** Everything below a directory that a glob matches and that is what is wanted. */
async function matches(start: string, glob: string, wanted: Wanted, pattern: string, scope: Scope): Promise<string[]> {
  const isMatch = picomatch(glob, { nonegate: true });
  const depth = glob.includes('**') ? Number.POSITIVE_INFINITY : glob.split('/').length;
  const found: string[] = [];
  /** Whoever reads them says why they can't be read. */
  const broken: string[] = [];
  const visit = (listing: Listing): string[] => {
    if (listing.error) {
      const shown = relative(scope.directory, listing.directory) || '.';
      throw new PathError(`"${pattern}": ${shown} cannot be read: ${describeFailure(listing.error)}`);
    }
    const inside = relative(start, listing.directory);
    const below = (name: string) => isMatch(join(inside, name).split(sep).join('/'));
    const add = (name: string, isDirectory: boolean) => {
      const path = join(listing.directory, name);
      const accepted = acceptOne(path, isDirectory, wanted);
      if (accepted !== undefined && (wanted !== 'manifests' || isManifestName(name))) found.push(accepted);
    };
    for (const name of listing.files) if (below(name)) add(name, false);
    for (const name of [...listing.directories, ...listing.links]) if (below(name)) add(name, true);
    const isWanted = (name: string) => wanted === 'values' || (wanted === 'manifests' && isManifestName(name));
    for (const name of listing.broken) if (isWanted(name) && below(name)) broken.push(join(listing.directory, name));
    const level = inside === '' ? 1 : inside.split(sep).length + 1;
    return level < depth ? listing.directories.filter((name) => name !== '.git' && name !== 'node_modules') : [];
  };
  await walk(start, visit);
  for (const path of found) await checkInside(path, pattern, scope);
  return [...new Set([...found.filter(isNoOtherJson), ...broken])].sort();
}

/** JSON that merely lies between the manifests, such as a package.json, isn't one of them. */
function isNoOtherJson(path: string): boolean {
  return extname(path) !== '.json' || sniff(path).what === 'manifest';
}

/** A file that kubectl would apply out of a directory, were it not kustomize's or ours. */
export function isManifestName(name: string): boolean {
  return ['.yaml', '.yml', '.json'].includes(extname(name)) && !isKustomizationName(name) && name !== CONFIG_FILE;
}

export function isKustomizationName(name: string): boolean {
  return KUSTOMIZATION_FILES.some((known) => known === name);
}

async function exists(path: string, pattern: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new PathError(`"${pattern}" cannot be read: ${describeFailure(error)}`);
  }
}

/** k8s-lint.yaml comes from whoever wrote the pull request: it must not make the tool read what isn't theirs. */
async function checkInside(path: string, pattern: string, { realRoot }: Scope): Promise<void> {
  if (isWithin(await realpath(path), realRoot)) return;
  throw new PathError(`"${pattern}" leads out of the repository: only files below its root are read`);
}

function isWithin(path: string, directory: string): boolean {
  const inside = relative(directory, path);
  return inside === '' || (inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside));
}

/** Says of a path that leads nowhere which one might be meant: the nearest name at the first part that doesn't exist. */
async function missing(pattern: string, wanted: Wanted, scope: Scope): Promise<string> {
  const message = `"${pattern}" does not exist`;
  const start = await realpath(scope.directory);
  if (!isWithin(resolve(start, pattern), scope.realRoot)) return `"${pattern}" leads out of the repository`;
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  if (isAbsolute(pattern)) return message;
  const taken: string[] = [];
  let corrected = false;
  for (const [i, part] of parts.entries()) {
    if (corrected && picomatch.scan(part).isGlob) {
      taken.push(...parts.slice(i));
      break;
    }
    const at = join(start, ...taken);
    const isThere = (await stat(join(at, part)).catch(() => undefined)) !== undefined;
    // What lies outside is nobody's business, not even its names.
    const names = isThere || !isWithin(await realpath(at), scope.realRoot) ? [] : await namesIn(at);
    const name = isThere ? part : nearestOf(part, names);
    if (name === undefined) {
      const hint = wanted === 'chart' ? '; charts are not fetched: vendor the chart and name its directory' : '';
      return `${message}${taken.length > 0 ? `: "${taken.join('/')}" does` : ''}${hint}`;
    }
    corrected ||= !isThere;
    taken.push(name);
  }
  return `${message}: did you mean "${taken.join('/')}"?`;
}

/** Says of a glob that matches nothing what is there instead. */
async function unmatched(pattern: string, start: string, wanted: Wanted, scope: Scope): Promise<string> {
  const shown = relativePath(scope.directory, start) || '.';
  const other = pattern.replace(/\.ya?ml$/, (ending) => (ending === '.yml' ? '.yaml' : '.yml'));
  if (other !== pattern) {
    const { glob } = picomatch.scan(other);
    const found = await matches(start, glob, wanted, other, scope);
    if (found.length > 0) return `"${pattern}" matches nothing: did you mean "${other}"?`;
  }
  return `"${pattern}" matches no ${NAMES[wanted]} below "${shown}"`;
}

async function namesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => name !== '.git' && name !== 'node_modules').sort();
}
