/**
 * The smallest model that can be trained: one number that is drawn to the targets' mean by gradient descent. What the
 * loop does to it can be followed by hand.
 */
import type { Trainable } from '../../../trainer/training/models/trainable.ts';

export interface Toy extends Trainable {
  readonly at: () => number;
}

const CAPACITY = 8;

/** @param breaksAbove  the rate from which a step gives a loss and a weight that are not numbers */
export function createToy({ at: start, breaksAbove = Infinity }: { at: number; breaksAbove?: number }): Toy {
  let at = start;
  const floats = () => new Float32Array(CAPACITY);
  const batch = {
    inputs: floats(),
    targets: floats(),
    weights: floats(),
    teacher: floats(),
    teacherWeights: floats(),
  };
  const errors = (rows: number): number[] =>
    [...batch.targets.subarray(0, rows)].map((target) => at - target);
  const loss = (rows: number): number => errors(rows).reduce((sum, error) => sum + error ** 2, 0);
  return {
    task: 'regression',
    inputSize: 1,
    outputSize: 1,
    capacity: CAPACITY,
    batch,
    outputs: floats(),
    at: () => at,
    step: (rows, { rate }) => {
      const before = loss(rows);
      at -= (2 * rate * errors(rows).reduce((sum, error) => sum + error, 0)) / rows;
      if (rate <= breaksAbove) return before;
      at = Number.NaN;
      return Number.NaN;
    },
    evaluate: loss,
    readState: () => new Uint8Array(Float64Array.of(at).buffer),
    writeState: (bytes) => {
      at = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
    },
    readWeights: () => Float32Array.of(at),
    writeWeights: ([weight]) => {
      at = weight as number;
    },
    release: () => {},
  };
}
