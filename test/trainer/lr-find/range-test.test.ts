import { describe, expect, test } from 'vitest';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { createRandom } from '../../../shared/random.ts';
import { initialHead } from '../../../trainer/model/head-layers.ts';
import { judgeFalls, rangeTest } from '../../../trainer/lr-find/range-test.ts';
import { createTrainableHead } from '../../../trainer/training/models/trainable-head.ts';
import { blobSpec } from '../../support/tabular-model.ts';

const kernels = await loadKernelModule();

/** Losses over rates from 1e-6 to 1: level, then a fall about `at`, then whatever follows; with noise. */
function falling(at: number, deviation: number, seed = 1) {
  const random = createRandom(seed);
  return Array.from({ length: 100 }, (_, i) => {
    const rate = 1e-6 ** (1 - i / 99);
    const steepness = 4 * Math.log10(rate / at);
    const loss = 2.3 - 1.5 / (1 + Math.exp(-steepness));
    return { rate, loss: loss + deviation * (random.uniform() - 0.5) };
  });
}

describe('where the loss falls fastest', () => {
  test.each([1e-4, 1e-3, 1e-2])('is found at %d, in noise, without a lag', (at) => {
    for (let seed = 0; seed < 10; seed++) {
      const { suggestion } = judgeFalls(falling(at, 0.2, seed), 5);
      // Five points are a factor of two.
      expect(Math.abs(Math.log10((suggestion ?? 1) / at))).toBeLessThan(0.35);
    }
  });

  test('is nowhere when the loss only wavers, or rises', () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = createRandom(seed);
      const level = falling(1, 0).map(({ rate }) => ({ rate, loss: 1 + random.uniform() }));
      expect(judgeFalls(level, 5).suggestion).toBeNull();
      const rising = level.map(({ rate, loss }, i) => ({ rate, loss: loss + i / 10 }));
      expect(judgeFalls(rising, 5).suggestion).toBeNull();
    }
    expect(judgeFalls([], 5)).toEqual({ points: [], suggestion: null });
  });
});

describe('a range test of a head', () => {
  const spec = blobSpec('blobs');
  const random = createRandom(1);
  const labels = Int32Array.from({ length: 600 }, () => random.below(3));
  const features = Float32Array.from({ length: 2 * 600 }, (_, i) => {
    const label = labels[i >> 1] ?? 0;
    return ([0, 2, 1][label] ?? 0) * (1 - (i % 2)) + (label === 2 ? 2 * (i % 2) : 0) + random.uniform();
  });
  const open = () =>
    createTrainableHead(kernels, initialHead(spec, 2, createRandom(2)), {
      task: 'classification',
      dropout: [0],
      capacity: 32,
      teacher: null,
      anchor: 0,
    });
  const train = { features, labels };

  test('suggests a rate that learns, repeats itself, and leaves the model as it was', () => {
    const model = open();
    const before = model.readState();
    const first = rangeTest(model, train, { batchSize: 32, seed: 5 });
    expect(model.readState()).toEqual(before);
    expect(rangeTest(model, train, { batchSize: 32, seed: 5 })).toEqual(first);
    expect(first.suggestion).toBeGreaterThan(1e-3);
    expect(first.suggestion).toBeLessThan(0.3);
    expect(first.points[0]?.rate).toBe(1e-6);
    model.release();
  });

  test('passes every batch to the hook, and ends where the loss diverges', () => {
    const model = open();
    let batches = 0;
    const prepare = (): void => void (batches += 1);
    const options = { from: 1e-3, to: 1e6, steps: 200, batchSize: 32, seed: 5, prepare };
    // Labels that the features say nothing about: no rate is large enough to learn them.
    const noise = { features, labels: labels.map(() => random.below(3)) };
    const { points } = rangeTest(model, noise, options);
    expect(points.length).toBeLessThan(200);
    expect(batches - points.length).toBeLessThanOrEqual(1);
    model.release();
  });
});
