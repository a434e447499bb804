import { describe, expect, test } from 'vitest';
import { type DenseLayer, planHead } from '../../../trainer/model/head.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { idleBytes, shareMemory } from '../../../trainer/kernels/workspace.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../shared/random.ts';
import { initialHead } from '../../../trainer/model/head-layers.ts';
import { type HeadTrainingOptions, trainHead } from '../../../trainer/training/train-head.ts';
import type { Dataset } from '../../../trainer/training/dataset.ts';
import { unwrap } from '../compile/support.ts';
import { blobSpec } from '../../support/tabular-model.ts';
import { adamReference } from './adam-reference.ts';
import { testTrainHead } from './train-head-suite.ts';
import { RunFailure } from '../../../trainer/run-failure.ts';

const kernels = await loadKernelModule();

const EMPTY: Dataset = { features: new Float32Array(), labels: new Int32Array() };

function options(changes: Partial<HeadTrainingOptions['training']> = {}, dropout = [0]): HeadTrainingOptions {
  const training = { ...blobSpec('blobs').training, ...changes };
  return { training, task: 'classification', seed: 3, dropout, fromChampion: false, kernels };
}

/** Learned from one set and watched by another. */
function train(set: Dataset, watched: Dataset, initial: readonly DenseLayer[], how: HeadTrainingOptions) {
  const windows = watched.labels.length === 0 ? [] : [{ id: 'w01', past: false, set: watched }];
  return trainHead({ train: set, watched: windows }, initial, how);
}

/** Two clouds that a line does not separate: class 1 where the coordinates' signs differ. */
function exclusiveOr(n: number, seed: number) {
  const random = createRandom(seed);
  const features = Float32Array.from({ length: 2 * n }, () => random.uniform() * 2 - 1);
  const labels = Int32Array.from({ length: n }, (_, i) =>
    (features[2 * i] as number) * (features[2 * i + 1] as number) < 0 ? 1 : 0,
  );
  return { features, labels };
}

function head(units: number[], classes: number, inputs: number): DenseLayer[] {
  const spec = blobSpec('blobs', {
    head: units.map((n) => ({
      units: n,
      activation: 'relu' as const,
      dropout: 0,
      normalization: 'none' as const,
    })),
  });
  const labels = Array.from({ length: classes }, (_, i) => `class ${i}`);
  return initialHead({ ...spec, labels }, inputs, createRandom(9));
}

describe('training a head', () => {
  testTrainHead(kernels);

  test('takes the same steps as forward, backward and Adam written out in plain numbers', async () => {
    const set = exclusiveOr(24, 1);
    const initial = head([5], 2, 2);
    const trained = await train(
      set,
      EMPTY,
      initial,
      options({ epochs: 6, batchSize: 24, learningRate: 0.05, patience: 99 }),
    );
    const expected = adamReference(set, initial, { steps: 6, learningRate: 0.05 });
    for (const [i, { loss }] of trained.course.epochs.entries())
      expect(loss).toBeCloseTo(expected.losses[i] as number, 5);
  });

  test('learns what a line cannot', async () => {
    const trained = await train(
      exclusiveOr(600, 1),
      exclusiveOr(200, 2),
      head([16], 2, 2),
      options({ epochs: 40, learningRate: 0.02, patience: 40 }),
    );
    expect(trained.course.epochs.at(-1)?.validationAccuracy).toBeGreaterThan(0.95);
  });

  test('gives the same weights, bit for bit, for the same seed, with dropout too', async () => {
    const run = () =>
      train(exclusiveOr(100, 1), exclusiveOr(40, 2), head([8], 2, 2), options({ epochs: 3 }, [0.3]));
    const [a, b] = [await run(), await run()];
    expect(a).toEqual(b);
  });

  test('learns from an example as often as its weight says', async () => {
    const set = exclusiveOr(80, 1);
    const twice = {
      features: Float32Array.of(...set.features, ...set.features.subarray(0, 80)),
      labels: Int32Array.of(...set.labels, ...set.labels.subarray(0, 40)),
    };
    const weights = Float32Array.from({ length: 80 }, (_, i) => (i < 40 ? 2 : 1));
    const whole = (batchSize: number) => options({ epochs: 4, batchSize });
    const weighted = await train({ ...set, weights }, EMPTY, head([8], 2, 2), whole(80));
    const repeated = await train(twice, EMPTY, head([8], 2, 2), whole(120));
    // The mean of the one is over 80 examples, that of the other over 120; Adam's steps do not see the difference.
    for (const [i, { loss }] of repeated.course.epochs.entries()) {
      expect(weighted.course.epochs[i]?.loss).toBeCloseTo(loss * 1.5, 3);
    }
  });

  test('stops when the validation loss no longer falls, and gives the best epoch back', async () => {
    const noise = exclusiveOr(60, 1);
    const contradicting = { ...noise, labels: noise.labels.map((label) => 1 - label) };
    const trained = await train(
      noise,
      contradicting,
      head([16], 2, 2),
      options({ epochs: 50, learningRate: 0.05, patience: 2 }),
    );
    expect(trained.course.epochs.length).toBeLessThan(50);
    const losses = trained.course.epochs.map(({ validationLoss }) => validationLoss as number);
    expect(losses[trained.course.best.epoch - 1]).toBe(Math.min(...losses));
    expect(trained.course.epochs.length).toBe(trained.course.best.epoch + 2);
  });

  test('leaves the layers it started from as they were', async () => {
    const initial = head([8], 2, 2);
    const before = structuredClone(initial);
    await train(exclusiveOr(100, 1), exclusiveOr(40, 2), initial, options({ epochs: 2 }));
    expect(initial).toEqual(before);
  });

  test('ten trainings take the memory of one, failed ones among them', async () => {
    const set = exclusiveOr(64, 1);
    const wild = { ...set, features: set.features.map((x) => x * 1e38) };
    const run = () => train(set, EMPTY, head([64], 2, 2), options({ epochs: 1 }));
    await run();
    const bytes = idleBytes(kernels);
    expect(bytes).toBeGreaterThan(0);
    for (let i = 0; i < 10; i++) {
      await run();
      await expect(train(wild, EMPTY, head([64], 2, 2), options({ learningRate: 1 }))).rejects.toThrow();
    }
    expect(idleBytes(kernels)).toBe(bytes);
  });

  test('in the memory of an executor that loads models between two epochs, it ends in the same bits', async () => {
    const own = await loadKernelModule();
    const runtime = createRuntime(await loadWasmModule());
    shareMemory(own, runtime.shared);
    const wide = head([1_000], 2, 1_000);
    const loadAnother = async (): Promise<void> => {
      const { plan, weights } = unwrap(planHead(wide));
      unwrap(runtime.load(plan, weights));
    };
    const bytes = runtime.memory().heapBytes;
    const run = (kernels: WebAssembly.Module, onEpoch: () => Promise<void>) =>
      train(exclusiveOr(100, 1), exclusiveOr(40, 2), head([8], 2, 2), {
        ...options({ epochs: 8 }, [0.3]),
        kernels,
        onEpoch,
      });
    const alone = await run(kernels, async () => {});
    expect(await run(own, loadAnother)).toEqual(alone);
    expect(runtime.memory().heapBytes).toBeGreaterThan(bytes);
  });

  test('a head that no memory of the executor could hold fails by name', async () => {
    const own = await loadKernelModule();
    const runtime = createRuntime(await loadWasmModule(), { maxHeapBytes: 32 * 2 ** 20 });
    shareMemory(own, runtime.shared);
    const set = exclusiveOr(100, 1);
    const failing = train(set, EMPTY, head([1_000, 3_000], 2, 2), { ...options(), kernels: own });
    await expect(failing).rejects.toThrow(RunFailure);
    await expect(failing).rejects.toThrow(/needs \d+ bytes, of WASM memory of at most 33554432: fewer units/);
  });

  test.each([
    ['no examples', EMPTY, 'expected training examples, got none'],
    ['one label only', { features: new Float32Array(8), labels: new Int32Array(4) }, 'at least two labels'],
    [
      'a feature that is not a number',
      { features: Float32Array.of(1, 2, 3, Number.NaN), labels: Int32Array.of(0, 1) },
      'expected finite features, got NaN in training example 1',
    ],
    [
      'features that are always the same',
      { features: Float32Array.of(1, 2, 1, 2), labels: Int32Array.of(0, 1) },
      'expected features that tell examples apart, got the same 2 numbers in all 2 training examples',
    ],
    [
      'a head that reads other features',
      { features: Float32Array.of(1, 2, 3, 4, 5, 6), labels: Int32Array.of(0, 1) },
      'expected a head that reads 3 features, got one that reads 2',
    ],
    [
      'a head without an output for a label',
      { features: Float32Array.of(1, 2, 3, 4), labels: Int32Array.of(0, 2) },
      'got one with 2 outputs for label 2 of training example 1',
    ],
  ])('refuses %s by name', async (_, set, message) => {
    await expect(train(set, EMPTY, head([4], 2, 2), options())).rejects.toThrow(message);
  });

  test('a loss that explodes at any rate fails by name, after the rate was halved', async () => {
    const set = exclusiveOr(64, 1);
    const wild = { ...set, features: set.features.map((x) => x * 1e38) };
    await expect(train(wild, EMPTY, head([8], 2, 2), options({ learningRate: 1 }))).rejects.toThrow(
      /loss became .* in epoch 1, also after the rate was halved 5 times/,
    );
  });
});
