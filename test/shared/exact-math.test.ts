import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cosineOfDegrees, exponential, naturalLog, sineOfDegrees } from '../../shared/exact-math.ts';

const angle = fc.double({ min: -720, max: 720, noNaN: true });

describe('mathematics of our own', () => {
  test('sine and cosine are those of the engine, within their last digits', () => {
    fc.assert(
      fc.property(angle, (degrees) => {
        // The engine is asked for an angle that has been reduced: a large one has lost digits as radians.
        const reduced = ((degrees % 360) * Math.PI) / 180;
        expect(Math.abs(sineOfDegrees(degrees) - Math.sin(reduced))).toBeLessThan(2e-15);
        expect(Math.abs(cosineOfDegrees(degrees) - Math.cos(reduced))).toBeLessThan(2e-15);
      }),
    );
  });

  test('quarter turns are exact', () => {
    const angles = [-270, -180, -90, 0, 90, 180, 270, 360, 450];
    expect(angles.map((at) => sineOfDegrees(at) + 0)).toEqual([1, 0, -1, 0, 1, 0, -1, 0, 1]);
    expect(angles.map((at) => cosineOfDegrees(at) + 0)).toEqual([0, -1, 0, 1, 0, -1, 0, 1, 0]);
    expect(sineOfDegrees(30)).toBeCloseTo(0.5, 15);
  });

  test('logarithm and exponential are those of the engine, within their last digits', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        expect(Math.abs(naturalLog(x) - Math.log(x))).toBeLessThanOrEqual(
          1e-15 * Math.max(1, Math.abs(Math.log(x))),
        );
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-15);
      }),
    );
    expect(naturalLog(1)).toBe(0);
    expect(exponential(0)).toBe(1);
    expect(exponential(-1_000)).toBe(0);
  });

  test('the logarithm near 1 keeps its digits', () => {
    for (const step of [1e-3, 1e-6, 1e-9]) {
      expect(Math.abs(naturalLog(1 + step) / Math.log1p(1 + step - 1) - 1)).toBeLessThan(1e-15);
    }
  });
});
