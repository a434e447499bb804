import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BoundedSample, boundedMean } from '../../../../shared/continuity/statistics/bounded-mean.ts';
import oracle from '../../../fixtures/continuity/bounded-mean.json' with { type: 'json' };
import { seededRandom } from '../make-evidence.ts';

const single = (values: readonly number[]): BoundedSample => ({
  sums: Float64Array.from(values),
  sizes: new Float64Array(values.length).fill(1),
});
const range = { least: -2, most: 2 };

describe('bounds are quantiles of the mean under random weights, with one example of the worst', () => {
  test.each(oracle.map((each, i) => [i, each] as const))(
    'case %i, against two million draws',
    (_, { sums, sizes, least, most, alpha, estimate, lower, upper }) => {
      const sample = { sums: Float64Array.from(sums), sizes: Float64Array.from(sizes) };
      const bounds = boundedMean(sample, { least, most }, alpha);
      expect(bounds.estimate).toBeCloseTo(estimate, 12);
      expect(bounds.upper - estimate).toBeGreaterThan(0.99 * (upper - estimate));
      expect(bounds.upper - estimate).toBeLessThan(1.025 * (upper - estimate));
      expect(estimate - bounds.lower).toBeGreaterThan(0.99 * (estimate - lower));
      expect(estimate - bounds.lower).toBeLessThan(1.025 * (estimate - lower));
    },
  );
});

test.each([
  [500, 0.05],
  [500, 0.0001],
  [50, 0.2],
  [3, 0.05],
])('%i examples that are all 0 leave a width, at level %f most (1 - alpha^(1 / n))', (n, alpha) => {
  const { estimate, lower, upper } = boundedMean(single(Array(n).fill(0)), range, alpha);
  const exact = 2 * (1 - alpha ** (1 / n));
  expect(estimate).toBe(0);
  expect(upper / exact).toBeGreaterThan(0.99);
  expect(upper / exact).toBeLessThan(1.01);
  expect(lower).toBeCloseTo(-upper, 9);
});

test('what sizes are counted in does not matter: examples, or trillions of them', () => {
  const random = seededRandom(5);
  const sizes = Float64Array.from({ length: 40 }, () => 1 + Math.floor(5 * random()));
  const sums = sizes.map((size) => size * (random() - 0.5));
  const counted = boundedMean({ sums, sizes }, range, 0.05);
  const trillions = (values: Float64Array) => values.map((value) => value / 1e12);
  const scaled = boundedMean({ sums: trillions(sums), sizes: trillions(sizes) }, range, 0.05);
  expect(scaled.upper).toBeCloseTo(counted.upper, 6);
  expect(scaled.lower).toBeCloseTo(counted.lower, 6);
});

test('the search ends where a range begins at 0, also at a level so near one half that it cannot settle', () => {
  const eightOfTen = single([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
  // with one 0 more the weighted mean is Beta(8, 3), whose 0.49 quantile is 0.738 and whose mean 0.727
  expect(boundedMean(eightOfTen, { least: 0, most: 1 }, 0.49).lower).toBeCloseTo(0.738, 1);
});

test('one confident mistake among five hundred costs little more than itself', () => {
  const values = Array(500).fill(0) as number[];
  values[7] = 0.6;
  const { estimate, upper } = boundedMean(single(values), range, 0.05);
  expect(estimate).toBeCloseTo(0.0012, 9);
  expect(upper).toBeLessThan(0.014);
});

test('what is as bad as can be has no upper bound but the worst', () => {
  expect(boundedMean(single([2, 2, 2]), range, 0.05).upper).toBe(2);
  expect(boundedMean(single([-2, -2, -2]), range, 0.05).lower).toBe(-2);
});

test('a growth of ten is the same examples ten times', () => {
  const random = seededRandom(3);
  const values = Array.from({ length: 40 }, () => random() - 0.5);
  const grown = boundedMean(single(values), range, 0.05, 10);
  const repeated = boundedMean(
    single(Array.from({ length: 400 }, (_, i) => values[i % 40] as number)),
    range,
    0.05,
  );
  expect(grown.upper).toBeCloseTo(repeated.upper, 6);
  expect(grown.lower).toBeCloseTo(repeated.lower, 6);
});

test('a group counts once: its examples together move the bound more than as many of different groups', () => {
  const apart = boundedMean(
    single(Array.from({ length: 300 }, (_, i) => (i % 10 === 0 ? 1 : 0))),
    range,
    0.05,
  );
  const sums = Float64Array.from({ length: 60 }, (_, i) => (i % 10 === 0 ? 5 : 0));
  const together = boundedMean({ sums, sizes: new Float64Array(60).fill(5) }, range, 0.05);
  expect(together.estimate).toBeCloseTo(apart.estimate, 12);
  expect(together.upper).toBeGreaterThan(apart.upper + 0.03);
});

test('bounds enclose the mean, lie in the range, widen with the level, and do not depend on the order', () => {
  const values = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(values, fc.constantFrom(0.2, 0.05, 0.001), (scores, alpha) => {
      const { estimate, lower, upper } = boundedMean(single(scores), range, alpha);
      expect(lower).toBeLessThanOrEqual(estimate);
      expect(upper).toBeGreaterThanOrEqual(estimate);
      expect(lower).toBeGreaterThanOrEqual(-2);
      expect(upper).toBeLessThanOrEqual(2);
      const stricter = boundedMean(single(scores), range, alpha / 2);
      expect(stricter.upper).toBeGreaterThanOrEqual(upper - 1e-6);
      expect(stricter.lower).toBeLessThanOrEqual(lower + 1e-6);
      expect(boundedMean(single(scores.toReversed()), range, alpha).upper).toBeCloseTo(upper, 6);
    }),
  );
});

test('misses a mean that rare large losses carry in at most 5 % of simulated samples', () => {
  const random = seededRandom(11);
  for (const n of [200, 600]) {
    let missed = 0;
    for (let night = 0; night < 1_000; night++) {
      const values = Array.from({ length: n }, () => (random() < 0.01 ? 1.9 : 0.02 * (random() - 0.5)));
      if (boundedMean(single(values), range, 0.05).upper < 0.019) missed++;
    }
    expect(missed).toBeLessThanOrEqual(50);
  }
});

test('expects a unit', () => {
  expect(() => boundedMean(single([]), range, 0.05)).toThrow('expected at least one unit, got none');
});
