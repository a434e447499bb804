import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fewestExamples, promotionLevel } from '../../../../shared/continuity/policy/level.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { mcnemarExact } from '../../../../shared/continuity/statistics/mcnemar.ts';
import { tangoInterval } from '../../../../shared/continuity/statistics/tango.ts';

test("what a promotion rests on is judged at the evidence's level, or the policy's alpha", () => {
  const policy = gatePolicySchema.parse({});
  expect(promotionLevel({}, policy)).toBe(0.05);
  expect(promotionLevel({ level: 0.002 }, policy)).toBe(0.002);
  expect(promotionLevel({ level: 0 }, policy)).toBe(0);
});

test('a margin of one point takes 268 examples at 5 %', () => {
  expect(fewestExamples(-0.01, 0.05)).toBe(268);
});

test("is the smallest sample of which Tango's bound, or the sign test, can clear the line at all", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.002, max: 0.5, noNaN: true }),
      fc.double({ min: 1e-6, max: 0.4, noNaN: true }),
      (margin, level) => {
        const n = fewestExamples(-margin, level);
        const clears = (size: number) =>
          tangoInterval({ gains: 0, losses: 0, n: size }, level).lower > -margin;
        expect(clears(n)).toBe(true);
        if (n > 1) expect(clears(n - 1)).toBe(false);
        const gains = fewestExamples(0, level);
        expect(mcnemarExact({ gains, losses: 0 }).better).toBeLessThanOrEqual(level * (1 + 1e-6));
        if (gains > 1) expect(mcnemarExact({ gains: gains - 1, losses: 0 }).better).toBeGreaterThan(level);
      },
    ),
  );
});
