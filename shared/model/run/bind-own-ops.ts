/**
 * Binds nodes to our own kernels (kernels/inference.ts): the ones that take most of a prediction's time.
 */
import { once } from '../../once.ts';
import { depthwiseZeros, type InferenceKernels, sparsePlaces } from '../kernels/inference.ts';
import { bindPanels } from '../kernels/panels.ts';
import type { Operands, BoundOp } from './operands.ts';
import type { Convolution, FusedActivation, Pair, Pads, Pooling } from '../plan/ops.ts';
import { isPointwise } from './packing.ts';
import type { PlanNode, WeightRef } from '../plan/plan.ts';
import { sizeOf, type Shape } from '../plan/tensor.ts';

type Range = readonly [low: number, high: number];

/** What an activation leaves of its input. */
export const RANGES: Record<FusedActivation, Range> = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
};

/** [rows, in] times [in, out]; leading axes count as rows. */
export function bindDense(
  [depth = 1, columns = 1]: Shape,
  activation: FusedActivation,
  kernels: InferenceKernels,
  { rows, inputShapes, inputAddresses, outputAddress, sparse, weights, panels, scratch }: Operands,
): BoundOp {
  const [x = 0] = inputAddresses;
  const vectors = (rows * sizeOf(inputShapes[0] ?? [])) / depth;
  const [low, high] = RANGES[activation];
  const { dense, dense_sparse: denseSparse } = kernels;
  if (!sparse) return () => dense(x, weights, outputAddress, vectors, depth, columns, low, high);
  const multiply = () => denseSparse(x, weights, outputAddress, vectors, depth, columns, low, high, scratch);
  // A single vector gains nothing, and the first prediction need not wait for panels.
  if (panels === undefined || vectors === 1) return multiply;
  const step = once(() => {
    const made = panels();
    if (made === undefined) return multiply;
    return bindPanels(kernels, made, x, weights, outputAddress, vectors, depth, columns, low, high, scratch);
  });
  return () => step()();
}

/** Of 1x1 it is a dense layer over the pixels; any other reads an image that was padded beforehand. */
export function bindConvolution(
  node: Convolution<WeightRef> & { readonly shape: Shape },
  kernels: InferenceKernels,
  operands: Operands,
): BoundOp {
  const { inputAddresses, outputAddress, weights, scratch } = operands;
  const [height = 1, width = 1, channels = 1] = operands.inputShapes[0] ?? [];
  const [x = 0] = inputAddresses;
  const [filterHeight = 1, filterWidth = 1, , columns = 1] = node.kernel.shape;
  const padded = paddedSize([height, width], node.pads);
  if (isPointwise(node)) return bindDense([channels, columns], node.activation, kernels, operands);

  const [low, high] = RANGES[node.activation];
  const inner = padded ?? [height, width];
  const geometry = operands.storeInts(
    geometryOf({ ...node, window: [filterHeight, filterWidth], pads: [0, 0, 0, 0] }, operands, inner),
  );
  const { convolution } = kernels;
  if (padded === undefined) return () => convolution(geometry, x, weights, outputAddress, low, high);
  const pad = bindPad(node.pads, padded, kernels, { ...operands, outputAddress: scratch });
  return () => {
    pad();
    convolution(geometry, scratch, weights, outputAddress, low, high);
  };
}

/** Images [rows, height, width, channels] with a border of zeros, to the output's height and width. */
export function bindPad(
  [top, , , left]: Pads,
  [outHeight = 1, outWidth = 1]: Shape,
  { pad_images: padImages }: InferenceKernels,
  { rows, inputShapes, inputAddresses, outputAddress }: Operands,
): BoundOp {
  const [x = 0] = inputAddresses;
  const [height = 1, width = 1, channels = 1] = inputShapes[0] ?? [];
  return () => padImages(x, outputAddress, rows, height, width, channels, outHeight, outWidth, top, left);
}

/** Floats of scratch that a node takes for so many examples. */
export function scratchSize(
  node: PlanNode,
  [height = 1, width = 1, channels = 1]: Shape,
  sparse: boolean,
  rows: number,
): number {
  if ('kernel' in node && sparse) return sparsePlaces(node.kernel.shape.at(-2) ?? 1);
  if (node.op === 'depthwiseConv2d') return depthwiseZeros(channels);
  const padded = node.op === 'conv2d' ? paddedSize([height, width], node.pads) : undefined;
  return padded === undefined ? 0 : rows * sizeOf(padded) * channels;
}

function paddedSize([height, width]: Pair, [top, right, bottom, left]: Pads): Pair | undefined {
  if (top + right + bottom + left === 0) return undefined;
  return [height + top + bottom, width + left + right];
}

/** With one output per channel. */
export function bindDepthwise(
  node: Convolution<WeightRef> & { readonly shape: Shape },
  { depthwise }: InferenceKernels,
  operands: Operands,
): BoundOp {
  const { inputAddresses, outputAddress, weights, scratch, storeInts } = operands;
  const [x = 0] = inputAddresses;
  const [filterHeight = 1, filterWidth = 1] = node.kernel.shape;
  const geometry = storeInts(geometryOf({ ...node, window: [filterHeight, filterWidth] }, operands));
  const [low, high] = RANGES[node.activation];
  return () => depthwise(geometry, x, weights, outputAddress, low, high, scratch);
}

/**
 * Maximum or average of each window of an image, channel by channel; a window's part outside of the image does not
 * count.
 */
export function bindPool(
  node: Pooling & { readonly shape: Shape },
  run: InferenceKernels['max_pool'],
  operands: Operands,
): BoundOp {
  const { inputAddresses, outputAddress, storeInts } = operands;
  const [x = 0] = inputAddresses;
  const geometry = storeInts(geometryOf({ ...node, dilations: [1, 1] }, operands));
  return () => run(geometry, x, outputAddress);
}

/** Times a factor a channel plus a shift a channel, then the activation; channels are the last axis. */
export function bindScale(
  activation: FusedActivation,
  { scale }: InferenceKernels,
  { rows, inputShapes, inputAddresses, outputAddress, weights }: Operands,
): BoundOp {
  const [shape = []] = inputShapes;
  const [x = 0] = inputAddresses;
  const channels = shape.at(-1) ?? 1;
  const vectors = (rows * sizeOf(shape)) / channels;
  const [low, high] = RANGES[activation];
  return () => scale(x, weights, outputAddress, vectors, channels, low, high);
}

interface Sliding extends Pooling {
  readonly dilations: Pair;
  /** Of the output. */
  readonly shape: Shape;
}

/** In the order of `geometry` in source/geometry.h. */
function geometryOf(
  { window, strides, dilations, pads, shape }: Sliding,
  { rows, inputShapes }: Operands,
  [height, width]: Shape = inputShapes[0] ?? [],
): number[] {
  const channels = inputShapes[0]?.[2] ?? 1;
  const [top, , , left] = pads;
  return [rows, height ?? 1, width ?? 1, channels, ...shape, ...window, ...strides, ...dilations, top, left];
}
