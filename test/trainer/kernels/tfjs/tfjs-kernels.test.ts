import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { registerTrainingKernels } from '../../../../trainer/kernels/tfjs/tfjs-kernels.ts';
import { registerWasmBackend } from '../../../../trainer/kernels/tfjs/tfjs-backend.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../../shared/random.ts';

const module = await loadKernelModule();
let restore: () => void;

beforeAll(async () => {
  await registerWasmBackend(tf, await loadWasmModule());
  restore = registerTrainingKernels(tf, module);
});
afterAll(() => restore());

const TOLERANCE = 1e-4;

interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Uniform in [-1, 1), seeded by the shape. */
function randomValues(...shape: number[]): Values {
  const random = createRandom(shape.reduce((seed, dim) => seed * 31 + dim, 7));
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { shape, data: Float32Array.from({ length: size }, () => random.uniform() * 2 - 1) };
}

/** Ops check the rank themselves; most here take images. */
type Op = (...inputs: tf.Tensor4D[]) => tf.Tensor;

/** Gradients of the sum of op(inputs) times fixed weights. */
async function gradientsOn(
  backend: 'cpu' | 'wasm',
  op: Op,
  inputs: readonly Values[],
): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const weighted = (...tensors: tf.Tensor[]) => {
      const y = op(...(tensors as tf.Tensor4D[]));
      return tf.sum(tf.mul(y, toTensor(randomValues(...y.shape)))).asScalar();
    };
    return tf
      .grads(weighted)(inputs.map(toTensor))
      .map((gradient) => gradient.dataSync<'float32'>().slice());
  });
}

function toTensor({ data, shape }: Values): tf.Tensor4D {
  return tf.tensor(data, [...shape] as Shape4D);
}

async function expectSameGradients(op: Op, inputs: readonly Values[]): Promise<void> {
  const [ours, theirs] = [await gradientsOn('wasm', op, inputs), await gradientsOn('cpu', op, inputs)];
  expect(ours.length).toBe(inputs.length);
  for (const [i, gradient] of ours.entries()) {
    expect(largestDifference(gradient, theirs[i] as Float32Array)).toBeLessThan(TOLERANCE);
    expect(gradient.some((value) => value !== 0)).toBe(true);
  }
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    // Written so that NaN counts.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** By central differences on the cpu backend, of the same weighted sum. */
async function numericGradient(
  op: Op,
  inputs: readonly Values[],
  of: number,
  step: number,
): Promise<Float32Array> {
  await tf.setBackend('cpu');
  const weighted = (values: readonly Values[]): number =>
    tf.tidy(() => {
      const y = op(...values.map(toTensor));
      const weights = randomValues(...y.shape).data;
      return y.dataSync<'float32'>().reduce((sum, value, i) => sum + value * (weights[i] as number), 0);
    });
  const { shape, data } = inputs[of] as Values;
  return data.map((value, i) => {
    const moved = (by: number) => inputs.with(of, { shape, data: data.with(i, value + by) });
    return (weighted(moved(step)) - weighted(moved(-step))) / (2 * step);
  });
}

type Pair = [number, number];
type Shape4D = [number, number, number, number];
type Padding = 'same' | 'valid' | number;

describe('the gradients of a convolution', () => {
  // input [batch, height, width, channels], filter [height, width], out channels, strides, padding
  test.each<[number[], Pair, number, Pair, Padding]>([
    [[2, 8, 8, 4], [3, 3], 8, [1, 1], 'same'],
    [[3, 7, 9, 3], [3, 3], 5, [2, 2], 'same'],
    [[2, 9, 7, 1], [3, 3], 6, [1, 1], 'valid'],
    [[1, 8, 8, 5], [5, 3], 9, [2, 1], 'same'],
    [[2, 6, 6, 7], [1, 1], 11, [1, 1], 'valid'],
    [[2, 6, 6, 2], [2, 2], 3, [2, 2], 'valid'],
    [[2, 5, 5, 3], [4, 4], 2, [3, 2], 'same'],
    [[2, 5, 6, 3], [3, 3], 4, [1, 1], 2],
    [[1, 30, 28, 2], [3, 3], 3, [1, 1], 'same'],
    [[1, 1, 1, 9], [1, 1], 17, [1, 1], 'valid'],
  ])(
    'of %j with a filter of %j to %i channels, strides %j, padding %s, are those of the cpu backend',
    async (shape, filter, out, strides, pad) => {
      const inputs = [randomValues(...shape), randomValues(...filter, shape[3] as number, out)];
      await expectSameGradients((x, w) => tf.conv2d(x, w, strides, pad), inputs);
    },
  );

  test('are the numerical ones', async () => {
    const inputs = [randomValues(1, 5, 6, 3), randomValues(3, 2, 3, 4)];
    const op: Op = (x, w) => tf.conv2d(x, w, [2, 1], 'same');
    const [dx, dw] = await gradientsOn('wasm', op, inputs);
    // Linear in each operand: a large step has no error but rounding.
    expect(largestDifference(dx ?? [], await numericGradient(op, inputs, 0, 1))).toBeLessThan(TOLERANCE);
    expect(largestDifference(dw ?? [], await numericGradient(op, inputs, 1, 1))).toBeLessThan(TOLERANCE);
  });
});

describe('the gradients of a depthwise convolution', () => {
  // input, filter, multiplier, strides, padding
  test.each<[number[], Pair, number, Pair, Padding]>([
    [[2, 8, 8, 8], [3, 3], 1, [1, 1], 'same'],
    [[2, 9, 7, 5], [3, 3], 1, [2, 2], 'same'],
    [[2, 8, 8, 3], [3, 5], 2, [1, 1], 'valid'],
    [[1, 7, 6, 2], [2, 2], 3, [2, 1], 1],
  ])(
    'of %j with a filter of %j, multiplier %i, strides %j, padding %s, are those of the cpu backend',
    async (shape, filter, multiplier, strides, pad) => {
      const [dx, dw] = await depthwiseGradients('wasm', {
        shape,
        filter,
        multiplier,
        strides,
        pad,
        dilations: 1,
      });
      const [x, w] = await depthwiseGradients('cpu', {
        shape,
        filter,
        multiplier,
        strides,
        pad,
        dilations: 1,
      });
      expect(largestDifference(dx, x)).toBeLessThan(TOLERANCE);
      expect(largestDifference(dw, w)).toBeLessThan(TOLERANCE);
    },
  );

  test('with dilations, which the kernels of the cpu backend ignore, are the numerical ones', async () => {
    const filter: Pair = [3, 3];
    const shape = [1, 9, 8, 5];
    const [dx, dw] = await depthwiseGradients('wasm', {
      shape,
      filter,
      multiplier: 1,
      strides: [1, 1],
      pad: 'same',
      dilations: 2,
    });
    const op: Op = (x, w) => tf.depthwiseConv2d(x, w, 1, 'same', 'NHWC', 2);
    const inputs = [randomValues(...shape), randomValues(...filter, 5, 1)];
    expect(largestDifference(dx, await numericGradient(op, inputs, 0, 1))).toBeLessThan(TOLERANCE);
    expect(largestDifference(dw, await numericGradient(op, inputs, 1, 1))).toBeLessThan(TOLERANCE);
  });

  test('are the numerical ones', async () => {
    const inputs = [randomValues(1, 6, 5, 5), randomValues(3, 3, 5, 1)];
    const op: Op = (x, w) => tf.depthwiseConv2d(x, w, [2, 2], 'same');
    const [dx, dw] = await gradientsOn('wasm', op, inputs);
    expect(largestDifference(dx ?? [], await numericGradient(op, inputs, 0, 1))).toBeLessThan(TOLERANCE);
    expect(largestDifference(dw ?? [], await numericGradient(op, inputs, 1, 1))).toBeLessThan(TOLERANCE);
  });
});

interface Depthwise {
  readonly shape: readonly number[];
  readonly filter: Pair;
  readonly multiplier: number;
  readonly strides: Pair;
  readonly pad: Padding;
  readonly dilations: number;
}

/**
 * By the kernels themselves: stock's forward kernel fails on uneven strides, and autodiff refuses dilations.
 *
 * @returns by input and by filter
 */
async function depthwiseGradients(
  backend: 'cpu' | 'wasm',
  { shape, filter, multiplier, strides, pad, dilations }: Depthwise,
): Promise<[Float32Array, Float32Array]> {
  const inputShape = shape as Shape4D;
  const filterShape: Shape4D = [...filter, shape[3] as number, multiplier];
  const computeInfo = tf.backend_util.computeConv2DInfo;
  const info = computeInfo(inputShape, filterShape, strides, dilations, pad, undefined, true);
  const attrs = { strides, pad, dilations, inputShape, filterShape };
  const [x, w, dy] = [
    randomValues(...inputShape),
    randomValues(...filterShape),
    randomValues(...info.outShape),
  ];
  return [
    await valueOn(backend, runKernel('DepthwiseConv2dNativeBackpropInput', ['filter', 'dy'], attrs), [w, dy]),
    await valueOn(backend, runKernel('DepthwiseConv2dNativeBackpropFilter', ['x', 'dy'], attrs), [x, dy]),
  ];
}

describe('the gradient of max pooling', () => {
  test.each<[number[], Pair, Pair, Padding]>([
    [[2, 8, 8, 4], [2, 2], [2, 2], 'valid'],
    [[2, 9, 7, 3], [3, 3], [2, 2], 'same'],
    [[1, 6, 7, 5], [3, 2], [1, 1], 'same'],
    [[2, 6, 6, 1], [2, 2], [1, 2], 1],
  ])(
    'of %j with windows of %j, strides %j, padding %s, is that of the cpu backend',
    async (shape, size, strides, pad) => {
      await expectSameGradients((x) => tf.maxPool(x, size, strides, pad), [randomValues(...shape)]);
    },
  );

  test('reaches windows that are all negative, as the numerical one does', async () => {
    const { shape, data } = randomValues(1, 4, 4, 3);
    const negative = [{ shape, data: data.map((value) => value - 2) }];
    const op: Op = (x) => tf.maxPool(x, 2, 2, 'valid');
    const [dx] = await gradientsOn('wasm', op, negative);
    expect(largestDifference(dx ?? [], await numericGradient(op, negative, 0, 1e-3))).toBeLessThan(1e-3);
    await expectSameGradients(op, negative);
  });

  test('goes to the first of equal values', async () => {
    const equal = [{ shape: [1, 4, 4, 1], data: new Float32Array(16).fill(-1) }];
    await expectSameGradients((x) => tf.maxPool(x, 2, 2, 'valid'), equal);
  });
});

describe('over volumes', () => {
  test.each<[string, Op, number[][]]>([
    [
      'convolution',
      (x, w) => tf.conv3d(volume(x), filter3d(w), 1, 'same'),
      [
        [2, 4, 5, 6, 3],
        [2, 3, 2, 3, 4],
      ],
    ],
    [
      'convolution with strides',
      (x, w) => tf.conv3d(volume(x), filter3d(w), [2, 1, 3], 'valid'),
      [
        [2, 5, 4, 7, 2],
        [3, 2, 2, 2, 9],
      ],
    ],
    ['max pooling', (x) => tf.maxPool3d(volume(x), 3, [1, 2, 2], 'same'), [[2, 4, 5, 6, 5]]],
    ['average pooling', (x) => tf.avgPool3d(volume(x), 2, [1, 2, 1], 'valid'), [[2, 4, 5, 6, 5]]],
  ])('the gradients of %s are those of the cpu backend', async (_, op, shapes) => {
    await expectSameGradients(
      op,
      shapes.map((shape) => randomValues(...shape)),
    );
  });

  test('the gradient of max pooling reaches windows that are all negative', async () => {
    const { shape, data } = randomValues(1, 4, 4, 4, 3);
    const negative = [{ shape, data: data.map((value) => value - 2) }];
    const op: Op = (x) => tf.maxPool3d(volume(x), 2, 2, 'same');
    await expectSameGradients(op, negative);
    // Where stock answers with the smallest positive number.
    expect(await valueOn('wasm', op, negative)).toEqual(await valueOn('cpu', op, negative));
  });

  test('the gradient of max pooling with uneven windows, wrong on the cpu backend, is the numerical one', async () => {
    const op: Op = (x) => tf.maxPool3d(volume(x), [2, 3, 1], [1, 2, 2], 'valid');
    const inputs = [randomValues(1, 3, 5, 4, 3)];
    const [dx] = await gradientsOn('wasm', op, inputs);
    expect(largestDifference(dx ?? [], await numericGradient(op, inputs, 0, 1e-3))).toBeLessThan(1e-3);
  });

  test('the gradient of a convolution by its input is the numerical one', async () => {
    const inputs = [randomValues(1, 3, 4, 5, 2), randomValues(2, 2, 3, 2, 3)];
    const op: Op = (x, w) => tf.conv3d(volume(x), filter3d(w), [1, 2, 1], 'same');
    const [dx] = await gradientsOn('wasm', op, inputs);
    expect(largestDifference(dx ?? [], await numericGradient(op, inputs, 0, 1))).toBeLessThan(TOLERANCE);
  });
});

/** Types know only images here. */
const volume = (x: tf.Tensor): tf.Tensor5D => x as tf.Tensor5D;
const filter3d = volume;

describe('the gradients that stock has wrong on both backends are the numerical ones', () => {
  test.each<[string, Op, number[]]>([
    ['average pooling with padding', (x) => tf.avgPool(x, 3, 2, 'same'), [2, 7, 6, 5]],
    ['average pooling without', (x) => tf.avgPool(x, [2, 3], [1, 2], 'valid'), [2, 7, 6, 4]],
    [
      'average pooling of volumes with padding',
      (x) => tf.avgPool3d(volume(x), 3, 2, 'same'),
      [2, 3, 5, 4, 5],
    ],
    ['nearest resizing up', (x) => tf.image.resizeNearestNeighbor(x, [9, 7], false, true), [2, 6, 5, 3]],
    ['nearest resizing down', (x) => tf.image.resizeNearestNeighbor(x, [4, 2], false, true), [2, 6, 5, 3]],
    ['bilinear resizing up', (x) => tf.image.resizeBilinear(x, [9, 7], false, true), [2, 6, 5, 3]],
    ['bilinear resizing down', (x) => tf.image.resizeBilinear(x, [4, 3], false, true), [2, 6, 5, 4]],
  ])('%s', async (_, op, shape) => {
    const inputs = [randomValues(...shape)];
    const [dx] = await gradientsOn('wasm', op, inputs);
    expect(largestDifference(dx ?? [], await numericGradient(op, inputs, 0, 1))).toBeLessThan(TOLERANCE);
    // The numerical gradient is of the cpu backend's op: it must be the same op.
    expect(
      largestDifference(await valueOn('wasm', op, inputs), await valueOn('cpu', op, inputs)),
    ).toBeLessThan(1e-5);
  });
});

describe('other gradients that stock kernels compute', () => {
  // One image for nearest resizing: with more, it is the cpu backend that is wrong.
  test('nearest resizing of several images: is the numerical one', async () => {
    const op: Op = (x) => tf.image.resizeNearestNeighbor(x, [9, 5]);
    const inputs = [randomValues(3, 6, 4, 3)];
    const [dx] = await gradientsOn('wasm', op, inputs);
    expect(largestDifference(dx ?? [], await numericGradient(op, inputs, 0, 1))).toBeLessThan(TOLERANCE);
  });

  test.each<[string, Op, number[][]]>([
    ['bilinear resizing', (x) => tf.image.resizeBilinear(x, [9, 5]), [[2, 6, 6, 3]]],
    ['nearest resizing', (x) => tf.image.resizeNearestNeighbor(x, [9, 5]), [[1, 6, 6, 3]]],
    ['batch normalisation', normalise, [[4, 3, 3, 5], [5], [5]]],
  ])('%s: are those of the cpu backend', async (_, op, shapes) => {
    await expectSameGradients(
      op,
      shapes.map((shape) => randomValues(...shape)),
    );
  });
});

/** Of a batch in training: its own mean and variance. */
function normalise(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.batchNorm(x, mean, variance, offset, scale);
}

describe('products', () => {
  test.each<[number, number, number, boolean, boolean]>([
    [9, 5, 7, false, false],
    [13, 8, 16, true, false],
    [8, 11, 3, false, true],
    [1, 6, 9, true, true],
    [2, 4, 5, false, false],
    [33, 1, 17, true, false],
  ])(
    '%i x %i x %i, transposed %s and %s, is that of the cpu backend',
    async (rows, depth, columns, left, right) => {
      const a = left ? randomValues(depth, rows) : randomValues(rows, depth);
      const b = right ? randomValues(columns, depth) : randomValues(depth, columns);
      await expectSameGradients((x, y) => tf.matMul(x, y, left, right), [a, b]);
      const op: Op = (x, y) => tf.matMul(x, y, left, right);
      expect(
        largestDifference(await valueOn('wasm', op, [a, b]), await valueOn('cpu', op, [a, b])),
      ).toBeLessThan(1e-5);
    },
  );

  test('of batches of matrices stay the stock ones', async () => {
    await expectSameGradients((x, y) => tf.matMul(x, y), [randomValues(3, 9, 4), randomValues(3, 4, 5)]);
  });

  test.each(['linear', 'relu', 'relu6', 'sigmoid'] as const)(
    'with a bias and %s are those of the cpu backend',
    async (activation) => {
      const op: Op = (a, b, bias) => tf.fused.matMul({ a: a, b: b, bias: bias, activation });
      const inputs = [randomValues(11, 6), randomValues(6, 13), randomValues(13)];
      expect(
        largestDifference(await valueOn('wasm', op, inputs), await valueOn('cpu', op, inputs)),
      ).toBeLessThan(1e-5);
    },
  );
});

/** What the cpu backend has and training on WASM never asks for: docs/kernels.md says why of each. */
const LEFT_OUT = [
  'Complex',
  'ComplexAbs',
  'Draw',
  'Einsum',
  'FFT',
  'IFFT',
  'Imag',
  'RaggedGather',
  'RaggedRange',
  'RaggedTensorToTensor',
  'Real',
  'StaticRegexReplace',
];

test('every kernel that the cpu backend has is there, or was left out for a reason', () => {
  const present = new Set(tf.getKernelsForBackend('wasm').map(({ kernelName }) => kernelName));
  const missing = tf
    .getKernelsForBackend('cpu')
    .map(({ kernelName }) => kernelName)
    .filter((name) => !present.has(name));
  expect(missing.sort()).toEqual(LEFT_OUT);
});

/** An op of one kernel, whose inputs have these names. */
function runKernel(kernel: string, names: readonly string[], attrs: tf.NamedAttrMap): Op {
  return (...inputs) =>
    tf.engine().runKernel(kernel, Object.fromEntries(inputs.map((x, i) => [names[i], x])), attrs);
}

async function valueOn(backend: 'cpu' | 'wasm', op: Op, inputs: readonly Values[]): Promise<Float32Array> {
  await tf.setBackend(backend);
  return tf.tidy(() =>
    op(...inputs.map(toTensor))
      .dataSync<'float32'>()
      .slice(),
  );
}

test('the gradient of gathering rows sums by segment, as on the cpu backend', async () => {
  const op: Op = (x) => tf.gather(x, tf.tensor1d([3, 0, 3, 5, 3], 'int32'));
  await expectSameGradients(op, [randomValues(6, 7)]);
});

test('what the kernels do not compute is refused by name', async () => {
  const nchw: Op = (x, w) => tf.conv2d(x, w, 1, 'same', 'NCHW');
  const images = [randomValues(1, 3, 5, 5), randomValues(3, 3, 3, 4)];
  await expect(gradientsOn('wasm', nchw, images)).rejects.toThrow();
  const integers: Op = (x) => tf.unsortedSegmentSum(tf.cast(x, 'int32'), tf.tensor1d([0, 1], 'int32'), 2);
  await expect(valueOn('wasm', integers, [randomValues(2, 3)])).rejects.toThrow(
    'expected ids of rank 1 and float32 values, got ids of rank 1 and int32 values',
  );
});

test('rows with ids outside the segments count nowhere', async () => {
  const op: Op = (x) => tf.unsortedSegmentSum(x, tf.tensor1d([1, -1, 7, 1], 'int32'), 3);
  const inputs = [randomValues(4, 5)];
  expect(await valueOn('wasm', op, inputs)).toEqual(await valueOn('cpu', op, inputs));
});

test('gradients leave no tensor behind', async () => {
  const op: Op = (x, w) => tf.conv2d(x, w, 1, 'same');
  const inputs = [randomValues(1, 5, 5, 3), randomValues(3, 3, 3, 4)];
  await gradientsOn('wasm', op, inputs);
  const { numTensors } = tf.memory();
  for (let i = 0; i < 10; i++) await gradientsOn('wasm', op, inputs);
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('the stock kernels come back when asked, and another backend is refused by name', async () => {
  await tf.setBackend('wasm');
  restore();
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBeUndefined();
  expect(tf.getKernel('MaxPoolGrad', 'wasm')).toBeDefined();
  restore = registerTrainingKernels(tf, module);
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBeDefined();
  await tf.setBackend('cpu');
  expect(() => registerTrainingKernels(tf, module)).toThrow(/expected the WASM backend/);
});

test('a backend with threads is refused with what to do', async () => {
  await tf.setBackend('wasm');
  const threaded = { ...tf, backend: () => ({ wasm: { asm: {}, tfjs: {} } }) } as unknown as typeof tf;
  expect(() => registerTrainingKernels(threaded, module)).toThrow(/'WASM_HAS_MULTITHREAD_SUPPORT', false/);
});
