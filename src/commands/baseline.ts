import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Entry, entryOf, type WrittenEntry } from '../baseline/entry.ts';
import { matchEntries } from '../baseline/match.ts';
import { BASELINE_FILE } from '../baseline/read.ts';
import { type Change, changeBaseline, newBaseline, type Removed } from '../baseline/text.ts';
import { relativePath } from '../below.ts';
import { EXIT } from '../cli.ts';
import { judge, type LintOptions } from '../lint.ts';
import { goneEntries, type Part, reportOf } from '../part.ts';
import { oneLine, printable } from '../report/harmless.ts';
import { replaceOutput } from '../report/output.ts';
import { counted, shown } from '../report/shown.ts';
import { repositoryRoot } from '../repository.ts';
import type { Severity } from '../rule.ts';
import { configFileOf } from '../selection.ts';
import { SourceFiles } from '../source.ts';
import { UsageError } from '../usage-error.ts';
import { describeFailure } from '../walk.ts';
import { interruptible } from './interruptible.ts';
import { type LintFlags, lintOptions } from './lint.ts';

/** The flags of `baseline`, as commander gives them. */
export interface BaselineFlags extends Omit<LintFlags, 'output'> {
  output?: string;
  reason?: string;
  prune?: boolean;
}

/**
 * Writes down what is found today, or with `--prune` takes out what isn't found any more. Returns the exit code: findings are no failure.
 * Throws UsageError and ConfigError, and nothing is written.
 */
export async function runBaseline(paths: readonly string[], { output, ...flags }: BaselineFlags): Promise<number> {
  const reason = reasonOf(flags);
  if (paths.includes('-')) throw new UsageError('a stream has no baseline: name files or directories');
  const options = await lintOptions(paths, flags);
  const file = output === undefined ? defaultFile(options) : resolve(options.cwd, output);
  const name = relativePath(options.cwd, file);
  const isThere = existsSync(file);
  if (!isThere && flags.prune) {
    throw new UsageError(`${name}: there is no such baseline to prune; without --prune it is written`);
  }
  const part = await interruptible((more) => judge({ ...options, ...more, ...(isThere ? { baseline: name } : {}) }));
  if (!part) return EXIT.interrupted;
  if (part.failures.length > 0) {
    for (const failure of part.failures) say(failure);
    say(`${name} is left as it was: not all that there is to find could be found`);
    return EXIT.failed;
  }
  const plan = planOf(part, flags.severity ?? 'warning', reason);
  const { remove, add, update, moved } = flags.prune
    ? { ...plan, add: [], update: new Map(), moved: new Map<Entry, string>() }
    : plan;
  const { text, removed } = isThere
    ? changeBaseline(new SourceFiles(options.cwd).text(name), name, plan.entries, { remove, add, update })
    : { text: newBaseline(add), removed: [] };
  try {
    replaceOutput(file, text, repositoryRoot(options.cwd));
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    say(`${name}: ${isAbsent ? 'its directory does not exist' : describeFailure(error)}`);
    return EXIT.failed;
  }
  const kept = plan.entries.length - removed.length;
  const changes = [...(flags.prune ? [] : [`${add.length} added`]), `${removed.length} removed`, `${kept} kept`].join(
    ', ',
  );
  tell([
    `${name}: ${counted(kept + add.length, 'finding')}${isThere ? ` (${changes})` : ''}`,
    ...removed.flatMap((one) => describeRemoved(one, moved.get(one.entry))),
    ...(plan.unknown > 0
      ? [`${plan.unknown} kept that match nothing here: not all that they may be about was judged`]
      : []),
    ...(isThere ? [] : [`k8s-lint --baseline ${name} leaves them out`]),
  ]);
  return EXIT.clean;
}

function reasonOf({ reason, prune }: Pick<BaselineFlags, 'reason' | 'prune'>): string | undefined {
  if (reason === undefined) return undefined;
  if (prune) throw new UsageError('--reason is for new entries: --prune only removes some');
  const text = oneLine(reason.trim().replace(/\s+/g, ' '));
  if (text === '') throw new UsageError('--reason: say why');
  return text;
}

/** Beside k8s-lint.yaml, else in the working directory. */
function defaultFile(options: LintOptions): string {
  const config = configFileOf(options);
  return join(config === undefined ? options.cwd : dirname(config), BASELINE_FILE);
}

/** What of a baseline would have to change for it to hold what was found. */
interface Plan extends Required<Change> {
  entries: readonly WrittenEntry[];
  /** Of what goes, the entries whose findings are in another file now, which keep their reasons, and that file. */
  moved: ReadonlyMap<Entry, string>;
  /** How many match nothing in what was judged, and may match elsewhere. */
  unknown: number;
}

function planOf(part: Part, severity: Severity, reason: string | undefined): Plan {
  const { baseline = [], ...judged } = part;
  const { diagnostics } = reportOf([judged]);
  const entries = baseline.map(({ entry }) => entry);
  const matches = matchEntries(entries, diagnostics, part.prefix);
  const unused = entries.filter((entry) => !matches.entries.has(entry));
  const gone = new Set<Entry>(goneEntries([part], unused));
  const fresh = shown(diagnostics, severity).filter((diagnostic) => !matches.diagnostics.has(diagnostic));
  return {
    entries,
    remove: gone,
    ...withMoved(
      fresh.map((diagnostic) => entryOf(diagnostic, part.prefix, reason)),
      gone,
    ),
    update: new Map([...matches.entries].map(([entry, diagnostic]) => [entry, entryOf(diagnostic, part.prefix)])),
    unknown: unused.length - gone.size,
  };
}

/** New entries; those that say what one of another file said, which is gone, were moved with it, and keep its reason. */
function withMoved(fresh: readonly Entry[], gone: ReadonlySet<Entry>): Pick<Plan, 'add' | 'moved'> {
  const waiting = new Map<string, Entry[]>();
  for (const entry of gone) {
    const same = waiting.get(claimOf(entry));
    if (same) same.push(entry);
    else waiting.set(claimOf(entry), [entry]);
  }
  const moved = new Map<Entry, string>();
  const add = fresh.map((entry) => {
    const old = waiting.get(claimOf(entry))?.shift();
    if (!old) return entry;
    moved.set(old, entry.file);
    const { reason: _, ...rest } = entry;
    return old.reason === undefined ? rest : { ...rest, reason: old.reason };
  });
  return { add, moved };
}

function claimOf({ rule, severity, resource, message }: Entry): string {
  return JSON.stringify([rule, severity, resource, message]);
}

function describeRemoved({ entry, comments }: Removed<WrittenEntry>, to: string | undefined): string[] {
  const { file, rule, resource, message, reason } = entry;
  return [
    `  ${to === undefined ? `removed ${file}` : `moved from ${file} to ${to}`}: ${[rule, resource, message].filter((part) => part !== undefined).join(': ')}`,
    ...(reason === undefined ? [] : [`    reason: ${reason}`]),
    ...comments.map((comment) => `    ${comment}`),
  ];
}

function tell(lines: readonly string[]): void {
  process.stdout.write(`${printable(lines.join('\n'))}\n`);
}

function say(message: string): void {
  process.stderr.write(`${printable(`k8s-lint: ${message}`)}\n`);
}
