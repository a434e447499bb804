/**
 * What the gate judges: outputs of champion and candidate on the same held-out examples, window by window.
 * Plain data; how it was computed is not the gate's affair. Fields that may be left out say what their absence does:
 * the check that needs them is skipped, or, where the policy asks for it by name, holds.
 */

/** Optional parts of the evidence, as a policy names them. */
export const EVIDENCE_PARTS = [
  'probabilities',
  'previous',
  'splits',
  'edge',
  'selfTests',
  'reportedFlips',
] as const;
export type EvidencePart = (typeof EVIDENCE_PARTS)[number];

export interface WindowEvidence {
  readonly id: string;
  readonly kind: 'past' | 'current';
  readonly fromMs: number;
  readonly toMs: number;
  /** [n], to name the examples that flipped */
  readonly exampleIds: readonly string[];
  /** true class ids, [n] */
  readonly labels: Int32Array;
  /** class ids predicted by the candidate, [n] */
  readonly candidate: Int32Array;
  /** class ids predicted by the champion, [n]; null while there is none */
  readonly champion: Int32Array | null;
  /** probabilities, [n, classes] row by row; given for the candidate in every window, in the current one alone, or in none */
  readonly candidateProbabilities?: Float32Array;
  /** the same of the champion; given with the candidate's, wherever there is a champion */
  readonly championProbabilities?: Float32Array;
  /** group ids, [n], the same id for the same user or device in every window; -1 for an example on its own */
  readonly groups?: Int32Array;
  /** the same id for the same input, in every window, [n]; left out where all differ */
  readonly contents?: Int32Array;
  /** examples are in order of time, so that neighbours may hang together */
  readonly inTimeOrder?: true;
  /** value ids of each declared feature, [features][n], in the order of `Evidence.features`; -1 for none */
  readonly features?: readonly Int32Array[];
  /**
   * class id of the last label that was known when the example's answer was wanted (of the same group where there are
   * groups), [n]; -1 where none was
   */
  readonly previousLabels?: Int32Array;
}

/** What was found out about the candidate's files before any example was judged. */
export interface CandidateFacts {
  readonly digest: string;
  /** every weight is a finite number */
  readonly finite: boolean;
  /** the stored files, read back, give the same outputs */
  readonly reproduces: boolean;
  /** the exported model gives the same outputs within the tolerance */
  readonly exportAgrees: boolean;
  /** largest absolute difference of an output between the exported model and the edge plan */
  readonly exportDifference: number;
  /** examples it was trained on */
  readonly trainedOn: number;
}

/** A feature by whose values the holdout is sliced. */
export interface SlicedFeature {
  readonly name: string;
  /** its values by name; a value id is an index into them */
  readonly values: readonly string[];
}

/** What serving costs, measured on the edge plans in the runtime that serves. */
export interface EdgeFacts {
  /** size of the version's files */
  readonly candidateBytes: number;
  readonly championBytes: number | null;
  /** memory of an isolate that has answered with the candidate */
  readonly memoryBytes: number;
  /** milliseconds of one prediction, measured in turns, the same number for both; null champion while there is none */
  readonly candidateMs: Float64Array;
  readonly championMs: Float64Array | null;
}

/** Instead of scores: the candidate was trained by the champion's recipe, so there is nothing to compare. */
export const SAME_RECIPE = 'same recipe';

/** Scores of both recipes on the same random splits of the training examples. Accuracies; errors for regression. */
export interface SplitScores {
  /** examples trained on and tested on, in each split */
  readonly trained: number;
  readonly tested: number;
  readonly candidate: { readonly train: Float64Array; readonly test: Float64Array };
  readonly champion: { readonly train: Float64Array; readonly test: Float64Array };
}

/** A test of the judging itself, run by whoever made the evidence. */
export interface SelfTestOutcome {
  readonly id: string;
  readonly passed: boolean;
  /** one sentence: what was expected, what came */
  readonly detail: string;
}

/** Held-out examples that users reported as turned wrong by an earlier promotion. */
export interface ReportedFlips {
  readonly exampleIds: readonly string[];
  readonly labels: Int32Array;
  readonly candidate: Int32Array;
  /** the champion's answers: one that is still wrong can't turn wrong again; all are judged when left out */
  readonly champion?: Int32Array;
  /** the windows that the examples are in */
  readonly windows?: readonly string[];
}

/** What classification and regression have in common. */
export interface CommonEvidence {
  readonly candidate: CandidateFacts;
  /** `classes`: how many of the labels it can answer, the first ones; all when left out */
  readonly champion: {
    readonly version: number;
    readonly digest: string;
    readonly classes?: number;
  } | null;
  /** features to slice by, as the policy names them; none when left out */
  readonly features?: readonly SlicedFeature[];
  readonly edge?: EdgeFacts;
  readonly splits?: SplitScores | typeof SAME_RECIPE;
  readonly selfTests?: readonly SelfTestOutcome[];
  /**
   * level of what a promotion must show, in [0, 0.5): the current window's, and a first version's over the baselines; the
   * policy's alpha when left out
   */
  readonly level?: number;
  /** parts that should be there and broke or were left out, each with the reason: they hold, by name */
  readonly missing?: Readonly<Partial<Record<EvidencePart, string>>>;
  /** parts that there will never be, with the reason: they are told and weigh nothing, unless the policy needs them */
  readonly beyond?: Readonly<Partial<Record<EvidencePart, string>>>;
}

export interface Evidence extends CommonEvidence {
  /** class names; a class id is an index into them */
  readonly classes: readonly string[];
  /** in time order, the current one last */
  readonly windows: readonly WindowEvidence[];
  /** class id most frequent in the training data: the constant answer that a model has to beat */
  readonly majority: number;
  readonly reportedFlips?: ReportedFlips;
}

export interface RegressionWindow {
  readonly id: string;
  readonly kind: 'past' | 'current';
  readonly fromMs: number;
  readonly toMs: number;
  /** [n] */
  readonly exampleIds: readonly string[];
  /** true values, [n], in the unit of the target */
  readonly targets: Float64Array;
  /** predicted values, [n] */
  readonly candidate: Float64Array;
  readonly champion: Float64Array | null;
  readonly groups?: Int32Array;
  readonly contents?: Int32Array;
  readonly inTimeOrder?: true;
  readonly features?: readonly Int32Array[];
  /** the last target that was known when the example's answer was wanted, [n]; NaN where none was */
  readonly previousTargets?: Float64Array;
}

/** Evidence on a model that predicts a number. */
export interface RegressionEvidence extends CommonEvidence {
  readonly task: 'regression';
  /** in time order, the current one last */
  readonly windows: readonly RegressionWindow[];
  /** mean target of the training data: the constant answer that a model has to beat */
  readonly mean: number;
}

/** On a model of either task. */
export type AnyEvidence = Evidence | RegressionEvidence;

/** Whether the evidence is of a model that predicts a number; a classification's has no `task`. */
export function isRegression(evidence: AnyEvidence): evidence is RegressionEvidence {
  return 'task' in evidence;
}
