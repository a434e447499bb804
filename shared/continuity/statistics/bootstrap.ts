/**
 * Bias-corrected and accelerated bootstrap, paired and by group.
 * B. Efron 1987, "Better bootstrap confidence intervals", JASA 82:171-185.
 *
 * It draws units: groups where there are groups, else examples. A unit is a row of sums, and a statistic is a
 * function of their totals, so one draw costs one addition per unit and column whatever a unit stands for, and all
 * statistics share their draws. More units than MAX_UNITS are first put into as many blocks at random: sums of
 * independent units are independent units, with the same variance and skewness of their total.
 */
import { createRandom, shuffle } from '../../random.ts';
import { UNGROUPED } from './design-effect.ts';
import type { Interval } from './interval.ts';
import { upperNormalPoint, upperNormalTail, upperStudentPoint } from './normal.ts';

/** Sums over `count` units, [count, columns], row by row. */
export interface Units {
  readonly count: number;
  readonly columns: number;
  readonly sums: Float64Array;
}

export interface BootstrapOptions {
  readonly alpha: number;
  readonly draws: number;
  readonly seed: number;
}

/** From column totals, [columns], to a number. */
export type Statistic = (totals: Float64Array) => number;

/** At 4,096 blocks the standard error is known to 1.1 %; more would cost time and tell nothing. */
const MAX_UNITS = 4_096;

/** A quantile needs about this many draws beyond it; a stricter level is extrapolated from the last that has them. */
const DRAWS_BEYOND = 20;

/**
 * Sums examples into units.
 *
 * @param columns  values per example, each [n]
 * @param groups   group ids, [n], or null when every example stands alone
 */
export function unitsOf(columns: readonly Float64Array[], groups: Int32Array | null, seed: number): Units {
  const n = columns[0]?.length ?? 0;
  const unitOf = numberUnits(n, groups, seed);
  const count = unitOf.reduce((most, unit) => Math.max(most, unit + 1), 0);
  const width = columns.length;
  const sums = new Float64Array(count * width);
  for (const [column, values] of columns.entries()) {
    for (let i = 0; i < n; i++) {
      const at = (unitOf[i] as number) * width + column;
      sums[at] = (sums[at] as number) + (values[i] as number);
    }
  }
  return { count, columns: width, sums };
}

/** The unit of each example, [n]: its group, or a random block of groups. */
function numberUnits(n: number, groups: Int32Array | null, seed: number): Int32Array {
  const numbers = new Map<number, number>();
  let count = 0;
  const unitOf = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const group = groups === null ? UNGROUPED : (groups[i] as number);
    const known = group === UNGROUPED ? undefined : numbers.get(group);
    unitOf[i] = known ?? count;
    if (known !== undefined) continue;
    if (group !== UNGROUPED) numbers.set(group, count);
    count++;
  }
  if (count <= MAX_UNITS) return unitOf;
  const order = shuffle(
    Int32Array.from({ length: count }, (_, i) => i),
    createRandom(seed),
  );
  return unitOf.map((unit) => (order[unit] as number) % MAX_UNITS);
}

/**
 * Bounds of each statistic, each one-sided at level `alpha`. Levels are widened by t and sqrt(n / (n - 1)), without
 * which percentile intervals of few units are too narrow (T. Hesterberg 2015, The American Statistician 69:371-386).
 *
 * @returns one interval per statistic; null where the units do not vary, which no resampling can judge
 * @throws RangeError on fewer than two units (a bug in the caller)
 */
export function bcaBootstrap(
  units: Units,
  statistics: readonly Statistic[],
  options: BootstrapOptions,
): (Interval | null)[] {
  if (units.count < 2) throw new RangeError(`expected at least two units, got ${units.count}`);
  const replicates = resample(units, statistics, options);
  return statistics.map((statistic, s) =>
    bcaInterval(units, statistic, (replicates[s] as Float64Array).sort(), options.alpha),
  );
}

/** Each statistic of each draw: [statistics][draws]. */
function resample(
  { count, columns, sums }: Units,
  statistics: readonly Statistic[],
  { draws, seed }: BootstrapOptions,
): Float64Array[] {
  const replicates = statistics.map(() => new Float64Array(draws));
  const totals = new Float64Array(columns);
  const times = new Uint16Array(count);
  let state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  for (let draw = 0; draw < draws; draw++) {
    times.fill(0);
    for (let i = 0; i < count; i++) {
      // xorshift32 (Marsaglia 2003), inlined: half of the time goes into the draws
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const unit = Math.floor(((state >>> 0) / 4_294_967_296) * count);
      times[unit] = (times[unit] as number) + 1;
    }
    totals.fill(0);
    for (let unit = 0, at = 0; unit < count; unit++, at += columns) {
      const weight = times[unit] as number;
      if (weight === 0) continue;
      for (let column = 0; column < columns; column++) {
        totals[column] = (totals[column] as number) + weight * (sums[at + column] as number);
      }
    }
    for (const [s, statistic] of statistics.entries())
      (replicates[s] as Float64Array)[draw] = statistic(totals);
  }
  return replicates;
}

/** @param sorted the statistic's replicates, ascending, [draws] */
function bcaInterval(
  units: Units,
  statistic: Statistic,
  sorted: Float64Array,
  alpha: number,
): Interval | null {
  const draws = sorted.length;
  const [first, last] = [sorted[0] as number, sorted[draws - 1] as number];
  if (!Number.isFinite(first) || !Number.isFinite(last) || first === last) return null;
  const totals = totalsOf(units);
  const estimate = statistic(totals);
  const bias = upperNormalPoint(1 - shareBelow(sorted, estimate));
  const acceleration = accelerationOf(units, statistic, totals);
  const wanted = widened(alpha, units.count);
  const level = Math.max(wanted, DRAWS_BEYOND / draws);
  const stretch = upperNormalPoint(wanted) / upperNormalPoint(level);
  const bound = (z: number): number => {
    const shifted = bias + (bias + z) / (1 - acceleration * (bias + z));
    return quantile(sorted, 1 - upperNormalTail(shifted));
  };
  const z = upperNormalPoint(level);
  return {
    estimate,
    lower: Math.min(estimate, estimate - stretch * (estimate - bound(-z))),
    upper: Math.max(estimate, estimate + stretch * (bound(z) - estimate)),
  };
}

function totalsOf({ count, columns, sums }: Units): Float64Array {
  const totals = new Float64Array(columns);
  for (let at = 0; at < count * columns; at++) {
    const column = at % columns;
    totals[column] = (totals[column] as number) + (sums[at] as number);
  }
  return totals;
}

/** The level at which a normal point equals t(alpha, count - 1) sqrt(count / (count - 1)). */
function widened(alpha: number, count: number): number {
  return upperNormalTail(upperStudentPoint(alpha, count - 1) * Math.sqrt(count / (count - 1)));
}

/** Share of replicates below the estimate, ties half; kept off 0 and 1. */
function shareBelow(sorted: Float64Array, estimate: number): number {
  let below = 0;
  for (const value of sorted) below += value < estimate ? 1 : value === estimate ? 0.5 : 0;
  return Math.min(Math.max(below, 0.5), sorted.length - 0.5) / sorted.length;
}

/** Skewness of the jackknife values over 6 (Efron 1987, equation 6.6). */
function accelerationOf({ count, columns, sums }: Units, statistic: Statistic, totals: Float64Array): number {
  const without = new Float64Array(columns);
  const values = new Float64Array(count);
  for (let unit = 0; unit < count; unit++) {
    for (let column = 0; column < columns; column++) {
      without[column] = (totals[column] as number) - (sums[unit * columns + column] as number);
    }
    values[unit] = statistic(without);
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  let squares = 0;
  let cubes = 0;
  for (const value of values) {
    const distance = mean - value;
    squares += distance ** 2;
    cubes += distance ** 3;
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
}

/** Linear between order statistics, (draws + 1) p as Efron & Tibshirani 1993 use it. */
function quantile(sorted: Float64Array, p: number): number {
  const at = Math.min(Math.max(p * (sorted.length + 1) - 1, 0), sorted.length - 1);
  const low = Math.floor(at);
  const below = sorted[low] as number;
  return below + (at - low) * ((sorted[low + 1] ?? below) - below);
}
