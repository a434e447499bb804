import { expect, test } from 'vitest';
import {
  levelForPower,
  upperNormalPoint,
  upperNormalTail,
  upperStudentPoint,
} from '../../../../shared/continuity/statistics/normal.ts';

test('gives the tabled points of the normal and of Student', () => {
  expect(upperNormalPoint(0.05)).toBeCloseTo(1.644_854, 6);
  expect(upperNormalPoint(0.025)).toBeCloseTo(1.959_964, 6);
  expect(upperStudentPoint(0.05, 9)).toBeCloseTo(1.833_113, 5);
  expect(upperStudentPoint(0.025, 4)).toBeCloseTo(2.776_445, 5);
});

test('a point and its tail undo each other, far out too', () => {
  for (const alpha of [0.4, 0.05, 1e-4, 1e-8])
    expect(upperNormalTail(upperNormalPoint(alpha)) / alpha).toBeCloseTo(1, 5);
});

test('the level for 80 % power adds the points: 1.645 + 0.842', () => {
  expect(levelForPower(0.05, 0.8)).toBeCloseTo(upperNormalTail(1.644_854 + 0.841_621), 6);
});
