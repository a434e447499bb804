import { describe, expect, test } from 'vitest';
import { checkCurrentWindow } from '../../../../shared/continuity/checks/current-window.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
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
  expect(outcome.moreLabels?.where).toBe('what comes in');
  expect(outcome.detail).toContain('left to the referee: what comes in will judge it, in about');
  const n = outcome.moreLabels?.n ?? 0;
  // (1.645 + 0.842)^2 * disagreement / margin^2 = 3,297
  expect(n).toBeGreaterThan(3_250);
  expect(n).toBeLessThan(3_500);
});

describe('a window too small for the margin', () => {
  const small = (n: number, change = {}) =>
    checkCurrentWindow({ ...evidenceOf([], { gains: 0, losses: 0, n }), ...change }, policy);

  test('is left to the referee, however good it looks, with the labels that the margin asks for', () => {
    expect(small(267)).toMatchObject({ verdict: 'hold', moreLabels: { n: 268, where: 'what comes in' } });
    expect(small(267).detail).toContain('a margin of 1.0 points cannot be shown by fewer than 268 examples');
    expect(small(268).verdict).toBe('pass');
    expect(checkCurrentWindow(evidenceOf([], { gains: 50, losses: 0, n: 99 }), policy).verdict).toBe('hold');
  });

  test('is larger where the level is nearly spent, and as the policy asks', () => {
    expect(small(1_000, { level: 0.0005 })).toMatchObject({ verdict: 'hold', moreLabels: { n: 1_072 } });
    expect(small(1_072, { level: 0.0005 }).verdict).toBe('pass');
    const owners = gatePolicySchema.parse({ minimum: { current: 400 } });
    expect(checkCurrentWindow(evidenceOf([], { gains: 0, losses: 0, n: 399 }), owners).detail).toContain(
      'the policy asks for 400 examples, and there are 399',
    );
  });

  test('is refused all the same where it is shown to be worse', () => {
    const worst = { gains: 0, losses: 30, n: 60 };
    expect(checkCurrentWindow(evidenceOf([], worst), policy).verdict).toBe('fail');
    expect(checkCurrentWindow({ ...evidenceOf([], worst), level: 1e-7 }, policy).verdict).toBe('fail');
  });

  test('of which nothing is left to show anything by holds', () => {
    const spent = checkCurrentWindow({ ...evidenceOf([], better), level: 0 }, policy);
    expect(spent.verdict).toBe('hold');
    expect(spent.detail).toContain('nothing is left of the level');
  });

  test('must pass an exact test where improvement is asked and few answers differ', () => {
    const gained = (gains: number) =>
      checkCurrentWindow(evidenceOf([], { gains, losses: 0, n: 400 }), strict);
    expect(gained(4).verdict).toBe('hold');
    expect(gained(5).verdict).toBe('pass');
  });
});

test('skips without a champion', () => {
  expect(checkCurrentWindow(withoutChampion(evidenceOf([], equal)), policy).verdict).toBe('skip');
});
