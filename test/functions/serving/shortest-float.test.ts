import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortestFloat } from '../../../functions/serving/shortest-float.ts';

test('the short form of a float32 is the same float32, and never longer', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const short = shortestFloat(value);
      expect(Math.fround(short) === value).toBe(true);
      expect(String(short).length).toBeLessThanOrEqual(String(value).length);
    }),
  );
  expect(shortestFloat(Math.fround(0.1))).toBe(0.1);
});

/** The definition, by way of texts. */
function byText(value: number): number {
  const digits = [6, 7, 8, 9].find((n) => Math.fround(Number(value.toPrecision(n))) === value) ?? 9;
  return Number(value.toPrecision(digits));
}

test('it has no digit more than the shortest text that is still the number', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(String(shortestFloat(value)).length).toBe(String(byText(value)).length);
    }),
    { numRuns: 2_000 },
  );
  for (const value of [0, 1, 1e-45, 1.1754943508222875e-38, 3.4028234663852886e38, 2 ** -14, 999_999.9375]) {
    expect([value, shortestFloat(value)]).toEqual([value, byText(value)]);
  }
  for (const value of [NaN, Infinity, -Infinity]) expect(shortestFloat(value)).toBe(value);
});
