/**
 * What a dense stack must do wherever it runs: the same bits in Node and in workerd.
 */
import { expect, test } from 'vitest';
import { sha256Hex } from '../../../../shared/digest.ts';
import type { DenseLayer } from '../../../../shared/model/head.ts';
import { createDenseStack } from '../../../../shared/model/kernels/dense-stack.ts';
import { createRandom, type Random } from '../../../../shared/random.ts';

/** Of the weights after 20 steps, on every machine and in every runtime. */
const DIGEST = '8c547761e71f3a6bdb8c45c57542ed6b2f60cd27a8bef9b15583f2aaba347dee';

export function testDenseStack(module: WebAssembly.Module): void {
  test('twenty steps through every activation, with dropout, end in the same bits everywhere', () => {
    const random = createRandom(11);
    const activations = ['relu', 'sigmoid', 'tanh', 'relu6', 'linear', 'softmax'] as const;
    const layers = randomLayers([19, 13, 9, 21, 7, 30, 5], activations, random);
    const stack = createDenseStack(module, layers, 10);
    for (let step = 0; step < 20; step++) {
      const rows = step % 2 === 0 ? 10 : 7;
      writeRandomBatch(stack, rows, random, 5);
      stack.forward(rows, { rates: [0.2, 0, 0.5, 0, 0.1], random });
      stack.loss(rows);
      stack.step(rows, 0.01);
    }
    stack.save();
    const digest = sha256Hex(bytesOf(stack.saved()));
    stack.release();
    expect(digest).toBe(DIGEST);
  });
}

export function randomLayers(
  widths: readonly number[],
  activations: readonly DenseLayer['activation'][],
  random: Random,
): DenseLayer[] {
  return activations.map((activation, i) => {
    const shape = [widths[i] as number, widths[i + 1] as number] as const;
    const limit = Math.sqrt(6 / (shape[0] + shape[1]));
    const draw = () => (random.uniform() * 2 - 1) * limit;
    return {
      kernel: { shape, data: Float32Array.from({ length: shape[0] * shape[1] }, draw) },
      bias: { shape: [shape[1]], data: Float32Array.from({ length: shape[1] }, draw) },
      activation,
    };
  });
}

export function writeRandomBatch(
  { inputs, labels }: { readonly inputs: Float32Array; readonly labels: Int32Array },
  rows: number,
  random: Random,
  classes: number,
): void {
  const size = inputs.length / labels.length;
  for (let i = 0; i < rows * size; i++) inputs[i] = random.uniform() * 2 - 1;
  for (let i = 0; i < rows; i++) labels[i] = random.below(classes);
}

function bytesOf(layers: readonly DenseLayer[]): Uint8Array {
  const arrays = layers.flatMap(({ kernel, bias }) => [kernel.data, bias.data]);
  return Uint8Array.from(arrays.flatMap(({ buffer }) => [...new Uint8Array(buffer)]));
}
