/**
 * Bounds on a median from order statistics: exact for any continuous distribution.
 * W. R. Thompson 1936, Annals of Mathematical Statistics 7:122-128.
 */
import jStat from 'jstat';
import type { Interval } from './interval.ts';

/**
 * @param values  independent draws, [n]; their order does not matter
 * @returns null when n is too small for any bound at this level (2^-n > alpha: fewer than 5 at 0.05)
 */
export function medianBounds(values: Float64Array, alpha: number): Interval | null {
  const n = values.length;
  const sorted = Float64Array.from(values).sort();
  // the r-th smallest lies above the median with probability P(Bin(n, 1/2) < r)
  let r = 0;
  while (r < n && fewerThan(r + 1, n) <= alpha) r++;
  if (r === 0) return null;
  const middle = ((sorted[(n - 1) >> 1] as number) + (sorted[n >> 1] as number)) / 2;
  return { estimate: middle, lower: sorted[r - 1] as number, upper: sorted[n - r] as number };
}

/** P(X < r) for X ~ Binomial(n, 1/2), r >= 1. */
function fewerThan(r: number, n: number): number {
  return r > n ? 1 : 1 - jStat.beta.cdf(0.5, r, n - r + 1);
}
