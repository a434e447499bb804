import { expect, test } from 'vitest';
import { mcnemarExact } from '../../../../shared/continuity/statistics/mcnemar.ts';
import oracle from '../../../fixtures/continuity/statistics.json' with { type: 'json' };

test.each(oracle.mcnemar)(
  'agrees with the binomial test: $gains and $losses',
  ({ gains, losses, ...expected }) => {
    const p = mcnemarExact({ gains, losses, n: gains + losses });
    expect(p.better).toBeCloseTo(expected.better, 7);
    expect(p.worse).toBeCloseTo(expected.worse, 7);
    expect(p.twoSided).toBeCloseTo(expected.twoSided, 7);
  },
);

test('does not depend on how many examples the models agree on', () => {
  expect(mcnemarExact({ gains: 4, losses: 9, n: 13 })).toEqual(
    mcnemarExact({ gains: 4, losses: 9, n: 9_000 }),
  );
});

test.each([
  { gains: 1.5, losses: 2, n: 10 },
  { gains: 1, losses: -2, n: 10 },
])('refuses counts that are not whole: %j', (counts) => {
  expect(() => mcnemarExact(counts)).toThrow(RangeError);
});
