import { expect, test } from 'vitest';
import { growthToSettle } from '../../../../shared/continuity/statistics/growth.ts';
import { levelForPower, upperNormalPoint } from '../../../../shared/continuity/statistics/normal.ts';
import { tangoInterval } from '../../../../shared/continuity/statistics/tango.ts';
import { drawCounts, ratesOf, seededRandom } from '../make-evidence.ts';

test('normal points are those of the tables', () => {
  expect(upperNormalPoint(0.05)).toBeCloseTo(1.644_853_627, 8);
  expect(upperNormalPoint(0.025)).toBeCloseTo(1.959_963_985, 8);
  // 1.644854 + 0.841621 = 2.486475
  expect(upperNormalPoint(levelForPower(0.05, 0.8))).toBeCloseTo(2.486_474_86, 6);
});

test('finds the factor at which the answer turns', () => {
  expect(growthToSettle((factor) => factor >= 3.7)).toBeCloseTo(3.7, 2);
  expect(growthToSettle((factor) => factor >= 1.2)).toBeCloseTo(1.2, 2);
});

test('gives up where no number of labels would do', () => {
  expect(growthToSettle(() => false)).toBeNull();
});

test('the forecast sample settles the question about four times in five', () => {
  const line = -0.01;
  const rates = ratesOf(0.005, 0.05);
  const level = levelForPower(0.05, 0.8);
  const n = 100;
  const factor = growthToSettle(
    (factor) =>
      tangoInterval({ gains: rates.gain * n * factor, losses: rates.loss * n * factor, n: n * factor }, level)
        .lower > line,
  );
  expect(factor).not.toBeNull();

  const random = seededRandom(3);
  const rounds = 600;
  let settled = 0;
  for (let i = 0; i < rounds; i++) {
    const counts = drawCounts(rates, Math.ceil(n * (factor ?? 0)), random);
    if (tangoInterval(counts, 0.05).lower > line) settled++;
  }
  expect(settled / rounds).toBeGreaterThan(0.74);
  expect(settled / rounds).toBeLessThan(0.88);
});
