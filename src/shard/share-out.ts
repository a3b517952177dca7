/**
 * Which of `count` shares each cost goes to, by index from 0: the largest first, each to the share that has least so far. No share is
 * larger than the mean and the largest cost together (Graham, Bounds on Multiprocessing Timing Anomalies, 1969). Equal costs keep
 * their order, so that the same list is always shared out in the same way.
 */
export function shareOut(costs: readonly number[], count: number): number[] {
  const loads = Array.from({ length: count }, () => 0);
  const shares: number[] = costs.map(() => 0);
  const largestFirst = [...costs.entries()].sort(([i, a], [j, b]) => b - a || i - j);
  for (const [item, cost] of largestFirst) {
    const share = loads.indexOf(Math.min(...loads));
    shares[item] = share;
    loads[share] = (loads[share] ?? 0) + cost;
  }
  return shares;
}
