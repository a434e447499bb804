/**
 * Method of variance estimates recovery: limits for a mean from the limits of its terms.
 * G. Y. Zou & A. Donner 2008, Statistics in Medicine 27:1693-1702.
 */
import type { Interval } from './interval.ts';

/**
 * Bounds on the unweighted mean of independent quantities, at the level of the bounds that come in. The
 * distance from each estimate to its own bound stands for its standard error on that side, so that the
 * asymmetry of the parts is kept.
 *
 * @param parts  estimates with bounds from disjoint samples, [k], k >= 1
 * @throws RangeError when there are none (a bug in the caller)
 */
export function moverMean(parts: readonly Interval[]): Interval {
  if (parts.length === 0) throw new RangeError('expected at least one interval, got none');
  let sum = 0;
  let below = 0;
  let above = 0;
  for (const { estimate, lower, upper } of parts) {
    sum += estimate;
    below += (estimate - lower) ** 2;
    above += (upper - estimate) ** 2;
  }
  const k = parts.length;
  return { estimate: sum / k, lower: (sum - Math.sqrt(below)) / k, upper: (sum + Math.sqrt(above)) / k };
}
