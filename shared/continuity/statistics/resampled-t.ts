/**
 * Interval for the mean difference of two recipes over repeated random splits of one data set.
 * C. Nadeau & Y. Bengio 2003, "Inference for the Generalization Error", Machine Learning 52:239-281.
 */
import type { Interval } from './interval.ts';
import { upperStudentPoint } from './normal.ts';

export interface Resampling {
  /** examples tested on, over examples trained on, in each split: 0.25 for 80/20 */
  readonly testToTrain: number;
  /** smallest step of a score, 1 / tested examples for an accuracy; 0 for a continuous one */
  readonly resolution: number;
}

/**
 * Bounds on the expected difference, each one-sided at level `alpha`. Splits overlap, so their differences are
 * correlated and s^2 / J is too small a variance; the correction replaces 1 / J by 1 / J + n_test / n_train.
 * A spread smaller than the scores can resolve counts as one step, so that splits which all tie still have a width.
 *
 * @param differences  candidate - champion, one per split, [J], J >= 2
 * @throws RangeError on fewer than two splits (a bug in the caller)
 */
export function correctedResampledT(
  differences: readonly number[],
  { testToTrain, resolution }: Resampling,
  alpha: number,
): Interval {
  const splits = differences.length;
  if (splits < 2) throw new RangeError(`expected at least two splits, got ${splits}`);
  const estimate = differences.reduce((sum, value) => sum + value, 0) / splits;
  const squares = differences.reduce((sum, value) => sum + (value - estimate) ** 2, 0);
  const variance = Math.max(squares / (splits - 1), resolution ** 2);
  const error = Math.sqrt((1 / splits + testToTrain) * variance);
  const reach = upperStudentPoint(alpha, splits - 1) * error;
  return { estimate, lower: estimate - reach, upper: estimate + reach };
}
