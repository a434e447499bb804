/**
 * Binds a node of a plan to the WASM kernel that computes it: all arguments fixed, nothing allocated when it runs.
 *
 * Every kernel here treats rows alike whatever their number, so an example's output has the same bits in any batch.
 */
import type { BinaryOp, Convolution, FusedActivation, Pooling, UnaryOp } from './ops.ts';
import type { PlanNode, WeightRef } from './plan.ts';
import { sameShape, sizeOf, type Shape } from './tensor.ts';
import type { KernelExports } from './wasm-instance.ts';

/** Runs a node once. */
export type Step = () => void;

/** Where a node finds its operands. */
export interface Operands {
  /** Examples that run at once. */
  readonly rows: number;
  /** Registered tensor ids; 0 for a weight that is not there. */
  readonly inputs: readonly number[];
  readonly output: number;
  readonly kernel: number;
  readonly bias: number;
  readonly inputShapes: readonly Shape[];
  /** Heap addresses of the same values. */
  readonly inputAddresses: readonly number[];
  readonly outputAddress: number;
  /** Stores a shape in the heap for as long as the program lives, and returns its address. */
  readonly storeInts: (values: readonly number[]) => number;
}

const FLOAT32 = 0;
const FUSED_ACTIVATIONS: Record<FusedActivation, number> = { linear: 0, relu: 1, relu6: 2 };
/** Convolutions take explicit padding, no PReLU weights and no leaky slope. */
const EXPLICIT_PADDING = 0;
const NONE = 0;

const UNARY_KERNELS = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  selu: 'Selu',
  tanh: 'Tanh',
  softplus: 'Softplus',
  erf: 'Erf',
  exp: 'Exp',
  abs: 'Abs',
  sqrt: 'Sqrt',
  rsqrt: 'Rsqrt',
} as const satisfies Partial<Record<UnaryOp, keyof KernelExports>>;

const BINARY_KERNELS = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Multiply',
  divide: 'RealDiv',
  maximum: 'Maximum',
  minimum: 'Minimum',
} as const satisfies Record<BinaryOp, keyof KernelExports>;

/** @returns the step, or undefined for a node that only renames a value */
export function bindNode(node: PlanNode, kernels: KernelExports, operands: Operands): Step | undefined {
  const { rows, output } = operands;
  const [x = 0] = operands.inputs;
  const [shape = []] = operands.inputShapes;
  switch (node.op) {
    case 'reshape':
      return undefined;
    case 'conv2d':
      return bindConvolution(kernels.FusedConv2D, node, node.shape, operands);
    case 'depthwiseConv2d':
      return bindConvolution(kernels.FusedDepthwiseConv2D, node, node.shape, operands);
    case 'dense':
      return bindDense(node.kernel.shape, node.activation, kernels, operands);
    case 'scale':
      return bindScale(node.activation, kernels, operands);
    case 'maxPool':
      return bindMaxPool(node, node.shape, kernels, operands);
    case 'averagePool':
      return bindAveragePool(node, node.shape, kernels, operands);
    case 'pad': {
      const [top, right, bottom, left] = node.pads;
      const dims = operands.storeInts([rows, ...shape]);
      const before = operands.storeInts([0, top, left, 0]);
      const after = operands.storeInts([0, bottom, right, 0]);
      return () => kernels.PadV2(x, dims, 4, FLOAT32, before, after, 0, output);
    }
    case 'relu':
    case 'relu6':
    case 'elu':
    case 'selu':
    case 'tanh':
    case 'softplus':
    case 'erf':
    case 'exp':
    case 'abs':
    case 'sqrt':
    case 'rsqrt': {
      const run = kernels[UNARY_KERNELS[node.op]];
      return () => run(x, FLOAT32, output);
    }
    case 'sigmoid':
      return () => kernels.Sigmoid(x, output);
    case 'leakyRelu': {
      const { alpha } = node;
      return () => kernels.LeakyRelu(x, FLOAT32, alpha, output);
    }
    case 'clip': {
      const { min, max } = node;
      return () => kernels.ClipByValue(x, min, max, output);
    }
    case 'softmax': {
      const channels = shape.at(-1) ?? 1;
      const vectors = (rows * sizeOf(shape)) / channels;
      return () => kernels.Softmax(x, output, channels, vectors);
    }
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'divide':
    case 'maximum':
    case 'minimum':
      return bindBinary(kernels[BINARY_KERNELS[node.op]], operands);
    case 'concat':
      return bindConcat(node.axis, node.shape, kernels.memory, operands);
  }
}

function bindConvolution(
  run: KernelExports['FusedConv2D'],
  { kernel, strides, dilations, pads, activation }: Convolution<WeightRef>,
  outputShape: Shape,
  operands: Operands,
): Step {
  const { rows, output, kernel: filter, bias } = operands;
  const [x = 0] = operands.inputs;
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

/** [rows, in] times [in, out]; leading axes count as rows. */
function bindDense(
  [features = 1, units = 1]: Shape,
  activation: FusedActivation,
  kernels: KernelExports,
  operands: Operands,
): Step {
  const { rows, output, kernel, bias } = operands;
  const [x = 0] = operands.inputs;
  const [shape = []] = operands.inputShapes;
  const xDims = operands.storeInts([1, (rows * sizeOf(shape)) / features, features]);
  const kernelDims = operands.storeInts([1, features, units]);
  const fused = FUSED_ACTIVATIONS[activation];
  const { _FusedMatMul: fusedMatMul } = kernels;
  return () => fusedMatMul(x, xDims, 3, kernel, kernelDims, 3, 0, 0, fused, bias, NONE, NONE, output);
}

/** A depthwise 1x1 convolution over a column of vectors: XNNPACK runs it as one multiply and add. */
function bindScale(activation: FusedActivation, kernels: KernelExports, operands: Operands): Step {
  const { rows, output, kernel, bias } = operands;
  const [x = 0] = operands.inputs;
  const [shape = []] = operands.inputShapes;
  const channels = shape.at(-1) ?? 1;
  const vectors = (rows * sizeOf(shape)) / channels;
  const fused = FUSED_ACTIVATIONS[activation];
  // prettier-ignore
  return () => kernels.FusedDepthwiseConv2D(
    x, 1, vectors, 1, kernel, 1, 1, bias, 0, 0, 0, 0, EXPLICIT_PADDING,
    1, 1, 1, 1, channels, channels, fused, NONE, NONE, output,
  );
}

function bindMaxPool(
  { window, strides, pads }: Pooling,
  outputShape: Shape,
  kernels: KernelExports,
  operands: Operands,
): Step {
  const { rows, output } = operands;
  const [x = 0] = operands.inputs;
  const [[height = 1, width = 1] = []] = operands.inputShapes;
  const channels = outputShape[2] ?? 1;
  const [top, right, bottom, left] = pads;
  const [windowHeight, windowWidth] = window;
  const [strideHeight, strideWidth] = strides;
  // prettier-ignore
  return () => kernels.MaxPool(
    x, rows, height, width, windowHeight, windowWidth, top, right, bottom, left,
    1, 1, strideHeight, strideWidth, channels, channels, output,
  );
}

function bindAveragePool(
  { window, strides, pads }: Pooling,
  outputShape: Shape,
  kernels: KernelExports,
  operands: Operands,
): Step {
  const { rows, output } = operands;
  const [x = 0] = operands.inputs;
  const [[height = 1, width = 1] = []] = operands.inputShapes;
  const channels = outputShape[2] ?? 1;
  const [top, right, bottom, left] = pads;
  const [windowHeight, windowWidth] = window;
  const [strideHeight, strideWidth] = strides;
  // prettier-ignore
  return () => kernels.AvgPool(
    x, rows, height, width, windowHeight, windowWidth, top, right, bottom, left,
    strideHeight, strideWidth, channels, output,
  );
}

/** Equal shapes run as one long vector. */
function bindBinary(run: KernelExports['Add'], operands: Operands): Step {
  const { rows, output, storeInts } = operands;
  const [x = 0, y = 0] = operands.inputs;
  const [a = [], b = []] = operands.inputShapes;
  if (sameShape(a, b)) {
    const dims = storeInts([rows * sizeOf(a)]);
    return () => run(x, dims, 1, y, dims, 1, FLOAT32, output);
  }
  const rank = a.length + 1;
  const aDims = storeInts([rows, ...a]);
  const bDims = storeInts([rows, ...b]);
  return () => run(x, aDims, rank, y, bDims, rank, FLOAT32, output);
}

/** The binary has no such kernel: copies runs of numbers inside the heap. */
function bindConcat(axis: number, outputShape: Shape, memory: WebAssembly.Memory, operands: Operands): Step {
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
