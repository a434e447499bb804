/**
 * A thread that extracts features: a batch comes, its features go back.
 */
import { workerData } from 'node:worker_threads';
import { loadKernelModule } from '../kernels/kernels-node.ts';
import { createRuntime } from '../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../shared/model/run/wasm-node.ts';
import { loadExtractor, openBatch, type LoadedExtractor } from '../pipeline/features/feature-extractor.ts';
import { serveTasks } from './serve-tasks.ts';
import type { ExampleBatch, ExtractedFeatures, ExtractionTask } from '../run/feature-backend.ts';

const task = workerData as ExtractionTask;
const engine = { runtime: createRuntime(await loadWasmModule()), kernels: await loadKernelModule() };
let loaded: LoadedExtractor | undefined;

serveTasks(
  async (batch: ExampleBatch): Promise<ExtractedFeatures> => {
    const startMs = performance.now();
    const rows = await openBatch(task.input, batch);
    // Here, and not when the thread starts: a base that can't be loaded is an answer.
    loaded ??= loadExtractor(task, engine);
    const features = loaded.extract(rows);
    return { features, computeMs: performance.now() - startMs };
  },
  ({ features }) => [features.buffer],
);
