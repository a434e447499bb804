import { expect, test } from 'vitest';
import { checkPastMean } from '../../../../shared/continuity/checks/past-mean.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { type Counts, evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});
const current = { gains: 0, losses: 300, n: 500 };
const same = { gains: 5, losses: 5, n: 1_000 };

test('passes when the past is kept, whatever happens on the current window', () => {
  const outcome = checkPastMean(evidenceOf([same, same, same], current), policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.n).toBe(3_000);
  expect(outcome.margin).toBe(-0.01);
});

test('fails when the past is lost on average', () => {
  const lost = { gains: 5, losses: 65, n: 1_000 };
  expect(checkPastMean(evidenceOf([lost, lost, same], current), policy).verdict).toBe('fail');
});

test('gives every window the same weight, however large', () => {
  const outcome = checkPastMean(
    evidenceOf(
      [
        { gains: 0, losses: 50, n: 500 },
        { gains: 0, losses: 0, n: 5_000 },
      ],
      current,
    ),
    policy,
  );
  expect(outcome.estimate).toBeCloseTo(-0.05, 12);
});

test('a mean that straddles its margin, or a past that is small, is told and waits for nothing', () => {
  const noisy = checkPastMean(evidenceOf([{ gains: 12, losses: 12, n: 300 }], current), policy);
  expect(noisy).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
  expect(noisy.moreLabels).toBeUndefined();
  const small = checkPastMean(evidenceOf([{ gains: 0, losses: 0, n: 80 }], current), policy);
  expect(small).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
});

test('a loss of the mean is paid for by a gain on what comes in of a quarter of it, each window fading with its age', () => {
  const lost = { gains: 0, losses: 40, n: 1_000 };
  const decide = (past: readonly Counts[], gains: number) =>
    checkPastMean(evidenceOf(past, { gains, losses: 0, n: 1_000 }), policy);
  expect(decide([lost, lost], 9)).toMatchObject({
    verdict: 'fail',
    detail: expect.stringContaining('the exchange asks for 1.0 points: not paid for'),
  });
  expect(decide([lost, lost], 10).verdict).toBe('pass');
  // 2 ** (-1 / 4) of the weight is the older window's: 4 points lost there ask for 0.25 * 4 * 0.841 / 1.841
  expect(decide([lost, same], 0).detail).toContain('the exchange asks for 0.5 points');
});

test('skips without past windows and without a champion', () => {
  expect(checkPastMean(evidenceOf([], current), policy).detail).toBe('there are no past windows yet');
  expect(checkPastMean(withoutChampion(evidenceOf([same], current)), policy).verdict).toBe('skip');
});
