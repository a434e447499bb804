/**
 * Errors of two models that predict a number, on the same examples.
 */
import type { RegressionWindow } from './evidence.ts';
import type { GatePolicy } from './policy.ts';
import type { RatioStatistic } from './statistics/bootstrap.ts';
import type { Interval } from './statistics/interval.ts';
import { boundsOf, concatenate, sampleUnits } from './unit-sample.ts';
import type { UnitSample } from './unit-sample.ts';

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
  const errors = concatenate(windows.map(({ targets, champion }) => absoluteErrors(targets, champion)));
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
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
