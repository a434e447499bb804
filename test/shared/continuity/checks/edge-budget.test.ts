import { expect, test } from 'vitest';
import { checkEdgeBudget } from '../../../../shared/continuity/checks/edge-budget.ts';
import type { EdgeFacts } from '../../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});
const evidence = evidenceOf([], { gains: 1, losses: 1, n: 100 });
const timings = (factor: number, rounds = 20) =>
  Float64Array.from({ length: rounds }, (_, i) => factor * (1 + 0.01 * (i % 5)));
const facts: EdgeFacts = {
  candidateBytes: 1_100,
  championBytes: 1_000,
  memoryBytes: 40_000_000,
  candidateMs: timings(1.1),
  championMs: timings(1),
};
const judge = (change: Partial<EdgeFacts>) =>
  checkEdgeBudget({ ...evidence, edge: { ...facts, ...change } }, policy);

test('passes what is about as fast, as large, and fits', () => {
  const outcome = judge({});
  expect(outcome.verdict).toBe('pass');
  expect(outcome.parts?.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['latency', 'pass'],
    ['size', 'pass'],
    ['memory', 'pass'],
  ]);
  expect(outcome.parts?.[0]?.estimate).toBeCloseTo(1.1, 10);
});

test.each([
  ['twice as slow', { candidateMs: timings(2) }, 'latency: 2.00× the champion'],
  ['three times as large', { candidateBytes: 3_000 }, 'size: 3.00×, budget 2.00×'],
  ['too much memory', { memoryBytes: 81_000_000 }, 'memory: 81.0 MB, budget 80.0 MB'],
])('fails %s', (_, change, message) => {
  const outcome = judge(change);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain(message);
});

test('a few timings that a busy machine spoilt change nothing', () => {
  const spoilt = timings(1.1).map((ms, i) => (i < 3 ? 50 : ms));
  expect(judge({ candidateMs: spoilt }).verdict).toBe('pass');
});

test('timings that straddle the budget are told; too few are a measurement that broke, and hold', () => {
  const straddling = Float64Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : 3));
  const open = judge({ candidateMs: straddling, championMs: timings(1).fill(1) });
  expect(open.verdict).toBe('pass');
  expect(open.parts?.[0]).toMatchObject({ id: 'latency', skipped: 'unanswerable' });
  const few = judge({ candidateMs: timings(1, 4), championMs: timings(1, 4) });
  expect(few).toMatchObject({ verdict: 'hold', broken: true });
  expect(few.detail).toContain('4 timings are too few');
});

test('at its budget a fact still passes', () => {
  expect(judge({ candidateBytes: 2_000, memoryBytes: 80_000_000 }).verdict).toBe('pass');
});

test('without a champion only memory is judged; without measurements nothing, unless the policy needs them', () => {
  const alone = { ...withoutChampion(evidence), edge: { ...facts, championMs: null, championBytes: null } };
  expect(checkEdgeBudget(alone, policy).parts?.map(({ verdict }) => verdict)).toEqual([
    'skip',
    'skip',
    'pass',
  ]);
  expect(checkEdgeBudget(evidence, policy).verdict).toBe('skip');
  expect(checkEdgeBudget(evidence, gatePolicySchema.parse({ needs: ['edge'] })).verdict).toBe('hold');
});
