/** What groups do to every comparison of classes. */
import { describe, expect, test } from 'vitest';
import { checkCurrentWindow } from '../../../shared/continuity/checks/current-window.ts';
import { checkNegativeFlips } from '../../../shared/continuity/checks/negative-flips.ts';
import { checkPastMean } from '../../../shared/continuity/checks/past-mean.ts';
import { checkWorstWindow } from '../../../shared/continuity/checks/worst-window.ts';
import type { Evidence } from '../../../shared/continuity/evidence/evidence.ts';
import { samplePairs } from '../../../shared/continuity/measures/paired-sample.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { comparedWindows } from '../../../shared/continuity/evidence/windows.ts';
import { evidenceOf } from './make-evidence.ts';

const policy = gatePolicySchema.parse({});
const kept = { gains: 20, losses: 20, n: 1_000 };

/** Neighbours in groups of `size`: gains and losses come first, so that a group is alike. */
function inGroups(evidence: Evidence, size: number, shared = false): Evidence {
  let next = 0;
  const windows = evidence.windows.map((window) => {
    const first = shared ? 0 : next;
    next += Math.ceil(window.labels.length / size);
    return { ...window, groups: window.labels.map((_, i) => first + Math.floor(i / size)) };
  });
  return { ...evidence, windows };
}

const CHECKS = [checkCurrentWindow, checkPastMean, checkWorstWindow, checkNegativeFlips];
const evidence = evidenceOf([kept, kept], kept);

describe.each(CHECKS.map((check) => [check.name, check] as const))('%s', (_, check) => {
  test('groups of alike examples widen the interval about the same estimate', () => {
    const [alone, grouped] = [check(evidence, policy), check(inGroups(evidence, 10), policy)];
    expect(grouped.estimate).toBeCloseTo(alone.estimate ?? Number.NaN, 12);
    expect(grouped.upper).toBeGreaterThan((alone.upper ?? 0) + 0.003);
  });

  test('too few groups show nothing, whatever they seem to', () => {
    const outcome = check(inGroups(evidence, 200), policy);
    expect(outcome.verdict).toBe(check === checkCurrentWindow ? 'hold' : 'skip');
    if (outcome.verdict === 'skip') expect(outcome.skipped).toBe('unanswerable');
    expect(outcome.detail).toMatch(/\d+ of the 20 groups needed/);
  });
  test('the twentieth group is enough for a judgement', () => {
    expect(check(inGroups(evidence, 50, true), policy).detail).not.toContain('groups needed');
    expect(check(inGroups(evidence, 53, true), policy).detail).toContain('19 of the 20 groups needed');
  });
});

test('copies of an example count once: the interval of a tenth of the examples', () => {
  const few = checkCurrentWindow(evidenceOf([], { gains: 20, losses: 20, n: 1_000 }), policy);
  const copied = evidenceOf([], { gains: 200, losses: 200, n: 10_000 });
  const many = checkCurrentWindow(inGroups(copied, 10), policy);
  // but for the degrees of freedom of 1,000 groups: t / z = 1.0009
  expect((many.lower ?? 0) / (few.lower ?? 0)).toBeCloseTo(1.001, 3);
  expect((many.upper ?? 0) / (few.upper ?? 0)).toBeCloseTo(1.001, 3);
});

test('users who are in every window tie the windows together', () => {
  const apart = checkPastMean(inGroups(evidence, 10), policy);
  const tied = checkPastMean(inGroups(evidence, 10, true), policy);
  // the same users lose in both windows: the mean of two is no better known than one
  const width = (outcome: typeof apart) => (outcome.upper ?? 0) - (outcome.lower ?? 0);
  expect(width(tied) / width(apart)).toBeCloseTo(Math.SQRT2, 1);
});

test('users who are in every window do not tie them together when other ones gain in each', () => {
  const gaining = evidenceOf(
    [
      { gains: 40, losses: 0, n: 1_000 },
      { gains: 40, losses: 0, n: 1_000 },
    ],
    kept,
  );
  const sameUsers = inGroups(gaining, 10, true);
  const [first, second, now] = sameUsers.windows;
  if (first === undefined || second === undefined || now === undefined) throw new Error('expected windows');
  const turned = { ...second, groups: second.groups?.toReversed() ?? new Int32Array() };
  const apart = checkPastMean(inGroups(gaining, 10), policy);
  const outcome = checkPastMean({ ...sameUsers, windows: [first, turned, now] }, policy);
  expect(outcome.lower).toBeCloseTo(apart.lower ?? 0, 4);
});

test('one window with groups beside one without: its examples stand alone', () => {
  const [first, ...rest] = evidence.windows;
  if (first === undefined) throw new Error('expected a window');
  const mixed = { ...evidence, windows: [{ ...first, groups: first.labels.map((_, i) => i >> 1) }, ...rest] };
  const sample = samplePairs(comparedWindows(mixed), policy);
  // Kish: 3,000^2 / (500 pairs of 2^2 + 2,000)
  expect(sample.groups).toBe(2_250);
  expect(sample.counts).toEqual({ gains: 60, losses: 60, n: 3_000 });
});
