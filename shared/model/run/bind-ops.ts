/**
 * Binds a node of a plan to the WASM kernel that computes it: all arguments fixed, nothing allocated when it runs.
 *
 * What takes the time runs on our own kernels (bind-own-ops.ts), the rest on TensorFlow.js's. Every kernel here treats
 * rows alike whatever their number, so an example's output has the same bits in any batch.
 */
import type { KernelLibrary, Operands, BoundOp } from './operands.ts';
import type { BinaryOp, Convolution, FusedActivation, UnaryOp } from '../plan/ops.ts';
import {
  bindConvolution,
  bindDense,
  bindDepthwise,
  bindPad,
  bindPool,
  bindScale,
  RANGES,
} from './bind-own-ops.ts';
import { packingOf } from './packing.ts';
import type { PlanNode, WeightRef } from '../plan/plan.ts';
import { sameShape, sizeOf, type Shape } from '../plan/tensor.ts';
import type { TfjsKernels } from './wasm-instance.ts';

const FLOAT32 = 0;
const FUSED_ACTIVATIONS: Record<FusedActivation, number> = { linear: 0, relu: 1, relu6: 2 };
/** Convolutions take explicit padding, no PReLU weights and no leaky slope. */
const EXPLICIT_PADDING = 0;
const NONE = 0;

const UNARY_KERNELS = {
  elu: 'Elu',
  selu: 'Selu',
  tanh: 'Tanh',
  softplus: 'Softplus',
  erf: 'Erf',
  exp: 'Exp',
  abs: 'Abs',
  sqrt: 'Sqrt',
  rsqrt: 'Rsqrt',
} as const satisfies Partial<Record<UnaryOp, keyof TfjsKernels>>;

const BINARY_KERNELS = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Multiply',
  divide: 'RealDiv',
  maximum: 'Maximum',
  minimum: 'Minimum',
} as const satisfies Record<BinaryOp, keyof TfjsKernels>;

/** @returns the step, or undefined for a node that only renames a value */
export function bindNode(
  node: PlanNode,
  { stock, own }: KernelLibrary,
  operands: Operands,
): BoundOp | undefined {
  switch (node.op) {
    case 'reshape':
      return undefined;
    case 'conv2d':
      return bindConvolution(node, own, operands);
    case 'depthwiseConv2d':
      return packingOf(node) === undefined
        ? bindStockDepthwise(node, node.shape, stock, operands)
        : bindDepthwise(node, own, operands);
    case 'dense':
      return bindDense(node.kernel.shape, node.activation, own, operands);
    case 'scale':
      return bindScale(node.activation, own, operands);
    case 'maxPool':
      return bindPool(node, own.max_pool, operands);
    case 'averagePool':
      return bindPool(node, own.average_pool, operands);
    case 'relu':
    case 'relu6':
      return bindClamp(RANGES[node.op], own, operands);
    case 'clip':
      return bindClamp([node.min, node.max], own, operands);
    case 'softmax':
      return bindSoftmax(own, operands);
    case 'add':
    case 'multiply':
    case 'subtract':
    case 'divide':
    case 'maximum':
    case 'minimum':
      return bindBinary(node.op, { stock, own }, operands);
    case 'pad':
      return bindPad(node.pads, node.shape, own, operands);
    case 'concat':
      return bindConcat(node.axis, node.shape, stock.memory, operands);
    case 'elu':
    case 'selu':
    case 'tanh':
    case 'softplus':
    case 'erf':
    case 'exp':
    case 'abs':
    case 'sqrt':
    case 'rsqrt':
      return bindUnary(stock[UNARY_KERNELS[node.op]], operands);
    case 'sigmoid':
      return bindSigmoid(stock, operands);
    case 'leakyRelu':
      return bindLeakyRelu(node.alpha, stock, operands);
  }
}

function bindClamp(
  [low, high]: readonly [number, number],
  own: KernelLibrary['own'],
  { rows, inputShapes: [shape = []], inputAddresses: [from = 0], outputAddress: to }: Operands,
): BoundOp {
  const count = rows * sizeOf(shape);
  return () => own.clamp_values(from, to, count, low, high);
}

function bindSoftmax(
  own: KernelLibrary['own'],
  { rows, inputShapes: [shape = []], inputAddresses: [from = 0], outputAddress: to }: Operands,
): BoundOp {
  const channels = shape.at(-1) ?? 1;
  const vectors = (rows * sizeOf(shape)) / channels;
  return () => own.softmax(from, to, vectors, channels);
}

function bindSigmoid(stock: KernelLibrary['stock'], operands: Operands): BoundOp {
  const { inputs, output } = operands.register();
  const [x = 0] = inputs;
  return () => stock.Sigmoid(x, output);
}

function bindLeakyRelu(alpha: number, stock: KernelLibrary['stock'], operands: Operands): BoundOp {
  const { inputs, output } = operands.register();
  const [x = 0] = inputs;
  return () => stock.LeakyRelu(x, FLOAT32, alpha, output);
}

function bindUnary(run: TfjsKernels['Elu'], operands: Operands): BoundOp {
  const { inputs, output } = operands.register();
  const [x = 0] = inputs;
  return () => run(x, FLOAT32, output);
}

/** Equal shapes are one long vector, and the usual ones of our own; the others run on stock's kernels, which stretch. */
function bindBinary(op: BinaryOp, { stock, own }: KernelLibrary, operands: Operands): BoundOp {
  const { rows, inputShapes, inputAddresses, outputAddress: to, storeInts } = operands;
  const [a = [], b = []] = inputShapes;
  const isEqual = sameShape(a, b);
  if (isEqual && (op === 'add' || op === 'multiply')) {
    const run = op === 'add' ? own.add_values : own.multiply_values;
    const [first = 0, second = 0] = inputAddresses;
    const count = rows * sizeOf(a);
    return () => run(first, second, to, count);
  }
  const run = stock[BINARY_KERNELS[op]];
  const { inputs, output } = operands.register();
  const [x = 0, y = 0] = inputs;
  const [aShape, bShape] = isEqual
    ? [[rows * sizeOf(a)], [rows * sizeOf(a)]]
    : [
        [rows, ...a],
        [rows, ...b],
      ];
  const aDims = storeInts(aShape);
  const bDims = storeInts(bShape);
  return () => run(x, aDims, aShape.length, y, bDims, bShape.length, FLOAT32, output);
}

/** With several outputs per channel. */
function bindStockDepthwise(
  { kernel, strides, dilations, pads, activation }: Convolution<WeightRef>,
  outputShape: Shape,
  { FusedDepthwiseConv2D: run }: TfjsKernels,
  operands: Operands,
): BoundOp {
  const { rows } = operands;
  const { inputs, output, kernel: filter, bias } = operands.register();
  const [x = 0] = inputs;
  const [[height = 1, width = 1, inChannels = 1] = []] = operands.inputShapes;
  const [filterHeight = 1, filterWidth = 1] = kernel.shape;
  const outChannels = outputShape[2] ?? 1;
  const [top, right, bottom, left] = pads;
  const [strideHeight, strideWidth] = strides;
  const [dilationHeight, dilationWidth] = dilations;
  const fused = FUSED_ACTIVATIONS[activation];
  // prettier-ignore
  return () => run(
    x, rows, height, width, filter, filterHeight, filterWidth, bias, top, right, bottom, left, EXPLICIT_PADDING,
    dilationHeight, dilationWidth, strideHeight, strideWidth, inChannels, outChannels, fused, NONE, NONE, output,
  );
}

/** Neither binary has such a kernel: copies runs of numbers inside the heap. */
function bindConcat(
  axis: number,
  outputShape: Shape,
  memory: WebAssembly.Memory,
  operands: Operands,
): BoundOp {
  const outer = operands.rows * sizeOf(outputShape.slice(0, axis));
  const outputRun = sizeOf(outputShape.slice(axis));
  const output = operands.outputAddress / 4;
  let start = output;
  const parts = operands.inputShapes.map((shape, i) => {
    const run = sizeOf(shape.slice(axis));
    const part = { from: (operands.inputAddresses[i] ?? 0) / 4, to: start, run };
    start += run;
    return part;
  });
  return () => {
    const heap = new Float32Array(memory.buffer);
    for (const { from, to, run } of parts) {
      for (let block = 0; block < outer; block++) {
        const source = from + block * run;
        heap.copyWithin(to + block * outputRun, source, source + run);
      }
    }
  };
}
