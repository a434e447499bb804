/**
 * Every layer of TensorFlow.js that people build models from, trained through `model.fit` on the WASM backend with our
 * kernels, as the cpu backend trains it: the same losses and the same weights after some steps.
 */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { registerTrainingKernels } from '../../../../trainer/kernels/tfjs/tfjs-kernels.ts';
import { registerWasmBackend } from '../../../../trainer/kernels/tfjs/tfjs-backend.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../../shared/random.ts';

let restore: () => void;

beforeAll(async () => {
  await registerWasmBackend(tf, await loadWasmModule());
  restore = registerTrainingKernels(tf, await loadKernelModule());
});
afterAll(() => restore());
beforeEach(() => tf.setBackend('wasm'));

const TOLERANCE = 1e-4;
const EXAMPLES = 8;
const BATCH = 4;
const EPOCHS = 3;

type Layer = tf.layers.Layer;
/** Layers in a row, from inputs of this shape. */
type Case = readonly [name: string, inputShape: number[], layers: () => Layer[]];

const IMAGE = [8, 7, 3];
const SERIES = [9, 4];
const VOLUME = [5, 4, 6, 2];

const CONVOLUTIONS: Case[] = [
  ['conv1d', SERIES, () => [tf.layers.conv1d({ filters: 5, kernelSize: 3, activation: 'relu' })]],
  ['conv2d', IMAGE, () => [tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' })]],
  [
    'conv2d, same, strides',
    IMAGE,
    () => [tf.layers.conv2d({ filters: 4, kernelSize: [3, 2], strides: 2, padding: 'same' })],
  ],
  [
    'conv2dTranspose',
    IMAGE,
    () => [tf.layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' })],
  ],
  [
    'separableConv2d',
    IMAGE,
    () => [tf.layers.separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2 })],
  ],
  [
    'depthwiseConv2d',
    IMAGE,
    () => [tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: 'relu6' })],
  ],
  [
    'two convolutions in a row',
    IMAGE,
    () => [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
      tf.layers.conv2d({ filters: 5, kernelSize: 2, activation: 'tanh' }),
    ],
  ],
  ['conv3d', VOLUME, () => [tf.layers.conv3d({ filters: 3, kernelSize: 2, activation: 'relu' })]],
  [
    'conv3d, twice',
    VOLUME,
    () => [
      tf.layers.conv3d({ filters: 3, kernelSize: 2, padding: 'same' }),
      tf.layers.conv3d({ filters: 2, kernelSize: [2, 3, 2], strides: 2 }),
    ],
  ],
  ['convLstm2d', [3, 6, 5, 2], () => [tf.layers.convLstm2d({ filters: 3, kernelSize: 3 })]],
];

/** Behind a layer with weights, so that the gradient goes through. */
const behind2d = () => tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' });
const behind1d = () => tf.layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same' });
const behind3d = () => tf.layers.conv3d({ filters: 3, kernelSize: 2, padding: 'same' });

const POOLING: Case[] = [
  ['maxPooling1d', SERIES, () => [behind1d(), tf.layers.maxPooling1d({ poolSize: 2 })]],
  ['averagePooling1d', SERIES, () => [behind1d(), tf.layers.averagePooling1d({ poolSize: 2 })]],
  ['globalMaxPooling1d', SERIES, () => [behind1d(), tf.layers.globalMaxPooling1d({})]],
  ['globalAveragePooling1d', SERIES, () => [behind1d(), tf.layers.globalAveragePooling1d({})]],
  ['maxPooling2d', IMAGE, () => [behind2d(), tf.layers.maxPooling2d({ poolSize: 2 })]],
  [
    'maxPooling2d, overlapping, same',
    IMAGE,
    () => [behind2d(), tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })],
  ],
  ['averagePooling2d', IMAGE, () => [behind2d(), tf.layers.averagePooling2d({ poolSize: 2 })]],
  ['globalMaxPooling2d', IMAGE, () => [behind2d(), tf.layers.globalMaxPooling2d({})]],
  ['globalAveragePooling2d', IMAGE, () => [behind2d(), tf.layers.globalAveragePooling2d({})]],
  ['maxPooling3d', VOLUME, () => [behind3d(), tf.layers.maxPooling3d({ poolSize: 2 })]],
  ['averagePooling3d', VOLUME, () => [behind3d(), tf.layers.averagePooling3d({ poolSize: 2 })]],
];

const NORMALISATION: Case[] = [
  ['batchNormalization of images', IMAGE, () => [behind2d(), tf.layers.batchNormalization()]],
  [
    'batchNormalization of vectors',
    [6],
    () => [tf.layers.dense({ units: 5 }), tf.layers.batchNormalization()],
  ],
  ['layerNormalization', IMAGE, () => [behind2d(), tf.layers.layerNormalization()]],
  ['dropout', [6], () => [tf.layers.dense({ units: 20 }), tf.layers.dropout({ rate: 0.5, seed: 3 })]],
  ['spatialDropout1d', SERIES, () => [behind1d(), tf.layers.spatialDropout1d({ rate: 0.5, seed: 3 })]],
];

const SHAPES: Case[] = [
  // The cpu backend's own gradient of bilinear resizing fails on images that are not square.
  [
    'upSampling2d, bilinear',
    [6, 6, 3],
    () => [behind2d(), tf.layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })],
  ],
  [
    'zeroPadding2d',
    IMAGE,
    () => [
      behind2d(),
      tf.layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
    ],
  ],
  [
    'cropping2D',
    IMAGE,
    () => [
      behind2d(),
      tf.layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
    ],
  ],
  [
    'reshape and permute',
    IMAGE,
    () => [behind2d(), tf.layers.permute({ dims: [2, 3, 1] }), tf.layers.reshape({ targetShape: [14, 16] })],
  ],
  ['repeatVector', [6], () => [tf.layers.dense({ units: 5 }), tf.layers.repeatVector({ n: 3 })]],
  [
    'timeDistributed',
    SERIES,
    () => [tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 5, activation: 'relu' }) })],
  ],
];

const RECURRENT: Case[] = [
  ['simpleRNN', SERIES, () => [tf.layers.simpleRNN({ units: 5 })]],
  ['lstm', SERIES, () => [tf.layers.lstm({ units: 5 })]],
  [
    'lstm, sequences, twice',
    SERIES,
    () => [tf.layers.lstm({ units: 5, returnSequences: true }), tf.layers.lstm({ units: 4 })],
  ],
  ['gru', SERIES, () => [tf.layers.gru({ units: 5 })]],
  [
    'bidirectional',
    SERIES,
    () => [tf.layers.bidirectional({ layer: tf.layers.gru({ units: 4 }), mergeMode: 'concat' })],
  ],
];

const ACTIVATIONS = [
  'elu',
  'hardSigmoid',
  'linear',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
] as const;

const ACTIVATION_LAYERS: Case[] = [
  ...ACTIVATIONS.map((activation): Case => [
    activation,
    [6],
    () => [tf.layers.dense({ units: 7, activation })],
  ]),
  ['prelu', IMAGE, () => [behind2d(), tf.layers.prelu({ alphaInitializer: 'glorotUniform' })]],
  ['leakyReLU', [6], () => [tf.layers.dense({ units: 7 }), tf.layers.leakyReLU()]],
  ['elu as a layer', [6], () => [tf.layers.dense({ units: 7 }), tf.layers.elu()]],
];

/** Two branches of a dense layer each. */
type Merge = readonly [
  name: string,
  merge: (a: tf.SymbolicTensor, b: tf.SymbolicTensor) => tf.SymbolicTensor,
];
const MERGES: Merge[] = [
  ['add', (a, b) => tf.layers.add().apply([a, b]) as tf.SymbolicTensor],
  ['average', (a, b) => tf.layers.average().apply([a, b]) as tf.SymbolicTensor],
  ['multiply', (a, b) => tf.layers.multiply().apply([a, b]) as tf.SymbolicTensor],
  ['maximum', (a, b) => tf.layers.maximum().apply([a, b]) as tf.SymbolicTensor],
  ['minimum', (a, b) => tf.layers.minimum().apply([a, b]) as tf.SymbolicTensor],
  ['concatenate', (a, b) => tf.layers.concatenate().apply([a, b]) as tf.SymbolicTensor],
  ['dot', (a, b) => tf.layers.dot({ axes: 1 }).apply([a, b]) as tf.SymbolicTensor],
];

describe.each([
  ['convolutions', CONVOLUTIONS],
  ['pooling', POOLING],
  ['normalisation', NORMALISATION],
  ['shapes', SHAPES],
  ['recurrent layers', RECURRENT],
  ['activations', ACTIVATION_LAYERS],
])('%s train as on the cpu backend', (_, cases) => {
  test.each(cases)('%s', async (_name, inputShape, layers) => {
    await expectSameTraining(() => inSequence(inputShape, layers()), inputShape);
  });
});

describe('merges train as on the cpu backend', () => {
  test.each(MERGES)('%s', async (_, merge) => {
    await expectSameTraining(() => branches(merge), [6]);
  });
});

test('upSampling2d, nearest, trains as on the cpu backend', async () => {
  const create = () => inSequence(IMAGE, [behind2d(), tf.layers.upSampling2d({ size: [2, 3] })]);
  // The cpu backend's own gradient is wrong for more than one image.
  await expectSameTraining(create, IMAGE, { batch: 1 });
});

test('an embedding trains as on the cpu backend', async () => {
  const create = () =>
    inSequence([5], [tf.layers.embedding({ inputDim: 11, outputDim: 4 }), tf.layers.lstm({ units: 3 })]);
  await expectSameTraining(create, [5], { value: (i) => i % 11 });
});

describe('optimizers and losses', () => {
  const create = () => inSequence([6], [tf.layers.dense({ units: 7, activation: 'relu' })]);
  test.each(['sgd', 'momentum', 'rmsprop', 'adagrad', 'adadelta', 'adam', 'adamax'] as const)(
    '%s',
    async (name) => {
      const optimizer = () => (name === 'momentum' ? tf.train.momentum(0.05, 0.9) : tf.train[name](0.05));
      await expectSameTraining(create, [6], { optimizer });
    },
  );
  test.each([
    'meanSquaredError',
    'meanAbsoluteError',
    'binaryCrossentropy',
    'categoricalHinge',
    'cosineProximity',
    'kullbackLeiblerDivergence',
    'poisson',
    'logcosh',
  ])('%s', async (loss) => {
    await expectSameTraining(create, [6], { loss });
  });
});

/** With a softmax over three classes behind them. */
function inSequence(inputShape: number[], layers: Layer[]): tf.LayersModel {
  const input = tf.input({ shape: inputShape });
  return withHead(
    input,
    layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input),
  );
}

function branches(merge: Merge[1]): tf.LayersModel {
  const input = tf.input({ shape: [6] });
  const branch = (activation: 'relu' | 'tanh') =>
    tf.layers.dense({ units: 5, activation }).apply(input) as tf.SymbolicTensor;
  return withHead(input, merge(branch('relu'), branch('tanh')));
}

function withHead(input: tf.SymbolicTensor, x: tf.SymbolicTensor): tf.LayersModel {
  const flat = x.shape.length > 2 ? (tf.layers.flatten().apply(x) as tf.SymbolicTensor) : x;
  const output = tf.layers.dense({ units: 3, activation: 'softmax' }).apply(flat) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}

interface Trained {
  readonly losses: number[];
  readonly weights: Float32Array[];
}

interface Training {
  readonly value?: (i: number) => number;
  readonly optimizer?: () => tf.Optimizer;
  readonly loss?: string;
  readonly batch?: number;
}

async function expectSameTraining(
  create: () => tf.LayersModel,
  inputShape: number[],
  training: Training = {},
): Promise<void> {
  const train = async (backend: 'cpu' | 'wasm'): Promise<Trained> => {
    await tf.setBackend(backend);
    return fit(create(), inputShape, training);
  };
  const [theirs, ours] = [await train('cpu'), await train('wasm')];
  expect(theirs.losses.length).toBe(EPOCHS);
  expect(theirs.losses.at(-1)).not.toBe(theirs.losses[0]);
  expectClose(ours.losses, theirs.losses);
  for (const [i, weights] of ours.weights.entries()) expectClose(weights, theirs.weights[i] ?? []);
}

async function fit(
  model: tf.LayersModel,
  inputShape: number[],
  { value, optimizer, loss = 'categoricalCrossentropy', batch = BATCH }: Training,
): Promise<Trained> {
  setSeededWeights(model);
  model.compile({ optimizer: optimizer?.() ?? tf.train.sgd(0.1), loss });
  const random = createRandom(9);
  const size = EXAMPLES * inputShape.reduce((product, dim) => product * dim, 1);
  const values = Float32Array.from({ length: size }, (_, i) => value?.(i) ?? random.uniform() * 2 - 1);
  const x = tf.tensor(values, [EXAMPLES, ...inputShape]);
  const labels = Array.from({ length: EXAMPLES }, (_, i) => i % 3);
  const y = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 3).toFloat());
  const { history } = await model.fit(x, y, { batchSize: batch, epochs: EPOCHS, shuffle: false, verbose: 0 });
  const weights = model.getWeights().map((tensor) => tensor.dataSync<'float32'>().slice());
  model.dispose();
  tf.dispose([x, y]);
  return { losses: history['loss'] as number[], weights };
}

/** A variance is never negative. */
function setSeededWeights(model: tf.LayersModel): void {
  const random = createRandom(5);
  tf.tidy(() =>
    model.setWeights(
      model.weights.map(({ name, shape }) => {
        const size = (shape as number[]).reduce((product, dim) => product * dim, 1);
        const draw = () => (name.includes('variance') ? 1 : random.uniform() - 0.5);
        return tf.tensor(Float32Array.from({ length: size }, draw), shape as number[]);
      }),
    ),
  );
}

function expectClose(ours: ArrayLike<number>, theirs: ArrayLike<number>): void {
  expect(ours.length).toBe(theirs.length);
  let largest = 0;
  for (let i = 0; i < ours.length; i++) {
    const difference = Math.abs((ours[i] as number) - (theirs[i] as number));
    // Written so that NaN counts.
    if (!(difference <= largest)) largest = difference;
  }
  expect(largest).toBeLessThan(TOLERANCE);
}
