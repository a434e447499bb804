/**
 * What the training loop needs of a model in training, whatever computes it: a dense stack on our kernels
 * (trainable-head.ts), or a whole model on TensorFlow.js.
 */
import type { Random } from '../../../shared/random.ts';

/** Where the loop writes a batch, row by row. Views of the model's memory: read them here again after every wait. */
export interface Batch {
  /** [capacity, inputSize] */
  readonly inputs: Float32Array;
  /** Distributions over the classes, or the numbers to be predicted, [capacity, outputSize]. */
  readonly targets: Float32Array;
  /** How much each row counts, [capacity]; 1 is once. */
  readonly weights: Float32Array;
  /** What the teacher answers, as `targets` are; read only where the model was made with a teacher. */
  readonly teacher: Float32Array;
  /** How much each row's agreement with the teacher counts, [capacity]. */
  readonly teacherWeights: Float32Array;
}

/**
 * Changes a batch in training before the model sees it: augmentation, noise, feature dropout, mixup. In place, the
 * first `rows` rows, with nothing random but what comes from `random`. Mixup mixes all five arrays.
 */
export type BatchHook = (batch: Batch, rows: number, random: Random) => void;

export interface StepOptions {
  readonly rate: number;
  /** Where dropout's masks come from. */
  readonly random: Random;
}

export interface Trainable {
  /** `classification`: cross-entropy of the softmax of the outputs. `regression`: squared error of the outputs. */
  readonly task: 'classification' | 'regression';
  readonly inputSize: number;
  readonly outputSize: number;
  /** The most rows a batch may have. */
  readonly capacity: number;
  readonly batch: Batch;
  /** What `step` and `evaluate` computed, before any softmax, [capacity, outputSize]: a view, as the batch's. */
  readonly outputs: Float32Array;

  /**
   * Learns from the first rows of the batch.
   *
   * @returns the loss before the step, weighted, summed over the rows; NaN or infinite where it left float32
   */
  step(rows: number, options: StepOptions): number;
  /** @returns the loss against `targets` alone, weighted, summed over the rows, as the model would serve */
  evaluate(rows: number): number;

  /**
   * All that the next step depends on: weights, the optimizer's moments, running statistics, the count of steps.
   *
   * @param into  of an earlier call and needed no more: it may be overwritten and given back, so that megabytes an epoch
   *              need not wait for the garbage collector
   */
  readState(into?: Uint8Array): Uint8Array;
  /** @throws RangeError where the bytes are of another model */
  writeState(state: Uint8Array): void;

  /**
   * What the model predicts by, in its own order: enough to keep the best, or to mix two states of one model.
   *
   * @param into  as of `readState`
   */
  readWeights(into?: Float32Array): Float32Array;
  /** The optimizer's moments stay as they are. @throws RangeError where the length is another model's */
  writeWeights(weights: Float32Array): void;

  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}
