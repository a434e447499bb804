import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clopperPearson } from '../../../../shared/continuity/statistics/clopper-pearson.ts';
import oracle from '../../../fixtures/continuity/intervals.json' with { type: 'json' };
import { seededRandom } from '../make-evidence.ts';

describe('against published and independent values', () => {
  // Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 5
  test.each([
    [81, 263, 0.2527, 0.3676],
    [15, 148, 0.0578, 0.1617],
    [0, 20, 0, 0.1684],
    [1, 29, 0.0009, 0.1776],
  ])('gives the limits of Newcombe 1998 for %i of %i', (count, n, lower, upper) => {
    const interval = clopperPearson(count, n, 0.025);
    expect(interval.lower).toBeCloseTo(lower, 4);
    expect(interval.upper).toBeCloseTo(upper, 4);
  });

  test.each(oracle.clopperPearson)('agrees with scipy: $count of $n at $alpha', (row) => {
    const { estimate, lower, upper } = clopperPearson(row.count, row.n, row.alpha);
    expect(estimate).toBeCloseTo(row.estimate, 12);
    expect(lower).toBeCloseTo(row.lower, 8);
    expect(upper).toBeCloseTo(row.upper, 8);
  });

  test('at a bound, the exact binomial tail has probability alpha', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), (n, pick) => {
        const count = 1 + (pick % (n - 1));
        const { lower, upper } = clopperPearson(count, n, 0.05);
        expect(binomialTail(count, n, lower)).toBeCloseTo(0.05, 6);
        expect(1 - binomialTail(count + 1, n, upper)).toBeCloseTo(0.05, 6);
      }),
    );
  });
});

/** P(X >= count) by summing the binomial probabilities. */
function binomialTail(count: number, n: number, p: number): number {
  let log = n * Math.log1p(-p);
  let tail = 0;
  for (let k = 0; k <= n; k++) {
    if (k >= count) tail += Math.exp(log);
    log += Math.log((n - k) / (k + 1)) + Math.log(p) - Math.log1p(-p);
  }
  return tail;
}

test('has no room below none and above all', () => {
  expect(clopperPearson(0, 50, 0.05).lower).toBe(0);
  expect(clopperPearson(50, 50, 0.05).upper).toBe(1);
});

test.each([
  [0, 0],
  [-1, 10],
  [11, 10],
  [Number.NaN, 10],
])('refuses %d of %d', (count, n) => {
  expect(() => clopperPearson(count, n, 0.05)).toThrow(RangeError);
});

test('each bound misses the true rate at most 5 % of the time', () => {
  const random = seededRandom(5);
  const [n, rate, rounds] = [200, 0.05, 2_000];
  let missedAbove = 0;
  let missedBelow = 0;
  for (let i = 0; i < rounds; i++) {
    let count = 0;
    for (let k = 0; k < n; k++) if (random() < rate) count++;
    const { lower, upper } = clopperPearson(count, n, 0.05);
    if (lower > rate) missedAbove++;
    if (upper < rate) missedBelow++;
  }
  expect(missedAbove / rounds).toBeLessThanOrEqual(0.065);
  expect(missedBelow / rounds).toBeLessThanOrEqual(0.065);
  expect(missedAbove + missedBelow).toBeGreaterThan(0);
});
