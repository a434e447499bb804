import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createNumberSet } from '../../../trainer/data-import/number-set.ts';

it('holds what a Set holds, however it grows and whatever lies close together', () => {
  const value = fc.oneof(
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 2 ** 30 }).map((n) => n * 1_024),
    fc.maxSafeNat().filter((n) => n > 0),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 3_000 }), (values) => {
      const [own, set] = [createNumberSet(), new Set<number>()];
      for (const each of values) {
        expect(own.add(each)).toBe(!set.has(each));
        set.add(each);
      }
      expect(own.size()).toBe(set.size);
    }),
    { numRuns: 30 },
  );
});
