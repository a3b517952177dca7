import { Chalk } from 'chalk';
import { EXIT } from '../cli.ts';
import { explainText } from '../explain.ts';
import { nearestOf } from '../nearest.ts';
import { colorLevel } from '../report/color.ts';
import { rules } from '../rules/index.ts';
import { UsageError } from '../usage-error.ts';

/** Prints what a rule knows. Throws UsageError, with the nearest id, where there is no such rule. */
export async function runExplain(id: string, flags: { color?: boolean }): Promise<number> {
  const rule = rules.find((candidate) => candidate.id === id);
  if (!rule) {
    const near = nearestOf(
      id,
      rules.map((candidate) => candidate.id),
    );
    throw new UsageError(
      `no rule is called "${id}"${near ? `, did you mean "${near}"?` : ''}; k8s-lint rules lists them`,
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
