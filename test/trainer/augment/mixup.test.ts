import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../shared/random.ts';
import { drawShare, mixBatch } from '../../../trainer/augment/mixup.ts';

const alphas = fc.double({ min: 0.01, max: 1, noNaN: true });
const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

/** One-hot rows of `classes`. */
function oneHot(labels: readonly number[], classes: number): Float32Array {
  const all = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) all[row * classes + label] = 1;
  return all;
}

describe('mixup', () => {
  test('leaves targets that sum to 1, exactly', () => {
    fc.assert(
      fc.property(
        alphas,
        seeds,
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 20 }),
        (alpha, seed, labels) => {
          const targets = oneHot(labels, 5);
          mixBatch([targets], { rows: labels.length, capacity: labels.length }, alpha, createRandom(seed));
          for (let row = 0; row < labels.length; row++) {
            const sum = targets.subarray(row * 5, row * 5 + 5).reduce((total, value) => total + value, 0);
            expect(sum).toBe(1);
          }
        },
      ),
    );
  });

  test('mixes inputs as it mixes targets, and leaves rows beyond the batch alone', () => {
    const inputs = Float32Array.of(0, 0, 10, 100, 20, 200, 7, 7);
    const targets = Float32Array.of(0, 10, 20, 7);
    mixBatch([inputs, targets], { rows: 3, capacity: 4 }, 1, createRandom(3));
    for (let row = 0; row < 3; row++) {
      expect(inputs[2 * row]).toBe(targets[row]);
      expect(inputs[2 * row + 1]).toBeCloseTo(10 * (targets[row] ?? 0), 3);
    }
    expect([...inputs.subarray(6), targets[3]]).toEqual([7, 7, 7]);
    expect([...targets.subarray(0, 3)]).not.toEqual([0, 10, 20]);
  });

  test('draws shares from the Beta distribution', () => {
    const n = 20_000;
    for (const alpha of [0.1, 0.4, 1]) {
      const random = createRandom(5);
      const shares = Array.from({ length: n }, () => drawShare(alpha, random));
      const mean = shares.reduce((sum, share) => sum + share, 0) / n;
      const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / n;
      // Beta(a, a): mean 1/2, variance 1 / (4 (2a + 1)); bounds at about four standard errors.
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.015);
      expect(Math.abs(variance - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.006);
      expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    }
    // Beta(1, 1) is uniform: a quarter of it lies below a quarter.
    const random = createRandom(6);
    const low = Array.from({ length: n }, () => drawShare(1, random)).filter((share) => share < 0.25).length;
    expect(Math.abs(low / n - 0.25)).toBeLessThan(0.015);
  });

  test('takes an alpha so small that its powers underflow', () => {
    const random = createRandom(7);
    for (let i = 0; i < 100; i++) expect(drawShare(1e-4, random)).toBeGreaterThanOrEqual(0);
  });
});
