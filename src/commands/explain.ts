import { text as readStream } from 'node:stream/consumers';
import { EXIT } from '../cli.ts';
import type { TerminalOptions } from '../explain/terminal.ts';
import { colorLevel } from '../report/color.ts';
import type { Rule } from '../rule.ts';
import { unknownRule } from '../unknown-rule.ts';
import { UsageError } from '../usage-error.ts';
import type { LintFlags } from './lint.ts';

export interface ExplainFlags extends Omit<LintFlags, 'format'> {
  format?: 'text' | 'markdown';
  /** `FILE:LINE` or `FILE:LINE:COLUMN`. */
  at?: string;
}

/**
 * Prints what a rule knows; of a text, the rule that it is a symptom of, and where that finds something here; of a place, what is
 * reported there and what becomes of it. Exit 1 where no rule knows the text. Throws UsageError where nothing can be meant.
 */
export async function runExplain(what: readonly string[], flags: ExplainFlags): Promise<number> {
  if (flags.at !== undefined) {
    if (what.length > 0) throw new UsageError('--at FILE:LINE stands alone: it takes no rule and no text');
    return (await import('./explain-at.ts')).runExplainAt(flags.at, flags);
  }
  if (what.length === 0) throw new UsageError('name a rule, paste what was said, or give a place: --at FILE:LINE');
  const { rules } = await import('../rules/index.ts');
  const [only = ''] = what;
  const rule = what.length === 1 ? rules.find(({ id }) => id === only) : undefined;
  if (rule) return printRule(rule, flags);
  const ids = rules.map(({ id }) => id);
  if (what.length === 1 && /^[a-z]+(?:-[a-z]+)+$/.test(only)) throw new UsageError(unknownRule(only, ids));
  if (flags.format === 'markdown') throw new UsageError('--format markdown: only a rule can be written so');
  const text = what.length === 1 && only === '-' ? await readStream(process.stdin) : what.join(' ');
  const { explainSymptom } = await import('./explain-symptom.ts');
  return explainSymptom(text, rules, flags);
}

async function printRule(rule: Rule, flags: ExplainFlags): Promise<number> {
  process.stdout.write(`${await ruleText(rule, flags)}\n`);
  return EXIT.clean;
}

async function ruleText(rule: Rule, flags: ExplainFlags): Promise<string> {
  if (flags.format === 'markdown') {
    return `## ${rule.id}\n\n${(await import('../explain.ts')).explainMarkdown(rule)}`;
  }
  const { explainTerminal } = await import('../explain/terminal.ts');
  return explainTerminal(rule, await terminalOf(flags));
}

/** How to write for standard output. */
export async function terminalOf(flags: ExplainFlags): Promise<TerminalOptions> {
  const { widthOf } = await import('../explain/terminal.ts');
  return { width: widthOf(process.stdout), color: colorLevel(flags.color, process.stdout, process.env) };
}
