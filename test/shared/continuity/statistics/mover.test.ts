import { expect, test } from 'vitest';
import { moverMean } from '../../../../shared/continuity/statistics/mover.ts';
import { tangoInterval } from '../../../../shared/continuity/statistics/tango.ts';
import oracle from '../../../fixtures/continuity/intervals.json' with { type: 'json' };
import { drawCounts, ratesOf, seededRandom } from '../make-evidence.ts';

test('gives the limits worked by hand for two quantities', () => {
  // mean 0.2; below: sqrt(0.03^2 + 0.04^2) / 2 = 0.025; above: sqrt(0.06^2 + 0.08^2) / 2 = 0.05
  const mean = moverMean([
    { estimate: 0.1, lower: 0.07, upper: 0.16 },
    { estimate: 0.3, lower: 0.26, upper: 0.38 },
  ]);
  expect(mean.estimate).toBeCloseTo(0.2, 12);
  expect(mean.lower).toBeCloseTo(0.175, 12);
  expect(mean.upper).toBeCloseTo(0.25, 12);
});

test.each(oracle.mover)(
  'agrees with the formula in Python over $tables',
  ({ tables, alpha, ...expected }) => {
    const mean = moverMean(
      tables.map(([gains = 0, losses = 0, n = 0]) => tangoInterval({ gains, losses, n }, alpha)),
    );
    expect(mean.estimate).toBeCloseTo(expected.estimate, 12);
    expect(mean.lower).toBeCloseTo(expected.lower, 6);
    expect(mean.upper).toBeCloseTo(expected.upper, 6);
  },
);

test('of one quantity is that quantity', () => {
  const one = { estimate: 0.1, lower: 0.07, upper: 0.16 };
  const mean = moverMean([one]);
  expect(mean.lower).toBeCloseTo(one.lower, 12);
  expect(mean.upper).toBeCloseTo(one.upper, 12);
});

test('refuses an empty list', () => {
  expect(() => moverMean([])).toThrow(RangeError);
});

test('covers the true mean difference: each bound misses about 5 % of the time', () => {
  const random = seededRandom(23);
  const differences = [-0.04, -0.01, 0, 0.01, 0.03];
  const mean = differences.reduce((sum, d) => sum + d, 0) / differences.length;
  const rounds = 1_500;
  let above = 0;
  let below = 0;
  for (let i = 0; i < rounds; i++) {
    const parts = differences.map((d, k) => drawCounts(ratesOf(d, 0.06), 200 + 100 * k, random));
    const { lower, upper } = moverMean(parts.map((counts) => tangoInterval(counts, 0.05)));
    if (lower > mean) above++;
    if (upper < mean) below++;
  }
  for (const missed of [above / rounds, below / rounds]) {
    expect(missed).toBeGreaterThan(0.025);
    expect(missed).toBeLessThan(0.07);
  }
});
