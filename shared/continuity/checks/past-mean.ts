/**
 * Past windows, mean: what the candidate lost, on average, on what was learnt before.
 * Backward transfer: Lopez-Paz & Ranzato 2017, arXiv:1706.08840; here as a paired difference with an interval.
 */
import { plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { addCounts } from '../metrics.ts';
import {
  describeDifference,
  holdForExamples,
  holdForGroups,
  scaleCounts,
} from '../findings/paired-finding.ts';
import { pairOutcomes, samplePairs } from '../findings/paired-sample.ts';
import type { PairedSample } from '../findings/paired-sample.ts';
import type { GatePolicy } from '../policy.ts';
import { clusterVariance, UNGROUPED } from '../statistics/design-effect.ts';
import type { Interval } from '../statistics/interval.ts';
import { moverMean } from '../statistics/mover.ts';
import { tangoInterval } from '../statistics/tango.ts';
import { levelFor } from '../findings/wear.ts';
import { poolPastWindows } from '../evidence/windows.ts';
import type { ComparedWindow, Pool } from '../evidence/windows.ts';

/**
 * Passes when the lower bound of the mean, over past windows, of the paired difference is above -margin.
 * Every window has the same weight, however many examples it has: an old one is not outvoted by a large one.
 */
export function checkPastMean(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const pools = poolPastWindows(evidence, policy.minimum.window);
  if (pools.length === 0) return plainFinding('skip', 'there are no past windows yet');
  const samples = pools.map(({ windows }) => samplePairs(windows, policy));
  const { n } = addCounts(samples.map(({ counts }) => counts));
  if (n < policy.minimum.window) return holdForExamples(n, policy.minimum.window, 'past windows');
  const where = pools.length === 1 ? 'one past window' : `${pools.length} past windows`;
  const tooFew = samples
    .map((sample) => holdForGroups(sample, policy.minimum.groups, where))
    .find((hold) => hold !== null);
  if (tooFew !== undefined) return tooFew;

  const windows = pools.flatMap((pool) => pool.windows);
  const alpha = levelFor(windows, { alpha: policy.alpha, guarded: policy.guardWear });
  const spread = spreadOfShared(pools);
  const question = { where, line: -policy.margins.pastMean, alpha, minimum: 0 };
  const intervalAt = (factor: number, level: number): Interval =>
    widen(meanDifference(samples, factor, level), spread);
  return describeDifference(intervalAt(1, alpha), n, question, intervalAt);
}

function meanDifference(samples: readonly PairedSample[], factor: number, alpha: number): Interval {
  return moverMean(
    samples.map(({ counts, share }) => tangoInterval(scaleCounts(counts, factor * share), alpha)),
  );
}

/**
 * Groups that are in several windows tie the windows together: by how much the standard error of the mean is larger
 * than that of independent windows, at least 1.
 */
function spreadOfShared(pools: readonly Pool<ComparedWindow>[]): number {
  const parts = pools.map(({ windows }) => pairOutcomes(windows));
  if (parts.every(({ groups }) => groups === null)) return 1;
  const contributions = parts.map(({ outcomes }) => centred(outcomes));
  const ids = parts.map(({ outcomes, groups }) => groups ?? new Int32Array(outcomes.length).fill(UNGROUPED));
  const apart = ids.reduce(
    (sum, groups, i) => sum + clusterVariance(contributions[i] as Float64Array, groups).clustered,
    0,
  );
  const together = clusterVariance(
    concatenate(contributions),
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

function concatenate(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part]));
}

function widen({ estimate, lower, upper }: Interval, by: number): Interval {
  return { estimate, lower: estimate - by * (estimate - lower), upper: estimate + by * (upper - estimate) };
}
