import { EXIT } from '../cli.ts';
import { rules } from '../rules/index.ts';

/** Prints every rule, one line each: id, severity, what must hold. */
export async function runRules(): Promise<number> {
  const width = Math.max(...rules.map(({ id }) => id.length));
  for (const { id, severity, docs } of rules) {
    process.stdout.write(`${id.padEnd(width)}  ${severity.padEnd('warning'.length)}  ${docs.summary}\n`);
  }
  return EXIT.clean;
}
