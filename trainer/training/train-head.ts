/**
 * Training a head by its recipe, whole or a few epochs at a time.
 *
 * Everything random comes from seeded generators and everything numeric from the kernels' binary, so the same examples
 * and seed give the same weights in Node and in workerd, bit for bit.
 */
import type { DenseLayer } from '../../shared/model/head.ts';
import type { TrainingRecipe } from '../../shared/model/training.ts';
import { checkTrainable } from './check-set.ts';
import type { Course } from './course.ts';
import { interpolate } from './interpolate.ts';
import { beginTraining, type LoopData, type LoopOptions } from './loop.ts';
import type { Trainable } from './trainable.ts';
import { createTrainableHead } from './trainable-head.ts';

export interface HeadTrainingOptions extends LoopOptions {
  readonly training: TrainingRecipe;
  readonly task: Trainable['task'];
  /** Rates after each hidden layer, [layers - 1]. */
  readonly dropout: readonly number[];
  /** `kernels.wasm`, compiled. */
  readonly kernels: WebAssembly.Module;
}

export interface TrainedHead {
  /** The best epoch's, or what interpolation made of them. */
  readonly layers: readonly DenseLayer[];
  readonly course: Course;
  /** The candidate's part in the layers; below 1 the champion has the rest. */
  readonly part: number;
}

export interface HeadTraining {
  /** @returns whether the training is over, after at most so many epochs more */
  run(epochs: number): Promise<boolean>;
  /** All that the rest of the training depends on, beside what it was opened with. */
  checkpoint(): Uint8Array<ArrayBuffer>;
  finish(): TrainedHead;
  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}

/** Rows that are scored at once, at least. */
const SCORING_ROWS = 256;

/**
 * @param initial  the layers to start from, the champion's or fresh ones; they are not changed
 * @param from     a checkpoint of the same training, to go on from there
 * @throws RunFailure when there is nothing to learn from, and when the head does not fit the examples
 */
export function openHeadTraining(
  data: LoopData,
  initial: readonly DenseLayer[],
  options: HeadTrainingOptions,
  from?: Uint8Array,
): HeadTraining {
  const { training, task, dropout, kernels, fromChampion } = options;
  checkTrainable(data.train, initial, task);
  const model = createTrainableHead(kernels, initial, {
    task,
    dropout,
    capacity: Math.max(training.batchSize, SCORING_ROWS),
    teacher: data.train.teacher ? training.distillation : null,
    anchor: fromChampion ? training.anchor : 0,
  });
  const champion = fromChampion && training.interpolation === 'validation' ? model.readWeights() : null;
  const loop = beginTraining(model, data, options, from);
  return {
    run: (epochs) => loop.run(epochs),
    checkpoint: () => loop.checkpoint(),
    finish: () => {
      loop.restoreBest();
      const course = loop.course();
      const part =
        champion && course.reference && data.watched.length > 0
          ? interpolate(model, champion, data.watched, course.reference, training.stopOn)
          : 1;
      return { layers: model.layers(), course, part };
    },
    release: () => model.release(),
  };
}

/** From the first epoch to the last. */
export async function trainHead(
  data: LoopData,
  initial: readonly DenseLayer[],
  options: HeadTrainingOptions,
): Promise<TrainedHead> {
  const training = openHeadTraining(data, initial, options);
  try {
    await training.run(options.training.epochs);
    return training.finish();
  } finally {
    training.release();
  }
}
