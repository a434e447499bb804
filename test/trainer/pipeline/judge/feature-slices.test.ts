import { expect, test } from 'vitest';
import { slicedFeatures, sliceIds } from '../../../../trainer/pipeline/judge/feature-slices.ts';
import { blobSpec } from '../../../support/tabular-model.ts';

const SPEC = blobSpec('blobs', {
  input: {
    kind: 'tabular',
    features: [
      { name: 'x', type: 'number' },
      { name: 'device', type: 'category', values: ['phone', 'desk'] },
      { name: 'country', type: 'category', values: ['at', 'de', 'ch'] },
    ],
  },
  gate: { slices: ['country'] } as never,
});
const EXAMPLES = {
  ids: ['a', 'b'],
  labels: Float64Array.of(0, 1),
  values: Float32Array.of(0.5, 1, 2, 0.25, 0, 0),
  size: 3,
};

test('the holdout is sliced by the features that the policy names, and by no others', () => {
  expect(slicedFeatures(SPEC)).toEqual([{ name: 'country', values: ['at', 'de', 'ch'] }]);
  expect(sliceIds(SPEC, EXAMPLES).map((ids) => [...ids])).toEqual([[2, 0]]);
});

test('a policy that slices by what has no named values is refused with the spec', () => {
  expect(() => blobSpec('blobs', { gate: { slices: ['x'] } as never })).toThrow(/named values, got 'x'/);
});
