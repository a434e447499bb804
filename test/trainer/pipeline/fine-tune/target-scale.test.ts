import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DenseLayer } from '../../../../trainer/model/head.ts';
import {
  fitTarget,
  fromTargetUnit,
  standardise,
  toTargetUnit,
} from '../../../../trainer/pipeline/fine-tune/target-scale.ts';

const SCALE = { mean: 1_000, deviation: 250 };

function head(weights: readonly number[], bias: number): DenseLayer[] {
  return [
    {
      kernel: { shape: [weights.length, 1], data: Float32Array.from(weights) },
      bias: { shape: [1], data: Float32Array.of(bias) },
      activation: 'linear',
    },
  ];
}

const say = ([layer]: readonly DenseLayer[], features: readonly number[]): number =>
  features.reduce((sum, x, i) => sum + x * (layer?.kernel.data[i] ?? 0), layer?.bias.data[0] ?? 0);

test('targets are fitted by mean and standard deviation', () => {
  expect(fitTarget(Float64Array.of(1, 3, 5, 7))).toEqual({ mean: 4, deviation: Math.sqrt(5) });
  expect([...standardise(Float64Array.of(1_000, 1_500), SCALE)]).toEqual([0, 2]);
});

test('a folded head says targets where the trained one says deviations', () => {
  const trained = head([0.5, -2], 0.25);
  const published = toTargetUnit(trained, SCALE);
  expect(say(published, [3, 1])).toBeCloseTo(1_000 + 250 * say(trained, [3, 1]), 3);
  expect([...(trained[0]?.kernel.data ?? [])]).toEqual([0.5, -2]);
});

test('folding and unfolding gives the head back, whatever the unit', () => {
  fc.assert(
    fc.property(
      fc.float({ min: -100, max: 100, noNaN: true }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1, max: 1e6, noNaN: true }),
      (weight, mean, deviation) => {
        const scale = { mean, deviation };
        const again = fromTargetUnit(toTargetUnit(head([weight], 0.5), scale), scale);
        expect(again[0]?.kernel.data[0]).toBeCloseTo(weight, 3);
        const steps = (Math.abs(mean) / deviation) * 2 ** -22 + 1e-6;
        expect(Math.abs((again[0]?.bias.data[0] as number) - 0.5)).toBeLessThan(steps);
      },
    ),
  );
});

describe('what can not be learnt is named', () => {
  test.each([
    ['no targets', [], 'expected training examples, got none'],
    ['one target', [7], 'expected training examples of different targets, got 7 only'],
    ['equal targets', [0, 0, 0], 'expected training examples of different targets, got 0 only'],
    ['targets beyond what float32 tells apart', [1e9, 1e9 + 1], 'vary by more than a millionth'],
  ])('%s', (_, targets, message) => {
    expect(() => fitTarget(Float64Array.from(targets))).toThrow(message);
  });

  test('targets near 0 may be small', () => {
    expect(fitTarget(Float64Array.of(-1e-30, 1e-30)).deviation).toBeCloseTo(1e-30, 40);
  });
});
