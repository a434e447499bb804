import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  advancePlateau,
  followContinuity,
  PLATEAU_START,
  rateAt,
  type RateSchedule,
} from '../../../trainer/training/rate.ts';

const SCHEDULE: RateSchedule = { learningRate: 0.01, warmupSteps: 0, totalSteps: 100, kind: 'constant' };

describe('the schedule', () => {
  test('stays where it is when it is constant', () => {
    expect([0, 50, 99].map((step) => rateAt(step, SCHEDULE))).toEqual([0.01, 0.01, 0.01]);
  });

  test('rises in equal parts to the rate itself', () => {
    const rates = [0, 1, 2, 3, 4].map((step) => rateAt(step, { ...SCHEDULE, warmupSteps: 4 }));
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo((0.01 * (i + 1)) / 5, 12);
  });

  test('follows half a cosine from the end of the warm-up to nothing', () => {
    const schedule: RateSchedule = { ...SCHEDULE, warmupSteps: 20, kind: 'cosine' };
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 100 }), (step) => {
        const expected = 0.005 * (1 + Math.cos((Math.PI * (step - 20)) / 80));
        expect(rateAt(step, schedule)).toBeCloseTo(expected, 10);
      }),
    );
    expect(rateAt(20, schedule)).toBeCloseTo(0.01, 10);
    expect(rateAt(100, schedule)).toBeCloseTo(0, 10);
  });

  test('does not rise again after its end', () => {
    expect(rateAt(250, { ...SCHEDULE, kind: 'cosine' })).toBeCloseTo(0, 10);
  });
});

describe('the plateau', () => {
  const POLICY = { factor: 0.5, patience: 2 };
  const follow = (losses: readonly number[]) =>
    losses.reduce((state, loss) => advancePlateau(state, loss, POLICY), PLATEAU_START);

  test('leaves the rate alone while the loss falls', () => {
    expect(follow([3, 2, 1]).factor).toBe(1);
  });

  test('halves the rate after two epochs without a better loss, and again after two more', () => {
    expect(follow([1, 1]).factor).toBe(1);
    expect(follow([1, 1, 2]).factor).toBe(0.5);
    expect(follow([1, 1, 2, 3]).factor).toBe(0.5);
    expect(follow([1, 1, 2, 3, 4]).factor).toBe(0.25);
  });

  test('begins to wait again after a better loss', () => {
    expect(follow([1, 1, 0.5, 0.6]).factor).toBe(1);
  });

  test('never brings the rate to nothing', () => {
    expect(follow(Array.from({ length: 100 }, () => 1)).factor).toBe(1 / 64);
  });
});

describe('the rate that follows continuity', () => {
  const POLICY = { factor: 0.5, tolerance: 0.1 };

  test('falls when one past window rises above where the champion had it', () => {
    expect(followContinuity(1, [1.05, 2.1], [1, 2], POLICY)).toBe(1);
    expect(followContinuity(1, [0.5, 2.3], [1, 2], POLICY)).toBe(0.5);
    expect(followContinuity(0.5, [0.5, 2.3], [1, 2], POLICY)).toBe(0.25);
  });

  test('does not fall to nothing', () => {
    expect(followContinuity(1 / 64, [2], [1], POLICY)).toBe(1 / 64);
  });

  test('has nothing to say without past windows', () => {
    expect(followContinuity(1, [], [], POLICY)).toBe(1);
  });
});
