import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { isBelow, relativePath } from '../below.ts';
import { filesBelow, isArchiveName } from '../render/helm/chart.ts';
import type { ChangedPaths } from './paths.ts';

/** What helm reads at the top of a chart; all else there is for templates that ask for it, by `.Files`. */
const CHART_FILES: ReadonlySet<string> = new Set([
  'Chart.yaml',
  'Chart.lock',
  'requirements.yaml',
  'requirements.lock',
  'values.yaml',
  'values.schema.json',
  '.helmignore',
]);

/**
 * Whether what a chart renders may have changed: something of it is changed or gone, in a directory that a link in it leads to
 * too. `values` yields the texts of the values that it gets, which are asked for only where that decides.
 */
export function chartIsTouched(directory: string, values: () => readonly string[], changed: ChangedPaths): boolean {
  const real = changed.real(directory);
  const seen = new Set<string>();
  const files = filesBelow(directory, seen);
  const inside = (path: string, from: string) => relativePath(from, path);
  const existing = files.filter((file) => changed.touch(file)).map((file) => inside(file, directory));
  const below = changed.below(directory);
  const gone = below.filter(({ exists, isDirectory }) => !exists && !isDirectory);
  if (below.some(({ isDirectory, path }) => isDirectory || path === real)) return true;
  if ([...seen].some((linked) => !isBelow(linked, real) && changed.below(linked).length > 0)) return true;
  const names = [...existing, ...gone.map(({ path }) => inside(path, real))];
  if (!names.every(isExtra)) return true;
  return names.length > 0 && mayReadFiles(directory, files, values());
}

/** Whether helm reads a file of a chart, or of a chart in its `charts/`, only for templates that ask for it. */
function isExtra(name: string): boolean {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return !CHART_FILES.has(first);
  if (first === 'charts') return rest.length > 1 && isExtra(rest.slice(1).join('/'));
  if (first === 'crds') return !['.yaml', '.yml', '.json'].includes(extname(name));
  return first !== 'templates';
}

/** Whether something in a chart or its values may ask for its files. Nobody looks into archives. */
function mayReadFiles(directory: string, files: readonly string[], values: readonly string[]): boolean {
  if (files.some(isArchiveName)) return true;
  const asking = files.filter((file) => /(^|\/)(templates\/|values[^/]*$)/.test(relativePath(directory, file)));
  return [...values, ...asking.map(readText)].some((text) => /\bFiles\b/.test(text));
}

/** What can't be read may say anything: whoever renders it tells. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return 'Files';
  }
}
