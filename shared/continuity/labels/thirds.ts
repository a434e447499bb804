/**
 * Numbers as classes: whether a target lies in the lower, the middle or the upper third of its night. What is asked of
 * labels can then be asked of targets, whatever their unit: a rank does not know one.
 */

export const THIRDS = 3;

/** @returns 0, 1 or 2 for each value, by its rank; equal values lie in one third, [n] */
export function thirdsOf(values: ArrayLike<number>): Int32Array {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const bounds = [1, 2].map((k) => sorted[Math.floor((k * n) / THIRDS)] ?? 0);
  return Int32Array.from(values, (value) => bounds.filter((bound) => value >= bound).length);
}
