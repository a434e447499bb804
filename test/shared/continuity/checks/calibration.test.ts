import { describe, expect, test } from 'vitest';
import { checkCalibration } from '../../../../shared/continuity/checks/calibration.ts';
import type { Evidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
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

test('a fall on the past is told, and refuses nobody: the exchange prices what is lost there', () => {
  const evidence = evidenceOf([even], even);
  const [past, now] = [scored(evidence, 0.8).windows[0], scored(evidence, 1).windows[1]];
  if (past === undefined || now === undefined) throw new Error('expected two windows');
  const outcome = checkCalibration({ ...evidence, windows: [past, now] }, policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.parts?.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'skip', 'skip']);
  expect(outcome.parts?.[2]?.estimate).toBeGreaterThan(policy.margins.logLoss);
});

test('where the policy needs probabilities it holds what is not settled, saying how many more labels would settle it', () => {
  const margins = { logLoss: 0.006 };
  const tight = gatePolicySchema.parse({ margins, needs: ['probabilities'] });
  const outcome = checkCalibration(scored(evidenceOf([], { ...even, n: 2_000 }), 1), tight);
  expect(outcome.verdict).toBe('hold');
  const unasked = checkCalibration(
    scored(evidenceOf([], { ...even, n: 2_000 }), 1),
    gatePolicySchema.parse({ margins }),
  );
  expect(unasked.parts?.[0]).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
  const missing = outcome.moreLabels?.n ?? 0;
  expect(missing).toBeGreaterThan(100);
  const settled = scored(evidenceOf([], { ...even, n: 2_000 + missing }), 1);
  expect(checkCalibration(settled, tight).parts?.[0]?.verdict).toBe('pass');
});

describe('too few examples for such a bound', () => {
  const few = scored(evidenceOf([], { gains: 1, losses: 1, n: 249 }), 1);

  test('hold nobody back', () => {
    const outcome = checkCalibration(few, policy);
    expect(outcome.verdict).toBe('skip');
    expect(outcome.moreLabels).toBeUndefined();
    expect(outcome.detail).toContain('not settled, and 249 of the 500 examples that could hold');
  });

  test('still reject what they show to be worse', () => {
    expect(
      checkCalibration(scored(evidenceOf([], { gains: 1, losses: 1, n: 299 }), 0.5), policy).verdict,
    ).toBe('fail');
  });

  test('hold nobody even where the policy needs probabilities, unless it asks for fewer', () => {
    const fewer = gatePolicySchema.parse({ minimum: { calibration: 249 }, needs: ['probabilities'] });
    expect(checkCalibration(few, fewer).verdict).toBe('hold');
    expect(checkCalibration(few, needed).skipped).toBe('unanswerable');
  });

  test('are counted in groups where there are groups', () => {
    const evidence = scored(evidenceOf([], { gains: 10, losses: 10, n: 900 }), 1);
    const windows = evidence.windows.map((window) => ({
      ...window,
      groups: window.labels.map((_, i) => i >> 1),
    }));
    const outcome = checkCalibration(
      { ...evidence, windows },
      gatePolicySchema.parse({ margins: { brier: 0.005, logLoss: 0.005 } }),
    );
    expect(outcome.verdict).toBe('skip');
    expect(outcome.detail).toContain('450 of the 500 groups that could hold');
  });
});

test('passes when both models say the same on every one of enough examples', () => {
  const evidence = scored(evidenceOf([], even), 1);
  const windows = evidence.windows.map((window) =>
    window.championProbabilities === undefined
      ? window
      : { ...window, candidateProbabilities: window.championProbabilities },
  );
  expect(checkCalibration({ ...evidence, windows }, policy).verdict).toBe('pass');
});

test('one confident mistake in a thousand does not hold an equal candidate back', () => {
  const evidence = scored(evidenceOf([], even), 1);
  const windows = evidence.windows.map((window) => {
    const before = Float32Array.from(window.championProbabilities ?? []);
    const after = Float32Array.from(before);
    const label = window.labels[0] as number;
    after.set(label === 0 ? [0.001, 0.999] : [0.999, 0.001]);
    return { ...window, championProbabilities: before, candidateProbabilities: after };
  });
  expect(checkCalibration({ ...evidence, windows }, policy).verdict).toBe('pass');
});

test('a label that was given next to nothing counts as given one per cent', () => {
  const lossOf = (p: number): number | null | undefined => {
    const evidence = scored(evidenceOf([], even), 1);
    const windows = evidence.windows.map((window) => {
      const candidateProbabilities = window.labels.reduce(
        (rows, label, i) => {
          rows.set(label === 0 ? [p, 1 - p] : [1 - p, p], 2 * i);
          return rows;
        },
        new Float32Array(2 * window.labels.length),
      );
      return { ...window, candidateProbabilities };
    });
    return checkCalibration({ ...evidence, windows }, policy).parts?.[0]?.estimate;
  };
  expect(lossOf(1e-6)).toBe(lossOf(0.01));
  expect(lossOf(0.02)).toBeLessThan(lossOf(0.01) ?? 0);
});

test('without probabilities it holds where the policy needs them, or where they broke; otherwise it is not asked', () => {
  const evidence = evidenceOf([even], even);
  expect(checkCalibration(evidence, policy).skipped).toBe('not-asked');
  expect(checkCalibration(evidence, needed)).toMatchObject({ verdict: 'hold', broken: true });
  const broke = checkCalibration({ ...evidence, missing: { probabilities: 'the disk was full' } }, policy);
  expect(broke).toMatchObject({ verdict: 'hold', broken: true });
  expect(broke.detail).toContain('and should be there: the disk was full');
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
