import { expect, test } from 'vitest';
import { checkReportedTests, checkSelfTests } from '../../../../shared/continuity/checks/self-tests.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

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
  // a champion that is hardly ever right, and margins that bear it
  const hopeless = evidenceOf([], { gains: 0, losses: 0, n: 1_000, bothWrong: 990 });
  const lax = gatePolicySchema.parse({ margins: { current: 0.5 } });
  const outcome = checkSelfTests(hopeless, lax);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain('always wrong would get through');
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
  expect(checkReportedTests({ ...evidence, selfTests }, policy).verdict).toBe('fail');
  expect(checkReportedTests({ ...evidence, selfTests: selfTests.slice(0, 1) }, policy).verdict).toBe('pass');
});

test('reported self-tests that the policy needs hold the candidate when there are none', () => {
  const needy = gatePolicySchema.parse({ needs: ['selfTests'] });
  expect(checkSelfTests(evidence, needy).verdict).toBe('hold');
  expect(checkSelfTests({ ...evidence, selfTests: [] }, needy).verdict).toBe('hold');
  expect(checkReportedTests(evidence, policy).verdict).toBe('skip');
});
