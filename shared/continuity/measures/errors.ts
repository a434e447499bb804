/**
 * Errors of two models that predict a number, on the same examples.
 */
import type { RegressionWindow } from '../evidence/evidence.ts';
import { errorLosses, type ErrorMetric } from '../policy/metric.ts';
import type { GatePolicy } from '../policy/policy.ts';
import type { RatioStatistic } from '../statistics/bootstrap.ts';
import type { Interval } from '../statistics/interval.ts';
import { joinDoubles } from '../../bytes.ts';
import { boundsOf, sampleUnits } from './unit-sample.ts';
import type { UnitSample } from './unit-sample.ts';

/** A regression window whose champion is known to be there. */
export interface ComparedRegression extends RegressionWindow {
  readonly champion: Float64Array;
}

/** The windows that the champion answered too; the gate compares on no others. */
export function comparedRegressions(windows: readonly RegressionWindow[]): ComparedRegression[] {
  return windows.filter((window): window is ComparedRegression => window.champion !== null);
}

/** |target - prediction|, [n]. */
export function absoluteErrors(targets: Float64Array, predictions: Float64Array): Float64Array {
  return targets.map((target, i) => Math.abs(target - (predictions[i] as number)));
}

/** Mean of |target - prediction|, in the target's unit; 0 when n = 0. */
export function meanAbsoluteError(targets: Float64Array, predictions: Float64Array): number {
  return meanOf(absoluteErrors(targets, predictions));
}

/** Root of the mean square of target - prediction, in the target's unit; 0 when n = 0. */
export function rootMeanSquareError(targets: Float64Array, predictions: Float64Array): number {
  return Math.sqrt(meanOf(absoluteErrors(targets, predictions).map(square)));
}

/**
 * Share of the targets' variance that the predictions explain: 1 - sum (t - y)^2 / sum (t - mean t)^2.
 *
 * @returns at most 1, below 0 when the mean of these very targets would do better; 0 when they do not vary
 */
export function rSquared(targets: Float64Array, predictions: Float64Array): number {
  const mean = meanOf(targets);
  const around = meanOf(targets.map((target) => square(target - mean)));
  return around === 0 ? 0 : 1 - meanOf(absoluteErrors(targets, predictions).map(square)) / around;
}

function meanOf(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function square(value: number): number {
  return value * value;
}

/** A measure of error whose relative rise is judged. */
interface ErrorMeasure {
  readonly name: string;
  /** loss of each example, [n]; the measure is its mean, or the root of that */
  readonly lossesOf: (targets: Float64Array, predictions: Float64Array) => Float64Array;
  readonly root: boolean;
}

const MAE: ErrorMeasure = { name: 'MAE', lossesOf: absoluteErrors, root: false };
const RMSE: ErrorMeasure = {
  name: 'RMSE',
  lossesOf: (targets, predictions) => absoluteErrors(targets, predictions).map(square),
  root: true,
};

/** What a metric asks of the current window: MAE and RMSE where the policy names none. */
export function measuresOf(metric: RatioMetric): readonly ErrorMeasure[] {
  return metric === 'auto' ? [MAE, RMSE] : [mainMeasure(metric)];
}

/** The one measure by which past windows, slices and baselines are judged. */
export function mainMeasure(metric: RatioMetric): ErrorMeasure {
  if (metric === 'rmse') return RMSE;
  if (metric === 'auto' || metric === 'mae') return MAE;
  return {
    name: 'pinball loss',
    lossesOf: (targets, predictions) => errorLosses(metric, targets, predictions),
    root: false,
  };
}

/** A metric that is judged by the ratio of two errors; a tolerance is judged by shares. */
export type RatioMetric = Exclude<ErrorMetric, { readonly tolerance: number }>;

/** Units whose columns are: examples, the candidate's losses, the champion's. */
export interface ErrorSample extends UnitSample {
  /** rise of the measure where it is the same in every unit, so that no resampling says anything about it; else null */
  readonly constantRise: number | null;
}

/**
 * Mean errors of both models over the windows' units, with the rise that a constant factor would explain.
 *
 * @param measure  one loss an example, and whether the mean's root is taken (mean absolute error by default)
 */
export function sampleErrors(
  windows: readonly ComparedRegression[],
  policy: Pick<GatePolicy, 'alpha' | 'bootstrap'>,
  { lossesOf, root }: ErrorMeasure = MAE,
): ErrorSample {
  const of = (model: 'candidate' | 'champion'): Float64Array =>
    joinDoubles(windows.map((window) => lossesOf(window.targets, window[model])));
  const [candidate, champion] = [of('candidate'), of('champion')];
  const ratio = meanOf(candidate) / meanOf(champion);
  const series = candidate.map((loss, i) => loss - ratio * (champion[i] as number));
  const sample = sampleUnits(windows, policy, [candidate, champion], series);
  return { ...sample, constantRise: constantRise(sample, root) };
}

/** Of ratios that are meant to be the same, as small errors are differences of large numbers. */
const ROUNDING = 1e-6;

function constantRise({ units: { count, columns, sums } }: UnitSample, root: boolean): number | null {
  if (count < LEAST_UNITS) return null;
  const ratioOf = (unit: number): number =>
    (sums[unit * columns + 1] as number) / (sums[unit * columns + 2] as number);
  const ratio = ratioOf(0);
  for (let unit = 0; unit < count; unit++) {
    if (!(Math.abs(ratioOf(unit) - ratio) <= ROUNDING * ratio)) return null;
  }
  return (root ? Math.sqrt(ratio) : ratio) - 1;
}

const RATIO: RatioStatistic = { numerator: 1, denominator: 2, scale: 'log' };

/** Below so many units a resampled bound promises too much. */
export const LEAST_UNITS = 20;

/** Relative rise of the measure with bounds: 0.02 is 2 % worse; null where none can be drawn. */
export function errorRise(
  sample: UnitSample,
  policy: Pick<GatePolicy, 'bootstrap'>,
  { root }: ErrorMeasure = MAE,
): Interval | null {
  const [ratio = null] = boundsOf(sample, [RATIO], policy);
  return ratio && mapBounds(ratio, (value) => (root ? Math.sqrt(value) : value) - 1);
}

function mapBounds({ estimate, lower, upper }: Interval, rising: (value: number) => number): Interval {
  return { estimate: rising(estimate), lower: rising(lower), upper: rising(upper) };
}

/** Rise of the measure as it was seen, without bounds; 0 where the champion has no error. */
export function estimatedRise(
  windows: readonly ComparedRegression[],
  { lossesOf, root }: ErrorMeasure = MAE,
): number {
  const of = (model: 'candidate' | 'champion'): number =>
    meanOf(joinDoubles(windows.map((window) => lossesOf(window.targets, window[model]))));
  const ratio = of('champion') > 0 ? of('candidate') / of('champion') : 1;
  return (root ? Math.sqrt(ratio) : ratio) - 1;
}

/** Mean absolute error of the champion over all windows. */
export function championMae(windows: readonly ComparedRegression[]): number {
  return meanOf(joinDoubles(windows.map(({ targets, champion }) => absoluteErrors(targets, champion))));
}

/** The examples at which `keep` says so. */
export function filterExamples(window: ComparedRegression, keep: (i: number) => boolean): ComparedRegression {
  const values = (array: Float64Array): Float64Array => array.filter((_, i) => keep(i));
  const { groups, contents, previousTargets, features: _features, ...rest } = window;
  const ids = (array: Int32Array): Int32Array => array.filter((_, i) => keep(i));
  return {
    ...rest,
    exampleIds: window.exampleIds.filter((_, i) => keep(i)),
    targets: values(window.targets),
    candidate: values(window.candidate),
    champion: values(window.champion),
    ...(groups && { groups: ids(groups) }),
    ...(contents && { contents: ids(contents) }),
    ...(previousTargets === undefined ? {} : { previousTargets: values(previousTargets) }),
  };
}
