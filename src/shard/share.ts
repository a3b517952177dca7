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
 * comparison is one. What only one side has may be the same under another name, so that all of it is in one share. `asked` is what
 * all shares must have in common beside them.
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
  const groups = groupsOf(sides, [...costs.keys()]);
  const costOfGroup = (names: readonly string[]) => names.reduce((sum, name) => sum + (costs.get(name) ?? 0), 0);
  const shares = shareOut(groups.map(costOfGroup), count);
  const mine = new Set(groups.filter((_, i) => shares[i] === index - 1).flat());
  const plan = createHash('sha256').update(JSON.stringify([[...costs], count, asked]));
  const commit = await headOf(cwd);
  return { index, count, mine, plan: plan.digest('hex').slice(0, 32), ...(commit === undefined ? {} : { commit }) };
}

/** Names that must be in one share. */
function groupsOf(sides: readonly { environments: readonly Environment[] }[], names: readonly string[]): string[][] {
  // What has nothing to render is there for what the other side had.
  const rendered = sides.map(
    ({ environments }) => new Set(environments.filter(({ targets }) => targets.length > 0).map(({ name }) => name)),
  );
  const isOne = (name: string) => sides.length > 1 && !rendered.every((side) => side.has(name));
  const one = names.filter(isOne);
  return [...names.filter((name) => !isOne(name)).map((name) => [name]), ...(one.length > 0 ? [one] : [])];
}

/** The commit that is checked out; undefined where nobody can tell. */
export async function headOf(cwd: string): Promise<string | undefined> {
  const asked = await git(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd });
  const commit = asked.kind === 'ok' ? asked.stdout.toString().trim() : '';
  return /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
}
