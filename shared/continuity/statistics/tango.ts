/**
 * Score confidence interval for a paired difference of proportions.
 * T. Tango 1998, Statistics in Medicine 17:891-908.
 *
 * Chosen over Wald and McNemar-based intervals because it keeps its level with few discordant pairs, and
 * still has a width when there are none: two models that never disagreed on n examples may differ by up
 * to z^2 / (n + z^2).
 */
import type { Interval, PairedCounts } from './interval.ts';
import { upperNormalPoint } from './normal.ts';

/** Halvings of [-1, 1]: the bound is exact to the last bits of a double. */
const BISECTIONS = 60;

/**
 * Bounds on P(candidate right) - P(reference right), each one-sided at level `alpha`.
 * The lower bound is the difference at which the score statistic equals z; the upper, -z.
 *
 * @param counts  gains, losses and n, with gains + losses <= n; fractions are allowed (expected counts)
 * @param alpha   level of each bound, in (0, 0.5)
 * @returns estimate and bounds in [-1, 1], lower <= estimate <= upper
 * @throws RangeError when n is not positive or the counts exceed it (a bug in the caller)
 */
export function tangoInterval(counts: PairedCounts, alpha: number): Interval {
  const { gains, losses, n } = counts;
  if (!(n > 0) || gains < 0 || losses < 0 || gains + losses > n) {
    throw new RangeError(`expected 0 <= gains + losses <= n with n > 0, got ${gains} + ${losses} of ${n}`);
  }
  const z = upperNormalPoint(alpha);
  const estimate = (gains - losses) / n;
  return { estimate, lower: lowerBound(counts, estimate, z), upper: upperBound(counts, estimate, z) };
}

function lowerBound(counts: PairedCounts, estimate: number, z: number): number {
  let below = -1;
  let above = estimate;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (below + above) / 2;
    if (scoreStatistic(counts, middle) > z) below = middle;
    else above = middle;
  }
  return below;
}

/** The same bound seen from the other side: exchange the two models and the sign. */
function upperBound(counts: PairedCounts, estimate: number, z: number): number {
  return -lowerBound({ gains: counts.losses, losses: counts.gains, n: counts.n }, -estimate, z);
}

/**
 * Score statistic for the hypothesis that the difference is `delta`; falls as delta grows.
 * The variance uses the loss probability that is most likely under that hypothesis (Tango, equation 9).
 */
function scoreStatistic({ gains, losses, n }: PairedCounts, delta: number): number {
  const a = 2 * n;
  const b = (2 * n - gains + losses) * delta - gains - losses;
  const c = -losses * delta * (1 - delta);
  const lossProbability = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
  const variance = n * (2 * lossProbability + delta * (1 - delta));
  const distance = gains - losses - n * delta;
  return variance > 0 ? distance / Math.sqrt(variance) : distance * Infinity;
}
