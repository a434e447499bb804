/**
 * Targets as a head learns them best: standardised, so that one step size serves every unit. The head that is published
 * speaks the target's own unit, since the scale is folded into its last layer: whoever serves it needs nothing more.
 */
import type { DenseLayer } from '../../model/head.ts';
import { RunFailure } from '../../run-failure.ts';

export interface TargetScale {
  readonly mean: number;
  /** standard deviation, above 0 */
  readonly deviation: number;
}

/** In parts of the largest target: below it float32 has only a few steps from one target to the next. */
const LEAST_DEVIATION = 1e-6;

/**
 * @param targets  of the training examples, [n], finite
 * @throws RunFailure when there are none, or they do not vary enough to be learnt
 */
export function fitTarget(targets: Float64Array): TargetScale {
  if (targets.length === 0) throw new RunFailure('expected training examples, got none');
  const mean = meanOf(targets);
  const deviation = Math.sqrt(meanOf(targets.map((target) => (target - mean) * (target - mean))));
  const largest = targets.reduce((most, target) => Math.max(most, Math.abs(target)), 0);
  if (targets.every((target) => target === targets[0])) {
    throw new RunFailure(`expected training examples of different targets, got ${targets[0]} only`);
  }
  if (!(deviation > LEAST_DEVIATION * largest)) {
    throw new RunFailure(
      `expected targets that vary by more than a millionth of their size, got a deviation of ${deviation} around ${mean}: subtract an offset`,
    );
  }
  return { mean, deviation };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** In deviations from the mean, [n]. */
export function standardise(
  targets: Float64Array | Float32Array,
  { mean, deviation }: TargetScale,
): Float32Array {
  return Float32Array.from(targets, (target) => (target - mean) / deviation);
}

/** A head that says standardised targets, as one that says targets. */
export function toTargetUnit(layers: readonly DenseLayer[], { mean, deviation }: TargetScale): DenseLayer[] {
  return mapLast(
    layers,
    (weight) => weight * deviation,
    (bias) => bias * deviation + mean,
  );
}

/** The inverse: a published head, ready to be trained further. */
export function fromTargetUnit(
  layers: readonly DenseLayer[],
  { mean, deviation }: TargetScale,
): DenseLayer[] {
  return mapLast(
    layers,
    (weight) => weight / deviation,
    (bias) => (bias - mean) / deviation,
  );
}

function mapLast(
  layers: readonly DenseLayer[],
  ofWeight: (weight: number) => number,
  ofBias: (bias: number) => number,
): DenseLayer[] {
  return layers.map((layer, i) =>
    i < layers.length - 1
      ? layer
      : {
          ...layer,
          kernel: { ...layer.kernel, data: layer.kernel.data.map(ofWeight) },
          bias: { ...layer.bias, data: layer.bias.data.map(ofBias) },
        },
  );
}
