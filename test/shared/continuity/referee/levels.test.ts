import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  divideLevel,
  levelOfNext,
  levelOfTrust,
  shareOf,
} from '../../../../shared/continuity/referee/levels.ts';

test('worked by hand: the first five questions without a promotion, of 5 %', () => {
  const levels = [0, 1, 2, 3, 4].map((tests) => levelOfNext(0.05, { tests, rejections: 0 }));
  // .66, then .34 / 2, / 6, / 12, / 20
  const expected = [0.033, 0.0085, 0.0028333, 0.0014167, 0.00085];
  for (const [i, level] of levels.entries()) expect(level).toBeCloseTo(expected[i] as number, 6);
});

test('shares of all questions there will ever be sum to 1', () => {
  let sum = 0;
  for (let t = 1; t <= 100_000; t++) sum += shareOf(t);
  // what is left after T questions is .34 / T
  expect(sum).toBeCloseTo(1 - 0.34 / 100_000, 10);
});

test('exam and referee together have what the question has', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-12, max: 1, noNaN: true }), (level) => {
      const { exam, referee } = divideLevel(level);
      expect(exam + referee).toBeCloseTo(level, 12);
      expect(Math.min(exam, referee)).toBeGreaterThan(0);
    }),
  );
});

test('a level is more than 0 and at most alpha, whatever was asked and answered', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-4, max: 0.5, noNaN: true }),
      fc.nat(1_000_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (alpha, tests, share) => {
        const level = levelOfNext(alpha, { tests, rejections: Math.floor(tests * share) });
        expect(level).toBeGreaterThan(0);
        expect(level).toBeLessThanOrEqual(alpha);
        expect(divideLevel(level).referee).toBeGreaterThan(0);
      },
    ),
  );
});

test('a promotion gives back: the next level is larger by one share', () => {
  const before = levelOfNext(0.05, { tests: 9, rejections: 0 });
  expect(levelOfNext(0.05, { tests: 9, rejections: 1 })).toBeCloseTo(2 * before, 12);
});

test('the n-th question costs no more than the logarithm of n', () => {
  const needed = (tests: number): number =>
    Math.log(1 / divideLevel(levelOfNext(0.05, { tests, rejections: 0 })).referee);
  for (const n of [10, 100, 1_000, 10_000])
    expect(needed(n) - needed(0)).toBeLessThan(2 * Math.log(n + 1) + 1);
});

test('trust that is earned, lost and earned again spends alpha over a life, and no more', () => {
  const levels = Array.from({ length: 10_000 }, (_, losses) => levelOfTrust(0.05, losses));
  expect(Math.min(...levels)).toBeGreaterThan(0);
  expect(levels).toEqual([...levels].sort((a, b) => b - a));
  const sum = levels.reduce((all, level) => all + level, 0);
  expect(sum).toBeLessThan(0.05);
  expect(sum).toBeCloseTo(0.05, 5);
});
