/**
 * Exact test that two models err equally often on the same examples.
 * Q. McNemar 1947, Psychometrika 12:153-157; exact form: the binomial distribution of the disagreements.
 */
import jStat from 'jstat';
import type { PairedCounts } from './interval.ts';

/** All that the test reads of paired counts. */
type Disagreements = Pick<PairedCounts, 'gains' | 'losses'> & Partial<PairedCounts>;

/**
 * P-values from the disagreements alone: given gains + losses, the gains are binomial with rate 1/2 when neither
 * model is better.
 *
 * @param counts  whole numbers
 * @returns `better`: one-sided, against "the candidate is no better"; `worse`: against "no worse"; `twoSided`: twice
 *   the smaller, at most 1. All 1 when the models never disagree.
 * @throws RangeError when a count is negative or not whole (a bug in the caller)
 */
export function mcnemarExact({ gains, losses }: Disagreements): {
  readonly better: number;
  readonly worse: number;
  readonly twoSided: number;
} {
  for (const count of [gains, losses]) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`expected whole numbers of gains and losses, got ${gains} and ${losses}`);
    }
  }
  const better = tailFrom(gains, gains + losses);
  const worse = tailFrom(losses, gains + losses);
  return { better, worse, twoSided: Math.min(1, 2 * Math.min(better, worse)) };
}

/** P(X >= k) for X ~ Binomial(n, 1/2), as an incomplete beta integral. */
function tailFrom(k: number, n: number): number {
  return k === 0 ? 1 : jStat.beta.cdf(0.5, k, n - k + 1);
}
