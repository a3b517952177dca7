import type { SourceFiles } from '../../../source.ts';
import { PerRun } from '../../per-run.ts';
import { type Kustomization, type KustomizationGraph, type Mention, readKustomization } from '../kustomization.ts';
import { type Cut, cutsOf, isSameCut } from './cut.ts';
import type { Refusal } from './failure.ts';

/** Builds a target without some of its entries: why kustomize refuses it, undefined where it doesn't, or not for a reason. */
export type Try = (cuts: readonly Cut[]) => Promise<Refusal | undefined>;

/** What was found out, by kustomization and reason. */
const causes = new PerRun<Promise<Mention | undefined>>();

/**
 * Finds the entry that kustomize refuses a target for, by cause: what comes after it can go, and kustomize says the same; with it
 * gone too, kustomize says something else. Undefined where no entry is the cause.
 */
export function bisect(
  refusal: Refusal,
  cuts: readonly Cut[],
  graph: KustomizationGraph,
  sources: SourceFiles,
  tryWithout: Try,
): Promise<Mention | undefined> {
  const { kustomization = graph.root, reason } = refusal;
  if (!kustomization) return Promise.resolve(undefined);
  const own = cuts.map((cut) => [cut.kustomization.realDirectory, cut.path]);
  const key = JSON.stringify([kustomization.realDirectory, reason, own]);
  return causes.get(sources, key, () => search(kustomization, reason, cuts, sources, tryWithout, []));
}

async function search(
  kustomization: Kustomization,
  reason: string,
  cuts: readonly Cut[],
  sources: SourceFiles,
  tryWithout: Try,
  above: readonly string[],
): Promise<Mention | undefined> {
  const items = cutsOf(kustomization).filter((item) => !cuts.some((cut) => isSameCut(cut, item)));
  const failsWith = async (count: number) => {
    const refusal = await tryWithout([...cuts, ...items.slice(count)]);
    return refusal?.reason === reason;
  };
  if (items.length === 0 || (await failsWith(0))) return undefined;
  // It fails with `high` of the items, and doesn't with `low`.
  let low = 0;
  let high = items.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await failsWith(middle)) high = middle;
    else low = middle;
  }
  const item = items[low];
  if (!item) return undefined;
  const inner = innerOf(item, sources);
  const seen = [...above, kustomization.realDirectory];
  if (!inner || seen.includes(inner.realDirectory)) return item;
  return (await search(inner, reason, [...cuts, ...items.slice(high)], sources, tryWithout, seen)) ?? item;
}

/** The kustomization that an item takes in. */
function innerOf({ kustomization, path }: Cut, sources: SourceFiles): Kustomization | undefined {
  const entry = kustomization.entries.find((own) => String(own.path) === String(path));
  return entry?.what === 'directory' ? readKustomization(entry.absolute, sources) : undefined;
}
