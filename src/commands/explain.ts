import { Chalk } from 'chalk';
import { EXIT } from '../cli.ts';
import { explainText } from '../explain.ts';
import { colorLevel } from '../report/color.ts';
import { rules } from '../rules/index.ts';
import { unknownRule } from '../unknown-rule.ts';
import { UsageError } from '../usage-error.ts';

/** Prints what a rule knows. Throws UsageError, with the nearest id, where there is no such rule. */
export async function runExplain(id: string, flags: { color?: boolean }): Promise<number> {
  const rule = rules.find((candidate) => candidate.id === id);
  if (!rule) {
    throw new UsageError(
      unknownRule(
        id,
        rules.map((known) => known.id),
      ),
    );
  }
  const chalk = new Chalk({ level: colorLevel(flags.color, process.stdout, process.env) });
  const text = explainText(rule)
    .split('\n')
    .map((line, i) =>
      i === 0 || /^\S/.test(line) ? chalk.bold(line) : line.replace(/# <- .*$/, (mark) => chalk.red(mark)),
    )
    .join('\n');
  process.stdout.write(`${text}\n`);
  return EXIT.clean;
}
