/**
 * Past windows, mean: what the candidate lost, on average, on what was learnt before.
 * Backward transfer: Lopez-Paz & Ranzato 2017, arXiv:1706.08840; here as a paired difference with an interval.
 */
import { plainFinding } from '../check-result.ts';
import type { CheckOutcome } from '../check-result.ts';
import type { Evidence } from '../evidence.ts';
import { addCounts } from '../metrics.ts';
import { describeDifference, holdForExamples, scaleCounts } from '../paired-finding.ts';
import type { GatePolicy } from '../policy.ts';
import type { Interval } from '../statistics/interval.ts';
import { moverMean } from '../statistics/mover.ts';
import { tangoInterval } from '../statistics/tango.ts';
import { poolPastWindows } from '../windows.ts';
import type { Pool } from '../windows.ts';

/**
 * Passes when the lower bound of the mean, over past windows, of the paired difference is above -margin.
 * Every window has the same weight, however many examples it has: an old one is not outvoted by a large one.
 */
export function checkPastMean(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const pools = poolPastWindows(evidence, policy.minimum.window);
  if (pools.length === 0) return plainFinding('skip', 'there are no past windows yet');
  const { n } = addCounts(pools.map(({ counts }) => counts));
  const where = 'past windows';
  if (n < policy.minimum.window) return holdForExamples(n, policy.minimum.window, where);
  const question = {
    where: pools.length === 1 ? 'one past window' : `${pools.length} past windows`,
    line: -policy.margins.pastMean,
    alpha: policy.alpha,
    minimum: 0,
  };
  return describeDifference(meanDifference(pools, 1, policy.alpha), n, question, (factor, alpha) =>
    meanDifference(pools, factor, alpha),
  );
}

function meanDifference(pools: readonly Pool[], factor: number, alpha: number): Interval {
  return moverMean(pools.map(({ counts }) => tangoInterval(scaleCounts(counts, factor), alpha)));
}
