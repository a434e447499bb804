/**
 * What a retraining run leaves behind: one JSON object, from which the terminal table and the HTML page are
 * rendered. Fields are added, never renamed or removed; a reader that needs more asks for the next format.
 */
import { continualMetrics } from './accuracy-matrix.ts';
import type { AccuracyMatrix, ContinualMetrics } from './accuracy-matrix.ts';
import type { Evidence } from './evidence.ts';
import type { Verdict } from './gate.ts';
import { accuracy, countPaired } from './metrics.ts';
import type { GatePolicy } from './policy.ts';
import { expectedCalibrationError, reliabilityBins } from './probabilities.ts';
import type { ReliabilityBin } from './probabilities.ts';
import { decisionsLeft, levelFor, LONGEST_LIFE } from './wear.ts';
import { comparedWindows, currentWindow } from './windows.ts';

/** Accuracies on the held-out examples of one window, fractions in [0, 1]. */
export interface WindowSummary {
  readonly id: string;
  readonly kind: 'past' | 'current';
  readonly fromMs: number;
  readonly toMs: number;
  readonly n: number;
  readonly candidate: number;
  /** null while there is no champion */
  readonly champion: number | null;
}

export interface TrainingSummary {
  readonly examples: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly seed: number;
  /** one row per epoch; validation is null where none was held out */
  readonly loss: readonly {
    readonly epoch: number;
    readonly training: number;
    readonly validation: number | null;
  }[];
}

export interface RunReport {
  readonly format: 'holdfast.run-report/1';
  readonly model: string;
  readonly run: string;
  readonly snapshot: string;
  /** ISO 8601, UTC */
  readonly createdAt: string;
  readonly champion: { readonly version: number; readonly digest: string } | null;
  /** version is null when the candidate was not published */
  readonly candidate: { readonly version: number | null; readonly digest: string };
  readonly policy: GatePolicy;
  readonly verdict: Verdict;
  readonly windows: readonly WindowSummary[];
  readonly training: TrainingSummary;
  /** what was done; a promotion can still fail after the verdict, when another one came first */
  readonly decision: { readonly promoted: boolean; readonly why: string };
  /** of the current window; left out where there were no probabilities */
  readonly reliability?: Reliability;
  /** every version on every window, with what is drawn from it */
  readonly matrix?: MatrixSummary;
  /** what reuse has left of each window */
  readonly wear?: readonly WindowWear[];
  /** flipped examples by id, as `data:image/…` URIs; only pictures */
  readonly pictures?: Readonly<Record<string, string>>;
}

/** Confidence against accuracy in 15 bins, and the expected calibration error. */
export interface Calibration {
  readonly bins: readonly ReliabilityBin[];
  readonly error: number;
}

export interface Reliability {
  readonly window: string;
  readonly candidate: Calibration;
  readonly champion: Calibration | null;
}

export interface MatrixSummary extends AccuracyMatrix {
  readonly metrics: ContinualMetrics;
}

export interface WindowWear {
  readonly id: string;
  /** decisions served before this one */
  readonly decisions: number;
  /** level at which it was judged this time */
  readonly level: number;
  /** further decisions until a candidate as good as the champion would be held; 3,650 for more than that */
  readonly left: number;
}

/** Accuracy of both models, window by window, in the order of the evidence. */
export function summarizeWindows({ windows }: Evidence): WindowSummary[] {
  return windows.map(({ id, kind, fromMs, toMs, labels, candidate, champion }) => ({
    id,
    kind,
    fromMs,
    toMs,
    n: labels.length,
    candidate: accuracy(labels, candidate),
    champion: champion === null ? null : accuracy(labels, champion),
  }));
}

/** Reliability of both models on the current window; null without probabilities. */
export function summarizeReliability(evidence: Evidence): Reliability | null {
  const { id, labels, candidate, champion, candidateProbabilities, championProbabilities } =
    currentWindow(evidence);
  if (candidateProbabilities === undefined) return null;
  const summarize = (answers: Int32Array, probabilities: Float32Array): Calibration => {
    const bins = reliabilityBins(labels, answers, probabilities);
    return { bins, error: expectedCalibrationError(bins) };
  };
  return {
    window: id,
    candidate: summarize(candidate, candidateProbabilities),
    champion:
      champion === null || championProbabilities === undefined
        ? null
        : summarize(champion, championProbabilities),
  };
}

export function summarizeMatrix(matrix: AccuracyMatrix): MatrixSummary {
  return { ...matrix, metrics: continualMetrics(matrix) };
}

/** What is left of each window, by the margin that is asked of it alone; [] without a champion. */
export function summarizeWear(evidence: Evidence, policy: GatePolicy): WindowWear[] {
  const { alpha, guardWear, margins } = policy;
  return comparedWindows(evidence).map(({ id, kind, labels, candidate, champion, decisions = 0 }) => {
    const margin = kind === 'current' ? margins.current : margins.worstWindow;
    const counts = countPaired(labels, candidate, champion);
    return {
      id,
      decisions,
      level: levelFor([{ decisions }], { alpha, guarded: guardWear }),
      left: guardWear ? decisionsLeft(counts, margin, alpha, decisions + 1) : LONGEST_LIFE,
    };
  });
}
