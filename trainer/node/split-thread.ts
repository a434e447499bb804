/**
 * A thread that trains splits, one after the other, as it is asked to: a seed comes, both scores go back.
 */
import { workerData } from 'node:worker_threads';
import { createRuntime } from '../../shared/model/run/runtime.ts';
import { loadKernelModule } from '../kernels/kernels-node.ts';
import { loadWasmModule } from '../../shared/model/run/wasm-node.ts';
import { serveTasks } from './serve-tasks.ts';
import { trainSplit } from '../recipes/split-trainer.ts';
import type { SplitTask } from '../run/split-backend.ts';

const task = workerData as SplitTask;
const wasm = await loadWasmModule();
const engine = { kernels: await loadKernelModule(), runtime: createRuntime(wasm), wasm };

serveTasks((seed: number) => trainSplit(task, seed, engine));
