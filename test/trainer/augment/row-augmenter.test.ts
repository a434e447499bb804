import { describe, expect, test } from 'vitest';
import type { Feature } from '../../../shared/model/spec/spec.ts';
import { createRandom } from '../../../shared/random.ts';
import { createRowAugmenter, measureFeatures, nearNormal } from '../../../trainer/augment/row-augmenter.ts';

const FEATURES: Feature[] = [
  { name: 'x', type: 'number' },
  { name: 'colour', type: 'category', values: ['red', 'green', 'blue'] },
  { name: 'y', type: 'number' },
];
/** Two examples: x has a standard deviation of 1, y of 2. */
const TRAINED_ON = Float32Array.of(-1, 1, 0, 0, 2, 1, 0, 1, 0, 6);
const ROW = [1.5, 0, 1, 0, -2];

function manyRows(ranges: { noise: number; featureDropout: number }, n = 4_000): Float32Array[] {
  const random = createRandom(9);
  const augmenter = createRowAugmenter(FEATURES, ranges, measureFeatures(FEATURES, TRAINED_ON));
  return Array.from({ length: n }, () => {
    const row = Float32Array.from(ROW);
    augmenter.change(row, random);
    return row;
  });
}

describe('a tabular example', () => {
  test('is as it was where no range allows a change', () => {
    for (const row of manyRows({ noise: 0, featureDropout: 0 }, 10)) expect([...row]).toEqual(ROW);
  });

  test('gets noise in standard deviations on its numbers, and keeps its categories', () => {
    const rows = manyRows({ noise: 0.3, featureDropout: 0 });
    for (const [at, centre, scale] of [
      [0, 1.5, 1],
      [4, -2, 2],
    ] as const) {
      const steps = rows.map((row) => ((row[at] ?? 0) - centre) / scale);
      const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
      const deviation = Math.sqrt(steps.reduce((sum, step) => sum + step * step, 0) / steps.length);
      expect(Math.abs(mean)).toBeLessThan(0.02);
      expect(Math.abs(deviation - 0.3)).toBeLessThan(0.015);
    }
    expect(rows.every((row) => row[1] === 0 && row[2] === 1 && row[3] === 0)).toBe(true);
  });

  test('gets no noise on a feature that never varies', () => {
    const [random, row] = [createRandom(1), Float32Array.of(0.3, 1)];
    const features: Feature[] = [
      { name: 'still', type: 'number' },
      { name: 'moving', type: 'number' },
    ];
    const rows = Float32Array.of(0.1, 0, 0.1, 1, 0.1, 2);
    createRowAugmenter(features, { noise: 1, featureDropout: 0 }, measureFeatures(features, rows)).change(
      row,
      random,
    );
    expect(row[0]).toBe(Math.fround(0.3));
    expect(row[1]).not.toBe(1);
  });

  test('loses a whole feature at a time, as often as the spec says', () => {
    const rows = manyRows({ noise: 0, featureDropout: 0.25 });
    const share = (test: (row: Float32Array) => boolean): number => rows.filter(test).length / rows.length;
    expect(Math.abs(share((row) => row[0] === 0) - 0.25)).toBeLessThan(0.03);
    expect(Math.abs(share((row) => row[1] === 0 && row[2] === 0 && row[3] === 0) - 0.25)).toBeLessThan(0.03);
    expect(Math.abs(share((row) => row[4] === 0) - 0.25)).toBeLessThan(0.03);
    // Independently: both numbers at once a sixteenth of the time.
    expect(Math.abs(share((row) => row[0] === 0 && row[4] === 0) - 1 / 16)).toBeLessThan(0.02);
    const kept = rows.every((row) => [0, 1.5].includes(row[0] ?? NaN) && [0, -2].includes(row[4] ?? NaN));
    expect(kept).toBe(true);
  });

  test('is changed in the same way by the same seed', () => {
    expect(manyRows({ noise: 0.5, featureDropout: 0.5 })).toEqual(
      manyRows({ noise: 0.5, featureDropout: 0.5 }),
    );
  });
});

test('the near normal draw has mean 0 and deviation 1, and a normal share beyond two deviations', () => {
  const random = createRandom(1);
  const draws = Array.from({ length: 20_000 }, () => nearNormal(random));
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(draws.reduce((sum, draw) => sum + draw * draw, 0) / draws.length - 1)).toBeLessThan(0.04);
  const beyond = draws.filter((draw) => Math.abs(draw) > 2).length / draws.length;
  expect(Math.abs(beyond - 0.0455)).toBeLessThan(0.006);
});
