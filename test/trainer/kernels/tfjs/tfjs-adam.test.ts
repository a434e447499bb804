import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { createFusedAdam } from '../../../../trainer/kernels/tfjs/tfjs-adam.ts';
import { registerTrainingKernels } from '../../../../trainer/kernels/tfjs/tfjs-kernels.ts';
import { registerWasmBackend } from '../../../../trainer/kernels/tfjs/tfjs-backend.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../../shared/random.ts';

const module = await loadKernelModule();
const RATE = 0.01;
let restore: () => void;

beforeAll(async () => {
  await registerWasmBackend(tf, await loadWasmModule());
  restore = registerTrainingKernels(tf, module);
});
beforeEach(() => tf.setBackend('wasm'));

const random = createRandom(4);
const values = (n: number) => Float32Array.from({ length: n }, () => random.uniform() * 2 - 1);
const INITIAL = values(35);
const INPUTS = values(60);
const TARGETS = values(84);

/** Least squares over a 5 x 7 matrix, whose size is no multiple of four. @returns losses and the last weights */
function descend(optimizer: tf.Optimizer, steps: number): { losses: number[]; weights: Float32Array } {
  const w = tf.tidy(() => tf.variable(tf.tensor2d(INITIAL, [5, 7])));
  const losses = Array.from({ length: steps }, () =>
    tf.tidy(() => {
      const x = tf.tensor2d(INPUTS, [12, 5]);
      const y = tf.tensor2d(TARGETS, [12, 7]);
      const loss = optimizer.minimize(() => tf.losses.meanSquaredError(y, tf.matMul(x, w)), true, [w]);
      return loss?.dataSync()[0] ?? Number.NaN;
    }),
  );
  const weights = w.dataSync<'float32'>().slice();
  w.dispose();
  return { losses, weights };
}

/** As TensorFlow.js has it, without the kernels. */
function withStock<T>(use: () => T): T {
  restore();
  const result = use();
  restore = registerTrainingKernels(tf, module);
  return result;
}

test.each([
  ['the fused Adam', () => createFusedAdam(tf, module, RATE)],
  ['tf.train.adam on registered kernels', () => tf.train.adam(RATE)],
])('%s takes the steps of tf.train.adam', (_, create) => {
  const ours = descend(create(), 40);
  const theirs = withStock(() => descend(tf.train.adam(RATE), 40));
  expect(ours.losses.at(-1)).toBeLessThan(ours.losses[0] as number);
  for (const [i, loss] of ours.losses.entries()) expect(loss).toBeCloseTo(theirs.losses[i] as number, 4);
  for (const [i, weight] of ours.weights.entries())
    expect(weight).toBeCloseTo(theirs.weights[i] as number, 4);
});

/** One step down a parabola, of two variables of three numbers. */
function stepDown(optimizer: tf.Optimizer, w: tf.Variable): void {
  optimizer.minimize(() => tf.sum(tf.square(w)).asScalar(), false, [w]);
}

test('tf.train.adam takes its steps in one pass, and stock goes on where it stopped', async () => {
  const [w, theirs] = tf.tidy(() => [tf.tensor1d([1, -2, 3]).variable(), tf.tensor1d([1, -2, 3]).variable()]);
  const [mixed, stock] = [tf.train.adam(RATE), tf.train.adam(RATE)];
  const { kernelNames } = await tf.profile(() => stepDown(mixed, w));
  expect(kernelNames).not.toContain('Sqrt');
  withStock(() => stepDown(mixed, w));
  withStock(() => [1, 2].forEach(() => stepDown(stock, theirs)));
  const expected = theirs.dataSync<'float32'>();
  for (const [i, value] of w.dataSync<'float32'>().entries())
    expect(value).toBeCloseTo(expected[i] as number, 6);
  tf.dispose([w, theirs]);
  for (const optimizer of [mixed, stock]) optimizer.dispose();
});

test('leaves the tensor alone that a variable started from', () => {
  const initial = tf.tensor1d([1, 2, 3]);
  const w = tf.variable(initial);
  createFusedAdam(tf, module, RATE).minimize(() => tf.sum(tf.square(w)).asScalar(), false, [w]);
  expect([...initial.dataSync()]).toEqual([1, 2, 3]);
  expect(w.dataSync()[0]).toBeCloseTo(1 - RATE, 5);
  tf.dispose([initial, w]);
});

test('goes on where saved weights stopped', async () => {
  const w = tf.tidy(() => tf.variable(tf.tensor1d([1, -2, 3])));
  const step = (optimizer: tf.Optimizer) =>
    optimizer.minimize(() => tf.sum(tf.square(w)).asScalar(), false, [w]);
  const first = createFusedAdam(tf, module, RATE);
  for (let i = 0; i < 3; i++) step(first);
  const second = createFusedAdam(tf, module, RATE);
  await second.setWeights(await first.getWeights());
  const before = w.dataSync<'float32'>().slice();
  step(first);
  const expected = w.dataSync<'float32'>().slice();
  w.assign(tf.tensor1d(before));
  step(second);
  expect(w.dataSync()).toEqual(expected);
});

test('keeps no tensors but its moments, and gives them back', () => {
  descend(createFusedAdam(tf, module, RATE), 2);
  const before = tf.memory().numTensors;
  const optimizer = createFusedAdam(tf, module, RATE);
  descend(optimizer, 20);
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('model.fit learns a convolutional model with it as the cpu backend does', async () => {
  const ours = await fitCnn('wasm', createFusedAdam(tf, module, RATE));
  await tf.setBackend('cpu');
  const theirs = await fitCnn('cpu', tf.train.adam(RATE));
  expect(ours.losses.at(-1)).toBeLessThan(ours.losses[0] as number);
  for (const [i, loss] of ours.losses.entries()) expect(loss).toBeCloseTo(theirs.losses[i] as number, 3);
  // One row goes through the stock kernel, which must not use the weights it packed before they changed.
  for (const [i, p] of ours.prediction.entries()) expect(p).toBeCloseTo(theirs.prediction[i] as number, 3);
});

async function fitCnn(backend: 'cpu' | 'wasm', optimizer: tf.Optimizer) {
  await tf.setBackend(backend);
  const seed = (n: number) => tf.initializers.glorotUniform({ seed: n });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 5,
        kernelSize: 3,
        activation: 'relu',
        inputShape: [8, 8, 1],
        kernelInitializer: seed(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 9, activation: 'relu', kernelInitializer: seed(2) }),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: seed(3) }),
    ],
  });
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const pixels = createRandom(6);
  const x = tf.tensor4d(
    Float32Array.from({ length: 16 * 64 }, () => pixels.uniform()),
    [16, 8, 8, 1],
  );
  const y = tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: 16 }, (_, i) => i % 3),
        'int32',
      ),
      3,
    )
    .toFloat();
  const predictOne = () =>
    tf.tidy(() => (model.predict(x.slice([0], [1])) as tf.Tensor).dataSync<'float32'>().slice());
  predictOne();
  const { history } = await model.fit(x, y, { epochs: 10, batchSize: 16, shuffle: false, verbose: 0 });
  return { losses: history['loss'] as number[], prediction: predictOne() };
}
