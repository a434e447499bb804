import { expect, test } from 'vitest';
import { checkFeatureSlices } from '../../../../shared/continuity/checks/feature-slices.ts';
import { checkNegativeFlips } from '../../../../shared/continuity/checks/negative-flips.ts';
import type { Evidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({ slices: ['device'] });

/** The first `phones` examples of each window are from phones, the others from desks; the last has no device. */
function onDevices(evidence: Evidence, phones: number): Evidence {
  const windows = evidence.windows.map((window) => ({
    ...window,
    features: [window.labels.map((_, i) => (i < phones ? 1 : i === window.labels.length - 1 ? -1 : 0))],
  }));
  return { ...evidence, windows, features: [{ name: 'device', values: ['desk', 'phone'] }] };
}

test('passes when every value of the feature is kept', () => {
  const outcome = checkFeatureSlices(
    onDevices(evidenceOf([], { gains: 5, losses: 5, n: 2_000 }), 600),
    policy,
  );
  expect(outcome.verdict).toBe('pass');
  expect(outcome.parts?.map(({ id, n }) => [id, n])).toEqual([
    ['device = desk', 1_399],
    ['device = phone', 600],
  ]);
});

test('fails a candidate that gives up one of them, and says which', () => {
  const outcome = checkFeatureSlices(
    onDevices(evidenceOf([], { gains: 0, losses: 90, n: 2_000 }), 600),
    policy,
  );
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain('device = phone: candidate 15.0 points worse');
});

test('a rare value does not hold, but fails when it is shown to be worse', () => {
  const rare = checkFeatureSlices(onDevices(evidenceOf([], { gains: 0, losses: 2, n: 2_000 }), 40), policy);
  expect(rare.verdict).toBe('pass');
  expect(rare.parts?.[1]).toMatchObject({
    verdict: 'skip',
    detail: expect.stringContaining('too few labels to tell'),
  });
  expect(
    checkFeatureSlices(onDevices(evidenceOf([], { gains: 0, losses: 40, n: 2_000 }), 40), policy).verdict,
  ).toBe('fail');
});

test('a slice of too few groups does not hold', () => {
  const evidence = onDevices(evidenceOf([], { gains: 5, losses: 5, n: 2_000 }), 600);
  const windows = evidence.windows.map((window) => ({
    ...window,
    groups: window.labels.map((_, i) => (i < 600 ? i % 6 : i)),
  }));
  const [desk, phone] = checkFeatureSlices({ ...evidence, windows }, policy).parts ?? [];
  expect(desk?.verdict).toBe('pass');
  expect(phone).toMatchObject({ verdict: 'skip', detail: expect.stringContaining('6 of the 20 groups') });
});

test('holds when the evidence lacks a feature that the policy names', () => {
  const other = gatePolicySchema.parse({ slices: ['device', 'country'] });
  const outcome = checkFeatureSlices(
    onDevices(evidenceOf([], { gains: 5, losses: 5, n: 2_000 }), 600),
    other,
  );
  expect(outcome).toMatchObject({ verdict: 'hold', detail: 'the evidence lacks the features country' });
});

test('negative flips are counted within each slice too', () => {
  const evidence = onDevices(evidenceOf([], { gains: 0, losses: 80, n: 4_000 }), 400);
  const outcome = checkNegativeFlips(evidence, policy);
  // 80 of 4,000 are within the budget; 80 of 400 phones are not
  expect(outcome.parts?.[0]).toMatchObject({ id: 'all examples', verdict: 'pass' });
  expect(outcome.parts?.find(({ id }) => id === 'device = phone')).toMatchObject({
    verdict: 'fail',
    estimate: 0.2,
  });
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain('device = phone');
});

test('is skipped without a champion, and where the policy names no features', () => {
  const evidence = onDevices(evidenceOf([], { gains: 5, losses: 5, n: 2_000 }), 600);
  expect(checkFeatureSlices(evidence, gatePolicySchema.parse({})).verdict).toBe('skip');
  expect(checkFeatureSlices(withoutChampion(evidence), policy).verdict).toBe('skip');
});
