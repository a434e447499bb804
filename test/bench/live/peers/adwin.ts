/**
 * ADWIN: a window that is as long as its halves agree (A. Bifet & R. Gavaldà 2007, "Learning from time-changing data with
 * adaptive windowing", SDM). The window is an exponential histogram: at most five buckets of 1, of 2, of 4, … values, each
 * with sum and sum of squared deviations (Babcock, Datar, Motwani & O'Callaghan 2003, PODS). Pure.
 */
import type { Detector } from './detector.ts';

export interface AdwinOptions {
  /** level of one comparison of two halves */
  readonly delta?: number;
  /** values from one comparison to the next */
  readonly clock?: number;
  /** values that a half must have, and the window must exceed */
  readonly leastHalf?: number;
  readonly grace?: number;
}

interface Bucket {
  readonly n: number;
  readonly sum: number;
  /** sum of squared deviations from the bucket's own mean */
  readonly spread: number;
}

/** Of one size, before the two oldest become one of twice the size. */
const MOST_ALIKE = 5;

const NONE: Bucket = { n: 0, sum: 0, spread: 0 };

export function createAdwin({
  delta = 0.002,
  clock = 32,
  leastHalf = 5,
  grace = 10,
}: AdwinOptions = {}): Detector {
  /** by size, 1, 2, 4, …; of each the oldest first */
  let rows: Bucket[][] = [];
  let whole = NONE;
  let seen = 0;
  return {
    update(value) {
      const one = { n: 1, sum: value, spread: 0 };
      insert(rows, one);
      whole = join(whole, one);
      seen += 1;
      if (seen % clock !== 0 || whole.n <= grace) return false;
      const detected = hasCut(rows.toReversed().flat(), whole, leastHalf, delta);
      if (detected) [rows, whole, seen] = [[], NONE, 0];
      return detected;
    },
  };
}

/** Two neighbours as one; `spread` grows by what their means differ. */
function join(a: Bucket, b: Bucket): Bucket {
  const n = a.n + b.n;
  const apart = a.n === 0 || b.n === 0 ? 0 : a.sum / a.n - b.sum / b.n;
  return { n, sum: a.sum + b.sum, spread: a.spread + b.spread + ((a.n * b.n) / n) * apart * apart };
}

/** A sixth of one size makes one of the next of the two oldest, and so on. */
function insert(rows: Bucket[][], bucket: Bucket): void {
  let next: Bucket | null = bucket;
  for (let size = 0; next !== null; size++) {
    const row = (rows[size] ??= []);
    row.push(next);
    const [first, second] = row;
    next = null;
    if (row.length <= MOST_ALIKE || first === undefined || second === undefined) continue;
    row.splice(0, 2);
    next = join(first, second);
  }
}

/** Whether the window falls into two halves, anywhere between two buckets, whose means differ. */
function hasCut(buckets: readonly Bucket[], whole: Bucket, leastHalf: number, delta: number): boolean {
  const variance = whole.spread / whole.n;
  const confidence = Math.log((2 * Math.log(whole.n)) / delta);
  let [n, sum] = [0, 0];
  for (const bucket of buckets.slice(0, -1)) {
    n += bucket.n;
    sum += bucket.sum;
    const rest = whole.n - n;
    if (n < leastHalf || rest < leastHalf) continue;
    const apart = Math.abs(sum / n - (whole.sum - sum) / rest);
    const harmonic = 1 / (n - leastHalf + 1) + 1 / (rest - leastHalf + 1);
    const bound = Math.sqrt(2 * harmonic * variance * confidence) + (2 / 3) * confidence * harmonic;
    if (apart > bound) return true;
  }
  return false;
}
