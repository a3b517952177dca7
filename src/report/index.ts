import type { ColorSupportLevel } from 'chalk';
import type { Severity } from '../rule.ts';
import type { SourceFiles } from '../source.ts';
import type { Report } from './report.ts';

export interface ReporterOptions {
  /** The lowest severity that is shown. */
  severity: Severity;
  /** The lowest severity that makes a run fail; `error` unless it is given. */
  failOn?: Severity | 'never';
  color: ColorSupportLevel;
  /** The working directory relative to the root of the repository, `''` at the root: some formats need its paths. */
  prefix: string;
  /** Where excerpts come from. */
  sources: SourceFiles;
}

/** Writes a report in one format, as text that ends in a newline. */
export type Reporter = (report: Report, options: ReporterOptions) => string | Promise<string>;

export const formats = ['text', 'json', 'sarif', 'github', 'gitlab', 'junit', 'markdown', 'html'] as const;
export type Format = (typeof formats)[number];

/** Loads the reporter of a format, and only that one. */
export async function loadReporter(format: Format): Promise<Reporter> {
  switch (format) {
    case 'text':
      return (await import('./text.ts')).writeText;
    case 'json':
      return (await import('./json.ts')).writeJson;
    case 'sarif':
      return (await import('./sarif.ts')).writeSarif;
    case 'github':
      return (await import('./github.ts')).writeGithub;
    case 'gitlab':
      return (await import('./gitlab.ts')).writeGitlab;
    case 'junit':
      return (await import('./junit.ts')).writeJunit;
    case 'markdown':
      return (await import('./markdown.ts')).writeMarkdown;
    case 'html':
      return (await import('./html.ts')).writeHtml;
  }
}
