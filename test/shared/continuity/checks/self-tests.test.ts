import { expect, test } from 'vitest';
import { checkErrorSelfTests, checkSelfTests } from '../../../../shared/continuity/checks/self-tests.ts';
import { checkCurrentWindow } from '../../../../shared/continuity/checks/current-window.ts';
import { checkNegativeFlips } from '../../../../shared/continuity/checks/negative-flips.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';
import { regressionOf, withoutRegressionChampion } from '../make-regression.ts';

const policy = gatePolicySchema.parse({});
const kept = { gains: 10, losses: 10, n: 1_000 };
const evidence = evidenceOf([kept], { gains: 30, losses: 10, n: 1_000, bothWrong: 50 });

test('passes: the champion against itself shows nothing, and a broken candidate is refused', () => {
  const outcome = checkSelfTests(evidence, policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.parts?.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['champion against itself', 'pass'],
    ['broken candidate', 'pass'],
    ['reported', 'skip'],
  ]);
});

test('fails when a candidate that is always wrong would get through', () => {
  // a champion that is seldom right, and margins that bear it
  const seldom = evidenceOf([], { gains: 0, losses: 0, n: 1_000, bothWrong: 880 });
  const lax = gatePolicySchema.parse({
    margins: { current: 0.5, worstWindow: 0.5 },
    budgets: { negativeFlips: 0.5, sliceFlips: 0.5 },
  });
  const outcome = checkSelfTests(seldom, lax);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain('always wrong would get through');
});

test('fails where the judge that a promotion rests on passes everything', () => {
  const blind = () => ({ ...checkCurrentWindow(evidence, policy), estimate: 0 });
  expect(checkSelfTests(evidence, policy, [blind]).verdict).toBe('fail');
  expect(checkSelfTests(evidence, policy, [blind, checkNegativeFlips]).verdict).toBe('pass');
});

test('a champion that is never right can be replaced: the broken candidate must be told from one that always is', () => {
  const never = evidenceOf([], { gains: 0, losses: 0, n: 3_000, bothWrong: 3_000 });
  expect(checkSelfTests(never, policy).verdict).toBe('pass');
});

test('a broken first candidate is refused by the baselines', () => {
  const outcome = checkSelfTests(withoutChampion(evidence), policy);
  expect(outcome.parts?.map(({ verdict }) => verdict)).toEqual(['skip', 'pass', 'skip']);
});

test('a reported self-test that failed fails it', () => {
  const selfTests = [
    { id: 'rerun', passed: true, detail: 'same digest' },
    { id: 'broken weights', passed: false, detail: 'expected a refusal, got promote' },
  ];
  const outcome = checkSelfTests({ ...evidence, selfTests }, policy);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain('broken weights: expected a refusal, got promote');
  const numbers = regressionOf(200, 1);
  expect(checkErrorSelfTests({ ...numbers, selfTests }, policy).verdict).toBe('fail');
  expect(checkErrorSelfTests({ ...numbers, selfTests: selfTests.slice(0, 1) }, policy).verdict).toBe('pass');
});

test('reported self-tests that the policy needs hold the candidate when there are none', () => {
  const needy = gatePolicySchema.parse({ needs: ['selfTests'] });
  expect(checkSelfTests(evidence, needy).verdict).toBe('hold');
  expect(checkSelfTests({ ...evidence, selfTests: [] }, needy).verdict).toBe('hold');
  expect(checkErrorSelfTests(regressionOf(200, 1), needy).verdict).toBe('hold');
});

test('of a regression, a candidate that is three times as far off is not let through, and margins that bear it are found out', () => {
  const numbers = regressionOf(200, 1);
  expect(checkErrorSelfTests(numbers, policy).parts?.[0]).toMatchObject({
    id: 'broken candidate',
    verdict: 'pass',
  });
  expect(checkErrorSelfTests(withoutRegressionChampion(numbers), policy).parts?.[0]?.verdict).toBe('pass');
  const lax = gatePolicySchema.parse({ metric: { tolerance: 1e-12 }, margins: { current: 0.5 } });
  expect(checkErrorSelfTests(numbers, lax).verdict).toBe('fail');
});
