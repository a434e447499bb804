import { expect, test } from 'vitest';
import { medianBounds } from '../../../../shared/continuity/statistics/median-bound.ts';
import oracle from '../../../fixtures/continuity/statistics.json' with { type: 'json' };
import { seededRandom } from '../make-evidence.ts';

test.each(oracle.median)(
  'agrees with the binomial order statistics at $alpha',
  ({ values, alpha, ...expected }) => {
    expect(medianBounds(Float64Array.from(values), alpha)).toEqual(expected);
  },
);

test('four values give no bound at 0.05', () => {
  expect(medianBounds(Float64Array.of(1, 2, 3, 4), 0.05)).toBeNull();
  expect(medianBounds(new Float64Array(0), 0.05)).toBeNull();
});

test('five values give their extremes at 1/32, the chance that all of them lie on one side of the median', () => {
  expect(medianBounds(Float64Array.of(5, 1, 4, 2, 3), 1 / 32)).toEqual({ estimate: 3, lower: 1, upper: 5 });
  expect(medianBounds(Float64Array.of(5, 1, 4, 2, 3), 0.03)).toBeNull();
});

test('leaves the values as they were', () => {
  const values = Float64Array.of(5, 1, 4, 2, 3);
  medianBounds(values, 0.05);
  expect([...values]).toEqual([5, 1, 4, 2, 3]);
});

test('misses the true median at most 5 % of the time', () => {
  const random = seededRandom(3);
  let missed = 0;
  for (let round = 0; round < 4_000; round++) {
    const bounds = medianBounds(
      Float64Array.from({ length: 21 }, () => random() ** 3),
      0.05,
    );
    if ((bounds?.upper ?? 0) < 0.125) missed++;
  }
  expect(missed / 4_000).toBeLessThan(0.06);
});
