import { resolve } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { relativePath } from '../below.ts';
import type { RenderCache } from '../cache/render-cache.ts';
import { EXIT, version } from '../cli.ts';
import { type LintOptions, lint } from '../lint.ts';
import { STDIN } from '../render/manifests.ts';
import { colorLevel } from '../report/color.ts';
import { printable } from '../report/harmless.ts';
import { type Format, formats, loadReporter } from '../report/index.ts';
import { writeOutput } from '../report/output.ts';
import type { Report } from '../report/report.ts';
import { repositoryRoot } from '../repository.ts';
import type { Severity } from '../rule.ts';
import { SourceFiles } from '../source.ts';
import { UsageError } from '../usage-error.ts';
import { describeFailure } from '../walk.ts';
import { interruptible } from './interruptible.ts';

/** The flags of the commands that render, as commander gives them. */
export interface LintFlags {
  config?: string;
  environment?: string[];
  rule?: string[];
  format?: string[];
  output?: string[];
  severity?: Severity;
  failOn?: Severity | 'never';
  /** True where no file was named. */
  changed?: string[] | true;
  since?: string;
  baseline?: string;
  shard?: string;
  cache?: boolean;
  kubernetesVersion?: string;
  kustomize?: string;
  helm?: string;
  concurrency?: string;
  timeout?: string;
  color?: boolean;
}

export interface Sink {
  format: Format;
  /** Undefined for standard output. */
  file: string | undefined;
}

/** Lints and writes the reports. Returns the exit code; throws UsageError before anything is rendered. */
export async function runLint(paths: readonly string[], flags: LintFlags): Promise<number> {
  const sinks = pairSinks(flags);
  const options = await lintOptions(paths, flags);
  const report = await interruptible((more) => lint({ ...options, ...more }));
  if (!report) return EXIT.interrupted;
  const sources = new SourceFiles(options.cwd);
  if (options.stdin !== undefined) sources.add(STDIN, options.stdin);
  for (const note of shardNotes(report, sinks)) process.stderr.write(`${printable(`k8s-lint: ${note}`)}\n`);
  return tell(report, sinks, flags, sources);
}

/** What whoever asked for a share has to know of it, and finds in none of the reports. */
function shardNotes({ shard, note }: Report, sinks: readonly Sink[]): string[] {
  const isWritten = (format: Format) => sinks.some((sink) => sink.format === format);
  if (!shard?.share) return [];
  return [
    ...(note !== undefined && !isWritten('text') ? [note] : []),
    ...(isWritten('json') ? [] : ['no --format json: k8s-lint merge has nothing to read of this shard']),
  ];
}

/** Writes the reports, with excerpts of `sources`, and says on standard error why a run could not be whole. Returns the exit code. */
export async function tell(
  report: Report,
  sinks: readonly Sink[],
  flags: LintFlags,
  sources: SourceFiles,
): Promise<number> {
  const unwritten = await writeReports(report, sinks, flags, sources);
  for (const failure of [...(report.since?.notes ?? []), ...report.failures, ...unwritten])
    process.stderr.write(`${printable(`k8s-lint: ${failure}`)}\n`);
  return unwritten.length > 0 ? EXIT.failed : exitCode(report, flags.failOn ?? 'error');
}

/** The options of the engine that the flags stand for. Throws UsageError where one of them makes no sense. */
export async function lintOptions(paths: readonly string[], flags: LintFlags): Promise<LintOptions> {
  const kubernetes = flags.kubernetesVersion;
  if (kubernetes !== undefined && !/^v?1\.\d{1,3}(\.\d+)?$/.test(kubernetes)) {
    throw new UsageError(`--kubernetes-version ${kubernetes}: write it as 1.N, such as 1.34`);
  }
  const concurrency = wholeNumber('--concurrency', flags.concurrency);
  const timeout = wholeNumber('--timeout', flags.timeout);
  const changed = changedFiles(paths, flags);
  const cache = flags.cache === false ? undefined : await openCache();
  return {
    cwd: process.cwd(),
    paths: changed ? [] : paths,
    ...(paths.includes('-') ? { stdin: await readStream(process.stdin) } : {}),
    ...(flags.config === undefined ? {} : { config: flags.config }),
    ...(flags.environment === undefined ? {} : { environments: flags.environment }),
    ...(flags.rule === undefined ? {} : { rules: flags.rule }),
    ...(kubernetes === undefined
      ? {}
      : { kubernetesVersion: kubernetes.replace(/^v/, '').split('.').slice(0, 2).join('.') }),
    ...(flags.kustomize === undefined ? {} : { kustomize: flags.kustomize }),
    ...(flags.helm === undefined ? {} : { helm: flags.helm }),
    ...(changed === undefined ? {} : { changed }),
    ...(flags.since === undefined ? {} : { since: flags.since }),
    ...(flags.baseline === undefined ? {} : { baseline: flags.baseline }),
    ...(flags.shard === undefined ? {} : { shard: shardOf(flags.shard) }),
    ...(cache === undefined ? {} : { cache }),
    // Any format may be asked for when shards are merged.
    ...(flags.format?.includes('html') || flags.shard !== undefined ? { picture: true } : {}),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
  };
}

/** With --changed, every path is a file that was changed: pre-commit puts other options between it and them. */
function changedFiles(paths: readonly string[], { changed }: LintFlags): string[] | undefined {
  if (changed === undefined) return undefined;
  const files = [...(changed === true ? [] : changed), ...paths];
  if (files.includes('-')) throw new UsageError('--changed -: a stream is no file that can be changed');
  return files;
}

/** The user's cache. Of what is wrong with it one line is said: the run is as good without it. */
async function openCache(): Promise<RenderCache | undefined> {
  const { openCache: open } = await import('../cache/render-cache.ts');
  const start = process.stderr.isTTY ? '\r\x1b[K' : '';
  const warn = (message: string) => process.stderr.write(`${start}${printable(`k8s-lint: ${message}`)}\n`);
  return open({ version: version(), warn });
}

function wholeNumber(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new UsageError(`${flag} ${value}: a whole number from 1 on is needed`);
  return Number(value);
}

function shardOf(text: string): { index: number; count: number } {
  const [, index, count] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  if (!index || !count || Number(index) > Number(count)) {
    throw new UsageError(`--shard ${text}: write it as I/N, such as 2/8 for the second of eight`);
  }
  return { index: Number(index), count: Number(count) };
}

/** The n-th format goes to the n-th output, the rest to standard output, where there is room for one. */
export function pairSinks({ format: names = ['text'], output = [] }: LintFlags): Sink[] {
  if (output.length > names.length) {
    throw new UsageError(`--output ${output[names.length]}: there is no --format that goes with it`);
  }
  const sinks = names.map((name, i): Sink => {
    const format = formats.find((known) => known === name);
    if (!format) throw new UsageError(`--format ${name}: it is one of ${formats.join(', ')}`);
    return { format, file: output[i] === '-' ? undefined : output[i] };
  });
  const toStdout = sinks.filter(({ file }) => file === undefined);
  if (toStdout.length > 1) {
    throw new UsageError(
      `only one report can go to standard output, not ${toStdout.map(({ format }) => format).join(' and ')}`,
    );
  }
  return sinks;
}

/** Writes all reports that can be written; says why the others can't. */
async function writeReports(
  report: Report,
  sinks: readonly Sink[],
  flags: LintFlags,
  sources: SourceFiles,
): Promise<string[]> {
  const unwritten: string[] = [];
  const root = repositoryRoot(process.cwd());
  for (const { format, file } of sinks) {
    const write = await loadReporter(format);
    const text = await write(report, {
      severity: flags.severity ?? 'warning',
      failOn: flags.failOn ?? 'error',
      color: file === undefined ? colorLevel(flags.color, process.stdout, process.env) : 0,
      prefix: relativePath(root, sources.cwd),
      sources,
    });
    if (file === undefined) process.stdout.write(text);
    else {
      try {
        writeOutput(resolve(file), text, root);
      } catch (error) {
        const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
        unwritten.push(`--output ${file}: ${isAbsent ? 'its directory does not exist' : describeFailure(error)}`);
      }
    }
  }
  return unwritten;
}

/** 2 beats 1: a run that could not be whole says nothing about what it didn't see. */
export function exitCode({ failures, summary }: Report, failOn: Severity | 'never'): number {
  if (failures.length > 0) return EXIT.failed;
  const counted = { error: summary.errors, warning: summary.errors + summary.warnings, never: 0 };
  const found = failOn === 'info' ? counted.warning + summary.infos : counted[failOn];
  return found > 0 ? EXIT.findings : EXIT.clean;
}
