/**
 * What training a head must do wherever it runs: the same bits in Node and in workerd.
 */
import { expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/digest.ts';
import { tensorsOf } from '../../../trainer/model/head.ts';
import { applyTemperature } from '../../../trainer/kernels/temperature.ts';
import { trainingSchema } from '../../../shared/model/spec/training.ts';
import { createRandom } from '../../../shared/random.ts';
import { initialHead } from '../../../trainer/model/head-layers.ts';
import { teach } from '../../../trainer/training/distillation.ts';
import {
  type HeadTrainingOptions,
  openHeadTraining,
  trainHead,
} from '../../../trainer/training/train-head.ts';
import type { Dataset } from '../../../trainer/training/dataset.ts';
import type { Checkpoint } from '../../../trainer/training/checkpoint.ts';
import { forEpochs } from '../../../trainer/training/training-budget.ts';
import { keepCheckpoint } from './keep-checkpoint.ts';
import { blobSpec } from '../../support/tabular-model.ts';
import type { TrainedHead } from '../../../trainer/training/head-training.ts';

/** Of the best epoch's weights and the recorded epochs, on every machine and in every runtime. */
const DIGEST = 'cab993b0c2740de83695de48eab0c353e29ffbd071d3cf92186c01fb4646fd8e';

export function testTrainHead(kernels: WebAssembly.Module): void {
  const spec = blobSpec('blobs', {
    head: [
      { units: 13, activation: 'tanh', dropout: 0.2, normalization: 'none' },
      { units: 6, activation: 'sigmoid', dropout: 0, normalization: 'batch' },
    ],
    training: trainingSchema.parse({
      epochs: 40,
      batchSize: 16,
      learningRate: 0.02,
      warmup: 0.5,
      schedule: 'cosine',
      patience: 3,
      stopOn: 'worst',
      distillation: { kind: 'focal', weight: 1, temperature: 2, base: 1, right: 5 },
      anchor: 0.1,
      interpolation: 'validation',
    }),
  });
  const options: HeadTrainingOptions = {
    training: spec.training,
    task: 'classification',
    seed: 5,
    dropout: [0.2, 0],
    fromChampion: true,
    kernels,
  };
  const initial = initialHead(spec, 4, createRandom(5));
  const learnt = randomSet(90, 1);
  const answers = applyTemperature(kernels, randomSet(90, 3).features.subarray(0, 270).map(Math.abs), 3, 1);
  const data = {
    train: {
      ...learnt,
      teacher: teach(kernels, answers, learnt.labels, spec.training.distillation, 'classification'),
    },
    watched: [
      { id: 'old', past: true, set: randomSet(30, 2) },
      { id: 'new', past: false, set: randomSet(20, 4) },
    ],
  };
  const digestOf = ({ layers, course, part }: TrainedHead): string => {
    const weights = layers.map((layer) => tensorsOf(layer).map(({ data: numbers }) => [...numbers]));
    return sha256Hex(JSON.stringify({ weights, course, part }));
  };

  test('a whole training, with all that a recipe can ask for, ends in the same bits everywhere', async () => {
    const trained = await trainHead(data, initial, options);
    expect(trained.course.epochs.length).toBeLessThan(40);
    expect(digestOf(trained)).toBe(DIGEST);
  });

  test('a training that is left after every epoch ends in the same bits as one that is not', async () => {
    let checkpoint: Checkpoint | undefined;
    for (let over = false; !over;) {
      const training = await openHeadTraining(data, initial, options, checkpoint);
      over = await training.run(forEpochs(1));
      checkpoint = await keepCheckpoint(training.checkpoint());
      training.release();
    }
    const last = await openHeadTraining(data, initial, options, checkpoint);
    expect(await last.run(forEpochs(5))).toBe(true);
    expect(digestOf(last.finish())).toBe(DIGEST);
    last.release();
  });
}

/** Labels that have nothing to do with the features: the validation loss soon rises. */
function randomSet(n: number, seed: number): Dataset & { readonly labels: Int32Array } {
  const random = createRandom(seed);
  return {
    features: Float32Array.from({ length: 4 * n }, () => random.uniform() * 2 - 1),
    labels: Int32Array.from({ length: n }, () => random.below(3)),
  };
}
