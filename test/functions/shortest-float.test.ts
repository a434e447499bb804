import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortestFloat } from '../../functions/shortest-float.ts';

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
