import { describe, expect, test } from 'vitest';
import {
  clusterVariance,
  effectiveShare,
  UNGROUPED,
  unitWorth,
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
  // a quarter, but for the degrees of freedom of 500 groups: no estimate makes it less than if all four were the same
  expect(share).toBeLessThan(0.25);
  expect(share).toBeGreaterThan(0.248);
});

test('examples on their own are worth what they are, but for the few degrees of freedom', () => {
  const values = Float64Array.from({ length: 1_000 }, (_, i) => (i % 9 === 0 ? 1 : 0));
  const share = effectiveShare(values, new Int32Array(1_000).fill(UNGROUPED), 0.05);
  expect(share).toBeGreaterThan(0.997);
  expect(share).toBeLessThan(1);
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

describe('where nothing disagrees, nothing tells how alike the examples of a group are', () => {
  test.each([
    ['20 of 50', Int32Array.from({ length: 1_000 }, (_, i) => Math.floor(i / 50)), 20],
    ['one of 500, 500 of one', Int32Array.from({ length: 1_000 }, (_, i) => Math.max(0, i - 499)), 3.99],
  ])('they are worth the effective number of groups: %s', (_, groups, count) => {
    expect(unitWorth(groups).count).toBeCloseTo(count, 2);
    const share = effectiveShare(new Float64Array(1_000), groups, 0.05);
    expect(1_000 * share).toBeLessThan(count);
    expect(1_000 * share).toBeGreaterThan(count / 3);
  });

  test('and each example that disagrees by itself tells that they are less alike', () => {
    const groups = Int32Array.from({ length: 1_000 }, (_, i) => Math.floor(i / 10));
    const shares = [0, 5, 50].map((count) =>
      effectiveShare(
        Float64Array.from({ length: 1_000 }, (_, i) => (i % 20 === 0 && i < 20 * count ? 1 : 0)),
        groups,
        0.05,
      ),
    );
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[2]).toBeGreaterThan(4 * (shares[0] as number));
  });
});

test('neighbours that hang together take away from the examples on their own, and from no group', () => {
  const values = Float64Array.from({ length: 400 }, (_, i) => (i % 8 === 0 ? 1 : 0));
  const alone = new Int32Array(400).fill(UNGROUPED);
  const pairs = Int32Array.from({ length: 400 }, (_, i) => i >> 1);
  expect(effectiveShare(values, alone, 0.05, 0.25)).toBeCloseTo(
    0.25 * effectiveShare(values, alone, 0.05),
    2,
  );
  expect(effectiveShare(values, pairs, 0.05, 0.25)).toBe(effectiveShare(values, pairs, 0.05));
});
