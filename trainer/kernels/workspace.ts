/**
 * Memory with the kernels on it, laid out anew by each borrower.
 *
 * A WebAssembly.Memory never shrinks, and when an unreachable one is collected is up to the engine: in a Worker ten
 * trainings could fill the isolate. So workspaces are kept and lent out again; or, better, laid out in a memory that is
 * there for other things too and has room while those are not (`shareMemory`).
 */
import type { SharedMemory } from '../../shared/model/run/shared-memory.ts';
import { instantiateTrainingKernels, type TrainingKernels, STACK_BYTES } from './training-kernels.ts';

export interface Workspace {
  readonly kernels: TrainingKernels;
  /**
   * Room for so many floats or integers, and a vector more.
   *
   * @returns its address, aligned to a cache line
   * @throws WorkspaceFull where a shared memory has no such room; the workspace is released then
   */
  allocate(count: number): number;
  /**
   * Views of what was allocated. They end when the memory grows, which the next `allocate` may cause, and whoever shares
   * it: take them where they are used, not across a wait.
   */
  floats(address: number, count: number): Float32Array;
  doubles(address: number, count: number): Float64Array;
  bytes(address: number, count: number): Uint8Array;
  /** Ends all views and lends the memory to the next borrower. */
  release(): void;
}

export class WorkspaceFull extends Error {
  override readonly name = 'WorkspaceFull';
  /** Whether there would be none in an empty memory either. */
  readonly always: boolean;

  constructor(bytes: number, maxBytes: number) {
    super(`the training needs ${bytes} bytes, of WASM memory of at most ${maxBytes}`);
    this.always = bytes > maxBytes;
  }
}

const PAGE_BYTES = 65_536;
const LINE_BYTES = 64;
/** Kernels read and write whole vectors, up to three floats past an end. */
const SLACK_BYTES = 16;
const FLOAT_BYTES = 4;

/** A memory with an instance of the kernels, and how room in it is taken. */
interface KernelInstance {
  readonly memory: WebAssembly.Memory;
  readonly kernels: TrainingKernels;
}

interface SharedInstance extends KernelInstance {
  readonly shared: SharedMemory;
}

/** What nobody uses at the moment, by the module it was made from. */
const idle = new WeakMap<WebAssembly.Module, KernelInstance[]>();
/** Where workspaces of a module are laid out instead. */
const sharedInstances = new WeakMap<WebAssembly.Module, SharedInstance>();

/** From now on workspaces of this module are laid out in a memory that is there already. @param module  as compiled */
export function shareMemory(module: WebAssembly.Module, shared: SharedMemory): void {
  const stack = shared.malloc(STACK_BYTES + LINE_BYTES);
  if (stack === 0) throw new WorkspaceFull(STACK_BYTES, shared.maxBytes);
  const kernels = instantiateTrainingKernels(module, shared.memory, toLine(stack) + STACK_BYTES);
  sharedInstances.set(module, { memory: shared.memory, kernels, shared });
}

/** @param module  `kernels.wasm`, compiled */
export function borrowWorkspace(module: WebAssembly.Module): Workspace {
  const sharedInstance = sharedInstances.get(module);
  return sharedInstance === undefined ? borrowIdle(module) : takeRoom(sharedInstance);
}

/** Bytes of all idle workspaces of a module: what a test of growth watches. */
export function idleBytes(module: WebAssembly.Module): number {
  return (idle.get(module) ?? []).reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0);
}

/**
 * Lays out many things in one stretch of a workspace.
 *
 * @param layOut  called twice, with the same numbers both times: to count and to place
 */
export function allocateTogether<T>(workspace: Workspace, layOut: (allocate: Workspace['allocate']) => T): T {
  const counted = bump(0);
  layOut(counted.allocate);
  return layOut(bump(workspace.allocate(counted.top() / FLOAT_BYTES)).allocate);
}

function bump(start: number): { readonly allocate: Workspace['allocate']; readonly top: () => number } {
  let top = start;
  return {
    allocate: (count) => {
      const address = top;
      top = toLine(address + count * FLOAT_BYTES + SLACK_BYTES);
      return address;
    },
    top: () => top,
  };
}

function borrowIdle(module: WebAssembly.Module): Workspace {
  const instances = idle.get(module) ?? [];
  idle.set(module, instances);
  const instance = instances.pop() ?? createInstance(module);
  const { memory } = instance;
  const { allocate, top } = bump(STACK_BYTES);
  let lent = true;
  return {
    ...viewsOf(instance),
    allocate: (count) => {
      const address = allocate(count);
      const missing = top() - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
      return address;
    },
    release: () => {
      if (lent) instances.push(instance);
      lent = false;
    },
  };
}

function takeRoom(instance: SharedInstance): Workspace {
  const { malloc, free, maxBytes } = instance.shared;
  const taken: number[] = [];
  const release = (): void => {
    for (const address of taken) free(address);
    taken.length = 0;
  };
  return {
    ...viewsOf(instance),
    allocate: (count) => {
      const bytes = count * FLOAT_BYTES + SLACK_BYTES + LINE_BYTES;
      const address = bytes > maxBytes ? 0 : malloc(bytes);
      if (address === 0) {
        release();
        throw new WorkspaceFull(bytes, maxBytes);
      }
      taken.push(address);
      return toLine(address);
    },
    release,
  };
}

function viewsOf({
  memory,
  kernels,
}: KernelInstance): Pick<Workspace, 'kernels' | 'floats' | 'doubles' | 'bytes'> {
  return {
    kernels,
    floats: (address, count) => new Float32Array(memory.buffer, address, count),
    doubles: (address, count) => new Float64Array(memory.buffer, address, count),
    bytes: (address, count) => new Uint8Array(memory.buffer, address, count),
  };
}

function toLine(address: number): number {
  return Math.ceil(address / LINE_BYTES) * LINE_BYTES;
}

function createInstance(module: WebAssembly.Module): KernelInstance {
  const memory = new WebAssembly.Memory({ initial: STACK_BYTES / PAGE_BYTES });
  return { memory, kernels: instantiateTrainingKernels(module, memory, STACK_BYTES) };
}
