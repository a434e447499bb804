import { describe, expect, test } from 'vitest';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { bootstrapRatios, cautiousLevel } from '../../../../shared/continuity/statistics/bootstrap.ts';
import { boundsOf, sampleUnits, sumByGroup } from '../../../../shared/continuity/measures/unit-sample.ts';
import { seededRandom } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});
const windowOf = (id: string, n: number, groups?: readonly number[]) => ({
  exampleIds: Array.from({ length: n }, (_, i) => `${id}/${i}`),
  ...(groups && { groups: Int32Array.from(groups) }),
});

describe('one value summed by unit', () => {
  test('is by example without groups, and by group over all windows with them', () => {
    const values = Float64Array.of(1, 2, 3, 4, 5);
    const alone = sumByGroup([windowOf('a', 2), windowOf('b', 3)], policy, values);
    expect([...alone.sums]).toEqual([1, 2, 3, 4, 5]);
    expect([...alone.sizes]).toEqual([1, 1, 1, 1, 1]);
    expect(alone).toMatchObject({ n: 5, groups: null, alpha: 0.05 });
    const grouped = sumByGroup([windowOf('a', 2, [7, 9]), windowOf('b', 3, [7, -1, -1])], policy, values);
    expect([...grouped.sums]).toEqual([4, 2, 4, 5]);
    expect([...grouped.sizes]).toEqual([2, 1, 1, 1]);
    // Kish: 5^2 / (2^2 + 3)
    expect(grouped).toMatchObject({ n: 5, groups: 25 / 7, worth: 25 / 7, share: 1 });
  });
});

test('bounds are the wider of both bootstrap methods, on either side, at the cautious level', () => {
  const random = seededRandom(4);
  const values = Float64Array.from({ length: 150 }, () => random() ** 6 - 0.1);
  const sample = sampleUnits([windowOf('a', 150)], policy, [values], values);
  const mean = { numerator: 1, denominator: 0, scale: 'identity' } as const;
  const [bounds] = boundsOf(sample, [mean], policy);
  const options = { alpha: cautiousLevel(0.05, 150), ...policy.bootstrap };
  const [both] = bootstrapRatios(sample.units, [mean], options);
  if (!both || !bounds) throw new Error('expected bounds');
  expect(both.bca.lower).not.toBe(both.studentized.lower);
  expect(bounds.lower).toBe(Math.min(both.bca.lower, both.studentized.lower));
  expect(bounds.upper).toBe(Math.max(both.bca.upper, both.studentized.upper));
});
