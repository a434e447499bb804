import { expect, test } from 'vitest';
import { checkNegativeFlips } from '../../../../shared/continuity/checks/negative-flips.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { clopperPearson } from '../../../../shared/continuity/statistics/clopper-pearson.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});

test('passes within the budget on what comes in, with exact binomial bounds; what older windows flip is not counted', () => {
  const evidence = evidenceOf([{ gains: 90, losses: 10, n: 500 }], { gains: 0, losses: 6, n: 500 });
  const outcome = checkNegativeFlips(evidence, policy);
  expect(outcome).toMatchObject({ verdict: 'pass', n: 500, margin: 0.05, passes: 'below' });
  expect(outcome).toMatchObject(clopperPearson(6, 500, 0.05));
  expect(outcome.flips?.total).toBe(6);
});

test('gains do not pay for flips', () => {
  const outcome = checkNegativeFlips(evidenceOf([], { gains: 300, losses: 80, n: 1_000 }), policy);
  expect(outcome.verdict).toBe('fail');
});

test('names what flipped: window, example, label and the answer it has now', () => {
  const outcome = checkNegativeFlips(evidenceOf([], { gains: 1, losses: 1, n: 100 }), policy);
  expect(outcome.flips).toEqual({
    total: 1,
    examples: [{ window: 'now', id: 'now/1', label: 'dog', candidate: 'cat' }],
  });
});

test('lists at most 50 examples and counts the rest', () => {
  const { flips } = checkNegativeFlips(evidenceOf([], { gains: 0, losses: 80, n: 1_000 }), policy);
  expect(flips?.total).toBe(80);
  expect(flips?.examples).toHaveLength(50);
});

test('what straddles the budget, or is too small, is told and refuses nobody', () => {
  const close = checkNegativeFlips(evidenceOf([], { gains: 0, losses: 8, n: 200 }), policy);
  expect(close).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
  expect(checkNegativeFlips(evidenceOf([], { gains: 0, losses: 0, n: 50 }), policy).skipped).toBe(
    'unanswerable',
  );
});

test('where the champion has fallen, the budget is half of what unrelated mistakes would give', () => {
  // right on 500 and 700 of 1,000: unrelated mistakes flip 0.5 * 0.3 = 15 %, of which half are borne
  const fallen = (losses: number) =>
    checkNegativeFlips(
      evidenceOf([], { gains: 200 + losses, losses, n: 1_000, bothWrong: 300 - losses }),
      policy,
    );
  expect(fallen(60)).toMatchObject({ verdict: 'pass', margin: 0.075 });
  expect(fallen(75)).toMatchObject({ skipped: 'unanswerable', margin: 0.075 });
  expect(fallen(120)).toMatchObject({ verdict: 'fail', margin: 0.075 });
  // as bad as it always was, and no better now: the owner's budget
  const bad = { gains: 100, losses: 100, n: 1_000, bothWrong: 400 };
  expect(checkNegativeFlips(evidenceOf([bad], bad), policy)).toMatchObject({ verdict: 'fail', margin: 0.05 });
  // the same candidate, where the champion was right on nearly all before
  const before = { gains: 0, losses: 0, n: 1_000, bothWrong: 50 };
  expect(checkNegativeFlips(evidenceOf([before], bad), policy).margin).toBeCloseTo(0.5 * 0.5 * 0.5, 12);
});

test('skips without a champion', () => {
  const evidence = withoutChampion(evidenceOf([], { gains: 0, losses: 0, n: 500 }));
  expect(checkNegativeFlips(evidence, policy).verdict).toBe('skip');
});

test('each class has a budget of its own, wider than that of all', () => {
  // all 40 flips are of one class: 4 % of all, 8 % of the class
  const evidence = evidenceOf([], { gains: 0, losses: 0, n: 1_000 });
  const windows = evidence.windows.map((window) => ({
    ...window,
    candidate: window.labels.map((label, i) => (label === 0 && i < 80 ? 1 : label)),
  }));
  const outcome = checkNegativeFlips({ ...evidence, windows }, policy);
  expect(outcome.parts?.map(({ id, n, margin }) => [id, n, margin])).toEqual([
    ['all examples', 1_000, 0.05],
    ['cat', 500, 0.1],
    ['dog', 500, 0.1],
  ]);
  expect(outcome.parts?.map(({ estimate }) => estimate)).toEqual([0.04, 0.08, 0]);
  expect(outcome.detail).toContain('trust kept 96.0 %');
});

test('a class beyond its budget fails though all together are within theirs', () => {
  const evidence = evidenceOf([], { gains: 0, losses: 0, n: 6_000 });
  const windows = evidence.windows.map((window) => {
    const labels = window.labels.map((_, i) => (i < 600 ? 0 : 1));
    return {
      ...window,
      labels,
      champion: labels,
      candidate: labels.map((label, i) => (i < 120 ? 1 : label)),
    };
  });
  const outcome = checkNegativeFlips({ ...evidence, windows }, policy);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain("class 'cat': 120 of 600");
  expect(outcome.parts?.[0]?.verdict).toBe('pass');
});

test('a small class refuses only by what it shows', () => {
  const evidence = evidenceOf([], { gains: 0, losses: 0, n: 20 });
  expect(checkNegativeFlips(evidence, policy).parts?.map(({ id, skipped }) => [id, skipped])).toEqual([
    ['all examples', 'unanswerable'],
    ['cat', 'unanswerable'],
    ['dog', 'unanswerable'],
  ]);
});

test('names the bound that decided: the upper one of a pass or hold, the lower one of a failure', () => {
  const detail = (losses: number) =>
    checkNegativeFlips(evidenceOf([], { gains: 0, losses, n: 1_000 }), policy).detail;
  expect(detail(20)).toContain('95 % upper bound 2.9 %, budget 5.0 %');
  expect(detail(90)).toContain('95 % lower bound 7.6 %, budget 5.0 %');
});
