/**
 * What each layer of a trunk or a head computes, as TensorFlow.js operations that can be differentiated. A layer that
 * is not in the table can't be trained.
 *
 * Nothing here draws or computes in plain JavaScript: the same WASM kernels run in Node and in workerd, so the bits
 * agree.
 */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import * as z from 'zod';
import type { LayerJson } from '../../compile/artifacts.ts';
import { NORMALIZATION_EPSILON } from '../../model/head.ts';
import type { TfjsHeap } from '../../kernels/tfjs/tfjs-heap.ts';
import type { Random } from '../../../shared/random.ts';
import { drawMask } from '../../kernels/dropout.ts';
import type { Tensorflow } from './tensorflow.ts';

export interface ForwardPass {
  readonly tf: Tensorflow;
  readonly heap: TfjsHeap;
  /** A layer's weight: `kernel`; null where it has none of this name. */
  readonly weight: (layer: string, name: string) => Tensor | null;
  /** Where dropout's masks come from; null to serve. */
  readonly random: Random | null;
  /** Whether a normalisation goes by the batch, which only training does. */
  readonly byBatch: (layer: string) => boolean;
}

/** @param inputs  in the layer's order */
type Forward = (layer: LayerJson, inputs: readonly Tensor[], pass: ForwardPass) => Tensor;

/** @throws TypeError for a layer that can't be trained, by name */
export function runLayer(layer: LayerJson, inputs: readonly Tensor[], pass: ForwardPass): Tensor {
  const forward = FORWARD.get(layer.className);
  if (forward === undefined)
    throw new TypeError(`layer '${layer.name}' (${layer.className}) can't be trained`);
  return forward(layer, inputs, pass);
}

/** Why a layer can't be trained; undefined where it can. */
export function describeUntrainable({ className, name, config }: LayerJson): string | undefined {
  if (!FORWARD.has(className)) return `layer '${name}' (${className}) can't be trained`;
  const problem = CONFIGS.get(className)?.safeParse(config).error?.issues[0];
  return (
    problem &&
    `layer '${name}' (${className}) can't be trained: ${problem.path.join('.')}: ${problem.message}`
  );
}

const positive = z.int().positive();
const pair = z.union([positive.transform((n): [number, number] => [n, n]), z.tuple([positive, positive])]);
const undilated = pair
  .default([1, 1])
  .refine(
    ([height, width]) => height === 1 && width === 1,
    'expected 1: TensorFlow.js has no gradient of dilations',
  );
const padding = z.enum(['same', 'valid']).default('valid');

type Activate = (tf: Tensorflow, x: Tensor) => Tensor;

const ACTIVATIONS = {
  linear: (_, x) => x,
  relu: (tf, x) => tf.relu(x),
  relu6: (tf, x) => tf.relu6(x),
  elu: (tf, x) => tf.elu(x),
  sigmoid: (tf, x) => tf.sigmoid(x),
  tanh: (tf, x) => tf.tanh(x),
  swish: (tf, x) => tf.mul(x, tf.sigmoid(x)),
  hardSigmoid: (tf, x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
} as const satisfies Record<string, Activate>;

/** Keras writes `hard_sigmoid`, TensorFlow.js `hardSigmoid`. */
const activation = z
  .string()
  .default('linear')
  .transform((name) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()))
  .pipe(z.enum(Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[]));

const convolution = z.object({
  strides: pair.default([1, 1]),
  padding,
  dilation_rate: undilated,
  activation,
});
/** Stock's depthwise convolution reads out of bounds with uneven strides. */
const depthwise = convolution.refine(
  ({ strides: [height, width] }) => height === width,
  'expected equal strides',
);
const dense = z.object({ activation });
const activationLayer = z.object({ activation });
const pooling = z.object({ pool_size: pair.default([2, 2]), strides: pair.nullish(), padding });
const normalization = z.object({ epsilon: z.number().default(NORMALIZATION_EPSILON) });
const dropout = z.object({ rate: z.number() });
const relu = z.object({
  max_value: z.number().nullish(),
  negative_slope: z.literal(0).nullish(),
  threshold: z.literal(0).nullish(),
});
const leakyRelu = z.object({ alpha: z.number().default(0.3) });
const padded = z.object({ padding: z.tuple([z.tuple([z.int(), z.int()]), z.tuple([z.int(), z.int()])]) });
const reshape = z.object({ target_shape: z.array(positive) });
const concatenate = z.object({ axis: z.int().default(-1) });

const CONFIGS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['Conv2D', convolution],
  ['DepthwiseConv2D', depthwise],
  ['Dense', dense],
  ['Activation', activationLayer],
  ['MaxPooling2D', pooling],
  ['AveragePooling2D', pooling],
  ['BatchNormalization', normalization],
  ['Dropout', dropout],
  ['ReLU', relu],
  ['LeakyReLU', leakyRelu],
  ['ZeroPadding2D', padded],
  ['Reshape', reshape],
  ['Concatenate', concatenate],
]);

const FORWARD: ReadonlyMap<string, Forward> = new Map<string, Forward>([
  ['Conv2D', (layer, [x], pass) => convolve('conv2d', 'kernel', layer, x as Tensor4D, pass)],
  [
    'DepthwiseConv2D',
    (layer, [x], pass) => convolve('depthwiseConv2d', 'depthwise_kernel', layer, x as Tensor4D, pass),
  ],
  ['Dense', multiply],
  [
    'Activation',
    ({ config }, [x], { tf }) => ACTIVATIONS[activationLayer.parse(config).activation](tf, x as Tensor),
  ],
  ['ReLU', rectify],
  ['LeakyReLU', ({ config }, [x], { tf }) => tf.leakyRelu(x as Tensor, leakyRelu.parse(config).alpha)],
  ['ELU', (_, [x], { tf }) => tf.elu(x as Tensor)],
  ['BatchNormalization', normalize],
  ['MaxPooling2D', (layer, [x], { tf }) => slide(tf.maxPool, layer, x as Tensor4D)],
  ['AveragePooling2D', (layer, [x], { tf }) => slide(tf.avgPool, layer, x as Tensor4D)],
  ['GlobalAveragePooling2D', averageAll],
  ['Flatten', (_, [x], { tf }) => tf.reshape(x as Tensor, [(x as Tensor).shape[0] ?? 1, -1])],
  [
    'Reshape',
    ({ config }, [x], { tf }) =>
      tf.reshape(x as Tensor, [(x as Tensor).shape[0] ?? 1, ...reshape.parse(config).target_shape]),
  ],
  ['ZeroPadding2D', pad],
  ['Dropout', drop],
  ['Add', (_, inputs, { tf }) => inputs.reduce((sum, input) => tf.add(sum, input))],
  ['Multiply', (_, inputs, { tf }) => inputs.reduce((product, input) => tf.mul(product, input))],
  ['Concatenate', ({ config }, inputs, { tf }) => tf.concat([...inputs], concatenate.parse(config).axis)],
]);

/** Keras's names of the layers that can be trained. */
export const TRAINABLE_LAYERS: readonly string[] = [...FORWARD.keys()];

function convolve(
  op: 'conv2d' | 'depthwiseConv2d',
  kernelName: string,
  { name, config }: LayerJson,
  x: Tensor4D,
  { tf, weight }: ForwardPass,
): Tensor {
  const { strides, padding: pads, activation: kind } = convolution.parse(config);
  const kernel = weight(name, kernelName) as Tensor4D;
  const bias = weight(name, 'bias');
  const product = tf[op](x, kernel, strides, pads);
  return ACTIVATIONS[kind](tf, bias === null ? product : tf.add(product, bias));
}

function multiply({ name, config }: LayerJson, [x]: readonly Tensor[], { tf, weight }: ForwardPass): Tensor {
  const product = tf.matMul(x as Tensor2D, weight(name, 'kernel') as Tensor2D);
  const bias = weight(name, 'bias');
  return ACTIVATIONS[dense.parse(config).activation](tf, bias === null ? product : tf.add(product, bias));
}

function rectify({ config }: LayerJson, [x]: readonly Tensor[], { tf }: ForwardPass): Tensor {
  const { max_value: max } = relu.parse(config);
  if (max === undefined || max === null) return tf.relu(x as Tensor);
  return max === 6 ? tf.relu6(x as Tensor) : tf.clipByValue(x as Tensor, 0, max);
}

function slide(
  op: Tensorflow['maxPool'] | Tensorflow['avgPool'],
  { config }: LayerJson,
  x: Tensor4D,
): Tensor {
  const { pool_size: size, strides, padding: pads } = pooling.parse(config);
  return op(x, size, strides ?? size, pads);
}

/** One window over the whole image: its gradient is a kernel, that of a mean is not. */
function averageAll(_: LayerJson, [x]: readonly Tensor[], { tf }: ForwardPass): Tensor {
  const [rows = 1, height = 1, width = 1, channels = 1] = (x as Tensor).shape;
  return tf.reshape(tf.avgPool(x as Tensor4D, [height, width], 1, 'valid'), [rows, channels]);
}

function pad({ config }: LayerJson, [x]: readonly Tensor[], { tf }: ForwardPass): Tensor {
  const [rows, columns] = padded.parse(config).padding;
  return tf.pad(x as Tensor4D, [[0, 0], rows, columns, [0, 0]]);
}

function drop({ config }: LayerJson, [x]: readonly Tensor[], { tf, random }: ForwardPass): Tensor {
  const { shape, size } = x as Tensor;
  if (random === null) return x as Tensor;
  const mask = new Float32Array(size);
  drawMask(mask, dropout.parse(config).rate, random);
  return tf.mul(x as Tensor, tf.tensor(mask, shape));
}

/** gamma (x - mean) / sqrt(variance + epsilon) + beta, by the batch or by the running statistics. */
function normalize(layer: LayerJson, [x]: readonly Tensor[], pass: ForwardPass): Tensor {
  const { tf, weight } = pass;
  const { epsilon } = normalization.parse(layer.config);
  const mean = weight(layer.name, 'moving_mean') as Tensor;
  const variance = weight(layer.name, 'moving_variance') as Tensor;
  const gamma = weight(layer.name, 'gamma') ?? tf.onesLike(mean);
  const beta = weight(layer.name, 'beta') ?? tf.zerosLike(mean);
  if (pass.random !== null && pass.byBatch(layer.name))
    return normalizeByBatch(x as Tensor, { gamma, beta, mean, variance, epsilon }, pass);
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(x as Tensor, scale), tf.sub(beta, tf.mul(mean, scale)));
}

/** Share by which the running statistics follow each batch's, as in a dense stack. */
const RUNNING_SHARE = 0.1;

interface Statistics {
  readonly gamma: Tensor;
  readonly beta: Tensor;
  /** Follow the batch, in place. */
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly epsilon: number;
}

function normalizeByBatch(
  input: Tensor,
  { gamma, beta, mean, variance, epsilon }: Statistics,
  { tf, heap }: ForwardPass,
): Tensor {
  const { kernels, address } = heap;
  const columns = gamma.size;
  const rows = input.size / columns;
  const adopt = (info: ReturnType<TfjsHeap['output']>): Tensor => tf.engine().makeTensorFromTensorInfo(info);
  const op = tf.customGrad((...args) => {
    const [x, scale, shift, save] = args as unknown as [Tensor, Tensor, Tensor, (saved: Tensor[]) => void];
    const y = adopt(heap.copy(x));
    const [normalized, inverse] = [adopt(heap.output(x.shape)), adopt(heap.output([columns]))];
    const [from, to, spread] = [address(y), address(normalized), address(inverse)];
    const [g, b, m, v] = [address(scale), address(shift), address(mean), address(variance)];
    kernels.normalize_batch(from, to, spread, g, b, m, v, rows, columns, RUNNING_SHARE, epsilon);
    save([normalized, inverse, scale]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const dx = adopt(heap.copy(dy));
      const [dgamma, dbeta] = [adopt(heap.output([columns])), adopt(heap.output([columns]))];
      const [n, i, s] = saved.map(address) as [number, number, number];
      kernels.normalization_gradient(address(dx), n, i, s, address(dgamma), address(dbeta), rows, columns);
      return [dx, dgamma, dbeta];
    };
    return { value: y, gradFunc };
  });
  return op(input, gamma, beta);
}
