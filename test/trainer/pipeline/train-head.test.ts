import { describe, expect, test } from 'vitest';
import type { DenseLayer } from '../../../shared/model/head.ts';
import { loadKernelModule } from '../../../shared/model/kernels/kernels-node.ts';
import { idleBytes } from '../../../shared/model/kernels/workspace.ts';
import { createRandom } from '../../../shared/random.ts';
import { initialHead } from '../../../trainer/pipeline/head-layers.ts';
import { trainHead, type TrainingOptions, type TrainingSet } from '../../../trainer/pipeline/train-head.ts';
import { blobSpec } from '../../support/tabular-model.ts';
import { adamReference } from './adam-reference.ts';
import { testTrainHead } from './train-head-suite.ts';

const kernels = await loadKernelModule();

const EMPTY: TrainingSet = { features: new Float32Array(), labels: new Int32Array() };

function options(changes: Partial<TrainingOptions['training']> = {}, dropout = [0]): TrainingOptions {
  const training = { ...blobSpec('blobs').training, ...changes };
  return { loss: 'cross-entropy', training, dropout, random: createRandom(3), kernels };
}

/** Two clouds that a line does not separate: class 1 where the coordinates' signs differ. */
function exclusiveOr(n: number, seed: number): TrainingSet {
  const random = createRandom(seed);
  const features = Float32Array.from({ length: 2 * n }, () => random.uniform() * 2 - 1);
  const labels = Int32Array.from({ length: n }, (_, i) =>
    (features[2 * i] as number) * (features[2 * i + 1] as number) < 0 ? 1 : 0,
  );
  return { features, labels };
}

function head(units: number[], classes: number, inputs: number): DenseLayer[] {
  const spec = blobSpec('blobs', {
    head: units.map((n) => ({ units: n, activation: 'relu' as const, dropout: 0 })),
  });
  const labels = Array.from({ length: classes }, (_, i) => `class ${i}`);
  return initialHead({ ...spec, labels }, inputs, createRandom(9));
}

describe('training a head', () => {
  testTrainHead(kernels);

  test('takes the same steps as forward, backward and Adam written out in plain numbers', async () => {
    const set = exclusiveOr(24, 1);
    const initial = head([5], 2, 2);
    const trained = await trainHead(
      set,
      EMPTY,
      initial,
      options({ epochs: 6, batchSize: 24, learningRate: 0.05, patience: 99 }),
    );
    const expected = adamReference(set, initial, { steps: 6, learningRate: 0.05 });
    for (const [i, { loss }] of trained.epochs.entries())
      expect(loss).toBeCloseTo(expected.losses[i] as number, 5);
  });

  test('learns what a line cannot', async () => {
    const trained = await trainHead(
      exclusiveOr(600, 1),
      exclusiveOr(200, 2),
      head([16], 2, 2),
      options({ epochs: 40, learningRate: 0.02, patience: 40 }),
    );
    expect(trained.epochs.at(-1)?.validationAccuracy).toBeGreaterThan(0.95);
  });

  test('gives the same weights, bit for bit, for the same seed, with dropout too', async () => {
    const run = () =>
      trainHead(exclusiveOr(100, 1), exclusiveOr(40, 2), head([8], 2, 2), options({ epochs: 3 }, [0.3]));
    const [a, b] = [await run(), await run()];
    expect(a).toEqual(b);
  });

  test('stops when the validation loss no longer falls, and gives the best epoch back', async () => {
    const noise = exclusiveOr(60, 1);
    const contradicting = { ...noise, labels: noise.labels.map((label) => 1 - label) };
    const trained = await trainHead(
      noise,
      contradicting,
      head([16], 2, 2),
      options({ epochs: 50, learningRate: 0.05, patience: 2 }),
    );
    expect(trained.epochs.length).toBeLessThan(50);
    const losses = trained.epochs.map(({ validationLoss }) => validationLoss as number);
    expect(losses[trained.bestEpoch - 1]).toBe(Math.min(...losses));
    expect(trained.epochs.length).toBe(trained.bestEpoch + 2);
  });

  test('leaves the layers it started from as they were', async () => {
    const initial = head([8], 2, 2);
    const before = structuredClone(initial);
    await trainHead(exclusiveOr(100, 1), exclusiveOr(40, 2), initial, options({ epochs: 2 }));
    expect(initial).toEqual(before);
  });

  test('ten trainings take the memory of one, failed ones among them', async () => {
    const set = exclusiveOr(64, 1);
    const wild = { ...set, features: set.features.map((x) => x * 1e38) };
    const run = () => trainHead(set, EMPTY, head([64], 2, 2), options({ epochs: 1 }));
    await run();
    const bytes = idleBytes(kernels);
    expect(bytes).toBeGreaterThan(0);
    for (let i = 0; i < 10; i++) {
      await run();
      await expect(trainHead(wild, EMPTY, head([64], 2, 2), options({ learningRate: 1 }))).rejects.toThrow();
    }
    expect(idleBytes(kernels)).toBe(bytes);
  });

  test.each([
    ['no examples', EMPTY, 'expected training examples, got none'],
    ['one label only', { features: new Float32Array(8), labels: new Int32Array(4) }, 'at least two labels'],
    [
      'a feature that is not a number',
      { features: Float32Array.of(1, 2, 3, Number.NaN), labels: Int32Array.of(0, 1) },
      'expected finite features, got NaN in training example 1',
    ],
  ])('refuses %s by name', async (_, set, message) => {
    await expect(trainHead(set, EMPTY, head([4], 2, 2), options())).rejects.toThrow(message);
  });

  test('a rate that makes the loss explode fails by name', async () => {
    const set = exclusiveOr(64, 1);
    const wild = { ...set, features: set.features.map((x) => x * 1e38) };
    await expect(trainHead(wild, EMPTY, head([8], 2, 2), options({ learningRate: 1 }))).rejects.toThrow(
      /loss became/,
    );
  });
});
