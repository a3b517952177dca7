import type { ChalkInstance, ColorSupportLevel } from 'chalk';
import type { Severity } from '../rule.ts';

/**
 * How many colours to use: what `--color` or `--no-color` says, else none where NO_COLOR is set (https://no-color.org) or the
 * stream is no terminal.
 */
export function colorLevel(
  flag: boolean | undefined,
  stream: { isTTY?: boolean },
  env: NodeJS.ProcessEnv,
): ColorSupportLevel {
  if (flag !== undefined) return flag ? 1 : 0;
  if (env.NO_COLOR || env.TERM === 'dumb') return 0;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR === '0' || env.FORCE_COLOR === 'false' ? 0 : 1;
  return stream.isTTY === true ? 1 : 0;
}

/** The colour of a severity. */
export function severityColor(severity: Severity, chalk: ChalkInstance): ChalkInstance {
  return { error: chalk.red, warning: chalk.yellow, info: chalk.blue }[severity];
}
