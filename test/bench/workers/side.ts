/**
 * One of the things that are compared: a loaded model, called with the same inputs as the others.
 */
import { rawSize } from '../../../shared/model/spec/input.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import { createRandom } from '../../../shared/random.ts';

export interface Side {
  /** @returns [batch, labels] */
  predict(inputs: Inputs): Float32Array | Promise<Float32Array>;
}

/** The same numbers in the form that each side takes without copying. */
export interface Inputs {
  readonly batch: number;
  /** [batch, ...input shape] */
  readonly flat: Float32Array;
  /** [batch] of [rawSize] */
  readonly rows: readonly Float32Array[];
}

/** Uniform in [-1, 1), seeded. */
export function createInputs({ input }: Spec, batch: number): Inputs {
  const random = createRandom(1);
  const size = rawSize(input);
  const flat = Float32Array.from({ length: batch * size }, () => random.uniform() * 2 - 1);
  const rows = Array.from({ length: batch }, (_, i) => flat.subarray(i * size, (i + 1) * size));
  return { batch, flat, rows };
}
