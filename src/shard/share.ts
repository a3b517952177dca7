import { createHash } from 'node:crypto';
import type { Environment } from '../config/config.ts';
import { git } from '../git/git.ts';
import type { SourceFiles } from '../source.ts';
import { costOf } from './cost.ts';
import { shareOut } from './share-out.ts';

/** One share of the environments of a run. */
export interface Share {
  /** From 1. */
  index: number;
  count: number;
  /** The names of its environments. */
  mine: ReadonlySet<string>;
  /** Stands for how all environments were shared out, and for what was asked of them: shares that have another don't add up. */
  plan: string;
  /** What is checked out; undefined where nobody can tell. */
  commit?: string;
}

/**
 * A share of the environments, each of which is in exactly one of the `count` shares. What has one name at both sides of a
 * comparison is one; `asked` is what all shares must have in common beside them.
 */
export async function shareOf(
  sides: readonly { environments: readonly Environment[]; sources: SourceFiles }[],
  { index, count, cwd }: { index: number; count: number; cwd: string },
  asked: unknown,
): Promise<Share> {
  const costs = new Map<string, number>();
  for (const { environments, sources } of sides) {
    for (const environment of environments) {
      const { name } = environment;
      costs.set(name, (costs.get(name) ?? 0) + (await costOf(environment, sources)));
    }
  }
  const shares = shareOut([...costs.values()], count);
  const mine = new Set([...costs.keys()].filter((_, i) => shares[i] === index - 1));
  const plan = createHash('sha256').update(JSON.stringify([[...costs], count, asked]));
  const commit = await headOf(cwd);
  return { index, count, mine, plan: plan.digest('hex').slice(0, 32), ...(commit === undefined ? {} : { commit }) };
}

async function headOf(cwd: string): Promise<string | undefined> {
  const asked = await git(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd });
  const commit = asked.kind === 'ok' ? asked.stdout.toString().trim() : '';
  return /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
}
