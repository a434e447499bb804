/**
 * A thread in which a base looks at examples: a block comes, what the base sees in it goes back.
 */
import { workerData } from 'node:worker_threads';
import { loadKernelModule } from '../kernels/kernels-node.ts';
import { createRuntime } from '../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../shared/model/run/wasm-node.ts';
import {
  createSeer,
  type FeatureBlock,
  type FeatureTask,
  openBlock,
  type Seen,
  type Seer,
} from '../pipeline/features/feature-bench.ts';
import { serveTasks } from './serve-tasks.ts';

const task = workerData as FeatureTask;
const machine = { runtime: createRuntime(await loadWasmModule()), kernels: await loadKernelModule() };
let seer: Seer | undefined;

serveTasks(
  async (block: FeatureBlock): Promise<Seen> => {
    const startMs = performance.now();
    const rows = await openBlock(task.input, block);
    // Here, and not when the thread starts: a base that can't be loaded is an answer.
    seer ??= createSeer(task, machine);
    const features = seer.see(rows);
    return { features, computeMs: performance.now() - startMs };
  },
  ({ features }) => [features.buffer],
);
