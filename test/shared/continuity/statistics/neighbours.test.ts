import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { neighbourShare } from '../../../../shared/continuity/statistics/neighbours.ts';
import { seededRandom } from '../make-evidence.ts';

/** An eighth of the values are 1; of every ten, each is with this probability what the first of them is. */
function tens(n: number, again: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  let first = 0;
  return Float64Array.from({ length: n }, (_, i) => {
    const own = random() < 1 / 8 ? 1 : 0;
    if (i % 10 === 0) first = own;
    return random() < again ? first : own;
  });
}

const meanShare = (n: number, again: number): number =>
  Array.from({ length: 60 }, (_, seed) => neighbourShare(tens(n, again, seed + 1))).reduce(
    (sum, share) => sum + share / 60,
    0,
  );

/** The first repeats too: 1 + (2 * 9 * again + 9 * 8 * again^2) / 10. */
const effectOf = (again: number): number => 1 + (18 * again + 72 * again ** 2) / 10;

describe('examples are worth 1 over what their neighbours add to the variance of a mean', () => {
  test.each([0.15, 0.3, 0.45])('tens of which %f repeat, at 5,000', (again) => {
    const share = meanShare(5_000, again);
    expect(share).toBeLessThan(1.1 / effectOf(again));
    expect(share).toBeGreaterThan(0.55 / effectOf(again));
  });

  test('independent values lose a few percent of their number', () => {
    expect(meanShare(500, 0)).toBeGreaterThan(0.88);
    expect(meanShare(5_000, 0)).toBeGreaterThan(0.95);
  });
});

test('values that do not vary, or are few, are worth what they are', () => {
  expect(neighbourShare(new Float64Array(500))).toBe(1);
  expect(neighbourShare(new Float64Array(0))).toBe(1);
  expect(neighbourShare(tens(30, 0, 1))).toBe(1);
});

test('a share lies in (0, 1], whatever the series', () => {
  const series = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 300 });
  fc.assert(
    fc.property(series, (values) => {
      const share = neighbourShare(Float64Array.from(values));
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThanOrEqual(1);
    }),
  );
});
