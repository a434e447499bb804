/**
 * The executor: runs edge plans on the exports of TensorFlow.js's WASM binary. No tensor objects, no glue.
 *
 * One runtime holds one heap and any number of loaded programs.
 */
import type { Result } from '../result.ts';
import type { ModelError } from './error.ts';
import { createHeap } from './heap.ts';
import type { Plan } from './plan.ts';
import { loadProgram, type Program } from './program.ts';
import { instantiateWasm } from './wasm-instance.ts';

export type { Program } from './program.ts';

export interface Runtime {
  /**
   * Loads a plan with its weights file. An error (`invalid`, `out-of-memory`) leaves the runtime usable and
   * everything taken is free again.
   */
  load(plan: Plan, weights: Uint8Array): Result<Program, ModelError>;
  memory(): RuntimeMemory;
}

export interface RuntimeMemory {
  /** What the WASM heap takes; it grows and never shrinks. */
  readonly heapBytes: number;
  /** Registered tensors of all loaded programs. */
  readonly tensors: number;
}

export interface RuntimeOptions {
  /** The heap stops growing here, and loading fails. Default: 1 GiB, half of what the binary can address. */
  readonly maxHeapBytes?: number;
}

/**
 * @param module  `@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm`, compiled (wasm-node.ts, wasm-worker.ts)
 */
export function createRuntime(
  module: WebAssembly.Module,
  { maxHeapBytes = 2 ** 30 }: RuntimeOptions = {},
): Runtime {
  const wasm = instantiateWasm(module, maxHeapBytes);
  const heap = createHeap(wasm.exports, maxHeapBytes);
  return {
    load: (plan, weights) => loadProgram(plan, weights, wasm, heap),
    memory: () => ({ heapBytes: wasm.exports.memory.buffer.byteLength, tensors: heap.tensors() }),
  };
}
