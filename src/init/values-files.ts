import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { isBelow, relativePath } from '../below.ts';
import { walk } from '../walk.ts';
import { environmentOfValues, isShown } from './names.ts';

const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules', 'templates', 'crds', 'ci']);

/** A chart that the repository holds. */
export interface KnownChart {
  /** Absolute directory. */
  directory: string;
  name: string;
}

/**
 * The values files of each chart by environment, absolute: those in the chart's directory, and those elsewhere whose path names the
 * chart, or that can only be meant for the one chart that there is.
 */
export async function valuesFiles(
  root: string,
  charts: readonly KnownChart[],
): Promise<Map<string, Map<string, string[]>>> {
  const found = new Map<string, Map<string, string[]>>();
  const common = new Map<string, string[]>();
  if (charts.length === 0) return found;
  await walk(root, ({ directory, files, directories }) => {
    for (const file of files) {
      const path = join(directory, file);
      if (!isValues(relative(root, path).split(sep))) continue;
      const chart = chartOf(path, root, charts);
      if (!chart) continue;
      const inside = isBelow(path, chart.directory) ? chart.directory : root;
      const place = relativePath(inside, path);
      if (isShown(place)) continue;
      const environment = environmentOfValues(place);
      if (environment === undefined) common.set(chart.directory, [...(common.get(chart.directory) ?? []), path]);
      if (environment === undefined) continue;
      const byEnvironment = found.get(chart.directory) ?? new Map<string, string[]>();
      byEnvironment.set(environment, [...(byEnvironment.get(environment) ?? []), path].sort());
      found.set(chart.directory, byEnvironment);
    }
    return directories.filter((name) => !SKIPPED.has(name));
  });
  for (const [chart, byEnvironment] of found) {
    for (const [environment, files] of byEnvironment) {
      const shared = (common.get(chart) ?? []).filter((path) => files.some((file) => isExtended(path, file)));
      byEnvironment.set(environment, [...shared.sort(), ...files]);
    }
  }
  return found;
}

/** Whether a file's name goes on where another's of its directory ends: `traefik-values.yaml`, `traefik-values-prod.yaml`. */
function isExtended(common: string, file: string): boolean {
  return dirname(common) === dirname(file) && basename(file).startsWith(basename(common, extname(common)));
}

/** Whether a path says that it holds values: its name, or a directory of it. */
function isValues(parts: readonly string[]): boolean {
  const name = parts.at(-1) ?? '';
  if (!/\.ya?ml$/.test(name) || name === 'values.schema.yaml') return false;
  return /(^|[-_.])values([-_.]|$)/.test(name) || parts.slice(0, -1).includes('values');
}

function chartOf(path: string, root: string, charts: readonly KnownChart[]): KnownChart | undefined {
  const around = charts.filter(({ directory }) => isBelow(path, directory));
  if (around.length > 0) {
    // The default values of the chart itself are no one's.
    const own = around.reduce((a, b) => (a.directory.length > b.directory.length ? a : b));
    return dirname(path) === own.directory && /^values\.ya?ml$/.test(basename(path)) ? undefined : own;
  }
  const words = `/${relativePath(root, path)}`;
  const isNamed = (name: string) =>
    words.split(/(?=[/._-])/).some((_, i, all) => startsWith(all.slice(i).join(''), name));
  const named = charts.filter(({ name, directory }) => isNamed(name) || isNamed(basename(directory)));
  if (named.length > 0) return named.length === 1 ? named[0] : undefined;
  return charts.length === 1 ? charts[0] : undefined;
}

/** Whether a part of a path begins with a name that ends there, too. */
function startsWith(part: string, name: string): boolean {
  return part.startsWith(name, 1) && !/\w/.test(part[name.length + 1] ?? '');
}
