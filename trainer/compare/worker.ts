/**
 * A thread that trains splits, one after the other, as it is asked to.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createRuntime } from '../../shared/model/runtime.ts';
import { loadKernelModule } from '../../shared/model/kernels/kernels-node.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import type { Bench, SplitAnswer, SplitRequest } from './pool.ts';
import { trainRecipe } from './train-recipe.ts';

const { subjects, recipes, testShare } = workerData as Bench;
const wasm = await loadWasmModule();
const machine = { kernels: await loadKernelModule(), runtime: createRuntime(wasm), wasm };

async function trainSplit({ split, seed }: SplitRequest): Promise<SplitAnswer> {
  try {
    const first = await trainRecipe(subjects[0], recipes[0], { seed, testShare }, machine);
    const second = await trainRecipe(subjects[1], recipes[1], { seed, testShare }, machine);
    return { split, score: [first, second] };
  } catch (error) {
    return { split, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: SplitRequest) => {
  void trainSplit(request).then((answer) => parentPort?.postMessage(answer));
});
