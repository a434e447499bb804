/**
 * What each Keras layer computes, as ops. A layer that is not in the table can't run at the edge.
 *
 * channels_last only. Nothing is optimised here: see fuse.ts.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../../shared/result.ts';
import { addActivation, findActivation } from './activations.ts';
import { addAffine, addMeanOfLastAxis, addPrelu, addScalars, scalar } from './affine.ts';
import type { LayerJson } from './artifacts.ts';
import { invalid, unsupported, type ModelError } from '../../shared/model/plan/error.ts';
import type { BinaryOp, Op, Pads, Pair } from '../../shared/model/plan/ops.ts';
import { samePads } from '../../shared/model/plan/shapes.ts';
import type { GraphBuilder, Value } from './graph-builder.ts';
import { sameShape, sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';

type Lowering = (
  layer: LayerJson,
  inputs: readonly Value[],
  builder: GraphBuilder,
  weights: ReadonlyMap<string, Tensor>,
) => Result<Value, ModelError>;

/** What a kind draws with. */
interface Drawing {
  readonly builder: GraphBuilder;
  /** The first input, the only one but for layers that merge. */
  readonly x: Value;
  /** Of `x`. */
  readonly shape: Shape;
  readonly inputs: readonly Value[];
  /** As `weights` names them. */
  readonly weights: readonly Tensor[];
}

interface LayerKind<Config> {
  readonly config: z.ZodType<Config>;
  /** Takes any number of inputs; otherwise exactly one. */
  readonly merges?: true;
  /** Names of the weights that `lower` gets, in order. */
  readonly weights?: (config: Config) => string[];
  /** @returns the output, or why it can't run */
  readonly lower: (config: Config, drawing: Drawing) => Value | string;
}

/**
 * Draws one layer.
 *
 * @param layer    from model.json
 * @param inputs   values of the sketch, in the layer's order
 * @param weights  by name, as decodeWeights gives them
 * @returns its output, the input itself for what does nothing at inference (Dropout); an error that names the layer
 */
export function lowerLayer(
  layer: LayerJson,
  inputs: readonly Value[],
  builder: GraphBuilder,
  weights: ReadonlyMap<string, Tensor>,
): Result<Value, ModelError> {
  const lower = LAYERS.get(layer.className);
  if (lower === undefined) return unsupported(`${nameLayer(layer)} can't run at the edge`);
  builder.startNode(layer.name);
  const output = lower(layer, inputs, builder, weights);
  const problem = builder.problem();
  return output.ok && problem !== undefined ? invalid(`${nameLayer(layer)}: ${problem}`) : output;
}

/** How messages name a layer: `layer 'lstm_1' (LSTM)`. */
export function nameLayer(layer: LayerJson): string {
  return `layer '${layer.name}' (${layer.className})`;
}

function kind<Config>({ config, merges, weights = () => [], lower }: LayerKind<Config>): Lowering {
  return (layer, inputs, builder, tensors) => {
    const parsed = config.safeParse(layer.config);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return unsupported(
        `${nameLayer(layer)} can't run at the edge: ${issue?.path.join('.')}: ${issue?.message}`,
      );
    }
    const found = findWeights(layer, weights(parsed.data), tensors);
    if (!found.ok) return invalid(`${nameLayer(layer)}: ${found.error}`);
    const [x] = inputs;
    if (x === undefined || (merges === undefined && inputs.length > 1))
      return invalid(`${nameLayer(layer)}: takes ${inputs.length} inputs, expected one`);
    const drawing = { builder, x, shape: builder.shapeOf(x), inputs, weights: found.value };
    const output = lower(parsed.data, drawing);
    return typeof output === 'string'
      ? unsupported(`${nameLayer(layer)} can't run at the edge: ${output}`)
      : ok(output);
  };
}

/**
 * TensorFlow 2 repeats a layer's name in its weights' (`dense/dense/kernel`); Keras and tfjs don't. Weights of a layer
 * in a nested model are named by the layer alone.
 */
function findWeights(
  layer: LayerJson,
  names: readonly string[],
  tensors: ReadonlyMap<string, Tensor>,
): Result<Tensor[], string> {
  const found: Tensor[] = [];
  for (const name of names) {
    const tensor = [layer.name, layer.name.slice(layer.name.lastIndexOf('/') + 1)]
      .flatMap((owner) => [`${owner}/${name}`, `${owner}/${owner}/${name}`])
      .map((key) => tensors.get(key))
      .find((candidate) => candidate !== undefined);
    if (tensor === undefined) return err(`expected the weight '${layer.name}/${name}', the file has none`);
    found.push(tensor);
  }
  return ok(found);
}

/** A name, or Keras's serialised object of a custom activation. */
const activation = z
  .union([z.string(), z.object({ class_name: z.string() }).transform((object) => object.class_name)])
  .default('linear')
  .transform((name, { issues }) => {
    const known = findActivation(name);
    if (known !== undefined) return known;
    issues.push({ code: 'custom', input: name, message: `the edge does not know '${name}'` });
    return z.NEVER;
  });

const channelsLast = z.literal('channels_last').nullish();
const positive = z.int().positive();
const single = z.union([positive, z.tuple([positive]).transform(([n]) => n)]);
const pair = z.union([positive.transform((n): Pair => [n, n]), z.tuple([positive, positive])]);
const padding = z.enum(['same', 'valid']).default('valid');
const useBias = z.boolean().default(true);

const convolution = z.object({
  data_format: channelsLast,
  strides: pair.default([1, 1]),
  dilation_rate: pair.default([1, 1]),
  padding,
  use_bias: useBias,
  activation,
});

/** Keras dilates it; tfjs does not, so training and serving would disagree. */
const depthwise = convolution.extend({
  dilation_rate: pair
    .default([1, 1])
    .refine(([height, width]) => height === 1 && width === 1, 'expected 1: tfjs ignores it in this layer'),
});

const pooling = z
  .object({ data_format: channelsLast, pool_size: pair.default([2, 2]), strides: pair.nullish(), padding })
  .transform(({ pool_size, strides, padding }) => ({
    window: pool_size,
    strides: strides ?? pool_size,
    padding,
  }));

const globalPooling = z.object({ data_format: channelsLast, keepdims: z.literal(false).optional() });

const NO_PADS: Pads = [0, 0, 0, 0];

const identity = kind({ config: z.unknown(), lower: (_, { x }) => x });

/** The attributes that Conv2D and DepthwiseConv2D share; activations join the kernel later, in fuse.ts. */
function convolutionOf(
  config: z.infer<typeof convolution>,
  input: Shape,
  kernel: Tensor,
  bias: Tensor | null,
) {
  const { strides, dilation_rate: dilations } = config;
  const window: Pair = [kernel.shape[0] ?? 1, kernel.shape[1] ?? 1];
  const pads = config.padding === 'same' ? samePads(input, window, strides, dilations) : NO_PADS;
  return { kernel, bias, strides, dilations, pads, activation: 'linear' } as const;
}

/** Stride 1, no padding. */
function plainConvolution(kernel: Tensor, bias: Tensor | null) {
  return { kernel, bias, strides: [1, 1], dilations: [1, 1], pads: NO_PADS, activation: 'linear' } as const;
}

function convolutionKind(
  op: 'conv2d' | 'depthwiseConv2d',
  kernelName: string,
  config: typeof convolution,
): Lowering {
  return kind({
    config,
    weights: (config) => (config.use_bias ? [kernelName, 'bias'] : [kernelName]),
    lower: (config, { builder, x, shape, weights: [kernel, bias] }) => {
      const attributes = convolutionOf(config, shape, required(kernel), bias ?? null);
      return addActivation(builder, builder.add({ op, ...attributes }, x), config.activation);
    },
  });
}

const separableConvolution = kind({
  config: convolution,
  weights: (config) => ['depthwise_kernel', 'pointwise_kernel', ...(config.use_bias ? ['bias'] : [])],
  lower: (config, { builder, x, shape, weights: [depthwise, pointwise, bias] }) => {
    const filtered = builder.add(
      { op: 'depthwiseConv2d', ...convolutionOf(config, shape, required(depthwise), null) },
      x,
    );
    const mixed = builder.add(
      { op: 'conv2d', ...plainConvolution(required(pointwise), bias ?? null) },
      filtered,
    );
    return addActivation(builder, mixed, config.activation);
  },
});

/** An image of one row. */
const convolution1d = kind({
  config: z.object({
    data_format: channelsLast,
    strides: single.default(1),
    dilation_rate: single.default(1),
    padding,
    use_bias: useBias,
    activation,
  }),
  weights: (config) => (config.use_bias ? ['kernel', 'bias'] : ['kernel']),
  lower: (config, { builder, x, shape, weights: [kernel, bias] }) => {
    const { data, shape: window } = required(kernel);
    const strides: Pair = [1, config.strides];
    const dilations: Pair = [1, config.dilation_rate];
    const row = [1, ...shape];
    const pads = config.padding === 'same' ? samePads(row, [1, window[0] ?? 1], strides, dilations) : NO_PADS;
    const attributes = plainConvolution({ shape: [1, ...window], data }, bias ?? null);
    const image = builder.add(
      { op: 'conv2d', ...attributes, strides, dilations, pads },
      builder.reshape(x, row),
    );
    return addActivation(builder, builder.reshape(image, builder.shapeOf(image).slice(1)), config.activation);
  },
});

const dense = kind({
  config: z.object({ use_bias: useBias, activation }),
  weights: (config) => (config.use_bias ? ['kernel', 'bias'] : ['kernel']),
  lower: (config, { builder, x, weights: [kernel, bias] }) => {
    const product = builder.add(
      { op: 'dense', kernel: required(kernel), bias: bias ?? null, activation: 'linear' },
      x,
    );
    return addActivation(builder, product, config.activation);
  },
});

const lastAxis = z.union([z.int(), z.tuple([z.int()]).transform(([axis]) => axis)]).default(-1);

/** gamma * (x - mean) / sqrt(variance + epsilon) + beta, as one scale and one shift per channel. */
const batchNormalization = kind({
  config: z.object({
    axis: lastAxis,
    epsilon: z.number().default(1e-3),
    center: z.boolean().default(true),
    scale: z.boolean().default(true),
  }),
  weights: ({ center, scale }) => [
    'moving_mean',
    'moving_variance',
    ...(scale ? ['gamma'] : []),
    ...(center ? ['beta'] : []),
  ],
  lower: (
    { axis, epsilon, center, scale },
    { builder, x, shape: input, weights: [mean, variance, ...affine] },
  ) => {
    if (!isLastAxis(axis, input)) return `axis: expected the last, got ${axis}`;
    const { shape } = required(mean);
    const other = [required(variance), ...affine].find((tensor) => !sameShape(tensor.shape, shape));
    if (other !== undefined)
      return `its weights have the shapes [${shape.join(',')}] and [${other.shape.join(',')}]`;
    const gamma = scale ? affine[0] : undefined;
    const beta = center ? affine.at(-1) : undefined;
    const factor = required(variance).data.map((v, i) => (gamma?.data[i] ?? 1) / Math.sqrt(v + epsilon));
    const shift = required(mean).data.map((m, i) => (beta?.data[i] ?? 0) - m * (factor[i] ?? 0));
    return addAffine(builder, x, { shape, data: factor }, { shape, data: shift });
  },
});

/** gamma * (x - mean) / sqrt(variance + epsilon) + beta over each example's own last axis (Ba et al. 2016). */
const layerNormalization = kind({
  config: z.object({
    axis: lastAxis,
    epsilon: z.number().default(1e-3),
    center: z.boolean().default(true),
    scale: z.boolean().default(true),
  }),
  weights: ({ center, scale }) => [...(scale ? ['gamma'] : []), ...(center ? ['beta'] : [])],
  lower: ({ axis, epsilon, center, scale }, { builder, x, shape, weights }) => {
    if (!isLastAxis(axis, shape)) return `axis: expected the last, got ${axis}`;
    const centered = builder.add({ op: 'subtract' }, x, addMeanOfLastAxis(builder, x));
    const squared = builder.add({ op: 'multiply' }, centered, centered);
    const variance = addScalars(builder, addMeanOfLastAxis(builder, squared), 1, epsilon);
    const normal = builder.add({ op: 'multiply' }, centered, builder.add({ op: 'rsqrt' }, variance));
    const gamma = scale ? required(weights[0]) : scalar(1);
    const beta = center ? required(weights.at(-1)) : scalar(0);
    return addAffine(builder, normal, gamma, beta);
  },
});

type PoolingOp = 'maxPool' | 'averagePool';

function poolingKind(op: PoolingOp): Lowering {
  return kind({
    config: pooling,
    lower: ({ window, strides, padding }, { builder, x, shape }) => {
      const pads = padding === 'same' ? samePads(shape, window, strides, [1, 1]) : NO_PADS;
      return builder.add({ op, window, strides, pads }, x);
    },
  });
}

function pooling1dKind(op: PoolingOp): Lowering {
  return kind({
    config: z.object({
      data_format: channelsLast,
      pool_size: single.default(2),
      strides: single.nullish(),
      padding,
    }),
    lower: ({ pool_size: size, strides: stride, padding }, { builder, x, shape }) => {
      const window: Pair = [1, size];
      const strides: Pair = [1, stride ?? size];
      const row = [1, ...shape];
      const pads = padding === 'same' ? samePads(row, window, strides, [1, 1]) : NO_PADS;
      const pooled = builder.add({ op, window, strides, pads }, builder.reshape(x, row));
      return builder.reshape(pooled, builder.shapeOf(pooled).slice(1));
    },
  });
}

/** One window over the whole image. */
function globalPoolingKind(op: PoolingOp): Lowering {
  return kind({
    config: globalPooling,
    lower: (_, { builder, x }) => addGlobalPooling(builder, x, op),
  });
}

function globalPooling1dKind(op: PoolingOp): Lowering {
  return kind({
    config: globalPooling,
    lower: (_, { builder, x, shape }) => addGlobalPooling(builder, builder.reshape(x, [1, ...shape]), op),
  });
}

/** [height, width, channels] to [channels]. */
export function addGlobalPooling(builder: GraphBuilder, value: Value, op: PoolingOp): Value {
  const [height = 1, width = 1, channels = 1] = builder.shapeOf(value);
  const pooled = builder.add({ op, window: [height, width], strides: [1, 1], pads: NO_PADS }, value);
  return builder.reshape(pooled, [channels]);
}

const length = z.int().nonnegative();
/** Symmetric or per side: Keras writes a number, two numbers or two pairs. */
const sides = z.union([
  length.transform((n): Pads => [n, n, n, n]),
  z.tuple([length, length]).transform(([height, width]): Pads => [height, width, height, width]),
  z
    .tuple([z.tuple([length, length]), z.tuple([length, length])])
    .transform(([[top, bottom], [left, right]]): Pads => [top, right, bottom, left]),
]);

const zeroPadding = kind({
  config: z.object({ data_format: channelsLast, padding: sides }),
  lower: ({ padding }, { builder, x }) => builder.add({ op: 'pad', pads: padding }, x),
});

/** A depthwise convolution with one 1 in its window: the sum of one number is exact. */
const cropping = kind({
  config: z.object({ data_format: channelsLast, cropping: sides }),
  lower: ({ cropping: [top, right, bottom, left] }, { builder, x, shape }) => {
    const channels = shape[2] ?? 1;
    const window = [top + bottom + 1, left + right + 1];
    const data = new Float32Array(sizeOf(window) * channels);
    const at = (top * (left + right + 1) + left) * channels;
    data.fill(1, at, at + channels);
    const kernel = { shape: [...window, channels, 1], data };
    return builder.add({ op: 'depthwiseConv2d', ...plainConvolution(kernel, null) }, x);
  },
});

/** Columns are repeated, then rows. */
const upSampling = kind({
  config: z.object({
    data_format: channelsLast,
    size: pair.default([2, 2]),
    interpolation: z.literal('nearest').default('nearest'),
  }),
  lower: ({ size: [rows, columns] }, { builder, x, shape: [height = 1, width = 1, channels = 1] }) => {
    const wide = repeat(builder, builder.reshape(x, [height, width, 1, channels]), 2, columns);
    const row = width * columns * channels;
    const tall = repeat(builder, builder.reshape(wide, [height, 1, row]), 1, rows);
    return builder.reshape(tall, [height * rows, width * columns, channels]);
  },
});

const repeatVector = kind({
  config: z.object({ n: positive }),
  lower: ({ n }, { builder, x, shape }) => repeat(builder, builder.reshape(x, [1, ...shape]), 0, n),
});

function repeat(builder: GraphBuilder, value: Value, axis: number, times: number): Value {
  return builder.add({ op: 'concat', axis }, ...Array.from({ length: times }, () => value));
}

const relu = kind({
  config: z.object({
    max_value: z.number().nullish(),
    negative_slope: z.literal(0).nullish(),
    threshold: z.literal(0).nullish(),
  }),
  lower: ({ max_value: max }, { builder, x }) => {
    if (max === undefined || max === null) return builder.add({ op: 'relu' }, x);
    return builder.add(max === 6 ? { op: 'relu6' } : { op: 'clip', min: 0, max }, x);
  },
});

const prelu = kind({
  config: z.unknown(),
  weights: () => ['alpha'],
  lower: (_, { builder, x, weights: [alpha] }) => addPrelu(builder, x, required(alpha)),
});

const softmax = kind({
  // What tfjs takes for an absent axis.
  config: z.object({ axis: z.int().default(1) }),
  lower: ({ axis }, { builder, x, shape }) =>
    isLastAxis(axis, shape) ? builder.add({ op: 'softmax' }, x) : `axis: expected the last, got ${axis}`,
});

const reshape = kind({
  config: z.object({ target_shape: z.array(z.int().nullable()) }),
  lower: ({ target_shape }, { builder, x, shape }) => {
    const known = sizeOf(target_shape.filter((dim) => dim !== null && dim >= 0) as number[]);
    const rest = sizeOf(shape) / known;
    const to = target_shape.map((dim) => (dim !== null && dim >= 0 ? dim : rest));
    if (sizeOf(to) !== sizeOf(shape) || !to.every((dim) => Number.isInteger(dim)))
      return `target_shape: [${target_shape.join(',')}] does not fit [${shape.join(',')}]`;
    return builder.reshape(x, to);
  },
});

/** Axes of 1 may go anywhere: no number moves. */
const permute = kind({
  config: z.object({ dims: z.array(positive) }),
  lower: ({ dims }, { builder, x, shape }) => {
    const moved = dims.filter((axis) => shape[axis - 1] !== 1);
    const inOrder = moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0));
    if (!inOrder) return `dims: expected an order that moves axes of 1 only, got [${dims.join(',')}]`;
    return builder.reshape(
      x,
      dims.map((axis) => shape[axis - 1] ?? 0),
    );
  },
});

const rescaling = kind({
  config: z.object({ scale: z.number(), offset: z.number().default(0) }),
  lower: ({ scale, offset }, { builder, x }) => addScalars(builder, x, scale, offset),
});

function mergeKind(op: BinaryOp): Lowering {
  return kind({
    config: z.unknown(),
    merges: true,
    lower: (_, { builder, inputs }) => inputs.reduce((merged, input) => builder.add({ op }, merged, input)),
  });
}

const average = kind({
  config: z.unknown(),
  merges: true,
  lower: (_, { builder, inputs }) => {
    const sum = inputs.reduce((merged, input) => builder.add({ op: 'add' }, merged, input));
    return addScalars(builder, sum, 1 / inputs.length, 0);
  },
});

const concatenate = kind({
  config: z.object({ axis: z.int().default(-1) }),
  merges: true,
  // Keras counts the batch as axis 0.
  lower: ({ axis }, { builder, shape, inputs }) =>
    builder.add({ op: 'concat', axis: axis < 0 ? shape.length + axis : axis - 1 }, ...inputs),
});

/** One op without attributes other than these. */
function opKind<Config>(config: z.ZodType<Config>, opOf: (config: Config) => Op<Tensor>): Lowering {
  return kind({ config, lower: (config, { builder, x }) => builder.add(opOf(config), x) });
}

const LAYERS: ReadonlyMap<string, Lowering> = new Map([
  ['Conv1D', convolution1d],
  ['Conv2D', convolutionKind('conv2d', 'kernel', convolution)],
  ['DepthwiseConv2D', convolutionKind('depthwiseConv2d', 'depthwise_kernel', depthwise)],
  ['SeparableConv2D', separableConvolution],
  ['Dense', dense],
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
  [
    'Activation',
    kind({
      config: z.object({ activation }),
      lower: ({ activation }, { builder, x }) => addActivation(builder, x, activation),
    }),
  ],
  ['ReLU', relu],
  [
    'LeakyReLU',
    opKind(z.object({ alpha: z.number().default(0.3) }), ({ alpha }) => ({ op: 'leakyRelu', alpha })),
  ],
  ['PReLU', prelu],
  ['ELU', opKind(z.object({ alpha: z.literal(1).default(1) }), () => ({ op: 'elu' }))],
  ['Softmax', softmax],
  ['Rescaling', rescaling],
  ['ZeroPadding2D', zeroPadding],
  ['Cropping2D', cropping],
  ['UpSampling2D', upSampling],
  ['MaxPooling1D', pooling1dKind('maxPool')],
  ['AveragePooling1D', pooling1dKind('averagePool')],
  ['MaxPooling2D', poolingKind('maxPool')],
  ['AveragePooling2D', poolingKind('averagePool')],
  ['GlobalMaxPooling1D', globalPooling1dKind('maxPool')],
  ['GlobalAveragePooling1D', globalPooling1dKind('averagePool')],
  ['GlobalMaxPooling2D', globalPoolingKind('maxPool')],
  ['GlobalAveragePooling2D', globalPoolingKind('averagePool')],
  [
    'Flatten',
    kind({
      config: z.object({ data_format: channelsLast }),
      lower: (_, { builder, x, shape }) => builder.reshape(x, [sizeOf(shape)]),
    }),
  ],
  ['Reshape', reshape],
  ['Permute', permute],
  ['RepeatVector', repeatVector],
  ['Add', mergeKind('add')],
  ['Multiply', mergeKind('multiply')],
  ['Maximum', mergeKind('maximum')],
  ['Minimum', mergeKind('minimum')],
  ['Average', average],
  ['Concatenate', concatenate],
  ['Dropout', identity],
  ['SpatialDropout1D', identity],
  ['GaussianNoise', identity],
  ['GaussianDropout', identity],
  ['AlphaDropout', identity],
]);

/** Keras's names of the layers that run at the edge. */
export const SUPPORTED_LAYERS: readonly string[] = [...LAYERS.keys()];

/** Keras counts the batch as axis 0; shapes here leave it out. */
function isLastAxis(axis: number, input: Shape): boolean {
  return axis === -1 || axis === input.length;
}

/** A kind gets exactly the weights it named; a missing one is a bug in its table entry. */
function required(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error('a layer kind reads a weight that it does not name');
  return tensor;
}
