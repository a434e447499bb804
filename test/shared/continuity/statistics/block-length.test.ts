import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockLength } from '../../../../shared/continuity/statistics/block-length.ts';
import { createRandom } from '../../../../shared/random.ts';
import oracle from '../../../fixtures/continuity/referee.json' with { type: 'json' };

test.each(oracle.blockLength)(
  'agrees with Politis & White by numpy: $series.length, $again, blocks of $length',
  ({ series, length }) => {
    expect(blockLength(Float64Array.from(series))).toBe(length);
  },
);

test('stays between 1 and min(3 sqrt n, n / 3), whatever comes', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 200 }), (values) => {
      const length = blockLength(Float64Array.from(values));
      expect(Number.isInteger(length)).toBe(true);
      expect(length).toBeGreaterThanOrEqual(1);
      expect(length).toBeLessThanOrEqual(
        Math.max(1, Math.min(3 * Math.sqrt(values.length), values.length / 3)),
      );
    }),
  );
});

test.each([0, 1, 2, 5, 1_000])('a constant series of %d hangs together in nothing', (n) => {
  expect(blockLength(new Float64Array(n).fill(0.25))).toBe(1);
});

test('neither scale nor sign matter', () => {
  const random = createRandom(3);
  const series = new Float64Array(300);
  for (let i = 1; i < 300; i++) series[i] = 0.7 * (series[i - 1] as number) + random.uniform() - 0.5;
  const length = blockLength(series);
  expect(length).toBeGreaterThan(1);
  expect(blockLength(series.map((x) => -0.125 * x))).toBe(length);
});

test('independent examples are mostly left alone, runs of ten hardly ever', () => {
  const random = createRandom(8);
  let [alone, together] = [0, 0];
  for (let round = 0; round < 200; round++) {
    const series = (again: number): Float64Array => {
      const x = new Float64Array(500);
      for (let i = 0; i < 500; i++) {
        const u = random.uniform();
        x[i] = i > 0 && random.uniform() < again ? (x[i - 1] as number) : u < 0.1 ? 1 : u < 0.2 ? -1 : 0;
      }
      return x;
    };
    alone += Number(blockLength(series(0)) === 1);
    together += Number(blockLength(series(0.9)) >= 10);
  }
  expect(alone).toBeGreaterThanOrEqual(190);
  expect(together).toBeGreaterThanOrEqual(190);
});
