/**
 * Spherical k-means: unit vectors that point where the data does. Coates & Ng 2012, "Learning feature representations
 * with k-means", section 3: filters for a network, learnt without labels and without gradients.
 */
import type { Random } from '../../../shared/random.ts';

/**
 * @param rows    the data, each [size]; every row is used centred (its mean taken off) and at length 1
 * @param count   how many directions; at most as many as there are rows
 * @param rounds  passes over the data; 10 settle it
 * @returns directions, each [size], centred and of length 1
 */
export function sphericalKMeans(
  rows: readonly Float64Array[],
  count: number,
  rounds: number,
  random: Random,
): Float64Array[] {
  const data = rows.map(normalised);
  let centres = Array.from({ length: count }, () => data[random.below(data.length)] as Float64Array);
  for (let round = 0; round < rounds; round++) {
    const sums = centres.map((centre) => Float64Array.from(centre));
    for (const row of data) addTo(sums[nearest(centres, row)] as Float64Array, row);
    centres = sums.map(normalised);
  }
  return centres;
}

/** The centre with the largest inner product; the first of equals. */
function nearest(centres: readonly Float64Array[], row: Float64Array): number {
  let best = 0;
  let most = -Infinity;
  for (const [i, centre] of centres.entries()) {
    const product = dot(centre, row);
    if (product > most) [best, most] = [i, product];
  }
  return best;
}

function normalised(row: Float64Array): Float64Array {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const centred = row.map((value) => value - mean);
  const length = Math.sqrt(dot(centred, centred));
  return length === 0 ? centred : centred.map((value) => value / length);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function addTo(sum: Float64Array, row: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (row[i] as number);
}
