/**
 * What a regression's answers on a file with targets are worth.
 */

export interface RegressionMeasures {
  readonly n: number;
  /** Mean absolute error, in the target's unit. */
  readonly mae: number;
  /** Half of the errors are smaller. */
  readonly medianError: number;
  /** Root of the mean square error. */
  readonly rmse: number;
  /** Mean of answer less target: above 0 where it says too much. */
  readonly bias: number;
  /** Share of the targets' variance that the answers explain; below 0 where their mean does better, null where all are equal. */
  readonly r2: number | null;
  /** Mean absolute error of whoever always says the targets' median. */
  readonly baselineMae: number;
}

/**
 * All measures of some answers.
 *
 * @param targets  [n], n > 0
 * @param answers  [n], same order
 * @throws RangeError when there is no example, or lengths differ (a bug in the caller)
 */
export function measureErrors(targets: Float64Array, answers: Float32Array): RegressionMeasures {
  const n = targets.length;
  if (n === 0 || answers.length !== n)
    throw new RangeError(`expected one answer a target of some, got ${answers.length} for ${n}`);
  const errors = targets.map((target, i) => (answers[i] as number) - target);
  const distances = errors.map(Math.abs);
  const squares = sum(errors.map((error) => error * error));
  const centre = sum(targets) / n;
  const spread = sum(targets.map((target) => (target - centre) ** 2));
  const median = medianOf(targets);
  return {
    n,
    mae: sum(distances) / n,
    medianError: medianOf(distances),
    rmse: Math.sqrt(squares / n),
    bias: sum(errors) / n,
    r2: spread === 0 ? null : 1 - squares / spread,
    baselineMae: sum(targets.map((target) => Math.abs(target - median))) / n,
  };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function medianOf(values: Float64Array): number {
  const sorted = values.toSorted();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
