import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PairedCounts } from '../../../../shared/continuity/statistics/interval.ts';
import { tangoInterval } from '../../../../shared/continuity/statistics/tango.ts';
import oracle from '../../../fixtures/continuity/intervals.json' with { type: 'json' };
import { drawCounts, ratesOf, seededRandom } from '../make-evidence.ts';

const Z_95 = 1.644_853_626_951_472;

describe('against published and independent values', () => {
  test('gives the interval of Fagerland, Lydersen & Laake for Cavo et al. 2012', () => {
    // R package contingencytables, tests/testthat/test-ch8.R: -0.0621 (95% CI -0.1240 to -0.0054), 6 and 16 of 161
    const { estimate, lower, upper } = tangoInterval({ gains: 6, losses: 16, n: 161 }, 0.025);
    expect([estimate, lower, upper].map((x) => x.toFixed(4))).toEqual(['-0.0621', '-0.1240', '-0.0054']);
  });

  test.each(oracle.tango)('agrees with a numerical likelihood: $gains and $losses of $n at $alpha', (row) => {
    const { estimate, lower, upper } = tangoInterval(row, row.alpha);
    expect(estimate).toBeCloseTo(row.estimate, 12);
    expect(lower).toBeCloseTo(row.lower, 6);
    expect(upper).toBeCloseTo(row.upper, 6);
  });

  test('is the score test inverted: differences inside are accepted, those outside refused', () => {
    for (const counts of [
      { gains: 3, losses: 9, n: 80 },
      { gains: 0, losses: 4, n: 60 },
      { gains: 11, losses: 0, n: 40 },
    ]) {
      const { lower, upper } = tangoInterval(counts, 0.05);
      for (let delta = -0.5; delta <= 0.5; delta += 0.01) {
        const accepted = Math.abs(gridScore(counts, delta)) < Z_95;
        if (Math.min(Math.abs(delta - lower), Math.abs(delta - upper)) < 1e-3) continue;
        expect(accepted, `delta ${delta} of ${JSON.stringify(counts)}`).toBe(delta > lower && delta < upper);
      }
    }
  });
});

/** The score statistic with the loss rate found by trying 20,000 of them. */
function gridScore({ gains, losses, n }: PairedCounts, delta: number): number {
  const from = Math.max(0, -delta);
  const to = (1 - delta) / 2;
  const part = (count: number, p: number): number => (count === 0 ? 0 : count * Math.log(p));
  let best = -Infinity;
  let loss = from;
  for (let i = 0; i <= 20_000; i++) {
    const q = from + ((to - from) * i) / 20_000;
    const value = part(losses, q) + part(gains, q + delta) + part(n - gains - losses, 1 - 2 * q - delta);
    if (value > best) [best, loss] = [value, q];
  }
  return (gains - losses - n * delta) / Math.sqrt(n * (2 * loss + delta - delta * delta));
}

describe('at the edges', () => {
  test('without any disagreement the width is that of the score interval of a rate of 0', () => {
    const { estimate, lower, upper } = tangoInterval({ gains: 0, losses: 0, n: 300 }, 0.05);
    const bound = Z_95 ** 2 / (300 + Z_95 ** 2);
    expect(estimate).toBe(0);
    expect(lower).toBeCloseTo(-bound, 12);
    expect(upper).toBeCloseTo(bound, 12);
  });

  test('when the candidate alone is always right the upper bound is 1, when always wrong the lower is -1', () => {
    expect(tangoInterval({ gains: 30, losses: 0, n: 30 }, 0.05).upper).toBe(1);
    expect(tangoInterval({ gains: 0, losses: 30, n: 30 }, 0.05).lower).toBe(-1);
  });

  test.each([
    { gains: 0, losses: 0, n: 0 },
    { gains: 3, losses: 3, n: 5 },
    { gains: -1, losses: 0, n: 5 },
  ])('refuses the impossible counts %j', (counts) => {
    expect(() => tangoInterval(counts, 0.05)).toThrow(RangeError);
  });
});

const counts = fc
  .tuple(fc.nat(400), fc.nat(400), fc.integer({ min: 1, max: 2_000 }))
  .map(([gains, losses, rest]) => ({ gains, losses, n: gains + losses + rest }));

test('the estimate lies between its bounds, all in [-1, 1]', () => {
  fc.assert(
    fc.property(counts, (table) => {
      const { estimate, lower, upper } = tangoInterval(table, 0.05);
      expect(-1 <= lower && lower <= estimate && estimate <= upper && upper <= 1).toBe(true);
    }),
  );
});

test('exchanging the models exchanges the bounds and their signs', () => {
  fc.assert(
    fc.property(counts, ({ gains, losses, n }) => {
      const there = tangoInterval({ gains, losses, n }, 0.05);
      const back = tangoInterval({ gains: losses, losses: gains, n }, 0.05);
      expect(there.lower).toBeCloseTo(-back.upper, 12);
      expect(there.upper).toBeCloseTo(-back.lower, 12);
    }),
  );
});

test('a stricter level widens the interval', () => {
  fc.assert(
    fc.property(counts, (table) => {
      const loose = tangoInterval(table, 0.1);
      const strict = tangoInterval(table, 0.01);
      expect(strict.lower <= loose.lower && strict.upper >= loose.upper).toBe(true);
    }),
  );
});

test.each([
  { n: 100, difference: -0.05, disagreement: 0.1 },
  { n: 500, difference: -0.01, disagreement: 0.05 },
  { n: 1_000, difference: 0.02, disagreement: 0.04 },
])('covers the true difference: each bound misses about 5 % of the time ($n, $difference)', (setting) => {
  const random = seededRandom(17);
  const rounds = 2_000;
  let above = 0;
  let below = 0;
  for (let i = 0; i < rounds; i++) {
    const table = drawCounts(ratesOf(setting.difference, setting.disagreement), setting.n, random);
    const { lower, upper } = tangoInterval(table, 0.05);
    if (lower > setting.difference) above++;
    if (upper < setting.difference) below++;
  }
  // 5 % with 2,000 rounds has a standard error of 0.5 points; the method itself is off by up to about 1.5
  for (const missed of [above / rounds, below / rounds]) {
    expect(missed).toBeGreaterThan(0.02);
    expect(missed).toBeLessThan(0.075);
  }
});
