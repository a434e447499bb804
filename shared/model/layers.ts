/**
 * What each Keras layer computes, as ops. A layer that is not in the table can't run at the edge.
 *
 * channels_last only. Nothing is optimised here: see fuse.ts.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../result.ts';
import type { LayerJson } from './artifacts.ts';
import { invalid, unsupported, type ModelError } from './error.ts';
import type { Op, Pads, Pair } from './ops.ts';
import { samePads } from './shapes.ts';
import { sameShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

type TensorOp = Op<Tensor>;

/** The first op takes the layer's inputs, each next one the output before it (and the next input, if binary). */
type Lowering = (
  layer: LayerJson,
  inputShapes: readonly Shape[],
  weights: ReadonlyMap<string, Tensor>,
) => Result<TensorOp[], ModelError>;

interface LayerKind<Config> {
  readonly config: z.ZodType<Config>;
  /** Names of the weights that `lower` gets, in order. */
  readonly weights?: (config: Config) => string[];
  /** @returns the ops, or why they can't run */
  readonly lower: (
    config: Config,
    inputShapes: readonly Shape[],
    weights: readonly Tensor[],
  ) => TensorOp[] | string;
}

/**
 * The ops of one layer.
 *
 * @param layer        from model.json
 * @param inputShapes  without the batch, in the layer's order
 * @param weights      by name, as decodeWeights gives them
 * @returns ops in running order, none for what does nothing at inference (Dropout); an error that names the layer
 */
export function lowerLayer(
  layer: LayerJson,
  inputShapes: readonly Shape[],
  weights: ReadonlyMap<string, Tensor>,
): Result<TensorOp[], ModelError> {
  const lower = LAYERS.get(layer.className);
  if (lower === undefined) return unsupported(`${nameLayer(layer)} can't run at the edge`);
  return lower(layer, inputShapes, weights);
}

/** How messages name a layer: `layer 'lstm_1' (LSTM)`. */
export function nameLayer(layer: LayerJson): string {
  return `layer '${layer.name}' (${layer.className})`;
}

function kind<Config>({ config, weights = () => [], lower }: LayerKind<Config>): Lowering {
  return (layer, inputShapes, tensors) => {
    const parsed = config.safeParse(layer.config);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return unsupported(
        `${nameLayer(layer)} can't run at the edge: ${issue?.path.join('.')}: ${issue?.message}`,
      );
    }
    const found = findWeights(layer, weights(parsed.data), tensors);
    if (!found.ok) return invalid(`${nameLayer(layer)}: ${found.error}`);
    const ops = lower(parsed.data, inputShapes, found.value);
    return typeof ops === 'string'
      ? unsupported(`${nameLayer(layer)} can't run at the edge: ${ops}`)
      : ok(ops);
  };
}

/** TensorFlow 2 repeats a layer's name in its weights' (`dense/dense/kernel`); Keras and tfjs don't. */
function findWeights(
  layer: LayerJson,
  names: readonly string[],
  tensors: ReadonlyMap<string, Tensor>,
): Result<Tensor[], string> {
  const found: Tensor[] = [];
  for (const name of names) {
    const tensor = tensors.get(`${layer.name}/${name}`) ?? tensors.get(`${layer.name}/${layer.name}/${name}`);
    if (tensor === undefined) return err(`expected the weight '${layer.name}/${name}', the file has none`);
    found.push(tensor);
  }
  return ok(found);
}

const ACTIVATIONS = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'tanh', 'softmax'] as const;

/** A name, or Keras's serialised object of a custom activation. */
const activation = z
  .union([z.string(), z.object({ class_name: z.string() }).transform((object) => object.class_name)])
  .pipe(z.enum(ACTIVATIONS))
  .default('linear');

const channelsLast = z.literal('channels_last').nullish();
const positive = z.int().positive();
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

const identity = kind({ config: z.unknown(), lower: () => [] });

function activationOps(name: (typeof ACTIVATIONS)[number]): TensorOp[] {
  return name === 'linear' ? [] : [{ op: name }];
}

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

function convolutionKind(
  op: 'conv2d' | 'depthwiseConv2d',
  kernelName: string,
  config: typeof convolution,
): Lowering {
  return kind({
    config,
    weights: (config) => (config.use_bias ? [kernelName, 'bias'] : [kernelName]),
    lower: (config, [input = []], [kernel, bias]) => [
      { op, ...convolutionOf(config, input, required(kernel), bias ?? null) },
      ...activationOps(config.activation),
    ],
  });
}

const separableConvolution = kind({
  config: convolution,
  weights: (config) => ['depthwise_kernel', 'pointwise_kernel', ...(config.use_bias ? ['bias'] : [])],
  lower: (config, [input = []], [depthwise, pointwise, bias]) => [
    { op: 'depthwiseConv2d', ...convolutionOf(config, input, required(depthwise), null) },
    {
      op: 'conv2d',
      kernel: required(pointwise),
      bias: bias ?? null,
      strides: [1, 1],
      dilations: [1, 1],
      pads: NO_PADS,
      activation: 'linear',
    },
    ...activationOps(config.activation),
  ],
});

const dense = kind({
  config: z.object({ use_bias: useBias, activation }),
  weights: (config) => (config.use_bias ? ['kernel', 'bias'] : ['kernel']),
  lower: (config, _, [kernel, bias]) => [
    { op: 'dense', kernel: required(kernel), bias: bias ?? null, activation: 'linear' },
    ...activationOps(config.activation),
  ],
});

/** gamma * (x - mean) / sqrt(variance + epsilon) + beta, as one scale and one shift per channel. */
const batchNormalization = kind({
  config: z.object({
    axis: z
      .union([
        z.int(),
        z
          .array(z.int())
          .length(1)
          .transform(([axis]) => axis ?? -1),
      ])
      .default(-1),
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
  lower: ({ axis, epsilon, center, scale }, [input = []], [mean, variance, ...affine]) => {
    if (!isLastAxis(axis, input)) return `axis: expected the last, got ${axis}`;
    const { shape } = required(mean);
    const other = [required(variance), ...affine].find((tensor) => !sameShape(tensor.shape, shape));
    if (other !== undefined)
      return `its weights have the shapes [${shape.join(',')}] and [${other.shape.join(',')}]`;
    const gamma = scale ? affine[0] : undefined;
    const beta = center ? affine.at(-1) : undefined;
    const factor = required(variance).data.map((v, i) => (gamma?.data[i] ?? 1) / Math.sqrt(v + epsilon));
    const shift = required(mean).data.map((m, i) => (beta?.data[i] ?? 0) - m * (factor[i] ?? 0));
    return [
      { op: 'scale', kernel: { shape, data: factor }, bias: { shape, data: shift }, activation: 'linear' },
    ];
  },
});

function poolingKind(op: 'maxPool' | 'averagePool'): Lowering {
  return kind({
    config: pooling,
    lower: ({ window, strides, padding }, [input = []]) => {
      const pads = padding === 'same' ? samePads(input, window, strides, [1, 1]) : NO_PADS;
      return [{ op, window, strides, pads }];
    },
  });
}

/** One window over the whole image. */
function globalPoolingKind(op: 'maxPool' | 'averagePool'): Lowering {
  return kind({
    config: globalPooling,
    lower: (_, [input = []]) => {
      const [height = 1, width = 1, channels = 1] = input;
      return [
        { op, window: [height, width], strides: [1, 1], pads: NO_PADS },
        { op: 'reshape', to: [channels] },
      ];
    },
  });
}

const length = z.int().nonnegative();
const zeroPadding = kind({
  config: z.object({
    data_format: channelsLast,
    padding: z.union([
      length.transform((n): Pads => [n, n, n, n]),
      z.tuple([length, length]).transform(([height, width]): Pads => [height, width, height, width]),
      z
        .tuple([z.tuple([length, length]), z.tuple([length, length])])
        .transform(([[top, bottom], [left, right]]): Pads => [top, right, bottom, left]),
    ]),
  }),
  lower: ({ padding }) => [{ op: 'pad', pads: padding }],
});

const relu = kind({
  config: z.object({
    max_value: z.number().nullish(),
    negative_slope: z.literal(0).nullish(),
    threshold: z.literal(0).nullish(),
  }),
  lower: ({ max_value: max }) => {
    if (max === undefined || max === null) return [{ op: 'relu' }];
    return max === 6 ? [{ op: 'relu6' }] : [{ op: 'clip', min: 0, max }];
  },
});

const softmax = kind({
  // What tfjs takes for an absent axis.
  config: z.object({ axis: z.int().default(1) }),
  lower: ({ axis }, [input = []]) =>
    isLastAxis(axis, input) ? [{ op: 'softmax' }] : `axis: expected the last, got ${axis}`,
});

const leakyRelu = kind({
  config: z.object({ alpha: z.number().default(0.3) }),
  lower: ({ alpha }) => [{ op: 'leakyRelu', alpha }],
});

const reshape = kind({
  config: z.object({ target_shape: z.array(z.int().nullable()) }),
  lower: ({ target_shape }, [input = []]) => {
    const known = sizeOf(target_shape.filter((dim) => dim !== null && dim >= 0) as number[]);
    return [
      {
        op: 'reshape',
        to: target_shape.map((dim) => (dim !== null && dim >= 0 ? dim : sizeOf(input) / known)),
      },
    ];
  },
});

function mergeKind(op: 'add' | 'multiply'): Lowering {
  return kind({ config: z.unknown(), lower: (_, inputShapes) => inputShapes.slice(1).map(() => ({ op })) });
}

const concatenate = kind({
  config: z.object({ axis: z.int().default(-1) }),
  // Keras counts the batch as axis 0.
  lower: ({ axis }, [input = []]) => [{ op: 'concat', axis: axis < 0 ? input.length + axis : axis - 1 }],
});

const LAYERS: ReadonlyMap<string, Lowering> = new Map([
  ['Conv2D', convolutionKind('conv2d', 'kernel', convolution)],
  ['DepthwiseConv2D', convolutionKind('depthwiseConv2d', 'depthwise_kernel', depthwise)],
  ['SeparableConv2D', separableConvolution],
  ['Dense', dense],
  ['BatchNormalization', batchNormalization],
  [
    'Activation',
    kind({ config: z.object({ activation }), lower: (config) => activationOps(config.activation) }),
  ],
  ['ReLU', relu],
  ['LeakyReLU', leakyRelu],
  ['Softmax', softmax],
  ['ZeroPadding2D', zeroPadding],
  ['MaxPooling2D', poolingKind('maxPool')],
  ['AveragePooling2D', poolingKind('averagePool')],
  ['GlobalMaxPooling2D', globalPoolingKind('maxPool')],
  ['GlobalAveragePooling2D', globalPoolingKind('averagePool')],
  [
    'Flatten',
    kind({
      config: z.object({ data_format: channelsLast }),
      lower: (_, [input = []]) => [{ op: 'reshape', to: [sizeOf(input)] }],
    }),
  ],
  ['Reshape', reshape],
  ['Add', mergeKind('add')],
  ['Multiply', mergeKind('multiply')],
  ['Concatenate', concatenate],
  ['Dropout', identity],
  ['SpatialDropout1D', identity],
  ['SpatialDropout2D', identity],
  ['GaussianNoise', identity],
  ['GaussianDropout', identity],
  ['AlphaDropout', identity],
]);

/** Keras counts the batch as axis 0; shapes here leave it out. */
function isLastAxis(axis: number, input: Shape): boolean {
  return axis === -1 || axis === input.length;
}

/** A kind gets exactly the weights it named; a missing one is a bug in its table entry. */
function required(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error('a layer kind reads a weight that it does not name');
  return tensor;
}
