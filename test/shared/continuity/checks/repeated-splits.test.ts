import { expect, test } from 'vitest';
import { unitOf } from '../../../../shared/continuity/findings/check-result.ts';
import {
  checkRepeatedErrors,
  checkRepeatedSplits,
} from '../../../../shared/continuity/checks/repeated-splits.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});
const evidence = evidenceOf([], { gains: 1, losses: 1, n: 100 });
const BASE = [0.9, 0.91, 0.92, 0.9, 0.89, 0.91, 0.9, 0.92, 0.9, 0.91];

const withSplits = (candidate: readonly number[], champion: readonly number[] = BASE) => ({
  ...evidence,
  splits: {
    trained: 800,
    tested: 200,
    candidate: { train: Float64Array.from(candidate), test: Float64Array.from(candidate) },
    champion: { train: Float64Array.from(champion), test: Float64Array.from(champion) },
  },
});

test('passes a recipe that is as good, with the corrected interval', () => {
  const outcome = checkRepeatedSplits(
    withSplits(BASE.map((score, i) => score + (i % 2 === 0 ? 0.004 : -0.004))),
    policy,
  );
  expect(outcome.verdict).toBe('pass');
  // s = 0.004 sqrt(10 / 9), t(0.05, 9) = 1.833, sqrt(1/10 + 200/800) = 0.5916; at least one example of 200
  expect(outcome.lower).toBeCloseTo(-1.8331 * 0.5916 * 0.005, 5);
  expect(outcome.detail).toContain('10 splits: 0.0 points');
  expect(outcome.n).toBe(1_000);
});

test("passes above its margin, the negative of the policy's, in points", () => {
  for (const shift of [0, -0.06]) {
    const outcome = checkRepeatedSplits(
      withSplits(BASE.map((score, i) => score + shift + 0.002 * (i % 3))),
      policy,
    );
    expect(outcome).toMatchObject({ passes: 'above', margin: -policy.margins.splits });
    expect(unitOf(outcome)).toBe('points');
  }
});

test('fails a recipe that is shown to be worse', () => {
  expect(
    checkRepeatedSplits(withSplits(BASE.map((score, i) => score - 0.06 - 0.002 * (i % 3))), policy).verdict,
  ).toBe('fail');
});

test('one that is close is told, and waits for nothing', () => {
  const outcome = checkRepeatedSplits(
    withSplits(BASE.map((score, i) => score - 0.015 + 0.02 * ((i % 3) - 1))),
    policy,
  );
  expect(outcome).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
});

test('splits that all tie pass by their resolution, of errors they show nothing', () => {
  expect(checkRepeatedSplits(withSplits(BASE), policy).verdict).toBe('pass');
  expect(checkRepeatedErrors(withSplits(BASE), policy).verdict).toBe('skip');
});

test('of errors, less is better, relative to the champion', () => {
  const worse = checkRepeatedErrors(
    withSplits(BASE.map((error, i) => error * (1.1 + 0.01 * (i % 2)))),
    policy,
  );
  expect(worse.estimate).toBeCloseTo(-0.105, 10);
  expect(worse.verdict).toBe('fail');
  const better = checkRepeatedErrors(
    withSplits(BASE.map((error, i) => error * (0.9 + 0.01 * (i % 2)))),
    policy,
  );
  expect(better.verdict).toBe('pass');
});

test('names the bound that decided', () => {
  const detail = (shift: number) =>
    checkRepeatedSplits(withSplits(BASE.map((score, i) => score + shift + 0.002 * (i % 3))), policy).detail;
  expect(detail(0)).toMatch(/^10 splits: \+0\.2 points, 95 % lower bound −0\.\d, margin −2\.0$/);
  expect(detail(-0.06)).toMatch(/^10 splits: −5\.8 points, 95 % upper bound −5\.\d, margin −2\.0$/);
});

test('holds on fewer than five splits', () => {
  expect(checkRepeatedSplits(withSplits(BASE.slice(0, 4), BASE.slice(0, 4)), policy)).toMatchObject({
    verdict: 'hold',
    detail: '4 of the 5 splits needed for a judgement',
  });
});

test('is skipped where no splits were trained, held where the policy needs them', () => {
  expect(checkRepeatedSplits(evidence, policy).verdict).toBe('skip');
  expect(checkRepeatedSplits(evidence, gatePolicySchema.parse({ needs: ['splits'] })).verdict).toBe('hold');
  expect(checkRepeatedSplits(withoutChampion(evidence), policy).verdict).toBe('skip');
});
