import { join, relative, sep } from 'node:path';
import { GitIgnore } from '../../gitignore.ts';
import type { RenderContext } from '../target.ts';
import type { Chart } from './chart.ts';

/** The directories of a chart, and of the charts in its `charts/`, that git ignores: the repository doesn't hold them. */
export async function ignoredCharts(chart: Chart, context: RenderContext): Promise<Set<string>> {
  const directories = directoriesOf(chart);
  const ignored = await Promise.all(directories.map((directory) => isIgnored(directory, context)));
  return new Set(directories.filter((_, i) => ignored[i]));
}

function directoriesOf({ directory, subcharts }: Chart): string[] {
  return [directory, ...subcharts.flatMap(({ chart }) => directoriesOf(chart))];
}

/** Whether git ignores a directory, or one above it up to the working directory. Where all of that is ignored, nothing counts. */
async function isIgnored(directory: string, { cwd, root }: RenderContext): Promise<boolean> {
  const start = directory.startsWith(cwd + sep) ? cwd : root;
  if (!directory.startsWith(start + sep)) return false;
  let current = start;
  let ignore = await GitIgnore.above(start, root);
  for (const part of relative(start, directory).split(sep)) {
    ignore = await ignore.enter(current);
    current = join(current, part);
    if (ignore.ignores(current, true)) return true;
  }
  return false;
}

/** The chart with the ignored ones in its `charts/` taken for charts from elsewhere. */
export function withThirdParties(chart: Chart, ignored: ReadonlySet<string>): Chart {
  const subcharts = chart.subcharts.map((subchart) => ({
    ...subchart,
    chart: withThirdParties(subchart.chart, ignored),
    thirdParty: subchart.thirdParty || ignored.has(subchart.chart.directory),
  }));
  return { ...chart, subcharts };
}
