/**
 * The executor: runs edge plans on TensorFlow.js's WASM binary and our own kernels, which work on its memory. No tensor
 * objects, no glue.
 *
 * One runtime holds one heap and any number of loaded programs.
 */
import { once } from '../../once.ts';
import type { Result } from '../../result.ts';
import type { ModelError } from '../plan/error.ts';
import { createHeap } from './heap.ts';
import { instantiateInference } from '../kernels/inference.ts';
import { instantiatePanels } from '../kernels/panels.ts';
import type { Plan } from '../plan/plan.ts';
import { loadProgram, type Program } from './program.ts';
import type { SharedMemory } from './shared-memory.ts';
import { instantiateWasm } from './wasm-instance.ts';
import type { WasmModules } from './wasm-modules.ts';

export interface Runtime {
  /**
   * Loads a plan with its weights file. An error (`invalid`, `out-of-memory`) leaves the runtime usable and
   * everything taken is free again.
   */
  load(plan: Plan, weights: Uint8Array): Result<Program, ModelError>;
  memory(): RuntimeMemory;
  /** What the WASM heap took before the first program. */
  readonly emptyBytes: number;
  /** The heap itself, for who computes something else while there is room. */
  readonly shared: SharedMemory;
}

export interface RuntimeMemory {
  /** What the WASM heap takes; it grows and never shrinks. */
  readonly heapBytes: number;
  /** Registered tensors of all loaded programs. */
  readonly tensors: number;
  /** What loaded programs keep outside of the heap: 4 MiB at most. */
  readonly outsideBytes: number;
}

export interface RuntimeOptions {
  /** The heap stops growing here, and loading fails. Default: 1 GiB, half of what the binary can address. */
  readonly maxHeapBytes?: number;
  /** Called when a program does not fit: disposes of another one, and says whether there was one. Default: there is none. */
  readonly makeRoom?: () => boolean;
}

/** What all programs may keep outside of the heap: a layer's weights once more, as objects. */
const MAX_OUTSIDE_BYTES = 4 * 2 ** 20;

/**
 * Starts the binaries on one memory. Throws where one of them can't be instantiated, which is a bug of the build.
 *
 * @param panel         the kernels for batches, which may be missing: they are fast, and not needed
 * @param maxHeapBytes  what weights and working memory may take together, 1 GiB by default
 * @param makeRoom      asked to dispose of something when a program does not fit; false when there is nothing left
 */
export function createRuntime(
  { tfjs, inference, panel }: WasmModules,
  { maxHeapBytes = 2 ** 30, makeRoom = () => false }: RuntimeOptions = {},
): Runtime {
  const wasm = instantiateWasm(tfjs, maxHeapBytes);
  const { memory, malloc, free } = wasm.exports;
  const ours = {
    own: instantiateInference(inference, memory),
    panels: panel && once(() => instantiatePanels(panel, memory)),
  };
  const heap = createHeap(wasm.exports, maxHeapBytes, makeRoom, MAX_OUTSIDE_BYTES);
  return {
    emptyBytes: memory.buffer.byteLength,
    load: (plan, weights) => loadProgram(plan, weights, wasm, ours, heap),
    memory: () => ({
      heapBytes: memory.buffer.byteLength,
      tensors: heap.tensors(),
      outsideBytes: heap.outsideBytes(),
    }),
    shared: { memory, malloc, free, maxBytes: maxHeapBytes },
  };
}
