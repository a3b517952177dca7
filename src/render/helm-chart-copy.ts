import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withoutBom } from '../yaml.ts';
import { type Chart, isNew } from './chart.ts';

/**
 * Makes a chart in a new directory that differs from another in its templates only: those that `rewrite` gives a text for
 * get it. Charts in its `charts/` that were written there by hand are copied the same way; all else is linked.
 */
export async function copyChart(
  chart: Chart,
  into: string,
  rewrite: (source: string, file: string) => string | undefined,
): Promise<void> {
  await copy(chart.directory, into, ['templates', 'charts']);
  await copyTemplates(join(chart.directory, 'templates'), join(into, 'templates'), rewrite, new Set());
  const own = new Map(
    chart.subcharts.filter(({ thirdParty }) => !thirdParty).map(({ chart: sub }) => [sub.directory, sub]),
  );
  for (const name of await entriesOf(join(chart.directory, 'charts'))) {
    const from = join(chart.directory, 'charts', name);
    const to = join(into, 'charts', name);
    await mkdir(join(into, 'charts'), { recursive: true });
    const sub = own.get(from);
    if (sub) await copyChart(sub, to, rewrite);
    else await link(from, to);
  }
}

/** Links what lies in a directory into a new one, but for what is left out. */
async function copy(from: string, to: string, without: readonly string[]): Promise<void> {
  await mkdir(to, { recursive: true });
  const names = (await entriesOf(from)).filter((name) => !without.includes(name) && name !== '.git');
  await Promise.all(names.map((name) => link(join(from, name), join(to, name))));
}

async function copyTemplates(
  from: string,
  to: string,
  rewrite: (source: string, file: string) => string | undefined,
  seen: Set<string>,
): Promise<void> {
  // Links may lead in circles or nowhere, where .helmignore keeps helm out of them.
  if (!isNew(from, seen)) return;
  await mkdir(to, { recursive: true });
  for (const name of await entriesOf(from)) {
    const path = join(from, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isDirectory()) await copyTemplates(path, join(to, name), rewrite, seen);
    else if (stats?.isFile()) {
      const source = withoutBom(await readFile(path, 'utf8'));
      await writeFile(join(to, name), rewrite(source, path) ?? source);
    }
  }
}

async function link(from: string, to: string): Promise<void> {
  // Where links need a privilege (Windows), a copy does.
  await symlink(from, to).catch(() => cp(from, to, { recursive: true }));
}

async function entriesOf(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}
