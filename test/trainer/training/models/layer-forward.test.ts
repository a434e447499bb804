/**
 * Every layer that can be trained, beside what TensorFlow.js's own layers compute on its plain JavaScript backend.
 */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LayerJson } from '../../../../trainer/compile/artifacts.ts';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { attachKernels } from '../../../../trainer/kernels/tfjs/tfjs-heap.ts';
import type { Tensor } from '../../../../shared/model/plan/tensor.ts';
import { inputLayer, toLayersModel } from '../../../../trainer/model/trunk.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../../shared/random.ts';
import {
  describeUntrainable,
  runLayer,
  TRAINABLE_LAYERS,
} from '../../../../trainer/training/models/layer-forward.ts';
import { holdTrainingKernels, startTensorflow } from '../../../../trainer/training/models/tensorflow.ts';

const kernels = await loadKernelModule();
let giveBack: () => void;

beforeAll(async () => {
  giveBack = holdTrainingKernels(await startTensorflow(await loadWasmModule()), kernels);
});
afterAll(() => giveBack());

const IMAGE = [6, 6, 4];
const CASES: readonly {
  readonly className: string;
  readonly config?: object;
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly shape?: readonly number[];
  readonly inputs?: number;
}[] = [
  {
    className: 'Conv2D',
    config: { filters: 5, kernel_size: [3, 3], strides: [2, 2], padding: 'same', activation: 'relu' },
    weights: { kernel: [3, 3, 4, 5], bias: [5] },
  },
  {
    className: 'Conv2D',
    config: {
      filters: 5,
      kernel_size: [2, 2],
      padding: 'valid',
      use_bias: false,
      activation: 'hard_sigmoid',
    },
    weights: { kernel: [2, 2, 4, 5] },
  },
  {
    className: 'DepthwiseConv2D',
    config: { kernel_size: [3, 3], padding: 'same', activation: 'tanh' },
    weights: { depthwise_kernel: [3, 3, 4, 1], bias: [4] },
  },
  {
    className: 'Dense',
    config: { units: 3, activation: 'sigmoid' },
    weights: { kernel: [7, 3], bias: [3] },
    shape: [7],
  },
  ...['relu6', 'elu', 'swish', 'linear'].map((activation) => ({
    className: 'Activation',
    config: { activation },
  })),
  { className: 'ReLU', config: { max_value: 6 } },
  { className: 'ReLU', config: { max_value: 1 } },
  { className: 'ReLU' },
  { className: 'LeakyReLU', config: { alpha: 0.2 } },
  { className: 'ELU' },
  {
    className: 'BatchNormalization',
    config: { axis: -1, epsilon: 0.01 },
    weights: { gamma: [4], beta: [4], moving_mean: [4], moving_variance: [4] },
  },
  { className: 'MaxPooling2D', config: { pool_size: [3, 3], strides: [2, 2], padding: 'same' } },
  { className: 'AveragePooling2D', config: { pool_size: [2, 2] } },
  { className: 'GlobalAveragePooling2D' },
  { className: 'Flatten' },
  { className: 'Reshape', config: { target_shape: [4, 36] } },
  { className: 'ZeroPadding2D', config: { padding: [[0, 1], [1, 2]] } }, // prettier-ignore
  { className: 'Add', inputs: 2 },
  { className: 'Multiply', inputs: 2 },
  { className: 'Concatenate', inputs: 2 },
];

type Case = (typeof CASES)[number];

function build({ className, config, weights = {}, shape = IMAGE, inputs = 1 }: Case) {
  const random = createRandom(className.length);
  const input = inputLayer(shape);
  const from = Array.from({ length: inputs }, () => input.name);
  // A layer is given its second input through one that changes nothing.
  const twin: LayerJson = { className: 'ReLU', name: 'twin', config: { name: 'twin' }, inputs: [input.name] };
  const layer: LayerJson = {
    className,
    name: 'it',
    config: { name: 'it', ...config },
    inputs: inputs === 1 ? from : [input.name, 'twin'],
  };
  const tensors = new Map<string, Tensor>(
    Object.entries(weights).map(([name, dims]) => {
      const size = dims.reduce((product, dim) => product * dim, 1);
      const data = Float32Array.from({ length: size }, () => 0.2 + random.uniform());
      return [`it/${name}`, { shape: dims, data: name.includes('kernel') ? data.map((v) => v - 0.7) : data }];
    }),
  );
  const size = 2 * shape.reduce((product, dim) => product * dim, 1);
  const x = Float32Array.from({ length: size }, () => 3 * random.uniform() - 1.5);
  const layers = inputs === 1 ? [input, layer] : [input, twin, layer];
  return { layers, layer, tensors, x, shape: [2, ...shape] };
}

/** Outputs and d (outputs · fixed numbers) / d x. */
function differentiate(compute: (x: tf.Tensor) => tf.Tensor, x: Float32Array, shape: number[]) {
  return tf.tidy(() => {
    const input = tf.tensor(x, shape);
    const y = compute(input);
    const factors = tf.tensor(
      Float32Array.from({ length: y.size }, (_, i) => ((i * 7) % 5) - 2),
      y.shape,
    );
    const [gradient] = tf.grads((at: tf.Tensor) => tf.sum(tf.mul(compute(at), factors)).asScalar())([input]);
    return { y: y.dataSync().slice(), dx: (gradient as tf.Tensor).dataSync().slice() };
  });
}

describe('a layer in training', () => {
  test.each(CASES)('$className $config computes and learns as on the plain backend', async (it) => {
    const { layers, layer, tensors, x, shape } = build(it);
    const own = tf.tidy(() => {
      const weights = new Map(
        [...tensors].map(([name, { data, shape: dims }]) => [name, tf.tensor(data, [...dims])]),
      );
      const pass = {
        tf,
        heap: attachKernels(tf.backend(), kernels),
        weight: (owner: string, name: string) => weights.get(`${owner}/${name}`) ?? null,
        random: null,
        byBatch: () => false,
      };
      const twin = (at: tf.Tensor) => (it.inputs === 2 ? [at, tf.relu(at)] : [at]);
      return differentiate((at) => runLayer(layer, twin(at), pass), x, shape);
    });
    const { modelJson, weights } = toLayersModel({ layers, tensors, output: 'it' });
    await tf.setBackend('cpu');
    try {
      const model = await tf.loadLayersModel(
        tf.io.fromMemory({
          modelTopology: modelJson.modelTopology,
          weightSpecs: modelJson.weightsManifest.flatMap(({ weights: specs }) => [...specs]),
          weightData: weights.buffer,
        }),
      );
      const theirs = differentiate((at) => model.apply(at) as tf.Tensor, x, shape);
      expect(own.y.length).toBe(theirs.y.length);
      for (const [i, value] of theirs.y.entries()) expect(own.y[i]).toBeCloseTo(value, 4);
      for (const [i, value] of theirs.dx.entries()) expect(own.dx[i]).toBeCloseTo(value, 4);
      model.dispose();
    } finally {
      await tf.setBackend('wasm');
    }
  });

  test('every kind is among the cases', () => {
    const tested = new Set(CASES.map(({ className }) => className));
    expect(TRAINABLE_LAYERS.filter((name) => !tested.has(name))).toEqual(['Dropout']);
  });

  test('docs/training.md lists the kinds', async () => {
    const text = await readFile('docs/training.md', 'utf8');
    const listed = /<!-- trainable -->([^]*)<!-- \/trainable -->/.exec(text)?.[1]?.trim();
    expect(listed).toBe(TRAINABLE_LAYERS.map((name) => `\`${name}\``).join(', '));
  });

  test('of another kind is refused by name', () => {
    const layer = { className: 'PReLU', name: 'p', config: {}, inputs: [] };
    expect(describeUntrainable(layer)).toBe("layer 'p' (PReLU) can't be trained");
    const uneven = { className: 'DepthwiseConv2D', name: 'd', config: { strides: [1, 2] }, inputs: [] };
    expect(describeUntrainable(uneven)).toContain('expected equal strides');
  });

  test('a normalisation by the batch has the gradient of one that is written out', () => {
    const n = 3 * 2 * 2;
    const random = createRandom(3);
    const x = Float32Array.from({ length: n * 5 }, () => random.uniform() * 4 - 1);
    const gamma = Float32Array.of(1, 0.5, 2, 1.5, 0.7);
    const layer = { className: 'BatchNormalization', name: 'b', config: { epsilon: 0.001 }, inputs: [] };
    const ours = tf.tidy(() => {
      const weights: Readonly<Record<string, tf.Tensor>> = {
        gamma: tf.tensor(gamma),
        beta: tf.tensor(gamma),
        moving_mean: tf.zeros([5]),
        moving_variance: tf.ones([5]),
      };
      const pass = {
        tf,
        heap: attachKernels(tf.backend(), kernels),
        weight: (_: string, name: string) => weights[name] ?? null,
        random: createRandom(1),
        byBatch: () => true,
      };
      return differentiate((at) => runLayer(layer, [at], pass), x, [3, 2, 2, 5]);
    });
    const theirs = differentiate(
      (at) => {
        const rows = tf.reshape(at, [n, 5]);
        const centred = tf.sub(rows, tf.mean(rows, 0));
        const deviation = tf.sqrt(tf.add(tf.mean(tf.square(centred), 0), 0.001));
        return tf.add(tf.mul(tf.div(centred, deviation), tf.tensor(gamma)), tf.tensor(gamma));
      },
      x,
      [3, 2, 2, 5],
    );
    for (const [i, value] of theirs.y.entries()) expect(ours.y[i]).toBeCloseTo(value, 4);
    for (const [i, value] of theirs.dx.entries()) expect(ours.dx[i]).toBeCloseTo(value, 4);
  });
});
