/**
 * Training a head by its recipe, whole or a few epochs at a time.
 *
 * Everything random comes from seeded generators and everything numeric from the kernels' binary, so the same examples
 * and seed give the same weights in Node and in workerd, bit for bit.
 */
import type { DenseLayer } from '../model/head.ts';
import { WorkspaceFull } from '../kernels/workspace.ts';
import { sizeOf } from '../../shared/model/plan/tensor.ts';
import type { TrainingRecipe } from '../../shared/model/spec/training.ts';
import { type ModelLayers, shapeRead, type Trunk } from '../model/trunk.ts';
import { checkTrainable } from './check-dataset.ts';
import type { Checkpoint } from './checkpoint.ts';
import { beginTraining, type LoopData, type LoopOptions } from './loop.ts';
import { UNLIMITED } from './training-budget.ts';
import type { Tensorflow } from './models/tensorflow.ts';
import { openTwoPhases } from './two-phases.ts';
import type { Trainable } from './models/trainable.ts';
import { isTaught } from './dataset.ts';
import { createTrainableHead, type HeadOptions } from './models/trainable-head.ts';
import { createTrainableLayers } from './models/trainable-layers.ts';
import { RunFailure } from '../run-failure.ts';
import type { HeadTraining, TrainedHead } from './head-training.ts';

export interface HeadTrainingOptions extends LoopOptions {
  readonly training: TrainingRecipe;
  readonly task: Trainable['task'];
  /** Rates after each hidden layer, [layers - 1]. */
  readonly dropout: readonly number[];
  /** `kernels.wasm`, compiled. */
  readonly kernels: WebAssembly.Module;
  /** What is trained with the head; a head by itself where absent. */
  readonly trunk?: TrunkTraining;
  readonly first?: FirstPhase;
}

export interface TrunkTraining {
  /** The layers and weights to start from; they are not changed. */
  readonly initial: Trunk;
  /** As `startTensorflow` gives it. */
  readonly tf: Tensorflow;
  /**
   * Whether it is the end of a pretrained base: then it is trained as `training.unfreeze` says, and its normalisations
   * keep their running statistics.
   */
  readonly unfrozen: boolean;
}

/** Training the head by itself before an unfrozen trunk with it. */
export interface FirstPhase {
  /** The same examples, as the frozen trunk shows them to the head. */
  readonly data: LoopData;
}

/** Rows that are scored at once, at least. */
const SCORING_ROWS = 256;
/** The same for a whole model, whose activations take more room. */
const WHOLE_SCORING_ROWS = 32;

/**
 * @param initial  the layers to start from, the champion's or fresh ones; they are not changed
 * @param from     a checkpoint of the same training, to go on from there
 * @throws RunFailure when there is nothing to learn from, and when the head does not fit the examples
 */
export function openHeadTraining(
  data: LoopData,
  initial: readonly DenseLayer[],
  options: HeadTrainingOptions,
  from?: Checkpoint,
): Promise<HeadTraining> {
  const { trunk, first, ...head } = options;
  const second = { ...head, ...(trunk && { trunk }) };
  if (first === undefined) return openPhase(data, initial, second, from);
  const { onEpoch, onTurn } = options;
  return openTwoPhases(
    {
      first: (checkpoint) => openPhase(first.data, initial, head, checkpoint),
      second: (trained, callbacks, checkpoint) =>
        openPhase(
          data,
          trained,
          { ...second, fromChampion: false, keepsStart: true, ...callbacks },
          checkpoint,
        ),
      callbacks: { ...(onEpoch && { onEpoch }), ...(onTurn && { onTurn }) },
    },
    from,
  );
}

async function openPhase(
  data: LoopData,
  initial: readonly DenseLayer[],
  given: HeadTrainingOptions,
  from: Checkpoint | undefined,
): Promise<HeadTraining> {
  const options = given.trunk?.unfrozen ? { ...given, training: unfrozenRecipe(given.training) } : given;
  const model = whereItFits(() => createTrainable(data, initial, options));
  try {
    const loop = await beginTraining(model, data, options, from);
    return {
      run: (budget) => loop.run(budget),
      course: () => loop.history(),
      checkpoint: () => loop.checkpoint(),
      finish: () => {
        const part = loop.settle();
        const { head, trunk } = model.whole();
        return { layers: head, trunk, course: loop.history(), part };
      },
      release: () => model.release(),
    };
  } catch (error) {
    model.release();
    throw error;
  }
}

/** What can't fit however often it is tried fails by name. */
function whereItFits<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof WorkspaceFull && error.always)) throw error;
    throw new RunFailure(`${error.message}: fewer units in the head, or a base with fewer features`);
  }
}

/** Of all phases. */
export function mostEpochs({ training, trunk, first }: HeadTrainingOptions): number {
  if (!trunk?.unfrozen) return training.epochs;
  return unfrozenRecipe(training).epochs + (first === undefined ? 0 : training.epochs);
}

/** The recipe by which the end of a base is trained. */
function unfrozenRecipe(training: TrainingRecipe): TrainingRecipe {
  const { unfreeze } = training;
  if (unfreeze === undefined) return training;
  const { epochs, rateFactor } = unfreeze;
  return { ...training, epochs, learningRate: training.learningRate * rateFactor };
}

/** What the loop trains, and what comes of it. */
export interface TrainableModel extends Trainable {
  whole(): ModelLayers;
}

/** The model as a training opens it. Parameters and errors as of `openHeadTraining`. */
export function createTrainable(
  data: Pick<LoopData, 'train'>,
  initial: readonly DenseLayer[],
  { training, task, dropout, kernels, trunk, fromChampion }: HeadTrainingOptions,
): TrainableModel {
  const inputs = trunk ? sizeOf(shapeRead(trunk.initial)) : (initial[0]?.kernel.shape[0] ?? 0);
  checkTrainable(data.train, inputs, initial, task);
  const rows = trunk ? WHOLE_SCORING_ROWS : SCORING_ROWS;
  const options: HeadOptions = {
    task,
    dropout,
    capacity: Math.max(training.batchSize, rows),
    teacher: isTaught(data.train) ? training.distillation : null,
    anchor: fromChampion ? training.anchor : 0,
  };
  if (!trunk) return createTrainableHead(kernels, initial, options);
  const { tf, unfrozen } = trunk;
  return createTrainableLayers(
    tf,
    kernels,
    { trunk: trunk.initial, head: initial },
    { ...options, keepsStatistics: unfrozen },
  );
}

/** From the first epoch to the last. */
export async function trainHead(
  data: LoopData,
  initial: readonly DenseLayer[],
  options: HeadTrainingOptions,
): Promise<TrainedHead> {
  const training = await openHeadTraining(data, initial, options);
  try {
    while (!(await training.run(UNLIMITED)));
    return training.finish();
  } finally {
    training.release();
  }
}
