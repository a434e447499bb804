/**
 * How the weights of a node stand in memory for our own kernels.
 */
import {
  type InferenceKernels,
  MAX_SPARSE_DEPTH,
  packedDenseSize,
  packedDepthwiseSize,
  packedSparseSize,
} from '../kernels/inference.ts';
import type { Convolution } from '../plan/ops.ts';
import type { PlanNode, WeightRef } from '../plan/plan.ts';
import { sizeOf } from '../plan/tensor.ts';

export interface Packing {
  readonly floats: number;
  /** Addresses; 0 for a bias that is not there. The originals are not needed afterwards. */
  pack(kernels: InferenceKernels, kernel: number, bias: number, packed: number): void;
}

/** Below these, looking for zeros costs more than skipping them saves. */
const MIN_SPARSE_DEPTH = 32;
const MIN_SPARSE_COLUMNS = 24;

/**
 * Whether a node is a matrix product that skips what is 0 of its input.
 *
 * @param rectified  the input comes out of relu or relu6, so that much of it is 0
 */
export function skipsZeros(node: PlanNode, rectified: boolean): boolean {
  if (!rectified || (node.op !== 'dense' && !(node.op === 'conv2d' && isPointwise(node)))) return false;
  const [depth = 1, columns = 1] = node.kernel.shape.slice(-2);
  return depth >= MIN_SPARSE_DEPTH && depth <= MAX_SPARSE_DEPTH && columns >= MIN_SPARSE_COLUMNS;
}

/** A dense layer over the pixels. */
export function isPointwise({ kernel, strides, pads }: Convolution<WeightRef>): boolean {
  const [height = 1, width = 1] = kernel.shape;
  return height * width * strides[0] * strides[1] === 1 && pads.every((pad) => pad === 0);
}

/**
 * @param sparse  the node skips zeros
 * @returns undefined for a node without weights, and for one whose weights a stock kernel packs
 */
export function packingOf(node: PlanNode, sparse = false): Packing | undefined {
  if (node.op === 'dense' || node.op === 'conv2d') {
    const columns = node.kernel.shape.at(-1) ?? 1;
    const depth = sizeOf(node.kernel.shape) / columns;
    return sparse ? sparseColumns(depth, columns) : denseColumns(depth, columns);
  }
  if (node.op === 'depthwiseConv2d') {
    const [height = 1, width = 1, channels = 1, multiplier = 1] = node.kernel.shape;
    return multiplier === 1 ? depthwiseTaps(height * width, channels) : undefined;
  }
  if (node.op === 'scale') return depthwiseTaps(1, node.kernel.shape[0] ?? 1);
  return undefined;
}

function denseColumns(depth: number, columns: number): Packing {
  return {
    floats: packedDenseSize(depth, columns),
    pack: (kernels, kernel, bias, packed) => kernels.pack_dense(kernel, bias, packed, depth, columns),
  };
}

function sparseColumns(depth: number, columns: number): Packing {
  return {
    floats: packedSparseSize(depth, columns),
    pack: (kernels, kernel, bias, packed) => kernels.pack_sparse(kernel, bias, packed, depth, columns),
  };
}

function depthwiseTaps(taps: number, channels: number): Packing {
  return {
    floats: packedDepthwiseSize(taps, channels),
    pack: (kernels, kernel, bias, packed) => kernels.pack_depthwise(kernel, bias, packed, taps, channels),
  };
}
