/**
 * What the referee's simulations draw, and how they sum up.
 */
import type { Tally } from '../../../../shared/continuity/statistics/e-process.ts';
import { GRID } from '../../../../shared/continuity/statistics/e-process.ts';
import { type Draw, ratesOf } from '../population.ts';

/** Gains, losses and ties of so many labels; disagreement is as large as the difference makes it. */
export function drawCounts(
  labels: number,
  difference: number,
  disagreement: number,
  draw: Draw,
): { readonly gains: number; readonly losses: number; readonly n: number } {
  const { gain, loss } = ratesOf(difference, Math.max(disagreement, Math.abs(difference) + 0.02));
  let [gains, losses] = [0, 0];
  for (let i = 0; i < labels; i++) {
    const u = draw();
    if (u < gain) gains++;
    else if (u < gain + loss) losses++;
  }
  return { gains, losses, n: labels };
}

/** As units of which each is one example. */
export function tallyCounts({ gains, losses, n }: { gains: number; losses: number; n: number }): Tally {
  const cells: [number, number][] = [
    [GRID, gains],
    [-GRID, losses],
    [0, n - gains - losses],
  ];
  return new Map(cells.filter(([, count]) => count > 0));
}

/** The value that so large a share does not exceed; infinite where it is among those that never came. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Level and so many standard errors of the simulation, in percent. */
export function limitOf(level: number, lives: number, errors = 3): number {
  return 100 * (level + errors * Math.sqrt((level * (1 - level)) / lives));
}
