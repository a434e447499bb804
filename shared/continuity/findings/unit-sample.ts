/**
 * Per-example values of several windows, summed into the units that the bootstrap draws.
 */
import { countGroups } from './paired-sample.ts';
import type { GatePolicy } from '../policy.ts';
import { bootstrapRatios, cautiousLevel, numberUnits, unitsOf } from '../statistics/bootstrap.ts';
import type { RatioStatistic, ResamplingUnits } from '../statistics/bootstrap.ts';
import type { BoundedSample } from '../statistics/bounded-mean.ts';
import { UNGROUPED } from '../statistics/design-effect.ts';
import type { Interval } from '../statistics/interval.ts';

export interface GroupedWindow {
  readonly exampleIds: readonly string[];
  readonly groups?: Int32Array;
}

export interface UnitSample {
  /** column 0 counts examples; the others are sums of the values, in their order */
  readonly units: ResamplingUnits;
  readonly n: number;
  /** distinct groups; null without groups */
  readonly groups: number | null;
  /** level of each bound */
  readonly alpha: number;
}

/** @param values  per example, each over all windows in their order, [values][n] */
export function sampleUnits(
  windows: readonly GroupedWindow[],
  { alpha, bootstrap }: Pick<GatePolicy, 'alpha' | 'bootstrap'>,
  values: readonly Float64Array[],
): UnitSample {
  const n = windows.reduce((sum, { exampleIds }) => sum + exampleIds.length, 0);
  const groups = joinGroups(windows, n);
  const units = unitsOf([new Float64Array(n).fill(1), ...values], groups, bootstrap.seed);
  return { units, n, groups: groups && countGroups(groups), alpha };
}

/** One value summed by unit, for bounds that draw nothing. */
export interface GroupedSums extends BoundedSample, Pick<UnitSample, 'n' | 'groups' | 'alpha'> {}

/** @param values  per example, over all windows in their order, [n] */
export function sumByGroup(
  windows: readonly GroupedWindow[],
  { alpha }: { readonly alpha: number },
  values: Float64Array,
): GroupedSums {
  const n = values.length;
  const ids = joinGroups(windows, n);
  if (ids === null) return { sums: values, sizes: new Float64Array(n).fill(1), n, groups: null, alpha };
  const { unitOf, count } = numberUnits(ids);
  const [sums, sizes] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < n; i++) {
    const unit = unitOf[i] as number;
    sums[unit] = (sums[unit] as number) + (values[i] as number);
    sizes[unit] = (sizes[unit] as number) + 1;
  }
  return { sums, sizes, n, groups: count, alpha };
}

/** Group ids over all windows, [n]; null when no window has any. */
export function joinGroups(windows: readonly GroupedWindow[], n: number): Int32Array | null {
  if (windows.every(({ groups }) => groups === undefined)) return null;
  const ids = new Int32Array(n).fill(UNGROUPED);
  let at = 0;
  for (const { exampleIds, groups } of windows) {
    if (groups !== undefined) ids.set(groups, at);
    at += exampleIds.length;
  }
  return ids;
}

/**
 * Bounds that hold at the sample's level: asked for at a more cautious one, and the wider of BCa's and bootstrap-t's on
 * either side, as with a few hundred examples and rare large values each alone is too narrow. Null where they cannot be had: one unit only, or no variation.
 */
export function boundsOf(
  { units, alpha }: UnitSample,
  statistics: readonly RatioStatistic[],
  { bootstrap }: Pick<GatePolicy, 'bootstrap'>,
): (Interval | null)[] {
  if (units.count < 2) return statistics.map(() => null);
  const level = cautiousLevel(alpha, units.count);
  return bootstrapRatios(units, statistics, { alpha: level, ...bootstrap }).map(
    (bounds) =>
      bounds && {
        estimate: bounds.bca.estimate,
        lower: Math.min(bounds.bca.lower, bounds.studentized.lower),
        upper: Math.max(bounds.bca.upper, bounds.studentized.upper),
      },
  );
}

export function concatenate(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
