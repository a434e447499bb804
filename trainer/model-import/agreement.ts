/**
 * Whether an edge plan computes what TensorFlow.js does: on a few random inputs, before anything of it is stored.
 */
import { createRandom } from '../../shared/random.ts';
import { err, ok, type Result } from '../../shared/result.ts';

const INPUTS = 3;
/** Largest difference over the largest absolute output; folding batch norms and another order of sums stay well below. */
const TOLERANCE = 1e-4;

/** Seeded inputs from -1 to 1, [size] each. */
export function drawInputs(size: number, count: number = INPUTS): Float32Array[] {
  const random = createRandom(1);
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: size }, () => random.uniform() * 2 - 1),
  );
}

/**
 * @param run      the edge's answer to one input
 * @param predict  that of TensorFlow.js
 * @returns the largest difference, over the largest absolute output of TensorFlow.js; an error where it is too large
 */
export async function compareOutputs(
  inputs: readonly Float32Array[],
  run: (input: Float32Array) => Float32Array,
  predict: (input: Float32Array) => Promise<Float32Array>,
  onProgress: (text: string) => void,
): Promise<Result<number, string>> {
  let difference = 0;
  let scale = 0;
  for (const [i, input] of inputs.entries()) {
    onProgress(`comparing with TensorFlow.js: input ${i + 1} of ${inputs.length}`);
    const expected = await predict(input);
    if (!expected.every(Number.isFinite))
      return err('TensorFlow.js itself answers with NaN or an infinity: the weights are damaged');
    difference = Math.max(difference, largestDifference(run(input), expected));
    scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), scale);
  }
  const relative = difference === 0 ? 0 : difference / scale;
  if (relative <= TOLERANCE) return ok(relative);
  return err(
    `the edge plan differs from TensorFlow.js by ${relative.toExponential(1)} (relative), at most ${TOLERANCE} is tolerated`,
  );
}

/** NaN or another length counts as infinite. */
function largestDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs((actual[i] as number) - value);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
  }
  return largest;
}
