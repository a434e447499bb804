import { describe, expect, test } from 'vitest';
import { checkCalibration } from '../../../../shared/continuity/checks/calibration.ts';
import type { Evidence } from '../../../../shared/continuity/evidence.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy.ts';
import { evidenceOf, seededRandom, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});
const needed = gatePolicySchema.parse({ needs: ['probabilities'] });
const even = { gains: 10, losses: 10, n: 1_000 };

/** Probabilities on the label: the champion's between 0.7 and 0.9, the candidate's multiplied by `factor`. */
function scored(evidence: Evidence, factor: number, seed = 5): Evidence {
  const random = seededRandom(seed);
  const windows = evidence.windows.map((window) => {
    const n = window.labels.length;
    const [candidateProbabilities, championProbabilities] = [
      new Float32Array(2 * n),
      new Float32Array(2 * n),
    ];
    for (const [i, label] of window.labels.entries()) {
      const before = 0.7 + 0.2 * random();
      const after = Math.min(0.99, before * factor * (0.97 + 0.06 * random()));
      championProbabilities.set(label === 0 ? [before, 1 - before] : [1 - before, before], 2 * i);
      candidateProbabilities.set(label === 0 ? [after, 1 - after] : [1 - after, after], 2 * i);
    }
    return { ...window, candidateProbabilities, championProbabilities };
  });
  return { ...evidence, windows };
}

test('passes probabilities that are worth as much, naming the calibration errors', () => {
  const outcome = checkCalibration(scored(evidenceOf([even], even), 1), policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.parts?.map(({ id }) => id)).toEqual([
    'log loss, current',
    'Brier score, current',
    'log loss, past',
    'Brier score, past',
  ]);
  expect(outcome.detail).toMatch(/calibration error \d+\.\d → \d+\.\d points$/);
  expect(outcome.n).toBe(2_000);
});

test('fails probabilities that are worth less, though every answer is the same', () => {
  const outcome = checkCalibration(scored(evidenceOf([even], even), 0.8), policy);
  expect(outcome.verdict).toBe('fail');
  const [logLoss, brier] = outcome.parts ?? [];
  // ln(1 / 0.8) = 0.223, less or more by the noise
  expect(logLoss?.estimate).toBeCloseTo(0.223, 1);
  expect(logLoss?.lower).toBeGreaterThan(policy.margins.logLoss);
  expect(brier?.estimate).toBeGreaterThan(0.05);
});

test('a fall on the past is seen when the current window is well', () => {
  const evidence = evidenceOf([even], even);
  const [past, now] = [scored(evidence, 0.8).windows[0], scored(evidence, 1).windows[1]];
  if (past === undefined || now === undefined) throw new Error('expected two windows');
  const outcome = checkCalibration({ ...evidence, windows: [past, now] }, policy);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.parts?.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'fail', 'fail']);
});

test('what is not settled can only reject, unless the policy needs probabilities', () => {
  const few = scored(evidenceOf([], { gains: 1, losses: 1, n: 80 }), 1);
  const outcome = checkCalibration(few, policy);
  expect(outcome.verdict).toBe('skip');
  expect(outcome.moreLabels).toBeUndefined();
  expect(outcome.detail).toContain('not settled, and the policy does not need it');
});

describe('holds, where the policy needs probabilities,', () => {
  test('on too few examples, saying how many are missing', () => {
    const outcome = checkCalibration(scored(evidenceOf([], { gains: 1, losses: 1, n: 80 }), 1), needed);
    expect(outcome.verdict).toBe('hold');
    expect(outcome.moreLabels?.n).toBe(20);
  });

  test('close to the margin, saying how many more labels would settle it', () => {
    const tight = gatePolicySchema.parse({ needs: ['probabilities'], margins: { logLoss: 0.0005 } });
    const outcome = checkCalibration(scored(evidenceOf([], even), 1), tight);
    expect(outcome.verdict).toBe('hold');
    const { estimate, upper } = outcome.parts?.[0] ?? {};
    // the bound must come down from upper to the margin at the level for 80 % power, its width falling like 1 / sqrt(n)
    const factor = ((1.5 * ((upper ?? 0) - (estimate ?? 0))) / (0.0005 - (estimate ?? 0))) ** 2;
    expect((outcome.moreLabels?.n ?? 0) / (1_000 * (factor - 1))).toBeCloseTo(1, 0.5);
  });

  test('when both models say the same on every example: no bound can be drawn from that', () => {
    const evidence = scored(evidenceOf([], even), 1);
    const windows = evidence.windows.map((window) => {
      const { championProbabilities } = window;
      return championProbabilities === undefined
        ? window
        : { ...window, candidateProbabilities: championProbabilities };
    });
    expect(checkCalibration({ ...evidence, windows }, needed).verdict).toBe('hold');
  });

  test('on too few groups', () => {
    const evidence = scored(evidenceOf([], even), 1);
    const windows = evidence.windows.map((window) => ({
      ...window,
      groups: window.labels.map((_, i) => i % 10),
    }));
    const outcome = checkCalibration({ ...evidence, windows }, needed);
    expect(outcome.verdict).toBe('hold');
    expect(outcome.detail).toContain('10 of the 20 groups');
  });

  test('without probabilities, when the policy needs them; otherwise it is skipped', () => {
    const evidence = evidenceOf([even], even);
    expect(checkCalibration(evidence, policy).verdict).toBe('skip');
    expect(checkCalibration(evidence, gatePolicySchema.parse({ needs: ['probabilities'] })).verdict).toBe(
      'hold',
    );
  });
});

test('groups widen the interval', () => {
  const evidence = scored(evidenceOf([], even), 1);
  // examples sorted by their difference into groups: as alike as can be
  const [window] = evidence.windows;
  if (window === undefined) throw new Error('expected a window');
  const { candidateProbabilities: after, championProbabilities: before, labels } = window;
  const rise = (i: number) =>
    (before?.[2 * i + (labels[i] ?? 0)] ?? 0) - (after?.[2 * i + (labels[i] ?? 0)] ?? 0);
  const order = [...labels.keys()].sort((a, b) => rise(a) - rise(b));
  const groups = new Int32Array(labels.length);
  for (const [rank, i] of order.entries()) groups[i] = rank >> 3;
  const grouped = checkCalibration({ ...evidence, windows: [{ ...window, groups }] }, policy).parts?.[0];
  const alone = checkCalibration(evidence, policy).parts?.[0];
  const width = (part: typeof alone) => (part?.upper ?? 0) - (part?.lower ?? 0);
  expect(grouped?.estimate).toBeCloseTo(alone?.estimate ?? 0, 10);
  expect(width(grouped)).toBeGreaterThan(2 * width(alone));
});

test('is skipped without a champion', () => {
  expect(checkCalibration(withoutChampion(evidenceOf([even], even)), policy).verdict).toBe('skip');
});
