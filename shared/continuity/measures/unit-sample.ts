/**
 * Per-example values of several windows, summed into the units that the bootstrap draws.
 */
import { worthOfGroups } from './paired-sample.ts';
import { shareOfNeighbours, type TiedWindow, tiesOf, unitsIn } from './ties.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { bootstrapRatios, cautiousLevel, numberUnits, unitsOf } from '../statistics/bootstrap.ts';
import type { RatioStatistic, ResamplingUnits } from '../statistics/bootstrap.ts';
import type { BoundedSample } from '../statistics/bounded-mean.ts';
import { unitWorth } from '../statistics/design-effect.ts';
import type { Interval } from '../statistics/interval.ts';

export interface UnitSample {
  /** column 0 counts examples; the others are sums of the values, in their order */
  readonly units: ResamplingUnits;
  readonly n: number;
  /** share of them that counts, as neighbours in time hang together */
  readonly share: number;
  /** how many independent units of equal size they are worth */
  readonly worth: number;
  /** how many equal groups they are worth; null without groups */
  readonly groups: number | null;
  /** level of each bound */
  readonly alpha: number;
}

/**
 * @param values  per example, each over all windows in their order, [values][n]
 * @param series  what the bound is of, per example, [n]: neighbours in time are put together as far as it hangs together
 */
export function sampleUnits(
  windows: readonly TiedWindow[],
  { alpha, bootstrap }: Pick<GatePolicy, 'alpha' | 'bootstrap'>,
  values: readonly Float64Array[],
  series: Float64Array,
): UnitSample {
  const n = series.length;
  const { ids, ...worth } = worthOf(windows, series);
  const units = unitsOf([new Float64Array(n).fill(1), ...values], ids, bootstrap.seed);
  return { units, n, ...worth, alpha };
}

/** Which examples count together, and what they are worth. */
function worthOf(windows: readonly TiedWindow[], series: Float64Array) {
  const ties = tiesOf(windows);
  const ids = unitsIn(ties);
  const share = shareOfNeighbours(ties, ids, series);
  const count = ids === null ? series.length : unitWorth(ids).count;
  return { ids, share, worth: share * count, groups: ids && worthOfGroups(ids) };
}

/** One value summed by unit, for bounds that draw nothing. */
export interface GroupedSums extends BoundedSample, Omit<UnitSample, 'units'> {}

/** @param values  per example, over all windows in their order, [n] */
export function sumByGroup(
  windows: readonly TiedWindow[],
  { alpha }: { readonly alpha: number },
  values: Float64Array,
): GroupedSums {
  const n = values.length;
  const { ids, ...worth } = worthOf(windows, values);
  if (ids === null) return { sums: values, sizes: new Float64Array(n).fill(1), n, ...worth, alpha };
  const { unitOf, count } = numberUnits(ids);
  const [sums, sizes] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < n; i++) {
    const unit = unitOf[i] as number;
    sums[unit] = (sums[unit] as number) + (values[i] as number);
    sizes[unit] = (sizes[unit] as number) + 1;
  }
  return { sums, sizes, n, ...worth, alpha };
}

/**
 * Bounds that hold at the sample's level: asked for at a more cautious one, and the wider of BCa's and bootstrap-t's on
 * either side, as with a few hundred examples and rare large values each alone is too narrow. Null where they cannot be had: one unit only, or no variation.
 */
export function boundsOf(
  { units, share, worth, alpha }: UnitSample,
  statistics: readonly RatioStatistic[],
  { bootstrap }: Pick<GatePolicy, 'bootstrap'>,
): (Interval | null)[] {
  if (units.count < 2) return statistics.map(() => null);
  const level = cautiousLevel(alpha, Math.min(units.count, worth));
  return bootstrapRatios(units, statistics, { alpha: level, ...bootstrap }).map(
    (bounds, i) =>
      bounds &&
      widen(
        {
          estimate: bounds.bca.estimate,
          lower: Math.min(bounds.bca.lower, bounds.studentized.lower),
          upper: Math.max(bounds.bca.upper, bounds.studentized.upper),
        },
        statistics[i]?.scale ?? 'identity',
        1 / Math.sqrt(share),
      ),
  );
}

/** The interval of a sample worth less than it seems: so many times as wide, on the scale of its statistic. */
function widen({ estimate, lower, upper }: Interval, scale: RatioStatistic['scale'], by: number): Interval {
  return scale === 'log'
    ? { estimate, lower: estimate * (lower / estimate) ** by, upper: estimate * (upper / estimate) ** by }
    : { estimate, lower: estimate - by * (estimate - lower), upper: estimate + by * (upper - estimate) };
}
