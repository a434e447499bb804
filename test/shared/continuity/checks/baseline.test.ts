import { expect, test } from 'vitest';
import { checkBaseline } from '../../../../shared/continuity/checks/baseline.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});

test('passes a candidate that beats the constant answer, with and without a champion', () => {
  // half of the labels are the majority class; the candidate is right on 95 % of all
  const evidence = evidenceOf([], { gains: 5, losses: 5, n: 200, bothWrong: 5 });
  const outcome = checkBaseline(evidence, policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.estimate).toBeCloseTo(0.45, 12);
  expect(outcome.detail).toContain("against always 'cat'");
  expect(checkBaseline(withoutChampion(evidence), policy)).toEqual(outcome);
});

test('fails a candidate that is worse than the constant answer', () => {
  const evidence = evidenceOf([], { gains: 0, losses: 140, n: 200 });
  expect(checkBaseline(evidence, policy).verdict).toBe('fail');
});

test('holds one that is about as good, and one seen on too few examples', () => {
  expect(checkBaseline(evidenceOf([], { gains: 0, losses: 98, n: 200 }), policy).verdict).toBe('hold');
  const small = checkBaseline(evidenceOf([], { gains: 0, losses: 0, n: 40 }), policy);
  expect(small.verdict).toBe('hold');
  expect(small.moreLabels?.n).toBe(60);
});

test('compares with the majority of the training data, not of the window', () => {
  const evidence = evidenceOf([], { gains: 0, losses: 0, n: 200 });
  const skewed = {
    ...evidence,
    windows: evidence.windows.map((window) => ({
      ...window,
      labels: window.labels.map((_, i) => (i < 180 ? 1 : 0)),
      candidate: window.candidate.map(() => 1),
    })),
  };
  expect(checkBaseline({ ...skewed, majority: 0 }, policy).parts?.[0]).toMatchObject({
    id: 'majority',
    verdict: 'pass',
  });
  expect(checkBaseline({ ...skewed, majority: 1 }, policy).parts?.[0]).toMatchObject({
    id: 'majority',
    verdict: 'hold',
  });
});
