import { EXIT } from '../cli.ts';
import { explainLine } from '../explain/line.ts';
import { lineText } from '../explain/line-text.ts';
import { noCommand, oneLine } from '../report/harmless.ts';
import { rules } from '../rules/index.ts';
import { UsageError } from '../usage-error.ts';
import { type ExplainFlags, terminalOf } from './explain.ts';
import { interruptible } from './interruptible.ts';
import { lintOptions } from './lint.ts';

/** Prints what is reported at `FILE:LINE` and what becomes of it. Exit 2 where that could not be found out in full. Throws UsageError. */
export async function runExplainAt(place: string, flags: ExplainFlags): Promise<number> {
  const { format, ...rendering } = flags;
  if (format === 'markdown') throw new UsageError('--format markdown: only a rule can be written so');
  const options = await lintOptions([], rendering);
  const story = await interruptible((run) => explainLine(place, { ...options, ...run }));
  if (story === undefined) return EXIT.interrupted;
  process.stdout.write(
    `${lineText(story, rules, await terminalOf(flags))
      .map(noCommand)
      .join('\n')}\n`,
  );
  for (const failure of story.failures) process.stderr.write(`${noCommand(oneLine(`k8s-lint: ${failure}`))}\n`);
  return story.failures.length > 0 ? EXIT.failed : EXIT.clean;
}
