import { expect, test } from 'vitest';
import { correctedResampledT } from '../../../../shared/continuity/statistics/resampled-t.ts';
import oracle from '../../../fixtures/continuity/statistics.json' with { type: 'json' };

test.each(oracle.resampledT)('agrees with scipy.stats.t at ratio $ratio, alpha $alpha', (row) => {
  const options = { testToTrain: row.ratio, resolution: 0 };
  const { estimate, lower, upper } = correctedResampledT(row.differences, options, row.alpha);
  expect(estimate).toBeCloseTo(row.estimate, 12);
  expect(lower).toBeCloseTo(row.lower, 7);
  expect(upper).toBeCloseTo(row.upper, 7);
});

test('splits that all tie still have a width: one step of the score', () => {
  const { lower, upper } = correctedResampledT(
    Array(10).fill(0),
    { testToTrain: 0.25, resolution: 0.01 },
    0.05,
  );
  // t(0.05, 9) = 1.8331; sqrt(1/10 + 1/4) = 0.5916
  expect(lower).toBeCloseTo(-1.8331 * 0.5916 * 0.01, 5);
  expect(upper).toBe(-lower);
});

test('the correction widens the plain t interval', () => {
  const differences = [0.01, 0.02, 0.015, 0.03, 0.005];
  const plain = correctedResampledT(differences, { testToTrain: 0, resolution: 0 }, 0.05);
  const corrected = correctedResampledT(differences, { testToTrain: 0.25, resolution: 0 }, 0.05);
  // sqrt((1/5 + 1/4) / (1/5)) = 1.5
  expect((corrected.estimate - corrected.lower) / (plain.estimate - plain.lower)).toBeCloseTo(1.5, 10);
});

test('refuses a single split', () => {
  expect(() => correctedResampledT([0.1], { testToTrain: 0.25, resolution: 0 }, 0.05)).toThrow(RangeError);
});
