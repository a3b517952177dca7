import { join } from 'node:path';
import { version } from '../cli.ts';
import { reportOf } from '../part.ts';
import { repositoryRoot } from '../repository.ts';
import { readShards } from '../shard/shard-file.ts';
import { headOf } from '../shard/share.ts';
import { SourceFiles } from '../source.ts';
import { type LintFlags, pairSinks, tell } from './lint.ts';

/**
 * Writes one report of what all shards of a run found, as the run without shards would. Excerpts come from the files that are checked out
 * here. Returns the exit code; throws UsageError where the files don't make up one run.
 */
export async function runMerge(files: readonly string[], flags: LintFlags): Promise<number> {
  const sinks = pairSinks(flags);
  const shards = await readShards(files, version());
  const parts = shards.map(({ part: { share: _, ...part } }) => part);
  const root = repositoryRoot(process.cwd());
  // Anybody may have written what is merged: no place that it names leads out of the repository.
  const sources = new SourceFiles(join(root, parts[0]?.prefix ?? ''), root);
  const [commit, here] = [shards[0]?.part.share.commit, await headOf(root)];
  if (commit !== undefined && here !== undefined && commit !== here) {
    const message = `the shards are of commit ${commit}, and ${here} is checked out here: lines of files may be other ones`;
    process.stderr.write(`k8s-lint: ${message}\n`);
  }
  return tell(reportOf(parts), sinks, flags, sources);
}
