/**
 * Errors of two models that predict a number, on the same examples.
 */
import type { RegressionWindow } from './evidence/evidence.ts';
import type { GatePolicy } from './policy.ts';
import type { RatioStatistic } from './statistics/bootstrap.ts';
import type { Interval } from './statistics/interval.ts';
import { boundsOf, concatenate, sampleUnits } from './findings/unit-sample.ts';
import type { UnitSample } from './findings/unit-sample.ts';

/** A regression window whose champion is known to be there. */
export interface ComparedRegression extends RegressionWindow {
  readonly champion: Float64Array;
}

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

/** Units whose columns are: examples, the candidate's |e| and e^2, the champion's |e| and e^2. */
export function sampleErrors(windows: readonly ComparedRegression[], policy: GatePolicy): UnitSample {
  const of = (model: 'candidate' | 'champion'): Float64Array =>
    concatenate(windows.map((window) => absoluteErrors(window.targets, window[model])));
  const [candidate, champion] = [of('candidate'), of('champion')];
  return sampleUnits(windows, policy, [candidate, candidate.map(square), champion, champion.map(square)]);
}

function square(value: number): number {
  return value * value;
}

/** Mean absolute error of the candidate over the champion's. */
const MAE_RATIO: RatioStatistic = { numerator: 1, denominator: 3, scale: 'log' };
/** The same of the mean square error. */
const MSE_RATIO: RatioStatistic = { numerator: 2, denominator: 4, scale: 'log' };

/** Relative rise of MAE with bounds: 0.02 is 2 % worse; null where none can be drawn. */
export function maeRise(sample: UnitSample, policy: GatePolicy): Interval | null {
  const [ratio = null] = boundsOf(sample, [MAE_RATIO], policy);
  return ratio && mapBounds(ratio, (value) => value - 1);
}

/** Relative rise of the root mean square error, likewise. */
export function rmseRise(sample: UnitSample, policy: GatePolicy): Interval | null {
  const [ratio = null] = boundsOf(sample, [MSE_RATIO], policy);
  return ratio && mapBounds(ratio, (value) => Math.sqrt(value) - 1);
}

function mapBounds({ estimate, lower, upper }: Interval, rising: (value: number) => number): Interval {
  return { estimate: rising(estimate), lower: rising(lower), upper: rising(upper) };
}

/** Mean absolute error of the champion over all windows. */
export function championMae(windows: readonly ComparedRegression[]): number {
  return meanOf(concatenate(windows.map(({ targets, champion }) => absoluteErrors(targets, champion))));
}

/** The examples at which `keep` says so. */
export function filterExamples(window: ComparedRegression, keep: (i: number) => boolean): ComparedRegression {
  const values = (array: Float64Array): Float64Array => array.filter((_, i) => keep(i));
  const { groups, previousTargets, features: _features, ...rest } = window;
  return {
    ...rest,
    exampleIds: window.exampleIds.filter((_, i) => keep(i)),
    targets: values(window.targets),
    candidate: values(window.candidate),
    champion: values(window.champion),
    ...(groups === undefined ? {} : { groups: groups.filter((_, i) => keep(i)) }),
    ...(previousTargets === undefined ? {} : { previousTargets: values(previousTargets) }),
  };
}
