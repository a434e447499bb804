/**
 * A memory of its own with the kernels on it, laid out anew by each borrower.
 *
 * A WebAssembly.Memory never shrinks, and when an unreachable one is collected is up to the engine: in a Worker ten
 * trainings could fill the isolate. So workspaces are kept and lent out again.
 */
import { instantiateKernels, type KernelExports, STACK_BYTES } from './kernels.ts';

export interface Workspace {
  readonly kernels: KernelExports;
  /** Room for so many floats or integers, and a vector more. @returns its address, aligned to a cache line */
  allocate(count: number): number;
  /** Views of what was allocated; the next `allocate` may end them, so take them after the last. */
  floats(address: number, count: number): Float32Array;
  integers(address: number, count: number): Int32Array;
  bytes(address: number, count: number): Uint8Array;
  /** Ends all views and lends the memory to the next borrower. */
  release(): void;
}

const PAGE_BYTES = 65_536;
const LINE_BYTES = 64;
/** Kernels read and write whole vectors, up to three floats past an end. */
const SLACK_BYTES = 16;
const FLOAT_BYTES = 4;

/** What nobody uses at the moment, by the module it was made from. */
const idle = new WeakMap<WebAssembly.Module, Bench[]>();

interface Bench {
  readonly memory: WebAssembly.Memory;
  readonly kernels: KernelExports;
}

/** @param module  `kernels.wasm`, compiled */
export function borrowWorkspace(module: WebAssembly.Module): Workspace {
  const benches = idle.get(module) ?? [];
  idle.set(module, benches);
  const bench = benches.pop() ?? createBench(module);
  const { memory, kernels } = bench;
  let top = STACK_BYTES;
  let lent = true;
  return {
    kernels,
    allocate: (count) => {
      const address = top;
      top = Math.ceil((address + count * FLOAT_BYTES + SLACK_BYTES) / LINE_BYTES) * LINE_BYTES;
      const missing = top - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
      return address;
    },
    floats: (address, count) => new Float32Array(memory.buffer, address, count),
    integers: (address, count) => new Int32Array(memory.buffer, address, count),
    bytes: (address, count) => new Uint8Array(memory.buffer, address, count),
    release: () => {
      if (lent) benches.push(bench);
      lent = false;
    },
  };
}

/** Bytes of all idle workspaces of a module: what a test of growth watches. */
export function idleBytes(module: WebAssembly.Module): number {
  return (idle.get(module) ?? []).reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0);
}

function createBench(module: WebAssembly.Module): Bench {
  const memory = new WebAssembly.Memory({ initial: STACK_BYTES / PAGE_BYTES });
  return { memory, kernels: instantiateKernels(module, memory, STACK_BYTES) };
}
