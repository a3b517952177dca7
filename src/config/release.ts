import { basename } from 'node:path';
import { isArchive, readChart } from '../render/helm/chart.ts';
import type { SourceFiles } from '../source.ts';

/**
 * The release that a chart is rendered as where nobody names one: the chart's own name (of a .tgz, its file's), made one that
 * helm accepts: at most 53 characters of a DNS name.
 */
export function releaseOf(chart: string, sources: SourceFiles): string {
  const name = isArchive(chart)
    ? basename(chart).replace(/(?:-v?\d[^/]*)?\.(?:tgz|tar\.gz)$/i, '')
    : readChart(chart, sources).name;
  const release = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 53)
    .replace(/^-+|-+$/g, '');
  return release === '' ? 'release' : release;
}
