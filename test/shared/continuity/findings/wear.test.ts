import { expect, test } from 'vitest';
import {
  decisionsLeft,
  expectedAdmissions,
  levelFor,
  mostDecisions,
  spentLevel,
} from '../../../../shared/continuity/findings/wear.ts';

test('the k-th decision is taken at alpha / k', () => {
  expect(spentLevel(0.05, 0)).toBe(0.05);
  expect(spentLevel(0.05, 1)).toBe(0.025);
  expect(spentLevel(0.05, 364)).toBeCloseTo(0.05 / 365, 12);
});

test('a year of decisions spends 0.32, where alpha each night spends 18', () => {
  expect(expectedAdmissions(0.05, 365)).toBeCloseTo(0.05 * (Math.log(365) + 0.577_216), 3);
  expect(expectedAdmissions(0.05, 0)).toBe(0);
});

test('several windows are as worn as the most worn; one without a count is fresh', () => {
  expect(mostDecisions([{ decisions: 3 }, {}, { decisions: 9 }])).toBe(9);
  expect(mostDecisions([{}])).toBe(0);
  expect(levelFor([{ decisions: 3 }, { decisions: 9 }], { alpha: 0.05, guarded: true })).toBeCloseTo(
    0.005,
    12,
  );
  expect(levelFor([{ decisions: 9 }], { alpha: 0.05, guarded: false })).toBe(0.05);
});

test('what is left falls by one with every decision, to 0 for a window too small at any level', () => {
  const counts = { gains: 10, losses: 10, n: 1_000 };
  const left = decisionsLeft(counts, 0.012, 0.05, 0);
  expect(left).toBeGreaterThan(2);
  expect(left).toBeLessThan(100);
  expect(decisionsLeft(counts, 0.012, 0.05, 2)).toBe(left - 2);
  expect(decisionsLeft(counts, 0.012, 0.05, left)).toBe(0);
  expect(decisionsLeft({ gains: 10, losses: 10, n: 200 }, 0.01, 0.05, 0)).toBe(0);
});

test('a large window outlasts ten years', () => {
  expect(decisionsLeft({ gains: 250, losses: 250, n: 10_000 }, 0.05, 0.05, 0)).toBe(3_650);
});
