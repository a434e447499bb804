import { describe, expect, test } from 'vitest';
import { bcaBootstrap, unitsOf } from '../../../../shared/continuity/statistics/bootstrap.ts';
import type { Statistic } from '../../../../shared/continuity/statistics/bootstrap.ts';
import oracle from '../../../fixtures/continuity/statistics.json' with { type: 'json' };
import { seededRandom } from '../make-evidence.ts';

const options = { alpha: 0.05, draws: 2_000, seed: 1 };
const mean: Statistic = (totals) => (totals[1] ?? 0) / (totals[0] ?? 0);
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
  test.each(oracle.bcaMean.map((row, i) => [i, row] as const))('for a mean, sample %i', (_, row) => {
    const units = unitsOf([ones(row.values.length), Float64Array.from(row.values)], null, 1);
    const [interval] = bcaBootstrap(units, [mean], { ...many, alpha: row.alpha });
    expect(interval?.estimate).toBeCloseTo(row.estimate, 10);
    expectBounds(interval, row);
  });

  test.each(oracle.bcaGrouped)('when groups are drawn whole', (row) => {
    const columns = [ones(row.values.length), Float64Array.from(row.values)];
    const [interval] = bcaBootstrap(unitsOf(columns, Int32Array.from(row.groups), 1), [mean], {
      ...many,
      alpha: row.alpha,
    });
    expect(interval?.estimate).toBeCloseTo(row.estimate, 10);
    expectBounds(interval, row);
  });

  test.each(oracle.bcaRatio)('for a ratio of paired means', (row) => {
    const units = unitsOf([Float64Array.from(row.a), Float64Array.from(row.b)], null, 1);
    const ratio: Statistic = (totals) => (totals[0] ?? 0) / (totals[1] ?? 0) - 1;
    const [interval] = bcaBootstrap(units, [ratio], { ...many, alpha: row.alpha });
    expect(interval?.estimate).toBeCloseTo(row.estimate, 10);
    expectBounds(interval, row);
  });
});

test('repeats from its seed, and moves a little with another', () => {
  const values = Float64Array.from(oracle.bcaMean[1]?.values ?? []);
  const units = unitsOf([ones(values.length), values], null, 1);
  const [first] = bcaBootstrap(units, [mean], options);
  expect(bcaBootstrap(units, [mean], options)[0]).toEqual(first);
  const [other] = bcaBootstrap(units, [mean], { ...options, seed: 2 });
  expect(other?.lower).not.toBe(first?.lower);
  expect(other?.lower).toBeCloseTo(first?.lower ?? 0, 1);
});

test('a stricter level widens the interval, also beyond what the draws can resolve', () => {
  const values = Float64Array.from(oracle.bcaMean[0]?.values ?? []);
  const units = unitsOf([ones(values.length), values], null, 1);
  const lowers = [0.2, 0.05, 0.01, 1e-3, 1e-4, 1e-6].map(
    (alpha) => bcaBootstrap(units, [mean], { ...options, alpha })[0]?.lower ?? 0,
  );
  expect(lowers).toEqual(lowers.toSorted((a, b) => b - a));
  expect(new Set(lowers).size).toBe(6);
});

test('many examples are put into blocks, with the interval of the examples', () => {
  const random = seededRandom(5);
  const n = 20_000;
  const values = Float64Array.from({ length: n }, () => random() * random());
  const units = unitsOf([ones(n), values], null, 1);
  expect(units.count).toBe(4_096);
  const average = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / n);
  const [interval] = bcaBootstrap(units, [mean], options);
  expect(interval?.estimate).toBeCloseTo(average, 12);
  expect((average - (interval?.lower ?? 0)) / ((1.645 * deviation) / Math.sqrt(n))).toBeCloseTo(1, 0.9);
});

test('groups stay whole when they are put into blocks', () => {
  const groups = Int32Array.from({ length: 30_000 }, (_, i) => Math.floor(i / 3));
  const units = unitsOf([ones(30_000)], groups, 1);
  expect(units.count).toBe(4_096);
  expect([...units.sums].every((size) => size % 3 === 0)).toBe(true);
});

test('ungrouped examples stand alone beside groups', () => {
  expect(unitsOf([ones(5)], Int32Array.of(2, -1, 2, -1, 9), 1).count).toBe(4);
});

test('gives nothing where the units do not vary, or the statistic is not finite', () => {
  const same = unitsOf([ones(50), new Float64Array(50)], null, 1);
  expect(bcaBootstrap(same, [mean, (totals) => 1 / (totals[1] ?? 0)], options)).toEqual([null, null]);
});

test('refuses a single unit', () => {
  expect(() => bcaBootstrap(unitsOf([ones(9)], new Int32Array(9), 1), [mean], options)).toThrow(RangeError);
});

test('covers the true mean of a skewed quantity: each bound misses about 5 % of the time', () => {
  const random = seededRandom(11);
  const rounds = 600;
  let [above, below] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const values = Float64Array.from({ length: 100 }, () => -Math.log(1 - random()));
    const [interval] = bcaBootstrap(unitsOf([ones(100), values], null, 1), [mean], {
      ...options,
      draws: 1_000,
      seed: round,
    });
    if ((interval?.lower ?? 0) > 1) above++;
    if ((interval?.upper ?? 0) < 1) below++;
  }
  for (const missed of [above / rounds, below / rounds]) {
    expect(missed).toBeGreaterThan(0.02);
    expect(missed).toBeLessThan(0.09);
  }
});
