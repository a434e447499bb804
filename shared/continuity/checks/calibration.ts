/**
 * Calibration: the candidate's probabilities are worth no less than the champion's.
 *
 * Log loss and the Brier score are judged, as proper scores: no miscalibration hides in them. The expected calibration
 * error is told beside them and not judged: its estimate is biased upwards by an amount that depends on the sample
 * (A. Kumar, P. Liang & T. Ma 2019, arXiv:1909.10155).
 *
 * Both scores' means are carried by a few confident mistakes, so their bounds are those of a bounded mean.
 */
import { gravestOf, notAsked, refuseOnly, unanswerable } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { formatCount, formatPoints } from '../findings/format.ts';
import { tellLabels } from '../findings/paired-finding.ts';
import type { GatePolicy } from '../policy/policy.ts';
import {
  brierScores,
  expectedCalibrationError,
  LARGEST_BRIER,
  LARGEST_LOG_LOSS,
  logLosses,
  reliabilityBins,
} from '../policy/probabilities.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import { boundedMean } from '../statistics/bounded-mean.ts';
import type { Interval } from '../statistics/interval.ts';
import { joinDoubles } from '../../bytes.ts';
import { sumByGroup } from '../measures/unit-sample.ts';
import type { GroupedSums } from '../measures/unit-sample.ts';
import { comparedWindows } from '../evidence/windows.ts';
import type { ComparedWindow } from '../evidence/windows.ts';
import { absent } from './absent.ts';

type ScoredWindow = ComparedWindow & {
  readonly candidateProbabilities: Float32Array;
  readonly championProbabilities: Float32Array;
};

interface Score {
  readonly name: string;
  readonly margin: 'logLoss' | 'brier';
  readonly of: (labels: Int32Array, probabilities: Float32Array) => Float64Array;
  /** beyond it nothing is worse: the bound needs a range */
  readonly most: number;
}

const SCORES: readonly Score[] = [
  { name: 'log loss', margin: 'logLoss', of: logLosses, most: LARGEST_LOG_LOSS },
  { name: 'Brier score', margin: 'brier', of: brierScores, most: LARGEST_BRIER },
];

/**
 * Fails when the lower bound of the rise in mean log loss or in mean Brier score on the current window is above its
 * margin: Gaffke's bound over examples, or over groups where there are groups. Where the policy needs probabilities it
 * also holds what is not settled. The rise on all past windows together is told: what a candidate loses there the exchange
 * prices.
 */
export function checkCalibration(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return notAsked('there is no champion to compare with');
  const scored = comparedWindows(evidence).filter(isScored);
  if (scored.length === 0) return absent('probabilities', evidence, policy, 'no probabilities were supplied');
  const current = scored.filter(({ kind }) => kind === 'current');
  const past = scored.filter(({ kind }) => kind === 'past');
  const parts = [
    ...judgeWindows(current, 'current', policy).map((part) => unlessNeeded(part, policy)),
    ...judgeWindows(past, 'past', policy).map(tellOnly),
  ];
  const outcome = gravestOf(parts, 'scores');
  const [before, after] = [calibrationError(current, 'champion'), calibrationError(current, 'candidate')];
  const errors = `calibration error ${formatPoints(before)} → ${formatPoints(after)} points`;
  return {
    ...outcome,
    n: scored.reduce((sum, { labels }) => sum + labels.length, 0),
    detail: `${outcome.detail}; ${errors}`,
  };
}

function isScored(window: ComparedWindow): window is ScoredWindow {
  return window.candidateProbabilities !== undefined && window.championProbabilities !== undefined;
}

/** [] when there are no such windows. */
function judgeWindows(windows: readonly ScoredWindow[], kind: string, policy: GatePolicy): Part[] {
  if (windows.length === 0) return [];
  const subject = kind === 'current' ? `window ${windows[0]?.id}` : 'past windows';
  return SCORES.map((score) => {
    const rises = joinDoubles(windows.map((window) => differences(window, score)));
    const sample = sumByGroup(windows, policy, rises);
    const boundsAt = (growth: number, alpha: number): Interval =>
      boundedMean(sample, { least: -score.most, most: score.most }, alpha, growth * sample.share);
    const where = `${subject}, ${score.name}`;
    const question = { where, margin: policy.margins[score.margin], unit: 'score' } as const;
    const finding = judgeRise(boundsAt(1, sample.alpha), sample, question, policy, boundsAt);
    return { id: `${score.name}, ${kind}`, ...unlessSmall(finding, sample, policy) };
  });
}

/**
 * No bound on a mean with a range settles much below some hundred units, however good the candidate is: one confident
 * mistake that was not seen would be enough. Such a sample rejects what it shows to be worse, and holds nobody back.
 */
function unlessSmall(finding: Finding, { worth, groups }: GroupedSums, { minimum }: GatePolicy): Finding {
  if (finding.verdict !== 'hold' || worth >= minimum.calibration) return finding;
  const units = groups === null ? 'examples' : 'groups';
  const reason = `not settled, and ${formatCount(Math.floor(worth))} of the ${formatCount(minimum.calibration)} ${units} that could hold a candidate back`;
  return unanswerable({ ...finding, detail: `${finding.detail}; ${reason}` });
}

/** What is not settled holds only where the owner asked for probabilities, and labels that come in will settle it. */
function unlessNeeded(part: Part, { needs }: GatePolicy): Part {
  return needs.includes('probabilities') ? tell(part) : { ...refuseOnly(part), id: part.id };
}

function tell(part: Part): Part {
  const { moreLabels } = part;
  const where = 'what comes in';
  const told = tellLabels(
    moreLabels === undefined ? part : { ...part, moreLabels: { ...moreLabels, where } },
  );
  return { ...told, id: part.id };
}

/** A rise on the past that is shown is told, and priced with what the candidate loses there. */
function tellOnly(part: Part): Part {
  return part.verdict === 'pass' ? part : { ...unanswerable(part), id: part.id };
}

/** Candidate's score - champion's, per example, [n]; below 0 is better. */
function differences(
  { labels, candidateProbabilities, championProbabilities }: ScoredWindow,
  { of, most }: Score,
): Float64Array {
  const before = of(labels, championProbabilities);
  return of(labels, candidateProbabilities).map(
    (value, i) => Math.min(value, most) - Math.min(before[i] as number, most),
  );
}

function calibrationError(windows: readonly ScoredWindow[], model: 'champion' | 'candidate'): number {
  const [window] = windows;
  if (window === undefined) return 0;
  const probabilities = model === 'champion' ? window.championProbabilities : window.candidateProbabilities;
  return expectedCalibrationError(reliabilityBins(window.labels, window[model], probabilities));
}
