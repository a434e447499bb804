/**
 * A test that may be looked at as often as one likes: the wealth of somebody who bets against a claim.
 *
 * Each unit of evidence is a mean difference x in [-1, 1]. Against the claim "the mean of x is at most f", a bettor who
 * stakes the share eta multiplies the wealth by 1 + eta (x - f); if the claim is true, wealth does not grow in
 * expectation, so it ever reaches 1 / alpha with probability at most alpha (Ville 1939), whenever one looks and stops.
 * The stake that would have been best is not known beforehand: 24 constant stakes are averaged (a mixture; Robbins 1970;
 * Waudby-Smith & Ramdas 2024, JRSS-B 86:1, arXiv:2010.09686). Constant stakes, unlike those that look back, make the
 * wealth a function of the set of units alone: the order in which labels arrive changes no bit, and what is counted
 * apart can be merged.
 */

/** How many units have a mean difference, in steps of 1 / GRID; a unit may count as a share of one. */
export type Tally = ReadonlyMap<number, number>;

/** Fine enough that rounding moves a mean by at most 1.3e-4, less than a fiftieth of a point. */
export const GRID = 4_096;

/** From "hardly anything" to "nearly all", in geometric steps. */
const LEAST_STAKE = 0.03;
const MOST_STAKE = 0.97;
const STAKES = 24;

/** [24], ascending, in (0, 1) */
export const stakes: readonly number[] = Array.from(
  { length: STAKES },
  (_, k) => LEAST_STAKE * (MOST_STAKE / LEAST_STAKE) ** (k / (STAKES - 1)),
);

/**
 * @param differences  mean difference of each unit, in [-1, 1], [units]
 * @param share        what each counts for, in (0, 1]; a multiple of a power of 1/2 keeps sums free of their order
 * @throws RangeError for one outside (a bug in the caller)
 */
export function tallyOf(differences: Iterable<number>, share = 1): Tally {
  const counts = new Map<number, number>();
  for (const x of differences) {
    if (!(x >= -1 && x <= 1)) throw new RangeError(`expected a difference in [-1, 1], got ${x}`);
    const cell = Math.round(x * GRID);
    counts.set(cell, (counts.get(cell) ?? 0) + share);
  }
  return counts;
}

/** The units of several tallies together. */
export function mergeTallies(tallies: Iterable<Tally>): Tally {
  const counts = new Map<number, number>();
  for (const tally of tallies) {
    for (const [cell, count] of tally) counts.set(cell, (counts.get(cell) ?? 0) + count);
  }
  return counts;
}

/** The same comparison seen from the other side. */
export function mirrorTally(tally: Tally): Tally {
  return new Map([...tally].map(([cell, count]) => [cell === 0 ? 0 : -cell, count]));
}

/** How many units, and their mean difference (0 of none). */
export function describeTally(tally: Tally): { readonly units: number; readonly mean: number } {
  let units = 0;
  let sum = 0;
  for (const [cell, count] of inOrder(tally)) {
    units += count;
    sum += cell * count;
  }
  return { units, mean: units === 0 ? 0 : sum / GRID / units };
}

/**
 * Natural logarithm of the wealth against the claim that the mean difference is at most `floor`. The logarithm of
 * 1 / alpha or more refutes the claim at level alpha, at whatever time one looks.
 *
 * @param floor   in (-1, 1); -0.01 for "worse by more than a point"
 * @param growth  for a sample so many times as large, of the same units
 * @returns 0 without units
 */
export function logWealth(tally: Tally, floor: number, growth = 1): number {
  return logMeanExp(stakeLogs(tally, floor, growth));
}

/**
 * The same for each stake alone. Those of units that are told apart add up, so that what is known of old units can be
 * kept in so many numbers.
 *
 * @returns [24], in the order of `stakes`; all 0 without units
 */
export function stakeLogs(tally: Tally, floor: number, growth = 1): number[] {
  const cells = inOrder(tally);
  // The largest stake that can't be ruined: 1 + eta (-1 - floor) stays above 0.
  const scale = 1 / (1 + Math.max(0, floor));
  return stakes.map((stake) => {
    let sum = 0;
    for (const [cell, count] of cells) sum += count * Math.log1p(stake * scale * (cell / GRID - floor));
    return growth * sum;
  });
}

/** Logarithm of the mean of what was taken the logarithm of. @param logs [k], k >= 1 */
export function logMeanExp(logs: readonly number[]): number {
  return logSumExp(logs) - Math.log(logs.length);
}

/** ln(sum of exp), without overflow. @param logs [k], k >= 1 */
export function logSumExp(logs: readonly number[]): number {
  const most = Math.max(...logs);
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - most);
  return most + Math.log(sum);
}

/** Sums in one order, so that they have the same bits whatever order the units came in. */
function inOrder(tally: Tally): [number, number][] {
  return [...tally].sort(([a], [b]) => a - b);
}
