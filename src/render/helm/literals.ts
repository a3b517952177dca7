import type { SourceFiles } from '../../source.ts';
import { PerRun } from '../per-run.ts';
import { type ChartContent, readContent, UnreadableError } from './chart-content.ts';
import { splitTemplate } from './go-template.ts';

const perRun = new PerRun<ReadonlySet<string>>();

/** The texts in quotes in the actions of a chart's templates, subcharts and archives included: conditions compare values with some. */
export function literalsOf(chart: string, sources: SourceFiles): ReadonlySet<string> {
  return perRun.get(sources, chart, () => readLiterals(chart));
}

function readLiterals(chart: string): ReadonlySet<string> {
  const literals = new Set<string>();
  try {
    addLiterals(readContent(chart), literals);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
  }
  return literals;
}

function addLiterals({ templates, subcharts }: ChartContent, literals: Set<string>): void {
  for (const template of templates) {
    for (const part of splitTemplate(template) ?? []) {
      if (part.type !== 'action') continue;
      for (const [, quoted, raw] of part.code.matchAll(/"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/g)) {
        literals.add(quoted ?? raw ?? '');
      }
    }
  }
  for (const subchart of subcharts) addLiterals(subchart, literals);
}
