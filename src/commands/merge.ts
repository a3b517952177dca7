import { join } from 'node:path';
import { version } from '../cli.ts';
import { reportOf } from '../part.ts';
import { repositoryRoot } from '../repository.ts';
import { readShards } from '../shard/shard-file.ts';
import { SourceFiles } from '../source.ts';
import { type LintFlags, pairSinks, tell } from './lint.ts';

/**
 * Writes one report of what all shards of a run found, as the run without shards would. Excerpts come from the files that are checked out
 * here. Returns the exit code; throws UsageError where the files don't make up one run.
 */
export async function runMerge(files: readonly string[], flags: LintFlags): Promise<number> {
  const sinks = pairSinks(flags);
  const parts = (await readShards(files, version())).map(({ part: { share: _, ...part } }) => part);
  const root = repositoryRoot(process.cwd());
  // Anybody may have written what is merged: no place that it names leads out of the repository.
  const sources = new SourceFiles(join(root, parts[0]?.prefix ?? ''), root);
  return tell(reportOf(parts), sinks, flags, sources);
}
