/**
 * mixup: examples of a batch blended two by two, and their targets with them (Zhang et al. 2018, arXiv:1710.09412).
 * On what the head reads: pixels without a base, features with one (there it is manifold mixup, Verma et al. 2019,
 * arXiv:1806.05236, at the base's last layer).
 */
import { exponential, naturalLog } from '../../shared/exact-math.ts';
import { type Random, shuffle } from '../../shared/random.ts';

/** A mixture's share in steps of 2^-16: it and what it leaves of 1 are exact in float32, so targets sum to 1. */
const STEPS = 65_536;

/**
 * A share from Beta(alpha, alpha): Jöhnk's rejection (1964), on logarithms so that a small alpha does not underflow.
 *
 * @param alpha  above 0, at most 1
 * @returns in [0, 1]; for a small alpha mostly near one of the ends
 */
export function drawShare(alpha: number, random: Random): number {
  for (;;) {
    // 1 - u is never 0, whose logarithm there is none of.
    const x = naturalLog(1 - random.uniform()) / alpha;
    const y = naturalLog(1 - random.uniform()) / alpha;
    if (exponential(x) + exponential(y) > 1) continue;
    return Math.round(STEPS / (1 + exponential(y - x))) / STEPS;
  }
}

/**
 * Mixes every row with another one of the batch (now and then with itself), all by one share, in place.
 *
 * @param matrices  [capacity, width] each, whatever their widths; what a row stands for is mixed in all of them
 * @param rows      how many rows of the batch are in use
 */
export function mixBatch(
  matrices: readonly Float32Array[],
  { rows, capacity }: { readonly rows: number; readonly capacity: number },
  alpha: number,
  random: Random,
): void {
  const share = drawShare(alpha, random);
  const partners = shuffle(
    Int32Array.from({ length: rows }, (_, i) => i),
    random,
  );
  for (const matrix of matrices) mixRows(matrix, matrix.length / capacity, share, partners);
}

function mixRows(matrix: Float32Array, width: number, share: number, partners: Int32Array): void {
  const before = matrix.slice(0, partners.length * width);
  for (const [row, partner] of partners.entries()) {
    for (let i = 0; i < width; i++) {
      const own = (before[row * width + i] as number) * share;
      matrix[row * width + i] = own + (before[partner * width + i] as number) * (1 - share);
    }
  }
}
