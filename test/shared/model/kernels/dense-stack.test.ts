import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DenseLayer } from '../../../../shared/model/head.ts';
import { createDenseStack, type DenseStack } from '../../../../shared/model/kernels/dense-stack.ts';
import { loadKernelModule } from '../../../../shared/model/kernels/kernels-node.ts';
import { registerWasmBackend } from '../../../../shared/model/tfjs-backend.ts';
import { loadWasmModule } from '../../../../shared/model/wasm-node.ts';
import { createRandom } from '../../../../shared/random.ts';
import { randomLayers, testDenseStack, writeRandomBatch } from './dense-stack-suite.ts';

const module = await loadKernelModule();

beforeAll(async () => registerWasmBackend(tf, await loadWasmModule()));

describe('a dense stack in Node', () => {
  testDenseStack(module);

  test.each(['linear', 'relu', 'relu6', 'sigmoid', 'tanh'] as const)(
    'learns through %s as the autodiff of TensorFlow.js does',
    (activation) => {
      const layers = randomLayers([11, 17, 6, 3], [activation, activation, 'softmax'], createRandom(5));
      const { ours, theirs } = compareLosses(layers, { rows: 13, steps: 50, rate: 0.01 });
      expect(ours.at(-1)).toBeLessThan(ours[0] as number);
      expectClose(ours, theirs, 1e-4);
    },
  );

  test.each([1, 2, 3, 4, 5, 8])('learns from batches of %i as the autodiff of TensorFlow.js does', (rows) => {
    const layers = randomLayers([9, 10, 4], ['relu', 'softmax'], createRandom(6));
    const { ours, theirs } = compareLosses(layers, { rows, steps: 20, rate: 0.01 });
    expectClose(ours, theirs, 1e-4);
  });

  test('applies the dropout masks that the generator draws', () => {
    const layers = randomLayers([8, 12, 10, 3], ['relu', 'tanh', 'softmax'], createRandom(7));
    const { ours, theirs } = compareLosses(layers, { rows: 6, steps: 20, rate: 0.01, rates: [0.4, 0.2] });
    expectClose(ours, theirs, 1e-4);
  });

  test('the losses of a head 1280-1024-10 stay within 1e-3 of TensorFlow.js over 50 steps', () => {
    const layers = randomLayers([1280, 1024, 10], ['relu', 'softmax'], createRandom(8));
    const { ours, theirs } = compareLosses(layers, { rows: 32, steps: 50, rate: 0.001 });
    expectClose(ours, theirs, 1e-3);
  });

  test('predicts a row the same whatever stands beside it and whatever the capacity', () => {
    const layers = randomLayers([7, 9, 3], ['relu', 'softmax'], createRandom(9));
    const small = createDenseStack(module, layers, 1);
    const large = createDenseStack(module, layers, 50);
    writeRandomBatch(large, 50, createRandom(10), 3);
    large.forward(50);
    for (let row = 0; row < 50; row++) {
      small.inputs.set(large.inputs.subarray(row * 7, (row + 1) * 7));
      small.forward(1);
      expect(small.logits).toEqual(large.logits.slice(row * 3, (row + 1) * 3));
    }
    release(small, large);
  });

  test('gives back the initial weights until it saves, and then those it saved', () => {
    const layers = randomLayers([7, 9, 3], ['relu', 'softmax'], createRandom(9));
    const stack = createDenseStack(module, layers, 4);
    writeRandomBatch(stack, 4, createRandom(10), 3);
    stack.forward(4);
    stack.loss(4);
    stack.step(4, 0.01);
    expect(stack.saved()).toEqual(layers);
    stack.save();
    const moved = stack.saved();
    expect(moved).not.toEqual(layers);
    stack.step(4, 0.01);
    expect(stack.saved()).toEqual(moved);
    release(stack);
  });

  test('two stacks at once do not share memory', () => {
    const layers = randomLayers([7, 9, 3], ['relu', 'softmax'], createRandom(9));
    const [a, b] = [createDenseStack(module, layers, 4), createDenseStack(module, layers, 4)];
    writeRandomBatch(a, 4, createRandom(10), 3);
    b.inputs.fill(0);
    a.forward(4);
    const before = a.logits.slice();
    b.forward(4);
    expect(a.logits).toEqual(before);
    expect(b.logits).not.toEqual(before);
    release(a, b);
  });

  test('refuses a hidden softmax by name, and no layers', () => {
    const layers = randomLayers([3, 3, 3], ['softmax', 'softmax'], createRandom(1));
    expect(() => createDenseStack(module, layers, 1)).toThrow(/hidden layer, got softmax/);
    expect(() => createDenseStack(module, [], 1)).toThrow(/at least one layer/);
  });
});

const ACTIVATIONS = new Map<string, (x: tf.Tensor2D) => tf.Tensor2D>([
  ['relu', tf.relu],
  ['relu6', tf.relu6],
  ['sigmoid', tf.sigmoid],
  ['tanh', tf.tanh],
]);

interface Course {
  readonly rows: number;
  readonly steps: number;
  readonly rate: number;
  readonly rates?: readonly number[];
}

/** Mean losses before each step, on the same batches, ours and by tf.* autodiff and tf.train.adam. */
function compareLosses(
  layers: readonly DenseLayer[],
  { rows, steps, rate, rates = [] }: Course,
): { ours: number[]; theirs: number[] } {
  const classes = layers.at(-1)?.bias.data.length ?? 0;
  const stack = createDenseStack(module, layers, rows);
  const reference = createReference(layers, rate);
  const [masks, sameMasks] = [createRandom(21), createRandom(21)];
  const batches = createRandom(20);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let step = 0; step < steps; step++) {
    // A batch comes again after five steps, so that there is something to learn.
    if (step < 5) writeRandomBatch(stack, rows, batches, classes);
    stack.forward(rows, { rates, random: masks });
    ours.push(stack.loss(rows).total / rows);
    stack.step(rows, rate);
    const drawn = rates.map((share, i) => {
      const units = layers[i]?.bias.data.length ?? 0;
      const values = Float32Array.from({ length: rows * units }, () =>
        sameMasks.uniform() < share ? 0 : 1 / (1 - share),
      );
      return tf.tensor2d(values, [rows, units]);
    });
    theirs.push(reference.step(stack, classes, drawn));
    tf.dispose(drawn);
  }
  reference.dispose();
  release(stack);
  return { ours, theirs };
}

function createReference(layers: readonly DenseLayer[], rate: number) {
  const variables = layers.map(({ kernel, bias }) =>
    tf.tidy(() => ({
      kernel: tf.variable(tf.tensor2d(kernel.data, kernel.shape as [number, number])),
      bias: tf.variable(tf.tensor1d(bias.data)),
    })),
  );
  const adam = tf.train.adam(rate);
  const forward = (x: tf.Tensor2D, masks: readonly tf.Tensor2D[]): tf.Tensor2D => {
    let h = x;
    for (const [i, { kernel, bias }] of variables.entries()) {
      h = tf.add(tf.matMul(h, kernel), bias);
      const activation = ACTIVATIONS.get((layers[i] as DenseLayer).activation);
      if (i < layers.length - 1 && activation) h = activation(h);
      const mask = masks[i];
      if (mask) h = tf.mul(h, mask);
    }
    return h;
  };
  return {
    step: ({ inputs, labels }: DenseStack, classes: number, masks: readonly tf.Tensor2D[]): number =>
      tf.tidy(() => {
        const x = tf.tensor2d(inputs, [labels.length, inputs.length / labels.length]);
        const y = tf.oneHot(tf.tensor1d(labels, 'int32'), classes);
        const loss = adam.minimize(
          () => tf.losses.softmaxCrossEntropy(y, forward(x, masks)).asScalar(),
          true,
        );
        return loss?.dataSync()[0] ?? Number.NaN;
      }),
    dispose: () => {
      adam.dispose();
      for (const { kernel, bias } of variables) tf.dispose([kernel, bias]);
    },
  };
}

function expectClose(ours: readonly number[], theirs: readonly number[], within: number): void {
  const differences = ours.map((loss, i) => Math.abs(loss - (theirs[i] as number)));
  expect(Math.max(...differences)).toBeLessThan(within);
}

function release(...stacks: DenseStack[]): void {
  for (const stack of stacks) stack.release();
}
