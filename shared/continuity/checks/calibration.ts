/**
 * Calibration: the candidate's probabilities are worth no less than the champion's.
 *
 * Log loss and the Brier score are judged, as proper scores: no miscalibration hides in them. The expected calibration
 * error is told beside them and not judged: its estimate is biased upwards by an amount that depends on the sample
 * (A. Kumar, P. Liang & T. Ma 2019, arXiv:1909.10155).
 */
import { gravestOf, plainFinding } from '../check-result.ts';
import type { CheckOutcome, Part } from '../check-result.ts';
import type { Evidence } from '../evidence.ts';
import { formatPoints } from '../format.ts';
import type { GatePolicy } from '../policy.ts';
import { brierScores, expectedCalibrationError, logLosses, reliabilityBins } from '../probabilities.ts';
import { judgeRise } from '../rise-finding.ts';
import type { RatioStatistic } from '../statistics/bootstrap.ts';
import { boundsOf, concatenate, sampleUnits } from '../unit-sample.ts';
import { comparedWindows } from '../windows.ts';
import type { ComparedWindow } from '../windows.ts';
import { absent } from './absent.ts';

type ScoredWindow = ComparedWindow & {
  readonly candidateProbabilities: Float32Array;
  readonly championProbabilities: Float32Array;
};

/**
 * Passes when the upper bound of the rise in mean log loss and in mean Brier score is within its margin, on the current
 * window and on all past ones together: paired bootstrap over examples, or over groups where there are groups.
 * Not settled, it holds the candidate only where the policy needs probabilities.
 */
export function checkCalibration(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const scored = comparedWindows(evidence).filter(isScored);
  if (scored.length === 0) return absent('probabilities', policy, 'no probabilities were supplied');
  const current = scored.filter(({ kind }) => kind === 'current');
  const past = scored.filter(({ kind }) => kind === 'past');
  const parts = [
    ...judgeWindows(current, 'current', policy.minimum.current, policy),
    ...judgeWindows(past, 'past', policy.minimum.window, policy),
  ];
  const outcome = unlessNeeded(gravestOf(parts, 'scores'), policy);
  const [before, after] = [calibrationError(current, 'champion'), calibrationError(current, 'candidate')];
  const errors = `calibration error ${formatPoints(before)} → ${formatPoints(after)} points`;
  return {
    ...outcome,
    n: scored.reduce((sum, { labels }) => sum + labels.length, 0),
    detail: `${outcome.detail}; ${errors}`,
  };
}

/**
 * A single confident mistake among some hundred examples leaves the mean of a score unsettled however good the
 * candidate is. So calibration rejects what it shows to be worse, and holds only where the policy needs it.
 */
function unlessNeeded(outcome: CheckOutcome, { needs }: GatePolicy): CheckOutcome {
  if (outcome.verdict !== 'hold' || needs.includes('probabilities')) return outcome;
  const { moreLabels: _moreLabels, ...finding } = outcome;
  return {
    ...finding,
    verdict: 'skip',
    detail: `${outcome.detail}; not settled, and the policy does not need it`,
  };
}

function isScored(window: ComparedWindow): window is ScoredWindow {
  return window.candidateProbabilities !== undefined && window.championProbabilities !== undefined;
}

/** [] when there are no such windows. */
function judgeWindows(
  windows: readonly ScoredWindow[],
  kind: string,
  minimum: number,
  policy: GatePolicy,
): Part[] {
  if (windows.length === 0) return [];
  const sample = sampleUnits(windows, policy, [
    concatenate(windows.map((window) => differences(window, logLosses))),
    concatenate(windows.map((window) => differences(window, brierScores))),
  ]);
  const [logLoss = null, brier = null] = boundsOf(sample, [meanOf(1), meanOf(2)], policy);
  const where = kind === 'current' ? `window ${windows[0]?.id}` : 'past windows';
  const { margins } = policy;
  const question = { unit: 'score', minimum } as const;
  return [
    {
      id: `log loss, ${kind}`,
      ...judgeRise(
        logLoss,
        sample,
        { ...question, where: `${where}, log loss`, margin: margins.logLoss },
        policy,
      ),
    },
    {
      id: `Brier score, ${kind}`,
      ...judgeRise(
        brier,
        sample,
        { ...question, where: `${where}, Brier score`, margin: margins.brier },
        policy,
      ),
    },
  ];
}

/** Mean over examples of a column of sums. */
function meanOf(column: number): RatioStatistic {
  return { numerator: column, denominator: 0, scale: 'identity' };
}

/** Candidate's score - champion's, per example, [n]; below 0 is better. */
function differences(
  { labels, candidateProbabilities, championProbabilities }: ScoredWindow,
  score: (labels: Int32Array, probabilities: Float32Array) => Float64Array,
): Float64Array {
  const before = score(labels, championProbabilities);
  return score(labels, candidateProbabilities).map((value, i) => value - (before[i] as number));
}

function calibrationError(windows: readonly ScoredWindow[], model: 'champion' | 'candidate'): number {
  const [window] = windows;
  if (window === undefined) return 0;
  const probabilities = model === 'champion' ? window.championProbabilities : window.candidateProbabilities;
  return expectedCalibrationError(reliabilityBins(window.labels, window[model], probabilities));
}
