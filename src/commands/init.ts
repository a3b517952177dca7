import { randomBytes } from 'node:crypto';
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../cli.ts';
import { CONFIG_FILE, findConfig } from '../config/config.ts';
import { type Plan, pathOf, planFor } from '../init/plan.ts';
import { configText, type Unlocks } from '../init/text.ts';
import { judge, type LintOptions } from '../lint.ts';
import { type Part, reportOf } from '../part.ts';
import { shownPath } from '../render/manifests.ts';
import type { Target } from '../render/target.ts';
import { oneLine, printable } from '../report/harmless.ts';
import { countBySeverity, counted } from '../report/shown.ts';
import { UsageError } from '../usage-error.ts';
import { describeFailure } from '../walk.ts';
import { interruptible } from './interruptible.ts';
import { type LintFlags, lintOptions } from './lint.ts';

/**
 * Writes a k8s-lint.yaml for what stands in the working directory, and says what it is good for. Throws UsageError where one is there
 * already, which is never overwritten, and where there is nothing to lint.
 */
export async function runInit(flags: LintFlags): Promise<number> {
  const options = await lintOptions([], flags);
  const { cwd } = options;
  const existing = findConfig(cwd);
  if (existing !== undefined) {
    throw new UsageError(
      `${shownPath(existing, cwd)} is there already, and stays as it is: edit it, or remove it first`,
    );
  }
  const code = await interruptible(async (running) => {
    const plan = await planFor({ ...options, ...running });
    if (plan.environments.length === 0) {
      throw new UsageError(`nothing to lint: no kustomization, chart or manifest in ${cwd}`);
    }
    const part = await judge({ ...options, ...asWritten(cwd, configText(plan, cwd, [])), ...running });
    const paths = plan.unplaced.map(pathOf);
    const left = paths.length > 0 ? await judge({ ...options, paths, ...running }) : undefined;
    const unlocks = unlocksOf(part, plan);
    running.signal?.throwIfAborted();
    write(join(cwd, CONFIG_FILE), configText(plan, cwd, unlocks));
    process.stdout.write(`${summary(plan, part, left, unlocks).map(oneLine).map(printable).join('\n')}\n`);
    for (const failure of part.failures) process.stderr.write(`${printable(`k8s-lint: ${failure}`)}\n`);
    return part.failures.length > 0 ? EXIT.failed : EXIT.clean;
  });
  return code ?? EXIT.interrupted;
}

function asWritten(cwd: string, text: string): Pick<LintOptions, 'config' | 'configText'> {
  return { config: join(cwd, CONFIG_FILE), configText: text };
}

/** In one step, and never over a file that somebody has put there in between. */
function write(file: string, text: string): void {
  const partial = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    writeFileSync(partial, text, { flag: 'wx' });
    linkSync(partial, file);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new UsageError(
      `${CONFIG_FILE} can't be written: ${isThere ? 'it is there already' : describeFailure(error)}`,
    );
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Facts that rules ask for, and which rules they are; those that help most come first. */
function unlocksOf({ unchecked }: Part, plan: Plan): Unlocks[] {
  return plan.environments.flatMap(({ name, targets }) => {
    const names = new Set([name, ...targets.map(({ target }) => target.name)]);
    const rules = new Map<string, Set<string>>();
    for (const { rule, reason, target } of unchecked) {
      const fact = FACT.exec(reason)
        ?.slice(1)
        .find((text) => text !== undefined);
      if (rule === undefined || fact === undefined || !names.has(target)) continue;
      const kind = fact.replace(/^(\w+ss)es$|^(\w+[^s\W])s$/, '$1$2');
      rules.set(kind, (rules.get(kind) ?? new Set()).add(rule));
    }
    return [...rules]
      .map(([fact, ids]) => ({ environment: name, fact, rules: [...ids].sort() }))
      .sort((a, b) => b.rules.length - a.rules.length || (a.fact < b.fact ? -1 : 1));
  });
}

/** How rules say which facts they miss. */
const FACT = /(?:^|: )(?:existing holds no (.+)|list (?:the )?(.+) under existing)$/;

function summary(plan: Plan, part: Part, left: Part | undefined, unlocks: readonly Unlocks[]): string[] {
  const width = Math.max(...plan.environments.map(({ name }) => name.length));
  const environments = plan.environments.map(
    ({ name, targets }) => `  ${name.padEnd(width)}  ${targets.map(({ target }) => target.name).join(', ')}`,
  );
  return [
    `${CONFIG_FILE} is written: ${counted(plan.environments.length, 'environment')}`,
    ...environments,
    ...(left ? [`in no environment yet, see the end of the file: ${listed(plan.unplaced)}`] : []),
    ...(unlocks.length > 0 ? ['more could be judged with facts under existing (k8s-lint snapshot writes them):'] : []),
    ...unlocks
      .slice(0, UNLOCKS)
      .map(({ environment, fact, rules }) => `  ${environment.padEnd(width)}  ${fact}: ${rules.join(', ')}`),
    ...(unlocks.length > UNLOCKS ? [`  and ${unlocks.length - UNLOCKS} more: the file names them`] : []),
    part.failures.length > 0 ? 'it could not be judged yet:' : `k8s-lint now finds ${found(part)}: run it`,
    ...(left ? [`what is in no environment is not linted: ${found(left, plan.unplaced)} there`] : []),
  ];
}

/** Counts what is found; `only` in these targets. */
function found(part: Part, only?: readonly Target[]): string {
  const names = new Set(only?.map(({ name }) => name));
  const { diagnostics } = reportOf([part]);
  const { errors, warnings } = countBySeverity(
    only ? diagnostics.filter(({ targets }) => targets.some(({ target }) => names.has(target))) : diagnostics,
  );
  return `${counted(errors, 'error')} and ${counted(warnings, 'warning')}`;
}

const LISTED = 4;
const UNLOCKS = 12;

function listed(targets: Plan['unplaced']): string {
  const names = targets.slice(0, LISTED).map(({ name }) => name);
  return `${names.join(', ')}${targets.length > LISTED ? ` and ${targets.length - LISTED} more` : ''}`;
}
