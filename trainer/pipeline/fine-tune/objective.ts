/**
 * What a head is trained to say, by its task: classes as they are, numbers in deviations from their mean.
 */
import type { DenseLayer } from '../../model/head.ts';
import type { TaskSpec } from '../../../shared/model/spec/task.ts';
import { suppressClasses, restoreClasses } from '../../model/absent-classes.ts';
import { fitTarget, fromTargetUnit, standardise, type TargetScale, toTargetUnit } from './target-scale.ts';

export interface Objective {
  /** Class ids or targets as they are learned, [n]. */
  readonly encode: (labels: Float64Array) => Int32Array | Float32Array;
  /** Another head's answers as they are learned from. */
  readonly encodeAnswers: (answers: Float32Array) => Float32Array;
  /**
   * A published head, ready to be trained further.
   *
   * @param width  how many outputs it is to have: of classes as many as there are labels now
   */
  readonly resume: (layers: readonly DenseLayer[], width: number) => readonly DenseLayer[];
  /** A trained head, ready to be published. */
  readonly finish: (layers: readonly DenseLayer[]) => readonly DenseLayer[];
}

/** @param absent  class ids without any example to learn from */
function classesWithout(absent: readonly number[]): Objective {
  return {
    encode: (labels) => Int32Array.from(labels),
    encodeAnswers: (answers) => answers,
    resume: restoreClasses,
    finish: (layers) => suppressClasses(layers, absent),
  };
}

/**
 * @param labels  of the training examples
 * @throws RunFailure when there are no targets, or they do not vary enough to be learnt
 */
export function objectiveOf({ task }: Pick<TaskSpec, 'task'>, labels: Float64Array): Objective {
  return objectiveBy(task === 'classification' ? null : fitTarget(labels));
}

/**
 * @param scale   of the targets; null where classes are learned
 * @param absent  class ids without any example to learn from
 */
export function objectiveBy(scale: TargetScale | null, absent: readonly number[] = []): Objective {
  if (scale === null) return classesWithout(absent);
  return {
    encode: (targets) => standardise(targets, scale),
    encodeAnswers: (answers) => standardise(answers, scale),
    resume: (layers) => fromTargetUnit(layers, scale),
    finish: (layers) => toTargetUnit(layers, scale),
  };
}
