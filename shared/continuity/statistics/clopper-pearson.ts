/**
 * Exact confidence bounds for a binomial proportion.
 * C. J. Clopper & E. S. Pearson 1934, Biometrika 26:404-413.
 */
import jStat from 'jstat';
import type { Interval } from './interval.ts';

/**
 * Bounds on a rate of which `count` of `n` were seen, each one-sided at level `alpha`; conservative for every
 * n and rate, which is what a budget wants.
 *
 * @param count  successes, in [0, n]; fractions are allowed (expected counts)
 * @param alpha  level of each bound, in (0, 0.5)
 * @throws RangeError when n is not positive or the count is outside [0, n] (a bug in the caller)
 */
export function clopperPearson(count: number, n: number, alpha: number): Interval {
  if (!(n > 0) || !(count >= 0 && count <= n)) {
    throw new RangeError(`expected a count in [0, n] with n > 0, got ${count} of ${n}`);
  }
  return {
    estimate: count / n,
    lower: count === 0 ? 0 : jStat.beta.inv(alpha, count, n - count + 1),
    upper: count === n ? 1 : jStat.beta.inv(1 - alpha, count + 1, n - count),
  };
}
