/**
 * What a night of labels shows at all: a mean over units, less what chance may add to it.
 */
import { tallyUnits, unitsOf } from '../referee/units.ts';
import { describeTally, GRID } from '../statistics/e-process.ts';

/** In standard errors: one clean night in a hundred is beyond it, by the normal approximation. */
export const SURE = 2.33;

/** What comes with each example, [n] each: groups, and the same id for the same input. */
export interface Ties {
  readonly groups?: Int32Array;
  readonly contents?: Int32Array;
}

/**
 * One-sided bound of a mean, by units: groups and repeats count once, neighbours in time by their share.
 *
 * @param differences  in [-1, 1], in order of time, [n]
 * @returns -1 where fewer than two units say anything
 */
export function lowerBound(differences: Float64Array, { groups, contents }: Ties): number {
  const tally = tallyUnits(
    unitsOf({ differences, ...(groups && { groups }), ...(contents && { contents }) }),
  );
  const { units, mean } = describeTally(tally);
  if (units < 2) return -1;
  let squares = 0;
  for (const [cell, count] of tally) squares += count * (cell / GRID - mean) ** 2;
  return mean - SURE * Math.sqrt(squares / (units - 1) / units);
}

/**
 * On which side of a division into two an example stands, 0 or 1. Not every second one: where ten buildings report in
 * turn, one half would have the even ones and know nothing of the odd.
 *
 * @param i  position in the night, from 0
 */
export function halfOf(i: number): 0 | 1 {
  // Knuth's multiplicative hashing: the upper bits of i times the golden ratio of 2^32, stirred once more.
  const mixed = Math.imul(i + 1, 0x9e37_79b1);
  return ((Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b) >>> 16) & 1) as 0 | 1;
}
