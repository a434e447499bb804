/**
 * What a retraining run leaves behind: one JSON object, from which the terminal table and the HTML page are
 * rendered. Fields are added, never renamed or removed; a reader that needs more asks for the next format.
 */
import { continualMetrics } from '../pipeline/judge/accuracy-matrix.ts';
import type { AccuracyMatrix, ContinualMetrics } from '../pipeline/judge/accuracy-matrix.ts';
import { meanAbsoluteError, rootMeanSquareError } from '../../shared/continuity/measures/errors.ts';
import { type AnyEvidence, isRegression } from '../../shared/continuity/evidence/evidence.ts';
import type {
  Evidence,
  RegressionWindow,
  WindowEvidence,
} from '../../shared/continuity/evidence/evidence.ts';
import type { Verdict } from '../../shared/continuity/gate.ts';
import { accuracy } from '../../shared/continuity/policy/metrics.ts';
import type { GatePolicy } from '../../shared/continuity/policy/policy.ts';
import { expectedCalibrationError, reliabilityBins } from '../../shared/continuity/policy/probabilities.ts';
import type { ReliabilityBin } from '../../shared/continuity/policy/probabilities.ts';
import { currentWindow } from '../../shared/continuity/evidence/windows.ts';

/**
 * Scores on the held-out examples of one window: accuracies, fractions in [0, 1]; of a regression mean absolute errors
 * in the target's unit.
 */
export interface WindowSummary {
  readonly id: string;
  readonly kind: 'past' | 'current';
  readonly fromMs: number;
  readonly toMs: number;
  readonly n: number;
  readonly candidate: number;
  /** null while there is no champion */
  readonly champion: number | null;
  /** root mean square errors, of a regression */
  readonly rmse?: { readonly candidate: number; readonly champion: number | null };
}

export interface TrainingSummary {
  readonly examples: number;
  /** how many there were to draw them from; left out where all were used */
  readonly of?: number;
  readonly epochs: number;
  /** the last epoch that the recipe allows was the best: more may be better */
  readonly unfinished?: true;
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
  /** what a regression predicts; left out for a classification */
  readonly target?: { readonly name: string; readonly unit?: string };
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
  /** where the run tried twice: the candidate before the one that this report is about */
  readonly firstAttempt?: FirstAttempt;
  /** what came in since, and who was judged by it; left out while there is no champion */
  readonly forward?: Forward;
  /** labels that neither trained nor judged, in order of time; left out where there were none */
  readonly apart?: readonly LabelsApart[];
  /** flipped (or worsened) examples by id, as `data:image/…` URIs; only pictures */
  readonly pictures?: Readonly<Record<string, string>>;
}

/** A version that stands beside the champion, on labels whose inputs came after it was trained. */
export interface ForwardContender {
  readonly version: number;
  readonly kind: 'challenger' | 'former champion';
  /** labels that both answered; how many only one of the two was right on (or answered better); the mean difference */
  readonly n: number;
  readonly gains: number;
  readonly losses: number;
  readonly mean: number;
  /** null for one that was dropped */
  readonly finding: 'better' | 'worse' | 'open' | null;
  /** evidence that it may serve, as a share of what decides, on the scale of logarithms; 1 decides */
  readonly progress: number | null;
  /** about so many more labels decide; null where they would not */
  readonly moreLabels: number | null;
  /** why it is out; null while it stands */
  readonly dropped: string | null;
}

export interface Forward {
  readonly champion: number;
  readonly contenders: readonly ForwardContender[];
  /** whether gains and losses are right answers or better ones */
  readonly wording: 'right' | 'better';
  /** of tonight's recipe; `progress` as a contender's */
  readonly trust: {
    readonly trusted: boolean;
    readonly change: 'earned' | 'lost' | null;
    readonly losses: number;
    readonly progress: number;
  };
}

/** A stretch of time whose labels are kept apart, of the inputs: `fromMs` inclusive, `toMs` exclusive. */
export interface LabelsApart {
  readonly fromMs: number;
  readonly toMs: number;
  readonly status: 'held' | 'discarded';
  readonly examples: number;
  /** one sentence for a person */
  readonly reason: string;
  /** ids of some of the examples */
  readonly sample: readonly string[];
}

/** A candidate that was refused or held for its flips alone, and never became a version. */
export interface FirstAttempt {
  readonly digest: string;
  readonly verdict: Verdict;
  readonly windows: readonly WindowSummary[];
  readonly training: TrainingSummary;
  /** what agreeing with the champion counted beside the labels, in the first training (0: nothing) and in the second */
  readonly distillation: { readonly first: number; readonly second: number };
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

/** Scores of both models, window by window, in the order of the evidence. */
export function summarizeWindows(evidence: AnyEvidence): WindowSummary[] {
  return isRegression(evidence)
    ? evidence.windows.map(summarizeErrors)
    : evidence.windows.map(summarizeAccuracies);
}

function summarizeAccuracies({ labels, candidate, champion, ...window }: WindowEvidence): WindowSummary {
  return {
    ...describeBounds(window),
    candidate: accuracy(labels, candidate),
    champion: champion === null ? null : accuracy(labels, champion),
  };
}

function summarizeErrors({ targets, candidate, champion, ...window }: RegressionWindow): WindowSummary {
  return {
    ...describeBounds(window),
    candidate: meanAbsoluteError(targets, candidate),
    champion: champion === null ? null : meanAbsoluteError(targets, champion),
    rmse: {
      candidate: rootMeanSquareError(targets, candidate),
      champion: champion === null ? null : rootMeanSquareError(targets, champion),
    },
  };
}

type Bounds = Pick<WindowEvidence, 'id' | 'kind' | 'fromMs' | 'toMs' | 'exampleIds'>;

function describeBounds({ id, kind, fromMs, toMs, exampleIds }: Bounds) {
  return { id, kind, fromMs, toMs, n: exampleIds.length };
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

/** The matrix with its measures: mean accuracy, backward and forward transfer. */
export function summarizeMatrix(matrix: AccuracyMatrix): MatrixSummary {
  return { ...matrix, metrics: continualMetrics(matrix) };
}
