/**
 * What the gate judges: outputs of champion and candidate on the same held-out examples, window by window.
 * Plain data; how it was computed is not the gate's affair.
 */

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

export interface Evidence {
  /** class names; a class id is an index into them */
  readonly classes: readonly string[];
  /** in time order, the current one last */
  readonly windows: readonly WindowEvidence[];
  /** class id most frequent in the training data: the constant answer that a model has to beat */
  readonly majority: number;
  readonly candidate: CandidateFacts;
  readonly champion: { readonly version: number; readonly digest: string } | null;
}
