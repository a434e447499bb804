/**
 * Sizes as people and words have them.
 */
import type { Draw } from './population.ts';

/** Ranks 0, 1, 2, … with probabilities as 1, 1/2, 1/3, … */
export function zipf(count: number): (draw: Draw) => number {
  const sums = new Float64Array(count);
  let total = 0;
  for (let rank = 0; rank < count; rank++) sums[rank] = total += 1 / (rank + 1);
  return (draw) => {
    const u = draw() * total;
    const rank = sums.findIndex((sum) => u < sum);
    return rank === -1 ? count - 1 : rank;
  };
}
