/**
 * Bounds on a mean whose examples have a known range: Gaffke's, which keeps its level with few examples and whatever
 * the shape, where a bootstrap sees only what was drawn and t-intervals believe in a spread that rare losses hide.
 *
 * N. Gaffke 2005, "Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative
 * variable", Mathematical Methods of Statistics 14:451-467; as a bound: E. Learned-Miller & P. S. Thomas 2019, "A new
 * confidence interval for the mean of a bounded random variable", arXiv:1906.05208.
 *
 * The idea: beside the n units that were seen stands one more, as bad as can be. The n + 1 get random weights, uniform
 * on the simplex; the upper bound is the (1 - alpha) quantile of their weighted mean. Such weights are exponential
 * variables E over their sum, so the weighted mean exceeds t when sum E_i (x_i - t) > 0: a sum whose cumulant
 * generating function is -sum ln(1 - s (x_i - t)). Its tail is computed by saddlepoint (O. E. Barndorff-Nielsen 1986,
 * Biometrika 73:307-322): within 2 % of the quantile's distance from the mean, without a draw and at any level.
 */
import type { Interval } from './interval.ts';
import { upperNormalPoint } from './normal.ts';

/** Sums of a score over units: examples, or whole groups of them. */
export interface BoundedSample {
  /** [units] */
  readonly sums: Float64Array;
  /** examples of each unit, [units] */
  readonly sizes: Float64Array;
}

/** Of one example's score. */
export interface ScoreRange {
  readonly least: number;
  readonly most: number;
}

const MOST_STEPS = 60;
/** Relative to the range: far below what a report shows. */
const PRECISION = 1e-7;
/** In standard errors. */
const Z_PRECISION = 1e-5;

/**
 * Bounds on the mean score of an example, each one-sided at level `alpha`. The unit that was not seen has as many
 * examples as the largest that was: where sizes differ widely, one of the mean size would hide in any of the large ones.
 *
 * @param growth  bounds for a sample so many times as large, of the same scores
 * @throws RangeError without units (a bug in the caller)
 */
export function boundedMean(
  { sums, sizes }: BoundedSample,
  { least, most }: ScoreRange,
  alpha: number,
  growth = 1,
): Interval {
  if (sums.length === 0) throw new RangeError('expected at least one unit, got none');
  const upper = upperBound(sums, sizes, most, alpha, growth);
  const lower = -upperBound(
    sums.map((sum) => -sum),
    sizes,
    -least,
    alpha,
    growth,
  );
  const estimate = total(sums) / total(sizes);
  return { estimate, lower: Math.min(lower, estimate), upper: Math.max(upper, estimate) };
}

/** Where the tail beyond it is alpha: by regula falsi on the normal scale, on which it is almost a line (Illinois). */
function upperBound(
  sums: Float64Array,
  sizes: Float64Array,
  most: number,
  alpha: number,
  growth: number,
): number {
  const examples = total(sizes);
  const unseen = sizes.reduce((most, size) => Math.max(most, size), 0);
  const mean = (growth * total(sums) + unseen * most) / (growth * examples + unseen);
  const z = upperNormalPoint(alpha);
  if (!(most - mean > PRECISION * Math.abs(most))) return most;
  const excesses = new Float64Array(sums.length);
  const missing = (t: number): number => {
    for (let i = 0; i < excesses.length; i++) excesses[i] = (sums[i] as number) - t * (sizes[i] as number);
    return normalTail(excesses, (most - t) * unseen, growth) - z;
  };
  let [low, below] = [mean, -z];
  let [high, above] = [most, Number.POSITIVE_INFINITY];
  let last = 0;
  let reach = z * standardError(sums, sizes, mean, unseen * (most - mean), growth);
  for (let step = 0; step < MOST_STEPS && high - low > PRECISION * Math.abs(most); step++) {
    const ahead = Math.min(low + reach, (low + most) / 2);
    // the value at `most` is infinite: until something above the bound is found, farther and farther
    const t = above === Number.POSITIVE_INFINITY ? ahead : (low * above - high * below) / (above - below);
    const value = missing(t);
    if (Math.abs(value) < Z_PRECISION) return t;
    // an end that stays where it is twice counts half, or the other would creep
    if (value < 0) {
      [low, below] = [t, value];
      if (last < 0) above /= 2;
    } else {
      [high, above] = [t, value];
      if (last > 0) below /= 2;
    }
    last = value;
    reach *= 2;
  }
  return high;
}

/** Of the mean under random weights: how far from it the search begins. */
function standardError(
  sums: Float64Array,
  sizes: Float64Array,
  mean: number,
  unseen: number,
  growth: number,
): number {
  let squares = 0;
  for (let i = 0; i < sums.length; i++) squares += ((sums[i] as number) - mean * (sizes[i] as number)) ** 2;
  return Math.sqrt(growth * squares + unseen ** 2) / (growth * total(sizes));
}

/**
 * The z whose normal tail is P(sum of E_i a_i + E_0 b > 0), with E_0 exponential and each E_i the sum of `growth`
 * exponential variables; the sum's mean is below 0, and b above.
 */
function normalTail(a: Float64Array, b: number, growth: number): number {
  let most = b;
  for (const value of a) most = Math.max(most, value);
  const s = saddlepoint(a, b, growth, 1 / most);
  let logs = Math.log(1 - s * b);
  let curvature = (b / (1 - s * b)) ** 2;
  for (const value of a) {
    const rest = 1 - s * value;
    logs += growth * Math.log(rest);
    curvature += growth * (value / rest) ** 2;
  }
  const w = Math.sqrt(Math.max(0, 2 * logs));
  const u = s * Math.sqrt(curvature);
  return w > 1e-6 ? w + Math.log(u / w) / w : 0;
}

/** Where the derivative of the cumulant generating function is 0, in (0, pole): Newton's, kept inside by halving. */
function saddlepoint(a: Float64Array, b: number, growth: number, pole: number): number {
  let [low, high] = [0, pole];
  let s = pole / 2;
  for (let step = 0; step < MOST_STEPS; step++) {
    let slope = b / (1 - s * b);
    let curvature = slope * slope;
    for (const value of a) {
      const term = value / (1 - s * value);
      slope += growth * term;
      curvature += growth * term * term;
    }
    if (slope < 0) low = s;
    else high = s;
    const newton = s - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - s) < 1e-10 * pole) return next;
    s = next;
  }
  return s;
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
