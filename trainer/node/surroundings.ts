/**
 * What the pipeline's steps are given in Node: compiled binaries, an executor, a clock, and threads.
 */
import { availableParallelism } from 'node:os';
import { loadKernelModule } from '../../shared/model/kernels/kernels-node.ts';
import { createRuntime } from '../../shared/model/runtime.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import type { Progress } from '../../shared/registry/runs.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { workInThreads } from '../compare/pool.ts';
import type { Stopwatch, Surroundings } from '../pipeline/context.ts';
import { seeInThreads } from './feature-threads.ts';

/** Each holds a base of its own, 50 to 90 MB with an isolate around a MobileNet: more only where somebody asks. */
const MOST_THREADS = 8;

/** One a core, within reason. */
export function defaultThreads(): number {
  return Math.min(availableParallelism(), MOST_THREADS);
}

export interface NodeOptions {
  readonly store: ObjectStore;
  /** default: one a core, at most eight */
  readonly threads?: number;
  readonly onProgress?: (progress: Progress) => void;
}

export async function createSurroundings({
  store,
  threads = defaultThreads(),
  onProgress = () => {},
}: NodeOptions): Promise<Surroundings> {
  const wasm = await loadWasmModule();
  return {
    store,
    wasm,
    kernels: await loadKernelModule(),
    runtime: createRuntime(wasm),
    now: () => new Date(),
    stopwatch,
    onProgress,
    workshop: workInThreads(threads),
    // One thread is this one.
    ...(threads > 1 ? { featureWorkshop: seeInThreads(threads) } : {}),
  };
}

const stopwatch: Stopwatch = async (work) => {
  const start = performance.now();
  work();
  return performance.now() - start;
};
