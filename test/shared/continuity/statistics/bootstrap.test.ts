import { describe, expect, test } from 'vitest';
import { bootstrapRatios, unitsOf } from '../../../../shared/continuity/statistics/bootstrap.ts';
import type {
  BootstrapOptions,
  RatioStatistic,
  ResamplingUnits,
} from '../../../../shared/continuity/statistics/bootstrap.ts';
import oracle from '../../../fixtures/continuity/statistics.json' with { type: 'json' };
import { seededRandom } from '../make-evidence.ts';

const options = { alpha: 0.05, draws: 2_000, seed: 1 };
const mean: RatioStatistic = { numerator: 1, denominator: 0, scale: 'identity' };
const bcaOf = (units: ResamplingUnits, statistic: RatioStatistic, options: BootstrapOptions) =>
  bootstrapRatios(units, [statistic], options)[0]?.bca;
const ones = (n: number) => new Float64Array(n).fill(1);

/** With 20,000 draws a bound of these samples has a simulation error near 1 % of the interval's width. */
const many = { ...options, draws: 20_000 };

function expectBounds(
  interval: { lower: number; upper: number } | null | undefined,
  row: { lower: number; upper: number },
) {
  const room = (row.upper - row.lower) * 0.03;
  expect(Math.abs((interval?.lower ?? Number.NaN) - row.lower)).toBeLessThan(room);
  expect(Math.abs((interval?.upper ?? Number.NaN) - row.upper)).toBeLessThan(room);
}

describe("agrees with scipy's BCa at 100,000 draws", () => {
  test.each([...oracle.bcaMean, ...oracle.bcaTies].map((row, i) => [i, row] as const))(
    'for a mean, sample %i',
    (_, row) => {
      const units = unitsOf([ones(row.values.length), Float64Array.from(row.values)], null, 1);
      const interval = bcaOf(units, mean, { ...many, alpha: row.alpha });
      expect(interval?.estimate).toBeCloseTo(row.estimate, 10);
      expectBounds(interval, row);
    },
  );

  test.each(oracle.bcaGrouped)('when groups are drawn whole', (row) => {
    const columns = [ones(row.values.length), Float64Array.from(row.values)];
    const interval = bcaOf(unitsOf(columns, Int32Array.from(row.groups), 1), mean, {
      ...many,
      alpha: row.alpha,
    });
    expect(interval?.estimate).toBeCloseTo(row.estimate, 10);
    expectBounds(interval, row);
  });

  const ratio = { numerator: 0, denominator: 1 };
  const nothing = { estimate: Number.NaN, lower: Number.NaN, upper: Number.NaN };

  test.each(oracle.bcaRatio)(
    'for a ratio of paired means, on either scale, as BCa respects transformations',
    (row) => {
      const units = unitsOf([Float64Array.from(row.a), Float64Array.from(row.b)], null, 1);
      for (const scale of ['identity', 'log'] as const) {
        const { estimate, lower, upper } =
          bcaOf(units, { ...ratio, scale }, { ...many, alpha: row.alpha }) ?? nothing;
        expect(estimate - 1).toBeCloseTo(row.estimate, 10);
        expectBounds({ lower: lower - 1, upper: upper - 1 }, row);
      }
    },
  );
});

test('repeats from its seed, and moves a little with another', () => {
  const values = Float64Array.from(oracle.bcaMean[1]?.values ?? []);
  const units = unitsOf([ones(values.length), values], null, 1);
  const first = bcaOf(units, mean, options);
  expect(bcaOf(units, mean, options)).toEqual(first);
  const other = bcaOf(units, mean, { ...options, seed: 2 });
  expect(other?.lower).not.toBe(first?.lower);
  expect(other?.lower).toBeCloseTo(first?.lower ?? 0, 1);
});

test('a stricter level widens the interval, also beyond what the draws can resolve', () => {
  const values = Float64Array.from(oracle.bcaMean[0]?.values ?? []);
  const units = unitsOf([ones(values.length), values], null, 1);
  for (const method of ['bca', 'studentized'] as const) {
    const lowers = [0.2, 0.05, 0.01, 1e-3, 1e-4, 1e-6].map(
      (alpha) => bootstrapRatios(units, [mean], { ...options, alpha })[0]?.[method].lower ?? 0,
    );
    expect(lowers).toEqual(lowers.toSorted((a, b) => b - a));
    expect(new Set(lowers).size).toBe(6);
  }
});

test('many examples are put into blocks, with the interval of the examples', () => {
  const random = seededRandom(5);
  const n = 20_000;
  const values = Float64Array.from({ length: n }, () => random() * random());
  const units = unitsOf([ones(n), values], null, 1);
  expect(units.count).toBe(2_048);
  const average = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / n);
  const interval = bcaOf(units, mean, options);
  expect(interval?.estimate).toBeCloseTo(average, 12);
  expect((average - (interval?.lower ?? 0)) / ((1.645 * deviation) / Math.sqrt(n))).toBeCloseTo(1, 0.8);
});

test('groups stay whole when they are put into blocks', () => {
  const groups = Int32Array.from({ length: 30_000 }, (_, i) => Math.floor(i / 3));
  const units = unitsOf([ones(30_000)], groups, 1);
  expect(units.count).toBe(2_048);
  expect([...units.sums].every((size) => size % 3 === 0)).toBe(true);
});

test('ungrouped examples stand alone beside groups', () => {
  expect(unitsOf([ones(5)], Int32Array.of(2, -1, 2, -1, 9), 1).count).toBe(4);
});

test('gives nothing where the units do not vary, or the ratio is not finite', () => {
  const same = unitsOf([ones(50), new Float64Array(50)], null, 1);
  expect(bootstrapRatios(same, [mean, { numerator: 0, denominator: 1, scale: 'log' }], options)).toEqual([
    null,
    null,
  ]);
});

test('refuses a single unit', () => {
  expect(() => bootstrapRatios(unitsOf([ones(9)], new Int32Array(9), 1), [mean], options)).toThrow(
    RangeError,
  );
});

test.each([
  ['an exponential', (u: number) => -Math.log(1 - u)],
  ['a rare large loss', (u: number) => (u < 0.03 ? 2.5 : 0.1 * u)],
])('the wider of both methods covers the true mean of %s', (_, quantile) => {
  const random = seededRandom(11);
  const truth =
    Array.from({ length: 100_000 }, (_, i) => quantile((i + 0.5) / 100_000)).reduce((a, b) => a + b) /
    100_000;
  const rounds = 500;
  let missed = 0;
  for (let round = 0; round < rounds; round++) {
    const values = Float64Array.from({ length: 200 }, () => quantile(random()));
    const units = unitsOf([ones(200), values], null, 1);
    const [bounds] = bootstrapRatios(units, [mean], { ...options, draws: 1_000, seed: round });
    if (Math.max(bounds?.bca.upper ?? 0, bounds?.studentized.upper ?? 0) < truth) missed++;
  }
  expect(missed / rounds).toBeLessThan(0.075);
});

test.each(oracle.studentized)("agrees with numpy's bootstrap-t at 100,000 draws", (row) => {
  const units = unitsOf([ones(row.values.length), Float64Array.from(row.values)], null, 1);
  expectBounds(bootstrapRatios(units, [mean], { ...many, alpha: row.alpha })[0]?.studentized, row);
});

test('the bounds of negated values are the negated bounds, the other way round', () => {
  const values = Float64Array.from(oracle.bcaMean[0]?.values ?? []);
  const boundsOf = (of: Float64Array) =>
    bootstrapRatios(unitsOf([ones(of.length), of], null, 1), [mean], { ...options, draws: 200 })[0];
  const [plain, negated] = [boundsOf(values), boundsOf(values.map((value) => -value))];
  for (const method of ['bca', 'studentized'] as const) {
    expect(-(negated?.[method].lower ?? Number.NaN)).toBeCloseTo(plain?.[method].upper ?? Number.NaN, 9);
    expect(-(negated?.[method].upper ?? Number.NaN)).toBeCloseTo(plain?.[method].lower ?? Number.NaN, 9);
  }
});
