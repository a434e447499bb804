import { expect, test } from 'vitest';
import { createRandom } from '../../../../shared/random.ts';
import { sphericalKMeans } from '../../../../trainer/tools/demo/spherical-kmeans.ts';

const rowLike = (pattern: readonly number[], size: number, shift: number): Float64Array =>
  Float64Array.from(pattern, (value) => value * size + shift);

test('finds the directions that the rows point in, whatever their lengths and means', () => {
  const random = createRandom(1);
  const patterns = [
    [1, 0, 0, -1],
    [0, 1, -1, 0],
  ];
  const rows = Array.from({ length: 200 }, (_, i) =>
    rowLike(patterns[i % 2] ?? [], 0.5 + random.uniform(), 3 * random.uniform()),
  );
  const found = sphericalKMeans(rows, 2, 10, createRandom(3)).map((centre) => [...centre]);
  const half = Math.SQRT1_2;
  expect(found).toHaveLength(2);
  for (const pattern of patterns) {
    const distances = found.map((centre) =>
      Math.hypot(...centre.map((value, i) => value - half * (pattern[i] ?? 0))),
    );
    expect(Math.min(...distances)).toBeLessThan(1e-6);
  }
});

test('gives centred directions of length 1, the same from the same seed', () => {
  const random = createRandom(2);
  const rows = Array.from({ length: 100 }, () => Float64Array.from({ length: 9 }, () => random.uniform()));
  const centres = sphericalKMeans(rows, 5, 4, createRandom(9));
  for (const centre of centres) {
    expect(Math.hypot(...centre)).toBeCloseTo(1, 10);
    expect(centre.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 10);
  }
  expect(sphericalKMeans(rows, 5, 4, createRandom(9))).toEqual(centres);
});
