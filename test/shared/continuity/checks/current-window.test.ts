import { expect, test } from 'vitest';
import { checkCurrentWindow } from '../../../../shared/continuity/checks/current-window.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy.ts';
import { tangoInterval } from '../../../../shared/continuity/statistics/tango.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});
const strict = gatePolicySchema.parse({ require: 'improvement' });
const equal = { gains: 10, losses: 10, n: 2_000 };
const better = { gains: 60, losses: 20, n: 2_000 };
const worse = { gains: 10, losses: 90, n: 2_000 };

test('passes a candidate shown to be no worse by the margin, with the interval of Tango', () => {
  const outcome = checkCurrentWindow(evidenceOf([], equal), policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.margin).toBe(-0.01);
  expect(outcome).toMatchObject(tangoInterval(equal, 0.05));
});

test('where improvement is required, equality holds and a gain passes', () => {
  expect(checkCurrentWindow(evidenceOf([], equal), strict).verdict).toBe('hold');
  expect(checkCurrentWindow(evidenceOf([], better), strict).verdict).toBe('pass');
});

test('fails a candidate shown to be worse, and says so with numbers', () => {
  const outcome = checkCurrentWindow(evidenceOf([{ gains: 99, losses: 0, n: 500 }], worse), policy);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toMatch(
    /^window now: candidate 4\.0 points worse, 95 % upper bound −3\.\d, margin −1\.0 \(McNemar p < 0\.001\)$/,
  );
});

test('holds what straddles the margin, with the labels that would settle it', () => {
  const outcome = checkCurrentWindow(evidenceOf([], { gains: 8, losses: 8, n: 300 }), policy);
  expect(outcome.verdict).toBe('hold');
  expect(outcome.moreLabels?.where).toBe('window now');
  const n = 300 + (outcome.moreLabels?.n ?? 0);
  // (1.645 + 0.842)^2 * disagreement / margin^2 = 3,297
  expect(n).toBeGreaterThan(3_250);
  expect(n).toBeLessThan(3_500);
});

test('holds when the window is smaller than the minimum, however good it looks', () => {
  const outcome = checkCurrentWindow(evidenceOf([], { gains: 50, losses: 0, n: 99 }), policy);
  expect(outcome).toMatchObject({ verdict: 'hold', estimate: null, moreLabels: { n: 1 } });
});

test('skips without a champion', () => {
  expect(checkCurrentWindow(withoutChampion(evidenceOf([], equal)), policy).verdict).toBe('skip');
});
