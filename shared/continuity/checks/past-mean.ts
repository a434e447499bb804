/**
 * Past windows, mean: what the candidate lost, on average, on what was learnt before.
 * Backward transfer: Lopez-Paz & Ranzato 2017, arXiv:1706.08840; here as a paired difference with an interval.
 */
import { notAsked, refuseOnly, unanswerable } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { priceOf, settle } from '../findings/exchange.ts';
import { formatCount } from '../findings/format.ts';
import { describeDifference, holdForGroups } from '../findings/paired-finding.ts';
import { pairOutcomes } from '../measures/paired-sample.ts';
import { comparePast, gainNow, type PastPool, showPoints, withoutPast } from '../findings/past.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { clusterVariance, UNGROUPED } from '../statistics/design-effect.ts';
import type { Interval } from '../statistics/interval.ts';
import { moverMean } from '../statistics/mover.ts';
import { joinDoubles } from '../../bytes.ts';

/**
 * Fails when the upper bound of the mean, over past windows, of the paired difference is below -margin, and the gain on
 * what comes in is less than the exchange asks for. Passes when the lower bound is above -margin; what is not shown
 * either way is told. Every window has the same weight, however many examples it has: an old one is not outvoted.
 */
export function checkPastMean(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return notAsked('there is no champion to compare with');
  const pools = comparePast(evidence, policy);
  if (pools.length === 0) return withoutPast(evidence, policy);
  const n = pools.reduce((sum, { comparison }) => sum + comparison.n, 0);
  const where = pools.length === 1 ? 'one past window' : `${pools.length} past windows`;
  const tooFew = pools
    .map(({ comparison }) => holdForGroups(comparison.groups, comparison.n, policy.minimum.groups, where))
    .find((hold) => hold !== null);
  if (tooFew !== undefined) return unanswerable(tooFew);
  if (pools.some(({ comparison }) => comparison.boundsAt(policy.alpha) === null)) {
    return unanswerable(`${where}: ${formatCount(n)} examples, of too few groups for a bound`);
  }
  const spread = spreadOfShared(pools);
  const question = { where, line: -policy.margins.pastMean, alpha: policy.alpha };
  const finding = refuseOnly(
    describeDifference(n, question, (factor, level) => widen(meanDifference(pools, factor, level), spread)),
  );
  const losses = pools.map(({ age, comparison }) => ({ age, loss: -comparison.estimate }));
  return settle(finding, -(finding.estimate ?? 0), {
    price: priceOf(losses, policy),
    gain: gainNow(evidence, policy),
    show: showPoints,
  });
}

function meanDifference(pools: readonly PastPool[], factor: number, alpha: number): Interval {
  return moverMean(pools.map(({ comparison }) => comparison.boundsAt(alpha, factor) as Interval));
}

/**
 * Groups, and inputs, that are in several windows tie the windows together: by how much the standard error of the mean is larger
 * than that of independent windows, at least 1.
 */
function spreadOfShared(pools: readonly PastPool[]): number {
  const parts = pools.map(({ windows }) => pairOutcomes(windows));
  if (parts.every(({ ties }) => ties.ids === null)) return 1;
  const contributions = parts.map(({ outcomes }) => centred(outcomes));
  const ids = parts.map(({ outcomes, ties }) => ties.ids ?? new Int32Array(outcomes.length).fill(UNGROUPED));
  const apart = ids.reduce(
    (sum, groups, i) => sum + clusterVariance(contributions[i] as Float64Array, groups).clustered,
    0,
  );
  const together = clusterVariance(
    joinDoubles(contributions),
    Int32Array.from(ids.flatMap((groups) => [...groups])),
  );
  return apart > 0 ? Math.sqrt(Math.max(1, together.clustered / apart)) : 1;
}

/** Deviations from the window's mean, over its size: what each example adds to the window's difference. */
function centred(outcomes: Float64Array): Float64Array {
  const n = outcomes.length;
  const mean = outcomes.reduce((sum, value) => sum + value, 0) / n;
  return outcomes.map((value) => (value - mean) / n);
}

function widen({ estimate, lower, upper }: Interval, by: number): Interval {
  return { estimate, lower: estimate - by * (estimate - lower), upper: estimate + by * (upper - estimate) };
}
