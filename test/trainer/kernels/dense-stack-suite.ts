/**
 * What a dense stack must do wherever it runs: the same bits in Node and in workerd.
 */
import { expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/digest.ts';
import { type DenseLayer, tensorsOf } from '../../../trainer/model/head.ts';
import { createDenseStack, type DenseStack } from '../../../trainer/kernels/dense-stack.ts';
import { borrowWorkspace } from '../../../trainer/kernels/workspace.ts';
import { applyTemperature } from '../../../trainer/kernels/temperature.ts';
import type { Tensor } from '../../../shared/model/plan/tensor.ts';
import { createRandom, type Random } from '../../../shared/random.ts';

/** Of the weights after 20 steps, on every machine and in every runtime. */
export const DIGEST = 'c0d2520e1096a90d225e8160d6ed7b0639429401510f9aa93d8195221a5058e4';

export function testDenseStack(module: WebAssembly.Module): void {
  test('twenty steps through every activation, with dropout, normalisation, a teacher and an anchor, end in the same bits everywhere', () => {
    expect(takeTwentySteps(module)).toBe(DIGEST);
  });

  test.each([1e30, Number.NaN])('the same in memory that is full of %d', (value) => {
    const workspace = borrowWorkspace(module);
    const address = workspace.allocate(100_000);
    workspace.floats(address, 100_000).fill(value);
    workspace.release();
    expect(takeTwentySteps(module)).toBe(DIGEST);
  });
}

/** @param between  what happens after each step @returns digest of the weights */
export function takeTwentySteps(module: WebAssembly.Module, between: () => void = () => {}): string {
  const random = createRandom(11);
  const activations = ['relu', 'sigmoid', 'tanh', 'relu6', 'linear', 'elu', 'leakyRelu', 'softmax'] as const;
  const layers = randomLayers([19, 13, 9, 21, 7, 30, 11, 6, 5], activations, random).map((layer, i) =>
    i % 3 === 1 && i < activations.length - 1 ? normalized(layer) : layer,
  );
  const stack = createDenseStack(module, layers, 10, { loss: 'cross-entropy', anchored: true });
  for (let step = 0; step < 20; step++) {
    const rows = step % 2 === 0 ? 10 : 7;
    writeRandomBatch(stack, rows, random, 5);
    stack.teacher.set(
      applyTemperature(
        module,
        Float32Array.from(stack.teacher, () => random.uniform()),
        5,
        2,
      ),
    );
    stack.teacherWeights.fill(0.5);
    stack.forward(rows, { rates: [0.2, 0, 0.5, 0, 0.1, 0, 0], random });
    stack.loss(rows);
    stack.teacherLoss(rows, 2);
    stack.step(rows, 0.01);
    stack.pull(0.01);
    between();
  }
  const digest = sha256Hex(bytesOf(stack.layers()));
  stack.release();
  return digest;
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

/** The same layer with a normalisation that starts as none. */
export function normalized(layer: DenseLayer): DenseLayer {
  const { shape, data } = layer.bias;
  const filled = (value: number): Tensor => ({ shape, data: new Float32Array(data.length).fill(value) });
  return {
    ...layer,
    normalization: { gamma: filled(1), beta: filled(0), mean: filled(0), variance: filled(1) },
  };
}

/** Random inputs, and targets that are one class each. @returns the classes */
export function writeRandomBatch(
  { inputs, targets, weights }: Pick<DenseStack, 'inputs' | 'targets' | 'weights'>,
  rows: number,
  random: Random,
  classes: number,
): Int32Array {
  const size = inputs.length / weights.length;
  for (let i = 0; i < rows * size; i++) inputs[i] = random.uniform() * 2 - 1;
  const labels = Int32Array.from({ length: rows }, () => random.below(classes));
  targets.fill(0);
  for (const [row, label] of labels.entries()) targets[row * classes + label] = 1;
  return labels;
}

function bytesOf(layers: readonly DenseLayer[]): Uint8Array {
  const arrays = layers.flatMap((layer) => tensorsOf(layer).map(({ data }) => data));
  return Uint8Array.from(arrays.flatMap(({ buffer }) => [...new Uint8Array(buffer)]));
}
