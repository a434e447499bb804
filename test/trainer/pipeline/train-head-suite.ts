/**
 * What training a head must do wherever it runs: the same bits in Node and in workerd.
 */
import { expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/digest.ts';
import { createRandom } from '../../../shared/random.ts';
import { initialHead } from '../../../trainer/pipeline/head-layers.ts';
import { trainHead, type TrainingSet } from '../../../trainer/pipeline/train-head.ts';
import { blobSpec } from '../../support/tabular-model.ts';

/** Of the best epoch's weights and the recorded epochs, on every machine and in every runtime. */
const DIGEST = 'a4d107b580ccab1b7dadf5a93248b0999a30f028a31cf95d5b7b475f5199326c';

export function testTrainHead(kernels: WebAssembly.Module): void {
  test('a whole training, with dropout and early stopping, ends in the same bits everywhere', async () => {
    const random = createRandom(5);
    const spec = blobSpec('blobs', {
      head: [
        { units: 13, activation: 'tanh', dropout: 0.2 },
        { units: 6, activation: 'sigmoid', dropout: 0 },
      ],
    });
    const { layers, epochs, bestEpoch } = await trainHead(
      randomSet(90, 1),
      randomSet(30, 2),
      initialHead(spec, 4, random),
      {
        loss: 'cross-entropy',
        training: { ...spec.training, epochs: 40, batchSize: 16, learningRate: 0.02, patience: 3 },
        dropout: [0.2, 0],
        random,
        kernels,
      },
    );
    const weights = layers.map(({ kernel, bias }) => [[...kernel.data], [...bias.data]]);
    expect(epochs.length).toBeLessThan(40);
    expect(sha256Hex(JSON.stringify({ weights, epochs, bestEpoch }))).toBe(DIGEST);
  });
}

/** Labels that have nothing to do with the features: the validation loss soon rises. */
function randomSet(n: number, seed: number): TrainingSet {
  const random = createRandom(seed);
  return {
    features: Float32Array.from({ length: 4 * n }, () => random.uniform() * 2 - 1),
    labels: Int32Array.from({ length: n }, () => random.below(3)),
  };
}
