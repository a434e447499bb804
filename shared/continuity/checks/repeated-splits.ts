/**
 * Repeated splits: the candidate's recipe against the champion's, trained anew on the same random splits. Tells a better
 * recipe from a lucky training run. Corrected resampled t: Nadeau & Bengio 2003, Machine Learning 52:239.
 */
import { holdBroken, judgeInterval, notAsked, refuseOnly, unanswerable } from '../findings/check-result.ts';
import type { CheckOutcome, Finding } from '../findings/check-result.ts';
import { SAME_RECIPE } from '../evidence/evidence.ts';
import type { CommonEvidence, SplitScores } from '../evidence/evidence.ts';
import { formatConfidence, formatMeasure } from '../findings/format.ts';
import { MIN_SPLITS } from '../policy/policy.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { correctedResampledT } from '../statistics/resampled-t.ts';
import { absent } from './absent.ts';

/** Fails when the upper bound of the mean difference in test accuracy is below -margin. */
export function checkRepeatedSplits(evidence: CommonEvidence, policy: GatePolicy): CheckOutcome {
  return judgeScores(evidence, policy, {
    gain: (candidate, champion) => candidate - champion,
    resolution: (tested) => 1 / tested,
  });
}

/** The same for errors, where less is better: the mean fall relative to the champion's, test error by test error. */
export function checkRepeatedErrors(evidence: CommonEvidence, policy: GatePolicy): CheckOutcome {
  return judgeScores(evidence, policy, {
    gain: (candidate, champion) => (champion - candidate) / champion,
    resolution: () => 0,
  });
}

interface Scoring {
  readonly gain: (candidate: number, champion: number) => number;
  /** smallest step of a score on so many examples */
  readonly resolution: (tested: number) => number;
}

function judgeScores(
  evidence: CommonEvidence,
  policy: GatePolicy,
  { gain, resolution }: Scoring,
): CheckOutcome {
  const { champion, splits } = evidence;
  if (champion === null) return notAsked('there is no champion to compare with');
  if (splits === undefined)
    return absent('splits', evidence, policy, 'the recipes were not trained on repeated splits');
  if (splits === SAME_RECIPE)
    return notAsked("the candidate was trained by the champion's recipe: nothing to compare");
  const gains = splits.candidate.test.map((score, i) => gain(score, splits.champion.test[i] as number));
  if (gains.length < MIN_SPLITS) {
    return holdBroken(`${gains.length} of the ${MIN_SPLITS} splits needed for a judgement`);
  }
  return judgeSplits(splits, [...gains], resolution(splits.tested), policy);
}

function judgeSplits(
  { trained, tested }: SplitScores,
  gains: readonly number[],
  resolution: number,
  { alpha, margins }: GatePolicy,
): Finding {
  const interval = correctedResampledT(gains, { testToTrain: tested / trained, resolution }, alpha);
  const margin = -margins.splits;
  const where = `${gains.length} splits`;
  if (!(interval.upper > interval.lower)) {
    return unanswerable(`${where}: no spread between them, so that no bound can be drawn`);
  }
  const verdict = judgeInterval(interval, margin, 'above');
  const bound = verdict === 'fail' ? 'upper' : 'lower';
  const show = (value: number): string => formatMeasure(value, 'points');
  const detail = `${where}: ${show(interval.estimate)} points, ${formatConfidence(alpha)} ${bound} bound ${show(interval[bound])}, margin ${show(margin)}`;
  return refuseOnly({ ...interval, margin, passes: 'above', n: trained + tested, verdict, detail });
}
