/**
 * What binding a node to a kernel takes and gives.
 */
import type { InferenceKernels } from '../kernels/inference.ts';
import type { PanelKernels, Panels } from '../kernels/panels.ts';
import type { Shape } from '../plan/tensor.ts';
import type { TfjsKernels } from './wasm-instance.ts';

/** Runs a node once. */
export type BoundOp = () => void;

/** All binaries' kernels, on one memory. */
export interface KernelLibrary {
  readonly stock: TfjsKernels;
  readonly own: InferenceKernels;
  /** Where they are faster; started when first asked for. */
  readonly panels?: (() => PanelKernels) | undefined;
}

/** Where a node finds its operands. */
export interface Operands {
  /** Examples that run at once. */
  readonly rows: number;
  readonly inputShapes: readonly Shape[];
  /** The node skips what is 0 of its input (packing.ts). */
  readonly sparse: boolean;
  /** Heap addresses. */
  readonly inputAddresses: readonly number[];
  readonly outputAddress: number;
  /** The node's weights as packing.ts packs them; 0 where there are none. */
  readonly weights: number;
  /** The same once more as objects, where that is faster; made when first asked for, if there is room. */
  readonly panels: (() => Panels | undefined) | undefined;
  /** Room for what scratchSize asks, for as long as the node runs. */
  readonly scratch: number;
  /** Stores a shape in the heap for as long as the program lives, and returns its address. */
  readonly storeInts: (values: readonly number[]) => number;
  /** The same operands as stock's kernels name them. */
  readonly register: () => Registered;
}

/** Registered tensor ids; 0 for a weight that is not there. */
export interface Registered {
  readonly inputs: readonly number[];
  readonly output: number;
  readonly kernel: number;
  readonly bias: number;
}
