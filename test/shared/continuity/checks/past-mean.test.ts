import { expect, test } from 'vitest';
import { checkPastMean } from '../../../../shared/continuity/checks/past-mean.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

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

test('holds while the mean straddles its margin, or the past is too small', () => {
  const noisy = checkPastMean(evidenceOf([{ gains: 12, losses: 12, n: 300 }], current), policy);
  expect(noisy.verdict).toBe('hold');
  expect(noisy.moreLabels?.n).toBeGreaterThan(1_000);
  const small = checkPastMean(evidenceOf([{ gains: 0, losses: 0, n: 80 }], current), policy);
  expect(small).toMatchObject({ verdict: 'hold', moreLabels: { n: 170, where: 'past windows' } });
});

test('skips without past windows and without a champion', () => {
  expect(checkPastMean(evidenceOf([], current), policy).detail).toBe('there are no past windows yet');
  expect(checkPastMean(withoutChampion(evidenceOf([same], current)), policy).verdict).toBe('skip');
});
