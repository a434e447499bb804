import { describe, expect, test } from 'vitest';
import {
  compareGravity,
  gravestOf,
  judgeInterval,
  plainFinding,
  unitOf,
} from '../../../../shared/continuity/findings/check-result.ts';
import type { CheckVerdict, Finding } from '../../../../shared/continuity/findings/check-result.ts';

const finding = (
  verdict: CheckVerdict,
  lower: number,
  upper: number,
  margin: number,
  passes: 'above' | 'below' = 'above',
): Finding => ({
  estimate: (lower + upper) / 2,
  lower,
  upper,
  margin,
  passes,
  n: 10,
  verdict,
  detail: '',
});

describe('judgeInterval', () => {
  test.each([
    [0.02, 0.04, 0.01, 'above', 'pass'],
    [0.01, 0.04, 0.01, 'above', 'hold'],
    [-0.04, 0.009, 0.01, 'above', 'fail'],
    [-0.04, 0.01, 0.01, 'above', 'hold'],
    [0, 0.05, 0.05, 'below', 'pass'],
    [0.01, 0.06, 0.05, 'below', 'hold'],
    [0.05, 0.06, 0.05, 'below', 'hold'],
    [0.051, 0.06, 0.05, 'below', 'fail'],
    [Number.NaN, Number.NaN, 0.05, 'below', 'hold'],
    [Number.NaN, Number.NaN, 0.05, 'above', 'hold'],
  ] as const)('[%d, %d] against %d, passing %s: %s', (lower, upper, margin, passes, expected) => {
    expect(judgeInterval({ estimate: 0, lower, upper }, margin, passes)).toBe(expected);
  });
});

describe('gravity', () => {
  const order = (findings: Finding[]) => findings.toSorted(compareGravity);

  test('puts fail before hold before pass before skip', () => {
    const sorted = order(
      ['skip', 'pass', 'fail', 'hold'].map((verdict) => plainFinding(verdict as CheckVerdict, '')),
    );
    expect(sorted.map(({ verdict }) => verdict)).toEqual(['fail', 'hold', 'pass', 'skip']);
  });

  test('counts failures in margins, whatever their unit', () => {
    const latency = finding('fail', 3, 3.2, 1.5, 'below'); // one margin beyond
    const recall = finding('fail', -0.2, -0.15, -0.05); // two margins beyond
    const points = finding('fail', -0.03, -0.025, 0); // two and a half points
    expect(order([latency, recall, points])).toEqual([points, recall, latency]);
  });

  test('puts what has no numbers first among equals', () => {
    const facts = plainFinding('fail', 'facts');
    expect(order([finding('fail', -0.2, -0.15, -0.05), facts])[0]).toBe(facts);
  });

  test('counts a hold by the bound that would have to clear', () => {
    const [close, far] = [finding('hold', -0.02, 0, -0.01), finding('hold', -0.05, 0, -0.01)];
    expect(order([close, far])).toEqual([far, close]);
  });
});

test('a check over parts shows the gravest, counts all examples, and refuses to have none', () => {
  const parts = [
    { id: 'a', ...finding('pass', 0, 1, -0.1) },
    { id: 'b', ...finding('hold', -0.2, 1, -0.1) },
  ];
  expect(gravestOf(parts, 'things')).toMatchObject({
    verdict: 'hold',
    n: 20,
    detail: ' (gravest of 2 things)',
    parts,
  });
  expect(() => gravestOf([], 'things')).toThrow(RangeError);
});

test('the unit is points for what must be above, percent for what must be below, unless it says so', () => {
  expect(unitOf(finding('pass', 0, 1, 0))).toBe('points');
  expect(unitOf(finding('pass', 0, 1, 0, 'below'))).toBe('percent');
  expect(unitOf({ ...finding('pass', 0, 1, 0), unit: 'ratio' })).toBe('ratio');
});
