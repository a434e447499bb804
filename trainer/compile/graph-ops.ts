/**
 * What each TensorFlow operation computes on examples, as ops. With graph-shapes.ts, the table of what runs at the edge.
 *
 * NHWC only; filters, statistics and axes must be constants. Nothing is optimised here: see fuse.ts.
 */
import { exponential } from '../../shared/exact-math.ts';
import { addActivation, findActivation } from './activations.ts';
import { addAffine, addMeanOfLastAxis, addPrelu, addScalars, scalar } from './affine.ts';
import { readBoolean, readInts, readNumber, readText, readTexts, type GraphNode } from './graph-model.ts';
import {
  aligned,
  asInts,
  constant,
  describeShape,
  foldBinary,
  fullShapeOf,
  normaliseAxis,
  reshapeRows,
  rows,
  type Constant,
  type GraphValue,
  type Rows,
} from './graph-values.ts';
import type { BinaryOp, Pads, Pair, UnaryOp } from '../../shared/model/plan/ops.ts';
import { samePads } from '../../shared/model/plan/shapes.ts';
import type { GraphBuilder, Value } from './graph-builder.ts';
import { sameShape, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';

/** @returns the node's first output, or why it can't run */
export type GraphLowering = (
  node: GraphNode,
  inputs: readonly GraphValue[],
  builder: GraphBuilder,
) => GraphValue | string;

/** Draws on examples that come first among the inputs; `others` are the inputs behind them. */
type RowsLowering = (
  x: Rows,
  others: readonly GraphValue[],
  builder: GraphBuilder,
  node: GraphNode,
) => GraphValue | string;

function onRows(lower: RowsLowering): GraphLowering {
  return (node, [x, ...others], builder) => {
    if (x?.kind !== 'rows') return 'it reads no examples';
    return lower(x, others, builder, node);
  };
}

/** As `onRows`, for images: [batch, height, width, channels]. */
function onImages(lower: RowsLowering): GraphLowering {
  return onRows((x, others, builder, node) => {
    const format = readText(node, 'data_format', 'NHWC');
    if (format !== 'NHWC') return `data_format: expected NHWC, got ${format}`;
    if (x.joined || builder.shapeOf(x.value).length !== 3)
      return `expected [batch, height, width, channels], got ${describeShape(builder, x)}`;
    return lower(x, others, builder, node);
  });
}

/** A drawing keeps how the batch lies. */
function drawn(x: Rows, output: Value | string): GraphValue | string {
  return typeof output === 'string' ? output : rows(output, x.joined);
}

function tensorOf(value: GraphValue | undefined, what: string): Tensor | string {
  return value?.kind === 'constant' ? value.tensor : `its ${what} is no constant`;
}

/** `[1, height, width, 1]`. */
function pairOf(node: GraphNode, key: string): Pair {
  const [, height = 1, width = 1] = readInts(node, key);
  return [height, width];
}

function padsOf(node: GraphNode, input: Shape, window: Pair, dilations: Pair): Pads | string {
  const padding = readText(node, 'padding', 'VALID');
  switch (padding) {
    case 'SAME':
      return samePads(input, window, pairOf(node, 'strides'), dilations);
    case 'VALID':
      return [0, 0, 0, 0];
    case 'EXPLICIT': {
      const [, , top = 0, bottom = 0, left = 0, right = 0] = readInts(node, 'explicit_paddings');
      return [top, right, bottom, left];
    }
    default:
      return `padding: expected SAME, VALID or EXPLICIT, got ${padding}`;
  }
}

type ConvolutionOp = 'conv2d' | 'depthwiseConv2d';

function addConvolution(
  op: ConvolutionOp,
  x: Rows,
  filter: GraphValue | undefined,
  bias: Tensor | null,
  builder: GraphBuilder,
  node: GraphNode,
): Value | string {
  const kernel = tensorOf(filter, 'filter');
  if (typeof kernel === 'string') return kernel;
  const dilations = pairOf(node, 'dilations');
  const window: Pair = [kernel.shape[0] ?? 1, kernel.shape[1] ?? 1];
  const pads = padsOf(node, builder.shapeOf(x.value), window, dilations);
  if (typeof pads === 'string') return pads;
  const strides = pairOf(node, 'strides');
  return builder.add({ op, kernel, bias, strides, dilations, pads, activation: 'linear' }, x.value);
}

function convolution(op: ConvolutionOp): GraphLowering {
  return onImages((x, [filter], builder, node) =>
    drawn(x, addConvolution(op, x, filter, null, builder, node)),
  );
}

/** Bias and activation that the converter fused into the operation: `fused_ops`, with their constants in `others`. */
function addFused(
  x: Rows,
  others: readonly GraphValue[],
  builder: GraphBuilder,
  node: GraphNode,
  add: (bias: Tensor | null) => Value | string,
): GraphValue | string {
  const [first, activation = 'linear', ...more] = readTexts(node, 'fused_ops').map((op) => op.toLowerCase());
  // TensorFlow.js drops an activation that stands first.
  if (first !== undefined && first !== 'biasadd') return `fused_ops: expected BiasAdd first, got ${first}`;
  const biasTensor = first === undefined ? null : tensorOf(others[0], 'bias');
  if (typeof biasTensor === 'string') return biasTensor;
  const output = add(biasTensor);
  if (typeof output === 'string') return output;
  if (activation === 'leakyrelu')
    return rows(
      builder.add({ op: 'leakyRelu', alpha: readNumber(node, 'leakyrelu_alpha', 0.2) }, output),
      x.joined,
    );
  if (activation === 'prelu') {
    const alpha = tensorOf(others.at(-1), 'alpha');
    return typeof alpha === 'string' ? alpha : drawn(x, addPrelu(builder, output, alpha));
  }
  const known = findActivation(activation);
  if (known === undefined || more.length > 0)
    return `fused_ops: the edge does not know ${[activation, ...more].join(', ')}`;
  return rows(addActivation(builder, output, known), x.joined);
}

function fusedConvolution(op: ConvolutionOp): GraphLowering {
  return onImages((x, [filter, ...others], builder, node) =>
    addFused(x, others, builder, node, (bias) => addConvolution(op, x, filter, bias, builder, node)),
  );
}

function transpose({ shape: [height = 1, width = 1], data }: Tensor): Tensor {
  const turned = new Float32Array(data.length);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      turned[column * height + row] = data[row * width + column] ?? 0;
  return { shape: [width, height], data: turned };
}

/** Vectors times a matrix: over the last axis. */
function addMatMul(
  x: Rows,
  matrix: GraphValue | undefined,
  bias: Tensor | null,
  builder: GraphBuilder,
  node: GraphNode,
): Value | string {
  const kernel = tensorOf(matrix, 'second matrix');
  if (typeof kernel === 'string') return kernel;
  if (kernel.shape.length !== 2) return `expected a matrix, got a constant of [${kernel.shape.join(',')}]`;
  if (readBoolean(node, 'transpose_a') || readBoolean(node, 'adj_x')) return 'it transposes the examples';
  const turned = readBoolean(node, 'transpose_b') || readBoolean(node, 'adj_y');
  return builder.add(
    { op: 'dense', kernel: turned ? transpose(kernel) : kernel, bias, activation: 'linear' },
    x.value,
  );
}

const matMul = onRows((x, [matrix], builder, node) => drawn(x, addMatMul(x, matrix, null, builder, node)));

const fusedMatMul = onRows((x, [matrix, ...others], builder, node) =>
  addFused(x, others, builder, node, (bias) => addMatMul(x, matrix, bias, builder, node)),
);

/** offset + scale * (x - mean) / sqrt(variance + epsilon), as one factor and one shift a channel. */
const batchNorm = onImages((x, others, builder, node) => {
  if (readBoolean(node, 'is_training')) return 'is_training: expected false, got true';
  const tensors = others.slice(0, 4).map((value) => tensorOf(value, 'scale, offset, mean or variance'));
  const [scale, offset, mean, variance] = tensors;
  if (typeof scale !== 'object' || typeof offset !== 'object') return 'its scale or offset is no constant';
  if (typeof mean !== 'object' || typeof variance !== 'object') return 'its mean or variance is no constant';
  if (![offset, mean, variance].every(({ shape }) => sameShape(shape, scale.shape)))
    return 'its scale, offset, mean and variance differ in shape';
  const epsilon = readNumber(node, 'epsilon', 0.001);
  const factor = scale.data.map((s, i) => s / Math.sqrt((variance.data[i] ?? 0) + epsilon));
  const shift = offset.data.map((o, i) => o - (mean.data[i] ?? 0) * (factor[i] ?? 0));
  const { shape } = scale;
  return drawn(x, addAffine(builder, x.value, { shape, data: factor }, { shape, data: shift }));
});

function pooling(op: 'maxPool' | 'averagePool'): GraphLowering {
  return onImages((x, _, builder, node) => {
    const window = pairOf(node, 'ksize');
    const pads = padsOf(node, builder.shapeOf(x.value), window, [1, 1]);
    if (typeof pads === 'string') return pads;
    return rows(builder.add({ op, window, strides: pairOf(node, 'strides'), pads }, x.value));
  });
}

/** `[[0,0],[top,bottom],[left,right],[0,0]]`. */
const pad = onImages((x, [paddings, value], builder) => {
  const sides = tensorOf(paddings, 'padding');
  if (typeof sides === 'string') return sides;
  const filler = value === undefined ? 0 : (asInts(value)?.[0] ?? Number.NaN);
  if (filler !== 0) return `expected to pad with zeros, got ${filler}`;
  const [before, after, top = 0, bottom = 0, left = 0, right = 0, ...channels] = sides.data;
  if ([before, after, ...channels].some((count) => count !== 0)) return 'it pads the batch or the channels';
  return rows(builder.add({ op: 'pad', pads: [top, right, bottom, left] }, x.value));
});

/** Mean or maximum over height and width, over the length of a series, or (mean) over the last axis. */
function reduction(op: 'maxPool' | 'averagePool'): GraphLowering {
  return onRows((x, [axesValue], builder, node) => {
    const shape = builder.shapeOf(x.value);
    const full = fullShapeOf(builder, x);
    const axes = asInts(axesValue)
      ?.map((axis) => normaliseAxis(axis, full.length))
      .sort((a, b) => a - b)
      .join(',');
    const keep = readBoolean(node, 'keep_dims');
    if (op === 'averagePool' && axes === String(full.length - 1)) {
      const mean = rows(addMeanOfLastAxis(builder, x.value), x.joined);
      return keep ? mean : reshapeRows(builder, mean, full.slice(0, -1));
    }
    const spatial = (axes === '1,2' && full.length === 4) || (axes === '1' && full.length === 3);
    if (!spatial || x.joined)
      return `expected to reduce over height and width, got the axes [${axes}] of ${describeShape(builder, x)}`;
    const [height = 1, width = 1, channels = 1] = axes === '1' ? [1, ...shape] : shape;
    const image = builder.reshape(x.value, [height, width, channels]);
    const pooled = builder.add({ op, window: [height, width], strides: [1, 1], pads: [0, 0, 0, 0] }, image);
    const kept = shape.map((dim, axis) => (axis === shape.length - 1 ? dim : 1));
    return rows(builder.reshape(pooled, keep ? kept : [channels]));
  });
}

/** From here on e^x is no float32 any more; not for NaN, which stays what it is. */
const OVERFLOW = 89;

/** Applied to constants while compiling. */
const FOLD_UNARY: Partial<Record<UnaryOp, (x: number) => number>> = {
  relu: (x) => Math.max(0, x),
  exp: (x) => (x < OVERFLOW ? exponential(x) : x + Infinity),
  abs: Math.abs,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
};

function elementwise(
  add: (builder: GraphBuilder, value: Value, node: GraphNode) => Value,
  fold?: (x: number) => number,
): GraphLowering {
  return (node, [x], builder) => {
    if (x?.kind === 'rows') return rows(add(builder, x.value, node), x.joined);
    if (x?.kind === 'constant' && fold !== undefined)
      return constant(x.tensor.shape, x.tensor.data.map(fold));
    return 'it reads no examples';
  };
}

function unary(op: UnaryOp): GraphLowering {
  return elementwise((builder, value) => builder.add({ op }, value), FOLD_UNARY[op]);
}

/** JSON has no infinity; float32 has nothing above this. */
const MAX_FLOAT = 3.4028234663852886e38;

/** Examples and a constant. `swapped`: the constant stands first. */
function addConstant(
  op: BinaryOp,
  x: Rows,
  { tensor }: Constant,
  swapped: boolean,
  builder: GraphBuilder,
): GraphValue | string {
  const { value } = x;
  // Along a joined axis the constant could mean the examples.
  if (x.joined && tensor.shape.length >= builder.shapeOf(value).length && tensor.shape[0] !== 1)
    return `a constant of shape [${tensor.shape.join(',')}] does not stretch to ${describeShape(builder, x)}`;
  const mapped = (change: (number: number) => number): Tensor => ({
    ...tensor,
    data: tensor.data.map(change),
  });
  switch (op) {
    case 'add':
      return drawn(x, addAffine(builder, value, scalar(1), tensor));
    case 'subtract':
      return drawn(
        x,
        swapped
          ? addAffine(builder, value, scalar(-1), tensor)
          : addAffine(
              builder,
              value,
              scalar(1),
              mapped((number) => -number),
            ),
      );
    case 'multiply':
      return drawn(x, addAffine(builder, value, tensor, scalar(0)));
    case 'divide':
      if (swapped) return 'it divides a constant by examples';
      return drawn(
        x,
        addAffine(
          builder,
          value,
          mapped((number) => 1 / number),
          scalar(0),
        ),
      );
    case 'maximum':
    case 'minimum': {
      const [bound, ...more] = tensor.data;
      if (bound === undefined || more.length > 0) return 'it compares with more than one number';
      const [min, max] = op === 'maximum' ? [bound, MAX_FLOAT] : [-MAX_FLOAT, bound];
      return rows(builder.add({ op: 'clip', min, max }, value), x.joined);
    }
  }
}

const FOLD_BINARY: Record<BinaryOp, (x: number, y: number) => number> = {
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  maximum: Math.max,
  minimum: Math.min,
};

function binary(op: BinaryOp): GraphLowering {
  return (_, [a, b], builder) => {
    if (a?.kind === 'constant' && b?.kind === 'constant')
      return foldBinary(a.tensor, b.tensor, FOLD_BINARY[op]);
    if (a?.kind === 'rows' && b?.kind === 'constant') return addConstant(op, a, b, false, builder);
    if (a?.kind === 'constant' && b?.kind === 'rows') return addConstant(op, b, a, true, builder);
    if (a?.kind !== 'rows' || b?.kind !== 'rows') return 'it reads no examples';
    if (!aligned(builder, a, b))
      return `expected shapes of the same rank, got ${describeShape(builder, a)} and ${describeShape(builder, b)}`;
    return rows(builder.add({ op }, a.value, b.value), a.joined);
  };
}

const addMany: GraphLowering = (node, [first, ...others], builder) =>
  others.reduce<GraphValue | string>(
    (sum, value) => (typeof sum === 'string' ? sum : binary('add')(node, [sum, value], builder)),
    first ?? 'it takes no input',
  );

const squaredDifference: GraphLowering = (node, inputs, builder) => {
  const difference = binary('subtract')(node, inputs, builder);
  return typeof difference === 'string'
    ? difference
    : binary('multiply')(node, [difference, difference], builder);
};

const square: GraphLowering = (node, [x], builder) =>
  x === undefined ? 'it takes no input' : binary('multiply')(node, [x, x], builder);

const clip = onRows((x, [min, max], builder) => {
  const [low] = asInts(min) ?? [];
  const [high] = asInts(max) ?? [];
  if (low === undefined || high === undefined) return 'its bounds are no constants';
  return rows(builder.add({ op: 'clip', min: low, max: high }, x.value), x.joined);
});

const prelu = onRows((x, [alpha], builder) => {
  const slopes = tensorOf(alpha, 'alpha');
  return typeof slopes === 'string' ? slopes : drawn(x, addPrelu(builder, x.value, slopes));
});

/** Axes of 1 may go anywhere: no number moves. */
const transposeRows = onRows((x, [permutation], builder) => {
  const full = fullShapeOf(builder, x);
  const order = asInts(permutation)?.map((axis) => normaliseAxis(axis, full.length));
  if (order === undefined) return 'its permutation is no constant';
  const moved = order.filter((axis) => axis === 0 || full[axis]?.count !== 1);
  if (order[0] !== 0 || moved.some((axis, i) => axis < (moved[i - 1] ?? 0)))
    return `expected an order that moves axes of 1 only, got [${order.join(',')}] of ${describeShape(builder, x)}`;
  return reshapeRows(
    builder,
    x,
    order.map((axis) => full[axis] ?? { count: 0, perBatch: false }),
  );
});

export const COMPUTING_OPS: ReadonlyMap<string, GraphLowering> = new Map([
  ['Conv2D', convolution('conv2d')],
  ['_FusedConv2D', fusedConvolution('conv2d')],
  ['DepthwiseConv2dNative', convolution('depthwiseConv2d')],
  ['FusedDepthwiseConv2dNative', fusedConvolution('depthwiseConv2d')],
  ['MatMul', matMul],
  ['_FusedMatMul', fusedMatMul],
  ['BatchMatMul', matMul],
  ['BatchMatMulV2', matMul],
  ['BiasAdd', binary('add')],
  ['FusedBatchNorm', batchNorm],
  ['FusedBatchNormV2', batchNorm],
  ['FusedBatchNormV3', batchNorm],
  ['MaxPool', pooling('maxPool')],
  ['AvgPool', pooling('averagePool')],
  ['Mean', reduction('averagePool')],
  ['Max', reduction('maxPool')],
  ['Pad', pad],
  ['PadV2', pad],
  ['Relu', unary('relu')],
  ['Relu6', unary('relu6')],
  [
    'LeakyRelu',
    elementwise((builder, x, node) =>
      builder.add({ op: 'leakyRelu', alpha: readNumber(node, 'alpha', 0.2) }, x),
    ),
  ],
  ['Prelu', prelu],
  ['Elu', unary('elu')],
  ['Selu', unary('selu')],
  ['Sigmoid', unary('sigmoid')],
  ['Tanh', unary('tanh')],
  ['Softplus', unary('softplus')],
  ['Erf', unary('erf')],
  ['Exp', unary('exp')],
  ['Abs', unary('abs')],
  ['Sqrt', unary('sqrt')],
  ['Rsqrt', unary('rsqrt')],
  ['Square', square],
  [
    'Neg',
    elementwise(
      (builder, x) => addScalars(builder, x, -1, 0),
      (x) => -x,
    ),
  ],
  ['Softmax', elementwise((builder, x) => builder.add({ op: 'softmax' }, x))],
  ['ClipByValue', clip],
  ['Add', binary('add')],
  ['AddV2', binary('add')],
  ['AddN', addMany],
  ['Sub', binary('subtract')],
  ['Mul', binary('multiply')],
  ['RealDiv', binary('divide')],
  ['Div', binary('divide')],
  ['Maximum', binary('maximum')],
  ['Minimum', binary('minimum')],
  ['SquaredDifference', squaredDifference],
  ['Transpose', transposeRows],
]);
