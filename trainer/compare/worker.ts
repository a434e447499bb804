/**
 * A thread that trains splits, one after the other, as it is asked to: a seed comes, both scores go back.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createRuntime } from '../../shared/model/runtime.ts';
import { loadKernelModule } from '../../shared/model/kernels/kernels-node.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import { RunFailure } from '../pipeline/context.ts';
import type { SplitAnswer } from './pool.ts';
import { type SplitTask, trainSplit } from './split-bench.ts';

const task = workerData as SplitTask;
const machine = {
  kernels: await loadKernelModule(),
  runtime: createRuntime(await loadWasmModule()),
};

async function answer(seed: number): Promise<SplitAnswer> {
  try {
    return { score: await trainSplit(task, seed, machine) };
  } catch (error) {
    if (error instanceof RunFailure) return { failure: error.message };
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (seed: number) => {
  void answer(seed).then((message) => parentPort?.postMessage(message));
});
