import { expect, test } from 'vitest';
import { checkWorsened } from '../../../../shared/continuity/checks/worsened.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy.ts';
import { regressionOf } from '../make-regression.ts';

const policy = gatePolicySchema.parse({ tau: 1 });

/** The candidate is off by `error` on so many of the 2,400 examples, and exact on the others; the champion always is. */
function off(error: number, count: number) {
  const evidence = regressionOf(800, 1);
  let left = count;
  const windows = evidence.windows.map((window) => ({
    ...window,
    champion: window.targets.slice(),
    candidate: window.targets.map((target) => (left-- > 0 ? target + error : target)),
  }));
  return { ...evidence, windows };
}

test('a growth of exactly tau is not yet worse', () => {
  const exact = off(1, 300);
  const rounded = {
    ...exact,
    windows: exact.windows.map((window) => ({
      ...window,
      targets: window.targets.map(Math.round),
      champion: window.targets.map(Math.round),
      candidate: window.candidate.map(Math.round),
    })),
  };
  expect(checkWorsened(rounded, policy).estimate).toBe(0);
  expect(checkWorsened(off(1.5, 300), policy).estimate).toBeGreaterThan(0.1);
});

test('near the budget it holds, and says how many more labels would settle it', () => {
  const n = regressionOf(800, 1).windows.reduce((sum, { targets }) => sum + targets.length, 0);
  const check = checkWorsened(off(2, Math.round(0.045 * n)), policy);
  expect(check.verdict).toBe('hold');
  expect(check.moreLabels?.n).toBeGreaterThan(n);
  expect(check.moreLabels?.n).toBeLessThan(10 * n);
});
