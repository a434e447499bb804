import { expect, test } from 'vitest';
import { EVIDENCE_PARTS } from '../../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import {
  besideItself,
  judgeBroken,
  mirrorTarget,
  rotateClasses,
} from '../../../../trainer/pipeline/judge/self-tests.ts';
import { evidenceOf } from '../../../shared/continuity/make-evidence.ts';
import { regressionOf } from '../../../shared/continuity/make-regression.ts';

const policy = gatePolicySchema.parse({});
const kept = { gains: 10, losses: 10, n: 2_000, bothWrong: 100 };
const evidence = evidenceOf([kept, kept], { gains: 60, losses: 20, n: 2_000, bothWrong: 100 });

test('a broken candidate that is refused passes the self-test, and the detail says how wrong it was', () => {
  const wrong = evidence.windows.map((window) => ({
    ...window,
    candidate: window.labels.map((label) => 1 - label),
  }));
  const outcome = judgeBroken({ ...evidence, windows: wrong }, policy);
  expect(outcome).toMatchObject({ passed: true });
  expect(outcome.detail).toContain('right on 0.0 % of the current window, gets reject');
});

test('a gate that would promote the broken candidate is not believed', () => {
  expect(judgeBroken(evidence, policy)).toMatchObject({
    passed: false,
    detail: expect.stringMatching(/^expected a refusal: .* gets promote$/) as string,
  });
});

test.each([...EVIDENCE_PARTS.map((part) => [part]), [...EVIDENCE_PARTS], []])(
  'a broken candidate that the gate would promote is found out where the policy needs %j',
  (...needs) => {
    const missing = { splits: 'a split failed' };
    expect(judgeBroken({ ...evidence, missing }, gatePolicySchema.parse({ needs })).passed).toBe(false);
  },
);

test('a champion that fell below the broken candidate makes no difference: it is judged beside the candidate itself', () => {
  // right on 85 %, its classes turned round on 15 %; the champion on none
  const fallen = evidenceOf([], { gains: 1_700, losses: 0, n: 2_000, bothWrong: 300 });
  const windows = fallen.windows.map((window) => ({
    ...window,
    candidate: window.candidate.map((answer) => 1 - answer),
  }));
  expect(judgeBroken({ ...fallen, windows }, policy).passed).toBe(false);
  expect(judgeBroken({ ...fallen, windows: besideItself(fallen.windows, windows) }, policy).passed).toBe(
    true,
  );
});

test('a broken candidate that could not be made fails the self-test', () => {
  expect(judgeBroken({ ...evidence, windows: [] }, policy).passed).toBe(false);
});

test('rotating the classes moves every column and its bias to the next class, the last to the first', () => {
  const hidden = {
    kernel: { shape: [1, 2], data: Float32Array.of(1, 2) },
    bias: { shape: [2], data: Float32Array.of(0, 0) },
    activation: 'relu' as const,
  };
  const last = {
    kernel: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    bias: { shape: [3], data: Float32Array.of(7, 8, 9) },
    activation: 'softmax' as const,
  };
  const [first, rotated] = rotateClasses([hidden, last]);
  expect(first).toBe(hidden);
  expect([...(rotated?.kernel.data ?? [])]).toEqual([3, 1, 2, 6, 4, 5]);
  expect([...(rotated?.bias.data ?? [])]).toEqual([9, 7, 8]);
  expect([...last.kernel.data]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('mirroring the target answers as far below the mean as the head answers above it', () => {
  const last = {
    kernel: { shape: [2, 1], data: Float32Array.of(2, -3) },
    bias: { shape: [1], data: Float32Array.of(5) },
    activation: 'linear' as const,
  };
  const [mirrored] = mirrorTarget([last], 100);
  expect([...(mirrored?.kernel.data ?? [])]).toEqual([-2, 3]);
  expect([...(mirrored?.bias.data ?? [])]).toEqual([195]);
});

test('of a regression the mirrored candidate is refused, and the detail says how far off it was', () => {
  const judged = regressionOf(400, 0.9);
  const mirrored = judged.windows.map((window) => ({
    ...window,
    candidate: window.candidate.map((value) => 2 * judged.mean - value),
  }));
  const outcome = judgeBroken({ ...judged, windows: mirrored }, policy);
  expect(outcome).toMatchObject({ id: 'answers mirrored', passed: true });
  expect(outcome.detail).toMatch(/off by \d+(\.\d+)? on average in the current window, gets reject$/);
  expect(judgeBroken(judged, policy)).toMatchObject({ passed: false });
});
