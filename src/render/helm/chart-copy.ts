import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withoutBom } from '../../yaml.ts';
import { type Chart, isNew } from './chart.ts';
import { unpackChart } from './packed-chart.ts';

/** Gives a template another text; undefined leaves it as it is. `file` is its path; in an archive, that of the archive goes before. */
type Rewrite = (source: string, file: string) => string | undefined;

/** What of a chart is copied with its templates rewritten: what is written in the repository, or charts from elsewhere, too. */
export type CopiedCharts = 'own' | 'all';

/** Files that all archives of a chart together may hold, and their bytes. */
const MAX_FILES = 20_000;
const MAX_BYTES = 100 * 1024 * 1024;

/**
 * Makes a chart in a new directory that differs from another in its templates only: those that `rewrite` gives a text for
 * get it. `chart` is the path of an archive where it isn't a directory. Charts in its `charts/` are copied the same way, those
 * from elsewhere only with `all`; the rest is linked. Rejects where the archive can't be read.
 */
export async function copyChart(
  chart: Chart | string,
  into: string,
  rewrite: Rewrite,
  charts: CopiedCharts = 'own',
): Promise<void> {
  const budget = { files: MAX_FILES, bytes: MAX_BYTES };
  if (typeof chart === 'string') await copyPacked(await readFile(chart), chart, into, rewrite, budget);
  else await copyDirectory(chart, into, rewrite, charts, budget);
}

async function copyDirectory(
  chart: Chart,
  into: string,
  rewrite: Rewrite,
  charts: CopiedCharts,
  budget: Budget,
): Promise<void> {
  await copy(chart.directory, into, ['templates', 'charts']);
  await copyTemplates(join(chart.directory, 'templates'), join(into, 'templates'), rewrite, new Set());
  const copied = chart.subcharts.filter(({ thirdParty }) => charts === 'all' || !thirdParty);
  const subcharts = new Map(copied.map(({ chart: sub }) => [sub.directory, sub]));
  for (const name of await entriesOf(join(chart.directory, 'charts'))) {
    const from = join(chart.directory, 'charts', name);
    const to = join(into, 'charts', name);
    await mkdir(join(into, 'charts'), { recursive: true });
    const sub = subcharts.get(from);
    if (sub) await copyDirectory(sub, to, rewrite, charts, budget);
    else if (charts === 'all' && chart.archives.includes(from)) {
      await copyPacked(await readFile(from), from, directoryFor(to), rewrite, budget);
    } else await link(from, to);
  }
}

interface Budget {
  files: number;
  bytes: number;
}

/** Unpacks a chart, and the archives in its `charts/`. Only regular files are written, and only below `into`. */
async function copyPacked(
  packed: Uint8Array,
  archive: string,
  into: string,
  rewrite: Rewrite,
  budget: Budget,
): Promise<void> {
  const files = unpackChart(packed);
  if (!files) throw new ArchiveError(`${archive} is no archive of a chart`);
  for (const [path, content] of files) {
    if (!isInside(path)) throw new ArchiveError(`${archive} holds a file outside its directory`);
    budget.files--;
    budget.bytes -= content.length;
    if (budget.files < 0 || budget.bytes < 0) throw new ArchiveError(`${archive} is too large`);
    const to = join(into, path);
    if (/^(?:charts\/[^/]+\/)*charts\/[^_./][^/]*\.tgz$/.test(path)) {
      await copyPacked(content, join(archive, path), directoryFor(to), rewrite, budget);
      continue;
    }
    await mkdir(dirname(to), { recursive: true });
    const isTemplate = /^(?:charts\/[^/]+\/)*templates\//.test(path);
    const source = isTemplate ? withoutBom(content.toString('utf8')) : undefined;
    const rewritten = source === undefined ? undefined : rewrite(source, join(archive, path));
    await writeFile(to, rewritten ?? content);
  }
}

/** An archive can't be unpacked. The code lets it count as a file that can't be read. */
class ArchiveError extends Error {
  readonly code = 'EINVAL';
}

/** Whether a path in an archive stays below the directory that it is unpacked to, on every system. */
function isInside(path: string): boolean {
  const isPlain = !path.startsWith('/') && !/[\\:\0]/.test(path);
  return isPlain && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** helm takes a directory for a chart under any name that doesn't end like an archive's. */
function directoryFor(archive: string): string {
  return archive.replace(/\.tgz$/, '-unpacked');
}

/** Links what lies in a directory into a new one, but for what is left out. */
async function copy(from: string, to: string, without: readonly string[]): Promise<void> {
  await mkdir(to, { recursive: true });
  const names = (await entriesOf(from)).filter((name) => !without.includes(name) && name !== '.git');
  await Promise.all(names.map((name) => link(join(from, name), join(to, name))));
}

async function copyTemplates(from: string, to: string, rewrite: Rewrite, seen: Set<string>): Promise<void> {
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
