/**
 * The examples that a model learns from or is watched by.
 */

/** Class ids, or the numbers to be predicted, [n]. */
export type Labels = Int32Array | Float32Array | Float64Array;

export interface TrainingSet {
  /** [n, inputSize] */
  readonly features: Float32Array;
  readonly labels: Labels;
  /** How much each example counts, [n]; once where absent. */
  readonly weights?: Float32Array;
  readonly teacher?: Teacher;
}

/** What another model answers, and how much agreeing with it counts. */
export interface Teacher {
  /** Distributions over the classes, or numbers, [n, outputSize]. */
  readonly outputs: Float32Array;
  /** [n] */
  readonly weights: Float32Array;
}

/** The validation examples of one window. */
export interface WatchedWindow {
  readonly id: string;
  /** False for the window that is learned for the first time. */
  readonly past: boolean;
  readonly set: TrainingSet;
}
