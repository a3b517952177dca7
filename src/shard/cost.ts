import { stat } from 'node:fs/promises';
import type { Environment } from '../config/config.ts';
import { filesOfTarget } from '../config/select.ts';
import type { Target } from '../render/target.ts';
import type { SourceFiles } from '../source.ts';

/** What starting a tool costs, in bytes of manifests that are rendered and judged in the same time (about a tenth of a second). */
const START = 50_000;
/** A chart is rendered twice, to see what differs from render to render. */
const STARTS: Record<Target['type'], number> = { kustomize: 1, helm: 2, manifests: 0 };

/** What judging an environment costs, in bytes: those of the files that it reads, and what its tools take to start. */
export async function costOf({ targets, existing }: Environment, sources: SourceFiles): Promise<number> {
  const reads = await Promise.all(targets.map((target) => filesOfTarget(target, sources)));
  const sizes = await Promise.all([...existing, ...reads.flat()].map(sizeOf));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return targets.reduce((sum, { type }) => sum + STARTS[type] * START, bytes);
}

/** What isn't there costs nothing to read. */
async function sizeOf(file: string): Promise<number> {
  try {
    const stats = await stat(file);
    return stats.isFile() ? stats.size : 0;
  } catch {
    return 0;
  }
}
