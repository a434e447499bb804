/**
 * How the weights of a node stand in memory for our own kernels.
 */
import { type InferenceKernels, packedDenseSize, packedDepthwiseSize } from './kernels/inference.ts';
import type { PlanNode } from './plan.ts';
import { sizeOf } from './tensor.ts';

export interface Packing {
  readonly floats: number;
  /** Addresses; 0 for a bias that is not there. The originals are not needed afterwards. */
  pack(kernels: InferenceKernels, kernel: number, bias: number, packed: number): void;
}

/** @returns undefined for a node without weights, and for one whose weights a stock kernel packs */
export function packingOf(node: PlanNode): Packing | undefined {
  if (node.op === 'dense' || node.op === 'conv2d') {
    const columns = node.kernel.shape.at(-1) ?? 1;
    return denseColumns(sizeOf(node.kernel.shape) / columns, columns);
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

function depthwiseTaps(taps: number, channels: number): Packing {
  return {
    floats: packedDepthwiseSize(taps, channels),
    pack: (kernels, kernel, bias, packed) => kernels.pack_depthwise(kernel, bias, packed, taps, channels),
  };
}
