import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DenseLayer } from '../../../trainer/model/head.ts';
import { createDenseStack, type DenseStack } from '../../../trainer/kernels/dense-stack.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { registerWasmBackend } from '../../../trainer/kernels/tfjs/tfjs-backend.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../shared/random.ts';
import { normalized, randomLayers, testDenseStack, writeRandomBatch } from './dense-stack-suite.ts';

const module = await loadKernelModule();

beforeAll(async () => registerWasmBackend(tf, await loadWasmModule()));

describe('a dense stack in Node', () => {
  testDenseStack(module);

  test.each(['linear', 'relu', 'relu6', 'sigmoid', 'tanh', 'elu', 'leakyRelu'] as const)(
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

  test('learns through a normalisation as the autodiff of TensorFlow.js does', () => {
    const layers = randomLayers([9, 10, 6, 4], ['relu', 'tanh', 'softmax'], createRandom(6));
    const [first, second, last] = layers as [DenseLayer, DenseLayer, DenseLayer];
    const stack = [normalized(first), normalized(second), last];
    const { ours, theirs } = compareLosses(stack, { rows: 13, steps: 50, rate: 0.01, rates: [0.2, 0.3] });
    expect(ours.at(-1)).toBeLessThan(ours[0] as number);
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
      expect(small.outputs).toEqual(large.outputs.slice(row * 3, (row + 1) * 3));
    }
    release(small, large);
  });

  test('gives back the weights it was given, and others after a step', () => {
    const layers = randomLayers([7, 9, 3], ['relu', 'softmax'], createRandom(9));
    const stack = createDenseStack(module, layers, 4);
    expect(stack.layers()).toEqual(layers);
    takeStep(stack, 4);
    expect(stack.layers()).not.toEqual(layers);
    release(stack);
  });

  test('moments whose gradient stays away leave no subnormal numbers, which would take a hundred times as long', () => {
    const random = createRandom(5);
    const layers = randomLayers([6, 8, 3], ['relu', 'softmax'], random);
    const stack = createDenseStack(module, layers, 4);
    for (let step = 0; step < 1_500; step++) {
      stack.inputs.set(Float32Array.from(stack.inputs, () => random.uniform()));
      // A feature that is there at first and never again.
      if (step >= 5) for (let row = 0; row < 4; row++) stack.inputs[row * 6] = 0;
      stack.targets.fill(0);
      for (let row = 0; row < 4; row++) stack.targets[row * 3 + (row % 3)] = 1;
      stack.forward(4, { rates: [0], random });
      stack.loss(4);
      stack.step(4, 0.001);
    }
    const subnormal = stack.state.filter((x) => x !== 0 && Math.abs(x) < 1.17549435e-38);
    expect(subnormal).toHaveLength(0);
    stack.release();
  });

  test('goes on from a state as if nothing had been in between', () => {
    const layers = randomLayers([7, 9, 8, 3], ['relu', 'tanh', 'softmax'], createRandom(9)).map((layer, i) =>
      i === 0 ? normalized(layer) : layer,
    );
    const stack = createDenseStack(module, layers, 4);
    takeStep(stack, 4);
    const [state, powers] = [stack.state.slice(), stack.clock.powers()];
    takeStep(stack, 4);
    const after = stack.layers();
    takeStep(stack, 4);
    stack.state.set(state);
    stack.clock.set(powers);
    takeStep(stack, 4);
    expect(stack.layers()).toEqual(after);
    release(stack);
  });

  test('is drawn to where it started, all the way with a share of 1', () => {
    const layers = randomLayers([7, 9, 3], ['relu', 'softmax'], createRandom(9)).map((layer, i) =>
      i === 0 ? normalized(layer) : layer,
    );
    const stack = createDenseStack(module, layers, 4, { loss: 'cross-entropy', anchored: true });
    for (let i = 0; i < 3; i++) takeStep(stack, 4);
    const far = distance(stack.layers(), layers);
    stack.pull(0.25);
    expect(distance(stack.layers(), layers) / far).toBeCloseTo(0.75, 5);
    stack.pull(1);
    expect(distance(stack.layers(), layers)).toBeCloseTo(0, 6);
    release(stack);
  });

  test('normalises by the batch in training and by what it has seen in serving', () => {
    const layers = randomLayers([3, 5, 2], ['linear', 'softmax'], createRandom(4));
    const [first, last] = layers as [DenseLayer, DenseLayer];
    const passed: DenseLayer = {
      kernel: { shape: [5, 5], data: Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 1 : 0)) },
      bias: { shape: [5], data: new Float32Array(5) },
      activation: 'softmax',
    };
    const stack = createDenseStack(module, [normalized(first), passed], 16);
    writeRandomInputs(stack, 16);
    stack.forward(16, { rates: [0], random: createRandom(1) });
    for (let c = 0; c < 5; c++) {
      const column = Array.from({ length: 16 }, (_, row) => stack.outputs[row * 5 + c] as number);
      expect(mean(column)).toBeCloseTo(0, 5);
      expect(mean(column.map((x) => x * x))).toBeCloseTo(1, 1);
    }
    // The running statistics come to be those of the batch, when it is always the same.
    const trained = stack.outputs.slice();
    for (let i = 0; i < 200; i++) stack.forward(16, { rates: [0], random: createRandom(1) });
    stack.forward(16);
    expectClose([...stack.outputs], [...trained], 1e-4);
    expect(last.activation).toBe('softmax');
    release(stack);
  });

  test('two stacks at once do not share memory', () => {
    const layers = randomLayers([7, 9, 3], ['relu', 'softmax'], createRandom(9));
    const [a, b] = [createDenseStack(module, layers, 4), createDenseStack(module, layers, 4)];
    writeRandomBatch(a, 4, createRandom(10), 3);
    b.inputs.fill(0);
    a.forward(4);
    const before = a.outputs.slice();
    b.forward(4);
    expect(a.outputs).toEqual(before);
    expect(b.outputs).not.toEqual(before);
    release(a, b);
  });

  test('refuses a hidden softmax by name, a last layer that is normalised, and no layers', () => {
    const layers = randomLayers([3, 3, 3], ['softmax', 'softmax'], createRandom(1));
    expect(() => createDenseStack(module, layers, 1)).toThrow(/hidden layer, got softmax/);
    expect(() => createDenseStack(module, [], 1)).toThrow(/at least one layer/);
    const [last] = randomLayers([3, 3], ['linear'], createRandom(1)).map(normalized);
    if (last === undefined) throw new Error('expected a layer');
    expect(() => createDenseStack(module, [last], 1)).toThrow(/last layer without normalisation/);
  });
});

const ACTIVATIONS = new Map<string, (x: tf.Tensor2D) => tf.Tensor2D>([
  ['relu', tf.relu],
  ['relu6', tf.relu6],
  ['sigmoid', tf.sigmoid],
  ['tanh', tf.tanh],
  ['elu', tf.elu],
  ['leakyRelu', (x) => tf.leakyRelu(x, 0.3)],
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
  let labels: Int32Array = new Int32Array();
  for (let step = 0; step < steps; step++) {
    // A batch comes again after five steps, so that there is something to learn.
    if (step < 5) labels = writeRandomBatch(stack, rows, batches, classes);
    stack.forward(rows, { rates, random: masks });
    ours.push(stack.loss(rows) / rows);
    stack.step(rows, rate);
    const drawn = rates.map((share, i) => {
      const units = layers[i]?.bias.data.length ?? 0;
      const values = Float32Array.from({ length: rows * units }, () =>
        sameMasks.uniform() < share ? 0 : 1 / (1 - share),
      );
      return tf.tensor2d(values, [rows, units]);
    });
    theirs.push(reference.step(stack.inputs, labels, classes, drawn));
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
      gamma: tf.variable(tf.onesLike(tf.tensor1d(bias.data))),
      beta: tf.variable(tf.zerosLike(tf.tensor1d(bias.data))),
    })),
  );
  const adam = tf.train.adam(rate);
  const forward = (x: tf.Tensor2D, masks: readonly tf.Tensor2D[]): tf.Tensor2D => {
    let h = x;
    for (const [i, { kernel, bias, gamma, beta }] of variables.entries()) {
      h = tf.add(tf.matMul(h, kernel), bias);
      if (layers[i]?.normalization) {
        const { mean, variance } = tf.moments(h, 0);
        h = tf.add(tf.mul(tf.div(tf.sub(h, mean), tf.sqrt(tf.add(variance, 0.001))), gamma), beta);
      }
      const activation = ACTIVATIONS.get((layers[i] as DenseLayer).activation);
      if (i < layers.length - 1 && activation) h = activation(h);
      const mask = masks[i];
      if (mask) h = tf.mul(h, mask);
    }
    return h;
  };
  return {
    step: (
      inputs: Float32Array,
      labels: Int32Array,
      classes: number,
      masks: readonly tf.Tensor2D[],
    ): number =>
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
      for (const { kernel, bias, gamma, beta } of variables) tf.dispose([kernel, bias, gamma, beta]);
    },
  };
}

function expectClose(ours: readonly number[], theirs: readonly number[], within: number): void {
  const differences = ours.map((loss, i) => Math.abs(loss - (theirs[i] as number)));
  expect(Math.max(...differences)).toBeLessThan(within);
}

function takeStep(stack: DenseStack, rows: number): void {
  writeRandomBatch(stack, rows, createRandom(10), 3);
  stack.forward(rows, { rates: [], random: createRandom(1) });
  stack.loss(rows);
  stack.step(rows, 0.01);
}

function writeRandomInputs({ inputs }: DenseStack, seed: number): void {
  const random = createRandom(seed);
  for (let i = 0; i < inputs.length; i++) inputs[i] = random.uniform() * 2 - 1;
}

/** Of what is trained; the running statistics are drawn nowhere. */
function distance(a: readonly DenseLayer[], b: readonly DenseLayer[]): number {
  const [x, y] = [a, b].map((layers) =>
    layers.flatMap(({ kernel, bias, normalization }) =>
      [kernel, bias, normalization?.gamma, normalization?.beta].flatMap((tensor) => [
        ...(tensor?.data ?? []),
      ]),
    ),
  ) as [number[], number[]];
  return Math.hypot(...x.map((value, i) => value - (y[i] as number)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function release(...stacks: DenseStack[]): void {
  for (const stack of stacks) stack.release();
}
