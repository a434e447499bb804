/**
 * What the pipeline's steps are given in Node: compiled binaries, an executor, a clock, and threads.
 */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadKernelModule } from '../kernels/kernels-node.ts';
import { shareMemory } from '../kernels/workspace.ts';
import { createRuntime } from '../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../shared/model/run/wasm-node.ts';
import type { Progress } from '../../shared/registry/jobs/jobs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { threadedSplitBackend } from './split-threads.ts';
import type { Stopwatch, Host } from '../run/context.ts';
import { threadedFeatureBackend } from './feature-threads.ts';

/** Each holds a base of its own (26 MB of a MobileNetV2) and an isolate around it: more only where somebody asks. */
const MOST_THREADS = 8;

/** One a core, within reason. */
export function defaultThreads(): number {
  return Math.min(availableParallelism(), MOST_THREADS);
}

export interface NodeOptions {
  readonly store: ObjectStore;
  /** default: one a core, at most eight */
  readonly threads?: number;
  /** default: 20 */
  readonly stepCpuSeconds?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Compiles the binaries once for a process.
 *
 * @param threads         for features and splits; one a core by default
 * @param stepCpuSeconds  how long a step of a training may compute before it is left and taken up
 */
export async function createNodeHost({
  store,
  threads = defaultThreads(),
  stepCpuSeconds,
  onProgress = () => {},
}: NodeOptions): Promise<Host> {
  const wasm = await loadWasmModule();
  const kernels = await loadKernelModule();
  const runtime = createRuntime(wasm);
  // What one step leaves free the next one has, whether it answers or trains.
  shareMemory(kernels, runtime.shared);
  return {
    store,
    wasm,
    kernels,
    runtime,
    now: () => new Date(),
    stopwatch,
    tickMs: TICK_MS,
    yieldControl: createCollector(),
    onProgress,
    splitBackend: threadedSplitBackend(threads),
    ...(stepCpuSeconds === undefined ? {} : { stepCpuSeconds }),
    // One thread is this one.
    ...(threads > 1 ? { featureBackend: threadedFeatureBackend(threads) } : {}),
  };
}

/** Node's clock counts nanoseconds; a timing should still be long beside a call. */
const TICK_MS = 1 / 8;

const stopwatch: Stopwatch = async (work) => {
  const start = performance.now();
  work();
  return performance.now() - start;
};

/** At most every two seconds: to look through the small heap of a job takes a thirtieth of that. */
const COLLECT_EVERY_MS = 2_000;

/** As V8 has it, beyond what the types know: a full collection that also gives back what the heap had grown to. */
type Collect = (how: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/**
 * Collects garbage where a long step takes a breath. What a training reads and writes is array buffers, outside of the
 * heap by whose size V8 decides when to collect; and a young generation that one step had grown to 120 MB stays so for
 * all others. Left alone, a night of 40,000 examples held 560 MB, of which 170 were in use.
 */
function createCollector(): () => Promise<void> {
  // The one way to the collector without a flag on the command line.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  let lastMs = performance.now();
  return async () => {
    const nowMs = performance.now();
    if (nowMs - lastMs < COLLECT_EVERY_MS) return;
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    lastMs = performance.now();
  };
}
