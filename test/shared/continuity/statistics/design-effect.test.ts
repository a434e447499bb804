import { expect, test } from 'vitest';
import {
  clusterVariance,
  effectiveShare,
  UNGROUPED,
} from '../../../../shared/continuity/statistics/design-effect.ts';
import oracle from '../../../fixtures/continuity/statistics.json' with { type: 'json' };

test.each(oracle.share)(
  'agrees with the variance of group sums ($share)',
  ({ values, groups, alpha, share }) => {
    expect(effectiveShare(Float64Array.from(values), Int32Array.from(groups), alpha)).toBeCloseTo(share, 6);
  },
);

test('copies of an example are worth one', () => {
  const single = Float64Array.from({ length: 500 }, (_, i) => (i % 7 === 0 ? -1 : 0));
  const copied = Float64Array.from({ length: 2_000 }, (_, i) => single[i >> 2] ?? 0);
  const share = effectiveShare(
    copied,
    Int32Array.from({ length: 2_000 }, (_, i) => i >> 2),
    0.05,
  );
  // a quarter, less one standard error of a variance from 500 groups: 1 + sqrt(2 / 499) = 1.063
  expect(share).toBeCloseTo(0.25 / 1.063, 2);
});

test('examples on their own are worth what they are, but for the few degrees of freedom', () => {
  const values = Float64Array.from({ length: 1_000 }, (_, i) => (i % 9 === 0 ? 1 : 0));
  const share = effectiveShare(values, new Int32Array(1_000).fill(UNGROUPED), 0.05);
  expect(share).toBeGreaterThan(0.95);
  expect(share).toBeLessThan(0.96);
});

test('one group is worth nothing', () => {
  expect(effectiveShare(Float64Array.of(1, 0, 1), new Int32Array(3), 0.05)).toBe(0);
});

test('groups whose members cancel out are not worth more than their number', () => {
  const values = Float64Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 1 : -1));
  expect(
    effectiveShare(
      values,
      Int32Array.from({ length: 200 }, (_, i) => i >> 1),
      0.05,
    ),
  ).toBeLessThan(1);
});

test('counts each ungrouped example as a group of its own', () => {
  expect(clusterVariance(new Float64Array(4), Int32Array.of(7, 7, UNGROUPED, UNGROUPED)).groups).toBe(3);
});
