/**
 * What a manifest says of its version's answers on the held-out examples of a window, for the list of versions.
 */
import {
  meanAbsoluteError,
  rootMeanSquareError,
  rSquared,
} from '../../../shared/continuity/measures/errors.ts';
import { accuracy } from '../../../shared/continuity/policy/metrics.ts';

export type Metrics = Readonly<Record<string, number>>;

/** @param labels, predicted  class ids, [n] */
export function classMetrics(window: string, labels: Int32Array, predicted: Int32Array): Metrics {
  return { [`accuracy ${window}`]: accuracy(labels, predicted) };
}

/** @param targets, predicted  in the target's unit, [n] */
export function numberMetrics(window: string, targets: Float64Array, predicted: Float64Array): Metrics {
  return {
    [`mae ${window}`]: meanAbsoluteError(targets, predicted),
    [`rmse ${window}`]: rootMeanSquareError(targets, predicted),
    [`r2 ${window}`]: rSquared(targets, predicted),
  };
}
