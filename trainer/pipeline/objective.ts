/**
 * What a head is trained to say, by its task: classes by cross-entropy, numbers by squared error in deviations from
 * their mean.
 */
import type { DenseLayer } from '../../shared/model/head.ts';
import type { TaskSpec } from '../../shared/model/task.ts';
import { fitTarget, fromTargetUnit, standardise, toTargetUnit } from './target-scale.ts';
import type { Loss, TrainingSet } from './train-head.ts';

/** Examples as they are stored: class ids or targets, [n]. */
export interface LabelledFeatures {
  /** [n, size] */
  readonly features: Float32Array;
  readonly labels: Float64Array;
}

export interface Objective {
  readonly loss: Loss;
  readonly learn: (examples: LabelledFeatures) => TrainingSet;
  /** A published head, ready to be trained further. */
  readonly resume: (layers: readonly DenseLayer[]) => readonly DenseLayer[];
  /** A trained head, ready to be published. */
  readonly finish: (layers: readonly DenseLayer[]) => readonly DenseLayer[];
}

/**
 * @param labels  of the training examples
 * @throws RunFailure when there is nothing to learn from
 */
export function objectiveOf(task: TaskSpec['task'], labels: Float64Array): Objective {
  if (task === 'classification') {
    return {
      loss: 'cross-entropy',
      learn: ({ features, labels }) => ({ features, labels: Int32Array.from(labels) }),
      resume: (layers) => layers,
      finish: (layers) => layers,
    };
  }
  const scale = fitTarget(labels);
  return {
    loss: 'squared-error',
    learn: ({ features, labels }) => ({ features, labels: standardise(labels, scale) }),
    resume: (layers) => fromTargetUnit(layers, scale),
    finish: (layers) => toTargetUnit(layers, scale),
  };
}
